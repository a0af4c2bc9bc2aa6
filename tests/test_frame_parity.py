"""What the frame of an exported page works out itself, beside what Python does in the app: the same of the same."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from bvae.browser.chosen import draw, rank
from bvae.runs import Run, find_run
from pages.parts.cursor import from_address, to_address
from pages.parts.live import open_live
from tests.bench import Bench
from tests.browsing import numbers

RUNS = ("mnist-beta4", "mnist-beta10")

DRAWN = """async (cases) => {
  const { Random } = await import("/engine/random.js");
  const found = cases.map(([seed, count, of, chosen]) => {
    const random = new Random(seed);
    const normals = Float64Array.from({ length: count }, () => random.normal());
    return [asText(normals), random.choice(of, chosen)];
  });
  return JSON.stringify(found);
}"""

NOISE = """async ([seed, dimensions, images]) => {
  const { noiseOf } = await import("/frame/explore.js");
  return noiseOf(seed, dimensions, images);
}"""

CHOSEN = """async (cases) => {
  const { drawn, ranked } = await import("/frame/choice.js");
  return cases.map(([kind, ...given]) => (kind === "drawn" ? drawn(...given) : ranked(...given)));
}"""

ADDRESSES = """async ([key, name, dataset, cases]) => {
  const { fromAddress, toAddress } = await import("/frame/address.js");
  const { spaceOf } = await import("/frame/guests.js");
  const space = spaceOf({ name, dataset }, betaVaeLive.get(key));
  return JSON.stringify(cases.map((parameters) => {
    const { cursor, problems } = fromAddress(parameters, space);
    return { cursor, problems, address: toAddress(cursor) };
  }));
}"""


def test_noise_and_places_of_a_seed_are_numpys(bench_page: Page) -> None:
    sizes = random.Random(5)
    cases = []
    for seed in [*range(20), *(sizes.randrange(2**31) for _ in range(40)), 2**31 - 1]:
        of = sizes.choice([1, 2, 57, 99, 100, 101, 200, 4_900, 10_000, 10_001, 20_000])
        cases.append([seed, sizes.choice([0, 200, 1_000, 2_000]), of, sizes.choice([1, 100, 250])])
    for (seed, count, of, chosen), (normals, places) in zip(
        cases, json.loads(bench_page.evaluate(DRAWN, cases)), strict=True
    ):
        generator = np.random.default_rng(seed)
        expected = generator.standard_normal(count)
        assert np.array_equal(numbers(normals, "<f8"), expected), f"seed {seed}"
        assert places == generator.choice(of, chosen, replace=of < chosen).tolist(), f"seed {seed}, {chosen} of {of}"


def test_generate_is_sent_what_python_sends(bench_page: Page) -> None:
    sent = bench_page.evaluate(NOISE, [31, 20, 200])
    generator = np.random.default_rng(31)
    noise = generator.standard_normal((100, 20)).astype("<f4")
    assert np.array_equal(numbers(sent["noise"], "<f4"), noise.ravel())
    assert sent["around"] == generator.choice(200, 100, replace=False).tolist()
    assert sent["seed"] == 31


def test_the_same_images_are_chosen(bench_page: Page) -> None:
    generator = np.random.default_rng(3)
    cases: list[list[Any]] = []
    expected: list[list[int]] = []
    for images in (3, 50, 700, 2_500):
        indices = generator.choice(2**31 - 1 if images == 50 else 10_000, images, replace=False)
        labels = generator.integers(0, 7, images)
        values = generator.integers(0, 40, images).astype(float)  # with ties
        for label in (None, int(labels[0])):
            seed = int(generator.integers(1_000_000))
            cases.append(["drawn", labels.tolist(), indices.tolist(), 20, seed, label])
            expected.append(draw(labels, indices, 20, seed, label).tolist())
            for best in (True, False):
                cases.append(["ranked", values.tolist(), labels.tolist(), 20, best, label])
                expected.append(rank(values, labels, 20, best, label).tolist())
    assert bench_page.evaluate(CHOSEN, cases) == expected


def test_an_address_means_the_same_cursor(bench: Bench) -> None:
    for name in RUNS:
        run = find_run(name)
        live = open_live(run, name)
        bench.publish_run(live)
        cases = list(addresses(run))
        space = live.space
        told = json.loads(bench.page.evaluate(ADDRESSES, [live.key, name, space.dataset, cases]))
        for parameters, found in zip(cases, told, strict=True):
            cursor, problems = from_address(parameters, space)
            assert found["problems"] == problems, parameters
            start = cursor["start"]
            assert {key: found["cursor"][key] for key in ("epoch", "keep", "start")} == {
                "epoch": cursor["epoch"], "keep": cursor["keep"], "start": start
            }, parameters  # fmt: skip
            assert found["cursor"]["z"] == pytest.approx(cursor["z"], abs=0), parameters
            assert found["address"] == to_address(cursor), parameters


def addresses(run: Run) -> list[dict[str, str]]:
    """What may stand in an address: usual, at random, and hostile. Without images beyond the gallery, which JavaScript
    knows only once they have come."""
    dimensions, choose = run.config.latent_dim, random.Random(8)
    space = open_live(run, run.name).space
    texts = [
        "", "0", "-1", "1e999", "nan", "NaN", "inf", "-Infinity", "1_0", " 7 ", "+3", "0x10", "½", "٣", "1,2", "１２",
        "null", "999999999", "9999999999", "-0", "1e-5", "~f", "~h!", "~b", "~x", "~b1~AA", "~fAAA", "<script>", "%00",
        "a" * 100_000, "1" * 5_000, "😀" * 30, "a–b'\"&\\", "e", ".", "5.", ".5", "1.0.0", "--1", "100", "20",
    ]  # fmt: skip
    found: list[dict[str, str]] = [{}, {"digit": str(space.indices[3])}, {"keep": "code"}, {"keep": "Code"}]
    found += [{name: text} for name in ("epoch", "digit", "drawing", "start", "from", "keep") for text in texts]
    found += [{"z": text, "start": choose.choice(["", "random", "origin"])} for text in texts]
    found += [{"z": ",".join([text] * dimensions)} for text in texts if len(text) < 20]
    for _ in range(150):
        scale = choose.choice([1e-6, 1e-3, 1, 3, 300, 1_500])
        code = [choose.gauss(0, scale) for _ in range(dimensions + choose.choice([0] * 9 + [1, -1]))]
        written = choose.choice(["{:.3f}", "{}", "{:.8g}", "{:.0f}"])
        each = {"z": ",".join(map(written.format, code)), "epoch": str(choose.randrange(120))}
        if choose.random() < 0.5:
            each["start"] = choose.choice(["random", "origin", "code", "elsewhere"])
        if choose.random() < 0.5:
            each["from"] = ",".join(written.format(value + 0.25) for value in code)
        if choose.random() < 0.4:
            each["digit"] = str(choose.choice(space.indices.tolist()))
        if choose.random() < 0.3:
            each["keep"] = choose.choice(["code", "digit"])
        found.append(each)
    return found
