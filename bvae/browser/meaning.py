"""What is known of a run's latent dimensions, as the browser has it: what each changes in a picture, what it is called,
and in which directions the factors lie. Read from what was measured (metrics.json) and from the names that a person
gave; nothing is measured here. Imports no torch.

It travels once, as JSON of its own: what sliders need, and apart from it the figures that stand on one page only. What
is not as it should be is left out, since a run may come from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from bvae.factors import FACTORS
from bvae.runs import Run, RunError, schema
from bvae.runs.schema import Check, SchemaError

REGIMES = ("active", "passive", "mixed")
MOST_MEASURED = 300  # epochs that are sent, the last ones


@dataclass(frozen=True)
class Told:
    """What the browser is sent of a run."""

    key: str  # changes when what is sent changes; "" where there is nothing to send
    content: bytes  # JSON
    problems: tuple[str, ...]  # a sentence for what could not be read and is left out


@dataclass(frozen=True)
class Summary:
    """What was measured of a run at the last epoch that is, in a line."""

    epoch: int
    factors: tuple[str, ...]  # after which dimensions are named, those that carry most first
    specificity: float | None  # the mean over these dimensions
    mig: float | None
    disentanglement: float | None


def summarise(meaning: Told, figures: Told) -> Summary | None:
    """The same, of a run's meaning and figures; None where nothing was measured."""
    if not (meaning.key and figures.key):
        return None
    meant, measured = json.loads(meaning.content)["epochs"], json.loads(figures.content)["epochs"]
    if not (both := [epoch for epoch in measured if meant.get(epoch)]):
        return None
    epoch = max(both, key=int)
    kl = {each["index"]: each.get("kl", 0) for each in measured[epoch]["dimensions"]}
    found = [each["evidence"] | {"index": each["index"]} for each in meant[epoch]["dimensions"] if "evidence" in each]
    named = sorted((each for each in found if "factor" in each), key=lambda each: -kl.get(each["index"], 0))
    specific = [each["specificity"] for each in named if "specificity" in each]
    scores = measured[epoch].get("scores", {})

    def score(name: str) -> float | None:
        value: float | None = (scores.get(name) or {}).get("value") if "reason" not in scores else None
        return value

    mean = sum(specific) / len(specific) if specific else None
    factors = tuple(each["factor"] for each in named)
    return Summary(int(epoch), factors, mean, score("mig"), score("disentanglement"))


# Reading ---------------------------------------------------------------------------------------------------------


def pack_meaning(run: Run) -> Told:
    """What a run's dimensions mean, as sliders need it."""
    problems: list[str] = []
    names: dict[int, str] = {}
    records: dict[int, dict[str, Any]] = {}
    try:
        names = run.names()
    except (RunError, OSError) as error:
        problems.append(str(error))
    try:
        records = _records(run, _of_sliders(run.config.latent_dim))
    except (RunError, OSError) as error:
        problems.append(f"What was measured of the run is not shown. {error}")
    if not (records or names):
        return Told("", b"", tuple(problems))
    by_number = {str(dimension): name for dimension, name in names.items()}
    return _packed({"names": by_number, "epochs": records}, problems)


def pack_figures(run: Run) -> Told:
    """What was measured of a run beyond that."""
    try:
        records = _records(run, _of_page(run.config.latent_dim))
    except (RunError, OSError):  # which the meaning tells
        records = {}
    return _packed({"epochs": records}, []) if records else Told("", b"", ())


def _packed(content: dict[str, Any], problems: list[str]) -> Told:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Told(key, f'{{"key":"{key}",{text[1:]}'.encode(), tuple(problems))


def _records(run: Run, check: Check) -> dict[int, dict[str, Any]]:
    """What was measured, by epoch, as far as a check lets it pass.

    Raises:
        RunError: when it cannot be read, or is of other images than the run's.
    """
    found = run.metrics() or {}
    images = run.details.get("data", {}).get("sha256")
    if images and found.get("data") not in (None, images):
        raise RunError("It was measured on other images than those that the run was trained with: measure it anew.")
    epochs: Any = found.get("epochs")
    if not _object(epochs):
        return {}
    there = [epoch for epoch in run.epochs() if str(epoch) in epochs][-MOST_MEASURED:]
    records = {epoch: check(epochs[str(epoch)]) for epoch in there}
    return {epoch: record for epoch, record in records.items() if record}


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _soft(checks: dict[str, Check]) -> Check:
    """An object with those of the keys whose value is as it should be; what is not, or is none, is left out."""

    def check(value: Any) -> dict[str, Any]:
        found = {}
        for key, inner in checks.items():
            if _object(value) and value.get(key) is not None:
                try:
                    found[key] = inner(value[key])
                except SchemaError:
                    continue
        return found

    return check


def _short(inner: Check) -> Check:
    """A number in as many figures as anybody reads."""
    return lambda value: float(f"{inner(value):.4g}")


