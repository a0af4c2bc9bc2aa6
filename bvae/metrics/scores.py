"""How far single dimensions of the code stand for single factors: ten scores, each of which asks something else.

The codes are the means μ(x); the factors are measured on the images themselves (bvae/factors.py), with the class beside
them. A dimension that is not active counts as one that tells nothing: its means are a trace of the image, around 0.01
of a standard deviation, that a histogram or a tree would read as if it were a code, and that its noise drowns.

What is computed here is ours to the last step, so that no library's next version changes a published figure. Where the
code that the papers came with, or that is mostly used (disentanglement_lib, disent 0.9), does otherwise:

- it subtracts no bias from mutual information, and counts dead dimensions (see information.py);
- it trains SAP's support vector machine, with C = 0.01, on codes of any scale, so that scaling a dimension changes it;
  here codes are standardised first;
- InfoMEC's own code calls active what has a twentieth of the largest range, so that an outlier of one dimension makes
  others inactive; weighs classes alike in its regression and not in its loss, so that the entropy that it divides by
  is not the class's; and measures explicitness on the images that it fitted;
- for DCI and for the two scores of pairs see dci.py and pairs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from bvae.metrics.dci import DEPTH, TREES, boosted, completeness, disentanglement
from bvae.metrics.information import (
    DRAWS,
    TAIL,
    Factors,
    bin_count,
    bin_factors,
    divide,
    equal_width,
    information,
    interval,
    resamples,
)
from bvae.metrics.linear import least_squares, log_chances, logistic, standardise, support_vectors
from bvae.metrics.pairs import EXAMPLES, TOGETHER, beta_vae, factor_vae

NAMES = (
    "mig", "disentanglement", "completeness", "informativeness", "sap", "modularity", "compactness", "explicitness",
    "factor_vae", "beta_vae",
)  # fmt: skip
ACTIVE = 0.01  # what the variance of an active dimension's means exceeds (Burda et al. 2016)
FEWEST = 500  # images that scores take
GROUPS = 5  # of images, apart from each other, where a standard error comes from repeating

Record = dict[str, Any]


class Scores(NamedTuple):
    """All scores of one snapshot, and the matrix that they are made of."""

    records: dict[str, Record]  # by the names of `NAMES`, in the form of metrics.json; see `measure`
    factors: list[str]  # the K of them that are not the same for every image
    information: np.ndarray  # (D, K) what a dimension tells of a factor, as a share of the factor's entropy
    information_error: np.ndarray  # (D, K) its standard errors
    importances: np.ndarray  # (D, K) of DCI: what share of a factor's prediction comes from a dimension


class _Known(NamedTuple):
    """What every score is given."""

    codes: np.ndarray  # (N, A) float64, of the active dimensions, standardised
    values: list[np.ndarray]  # (N,) each of the K factors: standardised, or of classes whole numbers from 0
    is_class: list[bool]
    bins: np.ndarray  # (K, N)
    exact: bool  # whether all factors are binned by their values
    halves: tuple[np.ndarray, np.ndarray]  # images to learn from, and held-out images
    weights: np.ndarray  # (1 + R, N) how often each image is in each draw; in the first, once
    latent_dim: int
    seed: int


def measure(
    codes: np.ndarray,
    factors: Mapping[str, np.ndarray],
    classes: Collection[str] = ("class",),
    active: np.ndarray | None = None,
    rule: str = f"variance of the means above {ACTIVE:g}",
    draws: int = DRAWS,
    seed: int = 0,
) -> Scores:
    """All ten scores of codes (N, D) on factors by name, (N,) each.

    Args:
        classes: names of the factors whose values are classes, of which none is more than another.
        active: (D,) which dimensions are; by default those whose codes have a variance above 0.01.
        rule: what `active` goes by, in words.
        draws: of the bootstrap, 2 or more.

    A record is {"value", "standard_error", "interval" where there is one, "images", "estimator": a sentence}, or
    {"reason": a sentence} of a score that cannot be asked of these codes and factors.

    Raises:
        ValueError: when codes or factors are not finite, or not of one length.
    """
    _check(codes, factors)
    images, latent_dim = codes.shape
    if active is None:
        active = codes.var(0) > ACTIVE
    binned = bin_factors(factors, classes)
    shape = (latent_dim, len(binned.names))
    nothing = Scores({}, binned.names, np.zeros(shape), np.zeros(shape), np.zeros(shape))
    if images < FEWEST:
        return nothing._replace(records=_without(f"Scores take {FEWEST} images or more, and there are {images}."))
    if not binned.names:
        return nothing._replace(records=_without("No factor is known that differs from image to image."))
    if not active.any():
        zero = {"value": 0.0, "standard_error": None, "images": images}
        zero["estimator"] = "0 by definition: no dimension of the code is active"
        return nothing._replace(records={name: dict(zero) for name in NAMES})

    known = _known(codes[:, active], factors, classes, binned, latent_dim, draws, seed)
    told = information(equal_width(known.codes, bin_count(images)), known.bins, draws, seed)
    records, importances = _records(known, np.concatenate([told.share[np.newaxis], told.draws]), rule)
    for record in records.values():
        if "estimator" in record and binned.constant:
            record["estimator"] += f"; without what is the same for every image ({', '.join(binned.constant)})"
    found = nothing._replace(records={name: records[name] for name in NAMES})
    found.information[active] = told.share
    found.information_error[active] = told.draws.std(0, ddof=1)
    found.importances[active] = importances
    return found


def _check(codes: np.ndarray, factors: Mapping[str, np.ndarray]) -> None:
    if codes.ndim != 2 or any(values.shape != codes.shape[:1] for values in factors.values()):
        raise ValueError("Codes are (images, dimensions), and every factor has one value for each of the images.")
    if not np.isfinite(codes).all():
        raise ValueError("The codes hold values that are not finite numbers, so nothing can be measured of them.")
    for name, values in factors.items():
        if not np.isfinite(values).all():
            raise ValueError(f"The factor {name} holds values that are not finite numbers.")


def _without(reason: str) -> dict[str, Record]:
    return {name: {"reason": reason} for name in NAMES}


def _known(
    codes: np.ndarray,
    factors: Mapping[str, np.ndarray],
    classes: Collection[str],
    binned: Factors,
    latent_dim: int,
    draws: int,
    seed: int,
) -> _Known:
    images = len(codes)
    codes = np.asarray(codes, np.float64)
    values = []
    for name, bins in zip(binned.names, binned.bins, strict=True):
        column = np.asarray(factors[name], np.float64)[:, np.newaxis]
        values.append(bins if name in classes else standardise(column, column)[:, 0])
    order = np.random.default_rng(seed).permutation(images)
    weights = np.concatenate([np.ones((1, images), np.int64), resamples(images, draws, seed)]).astype(np.float64)
    return _Known(
        standardise(codes, codes),
        values,
        [name in classes for name in binned.names],
        binned.bins,
        binned.exact,
        (order[: images // 2], order[images // 2 :]),
        weights,
        latent_dim,
        seed,
    )


# Records ---------------------------------------------------------------------------------------------------------


def _records(known: _Known, told: np.ndarray, rule: str) -> tuple[dict[str, Record], np.ndarray]:
    """Every score, from what dimensions tell, (1 + R, A, K), and DCI's importances (A, K)."""
    images, active = known.codes.shape
    several = len(known.values) > 1
    draws = len(known.weights) - 1
    bins = bin_count(images)
    histogram = (
        f"means in {bins} bins of equal width ({100 * TAIL:g} % quantile to {100 - 100 * TAIL:g} %), "
        f"{'factors by value' if known.exact else f'measured factors in {bins} bins of equal counts'}, bias subtracted"
    )
    bootstrap = f"{draws} bootstrap draws over images"
    halves = "learned on one half of the images, counted on the other"
    groups = f"standard error from {GROUPS} groups of images apart from each other"
    one_factor = {"reason": "One factor alone differs from image to image; this asks whether several are kept apart."}

    def sampled(values: np.ndarray, estimator: str) -> Record:
        """A score (1 + R,), its bootstrap's draws behind it."""
        found: Record = {"value": float(values[0])}
        found["standard_error"] = float(values[1:].std(ddof=1))
        found["interval"] = interval(values[0], values[1:])
        return found | {"images": images, "estimator": f"{estimator}; {bootstrap}"}

    def repeated(value: float, error: float, estimator: str) -> Record:
        return {"value": value, "standard_error": error, "images": images, "estimator": f"{estimator}; {groups}"}

    importances, predictions = boosted(known.codes, known.values, known.is_class, *known.halves)
    of_groups = [
        boosted(known.codes, known.values, known.is_class, group, group[:0])[0]
        for group in np.array_split(known.halves[0], GROUPS)
    ]
    trees = f"as its share in what {TREES} boosted trees of depth {DEPTH} predict, learned on one half of the images"
    threshold = f"over the {active} active dimensions ({rule})"
    records = {
        "mig": sampled(
            _gap(told).mean(1),
            "The gap between the two dimensions that tell most about a factor, as a share of the factor's entropy, "
            f"mean over factors; {histogram}",
        ),
        "disentanglement": repeated(
            disentanglement(importances),
            _error([disentanglement(found) for found in of_groups]),
            f"How far a dimension serves one factor alone, weighted by how much it serves any, {trees}",
        )
        if several
        else one_factor,
        "completeness": repeated(
            completeness(importances, known.latent_dim),
            _error([completeness(found, known.latent_dim) for found in of_groups]),
            f"How far a factor is served by one dimension alone, {trees}",
        )
        if known.latent_dim > 1
        else {"reason": "The code has one dimension, so that no factor can be spread over several."},
        "informativeness": sampled(
            _informativeness(known, predictions),
            f"How well {TREES} boosted trees predict a factor from all dimensions, mean over factors: R², and of "
            f"classes the accuracy, scaled so that always to guess the commonest is 0; {halves}",
        ),
        "sap": sampled(
            _gap(_single(known)).mean(1),
            "The gap between the two dimensions that alone predict a factor best, mean over factors: R², and of "
            f"classes the accuracy of a linear support vector machine, {halves}",
        ),
        "modularity": sampled(
            _modularity(told),
            f"The largest share that one factor has in what a dimension tells, mean {threshold}, scaled so that even "
            f"shares are 0; {histogram}",
        )
        if several
        else one_factor,
        "compactness": sampled(
            _modularity(told.swapaxes(1, 2)),
            f"The largest share that one dimension has in what is told of a factor, {threshold}, mean over factors, "
            f"scaled so that even shares are 0; {histogram}",
        )
        if active > 1
        else {"reason": "One dimension is active, so that no factor can be spread over several."},
        "explicitness": sampled(
            _explicitness(known),
            "How well a linear function of all dimensions predicts a factor, mean over factors: R², and of classes the "
            f"share of their entropy that logistic regression tells; {halves}",
        ),
    }
    about = f", of measured factors its bin of {bins} with equal counts, which is to share it only about"
    shared = (
        f"{EXAMPLES[0]:,} groups to learn from and {EXAMPLES[1]:,} to count, each of {TOGETHER} {{}} that share its "
        f"value{'' if known.exact else about}; {1 / len(known.values):.2f} by chance"
    )
    pairs: dict[str, tuple[Callable[..., float], str]] = {
        "factor_vae": (
            factor_vae,
            "How often the dimension that varies least among images that share a factor tells which factor it is; "
            f"{shared.format('images')}",
        ),
        "beta_vae": (
            beta_vae,
            "How often a linear classifier tells from the mean distance of pairs that share a factor, dimension by "
            f"dimension, which factor it is; {shared.format('pairs')}",
        ),
    }
    for name, (score, estimator) in pairs.items():
        records[name] = repeated(*_paired(known, score), estimator) if several else one_factor
    return records, importances


