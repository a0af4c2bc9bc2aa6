"""Several trainers as one: their networks are a `Stack`, and a step of it is a step of each."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from bvae.arithmetic import autocast
from bvae.captured import STEPS_BETWEEN_LOOKS, Capture, Pieces, capture_for
from bvae.objective import Evaluation, evaluate_each
from bvae.stack import Stack
from bvae.step import Batches, Step
from bvae.trainer import DivergedError, Progress, Record, StoppedError, Trainer, adam

Report = Callable[[Trainer, Progress], None]


class Together:
    """Trains several trainers at once, which stand at the same step of configs with one `batch_key`.

    Each has its own order of the images, noise, learning rate and weight of the KL. Their parameters, what their
    optimisers carry and their sums become views of the stack's, so that each of them can be asked for its state.
    """

    def __init__(
        self, trainers: Sequence[Trainer], capture: Capture | Literal["of the device"] | None = "of the device"
    ) -> None:
        # Equal learning rates beside each other: one update of the optimiser serves them.
        self.trainers = sorted(trainers, key=_schedule)
        self._gone: set[int] = set()
        first = self.trainers[0]
        self._first, device = first, first.device
        configs = [trainer.config for trainer in self.trainers]
        self.network = Stack([trainer.model for trainer in self.trainers])
        ends = itertools.accumulate(len(list(same)) for _, same in itertools.groupby(self.trainers, key=_schedule))
        parts = list(itertools.pairwise([0, *ends]))
        capture = capture_for(device) if capture == "of the device" else capture
        batches = Batches(
            configs, first.train.pixels, device, self.network.shape, [a for a, _ in parts], capture is not None
        )
        self._step = Step(
            self.network,
            first.config,
            self._optimizer(parts),
            batches,
            autocast(first.config, device),
            torch.tensor([config.capacity_gamma for config in configs], device=device),
            torch.stack([trainer.sums for trainer in self.trainers]),
        )
        for trainer, sums in zip(self.trainers, self._step.sums, strict=True):
            trainer.sums = sums
        self.pieces = Pieces(self._step, capture)

    def _optimizer(self, parts: list[tuple[int, int]]) -> torch.optim.Optimizer:
        """An optimiser of the stack, which goes on with what the trainers' carry; a group for each learning rate."""
        learned = {name: whole for name, whole in self.network.parameters.items() if whole.requires_grad}
        views = [(name, a, b, whole.detach()[a:b]) for a, b in parts for name, whole in learned.items()]
        if len(parts) == 1:
            views = [(name, 0, len(self.trainers), whole) for name, whole in learned.items()]
        groups: list[Any] = [{"params": [view for _, a, _, view in views if a == start]} for start, _ in parts]
        optimizer = adam(groups, self._first.device)
        for name, a, b, view in views:
            own = [(trainer, dict(trainer.model.named_parameters())[name]) for trainer in self.trainers[a:b]]
            was = [trainer.optimizer.state.get(parameter, {}) for trainer, parameter in own]
            carried = {
                key: torch.stack([_carried(found, key, part) for found, part in zip(was, view.detach(), strict=True)])
                for key in ("exp_avg", "exp_avg_sq")
            }
            steps = was[0].get("step")
            where = view.device if view.device.type in ("cpu", "cuda") else torch.device("cpu")
            step = torch.zeros((), device=where) if steps is None else steps.clone()
            optimizer.state[view] = {"step": step, **carried}
            for place, (trainer, parameter) in enumerate(own):
                each = {key: whole[place] for key, whole in carried.items()}
                trainer.optimizer.state[parameter] = {"step": step, **each}
        if len(parts) > 1:

            def hand_on(*_: Any) -> None:
                for name, a, b, view in views:
                    gradient = learned[name].grad
                    view.grad = None if gradient is None else gradient[a:b]

            def let_go(*_: Any) -> None:
                for whole in learned.values():
                    whole.grad = None

            optimizer.register_step_pre_hook(hand_on)
            optimizer.register_step_post_hook(let_go)
        return optimizer

    def drop(self, trainer: Trainer) -> None:
        """Hear no more of a trainer; the others go on."""
        self._gone.add(id(trainer))

    @property
    def alive(self) -> list[tuple[int, Trainer]]:
        """The trainers that go on, with their places in the stack."""
        return [(place, trainer) for place, trainer in enumerate(self.trainers) if id(trainer) not in self._gone]

    def records(self, stop: Callable[[], bool], report: Report) -> Iterator[tuple[Trainer, Record | DivergedError]]:
        """Train to the last epoch; after each, the record of every trainer, and the error of one that ends by it.

        Raises:
            StoppedError: when `stop` said so.
        """
        epochs = self._first.config.epochs
        if self._first.epoch < 0:
            start = time.perf_counter()
            untrained = self._evaluated(self._first.train.pixels)
            for trainer in self.trainers:
                trainer.epoch = 0
            yield from self._recorded(untrained, start)
        while self.alive and self._first.epoch < epochs:
            start = time.perf_counter()
            yield from self.train_epoch(stop, report)
            means = [trainer.complete_epoch() for trainer in self.trainers]
            yield from self._recorded(means, start)
            if self._first.epoch < epochs and stop():
                raise StoppedError

    def train_epoch(
        self, stop: Callable[[], bool] = lambda: False, report: Report = lambda trainer, progress: None
    ) -> Iterator[tuple[Trainer, DivergedError]]:
        """Take the steps of an epoch that are left; the error of each trainer that ends by it.

        Raises:
            StoppedError: when `stop` said so.
        """
        start = time.perf_counter()
        step, steps = self._first.step, self._first.steps
        self.pieces.begin(self._first.epoch, step)
        while step < steps and self.alive:
            step = self.pieces.advance(step)
            for trainer in self.trainers:
                trainer.step = step
            if step % STEPS_BETWEEN_LOOKS == 0 or step == steps:
                sums = self._step.sums.tolist()
                for place, trainer in self.alive:
                    try:
                        report(trainer, trainer.look(sums[place]))
                    except DivergedError as error:
                        self.drop(trainer)
                        yield trainer, error
            if step < steps and stop():
                for trainer in self.trainers:
                    trainer.seconds += time.perf_counter() - start
                raise StoppedError

    def _evaluated(self, pixels: Any) -> list[Evaluation]:
        return evaluate_each(self.network, pixels, [trainer.config.seed for trainer in self.trainers])

    def _recorded(
        self, train: Sequence[Evaluation | dict[str, float]], start: float
    ) -> Iterator[tuple[Trainer, Record | DivergedError]]:
        tests = self._evaluated(self._first.test.pixels)
        for place, trainer in self.alive:
            try:
                found: Record | DivergedError = trainer.record(train[place], tests[place], start)
                trainer.seconds = 0.0
            except DivergedError as error:
                self.drop(trainer)
                found = error
            yield trainer, found


class Alone:
    """One trainer, in the manner of `Together`."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainers, self.network = [trainer], trainer.model
        self._gone = False

    def drop(self, trainer: Trainer) -> None:
        """Take no further step."""
        self._gone = True

    def records(self, stop: Callable[[], bool], report: Report) -> Iterator[tuple[Trainer, Record | DivergedError]]:
        """As `Together.records`."""
        (trainer,) = self.trainers
        try:
            for record in trainer.records(stop, lambda progress: report(trainer, progress)):
                yield trainer, record
                if self._gone:
                    return
                if trainer.epoch < trainer.config.epochs and stop():
                    raise StoppedError
        except DivergedError as error:
            yield trainer, error


def _schedule(trainer: Trainer) -> tuple[float, str]:
    return trainer.config.peak_learning_rate, trainer.config.learning_rate_schedule


def _carried(found: dict[str, Tensor], key: str, part: Tensor) -> Tensor:
    return found[key].contiguous() if key in found else torch.zeros_like(part)
