"""Traverse: move through the latent space by hand and see what the decoder makes of it."""

import streamlit as st

from bvae.browser.glossary import explained
from bvae.browser.prose import TRAVERSE
from pages.parts.cursor import open_cursor
from pages.parts.live import live_component
from pages.parts.selection import live_run
from pages.parts.view import OF_TRAVERSE, open_view

run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(TRAVERSE.heading))
st.markdown(explained(TRAVERSE.lines()))
live_component("traverse", run, cursor, revision, rows=run.active, shows=open_view("traverse", OF_TRAVERSE))
