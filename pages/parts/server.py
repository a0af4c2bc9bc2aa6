"""The server around the pages: whom it answers, what it lets a browser do, and what is said when a page fails.

`streamlit run app.py` serves this too, since app.py holds an `st.App`. Streamlit's own checks come after these, and
would come too late: a foreign origin has it ask a public service for this computer's address.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import gc
import hashlib
import importlib
import inspect
import re
import threading
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from streamlit.runtime import get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.parts.rights import SESSIONS, begin_upload, end_upload, forget

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+")
EVERYWHERE = ("BidiComponent.", "Selectbox.")  # Streamlit's modules that show components and the run picker
HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


class Door:
    """Answers its own names and its own pages only, and tells the browser to fetch nothing from anywhere else.

    A page of another site that a person visits can have its name lead to this computer (DNS rebinding), open a
    websocket to it, or show it in a frame. `server.allowedHosts` names the hosts that are answered.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if refusal := refuse(headers):
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send)
            return
        if scope["type"] == "websocket":
            try:
                await self.app(scope, receive, send)
            finally:
                task = asyncio.create_task(forget_sessions())
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            return
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        added = security_headers(headers["host"], embedded=asked.get("embed") == ["true"])

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.update(added)
                if answer.get("content-type", "").startswith("text/html"):
                    answer["Link"] = preloads()
            await send(message)

        upload = UPLOAD.search(scope["path"]) if scope["method"] == "PUT" else None
        if upload is None:
            await self.app(scope, receive, send_with)
            return
        length = headers.get("content-length", "")
        size = int(length) if length.isdecimal() and len(length) < 16 else None
        if refusal := begin_upload(upload[1], size):
            # Read all the same, and let go: a browser that is still sending sees no answer.
            coming, most = True, st.get_option("server.maxUploadSize") * 2**20
            while coming and most > 0:
                message = await receive()
                coming = message.get("more_body", False)
                most -= len(message.get("body", b""))
            await PlainTextResponse(refusal, status_code=413)(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send_with)
        finally:
            end_upload(upload[1], size or 0)


def refuse(headers: Headers) -> str | None:
    """Why a request is not answered; None where it is."""
    host = headers.get("host", "")
    name = host_name(host)
    if name is None or not any(fits(name, pattern) for pattern in st.get_option("server.allowedHosts")):
        return (
            f"This app does not answer to the name {name or 'that was asked for'}. Whoever runs it can add the name: "
            "see server.allowedHosts in .streamlit/config.toml.\n"
        )
    origin = headers.get("origin")
    allowed = {item.strip().rstrip("/") for item in st.get_option("server.corsAllowedOrigins")}
    if origin is not None and urlsplit(origin).netloc != host and origin not in allowed:
        return "This app answers its own pages only, and not those of another site.\n"
    return None


def host_name(host: str) -> str | None:
    """The name in a Host header, None where it is not one."""
    return (urlsplit(f"//{host}").hostname or "").rstrip(".") if HOST.fullmatch(host) else None


def fits(name: str, pattern: str) -> bool:
    """Whether a host is one of those that a pattern stands for: itself, `*.` with its subdomains, or `*`."""
    pattern = pattern.strip().lower().rstrip(".")
    return pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def security_headers(host: str, embedded: bool) -> dict[str, str]:
    """What every answer tells the browser. Only a page that asks to be embedded can stand in another site's frame, and
    it can change nothing there: see rights.py."""
    policy = {
        "default-src": "'self'",
        # Components arrive as text over the websocket and are imported from a blob.
        "script-src": f"'self' blob: {inline_scripts()}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' blob: data:",
        "font-src": "'self' data:",
        "media-src": "'self' blob:",
        "worker-src": "'self' blob:",
        "connect-src": f"'self' ws://{host} wss://{host} blob: data:",  # 'self' is no websocket in some browsers
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
    }
    headers = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
    if not embedded:
        policy["frame-ancestors"] = "'self'"
        headers["X-Frame-Options"] = "SAMEORIGIN"
    return headers | {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}


STATIC = Path(st.__file__).parent / "static"  # Streamlit's own page


