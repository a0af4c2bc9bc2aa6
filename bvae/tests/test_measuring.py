"""All that is measured of a run: whole, taken up without loss, and defined where there is nothing to measure."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bvae.cli import STOPPED, main
from bvae.config import Config
from bvae.factors import FACTORS
from bvae.factors import measure as measure_images
from bvae.metrics import state
from bvae.metrics.figures import plain
from bvae.metrics.measuring import Step, measure_run
from bvae.metrics.regimes import ACTIVE_VARIANCE
from bvae.metrics.scores import NAMES
from bvae.runs import Run, RunError, metrics_lock, read_json, read_tensors, write_json, write_tensors
from bvae.training import train_run

ROOT = Path(__file__).resolve().parents[2]
SMALL = Config(network="mlp", latent_dim=2, epochs=1, batch_size=100, dataset_limit=2_000, probe_size=60, device="cpu")
IMAGES = 600


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of two latent dimensions, at epochs 0 and 1."""
    path = tmp_path_factory.mktemp("measured") / "small"
    list(train_run(path, SMALL))
    return path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    shutil.copytree(trained, tmp_path / "small")
    return Run(tmp_path / "small")


def measure(run: Run, *epochs: int, **options: Any) -> list[Step]:
    return list(measure_run(run, epochs or None, most=options.pop("most", IMAGES), **options))


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif isinstance(value, float | int):
        yield value


def without_time(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("parts", "seconds")}


