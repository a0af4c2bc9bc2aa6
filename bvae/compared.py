"""Runs beside each other: what each traded at an epoch, and what runs that differ in their seed alone come to together.

Runs are compared where their nats mean the same: on the same test images, under the same likelihood. Those that differ
in nothing but their seed are a *group*, with a mean over the seeds and how sure that is; groups that differ in nothing
but β, or the capacity, are a *series*, through which a line can be drawn. A comparison is JSON:

    name, command     of the sweep, and what trains it; null of other runs
    runs              a list, of each its name, config, command, weight of the KL in words, epoch, number of test
                      images, KL of each dimension, figures (`FIGURES`), and reasons why some could not be measured
    groups            a list, of each its weight, value of it, places of its runs, seeds, and of each figure `spread`
    series            a list, of each what tells it from the others, and the places of its groups
    floor, images     of reconstruction, which stands above it (0 where there is none), and how many test images
    left_out          a sentence for everything that could not be compared

Reads JSON alone but for UDR, and imports no torch: the Compare page asks.
"""

from __future__ import annotations

import json
import math
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bvae.config import flag
from bvae.metrics.figures import plain
from bvae.numbers import number
from bvae.runs import FORMAT, Run, RunError, read_json
from bvae.runs.schema import else_none, table, text
from bvae.runs.schema import number as checked

if TYPE_CHECKING:
    from bvae.sweep import Sweep

Line = dict[str, Any]
Comparison = dict[str, Any]

# What it is called, and in so many decimals. Those of metrics.json stand in a part of a record.
FIGURES = {
    "kl": ("KL", 2), "above": ("reconstruction above floor", 2), "bound": ("−ELBO", 2),
    "active_units": ("active units", 1), "mig": ("MIG", 3), "disentanglement": ("DCI disentanglement", 3),
    "modularity": ("modularity", 3), "explicitness": ("explicitness", 3), "neighbours": ("neighbour accuracy", 3),
    "udr": ("UDR", 3),
}  # fmt: skip
PARTS = {"mig": "scores", "disentanglement": "scores", "modularity": "scores", "explicitness": "scores",
         "neighbours": "representation"}  # fmt: skip
NATS = ("kl", "above", "bound")
CONFIDENCE = 0.95
# Where a run is computed and how many images it is followed by change nothing that it learns.
_FREE = ("seed", "device", "probe_size")
_WEIGHTS = ("beta", "capacity")
_FIGURE = else_none(table({"value": checked()}))
_REASON = else_none(table({"reason": text()}))


# A run -----------------------------------------------------------------------------------------------------------


def line(
    run: Run, name: str | None = None, epoch: int | None = None, measured: dict[int, dict[str, Any]] | None = None
) -> Line:
    """What a comparison knows of a run by itself: all but UDR, and the reconstruction not yet above the floor.

    Args:
        name: what it is called; by default its own.
        epoch: by default its last.
        measured: what `Run.measured` returns, where it has been read already.

    Raises:
        RunError: when it has no figures of that epoch, or none that can be read. The message names the run.
    """
    name, record = name or run.name, run.figures(epoch)
    if record is None:
        raise RunError(f"{name} has no figures {'yet' if epoch is None else f'of epoch {epoch}'}.")
    if record.epoch == 0 and epoch is None and not run.imported:
        raise RunError(f"{name} has no epoch of training behind it yet.")
    bernoulli = run.config.likelihood == "bernoulli"
    ((objective, value),) = run.config.objective.items()
    figures: dict[str, float] = {
        "kl": record.kl, "reconstruction": record.reconstruction, "bound": -record.elbo,
        "active_units": record.active_units,
    }  # fmt: skip
    reasons: dict[str, str] = {}
    of_epoch = (run.measured() if measured is None else measured).get(record.epoch, {})
    for figure, part in PARTS.items():
        of_part = of_epoch.get(part)
        one = of_part.get(figure) if isinstance(of_part, dict) else None
        if found := _FIGURE(one):
            figures[figure] = found["value"]
        elif reason := _REASON(one) or _REASON(of_part):
            reasons[figure] = reason["reason"]
    return {
        "name": name, "weight": run.config.weight, "objective": objective, "value": value,
        "seed": None if run.imported else run.config.seed, "epoch": record.epoch, "images": record.test["images"],
        "floor": run.details.get("data", {}).get("bernoulli_floor") if bernoulli else None,
        "shape": list(run.image_shape), "config": run.config.to_dict(), "command": run.command(Path("runs", run.name)),
        "figures": figures, "reasons": reasons, "kl_per_dimension": record.kl_per_dimension,
    }  # fmt: skip


