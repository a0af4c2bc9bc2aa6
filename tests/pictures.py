"""Digits as people photograph, scan and draw them: one coverage of ink, and what paper, light and files do to it."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from bvae.data import load_dataset

Trait = Callable[[np.ndarray, np.random.Generator], bytes]
# The size of a digit on its page, its pen and its page, in pixels; the pen as a share of the digit's height.
HEIGHT, PEN, PAGE = 126, 0.09, (200, 200)


def arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> list[tuple[float, float]]:
    angles = np.radians(np.linspace(start, end, 48))
    return [(x + wide * np.cos(angle), y + high * np.sin(angle)) for angle in angles]


# In a box 0.62 wide and 1 high, y downwards.
STROKES = {
    0: [arc(0.31, 0.5, 0.29, 0.48, -90, 270)],
    1: [[(0.12, 0.2), (0.34, 0.02), (0.34, 0.98)]],
    2: [[*arc(0.31, 0.28, 0.28, 0.26, -170, 40), (0.03, 0.98), (0.6, 0.98)]],
    3: [arc(0.29, 0.26, 0.26, 0.24, -150, 80), arc(0.28, 0.73, 0.31, 0.25, -80, 150)],
    4: [[(0.44, 0.98), (0.44, 0.02), (0.02, 0.68), (0.62, 0.68)]],
    5: [[(0.55, 0.03), (0.12, 0.03), (0.08, 0.45), *arc(0.29, 0.68, 0.3, 0.3, -130, 140)]],
    6: [[(0.45, 0.02), *arc(0.5, 0.6, 0.46, 0.55, -120, -170)], arc(0.31, 0.7, 0.28, 0.28, 180, -180)],
    7: [[(0.02, 0.03), (0.6, 0.03), (0.22, 0.98)]],
    8: [arc(0.31, 0.25, 0.23, 0.22, 90, 450), arc(0.31, 0.73, 0.29, 0.26, -90, 270)],
    9: [arc(0.31, 0.3, 0.27, 0.28, 0, 360), [(0.58, 0.3), (0.5, 0.98)]],
}


def drawn(digit: int, height: float = HEIGHT, pen: float = PEN, fine: int = 3) -> np.ndarray:
    """A digit of strokes, cropped to its ink: the share of each pixel that it covers, (H, W) in [0, 1]."""
    size, width = height * fine, max(1.0, pen * height * fine)
    edge = int(width) + 2
    picture = Image.new("L", (int(0.64 * size) + 2 * edge, int(size) + 2 * edge), 0)
    brush = ImageDraw.Draw(picture)
    for stroke in STROKES[digit]:
        points = [(edge + x * (size - width), edge + y * (size - width)) for x, y in stroke]
        brush.line(points, fill=255, width=max(1, round(width)))
        if width > 3:
            for x, y in points:
                brush.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return reduced(cropped(np.array(picture) / 255), fine)


def written(digit: int, height: float = HEIGHT, pen: float = PEN) -> np.ndarray:
    """The first test digit of its class, enlarged smoothly and with a sharp edge, as `drawn`; its pen is its own."""
    image = first_of_class()[digit]
    enlarged = Image.fromarray(np.pad(image, 2)).resize((32 * 12, 32 * 12), Image.Resampling.BICUBIC)
    sharp = cropped(np.clip((np.array(enlarged) / 255 - 0.5) * 3 + 0.5, 0, 1))
    size = [max(1, round(length * height / max(sharp.shape))) for length in sharp.shape]
    small = Image.fromarray((255 * sharp).astype(np.uint8)).resize((size[1], size[0]), Image.Resampling.BOX)
    return np.array(small) / 255


@functools.cache
def first_of_class() -> dict[int, np.ndarray]:
    test = load_dataset("mnist").test
    labels = test.labels.numpy()
    return {digit: test.pixels[int(np.flatnonzero(labels == digit)[0])].numpy() for digit in range(10)}


def cropped(ink: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero((ink > 0.3).any(1)), np.flatnonzero((ink > 0.3).any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def reduced(ink: np.ndarray, step: int) -> np.ndarray:
    rows, columns = (-(-length // step) * step for length in ink.shape)
    padded = np.pad(ink, ((0, rows - ink.shape[0]), (0, columns - ink.shape[1])))
    return padded.reshape(rows // step, step, columns // step, step).mean((1, 3))


def placed(ink: np.ndarray, page: tuple[int, int] = PAGE, at: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    """Ink on a page of (width, height), at a share of the room that is left across and down."""
    sheet = np.zeros((page[1], page[0]))
    left, top = (round((room - size) * share) for room, size, share in zip(page, ink.shape[::-1], at, strict=True))
    sheet[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return sheet


def inked(ink: np.ndarray, paper: Any = 245, pen: Any = 30) -> np.ndarray:
    """Greys, or colours where paper or pen are one: each pixel between the two by the share that ink covers."""
    paper, pen = np.asarray(paper, float), np.asarray(pen, float)
    if paper.ndim or pen.ndim:
        ink = ink[..., None]
    return paper * (1 - ink) + pen * ink


def places(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """x and y of every pixel, 0 to 1."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return x / shape[1], y / shape[0]


