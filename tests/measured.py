"""What `bvae metrics` leaves of a run, made up of plausible values: for tests of what is shown of it.

Deterministic, and alike from epoch to epoch, as the real figures are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bvae.runs import Run

FACTORS = {"area": (101.5, 40.0, "px²"), "length": (40.2, 9.0, "px"), "thickness": (2.9, 0.7, "px"),
           "slant": (11.0, 14.0, "°"), "width": (14.1, 3.6, "px"), "height": (19.5, 1.4, "px")}  # fmt: skip
NAMED = {"thickness": {"thickness": 2.7, "area": 1.9}, "slant": {"slant": -3.0, "width": 0.4},
         "width": {"width": 3.0, "length": 1.6}}  # fmt: skip
NAMES = {"thickness": "thickness (and area)", "slant": "slant", "width": "width (and length)"}


def figure(value: float, error: float | None, images: int = 10_000, estimator: str = "made up") -> dict[str, Any]:
    return {"value": value, "standard_error": error, "images": images, "estimator": estimator}


def record(run: Run, epoch: int) -> dict[str, Any]:
    """What was measured at an epoch: of the dimensions that carry most, the first three have names, once trained."""
    kl = np.array(run.history()[epoch].kl_per_dimension)
    order = np.argsort(-kl, kind="stable").tolist()
    active = int((kl >= 0.01).sum())
    factors = list(NAMED) if epoch else []
    dimensions = []
    for dimension in range(len(kl)):
        rank = order.index(dimension)
        named = factors[rank] if rank < min(active, len(factors)) else None
        carries = rank < active
        effects = {factor: round(0.1 * math.cos(dimension + place), 3) for place, factor in enumerate(FACTORS)}
        effects |= NAMED.get(named, {}) if named else {}
        name = NAMES[named] if named else "nothing that is measured" if carries else "carries nothing"
        dimensions.append(
            {
                "index": dimension, "kl": float(kl[dimension]), "mixed_share": 0.0,
                "regime": "active" if carries else "passive",
                "mean_variance": 0.1 if carries else 0.999, "variance_mean": 0.9 if carries else 1e-4,
                "dimension_wise_kl": 0.02 * float(kl[dimension]),
                "mutual_information": {
                    factor: round(min(0.9, 0.02 + 0.1 * abs(effects.get(factor, 0.3))), 3)
                    for factor in (*FACTORS, "class")
                },
                "name": name,
                "evidence": {
                    "factor": named, "range": [-1.5, 1.5], "effects": effects,
                    "standard_errors": dict.fromkeys(FACTORS, 0.02),
                    "agreement": {factor: 0.995 if factor == named else 0.6 for factor in FACTORS},
                    "per_unit": {factor: round(effects[factor] * FACTORS[factor][1] / 3, 3) for factor in FACTORS},
                    "specificity": 0.87 if named else 0.2, "images": 200,
                },
            }
        )  # fmt: skip
    total = float(kl.sum())
    information = min(9.2, 0.7 * total)
    score = {name: figure(round(0.1 + 0.05 * place, 3), 0.004) for place, name in enumerate(SCORES)}
    vectors = np.zeros((len(FACTORS), len(kl)))
    for place in range(len(FACTORS)):
        vectors[place, order[place % max(1, active)]] = 0.9
        vectors[place, order[(place + 1) % max(1, active)]] = 0.4
    return {
        "epoch": epoch, "split": "test", "images": 10_000, "seconds": 12.3,
        "decomposition": {
            "mutual_information": figure(information, 0.002), "total_correlation": figure(0.2 * total, 0.01),
            "dimension_wise_kl": figure(total - information - 0.2 * total, 0.01), "kl": figure(total, 0.02),
            "ceiling": math.log(10_000),
        },
        "scores": score,
        "likelihood": [figure(-100 + 3 * math.log10(count), 0.3) | {"samples": count} for count in (1, 10, 100, 1_000)],
        "representation": {"neighbours": figure(0.95, 0.002), "linear": figure(0.88, 0.003)},
        "generation": {
            "frechet": figure(31.0, 0.4), "frechet_floor": figure(0.4, 0.1), "sure": figure(0.71, 0.005),
            "classifier": {"name": "two convolutions", "hash": "0123456789abcdef", "accuracy": 0.991},
        },
        "dimensions": dimensions,
        "directions": {
            factor: {"vector": vectors[place].round(4).tolist(), "r2": figure(0.7, 0.01), "angle": 24.0,
                     "axis": order[place % max(1, active)]}
            for place, factor in enumerate(FACTORS)
        },
        "factors": {
            factor: {"mean": mean, "standard_deviation": deviation, "unit": unit}
            for factor, (mean, deviation, unit) in FACTORS.items()
        },
    }  # fmt: skip


SCORES = ("mig", "disentanglement", "completeness", "informativeness", "sap", "modularity", "compactness",
          "explicitness", "factor_vae", "beta_vae")  # fmt: skip


def measured(run: Run, *epochs: int) -> dict[str, Any]:
    """metrics.json of a run, at these epochs or at all that it has."""
    return {
        "format": 1,
        "data": run.details["data"]["sha256"],
        "epochs": {str(epoch): short(record(run, epoch)) for epoch in epochs or run.epochs()},
    }


def short(value: Any) -> Any:
    """Numbers in four figures, as they are shown."""
    if isinstance(value, dict):
        return {key: short(each) for key, each in value.items()}
    if isinstance(value, list):
        return [short(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
