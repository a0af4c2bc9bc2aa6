"""Disentangle: how far single dimensions stand for single factors, what the KL is spent on, and the scores."""

import streamlit as st

from bvae.browser.glossary import explained
from bvae.browser.prose import DISENTANGLE
from bvae.runs import Run
from pages.parts.compared import beside
from pages.parts.cursor import open_cursor
from pages.parts.live import live_component
from pages.parts.meaning import mount_figures, open_figures
from pages.parts.measuring import watch_measuring
from pages.parts.selection import live_run
from pages.parts.view import open_view

run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(DISENTANGLE.heading))
st.markdown(explained(DISENTANGLE.lines()))
watch_measuring(run)
figures = open_figures(run.path)
view = open_view("disentangle", ("by", "spent", "cell"))
live_component("disentangle", run, cursor, revision, shows=view, figures=figures.key, beside=beside(Run(run.path)))
mount_figures(figures)
