"""What is live in the browser: the selected run's weights, sent once, and the components that draw with them.

They are sent in two parts, so that the first slider moves before the weights of all other epochs have come.

The decoder runs in the page, so a slider morphs its digit at every frame; a round trip to Python takes about 100 ms.
Imports no torch.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bvae.browser.bundle import bundle
from bvae.browser.components import asset, read_component
from bvae.browser.glossary import GLOSSARY
from bvae.browser.guests import Guest
from bvae.browser.live import LiveRun, chosen_epochs, pack
from bvae.runs import Run, RunError
from pages.parts.cursor import (
    Cursor,
    CursorError,
    check_cursor,
    done_by_hand,
    guests_of,
    say_cursor,
    say_in_address,
    write_said,
)  # fmt: skip
from pages.parts.guests import find_guest
from pages.parts.meaning import mount_meaning, open_meaning, rename
from pages.parts.rights import why_read_only
from pages.parts.view import View, keep_view

WAIT_FOR_MEANING = ("traverse", "interpolate", "disentangle")  # components that say at once what a dimension means

_store = st.components.v2.component(
    "live_store",
    html='<div class="store-problem" role="alert"></div>\n<span hidden></span>',
    js=bundle("store/runs.js"),
)


_recall = st.components.v2.component("live_recall", html="<span hidden></span>\n", js=bundle("store/recall.js"))


_shell = st.components.v2.component(
    "shell",
    html="<span hidden></span>\n",
    css=f"{asset('css', 'terms')}\n{asset('css', 'menu')}",
    js=bundle("shell/page.js"),
    isolate_styles=False,  # the words are in Streamlit's own prose, and the menu is beside it
)


_uploads = st.components.v2.component(
    "uploads",
    html='<div class="upload-problem" role="alert"></div>\n',
    css=asset("css", "uploads"),
    js=bundle("shell/uploads.js"),
    isolate_styles=False,  # it sees to what is beside it
)


def open_live(run: Run, name: str, epoch: int | None = None) -> LiveRun:
    """Gather what the browser needs of a run; see `pack`.

    Args:
        run: the run.
        name: what the address calls it.
        epoch: a snapshot that must be among those sent, where there are too many for all.

    Raises:
        RunError: when the run has no snapshot yet, or none that can be read.
    """
    return _packed(*_asked(run, name, epoch))


def read_ahead(run: Run, name: str) -> None:
    """Gather it for the session that will open it first, in this thread. What is wrong with it, that session says."""
    with contextlib.suppress(RunError, OSError):
        asked = _asked(run, name)
        gathered = _ahead[asked] = Future()
        try:
            gathered.set_result(pack(run, name, asked[2]))
        except Exception as error:  # whatever it is: a session may wait for this already
            gathered.set_exception(error)


_ahead: dict[tuple[str, str, tuple[int, ...], str], Future[LiveRun]] = {}


def _asked(run: Run, name: str, epoch: int | None = None) -> tuple[str, str, tuple[int, ...], str]:
    return str(run.path.resolve()), name, chosen_epochs(run, epoch), run.version()


# cache_resource rather than cache_data: the latter would copy these megabytes at every rerun.
@st.cache_resource(max_entries=6, show_spinner="Reading the run …")
def _packed(path: str, name: str, wanted: tuple[int, ...], version: str) -> LiveRun:
    """`version` is there to tell an altered run."""
    gathered = _ahead.pop((path, name, wanted, version), None)
    live = gathered.result() if gathered else pack(Run(path), name, wanted)
    guest = functools.partial(find_guest, live.path, live.key, live.space.epochs)
    return replace(live, space=replace(live.space, guest=guest))


@functools.cache  # registered once a process; a page's own script runs at every rerun
def component(name: str) -> Any:
    """The component made of `assets/html|css/<name>.*` and `assets/js/<name>/page.js`.

    Its texts may mark words that the glossary explains.

    Its script is apart from its data: Streamlit sends a component anew whenever its data change, and of a script that
    is the same at every rerun only a reference to what the browser has. See assets/js/shell/hand-on.js.

    Its data travel in a list: among the values of a dict Streamlit looks for tables, and imports pandas to do so, which
    would keep the first page waiting.
    """

    html, css, script = read_component(name, "shell/hand-on.js")
    # A browser that stays open while the app is started in a newer version has both scripts, each for its own mounts.
    called = json.dumps(f"{name} {hashlib.sha256(script.encode()).hexdigest()[:8]}")
    script = script.replace("\nexport default ", "\nconst page = ")
    code = st.components.v2.component(
        f"{name}_script",
        html="<span hidden></span>\n",
        js=f"{script}\nexport default takeOver({called}, page);\n",
    )
    made = st.components.v2.component(
        name,
        html=html,
        css=css,
        js=f"{bundle('shell/hand-on.js')}\nexport default handOn({called});\n",
    )

    def mount(data: dict[str, Any], script_in: DeltaGenerator | None = None, **options: Any) -> Any:
        result = made(data=[data], **options)
        with script_in or contextlib.nullcontext():  # where it holds no place above others until its style comes
            code(key=f"{name}_script", height="content")
        return result

    return mount


def live_component(
    name: str,
    run: LiveRun,
    cursor: Cursor,
    revision: int,
    guests: Sequence[Guest] | None = None,
    shows: View | None = None,
    **data: Any,
) -> None:
    """Draw a component that decodes the selected run.

    What the person settles on becomes the session's cursor. What the component sends as its `memory`, a JSON object, is
    kept for the session and given back to it as `data.memory`, so that a page is found as it was left; with `shows`
    it says beside it what of that the address shall say, and is told what the address asks for. Its `page`, as
    assets/js/shared/link.js `leadsTo` sends it, opens another page. Its `name` is what a person calls a dimension.

    Args:
        guests: images beyond the gallery that it needs; the one that the cursor set out from, unless told.
        shows: what it shows beyond the cursor, of a component that has an address.js.
        data: anything else that it needs, as JSON.
    """
    remembered = f"{name}_memory"
    keys: dict[str, str] = st.session_state.setdefault("live_keys", {})  # of which run each was, as it grew
    keys[run.key] = run.space.run

    def settle() -> None:
        told = st.session_state[name].get("cursor")
        if isinstance(told, dict) and keys.get(str(told.get("key")), run.space.run) != run.space.run:
            return  # the last word about a run that has been left since: its code is none of this one's
        try:
            say_cursor(check_cursor(told, run.space), run.space)
        except CursorError as error:
            st.session_state["address_problems"] = [str(error)]
        done_by_hand()

    def remember() -> None:
        memory = st.session_state[name].get("memory")
        if shows:
            keep_view(shows, memory)
            return
        done_by_hand()
        st.session_state[remembered] = memory if isinstance(memory, dict) else None

    def leave() -> None:
        done_by_hand()
        page = st.session_state[name].get("page")
        st.session_state["asked_page"] = page.get("page") if isinstance(page, dict) else None

    def keep_name() -> None:
        done_by_hand()
        try:
            rename(run.path, st.session_state[name].get("name"))
        except (RunError, OSError) as error:
            st.session_state["address_problems"] = [str(error)]

    guests = guests_of(run.space, [cursor["start"]]) if guests is None else guests
    data |= {"guests": [guest.packed() for guest in guests]}
    data |= {"key": run.key, "cursor": cursor, "revision": revision, "memory": st.session_state.get(remembered)}
    if shows:
        say_in_address(shows.names, shows.texts)
        data |= {"asked": shows.asked, "asked_revision": shows.revision}
    write_said()
    meaning = open_meaning(run.path)
    data |= {"meaning": meaning.key, "read_only": why_read_only() or ""}
    component(name)(
        key=name, data=data, height="content", on_cursor_change=settle, on_memory_change=remember, on_page_change=leave,
        on_name_change=keep_name,
    )  # fmt: skip
    # After the component, which does not wait for them, and before the rest of the page, which would keep it waiting.
    if name in WAIT_FOR_MEANING:
        mount_meaning(meaning)  # small: the browser takes it in while the weights are on their way
        mount_head(run)
    else:
        mount_head(run)
        mount_meaning(meaning)


def live_view(name: str, run: LiveRun, cursor: Cursor, revision: int) -> None:
    """Draw a component beside a `live_component` that only shows: what it draws of the selected run changes nothing."""
    guests = [guest.packed() for guest in guests_of(run.space, [cursor["start"]])]
    data = {"guests": guests, "key": run.key, "cursor": cursor, "revision": revision, "memory": None}
    component(name)(key=name, data=data | {"meaning": open_meaning(run.path).key}, height="content")


# Of two runs at once, each has slots of its own.


def mount_head(run: LiveRun, slot: str = "live_head") -> None:
    """Hand the browser what a run's last epoch needs."""
    _hand_over(slot, [run.key, "head"], run.head)


