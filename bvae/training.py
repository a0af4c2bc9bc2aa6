"""Whole runs of training into their directories: `train_run` writes what a `Trainer` yields, `train_runs` what several
yield that are trained as one."""

from __future__ import annotations

import contextlib
import dataclasses
import platform
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bvae.arithmetic import choose_device
from bvae.config import Config, ConfigError, batch_key, same_training
from bvae.data import Dataset, bernoulli_floor, class_balanced, load_dataset
from bvae.keeping import Keeper, encode_probe, encode_probe_by_each
from bvae.model import BetaVAE
from bvae.runs import Latents, Probe, Run, RunError, RunWriter, check_new_run
from bvae.together import Alone, Together
from bvae.trainer import DivergedError, Progress, Record, StoppedError, Trainer, history_record

__all__ = [
    "DivergedError", "Progress", "Record", "StoppedError", "Trainer", "encode_probe", "history_record", "probe_set",
    "run_details", "train_run", "train_runs",
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
    device_chosen = choose_device(config.device)
    dataset = load_dataset(config.dataset, limit=config.dataset_limit)
    trainer, writer = _opened(path, config, resume, dataset, device_chosen)
    with writer:
        keeper = Keeper(writer, trainer)

        def told(progress: Progress) -> None:
            keeper.told(progress)
            report(progress)

        on_start(config, device_chosen, max(0, trainer.epoch))
        try:
            keeper.begin()
            for record in trainer.records(stop, told):
                keeper.save(record, encode_probe(trainer.model, keeper.probe))
                yield record
                if stop() and trainer.epoch < config.epochs:
                    raise StoppedError
        except BaseException as error:
            keeper.end(error)
            raise
        keeper.end()


def train_runs(
    paths: Sequence[str | Path],
    configs: Sequence[Config],
    *,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[Path, Progress], None] = lambda path, progress: None,
    on_start: Callable[[Path, Config, torch.device, int], None] = lambda path, config, device, epoch: None,
) -> Iterator[tuple[Path, Record | Exception]]:
    """Train several runs as one batched model, each into its directory; yield path and record of every epoch of each.

    Where a run of the config is already, it is continued. Runs that stand at the same step are batched; where they
    stand at several, one such group is trained after the other, and a run that stands alone as by `train_run`. Each is
    equal to a run trained alone but for the last digits of its floats, and can be continued alone.

    Args:
        paths: the runs' folders.
        configs: of each, with one `bvae.config.batch_key`.
        stop: asked as by `train_run`; stopped runs can be resumed.
        report: told now and then how a run's epoch goes.
        on_start: told of each run, before training begins, what `train_run` tells.

    A run that fails is yielded once with its error, and the others go on: one that diverged, whose folder is another
    run's or cannot be written, or that another process is writing.

    Raises:
        ConfigError, DataError: before anything was changed.
        StoppedError: when `stop` said so; the states are saved.
    """
    folders = [Path(path) for path in paths]
    if not folders or len(folders) != len(configs) or len(set(folders)) < len(folders):
        raise ConfigError("Give as many folders as configs, one or several, each another one.")
    if len({batch_key(config) for config in configs}) > 1:
        raise ConfigError(
            "These configs cannot be trained as one model. They may differ in β or capacity, learning rate and seed "
            "alone, and are all of the β form or all of the capacity form."
        )
    device = choose_device(configs[0].device)
    dataset = load_dataset(configs[0].dataset, limit=configs[0].dataset_limit)
    there = dataclasses.replace(dataset, train=dataset.train.to(device), test=dataset.test.to(device))
    with contextlib.ExitStack() as locks:
        keepers: list[Keeper] = []
        for path, config in zip(folders, configs, strict=True):
            try:
                resume = _is_begun(path, config)
                trainer, writer = _opened(path, config, resume, dataset, device, there)
                keepers.append(Keeper(locks.enter_context(writer), trainer))
            except (RunError, ConfigError) as error:
                yield path, error
        for keeper in keepers:
            on_start(keeper.path, keeper.trainer.config, device, max(0, keeper.trainer.epoch))
        left = list(keepers)
        try:
            for group in _standing_together(keepers):
                yield from _train_group(group, left, stop, report)
        except BaseException as error:
            for keeper in left:
                with contextlib.suppress(RunError):  # of its own; what is told is what ended all
                    keeper.end(error)
            raise


