"""Many runs of one command: what belongs together, what was killed, what cannot be trained."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bvae.cli import main
from bvae.config import Config, ConfigError
from bvae.runs import SWEEP, Run, RunError, find_run, list_runs, process_lives
from bvae.sweep import Sweep, failures, on_cpu
from bvae.tests.fewer import few_digits
from bvae.tests.swept import FAST, weights

BASE = ["--network", "mlp", "--device", "cpu", "--epochs", "2", "--latent-dim", "2", "--probe-size", "50",
        "--batch-size", "500"]  # fmt: skip
OWN = ["--dataset", few_digits()]  # where all that a trainer does is to be there
FEW = FAST | {"dataset": [few_digits()]}


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "bvae", "sweep", "--into", str(folder), *BASE, *more]


def members(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/config.json"))


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a trainer that is alone take one thread: several spin where cores are busy with other tests."""
    monkeypatch.setattr("bvae.sweep.core_count", lambda: 1)


def test_a_run_for_every_combination_with_a_name_that_says_it(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path / "first", {"beta": [1.0, 2.5], "seed": [0, 1], "learning_rate": [0.001]})
    assert [member.name for member in sweep.members] == [
        "first-beta1-seed0", "first-beta1-seed1", "first-beta2.5-seed0", "first-beta2.5-seed1",
    ]  # fmt: skip
    assert sweep.members[3].config == Config(beta=2.5, seed=1, learning_rate=0.001)
    assert sweep.varied == ["beta", "seed"]
    assert [stand.state for stand in sweep.stands()] == ["waiting"] * 4
    assert not (tmp_path / "first").exists()