_NUMBER = _short(schema.number())
_SHARE = _short(schema.number(0, 1))
_PAIR = schema.list_of(_NUMBER, 2, 2)
_SENTENCE = schema.text(1_000)
_BY_FACTOR = _soft(dict.fromkeys(FACTORS, _NUMBER))


def _number_of_figure(value: Any) -> float:
    """A number, or that of a figure."""
    found: float = _NUMBER(value.get("value") if _object(value) else value)
    return found


_REASON = schema.table({"reason": _SENTENCE})
_VALUE = schema.table(
    {"value": _NUMBER},
    {
        "standard_error": schema.or_none(_short(schema.number(0))), "images": schema.whole(1, 10**9),
        "estimator": _SENTENCE, "interval": schema.or_none(_PAIR), "samples": schema.whole(1, 10**9),
    },
)  # fmt: skip


def _or_reason(inner: Check) -> Check:
    """What another check takes, or the reason why it is not there."""
    return lambda value: (_REASON if _object(value) and "reason" in value else inner)(value)


_FIGURE = _or_reason(_VALUE)


def _part(*names: str, **others: Check) -> Check:
    """Some figures by their names, or the reason why there are none."""
    return _or_reason(_soft(dict.fromkeys(names, _FIGURE) | others))


SCORES = (
    "mig", "sap", "disentanglement", "completeness", "informativeness", "modularity", "compactness", "explicitness",
    "factor_vae", "beta_vae",
)  # fmt: skip


def _dimensions(count: int, **checks: Check) -> Check:
    """What is said of each dimension, by their numbers; of one that is told of twice the last word."""
    check = schema.list_of(_soft({"index": schema.whole(0, count - 1)} | checks), count)

    def in_order(value: Any) -> list[dict[str, Any]]:
        told = {each["index"]: each for each in check(value) if "index" in each}
        return [told[index] for index in sorted(told)]

    return in_order


def _of_sliders(dimensions: int) -> Check:
    """What of a record sliders need."""
    evidence = _soft(
        {
            "factor": schema.one_of(*FACTORS), "range": _PAIR, "effects": _BY_FACTOR, "per_unit": _BY_FACTOR,
            "standard_errors": _BY_FACTOR,
            "agreement": _soft(dict.fromkeys(FACTORS, _SHARE)), "specificity": _SHARE,
            "images": schema.whole(1, 10**9),
        }
    )  # fmt: skip
    direction = schema.table(
        {
            "vector": schema.list_of(_NUMBER, dimensions, dimensions), "r2": _number_of_figure,
            "angle": _short(schema.number(0, 180)), "axis": schema.whole(0, dimensions - 1),
        }
    )  # fmt: skip
    factor = schema.table({"mean": _NUMBER, "standard_deviation": _short(schema.number(0)), "unit": schema.text(10)})
    check = _soft(
        {
            "split": schema.text(20), "images": schema.whole(1, 10**9),
            "dimensions": _dimensions(
                dimensions, name=schema.text(100), regime=schema.one_of(*REGIMES), mixed_share=_SHARE,
                evidence=evidence, mutual_information=_soft({"class": _NUMBER}),
            ),
            "directions": _soft(dict.fromkeys(FACTORS, direction)), "factors": _soft(dict.fromkeys(FACTORS, factor)),
        }
    )  # fmt: skip

    def meant(value: Any) -> dict[str, Any]:
        found: dict[str, Any] = check(value)
        for dimension in found.get("dimensions", []):
            if dimension.get("name") == "carries nothing":
                dimension.pop("evidence", None)  # that nothing changes, in as many numbers as that of the others
        return found if found.get("dimensions") else {}

    return meant


def _of_page(dimensions: int) -> Check:
    """What of a record stands nowhere but on the page of figures."""
    classifier = _soft({"name": schema.text(100), "hash": schema.text(100), "accuracy": _SHARE})
    check = _soft(
        {
            "split": schema.text(20), "images": schema.whole(1, 10**9), "seconds": _NUMBER,
            "decomposition": _part(
                "mutual_information", "total_correlation", "dimension_wise_kl", "kl", ceiling=_NUMBER
            ),
            "scores": _part(*SCORES),
            "likelihood": schema.list_of(_FIGURE, 20),
            "representation": _part("neighbours", "linear"),
            "generation": _part("frechet", "frechet_floor", "sure", classifier=classifier),
            "dimensions": _dimensions(
                dimensions, kl=_NUMBER, regime=schema.one_of(*REGIMES), mixed_share=_SHARE, mean_variance=_NUMBER,
                variance_mean=_NUMBER, dimension_wise_kl=_NUMBER,
                mutual_information=_soft(dict.fromkeys((*FACTORS, "class"), _NUMBER)),
            ),
        }
    )  # fmt: skip

    def whole(value: Any) -> dict[str, Any]:
        found: dict[str, Any] = check(value)
        return {"dimensions": []} | found if found else {}

    return whole
