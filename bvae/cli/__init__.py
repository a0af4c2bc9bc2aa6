"""The command line, `python -m bvae`: train, sweep, compare, udr, evaluate, metrics, sample, reconstruct, traverse,
interpolate, codes, layout, runs, pack, export, small, import. A module for each group of commands, which adds them.

`--json` prints one JSON object on stdout and nothing else there; progress and problems go to stderr. A problem is one
sentence and exit status 1; wrong usage is 2; a training that was stopped on request is 130.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from bvae.cli import facts, handing, measuring, pictures, training
from bvae.cli.arguments import Commands, Parser, called
from bvae.cli.signals import STOPPED
from bvae.config import ConfigError
from bvae.runs import RunError

__all__ = ["STOPPED", "main", "parser"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    known = parser()
    options = known.parse_args(arguments)
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
        print(f"{known.prog} {options.name}: {reason}. Choose another place, or mend this one.", file=sys.stderr)
        return 1
    except _expected_errors() as error:
        print(f"{known.prog} {options.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return STOPPED


def _expected_errors() -> tuple[type[BaseException], ...]:
    # Their modules import torch, which `runs` and a misspelt flag should not wait for.
    trainer = sys.modules.get("bvae.trainer")
    data, images = sys.modules.get("bvae.data"), sys.modules.get("bvae.images")
    known = (ConfigError, RunError, *((trainer.DivergedError,) if trainer else ()))
    return (*known, *((data.DataError,) if data else ()), *((images.ImageError,) if images else ()))


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    known = Parser(prog=called(), description="Train a β-VAE and walk about in its latent space.", allow_abbrev=False)
    commands = Commands(known)
    for group in (training, measuring, pictures, facts, handing):
        group.add(commands)
    return known
