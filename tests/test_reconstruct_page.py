"""The Reconstruct page, used as a person uses it: pictures and figures are those that PyTorch gives."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from functools import cache, partial
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from bvae.browser.chosen import draw, rank
from bvae.config import Config
from bvae.data import bernoulli_floor, class_balanced
from bvae.metrics import PerImage, per_image
from bvae.runs import Probe, Run, find_run
from bvae.tests.sheets import tiles
from bvae.training import train_run
from pages.parts.choice import sheet
from tests.browsing import (
    canvases,
    downloaded,
    expect_address,
    expect_pictures,
    expect_z,
    in_address,
    rerun,
    sent,
    until,
)
from tests.conftest import ROOT

COMPARED = ("mnist-beta1", "mnist-beta4", "mnist-beta10")

ROWS = ("original", "first", "now", "last")


@cache
def measured(path: Path, epoch: int) -> PerImage:
    """PyTorch's own figures of every probe image of a run at an epoch."""
    return per_image(Run(path).model(epoch), Run(path).probe().images)


class Sheet:
    """What a person sees and does on the page."""

    def __init__(self, page: Page, run: Run, address: str) -> None:
        self.page, self.run, self.address = page, run, address
        self.epoch = page.get_by_role("slider", name="Epoch", exact=True)
        self.cards = page.locator(".card")
        self.measured = partial(measured, run.path)

    def open(self, **parameters: str) -> Sheet:
        self.page.goto(f"{self.address}/reconstruct?{urlencode({'run': self.run.name} | parameters)}")
        expect(self.page.locator(".reconstruct:not([aria-busy])")).to_be_visible()
        expect_address(self.page, "z", lambda text: text is not None)
        return self

    def in_address(self, name: str) -> str | None:
        return in_address(self.page, name)

    def expect_address(self, name: str, value: str) -> None:
        expect_address(self.page, name, lambda text: text == value)

    def expect_z(self, expected: np.ndarray) -> None:
        expect_z(self.page, expected, within=7e-4)

    def worked_through(self, epoch: int) -> None:
        """Wait until every image has its figures of an epoch."""
        expect(self.page.locator("#figures-title")).to_have_text(f"At epoch {epoch}")
        expect(self.page.locator(".mean")).to_contain_text("Mean of the")

    def indices(self) -> list[int]:
        """The test images shown, in order, by their positions in the test split."""
        names = [card.get_attribute("aria-label") or "" for card in self.cards.all()]
        return [int(re.match(r"Test image (\d+)", name)[1]) for name in names]

    def positions(self) -> np.ndarray:
        """The same by their places among the probe images."""
        return np.array([int(np.flatnonzero(self.run.probe().indices == index)[0]) for index in self.indices()])

    def pictures(self, row: str) -> np.ndarray:
        return canvases(self.page.locator(f".card canvas.{row}")).reshape(-1, 28, 28)

    def figures(self) -> np.ndarray:
        """Reconstruction and KL under each image, (n, 2)."""
        return np.array(
            [self.page.locator(f".card .{name}").all_inner_texts() for name in ("reconstruction", "kl")], float
        ).T

    def expected_pictures(self, epoch: int) -> np.ndarray:
        means = torch.from_numpy(self.run.latents(epoch).mean[self.positions()])
        return self.run.model(epoch).decode(means).numpy() * 255

    def expected_figures(self, epoch: int) -> np.ndarray:
        return np.stack(self.measured(epoch), axis=1)[self.positions()]

    def choose(self, which: str) -> None:
        self.page.get_by_text(which, exact=True).click()

    def download(self, selector: str) -> bytes:
        return downloaded(self.page, self.page.locator(selector)).read_bytes()


@pytest.fixture
def opened(page: Page, app: str, trained_run: Run) -> Sheet:
    return Sheet(page, trained_run, app).open()


def test_pictures_and_figures_are_those_of_pytorch_while_the_clock_moves_and_in_what_is_saved(opened: Sheet) -> None:
    pictures_and_figures_are_those_of_pytorch_at_every_epoch(opened)
    opened.epoch.press("End")
    opened.expect_address("epoch", str(opened.run.epochs()[-1]))
    the_sheet_follows_the_clock_while_it_is_dragged(opened)
    opened.epoch.press("End")
    what_is_shown_can_be_saved(opened)


