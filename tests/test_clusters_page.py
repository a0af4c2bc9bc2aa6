"""The Clusters page, used as a person uses it: each point is where the film says, and each image is its point's."""

from __future__ import annotations

import base64
import csv
import io
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from playwright.sync_api import Page, expect
from scipy.spatial import KDTree

from bvae.browser.film import framed
from bvae.runs import Run, find_run, write_film
from pages.parts.film import open_film
from pages.parts.live import open_live
from tests.bench import Bench, live_data
from tests.browsing import (
    CLASS_COLOURS,
    canvases,
    expect_address,
    expect_all_weights,
    expect_pictures,
    expect_z,
    frames,
    in_address,
    until,
)

HALF = 5e-3  # what half floats leave of a code


class Board:
    """What a person sees and does on the page. Points are named by their places among the probe images."""

    def __init__(self, page: Page, run: Run, address: str) -> None:
        self.page, self.run, self.address = page, run, address
        film = run.film()
        assert film is not None
        self.film = framed(film.positions)  # (E, P, 2)
        self.epochs = run.epochs()
        self.probe = run.probe()
        self.map = page.locator(".map").first
        self.field = self.map.locator(".field")
        self.time = page.get_by_role("slider", name="Epoch", exact=True)
        self.tip = self.map.locator(".tip")
        self.moment = self.map.locator(".moment b")

    def open(self, **parameters: str) -> Board:
        """Open the page, and wait for the weights of all epochs."""
        self.page.goto(f"{self.address}/clusters?{urlencode({'run': self.run.name} | parameters)}")
        self.shown()
        expect_address(self.page, "z", lambda text: text is not None)
        expect_all_weights(self.page)
        return self

    def heard(self) -> str | None:
        """The epoch of which Python has heard last."""
        return in_address(self.page, "epoch")

    def expect_heard(self, *epochs: int) -> None:
        """Wait until Python has heard of one of these epochs."""
        expect_address(self.page, "epoch", lambda text: text in map(str, epochs))

    def expect_z(self, expected: np.ndarray, within: float = HALF) -> None:
        """Wait until Python has heard of a code, (D,)."""
        expect_z(self.page, expected, within=within)

    def shown(self) -> None:
        expect(self.page.locator(".clusters:not([aria-busy])")).to_be_visible()
        frames(self.page, 3)

    def to(self, epoch: int) -> None:
        """Go to an epoch by the keys of the scrubber."""
        self.time.press("Home")
        for _ in range(self.epochs.index(epoch)):
            self.time.press("ArrowRight")
        expect(self.moment).to_have_text(str(epoch))
        self.expect_heard(epoch)
        frames(self.page, 3)

    def box(self) -> dict[str, float]:
        """The map, inside its border."""
        left, top, width, height = self.field.evaluate(
            "(e) => [e.getBoundingClientRect()].map("
            "({ left, top }) => [left + e.clientLeft, top + e.clientTop, e.clientWidth, e.clientHeight])[0]"
        )
        return {"x": left, "y": top, "width": width, "height": height}

    def places(self, epoch: int) -> np.ndarray:
        """Where every point should be, in pixels of the map, (P, 2): the whole film fits, with 6 % left free."""
        box = self.box()
        low, high = self.film.min((0, 1)), self.film.max((0, 1))
        size = np.array([box["width"], box["height"]])
        scale = 0.94 * (size / (high - low)).min()
        return (self.film[self.epochs.index(epoch)] - (low + high) / 2) * [scale, -scale] + size / 2

    def alone(self, places: np.ndarray, least: float, hidden: np.ndarray | None = None) -> np.ndarray:
        """Points without another within `least` pixels, and well inside the map and clear of what lies on it."""
        box = self.box()
        x, y = places.T
        inside = (x > 30) & (y > 60) & (x < box["width"] - 60) & (y < box["height"] - 30)
        return np.flatnonzero((apart(places, hidden) > least) & inside)

    def hover(self, place: np.ndarray) -> None:
        box = self.box()
        self.page.mouse.move(box["x"] + float(place[0]), box["y"] + float(place[1]))
        frames(self.page, 2)

    def click(self, place: np.ndarray) -> None:
        self.hover(place)
        self.page.mouse.down()
        self.page.mouse.up()

    def pointed(self) -> int | None:
        """The point whose image stands beside the pointer."""
        if self.tip.is_hidden():
            return None
        return int(np.flatnonzero(self.probe.indices == int(self.tip.get_attribute("data-index") or -1))[0])

    def expect_pointed(self, point: int | None) -> None:
        until(self.page, lambda: self.pointed() == point, lambda: f"{self.pointed()} is pointed at, not {point}")

    def decoded(self, epoch: int, codes: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return (
                self.run.model(epoch).decode(torch.from_numpy(np.atleast_2d(codes))).numpy().reshape(-1, 28 * 28) * 255
            )

    def colours(self, selector: str = ".dots") -> np.ndarray:
        """A canvas of the map, (H, W, 4)."""
        address = self.map.locator(selector).evaluate("(canvas) => canvas.toDataURL()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGBA"))

    def thumbnails(self) -> list[tuple[int, int, int]]:
        """The images on the map: point, and where its 28 × 28 pixels begin, found by comparing pixels alone."""
        grey = self.colours()
        plain = (grey[..., 0] == grey[..., 1]) & (grey[..., 1] == grey[..., 2])
        whole = sliding_window_view(sliding_window_view(plain, 28, axis=1).all(-1), 28, axis=0).all(-1)
        first = sliding_window_view(grey[..., 0] == 0, 28, axis=1).all(-1)  # of every digit: black
        by_content = {image.tobytes(): point for point, image in enumerate(self.probe.images)}
        found = []
        for y, x in np.argwhere(whole & first[: len(whole)]):
            point = by_content.get(grey[y : y + 28, x : x + 28, 0].tobytes())
            if point is not None:
                found.append((point, int(x), int(y)))
        return found


