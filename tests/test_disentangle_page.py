"""The Disentangle page: what was measured of a run, at the epoch of the clock, and what is said where it was not."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from bvae.config import Config
from bvae.metrics.state import progress, say, stop
from bvae.runs import Run, RunError, write_json
from bvae.training import train_run
from pages.parts.live import open_live
from pages.parts.meaning import open_figures
from tests.bench import Bench, OnBench
from tests.browsing import canvases, downloaded, expect_pictures, until
from tests.conftest import serve
from tests.measured import measured
from tests.test_rights import open_page

MEASURED = (0, 1, 2, 3, 4, 5, 10, 50, 100)  # not 7, 15, 20, 30, 70


def ranked(run: Run) -> list[int]:
    """Its dimensions by falling KL at the last epoch."""
    return np.argsort(-np.array(run.history()[-1].kl_per_dimension), kind="stable").tolist()


@pytest.fixture
def copied(trained_run: Run, tmp_path: Path) -> Run:
    shutil.copytree(trained_run.path, tmp_path / "one", ignore=shutil.ignore_patterns("metrics.json"))
    return Run(tmp_path / "one")


@pytest.fixture
def show(bench: Bench, copied: Run) -> Callable[..., Page]:
    """The page of a run with such a metrics.json, or with none."""

    def shown(metrics: dict[str, Any] | None, run: Run = copied) -> Page:
        if metrics is not None:
            write_json(run.path / "metrics.json", metrics)
        OnBench(bench, run, figures=open_figures(run.path).key).open("disentangle")
        expect(bench.page.locator(".disentangle:not([aria-busy])")).to_be_visible()
        return bench.page

    return shown


def cell(page: Page, dimension: int, factor: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^z{dimension} and {factor}:"))


def value_of(page: Page, title: str) -> Locator:
    return page.locator(".score").filter(has=page.locator("dt", has_text=re.compile(rf"^{title}$"))).locator(".value")


def no_nonsense(page: Page) -> None:
    """Nothing that is no number is shown."""
    text = page.locator("body").inner_text()
    assert not re.search(r"NaN|undefined|null|Infinity|\[object", text), text
    drawn = page.locator(".areas").evaluate("(svg) => svg.innerHTML")
    assert not re.search(r"NaN|undefined|Infinity", drawn)


def test_the_matrix_has_each_dimension_that_carries_something_and_each_factor(
    show: Callable[..., Page], copied: Run
) -> None:
    page, order = show(measured(copied, *MEASURED)), ranked(copied)
    kl = copied.history()[-1].kl_per_dimension
    active = [dimension for dimension in order if kl[dimension] >= 0.01]
    names = [text.split()[0] for text in page.locator(".matrix .dimension").all_inner_texts()]
    assert names == [f"z{dimension}" for dimension in active]
    expect(cell(page, order[1], "slant")).to_have_text("−3.0")
    expect(cell(page, order[0], "thickness")).to_have_text("+2.7")
    expect(page.locator(".matrix-passive")).to_contain_text(f"z{order[-1]}")
    page.get_by_role("radio", name="mutual information").check()
    expect(cell(page, order[1], "slant")).to_have_text("0.32")
    expect(cell(page, order[1], "class")).to_have_text("0.05")
    no_nonsense(page)


def test_a_cell_opens_the_pictures_behind_it(show: Callable[..., Page], bench: Bench, copied: Run) -> None:
    page, (first, second, *_) = show(measured(copied, *MEASURED)), ranked(copied)
    title = page.locator("#moved-title")
    expect(title).to_have_text(f"z{second} · slant, moved in 5 digits")  # the largest change of all
    cell(page, first, "thickness").focus()
    page.keyboard.press("Enter")
    expect(title).to_have_text(f"z{first} · thickness (and area), moved in 5 digits")
    expect(page.locator(".moved-words")).to_have_text(
        "From left to right, thickness changes by 2.7 standard deviations, 0.6 px for one unit of z; the same way in "
        "100 %."
    )
    space = open_live(copied, copied.name).space
    classes = np.unique(space.labels)[[0, 2, 4, 6, 8]]
    places = [int(np.flatnonzero(space.labels == label)[0]) for label in classes]
    codes = np.repeat(space.means[100][places], 7, axis=0)
    codes[:, first] = np.tile(np.linspace(-1.5, 1.5, 7), 5)
    decoded = copied.model(100).decode(torch.tensor(codes)).numpy().reshape(35, -1) * 255
    expect_pictures(page, lambda: canvases(page.locator(".moved-cells canvas")), decoded)

    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(cell(page, second, "slant")).to_be_focused()
    page.locator(".moved-cells button").nth(9).click()
    until(page, lambda: bool(bench.said("cursor")), lambda: "nothing was told")
    told = bench.said("cursor")[-1]
    assert told["start"] == {"kind": "digit", "index": int(space.indices[places[1]])}
    assert np.allclose(told["z"], codes[9], atol=1e-5)


def test_the_budget_is_split_in_parts_and_by_dimension_on_the_clock(
    show: Callable[..., Page], bench: Bench, copied: Run
) -> None:
    page = show(measured(copied, *MEASURED))
    chart = page.locator(".areas")
    parts = measured(copied, 100)["epochs"]["100"]["decomposition"]
    said = [f"{name.replace('_', ' ')} {parts[name]['value']:.2f}" for name in list(parts)[:3]]
    expect(chart).to_have_attribute("aria-label", re.compile(re.escape(", ".join(said))))
    expect(page.locator(".ceiling-name")).to_have_text("log N")
    expect(page.locator(".budget-note")).to_contain_text("log N = 9.21 nats")
    # An area for each piece of epochs that were measured, of each part: 0 to 5, 10, 50, 100.
    assert page.locator(".areas polygon").count() == 3 * 4
    box = chart.bounding_box()
    assert box
    chart.click(position={"x": 41, "y": box["height"] / 2})
    expect(page.get_by_role("slider", name="Epoch", exact=True)).to_have_attribute(
        "aria-valuetext", re.compile("epoch 0")
    )
    until(page, lambda: bool(bench.said("cursor")), lambda: "nothing was told")
    assert bench.said("cursor")[-1]["epoch"] == 0

    page.get_by_label("by dimension").check()
    kl, active = np.array(copied.history()[0].kl_per_dimension), 9
    first = ranked(copied)[0]
    expect(page.locator(".parts li").first).to_have_text(f"z{first}{kl[first]:.2f} nats")
    assert page.locator(".parts li").count() == active + 1
    expect(page.locator(".ceiling")).to_have_count(0)
    assert bench.said("memory")[-1]["memory"]["spent"] == "dimensions"


def test_a_score_has_what_it_asks_its_uncertainty_and_its_images(show: Callable[..., Page], copied: Run) -> None:
    page = show(measured(copied, *MEASURED))
    mig = page.locator(".score").filter(has_text="MIG")
    expect(mig.locator(".value")).to_have_text("0.100 ± 0.004")
    expect(mig.locator(".asks")).to_contain_text("0: two tell it equally well; 1: one tells all of it")
    expect(mig.locator(".how summary")).to_have_text("10,000 test images; how")
    mig.locator(".how summary").click()
    expect(mig.locator(".how")).to_contain_text("made up")
    expect(value_of(page, "Bound, 1,000 samples")).to_have_text("−91.0 ± 0.3 nats")
    expect(value_of(page, "Fréchet distance of samples")).to_have_text("31.0 ± 0.4")
    expect(page.locator(".groups > .note")).to_have_text(
        "By the two convolutions, weights 0123456789abcdef, right of 99.1 % of test images. Distances by another are "
        "not to be compared with these."
    )
    assert page.locator(".score").count() == 10 + 4 + 2 + 3


def test_figures_are_copied_and_saved(show: Callable[..., Page], copied: Run) -> None:
    page = show(measured(copied, *MEASURED))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the table").click()
    expect(page.locator(".copied")).to_contain_text("of epoch 100 are on the clipboard")
    lines = str(page.evaluate("navigator.clipboard.readText()")).splitlines()
    assert lines[0].split("\t")[:4] == ["epoch", "figure", "value", "standard_error"]
    assert any(line.split("\t")[:4] == ["100", "mig", "0.1", "0.004"] for line in lines)

    rows = list(csv.DictReader(downloaded(page, page.get_by_role("button", name="CSV of all figures")).open()))
    assert {int(row["epoch"]) for row in rows} == set(MEASURED)
    found = next(row for row in rows if (row["epoch"], row["figure"]) == ("50", "kl"))
    assert float(found["value"]) == measured(copied, 50)["epochs"]["50"]["decomposition"]["kl"]["value"]
    assert (found["unit"], found["images"], found["split"]) == ("nats", "10000", "test")
    told = json.loads(downloaded(page, page.get_by_role("button", name="JSON of all figures")).read_text())
    assert told["run"] == "one"
    assert told["dimensions"]["100"][ranked(copied)[1]] == f"z{ranked(copied)[1]} · slant"
    assert told["epochs"]["100"]["scores"]["mig"]["value"] == 0.1


def test_the_run_stands_beside_those_with_another_weight(bench: Bench, copied: Run) -> None:
    write_json(copied.path / "metrics.json", measured(copied, 100))
    lines = [
        {"name": "one", "weight": "β = 4", "epoch": 100, "factors": ["slant", "width"], "specificity": 0.625,
         "mig": 0.1, "disentanglement": 0.37},
        {"name": "<b>other</b>", "weight": "β = 1", "epoch": 20, "factors": [], "specificity": None, "mig": None,
         "disentanglement": None},
    ]  # fmt: skip
    OnBench(bench, copied, figures=open_figures(copied.path).key, beside=lines).open("disentangle")
    rows = bench.page.locator(".beside tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_have_text("β = 4one, epoch 100slant, width0.630.100.37")
    expect(rows.nth(2)).to_have_text("β = 1<b>other</b>, epoch 20none–––")
    no_nonsense(bench.page)


# What is missing -------------------------------------------------------------------------------------------------


def test_an_epoch_that_was_not_measured_leads_to_one_that_was(show: Callable[..., Page], copied: Run) -> None:
    page = show(measured(copied, 3, 100))
    clock = page.get_by_role("slider", name="Epoch", exact=True)
    clock.focus()
    page.keyboard.press("Home")
    missing = page.locator(".missing")
    expect(missing).to_contain_text("Nothing was measured at epoch 0. There are figures of the epochs 3, 100.")
    expect(page.locator(".groups")).to_have_text("Nothing was measured at epoch 0.")
    expect(cell(page, ranked(copied)[0], "slant")).to_have_text("–")
    expect(page.locator(".budget-note")).to_contain_text("At epoch 0 the three parts were not measured.")
    no_nonsense(page)
    missing.get_by_role("button", name="Go to epoch 3").click()
    expect(missing).to_be_hidden()
    expect(value_of(page, "MIG")).to_be_visible()


def test_of_a_run_that_was_never_measured_there_is_what_its_training_recorded(show: Callable[..., Page]) -> None:
    page = show(None)
    expect(page.locator(".missing")).to_have_text(
        "Nothing has been measured of this run yet: only what its training recorded is shown."
    )
    expect(page.locator(".groups")).to_have_text("Nothing has been measured of this run yet.")
    expect(page.locator(".areas")).to_be_hidden()
    expect(page.get_by_role("button", name="Copy the table")).to_be_hidden()
    page.get_by_label("by dimension").check()
    expect(page.locator(".areas")).to_be_visible()
    no_nonsense(page)


def test_what_cannot_be_measured_has_its_reason_in_a_sentence(show: Callable[..., Page], copied: Run) -> None:
    found = measured(copied, 100)
    record = found["epochs"]["100"]
    record["scores"] = {"reason": "All images are of one class."}
    record["decomposition"] = {"reason": "A snapshot holds values that are no numbers."}
    record["representation"]["linear"] = {"reason": "There are no labels."}
    del record["likelihood"]
    page = show(found)
    expect(page.locator(".groups")).to_contain_text("DisentanglementAll images are of one class.")
    expect(page.locator(".budget-note")).to_have_text("A snapshot holds values that are no numbers.")
    expect(page.locator(".score").filter(has_text="linear classifier").locator(".asks")).to_have_text(
        "There are no labels."
    )
    expect(page.locator(".groups")).not_to_contain_text("Likelihood")
    no_nonsense(page)


def test_a_model_in_which_nothing_carries_anything_says_so(show: Callable[..., Page], copied: Run) -> None:
    history = [json.loads(line) for line in (copied.path / "history.jsonl").read_text().splitlines()]
    for line in history:
        line["kl_per_dimension"] = [0.001] * 20
    (copied.path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in history))
    page = show(measured(copied, 100))
    expect(page.locator(".matrix-passive")).to_contain_text("the decoder draws one picture, whatever the code.")
    expect(page.locator(".moved")).to_be_hidden()
    expect(page.locator(".matrix-passive")).to_contain_text("Left out, since they carry nothing")
    no_nonsense(page)


def test_where_no_factor_could_be_measured_the_page_is_whole(show: Callable[..., Page], trained_run: Run) -> None:
    """And one epoch alone makes a chart."""
    found = measured(trained_run, 100)
    record = found["epochs"]["100"]
    for dimension in record["dimensions"]:
        dimension["evidence"] = {"images": 0}
        del dimension["mutual_information"]
    page = show(found)
    expect(cell(page, ranked(trained_run)[0], "slant")).to_have_text("–")
    assert page.locator(".areas polygon").count() == 3
    expect(page.locator(".moved-words")).to_contain_text("was not measured")
    no_nonsense(page)


# Measuring from the page -----------------------------------------------------------------------------------------


def test_a_button_has_a_run_measured_and_what_is_ready_is_shown(page: Page, tmp_path: Path) -> None:
    """A small run, really trained and really measured by a process of its own; stopped once, and gone on with."""
    path = tmp_path / "runs" / "small"
    config = Config(
        network="mlp", latent_dim=2, epochs=1, batch_size=100, dataset_limit=2_000, probe_size=60, device="cpu"
    )
    list(train_run(path, config))
    run = Run(path)
    with serve(path.parent, tmp_path / "log") as app:
        page.goto(f"{app}/disentangle?run=small")
        expect(page.locator(".missing")).to_contain_text("Nothing has been measured of this run yet")
        page.get_by_role("button", name="Measure this run").click()
        page.get_by_role("button", name="Stop measuring").click()
        start = page.get_by_role("button", name=re.compile("^Measure (this run|the other epochs)$"))
        expect(start).to_be_visible()
        assert progress(run).state in ("absent", "behind")
        start.click()
        expect(page.get_by_text("Measuring small")).to_be_visible()
        expect(value_of(page, "MIG")).to_be_visible()
        until(page, lambda: progress(run).state == "finished", lambda: f"it stayed {progress(run)}")
        expect(page.get_by_role("button", name="Stop measuring")).to_have_count(0)
        expect(page.locator(".missing")).to_be_hidden()
        expect(value_of(page, "Bound, 1,000 samples")).to_be_visible()
    no_nonsense(page)


def test_only_what_measures_is_ended(copied: Run) -> None:
    """A run from elsewhere could name any process of this machine as the one that measures it."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        say(copied.path, pid=process.pid)
        with pytest.raises(RunError, match="cannot be stopped from here"):
            stop(copied.path)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_where_nothing_may_be_changed_nothing_is_measured(copied: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BVAE_RUNS", str(copied.path.parent))
    app = open_page("disentangle")
    (button,) = [found for found in app.button if found.label == "Measure this run"]
    monkeypatch.setenv("BVAE_READ_ONLY", "1")
    button.click()
    app = open_page("disentangle", app)
    assert progress(copied).state == "absent"
    assert not [found for found in app.button if found.label == "Measure this run"]
    assert any("exploring only" in element.value for element in (*app.error, *app.markdown))
