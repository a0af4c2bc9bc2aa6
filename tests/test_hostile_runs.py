"""A run from elsewhere harms nobody: every value of its files × hostile ones, through readers, command line and pages.

Whatever a file says, the only exceptions are the project's own, and the run beside it stays in every list that opens
the file. Readers meet every value. What of command line and pages opens the file, and knows of a run what readers tell,
meets each different answer once; and whole pages meet many values that were accepted at a time.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import shutil
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import streamlit as st
from streamlit.testing.v1 import AppTest

from bvae import compared, training
from bvae.archive import import_run
from bvae.browser.live import LiveRun
from bvae.cli import main, parser
from bvae.config import Config, ConfigError
from bvae.film import progress, update_film
from bvae.metrics import state
from bvae.queue import Queue
from bvae.runs import Film, Run, RunError, digest, list_runs, read_state, write_json, write_tensors
from bvae.tests.fewer import load_fewer
from bvae.training import train_run
from pages.parts import choice, encoders, figures, film, film_quality, live, run_table, selection, watch
from tests.conftest import ROOT

CONFIG = Config(network="conv", latent_dim=3, epochs=1, batch_size=100, dataset_limit=300, probe_size=20, device="cpu")
OWN = (RunError, ConfigError)
SAID: set[str] = set()
PAGES = (
    "start",
    "traverse",
    "interpolate",
    "generate",
    "clusters",
    "disentangle",
    "reconstruct",
    "draw",
    "compare",
    "train",
    "load",
)
COMMANDS = {"codes": "csv", "sample": "png", "reconstruct": "png", "traverse": "png", "pack": "zip"}
TURNS = 3  # of whole pages, for each document
CHANGED = {"history.jsonl": ("start", "compare", "train", "load"), "status.json": ("start", "train"),
           "layout.json": ("clusters",), "metrics.json": ("traverse", "disentangle", "compare"),
           "names.json": ("traverse",), "measuring.json": ()}  # fmt: skip

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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_dataset", load_fewer)
        list(train_run(path, CONFIG))
        list(train_run(path, resume=True, epochs=2))
    for folder in ("epochs", "latents"):
        (path / folder / "0001.safetensors").unlink()
    run, noise = Run(path), np.random.default_rng(0)
    epochs, images = run.epochs(), len(run.probe().labels)
    frames = noise.standard_normal((len(epochs), images, 2)).astype(np.float32)
    kept = noise.random((len(epochs), images)).astype(np.float32)
    measured = {"trustworthiness": [0.9, 0.8], "continuity": [0.9, 0.8], "accuracy": [0.5, 0.6]}
    kinds = {"umap": measured | {"step": [0.1], "spurious": [None]}, "independent": {"step": [0.2]}}
    update_film(
        run, Film(epochs, frames, kept, kept, frames, {}), state="finished", stage="Finished", done=100,
        remaining=0.0, error=None, epochs=epochs, images=images, seed=0, neighbours=9, seconds=1.0, null_test=0.0,
        kinds=kinds,
    )  # fmt: skip
    state.say(path, stage="Epoch 2: scores", done=40, remaining=12.5)
    write_json(path / "metrics.json", {"format": 1, "epochs": {"2": {"dimensions": [{"index": 0, "name": "slant"}]}}})
    write_json(path / "names.json", {"format": 1, "names": {"2": "my slant"}})
    return path


@pytest.fixture
def runs(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs with the small one, and another beside it."""
    for name in ("hostile", "good"):
        shutil.copytree(whole, tmp_path / name)
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path))
    monkeypatch.setenv("BVAE_FILM", "off")
    monkeypatch.setattr(
        "bvae.runs.folders.BUNDLED_RUNS", tmp_path / "none"
    )  # whose histories would be read 10,000 times
    warned = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    monkeypatch.setattr(warned, "disabled", True)  # at every call, that there is no server
    return tmp_path


# What is asked of a run ------------------------------------------------------------------------------------------


