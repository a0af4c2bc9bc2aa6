"""Commands that hand a run on, or take one in: pack, export, small, import."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bvae.cli.arguments import Commands, output_flag, zip_path
from bvae.cli.output import whole_file
from bvae.config import ConfigError
from bvae.runs import RunError, find_run


def add(commands: Commands) -> None:
    """Add these commands."""
    pack = commands.add("pack", _pack, "write a run as one zip file", run=False)
    pack.add_argument("run", metavar="RUN", help="folder of a run, or its name")
    pack.add_argument("--without-state", action="store_true", help="leave out what resuming needs")
    output_flag(pack, "the zip file to write", zip_path, required=True)

    export = commands.add("export", _export, "write encoder and decoder for other programs")
    export.add_argument("--onnx", action="store_true", required=True, help="as ONNX, which most of them read")
    export.add_argument("-o", "--output", type=Path, metavar="DIR", help="the folder; by default one here")

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
    run = find_run(options.run)

    from bvae.onnx_model import write_onnx

    for path in write_onnx(run, run.snapshot(options.epoch), options.output or Path(f"{run.name}-onnx")):
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
