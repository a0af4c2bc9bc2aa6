"""Images that come as files from elsewhere, kept in the cache folder under their hash, so that runs can be repeated."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from bvae.cache import cache_folder
from bvae.images.gathered import ImageError
from bvae.unfinished import hidden_folder

LONGEST = 60  # characters of a file's name
MOST_AT_ONCE = 50  # files; more come as one zip
_CHUNK = 2**20


def brought_folder() -> Path:
    """Where such images are kept.

    Raises:
        ImageError: where there is no home folder and none is named.
    """
    try:
        return cache_folder() / "own"
    except RuntimeError as error:
        raise ImageError(
            "There is no home folder to keep images in. Name a folder for them by the environment variable BVAE_DATA."
        ) from error


def keep(files: Sequence[tuple[str, IO[bytes]]], look: Callable[[Path], object]) -> Path:
    """Keep files, one or several that belong together, as IDX files do.

    Args:
        files: the name and the content of each; the names are taken for hostile.
        look: told the path before anything is said of it; an `ImageError` that it raises has nothing kept.

    Returns:
        A path for `collect`. The same content under the same names gives the same path.

    Raises:
        ImageError: when they cannot be kept, or by `look`.
    """
    if len(files) > MOST_AT_ONCE:
        raise ImageError(
            f"These are {len(files):,} files, and {MOST_AT_ONCE} can come at once. Give all in one zip file."
        )
    home = brought_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with hidden_folder(home, ".coming-") as place:
            digest = hashlib.sha256()
            inner = place / "images"
            inner.mkdir()
            for name, content in sorted(files, key=lambda file: file[0]):
                clean = _clean(name)
                digest.update(clean.encode())
                with (inner / clean).open("xb") as copy:
                    while part := content.read(_CHUNK):
                        digest.update(part)
                        copy.write(part)
            target = home / digest.hexdigest()[:16]
            known = target.is_dir()
            if not known:
                os.replace(inner, target)
    except FileExistsError as error:
        raise ImageError("Two of these files have the same name. Give all in one zip file.") from error
    except OSError as error:
        raise ImageError(f"The images cannot be kept in {home} ({error.strerror or error}).") from error
    path = next(iter(target.iterdir())) if len(files) == 1 else target
    try:
        look(path)
    except ImageError:
        if not known:
            shutil.rmtree(target, ignore_errors=True)
        raise
    return path


def _clean(name: str) -> str:
    """A file's name that is one, and no path."""
    found = re.sub(r"[^\w.+=-]+", "-", name.replace("\\", "/").rpartition("/")[2]).lstrip(".-")
    return found[-LONGEST:] or "images"
