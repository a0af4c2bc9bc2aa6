"""The film of latent space, on the means of a really trained run: true to each epoch, still where nothing changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import filelock
import numba
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from bvae import compiled, layout
from bvae.cli import main
from bvae.config import MAX_PROBE_IMAGES, Config
from bvae.film import KINDS, MOST_POINTS, due_epochs, progress, start
from bvae.film_worker import work
from bvae.layout import (
    Frame,
    align,
    first_frame,
    fuzzy_graph,
    hold,
    independent_layout,
    measure,
    neighbours,
    next_frame,
    overlap,
    principal_components,
    spurious,
    steps,
)
from bvae.queue import Queue
from bvae.runs import Probe, Run, RunError, read_json, read_tensors, write_json, write_tensors
from bvae.tests.waiting import wait

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def few(trained_run: Run) -> Callable[[int], np.ndarray]:
    """The means of the first 1,000 probe images at an epoch of the bundled run."""
    return lambda epoch: trained_run.latents(epoch).mean[:1000]


@pytest.fixture(scope="module")
def epochs(trained_run: Run) -> list[int]:
    found = trained_run.epochs()
    return [found[0], found[1], found[2], found[-2], found[-1]]


@pytest.fixture(scope="module")
def film(few: Callable[[int], np.ndarray], epochs: list[int]) -> list[Frame]:
    frames = [first_frame(few(epochs[0]))]
    for place, epoch in enumerate(epochs[1:], 1):
        frames.append(next_frame(frames[-1], few(epoch), place))
    return frames


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# Neighbours ------------------------------------------------------------------------------------------------------


def test_neighbours_are_those_of_an_exact_search() -> None:
    points = normal(700, 20)
    distances, indices = NearestNeighbors(n_neighbors=15, algorithm="brute").fit(points).kneighbors(points)
    found = neighbours(points)
    assert np.array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances, atol=1e-5)


def test_a_point_is_its_own_first_neighbour_among_duplicates() -> None:
    found = neighbours(np.repeat(normal(5, 3), 6, axis=0), 4)
    assert np.array_equal(found.indices[:, 0], np.arange(30))
    assert not found.distances.any()
    assert all(len(set(row)) == 4 and len({point // 6 for point in row}) == 1 for row in found.indices)


def test_means_that_are_no_numbers_are_refused() -> None:
    points = normal(10, 2)
    points[3, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        neighbours(points)


@pytest.mark.parametrize("points", ["means", "duplicates", "few", "line"])
def test_the_graph_is_that_of_umap_learn(few: Callable[[int], np.ndarray], points: str) -> None:
    compiled.umap_learn()  # what is compiled of it is kept from here on
    from umap.umap_ import fuzzy_simplicial_set

    means = {
        "means": few(100), "duplicates": np.repeat(normal(20, 3), 20, axis=0), "few": normal(5, 20),
        "line": np.arange(60, dtype=np.float32)[:, None] ** 2,
    }[points]  # fmt: skip
    near = neighbours(means)
    pointers, targets, strengths = fuzzy_graph(near)
    found = csr_matrix((strengths, targets, pointers), (len(means), len(means)))
    expected = fuzzy_simplicial_set(means, near.indices.shape[1], np.random.RandomState(0), "euclidean",
                                    knn_indices=near.indices, knn_dists=near.distances)[0]  # fmt: skip
    assert found.has_sorted_indices
    assert strengths.min() > 0
    assert abs(found - found.T).max() == 0
    assert abs(found - expected).max() < 1e-5


def test_overlap_counts_the_neighbours_that_stayed() -> None:
    line = np.arange(8, dtype=np.float32)[:, None]
    near = neighbours(line, 3)
    assert np.array_equal(overlap(near, near), np.ones(8))
    moved = near.indices.copy()
    moved[0, 2], moved[1, 1:] = 7, (6, 7)
    assert overlap(near, near._replace(indices=moved)).tolist() == [0.5, 0, 1, 1, 1, 1, 1, 1]


def test_the_hold_grows_from_nothing_to_all_with_what_stayed() -> None:
    held = hold(np.linspace(0, 1, 15, dtype=np.float32))
    assert held[0] == 0
    assert held[-1] == 1
    assert (np.diff(held) > 0).all()


# The film --------------------------------------------------------------------------------------------------------


def test_every_frame_is_as_true_as_its_own_umap(
    trained_run: Run, few: Callable[[int], np.ndarray], epochs: list[int], film: list[Frame]
) -> None:
    labels = trained_run.probe().labels[:1000]
    for epoch, frame in zip(epochs, film, strict=True):
        own = measure(few(epoch), independent_layout(few(epoch)), labels)
        found = measure(few(epoch), frame.positions, labels)
        # Fewer points than the 5,000 leave a little more to chance.
        assert found.trustworthiness > own.trustworthiness - 0.015
        assert found.continuity > own.continuity - 0.03
        assert abs(found.accuracy - own.accuracy) < 0.05, epoch


def test_epoch_0_knows_nothing_of_what_comes(trained_run: Run, film: list[Frame]) -> None:
    labels = trained_run.probe().labels[:1000]
    means = trained_run.latents(0).mean[:1000]
    before = measure(means, film[0].positions, labels).accuracy
    after = measure(
        means, film[-1].positions, labels
    ).accuracy  # the last frame's places, looked at as if they were epoch 0's
    assert before < 0.65 < 0.8 < after


def test_the_film_moves_little_where_little_changed(film: list[Frame]) -> None:
    positions = np.stack([frame.positions for frame in film])
    kept = np.stack([frame.kept for frame in film])
    moved = steps(positions)
    assert moved[0] > 5 * moved[-1]  # everything is new after the first epoch of training
    assert moved[-1] < 0.041
    assert spurious(positions, kept)[-1] < 0.041


def test_an_epoch_that_changed_nothing_moves_nothing(few: Callable[[int], np.ndarray], film: list[Frame]) -> None:
    means = few(100)
    first = film[-1]
    second = next_frame(first, means, 7)
    third = next_frame(second, means, 8)
    radius = np.sqrt(((first.positions - first.positions.mean(0)) ** 2).sum(1).mean())
    assert np.linalg.norm(third.positions - first.positions, axis=1).max() < 0.0001 * radius


def test_a_seed_repeats_a_film_on_any_number_of_cores() -> None:
    numba.set_num_threads(1)
    means = normal(200, 5)
    made = first_frame(means).positions
    code = (
        "import sys, numba, numpy as np; from bvae.layout import first_frame\n"
        "means = np.frombuffer(sys.stdin.buffer.read(), np.float32).reshape(200, 5)\n"
        "print(numba.get_num_threads(), first_frame(means).positions.tobytes().hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=means.tobytes(), capture_output=True, check=True,
        env=os.environ | {"NUMBA_NUM_THREADS": "2"},
    )  # fmt: skip
    assert done.stdout.decode().split() == ["2", made.tobytes().hex()]
    assert not np.array_equal(first_frame(means, seed=1).positions, made)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_a_handful_of_images_has_a_film(count: int) -> None:
    first = first_frame(normal(count, 20))
    second = next_frame(first, normal(count, 20, seed=1), 1)
    assert first.positions.shape == second.positions.shape == (count, 2)
    assert np.isfinite(second.positions).all()
    assert np.isfinite(independent_layout(normal(count, 20))).all()
    labels = np.zeros(count, np.int64)
    assert all(0 <= figure <= 1 for figure in measure(normal(count, 20), second.positions, labels))


@pytest.mark.parametrize("count", [40, 300])
def test_one_latent_dimension_has_a_film_as_true_as_its_own_umap(count: int) -> None:
    """On a line no point could get past another: the frames have to leave it."""
    means = [normal(count, 1), normal(count, 1) + 0.5 * normal(count, 1, seed=1)]
    first = first_frame(means[0])
    frames = [first, next_frame(first, means[1], 1)]
    labels = np.zeros(count, np.int64)
    for epoch, frame in zip(means, frames, strict=True):
        own = measure(epoch, independent_layout(epoch), labels)
        assert np.ptp(frame.positions, axis=0).min() > 1
        assert measure(epoch, frame.positions, labels).trustworthiness > own.trustworthiness - 0.03


def test_an_independent_layout_is_of_exact_neighbours_and_compiles_no_search_for_them() -> None:
    """umap-learn's own search begins at 4,096 points; compiling it takes half a minute in every process."""
    from pynndescent import pynndescent_

    means = normal(4_100, 3)
    found = independent_layout(means)
    assert not pynndescent_.nn_descent.signatures
    assert found.shape == (4_100, 2)
    assert measure(means, found, np.zeros(len(means), np.int64)).trustworthiness > 0.9


