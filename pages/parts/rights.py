"""What a session may do: whether it may come in, whether it may change anything, and how much it may hold.

Whoever runs the app decides by environment variables: `BVAE_PASSWORD`, `BVAE_USERS` and `BVAE_READ_ONLY`. What is
refused is a `RunError`, whose sentence the pages show: every function of theirs that changes something asks
`check_may_change` first, since a browser can send what no button offers.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import streamlit as st
from streamlit.errors import StreamlitAuthError
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bvae.archive import spoken_size
from bvae.config import is_path
from bvae.queue import Queue
from bvae.runs import RunError

# Wrong passwords from one address, in a while, before further ones are not looked at.
WRONG_MOST, WRONG_SECONDS = 10, 600.0
# Streamlit holds an upload in memory. The server's own limit, in .streamlit/config.toml, is the same.
MAX_UPLOAD = 500  # MB
# Bytes of uploads that are held in memory. One session's are one file of the largest size and its config.
UPLOADS_EACH, UPLOADS_ALL = 501 * 2**20, 1002 * 2**20
# Runs that wait to be trained.
WAITING_EACH, WAITING_ALL = 20, 60
# Bytes of runs that one session may bring, and that are left free on the disk.
BROUGHT_EACH, FREE_LEAST = 4 * 2**30, 2**30

# Sessions that have a browser, or had one a moment ago; server.py frees what others hold.
SESSIONS: set[str] = set()
_offered: set[str] = set()  # those whose page offers an upload
_coming: dict[str, int] = defaultdict(int)  # bytes that are on their way
_wrong: dict[str, list[float]] = {}  # times of wrong passwords, by address
_lock = threading.Lock()


def remember_session() -> str:
    """The number of this session, which the server is told of."""
    context = get_script_run_ctx()
    session = context.session_id if context else ""
    SESSIONS.add(session)
    return session


# Coming in -------------------------------------------------------------------------------------------------------


def admitted() -> bool:
    """Whether this session may see the app. Where it may not yet, a page is drawn that asks, and nothing else."""
    remember_session()
    return _logged_in() and _knows_password()


def _logged_in() -> bool:
    """Whether the person is known to the provider of st.secrets; so is everybody where there is none."""
    try:
        providers = _providers()
    except LookupError as error:
        _say_shut(str(error))
        return False
    if not providers:
        return True
    if not st.user.is_logged_in:
        st.title("β-VAE latent explorer")
        st.markdown("This app is shown to those who log in.")
        with st.container(horizontal=True):
            for provider in providers:
                label = "Log in" if provider is None else f"Log in with {provider}"
                st.button(label, on_click=_log_in, args=(provider,))
        if problem := st.session_state.pop("login_problem", None):
            _say_shut(problem)
        return False
    if may_enter(dict(st.user), os.environ.get("BVAE_USERS", "")):
        st.sidebar.button("Log out", on_click=st.logout)
        return True
    st.title("β-VAE latent explorer")
    st.error("Your account is not among those that this app is shown to. Whoever runs it can add it to BVAE_USERS.")
    st.button("Log out", on_click=st.logout)
    return False


def _providers() -> list[str | None]:
    """Those with whom one can log in, as `st.login` calls them; none where the app asks for no login.

    Raises:
        LookupError: when a login is meant and cannot be asked for: a slip of the pen must not open the door.
    """
    if not st.secrets.load_if_toml_exists():  # which says in the terminal what it could not read
        if there := [path for path in st.get_option("secrets.files") if Path(path).exists()]:
            raise LookupError(f"{there[0]} cannot be read.")
        auth = None
    else:
        auth = st.secrets.get("auth")
    if auth is None:
        if os.environ.get("BVAE_USERS"):
            raise LookupError("BVAE_USERS says who may log in, and no secrets.toml has an [auth] section.")
        return []
    if not isinstance(auth, Mapping):
        raise LookupError("auth in secrets.toml is no section.")
    named = [name for name, value in auth.items() if isinstance(value, Mapping) and "client_id" in value]
    return [None, *named] if "client_id" in auth or not named else [*named]


def _log_in(provider: str | None) -> None:
    try:
        st.login(provider)
    except StreamlitAuthError as error:  # no Authlib, or settings that are missing
        st.session_state["login_problem"] = str(error)


def _say_shut(reason: str) -> None:
    """Say that nobody can log in. The reason is for whoever runs the app, and goes to the terminal."""
    logging.getLogger(__name__).error("Nobody can log in. %s", reason)
    st.error("Nobody can log in at the moment. Whoever runs this app finds the reason in its terminal.")


def may_enter(user: dict[str, object], listed: str) -> bool:
    """Whether an account is one of those listed by address or, with @ first, by domain; anybody's where none is."""
    wanted = {item.strip().lower() for item in listed.split(",") if item.strip()}
    address = str(user.get("email") or "").lower()
    known = bool({address, f"@{address.rpartition('@')[2]}"} & wanted) and "@" in address
    return not wanted or (known and user.get("email_verified") is not False)


