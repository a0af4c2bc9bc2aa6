"""What is written beside the training: the same run, and a disk that fails is told of."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from bvae import keeping, trainer
from bvae.background import Background
from bvae.config import Config
from bvae.runs import Run, RunError
from bvae.training import train_run

SMALL = Config(network="mlp", beta=1.0, epochs=3, dataset_limit=500, probe_size=20, device="cpu")


def copied(tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write in a thread, from copies."""
    monkeypatch.setattr(keeping, "AtOnce", Background)
    monkeypatch.setattr(trainer, "arrays", copied)


def test_one_job_is_under_way_at_most() -> None:
    beside, go, done = Background(), threading.Event(), []
    beside.do(lambda: done.append(go.wait(60)))
    beside.look()
    assert done == []
    go.set()
    beside.do(lambda: done.append(False))  # waits for the first
    assert done[0] is True
    beside.finish()
    assert done == [True, False]


def test_what_fails_is_raised_at_the_next_call() -> None:
    def fail() -> None:
        raise RunError("There is no room.")

    for call in (lambda beside: beside.do(lambda: None), lambda beside: beside.finish()):
        beside = Background()
        beside.do(fail)
        with pytest.raises(RunError, match="no room"):
            call(beside)
        beside.finish()  # once


@pytest.mark.usefixtures("as_on_a_gpu")
def test_a_run_written_beside_is_the_same_and_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in train_run(tmp_path / "beside", SMALL):
        assert len(Run(tmp_path / "beside").history()) <= SMALL.epochs + 1
    monkeypatch.undo()
    list(train_run(tmp_path / "at-once", SMALL))
    one, other = Run(tmp_path / "beside"), Run(tmp_path / "at-once")
    assert one.status()["state"] == "finished"
    assert one.epochs() == other.epochs() == [0, 1, 2, 3]
    for epoch in one.epochs():
        for name, array in other.weights(epoch).items():
            np.testing.assert_array_equal(one.weights(epoch)[name], array)
        np.testing.assert_array_equal(one.latents(epoch).mean, other.latents(epoch).mean)
    for here, there in zip(one.history(), other.history(), strict=True):
        assert {**here, "seconds": 0} == {**there, "seconds": 0}


@pytest.mark.usefixtures("as_on_a_gpu")
def test_whoever_leaves_stands_behind_an_epoch_that_is_saved(tmp_path: Path) -> None:
    records = train_run(tmp_path / "run", SMALL)
    assert [next(records)["epoch"], next(records)["epoch"]] == [0, 1]
    records.close()  # type: ignore[attr-defined]
    assert Run(tmp_path / "run").status()["state"] == "stopped"
    assert [record.epoch for record in Run(tmp_path / "run").history()] == [0, 1]
    assert [record["epoch"] for record in train_run(tmp_path / "run", resume=True)] == [2, 3]


@pytest.mark.usefixtures("as_on_a_gpu")
def test_a_disk_that_fails_ends_the_run_with_the_reason(tmp_path: Path) -> None:
    run = tmp_path / "run"

    def train() -> None:
        for record in train_run(run, SMALL):
            if record["epoch"] == 1:  # so epoch 0 is saved
                shutil.rmtree(run / "epochs", ignore_errors=True)

    with pytest.raises(RunError, match="Cannot write"):
        train()
    assert Run(run).status()["state"] == "failed"
    assert "Cannot write" in Run(run).status()["error"]