class Component(Board):
    """The same without a session: the component on a bench, and what it tells Python."""

    def __init__(self, bench: Bench, run: Run) -> None:
        super().__init__(bench.page, run, "")
        self.bench = bench
        self.live = open_live(run, run.name)

    def mount(self, weights: bool = True, **cursor: Any) -> Component:
        """Hand over the run and its film; `weights` gives those of the epochs before the last, too."""
        film = open_film(self.live)
        for store, content in (("runs", self.live.head), ("films", film.content)):
            assert not self.bench.publish(store, content)
        if weights:
            self.release()
        self.bench.dress("light")
        data = live_data(self.live, film=film.key, other=None, shapes=[film.shapes])
        self.bench.mount("clusters", data | {"cursor": data["cursor"] | cursor})
        self.shown()
        return self

    def release(self) -> None:
        assert not self.bench.publish("runs", self.live.rest)

    def heard(self) -> str | None:
        told = self.bench.said("cursor")
        return str(told[-1]["epoch"]) if told else str(self.live.space.epochs[-1])

    def expect_heard(self, *epochs: int) -> None:
        until(self.page, lambda: self.heard() in map(str, epochs), lambda: f"Python has heard of epoch {self.heard()}")

    def expect_z(self, expected: np.ndarray, within: float = HALF) -> None:
        def off() -> float:
            told = self.bench.said("cursor")
            return float(np.abs(np.array(told[-1]["z"]) - expected).max()) if told else np.inf

        until(self.page, lambda: off() < within, lambda: f"Python has heard of a code that is {off():.3f} away")


@pytest.fixture
def board(page: Page, app: str, trained_run: Run) -> Board:
    return Board(page, trained_run, app).open()


@pytest.fixture
def component(bench: Bench, trained_run: Run) -> Component:
    return Component(bench, trained_run).mount()


def apart(places: np.ndarray, hidden: np.ndarray | None = None) -> np.ndarray:
    """How far from each of the places (P, 2) the next is that is not hidden, (P,)."""
    shown = np.ones(len(places), bool) if hidden is None else ~hidden
    distances, _ = KDTree(places[shown]).query(places, k=2)
    return np.where(shown, distances[:, 1], distances[:, 0])


def near(colour: np.ndarray, expected: str | tuple[int, ...], within: int = 40) -> bool:
    wanted = tuple(bytes.fromhex(expected)) if isinstance(expected, str) else expected
    return bool(np.abs(colour[..., :3].astype(int) - np.array(wanted)).max() <= within)


# Pointing --------------------------------------------------------------------------------------------------------


def test_pointing_at_a_place_shows_the_image_that_the_film_has_there(component: Component) -> None:
    first, last = component.epochs[0], component.epochs[-1]
    for epoch in (last, first):
        component.to(epoch)
        means = component.run.latents(epoch).mean
        places = component.places(epoch)
        for point in component.alone(places, 3.0)[::60][:6]:
            component.hover(places[point])
            component.expect_pointed(point)
            np.testing.assert_array_equal(
                canvases(component.tip.locator(".image"))[0], component.probe.images[point].ravel()
            )
            made = component.decoded(epoch, means[point])[0]
            assert np.abs(canvases(component.tip.locator(".decoded"))[0] - made).max() < 3
            index, label = component.probe.indices[point], component.probe.labels[point]
            expect(component.page.locator("#point-title")).to_have_text(f"Test image {index}, class {label}")
            panel = canvases(component.page.locator(".point .pictures canvas"))
            np.testing.assert_array_equal(panel[0], component.probe.images[point].ravel())
            assert np.abs(panel[1] - made).max() < 3
            mean, log_variance = (part[point] for part in component.run.latents(epoch))
            kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum()
            said = component.page.locator(".point .figures").inner_text()
            assert abs(float(re.search(r"KL ([\d.]+) nats", said)[1]) - kl) < 0.06
            code = component.page.locator(".point .code").get_attribute("aria-label") or ""
            for dimension, value in re.findall(r"z(\d+) ([−\d.]+)", code):
                assert abs(float(value.replace("−", "-")) - mean[int(dimension)]) < 0.006 + HALF
    component.hover(np.array([2.0, 2.0]))
    expect(component.tip).to_be_hidden()


