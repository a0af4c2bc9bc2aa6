"""Waiting for real processes, which take as long as the machine makes them."""

from __future__ import annotations

import time
from collections.abc import Callable

from bvae.queue import Queue

SEEN_BY_EYE = 240.0  # seconds after which a process is taken for stuck


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SEEN_BY_EYE
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.1)


def empty(queue: Queue) -> None:
    """Leave nothing waiting and nothing alive."""
    for entry in queue.entries():
        if not entry.started:
            queue.remove(entry.name)
    for entry in queue.entries():
        queue.stop(entry.name)
    wait(lambda: not queue.entries() and not queue.working())
