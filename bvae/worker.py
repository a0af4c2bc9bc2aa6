"""What works through the queue: `python -m bvae.worker FOLDER`, which ends when nothing waits in it any more."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import filelock

from bvae.film import on_request, progress, start
from bvae.queue import Entry, Queue
from bvae.runs import Run, RunError

POLL_SECONDS = 0.5
# Longer than anybody who only asks whether the lock is held, so that being asked never turns a worker away.
PATIENCE_SECONDS = 3.0
_STOPPED = (130, -signal.SIGTERM, -signal.SIGINT)  # by the command line's own word, or before it could have one


class Worker:
    """The one process that works through a queue."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue

    def work(self) -> None:
        """Train what waits, one run after another, until nothing does. Returns at once if another process does so."""
        while self._next() is not None:
            try:
                with filelock.FileLock(self.queue.path / "working", timeout=PATIENCE_SECONDS):
                    while (entry := self._next()) is not None:
                        self._train(entry)
            except filelock.Timeout:
                return
            # An entry may have been added since, whose own worker found the lock still held. So look once more.

    def _next(self) -> Entry | None:
        entries = [entry for entry in self.queue.entries() if entry.error is None]
        # One with a trainer first: its worker was killed, and it is to be waited for.
        return min(entries, key=lambda entry: (entry.pid is None, entry.number), default=None)

    def _train(self, entry: Entry) -> None:
        process = None
        with self.queue.changing():
            found = self.queue.find(entry.name)
            if found is None or found.number != entry.number:
                return  # taken out meanwhile
            if found.pid is None:
                process = self._start(found)
                if process is None:
                    return
                found = Entry(**vars(found) | {"pid": process.pid, "host": socket.gethostname()})
                self.queue.write(found)
        filmed = False
        while process.poll() is None if process else found.started:
            # Not before the run itself says that it is in training: its film would be taken for a whole one.
            if not filmed and self._status(found).get("pid") == found.pid:
                filmed = self._see_to_film(found.name)
            time.sleep(POLL_SECONDS)
        code = process.returncode if process else None
        self._see_to_film(found.name)
        with self.queue.changing():
            if (error := self._error(found, code)) is None:
                self.queue.file(found).unlink(missing_ok=True)
            else:
                self.queue.write(Entry(**vars(found) | {"pid": None, "host": None, "error": error}))

    def _start(self, entry: Entry) -> subprocess.Popen[bytes] | None:
        try:
            # --json is for silence: no bar of progress fills the log, where what went wrong is then all that stands.
            arguments = [*self.queue.arguments(entry), "--json"]
            with self.queue.log(entry.name).open("wb") as log:
                return subprocess.Popen(
                    [sys.executable, *arguments],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
                )  # fmt: skip
        except (OSError, ValueError, RunError) as error:
            self.queue.write(Entry(**vars(entry) | {"error": f"The trainer could not be started ({error})."}))
            return None

    def _see_to_film(self, name: str) -> bool:
        """Have a run's film worked out, if there is anything to be added to it; False while the run has no snapshot."""
        with contextlib.suppress(RunError, OSError):
            run = Run(self.queue.folder / name)
            if not run.epochs():
                return False
            if not on_request() and progress(run).state != "finished":
                start(run.path)
        return True

    def _status(self, entry: Entry) -> dict[str, Any]:
        with contextlib.suppress(RunError):
            return Run(self.queue.folder / entry.name).status_or_finished()
        return {}

    def _error(self, entry: Entry, code: int | None) -> str | None:
        """Why an entry's trainer ended, if it did not finish or stop and its run does not say so itself."""
        if code == 0 or code in _STOPPED:
            return None
        if self._status(entry).get("pid") == entry.pid:
            return None
        with contextlib.suppress(OSError):
            lines = self.queue.log(entry.name).read_text(errors="replace").strip().splitlines()
            if lines and (said := re.fullmatch(r"python -m bvae (?:train|sweep): (.+)", lines[-1])):
                return said[1]
            if lines and entry.values is not None:
                more = f" And {len(lines) - 1} more." if len(lines) > 1 else ""
                return f"{lines[0]}{more} Try again, and it goes on with what is not done."
            if lines:
                return f"The trainer ended before the run began: {lines[-1]}"
        what = "run" if entry.values is None else "sweep"
        return f"The trainer ended without a word before the {what} was done: killed, or out of memory. Try again."


if __name__ == "__main__":
    Worker(Queue(sys.argv[1])).work()
