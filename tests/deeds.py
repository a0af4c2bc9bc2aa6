"""What a person does on the pages, at random: for addresses.py, which compares what comes back. In the app, in an
exported page, and on a bench, where what Python or the frame draws around a component is not there."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browsing import answered, frames, until


@dataclass(frozen=True)
class Visited:
    """A page as a test visits it.

    name: in its address.
    selector: of what is drawn, all of which must be there.
    change: does a few things at random, as a person does them.
    parts: how many there are of that, at least.
    exported: whether an exported page has it.
    """

    name: str
    selector: str
    change: Callable[[Page, random.Random], None]
    parts: int = 1
    exported: bool = True


def in_app(page: Page) -> bool:
    return page.locator("[data-testid=stApp]").count() > 0


def in_export(page: Page) -> bool:
    return page.locator("#site").count() > 0


def pick(page: Page, chance: random.Random, label: str) -> None:
    """Pick an option of a box around a component, Streamlit's or the frame's; where there is none, nothing."""
    box = page.get_by_role("combobox", name=re.compile(label))
    if not box.count():
        return
    if in_export(page):
        box.select_option(index=chance.randrange(box.locator("option").count()))
        return
    options = page.get_by_role("option")

    def opened() -> bool:  # a rerun closes it
        box.click()
        page.wait_for_timeout(300)
        return options.count() > 0

    until(page, opened, lambda: f"{label} offers nothing")
    some(chance, options).click()


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
        if not in_app(page) and not in_export(page):
            return  # where noise is sent otherwise
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


def change_interpolate(page: Page, chance: random.Random) -> None:
    def choose() -> None:
        some(chance, page.locator(".slot input")).check(force=True)
        some(chance, page.locator(".classes input")).check(force=True)
        some(chance, page.locator(".examples input")).check(force=True)

    def play() -> None:
        page.get_by_role("button", name="Play").click()
        frames(page, chance.randrange(1, 40))
        # It may have come to its end by itself.
        page.locator(".toggle").evaluate("(button) => button.textContent === 'Pause' && button.click()")

    maybe(
        chance,
        choose,
        play,
        lambda: page.get_by_role("button", name="Swap A and B").click(),
        lambda: some(chance, page.locator(".one-random, .all-random, .from-cursor")).click(),
        lambda: slide(chance, page.locator(".scrub")),
        lambda: page.locator(".seconds").select_option(chance.choice("8421")),
        lambda: page.locator("input.back").set_checked(chance.random() < 0.5),
        lambda: some(chance, page.locator("[name=method]")).check(force=True),
        lambda: some(chance, page.locator(".walk-steps button")).click(),
        lambda: some(chance, page.locator(".grid button")).click(),
        lambda: slide(chance, page.get_by_role("slider", name="Epoch", exact=True)),
        share=0.3,
    )


def change_traverse(page: Page, chance: random.Random) -> None:
    sliders = page.locator(".sliders.active input")

    def pad() -> None:
        some(chance, page.locator(".two select")).select_option(index=chance.randrange(20))

    def press_pad() -> None:
        box = page.locator(".pad")
        box.scroll_into_view_if_needed()
        area = box.bounding_box()
        assert area
        x, y = (area[side] * chance.uniform(0.05, 0.95) for side in ("width", "height"))
        box.click(position={"x": x, "y": y})

    def direction() -> None:
        if not page.locator(".directions").is_visible():  # not every epoch is measured
            return
        if not page.locator(".directions[open]").count():
            page.locator(".directions > summary").click()
        slide(chance, some(chance, page.locator(".directions .sliders input")))

    maybe(
        chance,
        lambda: slide(chance, some(chance, sliders)),
        lambda: slide(chance, some(chance, sliders)),
        pad,
        press_pad,
        direction,
        lambda: some(chance, page.locator("[name=columns]")).check(force=True),
        lambda: some(chance, page.locator(".strip .tiles button, section .tiles button")).click(),
        lambda: some(chance, page.locator(".cells button")).click(),
        lambda: some(chance, page.locator(".random, .origin, .reset")).click(),
        lambda: some(chance, page.locator(".examples input")).check(force=True),
        lambda: page.locator(".passive > summary").click(),
        lambda: some(chance, page.locator("[name=keep]:not([aria-disabled])")).check(force=True),
        lambda: slide(chance, page.get_by_role("slider", name="Epoch", exact=True)),
        share=0.3,
    )


def change_clusters(page: Page, chance: random.Random) -> None:
    field = page.locator(".field").first

    def place() -> tuple[float, float]:
        area = field.bounding_box()
        assert area
        return (
            area["x"] + area["width"] * chance.uniform(0.1, 0.9),
            area["y"] + area["height"] * chance.uniform(0.1, 0.9),
        )

    def lasso() -> None:
        page.keyboard.down("Shift")
        page.mouse.move(*place())
        page.mouse.down()
        for _ in range(5):
            page.mouse.move(*place())
        page.mouse.up()
        page.keyboard.up("Shift")

    def zoom() -> None:
        field.focus()
        page.mouse.move(*place())
        page.mouse.wheel(0, chance.choice([-1, 1]) * 100 * chance.randrange(1, 5))

    def drag() -> None:
        page.mouse.move(*place())
        page.mouse.down()
        page.mouse.move(*place())
        page.mouse.move(*place())
        page.mouse.up()

    def choose(name: str) -> None:
        options = page.locator(f"{name} option:not([disabled])")
        page.locator(name).select_option(index=chance.randrange(options.count()))

    maybe(
        chance,
        lasso,
        zoom,
        drag,
        lambda: pick(page, chance, "Second run"),
        lambda: page.mouse.click(*place()),
        lambda: choose("select.kind"),
        lambda: choose("select.colour"),
        lambda: choose(".speed select"),
        lambda: some(chance, page.locator(".toggles input")).click(),
        lambda: some(chance, page.locator(".legend button[aria-pressed]")).click(),
        lambda: some(chance, page.locator(".select-all, .clear, .take").locator("visible=true")).click(),
        lambda: slide(chance, page.locator("input.time")),
        share=0.25,
    )


def change_disentangle(page: Page, chance: random.Random) -> None:
    maybe(
        chance,
        lambda: some(chance, page.locator(".matrix button")).click(),
        lambda: some(chance, page.locator("[name=by]")).check(force=True),
        lambda: some(chance, page.locator("[name=spent]")).check(force=True),
        lambda: some(chance, page.locator(".moved-cells button")).click(),
        lambda: slide(chance, page.get_by_role("slider", name="Epoch", exact=True)),
    )


def change_reconstruct(page: Page, chance: random.Random) -> None:
    def press(name: str) -> None:
        button = page.get_by_role("button", name=re.compile(name))
        if button.count() and button.is_enabled():
            button.click()

    maybe(
        chance,
        lambda: (
            page.locator("label[data-testid=stRadioOption], [role=radiogroup] label, .radios label")
            .filter(has_text=chance.choice(["Random", "Worst", "Best"]))
            .first.click()
        ),
        lambda: pick(page, chance, "Class"),
        lambda: pick(page, chance, "How many"),
        lambda: press("New draw|Rank at epoch"),
        lambda: some(chance, page.locator(".card")).click(),
        lambda: slide(chance, page.get_by_role("slider", name="Epoch", exact=True)),
        share=0.4,
    )


def change_draw(page: Page, chance: random.Random) -> None:
    field = page.locator(".draw canvas.ink")

    def stroke() -> None:
        area = field.bounding_box()
        assert area

        def place() -> tuple[float, float]:
            across, down = chance.uniform(0.1, 0.9), chance.uniform(0.1, 0.9)
            return area["x"] + area["width"] * across, area["y"] + area["height"] * down

        page.mouse.move(*place())
        page.mouse.down()
        for _ in range(chance.randrange(1, 6)):
            page.mouse.move(*place(), steps=4)
        page.mouse.up()

    def copy() -> None:
        some(chance, page.locator(".examples button")).click()

    page.locator(".gallery > summary").click()
    maybe(
        chance,
        stroke,
        stroke,
        copy,
        lambda: page.locator(".gallery select").select_option(index=chance.randrange(10)),
        lambda: page.locator(".centre input").click(),
        lambda: slide(chance, page.get_by_role("slider", name="Epoch", exact=True)),
        share=0.35,
    )
    page.locator(".gallery > summary").click()


def change_compare(page: Page, chance: random.Random) -> None:
    beside = page.locator(".beside:not([aria-busy])")

    def at() -> None:
        slider = page.get_by_role("slider", name="At epoch")
        if slider.count():
            slider.press(chance.choice(["Home", "End", "ArrowLeft", "ArrowRight", "PageUp"]))

    def others() -> None:
        boxes = page.locator(".control.runs input:enabled")
        if boxes.count():
            some(chance, boxes).click()
            return
        box = page.get_by_role("combobox", name=re.compile("Beside the run"))
        box.click()
        if page.get_by_role("option").count():
            some(chance, page.get_by_role("option")).click()
        box.press("Escape")
        if chance.random() < 0.5:
            box.press("Backspace")  # takes the last one away

    def slider() -> None:
        found = beside.locator(".sides input").locator("visible=true")
        if found.count():
            slide(chance, some(chance, found))

    def walk() -> None:
        if beside.count() and beside.locator(".share").is_visible():
            slide(chance, beside.locator(".share"))
            some(chance, beside.locator(".ends .classes input")).check(force=True)

    def one_of(selector: str) -> Callable[[], None]:
        def click() -> None:
            found = beside.locator(selector).locator("visible=true")
            if found.count():
                some(chance, found).click(force=True)
                frames(page, 2)  # what is folded on one side is then folded on the others

        return click

    def settled(deed: Callable[[], None]) -> Callable[[], None]:
        def done() -> None:  # with other runs come other sliders
            deed()
            until(page, lambda: answered(page), lambda: "the server does not come to rest")

        return done

    maybe(
        chance,
        settled(lambda: pick(page, chance, "^Compare")),
        at,
        settled(others),
        slider,
        slider,
        walk,
        one_of(".starts .classes input"),
        one_of(".noise, .origin, .reset"),
        one_of(".together input"),
        one_of("[name=show]"),
        one_of(".more summary"),
        one_of(".steps button"),
        lambda: beside.count() and slide(chance, beside.get_by_role("slider", name="Epoch", exact=True)),
        share=0.3,
    )


def change_home(page: Page, chance: random.Random) -> None:
    """The live panel alone: what is moved in the runs under it stays there."""
    panel = page.locator(".traverse")

    def start() -> None:
        found = panel.locator(".examples input, .classes input, .random, .origin, .reset").locator("visible=true")
        if found.count():
            some(chance, found).click(force=True)

    maybe(
        chance,
        lambda: slide(chance, some(chance, panel.locator(".sliders.active input"))),
        lambda: slide(chance, some(chance, panel.locator(".sliders.active input"))),
        start,
        lambda: slide(chance, panel.get_by_role("slider", name="Epoch", exact=True)),
        share=0.35,
    )
    if chance.random() < 0.3:  # the last, since other sliders come with it
        pick(page, chance, "^Run$")


def change_train(page: Page, chance: random.Random) -> None:
    def fill(label: str, value: str) -> None:
        field = page.get_by_role("spinbutton", name=label, exact=True)
        field.fill(value)
        field.press("Enter")

    maybe(
        chance,
        lambda: pick(page, chance, "Run to look at"),
        lambda: pick(page, chance, "Compare its curves"),
        lambda: pick(page, chance, "Network"),
        lambda: fill("β", str(chance.randrange(1, 40) / 4)),
        lambda: fill("Epochs", str(chance.randrange(1, 200))),
        share=0.4,
    )


PAGES = [
    Visited("home", ".traverse, .beside", change_home, parts=2),  # the way of an image shows another draw each time
    Visited("traverse", ".traverse", change_traverse),
    Visited("interpolate", ".interpolate", change_interpolate),
    Visited("generate", ".generate", change_generate),
    Visited("reconstruct", ".reconstruct", change_reconstruct),
    Visited("draw", ".draw", change_draw),
    Visited("clusters", ".clusters", change_clusters),
    Visited("disentangle", ".disentangle", change_disentangle),
    Visited("compare", ".compare, .beside", change_compare),
    Visited("train", "[data-testid=stMain]", change_train, exported=False),
]
