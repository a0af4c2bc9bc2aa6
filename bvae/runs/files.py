"""The files of a run: their names, and how bytes, JSON and arrays are read and written. Only this package names them.

Every file is written beside its name and then renamed, so a reader meets the old file or the new one and never half of
one. Every safetensors file carries the SHA-256 of what it holds, so that a changed byte is found.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import safetensors
import safetensors.numpy

from bvae.runs import schema

FORMAT = 1
CONFIG, STATUS, HISTORY = "config.json", "status.json", "history.jsonl"
METRICS, MEASURING, NAMES, LESSON = "metrics.json", "measuring.json", "names.json", "lesson.json"
PROBE, STATE = "probe.safetensors", "state.safetensors"
FACTORS = "factors.safetensors"  # what was measured on the probe images themselves
FILM, FILM_ABOUT = "layout.safetensors", "layout.json"  # the film: its arrays, and what is said of it
LOCK, FILM_LOCK, METRICS_LOCK = "lock", "layout.lock", "metrics.lock"
EPOCHS, LATENTS = "epochs", "latents"  # folders, with a file for each snapshot
MAX_HEADER = 2**20  # bytes of a safetensors file
UNSAFE_SUFFIXES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")
OTHER_EPOCHS = "; other epochs of the run still open"

Tensors = dict[str, np.ndarray]

# What NumPy has of the types of safetensors, as far as a run has a use for it.
_TENSOR_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "U8": "uint8"}
_RUN_FILES = (
    CONFIG, STATUS, HISTORY, PROBE, STATE, FILM, FILM_ABOUT, METRICS, MEASURING, NAMES, LESSON, FACTORS, LOCK,
    FILM_LOCK, METRICS_LOCK,
)  # fmt: skip


class RunError(RuntimeError):
    """A run that cannot be read or written. Its message says which, why, and what to do."""


# Names -----------------------------------------------------------------------------------------------------------


def snapshot_files(epoch: int) -> tuple[str, str]:
    """The paths below a run's folder of an epoch's weights and of its latents."""
    return f"{EPOCHS}/{epoch:04d}.safetensors", f"{LATENTS}/{epoch:04d}.safetensors"


def epoch_of(file_name: str) -> int | None:
    """The epoch of a snapshot by the name of its file in either folder; None for any other name."""
    match = re.fullmatch(r"([0-9]{4,9})\.safetensors", file_name)
    return int(match[1]) if match and f"{int(match[1]):04d}" == match[1] else None


def snapshots(path: Path, folder: str = EPOCHS) -> dict[int, Path]:
    """The files of a run's snapshots in one of the two folders, by epoch."""
    found = ((epoch_of(file.name), file) for file in path.glob(f"{folder}/*.safetensors"))
    return {epoch: file for epoch, file in found if epoch is not None}


def is_run_file(name: str) -> bool:
    """Whether a path below a run's folder, with forward slashes, is that of a file that a run has."""
    folder, _, file = name.rpartition("/")
    return name in _RUN_FILES or (folder in (EPOCHS, LATENTS) and epoch_of(file) is not None)


def run_files(path: Path) -> list[Path]:
    """The files of a run that are there, whatever else its folder holds; links are none."""
    found = [path / name for name in _RUN_FILES] + sorted(path.glob(f"{EPOCHS}/*")) + sorted(path.glob(f"{LATENTS}/*"))
    return [file for file in found if is_run_file(file.relative_to(path).as_posix()) and _is_plain(file)]


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Inode, time of change in nanoseconds and bytes of a file, which tell whether it is as it was; None without it."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


# Reading and writing ---------------------------------------------------------------------------------------------


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, by way of a temporary one beside it.

    Raises:
        RunError: when it cannot be written; the file that was there before stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        # No fsync: a rename is whole against a killed process, and a power cut costs one epoch at most.
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        reason = error.strerror or str(error)
        raise RunError(
            f"Cannot write {path} ({reason}). Everything up to the last saved epoch is kept: "
            "make room or mend the folder's permissions, then resume."
        ) from error
    except BaseException:  # a signal that ends the process
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """Write JSON that a person can read; see `write_bytes`."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: object) -> bytes:
    """JSON as `write_json` writes it."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def read_json(path: Path, most: int = schema.MAX_JSON) -> dict[str, Any]:
    """Read a JSON object of no more than `most` bytes, as `schema.parse` does.

    Raises:
        RunError: when it is missing, too large, or no JSON object.
    """
    try:
        value = schema.parse(read_text(path, most))
    except FileNotFoundError:
        raise RunError(f"{path} is missing, so {path.parent} is not a run, or not a whole one.") from None
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path} cannot be read as JSON ({error}). Copy it again from where the run was trained."
        ) from error
    if not isinstance(value, dict):
        raise RunError(f"{path} does not hold a JSON object. Copy it again from where the run was trained.")
    return value


