"""What a cursor sets out from, on every page: any image of the probe set, and a drawing, in a real browser."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from bvae.metrics import per_image
from bvae.runs import Run, find_run
from tests.browsing import canvases, comes_true, expect_address, expect_pictures, expect_z, in_address, rerun

STROKE = [(0.35, 0.25), (0.62, 0.3), (0.48, 0.5), (0.62, 0.72), (0.33, 0.75)]


class Visitor:
    """Somebody who goes from page to page by the links of the sidebar."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.epoch = page.get_by_role("slider", name="Epoch", exact=True)

    def go(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()
        expect(self.page.locator(f".{name.lower()}:not([aria-busy])")).to_be_visible()

    def picture(self, selector: str) -> np.ndarray:
        return canvases(self.page.locator(selector))[0]

    def expect_original(self, selector: str, image: np.ndarray) -> None:
        expect_pictures(self.page, lambda: self.picture(selector), image.ravel())

    def expect_kept_by_the_clock(self, run: Run, codes: dict[int, np.ndarray | torch.Tensor]) -> None:
        """The page has another epoch, and what the cursor keeps is the image, there and back."""
        first, last = run.epochs()[0], run.epochs()[-1]
        for key, epoch in (("Home", first), ("End", last)):
            self.epoch.press(key)
            expect_z(self.page, codes[epoch])

    def expect_reset_to(self, code: np.ndarray | torch.Tensor) -> None:
        """A slider that is moved away comes back with all others."""
        self.page.get_by_role("slider", name=re.compile("^z")).first.press("End")
        expect_address(self.page, "z", lambda text: "4" in (text or "").split(","))
        self.page.get_by_role("button", name="Reset all").click()
        expect_z(self.page, code)

    def pick_run(self, name: str) -> None:
        self.page.get_by_role("combobox", name="Run", exact=True).click()
        with rerun(self.page):  # until the component has the run, the address has it already
            self.page.get_by_role("option", name=name, exact=True).click()
        expect_address(self.page, "run", lambda text: text == name)


@pytest.fixture
def visitor(page: Page) -> Visitor:
    return Visitor(page)


def test_any_probe_image_is_a_start_on_every_page_and_in_an_address(
    visitor: Visitor, app: str, trained_run: Run
) -> None:
    page, run, other = visitor.page, trained_run, find_run("mnist-beta1")
    probe, theirs = run.probe(), other.probe()
    place = int(np.flatnonzero(probe.labels == 7)[40])  # beyond the gallery, and the other run has it too
    index = int(probe.indices[place])
    own = {epoch: run.latents(epoch).mean[place] for epoch in run.epochs()}
    last = run.epochs()[-1]

    page.goto(f"{app}/traverse?{urlencode({'run': run.name, 'digit': index})}")
    expect(page.get_by_text(f"Started from test image {index}, class 7: this is the original.")).to_be_visible()
    expect(page.get_by_role("radio", name="Class 7")).to_be_checked()
    expect(page.get_by_role("radio", name="keep the digit")).to_be_checked()
    visitor.expect_original(".traverse .original", probe.images[place])
    expect_z(page, own[last])
    visitor.expect_kept_by_the_clock(run, own)
    visitor.expect_reset_to(own[last])

    visitor.go("Interpolate")
    expect(page.get_by_role("radio", name=re.compile("^A, "))).to_have_attribute(
        "aria-label", f"A, start of the walk: 7, test image {index}"
    )
    visitor.expect_original(".slots canvas >> nth=0", probe.images[place])
    visitor.expect_kept_by_the_clock(run, own)

    visitor.go("Reconstruct")
    expect(page.locator(".detail")).to_contain_text(f"Test image {index}, class 7: reconstruction ")
    expect(page.locator(".detail")).to_contain_text("It is the cursor.")
    visitor.expect_original(".one-original", probe.images[place])
    visitor.expect_kept_by_the_clock(run, own)

    visitor.go("Generate")
    visitor.expect_kept_by_the_clock(run, own)

    # An end of the walk stays what it was when the cursor has gone elsewhere and the browser is another.
    visitor.go("Interpolate")
    page.get_by_role("button", name="Swap A and B").click()
    visitor.go("Traverse")
    page.get_by_role("button", name="Origin").click()
    expect_z(page, np.zeros(20))
    page.evaluate("for (const run of betaVaeLive.runs.values()) run.guests.length = 0")
    visitor.go("Interpolate")
    expect(page.get_by_role("radio", name=re.compile("^B, "))).to_have_attribute(
        "aria-label", f"B, end of the walk: 7, test image {index}"
    )
    page.go_back()
    expect_address(page, "digit", lambda text: text is None)

    # Another run of the same data has the image too.
    page.goto(f"{app}/traverse?{urlencode({'run': run.name, 'digit': index})}")
    expect(page.get_by_text(f"Started from test image {index}")).to_be_visible()
    visitor.pick_run(other.name)
    same = int(np.flatnonzero(theirs.indices == index)[0])
    expect_z(page, other.latents().mean[same])
    assert in_address(page, "digit") == str(index)
    expect(page.get_by_text(f"Started from test image {index}, class 7")).to_be_visible()


def test_a_drawing_is_a_start_on_every_page_and_stays_when_the_run_changes(
    visitor: Visitor, app: str, trained_run: Run, browser: Browser
) -> None:
    page, run, other = visitor.page, trained_run, find_run("mnist-beta1")
    page.goto(f"{app}/draw?{urlencode({'run': run.name})}")
    expect(page.locator(".live.draw:not([aria-busy])")).to_be_visible()
    comes_true(page, "globalThis.betaVaeEncoders?.current")
    box = page.get_by_role("img", name="Drawing field").bounding_box()
    assert box is not None
    for step, (x, y) in enumerate(STROKE):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    expect_address(page, "drawing", lambda text: text is not None)
    number = in_address(page, "drawing")
    seen = visitor.picture(".draw .seen").astype(np.uint8).reshape(28, 28)
    own = {epoch: run.model(epoch).encode(seen[None])[0] for epoch in run.epochs()}
    last = run.epochs()[-1]
    expect_z(page, own[last])
    visitor.expect_kept_by_the_clock(run, own)

    page.get_by_role("link", name="Take this code to the sliders").click()
    expect(page.get_by_text("Started from your drawing: this is what the model sees of it.")).to_be_visible()
    expect(page.get_by_role("img", name="Your drawing, as the model sees it")).to_be_visible()
    visitor.expect_original(".traverse .original", seen)
    expect(page.get_by_role("radio", name="keep the digit")).to_be_checked()
    expect(page.locator(".classes :checked")).to_have_count(0)
    visitor.expect_kept_by_the_clock(run, own)
    visitor.expect_reset_to(own[last])

    visitor.go("Interpolate")
    expect(page.get_by_role("radio", name=re.compile("^A, "))).to_have_attribute(
        "aria-label", "A, start of the walk: drawing, by your hand"
    )
    visitor.expect_kept_by_the_clock(run, own)

    visitor.go("Reconstruct")
    [reconstruction], [kl] = per_image(run.model(), seen[None])
    sentence = rf"^Your drawing: reconstruction {reconstruction:.1f} nats, .*; KL {kl:.1f} nats. It is the cursor.$"
    expect(page.locator(".detail")).to_have_text(re.compile(sentence))
    visitor.expect_original(".one-original", seen)
    decoded = run.model().decode(own[last][None]).numpy().ravel() * 255
    expect_pictures(page, lambda: visitor.picture(".one-decoded"), decoded)
    visitor.expect_kept_by_the_clock(run, own)

    visitor.go("Clusters")
    expect(page.locator("#point-title")).to_have_text("The cursor: your drawing")
    visitor.expect_original(".point .pictures canvas >> nth=0", seen)
    page.get_by_role("button", name="Epoch before").click()
    expect_z(page, own[run.epochs()[-2]])

    # The other run encodes it, wherever one is.
    visitor.go("Generate")
    visitor.pick_run(other.name)
    theirs = {epoch: other.model(epoch).encode(seen[None])[0] for epoch in other.epochs()}
    expect_z(page, theirs[other.epochs()[-1]])
    assert in_address(page, "drawing") == number
    visitor.expect_kept_by_the_clock(other, theirs)
    decoded = other.model().decode(theirs[other.epochs()[-1]][None]).numpy().ravel() * 255
    expect_pictures(page, lambda: visitor.picture(".generate .decoded"), decoded)
    shared = page.url

    # Who opens the address elsewhere has the drawing, which is in it, and of an address without its pixels the code.
    context = browser.new_context()
    elsewhere = context.new_page()
    elsewhere.goto(shared.replace("/generate", "/traverse"))
    expect_z(elsewhere, theirs[other.epochs()[-1]])
    Visitor(elsewhere).expect_kept_by_the_clock(other, theirs)
    elsewhere.goto(re.sub("&image=[^&]*", "", shared.replace("/generate", "/traverse")))
    expect(elsewhere.get_by_role("alert").filter(has_text="a drawing that is not kept here")).to_be_visible()
    expect(elsewhere.get_by_text("Started from a given code.")).to_be_visible()
    expect_z(elsewhere, theirs[other.epochs()[-1]])
    context.close()

    # What is wiped out is a start no more.
    visitor.go("Draw")
    expect_address(page, "drawing", lambda text: text == number)
    page.get_by_role("button", name="Clear").click()
    expect_address(page, "drawing", lambda text: text is None)
    expect_z(page, theirs[other.epochs()[-1]])
