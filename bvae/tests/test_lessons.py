"""Lessons: what one may say, where they lie, and that the one that comes along says what its runs do."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bvae.lessons import (
    BUNDLED,
    FIRST,
    MAX_BYTES,
    LessonError,
    check_lesson,
    find_lesson,
    has_lesson,
    is_in_run,
    is_own,
    keep_in_run,
    lesson_files,
    new_name,
    parse_lesson,
    read_lesson,
    remove_lesson,
    write_lesson,
)
from bvae.runs import BUNDLED_RUNS, Run, find_run, lesson_file, list_runs, run_files

STEP = {"title": "One", "text": "Look.", "page": "traverse", "address": {"run": "mine", "epoch": "3"}}
LESSON = {"format": 1, "title": "Mine", "steps": [STEP, STEP | {"title": "Two", "notes": "Ask them first."}]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where own runs and lessons are."""
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path))
    return tmp_path


def small_run(path: Path) -> Run:
    """A run in a folder, from the bundled ones."""
    shutil.copytree(BUNDLED_RUNS / "mnist-beta10", path)
    return Run(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format is 2, and should be one of 1"),
        ({"title": ""}, "title should be one line"),
        ({"title": "a\nb"}, "title should be one line"),
        ({"steps": None}, "steps should be a list of 0 to 100"),
        ({"steps": [STEP] * 100_000}, "steps should be a list of 0 to 100"),
        ({"steps": ["traverse"]}, "step 1 should be an object"),
        ({"steps": [STEP, {"title": "Two"}]}, "step 2 address is missing"),
        ({"steps": [STEP | {"text": "x" * 1001}]}, "step 1 text should be a text of at most 1,000 characters"),
        ({"steps": [STEP | {"text": "a\x00b"}]}, "step 1 text has a character that cannot be shown"),
        ({"steps": [STEP | {"page": "../etc"}]}, "step 1 page should be the name of a page"),
        ({"steps": [STEP | {"page": "https://example.org"}]}, "step 1 page should be the name of a page"),
        ({"steps": [STEP | {"address": {"z": 3}}]}, "step 1 address.z should be a text"),
        ({"steps": [STEP | {"address": {"z": "1" * 2_000}}]}, "address should have at most 2,000 characters"),
        ({"steps": [STEP | {"address": {"lesson": "mine"}}]}, "address.lesson leads into a lesson"),
        ({"steps": [STEP | {"address": {"<b>": "1"}}]}, "has a parameter named '<b>'"),
        ({"steps": [STEP | {"address": {"a": "1\r\n2"}}]}, "has a character that no address has"),
        ({"steps": [STEP | {"notes": "\ud800"}]}, "has a character that cannot be written"),
    ],
)
def test_what_no_lesson_says_is_refused_with_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(LessonError) as refused:
        check_lesson(LESSON | change)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON"),
        (b"\xff\xfe", "it is not a text"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[1]", "it should be an object"),
        (b"{" + b" " * MAX_BYTES, "is larger than 1,048,576"),
    ],
)
def test_a_file_that_is_no_lesson_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(LessonError, match=said):
        parse_lesson(content)


def test_a_lesson_is_what_it_is_however_it_came_and_text_stays_text() -> None:
    script = STEP | {"title": "<script>alert(1)</script>", "text": "[x](javascript:alert(1)) <img src=x onerror=1>"}
    lesson = LESSON | {"steps": [script], "other": "left out"}
    assert parse_lesson(json.dumps(lesson).encode()) == LESSON | {"steps": [script]}
    assert check_lesson(LESSON | {"steps": []})["steps"] == []


def test_lessons_lie_beside_the_runs_and_in_them(folder: Path) -> None:
    assert lesson_files() == {FIRST: BUNDLED / f"{FIRST}.json"}
    write_lesson("mine", LESSON)
    assert find_lesson("mine") == LESSON
    assert is_own("mine")
    assert not is_own(FIRST)
    run = small_run(folder / "trained")
    lesson_file(run.path).write_text(json.dumps(LESSON | {"steps": [STEP | {"address": {"epoch": "20"}}]}))
    assert set(lesson_files()) == {FIRST, "mine", "trained"}
    assert find_lesson("trained")["steps"][0]["address"] == {"epoch": "20", "run": "trained"}
    assert lesson_file(run.path) in run_files(run.path)  # it travels with the run
    assert run.path in {found.path for found in list_runs()}, "the folder of lessons is none"
    for name in (FIRST, "trained"):
        with pytest.raises(LessonError, match="cannot name a lesson here"):
            write_lesson(name, LESSON)
    for name in (FIRST, "nobodys"):
        with pytest.raises(LessonError, match="no lesson that can be deleted"):
            remove_lesson(name)
    for name in ("../mine", "", "a/b"):
        with pytest.raises(LessonError, match="cannot name a lesson here"):
            write_lesson(name, LESSON)
    write_lesson("mine", LESSON | {"title": "Other"})
    assert find_lesson("mine")["title"] == "Other"
    remove_lesson("mine")
    with pytest.raises(LessonError, match="There is no lesson named 'mine' here"):
        find_lesson("mine")


