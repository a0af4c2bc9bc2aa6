"""What is measured of a model has the values that the definitions give."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from bvae.config import Config
from bvae.data import load_dataset
from bvae.metrics import per_image
from bvae.model import BetaVAE


@pytest.mark.parametrize("network", ["conv", "mlp"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_each_image_is_measured_at_the_mean_of_its_posterior(network: str, likelihood: str) -> None:
    torch.manual_seed(2)
    model = BetaVAE(Config(network=network, likelihood=likelihood), (28, 28)).requires_grad_(False).eval()
    if model.log_sigma is not None:
        model.log_sigma.fill_(-1.3)
    images = load_dataset("mnist", limit=1).test.pixels[:25]

    found = per_image(model, images.numpy(), batch_size=10)

    mean, log_variance = model.posterior(images)
    pixels, decoded = images.double() / 255, model.decode(mean).double()
    if likelihood == "bernoulli":
        expected = -(pixels * decoded.log() + (1 - pixels) * (1 - decoded).log())
    else:
        expected = -Normal(decoded, np.exp(-1.3)).log_prob(pixels)
    posterior = Normal(mean.double(), (0.5 * log_variance.double()).exp())
    kl = kl_divergence(posterior, Normal(torch.zeros(()).double(), 1.0)).sum(1)
    np.testing.assert_allclose(found.reconstruction, expected.sum((1, 2)).numpy(), rtol=1e-4)
    np.testing.assert_allclose(found.kl, kl.numpy(), rtol=1e-4)


def test_no_images_have_no_figures() -> None:
    found = per_image(BetaVAE(Config(), (28, 28)), np.zeros((0, 28, 28), np.uint8))
    assert found.reconstruction.shape == found.kl.shape == (0,)
