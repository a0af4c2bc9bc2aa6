"""How evenly a large film plays, how soon scrubbing shows what it asks for, and what the page holds in memory.

    python tests/benchmarks/film_playback.py [--run NAME] [--images 10000] [--epochs 50] [--seconds 20] [--json FILE]

The film has as many points as the MNIST test set. Their codes are those of the run's own encoders, mixed between its
snapshots to have as many epochs as asked for, and their places are principal components: drawing a point takes as long
wherever it lies. The page is the real one, in headless Chromium with software rendering.

The film is played as it opens, with trails, coloured by KL, which changes in every frame, enlarged with images at the
points, and with a point pointed at, whose image is decoded anew at every epoch. The browser calls the page 60 times a
second; a frame that is not ready in time is left out, and the interval is then 33 ms. Scrubbing: from the input event
until the canvas shows the frame, which must be before the browser's next one. Memory: what the browser says that the
page holds, buffers included, after garbage collection.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bvae.data import load_dataset
from bvae.layout import principal_components
from bvae.runs import Film, Run, write_film, write_tensors
from tests.benchmarks.in_browser import opened, options, pick_run, report

IN_TIME_MS = 20.0
MOST_MEGABYTES = 200
STEPS = 120  # of the scrubber

# A hand on the scrubber, which asks for another frame in each of the browser's. What the canvas shows at once is
# compared with what it shows of that frame at rest.
SCRUB = """async (time, frames) => {
  const canvas = time.getRootNode().querySelector(".dots");
  const look = () => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum = (Math.imul(sum, 31) + data[i] + data[i + 1] * 256) | 0;
    return sum;
  };
  const next = () => new Promise(requestAnimationFrame);
  const ask = (frame) => {
    const began = performance.now();
    time.value = frame;
    time.dispatchEvent(new InputEvent("input", { bubbles: true }));
    return performance.now() - began;
  };
  const rest = new Map();
  for (const frame of new Set(frames)) {
    ask(frame);
    for (let i = 0; i < 4; i++) await next();
    rest.set(frame, look());
  }
  const took = [];
  let right = 0;
  for (const frame of frames) {
    await next();
    took.push(ask(frame));
    if (look() === rest.get(frame)) right++;
  }
  time.dispatchEvent(new Event("change", { bubbles: true }));
  return { took, right, different: new Set(rest.values()).size };
}"""


def large_run(folder: Path, source: Run, images: int, epochs: int) -> Run:
    """A run with a film of that many images and epochs, made of a run that has fewer."""
    path = folder / f"{source.name}-film"
    for name in ("epochs", "latents"):
        (path / name).mkdir(parents=True)
    shutil.copy(source.path / "status.json", path)
    told = json.loads((source.path / "config.json").read_text(encoding="utf-8"))
    told["config"]["probe_size"] = images
    (path / "config.json").write_text(json.dumps(told), encoding="utf-8")
    test = load_dataset(source.config.dataset).test
    pixels, labels = test.pixels[:images], test.labels[:images]
    probe = {"images": pixels.numpy(), "labels": labels.numpy(), "indices": np.arange(len(labels))}
    write_tensors(path / "probe.safetensors", probe)
    there = source.epochs()
    with torch.no_grad():
        coded = [[part.numpy() for part in source.model(epoch).posterior(pixels)] for epoch in there]
    records = source.history()
    means = []
    for epoch in range(epochs):
        place = epoch * (len(there) - 1) / max(1, epochs - 1)
        before = min(int(place), len(there) - 2)
        share = np.float32(place - before)
        mean, log_variance = (
            a * (1 - share) + b * share for a, b in zip(coded[before], coded[before + 1], strict=True)
        )
        means.append(mean)
        write_tensors(path / f"latents/{epoch:04d}.safetensors", {"mean": mean, "log_variance": log_variance})
        shutil.copy(
            source.path / f"epochs/{there[round(place)]:04d}.safetensors", path / f"epochs/{epoch:04d}.safetensors"
        )
    lines = [json.dumps({**records[min(epoch, len(records) - 1)], "epoch": epoch}) + "\n" for epoch in range(epochs)]
    (path / "history.jsonl").write_text("".join(lines))
    shape = (epochs, len(labels))
    placed = np.stack(principal_components(means, each=True)).astype(np.float32)
    shares = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    about = {
        "format": 1,
        "state": "finished",
        "epochs": list(range(epochs)),
        "images": len(labels),
        "neighbours": 15,
        "kinds": {},
    }
    made = Film(list(range(epochs)), placed, shares, 100 * shares, placed, about)
    write_film(path, made)
    return Run(path)


def play(page: Page, seconds: float) -> list[float]:
    """Milliseconds from frame to frame while the film plays."""
    page.locator(".field").first.focus()
    page.keyboard.press("PageUp")
    page.locator(".time").focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(1_000)
    page.evaluate("() => { betaVaeLive.frames.length = 0; }")
    page.wait_for_timeout(seconds * 1000)
    found = page.evaluate("betaVaeLive.frames.slice()")
    page.get_by_role("button", name="Pause").click()
    return found


def point(page: Page) -> None:
    """Point at the middle of the map."""
    box = page.locator(".field").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def parts_of(page: Page, seconds: float) -> dict[str, list[float]]:
    """The film played in several ways: milliseconds from frame to frame."""
    found = {"as it opens": play(page, seconds)}
    point(page)
    found["a point shown"] = play(page, seconds)
    page.get_by_label("Colour by").select_option("kl")
    found["coloured by KL"] = play(page, seconds)
    page.get_by_role("checkbox", name="Trails").check()
    found["and trails"] = play(page, seconds)
    for _ in range(4):
        page.get_by_role("button", name="Enlarge").click()
        page.wait_for_timeout(400)
    found["and enlarged"] = play(page, seconds)
    page.get_by_role("button", name="Show the whole film").click()
    page.get_by_role("checkbox", name="Trails").uncheck()
    page.get_by_label("Colour by").select_option("class")
    page.wait_for_timeout(1_000)
    return found


def memory(page: Page) -> dict[str, float]:
    """Megabytes that the page holds after garbage collection, buffers included; and those of its whole process."""
    session = page.context.new_cdp_session(page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    held = usage["usedSize"] + usage["embedderHeapUsedSize"] + usage["backingStorageSize"]
    found = {"held": held / 2**20, "buffers": usage["backingStorageSize"] / 2**20}
    processes = page.context.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    anonymous = [resident(process["id"]) for process in processes if process["type"] == "renderer"]
    return found | {"process": max(anonymous, default=0.0)}


def resident(pid: int) -> float:
    """Megabytes of a process that are no file's."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0)


