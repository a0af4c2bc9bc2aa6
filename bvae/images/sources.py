"""What a path leads to: one file of arrays, or a folder or a zip of pictures or IDX files."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from bvae.images.arrays import is_idx, read_idx, read_numpy, take_idx
from bvae.images.gathered import LEAST_SIDE, MOST_FILES, MOST_SIDE, Gathered, ImageError, fitted
from bvae.images.tables import read_table
from bvae.images.zips import entries

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".pbm", ".ppm")
MOST_PIXELS = 40_000_000  # of one picture
MOST_FILE = 2**26  # bytes of one picture's file
MOST_RATIO = 200  # unpacked to packed of a zip's picture that is large enough to matter
RATIO_FROM = 2**20
TAKEN = (
    "a folder or zip of pictures (a class by subfolder), .npz, .npy, .csv (a class and the pixels a line), or IDX files"
)
_SPLITS = {"train": False, "training": False, "test": True, "testing": True, "val": True, "valid": True,
           "validation": True}  # fmt: skip
_NOISE = re.compile(r"(^|/)(__MACOSX/|\._|\.)|(^|/)(Thumbs\.db|desktop\.ini)$")
_IDX_NAME = re.compile(r"idx[1-4]|ubyte")


# What is not quite a picture fails in as many ways.
_UNREADABLE = (
    OSError, UnidentifiedImageError, SyntaxError, ValueError, struct.error, zlib.error, EOFError, zipfile.BadZipFile,
    MemoryError,
)  # fmt: skip


class _File(NamedTuple):
    """A file in a folder or zip."""

    name: str  # within it, with /
    open: Callable[[], IO[bytes]]
    size: int
    packed: int


def gather(path: Path) -> Gathered:
    """Read all images that a path leads to.

    Raises:
        ImageError: when there are none, or something about them cannot be right.
    """
    into = Gathered()
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ImageError(f"There are no images at {path} ({error.strerror}). Give {TAKEN}.") from error
    if stat.S_ISDIR(mode):
        _read_files(_in_folder(path), str(path), into)
        return into
    if not stat.S_ISREG(mode):
        raise ImageError(f"{path} is neither a file nor a folder. Give {TAKEN}.")
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({error.strerror}).") from error
    if start.startswith(b"PK"):
        with path.open("rb") as file:
            _check_count(entries(file, MOST_FILES), path.name)
    suffix = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if suffix in ("npy", "npz") or start.startswith(b"\x93NUMPY"):
        read_numpy(path, into)
    elif start.startswith(b"PK"):
        _read_zip(path, into)
    elif is_idx(start) or _IDX_NAME.search(path.name):
        _read_idx_files([_on_disk(path, path.parent)], _on_disk_beside(path), into)
    elif suffix in ("csv", "tsv", "txt"):
        read_table(path, into)
    elif f".{suffix}" in PICTURES:
        raise ImageError(f"{path.name} is one picture, and a model learns from many. Give {TAKEN}.")
    else:
        raise ImageError(f"{path.name} is of no kind that is known here. Give {TAKEN}.")
    return into


# Folders and zips ----------------------------------------------------------------------------------------------------


def _on_disk(path: Path, root: Path) -> _File:
    return _File(path.relative_to(root).as_posix(), lambda: path.open("rb"), path.stat().st_size, path.stat().st_size)


def _on_disk_beside(path: Path) -> dict[str, _File]:
    return {other.name: _on_disk(other, path.parent) for other in path.parent.iterdir()
            if _IDX_NAME.search(other.name) and other.is_file()}  # fmt: skip


def _in_folder(root: Path) -> list[_File]:
    found: list[_File] = []
    for folder, folders, names in os.walk(root):  # which follows no links to folders
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            try:
                if not _NOISE.search(path.relative_to(root).as_posix()) and stat.S_ISREG(path.stat().st_mode):
                    found.append(_on_disk(path, root))
            except OSError:
                continue  # gone, or a link to nothing
            _check_count(len(found), str(root))
    return found


def _check_count(count: int, where: str) -> None:
    if count > MOST_FILES:
        raise ImageError(
            f"{where} holds more than {MOST_FILES:,} files. Give a part of them, or all in one .npz or IDX file."
        )


def _read_zip(path: Path, into: Gathered) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            files = [
                _File(info.filename, lambda info=info: archive.open(info), info.file_size, info.compress_size)  # type: ignore[misc]
                for info in sorted(archive.infolist(), key=lambda info: info.filename)
                if not info.is_dir() and not _NOISE.search(info.filename)
            ]
            if any(name.name.endswith(".npy") for name in files) and len(files) < 10:
                read_numpy(path, into)
                return
            _read_files(files, path.name, into)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError) as error:
        raise ImageError(f"{path.name} is no zip file that can be read ({error}). Make it again.") from error
    except RuntimeError as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"{path.name} is locked by a password. Give it without one.") from error


def _read_files(files: list[_File], where: str, into: Gathered) -> None:
    pictures: list[_File] = []
    others: list[_File] = []
    for file in files:
        (pictures if file.name.lower().endswith(PICTURES) else others).append(file)
    idx = [file for file in others if _IDX_NAME.search(PurePosixPath(file.name).name)]
    if not pictures and idx:
        _read_idx_files(idx, {PurePosixPath(file.name).name: file for file in idx}, into)
        return
    for file in others:
        if not file.name.lower().endswith((".txt", ".md", ".json", ".csv")):
            into.leave_out("are no pictures", file.name)
    if not pictures:
        raise ImageError(f"There are no pictures in {where}. Give {TAKEN}.")
    parts = _without_common([PurePosixPath(file.name).parent.parts for file in pictures])
    split = bool(parts) and all(part and part[0].lower() in _SPLITS for part in parts)
    for file, folders in zip(pictures, parts, strict=True):
        test = _SPLITS[folders[0].lower()] if split else None
        inner = folders[1:] if split else folders
        if (image := _picture(file, into)) is not None:
            into.add(image[np.newaxis], [inner[0] if inner else None], test)


def _without_common(parts: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Folders without those that all have in common, as a zip of a folder has it, unless they are a class or split."""
    while parts and all(part for part in parts) and len({part[0] for part in parts}) == 1 and any(
        len(part) > 1 for part in parts
    ):  # fmt: skip
        parts = [part[1:] for part in parts]
    return parts


