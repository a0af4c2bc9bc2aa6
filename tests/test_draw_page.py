"""The Draw page, used as a person uses it: what is written is encoded, decoded and searched for as PyTorch would."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from bvae.browser.encoders import pack_encoders
from bvae.browser.guests import check_drawing
from bvae.metrics import per_image
from bvae.model import Posterior
from bvae.runs import Run
from bvae.tests.sheets import tiles
from pages.parts.live import open_live
from tests.bench import Bench, live_data
from tests.browsing import comes_true, downloaded, expect_address, expect_pictures, expect_z, grey

LETTER_L = [(0.3, 0.2), (0.32, 0.7), (0.65, 0.72)]


class Desk:
    """What a person sees and does on the page, mounted on the bench."""

    def __init__(self, page: Page, run: Run) -> None:
        self.page, self.run = page, run
        self.ink = page.get_by_role("img", name="Drawing field")
        self.epoch = page.get_by_role("slider", name="Epoch", exact=True)

    def write(self, points: list[tuple[float, float]], lift: bool = True) -> None:
        box = self.ink.bounding_box()
        assert box is not None
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=6)
        if lift:
            self.page.mouse.up()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def upload(self, path: Path) -> None:
        self.page.locator("input[type=file]").set_input_files(path)
        expect(self.page.locator(".file:not([aria-busy])")).to_be_visible()

    def read(self, selector: str, shape: tuple[int, int] = (28, 28)) -> np.ndarray:
        return grey(self.page.locator(selector)).astype(np.uint8).reshape(shape)

    def seen(self) -> np.ndarray:
        """The image that the model sees, (28, 28) uint8."""
        return self.read(".seen")

    def posterior(self, epoch: int | None = None) -> Posterior:
        """PyTorch's own, of the image that is shown as seen."""
        return self.run.model(epoch).posterior(self.seen()[None])

    def expect_decoded(self, epoch: int | None = None) -> None:
        """The decoded picture is what PyTorch makes of the image shown."""
        expected = self.run.model(epoch).decode(self.posterior(epoch).mean)[0].numpy() * 255
        expect_pictures(self.page, lambda: self.read(".decoded"), expected)

    def settled(self) -> None:
        """Wait for the next frame, in which a stroke is worked through."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def download(self, name: str) -> bytes:
        return downloaded(self.page, self.button(name)).read_bytes()

    def nearest(self, code: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """NumPy's own: the 8 probe images with the nearest means over the active dimensions."""
        active = np.array(self.run.history()[-1]["kl_per_dimension"]) >= 0.01
        means = self.run.latents(epoch).mean
        assert len(means) == 2500, "every probe image is searched up to this many"
        return np.square(means - code)[:, active].sum(1).argsort(kind="stable")[:8]


class BenchDesk(Desk):
    """The page on the bench, where what it tells Python is read at once."""

    def __init__(self, bench: Bench, run: Run) -> None:
        super().__init__(bench.page, run)
        self.bench = bench

    def open(self) -> BenchDesk:
        """Mount the page with all that it needs of the run."""
        live = open_live(self.run, self.run.name)
        encoders = pack_encoders(Run(live.path), live.key, live.space.epochs)
        self.bench.publish_run(live)
        assert self.bench.publish("encoders", encoders) == ""
        self.data = live_data(live, centred=True)
        return self.mount()

    def mount(self, **data: Any) -> BenchDesk:
        self.bench.mount("draw", self.data | data)
        expect(self.page.locator(".live.draw:not([aria-busy])")).to_be_visible()
        return self

    def leave_and_return(self) -> None:
        """Mount the page anew with what it asked Python to remember."""
        memory, cursor = self.bench.said("memory")[-1]["memory"], self.bench.said("cursor")[-1]
        self.page.evaluate("document.body.replaceChildren()")
        self.mount(memory=memory, cursor=cursor)

    def cursor(self) -> dict[str, Any] | None:
        """What Python heard last."""
        return next(reversed(self.bench.said("cursor")), None)

    def expect_z(self, expected: np.ndarray | torch.Tensor, epoch: int | None = None) -> None:
        """Python has heard of the drawing's own code."""
        cursor = self.cursor()
        assert cursor is not None
        assert cursor["start"]["kind"] == "drawing"
        assert cursor["epoch"] == (self.run.epochs()[-1] if epoch is None else epoch)
        np.testing.assert_allclose(cursor["z"], expected, atol=7e-4)


