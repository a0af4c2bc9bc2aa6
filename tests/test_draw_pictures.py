"""Pictures that people bring to the Draw page: whatever paper, light and file do, the digit stays the clean one."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from bvae.data import load_dataset
from bvae.runs import Run
from tests.bench import Bench
from tests.browsing import numbers
from tests.pictures import TRAITS, clean, drawn, file_of, inked, lines, outlined, pictures, placed, written
from tests.test_draw_page import BenchDesk, Desk, SessionDesk

# Reads files by the page's own modules: what the model would see of each, and what is said of it.
READ = """async (files) => {
  const { readPicture } = await import("/draw/bring.js");
  const { fitted } = await import("/draw/fit.js");
  const { asMnist } = await import("/draw/mnist.js");
  const seen = [];
  for (const [name, type, text] of files) {
    const bytes = fromText(text);
    try {
      const { strokes } = await readPicture(new File([bytes], name, { type }));
      const { ink, width, height, before, after, coarse } = fitted(strokes, strokes.largest, 200, true);
      const { figures, specks, lines, border, frames, dark } = strokes;
      const pixels = asText(asMnist(ink, width, height, [28, 28], !coarse));
      seen.push({ pixels, digits: figures.length, specks, lines, border, frames, dark, before, after });
    } catch (error) {
      seen.push({ problem: error.message });
    }
  }
  return seen;
}"""


def read(bench_page: Page, files: list[tuple[str, str, bytes]]) -> list[dict]:
    return bench_page.evaluate(
        READ, [[name, kind, base64.b64encode(content).decode()] for name, kind, content in files]
    )


def pixels(seen: dict) -> np.ndarray:
    """What the model would see of a file, (28, 28)."""
    return numbers(seen["pixels"], "u1").astype(float).reshape(28, 28)


def fields(bench_page: Page, files: list[bytes]) -> list[np.ndarray]:
    """What the model would see of each file, (28, 28)."""
    seen = read(bench_page, [(f"{place}.png", "image/png", content) for place, content in enumerate(files)])
    assert not [one["problem"] for one in seen if "problem" in one]
    return [pixels(one) for one in seen]


@pytest.fixture(scope="module")
def clean_fields(bench_page: Page) -> dict[tuple[str, int], np.ndarray]:
    rng = np.random.default_rng(0)
    keys = [(name, digit) for name in ("drawn", "written") for digit in range(10)]
    made = {"drawn": drawn, "written": written}
    found = fields(bench_page, [clean(made[name](digit), rng) for name, digit in keys])
    return dict(zip(keys, found, strict=True))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("trait", TRAITS)
def test_a_digit_is_the_same_under_every_trait(
    bench_page: Page, clean_fields: dict[tuple[str, int], np.ndarray], trait: str
) -> None:
    made = pictures(trait)
    found = fields(bench_page, [content for *_, content in made])
    off = []
    for place, ((source, digit, _), field) in enumerate(zip(made, found, strict=True)):
        expected = clean_fields[source, digit]
        same, ink = likeness(field, expected), field.sum() / expected.sum()
        if same < 0.8 or not 0.6 <= ink <= 1.5:
            off.append(f"{source} {digit} in setting {place // 10}: correlation {same:.2f}, ink × {ink:.2f}")
    assert not off, "\n".join(off)


def test_a_clean_digit_is_drawn_as_mnists_are(clean_fields: dict[tuple[str, int], np.ndarray]) -> None:
    for field in clean_fields.values():
        assert field.max() == 255
        assert max(np.ptp(np.flatnonzero(field.any(axis))) + 1 for axis in (0, 1)) in (20, 21)
    inks = [field.sum() / 255 for field in clean_fields.values()]
    assert 70 < np.median(inks) < 130, "MNIST's median is 100"


def test_mnists_own_digits_stay_as_they_are(bench_page: Page) -> None:
    """Their strokes give the widths that others are brought to, and the middle half is what draw/fit.js holds."""
    images = load_dataset("mnist").train.pixels[:300].numpy()
    seen = read(bench_page, [(f"{place}.png", "image/png", file_of(image)) for place, image in enumerate(images)])
    same = [likeness(pixels(one), image) for one, image in zip(seen, images, strict=True)]
    assert np.median(same) > 0.99
    assert np.mean(np.array(same) > 0.8) > 0.95  # a shift by a pixel is the most that happens to others

    quartiles = np.quantile([one["before"] for one in seen], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(quartiles, [0.101, 0.115, 0.136], atol=0.011)


def test_strokes_are_brought_to_the_middle_half_of_mnists(bench_page: Page) -> None:
    rng = np.random.default_rng(0)
    thin, usual, thick = read(
        bench_page, [("a.png", "image/png", clean(drawn(3, pen=pen), rng)) for pen in (0.01, 0.115, 0.2)]
    )
    assert thin["before"] < 0.05
    assert thin["after"] == pytest.approx(0.101, abs=0.002)
    assert usual["after"] == usual["before"]
    assert thick["before"] > 0.17
    assert thick["after"] == pytest.approx(0.136, abs=0.002)


def test_a_frame_is_what_lies_all_around_a_digit(bench_page: Page) -> None:
    rng = np.random.default_rng(0)
    bare = read(bench_page, [("bare.png", "image/png", clean(drawn(digit), rng)) for digit in range(10)])
    framed = read(
        bench_page,
        [("framed.png", "image/png", outlined(drawn(digit), rng, "ellipse", 108, 3)) for digit in range(10)],
    )
    assert [one["frames"] for one in bare] == [0] * 10
    assert [one["frames"] for one in framed] == [1] * 10
    assert [one["digits"] for one in bare + framed] == [1] * 20


def test_what_cannot_be_read_is_called_what_it_is(bench_page: Page) -> None:
    rng = np.random.default_rng(0)
    paper = file_of(235 + 5 * rng.normal(size=(200, 200)))
    shaded = file_of(np.tile(np.linspace(120, 240, 200), (200, 1)))
    flat = file_of(np.full((80, 60, 3), (200, 120, 40)))
    said = [
        one.get("problem", "")
        for one in read(
            bench_page,
            [
                (f"{name}.png", "image/png", content)
                for name, content in {"paper": paper, "shaded": shaded, "flat": flat}.items()
            ],
        )
    ]
    assert "paper.png is too faint to be told from its paper" in said[0]
    assert "shaded.png is too faint" in said[1]
    assert "flat.png is of one colour" in said[2]


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photograph_is_turned_as_its_camera_was_held(
    bench_page: Page, clean_fields: dict[tuple[str, int], np.ndarray], orientation: int
) -> None:
    turns = {3: 2, 6: 1, 8: -1}[orientation]
    stored = np.rot90(inked(placed(drawn(7, height=400), (900, 640))), turns)
    exif = Image.Exif()
    exif[0x0112] = orientation
    (seen,) = fields(bench_page, [file_of(stored, "JPEG", quality=90, exif=exif)])
    assert likeness(seen, clean_fields["drawn", 7]) > 0.95


def test_the_rehearsal_takes_every_step(bench_page: Page) -> None:
    rehearsed = bench_page.evaluate("async () => (await import('/draw/bring.js')).rehearse()")
    assert rehearsed["figures"] == 1
    assert rehearsed["lines"] > 5
    assert rehearsed["border"] == 1


SVG = {
    "no size": '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>',
    "a view box only": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="350 350 200 200">{}</svg>',
    "a size in per cent": '<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%">{}</svg>',
    "a size": '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900">{}</svg>',
}


@pytest.mark.parametrize("kind", SVG)
def test_an_svg_is_shown_whole(bench_page: Page, clean_fields: dict[tuple[str, int], np.ndarray], kind: str) -> None:
    seven = '<path d="M 402 404 H 518 L 442 596" fill="none" stroke="black" stroke-width="14"/>'
    if kind == "a view box only":
        seven = f'<g transform="translate(0 -50)">{seven}</g>'
    content = SVG[kind].format(seven).encode()
    (seen,) = read(bench_page, [("seven.svg", "image/svg+xml", content)])
    field = pixels(seen)
    assert likeness(field, clean_fields["drawn", 7]) > 0.8


# The page -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(bench: Bench, trained_run: Run) -> BenchDesk:
    return BenchDesk(bench, trained_run)


@pytest.fixture
def session(page: Page, app: str, trained_run: Run) -> SessionDesk:
    return SessionDesk(page, trained_run, app)


def steps(desk: Desk) -> Locator:
    return desk.page.locator(".brought details")


def messy() -> bytes:
    """A 3 of thin lines on ruled paper, with a scan's frame and three specks."""
    ruled = lines(drawn(3, pen=0.04), np.random.default_rng(1), (140, 160, 200))
    pixels = np.array(Image.open(io.BytesIO(ruled)))
    for edge in (np.s_[3:6, 3:197], np.s_[194:197, 3:197], np.s_[3:197, 3:6], np.s_[3:197, 194:197]):
        pixels[edge] = 20
    for top, left in ((20, 30), (170, 178), (30, 172)):
        pixels[top : top + 4, left : left + 4] = 20
    return file_of(pixels)


