"""The bundled runs that differ in β and in little else, and what was measured of them in a line each."""

from __future__ import annotations

import contextlib
from typing import Any

from bvae.browser.beside import measured_lines
from bvae.runs import Run, RunError, find_run
from pages.parts.meaning import summary

COMPARED = ("mnist-beta1", "mnist-beta4", "mnist-beta10")


def compared() -> list[Run]:
    """Those of `COMPARED` that are there."""
    found = []
    for name in COMPARED:
        with contextlib.suppress(RunError):
            found.append(find_run(name))
    return found


def beside(run: Run) -> list[dict[str, Any]]:
    """What was measured of a run and of those that differ in β, as far as it is; see `measured_lines`."""
    others = [other for other in compared() if other.path.resolve() != run.path.resolve()]
    return measured_lines([(each, summary(each.path)) for each in (run, *others)])
