"""Interpolate: walk through latent space from one image to another, and over a grid between four."""

import streamlit as st

from bvae.browser.glossary import explained
from bvae.browser.prose import INTERPOLATE
from pages.parts.cursor import Start, guests_of, open_cursor
from pages.parts.guests import kept_drawing
from pages.parts.live import live_component
from pages.parts.selection import live_run


def remembered_ends() -> list[Start]:
    """The test images among the ends and corners that the page remembers; whatever a browser sends can be altered."""
    ends = (st.session_state.get("interpolate_memory") or {}).get("ends")
    digits = (
        [end for end in ends if isinstance(end, dict) and end.get("kind") == "digit"] if isinstance(ends, list) else []
    )
    return [Start(kind="digit", index=end["index"]) for end in digits[:4] if isinstance(end.get("index"), int)]


run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(INTERPOLATE.heading))
st.markdown(explained(INTERPOLATE.lines()))
wanted = [cursor["start"], *remembered_ends()]
if drawing := kept_drawing():
    wanted.append(Start(kind="drawing", index=drawing["number"]))
live_component("interpolate", run, cursor, revision, guests=guests_of(run.space, wanted))
