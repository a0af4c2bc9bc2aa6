"""A person's own images: every form of them gives the same, and what is wrong is told in a sentence."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bvae.browser.live import chosen_epochs, pack
from bvae.cli import main
from bvae.config import Config, ConfigError, propose_name
from bvae.data import DataError, load_dataset
from bvae.images import ImageError, brought, collect, gathered, sources, tables
from bvae.runs import Run
from bvae.training import train_run

NAMES = ("circle", "square", "10", "2")


def shapes(count: int = 40, side: int = 28) -> tuple[np.ndarray, list[str]]:
    """Light squares and discs of many sizes on dark ground, and the names of their classes."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] - side / 2
    images = np.zeros((count, side, side), np.uint8)
    for number, image in enumerate(images):
        radius = side * rng.uniform(0.1, 0.4)
        inside = np.hypot(x, y) < radius if number % 4 == 0 else np.maximum(abs(x), abs(y) * (number % 4)) < radius
        image[inside] = rng.integers(150, 256)
    return images, [NAMES[number % 4] for number in range(count)]


def png(image: np.ndarray, mode: str = "L") -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).convert(mode).save(file, "PNG")
    return file.getvalue()


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_folder(root: Path, images: np.ndarray, labels: list[str]) -> Path:
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (root / label).mkdir(parents=True, exist_ok=True)
        (root / label / f"{number:03d}.png").write_bytes(png(image))
    return root


def write_zip(path: Path, images: np.ndarray, labels: list[str], top: str = "shapes/") -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"__MACOSX/{top}x.png", b"rubbish")
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            file.writestr(f"{top}{label}/{number:03d}.png", png(image))
    return path


def listing(count: int) -> bytes:
    """A zip file that is a list of so many files, and nothing else."""
    name = b"x.png"
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, len(name), *(0,) * 6) + name
    length = count * len(entry)
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, length, 1)
    return (
        entry * count + end_64 + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *(2**16 - 1,) * 2, 2**32 - 1, 0, 0)
    )


def by_class(found: object, images: np.ndarray, labels: list[str]) -> None:
    """Every class has the images that it came with, whatever their order."""
    for place, name in enumerate(found.class_names):  # type: ignore[attr-defined]
        there = {image.tobytes() for image in found.images[found.labels == place]}  # type: ignore[attr-defined]
        assert there == {image.tobytes() for image, label in zip(images, labels, strict=True) if label == name}


