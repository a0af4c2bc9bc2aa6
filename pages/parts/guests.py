"""Images beyond the gallery that a cursor can set out from: any other image of the probe set, and the drawing.

The browser holds the codes of a gallery of test images at every epoch. Of one more image they are a few kilobytes, sent
beside the cursor that needs them. Imports no torch.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

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


def find_guest(path: Path, key: str, epochs: tuple[int, ...], kind: str, index: int) -> Guest | None:
    """A probe image of a run, or the drawing that the session keeps; None where there is no such image.

    Args:
        path, key: of the run's folder, and what tells an altered run.
        epochs: at which its codes are wanted.
    """
    try:
        if kind == "digit":
            return _probe_image(path, key, epochs, index)
        drawing = kept_drawing()
        if kind == "drawing" and drawing and drawing["number"] == index:
            return _encoded(path, key, epochs, ("drawing", index, -1), bytes(drawing["image"]))
    except (RunError, OSError):  # deleted or damaged at this moment, which the page says by other ways
        pass
    return None


def kept_drawing() -> dict[str, Any] | None:
    """The drawing that the session keeps from the Draw page, see `check_drawing`.

    Read from what the page remembers and not set by that page, which a quick click on another page would end too soon.
    """
    return check_drawing(st.session_state.get("draw_memory"))


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


# `key` stands for what is in the run: a snapshot that is there does not change, and another run has another key.
@st.cache_data(max_entries=64, show_spinner=False)
def _probe_image(path: Path, key: str, epochs: tuple[int, ...], index: int) -> Guest | None:
    run = Run(path)
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


def in_run(guest: Guest, path: Path, key: str, epochs: tuple[int, ...]) -> Guest | None:
    """The same image as another run has it; None where that takes images of another size, or cannot be read.

    Args:
        path, key: of the other run's folder, and what tells an altered run.
        epochs: at which its codes are wanted.
    """
    try:
        return _encoded(path, key, epochs, (guest.kind, guest.index, guest.label), guest.image.tobytes())
    except (RunError, OSError):
        return None


@st.cache_data(max_entries=32, show_spinner=False)
def _encoded(path: Path, key: str, epochs: tuple[int, ...], what: tuple[str, int, int], pixels: bytes) -> Guest | None:
    """An image of a kind, an index and a label, see `Guest`, as a run's encoders have it."""
    run = Run(path)
    if len(pixels) != math.prod(run.image_shape):  # drawn for a run of another size of image
        return None
    image = np.frombuffer(pixels, np.uint8).reshape(run.image_shape)
    layers = encoder_layers(run.config, run.image_shape)

    def posterior(epoch: int) -> Latents:
        mean, log_variance = encode(layers, run.weights(epoch), image[None])
        return Latents(mean[0], log_variance[0])

    return Guest(*what, image, *_at_all(posterior, epochs))


def _at_all(posterior: Any, epochs: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
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
