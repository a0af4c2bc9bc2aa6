"""The logic of the pages, without a browser, and what the first page costs to import."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bvae.browser.guests import Guest
from bvae.browser.live import Space, gallery
from bvae.numbers import thin
from bvae.runs import Run, RunError, read_tensors, write_tensors
from pages.parts.cursor import CursorError, check_cursor, from_address, guests_of, to_address
from pages.parts.live import _ahead
from pages.parts.server import prepare
from tests.conftest import ROOT


@pytest.fixture
def runs(trained_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one run in it, and no bundled ones."""
    folder = tmp_path / "runs"
    shutil.copytree(trained_run.path, folder / "one")
    monkeypatch.setenv("BVAE_RUNS", str(folder))
    monkeypatch.setattr("bvae.runs.folders.BUNDLED_RUNS", tmp_path / "none")
    return folder


def open_app(**parameters: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def texts(elements: Any) -> str:
    """What a person reads, without the sentences that explain words."""
    return read("\n".join(element.value for element in elements))


def commands(app: AppTest) -> list[str]:
    """The commands that a page shows to be copied."""
    shown = (element.proto for element in app.get("bidi_component"))
    return [json.loads(proto.json)[0] for proto in shown if proto.component_name == "command"]


def read(markdown: str) -> str:
    return re.sub(r'\[([^\[\]]+)\]\(#term-[a-z-]+ "[^"]*"\)', r"\1", markdown)


def test_a_fresh_session_starts_at_the_last_epoch_on_a_test_image(runs: Path) -> None:
    app = open_app()
    assert not app.exception
    assert not app.warning
    run = Run(runs / "one")
    cursor = app.session_state["cursor"]
    assert cursor["epoch"] == run.epochs()[-1]
    place = np.flatnonzero(run.probe().indices == cursor["start"]["index"])[0]
    assert cursor["z"] == run.latents().mean[place].tolist()
    assert app.query_params["run"] == "one"
    assert app.query_params["digit"] == str(cursor["start"]["index"])


def test_no_run_is_said_with_the_command_that_makes_one(runs: Path) -> None:
    shutil.rmtree(runs)
    app = open_app()
    assert not app.exception
    assert "no run to show yet" in texts(app.info)
    (command,) = commands(app)
    assert command.startswith("python -m bvae train --run ")


def test_facts_of_the_run_stand_in_the_sidebar(runs: Path) -> None:
    app = open_app()
    run = Run(runs / "one")
    test = run.history()[-1]["test"]
    facts = texts(app.sidebar.markdown)
    assert f"β = {run.config.beta:g}, 20 latent dimensions" in facts
    elbo = f"−ELBO {test['reconstruction'] + test['kl']:.1f} nats an image (test set, 10,000 images)"
    assert f"At epoch 100: {elbo}" in facts
    assert "Trained for 100 of 100 epochs" in facts


def test_the_sidebar_tells_of_the_epoch_at_which_the_cursor_is(runs: Path) -> None:
    shutil.copytree(runs / "one", runs / "two")
    history = Run(runs / "one").history()

    def sentence(epoch: int) -> str:
        test = history[epoch]["test"]
        return f"At epoch {epoch}: −ELBO {test['reconstruction'] + test['kl']:.1f} nats"

    app = open_app(run="one", epoch="5")
    assert sentence(5) in texts(app.sidebar.markdown)
    assert "Trained for 100 of 100 epochs" in texts(app.sidebar.markdown)
    app.session_state["cursor"]["epoch"] = 3  # as the browser sends it before a rerun
    assert sentence(3) in texts(app.run().sidebar.markdown)
    app.selectbox(key="run").select("two").run()  # the page begins at the other's last epoch
    assert sentence(100) in texts(app.sidebar.markdown)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"state": "running", "epoch": 4}, "Training: 4 of 100 epochs done"),
        ({"state": "stopped", "epoch": 4}, "Stopped after 4 of 100 epochs"),
        ({"state": "stopped", "epoch": 0}, "Stopped after 4 of 100 epochs"),  # what was killed could not say it
        ({"state": "failed", "epoch": 4, "error": "The disk is full."}, "Failed after 4 of 100 epochs"),
        (None, "Trained for 4 of 100 epochs"),
    ],
)
def test_how_the_training_stands_is_said(
    runs: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any] | None, sentence: str
) -> None:
    monkeypatch.setattr("bvae.runs.reading.writer_lives", lambda status: True)
    status, history = runs / "one" / "status.json", runs / "one" / "history.jsonl"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:5]))
    status.unlink()
    if state:
        status.write_text(json.dumps(state))
    app = open_app()
    assert not app.exception
    assert sentence in texts(app.sidebar.markdown)
    assert "At epoch 4: " in texts(app.sidebar.markdown)
    assert texts(app.sidebar.warning) == (state or {}).get("error", "")


