"""A comparison as one picture, SVG or PNG: the rate–distortion plane, and what was measured against β beside it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from PIL import Image, ImageDraw

from bvae.compared import FIGURES, NATS, Comparison, about
from bvae.numbers import number
from bvae.pictures import font, spelled

WIDTH, HEIGHT = 1200, 680
PAPER, INK, MUTED, FAINT = "#ffffff", "#31333f", "#6b6d78", "#dcdde3"
SERIES = ("#1c64c8", "#b85208", "#832db6", "#4d7c0f", "#a8324a", "#5b6470")  # later ones begin anew
SMOOTH = 3  # a PNG is drawn so many times larger, and made smaller
PNG_SCALE = 2

Anchor = Literal["start", "middle", "end"]


class Sheet(Protocol):
    """What is drawn on, in pixels from the upper left corner."""

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: str, width: float = 1) -> None: ...

    def circle(self, at: tuple[float, float], radius: float, colour: str, filled: bool = True) -> None: ...

    def text(
        self, at: tuple[float, float], words: str, size: float = 12, anchor: Anchor = "start", colour: str = INK
    ) -> None: ...

    def save(self, path: Path) -> None: ...


class Svg:
    """A sheet whose letters a browser draws."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: str, width: float = 1) -> None:
        (x1, y1), (x2, y2) = start, end
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width:g}"/>'
        )

    def circle(self, at: tuple[float, float], radius: float, colour: str, filled: bool = True) -> None:
        fill = colour if filled else PAPER
        self.parts.append(
            f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" fill="{fill}" stroke="{colour}" '
            'stroke-width="1.5"/>'
        )

    def text(
        self, at: tuple[float, float], words: str, size: float = 12, anchor: Anchor = "start", colour: str = INK
    ) -> None:
        self.parts.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{colour}">'
            f"{escape(words)}</text>"
        )

    def save(self, path: Path) -> None:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="sans-serif"><rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
        )
        path.write_text("\n".join([head, *self.parts, "</svg>\n"]), encoding="utf-8")


class Png:
    """A sheet of dots, with the letters that `spelled` has."""

    def __init__(self) -> None:
        self.scale = SMOOTH * PNG_SCALE
        self.image = Image.new("RGB", (WIDTH * self.scale, HEIGHT * self.scale), PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: str, width: float = 1) -> None:
        self.draw.line(
            [value * self.scale for value in (*start, *end)], fill=colour, width=max(1, round(width * self.scale))
        )

    def circle(self, at: tuple[float, float], radius: float, colour: str, filled: bool = True) -> None:
        (x, y), far = at, radius + 0.75
        box = [(value) * self.scale for value in (x - far, y - far, x + far, y + far)]
        self.draw.ellipse(box, fill=colour if filled else PAPER, outline=colour, width=round(1.5 * self.scale))

    def text(
        self, at: tuple[float, float], words: str, size: float = 12, anchor: Anchor = "start", colour: str = INK
    ) -> None:
        side = {"start": "ls", "middle": "ms", "end": "rs"}[anchor]
        x, y = (value * self.scale for value in at)
        self.draw.text((x, y), spelled(words), colour, font(round(size * self.scale)), anchor=side)

    def save(self, path: Path) -> None:
        self.image.resize((WIDTH * PNG_SCALE, HEIGHT * PNG_SCALE), Image.Resampling.LANCZOS).save(path, format="PNG")


class Axes(NamedTuple):
    """Where values stand on the sheet."""

    left: float
    right: float
    top: float
    bottom: float
    x: Callable[[float], float]
    y: Callable[[float], float]


