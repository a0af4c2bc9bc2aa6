"""The Train page: real trainers, watched in a real browser, and the logic of its form."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
import streamlit as st
from PIL import Image
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from bvae.config import Config
from bvae.queue import Queue
from bvae.runs import Run, RunError, read_json, write_json
from bvae.sweep import Sweep
from bvae.tests.test_images import shapes, write_folder
from bvae.tests.waiting import empty, wait
from pages.parts.devices import devices
from pages.parts.watch import standings
from pages.parts.words import duration
from tests.browsing import WAIT, downloaded, expect_address, grey, until
from tests.conftest import ROOT, serve
from tests.test_app import commands

PAGE = str(ROOT / "pages" / "train.py")


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """The queue of an empty folder of runs, with nothing left alive after it."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("BVAE_FILM", "off")  # which test_layout.py tries
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path / "runs"))
    queue = Queue()
    yield queue
    empty(queue)


# In the browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The app's address, and a folder in which it keeps its runs and its data."""
    folder = tmp_path_factory.mktemp("train")
    settings = {"BVAE_DATA": str(folder / "cache"), "BVAE_FILM": "off", "OMP_NUM_THREADS": "1"}
    with serve(folder / "runs", folder / "streamlit.log", **settings) as address:
        yield address, folder


@pytest.fixture
def train(page: Page, server: tuple[str, Path]) -> Iterator[Train]:
    """The page, where nothing has been trained yet, with nothing left of it."""
    address, folder = server
    queue = Queue(folder / "runs")
    yield Train(page, address, queue)
    page.goto("about:blank")
    empty(queue)
    shutil.rmtree(queue.folder, ignore_errors=True)


