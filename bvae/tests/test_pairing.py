"""Dimensions of two runs that stand for each other: found where they are known, and told where they cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bvae.metrics.pairing import paired
from bvae.runs import Run, find_run, write_json, write_tensors
from bvae.tests.turned import turned

DRAWS = np.random.default_rng(5)
ORDER, SIGNS = DRAWS.permutation(20), DRAWS.choice([-1, 1], 20)


@pytest.fixture(scope="module")
def run() -> Run:
    return find_run("mnist-beta10")


@pytest.fixture(scope="module")
def other(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same run with its dimensions in another order and some of them upside down."""
    return turned(run, tmp_path_factory.mktemp("runs") / "turned", ORDER, SIGNS)


@pytest.mark.parametrize("last", [True, False])
def test_a_run_whose_dimensions_were_turned_is_found_again_to_the_last(run: Run, other: Run, last: bool) -> None:
    epoch = run.epochs()[-1 if last else 0]
    found = paired(run, other, (epoch, epoch))
    where = np.argsort(ORDER)  # of each dimension of the run in the other
    assert found.dimension.tolist() == where.tolist(), "20 of 20"
    assert found.sign.tolist() == SIGNS[where].tolist()
    np.testing.assert_allclose(found.strength, 1, atol=1e-6)
    np.testing.assert_allclose(found.scale, 1, atol=1e-4)
    assert found.images == len(run.probe().labels)

    images = run.probe().images[:20]
    mine, theirs = (each.model(epoch).encode(images).numpy() for each in (run, other))
    np.testing.assert_allclose(theirs[:, where] * SIGNS[where], mine, atol=1e-5)


def test_runs_that_follow_few_images_together_are_paired_by_images_that_one_encodes(
    run: Run, other: Run, tmp_path: Path
) -> None:
    away = Run(shutil.copytree(other.path, tmp_path / "away"))
    images, labels, indices = away.probe()
    moved = {"images": images[::-1].copy(), "labels": labels[::-1].copy(), "indices": indices + 100_000}
    write_tensors(away.path / "probe.safetensors", moved)
    found = paired(run, away, (run.snapshot(), away.snapshot()))
    assert found.dimension.tolist() == np.argsort(ORDER).tolist()
    assert found.strength.min() > 0.999
    assert found.images == min(500, len(labels))


def test_the_bundled_runs_have_a_slant_each_and_it_is_paired() -> None:
    """The names come from what a decoder draws, and the pairs from how its encoder sorts the test images."""
    one, two = find_run("mnist-beta4"), find_run("mnist-beta1")
    epochs = one.snapshot(), two.snapshot()
    found = paired(one, two, epochs)
    assert found.images == min(len(run.probe().labels) for run in (one, two))
    names = [run.called(epoch) for run, epoch in zip((one, two), epochs, strict=True)]
    slants = [next(j for j, name in enumerate(of) if "· slant" in name) for of in names]
    assert found.dimension[slants[0]] == slants[1]
    assert found.strength[slants[0]] > 0.8
    assert 0.3 < found.scale[slants[0]] < 3


def test_a_step_stays_as_it_is_where_one_of_the_two_carries_nothing() -> None:
    one, two = find_run("mnist-beta4"), find_run("mnist-beta1")
    found = paired(one, two, (one.snapshot(), two.snapshot()))
    kl = one.history()[-1].kl_per_dimension
    assert all(found.scale[j] == 1 for j in range(20) if kl[j] < 0.005)
    assert any(found.scale[j] != 1 for j in range(20))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"dataset": "fashion-mnist"},
            "learned from mnist and altered from fashion-mnist: no image has a code",
        ),
        ({"image_shape": [16, 16]}, "are of 28 × 28 and 16 × 16 pixels, so their dimensions are not paired"),
    ],
)
def test_what_cannot_be_paired_is_said(run: Run, tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    altered = shutil.copytree(run.path, tmp_path / "altered")
    record = run.record()
    record["config"] |= {name: value for name, value in changes.items() if name in record["config"]}
    write_json(altered / "config.json", record | {k: v for k, v in changes.items() if k not in record["config"]})
    with pytest.raises(ValueError, match=sentence):
        paired(run, Run(altered), (run.snapshot(), run.snapshot()))


def test_of_runs_with_more_and_fewer_dimensions_what_is_left_over_has_no_counterpart(run: Run, tmp_path: Path) -> None:
    fewer = turned(run, tmp_path / "fewer", ORDER[:12], SIGNS[:12])
    found = paired(run, fewer, (run.snapshot(), run.snapshot()))
    left = [dimension for dimension in range(20) if dimension not in ORDER[:12]]
    assert [found.dimension[dimension] for dimension in ORDER[:12]] == [*range(12)]
    assert found.dimension[left].tolist() == [-1] * 8
    assert found.strength[left].max() == 0
    back = paired(fewer, run, (run.snapshot(), run.snapshot()))
    assert back.dimension.tolist() == ORDER[:12].tolist()
