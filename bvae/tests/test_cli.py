"""The command line: what it prints and writes, and that a mistake costs a sentence and never a run.

What depends on the process (exit status, a clean stdout, signals) runs as one; the rest calls `main` in this process,
because importing torch takes seconds.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import os
import pickle
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from bvae import data, runs, training
from bvae.cli import STOPPED, main
from bvae.latent import sample_prior
from bvae.pictures import spelled
from bvae.runs import Run, RunError, process_lives
from bvae.tests.fewer import load_fewer
from bvae.tests.sheets import says, tiles

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds after which a process is taken for stuck
SMALL = ["--network", "mlp", "--dataset-limit", "1000", "--probe-size", "200", "--device", "cpu"]

_load_dataset = functools.cache(data.load_dataset)


class Result(NamedTuple):
    code: int
    out: str
    err: str


def start(*arguments: str, cwd: Path, **values: Any) -> subprocess.Popen[str]:
    # One thread, as in this process: the last bits of a sum depend on their number.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "BVAE_RUNS": str(cwd / "runs")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | values
    return subprocess.Popen(
        [sys.executable, "-m", "bvae", *arguments], cwd=cwd, env=environment, text=True, **pipes
    )  # fmt: skip


def process(*arguments: str, cwd: Path) -> Result:
    with start(*arguments, cwd=cwd) as started:
        out, err = started.communicate(timeout=PATIENCE)
    return Result(started.returncode, out, err)


class Trained(NamedTuple):
    path: Path
    printed: Result
    history: list[dict[str, Any]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run of two epochs, trained by a process; tests copy what they change."""
    folder = tmp_path_factory.mktemp("work")
    printed = process("train", "--run", "runs/small", "--epochs", "2", *SMALL, cwd=folder)
    assert printed.code == 0, printed.err
    path = folder / "runs" / "small"
    return Trained(path, printed, [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()])


