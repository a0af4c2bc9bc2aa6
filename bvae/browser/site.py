"""What an exported page is told of all that it holds, as JSON: its pages, its runs, what they come to beside each
other. `Site` in assets/js/frame/session.js says what the browser expects."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bvae.browser import prose, quality
from bvae.browser.beside import pairing, shared_epochs
from bvae.browser.bundle import ASSETS
from bvae.browser.comparing import comparison_data
from bvae.browser.deliveries import Exported
from bvae.browser.encoders import centred
from bvae.browser.facts import about_epoch, about_run
from bvae.browser.film import film_figures
from bvae.browser.home import figures_line, objective, to_see
from bvae.browser.live import noun
from bvae.browser.meaning import Summary, summarise
from bvae.compared import compare, read_comparison
from bvae.lessons import FIRST
from bvae.numbers import thin
from bvae.runs import Run, RunError

MOST_EPOCHS = 200  # at which runs are compared


def site_pages(several: bool) -> list[dict[str, Any]]:
    """The pages, in the order of the menu; Compare where there is something to compare."""
    pages = [*prose.EXPLORE, *([prose.COMPARE] if several else [])]
    return [
        {
            "path": page.path, "title": page.title, "icon": page.icon, "heading": page.heading,
            "prose": [page.lines()], "still": [page.lines(still=True)] if page.moving else None,
            "component": "traverse" if page is prose.HOME else page.path,
        }
        for page in pages
    ]  # fmt: skip


def site_comparisons(runs: Sequence[Exported]) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    """Comparisons of the runs, where there are several, and of the sweeps whose figures come with the app.

    Returns:
        The comparisons, the runs at the last epoch of each; and their data at the epochs up to which all of them have
        come, many of which make a part of their own.
    """
    here = {each.live.space.run for each in runs}
    found, by_epoch = [], {}
    if len(runs) > 1:
        compared, names = [each.run for each in runs], [each.live.space.run for each in runs]
        comparison = compare(compared, names=names)
        if comparison["runs"]:
            last = min(one["epoch"] for one in comparison["runs"])
            measured = [_measured(run) for run in compared]  # once for all epochs
            for epoch in thin(list(range(1, last + 1)), MOST_EPOCHS) if last > 1 else []:
                by_epoch[epoch] = comparison_data(compare(compared, epoch, names=names, measured=measured), here)
            found.append({"label": "The runs of this page", "address": {"runs": "*"}, "epochs": list(by_epoch),
                          "data": comparison_data(comparison, here)})  # fmt: skip
    for path in sorted((ASSETS / "sweeps").glob("*.json")):
        with contextlib.suppress(RunError):
            data = comparison_data(read_comparison(path), here)
            found.append({"label": f"The sweep {path.stem}, its figures", "address": {"sweep": path.stem},
                          "epochs": [], "data": data})  # fmt: skip
    return found, by_epoch


def _measured(run: Run) -> dict[int, dict[str, Any]] | None:
    """What was measured of a run; None where that is damaged, which the comparison tells."""
    try:
        return run.measured()
    except RunError:
        return None


def site_pairing(runs: Sequence[Exported]) -> dict[str, Any]:
    """How the dimensions of each two runs are paired, by both keys, that of the leading one first."""
    return {
        f"{lead.live.key} {other.live.key}": pairing(lead.run, other.run, shared_epochs(lead.live, other.live))
        for lead in runs
        for other in runs
        if lead is not other
    }


def site_home(pages: Sequence[dict[str, Any]], runs: Sequence[Exported], lesson: str | None) -> dict[str, Any]:
    """What Home says whatever the run.

    Args:
        lesson: the name of the one that comes along.
    """
    there = {page["path"] for page in pages}
    by_weight = sorted(runs, key=lambda each: tuple(each.run.config.objective.items()))
    return {
        "lesson": prose.TEN_MINUTES if lesson == FIRST else "",
        "by_weight": [each.live.space.run for each in by_weight],
        "way": prose.WAY, "taught": prose.TAUGHT, "trades_title": prose.TRADES[0], "trades": prose.TRADES[1],
        "next_title": prose.NEXT,
        "next": [[page.path, page.title, page.invitation] for page in prose.INVITED if page.path in there],
    }  # fmt: skip


def site_texts(runs: Sequence[Exported]) -> dict[str, str]:
    """What stands between components."""
    heading, lines = prose.BESIDE
    texts = {"beside_title": heading, "beside": lines, "quality_title": quality.TITLE}
    measured = next((each.film.about for each in runs if each.film.about.get("kinds")), None)
    return texts | ({"quality_note": quality.meanings(measured)} if measured else {})


def site_quality() -> dict[str, Any]:
    """How the figures of quality are drawn over the epochs."""
    styles = {
        kind: {"name": name, "colour": colour, "dash": dash, "symbol": symbol}
        for kind, (name, colour, dash, symbol) in quality.KINDS.items()
    }
    return {"measures": quality.MEASURES, "kinds": styles}


def site_runs(runs: Sequence[Exported], parts: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """What is told of each run.

    Args:
        parts: of each, the names of its deliveries by those of `PARTS`.
    """
    records = [{record.epoch: record for record in each.run.history()} for each in runs]
    summaries = [summarise(each.meaning, each.figures) for each in runs]
    lasts = [record[each.live.space.epochs[-1]] for each, record in zip(runs, records, strict=True)]
    said = to_see(list(zip(lasts, summaries, strict=True)))
    found = []
    for each, record, last, summary, sentence, names in zip(runs, records, lasts, summaries, said, parts, strict=True):
        live, run = each.live, each.run
        home = objective(run, last)
        found.append(
            {
                "name": live.space.run, "key": live.key, "dataset": run.config.dataset_name, "noun": noun(run),
                "latent_dim": run.config.latent_dim, "epochs": list(live.space.epochs), "imported": run.imported,
                "active": live.active, "weight": run.config.weight,
                "said": each.said(), "problems": [*live.problems, *each.meaning.problems, *each.film.problems],
                "facts": about_run(run, record),
                "standing": {epoch: about_epoch(run, record[epoch]) for epoch in live.space.epochs},
                "home": {
                    "formula": home.formula, "symbols": home.symbols, "terms": [list(term) for term in home.terms],
                    "line": figures_line(run, last), "said": sentence,
                },
                "summary": None if summary is None else _line(live.space.run, run.config.weight, summary),
                "meaning": each.meaning.key, "figures": each.figures.key, "film": _film(each),
                "data": {"traverse": {"rows": live.active}, "draw": {"centred": centred(run)}},
                "parts": {name: names.get(name) for name in
                          ("head", "rest", "meaning", "figures", "film", "encoders", "posteriors")},
            }
        )  # fmt: skip
    return found


def _line(name: str, weight: str, summary: Summary) -> dict[str, Any]:
    return {"name": name, "weight": weight, **asdict(summary)}


def _film(each: Exported) -> dict[str, Any]:
    about, plan = film_figures(each.live), each.plan
    said, table, figures = [], None, None
    if about.get("kinds"):
        said = [f"{quality.say_size(about)}, {about['neighbours']} neighbours."]
        if (len(plan.epochs), plan.images) != (len(about["epochs"]), about["images"]):
            said.append(f"This page shows {len(plan.epochs)} of the frames and {plan.images:,} of the images.")
        said.append(quality.in_words(about))
        lines = [[name, *cells] for name, cells in quality.rows(about).items()]
        table = {"head": ["", *quality.COLUMNS], "rows": lines, "note": quality.TABLE}
        kinds = {
            kind: {name: [round(value, 5) for value in found.get(name, [])] for name in quality.MEASURES}
            for kind, found in about["kinds"].items()
        }
        figures = {"epochs": about["epochs"], "kinds": kinds}
    return {
        "key": each.film.key, "shapes": each.film.shapes, "said": said, "table": table, "figures": figures
    }  # fmt: skip