def check_figures(part: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        figure = part[name]
        assert "reason" in figure or {"value", "standard_error", "images", "estimator"} <= set(figure), name


def check_record(record: dict[str, Any], dimensions: int) -> None:
    assert all(math.isfinite(value) for value in numbers(record))
    check_figures(record["decomposition"], ("kl", "mutual_information", "total_correlation", "dimension_wise_kl"))
    parts = record["decomposition"]
    added = sum(parts[name]["value"] for name in ("mutual_information", "total_correlation", "dimension_wise_kl"))
    assert added == pytest.approx(parts["kl"]["value"], abs=1e-4)
    assert parts["mutual_information"]["value"] <= parts["ceiling"] == pytest.approx(math.log(record["images"]))
    check_figures(record["scores"], NAMES)
    check_figures(record["representation"], ("neighbours", "linear"))
    check_figures(record["generation"], ("frechet", "frechet_floor", "sure"))
    assert set(record["generation"]["classifier"]) == {"name", "hash", "accuracy"}
    assert [one["index"] for one in record["dimensions"]] == list(range(dimensions))
    for one in record["dimensions"]:
        assert one["regime"] in ("active", "passive", "mixed")
        assert one["name"]
        assert {"factor", "range", "effects", "agreement", "per_unit", "specificity", "images"} <= set(one["evidence"])
        assert {"kl", "dimension_wise_kl", "mixed_share", "mean_variance", "variance_mean"} <= set(one)
        assert set(one["mutual_information"]) == {*FACTORS, "class"}
    assert set(record["factors"]) == {*FACTORS}


def test_all_of_a_run_is_measured_and_nothing_twice(run: Run) -> None:
    told: list[Step] = []
    steps = measure(run, report=told.append)

    assert [step.epoch for step in steps] == [1] * len(state.PARTS) + [0] * len(state.PARTS)  # the last epoch first
    assert [step.part for step in steps] == [*state.PARTS, *state.PARTS]
    shares = [step.share for step in told]
    assert shares == sorted(shares)
    assert shares[-1] == steps[-1].share == 1
    assert steps[-1].remaining == 0
    found = read_json(run.path / "metrics.json")
    assert found["data"] == run.images_hash
    assert list(found["epochs"]) == ["0", "1"]
    for epoch, record in run.measured().items():
        check_record(record, 2)
        assert (record["epoch"], record["split"], record["images"]) == (epoch, "test", IMAGES)
        samples = [bound["samples"] for bound in record["likelihood"]]
        assert samples == ([1, 10, 100, 1_000] if epoch == 1 else [1, 10, 100])
        values = [bound["value"] for bound in record["likelihood"]]
        assert values == sorted(values)
    assert set(run.measured()[1]["directions"]) == {*FACTORS}
    assert state.progress(run) == state.Progress("finished", done=100)
    assert not (run.path / "measuring.json").exists()

    before = (run.path / "metrics.json").stat().st_mtime_ns
    assert measure(run) == []
    assert (run.path / "metrics.json").stat().st_mtime_ns == before
    assert [line for line in (run.path / "metrics.json").read_text().splitlines() if "NaN" in line] == []


def test_what_is_measured_on_the_images_of_the_map_is_kept_with_the_run(run: Run) -> None:
    measure(run, 1, parts=["factors"])
    kept = run.factors()
    assert kept is not None
    for name, values in measure_images(run.probe().images, processes=1).items():
        np.testing.assert_allclose(kept[name], values, rtol=1e-5, atol=1e-4)


def test_what_was_ended_goes_on_where_it_was(run: Run) -> None:
    def end(step: Step) -> None:
        if step.part == "scores":
            assert state.progress(run).state == "running"
            raise KeyboardInterrupt

    assert state.progress(run).state == "absent"
    with pytest.raises(KeyboardInterrupt):
        measure(run, 1, report=end)
    assert not [path for path in run.path.iterdir() if path.name.endswith(".tmp")]
    assert state.progress(run).state == "behind"
    half = run.measured()[1]
    assert set(half["parts"]) == {"decomposition", "factors", "names", "directions"}
    assert "scores" not in half
    assert "neighbours" not in half.get("representation", {})

    assert [step.part for step in measure(run, 1)] == ["scores", "representation", "generation", "likelihood"]

    whole = run.measured()[1]
    other = Run(shutil.copytree(run.path, run.path.parent / "other"))
    (other.path / "metrics.json").unlink()
    measure(other, 1)
    assert without_time(other.measured()[1]) == without_time(whole)


def test_other_weights_or_images_are_measured_anew_and_other_keys_stay(run: Run) -> None:
    write_json(run.path / "metrics.json", {"format": 1, "scores": {"mig": 0.1}, "epochs": {"note": "mine"}})
    parts = ("decomposition",)
    measure(run, parts=parts)
    found = read_json(run.path / "metrics.json")
    assert found["scores"] == {"mig": 0.1}
    assert measure(run, parts=parts) == []

    weights, _ = read_tensors(run.path / "epochs/0001.safetensors")
    write_tensors(run.path / "epochs/0001.safetensors", {name: 0.5 * array for name, array in weights.items()})
    before = run.measured()
    assert [step.epoch for step in measure(run, parts=parts)] == [1]
    assert run.measured()[1]["decomposition"]["kl"] != before[1]["decomposition"]["kl"]
    assert run.measured()[0] == before[0]

    write_json(run.path / "metrics.json", found | {"data": "0" * 64})
    assert run.measured() == {}
    assert [step.epoch for step in measure(run, parts=parts)] == [1, 0]
    (run.path / "metrics.json").write_text("{")
    assert state.progress(run).state == "failed"
    assert len(measure(run, parts=parts)) == 2
    assert state.progress(run).state == "behind"


def test_a_snapshot_that_holds_no_numbers_says_so(run: Run) -> None:
    weights, _ = read_tensors(run.path / "epochs/0000.safetensors")
    first = min(name for name in weights if name.startswith("encoder"))
    weights[first] = np.full_like(weights[first], np.nan)
    write_tensors(run.path / "epochs/0000.safetensors", weights)
    measure(run, 0)
    record = run.measured()[0]
    assert "dimensions" in record
    for part in state.PARTS:
        assert "not finite numbers" in record[part]["reason"]
        assert str(run.path) not in record[part]["reason"]
    assert main(["metrics", str(run.path), "--epoch", "0"]) == 0

    weights[first] = np.full_like(weights[first], 3e38)  # whose products are none
    write_tensors(run.path / "epochs/0000.safetensors", weights)
    measure(run, 0, parts=("decomposition", "scores"))
    assert "codes that are not finite" in run.measured()[0]["scores"]["reason"]


def test_a_dead_model_has_defined_figures(run: Run) -> None:
    weights, _ = read_tensors(run.path / "epochs/0001.safetensors")
    last = sorted(name for name in weights if name.startswith("encoder"))[-2:]
    for name in last:
        weights[name] = np.zeros_like(weights[name])
    write_tensors(run.path / "epochs/0001.safetensors", weights)
    measure(run, 1)
    record = run.measured()[1]
    check_record(record, 2)
    assert record["decomposition"]["kl"]["value"] == 0
    assert {one["regime"] for one in record["dimensions"]} == {"passive"}
    assert {one["name"] for one in record["dimensions"]} == {"carries nothing"}
    assert record["scores"]["mig"]["value"] == 0
    assert "passive" in record["directions"]["reason"]


def test_a_run_whose_images_are_not_to_be_had_is_measured_on_its_probe_set(run: Run) -> None:
    config = read_json(run.path / "config.json")
    config["data"]["sha256"] = "0" * 64
    write_json(run.path / "config.json", config)
    run = Run(run.path)
    measure(run, 1)
    record = run.measured()[1]
    assert (record["split"], record["images"]) == ("probe", 60)
    assert "500 images" in record["scores"]["mig"]["reason"]
    assert record["representation"]["linear"]["images"] == 30
    assert "not to be had" in record["generation"]["reason"]
    assert record["dimensions"][0]["name"]


def test_one_class_and_a_gaussian_likelihood_are_explained(tmp_path: Path) -> None:
    config = Config(**SMALL.to_dict() | {"likelihood": "gaussian", "latent_dim": 1, "probe_size": 200})
    list(train_run(tmp_path / "gaussian", config))
    details = read_json(tmp_path / "gaussian/config.json")
    details["data"]["sha256"] = "0" * 64
    write_json(tmp_path / "gaussian/config.json", details)
    probe, _ = read_tensors(tmp_path / "gaussian/probe.safetensors")
    probe["labels"] = np.zeros_like(probe["labels"])
    write_tensors(tmp_path / "gaussian/probe.safetensors", probe)
    run = Run(tmp_path / "gaussian")
    measure(run, 1)
    record = run.measured()[1]
    assert "one class" in record["representation"]["reason"]
    assert "Gaussian" in record["likelihood"]["reason"]
    assert record["decomposition"]["total_correlation"]["value"] == pytest.approx(0, abs=1e-6)
    assert all(math.isfinite(value) for value in numbers(record))
    assert state.progress(run).state == "behind"
    assert measure(run, 1) == []


def test_the_background_is_asked_once_and_a_killed_process_is_known_for_dead(run: Run) -> None:
    state.start(run.path)
    process = run.measuring()
    assert process is not None
    assert state.progress(run).state == "running"
    state.start(run.path)
    assert (run.measuring() or {})["pid"] == process["pid"]
    os.kill(process["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 60
    while state.progress(run).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert state.progress(run).state == "absent"
    measure(run, 1, parts=("decomposition",))
    assert state.progress(run).state == "behind"


def test_figures_are_plain_and_short() -> None:
    found = plain({"a": np.float32(1 / 3), "b": [math.nan, np.int64(3)], "decomposition": {"kl": 22.42661635852}})
    assert found == {"a": 0.333333, "b": [None, 3], "decomposition": {"kl": 22.4266164}}


def test_only_one_process_measures_a_run(run: Run) -> None:
    with metrics_lock(run.path), pytest.raises(RunError, match="Another process is measuring"):
        measure(run)
    measure(run, 1, parts=("decomposition",))
    (run.path / "metrics.lock").unlink()
    (run.path / "metrics.lock").mkdir()  # as good as a folder that cannot be written
    assert measure(run, 1, parts=("decomposition",)) == []
    with pytest.raises(RunError, match="cannot be written"):
        measure(run, 0)
    shutil.rmtree(run.path / "epochs")
    with pytest.raises(RunError, match="no snapshot"):
        measure(Run(run.path))


def test_the_command_prints_one_object(run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("os.nice", lambda by: 0)
    measure(run, 1)
    assert main(["metrics", str(run.path), "--epoch", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert {"decomposition", "scores", "dimensions", "images", "split", "epoch"} <= set(found)
    assert (found["epoch"], found["images"], found["split"]) == (1, IMAGES, "test")
    for name in ("mutual_information", "total_correlation", "dimension_wise_kl", "kl"):
        assert {"value", "standard_error"} <= set(found["decomposition"][name])
    assert [set(one) >= {"index", "kl", "regime", "name", "evidence"} for one in found["dimensions"]] == [True, True]

    assert main(["metrics", str(run.path), str(run.path), "--epoch", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"runs": [found, found]}
    assert main(["metrics", str(run.path), "--epoch", "1"]) == 0
    out = capsys.readouterr().out
    for text in ("mutual information", "1,000 codes", "MIG", "z1", "linear classifier", f"{IMAGES} images"):
        assert text in out
    assert main(["metrics", str(run.path), "--epoch", "7"]) == 1
    assert "no snapshot of epoch 7" in capsys.readouterr().err


def test_a_process_that_is_asked_to_end_leaves_what_it_measured(run: Run) -> None:
    """At the whole test set, of which the scores take seconds."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bvae", "metrics", str(run.path), "--json"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 300
        while "names" not in run.measured().get(1, {}).get("parts", {}):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == STOPPED
    assert out == ""
    assert not [path.name for path in run.path.iterdir() if path.suffix == ".tmp"]
    assert state.progress(run).state == "behind"
    record = run.measured()[1]
    assert record["images"] == 10_000
    assert record["dimensions"][0]["name"]


@pytest.mark.parametrize("name", ["mnist-beta1", "mnist-beta4", "mnist-beta10"])
def test_bundled_runs_carry_their_figures(name: str) -> None:
    run = Run(name)
    assert state.progress(run).state == "finished"
    assert (run.path / "metrics.json").stat().st_size < 400_000
    measured = run.measured()
    assert sorted(measured) == run.epochs()
    history = {record.epoch: record for record in run.history()}
    for epoch, record in measured.items():
        check_record(record, 20)
        assert (record["split"], record["images"]) == ("test", 10_000)
        kl = [one["kl"] for one in record["dimensions"]]
        np.testing.assert_allclose(kl, history[epoch].kl_per_dimension, rtol=1e-3, atol=1e-5)
        means_move = [one["mean_variance"] > ACTIVE_VARIANCE for one in record["dimensions"]]
        assert sum(means_move) == history[epoch].active_units
        assert not any(moves for moves, one in zip(means_move, record["dimensions"], strict=True)
                       if one["regime"] == "passive")  # fmt: skip
    assert list(measure(run, most=10_000)) == []
    last = measured[run.epochs()[-1]]
    named = {one["evidence"]["factor"] for one in last["dimensions"]} - {None}
    assert named >= {"thickness", "slant", "width"} or name == "mnist-beta10"
    # Whatever it is bought for, the samples of a larger β look more like digits.
    assert last["generation"]["frechet"]["value"] > 10 * last["generation"]["frechet_floor"]["value"]
