"""How evenly the tour moves: milliseconds from frame to frame while it plays, in the real app.

    python tests/benchmarks/frames.py [--run NAME] [--seconds 20] [--json FILE]

The browser calls the page once a frame, 60 times a second. A frame that is not ready in time is left out, and the
interval is then 33 ms: so 95 % within 20 ms says that at most one frame in twenty was late. Once the page is as it
opens, and once it is scrolled to its end, where the grid of all dimensions follows the tour too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bvae.runs import list_runs
from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium, serve

LATE_MS = 20.0


def tour(address: str, run: str, seconds: float) -> dict[str, Any]:
    """Play the tour in a real browser: intervals in ms with the top of the page and with its end in view."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/traverse?run={run}")
        page.locator(".traverse:not([aria-busy])").wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)  # the other epochs' weights are laid out in idle time
        found: dict[str, Any] = {"browser": browser.version}
        page.get_by_role("button", name="Play a tour").click()
        for view, element in (("top", ".sliders.active"), ("grid", ".all .note")):
            page.locator(element).scroll_into_view_if_needed()
            page.wait_for_timeout(1_000)
            page.evaluate("() => { betaVaeLive.frames.length = 0; }")
            page.wait_for_timeout(seconds * 1000)
            found[view] = page.evaluate("betaVaeLive.frames")
        browser.close()
    return found


def summary(intervals: list[float]) -> dict[str, Any]:
    values = np.array(intervals)
    median, high = np.percentile(values, [50, 95])
    within = float((values <= LATE_MS).mean())
    return {"median": median, "p95": high, "max": values.max(), "in_time": within, "frames": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Intervals between the frames of the tour.")
    parser.add_argument("--run", help="name of a run; left out: the first that the app lists")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    runs = list_runs()
    if not runs:
        sys.exit("There is no run to tour through. Train one: python -m bvae train --run runs/first")
    run = next((run for run in runs if run.name == arguments.run), runs[0])

    folder = Path(os.environ.get("BVAE_RUNS", "runs")).resolve()
    with tempfile.TemporaryDirectory() as log, serve(folder, Path(log) / "streamlit.log") as address:
        found = tour(address, run.name, arguments.seconds)

    result = {
        "run": run.name,
        "network": run.config.network,
        "browser": f"Chromium {found['browser']}, headless, software rendering",
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, {platform.system()}",
        "top": summary(found["top"]),
        "grid": summary(found["grid"]),
    }
    print(f"Frame to frame while the tour plays, in ms. Run {run.name} ({run.config.network}).")
    print(f"{result['browser']}; {result['machine']}.\n")
    print("| in view | frames | median |   95 % |    max | within 20 ms |")
    print("| ------- | -----: | -----: | -----: | -----: | -----------: |")
    for view in ("top", "grid"):
        row = result[view]
        numbers = " | ".join(f"{row[name]:6.2f}" for name in ("median", "p95", "max"))
        print(f"| {view:7} | {row['frames']:6} | {numbers} | {row['in_time']:>12.1%} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
