"""What a person calls the latent dimensions of a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bvae import pictures
from bvae.archive import import_run, pack_run
from bvae.cli import main
from bvae.runs import Run, RunError, find_run, folders, name_dimension, read_json, write_json


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that was never measured."""
    shutil.copytree(find_run("mnist-beta1").path, tmp_path / "one", ignore=shutil.ignore_patterns("metrics.json"))
    return Run(tmp_path / "one")


def test_a_name_stays_with_the_run_until_it_is_taken_back(run: Run) -> None:
    assert run.names() == {}
    before = run.meaning_stamp()
    name_dimension(run, 3, "my slant")
    name_dimension(run, 11, "loops")
    assert run.names() == {3: "my slant", 11: "loops"}
    assert run.meaning_stamp() != before
    assert read_json(run.path / "names.json") == {"format": 1, "names": {"3": "my slant", "11": "loops"}}
    name_dimension(run, 3, "")
    assert run.names() == {11: "loops"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  two \n words ", "two words"),
        ("\u202elanrettop\u0000", "lanrettop"),
        ("<b>x</b>", "<b>x</b>"),
        ("x" * 200, "x" * 40),
        (f"{'x' * 39} y", "x" * 39),
    ],
)
def test_of_a_name_what_can_be_seen_is_kept(run: Run, given: str, kept: str) -> None:
    name_dimension(run, 0, given)
    assert run.names() == {0: kept}


@pytest.mark.parametrize("nothing", ["", "  ", "\u202e\u0000"])
def test_a_name_that_cannot_be_seen_is_none(run: Run, nothing: str) -> None:
    name_dimension(run, 0, "was")
    name_dimension(run, 0, nothing)
    assert run.names() == {}


def test_no_dimension_that_is_not_there_is_named(run: Run) -> None:
    for dimension in (-1, run.config.latent_dim):
        with pytest.raises(RunError, match="has no dimension"):
            name_dimension(run, dimension, "beyond")
    assert not (run.path / "names.json").exists()


@pytest.mark.parametrize(
    "names",
    [[], {"20": "beyond"}, {"-1": "x"}, {"01": "x"}, {"x": "y"}, {"0": ""}, {"0": "x" * 41}, {"0": " x"}, {"0": 1},
     {"0": "\u202e"}, {"0": "a\nb"}],
)  # fmt: skip
def test_what_holds_no_names_is_told_and_replaced(run: Run, names: object) -> None:
    write_json(run.path / "names.json", {"format": 1, "names": names})
    with pytest.raises(RunError, match="names"):
        run.names()
    name_dimension(run, 1, "anew")
    assert run.names() == {1: "anew"}


def test_names_go_where_the_run_goes(run: Run, tmp_path: Path) -> None:
    name_dimension(run, 3, "my slant")
    with (tmp_path / "one.zip").open("wb") as file:
        pack_run(run, file)
    with (tmp_path / "one.zip").open("rb") as file:
        taken = import_run(file, "one.zip", tmp_path / "there")
    assert taken.run.names() == {3: "my slant"}


def test_names_of_a_bundled_run_are_kept_with_the_persons_own_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "BUNDLED_RUNS", tmp_path)
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path / "own" / "runs"))
    before = sorted(run.path.iterdir())
    name_dimension(run, 3, "my slant")
    assert run.names() == {3: "my slant"}
    assert sorted(run.path.iterdir()) == before
    assert [path.name for path in (tmp_path / "own" / "runs").iterdir()] == [".one.names.json"]


def test_captions_have_the_persons_name_and_else_the_measured_one(run: Run) -> None:
    assert run.called(20) == [f"z{j}" for j in range(20)]
    dimensions = [
        {"index": 0, "name": "slant"}, {"index": 3, "name": "width"}, {"index": 1, "name": "mixed"},
        {"index": 99, "name": "x"}, {"name": "y"}, 7,
    ]  # fmt: skip
    write_json(run.path / "metrics.json", {"format": 1, "epochs": {"20": {"dimensions": dimensions}}})
    name_dimension(run, 3, "my width")
    assert run.called(20)[:5] == ["z0 · slant", "z1", "z2", "z3 · my width", "z4"]
    assert run.called(0)[:4] == ["z0", "z1", "z2", "z3 · my width"]
    for damaged in ("[", '{"epochs": [1]}', '{"epochs": {"20": {"dimensions": "x"}}}'):
        (run.path / "metrics.json").write_text(damaged)
        assert run.called(20)[0] == "z0"


def test_the_command_line_writes_names_beside_its_rows(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_dimension(run, 3, "my slant")
    written: list[str] = []
    spelled = pictures.spelled

    def write(text: str) -> str:
        written.append(text)
        return spelled(text)

    monkeypatch.setattr(pictures, "spelled", write)
    assert main(["traverse", str(run.path), "--steps", "2", "-o", str(tmp_path / "rows.png")]) in (0, None)
    assert any(line.startswith("z3 · my slant · KL ") for line in written)
