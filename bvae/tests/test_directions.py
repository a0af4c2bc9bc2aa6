"""Directions of factors in codes of which they are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bvae.metrics.directions import Direction, directions, record

IMAGES = 2_000


@pytest.fixture(scope="module")
def codes() -> tuple[np.ndarray, np.ndarray]:
    """Means and log-variances (N, 5) of an aggregate of variance 1; the last dimension is passive."""
    mean = np.random.default_rng(0).normal(size=(IMAGES, 5)) * np.sqrt([0.9] * 4 + [0])
    return mean, np.log(np.broadcast_to([0.1] * 4 + [1.0], mean.shape))


def only(found: Direction | str) -> Direction:
    assert isinstance(found, Direction)
    return found


def test_a_factor_on_an_axis_and_one_between_two(codes: tuple[np.ndarray, np.ndarray]) -> None:
    mean, _ = codes
    noise = np.random.default_rng(1).normal(size=IMAGES)
    found = directions(
        *codes,
        {"slant": 14 * mean[:, 2] + 5, "width": mean[:, 0] - mean[:, 1], "height": noise, "area": -mean[:, 3] + noise},
        passive=[4],
    )
    slant = only(found["slant"])
    assert (slant.axis, slant.images) == (2, IMAGES)
    assert slant.angle == pytest.approx(0, abs=1)
    assert slant.r2 == pytest.approx(1, abs=1e-4)
    # The mean's standard deviation is that of the factor.
    np.testing.assert_allclose(slant.vector, [0, 0, mean[:, 2].std(), 0, 0], atol=0.01)
    width = only(found["width"])
    assert width.angle == pytest.approx(45, abs=1)
    assert width.axis in (0, 1)
    assert width.vector[0] == pytest.approx(-width.vector[1], rel=0.05)
    changed = (width.vector[0] - width.vector[1]) / (mean[:, 0] - mean[:, 1]).std()
    assert changed == pytest.approx(1, abs=0.01)
    height = only(found["height"])
    assert abs(height.r2) < 0.01
    area = only(found["area"])
    assert area.r2 == pytest.approx(0.9 / 1.9, abs=4 * area.r2_error)
    assert 0.005 < area.r2_error < 0.03
    assert all(only(direction).vector[4] == 0 for direction in found.values())


def test_a_rotation_turns_the_angle_and_a_scale_does_not(codes: tuple[np.ndarray, np.ndarray]) -> None:
    mean, log_variance = codes
    factor = {"slant": mean[:, 2]}
    for degrees in (0, 20, 45, 70):
        turn = np.eye(5)
        a, b = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turn[1:3, 1:3] = [[a, -b], [b, a]]
        turned = only(directions(mean @ turn, log_variance, factor, passive=[4])["slant"])
        assert turned.angle == pytest.approx(min(degrees, 90 - degrees), abs=1.5)
        assert turned.axis == (2 if degrees < 45 else 1) or degrees == 45
        assert turned.r2 == pytest.approx(1, abs=1e-4)
    scale = np.array([1, 0.1, 7, 1, 1])
    wide = only(directions(mean * scale, log_variance + 2 * np.log(scale), factor, passive=[4])["slant"])
    plain = only(directions(mean, log_variance, factor, passive=[4])["slant"])
    np.testing.assert_allclose(wide.vector, plain.vector * scale, atol=1e-9)
    assert wide.angle == pytest.approx(plain.angle, abs=1e-3)
    order = [3, 2, 0, 4, 1]
    other = only(directions(mean[:, order], log_variance[:, order], factor, passive=[3])["slant"])
    np.testing.assert_allclose(other.vector, plain.vector[order], atol=1e-9)
    assert order[other.axis] == plain.axis


def test_r2_is_of_images_that_were_not_fitted() -> None:
    random = np.random.default_rng(2)
    mean, noise = random.normal(size=(60, 40)), random.normal(size=60)
    found = only(directions(mean, np.full_like(mean, -4), {"slant": noise})["slant"])
    assert found.r2 < 0.1  # a fit of 40 numbers to 60 images explains two thirds of them


def test_against_scikit_learn(codes: tuple[np.ndarray, np.ndarray]) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_val_predict

    mean, log_variance = codes
    factor = mean @ [0.3, -1, 0.5, 0, 0] + np.random.default_rng(3).normal(size=IMAGES)
    found = only(directions(mean, log_variance, {"slant": factor}, passive=[4])["slant"])
    predicted = cross_val_predict(Ridge(alpha=1), mean[:, :4], factor, cv=10)
    assert found.r2 == pytest.approx(
        1 - ((factor - predicted) ** 2).sum() / ((factor - factor.mean()) ** 2).sum(), abs=0.01
    )
    fitted = Ridge(alpha=1e-6).fit(mean[:, :4], factor).coef_
    np.testing.assert_allclose(
        found.vector[:4] / np.linalg.norm(found.vector), fitted / np.linalg.norm(fitted), atol=0.02
    )


def test_what_has_no_direction_says_why(codes: tuple[np.ndarray, np.ndarray]) -> None:
    mean, log_variance = codes
    found = directions(mean, log_variance, {"height": np.full(IMAGES, 19.7), "slant": mean[:, 0]})
    assert found["height"] == "All images have the same height."
    assert only(found["slant"]).axis == 0
    factor = {"slant": mean[:, 0]}
    with pytest.raises(ValueError, match="passive"):
        directions(mean, log_variance, factor, passive=range(5))
    with pytest.raises(ValueError, match="50 images or more; there are 49"):
        directions(mean[:49], log_variance[:49], {"slant": mean[:49, 0]})
    for broken in (np.full_like(mean, np.inf), np.full_like(mean, np.nan)):
        with pytest.raises(ValueError, match="not finite"):
            directions(broken, log_variance, factor)


def test_two_dimensions(codes: tuple[np.ndarray, np.ndarray]) -> None:
    mean, log_variance = codes
    found = only(directions(mean[:, :2], log_variance[:, :2], {"slant": mean[:, 0] + 3 * mean[:, 1]})["slant"])
    assert found.axis == 1
    assert found.angle == pytest.approx(np.degrees(np.arctan(1 / 3)), abs=1)


def test_its_record_is_plain_json(codes: tuple[np.ndarray, np.ndarray]) -> None:
    mean, log_variance = codes
    found = directions(mean, log_variance, {"slant": mean[:, 0], "area": np.ones(IMAGES)}, passive=[4])
    told = json.loads(json.dumps({name: record(direction) for name, direction in found.items()}, allow_nan=False))
    assert told["area"] == {"reason": "All images have the same area."}
    assert set(told["slant"]) == {"vector", "r2", "angle", "axis"}
    assert set(told["slant"]["r2"]) == {"value", "standard_error", "images", "estimator"}
    assert len(told["slant"]["vector"]) == 5
