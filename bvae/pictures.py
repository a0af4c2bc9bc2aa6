"""Arrays of images as PNG and GIF files that say what they show, crisp and white on black."""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 1  # pixels between tiles, before scaling
LONG_SIDE = 800  # pixels that the longer side of the images has at least, for a slide
LEAST_SCALE = 3
LEAST_SIZE = 9  # of letters; what is too long even so is cut
PAPER, INK, GROUND = 255, 24, 64
# Pillow's own font, which is there on every machine, has neither these nor other Greek letters.
_SPELLED = str.maketrans({"β": "beta", "σ": "sigma", "γ": "gamma", "−": "-", "×": "x", "→": "to", "ß": "ss"})


def mosaic(images: np.ndarray, columns: int) -> np.ndarray:
    """Lay images (N, H, W), uint8 or float in [0, 1], in rows of `columns` on grey ground: (rows, width) uint8."""
    tiles = _bytes(images)
    count, height, width = tiles.shape
    rows = -(-count // columns)
    ground = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP), GROUND, np.uint8)
    for position, tile in enumerate(tiles):
        top = GAP + position // columns * (height + GAP)
        left = GAP + position % columns * (width + GAP)
        ground[top : top + height, left : left + width] = tile
    return ground


def save_sheet(
    path: Path,
    images: np.ndarray,
    columns: int,
    title: Sequence[str],
    rows: Sequence[str] = (),
    heads: Sequence[str] = (),
) -> None:
    """Save images (N, H, W) in rows of `columns` as a PNG with words around them.

    Args:
        title: lines above, of which the first says of what the images are; long ones are broken.
        rows: what stands before each row, in lines.
        heads: what stands above each column, in lines; smaller where columns are narrow.
    """
    small = mosaic(images, columns) if len(images) > 1 else _bytes(images)[0]
    scale = max(LEAST_SCALE, _scale_of(small.shape))
    tiles = _enlarged(small, scale)
    size = min(28, max(18, round(max(tiles.size) / 50)))
    pad = size // 2
    gutter = max((_wide(row, size) for row in rows), default=-pad) + pad + pad
    column = tiles.width / columns
    heads = ["\n".join(_fitting(line, int(0.95 * column)) for line in head.split("\n")) for head in heads]
    widest = max((_wide(head, size) for head in heads), default=1)
    head_size = max(LEAST_SIZE, min(size, int(size * 0.9 * column / widest)))
    head_room = max((_high(head, head_size) for head in heads), default=0) + pad * bool(heads)
    width = max(gutter + tiles.width + pad, 480)
    lines = _broken(title, size, width - 2 * pad)
    top = pad + _high("\n".join(lines), size) + pad + head_room
    page = Image.new("L", (width, top + tiles.height + pad), PAPER)
    draw = ImageDraw.Draw(page)
    _write(draw, (pad, pad), lines, size)
    for place, head in enumerate(heads):
        middle, words = gutter + column * (place + 0.5), spelled(head).split("\n")
        for line, word in enumerate(words):
            at = (middle, top - pad / 2 - (len(words) - 1 - line) * _line(head_size))
            draw.text(at, word, INK, font(head_size), anchor="md")
    step = tiles.height / -(-len(images) // columns)
    for place, row in enumerate(rows):
        words = spelled(row).split("\n")
        for line, word in enumerate(words):
            middle = top + step * (place + 0.5) + (line - (len(words) - 1) / 2) * _line(size)
            draw.text((gutter - pad, middle), word, INK, font(size), anchor="rm")
    page.paste(tiles, (gutter, top))
    page.save(path, format="PNG")


def save_animation(
    path: Path, frames: np.ndarray, title: Sequence[str], moments: Sequence[str], seconds_a_frame: float = 0.08
) -> None:
    """Save frames (N, H, W) as a GIF that plays there and back for ever, over a band of words.

    Args:
        moments: what is said of each frame, in one line.
    """
    scale = _scale_of(frames.shape[1:])
    height, width = (side * scale for side in frames.shape[1:])
    size = max(18, width // 40)
    pad = size // 2
    lines = _broken(title, size, width - 2 * pad)
    images = []
    for frame, moment in zip(_bytes(frames), moments, strict=True):
        image = Image.new("L", (width, height + 2 * pad + (len(lines) + 1) * _line(size)), PAPER)
        image.paste(_enlarged(frame, scale), (0, 0))
        _write(ImageDraw.Draw(image), (pad, height + pad), [*lines, spelled(moment)], size)
        images.append(image)
    images += images[-2:0:-1]
    duration = round(1_000 * seconds_a_frame)
    images[0].save(path, format="GIF", save_all=True, append_images=images[1:], duration=duration, loop=0)


def cut(name: str, most: int = 24) -> str:
    """A name with no more letters than there is room for, the last of them a sign that there were more."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def spelled(text: str) -> str:
    """A text in the letters that the font has: those it lacks are spelled, lose their accents, or become "?"."""
    found = []
    for letter in text.translate(_SPELLED):
        if letter != "\n" and not _has(letter):
            plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
            letter = plain if plain.isprintable() and plain else "?"
        found.append(letter)
    return "".join(found)


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The letters of all pictures, so many pixels high."""
    return ImageFont.load_default(size)


@functools.cache
def _has(letter: str) -> bool:
    if letter.isspace() or not letter.isprintable():
        return letter == " "
    masks = [font(20).getmask(one) for one in (letter, "\uffff")]  # the second is what stands for one that it lacks
    return masks[0].size != masks[1].size or bytes(masks[0]) != bytes(masks[1])


def _line(size: int) -> int:
    return round(1.3 * size)


def _wide(text: str, size: int) -> int:
    return max(int(font(size).getlength(line)) + 1 for line in spelled(text).split("\n"))


def _fitting(line: str, room: int) -> str:
    most = len(line)
    while most > 1 and _wide(cut(line, most), LEAST_SIZE) > room:
        most -= 1
    return cut(line, most)


def _high(text: str, size: int) -> int:
    return _line(size) * (text.count("\n") + 1)


def _broken(texts: Sequence[str], size: int, room: int) -> list[str]:
    """Lines that fit into so many pixels, broken between words."""
    lines: list[str] = []
    for text in texts:
        line = ""
        for word in spelled(text).split(" "):
            longer = f"{line} {word}".lstrip()
            if line and _wide(longer, size) > room:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], lines: Sequence[str], size: int) -> None:
    for place, line in zip(itertools.count(), lines):
        draw.text((at[0], at[1] + place * _line(size)), line, INK, font(size))


def _scale_of(shape: Sequence[int]) -> int:
    return -(-LONG_SIDE // max(shape))


def _bytes(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    return images if images.dtype == np.uint8 else (255 * images + 0.5).astype(np.uint8)


def _enlarged(picture: np.ndarray, scale: int) -> Image.Image:
    image = Image.fromarray(_bytes(picture))
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
