"""What a run can be trained on here, and how long that takes.

Asking PyTorch takes seconds and a good part of a gigabyte, so it is asked in a process of its own: `find_devices`
imports no torch into the caller, and `python -m bvae.devices` prints what it finds as JSON. Where there is nothing
of a GPU it is not asked at all.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import json
import os
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bvae.config import Config
from bvae.processes import end_at_once, environment, importing
from bvae.runs import BUNDLED_RUNS, Epoch, Run, RunError

PATIENCE_SECONDS = 120.0
# In /dev of Linux, by which PyTorch reaches a GPU: NVIDIA's, also on a Jetson, that of a Windows beneath, and AMD's.
GPU_FILES = ("nvidia*", "nvhost*", "nvgpu*", "nvmap", "dxg", "kfd")
DRIVER = "libcuda.so.1"  # the first program that uses it may have its files in /dev made
# Training images of each data set, which data.py knows only once it has read them.
TRAINING_IMAGES = {
    "mnist": 60_000, "fashion-mnist": 60_000, "kmnist": 60_000, "emnist": 112_800, "qmnist": 60_000, "usps": 7_291,
    "sprites": 727_280, "dsprites": 727_280,
}  # fmt: skip
# Seconds for 60,000 images of 28 × 28 in batches of 128, measured on two cores of a shared server (README).
_CPU_SECONDS = {"conv": 10.0, "mlp": 2.0}
_LARGER = 5.0  # times as long for images of 64 × 64


class DeviceError(RuntimeError):
    """PyTorch did not say what devices there are. The message says why."""


@dataclass(frozen=True)
class Device:
    """A device that PyTorch can train on.

    kind: cuda, mps or cpu.
    name: as its maker calls it, or what it has.
    free, total: memory in bytes, None where it cannot be told.
    """

    kind: str
    name: str
    free: int | None
    total: int | None


@dataclass(frozen=True)
class Estimate:
    """How long a run takes.

    seconds: of the whole run.
    source: name of the run whose epochs were measured here; None where it is a rough default.
    """

    seconds: float
    source: str | None


def find_devices() -> list[Device]:
    """The devices of this machine, the one that `auto` takes first. Takes seconds unless `only_cpu`.

    Raises:
        DeviceError: when PyTorch cannot be asked.
    """
    if only_cpu():
        return [_cpu()]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bvae.devices"],
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=environment(), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return [Device(**values) for values in json.loads(done.stdout)]
    except subprocess.TimeoutExpired:
        raise DeviceError(f"PyTorch did not answer within {PATIENCE_SECONDS:.0f} seconds.") from None
    except (OSError, ValueError, TypeError) as error:
        said = done.stderr.strip().splitlines()[-1:] if "done" in locals() else [str(error)]
        raise DeviceError(f"PyTorch could not be asked for its devices ({' '.join(said)}).") from error


def only_cpu() -> bool:
    """Whether PyTorch can have no device here but the CPU, as far as that is certain without asking it."""
    if sys.platform != "linux" or any(next(Path("/dev").glob(name), None) for name in GPU_FILES):
        return False
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return True
    return False


def _cpu() -> Device:
    free, total = memory()
    return Device("cpu", cores(), free, total)


def _ask_torch() -> list[Device]:
    with importing("torch"):
        import torch

    found = []
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        found.append(Device("cuda", torch.cuda.get_device_name(), free, total))
    if torch.mps.is_available():
        found.append(Device("mps", "Apple GPU", None, None))
    return [*found, _cpu()]


def core_count() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores() -> str:
    """The same in words."""
    count = core_count()
    return f"{count} core{'s' * (count != 1)}"


def memory() -> tuple[int | None, int | None]:
    """Free and total main memory in bytes, as far as the system tells."""
    with contextlib.suppress(OSError, KeyError, ValueError):
        lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
        values = {words[0]: int(words[1]) * 1024 for words in lines}
        return values["MemAvailable:"], values["MemTotal:"]
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return None, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None, None


def training_images(config: Config) -> int | None:
    """How many images an epoch goes through; None of a person's own, which have to be read to tell."""
    images = TRAINING_IMAGES.get(config.dataset)
    return images if config.dataset_limit is None or images is None else min(images, config.dataset_limit)


def estimate(
    config: Config, kind: str, runs: Iterable[Run], history: Callable[[Run], list[Epoch]] = Run.history
) -> Estimate | None:
    """How long a run will take on a device of this kind; None where nothing is known of it.

    Taken from the newest run that was trained on this machine with the same network, as many images of the same data
    set and the same batch size: the median of its last ten epochs.

    Args:
        history: reads that of a run.
    """
    images = training_images(config)
    for run in runs:
        same = run.config
        if (
            run.path.resolve().parent == BUNDLED_RUNS.resolve()
            or (same.network, same.dataset, same.batch_size) != (config.network, config.dataset, config.batch_size)
            or images not in (run.details.get("data", {}).get("train_images"), None)
        ):
            continue
        with contextlib.suppress(RunError, KeyError, TypeError):
            status = run.status()
            if status["host"] != socket.gethostname() or status["device"].split()[0] != kind:
                continue
            if (seconds := seconds_an_epoch(run, history)) is not None:
                return Estimate(seconds * config.epochs, run.name)
    if kind != "cpu" or images is None:
        return None
    seconds = _CPU_SECONDS[config.network] * (_LARGER if config.dataset in ("sprites", "dsprites") else 1)
    return Estimate(seconds * (images + 3_000) / 63_000 * config.epochs, None)


def seconds_an_epoch(run: Run, history: Callable[[Run], list[Epoch]] = Run.history) -> float | None:
    """The median of the last ten epochs, the first evaluation not counted; None before the first epoch."""
    seconds = [record.seconds for record in history(run)[1:][-10:] if record.seconds is not None]
    return statistics.median(seconds) if seconds else None


if __name__ == "__main__":
    end_at_once()
    print(json.dumps([dataclasses.asdict(device) for device in _ask_torch()]))