def _knows_password() -> bool:
    password = os.environ.get("BVAE_PASSWORD", "")
    if not password or st.session_state.get("admitted") == _digest(password):
        return True
    st.title("β-VAE latent explorer")
    with st.form("password_form", width=420):
        given = st.text_input("Password", type="password", key="password")
        asked = st.form_submit_button("Enter")
    if asked:
        if problem := check_password(given, password, str(st.context.ip_address or ""), time.monotonic()):
            st.error(problem)
        else:
            st.session_state["admitted"] = _digest(password)
            st.rerun()
    return False


def check_password(given: str, password: str, address: str, now: float) -> str | None:
    """What is wrong with a password; None where it is the one. Takes as long wherever it differs.

    Args:
        address: whom the guess comes from; ten wrong ones in ten minutes are its last for a while.
        now: seconds.
    """
    with _lock:
        for other in [other for other, times in _wrong.items() if now - times[-1] > WRONG_SECONDS]:
            del _wrong[other]
        times = [at for at in _wrong.get(address, []) if now - at <= WRONG_SECONDS]
        if len(times) >= WRONG_MOST:
            wait = WRONG_SECONDS - (now - times[0])
            return f"Too many wrong passwords came from there. Try again in {max(1, round(wait / 60))} minutes."
        if hmac.compare_digest(_digest(given), _digest(password)):
            _wrong.pop(address, None)
            return None
        _wrong[address] = [*times, now]
    return "That is not the password."


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Changing --------------------------------------------------------------------------------------------------------


def why_read_only() -> str | None:
    """Why nothing can be changed from this session, as a sentence for the page; None where it can."""
    if os.environ.get("BVAE_READ_ONLY", "0") not in ("", "0"):
        return "This app is open for exploring only: runs are neither trained, brought in, renamed nor deleted here."
    # Once and for all: another site that shows the app in a frame could lead a person's clicks anywhere in it.
    if st.context.is_embedded or st.session_state.get("embedded"):
        st.session_state["embedded"] = True
        return "Within another page this app is for exploring only. Open it in a window of its own to change anything."
    return None


def check_may_change() -> None:
    """Refuse whatever changes runs, where this session may change nothing.

    Raises:
        RunError: with the reason.
    """
    if reason := why_read_only():
        raise RunError(reason)


def check_may_read() -> None:
    """Refuse a path on this machine where the app is shown to others than whoever runs it.

    Raises:
        RunError: which says so.
    """
    check_may_change()
    try:
        shared = bool(os.environ.get("BVAE_PASSWORD") or _providers())
    except LookupError:  # of providers, one is not told as it should be
        shared = True
    if shared:
        raise RunError(
            "On a shared server the path of own images is given by whoever runs it: python -m bvae train --dataset "
            "PATH."
        )


