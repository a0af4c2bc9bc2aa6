"""A run from elsewhere harms nobody: every value of its files × hostile ones, through readers, command line and pages.

Whatever a file says, the only exceptions are the project's own, and the run beside it stays in every list.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import streamlit as st

from bvae.archive import import_run, pack_run
from bvae.cli import main
from bvae.config import Config, ConfigError
from bvae.film import progress, write_film
from bvae.queue import Queue
from bvae.runs import Layout, Run, RunError, find_run, list_runs, read_state, write_json, write_tensors
from bvae.training import train_run
from pages.parts import choice, encoders, figures, film, film_quality, live, run_table, selection, watch

CONFIG = Config(network="mlp", latent_dim=3, epochs=1, batch_size=100, dataset_limit=300, probe_size=20, device="cpu")
OWN = (RunError, ConfigError)

SAID: set[str] = set()  # figures of films whose words and curves were asked for

# As they stand in the file, since some of them are no values of Python.
HOSTILE = [
    "null", "true", "false", "0", "-1", "1", "2", "0.5", "-0.0", "2147483648", "9007199254740993",
    "9223372036854775808", "1" + "0" * 400, "-1" + "0" * 400, "1e19", "1e308", "-1e308", "1e400", "-1e400", "1e-320",
    "NaN", "Infinity", "-Infinity", '""', '"x"', '"1"', '"nan"', '"../../elsewhere"', '"5 --run /elsewhere"',
    '"![x](http://elsewhere.test/p.png)"', '"<img src=x onerror=alert(1)>"', '"=HYPERLINK(1)"', '"\\u0000"',
    '"\\ud800"', '"\\u202e"', f'"{"a" * 20_000}"', "[]", "[1]", "[[]]", "[null]", "{}", '{"a": 1}',
    "[" * 2_000 + "]" * 2_000, f"[{'0,' * 5_000}0]",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with all that a run can have, trained on real images."""
    path = tmp_path_factory.mktemp("whole") / "hostile"
    list(train_run(path, CONFIG))
    list(train_run(path, resume=True, epochs=2))
    run, noise = Run(path), np.random.default_rng(0)
    epochs, images = run.epochs(), len(run.probe().labels)
    frames = noise.standard_normal((len(epochs), images, 2)).astype(np.float32)
    kept = noise.random((len(epochs), images)).astype(np.float32)
    kinds = {"umap": {"trustworthiness": [0.9, 0.8, 0.7], "step": [0.1, 0.2], "spurious": [None, 0.1]}}
    write_film(
        run, Layout(epochs, frames, kept, kept, frames, {}), state="finished", stage="Finished", done=100,
        remaining=0.0, error=None, epochs=epochs, images=images, seed=0, neighbours=9, seconds=1.0, null_test=0.0,
        kinds=kinds,
    )  # fmt: skip
    write_json(path / "metrics.json", {"format": 1, "scores": {"mig": 0.1}})
    return path


