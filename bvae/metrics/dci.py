"""DCI (Eastwood & Williams 2018): what a predictor of each factor makes use of.

The predictor is gradient boosting with the settings of scikit-learn's, by which disentanglement_lib publishes figures:
100 trees of depth 3, a tenth of each, squared error for what is measured and multinomial deviance for classes. It is
grown here (loops.py), on codes in 64 bins of equal counts, so that the figures hang on no library's version. A leaf has
10 images or more, where scikit-learn's may have one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bvae.metrics.information import divide, quantile

TREES, DEPTH, RATE, LEAF, BINS = 100, 3, 0.1, 10, 64


def disentanglement(importances: np.ndarray) -> float:
    """Of importances (D, K): 1 − the entropy to the base K of what a dimension serves, by how much it serves at all."""
    of_dimensions = importances.sum(1)
    alone = 1 - _evenness(importances, importances.shape[1])
    return float(divide((of_dimensions * alone).sum(), of_dimensions.sum()))


def completeness(importances: np.ndarray, latent_dim: int) -> float:
    """Of importances (D, K): 1 − the entropy to the base D of what serves a factor, on average over factors; the rows
    of dimensions that serve none may be left out."""
    return float((1 - _evenness(importances.T, latent_dim)).mean())


def _evenness(rows: np.ndarray, base: int) -> np.ndarray:
    """The entropy of rows (V, B), each as shares of its sum, to the base of what they could be: (V,); of none, 1."""
    shares = divide(rows, rows.sum(1, keepdims=True))
    found = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(1) / np.log(base)
    return np.where(rows.sum(1) > 0, found, 1.0)


def boosted(
    codes: np.ndarray,
    factors: Sequence[np.ndarray],
    is_class: Sequence[bool],
    learn: np.ndarray,
    held: np.ndarray,
    many: int = BINS,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """What is predicted of each of K factors, and from where.

    Args:
        codes: (N, D).
        factors: (N,) each: standardised, or of classes whole numbers from 0.
        learn: the images to grow trees on.
        held: M other images.
        many: bins that codes are cut at; the more there are, the more exact and the slower.

    Returns:
        The importances (D, K), each factor's with the sum 1, or 0 where it took no tree at all; and by factor what is
        predicted of the held-out images, (M, 1), or (M, C) log-odds of classes.
    """
    from bvae.metrics.loops import boost

    bins = np.array([quantile(column, many) for column in codes.T], np.uint16)
    importances, predictions = np.zeros((len(bins), len(factors))), []
    for place, (values, by_class) in enumerate(zip(factors, is_class, strict=True)):
        targets = np.eye(values.max() + 1)[values] if by_class else values[:, np.newaxis]
        gains, predicted = boost(
            bins[:, learn], many, targets[learn], by_class, bins[:, held], TREES, DEPTH, RATE, LEAF
        )
        importances[:, place] = divide(gains, gains.sum())
        predictions.append(predicted)
    return importances, predictions
