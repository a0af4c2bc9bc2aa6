"""The parts of the KL are those of the definition, of Gaussians those of the closed form, and add up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from bvae.metrics.decomposition import DEAD_NATS, Decomposition, decompose, told_at_most
from bvae.runs import Run


def plain(mean: np.ndarray, log_variance: np.ndarray, seed: int) -> tuple[float, float, np.ndarray]:
    """I(z; x), TC and KL(q(z_j) ‖ p(z_j)) (D,) by the definition, one code after another in float64."""
    mean, deviation = mean.astype(float), np.exp(0.5 * log_variance.astype(float))
    noise = np.random.default_rng(seed).standard_normal(mean.shape)
    told, total, each = [], [], []
    for own, code in enumerate(mean + deviation * noise):
        densities = norm.logpdf(code, mean, deviation)  # (N, D)
        joint = logsumexp(densities.sum(1)) - math.log(len(mean))
        marginal = logsumexp(densities, axis=0) - math.log(len(mean))
        told.append(densities[own].sum() - joint)
        total.append(joint - marginal.sum())
        each.append(marginal - norm.logpdf(code))
    return float(np.mean(told)), float(np.mean(total)), np.mean(each, axis=0)


def gaussian(count: int, covariance: np.ndarray, variance: float, seed: int = 99) -> tuple[np.ndarray, np.ndarray]:
    """Means and log-variances (N, D) whose aggregate is N(0, covariance), and q(z|x) of one variance everywhere."""
    mean = np.random.default_rng(seed).multivariate_normal(
        np.zeros(len(covariance)), covariance - variance * np.eye(len(covariance)), count
    )
    return mean, np.full(mean.shape, math.log(variance))


def parts(found: Decomposition) -> float:
    return found.mutual_information.value + found.total_correlation.value + found.dimension_wise_kl.value


def error(found: Decomposition, name: str) -> float:
    value = getattr(found, name).standard_error
    assert value is not None
    return float(value)


@pytest.mark.parametrize(("run", "epoch"), [("mnist-beta4", 0), ("mnist-beta4", 1), ("mnist-beta1", 100)])
def test_a_bundled_run_has_the_parts_of_the_definition(run: str, epoch: int) -> None:
    latents = Run(run).latents(epoch)
    mean, log_variance = latents.mean[:500], latents.log_variance[:500]

    found = decompose(mean, log_variance, seed=3)

    told, total, each = plain(mean, log_variance, seed=3)
    assert found.mutual_information.value == pytest.approx(told, abs=2e-6)
    assert found.total_correlation.value == pytest.approx(total, abs=2e-6)
    np.testing.assert_allclose(found.per_dimension, each, atol=2e-6)
    assert parts(found) == pytest.approx(found.kl.value, abs=1e-9)
    assert found.per_dimension.sum() == pytest.approx(found.dimension_wise_kl.value, abs=1e-9)
    assert abs(found.kl.value - found.analytic_kl.sum()) < 4 * error(found, "kl")
    assert found.mutual_information.value <= found.ceiling == math.log(500)
    assert found.total_correlation.value > -3 * error(found, "total_correlation")


@pytest.mark.parametrize("narrow", [1e-3, 4.6e-5])  # the least that an encoder can say
def test_narrow_posteriors_far_from_the_origin_lose_nothing(narrow: float) -> None:
    random = np.random.default_rng(0)
    mean = random.standard_normal((400, 4)) * [1, 1, 1, 5] + [0, 0, 3, 40]
    log_variance = np.log(random.uniform(0.5, 1, mean.shape)) + 2 * np.log([1, narrow, narrow, 0.1])

    found = decompose(mean, log_variance, seed=1)

    told, total, each = plain(mean, log_variance, seed=1)
    assert found.mutual_information.value == pytest.approx(told, abs=1e-5)
    assert found.mutual_information.value == pytest.approx(math.log(400), abs=1e-3)  # each code is its image's alone
    assert found.mutual_information.value <= found.ceiling + 1e-9
    assert found.total_correlation.value == pytest.approx(total, abs=1e-5)
    np.testing.assert_allclose(found.per_dimension, each, atol=1e-5)


def test_gaussians_that_go_together_have_the_parts_of_the_closed_form() -> None:
    correlation = np.array([[1, 0.6, 0], [0.6, 1, 0.3], [0, 0.3, 1]])
    found = decompose(*gaussian(4_000, correlation, 0.3))

    told = 0.5 * math.log(np.linalg.det(correlation / 0.3))
    assert found.mutual_information.value == pytest.approx(told, abs=3 * error(found, "mutual_information") + 0.005)
    total = -0.5 * math.log(np.linalg.det(correlation))
    assert found.total_correlation.value == pytest.approx(total, abs=3 * error(found, "total_correlation") + 0.005)
    assert found.dimension_wise_kl.value == pytest.approx(0, abs=3 * error(found, "dimension_wise_kl") + 0.005)


def test_independent_gaussians_have_no_total_correlation() -> None:
    found = decompose(*gaussian(4_000, np.eye(3), 0.6))
    assert found.total_correlation.value == pytest.approx(0, abs=3 * error(found, "total_correlation") + 0.005)
    assert found.mutual_information.value == pytest.approx(-1.5 * math.log(0.6), abs=0.05)
    assert error(found, "mutual_information") < 0.02


def test_a_dimension_that_is_not_standard_normal_pays_for_it() -> None:
    """KL(N(1, 4) ‖ N(0, 1)) = ½ (4 + 1 − 1 − log 4)."""
    mean, log_variance = gaussian(4_000, np.eye(2), 0.5)
    found = decompose(np.column_stack([2 * mean[:, 0] + 1, mean[:, 1]]), log_variance + np.array([math.log(4), 0]))
    assert found.per_dimension == pytest.approx([0.5 * (4 - math.log(4)), 0], abs=0.05)


def test_codes_that_repeat_have_all_their_correlation() -> None:
    """z₂ tells what z₁ tells: with σ → 0 the two have a total correlation as large as what one of them tells."""
    mean, log_variance = gaussian(2_000, np.eye(1), 0.2)
    alone = decompose(mean, log_variance)
    twice = decompose(np.repeat(mean, 2, 1), np.repeat(log_variance, 2, 1))
    expected = -0.5 * math.log(1 - 0.8**2)  # of two Gaussians whose correlation is 0.8
    assert twice.total_correlation.value == pytest.approx(expected, abs=3 * error(twice, "total_correlation") + 0.01)
    assert twice.mutual_information.value == pytest.approx(0.5 * math.log(1.8 / 0.2), abs=0.05)
    assert alone.total_correlation.value == pytest.approx(0, abs=1e-6)


def test_a_standard_error_is_the_spread_over_sets_of_images() -> None:
    correlation = np.array([[1, 0.5], [0.5, 1]])
    found = [decompose(*gaussian(300, correlation, 0.3, seed), seed=seed + 1_000, threads=1) for seed in range(60)]
    for name in ("mutual_information", "total_correlation", "dimension_wise_kl", "kl"):
        spread = np.std([getattr(one, name).value for one in found])
        assert np.mean([error(one, name) for one in found]) == pytest.approx(spread, rel=0.4), name


def test_dead_dimensions_change_nothing() -> None:
    mean, log_variance = gaussian(500, np.array([[1, 0.5], [0.5, 1]]), 0.3)
    random = np.random.default_rng(5)
    dead = np.concatenate([mean, 0.002 * random.standard_normal((500, 30))], axis=1)
    widths = np.concatenate([log_variance, 0.002 * random.standard_normal((500, 30))], axis=1)
    assert (told_at_most(dead, widths)[2:] < DEAD_NATS).all()

    found = decompose(dead, widths, seed=2)

    told, total, each = plain(dead, widths, seed=2)
    assert found.mutual_information.value == pytest.approx(told, abs=1e-6)
    assert found.total_correlation.value == pytest.approx(total, abs=1e-6)
    np.testing.assert_allclose(found.per_dimension, each, atol=1e-6)
    assert parts(found) == pytest.approx(found.kl.value, abs=1e-9)


def test_what_a_dimension_tells_at_most_is_what_a_gaussian_tells() -> None:
    mean, log_variance = gaussian(50_000, np.eye(1), 0.25)
    assert told_at_most(mean, log_variance) == pytest.approx([math.log(2)], abs=0.01)
    assert told_at_most(np.full((10, 2), 7.0), np.full((10, 2), -3.0)).tolist() == [0, 0]


def test_a_model_that_tells_nothing_has_a_kl_of_nothing() -> None:
    found = decompose(np.zeros((300, 5)), np.zeros((300, 5)))
    for part in (found.kl, found.mutual_information, found.total_correlation, found.dimension_wise_kl):
        assert part.value == pytest.approx(0, abs=1e-12)


def test_one_image_tells_nothing_that_others_do_not() -> None:
    found = decompose(np.array([[1.0, -2.0]]), np.array([[-1.0, -4.0]]))
    assert found.mutual_information.value == pytest.approx(0, abs=1e-12) == found.ceiling
    assert found.total_correlation.value == pytest.approx(0, abs=1e-12)
    assert found.kl.standard_error is None


def test_the_draw_repeats_and_the_order_of_dimensions_is_nothing() -> None:
    latents = Run("mnist-beta4").latents(1)
    mean, log_variance = latents.mean[:300], latents.log_variance[:300]
    first, again = decompose(mean, log_variance, seed=4), decompose(mean, log_variance, seed=4, threads=1)
    assert first.kl == again.kl
    assert first.total_correlation == again.total_correlation
    assert first.kl != decompose(mean, log_variance, seed=5).kl
    turned = decompose(mean[:, ::-1], log_variance[:, ::-1], seed=5)
    assert turned.analytic_kl.tolist() == first.analytic_kl[::-1].tolist()


def test_it_tells_how_far_it_is_and_can_be_ended() -> None:
    shares: list[float] = []
    mean, log_variance = gaussian(700, np.eye(2), 0.5)
    decompose(mean, log_variance, report=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1 < len(shares)

    def end(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decompose(mean, log_variance, report=end)


@pytest.mark.parametrize(
    ("mean", "log_variance"),
    [(np.zeros((0, 3)), np.zeros((0, 3))), (np.zeros((3, 0)), np.zeros((3, 0))), (np.zeros(3), np.zeros(3)),
     (np.zeros((3, 2)), np.zeros((2, 3))), (np.full((3, 2), np.nan), np.zeros((3, 2))),
     (np.zeros((3, 2)), np.full((3, 2), np.inf))],
)  # fmt: skip
def test_what_has_no_kl_is_refused(mean: np.ndarray, log_variance: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"N, D|finite"):
        decompose(mean, log_variance)
