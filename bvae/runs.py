"""The run directory: the only code that knows its files. A trainer writes it, everything else reads it.

    <name>/
      config.json               what repeats the run: the config, the data's hash, the library versions, the command
      status.json               state, epoch, pid, heartbeat, error
      history.jsonl             one object an epoch, epoch 0 (before any training) first
      probe.safetensors         test images and labels whose latents are followed through the epochs
      epochs/0000.safetensors   weights at that epoch
      latents/0000.safetensors  mean and log-variance of every probe image at that epoch
      state.safetensors         what resuming needs to continue as if never stopped
      layout.safetensors        the film of latent space: where every probe image lies in the plane at every snapshot
      layout.json               its state, and how true it is; see film.py
      metrics.json              what another program measured of the run: taken along, not read
      lock, layout.lock         held by the one process that may write the run, or its film

Every file is written beside its name and then renamed, so a reader meets the old file or the new one and never half of
one. JSON and safetensors only: nothing of a run can execute anything when it is loaded. Every safetensors file carries
the SHA-256 of what it holds, so that a changed byte is found. Imports torch only where a model is asked for, because
the app's first page needs runs but not torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import filelock
import numpy as np
import safetensors
import safetensors.numpy

from bvae import schema
from bvae.config import MAX_LATENTS, MAX_PROBE_IMAGES, Config, ConfigError, flag
from bvae.network import Layer, decoder_layers, encoder_layers, parameter_shapes

if TYPE_CHECKING:
    from bvae.model import BetaVAE

FORMAT = 1
BUNDLED_RUNS = Path(__file__).resolve().parents[1] / "assets" / "runs"
BESIDE_APP = BUNDLED_RUNS.parents[1] / "runs"
DEFAULT_RUN = "mnist-beta4"  # the bundled run that comes first
UNSAFE_SUFFIXES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")
# A trainer writes its heartbeat every few seconds; one that is silent for longer than this is taken for dead.
HEARTBEAT_SECONDS = 2.0
_LOCKED_WITHIN_SECONDS = 2.0  # an import holds the lock of its folder by then
SILENT_SECONDS = 120.0
UNFINISHED = ".import-"  # begins the name of the hidden folder in which a run is taken in
RESUMABLE = ("epochs", "device")  # what of its config a resumed run may change
OTHER_EPOCHS = "; other epochs of the run still open"

Tensors = dict[str, np.ndarray]

# What NumPy has of the types of safetensors, as far as a run has a use for it.
_TENSOR_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "U8": "uint8"}
_MAX_HEADER = 2**20  # bytes
_RUN_FILES = (
    "config.json", "status.json", "history.jsonl", "probe.safetensors", "state.safetensors", "layout.safetensors",
    "layout.json", "metrics.json", "lock", "layout.lock",
)  # fmt: skip


class RunError(RuntimeError):
    """A run that cannot be read or written. Its message says which, why, and what to do."""


class Latents(NamedTuple):
    """q(z|x) of the P probe images at one epoch."""

    mean: np.ndarray  # (P, D) float32
    log_variance: np.ndarray  # (P, D) float32


class Probe(NamedTuple):
    """The test images whose latents are followed."""

    images: np.ndarray  # (P, H, W) uint8
    labels: np.ndarray  # (P,) int64
    indices: np.ndarray  # (P,) int64, positions in the test split


class Layout(NamedTuple):
    """The film of latent space, of E snapshots."""

    epochs: list[int]
    positions: np.ndarray  # (E, P, 2) float32, in the units of UMAP
    kept: np.ndarray  # (E, P) float32, share of its neighbours that an image kept since the epoch before
    # These come last, so that while the film is worked out they may be of the first few epochs only.
    reconstruction: np.ndarray  # (R, P) float32 nats, see metrics.py `per_image`
    independent: np.ndarray  # (F, P, 2) float32, each epoch's own UMAP
    about: dict[str, Any]  # layout.json; see film.py


# Names and folders -----------------------------------------------------------------------------------------------


def check_run_name(name: str) -> str:
    """Return a run's name if it is one: a name, not a path.

    Raises:
        RunError: for an empty name, a separator, `..`, a leading dot or dash, a dot at the end, a character that a file
            cannot carry, or a name that Windows keeps for a device.
    """
    if is_reserved(name):
        raise RunError(
            f"{name!r} cannot name a run: Windows keeps {name.partition('.')[0].strip()!r} for a device, so the folder "
            "could not be copied there. Choose another name."
        )
    if not re.fullmatch(r"(?!.*\.$)[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,99}", name):
        raise RunError(
            f"{name!r} cannot name a run. Use the letters A to Z, digits and . _ + = - (100 at most, not a dot or dash "
            "first, no dot at the end), and no separators: a run is one folder."
        )
    return name


def is_reserved(name: str) -> bool:
    """Whether Windows keeps a name for a device, with whatever ending."""
    device = name.partition(".")[0].strip().lower()
    return re.fullmatch(r"con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]", device) is not None


def own_folder() -> Path:
    """Where new runs go, trained or brought: `$BVAE_RUNS`, or else `runs` in the working directory."""
    return Path(os.environ.get("BVAE_RUNS", "runs"))


def run_folders() -> list[Path]:
    """Where runs are looked for by name: the bundled ones, `own_folder`, and, unless `$BVAE_RUNS` says where, `runs`
    beside app.py, which is where they are for whoever starts the app from another folder today."""
    folders = [BUNDLED_RUNS, own_folder()]
    if "BVAE_RUNS" not in os.environ and own_folder().resolve() != BESIDE_APP:
        folders.append(BESIDE_APP)
    return folders


def folders_searched() -> str:
    """The folders of `run_folders` as a sentence names them."""
    *others, last = [str(folder.resolve()) for folder in run_folders()]
    return f"{', '.join(others)} or {last}"


def find_run(name_or_path: str | Path) -> Run:
    """Open a run by the path of its folder, or by its bare name among `run_folders`.

    Raises:
        RunError: when there is no such run, or what is there cannot be read.
    """
    return Run(str(name_or_path))


def run_argument(run: Run) -> str:
    """What `find_run` finds a run by: its name, or its path where another run has that name."""
    with contextlib.suppress(RunError):
        if not Path(run.name).exists() and _locate(run.name).resolve() == run.path.resolve():
            return run.name
    return str(run.path)


def _locate(name_or_path: str) -> Path:
    if not name_or_path:
        raise RunError("Give the name of a run, or its folder. `python -m bvae runs` lists what there is.")
    path = Path(name_or_path)
    if path.exists() or len(path.parts) != 1:
        return path
    for folder in run_folders():
        with contextlib.suppress(OSError):  # a folder that another user keeps closed
            if _is_run(folder / name_or_path, folder):
                return folder / name_or_path
    check_run_name(name_or_path)
    raise RunError(
        f"There is no run named {name_or_path!r} in {folders_searched()}. `python -m bvae runs` lists what there is."
    )


def list_runs(problems: list[str] | None = None) -> list[Run]:
    """All readable runs of `run_folders`, the bundled ones first, then the newest first.

    Args:
        problems: receives a sentence for every folder that looks like a run and cannot be read.
    """
    runs = []
    for folder in run_folders():
        found = []
        for path in folders_in(folder):
            problem = None
            try:
                if _is_run(path, folder):
                    if path.name.isprintable():  # bytes that are no UTF-8 are not, and could not be shown or sent
                        found.append(((path / "config.json").stat().st_mtime, Run(path)))
                    else:
                        problem = f"The folder {path.name!r} has a name that cannot be shown. Rename it."
            except RunError as error:
                problem = str(error)
            except OSError as error:  # deleted at this moment, or not readable
                problem = f"{path} cannot be read ({error.strerror})."
            if problem and problems is not None:
                problems.append(problem)
        if folder == BUNDLED_RUNS:  # whose files are as old as the copy of the project is
            found.sort(key=lambda pair: (pair[1].name != DEFAULT_RUN, pair[1].name))
        else:
            found.sort(key=lambda pair: -pair[0])
        runs += [run for _, run in found]
    return runs


def folders_in(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it cannot be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def remove_unfinished(folder: Path | None = None) -> None:
    """Remove what killed imports left in a folder of runs: hidden folders whose lock nobody holds.

    Args:
        folder: by default all of `run_folders`.
    """
    for place in run_folders() if folder is None else [folder]:
        for left in place.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(filelock.Timeout, OSError):
                if time.time() - left.stat().st_mtime < _LOCKED_WITHIN_SECONDS:
                    continue
                with filelock.FileLock(left / "importing", blocking=False):
                    pass
                shutil.rmtree(left)


def is_run_file(name: str) -> bool:
    """Whether a path below a run's folder, with forward slashes, is that of a file that a run has."""
    folder, _, file = name.rpartition("/")
    return name in _RUN_FILES or (folder in ("epochs", "latents") and _epoch_of(file) is not None)