class Train:
    """What a person does and sees on the page, and the queue behind it."""

    def __init__(self, page: Page, address: str, queue: Queue) -> None:
        self.page, self.address, self.queue = page, address, queue
        page.set_default_timeout(WAIT)

    def open(self) -> Train:
        self.page.goto(f"{self.address}/train")
        expect(self.page.get_by_role("heading", name="New run")).to_be_visible()
        # A click while the page is still being built can be lost.
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        return self

    def fill(self, label: str, value: str) -> None:
        box = self.page.get_by_label(label, exact=True)
        box.fill(value)
        box.press("Enter")

    def choose(self, label: str, value: str) -> None:
        box = self.page.get_by_role("combobox", name=label)
        box.scroll_into_view_if_needed()  # a list that is open closes when the page scrolls
        box.click()
        self.page.get_by_role("option", name=value, exact=True).click()

    def type(self, label: str, value: str) -> None:
        box = self.page.get_by_role("combobox", name=label)
        box.scroll_into_view_if_needed()
        box.click()
        box.fill(value)
        self.page.get_by_role("option", name=value).wait_for()  # before, Enter would take what was there
        box.press("Enter")

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def says(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()


@contextlib.contextmanager
def held(run: Run) -> Iterator[None]:
    """A run whose trainer stands still: pages still show that it is trained, and it takes no core from them."""
    trainer = int(run.status()["pid"])
    os.kill(trainer, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(trainer, signal.SIGCONT)


def test_a_run_is_trained_from_the_form_watched_stopped_resumed_and_deleted(train: Train) -> None:
    page, queue = train.open().page, train.queue
    name = page.get_by_label("Name", exact=True)
    page.get_by_role("radiogroup", name="Start from").get_by_text("VAE, β = 1", exact=True).click()
    expect(name).to_have_attribute("placeholder", "mnist-conv-beta1")
    train.choose("Network", "mlp")
    expect(name).to_have_attribute("placeholder", "mnist-mlp-beta1")
    train.fill("Epochs", "3")
    page.get_by_text("More settings").click()
    train.fill("Dataset limit", "5000")
    train.fill("Probe size", "100")
    command = f"python -m bvae train --run {queue.folder}/mnist-mlp-beta1 --dataset-limit 5000 --network mlp"
    train.says(f"{command} --beta 1 --epochs 3 --probe-size 100")
    page.get_by_text("More settings").click()
    train.button("Start training").click()
    train.says("Change a setting to begin another run.")

    # While epochs arrive, what is typed stays, and so does where the curves are read.
    name.click()
    name.press_sequentially("half typed")
    page.evaluate("globalThis.notReloaded = true")
    for epoch in ("1", "2", "3"):
        expect(page.locator(".training .at")).to_have_text(re.compile(f"[{epoch}-3]"))
    samples = page.get_by_role("img", name=re.compile("Sixteen images .* at epoch 3[.]"))
    expect(samples).to_be_visible()
    run = Run(queue.folder / "mnist-mlp-beta1")
    assert page.evaluate("globalThis.notReloaded")
    expect(name).to_have_value("half typed")
    expect(name).to_be_focused()
    wait(lambda: run.status()["state"] == "finished")
    train.says("Finished, 3 epochs.")
    expect(name).to_have_value("half typed")

    # What is drawn is what was recorded.
    history = run.history()
    test, fit = history[3]["test"], history[3]["train"]
    reading = page.locator(".chart figcaption", has_text="Reconstruction").locator("output")
    expect(reading).to_have_text(f"test {test['reconstruction']:.2f} · train {fit['reconstruction']:.2f}")
    slider = page.get_by_role("slider", name="Read at epoch")
    slider.focus()
    slider.press("Home")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(reading).to_have_text(
        f"test {history[2]['test']['reconstruction']:.2f} · train {history[2]['train']['reconstruction']:.2f}"
    )
    with downloaded(page, train.button("Save CSV")).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2, 3]
    for row, record in zip(rows, history, strict=True):
        assert float(row["test_kl_nats"]) == pytest.approx(record["test"]["kl"], abs=1e-4)
        assert float(row["test_kl_z7_nats"]) == pytest.approx(record["kl_per_dimension"][7], abs=1e-4)
        assert int(row["active_units"]) == record["active_units"]
    sheet = np.asarray(Image.open(downloaded(page, train.button("Save PNG"))).convert("RGB")).astype(int)
    assert sheet.shape[1] > 1000
    assert (np.abs(sheet - [0x1F, 0x6F, 0xC4]).sum(axis=2) < 30).sum() > 500, "the curves are on it"

    # A longer one is stopped and resumed; a second tab and a reload show the same.
    train.fill("Name", "longer")
    train.fill("Epochs", "3000")
    train.button("Start training").click()
    wait(lambda: state(queue, "longer") == "running" and bool(Run(queue.folder / "longer").history()))
    # Its curves grow over those of another.
    with held(Run(queue.folder / "longer")):
        train.choose("Compare its curves with", "mnist-mlp-beta1")
        shown = page.locator(".runs li")
        expect(shown.nth(1)).to_have_text("2 mnist-mlp-beta1, β = 1, epoch 3")
        expect(shown.first).to_have_text(re.compile("^1 longer, β = 1, epoch [0-9]+$"))
        before = shown.first.inner_text()
    expect(shown.first).not_to_have_text(before)
    expect(page.locator(".curve.test.second")).to_have_count(4)

    second = Train(page.context.new_page(), train.address, queue)
    with held(Run(queue.folder / "longer")):
        second.open()
        expect(second.page.get_by_role("progressbar")).to_be_visible()
        expect(second.page.get_by_text("longer Epoch")).to_be_visible()
    train.button("Stop").click()
    wait(lambda: state(queue, "longer") == "stopped")
    train.says("Stopped at epoch")
    second.says("Nothing is being trained.")
    second.says("Stopped at epoch")
    stopped = Run(queue.folder / "longer").status()["epoch"]
    page.goto("about:blank")
    second.button("Resume").click()
    wait(lambda: state(queue, "longer") == "running" and len(Run(queue.folder / "longer").history()) > stopped + 1)
    second.page.close()
    with held(Run(queue.folder / "longer")):
        train.open()
        expect(page.get_by_text("longer Epoch")).to_be_visible()
    train.button("Stop").click()
    wait(lambda: state(queue, "longer") == "stopped" and not queue.entries())

    # Opened on the Traverse page, and deleted after a confirmation.
    train.says("Nothing is being trained.")
    expect(page.get_by_role("combobox", name="Run to look at")).to_have_value("longer")
    train.button("Delete").click()
    train.says("This cannot be undone.")
    assert (queue.folder / "longer").exists()
    train.button("Delete for good").click()
    wait(lambda: not (queue.folder / "longer").exists())
    expect(page.get_by_text("This cannot be undone.")).to_be_hidden()
    expect(page.get_by_text("longer", exact=True)).to_have_count(0)
    assert (queue.folder / "mnist-mlp-beta1" / "config.json").exists()
    train.choose("Run to look at", "mnist-mlp-beta1")
    train.says("Finished, 3 epochs.")
    train.button("Open it").click()
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    expect_address(page, "run", lambda run: run == "mnist-mlp-beta1")


def state(queue: Queue, name: str) -> str:
    try:
        return str(Run(queue.folder / name).status()["state"])
    except RunError:
        return "not there"


def test_own_images_come_by_path_or_upload_are_shown_trained_on_and_explored(
    train: Train, server: tuple[str, Path], tmp_path: Path
) -> None:
    page, queue, cache = train.page, train.queue, server[1] / "cache"
    images, labels = shapes(60)
    script = "*a* <script>fail()<"  # to the end of the test: an error that a script leaves uncaught fails it
    labels[:3] = [script] * 3
    folder = write_folder(tmp_path / "my shapes", images, [label.replace("<script>", "") for label in labels])
    elsewhere = tmp_path / "there" / "shapes.npz"
    elsewhere.parent.mkdir()
    np.savez(elsewhere, images=images, labels=np.array(labels))
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 and no more")
    train.open()
    train.type("Dataset", str(tmp_path / "gone"))
    train.says("There are no images at")
    expect(train.button("Start training")).to_be_disabled()
    train.type("Dataset", str(folder))
    train.says("60 images of 28 × 28 pixels.")
    train.says("They are light on dark, as the model takes them.")
    train.says("2: 15 · 10: 14 · *a* fail()<: 3 · circle: 14 · square: 14")
    expect(page.get_by_alt_text("60 of the images, class by class.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("placeholder", "my-shapes-conv-beta4")
    several = page.get_by_text("Several values", exact=True)
    several.click()
    expect(page.get_by_role("heading", name="New sweep")).to_be_visible()
    train.says("60 images of 28 × 28 pixels.")
    train.says(f"python -m bvae sweep --into {queue.folder}/sweep-1 --dataset '{folder}'")
    several.click()
    expect(page.get_by_role("heading", name="New run")).to_be_visible()

    page.get_by_text("Bring your own images", exact=True).click()
    door = page.locator("input[type=file]")
    door.set_input_files(tmp_path / "broken.zip")
    train.says("broken.zip is no zip file that can be read")
    assert not list((cache / "own").iterdir()), "what cannot be learned from is not kept"
    page.get_by_role("button", name="Remove broken.zip").click()
    expect(page.get_by_text("broken.zip is no zip file that can be read")).to_have_count(0)
    door.set_input_files(elsewhere)
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("placeholder", "shapes-conv-beta4")
    (kept,) = (cache / "own").glob("*/shapes.npz")
    train.says(f"2: 15 · 10: 14 · {script}: 3 · circle: 14 · square: 14")
    train.says(f"python -m bvae train --run {queue.folder}/shapes-conv-beta4 --dataset {kept}")
    expect(page.get_by_label("Epochs", exact=True)).to_have_count(1)
    train.choose("Network", "mlp")
    train.fill("Epochs", "2")
    train.button("Start training").click()
    train.says("Finished, 2 epochs")
    run = Run(queue.folder / "shapes-mlp-beta4")
    assert run.config.dataset == str(kept)
    assert script in run.class_names

    train.button("Open it").click()
    picture = page.locator(".traverse:not([aria-busy]) .decoded")
    before = grey(picture)
    slider = page.get_by_role("slider", name="z").first
    slider.press("End")
    until(page, lambda: bool((grey(picture) != before).any()), lambda: "the first slider changed nothing")


# The logic -------------------------------------------------------------------------------------------------------


@pytest.fixture
def form(queue: Queue) -> AppTest:
    # The page as app.py runs it: AppTest finds no way to a page of a navigation, or not back to it.
    page = f"import runpy, streamlit\nstreamlit.session_state['in_app'] = True\nrunpy.run_path({PAGE!r})"
    app = AppTest.from_string(page, default_timeout=180).run()
    assert not app.exception
    return app


def texts(elements: Any) -> str:
    return "\n".join(element.value for element in elements)


def field(form: AppTest, name: str) -> Any:
    if name == "name":
        return form.text_input(key="train_name")
    (found,) = [box for box in form.number_input if (box.key or "").rpartition("_")[0] == f"train_{name}"]
    return found


def test_images_are_not_brought_to_a_server_that_is_shown_to_others(
    form: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not form.info
    monkeypatch.setenv("BVAE_PASSWORD", "secret")
    assert "On a shared server the path of own images is given by whoever runs it" in texts(form.run().info)


def test_the_form_has_every_setting_with_its_default_and_its_help(form: AppTest) -> None:
    for item in dataclasses.fields(Config):
        widgets = [*form.number_input, *form.selectbox]
        (widget,) = [widget for widget in widgets if widget.key == f"train_{item.name}_0"]
        assert widget.value == item.default
        assert widget.help is not None
        assert widget.help.lower() == item.metadata["help"].lower() + "."
        if choices := item.metadata.get("choices"):
            assert tuple(widget.options) == choices


@pytest.mark.parametrize(
    ("preset", "values", "command"),
    [
        ("VAE, β = 1", {"beta": 1.0, "capacity": None}, "mnist-conv-beta1 --beta 1"),
        ("strong, β = 10", {"beta": 10.0, "capacity": None}, "mnist-conv-beta10 --beta 10"),
        ("capacity, C = 25 nats", {"capacity": 25.0, "capacity_steps": 10_000}, "mnist-conv-capacity25 --capacity 25"),
    ],
)
def test_presets_fill_the_form(form: AppTest, queue: Queue, preset: str, values: dict[str, Any], command: str) -> None:
    (radio,) = form.radio
    assert radio.value == "β = 4"
    radio.set_value(preset).run()
    assert not form.exception
    for name, value in values.items():
        assert field(form, name).value == value
    (radio,) = form.radio
    assert radio.value == preset
    assert commands(form)[0] == f"python -m bvae train --run {queue.folder}/{command}"
    # Changed by hand, it is that preset no more.
    field(form, "capacity").set_value(3.0).run()
    (radio,) = form.radio
    assert radio.value is None


def test_a_capacity_that_a_short_run_does_not_reach_is_said(form: AppTest) -> None:
    field(form, "epochs").set_value(2).run()
    (radio,) = form.radio
    radio.set_value("capacity, C = 25 nats").run()
    assert field(form, "capacity_steps").value == 469, "half of the steps"
    assert "only" not in texts(form.markdown)
    field(form, "capacity_steps").set_value(9_380).run()
    assert "938 steps, so C comes to 2.5 of 25 nats only" in texts(form.markdown)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"beta": -1.0}, "beta is -1.0, and must be 0 or more."),
        ({"epochs": 0}, "epochs is 0, and must be 1 or more."),
        ({"sigma": 0.3}, "sigma belongs to the gaussian likelihood"),
        ({"capacity": 5.0, "beta_warmup_steps": 10}, "The capacity form has no β"),
        ({"name": "../up"}, "cannot name a run"),
        ({"name": "Aux.1"}, "'Aux.1' cannot name a run: Windows keeps 'Aux' for a device"),
        ({"name": "taken"}, "exists already"),
    ],
)
def test_bad_values_give_a_sentence_and_stay_as_typed(
    form: AppTest, queue: Queue, trained_run: Run, values: dict[str, Any], sentence: str
) -> None:
    shutil.copytree(trained_run.path, queue.folder / "taken")
    for name, value in values.items():
        field(form, name).set_value(value)
    form.run()
    assert not form.exception
    assert sentence in texts(form.error).replace("\\", "")
    assert form.button(key="train_start").disabled
    for name, value in values.items():
        assert field(form, name).value == value


