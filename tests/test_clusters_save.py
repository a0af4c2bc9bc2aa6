"""What the Clusters page saves: really downloaded, and opened by what a person would open it with."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from bvae.browser.film import framed
from bvae.browser.glossary import MARK
from bvae.browser.player import film_player
from bvae.runs import Film, Run, find_run
from tests.bench import Bench
from tests.browsing import CLASS_COLOURS, WAIT, canvases, downloaded, frames
from tests.test_clusters_page import Component, apart

PALETTE = np.array([[int(colour[at : at + 2], 16) for at in (0, 2, 4)] for colour in CLASS_COLOURS])
MARGIN = 0.06  # of half a map, left empty around the film
LONELY = 0.011  # of a map's width from a point to the next: nothing but the point is seen at its place
FRAMES_A_SECOND = 12.5  # of a GIF
SECONDS = 0.6  # from epoch to epoch


@dataclass
class Map:
    """Where a run's points are to be seen on a picture of its film."""

    film: Film
    labels: np.ndarray

    @property
    def shape(self) -> float:
        """The width by the height of a picture that the film fills."""
        return float(np.divide(*np.ptp(self.film.positions, axis=(0, 1))))

    def places(self, frame: int, size: tuple[int, int]) -> np.ndarray:
        """Pixels across and down on a picture of that width and height, (P, 2)."""
        film = self.film.positions.astype(np.float64)
        low, high = film.min((0, 1)), film.max((0, 1))
        scale = (1 - MARGIN) * (size / (high - low)).min()
        return np.array(size) / 2 + (film[frame] - (low + high) / 2) * [scale, -scale]

    def lonely(self, frame: int, size: tuple[int, int]) -> np.ndarray:
        """Points with nothing near them, not even the name of a class, (N,)."""
        places, (width, _) = self.places(frame, size), size
        names = np.array([np.median(places[self.labels == label], axis=0) for label in np.unique(self.labels)])
        free = np.linalg.norm(places[:, None] - names[None], axis=2).min(1) > 0.06 * width
        return np.flatnonzero((apart(places) > LONELY * width) & free)

    def check(self, picture: np.ndarray, frame: int, within: float, share: float = 1.0) -> None:
        """At the places of lonely points, a picture (height, width, 3) has the colours of their classes."""
        height, width, _ = picture.shape
        chosen = self.lonely(frame, (width, height))
        assert len(chosen) >= 10
        across, down = np.floor(self.places(frame, (width, height))[chosen]).astype(int).T
        error = np.abs(picture[down, across].astype(int) - PALETTE[self.labels[chosen]]).max(1)
        assert np.mean(error <= within) >= share, np.sort(error)[::-1][:10]


@pytest.fixture(scope="module")
def drawn(trained_run: Run) -> Map:
    film = trained_run.film()
    assert film is not None
    assert film.about["state"] == "finished"
    return Map(film, trained_run.probe().labels)


class Clusters:
    """The page and its menu."""

    def __init__(self, page: Page, run: Run, address: str) -> None:
        self.page, self.run, self.address = page, run, address
        self.said = page.locator(".saving").get_by_role("status")

    def open(self) -> Clusters:
        self.page.goto(f"{self.address}/clusters?run={self.run.name}")
        expect(self.page.locator(".clusters:not([aria-busy])")).to_be_visible()
        return self

    def menu(self) -> None:
        self.page.get_by_text("Save", exact=True).click()

    def choose(self, label: str, option: str) -> None:
        self.page.locator(".clusters").get_by_label(label, exact=True).select_option(option)

    def go(self, frame: int) -> None:
        """To a frame by the keyboard, as often as it takes."""
        time = self.page.get_by_role("slider", name="Epoch", exact=True)
        time.press("Home")
        for _ in range(frame):
            time.press("ArrowRight")
        frames(self.page, 2)

    def save(self, name: str) -> Path:
        with self.page.expect_download(timeout=WAIT) as waiting:
            self.menu()
            self.page.get_by_role("button", name=name, exact=True).click()
        path = Path(waiting.value.path())
        return path.rename(path.with_name(waiting.value.suggested_filename))


@pytest.fixture
def clusters(bench: Bench, trained_run: Run) -> Clusters:
    """The component alone, with the page in which a film plays."""
    bench.page.evaluate("(player) => { globalThis.betaVaePlayer = player; }", film_player())
    Component(bench, trained_run).mount()
    return Clusters(bench.page, trained_run, "")


@pytest.fixture
def visit(page: Page, app: str, trained_run: Run) -> Clusters:
    return Clusters(page, trained_run, app).open()


