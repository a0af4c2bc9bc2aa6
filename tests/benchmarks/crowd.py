"""How long a page takes when many people move between pages at once, and what the server holds while and after.

    python tests/benchmarks/crowd.py [--sessions 16] [--seconds 120] [--pause 0] [--app FILE] [--json FILE]

The server is the real one, on the bundled runs. Its visitors are websocket sessions that speak Streamlit's protocol as
a browser does, and draw nothing: each asks for one page after another, in an order of its own, as soon as the one
before has come whole (and a pause is over). They tell which large messages they have, keep them as long as a browser
would, and fetch the pictures that a page shows; files to save are left where they are, as nobody clicks, and parts that
come round by themselves, as of a run in training, do not. Server and visitors share this machine's processors.

- page change: from the request until the script has ended and all of it is here;
- memory: that of the server, resident (RSS), and its proportional share (PSS). "Before" is after one visitor has seen
  every page and is gone, so that what the pages import is there; "after" is when the sessions are forgotten, which here
  is seconds after they close, by a setting of the server, and not minutes;
- errors: a message that says that something failed, a connection that breaks, a picture that is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.browsing import WAIT
from tests.conftest import ROOT, serve

PAGES = ["", "traverse", "interpolate", "generate", "clusters", "reconstruct", "draw", "train", "load"]
FORGOTTEN_SECONDS = 4  # after which the server lets go of a session that is closed
SETTLE_SECONDS = 5 * FORGOTTEN_SECONDS


class Visitor:
    """One session, as a browser has it."""

    def __init__(self, socket: ClientConnection, address: str) -> None:
        self.socket = socket
        self.address = address
        self.pages: dict[str, str] = {}  # the hash by which Streamlit knows a page, by its address
        self.kept: dict[str, tuple[ForwardMsg, int]] = {}  # large messages, and when they were last of use
        self.most_age = 2
        self.finished = 0  # scripts
        self.fetched: set[str] = set()
        self.received = 0  # bytes
        self.errors: list[str] = []

    async def open(self, page: str) -> float:
        """Ask for a page and wait until all of it is here. Returns the seconds that takes."""
        message = BackMsg()
        asked = message.rerun_script
        asked.page_script_hash = self.pages.get(page, "")
        asked.page_name = "" if self.pages else page
        asked.context_info.url = f"{self.address}/{page}"
        asked.cached_message_hashes.extend(self.kept)
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        pictures: list[str] = []
        async with asyncio.timeout(WAIT / 1000):
            while True:
                content = await self.socket.recv()
                assert isinstance(content, bytes)
                self.received += len(content)
                if self.take(ForwardMsg.FromString(content), pictures):
                    break
        wanted = [path for path in pictures if path not in self.fetched]
        await asyncio.gather(*(asyncio.to_thread(self.fetch, path) for path in wanted))
        return time.perf_counter() - began

    def take(self, message: ForwardMsg, pictures: list[str]) -> bool:
        """Do with a message what a browser does. Returns whether it is the last of a page."""
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            if message.ref_hash not in self.kept:
                self.errors.append("the server refers to a message that the browser has not")
                return False
            message = self.kept[message.ref_hash][0]
            self.kept[message.hash] = message, self.finished
            kind = message.WhichOneof("type")
        elif message.metadata.cacheable:
            self.kept[message.hash] = message, self.finished
        if kind == "new_session":
            self.most_age = message.new_session.config.max_cached_message_age
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "page_not_found":
            self.errors.append("page not found")
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            shown = element.WhichOneof("type")
            if shown == "exception":
                self.errors.append(element.exception.message)
            elif shown == "alert" and element.alert.format == element.alert.ERROR:
                self.errors.append(element.alert.body)
            elif shown == "imgs":
                pictures += [image.url for image in element.imgs.imgs]
        elif kind == "script_finished":
            if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self.errors.append("the script does not compile")
            if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                self.finished += 1
                old = [name for name, (_, used) in self.kept.items() if self.finished - used > self.most_age]
                for name in old:
                    del self.kept[name]
                return True
        return False

    def fetch(self, path: str) -> None:
        try:
            with urllib.request.urlopen(f"{self.address}{path}", timeout=120) as answer:
                self.received += len(answer.read())
                self.fetched.add(path)
        except (urllib.error.URLError, OSError) as error:
            self.errors.append(f"{path}: {error}")


class Crowd:
    """What many visitors have seen."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.first: list[float] = []  # seconds until the first page of a session is there
        self.errors: Counter[str] = Counter()
        self.received = 0

    async def visit(self, address: str, pages: Any, until: float, pause: float = 0.0) -> None:
        """One person's visit: the pages in turn, until a time."""
        try:
            async with connect(
                f"{address.replace('http', 'ws')}/_stcore/stream", subprotocols=["streamlit"], origin=address,
                max_size=None, compression=None, open_timeout=120, ping_timeout=None,
            ) as socket:  # fmt: skip
                visitor = Visitor(socket, address)
                try:
                    self.first.append(await visitor.open(next(pages)))
                    for page in pages:
                        if time.monotonic() > until:
                            break
                        self.seconds[page].append(await visitor.open(page))
                        await asyncio.sleep(pause)
                finally:
                    self.received += visitor.received
                    self.errors.update(visitor.errors)
        except (WebSocketException, OSError) as error:
            self.errors[f"{type(error).__name__}: {error}"] += 1


