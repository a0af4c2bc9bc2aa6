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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browsing import expect_all_weights, frames

PATIENCE = 30  # seconds that a page has to become what it is to be
MOST = 2_000  # characters of an address
VIEWPORT: Any = {"width": 1400, "height": 1000}

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
  const called = (element) => element.getAttribute("aria-label") || element.name || element.className || element.id;
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


@dataclass(frozen=True)
class Visited:
    """A page as a test visits it.

    name: in its address.
    selector: of what is drawn.
    change: does a few things at random, as a person does them.
    parameters: with which it is opened first.
    """

    name: str
    selector: str
    change: Callable[[Page, random.Random], None]
    parameters: str = ""


# What is done at random ------------------------------------------------------------------------------------------


def some(chance: random.Random, found: Locator) -> Locator:
    """One of what a locator finds."""
    return found.nth(chance.randrange(found.count()))


def slide(chance: random.Random, slider: Locator) -> None:
    """Drag a slider to a place, as far as it can be moved."""
    least, most, step = (float(slider.get_attribute(name) or 1) for name in ("min", "max", "step"))
    slider.fill(f"{least + step * chance.randrange(round((most - least) / step) + 1):.6g}")


def maybe(chance: random.Random, *deeds: Callable[[], Any], share: float = 0.6) -> None:
    """Do some of it, one at least, in any order."""
    chosen = [deed for deed in deeds if chance.random() < share] or [chance.choice(deeds)]
    chance.shuffle(chosen)
    for deed in chosen:
        deed()


def change_generate(page: Page, chance: random.Random) -> None:
    def seed() -> None:
        field = page.get_by_role("spinbutton", name="Seed")
        field.fill(str(chance.randrange(2**31)))
        field.press("Enter")
        expect(page.locator(".hundred > .note")).to_contain_text(f"default_rng({field.input_value()})")

    maybe(
        chance,
        seed,
        lambda: slide(chance, page.get_by_role("slider", name="Temperature")),
        lambda: page.get_by_role("radio", name=chance.choice(["prior", "aggregate posterior"])).first.check(),
        lambda: slide(chance, page.get_by_role("slider", name="Epoch", exact=True)),
        lambda: some(chance, page.locator(".tiles button")).click(),
    )


PAGES = [Visited("generate", ".generate", change_generate)]


# States ----------------------------------------------------------------------------------------------------------


def differences(browser: Browser, app: str, run: str, visited: Visited, states: int, seed: int = 0) -> Iterator[str]:
    """Set as many states and open each in a browser that has never seen the app: "" for each that came back, or else
    what came back otherwise."""
    chance = random.Random(f"{visited.name} {seed}")
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    page.goto(f"{app}/{visited.name}?run={run}{visited.parameters}")
    at_rest(page, visited.selector)
    expect_all_weights(page)
    for _ in range(states):
        visited.change(page, chance)
        page.mouse.move(1, 1)
        if page.evaluate("document.activeElement instanceof HTMLElement"):
            page.evaluate("document.activeElement.blur()")
        expected = at_rest(page, visited.selector)
        yield reopened(browser, page.url, visited, expected)
    context.close()


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
    parser.add_argument("--run", default="mnist-beta4")
    parser.add_argument("pages", nargs="*", choices=[visited.name for visited in PAGES])
    asked = parser.parse_args(arguments)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
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


if __name__ == "__main__":
    sys.exit(main())
