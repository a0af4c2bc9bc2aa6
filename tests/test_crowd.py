"""Many sessions at once: what a page change waits for, and what is left of sessions that are gone."""

from __future__ import annotations

import asyncio
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bvae.runs import Run
from pages.parts import film_quality
from tests.benchmarks.crowd import FORGOTTEN_SECONDS, PAGES, Crowd, memory
from tests.browsing import WAIT
from tests.conftest import ROOT, serve

RECORD = """
import gc, os

def record(phase, about):
    if phase == "start" and about["generation"] == 2:
        with open(os.environ["COLLECTIONS"], "a") as file:
            print("all", file=file)

gc.callbacks.append(record)
"""


def visit(address: str, *orders: list[str]) -> None:
    """Sessions at once, each of which looks at pages in an order of its own."""
    crowd = Crowd()

    async def everybody() -> None:
        await asyncio.gather(*(crowd.visit(address, iter(order), time.monotonic() + WAIT) for order in orders))

    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop of its own in this one
        thread.submit(asyncio.run, everybody()).result()
    assert not crowd.errors
    assert sum(map(len, crowd.seconds.values())) == sum(len(order) - 1 for order in orders)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from /proc")
def test_a_crowd_waits_for_no_look_through_all_memory_and_leaves_none_behind(trained_run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(RECORD)
    collections = tmp_path / "collections"
    environment = {"PYTHONPATH": str(tmp_path), "COLLECTIONS": str(collections)}
    options = [f"--server.disconnectedSessionTTL={FORGOTTEN_SECONDS}"]
    server = serve(trained_run.path.parent, tmp_path / "log", options=options, **environment)
    with server as address:
        visit(address, PAGES)  # what the pages import is looked through as it comes
        before, (held, _) = collections.read_text().count("all"), memory(server.process.pid)
        visit(address, *(PAGES[turn:] + PAGES[:turn] for turn in range(4)))
        during = collections.read_text().count("all") - before
        assert during < len(PAGES), "of four times as many pages, at most a few"
        end = time.monotonic() + WAIT / 1000
        while memory(server.process.pid)[0] > held + 100:
            assert time.monotonic() < end, "what the sessions held stayed in memory"
            time.sleep(0.2)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_page_that_was_seen_parses_no_history_and_makes_no_chart_anew(
    trained_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained_run.path, tmp_path / "one")
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path))
    called: list[str] = []
    for owner, name in ((Run, "history"), (film_quality, "by_epoch")):
        own = getattr(owner, name)
        monkeypatch.setattr(
            owner, name, lambda *given, own=own, name=name: called.append(f"{name} {given[0]}") or own(*given)
        )

    def look() -> list[str]:
        called.clear()
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
        for page in PAGES:
            app.session_state["asked_page"] = page or None
            app.session_state[film_quality.OPENED] = True
            app.query_params["run"] = "one"
            app.run()
            assert not app.exception
        return sorted({*called})

    st.cache_resource.clear()
    assert {call.split()[0] for call in look()} == {"history", "by_epoch"}
    assert not look(), "by another session"
    path = tmp_path / "one" / "history.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert f"history {Run(tmp_path / 'one')}" in look(), "it has changed"
