"""The colours and sizes of the app's theme, as Streamlit gives them to components, for a page without Streamlit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

CONFIG = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"
FONT = '"Source Sans", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
# What Streamlit adds to a theme that says nothing of these.
ALERTS = {
    "light": {"red-color": "#ff4b4b", "red-text-color": "#bd4043", "red-background-color": "#ff2b2b17"},
    "dark": {"red-color": "#ff2b2b", "red-text-color": "#ff6c6c", "red-background-color": "#ff6c6c33"},
}


def theme_style() -> str:
    """Style that sets the variables in light, and in dark where the person's system is."""
    light, dark = map(variables, ("light", "dark"))
    return (
        f":root {{ color-scheme: light dark; {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    )


def variables(scheme: str) -> str:
    """The variables of "light" or "dark" as declarations of style."""
    theme = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
    colours = {
        re.sub("[A-Z]", lambda capital: f"-{capital[0].lower()}", key): theme[scheme][key] for key in theme[scheme]
    }
    found = colours | ALERTS[scheme] | {
        "base-radius": theme["baseRadius"], "button-radius": theme["baseRadius"], "font": FONT, "heading-font": FONT,
        "heading-color": colours["text-color"], "link-color": colours["primary-color"],
    }  # fmt: skip
    return " ".join(f"--st-{name}: {value};" for name, value in found.items())
