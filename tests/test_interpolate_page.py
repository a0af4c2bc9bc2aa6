"""The Interpolate page, used as a person uses it: in a real browser, on a really trained run."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from bvae.latent import interpolate
from bvae.runs import Run, name_dimension, write_json
from bvae.tests.sheets import tiles
from tests.bench import Bench, OnBench
from tests.browsing import Session, Site, canvases, comes_true, downloaded, frames
from tests.measured import measured


class Interpolate:
    """What a person sees and does on the page."""

    def __init__(self, site: Site) -> None:
        self.site, self.page, self.run = site, site.page, site.run
        page = site.page
        self.scrub = page.get_by_role("slider", name="Position on the way from A to B")
        self.epoch = page.get_by_role("slider", name="Epoch", exact=True)
        self.play = page.get_by_role("button", name=re.compile("^(Play|Pause)$"))
        self.sent = page.locator(".sent")

    def open(self, **parameters: str) -> Interpolate:
        self.site.open("interpolate", **parameters)
        self.expect_drawn()
        return self

    def expect_drawn(self) -> None:
        expect(self.page.locator(".interpolate:not([aria-busy])")).to_be_visible()
        expect(self.page.locator(".interpolate .mosaic[aria-busy]")).to_have_count(0)

    def images(self, selector: str) -> np.ndarray:
        """The canvases of a part of the page, (N, H·W), 0 to 255."""
        return canvases(self.page.locator(f"{selector} canvas"))

    def picture(self, selector: str = ".pictures .walk") -> np.ndarray:
        return canvases(self.page.locator(selector))[0]

    def slot(self, letter: str) -> Locator:
        return self.page.get_by_role("radio", name=re.compile(rf"^{letter}, "))

    def index(self, letter: str) -> int:
        """The test image that an end or corner is, as its name says."""
        found = re.search(r"test image (\d+)$", self.slot(letter).get_attribute("aria-label") or "")
        assert found
        return int(found[1])

    def code(self, letter: str, epoch: int | None = None) -> torch.Tensor:
        place = np.flatnonzero(self.run.probe().indices == self.index(letter))[0]
        return torch.from_numpy(self.run.latents(epoch).mean[place].copy())

    def label(self, letter: str) -> int:
        probe = self.run.probe()
        return int(probe.labels[probe.indices == self.index(letter)][0])

    def decoded(self, codes: torch.Tensor, epoch: int | None = None) -> np.ndarray:
        """What PyTorch decodes, (N, H·W), in [0, 1]."""
        return self.run.model(epoch).decode(codes).flatten(1).numpy()

    def expect_address(self, name: str, check: Callable[[str | None], bool]) -> None:
        self.site.expect_address(name, check)

    def expect_z(self, expected: torch.Tensor) -> None:
        self.site.expect_z(expected)

    def frames(self, count: int) -> None:
        frames(self.page, count)

    def download(self, name: str) -> Path:
        return downloaded(self.page, self.page.get_by_role("button", name=name))


@pytest.fixture
def walk(bench: Bench, trained_run: Run) -> Interpolate:
    return Interpolate(OnBench(bench, trained_run))


@pytest.fixture
def visit(page: Page, app: str, trained_run: Run) -> Interpolate:
    return Interpolate(Session(page, trained_run, app))


def grey(images: np.ndarray) -> np.ndarray:
    return images * 255


def test_the_16_steps_are_what_pytorch_decodes_on_the_way(walk: Interpolate) -> None:
    walk.open()
    assert len({walk.label(letter) for letter in "ABCD"}) == 4, "the page should open with something to see"
    for method in ("linear", "spherical"):
        walk.page.get_by_role("radio", name=method).check()
        walk.expect_drawn()
        codes = interpolate(walk.code("A"), walk.code("B"), 16, method)
        found = walk.images(".walk-steps")
        assert found.shape == (16, 784)
        assert np.abs(found - grey(walk.decoded(codes))).max() < 0.6

        record = json.loads(walk.download("JSON of the 16 codes").read_text())
        assert (record["method"], record["epoch"]) == (method, walk.run.epochs()[-1])
        saved = np.array([row["z"] for row in record["codes"]])
        assert np.allclose(saved, codes, atol=1e-6)
        assert np.array_equal(saved[[0, -1]].astype(np.float32), codes[[0, -1]].numpy()), "the end points are exact"


def test_spherical_without_a_common_plane_is_the_straight_line_and_says_so(walk: Interpolate) -> None:
    walk.open(z=",".join(["0"] * 20), start="origin")  # the origin has no direction
    walk.page.get_by_role("radio", name="spherical").check()
    expect(walk.page.locator(".method-note")).to_contain_text("this is the straight line")
    walk.expect_drawn()
    codes = interpolate(torch.zeros(20), walk.code("B"), 16, "spherical")
    assert np.abs(walk.images(".walk-steps") - grey(walk.decoded(codes))).max() < 0.6


def test_ends_are_picked_by_class_from_the_gallery_at_random_and_swapped(walk: Interpolate) -> None:
    walk.open()
    run, page = walk.run, walk.page
    probe = run.probe()
    walk.slot("A").check()
    page.get_by_role("radio", name="Class 7").check()
    assert walk.label("A") == 7
    place = np.flatnonzero(probe.labels == 7)[4]
    example = page.get_by_role("radio", name=f"Test image {probe.indices[place]}, 7", exact=True)
    example.check()
    example.focus()  # a class begins at a typical image, and where it is this one, there was nothing to check
    assert walk.index("A") == probe.indices[place]
    page.keyboard.press("ArrowRight")
    following = np.flatnonzero(probe.labels == 7)[5]
    assert walk.index("A") == probe.indices[following]
    assert np.array_equal(walk.images(".slots")[0], probe.images[following].ravel())
    walk.expect_drawn()
    assert np.abs(walk.images(".walk-steps")[0] - grey(walk.decoded(walk.code("A")[None]))[0]).max() < 0.6

    before = walk.index("A"), walk.index("B")
    page.get_by_role("button", name="Swap A and B").click()
    assert (walk.index("B"), walk.index("A")) == before

    drawn = set()
    for _ in range(4):
        page.get_by_role("button", name="All at random").click()
        assert len({walk.label(letter) for letter in "ABCD"}) == 4
        drawn.add(tuple(walk.index(letter) for letter in "ABCD"))
    assert len(drawn) == 4
    others = {walk.label(letter) for letter in "BCD"}
    for _ in range(3):
        page.get_by_role("button", name="Random", exact=True).click()
        assert walk.label("A") not in others


def test_the_cursor_can_be_an_end_and_keeps_what_the_sliders_added(walk: Interpolate) -> None:
    walk.open()
    epochs = walk.run.epochs()
    place = np.flatnonzero(walk.run.probe().indices == walk.index("A"))[0]
    offset = np.zeros(20, np.float32)
    offset[3] = 1.5
    moved = walk.run.latents().mean[place] + offset
    walk.open(z=",".join(f"{value:.3f}" for value in moved), digit=str(walk.run.probe().indices[place]))
    expect(walk.slot("A")).to_have_attribute("aria-label", re.compile(r"test image \d+, moved$"))
    code = torch.from_numpy(moved)[None]
    assert np.abs(walk.images(".walk-steps")[0] - grey(walk.decoded(code))[0]).max() < 2  # three decimals
    walk.epoch.press("Home")
    expect(walk.epoch).to_have_attribute("aria-valuetext", "epoch 0, before any training")
    walk.expect_drawn()
    code = torch.from_numpy(walk.run.latents(epochs[0]).mean[place] + offset)[None]
    assert np.abs(walk.images(".walk-steps")[0] - grey(walk.decoded(code, epochs[0]))[0]).max() < 2

    walk.page.get_by_role("button", name="All at random").click()
    walk.slot("B").check()
    walk.page.get_by_role("button", name="The cursor").click()
    expect(walk.slot("B")).to_have_attribute("aria-label", re.compile(r"test image \d+, moved$"))


def test_a_drawing_can_be_an_end_and_without_one_a_link_leads_to_the_draw_page(visit: Interpolate) -> None:
    visit.open()
    page = visit.page
    expect(page.get_by_role("button", name="Your drawing")).to_be_hidden()
    page.get_by_role("link", name="Draw one").click()
    expect(page.locator(".live.draw:not([aria-busy])")).to_be_visible()
    comes_true(page, "globalThis.betaVaeEncoders?.current")
    box = page.get_by_role("img", name="Drawing field").bounding_box()
    assert box is not None
    before = page.url
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    for x, y in ((0.65, 0.35), (0.5, 0.5), (0.68, 0.65), (0.35, 0.8)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
    page.mouse.up()
    page.wait_for_url(lambda url: url != before and "z=" in url)

    page.get_by_role("link", name="Interpolate").click()
    visit.expect_drawn()
    expect(visit.slot("A")).to_have_attribute("aria-label", "A, start of the walk: drawing, by your hand")
    page.get_by_role("button", name="Swap A and B").click()
    visit.slot("C").check()
    page.get_by_role("button", name="Your drawing").click()
    expect(visit.slot("C")).to_have_attribute("aria-label", "C, lower left corner: drawing, by your hand")
    visit.expect_drawn()
    slots = visit.images(".slots").astype(np.uint8)
    assert np.array_equal(slots[1], slots[2])
    end = visit.run.model().posterior(slots[1].reshape(1, *visit.run.image_shape)).mean[0]
    codes = interpolate(visit.code("A"), end, 16)
    assert np.abs(visit.images(".walk-steps") - grey(visit.decoded(codes))).max() < 0.6


def test_it_plays_when_asked_pauses_and_goes_there_and_back(walk: Interpolate) -> None:
    walk.open()
    page = walk.page
    still = walk.picture()
    walk.frames(5)
    assert np.array_equal(walk.picture(), still), "nothing moves before it is asked to"

    walk.play.click()
    expect(walk.play).to_have_text("Pause")
    positions, moved = [], False
    for _ in range(8):
        walk.frames(6)
        positions.append(int(walk.scrub.input_value()))
        moved |= not np.array_equal(walk.picture(), still)
    assert len(set(positions)) > 1
    assert moved
    walk.play.click()
    expect(walk.play).to_have_text("Play")
    paused = walk.picture()
    walk.frames(10)
    assert np.array_equal(walk.picture(), paused)
    assert page.evaluate("betaVaeLive.frames.length") > 8

    page.get_by_label("A to B in").select_option("1")
    page.get_by_role("checkbox", name="there and back").uncheck()
    walk.scrub.press("End")
    # From the end it begins again, and stops there by itself: within a second, so it is looked at from inside.
    assert walk.play.evaluate("(button) => { button.click(); return button.textContent; }") == "Pause"
    expect(walk.play).to_have_text("Play")
    assert np.abs(walk.picture() - grey(walk.decoded(walk.code("B")[None]))[0]).max() < 0.6

    page.get_by_role("checkbox", name="there and back").check()
    walk.play.click()
    comes_true(page, "(slider) => slider.value < 75", arg=walk.scrub.element_handle())
    comes_true(page, "(slider) => slider.value > 75", arg=walk.scrub.element_handle())
    walk.scrub.focus()
    page.keyboard.press("Space")
    expect(walk.play).to_have_text("Play")


def test_somebody_who_wants_less_motion_sees_whole_steps(walk: Interpolate) -> None:
    walk.page.emulate_media(reduced_motion="reduce")
    walk.open()
    walk.play.click()
    seen = set()
    for _ in range(12):
        walk.frames(7)
        seen.add(int(walk.scrub.input_value()))
    assert {position % 10 for position in seen} == {0}


def test_a_walk_is_measured_scrubbed_and_compared(walk: Interpolate) -> None:
    walk.open()
    path_lengths_are_those_of_numpy(walk)
    keys_scrub_and_the_cross_fade_is_the_mix_of_the_pixels(walk)
    two_ends_that_look_alike_are_not_compared(walk)


def keys_scrub_and_the_cross_fade_is_the_mix_of_the_pixels(walk: Interpolate) -> None:
    start, end = walk.code("A"), walk.code("B")
    codes = interpolate(start, end, 151)
    ends = walk.decoded(codes[[0, -1]])
    position = 60
    assert walk.scrub.input_value() == str(position), "it opens where the two pictures differ"
    for key, moved in (("Home", 0), ("PageUp", 10), ("PageUp", 20), ("ArrowRight", 21), ("PageDown", 10), ("End", 150)):
        walk.scrub.press(key)
        position = moved
        assert walk.scrub.input_value() == str(position)
        share = position / 150
        assert np.abs(walk.picture() - grey(walk.decoded(codes[position][None]))[0]).max() < 0.6
        mix = (1 - share) * ends[0] + share * ends[1]
        assert np.abs(walk.picture(".pictures .fade") - grey(mix)).max() < 0.6
        expect(walk.scrub).to_have_attribute("aria-valuetext", f"{round(100 * share)} % of the way from A to B")
    expect(walk.page.locator(".norm").first).to_have_text(f"‖z‖ {end.norm():.2f}")


def two_ends_that_look_alike_are_not_compared(walk: Interpolate) -> None:
    explained = walk.page.locator(".explain")
    expect(explained).to_contain_text("times as long, because")
    for letter in "AB":
        walk.slot(letter).check()
        walk.page.get_by_role("button", name="The cursor").click()
    expect(walk.page.locator(".walk-length")).to_have_text("path length 0.00")
    expect(explained).not_to_contain_text("as long")


def path_lengths_are_those_of_numpy(walk: Interpolate) -> None:
    images = walk.decoded(interpolate(walk.code("A"), walk.code("B"), 16))
    share = np.linspace(0, 1, 16)[:, None]
    fade = (1 - share) * images[0] + share * images[-1]
    assert np.abs(walk.images(".fade-steps") - grey(fade)).max() < 0.6
    for part, name, path in ((".walk", "Latent walk", images), (".fade", "Cross-fade", fade)):
        lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
        text = walk.page.locator(f"{part}-bars").get_attribute("aria-label") or ""
        assert text.startswith(name)
        found = [float(number) for number in re.findall(r"\d+\.\d+", text)]
        assert np.allclose(found, [*lengths, lengths.sum()], atol=0.0051)
        expect(walk.page.locator(f"{part}-length")).to_have_text(f"path length {found[-1]:.2f}")
        bars = walk.page.locator(f"{part}-bars .bar").all_inner_texts()
        assert np.allclose([float(bar) for bar in bars], lengths, atol=0.0051)


def test_the_grid_lies_between_four_corners_and_a_cell_goes_to_traverse(visit: Interpolate) -> None:
    visit.open()
    visit.slot("C").check()
    visit.page.get_by_role("radio", name="Class 0").check()
    visit.expect_drawn()
    a, b, c, d = (visit.code(letter) for letter in "ABCD")
    share = torch.linspace(0, 1, 8)
    rows = [torch.lerp(interpolate(a, b, 8), interpolate(c, d, 8), down) for down in share]
    codes = torch.cat(rows)
    assert np.abs(visit.images(".grid") - grey(visit.decoded(codes))).max() < 0.6

    cell = visit.page.get_by_role("button", name="Row 4, column 6")
    cell.hover()
    expect(visit.page.locator(".looked-text")).to_have_text("A 16 % · B 41 % · C 12 % · D 31 %")
    cell.click()
    expect(visit.sent).to_contain_text("Row 4, column 6 is the cursor now")
    expect(cell).to_have_attribute("aria-current", "true")
    visit.expect_z(codes[29])
    cell.press("ArrowDown")
    visit.page.keyboard.press("ArrowLeft")
    visit.page.keyboard.press("Enter")
    visit.expect_z(codes[36])

    visit.page.get_by_role("link", name="Open Traverse").click()
    expect(visit.page.locator(".traverse:not([aria-busy])")).to_be_visible()
    visit.expect_z(codes[36])
    shown = canvases(visit.page.get_by_role("img", name="Decoded image"))[0]
    assert np.abs(shown - grey(visit.decoded(codes[36][None]))[0]).max() < 0.6


def test_a_step_becomes_the_cursor_and_an_end_stays_its_test_image(walk: Interpolate) -> None:
    walk.open()
    codes = interpolate(walk.code("A"), walk.code("B"), 16)
    walk.page.get_by_role("button", name="Step 6 of 16").click()
    walk.expect_z(codes[5])
    walk.expect_address("digit", lambda text: text is None)
    assert walk.scrub.input_value() == "50"
    walk.page.get_by_role("button", name="Step 16 of 16").click()
    walk.expect_z(codes[15])
    walk.expect_address("digit", lambda text: text == str(walk.index("B")))
    walk.scrub.fill("33")
    walk.page.get_by_role("button", name="Send to the sliders").click()
    walk.expect_z(interpolate(walk.code("A"), walk.code("B"), 151)[33])
    expect(walk.sent).to_contain_text("The point at 22 % is the cursor now")


def test_the_clock_takes_the_same_images_at_another_epoch(walk: Interpolate) -> None:
    walk.open()
    epochs = walk.run.epochs()
    for key, epoch in (("Home", epochs[0]), ("ArrowRight", epochs[1])):
        walk.epoch.press(key)
        walk.expect_address("epoch", lambda text, epoch=epoch: text == str(epoch))
        walk.expect_drawn()
        codes = interpolate(walk.code("A", epoch), walk.code("B", epoch), 16)
        assert np.abs(walk.images(".walk-steps") - grey(walk.decoded(codes, epoch))).max() < 0.6
    walk.expect_z(walk.code("A", epochs[1]))  # the cursor kept its image


def test_the_page_is_found_as_it_was_left_and_so_it_is_after_a_reload(visit: Interpolate) -> None:
    visit.open()
    page = visit.page
    page.get_by_role("button", name="All at random").click()
    page.get_by_role("radio", name="spherical").check()
    page.get_by_label("A to B in").select_option("8")
    visit.slot("D").check()
    visit.epoch.press("ArrowLeft")
    expect(visit.epoch).to_have_attribute("aria-valuetext", f"epoch {visit.run.epochs()[-2]}")
    page.get_by_role("button", name="Step 4 of 16").click()
    codes = interpolate(
        visit.code("A", visit.run.epochs()[-2]),
        visit.code("B", visit.run.epochs()[-2]),
        16,
        "spherical",
    )
    visit.expect_z(codes[3])
    before = [visit.index(letter) for letter in "ABCD"]

    page.get_by_role("link", name="Generate").click()
    expect(page.locator(".generate:not([aria-busy])")).to_be_visible()
    page.get_by_role("link", name="Interpolate").click()
    visit.expect_drawn()
    assert [visit.index(letter) for letter in "ABCD"] == before
    expect(page.get_by_role("radio", name="spherical")).to_be_checked()
    expect(page.get_by_label("A to B in")).to_have_value("8")
    expect(visit.slot("D")).to_be_checked()
    assert visit.scrub.input_value() == "30"
    assert np.abs(visit.images(".walk-steps") - grey(visit.decoded(codes, visit.run.epochs()[-2]))).max() < 0.6
    expect(page.get_by_role("button", name="Step 4 of 16")).to_have_attribute("aria-current", "true")

    visit.expect_z(codes[3])
    page.reload()
    visit.expect_drawn()
    visit.expect_z(codes[3])
    expect(visit.epoch).to_have_attribute("aria-valuetext", f"epoch {visit.run.epochs()[-2]}")
    assert [visit.index(letter) for letter in "ABCD"] == before
    expect(page.get_by_role("radio", name="spherical")).to_be_checked()
    expect(visit.slot("D")).to_be_checked()
    assert visit.scrub.input_value() == "30"


def test_the_walk_is_saved_as_png_gif_and_csv(walk: Interpolate) -> None:
    walk.open()
    codes = interpolate(walk.code("A"), walk.code("B"), 16)
    shape = walk.run.image_shape
    images = walk.decoded(codes).reshape(-1, *shape)

    path = walk.download("PNG of the 16 steps")
    assert path.name == f"{walk.run.name}-epoch-{walk.run.epochs()[-1]}-walk.png"
    (found,) = tiles(path, 1, 16, shape)
    assert np.abs(found.astype(int) - np.round(255 * images)).max() <= 1

    there = walk.decoded(interpolate(walk.code("A"), walk.code("B"), 31)).reshape(-1, *shape)
    there_and_back = [*there, *there[-2:0:-1]]
    said: list[bytes] = []
    with Image.open(walk.download("GIF of the walk")) as film:
        assert (film.format, film.n_frames, film.info["loop"], film.info["duration"]) == ("GIF", 60, 0, 80)
        for number, frame in enumerate(there_and_back):
            film.seek(number)
            shown = np.array(film.convert("L")).astype(int)
            assert shown.shape[1] == 29 * 28 >= 800
            assert np.abs(shown[: 29 * 28] - grey(np.kron(frame, np.ones((29, 29))))).max() < 0.6
            assert (shown[29 * 28 :] < 128).any(), "nothing is said below the frame"
            said.append(shown[29 * 28 :].tobytes())
    assert said[1:30] == said[:30:-1], "what is said goes back with the frames"
    assert len(set(said)) > 25

    walk.page.get_by_role("checkbox", name="there and back").uncheck()
    with Image.open(walk.download("GIF of the walk")) as film:
        assert film.n_frames == 31

    with walk.download("CSV of the 16 codes").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [f"step {step}" for step in range(1, 17)]
    saved = np.array([[float(row[f"z{dimension}"]) for dimension in range(20)] for row in rows])
    assert np.allclose(saved, codes, atol=1e-6)
    assert {(row["run"], row["method"]) for row in rows} == {(walk.run.name, "linear")}


def test_the_grid_is_saved_as_png(walk: Interpolate) -> None:
    walk.open()
    found = tiles(walk.download("PNG of the four-corner grid"), 8, 8)
    assert np.array_equal(found, walk.images(".grid").reshape(8, 8, *walk.run.image_shape).astype(np.uint8))


def test_a_film_of_noise_survives_the_gif(bench_page: Page) -> None:
    """Noise fills the table of codes again and again, as no digit does."""
    generator = np.random.default_rng(0)
    frames = generator.integers(0, 256, (3, 60, 50))
    script = """async (frames) => {
      const { encodeGif } = await import("/engine/gif.js");
      const parts = encodeGif(frames.map((frame) => Uint8Array.from(frame)), 50, 60, 50);
      return parts.flatMap((part) => Array.from(part));
    }"""
    packed = bytes(bench_page.evaluate(script, frames.reshape(3, -1).tolist()))
    with Image.open(io.BytesIO(packed)) as film:
        assert (film.n_frames, film.info["duration"], film.size) == (3, 500, (50, 60))
        for number, frame in enumerate(frames):
            film.seek(number)
            shown = np.array(film.convert("L")).astype(int)
            assert np.array_equal(shown, frame)


def test_what_changes_on_the_way_is_told_by_the_names_of_dimensions(
    bench: Bench, trained_run: Run, tmp_path: Path
) -> None:
    shutil.copytree(trained_run.path, tmp_path / "one")
    run = Run(tmp_path / "one")
    write_json(run.path / "metrics.json", measured(run, 100))
    name_dimension(run, 8, "mine")
    walk = Interpolate(OnBench(bench, run)).open()
    places = [int(np.flatnonzero(run.probe().indices == walk.index(letter))[0]) for letter in "AB"]
    start, end = run.latents(100).mean[places]
    change = np.where(np.array(run.history()[-1].kl_per_dimension) >= 0.01, end - start, 0)
    most = np.argsort(-np.abs(change))[:4]
    called = run.called(100)
    said = [f"{called[j]} by {'+' if change[j] > 0 else '−'}{abs(change[j]):.2f}" for j in most]
    expect(walk.page.locator(".change")).to_have_text(f"What changes most from A to B: {'; '.join(said)}.")
    assert any("·" in each for each in said)
