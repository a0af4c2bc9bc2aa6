"""Whether a page's address brings back what a person set: in another browser, to the pixel.

    python tests/addresses.py --states 50 [--exported] [--seed 0] [--pages compare draw]

Each state is a few things that are done at random on a page of the app, or of an exported page that is opened as a
file. Then its address is opened in a browser that has never seen it, and everything that is drawn there is compared:
each canvas to the pixel, each chart, and what can be set. Of what came back otherwise, both addresses are told, and
both pictures kept.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bvae.browser.cursor import Cursor, check_cursor, image_cursor
from bvae.browser.encoders import pack_encoders
from bvae.browser.export import gather, single
from bvae.browser.noise import noise_of
from bvae.runs import Run, find_run
from pages.parts.cursor import from_address, to_address
from pages.parts.film import open_film
from pages.parts.live import open_live
from pages.parts.meaning import open_figures
from tests.bench import Bench, live_data
from tests.browsing import WATCH_SERVER, answered, expect_all_weights
from tests.deeds import PAGES, Visited

PATIENCE = 150  # seconds that a page has to become what it is to be
STILL = 60  # seconds without a change after which a page that is another will not become what it is to be
RUNS = ("mnist-beta4", "mnist-beta1", "mnist-beta10")  # of an exported page
MEGABYTES = 18
MOST = 2_000  # characters of an address
VIEWPORT: Any = {"width": 1400, "height": 2600}  # what is out of sight is not drawn

# Each canvas and chart as a number that another has not, and what can be set; of what is shown.
DRAWN = """(found, parts) => {
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const roots = found.filter(shown);
  const busy = (root) => root.closest("[aria-busy=true]") || root.querySelector("[aria-busy=true]");
  if (roots.length < parts || roots.some(busy)) return null;
  const every = (selector) => roots.flatMap((root) => Array.from(root.querySelectorAll(selector))).filter(shown);
  const hash = (canvas) => {
    const context = canvas.getContext("2d");
    if (!context || !canvas.width || !canvas.height) return `${canvas.width}`;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let [one, two] = [0x811c9dc5, 0];
    const words = new Uint32Array(data.buffer);
    for (let i = 0; i < words.length; i++) {
      one = Math.imul(one ^ words[i], 0x01000193);
      two = Math.imul(two + words[i], 0x9e3779b1) ^ (two >>> 15);
    }
    return `${canvas.width}x${canvas.height} ${one >>> 0} ${two >>> 0}`;
  };
  const mixed = (text) => Array.from(text).reduce((sum, sign) => Math.imul(sum ^ sign.codePointAt(0), 0x01000193), 7);
  const called = (element) => element.ariaLabel || element.name?.replace(/^react-.*/, "") || element.className;
  const value = (each) => (/radio|checkbox/.test(each.type) ? each.checked : each.value);
  const controls = every("input:not([type=file]), select, textarea");
  return [
    ...every("canvas").map((canvas, i) => `canvas ${i} ${called(canvas)}: ${hash(canvas)}`),
    ...every("svg").map((chart, i) => `chart ${i} ${chart.getAttribute("class")}: ${mixed(chart.outerHTML)}`),
    ...controls.map((each, i) => `control ${i} ${called(each)}: ${value(each)}`),
  ];
}"""


def drawn(page: Page, selector: str, parts: int = 1) -> list[str] | None:
    """Everything that is drawn and set within so many elements at least; None while it is on its way."""
    found: list[str] | None = page.locator(selector).evaluate_all(DRAWN, parts)
    return found


def at_rest(page: Page, visited: Visited) -> tuple[list[str], str]:
    """The same and the address once nothing changes any more, and Python has nothing to do."""
    end = time.monotonic() + PATIENCE
    before: Any = None
    calm = 0
    while calm < 3:
        assert time.monotonic() < end, f"the page does not come to rest: {str(before)[:2000]}"
        page.wait_for_timeout(100)
        ready = answered(page)
        now = (drawn(page, visited.selector, visited.parts), page.url)
        calm = calm + 1 if ready and now == before and now[0] else 0
        before = now
    assert before[0]
    return list(before[0]), before[1]


# States ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Where:
    """What is visited.

    before: what stands in an address before a page's name: the app's, or an exported page's with its #.
    run: that is looked at first.
    """

    before: str
    run: str

    def opened(self, browser: Browser, address: str) -> tuple[BrowserContext, Page]:
        """An address in a browser that has never seen it."""
        context = browser.new_context(viewport=VIEWPORT)
        context.add_init_script(WATCH_SERVER)
        page = context.new_page()
        page.goto(address)
        return context, page


def differences(
    browser: Browser, where: Where, visited: Visited, states: int, seed: int = 0, kept: Path | None = None
) -> Iterator[str]:
    """Set as many states and open each in a browser that has never seen the app: "" for each that came back, or else
    what came back otherwise.

    Args:
        kept: a folder for pictures of both.
    """
    chance = random.Random(f"{visited.name} {seed}")
    context, page = where.opened(browser, f"{where.before}{visited.name}?run={where.run}")
    at_rest(page, visited)
    if visited.name != "train":
        expect_all_weights(page)
    for state in range(states):
        visited.change(page, chance)
        page.mouse.move(1, 1)
        page.evaluate("document.activeElement instanceof HTMLElement && document.activeElement.blur()")
        unlike, expected = "", at_rest(page, visited)
        while True:
            unlike = reopened(browser, where, visited, *expected, kept and kept / f"{visited.name}-{state}-found.png")
            now = at_rest(page, visited)
            if not unlike or now == expected:
                break
            expected = now  # it was not at rest: a slow machine had something to do yet
        if unlike and kept:
            page.screenshot(path=kept / f"{visited.name}-{state}-set.png")
        yield unlike and f"state {state}: {unlike}"
    context.close()


def reopened(
    browser: Browser, where: Where, visited: Visited, expected: list[str], address: str, picture: Path | None
) -> str:
    """What differs in another browser, "" where nothing does."""
    if len(address.removeprefix(where.before)) > MOST:
        return f"{len(address)} characters: {address}"
    context, page = where.opened(browser, address)
    try:
        end = time.monotonic() + PATIENCE
        since, found = time.monotonic(), drawn(page, visited.selector, visited.parts)
        while found != expected and time.monotonic() < min(end, since + STILL if found else end):
            page.wait_for_timeout(100)
            now = drawn(page, visited.selector, visited.parts)
            if now != found:
                since, found = time.monotonic(), now
        if found == expected:
            found, url = at_rest(page, visited)
            if found == expected and url == address:
                return ""
            if found == expected:
                return f"the address became another:\n  {address}\n  {url}"
        if picture:
            page.screenshot(path=picture)
        unlike = [f"{one}   →   {other}" for one, other in zip(expected, found or [], strict=False) if one != other]
        told = f"{len(expected)} things, {len(found or [])} found"
        return "\n  ".join([address, *([page.url] if page.url != address else []), told, *unlike[:12]])
    finally:
        context.close()


# On a bench: a component alone, and what it says of itself read by what does so in the app ----------------------------


class Alone:
    """A page's component on a blank page, and in Python's place what it needs of that: of Generate its noise."""

    def __init__(self, bench: Bench, run: Run, visited: Visited) -> None:
        self.bench, self.visited = bench, visited
        self.live = open_live(run, run.name)
        self.space = self.live.space
        self.own: dict[str, Any] = {"rows": self.live.active, "centred": True, "beside": []}
        self.film = open_film(self.live) if visited.name == "clusters" else None
        if self.film:
            self.own |= {"film": self.film.key, "other": None, "shapes": [self.film.shapes]}
        self.encoders = pack_encoders(run, self.live.key, self.space.epochs) if visited.name == "draw" else b""

    def open(self, cursor: Cursor, asked: dict[str, str]) -> None:
        """Show the component as an address has it, on a page that knows nothing else."""
        self.bench.clear()
        self.bench.publish_run(self.live)
        if self.film:
            self.bench.publish("films", self.film.content)
        if self.encoders:
            self.bench.publish("encoders", self.encoders)
        figures = open_figures(self.live.path).key
        self.data = live_data(self.live, cursor=cursor, asked=asked, asked_revision=1, figures=figures) | self.own
        self.bench.mount(self.visited.name, self.data | self.noise(asked))

    def noise(self, address: dict[str, str]) -> dict[str, Any]:
        """What pages/generate.py sends of the seed that an address says."""
        return noise_of(int(address.get("seed", 0)), self.space.latent_dim, len(self.space.indices))

    def said(self, cursor: Cursor) -> tuple[Cursor, dict[str, str]]:
        """Cursor and address as the component has said them, or as it was sent them."""
        told = self.bench.said("cursor")
        remembered = self.bench.said("memory")
        address = remembered[-1]["address"] if remembered else self.data["asked"]
        return check_cursor(told[-1], self.space) if told else cursor, address

    def change(self, chance: random.Random, cursor: Cursor) -> tuple[Cursor, dict[str, str]]:
        """Do a few things, and answer as Python does."""
        page = self.bench.page
        if self.visited.name == "generate" and chance.random() < 0.5:
            page.get_by_role("spinbutton", name="Seed").fill(str(chance.randrange(2**31)))
            page.get_by_role("spinbutton", name="Seed").blur()
            _, address = self.said(cursor)
            self.bench.redraw(self.data | self.noise(address))
        self.visited.change(page, chance)
        page.mouse.move(1, 1)
        page.evaluate("document.activeElement instanceof HTMLElement && document.activeElement.blur()")
        page.wait_for_timeout(600)  # after a wheel's last notch, and a map's flight
        return self.said(cursor)

    def still(self) -> list[str]:
        """What is drawn and set, once it changes no more."""
        before: list[str] | None = None
        while True:
            self.bench.page.wait_for_timeout(150)
            found = drawn(self.bench.page, self.visited.selector)
            if found and found == before:
                return found
            before = found


def differences_alone(page: Page, run: Run, visited: Visited, states: int, seed: int = 0) -> Iterator[str]:
    """As `differences`, of a component on a bench."""
    chance = random.Random(f"{visited.name} {seed}")
    alone = Alone(Bench(page), run, visited)
    cursor = image_cursor(alone.space)
    alone.open(cursor, {})
    alone.still()
    for _ in range(states):
        cursor, address = alone.change(chance, cursor)
        expected = alone.still()
        asked_of, problems = from_address(to_address(cursor), alone.space)
        if cursor["start"]["kind"] == "drawing":  # which only a session keeps
            asked_of, problems = cursor, []
        alone.open(asked_of, address)
        found = alone.still()
        unlike = [f"{one}   →   {other}" for one, other in zip(expected, found, strict=False) if one != other]
        length = sum(len(name) + len(text) + 2 for name, text in {**to_address(cursor), **address}.items())
        if problems or unlike or len(found) != len(expected) or length > MOST:
            yield "\n  ".join([str(address), f"{len(expected)} things, {len(found)} found", *problems, *unlike[:12]])
        else:
            yield ""


def main(arguments: list[str] | None = None) -> int:
    """Say of each page how many states came back."""
    from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium, serve

    names = [visited.name for visited in PAGES]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", nargs="+", choices=names, default=names, metavar="PAGE", help=", ".join(names))
    parser.add_argument("--states", type=int, default=50, help="of each page")
    parser.add_argument("--seed", type=int, default=0, help="the same does the same again")
    parser.add_argument("--run", default=RUNS[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--exported", action="store_true", help="an exported page, opened as a file")
    where.add_argument("--bench", action="store_true", help="components alone, without the app: ten times as fast")
    parser.add_argument("--kept", type=Path, help="a folder for pictures of what came back otherwise")
    asked = parser.parse_args(arguments)
    visits = [visited for visited in PAGES if visited.name in asked.pages]
    print(f"seed {asked.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        if asked.bench:
            return _alone(browser, visits, asked)
        if asked.kept:
            asked.kept.mkdir(parents=True, exist_ok=True)
        if asked.exported:
            file = Path(folder) / "page.html"
            file.write_text(single(gather([find_run(name) for name in RUNS], MEGABYTES)), encoding="utf-8")
            return _each(
                browser, Where(f"{file.as_uri()}#", asked.run), [each for each in visits if each.exported], asked
            )
        with serve(Path(folder), Path(folder) / "log") as app:
            return _each(browser, Where(f"{app}/", asked.run), visits, asked)


def _each(browser: Browser, where: Where, visits: Sequence[Visited], asked: argparse.Namespace) -> int:
    failed = 0
    for visited in visits:
        equal, begun = 0, time.monotonic()
        found = differences(browser, where, visited, asked.states, asked.seed, asked.kept)
        for done, unlike in enumerate(found, start=1):
            equal += not unlike
            if unlike:
                print(f"{visited.name}, {unlike}", flush=True)
            if done % 10 == 0 and done < asked.states:
                print(f"{visited.name}: {equal} of {done} so far", flush=True)
        print(f"{visited.name}: {equal} of {asked.states} equal, {time.monotonic() - begun:.0f} s", flush=True)
        failed |= equal < asked.states
    return int(failed)


def _alone(browser: Browser, visits: Sequence[Visited], asked: argparse.Namespace) -> int:
    failed = 0
    for visited in visits:
        if visited.name in ("home", "reconstruct", "compare", "train"):
            continue  # what these show is chosen in Python
        page = browser.new_page(viewport=VIEWPORT)
        found = list(differences_alone(page, find_run(asked.run), visited, asked.states, asked.seed))
        for unlike in filter(None, found):
            print(f"{visited.name}: {unlike}", flush=True)
        print(f"{visited.name}, alone: {found.count('')} of {asked.states} equal", flush=True)
        failed |= found.count("") < asked.states
        page.close()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