def pictures_and_figures_are_those_of_pytorch_at_every_epoch(opened: Sheet) -> None:
    first, *_, before, last = opened.run.epochs()
    assert len(opened.indices()) == 10
    np.testing.assert_array_equal(opened.pictures("original"), opened.run.probe().images[opened.positions()])
    for key, epoch in (("End", last), ("ArrowLeft", before), ("Home", first)):
        opened.epoch.press(key)
        opened.worked_through(epoch)
        for row, shown in (("first", first), ("now", epoch), ("last", last)):
            expect_pictures(opened.page, partial(opened.pictures, row), opened.expected_pictures(shown))
        expected = opened.expected_figures(epoch)
        assert np.abs(opened.figures() - expected).max() < 0.05 + 0.05  # and half of the last digit shown
        mean = re.findall(r"([\d.]+) nats", opened.page.locator(".mean").inner_text())
        assert np.allclose([float(value) for value in mean], expected.mean(0), atol=0.1)
        opened.expect_address("epoch", str(epoch))


@pytest.mark.new_tab
def test_the_images_travel_once_and_again_when_others_are_chosen(page: Page, app: str, trained_run: Run) -> None:
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    opened = Sheet(page, trained_run, app).open()
    *_, before, last = trained_run.epochs()
    opened.worked_through(last)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    sizes.clear()
    with rerun(page):
        opened.epoch.press("ArrowLeft")
    opened.expect_address("epoch", str(before))
    assert sum(sizes) < 30_000, "not the images, which are more than that"
    sizes.clear()
    shown = opened.indices()
    page.get_by_role("button", name="New draw").click()
    until(page, lambda: opened.indices() != shown, lambda: "The same images are shown.")
    np.testing.assert_array_equal(opened.pictures("original"), trained_run.probe().images[opened.positions()])
    assert max(sizes) > 30_000


def the_sheet_follows_the_clock_while_it_is_dragged(opened: Sheet) -> None:
    opened.worked_through(opened.run.epochs()[-1])
    box = opened.epoch.bounding_box()
    assert box is not None
    mouse, middle = opened.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] - 8, middle)
    mouse.down()
    for share in (0.7, 0.3):
        mouse.move(box["x"] + share * box["width"], middle, steps=4)
        epoch = opened.run.epochs()[int(opened.epoch.input_value())]
        opened.worked_through(epoch)
        assert np.abs(opened.pictures("now") - opened.expected_pictures(epoch)).max() < 0.6
        assert opened.in_address("epoch") == str(opened.run.epochs()[-1]), "Python heard before the release"
    mouse.up()
    opened.expect_address("epoch", str(epoch))


def test_the_worst_and_the_best_are_ranked_among_all_probe_images(opened: Sheet) -> None:
    last, before = opened.run.epochs()[-1], opened.run.epochs()[-2]
    indices, labels = opened.run.probe().indices, opened.run.probe().labels
    cost = opened.measured(last)

    opened.choose("Worst")
    caption = opened.page.locator(".caption")
    expect(caption).to_contain_text(f"the highest reconstruction at epoch {last}")
    assert opened.indices() == indices[np.argsort(-cost.reconstruction)[:10]].tolist()

    # The images stay while the clock moves, and are ranked anew on request.
    opened.epoch.press("ArrowLeft")
    anew = opened.page.get_by_role("button", name=f"Rank at epoch {before}")
    expect(anew).to_be_enabled()
    assert opened.indices() == indices[np.argsort(-cost.reconstruction)[:10]].tolist()
    anew.click()
    expect(caption).to_contain_text(f"the highest reconstruction at epoch {before}")
    assert opened.indices() == indices[np.argsort(-opened.measured(before).reconstruction)[:10]].tolist()
    expect(anew).to_be_disabled()

    opened.choose("Best")
    expect(caption).to_contain_text("the lowest reconstruction")
    opened.page.get_by_role("combobox", name="Class").click()
    opened.page.get_by_role("option", name="8", exact=True).click()
    expect(caption).to_contain_text("of the probe images of class 8")
    opened.page.get_by_role("combobox", name="Ranked by").click()
    opened.page.get_by_role("option", name="KL", exact=True).click()
    expect(caption).to_contain_text("the lowest KL")
    eights = np.flatnonzero(labels == 8)
    expected = eights[np.argsort(opened.measured(before).kl[eights])[:10]]
    assert opened.indices() == indices[expected].tolist()


def test_a_draw_is_repeated_and_kept_and_of_its_images_one_becomes_the_cursor(opened: Sheet) -> None:
    a_seed_repeats_a_draw_and_the_choice_is_kept_when_one_comes_back(opened)
    an_image_that_is_pressed_becomes_the_cursor_and_is_kept_by_the_clock(opened)


