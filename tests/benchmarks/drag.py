"""How long a slider's picture takes while it is dragged: from input event to canvas drawn, in the real app.

    python tests/benchmarks/drag.py [--run NAME] [--updates 400] [--json FILE]

Two clocks are read for every update. `event` begins when the slider's `input` event is made, and is the time that the
page itself takes. `hand` begins when the browser received the pointer's movement, and so includes waiting for the next
frame: the browser hands movements over once a frame, so up to 16.7 ms of it belong to the display.
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

FRAME_MS = 16.0

# Pointer movements are stamped when the browser receives them, before they wait for their frame.
WATCH = """(slider) => {
  const record = betaVaeLive.recordLatency.bind(betaVaeLive);
  let moved = 0;
  slider.addEventListener("pointermove", (event) => { moved = event.timeStamp; }, true);
  betaVaeLive.latencies.length = 0;
  globalThis.handLatencies = [];
  betaVaeLive.recordLatency = (milliseconds) => {
    record(milliseconds);
    handLatencies.push(performance.now() - moved);
  };
}"""


def drag(address: str, run: str, updates: int) -> dict[str, Any]:
    """Drag the top slider to and fro in a real browser: its updates' latencies in ms, and the browser's version."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/traverse?run={run}")
        page.locator(".traverse:not([aria-busy])").wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)  # the other epochs' weights are laid out in idle time
        slider = page.locator(".slider input").first
        slider.evaluate(WATCH)
        box = slider.bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] / 2, y)
        page.mouse.down()
        step = 0
        while page.evaluate("betaVaeLive.latencies.length") < updates:
            for _ in range(20):
                step += 1
                share = 0.5 + 0.45 * np.sin(step / 12)
                page.mouse.move(box["x"] + box["width"] * share, y)
        page.mouse.up()
        found = page.evaluate("({ event: betaVaeLive.latencies, hand: handLatencies })")
        version = browser.version
        browser.close()
    return {**found, "browser": version}


def summary(latencies: list[float]) -> dict[str, Any]:
    values = np.array(latencies)
    median, high = np.percentile(values, [50, 95])
    within = float((values <= FRAME_MS).mean())
    return {"median": median, "p95": high, "max": values.max(), "within_a_frame": within, "updates": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Latency of the picture while a slider is dragged.")
    parser.add_argument("--run", help="name of a run; left out: the first that the app lists")
    parser.add_argument("--updates", type=int, default=400)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    runs = list_runs()
    if not runs:
        sys.exit("There is no run to drag through. Train one: python -m bvae train --run runs/first")
    run = next((run for run in runs if run.name == arguments.run), runs[0])

    folder = Path(os.environ.get("BVAE_RUNS", "runs")).resolve()
    with tempfile.TemporaryDirectory() as log, serve(folder, Path(log) / "streamlit.log") as address:
        found = drag(address, run.name, arguments.updates)

    result = {
        "run": run.name,
        "network": run.config.network,
        "browser": f"Chromium {found['browser']}, headless, software rendering",
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, {platform.system()}",
        "event": summary(found["event"]),
        "hand": summary(found["hand"]),
    }
    updates = result["event"]["updates"]
    print(f"Input to canvas drawn, in ms. Run {run.name} ({run.config.network}), {updates} updates.")
    print(f"{result['browser']}; {result['machine']}.\n")
    print("| from    | median |   95 % |    max | within 16 ms |")
    print("| ------- | -----: | -----: | -----: | -----------: |")
    for clock in ("event", "hand"):
        row = result[clock]
        share = f"{row['within_a_frame']:.1%}"
        print(f"| {clock:7} | {row['median']:6.2f} | {row['p95']:6.2f} | {row['max']:6.2f} | {share:>12} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
