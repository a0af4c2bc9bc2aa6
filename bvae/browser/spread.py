"""Where in the latent space the data are: what the browser draws behind each slider, and when it says that a code has
left them. numpy only.

Two views of the probe images are used. Their means are what an image is shown as. The aggregate posterior, the mixture
of their posteriors q(z|x), is what the decoder was trained on: it is wider than the means, and in a dimension that
carries nothing it is N(0, 1) while all means lie at 0. So the histograms count means, and the limits are those of the
aggregate posterior.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np

REACH = 4.0  # of the sliders, either way: beyond lies one code in 16,000 of the prior
BINS = 64
LEVELS = (0.005, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.995)  # of the quantiles
INSIDE = 0.99  # of the aggregate posterior's codes count as where the data are
POINTS = 20_000  # of the aggregate posterior, for its quantiles
AT_ONCE = 4_000_000  # numbers in memory: a run of many dimensions has more, for a while, than all others together

GOLDEN = (5**0.5 - 1) / 2


def density(means: np.ndarray) -> np.ndarray:
    """How the means of (P, D) lie along each dimension: (D, BINS) uint8 over ±REACH, 255 for the fullest bin."""
    place = np.floor((means + REACH) / (2 * REACH) * BINS).astype(np.int64)
    counts = np.stack([np.bincount(column[(column >= 0) & (column < BINS)], minlength=BINS) for column in place.T])
    levels: np.ndarray = np.rint(255 * counts / np.maximum(1, counts.max(axis=1, keepdims=True)))
    return levels.astype(np.uint8)


def quantiles(means: np.ndarray, log_variances: np.ndarray) -> np.ndarray:
    """Quantiles of the aggregate posterior at LEVELS, of (P, D) each: (D, len(LEVELS)) float32.

    Each posterior is represented by as many points as make POINTS of all. They are evenly spaced in probability and
    shifted from image to image by the golden ratio, which is nearer to the mixture than random draws of that number.
    """
    noise = _even_noise(len(means))  # (P, each)
    centres, deviations = (np.ascontiguousarray(values.T) for values in (means, np.exp(log_variances / 2)))  # (D, P)
    place = np.array(LEVELS) * (noise.size - 1)
    below = place.astype(np.int64)
    above, share = np.minimum(below + 1, noise.size - 1), place - below
    found = []
    at_once = max(1, AT_ONCE // noise.size)
    for first in range(0, len(centres), at_once):
        few = slice(first, first + at_once)
        points = (centres[few, :, None] + deviations[few, :, None] * noise).reshape(-1, noise.size)  # (few, P · each)
        # Sorted and read off, linearly between two points: a third of the time of np.quantile, with the same result.
        points.sort(axis=1)
        found.append(points[:, below] * (1 - share) + points[:, above] * share)
    return np.concatenate(found).astype(np.float32)


@functools.cache  # the same for every epoch, and most of the time that they take
def _even_noise(images: int) -> np.ndarray:
    each = -(-POINTS // images)
    shift = np.arange(images) * GOLDEN % 1  # (P,)
    share = (np.arange(each) + np.clip(shift, 1e-4, 1 - 1e-4)[:, None]) / each  # (P, each)
    return np.array([NormalDist().inv_cdf(value) for value in share.ravel()], dtype=np.float32).reshape(share.shape)


@functools.lru_cache(maxsize=2)  # likewise
def _all_draws(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def _draws(each: int, *shape: int) -> Iterator[np.ndarray]:
    """The same `each` draws of a shape at every call, in pieces (n, *shape) that memory holds easily."""
    if each * math.prod(shape) <= AT_ONCE:
        yield _all_draws(each, *shape)
        return
    generator, at_once = np.random.default_rng(0), max(1, AT_ONCE // math.prod(shape))
    for first in range(0, each, at_once):
        yield generator.standard_normal((min(at_once, each - first), *shape))


def whole(
    means: np.ndarray, log_variances: np.ndarray, dimensions: Sequence[int] | np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """The Gaussian with the aggregate posterior's mean and covariance in `dimensions` (A of them).

    Returns:
        centre (A,) and whitening (A, A), so that |whitening · (z − centre)| is the Mahalanobis distance of z, and the
        distance within which INSIDE of the aggregate posterior's codes lie, counted on seeded draws.
    """
    chosen = list(dimensions)
    mean, variance = means[:, chosen].astype(np.float64), np.exp(log_variances[:, chosen].astype(np.float64))
    centre = mean.mean(axis=0)
    covariance = (mean - centre).T @ (mean - centre) / len(mean) + np.diag(variance.mean(axis=0))
    try:
        whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    except np.linalg.LinAlgError:  # two dimensions that are one, and hardly vary: then each by itself
        whitening = np.diag(1 / np.sqrt(np.maximum(np.diag(covariance), 1e-30)))
    each, deviation = -(-POINTS // len(mean)), np.sqrt(variance)
    distances = np.concatenate(
        [
            np.linalg.norm((mean + deviation * draws - centre) @ whitening.T, axis=-1).ravel()  # codes (n, P, A)
            for draws in _draws(each, *mean.shape)
        ]
    )
    return centre.astype(np.float32), whitening.astype(np.float32), float(np.quantile(distances, INSIDE))


def spread(
    means: np.ndarray, log_variances: np.ndarray, dimensions: Sequence[int] | np.ndarray
) -> dict[str, np.ndarray]:
    """All of this for one epoch; `dimensions` are those that `whole` looks at."""
    centre, whitening, limit = whole(means, log_variances, dimensions)
    return {
        "density": density(means),  # (D, BINS)
        "quantiles": quantiles(means, log_variances),  # (D, Q)
        "whole/centre": centre,  # (A,)
        "whole/whitening": whitening,  # (A, A)
        "whole/limit": np.array(limit, dtype=np.float32),  # ()
    }


def over_epochs(spreads: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What `spread` found at E epochs with an epoch axis first, as safetensors writes it: as it lies in memory."""
    return {name: np.ascontiguousarray(np.stack([found[name] for found in spreads])) for name in spreads[0]}
