"""The two networks as data: lists of layers that PyTorch builds and that the browser interprets.

One list serves both, so that the decoder on the page cannot drift from the decoder that was trained: parameter names
are `decoder.<position in the list>.weight` and `.bias` on both sides. Imports no torch.
"""

from __future__ import annotations

from typing import Any

from bvae.config import Config, ConfigError

Layer = dict[str, Any]

# σ(x) outside [e^-10, e^10] is numerical accident, not information; unbounded, one outlier makes e^(log σ²) infinite.
LOG_VARIANCE_BOUND = 20.0


def encoder_layers(config: Config, image_shape: tuple[int, int]) -> list[Layer]:
    """Layers from an image (N, 1, H, W) to the mean and log-variance of its code, (N, 2 · latent_dim) side by side."""
    return _NETWORKS[config.network](config.latent_dim, image_shape)[0]


def decoder_layers(config: Config, image_shape: tuple[int, int]) -> list[Layer]:
    """Layers from a code (N, latent_dim) to the logits of an image, (N, 1, H, W)."""
    return _NETWORKS[config.network](config.latent_dim, image_shape)[1]


def parameter_shapes(layers: list[Layer], prefix: str) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter that a list of layers has, in PyTorch's layout."""
    shapes: dict[str, tuple[int, ...]] = {}
    for position, layer in enumerate(layers):
        inputs, outputs = layer.get("inputs", 0), layer.get("outputs", 0)
        window = (layer.get("kernel"),) * 2
        weight = {
            "linear": (outputs, inputs),
            "conv": (outputs, inputs, *window),
            "conv_transpose": (inputs, outputs, *window),
        }.get(layer["kind"])
        if weight:
            shapes[f"{prefix}.{position}.weight"] = weight
            shapes[f"{prefix}.{position}.bias"] = (outputs,)
    return shapes


def _mlp(latent_dim: int, image_shape: tuple[int, int]) -> tuple[list[Layer], list[Layer]]:
    """784-400-20, the network of the auto-encoding variational Bayes paper as the PyTorch VAE example sizes it."""
    height, width = image_shape
    encoder = [_flatten(), _linear(height * width, 400), _relu(), _linear(400, 2 * latent_dim)]
    decoder = [_linear(latent_dim, 400), _relu(), _linear(400, height * width), _reshape(1, height, width)]
    return encoder, decoder


def _conv(latent_dim: int, image_shape: tuple[int, int]) -> tuple[list[Layer], list[Layer]]:
    """One convolution by patches, a second one, a hidden linear layer, and a wider way back.

    The two halves are not mirror images, because they do not earn the same: on MNIST at β = 1 the hidden linear layers
    are worth 4 nats after three epochs, and a decoder of twice the width 2 nats where an encoder of twice the width
    gives a third of one. A first convolution that halves the image twice at once takes a tenth off the epoch and costs
    less than the difference between two seeds.
    """
    height, width = image_shape
    if height % 4 or width % 4 or min(image_shape) < 8 or height // 4 % 2 != width // 4 % 2:
        raise ConfigError(
            f"The conv network takes images whose sides are 8 or more and both odd or both even multiples of 4; "
            f"{height} × {width} is not. Choose the mlp network."
        )
    # 28 → 7 → 4 → 7 → 14 → 28: the halving of 7 rounds up, and the way back pads where it did not.
    small = ((height // 4 + 1) // 2, (width // 4 + 1) // 2)
    padding = 1 - height // 4 % 2
    tiles = small[0] * small[1]
    hidden = 128
    encoder = [
        _conv_layer(1, 32, 8, 4), _silu(),
        _conv_layer(32, 32, 3), _silu(),
        _flatten(), _linear(32 * tiles, hidden), _silu(),
        _linear(hidden, 2 * latent_dim),
    ]  # fmt: skip
    decoder = [
        _linear(latent_dim, hidden), _silu(),
        _linear(hidden, 48 * tiles), _silu(), _reshape(48, *small),
        _conv_transpose(48, 64, 3, padding), _silu(),
        _conv_transpose(64, 24, 4), _silu(),
        _conv_transpose(24, 1, 4),
    ]  # fmt: skip
    return encoder, decoder


_NETWORKS = {"mlp": _mlp, "conv": _conv}


def _linear(inputs: int, outputs: int) -> Layer:
    return {"kind": "linear", "inputs": inputs, "outputs": outputs}


def _conv_layer(inputs: int, outputs: int, kernel: int, stride: int = 2) -> Layer:
    # 3 by 2 pads by 1, 4 by 2 by 1, 8 by 4 by 2: what makes the image `stride` times smaller.
    padding = (kernel - stride + 1) // 2
    sizes = {"inputs": inputs, "outputs": outputs, "kernel": kernel}
    return {"kind": "conv", **sizes, "stride": stride, "padding": padding}


def _conv_transpose(inputs: int, outputs: int, kernel: int, output_padding: int = 0) -> Layer:
    layer = _conv_layer(inputs, outputs, kernel)
    return layer | {"kind": "conv_transpose", "output_padding": output_padding}


def _relu() -> Layer:
    return {"kind": "relu"}


def _silu() -> Layer:
    return {"kind": "silu"}


def _flatten() -> Layer:
    return {"kind": "flatten"}


def _reshape(*shape: int) -> Layer:
    return {"kind": "reshape", "shape": list(shape)}