def test_a_run_in_training_stays_as_it_was_opened_until_newer_epochs_are_asked_for(runs: Path) -> None:
    later = [path for kind in ("epochs", "latents") for path in sorted((runs / "one" / kind).iterdir())[-2:]]
    hidden = {path: path.read_bytes() for path in later}
    for path in hidden:
        path.unlink()
    history = runs / "one" / "history.jsonl"
    records = history.read_text().splitlines(keepends=True)
    epochs = Run(runs / "one").epochs()
    history.write_text("".join(records[: epochs[-1] + 1]))
    app = open_app()
    before, live = app.session_state["cursor"], app.session_state["shown"][1]
    assert before["epoch"] == epochs[-1]
    assert not [button for button in app.sidebar.button if "newer" in button.label]

    # Two epochs more, and the one that is looked at thinned away.
    history.write_text("".join(records))
    for path, content in hidden.items():
        path.write_bytes(content)
    for kind in ("epochs", "latents"):
        (runs / "one" / kind / f"{epochs[-1]:04d}.safetensors").unlink()
    app.run()
    assert not app.exception
    assert app.session_state["shown"][1] is live
    assert app.session_state["cursor"] == before
    app.sidebar.button(key="newer").click().run()
    assert not app.exception
    after = app.session_state["cursor"]
    assert after["z"] == before["z"]
    assert after["epoch"] in app.session_state["shown"][1].space.epochs
    assert app.session_state["shown"][1].space.epochs[-1] == 100
    assert app.query_params["epoch"] == str(after["epoch"])
    assert not [button for button in app.sidebar.button if "newer" in button.label]


@pytest.mark.parametrize("damage", ["rows", "dtype"])
def test_a_snapshot_that_does_not_fit_the_run_is_left_out_and_said(runs: Path, damage: str) -> None:
    kind, change = {
        "rows": ("latents", lambda array: array[:10]),
        "dtype": ("epochs", lambda array: array.astype(np.float64)),
    }[damage]
    path = runs / "one" / kind / "0002.safetensors"
    tensors, metadata = read_tensors(path)
    write_tensors(path, {name: change(array) for name, array in tensors.items()}, metadata)
    app = open_app()
    assert not app.exception
    assert "Epoch 2 is left out." in texts(app.warning)
    assert {"rows": "latents of 10 images", "dtype": "float64"}[damage] in texts(app.warning)


