"""A run as the browser has it: the decoder's weights, in two parts, so that the first slider moves before the weights
of all other epochs have come.

The decoder runs in the page, so a slider morphs its digit at every frame. Imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from bvae.browser.guests import Guest, no_guest
from bvae.browser.spread import LEVELS, REACH, over_epochs, spread
from bvae.network import parameter_shapes
from bvae.numbers import number, thin, turns
from bvae.runs import Epoch, Run, RunError

GALLERY_SIZE = 200  # test images to start from, shared evenly by the classes
# A dimension below this KL, as a mean over the test images, tells the decoder nothing that can be seen. The last epoch
# decides, and gives the order too, so that sliders stay where they are while the clock moves.
PASSIVE_BELOW = 0.01  # nats
# Beyond this the weights would take seconds to arrive; snapshots are then left out evenly.
MAX_BYTES = 24 * 2**20
MOST_EPOCHS = 300  # with which the clock can still be set to each


@dataclass(frozen=True)
class Space:
    """What a cursor must fit: a run's latent space, its epochs and the images that it can set out from."""

    run: str
    dataset: str  # positions in the test split of two runs mean the same image only where this is the same
    latent_dim: int
    epochs: tuple[int, ...]
    labels: np.ndarray  # (G,) int32, the gallery's classes
    indices: np.ndarray  # (G,) int32, the gallery's positions in the test split
    means: Mapping[int, np.ndarray]  # by epoch: (G, D) float32, the gallery's codes
    guest: Callable[[str, int], Guest | None] = no_guest  # any other image, by kind and index; None where there is none


@dataclass(frozen=True)
class LiveRun:
    """A run as the browser has it."""

    key: str  # changes when what is sent changes
    path: Path  # of the run's folder
    head: bytes  # safetensors: all that the last epoch needs; see `pack`
    rest: bytes  # safetensors: the other epochs' weights
    space: Space
    order: tuple[int, ...]  # all dimensions, those that carry most first
    active: int  # how many of them are not passive
    problems: tuple[str, ...]  # a sentence for every snapshot that could not be read and is left out


