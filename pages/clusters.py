"""Clusters: the film of latent space, every test image's mean in the plane, epoch by epoch."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import streamlit as st

from bvae.browser.film import LiveFilm, film_stamp
from bvae.browser.glossary import explained, plain
from bvae.browser.live import LiveRun
from bvae.browser.prose import CLUSTERS
from bvae.browser.quality import say_size
from bvae.codes import codes_csv, codes_npz
from bvae.film import catch_up, progress, start
from bvae.runs import Run, RunError
from pages.parts.cursor import asked_of_page, done_by_hand, open_cursor, quote, say_in_address
from pages.parts.film import mount_film, open_film
from pages.parts.film_player import mount_player
from pages.parts.film_quality import show_quality
from pages.parts.live import live_component, mount_head, mount_rest, open_live
from pages.parts.rights import check_may_change, why_read_only
from pages.parts.selection import live_run, runs_by_name
from pages.parts.view import open_view
from pages.parts.words import duration

NONE = ""  # no run has this name
SECOND = ("second",)
ADDRESS = ("layout", "colour", "speed", "marks", "hidden", "view", "view2", "selected")


def pick_second() -> LiveRun | None:
    """Draw the picker of a second run, and open what is picked; it stays as it was opened, as the first does."""
    runs = runs_by_name()
    others = [NONE, *(name for name, found in runs.items() if found.path.resolve() != run.path)]
    if (asked := asked_of_page(SECOND)) is not None:
        st.session_state["clusters_second"] = wanted = asked.get("second", NONE)
        if wanted not in others and wanted != run.space.run:
            st.warning(f"There is no run named {quote(wanted, 60)} to stand beside {plain(run.space.run)}.")
    if st.session_state.get("clusters_second") not in others:
        st.session_state["clusters_second"] = NONE
    name = st.selectbox(
        "Second run, side by side",
        others,
        format_func=lambda name: "None" if name == NONE else name,
        key="clusters_second",
        on_change=done_by_hand,
        persist_state="session",
        width=230,
    )
    say_in_address(SECOND, {} if name == NONE else {"second": name})
    if name == NONE:
        return None
    try:
        identity = (name, runs[name].identity())
        opened: tuple[Any, LiveRun | None] = st.session_state.get("clusters_opened", (None, None))
        before, live = opened
        if live is None or before != identity:
            live = open_live(runs[name], name)
            st.session_state["clusters_opened"] = (identity, live)
    except (RunError, OSError) as error:
        st.session_state["clusters_problem"] = str(error)
        return None
    return live


# How far a film is -----------------------------------------------------------------------------------------------


def watch(shown: list[tuple[LiveRun, LiveFilm]], polled: bool, newer: bool) -> None:
    """How far the films are, and what can be done about it. A fragment, which comes round while there is news.

    Args:
        shown: the runs on the page, each with its film as the page has it.
        polled: whether it comes round.
        newer: whether the sidebar offers epochs of the first run that the page has not.
    """
    news = any(film_stamp(live) != film.stamp for live, film in shown) or "clusters_problem" in st.session_state
    if news or busy(shown) != polled or has_newer(shown[0][0]) != newer:
        st.rerun()  # of all: there is more to see or to say, and it begins or ceases to come round
    for live, film in shown:
        show_progress(live, film)


def busy(shown: list[tuple[LiveRun, LiveFilm]]) -> bool:
    """Whether a film is being worked out."""
    return any(progress(Run(live.path)).state == "running" for live, _ in shown)


def has_newer(live: LiveRun) -> bool:
    """Whether a run has come further than the page shows."""
    return max(Run(live.path).epochs(), default=0) > live.space.epochs[-1]


def show_progress(live: LiveRun, film: LiveFilm) -> None:
    """How far a run's film is, and a button where something can be done about it."""
    found, name = progress(Run(live.path)), f"**{plain(live.space.run)}**"
    whole = film.frames.get("umap") == len(film.epochs)
    if found.state == "running":
        left = f", about {duration(found.remaining)} left" if found.remaining else ""
        there = f"{say_size(film.about)}. What it is compared with follows: " if whole else ""
        st.progress(min(1.0, found.done / found.of), text=f"Film of {name}: {there}{plain(found.stage)}{left}")
        return
    if found.state == "finished" and film.about:
        seconds = film.about["seconds"]
        within = f" in {duration(seconds)}" if seconds else ""
        st.markdown(f":small[Film of {name}: {say_size(film.about)}, worked out{within}.]")
        return
    alone = f"The film of {name} is not compared with anything yet."
    said, label = {
        "absent": (f"{name} has no film yet.", "Work out the film"),
        "failed": (f"{name} has no whole film yet.", "Try again"),  # why not is said below, where there is room
        "behind": (alone if whole else f"{name} has other epochs than its film.", "Bring it up to date"),
        "finished": (f"The film of {name} cannot be read.", "Work it out anew"),
    }[found.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(said, width="content")
        if reason := why_read_only():
            st.markdown(f":small[{reason}]", width="content")
        else:
            st.button(label, key=f"film of {live.path}", on_click=begin, args=(live.path,))


def begin(path: Path) -> None:
    """Have a film worked out; what stands in the way is said on the page."""
    done_by_hand()
    try:
        check_may_change()
        start(path)
    except (RunError, OSError) as error:
        st.session_state["clusters_problem"] = str(error)


def offer_codes(live: LiveRun, epoch: int) -> None:
    """Buttons that save the codes of all images that the map shows, as they are at an epoch."""
    with st.container(horizontal=True, vertical_alignment="center"):
        at = "" if Run(live.path).imported else f" at epoch {epoch}"
        st.markdown(f"The codes of all these images{at}, with index, class, means and variances:", width="content")
        for kind, content in (("CSV", codes_csv), ("NPZ", codes_npz)):
            st.download_button(
                f"Codes, {kind}",
                functools.partial(content, Run(live.path), epoch),
                f"{live.space.run}-codes-epoch-{epoch}.{kind.lower()}",
                on_click="ignore",
            )


# The page --------------------------------------------------------------------------------------------------------

run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(CLUSTERS.heading))
st.markdown(explained(CLUSTERS.lines(still=len(run.space.epochs) == 1)))
try:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        second = pick_second()
        status = st.container()
    for live in (run, second):
        if live:
            catch_up(live.path)
    shown = [(each, open_film(each)) for each in (run, second) if each]
    if problem := st.session_state.pop("clusters_problem", None):
        st.error(plain(problem))
    for live, _ in shown:
        if (found := progress(Run(live.path))).state == "failed":
            st.error(plain(f"The film of {live.space.run} could not be worked out. {found.error}"))
    problems = {problem: None for live, film in shown for problem in (*live.problems, *film.problems)}
    for problem in problems:
        if problem not in run.problems:  # which app.py has said
            st.warning(plain(problem))
    with status:
        polled = busy(shown)
        st.fragment(watch, run_every=2 if polled else None)(shown, polled, has_newer(run))
    own_film, others = shown[0][1], shown[1:]
    other = {"key": others[0][0].key, "film": others[0][1].key} if others else None
    shapes = [film.shapes for _, film in shown]
    view = open_view("clusters", ADDRESS)
    live_component("clusters", run, cursor, revision, shows=view, film=own_film.key, other=other, shapes=shapes)
    mount_player()
    mount_film(own_film)
    for other_run, film in others:
        mount_head(other_run, "second_head")
        mount_rest(other_run, "second_rest")
        mount_film(film, "second_film_store")
    show_quality([(live.space.run, film) for live, film in shown])
    offer_codes(run, cursor["epoch"])
except (RunError, OSError) as error:
    st.error(plain(str(error)))