def comparable(lines: Sequence[Line]) -> tuple[list[Line], list[str]]:
    """Of runs, those whose nats mean the same: the most that do, and a sentence for the others."""
    if not lines:
        return [], []
    kinds = [_kind(one) for one in lines]
    (kind, _), *others = Counter(kinds).most_common()
    kept = [one for one, own in zip(lines, kinds, strict=True) if own == kind]
    said = []
    for other, count in others:
        names = [one["name"] for one, own in zip(lines, kinds, strict=True) if own == other]
        listed = ", ".join(names[:3]) + (f" and {count - 3} more" if count > 3 else "")
        what = ", ".join(text for text, mine in zip(other, kind, strict=True) if text != mine)
        said.append(f"Left out: {listed} ({what}), whose nats are of another kind.")
    return kept, said


def _kind(one: Line) -> tuple[str, ...]:
    config, (height, width) = one["config"], one["shape"]
    shape = f"{one['images']:,} images of {height} × {width}"
    return config["dataset"], f"{config['likelihood']} likelihood", shape


# Runs that differ in their seed ----------------------------------------------------------------------------------


def by_seed(lines: Sequence[Line]) -> list[list[int]]:
    """The places of runs that differ in their seed alone, by what weighs the KL; of one seed, of two runs the first."""
    found: dict[str, dict[Any, int]] = {}
    for place, one in enumerate(lines):
        seed = place + 0.5 if one["seed"] is None else one["seed"]  # of weights alone nobody knows the seed
        found.setdefault(f"{_settings(one, ())} {one['epoch']}", {}).setdefault(seed, place)
    groups = [sorted(places.values(), key=lambda place: lines[place]["seed"] or 0) for places in found.values()]
    return sorted(groups, key=lambda places: (lines[places[0]]["objective"], lines[places[0]]["value"]))


def _settings(one: Line, without: Iterable[str]) -> str:
    return json.dumps({name: value for name, value in one["config"].items() if name not in (*_FREE, *without)})


def found_again(runs: Sequence[Run], epoch: int) -> list[float]:
    """UDR of each of some runs that differ in their seed alone, at an epoch.

    Raises:
        ValueError, RunError: when it cannot be told. The message says why.
    """
    from bvae.metrics.udr import udr_of_runs  # takes SciPy, which not everybody waits for

    return [record["value"] for record in udr_of_runs(runs, epoch, draws=2).records]


def spread(values: Sequence[float], independent: bool = True) -> dict[str, Any]:
    """Mean of values, one a seed, their lowest, highest and number, and `half`, by which the mean may be off: half of
    the 95 % t-interval, None of a single value and of values that are not independent of each other."""
    count, mean = len(values), math.fsum(values) / len(values)
    half = None
    if count > 1 and independent:
        from scipy.special import stdtrit

        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
        half = float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2)) * deviation / math.sqrt(count)
    return {"mean": mean, "half": half, "low": min(values), "high": max(values), "count": count}


# All of them -----------------------------------------------------------------------------------------------------


