"""What the README promises is there and runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from bvae.cli import parser
from tests.conftest import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_file_that_it_points_to_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("http")]
    assert len(links) > 3
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_is_one_that_the_command_line_takes() -> None:
    commands = re.findall(r"python -m bvae ([a-z][^`\n]*)", TEXT)
    assert len(commands) > 8
    for command in commands:
        words = shlex.split(command.split(" > ")[0], comments=True)
        if "--help" not in words:
            parser().parse_args(words)


def test_benchmarks_start() -> None:
    """Their folder comes first where Python looks: one that is named like a package of the project hides it."""
    command = [sys.executable, "tests/benchmarks/draw.py", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "12 megapixels" in done.stdout


def test_its_python_runs_and_the_shapes_are_as_it_says() -> None:
    code, _ = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)  # the other is of a notebook: test_notebook.py
    shapes = re.findall(r"\((\d+(?:, \d+)+)\)", code)
    code += "\nprint(tuple(z.shape), tuple(pictures.shape))\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == " ".join(f"({shape})" for shape in shapes)
