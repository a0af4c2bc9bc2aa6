"""A person's own images, looked at before anything is trained on them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from bvae.browser.glossary import plain
from bvae.config import is_path
from bvae.images import ImageError, collect
from bvae.images.brought import brought_folder, keep
from bvae.pictures import mosaic
from bvae.runs import RunError
from pages.parts.cursor import done_by_hand
from pages.parts.live import mount_uploads
from pages.parts.rights import MAX_UPLOAD, check_may_bring, check_may_read, drop_upload, offer_upload

SHOWN, COLUMNS = 100, 20
MOST_COUNTED = 20  # classes whose number of images is told


def bring_images(take: Callable[[str], None]) -> None:
    """Offer to bring images from the browser's computer. They are kept in the cache folder, under their hash.

    Args:
        take: told the path of those that came, once.
    """
    with st.expander("Bring your own images"):
        try:
            check_may_read()
            check_may_bring(brought_folder())
        except (ImageError, RunError) as error:
            st.info(plain(str(error)))
            return
        if reason := offer_upload():
            st.warning(reason)
            return
        mount_uploads()
        files = st.file_uploader(
            "A zip file of pictures (a class by folder), .npz, .npy or .csv; IDX files all at once, labels among them",
            key=f"own_images_{st.session_state.get('own_turn', 0)}", accept_multiple_files=True,
            max_upload_size=MAX_UPLOAD, on_change=done_by_hand,
        )  # fmt: skip
        if not files:
            return
        come = [file.file_id for file in files]
        refused = st.session_state.get("own_refused", {})
        if refused.get("of") != come:
            try:
                with st.spinner("Reading the images …"):
                    path = keep([(file.name, file) for file in files], lambda path: _look(str(path), _stamp(str(path))))
            except ImageError as error:
                refused = st.session_state["own_refused"] = {"of": come, "why": str(error)}
            else:
                for file_id in come:
                    drop_upload(file_id)
                st.session_state["own_turn"] = st.session_state.get("own_turn", 0) + 1  # which empties it
                st.session_state["brought"] = st.session_state.get("brought", 0) + sum(file.size for file in files)
                take(str(path))
                st.rerun()
        st.error(plain(refused["why"]))


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
