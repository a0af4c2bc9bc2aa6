"""How an address says a code and the pixels of a drawing; in the browser `assets/js/engine/address.js` and `ink.js`."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Sequence

import numpy as np

MOST_PIXELS = 16_384
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
    if dtype is None or not math.isfinite(scale):
        raise ValueError
    numbers: list[float] = (np.frombuffer(_content(packed), dtype).astype(float) * scale).tolist()
    return numbers


def pixels_text(image: Sequence[int]) -> str:
    """The pixels of an image, 0 to 255 and most of them 0: how many, and all in base64, of zeros only how many."""
    content = bytearray()
    at = 0
    while at < len(image):
        zeros = 0
        while zeros < 255 and at + zeros < len(image) and image[at + zeros] == 0:
            zeros += 1
        content += bytes([0, zeros]) if zeros else bytes([image[at]])
        at += zeros or 1
    return f"{len(image)}.{_url_text(bytes(content))}"


def pixels_of(text: str) -> list[int]:
    """The pixels that an address says.

    Raises:
        ValueError: when it says none.
    """
    count, _, packed = text.partition(".")
    if not re.fullmatch(r"\d{1,5}", count, re.ASCII) or int(count) > MOST_PIXELS:
        raise ValueError
    image: list[int] = []
    content = iter(_content(packed))
    for byte in content:
        image += [byte] if byte else [0] * next(content, 0)
        if len(image) > int(count):
            raise ValueError
    if len(image) != int(count):
        raise ValueError
    return image


def _content(packed: str) -> bytes:
    if not re.fullmatch(r"[\w-]*", packed, re.ASCII) or len(packed) % 4 == 1:
        raise ValueError
    return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))


def _shortest(value: np.floating) -> str:
    text = str(value).removesuffix(".0")
    return "0" if text == "-0" else text


def _url_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
