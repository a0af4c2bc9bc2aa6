"""The data sets: the bundled MNIST against what is published of it, the others over a real server on this machine."""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import hashlib
import io
import math
import os
import resource
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bvae import data
from bvae.config import DATASETS
from bvae.data import DataError, bernoulli_floor, class_balanced, load_dataset

MNIST_SHA256 = "53b4de002add035efcc1bfa27d6d7517ef6c2afced7b7012fd6913d0c3f8e78b"
TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture(scope="module")
def mnist() -> data.Dataset:
    return load_dataset("mnist")


def test_every_configurable_data_set_has_a_source() -> None:
    assert (*data._SOURCES, "sprites", "dsprites") == DATASETS


def test_mnist_is_the_published_one(mnist: data.Dataset) -> None:
    assert mnist.name == "mnist"
    assert mnist.class_names == tuple("0123456789")
    assert mnist.image_shape == (28, 28)
    assert mnist.train.pixels.shape == (60_000, 28, 28)
    assert mnist.test.pixels.shape == (10_000, 28, 28)
    for split in (mnist.train, mnist.test):
        assert split.pixels.dtype == torch.uint8
        assert split.labels.dtype == torch.int64
        assert split.pixels.is_contiguous()
        assert len(split) == len(split.pixels) == len(split.labels)
    assert torch.bincount(mnist.train.labels).tolist() == TRAIN_COUNTS
    assert torch.bincount(mnist.test.labels).tolist() == TEST_COUNTS
    share = torch.bincount(mnist.train.pixels.flatten(), minlength=256).double() / mnist.train.pixels.numel()  # (256,)
    level = torch.arange(256, dtype=torch.float64) / 255
    mean = share @ level
    assert round(float(mean), 4) == 0.1307
    assert round(float((share @ (level - mean) ** 2).sqrt()), 4) == 0.3081


def test_sha256_is_the_same_everywhere(mnist: data.Dataset) -> None:
    assert mnist.sha256 == MNIST_SHA256
    assert load_dataset("mnist", limit=60_000).sha256 == MNIST_SHA256


def test_sha256_sees_one_grey_level(mnist: data.Dataset) -> None:
    pixels = mnist.test.pixels.clone()
    pixels[-1, 14, 14] ^= 1
    changed = data.Images(pixels, mnist.test.labels)
    assert data._content_hash(mnist.train, mnist.test) == MNIST_SHA256
    assert data._content_hash(mnist.train, changed) != MNIST_SHA256


def test_limit_takes_the_first_training_images(mnist: data.Dataset) -> None:
    limited = load_dataset("mnist", limit=7)
    assert len(limited.train) == 7
    assert torch.equal(limited.train.pixels, mnist.train.pixels[:7])
    assert torch.equal(limited.train.labels, mnist.train.labels[:7])
    assert torch.equal(limited.test.pixels, mnist.test.pixels)
    assert limited.sha256 != mnist.sha256


def test_limit_does_not_hold_on_to_the_rest() -> None:
    assert load_dataset("mnist", limit=7).train.pixels.untyped_storage().nbytes() == 7 * 28 * 28


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(DataError, match=f"limit is {limit}"):
        load_dataset("mnist", limit=limit)


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match="'cifar'") as caught:
        load_dataset("cifar")
    assert all(name in str(caught.value) for name in DATASETS)


def test_images_move_together() -> None:
    images = data.Images(torch.zeros(2, 3, 3, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64)).to("meta")
    assert images.pixels.device.type == images.labels.device.type == "meta"


@pytest.mark.parametrize(
    ("labels", "count", "expected"),
    [
        ([0, 0, 0, 1, 2, 2], 0, []),
        ([0, 0, 0, 1, 2, 2], 3, [0, 3, 4]),
        ([0, 0, 0, 1, 2, 2], 4, [0, 1, 3, 4]),
        ([0, 0, 0, 1, 2, 2], 5, [0, 1, 3, 4, 5]),
        ([0, 0, 0, 1, 2, 2], 6, [0, 1, 2, 3, 4, 5]),
        ([0, 0, 0, 1, 2, 2], 100, [0, 1, 2, 3, 4, 5]),
        ([2, 0, 2, 1, 0], 1, [1]),
        ([2, 0, 2, 1, 0], 4, [0, 1, 3, 4]),
        ([7, 3, 7], 2, [0, 1]),
        ([], 3, []),
    ],
)
def test_class_balanced_known_answers(labels: list[int], count: int, expected: list[int]) -> None:
    chosen = class_balanced(torch.tensor(labels, dtype=torch.int64), count)
    assert chosen.dtype == torch.int64
    assert chosen.tolist() == expected


