"""The bar of a lesson on a blank page: its steps, its keys, its notes, how one is made, and full screen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from bvae.lessons import FIRST, check_lesson, find_lesson
from tests.bench import Bench
from tests.browsing import comes_true, downloaded, inaccessible

LESSON = find_lesson(FIRST)
COUNT = len(LESSON["steps"])
HOSTILE = "<img src=x onerror=\"document.title='broken'\"> [x](javascript:alert(1)) **b"


def data(**change: Any) -> dict[str, Any]:
    """What the bar is sent, see pages/parts/lesson.py."""
    usual: dict[str, Any] = {
        "name": FIRST, "lesson": LESSON, "step": 1, "revision": 1, "heard": {}, "pages": {"traverse": "Traverse"},
        "may_edit": True, "editing": False, "kept": "Kept.", "run": None, "problem": "",
    }  # fmt: skip
    return usual | change


@pytest.fixture
def bar(bench: Bench) -> Locator:
    return bench.mount("lesson", data())


def title(page: Page) -> Locator:
    return page.locator(".lesson .title")


def steps_said(bench: Bench) -> list[int]:
    return [value["step"] for value in bench.said("step")]


def test_it_goes_through_the_steps_and_says_which_is_to_be_opened(bench: Bench, bar: Locator) -> None:
    page = bench.page
    expect(title(page)).to_have_text("One slider")
    expect(bar.get_by_text(f"Step 1 of {COUNT}", exact=True)).to_be_visible()
    expect(bar.locator(".text strong")).to_have_text("Drag the slider z3 slowly from one end to the other.")
    expect(bar.get_by_role("term").first).to_have_text("decoder")
    expect(bar.get_by_role("button", name="Back")).to_be_hidden()
    bar.get_by_role("button", name="Next").click()
    expect(title(page)).to_have_text(LESSON["steps"][1]["title"])
    bench.redraw(data())  # Python's word from before comes late
    expect(title(page)).to_have_text(LESSON["steps"][1]["title"])
    bar.get_by_role("button", name="Show again").click()
    bar.get_by_role("combobox", name="Step").select_option(label=f"{COUNT}. {LESSON['steps'][-1]['title']}")
    expect(bar.get_by_role("button", name="Next")).to_be_hidden()
    assert steps_said(bench) == [2, 2, COUNT]
    bar.get_by_role("button", name="Back").click()
    bar.get_by_role("button", name="End the lesson").click()
    assert len(bench.said("leave")) == 1
    bench.redraw(data(step=4, revision=2, problem="This step shows a run that is not here."))
    expect(title(page)).to_have_text(LESSON["steps"][3]["title"])
    expect(bar.get_by_role("alert")).to_have_text("This step shows a run that is not here.")


def test_whatever_a_lesson_says_is_text(bench: Bench) -> None:
    step = {"title": HOSTILE, "text": f"{HOSTILE} [a](#code) [b](#nowhere)", "page": "traverse", "address": {}}
    lesson = {"format": 1, "title": HOSTILE, "steps": [step]}
    bar = bench.mount("lesson", data(lesson=lesson, problem=HOSTILE, editing=True))
    expect(title(bench.page)).to_have_text(HOSTILE)
    expect(bar.locator(".text")).to_have_text(f"{HOSTILE} a [b](#nowhere)")
    assert bar.locator("img, a").count() == 0
    assert bench.page.title() == "Bench"


@pytest.mark.parametrize("name", ["full screen", "page"])
def test_keys_turn_the_steps_unless_a_control_has_a_use_for_them(bench: Bench, bar: Locator, name: str) -> None:
    page = bench.page
    page.evaluate(
        "(html) => document.body.insertAdjacentHTML('beforeend', html)",
        "<input type=range><input class=words><p style='height: 3000px'>",
    )
    presenting = name == "full screen"
    if presenting:
        page.keyboard.press("f")
        expect(page.locator(":root[data-presenting]")).to_be_attached()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert steps_said(bench) == [2, 3, 2]
    for key in ("PageDown", " ", "PageUp"):
        page.keyboard.press(key)
    turned = [2, 3, 2, *([3, 4, 3] if presenting else [])]
    assert steps_said(bench) == turned
    words, slider = page.locator(".words"), page.locator("body > input[type=range]")
    words.click()
    for key in ("f", "ArrowLeft", "PageDown", "Space"):
        page.keyboard.press(key)
    assert sorted(words.input_value()) == [" ", "f"]
    slider.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")  # so that the keyboard is there
    for key in ("ArrowRight", "PageDown"):
        page.keyboard.press(key)
    assert steps_said(bench) == turned
    slider.click()
    page.keyboard.press("PageDown")  # of a clicker: the mouse was there last
    assert len(steps_said(bench)) == len(turned) + presenting


def test_full_screen_makes_the_type_larger_and_ends_as_it_began(bench: Bench, bar: Locator) -> None:
    page = bench.page
    page.set_viewport_size({"width": 1920, "height": 1080})
    bar.get_by_role("button", name="Full screen").click()
    expect(bar.get_by_role("button", name="Leave full screen")).to_be_visible()
    sizes = page.evaluate("""() => {
      const texts = document.querySelector("[data-component=lesson]").shadowRoot.querySelectorAll(".lesson *");
      const seen = [...texts].filter((each) => each.checkVisibility());
      return seen.map((each) => parseFloat(getComputedStyle(each).fontSize));
    }""")
    assert min(sizes) >= 18
    assert page.evaluate("betaVaeScale") == 1.5
    comes_true(page, "document.fullscreenElement !== null")  # which is granted later than the type is enlarged
    page.evaluate("document.exitFullscreen()")
    expect(page.locator(":root[data-presenting]")).to_have_count(0)
    assert page.evaluate("[betaVaeScale, document.documentElement.style.fontSize]") == [1, ""]


def test_notes_stay_in_this_browser_and_go_into_the_file(bench: Bench, bar: Locator) -> None:
    bar.get_by_role("button", name="Notes").click()
    notes = bar.get_by_role("textbox", name="Your notes")
    notes.fill("Ask what they expect.")
    bar.get_by_role("button", name="Next").click()
    expect(notes).to_have_value("")
    bar.get_by_role("button", name="Back").click()
    expect(notes).to_have_value("Ask what they expect.")
    bench.clear()
    again = bench.mount("lesson", data())
    again.get_by_role("button", name="Notes").click()
    expect(again.get_by_role("textbox", name="Your notes")).to_have_value("Ask what they expect.")
    again.get_by_role("button", name="Edit").click()
    saved = json.loads(downloaded(bench.page, again.get_by_role("button", name="Download")).read_text())
    assert check_lesson(saved) == saved
    assert saved["steps"][0]["notes"] == "Ask what they expect."
    assert [step["address"] for step in saved["steps"]] == [step["address"] for step in LESSON["steps"]]


def order(bar: Locator) -> list[str]:
    return bar.locator(".order .name").all_inner_texts()


def test_a_lesson_is_made_from_where_a_person_stands(bench: Bench) -> None:
    page = bench.page
    bar = bench.mount(
        "lesson", data(name="mine", lesson={"format": 1, "title": "Mine", "steps": []}, step=0, editing=True)
    )
    expect(bar.get_by_text("It has no steps yet.")).to_be_visible()
    for at, name in enumerate(("First", "Second", "Third")):
        page.evaluate(
            "(at) => history.replaceState(null, '', `/interpolate?run=mine&epoch=${at}&lesson=mine&step=1`)", at
        )
        bar.get_by_role("button", name="Add this view").click()
        page.keyboard.type(name)  # its title has the focus, and all of it is chosen
        page.keyboard.press("Tab")
        page.keyboard.type("Look at **this**.")
        page.keyboard.press("Tab")
    assert order(bar) == ["First", "Second", "Third"]
    said = bench.said("lesson")[-1]
    assert said["step"] == 3
    assert check_lesson(said["lesson"])["steps"][1] == {
        "title": "Second", "text": "Look at **this**.", "page": "interpolate", "address": {"run": "mine", "epoch": "1"},
    }  # fmt: skip
    earlier = bar.get_by_role("button", name="Earlier: Third")
    earlier.focus()
    page.keyboard.press("Enter")
    assert order(bar) == ["First", "Third", "Second"]
    page.keyboard.press("Enter")  # the focus went with it
    assert order(bar) == ["Third", "First", "Second"]
    bar.get_by_role("button", name="Later: Third").click()
    bar.get_by_role("button", name="Remove: Second").click()
    assert order(bar) == ["First", "Third"]
    bar.get_by_role("textbox", name="Title of the lesson").fill("Better")
    bar.get_by_role("button", name="Save as a new lesson").click()
    copied = bench.said("copy")[-1]["lesson"]
    assert copied["title"] == "Better"
    assert [step["address"]["epoch"] for step in copied["steps"]] == ["0", "2"]
    keep = bar.get_by_role("button", name="Keep it in this run")
    expect(keep).to_be_hidden()
    bench.redraw(data(name="mine", editing=True, run={"name": HOSTILE, "has_lesson": False}))
    keep.click()
    said = bench.said("keep")[-1]
    assert (said["lesson"], said["run"]) == (copied, HOSTILE)
    bench.redraw(data(name="mine", editing=True, run={"name": HOSTILE, "has_lesson": True}))
    expect(bar.get_by_role("button", name="Replace this run’s lesson with it")).to_be_visible()
    bar.get_by_role("button", name="Remove: First").click()
    bar.get_by_role("button", name="Remove: Third").click()
    expect(bar.get_by_text("It has no steps yet.")).to_be_visible()
    assert bench.said("lesson")[-1]["lesson"]["steps"] == []


def test_what_is_being_written_stays_when_python_answers(bench: Bench) -> None:
    bar = bench.mount("lesson", data(editing=True))
    field = bar.get_by_role("textbox", name="Title of this step")
    field.fill("half a tit")
    bench.redraw(data(name="other", revision=2, editing=True, kept="Elsewhere."))
    expect(field).to_have_value("half a tit")
    expect(bar.get_by_text("Elsewhere.")).to_be_visible()


def test_what_was_done_while_python_answers_is_not_undone_by_the_answer(bench: Bench) -> None:
    bar = bench.mount("lesson", data(editing=True))
    bar.get_by_role("button", name="Add this view").click()
    added = bench.said("lesson")[-1]
    bench.page.keyboard.type("My own view")
    bench.page.keyboard.press("Enter")
    renamed = {"name": "mine", "lesson": added["lesson"], "step": 2, "revision": 2, "editing": True}
    answer = data(**renamed, heard={"lesson": added["at"]})  # the first change made a lesson of one's own
    bench.redraw(answer)
    expect(title(bench.page)).to_have_text("My own view")
    said = bench.said("lesson")[-1]
    assert said["lesson"]["steps"][1]["title"] == "My own view"
    bench.redraw(answer | {"heard": {"lesson": said["at"]}, "problem": "It was not kept."})  # the second was refused
    expect(title(bench.page)).to_have_text("A new step")
    expect(bar.get_by_role("alert")).to_have_text("It was not kept.")


@pytest.mark.parametrize("width", [1400, 390])
def test_it_is_accessible_and_little_of_a_phone(bench: Bench, width: int) -> None:
    page = bench.page
    page.set_viewport_size({"width": width, "height": 844})
    for scheme in ("light", "dark"):
        bench.clear()
        bench.dress(scheme)
        bar = bench.mount("lesson", data(editing=width > 1000))
        assert not inaccessible(page, "[data-component=lesson]")
    if width < 400:
        box = bar.locator(".lesson").bounding_box()
        assert box
        assert box["height"] < 844 * 0.4
        bar.get_by_role("button", name="More").click()
        bar.get_by_role("button", name="Fold", exact=True).click()
        expect(bar.locator(".text")).to_be_hidden()
        bar.get_by_role("button", name="Next").click()
        expect(bar.locator(".text")).to_be_visible()
