"""M networks of one architecture as one: each of their parameters lies in one tensor (M, …), and each layer is computed
of all at once, by batched matrix products and grouped convolutions. A GPU is launched as many kernels as one network
takes, and each has M times as much to do.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from bvae.model import BetaVAE, Posterior, bounded
from bvae.network import Layer, decoder_layers, encoder_layers


class Stack:
    """Networks that are computed together; a number of each is (M, …).

    The models given stay what they are, but their parameters become views of the stack's, so that what is learned here
    is theirs at once.
    """

    def __init__(self, models: Sequence[BetaVAE]) -> None:
        self.models = list(models)
        self.shape: tuple[int, ...] = (len(models),)
        self.parameters: dict[str, Tensor] = {}  # (M, …) each
        for name, first in models[0].named_parameters():
            own = [dict(model.named_parameters())[name] for model in models]
            whole = torch.stack([parameter.detach() for parameter in own]).contiguous()
            for parameter, part in zip(own, whole, strict=True):
                parameter.data = part
            self.parameters[name] = whole.requires_grad_(first.requires_grad)
        config, image_shape = models[0].config, models[0].image_shape
        self._encoder = encoder_layers(config, image_shape)
        self._decoder = decoder_layers(config, image_shape)
        self._latent_dim = config.latent_dim

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return self.models[0].device

    @property
    def log_sigma(self) -> Tensor | None:
        """Of each network, for all its pixels: (M, 1, 1)."""
        found = self.parameters.get("log_sigma")
        return None if found is None else found[:, None, None]

    def posterior(self, images: Tensor) -> Posterior:
        """q(z|x) of images (M, N, H, W) in [0, 1]: (M, N, D) twice."""
        outputs = self._through("encoder", self._encoder, images)
        mean, log_variance = outputs.float().split(self._latent_dim, -1)
        return Posterior(mean, bounded(log_variance))

    def logits(self, codes: Tensor) -> Tensor:
        """Codes (M, N, D) to logits (M, N, H, W)."""
        return self._through("decoder", self._decoder, codes).float()

    def _through(self, part: str, layers: list[Layer], x: Tensor) -> Tensor:
        # Features are (M, N, F); planes lie as grouped convolutions want them, (N, M · C, H, W).
        models, count = x.shape[:2]
        if layers[0]["kind"] != "linear":
            x = x.transpose(0, 1)
        for position, layer in enumerate(layers):
            weight, bias = (self.parameters.get(f"{part}.{position}.{name}") for name in ("weight", "bias"))
            match layer["kind"]:
                case "linear":
                    assert weight is not None
                    assert bias is not None
                    x = torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))
                case "conv" | "conv_transpose":
                    assert weight is not None
                    assert bias is not None
                    x = _convolved(layer, x, weight.flatten(0, 1), bias.flatten(), models)
                case "relu":
                    x = F.relu(x)
                case "silu":
                    x = F.silu(x)
                case "flatten":
                    x = x.reshape(count, models, -1).transpose(0, 1)
                case "reshape":
                    channels, height, width = layer["shape"]
                    x = x.transpose(0, 1).reshape(count, models * channels, height, width)
                case kind:
                    raise ValueError(f"Unknown layer kind {kind!r}.")
        return x.transpose(0, 1) if x.ndim == 4 else x


def _convolved(layer: Layer, x: Tensor, weight: Tensor, bias: Tensor, models: int) -> Tensor:
    stride, padding = layer["stride"], layer["padding"]
    if layer["kind"] == "conv":
        return F.conv2d(x, weight, bias, stride, padding, groups=models)
    return F.conv_transpose2d(x, weight, bias, stride, padding, layer["output_padding"], groups=models)
