"""Which probe images the Reconstruct page shows, and what it needs of them. Imports torch only to rank them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from bvae.browser.bundle import bundle
from bvae.browser.chosen import Sheet, pack_sheet
from bvae.runs import Run

MEASURES = ("reconstruction", "KL", "reconstruction + KL")  # each in nats an image

_store = st.components.v2.component(
    "chosen_store",
    html='<div class="store-problem" role="alert"></div>\n<span hidden></span>',
    js=bundle("store/chosen.js"),
)


# `key` stands for what is in the run: a snapshot that is there does not change, and another run has another key.
@st.cache_data(max_entries=8, show_spinner=False)
def probe_classes(path: Path, key: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The class of every probe image and its position in the test split, (P,) each, and the names of the classes."""
    run = Run(path)
    probe = run.probe()
    return probe.labels, probe.indices, run.class_names


@st.cache_data(max_entries=32, show_spinner="Measuring all probe images at this epoch …")
def measured(path: Path, key: str, epoch: int) -> dict[str, np.ndarray]:
    """By the names of `MEASURES`, what every probe image costs at an epoch, in nats: (P,) each.

    Raises:
        RunError: when the snapshot cannot be read.
    """
    from bvae.metrics import per_image  # takes torch, and seconds, so only who ranks waits for it

    run = Run(path)
    found = per_image(run.model(epoch), run.probe().images)
    return dict(zip(MEASURES, (*found, found.reconstruction + found.kl), strict=True))


@st.cache_data(max_entries=32, show_spinner=False)
def sheet(path: Path, key: str, epochs: tuple[int, ...], chosen: tuple[int, ...]) -> Sheet:
    """As `pack_sheet`."""
    return pack_sheet(Run(path), key, epochs, chosen)


def mount_sheet(sheet: Sheet) -> None:
    """Hand chosen images to the browser. They are the same at every rerun until others are chosen, and sent once."""
    _store(key="chosen_store", data=sheet.content, height="content")
