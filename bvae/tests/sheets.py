"""Reading saved sheets of images: the images inside, pixel by pixel, found by the grey ground around them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GROUND = 64
LONG_SIDE = 800


def tiles(
    source: Path | bytes, rows: int, columns: int, shape: tuple[int, ...] = (28, 28), within: int = 0
) -> np.ndarray:
    """The tiles of a saved sheet, (rows, columns, H, W) uint8, after a look at its size, crispness, ground and words.

    Args:
        within: grey levels by which the pixels of one enlarged pixel may differ.
    """
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
        assert image.format == "PNG"
        colours = np.asarray(image.convert("RGB")).astype(int)
    assert (colours == colours[..., :1]).all(), "it is grey"
    page = colours[..., 0]
    if rows == columns == 1:
        return _single(page, shape)
    height, width = (count * (side + 1) + 1 for count, side in zip((rows, columns), shape, strict=True))
    ground = page == GROUND
    top = int(ground.sum(1).argmax())
    left, wide = int(ground[top].argmax()), int(ground[top].sum())
    assert ground[top, left : left + wide].all()
    assert wide % width == 0, f"{wide} pixels are no multiple of {width}"
    scale = wide // width
    large = page[top : top + height * scale, left : left + wide]
    assert large.shape == (height * scale, wide)
    assert max(large.shape) >= LONG_SIDE
    small = large[::scale, ::scale]
    assert np.abs(np.kron(small, np.ones((scale, scale), int)) - large).max() <= within, "every pixel is a square"
    assert (small[:: shape[0] + 1] == GROUND).all()
    assert (small[:, :: shape[1] + 1] == GROUND).all()
    assert (page[:top] < 128).any(), "nothing is said above the images"
    parted = small[1:, 1:].reshape(rows, shape[0] + 1, columns, shape[1] + 1).swapaxes(1, 2)
    return parted[:, :, : shape[0], : shape[1]].astype(np.uint8)


def _single(page: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The one image of a sheet, which has no ground: found by its lowest row, below which there is paper."""
    below = int(np.flatnonzero((page < 255).any(1))[-1]) + 1
    columns = np.flatnonzero(page[below - 1] < 255)
    left, wide = int(columns[0]), int(np.ptp(columns)) + 1
    assert wide % shape[1] == 0
    scale = wide // shape[1]
    large = page[below - shape[0] * scale : below, left : left + wide]
    assert max(large.shape) >= LONG_SIDE
    small = large[::scale, ::scale]
    assert (np.kron(small, np.ones((scale, scale), int)) == large).all()
    assert (page[: below - large.shape[0]] < 128).any(), "nothing is said above the image"
    return small[None, None].astype(np.uint8)


def says(path: Path, text: str) -> bool:
    """Whether a picture of the command line begins with this line, letter by letter."""
    with Image.open(path) as image:
        page = np.asarray(image.convert("L"))
    for size in range(18, 60):
        line = Image.new("L", (page.shape[1], size), 255)
        ImageDraw.Draw(line).text((size // 2, 0), text, 24, ImageFont.load_default(size))
        expected = np.asarray(line)
        if any(np.array_equal(page[top : top + size], expected) for top in range(size)):
            return True
    return False
