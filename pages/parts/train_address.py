"""What the Train page's form says, in the page's address: a parameter for each setting that is not the usual one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from bvae.config import field_type, is_path
from pages.parts.cursor import asked_of_page, quote, say_in_address, say_until_done
from pages.parts.train_form import FIELDS, begin_form, fill, key, preset_of_form

LONGEST = 24  # characters of a value
MOST = 2**53  # a browser's widget takes no larger number
NONE = "none"  # of a setting that can be left out


def form_in_address() -> None:
    """Fill the form as the address asks, and have the address say what the form says."""
    begin_form()
    problems: list[str] | None = None
    if (asked := asked_of_page(tuple(FIELDS))) is not None:
        problems = []
        for name, item in FIELDS.items():
            fill(name, _value(name, asked[name], problems) if name in asked else item.default)
        fill("preset", preset_of_form())
    say_until_done("train", problems)
    values = {name: st.session_state[key(name)] for name in FIELDS}
    say_in_address(tuple(FIELDS), form_address(values))


def form_address(values: Mapping[str, Any]) -> dict[str, str]:
    """The settings that are not the usual ones, as query parameters; no path, which means nothing elsewhere."""
    told = {name: _text(value) for name, value in values.items() if value != FIELDS[name].default}
    return {name: text for name, text in told.items() if len(text) <= LONGEST and not is_path(text)}


def _text(value: Any) -> str:
    if value is None:
        return NONE
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)


def _value(name: str, text: str, problems: list[str]) -> Any:
    """A setting that an address asks for; the usual one, and a sentence more, where there is no such value."""
    item, (kind, optional) = FIELDS[name], field_type(name)
    choices = item.metadata.get("choices")
    try:
        if len(text) > LONGEST:
            raise ValueError
        if text == NONE and optional:
            return None
        if choices and text not in choices:
            raise ValueError
        return kind(text)
    except ValueError:
        problem = f"The address asks for {quote(text)} as {name.replace('_', ' ')}, which cannot be."
        problems.append(f"{problem} It is left as usual.")
        return item.default
