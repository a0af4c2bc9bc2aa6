"""A run as it is written, by one process at a time; and its film, by another."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from bvae.config import Config
from bvae.runs import files, schema
from bvae.runs.files import (
    FORMAT,
    MAX_HEADER,
    RunError,
    Tensors,
    read_json,
    read_tensors,
    run_lock,
    write_json,
    write_tensors,
)
from bvae.runs.folders import check_run_name, names_file
from bvae.runs.reading import Film, Latents, Probe, Run
from bvae.runs.writers import HEARTBEAT_SECONDS

RESUMABLE = ("epochs", "device")  # what of its config a resumed run may change


@dataclass(frozen=True)
class State:
    """What resuming needs: how far training came, in epochs and steps beyond, and every number that it carries."""

    epoch: int  # epochs completed
    step: int  # steps taken of the epoch after that
    seconds: float  # spent in that epoch so far
    tensors: Tensors
    record: dict[str, Any] | None  # the last epoch's line of history, which a kill may have kept from being written


def read_state(run: Run) -> State:
    """Where the training of a run was.

    Raises:
        RunError: when it is missing, damaged, or not of this run.
    """
    path = run.path / files.STATE
    tensors, metadata = read_tensors(path, most=16 * schema.MAX_PARAMETERS + MAX_HEADER)
    try:
        progress = schema.progress(schema.parse(metadata.get("progress", "")), run.config)
    except schema.SchemaError as error:
        raise RunError(f"{path} does not say how far the run is ({error}), so it cannot be continued.") from error
    weights = {name[8:]: array.shape for name, array in tensors.items() if name.startswith("weights/")}
    if weights != run.parameter_shapes:
        raise RunError(f"{path} does not fit the run's config, so the run cannot be continued.")
    return State(tensors=tensors, **progress)


class RunWriter:
    """The one process that may write a run. Use as a context manager: it holds the run's lock.

    Raises:
        RunError: when another process is writing the run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._status: dict[str, Any] = {}
        self._heartbeat = 0.0
        self._lock = run_lock(path)
        self._telling = threading.Lock()  # of the status, which a thread beside the training tells, too

    @classmethod
    def create(cls, path: Path, config: Config, details: Mapping[str, Any], probe: Probe) -> RunWriter:
        """Begin a new run in a folder that does not exist yet or is empty."""
        check_new_run(path)  # before the lock, which is a file itself
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"Cannot make the folder {path} ({error.strerror}).") from error
        writer = cls(path)
        with writer._locked_on_error():
            check_new_run(path)
            _remove_leftovers(path)
            # Here and nowhere else: a run that somebody moved away while it trains must not come back as empty folders.
            for folder in (files.EPOCHS, files.LATENTS):
                (path / folder).mkdir(exist_ok=True)
            writer.status("queued", epoch=0, step=0, epochs=config.epochs)
            write_tensors(path / files.PROBE, probe._asdict())
            command = config.command(str(path))
            write_json(
                path / files.CONFIG, {"format": FORMAT, "config": config.to_dict(), "command": command, **details}
            )
        return writer

    @classmethod
    def resume(cls, path: Path) -> RunWriter:
        """Take up a run that exists, and change nothing of it yet."""
        Run(path)
        writer = cls(path)
        with writer._locked_on_error():
            _remove_leftovers(path)
        return writer

    def extend(self, config: Config) -> None:
        """Let a run go on with another config: its last epoch or its device. The command tells of both parts."""
        run = Run(self.path)
        before, now = run.config.to_dict(), config.to_dict()
        if before == now:
            return
        run.details.setdefault("begun", {name: before[name] for name in RESUMABLE})
        changed = {name: now[name] for name in RESUMABLE if now[name] != before[name]}
        run.details.setdefault("resumed", []).append(changed)
        run.config = config
        write_config(run)

    @contextlib.contextmanager
    def _locked_on_error(self) -> Iterator[None]:
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            raise RunError(f"Another trainer is writing the run {self.path}. Wait for it, or stop it first.") from None
        except OSError as error:
            raise RunError(f"Cannot lock the run {self.path} ({error.strerror}).") from error
        try:
            yield
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def status(self, state: str, **values: Any) -> None:
        """Say how the run is: state, and epoch, step, error as they apply."""
        with self._telling:
            self._status = {"state": state, "pid": os.getpid(), "host": socket.gethostname(), **values}
            self._write_status()

    def beat(self, **values: Any) -> None:
        """Renew the heartbeat, at most every few seconds, with the progress made."""
        with self._telling:
            if time.time() - self._heartbeat > HEARTBEAT_SECONDS:
                self._status |= values
                self._write_status()

    def _write_status(self) -> None:
        self._heartbeat = time.time()
        write_status(self.path, self._status | {"heartbeat": self._heartbeat})

    def save_state(self, state: State) -> None:
        """Record where training is, so that `load_state` in a later process continues from here."""
        metadata = {"epoch": state.epoch, "step": state.step, "seconds": state.seconds, "record": state.record}
        write_tensors(self.path / files.STATE, state.tensors, {"progress": json.dumps(metadata)})

    def load_state(self) -> State | None:
        """Where training was, or None if it had not come to a first save. Brings the history in line with it."""
        if not (self.path / files.STATE).exists():
            if Run(self.path).history():
                raise RunError(
                    f"{self.path / files.STATE} is missing, so the run cannot be continued. Copy it from where "
                    "the run was trained, or begin a new run."
                )
            return None
        run = Run(self.path)
        state = read_state(run)
        # The state is saved before the history: a kill between the two leaves the history one line short.
        history: list[Mapping[str, Any]] = [record for record in run.history() if record.epoch <= state.epoch]
        if state.record is not None and (not history or history[-1]["epoch"] < state.epoch):
            history.append(state.record)
        self._write_history(history)
        return state

    def save_epoch(self, state: State, weights: Tensors, latents: Latents, keep: list[int]) -> None:
        """Write all that an epoch leaves: snapshot, latents, state, history; then drop snapshots not in `keep`.

        The order is what makes a kill at any moment harmless: the state says how far the run is, and everything that
        it needs is there before it is written.
        """
        assert state.record is not None
        self._write_snapshot(state.epoch, weights, latents)
        self.save_state(state)
        self._write_history([*Run(self.path).history(), state.record])
        self.thin(state.epoch, keep)

    def save_only_epoch(self, record: dict[str, Any], weights: Tensors, latents: Latents) -> None:
        """Write the one epoch, 0, of a run that is made of weights alone. It has no state, so it cannot be resumed."""
        self._write_snapshot(0, weights, latents)
        self._write_history([record])

    def thin(self, last: int, keep: list[int]) -> None:
        """Drop the snapshots before epoch `last` that are not in `keep`."""
        for folder in (files.EPOCHS, files.LATENTS):
            for epoch, file in files.snapshots(self.path, folder).items():
                if epoch < last and epoch not in keep:
                    file.unlink(missing_ok=True)

    def _write_snapshot(self, epoch: int, weights: Tensors, latents: Latents) -> None:
        of_weights, of_latents = files.snapshot_files(epoch)
        # A reader goes by the names of the weights, so what belongs to them is there before them and goes after them.
        write_tensors(self.path / of_latents, latents._asdict())
        write_tensors(self.path / of_weights, weights)

    def _write_history(self, records: Sequence[Mapping[str, Any]]) -> None:
        lines = [json.dumps(dict(record)) + "\n" for record in records]
        files.write_bytes(self.path / files.HISTORY, "".join(lines).encode())