def told(run: Run, file: str) -> Iterator[Callable[[], Any]]:
    """What readers make of a file of the run; of config.json, by which all others are read, all of it."""
    everything = file == "config.json"
    if everything or file in ("status.json", "history.jsonl"):
        yield run.status
    if everything or file == "history.jsonl":
        yield run.history
    if everything:
        yield run.command
        yield run.record
    if everything or file.startswith("probe"):
        yield lambda: run.probe()._asdict()
    if everything or file.startswith("layout"):
        yield lambda: (run.film() or Film(*[None] * 6))._asdict()  # type: ignore[arg-type]
    if everything or file in ("layout.json", "status.json"):
        yield lambda: progress(run)
    if everything or file.startswith("state"):
        yield lambda: vars(read_state(run))
    for epoch in run.epochs():
        if everything or file.startswith("epochs"):
            yield lambda epoch=epoch: run.weights(epoch)
        if everything or file.startswith("latents"):
            yield lambda epoch=epoch: run.latents(epoch)._asdict()
    if file == "metrics.json":
        yield run.metrics
        yield run.measured
    if file == "measuring.json":
        yield run.measuring
    if file in ("metrics.json", "measuring.json"):
        yield lambda: state.progress(run)
    if file == "names.json":
        yield run.names


def answer(value: Any) -> str:
    """What a reader told, as short as tells it from other answers."""
    if isinstance(value, dict):
        return str({key: answer(each) for key, each in value.items() if key != "heartbeat"})
    return digest({"": value}, {}) if isinstance(value, np.ndarray) else repr(value)


def pages(run: Run) -> dict[str, Callable[[], Any]]:
    """What pages make of a run."""
    queue = Queue(run.path.parent)

    def waiting() -> None:
        for standing in watch.standings(queue):
            watch.say(standing)
            if standing.run:
                watch.progress(standing, [])

    @functools.cache
    def read() -> LiveRun:
        return live.open_live(run, "hostile")

    def play() -> None:
        made = film.open_film(read())
        if made.about.get("kinds") and (said := repr(made.about)) not in SAID:  # of the same it would say the same
            SAID.add(said)
            film_quality.in_words(made.about)
            film_quality.by_epoch(made.about)
            film_quality.summary(made.about)

    def encode() -> None:
        encoders.open_encoders(read(), read().space.epochs[-1])

    return {
        "table": lambda: json.dumps(run_table.row("hostile", run), allow_nan=False),
        "waiting": waiting,
        "facts": lambda: selection.show_facts(run),
        "weights": read,
        "film": play,
        "encoders": encode,
        "images": lambda: choice.sheet(run.path, read().key, read().space.epochs, (0, 1)),
        "compared": lambda: json.dumps(compared.compare([run]), allow_nan=False),
        "curves": lambda: json.dumps(figures._curves(run, run.history()), allow_nan=False),
    }


# What Streamlit keeps of the answers above.
KEPT = {
    "facts": selection._history, "weights": live._packed, "film": film._packed, "encoders": encoders._packed,
    "images": choice.sheet,
}  # fmt: skip


class Opened:
    """The files that this process opens from Python within `with`. A hook of this kind stays as long as the process."""

    def __init__(self) -> None:
        self.paths: set[str] | None = None
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and self.paths is not None:
            self.paths.add(str(arguments[0]))

    @contextlib.contextmanager
    def __call__(self) -> Iterator[set[str]]:
        self.paths = found = set()
        try:
            yield found
        finally:
            self.paths = None


opened = Opened()


