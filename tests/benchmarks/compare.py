"""How long the Compare page takes for many runs.

    python tests/benchmarks/compare.py [--runs 200] [--seeds 5] [--json FILE]

The runs are made of a bundled one, with its history and what was measured of it, and other figures. Of Python the
processor time, which a busy machine does not change: listing the runs, as every page does, reading what is compared of
them for the first time and again, and UDR of all groups, which follows when the page is there. Of the browser the time
from the data to the drawn frame, in headless Chromium with software rendering, the least of `ROUNDS`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bvae.runs import Run, read_json, write_json
from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium

SOURCE = "mnist-beta10"
ROUNDS = 5

DRAW = """async (data) => {
  const began = performance.now();
  redraw(data);
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""

Value = TypeVar("Value")


def make(folder: Path, count: int, seeds: int) -> None:
    """So many runs, each β with so many seeds."""
    source, chance = Run(SOURCE), random.Random(0)
    last = f"{source.snapshot():04}.safetensors"
    history = [json.loads(line) for line in (source.path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    for place in range(count):
        beta, seed = 0.5 * (1 + place // seeds), place % seeds
        path = folder / f"run{place:04}"
        for name in ("probe.safetensors", f"epochs/{last}", f"latents/{last}"):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).symlink_to((source.path / name).resolve())
        for name in ("status.json", "metrics.json"):
            shutil.copy(source.path / name, path)
        said = read_json(source.path / "config.json")
        write_json(path / "config.json", said | {"config": said["config"] | {"beta": beta, "seed": seed}})
        kl, above = 25 / (1 + beta) ** 0.8 + chance.gauss(0, 0.1), 65 + 9 * beta**0.7 + chance.gauss(0, 0.2)
        history[-1]["test"] |= {"kl": kl, "reconstruction": above}
        lines = "".join(json.dumps(record) + "\n" for record in history)
        (path / "history.jsonl").write_text(lines, encoding="utf-8")


def took(work: Callable[[], Value]) -> tuple[Value, float]:
    """What a piece of work gives, and its processor time in milliseconds."""
    began = time.process_time()
    value = work()
    return value, 1_000 * (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit's, which has no server here
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BVAE_RUNS"] = folder
        make(Path(folder), options.runs, options.seeds)
        figures = in_python() | {"runs": options.runs}
    for name, value in figures.items():
        print(f"{name:<28}{value:>10.0f}" + ("" if name == "runs" else " ms"))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def in_python() -> dict[str, float]:
    """What Python takes, and with what it gives the browser."""
    from pages.parts.comparing import Choice, look, tell_again
    from pages.parts.selection import runs_by_name
    from tests.test_compare_page import sent

    runs, listing = took(runs_by_name)
    choice = Choice(runs=tuple(name for name in runs if name.startswith("run")))
    found, first = took(lambda: look(choice, {}, runs))
    _, again = took(lambda: look(choice, {}, runs))
    _, udr = took(lambda: [tell_again(found, group) for group in found.waiting])
    assert len(found.comparison["runs"]) == len(choice.runs or ())
    figures = {"listing the runs": listing, "reading them": first, "reading them again": again, "UDR, afterwards": udr}
    return figures | {"drawing them": min(in_browser(sent(found.comparison)))}


def in_browser(data: dict[str, Any]) -> list[float]:
    """Milliseconds from the data to the frame, once the component is there."""
    from tests.bench import Bench

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
        bench = Bench(page)
        bench.mount("compare", data)
        times = [page.evaluate(DRAW, data | {"selected": data["runs"][place]["name"]}) for place in range(ROUNDS)]
        browser.close()
    return times


if __name__ == "__main__":
    main()
