"""What holds for every page: nothing overlaps, is cut or jumps, axe finds no serious fault, what rests says why, hard
words are explained, and nothing is asked for elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect

from tests.browsing import comes_true, hosts, inaccessible, requests
from tests.conftest import watched
from tests.test_glossary import WORDS, check_hard_words

Scheme = Literal["light", "dark"]

PAGES = ["", "traverse", "interpolate", "generate", "clusters", "disentangle", "reconstruct", "draw", "compare",
         "lessons", "train", "load"]  # fmt: skip
LIVE = PAGES[:9]

# Every visible line of text with its box, through the shadow roots of the components as well.
TEXTS = """() => {
  const found = [];
  const visit = (node) => {
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE && child.textContent.trim()) {
        const range = document.createRange();
        range.selectNodeContents(child);
        for (const box of range.getClientRects()) {
          if (box.width < 2 || box.height < 2) continue;
          found.push({ text: child.textContent.trim().slice(0, 60), element: child.parentElement, box });
        }
      } else if (child.nodeType === Node.ELEMENT_NODE) {
        const tag = child.tagName.toLowerCase();
        if (["style", "script", "math", "noscript", "option"].includes(tag) || child.ariaHidden === "true") continue;
        if (!child.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (tag === "details" && !child.open) { visit(child.querySelector("summary")); continue; }
        visit(child.shadowRoot ?? child);
      }
    }
  };
  const main = document.querySelector("[data-testid=stMain]");
  visit(main);
  const problems = [];
  for (const { text, element } of found) {
    for (let at = element; at && at !== main; at = at.parentElement ?? at.getRootNode().host) {
      const style = getComputedStyle(at);
      if (style.overflowX === "hidden" && at.scrollWidth > at.clientWidth + 2) problems.push(`cut: ${text}`);
    }
  }
  for (let i = 0; i < found.length; i++) {
    for (let j = i + 1; j < found.length; j++) {
      const [a, b] = [found[i], found[j]];
      if (a.element === b.element) continue;
      if (a.text === b.text && a.element.closest("svg")) continue; // Plotly draws a label's outline as a second text
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (wide > 2 && high > 4) problems.push(`overlap: ${a.text} | ${b.text}`);
    }
  }
  const beyond = main.scrollWidth - main.clientWidth;
  if (beyond > 1) problems.push(`wider than the window by ${beyond}`);
  return [...new Set(problems)];
}"""

# Every control that cannot be used, with what it says of the reason. The steps of a number field are a part of it: they
# end where its numbers do.
RESTING = """() => {
  const found = [];
  const visit = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) visit(element.shadowRoot);
      if (!element.matches(":disabled, [aria-disabled=true]")) continue;
      const option = element.tagName === "OPTION";
      if (element.closest("[data-testid=stNumberInput]") || !(option || element.checkVisibility())) continue;
      const reason = element.ariaDescription || element.title || (option ? element.textContent.split(": ")[1] : "");
      const tooltip = Boolean(element.closest("[data-testid=stTooltipHoverTarget]"));
      const name = element.ariaLabel || element.closest("label")?.textContent || element.textContent;
      found.push({ name, reason, tooltip });
    }
  };
  visit(document);
  return found;
}"""

# Some of those, by page.
RESTS = {
    "traverse": {"keep the digit"}, "clusters": {"Epoch after"}, "reconstruct": {"Rank at epoch 100"},
    "draw": {"Undo", "Clear", "Dark on light", "Take this code to the sliders"}, "load": {"Make a run of them"},
    "train": {"Start training"},
}  # fmt: skip

DRESSED = """(scheme) => {
  const app = document.querySelector("[data-testid=stApp]");
  const [red] = (app ? getComputedStyle(app).backgroundColor : "").match(/\\d+/) ?? [NaN];
  return scheme === "dark" ? red < 128 : red >= 128;
}"""

# What moves up or down in the page itself. Streamlit's sidebar, which opens after the page is there, moves it sideways.
WATCH_JUMPS = """() => {
  globalThis.jumps = [];
  const within = ({ node }) =>
    (node?.nodeType === 1 ? node : node?.parentElement)?.closest("[data-testid=stMain]");
  const moved = (source) => Math.abs(source.currentRect.top - source.previousRect.top) > 1 && within(source);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const own = entry.sources.filter(moved);
      if (entry.hadRecentInput || !own.length) continue;
      if (entry.sources.every(within)) {
        jumps.push(entry.value);
        continue;
      }
      // The sidebar moved in the same frame: the page's own share is at most the area that moved, times how far.
      const area = own.flatMap(({ previousRect, currentRect }) => [previousRect, currentRect])
        .reduce((sum, { width, height }) => sum + width * height, 0) / (innerWidth * innerHeight);
      const ways = own.map(({ previousRect, currentRect }) => Math.abs(currentRect.top - previousRect.top));
      jumps.push(Math.min(entry.value, area * Math.max(...ways) / Math.max(innerWidth, innerHeight)));
    }
  }).observe({ type: "layout-shift", buffered: true });
}"""


# How wide, and the colours: those that a page is loaded with, and those that it is changed to.
WINDOWS = [(1400, ("light", "dark")), (800, ("dark", "light")), (390, ("light",))]


@contextlib.contextmanager
def opened(browser: Browser, app: str, **options: Any) -> Iterator[Page]:
    """A tab on a touch screen, whose pages ask nobody but the app for anything."""
    with watched(browser, reduced_motion="reduce", has_touch=True, **options) as page:
        page.add_init_script(f"({WATCH_JUMPS})()")
        page.add_init_script(AXE_SCRIPT)  # half a megabyte, to be sent once
        asked = requests(page)
        yield page
    assert hosts(asked) == {urlsplit(app).netloc}


@pytest.fixture(scope="module")
def desk(browser: Browser, app: str) -> Iterator[Page]:
    with opened(browser, app) as page:
        yield page


@pytest.fixture(scope="module")
def phone(browser: Browser, app: str) -> Iterator[Page]:
    with opened(browser, app, is_mobile=True) as page:
        yield page


@pytest.fixture(scope="module", params=WINDOWS, ids=lambda window: str(window[0]))
def window(request: pytest.FixtureRequest) -> tuple[Page, tuple[Scheme, ...]]:
    width, schemes = request.param
    page = request.getfixturevalue("phone" if width < 500 else "desk")
    page.set_viewport_size({"width": width, "height": 1000})
    return page, schemes


def settle(page: Page, name: str) -> None:
    """Wait until the page shows its content and nothing arrives any more."""
    if name in LIVE:
        page.locator(".live:not([aria-busy])").first.wait_for()
    page.get_by_role("heading", level=1).wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(700)


def go(page: Page, name: str) -> None:
    """To a page by its link in the sidebar, which takes half the work of loading it."""
    if urlsplit(page.url).path != f"/{name}":
        heading = page.get_by_role("heading", level=1)
        before = heading.inner_text()
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name.capitalize() or "Home", exact=True).click()
        expect(heading).not_to_have_text(before)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    settle(page, name)


@pytest.mark.parametrize("name", PAGES, ids=lambda name: name or "home")
def test_page_is_whole_calm_and_accessible_what_rests_says_why_and_words_are_explained(
    window: tuple[Page, tuple[Scheme, ...]], app: str, name: str
) -> None:
    page, schemes = window
    page.emulate_media(color_scheme=schemes[0])
    page.goto(f"{app}/{name}")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        comes_true(page, DRESSED, scheme)
        settle(page, name)
        problems = page.evaluate(TEXTS)
        assert not problems, f"{scheme}: " + "\n".join(problems)
        jumps = page.evaluate("jumps.reduce((sum, jump) => sum + jump, 0)")
        # On a phone, Train's form is one column of Streamlit's own widgets, whose placeholders are lower than they are.
        still = jumps < 0.1 or (name == "train" and page.evaluate("innerWidth") < 500)
        assert still, f"{scheme}: the layout shifted by {jumps:.3f}; below 0.1 counts as still"
        serious = inaccessible(page, colours_alone=scheme != schemes[0])
        assert not serious, f"{scheme}: " + "\n".join(serious)
    width = page.evaluate("innerWidth")
    if width > 1000:
        leave_resting(page, name)
        check_resting(page, name)
    elif width > 500 and name in WORDS:
        check_hard_words(page, name)


def leave_resting(page: Page, name: str) -> None:
    """Make more controls of a page such that they cannot be used."""
    if name == "traverse":
        page.get_by_role("button", name="Origin", exact=True).click()
        expect(page.get_by_role("radio", name="keep the digit")).to_be_disabled()
    elif name == "reconstruct":
        page.get_by_text("Worst", exact=True).click()
        page.get_by_role("button", name="Rank at epoch").wait_for()
    elif name == "train":
        page.get_by_role("textbox", name="Name").fill("a/b")
        page.get_by_role("textbox", name="Name").press("Enter")
        page.get_by_role("alert").first.wait_for()


def check_resting(page: Page, name: str) -> None:
    """Every control that cannot be used says why."""
    said = {}
    for control in page.evaluate(RESTING):
        if control["tooltip"] and not control["reason"]:
            page.locator("[data-testid=stTooltipHoverTarget]:has(:disabled)").hover()
            control["reason"] = page.get_by_test_id("stTooltipContent").inner_text()
        said[control["name"]] = control["reason"]
    assert RESTS.get(name, set()) <= set(said), "some of these can be used"
    assert not [control for control, reason in said.items() if not (reason or "").strip().endswith(".")], said
