"""The decoder in NumPy against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bvae.config import Config
from bvae.model import BetaVAE
from bvae.network import decoder_layers
from bvae.plain import decode


@pytest.mark.parametrize("shape", [(28, 28), (16, 16)])
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
