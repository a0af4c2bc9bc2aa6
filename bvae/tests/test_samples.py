"""The Fréchet distance is that of closed forms, and the classifier that it goes by is the one that comes with this."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from bvae.data import ASSETS, Dataset, Images, load_dataset
from bvae.metrics.samples import classifier, frechet, frechet_distance, keep, sure_share, train

RANDOM = np.random.default_rng(4)


def spread(size: int) -> np.ndarray:
    factors = RANDOM.standard_normal((size, size + 3))
    return factors @ factors.T / size


def test_the_distance_of_two_gaussians_is_that_of_the_definition() -> None:
    for size in (1, 3, 20):
        (m, n), (s, t) = RANDOM.standard_normal((2, size)), (spread(size), spread(size))
        expected = ((m - n) ** 2).sum() + np.trace(s + t - 2 * np.real(sqrtm(s @ t)))
        assert frechet(m, s, n, t) == pytest.approx(expected, rel=1e-6)
        assert frechet(m, s, n, t) == pytest.approx(frechet(n, t, m, s), rel=1e-6)
        assert frechet(m, s, m, s) == pytest.approx(0, abs=1e-7)
    # Of diagonal covariances, the squared distance of the deviations.
    assert frechet(np.zeros(2), np.diag([4.0, 9.0]), np.array([3.0, 0]), np.diag([1.0, 1.0])) == pytest.approx(14)
    # Of one that is flat along an axis.
    assert frechet(np.zeros(2), np.diag([4.0, 0.0]), np.zeros(2), np.diag([1.0, 0.0])) == pytest.approx(1)


def test_the_distance_of_two_sets_nears_that_of_their_gaussians() -> None:
    first = RANDOM.standard_normal((6_000, 3))
    second = 1 + 2 * RANDOM.standard_normal((6_000, 3))
    value, error = frechet_distance(first, second)
    assert value == pytest.approx(3 * (1 + 1), abs=4 * error)
    moments = [(one.mean(0), np.cov(one.T)) for one in (first, second)]
    assert value == pytest.approx(frechet(*moments[0], *moments[1]), rel=1e-9)
    same, _ = frechet_distance(first, first[::-1])
    assert same == pytest.approx(0, abs=1e-9)


def test_a_standard_error_is_the_spread_over_sets() -> None:
    found = [
        frechet_distance(random.standard_normal((200, 2)), 1 + random.standard_normal((200, 2)))
        for random in map(np.random.default_rng, range(150))
    ]
    values, errors = zip(*found, strict=True)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.25)
    with pytest.raises(ValueError, match="40 images"):
        frechet_distance(np.zeros((39, 2)), np.zeros((100, 2)))


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("mnist")


def test_the_bundled_classifier_knows_digits(digits: Dataset) -> None:
    found = classifier(digits)
    assert (ASSETS / "classifiers/mnist.safetensors").stat().st_size < 500_000
    assert found.name == "mnist classifier"
    assert found.hash.startswith("3158df47888afbc7")
    assert found.accuracy > 0.99
    features, probabilities = found.look(digits.test.pixels[:1_000])
    right = float((probabilities.argmax(1) == digits.test.labels[:1_000]).double().mean())
    assert right == pytest.approx(found.accuracy, abs=0.012)
    assert probabilities.sum(1).numpy() == pytest.approx(np.ones(1_000), abs=1e-5)
    share, error, count = sure_share(probabilities.numpy())
    assert share == pytest.approx(found.sure, abs=4 * error)
    assert count == 1_000
    # Grey values from 0 to 1 are the same pictures; training images are nearer to test images than noise is.
    again, _ = found.look(digits.test.pixels[:1_000].float() / 255)
    assert torch.allclose(features, again, atol=1e-4)
    of_training, _ = found.look(digits.train.pixels[:1_000])
    floor, _ = frechet_distance(of_training.numpy(), features.numpy())
    of_noise, of_classes = found.look(torch.rand(1_000, 28, 28))
    far, _ = frechet_distance(of_noise.numpy(), features.numpy())
    assert far > 10 * floor > 0
    assert sure_share(of_classes.numpy())[0] < 0.5


def test_another_classifier_is_trained_when_it_is_asked_for_and_kept(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BVAE_DATA", str(tmp_path))
    few = dataclasses.replace(digits, name="others", test=Images(digits.test.pixels[:500], digits.test.labels[:500]))
    shares: list[float] = []
    network = train(few, shares.append, steps=60)
    assert shares == sorted(shares)
    kept = keep(tmp_path / "classifiers", few, network)
    assert kept.accuracy > 0.6  # after two seconds
    found = classifier(few)  # read, and not trained anew
    assert found.hash == kept.hash
    assert found.accuracy == pytest.approx(kept.accuracy, abs=1e-4)
    for one, other in zip(found.look(few.test.pixels), kept.look(few.test.pixels), strict=True):
        assert torch.equal(one, other)

    assert math.isfinite(found.sure)
    (tmp_path / "classifiers/others.safetensors").write_bytes(b"damaged")
    with pytest.raises(KeyboardInterrupt):
        classifier(few, lambda share: (_ for _ in ()).throw(KeyboardInterrupt))  # which trains it again


def test_one_class_has_no_classifier(digits: Dataset) -> None:
    with pytest.raises(ValueError, match="one class"):
        classifier(dataclasses.replace(digits, class_names=("0",)))