def _error(values: list[float]) -> float:
    """The standard error of a mean of values that are drawn apart from each other."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _gap(scores: np.ndarray) -> np.ndarray:
    """Between the best and the next of A dimensions (R, A, K): (R, K); the next of one alone is 0."""
    if scores.shape[1] < 2:
        return scores[:, 0]
    best = np.sort(scores, axis=1)
    return best[:, -1] - best[:, -2]


def _modularity(told: np.ndarray) -> np.ndarray:
    """InfoMEC's ratio (Hsu et al. 2023) of rows (R, A, K), (R,); a row that tells nothing has even shares."""
    columns = told.shape[2]
    shares = np.maximum(divide(told.max(2), told.sum(2)), 1 / columns)
    return (shares.mean(1) - 1 / columns) / (1 - 1 / columns)


# Informativeness ---------------------------------------------------------------------------------------------------


def _informativeness(known: _Known, predictions: list[np.ndarray]) -> np.ndarray:
    learn, held = known.halves
    found = []
    for values, is_class, predicted in zip(known.values, known.is_class, predictions, strict=True):
        if is_class:
            commonest = np.bincount(values[learn]).argmax()
            miss, guess = predicted.argmax(1) != values[held], values[held] != commonest
            found.append(_explained(known.weights[:, held], miss, guess))
        else:
            found.append(_r2(known.weights[:, held], predicted[:, 0], values[held]))
    return np.mean(found, axis=0)


