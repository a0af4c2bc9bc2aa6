"""Whom the server answers, and what it lets a browser do: tried by a real browser, and over bare connections."""

from __future__ import annotations

import http.client
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from bvae.runs import Run
from tests.browsing import WAIT, hosts, requests
from tests.conftest import CHROMIUM_ARGUMENTS, copy_app, find_chromium, serve
from tests.test_every_page import PAGES, go

STREAM = "/_stcore/stream"
OPEN_SOCKET = """(address) => new Promise((resolve) => {
  const socket = new WebSocket(address, ["streamlit"]);
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
})"""


def ask(app: str, path: str, **headers: str) -> tuple[int, str]:
    """Status and text of a request with any Host and Origin; to the websocket's path, one that opens it."""
    connection = http.client.HTTPConnection(urlsplit(app).netloc, timeout=WAIT / 1000)
    if path == STREAM:
        headers |= {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        headers |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "streamlit"}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = "" if answer.status == 101 else answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.fixture(scope="module")
def rebound(browser: Browser) -> Iterator[Browser]:
    """A browser to which evil.test and lab.test are names of this computer."""
    rules = "MAP evil.test 127.0.0.1, MAP lab.test 127.0.0.1"
    arguments = [*CHROMIUM_ARGUMENTS, f"--host-resolver-rules={rules}"]
    opened = browser.browser_type.launch(executable_path=find_chromium(), args=arguments)
    yield opened
    opened.close()


class Site:
    """Another site on this computer, which serves one page, lets anybody read it, and remembers who asked."""

    def __init__(self, text: str = "") -> None:
        site = self
        self.asked: list[str] = []
        self.text = text

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(site.text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.mark.parametrize("path", ["/", STREAM, "/_stcore/health"])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost."])
def test_this_computer_is_answered_under_each_of_its_names(app: str, path: str, name: str) -> None:
    host = f"{name}:{urlsplit(app).port}"
    assert ask(app, path, Host=host)[0] == (101 if path == STREAM else 200)
    assert ask(app, path, Host=host, Origin=f"http://{host}")[0] == (101 if path == STREAM else 200)


@pytest.mark.new_tab
def test_what_shows_components_comes_beside_the_page_and_is_used(page: Page, app: str) -> None:
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text))
    with page.expect_response(f"{app}/") as answered:
        page.goto(app)
    modules = re.findall(r"</(static/js/[\w.-]+)>; rel=modulepreload", answered.value.headers["link"])
    assert any("/BidiComponent." in module for module in modules)
    page.locator(".live:not([aria-busy])").first.wait_for()
    fetched = page.evaluate("performance.getEntriesByType('resource').map((entry) => [entry.name, entry.startTime])")
    started = dict(reversed(fetched))  # of each the first time
    socket = min(start for name, start in fetched if name.endswith("/_stcore/health"))  # asked for before it opens
    assert all(started[f"{app}/{module}"] < socket for module in modules)
    assert not [text for text in warnings if "preload" in text], "each is used"


@pytest.mark.parametrize("path", ["/", STREAM, "/_stcore/health", "/_stcore/host-config"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.test"},
        {"Host": "evil.test:8501", "Origin": "http://evil.test:8501"},
        {"Host": "localhost.evil.test"},
        {"Host": "localhost@evil.test"},
        {"Host": "192.168.0.7"},
        {"Host": "localhost:99999999"},
        {"Host": ""},
        {"Host": "localhost; script-src *"},
        {"Origin": "http://evil.test"},
        {"Origin": "http://localhost:1"},  # another program of this computer
        {"Origin": "null"},
        {"Origin": ""},
    ],
    ids=str,
)
def test_other_names_and_other_sites_are_refused_with_a_sentence(app: str, path: str, headers: dict[str, str]) -> None:
    status, text = ask(app, path, **headers)
    assert status == 403
    assert text.startswith("This app does not answer to the name" if "Host" in headers else "This app answers its own")


def test_a_name_that_was_led_here_drives_nothing_and_one_that_was_added_everything(
    rebound: Browser, app: str, trained_run: Run, tmp_path: Path
) -> None:
    page = rebound.new_page()
    page.set_default_timeout(WAIT)
    port = urlsplit(app).port
    answer = page.goto(f"http://evil.test:{port}/train")
    assert answer is not None
    assert answer.status == 403
    expect(page.locator("body")).to_contain_text("This app does not answer to the name evil.test.")
    for host in ("evil.test", "localhost", "127.0.0.1"):
        assert page.evaluate(OPEN_SOCKET, f"ws://{host}:{port}{STREAM}") == "refused"

    options = ["--server.allowedHosts=localhost", "--server.allowedHosts=*.test"]
    with serve(trained_run.path.parent, tmp_path / "log", options=options) as address:
        page.goto(f"http://lab.test:{urlsplit(address).port}/traverse")
        expect(page.locator(".live:not([aria-busy])")).to_be_visible()
        assert ask(address, "/", Host="127.0.0.1")[0] == 403, "the list is what was given, and no more"
    page.close()


def test_another_site_shows_the_app_in_a_frame_only_where_it_asks_to_be_embedded(
    page: Page, app: str, site: Site
) -> None:
    site.text = (
        f'<iframe name="bare" src="{app}/train"></iframe><iframe name="embedded" src="{app}/?embed=true"></iframe>'
    )
    page.goto(site.address)
    expect(page.frame_locator("[name=embedded]").locator(".live").first).to_be_attached()
    bare = page.frame("bare")
    assert bare is not None
    assert bare.url.startswith("chrome-error:")
    assert bare.locator("[data-testid=stApp]").count() == 0


