"""Active, passive and mixed dimensions are told apart, on codes that are made so and on real ones."""

from __future__ import annotations

import numpy as np
import pytest

from bvae.metrics.regimes import regimes
from bvae.objective import ACTIVE_VARIANCE
from bvae.runs import Run

RANDOM = np.random.default_rng(11)
IMAGES = 2_000


def codes(mean_deviation: float, variances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = mean_deviation * RANDOM.standard_normal(len(variances))
    return mean[:, None], np.log(variances)[:, None]


def spread(centre: float, count: int = IMAGES, width: float = 0.25) -> np.ndarray:
    """Variances about a centre, of which an encoder's exponential makes a skew bell."""
    return centre * np.exp(width * RANDOM.standard_normal(count))


@pytest.mark.parametrize(
    ("deviation", "variances", "name"),
    [
        (0.98, spread(0.03), "active"),
        (0.70, spread(0.45), "active"),  # wide, and one peak all the same
        (0.15, spread(0.97, width=0.02), "active"),  # tells little, of all images
        (0.01, spread(1e-4), "active"),  # small numbers that tell everything
        (0.98, np.concatenate([spread(0.03, 1_500), spread(0.3, 500)]), "active"),  # two peaks, and both tell
        (0.98, RANDOM.uniform(0, 1, IMAGES), "active"),
        (0.003, spread(0.998, width=0.002), "passive"),
        (0.0, np.full(IMAGES, 1.0), "passive"),
        (0.0, np.full(IMAGES, 0.3), "passive"),  # not the prior, and the same for every image
        (0.90, np.concatenate([spread(0.05, 1_400), spread(0.95, 600, 0.05)]), "mixed"),
        (0.90, np.concatenate([spread(0.05, 600), spread(0.95, 1_400, 0.05)]), "mixed"),
        (0.50, np.concatenate([spread(0.4, 1_000, 0.15), spread(1.3, 1_000, 0.05)]), "mixed"),
    ],
)
def test_codes_that_are_made_so_are_found_so(deviation: float, variances: np.ndarray, name: str) -> None:
    (found,) = regimes(*codes(deviation, variances))
    assert found.name == name
    assert found.mean_variance == pytest.approx(deviation**2, rel=0.15, abs=1e-12)
    assert found.variance_mean == pytest.approx(variances.mean())
    assert found.share == pytest.approx({"active": 1, "passive": 0}.get(name, (variances < 0.65).mean()), abs=0.02)


def test_the_mean_alone_cannot_tell_mixed_from_active() -> None:
    mean, _ = codes(0.9, np.ones(IMAGES))
    narrow = np.log(spread(0.1))[:, None]
    both = np.log(np.concatenate([spread(0.05, 1_800), spread(0.95, 200, 0.05)]))[:, None]
    assert [found.name for found in regimes(np.hstack([mean, mean]), np.hstack([narrow, both]))] == ["active", "mixed"]


def test_few_images_make_no_peaks() -> None:
    for seed in range(20):
        variances = np.random.default_rng(seed).uniform(0, 1, 60)
        assert regimes(*codes(0.9, variances))[0].name == "active"
    assert regimes(np.zeros((1, 2)), np.zeros((1, 2)))[0].name == "passive"
    with pytest.raises(ValueError, match="Without an image"):
        regimes(np.zeros((0, 2)), np.zeros((0, 2)))


def test_the_dimensions_of_a_bundled_run() -> None:
    run = Run("mnist-beta4")
    found = regimes(*run.latents())
    record = run.history()[-1]
    assert ACTIVE_VARIANCE == 0.01
    assert sum(one.name != "passive" for one in found) == record.active_units == 9
    by_kl = sorted(range(20), key=lambda j: -record.kl_per_dimension[j])
    assert {found[j].name for j in by_kl[9:]} == {"passive"}
    assert [found[j].name for j in by_kl[:2]] == ["active", "active"]
    mixed = found[by_kl[3]]  # which nearly all images use, and some 900 of 10,000 leave to the prior
    assert mixed.name == "mixed"
    assert mixed.share == pytest.approx(0.91, abs=0.02)
    assert {one.name for one in regimes(*run.latents(0))} == {"passive"}
