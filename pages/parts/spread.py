"""Where in the latent space the data are: what the browser draws behind each slider, and when it says that a code has
left them. numpy only.

Two views of the probe images are used. Their means are what an image is shown as. The aggregate posterior, the mixture
of their posteriors q(z|x), is what the decoder was trained on: it is wider than the means, and in a dimension that
carries nothing it is N(0, 1) while all means lie at 0. So the histograms count means, and the limits are those of the
aggregate posterior.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

REACH = 4.0  # of the sliders, see LIMIT in assets/js/traverse-data.js
BINS = 64
LEVELS = (0.005, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.995)  # of the quantiles
INSIDE = 0.99  # of the aggregate posterior's codes count as where the data are
POINTS = 20_000  # of the aggregate posterior, for its quantiles

GOLDEN = (5**0.5 - 1) / 2


def density(means: np.ndarray) -> np.ndarray:
    """How the means of (P, D) lie along each dimension: (D, BINS) uint8 over ±REACH, 255 for the fullest bin."""
    place = np.floor((means + REACH) / (2 * REACH) * BINS).astype(np.int64)
    counts = np.stack([np.bincount(column[(column >= 0) & (column < BINS)], minlength=BINS) for column in place.T])
    return np.rint(255 * counts / np.maximum(1, counts.max(axis=1, keepdims=True))).astype(np.uint8)


def quantiles(means: np.ndarray, log_variances: np.ndarray) -> np.ndarray:
    """Quantiles of the aggregate posterior at LEVELS, of (P, D) each: (D, len(LEVELS)) float32.

    Each posterior is represented by as many points as make POINTS of all. They are evenly spaced in probability and
    shifted from image to image by the golden ratio, which is nearer to the mixture than random draws of that number.
    """
    noise = _even_noise(len(means))  # (P, each)
    centres, deviations = (np.ascontiguousarray(values.T) for values in (means, np.exp(log_variances / 2)))  # (D, P)
    points = (centres[:, :, None] + deviations[:, :, None] * noise).reshape(len(centres), -1)  # (D, P · each)
    # Sorted and read off, linearly between two points: a third of the time of np.quantile, with the same result.
    points.sort(axis=1)
    place = np.array(LEVELS) * (noise.size - 1)
    below = place.astype(np.int64)
    above, share = np.minimum(below + 1, noise.size - 1), place - below
    return (points[:, below] * (1 - share) + points[:, above] * share).astype(np.float32)


@functools.cache  # the same for every epoch, and most of the time that they take
def _even_noise(images: int) -> np.ndarray:
    each = -(-POINTS // images)
    shift = np.arange(images) * GOLDEN % 1  # (P,)
    share = (np.arange(each) + np.clip(shift, 1e-4, 1 - 1e-4)[:, None]) / each  # (P, each)
    return np.array([NormalDist().inv_cdf(value) for value in share.ravel()], dtype=np.float32).reshape(share.shape)


@functools.lru_cache(maxsize=2)  # likewise
def _draws(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def whole(
    means: np.ndarray, log_variances: np.ndarray, dimensions: Sequence[int]
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
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    each = -(-POINTS // len(mean))
    codes = mean + np.sqrt(variance) * _draws(each, *mean.shape)  # (each, P, A)
    distances = np.linalg.norm((codes - centre) @ whitening.T, axis=-1)
    return centre.astype(np.float32), whitening.astype(np.float32), float(np.quantile(distances, INSIDE))


def spread(latents: Sequence[tuple[np.ndarray, np.ndarray]], dimensions: Sequence[int]) -> dict[str, np.ndarray]:
    """All of this for E epochs, as `pages.parts.live` sends it; `dimensions` are those that `whole` looks at."""
    wholes = [whole(*of_epoch, dimensions) for of_epoch in latents]
    tensors = {
        "density": np.stack([density(means) for means, _ in latents]),  # (E, D, BINS)
        "quantiles": np.stack([quantiles(*of_epoch) for of_epoch in latents]),  # (E, D, Q)
        "whole/centre": np.stack([centre for centre, _, _ in wholes]),  # (E, A)
        "whole/whitening": np.stack([whitening for _, whitening, _ in wholes]).astype(np.float32),  # (E, A, A)
        "whole/limit": np.array([limit for _, _, limit in wholes], dtype=np.float32),  # (E,)
    }
    # safetensors writes the memory as it lies.
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
