"""Two to four runs beside each other, on one cursor and one clock: what of each the browser needs for that.

The session's run leads: the cursor is one of its codes, and the other runs follow as far as their dimensions are paired
with its own. What is shown beside the cursor stands in the address, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import streamlit as st

from bvae.metrics.pairing import apart, paired
from bvae.runs import Run, RunError
from pages.parts.cursor import (
    IMAGES,
    Cursor,
    Space,
    accept_address,
    asked_of_page,
    guests_of,
    image_cursor,
    nearest,
    own_code,
    quote,
    short_decimal,
    write_page_address,
)
from pages.parts.guests import in_run
from pages.parts.live import LiveRun, component, live_component, mount_head, mount_rest_later
from pages.parts.meaning import mount_meaning, open_meaning

MOST = 4  # runs that stand beside each other
FEW = 6  # sliders that are not folded away
SHOWS = ("sliders", "walk")
FACTORS = ("slant", "thickness", "width")  # what dimensions are named after that come first where only a few are shown
ADDRESS = ("show", "pairs", "to", "share")
_USUAL_SHARE = 0.4


class View(TypedDict):
    """What is shown of the runs."""

    show: str  # one of SHOWS
    pairs: bool  # whether paired dimensions move together
    to: int | None  # the test image at the end of the walk, by its position in the test split; None for the usual one
    share: float  # of the walk, 0 to 1


def show_beside(runs: Sequence[LiveRun], lead: LiveRun, cursor: Cursor, revision: int) -> None:
    """Draw runs beside each other; what a person does with them moves the session's cursor.

    Args:
        runs: two to `MOST`, in the order in which they stand, `lead` among them.
        lead: the run of the session's cursor.
    """
    view, view_revision = _open_view(lead.space)
    live_component(
        "beside", lead, cursor, revision, runs=_sides(runs, lead, cursor), few=FEW, factors=[], view=view,
        view_revision=view_revision, compact=False,
    )  # fmt: skip
    _mount_others([run for run in runs if run is not lead])


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
    sides = _sides(runs, lead, cursor)
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


def _sides(runs: Sequence[LiveRun], lead: LiveRun, cursor: Cursor) -> list[dict[str, Any]]:
    """What the browser needs of each run beside its weights, as JSON."""
    sides = []
    for run in runs:
        pairing, start, guests = None, None, []
        if run is not lead:
            pairing = _pairing(str(lead.path), str(run.path), lead.key, run.key, _shared_epochs(lead, run))
            if reason := _apart(lead, run):
                pairing = {"reason": reason}
                start = image_cursor(run.space)["start"]
            elif cursor["start"]["kind"] in IMAGES:
                guests = _guests(run, lead, cursor)
        sides.append(
            {
                "key": run.key, "name": run.space.run, "meaning": open_meaning(run.path).key,
                "guests": [guest.packed() for guest in guests], "pairing": pairing, "start": start, "said": "",
            }
        )  # fmt: skip
    return sides


def _apart(lead: LiveRun, run: LiveRun) -> str:
    return apart(Run(lead.path), Run(run.path))


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


def _shared_epochs(lead: LiveRun, run: LiveRun) -> tuple[int, int]:
    """At which epochs two runs are paired: the last that both have, or else the last of each."""
    shared = set(lead.space.epochs).intersection(run.space.epochs)
    return (max(shared), max(shared)) if shared else (lead.space.epochs[-1], run.space.epochs[-1])


# The keys stand for what is in the runs.
@st.cache_data(max_entries=64, show_spinner=False)
def _pairing(one: str, other: str, key: str, other_key: str, epochs: tuple[int, int]) -> dict[str, Any]:
    """Which dimension of another run stands for each of one, see `Pairing`, or the reason why none does, as JSON."""
    try:
        found = paired(Run(one), Run(other), epochs)
    except (RunError, OSError, ValueError) as error:
        return {"reason": str(error)}
    arrays = {name: np.asarray(getattr(found, name)) for name in ("dimension", "sign", "strength", "scale")}
    return {name: array.tolist() for name, array in arrays.items()} | {"images": found.images, "epochs": epochs}


# What is shown, in the address and in the session ----------------------------------------------------------------


def _open_view(space: Space) -> tuple[View, int]:
    """What is shown, and a number that is raised whenever the address asks for something else."""
    if asked := asked_of_page(ADDRESS):
        view, problems = view_of_address(asked, space)
        st.session_state["beside_memory"] = view
        st.session_state["beside_revision"] = st.session_state.get("beside_revision", 0) + 1
        for problem in problems:
            st.warning(problem)
    view = check_view(st.session_state.get("beside_memory"), space)
    write_page_address(address_of_view(view))
    return view, st.session_state.get("beside_revision", 0)


def check_view(value: Any, space: Space) -> View:
    """What is shown as the browser sent it, and as usual where that is nonsense: a browser can send anything."""
    view = View(show=SHOWS[0], pairs=True, to=None, share=_USUAL_SHARE)
    if not isinstance(value, dict):
        return view
    show, pairs, to, share = (value.get(name) for name in ADDRESS)
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
            label = f"Films of {lead.space.run} and {run.space.run}"
            st.button(label, key=f"films of {run.path}", on_click=_play, args=(run.space.run,), icon=":material/movie:")


def _play(name: str) -> None:
    accept_address()
    st.session_state["clusters_second"] = name
    st.session_state["asked_page"] = "clusters"