def test_hidden_classes_are_neither_drawn_nor_pointed_at(component: Component) -> None:
    last = component.epochs[-1]
    places = component.places(last)
    zeros = component.probe.labels == 0
    button = component.page.get_by_role("button", name=re.compile("^Class 0,"))
    lone = [point for point in component.alone(places, 26.0) if zeros[point]] or [
        point for point in component.alone(places, 26.0, hidden=zeros) if zeros[point]
    ]
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    component.hover(np.array([2.0, 2.0]))
    picture = component.colours()
    for point in lone[:5]:
        x, y = places[point].round().astype(int)
        assert near(picture[y, x], (255, 255, 255), 2), "a hidden point is drawn"
        component.hover(places[point])
        component.expect_pointed(None)
    # What is shown belongs to its point, filtered or not.
    rest = [point for point in component.alone(places, 3.0, hidden=zeros) if not zeros[point]]
    for point in rest[:: len(rest) // 6]:
        component.hover(places[point])
        component.expect_pointed(point)
        np.testing.assert_array_equal(
            canvases(component.tip.locator(".image"))[0], component.probe.images[point].ravel()
        )
    # One class alone, and all of them again.
    seven = component.page.get_by_role("button", name=re.compile("^Class 7,"))
    seven.click(modifiers=["Shift"])
    states = [button.get_attribute("aria-pressed") for button in component.page.locator(".class").all()]
    assert states == ["true" if label == 7 else "false" for label in range(10)]
    component.page.get_by_role("button", name="Show all").click()
    expect(component.page.locator(".class[aria-pressed=false]")).to_have_count(0)


# The clock -------------------------------------------------------------------------------------------------------


def test_the_film_plays_pauses_and_rests_on_an_epoch(component: Component) -> None:
    component.to(component.epochs[0])
    before = component.colours()
    component.page.get_by_role("button", name="Play", exact=True).click()
    expect(component.moment).to_have_text(re.compile(f"^({'|'.join(map(str, component.epochs[2:-1]))})$"))
    assert component.heard() == "0", "Python heard of it while it played"
    component.page.get_by_role("button", name="Pause").click()
    component.expect_heard(*component.epochs[1:])
    stopped = int(component.heard() or -1)
    expect(component.moment).to_have_text(str(stopped))
    expect(component.time).to_have_js_property("value", str(component.epochs.index(stopped)))
    assert (component.colours() != before).any()
    still = component.colours()
    frames(component.page, 10)
    assert (component.colours() == still).all(), "it moves though it is paused"

    # The space bar plays too, wherever the focus is; at the end it stops, and begins anew from the start.
    component.page.get_by_label("Speed").select_option("4")
    component.field.press(" ")
    expect(component.page.get_by_role("button", name="Pause")).to_be_visible()
    component.expect_heard(component.epochs[-1])
    expect(component.page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    component.time.press(" ")
    expect(component.moment).to_have_text(re.compile(f"^({'|'.join(map(str, component.epochs[:6]))})$"))
    component.time.press(" ")


def test_a_hand_on_the_scrubber_looks_between_two_epochs_and_python_hears_at_the_release(component: Component) -> None:
    component.page.get_by_role("checkbox", name="Class names").uncheck()  # which may cover a point
    box = component.time.bounding_box()
    assert box is not None
    mouse, middle = component.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] - 8, middle)
    mouse.down()
    for share in (0.83, 0.42):
        mouse.move(box["x"] + share * box["width"], middle, steps=3)
        frames(component.page, 2)
        at = float(component.time.input_value())
        assert at != round(at)
        before, after = (component.places(component.epochs[int(rounded)]) for rounded in (np.floor(at), np.ceil(at)))
        expected = before + (after - before) * (at - np.floor(at))
        for point in component.alone(expected, 18.0)[:3]:
            x, y = expected[point].round().astype(int)
            assert near(component.colours()[y, x], CLASS_COLOURS[component.probe.labels[point]])
        expect(component.moment).to_have_text(str(component.epochs[round(at)]))
    assert component.heard() == str(component.epochs[-1]), "Python heard before the release"
    mouse.up()
    component.expect_heard(component.epochs[round(at)])
    expect(component.time).to_have_js_property("value", str(round(at)))


def test_keys_step_the_epochs_and_go_from_point_to_point(component: Component) -> None:
    first, last = component.epochs[0], component.epochs[-1]
    for key, epoch in (
        ("Home", first),
        ("ArrowRight", component.epochs[1]),
        ("End", last),
        ("ArrowLeft", component.epochs[-2]),
    ):
        component.time.press(key)
        expect(component.moment).to_have_text(str(epoch))
        expect(component.time).to_have_attribute("aria-valuetext", re.compile(f"^epoch {epoch}(,|$)"))
        component.expect_heard(epoch)
    component.page.get_by_role("button", name="Epoch after").click()
    expect(component.moment).to_have_text(str(last))
    component.field.press("PageUp")
    expect(component.moment).to_have_text(str(component.epochs[-2]))
    component.field.press("PageDown")
    expect(component.moment).to_have_text(str(last))
    frames(component.page, 3)

    places = component.places(last)
    component.field.press("ArrowRight")  # the first press takes hold in the middle
    frames(component.page, 2)
    at = component.pointed()
    assert at is not None
    for key, axis, sign in (("ArrowRight", 0, 1), ("ArrowUp", 1, -1), ("ArrowLeft", 0, -1), ("ArrowDown", 1, 1)):
        component.field.press(key)
        frames(component.page, 2)
        now = component.pointed()
        assert now is not None
        assert now != at
        move = places[now] - places[at]
        assert sign * move[axis] >= max(1e-6, abs(move[1 - axis])), f"{key} went astray"
        at = now
    expect(component.page.locator(".spoken")).to_have_text(
        f"Test image {component.probe.indices[at]}, class {component.probe.labels[at]}"
    )
    component.field.press("Enter")
    component.expect_z(component.run.latents(last).mean[at])