def test_images_that_are_all_the_same_lie_in_one_place() -> None:
    means = np.ones((40, 5), np.float32)
    first = first_frame(means)
    assert not first.positions.any()
    assert not next_frame(first, means, 1).positions.any()
    assert not independent_layout(means).any()


def test_duplicated_images_lie_together() -> None:
    means = np.repeat(normal(60, 8), 3, axis=0)
    positions = first_frame(means).positions.reshape(60, 3, 2)
    assert np.isfinite(positions).all()
    within = np.linalg.norm(positions - positions.mean(1, keepdims=True), axis=2).mean()
    assert within < 0.3 * positions.std()


# Controls and quality ----------------------------------------------------------------------------------------------


def test_principal_components_are_those_of_the_last_epoch_or_of_each() -> None:
    scale = np.array([5, 3, 1, 1, 1], np.float32)
    means = [normal(200, 5, seed=seed) * scale for seed in range(3)]
    last = PCA(2).fit(means[-1])
    for epoch, frame in zip(means, principal_components(means), strict=True):
        np.testing.assert_allclose(np.abs(frame), np.abs(last.transform(epoch)), atol=1e-4)
    for epoch, frame in zip(means, principal_components(means, each=True), strict=True):
        own = PCA(2).fit_transform(epoch)
        np.testing.assert_allclose(align(own, frame), frame, atol=1e-4)


