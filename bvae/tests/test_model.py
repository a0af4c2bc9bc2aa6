"""Shapes, inputs and the layer list that the browser shares."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from bvae.config import Config, ConfigError
from bvae.model import BetaVAE, Posterior
from bvae.network import decoder_layers, encoder_layers, parameter_shapes


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("shape", [(28, 28), (16, 16), (64, 64)])
@pytest.mark.parametrize("latent_dim", [1, 20, 33])
def test_shapes(network: str, shape: tuple[int, int], latent_dim: int) -> None:
    model = BetaVAE(Config(network=network, latent_dim=latent_dim), shape)
    images = torch.randint(0, 256, (3, *shape), dtype=torch.uint8)
    posterior = model.posterior(images)
    assert posterior.mean.shape == posterior.log_variance.shape == (3, latent_dim)
    decoded = model.decode(posterior.mean)
    assert decoded.shape == (3, *shape)
    assert ((decoded >= 0) & (decoded <= 1)).all()


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_layer_list_names_every_parameter(network: str, likelihood: str) -> None:
    config = Config(network=network, likelihood=likelihood)
    listed = parameter_shapes(encoder_layers(config, (28, 28)), "encoder")
    listed |= parameter_shapes(decoder_layers(config, (28, 28)), "decoder")
    listed |= {"log_sigma": ()} if likelihood == "gaussian" else {}
    assert {name: tuple(value.shape) for name, value in BetaVAE(config, (28, 28)).state_dict().items()} == listed


def test_the_classic_network_is_784_400_20() -> None:
    shapes = {name: tuple(value.shape) for name, value in BetaVAE(Config(network="mlp"), (28, 28)).state_dict().items()}
    assert shapes["encoder.1.weight"] == (400, 784)
    assert shapes["encoder.3.weight"] == (40, 400)
    assert shapes["decoder.0.weight"] == (400, 20)
    assert shapes["decoder.2.weight"] == (784, 400)


def test_bytes_and_unit_floats_mean_the_same() -> None:
    torch.manual_seed(0)
    model = BetaVAE(Config(), (28, 28)).eval()
    images = torch.randint(0, 256, (4, 28, 28), dtype=torch.uint8)
    expected = model.encode(images)
    torch.testing.assert_close(model.encode(images.float() / 255), expected)
    torch.testing.assert_close(model.encode(images.numpy()), expected)
    torch.testing.assert_close(model.encode((images.float() / 255).unsqueeze(1)), expected)
    assert images.dtype == torch.uint8
    unit = np.ones((1, 28, 28), np.float32)
    model.encode(unit)
    assert (unit == 1).all(), "the caller's images are not touched"


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(N, 28, 28\)"):
        BetaVAE(Config(), (28, 28)).encode(torch.zeros(2, 16, 16))


def test_what_does_not_fit_is_refused_in_words() -> None:
    model = BetaVAE(Config(), (28, 28))
    with pytest.raises(ValueError, match=r"\(N, 20\)"):
        model.decode(torch.zeros(2, 19))
    with pytest.raises(ValueError, match="uint8 from 0 to 255"):
        model.encode(torch.zeros(2, 28, 28, dtype=torch.int64))


@pytest.mark.filterwarnings("error")
def test_an_array_that_cannot_be_written_is_taken_all_the_same() -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    images.flags.writeable = False
    assert BetaVAE(Config(), (28, 28)).encode(images).shape == (2, 20)


def test_the_conv_network_says_which_sizes_it_takes() -> None:
    with pytest.raises(ConfigError, match="multiples of 4"):
        BetaVAE(Config(), (30, 30))


def test_a_sample_is_mean_plus_deviation_times_noise() -> None:
    posterior = Posterior(torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 2 * math.log(3.0)]]))
    sample = posterior.sample(torch.tensor([[0.5, -1.0]]))
    torch.testing.assert_close(sample, torch.tensor([[1.5, -5.0]]))


def test_the_untrained_networks_begin_near_the_prior() -> None:
    """Epoch 0 is shown to people: codes of every image near 0, one picture for all."""
    for network in ("mlp", "conv"):
        torch.manual_seed(0)
        model = BetaVAE(Config(network=network), (28, 28))
        posterior = model.posterior(torch.randint(0, 256, (64, 28, 28), dtype=torch.uint8))
        assert posterior.mean.abs().max() < 3
        assert posterior.log_variance.abs().max() < 3
