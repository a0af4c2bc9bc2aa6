"""How evenly a walk plays: milliseconds from frame to frame on the Interpolate page, in the real app.

    python tests/benchmarks/interpolation.py [--run NAME] [--seconds 20] [--json FILE]

Every frame decodes the code, mixes the cross-fade and draws both. Once while nothing else happens, and once while the
epoch's slider is moved twice a second, so that the 16 steps and the grid of 64 are drawn anew between the frames.
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


def play(address: str, run: str, seconds: float) -> dict[str, Any]:
    """Play a walk in a real browser: intervals in ms, alone and while the clock moves, and the browser's version."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/interpolate?run={run}")
        page.locator(".interpolate:not([aria-busy])").wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)  # the other epochs' weights are laid out in idle time
        found: dict[str, Any] = {"browser": browser.version}
        page.get_by_role("button", name="Play").click()
        page.wait_for_timeout(1_000)
        epoch = page.get_by_role("slider", name="Epoch", exact=True)
        for part in ("alone", "clock"):
            page.evaluate("() => { betaVaeLive.frames.length = 0; }")
            if part == "alone":
                page.wait_for_timeout(seconds * 1000)
            else:
                for step in range(int(2 * seconds)):
                    epoch.press("ArrowLeft" if step // 8 % 2 == 0 else "ArrowRight")
                    page.wait_for_timeout(500)
            found[part] = page.evaluate("betaVaeLive.frames")
        browser.close()
    return found


def summary(intervals: list[float]) -> dict[str, Any]:
    values = np.array(intervals)
    median, high = np.percentile(values, [50, 95])
    within = float((values <= LATE_MS).mean())
    return {"median": median, "p95": high, "max": values.max(), "in_time": within, "frames": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Intervals between the frames of a walk from one image to another.")
    parser.add_argument("--run", help="name of a run; left out: the first that the app lists")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    runs = list_runs()
    if not runs:
        sys.exit("There is no run to walk through. Train one: python -m bvae train --run runs/first")
    run = next((run for run in runs if run.name == arguments.run), runs[0])

    folder = Path(os.environ.get("BVAE_RUNS", "runs")).resolve()
    with tempfile.TemporaryDirectory() as log, serve(folder, Path(log) / "streamlit.log") as address:
        found = play(address, run.name, arguments.seconds)

    parts = {part: summary(found[part]) for part in ("alone", "clock")}
    result = {
        "run": run.name,
        "network": run.config.network,
        "browser": f"Chromium {found['browser']}, headless, software rendering",
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, {platform.system()}",
        **parts,
    }
    print(f"Frame to frame while a walk plays, in ms. Run {run.name} ({run.config.network}).")
    print(f"{result['browser']}; {result['machine']}.\n")
    print("| meanwhile   | frames | median |   95 % |    max | within 20 ms |")
    print("| ----------- | -----: | -----: | -----: | -----: | -----------: |")
    for part, name in (("alone", "nothing"), ("clock", "epoch moves")):
        row = parts[part]
        median, high, most = row["median"], row["p95"], row["max"]
        print(
            f"| {name:11} | {row['frames']:6} | {median:6.2f} | {high:6.2f} | {most:6.2f} | {row['in_time']:>12.1%} |"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