def save_comparison(path: Path, comparison: Comparison, suffix: str) -> None:
    """Draw a comparison into a file: PNG by the suffix `.png`, else SVG."""
    sheet: Sheet = Png() if suffix == ".png" else Svg()
    title = "What β trades" + (f": {comparison['name']}" if comparison["name"] else "")
    sheet.text((24, 34), title, 20)
    _plane(sheet, comparison, (72, 640, 66, HEIGHT - 96))
    used = [name for name in FIGURES if name not in NATS and any(name in g["figures"] for g in comparison["groups"])]
    for place, name in enumerate(used):
        left, top = 712 + 246 * (place % 2), 66 + 140 * (place // 2)
        _against(sheet, comparison, name, (left, left + 200, top, top + 96))
    for place, words in enumerate(_broken(about(comparison), 190)):
        sheet.text((24, HEIGHT - 30 + 16 * place), words, 11, colour=MUTED)
    sheet.save(path)


def _groups(comparison: Comparison) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    """Colour, label and groups of each series."""
    for place, series in enumerate(comparison["series"]):
        groups = [comparison["groups"][group] for group in series["groups"]]
        yield SERIES[place % len(SERIES)], series["label"], groups


# The plane -------------------------------------------------------------------------------------------------------


def _plane(sheet: Sheet, comparison: Comparison, box: tuple[float, float, float, float]) -> None:
    runs = [(run["figures"]["kl"], run["figures"]["above"]) for run in comparison["runs"]]
    axes = _axes([kl for kl, _ in runs], [above for _, above in runs], box)
    above = "Reconstruction above its floor, nats an image" if comparison["floor"] else "Reconstruction, nats an image"
    _frame(sheet, axes, runs, "KL, nats an image")
    sheet.text((axes.left - 48, axes.top - 14), above, 12, colour=MUTED)
    _diagonals(sheet, axes, runs, comparison["floor"])
    for colour, label, groups in _groups(comparison):
        means = [(group["figures"]["kl"], group["figures"]["above"], group) for group in groups]
        points = [(axes.x(kl["mean"]), axes.y(higher["mean"])) for kl, higher, _ in means]
        for start, end in itertools.pairwise(points):
            sheet.line(start, end, colour, 1.5)
        for (kl, higher, group), (x, y) in zip(means, points, strict=True):
            if kl["half"] is not None:
                off_x, off_y = (axes.x(kl["half"]) - axes.x(0)), (axes.y(0) - axes.y(higher["half"]))
                sheet.line((x - off_x, y), (x + off_x, y), colour)
                sheet.line((x, y - off_y), (x, y + off_y), colour)
            for place in group["runs"]:
                figures = comparison["runs"][place]["figures"]
                sheet.circle((axes.x(figures["kl"]), axes.y(figures["above"])), 3.5, colour, filled=False)
            sheet.text((x + 9, y - 9), group["weight"], 13, colour=colour)
        if label and points:
            sheet.text((points[0][0] + 9, points[0][1] + 18), label, 11, colour=colour)


def _diagonals(sheet: Sheet, axes: Axes, runs: Sequence[tuple[float, float]], floor: float) -> None:
    """Along each line −ELBO stays the same."""
    sums = [floor + kl + higher for kl, higher in runs]
    for bound in _ticks(min(sums), max(sums), 5):
        ends = []
        for step in range(201):  # where it is within the box
            x = axes.left + (axes.right - axes.left) * step / 200
            kl = (x - axes.x(0)) / (axes.x(1) - axes.x(0))
            y = axes.y(bound - floor - kl)
            if axes.top <= y <= axes.bottom:
                ends.append((x, y))
        if len(ends) > 1:
            sheet.line(ends[0], ends[-1], FAINT)
            sheet.text((ends[0][0] + 4, ends[0][1] - 4), f"−ELBO {number(bound, 0)}", 10, colour=MUTED)


# Against β -------------------------------------------------------------------------------------------------------


def _against(sheet: Sheet, comparison: Comparison, name: str, box: tuple[float, float, float, float]) -> None:
    """A figure against what weighs the KL, with an interval over seeds."""
    kind = comparison["groups"][comparison["series"][0]["groups"][0]]["objective"]
    shown = [(colour, [group for group in groups if group["objective"] == kind and name in group["figures"]])
             for colour, _, groups in _groups(comparison)]  # fmt: skip
    values = sorted({group["value"] for _, groups in shown for group in groups})
    spreads = [group["figures"][name] for _, groups in shown for group in groups]
    if not values:
        return
    lows = [min(one["low"], one["mean"] - (one["half"] or 0)) for one in spreads]
    highs = [max(one["high"], one["mean"] + (one["half"] or 0)) for one in spreads]
    even = {value: place for place, value in enumerate(values)}
    across = [math.log(value) for value in values] if values[0] > 0 else list(range(len(values)))
    axes = _axes(across, [*lows, *highs], box)
    called, _ = FIGURES[name]
    sheet.text((axes.left - 24, axes.top - 12), called[0].upper() + called[1:], 13)
    for value in _ticks(min(lows), max(highs), 3):
        sheet.line((axes.left, axes.y(value)), (axes.right, axes.y(value)), FAINT)
        sheet.text((axes.left - 4, axes.y(value) + 4), f"{value:g}", 10, "end", MUTED)
    for value in values:
        sheet.text((axes.x(across[even[value]]), axes.bottom + 16), f"{value:g}", 10, "middle", MUTED)
    sheet.text((axes.right + 14, axes.bottom + 16), "β" if kind == "beta" else "C", 10, "middle", MUTED)
    for colour, groups in shown:
        points = [(axes.x(across[even[group["value"]]]), axes.y(group["figures"][name]["mean"])) for group in groups]
        for start, end in itertools.pairwise(points):
            sheet.line(start, end, colour, 1.5)
        for (x, y), group in zip(points, groups, strict=True):
            half = group["figures"][name]["half"]
            if half is not None:
                off = axes.y(0) - axes.y(half)
                sheet.line((x, y - off), (x, y + off), colour)
            for place in group["runs"]:
                if (value := comparison["runs"][place]["figures"].get(name)) is not None:
                    sheet.circle((x, axes.y(value)), 2, colour, filled=False)
            sheet.circle((x, y), 3, colour)


# Axes ------------------------------------------------------------------------------------------------------------


def _axes(across: Sequence[float], up: Sequence[float], box: tuple[float, float, float, float]) -> Axes:
    """Values over the box, with room around them."""
    left, right, top, bottom = box

    def scale(values: Sequence[float], first: float, last: float) -> Callable[[float], float]:
        low, high = min(values), max(values)
        room = 0.1 * (high - low) or max(0.5, 0.1 * abs(high))
        return lambda value: first + (value - low + room) / (high - low + 2 * room) * (last - first)

    return Axes(left, right, top, bottom, scale(across, left, right), scale(up, bottom, top))


def _frame(sheet: Sheet, axes: Axes, runs: Sequence[tuple[float, float]], across: str) -> None:
    kl, above = zip(*runs, strict=True)
    for value in _ticks(min(kl), max(kl), 6):
        sheet.line((axes.x(value), axes.bottom), (axes.x(value), axes.bottom + 5), MUTED)
        sheet.text((axes.x(value), axes.bottom + 20), f"{value:g}", 11, "middle", MUTED)
    for value in _ticks(min(above), max(above), 6):
        sheet.line((axes.left - 5, axes.y(value)), (axes.left, axes.y(value)), MUTED)
        sheet.text((axes.left - 9, axes.y(value) + 4), f"{value:g}", 11, "end", MUTED)
    sheet.line((axes.left, axes.bottom), (axes.right, axes.bottom), MUTED)
    sheet.line((axes.left, axes.top), (axes.left, axes.bottom), MUTED)
    sheet.text((axes.right, axes.bottom + 38), across, 12, "end", MUTED)


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers that cover a range, about `count` of them; as assets/js/shared/axes.js has them."""
    if high <= low:
        return [low]
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def _broken(text: str, most: int) -> list[str]:
    """Lines of at most so many letters, broken between words."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
