"""A real Streamlit server and a real Chromium for the tests of the app."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, ViewportSize, expect, sync_playwright
from streamlit.components.v2 import manifest_scanner
from streamlit.components.v2.manifest_scanner import scan_component_manifests

from bvae.runs import Run, find_run
from tests.bench import Bench
from tests.browsing import WAIT

ROOT = Path(__file__).resolve().parents[1]
expect.set_options(timeout=WAIT)
SIZE: ViewportSize = {"width": 1400, "height": 1000}
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def find_chromium() -> str | None:
    """The Chromium named by $CHROMIUM or found on the path; None leaves it to Playwright's own.

    The one without windows comes first: it opens a page with a third of the work.
    """
    names = [
        os.environ.get("CHROMIUM"),
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "chrome",
    ]
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(autouse=True, scope="session")
def components_known() -> Iterator[None]:
    """Streamlit looks through all packages for components at each AppTest; none comes or goes while tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(scan_component_manifests))
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        except Error as error:
            reason = f"no Chromium: set CHROMIUM to its path, or `playwright install chromium` ({error.message[:80]})"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def trained_run() -> Run:
    """The bundled run: really trained, with dimensions that carry much and dimensions that carry nothing."""
    return find_run("mnist-beta4")


@pytest.fixture(scope="session")
def app(trained_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, with the bundled run and nothing that a person trained here."""
    with serve(trained_run.path.parent, tmp_path_factory.mktemp("log") / "streamlit.log") as address:
        yield address


def copy_app(target: Path) -> None:
    """The app alone in a folder: its program, without runs, images and tests."""
    others = [f"{ROOT}/assets/{name}" for name in ("runs", "mnist", "screenshots")]

    def without(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in ("__pycache__", "tests") or f"{folder}/{name}" in others}

    for name in ("pages", "bvae", ".streamlit", "assets"):
        shutil.copytree(ROOT / name, target / name, ignore=without)
    shutil.copy(ROOT / "app.py", target)


class serve:
    """`streamlit run app.py` on a free port, looking for runs in a folder beside the bundled ones.

    Args:
        runs: the folder; None leaves it to the app where runs are.
        folder: where it is started.
        app: app.py, whose folder has the settings.
        options: of Streamlit, such as `--server.maxUploadSize=1`.
        environment: variables beside this process's own.
    """

    def __init__(
        self,
        runs: Path | None,
        log: Path,
        folder: Path = ROOT,
        options: Iterable[str] = (),
        app: Path = Path("app.py"),
        **environment: str,
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("localhost", 0))
            port = probe.getsockname()[1]
        self.address = f"http://localhost:{port}"
        self.log = log
        options = ["--server.headless=true", f"--server.port={port}", *options]
        command = [sys.executable, "-m", "streamlit", "run", str(app), *options]
        outer = {name: value for name, value in os.environ.items() if name != "BVAE_RUNS"}
        environment = outer | ({} if runs is None else {"BVAE_RUNS": str(runs)}) | environment
        with log.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> str:
        for _ in range(1_200):
            try:
                with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=5):
                    return self.address
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"The app did not start:\n{self.log.read_text()}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=WAIT / 1000)


class Tab:
    """A tab that is lent to one test after another: a page opens in it with a third less work than in a new one.

    Who borrows it finds it blank and as wide as usual, without cookies, permissions and what pages have stored.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.opened = contextlib.ExitStack()
        self.page: Page | None = None
        self.errors: list[str] = []

    @contextlib.contextmanager
    def lent(self) -> Iterator[Page]:
        """The tab's page; an error that its scripts leave uncaught fails the test."""
        if self.page is None:
            self.page = self.opened.enter_context(watched(self.browser, viewport=SIZE, errors=self.errors))
        yield self.page
        try:
            if self.page:
                self._clear(self.page)
        except Error:  # closed, or no longer to be spoken with
            self.give_up()
        told, self.errors[:] = list(self.errors), []
        assert not told, told

    def _clear(self, page: Page) -> None:
        context = page.context
        for other in context.pages:
            if other is not page:
                other.close()
        with contextlib.suppress(Error):  # where nothing can be stored
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto("about:blank")
        page.unroute_all()
        context.clear_cookies()
        context.clear_permissions()
        page.mouse.move(-1, -1)
        page.emulate_media(media="null", color_scheme="light", reduced_motion="no-preference", forced_colors="none")
        if page.viewport_size != SIZE:
            page.set_viewport_size(SIZE)

    def give_up(self) -> None:
        """Close it: the next one who borrows it has a new one."""
        self.page = None
        self.opened.close()


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Tab]:
    tab = Tab(browser)
    yield tab
    tab.give_up()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remember that a test failed, for its fixtures."""
    item.stash[FAILED] = item.stash.get(FAILED, False) or call.excinfo is not None
    return (yield)


@pytest.fixture
def page(tab: Tab, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page as nobody has used it: in a tab that others have, or in one of its own with `@pytest.mark.new_tab`."""
    if request.node.get_closest_marker("new_tab"):
        with watched(tab.browser, viewport=SIZE) as page:
            yield page
        return
    with tab.lent() as page:
        yield page
        if request.node.stash.get(FAILED, False):
            tab.give_up()  # it may have left anything


@pytest.fixture
def bench(page: Page) -> Bench:
    """A blank page on which components are mounted without a server."""
    return Bench(page)


@pytest.fixture(scope="module")
def bench_page(browser: Browser) -> Iterator[Page]:
    """A blank page with the modules of assets/js under their own names, for all tests of a file that call functions."""
    with watched(browser) as page:
        yield Bench(page).page


@contextlib.contextmanager
def watched(browser: Browser, errors: list[str] | None = None, **options: Any) -> Iterator[Page]:
    """A page in a context of its own; an error that its scripts leave uncaught is added to `errors`, or fails here."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    found: list[str] = [] if errors is None else errors
    page.on("pageerror", lambda error: found.append(str(error)))
    yield page
    context.close()
    assert errors is not None or not found, found
