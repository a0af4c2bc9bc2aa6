"""What the KL is spent on: the exact decomposition over the aggregate of a whole set of images.

E_x KL(q(z|x) ‖ p(z)) = I(z; x) + KL(q(z) ‖ Π_j q(z_j)) + Σ_j KL(q(z_j) ‖ p(z_j)): index-code mutual information, total
correlation, dimension-wise KL (Hoffman & Johnson 2016; Chen et al. 2018). All in nats an image, p(z) = N(0, I).

q(z) = (1/N) Σ_n q(z|x_n) is the mixture over all N images and not a mini-batch of them, so log 1/N is added once, after
the sum over dimensions, and once in each dimension's own mixture. Of each image one code z ~ q(z|x) is drawn, at which
all densities are taken; the parts are means over images of differences of the same logarithms, so they add up to the
Monte-Carlo KL of these codes whatever the codes are. The mixture that a code is looked up in contains the code's own
image, which keeps I(z; x) at log N or below.

That is N² × D densities. The joint one is two matrix products and N² exponentials; the D marginal ones are N² × D
exponentials, taken in blocks that stay in a core's cache, on all cores.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

# Below so many nats that a dimension can tell of an image, its aggregate is a Gaussian to 1e-6 nats, and taken for one.
DEAD_NATS = 1e-3
_LOG_2PI = math.log(2 * math.pi)
_ROWS, _CACHED_ROWS = 256, 16  # codes looked up between two reports, and at once: 16 × 10,000 float32 are 640 kB
# How many of its narrowest σ a dimension may span before float32, and products of float64, would lose 1e-5 nats.
_SPAN_FLOAT32, _SPAN_PRODUCTS = 500.0, 5e4


class Part(NamedTuple):
    """A mean over images, and its standard error; that is None of a single image."""

    value: float  # nats an image
    standard_error: float | None


class Decomposition(NamedTuple):
    """The KL of N images and its three parts, which add up to it."""

    images: int
    kl: Part  # Monte Carlo, of the same codes as the parts
    mutual_information: Part
    total_correlation: Part
    dimension_wise_kl: Part
    per_dimension: np.ndarray  # (D,) KL(q(z_j) ‖ p(z_j)), which add up to the dimension-wise KL
    analytic_kl: np.ndarray  # (D,) E_x KL(q(z_j|x) ‖ p(z_j)), in closed form

    @property
    def ceiling(self) -> float:
        """log N, above which no mutual information between N images and their codes can be."""
        return math.log(self.images)


def decompose(
    mean: np.ndarray,
    log_variance: np.ndarray,
    seed: int = 0,
    report: Callable[[float], None] | None = None,
    threads: int | None = None,
) -> Decomposition:
    """Split the KL of posteriors N(μ(x), diag σ²(x)), of means and log-variances (N, D).

    The standard errors are of the N images and the codes drawn of them: to first order the images that make up the
    aggregate add nothing to them, since the derivative of −E log q(z) by an image's weight is −log q at its own code.

    Args:
        seed: repeats the draw of the codes.
        report: told the share that is done, a few times a second; what it raises ends the work.
        threads: how many cores to use; by default all.

    Raises:
        ValueError: for other shapes, no image, or values that are not finite.
    """
    mean, log_variance = (np.asarray(array, np.float64) for array in (mean, log_variance))
    if mean.ndim != 2 or mean.shape != log_variance.shape or not mean.size:
        raise ValueError(f"Means {mean.shape} and log-variances {log_variance.shape} should both be (N, D), N, D ≥ 1.")
    if not (np.isfinite(mean).all() and np.isfinite(log_variance).all()):
        raise ValueError("Some means or variances are not finite numbers, so there is no KL to split.")
    images, _ = mean.shape
    noise = np.random.default_rng(seed).standard_normal(mean.shape)
    codes = mean + np.exp(0.5 * log_variance) * noise
    conditional = -0.5 * (noise**2 + log_variance + _LOG_2PI)  # (N, D) log q(z_ij|x_i)
    prior = -0.5 * (codes**2 + _LOG_2PI)  # (N, D) log p(z_ij)
    joint, marginal = _log_aggregate(codes, mean, log_variance, report, threads)

    def part(ratio: np.ndarray) -> Part:
        error = float(ratio.std(ddof=1)) / math.sqrt(images) if images > 1 else None
        return Part(float(ratio.mean()), error)

    return Decomposition(
        images=images,
        kl=part((conditional - prior).sum(1)),
        mutual_information=part(conditional.sum(1) - joint),
        total_correlation=part(joint - marginal.sum(1)),
        dimension_wise_kl=part((marginal - prior).sum(1)),
        per_dimension=(marginal - prior).mean(0),
        analytic_kl=0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean(0),
    )


def told_at_most(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """An upper bound (D,) of I(z_j; x) in nats, from means and log-variances (N, D).

    Of all distributions with the variance of q(z_j) the Gaussian has the highest entropy, so
    I(z_j; x) = H(z_j) − E H(z_j|x) ≤ ½ log (E σ_j² + Var μ_j) − ½ E log σ_j².
    """
    mean, log_variance = (np.asarray(array, np.float64) for array in (mean, log_variance))
    told = 0.5 * (np.log(np.exp(log_variance).mean(0) + mean.var(0)) - log_variance.mean(0))
    return np.maximum(0.0, told)


def _log_aggregate(
    codes: np.ndarray,
    mean: np.ndarray,
    log_variance: np.ndarray,
    report: Callable[[float], None] | None,
    threads: int | None,
) -> tuple[np.ndarray, np.ndarray]:
    """log q(z_i) (N,) and log q(z_ij) (N, D) of codes (N, D)."""
    images, dimensions = codes.shape
    told = told_at_most(mean, log_variance)
    centre, variance = mean.mean(0), np.exp(log_variance).mean(0) + mean.var(0)
    marginal = -0.5 * ((codes - centre) ** 2 / variance + np.log(variance) + _LOG_2PI)  # stays where it is dead
    lookups = [(j, _marginal(mean[:, j], log_variance[:, j])) for j in range(dimensions) if told[j] >= DEAD_NATS]
    lookup = _joint(codes, mean, log_variance)
    joint = np.empty(images)
    # One core a product: beside threads of our own, those of BLAS would wait for each other, six times as long.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for first in range(0, images, _ROWS):
            rows = slice(first, first + _ROWS)
            whole = pool.submit(lookup, codes[rows])
            found = [(j, pool.submit(function, codes[rows, j])) for j, function in lookups]
            joint[rows] = whole.result()
            for j, densities in found:
                marginal[rows, j] = densities.result()
            if report:
                report(min(1.0, (first + _ROWS) / images))
    return joint, marginal


def _marginal(mean: np.ndarray, log_variance: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The function that gives log q(z_j) at codes (M,), of means and log-variances (N,) of one dimension.

    Differences are taken before they are squared: with z² − 2 z μ + μ² float32 would lose what a narrow σ tells apart.
    """
    narrowest = math.exp(0.5 * log_variance.min())
    kind = np.float32 if _reach(mean) < _SPAN_FLOAT32 * narrowest else np.float64
    highest = -0.5 * log_variance.min()
    heights = (-0.5 * log_variance - highest).astype(kind)  # (N,) log of a bell's height, at most 0
    scales = (np.exp(-0.5 * log_variance) / math.sqrt(2)).astype(kind)
    centres = mean.astype(kind)
    constant = highest - math.log(len(mean)) - 0.5 * _LOG_2PI

    def densities(codes: np.ndarray) -> np.ndarray:
        codes = codes.astype(kind)
        sums = np.empty(len(codes))
        terms = np.empty((_CACHED_ROWS, len(centres)), kind)
        for first in range(0, len(codes), _CACHED_ROWS):
            few = codes[first : first + _CACHED_ROWS]
            block = terms[: len(few)]
            np.subtract.outer(few, centres, out=block)
            block *= scales
            block *= block
            np.subtract(heights, block, out=block)
            np.exp(block, out=block)
            sums[first : first + len(few)] = block.sum(1)
        return np.log(sums) + constant  # a code's own image is among them, so no sum is 0

    return densities


