"""The Traverse page, used as a person uses it: in a real browser, on a really trained run."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlparse

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from bvae.runs import Run

WAIT = 30_000  # milliseconds before a browser that never answers fails a test

READ_CANVAS = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
}"""


class Traverse:
    """What a person sees and does on the page."""

    def __init__(self, page: Page, run: Run, address: str) -> None:
        self.page, self.run, self.address = page, run, address
        self.picture = page.get_by_role("img", name="Decoded image")
        self.epoch = page.get_by_role("slider", name="Epoch", exact=True)

    def open(self, **parameters: str) -> Traverse:
        self.page.goto(f"{self.address}/?{urlencode({'run': self.run.name} | parameters)}")
        expect(self.page.locator(".traverse:not([aria-busy])")).to_be_visible(timeout=WAIT)
        self.expect_address("z", lambda z: z is not None)
        return self

    def slider(self, dimension: int) -> Locator:
        return self.page.get_by_role("slider", name=re.compile(rf"^z{dimension},"), include_hidden=True)

    def image(self) -> np.ndarray:
        """The decoded image on the page, (28, 28), 0 to 255."""
        return np.array(self.picture.evaluate(READ_CANVAS)).reshape(self.run.image_shape)

    def in_address(self, name: str) -> str | None:
        return parse_qs(urlparse(self.page.url).query).get(name, [None])[0]

    def expect_address(self, name: str, check: Callable[[str | None], bool]) -> None:
        """Wait until Python has written a parameter as expected: it learned of the release."""
        for _ in range(WAIT // 50):
            if check(self.in_address(name)):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{name} in the address stayed {self.in_address(name)!r}")

    def z(self) -> np.ndarray:
        """The code that the address carries, to three decimals."""
        return np.array([float(value) for value in (self.in_address("z") or "").split(",")])

    def expect_z(self, expected: np.ndarray) -> None:
        def same(text: str | None) -> bool:
            found = [float(value) for value in (text or "nan").split(",")]
            return len(found) == len(expected) and np.allclose(found, expected, atol=6e-4)

        self.expect_address("z", same)

    def start_code(self, epoch: int | None = None) -> np.ndarray:
        """The code at an epoch of the test image named in the address, (D,)."""
        place = np.flatnonzero(self.run.probe().indices == int(self.in_address("digit") or -1))[0]
        return self.run.latents(epoch).mean[place]

    def decoded(self, z: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """What PyTorch decodes of a code, (28, 28), 0 to 255."""
        code = torch.tensor(np.asarray(z, dtype=np.float32))[None]
        return self.run.model(epoch).decode(code)[0].numpy() * 255

    def expect_picture(self, z: np.ndarray, epoch: int | None = None, tolerance: float = 0.6) -> None:
        """The picture shows what PyTorch decodes; half a grey level is lost to rounding."""
        assert np.abs(self.image() - self.decoded(z, epoch)).max() < tolerance

    def order(self) -> list[int]:
        """Dimensions by falling KL at the last epoch."""
        return np.argsort(-np.array(self.run.history()[-1]["kl_per_dimension"]), kind="stable").tolist()


@pytest.fixture
def traverse(page: Page, app: str, trained_run: Run) -> Traverse:
    return Traverse(page, trained_run, app)


def test_there_is_a_slider_for_every_dimension_in_order_of_what_it_carries(traverse: Traverse) -> None:
    traverse.open()
    kl = traverse.run.history()[-1]["kl_per_dimension"]
    passive = [dimension for dimension in traverse.order() if kl[dimension] < 0.01]
    active = [dimension for dimension in traverse.order() if kl[dimension] >= 0.01]
    assert active, "the run should have some, or this proves little"
    assert passive, "the run should have some, or this proves little"

    names = [slider.get_attribute("aria-label") for slider in traverse.page.locator(".dimensions input").all()]
    assert names == [f"z{dimension}, {kl[dimension]:.2f} nats" for dimension in active + passive]
    expect(traverse.slider(active[-1])).to_be_visible()
    expect(traverse.slider(passive[0])).to_be_hidden()
    traverse.page.get_by_text(f"{len(passive)} dimensions carry nothing").click()
    expect(traverse.slider(passive[0])).to_be_visible()


def test_dragging_a_slider_redraws_before_it_is_released_and_python_hears_after(traverse: Traverse) -> None:
    traverse.open()
    dimension = traverse.order()[0]
    slider = traverse.slider(dimension)
    code = traverse.start_code().copy()
    traverse.expect_picture(code)
    before = traverse.in_address("z")
    box = slider.bounding_box()
    assert box is not None
    mouse = traverse.page.mouse

    middle = box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] * 0.5, middle)
    mouse.down()
    pictures = []
    for share in (0.25, 0.6, 0.85):
        mouse.move(box["x"] + box["width"] * share, middle, steps=5)
        code[dimension] = float(slider.input_value())
        traverse.expect_picture(code)
        pictures.append(traverse.image())
        assert traverse.in_address("z") == before, "Python heard before the release"
    mouse.up()

    assert np.abs(pictures[0] - pictures[2]).max() > 30, "the drag changed nothing that can be seen"
    traverse.expect_z(code)
    traverse.expect_picture(code)
    assert float(slider.input_value()) == pytest.approx(code[dimension])