def run_files(path: Path) -> list[Path]:
    """The files of a run that are there, whatever else its folder holds; links are none."""
    found = [path / name for name in _RUN_FILES] + sorted(path.glob("epochs/*")) + sorted(path.glob("latents/*"))
    return [file for file in found if is_run_file(file.relative_to(path).as_posix()) and _is_plain(file)]


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_run(path: Path, folder: Path) -> bool:
    # A link could lead out of the folder that a name is promised to lie in.
    return (path / "config.json").exists() and path.resolve().parent == folder.resolve()


# Files -----------------------------------------------------------------------------------------------------------


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


def write_json(path: Path, value: object) -> None:
    """Write JSON that a person can read; see `write_bytes`."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object, as `schema.parse` does.

    Raises:
        RunError: when it is missing, too large, or no JSON object.
    """
    try:
        value = schema.parse(_read_text(path, schema.MAX_JSON))
    except FileNotFoundError:
        raise RunError(f"{path} is missing, so {path.parent} is not a run, or not a whole one.") from None
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path} cannot be read as JSON ({error}). Copy it again from where the run was trained."
        ) from error
    if not isinstance(value, dict):
        raise RunError(f"{path} does not hold a JSON object. Copy it again from where the run was trained.")
    return value


def _read_text(path: Path, most: int) -> str:
    _check_plain(path, most)
    return path.read_text(encoding="utf-8")