def test_every_form_gives_the_same_images(tmp_path: Path) -> None:
    images, labels = shapes()
    numbers = np.array([NAMES.index(label) for label in labels])
    np.savez(tmp_path / "a.npz", images=images, labels=np.array(labels))
    np.savez(tmp_path / "b.npz", x_train=images[:30] / 255, y_train=numbers[:30], x_test=images[30:] / 255,
             y_test=numbers[30:])  # fmt: skip
    np.save(tmp_path / "flat.npy", images.reshape(len(images), -1))
    lines = [f"{number}," + ",".join(map(str, image.ravel())) for number, image in zip(numbers, images, strict=True)]
    (tmp_path / "kaggle.csv").write_text("label," + ",".join(f"p{n}" for n in range(784)) + "\n" + "\n".join(lines))
    (tmp_path / "bare.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (tmp_path / "idx").mkdir()
    for prefix, part in (("train", slice(30)), ("t10k", slice(30, None))):
        (tmp_path / f"idx/{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[part])))
        (tmp_path / f"idx/{prefix}-labels-idx1-ubyte").write_bytes(idx(numbers[part].astype(np.uint8)))
    folder, archive = write_folder(tmp_path / "folder", images, labels), write_zip(tmp_path / "c.zip", images, labels)

    for path in (folder, archive, tmp_path / "a.npz"):
        found = collect(path)
        assert found.class_names == ("2", "10", "circle", "square")  # as people count
        by_class(found, images, labels)
        assert found.test.sum() == 4
        assert "drawn with the seed 0" in " ".join(found.notes)
    for path in (tmp_path / "b.npz", tmp_path / "idx"):
        found = collect(path)
        assert found.class_names == ("0", "1", "2", "3")
        by_class(found, images, [str(number) for number in numbers])
        assert {image.tobytes() for image in found.images[found.test]} == {image.tobytes() for image in images[30:]}
        assert "30 to learn from and 10 to test with, as they came." in found.notes
    for path in (tmp_path / "kaggle.csv", tmp_path / "bare.csv.gz", tmp_path / "idx/train-images-idx3-ubyte.gz"):
        found = collect(path)
        by_class(found, images[: len(found.images)], [str(number) for number in numbers[: len(found.images)]])
        assert np.array_equal(found.images, images[: len(found.images)])
    found = collect(tmp_path / "flat.npy")
    assert np.array_equal(found.images, images)
    assert found.class_names == ("image",)
    assert "They have no classes." in " ".join(found.notes)
    assert np.array_equal(collect(folder).test, collect(folder).test)  # the split is the same every time


def test_what_is_changed_is_said(tmp_path: Path) -> None:
    images, labels = shapes()
    light = collect(write_folder(tmp_path / "dark-on-light", 255 - images, labels))
    by_class(light, images, labels)
    assert any(note.startswith("They are dark on light, and were turned over") for note in light.notes)

    large = np.repeat(np.repeat(images, 4, 1), 4, 2)
    found = collect(write_folder(tmp_path / "large", large, labels))
    assert found.images.shape == (40, 64, 64)
    assert "40 were larger than 64 pixels, and scaled down." in found.notes

    mixed = write_folder(tmp_path / "mixed", images, labels)
    red = np.zeros((28, 56, 3), np.uint8)
    red[8:20, 20:36, 0] = 255
    (mixed / "2" / "red.png").write_bytes(png(red, "RGB"))
    (mixed / "2" / "cut.png").write_bytes(png(images[0])[:60])
    (mixed / "2" / "tiny.png").write_bytes(png(images[0][:1, :1]))
    (mixed / "2" / "notes.doc").write_bytes(b"text")
    found = collect(mixed)
    assert found.images.shape == (41, 28, 28)
    said = " ".join(found.notes)
    assert "of 2 sizes. The most frequent is 28 × 28; 1 of another were fitted into it" in said
    assert "1 was in colour, and turned to grey." in said
    assert "1 left out, which cannot be read as pictures: 2/cut.png." in said
    assert "1 left out, which are smaller than 8 × 8 pixels: 2/tiny.png." in said
    assert "1 left out, which are no pictures: 2/notes.doc." in said

    floats = np.concatenate([images / 127.5 - 1, np.full((1, 28, 28), np.nan)])
    np.save(tmp_path / "floats.npy", floats)
    found = collect(tmp_path / "floats.npy")
    assert abs(found.images.astype(int) - images).max() <= 1
    said = " ".join(found.notes)
    assert "from −1 to 1" in said
    assert "1 left out, which have values that are no finite number" in said

    lines = ["1," + ",".join(map(str, image.ravel())) for image in images]
    lines[3] = lines[3].replace(",0,", ",zero,", 1)
    lines[5] += ",0"
    lines[7] = lines[7].replace(",0,", ",nan,", 1)
    (tmp_path / "torn.csv").write_text("\n".join(lines))
    found = collect(tmp_path / "torn.csv")
    assert len(found.images) == 37
    said = " ".join(found.notes)
    assert "1 left out, which hold text where a pixel should be: line 4." in said
    assert "1 left out, which have another number of columns than the first line: line 6." in said
    assert "1 left out, which have values that are no finite number" in said


def test_splits_by_folder_and_labels_as_text(tmp_path: Path) -> None:
    images, _ = shapes(12)
    script = "<script>alert(1)<"
    for split, part in (("train", slice(9)), ("test", slice(9, None))):
        write_folder(tmp_path / "set" / split, images[part], [script, "b", "c"] * (3 if split == "train" else 1))
    found = collect(tmp_path / "set")
    assert found.test.sum() == 3
    assert found.class_names == (script, "b", "c")
    np.savez(tmp_path / "long.npz", images=images, labels=np.array(["a\x00\x1b" + "x" * 500, *"bcdefghijkl"]))
    assert max(map(len, collect(tmp_path / "long.npz").class_names)) == 60


def test_what_cannot_be_learned_from_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = shapes(12)

    def refused(path: Path, *words: str) -> None:
        with pytest.raises(ImageError) as caught:
            collect(path)
        for word in words:
            assert word in str(caught.value)

    refused(tmp_path / "nowhere", "There are no images at", "Give a folder or zip of pictures")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "There are no pictures in")
    os.mkfifo(tmp_path / "pipe.npz")
    refused(tmp_path / "pipe.npz", "neither a file nor a folder")
    refused(write_folder(tmp_path / "one", images[:1], labels[:1]), "one image", "two or more")
    refused(write_folder(tmp_path / "same", np.repeat(images[:1], 5, 0), labels[:5]), "All 5 images", "are equal")
    (tmp_path / "one.png").write_bytes(png(images[0]))
    refused(tmp_path / "one.png", "is one picture")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused(tmp_path / "objects.npy", "which are a pickle", "not opened here")
    np.savez(tmp_path / "objects.npz", images=images, labels=np.array([{"a": 1}] * 12, dtype=object))
    refused(tmp_path / "objects.npz", "which are a pickle")
    np.savez(tmp_path / "which.npz", left=images, right=images)
    refused(tmp_path / "which.npz", "holds left, right", "Name the arrays images and labels")
    np.savez(tmp_path / "few.npz", images=images, labels=np.arange(3))
    refused(tmp_path / "few.npz", "12 images, and there are 3 labels")
    np.save(tmp_path / "wide.npy", np.zeros((4, 30)))
    refused(tmp_path / "wide.npy", "30 values a row", "no square")
    (tmp_path / "text.csv").write_text("a,b,c\n1,2,3\n")
    refused(tmp_path / "text.csv", "3 columns")
    (tmp_path / "line.csv").write_text("1," * 2**20)
    refused(tmp_path / "line.csv", "a line of more than")
    (tmp_path / "short-idx3-ubyte").write_bytes(idx(images)[:500])
    refused(tmp_path / "short-idx3-ubyte", "cut short")
    (tmp_path / "vast-idx3-ubyte").write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 2**31, 2**31))
    refused(tmp_path / "vast-idx3-ubyte", "too many")
    (tmp_path / "torn.zip").write_bytes(write_zip(tmp_path / "whole.zip", images, labels).read_bytes()[:900])
    refused(tmp_path / "torn.zip", "no zip file that can be read")

    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.png", bytes(50 * 2**20))
    refused(tmp_path / "bomb.zip", "packed more tightly than any picture: a.png")
    wide = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(wide, "PNG")
    with zipfile.ZipFile(tmp_path / "vast.zip", "w") as file:
        file.writestr("a.png", wide.getvalue())
    refused(tmp_path / "vast.zip", "have more than 40 million pixels: a.png")
    (tmp_path / "million.zip").write_bytes(listing(1_000_000))
    tracemalloc.start()
    refused(tmp_path / "million.zip", "more than 200,000 files")
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20, "no list of them is made"
    tracemalloc.stop()
    with (tmp_path / "vast.csv").open("wb") as table:
        table.truncate(2**31)
    refused(tmp_path / "vast.csv", "more than 1 GiB", "Give a part of it")
    lines = "\n".join("1," + ",".join(map(str, image.ravel())) for image in images)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(lines.encode()))
    monkeypatch.setattr(tables, "MOST_TABLE", 15_000)
    refused(tmp_path / "packed.csv.gz", "packed.csv.gz has more than")
    monkeypatch.setattr(sources, "MOST_FILES", 5)
    refused(write_folder(tmp_path / "many", images, labels), "more than 5 files")
    refused(tmp_path / "whole.zip", "more than 5 files")
    monkeypatch.setattr(gathered, "MOST_BYTES", 5_000)
    np.save(tmp_path / "much.npy", images)
    refused(tmp_path / "much.npy", "more images than fit", "6 of 28 × 28")