def main() -> None:
    parser = options("How a large film plays, how soon scrubbing shows what it asks for, and the memory of the page.")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20, help="of each of the five parts")
    arguments = parser.parse_args()
    source = pick_run(arguments.run)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BVAE_RUNS"] = folder
        run = large_run(Path(folder), source, arguments.images, arguments.epochs)
        with opened("clusters", run) as page:
            before = memory(page)
            parts = parts_of(page, arguments.seconds)
            frames = np.random.default_rng(1).integers(0, arguments.epochs, STEPS).tolist()
            scrubbed: dict[str, Any] = page.locator(".time").evaluate(SCRUB, frames)
            after = memory(page)
            print(f"{arguments.images:,} points, {arguments.epochs} epochs.")
            report("From frame to frame", page, run, parts, IN_TIME_MS, arguments.json)
            took = np.array(scrubbed["took"])
            print(
                f"\nScrubbing: {scrubbed['right']} of {len(took)} frames asked for were shown in the same frame of the "
                f"browser; drawn in {np.median(took):.1f} ms (median), {np.percentile(took, 95):.1f} ms (95 %)."
            )
            for when, found in (("after opening", before), ("after all that", after)):
                print(
                    f"Memory {when}: {found['held']:.0f} MB held by the page, {found['buffers']:.0f} of them buffers; "
                    f"its process {found['process']:.0f} MB with the browser's own."
                )
            print(f"To reach: 95 % within {IN_TIME_MS:.0f} ms, {MOST_MEGABYTES} MB.")


if __name__ == "__main__":
    main()
