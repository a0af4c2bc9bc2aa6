"""A run as one zip file, and weights with their config: written, and taken in after checks.

What comes in is taken for hostile. A zip is judged by its list of contents before anything is unpacked, unpacked into a
folder of its own beside the runs while the bytes are counted, opened there as a run with every file of it read, and
only then renamed to its place. Whatever is refused leaves nothing behind, and no run is ever overwritten. Imports torch
only to measure weights that come without a run.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import stat
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from bvae.config import Config, ConfigError, propose_name
from bvae.foreign import Contents, complete, contents, read
from bvae.kinds import DAMAGED_ZIP, JSON, PICKLE, RUN, SAFETENSORS, UNREADABLE, ZIP, Kind, ShortReads, recognise
from bvae.runs import (
    FORMAT,
    OTHER_EPOCHS,
    UNFINISHED,
    UNSAFE_SUFFIXES,
    Run,
    RunError,
    RunWriter,
    Tensors,
    files,
    folders_in,
    is_reserved,
    is_run_file,
    model_shapes,
    own_folder,
    read_state,
    remove_unfinished,
    run_files,
    run_folders,
    schema,
    write_config,
    write_status,
)
from bvae.unfinished import hidden_folder

MAX_UNPACKED = 2**30  # bytes of all files together
MAX_ENTRIES = 2_000
MAX_RATIO = 100  # unpacked to packed, of a file that is large enough to matter
RATIO_FROM = 2**20  # bytes

# What desktops put into a zip file beside what they were asked to.
_NOISE = re.compile(r"__MACOSX/.*|(.*/)?(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini|\.[^/]*\.tmp)")
_CHUNK = 2**16
_WEIGHTS = "weights.safetensors"
_ASKED_RUN = "Here goes a run as one zip file, as the Load page and `pack` write it."
_ASKED_CONFIG = "It is no config of this program: here goes a run’s config.json, or its settings alone as JSON."

CONVERT = """import safetensors.torch, torch
state = torch.load("model.pt", weights_only=True)  # or the part of it that holds the weights
safetensors.torch.save_file({name: value.float().contiguous() for name, value in state.items()}, "model.safetensors")"""


class TakenIn(NamedTuple):
    """A run that came in."""

    run: Run
    wanted: str  # the name that it came with; the run has another where this was taken, or can name no run

    def renaming(self) -> str:
        """Why the run has another name than it came with, in a sentence; empty where it has not."""
        if self.run.name == self.wanted:
            return ""
        clean = clean_name(self.wanted)
        taken = "" if self.run.name == clean else f"There is a {clean} already, which stays as it is. "
        if clean == self.wanted:
            return taken.strip()
        shown = self.wanted if len(self.wanted) <= 60 else f"{self.wanted[:60]}…"
        return f"{taken}“{shown}” cannot name a run here, so its name is now {self.run.name}."


class PickleError(RunError):
    """A file that can run any program when it is opened. `CONVERT` is what its owner can do about it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is a pickle (a PyTorch checkpoint is one), which can run any program when it is opened, so it is "
            "not opened here. Convert it where you trust it, and give the safetensors file with its config:"
        )


# Out -------------------------------------------------------------------------------------------------------------


def pack_run(run: Run, target: IO[bytes], *, resumable: bool = True) -> None:
    """Write a run as a zip file with one top folder. A run in training is packed as it was at its last epoch.

    Args:
        run: the run.
        target: where the zip file goes; it need not be held in memory.
        resumable: with the state that resuming needs, about three times one snapshot.

    Raises:
        RunError: when the run cannot be read.
    """
    # A trainer may be writing. What says how far the run is comes first, and nothing that is later is packed: the state
    # is never ahead of the history, nor a snapshot of what its history tells.
    state = _content(run.path / files.STATE) if resumable else None
    last = len(run.history()) - 1
    history = _content(run.path / files.HISTORY) or b""
    status = _settled(run.status, last, run.config.epochs)
    there = {path.relative_to(run.path).as_posix() for path in run_files(run.path)}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:

        def add(name: str, content: bytes | None, method: int = zipfile.ZIP_DEFLATED) -> None:
            if content is not None:
                file.writestr(f"{run.name}/{name}", content, method)

        add(files.STATUS, files.json_bytes(status))
        add(files.HISTORY, history)
        add(files.STATE, state, zipfile.ZIP_STORED)  # weights hardly compress, and it costs seconds
        written = (files.STATUS, files.HISTORY, files.STATE, files.MEASURING, files.LOCK, files.METRICS_LOCK)
        for name in sorted(name for name in there if "/" not in name and name not in written):
            add(name, _content(run.path / name))
        for epoch in (epoch for epoch in run.epochs() if epoch <= last):
            pair = {name: _content(run.path / name) for name in files.snapshot_files(epoch) if name in there}
            if len(pair) == 2 and None not in pair.values():  # else thinned at this moment
                for name, content in pair.items():
                    add(name, content, zipfile.ZIP_STORED)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}).") from error


