"""How evenly four runs follow one hand: frames and pictures while a slider of one of four paired runs is dragged.

    python tests/benchmarks/beside.py [--frames 600] [--json FILE]

The component alone, on a blank page: the three bundled runs, and one of them once more with its dimensions in another
order. The pointer really moves. `frame` is from one frame to the next: one that is not ready in time is left out, and
the interval is then 33 ms. `all four` is from the input event until the last of the four pictures is drawn. Processor
time is that of the page's own thread, which decodes and draws: where the machine has other work, it says more than the
clock.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bvae.runs import find_run
from bvae.tests.turned import turned
from pages.parts.beside import sides_of
from pages.parts.cursor import image_cursor
from pages.parts.live import open_live
from tests.bench import Bench, live_data
from tests.benchmarks.in_browser import tabulated
from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium

LATE_MS = 20.0
NAMES = ("mnist-beta4", "mnist-beta1", "mnist-beta10")

WATCH = """() => {
  globalThis.intervals = [];
  betaVaeLive.latencies.length = 0;
  let last = 0;
  const look = (now) => {
    if (last) intervals.push(now - last);
    last = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def mount(page: Page, folder: Path) -> None:
    """Show the four runs beside each other."""
    first = find_run(NAMES[0])
    draws = np.random.default_rng(0)
    fourth = turned(first, folder / "turned", draws.permutation(20), draws.choice([-1, 1], 20))
    runs = [open_live(run, run.name) for run in (*map(find_run, NAMES), fourth)]
    bench, lead = Bench(page), runs[0]
    for run in runs:
        bench.publish_run(run)
    cursor = image_cursor(lead.space)
    data = live_data(lead, cursor=cursor, runs=sides_of(runs, lead, cursor), few=6, factors=[])
    bench.mount("beside", data | {"compact": False})
    page.locator(".beside:not([aria-busy])").wait_for()
    page.wait_for_timeout(4_000)  # weights are laid out in idle time


def drag(page: Page, frames: int) -> tuple[dict[str, list[float]], float]:
    """Drag the slider that carries most to and fro: milliseconds, and the thread's processor time in all."""
    slider = page.locator(".side input").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.evaluate(WATCH)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        return 1000 * float(metrics["TaskDuration"])

    before, step = spent(), 0
    while page.evaluate("intervals.length") < frames:
        for _ in range(20):
            step += 1
            page.mouse.move(box["x"] + box["width"] * (0.5 + 0.45 * np.sin(step / 12)), y)
    after = spent()
    found = page.evaluate("({ frame: intervals, 'all four': betaVaeLive.latencies })")
    page.mouse.up()
    return found, after - before


def main() -> None:
    parser = argparse.ArgumentParser(description="How evenly four runs follow one hand.")
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1080, "height": 1000})
        mount(page, Path(folder))
        found, processor = drag(page, options.frames)
        result = tabulated(found, LATE_MS, browser.version)
        each = {"processor_ms": {name: processor / len(values) for name, values in found.items()}}
        told = ", ".join(
            f"{milliseconds:.1f} ms for each of `{name}`" for name, milliseconds in each["processor_ms"].items()
        )
        print(f"\nProcessor time of the page's thread: {told}.")
        browser.close()
    if options.json:
        options.json.write_text(json.dumps(result | each, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
