"""An exported page in real browsers, opened as a file with the network cut: every page, and what goes between them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from bvae.browser.chosen import draw, rank
from bvae.browser.export import gather, single, write_folder
from bvae.browser.quality import KINDS, MEASURES
from bvae.codes import codes_csv
from bvae.runs import find_run
from pages.parts.cursor import ADDRESS, from_address
from pages.parts.film_quality import by_epoch
from pages.parts.live import open_live
from tests.addresses import Where, differences, drawn
from tests.browsing import comes_true, downloaded, inaccessible, until
from tests.conftest import watched
from tests.deeds import PAGES as DEEDS
from tests.firefox import Firefox, find_firefox
from tests.sentences import only_one_says

RUNS = ("mnist-beta10", "mnist-beta1")
PAGES = ("home", "traverse", "interpolate", "generate", "clusters", "disentangle", "reconstruct", "draw", "compare")
MEGABYTES = 8  # of both runs together
VIEWS = {
    "generate": "&seed=31&temperature=0.7",
    "reconstruct": "&seed=3&count=20",
    "compare": "&beside=mnist-beta1&pairs=off&moved2=0.5__-1.25_____________2____&show=walk&share=0.31&runs=*&at=30",
}  # what a page shows beyond the cursor
THIRD = find_run("mnist-beta4").history()[-1]
APART = {  # how sentences begin that the app says alone, or otherwise
    "home": (  # of a lesson, a run and a page that are not here
        "A lesson of ten minutes",
        f"Reconstruction {THIRD.reconstruction:.1f} nats",
        "Choose another β",
    ),
    "clusters": (f"Film of {RUNS[0]}: ", "The codes of all these images"),  # how long it took; how exact they are
}
STEPS = [
    {"title": "First", "text": "A [code](#code). **Drag.**", "page": "traverse", "address": {"digit": "87"}},
    {"title": "Second", "text": "<b>Far</b>", "page": "reconstruct", "address": {"run": "gone", "epoch": "0"}},
]

# Whether every component of a page has drawn: a page of its own name, and none of another.
READY = """(path) => {
  const homes = [...document.querySelectorAll("[data-component]")];
  const ready = ({ shadowRoot, hidden }) => hidden || shadowRoot.querySelector(".live:not([aria-busy])");
  return homes.length > 0 && homes.every(ready) && document.querySelector(`.page-${path}`) !== null;
}"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two runs are one file, `page.html`, and a folder, `site`."""
    folder = tmp_path_factory.mktemp("exported")
    page = gather([find_run(name) for name in RUNS], MEGABYTES)
    page.site["lesson"] = {"name": "two", "format": 1, "title": "Two steps", "steps": STEPS}
    (folder / "page.html").write_text(single(page), encoding="utf-8")
    write_folder(page, folder / "site")
    return folder


@pytest.fixture(scope="module")
def exported(written: Path) -> str:
    """The address of the file."""
    return (written / "page.html").as_uri()


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """A window without a network; whatever would go there fails the test."""
    with watched(browser, viewport={"width": 1400, "height": 1000}, offline=True, reduced_motion="reduce") as page:
        asked: list[str] = []
        refused: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
        yield page
        assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
        assert not refused


def open_page(page: Page, exported: str, path: str, query: str = "", width: int = 1400) -> None:
    """Load the file at a page of it."""
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto("about:blank")  # since another hash alone loads nothing
    page.goto(f"{exported}#{path}{query}")
    comes_true(page, READY, path)


def asked(page: Page) -> dict[str, str]:
    """The parameters of the address."""
    return {name: values[0] for name, values in parse_qs(page.evaluate("location.hash").partition("?")[2]).items()}


