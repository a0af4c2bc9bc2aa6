"""The training loop. `Trainer` yields one record an epoch, epoch 0 (untrained) first, and knows no files.

An epoch's randomness, the order of the images and the noise of the codes, is drawn at its start from the seed and the
epoch's number alone. So there is no state of a random-number generator to be saved, and a run that was stopped or
killed goes on bit for bit as if it had not been.
"""

from __future__ import annotations

import functools
import inspect
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from bvae.arithmetic import autocast
from bvae.captured import STEPS_BETWEEN_LOOKS, Capture, Pieces, capture_for
from bvae.config import Config
from bvae.data import Dataset
from bvae.model import BetaVAE
from bvae.objective import Evaluation, evaluate, objective
from bvae.runs import RunError, State
from bvae.step import SUMS, Batches, Step

Record = dict[str, Any]

SMALL_SIGMA, LARGE_WEIGHT = 0.01, 1_000.0  # beyond these a finite loss cannot be taken for granted


class DivergedError(RuntimeError):
    """The loss is no longer a finite number. The message says when, and what to change."""


class StoppedError(Exception):
    """Training was asked to stop and did, after the step in hand. `Trainer.state` says where."""


@dataclass(frozen=True)
class Progress:
    """How far an epoch in training has come. Values are means over the epoch so far, in nats an image."""

    epoch: int
    step: int
    steps: int
    loss: float
    reconstruction: float
    kl: float


def history_record(
    config: Config,
    epoch: int,
    step: int,
    start: float,
    learning_rate: float,
    train: Evaluation | dict[str, float],
    test: Evaluation,
) -> Record:
    """What a run's history says of an epoch.

    Args:
        config: of the run.
        epoch: completed.
        step: of training, whose β or capacity was in force.
        start: of the epoch, by `time.perf_counter`.
        learning_rate: of that step.
        train: an evaluation, or means over the epoch as they are returned.
        test: the evaluation of the test split.

    Returns:
        `epoch`, `seconds`, `beta` or in the capacity form `capacity` in nats (the other is None), `learning_rate`,
        `train` and `test` (each `loss`, `reconstruction`, `kl` in nats an image, and `images`), and of the test split
        `kl_per_dimension` and `active_units`.
    """

    def figures(found: Evaluation) -> dict[str, float]:
        parts = torch.tensor([found.reconstruction, found.kl], dtype=torch.float64)
        loss = float(objective(config, step, parts[0], parts[1]))
        return {"loss": loss, "reconstruction": found.reconstruction, "kl": found.kl, "images": found.images}

    return {
        "epoch": epoch,
        "seconds": round(time.perf_counter() - start, 3),
        "beta": config.beta_at(step),
        "capacity": config.capacity_at(step),
        "learning_rate": learning_rate,
        "train": figures(train) if isinstance(train, Evaluation) else train,
        "test": figures(test),
        "kl_per_dimension": test.kl_per_dimension,
        "active_units": test.active_units,
    }


