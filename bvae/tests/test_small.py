"""A copy of a run in float16: what it holds, how it is read, and that one that cannot be made leaves nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bvae.cli import main
from bvae.runs import Run, RunError, find_run, write_small, write_status, write_tensors

NAME = "mnist-beta4"


def test_a_small_copy_is_read_as_any_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["small", NAME, "--into", str(tmp_path / "less"), "--epochs", "10", "0"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "less")
    whole, small = find_run(NAME), Run(tmp_path / "less")
    assert small.epochs() == [0, 10, 100], "the last one stays"
    assert small.history() == whole.history()
    assert small.config == whole.config
    assert (small.film(), small.metrics(), small.resumable) == (None, None, False)
    assert small.status()["state"] == "finished"
    for mine, other in zip(small.probe(), whole.probe(), strict=True):
        assert np.array_equal(mine, other)
    told, known = small.factors(), whole.factors()
    assert told is not None
    assert known is not None
    assert all(np.array_equal(told[name], known[name]) for name in known)
    for epoch in small.epochs():
        parts = [(small.weights(epoch), whole.weights(epoch))]
        parts.append((small.latents(epoch)._asdict(), whole.latents(epoch)._asdict()))
        for half, full in parts:
            assert half.keys() == full.keys()
            for name, array in half.items():
                assert array.dtype == np.float32
                assert np.array_equal(array, full[name].astype(np.float16).astype(np.float32))
    sizes = [(run.path / "epochs" / "0010.safetensors").stat().st_size for run in (small, whole)]
    assert sizes[0] < 0.51 * sizes[1]

    images = whole.probe().images[:50]
    pictures = [run.model()(images).numpy() for run in (small, whole)]
    assert np.abs(pictures[0] - pictures[1]).max() < 0.05
    assert np.abs(pictures[0] - pictures[1]).mean() < 2e-4


def test_a_copy_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    run, target = find_run("mnist-beta10"), tmp_path / "less"
    with pytest.raises(RunError, match="no snapshot of epoch 7"):
        write_small(run, target, [7])
    target.mkdir()
    (target / "mine.txt").write_text("a text")
    with pytest.raises(RunError, match=r"a folder with other files in it \(mine\.txt\)"):
        write_small(run, target, [0])
    assert [path.name for path in target.iterdir()] == ["mine.txt"]

    altered = Run(shutil.copytree(run.path, tmp_path / "altered"))
    weights = altered.weights()
    weights["decoder.0.bias"][0] = 70_000
    write_tensors(altered.path / "epochs" / f"{run.snapshot():04d}.safetensors", weights)
    with pytest.raises(RunError, match=f"numbers at epoch {run.snapshot()} that float16 cannot hold"):
        write_small(altered, tmp_path / "none", [0])
    assert not (tmp_path / "none").exists()
    write_status(altered.path, {"state": "queued", "heartbeat": 4e9, "host": "elsewhere"})
    with pytest.raises(RunError, match="is in training"):
        write_small(altered, tmp_path / "none", [0])


@pytest.mark.parametrize("kind", ["epochs", "latents"])
def test_float16_that_is_altered_or_without_end_is_refused(tmp_path: Path, kind: str) -> None:
    small = write_small(find_run("mnist-beta10"), tmp_path / "less", [])
    file = small.path / kind / f"{small.snapshot():04d}.safetensors"
    tensors = small.weights() if kind == "epochs" else small.latents()._asdict()
    read = small.weights if kind == "epochs" else small.latents

    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(RunError, match="does not match the hash"):
        read()
    first = next(iter(tensors))
    halves = {name: array.astype(np.float16) for name, array in tensors.items()}
    halves[first].flat[0] = np.inf
    write_tensors(file, halves)
    with pytest.raises(RunError, match=f"values in {first} that are not finite"):
        read()
    write_tensors(file, {name: array.astype(np.float64) for name, array in tensors.items()})
    with pytest.raises(RunError, match="as float64, and should as float32"):
        read()