def test_class_balanced_of_mnist(mnist: data.Dataset) -> None:
    chosen = class_balanced(mnist.test.labels, 5_000)
    assert torch.bincount(mnist.test.labels[chosen]).tolist() == [500] * 10
    assert torch.equal(class_balanced(mnist.test.labels, 10_000), torch.arange(10_000))


def test_class_balanced_refuses_a_negative_count() -> None:
    with pytest.raises(ValueError, match="-1"):
        class_balanced(torch.tensor([0, 1]), -1)


def test_floor_of_mnist(mnist: data.Dataset) -> None:
    assert bernoulli_floor(mnist.test.pixels) == pytest.approx(45.5, abs=0.05)
    p = mnist.test.pixels[:100].double() / 255
    entropy = torch.nn.functional.binary_cross_entropy(p, p, reduction="sum") / 100
    assert bernoulli_floor(mnist.test.pixels[:100]) == pytest.approx(float(entropy), rel=1e-12)


def test_floor_known_answers() -> None:
    assert bernoulli_floor(torch.tensor([[[0, 255]]], dtype=torch.uint8)) == 0
    fifth = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))  # 51 / 255 = 0.2, and 204 / 255 = 0.8
    assert bernoulli_floor(torch.tensor([[[51, 204]], [[0, 51]]], dtype=torch.uint8)) == pytest.approx(1.5 * fifth)


@pytest.mark.parametrize("pixels", [torch.rand(2, 3, 3), torch.zeros(0, 3, 3, dtype=torch.uint8)])
def test_floor_refuses_what_is_no_image(pixels: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="uint8"):
        bernoulli_floor(pixels)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [_truncate, _alter, Path.unlink])
@pytest.mark.parametrize("file", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_a_harmed_bundled_file_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, harm: Callable[[Path], None]
) -> None:
    shutil.copytree(data.ASSETS / "mnist", tmp_path / "mnist")
    monkeypatch.setattr(data, "ASSETS", tmp_path)
    harm(tmp_path / "mnist" / file)
    with pytest.raises(DataError) as caught:
        load_dataset("mnist")
    assert str(tmp_path / "mnist" / file) in str(caught.value)


def idx(array: np.ndarray[Any, Any]) -> bytes:
    """An uncompressed IDX file of a uint8 or int32 array."""
    code = {"uint8": 0x08, "int32": 0x0C}[array.dtype.name]
    header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def test_idx_is_read_as_written() -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert np.array_equal(data._parse_idx(idx(images), "a", 0x08, 3), images)
    columns = np.array([[1, -2], [70_000, 4]], dtype=np.int32)
    assert np.array_equal(data._parse_idx(idx(columns), "a", 0x0C, 2), columns)


def test_of_a_packed_idx_no_more_is_read_than_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "a.gz"
    for array, code in ((np.arange(24, dtype=np.uint8).reshape(3, 2, 4), 0x08), (np.arange(3, dtype=np.int32), 0x0C)):
        packed = gzip.compress(idx(array))
        file.write_bytes(packed)
        for limit in (1, 2, 3, 4, None):
            assert np.array_equal(data._read_idx(file, code, array.ndim, limit), array[:limit])
        file.write_bytes(packed[:-8])  # of what is behind, nothing is looked at: the file's hash was, before
        assert np.array_equal(data._read_idx(file, code, array.ndim, 2), array[:2])
    file.write_bytes(gzip.compress(idx(np.zeros((3, 2, 4), dtype=np.int32))))
    with pytest.raises(DataError, match=r"a\.gz is no IDX file"):
        data._read_idx(file, 0x08, 3, 1)


GOOD_IDX = idx(np.zeros((2, 3, 4), dtype=np.uint8))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no IDX file"),
        (GOOD_IDX[:10], "no IDX file"),
        (b"\x00\x01" + GOOD_IDX[2:], "no IDX file"),
        (idx(np.zeros((2, 3, 4), dtype=np.int32)), "no IDX file"),
        (idx(np.zeros((2, 12), dtype=np.uint8)), "no IDX file"),
        (GOOD_IDX[:-1], "40 bytes .* has 39"),
        (GOOD_IDX + b"\x00", "40 bytes .* has 41"),
        (GOOD_IDX[:4] + b"\xff" * 12, "has 16"),
    ],
)
def test_a_wrong_idx_file_is_refused_by_name(content: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=f"the-file.*{reason}"):
        data._parse_idx(content, "the-file", 0x08, 3)


