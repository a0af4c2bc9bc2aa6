"""The app under a finger, on a phone: what scrolls, what a slider takes for a drag, and what stays in view."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, FloatRect, Locator, Page, expect

from bvae.runs import Run
from tests.browsing import Session, expect_z, frames, in_address, until
from tests.conftest import watched
from tests.test_traverse_page import Traverse

# How far the page is scrolled, and what else within it would scroll.
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
SCROLLERS = """(live) => {
  const found = [];
  for (let at = live; at.dataset?.testid !== "stMain"; at = at.parentElement ?? at.getRootNode().host) {
    const { overflowY } = getComputedStyle(at);
    if (["auto", "scroll"].includes(overflowY) && at.scrollHeight > at.clientHeight + 1) found.push(at.className);
  }
  return found;
}"""


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    with watched(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as page:
        yield page


class Finger:
    """A finger on the screen, as the browser learns of a real one."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)

    def swipe(self, start: Locator, share: float, right: float, down: float) -> None:
        """From a point of an element, `share` of its width from the left, over pixels to the right and down."""
        box = start.bounding_box()
        assert box is not None
        x, y = box["x"] + share * box["width"], box["y"] + box["height"] / 2
        self._send("touchStart", x, y)
        for step in range(1, 11):
            frames(self.page, 1)
            self._send("touchMove", x + right * step / 10, y + down * step / 10)
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.come_to_rest()

    def _send(self, kind: str, x: float, y: float) -> None:
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})

    def come_to_rest(self) -> None:
        """Wait until the page scrolls no more."""
        seen: list[float] = []

        def still() -> bool:
            frames(self.page, 5)
            seen.append(self.page.evaluate(SCROLLED))
            return len(seen) > 3 and len(set(seen[-4:])) == 1  # a busy machine stops for a moment, too

        until(self.page, still, lambda: "the page goes on scrolling")


def test_a_finger_sets_a_slider_and_scrolls_past_it_and_the_picture_stays_in_view(
    phone: Page, app: str, trained_run: Run
) -> None:
    traverse, finger = Traverse(Session(phone, trained_run, app)).open(), Finger(phone)
    expect_picture_in_view(phone, traverse, finger)
    dimension = traverse.active()[2]
    slider, code = traverse.slider(dimension), traverse.start_code().copy()
    slider.evaluate("(slider) => slider.scrollIntoView({ block: 'center' })")
    finger.come_to_rest()
    told, scrolled = in_address(phone, "z"), phone.evaluate(SCROLLED)
    title = phone.locator("#strip-title").inner_text()

    finger.swipe(slider, 0.85, 3, -150)
    assert phone.evaluate(SCROLLED) > scrolled + 50, "it should have scrolled the page"
    assert float(slider.input_value()) == pytest.approx(code[dimension], abs=0.03)
    traverse.expect_picture(code)
    assert in_address(phone, "z") == told
    assert phone.locator("#strip-title").inner_text() == title

    scrolled, seen = phone.evaluate(SCROLLED), slider.bounding_box()
    finger.swipe(slider, 0.85, -80, 24)
    assert phone.evaluate(SCROLLED) == pytest.approx(scrolled, abs=2), "the finger scrolled the page"
    assert slider.bounding_box() == pytest.approx(seen, abs=2), "the slider moved under the finger"
    code[dimension] = float(slider.input_value())
    assert abs(code[dimension] - traverse.start_code()[dimension]) > 0.2
    expect_z(phone, code)
    traverse.expect_picture(code)
    expect(phone.locator("#strip-title")).to_contain_text(f"Along z{dimension}")

    box = slider.bounding_box()
    assert box is not None
    phone.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
    code[dimension] = float(slider.input_value())
    assert code[dimension] < -1.5
    expect_z(phone, code)


def expect_picture_in_view(phone: Page, traverse: Traverse, finger: Finger) -> None:
    """The picture stays in view, and no prose, where the last of the sliders is."""

    def box(part: Locator) -> FloatRect:
        found = part.bounding_box()
        assert found is not None
        return found

    prose = phone.locator(".traverse .facts")
    before = box(prose)["y"] + phone.evaluate(SCROLLED)
    last = traverse.slider(traverse.active()[-1])
    last.evaluate("(slider) => slider.scrollIntoView({ block: 'center' })")
    finger.come_to_rest()
    expect(traverse.picture).to_be_in_viewport(ratio=1)
    expect(last).to_be_in_viewport(ratio=1)
    assert box(prose)["y"] + phone.evaluate(SCROLLED) == pytest.approx(before, abs=2), "it did not scroll with the rest"
    picture = box(traverse.picture)
    assert picture["y"] + picture["height"] < 844 / 3
    assert picture["width"] == pytest.approx(box(phone.locator(".traverse"))["width"], abs=1), (
        "something is seen beside it"
    )


def test_on_home_the_picture_stays_and_the_menu_that_lies_over_a_page_closes_when_another_is_chosen(
    phone: Page, app: str, trained_run: Run
) -> None:
    phone.goto(f"{app}/?run={trained_run.name}")
    traverse = Traverse(Session(phone, trained_run, app))
    expect(phone.locator(".traverse:not([aria-busy])")).to_be_visible()
    traverse.expect_address("z", lambda z: z is not None)
    expect_picture_in_view(phone, traverse, Finger(phone))

    until(phone, lambda: phone.evaluate("'betaVaeMenu' in globalThis"), lambda: "the menu's script did not come")
    menu = phone.get_by_test_id("stSidebar")
    for name, shown in (("Draw", "Draw"), ("Load", "Load a run")):
        phone.get_by_test_id("stExpandSidebarButton").tap()
        expect(menu).to_have_attribute("data-collapsed", "false")
        phone.get_by_test_id("stSidebarNavLink").filter(has_text=name).tap()
        expect(phone.get_by_role("heading", level=1, name=shown)).to_be_visible()
        expect(menu).to_have_attribute("data-collapsed", "true")


def test_home_scrolls_as_one_and_the_menu_stays_where_it_stands_beside_the_page(
    page: Page, app: str, trained_run: Run
) -> None:
    page.goto(f"{app}/?run={trained_run.name}")
    expect(page.locator(".traverse.compact:not([aria-busy])")).to_be_visible()
    for width in (390, 800, 1400):
        page.set_viewport_size({"width": width, "height": 844})
        frames(page, 3)
        assert page.locator(".traverse").evaluate(SCROLLERS) == [], f"{width} wide"
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Load").click()
    expect(page.get_by_role("heading", level=1, name="Load a run")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "false")
    assert np.isclose(page.get_by_test_id("stSidebar").bounding_box()["x"], 0)  # type: ignore[index]
