"""Numbers as they are shown: short at any size, and no more of them than can be.

assets/js/engine/numbers.js `number` writes them in the same way.
"""

from __future__ import annotations

import math

import numpy as np

LONG = 1e5  # from here on a power of ten is shorter than the figures
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def thin(values: list[int], most: int, wanted: int | None = None) -> list[int]:
    """At most `most` of rising values, evenly spread over the list: the first, the last and the wanted one stay."""
    if len(values) <= most:
        return values
    room = most - 1 if wanted in values and most > 2 else most
    kept = {values[round(place)] for place in np.linspace(0, len(values) - 1, room)}
    return sorted(kept | ({wanted} if wanted is not None and wanted in values else set()))


def turns(labels: np.ndarray) -> np.ndarray:
    """Of labels (N,), which one of its class each is, (N,): 0 for the first. Sorted by it, the classes take turns."""
    order = np.argsort(labels, kind="stable")
    by_class = labels[order]
    found = np.empty(len(labels), int)
    found[order] = np.arange(len(labels)) - np.searchsorted(by_class, by_class)
    return found


def number(value: float, digits: int = 2) -> str:
    """A number with so many decimals and a real minus sign, or as "9.12 × 10⁸" where it is large."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    if abs(value) >= LONG:
        figures, _, power = f"{value:.2e}".partition("e")
        text = f"{figures} × 10{str(int(power)).translate(_RAISED)}"
    elif not float(text):
        text = text.removeprefix("-")
    return text.replace("-", "−")
