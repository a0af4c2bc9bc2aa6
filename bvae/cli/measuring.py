"""Commands that measure: compare, udr, evaluate, metrics."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bvae.cli.arguments import Commands, png_or_svg_path
from bvae.cli.output import print_table, whole_file
from bvae.cli.signals import ended_by_signals
from bvae.config import DEVICES, ConfigError
from bvae.numbers import number
from bvae.processes import importing
from bvae.runs import SWEEP, Run, find_run


def add(commands: Commands) -> None:
    """Add these commands."""
    compare = commands.add(
        "compare", _compare, "what runs with different β traded, with intervals over seeds", run=False
    )
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folders or names of runs, or the folder of a sweep")
    compare.add_argument("--epoch", type=int, help="the epoch to compare at; by default the last of each run")
    compare.add_argument("--picture", type=png_or_svg_path, metavar="FILE", help="draw it in a PNG or SVG file, too")
    compare.add_argument("--json", action="store_true", help="print one JSON object, as the Compare page reads it")

    udr = commands.add("udr", _udr, "whether trainings that differ in their seed find the same dimensions", run=False)
    udr.add_argument("runs", nargs="+", metavar="RUN", help="folders or names of runs, or the folder of a sweep")
    udr.add_argument("--epoch", type=int, help="the snapshots to take; by default the last that all have")
    udr.add_argument("--json", action="store_true", help="print one JSON object")

    evaluate = commands.add("evaluate", _evaluate, "measure the bound on the test split")
    evaluate.add_argument("--device", choices=DEVICES, default="auto")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")

    metrics = commands.add("metrics", _metrics, "measure what each dimension means, at every snapshot", run=False)
    metrics.add_argument("runs", nargs="+", metavar="RUN", help="folders or names of runs, or the folder of a sweep")
    metrics.add_argument("--epoch", type=int, help="measure this snapshot alone; by default all, and the last is told")
    metrics.add_argument("--json", action="store_true", help="print one JSON object")


def _compare(options: argparse.Namespace) -> None:
    from bvae.compared import about, compare, sweep_command, told
    from bvae.sweep import Sweep

    runs = list({run.path.resolve(): run for named in options.runs for run in _runs_of(named)}.values())
    sweep = None
    if len(options.runs) == 1 and (Path(options.runs[0]) / SWEEP).is_file():
        sweep = Sweep.read(options.runs[0])
    name, command = (sweep.folder.resolve().name, sweep_command(sweep)) if sweep else (None, None)
    found = compare(runs, options.epoch, name, command)
    if not found["runs"]:
        raise ConfigError(" ".join(found["left_out"]) or f"{options.runs[0]} has no run to compare yet.")
    if options.picture:
        from bvae.compared_picture import save_comparison

        with whole_file(options.picture) as unfinished:
            save_comparison(unfinished, found, options.picture.suffix.lower())
    for sentence in found["left_out"]:
        print(sentence, file=sys.stderr)
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    print("\n".join(told(found)))
    print(about(found), file=sys.stderr)


def _udr(options: argparse.Namespace) -> None:
    from bvae.metrics.udr import apart_from_seed, udr_of_runs

    groups: dict[str, list[Run]] = {}
    for named in options.runs:
        for run in _runs_of(named):
            groups.setdefault(json.dumps(apart_from_seed(run)), []).append(run)
    said, lines = [], []
    for group in groups.values():
        if len(group) < 2:
            raise ConfigError(f"{group[0].name} has no other run here that differs from it in its seed alone.")
        try:
            found = udr_of_runs(group, options.epoch)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        for run, record, informative in zip(group, found.records, found.informative, strict=True):
            seed = run.config.seed
            said.append({"run": run.name, "seed": seed, "informative": informative, **record})
            figure = f"{record['value']:.3f} ± {record['standard_error']:.3f}"
            lines.append((run.name, run.config.short_weight, str(seed), str(informative), figure))
    if options.json:
        print(json.dumps({"runs": said}))
        return
    print_table(("run", "weight", "seed", "informative", "UDR"), lines, {"run", "weight"})


def _evaluate(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)

    with importing("torch"):
        from bvae.data import load_dataset
        from bvae.objective import evaluate

    model = run.model(epoch, device=_device(options.device))
    test = load_dataset(run.config.dataset).test.to(model.device)
    result = evaluate(model, test.pixels, run.config.seed)
    values = {"epoch": epoch, "split": "test", "elbo": result.elbo, **dataclasses.asdict(result)}
    if options.json:
        print(json.dumps(values))
        return
    floor = run.details.get("data", {}).get("bernoulli_floor") if run.config.likelihood == "bernoulli" else None
    print(f"{run.name}, epoch {epoch}, test split, {result.images:,} images, one code an image, nats an image")
    print(f"  -ELBO           {number(-result.elbo):>9}")
    above = f"   ({result.reconstruction - floor:.2f} above the entropy of the grey values)" if floor else ""
    print(f"  reconstruction  {number(result.reconstruction):>9}{above}")
    print(
        f"  KL              {number(result.kl):>9}   in {result.active_units} active units of {run.config.latent_dim}"
    )
    for dimension in sorted(range(run.config.latent_dim), key=lambda j: -result.kl_per_dimension[j]):
        kl = result.kl_per_dimension[dimension]
        print(f"    z{dimension:<4d}{kl:7.3f}  {'█' * round(8 * kl)}")


def _metrics(options: argparse.Namespace) -> None:
    from bvae.measured import told

    if hasattr(os, "nice"):
        os.nice(10)  # it takes minutes, and whoever trains or looks comes first
    runs = [run for named in options.runs for run in _runs_of(named)]
    if not runs:
        raise ConfigError(f"{options.runs[0]} has no run to measure yet.")
    chosen = [run.snapshot(options.epoch) for run in runs]  # before minutes go by

    with importing("torch"):
        from bvae.metrics.measuring import Step, measure_run

    records = []
    for run, epoch in zip(runs, chosen, strict=True):
        with (
            ended_by_signals(),
            tqdm(total=100, dynamic_ncols=True, delay=0.5, bar_format="{l_bar}{bar}| [{elapsed}{postfix}]") as bar,
        ):
            among = f"{run.name}, " if len(runs) > 1 else ""

            def report(step: Step, bar: Any = bar, among: str = among) -> None:
                left = "" if step.remaining is None else f", {bar.format_interval(step.remaining)} left"
                bar.set_postfix_str(f"{among}epoch {step.epoch}: {step.part}{left}", refresh=False)
                bar.update(100 * step.share - bar.n)

            for _ in measure_run(run, None if options.epoch is None else [epoch], report=report):
                pass
        records.append({"run": str(run.path), **run.measured()[epoch]})
    if options.json:
        print(json.dumps(records[0] if len(runs) == 1 else {"runs": records}, ensure_ascii=False))
        return
    print("\n\n".join("\n".join(told(run, record)) for run, record in zip(runs, records, strict=True)))


def _runs_of(named: str) -> list[Run]:
    """The run of a name, or the runs of a sweep's folder."""
    from bvae.sweep import Sweep

    if (Path(named) / SWEEP).is_file():
        return [Run(stand.member.path) for stand in Sweep.read(named).stands() if stand.record is not None]
    return [find_run(named)]


def _device(name: str) -> str:
    from bvae.arithmetic import choose_device

    return choose_device(name).type
