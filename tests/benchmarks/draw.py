"""How long the Draw page takes for a photograph of 12 megapixels, from the unpacked picture to what the model sees.

    python tests/benchmarks/draw.py [--pages 5] [--pictures 20] [--json FILE]

A sheet of ruled paper on a table, in the light of one lamp, is drawn here, 4000 × 3000 pixels, and read by the page's
own modules in headless Chromium. What is timed begins with all its pixels in memory and ends with the field of 28 × 28.

The first picture of a page is timed twice: in pages where nothing has run before, and in pages that have had a
rehearsal, as the Draw page has it while a person looks for the file. The share of each step is a sampling profiler's,
over all pictures but the first of each page.
"""

from __future__ import annotations

import argparse
import base64
import collections
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import Bench
from tests.benchmarks.in_browser import tabulated
from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium
from tests.pictures import drawn, file_of, inked, placed, places, ruled

IN_TIME_MS = 100
INTERVAL_US = 500  # of the profiler's samples

# What each function of the page's modules is called here; what is called by one of them counts as its own.
STEPS = {
    "pixelsOf": "reduced to 352 pixels",
    "greysOf": "greys of the colours",
    "withoutImpulses": "single pixels",
    "sheetOf": "the sheet on its table",
    "onlySheet": "the sheet on its table",
    "isDarkOnLight": "whether ink is dark",
    "withoutLines": "lines of the paper",
    "inkOf": "paper and ink",
    "partsOf": "digits and specks",
    "sorted": "digits and specks",
    "fitted": "strokes’ width",
    "asMnist": "MNIST’s form",
}

OPEN = """async (text) => {
  const modules = ["bring", "fit", "mnist", "unpack"].map((name) => import(`/draw/${name}.js`));
  globalThis.draw = Object.assign({}, ...(await Promise.all(modules)));
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  globalThis.photograph = new Blob([bytes], { type: "image/jpeg" });
}"""

READ = """async (count) => {
  const { asMnist, fitted, pixelsOf, prepared } = globalThis.draw;
  const found = [];
  for (let n = 0; n < count; n++) {
    const unpacked = await createImageBitmap(globalThis.photograph);
    const start = performance.now();
    const { strokes } = prepared("photograph", await pixelsOf(unpacked, unpacked.width, unpacked.height));
    const { ink, width, height, coarse } = fitted(strokes, strokes.largest, 200, true);
    asMnist(ink, width, height, [28, 28], !coarse);
    found.push(performance.now() - start);
  }
  return found;
}"""


def photograph() -> bytes:
    """A JPEG of 12 megapixels, 4000 × 3000."""
    page = placed(drawn(3, height=1300, pen=0.06, fine=1), (4000, 3000), (0.45, 0.5))
    x, y = places(page.shape)
    printed = ruled(page.shape, 210, 14, 1.2)
    pixels = np.minimum(inked(printed, 235, (150, 170, 210)), inked(page, (235, 235, 235), (40, 45, 90)))
    pixels[np.maximum(np.abs(x - 0.5 + 0.05 * (y - 0.5)), np.abs(y - 0.5 - 0.05 * (x - 0.5))) > 0.42] = (90, 65, 50)
    pixels *= (0.55 + 0.45 * np.exp(-((x - 0.3) ** 2 + (y - 0.4) ** 2) / 0.3))[..., None]
    pixels += 4 * np.random.default_rng(0).normal(size=page.shape)[..., None]
    return file_of(pixels, "JPEG", quality=85)


def shares(profile: dict[str, Any]) -> collections.Counter[str]:
    """How long each step took, in µs, by a profile of the Chrome DevTools Protocol."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in profile["nodes"] for child in node.get("children", [])}

    def step(node: int | None) -> str | None:
        found = None
        while node is not None:  # the outermost counts
            found = STEPS.get(nodes[node]["callFrame"]["functionName"], found)
            node = parents.get(node)
        return found

    spent: collections.Counter[str] = collections.Counter()
    for node, microseconds in zip(profile["samples"], profile["timeDeltas"], strict=True):
        if name := step(node):
            spent[name] += microseconds
    return spent


def read(browser: Browser, text: str, rehearsed: bool, pictures: int) -> tuple[list[float], collections.Counter[str]]:
    """Milliseconds for each picture in a page of its own, and what the steps took of all but the first, in µs."""
    page = browser.new_page()
    Bench(page)
    page.evaluate(OPEN, text)
    if rehearsed:
        page.evaluate("draw.rehearse()")
    first = page.evaluate(READ, 1)
    profiler = page.context.new_cdp_session(page)
    profiler.send("Profiler.enable")
    profiler.send("Profiler.setSamplingInterval", {"interval": INTERVAL_US})
    profiler.send("Profiler.start")
    others = page.evaluate(READ, pictures - 1)
    profile = profiler.send("Profiler.stop")["profile"]
    page.close()
    return first + others, shares(profile)


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the Draw page takes for a photograph of 12 megapixels.")
    parser.add_argument("--pages", type=int, default=5, help="opened with a rehearsal, and as many without")
    parser.add_argument("--pictures", type=int, default=20, help="read in each page")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    text = base64.b64encode(photograph()).decode()
    parts: dict[str, list[float]] = {"first": [], "first, rehearsed": [], "each further": []}
    spent: collections.Counter[str] = collections.Counter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        version = browser.version
        for rehearsed in (False, True) * arguments.pages:
            (first, *others), steps = read(browser, text, rehearsed, arguments.pictures)
            parts["first, rehearsed" if rehearsed else "first"].append(first)
            parts["each further"] += others
            spent += steps
        browser.close()
    print("A photograph of 12 megapixels, in ms.")
    result = tabulated(parts, IN_TIME_MS, version)
    result["shares"] = {step: microseconds / spent.total() for step, microseconds in spent.most_common()}
    print()
    for step, share in result["shares"].items():
        print(f"{share:6.1%}  {step}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
