"""A run that was stopped, killed or crashed at any moment ends bit for bit as one that never was.

Most trainers here are processes forked from one server (this file run as a script), because importing torch anew for
each of a hundred crashes would take minutes. They train on tiny images made from a seed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import bvae.step
from bvae import cli, config, runs, training
from bvae.config import Config, ConfigError
from bvae.data import Dataset, Images
from bvae.runs import Run, RunError, RunWriter, read_tensors
from bvae.tests.waiting import SEEN_BY_EYE, wait
from bvae.training import StoppedError, train_run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="crashes are made by forking")

ROOT = Path(__file__).resolve().parents[2]
VALUES: dict[str, Any] = {
    "network": "mlp", "latent_dim": 3, "epochs": 3, "batch_size": 32, "probe_size": 16, "device": "cpu", "seed": 5,
}  # fmt: skip


def tiny_dataset() -> Dataset:
    """Ninety and some images of 8 × 8, so that an epoch has three steps of which the last is short."""
    generator = torch.Generator().manual_seed(1)

    def images(count: int) -> Images:
        pixels = torch.randint(0, 256, (count, 8, 8), generator=generator, dtype=torch.uint8)
        return Images(pixels, torch.arange(count) % 10)

    return Dataset("mnist", images(90), images(40), tuple("0123456789"), "tiny")


def few_snapshots() -> dict[str, object]:
    """Settings of bvae.config under which a run keeps 0 and the last only, and so drops some."""
    return {"EVERY_EPOCH_UP_TO": 1, "DENSE_EPOCHS": (0,)}


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on the tiny images."""
    monkeypatch.setattr(training, "load_dataset", lambda *_, **__: tiny_dataset())


def train(path: Path, **values: Any) -> list[dict[str, Any]]:
    return list(train_run(path, Config(**VALUES | values)))


def resume(path: Path, **values: Any) -> list[dict[str, Any]]:
    return list(train_run(path, resume=True, **values))


def content(path: Path) -> dict[str, object]:
    """All that a run holds but for what tells of time and place: seconds, heartbeat, process, commands."""
    found: dict[str, object] = {}
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        name = str(file.relative_to(path))
        if name == "history.jsonl":
            records = [json.loads(line) for line in file.read_text().splitlines()]
            found[name] = [{key: value for key, value in record.items() if key != "seconds"} for record in records]
        elif name == "state.safetensors":
            tensors, metadata = read_tensors(file)
            progress = json.loads(metadata["progress"])
            del progress["seconds"], progress["record"]["seconds"]
            found[name] = progress, {key: (array.shape, array.tobytes()) for key, array in tensors.items()}
        elif name == "config.json":
            record = json.loads(file.read_text())
            found[name] = {key: value for key, value in record.items() if key not in ("command", "begun", "resumed")}
        elif name == "status.json":
            status = json.loads(file.read_text())
            found[name] = {key: status[key] for key in ("state", "epoch", "step", "epochs", "steps", "device")}
        elif name != "lock":
            found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def assert_same(path: Path, expected: dict[str, object]) -> None:
    found = content(path)
    assert found.keys() == expected.keys()
    for name in expected:
        assert found[name] == expected[name], name


# Processes that die ----------------------------------------------------------------------------------------------


