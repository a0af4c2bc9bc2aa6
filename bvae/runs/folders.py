"""Where runs are, and what they may be called. The runs themselves are read by reading.py."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from bvae.runs.files import CONFIG, LESSON, NAMES, RunError
from bvae.unfinished import remove_left

BUNDLED_RUNS = Path(__file__).resolve().parents[2] / "assets" / "runs"
BESIDE_APP = BUNDLED_RUNS.parents[1] / "runs"
SWEEP = "sweep.json"  # lies in a folder whose runs belong together
DEFAULT_RUN = "mnist-beta4"  # the bundled run that comes first
UNFINISHED = ".import-"  # begins the name of the hidden folder in which a run is taken in


def check_run_name(name: str) -> str:
    """Return a run's name if it is one: a name, not a path.

    Raises:
        RunError: for an empty name, a separator, `..`, a leading dot or dash, a dot at the end, a character that a file
            cannot carry, or a name that Windows keeps for a device.
    """
    if is_reserved(name):
        raise RunError(
            f"{name!r} cannot name a run: Windows keeps {name.partition('.')[0].strip()!r} for a device, so the folder "
            "could not be copied there. Choose another name."
        )
    if not re.fullmatch(r"(?!.*\.$)[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,99}", name):
        raise RunError(
            f"{name!r} cannot name a run. Use the letters A to Z, digits and . _ + = - (100 at most, not a dot or dash "
            "first, no dot at the end), and no separators: a run is one folder."
        )
    return name


def is_reserved(name: str) -> bool:
    """Whether Windows keeps a name for a device, with whatever ending."""
    device = name.partition(".")[0].strip().lower()
    return re.fullmatch(r"con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]", device) is not None


def own_folder() -> Path:
    """Where new runs go, trained or brought: `$BVAE_RUNS`, or else `runs` in the working directory."""
    return Path(os.environ.get("BVAE_RUNS", "runs"))


def run_folders() -> list[Path]:
    """Where runs are looked for by name: the bundled ones, `own_folder`, and, unless `$BVAE_RUNS` says where, `runs`
    beside app.py, which is where they are for whoever starts the app from another folder today; and sweeps in each.
    A folder that is two of these comes once."""
    beside = [] if "BVAE_RUNS" in os.environ else [BESIDE_APP]
    different: dict[Path, Path] = {}
    for folder in (BUNDLED_RUNS, own_folder(), *beside):
        different.setdefault(folder.resolve(), folder)
    return [inner for folder in different.values() for inner in (folder, *_sweeps_in(folder))]


def _sweeps_in(folder: Path) -> list[Path]:
    # A link could lead out of the folder; see `is_run`.
    return sorted(path for path in folders_in(folder)
                  if (path / SWEEP).is_file() and path.resolve().parent == folder.resolve())  # fmt: skip


def folders_searched() -> str:
    """The folders of `run_folders` as a sentence names them."""
    *others, last = [str(folder.resolve()) for folder in run_folders() if not (folder / SWEEP).exists()]
    return f"{', '.join(others)} or {last}"


def names_file(path: Path) -> Path:
    """Where the names are that a person gave to the dimensions of the run in a folder: with the run. Those of a bundled
    run are hidden in `own_folder`, since what comes with the app stays as it came."""
    if path.resolve().parent == BUNDLED_RUNS.resolve():
        return own_folder() / f".{path.resolve().name}.{NAMES}"
    return path / NAMES


def lesson_file(path: Path) -> Path:
    """Where a lesson is that travels with the run in a folder; see bvae/lessons.py."""
    return path / LESSON


def locate(name_or_path: str) -> Path:
    """The folder of a run by its path, or by its bare name among `run_folders`. Whether it is one is not known yet.

    Raises:
        RunError: when no run has such a name.
    """
    if not name_or_path:
        raise RunError("Give the name of a run, or its folder. `python -m bvae runs` lists what there is.")
    path = Path(name_or_path)
    if path.exists() or len(path.parts) != 1:
        return path
    for folder in run_folders():
        with contextlib.suppress(OSError):  # a folder that another user keeps closed
            if is_run(folder / name_or_path, folder):
                return folder / name_or_path
    check_run_name(name_or_path)
    raise RunError(
        f"There is no run named {name_or_path!r} in {folders_searched()}. `python -m bvae runs` lists what there is."
    )


def folders_in(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it cannot be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def remove_unfinished(folder: Path | None = None) -> None:
    """Remove what killed imports left in a folder of runs: hidden folders whose lock nobody holds.

    Args:
        folder: by default all of `run_folders`.
    """
    for place in run_folders() if folder is None else [folder]:
        remove_left(place, UNFINISHED)


def is_run(path: Path, folder: Path) -> bool:
    """Whether what lies in a folder of runs is one, as far as its names tell."""
    # A link could lead out of the folder that a name is promised to lie in.
    return (path / CONFIG).exists() and path.resolve().parent == folder.resolve()