def test_images_that_are_not_bundled_are_said_to_be_downloaded(form: AppTest) -> None:
    assert "downloaded" not in texts(form.markdown)
    form.selectbox(key="train_dataset_0").select("kmnist").run()
    assert "images of kmnist are not bundled: they are downloaded once" in texts(form.markdown)
    assert form.text_input(key="train_name").placeholder == "kmnist-conv-beta4"
    form.selectbox(key="train_dataset_0").select("sprites").run()
    assert "downloaded" not in texts(form.markdown)
    form.selectbox(key="train_dataset_0").select("dsprites").run()
    assert "images of dsprites are read from the file that its authors publish" in texts(form.markdown)


def test_what_waits_can_be_taken_out_and_a_queue_that_nobody_works_through_can_be_continued(
    form: AppTest, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Queue, "start_worker", lambda self: None)
    form.button(key="train_start").click().run()
    assert not form.exception
    assert [entry.name for entry in queue.entries()] == ["mnist-conv-beta4"]
    assert queue.entries()[0].config == Config().to_dict()
    assert "**mnist-conv-beta4** waiting for its turn." in texts(form.markdown)
    assert "Nothing works through the queue" in texts(form.warning)
    assert [button.label for button in form.button if "queue" in button.label] == ["Continue the queue"]
    assert form.button(key="train_start").disabled, "the second click of a double one begins nothing"
    form.button(key="Take out mnist-conv-beta4").click().run()
    assert not form.exception
    assert queue.entries() == []
    assert not form.button(key="train_start").disabled, "what is not there any more can be begun again"


