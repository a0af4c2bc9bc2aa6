"""A person's images as a model learns from them: of one size, light on dark, in classes, with a test split."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from bvae.images.gathered import Gathered, ImageError, Pixels, fitted
from bvae.images.sources import gather
from bvae.numbers import turns

MOST_CLASSES = 1_000
LONGEST_NAME = 60  # characters of a class's
SEED = 0  # of the test split, where there is none
_SHARE, _MOST_TEST = 10, 10_000  # one in ten is a test image, and no more than so many
_WITHOUT = "without a class"


@dataclass(frozen=True, eq=False)
class Collection:
    """Images to learn from, and what was done to them.

    images: (N, H, W) uint8, 0 for the background to 255.
    labels: (N,) int64, an index into `class_names`.
    test: (N,) bool, which are the test split.
    notes: what was done, a sentence each; what was left out and why among them.
    """

    images: Pixels
    labels: npt.NDArray[np.int64]
    test: npt.NDArray[np.bool_]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]

    def preview(self, count: int) -> npt.NDArray[np.int64]:
        """So many of them (C,), of every class as many as there are, ascending by class."""
        chosen = np.lexsort((self.labels, turns(self.labels)))[:count]
        return chosen[np.argsort(self.labels[chosen], kind="stable")]

    def counts(self) -> dict[str, int]:
        """How many images there are of each class."""
        found = np.bincount(self.labels, minlength=len(self.class_names))
        return dict(zip(self.class_names, found.tolist(), strict=True))


def collect(path: str | Path) -> Collection:
    """Read a person's own images.

    Args:
        path: a folder or zip of pictures, .npz, .npy, .csv or IDX files; see `sources.py`.

    Raises:
        ImageError: when they cannot be learned from. The message says why and what to do.
    """
    place = Path(path).expanduser()
    found = gather(place)
    notes = list(found.notes)
    if not found.blocks:
        raise ImageError(" ".join([f"None of the images in {place.name} can be used.", *_left_out(found)]))
    images = _one_size(found, notes)
    if found.coloured:
        notes.append(f"{_many(found.coloured, 'was', 'were')} in colour, and turned to grey.")
    if found.scaled:
        notes.append(f"{_many(found.scaled, 'was', 'were')} larger than 64 pixels, and scaled down.")
    if len(images) < 2:
        raise ImageError(f"There is one image in {place.name} that can be used, and a model learns from two or more.")
    if all(np.array_equal(image, images[0]) for image in images):
        raise ImageError(f"All {len(images):,} images in {place.name} are equal: there is nothing to learn from them.")
    images = _light_on_dark(images, notes)
    labels, names = _classes(found.labels, notes)
    test = _test_split(found.tests, notes)
    return Collection(images, labels, test, names, (*notes, *_left_out(found)))


def _many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _left_out(found: Gathered) -> list[str]:
    sentences = []
    for reason, out in found.left_out.items():
        named = ", ".join(_clean(name) for name in out.examples)
        more = " …" if out.count > len(out.examples) else ""
        sentences.append(f"{out.count:,} left out, which {reason}: {named}{more}.")
    return sentences


def _one_size(found: Gathered, notes: list[str]) -> Pixels:
    sizes = Counter[tuple[int, int]]()
    for block in found.blocks:
        sizes[block.shape[1:]] += len(block)
    if len(sizes) == 1:
        return _joined(found.blocks)
    (height, width), count = sizes.most_common(1)[0]
    total = sum(sizes.values())
    notes.append(
        f"They are of {len(sizes):,} sizes. The most frequent is {height} × {width}; {total - count:,} of another were "
        "fitted into it, in their proportions."
    )
    fitted = [block if block.shape[1:] == (height, width) else np.stack([_fit(image, height, width) for image in block])
              for block in found.blocks]  # fmt: skip
    return _joined(fitted)


def _joined(blocks: list[Pixels]) -> Pixels:
    """All of them in one. They are let go of one by one, so that a gigabyte is not held twice."""
    joined = np.empty((sum(map(len, blocks)), *blocks[0].shape[1:]), np.uint8)
    at = 0
    while blocks:
        block = blocks.pop(0)
        joined[at : at + len(block)] = block
        at += len(block)
    return joined


def _fit(image: Pixels, height: int, width: int) -> Pixels:
    """An image scaled into a frame, which is filled with what is on its border."""
    size = fitted(image.shape, height, width)
    small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
    framed = np.full((height, width), int(np.median(_border(image[np.newaxis]))), np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    framed[top : top + small.shape[0], left : left + small.shape[1]] = small
    return framed


def _border(images: Pixels) -> Pixels:
    """The pixels along the border of images (N, H, W): (N, 2 W + 2 H − 4)."""
    sides = (images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1])
    return np.concatenate([side.reshape(len(images), -1) for side in sides], axis=1)


def _light_on_dark(images: Pixels, notes: list[str]) -> Pixels:
    """Background dark, as a model takes it: what stands out is what costs most nats."""
    light = np.median(_border(images), axis=1) > 127
    if light.mean() > 0.5:
        notes.append("They are dark on light, and were turned over: light on dark, as the model takes them.")
        return np.subtract(255, images, out=images)
    if light.any():
        notes.append(
            f"They are light on dark, but for {int(light.sum()):,} that seem to be dark on light, which stay as they "
            "are."
        )
    else:
        notes.append("They are light on dark, as the model takes them.")
    return images


def _classes(labels: list[str | None], notes: list[str]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    given = ["" if label is None else _clean(label) for label in labels]
    names = sorted(set(given), key=_in_order)
    if len(names) > MOST_CLASSES:
        notes.append(f"There are {len(names):,} different labels, more than {MOST_CLASSES:,}: they are left out.")
        given, names = [""] * len(given), [""]
    if names == [""]:
        notes.append("They have no classes. In a folder for each class they would have.")
    elif "" in names:
        notes.append(f"{given.count(''):,} are in no class, and are shown as “{_WITHOUT}”.")
    places = {name: place for place, name in enumerate(names)}
    shown = tuple(name or ("image" if len(names) == 1 else _WITHOUT) for name in names)
    return np.array([places[name] for name in given], np.int64), shown


def _clean(text: str) -> str:
    """A text of a file as a page can hold it: no control characters, not long."""
    plain = "".join(" " if unicodedata.category(sign).startswith("C") else sign for sign in text).strip()
    return plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1]}…"


def _in_order(name: str) -> list[tuple[int, int, str]]:
    """By which names sort as people count: 2 before 10."""
    return [(0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part)
            for part in re.findall(r"[0-9]{1,15}|[^0-9]+", name)]  # fmt: skip


def _test_split(tests: list[bool | None], notes: list[str]) -> npt.NDArray[np.bool_]:
    known = {test for test in tests if test is not None}
    if known == {True, False}:
        split = np.array([bool(test) for test in tests])
        notes.append(f"{(~split).sum():,} to learn from and {split.sum():,} to test with, as they came.")
        return split
    count = min(_MOST_TEST, max(1, len(tests) // _SHARE))
    split = np.zeros(len(tests), bool)
    split[np.random.default_rng(SEED).permutation(len(tests))[:count]] = True
    notes.append(f"{len(tests) - count:,} to learn from; {count:,}, drawn with the seed {SEED}, are the test set.")
    return split
