"""The command line, `python -m bvae`: train, sweep, compare, udr, evaluate, metrics, sample, reconstruct, traverse,
interpolate, codes, layout, runs, pack, small, import.

`--json` prints one JSON object on stdout and nothing else there; progress and problems go to stderr. A problem is one
sentence and exit status 1; wrong usage is 2; a training that was stopped on request is 130.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import json
import math
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from bvae.config import DATASETS, DEVICES, Config, ConfigError, field_type, flag, is_path, propose_name
from bvae.numbers import number, turns
from bvae.runs import SWEEP, Epoch, Run, RunError, check_new_run, find_run, list_runs, own_folder, run_argument

STOPPED = 130
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE_SECONDS = 30.0  # in which a process that has nothing more to do ends


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        status = int(options.command(options) or 0)
        sys.stdout.flush()  # here, where a closed pipe is known for what it is
        return status
    except BrokenPipeError:
        # The reader has had enough. What is still unwritten must not fail once more at the interpreter's exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"{parser.prog} {options.name}: {reason}. Choose another place, or mend this one.", file=sys.stderr)
        return 1
    except _expected_errors() as error:
        print(f"{parser.prog} {options.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return STOPPED


def _expected_errors() -> tuple[type[BaseException], ...]:
    # Their modules import torch, which `runs` and a misspelt flag should not wait for.
    trainer = sys.modules.get("bvae.trainer")
    data, images = sys.modules.get("bvae.data"), sys.modules.get("bvae.images")
    known = (ConfigError, RunError, *((trainer.DivergedError,) if trainer else ()))
    return (*known, *((data.DataError,) if data else ()), *((images.ImageError,) if images else ()))


# Commands --------------------------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    given = {name: value for name, value in vars(options).items() if name in _field_names() and value is not None}
    path = own_folder() / _default_name(given) if options.run is None else Path(options.run)
    if options.resume:
        if options.run is None:
            raise ConfigError("--resume needs --run DIR, the run to continue.")
        if fixed := sorted(set(given) - {"epochs", "device"}):
            flags = ", ".join(map(flag, fixed))
            raise ConfigError(
                f"{flags} cannot change in a run that has begun. With --resume give --epochs or --device only."
            )
    config = None if options.resume else Config(**given)
    if config is not None:
        check_new_run(path)

    from bvae.training import StoppedError, train_run

    asked: list[int] = []
    training = False

    def on_signal(number: int, _: object) -> None:
        asked.append(number)
        if not training:  # nobody asks `stop` yet, and loading images can take minutes
            raise KeyboardInterrupt

    def on_start(config: Config, device: Any, epoch: int) -> None:
        nonlocal training
        training = True
        bar.start(config, device, epoch)

    handlers = {number: signal.signal(number, on_signal) for number in STOP_SIGNALS}
    bar = _TrainingBar(quiet=options.json)
    record: dict[str, Any] = {}
    try:
        for record in train_run(
            path, config, resume=options.resume, epochs=options.epochs, device=options.device,
            stop=lambda: bool(asked), report=bar.report, on_start=on_start,
        ):  # fmt: skip
            bar.record(record)
    except StoppedError:
        bar.close()
        print(f"Stopped. Continue with: {_called()} train --run {path} --resume", file=sys.stderr)
        return STOPPED
    finally:
        bar.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    last = Epoch(record) if record else Run(path).history()[-1]
    if options.json:
        print(json.dumps({"run": str(path), **last}))
    else:
        print(f"{path}: {_figures(last)}")
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from bvae.sweep import Sweep, failures
    from bvae.swept import Table

    sweep = Sweep(options.into, {name: given for name in _field_names() if (given := getattr(options, name))})
    if options.print:
        sweep.write()
        for stand in sweep.stands():
            print("true" if stand.state == "done" else shlex.join(["python", *sweep.arguments(stand)]))
        return 0
    asked: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: asked.append(number)) for number in STOP_SIGNALS}
    table = Table(quiet=options.json)
    stands = sweep.stands()
    try:
        for stands in sweep.train(options.at_once, lambda: bool(asked), options.ray):
            table.show(stands)
    finally:
        table.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    failed = failures(stands)
    for sentence in failed:
        print(sentence, file=sys.stderr)
    done = sum(stand.state == "done" for stand in stands)
    if options.json:
        print(json.dumps({"sweep": str(sweep.folder), "values": sweep.values, "runs": [
            {"run": str(stand.member.path), "state": stand.state, "error": stand.error, **(stand.record or {})}
            for stand in stands
        ]}))  # fmt: skip
    else:
        print(f"{sweep.folder}: {done} of {len(stands)} runs done" + (f", {len(failed)} failed" if failed else ""))
    if asked:
        print("Stopped. The same command goes on.", file=sys.stderr)
        return STOPPED
    return 0 if done == len(stands) else 1


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

        with _whole_file(options.picture) as unfinished:
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
    _print_table(("run", "weight", "seed", "informative", "UDR"), lines, {"run", "weight"})


def _runs_of(named: str) -> list[Run]:
    """The run of a name, or the runs of a sweep's folder."""
    from bvae.sweep import Sweep

    if (Path(named) / SWEEP).is_file():
        return [Run(stand.member.path) for stand in Sweep.read(named).stands() if stand.record is not None]
    return [find_run(named)]


