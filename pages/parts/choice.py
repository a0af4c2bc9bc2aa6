"""Which probe images the Reconstruct page shows, and what it needs of them. Imports torch only to rank them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from bvae.runs import Run, RunError

MEASURES = ("reconstruction", "KL", "reconstruction + KL")  # each in nats an image


def draw(labels: np.ndarray, count: int, seed: int, label: int | None = None) -> np.ndarray:
    """Positions of up to `count` images drawn at random without repetition, of one class or of all: (n,)."""
    members = _members(labels, label)
    return np.random.default_rng(seed).permutation(members)[:count]


def rank(values: np.ndarray, labels: np.ndarray, count: int, best: bool, label: int | None = None) -> np.ndarray:
    """Positions of the `count` images with the highest values, or the lowest if the best are asked for: (n,)."""
    members = _members(labels, label)
    order = np.argsort(values[members] if best else -values[members], kind="stable")
    return members[order[:count]]


def _members(labels: np.ndarray, label: int | None) -> np.ndarray:
    return np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)


# `key` stands for what is in the run: a snapshot that is there does not change, and another run has another key.
@st.cache_data(max_entries=8, show_spinner=False)
def probe_classes(path: Path, key: str) -> tuple[np.ndarray, list[str]]:
    """The class of every probe image, (P,), and the names of the classes."""
    run = Run(path)
    return run.probe().labels, run.class_names


@st.cache_data(max_entries=32, show_spinner="Measuring all probe images at this epoch …")
def measured(path: Path, key: str, epoch: int) -> dict[str, np.ndarray]:
    """By the names of `MEASURES`, what every probe image costs at an epoch, in nats: (P,) each.

    Raises:
        RunError: when the snapshot cannot be read.
    """
    from bvae.metrics import per_image  # takes torch, and seconds, so only who ranks waits for it

    run = Run(path)
    found = per_image(run.model(epoch), run.probe().images)
    return dict(zip(MEASURES, (*found, found.reconstruction + found.kl), strict=True))


@st.cache_data(max_entries=32, show_spinner=False)
def sheet(path: Path, key: str, epochs: tuple[int, ...], chosen: tuple[int, ...]) -> tuple[dict[str, Any], list[int]]:
    """The chosen probe images and their posteriors at the epochs, as JSON for the browser.

    Returns:
        indices, labels (n,), and in base64: images (n, H, W) uint8, mean and log_variance (E, n, D) float32;
        log_sigma (E,) of a gaussian likelihood or None. And the epochs that cannot be read any more, whose values are
        NaN.
    """
    run = Run(path)
    probe, places = run.probe(), list(chosen)
    posteriors = np.full((2, len(epochs), len(places), run.config.latent_dim), np.nan, np.float32)
    log_sigma: list[float | None] | None = [] if run.config.likelihood == "gaussian" else None
    gone = []
    for position, epoch in enumerate(epochs):
        sigma = None
        try:
            latents = run.latents(epoch)
            posteriors[:, position] = latents.mean[places], latents.log_variance[places]
            if log_sigma is not None:
                sigma = float(run.weights(epoch)["log_sigma"])
        except (RunError, IndexError):
            gone.append(epoch)
        if log_sigma is not None:
            log_sigma.append(sigma)
    content = {
        "indices": probe.indices[places].tolist(),
        "labels": probe.labels[places].tolist(),
        "images": _base64(probe.images[places]),
        "mean": _base64(posteriors[0]),
        "log_variance": _base64(posteriors[1]),
        "log_sigma": log_sigma,
    }
    return content, gone


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