def map_of(picture: np.ndarray, *films: Map, place: int = 0) -> np.ndarray:
    """Of a sheet (height, width, 3), one of the maps, which stand side by side below two lines of text."""
    whole = picture.shape[1]
    head = round(46 * whole / len(films) / 480)
    height = round(whole / sum(film.shape for film in films))
    bounds = [0, *np.cumsum([round(height * film.shape) for film in films[:-1]]), whole]
    return picture[head : head + height, bounds[place] : bounds[place + 1]]


def test_the_picture_shows_the_map_as_it_is(clusters: Clusters, drawn: Map) -> None:
    clusters.go(3)
    path = clusters.save("Picture, PNG")
    assert path.name == "mnist-beta4-umap.png"
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width == 1200
        drawn.check(map_of(np.array(picture.convert("RGB")), drawn), 3, within=24)


def test_the_gif_is_the_film(clusters: Clusters, drawn: Map) -> None:
    last = len(drawn.film.epochs) - 1
    path = clusters.save("Film, GIF")
    assert path.name == "mnist-beta4-umap.gif"
    with Image.open(path) as gif:
        assert (gif.format, gif.info["loop"], gif.width) == ("GIF", 0, 800)
        assert gif.n_frames == round(last * SECONDS * FRAMES_A_SECOND) + 1
        shown, durations = [], []
        for number in range(gif.n_frames):
            gif.seek(number)
            durations.append(gif.info["duration"])
            if number in (0, gif.n_frames // 2, gif.n_frames - 1):
                shown.append(map_of(np.array(gif.convert("RGB")), drawn))
    assert set(durations[:-1]) == {1000 / FRAMES_A_SECOND}
    assert durations[-1] == 1500
    drawn.check(shown[0], 0, within=40)
    drawn.check(shown[-1], last, within=40)
    assert not np.array_equal(shown[0], shown[1])
    assert (shown[0] == shown[0][0, 0]).all(2).mean() > 0.5  # the paper is one colour
    expect(clusters.page.locator("details.save")).to_be_visible()


PLAYED = """async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const video = document.createElement("video");
  const failed = new Promise((_, reject) => {
    video.onerror = () => reject(new Error(video.error.message));
  });
  const ended = new Promise((resolve) => {
    video.onended = resolve;
  });
  // A video says that it has data, and that a seek is over, a moment before there is a picture to draw.
  const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  video.muted = true;
  video.src = URL.createObjectURL(new Blob([bytes]));
  await Promise.race([shown, failed]);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const picture = () => {
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL();
  };
  const first = picture();
  await video.play();
  await Promise.race([ended, failed]);
  return { duration: video.duration, first, last: picture() };
}"""


def pixels(address: str) -> np.ndarray:
    """What a canvas says is its data URL, (height, width, 3)."""
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as picture:
        return np.array(picture.convert("RGB"))


def test_the_video_plays(clusters: Clusters, drawn: Map) -> None:
    clusters.choose("Speed", "4")
    last = len(drawn.film.epochs) - 1
    video = clusters.page.get_by_role("button", name="Film, MP4", include_hidden=True)
    name = "Film, MP4" if video.count() else "Film, WebM"
    path = clusters.save(name)
    content = path.read_bytes()
    if path.suffix == ".mp4":
        assert content[4:8] == b"ftyp"
    else:
        assert path.suffix == ".webm"
        assert content[:4] == b"\x1a\x45\xdf\xa3"
    found = clusters.page.evaluate(PLAYED, base64.b64encode(content).decode())
    # It is recorded while it plays: a busy machine may lengthen it, and nothing can shorten it.
    assert found["duration"] > 0.9 * (last * SECONDS / 4 + 1.5)
    first, final = pixels(found["first"]), pixels(found["last"])
    height, width, _ = first.shape
    assert width == 800
    assert height % 2 == 0
    # A video has one colour for four pixels, and a point is a few pixels.
    drawn.check(map_of(first, drawn), 0, within=90, share=0.9)
    drawn.check(map_of(final, drawn), last, within=90, share=0.9)


@pytest.mark.new_tab
def test_a_film_that_is_cancelled_leaves_nothing(clusters: Clusters) -> None:
    downloads: list[object] = []
    clusters.page.on("download", lambda download: downloads.append(download))
    clusters.menu()
    clusters.page.get_by_role("button", name="Film, MP4").or_(
        clusters.page.get_by_role("button", name="Film, WebM")
    ).click()
    cancel = clusters.page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_focused()
    cancel.press("Enter")
    expect(clusters.said).to_have_text("Not saved")
    expect(clusters.page.locator(".save summary")).to_be_focused()
    assert not downloads
    assert clusters.save("Picture, PNG").suffix == ".png"


def test_positions_and_codes_are_saved_as_tables(visit: Clusters, drawn: Map) -> None:
    with visit.save("Positions, CSV").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    probe, (count, images) = visit.run.probe(), drawn.film.positions.shape[:2]
    assert len(rows) == count * images
    said = {(row["run"], row["beta"], row["capacity"], row["layout"]) for row in rows}
    assert said == {(visit.run.name, "4", "", "umap")}
    column = {name: np.array([row[name] for row in rows]).reshape(count, images) for name in rows[0]}
    assert np.array_equal(column["epoch"].astype(int)[:, 0], drawn.film.epochs)
    assert np.array_equal(column["index"].astype(int), np.tile(probe.indices, (count, 1)))
    names = np.array(visit.run.class_names)
    assert np.array_equal(column["class"], np.tile(names[probe.labels], (count, 1)))
    found = np.stack([column["x"], column["y"]], 2).astype(float)
    assert np.allclose(found, framed(drawn.film.positions), atol=1e-5)
    mean, log_variance = visit.run.latents(drawn.film.epochs[-1])
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1)
    assert np.allclose(column["kl"].astype(float)[-1], kl, rtol=1e-4)
    assert np.allclose(column["reconstruction"].astype(float), drawn.film.reconstruction, rtol=1e-5)
    assert set(column["kept"][0]) == {""}, "since which epoch?"
    assert np.allclose(column["kept"][1:].astype(float), drawn.film.kept[1:], rtol=1e-5)

    epoch = visit.run.epochs()[-1]
    for kind in ("CSV", "NPZ"):
        path = downloaded(visit.page, visit.page.get_by_role("button", name=f"Codes, {kind}"))
        assert path.name == f"{visit.run.name}-codes-epoch-{epoch}.{kind.lower()}"
        if kind == "NPZ":
            with np.load(path, allow_pickle=False) as arrays:
                assert np.array_equal(arrays["mean"], mean)
            continue
        with path.open(newline="", encoding="utf-8") as file:
            codes = list(csv.DictReader(file))
        assert [int(row["index"]) for row in codes] == probe.indices.tolist()
        means = np.array([[row[f"mean_z{dimension}"] for dimension in range(20)] for row in codes])
        assert np.array_equal(means.astype(np.float32), mean)


