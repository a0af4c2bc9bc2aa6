"""The page that plays a film without this program, as one file; the browser puts the film in when it is saved."""

from __future__ import annotations

import functools

import streamlit as st

from pages.parts.bundle import bundle
from pages.parts.live import ASSETS

_store = st.components.v2.component("player_script", html="<span hidden></span>\n", js=bundle("store/player.js"))


def mount_player() -> None:
    """Hand the file to the browser. It is the same at every rerun, so that it is sent once."""
    _store(key="player_script", data=[film_player()], height="content")


@functools.cache
def film_player() -> str:
    """The file, still without a film: markup, style and script in one; see `saveFilmPage` in assets/js/clusters."""
    markup = (ASSETS / "html" / "film-player.html").read_text(encoding="utf-8")
    style = "\n".join((ASSETS / "css" / name).read_text(encoding="utf-8") for name in ("terms.css", "film-player.css"))
    markup = markup.replace("<style></style>", f"<style>\n{style}</style>")
    return markup.replace(
        '<script type="module"></script>', f'<script type="module">\n{bundle("clusters/player.js")}</script>'
    )
