"""Images in arrays: NumPy's .npy and .npz, and IDX files as MNIST's are."""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from bvae.images.gathered import LEAST_SIDE, MOST_BYTES, MOST_SIDE, Gathered, ImageError, Pixels, fitted

Array = npt.NDArray[Any]

# What arrays of images and of their classes are called, in the order in which they are looked for.
IMAGES = ("images", "x", "data", "imgs", "pixels", "arr_0")
LABELS = ("labels", "y", "target", "targets", "classes", "label", "class", "arr_1")
SPLITS = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("images_train", "labels_train", "images_test", "labels_test"),
    ("train_x", "train_y", "test_x", "test_y"),
)
MOST_UNPACKED = 8 * MOST_BYTES  # of one array as it is in its file: eight bytes a pixel
_GREY = np.array([0.299, 0.587, 0.114])  # of red, green and blue, as ITU-R BT.601 weighs them
_ROWS = 4_096
_PICKLED = (
    "{} holds Python objects, which are a pickle: it can run any program when it is opened, so it is not opened here. "
    "Save the images as an array of numbers."
)


def read_numpy(path: Path, into: Gathered) -> None:
    """Take in the images of a .npy or .npz file.

    Raises:
        ImageError: when it holds none that can be learned from.
    """
    try:
        if zipfile.is_zipfile(path):
            _read_archive(path, into)
        else:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            _take(array, None, path.name, None, into)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            raise ImageError(_PICKLED.format(path.name)) from error
        raise ImageError(f"{path.name} cannot be read as NumPy’s format ({error}). Save it again.") from error


def _read_archive(path: Path, into: Gathered) -> None:
    with zipfile.ZipFile(path) as archive:
        sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
    if too_large := [name for name, size in sizes.items() if size > MOST_UNPACKED]:
        raise ImageError(
            f"{too_large[0]} in {path.name} would be {sizes[too_large[0]] / 2**30:.1f} GiB, and "
            f"{MOST_UNPACKED / 2**30:g} GiB is the most. Give a part of it."
        )
    with np.load(path, allow_pickle=False) as file:
        names = {name.lower(): name for name in reversed(file.files)}
        for images, labels, test_images, test_labels in SPLITS:
            if images in names:
                _pair(file, names, images, labels, False, path, into)
                if test_images in names:
                    _pair(file, names, test_images, test_labels, True, path, into)
                return
        if found := next((name for name in IMAGES if name in names), None):
            label = next((name for name in LABELS if name in names and name != found), "")
            _pair(file, names, found, label, None, path, into)
            return
        if len(names) == 1:
            _pair(file, names, next(iter(names)), "", None, path, into)
            return
    shown = ", ".join(sorted(sizes)[:8]) or "nothing"
    raise ImageError(
        f"{path.name} holds {shown}, and which of it are images cannot be told. Name the arrays images and labels, or "
        "x_train, y_train, x_test and y_test."
    )


def _pair(
    file: Any, names: dict[str, str], images: str, labels: str, test: bool | None, path: Path, into: Gathered
) -> None:
    pixels = file[names[images]]
    classes = file[names[labels]] if labels in names else None
    _take(pixels, classes, f"{names[images]} in {path.name}", test, into)


def _take(array: Array, classes: Array | None, name: str, test: bool | None, into: Gathered) -> None:
    array = _in_rows(array, name)
    labels: list[str | None] = [None] * len(array)
    if classes is not None:
        if classes.ndim == 2 and min(classes.shape) > 1 and len(classes) == len(array):
            classes = classes.argmax(1)  # one-hot
        classes = classes.reshape(-1)
        if len(classes) != len(array):
            raise ImageError(f"{name} are {len(array):,} images, and there are {len(classes):,} labels for them.")
        if classes.dtype.kind == "f" and np.array_equal(classes, np.trunc(classes)):
            classes = classes.astype(np.int64)
        labels = [
            item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in classes.tolist()
        ]
    take_rows(array, labels, name, test, into)


def _in_rows(array: Array, name: str) -> Array:
    """The same as (N, H, W) or (N, H, W, channels)."""
    if array.dtype.hasobject:
        raise ImageError(_PICKLED.format(name))
    if array.dtype.kind not in "buif":
        raise ImageError(f"{name} is an array of {array.dtype}, and images are numbers.")
    if array.ndim == 2:
        side = math.isqrt(array.shape[1])
        if side * side != array.shape[1]:
            raise ImageError(
                f"{name} has {array.shape[1]:,} values a row, which are no square of pixels. Give it as (images, "
                "height, width)."
            )
        return array.reshape(len(array), side, side)
    if array.ndim == 4 and array.shape[1] in (1, 3, 4) and array.shape[3] not in (1, 3, 4):
        array = np.moveaxis(array, 1, 3)
    if array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (1, 3, 4)):
        return array
    raise ImageError(
        f"{name} has the shape {array.shape}. Images are (images, height, width), or of 1, 3 or 4 colours."
    )


