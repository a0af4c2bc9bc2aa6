"""What each latent dimension means, by intervention: it alone is moved, and what changes of the picture is measured.

Not by correlation, since the factors of written digits go together in the data. From many starting digits, all classes
alike, dimension j is set to the 7 % and to the 93 % quantile of its aggregate posterior, the rest of the code stays as
it is, both codes are decoded, and the factors of the two pictures are measured as those of real ones are
(`bvae.factors`). Of each factor k:

    effect       E_jk, its mean difference, in standard deviations of the factor over the test images
    agreement    A_jk, the share of starting digits whose difference has the sign of the mean
    specificity  E² of the factor with the largest |E| over the sum of E² of all factors

A dimension is named by the factor with the largest |E|, where |E| ≥ 1 and A ≥ 0.9; factors with at least half of that
|E| are named behind it. Area follows thickness and length: it is not the first name where one of these has at least
two thirds of its effect. Where an |E| reaches 1, but the digits do not agree, the dimension is `MIXED`; where none
reaches it, what changes is `UNMEASURED`; and one that is passive carries `NOTHING`: nothing is decoded for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bvae.factors import FACTORS, Progress, measure
from bvae.numbers import turns

MIXED, UNMEASURED, NOTHING = "mixed", "nothing that is measured", "carries nothing"
STARTS = 200
FEWEST_STARTS = 20  # of which 18 can agree
QUANTILES = (0.07, 0.93)
LEAST_EFFECT, LEAST_AGREEMENT = 1.0, 0.9
NAMED_BEHIND = 0.5
AREA_FOLLOWS = 2 / 3
_PICTURES = 4_000  # decoded and measured in one go

Decode = Callable[[np.ndarray], np.ndarray]


class Evidence(NamedTuple):
    """What moving one dimension changed. A factor that is the same for all real images has no scale, and is absent."""

    factor: str | None  # the first name; None where the dimension has none
    range: tuple[float, float] | None  # where it was moved from and to; None where it was not
    effects: dict[str, float]  # in standard deviations of the factor
    standard_errors: dict[str, float]  # of the effects
    agreement: dict[str, float]
    per_unit: dict[str, float]  # change in the factor's own unit for one unit of z
    specificity: float | None  # None where nothing changed
    images: int  # starting digits


def names(
    mean: np.ndarray,
    log_variance: np.ndarray,
    decode: Decode,
    deviations: Mapping[str, float],
    *,
    labels: np.ndarray | None = None,
    passive: Sequence[int] = (),
    starts: int = STARTS,
    progress: Progress | None = None,
    processes: int | None = None,
) -> list[tuple[str, Evidence]]:
    """The name of each of D dimensions, and the evidence for it.

    Args:
        mean, log_variance: of q(z|x) of N images, (N, D).
        decode: codes (M, D) float32 to pictures (M, H, W) float from 0 to 1.
        deviations: of each factor its standard deviation over real images, in its unit; see `deviations`.
        labels: (N,) the classes of the images, of which all then start alike often; left out, images at even distances
            start.
        passive: dimensions that carry nothing. They cost nothing here.
        starts: how many images to start from, or all if there are fewer.
        progress: told how many pictures are measured, and of how many.
        processes: see `bvae.factors.measure`.

    Raises:
        ValueError: for fewer than `FEWEST_STARTS` images, or codes or decoded pixels that are no numbers.
    """
    mean, log_variance = np.asarray(mean, np.float64), np.asarray(log_variance, np.float64)
    if len(mean) < FEWEST_STARTS:
        raise ValueError(f"A name needs {FEWEST_STARTS} images or more to start from; there are {len(mean)}.")
    if not (np.isfinite(mean).all() and np.isfinite(log_variance).all()):
        raise ValueError("There are codes that are not finite numbers.")
    begin = mean[starting(len(mean), starts, labels)]
    dimensions = [j for j in range(mean.shape[1]) if j not in set(passive)]
    ends = {j: quantiles(mean[:, j], log_variance[:, j], QUANTILES) for j in dimensions}
    found = {j: (NOTHING, Evidence(None, None, {}, {}, {}, {}, None, 0)) for j in range(mean.shape[1])}
    at_once = max(1, _PICTURES // (2 * len(begin)))
    total = 2 * len(begin) * len(dimensions)
    for first in range(0, len(dimensions), at_once):
        group = dimensions[first : first + at_once]
        codes = np.tile(begin, (len(group), 2, 1, 1))  # (G, 2, M, D)
        for place, j in enumerate(group):
            codes[place, :, :, j] = np.asarray(ends[j])[:, None]
        pictures = decode(codes.reshape(-1, mean.shape[1]).astype(np.float32))
        values = measure(
            np.clip(pictures, 0, 1), progress=_later(progress, 2 * len(begin) * first, total), processes=processes
        )
        moved = {name: values[name].reshape(len(group), 2, -1) for name in FACTORS if deviations.get(name, 0) > 0}
        for place, j in enumerate(group):
            differences = {name: ends_of[place, 1] - ends_of[place, 0] for name, ends_of in moved.items()}
            found[j] = _judged(differences, deviations, ends[j])
    return [found[j] for j in range(mean.shape[1])]


def _later(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Of pictures that come after others, the progress of all."""
    return None if progress is None else lambda done, _: progress(before + done, total)


