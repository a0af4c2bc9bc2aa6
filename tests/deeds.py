"""What a person does on the pages, at random: for addresses.py, which compares what comes back."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browsing import frames


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
        if not page.locator("[data-testid=stApp]").count():
            return  # on a bench, where Python's noise is sent otherwise
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
        page.get_by_role("button", name="Pause").click()

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

    def pick(name: str) -> None:
        options = page.locator(f"{name} option:not([disabled])")
        page.locator(name).select_option(index=chance.randrange(options.count()))

    def second() -> None:
        if not page.get_by_role("combobox", name=re.compile("Second run")).count():
            return  # on a bench
        page.get_by_role("combobox", name=re.compile("Second run")).click()
        some(chance, page.get_by_role("option")).click()
        page.wait_for_timeout(500)

    maybe(
        chance,
        lasso,
        zoom,
        drag,
        second,
        lambda: page.mouse.click(*place()),
        lambda: pick("select.kind"),
        lambda: pick("select.colour"),
        lambda: pick(".speed select"),
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
    def pick(label: str) -> None:
        page.get_by_role("combobox", name=re.compile(label)).click()
        some(chance, page.get_by_role("option")).click()

    def press(name: str) -> None:
        button = page.get_by_role("button", name=re.compile(name))
        if button.count() and button.is_enabled():
            button.click()

    maybe(
        chance,
        lambda: (
            page.locator("label[data-testid=stRadioOption], [role=radiogroup] label")
            .filter(has_text=chance.choice(["Random", "Worst", "Best"]))
            .first.click()
        ),
        lambda: pick("Class"),
        lambda: pick("How many"),
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


def change_train(page: Page, chance: random.Random) -> None:
    def pick(label: str) -> None:
        page.get_by_role("combobox", name=re.compile(label)).click()
        some(chance, page.get_by_role("option")).click()

    def fill(label: str, value: str) -> None:
        field = page.get_by_role("spinbutton", name=label, exact=True)
        field.fill(value)
        field.press("Enter")

    maybe(
        chance,
        lambda: pick("Run to look at"),
        lambda: pick("Compare its curves"),
        lambda: pick("Network"),
        lambda: fill("β", str(chance.randrange(1, 40) / 4)),
        lambda: fill("Epochs", str(chance.randrange(1, 200))),
        share=0.4,
    )


PAGES = [
    Visited("generate", ".generate", change_generate),
    Visited("interpolate", ".interpolate", change_interpolate),
    Visited("traverse", ".traverse", change_traverse),
    Visited("clusters", ".clusters", change_clusters),
    Visited("disentangle", ".disentangle", change_disentangle),
    Visited("reconstruct", ".reconstruct", change_reconstruct),
    Visited("draw", ".draw", change_draw),
    Visited("train", "[data-testid=stMain]", change_train),
]
