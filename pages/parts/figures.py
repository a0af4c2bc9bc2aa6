"""Figures of a run: how it was trained, drawn in the browser.

The curves of a run in training are a component of our own: Streamlit builds a Plotly chart anew whenever its data
change, so that it would flash at each epoch and lose what the person had zoomed to. Imports no torch.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from bvae.browser.live import PASSIVE_BELOW
from bvae.numbers import thin, turns
from bvae.numpy_model import decode
from bvae.pictures import mosaic
from bvae.runs import Epoch, Run, RunError
from pages.parts.live import component

PICTURES = 8  # a row
MOST_EPOCHS = 2_000  # through which a curve is drawn
MOST_VALUES = 500_000  # of the curves of all dimensions


def show_training(run: Run, history: list[Epoch], other: tuple[Run, list[Epoch]] | None) -> None:
    """Draw a run's curves and pictures, and another's curves over them.

    They grow as epochs arrive, and nothing that the person set is lost.

    Args:
        run: the run that is looked at.
        history: its records, one or more.
        other: a run to compare it with, and its records, one or more.
    """
    data = curves(run, history, other)
    epochs = run.epochs()
    if epochs:
        try:
            data["pictures"] = _pictures(str(run.path.resolve()), epochs[-1], run.snapshot_stamp(epochs[-1]))
        except (RunError, OSError) as error:
            data["problem"] = str(error)
    component("training")(key="training", data=data)
    if (drawn := len(data["epochs"])) < len(history):
        st.markdown(f":small[The curves go through {drawn:,} of the {len(history):,} epochs, evenly chosen.]")


def curves(run: Run, history: list[Epoch], other: tuple[Run, list[Epoch]] | None) -> dict[str, Any]:
    """What is drawn of a run's training, as JSON, and of another's over it; see `show_training`."""
    data = _curves(run, _drawn(history))
    if other:
        compared, records = other
        differ = [
            word
            for word, one, two in (
                ("images", run.config.dataset, compared.config.dataset),
                ("likelihoods", run.config.likelihood, compared.config.likelihood),
            )
            if one != two
        ]
        note = f"The two are of different {' and '.join(differ)}: their nats cannot be compared." if differ else ""
        data["other"] = _curves(compared, _drawn(records)) | {"note": note}
    return data


def _drawn(history: list[Epoch]) -> list[Epoch]:
    """The records, or as many of them, evenly chosen, as a browser takes."""
    most = min(MOST_EPOCHS, MOST_VALUES // len(history[0].kl_per_dimension))
    return [history[place] for place in thin(list(range(len(history))), most)]


def _curves(run: Run, history: list[Epoch]) -> dict[str, Any]:
    """What is drawn of a run's training, as JSON: nats an image, a value an epoch."""

    def values(split: str, name: str) -> list[float]:
        return [round(float(record[split][name]), 4) for record in history]

    return {
        "name": run.name,
        "weight": run.config.weight,
        "epochs": [record.epoch for record in history],
        "curves": {
            name: {split: values(split, name) for split in ("test", "train")}
            for name in ("loss", "reconstruction", "kl")
        },
        "dimensions": np.round([record.kl_per_dimension for record in history], 5).T.tolist(),
        "passive_below": PASSIVE_BELOW,
        "active": [record.active_units for record in history],
        "images": [f"{history[-1][split]['images']:,}" for split in ("test", "train")],
    }


@st.cache_data(max_entries=32, show_spinner=False)
def _pictures(path: str, epoch: int, stamp: tuple[int, int, int] | None) -> dict[str, Any]:
    """Two mosaics as PNG in base64: test images above their reconstructions, and decoded noise that stays the same."""
    run = Run(path)
    probe, layers, weights = run.probe(), *run.decoder(epoch)
    places = _one_of_each(probe.labels, PICTURES)
    reconstructed = decode(layers, weights, run.latents(epoch).mean[places])
    noise = np.random.default_rng(0).standard_normal((2 * PICTURES, run.config.latent_dim))
    return {
        "epoch": epoch,
        "labels": [run.class_names[label] for label in probe.labels[places]],
        "reconstructions": _png(np.concatenate([probe.images[places] / 255, reconstructed])),
        "samples": _png(decode(layers, weights, noise)),
    }


def _one_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """Places of the first image of each class, then the second of each, in order of classes; (count,) at most."""
    return np.lexsort((labels, turns(labels)))[:count]


def _png(images: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(mosaic(images, PICTURES)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
