"""Which run the session looks at: picked in the sidebar, carried by the address, opened for every page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from bvae.browser.facts import about_epoch, about_run
from bvae.browser.glossary import explained, plain
from bvae.browser.live import LiveRun
from bvae.runs import Epoch, Run, RunError, folders_searched, list_runs
from pages.parts.command import show_command
from pages.parts.cursor import (
    ADDRESS,
    done_by_hand,
    forget_address,
    open_cursor,
    quote,
    say_in_address,
    say_problems_of_cursor,
    say_until_done,
    short_decimal,
)
from pages.parts.live import open_live
from pages.parts.meaning import open_meaning

# Of a history that is kept in memory, where it takes some times as much: on disk, 1,300 epochs of 20 dimensions.
KEPT_BYTES = 2**20
TRAIN_COMMAND = "python -m bvae train --run runs/first"


def pick_run() -> Run | None:
    """Draw the run picker in the sidebar and return what is picked; None when there is no run."""
    problems: list[str] = []
    runs = runs_by_name(problems)
    if problems:
        count = "1 run" if len(problems) == 1 else f"{len(problems)} runs"
        with st.sidebar.expander(f"{count} cannot be read"):
            for problem in problems:
                st.warning(plain(problem))
    wanted = st.session_state.pop("wanted_run", None)  # by a page, which runs after the picker is drawn
    if wanted in runs:
        st.session_state["run"] = wanted
    if not runs:
        return None
    names = list(runs)
    wrong: list[str] | None = None
    if (before := st.session_state.get("run")) not in names:
        wrong = []
        asked = st.query_params.get("run")
        if before is not None and asked in (None, before):
            wrong = [f"The run {quote(before, 60)} is not there any more. Showing {quote(names[0], 60)} instead."]
        elif asked is not None and asked not in names:
            missing = f"There is no run named {quote(asked, 60)}. Showing {quote(names[0], 60)} instead."
            wrong = [f"{missing} Runs are looked for in {folders_searched()}."]
        st.session_state["run"] = asked if asked in names else names[0]
    # Not bound to the address by the widget: it would leave out the default, and the default differs between machines.
    name = st.sidebar.selectbox("Run", names, key="run", on_change=done_by_hand, persist_state="session")
    say_until_done("run", wrong)
    return runs[name]


def runs_by_name(problems: list[str] | None = None) -> dict[str, Run]:
    """All runs by what the picker and the address call them; `problems` as in `list_runs`."""
    runs: dict[str, Run] = {}
    for run in list_runs(problems):
        # The bundled runs come first and keep their names. Of others, as much of the folder is told as is needed.
        name, folder = run.name, run.path.resolve().parent
        around = [*reversed(folder.parts)]
        told = 0
        while name in runs and told < len(around):
            told += 1
            name = f"{run.name} ({'/'.join(reversed(around[:told]))})"
        runs[name] = run
    return runs


def leave_run() -> None:
    """Have the session go on with another run than its own, which was deleted."""
    for forgotten in ("run", "cursor", "shown"):
        st.session_state.pop(forgotten, None)
    forget_address()


def no_run() -> None:
    """Say on a page that there is nothing to look at, and what makes something."""
    st.info("There is no run to show yet. Train one, which takes a few minutes:")
    st.page_link("pages/train.py", label="Go to Train", icon=":material/model_training:")
    show_command(TRAIN_COMMAND, "train")


def history_of(run: Run) -> list[Epoch]:
    """`Run.history`, read and checked once as long as the file stays as it is. Not to be changed.

    Raises:
        RunError: when it is damaged.
    """
    stamp = run.history_stamp()
    if stamp is None or stamp[-1] > KEPT_BYTES:
        return run.history()
    return _history(str(run.path), repr(run.config), stamp, run)


@st.cache_resource(max_entries=16, show_spinner=False)  # not cache_data, which would copy it at every rerun
def _history(path: str, config: str, stamp: tuple[int, int, int], _run: Run) -> list[Epoch]:
    return _run.history()


def show_facts(run: Run) -> None:
    """The run in a few lines, each number with its unit and split: what it is, how far its training has come, and what
    it scores at the cursor's epoch. A fragment, since a run in training goes on while the page stays as it is."""
    try:
        records = {record.epoch: record for record in history_of(run)}
        lines = about_run(run, records)
    except (RunError, OSError):  # which the page says
        return
    if records:
        here = "cursor" in st.session_state and st.session_state.get("cursor_run") == st.session_state["run"]
        epoch = st.session_state["cursor"]["epoch"] if here else max(records)
        epoch = epoch if epoch in records else max(records)  # of a history that was cut short since
        lines.append(about_epoch(run, records[epoch]))
    # Not a caption, whose grey is too faint on the sidebar's ground.
    st.markdown(explained("  \n".join(f":small[{line}]" for line in lines)))
    status = run.status_or_finished()
    if status["state"] == "failed":
        st.warning(plain(str(status.get("error") or "The training failed and gave no reason.")))


