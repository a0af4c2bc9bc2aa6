"""Reconstruct: test images and what the model makes of them, epoch by epoch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from bvae.browser.chosen import SHARED, draw, rank
from bvae.browser.glossary import explained
from bvae.browser.prose import RECONSTRUCT
from bvae.runs import RunError
from pages.parts.choice import MEASURES, measured, mount_sheet, probe_classes, sheet
from pages.parts.cursor import (
    asked_of_page,
    done_by_hand,
    nearest,
    open_cursor,
    quote,
    say_in_address,
    say_until_done,
    short_decimal,
)
from pages.parts.live import live_component
from pages.parts.selection import live_run

RANDOM, WORST, BEST = "Random", "Worst", "Best"
WHICH = {each.lower(): each for each in (RANDOM, WORST, BEST)}
COUNTS = (10, 20, 50)
MOST_SEED = 999_999
BY = dict(zip(("reconstruction", "kl", "both"), MEASURES, strict=True))
ADDRESS = ("which", "class", "count", "seed", "by", "ranked")
ALL = -1
KEPT: dict[str, Any] = {"on_change": done_by_hand, "persist_state": "session"}


def follow(asked: Mapping[str, str]) -> list[str]:
    """Set the controls as the address asks, and as usual where it asks for nothing; what it gets wrong is returned."""
    problems = []

    def take(name: str, what: str, choices: Mapping[str, Any]) -> Any:
        if (text := asked.get(name)) is None or text in choices:
            return choices.get(text or "", next(iter(choices.values())))
        problems.append(f"The address asks for {what} {quote(text)}, which there is not here.")
        return next(iter(choices.values()))

    def number(name: str, what: str, most: int) -> int | None:
        value = short_decimal(asked.get(name, "0"))
        if value is not None and value <= most:
            return value
        problems.append(f"The address asks for {what} {quote(asked[name])}, and there is none.")
        return None

    st.session_state["reconstruct_which"] = take("which", "the images", WHICH)
    by_text = {"": ALL} | {str(position): position for position in classes[1:]}
    st.session_state["reconstruct_class"] = take("class", "class", by_text)
    st.session_state["reconstruct_count"] = take("count", "as many images as", {str(each): each for each in COUNTS})
    st.session_state["reconstruct_seed"] = number("seed", "seed", MOST_SEED) or 0
    st.session_state["reconstruct_by"] = take("by", "the measure", BY)
    epoch = number("ranked", "images ranked at epoch", 10**9)
    if "ranked" in asked and epoch is not None:
        st.session_state["reconstruct_ranked"] = (run.key, nearest(epoch, run.space.epochs))
    return problems


def in_address() -> dict[str, str]:
    """What the controls stand at, as far as it is not the usual."""
    address = {}
    if which != RANDOM:
        address = {"which": which.lower(), "ranked": str(ranked[1])}
        if measure != MEASURES[0]:
            address["by"] = next(name for name, each in BY.items() if each == measure)
    elif seed:
        address = {"seed": str(seed)}
    if label != ALL:
        address["class"] = str(label)
    if count != COUNTS[0]:
        address["count"] = str(count)
    return address


def new_draw() -> None:
    st.session_state["reconstruct_seed"] = int(np.random.default_rng().integers(1_000_000))
    done_by_hand()


def rank_anew() -> None:
    st.session_state["reconstruct_ranked"] = (run.key, st.session_state["cursor"]["epoch"])
    done_by_hand()


def capital(name: str) -> str:
    return name[0].upper() + name[1:]


run = live_run()
cursor, revision = open_cursor(run.space)
still = len(run.space.epochs) == 1  # there is no other to move to

st.title(explained(RECONSTRUCT.heading))
st.markdown(explained(RECONSTRUCT.lines(still)))

try:
    labels, indices, class_names = probe_classes(run.path, run.key)
except (RunError, OSError) as error:
    st.error(str(error))
    st.stop()
classes = [ALL, *np.unique(labels).tolist()]
if st.session_state.get("reconstruct_class") not in classes:  # as after a change to a run of other images
    st.session_state["reconstruct_class"] = ALL
st.session_state.setdefault("reconstruct_seed", 0)
asked = asked_of_page(ADDRESS)
say_until_done("reconstruct", None if asked is None else follow(asked))

with st.container(horizontal=True, vertical_alignment="bottom"):
    which = st.radio(
        "Images",
        [RANDOM, WORST, BEST],
        horizontal=True,
        key="reconstruct_which",
        width=240,
        **KEPT,
    )
    label = st.selectbox(
        "Class",
        classes,
        format_func=lambda position: "All" if position == ALL else class_names[position],
        key="reconstruct_class",
        width=110,
        **KEPT,
    )
    count = st.selectbox("How many", COUNTS, key="reconstruct_count", width=110, **KEPT)
    if which == RANDOM:
        seed = st.number_input("Seed", 0, MOST_SEED, key="reconstruct_seed", width=160, **KEPT)
        st.button("New draw", on_click=new_draw, width=110)
    else:
        measure = st.selectbox(
            "Ranked by",
            MEASURES,
            format_func=capital,
            key="reconstruct_by",
            width=160,
            **KEPT,
        )
        ranked = st.session_state.get("reconstruct_ranked", ("", -1))
        if ranked[0] != run.key or ranked[1] not in run.space.epochs:
            ranked = st.session_state["reconstruct_ranked"] = (run.key, cursor["epoch"])
        # Ranking at once whenever the epoch moves would take the images away that the person is watching.
        same = ranked[1] == cursor["epoch"]
        if not still:
            why = "They are ranked at this epoch. Move the epoch first." if same else None
            st.button(f"Rank at epoch {cursor['epoch']}", on_click=rank_anew, disabled=same, help=why, width=160)

say_in_address(ADDRESS, in_address())
chosen_class = None if label == ALL else label
of = f"{len(labels):,} [probe images](#probe)"
if label != ALL:
    of = f"the [probe images](#probe) of class {class_names[label]}"
try:
    if which == RANDOM:
        chosen = draw(labels, indices, count, seed, chosen_class)
        caption = f"{len(chosen)} of {of} ([test split](#test-set)), drawn at random with [seed](#seed) {seed}."
        if len(labels) > SHARED:
            caption += f" The first {SHARED} are drawn before the others, so that runs that hold fewer show the same."
    else:
        values = measured(run.path, run.key, ranked[1])[measure]
        chosen = rank(values, labels, count, which == BEST, chosen_class)
        extreme = "lowest" if which == BEST else "highest"
        when = "" if still else f" at epoch {ranked[1]}"
        what = f"the {extreme} {measure}{when}, {which.lower()} first"
        caption = f"{len(chosen)} of {of} ([test split](#test-set)): {what}."
    shown = sheet(run.path, run.key, run.space.epochs, tuple(chosen.tolist()))
except (RunError, OSError) as error:
    st.error(str(error))
    st.stop()
if shown.gone:
    st.warning(
        f"The codes of epoch {', '.join(map(str, shown.gone))} are not there any more: a run in training drops "
        "snapshots. Reload the page to see those that are kept."
    )
live_component("reconstruct", run, cursor, revision, caption=caption, chosen=shown.key)
mount_sheet(shown)
