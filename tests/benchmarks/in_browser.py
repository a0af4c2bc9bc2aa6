"""What the benchmarks that watch a page in the browser have in common."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from bvae.runs import Run, list_runs
from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium, serve


def options(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--run", help="name of a run; left out: the first that the app lists")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser


def pick_run(name: str | None) -> Run:
    """The run of this name, or the first that the app lists."""
    runs = list_runs()
    if not runs:
        sys.exit("There is no run to look at. Train one: python -m bvae train --run runs/first")
    return next((run for run in runs if run.name == name), runs[0])


@contextmanager
def opened(name: str, run: Run) -> Iterator[Page]:
    """A page of the app in a real browser, on a server of its own."""
    folder = Path(os.environ.get("BVAE_RUNS", "runs")).resolve()
    with (
        tempfile.TemporaryDirectory() as log,
        serve(folder, Path(log) / "streamlit.log") as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/{name}?run={run.name}")
        page.locator(f".{name}:not([aria-busy])").wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)  # the other epochs' weights are laid out in idle time
        yield page
        browser.close()


def report(title: str, page: Page, run: Run, parts: dict[str, list[float]], in_time: float, file: Path | None) -> None:
    """Print how long it took in each part as a table, and write it to a file.

    Args:
        parts: milliseconds.
        in_time: the most milliseconds that count as in time.
    """
    result = {"run": run.name, "network": run.config.network}
    print(f"{title}, in ms. Run {run.name} ({run.config.network}).")
    result |= tabulated(parts, in_time, page.context.browser.version)
    if file:
        file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def tabulated(parts: dict[str, list[float]], in_time: float, chromium: str) -> dict[str, Any]:
    """Print how long it took in each part as a table, and where, and return the same by name; see `report`."""
    result: dict[str, Any] = {
        "browser": f"Chromium {chromium}, headless, software rendering",
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, {platform.system()}",
    }
    print(f"{result['browser']}; {result['machine']}.\n")
    print(f"| {'':17} | count | median |   95 % |    max | within {in_time:.3g} ms |")
    print(f"| {'-' * 17} | ----: | -----: | -----: | -----: | -------------: |")
    for part, milliseconds in parts.items():
        values = np.array(milliseconds)
        median, high = np.percentile(values, [50, 95])
        share = float((values <= in_time).mean())
        result[part] = {"median": median, "p95": high, "max": values.max(), "in_time": share, "count": len(values)}
        print(f"| {part:17} | {len(values):5} | {median:6.2f} | {high:6.2f} | {values.max():6.2f} | {share:14.1%} |")
    return result
