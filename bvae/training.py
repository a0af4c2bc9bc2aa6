"""A whole run of training into its directory: `train_run` writes what `Trainer` yields."""

from __future__ import annotations

import contextlib
import functools
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bvae.arithmetic import choose_device, device_name
from bvae.beside import AtOnce, Beside
from bvae.config import Config, ConfigError
from bvae.data import Dataset, bernoulli_floor, class_balanced, load_dataset
from bvae.model import BetaVAE
from bvae.runs import Latents, Probe, Run, RunError, RunWriter, State, check_new_run
from bvae.trainer import DivergedError, Progress, Record, StoppedError, Trainer, history_record

__all__ = [
    "DivergedError", "Progress", "Record", "StoppedError", "Trainer", "encode_probe", "history_record", "probe_set",
    "run_details", "train_run",
]  # fmt: skip


def train_run(
    path: str | Path,
    config: Config | None = None,
    *,
    resume: bool = False,
    epochs: int | None = None,
    device: str | None = None,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[Progress], None] = lambda progress: None,
    on_start: Callable[[Config, torch.device, int], None] = lambda config, device, epoch: None,
) -> Iterator[Record]:
    """Train a run into its directory, yielding the record of every epoch once it is saved.

    On a GPU it is saved beside the training of the next one, before that is yielded; when the iteration ends, all is.

    Args:
        path: the run's folder.
        config: what to train; not with `resume`.
        resume: continue the run that is there, with the config that it has, but for
        epochs: a new last epoch, and
        device: another device to go on with.
        stop: asked after every step whether to stop; a stopped run can be resumed.
        report: told now and then how the epoch goes.
        on_start: told the config, the device and the epochs already done, before training begins.

    Raises:
        RunError, ConfigError, DataError: before anything was changed, with what to do.
        StoppedError: when `stop` said so; the state is saved.
        DivergedError: when the loss is no longer finite; the run is marked failed.
    """
    path = Path(path)
    if resume == (config is not None):
        raise ConfigError("Give either a config, to begin a run, or resume=True, to continue one.")
    if resume:
        run = Run(path)
        config = Config.from_dict(
            run.config.to_dict()
            | ({"epochs": epochs} if epochs is not None else {})
            | ({"device": device} if device is not None else {})
        )
        done = run.epochs()[-1] if run.epochs() else 0
        if config.epochs < done:
            raise ConfigError(
                f"The run is at epoch {done} already, beyond {config.epochs}. Give more epochs, or leave it out."
            )
    assert config is not None
    if not resume:
        check_new_run(path)  # before the images, which may have to be downloaded
    torch_device = choose_device(config.device)
    dataset = load_dataset(config.dataset, limit=config.dataset_limit)
    if resume and dataset.sha256 != run.details.get("data", {}).get("sha256"):
        raise RunError(
            f"The images of {config.dataset} are not the ones that {path} was trained on: their hashes differ."
        )
    trainer = Trainer(config, dataset, torch_device)
    if resume:
        writer = RunWriter.resume(path)
    else:
        writer = RunWriter.create(path, config, run_details(dataset, trainer.model), probe_set(dataset, config))
    with writer:
        yield from _train_and_write(writer, trainer, stop, report, on_start)


def _train_and_write(
    writer: RunWriter,
    trainer: Trainer,
    stop: Callable[[], bool],
    report: Callable[[Progress], None],
    on_start: Callable[[Config, torch.device, int], None],
) -> Iterator[Record]:
    config = trainer.config
    record: Record | None = None
    if (state := writer.load_state()) is not None:
        trainer.restore(state)
        record = state.record
    writer.extend(config)
    probe = torch.from_numpy(Run(writer.path).probe().images).to(trainer.device)
    beside = Beside() if trainer.device.type == "cuda" else AtOnce()
    keep = config.snapshot_epochs()
    writer.thin(trainer.epoch, keep)
    totals = {"epochs": config.epochs, "steps": trainer.steps, "device": device_name(trainer.device)}

    def told(progress: Progress) -> None:
        beside.look()
        writer.beat(epoch=trainer.epoch, step=progress.step)
        report(progress)

    def failed(reason: str) -> None:
        # The disk that could not take the epoch may not take this either; readers see that the process is gone.
        with contextlib.suppress(RunError):
            writer.status("failed", epoch=max(0, trainer.epoch), step=trainer.step, error=reason, **totals)

    def save(state: State, latents: Latents) -> None:
        weights = {name[8:]: array for name, array in state.tensors.items() if name.startswith("weights/")}
        writer.save_epoch(state, weights, latents, keep)
        writer.status("running", epoch=state.epoch, step=0, **totals)

    on_start(config, trainer.device, max(0, trainer.epoch))
    try:
        writer.status("running", epoch=max(0, trainer.epoch), step=trainer.step, **totals)
        for record in trainer.records(stop, told):
            beside.do(functools.partial(save, trainer.state(record), encode_probe(trainer.model, probe)))
            yield record
            if stop() and trainer.epoch < config.epochs:
                raise StoppedError
        beside.finish()
        writer.status("finished", epoch=trainer.epoch, step=0, **totals)
    except StoppedError:
        try:
            beside.finish()
            writer.save_state(trainer.state(record))
            writer.status("stopped", epoch=max(0, trainer.epoch), step=trainer.step, **totals)
        except RunError as error:
            failed(str(error))
            raise
        raise
    except GeneratorExit:
        # Whoever iterates has had enough. They stand behind an epoch that is saved.
        with contextlib.suppress(RunError):
            beside.finish()
            end = "stopped" if trainer.epoch < config.epochs else "finished"
            writer.status(end, epoch=trainer.epoch, step=0, **totals)
        raise
    except Exception as error:
        with contextlib.suppress(Exception):  # what is told is what came first
            beside.finish()
        reason = _reason(error)
        failed(reason)
        if reason != str(error):
            raise RunError(reason) from error
        raise
    except BaseException:
        with contextlib.suppress(Exception):
            beside.finish()
        failed(f"The training was interrupted. Resume with: python -m bvae train --run {writer.path} --resume")
        raise


def _reason(error: BaseException) -> str:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return "There is not enough memory on the device. Choose a smaller batch size, or the cpu."
    return str(error) or type(error).__name__


@torch.inference_mode()
def encode_probe(model: BetaVAE, images: Tensor) -> Latents:
    """Mean and log-variance of images (P, H, W) uint8."""
    parts = [torch.stack(model.posterior(batch)) for batch in images.split(5_000 if images.is_cuda else 1_000)]
    mean, log_variance = torch.cat(parts, 1).cpu().numpy()
    return Latents(mean, log_variance)


def probe_set(dataset: Dataset, config: Config) -> Probe:
    """The test images that a run follows through its epochs: `config.probe_size` of them, every class as often."""
    indices = class_balanced(dataset.test.labels, config.probe_size)
    pixels, labels = dataset.test.pixels[indices], dataset.test.labels[indices]
    return Probe(pixels.numpy(), labels.numpy(), indices.numpy())


def run_details(dataset: Dataset, model: BetaVAE) -> dict[str, Any]:
    """What a run's config.json says beside its config: its images, its classes, the versions that made it."""
    return {
        "image_shape": list(dataset.image_shape),
        "class_names": list(dataset.class_names),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data": {
            "name": dataset.name,
            "sha256": dataset.sha256,
            "train_images": len(dataset.train),
            "test_images": len(dataset.test),
            "bernoulli_floor": bernoulli_floor(dataset.test.pixels),
        },
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
    }
