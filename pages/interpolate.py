"""Interpolate: walk through latent space from one image to another, and over a grid between four."""

import streamlit as st

from pages.parts.cursor import open_cursor
from pages.parts.encoders import kept_drawing
from pages.parts.live import live_component
from pages.parts.selection import live_run

run = live_run()
cursor, revision = open_cursor(run.space)

st.title("Interpolate between two images")
st.markdown(
    "Every image has a code, and between two codes there is a way. The decoder draws an image at each point of it, so "
    "one image turns into the other. Mixing the pixels instead only lays one over the other. "
    "**Press Play, or choose two other images.**"
)
live_component("interpolate", run, cursor, revision, drawing=kept_drawing(run))
