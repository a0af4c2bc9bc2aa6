"""The two scores that need images that share a factor: β-VAE's (Higgins et al. 2017) and FactorVAE's (Kim & Mnih 2018).

Both were made for images drawn on request. Here they are picked among those that there are: those share a factor that
are of the same class, or in the same bin of equal counts of a measured factor. On digits they share it only about, and
share with it what goes with it, so that the scores are lower than on drawn images, and not to be held against theirs.

Both take the codes in standard deviations, FactorVAE's by its definition; public code leaves β-VAE's as they are, so
that its classifier depends on the scale of the codes. Public code for FactorVAE's (disentanglement_lib, disent) means
to leave out dead dimensions and, with a threshold of 0, leaves out none: the smallest of their ratios of noise to
noise, or of 0 to 0, then wins votes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bvae.metrics.linear import log_chances, logistic, standardise

TOGETHER = 64  # images, or pairs, that one vote or one example is made of, as published
EXAMPLES = 10_000, 5_000  # votes or examples to learn from, and to count, as published
_CHUNK = 500  # of them at a time


def factor_vae(codes: np.ndarray, bins: np.ndarray, examples: tuple[int, int], rng: np.random.Generator) -> float:
    """The share of held-out votes that tell the factor. A vote is the dimension that varies least, as a share of its
    variance, among images that share a factor; each dimension stands for the factor that voted for it most.

    Args:
        codes: (N, D) of active dimensions, at least one.
        bins: (K, N) from 0, which bin of each factor an image is in.
        examples: how many votes to learn from, and how many to count.
    """
    scaled = standardise(codes, codes).astype(np.float32)
    tables = []
    for number in examples:
        table = np.zeros((len(bins), codes.shape[1]), np.int64)
        for factor, anchors in _chunks(bins, number, 1, rng):
            members = _sharing(bins, factor, np.repeat(anchors, TOGETHER, axis=1), rng)
            np.add.at(table, (factor, scaled[members].var(1).argmin(1)), 1)
        tables.append(table)
    stands_for = tables[0].argmax(0)
    return float(tables[1][stands_for, np.arange(codes.shape[1])].sum() / tables[1].sum())


def beta_vae(codes: np.ndarray, bins: np.ndarray, examples: tuple[int, int], rng: np.random.Generator) -> float:
    """The share of held-out examples of which a linear classifier tells the factor. An example is the mean distance,
    dimension by dimension, of pairs of images that share a factor. Arguments as for `factor_vae`."""
    scaled = standardise(codes, codes).astype(np.float32)
    made = []
    for number in examples:
        parts = []
        for factor, first in _chunks(bins, number, TOGETHER, rng):
            second = _sharing(bins, factor, first, rng)
            parts.append((np.abs(scaled[first] - scaled[second]).mean(1), factor))
        made.append([np.concatenate(part) for part in zip(*parts, strict=True)])
    (inputs, labels), (held, wanted) = made
    weights = logistic(standardise(inputs, inputs).astype(np.float64), labels, len(bins))
    return float((log_chances(weights, standardise(held, inputs)).argmax(1) == wanted).mean())


def _chunks(
    bins: np.ndarray, number: int, images: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Factors (C,) and images (C, `images`), drawn at random, some at a time."""
    for start in range(0, number, _CHUNK):
        size = min(_CHUNK, number - start)
        yield rng.integers(0, len(bins), size), rng.integers(0, bins.shape[1], (size, images))


def _sharing(bins: np.ndarray, factor: np.ndarray, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each of the images (C, L) one that is in the same bin of its row's factor (C,), drawn at random."""
    found = np.empty_like(images)
    for one in np.unique(factor):
        rows = factor == one
        order = np.argsort(bins[one], kind="stable")
        counts = np.bincount(bins[one])
        starts = np.cumsum(counts) - counts
        place = bins[one][images[rows]]
        found[rows] = order[starts[place] + (rng.random(place.shape) * counts[place]).astype(np.int64)]
    return found
