"""A sweep: one run for every combination of values, as many at a time as this machine trains well.

    runs/<sweep>/
      sweep.json         what belongs together: the config that all share, and the values that differ
      <sweep>-beta4-seed0/   a run directory like any other
      .logs/<run>.log    what its trainer printed
      working            lock, held by the one process that works through the sweep

Each run is trained by `python -m bvae train`, a process of its own, so that nothing is lost with the sweep's: started
again, it leaves what is done, resumes what is not, and waits for trainers that outlived it. Imports no torch.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from bvae.config import Config, ConfigError, flag
from bvae.devices import DeviceError, core_count, find_devices
from bvae.processes import environment
from bvae.runs import FORMAT, SWEEP, Epoch, Run, RunError, check_new_run, check_run_name, read_json, write_json

MAX_RUNS = 1_000
POLL_SECONDS = 0.2
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
        fields = [item.name for item in dataclasses.fields(Config)]  # in one order, whatever that of the values
        self.values = {name: list(dict.fromkeys(values[name])) for name in fields if name in values}
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
            if (there := read_json(path).get("values")) != self.values:
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

    # Looking ---------------------------------------------------------------------------------------------------------

    def stands(self) -> list[Stand]:
        """How each run is, as its directory says."""
        return [self._stand(member) for member in self.members]

    def _stand(self, member: Member) -> Stand:
        try:
            if not member.path.exists() or not any(member.path.iterdir()):
                return Stand(member, "waiting")
            run = Run(member.path)
            if not _same(run.config, member.config):
                return Stand(member, "failed", error=f"{member.path} is a run of another config. Move it away.")
            history = run.history()
            record = history[-1] if history else None
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
        self, at_once: int | None = None, stop: Callable[[], bool] = lambda: False
    ) -> Generator[list[Stand], None, None]:
        """Train what is not done; yields how all runs are, a few times a second.

        Args:
            at_once: how many trainers at a time; by default `trainers_at_once`.
            stop: asked all the while; when it says True, the trainers save where they are, and the iteration ends.

        Raises:
            RunError: when another process works through the sweep, or its folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ".logs").mkdir(exist_ok=True)
            lock = filelock.FileLock(self.folder / "working", timeout=_PATIENCE_SECONDS)
            lock.acquire()
        except filelock.Timeout:
            raise RunError(f"Another process works through {self.folder}. Wait for it, or stop it first.") from None
        except OSError as error:
            raise RunError(f"Cannot write in {self.folder} ({error.strerror}). Choose another folder.") from error
        with lock:
            self.write()
            yield from self._work(at_once or trainers_at_once(self.members), stop)

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

    def arguments(self, stand: Stand) -> list[str]:
        """What Python is given to train a run from where it is."""
        member = stand.member
        start = ["-m", "bvae", "train", "--run", str(member.path)]
        began = stand.record is not None or stand.state in ("stopped", "failed")
        return [*start, *(["--resume", "--device", member.config.device] if began else member.config.arguments())]

    def _work(self, at_once: int, stop: Callable[[], bool]) -> Generator[list[Stand], None, None]:
        # As many for each, however many are left: sums over other parts of a batch are not equal to the last bit.
        threads = max(1, core_count() // at_once)
        stands = {stand.member.name: stand for stand in self.stands()}
        waiting = [member for member in self.members if stands[member.name].state != "done"]
        trainers: dict[str, subprocess.Popen[bytes] | None] = {}  # None: one that outlived the sweep's own process
        try:
            while waiting or trainers:
                for member in [member for member in self.members if member.name in trainers]:
                    stands[member.name] = self._stand(member)
                    process = trainers[member.name]
                    ended = stands[member.name].state != "running" if process is None else process.poll() is not None
                    if ended:
                        del trainers[member.name]
                        stands[member.name] = self._ended(member, process)
                if stop():
                    break
                while waiting and len(trainers) < at_once:
                    member = waiting.pop(0)
                    stand = self._stand(member)
                    if stand.state == "failed" and not _is_resumable(member):
                        stands[member.name] = stand
                        continue
                    trainers[member.name] = None if stand.state == "running" else self._start(member, stand, threads)
                    stands[member.name] = dataclasses.replace(stand, state="running", error=None)
                yield list(stands.values())
                if waiting or trainers:
                    time.sleep(POLL_SECONDS)
        finally:
            self._stop(trainers)
        yield self.stands()

    def _start(self, member: Member, stand: Stand, threads: int) -> subprocess.Popen[bytes]:
        child = environment(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
        with self._log(member).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *self.arguments(stand), "--json"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=child, start_new_session=True,
            )  # fmt: skip

    def _ended(self, member: Member, process: subprocess.Popen[bytes] | None) -> Stand:
        stand = self._stand(member)
        if stand.state in ("done", "stopped") or process is None or (stand.state == "failed" and stand.error):
            return stand
        said = ""
        with contextlib.suppress(OSError):
            lines = self._log(member).read_text(errors="replace").strip().splitlines()
            said = re.sub(r"^python -m bvae train: ", "", lines[-1]) if lines else ""
        return dataclasses.replace(stand, state="failed", error=said or _killed(process.returncode))

    def _log(self, member: Member) -> Path:
        return self.folder / ".logs" / f"{member.name}.log"

    def _stop(self, trainers: Mapping[str, subprocess.Popen[bytes] | None]) -> None:
        for process in trainers.values():
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in trainers.values():
            if process is not None:
                process.wait()


def trainers_at_once(members: Sequence[Member]) -> int:
    """As many trainers as gain: on a CPU one for each core, on another device one at a time.

    Raises:
        RunError: when it cannot be told whether there is another device.
    """
    wanted = {member.config.device for member in members}
    if wanted != {"cpu"}:
        try:
            if wanted - {"auto", "cpu"} or find_devices()[0].kind != "cpu":
                return 1
        except DeviceError as error:
            raise RunError(f"{error} Say how many to train at once, with --at-once.") from error
    return core_count()


def failures(stands: Sequence[Stand]) -> list[str]:
    """A sentence for every run that failed, with its reason."""
    return [f"{stand.member.name}: {stand.error or 'it ended without a word.'}" for stand in stands
            if stand.state == "failed"]  # fmt: skip


def _same(one: Config, other: Config) -> bool:
    """Whether two configs train the same, wherever."""
    return dataclasses.replace(one, device="cpu") == dataclasses.replace(other, device="cpu")


def _is_resumable(member: Member) -> bool:
    with contextlib.suppress(RunError):
        run = Run(member.path)
        return _same(run.config, member.config)
    return False


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _described(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {' '.join(map(str, given))}" for name, given in values.items()
                     if isinstance(given, list))  # fmt: skip


def _killed(code: int) -> str:
    how = f"was killed (signal {-code})" if code < 0 else f"ended with status {code} and without a word"
    return f"Its trainer {how}. Start the sweep again, and it goes on."