def _r2(weights: np.ndarray, predicted: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The share of the variance of values (M,) that is predicted, (R,) under weights (R, M), and not below 0."""
    means = divide(weights @ values, weights.sum(1))
    total = weights @ values**2 - weights.sum(1) * means**2
    return np.maximum(1 - divide(weights @ (values - predicted) ** 2, total), 0) * (total > 0)


def _explained(weights: np.ndarray, losses: np.ndarray, without: np.ndarray) -> np.ndarray:
    """What share of the losses without a predictor, (M,), it avoids, (R,) under weights (R, M), and not below 0."""
    total = weights @ without.astype(np.float64)
    return np.maximum(1 - divide(weights @ losses.astype(np.float64), total), 0) * (total > 0)


# SAP (Kumar et al. 2018), explicitness (Hsu et al. 2023), pairs ----------------------------------------------------


def _single(known: _Known) -> np.ndarray:
    """How well each dimension alone predicts each factor, (1 + R, A, K). Where dimensions are not active, or there is
    but one, one row more for what is predicted without any."""
    learn, held = known.halves
    weights, codes = known.weights, known.codes
    images, active = codes.shape
    rows = active + (active < max(known.latent_dim, 2))
    found = np.zeros((len(weights), rows, len(known.values)))
    means, squares = weights @ codes / images, weights @ codes**2 / images
    for place, (values, is_class) in enumerate(zip(known.values, known.is_class, strict=True)):
        if is_class:
            classes = values.max() + 1
            hits = np.empty((len(held), rows))
            hits[:, active:] = (values[held] == np.bincount(values[learn]).argmax())[:, np.newaxis]
            for dimension in range(active):
                slopes, constants = support_vectors(codes[learn, dimension], values[learn], classes)
                guessed = (codes[held, dimension, np.newaxis] * slopes + constants).argmax(1)
                hits[:, dimension] = guessed == values[held]
            counted = weights[:, held]
            found[:, :, place] = divide(counted @ hits, counted.sum(1, keepdims=True))
        else:
            mean = (weights @ values / images)[:, np.newaxis]
            variance = (weights @ values**2 / images)[:, np.newaxis] - mean**2
            covariance = weights @ (codes * values[:, np.newaxis]) / images - means * mean
            found[:, :active, place] = divide(covariance**2, (squares - means**2) * variance)
    return found


def _explicitness(known: _Known) -> np.ndarray:
    learn, held = known.halves
    found = []
    for values, is_class in zip(known.values, known.is_class, strict=True):
        if is_class:
            counts = np.bincount(values[learn], minlength=values.max() + 1)
            chances = np.maximum(counts, 0.5) / len(learn)  # of a class that is not among those to learn from
            told = log_chances(logistic(known.codes[learn], values[learn], len(counts)), known.codes[held])
            loss, without = -told[np.arange(len(held)), values[held]], -np.log(chances[values[held]])
            found.append(_explained(known.weights[:, held], loss, without))
        else:
            line = least_squares(known.codes[learn], values[learn, np.newaxis])
            predicted = known.codes[held] @ line[:-1, 0] + line[-1, 0]
            found.append(_r2(known.weights[:, held], predicted, values[held]))
    return np.mean(found, axis=0)


def _paired(known: _Known, score: Callable[..., float]) -> tuple[float, float]:
    """A score of pairs.py on all images, and its standard error."""
    generators = [np.random.default_rng((known.seed, place)) for place in range(1 + GROUPS)]
    fewer = EXAMPLES[0] // GROUPS, EXAMPLES[1] // GROUPS
    groups = np.array_split(np.concatenate(known.halves), GROUPS)
    found = [
        score(known.codes[group], known.bins[:, group], fewer, rng)
        for group, rng in zip(groups, generators[1:], strict=True)
    ]
    return score(known.codes, known.bins, EXAMPLES, generators[0]), _error(found)
