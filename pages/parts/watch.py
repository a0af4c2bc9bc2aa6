"""The runs that are being trained or wait, one run looked at closely, and all runs in a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from bvae.browser.glossary import explained, plain
from bvae.devices import estimate, seconds_an_epoch
from bvae.numbers import LONG, number
from bvae.queue import Entry, Queue
from bvae.runs import BUNDLED_RUNS, Epoch, Run, RunError
from pages.parts.command import show_command
from pages.parts.cursor import done_by_hand
from pages.parts.figures import show_training
from pages.parts.rights import check_may_change, check_may_queue, why_read_only
from pages.parts.selection import history_of, leave_run, runs_by_name
from pages.parts.sweep_watch import Swept, show_queued, show_sweeps, sweeps, sweeps_busy
from pages.parts.view import pick_by_address
from pages.parts.words import disk_use, duration

NONE = ""  # no run has this name
ACTIVE = ("running", "starting", "ending", "waiting", "refused")


@dataclass(frozen=True)
class Standing:
    """A run and how it stands.

    name: what the run picker calls it.
    run: None for a run that has not begun.
    entry: None for a run that is not in the queue.
    state: waiting, starting, ending (its trainer has yet to go), refused (it could not begin), or
        a state of `Run.status`.
    """

    name: str
    run: Run | None
    entry: Entry | None
    state: str
    status: dict[str, Any]

    @property
    def imported(self) -> bool:
        """Whether it was made of weights alone, and never trained here."""
        return self.run is not None and self.run.imported

    @property
    def own(self) -> bool:
        """Whether it lies where this app trains runs, so that it may be changed."""
        if self.run is None:
            return True
        folder = self.run.path.resolve().parent
        return folder == Queue().folder.resolve() and folder != BUNDLED_RUNS.resolve()


def standings(queue: Queue) -> list[Standing]:
    """All runs: those in the queue first, in its order, then the others as the run picker lists them."""
    runs = runs_by_name()
    picked = {run.path.resolve(): name for name, run in runs.items()}
    found = []
    worked = queue.working()
    for entry in (entry for entry in queue.entries() if entry.values is None):
        name = picked.get((queue.folder / entry.name).resolve())
        run = runs[name] if name else None
        if name is None:  # until it has begun, another run may have its name, as one of those that are bundled
            name = f"{entry.name} ({queue.folder.resolve().name})" if entry.name in runs else entry.name
        status = run.status_or_finished() if run else {}
        if entry.error is not None:
            state = "refused"
        elif not entry.started:  # by now, if it has the number of a process
            state = "ending" if entry.pid is not None and worked else "waiting"
        elif status.get("pid") == entry.pid and status["state"] != "queued":  # its own word, not an earlier trainer's
            state = "running" if status["state"] == "running" else "ending"
        else:
            state = "starting"
        found.append(Standing(name, run, entry, state, status))
    listed = {standing.name for standing in found}
    for name, run in runs.items():
        if name not in listed:
            status = run.status_or_finished()
            state = {"queued": "starting"}.get(status["state"], status["state"])
            found.append(Standing(name, run, None, state, status))
    return sorted(found, key=lambda standing: standing.state not in ACTIVE)


def busy(queue: Queue, found: list[Standing]) -> bool:
    """Whether anything is being trained or waits for a process that is there, so that the page has news to expect."""
    states = {standing.state for standing in found}
    if states & {"running", "starting", "ending"} or sweeps_busy(queue):
        return True
    return "waiting" in states and not queue.stalled()


# Words -----------------------------------------------------------------------------------------------------------


def progress(standing: Standing, runs: list[Run]) -> tuple[float, str]:
    """How much of a run is trained, 0 to 1, and the same in words with the time left."""
    run, status = standing.run, standing.status
    assert run is not None
    steps, epochs = status.get("steps") or 1, status.get("epochs") or run.config.epochs
    done = status.get("epoch", 0) + status.get("step", 0) / steps
    share = min(1.0, done / epochs)
    step = f", step {status.get('step', 0):,} of {steps:,}" if status.get("step") else ""
    text = f"Epoch {min(status.get('epoch', 0) + 1, epochs)} of {epochs}{step}"
    try:
        each = seconds_an_epoch(run, history_of)
    except RunError:
        each = None
    if each is None and (guess := estimate(run.config, str(status.get("device", "")).split(" ")[0], runs, history_of)):
        return share, f"{text}, roughly {duration(guess.seconds * (1 - share))} left"
    left = f", about {duration(each * (epochs - done))} left" if each is not None else ""
    return share, text + left


def say(standing: Standing) -> str:
    """How a run stands, in one line."""
    status, run = standing.status, standing.run
    epoch = status.get("epoch", 0)
    epochs = status.get("epochs") or (run.config.epochs if run else 0)
    if standing.imported and standing.state == "finished":
        return "weights that came in without their training"
    return {
        "waiting": "waiting for its turn",
        "starting": "starting: PyTorch and the images are loaded",
        "ending": "ending: everything is saved",
        "refused": "could not be trained",
        "running": f"training, epoch {epoch} of {epochs} done",
        "stopped": f"stopped at epoch {epoch} of {epochs}",
        "failed": f"failed at epoch {epoch} of {epochs}",
        "finished": f"finished, {epoch} epochs",
    }[standing.state]


# Actions ---------------------------------------------------------------------------------------------------------


def _act(action: Callable[..., None], *arguments: Any) -> None:
    """Do something to the queue; what it refuses is said on the page."""
    done_by_hand()
    try:
        check_may_change()
        action(*arguments)
    except (RunError, OSError) as error:
        st.session_state["watch_problem"] = str(error)
    st.session_state["watch_acted"] = True


def _resume(queue: Queue, name: str, epochs: int | None = None) -> None:
    check_may_queue(name)
    queue.resume(name, epochs)


def _retry(queue: Queue, name: str) -> None:
    check_may_queue(name)
    queue.retry(name)


def _delete(queue: Queue, name: str) -> None:
    queue.delete(name)
    if st.session_state.get("run") == name:  # then the session goes on with another
        leave_run()


def _open(name: str) -> None:
    done_by_hand()
    st.session_state["wanted_run"] = name
    st.session_state.pop("shown", None)  # as it is now, with all of its epochs
    st.session_state["asked_page"] = "traverse"
    st.session_state["watch_acted"] = True  # it is app.py that changes the page


def _button(label: str, standing: Standing, action: Callable[..., None], *arguments: Any) -> bool:
    key = f"{label} {standing.name}"
    return st.button(label, key=key, on_click=_act, args=(action, *arguments))


def look_at(name: str) -> None:
    """Show a run of the queue closely. In a new widget: of the old one, the browser may send what it had again."""
    called = {standing.entry.name: standing.name for standing in standings(Queue()) if standing.entry}
    st.session_state["watch_number"] = st.session_state.get("watch_number", 0) + 1
    st.session_state[_watch_key()] = called.get(name, name)


def _watch_key() -> str:
    return f"train_watch_{st.session_state.get('watch_number', 0)}"


# The page's parts ------------------------------------------------------------------------------------------------


def watch(polled: bool) -> None:
    """The queue, one run closely, and all runs. A fragment, which comes round while there is news to expect."""
    queue = Queue()
    found = standings(queue)
    if st.session_state.pop("watch_acted", False) or busy(queue, found) != polled:
        st.rerun()  # of all: to begin or cease to come round, and since the run picker has news, too
    problems: list[str] = []
    queue.entries(problems)
    swept = sweeps(queue)
    active = [standing for standing in found if standing.state in ACTIVE and not _belongs(standing, swept)]
    if problem := st.session_state.pop("watch_problem", None):
        st.error(plain(problem))
    for problem in problems:
        st.warning(plain(problem))
    st.subheader("Queue")
    if not active and all(sweep.entry is None for sweep in swept):
        st.markdown("Nothing is being trained.")
    show_queued(swept)
    for standing in active:
        _show_waiting(queue, standing, [other.run for other in found if other.run])
    if queue.stalled():
        st.warning("Nothing works through the queue: its process was ended, as when the computer was restarted.")
        if not why_read_only():
            st.button("Continue the queue", on_click=_act, args=(queue.start_worker,))
    show_sweeps(swept)
    if found:
        _show_run(queue, found)
        _show_all_runs(found)


def _belongs(standing: Standing, swept: list[Swept]) -> bool:
    """Whether a run is shown by the line of a sweep that is in the queue."""
    folders = {sweep.sweep.folder.resolve() for sweep in swept if sweep.sweep is not None and sweep.entry is not None}
    return standing.run is not None and standing.run.path.resolve().parent in folders


def _show_waiting(queue: Queue, standing: Standing, runs: list[Run]) -> None:
    name = standing.name
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        with st.container():
            if standing.state == "running":
                share, text = progress(standing, runs)
                st.progress(share, text=f"**{plain(name)}** {plain(text)}")
            else:
                st.markdown(f"**{plain(name)}** {say(standing)}.")
            if standing.entry and standing.entry.error:
                st.error(plain(standing.entry.error))
        if why_read_only():
            return
        bare = standing.entry.name if standing.entry else name
        if standing.state in ("running", "starting"):
            if standing.own:
                _button("Stop", standing, queue.stop, standing.run.name if standing.run else bare)
        elif standing.state != "ending":
            if standing.state == "refused":
                _button("Try again", standing, _retry, queue, bare)
            _button("Take out", standing, queue.remove, bare)


def _show_run(queue: Queue, found: list[Standing]) -> None:
    st.subheader("One run")
    names = [standing.name for standing in found]
    selected = st.session_state.get("run")
    news = found[0].state in ("running", "starting", "waiting") or selected not in names
    usual = str(names[0] if news else selected)
    if st.session_state.get(_watch_key()) not in names:
        st.session_state[_watch_key()] = usual
    pick_by_address("watched", _watch_key(), names, usual)
    # In an order that stays as it is while runs come and go in the queue, which would close an open list.
    listed = [name for name in runs_by_name() if name in names]
    names = [name for name in names if name not in listed] + listed
    with st.container(horizontal=True):
        st.selectbox("Run to look at", names, key=_watch_key(), on_change=done_by_hand, persist_state="session")
        chosen = st.session_state[_watch_key()]
        others = [NONE, *(name for name in listed if name != chosen)]
        if st.session_state.get("train_compare") not in others:
            st.session_state["train_compare"] = NONE
        pick_by_address("with", "train_compare", others, NONE)
        st.selectbox(
            "Compare its curves with", others, format_func=lambda name: "None" if name == NONE else name,
            key="train_compare", on_change=done_by_hand, persist_state="session",
        )  # fmt: skip
    standing = next(standing for standing in found if standing.name == chosen)
    run = standing.run
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{say(standing)[0].upper()}{say(standing)[1:]}.**", width="content")
        if run is not None:
            _show_actions(queue, standing, run)
    if standing.state == "failed":
        st.error(plain(str(standing.status.get("error") or "The training failed and gave no reason.")))
    if run is None:
        st.markdown("Its curves appear here once it has begun.")
        return
    try:
        history = history_of(run)
    except RunError as error:
        st.error(plain(str(error)))
        return
    if not history:
        if standing.state != "failed":
            st.markdown("Its curves appear here once it has begun.")
        return
    last = history[-1]
    with st.container(horizontal=True, gap="medium"):
        st.metric(explained("[−ELBO](#elbo)"), number(-last.elbo), width="content")
        st.metric(explained("= [Reconstruction](#reconstruction)"), number(last.reconstruction), width="content")
        st.metric(explained("+ [KL](#kl)"), number(last.kl), width="content")
        used = f"{last.active_units} of {run.config.latent_dim}"
        st.metric(explained("[Active units](#active-units)"), used, width="content")
    st.markdown(
        explained(
            f":small[{run.config.weight}, {run.config.network} [network](#network) on "
            f"{plain(run.config.dataset_name)}. "
            f"[Nats](#nats) an image at [epoch](#epoch) {last.epoch}, on the [test set](#test-set) of "
            f"{last.test['images']:,} images, with one code drawn for each.]"
        )
    )
    other = next((other.run for other in found if other.name == st.session_state["train_compare"]), None)
    show_training(run, history, _with_history(other) if other else None)
    if not standing.imported:
        with st.expander("Command"):
            show_command(run.command(), "watch")


def _with_history(run: Run) -> tuple[Run, list[Epoch]] | None:
    """A run and its records, if there are any; why there are none is said."""
    try:
        history = history_of(run)
    except RunError as error:
        st.warning(plain(str(error)))
        return None
    if not history:
        st.markdown(f"The curves of {plain(run.name)} are laid over these once it has begun.")
    return (run, history) if history else None


def _show_actions(queue: Queue, standing: Standing, run: Run) -> None:
    if run.epochs():
        st.button("Open it", key=f"Open {standing.name}", on_click=_open, args=(standing.name,))
    if not standing.own:
        if run.path.resolve().parent != BUNDLED_RUNS.resolve():
            st.markdown(f":small[It lies in {plain(str(run.path.resolve().parent))}, and is not changed from here.]")
        return
    if why_read_only() or standing.state in ("running", "starting", "ending", "waiting"):
        return
    if not run.resumable:
        if not standing.imported:
            st.markdown(":small[It came without what resuming needs.]", width="content")
    elif standing.state in ("stopped", "failed"):
        _button("Resume", standing, _resume, queue, run.name)
    elif standing.state == "finished":
        with st.popover("Train on"):
            epochs = st.number_input("Last epoch", value=2 * run.config.epochs, step=1, key=f"further {standing.name}")
            st.markdown(":small[The learning rate rises again to where the longer schedule has it.]")
            _button("Add to the queue", standing, _resume, queue, run.name, epochs)
    with st.popover("Delete"):
        st.markdown(f"Delete **{plain(run.name)}**, {disk_use(run.path)}? This cannot be undone.")
        _button("Delete for good", standing, _delete, queue, run.name)


def _show_all_runs(found: list[Standing]) -> None:
    """All runs in a table."""
    found = [standing for standing in found if standing.run]
    if not found:
        return
    st.subheader("All runs")
    rows: list[dict[str, Any]] = []
    for standing in found:
        run = standing.run
        assert run is not None
        try:
            history = history_of(run)
        except RunError:
            history = []
        last = history[-1] if history else None
        epoch = last.epoch if last else 0
        rows.append(
            {
                "Run": standing.name,
                "State": standing.state,
                "Weight": run.config.weight,
                "Images": f"{run.train_images:,} of {run.config.dataset_name}"
                if run.train_images and not run.imported
                else run.config.dataset_name,
                "Seed": None if run.imported else run.config.seed,
                "Network": run.config.network,
                "Epoch": "weights only" if standing.imported else f"{epoch} of {run.config.epochs}",
                "−ELBO": -last.elbo if last else None,
                "Reconstruction": last.reconstruction if last else None,
                "KL": last.kl if last else None,
                "Active": f"{last.active_units if last else 0} of {run.config.latent_dim}",
            }
        )
    figures = ("−ELBO", "Reconstruction", "KL")
    long = any(abs(row[name] or 0) >= LONG for row in rows for name in figures)
    as_number = st.column_config.NumberColumn(format="scientific" if long else "%.2f")
    st.dataframe(
        rows,
        hide_index=True,
        column_config=dict.fromkeys(figures, as_number),
        alt="All runs with their state and their figures",
    )
    st.markdown(
        explained(
            ":small[Weight: [β](#beta) or, of the other objective, the [capacity](#capacity) C. [−ELBO](#elbo), "
            "reconstruction and KL: [nats](#nats) an image, on the whole test set, with one code drawn for each image. "
            "Active: [active units](#active-units).]"
        )
    )
