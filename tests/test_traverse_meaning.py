"""What Traverse shows of what a dimension means: names, the evidence, what the posterior leaves open, directions."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from bvae.factors import FACTORS, measure
from bvae.runs import Run, name_dimension, write_json
from pages.parts.live import open_live
from tests.bench import Bench, OnBench
from tests.browsing import canvases, expect_pictures, frames, grey, until
from tests.conftest import serve
from tests.measured import measured

YOURS = "<b>mine</b> " + "W" * 28  # as long as a name can be


@pytest.fixture(scope="module")
def run(trained_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was measured at two epochs, and in which a person has named the fourth dimension."""
    path = tmp_path_factory.mktemp("measured") / "one"
    shutil.copytree(trained_run.path, path)
    run = Run(path)
    write_json(path / "metrics.json", measured(run, 1, 100))
    name_dimension(run, ranked(run)[3], YOURS)
    return run


def ranked(run: Run) -> list[int]:
    """Its dimensions by falling KL at the last epoch."""
    return np.argsort(-np.array(run.history()[-1].kl_per_dimension), kind="stable").tolist()


@pytest.fixture
def mounted(bench: Bench, run: Run) -> Callable[..., Page]:
    def mount(**data: Any) -> Page:
        site = OnBench(bench, run, **data)
        site.open("traverse")
        expect(bench.page.locator(".traverse:not([aria-busy])")).to_be_visible()
        return bench.page

    return mount


def row(page: Page, dimension: int) -> Locator:
    return page.locator(".slider").filter(has=page.get_by_role("slider", name=re.compile(rf"^z{dimension},")))


def test_names_stand_wherever_a_dimension_does(mounted: Callable[..., Page], run: Run) -> None:
    page, (first, second, _, fourth, fifth, *_) = mounted(), ranked(run)
    kl = run.history()[-1].kl_per_dimension
    expect(row(page, first).get_by_role("slider")).to_have_attribute(
        "aria-label", f"z{first}, thickness (and area), {kl[first]:.2f} nats"
    )
    names = {first: "thickness + area", second: "slant", fourth: YOURS, fifth: "unnamed"}
    for dimension, name in names.items():
        expect(row(page, dimension).locator(".called")).to_have_text(name)
    assert page.locator(".slider b").count() == 0, "a name is no HTML"
    expect(page.locator("#strip-title")).to_have_text(
        f"Along z{first} · thickness (and area), everything else as it is"
    )
    expect(page.locator(".pad-across")).to_have_text(f"z{first} · thickness (and area)")
    expect(page.locator(".pad-up")).to_have_text(f"z{second} · slant")
    expect(page.locator("select.up option").nth(3)).to_have_text(f"z{fourth} · {YOURS}")
    heads = page.locator(".row-head")
    expect(heads.nth(1)).to_have_text(f"z{second} slant{kl[second]:.2f} nats")
    expect(heads.nth(4)).to_have_text(f"z{fifth} {kl[fifth]:.2f} nats")
    inside = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert inside, "a long name is cut"


def test_a_name_is_that_of_the_epoch_and_a_persons_stays(mounted: Callable[..., Page], run: Run) -> None:
    page, (first, _, _, fourth, *_) = mounted(), ranked(run)
    clock = page.get_by_role("slider", name="Epoch", exact=True)
    clock.focus()
    page.keyboard.press("Home")
    expect(row(page, first).locator(".called")).to_have_text("")
    expect(row(page, fourth).locator(".called")).to_have_text(YOURS)
    expect(page.locator("#strip-title")).to_have_text(f"Along z{first}, everything else as it is")
    row(page, first).locator(".name").click()
    expect(page.locator(".evidence")).to_contain_text("Nothing has been measured of it at epoch 0 yet.")
    clock.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".evidence")).not_to_contain_text("yet")


