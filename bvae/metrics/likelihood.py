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

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bvae.model import BetaVAE
from bvae.objective import reconstruction

# How many codes an image, on how many images at most. The conv network takes two cores 4 s for the three, and as much
# again for the fourth, which is for one epoch and not for all.
LEVELS = ((1, 10_000), (10, 1_500), (100, 300))
FINEST = (1_000, 50)
_CODES = 500  # decoded at once


class Bound(NamedTuple):
    """L_K over a set of images."""

    samples: int  # K
    value: float  # nats an image
    standard_error: float | None  # of a single image, None
    images: int  # on which K codes were drawn


def importance_bounds(
    weigh: Callable[[int, int], Iterable[np.ndarray]],
    images: int,
    levels: Sequence[tuple[int, int]] = LEVELS,
    report: Callable[[float], None] | None = None,
) -> list[Bound]:
    """L_K of rising K, each level on the first of the images, as many as there are.

    Args:
        weigh: gives, by K and M, of each of the first M images in turn the logarithms (K,) of the weights
            p(x, z) / q(z|x) of K new codes.
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
        for place, row in enumerate(weigh(samples, count)):
            weights = np.asarray(row, np.float64)
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
    threads: int = 1,
) -> list[Bound]:
    """L_K of binarised images (N, H, W) uint8, in an order that the seed draws.

    Args:
        levels, report: see `importance_bounds`.
        threads: batches worked out at once; with one core each, PyTorch's own threads wait for each other least.

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
    dimensions = mean.shape[1:]

    def batches(samples: int, count: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Places of images, and the noise of codes of theirs; of one image in several batches if it takes more."""
        at_once = max(1, _CODES // samples)
        for first in range(0, count, at_once):
            few = torch.arange(first, min(count, first + at_once))
            for begin in range(0, samples, _CODES):
                yield few, torch.randn((len(few), min(_CODES, samples - begin), *dimensions), generator=generator)

    def weigh(samples: int, count: int) -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(threads) as pool:
            rest = batches(samples, count)
            waiting = deque(pool.submit(work, *batch) for batch in itertools.islice(rest, 2 * threads))
            found: list[np.ndarray] = []
            while waiting:
                found.append(waiting.popleft().result())
                waiting.extend(pool.submit(work, *batch) for batch in itertools.islice(rest, 1))
                if sum(part.shape[1] for part in found) == samples:
                    yield from np.concatenate(found, axis=1)
                    found = []

    def work(few: Tensor, noise: Tensor) -> np.ndarray:
        with torch.inference_mode():  # which each thread has of its own
            samples = noise.shape[1]
            codes = mean[few, None] + (0.5 * log_variance[few, None]).exp() * noise  # (n, K, D)
            seen = draws[few].repeat_interleave(samples, dim=0)
            pictures = reconstruction(model.logits(codes.flatten(0, 1)), seen, None).view(len(few), samples)
            # log p(z) − log q(z|x), in which the constants cancel.
            prior = 0.5 * (noise.square() + log_variance[few, None] - codes.square()).double().sum(2)
            return (prior - pictures.double()).numpy()

    return importance_bounds(weigh, len(pixels), levels, report)
