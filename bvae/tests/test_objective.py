"""Values of the objective, pinned against torch.distributions, hand calculation and the limits of each form."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

from bvae.config import Config
from bvae.data import load_dataset
from bvae.model import BetaVAE, Posterior
from bvae.objective import (
    bernoulli_reconstruction,
    evaluate,
    gaussian_reconstruction,
    kl_per_dimension,
    objective,
    reconstruction,
)


def test_kl_equals_torch_distributions() -> None:
    torch.manual_seed(0)
    posterior = Posterior(3 * torch.randn(50, 20), 3 * torch.randn(50, 20))
    expected = kl_divergence(Normal(posterior.mean, (0.5 * posterior.log_variance).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_per_dimension(posterior), expected, rtol=1e-5, atol=1e-5)


def test_kl_by_hand() -> None:
    posterior = Posterior(torch.tensor([[0.0, 2.0]]), torch.tensor([[0.0, math.log(4.0)]]))
    expected = torch.tensor([[0.0, 0.5 * (4 + 4 - 1 - math.log(4.0))]])
    torch.testing.assert_close(kl_per_dimension(posterior), expected)


def test_bernoulli_term_by_hand_and_by_torch_distributions() -> None:
    logits = torch.tensor([[[0.0, math.log(3.0)]]])  # means 1/2 and 3/4
    pixels = torch.tensor([[[1.0, 0.2]]])
    by_hand = math.log(2) - 0.2 * math.log(0.75) - 0.8 * math.log(0.25)
    assert bernoulli_reconstruction(logits, pixels).item() == pytest.approx(by_hand, rel=1e-6)
    torch.manual_seed(0)
    logits, binary = torch.randn(7, 28, 28), (torch.rand(7, 28, 28) > 0.5).float()
    expected = -Bernoulli(logits=logits).log_prob(binary).sum((1, 2))
    torch.testing.assert_close(bernoulli_reconstruction(logits, binary), expected)


def test_bernoulli_term_equals_pytorchs_with_its_gradient() -> None:
    torch.manual_seed(0)
    logits = (6 * torch.randn(9, 28, 28)).requires_grad_()
    logits.data[0, 0, :4] = torch.tensor([0.0, 80.0, -80.0, 1e4])
    pixels = torch.rand(9, 28, 28)
    ours = bernoulli_reconstruction(logits, pixels)
    peer = F.binary_cross_entropy_with_logits(logits, pixels, reduction="none").sum((1, 2))
    torch.testing.assert_close(ours, peer)
    slope = torch.linspace(-1, 1, 9)
    torch.testing.assert_close(
        torch.autograd.grad(ours, logits, slope)[0], torch.autograd.grad(peer, logits, slope)[0], rtol=1e-5, atol=1e-6
    )
    exact = torch.randn(1, 5, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(bernoulli_reconstruction, (exact, torch.rand(1, 5, 5, dtype=torch.float64)))


def test_gaussian_term_carries_its_constant() -> None:
    torch.manual_seed(0)
    logits, pixels, log_sigma = torch.randn(5, 28, 28), torch.rand(5, 28, 28), torch.tensor(-1.3)
    expected = -Normal(logits.sigmoid(), log_sigma.exp()).log_prob(pixels).sum((1, 2))
    torch.testing.assert_close(gaussian_reconstruction(logits, pixels, log_sigma), expected)
    # One pixel hit exactly at σ = 1 costs ½ log 2π and nothing else.
    one = gaussian_reconstruction(torch.zeros(1, 1, 1), torch.full((1, 1, 1), 0.5), torch.tensor(0.0))
    assert one.item() == pytest.approx(0.5 * math.log(2 * math.pi))


def test_a_perfect_reconstruction_costs_the_floor() -> None:
    """The Bernoulli term of the images themselves, as means, is the entropy of their grey values: 45.5 nats."""
    pixels = load_dataset("mnist").test.pixels.float().div(255)
    logits = torch.logit(pixels, eps=1e-7)
    assert bernoulli_reconstruction(logits, pixels).mean().item() == pytest.approx(45.53, abs=0.01)


def test_objective_at_its_limits() -> None:
    part, kl = torch.tensor(80.0), torch.tensor(20.0)
    assert objective(Config(beta=0.0), 5, part, kl).item() == 80.0
    assert objective(Config(beta=1.0), 5, part, kl).item() == 100.0
    assert objective(Config(beta=4.0), 5, part, kl).item() == 160.0
    assert objective(Config(beta=4.0, beta_warmup_steps=10), 0, part, kl).item() == 80.0
    # C = 0 is the β form with β = γ; C = KL leaves the reconstruction; above and below C cost alike.
    assert objective(Config(capacity=0.0, capacity_gamma=3.0), 5, part, kl).item() == 140.0
    assert objective(Config(capacity=20.0, capacity_steps=0), 5, part, kl).item() == 80.0
    above = objective(Config(capacity=15.0, capacity_steps=0, capacity_gamma=2.0), 5, part, kl)
    below = objective(Config(capacity=25.0, capacity_steps=0, capacity_gamma=2.0), 5, part, kl)
    assert above.item() == below.item() == 90.0


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_every_parameter_gets_a_gradient(network: str, likelihood: str) -> None:
    config = Config(network=network, likelihood=likelihood)
    torch.manual_seed(0)
    model = BetaVAE(config, (28, 28))
    images = load_dataset("mnist").test.pixels[:16].float().div(255)
    posterior = model.posterior(images)
    logits = model.logits(posterior.sample(torch.randn_like(posterior.mean)))
    loss = objective(
        config, 0, reconstruction(logits, images, model.log_sigma).mean(), kl_per_dimension(posterior).sum(1).mean()
    )
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        # Every output of every layer learns, and not only some: a dead row would be a wiring fault.
        per_output = parameter.grad.flatten(1).abs().sum(1) if parameter.ndim > 1 else parameter.grad.abs()
        assert torch.isfinite(per_output).all(), name
        assert (per_output > 0).float().mean() > 0.5, name


def test_the_gradient_is_the_slope() -> None:
    """Autograd against finite differences of the whole loss, in double precision."""
    torch.manual_seed(0)
    mean, log_variance = torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)
    logits, pixels = torch.randn(2, 4, 4, dtype=torch.float64), torch.rand(2, 4, 4, dtype=torch.float64)

    def loss(
        mean: torch.Tensor, log_variance: torch.Tensor, logits: torch.Tensor, log_sigma: torch.Tensor
    ) -> torch.Tensor:
        kl = kl_per_dimension(Posterior(mean, log_variance)).sum(1).mean()
        config = Config(capacity=2.0, capacity_steps=0)
        return objective(config, 0, gaussian_reconstruction(logits, pixels, log_sigma).mean(), kl)

    log_sigma = torch.tensor(-0.7, dtype=torch.float64)
    inputs = tuple(value.requires_grad_() for value in (mean, log_variance, logits, log_sigma))
    assert torch.autograd.gradcheck(loss, inputs)


def test_evaluation_equals_the_definition() -> None:
    torch.manual_seed(0)
    model = BetaVAE(Config(network="mlp"), (28, 28))
    pixels = load_dataset("mnist").test.pixels[:300]
    result = evaluate(model, pixels, seed=3, batch_size=300)
    with torch.inference_mode():
        posterior = model.posterior(pixels)
        noise = torch.randn(300, 20, generator=torch.Generator().manual_seed(3))
        logits = model.logits(posterior.sample(noise))
        expected = bernoulli_reconstruction(logits, pixels.float() / 255).double().mean().item()
        kl = kl_divergence(Normal(posterior.mean, (0.5 * posterior.log_variance).exp()), Normal(0.0, 1.0)).mean(0)
        active = int((posterior.mean.var(0, correction=0) > 0.01).sum())
    assert result.images == 300
    assert result.reconstruction == pytest.approx(expected, rel=1e-6)
    assert result.kl_per_dimension == pytest.approx(kl.tolist(), rel=1e-4)
    assert result.kl == pytest.approx(sum(result.kl_per_dimension))
    assert result.elbo == -(result.reconstruction + result.kl)
    assert result.active_units == active
