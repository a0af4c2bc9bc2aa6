"""Mutual information has the values of closed forms, and its uncertainty is what repeating shows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from bvae.metrics.information import (
    bin_count,
    bin_factors,
    entropy,
    equal_width,
    information,
    interval,
    mutual_information,
    quantile,
)


def pair(correlation: float, images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A code and a factor of normal distribution, each (N,)."""
    first, second = np.random.default_rng(seed).normal(size=(2, images))
    return first, correlation * first + np.sqrt(1 - correlation**2) * second


def binned(correlation: float, images: int, seed: int, bins: int = 20) -> tuple[np.ndarray, np.ndarray]:
    code, factor = pair(correlation, images, seed)
    return equal_width(code[:, np.newaxis], bins)[0], quantile(factor, bins)


def test_an_even_variable_has_the_entropy_of_its_kinds_and_tells_all_of_itself() -> None:
    values = np.arange(10_000) % 20
    assert entropy(values) == pytest.approx(np.log(20) + 19 / 20_000)
    assert mutual_information(values, values) == pytest.approx(entropy(values))
    assert information(values[np.newaxis], values[np.newaxis], draws=0).share[0, 0] == pytest.approx(1)
    assert entropy(np.zeros(100, int)) == 0
    assert mutual_information(np.zeros(10_000, int), values) == 0


@pytest.mark.parametrize("correlation", [0.3, 0.5, 0.7])
def test_gaussians_share_what_the_closed_form_says(correlation: float) -> None:
    # 400,000 images, so that neither chance nor its correction matters; 20 bins lose a little more the more there is.
    found = mutual_information(*binned(correlation, 400_000, seed=1))
    exact = -0.5 * np.log(1 - correlation**2)
    assert exact - 0.015 < found < exact + 0.002


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
def test_the_bias_is_taken_off(correlation: float) -> None:
    truth = mutual_information(*binned(correlation, 1_000_000, seed=2))
    tables = [binned(correlation, 10_000, seed) for seed in range(20)]
    plain = np.mean([mutual_info_score(*table) for table in tables]) - truth
    corrected = np.mean([mutual_information(*table) for table in tables]) - truth
    assert plain > 2 * abs(corrected)
    assert abs(corrected) < 0.005


def test_beside_its_bias_it_is_what_scikit_learn_says() -> None:
    code, factor = binned(0.6, 5_000, seed=3)
    occupied = [len(np.unique(values)) for values in (code * 20 + factor, code, factor)]
    bias = (occupied[0] - occupied[1] - occupied[2] + 1) / 10_000
    assert mutual_information(code, factor) == pytest.approx(mutual_info_score(code, factor) - bias, abs=1e-12)


def test_noise_tells_nothing() -> None:
    noise = np.random.default_rng(4).normal(size=(10_000, 30))
    factors = bin_factors({f"{number}": noise[:, number] for number in range(10, 17)})
    assert (information(equal_width(noise[:, :10], 20), factors.bins, draws=0).share == 0).all()


def test_the_standard_error_is_the_spread_of_other_images_and_the_interval_holds_the_truth() -> None:
    truth = mutual_information(*binned(0.7, 1_000_000, seed=5)) / np.log(20)
    found, errors, held = [], [], 0
    for seed in range(60):
        code, factor = binned(0.7, 10_000, seed)
        told = information(code[np.newaxis], factor[np.newaxis], draws=100, seed=seed)
        found.append(told.share[0, 0])
        errors.append(told.draws.std(ddof=1))
        low, high = interval(found[-1], told.draws[:, 0, 0])
        assert low < found[-1] < high
        held += low <= truth <= high
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.3)
    assert held >= 51  # 57 of 60 are meant


def test_draws_repeat() -> None:
    code, factor = binned(0.5, 1_000, seed=6)
    first, again, other = (information(code[np.newaxis], factor[np.newaxis], draws=5, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.draws, again.draws)
    assert (first.draws != other.draws).all()
    np.testing.assert_array_equal(first.share, other.share)


def test_one_image_far_out_does_not_take_the_bins_from_the_others() -> None:
    code, values = pair(0.9, 10_000, seed=7)
    factor = quantile(values, 20)
    before = mutual_information(equal_width(code[:, np.newaxis], 20)[0], factor)
    code[0] = 1e6
    assert mutual_information(equal_width(code[:, np.newaxis], 20)[0], factor) == pytest.approx(before, abs=0.01)
    assert before > 0.7
    assert mutual_information(equal_width(code[:, np.newaxis], 20, tail=0.0)[0], factor) == 0


def test_bins_do_not_hang_on_unit_or_origin() -> None:
    code = np.random.default_rng(8).normal(size=(1_000, 1))
    np.testing.assert_array_equal(equal_width(code, 20), equal_width(-3 + 0.5 * code, 20))
    np.testing.assert_array_equal(quantile(code[:, 0], 20), quantile(-3 + 0.5 * code[:, 0], 20))


def test_bins_of_equal_counts() -> None:
    values = np.random.default_rng(9).normal(size=10_000)
    found = quantile(values, 20)
    assert np.bincount(found).tolist() == [500] * 20
    assert (np.diff(found[values.argsort()]) >= 0).all()


def test_equal_values_share_a_bin() -> None:
    values = np.repeat([1.0, 2.0, 3.0, 4.0], [5_000, 1, 4_000, 999])
    assert quantile(values, 20).tolist() == np.repeat([0, 1, 2, 3], [5_000, 1, 4_000, 999]).tolist()
    mostly = np.concatenate([np.zeros(6_000), np.random.default_rng(10).uniform(1, 2, 4_000)])
    found = quantile(mostly, 20)
    assert len(np.unique(found[:6_000])) == 1
    assert found.max() == 8  # 40 % of the images in bins of 5 %, and those that are 0


def test_a_constant_and_too_few_images_are_defined() -> None:
    assert quantile(np.ones(50), 20).tolist() == [0] * 50
    assert equal_width(np.ones((50, 2)), 20).tolist() == [[19] * 50] * 2
    assert [bin_count(images) for images in (0, 1, 10, 100, 2_500, 10_000, 60_000)] == [2, 2, 2, 2, 10, 20, 20]
    assert quantile(np.arange(3.0), 20).tolist() == [0, 1, 2]
    factors = bin_factors({"one": np.ones(7), "class": np.zeros(7, int), "two": np.arange(7.0)})
    assert (factors.names, factors.constant) == (["two"], ["one", "class"])
    assert bin_factors({}).bins.shape == (0, 0)
    assert quantile(np.zeros(0), 20).shape == (0,)
    assert equal_width(np.zeros((0, 3)), 20).shape == (3, 0)


def test_classes_are_taken_by_value() -> None:
    labels = np.array([7, 3, 3, 9] * 100)
    assert bin_factors({"class": labels}).bins[0][:4].tolist() == [1, 0, 0, 2]


def test_drawn_factors_are_taken_by_value_and_measured_ones_by_counts() -> None:
    rng = np.random.default_rng(11)
    drawn = {"x": rng.integers(0, 32, 10_000) / 31, "orientation": rng.integers(0, 40, 10_000) * 9.0}
    found = bin_factors(drawn)
    assert found.exact
    assert [len(np.unique(row)) for row in found.bins] == [32, 40]
    found = bin_factors(drawn | {"area": rng.normal(size=10_000)})
    assert not found.exact
    assert [len(np.unique(row)) for row in found.bins] == [32, 40, 20]
