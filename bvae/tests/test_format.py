"""The format of a run on disk stays as it is: what is read of the bundled runs, and every byte that is written."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

from bvae.config import Config
from bvae.factors import FACTORS, measure
from bvae.film import update_film
from bvae.network import decoder_layers, encoder_layers, parameter_shapes
from bvae.runs import Film, Latents, Probe, Run, RunError, RunWriter, State, find_run, write_tensors

READ = {
    "mnist-beta1": {
        "said": "efcbebe804810ff57864d91f6b7a1ebd",
        "probe": "4cf3a03678c864353e06cff56a689340",
        "latents": "896ed416507b56fb077e3c25059fc576",
        "weights": "3ea8655fad4f0d36675edee296ce63ec",
        "film": "a5a86508491643354713be3e03c546bf",
    },
    "mnist-beta4": {
        "said": "e8c3217a424cd6e73d1e1e3c83ef3cdf",
        "probe": "4cf3a03678c864353e06cff56a689340",
        "latents": "7dd3c7958d6ac9ff5d01fc7eb995e87a",
        "weights": "6534fbd77f9a23db94652526a4c628d9",
        "film": "d54b15397915166068f3aed142609b4e",
    },
    "mnist-beta10": {
        "said": "3852c35c429c631fa4df688b5b7cb1a6",
        "probe": "4cf3a03678c864353e06cff56a689340",
        "latents": "4446528df29d492117ee8fccc038e02a",
        "weights": "583116f80ce0b685647c39b829befa75",
        "film": "ba9a4272fb35f292a7cfafefa1f68aeb",
    },
}
WRITTEN = {
    "config.json": "5428caf8f98252e8f90fa8185b319867",
    "epochs": "af5570f5a1810b7af78caf4bc70a660f",
    "epochs/0000.safetensors": "354fa4d375d689545fa5df411eac0740",
    "epochs/0002.safetensors": "c9cc6c2d7959ddd93ec7f1cd46101e07",
    "history.jsonl": "e28df2fa57f53a6d1efad3f11f240546",
    "latents": "af5570f5a1810b7af78caf4bc70a660f",
    "latents/0000.safetensors": "128b1b4fdc4d39ae574fe61b2a441fb8",
    "latents/0002.safetensors": "6299695dc9f940fa62a12929ad5183b8",
    "layout.json": "dccee49bc5fe78c2ced27fd0d0eb2149",
    "layout.safetensors": "38d7f5033e5ed81362dbf10518db274d",
    "lock": "af5570f5a1810b7af78caf4bc70a660f",
    "probe.safetensors": "9ed35a8dedf7b1a85cfa6d128940e256",
    "state.safetensors": "8215a675a0268ae76bdbaca59476dcca",
    "status.json": "cc16d42bb8df7c2b0af72f653c8766d3",
}


def sha(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little") + part)
    return found.hexdigest()[:32]


def arrays(named: dict[str, np.ndarray]) -> list[bytes]:
    return [
        part
        for name, array in sorted(named.items())
        for part in (f"{name} {array.dtype} {array.shape}".encode(), np.ascontiguousarray(array).tobytes())
    ]


def as_json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", ["mnist-beta1", "mnist-beta4", "mnist-beta10"])
def test_the_bundled_factors_are_those_of_the_probe_images(name: str) -> None:
    run = find_run(name)
    kept = run.factors()
    assert kept is not None
    assert list(kept) == sorted(FACTORS)
    some = np.arange(0, len(run.probe().labels), 25)
    for factor, values in measure(run.probe().images[some]).items():
        np.testing.assert_allclose(kept[factor][some], values, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    "tensors",
    [
        {"slant": np.zeros(2499, np.float32)},
        {"slant": np.zeros(2500, np.float64)},
        {"slant": np.full(2500, np.nan, np.float32)},
        {"../../slant": np.zeros(2500, np.float32)},
        {f"factor{'x' * n}": np.zeros(2500, np.float32) for n in range(17)},
    ],
)
def test_factors_that_are_not_of_the_run_are_told(tmp_path: Path, tensors: dict[str, np.ndarray]) -> None:
    path = Path(shutil.copytree(find_run("mnist-beta10").path, tmp_path / "copied"))
    write_tensors(path / "factors.safetensors", tensors)
    with pytest.raises(RunError, match=r"factors\.safetensors"):
        Run(path).factors()


@pytest.mark.parametrize("name", ["mnist-beta1", "mnist-beta4", "mnist-beta10"])
def test_what_is_read_of_the_bundled_runs(name: str) -> None:
    run = find_run(name)
    status = {key: value for key, value in run.status().items() if key not in ("pid", "host", "heartbeat")}
    film = run.film()
    assert film is not None
    found = {
        "said": sha(*map(as_json, (run.record(Path("somewhere")), status, [*map(dict, run.history())], run.epochs()))),
        "probe": sha(*arrays(run.probe()._asdict())),
        "latents": sha(*(part for epoch in run.epochs() for part in arrays(run.latents(epoch)._asdict()))),
        "weights": sha(*(part for epoch in run.epochs() for part in arrays(run.weights(epoch)))),
        "film": sha(
            as_json(film.epochs), as_json(film.about),
            *arrays({key: value for key, value in film._asdict().items() if isinstance(value, np.ndarray)}),
        ),
    }  # fmt: skip
    assert found == READ[name]


def test_what_is_written_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path, draws = Path("golden"), np.random.default_rng(0)
    config = Config(network="mlp", latent_dim=3, epochs=2, likelihood="gaussian", probe_size=6)
    shapes = parameter_shapes(encoder_layers(config, (28, 28)), "encoder")
    shapes |= parameter_shapes(decoder_layers(config, (28, 28)), "decoder") | {"log_sigma": ()}

    def numbers(*shape: int) -> np.ndarray:
        return (draws.integers(-1000, 1000, shape) / 1024).astype(np.float32)

    def record(epoch: int) -> dict[str, object]:
        split = {"loss": 120.5 - epoch, "reconstruction": 100.25 - epoch, "kl": 5.0625, "images": 60_000}
        return {
            "epoch": epoch, "seconds": 1.25, "beta": 4.0, "capacity": None, "learning_rate": 0.004 / (1 + epoch),
            "train": split, "test": split | {"images": 10_000}, "kl_per_dimension": [4.0, 1.0, 0.0625],
            "active_units": 2,
        }  # fmt: skip

    weights = [{name: numbers(*shape) for name, shape in shapes.items()} for _ in range(3)]
    details = {"image_shape": [28, 28], "class_names": ["null", "één"], "data": {"name": "mnist", "sha256": "0"}}
    probe = Probe(
        draws.integers(0, 256, (6, 28, 28)).astype(np.uint8), np.arange(6) % 2, np.arange(6, dtype=np.int64) * 7
    )
    with RunWriter.create(path, config, details, probe) as writer:
        for epoch in range(3):
            tensors = {f"weights/{name}": array for name, array in weights[epoch].items()} | {"sums": numbers(4)}
            state = State(epoch, 0, 0.5, tensors, record(epoch))
            writer.save_epoch(state, weights[epoch], Latents(numbers(6, 3), numbers(6, 3)), [0, 2])
        writer.extend(Config.from_dict(config.to_dict() | {"epochs": 3}))
        writer.status("stopped", epoch=2, step=0, epochs=3, steps=469, device="cpu (2 threads)")
    film = Film([0, 2], numbers(2, 6, 2), numbers(2, 6), numbers(2, 6), numbers(1, 6, 2), {})
    update_film(Run(path), film, state="running", epochs=[0, 2], images=6, seed=0, stage="Comparing", done=50.5)
    update_film(Run(path), None, state="failed", error="ß")

    found = {}
    for file in sorted(path.rglob("*")):
        content = file.read_bytes() if file.is_file() else b""
        if file.suffix == ".json":  # who wrote it, and when, are of the moment
            said = json.loads(content)
            if "pid" in said:
                assert (said["pid"], said["host"]) == (os.getpid(), socket.gethostname())
                content = content.replace(json.dumps(said["host"]).encode(), b'"host"')
            content = re.sub(rb'("(?:pid|heartbeat)": )[0-9.]+', rb"\g<1>0", content)
        if file.suffix == ".safetensors":  # which writes two entries of metadata in any order
            length = int.from_bytes(content[:8], "little")
            content = content[:8] + as_json(json.loads(content[8 : 8 + length])) + content[8 + length :]
        found[file.relative_to(path).as_posix()] = sha(content)
    assert found == WRITTEN