def wandering(seed: int) -> Any:
    """The pages in a random order, never the same one twice in a row."""
    generator, last = random.Random(seed), ""
    while True:
        last = generator.choice([page for page in PAGES if page != last])
        yield last


def memory(process: int) -> tuple[float, float]:
    """RSS and PSS of a process, in MiB."""
    folder = Path(f"/proc/{process}")
    read = lambda file, name: int(re.search(rf"^{name}:\s+(\d+) kB", file.read_text(), re.M)[1]) / 1024  # noqa: E731
    return read(folder / "status", "VmRSS"), read(folder / "smaps_rollup", "Pss")


async def watch_memory(process: int, seen: list[tuple[float, float]]) -> None:
    while True:
        seen.append(memory(process))
        await asyncio.sleep(0.5)


async def settled(process: int) -> tuple[float, float]:
    """The memory once everybody is gone and forgotten."""
    await asyncio.sleep(SETTLE_SECONDS)
    return memory(process)


async def measure(address: str, process: int, options: argparse.Namespace) -> dict[str, Any]:
    started = memory(process)
    alone = Crowd()
    await alone.visit(address, iter(PAGES), time.monotonic() + 600)
    await alone.visit(address, iter(PAGES * 3), time.monotonic() + 600)
    before = await settled(process)
    crowd, seen = Crowd(), [before]
    watcher = asyncio.create_task(watch_memory(process, seen))
    began = time.monotonic()
    until = began + options.seconds
    visits = (crowd.visit(address, wandering(seed), until, options.pause) for seed in range(options.sessions))
    await asyncio.gather(*visits)
    took = time.monotonic() - began
    watcher.cancel()
    after = await settled(process)
    peak = max(resident for resident, _ in seen), max(share for _, share in seen)
    return {
        "alone": dict(alone.seconds),
        "page_change": dict(crowd.seconds),
        "first_page": crowd.first,
        "took": took,
        "megabytes": crowd.received / 1e6,
        "errors": dict(alone.errors + crowd.errors),
        "memory": {"started": started, "before": before, "peak": peak, "after": after},
    }


def line(name: str, alone: list[float], values: list[float]) -> str:
    median, high = np.percentile(values, [50, 95]) if values else (np.nan, np.nan)
    return f"{name:12} {np.median(alone):9.3f} s {median:9.2f} s {high:9.2f} s {len(values):8}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds for which a page is looked at")
    parser.add_argument("--app", type=Path, default=ROOT / "app.py", help="of another copy of this program")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    app = options.app.resolve()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        setting = [f"--server.disconnectedSessionTTL={FORGOTTEN_SECONDS}"]
        server = serve(Path(folder) / "runs", log, folder=app.parent, options=setting, app=app)
        with server as address:
            found = asyncio.run(measure(address, server.process.pid, options))
        traces = log.read_text().count("Traceback")
    everything = [value for values in found["page_change"].values() for value in values]
    alone = [value for values in found["alone"].values() for value in values]
    print(f"# {platform.machine()}, {os.cpu_count()} CPU cores; {options.sessions} sessions, {options.seconds:g} s")
    print(f"{'page change':12} {'alone':>11} {'median':>11} {'95 %':>11} {'count':>8}")
    for page in PAGES:
        print(line(page or "home", found["alone"][page], found["page_change"].get(page, [])))
    print(line("all", alone, everything))
    print(f"{len(everything) / found['took']:.1f} page changes a second; {found['megabytes']:.0f} MB were received")
    for name, (resident, share) in found["memory"].items():
        print(f"memory {name:8} RSS {resident:6.0f} MiB, PSS {share:6.0f} MiB")
    print(f"errors: {sum(found['errors'].values())}; traces in the log: {traces}")
    for error, count in found["errors"].items():
        print(f"  {count} × {error}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