def test_two_runs_are_saved_side_by_side(visit: Clusters, drawn: Map) -> None:
    page = visit.page
    page.get_by_label("Second run, side by side").click()
    page.get_by_role("option", name="mnist-beta1", exact=True).click()
    expect(page.locator(".clusters .map")).to_have_count(2)
    visit.go(0)
    path = visit.save("Picture, PNG")
    assert path.name == "mnist-beta4-mnist-beta1-umap.png"
    other = find_run("mnist-beta1")
    film = other.film()
    assert film is not None
    with Image.open(path) as picture:
        assert picture.width == 2400
        sheet = np.array(picture.convert("RGB"))
    beside = Map(film, other.probe().labels)
    drawn.check(map_of(sheet, drawn, beside), 0, within=24)
    beside.check(map_of(sheet, drawn, beside, place=1), 0, within=24)


# The page that plays alone -------------------------------------------------------------------------------------------


@dataclass
class Player:
    """The saved file in a browser that has no network."""

    page: Page
    canvas: Locator
    epoch: Locator

    def picture(self) -> np.ndarray:
        """The map's pixels, (height, width, 3)."""
        frames(self.page, 2)
        return pixels(self.canvas.evaluate("(canvas) => canvas.toDataURL()"))


@pytest.fixture(scope="module")
def saved(browser: Browser, app: str, trained_run: Run) -> Iterator[Path]:
    """The film of the bundled run as one file."""
    context = browser.new_context()
    context.set_default_timeout(WAIT)
    path = Clusters(context.new_page(), trained_run, app).open().save("Film to play offline, HTML")
    assert path.name == "mnist-beta4-umap.html"
    assert not MARK.search(path.read_text(encoding="utf-8"))  # of words that are explained in the app alone
    yield path
    context.close()


@pytest.fixture
def alone(browser: Browser, saved: Path) -> Iterator[Player]:
    yield from opened(browser, saved)


def opened(browser: Browser, path: Path, scheme: str = "light") -> Iterator[Player]:
    context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": 1300, "height": 1000})
    context.set_default_timeout(WAIT)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: problems.append(request.url) if request.url != path.as_uri() else None)
    page.goto(path.as_uri())
    expect(page.locator("main:not([aria-busy])")).to_be_visible()
    yield Player(page, page.get_by_role("img", name="Map of"), page.locator(".epoch"))
    context.close()
    assert not problems


