"""Linear predictors, each the one minimum of a convex loss: whatever finds it finds the same, on every machine.

Found by Newton's method, and not by a library's solver, which stops where its version pleases.
"""

from __future__ import annotations

import numpy as np

_STEPS = 50  # of Newton's method at most; five to ten are taken
_NEAR = 1e-8  # a step this short, in standardised units, is the last


def standardise(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Values (N, D) by the mean and standard deviation of others (M, D); a column without any variance is 0."""
    mean, deviation = by.mean(0), by.std(0)
    return np.where(deviation > 0, (values - mean) / np.where(deviation > 0, deviation, 1.0), 0.0)


def least_squares(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The linear functions of inputs (N, D) that come nearest to targets (N, K): (D + 1, K), the constants last."""
    return np.linalg.lstsq(_with_constant(inputs), targets, rcond=None)[0]


def logistic(inputs: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Multinomial logistic regression on labels (N,) from 0: (D + 1, C), the constants last.

    Minimises the deviance plus half of the squared weights, the constants left free: scikit-learn's
    `LogisticRegression()`.
    """
    values = _with_constant(inputs)
    wide = values.shape[1]
    targets = np.eye(classes)[labels]
    # The constants may all grow by the same amount and nothing changes; so little keeps them where they are.
    penalty = np.append(np.ones(wide - 1), 1e-6)[:, np.newaxis]
    weights = np.zeros((wide, classes))
    rows, columns = np.triu_indices(wide)
    products = values[:, rows] * values[:, columns]  # (N, D (D + 1) / 2)

    def loss(weights: np.ndarray) -> float:
        return float(-(_log_chances(values @ weights) * targets).sum() + 0.5 * (penalty * weights**2).sum())

    now = loss(weights)
    for _ in range(_STEPS):
        chances = np.exp(_log_chances(values @ weights))
        gradient = values.T @ (chances - targets) + penalty * weights
        curvature = np.empty((classes, wide, classes, wide))
        for one in range(classes):
            shared = chances[:, one, np.newaxis] * ((np.arange(classes) == one) - chances)  # (N, C)
            blocks = np.zeros((classes, wide, wide))
            blocks[:, rows, columns] = blocks[:, columns, rows] = shared.T @ products
            curvature[one] = blocks.swapaxes(0, 1)
            curvature[one, :, one] += np.diag(penalty[:, 0])
        flat = curvature.reshape(classes * wide, classes * wide)
        step = np.linalg.solve(flat, gradient.T.ravel()).reshape(classes, wide).T
        length = 1.0
        while (after := loss(weights - length * step)) > now and length > 1e-6:
            length /= 2
        if after >= now or np.abs(length * step).max() < _NEAR:
            break
        weights, now = weights - length * step, after
    return weights


def log_chances(weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """What `logistic` says of inputs (N, D): the logarithm of each class's probability, (N, C)."""
    return _log_chances(_with_constant(inputs) @ weights)


def support_vectors(values: np.ndarray, labels: np.ndarray, classes: int, cost: float = 0.01) -> np.ndarray:
    """Linear support vector machines on one dimension (N,), one for each class against the rest: slopes and constants
    (2, C); the class of a value is the one with the largest slope · value + constant.

    Minimises half of the squared weights, the constant's among them, plus `cost` times the squared hinge, with each
    class's own images weighted so that classes of all sizes count alike: scikit-learn's
    `LinearSVC(C=0.01, class_weight="balanced")`, which SAP is published with (Locatello et al. 2019).
    """
    signs = np.where(labels[:, np.newaxis] == np.arange(classes), 1.0, -1.0)  # (N, C)
    counts = (signs > 0).sum(0)
    present = (counts > 0).sum()
    costs = np.where(signs > 0, cost * len(labels) / (present * np.maximum(counts, 1)), cost)
    column = values[:, np.newaxis]
    slopes, constants = np.zeros(classes), np.zeros(classes)

    def loss(slopes: np.ndarray, constants: np.ndarray) -> np.ndarray:
        short = np.maximum(1 - signs * (column * slopes + constants), 0)
        return 0.5 * (slopes**2 + constants**2) + (costs * short**2).sum(0)

    now = loss(slopes, constants)
    for _ in range(_STEPS):
        short = np.maximum(1 - signs * (column * slopes + constants), 0)
        inside = np.where(short > 0, 2 * costs, 0.0)
        pull = inside * short * signs
        to_slope, to_constant = slopes - (pull * column).sum(0), constants - pull.sum(0)
        a, b, c = 1 + (inside * column**2).sum(0), (inside * column).sum(0), 1 + inside.sum(0)
        turn = a * c - b * b
        steps = (c * to_slope - b * to_constant) / turn, (a * to_constant - b * to_slope) / turn
        length = np.ones(classes)
        while ((after := loss(slopes - length * steps[0], constants - length * steps[1])) > now).any():
            length = np.where(after > now, length / 2, length)
            if length.min() < 1e-6:
                length = np.where(after > now, 0.0, length)
        slopes, constants, now = slopes - length * steps[0], constants - length * steps[1], after
        if max(np.abs(length * steps[0]).max(), np.abs(length * steps[1]).max()) < _NEAR:
            break
    return np.stack([slopes, constants])


def _with_constant(inputs: np.ndarray) -> np.ndarray:
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)


def _log_chances(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