def _judged(
    differences: Mapping[str, np.ndarray], deviations: Mapping[str, float], ends: tuple[float, float]
) -> tuple[str, Evidence]:
    """Name and evidence by the differences (M,) of each factor between the two ends of a dimension."""
    images = len(next(iter(differences.values()), ()))
    span = max(ends[1] - ends[0], 1e-12)
    means = {name: float(change.mean()) for name, change in differences.items()}
    effects = {name: mean / deviations[name] for name, mean in means.items()}
    errors = {name: float(change.std(ddof=1)) / images**0.5 / deviations[name] for name, change in differences.items()}
    agreement = {
        name: float((np.sign(change) == np.sign(means[name])).mean()) if means[name] else 0.0
        for name, change in differences.items()
    }
    squares = {name: effect**2 for name, effect in effects.items()}
    whole = sum(squares.values())
    factor, name = name_of(effects, agreement)
    evidence = Evidence(
        factor=factor,
        range=ends,
        effects=effects,
        standard_errors=errors,
        agreement=agreement,
        per_unit={name: mean / span for name, mean in means.items()},
        specificity=max(squares.values()) / whole if whole else None,
        images=images,
    )
    return name, evidence


def name_of(effects: Mapping[str, float], agreement: Mapping[str, float]) -> tuple[str | None, str]:
    """The factor that a dimension is named by, None for none, and its name; see the module's docstring.

    Args:
        effects, agreement: E and A by factor.
    """
    sizes = {name: abs(effect) for name, effect in effects.items()}
    if max(sizes.values(), default=0.0) < LEAST_EFFECT:
        return None, UNMEASURED
    order = sorted(sizes, key=lambda name: -sizes[name])
    first = order[0]
    if first == "area":
        first = next(
            (name for name in order if name in ("thickness", "length") and sizes[name] >= AREA_FOLLOWS * sizes["area"]),
            first,
        )
    if sizes[first] < LEAST_EFFECT or agreement[first] < LEAST_AGREEMENT:
        return None, MIXED
    behind = [name for name in order if name != first and sizes[name] >= NAMED_BEHIND * sizes[order[0]]]
    return first, f"{first} (and {', '.join(behind)})" if behind else first


def deviations(factors: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The standard deviation of each factor over images, by its values (N,); 0 where it is all but the same for all."""

    def deviation(values: np.ndarray) -> float:
        if not len(values):
            return 0.0
        found = float(np.std(values))
        return found if found > 1e-6 * (1 + abs(float(np.mean(values)))) else 0.0

    return {name: deviation(values) for name, values in factors.items()}


def starting(count: int, starts: int, labels: np.ndarray | None = None) -> np.ndarray:
    """Which of so many images to start from, indices in order: all classes alike often, as far as they reach."""
    if labels is None:
        return np.unique(np.linspace(0, count - 1, min(count, starts)).round().astype(int))
    return np.sort(np.argsort(turns(np.asarray(labels)), kind="stable")[:starts])


def quantiles(mean: np.ndarray, log_variance: np.ndarray, shares: tuple[float, float]) -> tuple[float, float]:
    """Two quantiles of the aggregate posterior of one dimension, the mixture of N Gaussians with means and
    log-variances (N,): where the mean of their distribution functions is a share, found by halving to 1e-9 of the
    range."""
    from scipy.special import ndtr

    deviation = np.exp(np.asarray(log_variance, np.float64) / 2)

    def quantile(share: float) -> float:
        low, high = float((mean - 8 * deviation).min()), float((mean + 8 * deviation).max())
        for _ in range(30):
            middle = (low + high) / 2
            below = float(ndtr((middle - mean) / deviation).mean())
            low, high = (middle, high) if below < share else (low, middle)
        return (low + high) / 2

    return quantile(shares[0]), quantile(shares[1])


def record(index: int, name: str, evidence: Evidence) -> dict[str, Any]:
    """One dimension as `metrics.json` holds it: index, name and evidence."""
    told = evidence._asdict() | {"range": None if evidence.range is None else list(evidence.range)}
    return {"index": index, "name": name, "evidence": told}
