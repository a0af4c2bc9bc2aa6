"""A run's film, handed to the browser; see `bvae/browser/film.py`."""

from __future__ import annotations

import streamlit as st

from bvae.browser.bundle import bundle
from bvae.browser.film import LiveFilm, film_stamp, pack_film
from bvae.browser.live import LiveRun

_store = st.components.v2.component(
    "film_store",
    html='<div class="store-problem" role="alert"></div>\n<span hidden></span>',
    js=bundle("store/films.js"),
)


def open_film(run: LiveRun) -> LiveFilm:
    """Gather what the browser needs of a run's film, up to the last epoch that the browser has of the run.

    Raises:
        RunError: when no epoch can be read.
    """
    return _packed(run.key, film_stamp(run), run)


# cache_resource rather than cache_data: the latter would copy these megabytes at every rerun.
@st.cache_resource(max_entries=4, show_spinner="Reading the film …")
def _packed(run_key: str, stamp: str, _run: LiveRun) -> LiveFilm:
    """`run_key` and `stamp` tell what has changed."""
    return pack_film(_run, stamp)


def mount_film(film: LiveFilm, slot: str = "film_store") -> None:
    """Hand a film to the browser; of two at once, each in a slot of its own."""
    _store(key=slot, data=film.content, height="content")
