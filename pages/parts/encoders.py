"""What the Draw page needs in the browser beyond the decoders, handed to it; see `bvae/browser/encoders.py`."""

from __future__ import annotations

import streamlit as st

from bvae.browser.bundle import bundle
from bvae.browser.encoders import epochs_with_encoders, pack_encoders
from bvae.browser.live import LiveRun
from bvae.runs import Run

_store = st.components.v2.component(
    "encoder_store",
    html='<div class="store-problem" role="alert"></div>\n<span hidden></span>',
    js=bundle("store/encoders.js"),
)


def open_encoders(run: LiveRun, epoch: int) -> bytes:
    """The encoders as the browser gets them: all where they fit, so that the clock moves a drawing's code live.

    Raises:
        RunError: when none can be read.
    """
    return _packed(str(run.path), run.key, epochs_with_encoders(Run(run.path), run.space.epochs, epoch))


def mount_encoders(run: LiveRun, epoch: int) -> None:
    """Hand the encoders to the browser; see `open_encoders`."""
    _store(key="encoder_store", data=open_encoders(run, epoch), height="content")


@st.cache_resource(max_entries=4, show_spinner=False)  # not cache_data, which would copy these megabytes at every rerun
def _packed(path: str, key: str, epochs: tuple[int, ...]) -> bytes:
    """`key` tells an altered run."""
    return pack_encoders(Run(path), key, epochs)