def _settled(read: Callable[[], dict[str, Any]], epoch: int, epochs: int) -> dict[str, Any]:
    """A status, as it is read, of a run that no process of this machine trains."""
    try:
        status = read()
    except RunError:
        status = {}
    state = status.get("state")
    if state in (None, "queued", "running"):
        state = "finished" if epoch >= epochs else "stopped"
    settled = {"state": state, "epoch": max(0, epoch), "step": 0, "epochs": epochs}
    if state == "failed":
        settled["error"] = str(status.get("error") or "")[:500]
    return settled


# In: a zip file --------------------------------------------------------------------------------------------------


def import_run(file: IO[bytes], name: str, folder: Path | None = None) -> TakenIn:
    """Take in a run from a zip file.

    Args:
        file: the zip file, which can be read at any place.
        name: what it is called. The run's name comes from the top folder in it, or else from this.
        folder: where runs are kept; by default `own_folder`.

    Returns:
        The run, under its own name or the next free one.

    Raises:
        PickleError: when it is a pickle.
        RunError: when it is unsafe, damaged or no run, with the reason. Nothing of it is left then.
    """
    folder = own_folder() if folder is None else folder
    _expect(file, name, RUN, ZIP, DAMAGED_ZIP, asked=_ASKED_RUN)
    with contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(zipfile.ZipFile(ShortReads(file)))
            top, entries = _judge(opened, name)
            place = stack.enter_context(_beside(folder, sum(entry.file_size for entry in entries.values())))
            wanted = top.rpartition("/")[2] or PurePosixPath(name).stem
            path = place / free_name(clean_name(wanted), folder)
            for inside, entry in entries.items():
                _unpack(opened, entry, path / inside)
        except UNREADABLE as error:
            raise RunError(f"{name} is cut short or damaged ({error}). Make it again, or send it again.") from error
        return TakenIn(_take_in(path, folder, name), wanted)


def _expect(file: IO[bytes], name: str, *kinds: Kind, asked: str) -> None:
    """See whether a file is of one of the kinds that are asked for, by its content.

    Raises:
        PickleError: when it is a pickle.
        RunError: when it is of another kind, with what it is and where that belongs.
    """
    kind = recognise(file, name)
    file.seek(0)
    if kind is PICKLE:
        raise PickleError(name)
    if kind not in kinds:
        raise RunError(" ".join(filter(None, (f"{name} is {kind.what}. {asked}", kind.where))))


