"""Weights as other programs write them, brought to the names and the type that they have here.

Only their form changes, and every change is told: names lose what a wrapper put before them, those of the public
PyTorch VAE example become this program's, and other floating-point types become float32. Imports no torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from bvae.config import NETWORKS, Config
from bvae.runs import RunError, Tensors, digest, model_shapes

Shapes = dict[str, tuple[int, ...]]

# What torch.compile and DataParallel put into names, which can be at any place if they wrapped a part of a model.
_WRAPPERS = {"_orig_mod", "module"}
_HALVES = {"encoder", "decoder"}
# https://github.com/pytorch/examples, vae/main.py: by this program's layers, which give mean and log-variance together.
_EXAMPLE = {"encoder.1": ("fc1",), "encoder.3": ("fc21", "fc22"), "decoder.0": ("fc3",), "decoder.2": ("fc4",)}
_TYPES = {"F64": ("float64", "narrowed"), "F16": ("float16", "widened"), "BF16": ("bfloat16", "widened"),
          "F32": ("float32", "")}  # fmt: skip
_LISTED = 6  # names, of those that do not fit


@dataclass(frozen=True)
class Contents:
    """What a safetensors file says that it holds, by this program's names. Nothing else of it has been read."""

    sources: dict[str, tuple[str, ...]]  # the file's own names of what makes a parameter, one below the other
    shapes: Shapes
    is_example: bool
    changes: tuple[str, ...]  # sentences


def contents(path: Path, name: str) -> Contents:
    """Read a file's list of contents.

    Args:
        path: the file.
        name: what it is called in messages.

    Raises:
        RunError: when it is damaged, or holds what is no weight.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            slices = {part: file.get_slice(part) for part in file.keys()}  # noqa: SIM118 (not a dict)
            shapes: Shapes = {part: tuple(cut.get_shape()) for part, cut in slices.items()}
            types = {part: cut.get_dtype() for part, cut in slices.items()}
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{name} is damaged ({error}). Make it again, or send it again.") from error
    if other := sorted(part for part in types if types[part] not in _TYPES):
        raise RunError(f"{name} holds {other[0]} as {types[other[0]]}. Weights are floating-point numbers.")
    bare, changes = _bare_names(shapes)
    sources: dict[str, tuple[str, ...]] = {new: (old,) for old, new in bare.items()}
    if is_example := sources.keys() == {f"{layer}.{kind}" for layers in _EXAMPLE.values() for layer in layers
                                        for kind in ("weight", "bias")}:  # fmt: skip
        sources = {
            f"{here}.{kind}": tuple(old for layer in layers for old in sources[f"{layer}.{kind}"])
            for here, layers in _EXAMPLE.items()
            for kind in ("weight", "bias")
        }
        changes.append("The layers fc1 to fc4 of the public VAE example got the names that they have here.")
    for kind, (spoken, direction) in _TYPES.items():
        if direction and kind in types.values():
            changes.append(f"{spoken} was {direction} to float32.")
    stacked = {part: _stacked_shape([shapes[old] for old in olds], olds, name) for part, olds in sources.items()}
    return Contents(sources, stacked, is_example, tuple(changes))


def _bare_names(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Names without what a wrapper put into all or some of them, and what is said of it."""
    parts = {name: name.split(".") for name in names}
    prefix: list[str] = []
    # A file of one half alone keeps the half's name.
    while len({tuple(split[:1]) for split in parts.values()}) == 1 and all(
        len(split) > 1 and split[0] not in _HALVES for split in parts.values()
    ):
        prefix.append(next(iter(parts.values()))[0])
        parts = {name: split[1:] for name, split in parts.items()}
    inside = sorted(_WRAPPERS & {part for split in parts.values() for part in split})
    bare = {name: ".".join(part for part in split if part not in _WRAPPERS) for name, split in parts.items()}
    if len(set(bare.values())) < len(bare):
        return {name: name for name in bare}, []
    changes = [f"Names lost the prefix “{'.'.join(prefix)[:200]}.”."] if prefix else []
    return bare, [*changes, *(f"Names lost the part “{part}.”." for part in inside)]


def _stacked_shape(shapes: list[tuple[int, ...]], names: tuple[str, ...], name: str) -> tuple[int, ...]:
    if len(set(shapes)) > 1:
        told = " and ".join(f"{part} is {shape}" for part, shape in zip(names, shapes, strict=True))
        raise RunError(f"{name} does not fit: {told}, and mean and log-variance have the same size.")
    first = shapes[0]
    return (len(shapes) * first[0], *first[1:]) if len(shapes) > 1 else first


