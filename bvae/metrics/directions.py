"""The best linear direction of each factor: what a model knows of it, whether or not an axis of its code stands for it.

The standardised factor is fitted by ridge regression on the means μ (N, D) of all dimensions but the passive ones, in
units in which the aggregate posterior of each of them, of variance Var μ_j + E σ_j², has variance 1. In these units the
fitted factor grows fastest along its coefficients c; the step c / ‖c‖² along them changes it by one standard deviation.
The angle is the one between c and the nearest axis: 0° where one dimension stands for the factor, 45° where two share
it evenly, at most arccos(1 / √D).

R² is cross-validated: each image is predicted by a fit on the other nine tenths, with the penalty that predicts best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

FOLDS = 10
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # in images' worth: of so many times N images with a factor of 0
FEWEST_IMAGES = 50


class Direction(NamedTuple):
    """How one factor lies in latent space."""

    vector: np.ndarray  # (D,) the step in z that changes the factor by one standard deviation; passive dimensions 0
    r2: float  # cross-validated; 0 where the means tell nothing of the factor, below 0 where a fit does harm
    r2_error: float  # its standard error over the images
    angle: float  # degrees to the nearest axis
    axis: int  # the dimension of that axis
    images: int


def directions(
    mean: np.ndarray,
    log_variance: np.ndarray,
    factors: Mapping[str, np.ndarray],
    *,
    passive: Sequence[int] = (),
    seed: int = 0,
) -> dict[str, Direction | str]:
    """The direction of each factor; in its place a sentence of why there is none.

    Args:
        mean, log_variance: of q(z|x) of N images, (N, D).
        factors: each factor's values (N,).
        passive: dimensions that are left out.
        seed: shuffles the images into tenths.

    Raises:
        ValueError: when there are fewer than `FEWEST_IMAGES` images, no dimension that is not passive, or values that
            are not finite.
    """
    mean, log_variance = np.asarray(mean, np.float64), np.asarray(log_variance, np.float64)
    images, dimensions = mean.shape
    used = [j for j in range(dimensions) if j not in set(passive)]
    if images < FEWEST_IMAGES:
        raise ValueError(f"A direction needs {FEWEST_IMAGES} images or more; there are {images}.")
    if not used:
        raise ValueError("All dimensions are passive, so no direction in latent space changes a picture.")
    if not all(np.isfinite(values).all() for values in (mean, log_variance, *factors.values())):
        raise ValueError("Some codes or factors are not finite numbers.")
    scale = np.sqrt(mean[:, used].var(0) + np.exp(log_variance[:, used]).mean(0))  # of the aggregate, above 0
    codes = (mean[:, used] - mean[:, used].mean(0)) / scale
    fold = np.random.default_rng(seed).permutation(np.arange(images) % FOLDS)
    found: dict[str, Direction | str] = {}
    for name, values in factors.items():
        values = np.asarray(values, np.float64)
        if values.std() <= 1e-6 * (1 + abs(values.mean())):
            found[name] = f"All images have the same {name}."
            continue
        target = (values - values.mean()) / values.std()
        r2, error, penalty = _cross_validated(codes, target, fold)
        (coefficients,) = _ridge(codes, target, (penalty,))
        size = float(np.linalg.norm(coefficients))
        if size < 1e-9:
            found[name] = f"The codes tell nothing of the {name}."
            continue
        nearest = int(np.abs(coefficients).argmax())
        vector = np.zeros(dimensions)
        vector[used] = scale * coefficients / size**2
        angle = float(np.degrees(np.arccos(min(1.0, abs(coefficients[nearest]) / size))))
        found[name] = Direction(vector, r2, error, angle, used[nearest], images)
    return found


def _ridge(codes: np.ndarray, target: np.ndarray, penalties: Sequence[float]) -> list[np.ndarray]:
    """For each penalty the coefficients (D,) that predict a centred target (N,) by centred codes (N, D)."""
    values, axes = np.linalg.eigh(codes.T @ codes / len(codes))
    along = axes.T @ (codes.T @ target / len(codes))
    return [axes @ (along / (np.maximum(values, 0) + penalty)) for penalty in penalties]


def _cross_validated(codes: np.ndarray, target: np.ndarray, fold: np.ndarray) -> tuple[float, float, float]:
    """R², its standard error and the penalty of the ridge regression that predicts best what it was not fitted on."""
    predicted = np.zeros((len(PENALTIES), len(target)))
    for number in range(FOLDS):
        out = fold == number
        centre, level = codes[~out].mean(0), target[~out].mean()
        for place, coefficients in enumerate(_ridge(codes[~out] - centre, target[~out] - level, PENALTIES)):
            predicted[place, out] = (codes[out] - centre) @ coefficients + level
    squares = (target - predicted) ** 2  # the target's own are 1 in the mean
    best = int(squares.mean(1).argmin())
    r2 = 1 - float(squares[best].mean())
    # Of a ratio of two means over the same images, to first order.
    error = float((squares[best] - (1 - r2) * target**2).std(ddof=1)) / len(target) ** 0.5
    return r2, error, PENALTIES[best]


def record(found: Direction | str) -> dict[str, Any]:
    """A direction as `metrics.json` holds it."""
    if isinstance(found, str):
        return {"reason": found}
    return {
        "vector": found.vector.tolist(),
        "r2": {
            "value": found.r2,
            "standard_error": found.r2_error,
            "images": found.images,
            "estimator": "Share of the factor's variance that a ridge regression on the means explains, each tenth of "
            "the images by a fit on the others.",
        },
        "angle": found.angle,
        "axis": found.axis,
    }
