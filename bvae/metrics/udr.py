"""Between seeds: whether a model finds the same dimensions again when it is trained anew (UDR, Duan et al. 2020).

What is disentangled is found by every training that differs in its seed alone, but for order and sign; what is not is
turned another way each time. No factor has to be known for that.

R(j, l) is the absolute rank correlation of dimension j of one run with dimension l of another over the same images,
taken between informative dimensions, whose KL is above 0.01 nat. Of two runs, with D_a and D_b informative ones,

    UDR_ab = (Σ_l max_j R(j, l)² / Σ_j R(j, l) + Σ_j max_l R(j, l)² / Σ_l R(j, l)) / (D_a + D_b)

and a run's score is the median over the other runs. The published code (disentanglement_lib) takes the two sums'
means instead, so that runs of different D_a and D_b count differently, and fails on a run of which nothing is
informative; it correlates by Lasso unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bvae.metrics.information import DRAWS, divide, interval, resamples

if TYPE_CHECKING:
    from bvae.runs import Run

INFORMATIVE = 0.01  # nats of KL
# Where a run is computed changes its last bits and not what it is.
_FREE = ("seed", "device")


class Udr(NamedTuple):
    """How far R runs found the same dimensions."""

    records: list[dict[str, Any]]  # of each run in turn, as metrics.json has figures
    pairs: np.ndarray  # (R, R) UDR of each two runs; 0 on the diagonal, which asks nothing
    informative: list[int]  # dimensions of each run


class Match(NamedTuple):
    """For each dimension of one run its counterpart in another, by the pairing of the largest sum of strengths."""

    dimension: np.ndarray  # (D,) int64 of the other run; −1 where that has no more
    sign: np.ndarray  # (D,) 1 or −1: whether both grow together
    strength: np.ndarray  # (D,) the absolute rank correlation; 0 where there is no counterpart


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each of the means (N, D) with each of others (N, E): (D, E); of a constant 0."""
    return _ranks(first).T @ _ranks(second) / max(len(first), 1)


def matched(first: np.ndarray, second: np.ndarray) -> Match:
    """Which dimension of the second means (N, E) stands for each of the first (N, D), over the same images.

    Raises:
        ValueError: when these are not so many images, or a mean is not finite.
    """
    _check([first, second])
    from scipy.optimize import linear_sum_assignment

    found = correlations(first, second)
    rows, columns = linear_sum_assignment(-np.abs(found))
    match = Match(np.full(len(found), -1), np.ones(len(found), np.int64), np.zeros(len(found)))
    match.dimension[rows] = columns
    match.sign[rows] = np.where(found[rows, columns] < 0, -1, 1)
    match.strength[rows] = np.minimum(np.abs(found[rows, columns]), 1)
    return match


def udr(means: Sequence[np.ndarray], kls: Sequence[np.ndarray], draws: int = DRAWS, seed: int = 0) -> Udr:
    """How far two runs or more found the same dimensions.

    Args:
        means: of each run, (N, D), of the same N images.
        kls: of each run, (D,) nats: the mean over images of each dimension's KL.
        draws: of the bootstrap over images, 2 or more. A draw keeps the ranks that an image has among all.

    Raises:
        ValueError: for fewer than two runs, different numbers of images, or means that are not finite.
    """
    if len(means) < 2:
        raise ValueError("Whether dimensions are found again takes two runs or more, which differ in their seed alone.")
    _check(means)
    images = len(means[0])
    ranks = [_ranks(mean[:, kl > INFORMATIVE]) for mean, kl in zip(means, kls, strict=True)]
    informative = [part.shape[1] for part in ranks]
    ends = np.cumsum([0, *informative])
    runs = [slice(*ends[place : place + 2]) for place in range(len(ranks))]
    together = np.concatenate(ranks, axis=1)
    tables = [_pairs(np.abs(together.T @ together) / max(images, 1), runs)]
    for weights in resamples(images, draws, seed):
        weighted = together * weights[:, np.newaxis]
        mean = weighted.sum(0) / max(images, 1)
        covariance = weighted.T @ together / max(images, 1) - np.outer(mean, mean)
        deviation = np.sqrt(np.maximum(covariance.diagonal(), 0))
        tables.append(_pairs(np.abs(divide(covariance, np.outer(deviation, deviation))), runs))
    found = np.array(tables)  # (1 + draws, R, R)

    records = []
    for run in range(len(ranks)):
        medians = np.median(np.delete(found[:, run], run, axis=1), axis=1)
        others = f"the {len(ranks) - 1} other runs" if len(ranks) > 2 else "the other run"
        records.append(
            {
                "value": float(medians[0]),
                "standard_error": float(medians[1:].std(ddof=1)),
                "interval": interval(medians[0], medians[1:]),
                "images": images,
                "estimator": f"How far each informative dimension (KL above {INFORMATIVE:g} nat) has one counterpart "
                f"and no more in {others}, which differ in their seed alone, by rank correlation over the same images, "
                f"median over runs; {draws} bootstrap draws over images, and none over seeds",
            }
        )
    return Udr(records, found[0], informative)


