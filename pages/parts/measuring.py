"""How far a run is measured, and what can be done about it. A process of its own measures; see metrics/state.py."""

from __future__ import annotations

import contextlib
import math
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from bvae.browser.glossary import plain
from bvae.browser.live import LiveRun
from bvae.compared import FIGURES, Comparison
from bvae.compared import PARTS as COMPARED
from bvae.metrics.state import PARTS, missing, progress, start, stop
from bvae.runs import Run, RunError, run_argument
from pages.parts.command import show_command
from pages.parts.cursor import done_by_hand
from pages.parts.rights import check_may_change, why_read_only
from pages.parts.words import duration

PAUSE_SECONDS = 20.0  # in which the process that measures several runs has begun with the next


def watch_measuring(live: LiveRun) -> None:
    """Draw how far the measuring of a run is, and have the page drawn anew when there is more to see."""
    run = Run(live.path)
    polled = progress(run).state == "running"
    st.fragment(_watch, run_every=2 if polled else None)(live, _ready(run), polled)


def _ready(run: Run) -> list[str]:
    """What is to be seen of a run: every part of the last epoch, and other epochs as soon as they are whole.

    Each part of each epoch would be news, and the browser would be sent all figures again and again.
    """
    with contextlib.suppress(RunError):  # which the page says
        measured, last = run.measured(), max(run.epochs(), default=-1)
        parts = [part for part in PARTS if part not in missing(run, measured.get(last, {}), last)]
        whole = [str(epoch) for epoch in measured if not missing(run, measured[epoch], epoch)]
        return parts + whole
    return []


def _watch(live: LiveRun, ready: list[str], polled: bool) -> None:
    """How far it is, and a button. It comes round while there is news.

    Args:
        live: the run.
        ready: what there was to see when the page was drawn.
        polled: whether it comes round.
    """
    run = Run(live.path)
    found, name = progress(run), f"**{plain(live.space.run)}**"
    if _ready(run) != ready or (found.state == "running") != polled:
        st.rerun()
    if problem := st.session_state.pop("measuring_problem", None):
        st.error(plain(problem))
    if found.state == "finished":
        return
    if found.state == "failed":
        st.error(f"The measuring of {name} ended. {plain(found.error or 'It gave no reason.')}")
    if found.state == "running":
        left = f", about {duration(found.remaining)} left" if found.remaining else ""
        st.progress(min(100, found.done), text=f"Measuring {name}: {plain(found.stage)}{left}")
    label = {
        "absent": "Measure this run",
        "behind": "Measure the other epochs",
        "failed": "Try again",
        "running": "Stop measuring",
    }[found.state]
    # By itself: beside a text it would go to a line of its own on a narrow window, and push the page down as it comes.
    if reason := why_read_only():
        st.markdown(f":small[Nothing is measured from here. {reason}]")
    else:
        st.button(label, key="measuring", on_click=_change, args=(live.path, found.state == "running"))


def _change(path: Path, running: bool) -> None:
    """Have a run measured, or no longer; what stands in the way is said on the page."""
    done_by_hand()
    try:
        check_may_change()
        (stop if running else start)(path)
    except (RunError, OSError) as error:
        st.session_state["measuring_problem"] = str(error)


# Several runs ----------------------------------------------------------------------------------------------------


def watch_several(runs: Mapping[str, Run], comparison: Comparison) -> None:
    """Say what was not measured of runs that are compared, and have it measured, one run after another."""
    lacking: dict[int, list[Run]] = {}
    figures: set[str] = set()
    for one in comparison["runs"]:
        left = [name for name in COMPARED if name not in one["figures"] and name not in one["reasons"]]
        run = runs.get(one["name"])
        # What was measured and has no figure all the same would be asked for without an end.
        if left and run and one["epoch"] in run.epochs() and not _has_all(run, one["epoch"]):
            lacking.setdefault(one["epoch"], []).append(run)
            figures |= set(left)
    if not lacking:
        return
    polled = _at_work([run for of_epoch in lacking.values() for run in of_epoch])
    said = [FIGURES[name][0] for name in COMPARED if name in figures]
    st.fragment(_watch_several, run_every=2 if polled else None)(lacking, said, polled)


def _watch_several(lacking: Mapping[int, Sequence[Run]], said: Sequence[str], polled: bool) -> None:
    all_of_them = [run for of_epoch in lacking.values() for run in of_epoch]
    running = [run for run in all_of_them if progress(run).state == "running"]
    if _at_work(all_of_them) != polled or any(_has_all(run, epoch) for epoch, of in lacking.items() for run in of):
        st.rerun()
    if problem := st.session_state.pop("measuring_problem", None):
        st.error(plain(problem))
    several = len(all_of_them) > 1
    st.markdown(
        f"{', '.join(said[:-1])}{' and ' if said[1:] else ''}{said[-1]} {'are' if said[1:] else 'is'} not measured yet "
        f"of {f'{len(all_of_them)} of these runs' if several else plain(all_of_them[0].name)}. This measures "
        f"{'them' if several else 'it'}:"
    )
    commands = [
        shlex.join(["python", "-m", "bvae", "metrics", *map(run_argument, of_epoch), "--epoch", str(epoch)])
        for epoch, of_epoch in lacking.items()
    ]
    show_command("\n".join(commands), "measure")
    for run in running:
        about = progress(run)
        left = f", about {duration(about.remaining)} left" if about.remaining else ""
        st.progress(min(100, about.done), text=f"Measuring **{plain(run.name)}**: {plain(about.stage)}{left}")
    if reason := why_read_only():
        st.markdown(f":small[Nothing is measured from here. {reason}]")
    elif running:
        st.button("Stop measuring", key="measuring_several", on_click=_change, args=(running[0].path, True))
    else:
        epoch, of_epoch = next(iter(lacking.items()))
        st.button("Measure in the background", key="measuring_several", on_click=_start_several, args=(epoch, of_epoch))


def _at_work(runs: Sequence[Run]) -> bool:
    """Whether runs are being measured, or were a moment ago: between two of them nobody says so."""
    if any(progress(run).state == "running" for run in runs):
        st.session_state["measured_last"] = time.monotonic()
    last: float = st.session_state.get("measured_last", -math.inf)
    return time.monotonic() - last < PAUSE_SECONDS


def _has_all(run: Run, epoch: int) -> bool:
    with contextlib.suppress(RunError):
        return not missing(run, run.measured().get(epoch, {}), epoch, set(COMPARED.values()))
    return False


def _start_several(epoch: int, runs: Sequence[Run]) -> None:
    done_by_hand()
    try:
        check_may_change()
        start(*(run.path for run in runs), epoch=epoch)
    except (RunError, OSError) as error:
        st.session_state["measuring_problem"] = str(error)
