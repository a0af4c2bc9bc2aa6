"""The evidence lower bound, its parts, and the objectives made of them. All values in nats, summed over pixels and
latent dimensions.

The loss is averaged over images only, so that β means the same at every batch size and image size. Peers that average
over pixels have, at their β of 1, a β of about 3 here on MNIST.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from bvae.config import Config
from bvae.lazy import LazyPixels, drawn
from bvae.model import Posterior, unit_pixels


class Network(Protocol):
    """What is trained and evaluated: a `BetaVAE`, or a `Stack` of M, whose numbers have a dimension more, "…"."""

    shape: tuple[int, ...]  # () or (M,)

    @property
    def log_sigma(self) -> Tensor | None:
        """Of the gaussian likelihood, the standard deviation in log: one number, or (M, 1, 1)."""

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""

    def posterior(self, images: Tensor) -> Posterior:
        """q(z|x) of images (…, N, H, W): (…, N, D) twice."""

    def logits(self, codes: Tensor) -> Tensor:
        """Codes (…, N, D) to logits (…, N, H, W)."""


def kl_per_dimension(posterior: Posterior) -> Tensor:
    """KL(q(z_j|x) ‖ N(0, 1)) = ½ (μ_j² + σ_j² − 1 − log σ_j²) of every image and dimension: (…, N, D)."""
    mean, log_variance = posterior
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def bernoulli_reconstruction(logits: Tensor, pixels: Tensor) -> Tensor:
    """−log p(x|z) of independent Bernoulli pixels, from logits: (…, N). Both arguments (…, N, H, W), pixels in [0, 1].

    On grey pixels this has a floor above 0, the entropy of the grey values.
    """
    return _BernoulliReconstruction.apply(logits, pixels)


class _BernoulliReconstruction(torch.autograd.Function):
    """Binary cross-entropy from logits, softplus(l) − x·l, whose slope is sigmoid(l) − x.

    PyTorch's own takes log1p, which its CPU kernels do one number at a time: 0.96 ms for a batch of 128 images and its
    gradient on two cores, against 0.28 ms this way, a fifth of the MLP's step. Writing softplus(l) as
    max(l, 0) − log sigmoid(|l|) loses nothing that float32 could show, because sigmoid(|l|) is never below a half. On a
    GPU, where a kernel costs what launching it costs, PyTorch's softplus is one for six.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, pixels: Tensor) -> Tensor:
        ctx.save_for_backward(logits.sigmoid(), pixels)
        if logits.is_cuda:
            terms = torch.nn.functional.softplus(logits)
        else:
            terms = logits.abs().sigmoid_().log_().neg_()
            terms += logits.relu()
        return terms.addcmul_(logits, pixels, value=-1).flatten(-2).sum(-1)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        means, pixels = ctx.saved_tensors
        return (means - pixels).mul_(slopes[0][..., None, None]), None


def gaussian_reconstruction(logits: Tensor, pixels: Tensor, log_sigma: Tensor) -> Tensor:
    """−log p(x|z) of independent pixels N(sigmoid(logits), σ²), the constant included: (…, N). σ: one number, or for M
    models (M, 1, 1)."""
    squared = (logits.sigmoid() - pixels).square().flatten(-2)  # (…, N, H·W)
    per_pixel = squared / (2 * (2 * log_sigma).exp()) + log_sigma + 0.5 * math.log(2 * math.pi)
    return per_pixel.sum(-1)


def reconstruction(logits: Tensor, pixels: Tensor, log_sigma: Tensor | None) -> Tensor:
    """−log p(x|z) of each image, (…, N): gaussian where there is a σ, bernoulli otherwise."""
    if log_sigma is None:
        return bernoulli_reconstruction(logits, pixels)
    return gaussian_reconstruction(logits, pixels, log_sigma)


