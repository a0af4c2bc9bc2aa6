"""The lesson that comes along, in an exported page: every step of it can be done there as in the app, also on a full
screen."""

from __future__ import annotations

import functools
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from bvae.browser.export import gather, single
from bvae.lessons import FIRST
from bvae.runs import find_run
from tests.lesson_steps import STEPS, is_large, ready, take_every_step

MEGABYTES = 24  # of the three runs together

large = functools.partial(is_large, main="body")


def test_every_step_can_be_done_in_an_exported_page_on_a_full_screen(page: Page, tmp_path: Path) -> None:
    runs = [find_run(name) for name in ("mnist-beta4", "mnist-beta1", "mnist-beta10")]
    file = tmp_path / "page.html"
    file.write_text(single(gather(runs, MEGABYTES, FIRST)), encoding="utf-8")
    address = {**STEPS[0]["address"], "lesson": FIRST, "step": "1"}
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{file.as_uri()}#{STEPS[0]['page']}?{urlencode(address)}")
    bar = page.locator(".live.lesson:not([aria-busy])")
    expect(bar).to_be_visible()
    page.keyboard.press("f")
    take_every_step(page, large)
    # Pages that no step shows, and what is folded.
    for path, component in (("home", "beside"), ("compare", "beside"), ("clusters", "clusters")):
        page.evaluate(f"location.hash = location.hash.replace(/^#\\w+/, '#{path}')")
        page.locator(f".page-{path}").wait_for()
        ready(page, component)
        if path == "clusters":
            page.locator("details.quality summary").click()
            page.get_by_role("img", name="Figures of quality").locator(".mark").first.wait_for()
        large(page)
    bar.get_by_role("button", name="Full screen").click()
    expect(page.locator(".sidebar")).to_be_visible()