def _joint(codes: np.ndarray, mean: np.ndarray, log_variance: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The function that gives log q(z) at codes (M, D), of means and log-variances (N, D).

    The exponent is a product of matrices in float64, (z², z, 1) · (−½/σ², μ/σ², −½ Σ_j μ_j²/σ_j²), about the centre.
    Where a σ is so narrow that this would lose digits, as without a KL to pay for it, differences come first here, too.
    """
    images = len(mean)
    centre = mean.mean(0)
    precision = np.exp(-log_variance)  # (N, D)
    safe = np.array([_reach(column) for column in mean.T]) < _SPAN_PRODUCTS * np.exp(0.5 * log_variance.min(0))  # (D,)
    around, inside = (mean - centre)[:, safe], precision[:, safe]
    factors = np.concatenate([-0.5 * inside, around * inside], axis=1).T.copy()  # (2 D, N)
    heights = -0.5 * ((around**2 * inside).sum(1) + log_variance.sum(1))  # (N,)
    constant = -math.log(images) - 0.5 * _LOG_2PI * mean.shape[1]

    def densities(codes: np.ndarray) -> np.ndarray:
        found = np.empty(len(codes))
        for first in range(0, len(codes), 4 * _CACHED_ROWS):
            few = codes[first : first + 4 * _CACHED_ROWS]
            moved = (few - centre)[:, safe]
            exponents = np.concatenate([moved**2, moved], axis=1) @ factors  # (M, N)
            exponents += heights
            for j in np.flatnonzero(~safe):
                exponents -= 0.5 * (np.subtract.outer(few[:, j], mean[:, j]) ** 2 * precision[:, j])
            highest = exponents.max(1)
            exponents -= highest[:, None]
            # Each term is at most 1 and to 1e-6 of itself what float64 would have, and is added up in float64.
            terms = np.exp(exponents.astype(np.float32))
            found[first : first + len(few)] = np.log(terms.sum(1, dtype=np.float64)) + highest + constant
        return found

    return densities


def _reach(mean: np.ndarray) -> float:
    """How far from 0 and from each other the means (N,) of a dimension are, and one more for the width of the prior."""
    return float(np.abs(mean).max() + np.ptp(mean)) + 1.0