# The cursor ------------------------------------------------------------------------------------------------------


@pytest.mark.new_tab
def test_film_script_and_player_travel_once(page: Page, app: str, trained_run: Run) -> None:
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    board = Board(page, trained_run, app).open()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    assert max(sizes) > 1_000_000
    sizes.clear()
    board.time.press("ArrowLeft")
    board.expect_heard(board.epochs[-2])
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    assert sum(sizes) < 60_000


def test_a_click_makes_the_point_the_cursor_of_all_pages(board: Board) -> None:
    epoch = board.epochs[-3]
    board.to(epoch)
    places = board.places(epoch)
    gallery = {int(index) for index in board.page.evaluate("Array.from([...betaVaeLive.runs.values()].at(-1).indices)")}
    lone = board.alone(places, 3.0)
    known = [int(board.probe.indices[point]) in gallery for point in lone]
    outside = lone[np.flatnonzero(~np.array(known))[0]]
    inside = lone[np.flatnonzero(known)[0]]
    for point in (outside, inside):
        board.click(places[point])
        expect_z(board.page, board.run.latents(epoch).mean[point], within=HALF)
    assert in_address(board.page, "digit") == str(board.probe.indices[inside])
    board.click(places[outside])
    expect_z(board.page, board.run.latents(epoch).mean[outside], within=HALF)

    # The clock takes the image along, though it is none of the gallery's.
    board.time.press("ArrowRight")
    later = board.epochs[-2]
    expect_z(board.page, board.run.latents(later).mean[outside], within=HALF)
    board.page.mouse.move(2, 2)
    title = f"The cursor: test image {board.probe.indices[outside]}, class {board.probe.labels[outside]}"
    expect(board.page.locator("#point-title")).to_have_text(title)

    board.page.get_by_role("link", name="Open the cursor in Traverse").click()
    expect(board.page.locator(".traverse:not([aria-busy])")).to_be_visible()
    original = f"Started from {title.removeprefix('The cursor: ')}: this is the original."
    expect(board.page.get_by_text(original)).to_be_visible()
    expect(board.page.get_by_role("radio", name="keep the digit")).to_be_checked()
    expect_z(board.page, board.run.latents(later).mean[outside])  # to the last digit, not as the film has it
    shown = canvases(board.page.locator(".traverse .decoded"))[0]
    assert np.abs(shown - board.decoded(later, board.run.latents(later).mean[outside])[0]).max() < 0.6


def test_a_cursor_that_is_no_image_is_drawn_where_its_neighbours_are(bench: Bench, trained_run: Run) -> None:
    board = Component(bench, trained_run)
    last = board.epochs[-1]
    means = board.run.latents(last).mean
    z = np.round(means[10] * 0.5 + means[400] * 0.5, 3)
    code = [float(value) for value in z]
    board.mount(z=code, epoch=last, start={"kind": "code", "code": code})
    expect(board.page.locator("#point-title")).to_have_text("The cursor, no test image")
    expect(board.page.locator(".point .pictures figure:visible")).to_have_count(1)
    assert (
        np.abs(
            canvases(board.page.locator(".point .pictures figure:visible canvas"))[0]
            - board.decoded(last, z.astype(np.float32))[0]
        ).max()
        < 3
    )

    far = np.linalg.norm(means.astype(np.float16).astype(np.float32) - z, axis=1)
    nearest = np.argsort(far)[:15]
    weights = 1 / far[nearest]
    x, y = (board.places(last)[nearest] * (weights / weights.sum())[:, None]).sum(0)
    over = board.colours(".over")
    rows, columns = np.mgrid[: over.shape[0], : over.shape[1]]
    ring = np.abs(np.hypot(columns + 0.5 - x, rows + 0.5 - y) - 9) < 1
    accent = np.abs(over[..., :3].astype(int) - (0x1F, 0x6F, 0xC4)).max(-1) < 40
    assert 0.3 < accent[ring].mean() < 0.9, "no dashed ring there"


# The selection ---------------------------------------------------------------------------------------------------


