"""How a command is asked to end, and what it says then."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

STOPPED = 130  # the exit status of a command that ended because it was asked to
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def on_signals(handler: Callable[[int, object], None]) -> Iterator[None]:
    """While this lasts, a signal that asks a process to end calls a handler instead."""
    handlers = {number: signal.signal(number, handler) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, before in handlers.items():
            signal.signal(number, before)


class StopRequest:
    """Whether training was asked to end. Until it `listens`, a signal interrupts: loading images can take minutes."""

    def __init__(self) -> None:
        self.asked = self.listens = False

    def on_signal(self, number: int, _: object) -> None:
        self.asked = True
        if not self.listens:
            raise KeyboardInterrupt


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """While this lasts, the signal that asks a process to end does as Ctrl-C does, so that what is open is closed."""

    def on_signal(number: int, _: object) -> None:
        raise KeyboardInterrupt

    with on_signals(on_signal):
        yield
