"""The Generate page, used as a person uses it: in a real browser, on a really trained run."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from bvae.browser.live import gallery
from bvae.runs import Run
from bvae.tests.sheets import tiles
from tests.bench import Bench, OnBench
from tests.browsing import Session, Site, canvases, downloaded, expect_pictures


class Generate:
    """What a person sees and does on the page."""

    def __init__(self, site: Site) -> None:
        self.site, self.page, self.run = site, site.page, site.run
        page = site.page
        self.temperature = page.get_by_role("slider", name="Temperature")
        self.epoch = page.get_by_role("slider", name="Epoch", exact=True)
        self.seed = page.get_by_role("spinbutton", name="Seed")

    def open(self, **parameters: str) -> Generate:
        self.site.open("generate", **parameters)
        self.expect_drawn()
        return self

    def expect_drawn(self) -> None:
        expect(self.page.locator(".generate:not([aria-busy])")).to_be_visible()
        expect(self.page.locator(".generate .mosaic[aria-busy]")).to_have_count(0)

    def expect_noise_of(self, seed: int) -> None:
        """Wait until Python has sent the noise of a seed, and it is drawn."""
        expected = grey(self.decoded(noise(seed)[0][:1]))[0]
        self.expect_drawn()
        expect_pictures(self.page, lambda: self.images()[0], expected)
        self.expect_drawn()

    def images(self) -> np.ndarray:
        """The mosaic, (100, H·W), 0 to 255."""
        return canvases(self.page.locator(".tiles canvas"))

    def chosen(self) -> np.ndarray:
        return canvases(self.page.get_by_role("img", name="Decoded image"))[0]

    def decoded(self, codes: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """What PyTorch decodes, (N, H·W), in [0, 1]."""
        return self.run.model(epoch).decode(torch.from_numpy(codes.astype(np.float32))).flatten(1).numpy()

    def expect_images(self, codes: np.ndarray, epoch: int | None = None) -> None:
        self.expect_drawn()
        expect_pictures(self.page, self.images, grey(self.decoded(codes, epoch)))

    def expect_chosen(self, picture: np.ndarray, within: float = 0.6) -> None:
        expect_pictures(self.page, self.chosen, picture, within)

    def expect_address(self, name: str, check: Callable[[str | None], bool]) -> None:
        self.site.expect_address(name, check)

    def expect_z(self, expected: np.ndarray) -> None:
        self.site.expect_z(expected)

    def posterior(self, seed: int, temperature: float, epoch: int | None = None) -> np.ndarray:
        """Codes from the aggregate posterior as the page describes them, (100, D)."""
        epsilon, around = noise(seed)
        latents = self.run.latents(epoch)
        places = gallery(self.run.probe().labels)[around]
        sigma = np.exp(latents.log_variance[places] / 2)
        return latents.mean[places] + temperature * sigma * epsilon

    def download(self, name: str) -> Path:
        return downloaded(self.page, self.page.get_by_role("button", name=name))


def noise(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    epsilon = generator.standard_normal((100, 20)).astype(np.float32)
    return epsilon, generator.choice(200, 100, replace=False)


def grey(images: np.ndarray) -> np.ndarray:
    return images * 255


@pytest.fixture
def generate(bench: Bench, trained_run: Run) -> Generate:
    epsilon, around = noise(0)
    sent = base64.b64encode(epsilon.tobytes()).decode()
    return Generate(OnBench(bench, trained_run, seed=0, noise=sent, around=around.tolist()))


@pytest.fixture
def visit(page: Page, app: str, trained_run: Run) -> Generate:
    return Generate(Session(page, trained_run, app))


def test_a_session_goes_with_the_hundred_images_from_seed_to_cursor_to_other_pages_and_back(visit: Generate) -> None:
    visit.open()
    a_seed_repeats_the_images_and_a_new_one_changes_them(visit)
    the_chosen_image_becomes_the_cursor_and_traverse_shows_it(visit)
    visit.page.get_by_role("link", name="Generate", exact=True).click()
    visit.expect_drawn()
    the_page_is_found_as_it_was_left_and_so_it_is_after_a_reload(visit)


def a_seed_repeats_the_images_and_a_new_one_changes_them(visit: Generate) -> None:
    expect(visit.seed).to_have_value("0")
    visit.expect_images(noise(0)[0])
    first = visit.images()

    visit.seed.fill("2026")
    visit.seed.press("Enter")
    visit.expect_noise_of(2026)
    visit.expect_images(noise(2026)[0])
    assert not np.array_equal(visit.images(), first)

    visit.page.get_by_role("button", name="New seed").click()
    expect(visit.seed).not_to_have_value("2026")
    seed = int(visit.seed.input_value())
    visit.expect_noise_of(seed)

    visit.seed.fill("0")
    visit.seed.press("Enter")
    visit.expect_noise_of(0)
    assert np.array_equal(visit.images(), first)


def test_a_seed_that_is_none_is_answered_with_a_sentence_and_nothing_is_lost(generate: Generate) -> None:
    generate.open()
    first = generate.images()
    for text in ("-1", "1.5", "", "2147483648"):
        generate.seed.fill("7")  # so that the next is a change
        generate.seed.fill(text)
        generate.seed.press("Enter")
        generate.seed.blur()
        expect(
            generate.page.get_by_role("alert").filter(has_text="whole number from 0 to 2,147,483,647")
        ).to_be_visible()
        expect(generate.seed).to_have_attribute("aria-invalid", "true")
    generate.seed.fill("0")
    generate.seed.press("Enter")
    expect(generate.page.locator(".problem")).to_be_empty()
    assert np.array_equal(generate.images(), first)


def test_temperature_scales_the_noise_at_once_and_at_zero_all_are_the_origin(generate: Generate) -> None:
    generate.open()
    generate.temperature.fill("0.5")
    generate.expect_images(0.5 * noise(0)[0])
    generate.temperature.press("Home")
    generate.expect_images(np.zeros((100, 20)))
    assert len(np.unique(generate.images(), axis=0)) == 1
    generate.temperature.press("End")
    generate.expect_images(2 * noise(0)[0])
    generate.temperature.press("ArrowLeft")
    expect(generate.temperature).to_have_attribute("aria-valuetext", "1.95")
    generate.expect_images(1.95 * noise(0)[0])


def test_the_aggregate_posterior_is_drawn_around_test_images_at_each_epoch(generate: Generate) -> None:
    generate.open()
    generate.page.get_by_role("radio", name="aggregate posterior").check()
    generate.expect_images(generate.posterior(0, 1))
    expect(generate.page.locator(".source-note")).to_contain_text("they are not N(0, I)")

    generate.temperature.press("Home")
    means = generate.posterior(0, 0)
    generate.expect_images(means)
    generate.temperature.fill("1")
    epoch = generate.run.epochs()[0]
    generate.epoch.press("Home")
    generate.expect_images(generate.posterior(0, 1, epoch), epoch)
    generate.page.get_by_role("radio", name="prior").check()
    generate.expect_images(noise(0)[0], epoch)


def the_chosen_image_becomes_the_cursor_and_traverse_shows_it(visit: Generate) -> None:
    page = visit.page
    codes = noise(0)[0]
    tile = page.get_by_role("button", name="Image 37 of 100")
    tile.click()
    expect(tile).to_have_attribute("aria-current", "true")
    visit.expect_z(codes[36])
    visit.expect_chosen(visit.images()[36])
    expect(page.locator(".norm")).to_have_text(f"‖z‖ = {np.linalg.norm(codes[36]):.2f}")
    expect(page.get_by_text("Image 37, now the cursor")).to_be_visible()

    tile.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    visit.expect_z(codes[47])
    visit.expect_chosen(visit.images()[47])
    visit.temperature.press("ArrowRight")
    expect(page.get_by_text("The cursor", exact=True)).to_be_visible()
    visit.temperature.press("ArrowLeft")
    expect(page.get_by_text("Image 48, now the cursor")).to_be_visible()

    visit.epoch.press("ArrowLeft")
    epoch = visit.run.epochs()[-2]
    visit.expect_address("epoch", lambda text: text == str(epoch))
    visit.expect_z(codes[47])
    visit.expect_chosen(grey(visit.decoded(codes[47:48], epoch))[0])
    visit.epoch.press("End")

    page.get_by_role("link", name="Open in Traverse").click()
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    expect(page.get_by_text("Started from a random code, drawn from the prior")).to_be_visible()
    visit.expect_z(codes[47])
    visit.expect_chosen(grey(visit.decoded(codes[47:48]))[0])


def the_page_is_found_as_it_was_left_and_so_it_is_after_a_reload(visit: Generate) -> None:
    page = visit.page
    page.get_by_role("radio", name="aggregate posterior").check()
    visit.temperature.fill("0.7")
    visit.seed.fill("11")
    visit.seed.press("Enter")
    expect(page.locator(".hundred > .note")).to_contain_text("default_rng(11)")
    codes = visit.posterior(11, 0.7)
    visit.expect_images(codes)
    page.get_by_role("button", name="Image 5 of 100").click()
    visit.expect_z(codes[4])

    page.get_by_role("link", name="Interpolate").click()
    expect(page.locator(".interpolate:not([aria-busy])")).to_be_visible()
    page.get_by_role("link", name="Generate").click()
    visit.expect_images(codes)
    expect(visit.seed).to_have_value("11")
    expect(visit.temperature).to_have_value("0.7")
    expect(page.get_by_role("radio", name="aggregate posterior")).to_be_checked()
    expect(page.get_by_text("Image 5, now the cursor")).to_be_visible()

    page.reload()
    visit.expect_drawn()
    visit.expect_z(codes[4])
    visit.expect_images(codes)
    expect(page.get_by_text("Image 5, now the cursor")).to_be_visible()


def test_images_and_codes_are_saved(generate: Generate) -> None:
    generate.open()
    generate.temperature.fill("0.8")
    generate.expect_drawn()
    codes = 0.8 * noise(0)[0]
    name = f"{generate.run.name}-epoch-{generate.run.epochs()[-1]}"

    path = generate.download("PNG of the mosaic")
    assert path.name == f"{name}-prior-seed-0.png"
    images = generate.images().reshape(10, 10, *generate.run.image_shape).astype(np.uint8)
    assert np.array_equal(tiles(path, 10, 10), images)

    generate.page.get_by_role("button", name="Image 9 of 100").click()
    assert np.array_equal(tiles(generate.download("PNG of this image"), 1, 1)[0, 0], images[0, 8])

    with generate.download("CSV of the 100 codes").open(newline="") as file:
        rows = list(csv.DictReader(file))
    saved = np.array([[float(row[f"z{dimension}"]) for dimension in range(20)] for row in rows])
    assert np.allclose(saved, codes, atol=1e-6)
    assert {(row["seed"], row["temperature"], row["source"]) for row in rows} == {("0", "0.8", "prior")}
    assert {(row["run"], row["beta"], row["epoch"]) for row in rows} == {
        (generate.run.name, f"{generate.run.config.beta:g}", str(generate.run.epochs()[-1]))
    }

    generate.page.get_by_role("radio", name="aggregate posterior").check()
    record = json.loads(generate.download("JSON of the 100 codes").read_text())
    assert (record["seed"], record["temperature"], record["source"]) == (0, 0.8, "posterior")
    assert np.allclose([row["z"] for row in record["codes"]], generate.posterior(0, 0.8), atol=1e-5)
    places = gallery(generate.run.probe().labels)[noise(0)[1]]
    around = [int(re.findall(r"\d+", row["name"])[1]) for row in record["codes"]]
    assert around == generate.run.probe().indices[places].tolist()
