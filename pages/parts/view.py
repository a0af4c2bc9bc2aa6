"""What a page shows beyond the cursor, in its address and in the session.

What it means, the browser knows: `assets/js/<page>/address.js` turns it into parameters and back. Here they are kept,
written and handed back; a page reads those that it needs itself. See `live_component`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.parts.cursor import (
    asked_of_page,
    done_by_hand,
    forget_problems,
    quote,
    say_in_address,
    say_problems,
    say_until_done,
    write_said,
)

MOST = 1_200  # characters of the address that one component may fill
OF_TRAVERSE = ("pad", "along", "grid", "samples", "open", "shift", "shown")  # which is on two pages


@dataclass(frozen=True)
class View:
    """What a page's component shows.

    component: its name.
    names: of the parameters that say it.
    texts: what they say, as it is now; whatever stands in an address can be altered.
    asked: the same where the address asks for it and the component has said nothing since, else None.
    revision: raised whenever the address asks for something.
    """

    component: str
    names: tuple[str, ...]
    texts: Mapping[str, str]
    asked: Mapping[str, str] | None
    revision: int

    def whole(self, name: str, most: int) -> int | None:
        """A parameter as a whole number from 0 to the most there is; None if it is none."""
        text = self.texts.get(name, "")
        fits = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
        return int(text) if fits and int(text) <= most else None


def open_view(component: str, names: Sequence[str]) -> View:
    """What a page's component shows in this rerun: what the address asks for, or else what the component said last."""
    kept = st.session_state.setdefault(f"{component}_view", {"texts": {}, "asked": None, "revision": 0})
    problems = None
    if (asked := asked_of_page(names)) is not None:
        problems = []
        if long := [name for name, text in asked.items() if len(text) > MOST]:
            asked = {name: text for name, text in asked.items() if name not in long}
            problems = [f"The address says more than fits into {MOST:,} characters of {' and '.join(long)}: left out."]
        kept |= {"texts": asked, "asked": asked, "revision": kept["revision"] + 1}
    say_problems(component, problems)
    return View(component, tuple(names), **kept)


def pick_by_address(name: str, key: str, options: Sequence[str], usual: str) -> None:
    """Have a widget that picks one of some options follow the address, and the address say where it stands, if that is
    not the usual. To be called before the widget is drawn; the widget may be in a fragment.

    Args:
        name: of the parameter.
        key: of the widget, whose value is in the session.
    """
    problems = None
    if (asked := asked_of_page((name,))) is not None:
        wanted = asked.get(name, usual)
        st.session_state[key] = wanted if wanted in options else usual
        problems = []
        if wanted not in options:
            problems = [f"The address asks for {quote(wanted, 60)}, which is not here."]
    say_until_done(key, problems)
    picked = st.session_state[key]
    say_in_address((name,), {} if picked == usual else {name: picked})
    write_said()


def keep_view(view: View, told: Any) -> None:
    """Keep what a component said of itself, for a callback of its: whatever a browser sends can be altered.

    Args:
        told: its `memory`, a JSON object, and `address`, what parameters say of it.
    """
    done_by_hand()
    told = told if isinstance(told, dict) else {}
    memory, address = told.get("memory"), told.get("address")
    st.session_state[f"{view.component}_memory"] = memory if isinstance(memory, dict) else None
    texts = _fitting(address if isinstance(address, dict) else {}, view.names)
    st.session_state[f"{view.component}_view"] |= {"texts": texts, "asked": None}
    forget_problems(view.component)
    say_in_address(view.names, texts)


def _fitting(address: Mapping[Any, Any], names: Sequence[str]) -> dict[str, str]:
    """The parameters that an address may have; the longest are left out where they do not fit."""
    texts = {
        name: text
        for name in names
        if isinstance(text := address.get(name), str) and text.isascii() and text.isprintable()
    }
    while sum(len(name) + len(text) + 2 for name, text in texts.items()) > MOST:
        texts.pop(max(texts, key=lambda name: len(texts[name])))
    return texts