def rising(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -50, 50)))


def ruled(shape: tuple[int, ...], every: float, thick: float, angle: float = 0, upright: bool = False) -> np.ndarray:
    """The share of each pixel that lines cover, askew by `angle` degrees."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    along, across = (y, x) if upright else (x, y)
    lean = np.tan(np.radians(angle)) * (-1 if upright else 1)
    off = np.abs((across + lean * along + every / 2) % every - every / 2)
    return np.clip(thick / 2 - off + 0.5, 0, 1)


def file_of(pixels: np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    held = io.BytesIO()
    Image.fromarray(np.clip(np.round(pixels), 0, 255).astype(np.uint8)).save(held, kind, **options)
    return held.getvalue()


def inverse(pixels: np.ndarray, wanted: bool) -> np.ndarray:
    return 255 - pixels if wanted else pixels


# Traits: from the coverage of a whole page, or of a digit cropped to its ink, to a file -------------------------------


def clean(ink: np.ndarray, rng: np.random.Generator) -> bytes:
    return file_of(inked(placed(ink)))


def shadow(ink: np.ndarray, rng: np.random.Generator, depth: float, at: float, soft: float) -> bytes:
    page = placed(ink)
    x, y = places(page.shape)
    return file_of(inked(page, 220, 28) * (1 - depth * rising(((x + y) / 2 - at) / soft)))


def gradient(ink: np.ndarray, rng: np.random.Generator, low: float, light: bool = False) -> bytes:
    page = placed(ink)
    x, y = places(page.shape)
    return file_of(inked(page, *((28, 235) if light else (240, 30))) * (low + (1 - low) * (x + y) / 2))


def vignette(ink: np.ndarray, rng: np.random.Generator, low: float, light: bool = False) -> bytes:
    page = placed(ink)
    x, y = places(page.shape)
    falling = 1 - (1 - low) * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2
    return file_of(inked(page, *((30, 240) if light else (235, 35))) * falling)


def lines(
    ink: np.ndarray,
    rng: np.random.Generator,
    colour: tuple[int, int, int],
    every: float = 17,
    thick: float = 1.4,
    angle: float = 0,
    squared: bool = False,
    noise: float = 0,
) -> bytes:
    page = placed(ink)
    printed = ruled(page.shape, every, thick, angle)
    if squared:
        printed = np.maximum(printed, ruled(page.shape, every, thick, angle, upright=True))
    pixels = np.minimum(inked(printed, 247, colour), inked(page, (247, 247, 247), 25))
    return file_of(pixels + noise * rng.normal(size=pixels.shape))


def dust(ink: np.ndarray, rng: np.random.Generator, count: int, radius: float, grey: int = 20) -> bytes:
    page = placed(ink, (260, 260))
    pixels = inked(page)
    y, x = np.mgrid[0 : page.shape[0], 0 : page.shape[1]]
    row, column = np.nonzero(page > 0.1)
    for _ in range(count):
        while True:
            at = rng.uniform(4, 256, 2)
            if np.hypot(column - at[0], row - at[1]).min() > radius + 5:
                break
        spot = np.clip(radius - np.hypot(x - at[0], y - at[1]) + 0.5, 0, 1)
        pixels = pixels * (1 - spot) + grey * spot
    return file_of(pixels)


def noise(ink: np.ndarray, rng: np.random.Generator, sigma: float = 0, single: float = 0) -> bytes:
    page = placed(ink)
    pixels = inked(page, 235, 70) + sigma * rng.normal(size=page.shape)
    chance = rng.random(page.shape)
    pixels[chance < single / 2] = 0
    pixels[chance > 1 - single / 2] = 255
    return file_of(pixels)


def jpeg(ink: np.ndarray, rng: np.random.Generator, quality: int, pen: tuple[int, int, int] = (30, 30, 30)) -> bytes:
    page = placed(ink)
    return file_of(inked(page, 245, pen) + 3 * rng.normal(size=(*page.shape, 1)), "JPEG", quality=quality)


def scan_edge(
    ink: np.ndarray, rng: np.random.Generator, wide: int, sides: str, grey: int = 15, light: bool = False
) -> bytes:
    page = placed(ink)
    pixels = inked(page)
    for side in sides:
        part = {"l": np.s_[:, :wide], "r": np.s_[:, -wide:], "t": np.s_[:wide], "b": np.s_[-wide:]}[side]
        pixels[part] = grey
    return file_of(inverse(pixels, light))


def frame(ink: np.ndarray, rng: np.random.Generator, wide: int, inset: int, grey: int = 20) -> bytes:
    page = placed(ink, (240, 240))
    pixels = inked(page)
    sheet = Image.fromarray(pixels.astype(np.uint8))
    ImageDraw.Draw(sheet).rectangle([inset, inset, 239 - inset, 239 - inset], outline=grey, width=wide)
    return file_of(np.array(sheet))


def table(
    ink: np.ndarray,
    rng: np.random.Generator,
    colour: tuple[int, int, int],
    half: float = 0.37,
    angle: float = 0,
    grain: float = 0,
    low: float = 1,
) -> bytes:
    page = placed(ink, (250, 250))
    x, y = places(page.shape)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    far = np.maximum(np.abs((x - 0.5) * cos + (y - 0.5) * sin), np.abs((y - 0.5) * cos - (x - 0.5) * sin))
    sheet = np.clip((half - far) * 250 + 0.5, 0, 1)[..., None]
    ground = np.array(colour) + grain * rng.normal(size=(*page.shape, 1))
    pixels = inked(page, 242, 30)[..., None] * sheet + ground * (1 - sheet)
    return file_of(pixels * (low + (1 - low) * x[..., None]))


def colours(ink: np.ndarray, rng: np.random.Generator, pen: tuple[int, int, int], paper: tuple[int, int, int]) -> bytes:
    return file_of(inked(placed(ink), paper, pen) + 2 * rng.normal(size=(*PAGE[::-1], 3)))


def transparent(ink: np.ndarray, rng: np.random.Generator, grey: int) -> bytes:
    page = Image.fromarray((255 * placed(ink)).astype(np.uint8))
    held = io.BytesIO()
    Image.merge("LA", [Image.new("L", page.size, grey), page]).save(held, "PNG")
    return held.getvalue()


def deep(ink: np.ndarray, rng: np.random.Generator, most: int = 4095, base: int = 0, light: bool = False) -> bytes:
    """A PNG of 16 bits that uses 12 of them or fewer."""
    page = placed(ink)
    values = base + most * (0.05 + 0.9 * (page if light else 1 - page)) + 30 * rng.random(page.shape)
    held = io.BytesIO()
    Image.fromarray(values.astype(np.uint16)).save(held, "PNG")
    return held.getvalue()


def faint(ink: np.ndarray, rng: np.random.Generator, pen: int, sigma: float) -> bytes:
    return file_of(inked(placed(ink), 240, pen) + sigma * rng.normal(size=PAGE[::-1]))


def touching(ink: np.ndarray, rng: np.random.Generator, at: tuple[float, float] | None, light: bool = False) -> bytes:
    """Against an edge of the page, or cropped to its ink."""
    return file_of(inverse(inked(ink if at is None else placed(ink, at=at)), light))


def small(ink: np.ndarray, rng: np.random.Generator, side: int, light: bool = False) -> bytes:
    """As coarse as MNIST's own images, in which the digit is 20 of 28 pixels high."""
    page = placed(ink, (round(HEIGHT * 1.4),) * 2)
    picture = Image.fromarray((255 * page).astype(np.uint8)).resize((side, side), Image.Resampling.BOX)
    return file_of(inverse(inked(np.array(picture) / 255, 255, 0), light))


