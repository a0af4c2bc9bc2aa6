"""How soon the first slider of an exported page can be moved: the single file over a connection of 10 Mbit/s.

    python tests/benchmarks/exported.py [--run NAME] [--mbit 10] [--visits 5]

Chromium slows its own network down, by its protocol: so many megabits a second, and 40 ms each way. The clock begins
with the navigation; the page counts as usable when the slider stands there with a decoded picture. Received is what of
the file had come by then.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import json
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bvae.browser import export
from bvae.runs import find_run
from tests.conftest import find_chromium

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


def main() -> None:
    parser = argparse.ArgumentParser(description="Time until the first slider of an exported page can be moved.")
    parser.add_argument("--run", default="mnist-beta4")
    parser.add_argument("--mbit", type=float, default=10)
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = export.single(export.gather([find_run(options.run)], export.SINGLE))
        (Path(folder) / "page.html").write_text(text, encoding="utf-8")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/page.html#traverse"
        times, received = [], []
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
            for _ in range(options.visits):
                page = browser.new_page()
                session = page.context.new_cdp_session(page)
                session.send("Network.enable")
                came = [0]
                session.on("Network.dataReceived", lambda told, came=came: came.append(came[-1] + told["dataLength"]))
                speed = options.mbit * 1_000_000 / 8
                session.send("Network.emulateNetworkConditions", {
                    "offline": False, "latency": 80, "downloadThroughput": speed, "uploadThroughput": speed,
                })  # fmt: skip
                page.goto(address, wait_until="commit")
                times.append(page.wait_for_function(USABLE, polling=10, timeout=120_000).json_value())
                received.append(came[-1])
                page.close()
            browser.close()
        server.shutdown()
    found = {
        "run": options.run, "megabits": options.mbit, "file": len(text.encode()), "visits": options.visits,
        "milliseconds": {"median": float(np.median(times)), "most": float(np.max(times))},
        "received": int(np.median(received)),
    }  # fmt: skip
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