def together(
    lines: Sequence[Line], left_out: Iterable[str] = (), name: str | None = None, command: str | None = None
) -> Comparison:
    """The comparison of runs that are `comparable`. What is known of their UDR stands among their figures."""
    floor = next((one["floor"] for one in lines if one["floor"] is not None), 0.0)
    runs: list[Line] = []
    for one in lines:
        reconstruction = one["figures"]["reconstruction"]
        runs.append(one | {"figures": one["figures"] | {"above": reconstruction - floor}})
    groups: list[dict[str, Any]] = []
    series: dict[str, list[int]] = {}
    for places in by_seed(runs):
        first = runs[places[0]]
        figures = {
            figure: spread(values, independent=figure != "udr")  # each pair of runs counts for both
            for figure in FIGURES
            if (values := [found[figure] for place in places if figure in (found := runs[place]["figures"])])
        }
        series.setdefault(f"{first['objective']} {_settings(first, _WEIGHTS)} {first['epoch']}", []).append(len(groups))
        groups.append(
            {"weight": first["weight"], "objective": first["objective"], "value": first["value"], "runs": places,
             "seeds": [runs[place]["seed"] for place in places], "figures": figures}
        )  # fmt: skip
    lengthy = sorted(series.values(), key=lambda of_series: -len(of_series))
    firsts = [runs[groups[of_series[0]]["runs"][0]] for of_series in lengthy]
    labels = _told_apart(firsts)
    found = {
        "format": FORMAT, "name": name, "command": command, "floor": floor,
        "images": runs[0]["images"] if runs else 0, "dataset": runs[0]["config"]["dataset"] if runs else "",
        "runs": runs, "groups": groups, "left_out": list(left_out),
        "series": [{"label": label, "groups": of_series} for label, of_series in zip(labels, lengthy, strict=True)],
    }  # fmt: skip
    return plain(found)


def _told_apart(firsts: Sequence[Line]) -> list[str]:
    """In what each series differs from the others, "" of the only one: "mlp, 30 epochs"."""
    configs = [
        {name: value for name, value in one["config"].items() if name not in (*_FREE, *_WEIGHTS)} for one in firsts
    ]
    varied = [name for name in (configs[0] if configs else ()) if len({repr(config[name]) for config in configs}) > 1]
    after = len({one["epoch"] for one in firsts}) > 1
    labels = []
    for one, config in zip(firsts, configs, strict=True):
        said = [_setting(name, config[name]) for name in varied if not (name == "epochs" and after)]
        trained = "trained elsewhere" if one["seed"] is None else _epochs(one["epoch"])  # of an imported run
        labels.append(", ".join([*said, *([trained] if after else [])]))
    return labels


def _epochs(count: int) -> str:
    return f"{count} epoch{'' if count == 1 else 's'}"


def _setting(name: str, value: Any) -> str:
    if name in ("network", "dataset"):
        return str(value)
    if name == "dataset_limit":
        return "all images" if value is None else f"{value:,} images"
    if name == "epochs":
        return f"{_epochs(value)} planned"
    return f"{name.replace('_', ' ')} {'its own' if value is None else value}"


def compare(
    runs: Sequence[Run], epoch: int | None = None, name: str | None = None, command: str | None = None,
    names: Sequence[str] | None = None, measured: Sequence[dict[int, dict[str, Any]] | None] | None = None,
) -> Comparison:  # fmt: skip
    """The comparison of runs at an epoch, by default at the last of each. What cannot be read is among `left_out`.

    Args:
        name, command: of their sweep, and what trains it.
        names: what the runs are called; by default their own.
        measured: of each what `Run.measured` returns, or None where it has yet to be read.
    """
    lines, of_line, problems = [], dict[str, Run](), list[str]()
    known = measured or [None] * len(runs)
    for run, called, found in zip(runs, names or [run.name for run in runs], known, strict=True):
        try:
            lines.append(line(run, called, epoch, found))
            of_line[lines[-1]["name"]] = run
        except RunError as error:
            problems.append(f"Left out: {error}")
    lines, left_out = comparable(lines)
    for places in by_seed(lines):
        tell_again(lines, places, [of_line[lines[place]["name"]] for place in places])
    return together(lines, [*problems, *left_out], name, command)


