"""Scores of disentanglement have the values that their definitions give, and those of independent implementations."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, mutual_info_score, r2_score
from sklearn.svm import LinearSVC

from bvae.metrics.dci import LEAF, boosted
from bvae.metrics.information import equal_width, quantile
from bvae.metrics.linear import log_chances, logistic, standardise, support_vectors
from bvae.metrics.scores import NAMES, Scores, measure

IMAGES = 2_500
RNG = np.random.default_rng(0)
# Of five values each, which bins of equal width and bins of equal counts tell apart alike.
FACTORS = {name: RNG.integers(0, 5, IMAGES) * 0.1 for name in ("area", "length", "slant", "width")}
LABELS = RNG.integers(0, 10, IMAGES)
CODES = 5 * np.stack([*FACTORS.values()], axis=1)  # (N, 4)
NOISE = RNG.normal(size=(IMAGES, 4))
DRAWS = 20


def values(scores: Scores) -> dict[str, float]:
    return {name: record["value"] for name, record in scores.records.items()}


@pytest.fixture(scope="module")
def perfect() -> Scores:
    """Codes equal to the factors, in other units, and two dimensions of noise and nothing."""
    codes = np.concatenate([CODES * (1, -2, 3, 0.5) + 7, NOISE[:, :1], np.zeros((IMAGES, 1))], axis=1)
    return measure(codes, FACTORS, draws=DRAWS)


def test_codes_that_are_the_factors_score_about_1(perfect: Scores) -> None:
    found = values(perfect)
    # The dimension of noise tells nothing, so that its shares count as even: four of five are 1.
    assert found.pop("modularity") == pytest.approx(0.8, abs=0.01)
    assert min(found.values()) > 0.98
    assert max(found.values()) <= 1


def test_all_is_well_formed(perfect: Scores) -> None:
    assert [*perfect.records] == [*NAMES]
    assert perfect.factors == [*FACTORS]
    assert perfect.information.shape == perfect.information_error.shape == perfect.importances.shape == (6, 4)
    assert (perfect.information[4:] == 0).all()
    np.testing.assert_allclose(perfect.information[:4].diagonal(), 1)
    np.testing.assert_allclose(perfect.importances.sum(0), 1)
    for record in json.loads(json.dumps(perfect.records, allow_nan=False)).values():
        assert record["images"] == IMAGES
        assert record["standard_error"] >= 0
        low, high = record.get("interval", [record["value"]] * 2)
        assert low <= record["value"] <= high
        assert not record["estimator"].endswith(".")
    assert "factors by value" in perfect.records["mig"]["estimator"]


@pytest.fixture(scope="module")
def noise() -> Scores:
    return measure(NOISE, FACTORS | {"class": LABELS}, draws=DRAWS)


def test_noise_scores_about_0_and_pairs_as_by_chance(noise: Scores) -> None:
    found = values(noise)
    for name in ("factor_vae", "beta_vae"):
        assert found.pop(name) == pytest.approx(0.2, abs=0.06)
        assert "0.20 by chance" in noise.records[name]["estimator"]
    assert max(found.values()) < 0.05
    assert min(found.values()) >= 0


@pytest.mark.parametrize("active", [None, np.zeros(3, bool)])
def test_a_dead_code_scores_0_and_says_so(active: np.ndarray | None) -> None:
    codes = np.zeros((IMAGES, 3)) if active is None else NOISE[:, :3]
    found = measure(codes, FACTORS, active=active)
    assert {*values(found).values()} == {0.0}
    assert all("no dimension" in record["estimator"] for record in found.records.values())
    assert (found.information == 0).all()


def test_a_rotated_pair_parts_nothing(perfect: Scores) -> None:
    codes = CODES.copy()
    codes[:, 0], codes[:, 1] = CODES[:, 0] + CODES[:, 1], CODES[:, 0] - CODES[:, 1]
    assert perfect.records["mig"]["value"] > 0.99
    found = values(measure(codes, FACTORS, draws=DRAWS))
    # Of four factors two stand alone as before and two not at all.
    assert found["mig"] == pytest.approx(0.5, abs=0.03)
    assert found["sap"] == pytest.approx(0.5, abs=0.03)
    assert found["completeness"] == pytest.approx(0.75, abs=0.03)  # two dimensions of four: half
    assert found["disentanglement"] == pytest.approx(0.75, abs=0.03)
    assert found["modularity"] == pytest.approx(2 / 3, abs=0.03)
    assert found["explicitness"] > 0.98  # which all dimensions together tell as before


def test_a_factor_in_two_dimensions_is_no_gap_and_not_complete() -> None:
    codes = np.concatenate([CODES, CODES], axis=1)
    found = values(measure(codes, FACTORS, draws=DRAWS))
    assert found["mig"] == pytest.approx(0, abs=1e-9)
    assert found["sap"] == pytest.approx(0, abs=1e-9)
    assert found["compactness"] == pytest.approx(1 - (1 - 0.5) / (1 - 1 / 8), abs=0.01)
    assert found["modularity"] > 0.98


def test_order_and_scale_of_dimensions_change_nothing() -> None:
    codes = NOISE + np.concatenate([CODES[:, :3], LABELS[:, np.newaxis] * 0.5], axis=1)
    factors = FACTORS | {"class": LABELS}
    first = measure(codes, factors, draws=DRAWS)
    order = [2, 0, 3, 1]
    second = measure(codes[:, order] * (-4, 0.01, 1, 300) + 5, factors, active=np.ones(4, bool), draws=DRAWS)
    for name in NAMES:
        # Bins of equal width and trees' bins turn round with the sign, and their edges' own images with them.
        assert second.records[name]["value"] == pytest.approx(first.records[name]["value"], abs=2e-3), name
        assert second.records[name]["standard_error"] == pytest.approx(first.records[name]["standard_error"], abs=2e-3)
    np.testing.assert_allclose(second.information, first.information[order], atol=2e-3)


def test_dead_dimensions_change_nothing_but_how_many_could_serve() -> None:
    codes = CODES + 0.5 * NOISE
    trace = 1e-3 * np.stack([*FACTORS.values()], axis=1)  # of the image, as passive dimensions have it
    first = values(measure(codes, FACTORS, draws=DRAWS))
    second = values(measure(np.concatenate([codes, trace, np.zeros((IMAGES, 2))], axis=1), FACTORS, draws=DRAWS))
    assert first.pop("completeness") < second.pop("completeness")
    assert first == second


def test_an_active_dimension_that_is_constant_tells_nothing() -> None:
    codes = np.concatenate([CODES, np.ones((IMAGES, 1))], axis=1)
    found = measure(codes, FACTORS, active=np.ones(5, bool), draws=DRAWS)
    assert (found.information[4] == 0).all()
    assert found.records["modularity"]["value"] == pytest.approx(0.8)
    assert found.records["compactness"]["value"] == pytest.approx(1)


def test_a_continuous_factor_keeps_a_little_back_in_bins() -> None:
    # Bins of equal width are not quite those of equal counts, even of an even factor.
    factors = {
        name: np.random.default_rng(place).uniform(-1, 1, 10_000) for place, name in enumerate(("area", "slant"))
    }
    found = measure(np.stack([*factors.values()], axis=1), factors, draws=DRAWS)
    assert 0.9 < found.records["mig"]["value"] < 1
    assert "measured factors in 20 bins of equal counts" in found.records["mig"]["estimator"]
    assert "share it only about" in found.records["beta_vae"]["estimator"]
    assert found.records["disentanglement"]["value"] > 0.99


def test_the_same_again_is_the_same_to_the_bit() -> None:
    factors = {name: column[:1_000] for name, column in FACTORS.items()}
    first, again = (measure(CODES[:1_000] + NOISE[:1_000], factors, draws=DRAWS) for _ in range(2))
    assert first.records == again.records
    assert (first.information == again.information).all()


# Independent implementations ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed() -> tuple[np.ndarray, dict[str, np.ndarray], Scores]:
    """Codes (N, 6) that mix four factors and a class, the factors, and the scores."""
    rng = np.random.default_rng(1)
    factors: dict[str, np.ndarray] = {name: rng.uniform(-1, 1, 10_000) for name in FACTORS}
    codes = np.stack([*factors.values()], axis=1) @ rng.normal(size=(4, 6)) + 0.3 * rng.normal(size=(10_000, 6))
    labels = rng.integers(0, 4, 10_000)
    codes[:, 5] += (labels == 3) * 2.0
    factors["class"] = labels
    return codes, factors, measure(codes, factors, draws=DRAWS)


Mixed = tuple[np.ndarray, dict[str, np.ndarray], Scores]


def halves(images: int) -> tuple[np.ndarray, np.ndarray]:
    """The images to learn from and those held out, as `measure` parts them."""
    order = np.random.default_rng(0).permutation(images)
    return order[: images // 2], order[images // 2 :]


def test_mig_and_infomec_are_scikit_learns_with_the_bias_taken_off(mixed: Mixed) -> None:
    codes, factors, found = mixed
    columns = [factors["class"] if name == "class" else quantile(column, 20) for name, column in factors.items()]
    told = np.array([[mutual_info_score(code, column) for column in columns] for code in equal_width(codes, 20)])
    share = told / [mutual_info_score(column, column) for column in columns]
    best = np.sort(share, axis=0)
    assert found.records["mig"]["value"] == pytest.approx((best[-1] - best[-2]).mean(), abs=0.01)
    assert 0 <= (share - found.information).min() <= (share - found.information).max() < 0.01
    # The ratios without what the bias would add to their denominators.
    cleared = share - np.maximum(share - found.information, 0)
    modularity = ((cleared.max(1) / cleared.sum(1)).mean() - 1 / 5) / (1 - 1 / 5)
    compactness = ((cleared.max(0) / cleared.sum(0)).mean() - 1 / 6) / (1 - 1 / 6)
    assert found.records["modularity"]["value"] == pytest.approx(modularity, abs=1e-6)
    assert found.records["compactness"]["value"] == pytest.approx(compactness, abs=1e-6)


def test_dci_is_that_of_scikit_learns_trees(mixed: Mixed) -> None:
    codes, factors = mixed[0][:3_000], {name: column[:3_000] for name, column in mixed[1].items()}
    labels = factors["class"]
    learn, held = halves(3_000)
    importances, predicted = [], []
    for name in FACTORS:
        trees = GradientBoostingRegressor(min_samples_leaf=LEAF).fit(codes[learn], factors[name][learn])
        importances.append(trees.feature_importances_)
        predicted.append(trees.score(codes[held], factors[name][held]))
    trees = GradientBoostingClassifier(min_samples_leaf=LEAF).fit(codes[learn], labels[learn])
    importances.append(trees.feature_importances_)
    guess = (labels[held] == np.bincount(labels[learn]).argmax()).mean()
    predicted.append((trees.score(codes[held], labels[held]) - guess) / (1 - guess))
    expected = np.array(importances).T  # (D, K)

    scaled = [*(standardise(factors[name][:, np.newaxis], factors[name][:, np.newaxis])[:, 0] for name in FACTORS)]
    exact, _ = boosted(codes, [*scaled, labels], [False] * 4 + [True], learn, held, many=3_000)
    np.testing.assert_allclose(exact, expected, atol=0.005)

    found = measure(codes, factors, draws=DRAWS)
    np.testing.assert_allclose(found.importances, expected, atol=0.03)
    shares = expected / expected.sum(1, keepdims=True)
    alone = 1 + (shares * np.log(shares)).sum(1) / math.log(5)
    disentanglement = (alone * expected.sum(1)).sum() / expected.sum()
    complete = 1 + (expected * np.log(expected)).sum(0) / math.log(6)
    for name, value in (
        ("disentanglement", disentanglement), ("completeness", complete.mean()), ("informativeness", np.mean(predicted))
    ):  # fmt: skip
        assert found.records[name]["value"] == pytest.approx(value, abs=0.01), name


def test_sap_is_that_of_scikit_learn(mixed: Mixed) -> None:
    codes, factors, found = mixed
    learn, held = halves(len(codes))
    scaled = standardise(codes, codes)
    table = np.empty((6, 5))
    for dimension in range(6):
        column = scaled[:, [dimension]]
        for place, name in enumerate(FACTORS):
            table[dimension, place] = LinearRegression().fit(column, factors[name]).score(column, factors[name])
        machine = LinearSVC(C=0.01, class_weight="balanced", tol=1e-8, max_iter=100_000)
        machine.fit(column[learn], factors["class"][learn])
        table[dimension, 4] = machine.score(column[held], factors["class"][held])
    best = np.sort(table, axis=0)
    assert found.records["sap"]["value"] == pytest.approx((best[-1] - best[-2]).mean(), abs=1e-3)


def test_explicitness_is_that_of_scikit_learn(mixed: Mixed) -> None:
    codes, factors, found = mixed
    learn, held = halves(len(codes))
    scaled, labels = standardise(codes, codes), factors["class"]
    told = []
    for name in FACTORS:
        line = LinearRegression().fit(scaled[learn], factors[name][learn])
        told.append(r2_score(factors[name][held], line.predict(scaled[held])))
    model = LogisticRegression(tol=1e-8, max_iter=1_000).fit(scaled[learn], labels[learn])
    chances = np.bincount(labels[learn]) / len(learn)
    without = log_loss(labels[held], np.tile(chances, (len(held), 1)))
    told.append(1 - log_loss(labels[held], model.predict_proba(scaled[held])) / without)
    assert found.records["explicitness"]["value"] == pytest.approx(np.mean(told), abs=1e-4)


def test_linear_classifiers_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 2_000) ** 2 // 3  # of uneven sizes
    inputs = rng.normal(size=(2_000, 5)) + np.eye(5)[labels]
    model = LogisticRegression(tol=1e-9, max_iter=5_000).fit(inputs, labels)
    np.testing.assert_allclose(
        np.exp(log_chances(logistic(inputs, labels, 4), inputs))[:, np.unique(labels)],
        model.predict_proba(inputs),
        atol=1e-4,
    )
    classes = np.unique(labels, return_inverse=True)[1]
    machine = LinearSVC(C=0.01, class_weight="balanced", tol=1e-9, max_iter=100_000).fit(inputs[:, :1], classes)
    slopes, constants = support_vectors(inputs[:, 0], classes, classes.max() + 1)
    np.testing.assert_allclose(slopes, machine.coef_[:, 0], atol=1e-5)
    np.testing.assert_allclose(constants, machine.intercept_, atol=1e-5)


# What cannot be asked ----------------------------------------------------------------------------------------------


def test_what_is_the_same_for_every_image_is_left_out_and_named() -> None:
    few = slice(0, 1_000)
    factors = {name: column[few] for name, column in FACTORS.items()}
    without = measure(CODES[few], factors, draws=DRAWS)
    found = measure(CODES[few], factors | {"height": np.ones(1_000), "class": np.zeros(1_000, int)}, draws=DRAWS)
    assert found.factors == without.factors
    assert values(found) == values(without)
    assert all(record["estimator"].endswith("(height, class)") for record in found.records.values())


def test_few_images_and_no_factors_have_a_reason() -> None:
    few = measure(CODES[:15], {name: column[:15] for name, column in FACTORS.items()})
    assert few.records["mig"] == {"reason": "Scores take 500 images or more, and there are 15."}
    for factors in ({}, {"class": np.zeros(IMAGES, int)}):
        none = measure(CODES, factors)
        assert [*none.records] == [*NAMES]
        assert none.records["sap"] == {"reason": "No factor is known that differs from image to image."}
        assert none.information.shape == (4, 0)


def test_one_factor_is_kept_apart_from_nothing() -> None:
    found = measure(CODES[:1_000], {"area": FACTORS["area"][:1_000]}, draws=DRAWS).records
    asked = {name for name in NAMES if "value" in found[name]}
    assert asked == {"mig", "completeness", "informativeness", "sap", "compactness", "explicitness"}
    assert found["mig"]["value"] > 0.95


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_one_and_two_dimensions(latent_dim: int) -> None:
    factors = {name: column[:1_000] for name, column in FACTORS.items()}
    found = measure(CODES[:1_000, :latent_dim], factors, draws=DRAWS).records
    assert ("reason" in found["completeness"]) is ("reason" in found["compactness"]) is (latent_dim == 1)
    # The gap is to a dimension that tells nothing, also where there is none.
    assert found["mig"]["value"] == pytest.approx(latent_dim / 4, abs=0.02)
    assert found["sap"]["value"] == pytest.approx(latent_dim / 4, abs=0.02)
    json.dumps(found, allow_nan=False)


def test_rare_classes_and_two_values_are_defined() -> None:
    labels = np.zeros(1_000, int)
    labels[:3] = (5, 5, 9)
    factors = {"area": FACTORS["area"][:1_000], "width": np.arange(1_000) % 2.0, "class": labels}
    found = measure(CODES[:1_000] + NOISE[:1_000] * 0.1, factors, draws=DRAWS)
    json.dumps(found.records, allow_nan=False)
    assert all(0 <= record["value"] <= 1 for record in found.records.values())


def test_what_is_not_finite_is_refused() -> None:
    broken = CODES.copy()
    broken[3, 2] = np.nan
    with pytest.raises(ValueError, match="codes hold values that are not finite"):
        measure(broken, FACTORS)
    with pytest.raises(ValueError, match="factor slant holds values that are not finite"):
        measure(CODES, FACTORS | {"slant": np.full(IMAGES, np.inf)})
    with pytest.raises(ValueError, match="one value for each"):
        measure(CODES, FACTORS | {"slant": np.zeros(3)})
