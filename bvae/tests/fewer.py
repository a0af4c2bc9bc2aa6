"""A part of MNIST: passes over all of its test images are most of what a short training takes."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bvae.data import Dataset, Images, load_dataset

TEST_IMAGES = 1_000


@functools.cache
def _read(name: str, limit: int | None) -> Dataset:
    found = load_dataset(name, limit=limit)
    return dataclasses.replace(found, test=Images(found.test.pixels[:TEST_IMAGES], found.test.labels[:TEST_IMAGES]))


def load_fewer(name: str, *, limit: int | None = None, **_: Any) -> Dataset:
    """In the place of `load_dataset`; each is read once."""
    return _read(name, limit)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bvae-digits-")


@functools.cache
def few_digits() -> str:
    """For trainers that are processes: a file of 500 digits to train on and 100 to test with, as a person's own.

    It is there as long as this process.
    """
    found, path = load_dataset("mnist", limit=500), Path(_folder().name) / "digits.npz"
    train, test = found.train, found.test
    np.savez(path, x_train=train.pixels.numpy(), y_train=train.labels.numpy(),
             x_test=test.pixels[:100].numpy(), y_test=test.labels[:100].numpy())  # fmt: skip
    return str(path)
