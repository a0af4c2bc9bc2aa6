"""How long a slider's picture takes while it is dragged: from input event to canvas drawn, in the real app.

    python tests/benchmarks/drag.py [--run NAME] [--updates 400] [--json FILE]

Two clocks are read for every update. `event` begins when the slider's `input` event is made, and is the time that the
page itself takes. `hand` begins when the browser received the pointer's movement, and so includes waiting for the next
frame: the browser hands movements over once a frame, so up to 16.7 ms of it belong to the display. What an
update takes of the processor, in the page's process and on average, a busy machine leaves nearly as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import CDPSession, Page

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.in_browser import opened, options, pick_run, report

FRAME_MS = 1000 / 60

# Pointer movements are stamped when the browser receives them, before they wait for their frame.
WATCH = """(slider) => {
  const record = Object.getPrototypeOf(betaVaeLive).recordLatency.bind(betaVaeLive); // also where it is watched already
  let moved = 0;
  slider.addEventListener("pointermove", (event) => { moved = event.timeStamp; }, true);
  betaVaeLive.latencies.length = 0;
  globalThis.handLatencies = [];
  betaVaeLive.recordLatency = (milliseconds) => {
    record(milliseconds);
    handLatencies.push(performance.now() - moved);
  };
}"""


def drag(page: Page, updates: int) -> tuple[dict[str, list[float]], float]:
    """Drag the top slider of Traverse to and fro.

    Returns:
        Its updates' latencies in ms, by either clock; and the processor time of each, in ms.
    """
    slider = page.locator(".slider input").first
    slider.evaluate(WATCH)
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _processor_time(session)
    page.mouse.down()
    step = 0
    while page.evaluate("betaVaeLive.latencies.length") < updates:
        for _ in range(20):
            step += 1
            share = 0.5 + 0.45 * np.sin(step / 12)
            page.mouse.move(box["x"] + box["width"] * share, y)
    page.mouse.up()
    found = page.evaluate("({ event: betaVaeLive.latencies, hand: handLatencies })")
    processor = (_processor_time(session) - before) / len(found["event"])
    session.detach()
    return found, processor


def _processor_time(session: CDPSession) -> float:
    """What the page's process has had of the processor, all threads and user and system together, in ms."""
    told = session.send("Performance.getMetrics")["metrics"]
    return 1_000 * next(float(each["value"]) for each in told if each["name"] == "ProcessTime")


def main() -> None:
    parser = options("Latency of the picture while a slider is dragged.")
    parser.add_argument("--updates", type=int, default=400)
    arguments = parser.parse_args()
    run = pick_run(arguments.run)
    with opened("traverse", run) as page:
        found, processor = drag(page, arguments.updates)
        report("From input to canvas drawn", page, run, found, FRAME_MS, arguments.json)
        print(f"\nProcessor time of an update: {processor:.2f} ms.")


if __name__ == "__main__":
    main()
