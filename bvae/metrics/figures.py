"""How a figure is told in metrics.json: with its uncertainty, its number of images, and its estimator in words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

DIGITS = 6  # significant ones that are kept
MORE_DIGITS = {"decomposition": 9}  # of a part whose figures add up to 1e-4


def figure(value: float, standard_error: float | None, images: int, estimator: str, **more: Any) -> dict[str, Any]:
    """A figure, and more that is said of it, such as its `interval`."""
    found = {"value": value, "standard_error": standard_error, "images": images, "estimator": estimator}
    return found | more


def plain(value: Any, digits: int = DIGITS) -> Any:
    """The same as JSON has it: of numbers and arrays, lists and floats of few figures; None for what is no number."""
    if isinstance(value, dict):
        return {str(key): plain(each, MORE_DIGITS.get(key, digits)) for key, each in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(each, digits) for each in value]
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    number = float(value)
    return float(f"{number:.{digits}g}") if math.isfinite(number) else None
