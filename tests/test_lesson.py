"""A lesson in the app: from Home through every step, in the address, across pages, made by a person, and hostile."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from bvae.lessons import FIRST, find_lesson
from bvae.runs import BUNDLED_RUNS, lesson_file
from tests import lesson_steps
from tests.browsing import comes_true, expect_address, in_address, until
from tests.conftest import serve
from tests.lesson_steps import DO, STEPS, ready, take_every_step

is_large = functools.partial(lesson_steps.is_large, main="[data-testid=stMain]")


def bar(page: Page) -> Locator:
    return page.locator(".live.lesson:not([aria-busy])")


def at_step(page: Page, number: int, name: str = FIRST) -> None:
    """Wait until a step is shown, with its page, and the address says so."""
    expect(bar(page).locator(".place")).to_contain_text(f"Step {number} of ")
    expect_address(page, "step", lambda text: text == str(number))
    assert in_address(page, "lesson") == name


def test_home_invites_to_a_lesson_of_which_every_step_can_be_done_on_a_full_screen(page: Page, app: str) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(app)
    page.get_by_role("link", name=f"What β does, in {len(DO)} steps").click()
    expect(bar(page)).to_be_visible()
    page.keyboard.press("f")
    take_every_step(page, is_large)


def test_other_pages_are_large_on_a_full_screen(page: Page, app: str) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{app}/?lesson={FIRST}&step=1")
    for name in ("Home", "Compare", "Train", "Load"):
        heading = page.get_by_role("heading", level=1)
        heading.wait_for()
        if name != "Home":
            before = heading.inner_text()
            page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
            expect(heading).not_to_have_text(before)
        expect(bar(page)).to_be_visible()
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        if name != "Train":
            page.locator(".live:not(.lesson, [aria-busy])").first.wait_for()
        page.keyboard.press("f")
        is_large(page)
        page.keyboard.press("f")
        comes_true(page, "betaVaeScale === 1")


def test_the_place_in_a_lesson_is_in_the_address_and_goes_along(page: Page, app: str) -> None:
    page.goto(f"{app}/traverse?lesson={FIRST}&step=3&run=mnist-beta4&epoch=0")
    at_step(page, 3)
    expect(bar(page).get_by_role("heading")).to_have_text(STEPS[2]["title"])
    bar(page).get_by_role("button", name="Next").click()
    ready(page, "clusters")
    at_step(page, 4)
    page.reload()
    ready(page, "clusters")
    at_step(page, 4)
    page.get_by_role("link", name="Generate").click()  # the lesson waits
    ready(page, "generate")
    at_step(page, 4)
    page.go_back()
    ready(page, "clusters")
    at_step(page, 4)
    page.go_back()
    ready(page, "traverse")
    at_step(page, 3)
    expect_address(page, "epoch", lambda text: text == "0")
    page.locator(".traverse").get_by_role("slider", name="Epoch", exact=True).press("End")
    expect_address(page, "epoch", lambda text: text == "100")
    bar(page).get_by_role("button", name="Show again").click()
    expect_address(page, "epoch", lambda text: text == "0")
    bar(page).get_by_role("button", name="End the lesson").click()
    expect(page.locator(".live.lesson")).to_have_count(0)
    expect_address(page, "lesson", lambda text: text is None)
    expect_address(page, "epoch", lambda text: text == "0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's server keeps what is made, beside the bundled runs."""
    folder = tmp_path_factory.mktemp("lessons") / "runs"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    with serve(folder, folder.parent / "streamlit.log") as address:
        yield address


@pytest.fixture
def runs(folder: Path) -> Iterator[Path]:
    """That folder, empty before and after."""
    yield folder
    for path in folder.iterdir():
        shutil.rmtree(path)


def write(folder: Path, name: str, steps: object) -> None:
    (folder / "lessons").mkdir(exist_ok=True)
    lesson = {"format": 1, "title": name, "steps": steps}
    (folder / f"lessons/{name}.json").write_text(json.dumps(lesson))


def test_lessons_that_lead_nowhere_are_a_sentence_each(page: Page, server: str, runs: Path) -> None:
    view = {"title": "One", "text": "Look.", "page": "traverse", "address": {}}
    write(runs, "astray", [
        view | {"address": {"run": "gone-for-good"}}, view | {"page": "nowhere"}, view | {"page": "train"},
        view | {"address": {"run": "mnist-beta4", "epoch": "7", "z": "1,2", "digit": "x"}},
    ])  # fmt: skip
    write(runs, "endless", [0] * 100_000)
    for name, said in (
        ("endless", "steps should be a list of 0 to 100"),
        ("missing", "There is no lesson named 'missing' here."),
        ("..%2Fastray", "There is no lesson named '../astray' here."),
        ("x" * 3_000, "There is no lesson named"),
    ):
        page.goto(f"{server}/traverse?lesson={name}&step=1")
        expect(page.get_by_test_id("stAlert").filter(has_text=said)).to_be_visible()
        ready(page, "traverse")
        expect(page.locator(".live.lesson")).to_have_count(0)
    page.goto(f"{server}/traverse?lesson=astray&step=99999999999999999999&run=gone-for-good")
    ready(page, "traverse")
    at_step(page, 1, "astray")
    expect(bar(page).get_by_role("alert")).to_contain_text("the run “gone-for-good”, which is not here")
    bar(page).get_by_role("button", name="Next").click()
    expect(bar(page).get_by_role("alert")).to_contain_text("a page that is not here: “nowhere”")
    bar(page).get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
    at_step(page, 3, "astray")
    expect(bar(page).get_by_role("alert")).to_have_count(0)
    bar(page).get_by_role("button", name="Next").click()
    ready(page, "traverse")
    at_step(page, 4, "astray")
    expect(page.get_by_test_id("stAlert").filter(has_text="it has 2 numbers")).to_be_visible()


