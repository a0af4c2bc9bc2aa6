"""Encoder and decoder in NumPy, from the lists of layers that PyTorch and the browser build them from too.

For a few pictures on a page of a server that need not import torch. Agrees with PyTorch to 1e-5 in every pixel, and to
1e-4 in every number of a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bvae.network import LOG_VARIANCE_BOUND, Layer


def encode(
    layers: Sequence[Layer], weights: Mapping[str, np.ndarray], images: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and log-variance (N, D) float32 of q(z|x) of images (N, H, W) uint8.

    Args:
        layers: as `encoder_layers` returns them.
        weights: as `Run.weights` returns them.
    """
    pixels = images[:, None].astype(np.float32) / 255  # (N, 1, H, W)
    mean, log_variance = np.split(_forward(layers, weights, "encoder", pixels), 2, axis=1)
    return mean, log_variance.clip(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)


def decode(layers: Sequence[Layer], weights: Mapping[str, np.ndarray], codes: np.ndarray) -> np.ndarray:
    """Images (N, H, W) float32 in [0, 1], the means of p(x|z), of codes (N, D).

    Args:
        layers, weights: as `Run.decoder` returns them.
    """
    return _sigmoid(_forward(layers, weights, "decoder", np.asarray(codes, dtype=np.float32))[:, 0])


def _forward(
    layers: Sequence[Layer], weights: Mapping[str, np.ndarray], network: str, values: np.ndarray
) -> np.ndarray:
    for position, layer in enumerate(layers):
        kind = layer["kind"]
        weight, bias = (weights.get(f"{network}.{position}.{part}") for part in ("weight", "bias"))
        if kind == "relu":
            values = np.maximum(values, 0)
        elif kind == "silu":
            values = values * _sigmoid(values)
        elif kind == "reshape":
            values = values.reshape(len(values), *layer["shape"])
        elif kind == "flatten":
            values = values.reshape(len(values), -1)
        elif weight is None or bias is None:
            raise ValueError(f"layer {position} is {kind!r}, and has no weights.")
        elif kind == "linear":
            values = values @ weight.T + bias
        elif kind == "conv":
            values = _conv(values, weight, bias, layer)
        elif kind == "conv_transpose":
            values = _conv_transpose(values, weight, bias, layer)
        else:
            raise ValueError(f"layer {position} is {kind!r}, which is not known here.")
    return values


def _conv(values: np.ndarray, weight: np.ndarray, bias: np.ndarray, layer: Layer) -> np.ndarray:
    kernel, stride, padding = layer["kernel"], layer["stride"], layer["padding"]
    padded = np.pad(values, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
    # (N, inputs, h, w, kernel, kernel) by (outputs, inputs, kernel, kernel)
    return np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2) + bias[:, None, None]


def _conv_transpose(values: np.ndarray, weight: np.ndarray, bias: np.ndarray, layer: Layer) -> np.ndarray:
    count, _, height, width = values.shape
    kernel, stride, padding = layer["kernel"], layer["stride"], layer["padding"]
    outputs = weight.shape[1]
    # Each input pixel paints one patch of the output; patches that overlap add up.
    patches = np.tensordot(values, weight, axes=(1, 0))  # (N, h, w, outputs, kernel, kernel)
    tall, wide = ((side - 1) * stride + kernel + layer["output_padding"] for side in (height, width))
    painted = np.zeros((count, outputs, tall, wide), np.float32)
    for row in range(kernel):
        for column in range(kernel):
            painted[:, :, row : row + stride * height : stride, column : column + stride * width : stride] += patches[
                ..., row, column
            ].transpose(0, 3, 1, 2)
    return painted[:, :, padding : tall - padding, padding : wide - padding] + bias[:, None, None]


def _sigmoid(values: np.ndarray) -> np.ndarray:
    # exp of a large negative number is 0, of a large positive one infinity; neither warns in this form.
    small = np.exp(-np.abs(values))
    return np.asarray(np.where(values >= 0, 1, small) / (1 + small), dtype=np.float32)