def take_rows(
    array: Array, labels: list[str | None], name: str, test: bool | None, into: Gathered, low_high: Any = None
) -> None:
    """Take in an array (N, H, W) or (N, H, W, channels) of numbers of any kind, as grey levels.

    Args:
        low_high: the least and the greatest value of all the array, where this is a part of it.
    """
    if len(array) == 0:
        return
    height, width = array.shape[1:3]
    if min(height, width) < LEAST_SIDE:
        into.leave_out(f"are smaller than {LEAST_SIDE} × {LEAST_SIDE} pixels", name, len(array))
        return
    low, high = low_high or _span(array, name)
    scale, shift = _scaling(array.dtype, low, high, into)
    if array.ndim == 4 and array.shape[3] > 1:
        into.coloured += len(array)
    for start in range(0, len(array), _ROWS):
        part = np.asarray(array[start : start + _ROWS], np.float64)
        usable = np.logical_and.reduce(np.isfinite(part).reshape(len(part), -1), axis=1)
        if not usable.all():
            into.leave_out("have values that are no finite number", name, int((~usable).sum()))
        part = part[usable]
        if part.ndim == 4:
            part = part[..., 0] if part.shape[3] == 1 else part[..., :3] @ _GREY
        grey = np.clip(np.rint((part - shift) * scale), 0, 255).astype(np.uint8)
        kept = [label for label, fine in zip(labels[start : start + _ROWS], usable.tolist(), strict=True) if fine]
        if max(height, width) > MOST_SIDE:
            grey = _smaller(grey)
            into.scaled += len(grey)
        if len(grey):
            into.add(grey, kept, test)


def _span(array: Array, name: str) -> tuple[float, float]:
    low, high = math.inf, -math.inf
    for start in range(0, len(array), _ROWS):
        part = np.asarray(array[start : start + _ROWS])
        finite = part if part.dtype.kind != "f" else part[np.isfinite(part)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        raise ImageError(f"{name} has no finite number.")
    return low, high


def _scaling(dtype: np.dtype[Any], low: float, high: float, into: Gathered) -> tuple[float, float]:
    """What values are multiplied by after a shift, so that they are grey levels from 0 to 255."""
    if dtype.kind == "b" or (low >= 0 and high <= 1):
        return 255.0, 0.0
    if low >= 0 and high <= 255:
        return 1.0, 0.0
    if dtype.kind == "f" and low >= -1 and high <= 1:
        into.note("Their values run from −1 to 1, and were brought to 0 to 255.")
        return 127.5, -1.0
    into.note(f"Their values run from {low:g} to {high:g}, and were brought to 0 to 255.")
    return 255 / (high - low), low


def _smaller(grey: Pixels) -> Pixels:
    from PIL import Image

    size = fitted(grey.shape[1:], MOST_SIDE, MOST_SIDE)
    return np.stack([np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)) for image in grey])


# IDX -----------------------------------------------------------------------------------------------------------------

_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def is_idx(start: bytes) -> bool:
    """Whether a file that begins so is an IDX file, unpacked."""
    return len(start) >= 4 and start[:2] == b"\0\0" and start[2] in _IDX_TYPES and 1 <= start[3] <= 4


def read_idx(file: IO[bytes], name: str) -> Array:
    """The array of an IDX file, packed with gzip or not.

    Raises:
        ImageError: when it is none, is cut short, or is too large.
    """
    try:
        start = file.read(2)
        file.seek(0)
        stream: Any = gzip.GzipFile(fileobj=file) if start == b"\x1f\x8b" else file
        head = stream.read(4)
        if not is_idx(head):
            raise ImageError(f"{name} is no IDX file: it begins {head.hex(' ') or 'and ends at once'}.")
        shape = tuple(int(size) for size in np.frombuffer(stream.read(4 * head[3]), ">u4"))
        dtype = np.dtype(_IDX_TYPES[head[2]])
        size = dtype.itemsize * math.prod(shape)
        if len(shape) < head[3] or size > MOST_UNPACKED:
            raise ImageError(f"{name} says that it holds {' × '.join(map(str, shape))} values, which is too many.")
        content = _exactly(stream, size)
    except (OSError, EOFError, zlib.error) as error:
        raise ImageError(f"{name} cannot be unpacked ({error}). Fetch it again.") from error
    if len(content) < size:
        raise ImageError(f"{name} is cut short: it has {len(content):,} of {size:,} bytes. Fetch it again.")
    return np.frombuffer(content, dtype).reshape(shape)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    """At most so many bytes, and no more memory than there are: a header can promise anything."""
    parts, left = [], size
    while left and (part := stream.read(min(left, 2**24))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def take_idx(images: Array, labels: Array | None, name: str, test: bool | None, into: Gathered) -> None:
    """Take in the images (N, H, W) of an IDX file with their labels (N,)."""
    if images.ndim != 3:
        raise ImageError(f"{name} holds an array of {images.ndim} dimensions, and images are of three.")
    _take(images, labels, name, test, into)
