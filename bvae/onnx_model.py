"""A model for other programs: encoder and decoder as two ONNX files.

PyTorch's own exporter writes them; it needs the packages onnx and onnxscript, which nothing else here does.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from bvae.runs import RunError

if TYPE_CHECKING:
    from bvae.model import BetaVAE
    from bvae.runs import Run

INSTALL = 'pip install "onnx>=1.17,<2" "onnxscript>=0.5,<1"'
OPSET = 18


class _Encoder(nn.Module):
    def __init__(self, model: BetaVAE) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.model.posterior(images)
        return mean, log_variance


class _Decoder(nn.Module):
    def __init__(self, model: BetaVAE) -> None:
        super().__init__()
        self.model = model

    def forward(self, codes: Tensor) -> Tensor:
        return self.model.logits(codes).sigmoid()


def write_onnx(run: Run, epoch: int, folder: Path) -> list[Path]:
    """Write a run's model at an epoch as `encoder.onnx` and `decoder.onnx`, each of any batch size N.

    The encoder takes `images` (N, H, W), float32 from 0 to 1, and gives `mean` and `log_variance` (N, D) of q(z|x); the
    decoder takes `codes` (N, D) and gives `pixels` (N, H, W), the means of p(x|z) from 0 to 1. Their metadata say what
    they are: run, epoch, config, classes, and the names of the dimensions where they were measured.

    Returns:
        The two files.

    Raises:
        RunError: when the run cannot be read, or the packages are not there.
        OSError: when the files cannot be written.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401 -- which the exporter asks for in the middle of its work
    except ImportError as error:
        raise RunError(f"To write ONNX takes packages that are not installed: {INSTALL}") from error
    import torch

    model = run.model(epoch).eval()
    height, width = run.image_shape
    about = _about(run, epoch)
    folder.mkdir(parents=True, exist_ok=True)
    halves: list[tuple[str, nn.Module, Tensor, list[str], str]] = [
        ("encoder", _Encoder(model), torch.zeros(2, height, width), ["mean", "log_variance"], "images"),
        ("decoder", _Decoder(model), torch.zeros(2, run.config.latent_dim), ["pixels"], "codes"),
    ]
    written = []
    for name, half, example, outputs, taken in halves:
        path = folder / f"{name}.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                half, (example,), input_names=[taken], output_names=outputs, opset_version=OPSET, dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("N")},), verbose=False,
            )  # fmt: skip
        assert program is not None
        proto = program.model_proto
        onnx.helper.set_model_props(proto, {"what": f"{name} of a β-VAE", **about})
        onnx.checker.check_model(proto)
        unfinished = path.with_name(f".{path.name}.tmp")
        onnx.save(proto, unfinished)
        unfinished.replace(path)
        written.append(path)
    return written


def _about(run: Run, epoch: int) -> dict[str, str]:
    dimensions = run.measured().get(epoch, {}).get("dimensions", [])
    names = {str(one["index"]): one["name"] for one in dimensions if one.get("name")}
    return {
        "run": run.name, "epoch": str(epoch), "config": json.dumps(run.config.to_dict()),
        "class_names": json.dumps(list(run.class_names), ensure_ascii=False),
        "image_shape": json.dumps(list(run.image_shape)), "dimension_names": json.dumps(names, ensure_ascii=False),
    }  # fmt: skip
