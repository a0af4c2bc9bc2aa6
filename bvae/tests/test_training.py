"""The loop on real MNIST: it learns, it repeats itself, and it ends in words when it cannot go on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bvae import training
from bvae.arithmetic import choose_device
from bvae.config import SIGMAS, Config, ConfigError
from bvae.objective import bernoulli_reconstruction
from bvae.runs import Run, RunError
from bvae.tests.fewer import load_fewer
from bvae.trainer import DivergedError, Progress, StoppedError, Trainer
from bvae.training import train_run

CPU = torch.device("cpu")
SMALL = Config(network="mlp", beta=1.0, epochs=2, dataset_limit=2_000, probe_size=200, device="cpu")


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "load_dataset", load_fewer)


def test_it_learns_digits(tmp_path: Path) -> None:
    """Real MNIST, real training: the loss falls, and reconstructions beat the best constant picture."""
    config = Config(network="mlp", beta=1.0, epochs=3, dataset_limit=12_000, probe_size=500, device="cpu")
    records = list(train_run(tmp_path / "run", config))
    assert [record["epoch"] for record in records] == [0, 1, 2, 3]
    losses = [record["test"]["loss"] for record in records]
    assert losses[0] > 300 > losses[1] > losses[2] > losses[3]

    data = load_fewer("mnist", limit=12_000)
    mean_image = data.train.pixels.float().mean(0) / 255
    test = data.test.pixels.float() / 255
    constant = bernoulli_reconstruction(torch.logit(mean_image, eps=1e-6).expand_as(test), test).mean().item()
    assert records[0]["test"]["reconstruction"] > constant
    assert records[3]["test"]["reconstruction"] < 0.75 * constant
    # Different digits come out different: the code is used.
    run = Run(tmp_path / "run")
    pictures = run.model()(run.probe().images)
    assert pictures.std(0).mean().item() > 0.1
    assert records[3]["active_units"] >= 5
    assert sum(records[3]["kl_per_dimension"]) == pytest.approx(records[3]["test"]["kl"])


def test_a_seed_repeats_the_run_bit_for_bit(tmp_path: Path) -> None:
    for name in ("a", "b"):
        list(train_run(tmp_path / name, SMALL))
    a, b = Run(tmp_path / "a"), Run(tmp_path / "b")
    for one, other in zip(a.history(), b.history(), strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    for epoch in a.epochs():
        for name, weights in a.weights(epoch).items():
            np.testing.assert_array_equal(weights, b.weights(epoch)[name])
    list(train_run(tmp_path / "c", Config(**SMALL.to_dict() | {"seed": 1})))
    assert Run(tmp_path / "c").history()[0]["test"] != a.history()[0]["test"]


def test_what_a_snapshot_holds_is_what_the_history_says(tmp_path: Path) -> None:
    from bvae.objective import evaluate

    list(train_run(tmp_path / "run", SMALL))
    run = Run(tmp_path / "run")
    test = load_fewer("mnist").test
    for record in run.history():
        model = run.model(record["epoch"])
        result = evaluate(model, test.pixels, run.config.seed)
        assert result.reconstruction == pytest.approx(record["test"]["reconstruction"], rel=1e-6)
        latents = run.latents(record["epoch"])
        probe = run.probe()
        np.testing.assert_array_equal(probe.images, test.pixels[torch.from_numpy(probe.indices)].numpy())
        np.testing.assert_allclose(latents.mean, model.encode(probe.images).numpy(), atol=1e-6)
    assert np.bincount(probe.labels).tolist() == [20] * 10


def test_train_figures_are_means_over_every_image_of_the_epoch(tmp_path: Path) -> None:
    """With a learning rate too small to move anything, the epoch's mean is the untrained network's figure."""
    config = Config(**SMALL.to_dict() | {"learning_rate": 1e-12, "epochs": 1, "batch_size": 300})
    untrained, trained = Trainer(config, load_fewer("mnist", limit=2_000), CPU).records()
    assert untrained["train"]["images"] == trained["train"]["images"] == 2_000
    assert trained["train"]["reconstruction"] == pytest.approx(untrained["train"]["reconstruction"], rel=1e-3)
    assert trained["train"]["kl"] == pytest.approx(untrained["train"]["kl"], rel=1e-3)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[Progress] = []
    trainer = Trainer(Config(**SMALL.to_dict() | {"batch_size": 20}), load_fewer("mnist", limit=2_000), CPU)
    list(trainer.records(report=told.append))
    assert (told[-1].epoch, told[-1].step, told[-1].steps) == (2, 100, 100)
    assert [progress.step for progress in told[:4]] == [25, 50, 75, 100]
    assert told[0].loss == pytest.approx(told[0].reconstruction + told[0].kl)


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({}, "a lower learning rate (it was 0.004), a longer β warm-up or precision float32"),
        (
            {"likelihood": "gaussian", "sigma": 1e-6, "precision": "float32"},
            "a larger sigma (it was 1e-06, and one of the 255 steps of grey is 0.004) or a longer β warm-up",
        ),
        ({"beta": 1e8, "precision": "float32"}, "a smaller β (it was 1e+08) or a longer β warm-up"),
        ({"capacity": 5.0, "capacity_gamma": 1e9}, "a smaller capacity weight γ (it was 1e+09) or precision float32"),
        ({"capacity": 5.0, "precision": "float32"}, "a lower learning rate (it was 0.004)"),
    ],
)
def test_the_advice_follows_the_cause(values: dict[str, Any], advice: str) -> None:
    trainer = Trainer(Config(**SMALL.to_dict() | values), load_fewer("mnist", limit=100), CPU)
    with torch.no_grad():
        trainer.model.decoder[0].weight.fill_(math.nan)  # type: ignore[operator]
    with pytest.raises(DivergedError) as caught:
        next(trainer.records())
    assert str(caught.value).endswith(f"Begin a new run with {advice}.")


def test_the_least_and_the_greatest_sigma_are_learned_with() -> None:
    for sigma in SIGMAS:
        config = Config(**SMALL.to_dict() | {"likelihood": "gaussian", "sigma": sigma, "epochs": 1, "batch_size": 20})
        trainer = Trainer(config, load_fewer("mnist", limit=100), CPU)
        before = trainer.model.decoder[0].weight.detach().clone()  # type: ignore[operator]
        list(trainer.records())
        moments = [state["exp_avg_sq"] for state in trainer.optimizer.state.values()]
        assert all(torch.isfinite(moment).all() for moment in moments)
        assert float((trainer.model.decoder[0].weight.detach() - before).abs().max()) > 1e-6  # type: ignore[operator]


def test_a_loss_that_is_not_finite_fails_with_advice(tmp_path: Path) -> None:
    config = Config(**SMALL.to_dict() | {"learning_rate": 1e20, "learning_rate_schedule": "constant"})
    with pytest.raises(DivergedError, match=r"epoch 1.*lower learning rate"):
        list(train_run(tmp_path / "run", config))
    run = Run(tmp_path / "run")
    assert run.status()["state"] == "failed"
    assert "learning rate" in run.status()["error"]
    assert run.epochs() == [0]
    assert len(run.history()) == 1
    assert run.model(0).decode(torch.zeros(1, 20)).isfinite().all()


def test_asked_to_stop_it_stops_after_the_step_in_hand(tmp_path: Path) -> None:
    steps: list[int] = []

    def stop() -> bool:
        steps.append(1)
        return len(steps) == 8

    with pytest.raises(StoppedError):
        list(train_run(tmp_path / "run", SMALL, stop=stop))
    status = Run(tmp_path / "run").status()
    assert status["state"] == "stopped"
    # One look belongs to the boundary after epoch 0.
    assert (status["epoch"], status["step"]) == (0, 7)


def test_one_image_and_one_epoch(tmp_path: Path) -> None:
    config = Config(network="mlp", dataset_limit=1, epochs=1, probe_size=1, device="cpu")
    records = list(train_run(tmp_path / "run", config))
    assert records[-1]["train"]["images"] == 1
    assert Run(tmp_path / "run").latents().mean.shape == (1, 20)


@pytest.mark.parametrize(
    "values",
    [
        {"likelihood": "gaussian"},
        {"likelihood": "gaussian", "sigma": 0.2},
        {"capacity": 10.0, "capacity_steps": 20},
        {"beta": 0.0},
        {"beta_warmup_steps": 20},
        {"precision": "bfloat16"},
        {"network": "conv", "latent_dim": 3},
    ],
)
def test_every_objective_lowers_its_loss(tmp_path: Path, values: dict[str, object]) -> None:
    config = Config(**SMALL.to_dict() | {"epochs": 3} | values)
    records = list(train_run(tmp_path / "run", config))
    last = records[-1]["test"]
    assert last["reconstruction"] < records[0]["test"]["reconstruction"]
    kl, reconstruction = last["kl"], last["reconstruction"]
    expected = reconstruction + config.beta * kl
    if config.capacity is not None:
        expected = reconstruction + config.capacity_gamma * abs(kl - config.capacity)
    assert last["loss"] == pytest.approx(expected)
    if "sigma" in values:
        assert Run(tmp_path / "run").weights()["log_sigma"] == pytest.approx(np.log(0.2))


def test_a_run_is_either_begun_or_continued(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="either a config"):
        list(train_run(tmp_path / "run"))
    with pytest.raises(ConfigError, match="either a config"):
        list(train_run(str(tmp_path / "run"), SMALL, resume=True))


def test_bfloat16_where_the_processor_has_it_does_no_harm() -> None:
    """The mlp's default arithmetic ends where float32 does, to a quarter of a nat, and the KL is taken in float32."""
    dataset = load_fewer("mnist", limit=6_000)
    ends = []
    for precision in ("bfloat16", "float32"):
        config = Config(**SMALL.to_dict() | {"precision": precision, "dataset_limit": 6_000})
        ends.append(list(Trainer(config, dataset, CPU).records())[-1]["test"])
    assert ends[0]["loss"] == pytest.approx(ends[1]["loss"], abs=0.25)
    assert ends[0]["kl"] == pytest.approx(ends[1]["kl"], abs=0.25)
    assert ends[0] != ends[1]


def test_a_pytorch_that_does_not_tell_of_bfloat16_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    trainer = Trainer(SMALL, load_fewer("mnist", limit=2_000), CPU)
    assert [record["epoch"] for record in trainer.records()] == [0, 1, 2]


def test_a_device_that_is_not_there_is_named() -> None:
    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(ConfigError, match=f"no {missing} device"):
        choose_device(missing)
    assert choose_device("cpu") == CPU


def test_a_run_trained_on_other_images_is_not_continued(tmp_path: Path) -> None:
    list(train_run(tmp_path / "run", SMALL))
    config = tmp_path / "run" / "config.json"
    config.write_text(config.read_text().replace('"dataset_limit": 2000', '"dataset_limit": 1999'))
    with pytest.raises(RunError, match="hashes differ"):
        list(train_run(tmp_path / "run", resume=True, epochs=3))