def test_a_shared_address_restores_the_view(traverse: Traverse) -> None:
    traverse.open()
    first, second = traverse.order()[:2]
    traverse.slider(first).fill("1.5")
    traverse.expect_address("z", lambda z: z is not None and float(z.split(",")[first]) == 1.5)
    traverse.slider(second).fill("-2.25")
    traverse.expect_address("z", lambda z: z is not None and float(z.split(",")[second]) == -2.25)
    traverse.epoch.press("ArrowLeft")
    epoch = traverse.run.epochs()[-2]
    traverse.expect_address("epoch", lambda text: text == str(epoch))
    traverse.page.get_by_role("radio", name="keep the code").check()
    z, picture, address = traverse.z(), traverse.image(), traverse.page.url

    traverse.page.goto("about:blank")
    traverse.page.goto(address)
    expect(traverse.page.locator(".traverse:not([aria-busy])")).to_be_visible(timeout=WAIT)

    expect(traverse.epoch).to_have_attribute("aria-valuetext", f"epoch {epoch}")
    traverse.expect_picture(z, epoch)
    assert np.abs(traverse.image() - picture).max() <= 2  # the address rounds to three decimals
    assert np.allclose(traverse.z(), z)


def test_double_click_and_delete_return_a_slider_to_the_start(traverse: Traverse) -> None:
    traverse.open()
    dimension, other = traverse.order()[:2]
    start = traverse.start_code()
    slider = traverse.slider(dimension)
    traverse.slider(other).fill("3")
    expected = start.copy()
    expected[other] = 3

    for reset in (lambda: slider.press("Delete"), lambda: slider.press("Backspace"), lambda: slider.dblclick()):
        slider.fill("-3")
        moved = expected.copy()
        moved[dimension] = -3
        traverse.expect_z(moved)
        reset()
        traverse.expect_z(expected)
        traverse.expect_picture(expected)

    traverse.page.get_by_role("button", name="Reset all").click()
    traverse.expect_z(start)
    traverse.expect_picture(start)


def test_arrow_keys_move_a_slider_and_python_hears_when_the_key_comes_up(traverse: Traverse) -> None:
    traverse.open(z=",".join(["0"] * 20))
    dimension = traverse.order()[0]
    slider = traverse.slider(dimension)
    slider.focus()
    keyboard = traverse.page.keyboard

    keyboard.down("ArrowRight")
    for _ in range(29):
        keyboard.down("ArrowRight")
    code = np.zeros(20)
    code[dimension] = 1.5
    traverse.expect_picture(code)
    assert not traverse.z().any(), "Python heard while the key was down"
    keyboard.up("ArrowRight")
    traverse.expect_z(code)

    for key, value in (("Home", -4), ("End", 4), ("PageDown", 3.2), ("ArrowLeft", 3.15)):
        slider.press(key)
        code[dimension] = value
        traverse.expect_picture(code)
        traverse.expect_z(code)
    expect(slider).to_have_attribute("aria-valuetext", "3.15")


def test_the_clock_keeps_the_digit_or_the_code(traverse: Traverse) -> None:
    traverse.open()
    epochs = traverse.run.epochs()
    last = traverse.start_code(epochs[-1])
    traverse.expect_picture(last, epochs[-1])

    traverse.epoch.press("Home")
    expect(traverse.epoch).to_have_attribute("aria-valuetext", "epoch 0, before any training")
    untrained = traverse.start_code(epochs[0])
    traverse.expect_picture(untrained, epochs[0])
    traverse.expect_z(untrained)
    assert not np.allclose(untrained, last, atol=0.1)

    # What the sliders have added to the digit's own code stays with it, there and back.
    dimension = traverse.order()[0]
    moved = float(np.round(untrained[dimension])) + 1.5
    traverse.slider(dimension).fill(str(moved))
    offset = np.zeros(20)
    offset[dimension] = moved - untrained[dimension]
    traverse.expect_z(untrained + offset)
    traverse.epoch.press("End")
    traverse.expect_z(last + offset)
    traverse.expect_picture(last + offset, epochs[-1])
    traverse.epoch.press("Home")
    traverse.expect_z(untrained + offset)
    traverse.epoch.press("End")
    traverse.page.get_by_role("button", name="Reset all").click()
    traverse.expect_z(last)
    traverse.page.get_by_role("radio", name="keep the code").check()
    traverse.epoch.press("Home")
    traverse.expect_address("epoch", lambda text: text == str(epochs[0]))
    traverse.expect_picture(last, epochs[0])
    traverse.expect_z(last)


