"""Commands that hand a run on, or take one in: pack, export, small, import."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from bvae.cli.arguments import Commands, budget, html_path, output_flag, zip_path
from bvae.cli.output import whole_file
from bvae.config import ConfigError
from bvae.runs import Run, RunError, find_run


def add(commands: Commands) -> None:
    """Add these commands."""
    pack = commands.add("pack", _pack, "write a run as one zip file", run=False)
    pack.add_argument("run", metavar="RUN", help="folder of a run, or its name")
    pack.add_argument("--without-state", action="store_true", help="leave out what resuming needs")
    output_flag(pack, "the zip file to write", zip_path, required=True)

    export = commands.add(
        "export", _export, "write runs as a page that opens without this program, or for other programs", run=False
    )
    export.add_argument(
        "runs", metavar="RUN", nargs="+", help="folders of runs, or their names; the first is shown first"
    )
    kind = export.add_mutually_exclusive_group()
    kind.add_argument("-o", "--output", type=Path, metavar="DIR", help="the folder of the page, or of the ONNX files")
    kind.add_argument("--single", type=html_path, metavar="FILE", help="the page as one HTML file")
    each = "by default 6 for each run in one file, and 20 in a folder"
    export.add_argument("--budget", type=budget, metavar="MB", help=f"megabytes that the page should take; {each}")
    export.add_argument(
        "--lesson", metavar="NAME",
        help="the lesson that comes along; by default one that lies in a run, or What β does where it fits the runs",
    )  # fmt: skip
    export.add_argument("--onnx", action="store_true", help="encoder and decoder as ONNX, which most programs read")
    export.add_argument("--epoch", type=int, help="with --onnx: the snapshot to take; by default the last")

    small = commands.add(
        "small", _small, "copy a run with some of its snapshots, in float16: without its film and measures", run=False
    )
    small.add_argument("run", metavar="RUN", help="folder of a run, or its name")
    small.add_argument("--into", type=Path, required=True, metavar="DIR", help="the copy's folder")
    small.add_argument("--epochs", type=int, nargs="+", required=True, metavar="EPOCH",
                       help="those to keep; the last is kept in any case")  # fmt: skip

    take = commands.add("import", _import, "take in a run from a zip file, or weights with their config", run=False)
    take.add_argument("file", type=Path, metavar="FILE", help="a zip file as `pack` writes it, or safetensors weights")
    take.add_argument("--config", type=Path, metavar="FILE", help="with weights: the config.json of their run")


def _pack(options: argparse.Namespace) -> None:
    from bvae.archive import pack_run

    run = find_run(options.run)
    with whole_file(options.output) as unfinished, unfinished.open("wb") as file:
        pack_run(run, file, resumable=not options.without_state)
    print(options.output)


def _export(options: argparse.Namespace) -> None:
    runs = [find_run(name) for name in options.runs]
    if options.onnx:
        _export_onnx(options, runs)
        return
    if not (options.output or options.single):
        raise ConfigError("Say where the page goes: -o DIR for a folder of files, or --single FILE.html.")
    if options.epoch is not None:
        raise ConfigError("A page holds several epochs: --epoch is for --onnx.")

    from bvae.browser import export

    if options.output:
        export.check_folder(options.output)
    each = export.SINGLE if options.single else export.FOLDER
    lesson = options.lesson or export.usual_lesson(runs)
    page = export.gather(
        runs, options.budget or each * len(runs), lesson, told=lambda text: print(text, file=sys.stderr)
    )
    if options.single:
        with whole_file(options.single) as unfinished:
            unfinished.write_text(export.single(page), encoding="utf-8", newline="\n")
        size, opened = options.single.stat().st_size, options.single
        done = [f"{opened}: {size / export.MEGABYTE:.1f} MB. It opens from the disk, and from any host of files."]
    else:
        files = export.write_folder(page, options.output)
        size, opened = sum(path.stat().st_size for path in files), options.output / export.INDEX
        done = [
            f"{opened}: {size / export.MEGABYTE:.1f} MB in {len(files)} files. It opens from the disk.",
            f"To host it: python -m http.server -d {shlex.quote(str(options.output))}, or any host of files.",
        ]
    if options.budget and size > options.budget * export.MEGABYTE:
        done.append(f"It is larger than {options.budget:g} MB: the last epoch, a few images and the program take that.")
    print(*page.said, *done, f"Within another page: {export.snippet(opened.name)}", sep="\n")


def _export_onnx(options: argparse.Namespace, runs: list[Run]) -> None:
    if len(runs) > 1 or options.single:
        raise ConfigError("--onnx takes one run, and writes into a folder.")
    if options.budget or options.lesson:
        raise ConfigError("--budget and --lesson are for a page. With --onnx leave them out.")

    from bvae.onnx_model import write_onnx

    for path in write_onnx(runs[0], runs[0].snapshot(options.epoch), options.output or Path(f"{runs[0].name}-onnx")):
        print(path)


def _small(options: argparse.Namespace) -> None:
    from bvae.runs import write_small

    print(write_small(find_run(options.run), options.into, options.epochs).path)


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
