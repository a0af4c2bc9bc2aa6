"""The curves of the Train page: of two runs of other lengths, and of every dimension.

On a bench, with the records of the bundled runs.
"""

from __future__ import annotations

import csv
import itertools
import re
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from bvae.runs import Run, find_run
from pages.parts.figures import curves
from tests.bench import Bench
from tests.browsing import downloaded


def test_curves_of_two_runs_of_other_lengths_lie_over_each_other(bench: Bench, trained_run: Run) -> None:
    page, other = bench.page, find_run("mnist-beta1")
    records, others = trained_run.history(), other.history()[:21]
    bench.mount("training", curves(trained_run, records, (other, others)))
    last, end = records[-1]["epoch"], others[-1]["epoch"]
    assert end < last
    shown = [f"1 {trained_run.name}, β = 4, epoch {last}", f"2 {other.name}, β = 1, epoch {end}"]
    expect(page.locator(".runs li")).to_have_text(shown)

    for title, name in (("Reconstruction", "reconstruction"), ("KL", "kl"), ("Loss", "loss")):
        chart = page.locator(".chart").filter(has=page.get_by_text(title, exact=True))
        first, second = (round(run[-1]["test"][name], 4) for run in (records, others))  # as they are sent
        expect(chart.locator("output")).to_have_text(f"1: {first:.2f} · 2: {second:.2f} at {end}")
        said = chart.get_by_role("img").get_attribute("aria-label") or ""
        assert f"{other.name}: {second:.2f} nats an image on the test set" in said
        one, two = (points(chart.locator(f".curve.test.{which}")) for which in ("first", "second"))
        assert (len(one), len(two)) == (last, end)  # from epoch 1 on
        # One scale for both: what the first run's values make of heights holds for the second's.
        values = [record["test"][name] for record in records[1:]]
        slope, offset = np.polyfit(values, one[:, 1], 1)
        expected = [slope * record["test"][name] + offset for record in others[1:]]
        assert np.allclose(two[:, 1], expected, atol=0.3)
        assert np.allclose(two[:, 0], one[:end, 0], atol=0.2)
    expect(page.locator(".training .legend")).to_contain_text("with another weight of the KL, another sum")

    slider = page.get_by_role("slider", name="Read at epoch")
    slider.press("Home")
    for _ in range(4):
        slider.press("ArrowRight")
    chart = page.locator(".chart").filter(has=page.get_by_text("KL", exact=True))
    first, second = (round(run[4]["test"]["kl"], 4) for run in (records, others))
    expect(chart.locator("output")).to_have_text(f"1: {first:.2f} · 2: {second:.2f}")
    with downloaded(page, page.get_by_role("button", name="Save CSV")).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == [trained_run.name] * (last + 1) + [other.name] * (end + 1)
    assert float(rows[-1]["test_kl_nats"]) == pytest.approx(others[-1]["test"]["kl"], abs=1e-4)
    bench.redraw(curves(trained_run, records, None))
    expect(page.locator(".runs")).to_be_hidden()
    expect(page.locator(".curve.second")).to_have_count(0)


def points(line: Locator) -> np.ndarray:
    """The corners of a curve in pixels, (N, 2)."""
    given = line.get_attribute("points") or ""
    return np.array([[float(value) for value in corner.split(",")] for corner in given.split()])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_kl_of_every_dimension_can_be_read(bench: Bench, scheme: Literal["light", "dark"]) -> None:
    page, run = bench.page, find_run("mnist-beta1")
    ground = bench.dress(scheme)
    bench.mount("training", curves(run, run.history(), None))
    chart = page.locator(".chart.wide")
    kl = np.array([record["kl_per_dimension"] for record in run.history()])  # (E, D)
    order = np.argsort(-kl[-1], kind="stable")
    active = [dimension for dimension in order if kl[-1, dimension] >= 0.01]
    names = [f"z{dimension}" for dimension in active]
    labels = chart.locator("text.end")
    expect(labels).to_have_count(len(active) + 1)
    found = labels.evaluate_all(
        "(all) => all.map((text) => [text.textContent, text.getBoundingClientRect(), getComputedStyle(text).fill])"
    )
    found.sort(key=lambda label: label[1]["y"])
    assert [text for text, _, _ in found] == [*names, f"{len(order) - len(active)} carry nothing"]
    for (_, above, _), (_, below, _) in itertools.pairwise(found):
        assert below["y"] - above["y"] > 11
    window = page.viewport_size
    assert window is not None
    assert all(box["right"] <= window["width"] for _, box, _ in found)
    colours = [colour for _, _, colour in found]
    assert len(set(colours[:-1])) == len(active)
    assert min(contrast(colour, ground) for colour in colours[:-1]) >= 4.5

    # Pointed at, a curve says its number and value; the arrow keys go through them by rank.
    said = chart.locator("output")
    line = points(chart.locator(".curve.ranked").last)  # the one that carries most is drawn last
    chart.scroll_into_view_if_needed()
    box = chart.locator("svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + line[9, 0], box["y"] + line[9, 1])
    rank = 1 + (kl[10] > kl[10, active[0]]).sum()
    expect(said).to_have_text(f"z{active[0]}: {kl[10, active[0]]:.3f} nats, rank {rank} of {len(order)}")
    expect(chart.locator(".curve.picked")).to_have_count(1)
    page.mouse.move(2, 2)
    expect(chart.locator(".curve.picked")).to_have_count(0)
    page.get_by_role("slider", name="Read at epoch").press("End")
    chart.locator("svg").press("ArrowDown")
    chart.locator("svg").press("ArrowDown")
    expect(said).to_have_text(f"z{active[1]}: {kl[-1, active[1]]:.3f} nats, rank 2 of {len(order)}")


def contrast(one: str, other: str) -> float:
    """Of two colours as CSS computes them, by WCAG."""

    def luminance(colour: str) -> float:
        encoded = np.array([float(value) for value in re.findall(r"[\d.]+", colour)[:3]]) / 255
        linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