@pytest.fixture
def runs(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs with the small one, and another beside it."""
    for name in ("hostile", "good"):
        shutil.copytree(whole, tmp_path / name)
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path))
    monkeypatch.setattr("bvae.runs.BUNDLED_RUNS", tmp_path / "none")  # whose histories would be read 10,000 times
    return tmp_path


# What is asked of a run ------------------------------------------------------------------------------------------


def readers(run: Run) -> Iterator[Callable[[], Any]]:
    yield run.status
    yield run.history
    yield run.command
    yield run.probe
    yield run.layout
    yield lambda: read_state(run)
    yield lambda: progress(run)
    for epoch in run.epochs():
        yield lambda epoch=epoch: run.weights(epoch)
        yield lambda epoch=epoch: run.latents(epoch)


def pages(run: Run, changed: str) -> Iterator[Callable[[], Any]]:
    """What pages make of a run, as far as it follows from the file that was changed."""
    queue = Queue(run.path.parent)

    def waiting() -> None:
        found = watch.standings(queue)
        for standing in found:
            watch.say(standing)
            if standing.run:
                watch.progress(standing, [])

    def clusters() -> None:
        opened = live.open_live(run, "hostile")
        made = film.open_film(opened)
        if made.about.get("kinds") and repr(made.about) not in SAID:  # of the same figures it would say the same
            SAID.add(repr(made.about))
            film_quality.in_words(made.about)
            film_quality.by_epoch(made.about)
            film_quality.summary(made.about)
        encoders._pack(opened.path, opened.key, opened.space.epochs, opened.space.epochs[-1])
        choice.sheet(opened.path, opened.key, opened.space.epochs, (0, 1))

    if changed == "metrics.json":
        return  # no page reads it yet
    yield lambda: json.dumps(run_table.row("hostile", run), allow_nan=False)
    yield waiting
    yield lambda: selection.show_facts(run)
    if changed != "status.json":
        yield clusters
        yield lambda: figures.trade_off([run], "hostile")


def exercise(capsys: pytest.CaptureFixture[str], changed: str = "") -> None:
    """Ask everything of the run `hostile`: no exception but the project's own, and no other run is gone."""
    problems: list[str] = []
    listed = {run.name for run in list_runs(problems)}
    assert "good" in listed
    assert "hostile" in listed or any("hostile" in problem for problem in problems)
    if "hostile" not in listed:
        (problem,) = problems
        assert len(problem) < 1_000
        return
    run = find_run("hostile")
    for ask in readers(run):
        with contextlib.suppress(*OWN):
            ask()
    st.session_state["run"] = "hostile"
    for cached in (live._pack, film._pack, encoders._packed, choice.sheet) if changed == "config.json" else ():
        cached.clear()  # of the other files, whose stamps are asked for, the caches see that they are others
    for ask in pages(run, changed):
        with contextlib.suppress(*OWN):
            ask()
    assert main(["runs", "--json"]) in (0, None)
    said = json.loads(capsys.readouterr().out, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert any(row["path"].endswith("good") for row in said["runs"])


# JSON ------------------------------------------------------------------------------------------------------------


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a JSON document stands, containers included."""
    yield before
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*before, key))


MARK = "\x01here\x01"


def with_value(document: Any, place: tuple[Any, ...], text: str) -> str:
    """A document as JSON, with a text in place of one of its values."""
    if not place:
        return text
    changed = json.loads(json.dumps(document))
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = MARK
    return json.dumps(changed).replace(json.dumps(MARK), text)


@pytest.mark.parametrize("name", ["config.json", "status.json", "history.jsonl"])
def test_every_value_of_every_json_file(runs: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = runs / "hostile" / name
    before = file.read_text()
    lines = before.splitlines() if name.endswith("l") else [before]
    document = json.loads(lines[-1])
    tried = 0
    for place, text in itertools.product(places(document), HOSTILE):
        file.write_text("\n".join([*lines[:-1], with_value(document, place, text)]) + "\n")
        try:
            exercise(capsys, name)
        except Exception as error:
            raise AssertionError(f"{name} with {text[:60]} at {place}") from error
        tried += 1
    assert tried >= 38 * len(list(places(document)))


def test_every_value_of_an_entry_of_the_queue(runs: Path) -> None:
    queue = Queue(runs)
    (runs / ".queue").mkdir()
    file = runs / ".queue" / "000001.json"
    document = {"name": "new", "config": CONFIG.to_dict(), "epochs": None, "pid": None, "host": None, "error": None}
    resumed = document | {"config": None, "epochs": 5}
    for entry in (document, resumed):
        for place, text in itertools.product(places(entry), HOSTILE):
            file.write_text(with_value(entry, place, text))
            problems: list[str] = []
            for found in queue.entries(problems):
                arguments = queue.arguments(found)
                assert arguments.count("--run") == 1
                assert arguments[arguments.index("--run") + 1] == str(runs / found.name)
                assert all(type(part) is str for part in arguments)
                assert found.started in (True, False)
            watch.standings(queue)
            assert queue.stalled() in (True, False)


# safetensors -----------------------------------------------------------------------------------------------------

TYPES = ["BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "BF16", "F32", "F64", "F8_E4M3",
         "F8_E5M2", "F8_E8M0", "F4", "C64", "X", "", 3, None]  # fmt: skip
SHAPES = [[], [0], [1], [-1], [2**31], [2**62, 2], [2**63], [1.5], ["x"], "x", None, [10**30]]
OFFSETS = [[0, 0], [0, 1], [4, 0], [-1, 4], [0, 2**62], [2**63, 2**64], ["a", "b"], [], None]
METADATA = [None, {}, {"x": 1}, {"sha256": "0"}, {"progress": "{"}, {"progress": "[]"}, "x", [1]]
FILES = ["probe", "state"]


@pytest.mark.parametrize("name", FILES)
def test_every_field_of_a_header(runs: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = runs / "hostile" / f"{name}.safetensors"
    before = file.read_bytes()
    (length,) = struct.unpack("<Q", before[:8])
    header, rest = json.loads(before[8 : 8 + length]), before[8 + length :]
    tensors = [key for key in header if key != "__metadata__"][:1]
    changes: list[Any] = [header | {"__metadata__": value} for value in METADATA]
    for tensor in tensors:
        for field, values in {"dtype": TYPES, "shape": SHAPES, "data_offsets": OFFSETS, "more": [1]}.items():
            changes += [header | {tensor: header[tensor] | {field: value}} for value in values]
        changes += [{key: value for key, value in header.items() if key != tensor}, header | {tensor: None}]
    for changed in [*changes, [], {}, None, "x"]:
        text = json.dumps(changed).encode()
        file.write_bytes(struct.pack("<Q", len(text)) + text + rest)
        exercise(capsys)
    for size in (0, 1, length - 1, length + 1, len(before), 2**20 + 1, 2**63, 2**64 - 1):
        file.write_bytes(struct.pack("<Q", size) + before[8:])
        exercise(capsys)
    for cut in (0, 4, 8, 9, 8 + length // 2, 8 + length, len(before) - 1):
        file.write_bytes(before[:cut])
        exercise(capsys)


@pytest.mark.parametrize("name", FILES)
def test_well_made_tensors_of_other_types_shapes_and_values(
    runs: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an attacker would write them: with the right hash."""
    file = runs / "hostile" / f"{name}.safetensors"
    tensors = safetensors.numpy.load_file(file)
    with safetensors.safe_open(file, framework="numpy") as opened:
        metadata = {key: value for key, value in opened.metadata().items() if key != "sha256"}
    for key in list(tensors)[:2]:
        array = np.atleast_1d(tensors[key])
        changed: list[np.ndarray] = [
            array.astype(kind) for kind in ("u1", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "?")
        ]
        changed += [array[:0], array[..., None], array.reshape(-1), np.zeros(0, array.dtype), np.array(0, array.dtype)]
        if array.dtype.kind == "f":
            extremes = (np.nan, np.inf, 3e38, -3e38, 1e20, -1e20, 1e-40, 79.9, -79.9)
            changed += [np.full_like(array, value) for value in extremes]
        else:
            changed += [np.full_like(array, value) for value in (0, 1, np.iinfo(array.dtype).max)]
        for value in changed:
            write_tensors(file, tensors | {key: value}, metadata)
            exercise(capsys)
    for progress_of in HOSTILE if name == "state" else []:
        write_tensors(file, tensors, {"progress": progress_of})
        exercise(capsys)


# Other kinds of files --------------------------------------------------------------------------------------------


def test_a_folder_in_place_of_a_file_and_a_file_in_place_of_a_folder(
    runs: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted(whole.rglob("*")):
        place = runs / "hostile" / path.relative_to(whole)
        if path.is_dir():
            shutil.rmtree(place)
            place.write_text("")
        else:
            place.unlink()
            place.mkdir()
        exercise(capsys)
        shutil.rmtree(runs / "hostile")
        shutil.copytree(whole, runs / "hostile")


def test_what_is_refused_when_it_is_opened_does_not_come_in(runs: Path, tmp_path: Path) -> None:
    """One value beyond bounds in each file, in a zip file: refused in a sentence, and nothing of it is left."""
    there = sorted(path.name for path in runs.iterdir())
    for name, old, new in (
        ("config.json", '"beta": 4.0', '"beta": 1e400'),
        ("history.jsonl", '"kl": ', '"kl": 1e308, "was": '),
        ("layout.json", '"seconds": 1.0', '"seconds": "x"'),
        ("config.json", '"bernoulli_floor": ', '"bernoulli_floor": "x", "was": '),
    ):
        file = runs / "hostile" / name
        before = file.read_text()
        assert old in before
        with (tmp_path / "hostile.zip").open("w+b") as packed:
            file.write_text(before.replace(old, new))
            with contextlib.suppress(
                RunError
            ):  # what cannot be read is not packed either: then zip it as a desktop does
                pack_run(Run(runs / "hostile"), packed)
        shutil.make_archive(str(tmp_path / "hostile"), "zip", runs, "hostile")
        file.write_text(before)
        with (tmp_path / "hostile.zip").open("rb") as packed, pytest.raises(RunError):
            import_run(packed, "hostile.zip", runs)
        (tmp_path / "hostile.zip").unlink()
        assert sorted(path.name for path in runs.iterdir()) == there