def _picture(file: _File, into: Gathered) -> np.ndarray | None:
    """The grey levels (H, W) of a picture, at most `MOST_SIDE` on its longer side; None when it is left out."""
    if file.size > MOST_FILE:
        into.leave_out(f"are files of more than {MOST_FILE // 2**20} MB", file.name)
        return None
    if file.size > RATIO_FROM and file.size > MOST_RATIO * max(1, file.packed):
        into.leave_out("are packed more tightly than any picture", file.name)
        return None
    try:
        with file.open() as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(stream.read(MOST_FILE + 1))) as image:
                if image.width * image.height > MOST_PIXELS:
                    into.leave_out(f"have more than {MOST_PIXELS // 10**6} million pixels", file.name)
                    return None
                if min(image.size) < LEAST_SIDE:
                    into.leave_out(f"are smaller than {LEAST_SIDE} × {LEAST_SIDE} pixels", file.name)
                    return None
                if max(image.size) > MOST_SIDE:
                    image.draft("L", (4 * MOST_SIDE, 4 * MOST_SIDE))
                grey = _grey(image, into)
    except Image.DecompressionBombError:
        into.leave_out(f"have more than {MOST_PIXELS // 10**6} million pixels", file.name)
        return None
    except _UNREADABLE:
        into.leave_out("cannot be read as pictures", file.name)
        return None
    if max(grey.size) > MOST_SIDE:
        into.scaled += 1
        size = fitted((grey.height, grey.width), MOST_SIDE, MOST_SIDE)
        if min(size) < LEAST_SIDE // 2:
            into.leave_out("are too long and thin", file.name)
            return None
        grey = grey.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.array(grey, np.uint8)


def _grey(image: Image.Image, into: Gathered) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        high = 65_535 if image.mode.startswith("I;16") or values.max() > 255 else 255 if values.max() > 1 else 1
        return Image.fromarray(np.clip(values / high * 255, 0, 255).astype(np.uint8))
    if image.mode not in ("1", "L", "P"):
        bands = np.asarray(image.convert("RGB").resize((16, 16)), np.int16)
        into.coloured += bool((bands.max(2) - bands.min(2)).max() > 8)
    return image.convert("L")


# IDX files -----------------------------------------------------------------------------------------------------------


def _read_idx_files(files: list[_File], beside: dict[str, _File], into: Gathered) -> None:
    images: Iterator[_File] = (file for file in files if "label" not in file.name.lower())
    done = False
    for file in sorted(images, key=lambda file: file.name):
        name = PurePosixPath(file.name).name
        with file.open() as stream:
            pixels = read_idx(stream, name)
        if pixels.ndim == 1 and len(files) == 1:
            raise ImageError(f"{name} holds labels. Give the file with the images.")
        stem = name.lower().removesuffix(".gz")
        wanted = re.sub("idx[34]", "idx1", stem.replace("images", "labels").replace("image", "label"))
        other = next((beside[key] for key in beside if key.lower().removesuffix(".gz") == wanted != stem), None)
        labels = None
        if other is not None:
            with other.open() as stream:
                labels = read_idx(stream, PurePosixPath(other.name).name)
        else:
            into.note(f"There are no labels beside {name}.")
        test = True if re.match("t10k|test|val", stem) else False if stem.startswith("train") else None
        take_idx(pixels, labels, name, test, into)
        done = True
    if not done:
        raise ImageError("These IDX files hold labels and no images. Give the file with the images, too.")