def _check_plain(path: Path, most: int | None = None) -> None:
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
) -> tuple[Tensors, dict[str, str]]:
    """Read a safetensors file whole, refusing what is damaged before memory is given to it.

    Args:
        path: the file.
        shapes: the names and shapes that it must hold, no more and no less; None takes what is there.
        dtype: the type of all its numbers, such as float32; None takes what is there.
        most: bytes that the file may have; with `shapes`, what those take is enough.
        hash_optional: take a file that another program wrote, which carries no hash.

    Returns:
        The arrays by name, and the file's metadata.

    Raises:
        RunError: when the file is missing, cut short, altered, not of these shapes, or holds NaN or infinity.
    """
    if shapes is not None and most is None:
        most = 8 * sum(math.prod(shape) for shape in shapes.values()) + 8 + _MAX_HEADER
    _check_plain(path, most)
    mend = f"Copy it again from where the run was trained{OTHER_EPOCHS}."
    try:
        with path.open("rb") as start:
            if int.from_bytes(start.read(8), "little") > _MAX_HEADER:
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
            if dtype is not None and (other := [name for name in types if types[name] != dtype]):
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
    return tensors, metadata


def digest(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """The SHA-256 of arrays' names, types, shapes and bytes and of a file's metadata."""
    found = hashlib.sha256(json.dumps(sorted(metadata.items())).encode())
    for name in sorted(tensors):
        array = tensors[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.asarray(array, order="C").data)
    return found.hexdigest()


# Reading a run ---------------------------------------------------------------------------------------------------


class Run:
    """A run to be read: `Run("mnist-beta4").model(epoch=10).encode(images)`.

    Args:
        path: its folder; a text can also be its bare name among `run_folders`.

    Raises:
        RunError: when the folder is not a run. Damage elsewhere in it is reported by what meets it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = _locate(path) if isinstance(path, str) else path
        if self.path.suffix in UNSAFE_SUFFIXES and self.path.is_file():
            raise RunError(
                f"{self.path.name} is a pickle, which can run any program when it is opened, so it is not. A run is a "
                "folder of JSON and safetensors files: train one with `python -m bvae train`."
            )
        if not self.path.is_dir():
            raise RunError(f"There is no run at {self.path}. `python -m bvae runs` lists what there is.")
        record = read_json(self.path / "config.json")
        try:
            if record.pop("format") != FORMAT:
                raise RunError(
                    f"{self.path} was written by another version of this program, which this one cannot read."
                )
            self.config = Config.from_dict(record.pop("config"))
            # All of config.json but the config: the images, the classes, the versions, how it was resumed.
            self.details = schema.details(record)
            height, width = self.details["image_shape"]
            self.image_shape: tuple[int, int] = (height, width)
            self.class_names: list[str] = self.details["class_names"]
            self.decoder_layers: list[Layer] = decoder_layers(self.config, self.image_shape)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{self.path / 'config.json'} does not describe a run ({error}).") from error

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    def command(self, path: Path | None = None) -> str:
        """The command line that repeats the run, into its own folder or another.

        Made from the config: what a file from elsewhere calls so could be any command.
        """
        folder = str(path or self.path)
        begun = Config.from_dict(self.config.to_dict() | self.details.get("begun", {}))
        commands = [begun.command(folder)]
        for changed in self.details.get("resumed", []):
            more = [part for name, value in changed.items() for part in (flag(name), str(value))]
            commands.append(shlex.join(["python", "-m", "bvae", "train", "--run", folder, "--resume", *more]))
        return " && ".join(commands)

    def record(self, path: Path | None = None) -> dict[str, Any]:
        """What config.json says of the run, with the command for its own folder or another."""
        return {"format": FORMAT, "config": self.config.to_dict(), "command": self.command(path)} | self.details

    @property
    def train_images(self) -> int | None:
        """How many images it is trained on; None where the run does not say."""
        told: int | None = self.details.get("data", {}).get("train_images")
        return told or self.config.dataset_limit

    def status(self) -> dict[str, Any]:
        """State (queued, running, stopped, finished, failed), epoch, and for a failure its reason.

        A trainer that was killed cannot say so; its run reads `failed` here as soon as its process is gone. It cannot
        say either how far it came last: the epoch here is never behind the history.
        """
        try:
            status = schema.status(read_json(self.path / "status.json"))
        except schema.SchemaError as error:
            raise RunError(
                f"{self.path / 'status.json'} does not say how the run is ({error}). Resume the run, and it will."
            ) from error
        if status["state"] in ("queued", "running") and not writer_lives(status):
            status["state"] = "failed"
            status["error"] = (
                "The trainer ended without a word: killed, or out of memory. Everything up to its last saved epoch is "
                f"kept; resume with: python -m bvae train --run {self.path} --resume"
            )
        done, epoch = self._recorded(), status.get("epoch")
        if done > 0 and (epoch is None or epoch < done):
            status |= {"epoch": done, "step": 0}
        return status

    def _recorded(self) -> int:
        """The last epoch of the history, −1 before the first."""
        try:
            return _read_text(self.path / "history.jsonl", schema.MAX_HISTORY).count("\n") - 1
        except (OSError, RunError, ValueError):  # whoever reads the history is told
            return -1

    @property
    def imported(self) -> bool:
        """Whether it was made of weights alone, trained elsewhere. Its only snapshot then stands at epoch 0."""
        return self.details.get("imported") is True

    def history(self) -> list[dict[str, Any]]:
        """One record an epoch, from epoch 0; empty before the first. See `training.Trainer` for the keys."""
        path = self.path / "history.jsonl"
        try:
            _check_plain(path, schema.MAX_HISTORY)
            with path.open(encoding="utf-8") as lines:
                return schema.history(lines, self.config)
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise RunError(f"{path} is damaged ({error}). Copy it again from where the run was trained.") from error

    def epochs(self) -> list[int]:
        """Epochs of which there is a snapshot, in order."""
        epochs = (_epoch_of(path.name) for path in self.path.glob("epochs/*.safetensors"))
        return sorted(epoch for epoch in epochs if epoch is not None)

    def snapshot(self, epoch: int | None = None) -> int:
        """The epoch of a snapshot: `epoch` if there is one of it, the last where none is named.

        Raises:
            RunError: when there is no such snapshot; the message lists those there are.
        """
        epochs = self.epochs()
        if not epochs:
            raise RunError(self.without_snapshot())
        if epoch is not None and epoch not in epochs:
            raise RunError(f"{self.path} has no snapshot of epoch {epoch}. It has: {', '.join(map(str, epochs))}.")
        return epochs[-1] if epoch is None else epoch

    def without_snapshot(self) -> str:
        """Why the run has no snapshot yet, in a sentence, by how its training stands."""
        try:
            status = self.status()
        except RunError:
            status = {}
        if status.get("state") == "failed":
            return f"{self.name} failed before its first snapshot: {status.get('error') or 'it gave no reason.'}"
        then = {
            "queued": "It waits to be trained.",
            "running": "Its first appears within seconds of the start of training.",
        }.get(status.get("state", ""), "Continue its training, and there will be one.")
        return f"{self.name} has no snapshot yet. {then}"

    def version(self) -> str:
        """A text that changes whenever a file that `history`, `probe`, `weights` or `latents` reads does."""
        read = [self.path / "history.jsonl", self.path / "probe.safetensors", *self.path.glob("*/*.safetensors")]
        stamps = []
        for path in sorted(read):
            with contextlib.suppress(FileNotFoundError):  # a trainer may be thinning at this moment
                stat = path.stat()
                stamps.append(f"{path} {stat.st_mtime_ns} {stat.st_size}")
        return hashlib.sha256("\n".join(stamps).encode()).hexdigest()

    def probe(self) -> Probe:
        """The test images that are followed through the epochs, with their labels and positions in the test split."""
        tensors, _ = read_tensors(self.path / "probe.safetensors", most=_MAX_PROBE)
        images, labels = tensors.get("images", np.zeros(0)), tensors.get("labels", np.zeros(0))
        if (
            set(tensors) != {*Probe._fields}
            or images.shape[1:] != self.image_shape
            or images.dtype != np.uint8
            or any(tensors[name].shape != images.shape[:1] or tensors[name].dtype.kind != "i" for name in _PER_IMAGE)
            or not 0 < len(images) <= self.config.probe_size
            or labels.min() < 0
            or labels.max() >= len(self.class_names)
        ):
            raise RunError(f"{self.path / 'probe.safetensors'} does not hold the images of a probe set of this run.")
        return Probe(**tensors)

    def latents(self, epoch: int | None = None) -> Latents:
        """Mean and log-variance of every probe image at a snapshot's epoch (by default the last)."""
        path = self.path / "latents" / _file_name(self.snapshot(epoch))
        tensors, _ = read_tensors(path, dtype="float32", most=8 * MAX_LATENTS + _MAX_HEADER)
        shapes = {array.shape for array in tensors.values()}
        if set(tensors) != {*Latents._fields} or len(shapes) != 1 or shapes.pop()[1:] != (self.config.latent_dim,):
            raise RunError(f"{path} does not hold latents of {self.config.latent_dim} dimensions.")
        latents = Latents(**tensors)
        # Within these, a KL and a standard deviation are numbers that a float32 holds.
        if latents.mean.size and not (np.abs(latents.mean).max() < 1e6 and np.abs(latents.log_variance).max() < 80):
            raise RunError(f"{path} holds means or variances that no encoder gives{OTHER_EPOCHS}.")
        return latents

    def layout(self) -> Layout | None:
        """The film of latent space as far as it is worked out, None before that.

        Raises:
            RunError: when it is damaged, or not of this run.
        """
        path = self.path / "layout.safetensors"
        try:
            tensors, _ = read_tensors(path, most=schema.MAX_FILM_BYTES)
        except RunError:
            if not path.exists():
                return None
            raise
        shapes = {name: tensors[name].shape for name in ("epochs", "positions", "kept", "reconstruction", "independent")
                  if name in tensors}  # fmt: skip
        frames, images = (*shapes.get("kept", ()), 0, 0)[:2]
        if (
            len(shapes) < len(tensors)
            or not frames or not images
            or shapes.get("epochs") != (frames,)
            or shapes.get("positions") != (frames, images, 2)
            or shapes.get("reconstruction", ())[1:] != (images,)
            or shapes.get("independent", ())[1:] != (images, 2)
            or max(shapes["reconstruction"][0], shapes["independent"][0]) > frames
            or any(float(np.abs(array).max(initial=0)) > 1e12 for array in tensors.values())
        ):  # fmt: skip
            raise RunError(f"{path} does not hold the film of a run. Delete it, and the film is worked out anew.")
        epochs = tensors.pop("epochs").tolist()
        try:
            return Layout(epochs, about=schema.film(read_json(self.path / "layout.json")), **tensors)
        except (RunError, schema.SchemaError) as error:
            raise RunError(f"{error} Or delete {path}, and the film is worked out anew.") from error

    def weights(self, epoch: int | None = None) -> Tensors:
        """All parameters at a snapshot's epoch (by default the last), by name."""
        path = self.path / "epochs" / _file_name(self.snapshot(epoch))
        return read_tensors(path, self.parameter_shapes, "float32")[0]

    def decoder(self, epoch: int | None = None) -> tuple[list[Layer], Tensors]:
        """The decoder at a snapshot's epoch (by default the last): its layers as data, and its parameters by name."""
        weights = self.weights(epoch)
        return self.decoder_layers, {name: weights[name] for name in parameter_shapes(self.decoder_layers, "decoder")}

    def model(self, epoch: int | None = None, device: str = "cpu") -> BetaVAE:
        """The model as it was after `epoch` (by default the last snapshot), ready to encode and decode."""
        import torch  # only here: see the module's docstring

        from bvae.model import BetaVAE

        weights = self.weights(epoch)
        model = BetaVAE(self.config, self.image_shape)
        model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()}, strict=True)
        return model.requires_grad_(False).eval().to(device)

    @cached_property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter of the run's model."""
        return model_shapes(self.config, self.image_shape)


