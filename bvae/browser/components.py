"""What a component of the browser is made of: its markup, its style and its script."""

from __future__ import annotations

from typing import NamedTuple

from bvae.browser.bundle import ASSETS, bundle
from bvae.browser.glossary import check_marks


class Component(NamedTuple):
    """A component as the browser gets it."""

    html: str
    css: str
    script: str  # modules joined, of which the last exports the component


def asset(kind: str, *names: str) -> str:
    """The files `assets/KIND/NAME.KIND`, one after the other."""
    return "\n".join((ASSETS / kind / f"{name}.{kind}").read_text(encoding="utf-8") for name in names)


def read_component(name: str, *entries: str) -> Component:
    """The component made of `assets/html|css/<name>.*` and `assets/js/<name>/page.js`.

    Args:
        entries: modules that its script has before its own.

    Raises:
        KeyError: when its texts mark a word that the glossary has not.
    """
    html, script = asset("html", name), bundle(*entries, f"{name}/page.js")
    check_marks(html + script)
    return Component(html, asset("css", "common", "terms", name), script)
