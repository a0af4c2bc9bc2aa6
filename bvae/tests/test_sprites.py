"""Sprites: each factor does what its name says, what is drawn lazily is what is drawn at once; and dSprites."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from bvae import data, sprites
from bvae.config import Config
from bvae.data import DataError, load_dataset
from bvae.lazy import Drawn, LazyPixels, Packed, drawn
from bvae.runs import Run
from bvae.training import StoppedError, train_run


def draw(*factors: int) -> np.ndarray:
    """The image (64, 64) of a shape, scale, orientation, x and y."""
    index = int(np.ravel_multi_index(factors, tuple(sprites.FACTORS.values())))
    return Drawn().draw(torch.tensor([index]))[0].numpy()


def centre(image: np.ndarray) -> tuple[float, float]:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return float((x * image).sum() / image.sum()), float((y * image).sum() / image.sum())


def test_there_is_one_image_for_each_combination() -> None:
    assert sprites.COUNT == 737_280
    indices = np.arange(sprites.COUNT)
    found = sprites.factor_classes(indices)
    assert list(found) == ["shape", "scale", "orientation", "x", "y"]
    for name, values in found.items():
        assert np.bincount(values).tolist() == [sprites.COUNT // sprites.FACTORS[name]] * sprites.FACTORS[name]
    assert (np.ravel_multi_index(tuple(found.values()), tuple(sprites.FACTORS.values())) == indices).all()


def test_each_factor_does_what_its_name_says() -> None:
    image = draw(2, 3, 7, 10, 20)
    assert set(np.unique(image)) == {0, 255}
    np.testing.assert_array_equal(draw(2, 3, 7, 15, 20), np.roll(image, 5, axis=1))
    np.testing.assert_array_equal(draw(2, 3, 7, 10, 17), np.roll(image, -3, axis=0))
    for shape in range(3):
        areas = [float((draw(shape, scale, 0, 0, 0) > 0).sum()) for scale in range(6)]
        np.testing.assert_allclose(np.sqrt(np.divide(areas, areas[-1])), np.linspace(0.5, 1, 6), atol=0.03)
        whole = draw(shape, 5, 0, 16, 16)
        np.testing.assert_array_equal(whole, draw(shape, 5, 39, 16, 16))  # once around
        np.testing.assert_array_equal(whole, whole[:, ::-1][:, np.r_[63, :63]])  # upright, each is its own mirror image
    # A quarter turn, counter-clockwise: the ellipse lies, and then stands; the heart's tip points down, and then right.
    lying, standing = draw(1, 5, 0, 0, 0) > 0, draw(1, 5, 10, 0, 0) > 0
    assert lying.any(0).sum() > 1.5 * lying.any(1).sum()
    assert standing.any(1).sum() > 1.5 * standing.any(0).sum()
    down, right = draw(2, 5, 0, 16, 16) > 0, draw(2, 5, 10, 16, 16) > 0
    assert down.sum(1)[:20].sum() == 0
    tip = np.flatnonzero(down.any(1))[-1]
    assert down[tip].sum() <= 3
    tip = np.flatnonzero(right.any(0))[-1]
    assert right[:, tip].sum() <= 4


def test_figures_are_whole_and_unlike_each_other() -> None:
    figures = sprites.figures()
    areas = figures.sum((1, 2)).astype(int).reshape(3, 6, 40)
    assert (np.diff(areas, axis=1) > 0).all()  # a larger scale is a larger picture
    # All but the last orientation, which is the first again. A small square that is turned by 2° is still the same.
    turned = figures.reshape(3, 6, 40, -1)[:, :, :39]
    unlike = np.array([[len(np.unique(pictures, axis=0)) for pictures in shape] for shape in turned])
    assert (unlike[2] == 39).all()
    assert (unlike[1, 1:] == 39).all()
    assert (unlike >= 30).all()
    assert figures.shape == (720, 33, 33)
    assert figures.any((1, 2)).all()
    for side in (figures[:, 0], figures[:, -1], figures[:, :, 0], figures[:, :, -1]):
        assert not side.any()
    # The outermost positions are still within the page.
    for x, y in ((0, 0), (31, 0), (0, 31), (31, 31)):
        assert (draw(0, 5, 5, x, y) > 0).sum() == (draw(0, 5, 5, 16, 16) > 0).sum()


def test_the_split_is_the_same_everywhere() -> None:
    order = sprites.order()
    assert order[:5].tolist() == [573_548, 70_273, 390_831, 164_256, 185_931]
    assert len(np.unique(order)) == sprites.COUNT
    # The test images have all values of all factors about alike often.
    for name, values in sprites.factor_classes(order[: sprites.TEST_IMAGES]).items():
        expected = sprites.TEST_IMAGES / sprites.FACTORS[name]
        assert np.abs(np.bincount(values) - expected).max() < 4.5 * np.sqrt(expected), name


def test_lazy_images_are_cut_up_as_a_tensor_is() -> None:
    indices = torch.from_numpy(sprites.order()[:40])
    lazy = LazyPixels(Drawn(), indices)
    whole = Drawn().draw(indices)
    assert whole.dtype == torch.uint8
    assert whole.is_contiguous()
    assert len(lazy) == 40
    assert lazy.shape == tuple(whole.shape) == (40, 64, 64)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(drawn(lazy), whole)
    assert torch.equal(drawn(lazy[order]), whole[order])
    assert torch.equal(drawn(lazy[5:9]), whole[5:9])
    parts = zip(lazy.to("cpu")[order].split(16), whole[order].split(16), strict=True)
    assert all(torch.equal(drawn(part), expected) for part, expected in parts)
    assert drawn(whole) is whole


def test_bits_are_unpacked_as_they_were_packed() -> None:
    images = Drawn().draw(torch.from_numpy(sprites.order()[:20]))
    packed = Packed(torch.from_numpy(np.packbits(images.numpy() > 0, axis=2)))
    assert packed.shape == (64, 64)
    order = torch.tensor([3, 3, 19, 0])
    assert torch.equal(packed.to("cpu").draw(order), images[order])


def test_the_data_set() -> None:
    dataset = load_dataset("sprites")
    assert dataset.class_names == ("square", "ellipse", "heart")
    assert dataset.image_shape == (64, 64)
    assert (len(dataset.train), len(dataset.test)) == (727_280, 10_000)
    assert dataset.sha256 == "69cf6ccfbc3c0bc122ec954aab1b236373120bd9da560f40cbe09a398d765e2b"
    assert isinstance(dataset.train.pixels, LazyPixels)
    assert list(dataset.factor_classes) == list(sprites.FACTORS)
    assert torch.equal(dataset.test.labels, torch.from_numpy(dataset.factor_classes["shape"]))
    place = 77
    expected = draw(*(int(values[place]) for values in dataset.factor_classes.values()))
    np.testing.assert_array_equal(dataset.test.pixels[place].numpy(), expected)
    some = load_dataset("sprites", limit=30)
    assert len(some.train) == 30
    assert torch.equal(drawn(some.train.pixels), drawn(dataset.train.pixels[:30]))
    assert torch.equal(some.test.pixels, dataset.test.pixels)
    assert some.sha256 != dataset.sha256
    assert not load_dataset("mnist", limit=1).factor_classes


def test_a_run_on_sprites_learns_and_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sprites, "TEST_IMAGES", 300)
    config = Config(
        dataset="sprites", dataset_limit=1_200, network="mlp", latent_dim=6, beta=1.0, epochs=1, batch_size=20,
        probe_size=90, device="cpu", precision="float32",
    )  # fmt: skip
    records = list(train_run(tmp_path / "whole", config))
    assert records[1]["test"]["reconstruction"] < 0.4 * records[0]["test"]["reconstruction"]
    run = Run(tmp_path / "whole")
    probe = run.probe()
    assert probe.images.shape == (90, 64, 64)
    assert np.bincount(probe.labels).tolist() == [30] * 3
    assert run.details["data"]["train_images"] == 1_200
    assert run.details["data"]["bernoulli_floor"] == 0  # of black and white

    asked = iter(range(100))
    with pytest.raises(StoppedError):
        list(train_run(tmp_path / "stopped", config, stop=lambda: next(asked) == 5))
    list(train_run(tmp_path / "stopped", resume=True))
    for name, weights in Run(tmp_path / "stopped").weights(1).items():
        np.testing.assert_array_equal(weights, run.weights(1)[name])


# The published file --------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """A dSprites of 96 images (N, 64, 64) of 0 and 1 instead of 737,280, each unlike the others."""
    monkeypatch.setattr(sprites, "FACTORS", {"shape": 3, "scale": 2, "orientation": 2, "x": 2, "y": 4})
    monkeypatch.setattr(sprites, "COUNT", 96)
    monkeypatch.setattr(sprites, "TEST_IMAGES", 20)
    return np.random.default_rng(0).integers(0, 2, (96, 64, 64), dtype=np.uint8)


def write(path: Path, images: np.ndarray, classes: np.ndarray | None = None) -> Path:
    """A file as it is published: the table of contents in it is a pickle."""
    if classes is None:
        factors = sprites.factor_classes(np.arange(96))
        classes = np.stack([np.zeros(96, np.int64), *factors.values()], axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path, metadata=np.array({"title": "dSprites"}, object), imgs=images, latents_classes=classes,
        latents_values=classes.astype(float),
    )  # fmt: skip
    return path


def test_the_published_file_is_read_where_it_lies(
    few: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "dsprites" / data.DSPRITES, few)
    dataset = load_dataset("dsprites", cache=tmp_path)
    order = sprites.order()
    assert (len(dataset.train), len(dataset.test)) == (76, 20)
    np.testing.assert_array_equal(dataset.test.pixels.numpy(), 255 * few[order[:20]])
    np.testing.assert_array_equal(drawn(dataset.train.pixels).numpy(), 255 * few[order[20:]])
    assert torch.equal(dataset.test.labels, torch.from_numpy(order[:20] // 32))
    monkeypatch.setenv("BVAE_DSPRITES", str(write(tmp_path / "elsewhere.npz", few)))
    assert load_dataset("dsprites").sha256 == dataset.sha256
    write(tmp_path / "elsewhere.npz", few[::-1])
    assert load_dataset("dsprites").sha256 != dataset.sha256


def test_another_file_is_refused_in_words(few: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "it.npz"
    monkeypatch.setenv("BVAE_DSPRITES", str(path))
    with pytest.raises(DataError, match=r"there is none at .*it\.npz.*BVAE_DSPRITES"):
        load_dataset("dsprites")
    shuffled = np.zeros((96, 6), np.int64)
    for images, classes, message in (
        (few[:95], None, r"\(95, 64, 64\)"),
        (few.astype(np.int64), None, "int64"),
        (few.astype(object), None, "object"),
        (np.asfortranarray(few), None, "an array of"),
        (2 * few, None, "neither 0 nor 1"),
        (few, shuffled, "each combination"),
        (few, shuffled.astype(object), "object"),
    ):
        write(path, images, classes)
        with pytest.raises(DataError, match=message):
            load_dataset("dsprites")
    whole = write(path, few).read_bytes()
    for broken in (b"", whole[: len(whole) // 2], whole[:3_000] + bytes(200) + whole[3_200:]):
        path.write_bytes(broken)
        with pytest.raises(DataError, match="not the file of dSprites, or is damaged"):
            load_dataset("dsprites")

    write(path, few)
    with zipfile.ZipFile(path) as archive:
        table, head = archive.read("latents_classes.npy"), archive.read("imgs.npy")[:1_000]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("latents_classes.npy", table)
        archive.writestr("imgs.npy", head)  # says that more follows than does
    with pytest.raises(DataError, match="damaged"):
        load_dataset("dsprites")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.npy", table)
    with pytest.raises(DataError, match="latents_classes"):
        load_dataset("dsprites")
