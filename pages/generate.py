"""Generate: a hundred codes drawn at random, and what the decoder makes of them."""

import streamlit as st

from bvae.browser.glossary import explained
from bvae.browser.noise import MOST_SEED, noise_of
from bvae.browser.prose import GENERATE
from pages.parts.cursor import open_cursor
from pages.parts.live import live_component
from pages.parts.selection import live_run
from pages.parts.view import open_view

ADDRESS = ("seed", "temperature", "source")

run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(GENERATE.heading))
st.markdown(explained(GENERATE.lines()))

view = open_view("generate", ADDRESS)
seed = view.whole("seed", MOST_SEED) or 0
noise = noise_of(seed, run.space.latent_dim, len(run.space.indices))
live_component("generate", run, cursor, revision, shows=view, **noise)
