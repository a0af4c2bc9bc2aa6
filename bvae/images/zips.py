"""How many entries a zip file has, before anything makes a list of them."""

from __future__ import annotations

import struct
import zipfile
from typing import IO

_ENTRY, _FIXED = b"PK\1\2", 46  # how an entry of the list begins, and its length without names
_END_64 = b"PK\6\6"
_ENDS_64 = 76  # bytes of what stands between the list and the end of a zip64 file
_CHUNK = 2**20


def entries(file: IO[bytes], most: int) -> int:
    """Count the entries of a zip file's list of contents, up to one more than `most`; the place in the file stays.

    The number that a zip says of itself is not believed: zipfile goes by the length of the list, and makes an object of
    every entry, which is a gigabyte of a million. What is no zip file has 0 entries here.
    """
    place = file.tell()
    try:
        # Exactly what zipfile takes for the end, so that no zip is counted otherwise than it is read.
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
        if not end:
            return 0
        length = int(end[5])
        file.seek(max(0, end[9] - length - (_ENDS_64 if end[0] == _END_64 else 0)))
        return _count(file, length, most)
    except (struct.error, OSError, ValueError):
        return 0
    finally:
        file.seek(place)


def _count(file: IO[bytes], length: int, most: int) -> int:
    buffer, at, count = b"", 0, 0
    while length >= _FIXED and count <= most:
        if len(buffer) < at + _FIXED:
            buffer, at = buffer[at:] + file.read(_CHUNK), 0
        if buffer[at : at + 4] != _ENTRY:
            return count + length // _FIXED  # whatever it is, it is no more than this
        step = _FIXED + sum(struct.unpack_from("<HHH", buffer, at + 28))
        at, length, count = at + step, length - step, count + 1
        while at > len(buffer):
            at -= len(buffer)
            buffer = file.read(_CHUNK)
            if not buffer:
                return count
    return count
