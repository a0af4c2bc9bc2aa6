"""A model for other programs: what onnxruntime makes of it is what PyTorch does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from bvae.cli import main
from bvae.config import Config
from bvae.runs import Run, find_run
from bvae.training import train_run


def trained(path: Path) -> Run:
    config = Config(network="mlp", likelihood="gaussian", epochs=1, dataset_limit=500, device="cpu", probe_size=10)
    list(train_run(path, config))
    return Run(path)


def sessions(folder: Path) -> tuple[onnxruntime.InferenceSession, onnxruntime.InferenceSession]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    made = [onnxruntime.InferenceSession(folder / f"{half}.onnx", options) for half in ("encoder", "decoder")]
    return made[0], made[1]


@pytest.mark.parametrize("name", ["mnist-beta4", "mlp"])
def test_it_computes_as_pytorch_does(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = find_run(name) if name != "mlp" else trained(tmp_path / "mlp")
    epoch = run.epochs()[-1]
    assert main(["export", str(run.path), "--onnx", "-o", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / f"out/{half}.onnx") for half in ("encoder", "decoder")]
    encoder, decoder = sessions(tmp_path / "out")
    model = run.model(epoch)
    for count in (1, 7):  # of any batch size
        images = run.probe().images[:count].astype(np.float32) / 255
        mean, log_variance = encoder.run(["mean", "log_variance"], {"images": images})
        (pixels,) = decoder.run(["pixels"], {"codes": mean})
        with torch.no_grad():
            posterior = model.posterior(images)
            expected = model.decode(mean)
        assert np.abs(mean - posterior.mean.numpy()).max() < 1e-5
        assert np.abs(log_variance - posterior.log_variance.numpy()).max() < 1e-5
        assert np.abs(pixels - expected.numpy()).max() < 1e-5
    about = decoder.get_modelmeta().custom_metadata_map
    assert (about["run"], about["epoch"], about["what"]) == (run.name, str(epoch), "decoder of a β-VAE")
    assert Config.from_dict(json.loads(about["config"])) == run.config
    assert json.loads(about["class_names"]) == list(run.class_names)
    if name == "mnist-beta4":
        assert "slant" in json.loads(about["dimension_names"]).values()


def test_without_the_packages_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['onnx'] = None\nfrom bvae.cli import main\n"
        "sys.exit(main(['export', 'mnist-beta4', '--onnx', '-o', '/nonexistent']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert 'pip install "onnx>=1.17,<2" "onnxscript>=0.5,<1"' in done.stderr
