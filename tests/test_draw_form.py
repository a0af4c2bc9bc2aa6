"""Drawing for a run of own images: what is written is brought into the form that is measured on them."""

from __future__ import annotations

import base64
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from bvae.config import Config
from bvae.runs import Run
from bvae.training import train_run
from tests.bench import Bench
from tests.browsing import numbers
from tests.test_draw_page import BenchDesk, center_of_mass

ROUND = [(math.cos(turn / 6 * math.pi), math.sin(turn / 6 * math.pi)) for turn in range(13)]
# Corners of each shape, from −1 to 1.
SHAPES = {
    "cross": [(-1.0, -1.0), (1.0, 1.0), (0.0, 0.0), (-1.0, 1.0), (1.0, -1.0)],
    "ring": ROUND,
    "square": [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)],
    "triangle": [(-1.0, 1.0), (0.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
}
NAMES = np.array(list(SHAPES))
FIELD = 280
# The form of images, in numbers and in words, and what the model would see of fields: fitted, and as they are.
FIT = """async ([images, side, fields]) => {
  const { asForm, formOf, levelled, wordsOf } = await import("/draw/form.js");
  const { asItIs } = await import("/draw/mnist.js");
  const parts = (text, size) => {
    const all = fromText(text);
    return Array.from({ length: all.length / size }, (_, n) => all.slice(n * size, (n + 1) * size));
  };
  const shape = [side, side];
  const form = formOf(parts(images, side * side), shape);
  if (!form) return null;
  const seen = parts(fields, 280 * 280).map((field) => [
    asText(levelled(asForm(field, 280, 280, shape, form), form)),
    asText(asItIs(field, 280, 280, shape)),
  ]);
  return { form, words: wordsOf(form, shape), seen };
}"""


def text(images: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(images, np.uint8).tobytes()).decode()


def fit(page: Page, images: np.ndarray, fields: np.ndarray | None = None) -> dict | None:
    """What is measured of images (N, S, S), and what becomes of drawings (M, 280, 280)."""
    fields = np.zeros((0, FIELD, FIELD)) if fields is None else fields
    found = page.evaluate(FIT, [text(images), images.shape[1], text(fields)])
    if found:
        pairs = [[numbers(one, "u1").reshape(images.shape[1:]) for one in pair] for pair in found["seen"]]
        found["fitted"], found["plain"] = [np.array(part) for part in zip(*pairs, strict=True)] or ([], [])
    return found


def small_shapes(count: int = 600, filled: bool = False) -> tuple[np.ndarray, list[str]]:
    """Grey outlines or areas, 10 to 13 of 28 pixels large, in the lower left, and the names of their classes."""
    rng = np.random.default_rng(0)
    names = [str(NAMES[number % len(NAMES)]) for number in range(count)]
    images = []
    for name in names:
        sheet = Image.new("L", (224, 224))
        radius, middle = rng.uniform(32, 44), np.array([76, 148]) + rng.uniform(-6, 6, 2)
        corners = [tuple(middle + radius * np.array(corner)) for corner in SHAPES[name]]
        if filled:
            ImageDraw.Draw(sheet).polygon(corners, fill=160)
        ImageDraw.Draw(sheet).line(corners, fill=160, width=12, joint="curve")
        images.append(np.asarray(sheet.resize((28, 28), Image.Resampling.BOX)))
    return np.stack(images), names


def drawings(count: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Shapes as somebody draws them, of all sizes, about in the middle and a little crooked, and their names."""
    rng = np.random.default_rng(5)
    names = NAMES[np.arange(count) % len(NAMES)]
    fields = []
    for name in names:
        field = Image.new("L", (FIELD, FIELD))
        radius, middle = rng.uniform(60, 110), FIELD / 2 + rng.uniform(-20, 20, 2)
        corners = [tuple(middle + radius * (np.array(corner) + rng.normal(0, 0.04, 2))) for corner in SHAPES[name]]
        ImageDraw.Draw(field).line(corners, fill=255, width=26, joint="curve")
        fields.append(np.asarray(field))
    return np.stack(fields), names


@pytest.fixture(scope="module")
def shapes_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Trained on the outlines."""
    folder = tmp_path_factory.mktemp("shapes")
    images, names = small_shapes()
    np.savez(folder / "shapes.npz", images=images, labels=np.array(names))
    config = Config(
        dataset=str(folder / "shapes.npz"),
        network="mlp",
        latent_dim=6,
        beta=0.3,
        epochs=30,
        batch_size=32,
        device="cpu",
    )
    list(train_run(folder / "run", config))
    return Run(folder / "run")


def test_drawn_shapes_are_encoded_nearer_to_their_class_than_without(bench_page: Page, shapes_run: Run) -> None:
    images, classes = small_shapes()
    labels, (fields, names) = np.array(classes), drawings()
    found = fit(bench_page, images[:200], fields)
    assert found
    model = shapes_run.model()
    codes = model.posterior(images).mean.numpy()
    centres = np.stack([codes[labels == name].mean(0) for name in NAMES])
    spread = np.mean([codes[labels == name].std(0) for name in NAMES], axis=0)
    own, votes = {}, {}
    for way in ("fitted", "plain"):
        drawn = model.posterior(found[way]).mean.numpy()
        far = np.linalg.norm((drawn[:, None] - centres) / spread, axis=-1)
        own[way] = float((far * (names[:, None] == NAMES)).sum(1).mean())
        nearest = np.linalg.norm(drawn[:, None] - codes, axis=-1).argsort(1)[:, :8]
        votes[way] = float((labels[nearest] == names[:, None]).mean())
    assert own["fitted"] < own["plain"], own
    assert votes["fitted"] > votes["plain"], votes


def test_the_form_is_measured_on_the_images(bench_page: Page, trained_run: Run) -> None:
    outlines = fit(bench_page, small_shapes(200)[0])
    areas = fit(bench_page, small_shapes(200, filled=True)[0], drawings(8)[0])
    assert outlines
    assert areas
    assert (
        "10 to 13 of 28 pixels large, all at one place, strokes 1 to 2 pixels wide, grey 158 of 255."
        in outlines["words"]
    )
    assert "all at one place, areas rather than strokes, grey" in areas["words"]
    (ring, square) = areas["fitted"][[1, 2]]  # outlines as they were drawn
    for seen in (ring, square):
        rows, columns = np.nonzero(seen > 80)
        middle = seen[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert (middle > 80).mean() > 0.7, "filled, as the images are"

    rng = np.random.default_rng(0)
    anywhere = np.zeros((100, 28, 28), np.uint8)
    for image in anywhere:
        side, x, y = rng.integers(4, 12), *rng.integers(0, 16, 2)
        image[y : y + side, x : x + side] = 255
    found = fit(bench_page, anywhere, drawings(4)[0])
    assert found
    assert "at different places" in found["words"]
    assert fit(bench_page, rng.integers(0, 256, (20, 16, 16))) is None  # as photographs, which have no ground
    assert fit(bench_page, np.zeros((20, 16, 16))) is None

    digits = fit(bench_page, trained_run.probe().images[:200], drawings(8)[0])
    assert digits
    assert "20 of 28 pixels large, in the middle, strokes 2 to 4 pixels wide." in digits["words"]
    for seen in digits["fitted"]:
        assert np.abs(center_of_mass(seen) - 14).max() < 0.6
        assert max(np.ptp(np.flatnonzero((seen > 40).any(axis))) + 1 for axis in (0, 1)) in (20, 21)


class ShapeDesk(BenchDesk):
    """The page under a run whose images are not centred as MNIST's are."""

    def mount(self, **data: object) -> BenchDesk:
        return super().mount(**{"centred": False} | data)

    def write_shape(self, name: str) -> None:
        """As a person does: large, and in the middle."""
        self.write([(0.5 + 0.33 * x, 0.5 + 0.33 * y) for x, y in SHAPES[name]])


def test_a_drawing_is_fitted_on_the_page_and_a_test_image_stays_as_it_is(
    bench: Bench, shapes_run: Run, tmp_path: Path
) -> None:
    desk = ShapeDesk(bench, shapes_run)
    desk.open()
    fitted = desk.page.get_by_role("checkbox", name="Fit to what this run’s images are like")
    expect(fitted).to_be_checked()
    expect(desk.page.get_by_text("Measured: 10 to 13 of 28 pixels large, all at one place")).to_be_visible()
    desk.write_shape("ring")
    seen = desk.seen()
    rows, columns = np.nonzero(seen)
    assert 10 <= np.ptp(columns) + 1 <= 16
    assert columns.mean() < 12 < 16 < rows.mean()
    assert abs(int(seen.max()) - 158) < 5
    desk.expect_z(desk.posterior().mean[0])
    desk.leave_and_return()
    np.testing.assert_array_equal(desk.seen(), seen)
    fitted.uncheck()
    assert desk.seen().max() == 255
    desk.leave_and_return()
    expect(fitted).not_to_be_checked()
    fitted.check()
    np.testing.assert_array_equal(desk.seen(), seen)

    desk.page.get_by_text("Start from a test image", exact=True).click()
    name = desk.page.locator(".examples button").first.get_attribute("aria-label") or ""
    desk.page.locator(".examples button").first.click()
    probe = shapes_run.probe()
    place = int(np.flatnonzero(probe.indices == int("".join(filter(str.isdigit, name.split(",")[0]))))[0])
    np.testing.assert_array_equal(desk.seen(), probe.images[place])

    sheet = Image.new("L", (300, 300), 250)
    ImageDraw.Draw(sheet).rectangle((60, 40, 220, 200), outline=20, width=30)
    sheet.save(tmp_path / "square.png")
    desk.upload(tmp_path / "square.png")
    expect(desk.page.get_by_text("Strokes thinned to the width of this run’s.")).to_be_visible()
    rows, columns = np.nonzero(desk.seen())
    assert 10 <= np.ptp(columns) + 1 <= 14
    assert columns.mean() < 12 < 16 < rows.mean()
    assert abs(int(desk.seen().max()) - 158) < 5
