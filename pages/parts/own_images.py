"""A person's own images, looked at before anything is trained on them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from bvae.config import is_path
from bvae.images import ImageError, collect
from bvae.pictures import mosaic
from bvae.runs import RunError
from pages.parts.rights import check_may_read
from pages.parts.selection import plain

SHOWN, COLUMNS = 100, 20
MOST_COUNTED = 20  # classes whose number of images is told


def show_own_images(datasets: Iterable[str]) -> str | None:
    """Show some of the images that each path among data sets leads to, how many there are of each class, and what was
    done to them.

    Returns:
        Why nothing can be learned from one, or why this session may not read it, in a sentence; None where it can.
    """
    for path in filter(is_path, dict.fromkeys(datasets)):
        try:
            check_may_read()
            _show(_look(path, _stamp(path)))
        except (ImageError, RunError) as error:
            return str(error)
    return None


def _show(seen: _Seen) -> None:
    (count, height, width), counts = seen.shape, seen.counts
    st.markdown(f"**{count:,} images of {height} × {width} pixels.** {plain(' '.join(seen.notes))}")
    told = [f"{plain(name)}: {many:,}" for name, many in list(counts.items())[:MOST_COUNTED]]
    more = f" · and {len(counts) - MOST_COUNTED:,} more classes" if len(counts) > MOST_COUNTED else ""
    if len(counts) > 1:
        st.markdown(f":small[{' · '.join(told)}{more}]")
    st.image(seen.picture, width="stretch", alt=f"{min(SHOWN, count)} of the images, class by class.")


class _Seen(NamedTuple):
    """What is told of images, without them: they can be a gigabyte."""

    shape: tuple[int, ...]  # (N, H, W)
    counts: dict[str, int]
    notes: tuple[str, ...]
    picture: np.ndarray  # of some of them


@st.cache_resource(max_entries=8, show_spinner="Reading the images …")
def _look(path: str, stamp: list[tuple[str, int]]) -> _Seen:
    """Read the images; `stamp` tells that they were changed."""
    found = collect(path)
    picture = mosaic(found.images[found.preview(SHOWN)], COLUMNS)
    return _Seen(found.images.shape, found.counts(), found.notes, picture)


def _stamp(path: str) -> list[tuple[str, int]]:
    """When a file, or any of the folders in a folder, was changed."""
    place = Path(path).expanduser()
    folders = [folder for folder, _, _ in os.walk(place)] or [str(place)]
    stamp = []
    for folder in folders:
        with contextlib.suppress(OSError):
            stamp.append((folder, os.stat(folder).st_mtime_ns))
    return stamp
