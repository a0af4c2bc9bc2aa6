"""A run, and others with it, as one page that opens without this program: a file for a person to keep or to send."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Mapping

import streamlit as st

from bvae.browser import export
from bvae.lessons import LessonError, read_lesson
from bvae.runs import Run
from pages.parts.cursor import done_by_hand

MOST_OTHERS, MOST_LESSONS = 3, 100
_one_at_a_time = threading.Lock()  # each takes seconds, and the pages of others go on meanwhile


def offer_page(selected: str, runs: Mapping[str, Run]) -> None:
    """A button that saves the selected run as a page, and a choice of runs and of a lesson that come along."""
    others = [name for name in runs if name != selected]
    key = f"load_page_with {selected}"
    st.session_state.setdefault(key, [])
    st.session_state[key] = [name for name in st.session_state[key] if name in others]
    # Above the row, which is higher once its parts are there, and would move it down.
    st.markdown(
        f":small[As one file of about {export.SINGLE * (1 + len(st.session_state[key]))} MB the run opens in any "
        "browser, from a disk or a link, without this program and without a network. It takes some seconds to be made.]"
    )
    first, second, third = st.columns([5, 4, 5], vertical_alignment="bottom")
    along = first.multiselect(
        "Others on the same page", others, key=key, max_selections=MOST_OTHERS,
        on_change=done_by_hand, persist_state="session", placeholder="None",
    )  # fmt: skip
    names = (selected, *along)
    chosen = [runs[name] for name in names]
    with second:
        lesson = pick_lesson(chosen, f"load_page_lesson with {' '.join(names)}")
    problem = export.why_not(chosen)
    third.download_button(
        "Save as a page", functools.partial(page_file, chosen, lesson), f"{chosen[0].name}.html", "text/html",
        key="load_page", on_click="ignore", icon=":material/captive_portal:", disabled=problem is not None,
        help=problem,
    )  # fmt: skip


def pick_lesson(runs: list[Run], key: str) -> str | None:
    """Draw the choice of a lesson; returns its name, None for none."""
    titles: dict[str, str] = {}
    for name, path in list(export.lessons_for(runs).items())[:MOST_LESSONS]:
        with contextlib.suppress(LessonError):
            lesson = read_lesson(path)
            title = lesson["title"]
            if lesson["steps"]:
                titles[name] = title if title not in titles.values() else f"{title} ({name})"
    usual = export.usual_lesson(runs)
    key = f"{key}, usually {usual}"  # when another lies in a run by now, that is proposed
    st.session_state.setdefault(key, usual)
    if st.session_state[key] not in titles:
        st.session_state[key] = None
    picked: str | None = st.selectbox(
        "A lesson with it", list(titles), key=key, format_func=titles.__getitem__, placeholder="None",
        on_change=done_by_hand, persist_state="session",
    )  # fmt: skip
    return picked


def page_file(runs: list[Run], lesson: str | None) -> str:
    """The page, made when it is asked for."""
    with _one_at_a_time:
        return export.single(export.gather(runs, export.SINGLE * len(runs), lesson))
