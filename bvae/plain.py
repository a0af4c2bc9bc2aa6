"""The decoder in NumPy, from the list of layers that PyTorch and the browser build it from too.

For a few pictures on a page of a server that need not import torch. Agrees with PyTorch to 1e-5 in every pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bvae.network import Layer


def decode(layers: Sequence[Layer], weights: Mapping[str, np.ndarray], codes: np.ndarray) -> np.ndarray:
    """Images (N, H, W) float32 in [0, 1], the means of p(x|z), of codes (N, D).

    Args:
        layers, weights: as `Run.decoder` returns them.
    """
    values = np.asarray(codes, dtype=np.float32)
    for position, layer in enumerate(layers):
        kind = layer["kind"]
        weight, bias = (weights.get(f"decoder.{position}.{part}") for part in ("weight", "bias"))
        if kind == "relu":
            values = np.maximum(values, 0)
        elif kind == "silu":
            values = values * _sigmoid(values)
        elif kind == "reshape":
            values = values.reshape(len(values), *layer["shape"])
        elif kind == "flatten":
            values = values.reshape(len(values), -1)
        elif kind == "linear" and weight is not None and bias is not None:
            values = values @ weight.T + bias
        elif kind == "conv_transpose" and weight is not None and bias is not None:
            values = _conv_transpose(values, weight, bias, layer)
        else:
            raise ValueError(f"layer {position} is {kind!r}, which a decoder does not have.")
    return _sigmoid(values[:, 0])


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