def a_seed_repeats_a_draw_and_the_choice_is_kept_when_one_comes_back(opened: Sheet) -> None:
    caption = opened.page.locator(".caption")
    seed = opened.page.get_by_role("spinbutton", name="Seed")
    zero = opened.indices()
    opened.page.get_by_role("button", name="New draw").click()
    expect(caption).not_to_contain_text("with seed 0.")
    drawn, value = opened.indices(), seed.input_value()
    assert drawn != zero
    expect(caption).to_contain_text(f"10 of 2,500 probe images (test split), drawn at random with seed {value}.")

    seed.fill("0")
    seed.press("Enter")
    expect(caption).to_contain_text("with seed 0.")
    assert opened.indices() == zero

    opened.page.get_by_role("link", name="Traverse", exact=True).click()
    expect(opened.page.locator(".traverse:not([aria-busy])")).to_be_visible()
    opened.page.get_by_role("link", name="Reconstruct", exact=True).click()
    expect(caption).to_contain_text("with seed 0.")
    opened.page.get_by_role("combobox", name="How many").click()
    opened.page.get_by_role("option", name="20", exact=True).click()
    expect(opened.cards).to_have_count(20)
    assert opened.indices()[:10] == zero


def an_image_that_is_pressed_becomes_the_cursor_and_is_kept_by_the_clock(opened: Sheet) -> None:
    epochs, positions = opened.run.epochs(), opened.positions()
    labels = opened.run.probe().labels
    gallery = {int(place) for label in range(10) for place in np.flatnonzero(labels == label)[:20]}
    outside = next(n for n, place in enumerate(positions) if place not in gallery)
    opened.cards.nth(outside).focus()
    opened.page.keyboard.press("Enter")
    for key, epoch in (("End", epochs[-1]), ("ArrowLeft", epochs[-2])):
        opened.epoch.press(key)
        opened.expect_z(opened.run.latents(epoch).mean[positions[outside]])
        expect(opened.cards.nth(outside)).to_have_attribute("aria-pressed", "true")
    opened.expect_address("digit", str(opened.indices()[outside]))
    floor = bernoulli_floor(torch.from_numpy(opened.run.probe().images[positions[outside]][None]))
    opened.cards.nth(outside).hover()
    expect(opened.page.locator(".detail")).to_contain_text(f"the floor of {floor:.1f}")
    expect(opened.page.locator(".detail")).to_contain_text("It is the cursor.")

    # So does one of the gallery.
    opened.page.get_by_role("combobox", name="How many").click()
    opened.page.get_by_role("option", name="50", exact=True).click()
    expect(opened.cards).to_have_count(50)
    inside = next(n for n, place in enumerate(opened.positions()) if place in gallery)
    opened.cards.nth(inside).click()
    opened.expect_address("digit", str(opened.indices()[inside]))
    opened.expect_z(opened.run.latents(epochs[-2]).mean[opened.positions()[inside]])


def what_is_shown_can_be_saved(opened: Sheet) -> None:
    first, *_, before, last = opened.run.epochs()
    opened.epoch.press("ArrowLeft")
    opened.worked_through(before)

    for row, tile in zip(ROWS, tiles(opened.download(".save-png"), 4, 10), strict=True):
        expect_pictures(opened.page, partial(opened.pictures, row), tile, within=1e-9)

    rows = list(csv.DictReader(io.StringIO(opened.download(".save-figures-csv").decode())))
    expect(opened.page.get_by_role("button", name="Figures JSON")).to_be_visible()
    saved = json.loads(opened.download(".save-figures-json"))
    assert [int(row["test_index"]) for row in rows[::3]] == opened.indices()
    for n, epoch in enumerate((first, before, last)):
        expected = opened.expected_figures(epoch)
        at = rows[n::3]
        assert {row["epoch"] for row in at} == {str(epoch)}
        found = np.array([[row["reconstruction_nats"], row["kl_nats"]] for row in at], float)
        assert np.abs(found - expected).max() < 0.05
        entries = [image["epochs"][n] for image in saved["images"]]
        assert np.allclose([[entry["reconstruction"], entry["kl"]] for entry in entries], found)
    floors = np.array([float(row["bernoulli_floor_nats"]) for row in rows[::3]])
    images = torch.from_numpy(opened.run.probe().images[opened.positions()])
    assert np.allclose(floors, [bernoulli_floor(image[None]) for image in images], atol=1e-3)
    assert np.allclose([image["bernoulli_floor"] for image in saved["images"]], floors)

    means = opened.run.latents(before).mean[opened.positions()]
    codes = list(csv.DictReader(io.StringIO(opened.download(".save-codes-csv").decode())))
    assert np.allclose([[float(row[f"z{d}"]) for d in range(20)] for row in codes], means)
    assert {row["epoch"] for row in codes} == {str(before)}
    assert np.allclose([code["z"] for code in json.loads(opened.download(".save-codes-json"))["codes"]], means)


