"""The lock: it names by hash all that the requirements ask for, and whose licence each package is under is listed."""

from __future__ import annotations

import importlib
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

LOCK = (ROOT / ".ci" / "requirements.lock").read_text(encoding="utf-8")
ENTRIES = [Requirement(entry.partition(" \\")[0]) for entry in re.findall(r"^[a-z0-9].*", LOCK, re.MULTILINE)]
ASKED = [
    Requirement(line)
    for file in ("requirements.txt", "tests/requirements.txt")
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
def test_what_is_asked_for_is_bounded_and_locked(asked: Requirement) -> None:
    assert any(bound.operator == "<" for bound in asked.specifier), "a major version may break us"
    locked = [entry for entry in ENTRIES if canonicalize_name(entry.name) == canonicalize_name(asked.name)]
    assert locked
    for entry in locked:
        (pin,) = entry.specifier
        assert pin.operator == "=="
        assert asked.specifier.contains(pin.version)


def test_every_file_has_its_hash_and_comes_from_nowhere_in_particular() -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert len(blocks) == len(ENTRIES) > 60
    for block in blocks:
        assert re.fullmatch(r"[^\n]*== *\S+[^\n]*( \\\n    --hash=sha256:[0-9a-f]{64})+", block), block[:80]


def test_every_licence_is_listed() -> None:
    listed = re.findall(
        r"^\| ([a-z0-9][\w.-]*) \| (\S.*) \|$", (ROOT / ".github/LICENCES.md").read_text(), re.MULTILINE
    )
    assert {name for name, _ in listed} - {"package"} == {entry.name for entry in ENTRIES}
    assert len([name for name, licence in listed if "says none" in licence]) < 4


def test_what_is_installed_is_the_whole_core_and_its_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["dependencies"]
    setup = project["tool"]["setuptools"]
    assert setup["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    packages = {path.parent.relative_to(ROOT) for path in ROOT.glob("bvae/**/*.py")}
    assert set(setup["packages"]) == {".".join(path.parts) for path in packages} - {"bvae.tests"}
    module, _, function = project["project"]["scripts"]["bvae"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
