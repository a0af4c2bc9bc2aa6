"""Two to four runs beside each other, on one cursor and one clock: what of each the browser needs for that.

The session's run leads: the cursor is one of its codes, and the other runs follow as far as their dimensions are paired
with its own. In the address `beside` lists the other runs, and `show`, `pairs`, `to` and `share` say what is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import quote as quoted
from urllib.parse import unquote

import streamlit as st

from bvae.browser.beside import pairing, shared_epochs
from bvae.browser.glossary import plain
from bvae.browser.live import LiveRun, Space
from bvae.runs import Run, RunError
from pages.parts.compared import compared
from pages.parts.cursor import (
    IMAGES,
    Cursor,
    accept_address,
    asked_of_page,
    guests_of,
    image_cursor,
    nearest,
    own_code,
    quote,
    say_in_address,
    short_decimal,
)
from pages.parts.guests import in_run
from pages.parts.live import component, live_component, mount_head, mount_rest_later, open_live
from pages.parts.meaning import mount_meaning, open_meaning
from pages.parts.selection import runs_by_name

MOST = 4  # runs that stand beside each other
USUAL = 2  # that stand beside the session's before any are picked
FEW = 6  # sliders that are not folded away
SHOWS = ("sliders", "walk")
FACTORS = ("slant", "thickness", "width")  # what dimensions are named after that come first where only a few are shown
RUNS = "beside"
ADDRESS = (RUNS, "show", "pairs", "to", "share")
_USUAL_SHARE = 0.4


class View(TypedDict):
    """What is shown of the runs."""

    show: str  # one of SHOWS
    pairs: bool  # whether paired dimensions move together
    to: int | None  # the test image at the end of the walk, by its position in the test split; None for the usual one
    share: float  # of the walk, 0 to 1


def show_beside(lead: LiveRun, cursor: Cursor, revision: int) -> None:
    """Draw the session's run and beside it those that a person picks; what is moved there moves the session's cursor.

    Args:
        lead: the run of the session's cursor.
    """
    asked = asked_of_page(ADDRESS)
    others = _opened(_picked(lead, asked))
    view, view_revision = _open_view(lead.space, asked)
    say_in_address(ADDRESS, _address_of_runs() | address_of_view(view))
    if not others:
        st.markdown(f":small[Pick up to {MOST - 1} runs to stand beside {plain(lead.space.run)}.]")
        return
    runs = [lead, *others]
    live_component(
        "beside", lead, cursor, revision, runs=sides_of(runs, lead, cursor), few=FEW, factors=[], view=view,
        view_revision=view_revision, compact=False,
    )  # fmt: skip
    _mount_others(others)
    offer_films(lead, others)


def _picked(lead: LiveRun, asked: Mapping[str, str] | None) -> dict[str, Run]:
    """Draw the picker of the other runs: those that are picked, by their names."""
    runs = {name: run for name, run in runs_by_name().items() if run.path.resolve() != lead.path.resolve()}
    wanted: list[str] | None = st.session_state.get("beside_runs")
    if asked and RUNS in asked:
        wanted = list(dict.fromkeys(unquote(part) for part in asked[RUNS].split(",") if part))
    if wanted is None:
        wanted = [run.name for run in compared() if run.name in runs][:USUAL]
    elif gone := [quote(name, 60) for name in wanted if name not in runs and name != lead.space.run][:MOST]:
        st.warning(f"There is no run named {' or '.join(gone)} to stand beside {plain(lead.space.run)}.")
    st.session_state["beside_runs"] = [name for name in wanted if name in runs][: MOST - 1]
    st.multiselect(
        "Beside the run in the sidebar", list(runs), key="beside_runs", max_selections=MOST - 1,
        on_change=accept_address, persist_state="session",
    )  # fmt: skip
    return {name: runs[name] for name in st.session_state["beside_runs"]}


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
        accept_address()
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
    view = View(show="sliders", pairs=True, to=None, share=_USUAL_SHARE)
    data = {"key": lead.key, "cursor": cursor, "revision": 0, "guests": guests, "memory": None, "runs": sides}
    data |= {"few": len(FACTORS), "factors": FACTORS, "view": view, "view_revision": 0, "compact": True}
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


# What is shown, in the address and in the session ----------------------------------------------------------------


def _open_view(space: Space, asked: Mapping[str, str] | None) -> tuple[View, int]:
    """What is shown, and a number that is raised whenever the address asks for something else."""
    if asked:
        view, problems = view_of_address(asked, space)
        st.session_state["beside_memory"] = view
        st.session_state["beside_revision"] = st.session_state.get("beside_revision", 0) + 1
        for problem in problems:
            st.warning(problem)
    view = check_view(st.session_state.get("beside_memory"), space)
    return view, st.session_state.get("beside_revision", 0)


def check_view(value: Any, space: Space) -> View:
    """What is shown as the browser sent it, and as usual where that is nonsense: a browser can send anything."""
    view = View(show=SHOWS[0], pairs=True, to=None, share=_USUAL_SHARE)
    if not isinstance(value, dict):
        return view
    show, pairs, to, share = (value.get(name) for name in ("show", "pairs", "to", "share"))
    if show in SHOWS:
        view["show"] = str(show)
    if isinstance(pairs, bool):
        view["pairs"] = pairs
    if type(to) is int and to in space.indices:
        view["to"] = to
    if isinstance(share, int | float) and 0 <= share <= 1:
        view["share"] = float(share)
    return view


def address_of_view(view: View) -> dict[str, str]:
    """What is shown, as query parameters; the walk only where it is looked at."""
    address = {"show": view["show"], "pairs": "on" if view["pairs"] else "off"}
    if view["show"] == "walk":
        address |= {"share": f"{view['share']:.3f}".rstrip("0").rstrip(".")}
        if view["to"] is not None:
            address |= {"to": str(view["to"])}
    return address


def view_of_address(parameters: Mapping[str, str], space: Space) -> tuple[View, list[str]]:
    """What an address asks to be shown, as far as it can be followed, and a sentence for every part that cannot."""
    asked: dict[str, Any] = {}
    problems = []
    if (text := parameters.get("show")) is not None:
        asked["show"] = text
        if text not in SHOWS:
            problems.append(f"The address asks to show {quote(text)}. There are {' and '.join(SHOWS)}.")
    if (text := parameters.get("pairs")) is not None:
        asked["pairs"] = text != "off"
        if text not in ("on", "off"):
            problems.append(f"The address says {quote(text)} of the pairs, which are on or off.")
    if (text := parameters.get("to")) is not None:
        asked["to"] = short_decimal(text)
        if asked["to"] is None or asked["to"] not in space.indices:
            problems.append(f"The address asks for a walk to test image {quote(text)}, which cannot be chosen here.")
    if (text := parameters.get("share")) is not None:
        try:
            asked["share"] = float(text)
        except ValueError:
            asked["share"] = math.nan
        if not 0 <= asked["share"] <= 1:
            problems.append(f"The address asks for the share {quote(text)} of the walk, which goes from 0 to 1.")
    return check_view(asked, space), problems


# The films -------------------------------------------------------------------------------------------------------


def offer_films(lead: LiveRun, others: Sequence[LiveRun]) -> None:
    """Buttons that lead to the films of two runs side by side, each with its table of quality: on the Clusters page."""
    with st.container(horizontal=True):
        for run in others:
            label = plain(f"Films of {lead.space.run} and {run.space.run}")
            st.button(label, key=f"films of {run.path}", on_click=_play, args=(run.space.run,), icon=":material/movie:")


def _play(name: str) -> None:
    accept_address()
    st.session_state["clusters_second"] = name
    st.session_state["asked_page"] = "clusters"
