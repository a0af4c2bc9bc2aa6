"""The cursor that all pages share: a point in the latent space at an epoch, in the session and in the page's address.

It lives in `st.session_state["cursor"]`. A page that sets it by itself calls `set_cursor`, which raises its revision:
that is how a live component tells a cursor that Python chose from its own word coming back late.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, get_args

import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bvae.browser.cursor import (
    IMAGES,
    Cursor,
    CursorError,
    Kind,
    Start,
    check_code,
    check_cursor,
    guests_of,
    image_cursor,
    own_code,
)
from bvae.browser.glossary import plain
from bvae.browser.live import Space
from pages.parts.guests import kept_drawing
from pages.parts.numerals import code_of, code_text, pixels_of, pixels_text

__all__ = [
    "IMAGES",
    "Cursor",
    "CursorError",
    "Start",
    "check_cursor",
    "guests_of",
    "image_cursor",
    "own_code",
]  # which pages take from here

# The address -----------------------------------------------------------------------------------------------------


ADDRESS = ("run", "epoch", "z", *IMAGES, "image", "start", "from", "keep")
LESSON = ("lesson", "step")  # which belong to no page and go along from one to the other, see lesson.py
MOST_OF_DRAWING = 700  # characters
MOST_BEHIND = 16  # addresses that a browser may be behind what was written, while a hand holds a key down
MOST_OF_CODES = 1_000  # characters that the code and the one to which a reset returns may take


def to_address(cursor: Cursor) -> dict[str, str]:
    """The cursor as query parameters: epoch, z, where it set out from, and what the epoch keeps."""
    start, z = cursor["start"], code_text(cursor["z"])
    address = {"epoch": str(cursor["epoch"]), "z": z}
    if start["kind"] in IMAGES:
        address[start["kind"]] = str(start["index"])
    elif start["kind"] != "code":
        address["start"] = start["kind"]
    if (origin := code_text(start.get("code", cursor["z"]))) != z and len(origin) + len(z) <= MOST_OF_CODES:
        address["from"] = origin
    if cursor["keep"] == "code":
        address["keep"] = "code"
    return address


def short_decimal(text: str) -> int | None:
    """A number as an address writes it, None if it is none; int() itself raises beyond 4,300 digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def nearest(epoch: int, epochs: Sequence[int]) -> int:
    """The kept epoch that is closest to one that is not, or not any more."""
    return min(epochs, key=lambda kept: abs(kept - epoch))


def from_address(parameters: Mapping[str, str], space: Space) -> tuple[Cursor, list[str]]:
    """The cursor that an address asks for, as far as it can be followed.

    Returns:
        The cursor, and a sentence for every part that had to be left out.
    """
    problems = []
    epoch = space.epochs[-1]
    if (text := parameters.get("epoch")) is not None:
        wanted = short_decimal(text)
        if wanted is not None:
            epoch = nearest(wanted, space.epochs)
        if wanted != epoch:
            kept = ", ".join(map(str, space.epochs))
            problems.append(f"The address asks for epoch {quote(text)}. {space.run} has kept {kept}; showing {epoch}.")
    image = _image_of(parameters, space, epoch)
    if image is None and (text := parameters.get("digit")) is not None:
        problems.append(f"The address asks for test image {quote(text)}, which is not among the run's probe images.")
    elif image is None and "drawing" in parameters:
        instead = "its code is shown as it is" if "z" in parameters else "a test image is shown instead"
        problems.append(f"The address asks for a drawing that is not kept here; {instead}.")
    cursor = image_cursor(space, image, epoch)
    if parameters.get("keep") == "code":
        cursor["keep"] = "code"
    if (text := parameters.get("z")) is not None:
        try:
            cursor["z"] = check_code(code_of(text), space)
            if image is None:
                cursor["start"] = _start_of(parameters, cursor["z"], space)
        except CursorError as error:
            problems.append(f"The code z in the address cannot be used: {error} Showing a test image instead.")
        except ValueError:
            problems.append("The code z in the address is not a list of numbers. Showing a test image instead.")
    return cursor, problems


