"""The queue, with real trainers: processes that train on a part of MNIST, are stopped, killed and waited for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bvae.config import Config
from bvae.processes import PROJECT
from bvae.queue import Entry, Queue
from bvae.runs import Run, RunError, process_lives, run_lock, write_json
from bvae.sweep import Sweep
from bvae.tests.fewer import few_digits
from bvae.tests.waiting import SEEN_BY_EYE, empty, wait

SHORT = Config(network="mlp", epochs=1, dataset=few_digits(), probe_size=100, device="cpu")
LONG = Config(network="mlp", epochs=100_000, dataset=few_digits(), probe_size=100, device="cpu")


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """The queue of an empty folder, with nothing left alive after it."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("BVAE_FILM", "off")  # which test_layout.py tries
    queue = Queue(tmp_path / "runs")
    yield queue
    empty(queue)


def state(queue: Queue, name: str) -> str:
    try:
        return str(Run(queue.folder / name).status()["state"])
    except RunError:
        return "not there"


def has_epoch(queue: Queue, name: str, epoch: int) -> bool:
    try:
        return len(Run(queue.folder / name).history()) > epoch
    except RunError:
        return False


def pid_of(queue: Queue, name: str) -> int:
    entry = queue.find(name)
    assert entry is not None
    assert entry.pid is not None
    return entry.pid