def write_small(run: Run, path: Path, epochs: Sequence[int]) -> Run:
    """Write a small copy of a run: some snapshots, in float16, and nothing of what resuming needs.

    It has no film and no measures: they are of weights to the bit, and are worked out anew.

    Args:
        run: one that nobody trains.
        path: the copy's folder, which is not there yet or empty.
        epochs: those whose snapshots it has, beside the last.

    Raises:
        RunError: when the run is in training, has not all of it, or is beyond what float16 holds; or when the copy
            cannot be written. Nothing is left of one that fails.
    """
    check_new_run(path)
    if run.training:
        raise RunError(f"{run.name} is in training. Copy it when it is done, or stop it first.")
    probe, kept = run.probe(), sorted({*map(run.snapshot, epochs), run.snapshot()})
    there = path.exists()
    try:
        for folder in (files.EPOCHS, files.LATENTS):
            (path / folder).mkdir(parents=True, exist_ok=True)
        write_tensors(path / files.PROBE, probe._asdict())
        for epoch in kept:
            parts = run.weights(epoch), run.latents(epoch)._asdict()
            for name, tensors in zip(files.snapshot_files(epoch), parts, strict=True):
                write_tensors(path / name, {key: _halved(array, run, epoch) for key, array in tensors.items()})
        for name in (files.STATUS, files.HISTORY, files.FACTORS, files.NAMES):
            if (run.path / name).is_file():
                shutil.copyfile(run.path / name, path / name)
        write_json(path / files.CONFIG, run.record(path))  # the last, which makes it a run
    except (RunError, OSError) as error:
        shutil.rmtree(path, ignore_errors=True)
        if there:
            path.mkdir(exist_ok=True)
        raise error if isinstance(error, RunError) else RunError(f"Cannot write {path} ({error.strerror}).") from error
    return Run(path)


def _halved(array: np.ndarray, run: Run, epoch: int) -> np.ndarray:
    if np.abs(array).max(initial=0) > np.finfo(np.float16).max:
        raise RunError(f"{run.name} has numbers at epoch {epoch} that float16 cannot hold, so it stays as it is.")
    return array.astype(np.float16)


