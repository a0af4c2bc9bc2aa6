"""A blank page in the browser on which modules of assets/js are tried, and components mounted, without a server.

The modules lie under their own names, as `import("/engine/networks.js")`. A component needs `data`, an element, and
someone to tell what was chosen; here that is a list that a test reads.
"""

from __future__ import annotations

import base64
from typing import Any

from playwright.sync_api import Locator, Page, Route

from pages.parts.bundle import MODULES
from pages.parts.glossary import GLOSSARY

ADDRESS = "http://bench"

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

PUBLISH = """async ([store, text]) => {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const { default: publish } = await import(`/store/${store}.js`);
  const parentElement = document.createElement("div");
  parentElement.innerHTML = '<div class="store-problem"></div>';
  publish({ data: bytes, parentElement });
  return parentElement.textContent;
}"""


class Bench:
    """The page, and what a test does with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.route(f"{ADDRESS}/**", serve_modules)
        page.goto(f"{ADDRESS}/")

    def mount(self, name: str, data: dict[str, Any]) -> Locator:
        """Mount the component of `assets/html/<name>.html` and return its element."""
        html = (MODULES.parent / f"html/{name}.html").read_text(encoding="utf-8")
        styles = [
            (MODULES.parent / f"css/{each}.css").read_text(encoding="utf-8") for each in ("common", "terms", name)
        ]
        self.page.evaluate(MOUNT, [name, html, "\n".join(styles), GLOSSARY, data])
        return self.page.locator(f"[data-component={name}]").last

    def redraw(self, data: dict[str, Any]) -> None:
        """What Streamlit does when Python has drawn the page again."""
        self.page.evaluate("(data) => redraw(data)", data)

    def publish(self, store: str, content: bytes) -> str:
        """Hand over what travels as bytes: "runs", "films" or "encoders"; what was refused is returned."""
        return str(self.page.evaluate(PUBLISH, [store, base64.b64encode(content).decode()]))

    def said(self, state: str) -> list[Any]:
        """What the component told Python of one of its states, oldest first."""
        return [value for name, value in self.page.evaluate("said") if name == state]


def serve_modules(route: Route) -> None:
    """Answer as a host of plain files would."""
    path = route.request.url.removeprefix(f"{ADDRESS}/")
    if path.endswith(".js"):
        route.fulfill(path=MODULES / path, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>Bench</title><body>", content_type="text/html")
