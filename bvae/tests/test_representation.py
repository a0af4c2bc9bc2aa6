"""Neighbours and the linear classifier are right as often as scikit-learn's, and as a closed form says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from bvae.metrics.representation import linear, neighbours
from bvae.runs import Run


def halves() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    run = Run("mnist-beta4")
    mean, labels = run.latents(10).mean, run.probe().labels
    return mean[::2], labels[::2], mean[1::2], labels[1::2]


def test_as_often_right_as_scikit_learn() -> None:
    codes, labels, held, truth = halves()
    found = neighbours(codes, labels, held, truth)
    assert found.value == pytest.approx(KNeighborsClassifier(15).fit(codes, labels).score(held, truth), abs=0.002)
    assert found.images == len(held)
    assert found.standard_error == pytest.approx(math.sqrt(found.value * (1 - found.value) / len(held)))
    centre, scale = codes.mean(0), codes.std(0)
    other = LogisticRegression(max_iter=1_000).fit((codes - centre) / scale, labels)
    assert linear(codes, labels, held, truth).value == pytest.approx(
        other.score((held - centre) / scale, truth), abs=0.002
    )


def test_two_bells_are_told_apart_as_well_as_they_can_be() -> None:
    """Of N(±1, 1) the best rule is right with the chance Φ(1) = 0.841; of equal bells, half the time."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 8_000)
    codes = random.standard_normal((8_000, 3)) + np.array([1, 0, 0]) * (2 * labels[:, None] - 1)
    found = linear(codes[::2], labels[::2], codes[1::2], labels[1::2])
    assert found.value == pytest.approx(0.8413, abs=3 * found.standard_error)
    for measure in (linear, neighbours):
        blind = measure(codes[::2, 1:], labels[::2], codes[1::2, 1:], labels[1::2])
        assert blind.value == pytest.approx(0.5, abs=3.5 * blind.standard_error)
        moved = measure(codes[::2] + 1_000, labels[::2], codes[1::2] + 1_000, labels[1::2])
        assert moved.value == pytest.approx(
            measure(codes[::2], labels[::2], codes[1::2], labels[1::2]).value, abs=0.002
        )


def test_what_cannot_be_told_apart_says_why() -> None:
    codes = np.zeros((20, 2))
    for measure in (linear, neighbours):
        with pytest.raises(ValueError, match="one class"):
            measure(codes, np.zeros(20, int), codes, np.zeros(20, int))
        with pytest.raises(ValueError, match="It takes"):
            measure(codes[:1], np.zeros(1, int), codes, np.zeros(20, int))
        assert measure(codes, np.arange(20) % 2, codes, np.arange(20) % 2).value == 0.5  # a dead model