def beside(ink: np.ndarray, kind: str, at: list[float], wide: int, grey: Any = 40) -> bytes:
    """Something else on the page, drawn by a method of Pillow's: a box or a circle around the digit, a line, a pen."""
    sheet = Image.fromarray(inked(placed(ink, (300, 300)), (245, 245, 245), 30).astype(np.uint8))
    colour = (grey,) * 3 if isinstance(grey, int) else grey
    getattr(ImageDraw.Draw(sheet), kind)(at, width=wide, **{"fill" if kind == "line" else "outline": colour})
    return file_of(np.array(sheet))


def outlined(ink: np.ndarray, rng: np.random.Generator, kind: str, far: int, wide: int, grey: int = 40) -> bytes:
    return beside(ink, kind, [150 - far, 150 - far, 150 + far, 150 + far], wide, grey)


def half_outlined(ink: np.ndarray, rng: np.random.Generator, open_for: int) -> bytes:
    """A box by hand, which does not quite close."""
    return beside(ink, "line", [60, 60, 242, 57, 238, 243, 58, 240, 61, 60 + open_for], 4)


def underlined(ink: np.ndarray, rng: np.random.Generator, wide: int) -> bytes:
    return beside(ink, "line", [75, 243, 220, 246], wide)


def lying_pen(ink: np.ndarray, rng: np.random.Generator, at: list[float]) -> bytes:
    return beside(ink, "line", at, 14, (40, 60, 140))