def complete(values: Mapping[str, Any], found: Contents) -> tuple[Config, list[str]]:
    """The config of weights: its values as they are given, and for those left out what the weights tell.

    Returns:
        The config, and a sentence for each value that differs from the default.

    Raises:
        ConfigError: when these values make no config.
    """
    told: dict[str, tuple[Any, str]] = {}
    for network in NETWORKS:
        if found.shapes.keys() - {"log_sigma"} == model_shapes(Config(network=network), (28, 28)).keys():
            told["network"] = network, f"The network is {network}, by the names of the weights."
    shape = found.shapes.get("decoder.0.weight", ())
    if len(shape) == 2 and shape[1] >= 1:
        told["latent_dim"] = shape[1], f"latent_dim is {shape[1]}, by the size of the weights."
    if "log_sigma" in found.shapes:
        told["likelihood"] = "gaussian", "The likelihood is gaussian, since there is a log_sigma."
    if found.is_example:
        told["beta"] = 1.0, "β is taken to be 1, as in that example; weights alone do not tell."
    taken = {field: pair for field, pair in told.items() if field not in values}
    default = Config()
    sentences = [sentence for field, (value, sentence) in taken.items() if value != getattr(default, field)]
    return Config.from_dict({field: value for field, (value, _) in taken.items()} | dict(values)), sentences


def read(path: Path, name: str, found: Contents, shapes: Mapping[str, tuple[int, ...]], network: str) -> Tensors:
    """Read weights as float32, by this program's names, after their names and shapes were found to be right.

    Args:
        path, name: as in `contents`, which gave `found`.
        shapes: what a model of the network takes.

    Raises:
        RunError: when they are not those, or the file is damaged, or holds NaN or infinity.
    """
    if found.shapes.keys() != shapes.keys():
        raise RunError(_other_names(name, found, shapes, network))
    for part in sorted(shapes):
        if found.shapes[part] != shapes[part]:
            own = " and ".join(found.sources[part])
            called = part if own == part else f"{own} (here {part})"
            raise RunError(
                f"{name} does not fit the run's config: {called} is {found.shapes[part]}, and should be {shapes[part]}."
            )
    try:
        raw, metadata = _raw(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{name} is damaged ({error}). Make it again, or send it again.") from error
    # A file that another program has changed since carries the hash of what it was.
    written = metadata.pop("sha256", None)
    if written is not None and not found.changes and written != digest(raw, metadata):
        raise RunError(f"{name} is damaged: its content does not match the hash that it was written with.")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
        arrays = {old: array.astype(np.float32) for old, array in raw.items()}
    for old in sorted(arrays):
        if not np.isfinite(arrays[old]).all():
            raise RunError(f"{name} holds values in {old} that are not finite numbers in float32.")
    return {
        part: np.concatenate([arrays[old] for old in olds]) if len(olds) > 1 else arrays[olds[0]]
        for part, olds in found.sources.items()
    }


def _raw(path: Path) -> tuple[Tensors, dict[str, str]]:
    """All arrays of a file that safetensors has found to be well made; its reader for NumPy takes no bfloat16."""
    arrays: Tensors = {}
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        metadata = header.pop("__metadata__", None) or {}
        for name, about in header.items():
            begin, end = about["data_offsets"]
            file.seek(8 + length + begin)
            content, kind = file.read(end - begin), about["dtype"]
            if kind == "BF16":  # the upper half of a float32
                array = (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")
            else:
                array = np.frombuffer(content, np.dtype(_TYPES[kind][0]).newbyteorder("<"))
            arrays[name] = array.reshape(about["shape"])
    return arrays, dict(metadata)


def _other_names(name: str, found: Contents, shapes: Mapping[str, tuple[int, ...]], network: str) -> str:
    """That names do not fit, with those found beside those expected, and first of each those that the other lacks."""
    missing, more = sorted(shapes.keys() - found.shapes.keys()), sorted(found.shapes.keys() - shapes.keys())
    if missing and not more:
        fault = f": {missing[0]} is missing"
    elif more and not missing:
        fault = f": {more[0]} is {found.shapes[more[0]]}, and should be absent"
    else:
        fault = ""
    both = sorted(shapes.keys() & found.shapes.keys())
    own = [old for part in [*more, *both] for old in found.sources[part]]
    return (
        f"{name} does not fit the run's config{fault}. It holds {_list(own)}; "
        f"the {network} network has {_list([*missing, *both])}."
    )


def _list(names: list[str]) -> str:
    shown = ", ".join(name[:60] for name in names[:_LISTED]) or "nothing"
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"