def test_the_clock_shows_what_the_epoch_scored(traverse: Traverse) -> None:
    traverse.open()
    history = {record["epoch"]: record for record in traverse.run.history()}
    for key, epoch in (("Home", traverse.run.epochs()[0]), ("ArrowRight", traverse.run.epochs()[1])):
        traverse.epoch.press(key)
        test = history[epoch]["test"]
        sentence = f"KL {test['kl']:.1f}, in nats an image; test set, 10,000"
        expect(traverse.page.locator(".facts")).to_contain_text(sentence)
        kl = history[epoch]["kl_per_dimension"]
        expect(traverse.slider(3)).to_have_attribute("aria-label", f"z3, {kl[3]:.2f} nats")


def test_a_random_code_is_a_draw_from_the_prior_and_reset_returns_to_it(traverse: Traverse) -> None:
    traverse.open()
    draws = []
    for _ in range(12):
        before = traverse.in_address("z")
        traverse.page.get_by_role("button", name="Random code").click()
        traverse.expect_address("z", lambda z, before=before: z != before)
        draws.append(traverse.z())
    values = np.concatenate(draws)  # 240 draws: the mean of N(0, 1) is within 0.33 at five standard errors
    assert abs(values.mean()) < 0.33
    assert 0.75 < values.std() < 1.25
    assert traverse.in_address("digit") is None
    expect(traverse.page.get_by_role("radio", name="keep the digit")).to_be_disabled()
    expect(traverse.page.get_by_role("img", name="Original image")).to_be_hidden()

    start = draws[-1]
    traverse.expect_picture(start, tolerance=2)
    dimension = traverse.order()[0]
    traverse.slider(dimension).fill("4" if start[dimension] < 0 else "-4")
    traverse.expect_address("z", lambda z: z is not None and abs(float(z.split(",")[dimension])) == 4)
    traverse.slider(dimension).press("Delete")
    traverse.expect_z(start)


def test_the_origin_is_the_code_of_zeros(traverse: Traverse) -> None:
    traverse.open()
    traverse.page.get_by_role("button", name="Origin").click()
    traverse.expect_z(np.zeros(20))
    traverse.expect_picture(np.zeros(20))


def test_another_test_image_can_be_picked_with_mouse_and_keys(traverse: Traverse) -> None:
    traverse.open()
    run = traverse.run
    probe = run.probe()
    place = np.flatnonzero(probe.labels == 3)[4]
    index = probe.indices[place]

    traverse.page.get_by_role("radio", name="Class 3").check()
    traverse.page.get_by_role("radio", name=f"Test image {index}, 3", exact=True).check()
    traverse.expect_address("digit", lambda text: text == str(index))
    traverse.expect_z(run.latents().mean[place])
    traverse.expect_picture(run.latents().mean[place])
    original = traverse.page.get_by_role("img", name="Original image, 3")
    assert np.array_equal(original.evaluate(READ_CANVAS), probe.images[place].ravel())

    traverse.page.keyboard.press("ArrowRight")
    following = np.flatnonzero(probe.labels == 3)[5]
    traverse.expect_address("digit", lambda text: text == str(probe.indices[following]))
    traverse.expect_picture(run.latents().mean[following])


def test_a_tile_of_the_strip_sets_its_value(traverse: Traverse) -> None:
    traverse.open()
    dimension = traverse.order()[1]
    traverse.slider(dimension).focus()
    tile = traverse.page.get_by_role("button", name=f"Set z{dimension} to −1.5")
    code = traverse.start_code().copy()
    code[dimension] = -1.5
    expected = traverse.decoded(code)
    # The strip is drawn in slices over several frames: give it more of them than it needs.
    traverse.page.evaluate("async () => { for (let i = 0; i < 30; i++) await new Promise(requestAnimationFrame); }")
    assert np.abs(np.array(tile.locator("canvas").evaluate(READ_CANVAS)) - expected.ravel()).max() < 0.6

    tile.click()
    traverse.expect_z(code)
    traverse.expect_picture(code)
    assert float(traverse.slider(dimension).input_value()) == -1.5


