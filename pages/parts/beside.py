"""Two to four runs beside each other, on one cursor and one clock: what of each the browser needs for that.

The session's run leads: the cursor is one of its codes, and the other runs follow as far as their dimensions are paired
with its own. In the address `beside` lists the other runs; what is shown of them, assets/js/beside/address.js says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import unquote

import streamlit as st

from bvae.browser.beside import pairing, shared_epochs
from bvae.browser.glossary import plain
from bvae.browser.live import LiveRun
from bvae.runs import Run, RunError
from pages.parts.compared import compared
from pages.parts.cursor import (
    IMAGES,
    Cursor,
    asked_of_page,
    done_by_hand,
    forget_problems,
    guests_of,
    image_cursor,
    nearest,
    own_code,
    quote,
    say_in_address,
    say_problems,
)
from pages.parts.guests import in_run
from pages.parts.live import component, live_component, mount_head, mount_rest_later, open_live
from pages.parts.meaning import mount_meaning, open_meaning
from pages.parts.selection import runs_by_name
from pages.parts.view import open_view

MOST = 4  # runs that stand beside each other
USUAL = 2  # that stand beside the session's before any are picked
FEW = 6  # sliders that are not folded away
FACTORS = ("slant", "thickness", "width")  # what dimensions are named after that come first where only a few are shown
RUNS = "beside"
ADDRESS = ("show", "pairs", "to", "share", "open", "moved2", "moved3", "moved4")


def show_beside(lead: LiveRun, cursor: Cursor, revision: int) -> None:
    """Draw the session's run and beside it those that a person picks; what is moved there moves the session's cursor.

    Args:
        lead: the run of the session's cursor.
    """
    others = _opened(_picked(lead, asked_of_page((RUNS,))))
    view = open_view("beside", ADDRESS)
    say_in_address((RUNS,), _address_of_runs())
    if not others:
        st.markdown(f":small[Pick up to {MOST - 1} runs to stand beside {plain(lead.space.run)}.]")
        return
    runs = [lead, *others]
    live_component(
        "beside", lead, cursor, revision, shows=view, runs=sides_of(runs, lead, cursor), few=FEW, factors=[],
        compact=False,
    )  # fmt: skip
    _mount_others(others)
    offer_films(lead, others)


def _picked(lead: LiveRun, asked: Mapping[str, str] | None) -> dict[str, Run]:
    """Draw the picker of the other runs: those that are picked, by their names."""
    runs = {name: run for name, run in runs_by_name().items() if run.path.resolve() != lead.path.resolve()}
    wanted: list[str] | None = st.session_state.get("beside_runs")
    problems: list[str] | None = None if asked is None else []
    if asked and RUNS in asked:
        wanted = list(dict.fromkeys(unquote(part) for part in asked[RUNS].split(",") if part))
    if wanted is None:
        wanted = [run.name for run in compared() if run.name in runs][:USUAL]
    elif gone := [quote(name, 60) for name in wanted if name not in runs and name != lead.space.run][:MOST]:
        problems = [f"There is no run named {' or '.join(gone)} to stand beside {lead.space.run}."]
    part = f"beside {lead.space.run}"  # which the sentence names
    say_problems(part, problems)
    st.session_state["beside_runs"] = [name for name in wanted if name in runs][: MOST - 1]
    st.multiselect(
        "Beside the run in the sidebar", list(runs), key="beside_runs", max_selections=MOST - 1,
        on_change=_pick, args=(part,), persist_state="session",
    )  # fmt: skip
    return {name: runs[name] for name in st.session_state["beside_runs"]}


def _pick(part: str) -> None:
    done_by_hand()
    forget_problems(part)


def _address_of_runs() -> dict[str, str]:
    return {RUNS: ",".join(quoted(name, " ()") for name in st.session_state["beside_runs"])}


def _opened(runs: Mapping[str, Run]) -> list[LiveRun]:
    """The runs as this session opened them first: one in training would be another with every epoch."""
    known: dict[Any, LiveRun] = st.session_state.get("beside_opened", {})
    found = {}
    for name, run in runs.items():
        try:
            identity = (name, run.identity())
            found[identity] = known.get(identity) or open_live(run, name)
        except (RunError, OSError) as error:
            st.warning(plain(str(error)))
    st.session_state["beside_opened"] = found
    return list(found.values())


def begun(selected: LiveRun) -> bool:
    """Whether the browser has all of the session's run and asks for more: until then the place of others is kept, and
    nothing of them is read or sent, since the first slider would wait for that."""
    if st.session_state.get("beside_begun"):
        return True

    def begin() -> None:
        st.session_state["beside_begun"] = True

    data = {"key": selected.key, "runs": []}
    component("beside")(key="beside", data=data, height="content", on_asked_change=begin)
    return False


def view_beside(runs: Sequence[LiveRun], selected: LiveRun, cursor: Cursor, said: Sequence[str]) -> None:
    """Draw runs beside each other on a page that has the session's cursor in another component: they show its image at
    its epoch, and what is moved here changes nothing else.

    Args:
        runs: two to `MOST`, in the order in which they stand.
        selected: the run of the session's cursor, which may be none of them.
        said: what there is to see, a sentence for each.
    """
    lead = next((run for run in runs if run.key == selected.key), runs[len(runs) // 2])
    if lead.key != selected.key:
        start, epoch = cursor["start"], nearest(cursor["epoch"], lead.space.epochs)
        same = start["kind"] == "drawing" or lead.space.dataset == selected.space.dataset
        has = same and own_code(lead.space, start, epoch) is not None
        cursor = image_cursor(lead.space, start if has else None, epoch)
    guests = [guest.packed() for guest in guests_of(lead.space, [cursor["start"]])]
    sides = sides_of(runs, lead, cursor)
    for side, sentence in zip(sides, said, strict=True):
        side["said"] = sentence
    data = {"key": lead.key, "cursor": cursor, "revision": 0, "guests": guests, "memory": None, "runs": sides}
    data |= {"few": len(FACTORS), "factors": FACTORS, "compact": True}
    component("beside")(key="beside", data=data, height="content")
    _mount_others([run for run in runs if run.key != selected.key])


def _mount_others(runs: Sequence[LiveRun]) -> None:
    for place, run in enumerate(runs):
        mount_head(run, f"beside_head_{place}")
        mount_meaning(open_meaning(run.path), f"beside_meaning_{place}")
        mount_rest_later(run, f"beside_rest_{place}")


def sides_of(runs: Sequence[LiveRun], lead: LiveRun, cursor: Cursor) -> list[dict[str, Any]]:
    """What the browser needs of each run beside its weights, as JSON."""
    sides = []
    for run in runs:
        pairs, start, guests = None, None, []
        if run is not lead:
            pairs = _pairing(str(lead.path), str(run.path), lead.key, run.key, shared_epochs(lead, run))
            if pairs.get("apart"):
                start = image_cursor(run.space)["start"]
            elif cursor["start"]["kind"] in IMAGES:
                guests = _guests(run, lead, cursor)
        sides.append(
            {
                "key": run.key, "name": run.space.run, "meaning": open_meaning(run.path).key,
                "guests": [guest.packed() for guest in guests], "pairing": pairs, "start": start, "said": "",
            }
        )  # fmt: skip
    return sides


def _guests(run: LiveRun, lead: LiveRun, cursor: Cursor) -> list[Any]:
    """The image from which the cursor set out, where the run's gallery has it not; encoded, where its probe images have
    it neither."""
    start = cursor["start"]
    kind, index = start["kind"], start["index"]
    if kind == "digit" and index in run.space.indices:
        return []
    found = run.space.guest(kind, index)
    if found is None and (known := lead.space.guest(kind, index)):
        found = in_run(known, run.path, run.key, run.space.epochs)
    return [found] if found else []


# The keys stand for what is in the runs.
@st.cache_data(max_entries=64, show_spinner=False)
def _pairing(one: str, other: str, key: str, other_key: str, epochs: tuple[int, int]) -> dict[str, Any]:
    return pairing(Run(one), Run(other), epochs)


# The films -------------------------------------------------------------------------------------------------------


def offer_films(lead: LiveRun, others: Sequence[LiveRun]) -> None:
    """Buttons that lead to the films of two runs side by side, each with its table of quality: on the Clusters page."""
    with st.container(horizontal=True):
        for run in others:
            label = plain(f"Films of {lead.space.run} and {run.space.run}")
            st.button(label, key=f"films of {run.path}", on_click=_play, args=(run.space.run,), icon=":material/movie:")


def _play(name: str) -> None:
    done_by_hand()
    st.session_state["clusters_second"] = name
    st.session_state["asked_page"] = "clusters"