def test_what_was_left_out_is_said_and_each_step_can_be_turned_off(desk: BenchDesk, tmp_path: Path) -> None:
    (tmp_path / "messy.png").write_bytes(messy())
    (tmp_path / "clean.png").write_bytes(clean(drawn(3, pen=0.09), np.random.default_rng(0)))
    desk.open()
    said = desk.page.locator(".brought .done")
    expect(said).to_be_hidden()
    desk.upload(tmp_path / "clean.png")
    plain = desk.seen()
    desk.upload(tmp_path / "messy.png")
    expect(said).to_have_text(
        re.compile(r"3 specks, \d+ ruled lines and what lies along the border left out; .*thickened to the width")
    )
    seen = desk.seen()
    assert likeness(seen, plain) > 0.8
    expect(desk.page.get_by_role("img", name="The picture in greys, with a box around its digit")).to_be_visible()

    steps(desk).locator("summary").focus()
    desk.page.keyboard.press("Enter")
    for name, gone in {
        "Leave out specks and other digits": "speck",
        "Leave out lines of the paper": "ruled line",
        "Leave out frames and what lies along the border": "border",
        "Match the width of MNIST’s strokes": "thickened",
    }.items():
        box = steps(desk).get_by_role("checkbox", name=name)
        box.focus()
        desk.page.keyboard.press("Space")
        expect(said).not_to_contain_text(gone)
        assert (desk.seen() != seen).any(), f"{name} changes nothing"
        desk.page.keyboard.press("Space")
        np.testing.assert_array_equal(desk.seen(), seen)

    steps(desk).get_by_role("checkbox", name="Match the width").uncheck()
    thin = desk.seen()
    assert thin.max() == 255, "the contrast is stretched after the reduction"
    desk.expect_z(desk.posterior().mean[0])
    desk.leave_and_return()
    np.testing.assert_array_equal(desk.seen(), thin)
    steps(desk).locator("summary").click()
    expect(steps(desk).get_by_role("checkbox", name="Match the width")).not_to_be_checked()
    expect(steps(desk).get_by_role("checkbox", name="Leave out lines")).to_be_checked()

    desk.button("Undo").click()
    np.testing.assert_array_equal(desk.seen(), plain)
    desk.button("Clear").click()
    expect(desk.page.locator(".brought")).to_be_hidden()


