"""What is known of the dimensions of a run, as Python reads it and hands it on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bvae.browser.meaning import Summary, Told, pack_figures, pack_meaning
from bvae.runs import Run, RunError, name_dimension, write_json
from pages.parts import compared, meaning
from pages.parts.meaning import open_figures, open_meaning, rename, summary
from tests.measured import measured
from tests.test_hostile_runs import HOSTILE, places, with_values


@pytest.fixture
def run(trained_run: Run, tmp_path: Path) -> Run:
    """A run that was measured at two of its epochs."""
    shutil.copytree(trained_run.path, tmp_path / "one")
    run = Run(tmp_path / "one")
    write_json(run.path / "metrics.json", measured(run, 0, 100))
    return run


def told(of: Told) -> dict[str, Any]:
    """What the browser reads."""
    found: dict[str, Any] = json.loads(of.content)
    assert found.pop("key") == of.key != ""
    return found


def test_what_was_measured_is_handed_on_by_epoch_and_dimension(run: Run) -> None:
    name_dimension(run, 3, "my slant")
    found, record = told(open_meaning(run.path)), measured(run)["epochs"]["100"]
    assert found["names"] == {"3": "my slant"}
    assert list(found["epochs"]) == ["0", "100"]
    last = found["epochs"]["100"]
    for given, known in zip(record["dimensions"], last["dimensions"], strict=True):
        assert {key: given[key] for key in ("index", "name", "regime")} == {
            key: known[key] for key in ("index", "name", "regime")
        }
        if given["name"] != "carries nothing":
            assert known["evidence"] == {key: value for key, value in given["evidence"].items() if value is not None}
    for direction in record["directions"].values():
        direction["r2"] = direction["r2"]["value"]
    assert last["directions"] == record["directions"]
    assert last["factors"] == record["factors"]
    figures = told(open_figures(run.path))["epochs"]["100"]
    assert figures["scores"] == record["scores"]
    assert [each["regime"] for each in figures["dimensions"]] == [each["regime"] for each in record["dimensions"]]
    assert "evidence" not in figures["dimensions"][0]


def test_it_is_read_again_when_it_has_changed_and_not_before(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_meaning(run.path)
    reads = []
    monkeypatch.setattr(Run, "metrics", lambda self: reads.append(self))
    assert open_meaning(run.path) is before
    assert not reads
    monkeypatch.undo()
    name_dimension(run, 3, "my slant")
    assert open_meaning(run.path).key != before.key


def test_of_a_run_of_which_nothing_is_known_nothing_is_sent(run: Run) -> None:
    (run.path / "metrics.json").unlink()
    assert (open_meaning(run.path), open_figures(run.path)) == (Told("", b"", ()), Told("", b"", ()))
    name_dimension(run, 3, "my slant")
    assert told(open_meaning(run.path)) == {"names": {"3": "my slant"}, "epochs": {}}
    assert open_figures(run.path).key == ""


def test_what_was_measured_on_other_images_is_not_shown(run: Run) -> None:
    write_json(run.path / "metrics.json", measured(run, 100) | {"data": "0" * 64})
    found = open_meaning(run.path)
    assert (found.key, found.content) == ("", b"")
    assert "on other images" in found.problems[0]
    assert open_figures(run.path).key == ""


def test_damage_is_told_and_the_rest_is_shown(run: Run) -> None:
    name_dimension(run, 3, "my slant")
    (run.path / "metrics.json").write_text("[")
    found = open_meaning(run.path)
    assert told(found)["names"] == {"3": "my slant"}
    assert "metrics.json cannot be read as JSON" in found.problems[0]
    (run.path / "names.json").write_text('{"names": {"3": 4}}')
    assert "names.json does not hold names" in open_meaning(run.path).problems[0]


def test_epochs_that_the_run_has_not_are_left_out(run: Run) -> None:
    record = measured(run, 100)["epochs"]["100"]
    write_json(run.path / "metrics.json", {"format": 1, "epochs": {"100": record, "99": record, "x": record, "-1": 1}})
    assert list(told(open_meaning(run.path))["epochs"]) == ["100"]


def test_a_reason_stands_in_the_place_of_a_part(run: Run) -> None:
    found = measured(run, 100)
    found["epochs"]["100"] |= {"scores": {"reason": "All images are of one class."}}
    found["epochs"]["100"]["decomposition"]["total_correlation"] = {"reason": "Too few images."}
    write_json(run.path / "metrics.json", found)
    record = told(open_figures(run.path))["epochs"]["100"]
    assert record["scores"] == {"reason": "All images are of one class."}
    assert record["decomposition"]["total_correlation"] == {"reason": "Too few images."}


def test_no_value_from_elsewhere_keeps_the_rest_from_being_read(run: Run) -> None:
    """Every value of the file × hostile ones: what goes to the browser is JSON of finite numbers and known words."""
    document = measured(run, 100)
    record = document["epochs"]["100"]
    record["dimensions"] = record["dimensions"][:1]
    record["directions"] = {"slant": record["directions"]["slant"]}
    record["likelihood"] = record["likelihood"][:1]
    for part, kept in (("scores", "mig"), ("representation", "linear"), ("generation", "classifier")):
        record[part] = {kept: record[part][kept]}
    evidence = record["dimensions"][0]["evidence"]
    for part in ("effects", "agreement", "per_unit"):
        evidence[part] = {"slant": evidence[part]["slant"]}
    few = [place for place in places(document) if "vector" not in place or place[-1] in ("vector", 0)]
    for place in few:
        for text in HOSTILE[:: 1 if len(place) < 5 else 7]:
            (run.path / "metrics.json").write_text(with_values(document, {place: text}))
            for pack in (pack_meaning, pack_figures):
                try:
                    found = pack(run)
                except RunError as error:
                    raise AssertionError(f"{text[:60]} at {place}") from error
                if found.key:
                    text_found = found.content.decode()
                    assert "NaN" not in text_found
                    assert "Infinity" not in text_found
                    assert not {"epochs"} - json.loads(text_found).keys()


@pytest.mark.parametrize(
    "sent", [None, 1, {}, {"dimension": 3}, {"dimension": "3", "name": "x"}, {"dimension": True, "name": "x"},
             {"dimension": 3, "name": 4}, {"dimension": 20, "name": "x"}, {"dimension": -1, "name": "x"}],
)  # fmt: skip
def test_what_is_no_name_of_a_dimension_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch, sent: Any) -> None:
    monkeypatch.setattr(meaning, "check_may_change", lambda: None)
    with pytest.raises(RunError):
        rename(run.path, sent)
    assert not (run.path / "names.json").exists()


def test_where_nothing_may_be_changed_nothing_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BVAE_READ_ONLY", "1")
    with pytest.raises(RunError, match="exploring only"):
        rename(run.path, {"dimension": 3, "name": "x"})
    assert not (run.path / "names.json").exists()


# Beside each other -----------------------------------------------------------------------------------------------


def test_a_run_in_a_line_is_its_last_measured_epoch(run: Run) -> None:
    assert summary(run.path) == Summary(100, ("thickness", "slant", "width"), pytest.approx(0.87), 0.1, 0.15)  # type: ignore[arg-type]
    write_json(run.path / "metrics.json", measured(run, 0))
    assert summary(run.path) == Summary(0, (), None, 0.1, 0.15)
    found = measured(run, 0)
    found["epochs"]["0"]["scores"] = {"reason": "All images are of one class."}
    write_json(run.path / "metrics.json", found)
    assert summary(run.path) == Summary(0, (), None, None, None)
    (run.path / "metrics.json").unlink()
    assert summary(run.path) is None


def test_runs_stand_beside_each_other_where_another_is_measured(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "COMPARED", ())
    assert compared.beside(run) == []
    other = run.path.with_name("other")
    shutil.copytree(run.path, other)
    monkeypatch.setattr(compared, "COMPARED", (str(other), str(run.path), "nowhere"))
    lines = compared.beside(run)
    assert [(line["name"], line["weight"], line["epoch"]) for line in lines] == [
        ("one", "β = 4", 100),
        ("other", "β = 4", 100),
    ]
    assert lines[0]["factors"] == ("thickness", "slant", "width")
    (other / "metrics.json").unlink()
    assert compared.beside(run) == []