@pytest.mark.parametrize("kind", ["two images", "one class"])
def test_a_run_is_trained_on_next_to_nothing(tmp_path: Path, kind: str) -> None:
    images, labels = shapes(2 if kind == "two images" else 12)
    names = labels if kind == "two images" else ["only"] * 12
    path = write_folder(tmp_path / "few", images, names)
    list(train_run(tmp_path / "run", Config(dataset=str(path), network="mlp", epochs=1, device="cpu")))
    run = Run(tmp_path / "run")
    assert run.class_names == sorted(set(names))
    assert len(run.probe().labels) == 1
    assert pack(run, "few", chosen_epochs(run)).space.epochs == (0, 1)
    assert main(["layout", str(run.path), "--wait"]) == 0
    film = run.film()
    assert film is not None
    assert np.isfinite(film.positions).all()


def test_images_that_are_brought_are_kept_by_their_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BVAE_DATA", str(tmp_path / "cache"))
    images, labels = shapes(12)
    numbers = np.array([NAMES.index(label) for label in labels], np.uint8)
    content = write_zip(tmp_path / "a.zip", images, labels).read_bytes()

    def keep(**files: bytes) -> Path:
        return brought.keep([(name, io.BytesIO(file)) for name, file in files.items()], collect)

    path = keep(**{"../../.. /.shapes?.zip": content})
    assert path.parent.parent == tmp_path / "cache" / "own"
    assert path.name == "shapes-.zip"
    assert path.read_bytes() == content
    assert keep(**{"../../.. /.shapes?.zip": content}) == path
    idx_files = {"train-images-idx3-ubyte": idx(images), "train-labels-idx1-ubyte": idx(numbers)}
    several = keep(**idx_files)
    by_class(collect(several), images, [str(number) for number in numbers])
    assert keep(**{"..": content}).name == "images"

    before = sorted((tmp_path / "cache" / "own").iterdir())
    for files, words in (
        ({"a.zip": content[:900]}, "no zip file that can be read"),
        ({"a.zip": content, "x/a.zip": content}, "the same name"),
        ({f"{number}.png": b"" for number in range(51)}, "51 files"),
    ):
        with pytest.raises(ImageError, match=words):
            keep(**files)
    assert sorted((tmp_path / "cache" / "own").iterdir()) == before, "what is refused leaves nothing"
    monkeypatch.setenv("BVAE_DATA", str(path))
    with pytest.raises(ImageError, match="cannot be kept in"):
        keep(**idx_files)


