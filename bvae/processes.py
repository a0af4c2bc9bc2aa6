"""Processes of this project's own that run beside this one. Imports no torch."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def environment(**more: str) -> dict[str, str]:
    """What a Python is started with that finds this project from any folder: this process's environment, and `more`."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])} | more


def end_at_once() -> None:
    """Have this process look for no garbage as it ends: among the objects of PyTorch that takes half a second."""
    atexit.register(gc.freeze)


@contextlib.contextmanager
def importing(name: str) -> Iterator[None]:
    """While a large package is imported first, look for no garbage, nor ever among what it brought.

    That is a tenth of the time of PyTorch's, and more of umap-learn's.
    """
    if name in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def command(pid: int) -> list[str]:
    """The words that a process of this machine was started with; none where that cannot be told."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        try:
            done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
        except OSError:
            return []
        return done.stdout.split()
