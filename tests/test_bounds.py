"""The largest runs that are taken in, and what they cost in memory, measured on a process that opens one."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bvae.browser.film import MAX_BYTES
from bvae.browser.live import MOST_EPOCHS
from bvae.config import MAX_LATENTS, MAX_PROBE_IMAGES, Config
from bvae.film import update_film
from bvae.runs import FORMAT, Film, Run, write_json, write_tensors
from tests.conftest import ROOT
from tests.test_app import open_app, texts

MOST = 2**30  # bytes; the promise of SECURITY.md

# As the Load page, which has the largest upload that there may be in memory, and then the pages that show the run. The
# peak is that of the process itself: what the resource module tells begins with that of its parent.
OPEN = """
import io, json, sys
from pathlib import Path
from bvae.archive import import_run
from pages.parts import encoders, figures
from pages.parts.film import open_film
from pages.parts.live import open_live
file = Path(sys.argv[1]).read_bytes()
upload = [file, b"x" * (500_000_000 - len(file))]
run = import_run(io.BytesIO(file), "large.zip", Path(sys.argv[2])).run
del file, upload  # as the page does with what has come in
live = open_live(run, run.name)
film = open_film(live)
drawn = encoders.open_encoders(live, live.space.epochs[-1])
curves = json.dumps(figures._curves(run, figures._drawn(run.history())))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({
    "peak": 1024 * int(peak.split()[1]), "live": len(live.head) + len(live.rest), "film": len(film.content),
    "encoders": len(drawn), "curves": len(curves), "said": list(film.problems),
}))
"""


def make_run(path: Path, images: int, latent_dim: int, filmed: int = 0, size: int = 28, history: int = 0) -> Run:
    """A run of random numbers with two snapshots that is whole, however large.

    Args:
        filmed: frames of its film.
        size: width and height of an image, pixels.
        history: bytes.
    """
    noise = np.random.default_rng(0)
    config = Config(network="mlp", latent_dim=latent_dim, epochs=1, probe_size=images)
    (path / "epochs").mkdir(parents=True)
    (path / "latents").mkdir()
    details = {"image_shape": [size, size], "class_names": list("0123456789")}
    write_json(path / "config.json", {"format": FORMAT, "config": config.to_dict(), **details})
    write_json(path / "status.json", {"state": "finished", "epoch": 1, "epochs": 1})
    pixels = noise.integers(0, 256, (images, size, size), np.uint8)
    indices = np.arange(images)
    write_tensors(path / "probe.safetensors", {"images": pixels, "labels": indices % 10, "indices": indices})
    run = Run(path)
    weights = {
        name: noise.standard_normal(shape, np.float32) * np.float32(0.02)
        for name, shape in run.parameter_shapes.items()
    }
    means = noise.standard_normal((images, latent_dim), np.float32)
    for name in ("0000.safetensors", "0001.safetensors"):
        write_tensors(path / "epochs" / name, weights)
        write_tensors(path / "latents" / name, {"mean": means, "log_variance": np.full_like(means, -1)})
    figures = {"loss": 100, "reconstruction": 90, "kl": 10, "images": 10_000}
    record = {"beta": 4, "train": figures, "test": figures, "active_units": latent_dim}
    record |= {"kl_per_dimension": [0.5] * latent_dim}
    line = json.dumps({"epoch": 0} | record, separators=(",", ":"))
    lines = max(2, history // (len(line) + 7))
    with (path / "history.jsonl").open("w") as file:
        file.writelines(line.replace('"epoch":0', f'"epoch":{epoch}') + "\n" for epoch in range(lines))
    if filmed:
        frames, shares = noise.random((filmed, images, 2), np.float32), noise.random((filmed, images), np.float32)
        epochs = list(range(filmed))
        film = Film(epochs, frames, shares, shares, frames, {})
        update_film(run, film, state="finished", epochs=epochs, images=images)
    return run


def zipped(run: Run) -> Path:
    target = run.path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as file:
        for path in run.path.rglob("*.*"):
            compressed = zipfile.ZIP_STORED if path.suffix == ".safetensors" else zipfile.ZIP_DEFLATED
            file.write(path, f"large/{path.relative_to(run.path)}", compressed, 1)
    return target


LARGEST: dict[str, dict[str, int]] = {
    "images": {"images": MAX_PROBE_IMAGES, "latent_dim": MAX_LATENTS // MAX_PROBE_IMAGES, "filmed": 100},
    "dimensions": {"images": 12_500, "latent_dim": 400},
    "pixels": {"images": 7_000, "latent_dim": 2, "size": 96},
    "history": {"images": 100, "latent_dim": 2, "history": 41_000_000},
}


@pytest.mark.parametrize("sizes", LARGEST.values(), ids=LARGEST)
def test_the_largest_run_comes_in_and_is_opened_within_a_gigabyte(tmp_path: Path, sizes: dict[str, int]) -> None:
    run = make_run(tmp_path / "large", **sizes)
    command = [sys.executable, "-c", OPEN, str(zipped(run)), str(tmp_path / "runs")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["peak"] < MOST, found
    assert found["film"] < 1.1 * MAX_BYTES
    assert found["live"] + found["encoders"] + found["curves"] < 128 * 2**20
    fewer = ["The map shows 20,000 of the 50,000 images, evenly chosen: a browser takes no more."]
    assert found["said"] == (fewer if sizes["images"] == MAX_PROBE_IMAGES else [])


def test_of_more_snapshots_than_the_clock_takes_some_are_shown_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "runs" / "many", images=10, latent_dim=1, size=2)
    for kind in ("epochs", "latents"):
        for epoch in range(2, 350):
            (run.path / kind / f"{epoch:04d}.safetensors").hardlink_to(run.path / kind / "0001.safetensors")
    line = (run.path / "history.jsonl").read_text().splitlines()[0]
    lines = [json.dumps(json.loads(line) | {"epoch": epoch}) + "\n" for epoch in range(350)]
    (run.path / "history.jsonl").write_text("".join(lines))
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("bvae.runs.folders.BUNDLED_RUNS", tmp_path / "none")
    app = open_app()
    assert not app.exception
    assert f"{MOST_EPOCHS} of the 350 snapshots are shown, evenly chosen" in texts(app.sidebar.markdown)
    _, live = app.session_state["shown"]
    assert len(live.space.epochs) == MOST_EPOCHS
    assert (live.space.epochs[0], live.space.epochs[-1]) == (0, 349)