def test_a_run_that_waits_is_not_taken_for_the_bundled_run_of_its_name(
    form: AppTest, queue: Queue, trained_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Queue, "start_worker", lambda self: None)
    field(form, "name").set_value(trained_run.name).run()
    form.button(key="train_start").click().run()
    assert not form.exception
    assert f"**{trained_run.name} (runs)** waiting for its turn." in texts(form.markdown)
    assert "Its curves appear here once it has begun." in texts(form.markdown)
    states = {standing.name: standing.state for standing in standings(queue)}
    assert states[f"{trained_run.name} (runs)"] == "waiting"
    assert states[trained_run.name] == "finished"


def test_a_run_whose_trainer_is_gone_ends_and_does_not_wait(queue: Queue) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    queue.path.mkdir(parents=True)
    entry = {"name": "mine", "config": Config().to_dict(), "pid": process.pid, "host": socket.gethostname()}
    write_json(queue.path / "000001.json", entry)

    def state() -> str:
        return next(standing.state for standing in standings(queue) if standing.name == "mine")

    with filelock.FileLock(queue.path / "working"):  # as the process does that is about to take the entry out
        assert state() == "ending"
    assert state() == "waiting", "for somebody who works through the queue"
    (queue.path / "000001.json").unlink()


def test_all_runs_come_round_with_what_is_trained(queue: Queue, trained_run: Run) -> None:
    path = queue.folder / "untrained"
    shutil.copytree(trained_run.path, path)
    history = (path / "history.jsonl").read_text().splitlines(keepends=True)
    (path / "history.jsonl").write_text(history[0])
    app = AppTest.from_string("from pages.parts.watch import watch\nwatch(False)", default_timeout=180).run()
    assert not app.exception
    (table,) = app.dataframe
    epochs = dict(zip(table.value["Run"], table.value["Epoch"], strict=True))
    assert epochs["untrained"] == "0 of 100"
    assert epochs[trained_run.name] == "100 of 100"


