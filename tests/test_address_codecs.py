"""What pages write into their address, and read from it: on a bench, with memories and addresses made at random."""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from pages.parts.numerals import code_of, code_text, pixels_of, pixels_text

COUNT = 300
MOST = 1_200  # characters; see pages/parts/view.py

Memory = dict[str, Any]


def generate(chance: random.Random) -> Memory:
    return {
        "seed": chance.choice([0, 1, chance.randrange(2**31), 2**31 - 1]),
        "temperature": chance.choice([1, chance.randrange(41) * 0.05]),
        "source": chance.choice(["prior", "posterior"]),
    }


def code(chance: random.Random, latent_dim: int) -> list[float]:
    """A code in float32, in which some dimensions are 0."""
    return [float(np.float32(chance.choice([0, chance.gauss(0, 1)]))) for _ in range(latent_dim)]


def interpolate(chance: random.Random) -> Memory:
    latent_dim = chance.choice([2, 20])

    def end() -> dict[str, Any]:
        image = {"kind": chance.choice(["digit", "digit", "drawing"]), "index": chance.randrange(10_000)}
        moved = image | {"offset": code(chance, latent_dim)}
        return chance.choice([image, moved, {"kind": "code", "code": code(chance, latent_dim)}])

    return {
        "ends": [end() for _ in range(4)],
        "slot": chance.randrange(4),
        "method": chance.choice(["linear", "spherical"]),
        "share": chance.choice([0.4, 0.0, 1.0, chance.random()]),
        "seconds": chance.choice("8421"),
        "back": chance.choice([True, False]),
        "cell": chance.randrange(64),
        "shown": chance.choice([None, chance.randrange(10)]),
    }


def traverse(chance: random.Random) -> Memory:
    factors = chance.sample(["thickness", "slant", "width", "area"], chance.randrange(4))
    return {
        "pad": chance.sample(range(20), 2),
        "along": chance.randrange(20),
        "grid": chance.choice(["values", "quantiles"]),
        "samples": chance.choice(["none", "all", "passive"]),
        "open": chance.choice([[], ["passive"], ["directions"], ["passive", "directions"]]),
        "shift": {factor: chance.randrange(-60, 61) * 0.05 or 1.0 for factor in factors},
        "shown": chance.choice([None, chance.randrange(10)]),
    }


def clusters(chance: random.Random) -> Memory:
    points = chance.choice([0, 1, 3, 50, 400, 2000, 5000])

    def view() -> dict[str, float] | None:
        place = {"x": chance.gauss(0, 1), "y": chance.gauss(0, 1), "scale": chance.uniform(1.1, 80)}
        return chance.choice([None, place])

    return {
        "settings": {
            "kind": chance.choice(["umap", "independent", "pca_last", "pca_each"]),
            "colour": chance.choice(["class", "kl", "z3", "thickness"]),
            "speed": chance.choice([0.5, 1, 2, 4]),
            **{name: chance.random() < 0.5 for name in ("numerals", "images", "trails", "dim")},
        },
        "hidden": sorted(chance.sample(range(10), chance.randrange(10))),
        "views": [view(), view()],
        "selected": sorted(chance.sample(range(5000), points)),
    }


def disentangle(chance: random.Random) -> Memory:
    cell = {"dimension": chance.randrange(20), "column": chance.choice(["slant", "area", "class"])}
    return {
        "by": chance.choice(["effects", "information"]),
        "spent": chance.choice(["parts", "dimensions"]),
        "cell": chance.choice([None, cell]),
    }


def draw(chance: random.Random) -> Memory:
    def stroke() -> dict[str, Any]:
        x, y = (chance.randrange(561) / 2 for _ in "xy")
        points = [x, y]
        for _ in range(chance.randrange(30)):
            reach = chance.choice([3, 60])
            x, y = (max(-20.0, min(300.0, round(2 * value + chance.uniform(-reach, reach)) / 2)) for value in (x, y))
            points += [x, y]
        width = chance.randrange(8, 49, 2)
        return {"kind": "stroke", "width": width, "erase": chance.random() < 0.2, "points": points}

    steps = [stroke() for _ in range(chance.randrange(3))]
    if chance.random() < 0.4:
        pixels = bytes(chance.choice([0] * 8 + [255, chance.randrange(256)]) for _ in range(784))
        copied = {"kind": "image", "pixels": base64.b64encode(pixels).decode(), "width": 28, "height": 28}
        steps.insert(0, copied)
    return {"steps": steps, "centre": chance.random() < 0.5, "shown": chance.choice([None, chance.randrange(10)])}


def beside(chance: random.Random) -> Memory:
    walk = chance.random() < 0.5
    latent_dim = chance.choice([2, 20])
    return {
        "show": "walk" if walk else "sliders",
        "pairs": chance.choice([True, False]),
        "to": chance.choice([None, chance.randrange(10_000)]) if walk else None,
        "share": chance.choice([0.4, 0.0, 1.0, chance.random()]) if walk else 0.4,
        "open": chance.choice([True, False]),
        "moved": [moved if any(moved := code(chance, latent_dim)) else [] for _ in range(3)],
    }


MEMORIES: dict[str, Callable[[random.Random], Memory]] = {
    "generate": generate,
    "interpolate": interpolate,
    "traverse": traverse,
    "clusters": clusters,
    "disentangle": disentangle,
    "draw": draw,
    "beside": beside,
}