class Asked:
    """Asks everything of the run `hostile` beside the run `good`, and remembers which answers were there before."""

    def __init__(self, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.runs, self.capsys = runs, capsys
        self.before: set[str] = set()
        self.options = parser().parse_args(["runs", "--json"])
        self.listed_by_it = True  # whether the list of runs opens the file that is altered
        self.concerned: set[str] | None = None  # what else does

    def about(self, file: str) -> bool:
        """No exception but the project's own, and no other run is gone.

        Returns:
            Whether every reader took the file, and it told something new.
        """
        if (run := self.listed(file)) is None:
            return False
        answers, taken, longest = [], True, 0
        described = answer((run.config.to_dict(), run.details))
        if file == "config.json" and described in self.before:
            return False
        self.before.add(described)
        for ask in told(run, file):
            try:
                answers.append(answer(ask()))
            except OWN as error:
                answers.append(type(error).__name__)
                longest = max(longest, len(str(error)))
                taken = False
        assert longest < 1_000
        return self.meet(described + "".join(answers), file, run) and taken

    def listed(self, file: str) -> Run | None:
        """The run, as it is listed beside the other; None where it is not, and it is said why."""
        if not self.listed_by_it:
            return Run(self.runs / "hostile")
        problems: list[str] = []
        with opened() as paths:
            listed = {run.name: run for run in list_runs(problems)}
        self.listed_by_it = self.is_among(paths, file)
        assert "good" in listed
        if "hostile" not in listed:
            (problem,) = problems
            assert "hostile" in problem
            assert len(problem) < 1_000
            self.meet(f"{problem.partition('(')[0]}", file, None)
        return listed.get("hostile")

    def is_among(self, paths: set[str], file: str) -> bool:
        """Whether the altered file was opened."""
        return any(path.startswith(str(self.runs / "hostile" / file)) for path in paths)

    def meet(self, answers: str, file: str, run: Run | None) -> bool:
        """Show command line and pages a run, unless they met one that tells the same.

        The first one is shown to all of them. Who does not open the altered file then does not see the next ones.
        """
        if answers in self.before:
            return False
        self.before.add(answers)
        st.session_state["run"] = "hostile"
        found = set()
        for name, ask in ({"list": self.show_list} | (pages(run) if run else {})).items():
            if self.concerned is not None and name not in self.concerned:
                continue
            if name in KEPT:
                KEPT[name].clear()
            with opened() as paths, contextlib.suppress(*OWN):
                ask()
            if file == "config.json" or self.is_among(paths, file):
                found.add(name)  # config.json was read before
        if run and self.concerned is None:
            self.concerned = found
        return True

    def show_list(self) -> None:
        """The other run is in the list of the command line, which is JSON."""
        assert not self.options.command(self.options)
        said = json.loads(self.capsys.readouterr().out, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
        assert any(row["path"].endswith("good") for row in said["runs"])


def see_all(capsys: pytest.CaptureFixture[str], folder: Path, names: tuple[str, ...]) -> None:
    """Open pages as a person does who has picked the run, and give every command that reads it."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
    app.query_params["run"] = "hostile"
    app.session_state[film_quality.OPENED] = True
    for page in names:
        app.session_state["asked_page"] = page
        assert not app.run().exception, page
    for command, ending in COMMANDS.items():
        assert main([command, "hostile", "-o", str(folder / f"written.{ending}")]) in (0, 1, None)
        capsys.readouterr()
        (folder / f"written.{ending}").unlink(missing_ok=True)


# JSON ------------------------------------------------------------------------------------------------------------


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a JSON document stands, containers included."""
    yield before
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*before, key))


def with_values(document: Any, values: dict[tuple[Any, ...], str]) -> str:
    """A document as JSON, with texts in place of some of its values."""

    def written(value: Any, place: tuple[Any, ...]) -> str:
        if place in values:
            return values[place]
        if isinstance(value, dict):
            return f"{{{', '.join(f'{json.dumps(key)}: {written(value[key], (*place, key))}' for key in value)}}}"
        if isinstance(value, list):
            return f"[{', '.join(written(each, (*place, key)) for key, each in enumerate(value))}]"
        return json.dumps(value)

    return written(document, ())


def documents(file: Path) -> Iterator[tuple[Any, Callable[[str], str]]]:
    """The JSON documents of a file, and how the file is with another in place of each."""
    before = file.read_text()
    if file.suffix == ".jsonl":
        lines = before.splitlines()
        for place in (0, len(lines) - 1):
            yield (
                json.loads(lines[place]),
                lambda text, place=place: "\n".join([*lines[:place], text, *lines[place + 1 :], ""]),
            )
        return
    yield json.loads(before), str
    if file.name == "status.json":
        alive = {"pid": os.getpid(), "host": socket.gethostname(), "heartbeat": time.time(), "device": "cpu (2 cores)"}
        steps = {"epoch": 1, "epochs": 2, "step": 1, "steps": 3, "error": None}
        yield {"state": "running"} | alive | steps, str
        yield {"state": "failed"} | steps | {"error": "The disk is full."}, str


