"""Dimensions that a training finds again are found, whatever their order and sign, and nothing else is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ortho_group, spearmanr

from bvae.metrics.udr import correlations, matched, udr, udr_of_runs
from bvae.runs import Run, RunError, write_tensors

RNG = np.random.default_rng(0)
MEANS = RNG.normal(size=(5_000, 20))
TOLD = np.ones(20)


def copy(means: np.ndarray, seed: int, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same dimensions (N, D) in another order, scale and sign; where each went, and with which sign."""
    rng = np.random.default_rng(seed)
    order, sign = rng.permutation(means.shape[1]), rng.choice((-1, 1), means.shape[1])
    changed = (means * sign * rng.uniform(0.1, 10, means.shape[1]))[:, order]
    return changed + noise * rng.normal(size=changed.shape), order.argsort(), sign


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_a_permuted_and_flipped_copy_is_found_in_every_dimension(noise: float) -> None:
    other, places, signs = copy(MEANS, seed=1, noise=noise)
    found = matched(MEANS, other)
    np.testing.assert_array_equal(found.dimension, places)
    np.testing.assert_array_equal(found.sign, signs)
    if not noise:
        np.testing.assert_allclose(found.strength, 1)
    assert (found.strength <= 1).all()


def test_fewer_dimensions_leave_some_without_a_counterpart() -> None:
    found = matched(MEANS, -MEANS[:, 5:8])
    assert found.dimension[5:8].tolist() == [0, 1, 2]
    assert found.sign[5:8].tolist() == [-1, -1, -1]
    assert (found.dimension >= 0).sum() == 3
    assert (found.strength[found.dimension < 0] == 0).all()
    assert matched(MEANS[:, 5:8], MEANS).dimension.tolist() == [5, 6, 7]


def test_correlations_are_spearmans_with_ties_and_constants() -> None:
    first, second = MEANS[:300, :4].copy(), MEANS[:300, 2:6].copy()
    first[:, 1] = first[:, 1].round()
    second[:, 0] += first[:, 1]
    expected = [[spearmanr(one, other).statistic for other in second.T] for one in first.T]
    np.testing.assert_allclose(correlations(first, second), expected, atol=1e-12)
    first[:, 0] = 3.0
    assert (correlations(first, second)[0] == 0).all()


def by_definition(first: np.ndarray, second: np.ndarray, told_first: np.ndarray, told_second: np.ndarray) -> float:
    """UDR of two runs, as its paper writes it, from SciPy's correlations."""
    table = np.array([[abs(spearmanr(one, other).statistic) for other in second.T] for one in first.T])
    table = table[told_first > 0.01][:, told_second > 0.01]
    total = 0.0
    for column in table.T:
        total += column.max() ** 2 / column.sum()
    for row in table:
        total += row.max() ** 2 / row.sum()
    return total / sum(table.shape)


def test_it_is_what_the_definition_says() -> None:
    first = MEANS[:1_000, :5]
    second = first @ RNG.normal(size=(5, 5)) + RNG.normal(size=(1_000, 5))
    third, _, _ = copy(first, seed=2, noise=0.3)
    told = [np.array(kl) for kl in ([1, 1, 0.005, 2, 1], [3, 0.02, 0.5, 1, 1], [0.01, 1, 1, 0, 1])]
    found = udr([first, second, third], told, draws=20)
    runs = list(zip([first, second, third], told, strict=True))
    for one in range(3):
        for other in range(3):
            expected = by_definition(runs[one][0], runs[other][0], runs[one][1], runs[other][1]) if one != other else 0
            assert found.pairs[one, other] == pytest.approx(expected)
    assert found.informative == [4, 5, 3]
    assert found.records[0]["value"] == pytest.approx(np.median(found.pairs[0, [1, 2]]))
    for record in found.records:
        low, high = record["interval"]
        assert low < record["value"] < high
        assert 0 < record["standard_error"] < 0.1
        assert record["images"] == 1_000


def test_what_is_found_again_scores_near_1_and_what_is_turned_does_not() -> None:
    # Dimensions without any chance correlation, which the sum in UDR's denominator counts against it.
    means = np.linalg.qr(MEANS)[0] * 70
    copies = [copy(means, seed)[0] for seed in range(3)]
    again = udr([means, *copies], [TOLD] * 4, draws=5)
    assert min(record["value"] for record in again.records) > 0.9
    turned = udr([means, means @ ortho_group.rvs(20, random_state=1)], [TOLD] * 2, draws=5)
    assert turned.records[0]["value"] < 0.2
    unrelated = udr([MEANS, RNG.normal(size=MEANS.shape)], [TOLD] * 2, draws=5)
    assert unrelated.records[0]["value"] < 0.01


def test_order_sign_and_scale_change_nothing() -> None:
    other = MEANS + RNG.normal(size=MEANS.shape)
    first = udr([MEANS, other], [TOLD] * 2, draws=5)
    second = udr([copy(MEANS, 3)[0], copy(other, 4)[0]], [TOLD] * 2, draws=5)
    np.testing.assert_allclose(first.pairs, second.pairs)


def test_runs_that_tell_nothing_score_0() -> None:
    dead = np.zeros((100, 20))
    for kls in ([np.zeros(20)] * 2, [np.zeros(20), TOLD]):
        found = udr([dead, MEANS[:100]], kls, draws=5)
        assert [record["value"] for record in found.records] == [0, 0]
        json.dumps(found.records, allow_nan=False)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="two runs or more"):
        udr([MEANS], [TOLD])
    with pytest.raises(ValueError, match="different images"):
        udr([MEANS, MEANS[:5]], [TOLD] * 2)
    with pytest.raises(ValueError, match="not finite"):
        matched(MEANS, np.full_like(MEANS, np.nan))


def other_seed(folder: Path, seed: int, **changed: object) -> Run:
    """A bundled run as if it were trained with another seed."""
    path = Path(shutil.copytree(Run("mnist-beta10").path, folder / f"seed{seed}"))
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    config["config"] |= {"seed": seed} | changed
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return Run(path)


def test_runs_are_compared_when_they_differ_in_their_seed_alone(tmp_path: Path) -> None:
    run, again = Run("mnist-beta10"), other_seed(tmp_path, 1, device="cpu")
    latents = run.latents()
    kl = 0.5 * (latents.mean**2 + np.exp(latents.log_variance) - 1 - latents.log_variance).mean(0)
    found = udr_of_runs([run, again])
    assert found.pairs == pytest.approx(udr([latents.mean] * 2, [kl] * 2, draws=5).pairs)
    assert found.informative == [run.history()[-1].active_units] * 2
    assert udr_of_runs([run, again], epoch=0).pairs[0, 1] != found.pairs[0, 1]

    with pytest.raises(ValueError, match="same seed"):
        udr_of_runs([run, Run("mnist-beta10")])
    with pytest.raises(ValueError, match="two runs or more"):
        udr_of_runs([run])
    with pytest.raises(ValueError, match="mnist-beta4 and mnist-beta10 differ in beta"):
        udr_of_runs([Run("mnist-beta4"), run])
    write_tensors(again.path / "probe.safetensors", {key: part[::-1] for key, part in run.probe()._asdict().items()})
    with pytest.raises(ValueError, match="follow different images"):
        udr_of_runs([run, again])
    with pytest.raises(RunError, match="no snapshot of epoch 7"):
        udr_of_runs([run, other_seed(tmp_path, 2)], epoch=7)
