"""One training step, which reads all it needs from the device: images, order and noise of the epoch lie there, and so
do the learning rate and the weight of the KL, by step.

A step finds its part of them in one of two ways. **By number**, the host says which step it is, and the batch is a
slice. **By counter**, a counter on the device says it, and the batch is gathered; then nothing that the host does
differs from step to step, so that many steps can be one CUDA graph (`captured.py`). The counter is for cuda. On a CPU,
where both give the same bits, a slice is taken for nothing and a gather copies the batch; and mps has no graphs.

All is written for one network, or for a stack of M networks, whose numbers have a dimension more in front (`stack.py`):
"…" in a shape is nothing or M.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from bvae.config import Config
from bvae.lazy import LazyPixels
from bvae.model import unit_pixels
from bvae.objective import Network, kl_per_dimension, reconstruction, weighted

SUMS = ("loss", "reconstruction", "kl", "images")


class Batches:
    """The batches of an epoch, with the learning rate and the weight of the KL that belong to each.

    Args:
        configs: of each network.
        images: the training images, on `device`.
        shape: of the network.
        groups: networks whose learning rates stand for those of a group of the optimiser, each.
        counted: whether a batch is found by the counter on the device.

    An epoch's randomness, the order of the images and the noise of the codes, is drawn from the seed and the epoch's
    number alone.
    """

    def __init__(
        self,
        configs: Sequence[Config],
        images: Tensor | LazyPixels,
        device: torch.device,
        shape: tuple[int, ...] = (),
        groups: Sequence[int] = (0,),
        counted: bool = False,
    ) -> None:
        self.size = configs[0].batch_size
        self.images = len(images)
        self.steps = math.ceil(self.images / self.size)
        self.full = self.images // self.size  # steps of whole batches; one of fewer may follow
        self.counted = counted
        self._configs, self._groups, self._shape, self._device = configs, groups, shape, device
        # What is gathered of an image: its pixels, or its index where it is drawn of that.
        self._rows = images.indices if isinstance(images, LazyPixels) else images
        self._source = images.source if isinstance(images, LazyPixels) else None
        self._shuffled = torch.empty(*shape, *self._rows.shape, dtype=self._rows.dtype, device=device)
        self._noise = torch.empty(*shape, self.images, configs[0].latent_dim, device=device)
        # The fused step reads a float32 on a GPU. On a CPU it reads any, and computes with a float64.
        exact = torch.float64 if device.type == "cpu" else torch.float32
        self._rates = torch.zeros(len(groups), self.steps, dtype=exact, device=device)
        self._weights = torch.zeros(*shape, self.steps, device=device)
        self._rate = torch.zeros(len(groups), 1, dtype=exact, device=device)
        self._counter = torch.zeros(1, dtype=torch.int64, device=device)
        self._rates_by_number: list[list[float]] = []

    def begin(self, epoch: int, step: int) -> None:
        """Draw what the epoch after `epoch` completed ones needs, and begin at a step of it."""
        shuffled, noise = (self._shuffled, self._noise) if self._shape else (self._shuffled[None], self._noise[None])
        for config, rows, normal in zip(self._configs, shuffled, noise, strict=True):
            generator = torch.Generator(self._device).manual_seed(_stream(config.seed, epoch + 1))
            order = torch.randperm(self.images, generator=generator, device=self._device)
            torch.randn(normal.shape, generator=generator, out=normal)
            # One gather an epoch costs a copy of the images; one a step costs more in all. Lazy ones are drawn later.
            torch.index_select(self._rows, 0, order, out=rows)
        steps = range(epoch * self.steps, (epoch + 1) * self.steps)
        weights = [[_weight(config, step) for step in steps] for config in self._configs]
        self._weights.copy_(torch.tensor(weights if self._shape else weights[0]))
        chosen = [self._configs[group] for group in self._groups]
        self._rates_by_number = [
            [config.learning_rate_at(step, config.epochs * self.steps) for step in steps] for config in chosen
        ]
        self._rates.copy_(torch.tensor(self._rates_by_number, dtype=torch.float64))
        self._counter.fill_(step)

    def is_short(self, number: int) -> bool:
        """Whether a step is the last one, of fewer images."""
        return number >= self.full

    def count(self, number: int) -> int:
        """How many images a step has."""
        return self.images - self.full * self.size if self.is_short(number) else self.size

    def take(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pixels (…, B, H, W), noise (…, B, D) and the weight of the KL (…) of a step.

        number: of the step within the epoch. By counter it only says whether this is the short one.
        """
        dim = len(self._shape)
        if self.counted and not self.is_short(number):
            rows, noise = (self._gathered(table, dim) for table in (self._shuffled, self._noise))
        else:
            first, count = number * self.size, self.count(number)
            rows, noise = (table.narrow(dim, first, count) for table in (self._shuffled, self._noise))
        if self._source is not None:
            drawn = self._source.draw(rows.flatten())
            rows = drawn.view(*rows.shape, *drawn.shape[1:])
        if self.counted:
            return rows, noise, self._weights.index_select(-1, self._counter).squeeze(-1)
        return rows, noise, self._weights[..., number]

    def _gathered(self, table: Tensor, dim: int) -> Tensor:
        whole = table.narrow(dim, 0, self.full * self.size).unflatten(dim, (self.full, self.size))
        return whole.index_select(dim, self._counter).squeeze(dim)

    def set_rates(self, optimizer: torch.optim.Optimizer, number: int) -> None:
        """Have the optimiser go as far as the step's learning rates say, one for each of its groups."""
        if self.counted:
            torch.index_select(self._rates, 1, self._counter, out=self._rate)
        for place, group in enumerate(optimizer.param_groups):
            group["lr"] = self._rate[place, 0] if self.counted else self._rates_by_number[place][number]

    def advance(self) -> None:
        """Go on to the next step."""
        if self.counted:
            self._counter.add_(1)


