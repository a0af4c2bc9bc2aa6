"""The typed record of an epoch says what its line of history does."""

from __future__ import annotations

import json

import pytest

from bvae.runs import files, find_run


def test_a_record_says_what_its_line_does() -> None:
    run = find_run("mnist-beta4")
    lines = [json.loads(line) for line in (run.path / files.HISTORY).read_text().splitlines()]
    records = run.history()
    assert [dict(record) for record in records] == lines
    for record, line in zip(records, lines, strict=True):
        test = line["test"]
        assert (record.epoch, record.beta, record.capacity) == (line["epoch"], line["beta"], line["capacity"])
        assert record.elbo == -(test["reconstruction"] + test["kl"]) < 0
        assert (record.reconstruction, record.kl) == (test["reconstruction"], test["kl"])
        assert (record.test, record.train) == (test, line["train"])
        assert record.kl_per_dimension == line["kl_per_dimension"]
        assert sum(record.kl_per_dimension) == pytest.approx(record.kl)
        assert (record.active_units, record.seconds) == (line["active_units"], line["seconds"])


def test_a_record_cannot_be_changed() -> None:
    record = find_run("mnist-beta4").history()[-1]
    with pytest.raises(AttributeError):
        record.elbo = 0.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        record["epoch"] = 0  # type: ignore[index]
