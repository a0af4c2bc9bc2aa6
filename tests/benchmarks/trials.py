"""What was tried to train faster on a CPU: `python tests/benchmarks/trials.py learning` and `… step`.

`learning` trains each recipe from nothing on MNIST at β = 1 and says where it ends and at what cost. `step` sets ways
to compute the same step side by side: they take turns in one process on the same threads, so that what else the machine
does hits all alike. Times are processor time (user and system), since that is what a step costs wherever it runs. What
was kept and what was refused stands in tests/benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bvae.step
from bvae.config import Config
from bvae.data import Dataset, load_dataset
from bvae.model import unit_pixels
from bvae.objective import evaluate, kl_per_dimension, reconstruction
from bvae.trainer import Trainer

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Recipe:
    """A way to learn, as it differs from the product's.

    config: fields of the run's config.
    betas: Adam's.
    optimizer: made of the parameters, in Adam's place.
    rate: of the share of training that is done, in units of the peak; the product's own otherwise.
    batch: images of a step, of the share of training that is done.
    average: share of the old in the running mean of the weights, which is then what is evaluated; 0 for none.
    """

    config: dict[str, Any] = field(default_factory=dict)
    betas: tuple[float, float] = (0.9, 0.95)
    optimizer: Callable[[list[nn.Parameter], float], torch.optim.Optimizer] | None = None
    rate: Callable[[float], float] | None = None
    batch: Callable[[float], int] | None = None
    average: float = 0.0


def one_cycle(done: float) -> float:
    """Up over a third of training, and down by half a cosine."""
    return done / 0.3 if done < 0.3 else 0.5 * (1 + math.cos(math.pi * (done - 0.3) / 0.7))


def late_fall(done: float) -> float:
    """Up over a twentieth, level to the half, then straight down."""
    return min(1.0, done / 0.05, 2 * (1 - done))


def muon(parameters: list[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """Muon for the matrices, Adam for the rest."""

    class Both(torch.optim.Optimizer):
        def __init__(self) -> None:
            matrices = [p for p in parameters if p.ndim == 2]
            self.parts = [torch.optim.Muon(matrices, lr=rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")]
            self.parts += [
                torch.optim.Adam([p for p in parameters if p.ndim != 2], lr=rate, betas=(0.9, 0.95), fused=True)
            ]
            super().__init__(parameters, {"lr": rate})

        def step(self, closure: Any = None) -> None:
            for part in self.parts:
                for group in part.param_groups:
                    group["lr"] = self.param_groups[0]["lr"]
                part.step()

    return Both()


RECIPES: dict[str, Recipe] = {
    "as it is": Recipe(),
    "peak 0.015": Recipe({"learning_rate": 0.015}),
    "one cycle": Recipe(rate=one_cycle),
    "late fall": Recipe(rate=late_fall),
    "average of a constant rate": Recipe({"learning_rate_schedule": "constant"}, average=0.998),
    "batch 64 to 256": Recipe(batch=lambda done: 64 if done < 0.3 else 128 if done < 0.7 else 256),
    "β from 0 in 500 steps": Recipe({"beta_warmup_steps": 500}),
    "β₂ 0.98": Recipe(betas=(0.9, 0.98)),
    "Muon": Recipe(optimizer=muon),
}


def learn(recipe: Recipe, dataset: Dataset, base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Train by a recipe; where it is after each epoch, and the processor seconds of training and evaluating."""
    config = Config(**base | recipe.config)
    trainer = Trainer(config, dataset, CPU)  # for its first weights
    model = trainer.model
    parameters = list(model.parameters())
    peak = config.peak_learning_rate
    make = recipe.optimizer or (lambda given, rate: torch.optim.Adam(given, lr=rate, betas=recipe.betas, fused=True))
    optimizer = make(parameters, peak)
    averaged = [parameter.detach().clone() for parameter in parameters]
    images, pixels = len(dataset.train), dataset.train.pixels
    total, done, steps, seconds = config.epochs * images, 0, 0, 0.0
    for epoch in range(1, config.epochs + 1):
        start = time.process_time()
        generator = torch.Generator().manual_seed(config.seed * 1_000_000 + epoch)
        order = torch.randperm(images, generator=generator)
        noise = torch.randn(images, config.latent_dim, generator=generator)
        shuffled = pixels[order]
        place = 0
        while place < images:
            share = done / total
            size = recipe.batch(share) if recipe.batch else config.batch_size
            unit = unit_pixels(shuffled[place : place + size])
            if recipe.rate is not None:
                rate = peak * recipe.rate(share)
            elif recipe.batch is not None:
                rate = peak * min(1.0, (steps + 1) / 300) * (1 - share)
            else:
                rate = config.learning_rate_at(steps, config.epochs * math.ceil(images / size))
            for group in optimizer.param_groups:
                group["lr"] = rate
            with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bfloat16"):
                posterior = model.posterior(unit)
                logits = model.logits(posterior.sample(noise[place : place + size]))
            kl = kl_per_dimension(posterior).sum(1).mean()
            loss = reconstruction(logits, unit, model.log_sigma).mean() + config.beta_at(steps) * kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if recipe.average:
                torch._foreach_lerp_(averaged, [p.detach() for p in parameters], 1 - recipe.average)
            place, done, steps = place + len(unit), done + len(unit), steps + 1
        seconds += time.process_time() - start
        start = time.process_time()
        if recipe.average:
            kept = [parameter.detach().clone() for parameter in parameters]
            torch._foreach_copy_([p.data for p in parameters], averaged)
        found = evaluate(model, dataset.test.pixels, config.seed)
        if recipe.average:
            torch._foreach_copy_([p.data for p in parameters], kept)
        yield {"epoch": epoch, "negative_elbo": -found.elbo, "training": seconds, "test": time.process_time() - start}