def test_of_two_digits_one_is_chosen(session: SessionDesk, tmp_path: Path) -> None:
    page = placed(drawn(4), (300, 200), (0.1, 0.5)) + placed(drawn(7), (300, 200), (0.85, 0.5))
    (tmp_path / "two.png").write_bytes(file_of(inked(page)))
    for name, digit in (("four", 4), ("seven", 7)):
        (tmp_path / f"{name}.png").write_bytes(clean(drawn(digit), np.random.default_rng(0)))
    session.open()
    alone = {}
    for name in ("four", "seven"):
        session.upload(tmp_path / f"{name}.png")
        alone[name] = session.seen()
        expect(session.page.locator(".which")).to_be_hidden()
    session.upload(tmp_path / "two.png")
    which = session.page.get_by_role("group", name="2 digits are on this picture. Which one?")
    expect(which).to_be_visible()
    expect(which.get_by_role("radio", name="Digit 1 of 2")).to_be_checked()
    assert likeness(session.seen(), alone["four"]) > 0.95
    which.get_by_role("radio", name="Digit 1 of 2").focus()
    session.page.keyboard.press("ArrowRight")
    expect(which.get_by_role("radio", name="Digit 2 of 2")).to_be_focused()
    assert likeness(session.seen(), alone["seven"]) > 0.95
    session.expect_z(session.posterior().mean[0])
    seven = session.seen()

    session.page.get_by_role("link", name="Traverse", exact=True).click()
    expect(session.page.locator(".traverse:not([aria-busy])")).to_be_visible()
    session.page.get_by_role("link", name="Draw", exact=True).click()
    session.wait()
    np.testing.assert_array_equal(session.seen(), seven)
    expect(which.get_by_role("radio", name="Digit 2 of 2")).to_be_checked()