def mount_rest(run: LiveRun, slot: str = "live_rest") -> None:
    """Hand the browser the weights of a run's other epochs: megabytes, and so at the end of a page."""
    _hand_over(slot, [run.key, "rest"], run.rest)


def mount_rest_later(run: LiveRun, slot: str) -> None:
    """The same, once the selected run's are on their way: see `mount_rests`."""
    st.session_state.setdefault("rests", {})[slot] = run  # by slot, since a rerun can end before they are mounted


def mount_rests(run: LiveRun) -> None:
    """Hand over the other epochs' weights of the selected run, and after it of those that a page has beside it."""
    mount_rest(run)
    for slot, other in st.session_state.pop("rests", {}).items():
        mount_rest(other, slot)


def _hand_over(slot: str, name: list[str], content: bytes) -> None:
    """Hand the browser bytes, and at later reruns their name alone.

    Of the same bytes Streamlit would send a mere reference, but it copies and hashes them all at every rerun to know
    that they are the same. The browser says where it has not what it is named.
    """
    given: dict[str, list[str]] = st.session_state.setdefault("weights_given", {})

    def ask() -> None:
        given.pop(slot, None)

    if given.get(slot) == name:
        _recall(key=slot, data=name, height="content", on_missing_change=ask)
    else:
        _store(key=slot, data=content, height="content")
        given[slot] = name


def mount_shell() -> None:
    """Have the words that `explained` marks in the prose of a page show what they mean, and the menu of pages, where it
    lies over the page, close when one is chosen."""
    _shell(key="shell", data=[GLOSSARY], height="content")


def mount_uploads() -> None:
    """Have it said here when the server does not take a file that a person chooses anywhere on the page."""
    _uploads(key="uploads", height="content")