class Server:
    """A real HTTP server on this machine, and what it does wrong when asked to."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.breaks_off = False
        self.silent = False
        self.closing = threading.Event()
        self._server: ThreadingHTTPServer | None = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        # The short poll is how soon `shutdown` is heard, nothing that a test waits for.
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            timeout = 30  # seconds; not the limit of new sockets, which the code under test lends to the whole process

            def do_GET(self) -> None:
                name = self.path.lstrip("/")
                server.requests.append(name)
                if server.silent:
                    server.closing.wait(30)  # longer than any limit a test sets, yet no test can hang
                    return
                if name not in server.files:
                    self.send_error(404)
                    return
                body = server.files[name]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body[: len(body) // 2] if server.breaks_off else body)
                except ConnectionError:  # the client may hang up first: torchvision looks for redirects that way
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "127.0.0.1")
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def torchvision_datasets() -> Any:
    """torchvision's own classes, to compare with; imported only by the tests that do."""
    from torchvision import datasets

    return datasets


@pytest.fixture
def publish(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, bytes]], None]:
    """Put the files of a data set on the server, and their hashes into the table."""

    def publish(name: str, files: dict[str, bytes]) -> None:
        server.files = files
        hashes = {file: hashlib.md5(content, usedforsecurity=False).hexdigest() for file, content in files.items()}
        assert list(hashes) == list(data._SOURCES[name].files)
        source = dataclasses.replace(data._SOURCES[name], url=server.url, files=hashes)
        monkeypatch.setitem(data._SOURCES, name, source)

    return publish


def random_split(seed: int, count: int, classes: int = 10) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, random.integers(0, classes, count, dtype=np.uint8)


TRAIN, TEST = random_split(1, 30), random_split(2, 12)
KMNIST_FILES = {
    "train-images-idx3-ubyte.gz": gzip.compress(idx(TRAIN[0]), mtime=0),
    "train-labels-idx1-ubyte.gz": gzip.compress(idx(TRAIN[1]), mtime=0),
    "t10k-images-idx3-ubyte.gz": gzip.compress(idx(TEST[0]), mtime=0),
    "t10k-labels-idx1-ubyte.gz": gzip.compress(idx(TEST[1]), mtime=0),
}
Publish = Callable[[str, dict[str, bytes]], None]


def assert_is_the_published_one(dataset: data.Dataset) -> None:
    for split, (images, labels) in ((dataset.train, TRAIN), (dataset.test, TEST)):
        assert np.array_equal(split.pixels.numpy(), images)
        assert np.array_equal(split.labels.numpy(), labels)


