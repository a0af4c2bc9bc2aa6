"""What can be trained on, and how long it is said to take."""

from __future__ import annotations

import dataclasses
import json
import socket
import sys
from pathlib import Path

import pytest
import torch

from bvae import devices
from bvae.config import DATASETS, Config
from bvae.data import load_dataset
from bvae.devices import TRAINING_IMAGES, Device, estimate, find_devices, only_cpu, training_images
from bvae.runs import Run, find_run


def test_the_devices_are_those_that_pytorch_has() -> None:
    found = {device.kind: device for device in find_devices()}
    assert ("cuda" in found) == torch.cuda.is_available()
    assert list(found)[-1] == "cpu"
    cpu = found["cpu"]
    assert "core" in cpu.name
    if cpu.free is not None and cpu.total is not None:
        assert 0 < cpu.free <= cpu.total


def without_free_memory(found: list[Device]) -> list[Device]:
    """What two looks at the same devices have in common."""
    return [dataclasses.replace(device, free=None) for device in found]


def test_pytorch_in_its_own_process_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_devices()
    monkeypatch.setattr(devices, "GPU_FILES", ("null",))  # a file that is there, so that PyTorch is asked
    assert without_free_memory(find_devices()) == without_free_memory(found)


@pytest.mark.parametrize(
    ("files", "driver", "platform", "asked"),
    [
        (("elsewhere", "null"), "elsewhere.so", "linux", True),
        (("nul*",), "elsewhere.so", "linux", True),
        (("elsewhere",), "libc.so.6", "linux", True),  # a library that is there
        (("elsewhere",), "elsewhere.so", "darwin", True),
        (("elsewhere",), "elsewhere.so", "linux", False),
    ],
)
def test_pytorch_is_asked_wherever_there_may_be_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], driver: str, platform: str, asked: bool
) -> None:
    """Here a PyTorch that has one."""
    (tmp_path / "torch.py").write_text(
        "class cuda:\n is_available = lambda: True\n mem_get_info = lambda: (1, 2)\n get_device_name = lambda: 'GPU'\n"
        "class mps:\n is_available = lambda: False\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(devices, "GPU_FILES", files)
    monkeypatch.setattr(devices, "DRIVER", driver)
    monkeypatch.setattr(sys, "platform", platform)
    assert only_cpu() is not asked
    *gpus, cpu = find_devices()
    assert gpus == [Device("cuda", "GPU", 1, 2)] * asked
    assert cpu.kind == "cpu"


def test_training_images_are_counted() -> None:
    assert set(TRAINING_IMAGES) == set(DATASETS)
    assert TRAINING_IMAGES["mnist"] == len(load_dataset("mnist").train)
    assert training_images(Config(dataset_limit=500)) == 500
    assert training_images(Config(dataset="usps", dataset_limit=50_000)) == TRAINING_IMAGES["usps"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that was trained here: epochs of 100, 2, 3 and 4 seconds, the first being the evaluation before any."""
    bundled = find_run("mnist-beta4")
    path = tmp_path / "here"
    path.mkdir()
    (path / "config.json").write_bytes((bundled.path / "config.json").read_bytes())
    status = {"state": "finished", "host": socket.gethostname(), "device": "cpu (2 threads)"}
    (path / "status.json").write_text(json.dumps(status))
    records = [
        {**record, "seconds": seconds} for record, seconds in zip(bundled.history(), [100, 2, 3, 4], strict=False)
    ]
    (path / "history.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return Run(path)


def test_a_time_is_taken_from_a_run_of_the_same_kind_only(run: Run) -> None:
    config = dataclasses.replace(run.config, epochs=7, beta=1.0)
    measured = estimate(config, "cpu", [run])
    assert measured is not None
    assert (measured.seconds, measured.source) == (21, "here")
    for other in ({"network": "mlp"}, {"dataset_limit": 500}, {"batch_size": 17}):
        guessed = estimate(dataclasses.replace(config, **other), "cpu", [run])
        assert guessed is not None
        assert guessed.source is None
    assert estimate(config, "cuda", [run]) is None
    bundled = estimate(config, "cpu", [find_run("mnist-beta4")])
    assert bundled is not None
    assert bundled.source is None, "it was trained on another machine"
