"""Whether the process that writes a run, or its film, is still at work."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

# A trainer writes its heartbeat every few seconds; one that is silent for longer than this is taken for dead.
HEARTBEAT_SECONDS = 2.0
SILENT_SECONDS = 120.0


def writer_lives(status: dict[str, Any], silent_seconds: float = SILENT_SECONDS) -> bool:
    """Whether the process that wrote a status, with its pid, host and heartbeat, is still at work."""
    try:
        if not time.time() - float(status["heartbeat"]) < silent_seconds:
            return False  # even where its process number lives, which by now may be another program's
        if status.get("host") == socket.gethostname():
            return process_lives(int(status["pid"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
    return True


def process_lives(pid: int) -> bool:
    """Whether a process of this machine lives, as far as it can be told."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        return True  # there, signal 0 is Ctrl-C and would stop it; its heartbeat has to tell
    with contextlib.suppress(OSError):
        # A killed child is there until its parent asks after it, which the app may never do.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
