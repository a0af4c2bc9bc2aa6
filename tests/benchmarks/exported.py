"""How soon the first slider of an exported page can be moved, and how soon its picture follows it then.

    python tests/benchmarks/exported.py [--run NAME] [--mbit 10] [--visits 5] [--updates 400] [--json FILE]

First the single file over a connection of 10 Mbit/s. Chromium slows its own network down, by its protocol: so many
megabits a second, and 40 ms each way. The clock begins with the navigation; the page counts as usable when the slider
stands there with a decoded picture. Received is what of the file had come by then.

Then a slider of Traverse is dragged, in the app and in the file opened from the disk, by turns and in one browser; see
drag.py, which says what is measured.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bvae.browser import export
from bvae.runs import Run
from tests.benchmarks.drag import FRAME_MS, drag
from tests.benchmarks.in_browser import opened, options, pick_run, tabulated
from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium

TURNS = 4  # of dragging in the app and in the exported page

# When the first slider is there and its picture drawn, in ms since the navigation, and the bytes that had come.
USABLE = """() => {
  const panel = document.querySelector("[data-component=traverse]")?.shadowRoot;
  const canvas = panel?.querySelector("canvas");
  if (!panel?.querySelector(".slider input") || !canvas?.width) return null;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  if (!data.some((value, place) => place % 4 !== 3 && value > 0)) return null;
  return performance.now();
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a visit ends before the file has come
            super().handle()


def first_slider(page: str, mbit: float, visits: int) -> dict[str, Any]:
    """Visit a page over a slow connection.

    Args:
        page: its HTML.

    Returns:
        Milliseconds until its first slider can be moved, and the bytes that had come by then.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "page.html").write_text(page, encoding="utf-8")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        times, received = [], []
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        for _ in range(visits):
            tab = browser.new_page()
            session = tab.context.new_cdp_session(tab)
            session.send("Network.enable")
            came = [0]
            session.on("Network.dataReceived", lambda told, came=came: came.append(came[-1] + told["dataLength"]))
            speed = mbit * 1_000_000 / 8
            session.send("Network.emulateNetworkConditions", {
                "offline": False, "latency": 80, "downloadThroughput": speed, "uploadThroughput": speed,
            })  # fmt: skip
            tab.goto(f"http://127.0.0.1:{server.server_port}/page.html#traverse", wait_until="commit")
            times.append(tab.wait_for_function(USABLE, polling=10, timeout=120_000).json_value())
            received.append(came[-1])
            tab.close()
        browser.close()
        server.shutdown()
    return {
        "milliseconds": {"median": float(np.median(times)), "most": float(np.max(times))},
        "received": int(np.median(received)),
    }


def drags(run: Run, page: str, updates: int) -> dict[str, Any]:
    """Drag a slider of the app and of an exported page, by turns.

    Args:
        page: its HTML.

    Returns:
        Latencies as `tabulated` makes them, and the processor time of an update in ms.
    """
    latencies: dict[str, list[float]] = {}
    processor: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, opened("traverse", run) as app:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        exported = app.context.browser.new_page(viewport=app.viewport_size)
        exported.goto(f"{file.as_uri()}#traverse")
        exported.locator(".traverse:not([aria-busy])").wait_for()
        exported.wait_for_timeout(3_000)  # as in the app
        for _ in range(TURNS):
            for name, tab in (("app", app), ("exported", exported)):
                tab.bring_to_front()
                found, each = drag(tab, -(-updates // TURNS))
                for clock, milliseconds in found.items():
                    latencies.setdefault(f"{name}, {clock}", []).extend(milliseconds)
                processor.setdefault(name, []).append(each)
        print("From input to canvas drawn, in ms.")
        told = tabulated(latencies, FRAME_MS, app.context.browser.version)
    for name, each in processor.items():
        print(f"Processor time of an update, {name}: {np.mean(each):.2f} ms ({', '.join(f'{x:.2f}' for x in each)}).")
    return told | {"processor": processor}


def main() -> None:
    parser = options("How soon the first slider of an exported page moves, and its latency while it is dragged.")
    parser.add_argument("--mbit", type=float, default=10)
    parser.add_argument("--visits", type=int, default=5, help="0: measure the drag alone")
    parser.add_argument("--updates", type=int, default=400, help="0: measure the visits alone")
    arguments = parser.parse_args()
    run = pick_run(arguments.run or "mnist-beta4")
    page = export.single(export.gather([run], export.SINGLE))
    result: dict[str, Any] = {"run": run.name, "file": len(page.encode())}
    if arguments.visits:
        result |= {"megabits": arguments.mbit, "visits": arguments.visits}
        result |= first_slider(page, arguments.mbit, arguments.visits)
        print(json.dumps(result, indent=1))
    if arguments.updates:
        result |= drags(run, page, arguments.updates)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