class Server:
    """Forks a trainer for each request; the requests are lines of JSON."""

    def __init__(self) -> None:
        # The figures of a trainer with another number of threads would differ in the last bits.
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        # With a GPU in sight PyTorch starts threads for gradients, which do not survive a fork.
        environment |= {"CUDA_VISIBLE_DEVICES": ""}
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def _ask(self) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server of trainers has died"
        return int(line)

    def start(self, path: Path, **request: Any) -> int:
        """Begin a trainer, and return its process number."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"path": str(path), **request}) + "\n")
        self.process.stdin.flush()
        return self._ask()

    def end(self) -> int:
        """Wait for the trainer to end: 0, 1 or 130 as the command line has it, or minus the signal that killed it."""
        return self._ask()

    def run(self, path: Path, **request: Any) -> int:
        self.start(path, **request)
        return self.end()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.process.wait(SEEN_BY_EYE) == 0


def serve() -> None:
    torch.set_num_threads(1)
    vars(training)["load_dataset"] = lambda *_, **__: tiny_dataset()
    # The first step of a process imports much of PyTorch that `import torch` puts off.
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder) / "warm", epochs=1)
    for line in sys.stdin:
        request = json.loads(line)
        if (pid := os.fork()) == 0:
            try:
                code = _forked(**request)
            except BaseException as error:
                print(repr(error), file=sys.stderr)
                code = 99
            os._exit(code)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _forked(
    path: str,
    values: dict[str, Any] | None = None,
    die_at: int = 0,
    signal_at: int = 0,
    number: int = 0,
    pause: float = 0.0,
    thin: bool = False,
    without: Sequence[str] = (),
) -> int:
    """Train or, without values, resume through the command line; die before the `die_at`-th change of the disk, or
    send oneself a signal in the `signal_at`-th training step. Fails where a module `without` is imported by then."""
    if thin:
        vars(config).update(few_snapshots())
    _die_before_change(die_at)
    steps = 0
    kl_per_dimension = vars(bvae.step)["kl_per_dimension"]  # which the loop calls once a step

    def step(*arguments: Any) -> Any:
        nonlocal steps
        steps += 1
        time.sleep(pause)
        if steps == signal_at:
            os.kill(os.getpid(), number)
        return kl_per_dimension(*arguments)

    vars(bvae.step)["kl_per_dimension"] = step
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        arguments = ["--resume"] if values is None else _flags(values)
        code = cli.main(["train", "--run", path, "--json", *arguments])
    assert not {*without} & {*sys.modules}
    return code


def _flags(values: dict[str, Any]) -> list[str]:
    return [part for name, value in values.items() for part in (config.flag(name), str(value))]


def _die_before_change(die_at: int) -> None:
    changes = 0

    def change() -> bool:
        nonlocal changes
        changes += 1
        return changes == die_at

    write, replace, unlink = Path.write_bytes, os.replace, Path.unlink

    def dying_write(path: Path, data: bytes) -> int:
        if change():
            write(path, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(path, data)

    def dying_replace(source: Path, target: Path) -> None:
        if change():
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)

    def dying_unlink(path: Path, missing_ok: bool = False) -> None:
        if change():
            os.kill(os.getpid(), signal.SIGKILL)
        unlink(path, missing_ok)

    for owner, name, function in (
        (Path, "write_bytes", dying_write),
        (os, "replace", dying_replace),
        (Path, "unlink", dying_unlink),
    ):
        setattr(owner, name, function)


# Repeating -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, server: Server, network: str) -> None:
    train(tmp_path / "a", network=network)
    expected = content(tmp_path / "a")
    torch.manual_seed(123)  # not one of the run's
    train(tmp_path / "b", network=network)
    assert_same(tmp_path / "b", expected)
    # And in another process.
    assert server.run(tmp_path / "c", values=VALUES | {"network": network}) == 0
    assert_same(tmp_path / "c", expected)
    # And another seed gives others, at epoch 0 already.
    train(tmp_path / "d", network=network, seed=6)
    different = content(tmp_path / "d")
    for name in ("epochs/0000.safetensors", "epochs/0003.safetensors", "latents/0000.safetensors"):
        assert different[name] != expected[name]
    assert different["probe.safetensors"] == expected["probe.safetensors"]


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_what_compiles_is_not_imported(tmp_path: Path, server: Server, network: str) -> None:
    """It takes as long as all else that a trainer does before its first step."""
    compilers = ["torch._dynamo", "torch._inductor", "sympy", "triton"]
    assert server.run(tmp_path / "run", values=VALUES | {"network": network, "epochs": 1}, without=compilers) == 0


# Stopping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_stopped_after_every_single_step(tmp_path: Path, network: str) -> None:
    values = {"network": network, "beta_warmup_steps": 5}
    train(tmp_path / "whole", **values)
    path = tmp_path / "stopped"
    seen = []
    with pytest.raises(StoppedError):
        list(train_run(path, Config(**VALUES | values), stop=lambda: True))
    for _ in range(20):
        status = Run(path).status()
        assert status["state"] == "stopped"
        seen.append((status["epoch"], status["step"]))
        assert [record["epoch"] for record in Run(path).history()] == list(range(status["epoch"] + 1))
        try:
            list(train_run(path, resume=True, stop=lambda: True))
            break
        except StoppedError:
            pass
    # Three epochs of three steps, and a stop after each step but the last; the first stop comes before any.
    assert seen == [(0, 0), *[(epoch, step) for epoch in range(3) for step in range(3)][1:]]
    assert_same(path, content(tmp_path / "whole"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_any_step(tmp_path: Path, server: Server, number: signal.Signals) -> None:
    train(tmp_path / "whole")
    expected = content(tmp_path / "whole")
    for step in range(1, 10):
        path = tmp_path / f"step{step}"
        code = server.run(path, values=VALUES, signal_at=step, number=int(number))
        status = Run(path).status()
        if step == 9:  # the last: the run is finished when the signal is looked at
            assert code == 0
            assert status["state"] == "finished"
        else:
            assert code == cli.STOPPED
            assert (status["state"], status["epoch"], status["step"]) == ("stopped", *divmod(step, 3))
            resume(path)
        assert_same(path, expected)


def test_seconds_of_a_stopped_epoch_are_counted_together(tmp_path: Path, server: Server) -> None:
    path = tmp_path / "run"
    stopped = server.run(path, values=VALUES | {"epochs": 1}, signal_at=2, number=int(signal.SIGTERM), pause=0.2)
    assert stopped == cli.STOPPED
    assert server.run(path, pause=0.1) == 0
    assert 0.5 <= Run(path).history()[1]["seconds"] < SEEN_BY_EYE


# Killing ---------------------------------------------------------------------------------------------------------


def test_killed_before_every_change_of_the_disk(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All crash points of a whole run: in the middle of each write, before each rename, before each deletion."""
    for name, value in few_snapshots().items():
        monkeypatch.setattr(config, name, value)
    values = VALUES | {"epochs": 2}
    train(tmp_path / "whole", **values)
    expected = content(tmp_path / "whole")
    assert {name for name in expected if "00" in name} == {
        f"{kind}/{epoch}.safetensors" for kind in ("epochs", "latents") for epoch in ("0000", "0002")
    }
    reasons = set()
    for point in range(1, 200):
        path = tmp_path / f"point{point}"
        code = server.run(path, values=values, die_at=point, thin=True)
        if code == 0:
            assert_same(path, expected)
            break
        assert code == -signal.SIGKILL
        if (path / "config.json").exists():
            # What is left is a run: it says that it failed, and whatever it lists opens.
            run = Run(path)
            status = run.status()
            if status["state"] != "finished":  # it dies before it can say that it is
                assert status["state"] == "failed"
                reasons.add(status["error"].partition(":")[0])
            for epoch in run.epochs():
                assert run.latents(epoch).mean.shape == (16, 3)
                run.weights(epoch)
            assert [record["epoch"] for record in run.history()] == list(range(len(run.history())))
            assert len(run.epochs()) >= min(1, len(run.history()))
            resume(path)
        else:
            with pytest.raises(RunError):
                Run(path)
            train(path, **values)
        assert_same(path, expected)
    else:
        pytest.fail("the run never came to its end")
    # 20 files written in two steps each, and one snapshot of two files deleted.
    assert point == 2 * 20 + 2 + 1
    assert reasons == {"The trainer ended without a word"}


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_killed_again_and_again_while_resuming(tmp_path: Path, server: Server, network: str) -> None:
    """A process that lives for 14 changes of the disk at most, which is one epoch, still comes to the end."""
    values = VALUES | {"network": network}
    train(tmp_path / "whole", network=network)
    path = tmp_path / "run"
    codes = [server.run(path, values=values, die_at=15)]
    while codes[-1] and len(codes) < 20:
        codes.append(server.run(path, die_at=15))
    assert codes[-1] == 0
    assert codes[:-1] == [-signal.SIGKILL] * (len(codes) - 1)
    assert len(codes) >= 4
    assert_same(path, content(tmp_path / "whole"))