def test_a_code_beyond_the_sliders_is_drawn_as_it_is(traverse: Traverse) -> None:
    code = np.zeros(20)
    code[traverse.order()[0]] = 6.5
    traverse.open(z=",".join(map(str, code)))
    traverse.expect_picture(code)
    slider = traverse.slider(traverse.order()[0])
    expect(slider).to_have_attribute("aria-valuetext", "6.50, beyond the end of the slider")
    assert slider.input_value() == "4"


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"run": "no-such-run"}, "There is no run named “no-such-run”"),
        ({"run": "<script>alert(1)</script>../x"}, "There is no run named “scriptalert1script..x”"),
        ({"epoch": "77777"}, "The address asks for epoch “77777”"),
        ({"epoch": "²"}, "The address asks for epoch"),
        ({"epoch": "7" * 5000}, "The address asks for epoch “777777777777777777777777…”"),
        ({"digit": "7" * 5000}, "The address asks for test image “777777777777777777777777…”"),
        ({"z": "1,2,3"}, "it has 3 numbers"),
        ({"z": ",".join(["nan"] * 20)}, "not finite"),
        ({"z": "what"}, "not a list of numbers"),
        ({"digit": "99999999"}, "The address asks for test image “99999999”"),
    ],
)
def test_a_wrong_address_is_answered_with_a_sentence(
    page: Page, app: str, trained_run: Run, parameters: dict[str, str], sentence: str
) -> None:
    page.goto(f"{app}/?{urlencode({'run': trained_run.name} | parameters)}")
    expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("img", name="Decoded image")).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_back_and_forward_return_picture_and_address(traverse: Traverse) -> None:
    traverse.open()
    dimension = traverse.order()[0]
    steps, codes = [traverse.page.evaluate("history.length")], []
    for value in (1, 2):
        traverse.slider(dimension).fill(str(value))
        code = traverse.start_code().copy()
        code[dimension] = value
        traverse.expect_z(code)
        codes.append(code)
        steps.append(traverse.page.evaluate("history.length"))
    assert np.diff(steps).tolist() == [1, 1], "a change should be one step of the history"

    for move, code in ((traverse.page.go_back, codes[0]), (traverse.page.go_forward, codes[1])):
        move()
        traverse.expect_z(code)
        expect(traverse.slider(dimension)).to_have_attribute("aria-valuetext", f"{code[dimension]:.2f}")
        traverse.expect_picture(code, tolerance=2)
    traverse.slider(dimension).press("ArrowRight")
    code[dimension] = 2.05
    traverse.expect_z(code)


def test_the_same_position_is_told_again_after_python_went_elsewhere(traverse: Traverse) -> None:
    traverse.open()
    origin = traverse.page.get_by_role("button", name="Origin")
    origin.click()
    traverse.expect_z(np.zeros(20))
    traverse.page.go_back()
    traverse.expect_address("digit", lambda text: text is not None)
    expect(traverse.page.get_by_text("Started from test image")).to_be_visible()
    origin.click()
    traverse.expect_z(np.zeros(20))
    traverse.expect_picture(np.zeros(20))


def test_a_shared_address_keeps_the_kind_of_start_and_what_the_epoch_keeps(traverse: Traverse) -> None:
    traverse.open()
    traverse.page.get_by_role("radio", name="keep the code").check()
    traverse.expect_address("keep", lambda text: text == "code")
    traverse.page.reload()
    expect(traverse.page.get_by_role("radio", name="keep the code")).to_be_checked(timeout=WAIT)
    for button, kind, sentence in (
        ("Random code", "random", "Started from a random code"),
        ("Origin", "origin", "Started from the origin"),
    ):
        traverse.page.get_by_role("button", name=button).click()
        traverse.expect_address("start", lambda text, kind=kind: text == kind)
        z = traverse.z()
        traverse.page.reload()
        expect(traverse.page.get_by_text(sentence)).to_be_visible(timeout=WAIT)
        traverse.expect_picture(z, tolerance=2)


def test_the_page_opens_by_its_name_too(traverse: Traverse) -> None:
    traverse.address += "/traverse"
    traverse.open()
    expect(traverse.page.get_by_role("dialog")).to_have_count(0)
    traverse.slider(traverse.order()[0]).fill("1")
    traverse.expect_address("z", lambda z: "1" in (z or "").split(","))
    assert urlparse(traverse.page.url).path == "/traverse"


def test_weights_travel_once_and_the_picture_stays_through_reruns(traverse: Traverse) -> None:
    sizes: list[int] = []
    traverse.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    traverse.open()
    assert max(sizes) > 300_000, "the weights should have come in one message"
    sizes.clear()
    traverse.picture.evaluate("(canvas) => { canvas.dataset.mark = 'the same canvas'; }")

    for value in ("1", "2"):
        traverse.slider(traverse.order()[0]).fill(value)
        traverse.expect_address("z", lambda z, value=value: value in (z or "").split(","))

    assert sum(sizes) < 300_000
    assert traverse.picture.get_attribute("data-mark") == "the same canvas"
