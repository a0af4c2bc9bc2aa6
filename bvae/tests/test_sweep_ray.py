"""A sweep on a real Ray cluster of this machine, of two workers with a core each."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import bvae.trainers
from bvae.cli import main
from bvae.runs import Run, RunError, run_lock
from bvae.sweep import Sweep
from bvae.tests.swept import FAST, weights
from bvae.tests.waiting import SEEN_BY_EYE, wait

FEW = FAST | {"dataset_limit": [2_000]}
SHORT, LONG = FEW | {"epochs": [6]}, FEW | {"epochs": [5_000]}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers do not see, where this may be had."""
    return tmp_path_factory.mktemp("hidden")


@pytest.fixture(scope="module")
def address(hidden: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a cluster with two cores."""
    address = f"127.0.0.1:{free_port()}"
    # Its sockets have paths that may be no longer than 107 bytes.
    with contextlib.ExitStack() as stack:
        folder = Path(f"/tmp/bvae-ray-{os.getpid()}")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        start = [
            sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2",
            f"--port={address.rpartition(':')[2]}", "--node-ip-address=127.0.0.1", f"--temp-dir={folder}",
            "--min-worker-port=0", "--max-worker-port=0", "--dashboard-agent-listen-port=0",
            "--object-store-memory=80000000", "--include-dashboard=false", "--disable-usage-stats",
        ]  # fmt: skip
        if can_hide():
            there = shlex.quote(str(hidden))
            start = ["unshare", "--mount", "sh", "-c", f"mount -t tmpfs tmpfs {there} && exec {shlex.join(start)}"]
        log = stack.enter_context((tmp_path_factory.mktemp("ray") / "log").open("w+"))
        process = subprocess.Popen(start, stdout=log, stderr=log, start_new_session=True)
        stack.callback(end, process)
        finish = time.monotonic() + SEEN_BY_EYE
        while "Ray runtime started" not in Path(log.name).read_text():
            assert process.poll() is None, Path(log.name).read_text()
            assert time.monotonic() < finish, Path(log.name).read_text()
            time.sleep(0.1)
        yield address


def end(process: subprocess.Popen[bytes]) -> None:
    """Let a cluster end with all of its processes."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def can_hide() -> bool:
    """Whether a folder can be another one to some processes, as on another machine."""
    unshare = shutil.which("unshare")
    hiding = [unshare or "", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return unshare is not None and subprocess.run(hiding, capture_output=True).returncode == 0


def pid_of(path: Path) -> int:
    """The process that trains a run which has an epoch behind it; 0 where none does."""
    with contextlib.suppress(RunError):
        run = Run(path)
        if run.status()["state"] == "running" and len(run.history()) > 1:
            return int(run.status()["pid"])
    return 0


def test_a_worker_is_killed_and_the_sweep_ends_equal_to_runs_trained_alone(address: str, tmp_path: Path) -> None:
    sweep = Sweep(tmp_path / "swept", SHORT | {"learning_rate": [0.002, 0.004, 1e30]})
    whole = sweep.members[:2]
    killed = 0
    stands = sweep.stands()
    for now in sweep.train(ray=address):
        stands = now
        if not killed and (killed := pid_of(whole[0].path)):
            os.kill(killed, signal.SIGKILL)
    assert [stand.state for stand in stands] == ["done", "done", "failed"], [stand.error for stand in stands]
    assert "The loss stopped being a finite number" in str(stands[2].error)
    assert killed not in (0, Run(whole[0].path).status()["pid"])
    for member in whole:
        alone = tmp_path / "alone" / member.name
        assert main(["train", "--run", str(alone), "--json", *member.config.arguments()]) == 0
        assert weights(member.path) == weights(alone)
        assert len(weights(alone)) == 7


def test_stopped_it_saves_and_leaves_nobody_behind(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "swept"
    values = [*Sweep(folder, LONG).members[0].config.arguments(), "--seed", "0", "1", "2"]
    command = [sys.executable, "-m", "bvae", "sweep", "--into", str(folder), *values]
    with subprocess.Popen([*command, "--ray", address], stderr=subprocess.PIPE, text=True) as process:
        wait(lambda: bool(pid_of(folder / "swept-seed0")))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Stopped. The same command goes on." in process.stderr.read()
    assert process.returncode == 130
    first, _, last = stands = Sweep.read(folder).stands()
    assert first.state == "stopped"
    assert first.record is not None
    assert last.state == "waiting"
    assert all(stand.state in ("stopped", "waiting") for stand in stands)
    with run_lock(first.member.path).acquire(blocking=False):  # nobody writes it any more
        assert Sweep.read(folder).arguments(first)[4:] == [str(first.member.path), "--resume", "--device", "cpu"]


def test_a_folder_that_the_workers_do_not_see_is_told(address: str, hidden: Path) -> None:
    if not can_hide():
        pytest.skip("only root can hide a folder from other processes")
    folder = hidden / "swept"
    with pytest.raises(RunError, match=rf"The worker on \S+ does not see {folder}. Put the sweep into a folder that"):
        list(Sweep(folder, SHORT | {"seed": [0, 1]}).train(ray=address))
    assert [stand.state for stand in Sweep.read(folder).stands()] == ["waiting", "waiting"]


def test_another_version_of_ray_is_told(address: str, tmp_path: Path) -> None:
    client = importlib.import_module("ray._raylet").GcsClient(address)
    place = {"key": b"CLUSTER_METADATA", "namespace": b"cluster"}
    said = client.internal_kv_get(**place)
    other = json.dumps(json.loads(said) | {"ray_version": "2.1.0"}).encode()
    client.internal_kv_put(value=other, overwrite=True, **place)
    try:
        with pytest.raises(RunError, match=r"could not be joined: Version mismatch: .*Ray: 2.1.0"):
            list(Sweep(tmp_path / "swept", SHORT).train(ray=address))
    finally:
        client.internal_kv_put(value=said, overwrite=True, **place)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("127.0.0.1:1", r"Nothing answers at 127.0.0.1:1 \(.*\). Start a Ray cluster"),
        ("nowhere.invalid:6379", r"Nothing answers at nowhere.invalid:6379 \("),
        ("local", "'local' is no address of a Ray cluster. Give HOST:PORT"),
        ("-1:x", "is no address of a Ray cluster"),
    ],
)
def test_an_address_where_no_cluster_is(tmp_path: Path, address: str, sentence: str) -> None:
    with pytest.raises(RunError, match=sentence):
        list(Sweep(tmp_path / "swept", SHORT).train(ray=address))


def test_what_answers_and_is_no_ray_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bvae.trainers, "JOINING_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(RunError, match=f"Ray at {address} did not answer within 1 seconds"):
            list(Sweep(tmp_path / "swept", SHORT).train(ray=address))


def test_without_ray_a_sweep_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError('No module named ray')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(RunError, match=r'Ray is not installed here. Install it with: pip install "ray'):
            list(Sweep(tmp_path / "swept", SHORT).train(ray="auto"))