def test_the_lasso_shows_what_the_selected_images_have_in_common(board: Board) -> None:
    last = board.epochs[-1]
    places = board.places(last)
    middle = np.median(places[board.probe.labels == 0], axis=0)
    corners = middle + np.array([[-55, -60], [70, -40], [40, 55], [-60, 45]])
    inside = np.flatnonzero(within(corners, places))
    assert 30 < len(inside) < 600
    board.page.get_by_role("button", name="Lasso").click()
    board.hover(corners[0])
    board.page.mouse.down()
    for corner in corners[1:]:
        board.page.mouse.move(
            *[start + value for start, value in zip((board.box()["x"], board.box()["y"]), corner, strict=True)]
        )
    board.page.mouse.up()

    said = board.page.locator(".selected")
    expect(said).to_contain_text(re.compile(r"^\d+ of 2,500 test images\. "))
    count = int(said.inner_text().split()[0])
    assert abs(count - len(inside)) <= 2  # on the very line
    zeros = int((board.probe.labels[inside] == 0).sum())
    assert abs(int(re.search(r"\b0\s\((\d+)\)", said.inner_text())[1]) - zeros) <= 2
    mean_image, decoded = canvases(board.page.locator(".means canvas"))
    assert np.abs(mean_image - board.probe.images[inside].reshape(len(inside), -1).mean(0)).mean() < 1
    code = board.run.latents(last).mean[inside].mean(0)
    assert np.abs(decoded - board.decoded(last, code)[0]).max() < 8
    shown = board.page.locator(".chosen button")
    names = [button.get_attribute("aria-label") or "" for button in shown.all()]
    chosen = [int(np.flatnonzero(board.probe.indices == int(re.search(r"image (\d+)", name)[1]))[0]) for name in names]
    factors = board.run.factors()
    assert factors is not None
    told = board.page.locator(".differences li").all_inner_texts()
    values = {}
    for line in told:
        *name, value = line.split("\n")
        values["".join(name)] = float(value.replace("−", "-"))
    assert [abs(value) for value in values.values()] == sorted(map(abs, values.values()), reverse=True)
    rest = np.setdiff1d(np.arange(len(board.probe.labels)), inside)
    apart = {name: (of[inside].mean() - of[rest].mean()) / of.std() for name, of in factors.items()}
    assert set(values) & set(factors), told
    for name in set(values) & set(factors):
        assert values[name] == pytest.approx(apart[name], abs=0.1)
    with board.page.expect_download() as saving:
        board.page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(saving.value.path()).read_text())))
    assert len(rows) == count
    row = next(row for row in rows if int(row["index"]) == board.probe.indices[chosen[0]])
    assert row["class"] == str(board.probe.labels[chosen[0]])
    assert float(row["thickness"]) == pytest.approx(factors["thickness"][chosen[0]], rel=1e-5)
    assert float(row["z3"]) == pytest.approx(board.run.latents(last).mean[chosen[0], 3], abs=HALF)
    np.testing.assert_array_equal(
        canvases(shown.locator("canvas")), board.probe.images[chosen].reshape(len(chosen), -1)
    )
    assert np.isin(chosen, inside).mean() > 0.9

    # Others are faint, and the selection stays while the film moves: where did these come from?
    frames(board.page, 2)
    outside = next(point for point in board.alone(places, 18.0) if point not in inside)
    x, y = places[outside].round().astype(int)
    assert not near(board.colours()[y, x], CLASS_COLOURS[board.probe.labels[outside]])
    board.page.get_by_role("button", name="Take the mean code as cursor").click()
    board.expect_z(code, within=0.05)
    board.time.press("ArrowLeft")
    earlier = board.epochs[-2]
    board.expect_heard(earlier)
    made = canvases(board.page.locator(".means canvas"))[1]
    assert np.abs(made - board.decoded(earlier, board.run.latents(earlier).mean[inside].mean(0))[0]).max() < 8

    board.page.get_by_role("button", name="Clear").click()
    expect(said).to_contain_text("Draw round points")
    board.page.get_by_role("button", name="All in view").click()
    expect(said).to_contain_text("2,500 of 2,500 test images")