def stained(ink: np.ndarray, rng: np.random.Generator, soft: float) -> bytes:
    """The ring of a cup."""
    page = placed(ink, (300, 300))
    y, x = np.mgrid[0:300, 0:300]
    ring = np.exp(-(((np.hypot(x - 235, y - 240) - 50) / soft) ** 2))
    return file_of(inked(page, (245, 245, 245), 30) * (1 - 0.25 * ring[..., None] * np.array([0.4, 0.7, 1])))


def shown_through(ink: np.ndarray, rng: np.random.Generator, grey: int) -> bytes:
    """With what is written on the other side of the sheet."""
    other = placed(drawn(2)[:, ::-1], at=(0.1, 0.3))
    return file_of(np.minimum(inked(placed(ink), 240, 35), inked(other, 240, grey)) + 2 * rng.normal(size=PAGE[::-1]))


def dotted(ink: np.ndarray, rng: np.random.Generator, every: int, grey: int) -> bytes:
    page = placed(ink, (240, 240))
    y, x = np.mgrid[0:240, 0:240]
    dots = np.clip(1.8 - np.hypot(x % every - every / 2, y % every - every / 2), 0, 1)
    return file_of(np.minimum(inked(page), inked(dots, 245, grey)))


def cut(ink: np.ndarray, rng: np.random.Generator, wide: int) -> bytes:
    """In two halves, as where a sheet was folded or a line was taken out."""
    page = placed(ink)
    page[100 - wide // 2 : 100 + wide // 2] = 0
    return file_of(inked(page))


def all_at_once(ink: np.ndarray, rng: np.random.Generator, angle: float, quality: int) -> bytes:
    """A photograph of a sheet of ruled paper on a table, in the light of one lamp, with specks."""
    page = placed(ink, (320, 320), (0.45, 0.5))
    x, y = places(page.shape)
    printed = ruled(page.shape, 22, 1.6, angle)
    pixels = np.minimum(inked(printed, 235, (150, 170, 210)), inked(page, (235, 235, 235), (40, 45, 90)))
    far = np.maximum(np.abs(x - 0.5 + 0.05 * (y - 0.5)), np.abs(y - 0.5 - 0.05 * (x - 0.5)))
    sheet = np.clip((0.42 - far) * 320 + 0.5, 0, 1)[..., None]
    for left, top in rng.integers(50, 90, (6, 2)):
        pixels[top : top + 3, left : left + 3] = 60
    pixels = pixels * sheet + np.array((90, 65, 50)) * (1 - sheet)
    lamp = 0.55 + 0.45 * np.exp(-((x - 0.3) ** 2 + (y - 0.4) ** 2) / 0.3)
    return file_of(pixels * lamp[..., None] + 4 * rng.normal(size=pixels.shape), "JPEG", quality=quality)


# By name: settings of a trait, each with the digit's size and pen where they are not the usual ones.
TRAITS: dict[str, list[tuple[Callable[..., bytes], dict[str, Any], dict[str, float]]]] = {
    "corner shadow": [
        (shadow, {"depth": 0.45, "at": 0.65, "soft": 0.03}, {}),
        (shadow, {"depth": 0.6, "at": 0.5, "soft": 0.02}, {"pen": 0.05}),
    ],
    "gradient of light": [
        (gradient, {"low": 0.25}, {}),
        (gradient, {"low": 0.4, "light": True}, {}),
    ],
    "vignette": [
        (vignette, {"low": 0.2}, {}),
        (vignette, {"low": 0.3, "light": True}, {"pen": 0.06}),
    ],
    "ruled paper": [
        (lines, {"colour": (150, 175, 215)}, {}),
        (lines, {"colour": (60, 60, 70), "angle": 2.5}, {}),
        (lines, {"colour": (220, 120, 120), "every": 30, "thick": 2, "angle": -1.5, "noise": 5}, {"pen": 0.06}),
    ],
    "squared paper": [
        (lines, {"colour": (160, 180, 210), "squared": True}, {}),
        (lines, {"colour": (80, 80, 90), "squared": True, "angle": -2, "every": 21}, {}),
        (lines, {"colour": (190, 205, 225), "squared": True, "every": 7, "thick": 1.1, "noise": 2}, {}),
    ],
    "dotted paper": [(dotted, {"every": 12, "grey": 170}, {}), (dotted, {"every": 15, "grey": 110}, {})],
    "box or circle around it": [
        (outlined, {"kind": "rectangle", "far": 80, "wide": 2}, {}),
        (outlined, {"kind": "ellipse", "far": 108, "wide": 4, "grey": 90}, {}),
        (half_outlined, {"open_for": 20}, {}),
    ],
    "something beside it": [
        (underlined, {"wide": 8}, {}),
        (lying_pen, {"at": [270, 15, 285, 310]}, {"height": 110}),
        (stained, {"soft": 5}, {}),
        (shown_through, {"grey": 205}, {}),
    ],
    "cut in two": [(cut, {"wide": 6}, {}), (cut, {"wide": 12}, {})],
    "dust": [
        (dust, {"count": 2, "radius": 3}, {"height": 60}),
        (dust, {"count": 40, "radius": 1.6}, {}),
        (dust, {"count": 4, "radius": 6, "grey": 90}, {}),
    ],
    "noise": [
        (noise, {"sigma": 22}, {}),
        (noise, {"sigma": 4, "single": 0.03}, {}),
        (noise, {"sigma": 9}, {"height": 40}),
    ],
    "JPEG": [(jpeg, {"quality": 8}, {}), (jpeg, {"quality": 15, "pen": (30, 60, 160)}, {"pen": 0.06})],
    "edge of a scan": [
        (scan_edge, {"wide": 6, "sides": "l"}, {}),
        (scan_edge, {"wide": 12, "sides": "tb", "grey": 100}, {}),
        (scan_edge, {"wide": 5, "sides": "rb", "light": True}, {}),
    ],
    "frame of a scan": [(frame, {"wide": 4, "inset": 0}, {}), (frame, {"wide": 2, "inset": 9}, {})],
    "sheet on a table": [
        (table, {"colour": (50, 40, 35), "angle": 6, "grain": 6}, {"height": 110}),
        (table, {"colour": (150, 120, 90), "grain": 10, "low": 0.6}, {"height": 110}),
        (table, {"colour": (0, 0, 0), "half": 0.27}, {"height": 90}),
    ],
    "thin lines": [
        (clean, {}, {"pen": 0.008}),
        (gradient, {"low": 0.6, "light": True}, {"pen": 0.012}),
    ],
    "thick lines": [(clean, {}, {"pen": 0.2}), (gradient, {"low": 0.6, "light": True}, {"pen": 0.18})],
    "faint pencil": [(faint, {"pen": 225, "sigma": 0}, {}), (faint, {"pen": 212, "sigma": 4}, {})],
    "colours of equal lightness": [
        (colours, {"pen": (200, 60, 60), "paper": (94, 118, 118)}, {}),
        (colours, {"pen": (120, 120, 255), "paper": (140, 140, 30)}, {}),
    ],
    "transparent": [(transparent, {"grey": 0}, {}), (transparent, {"grey": 255}, {})],
    "12 of 16 bits": [
        (deep, {}, {}),
        (deep, {"most": 2047, "base": 20_000}, {}),
        (deep, {"light": True}, {}),
    ],
    "at the edge": [
        (touching, {"at": (0.5, 0)}, {}),
        (touching, {"at": (1, 1)}, {}),
        (touching, {"at": None, "light": True}, {}),
    ],
    "as small as MNIST's": [
        (small, {"side": 28}, {"pen": 0.115}),
        (small, {"side": 36, "light": True}, {"pen": 0.115}),
    ],
    "all at once": [(all_at_once, {"angle": 1.2, "quality": 60}, {"height": 130})],
}


def pictures(trait: str) -> list[tuple[str, int, bytes]]:
    """Files of all digits under each setting of a trait, drawn and written by turns: (source, digit, file)."""
    made = []
    for place, (apply, setting, size) in enumerate(TRAITS[trait]):
        for digit in range(10):
            own_pen = {"thin lines", "thick lines", "as small as MNIST's"}
            source = "drawn" if trait in own_pen or (place + digit) % 2 == 0 else "written"
            ink = (drawn if source == "drawn" else written)(digit, **size)
            rng = np.random.default_rng([len(trait), place, digit])
            made.append((source, digit, apply(ink, rng, **setting)))
    return made