class Trainer:
    """Trains a β-VAE on a data set that lies whole on the device.

    Args:
        config: what to train.
        dataset: the images; its tensors are moved to `device`.
        device: from `choose_device`.
        capture: what makes many steps one; None to take each by itself. See `captured.py`.
        compiled: whether to compile the step; see `Step`.

    Iterating `records(...)` trains, and yields one record an epoch; see `history_record`. Its `train` is the mean over
    the epoch, during which the network changes; at epoch 0 nothing changes, and it is evaluated as the test split is.
    """

    def __init__(
        self,
        config: Config,
        dataset: Dataset,
        device: torch.device,
        capture: Capture | Literal["of the device"] | None = "of the device",
        compiled: bool = False,
    ) -> None:
        self.config = config
        self.device = device
        self.train, self.test = dataset.train.to(device), dataset.test.to(device)
        self.steps = math.ceil(len(self.train) / config.batch_size)  # an epoch
        with torch.random.fork_rng(devices=[]):
            # Drawn on the CPU, so that a seed means the same first network on every device.
            torch.manual_seed(config.seed)
            self.model = BetaVAE(config, dataset.image_shape).to(device)
        # Channels last is what convolutions compute in: on two CPU cores a step takes 18.2 ms for 19.5.
        self.model.to(memory_format=torch.channels_last)
        self.optimizer = adam([p for p in self.model.parameters() if p.requires_grad], device)
        self.epoch = -1  # completed; −1 before epoch 0 is evaluated
        self.step = 0  # of the epoch in training
        self.seconds = 0.0  # spent in it
        where = device if device.type != "mps" else torch.device("cpu")  # mps has no float64
        self.sums = torch.zeros(len(SUMS), dtype=torch.float64, device=where)
        self._capture = capture_for(device) if capture == "of the device" else capture
        self._compiled = compiled

    @functools.cached_property
    def pieces(self) -> Pieces:
        """What takes its steps; made when the first is taken, for what an epoch needs fills memory."""
        counted = self._capture is not None
        batches = Batches([self.config], self.train.pixels, self.device, counted=counted)
        step = Step(
            self.model,
            self.config,
            self.optimizer,
            batches,
            autocast(self.config, self.device),
            self.config.capacity_gamma,
            self.sums,
            self._compiled,
        )
        return Pieces(step, self._capture)

    def records(
        self, stop: Callable[[], bool] = lambda: False, report: Callable[[Progress], None] = lambda progress: None
    ) -> Iterator[Record]:
        """Train to the config's last epoch, yielding a record after each.

        Args:
            stop: asked after every step, or piece of a captured epoch; when it says True, the iteration ends with
                StoppedError.
            report: told now and then how the epoch goes.

        Raises:
            StoppedError: when `stop` said so.
            DivergedError: when the loss is no longer finite.
        """
        if self.epoch < 0:
            start = time.perf_counter()
            train = evaluate(self.model, self.train.pixels, self.config.seed)
            self.epoch = 0
            yield self.record(train, self._tested(), start)
        while self.epoch < self.config.epochs:
            start = time.perf_counter()
            self.train_epoch(stop, report)
            means = self.complete_epoch()
            record = self.record(means, self._tested(), start)
            self.seconds = 0.0
            yield record

    def train_epoch(
        self, stop: Callable[[], bool] = lambda: False, report: Callable[[Progress], None] = lambda progress: None
    ) -> None:
        """Take the steps of an epoch that are left; `complete_epoch` comes next.

        Raises:
            StoppedError, DivergedError: as `records`.
        """
        start = time.perf_counter()
        self.model.train()
        self.pieces.begin(self.epoch, self.step)
        while self.step < self.steps:
            self.step = self.pieces.advance(self.step)
            if self.step % STEPS_BETWEEN_LOOKS == 0 or self.step == self.steps:
                report(self.look(self.sums.tolist()))
            if self.step < self.steps and stop():
                self.seconds += time.perf_counter() - start
                raise StoppedError

    def _tested(self) -> Evaluation:
        return evaluate(self.model.eval(), self.test.pixels, self.config.seed)

    def complete_epoch(self) -> dict[str, float]:
        """Count the epoch as completed; the means over it."""
        total = dict(zip(SUMS, self.sums.tolist(), strict=True))
        images = int(total.pop("images"))
        self.epoch, self.step = self.epoch + 1, 0
        self.sums.zero_()
        return {name: value / images for name, value in total.items()} | {"images": images}

    def look(self, sums: list[float]) -> Progress:
        """How far it is, by the epoch's sums so far.

        Raises:
            DivergedError: when the loss is no longer finite.
        """
        loss, reconstructed, kl, images = sums
        if not math.isfinite(loss):
            raise self._diverged(f"in epoch {self.epoch + 1}, step {self.step} of {self.steps}")
        return Progress(self.epoch + 1, self.step, self.steps, loss / images, reconstructed / images, kl / images)

    def _diverged(self, when: str) -> DivergedError:
        return DivergedError(f"The loss stopped being a finite number {when}. Begin a new run with {self._calmer()}.")

    def _calmer(self) -> str:
        """What to change for a finite loss: first the settings that are far from what works."""
        config = self.config
        advice = []
        if config.peak_learning_rate > Config(network=config.network).peak_learning_rate:
            advice.append(f"a lower learning rate (it was {config.peak_learning_rate:g})")
        if config.sigma is not None and config.sigma < SMALL_SIGMA:
            advice.append(f"a larger sigma (it was {config.sigma:g}, and one of the 255 steps of grey is 0.004)")
        weight, called = (config.beta, "β") if config.capacity is None else (config.capacity_gamma, "capacity weight γ")
        if weight > LARGE_WEIGHT:
            advice.append(f"a smaller {called} (it was {weight:g})")
        if not advice:
            advice.append(f"a lower learning rate (it was {config.peak_learning_rate:g})")
        if config.capacity is None and config.beta:
            advice.append("a longer β warm-up")
        if config.precision != "float32":
            advice.append("precision float32")
        return " or ".join(filter(None, [", ".join(advice[:-1]), advice[-1]]))

    def record(self, train: Evaluation | dict[str, float], test: Evaluation, start: float) -> Record:
        """What is said of the epoch that was completed, in which training began again at `start`.

        Raises:
            DivergedError: when the network is none any more.
        """
        if not math.isfinite(test.elbo):
            # The last step of an epoch can break the weights, and its loss was taken before it.
            raise self._diverged(f"on the test images after epoch {self.epoch}")
        last_step = max(0, self.epoch * self.steps - 1)
        rate = self.config.learning_rate_at(last_step, self.config.epochs * self.steps)
        return history_record(self.config, self.epoch, last_step, start - self.seconds, rate, train, test)

    def state(self, record: Record | None) -> State:
        """All that `restore` needs to continue exactly."""
        tensors = {f"weights/{name}": value for name, value in self.model.state_dict().items()}
        for name, parameter in self.model.named_parameters():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer/{name}/{key}"] = value
        tensors["sums"] = self.sums
        return State(self.epoch, self.step, self.seconds, arrays(tensors), record)

    def restore(self, state: State) -> None:
        """Continue from a state that `state` made.

        Raises:
            RunError: when it does not fit this model.
        """
        parameters = dict(self.model.named_parameters())
        try:
            weights = {
                name.removeprefix("weights/"): torch.from_numpy(array)
                for name, array in state.tensors.items()
                if name.startswith("weights/")
            }
            self.model.load_state_dict(weights, strict=True)
            for name, array in state.tensors.items():
                if name.startswith("optimizer/"):
                    _, parameter, key = name.split("/")
                    # Adam counts its steps on the CPU unless it is fused on a GPU.
                    device = self.device if key != "step" or self.device.type == "cuda" else "cpu"
                    value = torch.from_numpy(array).to(device)
                    # Laid out in memory as the parameter is: the fused step goes through both side by side.
                    like = torch.empty((), device=device) if key == "step" else torch.empty_like(parameters[parameter])
                    self.optimizer.state[parameters[parameter]][key] = like.copy_(value)
            if any(set(values) != {"step", "exp_avg", "exp_avg_sq"} for values in self.optimizer.state.values()):
                raise ValueError("of what the optimiser carries, a part is missing")
            self.sums.copy_(torch.from_numpy(state.tensors["sums"]))
        except (KeyError, ValueError, RuntimeError) as error:
            raise RunError(f"state.safetensors does not fit the run's config ({error}).") from error
        self.epoch, self.step, self.seconds = state.epoch, state.step, state.seconds


