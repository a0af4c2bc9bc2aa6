"""What commands take: their flags, and how the values of these are read."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from bvae.config import DATASETS, Config, field_type, flag, is_path


def called() -> str:
    """The command as the person called it: `python -m bvae`, or `bvae` where that is installed."""
    return "bvae" if Path(sys.argv[0]).stem == "bvae" else "python -m bvae"


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. `{self.prog} --help` lists what there is.\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        # Refused here, so that it is the command's own help that is named, and not the list of commands.
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, unknown


class Commands:
    """The commands that there are, to which each group of them adds its own."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def add(self, name: str, function: Any, help: str, run: bool = True) -> argparse.ArgumentParser:
        """A command that calls a function with its options; with `run`, it takes a run and an epoch of it."""
        sub = self._parsers.add_parser(name, help=help, description=help, allow_abbrev=False)
        sub.set_defaults(command=function)
        if run:
            sub.add_argument(
                "run", metavar="RUN", help="folder of a run, or its name in runs/ or among the bundled ones"
            )
            sub.add_argument("--epoch", type=int, help="the snapshot to take; by default the last")
        return sub


def output_flag(
    sub: argparse.ArgumentParser, help: str = "the PNG file to write", path: Callable[[str], Path] | None = None,
    required: bool = False,
) -> None:  # fmt: skip
    """The flag that says where a command writes; a PNG file unless `path` reads another kind."""
    named = "" if required else "; by default one here, named after the run, the epoch and the command"
    sub.add_argument("-o", "--output", type=path or png_path, required=required, metavar="FILE", help=help + named)


def config_flags(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
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


def field_names() -> set[str]:
    return {item.name for item in dataclasses.fields(Config)}


def png_path(text: str) -> Path:
    return _output_path(text, (".png",))


def zip_path(text: str) -> Path:
    return _output_path(text, (".zip",))


def html_path(text: str) -> Path:
    return _output_path(text, (".html", ".htm"))


def csv_or_npz_path(text: str) -> Path:
    return _output_path(text, (".csv", ".npz"))


def png_or_svg_path(text: str) -> Path:
    return _output_path(text, (".png", ".svg"))


def png_or_gif_path(text: str) -> Path:
    return _output_path(text, (".png", ".gif"))


def _output_path(text: str, suffixes: tuple[str, ...]) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder {str(path.parent)!r} does not exist")
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder")
    return path


def positive(text: str) -> int:
    return _whole(text, 1, 10_000)


def steps(text: str) -> int:
    return _whole(text, 2, 1_000)


def seed(text: str) -> int:
    return _whole(text, 0, 2**31 - 1)


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return value


def budget(text: str) -> float:
    return _number(text, 1, "number of megabytes")


def finite(text: str) -> float:
    return _number(text, 0, "number")


def _number(text: str, least: int, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= 1_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a {what} from {least} to 1000")
    return value
