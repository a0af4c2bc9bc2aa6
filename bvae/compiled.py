"""The loops of `layout.py` that numba compiles. Imported only where a film is worked out, and never to show one.

numba keeps what it compiles, and so do umap-learn's modules through it: beside the code, or else in the user's cache
folder. Where neither can be written, as in a container whose file system is read-only, it fails. So this module, which
is imported before any of them, finds another place, or has nothing kept: then each process compiles anew.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.misc.appdirs import AppDirs

from bvae.processes import importing

NEGATIVE_SAMPLES = 5  # UMAP's default
# umap-learn visits an edge from either end and moves both points each time, one after the other. Here both move at
# once, where twice the pull would overshoot: with this much, trustworthiness is umap-learn's, and continuity at most
# 0.02 below.
PULL = 1.5
_FAR = 4.0  # the longest a single pull or push may be, as in umap-learn


# Where what is compiled is kept ------------------------------------------------------------------------------------


def _find_cache() -> None:
    """See to it that numba has a place for what it compiles, or looks for none."""
    config: Any = numba.config
    if _writable(Path(config.CACHE_DIR or AppDirs("numba", appauthor=False).user_cache_dir)):
        return
    if all(_writable(folder / "__pycache__") for folder in _code()):
        return
    place = _temporary()
    if place is not None:
        os.environ["NUMBA_CACHE_DIR"] = str(place)  # for processes that this one starts, too
        config.CACHE_DIR = str(place)
        return
    from numba.core.dispatcher import Dispatcher
    from numba.np.ufunc.ufuncbuilder import UFuncDispatcher

    kinds: tuple[Any, ...] = (Dispatcher, UFuncDispatcher)
    for kind in kinds:  # numba has no setting for this
        kind.enable_caching = lambda self: None


def _code() -> list[Path]:
    """The folders of the code that numba compiles, of modules that are found without being imported."""
    found = (importlib.util.find_spec(name) for name in ("umap", "pynndescent"))
    return [Path(__file__).parent, *(Path(spec.origin).parent for spec in found if spec and spec.origin)]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _temporary() -> Path | None:
    """A folder of this user alone, since who can write there can have any program run; None where there can be none."""
    user = os.getuid() if hasattr(os, "getuid") else 0  # on Windows, a user's temporary folder is their own
    for parent in (tempfile.gettempdir, lambda: "/dev/shm"):  # which a container may have, and no other
        try:
            folder = Path(parent()) / f"bvae-numba-{user}"
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:
            continue
        private = not hasattr(os, "getuid") or (found.st_uid == user and not found.st_mode & 0o077)
        if stat.S_ISDIR(found.st_mode) and private and _writable(folder):
            return folder
    return None


@functools.cache
def umap_learn() -> Any:
    """The class UMAP, what is compiled of it kept as well, which else each process compiles anew for five seconds."""
    with importing("umap"):
        from numba.core.dispatcher import Dispatcher
        from umap import UMAP, layouts, umap_

    names = ("smooth_knn_dist", "compute_membership_strengths", "_nb_optimize_layout_euclidean_single_epoch")
    for found in (getattr(module, name, None) for module in (umap_, layouts) for name in names):
        if isinstance(found, Dispatcher):
            found.enable_caching()
    return UMAP


_find_cache()


# Loops -----------------------------------------------------------------------------------------------------------


@numba.njit(cache=True)
def _random(state):  # type: ignore[no-untyped-def]
    """The next of a stream of 64-bit numbers: splitmix64 (Steele et al. 2014)."""
    z = state * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@numba.njit(cache=True, fastmath=True, parallel=True)
def rounds(anchor, held, pointers, targets, weights, a, b, step_size, times, seed):  # type: ignore[no-untyped-def]
    """UMAP's stochastic gradient descent from `anchor` (N, 2), by rounds; see layout.py.

    An edge is drawn in a round with its weight as the chance; it pulls, and pushes from points drawn at random follow.
    """
    count = anchor.shape[0]
    positions = anchor.copy()
    moved = np.empty_like(positions)
    for number in range(times):
        step = step_size * (1.0 - number / times)
        for point in numba.prange(count):
            state = _random(_random(seed) ^ np.uint64(number * count + point))
            x, y = positions[point, 0], positions[point, 1]
            for edge in range(pointers[point], pointers[point + 1]):
                state = _random(state)
                if (state >> np.uint64(11)) * (1.0 / 9007199254740992.0) >= weights[edge]:
                    continue
                other = targets[edge]
                across, up = x - positions[other, 0], y - positions[other, 1]
                square = across * across + up * up
                if square > 0.0:
                    pull = PULL * -2.0 * a * b * square ** (b - 1.0) / (1.0 + a * square**b)
                    x += step * min(_FAR, max(-_FAR, pull * across))
                    y += step * min(_FAR, max(-_FAR, pull * up))
                for _ in range(NEGATIVE_SAMPLES):
                    state = _random(state)
                    other = np.int64(state % np.uint64(count))
                    across, up = x - positions[other, 0], y - positions[other, 1]
                    square = across * across + up * up
                    if square > 0.0 and other != point:
                        push = 2.0 * b / ((0.001 + square) * (1.0 + a * square**b))
                        x += step * min(_FAR, max(-_FAR, push * across))
                        y += step * min(_FAR, max(-_FAR, push * up))
            moved[point, 0] = x + held[point] * (anchor[point, 0] - x)
            moved[point, 1] = y + held[point] * (anchor[point, 1] - y)
        positions, moved = moved, positions
    return positions


@numba.njit(cache=True, parallel=True)
def intruders(points, near, claimed):  # type: ignore[no-untyped-def]
    """By how many ranks the claimed neighbours (N, k) of points (N, D) miss being among the near ones, added up."""
    count, k = near.shape
    excess = 0
    for point in numba.prange(count):
        squares = np.zeros(count, np.float32)
        for other in range(count):
            for axis in range(points.shape[1]):
                squares[other] += (points[point, axis] - points[other, axis]) ** 2
        for claim in range(k):
            other = claimed[point, claim]
            if not (near[point] == other).any():
                excess += max(0, (squares < squares[other]).sum() - k)  # the point itself is counted in its own place
    return excess
