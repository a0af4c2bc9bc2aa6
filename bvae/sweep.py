"""A sweep: one run for every combination of values, as many at a time as this machine trains well.

    runs/<sweep>/
      sweep.json         what belongs together: the config that all share, and the values that differ
      <sweep>-beta4-seed0/   a run directory like any other
      .logs/<run>.log    what its trainer printed
      working            lock, held by the one process that works through the sweep

Each run is trained by `python -m bvae train`, a process of its own, or with others or on a cluster (trainers.py). How
far it is, its directory says, so that nothing is lost with the sweep's process: started again, it leaves what is done,
resumes what is not, and waits for trainers that outlived it. Imports no torch, and no Ray.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import shlex
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from bvae.config import Config, ConfigError, batch_key, flag, same_training
from bvae.devices import DeviceError, core_count, find_devices
from bvae.runs import (
    FORMAT,
    SWEEP,
    Epoch,
    Run,
    RunError,
    check_new_run,
    check_run_name,
    is_run_file,
    read_json,
    write_json,
)
from bvae.trainers import Batches, OnRay, Processes, Trainer, Trainers

LOCK = "working"
MAX_RUNS = 1_000
POLL_SECONDS = 0.2
BATCHED = 8  # runs as one model: their weights, moments and activations share a GPU's memory
_PATIENCE_SECONDS = 3.0  # for the lock of a sweep whose process was killed at this moment


@dataclass(frozen=True)
class Member:
    """One run of a sweep."""

    path: Path
    config: Config

    @property
    def name(self) -> str:
        """The run's own."""
        return self.path.name


@dataclass(frozen=True)
class Stand:
    """How a run of a sweep is.

    state: "waiting", "running", "done", "stopped" or "failed"; error: why it failed.
    epoch: completed, with the share of the one in training; record: of the last one that is completed.
    """

    member: Member
    state: str
    epoch: float = 0.0
    record: Epoch | None = None
    error: str | None = None