def test_it_is_killed_at_three_moments_and_ends_equal_to_runs_trained_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "swept"
    several = ["--beta", "1", "4", "--seed", "0", "1", "--dataset-limit", "6000"]
    chance = random.Random(0)
    for outlived in (True, False, False):
        with subprocess.Popen(command(folder, *several), stderr=subprocess.PIPE) as process:
            for _ in range(600):  # until there is something to be killed
                if list(folder.glob("*/config.json")):
                    break
                time.sleep(0.05)
            time.sleep(chance.uniform(0, 1.5))
            process.kill()
        if outlived:  # by its trainers, which the next one waits for
            continue
        for path in members(folder):
            pid = int(Run(path).status_or_finished().get("pid", 0))
            if process_lives(pid):
                os.kill(pid, signal.SIGKILL)
    assert json.loads((folder / SWEEP).read_text())["values"]["beta"] == [1.0, 4.0]
    done = subprocess.run(command(folder, *several, "--json"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [run["state"] for run in said["runs"]] == ["done"] * 4
    assert [run["epoch"] for run in said["runs"]] == [2] * 4
    alone = tmp_path / "alone"
    of_one = ["--beta", "4", "--seed", "1", "--dataset-limit", "6000"]
    assert main(["train", "--run", str(alone), *BASE, *of_one]) == 0
    assert weights(folder / "swept-beta4-seed1") == weights(alone)
    before = {path.name: weights(path) for path in members(folder)}
    capsys.readouterr()
    assert main(command(folder, *several)[3:]) == 0
    assert "4 of 4 runs done" in capsys.readouterr().out
    assert {path.name: weights(path) for path in members(folder)} == before


@pytest.mark.usefixtures("one_core")
def test_one_process_works_through_it_and_lets_its_trainers_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bvae.sweep._PATIENCE_SECONDS", 0.1)  # else the trainer could be done meanwhile
    folder = tmp_path / "swept"
    values = FAST | {"epochs": [4], "dataset_limit": [3_000]}
    sweep = Sweep(folder, values)
    going = sweep.train(1)
    for stands in going:
        if stands[0].record is not None:
            break
    with pytest.raises(RunError, match="Another process works through"):
        next(Sweep(folder, values).train(1))
    going.close()  # which stops the trainer, and lets it save
    assert Run(folder / "swept").status_or_finished()["state"] == "stopped"
    assert [stand.state for stand in list(Sweep(folder, values).train(1))[-1]] == ["done"]


SWEPT = FEW | {"epochs": [1], "beta": [0.1, 1.0], "seed": [0, 1]}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with a sweep in it, which is only read."""
    runs = tmp_path_factory.mktemp("runs")
    assert not failures(list(Sweep(runs / "swept", SWEPT).train(batched=4))[-1])
    return runs


@pytest.fixture
def runs(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which runs are looked for by name."""
    monkeypatch.setenv("BVAE_RUNS", str(trained))
    return trained


def test_its_runs_are_found_by_name_and_listed(runs: Path) -> None:
    assert find_run("swept-beta0.1-seed1").config.beta == 0.1
    assert {run.name for run in list_runs()} >= {
        f"swept-beta{beta}-seed{seed}" for beta in ("0.1", "1") for seed in (0, 1)
    }
    assert Sweep.read(runs / "swept").values == SWEPT


def test_the_commands_of_its_runs_are_a_job_array(tmp_path: Path) -> None:
    folder = tmp_path / "swept"
    values = ["--beta", "1", "2", *OWN]
    printed = [*command(folder, *values), "--print"]
    for task in ("1", "2"):
        line = f"{shlex.join(printed)} | sed -n ${{SLURM_ARRAY_TASK_ID}}p"
        script = f"""set -e; python() {{ printf '%s\\n' "$@"; }}; eval "$({line})\""""
        done = subprocess.run(
            ["bash", "-c", script],
            env=os.environ | {"SLURM_ARRAY_TASK_ID": task}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        module, *arguments = done.stdout.splitlines()[1:]
        assert module == "bvae"
        assert main(arguments) == 0
    assert [stand.state for stand in Sweep.read(folder).stands()] == ["done", "done"]
    assert subprocess.run(printed, capture_output=True, text=True).stdout == "true\ntrue\n"


def test_whether_its_seeds_find_the_same_is_told_for_each_weight(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["udr", str(runs / "swept"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"]
    assert [(run["run"], run["seed"]) for run in found] == [
        (f"swept-beta{beta}-seed{seed}", seed) for beta in ("0.1", "1") for seed in (0, 1)
    ]
    assert all(0 <= run["value"] <= 1 and run["images"] == 50 for run in found)
    assert main(["udr", "swept-beta1-seed0", "swept-beta1-seed1"]) == 0
    assert "swept-beta1-seed0" in capsys.readouterr().out
    for alone in (["swept-beta1-seed0"], ["swept-beta1-seed0", "swept-beta0.1-seed0"]):
        assert main(["udr", *alone]) == 1
        assert "swept-beta1-seed0 has no other run here that differs" in capsys.readouterr().err


def test_a_run_that_fails_is_told_and_holds_up_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "swept"
    status = main([
        "sweep", "--into", str(folder), *BASE, *OWN, "--learning-rate", "1e30", "0.001",
    ])  # fmt: skip
    out, err = capsys.readouterr()
    assert status == 1
    assert "1 of 2 runs done, 1 failed" in out
    assert "swept-learning_rate1e+30: The loss stopped being a finite number" in err
    assert [path.name for path in members(folder)] == ["swept-learning_rate0.001", "swept-learning_rate1e+30"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"beta": [1.0, -2.0]}, r"beta-2: beta is -2.0, and must be 0 or more"),
        ({"seed": [0, 1], "sigma": [0.1]}, "seed0: sigma belongs to the gaussian likelihood"),
        ({"seed": []}, "--seed has no value"),
        ({"seed": list(range(40)), "beta": list(map(float, range(40)))}, "1,600 runs, and 1,000 is the most"),
    ],
)
def test_what_is_no_config_is_told_before_anything_begins(
    tmp_path: Path, values: dict[str, list[Any]], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Sweep(tmp_path / "swept", values)
    assert not list(tmp_path.iterdir())


def test_a_value_that_is_the_default_makes_no_other_sweep(tmp_path: Path) -> None:
    Sweep(tmp_path / "swept", {"beta": [1.0, 2.0], "seed": [0]}).write()
    sweep = Sweep(tmp_path / "swept", {"beta": [1.0, 2.0, 1.0]})
    assert sweep.values == Sweep.read(tmp_path / "swept").values == {"beta": [1.0, 2.0]}
    assert sweep.command() == f"python -m bvae sweep --into {tmp_path}/swept --beta 1 2"


def test_another_sweep_and_what_is_no_sweep_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "swept"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(RunError, match=r"is no sweep's folder. Choose another one. \(.*letter.txt"):
        Sweep(folder, FAST)
    (folder / "letter.txt").unlink()
    (folder / SWEEP).write_text(json.dumps({"format": 1, "values": {"beta": [3.0], "seed": [0, 1]}, "runs": []}))
    with pytest.raises(RunError, match=r"holds another sweep \(beta 3.0, seed 0 1\)"):
        Sweep(folder, FAST)
    for hostile in ("[]", "{", '{"format": 1, "values": {"beta": 3}}', '{"format": 1, "values": {"__class__": [1]}}'):
        (folder / SWEEP).write_text(hostile)
        with pytest.raises(RunError):
            Sweep.read(folder)
    other = tmp_path / "other"
    assert main(["train", "--run", str(other / "other-seed0"), *BASE, *OWN, "--epochs", "1"]) == 0
    (other / SWEEP).write_text(json.dumps({"format": 1, "values": FEW | {"seed": [0, 1]}}))
    first, second = list(Sweep.read(other).train())[-1]
    assert (first.state, second.state) == ("failed", "done")
    assert "is a run of another config. Move it away." in failures([first])[0]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Cannot write in"):
        next(Sweep(tmp_path / "file" / "swept", FAST).train())


@pytest.mark.usefixtures("one_core")
def test_a_full_disk_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    values = FEW | {"seed": [0, 1]}
    folder = tmp_path / "swept"
    sweep = Sweep(folder, values)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> bool:
        """Leave no more room to the second, before which the sweep asks whether to stop."""
        if sweep.stands()[0].state == "done":
            resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, before[1]))
        return False

    try:
        list(sweep.train(1, fill))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    first, second = Sweep(folder, values).stands()
    assert first.state == "done"
    assert second.state == "failed"
    assert "File too large" in str(second.error)
    assert "make room or mend the folder's permissions" in str(second.error)
    kept = weights(first.member.path)
    assert [stand.state for stand in list(Sweep(folder, values).train(1))[-1]] == ["done", "done"]
    assert weights(first.member.path) == kept


def test_a_run_that_cannot_begin_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "swept"
    assert main(["sweep", "--into", str(folder), *BASE, "--device", "mps", "--at-once", "1"]) == 1
    out, err = capsys.readouterr()
    assert "0 of 1 runs done, 1 failed" in out
    assert "swept: There is no mps device here" in err


def test_runs_of_one_architecture_are_trained_as_one_model(tmp_path: Path) -> None:
    values = FEW | {"batch_size": [125, 250], "learning_rate": [0.002, 0.004, 1e30]}
    folder = tmp_path / "swept"
    processes = set()
    stands = []
    for stands in Sweep(folder, values).train(batched=3):
        for stand in stands:
            with contextlib.suppress(RunError):
                processes.add(Run(stand.member.path).status()["pid"])
    assert [stand.state for stand in stands] == ["done", "done", "failed"] * 2
    assert len(processes) == 2
    assert "The loss stopped being a finite number" in str(stands[2].error)
    alone = tmp_path / "alone"
    assert main(["train", "--run", str(alone), "--json", *stands[4].member.config.arguments()]) == 0
    for name, value in Run(alone).weights(2).items():
        np.testing.assert_allclose(Run(stands[4].member.path).weights(2)[name], value, atol=2e-3)


def test_only_runs_of_the_cpu_are_trained_beside_each_other(tmp_path: Path) -> None:
    assert on_cpu(Sweep(tmp_path / "swept", FAST).members)
    assert not on_cpu(Sweep(tmp_path / "swept", FAST | {"device": ["cpu", "cuda"]}).members)