def open_run(run: Run, exploring: bool) -> LiveRun | None:
    """Read what the browser needs of a run, for the pages of this rerun; None, said on the page, if nothing can be.

    Args:
        exploring: whether the page has a cursor; the pages about runs have none.
    """
    facts = st.sidebar.container()  # filled last, because they follow the cursor
    live, name = None, st.session_state["run"]
    try:
        live = _shown(run)
        if exploring:
            open_cursor(live.space)
            say_problems_of_cursor()
        elif {st.query_params.get("run"), st.session_state.get("address", {}).get("run")} - {None, name}:
            say_in_address(ADDRESS, {"run": name})  # picked here: else Back would find no news in the one before
    except RunError as error:
        st.error(plain(str(error)))
    except OSError as error:  # deleted at this moment, or not readable
        st.error(f"{plain(str(run.path))} cannot be read ({error.strerror}). Reload the page, or pick another run.")
    changing = ("queued", "running") if exploring else ("queued", "running", "stopped", "failed")
    with facts:
        st.fragment(show_facts, run_every=2 if run.status_or_finished()["state"] in changing else None)(run)
    if live is None:
        return None
    newest = max(run.epochs(), default=0)
    if newest > live.space.epochs[-1] and not live.problems:
        st.sidebar.button(f"Show newer epochs (now at {newest})", key="newer", on_click=_show_newer)
    held = sum(epoch <= live.space.epochs[-1] for epoch in run.epochs())
    if len(live.space.epochs) < held and not live.problems:
        few, all_of_them = len(live.space.epochs), f"{held:,} snapshots"
        st.sidebar.markdown(f":small[{few} of the {all_of_them} are shown, evenly chosen: a browser takes no more.]")
    for problem in (*live.problems, *(open_meaning(live.path).problems if exploring else ())):
        st.warning(plain(problem))
    st.session_state["live_run"] = live
    return live


def _shown(run: Run) -> LiveRun:
    """The run as this session opened it first.

    A run in training changes with every epoch. Following it would take the slider out of the hand that drags it, so the
    person asks for what is newer. Opened anew are another run, one with damage that may have been mended, one of which
    the address asks for an epoch that was left out, and one that was emptied meanwhile, so that it fails here.
    """
    identity = (st.session_state["run"], run.path.resolve(), run.identity())
    cursor = st.session_state.get("cursor")
    wanted = cursor["epoch"] if cursor else short_decimal(st.query_params.get("epoch", ""))
    shown: tuple[Any, LiveRun | None] = st.session_state.get("shown", (None, None))
    before, live = shown
    left_out = live is not None and wanted not in live.space.epochs and wanted in run.epochs()
    emptied = not (run.epochs() and history_of(run))
    if live is None or before != identity or live.problems or left_out or emptied:
        live = open_live(run, st.session_state["run"], wanted)
        st.session_state["shown"] = (identity, live)
    return live


def _show_newer() -> None:
    st.session_state.pop("shown", None)
    done_by_hand()


def require_app() -> None:
    """Begin a page. Every page calls this first, or `live_run`, which does."""
    if not st.session_state.pop("in_app", False):
        # Until app.py has run once in a server's life, Streamlit takes the folder pages/ for its older kind of pages,
        # and a page that is opened by its own address runs without app.py.
        st.session_state.setdefault("opened_page", urlsplit(st.context.url or "").path.rpartition("/")[2])
        st.switch_page("app.py", query_params=st.query_params.to_dict())


def live_run() -> LiveRun:
    """The selected run, as app.py opened it for this rerun. Ends the page where there is none."""
    live = live_run_if_any()
    if live is None:
        st.stop()
    return live


def live_run_if_any() -> LiveRun | None:
    """The selected run, for a page that can do without one."""
    require_app()
    live: LiveRun | None = st.session_state.pop("live_run", None)
    return live
