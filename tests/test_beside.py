"""Runs beside each other: on the bench, and as Python prepares them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from bvae.browser.live import LiveRun
from bvae.metrics.pairing import paired
from bvae.numpy_model import decode
from bvae.runs import Run, find_run, write_json, write_tensors
from bvae.tests.turned import turned
from pages.parts.beside import sides_of
from pages.parts.cursor import Cursor, Start, check_cursor, image_cursor, nearest
from pages.parts.guests import in_run
from pages.parts.live import open_live
from tests.bench import Bench, live_data
from tests.browsing import canvases, comes_true, expect_address, expect_pictures, frames, in_address, until
from tests.conftest import serve

DRAWS = np.random.default_rng(3)
ORDER, SIGNS = DRAWS.permutation(20), DRAWS.choice([-1, 1], 20)
NAMES = ("mnist-beta1", "mnist-beta4", "mnist-beta10")

# Every dimension is moved to two places in the run that leads and one in the other: the largest differences of a pixel.
DRAG_BOTH = """async ([keys, told]) => {
  const { Pairing } = await import("/beside/pairing.js");
  const { Codes } = await import("/beside/codes.js");
  const [lead, other] = keys.map((key) => betaVaeLive.runs.find(key));
  const pairing = new Pairing(told, other.latentDim);
  const codes = new Codes([Pairing.own(lead.latentDim), pairing], 0);
  const place = 5;
  const found = [];
  for (let dimension = 0; dimension < lead.latentDim; dimension++) {
    for (const [side, value] of [[0, 2.5], [0, -1.7], [1, 2.2]]) {
      codes.begin([lead, other].map((run) => run.mean(run.last, place).slice()), lead.mean(lead.last, place));
      const moved = side ? pairing.partners[dimension].dimension : dimension;
      codes.move(side, moved, value);
      const pictures = [lead, other].map((run, at) => run.decoder(run.last).decode(codes.all[at]).slice());
      const differences = pictures[0].map((pixel, i) => Math.abs(pixel - pictures[1][i]));
      found.push(Math.max(...differences));
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A bundled run whose dimensions were put into another order, and some of them upside down."""
    return turned(find_run("mnist-beta10"), tmp_path_factory.mktemp("runs") / "turned", ORDER, SIGNS)


class OnBench:
    """Runs beside each other on a blank page."""

    def __init__(
        self, bench: Bench, runs: Sequence[Run], lead: int, cursor: Cursor | None = None, whole: bool = True
    ) -> None:
        """
        Args:
            whole: whether the other runs' weights of all epochs are there from the first.
        """
        self.bench = bench
        self.runs = [open_live(run, run.name) for run in runs]
        self.lead = self.runs[lead]
        self.cursor = cursor or image_cursor(self.lead.space)
        for run in self.runs:
            if whole or run is self.lead:
                bench.publish_run(run)
            else:
                assert bench.publish("runs", run.head) == ""
        sides = sides_of(self.runs, self.lead, self.cursor)
        self.data = live_data(self.lead, cursor=self.cursor, runs=sides, few=6, factors=[], compact=False)
        self.element = bench.mount("beside", self.data)
        expect(self.element.locator(".beside")).not_to_have_attribute("aria-busy", "true")
        frames(bench.page, 3)

    def pictures(self) -> np.ndarray:
        return canvases(self.element.locator(".side .decoded"))

    def side(self, place: int) -> Locator:
        return self.element.locator(".side").nth(place)

    def slider(self, place: int, dimension: int) -> Locator:
        return self.side(place).get_by_role("slider", name=re.compile(rf": z{dimension}(,|$)"), include_hidden=True)

    def value(self, place: int, dimension: int) -> float:
        return float(self.slider(place, dimension).get_attribute("aria-valuetext").replace("−", "-"))  # type: ignore[union-attr]

    def move(self, place: int, dimension: int, value: float) -> None:
        """As a drag does, to a value and no further."""
        self.slider(place, dimension).evaluate(
            "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true }));"
            " input.dispatchEvent(new Event('change', { bubbles: true })); }",
            value,
        )
        frames(self.bench.page, 4)

    def told(self) -> Cursor:
        return check_cursor(self.bench.said("cursor")[-1], self.lead.space)


def decoded(live: LiveRun, code: Sequence[float] | np.ndarray, epoch: int) -> np.ndarray:
    """What a run draws of a code, (1, H·W), 0 to 255."""
    return 255 * decode(*Run(live.path).decoder(epoch), np.asarray(code, np.float32)[None]).reshape(1, -1)


def test_a_hand_moves_a_turned_copy_to_the_same_pictures(bench_page: Page, other: Run) -> None:
    bench, run = Bench(bench_page), find_run("mnist-beta10")
    lives = [open_live(each, each.name) for each in (run, other)]
    for live in lives:
        bench.publish_run(live)
    found = paired(run, other, (run.snapshot(), other.snapshot()))
    told = {name: getattr(found, name).tolist() for name in ("dimension", "sign", "strength", "scale")}
    differences = bench_page.evaluate(DRAG_BOTH, [[live.key for live in lives], told])
    assert len(differences) == 60
    assert max(differences) < 1e-3


def test_three_runs_follow_one_hand_as_far_as_they_are_paired(bench: Bench) -> None:
    """One visit: what is shown at first, a drag in the run that leads and in another, alone, and back again."""
    runs = [find_run(name) for name in NAMES]
    shown = OnBench(bench, runs, 1)
    lead, start = shown.lead, shown.cursor["start"]
    epochs = [nearest(shown.cursor["epoch"], live.space.epochs) for live in shown.runs]
    places = [int(np.flatnonzero(live.space.indices == start["index"])[0]) for live in shown.runs]
    codes = [np.array(live.space.means[epoch][at]) for live, epoch, at in zip(shown.runs, epochs, places, strict=True)]
    expected = np.concatenate([decoded(*each) for each in zip(shown.runs, codes, epochs, strict=True)])
    expect_pictures(bench.page, shown.pictures, expected)
    for place, epoch in enumerate(epochs):
        remark = "" if epoch == shown.cursor["epoch"] else f", its nearest to {shown.cursor['epoch']}"
        expect(shown.side(place).locator(".where")).to_have_text(f"{NAMES[place]}, epoch {epoch}{remark}")

    pairs = [shown.data["runs"][place]["pairing"] for place in (0, 2)]
    strongest = int(np.argmax(np.minimum(*(np.array(each["strength"]) for each in pairs))))
    value = codes[1][strongest] - 1
    shown.move(1, strongest, round(float(value), 2))
    by = shown.told()["z"][strongest] - codes[1][strongest]
    assert abs(by + 1) < 0.05
    for place, pairing in zip((0, 2), pairs, strict=True):
        dimension = pairing["dimension"][strongest]
        codes[place][dimension] += by * pairing["sign"][strongest] * pairing["scale"][strongest]
        assert abs(shown.value(place, dimension) - codes[place][dimension]) < 0.006
    codes[1][strongest] += by
    expected = np.concatenate([decoded(*each) for each in zip(shown.runs, codes, epochs, strict=True)])
    expect_pictures(bench.page, shown.pictures, expected)
    np.testing.assert_allclose(shown.told()["z"], codes[1], atol=1e-5)

    # In another run: the one that leads is told, since it is the cursor.
    dimension = pairs[1]["dimension"][strongest]
    shown.move(2, dimension, 0.5)
    factor = pairs[1]["sign"][strongest] * pairs[1]["scale"][strongest]
    base = lead.space.means[epochs[1]][places[1]][strongest]
    own = shown.runs[2].space.means[epochs[2]][places[2]][dimension]
    assert abs(shown.told()["z"][strongest] - (base + (0.5 - own) / factor)) < 1e-4

    before = shown.pictures()
    shown.element.get_by_label("Move paired dimensions together").uncheck()
    assert bench.said("memory")[-1]["memory"]["pairs"] is False
    assert not shown.element.locator(".none").count(), "unpaired, every run has all of its own"
    shown.move(0, 0, 2.5)
    after = shown.pictures()
    assert np.abs(after[0] - before[0]).max() > 5
    assert np.array_equal(after[1:], before[1:]), "alone"
    shown.element.get_by_label("Move paired dimensions together").check()
    shown.element.get_by_role("button", name="Reset all").click()
    frames(bench.page, 4)
    np.testing.assert_allclose(shown.told()["z"], lead.space.means[epochs[1]][places[1]], atol=1e-6)


def test_image_noise_epoch_and_walk_are_the_same_in_every_run(bench: Bench, other: Run) -> None:
    """By a run and its turned copy, which must draw the same whatever is asked for."""
    run = find_run("mnist-beta10")
    shown = OnBench(bench, [run, other], 0)

    def same() -> np.ndarray:
        frames(bench.page, 6)
        pictures = shown.pictures()
        assert np.abs(pictures[0] - pictures[1]).max() <= 1, "one level of grey by rounding"
        return pictures[0]

    first = same()
    shown.element.get_by_role("radio", name="Class 7").check(force=True)
    seven = same()
    assert np.abs(seven - first).max() > 50
    index = shown.told()["start"]["index"]
    assert shown.lead.space.labels[shown.lead.space.indices == index] == [7]
    expect(shown.element.locator(".original-text")).to_have_text(f"Test image {index}, class 7")
    shown.element.get_by_role("radio", name="Class 7").click(force=True)
    assert shown.told()["start"]["index"] != index, "the next of its class"

    shown.element.get_by_role("button", name="Noise").click()
    noise = same()
    assert shown.told()["start"]["kind"] == "random"
    assert np.abs(noise - seven).max() > 50
    shown.element.get_by_role("radio", name="Class 7").check(force=True)
    epoch = shown.element.get_by_role("slider", name="Epoch", exact=True)
    epoch.press("Home")
    same()
    until(bench.page, lambda: shown.told()["epoch"] == 0, lambda: "the epoch was not told")
    epoch.press("End")

    shown.element.get_by_role("radio", name="A walk to another image").check()
    share = shown.element.get_by_role("slider", name="Share of the way")
    assert bench.said("memory")[-1]["memory"]["show"] == "walk"
    shown.element.get_by_role("radio", name="Class 1", exact=True).last.check(force=True)
    end = bench.said("memory")[-1]["memory"]["to"]
    assert shown.lead.space.labels[shown.lead.space.indices == end] == [1]
    share.press("End")
    there = same()
    code = shown.lead.space.means[run.snapshot()][shown.lead.space.indices == end][0]
    assert np.abs(there - decoded(shown.lead, code, run.snapshot())[0]).max() <= 1
    assert bench.said("memory")[-1]["memory"]["share"] == 1
    until(bench.page, lambda: not shown.element.locator(".steps[aria-busy]").count(), lambda: "steps stayed undrawn")
    steps = canvases(shown.element.locator(".steps canvas")).reshape(2, 16, -1)
    assert np.abs(steps[0] - steps[1]).max() <= 1
    assert np.abs(steps[0, 15] - there).max() <= 1
    shown.element.get_by_role("button", name="turned: step 1 of 16").click()
    assert bench.said("memory")[-1]["memory"]["share"] == 0
    assert np.abs(same() - steps[0, 0]).max() <= 1


def test_a_run_with_fewer_dimensions_follows_as_far_as_it_has_them_and_when_its_weights_are_here(
    bench: Bench, tmp_path: Path
) -> None:
    run = find_run("mnist-beta10")
    carries = np.argsort(run.history()[-1].kl_per_dimension)[::-1]
    fewer = turned(run, tmp_path / "fewer", carries[:12], SIGNS[:12])  # what is left out carries nothing
    shown = OnBench(bench, [run, fewer], 0, whole=False)

    def apart() -> float:
        frames(bench.page, 6)
        pictures = shown.pictures()
        return float(np.abs(pictures[0] - pictures[1]).max())

    assert apart() <= 3
    expect(shown.side(1).locator(".more .none")).to_have_count(8)
    shown.move(0, int(carries[0]), 2)
    shown.move(0, int(carries[15]), 2)
    assert apart() <= 3
    shown.element.get_by_role("button", name="Noise").click()
    assert len(shown.told()["z"]) == 20

    shown.element.get_by_role("radio", name="Class 7").check(force=True)
    shown.element.get_by_role("slider", name="Epoch", exact=True).press("Home")
    where, last = shown.side(1).locator(".where"), run.snapshot()
    expect(where).to_have_text(f"fewer, epoch {last}, until 0 is here")
    assert bench.publish("runs", shown.runs[1].rest) == ""
    expect(where).to_have_text("fewer, epoch 0")
    code = shown.runs[1].space.means[0][shown.runs[1].space.indices == shown.told()["start"]["index"]][0]
    frames(bench.page, 6)
    assert np.abs(shown.pictures()[1] - decoded(shown.runs[1], code, 0)[0]).max() <= 1


def test_what_cannot_be_paired_stands_beside_it_all_the_same_and_says_why(bench: Bench, tmp_path: Path) -> None:
    run = find_run("mnist-beta10")
    apart = Run(shutil.copytree(run.path, tmp_path / "apart"))
    record = run.record()
    record["config"]["dataset"] = "fashion-mnist"
    write_json(apart.path / "config.json", record)
    shown = OnBench(bench, [run, Run(apart.path)], 0)
    expect(shown.side(1)).to_contain_text("learned from mnist and apart from fashion-mnist: no image has a")
    expect(shown.element.locator(".together")).to_be_hidden()
    before = shown.pictures()
    shown.move(0, int(np.argmax(np.abs(shown.cursor["z"]))), -2)
    after = shown.pictures()
    assert np.abs(after[0] - before[0]).max() > 5
    assert np.array_equal(after[1], before[1])
    shown.element.get_by_role("radio", name="A walk to another image").check()  # of its own images
    until(bench.page, lambda: not shown.element.locator(".steps[aria-busy]").count(), lambda: "steps stayed undrawn")


def test_an_image_that_a_run_does_not_follow_is_encoded_by_it(bench: Bench, tmp_path: Path) -> None:
    run = find_run("mnist-beta10")
    away = Run(shutil.copytree(run.path, tmp_path / "away"))
    images, labels, indices = away.probe()
    write_tensors(away.path / "probe.safetensors", {"images": images, "labels": labels, "indices": indices + 100_000})
    start = Start(kind="digit", index=int(indices[17]))
    live = open_live(run, run.name)
    shown = OnBench(bench, [run, away], 0, image_cursor(live.space, start))
    pictures = shown.pictures()
    assert np.abs(pictures[0] - pictures[1]).max() <= 1, "the same weights, and so the same code"
    assert shown.element.locator(".starts .thumbnail").count() == 1, "no other image is in both"

    # A drawing is encoded by each, too.
    drawing = live.space.guest("digit", int(indices[40]))
    assert drawing
    drawn = [
        in_run(replace(drawing, kind="drawing", label=-1), each.path, each.key, each.space.epochs)
        for each in shown.runs
    ]
    guests = [[each.packed()] for each in drawn if each]
    start = Start(kind="drawing", index=int(indices[40]))
    cursor = shown.cursor | {"start": start, "z": drawn[0].mean[-1].tolist()}  # type: ignore[union-attr]
    sides = [side | {"guests": each} for side, each in zip(shown.data["runs"], guests, strict=True)]
    bench.redraw(shown.data | {"cursor": cursor, "revision": 2, "guests": guests[0], "runs": sides})
    expect(shown.element.locator(".original-text")).to_have_text("Your drawing, as the models see it")
    frames(bench.page, 6)
    drawings = shown.pictures()
    assert np.abs(drawings[0] - drawings[1]).max() <= 1
    assert np.abs(drawings - pictures).max() > 50


def test_on_a_page_about_another_run_it_asks_for_runs_once_all_of_that_one_is_here(bench: Bench) -> None:
    live = open_live(find_run("mnist-beta10"), "mnist-beta10")
    bench.mount("beside", {"key": live.key, "runs": []})
    assert bench.publish("runs", live.head) == ""
    frames(bench.page, 3)
    assert bench.said("asked") == []
    assert bench.publish("runs", live.rest) == ""
    comes_true(bench.page, "said.length === 1")
    assert bench.said("asked") == [live.key]


def test_it_asks_for_runs_only_once_hand_and_app_rest_since_a_click_may_lead_to_another_page(bench: Bench) -> None:
    live = open_live(find_run("mnist-beta10"), "mnist-beta10")
    bench.mount("beside", {"key": live.key, "runs": []})
    bench.page.evaluate("""() => {
        const app = document.body;
        app.dataset.testid = "stApp";
        app.dataset.testScriptState = "running";
        globalThis.clickedAt = Infinity;
        document.addEventListener("click", () => { clickedAt = performance.now(); });
    }""")
    bench.publish_run(live)
    frames(bench.page, 6)
    assert bench.said("asked") == []
    bench.page.mouse.click(2, 2)
    bench.page.evaluate("document.body.dataset.testScriptState = 'notRunning'")
    comes_true(bench.page, "said.length === 1")
    assert bench.page.evaluate("performance.now() - clickedAt") >= 1000


# In the app ------------------------------------------------------------------------------------------------------


def test_home_shows_its_image_under_three_betas_and_what_is_moved_there_stays_there(page: Page, app: str) -> None:
    page.goto(app)
    shown = page.locator(".beside:not([aria-busy])")
    expect(shown.locator(".side")).to_have_count(3)
    for place, (beta, said) in enumerate(((1, "The sharpest"), (4, "A little blurred"), (10, "The most blurred"))):
        expect(shown.locator(".side").nth(place)).to_contain_text(f"β = {beta}")
        expect(shown.locator(".said").nth(place)).to_contain_text(said)
    expect(shown.locator(".side").nth(1).locator(".few .name").first).to_contain_text("slant")
    above = page.locator(".traverse .slider input").first
    below = shown.get_by_role("slider", name=re.compile(r"^mnist-beta4: z2,"))
    before = canvases(shown.locator(".decoded"))
    above.press("ArrowRight")  # z2, which carries most
    expect(below).to_have_attribute("aria-valuetext", above.get_attribute("aria-valuetext") or "")
    assert (np.abs(canvases(shown.locator(".decoded")) - before).max(1) > 0).all(), "in all three"

    expect_address(page, "z", bool)
    address, value = page.url, above.get_attribute("aria-valuetext")
    below.press("PageUp")
    shown.get_by_role("radio", name="Class 7").check(force=True)
    expect(shown.locator(".original-text")).to_contain_text("class 7")
    frames(page, 10)
    assert page.url == address
    assert above.get_attribute("aria-valuetext") == value

    page.goto(f"{app}/?run=mnist-beta1")
    expect(shown.locator(".pairing-note")).to_contain_text("Paired with the dimensions of mnist-beta1")


def test_what_an_address_got_wrong_is_said_on_home_until_somebody_does_something(page: Page, app: str) -> None:
    page.goto(f"{app}/?run=no-such-run&epoch=77777&lesson=none&step=1")
    sentences = ("There is no run named “no-such-run”", "The address asks for epoch “77777”", "no lesson named 'none'")
    expect(page.locator(".beside:not([aria-busy]) .side")).to_have_count(3)  # for which the page is drawn a second time
    told = page.get_by_test_id("stAlert")
    for sentence in sentences:
        expect(told.filter(has_text=sentence)).to_be_visible()
    expect(told).to_have_count(len(sentences))
    page.locator(".sliders.active input[type=range]").first.press("ArrowRight")
    expect(told).to_have_count(0)


def test_compare_stands_runs_beside_the_selected_one_and_the_address_has_all_of_it(
    page: Page, tmp_path: Path, other: Run
) -> None:
    """One visit: what an address asks for, what a person changes, back in history, and a run that is deleted."""
    runs = tmp_path / "runs"
    shutil.copytree(other.path, runs / "turned")
    with serve(runs, tmp_path / "log") as address:
        page.goto(
            f"{address}/compare?run=mnist-beta10&beside=turned,mnist-beta1,none&pairs=off"
            "&show=x&share=2&to=999999&moved2=1_2"
        )
        shown = page.locator(".beside:not([aria-busy])")
        expect(shown.locator(".side")).to_have_count(3)
        expect(shown.locator(".side h3")).to_have_text(["β = 10", "β = 10", "β = 1"])
        told = page.get_by_test_id("stAlert")
        expect(told.filter(has_text="no run named “none”")).to_be_visible()
        problems = shown.locator(".asked-problems p")
        expect(problems).to_have_count(4)
        parts = ("“x” of what", "“2” of the share", "image 999999,", "The codes that")
        for sentence, part in zip(problems.all_inner_texts(), parts, strict=True):
            assert part in sentence
        pairs = shown.get_by_label("Move paired dimensions together")
        expect(pairs).not_to_be_checked()
        pairs.check()
        expect_address(page, "pairs", lambda text: text is None)
        assert in_address(page, "moved2") is None
        assert in_address(page, "beside") == "turned,mnist-beta1"
        expect(told).to_have_count(1)  # until other runs are picked

        slider = shown.locator(".side").first.get_by_role("slider").first
        before = page.url
        slider.press("PageUp")
        until(page, lambda: page.url != before, lambda: "the code did not come into the address")
        pictures = canvases(shown.locator(".decoded"))
        assert np.abs(pictures[0] - pictures[1]).max() <= 1, "the copy has moved along"
        shown.get_by_role("radio", name="A walk to another image").check()
        expect_address(page, "show", lambda text: text == "walk")
        page.go_back()
        expect(shown.get_by_role("radio", name="Sliders")).to_be_checked()
        frames(page, 10)
        assert np.abs(canvases(shown.locator(".decoded")) - pictures).max() <= 1
        assert in_address(page, "show") is None

        shutil.rmtree(runs / "turned")
        pairs.uncheck()
        expect(told.filter(has_text="no run named “turned” to stand beside mnist-beta10")).to_be_visible()
        expect(shown.locator(".side")).to_have_count(2)

        page.get_by_role("button", name="Films of mnist-beta10 and mnist-beta1").click()
        page.get_by_role("heading", name="Clusters", level=1).wait_for()
        expect(page.get_by_test_id("stMain")).to_contain_text("Film of mnist-beta1")
        expect_address(page, "beside", lambda text: text is None)
