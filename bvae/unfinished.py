"""Hidden folders in which something grows before it is renamed to its place, and what killed processes left of them."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import filelock

_LOCK = ".lock"  # held as long as the process lives
_LOCKED_WITHIN_SECONDS = 2.0  # of the folder's making


@contextlib.contextmanager
def hidden_folder(folder: Path, prefix: str) -> Iterator[Path]:
    """A new folder within another, gone in the end; what killed processes left under the same prefix goes first.

    Args:
        folder: where it is made.
        prefix: begins its name; with a dot, which hides it, and like nobody else's.

    Raises:
        OSError: when it cannot be made.
    """
    remove_left(folder, prefix)
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    lock = filelock.FileLock(place / _LOCK)
    try:
        lock.acquire(blocking=False)
        yield place
    finally:
        lock.release()
        shutil.rmtree(place, ignore_errors=True)


def remove_left(folder: Path, prefix: str) -> None:
    """Remove what killed processes left in a folder: those of this prefix whose lock nobody holds."""
    with contextlib.suppress(OSError):
        for left in [path for path in folder.iterdir() if path.name.startswith(prefix) and not path.is_symlink()]:
            with contextlib.suppress(filelock.Timeout, OSError):
                if time.time() - left.stat().st_mtime < _LOCKED_WITHIN_SECONDS:
                    continue
                with filelock.FileLock(left / _LOCK, blocking=False):
                    pass
                shutil.rmtree(left)
