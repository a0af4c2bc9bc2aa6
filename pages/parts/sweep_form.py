"""The form of the Train page where a setting can have several values: a run for every combination of them."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from bvae.browser.glossary import explained, plain
from bvae.config import ConfigError, field_type
from bvae.queue import Queue
from bvae.runs import RunError, check_new_run, check_run_name
from bvae.sweep import Sweep
from pages.parts.command import show_command
from pages.parts.cursor import asked_of_page, done_by_hand, say_in_address
from pages.parts.devices import devices, show_device
from pages.parts.own_images import show_own_images
from pages.parts.rights import check_may_queue
from pages.parts.sweep_watch import look_at_sweep
from pages.parts.train_form import FIELDS, LEFT_OUT, begin_form, fields, key, resolved, said_of

FIRST = ("beta", "seed", "epochs", "network", "dataset")
SEVERAL = ("several",)
STARTED = "train_sweep_started"  # the name of the sweep that the form has started as it stands


def several_wanted() -> bool:
    """Ask whether a setting is to have several values."""
    if (asked := asked_of_page(SEVERAL)) is not None:
        st.session_state["train_several"] = asked.get("several") == "yes"
    say_in_address(SEVERAL, {"several": "yes"} if st.session_state.get("train_several") else {})
    return st.toggle(
        "Several values", key="train_several", on_change=done_by_hand, persist_state="session",
        help="Train a run for every combination of values, as with β 1, 2, 4, 8 and seed 0, 1, 2: a sweep of 12 runs.",
    )  # fmt: skip


def show_sweep_form(queue: Queue) -> None:
    """Draw the form."""
    st.subheader("New sweep")
    begin_form()
    st.markdown(
        explained(
            ":small[Write several values of a setting one after another, **1, 2, 4, 8**: every combination is a "
            "[run](#run) of the [sweep](#sweep).]"
        )
    )
    proposal = _proposal(queue)
    st.text_input(
        "Name of the sweep", key="train_sweep_name", on_change=_changed, persist_state="session", max_chars=60,
        placeholder=proposal,
        help=f"The folder of its runs, in {plain(str(queue.folder.resolve()))}. Their names begin with it.",
    )  # fmt: skip
    fields(FIRST, 3, _field)
    name = str(st.session_state.get("train_sweep_name") or "").strip() or proposal
    sweep, problem = None, None
    started = st.session_state.get(STARTED) == name and (queue.find(name) or (queue.folder / name).exists())
    try:
        sweep = _sweep(queue, name)
        if not started:
            _check_name(queue, name)
    except (ConfigError, RunError, OSError) as error:
        problem = str(error)
    if sweep is not None and problem is None:
        problem = show_own_images(member.config.dataset for member in sweep.members)
    if sweep is not None and problem is None:
        show_command(sweep.command(), "form")
        varied = " × ".join(f"{said_of(field)['label']} {', '.join(sweep.said(field))}" for field in sweep.varied)
        count = len(sweep.members)
        st.markdown(f"**{count} run{'s' * (count != 1)}**{': ' if varied else ''}{plain(varied)}.")
    configs = [member.config for member in sweep.members] if sweep else []
    st.fragment(show_device, run_every=None if devices().done() else 1)(configs)
    if shown := st.session_state.pop("train_sweep_problem", None) or problem:
        st.error(plain(shown))
    with st.container(horizontal=True, vertical_alignment="center"):
        waits = any(entry.error is None for entry in queue.entries())
        label = "Add the sweep to the queue" if waits and not started else "Start the sweep"
        why = f"{plain(name)} was started already. Choose another name." if started else problem and plain(problem)
        st.button(label, key="train_sweep_start", on_click=_start, args=(name,), disabled=why is not None, help=why)
        if started:
            st.markdown(f"**{plain(name)}** is in the list below. Change a setting to begin another sweep.")


def read(name: str, text: str) -> list[Any]:
    """The values of a field that are written in a text, with commas, semicolons or blanks between them.

    Raises:
        ConfigError: when a part of it is no value of this field.
    """
    kind = field_type(name)[0]
    found = []
    for part in re.split(r"[\s,;]+", text.strip()):
        try:
            if part:
                found.append(kind(part.replace("−", "-")))
        except ValueError:
            wanted = "whole number" if kind is int else "number"
            raise ConfigError(f"{said_of(name)['label']}: {part[:40]!r} is no {wanted}. Write 1, 2, 4.") from None
    return found


def _key(name: str) -> str:
    return key(f"several_{name}")


def _field(name: str) -> None:
    """Draw a field that takes several values; first it has the one of the other form."""
    one = st.session_state[key(name)]
    common: dict[str, Any] = {**said_of(name), "key": _key(name), "on_change": _changed}
    if choices := FIELDS[name].metadata.get("choices"):
        st.session_state.setdefault(_key(name), [one])
        st.multiselect(options=choices, accept_new_options=name == "dataset", **common)
    else:
        st.session_state.setdefault(_key(name), "" if one is None else str(one).removesuffix(".0"))
        st.text_input(placeholder=LEFT_OUT.get(name, str(FIELDS[name].default)), max_chars=500, **common)


def _values() -> dict[str, list[Any]]:
    """What the form gives the fields; one that is left empty is at its default."""
    given = {}
    for name in FIELDS:
        said = st.session_state.get(_key(name))
        values = list(said) if isinstance(said, list) else read(name, said or "")
        if name == "dataset":
            values = [resolved(value) for value in values]
        if values:
            given[name] = values
    return given


def _sweep(queue: Queue, name: str) -> Sweep:
    return Sweep(queue.folder / check_run_name(name), _values())


def _check_name(queue: Queue, name: str) -> None:
    entry = queue.find(name)
    if entry is not None and entry.error is None:
        raise RunError(f"{name} is in the queue already. Choose another name.")
    check_new_run(queue.folder / name)


def _proposal(queue: Queue) -> str:
    """A name that is not taken. It stays until something is changed, as a double click asks for the same one twice."""
    if "train_sweep_proposal" not in st.session_state:
        taken = {entry.name for entry in queue.entries()}
        number = 1
        while (name := f"sweep-{number}") in taken or (queue.folder / name).exists():
            number += 1
        st.session_state["train_sweep_proposal"] = name
    return str(st.session_state["train_sweep_proposal"])


def _changed() -> None:
    done_by_hand()
    st.session_state.pop(STARTED, None)
    st.session_state.pop("train_sweep_proposal", None)


def _start(name: str) -> None:
    """Put the sweep into the queue."""
    done_by_hand()
    queue = Queue()
    try:
        sweep = _sweep(queue, name)
        _check_name(queue, name)
        check_may_queue(name, len(sweep.members), {member.config.dataset for member in sweep.members})
        queue.add_sweep(name, sweep.values)
    except (ConfigError, RunError, OSError) as error:
        if st.session_state.get(STARTED) != name:  # the second click of a double one
            st.session_state["train_sweep_problem"] = str(error)
        return
    st.session_state[STARTED] = name
    look_at_sweep(name)
