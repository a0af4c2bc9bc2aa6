"""The Load page in a real browser, and what bad input does to the whole app: one clear sentence, and nothing lost."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlparse

import numpy as np
import pytest
import safetensors.numpy
from playwright.sync_api import Page, Request, expect
from streamlit.testing.v1 import AppTest

from bvae.archive import pack_run, spoken_size
from bvae.browser.live import gallery
from bvae.config import Config
from bvae.runs import Run, list_runs, run_files
from bvae.training import train_run
from pages.parts.run_table import row
from tests.browsing import WAIT, Session, expect_address, frames, rerun
from tests.conftest import ROOT, copy_app, serve
from tests.test_app import open_app, texts
from tests.test_every_page import TEXTS
from tests.test_traverse_page import Traverse

PAGES = ["", "traverse", "interpolate", "generate", "clusters", "reconstruct", "draw", "train", "load"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's server keeps its runs, beside the bundled one."""
    return tmp_path_factory.mktemp("load") / "runs"


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder.mkdir()
    log = tmp_path_factory.mktemp("log") / "streamlit.log"
    with serve(folder, log) as address:
        yield address
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture
def runs(folder: Path) -> Iterator[Path]:
    """That folder, empty before and after."""
    yield folder
    for path in folder.iterdir():
        remove(path)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose network is through with all test images in no time."""
    path = tmp_path_factory.mktemp("quick") / "quick"
    list(train_run(path, Config(network="mlp", dataset_limit=500, epochs=1, probe_size=100, device="cpu")))
    return Run(path)


def small_copy(run: Run, target: Path) -> Run:
    """A run with the first and the last two snapshots of another."""
    shutil.copytree(run.path, target, ignore=shutil.ignore_patterns("lock", "state.safetensors"))
    for epoch in run.epochs()[1:-2]:
        for kind in ("epochs", "latents"):
            (target / kind / f"{epoch:04}.safetensors").unlink()
    return Run(target)


def open_load(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/load{query}")
    expect(page.locator(".run-table:not([aria-busy])")).to_be_visible()
    expect(page.get_by_role("button", name="Make a run of them")).to_be_visible()


def expect_selected(page: Page, name: str) -> None:
    """The run is that of the sidebar, of the table and of the address."""
    expect(page.get_by_role("radio", name=f"{name}, ")).to_be_checked()
    expect(page.get_by_role("combobox", name="Run")).to_have_value(name)
    page.wait_for_url(lambda url: parse_qs(urlparse(url).query).get("run") == [name])


def expect_no_fault(page: Page) -> None:
    assert page.get_by_test_id("stException").count() == 0
    assert "Traceback" not in page.locator("body").inner_text()


def upload(page: Page, label: str, *files: Path) -> None:
    page.get_by_test_id("stFileUploader").filter(has_text=label).locator("input[type=file]").set_input_files(
        list(files)
    )


# Pick, take away, bring ------------------------------------------------------------------------------------------


def test_the_table_tells_of_every_run_and_a_key_picks_one(
    page: Page, server: str, runs: Path, trained_run: Run
) -> None:
    copy = small_copy(trained_run, runs / "copy")
    open_load(page, server, f"?run={trained_run.name}")
    config, test = trained_run.config, trained_run.history()[-1]["test"]
    for run, whose in ((trained_run, "bundled"), (copy, "yours")):
        line = page.get_by_role("row", name=re.compile(rf"^{run.name}\b.*{whose}"))
        head = line.get_by_role("rowheader").inner_text()
        assert head.split("\n") == [
            run.name,
            f"{whose} · {config.network} on 60,000 of {config.dataset} · seed {config.seed}",
        ]
        assert line.get_by_role("cell").all_inner_texts() == [
            "finished", f"{config.beta:g}", str(config.latent_dim), f"{config.epochs} of {config.epochs}",
            f"{test['reconstruction'] + test['kl']:.1f}",
            spoken_size(sum(file.stat().st_size for file in run_files(run.path))),
        ]  # fmt: skip
    expect_selected(page, trained_run.name)
    radios = page.get_by_role("radio").all()
    names = [str(radio.get_attribute("value")) for radio in radios]
    after = names[(names.index(trained_run.name) + 1) % len(names)]
    page.get_by_role("radio", name=f"{trained_run.name}, ").press("ArrowDown")
    expect_selected(page, after)
    expect(page.get_by_role("radio", name=f"{after}, ")).to_be_focused()
    page.get_by_role("radio", name=f"{after}, ").press("ArrowUp")
    expect_selected(page, trained_run.name)
    page.get_by_role("radio", name="copy, ").click()  # not check(): the table of the run before may still arrive
    expect_selected(page, "copy")
    page.get_by_role("link", name="Explore copy in Traverse").click()
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    expect_address(page, "run", lambda run: run == "copy")
    expect_no_fault(page)


def test_of_more_runs_than_fit_the_table_scrolls_and_its_note_stays(
    page: Page, server: str, runs: Path, trained_run: Run
) -> None:
    for number in range(10):
        small_copy(trained_run, runs / f"copy-{number}")
    open_load(page, server, f"?run={trained_run.name}")
    height = "(element) => element.scrollHeight - element.clientHeight"
    assert page.locator(".run-table .scroll").evaluate(height) > 50
    room, note = (
        page.locator(".st-key-run_table").bounding_box(),
        page.get_by_text("Size is what the run").bounding_box(),
    )
    table = page.locator(".run-table").bounding_box()
    assert room is not None
    assert note is not None
    assert table is not None
    assert table["y"] + table["height"] <= room["y"] + room["height"] <= note["y"]


def test_a_run_leaves_as_a_zip_and_comes_back_bit_for_bit(
    page: Page, server: str, runs: Path, trained_run: Run, tmp_path: Path
) -> None:
    open_load(page, server, f"?run={trained_run.name}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it as a zip file").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == f"{trained_run.name}.zip"
    with zipfile.ZipFile(path) as file:
        assert f"{trained_run.name}/state.safetensors" in file.namelist()
        assert file.testzip() is None
    with rerun(page):
        page.get_by_text("with what resuming needs").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it as a zip file").click()
    download.value.save_as(tmp_path / "small.zip")
    with zipfile.ZipFile(tmp_path / "small.zip") as file:
        assert f"{trained_run.name}/state.safetensors" not in file.namelist()
    page.get_by_role("combobox", name="A lesson with it").click()
    with rerun(page):
        page.get_by_role("option", name="What β does").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a page").click()
    assert download.value.suggested_filename == f"{trained_run.name}.html"
    saved = Path(download.value.path()).read_text(encoding="utf-8")
    assert len(saved.encode()) <= 6_000_000
    assert f'"name":"{trained_run.name}"' in saved
    assert '"lesson":{"name":"what-beta-does"' in saved

    name = f"{trained_run.name}-2"
    upload(page, "Zip file of a run", path)
    message = page.get_by_text(f"{name} has come in and is now the selected run.")
    expect(message).to_contain_text(f"There is a {trained_run.name} already, which stays as it is.")
    expect_selected(page, name)
    expect(page.get_by_text(path.name, exact=True)).to_have_count(0)  # the uploader is empty for the next
    came = Run(runs / name)
    assert came.epochs() == trained_run.epochs()
    for epoch in came.epochs():
        mine, other = came.weights(epoch), trained_run.weights(epoch)
        assert all(np.array_equal(mine[part], other[part]) for part in {*mine, *other})
    assert [file.name for file in runs.iterdir()] == [name]

    page.get_by_role("link", name=f"Explore {name} in Traverse").click()
    traverse = Traverse(Session(page, came, server))
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    traverse.expect_address("digit", lambda text: text is not None)
    traverse.expect_picture(traverse.start_code())
    first = traverse.order()[0]
    traverse.slider(first).fill("1.5")
    code = traverse.start_code().copy()
    code[first] = 1.5
    traverse.expect_picture(code)
    expect_no_fault(page)


def test_weights_with_their_config_become_a_run_to_look_at(
    page: Page, server: str, runs: Path, trained_run: Run, quick_run: Run, tmp_path: Path
) -> None:
    epoch = quick_run.epochs()[-1]
    weights = tmp_path / "mine.safetensors"
    wrapped = {f"_orig_mod.{part}": array for part, array in quick_run.weights(epoch).items()}
    safetensors.numpy.save_file(wrapped, weights)
    run_zip = tmp_path / "mine.zip"
    with run_zip.open("wb") as file:
        pack_run(quick_run, file, resumable=False)
    open_load(page, server, f"?run={trained_run.name}")
    make = page.get_by_role("button", name="Make a run of them")
    expect(make).to_be_disabled()
    upload(page, "Config, a run", quick_run.path / "config.json")
    upload(page, "Weights, a safetensors file", run_zip)
    expect(make).to_be_enabled()
    make.click()
    alert = page.get_by_role("alert").filter(has_text="mine.zip is a run as one zip file.")
    expect(alert).to_contain_text("It comes in by itself where a run’s zip file is asked for")
    upload(page, "Weights, a safetensors file", weights)
    expect(alert).to_have_count(0)
    expect(make).to_be_enabled()
    make.click()
    done = page.get_by_text("mine has come in and is now the selected run. Names lost the prefix “_orig_mod.”.")
    expect(done).to_be_visible(timeout=4 * WAIT)
    expect_selected(page, "mine")
    expect(page.get_by_role("row", name=re.compile("^mine"))).to_contain_text("weights only")
    expect(page.get_by_test_id("stSidebar")).to_contain_text("Weights that came in without their training")
    run = Run(runs / "mine")
    assert all(np.array_equal(run.weights()[part], array) for part, array in quick_run.weights(epoch).items())
    page.get_by_role("link", name="Explore mine in Traverse").click()
    traverse = Traverse(Session(page, run, server))
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    traverse.expect_address("digit", lambda text: text is not None)
    traverse.expect_picture(traverse.start_code())

    # Nothing calls them untrained, and what cannot be moved says why.
    why = "These weights came in without their training: there is no other epoch to move to."
    for name in ("Traverse", "Clusters", "Reconstruct", "Interpolate", "Generate", "Draw"):
        if name != "Traverse":
            traverse.go(name)
        expect(page.locator(".live:not([aria-busy])")).to_be_visible()
        expect(traverse.epoch).to_be_disabled()
        expect(traverse.epoch).to_have_attribute("aria-valuetext", "trained elsewhere")
        expect(page.get_by_text(why)).to_be_visible()
        wrong = page.get_by_text(re.compile("before (any )?training|epoch 0", re.IGNORECASE)).locator("visible=true")
        assert wrong.all_inner_texts() == []


# Refused ---------------------------------------------------------------------------------------------------------


def test_bad_files_are_refused_with_a_sentence_two_gigabytes_before_they_are_sent_and_nothing_is_lost(
    page: Page, server: str, runs: Path, trained_run: Run, tmp_path: Path
) -> None:
    epoch = trained_run.epochs()[1]
    open_load(page, server, f"?run={trained_run.name}&epoch={epoch}&start=origin")
    page.wait_for_url(lambda url: "epoch" in url)
    address = page.url
    slip = tmp_path / "slip.zip"
    with zipfile.ZipFile(slip, "w") as file:
        file.writestr("../../[x](http://y).json", "{}")
    pickled = tmp_path / "model.pt"
    pickled.write_bytes(b"\x80\x02}q\x00.")
    cut = tmp_path / "cut.zip"
    whole = io.BytesIO()
    pack_run(trained_run, whole)
    cut.write_bytes(whole.getvalue()[:100_000])
    for path, sentence in (
        (slip, "slip.zip was refused: '../../[x](http://y).json' is no path inside a folder. Nothing was unpacked."),
        (pickled, "model.pt is a pickle (a PyTorch checkpoint is one), which can run any program when it is opened"),
        (cut, "cut.zip is cut short or damaged"),
        (trained_run.path / "config.json", "config.json is a JSON file. Here goes a run as one zip file"),
    ):
        upload(page, "Zip file of a run", path)
        alert = page.get_by_role("alert").filter(has_text=path.name)
        expect(alert).to_contain_text(sentence)
        assert alert.get_by_role("link", name="x", exact=True).count() == 0, "a name is no Markdown"
        expect(page.get_by_text("save_file(")).to_have_count(int(path == pickled))
    page.get_by_role("button", name="Remove config.json").click()
    expect(page.get_by_role("alert").filter(has_text="config.json")).to_have_count(0)
    big = tmp_path / "big.zip"
    big.touch()
    os.truncate(big, 2 * 2**30)  # sparse: it takes no room on disk
    sent: list[str] = []

    def hear(request: Request) -> None:
        if request.method == "PUT":
            sent.append(request.url)

    page.on("request", hear)
    door = page.get_by_test_id("stFileUploader").filter(has_text="Zip file of a run")
    expect(door).to_contain_text("500MB per file")
    upload(page, "Zip file of a run", big)
    expect(door).to_contain_text("File must be 500.0MB or smaller.")
    page.wait_for_timeout(500)
    page.remove_listener("request", hear)
    assert sent == []
    expect_no_fault(page)
    assert page.url == address
    assert list(runs.iterdir()) == []
    page.get_by_role("link", name="Traverse", exact=True).click()
    expect(page.get_by_role("slider", name="Epoch", exact=True)).to_have_attribute(
        "aria-valuetext", re.compile(rf"\b{epoch}\b")
    )


def test_the_server_takes_no_more_than_the_page_says() -> None:
    configured = re.search(r"^maxUploadSize = (\d+)$", (ROOT / ".streamlit" / "config.toml").read_text(), re.MULTILINE)
    assert configured is not None
    assert f"MAX_UPLOAD = {configured[1]}  # MB" in (ROOT / "pages" / "parts" / "rights.py").read_text(encoding="utf-8")


# The rest of the app ---------------------------------------------------------------------------------------------


def test_a_run_that_is_deleted_while_it_is_looked_at_and_then_asked_for_by_its_address(
    page: Page, server: str, runs: Path, trained_run: Run
) -> None:
    copy = small_copy(trained_run, runs / "copy")
    traverse = Traverse(Session(page, copy, server)).open()
    address = page.url
    first = traverse.order()[0]
    digit = traverse.in_address("digit")
    shutil.rmtree(copy.path)

    # The slider goes on, since the weights are in the browser; Python says what it found when it is told.
    traverse.slider(first).fill("1.25")
    other = list_runs()[0]
    gone = f"The run “copy” is not there any more. Showing “{other.name}” instead."
    expect(page.get_by_text(gone)).to_be_visible()
    traverse.expect_address("run", lambda run: run == other.name)
    if int(digit or -1) in other.probe().indices[gallery(other.probe().labels)]:
        assert traverse.in_address("digit") == digit, "the image that was looked at stays"
    traverse = Traverse(Session(page, other, server))
    traverse.expect_picture(traverse.start_code())
    expect_no_fault(page)
    page.get_by_role("link", name="Load", exact=True).click()
    expect_selected(page, other.name)
    expect(page.get_by_text(gone)).to_have_count(0)
    page.reload()
    expect_selected(page, other.name)
    expect_no_fault(page)

    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_text(f"There is no run named “copy”. Showing “{other.name}” instead.")).to_be_visible()
    traverse.expect_address("run", lambda run: run == other.name)
    expect_no_fault(page)


WRONG = {"run": "<b>../é*[x](y)*$a$</b>", "epoch": "1e9", "z": "1,nan", "digit": "-1", "start": "x", "from": ","}
SENTENCES = [
    "There is no run named “b..éxyab”.",
    "The address asks for epoch “1e9”.",
    "The address asks for test image “-1”, which is not among the run's probe images.",
    "The code z in the address cannot be used",
]


def test_a_wrong_address_is_a_sentence_in_which_nothing_is_markup(page: Page, server: str) -> None:
    page.goto(f"{server}/traverse?{urlencode(WRONG | {'keep': bytes([255])})}")
    alerts = page.get_by_role("alert")
    for sentence in SENTENCES:
        expect(alerts.filter(has_text=sentence)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect_no_fault(page)
    assert page.locator("[data-testid=stAlert] :is(a, b, em, .katex)").count() == 0


def test_a_wrong_address_is_told_on_every_page_in_the_same_words() -> None:
    told = {}
    for name in PAGES:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
        for parameter, value in (WRONG | {"keep": "\ufffd"}).items():
            app.query_params[parameter] = value
        app.session_state["opened_page"] = name  # as by its own address
        app.run()
        assert not app.exception, name
        assert not app.error, name
        assert app.title, name
        told[name] = [warning.value for warning in app.warning]
    everywhere = told["traverse"]
    assert [sentence in warning for sentence, warning in zip(SENTENCES, everywhere, strict=True)] == [True] * 4
    assert told == dict.fromkeys(PAGES, everywhere) | {"train": everywhere[:1]}  # which has no cursor


def test_figures_of_any_size_meet_nothing(page: Page, server: str, runs: Path) -> None:
    """At so small a σ an image costs 10¹³ nats."""
    config = Config(
        network="mlp", likelihood="gaussian", sigma=1e-6, dataset_limit=200, epochs=1, latent_dim=3, probe_size=20,
        device="cpu",
    )  # fmt: skip
    list(train_run(runs / "sharp", config))
    page.goto(f"{server}/?run=sharp")
    shown_on = {"Home": "h3", "Reconstruct": ".card", "Train": ".training svg", "Load": ".run-table tr"}
    for name, shown in shown_on.items():
        if name != "Home":
            page.get_by_role("link", name=name, exact=True).first.click()
            page.wait_for_url(re.compile(rf"/{name.lower()}\b"))
        for width in (800, 1400):
            page.set_viewport_size({"width": width, "height": 1000})
            expect(page.locator(shown).first).to_be_visible()
            expect(page.get_by_text("× 10¹³").last).to_be_visible()
            page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
            frames(page, 3)
            problems: list[str] = page.evaluate(TEXTS)
            assert not problems, f"{name} at {width}: {problems}"
            long = re.findall(r".*\d{7}.*", page.get_by_test_id("stMain").inner_text())
            assert not long, f"{name} at {width}: {long}"


def fill_with_other_things(folder: Path) -> None:
    """What may lie in a folder of runs and is none."""
    (folder / "a file.txt").write_text("x")
    (folder / "empty").mkdir()
    (folder / ("n" * 250)).mkdir()
    (folder / "broken link").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "outside").symlink_to(ROOT / "assets" / "runs" / "mnist-beta4")
    (folder / "config.json").write_text("{}")
    (folder / "no config" / "epochs").mkdir(parents=True)
    (folder / "config is a folder" / "config.json").mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    (folder / "config is a pipe").mkdir()
    os.mkfifo(folder / "config is a pipe" / "config.json")
    (folder / ".hidden").mkdir()


def test_a_folder_full_of_other_things_shows_the_run_in_it(trained_run: Run, runs_alone: Path) -> None:
    fill_with_other_things(runs_alone)
    broken = {
        "not json": b"{",
        "nested": b"[" * 100_000,
        "list": b"[]",
        "binary": bytes(range(256)),
        "other": b'{"format": 7}',
    }
    for name, content in broken.items():
        (runs_alone / name).mkdir()
        (runs_alone / name / "config.json").write_bytes(content)
    shutil.copytree(runs_alone / "one", runs_alone / os.fsdecode(b"caf\xe9"))  # Latin-1, which is no UTF-8
    locked = runs_alone / "locked"
    locked.mkdir(mode=0)
    app = open_app(run="one")
    locked.chmod(0o700)
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="run").options == ["one"]
    problems = [warning.value for expander in app.sidebar.expander for warning in expander.warning]
    expected = [*broken, "caf", "config is a folder", "config is a pipe"] + (["locked"] if os.geteuid() else [])
    assert len(problems) == len(expected)
    assert all(any(name in problem for problem in problems) for name in expected)


@pytest.fixture
def runs_alone(trained_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one run in it, and no bundled ones; without a server."""
    folder = tmp_path / "runs"
    small_copy(trained_run, folder / "one")
    monkeypatch.setenv("BVAE_RUNS", str(folder))
    monkeypatch.setattr("bvae.runs.folders.BUNDLED_RUNS", tmp_path / "none")
    return folder


