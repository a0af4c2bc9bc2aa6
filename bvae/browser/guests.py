"""Images beyond the gallery that a cursor can set out from: any other image of the probe set, and a drawing.

The browser holds the codes of a gallery of test images at every epoch. Of one more image they are a few kilobytes, sent
beside the cursor that needs them. Imports no torch.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bvae.network import encoder_layers
from bvae.numpy_model import encode
from bvae.runs import Latents, Run, RunError


@dataclass(frozen=True)
class Guest:
    """An image and its posterior in one run, at each of E epochs."""

    kind: str  # "digit" or "drawing"
    index: int  # of a digit: its position in the test split; of a drawing: its number, see assets/js/draw/drawing.js
    label: int  # its class, −1 of a drawing
    image: np.ndarray  # (H, W) uint8
    mean: np.ndarray  # (E, D) float32
    log_variance: np.ndarray  # (E, D) float32

    def packed(self) -> dict[str, Any]:
        """As JSON for the browser, the arrays in base64."""
        arrays = {name: getattr(self, name) for name in ("image", "mean", "log_variance")}
        return {"kind": self.kind, "index": self.index, "label": self.label} | {
            name: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode() for name, array in arrays.items()
        }


def no_guest(kind: str, index: int) -> Guest | None:
    """Of a run of which the browser has no more than the gallery."""
    return None


def check_drawing(value: Any) -> dict[str, Any] | None:
    """A drawing as the browser sent it, if it is one; whatever a browser sends can be altered.

    Returns:
        `image`: the pixels row by row, 0 to 255; `number`: what tells it from other drawings. None when there is none.
    """
    try:
        image, number = [int(pixel) for pixel in value["image"]], int(value["number"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    fits = any(image) and all(0 <= pixel <= 255 for pixel in image) and 0 <= number < 2**31
    return {"image": image, "number": number} if fits else None


def probe_image(run: Run, epochs: Sequence[int], index: int) -> Guest | None:
    """A probe image of a run by its position in the test split, with its codes at the epochs; None where it is none.

    Raises:
        RunError: when the run cannot be read.
    """
    probe = run.probe()
    found = np.flatnonzero(probe.indices == index)
    if not len(found):
        return None
    place = int(found[0])

    def posterior(epoch: int) -> Latents:
        mean, log_variance = run.latents(epoch)
        if len(mean) != len(probe.labels):
            raise RunError(f"{run.path} has latents of {len(mean)} images, and {len(probe.labels)} probe images.")
        return Latents(mean[place], log_variance[place])

    return Guest("digit", index, int(probe.labels[place]), probe.images[place], *_at_all(posterior, epochs))


def encoded(run: Run, epochs: Sequence[int], what: tuple[str, int, int], pixels: bytes) -> Guest | None:
    """An image of a kind, an index and a label, see `Guest`, as a run's encoders have it; None where it is of another
    size than the run's.

    Raises:
        RunError: when the run cannot be read.
    """
    if len(pixels) != math.prod(run.image_shape):  # drawn for a run of another size of image
        return None
    image = np.frombuffer(pixels, np.uint8).reshape(run.image_shape)
    layers = encoder_layers(run.config, run.image_shape)

    def posterior(epoch: int) -> Latents:
        mean, log_variance = encode(layers, run.weights(epoch), image[None])
        return Latents(mean[0], log_variance[0])

    return Guest(*what, image, *_at_all(posterior, epochs))


def _at_all(posterior: Any, epochs: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and log-variance at all epochs, (E, D) each. Of a snapshot that is gone, as a run in training drops some,
    those of the nearest that is there."""
    found, problem = {}, None
    for epoch in epochs:
        try:
            found[epoch] = posterior(epoch)
        except RunError as error:
            problem = error
    if problem and not found:
        raise problem
    means, log_variances = zip(
        *(found[min(found, key=lambda there: abs(there - epoch))] for epoch in epochs), strict=True
    )
    return np.stack(means).astype(np.float32), np.stack(log_variances).astype(np.float32)