def test_align_undoes_what_is_free() -> None:
    frame = normal(50, 2)
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])  # a turn with a mirror
    np.testing.assert_allclose(align(3 * frame @ turn + [5, -2], frame), frame, atol=1e-5)


def test_quality_agrees_with_scikit_learn(few: Callable[[int], np.ndarray], film: list[Frame]) -> None:
    means, positions = few(100)[:600], film[-1].positions[:600]
    labels = np.random.default_rng(0).integers(0, 4, 600)
    found = measure(means, positions, labels)
    assert found.trustworthiness == pytest.approx(trustworthiness(means, positions, n_neighbors=15), abs=1e-6)
    assert found.continuity == pytest.approx(trustworthiness(positions, means, n_neighbors=15), abs=1e-6)
    apart = pairwise_distances(positions)
    np.fill_diagonal(apart, 1e9)  # a point has no vote of its own
    votes = KNeighborsClassifier(15, metric="precomputed").fit(apart, labels).predict(apart)
    assert found.accuracy == pytest.approx(float(np.mean(votes == labels)), abs=1e-9)


def test_a_plane_shown_as_it_is_has_full_marks() -> None:
    plane = normal(100, 2)
    labels = (plane[:, 0] > 0).astype(np.int64)
    assert measure(plane, 4 * plane + 1, labels)[:2] == (1, 1)
    assert measure(plane, normal(100, 2, seed=1), labels).trustworthiness < 0.7


def test_steps_are_in_standard_deviations_and_spurious_ones_those_without_reason() -> None:
    frame = normal(400, 2)
    frame /= frame.std()
    far = frame + np.where(np.arange(400) < 100, 0.5, 0.1)[:, None] * np.array([0.6, 0.8])
    positions = np.stack([frame, far])
    size = positions.std(axis=(0, 1)).mean()
    kept = np.ones((2, 400), np.float32)
    kept[1, 100:] = 0.7
    assert steps(positions) == pytest.approx([0.1 / size], rel=1e-5)
    assert spurious(positions, kept) == pytest.approx([0.5 / size], rel=1e-5)
    assert np.isnan(spurious(positions, np.zeros((2, 400)))).all()