def test_the_page_of_lessons_begins_makes_opens_and_deletes_them(
    page: Page, server: str, runs: Path, tmp_path: Path
) -> None:
    brought = tmp_path / "brought.json"
    page.goto(f"{server}/lessons")
    expect(page.get_by_role("link", name="What β does, in 12 steps")).to_be_visible()
    page.get_by_role("button", name="New lesson").click()
    expect(bar(page).get_by_text("It has no steps yet.")).to_be_visible()
    page.get_by_role("link", name="Generate").click()
    ready(page, "generate")
    bar(page).get_by_role("button", name="Add this view").click()
    page.keyboard.type("Noise")
    page.keyboard.press("Enter")
    expect(bar(page).locator(".place")).to_have_text("Step 1 of 1")
    until(page, lambda: len(find_own(runs, "a-new-lesson")["steps"]) == 1, lambda: "it was not kept")
    assert find_own(runs, "a-new-lesson")["steps"][0]["page"] == "generate"
    page.get_by_role("link", name="Lessons").click()
    expect(page.get_by_role("link", name="A new lesson, in 1 step")).to_be_visible()
    brought.write_bytes(b"<script>")
    page.locator("input[type=file]").set_input_files(brought)
    expect(page.get_by_test_id("stAlert").filter(has_text="it is no JSON")).to_be_visible()
    page.goto(f"{server}/lessons")
    brought.write_text(json.dumps({"format": 1, "title": "<b>[x](y)", "steps": STEPS[:2]}))
    page.locator("input[type=file]").set_input_files(brought)
    page.get_by_role("button", name="Begin “<b>[x](y)”").click()
    ready(page, "traverse")
    at_step(page, 1, "b-x-y")
    expect(bar(page).locator(".called")).to_have_text("<b>[x](y)")
    page.get_by_role("link", name="Lessons").click()
    page.get_by_role("button", name="Delete", exact=True).first.click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("link", name="A new lesson, in 1 step")).to_have_count(0)
    assert not (runs / "lessons/a-new-lesson.json").exists()


def find_own(runs: Path, name: str) -> dict[str, Any]:
    """A lesson as its file has it; an empty one before that is there."""
    file = runs / f"lessons/{name}.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"steps": []}
    return found


def add_view(page: Page, address: str) -> None:
    """Open the lesson that comes with the app at its ninth step, and add what is shown there to it."""
    page.goto(f"{address}/interpolate?run=mnist-beta4&lesson={FIRST}&step=9")
    ready(page, "interpolate")
    at_step(page, 9)
    bar(page).get_by_role("button", name="Edit").click()
    bar(page).get_by_role("button", name="Add this view").click()
    page.keyboard.type("My own view")
    page.keyboard.press("Enter")


def test_a_lesson_is_made_in_the_app_and_kept(page: Page, server: str, runs: Path) -> None:
    add_view(page, server)
    name = f"{FIRST}-2"
    at_step(page, 10, name)
    expect(bar(page).get_by_role("heading")).to_have_text("My own view")
    kept = runs / f"lessons/{name}.json"
    expect(bar(page).get_by_text(f"as lessons/{name}.json")).to_be_visible()
    until(page, lambda: '"My own view"' in kept.read_text(), kept.read_text)
    lesson = json.loads(kept.read_text())
    assert lesson["steps"][9]["title"] == "My own view"
    assert lesson["steps"][9]["page"] == "interpolate"
    assert lesson["steps"][9]["address"]["run"] == "mnist-beta4"
    assert find_lesson(FIRST)["steps"] == STEPS
    page.reload()
    at_step(page, 10, name)
    bar(page).get_by_role("button", name="Edit").click()
    expect(bar(page).get_by_role("button", name="Keep it in this run")).to_be_hidden()  # it came with the app
    shutil.copytree(BUNDLED_RUNS / "mnist-beta10", runs / "own")
    page.goto(f"{server}/traverse?run=own&lesson={name}&step=10")
    ready(page, "traverse")
    bar(page).get_by_role("button", name="Edit").click()
    lesson_file(runs / "own").mkdir()  # in its way
    bar(page).get_by_role("button", name="Keep it in this run").click()
    expect(bar(page).get_by_role("alert")).to_contain_text("The lesson could not be kept.")
    lesson_file(runs / "own").rmdir()
    bar(page).get_by_role("button", name="Keep it in this run").click()
    expect(bar(page).get_by_text("It lies in the run own, too")).to_be_visible()
    expect(bar(page).locator(".problem")).to_be_hidden()
    expect(bar(page).get_by_role("button", name="Replace this run’s lesson with it")).to_be_visible()
    assert json.loads(lesson_file(runs / "own").read_text())["steps"] == lesson["steps"]


def test_a_lesson_that_may_not_be_kept_is_made_for_the_session_alone(page: Page, tmp_path: Path) -> None:
    (runs := tmp_path / "runs").mkdir()
    with serve(runs, tmp_path / "streamlit.log", BVAE_READ_ONLY="1") as app:
        add_view(page, app)
        at_step(page, 10)
        expect(bar(page).get_by_role("heading")).to_have_text("My own view")
        expect(bar(page).get_by_text("Changes are kept in this session alone.")).to_be_visible()
        bar(page).get_by_role("button", name="Save as a new lesson").click()
        expect(bar(page).locator(".called")).to_have_text("What β does (copy)")
        assert not (runs / "lessons").exists()
        keep = bar(page).locator(".keep")
        expect(keep).to_be_hidden()
        keep.dispatch_event("click")  # as a browser can, whatever it is shown
        expect(bar(page).get_by_role("alert")).to_contain_text("open for exploring only")
