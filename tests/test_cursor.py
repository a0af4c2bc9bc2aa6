"""The cursor in the browser: whose word counts, the hand's or Python's, when both move it and answers come late.

On a bench, so that a test decides what arrives when.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from bvae.browser.live import LiveRun
from bvae.runs import Run, find_run
from pages.parts.live import open_live
from tests.bench import Bench, live_data
from tests.browsing import comes_true

PAGES = ("traverse", "interpolate", "generate")
Cursor = dict[str, Any]


class Shown:
    """A live component on a bench, what its hand does, and what it takes for the cursor."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.bench, self.name, self.page = bench, name, bench.page
        self.root: Locator = bench.page.locator(f".{name}")

    def data(self, live: LiveRun, cursor: Cursor, revision: int) -> dict[str, Any]:
        noise = np.random.default_rng(0).standard_normal((100, live.space.latent_dim)).astype("<f4")
        own = {
            "traverse": {"rows": live.active},
            "interpolate": {},
            "generate": {"seed": 0, "noise": base64.b64encode(noise.tobytes()).decode(), "around": list(range(100))},
        }
        return live_data(live, cursor=cursor, revision=revision) | own[self.name]

    def mount(self, live: LiveRun, cursor: Cursor, revision: int = 1) -> None:
        self.bench.publish_meanings(live)  # what is waited for here are weights
        self.bench.mount(self.name, self.data(live, cursor, revision))

    def redraw(self, live: LiveRun, cursor: Cursor, revision: int = 1) -> None:
        self.bench.publish_meanings(live)
        self.bench.redraw(self.data(live, cursor, revision))

    def expect_open(self) -> None:
        expect(self.page.locator(f".{self.name}:not([aria-busy])")).to_be_visible()

    def expect_waiting(self) -> None:
        expect(self.page.locator(f".{self.name}[aria-busy]")).to_be_attached()

    def moves(self, place: int) -> None:
        """What a hand does: set a slider, press a step, press an image; another place, another code."""
        if self.name == "traverse":
            self.root.locator(".sliders.active input").first.fill(str(0.5 + 0.25 * place))
        else:
            tiles = ".walk-steps" if self.name == "interpolate" else ".tiles"
            self.root.locator(f"{tiles} button").nth(2 + place).click()

    def said(self) -> list[Cursor]:
        return self.bench.said("cursor")

    def settled(self) -> Cursor:
        """The cursor as the component has it: it tells when the clock is moved, and keeps the code then."""
        count = len(self.said())
        self.root.get_by_role("slider", name="Epoch", exact=True).press("ArrowLeft")
        comes_true(self.page, "(count) => said.filter(([name]) => name === 'cursor').length > count", count)
        return self.said()[-1]

    def expect_epoch(self, epoch: int) -> None:
        expect(self.root.locator(".epoch-value")).to_have_text(re.compile(rf"^{epoch}(,|$)"))


@pytest.fixture(params=PAGES)
def shown(bench: Bench, request: pytest.FixtureRequest) -> Shown:
    return Shown(bench, request.param)


@pytest.fixture(scope="module")
def live(trained_run: Run) -> LiveRun:
    return open_live(trained_run, trained_run.name)


@pytest.fixture(scope="module")
def other() -> LiveRun:
    run = find_run("mnist-beta1")
    return open_live(run, run.name)


def code(live: LiveRun, value: float, epoch: int | None = None) -> Cursor:
    """A cursor that keeps its code: this value in every dimension."""
    z = [value] * live.space.latent_dim
    last = live.space.epochs[-1]
    return {"z": z, "epoch": last if epoch is None else epoch, "start": {"kind": "code", "code": z}, "keep": "code"}


def echo(said: Cursor) -> Cursor:
    """What Python keeps of a word, and sends with the next drawing."""
    return {name: said[name] for name in ("z", "epoch", "start", "keep")}


def test_a_late_echo_does_not_take_the_hand_back(shown: Shown, live: LiveRun) -> None:
    shown.bench.publish_run(live)
    shown.mount(live, code(live, 0.5))
    shown.expect_open()
    shown.moves(1)
    shown.moves(2)
    first, second = shown.said()
    assert not np.allclose(first["z"], second["z"], atol=0.05), "the hand did not move on"

    shown.redraw(live, echo(first))  # the answer to the first word, when the second is on its way
    shown.redraw(live, echo(second))
    shown.redraw(live, echo(first))
    assert len(shown.said()) == 2, "an echo is no word of the hand"
    assert np.allclose(shown.settled()["z"], second["z"], atol=1e-6)


def test_a_new_revision_counts_and_the_same_position_is_news_after_it(shown: Shown, live: LiveRun) -> None:
    shown.bench.publish_run(live)
    shown.mount(live, code(live, 0.5))
    shown.expect_open()
    shown.moves(1)
    shown.moves(1)
    (first,) = shown.said()  # said once
    shown.redraw(live, echo(first), revision=1)
    shown.moves(1)
    assert len(shown.said()) == 1, "Python knows this position"

    shown.redraw(live, echo(first), revision=2)  # the same code, but Python's own choice
    shown.moves(1)
    assert len(shown.said()) == 2, "Python went elsewhere, and is not told"
    assert np.allclose(shown.said()[-1]["z"], first["z"], atol=1e-6)

    shown.redraw(live, code(live, -0.75, live.space.epochs[-2]), revision=3)
    shown.expect_epoch(live.space.epochs[-2])
    settled = shown.settled()
    assert settled["z"] == [-0.75] * live.space.latent_dim
    assert settled["epoch"] == live.space.epochs[-3]


