"""Runs that are trained as one model: each is the run that it would be alone, and fails, stops and goes on alone."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bvae.captured import STEPS_BETWEEN_LOOKS
from bvae.captured import Run as Capturable
from bvae.config import Config, ConfigError, batch_key
from bvae.data import Dataset, load_dataset
from bvae.runs import Run, RunError, RunWriter, read_state
from bvae.together import Together
from bvae.trainer import DivergedError, StoppedError, Trainer
from bvae.training import train_run, train_runs

CPU = torch.device("cpu")
IMAGES = 320
BASE: dict[str, Any] = {
    "beta": 1.0, "epochs": 2, "batch_size": 32, "dataset_limit": IMAGES, "probe_size": 20, "device": "cpu",
    "latent_dim": 4, "precision": "float32",
}  # fmt: skip
NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"network": "mlp"},
    "conv": {"network": "conv"},
    "gaussian": {"network": "mlp", "likelihood": "gaussian"},
    "capacity": {"network": "mlp", "capacity": 3.0, "capacity_steps": 9},
}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Few images, to train on and to test with."""
    found = load_dataset("mnist", limit=IMAGES)
    test = dataclasses.replace(found.test, pixels=found.test.pixels[:500], labels=found.test.labels[:500])
    return dataclasses.replace(found, test=test)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, dataset: Dataset) -> None:
    from bvae import training

    monkeypatch.setattr(training, "load_dataset", lambda *_, **__: dataset)


def configs(**values: Any) -> list[Config]:
    """Three that differ in the weight of the KL, the seed and the learning rate, two of them with one rate."""
    weight = "capacity" if "capacity" in values else "beta"
    given = ({weight: 1.0}, {weight: 4.0, "seed": 1, "learning_rate": 0.002}, {weight: 2.0, "beta_warmup_steps": 0})
    return [Config(**BASE | values | each) for each in given]


def runs(folder: Path, count: int) -> list[Path]:
    return [folder / f"run{number}" for number in range(count)]


def assert_alike(path: Path, alone: Path) -> None:
    one, other = Run(path), Run(alone)
    assert one.status()["state"] == other.status()["state"] == "finished"
    assert one.epochs() == other.epochs()
    for here, there in zip(one.history(), other.history(), strict=True):
        assert here["epoch"] == there["epoch"]
        assert here["beta"] == there["beta"]
        assert here["learning_rate"] == there["learning_rate"]
        for split in ("train", "test"):
            assert here[split]["images"] == there[split]["images"]
            assert here[split]["loss"] == pytest.approx(there[split]["loss"], rel=1e-3)
            assert here[split]["kl"] == pytest.approx(there[split]["kl"], rel=1e-3, abs=1e-3)
    for epoch in one.epochs():
        np.testing.assert_allclose(one.latents(epoch).mean, other.latents(epoch).mean, atol=1e-3)
    assert one.details["parameters"] == other.details["parameters"]


@pytest.mark.parametrize("network", NETWORKS)
def test_each_step_is_that_of_the_run_alone(network: str, dataset: Dataset) -> None:
    """Weights and what the optimiser carries, after a few steps; the last batch is a smaller one."""
    some = [dataclasses.replace(config, epochs=1, batch_size=90) for config in configs(**NETWORKS[network])]
    trainers = [Trainer(config, dataset, CPU) for config in some]
    together = Together(trainers)
    found = list(together.records(lambda: False, lambda *_: None))
    assert [trainer.config.learning_rate for trainer, _ in found[:3]] == [0.002, None, None]
    for trainer, config in zip(trainers, some, strict=True):
        alone = Trainer(config, dataset, CPU)
        last = list(alone.records())[-1]
        mine = [record for other, record in found if other is trainer][-1]
        assert isinstance(mine, dict)
        assert mine["train"]["loss"] == pytest.approx(last["train"]["loss"], rel=1e-5)
        here, there = trainer.state(None).tensors, alone.state(None).tensors
        assert here.keys() == there.keys()
        for name, array in there.items():
            if name.startswith("weights/"):
                np.testing.assert_allclose(here[name], array, atol=1e-5, err_msg=name)
            else:
                np.testing.assert_allclose(here[name], array, rtol=1e-2, atol=1e-2, err_msg=name)


def test_captured_it_is_the_same(dataset: Dataset) -> None:
    """By counter and by pieces, of which one is whole."""
    some = [dataclasses.replace(config, batch_size=11, epochs=3) for config in configs(network="mlp")]

    def again(run: Capturable) -> Capturable:
        return run

    both = [Together([Trainer(config, dataset, CPU) for config in some], capture) for capture in (None, again)]
    assert both[0].trainers[0].steps > STEPS_BETWEEN_LOOKS
    ends = [[record for _, record in one.records(lambda: False, lambda *_: None)] for one in both]
    for one, other in zip(*ends, strict=True):
        assert isinstance(one, dict)
        assert isinstance(other, dict)
        assert one | {"seconds": 0} == other | {"seconds": 0}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_into_their_directories(network: str, tmp_path: Path) -> None:
    some = configs(network=network)
    told: list[tuple[Path, int]] = []
    started: list[Path] = []
    paths = runs(tmp_path, 3)
    seen = list(
        train_runs(
            paths, some, report=lambda path, progress: told.append((path, progress.epoch)),
            on_start=lambda path, *_: started.append(path),
        )
    )  # fmt: skip
    assert started == paths
    assert {path for path, _ in told} == set(paths)
    assert len(seen) == 9
    for path, config in zip(paths, some, strict=True):
        assert [found["epoch"] for other, found in seen if other == path] == [0, 1, 2]  # type: ignore[index]
        list(train_run(path.with_name(f"{path.name}-alone"), config))
        assert_alike(path, path.with_name(f"{path.name}-alone"))
    assert list(train_runs(paths, some)) == []  # all is done