def test_enter_on_a_slider_unfolds_the_evidence(mounted: Callable[..., Page], run: Run) -> None:
    page, (first, second, *others) = mounted(), ranked(run)
    slider = row(page, second).get_by_role("slider")
    slider.focus()
    page.keyboard.press("Enter")
    panel = page.locator(".evidence")
    expect(panel.get_by_role("heading")).to_have_text(f"z{second} · slant")
    expect(panel).to_contain_text(
        f"z{second} was moved from −1.5 to 1.5 in 200 digits, all else kept, and what was decoded was measured. Slant "
        "changes by 3.0 standard deviations of the test images, the same way in 100 % of them. Of all change, 87 % is "
        "that of slant."
    )
    expect(panel.get_by_role("row").filter(has_text="slant")).to_have_text("slant−3.0 ± 0.02100 %−14.0°")
    expect(panel.get_by_role("row").filter(has_text="width")).to_have_text("width+0.4 ± 0.0260 %+0.5\u00a0px")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(slider).to_be_focused()

    row(page, first).locator(".name").click()
    expect(panel.get_by_role("heading")).to_have_text(f"z{first} · thickness (and area)")
    page.get_by_text("dimensions carry nothing").click()
    row(page, others[-1]).locator(".name").click()
    expect(panel).to_have_count(1)
    expect(panel).to_contain_text("It carries nothing: whatever its value, the picture stays as it is.")
    expect(panel.get_by_role("table")).to_be_hidden()


def test_a_person_names_a_slider(mounted: Callable[..., Page], bench: Bench, run: Run) -> None:
    page, (_, second, _, fourth, *_) = mounted(), ranked(run)
    row(page, second).locator(".name").click()
    field = page.get_by_label("Call it")
    expect(field).to_have_attribute("placeholder", "slant")
    field.fill("  leans over ")
    field.press("Enter")
    until(page, lambda: bool(bench.said("name")), lambda: "nothing was told of the name")
    assert {key: value for key, value in bench.said("name")[-1].items() if key != "at"} == {
        "dimension": second,
        "name": "leans over",
    }
    row(page, fourth).locator(".name").click()
    expect(field).to_have_value(YOURS)
    expect(page.locator(".evidence h3")).to_contain_text("yours; measured: nothing that is measured")
    field.fill("")
    page.get_by_role("button", name="Keep").click()
    until(page, lambda: len(bench.said("name")) == 2, lambda: "nothing was told of the empty name")
    assert bench.said("name")[-1]["name"] == ""


def test_a_name_is_kept_with_the_run_and_stands_on_every_page(page: Page, run: Run, tmp_path: Path) -> None:
    """The way through Python and back, in a real session."""
    shutil.copytree(run.path, tmp_path / "runs" / "one", ignore=shutil.ignore_patterns("names.json"))
    copied, (first, second, *_) = Run(tmp_path / "runs" / "one"), ranked(run)
    with serve(tmp_path / "runs", tmp_path / "log") as app:
        page.goto(f"{app}/traverse?run=one")
        row(page, second).locator(".name").click()
        page.get_by_label("Call it").fill("leans over")
        page.get_by_label("Call it").press("Enter")
        expect(row(page, second).locator(".called")).to_have_text("leans over")
        expect(page.locator(".evidence h3")).to_have_text(f"z{second} · leans over yours; measured: slant")
        assert copied.names() == {second: "leans over"}
        page.goto(f"{app}/?run=one")
        expect(row(page, second).locator(".called")).to_have_text("leans over")
        row(page, second).get_by_role("slider").press("Enter")
        page.get_by_label("Call it").fill("")
        page.get_by_role("button", name="Keep", exact=True).click()
        expect(row(page, second).locator(".called")).to_have_text("slant")
        assert copied.names() == {}
        expect(row(page, first).locator(".called")).to_have_text("thickness + area")


def test_where_nothing_may_be_changed_it_says_why(mounted: Callable[..., Page], run: Run) -> None:
    page = mounted(read_only="This app is for exploring only.")
    row(page, ranked(run)[0]).locator(".name").click()
    expect(page.locator(".evidence .note")).to_have_text("This app is for exploring only.")
    expect(page.get_by_label("Call it")).to_be_hidden()