def _judge(opened: zipfile.ZipFile, name: str) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    """Look at the list of contents alone: the run's folder, at any depth, and the entry of each file below it.

    Raises:
        RunError: for whatever no run's zip file has.
    """
    entries: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for entry in opened.infolist():
        # As it was written: zipfile cuts a name at a zero byte. Old tools of Windows write its separators.
        inside = entry.orig_filename.replace("\\", "/")
        shown = repr(entry.orig_filename[:80])
        if len(entries) == MAX_ENTRIES:
            raise RunError(f"{name} holds more than {MAX_ENTRIES:,} files. No run has so many.")
        if ":" in inside or not inside.isprintable() or inside.startswith("/"):
            raise RunError(f"{name} was refused: {shown} is no path inside a folder. Nothing was unpacked.")
        inside = re.sub(r"(?<![^/])\./", "", inside)  # some tools begin every name with "./"
        if not inside and entry.orig_filename:
            continue
        if {"", ".", ".."} & set(inside.removesuffix("/").split("/")):
            raise RunError(f"{name} was refused: {shown} leads out of its folder. Nothing was unpacked.")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise RunError(f"{name} was refused: {shown} is a link or a device, not a file. Nothing was unpacked.")
        if inside.endswith("/") or _NOISE.fullmatch(inside):
            continue
        if inside.lower().endswith(UNSAFE_SUFFIXES):
            raise PickleError(name if inside.endswith("data.pkl") else f"{shown} in {name}")
        if entry.flag_bits & 0x2041:
            raise RunError(f"{name} is encrypted. Make the zip file again without a password.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RunError(f"{name} is compressed in an unusual way. Make the zip file again with the method Deflate.")
        if inside.casefold() in seen:
            raise RunError(f"{name} was refused: it holds {shown} twice. Nothing was unpacked.")
        entries[inside] = entry
        seen.add(inside.casefold())
    top = _run_folder(entries, name)
    _weigh(entries, opened, name)
    start = f"{top}/" if top else ""
    below = {inside.removeprefix(start): entry for inside, entry in entries.items() if inside.startswith(start)}
    others = [inside for inside in entries if not inside.startswith(start)]
    if unknown := [*others, *(inside for inside in below if not is_run_file(inside))]:
        raise RunError(
            f"{name} holds {unknown[0][:80]!r}, which is no part of a run. Put only the run's own folder into it."
        )
    return top, {inside: entry for inside, entry in below.items() if inside != files.LOCK}


def _run_folder(entries: dict[str, zipfile.ZipInfo], name: str) -> str:
    runs = [inside for inside in entries if inside.rpartition("/")[2] == files.CONFIG]
    if not runs:
        raise RunError(f"{name} has no config.json, so it is not a run. Put a run's whole folder into the zip file.")
    if len(runs) > 1:
        raise RunError(f"{name} holds {len(runs)} runs. Give them one at a time.")
    return runs[0].rpartition("/")[0]


def _weigh(entries: dict[str, zipfile.ZipInfo], opened: zipfile.ZipFile, name: str) -> None:
    assert opened.fp is not None
    unpacked, packed = sum(entry.file_size for entry in entries.values()), opened.fp.seek(0, os.SEEK_END)
    if unpacked > MAX_UNPACKED:
        raise RunError(
            f"{name} would unpack to {spoken_size(unpacked)}, and at most {spoken_size(MAX_UNPACKED)} are taken. "
            "Nothing was unpacked."
        )
    # Entries may share their packed bytes, so the whole is weighed as well.
    for large, small in [(unpacked, packed), *((entry.file_size, entry.compress_size) for entry in entries.values())]:
        if large > RATIO_FROM and large > MAX_RATIO * small:
            raise RunError(
                f"{name} was refused: it would unpack to more than {MAX_RATIO} times its size, and a run's numbers do "
                "not compress like that. Nothing was unpacked."
            )
    for inside, entry in entries.items():
        most = {".json": schema.MAX_JSON, ".jsonl": schema.MAX_HISTORY}.get(PurePosixPath(inside).suffix, MAX_UNPACKED)
        if entry.file_size > most:
            raise RunError(f"{name} holds {inside[-80:]!r} of more than {spoken_size(most)}. No run has such a one.")


def _unpack(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with opened.open(entry) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile(f"{entry.filename[:80]!r} is longer than it says")
            target.write(chunk)
    if left:
        raise zipfile.BadZipFile(f"{entry.filename[:80]!r} ends early")


# In: weights with their config -----------------------------------------------------------------------------------


def import_weights(
    weights: IO[bytes], weights_name: str, config: IO[bytes], config_name: str, folder: Path | None = None
) -> TakenIn:
    """Make a run with one snapshot of weights and their config, measured on the images that the config names.

    Nothing tells how long such weights were trained, so the snapshot stands at epoch 0, and cannot be trained further.

    Args:
        weights: a safetensors file of all parameters, by the names that `Run.weights` gives them or as `foreign.py`
            knows them. What was changed of them is said in the run's `details["changes"]`.
        config: a run's config.json, or the fields of a `Config` as a JSON object; left-out fields are what the weights
            tell, or else their defaults.
        weights_name, config_name: what the two files are called.
        folder: where runs are kept; by default `own_folder`.

    Raises:
        PickleError: when the weights are a pickle.
        RunError: when either file is damaged or they do not fit each other. Nothing is left then.
    """
    folder = own_folder() if folder is None else folder
    _expect(weights, weights_name, SAFETENSORS, asked="Here goes a safetensors file of weights.")
    _expect(config, config_name, JSON, asked=_ASKED_CONFIG)
    values, image_shape = _settings(config, config_name)
    length = weights.seek(0, os.SEEK_END)
    weights.seek(0)
    with _beside(folder, length + 2**26) as place:
        file = place / _WEIGHTS
        with file.open("xb") as target:
            shutil.copyfileobj(weights, target, _CHUNK)
        found = contents(file, weights_name)
        try:
            settings, told = complete(values, found)
        except ConfigError as error:
            raise RunError(f"{config_name} does not fit the weights: {error}") from error
        stem = PurePosixPath(weights_name).stem
        # A snapshot is called after its epoch, which names no run.
        named = re.search("[A-Za-z]", stem)
        wanted = stem if named else propose_name(settings)
        path = place / free_name(clean_name(wanted), folder)
        if image_shape is not None:
            _read_weights(file, found, settings, image_shape, weights_name)  # before the images are read
        _measure(file, found, path, settings, image_shape, weights_name, [*found.changes, *told])
        return TakenIn(_take_in(path, folder, weights_name), wanted)


def _settings(file: IO[bytes], name: str) -> tuple[dict[str, Any], tuple[int, int] | None]:
    """The fields of a config that a file gives, and the size of its images where the file says it."""
    file.seek(0)
    try:
        record = schema.parse(file.read(schema.MAX_JSON).decode())
        if not isinstance(record, dict):
            raise ValueError("it is no JSON object")
        image_shape = None
        if isinstance(record.get("config"), dict):
            if record.get("format") != FORMAT:
                raise RunError(f"{name} was written by another version of this program, which this one cannot read.")
            height, width = schema.image_shape(record["image_shape"])
            image_shape = height, width
            record = record["config"]
        Config.from_dict(record)
        return record, image_shape
    except ConfigError as error:
        raise RunError(f"{name} is no config of this program: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{name} is no config of this program ({error}). Give the run's config.json.") from error


def _read_weights(file: Path, found: Contents, config: Config, image_shape: tuple[int, int], name: str) -> Tensors:
    try:
        shapes = model_shapes(config, image_shape)
    except ConfigError as error:
        raise RunError(f"The config does not fit its images: {error}") from error
    return read(file, name, found, shapes, config.network)


def _measure(
    file: Path,
    found: Contents,
    path: Path,
    config: Config,
    image_shape: tuple[int, int] | None,
    name: str,
    changes: list[str],
) -> None:
    """Write a run at `path`, made of the weights in `file`; it tells what was changed of them."""
    import torch  # only here: see the module's docstring

    from bvae.data import DataError, load_dataset
    from bvae.model import BetaVAE
    from bvae.objective import evaluate
    from bvae.training import encode_probe, history_record, probe_set, run_details

    try:
        dataset = load_dataset(config.dataset, limit=config.dataset_limit, progress=False)
    except DataError as error:
        raise RunError(str(error)) from error
    if image_shape not in (None, dataset.image_shape):
        height, width = dataset.image_shape
        told = " × ".join(map(str, image_shape or ()))
        raise RunError(f"The config tells of images of {told}, and those of {dataset.name} are {height} × {width}.")
    arrays = _read_weights(file, found, config, dataset.image_shape, name)
    model = BetaVAE(config, dataset.image_shape)
    model.load_state_dict({part: torch.from_numpy(array) for part, array in arrays.items()}, strict=True)
    model.requires_grad_(False).eval()
    started = time.perf_counter()
    # Of the training images no more than a measure needs: the whole split would take six times as long.
    train, test = (evaluate(model, images.pixels[:10_000], config.seed) for images in (dataset.train, dataset.test))
    step = config.beta_warmup_steps + config.capacity_steps  # where β and C are at their last values
    if not all(math.isfinite(split.elbo) for split in (train, test)):
        raise RunError(f"{name} was refused: with these weights, the loss of the test images is no finite number.")
    probe = probe_set(dataset, config)
    latents = encode_probe(model, torch.from_numpy(probe.images))
    record = history_record(config, epoch=0, step=step, start=started, learning_rate=0.0, train=train, test=test)
    details = run_details(dataset, model) | {"imported": True} | ({"changes": changes} if changes else {})
    with RunWriter.create(path, config, details, probe) as writer:
        writer.save_only_epoch(record, arrays, latents)
        writer.status("finished", epoch=0, step=0, epochs=config.epochs)


# In: both --------------------------------------------------------------------------------------------------------


def clean_name(text: str) -> str:
    """A text as far as the name of a run can be that; see `check_run_name`. Letters lose their accents."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.+=-]+", "-", letters).lstrip(".-")[:90].rstrip(".") or "run"
    return f"run-{name}" if is_reserved(name) else name


def free_name(name: str, folder: Path) -> str:
    """A name that no run has yet, in `folder` or among all: `name`, with a number if it is taken."""
    taken = {path.name.casefold() for place in {*run_folders(), folder} for path in folders_in(place)}
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name}-{number}"
    return free


@contextlib.contextmanager
def _beside(folder: Path, needed: int) -> Iterator[Path]:
    """A hidden folder beside the runs, so that what is in it can be renamed to be one; gone in the end."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder)
        if shutil.disk_usage(folder).free < needed:
            raise RunError(
                f"There is no room in {folder}: the run needs {spoken_size(needed)}. Make room, and try again."
            )
        with hidden_folder(folder, UNFINISHED) as place:
            yield place
    except OSError as error:
        raise RunError(f"Cannot write to {folder} ({error.strerror}). Make room or mend its permissions.") from error


def _take_in(path: Path, folder: Path, name: str) -> Run:
    """Read all of a run in a hidden folder as the pages will, and put it in its place."""
    try:
        run = Run(path)
        _check_whole(run)
    except RunError as error:
        raise RunError(f"{name} was refused: {_told(error, path, 'it')}") from error
    write_status(path, _settled(run.status_as_written, run.epochs()[-1], run.config.epochs))
    for attempt in range(10):
        place = folder / (path.name if attempt == 0 else free_name(path.name, folder))
        write_config(run, place)
        try:
            os.rename(path, place)
            return Run(place)
        except OSError:
            if not place.exists():  # else another has taken the name at this moment
                raise
    raise RunError(f"{name} found no free name in {folder}.")


def _check_whole(run: Run) -> None:
    history, epochs, images = run.history(), run.epochs(), len(run.probe().images)
    if not epochs:
        raise RunError("it has no snapshot, so there is nothing to look at.")
    if len(epochs) > schema.MAX_SNAPSHOTS:
        raise RunError(f"it has {len(epochs):,} snapshots, and {schema.MAX_SNAPSHOTS:,} is the most.")
    if epochs[-1] >= len(history):
        raise RunError(f"history.jsonl does not tell of epoch {epochs[-1]}, of which there is a snapshot.")
    for epoch in epochs:
        run.weights(epoch)
        if len(run.latents(epoch).mean) != images:
            raise RunError(f"the latents of epoch {epoch} are not of the {images:,} images of its probe set.")
    run.metrics()
    run.names()
    if (film := run.film()) and film.kept.shape[1] != images:
        raise RunError(f"its film is not of the {images:,} images of its probe set.")
    if run.state_bytes is not None:
        try:
            read_state(run)
        except RunError as error:
            raise RunError(f"{error} Make the zip file again without it.") from error


def _told(error: RunError, path: Path, name: str) -> str:
    """An error's message without the place of the hidden folder, which will be gone."""
    return str(error).replace(f"{path}/", "").replace(str(path), name).replace(OTHER_EPOCHS, "")


def spoken_size(count: int) -> str:
    """A number of bytes as a person reads it: "22 MB"."""
    for unit, bytes_each in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= bytes_each:
            return f"{count / bytes_each:.3g} {unit}"
    return f"{count} bytes"