def objective(config: Config, step: int, reconstruction: Tensor, kl: Tensor) -> Tensor:
    """What training lowers at a step, from a batch's mean reconstruction and mean KL (both scalars).

    reconstruction + β · KL, or in the capacity form (Burgess et al. 2018) reconstruction + γ · |KL − C|, where KL is
    averaged over the batch before the absolute value is taken.
    """
    beta, capacity = config.beta_at(step), config.capacity_at(step)
    if capacity is not None:
        return weighted(reconstruction, kl, capacity, config.capacity_gamma)
    assert beta is not None  # a config has either
    return weighted(reconstruction, kl, beta)


def weighted(reconstruction: Tensor, kl: Tensor, weight: float | Tensor, gamma: float | Tensor | None = None) -> Tensor:
    """The objective of mean reconstruction and mean KL (…): by β = `weight`, or with γ by the capacity C = `weight`."""
    return reconstruction + (weight * kl if gamma is None else gamma * torch.abs(kl - weight))


@dataclass(frozen=True)
class Evaluation:
    """What the bound is on a set of images, one sample of z an image."""

    images: int
    reconstruction: float  # nats an image
    kl: float  # nats an image
    kl_per_dimension: list[float]  # (D,) nats an image
    active_units: int  # dimensions with Var_x(μ_j) > 0.01 (Burda et al. 2016)

    @property
    def elbo(self) -> float:
        """The evidence lower bound, nats an image."""
        return -(self.reconstruction + self.kl)


ACTIVE_VARIANCE = 0.01


def evaluate(model: Network, pixels: Tensor | LazyPixels, seed: int = 0, batch_size: int | None = None) -> Evaluation:
    """Evaluate the bound on images (N, H, W) uint8.

    The noise is drawn from `seed` alone, so that epochs and runs are compared on the same draws.

    Args:
        batch_size: left out, 500, or 2,500 on a GPU, which a small batch leaves waiting for the processor.

    Raises:
        ValueError: when there are no images.
    """
    return evaluate_each(model, pixels, [seed], batch_size)[0]


@torch.inference_mode()
def evaluate_each(
    model: Network, pixels: Tensor | LazyPixels, seeds: Sequence[int], batch_size: int | None = None
) -> list[Evaluation]:
    """Evaluate the bound of each model of a stack, with its own seed; see `evaluate`."""
    if len(pixels) == 0:
        raise ValueError("There are no images to evaluate the bound on.")
    device = model.device
    where = torch.device("cpu") if device.type == "mps" else device  # mps has no float64
    generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
    total = torch.zeros(model.shape, dtype=torch.float64, device=where)
    kl, means = [], []
    for batch in pixels.split(batch_size or (2_500 if device.type == "cuda" else 500)):
        unit = unit_pixels(drawn(batch.to(device)))
        posterior = model.posterior(unit.expand(*model.shape, *unit.shape))
        size = posterior.mean.shape[-2:]
        noise = torch.stack([torch.randn(size, generator=generator, device=device) for generator in generators])
        logits = model.logits(posterior.sample(noise.view_as(posterior.mean)))
        total += reconstruction(logits, unit, model.log_sigma).to(where).double().sum(-1)
        kl.append(kl_per_dimension(posterior).to(where).double().sum(-2))
        means.append(posterior.mean.to(where).double())
    per_dimension = torch.stack(kl).sum(0) / len(pixels)  # (…, D)
    variance = torch.cat(means, -2).var(-2, correction=0)  # (…, D)
    # All figures in one copy: each costs a GPU a synchronisation.
    figures = torch.cat([total[..., None], per_dimension.sum(-1)[..., None], per_dimension, variance], -1)
    return [_evaluation(row, len(pixels)) for row in figures.view(len(seeds), -1).tolist()]


def _evaluation(figures: list[float], images: int) -> Evaluation:
    total, kl, *rest = figures
    dimensions = len(rest) // 2
    return Evaluation(
        images=images,
        reconstruction=total / images,
        kl=kl,
        kl_per_dimension=rest[:dimensions],
        active_units=sum(variance > ACTIVE_VARIANCE for variance in rest[dimensions:]),
    )