def test_a_lesson_that_is_kept_in_a_run_shows_the_run_that_it_lies_in(folder: Path) -> None:
    run = small_run(folder / "trained")
    assert not has_lesson(run)
    own, called = STEP | {"address": {"run": "trained"}}, STEP | {"address": {"run": "trained (sweep)", "epoch": "1"}}
    lesson = LESSON | {"steps": [own, STEP, called]}
    keep_in_run(run, lesson, "trained (sweep)")
    assert is_in_run(run, lesson, "trained (sweep)")
    assert is_in_run(run, lesson | {"steps": [own | {"notes": "Wait."}, STEP, called]}, "trained (sweep)")
    assert not is_in_run(run, LESSON)
    run.path.rename(folder / "renamed")
    steps = find_lesson("renamed")["steps"]
    assert [step["address"] for step in steps] == [
        {"run": "renamed"},
        STEP["address"],
        {"run": "renamed", "epoch": "1"},
    ]
    renamed = Run(folder / "renamed")
    keep_in_run(renamed, LESSON)
    assert find_lesson("renamed") == LESSON
    with pytest.raises(LessonError, match="format is 2"):
        keep_in_run(renamed, LESSON | {"format": 2})
    assert find_lesson("renamed") == LESSON
    remove_lesson("renamed")
    assert lesson_files().keys() == {FIRST}
    assert sorted(run_files(renamed.path)) == sorted(path for path in renamed.path.rglob("*") if path.is_file())
    bundled = find_run("mnist-beta4")
    with pytest.raises(LessonError, match="came with the app"):
        keep_in_run(bundled, LESSON)
    assert not has_lesson(bundled)


def test_a_lesson_beside_the_runs_may_be_called_as_the_file_in_a_run(folder: Path) -> None:
    lesson = LESSON | {"steps": [STEP | {"address": {}}]}
    write_lesson(lesson_file(folder).stem, lesson)
    assert find_lesson(lesson_file(folder).stem) == lesson


def test_a_run_that_is_called_as_the_folder_of_lessons_keeps_its_files(folder: Path) -> None:
    run = small_run(folder / "lessons")
    before = sorted(run.path.iterdir())
    assert lesson_files().keys() == {FIRST}
    with pytest.raises(LessonError, match="is a run, and lessons are kept in a folder of that name"):
        write_lesson("mine", LESSON)
    assert sorted(run.path.iterdir()) == before


def test_what_cannot_be_read_or_written_is_said(folder: Path) -> None:
    with pytest.raises(LessonError, match="There is no lesson at"):
        read_lesson(folder)
    (folder / "lessons").write_text("a file where the folder would be")
    with pytest.raises(LessonError, match="Cannot make the folder"):
        write_lesson("mine", LESSON)
    bad = folder / "bad.json"
    bad.write_text("{}")
    with pytest.raises(LessonError, match=r"bad\.json cannot be shown\. .*is missing"):
        read_lesson(bad)


def test_a_new_lesson_gets_a_name_that_none_has(folder: Path) -> None:
    assert new_name("What β does") == "what-beta-does-2"
    assert new_name("Для класса") == "lesson"
    assert new_name("con") == "lesson-con"
    write_lesson("lesson", LESSON)
    assert new_name("!!!") == "lesson-2"


# What comes along ------------------------------------------------------------------------------------------------


def text_of(title: str) -> str:
    return next(step["text"] for step in find_lesson(FIRST)["steps"] if step["title"] == title)


def test_the_lesson_that_comes_along_has_twelve_steps_each_with_something_to_do() -> None:
    steps = find_lesson(FIRST)["steps"]
    assert len(steps) == 12
    for step in steps:
        assert len(re.findall(r"\*\*[^*]+\*\*", step["text"])) == 1, step["title"]
        assert find_run(step["address"]["run"]).path.parent == BUNDLED_RUNS


def test_its_figures_are_those_of_the_runs() -> None:
    first, fourth, tenth = (find_run(f"mnist-beta{beta}") for beta in (1, 4, 10))
    history = fourth.history()
    passive = sum(kl < 0.01 for kl in history[-1].kl_per_dimension)
    assert f"“{passive} dimensions carry nothing”" in text_of("A slider that does nothing")
    falls = re.search(r"from (\d+) to (\d+) .* bring it to (\d+)", text_of("The clock"))
    assert falls
    assert [int(number) for number in falls.groups()] == [round(history[epoch].reconstruction) for epoch in (0, 1, 100)]
    costs = re.search(r"about (\d+) .* about (\d+) at β = 4 and about (\d+)", text_of("What β costs"))
    assert costs
    told = [float(number) for number in costs.groups()]
    np.testing.assert_allclose(told, [run.history()[-1].reconstruction for run in (tenth, fourth, first)], rtol=0.04)
    active = [sum(kl >= 0.01 for kl in run.history()[-1].kl_per_dimension) for run in (first, fourth, tenth)]
    assert active == sorted(active, reverse=True)
    film = fourth.film_about()
    assert film
    true = [f"{film['kinds'][kind]['trustworthiness'][-1]:.2f}" for kind in ("umap", "pca_last")]
    assert re.findall(r"0\.\d\d", text_of("How true the map is")) == true


def test_the_slider_of_its_first_step_is_named_for_what_it_does() -> None:
    run = find_run("mnist-beta4")
    names = {one["index"]: one["name"] for one in run.measured()[run.snapshot()]["dimensions"]}
    assert names[3].startswith("thickness")
    assert names[9] == "slant"
