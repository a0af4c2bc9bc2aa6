"""How likely a model finds images: the importance-weighted bound on binarised pixels.

L_K = E log (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x), with K codes z_k ~ q(z|x) (Burda et al. 2016). L_1 is the evidence
lower bound, L_K never falls with K, and its limit is log p(x). In nats an image.

Grey pixels are no draws of a Bernoulli variable, so each is made black or white once, at random with its grey value as
the chance (Salakhutdinov & Murray 2008) and from a seed, and the encoder is given what came out. A Gaussian likelihood
is a density, and not comparable with this.

What many codes cost is spent where it tells. L_1 is measured on many images, and what ten codes add to one, a hundred
to ten, a thousand to a hundred, each on fewer of the same images, by the same codes taken together and in groups. The
sums of these levels have the expectation of L_K on all images and a fraction of its error (Giles 2008), and cannot fall
with K: a mean's logarithm is no less than the logarithms' mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bvae.model import BetaVAE
from bvae.objective import reconstruction

# How many codes an image, on how many images at most. On two cores the three take the conv network 4 s, and the fourth
# adds 6 s, which is for one epoch and not for all.
LEVELS = ((1, 10_000), (10, 1_500), (100, 300))
FINEST = (1_000, 100)
_CODES = 500  # decoded at once


class Bound(NamedTuple):
    """L_K over a set of images."""

    samples: int  # K
    value: float  # nats an image
    standard_error: float | None  # of a single image, None
    images: int  # on which K codes were drawn


def importance_bounds(
    weigh: Callable[[int, int], np.ndarray],
    images: int,
    levels: Sequence[tuple[int, int]] = LEVELS,
    report: Callable[[float], None] | None = None,
) -> list[Bound]:
    """L_K of rising K, each level on the first of the images, as many as there are.

    Args:
        weigh: the logarithms (K,) of the weights p(x, z) / q(z|x) of K new codes of an image, by its place and K.
        images: how many there are; the first of them should be as good a sample as all.
        levels: K, each a multiple of the one before, and the number of images at most, falling.
        report: told the share that is done; what it raises ends the work.

    Raises:
        ValueError: when there is no image.
    """
    if images < 1:
        raise ValueError("There are no images to measure the likelihood of.")
    sizes = [(samples, min(count, images)) for samples, count in levels]
    total = sum(samples * count for samples, count in sizes)
    influence = np.zeros(images)  # what each image adds to the sum, times N, about the mean
    value, done, before = 0.0, 0, 0
    found = []
    for samples, count in sizes:
        gains = np.empty(count)
        for place in range(count):
            weights = np.asarray(weigh(place, samples), np.float64)
            gains[place] = _log_mean_exp(weights)
            if before:
                gains[place] -= np.mean([_log_mean_exp(group) for group in weights.reshape(-1, before)])
            done += samples
            if report:
                report(done / total)
        value += float(gains.mean())
        influence[:count] += (gains - gains.mean()) * images / count
        error = float(influence.std(ddof=1)) / math.sqrt(images) if images > 1 else None
        found.append(Bound(samples, value, error, count))
        before = samples
    return found


def _log_mean_exp(values: np.ndarray) -> float:
    highest = values.max()
    return float(highest + math.log(np.exp(values - highest).mean()))


def binarise(pixels: Tensor, seed: int = 0) -> Tensor:
    """Images (N, H, W) uint8 as draws, float32 of 0 and 1, each pixel white with its grey value as the chance."""
    chance = torch.rand(pixels.shape, generator=torch.Generator().manual_seed(seed))
    return (255 * chance < pixels.float()).float()


@torch.inference_mode()
def likelihood(
    model: BetaVAE,
    pixels: Tensor,
    levels: Sequence[tuple[int, int]] = LEVELS,
    seed: int = 0,
    report: Callable[[float], None] | None = None,
) -> list[Bound]:
    """L_K of binarised images (N, H, W) uint8, in an order that the seed draws.

    Raises:
        ValueError: when there is no image, or the model's likelihood is not of black and white pixels.
    """
    if model.log_sigma is not None:
        raise ValueError("The bound is of black and white pixels, and this model takes them for Gaussian grey values.")
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(pixels), generator=generator)
    draws = binarise(pixels, seed)[order]
    posteriors = [model.posterior(batch) for batch in draws.split(_CODES)]
    mean = torch.cat([one.mean for one in posteriors]) if posteriors else torch.zeros(0)
    log_variance = torch.cat([one.log_variance for one in posteriors]) if posteriors else torch.zeros(0)
    waiting: dict[int, tuple[int, np.ndarray]] = {}  # by the image's place: how many codes, and their weights

    def weigh(place: int, samples: int) -> np.ndarray:
        """The weights of an image, which are worked out for as many images at once as make up a batch."""
        if waiting.get(place, (0,))[0] != samples:
            waiting.clear()
            few = torch.arange(place, min(len(mean), place + max(1, _CODES // samples)))
            found = torch.cat([draw(few, min(_CODES, samples - first)) for first in range(0, samples, _CODES)], dim=1)
            waiting.update((int(one), (samples, row)) for one, row in zip(few, found.double().numpy(), strict=True))
        return waiting.pop(place)[1]

    def draw(few: Tensor, samples: int) -> Tensor:
        noise = torch.randn((len(few), samples, mean.shape[1]), generator=generator)
        codes = mean[few, None] + (0.5 * log_variance[few, None]).exp() * noise  # (n, K, D)
        seen = draws[few].repeat_interleave(samples, dim=0)
        pictures = reconstruction(model.logits(codes.flatten(0, 1)), seen, None).view(len(few), samples)
        # log p(z) − log q(z|x), in which the constants cancel.
        prior = 0.5 * (noise.square() + log_variance[few, None] - codes.square()).double().sum(2)
        return prior - pictures.double()

    return importance_bounds(weigh, len(pixels), levels, report)