def _standing_together(keepers: Sequence[Keeper]) -> list[list[Keeper]]:
    groups: dict[tuple[int, int], list[Keeper]] = {}
    for keeper in sorted(keepers, key=lambda keeper: (keeper.trainer.epoch, keeper.trainer.step), reverse=True):
        groups.setdefault((keeper.trainer.epoch, keeper.trainer.step), []).append(keeper)
    return list(groups.values())


def _train_group(
    group: Sequence[Keeper],
    left: list[Keeper],
    stop: Callable[[], bool],
    report: Callable[[Path, Progress], None],
) -> Iterator[tuple[Path, Record | Exception]]:
    """Train runs that stand at the same step, and take those that came to an end from those that are `left`."""
    by_trainer = {id(keeper.trainer): keeper for keeper in group}
    unwritten: dict[int, RunError] = {}

    def told(trainer: Trainer, progress: Progress) -> None:
        try:
            by_trainer[id(trainer)].told(progress)
        except RunError as error:
            unwritten[id(trainer)] = error
        report(by_trainer[id(trainer)].path, progress)

    batch = Together([keeper.trainer for keeper in group]) if len(group) > 1 else Alone(group[0].trainer)
    for keeper in group:
        keeper.begin()
    latents: list[Latents] = []
    encoded = -1
    for trainer, found in batch.records(stop, told):
        keeper = by_trainer[id(trainer)]
        outcome: Record | Exception = unwritten.get(id(trainer), found)
        if not isinstance(outcome, Exception):
            if encoded != trainer.epoch:
                latents, encoded = encode_probe_by_each(batch.network, keeper.probe), trainer.epoch
            try:
                keeper.save(outcome, latents[batch.trainers.index(trainer)])
            except RunError as error:
                outcome = error
        if isinstance(outcome, Exception):
            batch.drop(trainer)
            left.remove(keeper)
            outcome = _ended(keeper, outcome) or outcome
        yield keeper.path, outcome
    for keeper in group:
        if keeper in left:
            left.remove(keeper)
            if (unsaved := _ended(keeper)) is not None:
                yield keeper.path, unsaved


def _ended(keeper: Keeper, error: Exception | None = None) -> RunError | None:
    """End a run alone; what went wrong with that."""
    try:
        keeper.end(error)
    except RunError as unsaved:
        return unsaved
    return None


def _is_begun(path: Path, config: Config) -> bool:
    """Whether the run of a config is there already.

    Raises:
        RunError: when another one is.
    """
    try:
        check_new_run(path)
    except RunError:
        found = Run(path)
    else:
        return False
    if not same_training(found.config, config):
        raise RunError(f"{path} is a run of another config. Move it away, or choose another folder.")
    return True


def _opened(
    path: Path, config: Config, resume: bool, dataset: Dataset, device: torch.device, there: Dataset | None = None
) -> tuple[Trainer, RunWriter]:
    """A run's trainer and writer; `there` is the data set as it lies on the device already.

    Raises:
        RunError: when a run that is resumed was trained on other images.
    """
    if resume and dataset.sha256 != Run(path).details.get("data", {}).get("sha256"):
        raise RunError(
            f"The images of {config.dataset} are not the ones that {path} was trained on: their hashes differ."
        )
    trainer = Trainer(config, there or dataset, device)
    if resume:
        return trainer, RunWriter.resume(path)
    details = run_details(dataset, trainer.model)
    return trainer, RunWriter.create(path, config, details, probe_set(dataset, config))


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
