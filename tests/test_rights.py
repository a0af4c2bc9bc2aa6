"""What a session may do: come in, change something, hold something. Doors without buttons are tried as well."""

from __future__ import annotations

import http.client
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from bvae.config import Config
from bvae.processes import command
from bvae.queue import Queue
from bvae.runs import Run, RunError
from pages.parts import rights
from tests.browsing import WAIT
from tests.conftest import ROOT, serve

CHANGING = ("Train", "Resume", "Delete", "Stop", "Add to", "Start", "Continue the queue", "Make a run", "Work out")


@pytest.fixture
def runs(trained_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one run in it that may be changed, beside the bundled ones."""
    folder = tmp_path / "runs"
    shutil.copytree(trained_run.path, folder / "one")
    monkeypatch.setenv("BVAE_RUNS", str(folder))
    return folder


def open_page(name: str, app: AppTest | None = None) -> AppTest:
    """The page, with what was done to it as it was last: where no browser says so, a rerun begins at Home."""
    app = app or AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
    app.session_state["asked_page"] = name
    app.query_params["run"] = "one"
    app.run()
    assert not app.exception
    return app


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# Read-only -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["train", "load", "clusters"])
def test_an_app_for_exploring_has_no_button_that_changes_anything(
    runs: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (runs / "one" / "layout.json").unlink()
    (runs / "one" / "status.json").write_text('{"state": "stopped", "epoch": 3}')
    Queue(runs).changing().__enter__()
    Queue(runs)._append("waits", Config(epochs=1).to_dict(), None)

    def buttons() -> list[str]:
        app = open_page(name)
        return [button.label for button in app.button if button.label.startswith(CHANGING)] + [
            uploader.label for uploader in app.get("file_uploader")
        ]

    assert buttons(), "what there is without it"
    monkeypatch.setenv("BVAE_READ_ONLY", "1")
    assert not buttons()


@pytest.mark.parametrize("button", ["Start training", "Delete for good", "Resume", "Work out the film"])
def test_a_click_that_arrives_all_the_same_changes_nothing(
    runs: Path, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    if button == "Work out the film":
        for name in ("layout.json", "layout.safetensors"):
            (runs / "one" / name).unlink()
    if button == "Resume":
        (runs / "one" / "status.json").write_text('{"state": "stopped", "epoch": 3}')
    name = "clusters" if "film" in button else "train"
    app = open_page(name)
    before = snapshot(runs)
    monkeypatch.setenv("BVAE_READ_ONLY", "1")
    next(found for found in app.button if found.label == button).click()
    open_page(name, app)
    assert snapshot(runs) == before
    said = [element.value for element in (*app.error, *app.info, *app.markdown)]
    assert any("open for exploring only" in text for text in said)


# Coming in -------------------------------------------------------------------------------------------------------


@pytest.mark.new_tab
def test_nothing_of_a_run_reaches_a_browser_before_the_password(page: Page, trained_run: Run, tmp_path: Path) -> None:
    received: list[bytes] = []
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived", lambda frame: received.append(bytes(frame, "utf8") if isinstance(frame, str) else frame)
        ),
    )
    with serve(trained_run.path.parent, tmp_path / "log", BVAE_PASSWORD="three words, please") as address:
        for name in ("traverse", "train", "load"):
            page.goto(f"{address}/{name}?run=mnist-beta4")
            field = page.get_by_label("Password", exact=True)
            expect(field).to_have_attribute("type", "password")
        field.fill("three words")
        field.press("Enter")
        expect(page.get_by_text("That is not the password.")).to_be_visible()
        page.wait_for_timeout(500)
        assert sum(map(len, received)) < 60_000
        told = b"".join(received)
        assert not [
            name
            for name in (b"mnist", b"safetensors", b"nats", b"ELBO")
            if name in told.replace(b"run=mnist-beta4", b"")
        ]
        expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)

        field.fill("three words, please")
        page.get_by_role("button", name="Enter").click()
        expect(page.get_by_role("heading", name="Load a run", exact=True)).to_be_visible()
        page.get_by_role("link", name="Traverse", exact=True).click()
        expect(page.locator(".traverse.live:not([aria-busy])")).to_be_visible()
        other = page.context.new_page()
        other.goto(f"{address}/traverse")
        expect(other.get_by_label("Password", exact=True)).to_be_visible()


def test_ten_wrong_passwords_are_the_last_of_an_address_for_ten_minutes() -> None:
    ask = lambda given, address, now: rights.check_password(given, "right", address, now)  # noqa: E731
    for second in range(10):
        assert ask(f"wrong {second}", "10.0.0.1", second) == "That is not the password."
    assert "Too many" in str(ask("right", "10.0.0.1", 10)), "else guesses would go on"
    assert ask("right", "10.0.0.2", 10) is None
    assert "10 minutes" in str(ask("right", "10.0.0.1", 20))
    assert ask("right", "10.0.0.1", 601) is None
    assert ask("wrong", "10.0.0.1", 602) == "That is not the password."
    assert ask("rïght", "10.0.0.1", 603) == "That is not the password."


@pytest.mark.parametrize(
    ("user", "listed", "may"),
    [
        ({"email": "ada@school.edu"}, "", True),
        ({}, "", True),
        ({"email": "Ada@School.edu"}, "bob@x.org, ada@school.EDU", True),
        ({"email": "ada@school.edu"}, "@school.edu", True),
        ({"email": "ada@school.edu", "email_verified": True}, "@school.edu", True),
        ({"email": "ada@school.edu", "email_verified": False}, "@school.edu", False),
        ({"email": "ada@notschool.edu"}, "@school.edu", False),
        ({"email": "ada@school.edu.evil.test"}, "@school.edu", False),
        ({"email": "@school.edu"}, "school.edu", False),
        ({"email": None}, "@school.edu", False),
        ({}, "@", False),
        ({"name": "ada@school.edu"}, "ada@school.edu", False),
    ],
)
def test_accounts_are_let_in_by_address_or_domain(user: dict[str, Any], listed: str, may: bool) -> None:
    assert rights.may_enter(user, listed) is may


def test_a_login_is_asked_for_where_its_secrets_are(page: Page, trained_run: Run, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        '[auth]\nredirect_uri = "http://localhost/oauth2callback"\ncookie_secret = "only for this test"\n'
        'client_id = "a"\nclient_secret = "b"\nserver_metadata_url = "http://localhost:1/none"\n'
    )
    options = [f"--secrets.files={secrets}"]
    with serve(trained_run.path.parent, tmp_path / "log", options=options) as address:
        page.goto(f"{address}/traverse")
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        expect(page.locator(".live")).to_have_count(0)
        expect(page.locator("body")).not_to_contain_text("mnist")


def test_nobody_comes_in_where_a_login_is_meant_and_cannot_be_asked_for(
    page: Page, trained_run: Run, tmp_path: Path
) -> None:
    secrets, log = tmp_path / "secrets.toml", tmp_path / "log"
    options = [f"--secrets.files={secrets}"]
    with serve(trained_run.path.parent, log, options=options, BVAE_USERS="@school.edu") as address:
        for content, reason in ((None, "no secrets.toml has an [auth] section"), ("[auth\n", "cannot be read")):
            if content:
                secrets.write_text(content)
            page.goto(f"{address}/traverse")
            expect(page.get_by_test_id("stAlert")).to_contain_text("Nobody can log in at the moment.")
            expect(page.locator("body")).not_to_contain_text("mnist")
            expect(page.get_by_role("button", name="Log in")).to_have_count(0)
            assert reason in log.read_text()
        secrets.write_text('[auth]\nredirect_uri = "http://localhost/oauth2callback"\n[auth.lab]\nclient_id = "a"\n')
        page.goto(f"{address}/traverse")
        page.get_by_role("button", name="Log in with lab").click()
        expect(page.get_by_test_id("stAlert")).to_contain_text("Nobody can log in at the moment.")
        expect(page.get_by_role("button", name="Log in with lab")).to_be_visible()
        assert "Nobody can log in. Authentication" in log.read_text()


# Holding something -----------------------------------------------------------------------------------------------


def test_a_queue_takes_so_many_of_one_session_and_so_many_of_all(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(runs)
    with queue.changing():
        for number in range(rights.WAITING_ALL - 1):
            queue._append(f"other-{number}", Config(epochs=1).to_dict(), None)
    monkeypatch.setattr(rights.st, "session_state", {})
    rights.check_may_queue("mine")
    with queue.changing():
        queue._append("mine", Config(epochs=1).to_dict(), None)
    with pytest.raises(RunError, match="60 runs wait already"):
        rights.check_may_queue("another")
    rights.st.session_state["queued"] = {f"other-{number}" for number in range(rights.WAITING_EACH)}
    with pytest.raises(RunError, match="20 runs of yours wait already"):
        rights.check_may_queue("another")


def test_a_path_on_a_shared_server_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rights.check_may_read()
    monkeypatch.setenv("BVAE_PASSWORD", "secret")
    with pytest.raises(RunError, match="On a shared server the path of own images is given by whoever runs it"):
        rights.check_may_read()
    with pytest.raises(RunError, match="On a shared server"):
        rights.check_may_queue("mine", datasets=["mnist", "/images"])


def test_a_disk_is_not_filled(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    rights.check_disk(tmp_path / "not" / "there", least=1)
    with pytest.raises(RunError, match=r"are free on the disk of .*BVAE_RUNS"):
        rights.check_disk(tmp_path / "not" / "there", least=2 * free)


def resident(address: str) -> int:
    """Bytes of memory of the server at an address."""
    port = address.rpartition(":")[2]
    for folder in Path("/proc").glob("[0-9]*"):
        if f"--server.port={port}" in command(int(folder.name)):
            return int(re.search(r"VmRSS:\s+(\d+)", (folder / "status").read_text())[1]) * 1024
    raise AssertionError("no server")


def put(address: str, session: str, megabytes: int) -> str:
    """What is answered to an upload that is refused."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=WAIT / 1000)
    connection.request("PUT", f"/_stcore/upload_file/{session}/1", body=bytes(megabytes * 2**20))
    answer = connection.getresponse()
    assert answer.status == 413
    return answer.read().decode()


UPLOAD = """async ([session, megabytes]) => {
  const form = new FormData();
  form.append("file", new Blob([new Uint8Array(megabytes * 2 ** 20)]), "zeros.zip");
  const xsrf = document.cookie.match(/_streamlit_xsrf=([^;]*)/)?.[1] ?? "";
  const path = `/_stcore/upload_file/${session}/${crypto.randomUUID()}`;
  const answer = await fetch(path, { method: "PUT", body: form, headers: { "X-Xsrftoken": xsrf } });
  return [answer.status, await answer.text()];
}"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_uploads_are_bounded_and_freed_when_their_page_is_closed(
    browser: Browser, trained_run: Run, tmp_path: Path
) -> None:
    options = ["--server.disconnectedSessionTTL=4"]
    with serve(trained_run.path.parent, tmp_path / "log", options=options) as address:
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(WAIT)
        uploads: list[str] = []
        page.on("request", lambda request: uploads.append(request.url) if "upload_file" in request.url else None)
        page.goto(f"{address}/traverse")
        expect(page.locator(".live:not([aria-busy])")).to_be_visible()
        assert put(address, "someone", 1) == "This page takes no files."
        page.goto(f"{address}/load")
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        door = page.get_by_test_id("stFileUploader").first.locator("input[type=file]")
        door.set_input_files({"name": "none.zip", "mimeType": "application/zip", "buffer": b"PK\\x05\\x06"})
        expect(page.get_by_test_id("stAlert")).to_be_visible()
        session = re.search(r"upload_file/([^/]+)/", uploads[-1])[1]
        before = resident(address)
        assert page.evaluate(UPLOAD, [session, 300])[0] == 204
        assert put(address, session, 202).startswith("One session can hold 525 MB of files.")
        held = resident(address)
        assert held - before > 250 * 2**20
        large = tmp_path / "large.zip"
        with large.open("wb") as file:
            file.truncate(202 * 2**20)
        refused = page.get_by_text("The server has no room for this file")
        expect(refused).to_have_count(0)
        door.set_input_files(large)
        expect(refused).to_be_visible()
        page.get_by_role("button", name="Remove large.zip").click()
        expect(refused).to_have_count(0)
        context.close()
        end = time.monotonic() + WAIT / 1000
        while resident(address) - before > 100 * 2**20:
            assert time.monotonic() < end, "what the session held stayed in memory"
            time.sleep(0.2)


def test_within_another_page_the_app_is_for_exploring_only(page: Page, app: str) -> None:
    page.goto(f"{app}/load?embed=true")
    expect(page.get_by_test_id("stAlert")).to_contain_text("Within another page this app is for exploring only.")
    expect(page.get_by_test_id("stFileUploader")).to_have_count(0)
