"""What is measured of an image itself: area, length, thickness, slant, width and height, of real and decoded alike.

In the manner of Morpho-MNIST (Castro et al. 2019, "Morpho-MNIST: Quantitative Assessment and Diagnostics for
Representation Learning", JMLR 20). An image is enlarged four times by cubic splines and smoothed; what is at least half
as bright as its contrast is ink. Of these pixels, in those of the image as it was:

    area       px²  the ink
    length     px   of its skeleton, the medial axis: 1 from a pixel to the next one beside it, √2 across a corner
    thickness  px   twice the distance to the edge of the ink, in the mean along the skeleton
    slant      °    arctan of the horizontal shear Cov(x, y) / Var(y) of the grey values; of / above 0, of \\ below
    width      px   of the parallelogram of that shear, with horizontal sides,
    height     px   which leaves out 1 % of the grey values at each side

Where this differs from the published program, on purpose: grey values stay as fine as they are and are not cut off to
256 levels after enlarging; ink ends at the border of the image, where the program measures distances as if it went on;
the medial axis, which depends on the order of pixels that are equally near to the edge, takes always the same order, so
that an image has one length and not one for every call; and what is seen beyond the border once the slant is taken out
counts to the width. On MNIST this changes no factor's mean by 1 % (tests/test_factors.py).

Images without strokes have defined values, too. A contrast below `CONTRAST` is no picture but an empty page, of which
everything is 0, or if it is nearly white (`WHITE`) a page full of ink, of which the area is that of the image and the
slant 0. A single pixel is a dot of about a pixel's thickness, without length.

Imports neither torch nor, before something is measured, SciPy and scikit-image.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from bvae.cache import cache_folder
from bvae.processes import environment
from bvae.runs import RunError, read_tensors, write_tensors

if TYPE_CHECKING:
    from bvae.data import Dataset

FACTORS = ("area", "length", "thickness", "slant", "width", "height")
UNITS = {"area": "px²", "length": "px", "thickness": "px", "slant": "°", "width": "px", "height": "px"}

SCALE = 4  # an image is enlarged so many times
LEFT_OUT = 0.02  # share of the grey values outside width or height, half on either side
CONTRAST = 0.1  # of the range from black to white; see above
WHITE = 0.75

_VERSION = 1  # of the measurement: what was kept by another one is measured anew
# Measured in one go, as is quickest: 100 images of 28 × 28, 48 of 64 × 64.
_CHUNK, _CHUNK_PIXELS = 100, 200_000
# A process starts within a second or two, in which one core measures a thousand images.
_WORTH_A_PROCESS = 1_000
_MOST_PROCESSES = 16
_LONGEST = 2**30  # bytes that go from process to process at once

Progress = Callable[[int, int], None]


def measure(
    images: np.ndarray, *, progress: Progress | None = None, processes: int | None = None
) -> dict[str, np.ndarray]:
    """Measure images, each by itself: the same image has the same values in any company.

    Args:
        images: (N, H, W), uint8 from 0 to 255 or float from 0 to 1; bright is ink.
        progress: told how many images are measured, and of how many; what it raises ends the measuring.
        processes: how many to share the work among; left out, as many as there are cores, for so many images that it
            is worth their start. With 1 it is done in this one.

    Returns:
        For each of `FACTORS` an array (N,) float64, in `UNITS`.

    Raises:
        ValueError: when the images have another shape or type, or values that are not finite or not from 0 to 1.
    """
    images = _checked(images)
    count = len(images)
    size = max(1, min(_CHUNK, _CHUNK_PIXELS // (images.shape[1] * images.shape[2])))
    chunks = [images[start : start + size] for start in range(0, count, size)]
    if processes is None:
        processes = min(_cores(), count // _WORTH_A_PROCESS, _MOST_PROCESSES)
    found = np.zeros((count, len(FACTORS)))
    done = 0
    for place, values in _shared(chunks, processes) if processes > 1 and len(chunks) > 1 else _alone(chunks):
        found[place * size : place * size + len(values)] = values
        done += len(values)
        if progress:
            progress(done, count)
    return {name: np.ascontiguousarray(column) for name, column in zip(FACTORS, found.T, strict=True)}


def measure_once(
    images: np.ndarray,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    processes: int | None = None,
) -> dict[str, np.ndarray]:
    """The same, kept under the hash of the images, so that the next time it is only read.

    Args:
        images, progress, processes: as for `measure`.
        cache: the folder to keep it in; left out, `factors` in `cache_folder`. Where it cannot be written, nothing is
            kept; what is damaged there is measured anew.
    """
    images = _checked(images)
    with contextlib.suppress(RuntimeError):  # without a home folder
        cache = cache if cache is not None else cache_folder() / "factors"
    if cache is None:
        return measure(images, progress=progress, processes=processes)
    shapes = {name: (len(images),) for name in FACTORS}
    kept = (cache / content_hash(images)).with_suffix(".safetensors")
    with contextlib.suppress(RunError, OSError):
        values, about = read_tensors(kept, shapes, "float64")
        if about == {"version": str(_VERSION)}:
            return {name: values[name] for name in FACTORS}
    found = measure(images, progress=progress, processes=processes)
    with contextlib.suppress(RunError, OSError):
        cache.mkdir(parents=True, exist_ok=True)
        write_tensors(kept, found, {"version": str(_VERSION)})
    return found


def of_split(
    dataset: Dataset, split: str = "test", *, cache: Path | None = None, progress: Progress | None = None
) -> dict[str, np.ndarray]:
    """The factors of one split of a data set, train or test; see `measure_once`."""
    from bvae.lazy import drawn

    pixels = drawn(dataset.train.pixels if split == "train" else dataset.test.pixels)
    return measure_once(pixels.cpu().numpy(), cache=cache, progress=progress)


def summary(measured: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Mean, standard deviation and unit of each factor over images, by its values (N,), N at least 1."""
    return {
        name: {"mean": float(values.mean()), "standard_deviation": float(values.std()), "unit": UNITS[name]}
        for name, values in measured.items()
    }