DAMAGE = {
    "no latents": (lambda run: shutil.rmtree(run / "latents"), "is missing"),
    "config only": (
        lambda run: [remove(path) for path in run.iterdir() if path.name != "config.json"],
        "has no snapshot yet",
    ),
    "no probe": (lambda run: (run / "probe.safetensors").unlink(), "probe.safetensors is missing"),
    "history cut": (lambda run: cut(run / "history.jsonl"), "history.jsonl is damaged"),
    "history of texts": (
        lambda run: (run / "history.jsonl").write_text('{"epoch": 0, "test": "x"}\n'),
        "line 1.test should be an object",
    ),
    "history is a pipe": (lambda run: pipe(run / "history.jsonl"), "is not a file"),
    "probe is a folder": (lambda run: folder_at(run / "probe.safetensors"), "is not a file"),
}  # fmt: skip


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder_at(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_run_that_is_damaged_while_it_is_looked_at(runs_alone: Path, trained_run: Run, damage: str) -> None:
    small_copy(trained_run, runs_alone / "two")
    app = open_app(run="two")
    assert not app.error
    change, sentence = DAMAGE[damage]
    change(runs_alone / "two")
    for tried in (app.run(), open_app(run="two")):  # the session that looked at it, and a new one
        assert not tried.exception
        said = texts(tried.error)
        # What a session has it keeps, as long as nothing asks for what is gone.
        assert sentence in said or (tried is app and not said)
        tried.selectbox(key="run").select("one").run()
        assert not tried.exception
        assert not tried.error


def test_text_of_a_run_from_elsewhere_is_never_markdown(runs_alone: Path) -> None:
    trap = "![x](http://localhost:1/track.png) [click](http://x) $a$ *b* <img src=x>"
    (runs_alone / "one" / "status.json").write_text(json.dumps({"state": "failed", "epoch": 1, "error": trap}))
    (warning,) = open_app().sidebar.warning
    assert re.search(r"(?<!\\)[\[\]$*<]", warning.value) is None
    assert warning.value.replace("\\", "") == trap


# The page's logic ------------------------------------------------------------------------------------------------


def open_load_page(**parameters: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
    for name, value in parameters.items():
        app.query_params[name] = value
    return on_load(app).run()


def on_load(app: AppTest) -> AppTest:
    """The page that the next run is of; left alone, a test of an app with `st.navigation` goes back to the first."""
    app.session_state["asked_page"] = "load"
    return app


def test_a_run_whose_history_is_damaged_is_told_so_in_the_table(runs_alone: Path) -> None:
    cut(runs_alone / "one" / "history.jsonl")
    told = row("one", Run(runs_alone / "one"))
    assert (told["state"], told["elbo"]) == ("damaged", None)
    app = open_load_page()
    assert not app.exception
    assert "history.jsonl is damaged" in texts(app.error)


def test_a_run_on_few_images_says_so_and_its_seed(runs_alone: Path) -> None:
    path = runs_alone / "one" / "config.json"
    record = json.loads(path.read_text())
    record["config"] |= {"dataset_limit": 2_000, "seed": 7}
    record["data"]["train_images"] = 2_000
    path.write_text(json.dumps(record))
    assert row("one", Run(path.parent))["about"] == "yours · conv on 2,000 of mnist · seed 7"
    path.write_text(json.dumps(record | {"imported": True}))
    assert row("one", Run(path.parent))["about"] == "yours · conv on mnist"


def test_what_the_page_needs_does_not_import_torch() -> None:
    code = "import sys, bvae.archive, pages.parts.run_table; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# The server ------------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
        done = subprocess.run(
            [*command, f"--server.port={port}"], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
        )
    assert done.returncode == 1
    assert f"Port {port} is not available" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_fault_of_the_program_shows_no_stack_trace(page: Page, tmp_path: Path) -> None:
    """A page that fails as no page should, under this project's own settings."""
    shutil.copytree(ROOT / ".streamlit", tmp_path / ".streamlit")
    (tmp_path / "app.py").write_text("import streamlit\nstreamlit.title('Page')\nraise KeyError('/secret/place')\n")
    log = tmp_path / "log"
    with serve(tmp_path, log, folder=tmp_path) as address:
        page.goto(address)
        fault = page.get_by_test_id("stException")
        expect(fault).to_contain_text("This app has encountered an error")
        text = page.locator("body").inner_text()
    for part in ("Traceback", "KeyError", "/secret/place", "app.py"):
        assert part not in text
    assert "/secret/place" in log.read_text(), "the terminal has it"


def test_an_app_without_any_run_takes_its_first_from_a_zip_to_where_it_was_started_and_finds_those_beside_itself(
    page: Page, trained_run: Run, tmp_path: Path
) -> None:
    app, here = tmp_path / "app", tmp_path / "here"
    copy_app(app)
    here.mkdir()
    with (tmp_path / "first.zip").open("wb") as file:
        pack_run(trained_run, file, resumable=False)
    with serve(None, tmp_path / "log", folder=here, app=app / "app.py") as address:
        page.goto(f"{address}/load")
        expect(page.get_by_text("There is no run yet. Train one, or bring one here.")).to_be_visible()
        upload(page, "Zip file of a run", tmp_path / "first.zip")
        expect_selected(page, trained_run.name)
        expect(page.get_by_text(f"{trained_run.name} has come in and is now the selected run.")).to_be_visible()
        page.get_by_role("link", name="Traverse", exact=True).click()
        expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
        expect_no_fault(page)
        assert Run(here / "runs" / trained_run.name).epochs() == trained_run.epochs()

        for folder, name in ((app, "mine"), (app, "same"), (here, "same"), (here, "other")):
            small_copy(trained_run, folder / "runs" / name)
        searched = f"{app}/assets/runs, {here}/runs or {app}/runs"
        open_load(page, address, "?run=nowhere")
        expect(page.get_by_role("radio")).to_have_count(5)
        names = {radio.get_attribute("value") for radio in page.get_by_role("radio").all()}
        assert names == {"mine", "other", "same", "same (runs)", trained_run.name}
        expect(page.get_by_text("There is no run named “nowhere”.")).to_contain_text(searched)
        page.goto(f"{address}/train?run=mine")
        expect(page.get_by_text(f"New runs are kept in {here}/runs.")).to_be_visible()
        expect(page.get_by_text(f"It lies in {app}/runs, and is not changed from here.")).to_be_visible()
        expect_no_fault(page)
    environment = {name: value for name, value in os.environ.items() if name != "BVAE_RUNS"}
    for name, code, words in (("mine", 0, "mine"), ("nowhere", 1, f"There is no run named 'nowhere' in {searched}.")):
        packed = subprocess.run(
            [sys.executable, "-m", "bvae", "pack", name, "-o", "mine.zip", "--without-state"], cwd=here, text=True,
            env=environment | {"PYTHONPATH": str(app)}, capture_output=True,
        )  # fmt: skip
        assert packed.returncode == code
        assert words in packed.stdout + packed.stderr
