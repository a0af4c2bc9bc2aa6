"""Runs by name, and all that there are."""

from __future__ import annotations

import contextlib
from pathlib import Path

from bvae.runs import folders
from bvae.runs.files import RunError
from bvae.runs.folders import folders_in, is_run, locate, run_folders
from bvae.runs.reading import Run


def find_run(name_or_path: str | Path) -> Run:
    """Open a run by the path of its folder, or by its bare name among `run_folders`.

    Raises:
        RunError: when there is no such run, or what is there cannot be read.
    """
    return Run(str(name_or_path))


def run_argument(run: Run) -> str:
    """What `find_run` finds a run by: its name, or its path where another run has that name."""
    with contextlib.suppress(RunError):
        if not Path(run.name).exists() and locate(run.name).resolve() == run.path.resolve():
            return run.name
    return str(run.path)


def list_runs(problems: list[str] | None = None) -> list[Run]:
    """All readable runs of `run_folders`, the bundled ones first, then the newest first.

    Args:
        problems: receives a sentence for every folder that looks like a run and cannot be read.
    """
    runs = []
    for folder in run_folders():
        found: list[tuple[int, Run]] = []
        for path in folders_in(folder):
            problem = None
            try:
                if is_run(path, folder):
                    if path.name.isprintable():  # bytes that are no UTF-8 are not, and could not be shown or sent
                        run = Run(path)
                        found.append((run.identity(), run))
                    else:
                        problem = f"The folder {path.name!r} has a name that cannot be shown. Rename it."
            except RunError as error:
                problem = str(error)
            except OSError as error:  # deleted at this moment, or not readable
                problem = f"{path} cannot be read ({error.strerror})."
            if problem and problems is not None:
                problems.append(problem)
        if folder == folders.BUNDLED_RUNS:  # whose files are as old as the copy of the project is
            found.sort(key=lambda pair: (pair[1].name != folders.DEFAULT_RUN, pair[1].name))
        else:
            found.sort(key=lambda pair: -pair[0])
        runs += [run for _, run in found]
    return runs
