"""How long all that is measured of a run takes, part by part: `python tests/benchmarks/metrics.py mnist-beta4`.

On a copy of the run, of which nothing is measured yet, as `python -m bvae metrics` does. Processor seconds are of this
process and those that it starts; those of an epoch's first part include opening the snapshot. The factors of the images
are worked out first if they are not in the cache, which is told apart.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from bvae import factors
from bvae.metrics.measuring import images_of, measure_run
from bvae.runs import Run, find_run
from bvae.runs.files import METRICS


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="folder of a run, or its name")
    parser.add_argument(
        "--epoch", type=int, action="append", help="a snapshot, several times for several; by default all"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        run = Run(shutil.copytree(find_run(options.run).path, Path(folder) / "run"))
        (run.path / METRICS).unlink(missing_ok=True)
        began, before = time.perf_counter(), processor_seconds()
        images = images_of(run)
        factors.measure_once(images.pixels)
        found = {"images": len(images.pixels), "cores": os.cpu_count(), "machine": platform.machine(),
                 "torch": torch.__version__, "factors of the images": _since(began, before)}  # fmt: skip
        spent: dict[str, list[float]] = collections.defaultdict(lambda: [0.0, 0.0])
        start, start_processor = began, before = time.perf_counter(), processor_seconds()
        epochs = set()
        for step in measure_run(run, options.epoch):
            epochs.add(step.epoch)
            spent[step.part][0] += time.perf_counter() - began
            spent[step.part][1] += processor_seconds() - before
            began, before = time.perf_counter(), processor_seconds()
        whole = _since(start, start_processor)
        size = (run.path / METRICS).stat().st_size
    parts = {name: [round(seconds, 1) for seconds in both] for name, both in spent.items()}
    found |= {"epochs": len(epochs), "parts": parts, "whole": whole, "bytes": size}
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        if name != "parts":
            print(f"# {name}: {value}")
    print(f"{'part':16}{'seconds':>10}{'processor':>12}  of {len(epochs)} epochs")
    for name, (seconds, processor) in parts.items():
        print(f"{name:16}{seconds:10.1f}{processor:12.1f}")


def _since(began: float, before: float) -> list[float]:
    """Seconds and processor seconds."""
    return [round(time.perf_counter() - began, 1), round(processor_seconds() - before, 1)]


if __name__ == "__main__":
    main()
