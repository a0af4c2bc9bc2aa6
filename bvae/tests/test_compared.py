"""Runs compared: which can be, what those that differ in their seed come to together, and how that is told."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import shutil
import statistics
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.stats import t

from bvae.cli import main
from bvae.compared import FIGURES, comparable, compare, line, read_comparison, spread, sweep_command, together
from bvae.config import Config
from bvae.metrics.udr import udr_of_runs
from bvae.runs import Run, RunError, read_json, read_tensors, write_json, write_tensors
from bvae.sweep import Sweep

NAMES = ("mnist-beta1", "mnist-beta4", "mnist-beta10")
ROOT = Path(__file__).resolve().parents[2]


def another(source: str, path: Path, seed: int, **config: Any) -> Run:
    """A bundled run as if it had been trained with another seed: codes turned a little, figures moved a little."""
    shutil.copytree(Run(source).path, path, ignore=shutil.ignore_patterns("state.*", "layout.*"))
    said = read_json(path / "config.json")
    write_json(path / "config.json", said | {"config": said["config"] | {"seed": seed} | config})
    lines = [json.loads(one) for one in (path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    for record in lines:
        record["test"]["kl"] += 0.3 * seed
        record["test"]["reconstruction"] -= 0.5 * seed
    (path / "history.jsonl").write_text("".join(json.dumps(record) + "\n" for record in lines), encoding="utf-8")
    epoch = max(Run(path).epochs())
    file = path / f"latents/{epoch:04}.safetensors"
    tensors, _ = read_tensors(file)
    noise = np.random.default_rng(seed).normal(size=tensors["mean"].shape)
    write_tensors(file, tensors | {"mean": (tensors["mean"][:, ::-1] + 0.1 * noise).astype(np.float32)})
    return Run(path)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A sweep of two β and two seeds, as if it were trained."""
    folder = tmp_path_factory.mktemp("compared") / "small"
    found = Sweep(folder, {"beta": [1.0, 10.0], "seed": [1, 2], "probe_size": [2500]})
    for member in found.members:
        another(f"mnist-beta{member.config.beta:g}", member.path, member.config.seed)
    found.write()
    return found


def test_a_line_says_what_the_run_says_at_its_last_epoch_or_another() -> None:
    run = Run("mnist-beta4")
    history = run.history()
    for epoch, record in ((None, history[-1]), (10, history[10])):
        found = line(run, epoch=epoch)
        assert run.figures(epoch) is not None
        assert dict(run.figures(epoch) or {}) == dict(record)
        assert found["epoch"] == record.epoch
        assert found["figures"]["kl"] == record.kl
        assert found["figures"]["bound"] == -record.elbo
        assert found["kl_per_dimension"] == record.kl_per_dimension
        measured = run.measured()[record.epoch]
        assert found["figures"]["mig"] == measured["scores"]["mig"]["value"]
        assert found["figures"]["neighbours"] == measured["representation"]["neighbours"]["value"]
    with pytest.raises(RunError, match="mnist-beta4 has no figures of epoch 101"):
        line(run, epoch=101)


