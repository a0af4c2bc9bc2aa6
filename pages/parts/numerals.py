"""How an address says a code; `assets/js/engine/address.js` does the same in the browser."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Sequence

import numpy as np

MOST = 450  # characters that a code takes in the address, unless it has very many dimensions


def code_text(code: Sequence[float], most: int = MOST) -> str:
    """A code, (D,), as decimals, as many as a float32 needs; where that is too long, as float32, float16 or bytes with
    a scale, packed in base64, whichever is the first to fit."""
    whole = np.asarray(code, "<f4")
    if len(text := ",".join(map(_shortest, whole))) <= most:
        return text
    if len(text := f"~f{_url_text(whole.tobytes())}") <= most:
        return text
    if len(text := f"~h{_url_text(whole.astype('<f2').tobytes())}") <= most:
        return text
    scale = float(_shortest(np.float32(np.abs(whole).max() / 127))) or 1.0
    steps = np.clip(np.round(whole / scale), -127, 127).astype("i1")
    return f"~b{_shortest(np.float32(scale))}~{_url_text(steps.tobytes())}"


def code_of(text: str) -> list[float]:
    """The code that an address says, as far as it is one.

    Raises:
        ValueError: when it is no list of numbers.
    """
    if not text.isascii():  # the digits of other scripts, too, are digits to Python
        raise ValueError
    if not text.startswith("~"):
        return [float(part) for part in text.split(",")]
    scale, kind, packed = 1.0, text[1:2], text[2:]
    if kind == "b":
        said, _, packed = packed.partition("~")
        scale = float(said)
    dtype = {"f": "<f4", "h": "<f2", "b": "i1"}.get(kind)
    if dtype is None or not re.fullmatch(r"[\w-]*", packed, re.ASCII) or not math.isfinite(scale):
        raise ValueError
    try:
        content = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    except binascii.Error:
        raise ValueError from None
    numbers: list[float] = (np.frombuffer(content, dtype).astype(float) * scale).tolist()
    return numbers


def _shortest(value: np.floating) -> str:
    text = str(value).removesuffix(".0")
    return "0" if text == "-0" else text


def _url_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