def test_a_run_of_which_nothing_is_known_looks_as_it_did(bench: Bench, trained_run: Run, tmp_path: Path) -> None:
    shutil.copytree(trained_run.path, tmp_path / "one", ignore=shutil.ignore_patterns("metrics.json"))
    run = Run(tmp_path / "one")
    OnBench(bench, run).open("traverse")
    page, first = bench.page, ranked(run)[0]
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    expect(row(page, first).locator(".name")).to_have_text(f"z{first}")
    assert row(page, first).locator(".name").evaluate("(name) => name.parentElement.firstChild === name")
    assert "named" not in (page.locator(".traverse").get_attribute("class") or "")
    expect(page.locator(".directions")).to_be_hidden()
    row(page, first).locator(".name").click()
    expect(page.locator(".evidence")).to_contain_text("Nothing has been measured of it at epoch 100 yet.")
    expect(page.get_by_label("Call it")).to_be_visible()


# The posterior ---------------------------------------------------------------------------------------------------


def test_the_width_of_the_posterior_lies_on_each_rail(mounted: Callable[..., Page], run: Run) -> None:
    page = mounted()
    space = open_live(run, run.name).space
    said = page.locator(".source-text").inner_text()
    start = int(re.findall(r"image (\d+)", said)[0])
    place = int(np.flatnonzero(run.probe().indices == start)[0])
    mean, log_variance = (array[place] for array in run.latents(100))
    assert start in space.indices
    page.get_by_text("dimensions carry nothing").click()
    for dimension in (ranked(run)[0], ranked(run)[-1]):
        track = row(page, dimension).locator(".track").bounding_box()
        band = row(page, dimension).locator(".width").bounding_box()
        assert track
        assert band
        deviation = float(np.exp(log_variance[dimension] / 2))
        ends = np.array([-deviation, deviation]) + mean[dimension]
        expected = track["x"] + 8 + (ends + 4) / 8 * (track["width"] - 16)
        assert np.allclose([band["x"], band["x"] + band["width"]], expected, atol=2.5)
    page.get_by_role("button", name="Origin").click()
    expect(row(page, ranked(run)[0]).locator(".width")).to_be_hidden()
    every = page.get_by_role("radio", name="in every dimension")
    expect(every).to_have_attribute("aria-disabled", "true")
    expect(every).to_have_attribute("aria-description", re.compile("The start is no image"))


def picture(page: Page) -> np.ndarray:
    return grey(page.get_by_role("img", name="Decoded image"))


def test_draws_where_nothing_is_carried_move_the_thumbs_and_not_the_picture(
    mounted: Callable[..., Page], run: Run
) -> None:
    page = mounted()
    before, last = picture(page), ranked(run)[-1]
    drawn = row(page, last)
    page.get_by_label("only where nothing is carried").check()
    expect(drawn).to_be_visible()

    def value() -> str:
        return str(drawn.evaluate("(row) => row.style.getPropertyValue('--drawn')"))

    until(page, lambda: value() != "", lambda: "nothing was drawn")
    first = value()
    until(page, lambda: value() != first, lambda: "it was drawn once and not again")
    assert np.abs(picture(page) - before).max() < 12, "of 255"

    page.get_by_label("in every dimension").check()
    until(page, lambda: float(np.abs(picture(page) - before).max()) > 40, lambda: "draws in all of them change nothing")
    page.get_by_label("no", exact=True).check()
    frames(page, 3)
    assert np.array_equal(picture(page), before)


def test_who_asked_for_less_motion_gets_draws_that_stand_still(mounted: Callable[..., Page], run: Run) -> None:
    page = mounted()
    before = picture(page)
    page.emulate_media(reduced_motion="reduce")
    page.get_by_label("in every dimension").check()
    drawn = page.get_by_role("img", name="12 pictures, decoded from draws in every dimension")
    expect(drawn).to_be_visible()
    frames(page, 30)
    assert np.array_equal(picture(page), before)
    images = canvases(drawn.locator("canvas"))
    assert images.shape == (12, 784)
    assert np.ptp(images, axis=0).max() > 40


# Directions ------------------------------------------------------------------------------------------------------


