"""What is measured of an image, against drawings of known strokes, known changes of digits, the published method."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from scipy.stats import spearmanr
from skimage import morphology, transform

from bvae import factors
from bvae.data import load_dataset
from bvae.factors import FACTORS, measure, measure_once, of_split
from bvae.network import encoder_layers
from bvae.numpy_model import decode, encode
from bvae.runs import BUNDLED_RUNS, Run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """Every hundredth digit of MNIST's test set, (100, 28, 28) uint8."""
    return load_dataset("mnist").test.pixels.numpy()[::100]


def bar(thickness: float, length: float, degrees: float = 0.0, side: int = 40) -> np.ndarray:
    """A white bar that leans to the right by so many degrees, drawn finely and averaged to (1, side, side) float32."""
    fine = 16
    axis = (np.arange(side * fine) + 0.5) / fine - side / 2
    x, y = axis[None, :], axis[:, None]
    across = (x + np.tan(np.radians(degrees)) * y) * np.cos(np.radians(degrees))
    ink = (np.abs(across) <= thickness / 2) & (np.abs(y) <= length / 2)
    return ink.reshape(1, side, fine, side, fine).mean((2, 4)).astype(np.float32)


# Known answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [-30, 0, 20])
@pytest.mark.parametrize("thickness", [2.0, 4.0])
def test_a_bar_is_as_it_is_drawn(thickness: float, degrees: float) -> None:
    found = {name: float(value[0]) for name, value in measure(bar(thickness, 20.0, degrees)).items()}
    stroke = 20 / np.cos(np.radians(degrees))
    assert found["area"] == pytest.approx(thickness * stroke, rel=0.05)
    assert found["thickness"] == pytest.approx(thickness, rel=0.12)
    assert found["slant"] == pytest.approx(degrees, abs=1.5)
    assert found["height"] == pytest.approx(20, abs=0.7)
    # Edges are drawn and smoothed over a pixel or two, of which 98 % count.
    assert 1 <= found["width"] - thickness / np.cos(np.radians(degrees)) <= 2
    # The medial axis ends before the end of a bar, or forks into its corners; and one that leans goes in steps.
    assert stroke - thickness <= found["length"] <= 1.25 * (stroke + thickness)


def followed(known: np.ndarray, found: np.ndarray) -> float:
    return float(spearmanr(known, found).statistic)


def on_a_large_page(images: np.ndarray, side: int = 56) -> np.ndarray:
    room = (side - images.shape[1]) // 2
    return np.pad(images, ((0, 0), (room, room), (room, room))).astype(np.float32) / 255


def test_shears_are_followed(digits: np.ndarray) -> None:
    pages = on_a_large_page(digits[:40])
    known = np.random.default_rng(0).uniform(-0.6, 0.6, len(pages))  # by how many pixels to the right, of each up
    middle = (pages.shape[1] - 1) / 2
    sheared = [
        ndimage.affine_transform(page, [[1, 0], [shear, 1]], offset=[0, -shear * middle], order=1)
        for page, shear in zip(pages, known, strict=True)
    ]
    before, after = measure(pages), measure(np.clip(sheared, 0, 1))
    change = np.tan(np.radians(after["slant"])) - np.tan(np.radians(before["slant"]))
    assert followed(known, change) >= 0.98
    np.testing.assert_allclose(change, known, atol=0.03)
    # The slant is taken out before the rest is measured.
    np.testing.assert_allclose(after["height"], before["height"], rtol=0.05)
    assert followed(before["width"], after["width"]) >= 0.98


def test_dilations_are_followed(digits: np.ndarray) -> None:
    known = np.linspace(0, 1.6, 9)  # pixels that are added on either side of a stroke
    steps, ink = [], []
    for page in on_a_large_page(digits[:12], 40):
        strokes = ndimage.zoom(page, 8, order=1, grid_mode=True, mode="nearest") >= 0.5
        away = ndimage.distance_transform_edt(~strokes) / 8
        for radius in known:
            ink.append((away <= radius).sum() / 64)
            steps.append((away <= radius).reshape(40, 8, 40, 8).mean((1, 3)))
    after = measure(np.asarray(steps))
    thickness = after["thickness"].reshape(-1, len(known))
    for digit in thickness:
        assert followed(known, digit) >= 0.98
    # Before loops close, which makes one thick stroke of two.
    assert np.median(thickness[:, 4] - thickness[:, 0]) == pytest.approx(2 * known[4], rel=0.1)
    assert followed(np.asarray(ink), after["area"]) >= 0.98
    np.testing.assert_allclose(after["area"].mean(), np.mean(ink), rtol=0.03)