def content_hash(images: np.ndarray) -> str:
    """The SHA-256 of images' type, shape and pixels, in hexadecimal."""
    images = np.ascontiguousarray(images)
    digest = hashlib.sha256(f"{images.dtype.str} {images.shape}".encode())
    digest.update(images.data)
    return digest.hexdigest()


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 3 or 0 in images.shape[1:]:
        raise ValueError(f"Images have the shape (N, H, W); these have {images.shape}.")
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise ValueError(f"Images are {images.dtype}; give uint8 from 0 to 255, or float from 0 to 1.")
    # Not the minimum and maximum alone, which NaN passes.
    if not ((images >= 0) & (images <= 1)).all():
        raise ValueError("Images of floats are from 0 to 1, and these have other values, or some that are not numbers.")
    return images.astype(np.float32, copy=False)


# One chunk ---------------------------------------------------------------------------------------------------------


def _measure_chunk(images: np.ndarray) -> np.ndarray:
    """The six factors (N, 6) of images (N, H, W), uint8 or float32."""
    grey = images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images
    darkest, brightest = grey.min((1, 2)), grey.max((1, 2))
    flat = brightest - darkest < CONTRAST
    white = flat & (darkest >= WHITE)
    drawn = ~flat
    found = np.zeros((len(grey), len(FACTORS)))
    if drawn.any():
        large = _enlarge(grey[drawn])
        low, high = large.min((1, 2), keepdims=True), large.max((1, 2), keepdims=True)
        found[drawn] = _strokes(large, large >= low + (high - low) / 2)
    if white.any():
        page = np.ones((1, grey.shape[1] * SCALE, grey.shape[2] * SCALE), np.float32)
        found[white] = _strokes(page, page > 0)
    return found


def _enlarge(grey: np.ndarray) -> np.ndarray:
    """Images (N, H, W), four times as high and as wide: cubic splines, held to the range that there was, and smoothed.

    Both steps are linear along each axis, so that a matrix product does them for all images.
    """
    (down, soft_down), (across, soft_across) = (_enlarging(side) for side in grey.shape[1:])
    sharp = down @ grey @ across.T
    np.clip(sharp, grey.min((1, 2), keepdims=True), grey.max((1, 2), keepdims=True), out=sharp)
    return np.asarray(soft_down @ sharp @ soft_across.T)


