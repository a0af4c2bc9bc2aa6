"""An exported page as it is written: its size and order, its policy, what a run may say in it, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from playwright.sync_api import Page, expect

from bvae.browser import export
from bvae.browser.deliveries import SAME, choose, holds_in_half, packed
from bvae.cli import main
from bvae.config import Config
from bvae.lessons import FIRST, keep_in_run, write_lesson
from bvae.numpy_model import decode
from bvae.runs import Run, find_run, lesson_file, name_dimension, write_json, write_tensors
from bvae.training import train_run

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = "</script><script>alert(1)</script><!--\u2028\u2029 &lt; \\ ' \" [KL](#kl) $x$"


class Markup(HTMLParser):
    """Elements of a document with their attributes, and what stands in scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.within = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self.within = tag in ("script", "style")
        if self.within:
            self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self.within = False

    def handle_data(self, data: str) -> None:
        if self.within:
            tag, before = self.texts[-1]
            self.texts[-1] = (tag, before + data)

    @property
    def policy(self) -> str:
        return next(str(found["content"]) for tag, found in self.elements if tag == "meta" and "http-equiv" in found)

    @property
    def site(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(next(text for _, text in self.texts if text.startswith('{"format"')))
        return found


def delivered(text: str) -> dict[str, bytes]:
    """What the scripts of a page deliver, by name."""
    calls = re.findall(r'betaVaeDeliver\(("[^"]*"),"([A-Za-z0-9+/=]*)"\);', text)
    return {json.loads(name): zlib.decompress(base64.b64decode(content), -15) for name, content in calls}


def tensors(content: bytes) -> dict[str, np.ndarray]:
    return safetensors.numpy.load(content)


@pytest.fixture(scope="module")
def bundled() -> str:
    """The page of the bundled run, as `--single` writes it unless told otherwise."""
    return export.single(export.gather([find_run("mnist-beta4")], export.SINGLE))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small run of two epochs and a likelihood of its own."""
    config = Config(network="mlp", likelihood="gaussian", epochs=1, dataset_limit=500, device="cpu", probe_size=20)
    path = tmp_path_factory.mktemp("small") / "small"
    list(train_run(path, config))
    return path


def copied(run: Path, to: Path) -> Run:
    subprocess.run(["cp", "-r", run, to], check=True)
    return Run(to)


def test_the_bundled_run_fits_six_megabytes_and_its_first_slider_three(bundled: str) -> None:
    assert len(bundled.encode()) <= 6_000_000
    assert bundled.index('betaVaeDeliver("0 head"') < bundled.index('betaVaeDeliver("0 meaning"')
    assert len(bundled[: bundled.index('betaVaeDeliver("0 meaning"')].encode()) <= 3_000_000
    site = Markup(bundled).site
    (run,) = site["runs"]
    assert {0, 100} < set(run["epochs"])
    assert site["runs"][0]["said"], "that some epochs are left out"
    assert set(delivered(bundled)) == set(site["parts"]) == {*run["parts"].values(), site["player"]}
    sizes = {name: len(content) for name, content in delivered(bundled).items()}
    assert sizes == {name: part["bytes"] for name, part in site["parts"].items()}


def test_half_precision_draws_the_same_pictures(bundled: str) -> None:
    run, parts = find_run("mnist-beta4"), delivered(bundled)
    head = tensors(parts["0 head"])
    weights = head | tensors(parts["0 rest"])
    layers, (told,) = run.decoder_layers, Markup(bundled).site["runs"]
    for epoch in told["epochs"]:
        sent = {name[5:]: array for name, array in weights.items() if name.startswith(f"{epoch:04d}/decoder.")}
        assert {array.dtype for array in sent.values()} == {np.dtype("float16")}
        codes = head[f"{epoch:04d}/mean"]
        assert codes.dtype == np.float32, "an image's own code is the one that the app has"
        exact = decode(layers, run.decoder(epoch)[1], codes)
        near = decode(layers, {name: array.astype(np.float32) for name, array in sent.items()}, codes)
        assert np.abs(exact - near).max() <= SAME


def test_weights_that_do_not_hold_in_half_precision_are_sent_whole(small: Path, tmp_path: Path) -> None:
    run = copied(small, tmp_path / "large")
    assert holds_in_half(run, 1)
    path = run.path / "epochs" / "0001.safetensors"
    weights = safetensors.numpy.load_file(path)
    name = next(name for name in weights if name.startswith("decoder.") and name.endswith(".weight"))
    weights[name] = weights[name] * np.float32(3_000)
    write_tensors(path, weights)
    run = Run(run.path)
    assert not holds_in_half(run, 1)
    page = export.gather([run], 6)
    head = tensors(delivered(export.single(page))["0 head"])
    assert head[f"0001/{name}"].dtype == np.float32
    assert (head[f"0001/{name}"] == weights[name]).all()


def test_images_are_sent_once_and_are_those_that_a_draw_shows_first(bundled: str) -> None:
    parts, run = delivered(bundled), find_run("mnist-beta4")
    film, encoders = tensors(parts["0 film"]), tensors(parts["0 encoders"])
    assert not [name for name in encoders if "encoder." not in name]
    variances = tensors(parts["0 posteriors"])["log_variance"]
    assert variances.shape == film["means"].shape
    places = np.flatnonzero(np.isin(run.probe().indices, film["indices"]))
    (told,) = Markup(bundled).site["runs"]
    for frame, epoch in enumerate(told["epochs"]):
        own = run.latents(epoch).log_variance[places]
        assert np.abs(own - variances[frame]).max() <= 2**-6
    first = {int(np.flatnonzero(run.probe().labels == label)[0]) for label in range(10)}
    assert {int(run.probe().indices[place]) for place in first} <= set(film["indices"].tolist())


def test_less_room_holds_less_and_much_holds_all() -> None:
    run = find_run("mnist-beta4")
    plans = [choose(run, room) for room in (300_000, 2_000_000, 4_000_000, 40_000_000)]
    assert [len(plan.epochs) for plan in plans] == sorted(len(plan.epochs) for plan in plans)
    assert plans[0].epochs == (100,)
    assert plans[-1].epochs == plans[-1].encoders == tuple(run.epochs())
    assert plans[-1].images == len(run.probe().labels)
    assert all(plan.epochs[-1] == plan.encoders[-1] == 100 for plan in plans)


def test_the_policy_allows_what_stands_in_the_page_and_nothing_else(bundled: str) -> None:
    page = Markup(bundled)

    def hashes(kind: str) -> set[str]:
        texts = [text for tag, text in page.texts if tag == kind and not text.startswith('{"format"')]
        return {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts}

    rules = dict(rule.strip().split(" ", 1) for rule in page.policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert set(rules["script-src"].split()) == hashes("script")
    assert set(rules["style-src"].split()) == hashes("style")
    assert not [found for _, found in page.elements if {"style", "onclick", "onload"} & found.keys()]
    assert not re.search(r"(src|href)=\"(?!data:|#)", re.sub(r"<script.*?</script>", "", bundled, flags=re.S))


def test_what_a_run_says_is_text(small: Path, tmp_path: Path) -> None:
    run = copied(small, tmp_path / "hostile")
    told = json.loads((run.path / "config.json").read_text())
    told["class_names"] = [HOSTILE + str(place) for place in range(10)]
    write_json(run.path / "config.json", told)
    name_dimension(run, 3, "</script><script>alert(1)</script>")
    run = Run(run.path)
    page = export.gather([run], 6)
    text = export.single(page)
    assert text.count("alert(1)") == 0, "it is packed, as all that a run says"
    for document in (text, export.folder_files(page)[export.INDEX].decode()):
        found = Markup(document)
        scripts = [attributes for tag, attributes in found.elements if tag == "script"]
        assert len(scripts) == document.count("<script")
    assert "\u2028" not in export.as_data({"name": HOSTILE})
    assert "<" not in export.as_data({"name": HOSTILE})
    assert json.loads(export.as_data({"name": HOSTILE})) == {"name": HOSTILE}


def test_the_same_run_makes_the_same_bytes(small: Path, tmp_path: Path) -> None:
    one, other = (export.gather([run], 6) for run in (Run(small), copied(small, tmp_path / "small")))
    assert export.single(one) == export.single(other)
    assert export.folder_files(one) == export.folder_files(other)


def test_a_second_export_replaces_the_first_and_leaves_what_is_not_its_own(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, site = copied(small, tmp_path / "other"), tmp_path / "site"
    assert main(["export", str(small), str(other.path), "-o", str(site)]) == 0
    said = capsys.readouterr().out
    assert f"python -m http.server -d {site}" in said
    assert '<iframe src="index.html#traverse?embed=' in said
    (site / "CNAME").write_text("vae.example.org")
    assert main(["export", str(small), "-o", str(site)]) == 0
    wanted = export.folder_files(export.gather([Run(small)], export.FOLDER))
    there = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert there == {*wanted, "CNAME"}
    assert all((site / name).read_bytes() == content for name, content in wanted.items())
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    index = Markup((site / export.INDEX).read_text())
    assert {part["src"] for part in index.site["parts"].values()} < set(wanted)


def test_what_is_no_earlier_export_is_left_alone(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name, told in (
        ("mine", f"{tmp_path / 'mine'} holds files that are no earlier export"),
        ("file", f"{tmp_path / 'file'} is a file"),
        ("file/site/first", f"{tmp_path / 'file'} is a file"),
    ):
        assert main(["export", str(small), "-o", str(tmp_path / name)]) == 1
        said = capsys.readouterr().err
        assert told in said
        assert "Reading" not in said, "it is known before the work is done"
    (tmp_path / "mine" / export.MANIFEST).write_text('{"made_by": 1, "files": ["../../x", 3]}')
    assert main(["export", str(small), "-o", str(tmp_path / "mine")]) == 1
    assert (tmp_path / "mine" / "thesis.txt").read_text() == (tmp_path / "file").read_text() == "mine"


def test_a_manifest_names_no_file_outside(small: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert main(["export", str(small), "-o", str(site)]) == 0
    (tmp_path / "precious").write_text("mine")
    told = json.loads((site / export.MANIFEST).read_text())
    told["files"] += ["../precious", "parts/../../precious", "/etc/hostname", "..", ""]
    (site / export.MANIFEST).write_text(json.dumps(told))
    assert main(["export", str(small), "-o", str(site)]) == 0
    assert (tmp_path / "precious").read_text() == "mine"


def export_limited(on_excess: str, *arguments: str, within: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Export in a process whose files may have 100,000 bytes each, which ends a write as a full disk does.

    Args:
        on_excess: `SIG_IGN`; or `SIG_DFL`, by which the kernel kills the process there.
        within: the folder in which it is started.
    """
    limited = (
        "import resource, signal, sys; from bvae.cli import main\n"
        f"signal.signal(signal.SIGXFSZ, signal.{on_excess})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "sys.exit(main(['export', *sys.argv[1:]]))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", limited, *arguments], cwd=within, env=environment, capture_output=True, text=True
    )


def test_what_a_killed_export_left_goes_with_the_next(small: Path, tmp_path: Path) -> None:
    site, single = tmp_path / "site", tmp_path / "one.html"
    (tmp_path / ".site.exported").mkdir()  # another's
    site.mkdir()
    for where in (["-o", "."], ["--single", str(single)]):
        assert export_limited("SIG_DFL", str(small), *where, within=site).returncode == -signal.SIGXFSZ
    assert not list(site.iterdir())
    left = list(tmp_path.glob(".*"))
    assert len(left) == 3, left
    for path in left:
        os.utime(path, (time.time() - 60,) * 2)
    assert main(["export", str(small), "-o", str(site)]) == 0
    assert main(["export", str(small), "--single", str(single)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"site", "one.html", ".site.exported"}


def test_a_full_disk_leaves_the_old_export_as_it_was(small: Path, tmp_path: Path) -> None:
    site, single = tmp_path / "site", tmp_path / "one.html"
    assert main(["export", str(small), "-o", str(site)]) == 0
    assert main(["export", str(small), "--single", str(single)]) == 0

    def there() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    before = there()
    for where in (["-o", str(site)], ["--single", str(single)]):
        done = export_limited("SIG_IGN", str(small), *where, "--budget", "7")
        assert done.returncode == 1
        assert "Choose another place" in done.stderr
        assert "Traceback" not in done.stderr
        assert there() == before


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 1, "Say where the page goes"),
        (["-o", "site", "--single", "one.html"], 2, "not allowed with"),
        (["--single", "one.txt"], 2, "does not end in .html"),
        (["--single", "one.html", "--budget", "0.1"], 2, "not a number of megabytes from 1 to 1000"),
        (["--single", "one.html", "--budget", "-3"], 2, "not a number of megabytes from 1 to 1000"),
        (["--single", "one.html", "--budget", "nan"], 2, "not a number of megabytes from 1 to 1000"),
        (["--single", "folder.html"], 2, "'folder.html' is a folder"),
        (["--single", "nowhere/one.html"], 2, "the folder 'nowhere' does not exist"),
        (["--single", "one.html", "--epoch", "1"], 1, "--epoch is for --onnx"),
        (["--onnx", "--single", "one.html"], 1, "--onnx takes one run"),
        (["--onnx", "--budget", "3"], 1, "--budget and --lesson are for a page"),
        (["--onnx", "--lesson", "mine"], 1, "--budget and --lesson are for a page"),
    ],
)
def test_wrong_usage_is_a_sentence(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], status: int, said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    try:
        ended = main(["export", str(small), *arguments])
    except SystemExit as error:
        ended = int(str(error.code))
    assert ended == status
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["folder.html"]