def tell_again(lines: Sequence[Line], places: Sequence[int], runs: Sequence[Run]) -> None:
    """Put UDR, or why it cannot be told, among the figures of runs that differ in their seed alone."""
    if len(runs) < 2:
        return
    try:
        for place, value in zip(places, found_again(runs, lines[places[0]]["epoch"]), strict=True):
            lines[place]["figures"]["udr"] = value
    except (ValueError, RunError) as error:
        for place in places:
            lines[place]["reasons"]["udr"] = str(error)


def sweep_command(sweep: Sweep) -> str:
    """What trains all runs of a sweep."""
    command = ["python", "-m", "bvae", "sweep", "--into", f"runs/{sweep.folder.name}"]
    for name, values in sweep.values.items():
        command += [flag(name), *(f"{value:g}" if isinstance(value, float) else str(value) for value in values)]
    return shlex.join(command)


def read_comparison(path: Path) -> Comparison:
    """A comparison as `bvae compare --json` wrote it.

    Raises:
        RunError: when it is none.
    """
    found = read_json(path)
    wanted = {"name", "command", "floor", "images", "dataset", "runs", "groups", "left_out", "series"}
    if found.get("format") != FORMAT or not wanted <= set(found) or not all("figures" in one for one in found["runs"]):
        raise RunError(f"{path} is no comparison. Make it anew with `python -m bvae compare … --json`.")
    return found


# In words --------------------------------------------------------------------------------------------------------


def shown(spread: Mapping[str, Any] | None, decimals: int) -> str:
    """A figure of a group: its mean, and what it may be off by or, of what has no interval, from where to where."""
    if spread is None:
        return "–"
    mean = number(spread["mean"], decimals)
    if spread["half"] is not None:
        return f"{mean} ± {number(spread['half'], decimals)}"
    if spread["count"] > 2:  # each pair of runs has one
        return f"{mean} ({number(spread['low'], decimals)} to {number(spread['high'], decimals)})"
    return mean


def rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """The comparison as a table, a line a group: its head, and its cells."""
    several = len(comparison["series"]) > 1
    used = [figure for figure in FIGURES if any(figure in group["figures"] for group in comparison["groups"])]
    head = [*(["runs"] if several else []), "weight", "seeds", *(FIGURES[figure][0] for figure in used)]
    lines = []
    for one in comparison["series"]:
        for group in (comparison["groups"][place] for place in one["groups"]):
            cells = [shown(group["figures"].get(figure), FIGURES[figure][1]) for figure in used]
            lines.append([*([one["label"]] if several else []), group["weight"], str(len(group["runs"])), *cells])
    return head, lines


def told(comparison: Comparison) -> Iterator[str]:
    """The comparison for a person at a terminal, as a table that Markdown takes."""
    head, lines = rows(comparison)
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    left = {"runs", "weight"}
    rule = ["-" * (width - 1) + ("-" if name in left else ":") for name, width in zip(head, widths, strict=True)]
    for cells in (head, rule, *lines):
        padded = (cell.ljust(width) if name in left else cell.rjust(width)
                  for name, cell, width in zip(head, cells, widths, strict=True))  # fmt: skip
        yield f"| {' | '.join(padded)} |"


def about(comparison: Comparison) -> str:
    """What the figures are of, and how sure they are, in sentences."""
    epochs = sorted({one["epoch"] for one in comparison["runs"]})
    at = f"epoch {epochs[0]}" if len(epochs) == 1 else f"each run's own epoch ({epochs[0]} to {epochs[-1]})"
    above = f", whose floor is {comparison['floor']:.2f}" if comparison["floor"] else ""
    several = any(len(group["runs"]) > 1 for group in comparison["groups"])
    sure = (
        " ±: half of the 95 % t-interval of the mean over seeds; of UDR, whose runs are not independent, from the "
        "lowest to the highest."
    )
    return (
        f"{comparison['dataset']}, test split, {comparison['images']:,} images, at {at}. KL, reconstruction{above}, "
        f"and −ELBO in nats an image.{sure if several else ''}"
    )
