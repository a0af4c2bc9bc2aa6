"""Numbers are short at any size, and say the same in Python and in the browser (tests/test_every_page.py)."""

from __future__ import annotations

import numpy as np
import pytest

from bvae.numbers import number, turns

SHOWN = [
    ((97.2345, 2), "97.23"),
    ((-1203.36, 1), "−1203.4"),
    ((-0.001, 2), "0.00"),
    ((0.0, 0), "0"),
    ((99_999.4, 1), "99999.4"),
    ((912_209_608.4, 1), "9.12 × 10⁸"),
    ((-9.25e13, 2), "−9.25 × 10¹³"),
    ((1e300, 2), "1.00 × 10³⁰⁰"),
    ((float("nan"), 2), "–"),
    ((float("inf"), 2), "–"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN)
def test_a_number_is_short_at_any_size(value: tuple[float, int], text: str) -> None:
    assert number(*value) == text


def test_classes_take_turns() -> None:
    labels = np.array([3, 1, 3, 3, 0, 1])
    expected = [(labels[:place] == label).sum() for place, label in enumerate(labels)]
    assert turns(labels).tolist() == expected == [0, 0, 1, 2, 0, 1]
    assert turns(labels[:0]).tolist() == []