def _image_of(parameters: Mapping[str, str], space: Space, epoch: int) -> Start | None:
    for kind in get_args(Kind):
        if kind in IMAGES and (index := short_decimal(parameters.get(kind, ""))) is not None:
            start = Start(kind=kind, index=index)
            return start if own_code(space, start, epoch) is not None else None
    return None


def _start_of(parameters: Mapping[str, str], z: list[float], space: Space) -> Start:
    kind = parameters.get("start")
    if kind == "origin":
        return Start(kind="origin")
    try:
        code = check_code(code_of(parameters["from"]), space)
    except (KeyError, ValueError):  # then a reset returns to what is shown
        code = z
    return Start(kind="random" if kind == "random" else "code", code=code)


def quote(text: str, most: int = 24) -> str:
    """A part of the address, short enough to be quoted and with nothing in it that Markdown would read."""
    shown = "".join(character for character in text[:most] if character.isalnum() or character in " .-+_=")
    return f"“{shown}{'…' if len(text) > most else ''}”"


# The session -----------------------------------------------------------------------------------------------------


def set_cursor(cursor: Cursor, space: Space) -> None:
    """Move the cursor from Python: live components will follow."""
    st.session_state["cursor_revision"] = st.session_state.get("cursor_revision", 0) + 1
    say_cursor(cursor, space)


def say_cursor(cursor: Cursor, space: Space) -> None:
    """Remember a cursor, and have `write_said` write it into the address; live components that sent it are not told
    again."""
    st.session_state["cursor"] = cursor
    st.session_state["cursor_run"], st.session_state["cursor_dataset"] = space.run, space.dataset
    say_in_address(ADDRESS, {"run": space.run, **to_address(cursor)})


def say_in_address(names: Sequence[str], values: Mapping[str, str]) -> None:
    """Have `write_said` write this into the address, and nothing else in parameters of these names. What it says in
    others, another part of the page may have yet to read."""
    said: dict[str, str | None] = st.session_state.setdefault("address_said", {})
    said |= {name: values.get(name) for name in names}


class Written(NamedTuple):
    """The address as this session has it.

    page: on which, by its hash.
    before: what it was there, newest last, which a browser may yet have.
    """

    page: str
    address: dict[str, str]
    before: list[dict[str, str]]


def _written() -> Written:
    """As it was written last on this page; as the browser has it, where nothing was."""
    found: Written | None = st.session_state.get("written")
    return found if found and found.page == _page() else Written(_page(), st.query_params.to_dict(), [])


def open_address() -> None:
    """Decide, before anything reads it in a run of the script, whose word about the address counts, and write what
    callbacks said.

    The browser's counts as it opens a page, goes Back or Forward, or follows a link to what was not here before. But
    what a hand does it sends with the address that it has then, and that may be behind what was written when the hand
    did something just before: then what was written counts, and the browser is told so again.
    """
    context = get_script_run_ctx()
    went = context is not None and context.is_history_navigation
    now, known = st.query_params.to_dict(), st.session_state.get("written", Written("", {}, []))
    opens = known.page != _page()
    if opens:
        st.session_state["page_address"] = {}  # what the other page wrote; this one will say what it shows
    if opens or went or now not in (known.address, *known.before):
        st.session_state["written"] = Written(_page(), now, [*known.before, known.address][-MOST_BEHIND:])
        said = st.session_state.get("address_said", {})
        kept = (*ADDRESS, *LESSON) if opens and not went else ()
        st.session_state["address_said"] = {name: value for name, value in said.items() if name in kept}
        if "run" in said and not kept:
            st.session_state.pop("cursor", None)  # which the address does not say
    elif now != known.address:
        st.query_params.from_dict(known.address)
    write_said()