def model_shapes(config: Config, image_shape: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter of the model of a config, on images of a size.

    Raises:
        ConfigError: when they are more than a reader would take.
    """
    shapes = parameter_shapes(encoder_layers(config, image_shape), "encoder")
    shapes |= parameter_shapes(decoder_layers(config, image_shape), "decoder")
    if (count := sum(math.prod(shape) for shape in shapes.values())) > schema.MAX_PARAMETERS:
        raise ConfigError(
            f"The model would have {count:,} parameters on images of {image_shape[0]} × {image_shape[1]}, and "
            f"{schema.MAX_PARAMETERS:,} is the most. Choose fewer latent dimensions, or smaller images."
        )
    return shapes | ({"log_sigma": ()} if config.likelihood == "gaussian" else {})


_PER_IMAGE = ("labels", "indices")
_MAX_PROBE = schema.MAX_PROBE_BYTES + 16 * MAX_PROBE_IMAGES + _MAX_HEADER


def _file_name(epoch: int) -> str:
    return f"{epoch:04d}.safetensors"


def _epoch_of(file_name: str) -> int | None:
    """The inverse of `_file_name`, None for any other name."""
    match = re.fullmatch(r"([0-9]{4,9})\.safetensors", file_name)
    epoch = int(match[1]) if match else -1
    return epoch if _file_name(epoch) == file_name else None


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


def write_layout(path: Path, layout: Layout) -> None:
    """Write the film of a run, the frames before what is said of them."""
    tensors = {name: np.asarray(array) for name, array in layout._asdict().items() if name != "about"}
    write_tensors(path / "layout.safetensors", tensors)
    write_json(path / "layout.json", layout.about)


# Writing a run ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """What resuming needs: how far training came, in epochs and steps beyond, and every number that it carries."""

    epoch: int  # epochs completed
    step: int  # steps taken of the epoch after that
    seconds: float  # spent in that epoch so far
    tensors: Tensors
    record: dict[str, Any] | None  # the last epoch's line of history, which a kill may have kept from being written


def read_state(run: Run) -> State:
    """Where the training of a run was.

    Raises:
        RunError: when it is missing, damaged, or not of this run.
    """
    path = run.path / "state.safetensors"
    tensors, metadata = read_tensors(path, most=16 * schema.MAX_PARAMETERS + _MAX_HEADER)
    try:
        progress = schema.progress(schema.parse(metadata.get("progress", "")), run.config)
    except schema.SchemaError as error:
        raise RunError(f"{path} does not say how far the run is ({error}), so it cannot be continued.") from error
    weights = {name[8:]: array.shape for name, array in tensors.items() if name.startswith("weights/")}
    if weights != run.parameter_shapes:
        raise RunError(f"{path} does not fit the run's config, so the run cannot be continued.")
    return State(tensors=tensors, **progress)


class RunWriter:
    """The one process that may write a run. Use as a context manager: it holds the run's lock.

    Raises:
        RunError: when another process is writing the run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._status: dict[str, Any] = {}
        self._heartbeat = 0.0
        self._lock = filelock.FileLock(path / "lock")

    @classmethod
    def create(cls, path: Path, config: Config, details: Mapping[str, Any], probe: Probe) -> RunWriter:
        """Begin a new run in a folder that does not exist yet or is empty."""
        check_new_run(path)  # before the lock, which is a file itself
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"Cannot make the folder {path} ({error.strerror}).") from error
        writer = cls(path)
        with writer._locked_on_error():
            check_new_run(path)
            _remove_leftovers(path)
            # Here and nowhere else: a run that somebody moved away while it trains must not come back as a husk.
            for folder in ("epochs", "latents"):
                (path / folder).mkdir(exist_ok=True)
            writer.status("queued", epoch=0, step=0, epochs=config.epochs)
            write_tensors(path / "probe.safetensors", probe._asdict())
            command = config.command(str(path))
            write_json(
                path / "config.json", {"format": FORMAT, "config": config.to_dict(), "command": command, **details}
            )
        return writer

    @classmethod
    def resume(cls, path: Path) -> RunWriter:
        """Take up a run that exists, and change nothing of it yet."""
        Run(path)
        writer = cls(path)
        with writer._locked_on_error():
            _remove_leftovers(path)
        return writer

    def extend(self, config: Config) -> None:
        """Let a run go on with another config: its last epoch or its device. The command tells of both parts."""
        run = Run(self.path)
        before, now = run.config.to_dict(), config.to_dict()
        if before == now:
            return
        run.details.setdefault("begun", {name: before[name] for name in RESUMABLE})
        changed = {name: now[name] for name in RESUMABLE if now[name] != before[name]}
        run.details.setdefault("resumed", []).append(changed)
        run.config = config
        write_json(self.path / "config.json", run.record())

    @contextlib.contextmanager
    def _locked_on_error(self) -> Iterator[None]:
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            raise RunError(f"Another trainer is writing the run {self.path}. Wait for it, or stop it first.") from None
        except OSError as error:
            raise RunError(f"Cannot lock the run {self.path} ({error.strerror}).") from error
        try:
            yield
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def status(self, state: str, **values: Any) -> None:
        """Say how the run is: state, and epoch, step, error as they apply."""
        self._status = {"state": state, "pid": os.getpid(), "host": socket.gethostname(), **values}
        self._write_status()

    def beat(self, **values: Any) -> None:
        """Renew the heartbeat, at most every few seconds, with the progress made."""
        if time.time() - self._heartbeat > HEARTBEAT_SECONDS:
            self._status |= values
            self._write_status()

    def _write_status(self) -> None:
        self._heartbeat = time.time()
        write_json(self.path / "status.json", self._status | {"heartbeat": self._heartbeat})

    def save_state(self, state: State) -> None:
        """Record where training is, so that `load_state` in a later process continues from here."""
        metadata = {"epoch": state.epoch, "step": state.step, "seconds": state.seconds, "record": state.record}
        write_tensors(self.path / "state.safetensors", state.tensors, {"progress": json.dumps(metadata)})

    def load_state(self) -> State | None:
        """Where training was, or None if it had not come to a first save. Brings the history in line with it."""
        if not (self.path / "state.safetensors").exists():
            if Run(self.path).history():
                raise RunError(
                    f"{self.path / 'state.safetensors'} is missing, so the run cannot be continued. Copy it from where "
                    "the run was trained, or begin a new run."
                )
            return None
        run = Run(self.path)
        state = read_state(run)
        # The state is saved before the history: a kill between the two leaves the history one line short.
        history = [record for record in run.history() if record["epoch"] <= state.epoch]
        if state.record is not None and (not history or history[-1]["epoch"] < state.epoch):
            history.append(state.record)
        self._write_history(history)
        return state

    def save_epoch(self, state: State, weights: Tensors, latents: Latents, keep: list[int]) -> None:
        """Write all that an epoch leaves: snapshot, latents, state, history; then drop snapshots not in `keep`.

        The order is what makes a kill at any moment harmless: the state says how far the run is, and everything that
        it needs is there before it is written.
        """
        assert state.record is not None
        # A reader goes by the names in epochs/, so what belongs to one is there before it and goes after it.
        write_tensors(self.path / "latents" / _file_name(state.epoch), latents._asdict())
        write_tensors(self.path / "epochs" / _file_name(state.epoch), weights)
        self.save_state(state)
        self._write_history([*Run(self.path).history(), state.record])
        self.thin(state.epoch, keep)

    def save_only_epoch(self, record: dict[str, Any], weights: Tensors, latents: Latents) -> None:
        """Write the one epoch, 0, of a run that is made of weights alone. It has no state, so it cannot be resumed."""
        write_tensors(self.path / "latents" / _file_name(0), latents._asdict())
        write_tensors(self.path / "epochs" / _file_name(0), weights)
        self._write_history([record])

    def thin(self, last: int, keep: list[int]) -> None:
        """Drop the snapshots before epoch `last` that are not in `keep`."""
        for kind in ("epochs", "latents"):
            for path in self.path.glob(f"{kind}/*.safetensors"):
                epoch = _epoch_of(path.name)
                if epoch is not None and epoch < last and epoch not in keep:
                    path.unlink(missing_ok=True)

    def _write_history(self, records: list[dict[str, Any]]) -> None:
        lines = [json.dumps(record) + "\n" for record in records]
        write_bytes(self.path / "history.jsonl", "".join(lines).encode())