def within(corners: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which places lie inside a convex outline, (P,) bool."""
    sides = [
        (b[0] - a[0]) * (places[:, 1] - a[1]) - (b[1] - a[1]) * (places[:, 0] - a[0])
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    return np.all(np.array(sides) > 0, axis=0) | np.all(np.array(sides) < 0, axis=0)


# The view --------------------------------------------------------------------------------------------------------


def test_enlarged_every_image_stands_at_its_own_point_filtered_or_not(board: Board) -> None:
    last = board.epochs[-1]
    places = board.places(last)
    target = board.alone(places, 3.0)[40]
    assert board.thumbnails() == []
    board.hover(places[target])
    before = board.box()["y"]
    board.page.mouse.wheel(0, 100)  # the wheel scrolls the page until somebody takes hold of the map
    until(board.page, lambda: board.box()["y"] < before, lambda: "the page did not scroll")
    assert board.thumbnails() == []
    board.field.focus()
    board.hover(places[target])
    for _ in range(2):
        picture = board.colours()
        board.page.mouse.wheel(0, -300)
        until(board.page, lambda picture=picture: (board.colours() != picture).any(), lambda: "nothing came nearer")
    box = board.box()
    scale = float(np.exp(6 * 0.25))
    middle = np.array([box["width"], box["height"]]) / 2
    # What the pointer was on stayed where it was, as far as the film goes on filling the map.
    shift = shift_of(board, scale)
    expected = (places - middle) * scale + shift
    assert np.abs(shift - (places[target] - (places[target] - middle) * scale)).max() < 80

    for hidden in (False, True):
        if hidden:
            label = board.probe.labels[board.thumbnails()[0][0]]
            board.page.get_by_role("button", name=re.compile(f"^Class {label},")).click()
            board.hover(np.array([2.0, 2.0]))
        found = board.thumbnails()
        assert len(found) >= 5
        for point, x, y in found:
            assert np.abs(np.array([x + 14, y + 14]) - expected[point]).max() < 2.5, (
                "an image stands at another's point"
            )
            assert not hidden or board.probe.labels[point] != label
        for point, x, y in found[:3]:
            board.hover(np.array([x + 14, y + 14]))
            board.expect_pointed(point)
    board.field.press("0")
    board.page.wait_for_timeout(400)
    board.hover(np.array([2.0, 2.0]))
    assert board.thumbnails() == []


def shift_of(board: Board, scale: float) -> np.ndarray:
    """Where the middle of the film has gone, from the first image that is found at its point."""
    box = board.box()
    middle = np.array([box["width"], box["height"]]) / 2
    places = board.places(board.epochs[-1])
    shifts = [np.array([x + 14, y + 14]) - (places[point] - middle) * scale for point, x, y in board.thumbnails()]
    return np.median(shifts, axis=0)


def test_the_map_is_as_wide_and_as_high_as_its_film_and_nothing_lies_on_it(
    bench: Bench, trained_run: Run, tmp_path: Path
) -> None:
    film = trained_run.film()
    assert film is not None
    for name, stretched in (("wide", (1.5, 1.0)), ("high", (0.55, 1.0))):
        path = tmp_path / name
        shutil.copytree(trained_run.path, path, ignore=shutil.ignore_patterns("layout*"))
        write_film(path, film._replace(positions=film.positions * np.float32(stretched)))
        bench.clear()
        board = Component(bench, Run(path)).mount()
        extent = np.ptp(board.film, axis=(0, 1))
        box = board.box()
        assert abs(box["width"] / box["height"] / np.divide(*extent) - 1) < 0.02
        for lying in (".moment", ".tools"):
            over = board.map.locator(lying).bounding_box()
            assert over is not None
            assert over["y"] + over["height"] <= box["y"], f"{lying} lies on the points"
        # Enlarged, it can be moved as far as it goes, and no further.
        board.page.get_by_role("button", name="Enlarge", exact=True).click()
        board.page.wait_for_timeout(400)
        for sideways in (-1, 1):
            board.hover(np.array([box["width"], box["height"]]) * (0.5 - 0.45 * sideways))
            board.page.mouse.down()
            board.hover(np.array([box["width"], box["height"]]) * (0.5 + 0.45 * sideways))
            board.page.mouse.up()
        frames(board.page, 2)
        scale, size = 1.6, np.array([box["width"], box["height"]])
        expected = (board.places(board.epochs[-1]) - size / 2) * scale + size / 2 + size / 2 * (scale - 1)
        shown = np.flatnonzero((expected > 8).all(1) & (expected < size - 8).all(1))
        picture = board.colours()
        lone = [point for point in board.alone(expected, 9.0) if point in shown]
        assert len(lone) > 5
        right = [
            near(picture[int(y), int(x)], CLASS_COLOURS[board.probe.labels[p]], 60)
            for p, (x, y) in zip(lone, expected[lone].round(), strict=True)
        ]
        assert np.mean(right) > 0.8, "it was moved to another place"


def test_an_empty_map_says_how_to_get_back(component: Component) -> None:
    page, nothing = component.page, component.map.locator(".nothing")
    expect(nothing).to_be_hidden()
    component.field.focus()
    corner = np.array([0.97, 0.03]) * [component.box()["width"], component.box()["height"]]
    component.hover(corner)
    for way in ("button", "key"):
        for _ in range(12):
            page.mouse.wheel(0, -300)
            frames(page, 1)
        expect(nothing).to_have_text(re.compile("^No point lies here[.]"))
        if way == "button":
            page.get_by_role("button", name="Show all", exact=True).click()
        else:
            component.field.press("0")
        expect(nothing).to_be_hidden()
        expect(component.field).to_be_focused()
        component.hover(corner)
    zero, rest = page.get_by_role("button", name=re.compile("^Class 0,")), page.locator(".class").all()
    zero.click(modifiers=["Shift"])
    zero.click()
    expect(nothing).to_have_text(re.compile("^All classes are hidden[.]"))
    nothing.get_by_role("button").press("Enter")
    expect(nothing).to_be_hidden()
    expect(page.locator(".class[aria-pressed=true]")).to_have_count(len(rest))


def test_the_map_does_not_wait_for_all_weights(bench: Bench, trained_run: Run) -> None:
    board = Component(bench, trained_run).mount(weights=False, epoch=1)
    expect(board.moment).to_have_text("1")
    places = board.places(1)
    point = int(board.alone(places, 8.0)[0])
    board.hover(places[point])
    board.expect_pointed(point)
    made = board.tip.locator(".decoded")
    assert np.array_equal(canvases(board.tip.locator(".image"))[0], board.probe.images[point].ravel())
    assert not canvases(made).any()

    board.release()
    expected = board.decoded(1, board.run.latents(1).mean[point])
    expect_pictures(board.page, lambda: canvases(made), expected, within=3)


# Colours and layouts ---------------------------------------------------------------------------------------------


def test_colours_are_those_of_the_class_or_of_what_was_measured(component: Component) -> None:
    last = component.epochs[-1]
    component.page.get_by_role("checkbox", name="Class names").uncheck()  # which may cover a point
    frames(component.page, 3)
    places = component.places(last)
    lone = component.alone(places, 16.0)[:12]
    picture = component.colours()
    for point in lone:
        x, y = places[point].round().astype(int)
        assert near(picture[y, x], CLASS_COLOURS[component.probe.labels[point]]), "a class has another's colour"

    component.page.get_by_label("Colour by").select_option("kl")
    frames(component.page, 3)
    kl = np.stack([0.5 * (m**2 + np.exp(v) - 1 - v).sum(1) for m, v in map(component.run.latents, component.epochs)])
    least, most = (float(np.quantile(kl[1:], share)) for share in (0.01, 0.99))  # without the untrained epoch
    shown = [float(component.page.locator(f".scale .{end}").inner_text()) for end in ("least", "most")]
    assert np.allclose(shown, [least, most], atol=0.6)
    picture = component.colours()
    for point in lone:
        x, y = places[point].round().astype(int)
        assert near(picture[y, x], ramp((kl[-1, point] - least) / (most - least))), "a value has another's colour"
    expect(component.page.locator(".scale-note")).to_contain_text("nats; 2,500 test images")

    component.page.get_by_label("Colour by").select_option("class")
    film = component.run.film()
    assert film is not None
    component.page.get_by_role("checkbox", name="Dim what moves without reason").check()
    stray = np.zeros(film.kept.shape, bool)
    stray[1:] = (film.kept[1:] >= 0.8) & (np.linalg.norm(np.diff(component.film, axis=0), axis=2) > 0.05)
    lone_at = [component.alone(component.places(epoch), 6.0) for epoch in component.epochs]
    frame = int(np.argmax([stray[frame, lone].sum() for frame, lone in enumerate(lone_at)]))
    assert stray[frame, lone_at[frame]].any(), "no point to see it by"
    component.to(component.epochs[frame])
    places, picture = component.places(component.epochs[frame]), component.colours()
    for point in lone_at[frame]:
        x, y = places[point].round().astype(int)
        assert near(picture[y, x], CLASS_COLOURS[component.probe.labels[point]]) != stray[frame, point]
    component.to(last)
    component.page.get_by_role("checkbox", name="Dim what moves without reason").uncheck()

    component.page.get_by_label("Layout").select_option("pca_last")
    component.page.wait_for_timeout(600)
    frames(component.page, 3)  # the end of the way is drawn
    component.film = framed(principal(component.run))
    places = component.places(last)
    for point in component.alone(places, 8.0)[:4]:
        component.hover(places[point])
        component.expect_pointed(point)


def test_what_an_image_kept_is_not_known_of_the_first_epoch(component: Component) -> None:
    film = component.run.film()
    assert film is not None
    component.page.get_by_role("checkbox", name="Class names").uncheck()  # which may cover a point
    component.page.get_by_label("Colour by").select_option("kept")
    text = component.field.evaluate("(field) => getComputedStyle(field).color.match(/[0-9.]+/g).map(Number)")
    for frame, epoch in enumerate(component.epochs[:2]):
        component.to(epoch)
        places, picture = component.places(epoch), component.colours()
        lone = component.alone(places, 8.0)[:12]
        assert len(lone) > 3
        for point in lone:
            x, y = places[point].round().astype(int)
            expected = ramp(film.kept[frame, point]) if frame else tuple(text[:3])
            assert near(picture[y, x], expected), f"at epoch {epoch} a point has another's colour"


def ramp(share: float) -> tuple[int, ...]:
    stops = np.array([tuple(bytes.fromhex(colour)) for colour in ("e0a92e", "d8576b", "8b2d9c", "1d1147")])
    place = min(1.0, max(0.0, share)) * 3
    stop = min(2, int(place))
    return tuple(int(value) for value in stops[stop] + (stops[stop + 1] - stops[stop]) * (place - stop))


def principal(run: Run) -> np.ndarray:
    """The principal components of the last epoch's codes, for all epochs, (E, P, 2)."""
    means = [run.latents(epoch).mean.astype(np.float64) for epoch in run.epochs()]
    centre = means[-1].mean(0)
    axes = np.linalg.svd(means[-1] - centre, full_matrices=False)[2][:2].T
    axes *= np.sign(axes[np.abs(axes).argmax(0), range(2)])
    return np.stack([(mean - centre) @ axes for mean in means])


# The page --------------------------------------------------------------------------------------------------------


def test_the_page_is_found_as_it_was_left(board: Board) -> None:
    board.page.get_by_label("Layout").select_option("pca_each")
    board.page.get_by_label("Colour by").select_option("reconstruction")
    board.page.get_by_role("checkbox", name="Trails").check()
    board.page.get_by_role("button", name=re.compile("^Class 4,")).click()
    board.page.get_by_role("button", name="Enlarge").click()
    board.page.get_by_role("button", name="All in view").click()
    selected = board.page.locator(".selected").inner_text()
    assert 0 < int(selected.split()[0].replace(",", "")) < len(board.probe.labels)
    board.page.wait_for_timeout(500)
    board.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()  # Python has heard
    frames(board.page, 3)
    before = board.page.locator(".dots").first.evaluate("(canvas) => canvas.toDataURL()")
    board.page.get_by_role("link", name="Generate", exact=True).click()
    expect(board.page.locator(".generate:not([aria-busy])")).to_be_visible()
    board.page.get_by_role("link", name="Clusters", exact=True).click()
    board.shown()
    expect(board.page.get_by_label("Layout")).to_have_value("pca_each")
    expect(board.page.get_by_label("Colour by")).to_have_value("reconstruction")
    expect(board.page.get_by_role("checkbox", name="Trails")).to_be_checked()
    expect(board.page.get_by_role("button", name=re.compile("^Class 4,"))).to_have_attribute("aria-pressed", "false")
    expect(board.page.locator(".selected")).to_have_text(selected, use_inner_text=True)
    board.page.mouse.move(2, 2)
    frames(board.page, 3)
    assert board.page.locator(".dots").first.evaluate("(canvas) => canvas.toDataURL()") == before


def test_two_runs_side_by_side_run_by_one_clock(board: Board) -> None:
    second = find_run("mnist-beta1")
    board.page.get_by_role("combobox", name="Second run").click()
    board.page.get_by_role("option", name=second.name, exact=True).click()
    expect(board.page.locator(".map")).to_have_count(2)
    expect(board.page.locator("figcaption").first).to_have_text(board.run.name)
    beside = Board(board.page, second, board.address)
    beside.map = board.page.locator(".map").nth(1)
    beside.field, beside.tip, beside.moment = (beside.map.locator(name) for name in (".field", ".tip", ".moment b"))

    # Each has its film's shape, and both one height.
    boxes = [each.box() for each in (board, beside)]
    assert abs(boxes[0]["height"] - boxes[1]["height"]) < 2
    for each, box in zip((board, beside), boxes, strict=True):
        assert abs(box["width"] / box["height"] / np.divide(*np.ptp(each.film, axis=(0, 1))) - 1) < 0.02

    common = next(epoch for epoch in board.epochs if epoch in beside.epochs)
    board.to(common)
    expect(beside.moment).to_have_text(str(common))
    board.to(board.epochs[-1])
    expect(beside.moment).to_have_text(str(beside.epochs[-1]))

    # An image that both have is shown in both, each by its own decoder.
    places = beside.places(beside.epochs[-1])
    point = next(p for p in beside.alone(places, 4.0) if beside.probe.indices[p] in board.probe.indices)
    beside.hover(places[point])
    beside.expect_pointed(point)
    index = beside.probe.indices[point]
    assert board.probe.indices[board.pointed() or 0] == index
    panel = canvases(board.page.locator(".point .pictures canvas"))
    np.testing.assert_array_equal(panel[0], beside.probe.images[point].ravel())
    own = int(np.flatnonzero(board.probe.indices == index)[0])
    assert np.abs(panel[1] - board.decoded(board.epochs[-1], board.run.latents().mean[own])[0]).max() < 3
    assert np.abs(panel[2] - beside.decoded(beside.epochs[-1], second.latents().mean[point])[0]).max() < 3

    board.page.get_by_role("combobox", name="Second run").click()
    board.page.get_by_role("option", name="None", exact=True).click()
    expect(board.page.locator(".map")).to_have_count(1)


def test_a_run_without_a_film_shows_its_principal_components(bench: Bench, tmp_path: Path) -> None:
    page, path = bench.page, tmp_path / "without-film"
    shutil.copytree(find_run("mnist-beta1").path, path, ignore=shutil.ignore_patterns("layout*"))
    film = open_film(live := open_live(Run(path), path.name))
    bench.publish_run(live)
    assert not bench.publish("films", film.content)
    bench.mount("clusters", live_data(live, film=film.key, other=None, shapes=[film.shapes]))
    expect(page.locator(".clusters:not([aria-busy])")).to_be_visible()
    expect(page.get_by_label("Layout")).to_have_value("pca_last")
    expect(page.get_by_role("option", name="UMAP film: not worked out yet")).to_be_disabled()
    expect(page.locator(".quality tbody td").first).to_have_text("–")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_who_asked_for_less_motion_sees_whole_epochs_only(bench: Bench, trained_run: Run) -> None:
    bench.page.emulate_media(reduced_motion="reduce")
    board = Component(bench, trained_run).mount()
    board.to(board.epochs[0])
    rests = board.page.get_by_role("slider", name="Epoch", exact=True)
    seen = rests.evaluate(
        "async (time) => { const seen = []; time.getRootNode().querySelector('.play').click();"
        " while (Number(time.value) < 3) { seen.push(Number(time.value)); await new Promise(requestAnimationFrame); }"
        " return seen; }"
    )
    assert seen
    assert all(value == int(value) for value in seen)
    board.page.get_by_role("button", name="Pause").click()
