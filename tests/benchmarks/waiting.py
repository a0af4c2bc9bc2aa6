"""How long a person waits for a page, alone and among eight.

    python tests/benchmarks/waiting.py [--people 8] [--rounds 3] [--json FILE]

Three figures, on the bundled run, in headless Chromium with software rendering, server and browsers on this machine:

- first slider: from opening the address on a server that was just started until a slider can be moved;
- page change: from the click in the sidebar until the new page shows its content;
- people: that many sessions at once, each in a browser context of its own. One of them drags a slider all the time,
  and the others change page in turn, one every second. Their browsers share this machine's cores with the server.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium, serve

PAGES = ["Traverse", "Interpolate", "Generate", "Clusters", "Reconstruct", "Draw", "Train", "Load", "Home"]
LIVE = ["Traverse", "Interpolate", "Generate", "Clusters", "Reconstruct", "Draw", "Home"]

# A drag from inside the page, an input event a frame, because the script has one hand for all.
DRAG = """async (milliseconds) => {
  const roots = [document, ...[...document.querySelectorAll("*")].flatMap((element) => element.shadowRoot ?? [])];
  const input = roots.map((root) => root.querySelector(".slider input")).find(Boolean);
  betaVaeLive.latencies.length = 0;
  const frames = [];
  const latencies = [];
  const end = performance.now() + milliseconds;
  for (let last = await new Promise(requestAnimationFrame); performance.now() < end; ) {
    input.value = 2.5 * Math.sin(last / 200);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    latencies.push(betaVaeLive.latencies.at(-1));
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return [latencies, frames];
}"""


# Looked for at every frame, from inside: Playwright's own waits look twice a second once they have waited a while.
SHOWN = """([heading, selector]) => {
  const shown = (element) => element.getClientRects().length > 0;
  const headings = [...document.querySelectorAll("h1")].filter(shown);
  if (heading && !headings.some((element) => element.textContent.includes(heading))) return false;
  if (!selector) return true;
  const roots = [document, ...[...document.querySelectorAll("*")].flatMap((element) => element.shadowRoot ?? [])];
  return roots.some((root) => [...root.querySelectorAll(selector)].some(shown));
}"""


def wait_for(page: Page, heading: str, selector: str) -> None:
    """Wait until a heading is to be seen and an element beneath it; either may be an empty text."""
    # At every frame. Playwright's own wait evaluates text within the page, which the page's policy forbids.
    page.evaluate(
        f"async (asked) => {{ const seen = {SHOWN}; while (!seen(asked)) await new Promise(requestAnimationFrame); }}",
        [heading, selector],
    )


def open_page(browser: Browser, address: str) -> tuple[Page, float]:
    """A fresh session on the first page, and the seconds until its first slider can be moved."""
    page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    wait_for(page, "", ".live:not([aria-busy]) .slider input")
    return page, time.perf_counter() - start


def click(page: Page, name: str) -> None:
    page.locator("[data-testid=stSidebarNav]").get_by_role("link", name=name, exact=True).click()


def wait_for_content(page: Page, name: str) -> None:
    title, root = ("What does β do?", "traverse") if name == "Home" else (name, name.lower())
    wait_for(page, title, f".{root}.live:not([aria-busy])" if name in LIVE else "")


def spread(values: list[float]) -> dict[str, float]:
    median, high = np.percentile(values, [50, 95])
    return {"median": float(median), "p95": float(high), "max": max(values), "count": len(values)}


def first_slider(browser: Browser, empty: Path, rounds: int) -> list[float]:
    seconds = []
    for _ in range(rounds):
        with serve(empty, empty / "log") as address:
            page, waited = open_page(browser, address)
            seconds.append(waited)
            page.context.close()
    return seconds


def page_changes(page: Page, rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in PAGES}
    for _ in range(rounds):
        for name in PAGES:
            start = time.perf_counter()
            click(page, name)
            wait_for_content(page, name)
            seconds[name].append(time.perf_counter() - start)
            page.wait_for_timeout(300)
    return seconds


def many_people(browser: Browser, address: str, people: int, seconds: float = 24.0) -> dict[str, Any]:
    """One drags a slider all the time; the others change page, one of them every second."""
    dragging, *others = [open_page(browser, address)[0] for _ in range(people)]
    time.sleep(3)
    dragging.evaluate(f"() => {{ globalThis.dragged = ({DRAG})({seconds * 1_000}); }}")
    changes, turn, end = [], 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        page, name = others[turn % len(others)], ("Generate", "Interpolate", "Traverse")[turn // len(others) % 3]
        start = time.perf_counter()
        click(page, name)
        wait_for_content(page, name)
        changes.append(time.perf_counter() - start)
        time.sleep(max(0.0, 1.0 - changes[-1]))
        turn += 1
    latencies, frames = dragging.evaluate("dragged")
    for page in (dragging, *others):
        page.context.close()
    return {
        "page_change": spread(changes),
        "drag_milliseconds": spread(latencies),
        "frame_milliseconds": spread(frames),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        empty = Path(folder)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        first = first_slider(browser, empty, options.rounds)
        with serve(empty, empty / "log") as address:
            page, _ = open_page(browser, address)
            page_changes(page, 1)  # the first visit to each page compiles it
            changes = page_changes(page, options.rounds)
            page.context.close()
            people = many_people(browser, address, options.people)
        version = browser.version
        browser.close()
    print(f"# {platform.machine()}, {os.cpu_count()} CPU cores; Chromium {version}, headless, software rendering")
    print(f"first slider on a fresh server: {', '.join(f'{value:.2f}' for value in first)} s")
    for name, values in changes.items():
        print(f"change to {name:12} median {statistics.median(values):.2f} s, slowest {max(values):.2f} s")
    change, drag, frame = people["page_change"], people["drag_milliseconds"], people["frame_milliseconds"]
    print(f"{options.people} people at once: page change {change['median']:.2f} s, 95 % within {change['p95']:.2f} s")
    print(f"the slider of one: {drag['median']:.1f} ms, 95 % within {drag['p95']:.1f} ms ({drag['count']} updates)")
    print(f"its frames: {frame['median']:.1f} ms, 95 % within {frame['p95']:.1f} ms")
    if options.json:
        options.json.write_text(json.dumps({"first_slider": first, "page_change": changes, "people": people}, indent=2))


if __name__ == "__main__":
    main()
