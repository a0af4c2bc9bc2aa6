"""Values as a person says them."""

from __future__ import annotations

import contextlib
from pathlib import Path


def duration(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 1.5:
        return "a second"
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


def disk_use(folder: Path) -> str:
    """How many files lie in a folder and below it, and how much they hold."""
    sizes = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # deleted at this moment
            if path.is_file():
                sizes.append(path.stat().st_size)
    return f"{len(sizes):,} {'file' if len(sizes) == 1 else 'files'}, {sum(sizes) / 2**20:.1f} MiB"
