"""How evenly the tour and an interpolation move: milliseconds from frame to frame while they play, in the real app.

    python tests/benchmarks/frames.py [--run NAME] [--seconds 20] [--json FILE]

The browser calls the page once a frame, 60 times a second. A frame that is not ready in time is left out, and the
interval is then 33 ms: so 95 % within 20 ms says that at most one frame in twenty was late.

The tour is watched with the page as it opens, and scrolled to its end, where the grid of all dimensions follows it. The
walk decodes the code, mixes the cross-fade and draws both in every frame. It is watched while nothing else happens, and
while the epoch's slider is moved twice a second, so that the 16 steps and the grid of 64 are drawn anew in between.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.in_browser import opened, options, pick_run, report

LATE_MS = 20.0


def tour(page: Page, seconds: float) -> dict[str, list[float]]:
    """Play the tour on Traverse: intervals in ms with the top of the page and with its end in view."""
    page.get_by_role("button", name="Play a tour").click()
    found = {}
    for part, element in (("tour", ".sliders.active"), ("tour, grid in view", ".all .note")):
        page.locator(element).scroll_into_view_if_needed()
        page.wait_for_timeout(1_000)
        page.evaluate("() => { betaVaeLive.frames.length = 0; }")
        page.wait_for_timeout(seconds * 1000)
        found[part] = page.evaluate("betaVaeLive.frames")
    return found


def walk(page: Page, seconds: float) -> dict[str, list[float]]:
    """Play a walk on Interpolate: intervals in ms, alone and while the clock moves."""
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1_000)
    page.evaluate("() => { betaVaeLive.frames.length = 0; }")
    page.wait_for_timeout(seconds * 1000)
    found = {"walk": page.evaluate("betaVaeLive.frames")}
    page.evaluate("() => { betaVaeLive.frames.length = 0; }")
    epoch = page.get_by_role("slider", name="Epoch", exact=True)
    for step in range(int(2 * seconds)):
        epoch.press("ArrowLeft" if step // 8 % 2 == 0 else "ArrowRight")
        page.wait_for_timeout(500)
    return found | {"walk, epoch moves": page.evaluate("betaVaeLive.frames")}


def main() -> None:
    parser = options("Intervals between the frames of the tour and of a walk from one image to another.")
    parser.add_argument("--seconds", type=float, default=20, help="of each of the four parts")
    arguments = parser.parse_args()
    run = pick_run(arguments.run)
    with opened("traverse", run) as page:
        parts = tour(page, arguments.seconds)
    with opened("interpolate", run) as page:
        parts |= walk(page, arguments.seconds)
        report("From frame to frame", page, run, parts, LATE_MS, arguments.json)


if __name__ == "__main__":
    main()