def test_runs_that_cannot_be_exported_are_refused(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "one.html")

    def refused(*runs: Path) -> str:
        assert main(["export", *map(str, runs), "--single", target]) == 1
        assert not Path(target).exists()
        return capsys.readouterr().err

    (tmp_path / "elsewhere").mkdir()
    same = copied(small, tmp_path / "elsewhere" / "small")
    assert "Two of the runs are called small." in refused(small, same.path)
    assert "small was named twice." in refused(small, same.path, small)
    assert "There is no run" in refused(tmp_path / "nowhere")
    busy = copied(small, tmp_path / "busy")
    write_json(busy.path / "status.json", json.loads((busy.path / "status.json").read_text()) | {"state": "queued"})
    assert "busy is in training." in refused(busy.path)
    damaged = copied(small, tmp_path / "damaged")
    for path in (damaged.path / "epochs").iterdir():
        path.write_bytes(path.read_bytes()[:1000])
    assert "0001.safetensors" in refused(damaged.path)
    empty = copied(small, tmp_path / "empty")
    for path in (empty.path / "epochs").iterdir():
        path.unlink()
    assert "snapshot" in refused(empty.path)


def test_a_damaged_epoch_is_left_out_and_said(small: Path, tmp_path: Path) -> None:
    run = copied(small, tmp_path / "some")
    (run.path / "epochs" / "0000.safetensors").write_bytes(b"no weights")
    (told,) = export.gather([Run(run.path)], 6).site["runs"]
    assert told["epochs"] == [1]
    assert told["parts"]["rest"] is None
    assert "Epoch 0 is left out." in told["problems"][0]


