"""How much what a model makes of noise is like its images: by a small classifier of them that is trained here.

Fréchet distance (Heusel et al. 2017): ‖m₁ − m₂‖² + tr(S₁ + S₂ − 2 (S₁ S₂)^½), of the means and covariances of two sets
of images in the 64 features that the classifier decides by. It grows as images become fewer, and compares with nothing
but distances by the same weights, so it stands beside the one between training and test images, and with its N and the
weights' hash. And how sure the classifier is: the share of the pictures to whose likeliest class it gives 0.9 or more.

The classifier of MNIST comes with the project, and `python -m bvae.metrics.samples mnist assets/classifiers` makes it.
Another is trained when it is first asked for, which takes a minute, and kept in the cache folder.
"""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bvae.cache import cache_folder
from bvae.data import ASSETS, Dataset, load_dataset
from bvae.lazy import drawn
from bvae.metrics.representation import accuracy
from bvae.model import unit_pixels
from bvae.runs import RunError, digest, read_tensors, write_tensors

FEATURES = 64
SURE = 0.9
GROUPS = 20  # of the jackknife
STEPS, BATCH = 1_400, 128  # of training, at any size of a data set: three epochs of MNIST
_HIGHEST_RATE = 0.004
_AT_ONCE = 500
_VERSION = "1"


@dataclass(frozen=True)
class Classifier:
    """A network that tells the classes of a data set, and what its features are known by."""

    name: str
    network: nn.Sequential
    hash: str  # the SHA-256 of its weights
    accuracy: float  # on test images
    sure: float  # share of the test images that it is sure of

    @torch.inference_mode()
    def look(self, pixels: Tensor | np.ndarray) -> tuple[Tensor, Tensor]:
        """Features (N, 64) and probabilities of the classes (N, C) of images (N, H, W) uint8 or float."""
        features = self.network[:-1](unit_pixels(torch.as_tensor(pixels))[:, None])
        return features, self.network[-1](features).softmax(1)


def _network(image_shape: tuple[int, int], classes: int) -> nn.Sequential:
    """Three convolutions, each of which halves an image, and 64 features of which the classes are linear."""
    height, width = (side // 8 for side in image_shape)
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(64 * height * width, FEATURES), nn.ReLU(), nn.Linear(FEATURES, classes)]
    return nn.Sequential(*layers).requires_grad_(False).eval()


def classifier(dataset: Dataset, report: Callable[[float], None] | None = None) -> Classifier:
    """The classifier of a data set: the bundled one, the one that was trained here before, or one that is trained now.

    Args:
        report: told how much of a training is done; what it raises ends it.

    Raises:
        ValueError: for a data set of one class, or of images smaller than 8 × 8.
    """
    if len(dataset.class_names) < 2 or min(dataset.image_shape) < 8:
        raise ValueError("There is no classifier of one class alone, nor of images of less than 8 × 8 pixels.")
    places = [ASSETS / "classifiers"]
    with contextlib.suppress(RuntimeError):  # without a home folder
        places.append(cache_folder() / "classifiers")
    for place in places:
        if found := _read(place, dataset):
            return found
    network = train(dataset, report)
    with contextlib.suppress(RunError, OSError):  # then it is trained anew the next time
        return keep(places[-1], dataset, network)
    return _known(dataset, network)


def train(dataset: Dataset, report: Callable[[float], None] | None = None, steps: int = STEPS) -> nn.Sequential:
    """A network that tells the classes of a data set, trained on its training images by Adam in one cycle of rates."""
    images, classes = dataset.train, len(dataset.class_names)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = _network(dataset.image_shape, classes).requires_grad_(True).train()
        optimizer = torch.optim.Adam(network.parameters())
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _HIGHEST_RATE, total_steps=steps)
        for step in range(steps):
            places = torch.randint(len(images), (BATCH,))
            pixels = unit_pixels(drawn(images.pixels[places]))[:, None]
            loss = nn.functional.cross_entropy(network(pixels), images.labels[places])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if report and step % 10 == 0:
                report((step + 1) / steps)
    return network.requires_grad_(False).eval()


def _file(place: Path, dataset: Dataset) -> Path:
    return (place / dataset.name).with_suffix(".safetensors")


def keep(place: Path, dataset: Dataset, network: nn.Sequential) -> Classifier:
    """Write a network of a data set into a folder, with what it is like on test images.

    Raises:
        RunError, OSError: when it cannot be written.
    """
    found = _known(dataset, network)
    place.mkdir(parents=True, exist_ok=True)
    about = {"version": _VERSION, "accuracy": f"{found.accuracy:.4f}", "sure": f"{found.sure:.4f}"}
    weights = {name: array.numpy() for name, array in network.state_dict().items()}
    write_tensors(_file(place, dataset), weights, about)
    return found