def test_a_direction_moves_the_code_by_its_vector(mounted: Callable[..., Page], bench: Bench, run: Run) -> None:
    page = mounted()
    details = page.locator(".directions")
    expect(details.locator("summary")).to_have_text(
        "Directions: thicker, more slanted, wider, taller, longer line, more ink"
    )
    slider = page.get_by_role("slider", name=re.compile("^thicker"), include_hidden=True)
    expect(slider).to_be_hidden()
    details.locator("summary").click()
    found = measured(run, 100)["epochs"]["100"]["directions"]["thickness"]
    expect(slider).to_have_attribute("aria-label", f"thicker, R² 0.70, 24° from z{found['axis']}")

    def code() -> np.ndarray:
        return np.array(bench.said("cursor")[-1]["z"])

    row(page, ranked(run)[0]).get_by_role("slider").press("ArrowRight")  # so that Python is told where it is
    until(page, lambda: bool(bench.said("cursor")), lambda: "nothing was told")
    before = code()
    slider.fill("2")
    slider.dispatch_event("change")
    until(page, lambda: len(bench.said("cursor")) > 1, lambda: "nothing was told of the direction")
    assert np.allclose(code(), before + 2 * np.array(found["vector"]), atol=1e-5)
    decoded = run.model(100).decode(torch.tensor(code()[None].astype(np.float32))).numpy().reshape(-1) * 255
    expect_pictures(page, lambda: picture(page), decoded)
    slider.press("Delete")
    until(page, lambda: len(bench.said("cursor")) > 2, lambda: "nothing was told of the way back")
    assert np.allclose(code(), before, atol=1e-5)
    slider.fill("1")
    page.get_by_role("button", name="Reset all").click()
    expect(slider).to_have_value("0")


@pytest.mark.parametrize(("width", "scheme"), [(1040, "light"), (390, "dark")])
def test_what_unfolds_is_accessible_and_within_the_window(
    mounted: Callable[..., Page], bench: Bench, run: Run, width: int, scheme: Literal["light", "dark"]
) -> None:
    bench.page.set_viewport_size({"width": width, "height": 900})
    bench.page.emulate_media(reduced_motion="reduce")
    page = mounted()
    bench.dress(scheme)
    row(page, ranked(run)[0]).locator(".name").click()
    page.locator(".directions summary").click()
    page.get_by_label("in every dimension").check()
    found = Axe().run(page)
    of_a_blank_page = ("html-has-lang", "landmark-one-main", "page-has-heading-one", "region")
    said = [
        f"{rule['id']}: {rule['help']}" for rule in found.response["violations"] if rule["id"] not in of_a_blank_page
    ]
    assert not said
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    rows = [box for each in page.locator(".slider.direction").all() if (box := each.bounding_box())]
    texts = [
        (box, number)
        for number, each in enumerate(page.locator(".slider.direction").all())
        for part in each.locator(".name, .fit, .value").all()
        if (box := part.bounding_box())
    ]
    assert len(rows) == 6
    for box, number in texts:
        inside = rows[number]
        assert box["y"] >= inside["y"] - 1
        assert box["y"] + box["height"] <= inside["y"] + inside["height"] + 1


# What the names promise ------------------------------------------------------------------------------------------


def test_a_slider_of_the_bundled_run_changes_what_it_is_called_by_more_than_anything_else(
    bench: Bench, trained_run: Run
) -> None:
    """Ten digits, each dragged from end to end of where its name was found, and measured as they stand on the page."""
    record = (trained_run.metrics() or {})["epochs"]["100"]
    named = {each["index"]: each["evidence"] for each in record["dimensions"] if each["evidence"]["factor"]}
    assert {evidence["factor"] for evidence in named.values()} >= {"thickness", "slant", "width"}
    OnBench(bench, trained_run).open("traverse")
    page = bench.page
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    pictures: dict[int, list[np.ndarray]] = {dimension: [] for dimension in named}
    for name in trained_run.class_names:
        page.get_by_role("radio", name=f"Class {name}").click()
        for dimension, evidence in named.items():
            slider = row(page, dimension).get_by_role("slider")
            home = slider.input_value()
            for end in evidence["range"]:
                slider.fill(f"{round(end / 0.05) * 0.05:.2f}")
                pictures[dimension].append(picture(page).reshape(trained_run.image_shape))
            slider.fill(home)
    for dimension, evidence in named.items():
        values = measure(np.array(pictures[dimension], np.uint8), processes=1)
        effects = {
            factor: np.diff(values[factor].reshape(-1, 2)).mean() / record["factors"][factor]["standard_deviation"]
            for factor in FACTORS
        }
        assert max(effects, key=lambda factor: abs(effects[factor])) == evidence["factor"], effects
        assert abs(effects[evidence["factor"]]) >= 1