def test_the_lesson_that_comes_along_is_the_runs_or_the_one_that_is_wanted(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path / "runs"))
    run = copied(small, tmp_path / "elsewhere")  # by its path alone
    bundled = [find_run(f"mnist-beta{beta}") for beta in (4, 1, 10)]
    assert export.usual_lesson([run]) is None
    assert export.usual_lesson(bundled[:2]) is None
    assert export.usual_lesson([run, *bundled]) == FIRST
    view = {"title": "One", "text": "Look.", "page": "traverse", "address": {}}
    keep_in_run(run, {"format": 1, "title": "Its own", "steps": [view]})
    assert export.usual_lesson([*bundled, run]) == "elsewhere"
    elsewhere = view | {"address": {"run": "gone"}}
    others = [view | {"address": {"run": f"{'long' * 100}{number}"}} for number in range(6)]
    write_lesson("mine", {"format": 1, "title": "Mine", "steps": [view, elsewhere, elsewhere, *others]})
    single = tmp_path / "one.html"

    def exported(*more: str) -> Any:
        assert main(["export", str(run.path), "--single", str(single), *more]) == 0
        return Markup(single.read_text()).site["lesson"]

    assert exported() == {
        "name": "elsewhere", "format": 1, "title": "Its own", "steps": [view | {"address": {"run": "elsewhere"}}],
    }  # fmt: skip
    assert "which this page does not hold" not in capsys.readouterr().out
    assert exported("--lesson", "mine")["title"] == "Mine"
    named = ", ".join(["gone", *["long" * 15] * 4])
    assert f"The lesson “Mine” also shows {named} and 2 more, which this page does not hold." in capsys.readouterr().out
    assert main(["export", str(run.path), "--single", str(single), "--lesson", "theirs"]) == 1
    assert f"no lesson named 'theirs' here. These are: elsewhere, {FIRST}, mine." in capsys.readouterr().err
    write_json(lesson_file(run.path), {"format": 1, "title": "Its own", "steps": []})  # which nobody could begin
    assert export.usual_lesson([run]) is None
    assert main(["export", str(run.path), "--single", str(single), "--lesson", "elsewhere"]) == 1
    assert "The lesson “Its own” has no step yet, so nobody could begin it." in capsys.readouterr().err
    lesson_file(run.path).write_text("{}")
    assert export.usual_lesson([run, *bundled]) == FIRST
    assert export.usual_lesson([run]) is None


