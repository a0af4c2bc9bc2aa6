"""What is known of a run's latent dimensions, handed to the browser; see `bvae/browser/meaning.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from bvae.browser.bundle import bundle
from bvae.browser.meaning import Summary, Told, pack_figures, pack_meaning, summarise
from bvae.runs import Run, RunError, name_dimension
from pages.parts.rights import check_may_change

_store = st.components.v2.component(
    "meaning_store",
    html='<div class="store-problem" role="alert"></div>\n<span hidden></span>',
    js=bundle("store/meanings.js"),
)


def open_meaning(path: Path) -> Told:
    """What a run's dimensions mean, as sliders need it; read once as long as the files stay as they are."""
    run = Run(path)
    return _meaning(str(path), run.identity(), repr(run.meaning_stamp()), run)


def open_figures(path: Path) -> Told:
    """What was measured of a run beyond that, likewise."""
    run = Run(path)
    return _figures(str(path), run.identity(), repr(run.meaning_stamp()), run)


def summary(path: Path) -> Summary | None:
    """What was measured of a run, in a line; None where nothing can be read."""
    meaning, figures = open_meaning(path), open_figures(path)
    return _summary(meaning.key, figures.key, meaning, figures)


def mount_meaning(meaning: Told, slot: str = "meaning_store") -> None:
    """Hand it to the browser; of several runs at once, each has a slot of its own."""
    if meaning.key:
        _store(key=slot, data=meaning.content, height="content")


def mount_figures(figures: Told) -> None:
    """Hand them to the browser."""
    if figures.key:
        _store(key="figures_store", data=figures.content, height="content")


def rename(path: Path, told: Any) -> None:
    """Keep what a person calls a dimension; whatever a browser sends can be altered.

    Args:
        told: `dimension`, its number, and `name`, which is empty to take back the name that was given.

    Raises:
        RunError: when this session may change nothing, or the name cannot be kept.
    """
    check_may_change()
    dimension, name = (told.get("dimension"), told.get("name")) if isinstance(told, dict) else (None, None)
    if type(dimension) is not int or not isinstance(name, str):
        raise RunError("The browser sent no name of a dimension. Reload the page, and name it again.")
    name_dimension(Run(path), dimension, name)


@st.cache_resource(max_entries=4, show_spinner=False)  # not cache_data, which would copy it at every rerun
def _meaning(path: str, identity: int, stamp: str, _run: Run) -> Told:
    """`identity` and `stamp` tell what has changed."""
    return pack_meaning(_run)


@st.cache_resource(max_entries=4, show_spinner=False)  # likewise
def _figures(path: str, identity: int, stamp: str, _run: Run) -> Told:
    return pack_figures(_run)


@st.cache_data(max_entries=16, show_spinner=False)
def _summary(meaning_key: str, figures_key: str, _meaning: Told, _figures: Told) -> Summary | None:
    """The keys tell what has changed."""
    return summarise(_meaning, _figures)
