"""Images as one uint8 tensor on the training device: six data sets of signs, two of sprites, and a person's own,
behind one door.

`load_dataset` reads MNIST from the files bundled in assets/mnist, and the others (Fashion-MNIST, KMNIST, EMNIST
balanced, QMNIST, USPS) from archives that it downloads once into a cache folder. The archives are kept and read as
published, and hashed before every use: a download that broke off, or a file that was damaged later, is found and taken
again. (torchvision's own classes keep the extracted files and look only whether they exist.)

Sprites are drawn by sprites.py, or read from the file of dSprites. They are 737,280 images of 64 × 64 pixels, 3 GB as a
tensor: those to train on are drawn batch by batch, see lazy.py.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import hashlib
import http.client
import io
import math
import os
import socket
import string
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
import torch

from bvae import sprites
from bvae.cache import cache_folder
from bvae.config import DATASETS, is_path
from bvae.images import ImageError, collect
from bvae.lazy import Drawn, LazyPixels, Packed
from bvae.numbers import turns

ASSETS = Path(__file__).resolve().parents[1] / "assets"

# torchvision downloads without a time limit, so a server that falls silent would hold a run for ever.
SILENCE_SECONDS = 60.0
DSPRITES = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
# While a file is being fetched, those that are the disk's and not the network's.
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG}

_Array = npt.NDArray[Any]
_Split = tuple[_Array, _Array]  # images (N, H, W) uint8, labels (N,) of any integer type


class DataError(RuntimeError):
    """Images that cannot be had. Its message says which files, why, and what to do about it."""


@dataclass(frozen=True, eq=False)
class Images:
    """One split of a data set.

    pixels: (N, H, W) uint8, grey levels 0 (background) to 255. Of the sprites to train on, `LazyPixels` that stand for
        such a tensor and are cut up as it is; `drawn` makes either a tensor.
    labels: (N,) int64, the class of each image, an index into `Dataset.class_names`.
    """

    pixels: torch.Tensor
    labels: torch.Tensor

    def to(self, device: torch.device | str) -> Images:
        """The same images on `device`."""
        return Images(self.pixels.to(device), self.labels.to(device))

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test split, on the CPU as `load_dataset` returns them.

    sha256: hash of what is in the four tensors, in hexadecimal; a run records it. Training images left out by a limit
        are left out of it too, so equal hashes mean equal images, however they were chosen.
    factor_classes: where the factors of the images are known, of the test images which value of each factor they have,
        (N,) int64 from 0 by the factor's name. Empty otherwise.
    """

    name: str
    train: Images
    test: Images
    class_names: tuple[str, ...]
    sha256: str
    factor_classes: Mapping[str, _Array] = field(default_factory=dict)

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of an image in pixels."""
        _, height, width = self.train.pixels.shape
        return height, width


def load_dataset(name: str, *, limit: int | None = None, cache: Path | None = None, progress: bool = True) -> Dataset:
    """Load a data set by its name, downloading it on first use unless it is bundled (mnist), drawn here (sprites) or
    a file that has to be there (dsprites).

    Args:
        name: one of `bvae.config.DATASETS`, or the path of a person's own images, see `bvae.images`.
        limit: keep only the first `limit` training images; the test split stays whole.
        cache: folder of the downloaded archives, each data set in a folder of its own in it. Left out: the folder named
            by the environment variable BVAE_DATA, else `bvae` in the user's cache folder of this platform.
        progress: show the download's progress. It goes to stderr: stdout stays clean.

    Raises:
        DataError: for an unknown name, a limit below 1, own images that cannot be learned from, a bundled file that is
            missing or altered, or a download that failed; the last says which files to put where by hand.
    """
    if limit is not None and limit < 1:
        raise DataError(f"The limit is {limit}, and must be 1 or more training images.")
    if is_path(name):
        return _load_own(name, limit)
    if name not in DATASETS:
        raise DataError(f"There is no data set {name!r}. Choose one of: {', '.join(DATASETS)}.")
    if name not in _SOURCES:
        return _load_sprites(name, limit, cache)
    source = _SOURCES[name]
    if source.url is None:
        folder = ASSETS / name
        _check_bundled(folder, source)
    else:
        folder = (cache if cache is not None else _cache_folder()) / name
        _complete(name, folder, source, progress)
    (train_pixels, train_labels), test = source.read(folder, limit)
    splits = (train_pixels[:limit], train_labels[:limit]), test
    train, test_images = (_images(*split, len(source.class_names), folder) for split in splits)
    if train.pixels.shape[1:] != test_images.pixels.shape[1:]:
        raise DataError(f"Training and test images in {folder} differ in size.")
    return Dataset(name, train, test_images, source.class_names, _content_hash(train, test_images))


def class_balanced(labels: torch.Tensor, count: int) -> torch.Tensor:
    """Indices of a fixed subset that has every class equally often, as far as the classes reach.

    Takes the first image of each class, then the second of each, and so on until there are `count`; a class that has
    run out is passed over. No random numbers: the same labels give the same subset everywhere.

    Args:
        labels: (N,) int64.
        count: size of the subset, 0 or more; above N it means N.

    Returns:
        (min(count, N),) int64 indices into `labels`, ascending, on the device of `labels`.

    Raises:
        ValueError: when `count` is negative.
    """
    if count < 0:
        raise ValueError(f"count is {count}, and must be 0 or more.")
    classes = labels.numpy(force=True)
    chosen = np.sort(np.lexsort((classes, turns(classes)))[:count])
    return torch.from_numpy(chosen).to(labels.device)


def bernoulli_floor(pixels: torch.Tensor) -> float:
    """Entropy of the grey values in nats an image: the least binary cross-entropy that any reconstruction can reach.

    The mean over images of the sum over pixels of −(p ln p + (1 − p) ln(1 − p)), with p = pixel / 255.

    Args:
        pixels: (N, H, W) uint8, N at least 1.

    Raises:
        ValueError: when `pixels` is not uint8 or holds no image.
    """
    if pixels.dtype != torch.uint8 or len(pixels) == 0:
        raise ValueError(f"pixels must be uint8 and hold an image, not {pixels.dtype} {tuple(pixels.shape)}.")
    # There are only 256 grey levels, so counting them is exact, and takes no float copy of the images.
    levels = torch.bincount(pixels.flatten(), minlength=256).cpu().double()  # (256,)
    p = torch.arange(256, dtype=torch.float64) / 255
    entropy = -(torch.xlogy(p, p) + torch.xlogy(1 - p, 1 - p))  # (256,) nats
    return float(levels @ entropy) / len(pixels)


# Files: where they are, whether they are whole, and how to get them.


@dataclass(frozen=True)
class _Source:
    """Where a data set comes from: `files` maps a file's name to its MD5, `url` is what stands before the name.

    Without a url the files are bundled. `read` takes the folder of the files and how many training images are wanted,
    None for all, and gives the training and test split; training images that nobody wants may be among them.
    """

    url: str | None
    files: dict[str, str]
    read: Callable[[Path, int | None], tuple[_Split, _Split]]
    class_names: tuple[str, ...]


def _cache_folder() -> Path:
    try:
        return cache_folder()
    except RuntimeError as error:
        raise DataError(
            "There is no home folder to keep downloaded images in. Name a folder for them by the environment variable "
            "BVAE_DATA."
        ) from error


def _md5(path: Path) -> str | None:
    """MD5 of a file in hexadecimal, None where there is no such file."""
    # The hash finds accidents, and is the one that the publishers give; it is no defence against forgery.
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except FileNotFoundError:
        return None


def _check_bundled(folder: Path, source: _Source) -> None:
    for file, md5 in source.files.items():
        try:
            found = _md5(folder / file)
        except OSError as error:  # a folder of that name
            raise DataError(
                f"{folder / file} cannot be read ({error.strerror}). It is part of this project: restore it from there."
            ) from error
        if found != md5:
            fault = "is missing" if found is None else f"is damaged or altered (its MD5 is {found}, not {md5})"
            raise DataError(f"{folder / file} {fault}. It is part of this project: restore it from there.")


def _complete(name: str, folder: Path, source: _Source, progress: bool) -> None:
    """See to it that every file of a source is in `folder`, whole."""
    try:
        wanted = [file for file, md5 in source.files.items() if _md5(folder / file) != md5]
        for file in wanted:
            _download(f"{source.url}{file}", folder / file, source.files[file], progress)
    except (OSError, RuntimeError) as error:
        # Look again: what has come through by now need not be fetched by hand.
        missing = [file for file in source.files if not _is_whole(folder / file, source.files[file])]
        if not missing:  # another run was faster
            return
        if isinstance(error, OSError):
            raise DataError(
                f"The data set {name} is downloaded into {folder}, and that folder cannot be used: "
                f"{error.strerror or error}. Name another one by the environment variable BVAE_DATA, or mend this one."
            ) from error
        lines = "".join(f"\n  {file}  MD5 {source.files[file]}  from {source.url}{file}" for file in missing)
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise DataError(
            f"The data set {name} is not complete in {folder}, and downloading it failed: {reason}. Try again with a "
            f"network connection, or put {'this file' if len(missing) == 1 else 'these files'} into {folder}:{lines}"
        ) from error


def _is_whole(path: Path, md5: str) -> bool:
    try:
        return _md5(path) == md5
    except OSError:
        return False


def _download(url: str, target: Path, md5: str, progress: bool) -> None:
    """Fetch a file.

    Raises:
        OSError: when the folder of `target` cannot be written.
        RuntimeError: when the network is at fault, or what came is another file.
    """
    # Imported only here: importing torchvision takes seconds, and neither MNIST nor a filled cache needs it.
    from torchvision.datasets.utils import download_url

    target.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own for each download: two runs that start together must not write into one file.
    with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as temporary:
        arrived = Path(temporary) / target.name
        bar = sys.stderr if progress else io.StringIO()
        print(f"Downloading {url} into {target.parent}", file=bar)
        try:
            with contextlib.redirect_stdout(bar), contextlib.redirect_stderr(bar), _silence_limit(SILENCE_SECONDS):
                download_url(url, temporary, target.name, md5)
        except RuntimeError as error:
            if not arrived.exists():
                raise
            size = arrived.stat().st_size
            raise RuntimeError(
                f"{url} gave {size:,} bytes with MD5 {_md5(arrived)}, which is not the published file; "
                "the connection broke off, or something else answered"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            if getattr(error, "errno", None) in _DISK_ERRORS:
                raise
            raise RuntimeError(f"{url}: {error}") from error
        os.replace(arrived, target)


@contextlib.contextmanager
def _silence_limit(seconds: float) -> Iterator[None]:
    # torchvision takes no time limit of its own, so the default of new sockets is lent for the while.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _load_own(path: str, limit: int | None) -> Dataset:
    try:
        found = collect(path)
    except ImageError as error:
        raise DataError(str(error)) from error
    pixels, labels = torch.from_numpy(found.images), torch.from_numpy(found.labels)
    places = (np.flatnonzero(~found.test)[:limit], np.flatnonzero(found.test))
    train, test = (Images(pixels[chosen], labels[chosen]) for chosen in map(torch.from_numpy, places))
    return Dataset(path, train, test, found.class_names, _content_hash(train, test))


# Sprites.


def _load_sprites(name: str, limit: int | None, cache: Path | None) -> Dataset:
    source = Drawn() if name == "sprites" else _read_dsprites(_dsprites_file(cache))
    order = torch.from_numpy(sprites.order())
    split = order[: sprites.TEST_IMAGES], order[sprites.TEST_IMAGES :][:limit]
    test_factors, train_factors = (sprites.factor_classes(indices.numpy()) for indices in split)
    test = Images(source.draw(split[0]), torch.from_numpy(test_factors["shape"]))
    lazy = cast(torch.Tensor, LazyPixels(source, split[1].clone()))
    train = Images(lazy, torch.from_numpy(train_factors["shape"]))
    digest = hashlib.sha256(source.fingerprint())
    for indices in split:
        digest.update(indices.numpy().astype("<i8").tobytes())
    return Dataset(name, train, test, sprites.SHAPES, digest.hexdigest(), test_factors)


def _dsprites_file(cache: Path | None) -> Path:
    if chosen := os.environ.get("BVAE_DSPRITES"):
        return Path(chosen).expanduser()
    return (cache if cache is not None else _cache_folder()) / "dsprites" / DSPRITES


def _read_dsprites(path: Path) -> Packed:
    """The images of the published file, eight pixels to a byte: 377 MB.

    Its table of what is in it is a pickle, which can run any program when it is opened, and is not looked at.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open("latents_classes.npy") as member:
                _check_array(member, "int64", (sprites.COUNT, 1 + len(sprites.FACTORS)))
                classes = np.frombuffer(member.read(sprites.COUNT * 6 * 8), "<i8").reshape(sprites.COUNT, -1)
            expected = sprites.factor_classes(np.arange(sprites.COUNT))
            if (classes[:, 0] != 0).any() or (classes[:, 1:] != np.stack([*expected.values()], axis=1)).any():
                raise ValueError("it does not have an image of each combination of factors, in their order")
            with archive.open("imgs.npy") as member:
                _check_array(member, "uint8", (sprites.COUNT, sprites.SIDE, sprites.SIDE))
                return Packed(torch.from_numpy(_pack(member)))
    except FileNotFoundError:
        raise DataError(
            f"dSprites is read from the file that its authors publish, {DSPRITES}, and there is none at {path}. Put it "
            "there, or give its path by the environment variable BVAE_DSPRITES. The data set sprites needs no file."
        ) from None
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is not the file of dSprites, or is damaged ({error}).") from error


