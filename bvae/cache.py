"""Where the project keeps what it can fetch or work out again: downloaded images, measured factors."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The folder named by the environment variable BVAE_DATA, else `bvae` in the user's cache folder of this platform.

    Raises:
        RuntimeError: where there is no home folder and none is named.
    """
    if chosen := os.environ.get("BVAE_DATA"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "bvae"
