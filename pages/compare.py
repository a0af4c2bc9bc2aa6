"""Compare: what runs with different β traded, what was measured of them against β, and what their dimensions carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from bvae.browser.comparing import OF_TWO, comparison_data, has_two
from bvae.browser.glossary import explained, plain
from bvae.browser.live import LiveRun
from bvae.browser.prose import BESIDE, COMPARE
from bvae.numbers import thin
from bvae.runs import Run
from pages.parts.beside import show_beside
from pages.parts.command import show_command
from pages.parts.comparing import (
    ADDRESS,
    Choice,
    Found,
    default,
    from_address,
    look,
    sweeps,
    tell_again,
)  # fmt: skip
from pages.parts.cursor import (
    asked_of_page,
    done_by_hand,
    forget_problems,
    open_cursor,
    quote,
    say_in_address,
    say_problems,
)  # fmt: skip
from pages.parts.live import component
from pages.parts.measuring import watch_several
from pages.parts.selection import live_run_if_any, no_run, runs_by_name

HEIGHT = 1000  # pixels kept free for the component, so that what stands below it stays where it is when it appears
PART = "compare"  # of what the address may ask for
SWEEP, EVERY, SOME = "sweep:", "all", "some"  # what the box says, the first with a sweep's name
LAST = 0  # stands for the last epoch of each run
MOST_STEPS = 60
MOST_BEGUN_WITH = 12  # runs with which a choice of one's own begins


def page() -> None:
    """Draw the page, which can be used without a run to look at."""
    live = live_run_if_any()
    if live:
        open_cursor(live.space)
    st.title(explained(COMPARE.heading))
    st.markdown(explained(COMPARE.lines()))
    runs = runs_by_name()
    known = sweeps(runs)
    choice = _choice(known, runs)
    if not runs and not known:
        no_run()
        return
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    found = look(choice, known, runs)
    _controls(bar, choice, known, runs, found)
    say_in_address(ADDRESS, choice.address())
    if found.comparison["runs"]:
        with st.container(horizontal=True, gap=None):
            with st.container():
                _draw(found)
            with st.container(width=1):
                st.space(HEIGHT)
    for sentence in found.comparison["left_out"]:
        st.warning(plain(sentence))
    if live:
        _stand_beside(live)
    if not found.comparison["runs"]:
        st.info("There is nothing to compare here yet. Choose other runs above, or train some with different β:")
        show_command("python -m bvae sweep --into runs/first --beta 1 4 10 --seed 0 1 --epochs 10", "first")
        return
    if found.runs:
        watch_several(found.runs, found.comparison)
    elif command := found.comparison["command"]:
        st.markdown("These are figures of runs that are not here. This trains them, and then each point opens its run:")
        show_command(command, "sweep")
    _wait_for_udr(found)


def _stand_beside(live: LiveRun) -> None:
    """The selected run and others on one cursor."""
    cursor, revision = open_cursor(live.space)
    heading, lines = BESIDE
    st.subheader(heading)
    st.markdown(explained(lines))
    show_beside(live, cursor, revision)


# What is compared ------------------------------------------------------------------------------------------------


def _choice(known: Mapping[str, Path], runs: Mapping[str, Run]) -> Choice:
    """What is compared: as the address asks, or as it was left."""
    kept: Choice | None = st.session_state.get("compare_choice")
    problems = None
    if (asked := asked_of_page(ADDRESS)) is not None:
        kept, problems = from_address(asked, known, list(runs)) if asked else (None, [])
    say_problems(PART, problems)
    if kept is None:
        st.session_state.pop("compare_choice", None)
        return default(known)
    if kept.sweep is not None and kept.sweep not in known:
        st.warning(plain(f"The sweep {quote(kept.sweep, 60)} is not there any more."))
        kept = default(known)
    elif kept.runs is not None and (gone := [name for name in kept.runs if name not in runs]):
        st.warning(plain(f"Not there any more: {', '.join(quote(name, 60) for name in gone[:5])}."))
        kept = replace(kept, runs=tuple(name for name in kept.runs if name in runs))
    st.session_state["compare_choice"] = kept
    return kept


def _controls(
    bar: Any, choice: Choice, known: Mapping[str, Path], runs: Mapping[str, Run], found: Found
) -> None:  # fmt: skip
    what = f"{SWEEP}{choice.sweep}" if choice.sweep is not None else EVERY if choice.runs is None else SOME
    options = [*(f"{SWEEP}{name}" for name in known), *([EVERY, SOME] if runs else [])]
    here = tuple(found.runs)[:MOST_BEGUN_WITH] or tuple(runs)[:MOST_BEGUN_WITH]

    def said(option: str) -> str:
        if option.startswith(SWEEP):
            name = option.removeprefix(SWEEP)
            return f"The sweep {name}{'' if known[name].is_dir() else ', its figures'}"
        return {EVERY: "All runs here", SOME: "Runs of my choice"}[option]

    def changed() -> None:
        done_by_hand()
        forget_problems(PART)

    def choose() -> None:
        changed()
        picked = st.session_state["compare_what"]
        if picked.startswith(SWEEP):
            taken = Choice(sweep=picked.removeprefix(SWEEP))
        else:
            taken = Choice(runs=here if picked == SOME else None)
        st.session_state["compare_choice"] = taken

    def list_runs() -> None:
        changed()
        st.session_state["compare_choice"] = replace(choice, runs=tuple(st.session_state["compare_runs"]))

    def turn() -> None:
        changed()
        st.session_state["compare_choice"] = replace(choice, at=st.session_state["compare_at"] or None)

    st.session_state["compare_what"] = what
    with bar:
        st.selectbox("Compare", options, format_func=said, key="compare_what", on_change=choose, width=340)
        epochs = [*thin(list(range(1, found.epochs + 1)), MOST_STEPS, choice.at), LAST]
        if choice.at is not None and choice.at not in epochs:
            epochs = [*sorted([*epochs[:-1], choice.at]), LAST]
        if len(epochs) > 2:
            st.session_state["compare_at"] = choice.at or LAST
            st.select_slider(
                "At epoch", epochs, key="compare_at", on_change=turn, width=340,
                format_func=lambda epoch: "the last of each" if epoch == LAST else str(epoch),
            )  # fmt: skip
    if what == SOME:  # else there is none
        st.session_state["compare_runs"] = list(choice.runs or ())
        st.multiselect("Runs", list(runs), key="compare_runs", on_change=list_runs)


# What is shown ---------------------------------------------------------------------------------------------------


def _draw(found: Found) -> None:
    comparison = found.comparison

    def open_one() -> None:
        done_by_hand()
        opened = st.session_state["compare"].get("opened")
        name = opened.get("name") if isinstance(opened, dict) else None
        if name not in found.runs:  # deleted since, or no word of ours
            return
        st.session_state["wanted_run"] = name
        st.session_state.pop("shown", None)  # as it is now, with all of its epochs
        st.session_state["asked_page"] = "traverse"

    data = comparison_data(comparison, found.runs) | {"selected": st.session_state.get("run")}
    component("compare")(key="compare", data=data, height="content", on_opened_change=open_one)
    if has_two(comparison):
        st.markdown(explained(f":small[{OF_TWO}]"))


def _wait_for_udr(found: Found) -> None:
    """Work out what takes longer than the page may take, and draw it anew with it."""
    if not found.waiting:
        return
    told = st.empty()
    for count, group in enumerate(found.waiting, start=1):
        told.markdown(f":small[Comparing dimensions between seeds, {count} of {len(found.waiting)} …]")
        tell_again(found, group)
    st.rerun()


page()
