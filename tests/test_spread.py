"""Where the data are in the latent space: figures against exact formulas and counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bvae.browser.spread import BINS, INSIDE, LEVELS, REACH, density, over_epochs, quantiles, spread, whole
from bvae.runs import Run


@pytest.fixture(scope="module")
def latents(trained_run: Run) -> tuple[np.ndarray, np.ndarray]:
    mean, log_variance = trained_run.latents()
    return mean, log_variance


def test_a_histogram_counts_the_means_within_reach() -> None:
    means = np.array([[-4.1, 0.01], [-4.0, 0.02], [-3.9, 3.999], [4.0, 0.03]], dtype=np.float32)
    counts = density(means)
    assert counts.shape == (2, BINS)
    assert counts[0].nonzero()[0].tolist() == [0]  # −4.1 and 4.0 lie outside
    assert {int(bin): int(count) for bin, count in enumerate(counts[1]) if count} == {BINS // 2: 255, BINS - 1: 85}


def test_a_histogram_of_real_means_is_that_of_numpy(latents: tuple[np.ndarray, np.ndarray]) -> None:
    for dimension, counts in enumerate(density(latents[0])):
        expected, _ = np.histogram(latents[0][:, dimension], np.linspace(-REACH, REACH, BINS + 1))
        assert np.abs(counts - 255 * expected / expected.max()).max() <= 0.5


def test_quantiles_are_those_of_the_exact_mixture(latents: tuple[np.ndarray, np.ndarray]) -> None:
    mean, log_variance = (torch.tensor(array, dtype=torch.float64) for array in latents)
    found = torch.tensor(quantiles(*latents), dtype=torch.float64)  # (D, Q)
    posterior = torch.distributions.Normal(mean[:, :, None], (log_variance / 2).exp()[:, :, None])
    below = posterior.cdf(found).mean(dim=0)  # (D, Q): the share of the aggregate posterior below each
    off = (below - torch.tensor(LEVELS)).abs()
    assert off.max() < 0.005
    assert off[:, [0, 1, -2, -1]].max() < 0.002  # those that say where the data end


def test_quantiles_of_a_collapsed_dimension_are_those_of_the_prior() -> None:
    zeros = np.zeros((2500, 1), dtype=np.float32)
    exact = torch.distributions.Normal(0, 1).icdf(torch.tensor(LEVELS)).numpy()
    assert np.abs(quantiles(zeros, zeros)[0] - exact).max() < 0.02


def test_so_many_codes_of_the_aggregate_posterior_are_within_the_limit(latents: tuple[np.ndarray, np.ndarray]) -> None:
    mean, log_variance = latents
    chosen = np.argsort(-mean.var(axis=0))[:5]
    centre, whitening, limit = whole(mean, log_variance, chosen.tolist())
    noise = np.random.default_rng(1).standard_normal((20, len(mean), 5))
    codes = mean[:, chosen] + np.exp(log_variance[:, chosen] / 2) * noise
    distances = np.linalg.norm((codes - centre) @ whitening.T, axis=-1)
    assert (distances <= limit).mean() == pytest.approx(INSIDE, abs=0.002)
    whitened = ((codes - centre) @ whitening.T).reshape(-1, 5)
    assert np.abs(np.cov(whitened.T) - np.eye(5)).max() < 0.02


def test_a_large_run_is_measured_in_pieces_with_the_same_result(
    latents: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = spread(*latents, range(20))
    monkeypatch.setattr("bvae.browser.spread.AT_ONCE", 130_000)  # 6 dimensions at a time, and 2 of 8 sets of draws
    in_pieces = spread(*latents, range(20))
    assert all(np.array_equal(at_once[name], in_pieces[name]) for name in at_once)


def test_two_dimensions_that_are_one_have_a_distance_all_the_same() -> None:
    means = np.repeat(np.linspace(-1e5, 1e5, 50, dtype=np.float32)[:, None], 2, axis=1)
    found = spread(means, np.full_like(means, -79), [0, 1])
    assert all(np.isfinite(values).all() for values in found.values())


def test_all_of_it_has_an_epoch_axis_and_lies_in_memory_as_it_is_written(
    latents: tuple[np.ndarray, np.ndarray],
) -> None:
    tensors = over_epochs([spread(*latents, [3, 1, 4])] * 2)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    dimensions = latents[0].shape[1]
    assert shapes == {
        "density": (2, dimensions, BINS),
        "quantiles": (2, dimensions, len(LEVELS)),
        "whole/centre": (2, 3),
        "whole/whitening": (2, 3, 3),
        "whole/limit": (2,),
    }
    assert all(tensor.flags.c_contiguous for tensor in tensors.values())