# What Python chooses and sends -------------------------------------------------------------------------------------


def test_draws_are_without_repetition_and_longer_ones_begin_alike() -> None:
    labels, indices = np.arange(100) % 10, np.arange(100)
    assert draw(labels, indices, 10, 3).tolist() == draw(labels, indices, 50, 3)[:10].tolist()
    assert len(set(draw(labels, indices, 100, 3))) == 100
    assert draw(labels, indices, 10, 3).tolist() != draw(labels, indices, 10, 4).tolist()
    assert sorted(draw(labels, indices, 50, 3, label=7)) == list(range(7, 100, 10))
    # An image's turn does not depend on which others are held.
    some = np.flatnonzero(np.random.default_rng(0).random(100) < 0.5)
    expected = [image for image in draw(labels, indices, 100, 3).tolist() if image in some]
    assert some[draw(labels[some], indices[some], 100, 3)].tolist() == expected
    # Every image comes first as often as any other: 2,000 draws, 20 for each but for chance.
    first = [draw(labels, indices, 1, seed)[0] for seed in range(2000)]
    counts = np.bincount(first, minlength=100)
    assert np.square(counts - 20).sum() / 20 < 149, "beyond what chance does once in a thousand times"
    # Whatever a file from elsewhere says.
    assert sorted(draw(labels, indices - 2**40, 100, 3)) == list(range(100))


@pytest.mark.parametrize("label", [None, *range(10)])
def test_a_seed_draws_the_same_images_of_runs_with_larger_and_smaller_probe_sets(label: int | None) -> None:
    probes = [find_run(name).probe() for name in COMPARED]
    few = class_balanced(torch.from_numpy(probes[0].labels).long(), 500).numpy()  # as of `--probe-size 500`
    probes.append(Probe(*(part[few] for part in probes[0])))
    assert {len(probe.labels) for probe in probes} == {500, 2500}
    drawn = set()
    for seed in range(21):
        first, *others = (
            probe.indices[draw(probe.labels, probe.indices, 10, seed, label)].tolist() for probe in probes
        )
        assert all(other == first for other in others), seed
        drawn.add(tuple(first))
    assert len(drawn) == 21, "seeds that draw alike"


def test_ranking_is_by_value_and_within_a_class() -> None:
    labels = np.array([0, 1, 0, 1, 0])
    values = np.array([3.0, 9.0, 5.0, 1.0, 5.0])
    assert rank(values, labels, 3, best=False).tolist() == [1, 2, 4]
    assert rank(values, labels, 3, best=True).tolist() == [3, 0, 2]
    assert rank(values, labels, 2, best=False, label=0).tolist() == [2, 4]
    assert rank(values, labels, 9, best=True, label=1).tolist() == [3, 1]


def test_a_gaussian_run_sends_its_sigma_and_an_epoch_that_is_gone_is_said(tmp_path: Path) -> None:
    config = Config(
        network="mlp", likelihood="gaussian", dataset_limit=200, epochs=1, latent_dim=3, probe_size=20, device="cpu"
    )
    list(train_run(tmp_path / "gaussian", config))
    run = Run(tmp_path / "gaussian")
    chosen = (3, 1, 7)

    content = sheet(run.path, "one", (0, 1), chosen)

    assert content.gone == ()
    expected = [float(run.model(epoch).log_sigma) for epoch in (0, 1)]
    assert expected[0] != expected[1]
    assert sent(content.content, "chosen")[1]["log_sigma"] == pytest.approx(expected)

    (run.path / "latents" / "0000.safetensors").unlink()
    content = sheet(run.path, "two", (0, 1), chosen)
    assert content.gone == (0,)
    tensors, _ = sent(content.content, "chosen")
    assert tensors["indices"].tolist() == run.probe().indices[list(chosen)].tolist()
    assert np.isnan(tensors["mean"]).all((1, 2)).tolist() == [True, False]


def test_random_images_and_drawings_need_no_torch() -> None:
    code = "import sys, pages.parts.choice, pages.parts.encoders; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
