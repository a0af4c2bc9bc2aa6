"""The Clusters page's Python: what it sends to the browser, and what it says of runs with and without a film."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from streamlit.testing.v1 import AppTest

from bvae.browser.film import MAX_BYTES, LiveFilm, bytes_an_epoch, film_stamp, framed
from bvae.film import progress
from bvae.film_worker import work
from bvae.layout import steps
from bvae.runs import BUNDLED_RUNS, Run, read_json, read_tensors, write_factors, write_film, write_json, write_tensors
from bvae.runs.schema import LAYOUTS
from bvae.tests.waiting import wait
from pages.parts.film import open_film
from pages.parts.film_quality import KINDS, OPENED, by_epoch, in_words, summary
from pages.parts.live import open_live
from tests.browsing import CLASS_COLOURS, sent
from tests.conftest import ROOT
from tests.test_app import texts

EPOCHS = (0, 1, 5, 100)
IMAGES = 300


def reduced(run: Run, target: Path, epochs: tuple[int, ...] = EPOCHS, places: Any = slice(IMAGES)) -> Run:
    """A run with some of another's snapshots and some of its probe images."""
    shutil.copytree(run.path, target, ignore=shutil.ignore_patterns("lock", "state.*", "layout*", "epochs", "latents"))
    for kind in ("epochs", "latents"):
        (target / kind).mkdir()
    write_tensors(target / "probe.safetensors", {name: part[places] for name, part in run.probe()._asdict().items()})
    for epoch in epochs:
        name = f"{epoch:04d}.safetensors"
        shutil.copy(run.path / "epochs" / name, target / "epochs")
        latents = {part: array[places] for part, array in run.latents(epoch)._asdict().items()}
        write_tensors(target / "latents" / name, latents)
    if factors := run.factors():
        write_factors(target, {name: part[places] for name, part in factors.items()})
    return Run(target)