@functools.cache
def inline_scripts() -> str:
    """The hashes of the scripts that stand in Streamlit's own page, as a policy allows them."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return " ".join(f"'sha256-{found}'" for found in hashes)


@functools.cache
def preloads() -> str:
    """Has the browser fetch what shows the parts of every page beside Streamlit's own page, and not once the first of
    them has come: the first slider is there sooner, and what stands below a part is not seen above it for a moment."""
    modules = STATIC / "static" / "js"
    there = set(re.findall(r"static/js/([\w.-]+\.js)", (STATIC / "index.html").read_text(encoding="utf-8")))
    found: list[str] = []
    wanted = [path.name for path in modules.glob("*.js") if path.name.startswith(EVERYWHERE)]
    while wanted:
        found.append(name := wanted.pop())
        source = (modules / name).read_text(encoding="utf-8")
        wanted += set(re.findall(r'from\s*"\./([\w.-]+\.js)"', source)) - there - {*found, *wanted}
    base = st.get_option("server.baseUrlPath").strip("/")
    return ", ".join(f"<{'/' * bool(base)}{base}/static/js/{name}>; rel=modulepreload" for name in found)


async def forget_sessions() -> None:
    """Free what closed sessions hold, such as uploads.

    Streamlit keeps them for a browser that comes back after its network was gone for a moment, and lets go of them when
    another one is closed after that, which can be tomorrow.
    """
    runtime = get_instance()
    closed = {session for session in SESSIONS if not runtime.is_active_session(session)}
    await asyncio.sleep(st.get_option("server.disconnectedSessionTTL") / 2)
    closed = {session for session in closed & SESSIONS if not runtime.is_active_session(session)}
    for session in closed:
        runtime.close_session(session)
        runtime.uploaded_file_mgr.remove_session_files(session)  # which that leaves, where it comes too late
        forget(session)
    if closed:
        gc.collect()  # a session and what it holds refer to each other


def answer_what_cannot_be_read() -> None:
    """Have uvicorn answer a request that it cannot parse with a page. An address of more than 65,535 characters is one,
    since that is as far as its parser counts: nothing behind it, as the `Door`, hears of it."""
    style = (
        "font: 1.1rem/1.5 sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark"
    )
    base = st.get_option("server.baseUrlPath").strip("/")
    page = (
        f'<!doctype html><html lang="en" style="{style}"><meta charset="utf-8"><title>Not an address</title>'
        "<h1>This address cannot be read</h1><p>It has more than 65,535 characters, or was altered on its way here. An "
        f'address that the app writes has 2,000 at most. Nothing is lost.</p><p><a href="/{base}">Open the app</a></p>'
    ).encode()
    head = (
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
        f"Content-Length: {len(page)}\r\nConnection: close\r\n\r\n"
    ).encode()

    def answer(protocol: Any, _: str) -> None:
        protocol.transport.write(head + page)
        protocol.transport.close()

    for name in ("httptools_impl.HttpToolsProtocol", "h11_impl.H11Protocol"):
        module, _, kind = name.partition(".")
        with contextlib.suppress(ImportError):
            protocol = getattr(importlib.import_module(f"uvicorn.protocols.http.{module}"), kind)
            protocol.send_400_response = answer


@contextlib.asynccontextmanager
async def begin(_: st.App) -> AsyncIterator[None]:
    """As the server starts, have ready what the first page waits for, and show the app to the person who started it, as
    Streamlit does where it is given pages alone."""
    answer_what_cannot_be_read()
    threading.Thread(target=prepare, name="prepare", daemon=True).start()
    if not st.get_option("server.headless"):
        scheme = "https" if st.get_option("server.sslCertFile") else "http"
        path = st.get_option("server.baseUrlPath").strip("/")
        webbrowser.open(f"{scheme}://{st.get_option('browser.serverAddress')}:{st.get_option('server.port')}/{path}")
    yield


def prepare() -> None:
    """Do what the first page would wait for, while its browser loads Streamlit: import what all pages need, and read
    the run that is shown where an address asks for none."""
    from pages.parts import lesson  # noqa: F401  # and with it what app.py imports for a session
    from pages.parts.live import read_ahead
    from pages.parts.selection import runs_by_name

    inspect.stack()  # Streamlit looks at it with its first element, and Python then for the file of every module
    for name, run in [*runs_by_name().items()][:1]:
        read_ahead(run, name)


def say_fault(_: Exception) -> bool:
    """Say on the page that something failed which nobody foresaw. Its trace is in the terminal already."""
    if context := get_script_run_ctx():
        # One that comes round would draw into a place that is no more, at which Streamlit's page goes blank.
        context.fragment_storage.clear()
    st.error(
        "Something failed here that this program did not foresee. Your runs are as they were, and what happened stands "
        "in the terminal in which the app was started. Try it again, or go on with another run or page."
    )
    with st.container(horizontal=True):
        st.button("Start afresh", key="fault_afresh", on_click=start_afresh)
        st.page_link("pages/load.py", label="Pick another run", icon=":material/folder_open:")
    return True


def start_afresh() -> None:
    """Forget what the session has chosen, which may be what failed."""
    for name in list(st.session_state):
        if name not in ("admitted", "embedded"):
            del st.session_state[name]
    st.query_params.clear()


MIDDLEWARE = [Middleware(Door)]