def write_config(run: Run, place: Path | None = None) -> None:
    """Write what a run is, with the command for its own folder, or for the one that it is about to have."""
    write_json(run.path / files.CONFIG, run.record(place))


def write_status(path: Path, status: Mapping[str, Any]) -> None:
    """Write how a run is, as `Run.status` reads it."""
    write_json(path / files.STATUS, dict(status))


def check_new_run(path: Path) -> None:
    """See whether a new run may begin at a path, and change nothing.

    Raises:
        RunError: when the last part is no run's name, or the folder is there and not empty.
    """
    if ".." in path.parts:
        raise RunError(f"{path} contains '..'. Give the run's folder without it: runs/NAME, or a whole path.")
    check_run_name(path.name)
    # What a trainer leaves that was killed before it wrote its config is no run, and is no obstacle.
    ours = {files.LOCK, files.PROBE, files.STATUS, files.EPOCHS, files.LATENTS}
    others = sorted(item.name for item in path.iterdir() if item not in _leftovers(path)) if path.is_dir() else []
    if files.CONFIG in others:
        raise RunError(f"The run {path} exists already. Continue it with --resume, or choose another name.")
    if others := [name for name in others if name not in ours]:
        raise RunError(f"{path} is a folder with other files in it ({others[0]}). Choose another name for the run.")


def _leftovers(path: Path) -> list[Path]:
    return list(path.rglob(".*.tmp"))


def _remove_leftovers(path: Path) -> None:
    for leftover in _leftovers(path):
        leftover.unlink(missing_ok=True)


def write_factors(path: Path, factors: Mapping[str, np.ndarray]) -> None:
    """Write what was measured on each probe image of a run, as `Run.factors` reads it."""
    write_tensors(path / files.FACTORS, {name: np.asarray(array, np.float32) for name, array in factors.items()})


def write_film(path: Path, film: Film) -> None:
    """Write the film of a run, the frames before what is said of them."""
    tensors = {name: np.asarray(array) for name, array in film._asdict().items() if name != "about"}
    write_tensors(path / files.FILM, tensors)
    write_json(path / files.FILM_ABOUT, film.about)


def write_film_about(path: Path, about: Mapping[str, Any]) -> None:
    """Change in these points what is said of a run's film; its frames stay as they are."""
    said: dict[str, Any] = {}
    with contextlib.suppress(RunError):
        said = read_json(path / files.FILM_ABOUT)
    write_json(path / files.FILM_ABOUT, said | dict(about))


def name_dimension(run: Run, dimension: int, name: str) -> None:
    """Call a latent dimension of a run by a name; an empty one takes back what it was called.

    What cannot be seen is left out of a name, and of one that is too long only the beginning is kept.

    Raises:
        RunError: when there is no such dimension, or the names cannot be written.
    """
    if not 0 <= dimension < run.config.latent_dim:
        raise RunError(f"{run.name} has no dimension z{dimension}, so it cannot be named.")
    names: dict[int, str] = {}
    with contextlib.suppress(RunError):  # what is damaged is replaced
        names = run.names()
    visible = "".join(letter if letter.isprintable() else " " for letter in name)
    names.pop(dimension, None)
    if short := " ".join(visible.split())[: schema.LONGEST_NAME].strip():
        names[dimension] = short
    path = names_file(run.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"The name would be kept in {path.parent}, which cannot be made ({error.strerror}).") from error
    value = {"format": FORMAT, "names": {str(number): names[number] for number in sorted(names)}}
    files.write_json(path, value)


def write_metrics(run: Run, data: str | None, epoch: int, record: Mapping[str, Any]) -> None:
    """Write what was measured of an epoch. What else is in the file stays, but for what is of other images.

    Raises:
        RunError: when it cannot be written.
    """
    kept: dict[str, Any] = {}
    with contextlib.suppress(RunError):  # what is damaged is replaced
        kept = run.metrics() or {}
    epochs = kept.get("epochs") if kept.get("data") == data else None
    epochs = {**(epochs if isinstance(epochs, dict) else {}), str(epoch): dict(record)}
    in_order = sorted(epochs, key=lambda key: (not key.isascii() or not key.isdigit(), len(key), key))
    value = kept | {"format": FORMAT, "data": data, "epochs": {key: epochs[key] for key in in_order}}
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    files.write_bytes(run.path / files.METRICS, (text + "\n").encode())


def write_measuring(path: Path, about: Mapping[str, Any] | None) -> None:
    """Write how far the measuring of a run is; None when there is nothing more to tell."""
    if about is None:
        (path / files.MEASURING).unlink(missing_ok=True)
    else:
        write_json(path / files.MEASURING, dict(about))