@functools.cache
def _enlarging(side: int) -> tuple[np.ndarray, np.ndarray]:
    """What enlarges a line of `side` pixels by cubic splines, (4 · side, side), and what then smooths it."""
    from scipy import ndimage

    splines = ndimage.zoom(np.eye(side), (SCALE, 1), order=3, mode="mirror", grid_mode=True)
    # Of a pyramid (Burt & Adelson 1983) that doubles a side, σ is 2/3 of a pixel of the small image, and so it is here.
    smoothing = ndimage.gaussian_filter1d(np.eye(side * SCALE), 2 * SCALE / 6, axis=0, mode="reflect")
    return splines.astype(np.float32), smoothing.astype(np.float32)


def _strokes(large: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """The six factors (N, 6) of enlarged images (N, H, W), and of which of their pixels are ink; none without any."""
    length, thickness = _skeletons(ink)
    slant, width, height = _parallelograms(large)
    return np.stack([ink.sum((1, 2)) / SCALE**2, length, thickness, slant, width, height], axis=1)


class _Order(np.random.Generator):
    """What is asked for an order of pixels that are alike, and gives the one that it was given."""

    def __init__(self, order: np.ndarray) -> None:
        super().__init__(np.random.PCG64(0))
        self.order = order

    def permutation(self, x: Any, axis: int = 0) -> Any:
        return self.order


@functools.cache
def _ranks(height: int, width: int) -> np.ndarray:
    """A fixed order of the pixels of an image, as random as any, (height, width) int32."""
    return np.random.default_rng(0).permutation(height * width).reshape(height, width).astype(np.int32)


def _skeletons(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Length and mean thickness (N,) of the medial axis of images (N, H, W) of ink, in pixels of the small image."""
    from skimage.morphology import medial_axis

    _, height, width = ink.shape
    rows, columns = np.asarray(ink.any(2)), np.asarray(ink.any(1))  # (N, H), (N, W)
    top, left = rows.argmax(1), columns.argmax(1)
    tall, wide = height - rows[:, ::-1].argmax(1) - top, width - columns[:, ::-1].argmax(1) - left
    # The medial axis first makes a table, which takes it 20 ms, and an image 1 ms: so they lie in one long picture,
    # one below another, with an empty line between.
    starts = np.cumsum(tall + 2) - (tall + 2)
    picture = np.zeros((int((tall + 2).sum()), int(wide.max()) + 2), bool)
    order = np.zeros(picture.shape, np.int32)
    ranks = _ranks(height, width)
    for place, start in enumerate(starts):
        here = slice(start + 1, start + 1 + tall[place]), slice(1, 1 + wide[place])
        there = slice(top[place], top[place] + tall[place]), slice(left[place], left[place] + wide[place])
        picture[here], order[here] = ink[place][there], ranks[there]
    skeleton, distance = medial_axis(picture, return_distance=True, rng=_Order(order[picture]))

    def sums(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values.sum(1, dtype=np.float64), starts)

    beside = skeleton[:, :-1] & skeleton[:, 1:]
    below = skeleton[:-1] & skeleton[1:]
    corners = (skeleton[:-1, :-1] & skeleton[1:, 1:]).sum(1) + (skeleton[:-1, 1:] & skeleton[1:, :-1]).sum(1)
    steps = sums(beside) + np.add.reduceat(np.append(below.sum(1) + np.sqrt(2) * corners, 0), starts)
    thickness = 2 * sums(np.where(skeleton, distance, 0)) / np.maximum(sums(skeleton), 1)
    return steps / SCALE, thickness / SCALE


def _parallelograms(large: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slant in degrees, and width and height in pixels of the small image, (N,), of enlarged images (N, H, W)."""
    count, height, width = large.shape
    # From the middle of the image, so that no large numbers are subtracted from each other.
    x, y = np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2
    by_row, by_column = large.sum(2, dtype=np.float64), large.sum(1, dtype=np.float64)
    mass = by_row.sum(1)

    def mean(profiles: np.ndarray, of: np.ndarray) -> np.ndarray:
        return np.asarray((profiles * of).sum(1) / mass)  # not @, whose sums depend on N

    middle_x, middle_y = mean(by_column, x), mean(by_row, y)
    both = mean(y.astype(np.float32) @ large, x) - middle_x * middle_y
    shear = both / np.maximum(mean(by_row, y**2) - middle_y**2, 1e-9)
    # With the slant taken out, each row moves by so many pixels.
    moves = np.floor(0.5 - shear[:, None] * (y - middle_y[:, None])).astype(np.int64)  # (N, H)
    room = int(np.abs(moves).max())
    span = width + 2 * room
    places = moves[:, :, None] + np.arange(room, room + width)  # (N, H, W) columns, in 0 … span − 1
    places += (span * np.arange(count))[:, None, None]
    upright = np.bincount(places.ravel(), large.ravel(), count * span).reshape(count, span)
    return np.degrees(np.arctan(-shear)) + 0.0, _extent(upright) / SCALE, _extent(by_row) / SCALE


def _extent(profiles: np.ndarray) -> np.ndarray:
    """How far the middle 98 % of each of some profiles (N, L) reach, (N,)."""
    shares = np.cumsum(profiles, axis=1)
    shares = np.concatenate([np.zeros((len(shares), 1)), shares / shares[:, -1:]], axis=1)
    edges = np.arange(shares.shape[1])
    ends = [np.interp([LEFT_OUT / 2, 1 - LEFT_OUT / 2], share, edges) for share in shares]
    return np.asarray([last - first for first, last in ends])


# Many chunks -------------------------------------------------------------------------------------------------------


def _alone(chunks: list[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    for place, chunk in enumerate(chunks):
        yield place, _measure_chunk(chunk)


def _shared(chunks: list[np.ndarray], processes: int) -> Iterator[tuple[int, np.ndarray]]:
    """The places and factors of chunks as they come from so many processes; those whose process fails are done here.

    The processes are this module's own and not `multiprocessing`'s, whose new process would first run the program that
    started this one: a page of the app, where this is called by one.
    """
    workers: list[subprocess.Popen[bytes]] = []
    own = threading.local()

    def by_a_worker(chunk: np.ndarray) -> np.ndarray | None:
        with contextlib.suppress(OSError, ValueError, EOFError):
            if not hasattr(own, "worker"):
                own.worker = _start_worker()
                workers.append(own.worker)
            _send(own.worker.stdin, chunk)
            values = _receive(own.worker.stdout)
            if values is not None and values.shape == (len(chunk), len(FACTORS)):
                return values
        return None

    threads = ThreadPoolExecutor(min(processes, len(chunks)), thread_name_prefix="factors")
    waiting = {threads.submit(by_a_worker, chunk): place for place, chunk in enumerate(chunks)}
    try:
        for future in as_completed(waiting):
            place, values = waiting[future], future.result()
            yield place, _measure_chunk(chunks[place]) if values is None else values
    finally:
        threads.shutdown(wait=True, cancel_futures=True)  # each is through with its chunk within a second
        for worker in workers:
            with contextlib.suppress(OSError), worker:  # closes its pipes, at which it ends, and waits for that
                pass


def _start_worker() -> subprocess.Popen[bytes]:
    # Its matrices are small, and there is a process for each core already.
    child = environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1")
    return subprocess.Popen(
        [sys.executable, "-m", "bvae.factors"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=child,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # of Windows, which would open one for each
    )  # fmt: skip


def _send(pipe: IO[bytes] | None, array: np.ndarray) -> None:
    packed = io.BytesIO()
    np.save(packed, array, allow_pickle=False)
    if pipe is None:
        raise OSError("there is no pipe")
    pipe.write(len(packed.getbuffer()).to_bytes(8, "little") + packed.getvalue())
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> np.ndarray | None:
    """The next array of a pipe; None at its end."""
    head = pipe.read(8) if pipe else b""
    if not pipe or not head:
        return None
    length = int.from_bytes(head, "little")
    if length > _LONGEST:  # it is no length: what a process prints before it works
        raise ValueError("what came is no array")
    return np.asarray(np.load(io.BytesIO(pipe.read(length)), allow_pickle=False))


def _work() -> None:
    """Measure what comes in until nothing more does; a process of `_shared` is this."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(2, 1)  # what a library prints must not come between
    while (images := _receive(sys.stdin.buffer)) is not None:
        _send(answers, _measure_chunk(images))


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    _work()