def udr_of_runs(runs: Sequence[Run], epoch: int | None = None, draws: int = DRAWS) -> Udr:
    """How far runs that differ in their seed alone found the same dimensions, by their probe images.

    Args:
        epoch: of the snapshots; by default the last that all of them have.
        draws: as `udr` takes them.

    Raises:
        ValueError: when they differ in more, or in too little; the message says in what.
        RunError: when one cannot be read, or has no such snapshot.
    """
    if len(runs) < 2:
        raise ValueError("Whether dimensions are found again takes two runs or more, which differ in their seed alone.")
    first = runs[0]
    probe = first.probe()
    for run in runs[1:]:
        one, other = apart_from_seed(first), apart_from_seed(run)
        if different := [name for name in one if one[name] != other[name]]:
            raise ValueError(
                f"{first.name} and {run.name} differ in {', '.join(different)}. Only runs that differ in their seed "
                "alone tell what is found again."
            )
        if first.details.get("data", {}).get("sha256") != run.details.get("data", {}).get("sha256"):
            raise ValueError(f"{first.name} and {run.name} were trained on different images.")
        images = run.probe()
        if not np.array_equal(images.indices, probe.indices) or not np.array_equal(images.images, probe.images):
            raise ValueError(f"{first.name} and {run.name} follow different images, so their codes cannot be compared.")
    seeds = [run.config.seed for run in runs]
    if len(set(seeds)) < len(seeds):
        raise ValueError("Two of these runs have the same seed, so that they are the same run.")
    if epoch is None:
        shared = set(first.epochs()).intersection(*(run.epochs() for run in runs[1:]))
        if not shared:
            raise ValueError("These runs have no snapshot of the same epoch.")
        epoch = max(shared)
    means, kls = [], []
    for run in runs:
        latents = run.latents(epoch)
        mean, log_variance = latents.mean.astype(np.float64), latents.log_variance.astype(np.float64)
        means.append(mean)
        kls.append(0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean(0))
    return udr(means, kls, draws)


def apart_from_seed(run: Run) -> dict[str, Any]:
    """The config of a run without what may differ between runs of which one is the other, trained anew."""
    return {name: value for name, value in run.config.to_dict().items() if name not in _FREE}


def _check(means: Sequence[np.ndarray]) -> None:
    if len({len(mean) for mean in means}) > 1:
        raise ValueError("Codes of different images cannot be compared.")
    if not all(np.isfinite(mean).all() for mean in means):
        raise ValueError("The means hold values that are not finite numbers.")


def _ranks(means: np.ndarray) -> np.ndarray:
    """Each image's rank in each dimension (N, D), equal values sharing theirs, standardised; of a constant 0.

    As `scipy.stats.rankdata`, which would be all that Compare needs of scipy.stats, and imports for half a second.
    """
    ranks = np.zeros(means.shape)
    for dimension, values in enumerate(means.T):
        _, place, count = np.unique(values, return_inverse=True, return_counts=True)
        ranks[:, dimension] = (np.cumsum(count) - (count - 1) / 2)[place]
    ranks -= ranks.mean(0) if len(ranks) else 0
    deviation = np.sqrt((ranks**2).mean(0)) if len(ranks) else np.ones(means.shape[1])
    return divide(ranks, deviation)


def _pairs(table: np.ndarray, runs: Sequence[slice]) -> np.ndarray:
    """UDR of each two runs, by the absolute correlations of all their informative dimensions."""
    found = np.zeros((len(runs), len(runs)))
    for one, rows in enumerate(runs):
        for other, columns in enumerate(runs[:one]):
            part = table[rows, columns]
            if part.size:
                strength = divide(part.max(0) ** 2, part.sum(0)).sum() + divide(part.max(1) ** 2, part.sum(1)).sum()
                found[one, other] = found[other, one] = strength / sum(part.shape)
    return found
