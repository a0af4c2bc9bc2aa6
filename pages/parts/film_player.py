"""The page that plays a film without this program, handed to the browser, which saves it with a film in it."""

from __future__ import annotations

import streamlit as st

from bvae.browser.bundle import bundle
from bvae.browser.player import film_player

_store = st.components.v2.component("player_script", html="<span hidden></span>\n", js=bundle("store/player.js"))


def mount_player() -> None:
    """Hand the file to the browser. It is the same at every rerun, so that it is sent once."""
    _store(key="player_script", data=[film_player()], height="content")
