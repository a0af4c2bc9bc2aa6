"""How far a run is measured, and what can be done about it. A process of its own measures; see metrics/state.py."""

from __future__ import annotations

import contextlib
from pathlib import Path

import streamlit as st

from bvae.metrics.state import PARTS, missing, progress, start, stop
from bvae.runs import Run, RunError
from pages.parts.cursor import accept_address
from pages.parts.live import LiveRun
from pages.parts.rights import check_may_change, why_read_only
from pages.parts.selection import plain
from pages.parts.watch import duration


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
    accept_address()
    try:
        check_may_change()
        (stop if running else start)(path)
    except (RunError, OSError) as error:
        st.session_state["measuring_problem"] = str(error)
