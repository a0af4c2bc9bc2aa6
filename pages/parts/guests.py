"""Which images beyond the gallery a session's cursor can set out from; see `bvae/browser/guests.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from bvae.browser.guests import Guest, check_drawing, encoded, probe_image
from bvae.runs import Run, RunError


def find_guest(path: Path, key: str, epochs: tuple[int, ...], kind: str, index: int) -> Guest | None:
    """A probe image of a run, or the drawing that the session keeps; None where there is no such image.

    Args:
        path, key: of the run's folder, and what tells an altered run.
        epochs: at which its codes are wanted.
    """
    try:
        if kind == "digit":
            return _probe_image(path, key, epochs, index)
        drawing = kept_drawing()
        if kind == "drawing" and drawing and drawing["number"] == index:
            return _encoded(path, key, epochs, ("drawing", index, -1), bytes(drawing["image"]))
    except (RunError, OSError):  # deleted or damaged at this moment, which the page says by other ways
        pass
    return None


def kept_drawing() -> dict[str, Any] | None:
    """The drawing that the session keeps from the Draw page, see `check_drawing`.

    Read from what the page remembers and not set by that page, which a quick click on another page would end too soon.
    """
    return check_drawing(st.session_state.get("draw_memory"))


# `key` stands for what is in the run: a snapshot that is there does not change, and another run has another key.
@st.cache_data(max_entries=64, show_spinner=False)
def _probe_image(path: Path, key: str, epochs: tuple[int, ...], index: int) -> Guest | None:
    return probe_image(Run(path), epochs, index)


def in_run(guest: Guest, path: Path, key: str, epochs: tuple[int, ...]) -> Guest | None:
    """The same image as another run has it; None where that takes images of another size, or cannot be read.

    Args:
        path, key: of the other run's folder, and what tells an altered run.
        epochs: at which its codes are wanted.
    """
    try:
        return _encoded(path, key, epochs, (guest.kind, guest.index, guest.label), guest.image.tobytes())
    except (RunError, OSError):
        return None


@st.cache_data(max_entries=32, show_spinner=False)
def _encoded(path: Path, key: str, epochs: tuple[int, ...], what: tuple[str, int, int], pixels: bytes) -> Guest | None:
    return encoded(Run(path), epochs, what, pixels)