class Sweep:
    """The runs of all combinations of values.

    Args:
        folder: of the sweep, as in `runs/NAME`.
        values: of each field of `Config` that is not at its default, one or several.

    Raises:
        ConfigError: when a combination is no config. The message names it.
        RunError: when the folder cannot be that of a sweep, or is another one's.
    """

    def __init__(self, folder: str | Path, values: Mapping[str, Sequence[Any]]) -> None:
        self.folder = Path(folder)
        check_run_name(self.folder.name)
        self.values = _plainly(values)
        if empty := [name for name, given in self.values.items() if not given]:
            raise ConfigError(f"{flag(empty[0])} has no value. Give one or several.")
        self.members = self._combined()
        self._refuse_another()

    @classmethod
    def read(cls, folder: str | Path) -> Sweep:
        """The sweep that a folder holds.

        Raises:
            RunError: when it holds none, or one that cannot be read.
        """
        path = Path(folder) / SWEEP
        said = read_json(path)
        values = said.get("values")
        fields = {item.name for item in dataclasses.fields(Config)}
        if said.get("format") != FORMAT or not isinstance(values, dict) or not set(values) <= fields:
            raise RunError(f"{path} does not say what is swept. Give the values anew, in a new folder.")
        try:
            if not all(isinstance(given, list) for given in values.values()):
                raise ConfigError("the values of a field are no list")
            return cls(folder, values)
        except (ConfigError, TypeError) as error:
            raise RunError(f"{path} does not say what can be trained ({error}).") from error

    @property
    def varied(self) -> list[str]:
        """The fields that differ between its runs."""
        return [name for name, given in self.values.items() if len(given) > 1]

    def said(self, name: str) -> list[str]:
        """The values of a field, as they are written."""
        return [_said(value) for value in self.values[name]]

    def sweep_arguments(self) -> list[str]:
        """What Python is given to work through the sweep."""
        flags = [part for name in self.values for part in (flag(name), *self.said(name))]
        return ["-m", "bvae", "sweep", "--into", str(self.folder), *flags]

    def command(self) -> str:
        """The command line that works through the sweep."""
        return shlex.join(["python", *self.sweep_arguments()])

    def _combined(self) -> list[Member]:
        count = 1
        for given in self.values.values():
            count *= len(given)
        if count > MAX_RUNS:
            raise ConfigError(f"These are {count:,} runs, and {MAX_RUNS:,} is the most. Give fewer values.")
        members: list[Member] = []
        for combination in itertools.product(*self.values.values()):
            chosen = dict(zip(self.values, combination, strict=True))
            said = [f"{name}{_said(chosen[name])}" for name in self.varied]
            try:
                config = Config(**chosen)
                name = check_run_name("-".join([self.folder.name, *said]))
            except (ConfigError, RunError) as error:
                raise ConfigError(f"{' '.join(said) or 'The run'}: {error}") from error
            members.append(Member(self.folder / name, config))
        return members

    def _refuse_another(self) -> None:
        path = self.folder / SWEEP
        if path.exists():
            there = read_json(path).get("values")
            try:
                same = isinstance(there, dict) and _plainly(there) == self.values
            except TypeError:  # of values that are no lists
                same = False
            if not same:
                described = _described(there) if isinstance(there, dict) else "something that cannot be read"
                raise RunError(
                    f"{self.folder} holds another sweep ({described}). Give its values to go on with it, or another "
                    "folder."
                )
        elif self.folder.exists():
            try:
                check_new_run(self.folder)  # a run, or anything else
            except RunError as error:
                raise RunError(f"{self.folder} is no sweep's folder. Choose another one. ({error})") from error

    @property
    def logs(self) -> Path:
        """Where it is kept what the trainers printed."""
        return self.folder / ".logs"

    @property
    def lock(self) -> filelock.BaseFileLock:
        """Held by the one process that works through the sweep; not acquired."""
        return filelock.FileLock(self.folder / LOCK)

    def is_file_of_it(self, name: str) -> bool:
        """Whether a path below its folder, with forward slashes, is that of a file that it or one of its runs has."""
        folder, _, file = name.partition("/")
        if folder in (SWEEP, LOCK, self.logs.name):
            return True
        return is_run_file(file) and any(folder == member.name for member in self.members)

    # Looking ---------------------------------------------------------------------------------------------------------

    def stands(self) -> list[Stand]:
        """How each run is, as its directory says."""
        return [self.stand(member) for member in self.members]

    def stand(self, member: Member) -> Stand:
        """How a run is, as its directory says."""
        try:
            if not member.path.exists() or not any(member.path.iterdir()):
                return Stand(member, "waiting")
            run = Run(member.path)
            if not same_training(run.config, member.config):
                return Stand(member, "failed", error=f"{member.path} is a run of another config. Move it away.")
            record = run.figures()
            status = run.status_or_finished()
        except RunError as error:
            # Killed before it had a config, it is no run yet, and begins anew.
            with contextlib.suppress(RunError):
                check_new_run(member.path)
                return Stand(member, "waiting")
            return Stand(member, "failed", error=str(error))
        except OSError as error:
            return Stand(member, "failed", error=f"{member.path} cannot be read ({error.strerror}).")
        done = float(record.epoch if record else 0)
        if status["state"] in ("running", "queued"):
            steps = status.get("steps") or 1
            return Stand(member, "running", max(done, status.get("epoch", 0) + status.get("step", 0) / steps), record)
        if record is not None and record.epoch >= member.config.epochs:
            return Stand(member, "done", done, record)
        if status["state"] == "failed":
            return Stand(member, "failed", done, record, status.get("error"))
        return Stand(member, "stopped", done, record)

    # Training --------------------------------------------------------------------------------------------------------

    def train(
        self,
        at_once: int | None = None,
        stop: Callable[[], bool] = lambda: False,
        ray: str | None = None,
        batched: int | None = None,
    ) -> Generator[list[Stand], None, None]:
        """Train what is not done; yields how all runs are, a few times a second.

        Args:
            at_once: how many trainers at a time; by default one for each core, and on a cluster as many as it takes.
            stop: asked all the while; when it says True, the trainers save where they are, and the iteration ends.
            ray: the address of a Ray cluster whose machines share the sweep's folder; None trains here.
            batched: how many runs at most are trained as one model; by default each alone on a CPU and where `at_once`
                is given, and `BATCHED` on another device.

        Raises:
            RunError: when another process works through the sweep, its folder cannot be written, or the cluster does
                not answer, or no longer.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            lock = self.lock
            lock.acquire(timeout=_PATIENCE_SECONDS)
        except filelock.Timeout:
            raise RunError(f"Another process works through {self.folder}. Wait for it, or stop it first.") from None
        except OSError as error:
            raise RunError(f"Cannot write in {self.folder} ({error.strerror}). Choose another folder.") from error
        with lock:
            self.write()
            stands = self.stands()
            left = [stand for stand in stands if stand.state != "done"]
            if ray is None and batched is None and at_once is None and not on_cpu(self.members):
                batched = BATCHED
            if ray is not None:
                trainers: Trainers = OnRay(ray, self.folder, self.logs, at_once or len(self.members))
            elif batched is not None:
                groups = _groups(left, batched)
                trainers = Batches(self.folder, [[stand.member.name for stand in group] for group in groups])
                left = [stand for group in groups for stand in group]
            else:
                at_once = at_once or core_count()
                # As many for each, however many are left: sums over other parts of a batch are not equal to the last
                # bit.
                trainers = Processes(max(1, core_count() // at_once), at_once)
            yield from self._work(trainers, stands, [stand.member for stand in left], stop)

    def write(self) -> None:
        """Say in the sweep's folder what belongs to it, so that its runs are found.

        Raises:
            RunError: when it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / SWEEP, {
                "format": FORMAT, "values": self.values, "runs": [member.name for member in self.members],
            })  # fmt: skip
        except OSError as error:
            raise RunError(f"Cannot write in {self.folder} ({error.strerror}). Choose another folder.") from error

    def forget(self) -> None:
        """Remove what says so, where no run was begun."""
        with contextlib.suppress(OSError):
            if [path.name for path in self.folder.iterdir()] == [SWEEP]:
                (self.folder / SWEEP).unlink()
                self.folder.rmdir()

    def arguments(self, stand: Stand) -> list[str]:
        """What Python is given to train a run from where it is."""
        member = stand.member
        start = ["-m", "bvae", "train", "--run", str(member.path)]
        began = stand.record is not None or stand.state in ("stopped", "failed")
        return [*start, *(["--resume", "--device", member.config.device] if began else member.config.arguments())]

    def log(self, member: Member) -> Path:
        """What the trainer of a run printed."""
        return self.logs / f"{member.name}.log"

    def _work(
        self, trainers: Trainers, found: Sequence[Stand], waiting: list[Member], stop: Callable[[], bool]
    ) -> Generator[list[Stand], None, None]:
        stands = {stand.member.name: stand for stand in found}
        training: dict[str, Trainer | None] = {}  # None: one that outlived the sweep's own process
        try:
            while waiting or training:
                trainers.check()
                for member in [member for member in self.members if member.name in training]:
                    trainer = training[member.name]
                    ended = trainer is not None and trainer.ended()  # before it is read what it left
                    stands[member.name] = stand = self.stand(member)
                    if ended and trainers.idle == stand.state == "running":
                        # By one that outlived a sweep killed before the run was there to say so.
                        training[member.name] = None
                    elif stand.state != "running" if trainer is None else ended:
                        del training[member.name]
                        stands[member.name] = self._ended(member, trainer)
                        if trainer is None and stand.state != "done":  # its own trainer may get further
                            waiting.append(member)
                    elif stand.state not in ("running", "done"):  # not yet, or not again
                        stands[member.name] = dataclasses.replace(stand, state=trainers.idle, error=None)
                if stop():
                    break
                while waiting and trainers.takes(waiting[0].name, len(training)):
                    member = waiting.pop(0)
                    stands[member.name] = self._begin(member, trainers, training)
                yield list(stands.values())
                if waiting or training:
                    time.sleep(POLL_SECONDS)
        finally:
            trainers.stop()
        stopped = {member.name: self.stand(member) for member in self.members if member.name in training}
        yield list((stands | stopped).values())

    def _begin(self, member: Member, trainers: Trainers, training: dict[str, Trainer | None]) -> Stand:
        """Have a run trained, if it can be; returns how it is."""
        stand = self.stand(member)
        if stand.state == "failed" and not _is_resumable(member):
            return stand
        if stand.state == "running":
            training[member.name] = None
            return stand
        try:
            training[member.name] = trainers.start(member.name, self.arguments(stand), self.log(member))
        except OSError as error:  # no room for its log, or for one more process
            return dataclasses.replace(stand, state="failed", error=f"It could not be begun ({error}).")
        return dataclasses.replace(stand, state=trainers.idle, error=None)

    def _ended(self, member: Member, trainer: Trainer | None) -> Stand:
        stand = self.stand(member)
        if stand.state in ("done", "stopped") or trainer is None or (stand.state == "failed" and stand.error):
            return stand
        said = ""
        with contextlib.suppress(OSError):
            lines = self.log(member).read_text(errors="replace").strip().splitlines()
            said = re.sub(r"^python -m bvae train: ", "", lines[-1]) if lines else ""
        return dataclasses.replace(stand, state="failed", error=said or trainer.how())


