"""Firefox for the tests, driven by its own protocol, WebDriver BiDi; Playwright drives none that a system has."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import connect

PATIENCE = 120  # seconds before a browser that never answers fails a test


def find_firefox() -> str | None:
    """The Firefox on the path, if there is one."""
    return next((path for name in ("firefox-esr", "firefox") if (path := shutil.which(name))), None)


class Firefox:
    """A window without a screen in a profile of its own.

    Args:
        program: its path.
        profile: an empty folder.
    """

    def __init__(self, program: str, profile: Path) -> None:
        # Nothing that it would ask a network for by itself, and no network: all of it goes to a port where nobody is.
        settings = {
            "network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9,
            "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9, "app.update.enabled": False,
            "datareporting.policy.dataSubmissionEnabled": False, "remote.active-protocols": 1,
        }  # fmt: skip
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--profile", str(profile), "--remote-debugging-port", "0", "--no-remote"]
        self.process = subprocess.Popen([*command, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.asked = 0
        self.events: list[dict[str, Any]] = []
        port = profile / "WebDriverBiDiServer.json"
        self.wait(port.exists, "Firefox does not start")
        address = json.loads(port.read_text(encoding="utf-8"))
        self.socket = connect(f"ws://{address['ws_host']}:{address['ws_port']}/session", max_size=None)
        self.ask("session.new", capabilities={})
        (tab,) = self.ask("browsingContext.getTree")["contexts"]
        self.context = tab["context"]
        self.ask("session.subscribe", events=["log.entryAdded"])

    def __enter__(self) -> Firefox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(PATIENCE)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result.

        Raises:
            RuntimeError: when the browser says that it failed.
        """
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(PATIENCE))
            if answer.get("id") == self.asked:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['message']}")
                return dict(answer["result"])
            self.events.append(answer)

    def open(self, address: str, width: int = 1400, height: int = 1000) -> None:
        """Load a page."""
        self.ask("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})
        self.ask("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression comes to, as JSON has it.

        Raises:
            RuntimeError: when it throws.
        """
        target = {"context": self.context}
        text = f"(async () => JSON.stringify(await ({expression})) ?? null)()"
        found = self.ask("script.evaluate", expression=text, target=target, awaitPromise=True)
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        value = found["result"].get("value")
        return None if value is None else json.loads(value)

    def drag(self, start: tuple[float, float], *to: tuple[float, float]) -> None:
        """Press the mouse at a place of the window, move it to others, in pixels, and let go."""
        (x, y), *others = start, *to
        first = [{"type": "pointerMove", "x": round(x), "y": round(y)}, {"type": "pointerDown", "button": 0}]
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 50} for x, y in others]
        actions = [*first, *moves, {"type": "pointerUp", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}
        self.ask("input.performActions", context=self.context, actions=[mouse])

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true."""
        self.wait(lambda: bool(self.evaluate(expression)), f"it stayed untrue: {expression}")

    def wait(self, condition: Any, otherwise: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, otherwise
            time.sleep(0.1)

    def errors(self) -> list[str]:
        """What scripts left uncaught, and what the page's policy refused."""
        return [
            event["params"]["text"]
            for event in self.events
            if event.get("method") == "log.entryAdded" and event["params"]["level"] == "error"
        ]