def test_a_run_that_comes_late_does_not_replace_the_one_asked_for_since(
    shown: Shown, live: LiveRun, other: LiveRun
) -> None:
    shown.mount(live, code(live, 0.25), revision=1)
    shown.redraw(other, code(other, -0.25), revision=2)
    shown.expect_waiting()
    shown.bench.publish("runs", other.head)
    shown.bench.publish("runs", other.rest)
    shown.expect_open()
    shown.bench.publish_run(live)  # late
    settled = shown.settled()
    assert settled["z"] == [-0.25] * other.space.latent_dim
    assert [said["z"][0] for said in shown.said()] == [-0.25]


def test_of_two_runs_the_one_that_is_no_longer_wanted_is_not_shown(shown: Shown, live: LiveRun, other: LiveRun) -> None:
    """And a run begins anew, though its revision is the one that was followed last."""
    shown.mount(live, code(live, 0.25), revision=1)
    shown.redraw(other, code(other, -0.25), revision=1)
    shown.bench.publish("runs", live.head)  # first, and too late
    shown.expect_waiting()
    shown.bench.publish("runs", live.rest)
    shown.bench.publish("runs", other.head)
    shown.bench.publish("runs", other.rest)
    shown.expect_open()
    assert shown.settled()["z"] == [-0.25] * other.space.latent_dim
    shown.redraw(live, code(live, 0.25), revision=1)
    shown.expect_epoch(live.space.epochs[-1])
    assert shown.settled()["z"] == [0.25] * live.space.latent_dim


def test_epochs_that_come_late_are_followed_unless_python_asked_for_another_since(shown: Shown, live: LiveRun) -> None:
    first, last = live.space.epochs[0], live.space.epochs[-1]
    shown.bench.publish("runs", live.head)
    shown.mount(live, code(live, 0.5))
    shown.expect_open()
    shown.redraw(live, code(live, -0.5, first), revision=2)  # its weights are not here
    shown.expect_epoch(last)
    shown.moves(1)  # the hand goes on meanwhile
    assert len(shown.said()) == 1
    shown.redraw(live, code(live, -0.75), revision=3)
    shown.redraw(live, code(live, -1, first), revision=4)  # the last word counts
    shown.bench.publish("runs", live.rest)
    shown.expect_epoch(first)
    shown.redraw(live, code(live, -1, first), revision=4)
    shown.root.get_by_role("slider", name="Epoch", exact=True).press("ArrowRight")
    comes_true(shown.page, "() => said.filter(([name]) => name === 'cursor').length > 1")
    assert shown.said()[-1]["z"] == [-1] * live.space.latent_dim
    assert shown.said()[-1]["epoch"] == live.space.epochs[1]


def test_an_epoch_that_nobody_waits_for_any_more_changes_nothing(shown: Shown, live: LiveRun) -> None:
    shown.bench.publish("runs", live.head)
    shown.mount(live, code(live, 0.5))
    shown.redraw(live, code(live, -0.5, live.space.epochs[0]), revision=2)
    shown.redraw(live, code(live, -0.75), revision=3)
    shown.bench.publish("runs", live.rest)
    shown.expect_open()
    shown.expect_epoch(live.space.epochs[-1])
    assert shown.settled()["z"] == [-0.75] * live.space.latent_dim


def test_the_clock_takes_the_hands_last_code_to_an_epoch_that_comes_late(shown: Shown, live: LiveRun) -> None:
    shown.bench.publish("runs", live.head)
    shown.mount(live, code(live, 0.5))
    shown.expect_open()
    shown.root.get_by_role("slider", name="Epoch", exact=True).press("ArrowLeft")
    shown.moves(1)
    moved = shown.said()[-1]
    assert moved["epoch"] == live.space.epochs[-1], "its weights were not there yet"
    shown.redraw(live, echo(moved))
    shown.bench.publish("runs", live.rest)
    shown.expect_epoch(live.space.epochs[-2])
    comes_true(
        shown.page,
        "(epoch) => said.filter(([name]) => name === 'cursor').at(-1)[1].epoch === epoch",
        live.space.epochs[-2],
    )
    assert np.allclose(shown.said()[-1]["z"], moved["z"], atol=1e-6)


def test_the_image_is_kept_or_the_code(shown: Shown, live: LiveRun, trained_run: Run) -> None:
    """What was added to an image's own code stays with it at another epoch."""
    before, after = live.space.epochs[-1], live.space.epochs[-2]
    own = live.space.means
    z = (own[before][7] + 0.5).tolist()
    start = {"kind": "digit", "index": int(live.space.indices[7])}
    shown.bench.publish_run(live)
    shown.mount(live, {"z": z, "epoch": before, "start": start, "keep": "digit"})
    shown.expect_open()
    settled = shown.settled()
    assert settled["epoch"] == after
    assert np.allclose(settled["z"], own[after][7] + 0.5, atol=1e-5)
    assert not np.allclose(settled["z"], z, atol=0.05), "the two epochs should differ, or this proves little"

    shown.redraw(live, {"z": z, "epoch": before, "start": start, "keep": "code"}, revision=2)
    shown.expect_epoch(before)
    settled = shown.settled()
    assert np.allclose(settled["z"], z, atol=1e-6)


def test_a_code_is_of_float32_as_the_address_has_it(shown: Shown, live: LiveRun) -> None:
    decimals = np.random.default_rng(4).standard_normal(live.space.latent_dim).round(7)
    z = decimals.tolist()
    shown.mount(live, {"z": z, "epoch": live.space.epochs[-1], "start": {"kind": "code", "code": z}, "keep": "code"})
    assert shown.bench.publish("runs", live.head) == ""
    assert shown.bench.publish("runs", live.rest) == ""
    shown.expect_open()
    assert shown.settled()["z"] == decimals.astype(np.float32).tolist()
