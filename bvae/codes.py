"""The codes of all images that a run follows, its probe set, as one table: CSV for spreadsheets, NPZ for NumPy."""

from __future__ import annotations

import csv
import io

import numpy as np

from bvae.runs import Run

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # with which a text begins that a spreadsheet would compute


def codes_csv(run: Run, epoch: int) -> bytes:
    """A line an image: run, beta (or capacity), epoch, index in the test split, class, means and variances.

    Numbers are as short as they can be and still be read back as the same float32.

    Raises:
        RunError: when the epoch's latents cannot be read.
    """
    columns = _columns(run, epoch)
    dimensions = range(run.config.latent_dim)
    head = [*(name for name in columns if name not in ("mean", "variance"))]
    head += [f"{name}_z{dimension}" for name in ("mean", "variance") for dimension in dimensions]
    said = [np.atleast_1d(columns[name]) for name in columns if name not in ("mean", "variance")]
    count = len(columns["mean"])
    texts = [np.broadcast_to(values.astype(str), count).tolist() for values in said]
    numbers = np.concatenate([columns["mean"], columns["variance"]], axis=1).astype(str).tolist()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    for *words, values in zip(*texts, numbers, strict=True):
        writer.writerow([*map(_cell, words), *values])
    return file.getvalue().encode()


def codes_npz(run: Run, epoch: int) -> bytes:
    """The same as arrays: of P images and D dimensions index (P,), class (P,), mean and variance (P, D) float32.

    No array holds objects, so that it is read without running anything.

    Raises:
        RunError: when the epoch's latents cannot be read.
    """
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **_columns(run, epoch))
    return file.getvalue()


def _columns(run: Run, epoch: int) -> dict[str, np.ndarray]:
    probe, latents, config = run.probe(), run.latents(epoch), run.config
    weight = ("beta", config.beta) if config.capacity is None else ("capacity", config.capacity)
    return {
        "run": np.array(run.name), weight[0]: np.array(weight[1]), "epoch": np.array(epoch),
        "index": probe.indices, "class": np.array(run.class_names)[probe.labels],
        "mean": latents.mean, "variance": np.exp(latents.log_variance),
    }  # fmt: skip


def _cell(text: str) -> str:
    """A name is never a formula; assets/js/engine/csv.js does the same."""
    try:
        float(text)
    except ValueError:
        return f"'{text}" if text.startswith(_FORMULA) else text
    return text
