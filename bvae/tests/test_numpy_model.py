"""Encoder and decoder in NumPy against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bvae.config import Config
from bvae.model import BetaVAE
from bvae.network import decoder_layers, encoder_layers
from bvae.numpy_model import decode, encode


@pytest.mark.parametrize("shape", [(28, 28), (16, 16), (64, 64)])
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_it_draws_what_pytorch_draws(network: str, shape: tuple[int, int]) -> None:
    config = Config(network=network, latent_dim=5)
    torch.manual_seed(0)
    model = BetaVAE(config, shape).eval()
    codes = 3 * torch.randn(4, 5)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    with torch.no_grad():
        expected = model.decode(codes).numpy()
    found = decode(decoder_layers(config, shape), weights, codes.numpy())
    assert found.shape == (4, *shape)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert expected.std() > 0


@pytest.mark.parametrize("shape", [(28, 28), (16, 16), (64, 64)])
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_it_encodes_what_pytorch_encodes(network: str, shape: tuple[int, int]) -> None:
    config = Config(network=network, latent_dim=5)
    torch.manual_seed(0)
    model = BetaVAE(config, shape).eval()
    images = torch.randint(0, 256, (4, *shape), dtype=torch.uint8)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    with torch.no_grad():
        expected = model.posterior(images)
    found = encode(encoder_layers(config, shape), weights, images.numpy())
    for one, other in zip(found, expected, strict=True):
        assert one.shape == (4, 5)
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other.numpy(), atol=1e-4)
        assert other.std() > 0
