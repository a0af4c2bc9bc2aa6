"""Draw: write a digit by hand, see its code, what the decoder makes of it, and which images lie near."""

import streamlit as st

from bvae.runs import Run, RunError
from pages.parts.cursor import guests_of, open_cursor
from pages.parts.encoders import centred, mount_encoders
from pages.parts.glossary import explained
from pages.parts.live import live_component
from pages.parts.selection import live_run

run = live_run()
cursor, revision = open_cursor(run.space)

st.title("Draw")
st.markdown(
    explained(
        "Write with the mouse, a pen or a finger, or bring a picture. At every stroke, the [encoder](#encoder) turns "
        "what you write into a [code](#code), and the [decoder](#decoder) draws that code. **The digit you write "
        "becomes the [cursor](#cursor) of all pages.**"
    )
)
try:
    # It encodes the drawing by itself: Python need not at every stroke.
    guests = guests_of(run.space, [] if cursor["start"]["kind"] == "drawing" else [cursor["start"]])
    live_component("draw", run, cursor, revision, guests=guests, centred=centred(Run(run.path)))
    mount_encoders(run, cursor["epoch"])  # last: nothing waits for these megabytes
except (RunError, OSError) as error:
    st.error(str(error))
