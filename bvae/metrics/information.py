"""How much one dimension of the code tells of a factor: mutual information of binned variables, in nats.

A histogram tells too much: of two variables that have nothing to do with each other, in tables of B × B cells over N
images, it finds (B − 1)² / 2N nats on average, 0.018 for 20 × 20 and 10,000. Every entropy here is Miller's (1955), the
histogram's plus (occupied cells − 1) / 2N, which takes that amount off where all cells are occupied, less where codes
and factors go together and few are, and leaves a factor's information about itself its entropy. What remains within
what chance alone can give counts as 0.

Uncertainty is by bootstrap over images, codes and factors together. A draw has that bias twice, once of the images and
once of the draw, and is corrected twice.

Public code (disentanglement_lib and its descendants) corrects nothing, and bins codes between their smallest and their
largest value, so that one image far out takes the detail from all others. Other code (`mutual_info_regression` over
the factor's variance) divides nats by a square of units, so that the figure depends on the unit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

BINS = 20  # as MIG has them (Chen et al. 2018)
IN_A_CELL = 25  # images, on average, of a table of codes and factors; with fewer images there are fewer bins
TAIL = 0.001  # share of the images that the range of codes leaves out at either end
DRAWS = 200  # of the bootstrap
# Standard deviations of what chance gives that information must exceed to count: one in 10,000 does so by chance.
CHANCE = 4.0


class Factors(NamedTuple):
    """Factors in bins, those left out that are the same for (nearly) every image."""

    names: list[str]
    bins: np.ndarray  # (K, N) int64
    constant: list[str]  # names of those left out
    exact: bool  # whether all others are taken by their values


class Information(NamedTuple):
    """What D dimensions tell of K factors, as shares of the factors' entropies, with R draws of the bootstrap."""

    share: np.ndarray  # (D, K)
    entropy: np.ndarray  # (K,) nats
    draws: np.ndarray  # (R, D, K) shares


# Bins ------------------------------------------------------------------------------------------------------------


def bin_count(images: int) -> int:
    """How many bins so many images fill: 20 from 10,000 images on, and never fewer than 2."""
    return int(np.clip(np.sqrt(images / IN_A_CELL), 2, BINS))


def equal_width(codes: np.ndarray, bins: int, tail: float = TAIL) -> np.ndarray:
    """Each of D codes (N, D) in bins of equal width: (D, N) int64 from 0.

    The bins reach from the code's 0.1 % quantile to its 99.9 % quantile, and what lies beyond is in the first and the
    last, so that their width does not hang on the most extreme image.
    """
    found = np.zeros(codes.T.shape, np.int64)
    for row, values in zip(found, np.asarray(codes, np.float64).T, strict=True):
        if values.size:
            low, high = np.quantile(values, (tail, 1 - tail))
            row[:] = np.searchsorted(np.linspace(low, high, bins + 1)[1:-1], values, side="right")
    return found


def quantile(values: np.ndarray, bins: int) -> np.ndarray:
    """Values (N,) in bins of about as many images each: (N,) int64 from 0.

    Equal values are never parted, so that bins may be fewer or uneven; values of no more kinds than bins have one each.
    """
    kinds, place = np.unique(values, return_inverse=True)
    if len(kinds) <= bins:
        return place.astype(np.int64)
    # An edge is a value that is there, so that it is the same edge after a change of unit.
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="higher"))
    return np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)[1].astype(np.int64)


def bin_factors(factors: Mapping[str, np.ndarray], classes: Collection[str] = ("class",)) -> Factors:
    """Factors (N,) by name in bins.

    Those named in `classes`, and those of at most twice as many values as there are bins, as drawn images have them,
    are taken by their values; all others by quantiles.
    """
    names, rows, constant, exact = [], [], [], True
    for name, values in factors.items():
        bins = bin_count(len(values))
        kinds, row = np.unique(values, return_inverse=True)
        by_value = name in classes or len(kinds) <= 2 * bins
        if not by_value:
            row = quantile(values, bins)
        if row.max(initial=0) > 0:
            names.append(name)
            rows.append(row.astype(np.int64))
            exact = exact and by_value
        else:
            constant.append(name)
    return Factors(names, np.array(rows, np.int64) if rows else np.zeros((0, 0), np.int64), constant, exact)