def test_a_run_is_trained_on_them_and_says_where_they_came_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels = shapes(200)
    path = write_zip(tmp_path / "my shapes.zip", images, labels)
    dataset = load_dataset(str(path))
    assert (len(dataset.train), len(dataset.test), dataset.image_shape) == (180, 20, (28, 28))
    assert len(load_dataset(str(path), limit=50).train) == 50
    with pytest.raises(DataError, match="There are no images at"):
        load_dataset(str(tmp_path / "gone"))

    config = Config(dataset=str(path), network="mlp", epochs=1, device="cpu", probe_size=10)
    assert propose_name(config) == "my-shapes-mlp-beta4"
    list(train_run(tmp_path / "run", config))
    run = Run(tmp_path / "run")
    assert run.config.dataset == str(path)
    assert run.class_names == ["2", "10", "circle", "square"]
    assert json.loads((tmp_path / "run" / "config.json").read_text())["data"]["sha256"] == dataset.sha256

    assert main(["images", str(path), "--json", "-o", str(tmp_path / "sheet.png")]) == 0
    line, saved = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["images"], told["test"], told["classes"]["square"]) == (200, 20, 50)
    assert Image.open(saved).height > 10 * 28
    assert main(["images", str(tmp_path / "gone")]) != 0
    assert "There are no images at" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="or give the path of your own images"):
        Config(dataset="mnist2")
