"""Lessons: those that there are, to be begun; and what a person needs to make one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bvae.browser.glossary import explained, plain
from bvae.browser.prose import LESSONS
from bvae.lessons import (
    BUNDLED,
    Lesson,
    LessonError,
    is_own,
    lesson_files,
    may_be_removed,
    parse_lesson,
    read_lesson,
    remove_lesson,
)
from bvae.runs import RunError
from pages.parts.cursor import done_by_hand
from pages.parts.lesson import adopt, invite
from pages.parts.live import mount_uploads
from pages.parts.rights import check_may_change, drop_upload, offer_upload, why_read_only
from pages.parts.selection import require_app

EMPTY = Lesson(format=1, title="A new lesson", steps=[])
MOST_SHOWN = 100


def delete(name: str) -> None:
    """Delete a lesson; what stands in the way is said on the page."""
    done_by_hand()
    try:
        check_may_change()
        remove_lesson(name)
    except RunError as error:
        st.session_state["lessons_problem"] = str(error)


def show(name: str, path: Path) -> None:
    """Draw a lesson with what can be done with it."""
    own = is_own(name)
    where = (
        "Yours." if own else "It came with the app." if path.parent == BUNDLED else f"It lies in the run {plain(name)}."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        invite(name)
        st.markdown(f":small[{where}]", width="content")
        if may_be_removed(name) and not why_read_only():
            with st.popover("Delete"):
                st.markdown("The lesson's file is deleted. Nothing else is.")
                st.button("Delete it", key=f"delete {name}", on_click=delete, args=(name,))


def bring() -> None:
    """Draw what takes in a lesson's file."""
    if reason := offer_upload():
        st.info(reason)
        return
    mount_uploads()
    file = st.file_uploader("A lesson's file", key="lesson_file", max_upload_size=1, on_change=done_by_hand)
    if file is None:
        return
    try:
        lesson = parse_lesson(file.getvalue())
    except LessonError as error:
        st.error(plain(str(error)))
        return

    def begin(file_id: str = file.file_id) -> None:
        adopt(lesson)
        drop_upload(file_id)

    st.button(f"Begin “{plain(lesson['title'])}”", on_click=begin)


require_app()
st.title(LESSONS.heading)
st.markdown(explained(LESSONS.lines()))
if problem := st.session_state.pop("lessons_problem", None):
    st.error(plain(problem))
found = lesson_files()
for name, path in list(found.items())[:MOST_SHOWN]:
    try:
        read_lesson(path)
        show(name, path)
    except LessonError as error:
        st.warning(plain(str(error)))
if len(found) > MOST_SHOWN:
    st.markdown(f":small[{len(found) - MOST_SHOWN:,} more are not listed.]")

st.subheader("Make one")
st.markdown(
    "A bar opens below. Go to any page, set what you want to show, and press **Add this view**. "
    "Give each step a title and a few sentences, and put what is to be done between two `**`."
)
st.button("New lesson", on_click=adopt, args=(EMPTY,))
if reason := why_read_only():
    st.markdown(f":small[{reason} A lesson can be made all the same, and downloaded from its bar.]")
st.subheader("Open one")
bring()
