"""What defines a run: one flat dataclass that the command line, the web form and config.json all come from.

A β-VAE (Higgins et al. 2017) is a variational autoencoder (Kingma & Welling 2014) whose KL term is weighted by β.
Every field says what it is in its `help`, and every value is checked when a `Config` is made, so that a `Config`
that exists can be trained. Imports nothing but the standard library: the app's first page needs it without torch.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import re
import shlex
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

DATASETS = ("mnist", "fashion-mnist", "kmnist", "emnist", "qmnist", "usps", "sprites", "dsprites")
NETWORKS = ("conv", "mlp")
LIKELIHOODS = ("bernoulli", "gaussian")
DEVICES = ("auto", "cuda", "mps", "cpu")
PRECISIONS = ("auto", "float32", "bfloat16")
LEARNING_RATE_SCHEDULES = ("linear", "constant")

# The gradient goes by 1/σ². Below 1e-10 its squares, which Adam keeps, are infinite in float32, and above 1e4 they
# vanish beside Adam's ε (measured: mlp, 1,000 images); this leaves a factor of ten to either side.
SIGMAS = (1e-9, 1e3)

# A run this short keeps every epoch; a longer one keeps epochs at about even ratios: most early on.
EVERY_EPOCH_UP_TO = 20
DENSE_EPOCHS = (0, 1, 2, 3, 4, 5, 7)
DECADE_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)

# What is followed of every snapshot is read whole, by the trainer and by whoever opens the run.
MAX_PROBE_IMAGES = 50_000
MAX_LATENTS = 5_000_000  # means of all probe images at one epoch: 20 MB, and as much for the variances
_AT_LEAST: dict[str, float] = {
    "latent_dim": 1, "beta": 0, "beta_warmup_steps": 0, "capacity": 0, "capacity_gamma": 0, "capacity_steps": 0,
    "epochs": 1, "batch_size": 1, "dataset_limit": 1, "seed": 0, "probe_size": 1,
}  # fmt: skip
# Beyond these nothing is learned, and a float32 or a reader would overflow.
_AT_MOST: dict[str, float] = {
    "latent_dim": 1_000, "beta": 10**9, "beta_warmup_steps": 10**9, "capacity": 10**6, "capacity_gamma": 10**9,
    "capacity_steps": 10**9, "epochs": 10**6, "batch_size": 10**6, "dataset_limit": 10**9, 
    "seed": 2**31 - 1, "probe_size": MAX_PROBE_IMAGES,
}  # fmt: skip


class ConfigError(ValueError):
    """A value that cannot define a run. Its message says which, why, and what to write instead."""


def propose_name(config: Config, taken: Sequence[str] = ()) -> str:
    """A run's name that says what is trained, and is none of those that are taken."""
    ((weight, value),) = config.objective.items()
    images = re.sub(r"[^A-Za-z0-9_.+=-]+", "-", config.dataset_name).strip("-.")[:40] or "own"
    name = f"{images}-{config.network}-{weight}{value:g}"
    number = 1
    while (proposed := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return proposed


def is_path(dataset: str) -> bool:
    """Whether a data set is a person's own images by their path: it has a slash, or begins with a point or a tilde."""
    return "/" in dataset or os.sep in dataset or dataset.startswith((".", "~"))


def same_training(one: Config, other: Config) -> bool:
    """Whether two configs train the same, wherever."""
    return dataclasses.replace(one, device="cpu") == dataclasses.replace(other, device="cpu")


def _field(default: Any, help: str, choices: tuple[str, ...] | None = None) -> Any:
    metadata = {"help": help} | ({"choices": choices} if choices else {})
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything needed to repeat a run, together with the data's hash and the library versions that a run records.

    Raises:
        ConfigError: when a value is out of range or two values contradict each other.
    """

    dataset: str = _field(
        "mnist",
        "images to learn from: one of these, or the path of your own (a folder, zip, .npz, .npy, .csv)",
        DATASETS,
    )
    dataset_limit: int | None = _field(None, "use only the first N training images, for trials")
    network: str = _field(
        "conv", "conv: a small convolutional network; mlp: the classic, fully connected 784-400-20", NETWORKS
    )
    latent_dim: int = _field(20, "latent dimensions: how many numbers the code of an image has")
    likelihood: str = _field(
        "bernoulli",
        "how a pixel is distributed around the decoded one: bernoulli, its chance to be white; gaussian, a bell curve",
        LIKELIHOODS,
    )
    sigma: float | None = _field(
        None, "standard deviation of the gaussian likelihood, in units of the pixel range [0, 1]; left out: learned"
    )
    beta: float = _field(4.0, "weight of the KL, the price of what a code tells; 1 is the plain VAE, 0 an autoencoder")
    beta_warmup_steps: int = _field(0, "training steps over which β grows linearly from 0")
    capacity: float | None = _field(
        None, "final KL capacity C in nats (Burgess et al. 2018); given, the objective is γ·|KL − C| instead of β·KL"
    )
    capacity_gamma: float = _field(30.0, "weight γ of the capacity form")
    capacity_steps: int = _field(10_000, "training steps over which C grows linearly from 0")
    epochs: int = _field(100, "passes over the training images")
    batch_size: int = _field(128, "images that one training step learns from")
    learning_rate: float | None = _field(
        None,
        "how far a training step goes, Adam's step size, at its highest; left out: what suits the network (conv 0.01, "
        "mlp 0.004)",
    )
    learning_rate_schedule: str = _field(
        "linear", "linear: falls evenly to 0 at the last step; constant: as it is", LEARNING_RATE_SCHEDULES
    )
    seed: int = _field(0, "where random numbers begin: same seed and machine, same bits on the CPU")
    device: str = _field(
        "auto", "what computes: auto takes cuda (an NVIDIA GPU), then mps (Apple's), then cpu", DEVICES
    )
    precision: str = _field(
        "auto",
        "how finely a training step computes; auto: TF32 on cuda, bfloat16 for the mlp on a CPU that has it, or "
        "float32",
        PRECISIONS,
    )
    probe_size: int = _field(
        5_000, "test images whose codes are recorded at every snapshot, for the pages that show them"
    )

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            _check_type(item.name, value)
            choices = item.metadata.get("choices")
            if choices and value not in choices and not (item.name == "dataset" and _is_own(value)):
                own = ", or give the path of your own images" if item.name == "dataset" else ""
                raise ConfigError(
                    f"{item.name} is {_cut(repr(value))}, which is not known. Choose one of: {', '.join(choices)}{own}."
                )
        for name, least in _AT_LEAST.items():
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ConfigError(f"{name} is {value}, and must be {least} or more.")
        for name, most in _AT_MOST.items():
            value = getattr(self, name)
            if value is not None and not value <= most:
                raise ConfigError(f"{name} is {value}, and must be {most} or less.")
        for name in ("sigma", "learning_rate"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"{name} is {value}, and must be above 0.")
        if self.probe_size * self.latent_dim > MAX_LATENTS:
            raise ConfigError(
                f"probe_size {self.probe_size} times latent_dim {self.latent_dim} is more than {MAX_LATENTS}, which "
                f"would be kept of every snapshot. Choose a probe_size of {MAX_LATENTS // self.latent_dim} or less."
            )
        if self.sigma is not None and not SIGMAS[0] <= self.sigma <= SIGMAS[1]:
            raise ConfigError(
                f"sigma is {self.sigma:g}, and must be from {SIGMAS[0]:g} to {SIGMAS[1]:g}: beyond, the numbers of the "
                "training step do not fit float32, and nothing is learned. One of the 255 steps of grey is 0.004."
            )
        if self.sigma is not None and self.likelihood != "gaussian":
            raise ConfigError("sigma belongs to the gaussian likelihood. Leave it out, or choose likelihood gaussian.")
        if self.capacity is not None and self.beta_warmup_steps:
            raise ConfigError("The capacity form has no β, so beta_warmup_steps has no meaning there. Leave one out.")

    @property
    def dataset_name(self) -> str:
        """The data set as it is shown: of a person's own images the name of their file or folder."""
        if not is_path(self.dataset):
            return self.dataset
        name = PurePath(self.dataset.replace("\\", "/")).name
        return re.sub(r"(\.(zip|npz|npy|csv|tsv|txt|gz))+$", "", name, flags=re.IGNORECASE) or name or self.dataset

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate given, or the network's own (measured in tests/benchmarks/networks.py)."""
        return self.learning_rate or {"conv": 0.01, "mlp": 0.004}[self.network]

    def beta_at(self, step: int) -> float | None:
        """β in force at a training step (0 is the first), or None where the objective is the capacity form."""
        return self.beta * _ramp(step, self.beta_warmup_steps) if self.capacity is None else None

    def capacity_at(self, step: int) -> float | None:
        """KL capacity C in nats at a training step, or None where the objective is the β form."""
        return None if self.capacity is None else self.capacity * _ramp(step, self.capacity_steps)

    def learning_rate_at(self, step: int, steps: int) -> float:
        """Adam's step size at a training step of a run of `steps` steps."""
        # Grown over 300 steps, the conv network takes a step size that is worth 2 nats after ten epochs. A smaller one
        # needs less of that: the mlp's 0.004 is reached after 120.
        growing = min(300, max(1, round(30_000 * self.peak_learning_rate)))
        warmup = min(1.0, (step + 1) / growing)
        if self.learning_rate_schedule == "constant":
            return self.peak_learning_rate * warmup
        # A straight fall ends a tenth of a nat below a half cosine (conv, β = 1, ten epochs, two networks).
        return self.peak_learning_rate * warmup * max(0.0, 1 - step / steps)

    def snapshot_epochs(self) -> list[int]:
        """Epochs whose weights and latents are kept: all of a short run, ever fewer of a long one, and both ends."""
        if self.epochs <= EVERY_EPOCH_UP_TO:
            return list(range(self.epochs + 1))
        kept = set(DENSE_EPOCHS) | {self.epochs}
        decade = 10
        while decade <= self.epochs:
            kept |= {int(decade * step) for step in DECADE_STEPS}
            decade *= 10
        return sorted(epoch for epoch in kept if epoch <= self.epochs)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-ready values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Config:
        """The inverse of `to_dict`; a missing field takes its default.

        Raises:
            ConfigError: for an unknown key or a value that is not allowed.
        """
        known = {item.name for item in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ConfigError(f"Unknown setting{'s' * (len(unknown) > 1)}: {_cut(', '.join(map(str, unknown)), 200)}.")
        return cls(**values)

    @property
    def objective(self) -> dict[str, float]:
        """What weighs the KL term, as files have it: β, or the capacity C in nats."""
        return {"beta": self.beta} if self.capacity is None else {"capacity": self.capacity}

    @property
    def weight(self) -> str:
        """What weighs the KL term, in words."""
        return f"β = {self.beta:g}" if self.capacity is None else f"C = {self.capacity:g} nats"

    @property
    def short_weight(self) -> str:
        """What weighs the KL term, in a table's column under a β."""
        return self.weight.removeprefix("β = ").removesuffix(" nats")

    def arguments(self) -> list[str]:
        """What the command line is given for the fields that differ from their defaults."""
        changed = [item for item in dataclasses.fields(self) if getattr(self, item.name) != item.default]
        pairs = ((flag(item.name), str(getattr(self, item.name)).removesuffix(".0")) for item in changed)
        return [part for pair in pairs for part in pair]

    def command(self, run: str) -> str:
        """The command line that repeats this run into the folder `run`."""
        return shlex.join(["python", "-m", "bvae", "train", "--run", run, *self.arguments()])


# What may differ between configs that are trained as one model: it is computed for each anyway.
_EACH_ITS_OWN = {
    "beta", "beta_warmup_steps", "capacity", "capacity_gamma", "capacity_steps", "learning_rate",
    "learning_rate_schedule", "seed",
}  # fmt: skip


def batch_key(config: Config) -> tuple[object, ...]:
    """Configs of which this is equal can be trained as one batched model, by `bvae.training.train_runs`."""
    shared = [value for name, value in config.to_dict().items() if name not in _EACH_ITS_OWN]
    return (*shared, config.capacity is None)


def flag(name: str) -> str:
    """The command-line flag of a field."""
    return "--" + name.replace("_", "-")


@functools.cache  # a run's config asks for all of them, and a page lists all runs
def field_type(name: str) -> tuple[type, bool]:
    """A field's plain type and whether it may be None."""
    hint = typing.get_type_hints(Config)[name]
    if isinstance(hint, types.UnionType):
        (plain,) = (part for part in typing.get_args(hint) if part is not type(None))
        return plain, True
    return hint, False


def _check_type(name: str, value: object) -> None:
    plain, optional = field_type(name)
    if value is None and optional:
        return
    # JSON writes 4.0 as 4, and True is an int to Python: take the first, refuse the second.
    allowed = (int, float) if plain is float else plain
    if not isinstance(value, allowed) or isinstance(value, bool):
        wanted = {int: "a whole number", float: "a number", str: "a text"}[plain]
        raise ConfigError(f"{name} is {_cut(repr(value))}, and must be {wanted}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} is {value}, and must be a finite number.")
    if isinstance(value, int) and abs(value) > 2**53:  # whose digits could fill a page
        raise ConfigError(f"{name} is a whole number beyond 2^53, and no setting is so large.")


def _is_own(dataset: str) -> bool:
    return is_path(dataset) and len(dataset) <= 4_096 and "\0" not in dataset


def _cut(text: str, most: int = 60) -> str:
    """A text as a message can hold it."""
    return text if len(text) <= most else f"{text[:most]}…"


def _ramp(step: int, steps: int) -> float:
    return 1.0 if steps == 0 else min(1.0, step / steps)