# A run's film --------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_run(trained_run: Run, tmp_path: Path) -> Run:
    """Three epochs of the bundled run, with 120 probe images."""
    path = tmp_path / "small"
    kept = [0, 1, 100]
    for name in ("epochs", "latents"):
        (path / name).mkdir(parents=True)
    for name in ("config.json", "history.jsonl", "status.json"):
        shutil.copy(trained_run.path / name, path)
    probe = trained_run.probe()
    write_tensors(path / "probe.safetensors", Probe(*(part[:120] for part in probe))._asdict())
    for epoch in kept:
        name = f"{epoch:04d}.safetensors"
        shutil.copy(trained_run.path / "epochs" / name, path / "epochs")
        latents = {part: values[:120] for part, values in trained_run.latents(epoch)._asdict().items()}
        write_tensors(path / "latents" / name, latents)
    return Run(path)


def test_a_film_is_worked_out_and_read_back(small_run: Run) -> None:
    assert progress(small_run).state == "absent"
    assert small_run.film() is None
    told: list[tuple[str, float]] = []
    about = work(small_run, report=lambda *news: told.append(news))
    assert progress(small_run).state == "finished"
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert told[-1] == ("Finished", 1.0)
    found = small_run.film()
    assert found is not None
    assert found.epochs == about["epochs"] == [0, 1, 100]
    assert found.positions.shape == found.independent.shape == (3, 120, 2)
    assert found.reconstruction.shape == found.kept.shape == (3, 120)
    assert found.about["null_test"] < 0.01
    assert found.about["seconds"] > 0
    assert tuple(about["kinds"]) == KINDS
    labels = small_run.probe().labels
    for kind, positions in (("umap", found.positions), ("independent", found.independent)):
        figures = about["kinds"][kind]
        assert figures["step"] == pytest.approx(steps(positions).tolist())
        for place, epoch in enumerate(found.epochs):
            expected = measure(small_run.latents(epoch).mean, positions[place], labels)
            assert [figures[name][place] for name in expected._fields] == pytest.approx(list(expected))
    assert found.reconstruction[2].mean() < found.reconstruction[0].mean()


def test_the_film_is_there_before_what_it_is_compared_with(small_run: Run) -> None:
    told: list[tuple[str, float]] = []
    work(small_run, seed=3, report=lambda *news: told.append(news), compare=False)
    assert told[-1] == ("The frames are there", 1.0)
    frames = small_run.film()
    assert frames is not None
    assert frames.epochs == [0, 1, 100]
    assert len(frames.independent) == len(frames.reconstruction) == 0
    assert frames.about["kinds"] == {}
    assert progress(small_run).state == "behind"
    work(small_run)  # of the seed that the film has
    whole = small_run.film()
    assert whole is not None
    assert np.array_equal(whole.positions, frames.positions)
    assert whole.about["seed"] == 3
    assert set(whole.about["kinds"]) == set(KINDS)
    written = (small_run.path / "layout.json").stat().st_mtime_ns
    assert work(small_run, compare=False) == whole.about, "and is not spoilt by being asked for again"
    assert (small_run.path / "layout.json").stat().st_mtime_ns == written


def test_who_follows_a_run_goes_on_when_it_is_resumed(small_run: Run) -> None:
    later = [small_run.path / kind / "0100.safetensors" for kind in ("epochs", "latents")]
    for file in later:
        file.rename(file.with_suffix(".later"))
    status = read_json(small_run.path / "status.json")
    write_json(small_run.path / "status.json", status | {"state": "stopped"})
    alive = {"pid": os.getpid(), "host": os.uname().nodename, "heartbeat": time.time()}
    stages = []

    def resume(stage: str, _: float) -> None:
        stages.append(stage)
        if stage == "Comparing" and stages.count(stage) == 1:
            write_json(small_run.path / "status.json", status | alive | {"state": "running"})
        if stage == "Waiting for the next epoch":
            for file in later:
                file.with_suffix(".later").rename(file)
            write_json(small_run.path / "status.json", status)

    about = work(small_run, follow=True, report=resume)
    assert "Waiting for the next epoch" in stages
    assert about["epochs"] == [0, 1, 100]
    assert progress(small_run).state == "finished"
    assert all(len(about["kinds"][kind]["trustworthiness"]) == 3 for kind in KINDS)