def test_scales_are_followed(digits: np.ndarray) -> None:
    pages = on_a_large_page(digits[:40])
    known = np.random.default_rng(0).uniform(0.7, 1.8, len(pages))
    middle = (pages.shape[1] - 1) / 2
    scaled = [
        ndimage.affine_transform(page, [1 / scale, 1 / scale], offset=middle - middle / scale, order=1)
        for page, scale in zip(pages, known, strict=True)
    ]
    before, after = measure(pages), measure(np.clip(scaled, 0, 1))
    for name in ("length", "thickness", "width", "height"):
        assert followed(before[name] * known, after[name]) >= 0.98, name
    assert followed(known, np.sqrt(after["area"] / before["area"])) >= 0.98
    assert followed(known, after["height"] / before["height"]) >= 0.98
    assert followed(before["slant"], after["slant"]) >= 0.98


# The published method ----------------------------------------------------------------------------------------------


def as_published(image: np.ndarray) -> list[float]:
    """The factors of one image (H, W) uint8 by the formulas of Castro et al. 2019 and with the settings of their
    package, written down once more without regard to time."""
    large = (255 * transform.pyramid_expand(image, upscale=4, order=3)).astype(np.uint8).astype(np.float64)
    ink = large >= large.min() + (large.max() - large.min()) / 2
    axis, distance = morphology.medial_axis(ink, return_distance=True)
    places = [tuple(place) for place in np.argwhere(axis)]
    there = set(places)
    length = sum(
        np.hypot(*step) for y, x in places for step in ((0, 1), (1, 0), (1, 1), (1, -1))
        if (y + step[0], x + step[1]) in there
    )  # fmt: skip
    y, x = np.mgrid[: large.shape[0], : large.shape[1]]
    share = large / large.sum()
    middle = (share * y).sum()
    shear = (share * (x - (share * x).sum()) * (y - middle)).sum() / (share * (y - middle) ** 2).sum()
    edges = np.arange(large.shape[1])
    across = [share[x + 0.5 < edge + shear * (y - middle)].sum() for edge in edges]
    down = [share[y < edge].sum() for edge in edges]
    left, right = np.interp([0.01, 0.99], across, edges)
    top, bottom = np.interp([0.01, 0.99], down, edges)
    slant = np.degrees(np.arctan(-shear))
    return [ink.sum() / 16, length / 4, 2 * distance[axis].mean() / 4, slant, (right - left) / 4, (bottom - top) / 4]


def test_values_agree_with_the_published_method(digits: np.ndarray) -> None:
    published = dict(zip(FACTORS, np.array([as_published(image) for image in digits]).T, strict=True))
    found = measure(digits)
    for name in FACTORS:
        scale = published[name].std() if name == "slant" else published[name].mean()  # a mean slant is nearly 0
        assert abs(found[name].mean() - published[name].mean()) <= 0.01 * scale, name
        assert followed(published[name], found[name]) >= 0.99, name
        # The medial axis of the package is another one with every call.
        assert np.abs(found[name] - published[name]).mean() <= 0.1 * published[name].std(), name


# What images may be ------------------------------------------------------------------------------------------------


def test_the_names_and_their_types(digits: np.ndarray) -> None:
    found = measure(digits[:3])
    assert tuple(found) == FACTORS == tuple(factors.UNITS)
    for values in found.values():
        assert values.shape == (3,)
        assert values.dtype == np.float64
    assert all(values.shape == (0,) for values in measure(digits[:0]).values())


