"""What all components share in the browser, each by itself on a blank page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.bench import Bench


def test_a_shelf_keeps_the_newest_few_and_tells_who_waits(bench_page: Page) -> None:
    script = """async () => {
      const { Shelf } = await import("/shared/shelf.js");
      const shelf = new Shelf(2);
      const told = [];
      const note = (name) => (item) => told.push([name, item]);
      shelf.whenReady("a").then(note("early"));
      shelf.whenReady("a", (item) => item.parts > 1).then(note("whole"));
      shelf.put("a", { parts: 1 });
      await null;
      const first = structuredClone(told);
      shelf.whenReady("a").then(note("late")); // what is there already is no news to a listener
      shelf.find("a").parts = 2;
      shelf.tell();
      await null;
      return { first, told, listeners: shelf.listeners.size };
    }"""
    found = bench_page.evaluate(script)
    assert found["first"] == [["early", {"parts": 1}]], "who wants all of it waits on"
    assert [name for name, _ in found["told"]] == ["early", "late", "whole"]
    assert found["told"][-1] == ["whole", {"parts": 2}]
    assert found["listeners"] == 0, "who was told waits no more"


def test_of_a_full_shelf_the_one_that_was_looked_at_least_lately_goes(bench_page: Page) -> None:
    script = """async () => {
      const { Shelf } = await import("/shared/shelf.js");
      const shelf = new Shelf(2);
      const empty = [shelf.current, shelf.size, shelf.get("a") ?? null];
      for (const key of ["a", "b"]) shelf.put(key, key.toUpperCase());
      shelf.find("a"); // without counting
      const before = shelf.values();
      const got = shelf.get("a");
      shelf.put("c", "C");
      const after = shelf.values();
      let calls = 0;
      shelf.listeners.add(() => calls++);
      shelf.put("a", "A again");
      return { empty, before, got, after, twice: shelf.values(), current: shelf.current, calls, gone: shelf.find("b") ?? null };
    }"""
    assert bench_page.evaluate(script) == {
        "empty": [None, 0, None],
        "before": ["A", "B"],
        "got": "A",
        "after": ["A", "C"],
        "twice": ["C", "A again"],
        "current": "A again",
        "calls": 1,
        "gone": None,
    }
