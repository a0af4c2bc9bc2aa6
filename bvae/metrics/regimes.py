"""What each latent dimension does: tells of every image, of none, or of some only.

By the mean and the variance of q(z_j|x) = N(μ_j, σ_j²) both, since the mean alone cannot tell an active dimension from
a mixed one (Rolínek et al. 2019; Bonheme & Grzes 2021).

- passive: Var_x μ_j ≤ 0.01 (Burda et al. 2016) and E_x σ_j² ≥ 0.9, which is the prior again; or q(z_j|x) is the same
  for all images, whatever it is, so that it tells less than 0.001 nats of them.
- mixed: σ_j² has two peaks over the images, one of them from 0.7 on, where nothing is told: some images use it, others
  leave it to the prior. Counted in eleven bins of 0.1, all above 1 in the last: the lowest bin between the peaks
  has at most three quarters of the lower peak, and fewer by three standard errors of the two counts.
- active: all others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bvae.metrics.decomposition import DEAD_NATS, told_at_most

ACTIVE_VARIANCE = 0.01  # as objective.py counts active units
PRIOR_VARIANCE = 0.9
UNUSED_VARIANCE = 0.7
VALLEY = 0.75
_EDGES = np.linspace(0, 1.1, 12)
_ERRORS = 3.0


class Regime(NamedTuple):
    """How a dimension stands over a set of images."""

    name: str  # active, passive, mixed
    mean_variance: float  # Var_x μ_j
    variance_mean: float  # E_x σ_j²
    share: float  # of the images that use it: 1 of an active one, 0 of a passive one


def regimes(mean: np.ndarray, log_variance: np.ndarray) -> list[Regime]:
    """The regime of each dimension, by the means and log-variances (N, D) of N images.

    Raises:
        ValueError: when there is no image.
    """
    if not len(mean):
        raise ValueError("Without an image there is no telling what a dimension does.")
    mean = np.asarray(mean, np.float64)
    variances = np.exp(np.asarray(log_variance, np.float64))
    told = told_at_most(mean, log_variance)
    found = []
    for j in range(mean.shape[1]):
        mean_variance, variance_mean = float(mean[:, j].var()), float(variances[:, j].mean())
        valley = _valley(variances[:, j])
        if (mean_variance <= ACTIVE_VARIANCE and variance_mean >= PRIOR_VARIANCE) or told[j] < DEAD_NATS:
            name, share = "passive", 0.0
        elif valley is not None:
            name, share = "mixed", float((variances[:, j] < valley).mean())
        else:
            name, share = "active", 1.0
        found.append(Regime(name, mean_variance, variance_mean, share))
    return found


def _valley(variances: np.ndarray) -> float | None:
    """Where the valley between two peaks of variances (N,) lies, if there are two, and the upper one is unused."""
    counts, _ = np.histogram(np.minimum(variances, 1.05), _EDGES)
    first = int(np.searchsorted(_EDGES, UNUSED_VARIANCE + 1e-9)) - 1
    upper = first + int(counts[first:].argmax())
    found: tuple[float, int] | None = None
    for place in range(1, upper):
        peak, low = min(int(counts[:place].max()), int(counts[upper])), int(counts[place])
        deep = low <= VALLEY * peak and peak - low > _ERRORS * (peak + low) ** 0.5
        if deep and (found is None or low < found[0]):
            found = low, place
    return None if found is None else float(_EDGES[found[1]] + 0.05)