def write_said() -> None:
    """Write what has been said since into the address, all of it at once: every write is a step of the browser's
    history, and a hand that lets go may have moved the cursor and something of the page."""
    said: dict[str, str | None] = st.session_state.get("address_said", {})
    if not said:
        return
    page, address, before = _written()
    wanted = _saying(said, address)
    if wanted != address:
        before = [*before, address][-MOST_BEHIND:]
    st.session_state["written"] = Written(page, wanted, before)
    if "run" in said:
        st.session_state["address"] = _of_cursor(wanted)
    if "lesson" in said:
        st.session_state["lesson_address"] = _of_lesson(wanted)
    known = st.session_state.get("page_address", {})
    st.session_state["page_address"] = {
        name: value
        for name, value in {**known, **said}.items()
        if value is not None and name not in (*ADDRESS, *LESSON)
    }
    del st.session_state["address_said"]  # once all of it is kept: another rerun may begin wherever the session is used
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)


def _saying(said: Mapping[str, str | None], address: Mapping[str, str]) -> dict[str, str]:
    """An address with what was said."""
    if number := said.get("drawing"):  # of which another browser has nothing
        said = {**said, "image": drawing_text(number)}
    others = {name: value for name, value in address.items() if name not in said}
    return others | {name: value for name, value in said.items() if value is not None}


def drawing_text(number: str) -> str | None:
    """The session's drawing as an address says it; None where it is another, or too large."""
    drawing = kept_drawing()
    text = pixels_text(drawing["image"]) if drawing and str(drawing["number"]) == number else ""
    return text if text and len(text) <= MOST_OF_DRAWING else None


def take_drawing(number: str, text: str) -> None:
    """Keep a drawing that an address brings along, where the session has not that one."""
    wanted, kept = short_decimal(number), kept_drawing()
    if wanted is None or (kept and kept["number"] == wanted):
        return
    with contextlib.suppress(ValueError):  # then there is no such drawing, which the page says
        st.session_state["draw_memory"] = {"image": pixels_of(text), "number": wanted}


def _of_cursor(address: Mapping[str, str]) -> dict[str, str]:
    return {name: address[name] for name in ADDRESS if name in address}


def _of_lesson(address: Mapping[str, str]) -> dict[str, str]:
    return {name: address[name] for name in LESSON if name in address}


def _page() -> str:
    context = get_script_run_ctx()
    return context.page_script_hash if context else ""


def done_by_hand() -> None:
    """For a callback: somebody did something, after which `say_until_done` says no more of what went wrong before."""
    st.session_state.pop("until_done", None)


def forget_address() -> None:
    """For a callback: have the address ask for nothing, and know of nothing that it said."""
    for known in ("address_said", "address", "lesson_address", "page_address"):
        st.session_state.pop(known, None)
    page, address, before = _written()
    st.session_state["written"] = Written(page, {}, [*before, address][-MOST_BEHIND:])
    st.query_params.clear()


def go_to(page: StreamlitPage, address: Mapping[str, str]) -> NoReturn:
    """Open a page by an address, which then counts also where this is the page already. Ends the run of the script."""
    st.session_state["written"] = _written()._replace(page="")
    st.switch_page(page, query_params=address)


def asked_of_page(names: Sequence[str]) -> dict[str, str] | None:
    """What the address asks of a page beyond the cursor, in parameters of these names: as the page is opened by it, and
    after Back and Forward, when it may ask for nothing, as at first. None for what the page itself wrote last, unless a
    step of a lesson has just been opened, which shows all as its address has it. None, too, for a fragment alone: after
    Back all of the page is drawn, and what comes round by itself may have the address that was overwritten just now."""
    context = get_script_run_ctx()
    if context and context.fragment_ids_this_run:
        return None
    asked, known = ({name: each[name] for name in names if name in each}
                    for each in (st.query_params.to_dict(), st.session_state.get("page_address", {})))  # fmt: skip
    return asked if asked != known or "step_opened" in st.session_state else None