def put(file: Path, text: str) -> None:
    """Have another file in its place: one that is emptied and filled again waits for the disk, 5 ms each of 5,000."""
    file.unlink(missing_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    "name",
    ["config.json", "status.json", "history.jsonl", "layout.json", "metrics.json", "measuring.json", "names.json"],
)
def test_every_value_of_every_json_file(
    runs: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, asked = runs / "hostile" / name, Asked(runs, capsys)
    for document, whole_file in documents(file):
        taken: dict[tuple[Any, ...], list[str]] = {}
        for place in places(document):
            for text in HOSTILE:
                put(file, whole_file(with_values(document, {place: text})))
                try:
                    if asked.about(name) and place:
                        taken.setdefault(place, []).append(text)
                except Exception as error:
                    raise AssertionError(f"{name} with {text[:60]} at {place}") from error
        # As many at once as there are, each time others.
        for turn in range(TURNS if taken else 0):
            chosen = {place: texts[(turn + n) % len(texts)] for n, (place, texts) in enumerate(taken.items())}
            put(file, whole_file(with_values(document, chosen)))
            see_all(capsys, tmp_path, CHANGED.get(name, PAGES))


def test_every_value_of_how_far_a_state_is(runs: Path) -> None:
    file, run = runs / "hostile" / "state.safetensors", Run(runs / "hostile")
    with safetensors.safe_open(file, framework="numpy") as opened:
        document = json.loads(opened.metadata()["progress"])
    for place in places(document):
        for text in HOSTILE:
            write_tensors(file, {}, {"progress": with_values(document, {place: text})})
            with pytest.raises(RunError, match=r"how far|does not fit"):
                read_state(run)


def test_every_value_of_an_entry_of_the_queue(runs: Path) -> None:
    queue = Queue(runs)
    (runs / ".queue").mkdir()
    file = runs / ".queue" / "000001.json"
    document = {"name": "new", "config": CONFIG.to_dict(), "epochs": None, "pid": None, "host": None, "error": None}
    swept = document | {"config": None, "values": {"beta": [1.0, 2.0], "network": ["mlp"], "capacity": [None]}}
    for entry in (document, document | {"config": None, "epochs": 5, "name": "good"}, swept):
        for place in places(entry):
            for text in HOSTILE:
                put(file, with_values(entry, {place: text}))
                for found in queue.entries([]):
                    try:
                        arguments = queue.arguments(found)
                    except (ConfigError, RunError):  # of a combination that is no config
                        assert found.values is not None
                        continue
                    folder = "--run" if found.values is None else "--into"
                    assert arguments.count(folder) == 1
                    assert arguments[arguments.index(folder) + 1] == str(runs / found.name)
                    assert all(type(part) is str for part in arguments)
                    assert found.started in (True, False)
                for standing in watch.standings(queue):
                    watch.say(standing)
                assert queue.stalled() in (True, False)


# safetensors -----------------------------------------------------------------------------------------------------

TYPES = ["BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "BF16", "F32", "F64", "F8_E4M3",
         "F8_E5M2", "F8_E8M0", "F4", "C64", "X", "", 3, None]  # fmt: skip
SHAPES = [[], [0], [1], [-1], [2**31], [2**62, 2], [2**63], [1.5], ["x"], "x", None, [10**30]]
OFFSETS = [[0, 0], [0, 1], [4, 0], [-1, 4], [0, 2**62], [2**63, 2**64], ["a", "b"], [], None]
METADATA = [None, {}, {"x": 1}, {"sha256": "0"}, {"progress": "{"}, {"progress": "[]"}, "x", [1]]
FILES = ["probe", "state", "layout", "epochs/0002", "latents/0002"]


@pytest.mark.parametrize("name", FILES)
def test_every_field_of_a_header(runs: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    file, asked = runs / "hostile" / f"{name}.safetensors", Asked(runs, capsys)
    before = file.read_bytes()
    (length,) = struct.unpack("<Q", before[:8])
    header, rest = json.loads(before[8 : 8 + length]), before[8 + length :]
    changes: list[Any] = [header | {"__metadata__": value} for value in METADATA]
    for tensor in header.keys() - {"__metadata__"}:
        for field, values in {"dtype": TYPES, "shape": SHAPES, "data_offsets": OFFSETS, "more": [1]}.items():
            changes += [header | {tensor: header[tensor] | {field: value}} for value in values]
        changes += [{key: value for key, value in header.items() if key != tensor}, header | {tensor: None}]
    texts = [json.dumps(changed).encode() for changed in [*changes, [], {}, None, "x"]]
    longest = max(map(len, texts))
    file.write_bytes(struct.pack("<Q", longest) + b" " * longest + rest)
    for text in texts:
        with file.open("r+b") as changed:  # in place: the tensors stay
            changed.seek(8)
            changed.write(text.ljust(longest))
        asked.about(name)
    for size in (0, 1, length - 1, length + 1, len(before), 2**20 + 1, 2**63, 2**64 - 1):
        file.write_bytes(struct.pack("<Q", size) + before[8:])
        asked.about(name)
    for cut in (0, 4, 8, 9, 8 + length // 2, 8 + length, len(before) - 1):
        file.write_bytes(before[:cut])
        asked.about(name)


@pytest.mark.parametrize("name", FILES)
def test_well_made_tensors_of_other_types_shapes_and_values(
    runs: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an attacker would write them: with the right hash."""
    file, asked = runs / "hostile" / f"{name}.safetensors", Asked(runs, capsys)
    tensors = safetensors.numpy.load_file(file)
    with safetensors.safe_open(file, framework="numpy") as opened:
        metadata = {key: value for key, value in opened.metadata().items() if key != "sha256"}
    kinds = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "?")
    # Of a state readers look at names, types and shapes; the rest is for the trainer, below.
    for key in [key for key in tensors if name != "state" or key in ("sums", "weights/decoder.0.bias")]:
        array = np.atleast_1d(tensors[key])
        changed: list[np.ndarray] = [array.astype(kind) for kind in kinds if array.dtype != kind]
        changed += [array[:0], array[..., None], array.reshape(-1), np.zeros(0, array.dtype), np.array(0, array.dtype)]
        if array.dtype.kind == "f":
            extremes = (np.nan, np.inf, 3e38, -3e38, 1e20, -1e20, 1e-40, 79.9, -79.9)
            changed += [np.full_like(array, value) for value in extremes]
        else:
            changed += [np.full_like(array, value) for value in (0, 1, np.iinfo(array.dtype).max)]
        for value in changed:
            write_tensors(file, tensors | {key: value}, metadata)
            asked.about(name)


def test_a_state_with_nonsense_in_it_is_not_continued(runs: Path, whole: Path) -> None:
    path = runs / "hostile"
    file = path / "state.safetensors"
    tensors = safetensors.numpy.load_file(file)
    with safetensors.safe_open(file, framework="numpy") as opened:
        metadata = {key: value for key, value in opened.metadata().items() if key != "sha256"}
    names = [f"optimizer/decoder.0.bias/{key}" for key in ("exp_avg", "step")]
    for changed in (
        {names[0]: np.zeros(3, np.float32)},
        {names[1]: np.zeros(3, np.float32)},
        {names[0]: None},
        {"optimizer/decoder.0.bias/x/y": np.zeros(3)},
        {"sums": np.zeros(99)},
    ):
        there = {key: value for key, value in (tensors | changed).items() if value is not None}
        write_tensors(file, there, metadata)
        with pytest.raises(RunError, match="does not fit"):
            list(train_run(path, resume=True, epochs=3))
    assert [run.name for run in list_runs() if run.name == "good"] == ["good"]


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
        Asked(runs, capsys).about("config.json")
        shutil.rmtree(runs / "hostile")
        shutil.copytree(whole, runs / "hostile")


def test_what_is_refused_when_it_is_opened_does_not_come_in(runs: Path, tmp_path: Path) -> None:
    """One value beyond bounds in each file, in a zip file: refused in a sentence, and nothing of it is left."""
    there = sorted(path.name for path in runs.iterdir())
    for name, old, new in (
        ("config.json", '"beta": 4.0', '"beta": 1e400'),
        ("config.json", '"bernoulli_floor": ', '"bernoulli_floor": "x", "was": '),
        ("history.jsonl", '"kl": ', '"kl": 1e308, "was": '),
        ("layout.json", '"images": 20', '"images": "x"'),
    ):
        file = runs / "hostile" / name
        before = file.read_text()
        assert old in before
        file.write_text(before.replace(old, new))
        shutil.make_archive(str(tmp_path / "hostile"), "zip", runs, "hostile")
        file.write_text(before)
        with (tmp_path / "hostile.zip").open("rb") as packed, pytest.raises(RunError):
            import_run(packed, "hostile.zip", runs)
        (tmp_path / "hostile.zip").unlink()
        assert sorted(path.name for path in runs.iterdir()) == there