@pytest.mark.parametrize("imported", [True, False])
def test_a_run_without_what_resuming_needs_is_not_offered_to_be_trained_on(
    queue: Queue, trained_run: Run, imported: bool
) -> None:
    path = queue.folder / "brought"
    shutil.copytree(trained_run.path, path, ignore=shutil.ignore_patterns("state.safetensors"))
    config = read_json(path / "config.json")
    write_json(path / "config.json", config | {"imported": imported})
    script = "from pages.parts.watch import look_at, watch\nlook_at('brought')\nwatch(False)"
    app = AppTest.from_string(script, default_timeout=180).run()
    assert not app.exception
    said = texts(app.markdown)
    assert ("**Weights that came in without their training.**" in said) == imported
    assert ("It came without what resuming needs." in said) != imported
    labels = [button.label for button in app.button]
    assert "Delete for good" in labels
    assert not {"Resume", "Add to the queue"} & set(labels)


def test_a_bundled_run_can_be_neither_deleted_nor_resumed(form: AppTest) -> None:
    labels = [button.label for button in form.button]
    assert "Open it" in labels
    assert not {"Resume", "Delete for good", "Stop"} & set(labels)


def test_times_are_said_as_a_person_says_them() -> None:
    said = [duration(seconds) for seconds in (0.4, 42.4, 89, 100, 3_600, 9_000)]
    assert said == ["a second", "42 seconds", "89 seconds", "2 minutes", "60 minutes", "2.5 hours"]


