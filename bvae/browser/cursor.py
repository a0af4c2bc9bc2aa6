"""The cursor that all views share: a point in the latent space at an epoch, and what fits a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict, get_args

import numpy as np

from bvae.browser.guests import Guest
from bvae.browser.live import Space

Kind = Literal["digit", "drawing", "random", "origin", "code"]
IMAGES = ("digit", "drawing")  # kinds of start that are an image with a code of its own at every epoch
Keep = Literal["digit", "code"]


class Start(TypedDict):
    """Where a cursor set out from, and so what a reset returns to."""

    kind: Kind
    index: NotRequired[int]  # of a digit: its position in the test split; of a drawing: its number
    code: NotRequired[list[float]]  # of the others: the code itself, (D,)


class Cursor(TypedDict):
    """A point in the latent space at an epoch."""

    z: list[float]  # (D,)
    epoch: int
    start: Start
    keep: Keep  # what stays when the epoch moves


class CursorError(ValueError):
    """A cursor or an address that does not fit the run. Its message is a sentence for the page."""


def image_cursor(space: Space, start: Start | None = None, epoch: int | None = None) -> Cursor:
    """The cursor on an image's own code: at the last epoch and on a typical test image, unless told.

    Args:
        start: an image that this run has, see `own_code`.
    """
    epoch = space.epochs[-1] if epoch is None else epoch
    start = _typical(space) if start is None else start
    z = own_code(space, start, epoch)
    assert z is not None, "no image of this run"
    return Cursor(z=z, epoch=epoch, start=start, keep="digit")


def own_code(space: Space, start: Start, epoch: int) -> list[float] | None:
    """The code at an epoch of the image that a start is, (D,); None if it is none, or none that this run has."""
    index = start.get("index")
    if start["kind"] not in IMAGES or index is None:
        return None
    found = np.flatnonzero(space.indices == index)
    if start["kind"] == "digit" and len(found):
        code: list[float] = space.means[epoch][found[0]].tolist()
        return code
    guest = space.guest(start["kind"], index)
    return None if guest is None else guest.mean[space.epochs.index(epoch)].tolist()


def guests_of(space: Space, starts: Sequence[Start]) -> list[Guest]:
    """Those of the images that the browser does not hold with its gallery."""
    wanted = {
        (start["kind"], start["index"])
        for start in starts
        if start["kind"] == "drawing" or (start["kind"] == "digit" and start["index"] not in space.indices)
    }
    found = (space.guest(kind, index) for kind, index in sorted(wanted))
    return [guest for guest in found if guest]


def _typical(space: Space) -> Start:
    """The image whose code is nearest to its class mean. Of the fourth class: a 3 has many neighbours to turn into."""
    members = np.flatnonzero(space.labels == np.unique(space.labels)[:4][-1])
    codes = space.means[space.epochs[-1]][members]  # (M, D)
    position = members[np.square(codes - codes.mean(axis=0)).sum(axis=1).argmin()]
    return Start(kind="digit", index=int(space.indices[position]))


def check_cursor(value: Any, space: Space) -> Cursor:
    """Return a cursor as the browser sent it, if it fits the run: whatever a browser sends can be altered.

    Raises:
        CursorError: when a part is missing, of the wrong type or out of range.
    """
    try:
        z, epoch, start, keep = value["z"], value["epoch"], value["start"], value["keep"]
        kind = start["kind"]
        cleaned = Cursor(z=check_code(z, space), epoch=epoch, start=Start(kind=kind), keep=keep)
        if (
            type(epoch) is not int
            or epoch not in space.epochs
            or keep not in get_args(Keep)
            or kind not in get_args(Kind)
        ):
            raise ValueError
        if kind in IMAGES:
            cleaned["start"]["index"] = int(start["index"])
            if not 0 <= cleaned["start"]["index"] < 2**31:
                raise ValueError
        if "code" in start:
            cleaned["start"]["code"] = check_code(start["code"], space)
        if kind == "digit" and cleaned["start"]["index"] not in space.indices:
            cleaned["z"] = _unrounded(cleaned, space)
    except CursorError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError):
        raise CursorError("The position in the latent space was not understood.") from None
    return cleaned


def _unrounded(cursor: Cursor, space: Space) -> list[float]:
    """Its code, to the last digit where it is the image's own: the Clusters page knows that in half floats only."""
    own = own_code(space, cursor["start"], cursor["epoch"])
    near = own is not None and np.allclose(cursor["z"], own, rtol=1e-3, atol=1e-3)
    return own if own is not None and near else cursor["z"]


def check_code(values: Any, space: Space) -> list[float]:
    """A code (D,) as somebody gave it.

    Raises:
        CursorError: when it is none of the run's.
        TypeError, ValueError: when it is no list of numbers.
    """
    numbers = [float(value) for value in values]
    if len(numbers) != space.latent_dim:
        count = f"{len(numbers)} {'number' if len(numbers) == 1 else 'numbers'}"
        raise CursorError(f"it has {count}, and {space.run} has {space.latent_dim} latent dimensions.")
    if not all(math.isfinite(number) and abs(number) < 1000 for number in numbers):
        raise CursorError("it has a number that is not finite, or beyond ±1000.")
    return numbers
