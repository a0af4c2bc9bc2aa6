"""Generate: a hundred codes drawn at random, and what the decoder makes of them."""

import base64

import numpy as np
import streamlit as st

from pages.parts.cursor import open_cursor
from pages.parts.glossary import explained
from pages.parts.live import live_component
from pages.parts.selection import live_run

COUNT = 100
SEEDS = 2**31

run = live_run()
cursor, revision = open_cursor(run.space)

st.title("Generate new images")
st.markdown(
    explained(
        "A [decoder](#decoder) needs no image to begin with: any [code](#code) will do. Here are a hundred codes "
        "drawn at random, decoded. **Move the temperature, and press the image that you like best.**"
    )
)

# The browser scales this noise; it is drawn here so that one line of NumPy repeats it anywhere.
asked = (st.session_state.get("generate_memory") or {}).get("seed")
seed = asked if isinstance(asked, int) and 0 <= asked < SEEDS else 0
generator = np.random.default_rng(seed)
noise = generator.standard_normal((COUNT, run.space.latent_dim)).astype("<f4")
images = len(run.space.indices)
around = generator.choice(images, COUNT, replace=images < COUNT)  # places in the gallery
live_component(
    "generate",
    run,
    cursor,
    revision,
    seed=seed,
    noise=base64.b64encode(noise.tobytes()).decode(),
    around=around.tolist(),
)
