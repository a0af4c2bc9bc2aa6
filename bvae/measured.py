"""What was measured of an epoch, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bvae.numbers import number
from bvae.runs import Run

_SCORES = {
    "mig": "MIG", "disentanglement": "DCI disentanglement", "completeness": "DCI completeness",
    "informativeness": "DCI informativeness", "sap": "SAP", "modularity": "InfoMEC modularity",
    "compactness": "InfoMEC compactness", "explicitness": "InfoMEC explicitness", "factor_vae": "FactorVAE score",
    "beta_vae": "β-VAE score",
}  # fmt: skip
_PARTS = {
    "mutual_information": "mutual information", "total_correlation": "total correlation",
    "dimension_wise_kl": "dimension-wise KL",
}  # fmt: skip
_REPRESENTATION = {"neighbours": "15 nearest means", "linear": "linear classifier"}
_GENERATION = {
    "frechet": "Fréchet distance", "frechet_floor": "training against test images", "sure": "surely a digit",
}  # fmt: skip
_WIDTH = 30


def told(run: Run, record: Mapping[str, Any]) -> Iterator[str]:
    """A record of metrics.json, for a person at a terminal."""
    yield f"{run.name}, epoch {record['epoch']}, {record['split']} split, {record['images']:,} images"
    yield from _block(record.get("decomposition"), "KL", "nats an image ± standard error", {"kl": "KL"} | _PARTS)
    if "ceiling" in record.get("decomposition", {}):
        yield _line("most that can be told, log N", f"{number(record['decomposition']['ceiling'], 3):>9}")
    bounds = record.get("likelihood")
    if isinstance(bounds, list):
        named = {
            str(bound["samples"]): f"{bound['samples']:,} code{'s' * (bound['samples'] > 1)} an image"
            for bound in bounds
        }
        values = {str(bound["samples"]): bound for bound in bounds}
        yield from _block(values, "Likelihood", "log p(x) at least, nats an image, black and white pixels", named)
    else:
        yield from _block(bounds, "Likelihood", "", {})
    yield from _block(record.get("scores"), "Disentanglement", "0 to 1 ± standard error", _SCORES)
    yield from _block(record.get("representation"), "Classes told from the means", "accuracy", _REPRESENTATION)
    yield from _block(record.get("generation"), "Samples", "", _GENERATION)
    dimensions = sorted(record.get("dimensions", []), key=lambda one: -(one.get("kl") or 0))
    if dimensions:
        yield ""
        yield "Dimensions: KL, what images use them, what changes when they are moved"
    for one in dimensions:
        share = f" {one['mixed_share']:.0%}" if one.get("regime") == "mixed" else ""
        kl, regime = one.get("kl", 0.0), f"{one.get('regime', '')}{share}"
        yield f"  z{one['index']:<4d}{number(kl, 3):>7}  {regime:<10}  {one.get('name', '')}{_evidence(one)}"


def _evidence(dimension: Mapping[str, Any]) -> str:
    evidence = dimension.get("evidence") or {}
    factor = evidence.get("factor")
    if not factor:
        return ""
    return (
        f": {number(evidence['effects'][factor], 1)} standard deviations from {number(evidence['range'][0], 1)} to "
        f"{number(evidence['range'][1], 1)}, the same way in {evidence['agreement'][factor]:.0%} of "
        f"{evidence['images']} images"
    )


def _block(part: Any, title: str, unit: str, names: Mapping[str, str]) -> Iterator[str]:
    if part is None:
        return
    yield ""
    yield f"{title}: {part['reason']}" if "reason" in part else f"{title}, {unit}" if unit else title
    for key, name in names.items():
        if key in part:
            yield _line(name, _value(part[key]))


def _line(name: str, value: str) -> str:
    return f"  {name:<{_WIDTH}}{value}"


def _value(figure: Mapping[str, Any]) -> str:
    if "reason" in figure:
        return str(figure["reason"])
    error = figure.get("standard_error")
    return f"{number(figure['value'], 3):>9}" + ("" if error is None else f" ± {number(error, 3)}")
