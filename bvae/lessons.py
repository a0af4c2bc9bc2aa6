"""Lessons: views of the pages in an order, each with a title and a few sentences, as a person shows them to others.

A lesson is JSON: `{"format": 1, "title": …, "steps": [{"title", "text", "page", "address": {name: text}}, …]}`. A step
may have "notes" of whoever gives the lesson. Its text may mark words of the glossary, `[shown](#key)`; what is to be
done stands between two `**`. Lessons lie in the folder `lessons` of a folder of runs, or in a run, with which they
travel, and one comes with the app. Each has a name: that of its file, or of its run.

A lesson may come from elsewhere, so it is checked as a run is. Imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from bvae.runs import (
    BUNDLED_RUNS,
    Run,
    RunError,
    check_run_name,
    folders_in,
    is_run,
    lesson_file,
    own_folder,
    run_folders,
    schema,
    write_json,
)

FORMAT = 1
BUNDLED = Path(__file__).resolve().parents[1] / "assets" / "lessons"
FOLDER = "lessons"  # within a folder of runs
FIRST = "what-beta-does"  # the lesson that Home invites to

MAX_BYTES = 2**20  # of a file
MAX_STEPS = 100
MAX_TEXT, MAX_NOTES, MAX_TITLE = 1_000, 4_000, 100  # characters
MAX_ADDRESS = 2_000  # characters of a step's address, as of any
OWN = ("lesson", "step")  # what the address says of the lesson itself, which no step can


class LessonError(RunError):
    """A lesson that cannot be read or kept. Its message is a sentence for the page."""


class Step(TypedDict):
    """One view, and what is said about it."""

    title: str
    text: str
    page: str
    address: dict[str, str]
    notes: NotRequired[str]


class Lesson(TypedDict):
    """Views in an order."""

    format: int
    title: str
    steps: list[Step]


# What a lesson may say -------------------------------------------------------------------------------------------


def _line(most: int) -> schema.Check:
    def check(value: Any) -> str:
        line: str = schema.text(most)(value)
        if not line.strip() or not line.isprintable():
            raise schema.SchemaError(f"should be one line of 1 to {most} visible characters")
        return line.strip()

    return check


def _prose(most: int) -> schema.Check:
    def check(value: Any) -> str:
        prose: str = schema.text(most)(value)
        if not prose.replace("\n", "").isprintable():
            raise schema.SchemaError("has a character that cannot be shown")
        return prose.strip()

    return check


def _page(value: Any) -> str:
    page: str = schema.text(30)(value)
    if not re.fullmatch("[a-z_]+", page):
        raise schema.SchemaError("should be the name of a page, as its address has it")
    return page


def _address(value: Any) -> dict[str, str]:
    found: dict[str, str] = schema.map_of(_part, 60)(value)
    if own := [name for name in OWN if name in found]:
        raise schema.SchemaError("leads into a lesson, and a step shows a page", own[0])
    if wrong := [name for name in found if not re.fullmatch("[A-Za-z0-9_-]+", name)]:
        raise schema.SchemaError(f"has a parameter named {wrong[0][:40]!r}, and no page has one")
    if sum(len(name) + len(part) + 2 for name, part in found.items()) > MAX_ADDRESS:
        raise schema.SchemaError(f"should have at most {MAX_ADDRESS:,} characters")
    return found


def _part(value: Any) -> str:
    part: str = schema.text(MAX_ADDRESS)(value)
    if not part.isprintable():
        raise schema.SchemaError("has a character that no address has")
    return part


_STEP = schema.table(
    {"title": _line(MAX_TITLE), "text": _prose(MAX_TEXT), "page": _page, "address": _address},
    {"notes": _prose(MAX_NOTES)},
)
_LESSON = schema.table(
    {"format": schema.one_of(FORMAT), "title": _line(MAX_TITLE), "steps": schema.list_of(_STEP, MAX_STEPS)}
)


def check_lesson(value: Any) -> Lesson:
    """A lesson as a file or a browser has it, as far as it is one; what no lesson has is left out.

    Raises:
        LessonError: when it is none, with the place.
    """
    try:
        lesson: Lesson = _LESSON(value)
    except schema.SchemaError as error:
        place = re.sub(r"^steps\[(\d+)\]\.?", lambda found: f"step {int(found[1]) + 1} ", error.place).strip()
        raise LessonError(f"This is not a lesson that can be shown: {place or 'it'} {error.reason}.") from None
    return lesson


def parse_lesson(content: bytes) -> Lesson:
    """A lesson from the bytes of its file.

    Raises:
        LessonError: when it is none.
    """
    if len(content) > MAX_BYTES:
        raise LessonError(f"This file is larger than {MAX_BYTES:,} bytes, which no lesson is.")
    try:
        return check_lesson(schema.parse(content.decode()))
    except UnicodeDecodeError:
        raise LessonError("This is not a lesson: it is not a text.") from None
    except schema.SchemaError as error:
        raise LessonError(f"This is not a lesson: it {error.reason}.") from None


# Where lessons are -----------------------------------------------------------------------------------------------


def lesson_files() -> dict[str, Path]:
    """The files of all lessons by name: the one that comes with the app, those beside the runs, and those in runs."""
    found: dict[str, Path] = {}
    for folder in (BUNDLED, *(runs / FOLDER for runs in run_folders() if not is_run(runs / FOLDER, runs))):
        for path in sorted(folder.glob("*.json")):
            if _is_name(path.stem):
                found.setdefault(path.stem, path)
    for folder in run_folders():
        for run in sorted(folders_in(folder)):
            if _is_name(run.name) and is_run(run, folder) and _is_plain(lesson_file(run)):
                found.setdefault(run.name, lesson_file(run))
    return found


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_name(text: str) -> bool:
    try:
        return bool(check_run_name(text))
    except RunError:
        return False


def find_lesson(name: str) -> Lesson:
    """The lesson of a name. In a lesson that lies in a run, a step that names no run shows that run.

    Raises:
        LessonError: when there is none, or it cannot be read.
    """
    path = lesson_files().get(name)
    if path is None:
        raise LessonError(f"There is no lesson named {name[:60]!r} here.")
    return open_lesson_file(name, path)


def open_lesson_file(name: str, path: Path) -> Lesson:
    """`find_lesson` of a name whose file is known.

    Raises:
        LessonError: when it cannot be read.
    """
    lesson = read_lesson(path)
    if _lies_in_run(name, path):
        for step in lesson["steps"]:
            step["address"].setdefault("run", name)
    return lesson


def _lies_in_run(name: str, path: Path) -> bool:
    return path == lesson_file(path.parent) and name == path.parent.resolve().name


def read_lesson(path: Path) -> Lesson:
    """A lesson from its file.

    Raises:
        LessonError: when it is none, or cannot be read.
    """
    try:
        if not path.is_file():
            raise LessonError(f"There is no lesson at {path}.")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LessonError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        return parse_lesson(content)
    except LessonError as error:
        raise LessonError(f"{path} cannot be shown. {error}") from None


def is_own(name: str) -> bool:
    """Whether a lesson is one that can be changed here: neither the app's nor a run's."""
    return lesson_files().get(name) == _own_file(name)


def write_lesson(name: str, lesson: Mapping[str, Any]) -> None:
    """Keep a lesson beside the runs, whole or not at all.

    Raises:
        LessonError: when it is none, when the name is no name or another's, or when it cannot be written.
    """
    checked = check_lesson(lesson)
    if not _is_name(name) or name in lesson_files().keys() - {name if is_own(name) else ""}:
        raise LessonError(f"{name[:60]!r} cannot name a lesson here.")
    path = _own_file(name)
    try:
        if is_run(path.parent, own_folder()):
            raise LessonError(f"{path.parent} is a run, and lessons are kept in a folder of that name. Rename the run.")
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LessonError(f"Cannot make the folder {path.parent} ({error.strerror}).") from error
    _write(path, checked)


def _write(path: Path, lesson: Lesson) -> None:
    try:
        write_json(path, lesson)
    except RunError as error:
        raise LessonError(f"The lesson could not be kept. {error}") from error


def has_lesson(run: Run) -> bool:
    """Whether a lesson lies in a run."""
    return _is_plain(lesson_file(run.path))


def may_hold_lesson(run: Path) -> bool:
    """Whether a lesson can be kept in the run in a folder: one that comes with the app stays as it came."""
    return run.resolve().parent != BUNDLED_RUNS.resolve()


def keep_in_run(run: Run, lesson: Mapping[str, Any], called: str | None = None) -> None:
    """Keep a lesson in a run, with which it travels, in place of one that is there; whole or not at all. Its steps that
    show this run then show the run that it lies in, whatever that is called.

    Args:
        run: the run.
        lesson: the lesson.
        called: what addresses call the run; by default its name.

    Raises:
        LessonError: when it is none, when the run comes with the app, or when it cannot be written.
    """
    checked = _within(run, lesson, called)
    if not may_hold_lesson(run.path):
        raise LessonError(f"{run.name} came with the app, and stays as it is. Keep the lesson in a run of your own.")
    _write(lesson_file(run.path), checked)


def is_in_run(run: Run, lesson: Mapping[str, Any], called: str | None = None) -> bool:
    """Whether `keep_in_run` would change nothing but notes."""
    try:
        there = read_lesson(lesson_file(run.path))
    except LessonError:
        return False
    wanted = _within(run, lesson, called)
    for step in (*there["steps"], *wanted["steps"]):
        step.pop("notes", None)
    return there == wanted


def _within(run: Run, lesson: Mapping[str, Any], called: str | None) -> Lesson:
    checked = check_lesson(lesson)
    for step in checked["steps"]:
        if step["address"].get("run") in (run.name, called or run.name):
            del step["address"]["run"]
    return checked


def may_be_removed(name: str) -> bool:
    """Whether a lesson can be deleted here: one's own, or one that lies in a run that does not come with the app."""
    path = lesson_files().get(name)
    if path is None:
        return False
    return path == _own_file(name) or (_lies_in_run(name, path) and may_hold_lesson(path.parent))


def remove_lesson(name: str) -> None:
    """Delete a lesson that lies beside the runs, or in one; the run stays as it is otherwise.

    Raises:
        LessonError: for any other, and when it cannot be deleted.
    """
    path = lesson_files().get(name)
    if path is None or not may_be_removed(name):
        raise LessonError(f"{name[:60]!r} is no lesson that can be deleted here.")
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise LessonError(f"{path} cannot be deleted ({error.strerror}).") from error


def new_name(title: str) -> str:
    """A name for a lesson of this title that no lesson has yet."""
    words = re.sub("[^a-z0-9]+", "-", title.lower().replace("β", "beta")).strip("-")[:60].strip("-") or "lesson"
    words = words if _is_name(words) else f"lesson-{words}"
    taken, number, name = lesson_files(), 2, words
    while name in taken:
        name, number = f"{words}-{number}", number + 1
    return name


def _own_file(name: str) -> Path:
    return own_folder() / FOLDER / f"{name}.json"
