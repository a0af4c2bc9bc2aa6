"""The film of latent space beside AlignedUMAP and independent UMAPs, on the same means, in one run.

    python tests/benchmarks/film.py            trains the run that it measures: mlp, β = 1, epochs 0 to 10, 5,000 images
    python tests/benchmarks/film.py RUN        takes a run that is there

Seconds do not count imports and compilation, for nobody: each method has made a small film before.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from bvae.config import Config
from bvae.layout import (
    MIN_DISTANCE,
    NEIGHBOURS,
    Frame,
    align,
    first_frame,
    independent_layout,
    measure,
    neighbours,
    next_frame,
    overlap,
    spurious,
    steps,
)
from bvae.runs import Run, find_run

Method = Callable[[Sequence[np.ndarray]], np.ndarray]  # means (N, D) of E epochs to positions (E, N, 2)
REPEATS = 3  # of the film, which is quick; the median counts


def film(means: Sequence[np.ndarray]) -> np.ndarray:
    frames: list[Frame] = []
    for place, epoch in enumerate(means):
        frames.append(next_frame(frames[-1], epoch, place) if frames else first_frame(epoch))
    return np.stack([frame.positions for frame in frames])


def aligned(means: Sequence[np.ndarray]) -> np.ndarray:
    from umap import AlignedUMAP

    same = [{point: point for point in range(len(means[0]))} for _ in means[1:]]
    mapper = AlignedUMAP(n_neighbors=NEIGHBOURS, min_dist=MIN_DISTANCE, random_state=0)
    return np.stack([np.asarray(frame) for frame in mapper.fit(list(means), relations=same).embeddings_])


def independent(means: Sequence[np.ndarray]) -> np.ndarray:
    frames: list[np.ndarray] = []
    for epoch in means:
        frame = independent_layout(epoch)
        frames.append(align(frame, frames[-1]) if frames else frame)
    return np.stack(frames)


METHODS: dict[str, Method] = {"film": film, "AlignedUMAP": aligned, "independent": independent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", metavar="RUN")
    parser.add_argument("--without-aligned", action="store_true", help="leave out AlignedUMAP, which takes minutes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.run:
            run = find_run(options.run)
        else:
            from bvae.training import train_run

            path = Path(folder) / "mlp"
            for _ in train_run(path, Config(network="mlp", beta=1, epochs=10, seed=0, device="cpu")):
                pass
            run = Run(path)
        found = compare(run, [name for name in METHODS if not (name == "AlignedUMAP" and options.without_aligned)])
    if options.json:
        print(json.dumps(found))
        return
    print(f"{len(found['epochs'])} epochs of {found['images']:,} means")
    for name, figures in found["methods"].items():
        print(f"\n{name}: {figures['seconds']:.1f} s")
        for figure in ("trustworthiness", "continuity", "accuracy", "step", "spurious"):
            print(f"  {figure:<16}", *(f"{value:.3f}" for value in figures[figure]))
        print(f"  median step after the first: {np.median(figures['step'][1:]):.4f}")
    if "AlignedUMAP" in found["methods"]:
        print(f"\nThe film is {found['times_faster']:.1f} times as fast as AlignedUMAP.")


def compare(run: Run, names: Sequence[str]) -> dict[str, object]:
    """Seconds and figures of quality of each method on a run's means."""
    epochs = run.epochs()
    means = [run.latents(epoch).mean for epoch in epochs]
    labels = run.probe().labels
    near = [neighbours(epoch) for epoch in means]
    kept = np.stack([np.zeros(len(labels)), *(overlap(*pair) for pair in itertools.pairwise(near))])
    methods: dict[str, dict[str, object]] = {}
    seconds: dict[str, float] = {}
    warnings.simplefilter("ignore")  # umap-learn says that a seed makes it run on one core
    for name in names:
        print(f"{name} …", file=sys.stderr)
        METHODS[name]([epoch[:300] for epoch in means[:2]])
        times = []
        for _ in range(REPEATS if name == "film" else 1):
            began = time.perf_counter()
            positions = METHODS[name](means)
            times.append(time.perf_counter() - began)
        quality = [measure(*frame, labels) for frame in zip(means, positions, strict=True)]
        seconds[name] = float(np.median(times))
        methods[name] = {
            "seconds": seconds[name],
            **{figure: [getattr(frame, figure) for frame in quality] for figure in quality[0]._fields},
            "step": steps(positions).tolist(),
            "spurious": spurious(positions, kept).tolist(),
        }
    found: dict[str, object] = {"epochs": epochs, "images": len(labels), "methods": methods}
    if "AlignedUMAP" in seconds:
        found["times_faster"] = seconds["AlignedUMAP"] / seconds["film"]
    return found


if __name__ == "__main__":
    main()