def _known(dataset: Dataset, network: nn.Sequential) -> Classifier:
    hash_of = digest({name: array.numpy() for name, array in network.state_dict().items()}, {})
    found = Classifier(f"{dataset.name} classifier", network, hash_of, 0.0, 0.0)
    probabilities = torch.cat([found.look(batch)[1] for batch in dataset.test.pixels.split(_AT_ONCE)])
    right = (probabilities.argmax(1) == dataset.test.labels).double().mean()
    return replace(found, accuracy=float(right), sure=sure_share(probabilities.numpy())[0])


def _read(place: Path, dataset: Dataset) -> Classifier | None:
    """What `keep` wrote; None where it did not, or not this version or for images of this form."""
    network = _network(dataset.image_shape, len(dataset.class_names))
    shapes = {name: tuple(array.shape) for name, array in network.state_dict().items()}
    try:
        weights, about = read_tensors(_file(place, dataset), shapes, "float32")
        figures = float(about["accuracy"]), float(about["sure"])
    except (RunError, OSError, KeyError, ValueError):
        return None
    if about.get("version") != _VERSION:
        return None
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return Classifier(f"{dataset.name} classifier", network, digest(weights, {}), *figures)


# Distances ---------------------------------------------------------------------------------------------------------


def frechet(mean: np.ndarray, covariance: np.ndarray, other: np.ndarray, other_covariance: np.ndarray) -> float:
    """The Fréchet distance of two Gaussians by their means (F,) and covariances (F, F).

    tr (S₁ S₂)^½ is the sum of the roots of the eigenvalues of S₁^½ S₂ S₁^½, which is symmetric.
    """
    values, axes = np.linalg.eigh(covariance)
    root = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
    both = np.linalg.eigvalsh(root @ other_covariance @ root)
    shift = mean - other
    return float(
        shift @ shift + np.trace(covariance) + np.trace(other_covariance) - 2 * np.sqrt(np.maximum(both, 0)).sum()
    )


def frechet_distance(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """The Fréchet distance of two sets of features (N, F) and (M, F), 40 or more of each, and its standard error.

    By the jackknife that leaves out each of 20 groups of both in turn.

    Raises:
        ValueError: for fewer.
    """
    if min(len(first), len(second)) < 2 * GROUPS:
        raise ValueError(f"A distance takes {2 * GROUPS} images or more of either kind.")
    sums = [_moments(np.asarray(features, np.float64)) for features in (first, second)]

    def without(group: int | None) -> float:
        gaussians: list[np.ndarray] = []
        for count, total, squares in sums:
            kept = [group is None or place != group for place in range(GROUPS)]
            images = count[kept].sum()
            mean = total[kept].sum(0) / images
            covariance = (squares[kept].sum(0) - images * np.outer(mean, mean)) / (images - 1)
            gaussians += [mean, covariance]
        return frechet(*gaussians)

    left = np.array([without(group) for group in range(GROUPS)])
    error = math.sqrt((GROUPS - 1) / GROUPS * float(((left - left.mean()) ** 2).sum()))
    return max(0.0, without(None)), error


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each of the groups that features (N, F) are dealt into, how many, their sum and that of their products."""
    groups = [features[place::GROUPS] for place in range(GROUPS)]
    return (
        np.array([len(group) for group in groups]),
        np.array([group.sum(0) for group in groups]),
        np.array([group.T @ group for group in groups]),
    )


def sure_share(probabilities: np.ndarray) -> tuple[float, float, int]:
    """The share of pictures to whose likeliest class `SURE` or more is given, its standard error, and N, by the
    probabilities (N, C) of their classes."""
    return accuracy(int((probabilities.max(1) >= SURE).sum()), len(probabilities))


def main() -> None:
    """Make the classifier of a data set and say what it is like."""
    parser = argparse.ArgumentParser(description="Train the classifier that samples are measured by.")
    parser.add_argument("dataset", help="whose images to tell apart")
    parser.add_argument("folder", type=Path, help="where to put it")
    options = parser.parse_args()
    dataset = load_dataset(options.dataset)
    found = keep(options.folder, dataset, train(dataset))
    size = _file(options.folder, dataset).stat().st_size
    print(f"{_file(options.folder, dataset)}: {size:,} bytes, {found.hash[:16]}, accuracy {found.accuracy:.4f}, "
          f"sure of {found.sure:.4f} of the test images")  # fmt: skip


if __name__ == "__main__":
    main()