class Step:
    """A training step.

    Args:
        network: what is trained.
        config: of the network; of a stack, any of its configs.
        optimizer: of the network's parameters.
        batches: what is learned from.
        autocast: what the forward pass is computed within.
        gamma: weight of the capacity form, (M,) for a stack.
        sums: (…, 4) float64, to which the batch's loss, reconstruction, KL and images are added.
        compiled: whether to compile the forward pass and its gradient. Off: compiling takes as long as a short run, and
            `tests/benchmarks/gpu.py` measures what it gains.
    """

    def __init__(
        self,
        network: Network,
        config: Config,
        optimizer: torch.optim.Optimizer,
        batches: Batches,
        autocast: Callable[[], Any],
        gamma: float | Tensor,
        sums: Tensor,
        compiled: bool = False,
    ) -> None:
        self.network, self.optimizer, self.batches = network, optimizer, batches
        self.sums = sums
        self._is_capacity = config.capacity is not None
        self._gamma, self._autocast = gamma, autocast
        self._one = torch.ones(network.shape, device=network.device)
        self._counts = {
            count: torch.full((len(SUMS),), count, dtype=sums.dtype, device=sums.device)
            for count in (batches.size, batches.images - batches.full * batches.size)
        }
        self._forward = torch.compile(self._losses) if compiled else self._losses

    def __call__(self, number: int) -> None:
        """Take a step. What the host does depends on nothing that the device computed."""
        pixels, noise, weight = self.batches.take(number)
        loss, batch_reconstruction, kl = self._forward(pixels, noise, weight)
        self.optimizer.zero_grad()
        if self._one.is_cpu:
            torch.autograd.backward(loss.sum())  # given gradients, PyTorch imports what compares shapes as formulas
        else:
            torch.autograd.backward(loss, self._one)  # a sum would be one launch more
        self.batches.set_rates(self.optimizer, number)
        self.optimizer.step()
        means = torch.stack([loss.detach(), batch_reconstruction.detach(), kl.detach(), self._one], -1)
        self.sums += means.to(self.sums.device) * self._counts[self.batches.count(number)]
        self.batches.advance()

    def _losses(self, pixels: Tensor, noise: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, reconstruction and KL, means over the batch: (…) each."""
        images = unit_pixels(pixels)
        with self._autocast():
            posterior = self.network.posterior(images)
            logits = self.network.logits(posterior.sample(noise))
        batch_reconstruction = reconstruction(logits, images, self.network.log_sigma).mean(-1)
        kl = kl_per_dimension(posterior).sum(-1).mean(-1)
        gamma = self._gamma if self._is_capacity else None
        return weighted(batch_reconstruction, kl, weight, gamma), batch_reconstruction, kl


def _weight(config: Config, step: int) -> float:
    """β at a step, or the capacity C in nats."""
    beta, capacity = config.beta_at(step), config.capacity_at(step)
    return beta if beta is not None else capacity or 0.0


def _stream(seed: int, epoch: int) -> int:
    # Epoch numbers of neighbouring seeds must not meet: no run has a million epochs.
    return seed * 1_000_000 + epoch
