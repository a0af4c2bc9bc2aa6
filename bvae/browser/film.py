"""A run's film as the browser has it: where every test image lies in the plane at every epoch, in four kinds of layout.

The film itself is worked out in the background, see `bvae/film.py`. Principal components are cheap, and are worked out
here, so that there is something to see of a run without a film. Imports torch only inside functions.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.numpy

from bvae.browser.glossary import check_marks
from bvae.browser.live import LiveRun, told_of
from bvae.factors import UNITS
from bvae.film import KINDS, due_epochs, fitting, progress
from bvae.numbers import thin
from bvae.runs import Run, RunError

# Of every kind what it is called, and what is to be said of it, with marked words.
LAYOUTS = {
    "umap": {
        "name": "UMAP film",
        "note": "A [UMAP](#umap) of each epoch that begins where the one before ended: a point stays near where it was "
        "as far as its neighbourhood stayed the same. Neighbours mean something; distances between clusters mean "
        "little, other than in a [PCA](#pca).",
    },
    "independent": {
        "name": "Independent UMAPs",
        "note": "Each epoch laid out by [UMAP](#umap) alone, then turned to lie as near to the last as it goes. "
        "What jumps from frame to frame is chance, not learning.",
    },
    "pca_last": {
        "name": "PCA of the last epoch",
        "note": "[PCA](#pca): the two directions of greatest variance at the last epoch, for all epochs. "
        "Linear: distances are true, and much is hidden behind them.",
    },
    "pca_each": {
        "name": "PCA of each epoch",
        "note": "[PCA](#pca): the two directions of greatest variance at each epoch, turned to lie as near to the last "
        "frame as they go. Linear.",
    },
}
PER_FRAME = ("trustworthiness", "continuity", "accuracy")
PER_STEP = ("step", "spurious")
# What is sent is twice in the browser's memory for a moment. With more snapshots than fit, some are left out evenly.
MAX_BYTES = 64 * 2**20
MOST_IMAGES = 20_000  # that are drawn at 60 frames a second
MAX_HELD = 128 * 2**20  # of means, while a film is gathered
PLACE, NATS = 2**-11, 2**-6  # a tenth of a pixel, and a tenth of what is shown: steps of numbers that are to pack well

check_marks(json.dumps(LAYOUTS))


@dataclass(frozen=True)
class LiveFilm:
    """A film as the browser has it."""

    key: str  # changes when what is sent changes
    stamp: str  # of the files that it was made from, see `film_stamp`
    content: bytes  # safetensors; see `pack_film`
    about: dict[str, Any]  # of layout.json what concerns these epochs; empty where nothing is worked out yet
    epochs: tuple[int, ...]
    frames: dict[str, int]  # of each kind of layout that there is
    shapes: dict[str, float]  # of each, its width by its height, so that the page has room for it before it comes
    problems: tuple[str, ...]  # a sentence for everything that could not be read and is left out


def film_stamp(run: LiveRun) -> str:
    """A text that changes when there is something new to see of a run's film.

    Each frame would be news, and the browser would be sent the film again and again while it is worked out. So it is
    news when the last frame is there, when every image is reconstructed, and when all is done.
    """
    files = Run(run.path)
    state = progress(files).state
    if state != "running":
        return f"{files.film_stamp() or state} {files.factors_stamp()}"
    if (extent := files.film_extent()) is None:
        return state
    laid_out, reconstructed = extent
    due = [epoch for epoch in due_epochs(files) if epoch <= run.space.epochs[-1]]
    if not set(due) <= set(laid_out):
        return state
    return f"{state}, laid out {due}" + (", reconstructed" if reconstructed >= len(due) else "")


def pack_film(live: LiveRun, stamp: str, chosen: np.ndarray | None = None) -> LiveFilm:
    """One safetensors file of all that the Clusters page draws, up to the last epoch that the browser has of the run.

    Tensors, of E epochs, P images and D dimensions: by kind of layout positions (F, P, 2) float32 of the first F
    epochs, `umap`, `independent`, `pca_last`, `pca_each`; `images` (P, H, W) uint8, `labels` and `indices` (P,) int32,
    `means` (E, P, D) float16, `kl` (E, P) float32 nats; and, as far as the film is worked out, `reconstruction` (F, P)
    float32 nats and `kept` (F, P) float32; and what was measured on the images, `factors/NAME` (P,) float32. A kind or
    a tensor that has no frame is absent. The rest is JSON in the metadata. Of more images or epochs than a browser
    takes, some are chosen evenly.

    Args:
        live: the run as the browser has it.
        stamp: of the files that the film is made from, see `film_stamp`.
        chosen: positions of the probe images that are shown, (P,), at the epochs that the browser has of the run, in
            numbers that pack well; by itself, as many images and epochs as a browser takes.

    Raises:
        RunError: when no epoch can be read.
    """
    from bvae.layout import NEIGHBOURS, UNCHANGED, compared, principal_components, steps

    run, last = Run(live.path), live.space.epochs[-1]
    probe = run.probe()
    count = len(probe.labels)
    there = [epoch for epoch in run.epochs() if epoch <= last] if chosen is None else list(live.space.epochs)
    each = bytes_an_epoch(1, run.config.latent_dim)
    fit = thin(list(range(count)), min(MOST_IMAGES, MAX_BYTES // (probe.images[0].nbytes + 2 * each)))
    places = fit if chosen is None else chosen.tolist()
    room = MAX_BYTES // len(places) - probe.images[0].nbytes
    # The means of all images are in memory, though not all are sent.
    most = min(room // each, MAX_HELD // (4 * count * run.config.latent_dim))
    epochs = thin(fitting(run, there), max(2, most)) if chosen is None else there
    means: dict[int, np.ndarray] = {}
    kl, problems = [], []
    both = ((len(places), count, "images"), (len(epochs), len(there), "snapshots"))
    fewer = [f"{few:,} of the {many:,} {what}" for few, many, what in both if few < many]
    if fewer and chosen is None:
        problems.append(f"The map shows {' and '.join(fewer)}, evenly chosen: a browser takes no more.")
    for epoch in epochs:
        try:
            mean, log_variance = run.latents(epoch)
            if len(mean) != count:
                raise RunError(f"{run.path} has latents of {len(mean)} images, and {count} probe images.")
        except RunError as error:
            problems.append(f"Epoch {epoch} is left out. {error}")
            continue
        means[epoch] = mean
        mean, log_variance = mean[places], log_variance[places]
        kl.append(0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1))
    if not means:
        raise RunError(problems[0] if problems else f"{run.name} has no snapshot yet. Reload the page in a moment.")
    every = list(means.values())
    kinds = {
        "pca_last": np.stack(principal_components(every))[:, places],
        "pca_each": np.stack(principal_components(every, each=True))[:, places],
    }
    worked_out: dict[str, np.ndarray] = {}
    about: dict[str, Any] = {}
    try:
        worked_out, about = _worked_out(run, list(means), count)
        worked_out = {kind: tensor[:, places] for kind, tensor in worked_out.items()}
    except RunError as error:
        problems.append(str(error))
    kinds |= {kind: worked_out.pop(kind) for kind in ("umap", "independent") if kind in worked_out}
    tensors = {
        "images": probe.images[places],
        "labels": probe.labels[places].astype(np.int32),
        "indices": probe.indices[places].astype(np.int32),
        # The largest that float16 has is 65,504.
        "means": np.stack([mean[places] for mean in every]).clip(-60_000, 60_000).astype(np.float16),
        "kl": np.stack(kl).astype(np.float32),
        **{kind: framed(positions) for kind, positions in kinds.items()},
        **worked_out,
    }
    if chosen is not None:
        kinds_and_steps = [*((kind, PLACE) for kind in kinds), ("kl", NATS), ("reconstruction", NATS)]
        tensors |= {name: rounded(tensors[name], step) for name, step in kinds_and_steps if name in tensors}
    factors: dict[str, np.ndarray] = {}
    try:
        factors = run.factors() or {}
    except RunError as error:
        problems.append(str(error))
    tensors |= {f"factors/{name}": values[places] for name, values in factors.items()}
    for kind, figures in about.get("kinds", {}).items():
        if kind in kinds and "step" not in figures:  # what was measured is of frames between which some are left out
            figures["step"] = steps(tensors[kind][: len(about["epochs"])].astype(np.float64)).tolist()
    key = hashlib.sha256(f"{live.key} {list(means)} {places} {stamp}".encode()).hexdigest()[:16]
    said = {
        "key": key,
        **told_of(run),
        "epochs": list(means),
        "order": list(live.order),
        "passive": len(live.order) - live.active,
        "layouts": LAYOUTS,
        "units": {name: UNITS.get(name, "") for name in factors},
        "kinds": about.get("kinds", {}),
        "neighbours": NEIGHBOURS,
        "compared": compared(count),
        "unchanged": UNCHANGED,
        "null_test": about.get("null_test"),
        "images": len(places),
        "split": "test",
    }
    # safetensors writes the memory as it lies.
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    content = safetensors.numpy.save(tensors, {"film": json.dumps(said)})
    frames = {kind: len(positions) for kind, positions in kinds.items()}
    shapes = {kind: shape_of(tensors[kind]) for kind in kinds}
    return LiveFilm(key, stamp, content, about, tuple(means), frames, shapes, tuple(problems))


def film_figures(live: LiveRun) -> dict[str, Any]:
    """What was measured of a run's film at all its snapshots, also of those that the browser has not; as `about` of
    `LiveFilm`, empty where nothing is worked out or readable."""
    run, last = Run(live.path), live.space.epochs[-1]
    try:
        return _worked_out(run, [epoch for epoch in run.epochs() if epoch <= last], len(run.probe().labels))[1]
    except RunError:
        return {}


def bytes_an_epoch(images: int, latent_dim: int) -> int:
    """What is sent of one epoch: four layouts, the means, and three numbers for each image."""
    return images * (4 * 2 * 4 + 2 * latent_dim + 3 * 4)


def _worked_out(run: Run, epochs: list[int], count: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What there is of a run's film, for the first of the epochs, and layout.json, with its figures for these epochs.

    Frames of epochs that have no snapshot any more are left out.
    """
    from bvae.layout import compared

    film = run.film()
    if film is None:
        return {}, {}
    if film.positions.shape[1] != count:
        raise RunError(
            f"{run.path}/layout.safetensors is the film of {film.positions.shape[1]} images, and the run has "
            f"{count}. Delete it, and the film is worked out anew."
        )
    kept = [place for place, epoch in enumerate(film.epochs) if epoch in epochs]
    fits = 0  # beyond an epoch that the film has not, a frame would belong to no place
    while fits < len(kept) and film.epochs[kept[fits]] == epochs[fits]:
        fits += 1
    kept = kept[:fits]
    tensors = {"umap": film.positions, "independent": film.independent}
    tensors |= {"reconstruction": film.reconstruction, "kept": film.kept}
    chosen = {name: tensor[[place for place in kept if place < len(tensor)]] for name, tensor in tensors.items()}
    figures = _figures(film.about.get("kinds"), kept)
    if film.epochs[-1] != epochs[-1]:  # then the components that were measured are not those that are shown
        figures.pop("pca_last", None)
    about = {
        "epochs": epochs[:fits],
        "images": count,
        "neighbours": compared(count),
        "seconds": film.about.get("seconds"),
        "null_test": film.about.get("null_test"),
        "kinds": figures,
    }
    return {name: np.asarray(tensor, np.float32) for name, tensor in chosen.items() if len(tensor)}, about