class _Adam(torch.optim.Adam):
    """PyTorch's own, beneath what keeps PyTorch's compiler away from it: that would import the whole compiler, which
    takes as long as importing PyTorch."""

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


def adam(parameters: list[Any], device: torch.device) -> torch.optim.Adam:
    """The optimiser of parameters, or of groups of them; its learning rate is set at every step."""
    # β₂ of 0.95 forgets the steep first steps sooner: a third of a nat after three epochs of the conv network.
    return _Adam(
        parameters,
        lr=0.0,
        betas=(0.9, 0.95),
        fused=device.type in ("cpu", "cuda"),
        capturable=device.type == "cuda",
    )


def arrays(tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Tensors as NumPy arrays. Those of a CPU share their memory; those of a GPU come in one copy for each type, since
    each waits for all that the GPU has to do."""
    found = {name: tensor.detach() for name, tensor in tensors.items()}
    for kind in {tensor.dtype for tensor in found.values() if tensor.device.type != "cpu"}:
        names = [name for name, tensor in found.items() if tensor.dtype == kind and tensor.device.type != "cpu"]
        packed = torch.cat([found[name].reshape(-1) for name in names]).cpu()
        parts = packed.split([found[name].numel() for name in names])
        found |= {name: part.view(found[name].shape) for name, part in zip(names, parts, strict=True)}
    return {name: tensor.numpy() for name, tensor in found.items()}
