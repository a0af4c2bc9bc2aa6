"""Traverse: move through the latent space by hand and see what the decoder makes of it."""

import streamlit as st

from pages.parts.cursor import open_cursor
from pages.parts.glossary import explained
from pages.parts.live import live_component
from pages.parts.selection import live_run

run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained("Traverse the [latent space](#latent-space)"))
st.markdown(
    explained(
        "The [decoder](#decoder) draws each image from a short list of numbers, its [code](#code). Every slider below "
        "is one of those numbers, a [latent dimension](#latent-dimension), and the one at the top carries the most "
        "information about the image. **Drag the top slider and watch the image change.**"
    )
)
live_component("traverse", run, cursor, revision, rows=run.active)
