"""What has been read so far of a person's images, and the bounds of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

LEAST_SIDE, MOST_SIDE = 8, 64  # pixels; larger images are scaled down
MOST_BYTES = 2**30  # of pixels together
MOST_FILES = 200_000
EXAMPLES = 3  # files that are named of those left out for one reason


class ImageError(RuntimeError):
    """Images that cannot be learned from. Its message says which, why, and what to do about it."""


def fitted(size: tuple[int, int], height: int, width: int) -> tuple[int, int]:
    """A size (height, width) scaled to fill a frame in its proportions, as (width, height), which Pillow takes."""
    factor = min(height / size[0], width / size[1])
    return max(1, round(size[1] * factor)), max(1, round(size[0] * factor))


@dataclass
class LeftOut:
    """How many images were left out for one reason, and the first of them by name."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class Gathered:
    """Images as they were found, of one or several sizes.

    blocks: (N, H, W) uint8 each, in the order in which they were found.
    labels: of every image the name of its class, None where it has none.
    tests: of every image whether it belongs to the test split, None where nothing says so.
    left_out: by the reason, which completes "12 were left out, which …".
    notes: what was done to them, a sentence each.
    """

    blocks: list[Pixels] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    tests: list[bool | None] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    scaled: int = 0  # pictures that were larger than `MOST_SIDE`
    coloured: int = 0  # pictures that were in colour
    bytes: int = 0

    def add(self, block: Pixels, labels: Sequence[str | None], test: bool | None = None) -> None:
        """Take in images (N, H, W).

        Raises:
            ImageError: when there are too many.
        """
        self.bytes += block.nbytes
        if self.bytes > MOST_BYTES:
            raise ImageError(
                f"These are more images than fit: {MOST_BYTES / 2**30:g} GiB of pixels at most, which are "
                f"{MOST_BYTES // (block.shape[1] * block.shape[2]):,} of {block.shape[1]} × {block.shape[2]}. Give a "
                "part of them."
            )
        self.blocks.append(block)
        self.labels.extend(labels)
        self.tests.extend([test] * len(block))

    def leave_out(self, reason: str, name: str, count: int = 1) -> None:
        """Count images that are not taken."""
        found = self.left_out.setdefault(reason, LeftOut())
        found.count += count
        if len(found.examples) < EXAMPLES:
            found.examples.append(name)

    def note(self, sentence: str) -> None:
        """Say what was done, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)
