"""Generate: a hundred codes drawn at random, and what the decoder makes of them."""

import base64

import numpy as np
import streamlit as st

from bvae.browser.glossary import explained
from bvae.browser.prose import GENERATE
from pages.parts.cursor import open_cursor
from pages.parts.live import live_component
from pages.parts.selection import live_run
from pages.parts.view import open_view

COUNT = 100
MOST_SEED = 2**31 - 1
ADDRESS = ("seed", "temperature", "source")

run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(GENERATE.heading))
st.markdown(explained(GENERATE.lines()))

# The browser scales this noise; it is drawn here so that one line of NumPy repeats it anywhere.
view = open_view("generate", ADDRESS)
seed = view.whole("seed", MOST_SEED) or 0
generator = np.random.default_rng(seed)
noise = generator.standard_normal((COUNT, run.space.latent_dim)).astype("<f4")
images = len(run.space.indices)
around = generator.choice(images, COUNT, replace=images < COUNT)  # places in the gallery
live_component(
    "generate",
    run,
    cursor,
    revision,
    shows=view,
    seed=seed,
    noise=base64.b64encode(noise.tobytes()).decode(),
    around=around.tolist(),
)
