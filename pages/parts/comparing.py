"""Which runs the Compare page compares, as the address has it, and what is known of them.

In the address `sweep` names a sweep, `runs` is a list of runs, `*` for all, and `at` is the epoch at which they are
compared. A sweep is a folder of runs or, where that is not here, the figures of one that came with the app. Imports no
torch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import unquote

import streamlit as st

from bvae.browser.bundle import ASSETS
from bvae.compared import (
    Comparison,
    Line,
    by_seed,
    comparable,
    found_again,
    line,
    read_comparison,
    sweep_command,
    together,
)  # fmt: skip
from bvae.config import ConfigError
from bvae.runs import SWEEP, Run, RunError, run_folders
from bvae.sweep import Sweep
from pages.parts.cursor import quote, short_decimal

BUNDLED_SWEEPS = ASSETS / "sweeps"
ADDRESS = ("sweep", "runs", "at")
ALL = "*"
MOST_KEPT = 2_000  # runs whose figures, and groups whose UDR, are kept in memory


@dataclass(frozen=True)
class Choice:
    """What is compared.

    sweep: its name, None for other runs.
    runs: by the names that the picker calls them, None for all; of a sweep it says nothing.
    at: an epoch, None for the last of each run.
    """

    sweep: str | None = None
    runs: tuple[str, ...] | None = None
    at: int | None = None

    def address(self) -> dict[str, str]:
        """The same as query parameters."""
        if self.sweep is not None:
            found = {"sweep": self.sweep}
        else:
            found = {"runs": ALL if self.runs is None else ",".join(quoted(name, " ()") for name in self.runs)}
        return found | ({} if self.at is None else {"at": str(self.at)})


@dataclass(frozen=True)
class Found:
    """What was found of a choice.

    runs: those compared that are here, by the names that the picker calls them.
    epochs: up to which all of them have come.
    waiting: groups of runs whose UDR is not known yet.
    """

    comparison: Comparison
    runs: Mapping[str, Run]
    epochs: int
    waiting: tuple[tuple[str, ...], ...]


def link_to_compare(label: str, choice: Choice) -> None:
    """Draw a link to what is compared. As a page and not as its name, which is known within the whole app alone."""
    page = st.Page(Path(__file__).parents[1] / "compare.py")
    st.page_link(page, label=label, icon=":material/query_stats:", query_params=choice.address())


# What there is to choose from ------------------------------------------------------------------------------------


def sweeps(runs: Mapping[str, Run]) -> dict[str, Path]:
    """Sweeps by name: the folders of those that are here, the newest first, then the figures of others."""
    folders = {run.path.resolve().parent for run in runs.values()}
    here = [folder for folder in run_folders() if folder.resolve() in folders and (folder / SWEEP).is_file()]
    here.sort(key=lambda folder: -(folder / SWEEP).stat().st_mtime_ns)
    found: dict[str, Path] = {}
    for path in [*here, *sorted(BUNDLED_SWEEPS.glob("*.json"))]:
        found.setdefault(path.stem if path.suffix == ".json" else path.name, path)
    return found


def default(known: Mapping[str, Path]) -> Choice:
    """What is compared unless something else is asked for: the first sweep, or all runs."""
    return Choice(sweep=next(iter(known), None))


def from_address(
    parameters: Mapping[str, str], known: Mapping[str, Path], names: Sequence[str]
) -> tuple[Choice, list[str]]:
    """What an address asks to be compared, as far as it can be followed, and a sentence for what cannot."""
    problems: list[str] = []
    choice = default(known)
    sweep, listed = parameters.get("sweep"), parameters.get("runs")
    if sweep is not None and sweep in known:
        choice = Choice(sweep=sweep)
    elif sweep is not None:
        problems.append(f"There is no sweep named {quote(sweep, 60)} here. {_instead(choice)}")
    elif listed == ALL:
        choice = Choice()
    elif listed is not None:
        wanted = list(dict.fromkeys(unquote(part) for part in listed.split(",")))
        there = [name for name in wanted if name in names]
        missing = [quote(name, 60) for name in wanted if name not in names]
        choice = Choice(runs=tuple(there)) if there else choice
        if missing:
            many = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            said = f"The address asks for runs that are not here: {', '.join(missing[:5])}{many}."
            problems.append(said if there else f"{said} {_instead(choice)}")
    if (text := parameters.get("at")) is not None:
        at = short_decimal(text)
        if at:
            choice = replace(choice, at=at)
        else:
            problems.append(f"The address asks for epoch {quote(text)}, which is none. Showing the last of each run.")
    return choice, problems


def _instead(choice: Choice) -> str:
    return "Showing all runs." if choice.sweep is None else f"Showing the sweep {quote(choice.sweep, 60)}."


# What is known of it ---------------------------------------------------------------------------------------------


def look(choice: Choice, known: Mapping[str, Path], runs: Mapping[str, Run]) -> Found:
    """Compare what was chosen. What cannot be compared is among the comparison's `left_out`.

    Raises:
        RunError: when the figures of a sweep that came with the app cannot be read.
    """
    path = known.get(choice.sweep or "")
    if path is not None and path.suffix == ".json":
        return Found(_bundled(str(path), path.stat().st_mtime_ns), {}, 0, ())
    command = None
    if path is not None:
        chosen = {name: run for name, run in runs.items() if run.path.resolve().parent == path.resolve()}
        with contextlib.suppress(RunError, ConfigError):  # then each run says how it is trained
            command = sweep_command(Sweep.read(path))
    else:
        chosen = {name: run for name, run in runs.items() if choice.runs is None or name in choice.runs}
    lines: list[Line] = []
    problems: list[str] = []
    epochs: list[int] = []
    for name, run in chosen.items():
        try:
            one, last = _line(name, run, choice.at)
            lines.append(one)
            epochs.append(last)
        except RunError as error:
            problems.append(f"Left out: {error}")
        except OSError:  # deleted at this moment
            problems.append(f"Left out: {name} is not there any more.")
    lines, left_out = comparable(lines)
    waiting = []
    for places in by_seed(lines):
        group = tuple(lines[place]["name"] for place in places)
        if len(group) < 2:
            continue
        told = _again().get(_key([chosen[name] for name in group], lines[places[0]]["epoch"]))
        if told is None:
            waiting.append(group)
        for place, value in zip(places, told if isinstance(told, list) else [None] * len(places), strict=True):
            if value is not None:
                lines[place] = lines[place] | {"figures": lines[place]["figures"] | {"udr": value}}
            elif told is not None:
                lines[place] = lines[place] | {"reasons": lines[place]["reasons"] | {"udr": told}}
    comparison = together(lines, [*problems, *left_out], choice.sweep, command)
    here = {one["name"]: chosen[one["name"]] for one in lines}
    return Found(comparison, here, min(epochs, default=0), tuple(waiting))


def tell_again(found: Found, group: Sequence[str]) -> None:
    """Work out UDR of a group of runs, or why it cannot be told; `look` has it from then on."""
    runs = [found.runs[name] for name in group]
    epoch = next(one["epoch"] for one in found.comparison["runs"] if one["name"] == group[0])
    key = _key(runs, epoch)  # before: weights that change meanwhile make it another
    try:
        told: list[float] | str = found_again(runs, epoch)
    except (ValueError, RunError, OSError) as error:
        told = str(error)
    _keep(_again(), key, told)


def _line(name: str, run: Run, epoch: int | None) -> tuple[Line, int]:
    """`compared.line` and the run's last epoch, read once as long as the files stay as they are. Not to be changed."""
    kept, key = _lines(), (name, str(run.path), run.identity(), run.history_stamp(), run.meaning_stamp(), epoch)
    if (found := kept.get(key)) is None:
        one = line(run, name, epoch)
        newest = run.figures() if epoch is not None else None
        found = one, newest.epoch if newest else one["epoch"]
        _keep(kept, key, found)
    return found


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    while len(kept) >= MOST_KEPT:
        kept.pop(next(iter(kept)), None)
    kept[key] = value


def _key(runs: Sequence[Run], epoch: int) -> tuple[Any, ...]:
    return epoch, *((str(run.path), run.identity(), run.snapshot_stamp(epoch)) for run in runs)


@st.cache_resource(show_spinner=False)
def _lines() -> dict[tuple[Any, ...], tuple[Line, int]]:
    return {}


@st.cache_resource(show_spinner=False)
def _again() -> dict[tuple[Any, ...], list[float] | str]:
    return {}


@st.cache_resource(max_entries=8, show_spinner=False)
def _bundled(path: str, changed: int) -> Comparison:
    return read_comparison(Path(path))
