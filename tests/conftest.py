"""A real Streamlit server and a real Chromium for the tests of the app."""

from __future__ import annotations

import contextlib
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
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from bvae.runs import Run, find_run
from tests.bench import Bench
from tests.browsing import WAIT

ROOT = Path(__file__).resolve().parents[1]
expect.set_options(timeout=WAIT)
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


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh session; an error that its scripts leave uncaught fails the test."""
    with watched(browser, viewport={"width": 1400, "height": 1000}) as page:
        yield page


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Page]:
    """A page for tests of a file that only go somewhere and look: the browser reads the app's scripts once for all."""
    with watched(browser, viewport={"width": 1400, "height": 1000}) as page:
        yield page


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
def watched(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page in a context of its own; an error that its scripts leave uncaught fails the test."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, errors
