"""Runs beside each other, as the browser has them: how their dimensions are paired, and what of each was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from bvae.browser.live import LiveRun
from bvae.browser.meaning import Summary
from bvae.metrics.pairing import apart, paired
from bvae.runs import Run, RunError


def shared_epochs(lead: LiveRun, run: LiveRun) -> tuple[int, int]:
    """At which epochs two runs are paired: the last that both have, or else the last of each."""
    shared = set(lead.space.epochs).intersection(run.space.epochs)
    return (max(shared), max(shared)) if shared else (lead.space.epochs[-1], run.space.epochs[-1])


def pairing(one: Run, other: Run, epochs: tuple[int, int]) -> dict[str, Any]:
    """Which dimension of another run stands for each of one, see `Pairing`, or the reason why none does, as JSON; with
    `apart` where that has no code of the same images.

    Args:
        epochs: at which they are compared, see `shared_epochs`.
    """
    try:
        if reason := apart(one, other):
            return {"reason": reason, "apart": True}
        found = paired(one, other, epochs)
    except (RunError, OSError, ValueError) as error:
        return {"reason": str(error)}
    arrays = {name: np.asarray(getattr(found, name)) for name in ("dimension", "sign", "strength", "scale")}
    return {name: array.tolist() for name, array in arrays.items()} | {"images": found.images, "epochs": epochs}


def measured_lines(runs: Sequence[tuple[Run, Summary | None]]) -> list[dict[str, Any]]:
    """What was measured of runs that differ in β, a line each, as JSON; nothing where fewer than two are measured.

    Each has its name, its weight of the KL in words, and the fields of `Summary`.
    """
    lines = [{"name": run.name, "weight": run.config.weight, **asdict(found)} for run, found in runs if found]
    return lines if len(lines) > 1 else []