# Nats ------------------------------------------------------------------------------------------------------------


def entropy(bins: np.ndarray) -> float:
    """The entropy in nats of a variable (N,) of whole numbers from 0, by Miller's estimate."""
    return float(_entropies(bins[np.newaxis], np.ones((1, len(bins)), np.int64), np.ones(1))[0][0, 0])


def mutual_information(first: np.ndarray, second: np.ndarray) -> float:
    """The mutual information in nats of two variables (N,) of whole numbers from 0, less its bias; 0 within chance."""
    found = information(first[np.newaxis], second[np.newaxis], draws=0)
    return float(found.share[0, 0] * found.entropy[0])


def information(codes: np.ndarray, factors: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Information:
    """What each of D binned codes (D, N) tells of each of K binned factors (K, N), which are not constant."""
    images = factors.shape[1]
    weights = np.concatenate([np.ones((1, images), np.int64), resamples(images, draws, seed)])  # (1 + R, N)
    repeats = np.where(np.arange(1 + draws) > 0, 2, 1)  # of the bias
    of_codes, many_codes = _entropies(codes, weights, repeats)  # (1 + R, D), (D,)
    of_factors, many_factors = _entropies(factors, weights, repeats)
    of_pairs, _ = _entropies_of_pairs(codes, factors, weights, repeats)  # (1 + R, D, K)
    nats = of_codes[:, :, np.newaxis] + of_factors[:, np.newaxis, :] - of_pairs
    freedom = np.outer(many_codes - 1, many_factors - 1)
    chance = CHANCE * np.sqrt(2 * freedom) / (2 * max(images, 1))  # 2N · I is χ² with so many degrees of freedom
    chance = np.maximum(chance, 1e-9)  # rounding of a constant is no information either
    nats = np.where(nats > chance, nats, 0.0)
    share = divide(nats, of_factors[:, np.newaxis, :])
    return Information(share[0], of_factors[0], share[1:])


def _entropies(bins: np.ndarray, weights: np.ndarray, repeats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each variable (V, N) under each row of weights (R, N), (R, V); and how many bins each occupies, (V,)."""
    nats, many = _entropies_of_pairs(bins, np.zeros((1, bins.shape[1]), np.int64), weights, repeats)
    return nats[:, :, 0], many[:, 0]


def _entropies_of_pairs(
    first: np.ndarray, second: np.ndarray, weights: np.ndarray, repeats: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair of a variable (D, N) and another (K, N), (R, D, K); and how many cells it occupies, (D, K)."""
    from bvae.metrics.loops import tables

    images = weights.shape[1]
    counts = np.arange(images + 1, dtype=np.float64)
    terms = counts * np.log(np.maximum(counts, 1))  # n log n
    sums, occupied = tables(first, second, weights, terms)
    total = max(images, 1)
    return np.log(total) - sums / total + np.multiply.outer(repeats, occupied - 1) / (2 * total), occupied


# Uncertainty -----------------------------------------------------------------------------------------------------


def resamples(images: int, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """How often each image is in each draw of the bootstrap, (R, N) int64."""
    drawn = np.random.default_rng(seed).integers(0, max(images, 1), (draws, images))
    return np.array([np.bincount(row, minlength=images) for row in drawn], np.int64).reshape(draws, images)


def interval(value: float, draws: np.ndarray, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Where 95 % of the draws (R,) lie, moved so that their mean is the value, and within what is possible."""
    ends = value + np.quantile(draws, (0.025, 0.975)) - draws.mean()
    return [float(end) for end in np.clip(ends, low, high)]


def divide(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """The ratio of two arrays, 0 where there is nothing to divide by."""
    over, under = np.broadcast_arrays(np.asarray(over, np.float64), under)
    return np.divide(over, under, out=np.zeros(over.shape), where=under > 0)
