"""Interpolate: walk through latent space from one image to another, and over a grid between four."""

import re

import streamlit as st

from bvae.browser.glossary import explained
from bvae.browser.prose import INTERPOLATE
from pages.parts.cursor import (
    Start,
    asked_of_page,
    drawing_text,
    guests_of,
    open_cursor,
    say_in_address,
    short_decimal,
    take_drawing,
)  # fmt: skip
from pages.parts.guests import kept_drawing
from pages.parts.live import live_component
from pages.parts.selection import live_run
from pages.parts.view import View, open_view

ENDS = ("a", "b", "c", "d")
ADDRESS = (*ENDS, "slot", "method", "at", "seconds", "back", "cell", "shown")
DRAWN = ("drawn",)


def test_images(view: View) -> list[Start]:
    """The test images among the ends and corners; each stands before what was added to its code."""
    found = (short_decimal(view.texts.get(name, "").partition("z")[0]) for name in ENDS)
    return [Start(kind="digit", index=index) for index in found if index is not None]


def number_of_drawing(view: View) -> str | None:
    """Of the drawing that is an end or a corner, None where none is: another browser needs it with the address."""
    found = (re.match(r"drawing(\d+)", view.texts.get(name, ""), re.ASCII) for name in ENDS)
    return next((match[1] for match in found if match), None)


run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(INTERPOLATE.heading))
st.markdown(explained(INTERPOLATE.lines()))
view = open_view("interpolate", ADDRESS)
wanted = [cursor["start"], *test_images(view)]
if number := number_of_drawing(view):
    if asked := asked_of_page(DRAWN):
        take_drawing(number, asked.get("drawn", ""))
    text = None if cursor["start"]["kind"] == "drawing" else drawing_text(number)
    say_in_address(DRAWN, {"drawn": text} if text else {})
if drawing := kept_drawing():
    wanted.append(Start(kind="drawing", index=drawing["number"]))
live_component("interpolate", run, cursor, revision, guests=guests_of(run.space, wanted), shows=view)