@pytest.fixture
def copy(trained: Trained, tmp_path: Path) -> Path:
    """A copy of the run in `runs` of the working directory."""
    return Path(shutil.copytree(trained.path, tmp_path / "runs" / "small"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, and read MNIST once for all tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BVAE_RUNS", raising=False)
    monkeypatch.setattr(data, "load_dataset", _load_dataset)
    monkeypatch.setattr(training, "load_dataset", _load_dataset)


Call = Callable[..., Result]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process."""

    def called(*arguments: object) -> Result:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        return Result(code, *capfd.readouterr())

    return called


def tree(folder: Path) -> dict[str, str]:
    """Every file and folder with a hash of what it holds."""
    return {
        str(item.relative_to(folder)): hashlib.sha256(item.read_bytes()).hexdigest() if item.is_file() else ""
        for item in sorted(folder.rglob("*"))
    }


def assert_refused(result: Result, word: str, code: int = 1) -> None:
    """A non-zero status, nothing on stdout, and one line on stderr with `word` in it."""
    assert result.code == code
    assert result.out == ""
    assert result.err.count("\n") == 1, result.err
    assert re.match(r"python -m bvae( \w+)?: .+[.]\n", result.err), result.err
    assert word in result.err
    assert "Traceback" not in result.err


# What it prints --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("called", "name"), [("/usr/bin/bvae", "bvae"), ("bvae.exe", "bvae"), (None, "python -m bvae")]
)
def test_help_and_problems_name_the_command_as_it_was_called(called: str | None, name: str) -> None:
    script = f"import sys; sys.argv[0] = {called!r}; from bvae.__main__ import run; sys.exit(run())"
    command = [sys.executable, *(["-c", script] if called else ["-m", "bvae"])]
    helped = subprocess.run([*command, "runs", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert helped.stdout.startswith(f"usage: {name} runs ")
    refused = subprocess.run([*command, "evaluate", "nowhere"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.stderr.startswith(f"{name} evaluate: ")


def test_train_ends_with_the_path_and_the_final_figures(trained: Trained) -> None:
    test = trained.history[-1]["test"]
    assert trained.printed.out == (
        f"runs/small: epoch 2, test -ELBO {test['reconstruction'] + test['kl']:.2f} = reconstruction "
        f"{test['reconstruction']:.2f} + KL {test['kl']:.2f} nats an image (10,000 images), "
        f"{trained.history[-1]['active_units']} active units\n"
    )
    assert [record["epoch"] for record in trained.history] == [0, 1, 2]
    assert trained.history[0]["test"]["reconstruction"] > trained.history[2]["test"]["reconstruction"]


def test_train_json_is_the_last_record(call: Call) -> None:
    result = call("train", "--run", "new", "--epochs", 1, "--json", *SMALL)
    assert result.code == 0
    assert result.err == ""
    assert json.loads(result.out) == {"run": "new", **Run("new").history()[-1]}
    assert result.out.count("\n") == 1


def test_train_without_a_name_goes_to_the_runs_folder(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BVAE_RUNS", "elsewhere")
    assert call("train", "--epochs", 1, "--beta", 2.5, "--json", *SMALL).code == 0
    (path,) = Path("elsewhere").iterdir()
    assert re.fullmatch(r"mnist-mlp-beta2[.]5-\d{8}-\d{6}", path.name)
    assert Run(path).status()["state"] == "finished"
    assert not Path("runs").exists()


def test_the_recorded_command_repeats_the_run(trained: Trained, call: Call) -> None:
    command = Run(trained.path).command().split()
    assert command[:4] == ["python", "-m", "bvae", "train"]
    command[command.index("--run") + 1] = "again"
    assert call(*command[3:], "--json").code == 0
    for kind in ("epochs", "latents"):
        assert tree(Path("again") / kind) == tree(trained.path / kind)


def test_evaluate_says_what_the_history_says(trained: Trained, call: Call) -> None:
    for record in trained.history:
        result = call("evaluate", trained.path, "--epoch", record["epoch"], "--device", "cpu", "--json")
        assert result.code == 0
        values = json.loads(result.out)
        assert set(values) == {
            "epoch", "split", "images", "elbo", "reconstruction", "kl", "kl_per_dimension", "active_units",
        }  # fmt: skip
        test = record["test"]
        assert values == {
            "epoch": record["epoch"],
            "split": "test",
            "images": 10_000,
            "elbo": -(test["reconstruction"] + test["kl"]),
            "reconstruction": test["reconstruction"],
            "kl": test["kl"],
            "kl_per_dimension": record["kl_per_dimension"],
            "active_units": record["active_units"],
        }


def test_evaluate_as_a_process(trained: Trained, tmp_path: Path) -> None:
    """By name, the last epoch by default, and nothing but one object on stdout."""
    result = process("evaluate", "small", "--json", "--device", "cpu", cwd=trained.path.parents[1])
    assert (result.code, result.err, result.out.count("\n")) == (0, "", 1)
    assert json.loads(result.out)["elbo"] == -sum(trained.history[2]["test"][key] for key in ("reconstruction", "kl"))
    assert json.loads(result.out)["epoch"] == 2


def test_evaluate_for_people(trained: Trained, call: Call) -> None:
    out = call("evaluate", trained.path, "--device", "cpu").out
    test = trained.history[2]["test"]
    assert "epoch 2, test split, 10,000 images, one code an image, nats an image" in out
    assert f"{test['reconstruction'] + test['kl']:.2f}" in out
    assert f"({test['reconstruction'] - 45.534:.2f} above the entropy of the grey values)" in out
    rows = [(int(match[1]), float(match[2])) for match in re.finditer(r"z(\d+) +(\d+[.]\d{3})", out)]
    assert sorted(dimension for dimension, _ in rows) == list(range(20))
    assert [kl for _, kl in rows] == sorted((kl for _, kl in rows), reverse=True)
    assert dict(rows) == pytest.approx(dict(enumerate(trained.history[2]["kl_per_dimension"])), abs=6e-4)


def test_runs_lists_runs_and_names_what_it_cannot_read(copy: Path, trained: Trained, tmp_path: Path) -> None:
    test = trained.history[2]["test"]
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "config.json").write_text("{")
    result = process("runs", "--json", cwd=tmp_path)
    assert (result.code, result.err, result.out.count("\n")) == (0, "", 1)
    listed = json.loads(result.out)
    (row,) = (row for row in listed["runs"] if row["path"] == str(copy))
    assert row == {
        "name": "small", "path": str(copy), "state": "finished", "dataset": "mnist",
        "train_images": Run(trained.path).config.dataset_limit, "seed": 0, "network": "mlp", "beta": 4.0,
        "capacity": None,
        "latent_dim": 20, "epoch": 2, "epochs": 2, "reconstruction": test["reconstruction"], "kl": test["kl"],
        "active_units": trained.history[2]["active_units"],
    }  # fmt: skip
    (problem,) = listed["problems"]
    assert "runs/broken/config.json cannot be read as JSON" in problem


def test_runs_as_a_table(copy: Path, trained: Trained, call: Call) -> None:
    result = call("runs")
    test = trained.history[2]["test"]
    (line,) = (line for line in result.out.splitlines() if line.startswith("small "))
    figures = [f"{test['reconstruction']:.2f}", f"{test['kl']:.2f}"]
    active = f"{trained.history[2]['active_units']}/20"
    images = f"{Run(trained.path).config.dataset_limit:,}"
    assert line.split() == ["small", "finished", "mnist", images, "0", "mlp", "4", "2/2", *figures, active]
    assert "nats an image on the whole test split" in result.err
    # However long a name is, all lines are of one length, and a run whose name is another's goes by its path.
    long = shutil.copytree(copy, copy.with_name("a-name-" * 12))
    shutil.copytree(copy, copy.with_name("mnist-beta4"))
    lines = call("runs").out.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert {line.split()[0] for line in lines} >= {"run", "small", long.name, "mnist-beta4", "runs/mnist-beta4"}


def test_a_run_of_the_capacity_form_has_no_beta(tmp_path: Path, call: Call) -> None:
    told = json.loads(call("train", "--capacity", 12.5, "--epochs", 1, "--json", *SMALL).out)
    assert (told["beta"], told["capacity"]) == (None, pytest.approx(12.5 * 7 / 10_000))  # of 8 steps the last
    path = Path(told["run"])
    assert re.fullmatch(r"mnist-mlp-capacity12[.]5-\d{8}-\d{6}", path.name)
    row = next(row for row in json.loads(call("runs", "--json").out)["runs"] if row["path"] == str(path))
    assert (row["beta"], row["capacity"]) == (None, 12.5)
    (line,) = (line for line in call("runs").out.splitlines() if line.startswith(path.name))
    assert line.split()[6] == "C=12.5"


def test_a_place_without_greek_letters(copy: Path, tmp_path: Path) -> None:
    """As a file is on Windows, or a terminal of Latin letters."""
    for arguments in (["runs"], ["train", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "bvae", *arguments], cwd=tmp_path, capture_output=True, check=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        )  # fmt: skip
        assert b"?" in done.stdout


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("history.jsonl", "[]\n"),
        ("history.jsonl", '{"epoch": 0}\n'),
        ("history.jsonl", "not JSON\n"),
        ("history.jsonl", "[" * 100_000),
        ("status.json", "{}"),
        ("status.json", '{"state": 7}'),
        ("status.json", "[" * 100_000),
    ],
)
def test_runs_survives_nonsense_in_a_run(copy: Path, call: Call, file: str, text: str) -> None:
    (copy / file).write_text(text)
    result = call("runs", "--json")
    assert result.code == 0
    (problem,) = json.loads(result.out)["problems"]
    assert f"runs/small/{file}" in problem


def test_a_reader_that_has_had_enough_is_no_error(copy: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with start("runs", "--json", cwd=tmp_path, stdout=writing) as started:
        os.close(writing)
        _, err = started.communicate(timeout=PATIENCE)
    assert started.returncode == 1
    assert err == ""


# Pictures --------------------------------------------------------------------------------------------------------


def shown(pictures: torch.Tensor) -> np.ndarray:
    """Pictures in [0, 1] as the bytes nearest to them."""
    return np.asarray((255 * pictures.double()).round()).astype(np.int64)


def assert_shows(tile: np.ndarray, pictures: torch.Tensor) -> None:
    # One grey level apart where a value stands half way between two.
    assert np.abs(tile.astype(np.int64) - shown(pictures)).max() <= 1
    assert np.abs(tile.astype(np.int64) - shown(pictures)).mean() < 0.01


def test_sample(trained: Trained, call: Call) -> None:
    result = call("sample", trained.path, "--count", 7, "--seed", 3, "--temperature", 0.5, "-o", "a.png")
    assert result == (0, "a.png\n", "")
    found = tiles(Path("a.png"), 3, 3)  # the last two places stay empty
    codes = 0.5 * torch.randn(7, 20, generator=torch.Generator().manual_seed(3))
    expected = Run(trained.path).model().decode(codes)
    assert_shows(found.reshape(9, 28, 28)[:7], expected)
    assert (found[2, 1:] == 64).all()
    assert torch.equal(codes, sample_prior(7, 20, 3, 0.5))

    repeated = call("sample", trained.path, "--count", 7, "--seed", 3, "--temperature", 0.5, "-o", "b.png")
    assert repeated.code == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    assert call("sample", trained.path, "--count", 7, "--seed", 4, "--temperature", 0.5, "-o", "b.png").code == 0
    assert Path("a.png").read_bytes() != Path("b.png").read_bytes()
    # Without a name it is called after the run, the epoch and what it shows.
    named = f"{trained.path.name}-epoch-2-sample.png"
    assert call("sample", trained.path, "--count", 7, "--seed", 3, "--temperature", 0.5) == (0, f"{named}\n", "")
    assert Path(named).read_bytes() == Path("a.png").read_bytes()
    # Epoch 0 decodes the same codes to something else.
    call("sample", trained.path, "--count", 7, "--seed", 3, "--temperature", 0.5, "--epoch", 0, "-o", "b.png")
    assert_shows(tiles(Path("b.png"), 3, 3).reshape(9, 28, 28)[:7], Run(trained.path).model(0).decode(codes))
    assert Path("a.png").read_bytes() != Path("b.png").read_bytes()


def test_reconstruct(trained: Trained, call: Call) -> None:
    assert call("reconstruct", trained.path, "--count", 12, "-o", "a.png") == (0, "a.png\n", "")
    assert says(Path("a.png"), f"{trained.path.name} · beta = 4 · epoch 2")
    originals, reconstructions = tiles(Path("a.png"), 2, 12)
    probe = Run(trained.path).probe()
    places = [int(np.flatnonzero((probe.images == image).all((1, 2)))[0]) for image in originals]
    # One of each class, then a second of two of them.
    assert sorted(probe.labels[places[:10]]) == list(range(10))
    assert len(set(places)) == 12
    assert len(set(probe.labels[places[10:]])) == 2
    assert_shows(reconstructions, Run(trained.path).model()(originals))


def test_traverse(trained: Trained, call: Call) -> None:
    test = data.load_dataset("mnist").test.pixels
    run = Run(trained.path)
    order = np.argsort(-np.array(run.history()[-1]["kl_per_dimension"]))
    result = call("traverse", trained.path, "--image", 5, "--steps", 5, "--reach", 2, "-o", "a.png")
    assert (result.code, result.out) == (0, "a.png\n")
    assert result.err == f"rows from the top: {' '.join(f'z{j}' for j in order)}\n"
    found = tiles(Path("a.png"), 20, 5)
    code = run.model().encode(test[5:6])[0]
    for row, dimension in enumerate(order):
        for column, value in enumerate((-2, -1, 0, 1, 2)):
            moved = code.clone()
            moved[dimension] = value
            assert_shows(found[row, column], run.model().decode(moved[None])[0])
        if row == 2:
            break
    # Without an image it starts from the origin, which every row crosses in the middle.
    call("traverse", trained.path, "--steps", 3, "-o", "b.png")
    origin = run.model().decode(torch.zeros(1, 20))
    assert_shows(tiles(Path("b.png"), 20, 3)[:, 1], origin.expand(20, 28, 28))


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_interpolate(trained: Trained, call: Call, method: str) -> None:
    model = Run(trained.path).model()
    ends = model(data.load_dataset("mnist").test.pixels[[3, 8]])
    walk = ["interpolate", trained.path, "--from", 3, "--to", 8, "--steps", 6, "--method", method]
    named = (
        "--from 3 is test image 3, which shows 0. For class 3: --from-class 3\n"
        "--to 8 is test image 8, which shows 5. For class 8: --to-class 8\n"
    )
    assert call(*walk, "-o", "a.png") == (0, "a.png\n", named)
    (row,) = tiles(Path("a.png"), 1, 6)
    assert_shows(row[[0, -1]], ends)
    assert len({tile.tobytes() for tile in row}) == 6

    assert call(*walk, "-o", "a.GIF") == (0, "a.GIF\n", named)
    with Image.open("a.GIF") as film:
        assert film.format == "GIF"
        assert film.width == 29 * 28 >= 800
        assert film.info["loop"] == 0
        frames = []
        for position in range(getattr(film, "n_frames", 1)):
            film.seek(position)
            whole = np.asarray(film.convert("L"))
            assert (whole[29 * 28 :] < 128).any(), "nothing is said below the frame"
            frames.append(whole[14 : 29 * 28 : 29, 14::29])
            assert (np.kron(frames[-1], np.ones((29, 29), np.uint8)) == whole[: 29 * 28]).all()
    assert len(frames) == 10  # there and back
    assert_shows(frames[0], ends[0])
    assert_shows(frames[5], ends[1])
    for position in range(1, 5):
        assert (frames[position] == frames[10 - position]).all()
        assert np.abs(frames[position].astype(int) - row[position]).max() <= 1


def test_interpolate_between_classes(trained: Trained, call: Call) -> None:
    test = data.load_dataset("mnist").test
    ends = [int((test.labels == label).nonzero()[0, 0]) for label in (3, 7)]
    walk = ["interpolate", trained.path, "--steps", 2]
    assert call(*walk, "--from-class", 3, "--to-class", 7, "-o", "a.png") == (0, "a.png\n", "")
    assert_shows(tiles(Path("a.png"), 1, 2)[0], Run(trained.path).model()(test.pixels[ends]))
    assert call(*walk, "--from", ends[0], "--to-class", 7, "-o", "b.png") == (0, "b.png\n", "")
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    assert_refused(
        call(*walk, "--from-class", "x", "--to", 99, "-o", "c.png"), "There is no class 'x'. There are: 0, 1,"
    )
    assert_refused(call(*walk, "--from", 1, "--from-class", 1, "--to", 99, "-o", "c.png"), "not allowed with", 2)
    assert_refused(call(*walk, "--to", 99, "-o", "c.png"), "one of the arguments --from --from-class is required", 2)


def test_words_in_pictures_are_spelled_in_the_letters_that_there_are() -> None:
    assert spelled("β = 4 · z3 → −2.5, ×1") == "beta = 4 · z3 to -2.5, x1"
    assert spelled("Größe é い") == "Grosse e ?"
    missing = drawn("\uffff")
    for letter in set(spelled("".join(map(chr, range(32, 0x3000))))) - {" "}:
        assert not np.array_equal(drawn(letter), missing), letter


def drawn(text: str) -> np.ndarray:
    image = Image.new("L", (60, 40))
    ImageDraw.Draw(image).text((5, 5), text, 255, ImageFont.load_default(20))
    return np.asarray(image)


# Codes -----------------------------------------------------------------------------------------------------------


def test_codes_of_the_whole_probe_set(trained: Trained, call: Call) -> None:
    run = Run(trained.path)
    probe, (mean, log_variance) = run.probe(), run.latents(1)
    assert call("codes", trained.path, "--epoch", 1, "-o", "a.csv") == (0, "a.csv\n", "")
    with Path("a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:6] == ["run", "beta", "epoch", "index", "class", "mean_z0"]
    assert {(row["run"], row["beta"], row["epoch"]) for row in rows} == {(run.name, "4.0", "1")}
    assert [int(row["index"]) for row in rows] == probe.indices.tolist()
    assert [row["class"] for row in rows] == [run.class_names[label] for label in probe.labels]
    for name, expected in (("mean", mean), ("variance", np.exp(log_variance))):
        found = np.array([[row[f"{name}_z{j}"] for j in range(20)] for row in rows]).astype(np.float32)
        assert np.array_equal(found, expected), "to the last bit"

    assert call("codes", trained.path, "--epoch", 1, "-o", "a.npz") == (0, "a.npz\n", "")
    with np.load("a.npz", allow_pickle=False) as file:
        arrays = dict(file)
    assert not [name for name, array in arrays.items() if array.dtype == object]
    assert (arrays["run"].item(), arrays["beta"].item(), arrays["epoch"].item()) == (run.name, 4.0, 1)
    assert np.array_equal(arrays["index"], probe.indices)
    assert arrays["class"].tolist() == [row["class"] for row in rows]
    assert np.array_equal(arrays["mean"], mean)
    assert np.array_equal(arrays["variance"], np.exp(log_variance))
    assert arrays["variance"].dtype == np.float32

    named = f"{run.name}-epoch-2-codes.csv"
    assert call("codes", trained.path) == (0, f"{named}\n", "")
    assert Path(named).is_file()


def test_a_name_is_no_formula_in_the_codes(copy: Path, call: Call) -> None:
    config = json.loads((copy / "config.json").read_text())
    config["class_names"][3] = '=HYPERLINK("x", 1)'
    (copy / "config.json").write_text(json.dumps(config))
    assert call("codes", copy, "-o", "a.csv").code == 0
    with Path("a.csv").open(newline="") as file:
        names = {row["class"] for row in csv.DictReader(file)}
    assert '\'=HYPERLINK("x", 1)' in names
    assert '=HYPERLINK("x", 1)' not in names


# Mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "word", "code"),
    [
        (["--bta", "3"], "unrecognized arguments: --bta 3. `python -m bvae train --help` lists", 2),
        (["--dataset", "imagenet"], "invalid choice: 'imagenet'", 2),
        (["--epochs", "1.5"], "invalid int value: '1.5'", 2),
        (["--beta", "-1"], "beta is -1.0, and must be 0 or more", 1),
        (["--beta", "nan"], "beta is nan, and must be a finite number", 1),
        (["--beta", "inf"], "beta is inf, and must be a finite number", 1),
        (["--learning-rate", "nan"], "learning_rate is nan", 1),
        (["--sigma", "0.1"], "sigma belongs to the gaussian likelihood", 1),
        (["--epochs", "0"], "epochs is 0, and must be 1 or more", 1),
        (["--batch-size", "0"], "batch_size is 0, and must be 1 or more", 1),
        (["--seed", str(2**31)], "seed is 2147483648, and must be 2147483647 or less", 1),
        (["--resume"], "There is no run at runs/new", 1),
    ],
)
def test_bad_values_begin_no_run(call: Call, tmp_path: Path, arguments: list[str], word: str, code: int) -> None:
    assert_refused(call("train", "--run", "runs/new", *arguments), word, code)
    assert tree(tmp_path) == {}


def test_bad_values_as_a_process(tmp_path: Path) -> None:
    for arguments, word, code in (
        (["--bta", "3"], "unrecognized arguments: --bta 3", 2),
        (["--beta", "nan"], "beta is nan", 1),
        (["--run", "a/../../b"], "contains '..'", 1),
    ):
        assert_refused(process("train", *arguments, cwd=tmp_path), word, code)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    "name",
    ["..", "../b", "runs/../b", "a\\b", "runs/a\\..\\b", "a b", ".hidden", "runs/.b", "a:b", "a\nb", "ä", "a*", "~",
     "x" * 101, "", "aux", "runs/CON", "nul.txt", "com1.v2", "aux ", "mine.", "runs/mine..."],
)  # fmt: skip
def test_names_that_are_none(call: Call, tmp_path: Path, name: str) -> None:
    result = call("train", "--run", name, "--epochs", 1, *SMALL)
    assert result.code == 1
    assert result.out == ""
    assert "cannot name a run" in result.err or "contains '..'" in result.err
    assert tree(tmp_path) == {}


def test_a_name_is_looked_for_in_the_runs_folder_only(copy: Path, call: Call, tmp_path: Path) -> None:
    """A link out of it, or a name that climbs, is no name of a run."""
    outside = tmp_path / "outside"
    copy.rename(outside)
    (tmp_path / "runs" / "link").symlink_to(outside)
    assert_refused(call("evaluate", "link"), "There is no run named 'link'")
    assert_refused(call("evaluate", "no\\where"), "cannot name a run")
    assert_refused(call("evaluate", "nowhere"), "There is no run named 'nowhere'")
    listed = json.loads(call("runs", "--json").out)
    assert [row for row in listed["runs"] if row["path"].startswith("runs")] == []


def test_a_run_that_exists_is_not_written_over(copy: Path, call: Call) -> None:
    before = tree(copy)
    assert_refused(call("train", "--run", "runs/small", "--epochs", 1, *SMALL), "exists already")
    assert tree(copy) == before
    assert_refused(call("train", "--run", "runs/small", "--resume", "--beta", 2), "--beta cannot change")
    assert_refused(call("train", "--run", "runs/small", "--resume", "--epochs", 0), "epochs is 0")
    assert_refused(call("train", "--run", "runs/small", "--resume", "--epochs", 1), "at epoch 2 already")
    assert_refused(call("train", "--resume"), "needs --run")
    assert tree(copy) == before


def test_a_folder_with_other_files_is_left_alone(call: Call, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("…")
    (tmp_path / "note").write_text("…")
    before = tree(tmp_path)
    assert_refused(call("train", "--run", "thesis", "--epochs", 1, *SMALL), "other files in it (chapter1.tex)")
    assert_refused(call("train", "--run", "note", "--epochs", 1, *SMALL), "Cannot make the folder note")
    assert tree(tmp_path) == before
    # A folder that is there and empty is fine.
    (tmp_path / "empty").mkdir()
    assert call("train", "--run", "empty", "--epochs", 1, "--json", *SMALL).code == 0


def test_a_device_that_is_not_there(copy: Path, call: Call, tmp_path: Path) -> None:
    missing = [name for name in ("cuda", "mps") if not getattr(torch, name).is_available()]
    before = tree(tmp_path)
    for name in missing:
        assert_refused(call("train", "--run", "new", *SMALL[:-1], name), f"There is no {name} device here")
        resumed = call("train", "--run", "runs/small", "--resume", "--epochs", 3, "--device", name)
        assert_refused(resumed, f"There is no {name} device here")
        assert_refused(call("evaluate", "small", "--device", name), f"There is no {name} device here")
    assert missing
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "word", "code"),
    [
        (["sample", "-o", "a.gif"], "'a.gif' does not end in .png", 2),
        (["sample", "-o", "a.jpg"], "'a.jpg' does not end in .png", 2),
        (["sample", "-o", "nowhere/a.png"], "the folder 'nowhere' does not exist", 2),
        (["sample", "-o", "a.png", "--count", "0"], "'0' is not a whole number from 1", 2),
        (["sample", "-o", "a.png", "--count", "1000000000"], "is not a whole number from 1", 2),
        (["sample", "-o", "a.png", "--seed", "-1"], "is not a whole number from 0", 2),
        (["sample", "-o", "a.png", "--seed", str(10**30)], "is not a whole number from 0", 2),
        (["sample", "-o", "a.png", "--temperature", "nan"], "'nan' is not a number from 0 to 1000", 2),
        (["sample", "-o", "a.png", "--epoch", "7"], "no snapshot of epoch 7. It has: 0, 1, 2", 1),
        (["traverse", "-o", "a.png", "--reach", "inf"], "'inf' is not a number from 0 to 1000", 2),
        (["traverse", "-o", "a.png", "--image", "10000"], "numbered 0 to 9999", 1),
        (["interpolate", "-o", "a.png", "--from", "-1", "--to", "3"], "numbered 0 to 9999", 1),
        (["interpolate", "-o", "a.png", "--from", "1", "--to", "3", "--steps", "1"], "from 2 to", 2),
        (["reconstruct", "-o", "a.png", "--count", "201"], "the run's probe set has 200 images", 1),
    ],
)
def test_bad_requests_write_no_picture(
    copy: Path, call: Call, tmp_path: Path, arguments: list[str], word: str, code: int
) -> None:
    before = tree(tmp_path)
    assert_refused(call(arguments[0], "small", *arguments[1:]), word, code)
    assert tree(tmp_path) == before


# Damage ----------------------------------------------------------------------------------------------------------


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _cut_by_one(content: bytes) -> bytes:
    return content[:-1]


def _longer(content: bytes) -> bytes:
    return content + b"\0"


def _flip(position: float) -> Callable[[bytes], bytes]:
    def flipped(content: bytes) -> bytes:
        place = int(position * (len(content) - 1))
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return flipped


def _header(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        change(header)
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + content[8 + length :]

    return changed


def _bomb(content: bytes) -> bytes:
    return pickle.dumps(_Bomb())


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path("exploded").write_text, ("…",)


DAMAGES = {
    "empty": lambda content: b"",
    "cut": _cut,
    "cut by one byte": _cut_by_one,
    "longer": _longer,
    "length of the header": _flip(0.0),
    "first weight": _flip(0.01),
    "middle": _flip(0.5),
    "last byte": _flip(1.0),
    "metadata gone": _header(lambda header: header.pop("__metadata__")),
    "metadata added": _header(lambda header: header["__metadata__"].update(epoch="1")),
    "hash of another": _header(lambda header: header["__metadata__"].update(sha256="0" * 64)),
    "a huge tensor": _header(lambda header: header["encoder.1.weight"].update(shape=[1 << 40, 784])),
    "two tensors swapped": _header(
        lambda header: header.update(
            {"encoder.1.bias": header["decoder.0.bias"], "decoder.0.bias": header["encoder.1.bias"]}
        )
    ),
    "one tensor less": _header(lambda header: header.pop("decoder.2.bias")),
    "a pickle": _bomb,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_snapshot_is_named_and_the_others_open(copy: Path, call: Call, damage: str) -> None:
    path = copy / "epochs" / "0001.safetensors"
    change: Callable[[bytes], bytes] = DAMAGES[damage]
    path.write_bytes(change(path.read_bytes()))
    before = tree(copy)
    result = call("sample", "small", "--epoch", 1, "-o", "a.png")
    assert_refused(result, "runs/small/epochs/0001.safetensors")
    assert "Copy it again from where the run was trained; other epochs of the run still open." in result.err
    assert not Path("a.png").exists()
    assert not Path("exploded").exists()
    for epoch in (0, 2):
        assert call("sample", "small", "--count", 1, "--epoch", epoch, "-o", "a.png").code == 0
    assert tree(copy) == before


def test_any_flipped_bit_of_a_latents_file_is_found(copy: Path) -> None:
    """Positions all over the file, header, hash and padding included."""
    path = copy / "latents" / "0001.safetensors"
    content = path.read_bytes()
    expected = Run(copy).latents(1)
    unseen = []
    for position in [*range(300), *range(300, len(content), 1_997), len(content) - 1]:
        path.write_bytes(content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :])
        try:
            found = Run(copy).latents(1)
        except RunError:
            continue
        # What is not found may not matter: white space to white space in the header's padding.
        assert all((one == other).all() for one, other in zip(found, expected, strict=True))
        unseen.append(position)
    assert len(unseen) < 10


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_a_state_that_is_not_whole_stops_a_resume_before_it_changes_anything(copy: Path, call: Call, harm: str) -> None:
    path = copy / "state.safetensors"
    if harm == "damaged":
        path.write_bytes(_flip(0.7)(path.read_bytes()))
    else:
        path.unlink()
    before = tree(copy)
    result = call("train", "--run", "runs/small", "--resume", "--epochs", 3, "--json")
    assert_refused(result, f"runs/small/state.safetensors is {harm}")
    assert tree(copy) == before
    assert call("evaluate", "small", "--device", "cpu").code == 0


def test_an_extended_run_says_both_of_its_commands(copy: Path, call: Call) -> None:
    first = Run(copy).command()
    assert call("train", "--run", "runs/small", "--resume", "--epochs", 3, "--json").code == 0
    assert Run(copy).command() == f"{first} && python -m bvae train --run {copy} --resume --epochs 3"
    assert Run(copy).config.epochs == 3


def test_a_pickle_is_refused_by_its_name(copy: Path, call: Call) -> None:
    (copy / "weights.pt").write_bytes(pickle.dumps(_Bomb()))
    assert_refused(call("evaluate", copy / "weights.pt"), "weights.pt is a pickle, which can run any program")
    assert not Path("exploded").exists()


def _config(change: Callable[[dict[str, Any]], None]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        record = json.loads(text)
        change(record)
        return json.dumps(record)

    return changed


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda text: text[:100], "cannot be read as JSON"),
        (lambda text: "", "cannot be read as JSON"),
        (lambda text: "[" * 100_000, "cannot be read as JSON"),
        (lambda text: "[1, 2]", "does not hold a JSON object"),
        (_config(lambda record: record.pop("format")), "does not describe a run"),
        (_config(lambda record: record.update(format=2)), "another version"),
        (_config(lambda record: record.update(image_shape=[28, 10**9])), "image_shape"),
        (_config(lambda record: record.update(image_shape=[28, float("nan")])), "image_shape"),
        (_config(lambda record: record.update(class_names=7)), "does not describe a run"),
        (_config(lambda record: record.update(config=[1])), "does not describe a run"),
        (_config(lambda record: record["config"].update(momentum=0.9)), "Unknown setting: momentum"),
        (_config(lambda record: record["config"].update(beta=float("nan"))), "beta is nan"),
        (_config(lambda record: record["config"].update(beta="4")), "beta is '4', and must be a number"),
        (_config(lambda record: record["config"].update(latent_dim=10**9)), "latent_dim is 1000000000"),
    ],
)
def test_a_config_that_describes_no_run(
    copy: Path, call: Call, change: Callable[[str], str], word: str
) -> None:  # fmt: skip
    config = copy / "config.json"
    config.write_text(change(config.read_text()))
    before = tree(copy)
    for command in (["evaluate", "small"], ["train", "--run", "runs/small", "--resume"]):
        assert_refused(call(*command), word)
    assert tree(copy) == before


def test_a_folder_without_config_is_no_run(copy: Path, call: Call) -> None:
    (copy / "config.json").unlink()
    assert_refused(call("evaluate", "runs/small"), "runs/small/config.json is missing")
    assert_refused(call("evaluate", "small"), "There is no run named 'small'")
    assert_refused(call("train", "--run", "runs/small", "--resume"), "runs/small/config.json is missing")
    assert_refused(call("train", "--run", "runs/small", *SMALL), "other files in it (history.jsonl)")


# Two at once, and signals ----------------------------------------------------------------------------------------


def test_a_second_trainer_is_refused_and_the_first_stops_when_asked(tmp_path: Path, call: Call) -> None:
    path = tmp_path / "runs" / "busy"
    with start("train", "--run", "runs/busy", "--epochs", "2000", *SMALL, cwd=tmp_path) as first:
        try:
            deadline = time.monotonic() + PATIENCE
            while not (path / "epochs" / "0001.safetensors").exists():
                assert first.poll() is None, first.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert_refused(call("train", "--run", "runs/busy", "--resume"), "Another trainer is writing the run")
            second = process("train", "--run", "runs/busy", "--epochs", "3000", *SMALL, cwd=tmp_path)
            assert_refused(second, "exists already")
            assert first.poll() is None
            assert Run(path).status()["state"] == "running"
            assert Run(path).status()["pid"] == first.pid
            first.send_signal(signal.SIGINT)
            out, err = first.communicate(timeout=PATIENCE)
        finally:
            first.kill()
    assert first.returncode == STOPPED
    assert out == ""
    assert err.endswith("\nStopped. Continue with: python -m bvae train --run runs/busy --resume\n")
    assert "Traceback" not in err
    status = Run(path).status()
    assert status["state"] == "stopped"
    assert Run(path).config.epochs == 2_000
    assert [record["epoch"] for record in Run(path).history()] == list(range(status["epoch"] + 1))


def test_to_ask_after_a_process_on_windows_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signal 0 asks after a process on Unix; on Windows it is Ctrl-C."""
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(number))
    monkeypatch.setattr(sys, "platform", "win32")
    assert process_lives(2**22 + 1)
    assert sent == []


def test_interrupted_before_it_begins(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading images can take minutes of downloading: it does not wait for the first training step to be stopped."""

    def loading(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(PATIENCE)

    monkeypatch.setattr(training, "load_dataset", loading)
    before = signal.getsignal(signal.SIGINT)
    assert call("train", "--run", "runs/new", *SMALL) == (STOPPED, "", "")
    assert tree(tmp_path) == {}
    assert signal.getsignal(signal.SIGINT) is before


# A full disk -----------------------------------------------------------------------------------------------------


def results(path: Path) -> dict[str, object]:
    """What training made: snapshots, latents, and the history but for its seconds."""
    history = [{**record, "seconds": None} for record in Run(path).history()]
    return {"history": history, "epochs": tree(path / "epochs"), "latents": tree(path / "latents")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a run of three epochs leaves that had room."""
    path = tmp_path_factory.mktemp("whole") / "run"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_dataset", load_fewer)
        assert main(["train", "--run", str(path), "--epochs", "3", "--json", *SMALL]) == 0
    torch.set_num_threads(threads)
    return results(path)


@pytest.fixture
def fewer(monkeypatch: pytest.MonkeyPatch, here: None) -> None:
    """As few images as it was tested on."""
    monkeypatch.setattr(training, "load_dataset", load_fewer)


def assert_failed_for_want_of_room(result: Result, path: Path, reason: str) -> None:
    assert_refused(result, f"({reason})")
    assert "make room or mend the folder's permissions, then resume." in result.err
    run = Run(path)
    status = run.status()
    assert status["state"] == "failed"
    assert status["error"] in result.err
    assert 0 < len(run.history()) < 4
    for record in run.history():
        run.weights(record["epoch"])
        assert run.latents(record["epoch"]).mean.shape == (200, 20)
    assert [item for item in path.rglob("*") if item.suffix == ".tmp"] == []


@pytest.mark.usefixtures("fewer")
def test_a_full_disk(call: Call, tmp_path: Path, whole: dict[str, object]) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run([mount, "-t", "tmpfs", "-o", "size=22m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"mounting a small disk is not allowed here: {mounted.stderr.strip()}")
    try:
        path = folder / "run"
        result = call("train", "--run", path, "--epochs", 3, "--json", *SMALL)
        assert_failed_for_want_of_room(result, path, "No space left on device")
        # No better without room, and no worse.
        history = Run(path).history()
        result = call("train", "--run", path, "--resume", "--json")
        assert_failed_for_want_of_room(result, path, "No space left on device")
        assert Run(path).history() == history
        subprocess.run([mount, "-o", "remount,size=100m", folder], check=True)
        assert call("train", "--run", path, "--resume", "--json").code == 0
        assert results(path) == whole
        assert Run(path).status()["state"] == "finished"
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.usefixtures("fewer")
def test_a_limit_on_the_size_of_files(call: Call, tmp_path: Path, whole: dict[str, object]) -> None:
    """The same without being root: a snapshot fits, the state with its moments does not."""
    path = tmp_path / "run"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, before[1]))
    try:
        result = call("train", "--run", path, "--epochs", 3, "--json", *SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert_failed_for_want_of_room(result, path, "File too large")
    assert len(Run(path).history()) == 1
    assert call("train", "--run", path, "--resume", "--json").code == 0
    assert results(path) == whole


def test_what_finds_no_room_leaves_what_was_there(copy: Path, call: Call, tmp_path: Path) -> None:
    commands = {"a.png": ["sample"], "a.gif": ["interpolate", "--from", "0", "--to", "1"], "a.zip": ["pack"]}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for name, command in commands.items():
        Path(name).write_bytes(b"old")
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
        try:
            result = call(*command, copy, "-o", name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert_refused(result, f"{name}: File too large. Choose another place")
        assert Path(name).read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"runs", *commands}


def test_a_run_that_diverges_says_what_to_change(call: Call) -> None:
    result = call("train", "--run", "run", "--epochs", 2, "--learning-rate", 1e30, "--json", *SMALL)
    assert_refused(result, "lower learning rate (it was 1e+30)")
    run = Run("run")
    assert run.status()["state"] == "failed"
    assert run.status()["error"] in result.err
    assert run.epochs() == [record["epoch"] for record in run.history()]
    for epoch in run.epochs():
        run.weights(epoch)


def test_a_name_finds_its_run_from_anywhere(copy: Path, call: Call, tmp_path: Path, monkeypatch: Any) -> None:
    assert Run("mnist-beta4").path == runs.BUNDLED_RUNS / "mnist-beta4"
    assert Run("small").path == Path("runs/small")
    beside = tmp_path / "beside"
    shutil.copytree(copy, beside / "small")
    shutil.copytree(copy, beside / "only-there")
    monkeypatch.setattr(runs.folders, "BESIDE_APP", beside)
    assert Run("small").path == Path("runs/small"), "the nearer one"
    assert Run("only-there").path == beside / "only-there"
    assert str(beside / "only-there") in [row["path"] for row in json.loads(call("runs", "--json").out)["runs"]]
    everywhere = f"in {runs.BUNDLED_RUNS}, {tmp_path / 'runs'} or {beside}."
    assert_refused(call("evaluate", "nowhere"), f"There is no run named 'nowhere' {everywhere}")
    with pytest.raises(RunError, match="There is no run named 'nowhere' in"):
        Run("nowhere")
    with pytest.raises(RunError, match="There is no run at only-there"):
        Run(Path("only-there"))
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path / "elsewhere"))
    assert_refused(call("evaluate", "only-there"), f"in {runs.BUNDLED_RUNS} or {tmp_path / 'elsewhere'}.")
    monkeypatch.setenv("BVAE_RUNS", os.path.relpath(runs.BUNDLED_RUNS))
    assert len(runs.run_folders()) == 1, "one folder under two names holds each run once"