def say_problems(part: str, problems: Sequence[str] | None) -> None:
    """Say what the address got wrong of a part of the page, also at the reruns that nobody asked for: until it asks
    that part for something else, `forget_problems` of it, or another page is opened.

    Args:
        problems: sentences; None where the address asks for nothing new.
    """
    _say(_said_here("page_problems"), part, problems)


def forget_problems(part: str) -> None:
    """For a callback: somebody has set that part of the page otherwise."""
    _said_here("page_problems").pop(part, None)


def say_until_done(part: str, problems: Sequence[str] | None) -> None:
    """Say what went wrong, also at the reruns that nobody asked for: until somebody does something (`done_by_hand`),
    or another page is opened.

    Args:
        problems: sentences; None where nothing was tried anew.
    """
    _say(_said_here("until_done"), part, problems)


def _said_here(kind: str) -> dict[str, list[str]]:
    """What is said on this page, by part; nothing yet, where the last was another."""
    page, kept = st.session_state.get(kind, ("", {}))
    if page != _page():
        kept = {}
        st.session_state[kind] = (_page(), kept)
    found: dict[str, list[str]] = kept
    return found


def _say(kept: dict[str, list[str]], part: str, problems: Sequence[str] | None) -> None:
    if problems is not None:
        kept[part] = list(problems)
    for problem in kept.get(part, []):
        st.warning(plain(problem))


def say_problems_of_cursor() -> None:
    """`say_until_done` of what cannot be in the cursor that an address or a component asked for. Once in a run of the
    script."""
    say_until_done("cursor", st.session_state.pop("address_problems", None))


def address_to_take_along() -> dict[str, str]:
    """What the address says that a page to which a link leads shall hear of: the cursor, nothing of this page."""
    return {name: value for name, value in st.query_params.to_dict().items() if name in (*ADDRESS, *LESSON)}


def lesson_address() -> dict[str, str]:
    """What the address says of a lesson."""
    return _of_lesson(st.query_params.to_dict())


def follow_address() -> None:
    """Forget run and cursor, so that they are taken from the address, when it is not the one written last.

    So it is after Back, Forward and links. An address without parameters asks for nothing.
    """
    problems = _said_here("page_problems")
    if not st.query_params.to_dict():
        st.session_state["page_address"] = {}
        problems.clear()
    address = _of_cursor(st.query_params.to_dict())
    if address and address != st.session_state.get("address", address):
        st.session_state["address"] = address
        st.session_state.pop("cursor", None)
        if "run" in address:
            st.session_state.pop("run", None)


def open_cursor(space: Space) -> tuple[Cursor, int]:
    """This session's cursor in the selected run, and its revision.

    A fresh session takes it from the address. When the run was changed, an image that the other run has too stays, a
    drawing encoded anew, and otherwise a new start is made: the dimensions of two runs have nothing to do with each
    other. When only the epoch is gone, as a run in training drops some, the nearest one is taken. What the address got
    wrong, `say_problems_of_cursor` says.
    """
    cursor: Cursor | None = st.session_state.get("cursor")
    if cursor is None:
        parameters = st.query_params.to_dict()
        take_drawing(parameters.get("drawing", ""), parameters.get("image", ""))
        cursor, problems = from_address(parameters, space)
        st.session_state["address_problems"] = problems
        set_cursor(cursor, space)
    elif st.session_state.get("cursor_run") != space.run or len(cursor["z"]) != space.latent_dim:
        start = cursor["start"]
        same = start["kind"] == "drawing" or st.session_state.get("cursor_dataset") == space.dataset
        stays = same and own_code(space, start, space.epochs[-1]) is not None
        set_cursor(image_cursor(space, start if stays else None), space)
    elif cursor["epoch"] not in space.epochs:
        cursor["epoch"] = nearest(cursor["epoch"], space.epochs)
        set_cursor(cursor, space)
    elif "epoch" not in st.query_params:  # a change of page clears the address
        say_cursor(cursor, space)
    return st.session_state["cursor"], st.session_state["cursor_revision"]
