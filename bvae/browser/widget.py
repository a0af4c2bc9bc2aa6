"""What a notebook's widget is made of: one module of all components that it can show, and its style."""

from __future__ import annotations

import json

from bvae.browser.bundle import bundle
from bvae.browser.components import asset
from bvae.browser.frame import SHARED_STYLES, assets_of, below, own
from bvae.browser.glossary import GLOSSARY
from bvae.browser.theme import variables

PAGES = ("traverse", "interpolate", "generate", "draw", "disentangle")
STORES = ("runs", "meanings", "encoders")
ENTRY = "notebook/page.js"


def widget_module() -> str:
    """An ES module whose default export is a widget, as https://anywidget.dev asks for it."""
    entries = [*(f"{name}/page.js" for name in PAGES), *(f"store/{name}.js" for name in STORES), ENTRY]
    stores = [f'"store/{name}": {{ html: "", css: [], script: {own(f"store/{name}.js")} }},' for name in STORES]
    return "\n".join([
        bundle(*below(entries)),
        f"globalThis.betaVaeGlossary = {json.dumps(GLOSSARY)};",
        f"const betaVaeStyles = {json.dumps([asset('css', name) for name in SHARED_STYLES])};",
        "const betaVaeAssets = {", *map(assets_of, PAGES), *stores, "};",
        f"export default ({own(ENTRY)})()(betaVaeAssets);\n",
    ])  # fmt: skip


def widget_style() -> str:
    """The style of what is around the components, and the colours that they take in light and in dark."""
    schemes = (
        f'.beta-vae[data-theme="{name}"] {{ color-scheme: {name}; {variables(name)} }}' for name in ("light", "dark")
    )
    return "\n".join([*schemes, asset("css", "notebook")])
