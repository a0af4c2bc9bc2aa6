"""Draw: write a digit by hand, see its code, what the decoder makes of it, and which images lie near."""

import streamlit as st

from bvae.browser.encoders import centred
from bvae.browser.glossary import explained
from bvae.browser.prose import DRAW
from bvae.runs import Run, RunError
from pages.parts.cursor import guests_of, open_cursor
from pages.parts.encoders import mount_encoders
from pages.parts.live import live_component
from pages.parts.selection import live_run
from pages.parts.view import open_view

run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(DRAW.heading))
st.markdown(explained(DRAW.lines()))
try:
    # It encodes the drawing by itself: Python need not at every stroke.
    guests = guests_of(run.space, [] if cursor["start"]["kind"] == "drawing" else [cursor["start"]])
    view = open_view("draw", ("ink", "strokes", "centre", "shown"))
    live_component("draw", run, cursor, revision, guests, view, centred=centred(Run(run.path)))
    mount_encoders(run, cursor["epoch"])  # last: nothing waits for these megabytes
except (RunError, OSError) as error:
    st.error(str(error))
