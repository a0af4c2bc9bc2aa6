"""Images in a table, a line each: a class and the pixels, as the public CSV files of MNIST are."""

from __future__ import annotations

import gzip
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from bvae.images.arrays import take_rows
from bvae.images.gathered import Gathered, ImageError

LABELS = ("label", "class", "target", "digit", "y")
LONGEST = 2**20  # characters of a line: 64 × 64 pixels with 20 decimals are a tenth of it
MOST_TABLE = 2**30  # bytes, unpacked: half a million images of MNIST’s size, minutes of reading
_LINES = 2_000
_TOO_LARGE = "{} has more than {:g} GiB, the most that a table may have. Give a part of it, or the images as .npz."


def read_table(path: Path, into: Gathered) -> None:
    """Take in the images of a CSV file, packed with gzip or not.

    A first column called label, or a first column beside a square number of pixels, is the class. Lines that are not
    like the first one are left out.

    Raises:
        ImageError: when its first lines are no images.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if path.stat().st_size > MOST_TABLE:
                raise ImageError(_TOO_LARGE.format(path.name, MOST_TABLE / 2**30))
            stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
            _read(stream, path.name, into)
    except (OSError, EOFError) as error:
        raise ImageError(f"{path.name} cannot be read ({error}).") from error


def _read(stream: IO[bytes], name: str, into: Gathered) -> None:
    lines = _lines(stream, name)
    first = next(lines, None)
    if first is None:
        raise ImageError(f"{name} is empty.")
    separator = max(",;\t ", key=first.count)
    words = [word.strip().strip('"').lower() for word in first.strip().split(separator)]
    header = any(not _is_number(word) for word in words[1:])
    label = next((words.index(known) for known in LABELS if known in words), None) if header else None
    pixels = len(words) - (label is not None)
    if label is None and math.isqrt(pixels) ** 2 != pixels and math.isqrt(pixels - 1) ** 2 == pixels - 1:
        label, pixels = 0, pixels - 1
    side = math.isqrt(pixels)
    if side * side != pixels or side < 2:
        raise ImageError(
            f"{name} has {len(words):,} columns, which are neither a square of pixels nor a class and a square of "
            "pixels. MNIST’s, for one, has 785."
        )
    rows = lines if header else itertools.chain([first], lines)
    span: list[float] = []
    number = 1 + header
    for chunk in iter(lambda: list(itertools.islice(rows, _LINES)), []):
        values, labels = _parse(chunk, separator, label, pixels, number, name, into)
        number += len(chunk)
        if not len(values):
            continue
        if not span:
            finite = values[np.isfinite(values)]
            # Grey levels of one file have one range, told by its first lines.
            span = [min(0.0, float(finite.min())), 1.0 if finite.max() <= 1 else max(255.0, float(finite.max()))]
        take_rows(values.reshape(-1, side, side), labels, name, None, into, tuple(span))


def _lines(stream: Any, name: str) -> Iterator[str]:
    read = 0
    while line := stream.readline(LONGEST):
        read += len(line)
        if read > MOST_TABLE:
            raise ImageError(_TOO_LARGE.format(name, MOST_TABLE / 2**30))
        if len(line) == LONGEST:
            raise ImageError(f"{name} has a line of more than {LONGEST:,} characters, which is no table of images.")
        text = line.decode("utf-8-sig", "replace").strip()
        if text:
            yield text


def _parse(
    lines: list[str], separator: str, label: int | None, pixels: int, number: int, name: str, into: Gathered
) -> tuple[Any, list[str | None]]:
    """The pixels (N, pixels) and labels of lines; those that cannot be read are left out."""
    labels: list[str | None] = []
    rest: list[str] = []
    places: list[int] = []
    for place, line in enumerate(lines, number):
        words = line.split(separator)
        if len(words) != pixels + (label is not None):
            into.leave_out("have another number of columns than the first line", f"line {place}")
            continue
        labels.append(words.pop(label).strip().strip('"') if label is not None else None)
        rest.append(separator.join(words))
        places.append(place)
    try:
        return np.loadtxt(rest, np.float64, delimiter=separator, comments=None, ndmin=2) if rest else np.empty(
            (0, pixels)
        ), labels  # fmt: skip
    except ValueError:
        found, kept = [], []
        for text, given, place in zip(rest, labels, places, strict=True):
            try:
                found.append(np.loadtxt([text], np.float64, delimiter=separator, comments=None, ndmin=1))
                kept.append(given)
            except ValueError:
                into.leave_out("hold text where a pixel should be", f"line {place}")
        return np.array(found).reshape(-1, pixels), kept


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
