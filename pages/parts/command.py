"""A command line that a page shows, to be copied.

Streamlit's own code block loads a highlighter for three hundred languages, a fifth of what a visit of Train costs.
"""

from __future__ import annotations

import streamlit as st

from bvae.browser.bundle import bundle
from bvae.browser.components import asset

_command = st.components.v2.component(
    "command", html=asset("html", "command"), css=asset("css", "command"), js=bundle("shell/command.js")
)


def show_command(text: str, key: str) -> None:
    """Draw a command line, or several, with a button that copies them.

    It travels in a list, see `component` in live.py.

    Args:
        key: what tells it from others on the page.
    """
    _command(key=f"command_{key}", data=[text], height="content")