def check_page(page: Page, width: int) -> None:
    """What the page shows is whole and accessible in a window of this width."""
    expect(page.locator(".problems p")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    current = page.locator("nav a[aria-current]")
    expect(current).to_have_count(1)
    assert page.title().startswith(str(current.text_content()))
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert beyond <= 1, f"wider than a window of {width}"
    assert not (serious := inaccessible(page)), "\n".join(serious)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_draws_from_a_file_and_is_accessible(window: Page, exported: str, path: str) -> None:
    window.emulate_media(color_scheme="light")
    open_page(window, exported, path)
    check_page(window, 1400)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_draws_on_a_phone_in_the_dark_and_is_accessible(window: Page, exported: str, path: str) -> None:
    """One after another in the file that is open, which takes half the work of loading it."""
    window.emulate_media(color_scheme="dark")
    if window.url.startswith(exported):
        window.set_viewport_size({"width": 390, "height": 1000})
        window.evaluate("(path) => { location.hash = path; }", path)
        comes_true(window, READY, path)
    else:
        open_page(window, exported, path, width=390)
    check_page(window, 390)


@pytest.mark.parametrize("path", PAGES)
def test_an_address_shows_the_images_and_sentences_that_it_shows_in_the_app(
    page: Page, app: str, window: Page, exported: str, path: str
) -> None:
    code = ",".join(f"{value:.3f}" for value in np.random.default_rng(5).standard_normal(20))
    address = f"{path}?run={RUNS[0]}&epoch=30&z={code}{VIEWS.get(path, '')}"
    for where, before in ((page, f"{app}/"), (window, f"{exported}#")):
        where.set_viewport_size({"width": 1400, "height": 2600})  # what is out of sight is not drawn
        where.goto("about:blank")
        where.goto(before + address)
    until(page, lambda: len(images(page, path)) > 0, lambda: f"{path} draws nothing")
    both = [page, window]
    until(page, lambda: len({str(images(each, path)) for each in both}) == 1, lambda: f"{images(window, path)}")

    def apart() -> list[str]:
        return only_one_says(page, window, APART.get(path, ()))

    until(page, lambda: not apart(), lambda: "\n".join(apart()))


def images(page: Page, path: str) -> list[str]:
    """What is drawn of as many pixels as the run's images have, in order: of each a number that another has not."""
    component = {"home": "traverse", "compare": "beside"}.get(path, path)
    found = drawn(page, f".{component}") or []
    return [line for line in found if ": 28x28 " in line]


def test_the_cursor_goes_from_page_to_page_and_back(window: Page, exported: str) -> None:
    open_page(window, exported, "traverse")
    first = asked(window)
    assert first["run"] == RUNS[0]
    slider = window.locator(".slider input").first
    slider.focus()
    window.keyboard.press("ArrowRight")
    until(window, lambda: asked(window)["z"] != first["z"], lambda: "the address does not follow the slider")
    moved = asked(window)
    assert from_address(moved, open_live(find_run(RUNS[0]), RUNS[0]).space)[1] == []
    window.get_by_role("link", name="Generate").focus()
    window.keyboard.press("Enter")
    comes_true(window, READY, "generate")
    assert asked(window) == {name: value for name, value in moved.items() if name in ADDRESS}
    expect(window.get_by_role("heading", level=1)).to_be_focused()
    seed = window.get_by_label("Seed", exact=True)
    seed.fill("31")
    seed.press("Enter")
    until(window, lambda: asked(window).get("seed") == "31", lambda: f"{asked(window)}")
    window.go_back()
    window.go_back()
    comes_true(window, READY, "traverse")
    assert asked(window) == moved
    window.go_back()
    until(window, lambda: asked(window) == first, lambda: f"{asked(window)}")
    expect(slider).not_to_have_js_property("value", "")
    window.go_forward()
    window.go_forward()
    window.go_forward()
    comes_true(window, READY, "generate")
    expect(window.get_by_label("Seed", exact=True)).to_have_value("31")


def test_another_run_keeps_the_image(window: Page, exported: str) -> None:
    open_page(window, exported, "traverse", f"?run={RUNS[0]}&digit=87")
    before = asked(window)
    window.get_by_role("combobox", name="Run").select_option(RUNS[1])
    until(window, lambda: asked(window)["run"] == RUNS[1], lambda: f"{asked(window)}")
    after = asked(window)
    assert (after["digit"], before["digit"]) == ("87", "87")
    assert after["z"] != before["z"]
    expect(window.locator(".run-facts")).to_contain_text("β = 1")


def test_reconstruct_shows_the_images_that_the_app_shows(window: Page, exported: str) -> None:
    run = find_run(RUNS[0])
    probe = run.probe()
    open_page(window, exported, "reconstruct")
    window.get_by_label("Seed", exact=True).fill("7")
    window.get_by_label("Seed", exact=True).press("Enter")
    chosen = probe.indices[draw(probe.labels, probe.indices, 10, 7)].tolist()
    expect(window.locator(".caption")).to_contain_text("seed 7")
    expect(window.locator(".card").first).to_have_attribute("title", re.compile(f"Test image {chosen[0]},"))
    assert shown(window) == chosen
    # Of one class, or ranked, they are chosen from the images that came along.
    here = np.array(window.evaluate("[...betaVaeFilms.values()[0].indices]"))
    places = [probe.indices.tolist().index(index) for index in here]
    labels = probe.labels[places]
    window.get_by_label("Class", exact=True).select_option(label=run.class_names[4])
    expect(window.locator(".caption")).to_contain_text(f"class {run.class_names[4]}")
    assert shown(window) == here[draw(labels, here, 10, 7, 4)].tolist()
    film = run.film()
    assert film is not None
    window.get_by_label("Class", exact=True).select_option(label="All")
    window.get_by_label("Worst", exact=True).check()
    expect(window.locator(".caption")).to_contain_text("highest reconstruction")
    assert shown(window) == here[rank(film.reconstruction[-1][places], labels, 10, False)].tolist()


def test_what_the_frame_chooses_is_in_the_address(window: Page, exported: str) -> None:
    open_page(window, exported, "reconstruct", "?which=worst&ranked=0&count=20&class=4&by=kl")
    expect(window.locator(".caption")).to_contain_text("the highest KL at epoch 0, worst first")
    before = shown(window)
    window.get_by_label("Best", exact=True).check()
    until(window, lambda: asked(window).get("which") == "best", lambda: f"{asked(window)}")
    assert (asked(window)["count"], asked(window)["class"], asked(window)["by"]) == ("20", "4", "kl")
    window.go_back()
    expect(window.get_by_label("Worst", exact=True)).to_be_checked()
    assert shown(window) == before
    open_page(window, exported, "clusters", f"?second={RUNS[1]}")
    expect(window.locator(".map")).to_have_count(2)
    assert asked(window)["second"] == RUNS[1]


def shown(page: Page) -> list[int]:
    """The test images on the cards."""
    titles = page.locator(".card").evaluate_all("(cards) => cards.map((card) => card.title)")
    return [int(title.split()[2].rstrip(",")) for title in titles]


def test_clusters_says_how_true_the_film_is_and_saves_what_it_has_of_the_codes(window: Page, exported: str) -> None:
    run = find_run(RUNS[0])
    film, probe = run.film(), run.probe()
    assert film is not None
    open_page(window, exported, "clusters")
    expect(window.locator("[data-component=clusters] .moves")).to_contain_text(
        re.compile(r"Since epoch \d+ the median point moved 0\.")
    )
    window.locator("details.quality summary").click()
    kinds = film.about["kinds"]
    _, words = by_epoch({"epochs": film.epochs, "kinds": kinds})
    chart = window.get_by_role("img", name="Figures of quality")
    expect(chart).to_have_attribute("aria-label", words)
    expect(chart.locator(".mark")).to_have_count(sum(len(kinds[kind][name]) for kind in KINDS for name in MEASURES))
    expect(chart.locator(".path")).to_have_count(len(KINDS) * len(MEASURES))
    box = chart.bounding_box()
    assert box
    assert box["height"] > 500
    file = downloaded(window, window.get_by_role("button", name="Codes, CSV"))
    last = run.epochs()[-1]
    assert file.name == f"{run.name}-codes-epoch-{last}.csv"
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    every = list(csv.reader(codes_csv(run, last).decode().splitlines()))
    assert rows[0] == every[0]
    place = {index: at for at, index in enumerate(probe.indices.tolist())}
    theirs = [every[1 + place[int(row[3])]] for row in rows[1:]]
    assert len(theirs) == window.evaluate("[...betaVaeFilms.values()].at(-1).points") > 1_000
    assert [(row[0], row[4]) for row in rows[1:]] == [(row[0], row[4]) for row in theirs]
    found, expected = (np.array([row[1:4] + row[5:] for row in each], float) for each in (rows[1:], theirs))
    about, mean, variance = np.s_[:, :3], np.s_[:, 3 : 3 + run.config.latent_dim], np.s_[:, 3 + run.config.latent_dim :]
    assert np.array_equal(found[about], expected[about])
    np.testing.assert_allclose(found[mean], expected[mean], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found[variance], expected[variance], rtol=0.02)


def test_a_drawing_is_the_cursor_of_every_page_and_run(window: Page, exported: str) -> None:
    open_page(window, exported, "draw")
    box = window.locator("[data-component=draw] .desk canvas").first.bounding_box()
    assert box
    x, y, side = box["x"], box["y"], box["width"]
    window.mouse.move(x + 0.5 * side, y + 0.2 * side)
    window.mouse.down()
    window.mouse.move(x + 0.48 * side, y + 0.8 * side, steps=4)
    window.mouse.up()
    until(window, lambda: "drawing" in asked(window), lambda: f"{asked(window)}")
    number = asked(window)["drawing"]
    epoch = window.get_by_role("slider", name="Epoch", exact=True)
    for key, at in (
        ("Home", "0"),
        ("ArrowRight", None),
        ("End", "100"),
    ):  # which has an encoder, or the nearest stands for it
        epoch.press(key)
        until(window, lambda at=at: at in (None, asked(window)["epoch"]), lambda: f"{asked(window)}")  # type: ignore[misc]
        expect(window.locator("[data-component=draw] .neighbours canvas").first).to_be_visible()
        expect(window.get_by_text("on its way")).to_have_count(0)
        assert asked(window)["drawing"] == number
    for path in ("interpolate", "traverse"):
        window.locator(f"nav a[href^='#{path}?']").click()
        comes_true(window, READY, path)
        assert asked(window)["drawing"] == number
    expect(window.locator(".source-text")).to_contain_text("drawing")
    hash_of_drawing = window.evaluate("location.hash")
    open_page(window, exported, "home")  # as in another browser, which has nothing of it but the address
    window.evaluate("(hash) => { location.hash = hash; }", hash_of_drawing)
    comes_true(window, READY, "traverse")
    expect(window.locator(".source-text")).to_contain_text("drawing")
    z = asked(window)["z"]
    window.get_by_role("combobox", name="Run").select_option(RUNS[1])
    until(window, lambda: asked(window)["run"] == RUNS[1], lambda: f"{asked(window)}")
    assert asked(window)["drawing"] == number
    assert asked(window)["z"] != z


def test_runs_stand_beside_each_other_and_a_point_opens_its_run(window: Page, exported: str) -> None:
    open_page(window, exported, "compare")
    beside = window.locator("[data-component=beside]")
    expect(beside.locator(".side")).to_have_count(2)
    window.get_by_label(RUNS[1], exact=True).uncheck()
    expect(beside).to_be_hidden()
    point = window.locator(".plane a.run").last
    wanted = parse_qs(str(point.get_attribute("href")).partition("?")[2])["run"][0]
    point.press("Enter")
    comes_true(window, READY, "traverse")
    assert asked(window)["run"] == wanted


def test_what_compare_shows_comes_back_from_its_address(browser: Browser, exported: str) -> None:
    visited = next(each for each in DEEDS if each.name == "compare")
    assert list(differences(browser, Where(f"{exported}#", RUNS[0]), visited, 2)) == ["", ""]


def test_runs_are_compared_at_the_epoch_that_the_address_asks_for(window: Page, exported: str) -> None:
    open_page(window, exported, "compare", "?runs=*&at=7&beside=")
    assert (asked(window)["at"], window.evaluate("location.hash").endswith("&beside=")) == ("7", True)
    point = window.locator(".plane .run").first
    records = {name: find_run(name).history()[7] for name in RUNS}
    expect(point).to_have_attribute(
        "aria-label", re.compile(f"KL ({'|'.join(f'{each.kl:.2f}' for each in records.values())})")
    )
    epoch = window.get_by_role("slider", name="At epoch")
    expect(epoch).to_have_attribute("aria-valuetext", "7")
    epoch.press("End")
    expect(epoch).to_have_attribute("aria-valuetext", "the last of each")
    until(window, lambda: "at" not in asked(window), lambda: f"{asked(window)}")
    window.go_back()
    expect(epoch).to_have_attribute("aria-valuetext", "7")
    window.get_by_label(RUNS[1], exact=True).check()
    until(window, lambda: asked(window).get("beside") == RUNS[1], lambda: f"{asked(window)}")
    open_page(window, exported, "compare", "?sweep=<b>gone&at=7&beside=none,mnist-beta1,none&to=1&show=x")
    expect(window.locator(".problems")).to_contain_text("There is no sweep named “bgone” in this page.")
    expect(window.locator(".problems")).to_contain_text(f"There is no run named “none” to stand beside {RUNS[0]}.")
    expect(window.locator(".asked-problems")).to_contain_text("“x” of what is compared, which is one of sliders, walk.")
    assert (asked(window)["runs"], asked(window)["at"], asked(window)["beside"]) == ("*", "7", RUNS[1])
    open_page(window, exported, "compare", f"?runs={RUNS[1]}&at=9999999999")
    expect(window.locator(".problems p")).to_have_count(2)
    assert asked(window)["runs"] == "*"
    window.evaluate("location.hash = '#compare?runs=*&lesson=none&step=1'")
    expect(window.locator(".problems p")).to_have_text(["There is no lesson named “none” in this page."])
    window.evaluate("location.hash = '#compare?runs=*'")
    expect(window.locator(".problems p")).to_have_count(0)


def test_what_an_address_cannot_have_is_said(window: Page, exported: str) -> None:
    open_page(window, exported, "home", "")
    window.evaluate("location.hash = '#nowhere<b>?run=<img src=x>&epoch=77777&z=1,2&digit=999999999'")
    problems = window.locator(".problems p")
    expect(problems).to_have_count(5)
    text = problems.all_inner_texts()
    assert text[0].startswith("There is no page named “nowhereb” here.")
    assert text[1].startswith("There is no run named “img src=x” in this page.")
    assert all(sentence.endswith(".") for sentence in text)
    assert window.locator(".problems :is(b, img)").count() == 0


def test_parts_of_a_page_stand_alone(window: Page, exported: str) -> None:
    window.goto("about:blank")
    window.goto(f"{exported}#traverse?embed=picture,sliders,nonsense")
    comes_true(window, READY, "traverse")
    expect(window.locator(".dimensions")).to_be_visible()
    expect(window.locator(".decoded")).to_be_visible()
    for hidden in ("nav", "h1", "[data-component] .clock", "[data-component] .two"):
        expect(window.locator(hidden).first).to_be_hidden()
    expect(window.locator(".problems")).to_contain_text("no part named “nonsense”")
    width = "(element) => element.getBoundingClientRect().width / innerWidth"
    assert window.locator("main").evaluate(width) > 0.9, "nothing stands beside it"
    window.set_viewport_size({"width": 800, "height": 600})  # as in the snippet
    rail = "(input) => input.getBoundingClientRect().width / innerWidth"
    assert window.locator(".slider input").first.evaluate(rail) > 0.25, "a hand can drag it"
    whole = window.get_by_role("link", name="The whole page")
    assert "embed" not in str(whole.get_attribute("href"))
    slider = window.locator(".slider input").first
    z = asked(window)["z"]
    slider.focus()
    window.keyboard.press("ArrowLeft")
    until(window, lambda: asked(window)["z"] != z, lambda: "the slider moves nothing")


def test_a_lesson_goes_through_its_steps(window: Page, exported: str) -> None:
    open_page(window, exported, "home")
    window.get_by_role("link", name="Two steps, in 2 steps").click()
    bar = window.locator("[data-component=lesson]")
    expect(bar.get_by_role("heading")).to_have_text("First")
    bar.get_by_role("button", name="Show again").click()
    comes_true(window, READY, "traverse")
    until(window, lambda: asked(window).get("digit") == "87", lambda: f"{asked(window)}")
    bar.get_by_role("button", name="Next").click()
    comes_true(window, READY, "reconstruct")
    expect(bar.get_by_role("alert")).to_contain_text("the run “gone”, which is not here")
    expect(bar.locator(".text")).to_have_text("<b>Far</b>")
    assert (asked(window)["epoch"], asked(window)["step"]) == ("0", "2")
    window.locator("nav a[href^='#traverse?']").click()
    comes_true(window, READY, "traverse")
    assert asked(window)["step"] == "2"
    window.go_back()
    window.go_back()
    expect(bar.get_by_role("heading")).to_have_text("First")
    bar.get_by_role("button", name="End the lesson").click()
    expect(bar).to_be_hidden()
    assert "lesson" not in asked(window)


def test_a_damaged_part_is_a_sentence(window: Page, exported: str) -> None:
    open_page(window, exported, "traverse")
    window.evaluate("betaVaeDeliver('0 film', 'AAAA')")
    window.locator("nav a[href^='#clusters?']").click()
    expect(window.locator(".problems")).to_contain_text("A part of this page is damaged.")


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """A window of Firefox; what its scripts leave uncaught or the page's policy refuses fails the test."""
    program = find_firefox()
    if program is None:
        pytest.skip("no Firefox")
    with Firefox(program, tmp_path_factory.mktemp("firefox")) as firefox:
        yield firefox
        assert not firefox.errors()


def open_in_firefox(firefox: Firefox, page: str, path: str) -> None:
    firefox.open("about:blank")
    firefox.open(f"{page}#{path}")
    firefox.wait_for(f"({READY})({path!r})")


IN_FIREFOX = "document.querySelector('[data-component]').shadowRoot"


def test_every_page_draws_in_firefox(firefox: Firefox, exported: str) -> None:
    open_in_firefox(firefox, exported, PAGES[0])
    for path in PAGES:
        firefox.evaluate(f"void (location.hash = {path!r})")
        firefox.wait_for(f"({READY})({path!r})")
        assert firefox.evaluate("document.querySelector('.problems').textContent") == ""
        if path == "reconstruct":
            cards = f"{IN_FIREFOX}.querySelectorAll('.card canvas')"
            sides = firefox.evaluate(f"[...{cards}].slice(0, 2).map((canvas) => canvas.getBoundingClientRect())")
            assert sides[1]["top"] >= sides[0]["bottom"], "pictures lie on top of each other"


def test_a_slider_is_dragged_in_firefox_in_a_folder_of_files(firefox: Firefox, written: Path) -> None:
    open_in_firefox(firefox, (written / "site" / "index.html").as_uri(), "traverse")
    picture = f"{IN_FIREFOX}.querySelector('canvas.decoded').toDataURL()"
    before, address = firefox.evaluate(f"[{picture}, location.hash]")
    box = firefox.evaluate(f"{IN_FIREFOX}.querySelector('.slider input').getBoundingClientRect()")
    middle, end = ((box["x"] + share * box["width"], box["y"] + box["height"] / 2) for share in (0.5, 0.9))
    firefox.drag(middle, end)
    firefox.wait_for(f"{picture} !== {before!r}")
    firefox.wait_for(f"location.hash !== {address!r}")
    assert float(firefox.evaluate(f"{IN_FIREFOX}.querySelector('.slider input').value")) > 1
    # What another page needs lies in files of its own.
    firefox.evaluate("document.querySelector('nav a[href^=\"#clusters?\"]').click()")
    firefox.wait_for(f"({READY})('clusters')")
    assert firefox.evaluate("document.querySelector('.problems').textContent") == ""
