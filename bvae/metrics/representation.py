"""What the means of the codes know of the classes: the accuracy of the nearest neighbours, and of a linear classifier.

Both learn from some images and are counted on others. Distances and slopes are of all dimensions as the encoder gives
them; of a passive dimension all means are alike, so it says nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from bvae.metrics.linear import log_chances, logistic, standardise

NEIGHBOURS = 15
_CELLS = 4_000_000  # distances held at once


class Accuracy(NamedTuple):
    """A share of images, and its binomial standard error."""

    value: float
    standard_error: float
    images: int


def neighbours(
    codes: np.ndarray, labels: np.ndarray, held: np.ndarray, truth: np.ndarray, count: int = NEIGHBOURS
) -> Accuracy:
    """How often the commonest class of the nearest codes is the right one; of classes as common, the first counts.

    Args:
        codes, labels: (M, D), (M,) from 0, to learn from, `count` or more.
        held, truth: (N, D), (N,), to count on.

    Raises:
        ValueError: where there are fewer, or none to count on, or one class alone.
    """
    _check(labels, truth, count)
    codes, held = np.asarray(codes, np.float32), np.asarray(held, np.float32)
    centre = codes.mean(0)
    codes, held = codes - centre, held - centre
    squares = (codes**2).sum(1)
    classes = int(max(labels.max(), truth.max())) + 1
    right = 0
    rows = max(1, _CELLS // len(codes))
    with threadpool_limits(1, "blas"):
        for first in range(0, len(held), rows):
            few = held[first : first + rows]
            distances = squares - 2 * (few @ codes.T)  # but for the square of the code itself, the same for all
            nearest = labels[np.argpartition(distances, count - 1, axis=1)[:, :count]]  # (R, count)
            votes = np.bincount(
                (nearest + classes * np.arange(len(few))[:, None]).ravel(), minlength=classes * len(few)
            )
            right += int((votes.reshape(-1, classes).argmax(1) == truth[first : first + rows]).sum())
    return accuracy(right, len(held))


def linear(codes: np.ndarray, labels: np.ndarray, held: np.ndarray, truth: np.ndarray) -> Accuracy:
    """How often multinomial logistic regression on standardised codes is right; see `neighbours`.

    Raises:
        ValueError: likewise.
    """
    _check(labels, truth, 2)
    classes = int(max(labels.max(), truth.max())) + 1
    with threadpool_limits(1, "blas"):
        weights = logistic(standardise(np.asarray(codes, np.float64), codes), labels, classes)
        told = log_chances(weights, standardise(np.asarray(held, np.float64), codes))
    return accuracy(int((told.argmax(1) == truth).sum()), len(truth))


def accuracy(right: int, images: int) -> Accuracy:
    """So many of so many, 1 or more."""
    share = right / images
    return Accuracy(share, math.sqrt(share * (1 - share) / images), images)


def _check(labels: np.ndarray, truth: np.ndarray, least: int) -> None:
    if len(labels) < least or not len(truth):
        raise ValueError(f"It takes {least} images to learn from and one to count on; there are {len(labels)}.")
    if len(np.unique(labels)) < 2:
        raise ValueError("All images are of one class, so there is none to tell from another.")
