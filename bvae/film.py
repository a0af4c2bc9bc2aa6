"""A run's film: how far it is, and how to have it worked out. Imports neither torch nor numba: pages ask.

A film is `layout.py` over all snapshots of a run, and is kept beside them. The process that works it out,
`python -m bvae layout RUN` (film_worker.py), writes after every frame, so that the first can be looked at while the
last is being worked out, and what a killed process began is continued. First come the frames, then the reconstruction
of every image, then what the film is compared with: how true each frame is, two kinds of principal components, and an
independent UMAP of each epoch. With `--follow` it waits for the epochs of a run in training, and goes on with one that
is resumed meanwhile; whoever trains a run looks again when that ends, and so does the page that shows the film.

layout.json says how far it is: state (running, finished, failed; laid out, where there are the frames and nothing to
compare them with), stage, done of so much, remaining (seconds), error, pid, host, heartbeat; and what was found:
epochs, images, seed, neighbours, seconds (for the frames alone, imports and compilation not counted), null_test (how
far the median of the points moves, in radii of the film, when an epoch brings nothing new), and by kind of layout
(`KINDS`) for each frame trustworthiness, continuity and accuracy, and for each step between frames step and spurious
(null where no image kept its neighbours); see layout.py.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from bvae.numbers import thin
from bvae.processes import environment
from bvae.runs import Film, Run, RunError, schema, write_film, write_film_about, writer_lives

FORMAT = 1
KINDS = schema.LAYOUTS
# Longer than a trainer may be silent: what it compiles takes minutes beside other work, since it gives way to that.
SILENT_SECONDS = 900.0
MOST_POINTS = 2_500_000  # of all frames: 60 MB of film, which are in memory some six times while it is worked out


class Progress(NamedTuple):
    """How far a run's film is."""

    state: str  # absent, running, finished, failed, or behind: the run has newer epochs, or nothing is compared yet
    stage: str = ""  # what is being done
    done: int = 0  # in hundredths of all that is to be done
    of: int = 100
    remaining: float | None = None  # seconds
    error: str | None = None


def progress(run: Run) -> Progress:
    """How far a run's film is, as its files and the process that writes them say."""
    try:
        about = run.film_about()
    except RunError as error:
        return Progress("failed", error=str(error))
    if about is None:
        return Progress("absent")
    state = about["state"]
    if state == "running" and not writer_lives(about, SILENT_SECONDS):
        return Progress("failed", error="The process that worked out the film was ended. Begin again: it continues.")
    if state == "failed":
        return Progress("failed", error=about.get("error"))
    if state == "finished":
        return Progress("behind" if due_epochs(run) != about.get("epochs") else "finished", done=100)
    if state == "laid out":
        return Progress("behind")
    return Progress("running", about.get("stage") or "", round(about.get("done") or 0), 100, about.get("remaining"))


def due_epochs(run: Run) -> list[int]:
    """The snapshots that belong to the film: all, but for those that a run in training is going to drop, and for those
    beyond `MOST_POINTS`, of which a run that was trained here has none."""
    epochs, training = run.epochs(), run.training
    kept = run.config.snapshot_epochs()
    return fitting(run, [epoch for epoch in epochs if not training or epoch in kept])


def fitting(run: Run, epochs: list[int]) -> list[int]:
    """As many of the epochs, evenly chosen, as a film may have frames."""
    return thin(epochs, max(2, MOST_POINTS // run.config.probe_size))


def finished(run: Run, seed: int | None = None) -> dict[str, Any] | None:
    """What layout.json holds of a film to which nothing is to be added; None if there is none, or of another seed."""
    with contextlib.suppress(RunError):
        if progress(run).state == "finished" and (film := run.film()) is not None:
            same = seed in (None, film.about.get("seed"))
            return film.about if same and set(KINDS) == set(film.about.get("kinds") or ()) else None
    return None


def on_request() -> bool:
    """Whether a film is worked out only when somebody asks for it, as the environment variable BVAE_FILM says."""
    return os.environ.get("BVAE_FILM", "on") == "off"


def check_writable(path: Path) -> None:
    """See whether a run's folder can take its film.

    Raises:
        RunError: when it cannot be written.
    """
    if not os.access(path, os.W_OK):
        raise RunError(
            f"The film would be kept in {path}, which cannot be written. Mend that, or copy the run to where it can."
        )


def start(path: Path) -> None:
    """Have a run's film worked out in the background, if nobody does so yet.

    Raises:
        RunError: when the run's folder cannot be written.
    """
    run = Run(path)
    if progress(run).state == "running":
        return
    check_writable(path)
    process = launch(path)
    # So that it is seen to begin, before it has imported what it needs.
    update_film(run, None, state="running", stage="Starting", done=0, remaining=None, error=None, pid=process.pid)


def catch_up(path: Path) -> None:
    """Have a film that its run has grown beyond worked out further, where that can be. What stands in the way is no
    fault: who looks at the film has asked for nothing."""
    with contextlib.suppress(RunError, OSError):
        if not on_request() and progress(Run(path)).state == "behind":
            start(path)


def launch(path: Path) -> subprocess.Popen[bytes]:
    """Start the process that works out and follows a run's film, on one core, since somebody may train beside it."""
    # Numba's threads would wait for each other beside a trainer.
    child = environment(OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
    return subprocess.Popen(
        [sys.executable, "-m", "bvae", "layout", str(path), "--follow", "--json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=child,
        start_new_session=True,
    )  # fmt: skip


def update_film(run: Run, film: Film | None, **about: Any) -> None:
    """Write the film of a run as far as it is, or only what is said of it, changed in these points."""
    about = {"format": FORMAT, "pid": os.getpid(), "host": socket.gethostname(), "heartbeat": time.time(), **about}
    if film is None:
        write_film_about(run.path, about)
    else:
        write_film(run.path, film._replace(about=about))