def _groups(stands: Sequence[Stand], most: int) -> list[list[Stand]]:
    """Runs, those together that can be trained as one model, up to so many."""
    alike: dict[Any, list[Stand]] = {}
    for stand in stands:
        # What another process trains still would refuse to be taken up with others, and could not be later.
        alone = stand.state == "running"
        key = stand.member.name if alone else batch_key(stand.member.config)
        alike.setdefault(key, []).append(stand)
    return [group[first : first + most] for group in alike.values() for first in range(0, len(group), most)]


def on_cpu(members: Sequence[Member]) -> bool:
    """Whether all runs are trained on the CPU of this machine.

    Raises:
        RunError: when it cannot be told whether there is another device.
    """
    wanted = {member.config.device for member in members}
    if wanted != {"cpu"}:
        try:
            if wanted - {"auto", "cpu"} or find_devices()[0].kind != "cpu":
                return False
        except DeviceError as error:
            raise RunError(f"{error} Say how many to train at once, with --at-once.") from error
    return True


def failures(stands: Sequence[Stand]) -> list[str]:
    """A sentence for every run that failed, with its reason."""
    return [f"{stand.member.name}: {stand.error or 'it ended without a word.'}" for stand in stands
            if stand.state == "failed"]  # fmt: skip


def _is_resumable(member: Member) -> bool:
    with contextlib.suppress(RunError):
        run = Run(member.path)
        return same_training(run.config, member.config)
    return False


def _plainly(values: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """The values of fields in one order, each once, and none where a field has only its default."""
    given = {item: list(dict.fromkeys(values[item.name])) for item in dataclasses.fields(Config) if item.name in values}
    return {item.name: several for item, several in given.items() if several != [item.default]}


def _said(value: Any) -> str:
    return str(value).removesuffix(".0")


def _described(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {' '.join(map(str, given))}" for name, given in values.items()
                     if isinstance(given, list))  # fmt: skip