def _evaluate(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)

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

    from bvae.metrics.measuring import Step, measure_run

    records = []
    for run, epoch in zip(runs, chosen, strict=True):
        with (
            _ended_by_signals(),
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


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """While this lasts, the signal that asks a process to end does as Ctrl-C does, so that what is open is closed."""

    def on_signal(number: int, _: object) -> None:
        raise KeyboardInterrupt

    handlers = {number: signal.signal(number, on_signal) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _images(options: argparse.Namespace) -> None:
    from bvae.images import collect

    found = collect(options.path)
    counts, (count, height, width) = found.counts(), found.images.shape
    if options.json:
        print(json.dumps({
            "images": count, "height": height, "width": width, "test": int(found.test.sum()), "classes": counts,
            "notes": found.notes,
        }, ensure_ascii=False))  # fmt: skip
    else:
        print(f"{count:,} images of {height} × {width} pixels")
        for note in found.notes:
            print(f"  {note}")
        _print_table(["class", "images"], [[name, f"{many:,}"] for name, many in counts.items()], {"class"})
    if options.output:
        from bvae.pictures import save_sheet

        shown = found.preview(100)
        title = [Path(options.path).name, f"{len(shown)} of {count:,} images"]
        with _whole_file(options.output) as unfinished:
            save_sheet(unfinished, found.images[shown], 10, title)
        print(options.output)


def _sample(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)
    model = run.model(epoch)

    from bvae.latent import sample_prior

    codes = sample_prior(options.count, run.config.latent_dim, options.seed, options.temperature)
    columns = _square(options.count)
    many = options.count > 1
    drawn = f"temperature {options.temperature:g}, seed {options.seed}"
    _save_sheet(
        options, run, epoch, model.decode(codes).numpy(), columns,
        f"Decoded: {options.count} code{'s' * many} from N(0, I), {drawn}",
        rows=[str(first + 1) for first in range(0, options.count, columns)] if many else [],
    )  # fmt: skip


def _reconstruct(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)
    model = run.model(epoch)

    import numpy as np

    probe = run.probe()
    if not 1 <= options.count <= len(probe.images):
        raise ConfigError(f"--count is {options.count}, and the run's probe set has {len(probe.images)} images.")
    # The probe set is sorted by its place in the test split, which mixes the classes; take one of each in turn.
    turn = np.argsort(turns(probe.labels), kind="stable")[: options.count]
    originals = probe.images[turn]
    pairs = np.concatenate([originals / 255.0, model(originals).numpy()])
    _save_sheet(
        options, run, epoch, pairs, options.count, "Test images and their reconstructions; above them class and number",
        rows=["original", "reconstruction"],
        heads=[f"{run.class_names[probe.labels[place]]}\n#{probe.indices[place]}" for place in turn],
    )  # fmt: skip


def _traverse(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)
    model = run.model(epoch)

    import torch

    from bvae.latent import traverse
    from bvae.pictures import cut

    code = torch.zeros(run.config.latent_dim)
    if options.image is not None:
        code = model.encode(_test_image(run, options.image))[0]
    kl = next(record.kl_per_dimension for record in run.history() if record.epoch == epoch)
    dimensions = sorted(range(run.config.latent_dim), key=lambda j: -kl[j])
    values = torch.linspace(-options.reach, options.reach, options.steps)
    codes = traverse(code, dimensions, values)
    pictures = model.decode(codes.flatten(0, 1)).numpy()
    start = "the origin" if options.image is None else _name_test_image(run, options.image)
    called = run.called(epoch)
    _save_sheet(
        options, run, epoch, pictures, options.steps,
        f"From {start}: in each row one dimension is set to the values over the columns; KL in nats",
        rows=[f"{cut(called[j], 40)} · KL {number(kl[j])}" for j in dimensions],
        heads=[f"{round(value, 2) + 0:g}" for value in values.tolist()],
    )  # fmt: skip
    print(f"rows from the top: {' '.join(f'z{j}' for j in dimensions)}", file=sys.stderr)


def _interpolate(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)
    model = run.model(epoch)

    from bvae.latent import interpolate
    from bvae.pictures import save_animation

    ends = [
        (_first_of_class(run, name) if name is not None else index)
        for index, name in ((options.start, options.start_class), (options.end, options.end_class))
    ]
    start, end = (model.encode(_test_image(run, index))[0] for index in ends)
    pictures = model.decode(interpolate(start, end, options.steps, options.method)).numpy()
    names = [_name_test_image(run, index) for index in ends]
    along = [f"{step / (options.steps - 1):.2f}" for step in range(options.steps)]
    what = f"From {names[0]} to {names[1]}, {options.method}"
    if options.output is not None and options.output.suffix.lower() == ".gif":
        with _whole_file(options.output) as unfinished:
            moments = [f"at {share} of the way" for share in along]
            save_animation(unfinished, pictures, [_heading(run, epoch), what], moments)
        print(options.output)
    else:
        _save_sheet(
            options,
            run,
            epoch,
            pictures,
            options.steps,
            f"{what}; above each picture its share of the way",
            heads=along,
        )
    for flag_name, index in (("--from", options.start), ("--to", options.end)):
        _tell_digit(run, flag_name, index)


def _codes(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)

    from bvae.codes import codes_csv, codes_npz

    output = options.output or _default_output(options, run, epoch, "csv")
    content = (codes_npz if output.suffix.lower() == ".npz" else codes_csv)(run, epoch)
    with _whole_file(output) as unfinished:
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
    _print_table(head, lines, texts={"run", "state", "data", "network"})
    print("images: those trained on. Reconstruction and KL: nats an image on the whole test split, one code an image",
          file=sys.stderr)  # fmt: skip
    for problem in problems:
        print(f"not listed: {problem}", file=sys.stderr)


def _pack(options: argparse.Namespace) -> None:
    from bvae.archive import pack_run

    run = find_run(options.run)
    with _whole_file(options.output) as unfinished, unfinished.open("wb") as file:
        pack_run(run, file, resumable=not options.without_state)
    print(options.output)


def _small(options: argparse.Namespace) -> None:
    from bvae.runs import write_small

    print(write_small(find_run(options.run), options.into, options.epochs).path)


def _export(options: argparse.Namespace) -> None:
    run = find_run(options.run)

    from bvae.onnx_model import write_onnx

    for path in write_onnx(run, run.snapshot(options.epoch), options.output or Path(f"{run.name}-onnx")):
        print(path)


def _import(options: argparse.Namespace) -> None:
    from bvae.archive import CONVERT, PickleError, import_run, import_weights

    if options.config is None and options.file.suffix == ".safetensors":
        raise ConfigError("Weights alone do not say what they are of. Add --config and the config.json of their run.")
    try:
        with options.file.open("rb") as file:
            if options.config is None:
                taken = import_run(file, options.file.name)
            else:
                with options.config.open("rb") as config:
                    taken = import_weights(file, options.file.name, config, options.config.name)
    except PickleError as error:
        raise RunError(f"{error}\n{CONVERT}") from None
    changes = taken.run.details.get("changes", []) if options.config else []
    for sentence in filter(None, [taken.renaming(), *changes]):
        print(sentence, file=sys.stderr)
    print(taken.run.path)


# Help to the commands --------------------------------------------------------------------------------------------


def _save_sheet(
    options: argparse.Namespace, run: Run, epoch: int, images: Any, columns: int, what: str, **labels: Sequence[str]
) -> None:
    from bvae.pictures import save_sheet

    output = options.output or _default_output(options, run, epoch, "png")
    with _whole_file(output) as unfinished:
        save_sheet(unfinished, images, columns, [_heading(run, epoch), what], **labels)
    print(output)


def _heading(run: Run, epoch: int) -> str:
    at = "trained elsewhere" if run.imported and epoch == 0 else f"epoch {epoch}"
    return f"{run.name} · {run.config.weight} · {at}"


def _default_output(options: argparse.Namespace, run: Run, epoch: int, suffix: str) -> Path:
    return Path(f"{run.name}-epoch-{epoch}-{options.name}.{suffix}")


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """A file to write beside a path, whose place it takes when it is whole: what was there is not lost before."""
    unfinished = path.with_name(f".{path.name}.tmp")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:  # a full disk does not say which file it was
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _name_test_image(run: Run, index: int) -> str:
    from bvae.data import load_dataset
    from bvae.pictures import cut

    label = int(load_dataset(run.config.dataset).test.labels[index])
    return f"test image {index} ({cut(run.class_names[label])})"


def _test_image(run: Run, index: int) -> Any:
    from bvae.data import load_dataset

    pixels = load_dataset(run.config.dataset).test.pixels
    if not 0 <= index < len(pixels):
        raise ConfigError(f"Test image {index} does not exist: they are numbered 0 to {len(pixels) - 1}.")
    return pixels[index : index + 1]


def _first_of_class(run: Run, name: str) -> int:
    from bvae.data import load_dataset

    if name not in run.class_names:
        raise ConfigError(f"There is no class {name!r}. There are: {', '.join(run.class_names)}.")
    labels = load_dataset(run.config.dataset).test.labels
    return int((labels == run.class_names.index(name)).nonzero()[0, 0])


def _tell_digit(run: Run, flag: str, index: int | None) -> None:
    """Say what a test image shows whose number could have been meant for a digit."""
    from bvae.data import load_dataset

    if str(index) in run.class_names and index is not None:
        shown = run.class_names[int(load_dataset(run.config.dataset).test.labels[index])]
        if shown != str(index):
            print(f"{flag} {index} is test image {index}, which shows {shown}. For class {index}: {flag}-class {index}",
                  file=sys.stderr)  # fmt: skip


def _print_table(head: Sequence[str], lines: Sequence[Sequence[str]], texts: set[str]) -> None:
    """Print columns as wide as what is in them: `texts` begin at the left, and all others are figures."""
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    for line in (head, *lines):
        cells = (cell.ljust(width) if name in texts else cell.rjust(width)
                 for name, cell, width in zip(head, line, widths, strict=True))  # fmt: skip
        print("  ".join(cells).rstrip())


def _device(name: str) -> str:
    from bvae.arithmetic import choose_device

    return choose_device(name).type


def _square(count: int) -> int:
    return max(1, round(count**0.5))


def _figures(record: Epoch) -> str:
    return (
        f"epoch {record.epoch}, test -ELBO {number(-record.elbo)} "
        f"= reconstruction {number(record.reconstruction)} + KL {number(record.kl)} nats an image "
        f"({record.test['images']:,} images), {record.active_units} active units"
    )


def _default_name(given: dict[str, Any]) -> str:
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    return f"{propose_name(Config(**given))}-{stamp}"


class _TrainingBar:
    """One bar for the whole run, so that the time left is the run's."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.bar: tqdm[Any] | None = None
        self.active: int | None = None

    def start(self, config: Config, device: Any, epoch: int) -> None:
        self.bar = tqdm(
            total=config.epochs, initial=epoch, unit="epoch", disable=self.quiet, dynamic_ncols=True,
            bar_format="{l_bar}{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}]{postfix}",
        )  # fmt: skip

    def report(self, progress: Any) -> None:
        if self.bar is None:
            return
        self.bar.update(progress.epoch - 1 + progress.step / progress.steps - self.bar.n)
        self._say("train", progress.loss, progress.reconstruction, progress.kl)

    def record(self, record: dict[str, Any]) -> None:
        self.active = record["active_units"]
        if self.bar is None:
            return
        self.bar.update(record["epoch"] - self.bar.n)
        test = record["test"]
        self._say("test", test["loss"], test["reconstruction"], test["kl"])

    def _say(self, split: str, loss: float, reconstruction: float, kl: float) -> None:
        assert self.bar is not None
        active = "" if self.active is None else f", {self.active} active"
        self.bar.set_postfix_str(
            f"{split} loss {number(loss)}, reconstruction {number(reconstruction)}, KL {number(kl)}{active}",
            refresh=False,
        )

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


# Arguments -------------------------------------------------------------------------------------------------------


def _called() -> str:
    """The command as the person called it: `python -m bvae`, or `bvae` where that is installed."""
    return "bvae" if Path(sys.argv[0]).stem == "bvae" else "python -m bvae"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. `{self.prog} --help` lists what there is.\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        # Refused here, so that it is the command's own help that is named, and not the list of commands.
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, unknown


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_called(), description="Train a β-VAE and walk about in its latent space.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def command(name: str, function: Any, help: str, run: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
        sub.set_defaults(command=function)
        if run:
            sub.add_argument(
                "run", metavar="RUN", help="folder of a run, or its name in runs/ or among the bundled ones"
            )
            sub.add_argument("--epoch", type=int, help="the snapshot to take; by default the last")
        return sub

    def output(
        sub: argparse.ArgumentParser, help: str = "the PNG file to write", path: Callable[[str], Path] = _png_path,
        required: bool = False,
    ) -> None:  # fmt: skip
        named = "" if required else "; by default one here, named after the run, the epoch and the command"
        sub.add_argument("-o", "--output", type=path, required=required, metavar="FILE", help=help + named)

    train = command("train", _train, "train a run", run=False)
    train.add_argument(
        "--run", metavar="DIR", help="the run's folder; by default one in runs/, named after what is trained"
    )
    train.add_argument("--resume", action="store_true", help="continue the run at DIR, to more --epochs if given")
    train.add_argument("--json", action="store_true", help="print the last epoch's record as JSON, and no progress")
    _config_flags(train)

    sweep = command("sweep", _sweep, "train a run for every combination of values", run=False)
    sweep.add_argument("--into", metavar="DIR", required=True, help="the sweep's folder; its runs go into it")
    sweep.add_argument(
        "--at-once", type=_positive, metavar="COUNT",
        help="trainers at a time, each of one run; by default one for each core, on a cluster as many as it has room "
        "for, and on a GPU one that trains up to 8 runs as one model",
    )  # fmt: skip
    sweep.add_argument(
        "--ray", metavar="ADDRESS",
        help="train on the Ray cluster at HOST:PORT, whose machines share DIR; needs the package ray",
    )  # fmt: skip
    sweep.add_argument("--print", action="store_true",
                       help="print the command that each run needs yet, a line each, and train none")  # fmt: skip
    sweep.add_argument("--json", action="store_true", help="print all last records as one JSON object, and no progress")
    _config_flags(sweep, nargs="+")

    compare = command("compare", _compare, "what runs with different β traded, with intervals over seeds", run=False)
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folders or names of runs, or the folder of a sweep")
    compare.add_argument("--epoch", type=int, help="the epoch to compare at; by default the last of each run")
    compare.add_argument("--picture", type=_png_or_svg_path, metavar="FILE", help="draw it in a PNG or SVG file, too")
    compare.add_argument("--json", action="store_true", help="print one JSON object, as the Compare page reads it")

    udr = command("udr", _udr, "whether trainings that differ in their seed find the same dimensions", run=False)
    udr.add_argument("runs", nargs="+", metavar="RUN", help="folders or names of runs, or the folder of a sweep")
    udr.add_argument("--epoch", type=int, help="the snapshots to take; by default the last that all have")
    udr.add_argument("--json", action="store_true", help="print one JSON object")

    evaluate = command("evaluate", _evaluate, "measure the bound on the test split")
    evaluate.add_argument("--device", choices=DEVICES, default="auto")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")

    metrics = command("metrics", _metrics, "measure what each dimension means, at every snapshot", run=False)
    metrics.add_argument("runs", nargs="+", metavar="RUN", help="folders or names of runs, or the folder of a sweep")
    metrics.add_argument("--epoch", type=int, help="measure this snapshot alone; by default all, and the last is told")
    metrics.add_argument("--json", action="store_true", help="print one JSON object")

    images = command("images", _images, "look at your own images before a model learns from them", run=False)
    images.add_argument("path", metavar="PATH", help="a folder or zip of pictures, .npz, .npy, .csv or IDX files")
    images.add_argument("--json", action="store_true", help="print one JSON object")
    images.add_argument("-o", "--output", type=_png_path, metavar="FILE", help="save 100 of them as this PNG file")

    sample = command("sample", _sample, "decode codes drawn from N(0, I)")
    sample.add_argument("--count", type=_positive, default=100, help="how many (default 100)")
    sample.add_argument("--seed", type=_seed, default=0, help="repeats the draw (default 0)")
    sample.add_argument("--temperature", type=_finite, default=1.0, help="standard deviation of the draw (default 1)")
    output(sample)

    reconstruct = command("reconstruct", _reconstruct, "test images above their reconstructions")
    reconstruct.add_argument("--count", type=_positive, default=10, help="how many (default 10)")
    output(reconstruct)

    traverse = command("traverse", _traverse, "one row a dimension, ordered by KL, each moved from end to end")
    traverse.add_argument("--image", type=int, help="test image to start from; by default the origin")
    traverse.add_argument("--steps", type=_steps, default=11, help="pictures a row (default 11)")
    traverse.add_argument("--reach", type=_finite, default=3.0, help="how far to either side (default 3)")
    output(traverse)

    interpolate = command("interpolate", _interpolate, "walk from one test image to another")
    for flag_name, dest, verb in (("--from", "start", "start from"), ("--to", "end", "end at")):
        either = interpolate.add_mutually_exclusive_group(required=True)
        either.add_argument(flag_name, dest=dest, type=int, metavar="INDEX", help=f"test image to {verb}")
        either.add_argument(f"{flag_name}-class", dest=f"{dest}_class", metavar="CLASS",
                            help=f"class to {verb}, such as 3: its first test image")  # fmt: skip
    interpolate.add_argument("--steps", type=_steps, default=16, help="pictures, both ends counted (default 16)")
    interpolate.add_argument("--method", choices=("linear", "spherical"), default="linear")
    output(interpolate, "the PNG or GIF file to write", _png_or_gif_path)

    codes = command("codes", _codes, "a table of the codes of all images of the probe set: class, means and variances")
    output(codes, "the CSV or NPZ file to write", _csv_or_npz_path)

    layout = command("layout", _layout, "work out the film: every epoch's latent means in the plane", run=False)
    layout.add_argument("run", metavar="RUN", help="folder of a run, or its name")
    layout.add_argument("--seed", type=_seed, help="repeats a film (default that of the film that is there, or else 0)")
    layout.add_argument("--wait", action="store_true", help="wait for what the film is compared with, too")
    layout.add_argument("--follow", action="store_true", help="wait for the epochs of a run in training, too")
    layout.add_argument("--json", action="store_true", help="wait, and print its figures of quality as JSON")

    runs = command("runs", _runs, "a table of the runs there are", run=False)
    runs.add_argument("--json", action="store_true", help="print one JSON object")

    pack = command("pack", _pack, "write a run as one zip file", run=False)
    pack.add_argument("run", metavar="RUN", help="folder of a run, or its name")
    pack.add_argument("--without-state", action="store_true", help="leave out what resuming needs")
    output(pack, "the zip file to write", _zip_path, required=True)

    export = command("export", _export, "write encoder and decoder for other programs")
    export.add_argument("--onnx", action="store_true", required=True, help="as ONNX, which most of them read")
    export.add_argument("-o", "--output", type=Path, metavar="DIR", help="the folder; by default one here")

    small = command("small", _small, "copy a run with some of its snapshots, in float16: without its film and measures",
                    run=False)  # fmt: skip
    small.add_argument("run", metavar="RUN", help="folder of a run, or its name")
    small.add_argument("--into", type=Path, required=True, metavar="DIR", help="the copy's folder")
    small.add_argument("--epochs", type=int, nargs="+", required=True, metavar="EPOCH",
                       help="those to keep; the last is kept in any case")  # fmt: skip

    take = command("import", _import, "take in a run from a zip file, or weights with their config", run=False)
    take.add_argument("file", type=Path, metavar="FILE", help="a zip file as `pack` writes it, or safetensors weights")
    take.add_argument("--config", type=Path, metavar="FILE", help="with weights: the config.json of their run")
    return parser


def _config_flags(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """A flag for every field of a config."""
    for item in dataclasses.fields(Config):
        default = "" if item.default is None else f" (default {item.default})"
        choices = item.metadata.get("choices")
        own = item.name == "dataset"
        help = item.metadata["help"] + (f": {', '.join(DATASETS)}" if own else "") + default
        parser.add_argument(
            flag(item.name), type=_dataset if own else field_type(item.name)[0], choices=None if own else choices,
            help=help.replace("%", "%%"), nargs=nargs,
            metavar="NAME|PATH" if own else None if choices else item.name.rsplit("_", 1)[-1].upper(),
        )  # fmt: skip


def _dataset(text: str) -> str:
    """A data set's name, or the path of a person's own images, which holds wherever the run goes on."""
    if text in DATASETS:
        return text
    if is_path(text) or Path(text).exists():
        return str(Path(text).expanduser().resolve())
    raise argparse.ArgumentTypeError(
        f"invalid choice: {text!r} (choose from {', '.join(DATASETS)}, or give the path of your own images)"
    )


def _field_names() -> set[str]:
    return {item.name for item in dataclasses.fields(Config)}


def _png_path(text: str) -> Path:
    return _output_path(text, (".png",))


def _zip_path(text: str) -> Path:
    return _output_path(text, (".zip",))


def _csv_or_npz_path(text: str) -> Path:
    return _output_path(text, (".csv", ".npz"))


def _png_or_svg_path(text: str) -> Path:
    return _output_path(text, (".png", ".svg"))


def _png_or_gif_path(text: str) -> Path:
    return _output_path(text, (".png", ".gif"))


def _output_path(text: str, suffixes: tuple[str, ...]) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder {str(path.parent)!r} does not exist")
    return path


def _positive(text: str) -> int:
    return _whole(text, 1, 10_000)


def _steps(text: str) -> int:
    return _whole(text, 2, 1_000)


def _seed(text: str) -> int:
    return _whole(text, 0, 2**31 - 1)


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return value


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1000")
    return value