def test_a_page_can_fetch_nothing_from_anywhere_else(page: Page, app: str, site: Site) -> None:
    """What a run, or a fault in a library, could have the browser do: pictures, styles, scripts, frames, requests."""
    page.goto(f"{app}/draw")
    expect(page.locator(".live:not([aria-busy])")).to_be_visible()
    still_open = page.evaluate(
        """async ([address, kinds]) => {
          const blocked = new Set();
          document.addEventListener("securitypolicyviolation", (event) => blocked.add(event.effectiveDirective));
          const add = (tag, values) => document.body.append(Object.assign(document.createElement(tag), values));
          add("img", { src: `${address}/picture.png` });
          add("link", { rel: "stylesheet", href: `${address}/style.css` });
          add("script", { src: `${address}/script.js` });
          add("script", { textContent: "globalThis.ran = true" });
          add("iframe", { src: `${address}/frame` });
          add("video", { src: `${address}/film.mp4` });
          add("object", { data: `${address}/object` });
          const font = new FontFace("f", `url(${address}/font.woff2)`).load().catch(() => 0);
          const read = fetch(`${address}/read`).catch(() => 0);
          const sent = navigator.sendBeacon(`${address}/beacon`, "text");
          try { new WebSocket(address.replace("http", "ws")); } catch { /* refused at once */ }
          await Promise.all([font, read]);
          const open = () => kinds.filter((kind) => !blocked.has(kind));
          for (let turn = 0; open().length && turn < 600; turn++) await new Promise((done) => setTimeout(done, 50));
          return open();
        }""",
        [
            site.address,
            ["img-src", "style-src-elem", "script-src-elem", "frame-src", "media-src", "object-src", "connect-src"],
        ],
    )
    assert still_open == []
    assert page.evaluate("globalThis.ran") is None
    assert not site.asked


RECORD = """
import os, sys

def record(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        with open(os.environ["CONNECTIONS"], "a") as file:
            print(event, arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0], file=file)

sys.addaudithook(record)
record("socket.getaddrinfo", ["localhost: recorded from here on"])
"""


@pytest.mark.new_tab
def test_nothing_leaves_this_computer(page: Page, trained_run: Run, tmp_path: Path) -> None:
    """All pages, open to the network, with refusals between: no address but this computer's own is tried, neither by
    the browser nor by the server or a process that it starts."""
    (tmp_path / "sitecustomize.py").write_text(RECORD)
    tried = tmp_path / "connections"
    asked = requests(page)
    environment = {"PYTHONPATH": str(tmp_path), "CONNECTIONS": str(tried)}
    options = ["--server.address=0.0.0.0"]
    with serve(trained_run.path.parent, tmp_path / "log", options=options, **environment) as address:
        page.goto(f"{address}/load?run=none&z=1")
        zip_door = page.get_by_role("region", name="Zip file of a run")
        zip_door.locator("input[type=file]").set_input_files(
            {"name": "weights.pt", "mimeType": "", "buffer": b"\x80\x02 no zip"}
        )
        expect(page.get_by_role("alert").filter(has_text="is a pickle")).to_be_visible()
        for name in PAGES:
            go(page, name)
            assert ask(address, STREAM, Origin="http://evil.test")[0] == 403
            assert ask(address, "/_stcore/host-config", Origin="http://evil.test")[0] == 403
        page.goto(f"{address}/nowhere")
        expect(page.get_by_role("dialog")).to_be_visible()
    assert hosts(asked) == {urlsplit(address).netloc}
    told = [line.partition(" ")[2].strip("('") for line in tried.read_text().splitlines()]
    assert told
    assert not [where for where in told if not where.startswith(("localhost", "127.0.0.1", "::1", "0.0.0.0", "None"))]


def test_an_address_that_is_too_long_is_answered_with_a_way_to_the_app(page: Page, app: str) -> None:
    assert ask(app, f"/compare?beside={'a,' * 30_000}")[0] == 200
    page.goto(f"{app}/compare?beside={'<b>,' * 25_000}")
    expect(page.get_by_role("heading", name="This address cannot be read")).to_be_visible()
    page.get_by_role("link", name="Open the app").click()
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()


def test_a_fault_that_nobody_foresaw_is_one_sentence_with_a_way_on(
    page: Page, trained_run: Run, tmp_path: Path
) -> None:
    """In a page's script, in a part of it that comes round, and in what a button calls."""
    folder = tmp_path / "app"
    copy_app(folder)
    fault = 'raise LookupError("a secret of the server")'
    for name, before, after in (
        ("draw.py", "    st.error(str(error))\n", f"    st.error(str(error))\n{fault}\n"),
        ("clusters.py", "st.fragment(watch", f"st.fragment(lambda *_: exec({fault!r})"),
        ("lessons.py", "on_click=adopt, args=(EMPTY,)", f"on_click=exec, args=({fault!r},)"),
    ):
        path = folder / "pages" / name
        program = path.read_text()
        assert before in program
        path.write_text(program.replace(before, after))

    with serve(trained_run.path.parent, tmp_path / "log", folder=folder) as address:
        page.goto(f"{address}/load")
        for where in ("Draw", "Clusters", "Lessons"):
            page.get_by_test_id("stSidebarNav").get_by_role("link", name=where, exact=True).click()
            if where == "Lessons":
                page.get_by_role("button", name="New lesson").click()
            box = page.get_by_test_id("stAlert")
            expect(box).to_contain_text("Something failed here that this program did not foresee.")
            expect(box).to_have_count(1)
            for told in ("LookupError", "a secret", "Traceback", "Google", "ChatGPT", "Copy"):
                expect(page.locator("body")).not_to_contain_text(told)
            page.get_by_role("link", name="Pick another run").click()
            expect(page.get_by_role("heading", name="Load a run")).to_be_visible()
            expect(box).to_have_count(0)
    assert (tmp_path / "log").read_text().count("LookupError: a secret of the server") >= 3
