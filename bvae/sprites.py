"""Small pictures whose factors are known: a square, an ellipse or a heart, of some size, turned and moved.

In the manner of dSprites (Matthey et al. 2017): 3 shapes × 6 scales × 40 orientations × 32 × 32 positions make 737,280
images of 64 × 64 pixels, black or white, one for each combination, in the order in which the last factor changes first.
As there, the scales go from 0.5 to 1 and the orientations from 0 to 2π, both ends among them, so that a turned square
comes back before the factor does: orientation is not to be told from the image alone. Scales always differ; a small
square that is turned by a few degrees may look as another one.

A figure moves by whole pixels, so that all there is to draw is `figures`: 720 of them. Nothing here needs torch; the
images are put together where a network asks for them, see lazy.py.
"""

from __future__ import annotations

import functools
import math

import numpy as np

SIDE = 64
FACTORS = {"shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}  # and how many values each takes
SHAPES = ("square", "ellipse", "heart")
COUNT = math.prod(FACTORS.values())
FIGURE_SIDE = SIDE - FACTORS["x"] + 1  # what a figure at the last position still has room for
TEST_IMAGES = 10_000


def factor_classes(indices: np.ndarray) -> dict[str, np.ndarray]:
    """Of images by their indices (N,), which value of each factor they have, (N,) int64 from 0."""
    found = np.unravel_index(np.asarray(indices), tuple(FACTORS.values()))
    return {name: values.astype(np.int64) for name, values in zip(FACTORS, found, strict=True)}


@functools.cache
def figures() -> np.ndarray:
    """Every shape in every scale and orientation, (720, 33, 33) uint8, 0 or 1: white where the middle of a pixel lies
    within the outline."""
    across = np.arange(FIGURE_SIDE) - (FIGURE_SIDE - 1) / 2
    x, y = across[None, :], -across[:, None]  # up is up
    drawn = []
    for shape in SHAPES:
        for scale in np.linspace(0.5, 1, FACTORS["scale"]):
            for angle in np.linspace(0, 2 * np.pi, FACTORS["orientation"]):
                along = (np.cos(angle) * x + np.sin(angle) * y) / scale
                up = (np.cos(angle) * y - np.sin(angle) * x) / scale
                drawn.append(_within(shape, along, up))
    return np.asarray(drawn, np.uint8)


def _within(shape: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether points lie in a shape of scale 1 around the origin, in pixels. The square is the least whose scales all
    differ: a tenth of it is a pixel."""
    # A little off, so that no pixel's middle lies on an outline, where the last bit of a sine would decide.
    if shape == "square":
        return np.asarray(np.maximum(np.abs(x), np.abs(y)) < 10.603)
    if shape == "ellipse":
        return np.asarray((x / 14.403) ** 2 + (y / 8.607) ** 2 < 1)
    a, b = x / 11.503, y / 11.503 + 0.12
    return np.asarray((a**2 + b**2 - 1) ** 3 < a**2 * b**3)


def order() -> np.ndarray:
    """All indices in a fixed order as random as any, (737280,) int64: the first `TEST_IMAGES` are the test split.

    By splitmix64 (Steele et al. 2014), since no library promises to shuffle tomorrow as it does today.
    """
    z = (np.arange(COUNT, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(z ^ (z >> np.uint64(31)))
