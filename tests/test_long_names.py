"""Names of classes as long as a run's config.json may have them: cut on every page, and whole to who asks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from bvae.browser.player import film_player
from bvae.cli import main
from bvae.runs import Run, find_run, name_dimension, read_json, write_json
from pages.parts.film import open_film
from pages.parts.live import open_live
from tests.bench import Bench, live_data
from tests.browsing import downloaded, frames
from tests.conftest import SIZE, serve, watched
from tests.test_every_page import PAGES, go, settle

NAMES = [
    "unbroken" * 38,
    "name in many words, one after the other, " * 7,
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}\N{VARIATION SELECTOR-16}" * 80,
    "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET} " * 100,
    "<img src=x onerror=alert(1)>" * 11,
    "**[link](https://example.com)** $x^2$ " * 8,
    "W" * 300,
    "seven",
    "8" * 24,
    "unbroken" * 37,  # of which the first has all
]

DIMENSIONS = [
    "unbroken" * 5,
    "W" * 40,
    "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET} " * 13,
    "<b>x</b>" * 5,
    "i am " * 8,
]

# What of every line of text can be seen, and is it within the window?
BEYOND = """() => {
  const problems = [];
  const visit = (node, clip) => {
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE && child.textContent.trim()) {
        const range = document.createRange();
        range.selectNodeContents(child);
        for (const box of range.getClientRects()) {
          const [left, right] = [Math.max(box.left, clip.left), Math.min(box.right, clip.right)];
          if (right - left > 1 && (left < -1 || right > innerWidth + 1)) {
            problems.push(`${child.textContent.trim().slice(0, 40)}: ${left} to ${right}`);
          }
        }
      } else if (child.nodeType === Node.ELEMENT_NODE) {
        const tag = child.tagName.toLowerCase();
        if (["style", "script", "noscript", "option"].includes(tag) || !child.checkVisibility()) continue;
        const style = getComputedStyle(child);
        let within = clip;
        if (style.overflowX !== "visible") {
          const box = child.getBoundingClientRect();
          within = { left: Math.max(clip.left, box.left), right: Math.min(clip.right, box.right) };
        }
        visit(child.shadowRoot ?? child, within);
      }
    }
  };
  const main = document.querySelector("[data-testid=stMain]");
  visit(main.querySelector("[data-testid=stMainBlockContainer]"), { left: -Infinity, right: Infinity });
  const beyond = main.scrollWidth - main.clientWidth;
  if (beyond > 1) problems.push(`the page is wider by ${beyond}`);
  return problems;
}"""

COVERED = """(field) => {
  const { left, top, width, height } = field.getBoundingClientRect();
  const on = (x, y) => field.getRootNode().elementFromPoint(left + x * width, top + y * height);
  const shares = [0.03, 0.2, 0.4, 0.6, 0.8, 0.97];
  const found = shares.flatMap((x) => shares.map((y) => on(x, y)));
  const over = found.filter((element) => element && !field.contains(element));
  return over.map((element) => element.outerHTML.slice(0, 80));
}"""


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose classes have such names."""
    path = tmp_path_factory.mktemp("named") / "runs" / "named"
    shutil.copytree(find_run("mnist-beta1").path, path)
    record = read_json(path / "config.json")
    write_json(path / "config.json", record | {"class_names": NAMES})
    order = np.argsort(-np.array(find_run("mnist-beta1").history()[-1].kl_per_dimension)).tolist()
    for dimension, name in zip(order, DIMENSIONS, strict=False):
        name_dimension(Run(path), dimension, name)
    return path


@pytest.fixture(scope="module")
def app(named: Path) -> Iterator[str]:
    """The address of an app with that run."""
    with serve(named.parent, named.parents[1] / "log") as address:
        yield address


@pytest.fixture(scope="module")
def shown(browser: Browser, app: str) -> Iterator[Page]:
    """The app in a tab that goes from page to page: to load each anew takes twice the work."""
    with watched(browser, viewport=SIZE) as page:
        page.goto(f"{app}/load?run=named")
        yield page