def test_packed_bytes_come_back() -> None:
    content = np.random.default_rng(0).bytes(10_000) + bytes(10_000)
    assert zlib.decompress(base64.b64decode(packed(content)), -15) == content


def test_the_first_slider_moves_while_the_rest_is_still_to_come(bundled: str, page: Page, tmp_path: Path) -> None:
    """The file cut off behind what comes first, opened from the disk, and what its policy forbids."""
    received = bundled[: bundled.index("</script>", bundled.index('betaVaeDeliver("0 meaning"'))] + "</script>"
    assert len(received.encode()) <= 3_000_000
    path = tmp_path / "page.html"
    path.write_text(received, encoding="utf-8")
    page.goto(f"{path.as_uri()}#traverse")
    slider, picture = page.locator(".slider input").first, page.locator("canvas").first
    expect(slider).to_be_enabled()
    before = picture.evaluate("(canvas) => canvas.toDataURL()")
    slider.press("PageUp")
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before", arg=[picture.element_handle(), before]
    )
    refused = page.evaluate(
        """async () => {
          const heard = [];
          addEventListener("securitypolicyviolation", ({ effectiveDirective }) => heard.push(effectiveDirective));
          const element = (name, values) => document.body.append(Object.assign(document.createElement(name), values));
          element("img", { src: "https://elsewhere.test/p.png" });
          element("script", { textContent: "globalThis.broken = true" });
          element("iframe", { src: "https://elsewhere.test/" });
          element("div", {});
          document.body.lastChild.setAttribute("style", "color: red");
          try { await fetch("https://elsewhere.test/"); } catch {}
          for (let wait = 0; heard.length < 5 && wait < 100; wait++) await new Promise((done) => setTimeout(done, 20));
          return [heard.map((name) => name.split("-").slice(0, 2).join("-")).sort(), globalThis.broken ?? false];
        }"""
    )
    assert refused == [["connect-src", "frame-src", "img-src", "script-src", "style-src"], False]
