"""The sweeps on the Train page: those in the queue, how far they are, and the runs of one of them in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from bvae.browser.glossary import plain
from bvae.config import ConfigError
from bvae.queue import Entry, Queue
from bvae.runs import SWEEP, RunError, folders_in
from bvae.sweep import Stand, Sweep
from pages.parts.command import show_command
from pages.parts.comparing import Choice, link_to_compare
from pages.parts.cursor import done_by_hand
from pages.parts.rights import check_may_change, check_may_queue, why_read_only
from pages.parts.selection import leave_run, runs_by_name
from pages.parts.view import pick_by_address
from pages.parts.words import disk_use, duration


@dataclass(frozen=True)
class Swept:
    """A sweep and how it stands.

    sweep: None where it cannot be read, because of
    problem.
    entry: None where it is not in the queue.
    """

    name: str
    sweep: Sweep | None
    entry: Entry | None = None
    problem: str | None = None

    @property
    def state(self) -> str:
        """Waiting, running or refused (its trainer ended with an error) in the queue, or idle."""
        if self.entry is None:
            return "idle"
        if self.entry.error is not None:
            return "refused"
        return "running" if self.entry.started else "waiting"


def sweeps(queue: Queue) -> list[Swept]:
    """Those in the queue first, in its order, then the others by name."""
    found: dict[str, Swept] = {}
    for entry in queue.entries():
        if entry.values is not None:
            try:
                found[entry.name] = Swept(entry.name, Sweep(queue.folder / entry.name, entry.values), entry)
            except (ConfigError, RunError) as error:
                found[entry.name] = Swept(entry.name, None, entry, str(error))
    for folder in sorted(folders_in(queue.folder)):
        inside = (folder / SWEEP).is_file() and folder.resolve().parent == queue.folder.resolve()
        if inside and folder.name not in found:
            try:
                found[folder.name] = Swept(folder.name, Sweep.read(folder))
            except RunError as error:
                found[folder.name] = Swept(folder.name, None, problem=str(error))
    return list(found.values())


def sweeps_busy(queue: Queue) -> bool:
    """Whether a sweep is trained or waits for a process that is there."""
    entries = [entry for entry in queue.entries() if entry.values is not None and entry.error is None]
    return any(entry.started for entry in entries) or (bool(entries) and not queue.stalled())


def look_at_sweep(name: str) -> None:
    """Show a sweep closely. In a new widget: of the old one, the browser may send what it had again."""
    st.session_state["sweep_number"] = st.session_state.get("sweep_number", 0) + 1
    st.session_state[_watch_key()] = name


def _watch_key() -> str:
    return f"train_sweep_watched_{st.session_state.get('sweep_number', 0)}"


def progress_of(stands: Sequence[Stand]) -> tuple[float, str]:
    """How much of a sweep is trained, 0 to 1, and the same in words with the time left."""
    done, total = sum(stand.epoch for stand in stands), sum(stand.member.config.epochs for stand in stands)
    finished = sum(stand.state == "done" for stand in stands)
    running = [stand for stand in stands if stand.state == "running"]
    if not running and finished < len(stands):
        return min(1.0, done / total), "is starting: PyTorch and the images are loaded"
    text = f"{finished} of {len(stands)} runs done, epoch {done:.0f} of {total} in all"
    seconds = [stand.record.seconds for stand in stands if stand.record and stand.record.epoch and stand.record.seconds]
    if running and seconds:
        left = (total - done) * sum(seconds) / len(seconds) / len(running)
        text += f", about {duration(left)} left"
    return min(1.0, done / total), text


# Actions -------------------------------------------------------------------------------------------------------------


def _act(action: str, name: str) -> None:
    """Do something to a sweep; what is refused is said on the page."""
    done_by_hand()
    queue = Queue()
    try:
        check_may_change()
        if action == "Stop":
            queue.stop(name)
        elif action == "Take out":
            queue.remove(name)
        elif action == "Delete for good":
            folder = (queue.folder / name).resolve()
            runs = [called for called, run in runs_by_name().items() if run.path.resolve().parent == folder]
            queue.delete(name)
            if st.session_state.get("run") in runs:
                leave_run()
        else:
            entry = queue.find(name)
            sweep = Sweep.read(queue.folder / name) if entry is None else None
            check_may_queue(name, len(sweep.members) if sweep else 1)
            if sweep:
                queue.add_sweep(name, sweep.values)
            else:
                queue.retry(name)
    except (ConfigError, RunError, OSError) as error:
        st.session_state["watch_problem"] = str(error)
    st.session_state["watch_acted"] = True


def _button(label: str, name: str) -> None:
    st.button(label, key=f"{label} sweep {name}", on_click=_act, args=(label, name))


# The page's parts ----------------------------------------------------------------------------------------------------


def show_queued(found: Sequence[Swept]) -> None:
    """Those of the queue, a line each with what can be done to it."""
    for swept in found:
        if swept.entry is None:
            continue
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            with st.container():
                named = f"Sweep **{plain(swept.name)}**"
                if swept.state == "running" and swept.sweep is not None:
                    share, text = progress_of(swept.sweep.stands())
                    st.progress(share, text=f"{named} {plain(text)}")
                else:
                    said = "is not done" if swept.state == "refused" else "waits for its turn"
                    st.markdown(f"{named} {said}.")
                if problem := swept.entry.error or swept.problem:
                    st.error(plain(problem))
            if why_read_only():
                continue
            if swept.state == "running":
                _button("Stop", swept.name)
            else:
                if swept.state == "refused" and swept.sweep is not None:
                    _button("Try again", swept.name)
                _button("Take out", swept.name)


def show_sweeps(found: Sequence[Swept]) -> None:
    """One sweep with all of its runs."""
    if not found:
        return
    st.subheader("Sweeps")
    names = [swept.name for swept in found]
    if st.session_state.get(_watch_key()) not in names:
        st.session_state[_watch_key()] = names[0]
    pick_by_address("sweep", _watch_key(), names, names[0])
    st.selectbox("Sweep to look at", names, key=_watch_key(), on_change=done_by_hand, persist_state="session")
    swept = next(swept for swept in found if swept.name == st.session_state[_watch_key()])
    if swept.sweep is None:
        st.error(plain(swept.problem or ""))
        return
    stands = swept.sweep.stands()
    done = sum(stand.state == "done" for stand in stands)
    training = any(stand.state == "running" for stand in stands)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{done} of {len(stands)} runs done.**", width="content")
        if done < len(stands) and swept.state == "idle" and not training and not why_read_only():
            _button("Resume", swept.name)
        if done > 1:
            link_to_compare("Compare its runs", Choice(sweep=swept.name))
        if swept.state in ("idle", "refused") and not training and not why_read_only():
            with st.popover("Delete"):
                begun = sum(stand.member.path.exists() for stand in stands)
                runs = "no run" if not begun else "its run" if begun == 1 else f"its {begun} runs"
                use = disk_use(swept.sweep.folder)
                st.markdown(f"Delete the sweep **{plain(swept.name)}** with {runs}, {use}? This cannot be undone.")
                _button("Delete for good", swept.name)
    st.dataframe(_rows(stands), hide_index=True, alt=f"The runs of {swept.name}", column_config=dict.fromkeys(
        ("−ELBO", "Reconstruction", "KL"), st.column_config.NumberColumn(format="%.2f"),
    ))  # fmt: skip
    for stand in stands:
        if stand.state == "failed":
            st.error(plain(f"{stand.member.name}: {stand.error or 'It ended without a word.'}"))
    with st.expander("Command of the sweep"):
        show_command(swept.sweep.command(), "watch_sweep")


def _rows(stands: Sequence[Stand]) -> list[dict[str, Any]]:
    return [
        {
            "Run": stand.member.name,
            "State": stand.state,
            "Epoch": f"{stand.epoch:.0f} of {stand.member.config.epochs}",
            "−ELBO": -stand.record.elbo if stand.record else None,
            "Reconstruction": stand.record.reconstruction if stand.record else None,
            "KL": stand.record.kl if stand.record else None,
            "Active": f"{stand.record.active_units if stand.record else 0} of {stand.member.config.latent_dim}",
        }
        for stand in stands
    ]
