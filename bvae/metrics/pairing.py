"""Two runs beside each other: which dimension of one stands for which of the other, and how far it goes for as much.

Two trainings order and turn their dimensions as it happens. What tells that two are one and the same is that their
means rise and fall over the same images; see `matched` of udr.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bvae.metrics.udr import INFORMATIVE, matched

if TYPE_CHECKING:
    from bvae.runs import Run

FEWEST = 100  # images over which dimensions are paired; where two runs follow fewer together, one encodes the other's
ENCODED = 500  # of the other's images are then encoded


class Pairing(NamedTuple):
    """For each of the D dimensions of one run its counterpart in another."""

    dimension: np.ndarray  # (D,) int64 of the other run; −1 where that has no more
    sign: np.ndarray  # (D,) 1 or −1: whether both grow together
    strength: np.ndarray  # (D,) the absolute rank correlation of their means
    scale: np.ndarray  # (D,) how far the counterpart goes for a step of 1
    images: int  # over how many


def apart(one: Run, other: Run) -> str:
    """Why no dimension of one run can stand for one of another, in a sentence; empty where one can."""
    if one.config.dataset != other.config.dataset:
        return (
            f"{one.name} learned from {one.config.dataset_name} and {other.name} from {other.config.dataset_name}: no "
            "image has a code in both, so their dimensions are not paired."
        )
    if one.image_shape != other.image_shape:
        sizes = " and ".join(f"{height} × {width}" for height, width in (one.image_shape, other.image_shape))
        return f"The images of {one.name} and {other.name} are of {sizes} pixels, so their dimensions are not paired."
    return ""


def paired(one: Run, other: Run, epochs: tuple[int, int]) -> Pairing:
    """Which dimension of another run stands for each of one, by the means of the images that both follow.

    A step goes as far in both as their means are spread: scaled by the ratio of the standard deviations. Where one of
    the two carries nothing, that ratio would be one of noise, and a step stays as it is.

    Args:
        epochs: of the two snapshots.

    Raises:
        ValueError: when they are `apart`.
        RunError: when one cannot be read, or has no such snapshot.
    """
    if reason := apart(one, other):
        raise ValueError(reason)
    latents = [run.latents(epoch) for run, epoch in zip((one, other), epochs, strict=True)]
    probes = one.probe(), other.probe()
    _, *places = np.intersect1d(probes[0].indices, probes[1].indices, return_indices=True)
    same = (probes[0].images[places[0]] == probes[1].images[places[1]]).all((1, 2))  # of files from elsewhere
    if same.sum() >= FEWEST or same.sum() == len(probes[0].indices):
        means = [found.mean[place[same]] for found, place in zip(latents, places, strict=True)]
    else:
        means = [latents[0].mean[:ENCODED], _encoded(other, probes[0].images[:ENCODED], epochs[1])]
    match = matched(*means)
    deviations = [mean.std(0, dtype=np.float64) for mean in means]
    # By the latents that are there: the history tells of all test images, and may be of another program.
    carries = [
        0.5 * (found.mean**2 + np.exp(found.log_variance) - 1 - found.log_variance).mean(0) > INFORMATIVE
        for found in latents
    ]
    there = match.dimension >= 0
    counterpart = np.where(there, match.dimension, 0)
    both = there & carries[0] & carries[1][counterpart] & (deviations[0] > 0)
    scale = np.ones(len(there))
    scale[both] = deviations[1][counterpart[both]] / deviations[0][both]
    return Pairing(match.dimension, match.sign, match.strength, np.where(scale > 0, scale, 1.0), len(means[0]))


def _encoded(run: Run, images: np.ndarray, epoch: int) -> np.ndarray:
    from bvae.network import encoder_layers
    from bvae.numpy_model import encode

    return encode(encoder_layers(run.config, run.image_shape), run.weights(epoch), images)[0]
