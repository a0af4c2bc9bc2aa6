"""What a config refuses, what it says, and what it plans."""

from __future__ import annotations

import dataclasses
import json
import shlex
from typing import Any

import pytest

from bvae.cli import parser
from bvae.config import Config, ConfigError, propose_name


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"dataset": "cifar"}, "fashion-mnist"),
        ({"network": "transformer"}, "conv, mlp"),
        ({"beta": -0.5}, "0 or more"),
        ({"beta": float("nan")}, "finite"),
        ({"epochs": 0}, "1 or more"),
        ({"batch_size": 0}, "1 or more"),
        ({"latent_dim": 0}, "1 or more"),
        ({"epochs": 1.5}, "whole number"),
        ({"epochs": True}, "whole number"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"sigma": 0.1}, "gaussian"),
        ({"sigma": 1e-30, "likelihood": "gaussian"}, "sigma is 1e-30, and must be from 1e-09 to 1000"),
        ({"sigma": 1e4, "likelihood": "gaussian"}, "sigma is 10000, and must be from 1e-09 to 1000"),
        ({"capacity": 5.0, "beta_warmup_steps": 10}, "Leave one out"),
    ],
)
def test_a_bad_value_is_named(values: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        Config(**values)


def test_unknown_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="betta"):
        Config.from_dict({"betta": 4.0})


def test_json_round_trip() -> None:
    config = Config(beta=2.5, dataset_limit=100, likelihood="gaussian", sigma=0.1)
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_command_repeats_the_config() -> None:
    """The command that a run shows, parsed by the command line itself, gives the config back."""
    config = Config(beta=2.5, network="mlp", epochs=3, likelihood="gaussian", sigma=0.05, learning_rate=1e-4, seed=7)
    options = parser().parse_args(shlex.split(config.command("runs/a b"))[3:])
    names = [item.name for item in dataclasses.fields(Config)]
    assert Config(**{name: getattr(options, name) for name in names if getattr(options, name) is not None}) == config
    assert options.run == "runs/a b"


def test_what_weighs_the_kl_is_told_in_one_way_for_each_reader() -> None:
    plain, capacity = Config(beta=2.5), Config(capacity=25.0)
    assert (plain.objective, plain.weight, plain.short_weight) == ({"beta": 2.5}, "β = 2.5", "2.5")
    assert (capacity.objective, capacity.weight, capacity.short_weight) == ({"capacity": 25.0}, "C = 25 nats", "C = 25")


def test_beta_grows_linearly_from_zero() -> None:
    config = Config(beta=4.0, beta_warmup_steps=100)
    assert [config.beta_at(step) for step in (0, 25, 100, 5_000)] == [0.0, 1.0, 4.0, 4.0]
    assert Config(beta=4.0).beta_at(0) == 4.0


def test_capacity_grows_linearly_from_zero() -> None:
    config = Config(capacity=25.0, capacity_steps=50)
    assert [config.capacity_at(step) for step in (0, 10, 50, 99)] == [0.0, 5.0, 25.0, 25.0]
    assert Config().capacity_at(10) is None


def test_learning_rate_grows_and_then_falls_evenly() -> None:
    linear, constant = Config(learning_rate=1.0), Config(learning_rate=1.0, learning_rate_schedule="constant")
    assert linear.learning_rate_at(1_000, 1_000) == pytest.approx(0.0, abs=1e-12)
    assert linear.learning_rate_at(500, 1_000) == pytest.approx(0.5)
    assert constant.learning_rate_at(1_000, 1_000) == 1.0
    assert [constant.learning_rate_at(step, 1_000) for step in (0, 149, 299)] == [1 / 300, 0.5, 1.0]
    classic = Config(network="mlp", learning_rate_schedule="constant")
    assert [classic.learning_rate_at(step, 1_000) for step in (59, 119, 120)] == [0.002, 0.004, 0.004]


def test_snapshots_thin_out_and_keep_the_ends() -> None:
    assert Config(epochs=11).snapshot_epochs() == list(range(12))
    assert Config(epochs=100).snapshot_epochs() == [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100]
    assert Config(epochs=64).snapshot_epochs()[-2:] == [50, 64]
    assert len(Config(epochs=1_000_000).snapshot_epochs()) < 50


def test_proposed_names_say_what_is_trained_and_differ() -> None:
    assert propose_name(Config(), []) == "mnist-conv-beta4"
    assert propose_name(Config(beta=0.5, network="mlp"), []) == "mnist-mlp-beta0.5"
    assert propose_name(Config(capacity=25.0), []) == "mnist-conv-capacity25"
    assert propose_name(Config(), ["mnist-conv-beta4", "mnist-conv-beta4-2"]) == "mnist-conv-beta4-3"
