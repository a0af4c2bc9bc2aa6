"""A run as it is read. Damage in one of its files is told by what meets it, and the rest can be read all the same."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import safetensors

from bvae.config import MAX_LATENTS, MAX_PROBE_IMAGES, Config, ConfigError, flag
from bvae.network import Layer, decoder_layers, encoder_layers, parameter_shapes
from bvae.runs import files, schema
from bvae.runs.files import (
    FORMAT,
    MAX_HEADER,
    OTHER_EPOCHS,
    UNSAFE_SUFFIXES,
    RunError,
    Tensors,
    read_json,
    read_tensors,
)
from bvae.runs.folders import locate, names_file
from bvae.runs.record import Epoch
from bvae.runs.writers import writer_lives

if TYPE_CHECKING:
    from bvae.model import BetaVAE

_PER_IMAGE = ("labels", "indices")
_MOST_FACTORS = 16
_MAX_PROBE = schema.MAX_PROBE_BYTES + 16 * MAX_PROBE_IMAGES + MAX_HEADER


class Latents(NamedTuple):
    """q(z|x) of the P probe images at one epoch."""

    mean: np.ndarray  # (P, D) float32
    log_variance: np.ndarray  # (P, D) float32


class Probe(NamedTuple):
    """The test images whose latents are followed."""

    images: np.ndarray  # (P, H, W) uint8
    labels: np.ndarray  # (P,) int64
    indices: np.ndarray  # (P,) int64, positions in the test split


class Film(NamedTuple):
    """The film of latent space, of E snapshots."""

    epochs: list[int]
    positions: np.ndarray  # (E, P, 2) float32, in the units of UMAP
    kept: np.ndarray  # (E, P) float32, share of its neighbours that an image kept since the epoch before
    # These come last, so that while the film is worked out they may be of the first few epochs only.
    reconstruction: np.ndarray  # (R, P) float32 nats, see metrics/bound.py
    independent: np.ndarray  # (F, P, 2) float32, each epoch's own UMAP
    about: dict[str, Any]  # layout.json; see film.py


class Run:
    """A run to be read: `Run("mnist-beta4").model(epoch=10).encode(images)`.

    Args:
        path: its folder; a text can also be its bare name among `run_folders`.

    Raises:
        RunError: when the folder is not a run. Damage elsewhere in it is reported by what meets it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = locate(path) if isinstance(path, str) else path
        if self.path.suffix in UNSAFE_SUFFIXES and self.path.is_file():
            raise RunError(
                f"{self.path.name} is a pickle, which can run any program when it is opened, so it is not. A run is a "
                "folder of JSON and safetensors files: train one with `python -m bvae train`."
            )
        if not self.path.is_dir():
            raise RunError(f"There is no run at {self.path}. `python -m bvae runs` lists what there is.")
        record = read_json(self.path / files.CONFIG)
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
            raise RunError(f"{self.path / files.CONFIG} does not describe a run ({error}).") from error

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
        status = self.status_as_written()
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

    def status_as_written(self) -> dict[str, Any]:
        """What the run's writer said of it last, whether or not it still lives.

        Raises:
            RunError: when that is missing or damaged.
        """
        try:
            return schema.status(read_json(self.path / files.STATUS))
        except schema.SchemaError as error:
            raise RunError(
                f"{self.path / files.STATUS} does not say how the run is ({error}). Resume the run, and it will."
            ) from error

    def status_or_finished(self) -> dict[str, Any]:
        """`status`; a run that cannot say it is nobody's, and taken for finished, as far as it is."""
        try:
            return self.status()
        except RunError:
            return {"state": "finished"}

    @property
    def training(self) -> bool:
        """Whether the run will have more epochs: a trainer is at work on it, or about to be."""
        return self.status_or_finished()["state"] in ("queued", "running")

    def _recorded(self) -> int:
        """The last epoch of the history, −1 before the first."""
        try:
            return files.read_text(self.path / files.HISTORY, schema.MAX_HISTORY).count("\n") - 1
        except (OSError, RunError, ValueError):  # whoever reads the history is told
            return -1

    @property
    def imported(self) -> bool:
        """Whether it was made of weights alone, trained elsewhere. Its only snapshot then stands at epoch 0."""
        return self.details.get("imported") is True

    def history(self) -> list[Epoch]:
        """One record an epoch, from epoch 0; empty before the first."""
        path = self.path / files.HISTORY
        try:
            files.check_plain(path, schema.MAX_HISTORY)
            with path.open(encoding="utf-8") as lines:
                return [Epoch(record) for record in schema.history(lines, self.config)]
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise RunError(f"{path} is damaged ({error}). Copy it again from where the run was trained.") from error

    def figures(self, epoch: int | None = None) -> Epoch | None:
        """The record of one epoch (by default the last), read without the others; None where there is none of it.

        Raises:
            RunError: when it is damaged.
        """
        path = self.path / files.HISTORY
        try:
            lines = files.read_text(path, schema.MAX_HISTORY).split("\n")[:-1]
            place = len(lines) - 1 if epoch is None else epoch
            return Epoch(schema.history_line(lines[place], place, self.config)) if 0 <= place < len(lines) else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunError(f"{path} is damaged ({error}). Copy it again from where the run was trained.") from error

    def epochs(self) -> list[int]:
        """Epochs of which there is a snapshot, in order."""
        return sorted(files.snapshots(self.path))

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
        status = self.status_or_finished()
        if status["state"] == "failed":
            return f"{self.name} failed before its first snapshot: {status.get('error') or 'it gave no reason.'}"
        then = {
            "queued": "It waits to be trained.",
            "running": "Its first appears within seconds of the start of training.",
        }.get(status["state"], "Continue its training, and there will be one.")
        return f"{self.name} has no snapshot yet. {then}"

    def version(self) -> str:
        """A text that changes whenever a file that `history`, `probe`, `weights` or `latents` reads does."""
        read = [self.path / files.HISTORY, self.path / files.PROBE, *self.path.glob("*/*.safetensors")]
        # Of one that a trainer thins away at this moment there is none.
        stamps = [f"{path} {found}" for path in sorted(read) if (found := files.stamp(path))]
        return hashlib.sha256("\n".join(stamps).encode()).hexdigest()

    def identity(self) -> int:
        """A number that changes when another run takes this one's place, and when it is resumed to other epochs.

        Raises:
            OSError: when the run is gone.
        """
        return (self.path / files.CONFIG).stat().st_mtime_ns

    def history_stamp(self) -> tuple[int, int, int] | None:
        """What changes whenever the history does, its bytes last; None where there is none."""
        return files.stamp(self.path / files.HISTORY)

    def snapshot_stamp(self, epoch: int) -> tuple[int, int, int] | None:
        """What changes whenever the weights of an epoch do; None where there are none, or not any more."""
        return files.stamp(self._weights_file(epoch))

    def film_stamp(self) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
        """What changes whenever the film does; None before there is one."""
        found = files.stamp(self.path / files.FILM), files.stamp(self.path / files.FILM_ABOUT)
        return None if found[0] is None or found[1] is None else (found[0], found[1])

    @property
    def state_bytes(self) -> int | None:
        """How large the file is that resuming needs; None where the run has none."""
        found = files.stamp(self.path / files.STATE)
        return found[2] if found else None

    @property
    def resumable(self) -> bool:
        """Whether the run can go on. One that came in without its state has a history and cannot; one that was killed
        at once has neither, and begins anew."""
        return self.state_bytes is not None or self.history_stamp() is None

    def metrics(self) -> dict[str, Any] | None:
        """What was measured of the run, by this program and by others, as they wrote it; None where nothing was.

        Raises:
            RunError: when that is no JSON object.
        """
        path = self.path / files.METRICS
        return read_json(path, schema.MAX_METRICS) if path.exists() else None

    def measured(self) -> dict[int, dict[str, Any]]:
        """What was measured of the run, a record by epoch; see metrics/measuring.py. Empty before that, and where it is
        of other images than the run's.

        Raises:
            RunError: when that is damaged.
        """
        try:
            found = schema.metrics(self.metrics() or {})
        except schema.SchemaError as error:
            raise RunError(
                f"{self.path / files.METRICS} does not hold what was measured of a run ({error}). Remove it, and "
                "measure the run anew."
            ) from error
        of_others = self.images_hash and found.get("data") not in (None, self.images_hash)
        return {} if of_others else found["epochs"]

    @property
    def images_hash(self) -> str | None:
        """The SHA-256 of the images that the run was trained with; None where it does not say."""
        told: str | None = self.details.get("data", {}).get("sha256")
        return told

    def measuring(self) -> dict[str, Any] | None:
        """How far the process is that measures the run, as it wrote it; None where none is at work or failed.

        Raises:
            RunError: when that is damaged.
        """
        path = self.path / files.MEASURING
        if not path.exists():
            return None
        try:
            return schema.measuring(read_json(path))
        except schema.SchemaError as error:
            raise RunError(f"{path} does not say how far the measuring is ({error}). Remove it.") from error

    def names(self) -> dict[int, str]:
        """What a person calls the latent dimensions, by their numbers; empty where nobody has named any.

        Raises:
            RunError: when that is damaged.
        """
        path = names_file(self.path)
        if not path.exists():
            return {}
        try:
            return schema.names(read_json(path), self.config.latent_dim)
        except schema.SchemaError as error:
            raise RunError(
                f"{path} does not hold names of dimensions ({error}). Remove it, and name them anew."
            ) from error

    def called(self, epoch: int) -> list[str]:
        """Each latent dimension as a caption speaks of it: "z3 · slant", or "z3" where it has no name at an epoch.

        A name that a person gave comes before the measured one. Names that cannot be read are none.
        """
        names: dict[int, str] = {}
        with contextlib.suppress(RunError):
            names = schema.measured_names(self.metrics(), epoch, self.config.latent_dim)
        with contextlib.suppress(RunError):
            names |= self.names()
        return [f"z{j} · {names[j]}" if j in names else f"z{j}" for j in range(self.config.latent_dim)]

    def meaning_stamp(self) -> tuple[tuple[int, int, int] | None, tuple[int, int, int] | None]:
        """What changes whenever `metrics` or `names` do."""
        return files.stamp(self.path / files.METRICS), files.stamp(names_file(self.path))

    def probe(self) -> Probe:
        """The test images that are followed through the epochs, with their labels and positions in the test split."""
        tensors, _ = read_tensors(self.path / files.PROBE, most=_MAX_PROBE)
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
            raise RunError(f"{self.path / files.PROBE} does not hold the images of a probe set of this run.")
        return Probe(**tensors)

    def latents(self, epoch: int | None = None) -> Latents:
        """Mean and log-variance of every probe image at a snapshot's epoch (by default the last)."""
        path = self._latents_file(self.snapshot(epoch))
        tensors, _ = read_tensors(path, dtype="float32", most=8 * MAX_LATENTS + MAX_HEADER, half=True)
        shapes = {array.shape for array in tensors.values()}
        if set(tensors) != {*Latents._fields} or len(shapes) != 1 or shapes.pop()[1:] != (self.config.latent_dim,):
            raise RunError(f"{path} does not hold latents of {self.config.latent_dim} dimensions.")
        latents = Latents(**tensors)
        # Within these, a KL and a standard deviation are numbers that a float32 holds.
        if latents.mean.size and not (np.abs(latents.mean).max() < 1e6 and np.abs(latents.log_variance).max() < 80):
            raise RunError(f"{path} holds means or variances that no encoder gives{OTHER_EPOCHS}.")
        return latents

    def factors(self) -> Tensors | None:
        """What was measured on each probe image itself, arrays (P,) float32 by the names in `factors.FACTORS`, or None.

        Raises:
            RunError: when it is damaged, or not of this run.
        """
        path = self.path / files.FACTORS
        if not path.exists():
            return None
        count = len(self.probe().labels)
        tensors, _ = read_tensors(path, dtype="float32", most=4 * _MOST_FACTORS * count + MAX_HEADER)
        names_hold = all(re.fullmatch(r"[a-z]{1,20}", name) for name in tensors)
        if not (names_hold and len(tensors) <= _MOST_FACTORS and {a.shape for a in tensors.values()} <= {(count,)}):
            raise RunError(f"{path} does not hold what was measured on {count} images. Delete it, and measure anew.")
        return tensors

    def factors_stamp(self) -> tuple[int, int, int] | None:
        """What changes whenever `factors` does; None where there are none."""
        return files.stamp(self.path / files.FACTORS)

    def film(self) -> Film | None:
        """The film of latent space as far as it is worked out, None before that.

        Raises:
            RunError: when it is damaged, or not of this run.
        """
        path = self.path / files.FILM
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
            return Film(epochs, about=self._film_about(), **tensors)
        except (RunError, schema.SchemaError) as error:
            raise RunError(f"{error} Or delete {path}, and the film is worked out anew.") from error

    def film_about(self) -> dict[str, Any] | None:
        """How far the film is and what was measured of it, see film.py; None before it is begun.

        Raises:
            RunError: when that is damaged.
        """
        try:
            return self._film_about()
        except (RunError, schema.SchemaError) as error:
            if not (self.path / files.FILM_ABOUT).exists():
                return None
            raise RunError(str(error)) from error

    def _film_about(self) -> dict[str, Any]:
        return schema.film(read_json(self.path / files.FILM_ABOUT))

    def film_extent(self) -> tuple[list[int], int] | None:
        """The epochs of the frames that are there, and of how many all images are reconstructed; None without a film,
        and of one that cannot be read. Nothing else of it is read."""
        try:
            with safetensors.safe_open(self.path / files.FILM, framework="numpy") as tensors:
                epochs: list[int] = tensors.get_tensor("epochs").tolist()
                return epochs, tensors.get_slice("reconstruction").get_shape()[0]
        except (OSError, ValueError, TypeError, safetensors.SafetensorError):
            return None

    def weights(self, epoch: int | None = None) -> Tensors:
        """All parameters at a snapshot's epoch (by default the last), by name."""
        path = self._weights_file(self.snapshot(epoch))
        return read_tensors(path, self.parameter_shapes, "float32", half=True)[0]

    def _weights_file(self, epoch: int) -> Path:
        return self.path / files.snapshot_files(epoch)[0]

    def _latents_file(self, epoch: int) -> Path:
        return self.path / files.snapshot_files(epoch)[1]

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