def test_devices_that_could_not_be_asked_for_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that failed, here since no process can start, is not the server's last word."""

    def open_page() -> str:
        app.session_state["asked_page"] = "train"
        return texts(app.run().markdown)

    def shown() -> str:
        open_page()  # which asks
        wait(devices().done)
        return open_page()

    monkeypatch.setattr("bvae.devices.GPU_FILES", ("null",))  # else it may not be asked
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
    st.cache_resource.clear()
    assert "The run is trained on the device that the trainer finds." in shown()
    monkeypatch.delenv("PYTHONHOME")
    app.button("train_look_again").click()
    assert "Trained on" in shown()
    assert not [button for button in app.button if button.key == "train_look_again"]


# Sweeps ----------------------------------------------------------------------------------------------------------


def test_a_sweep_is_started_from_the_form_and_seen_through_and_another_is_stopped(train: Train) -> None:
    page, queue = train.open().page, train.queue
    page.get_by_text("Several values", exact=True).click()
    expect(page.get_by_role("heading", name="New sweep")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="β", exact=True)).to_have_count(0)  # which is that of one run
    expect(page.get_by_label("β", exact=True)).to_have_count(1)
    train.fill("β", "1, four")
    train.says("β: 'four' is no number. Write 1, 2, 4.")
    train.fill("β", "1, 4")
    train.fill("Seed", "0 1")
    train.fill("Epochs", "1")
    page.get_by_text("More settings").click()
    for label, value in (("Network", "mlp"), ("Device", "cpu")):
        page.get_by_role("combobox", name=label).press("Backspace")
        train.choose(label, value)
        page.keyboard.press("Escape")  # the list stays open for one more, and hides all else
    train.fill("Dataset limit", "500")
    train.fill("Probe size", "50")
    flags = "--dataset-limit 500 --network mlp --beta 1 4 --epochs 1 --seed 0 1 --device cpu --probe-size 50"
    train.says(f"python -m bvae sweep --into {queue.folder}/sweep-1 {flags}")
    train.says("4 runs")
    train.fill("β", "4")
    train.says("2 runs")
    train.button("Start the sweep").click()
    expect(train.button("Start the sweep")).to_be_disabled()
    train.says("2 of 2 runs done.")
    sweep = Sweep.read(queue.folder / "sweep-1")
    assert [stand.state for stand in sweep.stands()] == ["done"] * 2
    expect(page.get_by_role("link", name="Compare its runs")).to_have_attribute("href", re.compile("sweep=sweep-1"))
    wait(lambda: not queue.entries())

    train.fill("β", "1, 4")
    train.fill("Epochs", "5000")
    train.says("--beta 1 4 --epochs 5000")
    train.button("Start the sweep").click()
    train.button("Stop").click()  # perhaps before anything is trained
    train.button("Resume").click()
    train.button("Stop").wait_for()
    sweep = Sweep.read(queue.folder / "sweep-2")
    assert sweep.values["epochs"] == [5000]
    assert sweep.members[3].name == "sweep-2-beta4-seed1"

    # Deleted after a confirmation, with all of its runs; the other stays.
    train.button("Stop").click()
    train.says("Nothing is being trained.")
    train.choose("Sweep to look at", "sweep-1")
    train.says("2 of 2 runs done.")
    train.button("Delete").first.click()
    train.says("with its 2 runs, ")
    assert (queue.folder / "sweep-1").exists()
    train.button("Delete for good").click()
    wait(lambda: not (queue.folder / "sweep-1").exists())
    expect(page.get_by_role("combobox", name="Sweep to look at")).to_have_value("sweep-2")
    expect(page.get_by_text("is not there any more")).to_have_count(0)
    assert Sweep.read(queue.folder / "sweep-2").values == sweep.values


def test_what_is_no_sweep_is_told_and_stays_as_typed(form: AppTest, queue: Queue) -> None:
    form.toggle(key="train_several").set_value(True).run()
    for name, value, sentence in (
        ("seed", "0 1 2.5", "Seed: '2.5' is no whole number. Write 1, 2, 4."),
        ("beta", "1, -2", "beta-2: beta is -2.0, and must be 0 or more."),
        ("beta", " ".join(map(str, range(30))), "These are 30 runs, and 20 of yours can wait here."),
    ):
        box = form.text_input(key=f"train_several_{name}_0")
        box.set_value(value).run()
        if "30 runs" in sentence:
            form.button(key="train_sweep_start").click().run()
        assert not form.exception
        assert sentence in texts(form.error).replace("\\", "")
        assert form.text_input(key=f"train_several_{name}_0").value == value
        form.text_input(key=f"train_several_{name}_0").set_value("").run()
    assert not queue.entries()
    assert not form.error
