"""The codes of all images that a run follows, its probe set, as one table: CSV for spreadsheets, NPZ for NumPy."""

from __future__ import annotations

import csv
import io

import numpy as np

from bvae.runs import Run

_AT_ONCE = 200_000  # numbers
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # with which a text begins that a spreadsheet would compute


def codes_csv(run: Run, epoch: int) -> bytes:
    """A line an image: run, beta (or capacity), epoch, index in the test split, class, means and variances.

    Numbers are as short as they can be and still be read back as the same float32.

    Raises:
        RunError: when the epoch's latents cannot be read.
    """
    columns = _columns(run, epoch)
    dimensions = range(run.config.latent_dim)
    at_once = max(1, _AT_ONCE // run.config.latent_dim)
    head = [*(name for name in columns if name not in ("mean", "variance"))]
    head += [f"{name}_z{dimension}" for name in ("mean", "variance") for dimension in dimensions]
    count = len(columns["mean"])
    said = [np.broadcast_to(columns[name], count) for name in columns if name not in ("mean", "variance")]
    content = io.BytesIO()
    file = io.TextIOWrapper(content, "utf-8", newline="", write_through=True)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    for first in range(0, count, at_once):  # whose numbers take a hundred times their size as texts
        few = slice(first, first + at_once)
        texts = [values[few].astype(str).tolist() for values in said]
        numbers = np.concatenate([columns["mean"][few], columns["variance"][few]], axis=1).astype(str).tolist()
        for *words, values in zip(*texts, numbers, strict=True):
            writer.writerow([*map(_cell, words), *values])
    return content.getvalue()


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
    probe, latents = run.probe(), run.latents(epoch)
    ((weight, value),) = run.config.objective.items()
    return {
        "run": np.array(run.name), weight: np.array(value), "epoch": np.array(epoch),
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