def test_a_summary_says_mean_spread_and_unit(digits: np.ndarray) -> None:
    found = factors.summary(measure(digits))
    assert tuple(found) == FACTORS
    assert found["slant"]["unit"] == "°"
    # As over all of MNIST's test set: 2.68 ± 0.70 px.
    assert found["thickness"]["mean"] == pytest.approx(2.68, abs=0.25)
    assert found["thickness"]["standard_deviation"] == pytest.approx(0.70, abs=0.15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_measured_as_bytes_are(digits: np.ndarray, dtype: type) -> None:
    bytewise, floating = measure(digits), measure((digits / 255).astype(dtype))
    for name in FACTORS:
        tolerance = 0.3 if dtype is np.float16 else 0  # which has other values, a little
        np.testing.assert_allclose(floating[name], bytewise[name], atol=tolerance * bytewise[name].std(), rtol=0)


def test_a_decoded_image_is_measured_as_a_real_one(digits: np.ndarray) -> None:
    run = Run(BUNDLED_RUNS / "mnist-beta1")
    epoch = max(run.epochs())
    code, _ = encode(encoder_layers(run.config, run.image_shape), run.weights(epoch), digits)
    decoded = decode(*run.decoder(epoch), code)
    grey, rounded, real = measure(decoded), measure((255 * decoded).round().astype(np.uint8)), measure(digits)
    for name in FACTORS:
        # 256 levels are fine enough, and the haze around decoded strokes does not count for ink.
        np.testing.assert_allclose(grey[name].mean(), rounded[name].mean(), rtol=0.01, atol=0.1)
        # Of most of MNIST the height is that of the box that the digits were fitted into.
        assert followed(real[name], grey[name]) >= (0.8 if name == "height" else 0.9), name
        assert abs(grey[name].mean() - real[name].mean()) <= 0.35 * real[name].std(), name


def test_an_image_has_one_value_in_any_company(digits: np.ndarray) -> None:
    together = measure(digits)
    backwards = measure(digits[::-1])
    alone = measure(digits[7:8])
    for name in FACTORS:
        np.testing.assert_allclose(backwards[name][::-1], together[name], atol=1e-9)
        assert alone[name][0] == pytest.approx(together[name][7], abs=1e-9)


@pytest.mark.parametrize("shape", [(28, 28), (16, 20), (64, 64), (3, 9)])
def test_images_without_strokes_have_defined_values(shape: tuple[int, int]) -> None:
    height, width = shape
    dot = np.zeros(shape)
    dot[height // 2, width // 2] = 1
    pages = np.stack([np.zeros(shape), np.full(shape, 0.5), np.full(shape, 0.05), np.ones(shape), dot, 0.3 * dot])
    found = measure(pages)
    for name in FACTORS:
        assert np.isfinite(found[name]).all()
        assert (found[name][:3] == 0).all(), name  # empty, or one grey all over
    assert found["area"][3] == height * width
    assert found["width"][3] == pytest.approx(0.98 * width)
    assert found["height"][3] == pytest.approx(0.98 * height)
    assert found["slant"][3] == pytest.approx(0, abs=1e-4)
    assert 0 < found["thickness"][3] <= min(shape)
    for place in (4, 5):
        assert found["length"][place] <= 0.5
        assert 0.5 <= found["thickness"][place] <= 2
        assert 0.5 <= found["area"][place] <= 3
        assert found["slant"][place] == pytest.approx(0, abs=0.5)


def test_ink_ends_at_the_border() -> None:
    half = np.zeros((1, 28, 28), np.uint8)
    half[:, :, :6] = 255
    assert measure(half)["thickness"][0] == pytest.approx(measure(np.roll(half, 10, 2))["thickness"][0], rel=0.1)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((28, 28), np.uint8),
        np.zeros((2, 0, 28), np.uint8),
        np.zeros((2, 28, 28), np.int64),
        np.full((2, 28, 28), 255.0),
        np.full((2, 28, 28), np.nan),
        np.full((2, 28, 28), -0.1),
    ],
)
def test_what_are_no_images_is_refused(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Images"):
        measure(images)


# Many images -------------------------------------------------------------------------------------------------------


def test_processes_find_the_same_and_tell_how_far_they_are(digits: np.ndarray) -> None:
    images = np.tile(digits, (3, 1, 1))
    told: list[tuple[int, int]] = []
    shared = measure(images, processes=2, progress=lambda done, of: told.append((done, of)))
    assert [done for done, _ in told] == [100, 200, 300]
    assert {of for _, of in told} == {300}
    for name, values in measure(images, processes=1).items():
        np.testing.assert_allclose(shared[name], values, atol=1e-6)


def test_who_asks_to_stop_is_heard(digits: np.ndarray) -> None:
    before = threading.active_count()

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    for processes in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            measure(np.tile(digits, (4, 1, 1)), processes=processes, progress=stop)
    assert threading.active_count() == before


@pytest.mark.parametrize("script", [None, "exit 0", "echo Welcome to Python; cat > /dev/null", "head -c 100"])
def test_without_processes_it_is_measured_all_the_same(
    digits: np.ndarray, script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"  # not there, ends at once, talks, or gives back a part of what it was sent
    if script:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    shared = measure(np.tile(digits, (2, 1, 1)), processes=2)
    np.testing.assert_array_equal(shared["length"][:100], measure(digits, processes=1)["length"])


def test_a_program_that_measures_is_not_run_again_by_its_processes(tmp_path: Path) -> None:
    program = tmp_path / "page.py"  # without `if __name__ == "__main__"`, as a page of the app is
    program.write_text(
        "import threading, numpy as np\nprint('once')\nfrom bvae.factors import measure\n"
        "images = np.random.default_rng(0).integers(0, 256, (300, 28, 28), dtype=np.uint8)\n"
        "thread = threading.Thread(target=lambda: print(len(measure(images, processes=2)['area'])))\n"
        "thread.start()\nthread.join()\n"
    )
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.stdout.split() == ["once", "300"], done.stderr


def test_importing_it_is_cheap() -> None:
    program = "import sys, bvae.factors; print({'torch', 'scipy', 'skimage', 'streamlit', 'numba'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "set()", done.stderr


# What is kept ------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(digits: np.ndarray) -> Callable[[Path], tuple[dict[str, np.ndarray], int]]:
    """Measures the digits once, and says how many of them were measured for it."""

    def measured(cache: Path) -> tuple[dict[str, np.ndarray], int]:
        told = [0]
        found = measure_once(digits, cache=cache, progress=lambda done, of: told.append(done))
        return found, told[-1]

    return measured


def test_what_was_measured_once_is_read(
    counted: Callable[[Path], tuple[dict[str, np.ndarray], int]], digits: np.ndarray, tmp_path: Path
) -> None:
    first, measured = counted(tmp_path / "factors")
    assert measured == len(digits)
    again, measured = counted(tmp_path / "factors")
    assert measured == 0
    assert tuple(again) == FACTORS
    for name in FACTORS:
        np.testing.assert_array_equal(again[name], first[name])
    other = measure_once(digits[:5], cache=tmp_path / "factors")
    np.testing.assert_array_equal(other["slant"], first["slant"][:5])


def test_what_is_damaged_is_measured_again(
    counted: Callable[[Path], tuple[dict[str, np.ndarray], int]], digits: np.ndarray, tmp_path: Path
) -> None:
    first, _ = counted(tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for broken in (b"", whole[:-9], whole[:-1] + bytes([whole[-1] ^ 1]), whole.replace(b'"1"', b'"2"'), b"\xff" * 64):
        kept.write_bytes(broken)
        found, measured = counted(tmp_path)
        assert measured == len(digits)
        np.testing.assert_array_equal(found["area"], first["area"])
        assert counted(tmp_path)[1] == 0


def test_where_nothing_can_be_kept_it_is_measured(
    counted: Callable[[Path], tuple[dict[str, np.ndarray], int]],
    digits: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    for _ in range(2):
        assert counted(tmp_path / "file")[1] == len(digits)
    for variable in ("BVAE_DATA", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("BVAE_DATA", "~nobody-of-this-name/cache")
    assert len(measure_once(digits[:2])["area"]) == 2


def test_a_data_sets_factors_are_those_of_its_images(tmp_path: Path) -> None:
    dataset = load_dataset("mnist", limit=3)
    found = of_split(dataset, "train", cache=tmp_path)
    np.testing.assert_array_equal(found["area"], measure(dataset.train.pixels.numpy())["area"])
    assert len(list(tmp_path.iterdir())) == 1