def test_runs_that_cannot_be_read_are_folded_and_two_of_one_name_can_both_be_picked(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bvae.runs.folders.BUNDLED_RUNS", runs.with_name("bundled"))
    shutil.copytree(runs / "one", runs.with_name("bundled") / "one")
    for name in ("bad", "worse"):
        (runs / name).mkdir()
        (runs / name / "config.json").write_text("{")
    app = open_app()
    assert not app.exception
    assert app.selectbox(key="run").options == ["one", "one (runs)"]
    assert [expander.label for expander in app.sidebar.expander] == ["2 runs cannot be read"]
    app.selectbox(key="run").select("one (runs)").run()
    assert not app.exception
    assert app.query_params["run"] == "one (runs)"
    (_, path, _), _ = app.session_state["shown"]
    assert path == (runs / "one").resolve()


def test_a_folder_of_runs_that_is_none_is_no_traceback(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BVAE_RUNS", str(runs / "one" / "config.json"))
    app = open_app()
    assert not app.exception
    assert "no run to show yet" in texts(app.info)


@pytest.mark.parametrize("damage", ["cut", "altered", "missing"])
def test_a_damaged_snapshot_is_left_out_and_said_and_the_others_open(runs: Path, damage: str) -> None:
    snapshot = runs / "one" / "epochs" / "0002.safetensors"
    content = bytearray(snapshot.read_bytes())
    if damage == "cut":
        snapshot.write_bytes(content[:1000])
    elif damage == "altered":
        content[-3] ^= 1
        snapshot.write_bytes(content)
    else:
        (runs / "one" / "latents" / "0002.safetensors").unlink()
    app = open_app(epoch="1")
    assert not app.exception
    assert f"Epoch 2 is left out. {runs / 'one'}" in texts(app.warning)
    assert {"cut": "is damaged", "altered": "hash", "missing": "is missing"}[damage] in texts(app.warning)
    assert app.session_state["cursor"]["epoch"] == 1
    if damage == "cut":
        snapshot.write_bytes(content)
        assert not app.run().warning, "a file that was mended is read again"


def test_a_run_of_which_nothing_can_be_read_is_said_in_a_sentence(runs: Path) -> None:
    for path in (runs / "one" / "epochs").iterdir():
        path.write_bytes(b"nothing")
    app = open_app()
    assert not app.exception
    assert "is damaged" in texts(app.error)
    for path in (runs / "one" / "epochs").iterdir():
        path.unlink()
    app = app.run()
    assert not app.exception
    assert "no snapshot yet" in texts(app.error)


def test_what_was_read_before_the_first_visit_is_shown_at_it_and_so_is_what_is_wrong(runs: Path) -> None:
    prepare()
    (read,) = (gathered.result() for gathered in _ahead.values())
    assert open_app().session_state["shown"][1].head is read.head
    assert not _ahead

    for path in (runs / "one" / "epochs").iterdir():
        path.write_bytes(b"nothing")
    prepare()
    assert len(_ahead) == 1
    assert "is damaged" in texts(open_app().error)
    assert not _ahead


def test_a_run_that_failed_before_its_first_snapshot_says_so_and_why(runs: Path) -> None:
    for name in ("epochs", "latents", "history.jsonl"):
        path = runs / "one" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    reason = "There is not enough memory on the device. Choose a smaller batch size, or the cpu."
    status = {"epoch": 0, "step": 0, "epochs": 100, "pid": os.getpid(), "host": socket.gethostname()}
    for state, sentence in (
        ("failed", f"one failed before its first snapshot: {reason}"),
        ("running", "one has no snapshot yet. Its first appears within seconds of the start of training."),
        ("queued", "one has no snapshot yet. It waits to be trained."),
        ("stopped", "one has no snapshot yet. Continue its training, and there will be one."),
    ):
        now = status | {"state": state, "error": reason, "heartbeat": time.time()}
        (runs / "one" / "status.json").write_text(json.dumps(now))
        app = open_app()
        assert not app.exception
        assert [error.value for error in app.error] == [sentence]
        with pytest.raises(RunError, match=re.escape(sentence)):
            Run(runs / "one").snapshot()


def test_figures_of_any_size_are_short(runs: Path) -> None:
    path = runs / "one" / "history.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    records[-1]["test"] |= {"reconstruction": 912_209_608.4, "loss": 912_209_648.5}
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    app = open_app()
    assert not app.exception
    values = {read(metric.label): metric.value for metric in app.metric}
    kl = records[-1]["test"]["kl"]
    assert values == {"Reconstruction": "9.12 × 10⁸", "β": "× 4", "KL": f"{kl:.2f} nats", "Loss": "9.12 × 10⁸"}
    assert "At epoch 100: −ELBO 9.12 × 10⁸ nats an image" in texts(app.sidebar.markdown)
    assert "912" not in texts([*app.markdown, *app.sidebar.markdown])


def test_changing_the_run_keeps_the_test_image(runs: Path) -> None:
    shutil.copytree(runs / "one", runs / "two")
    app = open_app(run="one", epoch="1")
    before = app.session_state["cursor"]
    assert before["epoch"] == 1
    app.selectbox(key="run").select("two").run()
    assert not app.exception
    after = app.session_state["cursor"]
    assert after["start"] == before["start"]
    assert after["epoch"] == Run(runs / "two").epochs()[-1]
    assert app.query_params["run"] == "two"


def test_a_drawing_stays_when_the_run_changes_and_is_encoded_by_the_other(runs: Path, trained_run: Run) -> None:
    shutil.copytree(trained_run.path.parent / "mnist-beta1", runs / "two")
    image = Run(runs / "one").probe().images[3]
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
    app.session_state["draw_memory"] = {"image": image.ravel().tolist(), "number": 7, "steps": []}
    app.query_params["run"], app.query_params["drawing"] = "one", "7"
    app.run()
    for name in ("one", "two"):
        app.selectbox(key="run").select(name).run()
        assert not app.exception
        assert not app.warning
        cursor = app.session_state["cursor"]
        assert cursor["start"] == {"kind": "drawing", "index": 7}
        assert app.query_params["drawing"] == "7"
        expected = Run(runs / name).model().encode(image[None])[0]
        np.testing.assert_allclose(cursor["z"], expected, atol=1e-4)

    # Of a size that no run has, it is none.
    app.session_state["draw_memory"] = {"image": image.ravel().tolist() * 2, "number": 7, "steps": []}
    app.selectbox(key="run").select("one").run()
    assert not app.exception
    assert app.session_state["cursor"]["start"]["kind"] == "digit"


def test_an_image_is_another_where_the_images_are_others(runs: Path) -> None:
    shutil.copytree(runs / "one", runs / "two")
    config = json.loads((runs / "two" / "config.json").read_text())
    config["config"]["dataset"] = "fashion-mnist"
    (runs / "two" / "config.json").write_text(json.dumps(config))
    held = str(Run(runs / "one").probe().indices[-1])
    app = open_app(run="one", digit=held)
    assert app.session_state["cursor"]["start"] == {"kind": "digit", "index": int(held)}
    usual = open_app(run="one").session_state["cursor"]["start"]
    app.selectbox(key="run").select("two").run()
    assert app.session_state["cursor"]["start"] == usual


def test_the_loss_on_home_is_the_sum_of_what_stands_beside_it(runs: Path) -> None:
    values = {read(metric.label): metric.value for metric in open_app().metric}
    test = Run(runs / "one").history()[-1]["test"]
    assert values["Loss"] == f"{test['loss']:.1f} nats"
    number = {label: float(value.strip("× nats")) for label, value in values.items()}
    assert round(number["Reconstruction"] + number["β"] * number["KL"], 1) == number["Loss"]


@pytest.mark.parametrize(
    ("planned", "at_work", "weight", "sentence"),
    [
        ({"beta": 4.0}, {"beta": 0.5}, "× 0.5", "So it is at epoch 100, on its way to 4."),
        ({"capacity": 25.0}, {"capacity": 7.5}, "× 30", "C = 7.5 nats. So it is at epoch 100, on its way to 25."),
        ({"capacity": 25.0}, {"capacity": 25.0}, "× 30", "C = 25 nats."),
    ],
)
def test_the_objective_on_home_is_the_one_that_was_at_work_at_its_epoch(
    runs: Path, planned: dict[str, float], at_work: dict[str, float], weight: str, sentence: str
) -> None:
    run = runs / "one"
    config = json.loads((run / "config.json").read_text())
    config["config"] |= planned
    (run / "config.json").write_text(json.dumps(config))
    records = [json.loads(line) | at_work for line in (run / "history.jsonl").read_text().splitlines()]
    (run / "history.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))

    app = open_app()
    assert not app.exception
    assert app.metric[1].value == weight
    assert any(markdown.value.endswith(f"{sentence}]") for markdown in app.markdown), texts(app.markdown)


def test_the_first_page_imports_neither_torch_nor_pandas() -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        f"app = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=180).run(); assert app.metric; "
        "print({'torch', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# The cursor and the address --------------------------------------------------------------------------------------


@pytest.fixture
def space() -> Space:
    generator = np.random.default_rng(0)
    means = {epoch: generator.normal(size=(4, 3)).astype(np.float32) for epoch in (0, 5)}
    mean = generator.normal(size=(2, 3)).astype(np.float32)
    beyond = Guest("digit", 50, 1, np.zeros((28, 28), np.uint8), mean, mean)
    drawing = dataclasses.replace(beyond, kind="drawing", index=7, label=-1, mean=-mean)
    guests = {("digit", 50): beyond, ("drawing", 7): drawing}
    labels, indices = np.array([0, 0, 1, 1]), np.array([10, 20, 30, 40])
    return Space("a-run", "mnist", 3, (0, 5), labels, indices, means, lambda kind, index: guests.get((kind, index)))


def test_an_address_gives_back_the_cursor_that_it_was_made_of(space: Space) -> None:
    start = {"kind": "digit", "index": 30}
    cursor = check_cursor({"z": [-0.0004, 1.25, -3], "epoch": 0, "start": start, "keep": "digit"}, space)
    address = to_address(cursor)
    assert address == {"epoch": "0", "z": "-0.0004,1.25,-3", "digit": "30"}
    assert from_address(address, space) == (cursor, [])


@pytest.mark.parametrize("start", [{"kind": "digit", "index": 50}, {"kind": "drawing", "index": 7}])
def test_an_image_beyond_the_gallery_and_a_drawing_are_starts_as_any_other(space: Space, start: dict[str, Any]) -> None:
    guest = space.guest(start["kind"], start["index"])
    assert guest is not None
    cursor, problems = from_address({start["kind"]: str(start["index"]), "epoch": "0"}, space)
    assert problems == []
    assert cursor == {"z": guest.mean[0].tolist(), "epoch": 0, "start": start, "keep": "digit"}
    assert guests_of(space, [cursor["start"], {"kind": "digit", "index": 30}, {"kind": "origin"}]) == [guest]
    moved = check_cursor(cursor | {"z": [1, 2, 3]}, space)
    assert from_address(to_address(moved), space) == (moved, [])


def test_a_code_in_half_floats_is_the_image_s_own_and_one_that_was_moved_is_not(space: Space) -> None:
    guest = space.guest("digit", 50)
    assert guest is not None
    cursor = {"z": [], "epoch": 5, "start": {"kind": "digit", "index": 50}, "keep": "digit"}
    for z, expected in (
        (guest.mean[1].astype(np.float16), guest.mean[1]),
        (guest.mean[1] + np.float32(0.01), guest.mean[1] + np.float32(0.01)),
    ):
        assert check_cursor(cursor | {"z": z.tolist()}, space)["z"] == expected.tolist()


def test_a_drawing_that_is_not_kept_here_leaves_its_code_and_a_sentence(space: Space) -> None:
    cursor, problems = from_address({"drawing": "8", "z": "1,2,3"}, space)
    assert cursor["start"] == {"kind": "code", "code": [1, 2, 3]}
    assert cursor["z"] == [1, 2, 3]
    assert problems == ["The address asks for a drawing that is not kept here; its code is shown as it is."]
    assert from_address({"drawing": "8"}, space)[0]["start"]["kind"] == "digit"


def test_an_address_without_an_image_starts_from_its_code(space: Space) -> None:
    cursor, problems = from_address({"z": "1,2,3"}, space)
    assert problems == []
    assert cursor["start"] == {"kind": "code", "code": [1, 2, 3]}
    assert cursor["epoch"] == 5


@pytest.mark.parametrize(
    ("start", "address"),
    [
        ({"kind": "origin"}, {"start": "origin"}),
        ({"kind": "random", "code": [1, 2, 3]}, {"start": "random"}),
        ({"kind": "random", "code": [0.5, 2, 3]}, {"start": "random", "from": "0.5,2,3"}),
        ({"kind": "code", "code": [0.5, 2, -0.0]}, {"from": "0.5,2,0"}),
    ],
)
@pytest.mark.parametrize("keep", ["digit", "code"])
def test_an_address_keeps_the_start_that_is_no_image(
    space: Space, start: dict[str, Any], address: dict[str, str], keep: str
) -> None:
    cursor = check_cursor({"z": [1, 2, 3], "epoch": 5, "start": start, "keep": keep}, space)
    kept = {"keep": "code"} if keep == "code" else {}
    assert to_address(cursor) == {"epoch": "5", "z": "1,2,3"} | address | kept
    assert from_address(to_address(cursor), space) == (cursor, [])


def test_an_epoch_that_is_not_kept_gives_the_nearest_with_a_sentence(space: Space) -> None:
    for asked, given in (("1", 0), ("4", 5), ("999999999", 5), ("9" * 5000, 5), ("-1", 5)):
        cursor, problems = from_address({"epoch": asked}, space)
        assert cursor["epoch"] == given
        assert len(problems) == 1
        assert problems[0].endswith(f"showing {given}.")


@pytest.mark.parametrize(
    "change",
    [
        {"z": [1, 2]}, {"z": [1, 2, float("inf")]}, {"z": "abc"}, {"z": None}, {"epoch": 3}, {"epoch": [0]},
        {"start": {"kind": "elsewhere"}}, {"start": {}}, {"start": {"kind": "digit"}}, {"keep": "all"},
        {"start": {"kind": "random", "code": [1]}}, {"start": {"kind": "drawing"}}, {"epoch": 5.0}, {"epoch": True},
        {"z": [1, 2, 10**400]}, {"start": {"kind": "random", "code": [1, 2, -(10**400)]}}, {"epoch": 10**400},
        *({"start": {"kind": kind, "index": index}} for kind in ("digit", "drawing")
          for index in (float("inf"), float("nan"), 10**400, -1, 2**31, "9" * 5000, [])),
    ],
)  # fmt: skip
def test_a_cursor_that_a_browser_altered_is_refused(space: Space, change: dict[str, Any]) -> None:
    cursor = {"z": [1, 2, 3], "epoch": 5, "start": {"kind": "origin"}, "keep": "code"}
    assert check_cursor(cursor, space) == cursor
    with pytest.raises(CursorError):
        check_cursor(cursor | change, space)
    with pytest.raises(CursorError):
        check_cursor(None, space)


# What is sent ----------------------------------------------------------------------------------------------------


def test_snapshots_are_thinned_evenly_and_the_ends_and_the_wanted_one_stay() -> None:
    epochs = list(range(101))
    assert thin(epochs, 200) == epochs
    assert thin(epochs, 5) == [0, 25, 50, 75, 100]
    kept = thin(epochs, 5, wanted=37)
    assert {0, 37, 100} <= set(kept)
    assert len(kept) <= 5
    assert thin(epochs, 2) == [0, 100]


def test_the_gallery_has_as_many_of_every_class() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(47), 30))
    places = gallery(labels)
    assert np.array_equal(labels[places], np.repeat(np.arange(47), 4))
    assert len(gallery(np.repeat(np.arange(10), 100))) == 200
