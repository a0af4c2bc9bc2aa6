"""The training loop as one writes it, which the product's is compared with, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from bvae.arithmetic import autocast
from bvae.config import Config
from bvae.data import Dataset
from bvae.lazy import drawn
from bvae.model import BetaVAE
from bvae.objective import kl_per_dimension, objective, reconstruction


def plain_loop(
    config: Config, dataset: Dataset
) -> Iterator[tuple[BetaVAE, torch.optim.Optimizer, Tensor, tuple[int, int]]]:
    """Train on the CPU; after every step the model, the optimiser, the epoch's sums of loss, reconstruction, KL and
    images, and the epoch and the step that were done."""
    device = torch.device("cpu")
    torch.manual_seed(config.seed)
    model = BetaVAE(config, dataset.image_shape).to(memory_format=torch.channels_last)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=config.peak_learning_rate, betas=(0.9, 0.95), fused=True)
    cast = autocast(config, device)
    images = len(dataset.train)
    steps = math.ceil(images / config.batch_size)
    for epoch in range(config.epochs):
        generator = torch.Generator().manual_seed(config.seed * 1_000_000 + epoch + 1)
        order = torch.randperm(images, generator=generator)
        noise = torch.randn(images, config.latent_dim, generator=generator).split(config.batch_size)
        pixels = dataset.train.pixels[order].split(config.batch_size)
        sums = torch.zeros(4, dtype=torch.float64)
        for number in range(steps):
            step = epoch * steps + number
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate_at(step, config.epochs * steps)
            unit = drawn(pixels[number]).float().div_(255)
            with cast():
                posterior = model.posterior(unit)
                logits = model.logits(posterior.sample(noise[number]))
            batch_reconstruction = reconstruction(logits, unit, model.log_sigma).mean()
            kl = kl_per_dimension(posterior).sum(1).mean()
            loss = objective(config, step, batch_reconstruction, kl)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            means = torch.stack([loss.detach(), batch_reconstruction.detach(), kl.detach(), torch.ones_like(kl)])
            sums += means.to(torch.float64) * len(unit)
            yield model, optimizer, sums, (epoch, number)
