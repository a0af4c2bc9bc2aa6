"""Commands that say what is in runs: codes, layout, runs."""

from __future__ import annotations

import argparse
import json
import os
import sys

from tqdm import tqdm

from bvae.cli.arguments import Commands, csv_or_npz_path, output_flag, seed
from bvae.cli.output import default_output, print_table, whole_file
from bvae.numbers import number
from bvae.runs import RunError, find_run, list_runs, run_argument

_PATIENCE_SECONDS = 30.0  # in which a process that has nothing more to do ends


def add(commands: Commands) -> None:
    """Add these commands."""
    codes = commands.add(
        "codes", _codes, "a table of the codes of all images of the probe set: class, means and variances"
    )
    output_flag(codes, "the CSV or NPZ file to write", csv_or_npz_path)

    layout = commands.add("layout", _layout, "work out the film: every epoch's latent means in the plane", run=False)
    layout.add_argument("run", metavar="RUN", help="folder of a run, or its name")
    layout.add_argument("--seed", type=seed, help="repeats a film (default that of the film that is there, or else 0)")
    layout.add_argument("--wait", action="store_true", help="wait for what the film is compared with, too")
    layout.add_argument("--follow", action="store_true", help="wait for the epochs of a run in training, too")
    layout.add_argument("--json", action="store_true", help="wait, and print its figures of quality as JSON")

    runs = commands.add("runs", _runs, "a table of the runs there are", run=False)
    runs.add_argument("--json", action="store_true", help="print one JSON object")


def _codes(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)

    from bvae.codes import codes_csv, codes_npz

    output = options.output or default_output(options, run, epoch, "csv")
    content = (codes_npz if output.suffix.lower() == ".npz" else codes_csv)(run, epoch)
    with whole_file(output) as unfinished:
        unfinished.write_bytes(content)
    print(output)


def _layout(options: argparse.Namespace) -> None:
    from bvae.film import start
    from bvae.film_worker import work

    if options.follow and hasattr(os, "nice"):
        os.nice(5)  # whoever trains comes first
    run = find_run(options.run)
    whole = options.wait or options.follow or options.json
    with tqdm(total=100, disable=options.json, dynamic_ncols=True, delay=0.5,
              bar_format="{l_bar}{bar}| [{elapsed}<{remaining}]{postfix}") as bar:  # fmt: skip

        def report(stage: str, share: float) -> None:
            bar.set_postfix_str(stage, refresh=False)
            bar.update(100 * share - bar.n)

        # Whoever follows a run waits for a process that may be about to end, and not for one that follows it, too.
        patience = _PATIENCE_SECONDS if options.follow else -1.0 if whole else 0.0
        about = work(run, options.seed, options.follow, report, compare=whole, patience=patience)
    if options.json:
        print(json.dumps({"run": str(run.path), **about}))
        return
    frames = f"{run.path}: {len(about['epochs'])} frames of {about['images']:,} images in {about['seconds']:.1f} s"
    if about["state"] == "finished":
        print(f"{frames}; trustworthiness {min(about['kinds']['umap']['trustworthiness']):.3f} in the worst of them.")
        return
    start(run.path)
    print(f"{frames}. The Clusters page plays it.")
    print(
        "How true each frame is, beside an independent UMAP of its epoch, is worked out in the background from here. "
        "With --wait the command waits for that.",
        file=sys.stderr,
    )


def _runs(options: argparse.Namespace) -> None:
    problems: list[str] = []
    rows, weights = [], []
    for run in list_runs(problems):
        try:
            history, status = run.history(), run.status()
            last = history[-1] if history else None
            rows.append(
                {
                    "name": run_argument(run),
                    "path": str(run.path),
                    "state": status["state"],
                    "dataset": run.config.dataset,
                    "train_images": run.train_images,
                    "seed": run.config.seed,
                    "network": run.config.network,
                    **({"beta": None, "capacity": None} | run.config.objective),
                    "latent_dim": run.config.latent_dim,
                    "epoch": last.epoch if last else 0,
                    "epochs": run.config.epochs,
                    "reconstruction": last.reconstruction if last else None,
                    "kl": last.kl if last else None,
                    "active_units": last.active_units if last else None,
                }
            )
            weights.append(run.config.short_weight.replace(" ", ""))
        except RunError as error:
            problems.append(str(error))
    if options.json:
        print(json.dumps({"runs": rows, "problems": problems}))
        return
    head = ("run", "state", "data", "images", "seed", "network", "β", "epoch", "recon.", "KL", "active")
    lines = [
        (
            row["name"], row["state"], row["dataset"],
            f"{row['train_images']:,}" if row["train_images"] else "?", str(row["seed"]), row["network"], weight,
            f"{row['epoch']}/{row['epochs']}",
            *("-" if row[name] is None else number(row[name]) for name in ("reconstruction", "kl")),
            f"{row['active_units'] or 0}/{row['latent_dim']}",
        )
        for row, weight in zip(rows, weights, strict=True)
    ]  # fmt: skip
    print_table(head, lines, texts={"run", "state", "data", "network"})
    print("images: those trained on. Reconstruction and KL: nats an image on the whole test split, one code an image",
          file=sys.stderr)  # fmt: skip
    for problem in problems:
        print(f"not listed: {problem}", file=sys.stderr)
