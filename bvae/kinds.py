"""What a file is, told by its content, so that a wrong one is called what it is and sent where it belongs.

A name proves nothing: a pickle can be called weights.safetensors, and what is called model.pt may be the web page that
came in its place. Nothing is unpacked or run here, and of a zip file only the list of contents is read.
"""

from __future__ import annotations

import io
import os
import pickletools
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

from bvae.runs import UNSAFE_SUFFIXES, RunError, files

# zipfile reads the list of contents in one piece, so this bounds how many entries it can ever make of it.
MAX_LIST = 2**20  # bytes
# Reading a zip file that somebody forged can fail in as many ways.
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError)

_START = 2**16  # bytes that are looked at
_MAX_HEADER = 100 * 10**6  # bytes; safetensors itself takes no longer one
_NUMPY = "Weights come in as safetensors: safetensors.numpy.save_file(dict(numpy.load(FILE)), NEW_FILE) writes them so."
_UNPACK = "Unpack it first. A run comes in as a zip file of its folder, and weights as a safetensors file."


@dataclass(frozen=True)
class Kind:
    """What a file is, as in "it is …", and where it belongs, in a sentence or in none."""

    what: str
    where: str = ""


RUN = Kind("a run as one zip file", "It comes in by itself where a run’s zip file is asked for: its config is in it.")
ZIP = Kind("a zip file without a run in it", "Unpack it, and give the file in it that is asked for.")
DAMAGED_ZIP = Kind("a zip file that is cut short or damaged", "Make it again, or send it again.")
PICKLE = Kind("a pickle")
SAFETENSORS = Kind("a safetensors file", "Weights come in where weights are asked for, together with their config.")
JSON = Kind("a JSON file", "A config comes in together with weights.")
TEXT = Kind("a text file")
UNKNOWN = Kind("of no kind that is known here")
EMPTY = Kind("empty", "Make it again, or send it again.")
NUMPY_ARCHIVE = Kind("an archive of NumPy arrays (.npz)", _NUMPY)
WEB_PAGE = Kind(
    "a web page (HTML), and not the file itself",
    "Its address leads to a page about the file, or to one that asks for a login. Download the file itself.",
)
LFS_POINTER = Kind(
    "a Git LFS pointer, a note of a few lines in the place of the file itself",
    "Fetch the file with `git lfs pull`, or download it from the repository’s own page, and give that.",
)
_PICTURE = "Pictures of a digit come in on the Draw page."

_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"version https://git-lfs.github.com/spec/", LFS_POINTER),
    (b"\x89PNG\r\n\x1a\n", Kind("a picture (PNG)", _PICTURE)),
    (b"\xff\xd8\xff", Kind("a picture (JPEG)", _PICTURE)),
    (b"GIF8", Kind("a picture (GIF)", _PICTURE)),
    (b"BM", Kind("a picture (BMP)", _PICTURE)),
    (b"II*\x00", Kind("a picture (TIFF)", _PICTURE)),
    (b"MM\x00*", Kind("a picture (TIFF)", _PICTURE)),
    (b"\x93NUMPY", Kind("a NumPy array (.npy)", "Weights come in as safetensors, with the names of their parameters.")),
    (b"\x89HDF\r\n\x1a\n", Kind("an HDF5 file", "Weights come in as safetensors, by PyTorch’s names.")),
    (b"\x1f\x8b", Kind("a gzip archive", _UNPACK)),
    (b"BZh", Kind("a bzip2 archive", _UNPACK)),
    (b"\xfd7zXZ\x00", Kind("an xz archive", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("a Zstandard archive", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("a 7-Zip archive", _UNPACK)),
    (b"Rar!", Kind("a RAR archive", _UNPACK)),
    (b"%PDF-", Kind("a PDF document")),
)  # fmt: skip


def recognise(file: IO[bytes], name: str) -> Kind:
    """What a file is.

    Args:
        file: which can be read at any place.
        name: what it is called, which decides only where nothing else does.
    """
    file.seek(0)
    start = file.read(_START)
    if not start:
        return EMPTY
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):  # the second: a zip of nothing
        return _kind_of_zip(file)
    # A safetensors file begins with a length, which can look like the start of anything, and then a brace.
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= _MAX_HEADER:
        return SAFETENSORS
    if re.match(rb"\x80[\x02-\x05]", start):
        return PICKLE
    for beginning, kind in _STARTS:
        if start.startswith(beginning):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return Kind("a picture (WebP)", _PICTURE)
    if start[257:262] == b"ustar":
        return Kind("a tar archive", _UNPACK)
    if name.lower().endswith(UNSAFE_SUFFIXES) and _begins_like_a_pickle(start):
        return PICKLE
    return _kind_of_text(start)


def _kind_of_zip(file: IO[bytes]) -> Kind:
    try:
        with zipfile.ZipFile(ShortReads(file)) as opened:
            names = [name.replace("\\", "/").rpartition("/")[2] for name in opened.namelist()]
    except (*UNREADABLE, RunError):
        return DAMAGED_ZIP
    if "data.pkl" in names:  # as PyTorch writes its checkpoints
        return PICKLE
    if names and all(name.endswith(".npy") for name in names):
        return NUMPY_ARCHIVE
    return RUN if files.CONFIG in names else ZIP


def _begins_like_a_pickle(start: bytes) -> bool:
    """Whether the first instructions of a pickle of the oldest kinds stand there. They are read, not followed."""
    instructions = pickletools.genops(start)
    try:
        return all(next(instructions)[0].name for _ in range(8))
    except StopIteration:
        return True
    except (ValueError, IndexError):
        return False


def _kind_of_text(start: bytes) -> Kind:
    # A character of several bytes may be cut at the end.
    encoding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = start.decode(encoding, "ignore" if len(start) == _START else "replace").strip()
    if "\ufffd" in text or re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text):
        return UNKNOWN
    if re.match(r"<(!doctype html|html|head|body)\b", text, re.IGNORECASE) or re.search(r"<html\b", text[:2_000], re.I):
        return WEB_PAGE
    if text.startswith(("<svg", "<?xml")) and "<svg" in text[:2_000]:
        return Kind("a picture (SVG)", _PICTURE)
    return JSON if re.match(r"\{\s*[\"}]|\[", text) else TEXT


class ShortReads(io.BufferedIOBase):
    """A file of which nothing long is read at once: zipfile would take a forged length at its word."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            here = self.tell()
            size = self.seek(0, os.SEEK_END) - here
            self.seek(here)
        if size > MAX_LIST:
            raise RunError("The zip file's list of contents is too long to be that of a run.")
        return self._file.read(size)