def check_may_queue(name: str, count: int = 1, datasets: Iterable[str] = ()) -> None:
    """Refuse one more run in the queue, or a sweep of `count` runs, where it has no room, or may not read its images.

    Raises:
        RunError: with the reason.
    """
    check_may_change()
    if any(map(is_path, datasets)):
        check_may_read()
    queue = Queue()
    check_disk(queue.folder)
    waiting = {entry.name: entry.count for entry in queue.entries() if entry.error is None}
    own = st.session_state.setdefault("queued", set())
    own &= set(waiting)
    if count > WAITING_EACH:
        raise RunError(
            f"These are {count:,} runs, and {WAITING_EACH} of yours can wait here. Give fewer values, or run the "
            "command in a terminal."
        )
    if (mine := sum(waiting[name] for name in own)) + count > WAITING_EACH:
        raise RunError(f"{mine} runs of yours wait already. Add further ones when some are trained.")
    if (all_of_them := sum(waiting.values())) + count > WAITING_ALL:
        raise RunError(f"{all_of_them} runs wait already, as many as the queue takes. Try again when some are trained.")
    own.add(name)


def check_may_bring(folder: Path) -> None:
    """Refuse one more run, or images, from elsewhere where there is no room for them.

    Raises:
        RunError: with the reason.
    """
    check_may_change()
    check_disk(folder)
    if st.session_state.get("brought", 0) >= BROUGHT_EACH:
        raise RunError(
            f"You have brought {spoken_size(BROUGHT_EACH)} of runs and images, as much as one session may bring. "
            "Delete those that nobody needs, and reload the page to go on."
        )


def check_disk(folder: Path, least: int = FREE_LEAST) -> None:
    """Refuse to fill the disk of a folder, which may not be there yet.

    Raises:
        RunError: when less than `least` bytes are free.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < least:
        raise RunError(
            f"Only {spoken_size(free)} are free on the disk of {folder}, and {spoken_size(least)} are to stay free. "
            "Delete runs that nobody needs, or name a folder on another disk by the environment variable BVAE_RUNS."
        )


# Uploads ---------------------------------------------------------------------------------------------------------


def offer_upload() -> str | None:
    """Let this session upload files. Returns why it cannot, as a sentence for the page, where there is no room."""
    session = remember_session()
    _offered.add(session)
    if _held() + sum(_coming.values()) >= UPLOADS_ALL:
        return "Others are bringing so much at the moment that there is no room for more. Reload the page in a minute."
    return None


def begin_upload(session: str, size: int | None) -> str | None:
    """Why a file that a browser begins to send is not taken, as a sentence; None where it is, see `end_upload`."""
    if session not in _offered:
        return "This page takes no files."
    if size is None:
        return "A file of unknown size is not taken."
    with _lock:
        if _held(session) + _coming[session] + size > UPLOADS_EACH:
            return f"One session can hold {spoken_size(UPLOADS_EACH)} of files. Remove one that you brought before."
        if _held() + sum(_coming.values()) + size > UPLOADS_ALL:
            return "Others are bringing so much at the moment that there is no room for more. Try again in a minute."
        _coming[session] += size
    return None


def end_upload(session: str, size: int) -> None:
    """A file has come in whole, or has not."""
    with _lock:
        _coming[session] -= size
        if not _coming[session]:
            del _coming[session]


def _uploads() -> MemoryUploadedFileManager:
    return cast(MemoryUploadedFileManager, get_instance().uploaded_file_mgr)  # the one that Streamlit has


def drop_upload(file_id: str) -> None:
    """Free an upload that was taken in. Streamlit would hold it until the session ends."""
    _uploads().remove_file(remember_session(), file_id)


def forget(session: str) -> None:
    """A session is over."""
    SESSIONS.discard(session)
    _offered.discard(session)


def _held(session: str | None = None) -> int:
    """Bytes of uploads in memory, of a session or of all."""
    storage = _uploads().file_storage
    found = list(storage.values()) if session is None else [storage.get(session, {})]
    return sum(len(file.data) for files in found for file in list(files.values()))
