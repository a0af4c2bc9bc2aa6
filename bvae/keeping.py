"""A run as it is trained: restored from its directory, written there after each epoch, and told of to its end."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path

import torch
from torch import Tensor

from bvae.arithmetic import device_name
from bvae.background import AtOnce, Background
from bvae.model import unit_pixels
from bvae.objective import Network
from bvae.runs import Latents, Run, RunError, RunWriter, State
from bvae.trainer import Progress, Record, StoppedError, Trainer


class Keeper:
    """Keeps a run's directory in step with its trainer.

    Args:
        writer: of the directory, whose lock is held.
        trainer: which is brought to where the directory is.

    On a GPU an epoch is written beside the training of the next one; what fails there is raised at the next call.

    Raises:
        RunError: when what is there does not fit.
    """

    def __init__(self, writer: RunWriter, trainer: Trainer) -> None:
        self._writer, self.trainer = writer, trainer
        self._record: Record | None = None
        if (state := writer.load_state()) is not None:
            trainer.restore(state)
            self._record = state.record
        writer.extend(trainer.config)
        self.probe = torch.from_numpy(Run(writer.path).probe().images).to(trainer.device)
        self._keep = trainer.config.snapshot_epochs()
        writer.thin(trainer.epoch, self._keep)
        device = device_name(trainer.device)
        self._totals = {"epochs": trainer.config.epochs, "steps": trainer.steps, "device": device}
        self._beside = Background() if trainer.device.type == "cuda" else AtOnce()

    @property
    def path(self) -> Path:
        """The run's directory."""
        return self._writer.path

    def begin(self) -> None:
        """Say that it trains."""
        self._say("running", self.trainer.step)

    def told(self, progress: Progress) -> None:
        """Say how far it is, now and then."""
        self._beside.look()
        self._writer.beat(epoch=self.trainer.epoch, step=progress.step)

    def save(self, record: Record, latents: Latents) -> None:
        """Write what the epoch leaves."""
        self._record = record
        self._beside.do(functools.partial(self._write, self.trainer.state(record), latents))

    def _write(self, state: State, latents: Latents) -> None:
        weights = {name[8:]: array for name, array in state.tensors.items() if name.startswith("weights/")}
        self._writer.save_epoch(state, weights, latents, self._keep)
        self._writer.status("running", epoch=state.epoch, step=0, **self._totals)

    def end(self, error: BaseException | None = None) -> None:
        """Say how it ended: finished without an error, stopped where the error says so, failed otherwise.

        Raises:
            RunError: when what should be kept cannot be; or in place of an error that has no words of its own.
        """
        if error is None or isinstance(error, StoppedError):
            self._settled(error is None)
        elif isinstance(error, GeneratorExit):
            # Whoever iterates has had enough. Among several runs not each needs to have saved the epoch in hand.
            with contextlib.suppress(RunError):
                self._beside.finish()
                saved = (self._record or {}).get("epoch", 0)
                self._say("stopped" if saved < self.trainer.config.epochs else "finished", 0, saved)
        else:
            with contextlib.suppress(Exception):  # what is told is what came first
                self._beside.finish()
            if not isinstance(error, Exception):
                command = f"python -m bvae train --run {self.path} --resume"
                self._failed(f"The training was interrupted. Resume with: {command}")
                return
            reason = _reason(error)
            self._failed(reason)
            if reason != str(error):
                raise RunError(reason) from error

    def _settled(self, finished: bool) -> None:
        try:
            self._beside.finish()
            if not finished and self.trainer.epoch >= 0:
                self._writer.save_state(self.trainer.state(self._record))
            self._say("finished" if finished else "stopped", self.trainer.step)
        except RunError as unsaved:
            self._failed(str(unsaved))
            raise

    def _say(self, state: str, step: int, epoch: int | None = None) -> None:
        at = max(0, self.trainer.epoch) if epoch is None else epoch
        self._writer.status(state, epoch=at, step=step, **self._totals)

    def _failed(self, reason: str) -> None:
        # The disk that could not take the epoch may not take this either; readers see that the process is gone.
        with contextlib.suppress(RunError):
            epoch = max(0, self.trainer.epoch)
            self._writer.status("failed", epoch=epoch, step=self.trainer.step, error=reason, **self._totals)


def _reason(error: BaseException) -> str:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return "There is not enough memory on the device. Choose a smaller batch size, or the cpu."
    return str(error) or type(error).__name__


def encode_probe(model: Network, images: Tensor) -> Latents:
    """Mean and log-variance of images (P, H, W) uint8."""
    return encode_probe_by_each(model, images)[0]


@torch.inference_mode()
def encode_probe_by_each(model: Network, images: Tensor) -> list[Latents]:
    """Mean and log-variance of images (P, H, W) uint8, by each model of a stack."""
    parts = []
    for batch in images.split(5_000 if images.is_cuda else 1_000):
        unit = unit_pixels(batch)
        parts.append(torch.stack(model.posterior(unit.expand(*model.shape, *unit.shape)), -3))
    found = torch.cat(parts, -2).cpu().numpy()  # (…, 2, P, D)
    return [Latents(mean, log_variance) for mean, log_variance in found.reshape(-1, *found.shape[-3:])]
