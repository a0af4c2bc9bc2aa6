"""Names of dimensions, by decoders that draw rings of which every factor is known, and on the bundled run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import norm

from bvae import numpy_model
from bvae.factors import FACTORS, measure
from bvae.metrics.names import (
    MIXED,
    NOTHING,
    UNMEASURED,
    deviations,
    name_of,
    names,
    quantiles,
    record,
    starting,
)
from bvae.metrics.regimes import regimes
from bvae.runs import BUNDLED_RUNS, Run

THICKNESS, SLANT, WIDTH, HEIGHT, PLACE, EITHER, DEAD = range(7)


def rings(codes: np.ndarray) -> np.ndarray:
    """Rings (M, 28, 28) whose stroke is as thick as the first number of a code (M, 7) says, and so on; the sixth makes
    most thicker and those that lean far to the left thinner, and the last does nothing."""
    z = np.asarray(codes, np.float64)[:, :, None, None]
    y, x = (np.mgrid[:28, :28] - 13.5).astype(np.float64)
    x = x + 0.2 * z[:, SLANT] * y - 1.5 * z[:, PLACE]
    across, down = 4.5 + 0.8 * z[:, WIDTH], 7 + 0.9 * z[:, HEIGHT]
    radius = np.sqrt((x / across) ** 2 + (y / down) ** 2)
    slope = np.sqrt((x / across**2) ** 2 + (y / down**2) ** 2) / np.maximum(radius, 1e-6)
    thickness = 2.6 + 0.4 * z[:, THICKNESS] + 0.6 * z[:, EITHER] * np.where(z[:, SLANT] > -0.8, 1, -1)
    edge = thickness / 2 - np.abs(radius - 1) / np.maximum(slope, 1e-6)
    return np.asarray(np.clip(edge + 0.5, 0, 1), np.float32)


@pytest.fixture(scope="module")
def posterior() -> tuple[np.ndarray, np.ndarray]:
    """Means and log-variances (400, 7) whose aggregate is near to N(0, I); the last dimension is passive."""
    mean = np.random.default_rng(0).normal(size=(400, 7)) * np.sqrt([0.9] * 6 + [0])
    return mean, np.log(np.broadcast_to([0.1] * 6 + [1.0], mean.shape))


@pytest.fixture(scope="module")
def scale(posterior: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    return deviations(measure(rings(posterior[0])))


def test_each_dimension_is_named_by_what_it_draws(
    posterior: tuple[np.ndarray, np.ndarray], scale: dict[str, float]
) -> None:
    told: list[tuple[int, int]] = []
    found = names(
        *posterior, rings, scale, passive=[DEAD], starts=60, progress=lambda done, of: told.append((done, of))
    )
    texts = [name for name, _ in found]
    assert texts[THICKNESS].startswith("thickness")
    assert texts[SLANT] == "slant"
    assert texts[WIDTH].startswith("width")
    assert texts[HEIGHT].startswith("height")
    assert texts[PLACE] == UNMEASURED
    assert texts[EITHER] == MIXED
    assert texts[DEAD] == NOTHING
    assert [evidence.factor for _, evidence in found] == ["thickness", "slant", "width", "height", None, None, None]
    assert told[-1] == (720, 720)
    assert [done for done, _ in told] == sorted(done for done, _ in told)

    slant = found[SLANT][1]
    assert slant.range == pytest.approx((-1.476, 1.476), abs=0.2)
    assert slant.images == 60
    # A ring of a shear of 0.2 for one of z leans by up to 11.3° for it, and 10° in the mean over this range.
    assert slant.per_unit["slant"] == pytest.approx(10.9, abs=0.6)
    low, high = slant.range or (0, 0)
    assert slant.effects["slant"] == pytest.approx(slant.per_unit["slant"] * (high - low) / scale["slant"])
    assert slant.agreement["slant"] == 1
    assert slant.specificity == pytest.approx(
        slant.effects["slant"] ** 2 / sum(effect**2 for effect in slant.effects.values())
    )
    assert slant.specificity is not None and slant.specificity > 0.9  # noqa: PT018 (for mypy)
    assert 0 < slant.standard_errors["slant"] < 0.1
    thickness = found[THICKNESS][1]
    assert thickness.per_unit["thickness"] == pytest.approx(0.4, abs=0.08)
    # Thicker by z for two thirds or more of all, thinner for the others.
    either = found[EITHER][1]
    assert abs(either.effects["thickness"]) >= 1
    assert 0.6 < either.agreement["thickness"] < 0.9
    nothing = found[DEAD][1]
    assert (nothing.range, nothing.effects, nothing.specificity, nothing.images) == (None, {}, None, 0)
    for index, (name, evidence) in enumerate(found):
        told_of = json.loads(json.dumps(record(index, name, evidence), allow_nan=False))
        assert told_of["index"] == index
        assert told_of["name"] == name
        assert set(told_of["evidence"]) == {
            "factor", "range", "effects", "standard_errors", "agreement", "per_unit", "specificity", "images",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("effects", "agreement", "expected"),
    [
        ({"slant": -1.0}, {"slant": 0.9}, ("slant", "slant")),
        ({"slant": 0.99}, {"slant": 1.0}, (None, UNMEASURED)),
        ({"slant": 3.0}, {"slant": 0.89}, (None, MIXED)),
        ({"width": -2.0, "length": 1.0, "slant": 0.99}, {}, ("width", "width (and length)")),
        ({"width": 2.9, "length": 2.5, "area": -2.1}, {}, ("width", "width (and length, area)")),
        # Area follows thickness and length.
        ({"area": 3.0, "thickness": 2.0}, {}, ("thickness", "thickness (and area)")),
        ({"area": 3.0, "thickness": 1.99}, {}, ("area", "area (and thickness)")),
        ({"area": 3.0, "length": -2.4, "thickness": 2.1}, {}, ("length", "length (and area, thickness)")),
        ({"area": 3.0, "width": 2.9}, {}, ("area", "area (and width)")),
        ({"area": 1.2, "thickness": 0.9}, {}, (None, MIXED)),
        ({}, {}, (None, UNMEASURED)),
    ],
)
def test_the_rule(effects: dict[str, float], agreement: dict[str, float], expected: tuple[str | None, str]) -> None:
    assert name_of(effects, dict.fromkeys(effects, 1.0) | agreement) == expected


def test_a_quantile_is_that_of_the_mixture() -> None:
    one = quantiles(np.array([0.3]), np.log([4.0]), (0.07, 0.93))
    np.testing.assert_allclose(one, norm.ppf([0.07, 0.93], 0.3, 2), atol=1e-6)
    random = np.random.default_rng(0)
    mean, log_variance = random.normal(size=500) * 2 + 1, random.normal(size=500) - 2
    drawn = mean + np.exp(log_variance / 2) * random.normal(size=(2_000, 500))
    np.testing.assert_allclose(quantiles(mean, log_variance, (0.07, 0.93)), np.quantile(drawn, [0.07, 0.93]), atol=0.02)


def test_all_classes_start_alike_often() -> None:
    labels = np.random.default_rng(0).choice(10, 1000, p=[0.3, *[0.07777777777777778] * 9])
    chosen = starting(1000, 200, labels)
    assert len(set(chosen)) == 200
    assert np.bincount(labels[chosen]).tolist() == [20] * 10
    assert len(starting(30, 200, labels[:30])) == 30
    assert starting(1000, 4).tolist() == [0, 333, 666, 999]
    assert len(starting(1000, 50, np.zeros(1000, int))) == 50  # of one class


def never(codes: np.ndarray) -> np.ndarray:
    raise AssertionError("nothing is to be decoded")


def test_a_dead_model_costs_nothing(posterior: tuple[np.ndarray, np.ndarray]) -> None:
    found = names(*posterior, never, {"area": 1.0}, passive=range(7))
    assert [name for name, _ in found] == [NOTHING] * 7


def test_without_labels_and_with_few_images_and_two_dimensions(scale: dict[str, float]) -> None:
    mean = np.random.default_rng(1).normal(size=(30, 2))

    def decode(codes: np.ndarray) -> np.ndarray:
        return rings(np.concatenate([codes, np.zeros((len(codes), 5))], axis=1))

    found = names(mean, np.full_like(mean, -2), decode, scale)
    assert [evidence.factor for _, evidence in found] == ["thickness", "slant"]
    assert {evidence.images for _, evidence in found} == {30}
    with pytest.raises(ValueError, match="20 images or more to start from; there are 19"):
        names(mean[:19], mean[:19], decode, scale)


def test_what_cannot_be_measured_is_said(posterior: tuple[np.ndarray, np.ndarray], scale: dict[str, float]) -> None:
    mean, log_variance = posterior
    broken = mean.copy()
    broken[3, 2] = np.nan
    with pytest.raises(ValueError, match="codes that are not finite"):
        names(broken, log_variance, never, scale)
    with pytest.raises(ValueError, match="not numbers"):
        names(mean, log_variance, lambda codes: np.full((len(codes), 28, 28), np.nan), scale, starts=20)
    # Grey pictures, as of a network before any training, have no strokes that could change.
    grey = names(mean, log_variance, lambda codes: np.full((len(codes), 28, 28), 0.5), scale, starts=20, passive=[6])
    assert [name for name, _ in grey] == [UNMEASURED] * 6 + [NOTHING]
    assert all(evidence.specificity is None for _, evidence in grey)


def test_a_constant_factor_has_no_effect(posterior: tuple[np.ndarray, np.ndarray], scale: dict[str, float]) -> None:
    constant = deviations({"slant": np.full(100, 0.1), "width": np.arange(100.0), "area": np.zeros(0)})
    assert constant == {"slant": 0.0, "width": pytest.approx(28.87, abs=0.01), "area": 0.0}
    (found,) = names(*posterior, rings, scale | {"slant": 0.0}, starts=20, passive=[0, 2, 3, 4, 5, 6])[1:2]
    assert found[0] == UNMEASURED
    assert "slant" not in found[1].effects


def test_the_bundled_run_has_thickness_slant_and_width() -> None:
    run = Run(BUNDLED_RUNS / "mnist-beta4")
    probe, latents = run.probe(), run.latents()
    layers, weights = run.decoder()
    passive = [j for j, regime in enumerate(regimes(*latents)) if regime.name == "passive"]
    found = names(
        *latents,
        lambda codes: numpy_model.decode(layers, weights, codes),
        deviations(measure(probe.images[:500])),
        labels=probe.labels,
        passive=passive,
        starts=60,
    )
    named = {evidence.factor: evidence for _, evidence in found if evidence.factor}
    assert set(named) == {"thickness", "slant", "width"}
    for factor, evidence in named.items():
        assert 2.1 <= abs(evidence.effects[factor]) <= 3.3
        assert evidence.agreement[factor] >= 0.95
        assert tuple(evidence.effects) == FACTORS
    assert [found[j][0] for j in passive] == [NOTHING] * len(passive)
    assert len(passive) >= 10