def show_names(page: Page, name: str) -> None:
    """Have a page say of an image what class it is of."""
    if name == "clusters":
        page.get_by_role("button", name="All in view").click()
        page.locator(".field").press("ArrowRight")
    elif name == "draw":
        page.get_by_text("Start from a test image", exact=True).click()
        page.get_by_label("Class of test images").select_option(index=0)
        page.locator(".examples button").first.click()
        expect(page.locator(".vote")).to_contain_text("Vote: ")
    elif name == "reconstruct":
        page.get_by_role("combobox", name="Class").click()
        page.get_by_role("option", name=NAMES[6]).click()
        expect(page.locator(".caption")).to_contain_text(NAMES[6])
        page.locator(".sheet button").first.focus()


@pytest.mark.parametrize("name", PAGES, ids=lambda name: name or "home")
def test_long_names_leave_every_page_whole(shown: Page, name: str) -> None:
    page = shown
    page.set_viewport_size(SIZE)
    go(page, name)
    show_names(page, name)
    for width in (1400, 800, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        settle(page, name)
        problems = page.evaluate(BEYOND)
        assert not problems, f"{width} wide: " + "; ".join(problems)
        if name == "clusters":
            page.locator(".field").scroll_into_view_if_needed()
            covering = page.locator(".field").evaluate(COVERED)
            assert not covering, f"{width} wide: {covering}"
    expect(page.locator("main img[src=x]")).to_have_count(0)


def test_a_name_that_is_cut_is_whole_at_the_pointer_and_with_the_focus(bench: Bench, named: Path) -> None:
    page, run = bench.page, open_live(Run(named), "named")
    film = open_film(run)
    bench.publish_run(run)
    assert not bench.publish("films", film.content)
    page.evaluate("(player) => { globalThis.betaVaePlayer = player; }", film_player())
    bench.mount("clusters", live_data(run, film=film.key, other=None, shapes=[film.shapes]))
    # Whole to who listens. It is there once the film is, and then the legend stays where it is.
    title = page.locator("#point-title")
    expect(title).to_contain_text(NAMES[3])
    tip = page.locator(".term-tip")
    for label in (0, 3, 4):
        button = page.locator(".classes button").nth(label)
        expect(button).to_have_attribute("aria-label", re.compile(f"^Class {re.escape(NAMES[label])}, "))
        button.hover()
        expect(tip).to_have_text(NAMES[label])
        page.mouse.move(2, 2)
        expect(tip).to_have_count(0)
        button.focus()
        expect(tip).to_have_text(NAMES[label])
        box = tip.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1400
        page.keyboard.press("Escape")
        expect(tip).to_have_count(0)
    title.locator(".long-name").focus()
    expect(tip).to_have_text(NAMES[3])
    page.locator(".classes button").nth(7).hover()
    expect(page.locator(".classes button").nth(7).locator(".long-name")).to_have_count(0)

    # Saved, it is cut to where it stands, and whole in the film that plays alone.
    page.get_by_text("Save", exact=True).click()
    film = downloaded(page, page.get_by_role("button", name="Film to play offline, HTML"))
    page.get_by_text("Save", exact=True).click()
    with Image.open(downloaded(page, page.get_by_role("button", name="Picture, PNG"))) as picture:
        assert picture.width == 1200
        assert picture.height < 2000
    for width in (1400, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(film.as_uri())
        button = page.locator(".legend button").first
        button.focus()
        expect(tip).to_have_text(NAMES[0])
        frames(page, 2)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"the film is {wide} wide in a window of {width}"


def test_long_names_stay_within_pictures_of_the_command_line_and_of_a_walk(
    shown: Page, named: Path, tmp_path: Path
) -> None:
    pictures = []
    for command in (["reconstruct", str(named)], ["interpolate", str(named), "--from", "0", "--to", "1"]):
        pictures.append(tmp_path / f"{command[0]}.png")
        assert main([*command, "-o", str(pictures[-1])]) == 0
    shown.set_viewport_size(SIZE)
    go(shown, "interpolate")
    pictures.append(downloaded(shown, shown.get_by_role("button", name="PNG of the 16 steps")))
    for picture in pictures:
        with Image.open(picture) as image:
            sheet = np.asarray(image.convert("L"))
        edges = np.hstack([sheet[:, :4], sheet[:, -4:]])
        assert (edges == 255).all(), f"what is written reaches out of {picture.name}"