def test_killed_at_random_moments(tmp_path: Path, server: Server) -> None:
    train(tmp_path / "whole")
    expected = content(tmp_path / "whole")
    moments = random.Random(3)
    longest = 0.2  # seconds
    cycles = 0
    while cycles < 6:
        path = tmp_path / f"run{longest}-{cycles}"
        kills = 0
        for attempt in range(40):
            begun = (path / "config.json").exists()
            pid = server.start(path, pause=0.01, **({} if begun else {"values": VALUES}))
            if attempt < 8:
                time.sleep(moments.uniform(0, longest))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            code = server.end()
            kills += code == -signal.SIGKILL
            if code == 0:
                break
            assert code == -signal.SIGKILL
        assert code == 0
        assert_same(path, expected)
        if kills:
            cycles += 1
        else:  # this machine was done before it could be killed
            longest /= 2


def test_a_real_trainer_killed_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    """Nothing patched, nothing forked: `python -m bvae` on MNIST, SIGKILL, and what a reader sees at once."""
    arguments = ["--network", "conv", "--dataset-limit", "600", "--batch-size", "10", "--probe-size", "50"]
    command = [sys.executable, "-m", "bvae", "train", "--epochs", "50", "--device", "cpu", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    path = tmp_path / "run"
    with subprocess.Popen([*command, "--run", str(path)], env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            wait(lambda: (path / "epochs/0001.safetensors").exists() or process.poll() is not None)
            assert process.poll() is None
            assert Run(path).status()["state"] == "running"
        finally:
            process.kill()
        # Nobody has asked after the dead process yet, so its number is still taken.
        wait(lambda: Run(path).status()["state"] != "running")
        status = Run(path).status()
        assert status["state"] == "failed"
        assert f"--run {path} --resume" in status["error"]
        assert Run(path).model().encode(Run(path).probe().images).shape == (50, 20)
    RunWriter.resume(path).__exit__()  # its lock died with it


# Going further ---------------------------------------------------------------------------------------------------


def test_extended_as_if_planned(tmp_path: Path) -> None:
    """Without a falling learning rate, 1 epoch and 2 more are 3."""
    values = {"learning_rate_schedule": "constant"}
    train(tmp_path / "whole", **values)
    path = tmp_path / "run"
    train(path, epochs=1, **values)
    assert [record["epoch"] for record in resume(path, epochs=3)] == [2, 3]
    assert_same(path, content(tmp_path / "whole"))
    assert Run(path).config.epochs == 3
    assert "--epochs 3" in Run(path).command()


def test_extended_in_the_middle_of_an_epoch_and_killed(tmp_path: Path, server: Server) -> None:
    values = {"learning_rate_schedule": "constant"}
    train(tmp_path / "whole", **values)
    path = tmp_path / "run"
    stopped = server.run(path, values=VALUES | values | {"epochs": 2}, signal_at=5, number=int(signal.SIGTERM))
    assert stopped == cli.STOPPED
    with pytest.raises(StoppedError):
        list(train_run(path, resume=True, epochs=3, stop=lambda: True))
    assert server.run(path, die_at=7) == -signal.SIGKILL
    resume(path)
    assert_same(path, content(tmp_path / "whole"))


def test_a_finished_run_resumed_is_left_as_it_is(tmp_path: Path) -> None:
    train(tmp_path / "run")
    expected = content(tmp_path / "run")
    assert resume(tmp_path / "run") == []
    assert_same(tmp_path / "run", expected)


@pytest.mark.parametrize("epochs", [0, -1, 2])
def test_a_last_epoch_that_is_past_or_none_is_refused(tmp_path: Path, epochs: int) -> None:
    train(tmp_path / "run")
    expected = content(tmp_path / "run")
    with pytest.raises(ConfigError):
        resume(tmp_path / "run", epochs=epochs)
    assert_same(tmp_path / "run", expected)


def test_a_reader_who_leaves_the_loop_leaves_a_stopped_run(tmp_path: Path) -> None:
    train(tmp_path / "whole")
    records = train_run(tmp_path / "run", Config(**VALUES))
    assert next(records)["epoch"] == 0
    assert next(records)["epoch"] == 1
    records.close()  # type: ignore[attr-defined]
    assert Run(tmp_path / "run").status()["state"] == "stopped"
    resume(tmp_path / "run")
    assert_same(tmp_path / "run", content(tmp_path / "whole"))


def test_an_interrupt_in_a_library_stays_one(tmp_path: Path) -> None:
    def interrupt() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(train_run(tmp_path / "run", Config(**VALUES), stop=interrupt))
    status = Run(tmp_path / "run").status()
    assert status["state"] == "failed"
    assert "--resume" in status["error"]
    train(tmp_path / "whole")
    resume(tmp_path / "run")
    assert_same(tmp_path / "run", content(tmp_path / "whole"))


# What a reader makes of a status ---------------------------------------------------------------------------------


def test_a_running_status_is_believed_only_of_a_living_trainer(tmp_path: Path) -> None:
    path = tmp_path / "run"
    train(path)
    status = json.loads((path / "status.json").read_text())

    def reads(**values: Any) -> str:
        runs.write_json(path / "status.json", status | {"state": "running", "heartbeat": time.time()} | values)
        return str(Run(path).status()["state"])

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert reads() == "running"  # this process
    assert reads(pid=ended.pid) == "failed"
    assert reads(pid=ended.pid, host="elsewhere") == "running"  # whose processes cannot be seen from here
    assert reads(host="elsewhere", heartbeat=time.time() - 1_000) == "failed"
    assert reads(heartbeat=time.time() - 1_000) == "failed"  # the number may be another program's by now
    for pid in (0, -1, 10**30, "x", None):
        assert reads(pid=pid) == "failed"
    for heartbeat in ("x", None, float("nan"), 10**400):
        assert reads(heartbeat=heartbeat) == "failed"
    assert reads(state="stopped", pid=ended.pid) == "stopped"
    with pytest.raises(RunError, match="does not say how the run is"):
        reads(state=None)


if __name__ == "__main__":
    serve()
