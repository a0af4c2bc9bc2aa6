"""Runs unlike the bundled ones in an exported page: every page of it, opened as a file, with each of them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from playwright.sync_api import Browser, expect

from bvae.archive import import_weights
from bvae.browser.export import gather, single
from bvae.config import Config
from bvae.runs import Run, write_small
from bvae.training import train_run
from tests.browsing import comes_true
from tests.conftest import watched
from tests.test_exported_page import PAGES, READY

HOSTILE = "<img src=x onerror=alert(1)> \"'&amp; 😀 \u202eגnp [x](y) $z$ #a=b%20"
FEW = {"network": "mlp", "epochs": 1, "probe_size": 60, "latent_dim": 4, "device": "cpu"}

# Whether what a card shows lies one below the other.
STACKED = """(card) => {
  const boxes = [...card.children].filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect());
  return boxes.every(({ top }, place) => place === 0 || top >= boxes[place - 1].bottom - 1);
}"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Sprites; own images without labels, of a run whose name is hostile; a run of which only the last epoch is there;
    and weights that came alone."""
    folder = tmp_path_factory.mktemp("runs")
    list(train_run(folder / "sprites", Config(**FEW, dataset="sprites", dataset_limit=300)))
    np.save(folder / "own.npy", np.random.default_rng(0).integers(0, 256, (300, 12, 12), np.uint8))
    list(train_run(folder / "own", Config(**FEW, dataset=str(folder / "own.npy"), likelihood="gaussian")))
    (folder / "own").rename(folder / HOSTILE)
    list(train_run(folder / "whole", Config(**FEW, dataset_limit=300)))
    last = write_small(Run(folder / "whole"), folder / "last", [1])
    weights = safetensors.numpy.save(last.weights(1))
    config = json.dumps(last.config.to_dict()).encode()
    alone = import_weights(io.BytesIO(weights), "alone.safetensors", io.BytesIO(config), "config.json", folder)
    return [Run(folder / "sprites"), Run(folder / HOSTILE), last, alone.run]


def test_every_page_of_runs_unlike_the_bundled_ones(browser: Browser, runs: list[Run], tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(single(gather(runs, 24)), encoding="utf-8")
    with watched(browser, viewport={"width": 1400, "height": 2600}, offline=True) as page:
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(f"{file.as_uri()}#home")
        for run in runs:
            page.locator(".run-choice select").select_option(run.name)
            for path in PAGES:
                page.locator(f"nav a[href^='#{path}']").click()
                comes_true(page, READY, path)
                expect(page.locator(".run-choice select")).to_have_value(run.name)
                problems = page.locator(".problems p, [role=alert]:visible:not(:empty)").all_inner_texts()
                assert not [*wrong, *problems], f"{path} of {run.name}"
                if path == "reconstruct":
                    assert page.locator(".card").first.evaluate(STACKED), run.name
        assert page.locator("main :is(img, script)").count() == 0
