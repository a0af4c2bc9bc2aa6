"""What the tests of every page read and wait for in the browser."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

import numpy as np
import safetensors.numpy
import torch
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, WebSocketRoute

from bvae.runs import Run

WAIT = 120_000  # milliseconds before a browser that never answers fails a test

CLASSES = Path(__file__).parents[1] / "assets" / "js" / "shared" / "classes.js"
CLASS_COLOURS = re.findall(r"#([0-9a-f]{6})", CLASSES.read_text(encoding="utf-8"))

# Numbers travel as text: Playwright takes them one by one, those of a hundred images in half a second.
AS_TEXT = """(array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""
FROM_TEXT = "(text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0))"

READ_CANVAS = f"""(canvas) => {{
  const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return ({AS_TEXT})(data.filter((_, i) => i % 4 === 0));
}}"""


def numbers(text: str, dtype: str) -> np.ndarray:
    """What travelled as text, (N,)."""
    return np.frombuffer(base64.b64decode(text), dtype)


def grey(found: Locator) -> np.ndarray:
    """A grey canvas, (H·W,), 0 to 255."""
    return numbers(found.evaluate(READ_CANVAS), "u1").astype(int)


def canvases(found: Locator) -> np.ndarray:
    """The grey canvases that a locator finds, (N, H·W), 0 to 255."""
    texts = found.evaluate_all(f"(canvases) => canvases.map({READ_CANVAS})")
    return np.array([numbers(text, "u1") for text in texts], int)


def in_address(page: Page, name: str) -> str | None:
    """A parameter of the page's address, None where it is absent."""
    return parse_qs(urlparse(page.url).query).get(name, [None])[0]


def until(page: Page, condition: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Wait for what a single look could miss: drawing follows an event by a frame, and what Python says by more."""
    end = time.monotonic() + WAIT / 1000
    while not condition():
        assert time.monotonic() < end, otherwise()
        page.wait_for_timeout(50)


# From the first message to the server on, whether it has something to do: its word that a script has ended is short,
# and ends with the sixth field, where 2 means that it begins anew at once. See LISTEN below.
WATCH_SERVER = """
  globalThis.serverBusy = false;
  const { send } = WebSocket.prototype;
  const heard = new WeakSet();
  WebSocket.prototype.send = function (...content) {
    globalThis.serverBusy = true;
    if (!heard.has(this)) {
      this.addEventListener("message", ({ data }) => {
        const bytes = new Uint8Array(data);
        if (bytes.length < 200 && bytes.at(-2) === 0x30 && bytes.at(-1) !== 2) globalThis.serverBusy = false;
      });
    }
    heard.add(this);
    return send.apply(this, content);
  };
"""

# What has happened by now has had its consequences within the page, and what it told the server has been answered.
ANSWERED = """async () => {
  await new Promise((resolve) => requestIdleCallback(resolve, { timeout: 500 }));
  const app = document.querySelector("[data-testid=stApp]");
  return !app || (!globalThis.serverBusy && app.dataset.testScriptState === "notRunning");
}"""


def answered(page: Page) -> bool:
    """Whether what has happened has had its consequences, on a page that began with WATCH_SERVER."""
    return bool(page.evaluate(ANSWERED))


def comes_true(page: Page, expression: str, arg: Any = None) -> None:
    """Wait until JavaScript says so. Playwright waits by evaluating text within the page, which its policy forbids."""
    until(page, lambda: bool(page.evaluate(expression, arg)), lambda: f"it stayed untrue: {expression}")


def expect_address(page: Page, name: str, check: Callable[[str | None], bool]) -> None:
    """Wait until Python has written a parameter as expected: it learned of what was done."""
    until(
        page, lambda: check(in_address(page, name)), lambda: f"{name} in the address stayed {in_address(page, name)!r}"
    )


def expect_pictures(page: Page, read: Callable[[], np.ndarray], expected: np.ndarray, within: float = 0.6) -> None:
    """Wait until pictures are as expected, both 0 to 255; half a grey level is lost to rounding."""

    def off() -> float:
        found = read()
        return float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf

    until(page, lambda: off() < within, lambda: f"a pixel stayed {off():.2f} away from what was expected")


def expect_z(page: Page, expected: np.ndarray | torch.Tensor, within: float = 6e-4) -> None:
    """Wait until the address carries a code, (D,). It has three decimals there."""
    expect_address(page, "z", lambda text: has_code(text, expected, within))


def has_code(text: str | None, expected: np.ndarray | torch.Tensor, within: float = 6e-4) -> bool:
    """Whether a parameter of the address is this code, (D,)."""
    found = [float(value) for value in (text or "nan").split(",")]
    return len(found) == len(expected) and np.allclose(found, expected, atol=within)


class Site:
    """Where a component is shown, and what is known of the cursor there: the app in a session, or a bench."""

    def __init__(self, page: Page, run: Run) -> None:
        self.page, self.run = page, run

    def open(self, name: str, **parameters: str) -> None:
        """Show the component with the cursor that an address asks for."""
        raise NotImplementedError

    def in_address(self, name: str) -> str | None:
        """A parameter of the address, as Python writes it; None where it is absent."""
        raise NotImplementedError

    def expect_address(self, name: str, check: Callable[[str | None], bool]) -> None:
        """Wait until Python knows a parameter as expected."""
        until(
            self.page,
            lambda: check(self.in_address(name)),
            lambda: f"{name} in the address stayed {self.in_address(name)!r}",
        )

    def expect_z(self, expected: np.ndarray | torch.Tensor) -> None:
        """Wait until Python knows a code, (D,), to three decimals."""
        self.expect_address("z", lambda text: has_code(text, expected))


class Session(Site):
    """The app, in a session of its own."""

    def __init__(self, page: Page, run: Run, address: str) -> None:
        super().__init__(page, run)
        self.address = address

    def open(self, name: str, **parameters: str) -> None:
        self.page.goto(f"{self.address}/{name}?{urlencode({'run': self.run.name} | parameters)}")

    def in_address(self, name: str) -> str | None:
        return in_address(self.page, name)


def frames(page: Page, count: int) -> None:
    """Wait for frames: a busy machine makes them late, not fewer."""
    page.evaluate("async (n) => { for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame); }", count)


def expect_all_weights(page: Page) -> None:
    """Wait until the weights of all epochs are there, which come last."""
    comes_true(page, "[...betaVaeLive.runs.values()].at(-1).whole")


# From the next message to the server on, its answers are listened to: the one that tells how a script ended is short,
# and ends with the sixth field. The app's own word can be missed, where it learns of beginning and end in one task.
LISTEN = """() => {
  const { send } = WebSocket.prototype;
  globalThis.ran = false;
  WebSocket.prototype.send = function (...content) {
    WebSocket.prototype.send = send;
    this.addEventListener("message", ({ data }) => {
      const bytes = new Uint8Array(data);
      globalThis.ran ||= bytes.length < 200 && bytes.at(-2) === 0x30;
    });
    return send.apply(this, content);
  };
}"""


@contextlib.contextmanager
def rerun(page: Page) -> Iterator[None]:
    """Wait until Python has begun and ended a run for what is done meanwhile. The page may show nothing of it."""
    page.evaluate(LISTEN)
    yield
    comes_true(page, "ran")
    page.evaluate("new Promise(requestIdleCallback)")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    frames(page, 2)


class HeldWeights:
    """What the server sends a page from the weights of a run's other epochs on, held until it is released."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.held: list[Callable[[], None]] = []
        self.holding = True
        page.route_web_socket("**/_stcore/stream", self._route)

    def _route(self, socket: WebSocketRoute) -> None:
        def arrive(message: bytes) -> None:
            if self.holding and (self.held or b'"rest_of"' in message):
                self.held.append(lambda: socket.send(message))  # and all that follow, so that their order stays
            else:
                socket.send(message)

        socket.connect_to_server().on_message(arrive)

    def expect(self) -> None:
        """Wait until the weights are held."""
        until(self.page, lambda: bool(self.held), lambda: "the other epochs' weights did not come")

    def release(self) -> None:
        self.holding = False
        for send in self.held:
            send()


def requests(page: Page) -> set[str]:
    """What a page, and all others of its context, ask for from now on, and the sockets that it opens: addresses."""
    asked: set[str] = set()
    page.context.on("request", lambda request: asked.add(request.url))
    page.on("websocket", lambda socket: asked.add(socket.url))
    return asked


def hosts(asked: Iterable[str]) -> set[str]:
    """The hosts, with their ports, of addresses that are asked of one."""
    return {urlparse(url).netloc for url in asked if not url.startswith(("data:", "blob:", "about:"))}


def sent(content: bytes, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What travels as bytes: its tensors, and what is said of them under a name."""
    (length,) = struct.unpack("<Q", content[:8])
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    return safetensors.numpy.load(content), json.loads(metadata[name])


def downloaded(page: Page, button: Locator) -> Path:
    """The file that a click on a button saves, under its own name."""
    with page.expect_download() as waiting:
        button.click()
    path = Path(waiting.value.path())
    return path.rename(path.with_name(waiting.value.suggested_filename))


# What axe finds by colours, and another scheme may break.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]


def inaccessible(page: Page, within: str | None = None, colours_alone: bool = False) -> list[str]:
    """What axe finds serious or critical on a page, or within a selector's element: of each the rule, and where.

    Args:
        colours_alone: only what the page's colours are to blame for, where all else has been looked at.
    """
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE_SCRIPT)
    # Style sheets and films are loaded again for rules about turned screens and sound, none of which is serious.
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if colours_alone:
        options["runOnly"] = COLOUR_RULES
    violations = page.evaluate(
        "async ([within, options]) => (await axe.run(within ?? document, options)).violations", [within, options]
    )
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}; {[node['target'] for node in rule['nodes'][:3]]}"
        for rule in violations
        if rule["impact"] in ("serious", "critical")
    ]