@pytest.mark.parametrize("name", ["kmnist", "fashion-mnist"])
def test_first_use_downloads_and_later_use_does_not(
    name: str, server: Server, publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(name, KMNIST_FILES)
    first = load_dataset(name, cache=tmp_path, progress=False)
    assert_is_the_published_one(first)
    assert set(server.requests) == set(KMNIST_FILES)
    assert {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} == KMNIST_FILES
    server.close()
    # Nor may a filled cache import torchvision, which takes seconds.
    for module in ("torchvision", "torchvision.datasets", "torchvision.datasets.utils"):
        monkeypatch.setitem(sys.modules, module, None)
    again = load_dataset(name, cache=tmp_path)
    assert_is_the_published_one(again)
    assert again.sha256 == first.sha256


def test_mnist_needs_no_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("torchvision", "torchvision.datasets", "torchvision.datasets.utils"):
        monkeypatch.setitem(sys.modules, module, None)
    assert len(load_dataset("mnist", limit=1).train) == 1


def test_progress_goes_to_stderr(publish: Publish, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish("kmnist", KMNIST_FILES)
    load_dataset("kmnist", cache=tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert all(file in err for file in KMNIST_FILES)
    assert "100%" in err


def test_no_progress_is_silent(publish: Publish, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish("kmnist", KMNIST_FILES)
    load_dataset("kmnist", cache=tmp_path, progress=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("harm", [_truncate, _alter, Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_harmed_cached_file_is_taken_again(
    harm: Callable[[Path], None], server: Server, publish: Publish, tmp_path: Path
) -> None:
    publish("kmnist", KMNIST_FILES)
    load_dataset("kmnist", cache=tmp_path, progress=False)
    server.requests.clear()
    harm(tmp_path / "kmnist" / "t10k-images-idx3-ubyte.gz")
    assert_is_the_published_one(load_dataset("kmnist", cache=tmp_path, progress=False))
    assert set(server.requests) == {"t10k-images-idx3-ubyte.gz"}


def test_a_harmed_cached_file_without_a_network_is_named(server: Server, publish: Publish, tmp_path: Path) -> None:
    publish("kmnist", KMNIST_FILES)
    load_dataset("kmnist", cache=tmp_path, progress=False)
    server.close()
    _truncate(tmp_path / "kmnist" / "train-labels-idx1-ubyte.gz")
    with pytest.raises(DataError, match=r"this file into .*\n  train-labels-idx1-ubyte\.gz  MD5") as caught:
        load_dataset("kmnist", cache=tmp_path, progress=False)
    assert "images" not in str(caught.value)


def test_a_download_that_broke_off_is_taken_again(server: Server, publish: Publish, tmp_path: Path) -> None:
    publish("kmnist", KMNIST_FILES)
    server.breaks_off = True
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz gave 11,\d+ bytes .* broke off"):
        load_dataset("kmnist", cache=tmp_path, progress=False)
    assert list((tmp_path / "kmnist").iterdir()) == []
    server.breaks_off = False
    assert_is_the_published_one(load_dataset("kmnist", cache=tmp_path, progress=False))


def test_another_page_in_place_of_the_file_is_not_believed(server: Server, publish: Publish, tmp_path: Path) -> None:
    publish("kmnist", KMNIST_FILES)
    server.files = dict.fromkeys(KMNIST_FILES, b"<html>Please sign in</html>")
    with pytest.raises(DataError, match=r"gave 27 bytes .* something else answered"):
        load_dataset("kmnist", cache=tmp_path, progress=False)


def test_a_file_that_is_gone_from_the_server(server: Server, publish: Publish, tmp_path: Path) -> None:
    publish("kmnist", KMNIST_FILES)
    server.files = {}
    with pytest.raises(DataError, match="404"):
        load_dataset("kmnist", cache=tmp_path, progress=False)


def test_a_silent_server_is_given_up(
    server: Server, publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("kmnist", KMNIST_FILES)
    monkeypatch.setattr(data, "SILENCE_SECONDS", 0.05)
    server.silent = True
    with pytest.raises(DataError, match="timed out"):
        load_dataset("kmnist", cache=tmp_path, progress=False)


def test_without_a_network_the_message_says_what_to_do(server: Server, publish: Publish, tmp_path: Path) -> None:
    publish("kmnist", KMNIST_FILES)
    server.close()
    with pytest.raises(DataError, match="refused") as caught:
        load_dataset("kmnist", cache=tmp_path, progress=False)
    message = str(caught.value)
    assert f"put these files into {tmp_path / 'kmnist'}" in message
    for file, md5 in data._SOURCES["kmnist"].files.items():
        assert f"{file}  MD5 {md5}  from {server.url}{file}" in message
    # And doing what it says helps.
    for file, content in KMNIST_FILES.items():
        (tmp_path / "kmnist" / file).write_bytes(content)
    assert_is_the_published_one(load_dataset("kmnist", cache=tmp_path))


def test_a_cache_folder_that_cannot_be_made(publish: Publish, tmp_path: Path) -> None:
    publish("kmnist", KMNIST_FILES)
    (tmp_path / "file").write_text("in the way")
    for cache, cause in ((tmp_path / "file", "Not a directory"), (Path("/proc/nowhere"), "No such file or directory")):
        with pytest.raises(DataError) as caught:
            load_dataset("kmnist", cache=cache, progress=False)
        message = str(caught.value)
        assert f"into {cache / 'kmnist'}, and that folder cannot be used: {cause}." in message
        assert "BVAE_DATA" in message
        assert "network" not in message
        assert "MD5" not in message, "nobody can put files there"


def test_a_disk_that_is_full_is_not_taken_for_the_network(publish: Publish, tmp_path: Path) -> None:
    publish("kmnist", KMNIST_FILES)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))  # bytes of any file that this process writes
    try:
        with pytest.raises(DataError, match=r"that folder cannot be used: File too large.*BVAE_DATA"):
            load_dataset("kmnist", cache=tmp_path, progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert_is_the_published_one(load_dataset("kmnist", cache=tmp_path, progress=False))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")
def test_without_a_home_folder_the_message_names_what_helps() -> None:
    code = (
        "import os; from bvae.data import load_dataset, DataError; os.setuid(2**31 - 5)\n"
        "try: load_dataset('kmnist')\nexcept DataError as error: print(error)"
    )
    outer = {name: value for name, value in os.environ.items() if name not in {"HOME", "XDG_CACHE_HOME", "BVAE_DATA"}}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], env=outer, cwd=Path(data.__file__).parents[1], check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.startswith("There is no home folder to keep downloaded images in.")
    assert "BVAE_DATA" in done.stdout


def test_the_environment_names_the_cache(publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish("kmnist", KMNIST_FILES)
    monkeypatch.setenv("BVAE_DATA", str(tmp_path / "here"))
    load_dataset("kmnist", progress=False)
    assert (tmp_path / "here" / "kmnist" / "train-images-idx3-ubyte.gz").exists()


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "home/.cache/bvae"),
        ("linux", {"XDG_CACHE_HOME": "home/xdg"}, "home/xdg/bvae"),
        ("darwin", {}, "home/Library/Caches/bvae"),
        ("win32", {"LOCALAPPDATA": "home/local"}, "home/local/bvae"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_caches(
    platform: str, environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("BVAE_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, "home")
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert data._cache_folder() == Path(expected)


def test_emnist_is_upright_and_complete(publish: Publish, tmp_path: Path, torchvision_datasets: Any) -> None:
    splits = {"train": random_split(3, 50, classes=47), "test": random_split(4, 20, classes=47)}
    # The letter L as EMNIST stores it: the stem, upright in the picture, lies in the first row.
    stored = np.zeros((28, 28), dtype=np.uint8)
    stored[4, 4:24] = 255  # stem
    stored[4:16, 23] = 200  # foot
    splits["train"][0][0], splits["train"][1][0] = stored, 21
    folder = tmp_path / "reference" / "EMNIST" / "raw"
    folder.mkdir(parents=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("gzip/emnist-letters-train-images-idx3-ubyte.gz", b"another split")
        for prefix, (images, labels) in splits.items():
            for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
                name = f"emnist-balanced-{prefix}-{kind}-ubyte"
                members.writestr(f"gzip/{name}.gz", gzip.compress(idx(array)))
                (folder / name).write_bytes(idx(array))
    publish("emnist", {"gzip.zip": archive.getvalue()})
    dataset = load_dataset("emnist", cache=tmp_path, progress=False)

    assert dataset.class_names[21] == "L"
    assert dataset.train.labels[0] == 21
    letter = dataset.train.pixels[0]
    assert (letter[4:23, 4] == 255).all()  # the stem runs down
    assert (letter[23, 5:16] == 200).all()  # the foot runs right along its lower end
    assert int((letter > 0).sum()) == 31
    assert letter.is_contiguous()
    for split, train in ((dataset.train, True), (dataset.test, False)):
        reference = torchvision_datasets.EMNIST(tmp_path / "reference", split="balanced", train=train)
        assert torch.equal(split.pixels.transpose(1, 2), reference.data)
        assert torch.equal(split.labels, reference.targets)
        assert dataset.class_names == tuple(reference.classes)


def test_qmnist_takes_the_class_column_and_the_first_ten_thousand(
    publish: Publish, tmp_path: Path, torchvision_datasets: Any
) -> None:
    random = np.random.default_rng(5)
    folder = tmp_path / "reference" / "QMNIST" / "raw"
    folder.mkdir(parents=True)
    files = {}
    for prefix, count in (("train", 20), ("test", 10_003)):
        images = random.integers(0, 256, (count, 2, 3), dtype=np.uint8)
        labels = random.integers(-1, 100_000, (count, 8), dtype=np.int32)
        labels[:, 0] = random.integers(0, 10, count)
        for name, array in (
            (f"qmnist-{prefix}-images-idx3-ubyte", images),
            (f"qmnist-{prefix}-labels-idx2-int", labels),
        ):
            files[f"{name}.gz"] = gzip.compress(idx(array), compresslevel=1)
            (folder / name).write_bytes(idx(array))
    publish("qmnist", files)
    dataset = load_dataset("qmnist", cache=tmp_path, progress=False)

    assert dataset.image_shape == (2, 3)
    assert len(dataset.test) == 10_000
    for split, what in ((dataset.train, "train"), (dataset.test, "test10k")):
        reference = torchvision_datasets.QMNIST(tmp_path / "reference", what=what)
        assert torch.equal(split.pixels, reference.data)
        assert torch.equal(split.labels, reference.targets[:, 0])


def usps_text(labels: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> bytes:
    lines = (
        f"{label} " + " ".join(f"{i}:{value:.6g}" for i, value in enumerate(row, 1)) + " "
        for label, row in zip(labels, values, strict=True)
    )
    return ("\n".join(lines) + "\n").encode()


def test_usps_is_as_torchvision_reads_it(publish: Publish, tmp_path: Path, torchvision_datasets: Any) -> None:
    random = np.random.default_rng(6)
    files = {}
    for file, count in (("usps.bz2", 40), ("usps.t.bz2", 15)):
        values = random.uniform(-1, 1, (count, 256))
        values[0, :3] = (-1, 0, 1)
        labels = np.arange(count) % 10 + 1
        files[file] = bz2.compress(usps_text(labels, values))
    publish("usps", files)
    dataset = load_dataset("usps", cache=tmp_path, progress=False)

    assert dataset.image_shape == (16, 16)
    assert dataset.train.pixels[0, 0, :3].tolist() == [0, 127, 255]
    assert dataset.train.labels[:11].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    for split, train in ((dataset.train, True), (dataset.test, False)):
        reference = torchvision_datasets.USPS(tmp_path / "usps", train=train)
        assert np.array_equal(split.pixels.numpy(), reference.data)
        assert split.labels.tolist() == reference.targets


@pytest.mark.parametrize(
    "text",
    [
        b"1 1:0.5 2:0.5\n",
        usps_text(np.array([1]), np.zeros((1, 256))).replace(b" 7:0 ", b" 8:0 "),
        usps_text(np.array([1]), np.zeros((1, 256))).replace(b" 7:0 ", b" 7:1.5 "),
        usps_text(np.array([1]), np.zeros((1, 256))).replace(b" 7:0 ", b" 7:nan "),
        usps_text(np.array([1]), np.zeros((1, 256))).replace(b" 7:0 ", b" 7:x "),
    ],
)
def test_a_wrong_usps_file_is_refused_by_name(text: bytes, publish: Publish, tmp_path: Path) -> None:
    publish("usps", {"usps.bz2": bz2.compress(text), "usps.t.bz2": bz2.compress(text)})
    with pytest.raises(DataError, match=r"usps\.bz2"):
        load_dataset("usps", cache=tmp_path, progress=False)


@pytest.mark.parametrize(
    ("file", "array", "reason"),
    [
        ("train-labels-idx1-ubyte.gz", TRAIN[1][:-1], "30 images and 29 labels"),
        ("t10k-labels-idx1-ubyte.gz", TEST[1] + np.uint8(10), "from 0 to 9"),
        ("t10k-images-idx3-ubyte.gz", TEST[0][:, 1:], "differ in size"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(
    file: str, array: np.ndarray[Any, Any], reason: str, publish: Publish, tmp_path: Path
) -> None:
    publish("kmnist", KMNIST_FILES | {file: gzip.compress(idx(array))})
    with pytest.raises(DataError, match=reason):
        load_dataset("kmnist", cache=tmp_path, progress=False)


def test_addresses_hashes_and_names_are_the_ones_torchvision_publishes(torchvision_datasets: Any) -> None:
    peer = torchvision_datasets

    def published(name: str) -> list[tuple[str, str]]:
        return [(f"{data._SOURCES[name].url}{file}", md5) for file, md5 in data._SOURCES[name].files.items()]

    for name, reference in (("fashion-mnist", peer.FashionMNIST), ("kmnist", peer.KMNIST)):
        assert data._SOURCES[name].url in reference.mirrors
        assert list(data._SOURCES[name].files.items()) == reference.resources
        assert data._SOURCES[name].class_names == tuple(reference.classes)
    assert published("emnist") == [(peer.EMNIST.url, peer.EMNIST.md5)]
    assert data._SOURCES["emnist"].class_names == tuple(peer.EMNIST.classes_split_dict["balanced"])
    assert published("qmnist") == peer.QMNIST.resources["train"] + peer.QMNIST.resources["test"]
    assert published("usps") == [
        (url, md5) for url, _, md5 in (peer.USPS.split_list["train"], peer.USPS.split_list["test"])
    ]
