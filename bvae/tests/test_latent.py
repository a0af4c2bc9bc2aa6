"""Paths through latent space: exact ends, known middles."""

from __future__ import annotations

import math

import pytest
import torch

from bvae.latent import interpolate, sample_prior, traverse


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_both_ends_are_exact(method: str) -> None:
    torch.manual_seed(0)
    for _ in range(20):
        start, end = torch.randn(20), 3 * torch.randn(20)
        path = interpolate(start, end, 16, method)
        assert path.shape == (16, 20)
        assert torch.equal(path[0], start)
        assert torch.equal(path[-1], end)


def test_linear_steps_are_even() -> None:
    path = interpolate(torch.zeros(3), torch.tensor([3.0, 6.0, -9.0]), 4)
    torch.testing.assert_close(path[1:] - path[:-1], torch.tensor([[1.0, 2.0, -3.0]]).expand(3, 3))


def test_spherical_turns_evenly_and_takes_the_norm_along() -> None:
    path = interpolate(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0]), 3, "spherical")
    torch.testing.assert_close(path[1], 3 * torch.tensor([math.sqrt(0.5), math.sqrt(0.5)]))


def test_spherical_without_a_plane_is_the_straight_line() -> None:
    for start, end in [
        (torch.ones(4), -torch.ones(4)),
        (torch.zeros(4), torch.ones(4)),
        (torch.ones(4), torch.ones(4)),
    ]:
        path = interpolate(start, end, 5, "spherical")
        torch.testing.assert_close(path, interpolate(start, end, 5))


def test_an_interpolation_needs_two_ends_and_a_known_method() -> None:
    with pytest.raises(ValueError, match="2 steps"):
        interpolate(torch.zeros(2), torch.ones(2), 1)
    with pytest.raises(ValueError, match="linear or spherical"):
        interpolate(torch.zeros(2), torch.ones(2), 5, "cubic")


def test_a_traversal_moves_one_dimension_at_a_time() -> None:
    code = torch.arange(5.0)
    codes = traverse(code, [3, 0], torch.tensor([-1.0, 1.0]))
    assert codes.shape == (2, 2, 5)
    assert codes[0, :, 3].tolist() == [-1, 1]
    assert codes[1, :, 0].tolist() == [-1, 1]
    assert (codes[0, :, [0, 1, 2, 4]] == code[[0, 1, 2, 4]]).all()


def test_a_seed_repeats_the_draw_and_the_temperature_scales_it() -> None:
    codes = sample_prior(10_000, 20, seed=5)
    assert torch.equal(codes, sample_prior(10_000, 20, seed=5))
    assert not torch.equal(codes, sample_prior(10_000, 20, seed=6))
    assert codes.mean().item() == pytest.approx(0, abs=0.01)
    assert codes.std().item() == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(sample_prior(10_000, 20, seed=5, temperature=0.5), 0.5 * codes)