def _figures(kinds: dict[str, Any] | None, kept: list[int]) -> dict[str, dict[str, list[float | None]]]:
    """The figures of quality of the frames that are kept. What is none is left out, see schema.py.

    A step over a frame that is left out was not measured; `pack_film` works it out. Into a frame where no image kept
    its neighbours, the step of those that did is None.
    """
    found = {}
    for kind in KINDS:
        figures = {}
        for name in (*PER_FRAME, *PER_STEP):
            values = ((kinds or {}).get(kind) or {}).get(name)
            if values is None or (None in values and name != "spurious"):
                continue
            if name in PER_STEP and kept != list(range(len(kept))):
                continue
            places = kept if name in PER_FRAME else kept[:-1]
            figures[name] = [values[place] for place in places if place < len(values)]
        if any(figures.values()):
            found[kind] = figures
    return found


def rounded(numbers: np.ndarray, step: float) -> np.ndarray:
    """Numbers to the nearest multiple of a power of two: most bits of a float32 are then 0."""
    return (np.rint(numbers / step) * step).astype(np.float32)


def shape_of(positions: np.ndarray) -> float:
    """The width by the height of all positions (E, P, 2) of a film; 1 where either is none."""
    wide, high = np.ptp(positions, axis=(0, 1)).tolist()
    return wide / high if wide > 0 and high > 0 else 1.0


def framed(positions: np.ndarray) -> np.ndarray:
    """Positions (E, P, 2) in one frame for the whole film: centred once, and their radius, which is the root mean
    square of the distance to their epoch's centre, scaled to 1. All in one place stay there."""
    positions = positions.astype(np.float64)
    positions = positions - positions.mean(axis=(0, 1))
    radius = np.sqrt(((positions - positions.mean(1, keepdims=True)) ** 2).sum(2).mean())
    return (positions / radius if radius > 0 else positions).astype(np.float32)
