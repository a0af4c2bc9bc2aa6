"""The Traverse page, used as a person uses it: in a real browser, on a really trained run."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode, urlparse

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from streamlit.testing.v1 import AppTest

from bvae.browser.spread import BINS, LEVELS, REACH, quantiles, whole
from bvae.runs import Run
from bvae.tests.sheets import tiles
from pages.parts.live import open_live
from tests.bench import Bench, OnBench
from tests.browsing import (
    HeldWeights,
    Session,
    Site,
    canvases,
    comes_true,
    downloaded,
    expect_all_weights,
    expect_pictures,
    frames,
    grey,
    rerun,
    until,
)
from tests.conftest import ROOT


class Traverse:
    """What a person sees and does on the page."""

    def __init__(self, site: Site) -> None:
        self.site, self.page, self.run = site, site.page, site.run
        page = site.page
        self.picture = page.get_by_role("img", name="Decoded image")
        self.epoch = page.get_by_role("slider", name="Epoch", exact=True)
        self.sign = page.locator(".sign").get_by_role("status")

    def open(self, **parameters: str) -> Traverse:
        self.site.open("traverse", **parameters)
        expect(self.page.locator(".traverse:not([aria-busy])")).to_be_visible()
        self.expect_address("z", lambda z: z is not None)
        return self

    def go(self, name: str) -> None:
        """To another page by its link in the sidebar, once the app has heard of what was done here."""
        expect(self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
        self.page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
        self.page.wait_for_url(f"**/{name.lower()}*")

    def slider(self, dimension: int) -> Locator:
        return self.page.get_by_role("slider", name=re.compile(rf"^z{dimension},"), include_hidden=True)

    def image(self) -> np.ndarray:
        """The decoded image on the page, (28, 28), 0 to 255."""
        return grey(self.picture).reshape(self.run.image_shape)

    def in_address(self, name: str) -> str | None:
        return self.site.in_address(name)

    def expect_address(self, name: str, check: Callable[[str | None], bool]) -> None:
        self.site.expect_address(name, check)

    def z(self) -> np.ndarray:
        """The code that the address carries, to three decimals."""
        return np.array([float(value) for value in (self.in_address("z") or "").split(",")])

    def expect_z(self, expected: np.ndarray) -> None:
        self.site.expect_z(expected)

    def start_code(self, epoch: int | None = None) -> np.ndarray:
        """The code at an epoch of the test image named in the address, (D,)."""
        place = np.flatnonzero(self.run.probe().indices == int(self.in_address("digit") or -1))[0]
        return self.run.latents(epoch).mean[place]

    def decoded(self, z: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """What PyTorch decodes of a code, (28, 28), 0 to 255."""
        return self.all_decoded(np.asarray(z)[None], epoch)[0]

    def all_decoded(self, codes: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """What PyTorch decodes of codes (N, D): (N, 28, 28), 0 to 255."""
        return self.run.model(epoch).decode(torch.tensor(codes.astype(np.float32))).numpy() * 255

    def expect_picture(self, z: np.ndarray, epoch: int | None = None, tolerance: float = 0.6) -> None:
        """The picture shows what PyTorch decodes."""
        expect_pictures(self.page, self.image, self.decoded(z, epoch), tolerance)

    def frames(self, count: int = 30) -> None:
        """Wait for frames: what is drawn in slices needs several."""
        frames(self.page, count)

    def active(self) -> list[int]:
        """Dimensions that carry something, by falling KL."""
        kl = self.run.history()[-1]["kl_per_dimension"]
        return [dimension for dimension in self.order() if kl[dimension] >= 0.01]

    def range(self, dimension: int, epoch: int | None = None) -> tuple[float, float]:
        """Where 99 % of the aggregate posterior lie along a dimension."""
        values = quantiles(*self.run.latents(epoch))[dimension]
        return float(values[0]), float(values[-1])

    def order(self) -> list[int]:
        """Dimensions by falling KL at the last epoch."""
        return np.argsort(-np.array(self.run.history()[-1]["kl_per_dimension"]), kind="stable").tolist()


@pytest.fixture
def traverse(bench: Bench, trained_run: Run) -> Traverse:
    return Traverse(OnBench(bench, trained_run))


@pytest.fixture
def visit(page: Page, app: str, trained_run: Run) -> Traverse:
    return Traverse(Session(page, trained_run, app))


def test_there_is_a_slider_for_every_dimension_in_order_of_what_it_carries(traverse: Traverse) -> None:
    traverse.open()
    kl = traverse.run.history()[-1]["kl_per_dimension"]
    passive = [dimension for dimension in traverse.order() if kl[dimension] < 0.01]
    active = [dimension for dimension in traverse.order() if kl[dimension] >= 0.01]
    assert active, "the run should have some, or this proves little"
    assert passive, "the run should have some, or this proves little"

    sliders = traverse.page.locator(".dimensions .sliders").get_by_role("slider", name="nats", include_hidden=True)
    labels = [slider.get_attribute("aria-label") or "" for slider in sliders.all()]
    names = [re.sub(r"(z\d+),.*,", r"\1,", label) for label in labels]  # without what they are called
    assert names == [f"z{dimension}, {kl[dimension]:.2f} nats" for dimension in active + passive]
    expect(traverse.slider(active[-1])).to_be_visible()
    expect(traverse.slider(passive[0])).to_be_hidden()
    traverse.page.get_by_text(f"{len(passive)} dimensions carry nothing").click()
    expect(traverse.slider(passive[0])).to_be_visible()


def test_what_a_hand_does_is_drawn_at_once_and_python_hears_of_it_after(visit: Traverse) -> None:
    visit.open()
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    drag(visit)
    what_the_epoch_scored(visit)
    visit.slider(visit.order()[0]).fill("1")
    visit.expect_address("z", lambda z: "1" in (z or "").split(","))
    assert urlparse(visit.page.url).path == "/traverse"
    the_same_position_again(visit, visit.run.epochs()[1])


def drag(visit: Traverse) -> None:
    """Python hears of it after the release."""
    dimension = visit.order()[0]
    slider = visit.slider(dimension)
    code = visit.start_code().copy()
    visit.expect_picture(code)
    before = visit.in_address("z")
    box = slider.bounding_box()
    assert box is not None
    mouse = visit.page.mouse

    middle = box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] * 0.5, middle)
    mouse.down()
    pictures = []
    for share in (0.25, 0.6, 0.85):
        mouse.move(box["x"] + box["width"] * share, middle, steps=5)
        code[dimension] = float(slider.input_value())
        visit.expect_picture(code)
        pictures.append(visit.image())
        assert visit.in_address("z") == before, "Python heard before the release"
    mouse.up()

    assert np.abs(pictures[0] - pictures[2]).max() > 30, "the drag changed nothing that can be seen"
    visit.expect_z(code)
    visit.expect_picture(code)
    assert float(slider.input_value()) == pytest.approx(code[dimension])


def what_the_epoch_scored(visit: Traverse) -> None:
    """The clock shows it, and after it the sidebar."""
    history = {record["epoch"]: record for record in visit.run.history()}
    for key, epoch in (("Home", visit.run.epochs()[0]), ("ArrowRight", visit.run.epochs()[1])):
        visit.epoch.press(key)
        test = history[epoch]["test"]
        sentence = f"KL {test['kl']:.1f}, in nats an image; test set, 10,000"
        expect(visit.page.locator(".facts")).to_contain_text(sentence)
        sidebar = f"At epoch {epoch}: −ELBO {test['reconstruction'] + test['kl']:.1f} nats"
        expect(visit.page.get_by_test_id("stSidebar")).to_contain_text(sidebar)
        kl = history[epoch]["kl_per_dimension"]
        # Between them, what it is called.
        expect(visit.slider(3)).to_have_attribute("aria-label", re.compile(rf"^z3,.* {kl[3]:.2f} nats$"))


def the_same_position_again(visit: Traverse, epoch: int) -> None:
    """It is told again after Python went elsewhere."""
    origin = visit.page.get_by_role("button", name="Origin")
    origin.click()
    visit.expect_z(np.zeros(20))
    visit.page.go_back()
    visit.expect_address("digit", lambda text: text is not None)
    expect(visit.page.get_by_text(re.compile(r"^Started from test image \d+, class 3:"))).to_be_visible()
    origin.click()
    visit.expect_z(np.zeros(20))
    visit.expect_picture(np.zeros(20), epoch)


def test_a_shared_address_restores_the_view_and_weights_that_are_gone_are_asked_for(visit: Traverse) -> None:
    whole = "[...globalThis.betaVaeLive?.runs.values() ?? []].at(-1)?.whole"
    visit.open()
    page, keep = visit.page, visit.page.get_by_role("radio", name="keep the code")
    expect(page.get_by_role("radio", name="Class 3")).to_be_checked()
    first, second = visit.order()[:2]
    page.evaluate("betaVaeLive.runs.items.clear()")
    visit.slider(first).fill("1.5")
    visit.expect_address("z", lambda z: z is not None and float(z.split(",")[first]) == 1.5)
    comes_true(page, whole)
    visit.slider(second).fill("-2.25")
    visit.expect_address("z", lambda z: z is not None and float(z.split(",")[second]) == -2.25)
    visit.epoch.press("ArrowLeft")
    epoch = visit.run.epochs()[-2]
    visit.expect_address("epoch", lambda text: text == str(epoch))
    keep.check()
    visit.expect_address("keep", lambda text: text == "code")
    z, picture, address = visit.z(), visit.image(), page.url

    page.goto("about:blank")
    page.goto(address)  # which is another browser to Python
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    comes_true(page, whole)
    expect(visit.epoch).to_have_attribute("aria-valuetext", f"epoch {epoch}")
    expect(keep).to_be_checked()
    visit.expect_picture(z, epoch)
    assert np.abs(visit.image() - picture).max() <= 2  # the address rounds to three decimals
    assert np.allclose(visit.z(), z)

    page.get_by_role("button", name="Random code").click()
    visit.expect_address("start", lambda text: text == "random")
    z = visit.z()
    page.reload()
    expect(page.get_by_text("Started from a random code")).to_be_visible()
    visit.expect_picture(z, epoch, tolerance=2)

    page.get_by_role("button", name="Origin").click()
    visit.expect_address("start", lambda text: text == "origin")
    visit.expect_z(np.zeros(20))
    visit.expect_picture(np.zeros(20), epoch)
    expect(page.locator(".start :checked")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Started from the origin")).to_be_visible()
    visit.expect_picture(np.zeros(20), epoch, tolerance=2)
    expect(page.locator(".start :checked")).to_have_count(0)


def test_double_click_and_delete_return_a_slider_to_the_start(traverse: Traverse) -> None:
    traverse.open()
    dimension, other = traverse.order()[:2]
    start = traverse.start_code()
    slider = traverse.slider(dimension)
    traverse.slider(other).fill("3")
    expected = start.copy()
    expected[other] = 3

    for reset in (lambda: slider.press("Delete"), lambda: slider.press("Backspace"), lambda: slider.dblclick()):
        slider.fill("-3")
        moved = expected.copy()
        moved[dimension] = -3
        traverse.expect_z(moved)
        reset()
        traverse.expect_z(expected)
        traverse.expect_picture(expected)

    traverse.page.get_by_role("button", name="Reset all").click()
    traverse.expect_z(start)
    traverse.expect_picture(start)


def test_arrow_keys_move_a_slider_and_python_hears_when_the_key_comes_up(traverse: Traverse) -> None:
    traverse.open(z=",".join(["0"] * 20))
    dimension = traverse.order()[0]
    slider = traverse.slider(dimension)
    slider.focus()
    keyboard = traverse.page.keyboard

    keyboard.down("ArrowRight")
    for _ in range(29):
        keyboard.down("ArrowRight")
    code = np.zeros(20)
    code[dimension] = 1.5
    traverse.expect_picture(code)
    assert not traverse.z().any(), "Python heard while the key was down"
    keyboard.up("ArrowRight")
    traverse.expect_z(code)

    for key, value in (("Home", -4), ("End", 4), ("PageDown", 3.2), ("ArrowLeft", 3.15)):
        slider.press(key)
        code[dimension] = value
        traverse.expect_picture(code)
        traverse.expect_z(code)
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^3\.15"))


def test_the_clock_keeps_the_digit_or_the_code(traverse: Traverse) -> None:
    traverse.open()
    epochs = traverse.run.epochs()
    last = traverse.start_code(epochs[-1])
    traverse.expect_picture(last, epochs[-1])

    traverse.epoch.press("Home")
    expect(traverse.epoch).to_have_attribute("aria-valuetext", "epoch 0, before any training")
    untrained = traverse.start_code(epochs[0])
    traverse.expect_picture(untrained, epochs[0])
    traverse.expect_z(untrained)
    assert not np.allclose(untrained, last, atol=0.1)

    # What the sliders have added to the digit's own code stays with it, there and back.
    dimension = traverse.order()[0]
    moved = float(np.round(untrained[dimension])) + 1.5
    traverse.slider(dimension).fill(str(moved))
    offset = np.zeros(20)
    offset[dimension] = moved - untrained[dimension]
    traverse.expect_z(untrained + offset)
    traverse.epoch.press("End")
    traverse.expect_z(last + offset)
    traverse.expect_picture(last + offset, epochs[-1])
    traverse.epoch.press("Home")
    traverse.expect_z(untrained + offset)
    traverse.epoch.press("End")
    traverse.page.get_by_role("button", name="Reset all").click()
    traverse.expect_z(last)
    traverse.page.get_by_role("radio", name="keep the code").check()
    traverse.epoch.press("Home")
    traverse.expect_address("epoch", lambda text: text == str(epochs[0]))
    traverse.expect_picture(last, epochs[0])
    traverse.expect_z(last)


def test_a_random_code_is_a_draw_from_the_prior_and_reset_returns_to_it(traverse: Traverse) -> None:
    traverse.open()
    draws = []
    for _ in range(12):
        before = traverse.in_address("z")
        traverse.page.get_by_role("button", name="Random code").click()
        traverse.expect_address("z", lambda z, before=before: z != before)
        draws.append(traverse.z())
    values = np.concatenate(draws)  # 240 draws: the mean of N(0, 1) is within 0.33 at five standard errors
    assert abs(values.mean()) < 0.33
    assert 0.75 < values.std() < 1.25
    assert traverse.in_address("digit") is None
    expect(traverse.page.get_by_role("radio", name="keep the digit")).to_be_disabled()
    expect(traverse.page.get_by_role("img", name="Original image")).to_be_hidden()

    start = draws[-1]
    traverse.expect_picture(start, tolerance=2)
    dimension = traverse.order()[0]
    traverse.slider(dimension).fill("4" if start[dimension] < 0 else "-4")
    traverse.expect_address("z", lambda z: z is not None and abs(float(z.split(",")[dimension])) == 4)
    traverse.slider(dimension).press("Delete")
    traverse.expect_z(start)


def test_where_there_is_no_digit_to_keep_it_says_so_and_a_class_gives_one(traverse: Traverse) -> None:
    traverse.open()
    page, probe = traverse.page, traverse.run.probe()
    page.get_by_role("button", name="Origin").click()
    traverse.expect_z(np.zeros(20))
    keep, reason = page.get_by_role("radio", name="keep the digit"), page.get_by_role("tooltip")
    expect(keep).to_be_disabled()
    expect(keep).to_have_accessible_description(re.compile("^There is no digit to keep, since the start is no image"))
    page.get_by_text("keep the digit").hover()
    expect(reason).to_contain_text("Press a class")
    page.mouse.move(2, 2)
    expect(reason).to_have_count(0)
    page.get_by_role("radio", name="keep the code").focus()
    page.keyboard.press("ArrowLeft")
    expect(reason).to_contain_text("Press a class")
    page.get_by_text("keep the digit").click(force=True)
    expect(page.get_by_role("radio", name="keep the code")).to_be_checked()

    sevens = np.flatnonzero(probe.labels == 7)
    for place in sevens[:3]:
        page.get_by_role("radio", name="Class 7").click()
        traverse.expect_address("digit", lambda text, index=probe.indices[place]: text == str(index))
        traverse.expect_picture(traverse.run.latents().mean[place])
    expect(page.get_by_role("radio", name="Class 7")).to_be_checked()
    expect(keep).to_be_enabled()
    expect(keep).to_have_accessible_description("")
    expect(page.locator(".keep label").first).to_have_attribute("title", re.compile("^The image's own code"))
    page.keyboard.press("ArrowRight")
    traverse.expect_address("digit", lambda text: text == str(probe.indices[np.flatnonzero(probe.labels == 8)[0]]))


def test_another_test_image_can_be_picked_with_mouse_and_keys(traverse: Traverse) -> None:
    traverse.open()
    run = traverse.run
    probe = run.probe()
    place = np.flatnonzero(probe.labels == 3)[4]
    index = probe.indices[place]

    traverse.page.get_by_role("radio", name="Class 3").check()
    traverse.page.get_by_role("radio", name=f"Test image {index}, 3", exact=True).check()
    traverse.expect_address("digit", lambda text: text == str(index))
    traverse.expect_z(run.latents().mean[place])
    traverse.expect_picture(run.latents().mean[place])
    original = traverse.page.get_by_role("img", name="Original image, 3")
    assert np.array_equal(grey(original), probe.images[place].ravel())

    traverse.page.keyboard.press("ArrowRight")
    following = np.flatnonzero(probe.labels == 3)[5]
    traverse.expect_address("digit", lambda text: text == str(probe.indices[following]))
    traverse.expect_picture(run.latents().mean[following])


def test_a_tile_of_the_strip_sets_its_value(traverse: Traverse) -> None:
    traverse.open()
    dimension = traverse.order()[1]
    traverse.slider(dimension).focus()
    tile = traverse.page.get_by_role("button", name=f"Set z{dimension} to −1.5")
    code = traverse.start_code().copy()
    code[dimension] = -1.5
    expected = traverse.decoded(code)
    traverse.frames()
    assert np.abs(grey(tile.locator("canvas")) - expected.ravel()).max() < 0.6

    tile.click()
    traverse.expect_z(code)
    traverse.expect_picture(code)
    assert float(traverse.slider(dimension).input_value()) == -1.5


def test_a_code_beyond_the_sliders_is_drawn_as_it_is(traverse: Traverse) -> None:
    code = np.zeros(20)
    code[traverse.order()[0]] = 6.5
    traverse.open(z=",".join(map(str, code)))
    traverse.expect_picture(code)
    slider = traverse.slider(traverse.order()[0])
    expect(slider).to_have_attribute("aria-valuetext", "6.50, beyond the end of the slider")
    assert slider.input_value() == "4"


@pytest.mark.parametrize(
    "said",
    [
        {
            "run": ("no-such-run", "There is no run named “no-such-run”"),
            "epoch": ("77777", "The address asks for epoch “77777”"),
            "digit": ("7" * 5000, "The address asks for test image “777777777777777777777777…”"),
            "z": ("1,2,3", "it has 3 numbers"),
        },
        {
            "run": ("<script>alert(1)</script>../x", "There is no run named “scriptalert1script..x”"),
            "epoch": ("²", "The address asks for epoch"),
            "digit": ("99999999", "The address asks for test image “99999999”"),
            "z": (",".join(["nan"] * 20), "not finite"),
        },
        {
            "run": ("mnist-beta4", ""),
            "epoch": ("7" * 5000, "The address asks for epoch “777777777777777777777777…”"),
            "z": ("what", "not a list of numbers"),
        },
    ],
    ids=["that are not there", "that cannot be", "that are none"],
)
def test_a_wrong_address_is_answered_with_sentences(page: Page, app: str, said: dict[str, tuple[str, str]]) -> None:
    page.goto(f"{app}/traverse?{urlencode({name: value for name, (value, _) in said.items()})}")
    for _, sentence in said.values():
        if sentence:
            expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
    expect(page.get_by_role("img", name="Decoded image")).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


@pytest.mark.new_tab  # since a tab knows of fifty steps at most
def test_weights_and_script_travel_once_and_each_change_is_a_step_of_the_history(visit: Traverse) -> None:
    sizes: list[int] = []
    visit.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    visit.open()
    expect_all_weights(visit.page)
    assert sum(size > 300_000 for size in sizes) == 2, "the weights of the last epoch, and those of the others"
    sizes.clear()
    visit.picture.evaluate("(canvas) => { canvas.dataset.mark = 'the same canvas'; }")

    dimension = visit.order()[0]
    steps, codes = [visit.page.evaluate("history.length")], []
    for value in (1, 2):
        visit.slider(dimension).fill(str(value))
        code = visit.start_code().copy()
        code[dimension] = value
        visit.expect_z(code)
        codes.append(code)
        steps.append(visit.page.evaluate("history.length"))
    assert np.diff(steps).tolist() == [1, 1], "a change should be one step of the history"
    assert sum(sizes) < 100_000, "neither weights nor the page's script"
    assert visit.picture.get_attribute("data-mark") == "the same canvas"

    for move, code in ((visit.page.go_back, codes[0]), (visit.page.go_forward, codes[1])):
        move()
        visit.expect_z(code)
        expect(visit.slider(dimension)).to_have_attribute("aria-valuetext", f"{code[dimension]:.2f}")
        visit.expect_picture(code, tolerance=2)
    visit.slider(dimension).press("ArrowRight")
    code[dimension] = 2.05
    visit.expect_z(code)


def test_weights_are_copied_once_a_session_and_then_named() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
    sent = []
    for _ in range(2):
        app.session_state["asked_page"] = "traverse"
        app.run()
        assert not app.exception
        protos = [element.proto for element in app.get("bidi_component")]
        sent.append([proto for proto in protos if proto.component_name in ("live_store", "live_recall")])
    assert [len(proto.bytes) > 300_000 for proto in sent[0]] == [True, True]
    names = [json.loads(proto.json) for proto in sent[1]]
    assert [part for _, part in names] == ["head", "rest"]


@pytest.mark.new_tab
def test_a_slider_moves_before_the_other_epochs_have_come_and_the_clock_waits_for_them(visit: Traverse) -> None:
    held = HeldWeights(visit.page)
    visit.open()
    held.expect()
    first, second = visit.order()[:2]
    z = visit.start_code()
    visit.slider(first).fill("2")
    z[first] = 2
    visit.expect_picture(z)

    visit.epoch.press("Home")
    visit.frames()
    visit.expect_picture(z)  # of the last epoch, and the page says so
    expect(visit.page.locator(".epoch-value")).to_have_text(str(visit.run.epochs()[-1]))

    held.release()
    expect(visit.page.locator(".epoch-value")).to_have_text("0, before any training")
    z += visit.start_code(0) - visit.start_code()
    visit.expect_picture(z, epoch=0)
    visit.expect_address("epoch", lambda epoch: epoch == "0")
    visit.slider(second).fill("1")
    z[second] = 1
    visit.expect_picture(z, epoch=0)


def test_the_other_epochs_may_come_before_the_last(bench: Bench, trained_run: Run) -> None:
    """The browser mounts two components in no promised order."""
    live = open_live(trained_run, trained_run.name)
    z = trained_run.latents(0)[0][5]
    cursor = {"z": z.tolist(), "epoch": 0, "start": {"kind": "code", "code": z.tolist()}, "keep": "code"}
    shown = bench.mount("traverse", {"key": live.key, "cursor": cursor, "revision": 1, "rows": live.active})
    assert bench.publish("runs", live.rest) == ""
    expect(shown.locator(".traverse[aria-busy]")).to_be_attached()
    assert bench.publish("runs", live.head) == ""
    expect(shown.locator(".traverse:not([aria-busy])")).to_be_visible()
    decoded = trained_run.model(0).decode(torch.tensor(z)[None]).numpy().ravel() * 255
    expect_pictures(bench.page, lambda: canvases(shown.locator(".decoded"))[0], decoded)
    assert bench.said("cursor") == [], "nothing was chosen"


# Where the data are ----------------------------------------------------------------------------------------------


def test_a_sign_says_when_a_dimension_leaves_the_data(traverse: Traverse) -> None:
    traverse.open()
    dimension, other = traverse.active()[:2]
    high = traverse.range(dimension)[1]
    slider, sign = traverse.slider(dimension), traverse.sign
    expect(sign).to_have_text("Within the data")

    for value, outside in ((np.floor(high * 20) / 20, False), (np.ceil(high * 20) / 20, True)):
        slider.fill(f"{value:.2f}")
        text = f"{value:.2f}, outside the data" if outside else f"{value:.2f}"
        expect(slider).to_have_attribute("aria-valuetext", text)
        expect(sign).to_have_text(f"Outside the data: z{dimension}" if outside else "Within the data")
    traverse.slider(other).fill("-3.9")
    expect(sign).to_have_text(f"Outside the data: z{dimension}, z{other}")
    traverse.page.get_by_role("button", name="Reset all").click()
    expect(sign).to_have_text("Within the data")


def test_a_code_can_be_outside_as_a_whole_though_each_of_its_numbers_is_inside(traverse: Traverse) -> None:
    active = traverse.active()
    assert len(active) > 4, "with few dimensions no such code exists"
    code = np.zeros(20)
    code[active] = [0.95 * traverse.range(dimension)[1] for dimension in active]
    traverse.open(z=",".join(f"{value:.3f}" for value in code))
    centre, whitening, limit = whole(*traverse.run.latents(), active)
    distance = np.linalg.norm(whitening @ (np.round(code, 3)[active] - centre))
    assert distance > limit
    expect(traverse.sign).to_have_text("Outside the data as a whole")
    expect(traverse.page.get_by_text(f"{distance:.1f} σ from the middle; 99 % are within {limit:.1f}")).to_be_visible()
    traverse.page.get_by_role("button", name="Origin").click()
    expect(traverse.sign).to_have_text("Within the data")


def test_behind_each_slider_is_the_histogram_of_the_means_at_the_epoch(traverse: Traverse) -> None:
    traverse.open()
    for key, epoch in (("Home", traverse.run.epochs()[0]), ("End", traverse.run.epochs()[-1])):
        traverse.epoch.press(key)
        expect(traverse.page.locator(".epoch-value")).to_have_text(re.compile(rf"^{epoch}\b"))
        traverse.frames()
        means = traverse.run.latents(epoch).mean
        for dimension in (traverse.order()[0], traverse.order()[-1]):
            path = traverse.page.locator(".slider").filter(has=traverse.slider(dimension)).locator("svg path")
            heights = [255 - int(value) for value in re.findall(r"V(\d+)H", path.get_attribute("d") or "")]
            counts, _ = np.histogram(means[:, dimension], np.linspace(-REACH, REACH, BINS + 1))
            assert len(heights) == BINS
            assert np.abs(np.array(heights) - 255 * counts / counts.max()).max() <= 0.5


def test_the_heat_image_is_the_derivative_of_the_picture(traverse: Traverse) -> None:
    traverse.open()
    run, code = traverse.run, torch.tensor(traverse.start_code())
    read = """(canvas) => Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)"""
    stops = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in
                      ("#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4")])  # fmt: skip
    table = np.stack([np.interp(np.linspace(0, 5, 256), range(6), stops[:, part]) for part in range(3)], axis=1)
    for dimension in (traverse.order()[0], traverse.order()[-1]):
        traverse.slider(dimension).evaluate("(slider) => slider.closest('details')?.setAttribute('open', '')")
        traverse.slider(dimension).focus()
        heat = traverse.page.get_by_role("img", name=f"What z{dimension} moves")
        expect(heat).to_be_visible()
        along = torch.zeros(20)
        along[dimension] = 1
        _, slope = torch.autograd.functional.jvp(lambda z: run.model().decode(z[None])[0], code, along)
        expected = slope.abs().numpy()
        colours = np.array(heat.evaluate(read)).reshape(28, 28, 4)[..., :3]
        found = np.abs(colours[:, :, None] - table).sum(axis=-1).argmin(axis=-1) / 255
        assert np.abs(found - np.minimum(expected, 1)).max() < 0.01
        text = heat.get_attribute("aria-label") or ""
        if expected.max() < 0.005:
            assert "nothing" in text
        else:
            most = re.search(r"up to ([\d.]+) a unit", text)
            assert most is not None
            assert float(most[1]) == pytest.approx(expected.max(), abs=0.01)


# The grid --------------------------------------------------------------------------------------------------------


def drawn_grid(traverse: Traverse) -> Locator:
    """The cells of the grid, all of them drawn."""
    grid = traverse.page.get_by_role("group", name="All active dimensions")
    grid.scroll_into_view_if_needed()
    traverse.frames(3)
    expect(traverse.page.locator(".cells:not([aria-busy])")).to_be_visible()
    return grid.get_by_role("button")


def along(codes: np.ndarray, dimensions: list[int], values: np.ndarray) -> np.ndarray:
    """The code (D,) with one dimension changed at a time: for values (N, V), (N · V, D)."""
    rows = np.tile(codes, (*values.shape, 1))
    for row, dimension in enumerate(dimensions):
        rows[row, :, dimension] = values[row]
    return rows.reshape(-1, codes.size)


def test_the_grid_leads_along_every_active_dimension_and_follows_the_code(traverse: Traverse) -> None:
    traverse.open()
    active = traverse.active()
    code = traverse.start_code().copy()
    levels = [LEVELS.index(level) for level in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)]
    for mode, change, values in (
        ("−3 to 3", 0.5, np.tile(np.arange(-3.0, 4.0), (len(active), 1))),
        ("quantiles of the data", -1.0, quantiles(*traverse.run.latents())[active][:, levels]),
    ):
        traverse.page.get_by_role("radio", name=mode).check()
        traverse.slider(active[1]).fill(str(change))
        code[active[1]] = change
        cells = drawn_grid(traverse)
        shown = [f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−") for value in values.ravel()]
        names = cells.evaluate_all("(cells) => cells.map((cell) => cell.ariaLabel.split(',')[0])")
        dimensions = np.repeat(active, values.shape[1])
        assert names == [f"Set z{dimension} to {text}" for dimension, text in zip(dimensions, shown, strict=True)]
        expected = traverse.all_decoded(along(code, active, values)).reshape(values.size, -1)
        expect_pictures(traverse.page, partial(canvases, cells.locator("canvas")), expected)


def test_a_cell_of_the_grid_sets_its_value_with_mouse_and_keys(traverse: Traverse) -> None:
    traverse.open()
    first, second = traverse.active()[:2]
    code = traverse.start_code().copy()
    drawn_grid(traverse).nth(6).click()
    code[first] = 3
    traverse.expect_z(code)
    traverse.expect_picture(code)
    expect(traverse.page.get_by_role("heading", name=f"Along z{first}")).to_be_visible()

    keyboard = traverse.page.keyboard
    keyboard.press("ArrowDown")
    keyboard.press("ArrowLeft")
    keyboard.press("Enter")
    code[second] = 2
    traverse.expect_z(code)
    traverse.expect_picture(code)
    stops = traverse.page.locator(".cells button[tabindex='0']")
    expect(stops).to_have_count(1)
    expect(stops).to_have_attribute("aria-label", f"Set z{second} to 2.00")


# The pad ---------------------------------------------------------------------------------------------------------


def test_two_dimensions_are_dragged_as_one(traverse: Traverse) -> None:
    traverse.open()
    across, up = traverse.active()[:2]
    code, before = traverse.start_code().copy(), traverse.in_address("z")
    pad = traverse.page.get_by_role("group", name="Pad of two dimensions")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    mouse = traverse.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    for x, y in ((0.25, 0.25), (0.75, 0.9), (1.5, 0.5)):
        mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=4)
        code[across], code[up] = (float(traverse.slider(dimension).input_value()) for dimension in (across, up))
        assert np.allclose(code[[across, up]], [min(3, 6 * x - 3), 3 - 6 * y], atol=0.06)
        traverse.expect_picture(code)
        assert traverse.in_address("z") == before, "Python heard before the release"
    mouse.up()
    traverse.expect_z(code)


def test_the_arrow_keys_move_the_pad_and_the_focus_goes_with_them(traverse: Traverse) -> None:
    traverse.open(z=",".join(["0"] * 20))
    across, up = traverse.active()[:2]
    called = traverse.run.called(traverse.run.snapshot())
    names = [f"{called[across]} on the pad, across", f"{called[up]} on the pad, up"]
    sliders = [traverse.page.get_by_role("slider", name=name) for name in names]
    sliders[0].focus()
    keyboard = traverse.page.keyboard
    keyboard.down("ArrowRight")
    for _ in range(9):
        keyboard.down("ArrowRight")
    assert not traverse.z().any(), "Python heard while the key was down"
    keyboard.up("ArrowRight")
    code = np.zeros(20)
    code[across] = 0.5
    traverse.expect_z(code)
    keyboard.press("Shift+ArrowDown")
    code[up] = -0.5
    traverse.expect_z(code)
    traverse.expect_picture(code)
    expect(sliders[1]).to_be_focused()
    expect(sliders[0]).to_have_attribute("aria-valuetext", "0.50")
    expect(sliders[1]).to_have_attribute("aria-valuetext", "−0.50")


# The tour --------------------------------------------------------------------------------------------------------


def test_the_tour_moves_one_dimension_there_and_back_and_python_hears_at_the_pause(traverse: Traverse) -> None:
    traverse.open()
    first, second = traverse.active()[:2]
    start, before = traverse.start_code(), traverse.in_address("z")
    slider, page = traverse.slider(first), traverse.page
    still = traverse.image()
    traverse.frames()
    assert np.array_equal(traverse.image(), still), "it should start on request only"

    page.get_by_role("button", name="Play a tour of the dimensions").click()
    expect(page.get_by_text(f"1 of {len(traverse.active())}", exact=True)).to_be_visible()
    values = []
    for _ in range(10):
        traverse.frames(5)
        values.append(float(slider.input_value()))
    assert len(set(values)) > 5
    assert traverse.in_address("z") == before, "Python heard while it moved"
    expect(page.get_by_text(f"2 of {len(traverse.active())}", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name=f"Along z{second}")).to_be_visible()
    traverse.frames(10)
    assert f"What z{second} moves" in page.locator(".heat-text").inner_text(), "the caption is of another dimension"
    assert float(slider.input_value()) == pytest.approx(start[first], abs=0.03), "it should have come back"
    traverse.frames(30)
    page.get_by_role("button", name="Pause the tour").click()

    traverse.expect_address("z", lambda z: z != before)
    moved = traverse.z()
    assert moved[second] != pytest.approx(start[second], abs=0.01)
    assert np.allclose(np.delete(moved, second), np.delete(start, second), atol=6e-4)
    low, high = np.quantile(quantiles(*traverse.run.latents())[second], [0, 1])
    assert low <= moved[second] <= high
    traverse.expect_picture(moved, tolerance=2)
    picture = traverse.image()
    traverse.frames()
    assert np.array_equal(traverse.image(), picture)


def test_a_hand_stops_the_tour(traverse: Traverse) -> None:
    traverse.open()
    first, second = traverse.active()[:2]
    traverse.page.get_by_role("button", name="Play a tour of the dimensions").click()
    traverse.frames(20)
    traverse.slider(second).fill("1")
    expect(traverse.page.get_by_role("button", name="Play a tour of the dimensions")).to_be_visible()
    traverse.expect_address("z", lambda z: z is not None and float(z.split(",")[second]) == 1)
    assert float(traverse.slider(first).input_value()) == pytest.approx(traverse.z()[first], abs=0.03)
    traverse.expect_picture(traverse.z(), tolerance=2)


def test_the_tour_steps_for_those_who_ask_for_less_motion(traverse: Traverse) -> None:
    traverse.page.emulate_media(reduced_motion="reduce")
    traverse.open()
    first = traverse.active()[0]
    traverse.page.get_by_role("button", name="Play a tour of the dimensions").click()
    record = """async (slider) => {
      const found = [];
      const end = performance.now() + 3500;
      while (performance.now() < end) { await new Promise(requestAnimationFrame); found.push(slider.value); }
      return found;
    }"""
    values = traverse.slider(first).evaluate(record)
    changes = sum(a != b for a, b in itertools.pairwise(values))
    assert changes <= 4, f"{changes} changes in {len(values)} frames"
    expect(traverse.slider(first)).not_to_have_js_property("value", values[0])


def test_the_page_is_found_as_it_was_left_and_the_picture_of_the_tour_is_taken_along(visit: Traverse) -> None:
    visit.open()
    first, second, third = visit.active()[:3]
    across, up = visit.page.get_by_label("Across", exact=True), visit.page.get_by_label("Up", exact=True)
    across.select_option(str(second))  # which is the other one: they change places
    expect(up).to_have_value(str(first))
    up.select_option(str(third))
    with rerun(visit.page):
        visit.page.get_by_role("radio", name="quantiles of the data").check()
    before = visit.in_address("z")
    visit.go("Generate")
    visit.go("Traverse")
    expect(across).to_have_value(str(second))
    expect(up).to_have_value(str(third))
    expect(visit.page.get_by_role("radio", name="quantiles of the data")).to_be_checked()
    visit.expect_address("z", lambda z: z == before)

    start = visit.start_code()
    slider = visit.slider(first)
    visit.page.get_by_role("button", name="Play a tour of the dimensions").click()
    until(
        visit.page, lambda: abs(float(slider.input_value()) - start[first]) > 0.5, lambda: "the tour moves nothing away"
    )
    visit.go("Generate")
    visit.go("Traverse")
    visit.expect_address("z", lambda z: z is not None)
    moved = np.abs(visit.z() - start) > 6e-4
    assert moved.sum() == 1, "of one dimension, whichever the tour had come to on a slow machine"


def test_who_leaves_the_tour_by_the_back_button_finds_the_links_as_they_were(visit: Traverse) -> None:
    visit.site.open("load")
    visit.go("Traverse")
    expect(visit.page.locator(".traverse:not([aria-busy])")).to_be_visible()
    visit.expect_address("z", lambda z: z is not None)
    visit.page.get_by_role("button", name="Play a tour of the dimensions").click()
    visit.frames()
    while "/load" not in visit.page.url:
        visit.page.go_back()
    expect(visit.page.get_by_role("heading", level=1, name="Load")).to_be_visible()
    expect(visit.page.locator(".traverse")).to_have_count(0)
    visit.frames(3)
    visit.go("Generate")
    expect(visit.page.get_by_role("heading", level=1, name="Generate")).to_be_visible()


# Saving ----------------------------------------------------------------------------------------------------------


def test_pictures_and_codes_are_saved(traverse: Traverse) -> None:
    # What is written into a picture cannot be read from it, so it is kept as it is written.
    traverse.page.evaluate("""() => {
      const draw = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        (window.written ??= []).push(text);
        return draw.call(this, text, ...rest);
      };
    }""")
    traverse.open()
    page, run = traverse.page, traverse.run
    first, second = traverse.active()[:2]
    traverse.slider(second).fill("1.5")
    code = traverse.start_code().copy()
    code[second] = 1.5
    epoch = run.epochs()[-1]

    def download(item: str) -> tuple[str, bytes]:
        page.get_by_text("Save", exact=True).click()
        button = page.get_by_role("button", name=item, exact=True)
        path = downloaded(page, button)
        expect(button).to_be_hidden()
        return path.name, path.read_bytes()

    name, content = download("Picture, PNG")
    assert name == f"{run.name}-epoch{epoch}-picture.png"
    assert np.abs(tiles(content, 1, 1)[0, 0] - traverse.decoded(code)).max() < 0.6

    traverse.slider(first).focus()
    name, content = download("Strip, PNG")
    assert name == f"{run.name}-epoch{epoch}-z{first}-strip.png"
    expected = traverse.all_decoded(along(code, [first], np.arange(-3, 3.5, 0.5)[None]))
    for found, picture in zip(tiles(content, 1, 13)[0], expected, strict=True):
        assert np.abs(found - picture).max() < 0.6

    name, content = download("Grid, PNG")
    assert name == f"{run.name}-epoch{epoch}-grid-values.png"
    active = traverse.active()
    expected = traverse.all_decoded(along(code, active, np.tile(np.arange(-3.0, 4.0), (len(active), 1))))
    for found, picture in zip(tiles(content, len(active), 7).reshape(-1, 28, 28), expected, strict=True):
        assert np.abs(found - picture).max() < 0.6
    kl = run.history()[-1]["kl_per_dimension"]
    heads = [f"{run.called(epoch)[dimension]} · KL {kl[dimension]:.2f}" for dimension in active]
    written = " ".join(page.evaluate("window.written"))
    for words in (
        f"{run.name} · β = {run.config.beta:g} · epoch {epoch}", "set to the values over the columns", *heads,
        f"started from test image {traverse.in_address('digit')}, class ", "−3 −2 −1 0 1 2 3",
        f"{run.called(epoch)[first]}, KL {kl[first]:.2f} nats", "−3.0 −2.5 −2.0",
    ):  # fmt: skip
        assert words in written

    name, content = download("Along the dimension, GIF")
    assert name == f"{run.name}-epoch{epoch}-z{first}.gif"
    film = Image.open(io.BytesIO(content))
    assert (film.format, film.n_frames, film.info["loop"], film.width) == ("GIF", 48, 0, 29 * 28)
    there = np.linspace(-3, 3, 25)
    expected = traverse.all_decoded(along(code, [first], np.array([*there, *there[-2:0:-1]])[None]))
    for frame, picture in enumerate(expected):
        film.seek(frame)
        shown = np.array(film.convert("L"))
        assert np.abs(shown[: 29 * 28 : 29, ::29] - picture).max() < 0.6
        assert (shown[29 * 28 :] < 128).any(), "nothing is said below the frame"

    name, content = download("Code z, CSV")
    assert name == f"{run.name}-epoch{epoch}-code.csv"
    (row,) = csv.DictReader(io.StringIO(content.decode()))
    assert (row["run"], row["beta"], row["epoch"]) == (run.name, f"{run.config.beta:g}", str(epoch))
    assert (row["start"], row["start_index"]) == ("digit", traverse.in_address("digit"))
    assert np.allclose([float(row[f"z{dimension}"]) for dimension in range(20)], code, rtol=0, atol=1e-7)

    name, content = download("Code z, JSON")
    assert name == f"{run.name}-epoch{epoch}-code.json"
    saved = json.loads(content)
    assert (saved["run"], saved["epoch"]) == (run.name, epoch)
    assert saved["start"] == {"kind": "digit", "index": int(traverse.in_address("digit") or -1)}
    assert np.allclose(saved["codes"][0]["z"], code, rtol=0, atol=1e-7)


def test_the_save_menu_can_be_left_with_escape(traverse: Traverse) -> None:
    traverse.open()
    menu = traverse.page.get_by_text("Save", exact=True)
    menu.focus()
    traverse.page.keyboard.press("Enter")
    expect(traverse.page.get_by_role("button", name="Picture, PNG")).to_be_visible()
    traverse.page.keyboard.press("Tab")
    expect(traverse.page.get_by_role("button", name="Picture, PNG")).to_be_focused()
    traverse.page.keyboard.press("Escape")
    expect(traverse.page.get_by_role("button", name="Picture, PNG")).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    traverse.picture.click()
    expect(traverse.page.get_by_role("button", name="Picture, PNG")).to_be_hidden()


def test_in_a_low_window_the_clock_stays_in_view_and_in_a_narrow_one_the_picture_hides_nothing(visit: Traverse) -> None:
    visit.page.set_viewport_size({"width": 1400, "height": 650})
    visit.open()
    visit.page.get_by_role("heading", name="Two dimensions at once").scroll_into_view_if_needed()
    expect(visit.picture).to_be_in_viewport(ratio=1)
    expect(visit.page.get_by_role("radio", name="keep the code")).to_be_in_viewport(ratio=1)

    visit.page.set_viewport_size({"width": 800, "height": 1000})
    visit.page.get_by_role("combobox", name="Across").focus()
    for _ in range(len(visit.active()) + 5):  # the pad, the folded dimensions, the sliders, Reset all and the strip
        visit.page.keyboard.press("Shift+Tab")
        visit.frames(2)
        focused = visit.page.locator(".controls :focus")
        box, above = focused.bounding_box(), visit.page.locator(".picture").bounding_box()
        assert box is not None
        assert above is not None
        assert box["y"] >= above["y"] + above["height"], focused.get_attribute("aria-label")


def test_home_has_the_sliders_the_picture_and_the_clock_and_no_more(visit: Traverse) -> None:
    visit.site.open("")
    expect(visit.page.locator(".traverse.compact:not([aria-busy])")).to_be_visible()
    visit.expect_address("z", lambda z: z is not None)
    dimension = visit.active()[0]
    visit.slider(dimension).fill("1")
    code = visit.start_code().copy()
    code[dimension] = 1
    visit.expect_z(code)
    visit.expect_picture(code)
    panel = visit.page.locator(".traverse.compact")  # further down one image stands under several β
    expect(panel.get_by_role("slider", name="Epoch", exact=True)).to_be_visible()
    expect(panel.get_by_text(re.compile("carry nothing|carries nothing"))).to_be_visible()
    for heading in ("Starting point", f"Along z{dimension}", "Two dimensions at once", "All active dimensions"):
        expect(visit.page.get_by_role("heading", name=heading)).to_be_hidden()
    expect(visit.page.get_by_text("Save", exact=True)).to_be_hidden()