@pytest.fixture(scope="module")
def with_film(trained_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run whose film is really worked out."""
    run = reduced(trained_run, tmp_path_factory.mktemp("film") / "filmed")
    work(run)
    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the app looks for runs; there are no bundled ones."""
    path = tmp_path / "runs"
    path.mkdir()
    monkeypatch.setenv("BVAE_RUNS", str(path))
    monkeypatch.setattr("bvae.runs.folders.BUNDLED_RUNS", tmp_path / "none")
    monkeypatch.setenv("BVAE_FILM", "off")
    return path


@pytest.fixture
def filmed(with_film: Run, folder: Path) -> Run:
    """A copy of it, to be changed."""
    shutil.copytree(with_film.path, folder / "filmed")
    return Run(folder / "filmed")


def pack(run: Run) -> tuple[LiveFilm, dict[str, np.ndarray], dict[str, Any]]:
    film = open_film(open_live(run, run.name))
    return film, *sent(film.content, "film")


# What is sent ----------------------------------------------------------------------------------------------------


def test_images_and_codes_are_those_of_the_run(with_film: Run) -> None:
    film, tensors, about = pack(with_film)
    probe = with_film.probe()
    assert np.array_equal(tensors["images"], probe.images)
    assert np.array_equal(tensors["labels"], probe.labels)
    assert np.array_equal(tensors["indices"], probe.indices)
    for place, epoch in enumerate(EPOCHS):
        mean, log_variance = map(torch.from_numpy, with_film.latents(epoch))
        posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
        kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0, 1)).sum(1)
        np.testing.assert_allclose(tensors["kl"][place], kl, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(tensors["means"][place], mean, atol=2e-3)
    live = open_live(with_film, with_film.name)
    assert about["key"] == film.key
    assert about["epochs"] == list(EPOCHS) == list(film.epochs)
    assert (about["images"], about["latent_dim"]) == (IMAGES, 20)
    assert about["order"] == list(live.order)
    assert about["passive"] == 20 - live.active > 0
    assert np.all(np.diff([with_film.history()[-1]["kl_per_dimension"][dimension] for dimension in live.order]) <= 0)


def test_the_film_is_that_of_the_run_centred_once_and_of_radius_one(with_film: Run) -> None:
    _, tensors, about = pack(with_film)
    film = with_film.film()
    assert film is not None
    for kind, made in {"umap": film.positions, "independent": film.independent}.items():
        positions = tensors[kind].astype(np.float64)
        assert positions.shape == (len(EPOCHS), IMAGES, 2)
        np.testing.assert_allclose(positions.mean((0, 1)), 0, atol=1e-5)
        distances = np.linalg.norm(positions - positions.mean(1, keepdims=True), axis=2)
        assert np.sqrt((distances**2).mean()) == pytest.approx(1, abs=1e-5)
        # One scale and one shift for all frames: what is between two frames of the film is not touched.
        scale = made[0, 0, 0] - made[-1, 7, 0], positions[0, 0, 0] - positions[-1, 7, 0]
        np.testing.assert_allclose(
            (made - made[0, 0]) * (scale[1] / scale[0]), positions - positions[0, 0], rtol=1e-3, atol=1e-4
        )
    assert np.array_equal(tensors["kept"], film.kept)
    assert np.array_equal(tensors["reconstruction"], film.reconstruction)
    assert about["kinds"] == film.about["kinds"]  # from the process that worked them out, number by number
    assert set(about["kinds"]) == set(KINDS)
    assert about["null_test"] == film.about["null_test"]
    assert tuple(about["layouts"]) == LAYOUTS
    assert [layout["name"] for layout in about["layouts"].values()] == [name for name, *_ in KINDS.values()]
    assert (about["neighbours"], about["compared"], about["unchanged"]) == (15, 15, 0.8)


def test_principal_components_are_those_of_scikit_learn(with_film: Run) -> None:
    _, tensors, _ = pack(with_film)
    means = [with_film.latents(epoch).mean for epoch in EPOCHS]
    fitted = PCA(2, svd_solver="full").fit(means[-1])
    last = framed(np.stack([fitted.transform(epoch) for epoch in means]))
    for axis in range(2):  # whose sign is free
        found = tensors["pca_last"][..., axis]
        sign = np.sign((found * last[..., axis]).sum())
        np.testing.assert_allclose(found, sign * last[..., axis], atol=1e-4)
    for place, epoch in enumerate(means):  # turned and scaled, an epoch's own components
        own = PCA(2, svd_solver="full").fit_transform(epoch)
        found = tensors["pca_each"][place] - tensors["pca_each"][place].mean(0)
        ratios = np.linalg.norm(found, axis=1) / np.linalg.norm(own, axis=1)
        np.testing.assert_allclose(ratios, np.median(ratios), rtol=2e-3)


def test_without_a_film_there_are_principal_components(trained_run: Run, folder: Path) -> None:
    film, tensors, about = pack(reduced(trained_run, folder / "bare"))
    assert film.frames == {"pca_last": len(EPOCHS), "pca_each": len(EPOCHS)}
    assert not {"umap", "independent", "kept", "reconstruction"} & set(tensors)
    assert about["kinds"] == {}
    assert film.problems == ()


def test_frames_of_snapshots_that_are_gone_are_dropped_with_their_figures(filmed: Run) -> None:
    before = filmed.film()
    assert before is not None
    for kind in ("epochs", "latents"):
        (filmed.path / kind / "0001.safetensors").unlink()
    film, tensors, about = pack(filmed)
    assert film.epochs == (0, 5, 100)
    assert tensors["umap"].shape == tensors["independent"].shape == (3, IMAGES, 2)
    assert np.array_equal(tensors["umap"], framed(before.positions[[0, 2, 3]]))
    assert np.array_equal(tensors["reconstruction"], before.reconstruction[[0, 2, 3]])
    figures = before.about["kinds"]["umap"]
    assert about["kinds"]["umap"]["trustworthiness"] == [figures["trustworthiness"][place] for place in (0, 2, 3)]
    assert about["kinds"]["umap"]["step"] == pytest.approx(steps(before.positions[[0, 2, 3]]), rel=1e-4)
    assert "spurious" not in about["kinds"]["umap"], "nobody counted what was kept over the epoch that is gone"


def test_an_epoch_that_the_film_has_not_ends_it_there(filmed: Run, trained_run: Run) -> None:
    name = "0003.safetensors"
    shutil.copy(trained_run.path / "epochs" / name, filmed.path / "epochs")
    latents = {part: array[:IMAGES] for part, array in trained_run.latents(3)._asdict().items()}
    write_tensors(filmed.path / "latents" / name, latents)
    film, tensors, _ = pack(filmed)
    assert film.epochs == (0, 1, 3, 5, 100)
    assert film.frames == {"umap": 2, "independent": 2, "pca_last": 5, "pca_each": 5}
    assert len(tensors["reconstruction"]) == 2


def test_a_film_of_other_images_is_refused_in_a_sentence(filmed: Run) -> None:
    made = filmed.film()
    assert made is not None
    write_film(filmed.path, made._replace(
        positions=made.positions[:, :9], independent=made.independent[:, :9], kept=made.kept[:, :9],
        reconstruction=made.reconstruction[:, :9],
    ))  # fmt: skip
    film, tensors, _ = pack(filmed)
    assert "umap" not in tensors
    (problem,) = film.problems
    assert f"the film of 9 images, and the run has {IMAGES}" in problem


@pytest.mark.parametrize(
    "kinds",
    [
        None, [], "x", {"umap": None}, {"umap": {"trustworthiness": "0.9"}}, {"other": {"trustworthiness": [1]}},
        {"umap": {"trustworthiness": [0.9, None], "continuity": [[1]], "accuracy": [True]}},
        {"umap": {"step": [1e999], "spurious": [10**400]}},
    ],
)  # fmt: skip
def test_figures_that_are_none_are_absent(filmed: Run, kinds: Any) -> None:
    path = filmed.path / "layout.json"
    write_json(path, read_json(path) | {"kinds": kinds, "null_test": "<b>", "seconds": [], "neighbours": {}})
    _, tensors, about = pack(filmed)
    assert "umap" in tensors
    assert about["kinds"] == {}
    assert about["null_test"] is None
    app = open_clusters()
    assert not app.exception
    assert "are measured when its film is worked out" in texts(app.markdown)


def test_more_than_the_browser_should_take_is_thinned(filmed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bvae.browser.film.MAX_BYTES", 300_000)
    film, _, _ = pack(filmed)
    assert film.epochs == (0, 100)
    assert film.frames["umap"] == 2
    assert len(film.content) < 310_000


def test_ten_thousand_images_and_fifty_epochs_fit() -> None:
    assert 10_000 * 28 * 28 + 50 * bytes_an_epoch(10_000, 20) < MAX_BYTES


@pytest.mark.parametrize(
    ("epochs", "places"),
    [((0,), slice(40)), ((0, 100), slice(40)), (EPOCHS, slice(1)), (EPOCHS, [0] * 30), (EPOCHS, "class")],
    ids=["one epoch", "two epochs", "one image", "one image, again and again", "one class"],
)
def test_small_runs_have_a_film_and_finite_places(
    trained_run: Run, folder: Path, epochs: tuple[int, ...], places: Any
) -> None:
    if places == "class":
        places = np.flatnonzero(trained_run.probe().labels == 3)[:60]
    run = reduced(trained_run, folder / "small", epochs, places)
    work(run)
    film, tensors, _ = pack(run)
    assert not film.problems
    for kind in KINDS:
        assert tensors[kind].shape[0] == len(epochs)
        assert np.isfinite(tensors[kind]).all()
    app = open_clusters()
    assert not app.exception
    assert not app.error
    assert "worked out in" in texts(app.markdown)
    assert len(app.table) == 1


# The page --------------------------------------------------------------------------------------------------------


def open_clusters(app: AppTest | None = None, **parameters: str) -> AppTest:
    """The page, at first or again, with its figures of quality unfolded."""
    if app is None:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
        for name, value in parameters.items():
            app.query_params[name] = value
    app.session_state["asked_page"] = "clusters"  # left alone, an AppTest goes back to the first page
    app.session_state[OPENED] = True
    return app.run()


def component_data(app: AppTest) -> dict[str, Any]:
    """What the map gets as its data."""
    (found,) = (element.proto for element in app.get("bidi_component") if element.proto.component_name == "clusters")
    return dict(json.loads(found.json)[0])


def shown(app: AppTest) -> list[dict[str, Any]]:
    """What is said of the films that are sent."""
    protos = [element.proto for element in app.get("bidi_component")]
    return [
        json.loads(json.loads(proto.bytes[8 : 8 + struct.unpack("<Q", proto.bytes[:8])[0]])["__metadata__"]["film"])
        for proto in protos
        if proto.component_name == "film_store"
    ]


def sent_tensors(app: AppTest) -> set[str]:
    """The names of what is sent of the one film on the page."""
    (content,) = (
        element.proto.bytes for element in app.get("bidi_component") if element.proto.component_name == "film_store"
    )
    return set(safetensors.numpy.load(content))


def press(app: AppTest, label: str) -> AppTest:
    (button,) = (button for button in app.button if button.label == label)
    button.click()
    return open_clusters(app)


def running(run: Run, **values: Any) -> None:
    """Have it look as if this process worked the film out."""
    alive = {"format": 1, "state": "running", "pid": os.getpid(), "host": socket.gethostname()}
    write_json(run.path / "layout.json", alive | {"heartbeat": time.time(), "error": None, **values})


def test_the_page_shows_the_film_and_its_figures(filmed: Run) -> None:
    app = open_clusters()
    assert not app.exception
    assert not app.error
    (film,) = shown(app)
    data = component_data(app)
    assert data["film"] == film["key"]
    assert data["other"] is None
    assert "Film of **filmed**: 4 frames of 300 test images, worked out in " in texts(app.markdown)
    assert not [button for button in app.button if "film" in button.label.lower()]
    table = app.table[0].value
    assert list(table.index) == [name for name, *_ in KINDS.values()]
    figures = filmed.film().about["kinds"]["umap"]  # type: ignore[union-attr]
    worst, mean = min(figures["trustworthiness"]), np.mean(figures["trustworthiness"])
    assert table.loc["UMAP film", "Trust\u00adworthiness"] == f"{worst:.3f}\u00a0· {mean:.3f}"


def test_a_film_is_worked_out_on_request_while_principal_components_are_shown(trained_run: Run, folder: Path) -> None:
    run = reduced(trained_run, folder / "bare", (0, 100), slice(60))
    app = open_clusters()
    assert "**bare** has no film yet" in texts(app.markdown)
    assert shown(app)[0]["kinds"] == {}
    before = component_data(app)["film"]
    app = press(app, "Work out the film")
    assert not app.exception
    assert not app.error
    assert progress(run).state in ("running", "finished")
    assert component_data(app)["film"]  # something to see meanwhile
    wait(lambda: progress(run).state != "running")
    found = progress(run)
    assert found.state == "finished", found.error
    app = open_clusters(app)
    assert "Film of **bare**: 2 frames of 60 test images, worked out in " in texts(app.markdown)
    assert component_data(app)["film"] != before
    assert set(shown(app)[0]["kinds"]) == set(KINDS)


@pytest.mark.parametrize(
    ("remaining", "sentence"), [(None, "Laying out epoch 5"), (42.4, "Laying out epoch 5, about 42 seconds left")]
)
def test_how_far_a_film_is_is_said(trained_run: Run, folder: Path, remaining: float | None, sentence: str) -> None:
    run = reduced(trained_run, folder / "bare")
    running(run, stage="Laying out epoch 5", done=25, of=100, remaining=remaining)
    app = open_clusters()
    assert not app.exception
    (bar,) = app.get("progress")
    assert bar.proto.text == f"Film of **bare**: {sentence}"
    assert bar.proto.value == 25


def test_new_frames_are_news_when_the_last_is_there_and_when_all_is_done(filmed: Run) -> None:
    live = open_live(filmed, "filmed")
    film = filmed.film()
    assert film is not None
    finished = film_stamp(live)
    stamps = []
    for frames, reconstructed in ((2, 0), (3, 0), (4, 0), (4, 2), (4, 4)):
        parts = {
            "positions": film.positions[:frames],
            "kept": film.kept[:frames],
            "independent": film.independent[:0],
        }
        part = film._replace(epochs=film.epochs[:frames], reconstruction=film.reconstruction[:reconstructed], **parts)
        write_film(filmed.path, part)
        running(filmed, stage="x", epochs=film.epochs[:frames], done=1)
        stamps.append(film_stamp(live))
    assert stamps[0] == stamps[1]
    assert stamps[2] == stamps[3]
    assert len({finished, *stamps}) == 4


def test_what_went_wrong_is_one_sentence_with_a_way_on(trained_run: Run, folder: Path) -> None:
    run = reduced(trained_run, folder / "bare")
    running(run, state="failed", error="The disk is full [x](y).")
    app = open_clusters()
    assert not app.exception
    (error,) = app.error
    assert error.value.replace("\\", "") == "The film of bare could not be worked out. The disk is full [x](y)."
    assert "[x]" not in error.value
    assert [button.label for button in app.main.button] == ["Try again"]


def test_a_folder_that_cannot_be_written_is_said_and_principal_components_stay(
    trained_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = reduced(trained_run, folder / "bare")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # a mode that forbids it would not bind root
    app = press(open_clusters(), "Work out the film")
    assert not app.exception
    assert str(run.path) in texts(app.error)
    assert "cannot be written" in texts(app.error)
    assert set(component_data(app)) >= {"film", "key"}
    assert progress(run).state == "absent"


def test_means_that_are_not_numbers_are_refused_by_the_name_of_their_file(filmed: Run) -> None:
    path = filmed.path / "latents" / "0005.safetensors"
    tensors, _ = read_tensors(path)
    tensors["mean"][3, 1] = np.nan
    write_tensors(path, tensors)
    app = open_clusters()
    assert not app.exception
    (warning,) = app.warning  # once, though both the weights and the film go without that epoch
    assert "0005.safetensors holds values in mean that are not finite numbers" in warning.value
    assert shown(app)[0]["epochs"] == [0, 1, 100]


def test_a_run_without_latents_says_so(filmed: Run) -> None:
    shutil.rmtree(filmed.path / "latents")
    app = open_clusters()
    assert not app.exception
    assert "latents" in texts(app.error)
    assert "is missing" in texts(app.error)


def test_a_damaged_film_is_said_and_principal_components_stay(filmed: Run) -> None:
    path = filmed.path / "layout.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    app = open_clusters()
    assert not app.exception
    assert "layout.safetensors is damaged" in texts(app.warning)
    assert shown(app)[0]["kinds"] == {}
    assert [button.label for button in app.main.button] == ["Work it out anew"]


def test_a_film_that_the_run_has_grown_beyond_is_brought_up_to_date(
    filmed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = filmed.film()
    assert made is not None
    write_film(filmed.path, made._replace(
        epochs=made.epochs[:2], positions=made.positions[:2], independent=made.independent[:2],
        kept=made.kept[:2], reconstruction=made.reconstruction[:2],
        about=made.about | {"epochs": made.epochs[:2]},
    ))  # fmt: skip
    app = open_clusters()
    assert not app.exception
    assert "**filmed** has other epochs than its film." in texts(app.markdown)
    assert [button.label for button in app.main.button] == ["Bring it up to date"]
    (film,) = shown(app)
    assert film["epochs"] == list(EPOCHS), "principal components are of all"
    assert len(film["kinds"]["umap"]["trustworthiness"]) == 2
    assert len(film["kinds"]["umap"]["step"]) == 1
    assert "pca_last" not in film["kinds"], "those of epoch 1 were measured, and those of epoch 100 are shown"
    # Where nobody switched that off, looking at it is enough.
    monkeypatch.setenv("BVAE_FILM", "on")
    app = open_clusters(app)
    assert not app.exception
    wait(lambda: progress(filmed).state != "running")
    assert progress(filmed).state == "finished"
    caught_up = filmed.film()
    assert caught_up is not None
    assert caught_up.epochs == list(EPOCHS)
    assert np.array_equal(caught_up.positions[:2], made.positions[:2])


def test_frames_are_shown_before_what_they_are_compared_with(trained_run: Run, folder: Path) -> None:
    run = reduced(trained_run, folder / "bare", (0, 100), slice(60))
    work(run, compare=False)
    app = open_clusters()
    assert not app.exception
    assert "The film of **bare** is not compared with anything yet." in texts(app.markdown)
    assert "umap" in sent_tensors(app)
    running(run, stage="Comparing", done=10, epochs=[0, 100], remaining=20.0)
    app = open_clusters(app)
    (bar,) = app.get("progress")
    assert bar.proto.text == (
        "Film of **bare**: 2 frames of 60 test images. What it is compared with follows: "
        "Comparing, about 20 seconds left"
    )
    assert "umap" in sent_tensors(app)


def test_a_run_in_training_keeps_its_film_until_newer_epochs_are_asked_for(filmed: Run) -> None:
    later = {filmed.path / kind / "0100.safetensors": b"" for kind in ("epochs", "latents")}
    for path in later:
        later[path] = path.read_bytes()
        path.unlink()
    history = filmed.path / "history.jsonl"
    records = history.read_text()
    history.write_text("".join(records.splitlines(keepends=True)[:6]))
    status = read_json(filmed.path / "status.json")
    app = open_clusters()
    assert not app.exception
    assert shown(app)[0]["epochs"] == [0, 1, 5]
    before = component_data(app)["film"]
    history.write_text(records)
    for path, content in later.items():
        path.write_bytes(content)
    app = open_clusters(app)
    assert component_data(app)["film"] == before
    app.sidebar.button(key="newer").click()
    app = open_clusters(app)
    assert not app.exception
    assert shown(app)[0]["epochs"] == list(EPOCHS)
    assert status["state"] == "finished"


def test_two_runs_side_by_side(filmed: Run, trained_run: Run, folder: Path) -> None:
    reduced(trained_run, folder / "other", (0, 100), slice(50))
    app = open_clusters(run="filmed")
    picker = app.selectbox(key="clusters_second")
    assert picker.options == ["None", "other"]
    picker.select("other")
    app = open_clusters(app)
    assert not app.exception
    first, second = shown(app)
    data = component_data(app)
    assert (first["name"], second["name"]) == ("filmed", "other")
    assert (data["film"], data["other"]["film"]) == (first["key"], second["key"])
    assert data["other"]["key"] == open_live(Run(folder / "other"), "other").key != data["key"]
    assert "**other** has no film yet" in texts(app.markdown)
    names = [element.proto.component_name for element in app.get("bidi_component")]
    assert (names.count("live_recall"), names.count("live_store")) == (
        2,
        2,
    )  # two parts of each, those of the first known
    app.selectbox(key="run").select("other")  # then the second can no longer be itself
    app = open_clusters(app)
    assert not app.exception
    assert app.selectbox(key="clusters_second").value == ""
    assert component_data(app)["other"] is None


def test_a_second_run_that_cannot_be_read_is_said_and_the_first_stays(filmed: Run, folder: Path) -> None:
    shutil.copytree(filmed.path, folder / "other")
    for path in (folder / "other" / "epochs").iterdir():
        path.write_bytes(b"nothing")
    app = open_clusters(run="filmed")
    app.selectbox(key="clusters_second").select("other")
    app = open_clusters(app)
    assert not app.exception
    assert "is damaged" in texts(app.error)
    assert component_data(app)["other"] is None
    assert shown(app)[0]["name"] == "filmed"


# Figures ---------------------------------------------------------------------------------------------------------


def test_the_figures_show_every_value_at_its_epoch(with_film: Run) -> None:
    about = with_film.film().about  # type: ignore[union-attr]
    figure, words = by_epoch(about)
    drawn = {(trace.name, trace.yaxis): trace for trace in figure.data}
    assert len(drawn) == 16
    for kind, (name, *_) in KINDS.items():
        assert list(drawn[name, "y"].y) == about["kinds"][kind]["trustworthiness"]
        assert list(drawn[name, "y"].customdata) == list(EPOCHS)
        assert list(drawn[name, "y4"].y) == about["kinds"][kind]["step"]
        assert list(drawn[name, "y4"].customdata) == list(EPOCHS)[1:]
    first = about["kinds"]["umap"]["trustworthiness"][0]
    assert f"{first:.3f}" in words
    assert "0, 1, 5, 100" in words
    assert list(figure.layout.xaxis.ticktext) == ["0", "1", "5", "100"]


def test_figures_that_are_still_missing_leave_a_gap_and_no_fault() -> None:
    half = {"trustworthiness": [0.9], "continuity": [0.8], "accuracy": [0.7], "step": [], "spurious": []}
    about = {"epochs": [0, 3], "images": 40, "neighbours": 15, "kinds": {"umap": half}}
    figure, _ = by_epoch(about)
    assert [list(trace.x) for trace in figure.data] == [[0], [0], [0]]
    table = summary(about)
    assert table.loc["UMAP film", "Trust\u00adworthiness"] == "0.900\u00a0· 0.900"
    assert table.loc["UMAP film", "Step"] == "–"
    assert in_words(about) == ""


def test_a_step_in_which_no_image_kept_its_neighbours_has_none_without_reason(filmed: Run) -> None:
    path = filmed.path / "layout.json"
    about = read_json(path)
    steps = [0.5] * (len(filmed.epochs()) - 2)
    about["kinds"]["umap"]["spurious"] = [None, *steps]
    write_json(path, about)
    _, _, packed = pack(filmed)
    assert packed["kinds"]["umap"]["spurious"] == [None, *steps]
    assert summary(packed).loc["UMAP film", "Without reason"] == "0.500\u00a0· 0.500"
    packed["kinds"]["umap"]["spurious"] = [None]
    assert summary(packed).loc["UMAP film", "Without reason"] == "–"


def test_the_words_name_the_frame_that_is_furthest_below_its_own_umap() -> None:
    film = {"trustworthiness": [0.9, 0.95, 0.97], "step": [0.1, 0.3]}
    own = {"trustworthiness": [0.89, 0.99, 0.98], "step": [0.8, 1.0]}
    words = in_words({"epochs": [0, 7, 20], "null_test": 0.004, "kinds": {"umap": film, "independent": own}})
    assert "at epoch 7, its trustworthiness is 0.950, and that UMAP’s 0.990" in words
    assert "less than 0.200 standard deviations; in independent UMAPs, 0.900" in words
    assert "0.4 %" in words


def test_a_film_that_is_finished_is_shown_without_what_works_it_out() -> None:
    """Whatever the page needs, in a process that opens nothing else."""
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "def look(**state):\n"
        "    app = AppTest.from_file('app.py', default_timeout=180)\n"
        "    for name, value in ({'asked_page': 'clusters'} | state).items(): app.session_state[name] = value\n"
        "    app.run(); assert not app.exception, app.exception\n"
        "    return len(app.table)\n"
        "print(look(), {'pandas', 'plotly.subplots'} & set(sys.modules))\n"
        f"print(look({OPENED}=True), {{'torch', 'numba', 'umap', 'pynndescent', 'scipy'}} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0 set()", "1 set()"]


def test_the_pages_that_are_opened_first_do_not_import_what_a_film_needs() -> None:
    code = (
        "import sys, pages.parts.film, pages.parts.film_quality; print({'torch', 'numba', 'umap'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# Colours ---------------------------------------------------------------------------------------------------------


def test_classes_that_touch_in_the_bundled_films_have_colours_far_apart() -> None:
    petroff = {"3f90da", "ffa90e", "bd1f01", "94a4a2", "832db6", "a96b59", "e76300", "b9ac70", "717581", "92dadd"}
    assert set(CLASS_COLOURS) == petroff
    touching = np.zeros((10, 10))
    for path in BUNDLED_RUNS.iterdir():
        run = Run(path)
        film, labels = run.film(), run.probe().labels
        assert film is not None
        near = NearestNeighbors(n_neighbors=10).fit(film.positions[-1]).kneighbors(return_distance=False)
        counts = np.zeros((10, 10))
        np.add.at(counts, (labels[:, None], labels[near]), 1)
        counts = np.triu(counts + counts.T, 1)
        touching += counts / counts.sum() / len(list(BUNDLED_RUNS.iterdir()))
    pairs = np.argwhere(touching > 0.02)  # of all neighbours of two classes
    assert len(pairs) > 12
    assert [3, 8] in pairs.tolist()
    for seen_by, seen in SEEN.items():
        places = np.stack([oklab(colour, np.array(seen)) for colour in CLASS_COLOURS])
        apart = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
        least = 0.2 if seen_by == "most" else 0.16
        assert apart.min() > least, f"{pairs[apart.argmin()]} look alike, seen by {seen_by}"


# Linear red, green and blue as who lacks a kind of cones sees them: Machado, Oliveira and Fernandes 2009.
SEEN = {
    "most": np.eye(3).tolist(),
    "protanopes": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopes": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}


def oklab(colour: str, seen: np.ndarray) -> np.ndarray:
    """A colour where distances are as they are seen, (3,): Ottosson 2020.

    Args:
        seen: one of `SEEN`.
    """
    encoded = np.array(tuple(bytes.fromhex(colour))) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    linear = np.clip(seen @ linear, 0, 1)
    cones = [[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]]
    axes = [[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]]
    return np.array(axes) @ np.cbrt(np.array(cones) @ linear)
