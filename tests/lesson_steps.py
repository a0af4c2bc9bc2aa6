"""What each step of the lesson "What β does" tells to do, done in a real browser, and what there is to see then.

For the app and for an exported page alike: nothing here knows of a server, of Streamlit or of an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from playwright.sync_api import Locator, Page, expect

from bvae.lessons import FIRST, find_lesson
from tests.browsing import canvases, comes_true, expect_all_weights, frames, grey, until

STEPS = find_lesson(FIRST)["steps"]

# Every visible text whose type is smaller than 18 pixels on the screen, with its size; within a drawing it is enlarged.
SMALL_TYPE = """(main) => {
  const found = new Set();
  const visit = (node) => {
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE && /[\\p{L}\\p{N}]/u.test(child.textContent)) {
        const element = child.parentElement ?? node.host;
        const box = element.getBoundingClientRect();
        if (box.width < 2 || box.height < 2) continue;
        const drawn = element.closest("svg") ? element.getScreenCTM().d : 1;
        const size = parseFloat(getComputedStyle(element).fontSize) * drawn;
        if (size < 17.99) found.add(`${size.toFixed(1)} ${child.textContent.trim().slice(0, 40)}`);
      } else if (child.nodeType === Node.ELEMENT_NODE) {
        const tag = child.tagName.toLowerCase();
        if (["style", "script", "noscript", "option", "math"].includes(tag) || child.matches(".hidden-text")) continue;
        const boxless = getComputedStyle(child).display === "contents"; // as what Streamlit has around a component
        if (!boxless && !child.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (tag === "details" && !child.open) { visit(child.querySelector("summary")); continue; }
        if (child.shadowRoot) visit(child.shadowRoot);
        visit(child);
      }
    }
  };
  visit(main);
  return [...found];
}"""


def ready(page: Page, component: str) -> Locator:
    """A component that shows what it has."""
    found = page.locator(f".live.{component}:not([aria-busy])")
    found.wait_for()
    return found


def picture(found: Locator) -> np.ndarray:
    frames(found.page, 2)
    return grey(found)


def dimension(page: Page, number: int) -> Locator:
    return page.locator(".traverse .dimensions").get_by_role("slider", name=re.compile(rf"^z{number}\b"))


def ends(slider: Locator, decoded: Locator) -> tuple[np.ndarray, np.ndarray]:
    """The picture at both ends of a slider."""
    slider.press("Home")
    low = picture(decoded)
    slider.press("End")
    return low, picture(decoded)


def active(page: Page) -> int:
    return page.locator(".traverse .sliders.active input[type=range]").count()


def one_slider(page: Page) -> None:
    decoded = ready(page, "traverse").locator("canvas.decoded")
    thin, thick = ends(dimension(page, 3), decoded)
    assert thick.sum() > 1.5 * thin.sum()


def nothing(page: Page) -> None:
    decoded = ready(page, "traverse").locator("canvas.decoded")
    thickness = dimension(page, 3)  # the step before has moved it, and this one shows the image as it was
    until(page, lambda: float(thickness.input_value()) < 1, lambda: f"z3 stayed at {thickness.input_value()}")
    passive = page.locator(".traverse details.passive")
    passive.locator("summary").click()
    expect(passive.locator("summary")).to_contain_text("11 dimensions carry nothing")
    low, high = ends(passive.get_by_role("slider").first, decoded)
    assert np.abs(low - high).mean() < 1  # of 255 grey levels: nothing that can be seen


def clock(page: Page) -> None:
    decoded = ready(page, "traverse").locator("canvas.decoded")
    expect_all_weights(page)
    expect(page.locator(".traverse .epoch-value")).to_have_text(re.compile("^0, "))  # it was that of the last step
    fog = picture(decoded)
    epoch = page.locator(".traverse").get_by_role("slider", name="Epoch", exact=True)
    epoch.press("ArrowRight")
    expect(page.locator(".traverse .epoch-value")).to_have_text("1")
    first = picture(decoded)
    epoch.press("End")
    expect(page.locator(".traverse .epoch-value")).to_have_text("100")
    assert np.ptp(fog) < 64
    assert np.ptp(first) > 128
    assert np.abs(picture(decoded) - first).mean() > 1


def film(page: Page) -> None:
    clusters = ready(page, "clusters")
    expect(clusters.locator(".moment b")).to_have_text("0")
    before = clusters.locator("canvas.dots").evaluate("(canvas) => canvas.toDataURL()")
    speed = clusters.get_by_role("combobox", name="Speed")
    speed.select_option(label="4×")
    clusters.get_by_role("button", name="Play", exact=True).click()
    expect(clusters.locator(".moment b")).to_have_text("100")
    assert clusters.locator("canvas.dots").evaluate("(canvas) => canvas.toDataURL()") != before


def many_sliders(page: Page) -> None:
    decoded = ready(page, "traverse").locator("canvas.decoded")
    until(page, lambda: active(page) > 9, lambda: f"{active(page)} sliders")
    low, high = ends(page.locator(".traverse .sliders.active input[type=range]").nth(1), decoded)
    assert np.abs(low - high).max() > 64


def few_sliders(page: Page) -> None:
    decoded = ready(page, "traverse").locator("canvas.decoded")
    until(page, lambda: 0 < active(page) < 9, lambda: f"{active(page)} sliders")
    low, high = ends(page.locator(".traverse .sliders.active input[type=range]").first, decoded)
    assert np.abs(low - high).max() > 64


def cost(page: Page) -> None:
    reconstruct = ready(page, "reconstruct")

    def shown() -> str:
        """All images, those of the cards as well as the one beside the clock."""
        return str(
            reconstruct.evaluate("(root) => [...root.querySelectorAll('canvas')].map((each) => each.toDataURL())")
        )

    before = shown()
    page.get_by_role("button", name="New draw").click()
    until(page, lambda: shown() != before, lambda: "the same images are shown")


def names(page: Page) -> None:
    disentangle = ready(page, "disentangle")
    disentangle.get_by_role("button", name="z9 and slant").click()
    expect(disentangle.locator("#moved-title")).to_contain_text("z9 · slant")
    moved = canvases(disentangle.locator(".moved-cells canvas"))
    rows = moved.reshape(5, -1, moved.shape[-1])
    assert all(np.abs(row[0] - row[-1]).max() > 64 for row in rows)


def between(page: Page) -> None:
    interpolate = ready(page, "interpolate")
    walk, fade = (interpolate.locator(f"canvas.{name}") for name in ("walk", "fade"))
    before = picture(walk)
    interpolate.get_by_role("button", name="Play", exact=True).click()
    until(page, lambda: bool(np.abs(grey(walk) - before).max() > 32), lambda: "the picture stays")
    interpolate.get_by_role("button", name="Pause", exact=True).click()
    scrub = interpolate.get_by_role("slider", name="Position on the way")
    scrub.press("Home")
    first = picture(fade)
    scrub.press("End")
    last, most = picture(fade), int(scrub.get_attribute("max") or 0)
    scrub.fill(str(most // 2))
    frames(page, 2)
    np.testing.assert_allclose(picture(fade), (first + last) / 2, atol=4)
    assert np.abs(picture(walk) - picture(fade)).max() > 64


def noise(page: Page) -> None:
    generate = ready(page, "generate")
    temperature = generate.get_by_role("slider", name="Temperature")
    images = generate.locator(".mosaic canvas")
    assert images.count() == 100

    def apart() -> int:
        """By how many grey levels a pixel differs among the images, at most."""
        return int(np.ptp(canvases(images), axis=0).max())

    temperature.press("Home")
    until(page, lambda: apart() < 2, lambda: f"the images differ by {apart()}")
    temperature.press("End")
    until(page, lambda: apart() > 200, lambda: f"the images differ by {apart()}")


def own_digit(page: Page) -> None:
    draw = ready(page, "draw")
    field = draw.get_by_role("img", name="Drawing field")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box
    at = [
        (box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in ((0.3, 0.25), (0.7, 0.25), (0.45, 0.8))
    ]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    decoded = draw.locator("canvas.decoded")
    until(page, lambda: bool(grey(decoded).max() > 128), lambda: "nothing is decoded")


def honest(page: Page) -> None:
    clusters = ready(page, "clusters")
    trustworthy = clusters.get_by_role("row", name="Trustworthiness")
    expect(trustworthy).to_contain_text("0.941")
    clusters.get_by_role("combobox", name="Layout").select_option(label="PCA of the last epoch")
    expect(trustworthy).to_contain_text("0.725")


DO: dict[str, Callable[[Page], None]] = dict(
    zip(
        (step["title"] for step in STEPS),
        (one_slider, nothing, clock, film, many_sliders, few_sliders, cost, names, between, noise, own_digit, honest),
        strict=True,
    )
)


def take_every_step(page: Page, look: Callable[[Page], None] = lambda page: None) -> None:
    """Go through the lesson, whose first step is on the page: do in each what it tells to, and look at the page."""
    bar = page.locator(".live.lesson:not([aria-busy])")
    for number, (title, do) in enumerate(DO.items(), 1):
        expect(bar.get_by_role("heading", name=title, exact=True)).to_be_visible()
        expect(bar.get_by_text(f"Step {number} of {len(DO)}", exact=True)).to_be_visible()
        for part in (f"{STEPS[number - 1]['page']}?", f"step={number}"):
            comes_true(page, "(part) => location.href.includes(part)", part)
        do(page)
        look(page)
        expect(bar.get_by_role("alert")).to_have_count(0)
        if number < len(DO):
            bar.get_by_role("button", name="Next").click()
    expect(bar.get_by_role("button", name="Next")).to_be_hidden()


def is_large(page: Page, main: str) -> None:
    """Nothing on a full screen of 1920 × 1080 is smaller than 18 pixels, nor wider than the screen.

    Args:
        main: selects what is looked at.
    """
    comes_true(page, "betaVaeScale === 1.5")
    shown = page.locator(main)
    assert not shown.evaluate(SMALL_TYPE)
    assert shown.evaluate("(main) => main.scrollWidth - main.clientWidth") <= 1