@pytest.mark.usefixtures("few")
def test_stopped_together_and_resumed_alone_and_the_other_way_round(tmp_path: Path) -> None:
    some = configs(network="mlp")
    paths = runs(tmp_path, 3)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == 14  # in the second epoch

    with pytest.raises(StoppedError):
        list(train_runs(paths, some, stop=stop))
    for path in paths:
        status = Run(path).status()
        assert (status["state"], status["epoch"], status["step"]) == ("stopped", 1, 4)
    assert [record["epoch"] for record in train_run(paths[0], resume=True)] == [2]  # alone
    # One more is stopped alone, elsewhere, and one has not begun: each stands for itself, or with others.
    alone, new = tmp_path / "stopped-alone", tmp_path / "new"
    more = [dataclasses.replace(some[0], seed=seed) for seed in (7, 8)]
    with pytest.raises(StoppedError):
        list(train_run(alone, more[0], stop=iter([False] * 5 + [True] * 9).__next__))
    seen = list(train_runs([*paths[1:], alone, new], [*some[1:], *more]))
    assert not [found for _, found in seen if isinstance(found, Exception)]
    for path, config in zip([*paths, alone, new], [*some, *more], strict=True):
        list(train_run(path.with_name(f"{path.name}-whole"), config))
        assert_alike(path, path.with_name(f"{path.name}-whole"))


@pytest.mark.usefixtures("few")
def test_one_that_diverges_fails_alone(tmp_path: Path) -> None:
    good = configs(network="mlp")
    bad = dataclasses.replace(good[0], learning_rate=1e20, learning_rate_schedule="constant")
    paths = runs(tmp_path, 3)
    seen = list(train_runs(paths, [good[0], bad, good[2]]))
    (error,) = [found for path, found in seen if path == paths[1] and isinstance(found, Exception)]
    assert isinstance(error, DivergedError)
    assert Run(paths[1]).status()["state"] == "failed"
    assert "learning rate" in Run(paths[1]).status()["error"]
    assert Run(paths[1]).epochs() == [0]
    for path, config in ((paths[0], good[0]), (paths[2], good[2])):
        assert all(math.isfinite(record["test"]["loss"]) for record in Run(path).history())
        list(train_run(path.with_name(f"{path.name}-alone"), config))
        assert_alike(path, path.with_name(f"{path.name}-alone"))


@pytest.mark.usefixtures("few")
def test_what_cannot_be_written_fails_alone(tmp_path: Path) -> None:
    """A run of another config, one that another process writes, one whose folder goes away in the middle."""
    some = [dataclasses.replace(configs(network="mlp")[0], seed=seed) for seed in range(4)]
    paths = runs(tmp_path, 4)
    for path in paths[:2]:
        list(train_run(path, dataclasses.replace(some[0], epochs=1, seed=9)))
    list(train_run(tmp_path / "other", some[1]))
    (tmp_path / "other").rename(paths[1].with_name("locked"))
    paths[1] = paths[1].with_name("locked")
    with RunWriter.resume(paths[1]):
        seen = []
        for path, found in train_runs(paths, some):
            seen.append((path, found))
            if path == paths[2] and isinstance(found, dict) and found["epoch"] == 0:
                (paths[2] / "latents").rename(paths[2] / "gone")
    failed = {path: str(found) for path, found in seen if isinstance(found, Exception)}
    assert set(failed) == set(paths[:3])
    assert "another config" in failed[paths[0]]
    assert "Another trainer" in failed[paths[1]]
    assert "Cannot write" in failed[paths[2]]
    assert Run(paths[2]).status()["state"] == "failed"
    assert read_state(Run(paths[3])).epoch == 2
    assert Run(paths[3]).status()["state"] == "finished"


def test_what_cannot_be_trained_together_is_refused(tmp_path: Path) -> None:
    one = Config(**BASE, network="mlp")
    for values in (
        {"network": "conv"},
        {"epochs": 3},
        {"batch_size": 8},
        {"capacity": 3.0},
        {"likelihood": "gaussian"},
    ):
        other = dataclasses.replace(one, **values)
        assert batch_key(one) != batch_key(other)
        with pytest.raises(ConfigError, match="trained as one model"):
            next(train_runs(runs(tmp_path, 2), [one, other]))
    assert batch_key(one) == batch_key(dataclasses.replace(one, beta=9.0, seed=4, learning_rate=0.1))
    for paths in ([], runs(tmp_path, 1), runs(tmp_path, 1) * 2):
        with pytest.raises(ConfigError, match="as many folders"):
            next(train_runs(paths, [one] * min(2, len(paths) + 1)))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RunError):
        Run(tmp_path / "run0")
