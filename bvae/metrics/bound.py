"""The two terms of the bound, image by image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from bvae.model import BetaVAE, unit_pixels
from bvae.objective import kl_per_dimension, reconstruction


class PerImage(NamedTuple):
    """The two terms of the bound, image by image."""

    reconstruction: np.ndarray  # (N,) float32 nats, −log p(x|z) at the posterior's mean z = μ(x)
    kl: np.ndarray  # (N,) float32 nats, KL(q(z|x) ‖ N(0, I))


@torch.inference_mode()
def per_image(model: BetaVAE, images: torch.Tensor | np.ndarray, batch_size: int = 500) -> PerImage:
    """Measure images (N, H, W) uint8, one by one.

    The reconstruction is that of the posterior's mean, which is the picture that is shown, and no sample of z is drawn:
    the figures repeat, and are a little lower than the bound's own, which averages over the posterior.

    Raises:
        ValueError: when the images do not fit the model.
    """
    found = []
    if isinstance(images, np.ndarray):
        images = torch.from_numpy(images.copy())  # PyTorch has no tensors that cannot be written
    for batch in images.split(batch_size):
        posterior = model.posterior(batch)
        pixels = unit_pixels(batch.to(model.device))
        nats = reconstruction(model.logits(posterior.mean), pixels, model.log_sigma)
        found.append(torch.stack([nats, kl_per_dimension(posterior).sum(1)]))
    if not found:
        return PerImage(np.zeros(0, np.float32), np.zeros(0, np.float32))
    return PerImage(*torch.cat(found, dim=1).cpu().numpy())
