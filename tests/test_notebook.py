"""A run in a notebook: the widget's Python half by itself, and all of it in a real JupyterLab."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import bvae
from bvae.runs import Run, RunError
from tests.browsing import grey, until
from tests.conftest import ROOT
from tests.notebooks import INSTALLED, jupyter, run_cell

if not INSTALLED and not os.environ.get("CI"):
    pytest.skip("no JupyterLab: pip install -r tests/requirements.txt", allow_module_level=True)

import traitlets

SCRIPT = "<img src=x onerror=fail()>"


@pytest.fixture
def explorer(trained_run: Run) -> bvae.notebook.Explorer:
    return bvae.show(trained_run)


def test_what_the_notebook_sets_the_browser_is_sent(explorer: bvae.notebook.Explorer, trained_run: Run) -> None:
    assert explorer.epoch == trained_run.epochs()[-1]
    sent = explorer._sent
    assert sent["page"] == "traverse"
    assert sent["data"]["cursor"]["z"] == explorer.z
    assert explorer.head
    assert not explorer.rest, "the first slider does not wait for the other epochs"
    explorer._complete(None, "shown", [])
    assert explorer.rest

    explorer.z = np.linspace(-1, 1, 20, dtype=np.float32)
    assert explorer._sent["data"]["cursor"]["z"] == pytest.approx(np.linspace(-1, 1, 20))
    assert explorer._sent["data"]["revision"] > sent["data"]["revision"]
    fresh = bvae.show(trained_run, "draw", z=[0.5] * 20, epoch=trained_run.epochs()[0])
    assert (fresh.page, fresh.z, fresh.epoch) == ("draw", [0.5] * 20, trained_run.epochs()[0])
    assert fresh.encoders

    # A test image keeps to itself while the clock moves.
    image = bvae.show(trained_run)
    start = image._cursor["start"]
    place = int(np.flatnonzero(trained_run.probe().indices == start["index"])[0])
    image.epoch = trained_run.epochs()[1]
    np.testing.assert_allclose(image.z, trained_run.latents(image.epoch).mean[place], atol=2e-3)


def test_what_does_not_fit_is_a_sentence_and_changes_nothing(explorer: bvae.notebook.Explorer) -> None:
    before = explorer._sent
    for name, value, words in (
        ("z", [1.0], "it has 1 number, and mnist-beta4 has 20 latent dimensions"),
        ("z", [float("nan")] * 20, "a number that is not finite"),
        ("z", "text", "a list of numbers"),
        ("epoch", 12_345, "Epoch 12345 cannot be shown: mnist-beta4 has kept 0, "),
        ("page", "home", "expected any of"),
    ):
        with pytest.raises(traitlets.TraitError, match=re.escape(words)):
            setattr(explorer, name, value)
    assert explorer._sent == before
    with pytest.raises(RunError, match="There is no run"):
        bvae.show("gone")


def test_what_the_browser_says_is_taken_where_it_fits(explorer: bvae.notebook.Explorer) -> None:
    start = {"kind": "origin"}
    explorer._told = {"state": "cursor", "value": {"z": [1.0] * 20, "epoch": 0, "start": start, "keep": "code"}}
    assert (explorer.z, explorer.epoch) == ([1.0] * 20, 0)
    for value in (None, {}, {"z": [1.0], "epoch": 0, "start": start, "keep": "code"}, [], "x"):
        explorer._told = {"state": "cursor", "value": value}
    explorer._told = {"state": "page", "value": {"page": "generate"}}
    assert explorer.page == "generate"
    noise = explorer._sent["data"]["noise"]
    explorer._told = {"state": "memory", "value": {"memory": {"seed": 7}, "address": {}}}
    assert explorer._sent["data"]["noise"] != noise
    explorer._told = {"state": "page", "value": {"page": "clusters"}}
    assert "not shown in a notebook" in explorer._sent["problem"]
    assert (explorer.z, explorer.epoch, explorer.page) == ([1.0] * 20, 0, "generate")


def test_a_run_that_is_deleted_goes_on_and_what_is_missing_is_a_sentence(trained_run: Run, tmp_path: Path) -> None:
    shutil.copytree(trained_run.path, tmp_path / "copy")
    explorer = bvae.show(Run(tmp_path / "copy"))
    shutil.rmtree(tmp_path / "copy")
    explorer.z = [0.0] * 20
    assert explorer._sent["problem"] == ""
    explorer.page = "draw"
    assert str(tmp_path / "copy") in explorer._sent["problem"]


def test_the_readmes_cell_does_what_it_says(trained_run: Run) -> None:
    _, code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    z = trained_run.model().encode(trained_run.probe().images[:1])
    names = {"bvae": bvae, "z": z}
    exec(code, names)
    cursor = names["explorer"]._sent["data"]["cursor"]
    assert cursor["epoch"] == names["explorer"].epoch == 10
    np.testing.assert_allclose(cursor["z"], z[0], atol=1e-6)


def test_the_package_is_light_until_a_run_is_shown() -> None:
    names = "bvae.notebook", "anywidget", "torch"
    script = f"import bvae, sys; print([name for name in {names} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_notebook_explores_a_run_and_reads_and_sets_where_it_is(page: Page, trained_run: Run, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    shutil.copytree(trained_run.path, hostile)
    config = json.loads((hostile / "config.json").read_text())
    config["class_names"][3] = SCRIPT
    (hostile / "config.json").write_text(json.dumps(config))
    cells = [
        "import bvae\nexplorer = bvae.show('mnist-beta4')\nexplorer",
        "print('z is', explorer.z, explorer.epoch)",
        "explorer.epoch = 0\nexplorer.z = [1.5] * 20",
        f"other = bvae.show({str(hostile)!r}, 'draw')\nother",
    ]
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if "localhost" not in request.url else None)
    with jupyter(tmp_path / "jupyter", cells, dark=True) as address:
        page.goto(address)
        first = run_cell(page, 0)
        expect(first.locator(".traverse:not([aria-busy])")).to_be_visible()
        assert first.locator(".beta-vae").get_attribute("data-theme") == "dark"
        slider = first.get_by_role("slider", name="z").first
        dimension = trained_run.history()[-1]["kl_per_dimension"]
        largest = int(np.argmax(dimension))
        picture = first.locator(".decoded").first
        before = grey(picture)
        slider.focus()
        slider.press("End")
        until(page, lambda: bool((grey(picture) != before).any()), lambda: "the slider changed nothing")
        said = run_cell(page, 1)
        expect(said).to_contain_text("z is")
        z = json.loads(re.search(r"\[.*\]", said.inner_text())[0])
        assert z[largest] == float(slider.get_attribute("max") or 0)

        run_cell(page, 2)
        expect(slider).to_have_value("1.5")
        expect(first.get_by_role("slider", name="Epoch", exact=True)).to_have_value("0")
        expected = trained_run.model(0).decode(np.full((1, 20), 1.5, np.float32))[0].numpy() * 255
        until(page, lambda: bool(np.abs(grey(picture) - expected.ravel()).max() < 1), lambda: "another picture stayed")

        second = run_cell(page, 3)
        expect(second.locator(".draw:not([aria-busy])")).to_be_visible()
        expect(second.locator(".gallery option").nth(3)).to_have_attribute("title", SCRIPT)
        expect(first.locator(".traverse")).to_be_visible()
    assert not foreign, "nothing is asked of a network"