def test_the_film_plays_without_a_network(alone: Player, drawn: Map, trained_run: Run) -> None:
    page, last = alone.page, len(drawn.film.epochs) - 1
    epochs = drawn.film.epochs
    expect(page.get_by_role("heading", level=1)).to_have_text(trained_run.name)
    expect(alone.epoch).to_have_text(f"Epoch {epochs[0]}")
    drawn.check(alone.picture(), 0, within=24)

    page.get_by_label("Speed").select_option("4")
    page.locator("body").press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(alone.epoch).to_have_text(f"Epoch {epochs[last]}")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    drawn.check(alone.picture(), last, within=24)


def test_the_film_is_scrubbed_without_a_network(alone: Player, drawn: Map) -> None:
    page, epochs = alone.page, drawn.film.epochs
    page.get_by_role("slider", name="Epoch").fill("5")
    expect(alone.epoch).to_have_text(f"Epoch {epochs[5]}")
    drawn.check(alone.picture(), 5, within=24)
    kinds = drawn.film.about["kinds"]
    row = page.get_by_role("row", name="Trustworthiness")
    expected = [f"{kinds[kind]['trustworthiness'][5]:.3f}" for kind in ("umap", "independent")]
    expect(row.get_by_role("cell")).to_have_text(expected)
    for key, frame in (("ArrowRight", 6), ("ArrowLeft", 5), ("Home", 0), ("End", len(epochs) - 1)):
        page.get_by_role("heading", level=1).click()
        page.keyboard.press(key)
        expect(alone.epoch).to_have_text(f"Epoch {epochs[frame]}")
    page.get_by_label("Speed").select_option("4")
    page.get_by_role("slider", name="Epoch").fill("5")
    page.get_by_role("slider", name="Epoch").press(" ")  # which plays from there too
    expect(alone.epoch).to_have_text(f"Epoch {epochs[-1]}")


def test_a_point_shows_its_image_without_a_network(alone: Player, drawn: Map, trained_run: Run) -> None:
    page, probe = alone.page, trained_run.probe()
    height, width, _ = alone.picture().shape
    box = alone.canvas.bounding_box()
    assert box is not None
    for point in drawn.lonely(0, (width, height))[:3]:
        x, y = drawn.places(0, (width, height))[point]
        page.mouse.move(box["x"] + 1 + x, box["y"] + 1 + y)  # within the border of one pixel
        image = page.get_by_role("img", name=f"Test image {probe.indices[point]}, ")
        expect(image).to_have_attribute("aria-label", f"Test image {probe.indices[point]}, class {probe.labels[point]}")
        assert np.array_equal(canvases(image)[0], probe.images[point].ravel())
        expect(page.locator(".point")).to_contain_text("Reconstruction, nats")
        expect(page.locator(".point")).not_to_contain_text("Neighbours kept")  # since which epoch?
        page.keyboard.press("ArrowRight")
        expect(page.locator(".point")).to_contain_text("Neighbours kept")
        page.keyboard.press("ArrowLeft")
        frames(page, 2)  # the points are where they were drawn last


def test_a_class_is_hidden_and_an_empty_map_says_so_without_a_network(alone: Player, drawn: Map) -> None:
    def coloured() -> int:
        return int((np.abs(alone.picture().astype(int) - PALETTE[9]).max(2) < 20).sum())

    assert coloured() > 100
    button = alone.page.get_by_role("button", name="9", exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert coloured() < 10
    button.click()
    assert coloured() > 100

    nothing = alone.page.get_by_text("No point lies here")
    expect(nothing).to_be_hidden()
    box = alone.canvas.bounding_box()
    assert box is not None
    alone.page.mouse.click(box["x"] + box["width"] - 6, box["y"] + 6)
    for _ in range(12):
        alone.page.mouse.wheel(0, -300)
        frames(alone.page, 1)
    expect(nothing).to_be_visible()
    alone.page.keyboard.press("0")
    expect(nothing).to_be_hidden()


def test_it_is_dark_where_the_reader_is(browser: Browser, saved: Path, drawn: Map) -> None:
    for player in opened(browser, saved, "dark"):
        picture = player.picture()
        assert picture[0, 0].max() < 60
        drawn.check(picture, 0, within=24)


def test_a_name_cannot_break_out_of_the_file(clusters: Clusters, browser: Browser) -> None:
    name = "</script><img src=x onerror=alert(1)><!--"
    clusters.page.evaluate(
        "(name) => { for (const film of betaVaeFilms.values()) film.about.class_names[0] = name; }", name
    )
    for player in opened(browser, clusters.save("Film to play offline, HTML")):
        expect(player.page.locator(".legend button").first).to_have_text(name)
        expect(player.page.locator("main img")).to_have_count(0)
