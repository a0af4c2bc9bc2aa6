"""Chosen probe images and their posteriors as the browser has them, and how images are chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import safetensors.numpy

from bvae.numbers import turns
from bvae.runs import Run, RunError

SHARED = 500  # a draw begins with so many probe images, those that a small probe set has too


class Sheet(NamedTuple):
    """Chosen images as the browser has them."""

    key: str  # changes when what is sent changes
    content: bytes  # safetensors; see `pack_sheet`
    gone: tuple[int, ...]  # epochs that cannot be read any more, whose values are NaN


def draw(labels: np.ndarray, indices: np.ndarray, count: int, seed: int, label: int | None = None) -> np.ndarray:
    """Positions of up to `count` probe images drawn at random without repetition, of one class or of all: (n,).

    A seed draws the same images of every run that holds them, so that runs can be compared image by image. Each place
    of the test split has a lot of its own, whatever else is held; and since a probe set is made of the first images of
    each class in turn, the smaller is part of the larger, and its images are drawn before the others.

    Args:
        labels, indices: (P,), the probe images' classes and positions in the test split.
    """
    rank = np.empty(len(labels), int)
    rank[in_turn(labels, indices)] = np.arange(len(labels))
    members = _members(labels, label)
    return members[np.lexsort((_lots(indices[members], seed), rank[members] >= SHARED))][:count]


def in_turn(labels: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Positions (P,) of the probe images in the order in which a probe set is made: the first of each class in the test
    split, then the second of each. The first of them are what `draw` draws from as long as they are `SHARED`."""
    turn = np.empty(len(labels), int)
    placed = np.argsort(indices, kind="stable")
    turn[placed] = turns(labels[placed])
    return np.lexsort((labels, turn))


def _lots(indices: np.ndarray, seed: int) -> np.ndarray:
    """A random number for each position, (n,) uint64: SplitMix64 (Steele, Lea and Flood 2014), mixed twice.

    A generator of NumPy would have to draw for all positions before, and in a file from elsewhere any number can stand.
    """
    lots = np.full(len(indices), seed, np.uint64)
    for step in (np.uint64(1), indices.astype(np.uint64)):
        lots = lots + step * np.uint64(0x9E3779B97F4A7C15)
        lots = (lots ^ (lots >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        lots = (lots ^ (lots >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        lots = lots ^ (lots >> np.uint64(31))
    return lots


def rank(values: np.ndarray, labels: np.ndarray, count: int, best: bool, label: int | None = None) -> np.ndarray:
    """Positions of the `count` images with the highest values, or the lowest if the best are asked for: (n,)."""
    members = _members(labels, label)
    order = np.argsort(values[members] if best else -values[members], kind="stable")
    return members[order[:count]]


def _members(labels: np.ndarray, label: int | None) -> np.ndarray:
    return np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)


def pack_sheet(run: Run, key: str, epochs: Sequence[int], chosen: Sequence[int]) -> Sheet:
    """The chosen probe images and their posteriors at the epochs, for the browser.

    Tensors: indices, labels (n,) int32, images (n, H, W) uint8, mean and log_variance (E, n, D) float32. The rest is
    JSON in the metadata: the key, and log_sigma (E,) of a gaussian likelihood or None.
    """
    probe, places = run.probe(), list(chosen)
    posteriors = np.full((2, len(epochs), len(places), run.config.latent_dim), np.nan, np.float32)
    log_sigma: list[float | None] | None = [] if run.config.likelihood == "gaussian" else None
    gone = []
    for position, epoch in enumerate(epochs):
        sigma = None
        try:
            latents = run.latents(epoch)
            posteriors[:, position] = latents.mean[places], latents.log_variance[places]
            if log_sigma is not None:
                sigma = float(run.weights(epoch)["log_sigma"])
        except (RunError, IndexError):
            gone.append(epoch)
        if log_sigma is not None:
            log_sigma.append(sigma)
    tensors = {
        "indices": probe.indices[places].astype(np.int32),
        "labels": probe.labels[places].astype(np.int32),
        "images": probe.images[places],
        "mean": posteriors[0],
        "log_variance": posteriors[1],
    }
    own = hashlib.sha256(f"{key} {epochs} {chosen} {gone}".encode()).hexdigest()[:16]
    content = safetensors.numpy.save(tensors, {"chosen": json.dumps({"key": own, "log_sigma": log_sigma})})
    return Sheet(own, content, tuple(gone))