def test_new_epochs_are_added_and_no_frame_moves(small_run: Run) -> None:
    later = [small_run.path / kind / "0100.safetensors" for kind in ("epochs", "latents")]
    for file in later:
        file.rename(file.with_suffix(".later"))
    work(small_run)
    before = small_run.film()
    for file in later:
        file.with_suffix(".later").rename(file)
    assert progress(small_run).state == "behind"
    work(small_run)
    after = small_run.film()
    assert before is not None
    assert after is not None
    assert (before.epochs, after.epochs) == ([0, 1], [0, 1, 100])
    assert np.array_equal(after.positions[:2], before.positions)
    assert np.array_equal(after.independent[:2], before.independent)
    # And what was added is what a film made in one go has.
    (small_run.path / "layout.safetensors").unlink()
    work(small_run)
    whole = small_run.film()
    assert whole is not None
    assert np.array_equal(whole.positions, after.positions)
    assert np.array_equal(whole.independent, after.independent)


def test_a_damaged_film_is_named_and_made_anew(small_run: Run) -> None:
    work(small_run)
    file = small_run.path / "layout.safetensors"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(RunError, match=r"layout\.safetensors is damaged"):
        small_run.film()
    work(small_run)
    assert small_run.film() is not None
    tensors, _ = read_tensors(file)
    write_tensors(file, tensors | {"kept": tensors["kept"][:, :5]})
    with pytest.raises(RunError, match="does not hold the film"):
        small_run.film()


def test_a_film_says_why_it_cannot_be(small_run: Run) -> None:
    file = small_run.path / "latents" / "0001.safetensors"
    latents = small_run.latents(1)._asdict()
    spoilt = latents["mean"].copy()
    spoilt[4, 2] = np.nan
    write_tensors(file, latents | {"mean": spoilt})
    with pytest.raises(RunError, match=r"0001\.safetensors holds values in mean that are not finite"):
        work(small_run)
    found = progress(small_run)
    assert found.state == "failed"
    assert "0001.safetensors" in (found.error or "")
    file.unlink()
    with pytest.raises(RunError, match=r"0001\.safetensors is missing"):
        work(small_run)


def test_a_run_without_a_snapshot_has_no_film(small_run: Run) -> None:
    for kind in ("epochs", "latents"):
        shutil.rmtree(small_run.path / kind)
    with pytest.raises(RunError, match="has no snapshot yet"):
        work(small_run)
    assert "no snapshot" in (progress(small_run).error or "")


def test_one_process_works_out_a_film(small_run: Run) -> None:
    with filelock.FileLock(small_run.path / "layout.lock"), pytest.raises(RunError, match="Another process"):
        work(small_run)
    assert progress(small_run).state == "absent"
    write_json(small_run.path / "layout.json", {"state": "running", "pid": 2**22 + 1, "host": os.uname().nodename,
                                                "heartbeat": time.time()})  # fmt: skip
    assert progress(small_run).state == "failed"
    assert "continues" in (progress(small_run).error or "")
    write_json(small_run.path / "layout.json", {"state": "running", "pid": os.getpid(), "host": os.uname().nodename,
                                                "heartbeat": time.time(), "done": "x", "remaining": []})  # fmt: skip
    assert progress(small_run)[:5] == ("running", "", 0, 100, None)


def test_a_run_in_training_shows_what_will_be_kept(small_run: Run) -> None:
    assert due_epochs(small_run) == [0, 1, 100]
    for kind in ("epochs", "latents"):
        shutil.copy(small_run.path / kind / "0100.safetensors", small_run.path / kind / "0037.safetensors")
    assert due_epochs(small_run) == [0, 1, 37, 100]
    status = read_json(small_run.path / "status.json")
    write_json(small_run.path / "status.json", status | {
        "state": "running", "pid": os.getpid(), "host": os.uname().nodename, "heartbeat": time.time()})  # fmt: skip
    assert due_epochs(small_run) == [0, 1, 100]


