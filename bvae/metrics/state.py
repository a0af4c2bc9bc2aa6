"""How far a run is measured, and having it measured in the background. Imports no torch: pages ask.

What is measured stands in metrics.json (measuring.py), and while a process is at it, how far it is in measuring.json:
state (running, failed), stage, done (hundredths), remaining (seconds), error, pid, host, heartbeat.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bvae.processes import command, environment
from bvae.runs import Run, RunError, write_measuring, writer_lives

METHOD = 1  # of what is measured and how: what another one measured is measured anew
PARTS = ("decomposition", "factors", "names", "directions", "scores", "representation", "generation", "likelihood")
# Of the last epoch alone; of each one it would take longer than all the rest.
FINEST_SAMPLES = 1_000
SILENT_SECONDS = 300.0  # longer than any part keeps silent beside other work


class Progress(NamedTuple):
    """How far the measuring of a run is."""

    state: str  # absent, running, behind (not all is measured, and nobody is at it), finished, failed
    stage: str = ""  # what is being measured
    done: int = 0  # hundredths
    remaining: float | None = None  # seconds
    error: str | None = None


def progress(run: Run) -> Progress:
    """How far the measuring of a run is, as its files and the process that writes them say."""
    try:
        about, measured = run.measuring(), run.measured()
    except RunError as error:
        return Progress("failed", error=str(error))
    if about and about["state"] == "running" and writer_lives(about, SILENT_SECONDS):
        return Progress("running", about.get("stage") or "", round(about.get("done") or 0), about.get("remaining"))
    if about and about["state"] == "failed":
        return Progress("failed", error=about.get("error"))
    epochs = run.epochs()
    if epochs and not any(missing(run, measured.get(epoch, {}), epoch) for epoch in epochs):
        return Progress("finished", done=100)
    return Progress("behind" if measured else "absent")


def missing(run: Run, record: Mapping[str, Any], epoch: int, parts: Collection[str] = PARTS) -> list[str]:
    """Which parts a record of an epoch lacks."""
    done = record.get("parts")
    if record.get("method") != METHOD or not isinstance(done, dict):
        return [part for part in PARTS if part in parts]
    coarse = finest(run, epoch) and _finest_samples(record.get("likelihood")) < FINEST_SAMPLES
    return [part for part in PARTS if part in parts and (part not in done or (part == "likelihood" and coarse))]


def finest(run: Run, epoch: int) -> bool:
    """Whether an epoch is the one whose likelihood is measured with `FINEST_SAMPLES` codes, too."""
    return epoch == max(run.epochs(), default=-1) and not run.training


def _finest_samples(bounds: Any) -> float:
    """The most codes that a list of bounds has; of what is no such list, as of a reason, more than any."""
    try:
        return max(bound["samples"] for bound in bounds)
    except (TypeError, KeyError, ValueError):
        return FINEST_SAMPLES


def start(path: Path, *others: Path, epoch: int | None = None) -> None:
    """Have what is missing of a run measured in the background, at low priority, if nobody does so yet.

    Args:
        others: runs that the same process measures after it.
        epoch: the snapshot to measure; by default all.

    Raises:
        RunError: when a run's folder cannot be written.
    """
    if progress(Run(path)).state == "running":
        return
    for folder in (path, *others):
        if not os.access(folder, os.W_OK):
            raise RunError(
                f"What is measured would be kept in {folder}, which cannot be written. Mend that, or copy the run to "
                "where it can."
            )
    of_epoch = [] if epoch is None else ["--epoch", str(epoch)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bvae", "metrics", str(path), *map(str, others), *of_epoch, "--json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
        start_new_session=True,
    )  # fmt: skip
    # So that it is seen to begin, before it has imported what it needs.
    say(path, pid=process.pid, stage="Starting", done=0)


def stop(path: Path) -> None:
    """Ask the process that measures a run to end. What it has measured is kept, and can be gone on with.

    Raises:
        RunError: when there is none on this machine that could be asked.
    """
    about = Run(path).measuring() or {}
    pid = int(about.get("pid") or 0)
    if about.get("state") != "running" or not writer_lives(about, SILENT_SECONDS):
        return
    # A run from elsewhere could name any process of this machine.
    if about.get("host") != socket.gethostname() or "bvae metrics " not in " ".join(command(pid)):
        raise RunError(f"What measures {path.name} was not started here, so it cannot be stopped from here.")
    os.kill(pid, signal.SIGTERM)


def say(path: Path, state: str = "running", **about: Any) -> None:
    """Write how far the measuring of a run is, by this process unless it names another."""
    writer = {"pid": os.getpid(), "host": socket.gethostname(), "heartbeat": time.time()}
    write_measuring(path, {"state": state} | writer | about)


def say_nothing_more(path: Path) -> None:
    """Take back what was said of the measuring, which has come to its end."""
    with contextlib.suppress(OSError):
        write_measuring(path, None)
