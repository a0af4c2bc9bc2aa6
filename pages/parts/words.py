"""Values as a person says them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 1.5:
        return "a second"
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
