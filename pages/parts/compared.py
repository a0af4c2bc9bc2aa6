"""The bundled runs that differ in β and in little else, and what was measured of them in a line each."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import Any

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
    """A run and those that differ in β, as JSON, as far as they are measured; nothing where no other is.

    Each has its name, its weight of the KL in words, and the fields of `Summary`.
    """
    others = [other for other in compared() if other.path.resolve() != run.path.resolve()]
    lines = [
        {"name": each.name, "weight": each.config.weight, **asdict(found)}
        for each in (run, *others)
        if (found := summary(each.path))
    ]
    return lines if len(lines) > 1 else []
