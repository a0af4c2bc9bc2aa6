"""The Clusters page in a real browser: a run gets a film while it is looked at, and two runs stand side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bvae.film import progress
from bvae.runs import Run, find_run
from tests.browsing import rerun
from tests.conftest import serve
from tests.test_clusters_python import reduced, running

LONG = 180_000  # milliseconds; where nothing is compiled yet, that comes first


@pytest.fixture
def bare(trained_run: Run, tmp_path: Path) -> Iterator[tuple[Run, str]]:
    """A run without a film, and a server that shows it."""
    run = reduced(trained_run, tmp_path / "runs" / "bare", (0, 5, 100), slice(80))
    log = tmp_path / "log"
    with serve(tmp_path / "runs", log) as address:
        yield run, address
    assert "Traceback" not in log.read_text(), log.read_text()


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".clusters:not([aria-busy])")).to_be_visible()


def pick(page: Page, label: str, name: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=name, exact=True).click()


@pytest.mark.new_tab
def test_a_film_appears_where_one_is_asked_for_and_only_then_is_the_server_asked_again(
    page: Page, bare: tuple[Run, str]
) -> None:
    run, address = bare
    sent: list[float] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(1)))
    open_page(page, f"{address}/clusters?run=bare")
    kind = page.get_by_role("combobox", name="Layout")
    expect(kind).to_have_value("pca_last")  # something to see at once
    page.get_by_role("slider", name="Epoch", exact=True).press("Home")
    expect(page.locator(".moment b")).to_have_text("0")
    page.get_by_role("button", name="Work out the film").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    before = page.locator(".clusters").bounding_box()
    expect(kind.locator("option[value=umap]")).to_be_enabled(timeout=LONG)
    expect(page.get_by_text("Film of bare: 3 frames of 80 test images, worked out in")).to_be_visible(timeout=LONG)
    assert progress(run).state == "finished"
    expect(page.locator(".moment b")).to_have_text("0")  # where the person was
    after = page.locator(".clusters").bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1, "the map stands where it stood"
    with rerun(page):
        kind.select_option("umap")
    expect(kind).to_have_value("umap")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    sent.clear()
    page.wait_for_timeout(4_500)
    assert not sent, "two polls would have come in this time"
    page.get_by_text("How true the film is, epoch by epoch").click()
    expect(page.get_by_role("table").filter(has_text="Independent UMAPs")).to_be_visible()


def test_newer_epochs_of_a_run_in_training_are_offered_as_they_come(
    page: Page, bare: tuple[Run, str], tmp_path: Path
) -> None:
    run, address = bare
    files = [Path(folder) / "0100.safetensors" for folder in ("epochs", "latents")]
    for file in files:
        (tmp_path / file.parent).mkdir()
        (run.path / file).rename(tmp_path / file)
    running(run, stage="Waiting for the next epoch", done=10, remaining=None, heartbeat=time.time() + 3_600)
    open_page(page, f"{address}/clusters?run=bare")
    expect(page.get_by_text("Film of bare: Waiting for the next epoch")).to_be_visible()
    expect(page.locator(".moment b")).to_have_text("5")
    newer = page.get_by_role("button", name="Show newer epochs (now at 100)")
    expect(newer).to_have_count(0)
    for file in reversed(files):
        (tmp_path / file).rename(run.path / file)
    expect(newer).to_be_visible()
    expect(page.locator(".moment b")).to_have_text("5")  # until the person wants to see them
    newer.click()
    expect(page.locator(".scrub .ticks")).to_contain_text("100")


def test_of_two_runs_side_by_side_each_can_be_changed(page: Page, app: str) -> None:
    """A browser keeps the weights and films of two runs. A third must take the place of the one that is left."""
    names = [find_run(name).name for name in ("mnist-beta4", "mnist-beta1", "mnist-beta10")]
    open_page(page, f"{app}/clusters?run={names[0]}")
    captions, moments = page.locator(".map figcaption"), page.locator(".moment b")
    for second in (names[1], names[2], names[1]):
        pick(page, "Second run, side by side", second)
        expect(captions).to_have_text([names[0], second])
        expect(moments).to_have_text(["100", "100"])
        assert page.evaluate("betaVaeFilms.size") == 2
    pick(page, "Run", names[2])
    expect(captions).to_have_text([names[2], names[1]])
    expect(moments).to_have_text(["100", "100"])
    pick(page, "Run", names[1])  # which cannot stand beside itself
    expect(captions.first).to_have_text("")
    expect(moments.filter(visible=True)).to_have_text(["100"])
