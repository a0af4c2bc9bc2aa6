"""The β-VAE: an encoder q(z|x) = N(μ(x), diag σ²(x)), a decoder p(x|z), and nothing else.

After Kingma & Welling 2014 (the VAE) and Higgins et al. 2017 (the β-VAE). The layers are listed in `network.py`, the
objective stands in `objective.py`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from bvae.config import Config
from bvae.network import LOG_VARIANCE_BOUND, Layer, decoder_layers, encoder_layers


class Posterior(NamedTuple):
    """q(z|x) of N images: a diagonal Gaussian."""

    mean: Tensor  # (N, D)
    log_variance: Tensor  # (N, D)

    def sample(self, noise: Tensor) -> Tensor:
        """Codes z = μ + σ · noise, by which the gradient flows to μ and σ. noise and z: (N, D)."""
        return self.mean + (0.5 * self.log_variance).exp() * noise


class BetaVAE(nn.Module):
    """A variational autoencoder of grey images with `latent_dim` latent dimensions.

    Images come in as uint8 (0 … 255) or float (0 … 1), (N, H, W) or (N, 1, H, W), as tensors or NumPy arrays; pixel
    means go out as float32 (N, H, W) in [0, 1].
    """

    shape: tuple[int, ...] = ()  # of the numbers that there is one of for each model, as a stack of M has (M,)
    log_sigma: Tensor | None  # standard deviation of the gaussian likelihood, in log; None for bernoulli

    def __init__(self, config: Config, image_shape: tuple[int, int]) -> None:
        super().__init__()
        self.config = config
        self.image_shape = image_shape
        self.encoder = _build(encoder_layers(config, image_shape))
        self.decoder = _build(decoder_layers(config, image_shape))
        self.log_sigma = None
        if config.likelihood == "gaussian":
            # One σ for all pixels: learned, it settles at the root-mean-square error (Rybkin et al. 2021).
            log_sigma = torch.tensor(math.log(config.sigma) if config.sigma else 0.0)
            self.log_sigma = nn.Parameter(log_sigma, requires_grad=config.sigma is None)
        if config.network == "conv":
            _keep_variance(self)

    @property
    def device(self) -> torch.device:
        """Where the parameters live, and where codes and images are taken to."""
        return next(self.parameters()).device

    def posterior(self, images: Tensor | np.ndarray) -> Posterior:
        """q(z|x) of N images.

        Raises:
            ValueError: when the images are of another size or type than the model takes.
        """
        # float32 even where the layers compute in bfloat16: the KL takes differences of what comes out.
        mean, log_variance = self.encoder(self._prepare(images)).float().chunk(2, dim=1)  # (N, D), (N, D)
        return Posterior(mean, bounded(log_variance))

    def logits(self, codes: Tensor) -> Tensor:
        """Decode codes (N, D) to the logits of the pixels' means, (N, H, W) float32."""
        return self.decoder(codes).float().squeeze(1)

    def encode(self, images: Tensor | np.ndarray) -> Tensor:
        """The code of each image: the mean of its posterior, (N, D)."""
        return self.posterior(images).mean

    def decode(self, codes: Tensor | np.ndarray) -> Tensor:
        """The mean of every pixel given codes (N, D): (N, H, W) in [0, 1].

        Raises:
            ValueError: when the codes do not have the model's number of dimensions.
        """
        codes = torch.as_tensor(codes, dtype=torch.float32, device=self.device)
        if codes.ndim != 2 or codes.shape[1] != self.config.latent_dim:
            raise ValueError(
                f"Codes of shape {tuple(codes.shape)} do not fit: this model takes (N, {self.config.latent_dim})."
            )
        return self.logits(codes).sigmoid()

    def forward(self, images: Tensor | np.ndarray) -> Tensor:
        """Reconstruct images through the means of their codes: (N, H, W) in [0, 1]."""
        return self.decode(self.encode(images))

    def _prepare(self, images: Tensor | np.ndarray) -> Tensor:
        if isinstance(images, np.ndarray) and not images.flags.writeable:
            images = images.copy()  # PyTorch has no tensors that cannot be written
        images = torch.as_tensor(images, device=self.device)
        if images.shape[-2:] != self.image_shape or images.ndim not in (3, 4):
            height, width = self.image_shape
            raise ValueError(
                f"Images of shape {tuple(images.shape)} do not fit: this model takes (N, {height}, {width})."
            )
        if images.dtype != torch.uint8 and not images.is_floating_point():
            raise ValueError(f"Images are {images.dtype}; give uint8 from 0 to 255, or float from 0 to 1.")
        return unit_pixels(images.reshape(-1, 1, *self.image_shape))


def unit_pixels(images: Tensor) -> Tensor:
    """Pixels as float32 in [0, 1]; uint8 is divided by 255, float is taken as it is."""
    return images / 255 if images.dtype == torch.uint8 else images.float()


def bounded(log_variance: Tensor) -> Tensor:
    """Log-variances within their bounds. (The slope of `hardtanh` is one kernel, that of `clamp` is five.)"""
    return nn.functional.hardtanh(log_variance, -LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)


def _build(layers: list[Layer]) -> nn.Sequential:
    return nn.Sequential(*(_module(layer) for layer in layers))


def _module(layer: Layer) -> nn.Module:
    kind = layer["kind"]
    match kind:
        case "linear":
            return nn.Linear(layer["inputs"], layer["outputs"])
        case "conv":
            return nn.Conv2d(layer["inputs"], layer["outputs"], layer["kernel"], layer["stride"], layer["padding"])
        case "conv_transpose":
            return nn.ConvTranspose2d(
                layer["inputs"],
                layer["outputs"],
                layer["kernel"],
                layer["stride"],
                layer["padding"],
                layer["output_padding"],
            )
        case "relu":
            return nn.ReLU()
        case "silu":
            return nn.SiLU()
        case "flatten":
            return nn.Flatten()
        case "reshape":
            return nn.Unflatten(1, tuple(layer["shape"]))
    raise ValueError(f"Unknown layer kind {kind!r}.")


def _keep_variance(model: BetaVAE) -> None:
    """He et al. (2015) initialisation: PyTorch's own lets the signal fade over seven layers and costs an epoch.

    The MLP keeps PyTorch's, so that its figures stay comparable with the public example's.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            assert module.bias is not None
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.ConvTranspose2d):
            # Of a k × k window every output pixel sees (k / stride)² taps.
            taps = module.in_channels * (module.kernel_size[0] / module.stride[0]) ** 2
            nn.init.normal_(module.weight, std=math.sqrt(2 / taps))
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    with torch.no_grad():
        # Begin near the prior and near a dark page, where the mean of a digit image is.
        model.encoder[-1].weight.mul_(0.3)  # type: ignore[operator]
        model.decoder[-1].weight.mul_(0.3)  # type: ignore[operator]
        model.decoder[-1].bias.fill_(-2.0)  # type: ignore[operator]
