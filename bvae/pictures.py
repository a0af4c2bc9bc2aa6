"""Arrays of images as PNG and GIF files, crisp and white on black."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

GAP = 1  # pixels between tiles, before scaling


def mosaic(images: np.ndarray, columns: int) -> np.ndarray:
    """Lay images (N, H, W), uint8 or float in [0, 1], in rows of `columns` on grey ground: (rows, width) uint8."""
    tiles = _bytes(images)
    count, height, width = tiles.shape
    rows = -(-count // columns)
    ground = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP), 64, np.uint8)
    for position, tile in enumerate(tiles):
        top = GAP + position // columns * (height + GAP)
        left = GAP + position % columns * (width + GAP)
        ground[top : top + height, left : left + width] = tile
    return ground


def save_picture(path: Path, picture: np.ndarray, scale: int = 3) -> None:
    """Save a picture (H, W) as PNG, every pixel drawn `scale` pixels wide."""
    _enlarged(picture, scale).save(path, format="PNG")


def save_animation(path: Path, frames: np.ndarray, scale: int = 8, seconds_a_frame: float = 0.08) -> None:
    """Save frames (N, H, W) as a GIF that plays there and back for ever."""
    images = [_enlarged(frame, scale) for frame in _bytes(frames)]
    images += images[-2:0:-1]
    duration = round(1_000 * seconds_a_frame)
    images[0].save(path, format="GIF", save_all=True, append_images=images[1:], duration=duration, loop=0)


def _bytes(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    return images if images.dtype == np.uint8 else (255 * images + 0.5).astype(np.uint8)


def _enlarged(picture: np.ndarray, scale: int) -> Image.Image:
    image = Image.fromarray(_bytes(picture))
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