def read_text(path: Path, most: int) -> str:
    """Read a text file of no more than `most` bytes.

    Raises:
        RunError: when it is no file, or larger.
        OSError, ValueError: when it is missing, cannot be read, or is no UTF-8.
    """
    check_plain(path, most)
    return path.read_text(encoding="utf-8")


def check_plain(path: Path, most: int | None = None) -> None:
    """See that what is there is a file, since a pipe would be waited for, and of no more than `most` bytes."""
    if not path.exists():
        return  # which reading it says
    if not path.is_file():
        raise RunError(f"{path} is not a file. Remove it, and copy the file from where the run was trained.")
    if most is not None and (size := path.stat().st_size) > most:
        raise RunError(f"{path} has {size:,} bytes, and a run's has at most {most:,}. It was not read.")


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> None:
    """Write arrays as safetensors, with the SHA-256 of their names, types, shapes, bytes and metadata."""
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    metadata = dict(metadata or {})
    write_bytes(path, safetensors.numpy.save(arrays, metadata | {"sha256": digest(arrays, metadata)}))


def read_tensors(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    dtype: str | None = None,
    *,
    most: int | None = None,
    hash_optional: bool = False,
    half: bool = False,
) -> tuple[Tensors, dict[str, str]]:
    """Read a safetensors file whole, refusing what is damaged before memory is given to it.

    Args:
        path: the file.
        shapes: the names and shapes that it must hold, no more and no less; None takes what is there.
        dtype: the type of all its numbers, such as float32; None takes what is there.
        most: bytes that the file may have; with `shapes`, what those take is enough.
        hash_optional: take a file that another program wrote, which carries no hash.
        half: take float16 in place of float32 too, and widen it.

    Returns:
        The arrays by name, and the file's metadata.

    Raises:
        RunError: when the file is missing, cut short, altered, not of these shapes, or holds NaN or infinity.
    """
    if shapes is not None and most is None:
        most = 8 * sum(math.prod(shape) for shape in shapes.values()) + 8 + MAX_HEADER
    check_plain(path, most)
    mend = f"Copy it again from where the run was trained{OTHER_EPOCHS}."
    try:
        with path.open("rb") as start:
            if int.from_bytes(start.read(8), "little") > MAX_HEADER:
                raise ValueError("its header is too long")
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            found = {name: tuple(part.get_shape()) for name, part in slices.items()}
            if shapes is not None and found != dict(shapes):
                wrong = sorted(name for name in {*found, *shapes} if found.get(name) != shapes.get(name))
                name = wrong[0]
                raise RunError(
                    f"{path} does not fit the run's config: {name} is {found.get(name, 'missing')}, "
                    f"and should be {shapes.get(name, 'absent')}. {mend}"
                )
            types = {name: _TENSOR_TYPES.get(part.get_dtype(), part.get_dtype()) for name, part in slices.items()}
            if unknown := sorted(set(types.values()) - set(_TENSOR_TYPES.values())):
                raise RunError(f"{path} holds numbers of the type {unknown[0]}, which no run has. {mend}")
            taken = (dtype, "float16") if half else (dtype,)
            if dtype is not None and (other := [name for name in types if types[name] not in taken]):
                raise RunError(f"{path} holds {other[0]} as {types[other[0]]}, and should as {dtype}.")
            tensors = {name: file.get_tensor(name) for name in found}
    except FileNotFoundError:
        raise RunError(f"{path} is missing. {mend}") from None
    except (safetensors.SafetensorError, OSError, ValueError, TypeError) as error:
        raise RunError(f"{path} is damaged ({error}). {mend}") from error
    written = metadata.pop("sha256", None)
    if written != digest(tensors, metadata) and not (written is None and hash_optional):
        raise RunError(f"{path} is damaged: its content does not match the hash that it was written with. {mend}")
    for name, array in tensors.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise RunError(f"{path} holds values in {name} that are not finite numbers. {mend}")
        if half and array.dtype == np.float16:
            tensors[name] = array.astype(np.float32)
    return tensors, metadata


def digest(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """The SHA-256 of arrays' names, types, shapes and bytes and of a file's metadata."""
    found = hashlib.sha256(json.dumps(sorted(metadata.items())).encode())
    for name in sorted(tensors):
        array = tensors[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.asarray(array, order="C").data)
    return found.hexdigest()


# Locks -----------------------------------------------------------------------------------------------------------


def run_lock(path: Path) -> filelock.BaseFileLock:
    """The lock of a run, held by the one process that may write it; not acquired."""
    return filelock.FileLock(path / LOCK)


def film_lock(path: Path) -> filelock.BaseFileLock:
    """The lock of a run's film, held by the one process that works it out; not acquired."""
    return filelock.FileLock(path / FILM_LOCK)


def metrics_lock(path: Path) -> filelock.BaseFileLock:
    """The lock of what is measured of a run, held by the one process that measures it; not acquired."""
    return filelock.FileLock(path / METRICS_LOCK)
