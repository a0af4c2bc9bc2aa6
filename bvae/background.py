"""Work that is done beside the training, where a GPU trains on while the disk writes. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class AtOnce:
    """Does what it is given, there and then: on a CPU the thread beside would take from the training what it saves."""

    def do(self, job: Callable[[], None]) -> None:
        """Do it. Raises what it raises."""
        job()

    def look(self) -> None:
        """Nothing is ever under way."""

    def finish(self) -> None:
        """Nothing is ever under way."""


class Background:
    """Does what it is given in a thread of its own, one after the other, and at most one is under way.

    What fails there is raised here, at the next call of any kind.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "beside the training")
        self._under_way: Future[None] | None = None

    def do(self, job: Callable[[], None]) -> None:
        """Begin it, once the one before is done."""
        self.finish()
        self._under_way = self._thread.submit(job)

    def look(self) -> None:
        """See whether what is under way has failed."""
        if self._under_way is not None and self._under_way.done():
            self.finish()

    def finish(self) -> None:
        """Wait for what is under way."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()