# Steps -------------------------------------------------------------------------------------------------------------

Way = Callable[[Config, Dataset], Trainer]


def changed(change: Callable[[Trainer], object], **values: Any) -> Way:
    """The product's trainer with a change, made before it takes its first step."""

    def make(config: Config, dataset: Dataset) -> Trainer:
        trainer = Trainer(Config(**config.to_dict() | values), dataset, CPU)
        change(trainer)
        return trainer

    return make


def by_foreach(trainer: Trainer) -> None:
    trainer.optimizer = torch.optim.Adam(trainer.model.parameters(), betas=(0.9, 0.95), foreach=True)


def kept_gradients(trainer: Trainer) -> None:
    vars(trainer.optimizer)["zero_grad"] = functools.partial(trainer.optimizer.zero_grad, set_to_none=False)


def relu(trainer: Trainer) -> None:
    for part in (trainer.model.encoder, trainer.model.decoder):
        for position, module in enumerate(part):
            if isinstance(module, nn.SiLU):
                part[position] = nn.ReLU()


def cross_entropy(logits: Tensor, pixels: Tensor, log_sigma: Tensor | None) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, pixels, reduction="none").flatten(-2).sum(-1)


WAYS: dict[str, Way] = {
    "as it is": changed(lambda trainer: None),
    "batch by counter": lambda config, dataset: Trainer(config, dataset, CPU, lambda run: run),
    "contiguous": changed(lambda trainer: trainer.model.to(memory_format=torch.contiguous_format)),
    "float32": changed(lambda trainer: None, precision="float32"),
    "bfloat16": changed(lambda trainer: None, precision="bfloat16"),
    "PyTorch's cross-entropy": changed(lambda trainer: None),
    "Adam by foreach": changed(by_foreach),
    "gradients kept": changed(kept_gradients),
    "ReLU for SiLU": changed(relu),
    "batch 64": changed(lambda trainer: None, batch_size=64),
    "batch 256": changed(lambda trainer: None, batch_size=256),
    "compiled": lambda config, dataset: Trainer(config, dataset, CPU, compiled=True),
}


def steps(config: Config, dataset: Dataset, names: list[str], rounds: int, each: int) -> None:
    """Let the ways take turns, and print what 128 images cost each."""
    trainers, begun, spent = {}, {}, {name: [] for name in names}
    own = bvae.step.reconstruction
    for number in range(rounds):
        for name in names:
            start = time.process_time(), time.perf_counter()
            if not number:
                trainers[name] = WAYS[name](config, dataset)
            pieces = trainers[name].pieces
            vars(bvae.step)["reconstruction"] = cross_entropy if "cross-entropy" in name else own
            pieces.begin(0, 0)
            pieces.step(0)
            begun.setdefault(name, time.perf_counter() - start[1])
            at = time.process_time()
            for step in range(1, each + 1):
                pieces.step(step)
            spent[name].append((time.process_time() - at) / each * 128 / trainers[name].config.batch_size)
    base = spent[names[0]]
    for name in names:
        ratio = statistics.median(one / other for one, other in zip(spent[name], base, strict=True))
        millis = 1000 * statistics.median(spent[name])
        print(f"{name:25} {millis:8.3f} ms of 128 images, {ratio:5.3f} of the first; begun in {begun[name]:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("learning", "step"))
    parser.add_argument("--network", choices=("conv", "mlp"), default="conv")
    parser.add_argument("--epochs", type=int, default=6, help="of a recipe (default 6)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="by default PyTorch's")
    parser.add_argument("--limit", type=int, help="training images, for a trial of this script")
    parser.add_argument("--rounds", type=int, default=5, help="of turns (default 5)")
    parser.add_argument("--steps", type=int, default=20, help="of a turn (default 20)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="recipes or ways; the first is compared with")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    limit = options.limit or (256 * (options.steps + 2) if options.what == "step" else None)
    dataset = load_dataset("mnist", limit=limit)
    base = {"network": options.network, "beta": 1.0, "epochs": options.epochs, "seed": options.seed,
            "dataset_limit": limit, "device": "cpu"}  # fmt: skip
    if options.what == "step":
        steps(Config(**base), dataset, options.only or list(WAYS), options.rounds, options.steps)
        return
    for name in options.only or RECIPES:
        for found in learn(RECIPES[name], dataset, base):
            print(json.dumps({"recipe": name, **found}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