def workers(queue: Queue) -> list[int]:
    """The processes that work through a queue, or wait to."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if file.read_text().split("\0")[1:4] == ["-m", "bvae.worker", str(queue.folder)]:
                found.append(int(file.parent.name))
    assert found
    return found


def test_runs_are_trained_one_after_another_stopped_resumed_and_deleted(queue: Queue) -> None:
    queue.add("first", LONG)
    queue.add("second", SHORT)
    wait(lambda: has_epoch(queue, "first", 1))
    # Another object, as of another tab or of a server started anew, reads the same.
    again = Queue(queue.folder)
    assert [(entry.name, entry.started) for entry in again.entries()] == [("first", True), ("second", False)]
    assert again.working()
    assert state(queue, "first") == "running"
    assert state(queue, "second") == "not there"
    for name in ("first", "second"):
        with pytest.raises(RunError, match="in the queue already"):
            queue.add(name, SHORT)
        with pytest.raises(RunError, match="in the queue"):
            queue.delete(name) if name == "first" else queue.resume("first")

    again.stop("first")
    wait(lambda: state(queue, "second") == "finished" and not queue.entries() and not queue.working())
    assert state(queue, "first") == "stopped"
    assert Run(queue.folder / "second").config == SHORT
    assert Run(queue.folder / "second").command() == SHORT.command(str(queue.folder / "second"))
    with pytest.raises(RunError, match="not being trained"):
        queue.stop("first")
    with pytest.raises(RunError, match="exists already"):
        queue.add("second", SHORT)

    queue.resume("second", epochs=2)
    wait(lambda: not queue.entries() and not queue.working())
    assert state(queue, "second") == "finished"
    assert [record["epoch"] for record in Run(queue.folder / "second").history()] == [0, 1, 2]
    with pytest.raises(RunError, match="beyond 1"):
        queue.resume("second", epochs=1)

    queue.delete("first")
    assert not (queue.folder / "first").exists()
    assert [path.name for path in queue.folder.iterdir() if path.name != ".queue"] == ["second"]
    assert not list(queue.path.glob("deleted-*"))
    with pytest.raises(RunError, match="no run"):
        queue.delete("first")


def test_trainer_and_worker_are_killed_and_the_queue_goes_on(queue: Queue) -> None:
    queue.add("first", LONG)
    queue.add("second", SHORT)
    wait(lambda: has_epoch(queue, "first", 1))
    trainer = pid_of(queue, "first")
    for worker in workers(queue):  # the second entry's may still be waiting for the first one's place
        os.kill(worker, signal.SIGKILL)
    wait(lambda: not queue.working())
    assert state(queue, "first") == "running", "the trainer is not touched"

    # Another worker waits for the trainer that it has not started.
    queue.start_worker()
    wait(queue.working)
    assert pid_of(queue, "first") == trainer
    assert queue.find("second") == Entry(2, "second", SHORT.to_dict())
    os.kill(trainer, signal.SIGKILL)
    wait(lambda: state(queue, "second") == "finished")
    status = Run(queue.folder / "first").status()
    assert status["state"] == "failed"
    assert "ended without a word" in status["error"]
    assert queue.find("first") is None, "the run says it itself"


def test_what_cannot_begin_says_why_and_can_be_begun_anew(queue: Queue) -> None:
    (queue.folder / "taken").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        # No proxy answers there, so that the images cannot be downloaded on any machine.
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        patch.setenv("BVAE_DATA", str(queue.folder / "taken"))
        queue.add("refused", Config(**SHORT.to_dict() | {"dataset": "usps"}))
        wait(lambda: getattr(queue.find("refused"), "error", None) is not None)
    entry = queue.find("refused")
    assert entry is not None
    assert "usps" in (entry.error or "")
    assert "Traceback" not in (entry.error or "")
    assert not (queue.folder / "refused").exists()
    queue.add("refused", SHORT)
    wait(lambda: state(queue, "refused") == "finished")


def test_two_starters_at_once_start_one_run(queue: Queue) -> None:
    code = (
        "import sys\nfrom bvae.config import Config\nfrom bvae.queue import Queue\nfrom bvae.runs import RunError\n"
        f"config = Config.from_dict({SHORT.to_dict()!r})\nprint('ready', flush=True)\nsys.stdin.readline()\n"
        f"try:\n    Queue({str(queue.folder)!r}).add('one', config)\n    print('started')\n"
        "except RunError as error:\n    print(error)\n"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
        )
        for _ in range(2)
    ]
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "ready\n"
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("\n")
        starter.stdin.flush()
    said = sorted(starter.communicate(timeout=SEEN_BY_EYE)[0].strip() for starter in starters)
    assert said[1] == "started"
    assert "already" in said[0]
    wait(lambda: not queue.entries())
    assert state(queue, "one") == "finished"
    assert len(Run(queue.folder / "one").history()) == 2


def test_nothing_but_a_run_of_its_own_is_deleted(queue: Queue, tmp_path: Path) -> None:
    bundled = Queue(PROJECT / "assets" / "runs")
    (name,) = [path.name for path in bundled.folder.iterdir() if (path / "config.json").exists()][:1]
    with pytest.raises(RunError, match="not changed from here"):
        bundled.delete(name)
    assert not bundled.path.exists()
    queue.folder.mkdir()
    (queue.folder / "linked").symlink_to(bundled.folder / name)
    (queue.folder / "photos").mkdir()
    (queue.folder / "photos" / "me.png").write_bytes(b"")
    for asked in ("linked", "photos", "..", "../runs", "", "a/b"):
        with pytest.raises(RunError):
            queue.delete(asked)
    assert (queue.folder / "photos" / "me.png").exists()
    assert (bundled.folder / name / "config.json").exists()


def test_a_run_with_other_files_in_it_is_not_deleted(queue: Queue) -> None:
    path = queue.folder / "mine"
    path.mkdir(parents=True)
    source = PROJECT / "assets" / "runs" / "mnist-beta4" / "config.json"
    (path / "config.json").write_bytes(source.read_bytes())
    (path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"notes\.txt"):
        queue.delete("mine")
    (path / "notes.txt").unlink()
    queue.delete("mine")
    assert not path.exists()


def test_a_sweep_is_deleted_with_its_runs_unless_it_is_trained_or_holds_something_else(queue: Queue) -> None:
    sweep = Sweep(queue.folder / "mine", {"beta": [1.0, 4.0]})
    sweep.write()
    sweep.logs.mkdir()
    sweep.log(sweep.members[0]).write_text("Epoch 1")
    run = sweep.members[0].path
    run.mkdir()
    source = PROJECT / "assets" / "runs" / "mnist-beta4" / "config.json"
    (run / "config.json").write_bytes(source.read_bytes())
    (run / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"other files than a sweep's \(.*notes\.txt\)"):
        queue.delete("mine")
    (run / "notes.txt").rename(sweep.folder / "notes.txt")
    with pytest.raises(RunError, match=r"notes\.txt"):
        queue.delete("mine")
    (sweep.folder / "notes.txt").unlink()
    for lock in (sweep.lock, run_lock(run)):
        with lock, pytest.raises(RunError, match="mine is being trained"):
            queue.delete("mine")
    queue.delete("mine")
    assert not sweep.folder.exists()
    assert not list(queue.path.glob("deleted-*"))


def test_a_process_number_that_another_program_has_by_now_is_left_alone(queue: Queue) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        queue.path.mkdir(parents=True)
        values = {"name": "old", "config": SHORT.to_dict(), "pid": other.pid, "host": os.uname().nodename}
        write_json(queue.path / "000001.json", values)
        entry = queue.find("old")
        assert entry is not None
        assert not entry.started
        with pytest.raises(RunError):
            queue.stop("old")
        queue.start_worker()
        wait(lambda: (queue.find("old") or entry).error is not None)
        assert process_lives(other.pid)
    finally:
        other.kill()
        other.wait()


def test_a_damaged_entry_is_said_and_the_others_are_read(queue: Queue) -> None:
    queue.path.mkdir(parents=True)
    (queue.path / "000001.json").write_text("{")
    (queue.path / "000002.json").write_text('{"name": "../x", "config": {}}')
    write_json(queue.path / "000003.json", {"name": "fine", "config": SHORT.to_dict()})
    problems: list[str] = []
    assert [entry.name for entry in queue.entries(problems)] == ["fine"]
    assert len(problems) == 2
    assert all("Delete the file" in problem for problem in problems)
    for path in queue.path.iterdir():
        path.unlink()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="BVAE_RUNS"):
        Queue(tmp_path / "file").add("one", SHORT)


def test_a_sweep_waits_its_turn_is_stopped_taken_out_and_gone_on_with(queue: Queue) -> None:
    values: dict[str, list[Any]] = {
        "network": ["mlp"],
        "device": ["cpu"],
        "dataset": [few_digits()],
        "probe_size": [50],
        "seed": [0, 1],
    }
    queue.add_sweep("long", values | {"epochs": [100_000]})
    queue.add_sweep("short", values | {"epochs": [1]})
    queue.add_sweep("other", values)
    queue.remove("other")
    assert not (queue.folder / "other").exists()
    with pytest.raises(RunError, match="in the queue already"):
        queue.add_sweep("short", values)
    wait(lambda: any(stand.epoch > 1 for stand in Sweep.read(queue.folder / "long").stands()))
    queue.stop("long")
    wait(lambda: not queue.entries())
    assert "stopped" in {stand.state for stand in Sweep.read(queue.folder / "long").stands()}
    assert [stand.state for stand in Sweep.read(queue.folder / "short").stands()] == ["done", "done"]
    queue.add_sweep("broken", values | {"device": ["mps"], "seed": [0]})
    wait(lambda: getattr(queue.find("broken"), "error", None) is not None)
    assert "broken: There is no mps device here" in str(getattr(queue.find("broken"), "error", None))