def test_what_could_not_be_measured_keeps_its_reason_and_nonsense_is_nothing(tmp_path: Path) -> None:
    run = another("mnist-beta10", tmp_path / "run", 1)
    said = read_json(run.path / "metrics.json")
    record = said["epochs"]["100"]
    record["scores"] = {"mig": {"reason": "Nothing varies."}, "modularity": {"value": float("nan")}, "explicitness": 3}
    record["representation"] = {"reason": "No images."}
    write_json(run.path / "metrics.json", said)
    found = line(run)
    assert found["reasons"] == {"mig": "Nothing varies.", "neighbours": "No images."}
    assert not {"mig", "modularity", "explicitness", "disentanglement", "neighbours"} & set(found["figures"])
    (run.path / "history.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        line(run)


def test_a_mean_and_its_interval_are_students() -> None:
    values = [1.0, 2.0, 4.5]
    found = spread(values)
    low, high = t.interval(0.95, 2, statistics.mean(values), statistics.stdev(values) / 3**0.5)
    assert found["mean"] == pytest.approx(2.5)
    assert found["half"] == pytest.approx((high - low) / 2)
    assert (found["low"], found["high"], found["count"]) == (1.0, 4.5, 3)
    assert spread([2.0])["half"] is None
    assert spread(values, independent=False)["half"] is None


def test_seeds_make_a_group_and_beta_a_series(sweep: Sweep) -> None:
    runs = [Run(member.path) for member in sweep.members]
    found = compare(runs, name="small", command=sweep_command(sweep))
    assert [(group["weight"], group["seeds"]) for group in found["groups"]] == [("β = 1", [1, 2]), ("β = 10", [1, 2])]
    (series,) = found["series"]
    assert series == {"label": "", "groups": [0, 1]}
    assert found["left_out"] == []
    for group in found["groups"]:
        of_group = [runs[place].history()[-1] for place in group["runs"]]
        assert group["figures"]["kl"]["mean"] == pytest.approx(statistics.mean(one.kl for one in of_group), rel=1e-5)
        above = statistics.mean(one.reconstruction for one in of_group) - found["floor"]
        assert group["figures"]["above"]["mean"] == pytest.approx(above, rel=1e-5)
        told = udr_of_runs([runs[place] for place in group["runs"]]).records
        assert group["figures"]["udr"]["mean"] == pytest.approx(told[0]["value"], rel=1e-5)
        assert group["figures"]["udr"]["half"] is None
        assert set(FIGURES) == set(group["figures"])
    assert found["command"] == ("python -m bvae sweep --into runs/small --beta 1 10 --seed 1 2 --probe-size 2500")
    assert found["runs"][0]["command"].startswith("python -m bvae train --run runs/small-beta1-seed1 --beta 1 ")
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_what_differs_in_more_than_seed_and_beta_is_another_series() -> None:
    lines = [line(Run(name)) for name in NAMES]
    assert [one["label"] for one in together(lines)["series"]] == [""]
    shorter = copy.deepcopy(lines[0])
    shorter["config"] |= {"epochs": 20}
    shorter["epoch"] = 20
    assert [one["label"] for one in together([shorter, *lines[1:]])["series"]] == ["100 epochs", "20 epochs"]
    shortest, imported = shorter | {"epoch": 1}, shorter | {"epoch": 0, "seed": None}
    assert {one["label"] for one in together([shortest, imported])["series"]} == {"1 epoch", "trained elsewhere"}
    small = copy.deepcopy(lines[1])
    small["config"] |= {"network": "mlp", "latent_dim": 5, "dataset_limit": 2000, "sigma": 0.1}
    labels = [one["label"] for one in together([lines[1], small])["series"]]
    assert labels == ["all images, conv, latent dim 20, sigma its own", "2,000 images, mlp, latent dim 5, sigma 0.1"]
    twice = together([lines[1], lines[1]])
    assert [group["runs"] for group in twice["groups"]] == [[0]], "the same seed twice is the same run"
    assert together([])["groups"] == []


def test_nats_of_another_kind_are_left_out_with_a_sentence() -> None:
    lines = [line(Run(name)) for name in NAMES]
    other = copy.deepcopy(lines[0])
    other |= {"name": "shoes", "config": other["config"] | {"dataset": "fashion-mnist"}}
    grey = copy.deepcopy(lines[0])
    grey |= {"name": "grey", "config": other["config"] | {"dataset": "mnist", "likelihood": "gaussian"}}
    kept, said = comparable([other, *lines, grey])
    assert [one["name"] for one in kept] == [*NAMES]
    assert said == [
        "Left out: shoes (fashion-mnist), whose nats are of another kind.",
        "Left out: grey (gaussian likelihood), whose nats are of another kind.",
    ]
    assert comparable([]) == ([], [])


def test_a_run_that_cannot_be_read_costs_a_sentence_and_no_other_run(sweep: Sweep, tmp_path: Path) -> None:
    good, gone, fresh = Run("mnist-beta4"), another("mnist-beta10", tmp_path / "gone", 1), tmp_path / "fresh"
    untrained = another("mnist-beta10", fresh, 2)
    first = (fresh / "history.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[0]
    (fresh / "history.jsonl").write_text(first, encoding="utf-8")
    shutil.rmtree(gone.path)
    found = compare([good, gone, untrained])
    assert [one["name"] for one in found["runs"]] == ["mnist-beta4"]
    assert found["left_out"] == [
        "Left out: gone has no figures yet.",
        "Left out: fresh has no epoch of training behind it yet.",
    ]


def test_the_command_prints_a_table_that_markdown_takes(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(sweep.folder)]) == 0
    out, err = capsys.readouterr()
    head, rule, *rows = out.splitlines()
    assert re.fullmatch(r"\|( -+:? \|)+", rule)
    assert len({len(row) for row in (head, rule, *rows)}) == 1
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[:2] for row in cells] == [["β = 1", "2"], ["β = 10", "2"]]
    assert all(re.fullmatch(r"[\d.]+ ± [\d.]+", row[2]) for row in cells)
    assert "10,000 images, at epoch 100." in err
    assert "95 % t-interval" in err


def test_json_and_pictures_are_what_a_page_and_a_readme_take(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = tmp_path / "small.png", tmp_path / "small.svg"
    for path in paths:
        assert main(["compare", str(sweep.folder), "--json", "--picture", str(path)]) == 0
    (tmp_path / "small.json").write_text(capsys.readouterr().out.splitlines()[-1], encoding="utf-8")
    found = read_comparison(tmp_path / "small.json")
    assert found == compare([Run(member.path) for member in sweep.members], None, "small", sweep_command(sweep))
    assert str(sweep.folder.parent) not in json.dumps(found), "no machine's paths"
    svg = xml.etree.ElementTree.parse(paths[1]).getroot()
    said = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"What β trades: small", "β = 1", "β = 10", "MIG", "UDR", "Active units"} <= set(said)
    with Image.open(paths[0]) as image:
        assert image.size == (2400, 1360)
    (tmp_path / "none.json").write_text('{"format": 1}', encoding="utf-8")
    with pytest.raises(RunError, match="is no comparison"):
        read_comparison(tmp_path / "none.json")


def test_nothing_to_compare_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Sweep(tmp_path / "empty", {"seed": [0, 1]}).write()
    for arguments, said in (
        ([str(tmp_path / "empty")], "has no run to compare yet."),
        (["mnist-beta4", "--epoch", "999"], "mnist-beta4 has no figures of epoch 999."),
        (["nowhere"], "There is no run named 'nowhere'"),
    ):
        assert main(["compare", *arguments]) == 1
        assert said in capsys.readouterr().err


def test_a_sweep_command_makes_the_same_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, list[Any]] = {"network": ["mlp"], "beta": [0.5, 4.0], "seed": [3], "dataset_limit": [2000]}
    made = sweep_command(Sweep(tmp_path / "mine", values)).split()
    assert made[:3] == ["python", "-m", "bvae"]
    monkeypatch.chdir(tmp_path)
    assert main([*made[3:], "--print"]) == 0
    again = Sweep.read("runs/mine")
    assert again.values == values
    assert again.members[0].config == dataclasses.replace(Config(), **{name: one[0] for name, one in values.items()})
