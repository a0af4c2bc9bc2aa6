"""Images that are drawn when a network asks for them, where all of them at once would not fit into memory."""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from bvae.sprites import FACTORS, FIGURE_SIDE, SIDE, figures


class Source(Protocol):
    """What draws images by their indices."""

    shape: tuple[int, int]  # height and width of an image

    def to(self, device: torch.device | str) -> Source:
        """The same on a device."""

    def draw(self, indices: Tensor) -> Tensor:
        """Images (N, H, W) uint8 of indices (N,) int64, on their device."""

    def fingerprint(self) -> bytes:
        """The same for the same images."""


class Drawn:
    """Sprites, put together of their 720 figures."""

    shape = (SIDE, SIDE)

    def __init__(self, white: Tensor | None = None) -> None:
        # Below and to the right of each a line of black, which stands for all that is beyond it.
        padded = np.pad(255 * figures(), ((0, 0), (0, 1), (0, 1)))
        self.figures = torch.from_numpy(padded) if white is None else white  # (720, 34, 34) uint8

    def to(self, device: torch.device | str) -> Drawn:
        return Drawn(self.figures.to(device))

    def draw(self, indices: Tensor) -> Tensor:
        rows, columns = (FACTORS["y"], FACTORS["x"])
        y, x, figure = indices % rows, indices // rows % columns, indices // (rows * columns)
        places = torch.arange(SIDE, device=indices.device)

        def within(offset: Tensor) -> Tensor:
            found = places - offset[:, None]  # (N, SIDE)
            return found.where((found >= 0) & (found < FIGURE_SIDE), FIGURE_SIDE)

        return self.figures[figure[:, None, None], within(y)[:, :, None], within(x)[:, None, :]]

    def fingerprint(self) -> bytes:
        return hashlib.sha256(self.figures.cpu().numpy().data).digest()


class Packed:
    """Black and white images of an even multiple of eight pixels across, eight pixels to a byte."""

    def __init__(self, packed: Tensor) -> None:
        self.packed = packed  # (N, H, W / 8) uint8
        bits = torch.arange(256, dtype=torch.int64)[:, None] >> torch.arange(7, -1, -1) & 1
        self.bytes = (255 * bits).to(device=packed.device, dtype=torch.uint8)  # (256, 8), the pixels of each byte
        _, height, width = packed.shape
        self.shape = height, 8 * width

    def to(self, device: torch.device | str) -> Packed:
        return Packed(self.packed.to(device))

    def draw(self, indices: Tensor) -> Tensor:
        return self.bytes[self.packed[indices].long()].reshape(-1, *self.shape)

    def fingerprint(self) -> bytes:
        return hashlib.sha256(self.packed.cpu().numpy().data).digest()


class LazyPixels:
    """What stands in the place of a tensor (N, H, W) uint8: it is cut up as that is, and `drawn` at last."""

    def __init__(self, source: Source, indices: Tensor) -> None:
        self.source = source
        self.indices = indices  # (N,) int64

    @property
    def shape(self) -> tuple[int, int, int]:
        """As a tensor's."""
        return len(self.indices), *self.source.shape

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, places: slice | Tensor) -> LazyPixels:
        return LazyPixels(self.source, self.indices[places])

    def split(self, size: int) -> list[LazyPixels]:
        """Batches of so many, the last of fewer."""
        return [LazyPixels(self.source, part) for part in self.indices.split(size)]

    def to(self, device: torch.device | str) -> LazyPixels:
        """The same on `device`, where they will be drawn."""
        return LazyPixels(self.source.to(device), self.indices.to(device))

    def draw(self) -> Tensor:
        """The images themselves."""
        return self.source.draw(self.indices)


def drawn(pixels: Tensor | LazyPixels) -> Tensor:
    """Pixels as a tensor, whichever they are."""
    return pixels.draw() if isinstance(pixels, LazyPixels) else pixels
