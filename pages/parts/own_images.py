"""A person's own images, looked at before anything is trained on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from bvae.images import Collection, ImageError, collect
from bvae.pictures import mosaic
from pages.parts.rights import check_may_read
from pages.parts.selection import plain

SHOWN, COLUMNS = 100, 20
MOST_COUNTED = 20  # classes whose number of images is told


def show_images(path: str) -> str | None:
    """Show some of the images that a path leads to, how many there are of each class, and what was done to them.

    Returns:
        Why nothing can be learned from them, in a sentence; None where it can.

    Raises:
        RunError: when this session may not read what is on this machine.
    """
    check_may_read()
    try:
        found, shown = _look(path, _stamp(path))
    except ImageError as error:
        return str(error)
    count, height, width = found.images.shape
    st.markdown(f"**{count:,} images of {height} × {width} pixels.** {plain(' '.join(found.notes))}")
    counts = found.counts()
    told = [f"{plain(name)}: {many:,}" for name, many in list(counts.items())[:MOST_COUNTED]]
    more = f" · and {len(counts) - MOST_COUNTED:,} more classes" if len(counts) > MOST_COUNTED else ""
    if len(counts) > 1:
        st.markdown(f":small[{' · '.join(told)}{more}]")
    st.image(shown, width="stretch", alt=f"{min(SHOWN, count)} of the images, class by class.")
    return None


@st.cache_resource(max_entries=2, show_spinner="Reading the images …")
def _look(path: str, stamp: tuple[float, int] | None) -> tuple[Collection, np.ndarray]:
    """The images, and a picture of some; `stamp` tells that they were changed."""
    found = collect(path)
    return found, mosaic(found.images[found.preview(SHOWN)], COLUMNS)


def _stamp(path: str) -> tuple[float, int] | None:
    try:
        status = Path(path).expanduser().stat()
    except OSError:
        return None
    return status.st_mtime, status.st_size
