"""A blank page in the browser on which modules of assets/js are tried, and components mounted, without a server.

The modules lie under their own names, as `import("/engine/networks.js")`. A component needs `data`, an element, and
someone to tell what was chosen; here that is a list that a test reads.
"""

from __future__ import annotations

import functools
import hashlib
import re
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Literal

from playwright.sync_api import Locator, Page

from bvae.browser.bundle import MODULES
from bvae.browser.glossary import GLOSSARY
from bvae.browser.live import LiveRun
from bvae.runs import Run
from pages.parts.cursor import Cursor, check_cursor, from_address, image_cursor, to_address
from pages.parts.live import open_live
from pages.parts.meaning import open_figures, open_meaning
from tests.browsing import AS_TEXT, FROM_TEXT, Site

THEME = Path(__file__).resolve().parents[1] / ".streamlit" / "config.toml"

# What a component says of its states stands in `said`; `redraw` is what Streamlit does at every rerun.
MOUNT = """async ([name, html, css, glossary, data]) => {
  globalThis.betaVaeGlossary = glossary;
  const home = document.body.appendChild(document.createElement("div"));
  home.dataset.component = name;
  const parentElement = home.attachShadow({ mode: "open" });
  parentElement.innerHTML = `<style>${css}</style>${html}`;
  const { default: draw } = await import(`/${name}/page.js`);
  globalThis.said = [];
  const setStateValue = (state, value) => said.push([state, value]);
  globalThis.redraw = (changed) => draw({ data: [changed], parentElement, setStateValue });
  redraw(data);
}"""

PUBLISH = """async ([store, address]) => {
  const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
  const { default: publish } = await import(`/store/${store}.js`);
  const parentElement = document.createElement("div");
  parentElement.innerHTML = '<div class="store-problem"></div>';
  publish({ data: bytes, parentElement });
  return parentElement.textContent;
}"""


# `asText` and `fromText` are for arrays of numbers that travel to a test or come from one.
BLANK = f"""<!doctype html><title>Bench</title><link rel=icon href=data:,>
<script>globalThis.asText = {AS_TEXT}; globalThis.fromText = {FROM_TEXT};</script><body>"""


class Bench:
    """The page, and what a test does with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clear()

    def clear(self) -> None:
        """A blank page again."""
        self.page.goto(f"{host()}/")

    def mount(self, name: str, data: dict[str, Any]) -> Locator:
        """Mount the component of `assets/html/<name>.html` and return its element."""
        html = (MODULES.parent / f"html/{name}.html").read_text(encoding="utf-8")
        styles = [
            (MODULES.parent / f"css/{each}.css").read_text(encoding="utf-8") for each in ("common", "terms", name)
        ]
        self.page.evaluate(MOUNT, [name, html, "\n".join(styles), GLOSSARY, data])
        return self.page.locator(f"[data-component={name}]").last

    def dress(self, scheme: Literal["light", "dark"]) -> str:
        """Give the page the colours of the app's theme and return that of its ground, as CSS has it."""
        theme = tomllib.loads(THEME.read_text(encoding="utf-8"))["theme"][scheme]
        names = {key: re.sub("[A-Z]", lambda capital: f"-{capital[0].lower()}", key) for key in theme}
        variables = "".join(f"--st-{name}: {theme[key]}; " for key, name in names.items())
        style = f"body {{ {variables} color: var(--st-text-color); background: var(--st-background-color); }}"
        self.page.emulate_media(color_scheme=scheme)
        self.page.add_style_tag(content=style)
        return str(self.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    def redraw(self, data: dict[str, Any]) -> None:
        """What Streamlit does when Python has drawn the page again."""
        self.page.evaluate("(data) => redraw(data)", data)

    def publish(self, store: str, content: bytes) -> str:
        """Hand over what travels as bytes: "runs", "films" or "encoders"; what was refused is returned."""
        path = f"/content/{hashlib.sha256(content).hexdigest()}"
        Host.contents[path] = content
        return str(self.page.evaluate(PUBLISH, [store, path]))

    def publish_run(self, run: LiveRun) -> None:
        """Hand over the weights of all epochs of a run, as the app does."""
        for content in (run.head, run.rest):
            assert self.publish("runs", content) == ""
        self.publish_meanings(run)

    def publish_meanings(self, run: LiveRun) -> None:
        """Hand over what was measured of a run."""
        for told in (open_meaning(run.path), open_figures(run.path)):
            if told.key:
                assert self.publish("meanings", told.content) == ""

    def said(self, state: str) -> list[Any]:
        """What the component told Python of one of its states, oldest first."""
        script = "(state) => said.filter(([name]) => name === state).map(([, value]) => value)"
        return list(self.page.evaluate(script, state))


class Host(BaseHTTPRequestHandler):
    """A host of plain files: a blank page, the modules, and what travels as bytes.

    Playwright's own way of answering for a host takes seconds for the weights of a run.
    """

    protocol_version = "HTTP/1.1"  # a connection serves all modules of a page
    contents: ClassVar[dict[str, bytes]] = {}  # by path

    def do_GET(self) -> None:
        if self.path in self.contents:
            self.answer(self.contents[self.path], "application/octet-stream")
        elif self.path.endswith(".js"):
            self.answer((MODULES / self.path[1:]).read_bytes(), "text/javascript")
        else:
            self.answer(BLANK.encode(), "text/html")

    def answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=3600")  # they stay as they are as long as this process
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@functools.cache
def host() -> str:
    """The address of a host of this process's own, which ends with it."""
    server = ThreadingHTTPServer(("localhost", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://localhost:{server.server_port}"


def live_data(run: LiveRun, **more: Any) -> dict[str, Any]:
    """What every component that draws with a run's weights is sent, see `live_component`, and what else one needs."""
    meaning = open_meaning(run.path).key
    data = {"key": run.key, "cursor": image_cursor(run.space), "revision": 1, "guests": [], "memory": None}
    return data | {"meaning": meaning, "read_only": ""} | more


class OnBench(Site):
    """A component on the bench. Its cursor is checked and written as an address by what does so in the app."""

    def __init__(self, bench: Bench, run: Run, **data: Any) -> None:
        """
        Args:
            data: what the component needs besides cursor and run.
        """
        super().__init__(bench.page, run)
        self.bench, self.data = bench, data
        self.space = open_live(run, run.name).space
        self.cursor: Cursor | None = None  # as the component was sent it

    def open(self, name: str, **parameters: str) -> None:
        live = open_live(self.run, self.run.name)
        if self.cursor:
            self.bench.clear()
        self.cursor, problems = from_address(parameters, live.space)
        assert not problems
        self.bench.publish_run(live)
        self.bench.mount(name, live_data(live, cursor=self.cursor, rows=live.active) | self.data)

    def in_address(self, name: str) -> str | None:
        said = self.bench.said("cursor")
        cursor = check_cursor(said[-1], self.space) if said else self.cursor
        assert cursor
        return to_address(cursor).get(name)