def test_a_film_of_more_than_memory_should_hold_is_of_fewer_epochs(
    small_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = work(small_run, compare=False)
    before = small_run.film()
    assert before is not None
    monkeypatch.setattr("bvae.film_worker.MEANS_HELD", 1)  # one epoch's at a time
    (small_run.path / "layout.safetensors").unlink()
    assert work(small_run)["epochs"] == whole["epochs"]
    again = small_run.film()
    assert again is not None
    np.testing.assert_array_equal(again.positions, before.positions)
    probe_size = small_run.config.probe_size
    monkeypatch.setattr("bvae.film.MOST_POINTS", 2 * probe_size)
    assert due_epochs(small_run) == [0, 100]
    assert progress(small_run).state == "behind"
    # No run that is trained here has more snapshots than a film has frames.
    monkeypatch.undo()
    longest = Config(epochs=10**6, probe_size=MAX_PROBE_IMAGES)
    assert len(longest.snapshot_epochs()) <= MOST_POINTS // MAX_PROBE_IMAGES


def test_the_command_returns_with_the_film_and_the_comparison_follows(
    small_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "bvae", "layout", str(small_run.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"{small_run.path}: 3 frames of 120 images in " in done.stdout
    assert "in the background" in done.stderr
    frames = small_run.film()
    assert frames is not None
    assert frames.epochs == [0, 1, 100]
    assert not len(frames.independent)

    # Asked for figures, it waits for whoever works them out, and prints one JSON object.
    capsys.readouterr()
    assert not main(["layout", str(small_run.path), "--json"])
    assert progress(small_run).state == "finished"
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert printed["epochs"] == [0, 1, 100]
    assert printed["seconds"] > 0
    for kind in KINDS:
        assert {name: len(values) for name, values in printed["kinds"][kind].items()} == {
            "trustworthiness": 3, "continuity": 3, "accuracy": 3, "step": 2, "spurious": 2}  # fmt: skip
    assert err == ""
    assert not main(["layout", str(small_run.path), "--wait"])
    assert "trustworthiness" in capsys.readouterr().out


def test_a_film_is_started_in_the_background_and_seen_at_once(small_run: Run) -> None:
    start(small_run.path)
    assert progress(small_run).state == "running"
    start(small_run.path)  # a second visitor asks for it, too
    wait(lambda: progress(small_run).state != "running")
    assert progress(small_run) == ("finished", "", 100, 100, None, None)


def test_a_queued_run_has_its_film_when_it_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("BVAE_FILM", "on")
    queue = Queue(tmp_path)
    queue.add("trial", Config(network="mlp", epochs=2, dataset_limit=500, probe_size=100, device="cpu"))
    wait(lambda: not queue.entries())
    run = Run(tmp_path / "trial")
    wait(lambda: progress(run).state == "finished")
    found = run.film()
    assert found is not None
    assert found.epochs == [0, 1, 2]


def test_a_run_that_is_stopped_and_resumed_has_the_film_of_all_its_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("BVAE_FILM", "on")
    queue = Queue(tmp_path)
    queue.add("trial", Config(network="mlp", epochs=5_000, dataset_limit=2_000, probe_size=100, device="cpu"))
    run = lambda: Run(tmp_path / "trial")  # noqa: E731
    wait(lambda: (tmp_path / "trial" / "config.json").exists() and bool(run().epochs()))
    queue.stop("trial")
    wait(lambda: not queue.entries() and not queue.working())
    came = len(run().history())
    # Taken for a run that has ended, its film is compared by now, by a process that holds the film's lock.
    wait(lambda: progress(run()).stage.startswith("Working out") or progress(run()).state == "finished")
    queue.resume("trial", epochs=came + 3)
    wait(lambda: not queue.entries() and not queue.working())
    wait(lambda: progress(run()).state not in ("running", "absent"))
    found = run().film()
    assert found is not None
    assert found.epochs == run().epochs()
    assert found.epochs[-1] == came + 3
    assert progress(run()).state == "finished"


def test_the_constants_are_those_of_umap_learn() -> None:
    from umap import UMAP
    from umap.umap_ import find_ab_params

    defaults = UMAP()
    assert defaults.n_neighbors == layout.NEIGHBOURS
    assert defaults.min_dist == layout.MIN_DISTANCE
    assert defaults.negative_sample_rate == compiled.NEGATIVE_SAMPLES
    assert find_ab_params(defaults.spread, defaults.min_dist) == pytest.approx(layout._CURVE, abs=1e-7)