def chosen_epochs(run: Run, epoch: int | None = None) -> tuple[int, ...]:
    """The epochs of a run that a browser takes, rising: all, or as many evenly chosen as it takes.

    Args:
        run: the run.
        epoch: a snapshot that must be among them.

    Raises:
        RunError: when the run has no snapshot yet.
    """
    epochs = run.epochs()
    if not epochs:
        raise RunError(run.without_snapshot())
    shapes, dimensions = parameter_shapes(run.decoder_layers, "decoder").values(), run.config.latent_dim
    spread_bytes = 4 * dimensions * (dimensions + 2 * GALLERY_SIZE)
    bytes_each = 4 * sum(math.prod(shape) for shape in shapes) + spread_bytes
    return tuple(thin(epochs, min(MOST_EPOCHS, max(2, MAX_BYTES // bytes_each)), epoch))


def pack(run: Run, name: str, wanted: Sequence[int], halved: Collection[int] | None = None) -> LiveRun:
    """Two safetensors files of all that is drawn in the browser.

    Args:
        run: the run.
        name: what the address calls it.
        wanted: its epochs, rising; see `chosen_epochs`.
        halved: of these the weights are sent in half precision, and all variances. None where nothing is.

    Tensors: `{epoch:04d}/decoder.{i}.weight` and `.bias`, in the first file those of the last epoch and in the second
    all others. Everything else is in the first: `{epoch:04d}/mean` and `/log_variance` (G, D), `gallery/images`
    (G, H, W) uint8, `gallery/labels` and `gallery/indices` (G,) int32, `kl` (E, D) in nats. Where all probe images are,
    see spread.py: `density` (E, D, BINS) uint8, `quantiles` (E, D, Q), and over the active dimensions `whole/centre`
    (E, A), `whole/whitening` (E, A, A) and `whole/limit` (E,). The rest is JSON in the metadata.

    Raises:
        RunError: when none of the epochs can be read.
    """
    probe = run.probe()
    places = gallery(probe.labels)
    records = {record.epoch: record for record in run.history()}
    weights: dict[int, dict[str, np.ndarray]] = {}
    means: dict[int, np.ndarray] = {}
    log_variances: dict[int, np.ndarray] = {}
    spreads: dict[int, dict[str, np.ndarray]] = {}
    problems = []
    order = active = np.arange(0)
    # From the last epoch on, which decides the order; so the codes of one epoch at a time are in memory.
    for epoch in reversed(wanted):
        if epoch not in records:
            continue  # a trainer is writing it at this moment
        try:
            layers, parameters = run.decoder(epoch)
            mean, log_variance = run.latents(epoch)  # (P, D) each
            if len(mean) != len(probe.labels):
                raise RunError(f"{run.path} has latents of {len(mean)} images, and {len(probe.labels)} probe images.")
        except RunError as error:
            problems.append(f"Epoch {epoch} is left out. {error}")
            continue
        if not len(order):
            carried = np.array(records[epoch].kl_per_dimension, dtype=np.float32)  # (D,)
            order = np.argsort(-carried, kind="stable")
            active = order[: len(order) - int((carried < PASSIVE_BELOW).sum())]
        weights[epoch] = parameters
        means[epoch] = np.ascontiguousarray(mean[places], dtype=np.float32)
        log_variances[epoch] = np.ascontiguousarray(log_variance[places], dtype=np.float32)
        spreads[epoch] = spread(mean, log_variance, active if len(active) else order)
    epochs = tuple(sorted(means))
    problems.reverse()
    if not epochs:
        raise RunError(problems[0] if problems else f"{run.name} has no snapshot yet. Reload the page in a moment.")
    kl = np.array([records[epoch].kl_per_dimension for epoch in epochs], dtype=np.float32)  # (E, D)
    passive = len(order) - len(active)
    tensors = {
        "gallery/images": np.ascontiguousarray(probe.images[places]),
        "gallery/labels": probe.labels[places].astype(np.int32),
        "gallery/indices": probe.indices[places].astype(np.int32),
        "kl": kl,
        **over_epochs([spreads[epoch] for epoch in epochs]),
    }
    rest: dict[str, np.ndarray] = {}
    for epoch in epochs:
        tensors[f"{epoch:04d}/mean"] = short(means[epoch])
        tensors[f"{epoch:04d}/log_variance"] = short(log_variances[epoch], halve=halved is not None)
        part, halve = tensors if epoch == epochs[-1] else rest, epoch in (halved or ())
        part |= {f"{epoch:04d}/{parameter}": short(array, halve) for parameter, array in weights[epoch].items()}
    about: dict[str, Any] = {
        **told_of(run),
        "layers": layers,
        "epochs": list(epochs),
        "order": order.tolist(),
        "passive": passive,
        "passive_below": PASSIVE_BELOW,
        "probe_images": len(probe.labels),
        "reach": REACH,
        "quantile_levels": LEVELS,
        "largest_kl": max(float(kl.max()), PASSIVE_BELOW),
        "facts": [facts(records[epoch]) for epoch in epochs],
    }
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    every = tensors | rest
    for tensor in sorted(every):
        digest.update(tensor.encode() + every[tensor].tobytes())
    about["key"] = digest.hexdigest()[:16]
    head = safetensors.numpy.save(tensors, {"live": json.dumps(about)})
    others = safetensors.numpy.save(rest, {"rest_of": about["key"]})
    labels, indices = tensors["gallery/labels"], tensors["gallery/indices"]
    space = Space(name, run.config.dataset, run.config.latent_dim, epochs, labels, indices, means)
    return LiveRun(about["key"], run.path, head, others, space, tuple(order.tolist()), len(active), tuple(problems))


def short(array: np.ndarray, halve: bool = False) -> np.ndarray:
    """Numbers as float16 where that holds the very same, as of a run that is kept so: half the bytes travel.

    Args:
        halve: be content with the nearest, unless one is beyond what float16 has.
    """
    with np.errstate(over="ignore"):
        halves = array.astype(np.float16)
    same = np.isfinite(halves) if halve else halves == array
    return halves if same.all() else array


def gallery(labels: np.ndarray, size: int = GALLERY_SIZE) -> np.ndarray:
    """Positions of up to `size` probe images, (G,): as many of every class, class after class."""
    each = max(1, size // len(np.unique(labels)))
    order = np.argsort(labels, kind="stable")
    return order[turns(labels)[order] < each]


def told_of(run: Run) -> dict[str, Any]:
    """What the browser is told of a run with its weights and with its film, as JSON."""
    return {
        "name": run.name,
        "weight": run.config.weight,
        "objective": run.config.objective,
        "noun": noun(run),
        "imported": run.imported,
        "class_names": run.class_names,
        "image_shape": list(run.image_shape),
        "latent_dim": run.config.latent_dim,
    }


def noun(run: Run) -> str:
    """What an image of the run is called."""
    return "digit" if run.config.dataset in ("mnist", "qmnist", "usps") else "image"


def facts(record: Epoch) -> str:
    """What an epoch scored, with unit, split and number of images; the words that need it marked."""
    return (
        f"[−ELBO](#elbo) {number(-record.elbo, 1)} = [reconstruction](#reconstruction) "
        f"{number(record.reconstruction, 1)} + [KL](#kl) {number(record.kl, 1)}, in [nats](#nats) an image; "
        f"[test set](#test-set), {record.test['images']:,} images."
    )
