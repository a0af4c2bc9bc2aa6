"""How commands write pictures, files and tables."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bvae.runs import Run


def write_sheet(
    options: argparse.Namespace, run: Run, epoch: int, images: Any, columns: int, what: str, **labels: Sequence[str]
) -> None:
    from bvae.pictures import save_sheet

    output = options.output or default_output(options, run, epoch, "png")
    with whole_file(output) as unfinished:
        save_sheet(unfinished, images, columns, [heading(run, epoch), what], **labels)
    print(output)


def heading(run: Run, epoch: int) -> str:
    at = "trained elsewhere" if run.imported and epoch == 0 else f"epoch {epoch}"
    return f"{run.name} · {run.config.weight} · {at}"


def default_output(options: argparse.Namespace, run: Run, epoch: int, suffix: str) -> Path:
    return Path(f"{run.name}-epoch-{epoch}-{options.name}.{suffix}")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write beside a path, whose place it takes when it is whole: what was there is not lost before."""
    unfinished = path.with_name(f".{path.name}.tmp")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:  # a full disk does not say which file it was
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def print_table(head: Sequence[str], lines: Sequence[Sequence[str]], texts: set[str]) -> None:
    """Print columns as wide as what is in them: `texts` begin at the left, and all others are figures."""
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    for line in (head, *lines):
        cells = (cell.ljust(width) if name in texts else cell.rjust(width)
                 for name, cell, width in zip(head, line, widths, strict=True))  # fmt: skip
        print("  ".join(cells).rstrip())
