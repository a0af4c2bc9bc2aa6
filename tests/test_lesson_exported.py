"""The lesson that comes along, in an exported page: every step of it can be done there as in the app."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page

from bvae.browser.export import gather, single
from bvae.lessons import FIRST
from bvae.runs import find_run
from tests.lesson_steps import STEPS, take_every_step

MEGABYTES = 24  # of the three runs together


def test_every_step_can_be_done_in_an_exported_page(page: Page, tmp_path: Path) -> None:
    runs = [find_run(name) for name in ("mnist-beta4", "mnist-beta1", "mnist-beta10")]
    file = tmp_path / "page.html"
    file.write_text(single(gather(runs, MEGABYTES, FIRST)), encoding="utf-8")
    address = {**STEPS[0]["address"], "lesson": FIRST, "step": "1"}
    page.goto(f"{file.as_uri()}#{STEPS[0]['page']}?{urlencode(address)}")
    take_every_step(page)