def _pack(member: IO[bytes]) -> _Array:
    """The images (N, 64, 64) of 0 and 1 that follow in a file, eight pixels to a byte, (N, 64, 8)."""
    packed = np.empty((sprites.COUNT, sprites.SIDE, sprites.SIDE // 8), np.uint8)
    for rows in np.split(packed, range(4_096, sprites.COUNT, 4_096)):
        pixels = np.frombuffer(member.read(8 * rows.size), np.uint8).reshape(len(rows), sprites.SIDE, sprites.SIDE)
        if pixels.max() > 1:
            raise ValueError("it has pixels that are neither 0 nor 1")
        rows[:] = np.packbits(pixels, axis=2)
    return packed


def _check_array(member: IO[bytes], dtype: str, shape: tuple[int, ...]) -> None:
    """Read the header of an array in NumPy's format, and see that it is what it should be before any of it is read.

    Raises:
        ValueError: when it is not.
    """
    version = np.lib.format.read_magic(member)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array in version {version} of the format")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    found_shape, columns_first, found = read(member)
    if found.hasobject or found != np.dtype(dtype).newbyteorder("<") or found_shape != shape or columns_first:
        raise ValueError(f"an array of {found} of the shape {found_shape}, where {dtype} of {shape} should be")


# Formats.

# The type code in an IDX header: what the values are.
_IDX_TYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype(np.uint8), 0x0C: np.dtype(">i4")}


def _parse_idx(data: bytes, file: str, code: int, dimensions: int) -> _Array:
    """The array in an uncompressed IDX file: two zero bytes, a type code, the number of dimensions, sizes, values.

    Raises:
        DataError: when the file is of another type or shape than asked for, or longer or shorter than it says.
    """
    dtype = _IDX_TYPES[code]
    header = 4 + 4 * dimensions
    if len(data) < header or data[:4] != bytes([0, 0, code, dimensions]):
        begins = data[:4].hex(" ") or "and ends at once"
        raise DataError(f"{file} is no IDX file of {dtype.name} in {dimensions} dimensions: it begins {begins}.")
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", dimensions, offset=4))
    expected = header + dtype.itemsize * math.prod(shape)
    if len(data) != expected:
        raise DataError(f"{file} should have {expected:,} bytes for shape {shape}, and has {len(data):,}.")
    return np.frombuffer(data, dtype, offset=header).reshape(shape)


def _read_idx(path: Path, code: int, dimensions: int, limit: int | None = None) -> _Array:
    """The array in a compressed IDX file, or the first `limit` along its first axis; the others are not unpacked."""
    if limit is None:
        return _parse_idx(gzip.decompress(path.read_bytes()), path.name, code, dimensions)
    with gzip.open(path) as file:
        begin = file.read(4 + 4 * dimensions)
        count, *others = np.frombuffer(begin, ">u4", dimensions, offset=4).tolist()
        count = min(count, limit)
        values = file.read(_IDX_TYPES[code].itemsize * math.prod([count, *others]))
    return _parse_idx(begin[:4] + count.to_bytes(4, "big") + begin[8:] + values, path.name, code, dimensions)


def _read_mnist(folder: Path, limit: int | None) -> tuple[_Split, _Split]:
    def split(prefix: str, limit: int | None = None) -> _Split:
        images = _read_idx(folder / f"{prefix}-images-idx3-ubyte.gz", 0x08, 3, limit)
        return images, _read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", 0x08, 1, limit)

    return split("train", limit), split("t10k")


def _read_emnist(folder: Path, limit: int | None) -> tuple[_Split, _Split]:
    with zipfile.ZipFile(folder / "gzip.zip") as archive:

        def member(name: str, dimensions: int) -> _Array:
            return _parse_idx(gzip.decompress(archive.read(f"gzip/{name}")), name, 0x08, dimensions)

        def split(prefix: str) -> _Split:
            images = member(f"emnist-balanced-{prefix}-images-idx3-ubyte.gz", 3)
            # Published column by column: as they are, the letters lie on their side and in a mirror.
            return images.transpose(0, 2, 1), member(f"emnist-balanced-{prefix}-labels-idx1-ubyte.gz", 1)

        return split("train"), split("test")


def _read_qmnist(folder: Path, limit: int | None) -> tuple[_Split, _Split]:
    def split(prefix: str, count: int | None) -> _Split:
        images = _read_idx(folder / f"qmnist-{prefix}-images-idx3-ubyte.gz", 0x08, 3, count)
        # Eight columns an image: the class, then writer and provenance.
        labels = _read_idx(folder / f"qmnist-{prefix}-labels-idx2-int.gz", 0x0C, 2, count)
        return images, labels[:, 0]

    # The first 10,000 of the 60,000 test images are those of MNIST's test set ("test10k").
    return split("train", limit), split("test", 10_000)


def _read_usps(folder: Path, limit: int | None) -> tuple[_Split, _Split]:
    def split(file: str) -> _Split:
        # LIBSVM text: a line an image, "label 1:value … 256:value", labels 1 to 10, values −1 to 1.
        text = bz2.decompress((folder / file).read_bytes()).replace(b":", b" ")
        try:
            table = np.fromstring(text, dtype=np.float64, sep=" ").reshape(-1, 1 + 2 * 256)
        except ValueError as error:
            raise DataError(f"{file} is not LIBSVM text of 256 values a line ({error}).") from error
        labels, indices, values = table[:, 0], table[:, 1::2], table[:, 2::2].astype(np.float32)
        if (indices != np.arange(1, 257)).any() or not (np.abs(values) <= 1).all():
            raise DataError(f"{file} does not list the pixels 1 to 256 with values from -1 to 1 in every line.")
        # Cut off, not rounded, as torchvision does: the same pixels as other work on this data set.
        pixels = ((values + 1) / 2 * 255).astype(np.uint8)
        return pixels.reshape(-1, 16, 16), labels.astype(np.int64) - 1

    return split("usps.bz2"), split("usps.t.bz2")


def _images(pixels: _Array, labels: _Array, classes: int, folder: Path) -> Images:
    if len(pixels) != len(labels) or len(labels) == 0:
        raise DataError(f"The files in {folder} hold {len(pixels)} images and {len(labels)} labels in one split.")
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(f"Labels in {folder} run from {labels.min()} to {labels.max()}, not from 0 to {classes - 1}.")
    # Copies: the arrays are views into the read-only bytes of a whole file.
    return Images(torch.from_numpy(pixels.copy(order="C")), torch.from_numpy(labels.astype(np.int64)))


def _content_hash(train: Images, test: Images) -> str:
    digest = hashlib.sha256()
    for tensor in (train.pixels, train.labels, test.pixels, test.labels):
        digest.update(f"{tuple(tensor.shape)}".encode())
        array = tensor.numpy()
        digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()


_DIGITS = tuple(string.digits)

# The addresses and hashes are those that torchvision publishes with its classes, written down here so that a filled
# cache is read without importing it; a test compares the two. The hashes of MNIST are those of the bundled files.
_SOURCES: dict[str, _Source] = {
    "mnist": _Source(
        url=None,
        files={
            "train-images-idx3-ubyte.gz": "c7dfcf1bfd3481a40f7b3aedbdbd083c",
            "train-labels-idx1-ubyte.gz": "d289298a347a2cc65765a3c81043ba88",
            "t10k-images-idx3-ubyte.gz": "ecff87aa27c74fbc2c1f97e89c19221d",
            "t10k-labels-idx1-ubyte.gz": "a38049bc042dc6e683842a84160daae1",
        },
        read=_read_mnist,
        class_names=_DIGITS,
    ),
    "fashion-mnist": _Source(
        url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        files={
            "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        },
        read=_read_mnist,
        class_names=(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        ),
    ),
    "kmnist": _Source(
        url="http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        files={
            "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
            "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
            "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
            "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
        },
        read=_read_mnist,
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
    "emnist": _Source(
        url="https://biometrics.nist.gov/cs_links/EMNIST/",
        files={"gzip.zip": "58c8d27c78d21e728a6bc7b3cc06412e"},
        read=_read_emnist,
        # Capitals and small letters that look alike share a class.
        class_names=(*string.digits, *string.ascii_uppercase, *"abdefghnqrt"),
    ),
    "qmnist": _Source(
        url="https://raw.githubusercontent.com/facebookresearch/qmnist/master/",
        files={
            "qmnist-train-images-idx3-ubyte.gz": "ed72d4157d28c017586c42bc6afe6370",
            "qmnist-train-labels-idx2-int.gz": "0058f8dd561b90ffdd0f734c6a30e5e4",
            "qmnist-test-images-idx3-ubyte.gz": "1394631089c404de565df7b7aeaf9412",
            "qmnist-test-labels-idx2-int.gz": "5b5b05890a5e13444e108efe57b788aa",
        },
        read=_read_qmnist,
        class_names=_DIGITS,
    ),
    "usps": _Source(
        url="https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/",
        files={"usps.bz2": "ec16c51db3855ca6c91edd34d0e9b197", "usps.t.bz2": "8ea070ee2aca1ac39742fdd1ef5ed118"},
        read=_read_usps,
        class_names=_DIGITS,
    ),
}  # fmt: skip
