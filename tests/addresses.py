"""Whether a page's address brings back what a person set: in another browser, to the pixel.

    python tests/addresses.py --states 50 [--seed 0] [page …]

Each state is a few things that are done at random on a page. Then its address is opened in a browser that has never
seen the app, and everything that is drawn there is compared: each canvas to the pixel, and what can be set.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bvae.browser.cursor import Cursor, check_cursor, image_cursor
from bvae.browser.encoders import pack_encoders
from bvae.browser.noise import noise_of
from bvae.runs import Run, find_run
from pages.parts.cursor import from_address, to_address
from pages.parts.film import open_film
from pages.parts.live import open_live
from pages.parts.meaning import open_figures
from tests.bench import Bench, live_data
from tests.browsing import expect_all_weights, frames
from tests.deeds import PAGES, Visited

PATIENCE = 150  # seconds that a page has to become what it is to be
MOST = 2_000  # characters of an address
VIEWPORT: Any = {"width": 1400, "height": 2600}  # what is out of sight is not drawn

# Each canvas as a number that another canvas has not, and what can be set; of what is shown.
DRAWN = """([root]) => {
  if (!root || root.closest("[aria-busy=true]") || root.querySelector("[aria-busy=true]")) return null;
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
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const called = (element) => element.ariaLabel || element.name?.replace(/^react-.*/, "") || element.className;
  const canvases = Array.from(root.querySelectorAll("canvas")).filter(shown);
  const value = (each) => (/radio|checkbox/.test(each.type) ? each.checked : each.value);
  const controls = Array.from(root.querySelectorAll("input:not([type=file]), select, textarea")).filter(shown);
  return [
    ...canvases.map((canvas, i) => `canvas ${i} ${called(canvas)}: ${hash(canvas)}`),
    ...controls.map((each, i) => `control ${i} ${called(each)}: ${value(each)}`),
  ];
}"""


def drawn(page: Page, selector: str) -> list[str] | None:
    """Everything that is drawn and set within an element; None while it is on its way."""
    found: list[str] | None = page.locator(selector).evaluate_all(DRAWN)
    return found


def at_rest(page: Page, selector: str) -> list[str]:
    """The same once nothing changes any more, neither what is drawn nor the address, and Python has nothing to do."""
    app = page.locator("[data-testid=stApp]")
    end = time.monotonic() + PATIENCE
    before: Any = None
    calm = 0
    while calm < 3:
        assert time.monotonic() < end, f"the page does not come to rest: {str(before)[:2000]}"
        page.wait_for_timeout(120)
        found = drawn(page, selector)
        now = (found, page.url, app.get_attribute("data-test-script-state"))
        calm = calm + 1 if now == before and found and now[2] == "notRunning" else 0
        before = now
    assert before[0]
    return list(before[0])


# States ----------------------------------------------------------------------------------------------------------


def differences(browser: Browser, app: str, run: str, visited: Visited, states: int, seed: int = 0) -> Iterator[str]:
    """Set as many states and open each in a browser that has never seen the app: "" for each that came back, or else
    what came back otherwise."""
    chance = random.Random(f"{visited.name} {seed}")
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    page.goto(f"{app}/{visited.name}?run={run}{visited.parameters}")
    at_rest(page, visited.selector)
    if visited.name != "train":
        expect_all_weights(page)
    for _ in range(states):
        visited.change(page, chance)
        page.mouse.move(1, 1)
        if page.evaluate("document.activeElement instanceof HTMLElement"):
            page.evaluate("document.activeElement.blur()")
        expected = at_rest(page, visited.selector)
        yield reopened(browser, page.url, visited, expected)
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


def reopened(browser: Browser, address: str, visited: Visited, expected: list[str]) -> str:
    """What differs in another browser, "" where nothing does."""
    if len(address) > MOST:
        return f"{len(address)} characters: {address}"
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    try:
        page.goto(address)
        end = time.monotonic() + PATIENCE
        found: list[str] | None = None
        while found != expected and time.monotonic() < end:
            page.wait_for_timeout(100)
            found = drawn(page, visited.selector)
        if found == expected:
            frames(page, 2)
            found = at_rest(page, visited.selector)
        if found == expected and page.url == address:
            return ""
        if found == expected:
            return f"the address became another:\n  {address}\n  {page.url}"
        unlike = [f"{one}   →   {other}" for one, other in zip(expected, found or [], strict=False) if one != other]
        return "\n  ".join([address, f"{len(expected)} things, {len(found or [])} found", *unlike[:12]])
    finally:
        context.close()


def main(arguments: list[str] | None = None) -> int:
    """Say of each page how many states came back."""
    from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium, serve

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--states", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bench", action="store_true", help="components alone, without the app: ten times as fast")
    parser.add_argument("--run", default="mnist-beta4")
    parser.add_argument("pages", nargs="*", choices=[visited.name for visited in PAGES])
    asked = parser.parse_args(arguments)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        if asked.bench:
            failed = _alone(browser, asked)
            browser.close()
            return failed
        with serve(Path(folder), Path(folder) / "log") as app:
            for visited in PAGES:
                if asked.pages and visited.name not in asked.pages:
                    continue
                equal = 0
                for unlike in differences(browser, app, asked.run, visited, asked.states, asked.seed):
                    equal += not unlike
                    if unlike:
                        print(f"{visited.name}: {unlike}", flush=True)
                print(f"{visited.name}: {equal} of {asked.states} equal", flush=True)
                failed += asked.states - equal
        browser.close()
    return 1 if failed else 0


def _alone(browser: Browser, asked: argparse.Namespace) -> int:
    failed = 0
    for visited in PAGES:
        if visited.name in ("reconstruct", "train") or (asked.pages and visited.name not in asked.pages):
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
