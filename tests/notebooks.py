"""A real JupyterLab for a test and for a picture, with settings and folders of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.browsing import until
from tests.conftest import ROOT

INSTALLED = all(importlib.util.find_spec(name) for name in ("anywidget", "ipykernel", "jupyterlab"))
NAME = "explore.ipynb"
SETTINGS = "settings/@jupyterlab/apputils-extension"
START_SECONDS = 300


@contextlib.contextmanager
def jupyter(folder: Path, cells: Sequence[str], dark: bool = False) -> Iterator[str]:
    """Serve JupyterLab on a notebook of these cells; gives the address under which it opens.

    Args:
        folder: for the notebook and all that Jupyter writes; it need not be there.
    """
    work = folder / "work"
    work.mkdir(parents=True)
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
           "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings"}  # fmt: skip
    settings = folder / SETTINGS
    settings.mkdir(parents=True)
    theme = {"theme": f"JupyterLab {'Dark' if dark else 'Light'}"}
    (settings / "themes.jupyterlab-settings").write_text(json.dumps(theme))
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')  # of which it would ask
    written = [
        {
            "id": f"cell-{n}",
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": source,
        }
        for n, source in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": written}
    (work / NAME).write_text(json.dumps(notebook))
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
               "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={work}",
               "--LabApp.news_url=", "--LabApp.extension_manager=readonly"]  # fmt: skip
    environment = os.environ | {name: str(folder / place) for name, place in own.items()} | {"PYTHONPATH": str(ROOT)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://localhost:{port}"
    try:
        for _ in range(10 * START_SECONDS):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api", timeout=5):
                break
            if process.poll() is not None:
                raise RuntimeError(f"JupyterLab did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.1)
        yield f"{address}/lab/tree/{NAME}"
    finally:
        process.terminate()
        process.wait()


def run_cell(page: Page, number: int) -> Locator:
    """Run a cell of the notebook that is open, and give its output."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    prompt = cell.locator(".jp-InputPrompt").first
    question = page.locator(".jp-Dialog .jp-mod-accept")

    def done() -> bool:
        if question.is_visible():
            question.click()  # on a slow machine JupyterLab asks, for a kernel say, and lies over the cell meanwhile
        if prompt.inner_text().strip() == "[ ]:":
            # While the notebook still asks for its kernel, a key is lost, or what it began is given up.
            cell.locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
            page.wait_for_timeout(1_000)
        return re.fullmatch(r"\[[0-9]+\]:", prompt.inner_text().strip()) is not None

    until(page, done, lambda: f"cell {number} was not run: {prompt.inner_text()}")
    return cell.locator(".jp-OutputArea-output")
