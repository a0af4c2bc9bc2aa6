"""What is saved as CSV is data in a spreadsheet too: no cell is taken for a formula, whatever a run calls a class."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bvae.runs import Run
from pages.parts.choice import sheet
from pages.parts.film import open_film
from pages.parts.live import open_live
from tests.bench import Bench, live_data
from tests.browsing import downloaded

FORMULAS = [
    '=HYPERLINK("http://a.test","1")', "+1+1", "-2-3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=1", "=", "- 5", "−=",
]  # fmt: skip
DATA = [0, -1.5, 3e-7, "-1.5", "+2", "-1e-7", "3", "a,b", 'a "b"', "a\nb", "", "0=0", "ki", None]


def test_what_a_spreadsheet_would_compute_is_quoted_and_all_else_stays(bench_page: Page) -> None:
    row = 'async (cells) => (await import("/engine/csv.js")).csvRow(cells)'
    text = bench_page.evaluate(row, FORMULAS)
    (found,) = csv.reader(io.StringIO(text, newline=""))
    assert found == [f"'{cell}" if cell != "−=" else cell for cell in FORMULAS]  # a real minus begins no formula
    assert text.startswith('"\'=HYPERLINK(""'), "behind a quote, and inside of quotation marks"

    (found,) = csv.reader(io.StringIO(bench_page.evaluate(row, DATA), newline=""))
    assert [float(cell) for cell in found[:3]] == DATA[:3]
    assert found[3:] == [*DATA[3:-1], ""]


@pytest.mark.parametrize(("where", "button"), [("reconstruct", "Figures CSV"), ("clusters", "Positions, CSV")])
def test_classes_that_are_formulas_are_text_in_what_the_pages_save(
    trained_run: Run, bench: Bench, tmp_path: Path, where: str, button: str
) -> None:
    page, folder = bench.page, tmp_path / "formulas"
    shutil.copytree(trained_run.path, folder)
    record = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(record | {"class_names": FORMULAS[:10]}))
    run = open_live(Run(folder), "formulas")
    bench.publish_run(run)
    if where == "clusters":
        film = open_film(run)
        assert not bench.publish("films", film.content)
        bench.mount("clusters", live_data(run, film=film.key, other=None, shapes=[film.shapes]))
        page.locator(".clusters .save summary").click()
    else:
        chosen = sheet(run.path, run.key, run.space.epochs, tuple(range(20)))
        assert not bench.publish("chosen", chosen.content)
        bench.mount("reconstruct", live_data(run, caption="", chosen=chosen.key))
        expect(page.locator(".mean")).to_contain_text("Mean of the")
    with downloaded(page, page.get_by_role("button", name=button)).open(newline="", encoding="utf-8") as file:
        classes = {row["class"] for row in csv.DictReader(file)}
    assert classes <= {f"'{name}" for name in FORMULAS[:10]}
    assert len(classes) > 3
