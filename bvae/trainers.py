"""What trains the runs of a sweep: processes of this machine, for one run each or for several as one batched model, or
tasks of a Ray cluster. Imports no Ray.

Either is told to begin a run and to stop them all. How far a run is, they do not tell: its directory does.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from bvae.processes import environment
from bvae.runs import RunError

# Ray itself waits for minutes: a cluster that is there is joined in some five seconds.
JOINING_SECONDS = 60.0
SAVING_SECONDS = 90.0  # in which all tasks of a cluster end that were asked to


class Trainer(Protocol):
    """What trains one run."""

    def ended(self) -> bool:
        """Whether it does no longer."""

    def how(self) -> str:
        """How it ended, for a run that does not say it itself."""


class Trainers(Protocol):
    """What trains the runs of a sweep."""

    idle: str  # the state of a run that is begun and has nobody yet who writes it

    def check(self) -> None:
        """See whether it can train.

        Raises:
            RunError: with the reason why not.
        """

    def takes(self, name: str, training: int) -> bool:
        """Whether a run can be begun beside so many that are in training."""

    def start(self, name: str, arguments: list[str], log: Path) -> Trainer:
        """Begin to train a run.

        Args:
            name: of the run.
            arguments: what Python is given to train it from where it is.
            log: takes what its trainer prints.
        """

    def stop(self) -> None:
        """Let all runs be saved where they are, and end."""


# On this machine -----------------------------------------------------------------------------------------------------


class _Here:
    """Processes of this machine, whatever each of them trains."""

    idle = "running"  # it loads PyTorch

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.started: list[subprocess.Popen[bytes]] = []

    def check(self) -> None:
        """See `Trainers`."""

    def launch(self, arguments: Sequence[str], log: Path) -> Trainer:
        """Start one more, which prints into a log."""
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=self.environment, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        return _Process(process)

    def stop(self) -> None:
        """See `Trainers`."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.started:
            process.wait()


class Processes(_Here):
    """A process of this machine for each run.

    Args:
        threads: for each.
        at_once: so many at a time.
    """

    def __init__(self, threads: int, at_once: int) -> None:
        super().__init__(environment(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads)))
        self.at_once = at_once

    def takes(self, name: str, training: int) -> bool:
        """See `Trainers`."""
        return training < self.at_once

    def start(self, name: str, arguments: list[str], log: Path) -> Trainer:
        """See `Trainers`."""
        return self.launch([*arguments, "--json"], log)


class Batches(_Here):
    """A process of this machine for several runs, which it trains as one batched model.

    Args:
        folder: of the sweep.
        groups: the names of those that are trained together; one group after the other.
    """

    def __init__(self, folder: Path, groups: Sequence[Sequence[str]]) -> None:
        super().__init__(environment())
        self.folder, self.groups = folder, groups
        self.current: Sequence[str] = ()

    def takes(self, name: str, training: int) -> bool:
        """See `Trainers`."""
        return not training or name in self.current

    def start(self, name: str, arguments: list[str], log: Path) -> Trainer:
        """See `Trainers`. What goes wrong with one run alone, the process writes into its log."""
        if name not in self.current or self.started[-1].poll() is not None:
            self.current = next(group for group in self.groups if name in group)
            return self.launch(["-m", "bvae.batch", str(self.folder), *self.current], log)
        return _Process(self.started[-1])


class _Process:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def ended(self) -> bool:
        return self.process.poll() is not None

    def how(self) -> str:
        code = self.process.returncode
        how = f"was killed (signal {-code})" if code < 0 else f"ended with status {code} and without a word"
        return f"Its trainer {how}. Start the sweep again, and it goes on."


# On a cluster --------------------------------------------------------------------------------------------------------


class OnRay:
    """A task of a Ray cluster for each run.

    It is `python -m bvae.on_ray` that speaks to the cluster, a process of its own: where a cluster does not answer or
    goes away, Ray waits for minutes, or ends the process that asked.

    Args:
        address: of the cluster.
        folder: of the sweep.
        logs: a folder for what Ray prints.
        at_once: so many runs at a time, if the cluster has room for them.
    """

    idle = "waiting"  # for a place in the cluster

    def __init__(self, address: str, folder: Path, logs: Path, at_once: int) -> None:
        self.address, self.at_once = address, at_once
        self.log = logs / ".ray.log"
        self.joined = False
        self.tasks: dict[str, _Task] = {}
        self.began = time.monotonic()
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bvae.on_ray", address, str(folder.resolve())],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True,
                env=environment(RAY_USAGE_STATS_ENABLED="0"), start_new_session=True,
            )  # fmt: skip
        self.news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.news.put(line)
        self.news.put(None)

    def check(self) -> None:
        """See `Trainers`."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._hear(self.news.get_nowait())
        if not self.joined and time.monotonic() - self.began > JOINING_SECONDS:
            raise RunError(
                f"Ray at {self.address} did not answer within {JOINING_SECONDS:.0f} seconds. Look whether the cluster "
                "is up and takes a new driver from this machine (`ray status`)."
            )

    def _hear(self, line: str | None) -> None:
        if line is None:
            raise RunError(
                f"The connection to Ray at {self.address} was lost{self._last_words()}. The runs are kept as far as "
                "they are: the same command goes on."
            )
        said: dict[str, Any] = json.loads(line)
        if "problem" in said:
            raise RunError(said["problem"])
        if "ended" in said:
            self.tasks[said["ended"]].end = said["how"]
        self.joined = True

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            if lines := self.log.read_text(errors="replace").strip().splitlines():
                return f" ({lines[-1]})"
        return ""

    def start(self, name: str, arguments: list[str], log: Path) -> Trainer:
        """See `Trainers`. From where a run is, its task sees for itself, each time that a worker takes it up."""
        self._send(name)
        self.tasks[name] = task = _Task()
        return task

    def takes(self, name: str, training: int) -> bool:
        """See `Trainers`."""
        return training < self.at_once

    def _send(self, name: str) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended, which `check` tells
            self.process.stdin.write(f"{name}\n")
            self.process.stdin.flush()

    def stop(self) -> None:
        """See `Trainers`."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # upon which it lets the tasks save
        try:
            self.process.wait(SAVING_SECONDS if self.joined else 0)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.reader.join()


class _Task:
    def __init__(self) -> None:
        self.end: str | None = None

    def ended(self) -> bool:
        return self.end is not None

    def how(self) -> str:
        return self.end or "It ended without a word."
