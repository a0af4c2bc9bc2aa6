"""The lesson that a person goes through, in the session and in the page's address, and the bar that shows it.

It lives in `st.session_state["lesson_at"]`. In the address `lesson` is its name and `step` the number of the step; both
stay when a page is left for another. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from bvae.browser.components import asset
from bvae.browser.glossary import plain
from bvae.lessons import (
    MAX_TITLE,
    Lesson,
    LessonError,
    check_lesson,
    find_lesson,
    has_lesson,
    is_in_run,
    is_own,
    keep_in_run,
    lesson_files,
    may_hold_lesson,
    new_name,
    write_lesson,
)
from bvae.runs import Run, RunError
from pages.parts.cursor import (
    LESSON,
    done_by_hand,
    go_to,
    lesson_address,
    quote,
    say_in_address,
    say_until_done,
    short_decimal,
)
from pages.parts.live import component
from pages.parts.rights import check_may_change, why_read_only
from pages.parts.selection import runs_by_name

_place = st.components.v2.component(
    "lesson_place",
    html="<span hidden></span>\n",
    css=asset("css", "lesson-place"),
    isolate_styles=False,  # it sees to what is around it
)


@dataclass(frozen=True)
class Position:
    """Where a session is in a lesson.

    name: what the address calls the lesson.
    step: from 1 on; 0 of a lesson without steps.
    revision: raised whenever step or lesson were chosen by other than the bar, which then takes them.
    problem: what is wrong with the step that is shown, a sentence, "" if nothing is.
    editing: whether the lesson was opened to be changed.
    """

    name: str
    lesson: Lesson
    step: int
    revision: int
    problem: str = ""
    editing: bool = False

    def address(self) -> dict[str, str]:
        """The same as query parameters."""
        return {"lesson": self.name, "step": str(self.step)}


def position() -> Position | None:
    """Where this session is; None without a lesson."""
    found: Position | None = st.session_state.get("lesson_at")
    return found


def step_address(name: str, lesson: Lesson, step: int) -> dict[str, str]:
    """The query parameters of a step: its view, and the place in the lesson."""
    view = lesson["steps"][step - 1]["address"] if step else {}
    return {**view, "lesson": name, "step": str(step)}


def begin_lesson(name: str, lesson: Lesson, step: int = 1, editing: bool = False) -> None:
    """Have this session go through a lesson from a step on; its view is opened by `open_step`."""
    step = max(min(step, len(lesson["steps"])), min(1, len(lesson["steps"])))
    before = position()
    revision = before.revision + 1 if before else 1
    st.session_state["lesson_at"] = Position(name, lesson, step, revision, _problem(lesson, step), editing)


def _problem(lesson: Lesson, step: int) -> str:
    run = lesson["steps"][step - 1]["address"].get("run") if step else None
    if run is None or run in runs_by_name():
        return ""
    return f"This step shows the run {quote(run, 60)}, which is not here. Another run is shown in its place."


def adopt(lesson: Lesson) -> None:
    """For a callback: have this session go on with a lesson that is new here, to be changed, and keep it where that is
    allowed."""
    done_by_hand()
    begin_lesson(new_name(lesson["title"]), lesson, editing=True)
    found = position()
    assert found
    _keep(found)
    st.session_state["asked_step"] = bool(found.step)


# The address -----------------------------------------------------------------------------------------------------


def open_step(pages: Mapping[str, StreamlitPage]) -> None:
    """Go to the view of the step that was asked for, if one was. Ends the run of the script then.

    Args:
        pages: by what addresses call them.
    """
    found = position()
    if not st.session_state.pop("asked_step", False) or found is None or not found.step:
        return
    step = found.lesson["steps"][found.step - 1]
    if step["page"] not in pages:
        problem = f"This step shows a page that is not here: {quote(step['page'], 30)}."
        st.session_state["lesson_at"] = replace(found, problem=problem)
        return
    st.session_state["step_opened"] = True
    address = step_address(found.name, found.lesson, found.step)
    st.session_state["lesson_address"] = found.address()
    go_to(pages[step["page"]], address)


def follow_lesson() -> None:
    """Take lesson and step from the address when it is not the one written last, as after Back and Forward; else have
    the address say them, which a change of page has cleared."""
    asked = lesson_address()
    news = "lesson" in asked and asked != st.session_state.get("lesson_address")
    say_until_done("lesson", _follow(asked) if news else None)
    found = position()
    wanted = found.address() if found else {}
    if wanted != asked:
        say_in_address(LESSON, wanted)


def _follow(asked: Mapping[str, str]) -> list[str]:
    """Take what an address says of a lesson; what is wrong with it is returned."""
    found = position()
    st.session_state["lesson_address"] = dict(asked)
    name, step = asked["lesson"], short_decimal(asked.get("step", "")) or 1
    if found is None or found.name != name:
        try:
            begin_lesson(name, find_lesson(name), step)
        except (LessonError, OSError) as error:
            st.session_state.pop("lesson_at", None)
            return [str(error)]
    elif step != found.step:
        begin_lesson(name, found.lesson, step, found.editing)
    return []


def invite(name: str) -> None:
    """Draw a link to the first step of a lesson, which is in a session of its own as soon as it is followed."""
    try:
        lesson = find_lesson(name)
    except (LessonError, OSError):
        return
    if lesson["steps"]:
        steps = len(lesson["steps"])
        st.page_link(
            f"pages/{lesson['steps'][0]['page']}.py",
            label=f"{plain(lesson['title'])}, in {steps} {'step' if steps == 1 else 'steps'}",
            icon=":material/school:",
            query_params=step_address(name, lesson, 1),
        )


# The bar ---------------------------------------------------------------------------------------------------------


def mount_lesson(titles: Mapping[str, str]) -> None:
    """Draw the bar of the lesson that this session goes through, below the page.

    Args:
        titles: of the pages, by what addresses call them.
    """
    found = position()
    if found is None:
        return
    name = st.session_state.get("run", "")
    run = runs_by_name().get(name)
    data = {
        "name": found.name, "lesson": found.lesson, "step": found.step, "revision": found.revision,
        "heard": st.session_state.get("lesson_heard", {}),
        "pages": dict(titles), "may_edit": True, "editing": found.editing, "kept": _kept(found, name, run),
        "run": _may_hold(name, run), "problem": found.problem,
    }  # fmt: skip
    with st.bottom:
        _place(key="lesson_place", height="content")
        component("lesson")(
            key="lesson", data=data, height="content", on_step_change=_turn, on_lesson_change=_change,
            on_copy_change=_copy, on_keep_change=_keep_in_run, on_leave_change=_leave,
        )  # fmt: skip


def _kept(found: Position, name: str, run: Run | None) -> str:
    if why_read_only():
        return "Changes are kept in this session alone. Download the lesson to keep it."
    if is_own(found.name):
        said = f"Every change is kept beside your runs, as lessons/{found.name}.json."
    else:
        said = "The first change makes a lesson of your own of this one, which stays as it is."
    if run is None or not is_in_run(run, found.lesson, name):
        return said
    return f"{said} It lies in the run {name}, too, and goes wherever that goes."


def _may_hold(name: str, run: Run | None) -> dict[str, Any] | None:
    """The run that is open, where a lesson can be kept in it from here."""
    if run is None or why_read_only() or not may_hold_lesson(run.path):
        return None
    return {"name": name, "has_lesson": has_lesson(run)}


def _said(state: str) -> Mapping[str, Any]:
    """What the bar said last; whatever a browser sends can be altered."""
    value = st.session_state["lesson"].get(state)
    heard = st.session_state.setdefault("lesson_heard", {})
    # After a step back in the history the browser says again what it said on that page, when it was there.
    if not isinstance(value, Mapping) or value.get("at") == heard.get(state):
        return {}
    heard[state] = value.get("at")
    done_by_hand()
    return value


def _turn() -> None:
    found, step = position(), _said("step").get("step")
    if found and isinstance(step, int) and 1 <= step <= len(found.lesson["steps"]):
        _go(replace(found, step=step, problem=_problem(found.lesson, step)))
        st.session_state["asked_step"] = True


def _leave() -> None:
    if _said("leave"):
        st.session_state.pop("lesson_at", None)


def _change() -> None:
    """Take a lesson that was edited, and keep it where it can be kept."""
    found, said = position(), _said("lesson")
    if not found or not said:
        return
    try:
        lesson = check_lesson(said.get("lesson"))
    except LessonError as error:
        _go(replace(found, problem=str(error)))
        return
    step = said.get("step")
    step = min(step if isinstance(step, int) and step > 0 else 1, len(lesson["steps"]))
    _keep(replace(found, lesson=lesson, step=step, problem=_problem(lesson, step)))
    st.session_state["asked_step"] = said.get("open") is True


def _copy() -> None:
    """Go on with a copy of the lesson."""
    found, said = position(), _said("copy")
    if not found or not said:
        return
    try:
        lesson = check_lesson(said.get("lesson"))
        lesson["title"] = f"{lesson['title'][: MAX_TITLE - 7]} (copy)"
        _keep(replace(found, name=new_name(lesson["title"]), lesson=lesson, revision=found.revision + 1, editing=True))
    except LessonError as error:
        _go(replace(found, problem=str(error)))


def _keep_in_run() -> None:
    """Put the lesson into the run that was open when its button was pressed."""
    found, said = position(), _said("keep")
    if not found or not said:
        return
    try:
        check_may_change()
        name = said.get("run")
        run = runs_by_name().get(name) if isinstance(name, str) else None
        if run is None:
            raise LessonError("The run is no longer there, so the lesson was not kept in it.")
        keep_in_run(run, said.get("lesson") or {}, name)
        _go(replace(found, problem=_problem(found.lesson, found.step)))
    except RunError as error:
        _go(replace(found, problem=str(error)))


def _keep(at: Position) -> None:
    """Go on with a lesson, and keep it beside the runs where this session may; what is not one's own, as a new one."""
    try:
        if not why_read_only():
            check_may_change()
            if at.name in lesson_files() and not is_own(at.name):
                at = replace(at, name=new_name(at.lesson["title"]), revision=at.revision + 1, editing=True)
            write_lesson(at.name, at.lesson)
    except RunError as error:
        at = replace(at, problem=str(error))
    _go(at)


def _go(at: Position) -> None:
    st.session_state["lesson_at"] = at
