"""What the sources may know of each other: only `bvae.runs` names a run's files, and it is built from the ground up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bvae.runs import files

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("schema", "record", "files", "writers", "folders", "reading", "finding", "writing")
PROGRAM = [
    path
    for path in [ROOT / "app.py", *sorted(ROOT.glob("bvae/**/*.py")), *sorted(ROOT.glob("pages/**/*.py"))]
    if path.parent.name not in ("runs", "tests")
]
FILES = {
    files.CONFIG, files.STATUS, files.HISTORY, files.METRICS, files.PROBE, files.STATE, files.FILM, files.FILM_ABOUT,
    files.LOCK, files.FILM_LOCK,
}  # fmt: skip
FOLDERS = (files.EPOCHS, files.LATENTS)


def texts(node: ast.AST) -> Iterator[str]:
    """The texts that an expression is, or is made of."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def named(source: str) -> list[str]:
    """The files of a run, and its folders as parts of a path, that a source names; prose may name a file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value in FILES or node.value.startswith(tuple(f"{folder}/" for folder in FOLDERS)):
                found.append(node.value)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            found += [text for text in texts(node.right) if text in FOLDERS or text.endswith(".safetensors")]
    return found


def test_the_test_finds_a_name() -> None:
    for source in (
        'path / "config.json"',
        'names == "lock"',
        'path / "epochs" / name',
        'path.glob("latents/*")',
        'path / f"{epoch:04d}.safetensors"',
    ):
        assert named(source), source
    assert not named('"""config.json says"""\nf"history.jsonl does not tell of {epoch}"\nvalues["epochs"]')


@pytest.mark.parametrize("path", PROGRAM, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_package_names_a_runs_files(path: Path) -> None:
    weights = {"weights.safetensors"}  # as they come in, before they are a run's
    assert set(named(path.read_text(encoding="utf-8"))) <= weights


def test_the_package_imports_downwards_only() -> None:
    assert {path.stem for path in (ROOT / "bvae/runs").glob("*.py")} == {*FLOORS, "__init__"}
    for floor, name in enumerate(FLOORS):
        for node in ast.walk(ast.parse((ROOT / f"bvae/runs/{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bvae.runs"):
                last = node.module.removeprefix("bvae.runs").removeprefix(".")
                for used in [last] if last else [alias.name for alias in node.names]:
                    assert used in FLOORS[:floor], f"{name}.py imports {used}"
