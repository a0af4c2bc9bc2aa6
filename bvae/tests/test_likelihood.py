"""The importance-weighted bound nears a likelihood that is known, from below, and never falls with more codes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm

from bvae.config import Config
from bvae.data import load_dataset
from bvae.metrics.likelihood import FINEST, LEVELS, Bound, binarise, importance_bounds, likelihood
from bvae.model import BetaVAE
from bvae.objective import bernoulli_reconstruction
from bvae.runs import Run


def linear_gaussian(images: int, seed: int = 0, width: float = 1.6) -> tuple[np.ndarray, object]:
    """log p(x) of images x = 2 z + noise of deviation ½, and weights of codes from a posterior that is too wide."""
    random = np.random.default_rng(seed)
    seen = 2 * random.standard_normal(images) + 0.5 * random.standard_normal(images)
    precision = 1 + 2**2 / 0.5**2
    mean, deviation = seen * 2 / 0.5**2 / precision, width / math.sqrt(precision)

    def weigh(samples: int, count: int) -> np.ndarray:
        noise = random.standard_normal((count, samples))
        codes = mean[:count, None] + deviation * noise
        pixels = -0.5 * ((seen[:count, None] - 2 * codes) / 0.5) ** 2 - math.log(0.5) - 0.5 * math.log(2 * math.pi)
        return pixels - 0.5 * codes**2 + 0.5 * noise**2 + math.log(deviation)

    return norm.logpdf(seen, 0, math.sqrt(2**2 + 0.5**2)), weigh


def error(bound: Bound) -> float:
    assert bound.standard_error is not None
    return bound.standard_error


def test_the_bound_nears_the_likelihood_of_a_linear_model() -> None:
    known, weigh = linear_gaussian(4_000)
    levels = ((1, 4_000), (10, 1_000), (100, 300), (1_000, 100))

    found = importance_bounds(weigh, 4_000, levels)  # type: ignore[arg-type]

    assert [(bound.samples, bound.images) for bound in found] == list(levels)
    values = [bound.value for bound in found]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(known.mean(), abs=4 * error(found[-1]))
    assert error(found[-1]) < 0.03
    # KL(q ‖ p(z|x)) of two bells of the same mean, 1.6 times as wide.
    assert values[0] == pytest.approx(known.mean() - (0.5 * (1.6**2 - 1) - math.log(1.6)), abs=0.05)


def test_a_standard_error_is_the_spread_over_draws() -> None:
    levels = ((1, 100), (10, 5), (100, 5))
    weights = [linear_gaussian(100, seed, width=3)[1] for seed in range(80)]
    found = [importance_bounds(weigh, 100, levels) for weigh in weights]  # type: ignore[arg-type]
    for level in range(3):
        spread = np.std([bounds[level].value for bounds in found])
        assert np.mean([error(bounds[level]) for bounds in found]) == pytest.approx(spread, rel=0.3)


def test_weights_beyond_a_float_are_averaged_all_the_same() -> None:
    weights = np.array([-2_000.0, -2_000.0, -2_000.0 + math.log(4), -3_000.0])
    (one, four) = importance_bounds(lambda samples, count: [weights[:samples]], 1, ((1, 1), (4, 1)))
    assert one == Bound(1, -2_000, None, 1)
    groups = (-2_000 - 2_000 - 2_000 + math.log(4) - 3_000) / 4
    assert four.value == pytest.approx(-2_000 + math.log(6 / 4) - groups - 2_000)


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return load_dataset("mnist", limit=1).test.pixels


def test_a_model_of_one_dimension_is_integrated_by_hand(digits: torch.Tensor) -> None:
    torch.manual_seed(1)
    model = BetaVAE(Config(network="mlp", latent_dim=1), (28, 28)).requires_grad_(False).eval()
    last = next(layer for layer in reversed(model.decoder) if isinstance(layer, torch.nn.Linear))
    last.weight.mul_(0.1)  # so that the true posterior is within reach of one that knows nothing

    found = likelihood(model, digits[:60], ((1, 60), (10, 60), (100, 60)), seed=5)

    grid = torch.linspace(-8, 8, 2_001)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(5))
    draws = binarise(digits[:60], 5)[order]
    logits = model.logits(grid[:, None])
    prior = norm.logpdf(grid.numpy())
    known = [
        logsumexp(prior - bernoulli_reconstruction(logits, draw.expand(2_001, 28, 28)).double().numpy(), b=16 / 2_000)
        for draw in draws
    ]
    assert found[-1].value == pytest.approx(np.mean(known), abs=0.05)
    assert found[0].value < found[1].value < found[2].value


def test_a_bundled_run_is_as_likely_as_published_models(digits: torch.Tensor) -> None:
    """−86.8 nats at 5,000 codes is what the paper's own VAE has (Burda et al. 2016), of 50 dimensions."""
    found = likelihood(Run("mnist-beta1").model(), digits, ((1, 400), (10, 100), (100, 20)))
    assert [bound.value for bound in found] == sorted(bound.value for bound in found)
    assert found[0].value == pytest.approx(-91, abs=4 * error(found[0]))
    assert found[2].value == pytest.approx(-87, abs=4 * error(found[2]))
    repeated = likelihood(Run("mnist-beta1").model(), digits, ((1, 400), (10, 100)), threads=2)
    assert repeated == found[:2]


def test_pixels_are_drawn_by_their_grey_value(digits: torch.Tensor) -> None:
    drawn, grey = binarise(digits[:2_000], seed=3), digits[:2_000].float()
    assert set(drawn.unique().tolist()) == {0, 1}
    assert torch.equal(drawn, binarise(digits[:2_000], seed=3))
    for low, high in ((0, 1), (1, 86), (86, 171), (171, 255), (255, 256)):
        chosen = (grey >= low) & (grey < high)
        assert float(drawn[chosen].mean()) == pytest.approx(float(grey[chosen].mean()) / 255, abs=0.01)
    assert torch.equal(binarise(255 * (digits[:5] > 99).to(torch.uint8)), (digits[:5] > 99).float())


def test_what_has_no_such_bound_is_refused(digits: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="black and white"):
        likelihood(BetaVAE(Config(likelihood="gaussian"), (28, 28)), digits[:3])
    with pytest.raises(ValueError, match="no images"):
        likelihood(BetaVAE(Config(), (28, 28)), digits[:0])


def test_fewer_images_than_a_level_asks_for_are_all_taken(digits: torch.Tensor) -> None:
    model = BetaVAE(Config(network="mlp"), (28, 28)).requires_grad_(False).eval()
    shares: list[float] = []
    found = likelihood(model, digits[:3], (*LEVELS, FINEST), report=shares.append)
    assert [bound.images for bound in found] == [3, 3, 3, 3]
    assert shares == sorted(shares)
    assert shares[-1] == 1