def check_new_run(path: Path) -> None:
    """See whether a new run may begin at a path, and change nothing.

    Raises:
        RunError: when the last part is no run's name, or the folder is there and not empty.
    """
    if ".." in path.parts:
        raise RunError(f"{path} contains '..'. Give the run's folder without it: runs/NAME, or a whole path.")
    check_run_name(path.name)
    # What a trainer leaves that was killed before it wrote its config is no run, and is no obstacle.
    ours = {"lock", "probe.safetensors", "status.json", "epochs", "latents"}
    others = sorted(item.name for item in path.iterdir() if item not in _leftovers(path)) if path.is_dir() else []
    if "config.json" in others:
        raise RunError(f"The run {path} exists already. Continue it with --resume, or choose another name.")
    if others := [name for name in others if name not in ours]:
        raise RunError(f"{path} is a folder with other files in it ({others[0]}). Choose another name for the run.")


def _leftovers(path: Path) -> list[Path]:
    return list(path.rglob(".*.tmp"))


def _remove_leftovers(path: Path) -> None:
    for leftover in _leftovers(path):
        leftover.unlink(missing_ok=True)


__all__ = [
    "Latents",
    "Layout",
    "Probe",
    "Run",
    "RunError",
    "RunWriter",
    "State",
    "check_new_run",
    "check_run_name",
    "find_run",
    "folders_in",
    "folders_searched",
    "is_run_file",
    "list_runs",
    "own_folder",
    "read_tensors",
    "run_argument",
    "run_files",
    "run_folders",
    "write_layout",
    "write_tensors",
]  # fmt: skip
