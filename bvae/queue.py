"""The queue: runs and sweeps are trained one after another by processes of their own, whether or not anybody looks on.

Beside the runs lies a folder `.queue`:

    000001.json   a run or a sweep that waits, is being trained, or could not begin; see `Entry`
    NAME.log      what its trainer printed
    changing      lock, held for the moment of a change
    working       lock, held by the one process that works through the queue

That process, `python -m bvae.worker FOLDER`, starts `python -m bvae train …` or `sweep …` for one entry after another
and ends when none is left. The app only writes entries and reads what there is, so that a reload, a second tab and a
server that was started anew show the same, and closing them all stops nothing.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from bvae.config import Config
from bvae.processes import command, environment
from bvae.runs import (
    BUNDLED_RUNS,
    SWEEP,
    Run,
    RunError,
    check_new_run,
    check_run_name,
    is_run_file,
    own_folder,
    process_lives,
    read_json,
    run_lock,
    schema,
    write_json,
)
from bvae.sweep import Sweep

STARTING_SECONDS = 30.0  # in which a worker that was started comes to take the lock, on a busy machine too


@dataclass(frozen=True)
class Entry:
    """A run or a sweep in the queue. It leaves the queue when its training ends, or when it is taken out.

    config: of a new run; None continues the run that is there, to
    epochs: a new last epoch, or its own where None.
    values: of a sweep, new or to be gone on with; None for a run.
    pid: of its trainer, once that is started.
    error: why it could not be trained. Such an entry waits for a person and holds up nobody.
    """

    number: int
    name: str
    config: dict[str, Any] | None
    epochs: int | None = None
    pid: int | None = None
    host: str | None = None
    error: str | None = None
    values: dict[str, list[Any]] | None = None

    @property
    def count(self) -> int:
        """How many runs it is."""
        return math.prod(map(len, (self.values or {}).values()))

    @property
    def resume(self) -> bool:
        """Whether it continues a run."""
        return self.config is None and self.values is None

    @property
    def started(self) -> bool:
        """Whether its trainer is at work."""
        if self.pid is None:
            return False
        return self.host != socket.gethostname() or (process_lives(self.pid) and _trains(self.pid, self.name))


class Queue:
    """The queue of a folder of runs.

    Raises:
        RunError: from whatever cannot be done, with what to do instead. Nothing was changed then.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = own_folder() if folder is None else Path(folder)
        self.path = self.folder / ".queue"

    # Reading -----------------------------------------------------------------------------------------------------

    def entries(self, problems: list[str] | None = None) -> list[Entry]:
        """All entries, in the order in which they were added.

        Args:
            problems: receives a sentence for every entry that cannot be read.
        """
        entries = []
        for file in sorted(self.path.glob("*.json")):
            try:
                values = schema.queue_entry(read_json(file))
                check_run_name(values["name"])
                entries.append(Entry(number=int(file.stem), **values))
            except (RunError, ValueError) as error:
                # Between the listing and the reading it may have been taken out.
                if problems is not None and file.exists():
                    problems.append(f"{file} is no entry of the queue ({error}). Delete the file.")
        return entries

    def find(self, name: str) -> Entry | None:
        """The entry of a run, if it has one."""
        return next((entry for entry in self.entries() if entry.name == name), None)

    def working(self) -> bool:
        """Whether there is a process that works through the queue."""
        if not (self.path / "working").exists():
            return False
        lock = filelock.FileLock(self.path / "working")
        try:
            lock.acquire(blocking=False)
        except (filelock.Timeout, OSError):
            return True
        lock.release()
        return False

    def stalled(self) -> bool:
        """Whether something waits and nobody will train it, as after a restart of the computer."""
        if all(entry.error is not None for entry in self.entries()) or self.working():
            return False
        try:
            return time.time() - (self.path / "worker.log").stat().st_mtime > STARTING_SECONDS
        except OSError:
            return True

    def arguments(self, entry: Entry) -> list[str]:
        """What Python is given to start the entry's trainer."""
        if entry.values is not None:
            return Sweep(self.folder / entry.name, entry.values).sweep_arguments()
        start = ["-m", "bvae", "train", "--run", str(self.folder / entry.name)]
        if entry.config is not None:
            return [*start, *Config.from_dict(entry.config).arguments()]
        return [*start, "--resume", *([] if entry.epochs is None else ["--epochs", str(entry.epochs)])]

    def log(self, name: str) -> Path:
        """What the run's trainer printed."""
        return self.path / f"{name}.log"

    # Changing ----------------------------------------------------------------------------------------------------

    def add(self, name: str, config: Config) -> None:
        """Queue a new run, and see to it that the queue is worked through."""
        check_run_name(name)
        with self.changing():
            self._refuse_twice(name)
            check_new_run(self.folder / name)
            self._append(name, config.to_dict(), None)
        self.start_worker()

    def add_sweep(self, name: str, values: Mapping[str, Sequence[Any]]) -> None:
        """Queue a sweep, new or to be gone on with."""
        with self.changing():
            self._refuse_twice(name)
            sweep = Sweep(self.folder / name, values)
            sweep.write()
            self._append(name, None, None, sweep.values)
        self.start_worker()

    def resume(self, name: str, epochs: int | None = None) -> None:
        """Queue a run to be continued, to a new last epoch if one is given."""
        path = self._own(name)
        with self.changing():
            self._refuse_twice(name)
            run = Run(path)
            if run.status_or_finished()["state"] == "running":
                raise RunError(f"{name} is being trained already.")
            if epochs is not None and epochs < (done := max(run.epochs(), default=0)):
                raise RunError(f"{name} is at epoch {done} already, beyond {epochs}. Give more epochs.")
            self._append(name, None, epochs)
        self.start_worker()

    def retry(self, name: str) -> None:
        """Let an entry that could not be trained wait again, last in the queue."""
        with self.changing():
            entry = self.find(name)
            if entry is None or entry.error is None:
                raise RunError(f"{name} does not wait for another try.")
            self.file(entry).unlink(missing_ok=True)
            self._append(name, entry.config, entry.epochs, entry.values)
        self.start_worker()

    def remove(self, name: str) -> None:
        """Take an entry out that waits or could not be trained. Its run or runs, if there are any, stay as they are."""
        with self.changing():
            entry = self.find(name)
            if entry is None:
                return
            if entry.started:
                raise RunError(f"{name} is being trained by now. Stop it instead.")
            self.file(entry).unlink(missing_ok=True)
            if entry.values is not None:
                Sweep(self.folder / name, entry.values).forget()

    def stop(self, name: str) -> None:
        """Ask the trainer of a run to finish its step, save, and end. Later entries go on."""
        entry = self.find(name)
        if entry is not None and entry.started:
            pid, host = entry.pid, entry.host
        else:
            status = Run(self.folder / check_run_name(name)).status()
            if status["state"] not in ("queued", "running"):
                raise RunError(f"{name} is not being trained.")
            pid, host = int(status["pid"]), status.get("host")
        if host != socket.gethostname():
            raise RunError(f"{name} is being trained on the machine {host}. Stop it there.")
        assert pid is not None
        if not _trains(pid, name):
            raise RunError(f"{name} is being trained by a program of another kind, process {pid}. Stop it there.")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def delete(self, name: str) -> None:
        """Delete the folder of a run, or of a sweep and its runs, with all that is in it, unless that is trained."""
        path = self._own(name)
        with self.changing():
            entry = self.find(name)
            if entry is not None and (entry.started or entry.error is None):
                raise RunError(f"{name} is in the queue. Stop it first, then delete it.")
            sweep = Sweep.read(path) if (path / SWEEP).is_file() else None
            if sweep:
                belongs, whose = sweep.is_file_of_it, "a sweep's"
                locks = [sweep.lock, *(run_lock(member.path) for member in sweep.members if member.path.is_dir())]
            else:
                Run(path)  # a folder that is no run is not ours to delete
                belongs, whose, locks = is_run_file, "a run's", [run_lock(path)]
            names = [file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()]
            others = [name for name in names if not (belongs(name) or name.endswith(".tmp"))]
            if others:
                raise RunError(
                    f"{path} holds other files than {whose} ({others[0]}). Move them out, or delete it by hand."
                )
            with _held(path, locks):
                if sweep:
                    states = [stand.state for stand in sweep.stands()]
                else:
                    states = [Run(path).status_or_finished()["state"]]
                if "running" in states:
                    raise RunError(f"{name} is being trained. Stop it first, then delete it.")
                # Renamed first, so that nobody meets half a run, and to where nobody looks for runs.
                doomed = self.path / f"deleted-{name}-{time.time_ns()}"
                try:
                    os.replace(path, doomed)
                except OSError as error:
                    raise RunError(f"Cannot delete {path} ({error.strerror}). It is still there.") from error
            if entry is not None:
                self.file(entry).unlink(missing_ok=True)
            self.log(name).unlink(missing_ok=True)
        try:
            shutil.rmtree(doomed)
        except OSError as error:
            raise RunError(
                f"{name} is deleted, but not all of its files ({error.strerror}). Delete {doomed} by hand."
            ) from error

    def start_worker(self) -> None:
        """Start a process that works through the queue; if there is one already, the new one ends at once."""
        with (self.path / "worker.log").open("wb") as log:
            os.utime(self.path / "worker.log")  # when the last was started
            subprocess.Popen(
                [sys.executable, "-m", "bvae.worker", str(self.folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(), start_new_session=True,
            )  # fmt: skip

    def _own(self, name: str) -> Path:
        path = self.folder / check_run_name(name)
        if self.folder.resolve() == BUNDLED_RUNS.resolve() or path.resolve().parent != self.folder.resolve():
            raise RunError(f"{name} does not lie in {self.folder}, so it is not changed from here.")
        return path

    def _refuse_twice(self, name: str) -> None:
        entry = self.find(name)
        if entry is not None and entry.error is None:
            raise RunError(f"{name} is in the queue already. Choose another name.")
        if entry is not None:
            self.file(entry).unlink(missing_ok=True)

    def _append(
        self, name: str, config: dict[str, Any] | None, epochs: int | None,
        values: dict[str, list[Any]] | None = None,
    ) -> None:  # fmt: skip
        numbers = [int(file.stem) for file in self.path.glob("*.json") if file.stem.isdecimal()]
        self.write(Entry(max(numbers, default=0) + 1, name, config, epochs, values=values))

    def file(self, entry: Entry) -> Path:
        """Where an entry is kept."""
        return self.path / f"{entry.number:06d}.json"

    def write(self, entry: Entry) -> None:
        """Keep an entry as it is now."""
        values = {key: value for key, value in vars(entry).items() if key != "number"}
        write_json(self.file(entry), values)

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody else changes the queue meanwhile."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.path / "changing", timeout=30)
            lock.acquire()
        except filelock.Timeout:
            raise RunError(f"Another program has held {self.path / 'changing'} for 30 seconds. Try again.") from None
        except OSError as error:
            raise RunError(
                f"Cannot write in {self.folder} ({error.strerror}). Mend its permissions, or name another folder for "
                "runs by the environment variable BVAE_RUNS."
            ) from error
        try:
            yield
        finally:
            lock.release()


@contextlib.contextmanager
def _held(path: Path, locks: Iterable[filelock.BaseFileLock]) -> Iterator[None]:
    """Nobody trains meanwhile what a folder holds."""
    with contextlib.ExitStack() as held:
        try:
            for lock in locks:
                held.enter_context(lock.acquire(blocking=False))
        except filelock.Timeout:
            raise RunError(f"{path.name} is being trained. Stop it first, then delete it.") from None
        except OSError as error:
            raise RunError(f"Cannot lock {path} ({error.strerror}), so it is not deleted.") from error
        yield


def _trains(pid: int, name: str) -> bool:
    """Whether a process is the trainer of a run or a sweep, not another program that was given its number since."""
    arguments = command(pid)
    return bool({"train", "sweep"} & {*arguments}) and any(
        Path(argument).name == name for argument in arguments if argument
    )
