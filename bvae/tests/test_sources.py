"""What the sources may know of each other: only `bvae.runs` names a run's files, and it is built from the ground up."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bvae.runs import files

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("schema", "record", "files", "writers", "folders", "reading", "finding", "writing")
# What is measured, from the ground up, and what of it works on arrays alone.
METRICS = ("figures", "state", "bound", "loops", "information", "linear", "dci", "pairs", "decomposition", "regimes",
           "likelihood", "representation", "samples", "scores", "udr", "pairing", "names", "directions",
           "measuring")  # fmt: skip
WITHOUT_TORCH = ("figures", "state", "information", "decomposition", "regimes", "representation", "scores", "udr",
                 "pairing", "directions", "names")  # fmt: skip
# What a browser gets of a run, from the ground up.
BROWSER = ("bundle", "glossary", "prose", "components", "player", "frame", "theme", "noise", "spread", "guests", "live",
           "encoders", "cursor", "chosen", "film", "quality", "meaning", "beside", "facts", "home", "comparing",
           "deliveries", "site", "export", "widget")  # fmt: skip
PROGRAM = [
    path
    for path in [ROOT / "app.py", *sorted(ROOT.glob("bvae/**/*.py")), *sorted(ROOT.glob("pages/**/*.py"))]
    if path.parent.name not in ("runs", "tests")
]
FILES = {
    files.CONFIG, files.STATUS, files.HISTORY, files.METRICS, files.NAMES, files.FACTORS, files.PROBE, files.STATE,
    files.FILM, files.FILM_ABOUT, files.LOCK, files.FILM_LOCK, files.METRICS_LOCK, files.MEASURING,
    files.LESSON,
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


def used(source: str, package: str) -> Iterator[str]:
    """The modules of a package that a source imports, wherever it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(f"{package}."):
            last = node.module.removeprefix(package).removeprefix(".")
            yield from [last] if last else [alias.name for alias in node.names]


@pytest.mark.parametrize(("package", "floors"), [("runs", FLOORS), ("metrics", METRICS), ("browser", BROWSER)])
def test_a_package_imports_downwards_only(package: str, floors: tuple[str, ...]) -> None:
    assert {path.stem for path in (ROOT / "bvae" / package).glob("*.py")} == {*floors, "__init__"}
    for floor, name in enumerate(floors):
        source = (ROOT / f"bvae/{package}/{name}.py").read_text(encoding="utf-8")
        for other in used(source, f"bvae.{package}"):
            assert other in floors[:floor], f"{name}.py imports {other}"


def test_what_is_measured_knows_nothing_of_who_asks() -> None:
    above = {"archive", "cli", "film", "film_worker", "foreign", "pictures", "queue"}
    for path in (ROOT / "bvae/metrics").glob("*.py"):
        assert not above & {other.partition(".")[0] for other in used(path.read_text(encoding="utf-8"), "bvae")}, path


def test_arithmetic_on_arrays_waits_for_no_torch() -> None:
    modules = ", ".join(["bvae.metrics", *(f"bvae.metrics.{name}" for name in WITHOUT_TORCH)])
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_a_browser_gets_needs_neither_streamlit_nor_torch() -> None:
    modules = ", ".join(f"bvae.browser.{name}" for name in BROWSER)
    code = f"import sys, {modules}; print({{'torch', 'streamlit', 'pandas'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_nothing_imports_ray_unless_asked_for() -> None:
    asking = [path.name for path in PROGRAM if 'import_module("ray")' in path.read_text(encoding="utf-8")]
    assert asking == ["on_ray.py"]
    for path in PROGRAM:
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "ray" not in {getattr(node, "module", ""), *(alias.name for alias in node.names)}, path
        assert path.name == "on_ray.py" or "on_ray" not in used(source, "bvae"), path