# Of many at once, since a call costs more than what it does.
ROUND = """async ([page, memories]) => {
  const { toAddress, fromAddress } = await import(`/${page}/address.js`);
  return memories.map((memory) => {
    const address = toAddress(memory);
    const found = fromAddress(address);
    return [address, found.memory, found.problems, toAddress(found.memory)];
  });
}"""
READ = """async ([page, addresses]) => {
  const { toAddress, fromAddress } = await import(`/${page}/address.js`);
  return addresses.map((address) => {
    const { memory, problems } = fromAddress(address);
    return [toAddress(memory), problems, JSON.stringify(memory).length];
  });
}"""


@pytest.mark.parametrize("page", MEMORIES)
def test_what_a_page_remembers_comes_back_from_its_address(bench_page: Page, page: str) -> None:
    chance = random.Random(page)
    memories = [MEMORIES[page](chance) for _ in range(COUNT)]
    names: dict[str, list[str]] = {}
    for memory, (address, found, problems, again) in zip(
        memories, bench_page.evaluate(ROUND, [page, memories]), strict=True
    ):
        assert problems == []
        assert again == address, memory
        assert same(found, memory), (found, memory, address)
        assert all(re.fullmatch(r"[\w.~-]*", text, re.ASCII) for text in address.values()), address
        assert sum(len(name) + len(text) + 2 for name, text in address.items()) <= MOST
        for name, text in address.items():
            names.setdefault(name, []).append(text)
    hostile = list(altered(chance, names))
    for asked, (address, problems, length) in zip(hostile, bench_page.evaluate(READ, [page, hostile]), strict=True):
        assert isinstance(address, dict)
        assert all(problem.endswith(".") and len(problem) < 400 for problem in problems), problems
        assert length < 100_000, asked


def same(found: Any, expected: Any) -> bool:
    """Whether what was found has all that was expected, numbers to the last digit that a float32 has."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(same(found.get(name), value) for name, value in expected.items())
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, float) and isinstance(found, int | float):
        return np.float32(found) == np.float32(expected)
    return bool(found == expected)


def altered(chance: random.Random, names: dict[str, list[str]]) -> Iterator[dict[str, str]]:
    """Addresses with parts that are cut, doubled, exchanged, overlong or nonsense."""
    signs = string.ascii_letters + string.digits + "-_.~,%<>\"' é∞"
    every = [text for texts in names.values() for text in texts]

    def text(name: str) -> str:
        good = chance.choice(names[name])
        return chance.choice(
            [
                good[: chance.randrange(len(good) + 1)],
                good + good,
                chance.choice(every),
                "".join(chance.choice(signs) for _ in range(chance.randrange(30))),
                chance.choice(["", "-1", "NaN", "Infinity", "1e999", "0x10", "__proto__", "constructor", "9" * 400]),
                chance.choice(["~f", "~h", "~b1e9~", "~b~", "_", ","]) + good * 3,
            ]
        )

    for _ in range(COUNT):
        yield {name: text(name) for name in names if chance.random() < 0.7}
    yield dict.fromkeys(names, "A" * 100000)
    yield dict.fromkeys(names, "~f" + "A" * 100000)
    yield {name: "_".join(["1"] * 50_000) for name in names}


CODES = """async (codes) => {
  const { codeText, codeOf } = await import("/engine/address.js");
  return codes.map(([code, most]) => {
    const text = codeText(code, most, ",");
    const read = (text, more = 0) => codeOf(text, code.length + more);
    return [text, read(text), read(text.replaceAll(",", "_")), read(text, 1)];
  });
}"""


def test_both_languages_write_a_code_alike_and_to_the_last_digit_where_there_is_room(bench_page: Page) -> None:
    generator = np.random.default_rng(0)
    codes = []
    for latent_dim, most in ((1, 450), (20, 450), (20, 100), (64, 450), (128, 450), (128, 200), (1000, 450)):
        for scale in (1, 3, 1e-3, 300):
            drawn = np.clip(scale * generator.standard_normal(latent_dim), -999, 999).astype(np.float32)
            drawn[generator.random(latent_dim) < 0.2] = 0
            codes.append((drawn.tolist(), most))
    for (code, most), (text, found, other, wrong) in zip(codes, bench_page.evaluate(CODES, codes), strict=True):
        assert wrong is None
        assert found == other == pytest.approx(code_of(text), abs=0)
        within = {"~h": 1e-3, "~b": 0.01}.get(text[:2], 0) * max(map(abs, code))
        assert np.allclose(np.float32(found), code, rtol=0, atol=within)
        assert len(text) <= max(most, 1.4 * len(code) + 20)
        # Decimals may be written with an exponent in two ways.
        assert np.array_equal(code_of(code_text(code, most)), code_of(text))


PIXELS = """async (images) => {
  const { pixelsText, pixelsFrom } = await import("/engine/ink.js");
  return images.map((pixels) => [pixelsText(pixels), Array.from(pixelsFrom(pixelsText(pixels)))]);
}"""


def test_both_languages_write_a_drawing_alike_and_refuse_what_is_none(bench_page: Page) -> None:
    generator = np.random.default_rng(0)
    images = [(generator.integers(0, 256, size) * (generator.random(size) < 0.2)).tolist() for size in (1, 64, 784)]
    images.append([0] * 784)
    for image, (text, found) in zip(images, bench_page.evaluate(PIXELS, images), strict=True):
        assert found == image == pixels_of(text)
        assert pixels_text(image) == text
    for text in ("", "784", "784.", "784.AAAA", "99999.AP8", "2.AQIDBA", "1.!", "-1.AQ"):
        with pytest.raises(ValueError, match=r"^$"):
            pixels_of(text)
        assert bench_page.evaluate("async (text) => (await import('/engine/ink.js')).pixelsFrom(text)", text) is None