class SessionDesk(Desk):
    """The page in a session with Python behind it."""

    def __init__(self, page: Page, run: Run, address: str) -> None:
        super().__init__(page, run)
        self.address = address

    def open(self) -> SessionDesk:
        self.page.goto(f"{self.address}/draw?{urlencode({'run': self.run.name})}")
        self.wait()
        return self

    def wait(self) -> None:
        expect(self.page.locator(".live.draw:not([aria-busy])")).to_be_visible()
        comes_true(self.page, "globalThis.betaVaeEncoders?.current")
        expect_address(self.page, "z", lambda text: text is not None)

    def expect_z(self, expected: np.ndarray | torch.Tensor) -> None:
        expect_z(self.page, expected, within=7e-4)


@pytest.fixture
def desk(bench: Bench, trained_run: Run) -> BenchDesk:
    return BenchDesk(bench, trained_run)


@pytest.fixture
def session(page: Page, app: str, trained_run: Run) -> SessionDesk:
    return SessionDesk(page, trained_run, app)


def as_mnist(ink: np.ndarray) -> np.ndarray:
    """LeCun's recipe in NumPy, by exact integration over areas: (H, W) uint8 to (28, 28) float."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
    side = max(ink.shape)
    padded = np.zeros((side, side))
    padded[: ink.shape[0], : ink.shape[1]] = ink
    for axis in (0, 1):  # the mean over an area is a difference of the running sum at its two ends
        running = np.concatenate([np.zeros((1, padded.shape[1])), padded.cumsum(0)])
        ends = np.linspace(0, side, 21)
        sums = np.stack([np.interp(ends, np.arange(side + 1), column) for column in running.T], axis=1)
        padded = (np.diff(sums, axis=0) * 20 / side).T
        assert padded.shape[1] == 20, axis
    box = padded
    center = [(box.sum(1 - axis) * np.arange(20)).sum() / box.sum() for axis in (0, 1)]
    used = [int(np.ceil(20 * length / side - 1e-6)) for length in ink.shape]
    top, left = (int(np.clip(np.floor(14 - c + 0.5), 0, 28 - u)) for c, u in zip(center, used, strict=True))
    field = np.zeros((28, 28))
    field[top : top + used[0], left : left + used[1]] = box[: used[0], : used[1]]
    return field


def center_of_mass(image: np.ndarray) -> np.ndarray:
    return np.array([(image.sum(1 - axis) * np.arange(28)).sum() / image.sum() for axis in (0, 1)])


def test_a_stroke_is_encoded_and_decoded_while_it_is_drawn_and_becomes_the_cursor(desk: BenchDesk) -> None:
    desk.open()
    expect(desk.page.get_by_text("Nothing is drawn yet.")).to_be_visible()
    expect(desk.button("Code CSV")).to_be_disabled()

    desk.write(LETTER_L, lift=False)
    desk.settled()
    assert desk.seen().max() == 255
    desk.expect_decoded()
    assert desk.cursor() is None, "Python heard before the pen was lifted"
    desk.page.mouse.up()

    mean = desk.posterior().mean
    desk.expect_z(mean[0])
    desk.expect_decoded()

    (row,) = csv.DictReader(io.StringIO(desk.download("Code CSV").decode()))
    assert row["epoch"] == str(desk.run.epochs()[-1])
    assert np.abs(np.array([float(row[f"z{dimension}"]) for dimension in range(20)]) - mean[0].numpy()).max() < 1e-4
    saved = json.loads(desk.download("Code JSON"))
    assert saved["epoch"] == desk.run.epochs()[-1]
    assert np.abs(np.array(saved["codes"][0]["z"]) - mean[0].numpy()).max() < 1e-4

    figures = per_image(desk.run.model(), desk.seen()[None])
    found = re.findall(r"(?:reconstruction|KL) ([\d.]+) nats", desk.page.locator(".figures").inner_text())
    assert float(found[0]) == pytest.approx(figures.reconstruction[0], abs=0.06)
    assert float(found[1]) == pytest.approx(figures.kl[0], abs=0.06)

    for name, expected in (("Drawing PNG", desk.seen()), ("Decoded PNG", desk.read(".decoded"))):
        np.testing.assert_array_equal(tiles(desk.download(name), 1, 1)[0, 0], expected)


def test_ink_is_centred_and_scaled_as_mnist_was(desk: BenchDesk) -> None:
    desk.open()
    desk.page.get_by_role("slider", name="Width").fill("44")
    for stroke in ([(0.07, 0.6), (0.1, 0.9), (0.3, 0.92)], [(0.2, 0.65), (0.33, 0.7)]):
        desk.write(stroke)
    seen = desk.seen()
    ink = desk.read(".ink", (280, 280))
    assert center_of_mass(ink[:, ::10][::10])[0] > 18, "the strokes should lie off the centre, or this proves little"

    assert np.abs(seen - as_mnist(ink)).max() <= 0.51
    assert np.abs(center_of_mass(seen) - 14).max() <= 0.5
    assert max(np.ptp(np.flatnonzero(seen.any(axis))) + 1 for axis in (0, 1)) == 20

    desk.page.get_by_role("checkbox", name="Centre and scale as MNIST was").uncheck()
    means = ink.reshape(28, 10, 28, 10).mean((1, 3))
    assert np.abs(desk.seen() - means).max() <= 0.51
    desk.expect_decoded()


def test_the_neighbours_are_the_nearest_of_all_probe_images(desk: BenchDesk) -> None:
    desk.open()
    desk.write([(0.4, 0.2), (0.65, 0.35), (0.5, 0.5), (0.68, 0.65), (0.35, 0.8)])
    probe = desk.run.probe()
    for key, epoch in (("End", desk.run.epochs()[-1]), ("Home", desk.run.epochs()[0])):
        desk.epoch.press(key)
        expect(desk.page.locator(".searched")).to_contain_text("of 2,500 probe images (test split)")
        code = desk.posterior(epoch).mean[0].numpy()
        expected = desk.nearest(code, epoch)
        shown = [canvas.get_attribute("aria-label") for canvas in desk.page.locator(".neighbours canvas").all()]
        names = [f"Test image {probe.indices[p]}, class {desk.run.class_names[probe.labels[p]]}" for p in expected]
        assert [name.rpartition(",")[0] for name in shown] == names
        active = np.array(desk.run.history()[-1]["kl_per_dimension"]) >= 0.01
        far = np.sqrt(np.square(desk.run.latents(epoch).mean[expected] - code)[:, active].sum(1))
        assert np.allclose([float(name.rpartition(" ")[2]) for name in shown], far, atol=0.006)
        votes = np.bincount(probe.labels[expected], minlength=10)
        expect(desk.page.locator(".vote")).to_contain_text(f"{votes.max()} of 8 of class")
        np.testing.assert_array_equal(desk.read(".neighbours li:nth-child(3) canvas"), probe.images[expected[2]])


def test_the_clock_moves_the_drawing_through_the_epochs(desk: BenchDesk) -> None:
    desk.open()
    desk.write(LETTER_L)
    desk.expect_z(desk.posterior().mean[0])
    first, *_, last = desk.run.epochs()
    for key, epoch in (("Home", first), ("ArrowRight", desk.run.epochs()[1]), ("End", last)):
        desk.epoch.press(key)
        desk.expect_decoded(epoch)
        desk.expect_z(desk.posterior(epoch).mean[0], epoch)


def paper(image: np.ndarray, size: int = 420) -> Image.Image:
    """A test image ten times enlarged, dark on a larger light sheet, off its centre."""
    sheet = Image.new("L", (size, size + 60), 255)
    enlarged = Image.fromarray(255 - image).resize((280, 280), Image.Resampling.BICUBIC)
    sheet.paste(enlarged, (20, 110))
    return sheet


def test_a_picture_of_a_digit_is_read_as_that_digit(desk: BenchDesk, tmp_path: Path) -> None:
    probe, means = desk.run.probe(), desk.run.latents().mean
    clear = [p for p in range(60) if (probe.labels[desk.nearest(means[p])] == probe.labels[p]).all()]
    desk.open()
    for position, kind in zip(clear, ("png", "jpeg", "transparent", "light on dark"), strict=False):
        original, label = probe.images[position], desk.run.class_names[probe.labels[position]]
        sheet = paper(original)
        path = tmp_path / f"{kind}.{'jpg' if kind == 'jpeg' else 'png'}"
        if kind == "transparent":
            ink = Image.eval(sheet, lambda value: 255 - value)
            sheet = Image.merge("LA", [Image.new("L", sheet.size, 20), ink])
        elif kind == "light on dark":
            sheet = Image.eval(sheet, lambda value: 255 - value)
        sheet.save(path, quality=80)
        desk.upload(path)

        expect(desk.page.locator(".vote")).to_contain_text(re.compile(rf"\b[5-8] of 8 of class {label}\b"))
        seen = desk.seen()
        assert np.abs(center_of_mass(seen) - 14).max() <= 0.5, kind
        assert np.abs(seen.astype(float) - original).mean() < 12, f"the {kind} picture was not read as it is"
        desk.expect_z(desk.posterior().mean[0])
        dark = desk.page.get_by_role("checkbox", name="Dark on light")
        assert dark.is_checked() == (kind != "light on dark"), kind

        dark.set_checked(kind == "light on dark")
        assert np.abs(desk.seen().astype(float) - original).mean() > 60, "the other choice shows the ground as ink"
        dark.set_checked(kind != "light on dark")
        np.testing.assert_array_equal(desk.seen(), seen)
    assert kind == "light on dark", "there are too few clear images for every kind"


def test_what_is_no_picture_is_refused_with_a_sentence_and_nothing_is_lost(desk: BenchDesk, tmp_path: Path) -> None:
    huge = tmp_path / "huge.png"
    Image.new("1", (9_000, 9_000)).save(huge)
    files = {
        "text.png": (b"this is no picture", "text.png is not a picture that can be read"),
        "empty.png": (b"", "empty.png is empty (0 bytes)"),
        "heavy.jpg": (bytes(11 * 2**20), "heavy.jpg has 11 MB, and 10 MB is the most"),
        "huge.png": (huge.read_bytes(), "huge.png is 9000 × 9000 pixels, and 40 million in all is the most"),
    }
    blank = io.BytesIO()
    Image.new("RGB", (50, 80), "white").save(blank, "PNG")
    files["blank.png"] = (blank.getvalue(), "blank.png is of one colour")
    clear = io.BytesIO()
    Image.new("RGBA", (50, 80), (0, 0, 0, 0)).save(clear, "PNG")
    files["clear.png"] = (clear.getvalue(), "clear.png is of one colour")
    whole = io.BytesIO()
    paper(desk.run.probe().images[0]).save(whole, "PNG")
    files["half.png"] = (whole.getvalue()[: len(whole.getvalue()) // 2], "half.png is damaged")

    desk.open()
    desk.write(LETTER_L)
    seen = desk.seen()
    for name, (content, sentence) in files.items():
        (tmp_path / name).write_bytes(content)
        desk.upload(tmp_path / name)
        expect(desk.page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
        np.testing.assert_array_equal(desk.seen(), seen)
    desk.page.get_by_role("button", name="Undo").click()  # whoever goes on has read the sentence
    expect(desk.page.locator(".problem")).to_have_text("")
    paper(desk.run.probe().images[0]).save(tmp_path / "good.png")
    desk.upload(tmp_path / "good.png")
    expect(desk.page.locator(".problem")).to_have_text("")
    assert (desk.seen() != seen).any()


BRING_TWO = """async (files) => {
  const { readPicture } = await import("/draw/bring.js");
  const input = document.querySelector("[data-component=draw]").shadowRoot.querySelector("input[type=file]");
  const brought = files.map(([name, text]) => {
    const file = new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], name);
    const chosen = new DataTransfer();
    chosen.items.add(file);
    input.files = chosen.files;
    input.dispatchEvent(new Event("change"));
    return file;
  });
  await readPicture(brought[0]).catch(() => {}); // asked for after the first one, and so read after it
}"""


@pytest.mark.parametrize("first", ["a picture", "a damaged picture"])
def test_of_two_pictures_the_one_chosen_last_lies_on_the_field(desk: BenchDesk, tmp_path: Path, first: str) -> None:
    probe = desk.run.probe()
    large = io.BytesIO()
    paper(probe.images[0]).resize((4_800, 4_200)).save(large, "PNG")
    content = large.getvalue() if first == "a picture" else large.getvalue()[:-20_000]
    paper(probe.images[1]).save(tmp_path / "small.png")
    desk.open()
    desk.upload(tmp_path / "small.png")
    expected = desk.seen()
    desk.button("Clear").click()
    steps = len(desk.bench.said("memory")[-1]["memory"]["steps"])

    files = [("large.png", content), ("small.png", (tmp_path / "small.png").read_bytes())]
    desk.page.evaluate(BRING_TWO, [[name, base64.b64encode(file).decode()] for name, file in files])
    expect(desk.page.locator(".file:not([aria-busy])")).to_be_visible()
    np.testing.assert_array_equal(desk.seen(), expected)
    assert len(desk.bench.said("memory")[-1]["memory"]["steps"]) == steps + 1
    expect(desk.page.locator(".problem")).to_have_text("")


def test_undo_clear_eraser_and_a_test_image_by_the_keyboard(desk: BenchDesk) -> None:
    desk.open()
    desk.write(LETTER_L)
    one = desk.seen()
    desk.write([(0.5, 0.2), (0.7, 0.5)])
    two = desk.seen()
    desk.page.get_by_role("radio", name="Eraser").check()
    desk.write([(0.5, 0.2), (0.7, 0.5)])
    erased = desk.seen()
    assert (one != two).any()
    assert np.abs(erased.astype(float) - two).max() > 100

    desk.button("Clear").click()
    assert not desk.seen().any()
    expect(desk.page.get_by_text("Nothing is drawn yet.")).to_be_visible()
    for expected in (erased, two, one):
        desk.button("Undo").click()
        np.testing.assert_array_equal(desk.seen(), expected)
    desk.page.keyboard.press("Control+z")
    assert not desk.seen().any()
    expect(desk.button("Undo")).to_be_disabled()

    summary = desk.page.get_by_text("Start from a test image", exact=True)
    summary.focus()
    desk.page.keyboard.press("Enter")
    desk.page.get_by_label("Class of test images").select_option("7")
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Tab")
    name = desk.page.locator(".examples button:focus").get_attribute("aria-label") or ""
    desk.page.keyboard.press("Enter")
    probe = desk.run.probe()
    place = int(np.flatnonzero(probe.indices == int(re.search(r"\d+", name)[0]))[0])
    assert probe.labels[place] == 7
    np.testing.assert_array_equal(desk.seen(), probe.images[place])  # MNIST brought into MNIST's form is itself
    desk.expect_z(desk.run.latents().mean[place])


def test_the_drawing_goes_to_the_sliders_and_is_there_when_one_comes_back(session: SessionDesk) -> None:
    session.open()
    session.write(LETTER_L)
    session.write([(0.5, 0.2), (0.7, 0.5)])
    seen, decoded, code = session.seen(), session.read(".decoded"), session.posterior().mean[0]
    session.expect_z(code)
    assert "digit=" not in session.page.url
    session.page.get_by_role("link", name="Take this code to the sliders").click()

    expect(session.page.locator(".traverse:not([aria-busy])")).to_be_visible()
    expect(session.page.get_by_text("Started from your drawing")).to_be_visible()
    np.testing.assert_allclose(session.read(".traverse .decoded").astype(int), decoded, atol=1)
    session.expect_z(code)

    session.page.get_by_role("link", name="Draw", exact=True).click()
    session.wait()
    np.testing.assert_array_equal(session.seen(), seen)
    session.expect_decoded()
    session.expect_z(code)
    session.button("Undo").click()
    assert (session.seen() != seen).any()
    session.expect_z(session.posterior().mean[0])


# What Python keeps -------------------------------------------------------------------------------------------------


KEPT = {"image": [0, 255] * 392, "number": 7, "steps": [], "centre": True}


def test_a_drawing_is_kept_with_its_number() -> None:
    assert check_drawing(KEPT) == {"image": [0, 255] * 392, "number": 7}


@pytest.mark.parametrize(
    "change",
    [
        {"image": [0] * 784},
        {"image": []},
        {"image": [0, 256] * 392},
        {"image": [0, -1] * 392},
        {"image": [0, float("nan")] * 392},
        {"image": "what"},
        {"image": None},
        {"number": None},
        {"number": -1},
        {"number": float("inf")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_no_drawing_is_not_kept(change: dict[str, Any]) -> None:
    assert check_drawing(KEPT | change) is None


def test_no_drawing_is_none() -> None:
    assert check_drawing(None) is None
