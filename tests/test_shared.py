"""What all components share in the browser, each by itself on a blank page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bvae.browser.components import asset
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
      const { current } = shelf;
      return { empty, before, got, after, twice: shelf.values(), current, calls, gone: shelf.find("b") ?? null };
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


def test_an_element_that_the_html_lacks_is_named(bench_page: Page) -> None:
    script = """async () => {
      const { finder } = await import("/shared/elements.js");
      const root = document.createElement("div");
      root.innerHTML = '<p class="said"></p><input class="at">';
      const find = finder(root);
      const why = (look) => { try { return look().className; } catch (error) { return error.message; } };
      return [
        why(() => find(".said")), why(() => find(".at", HTMLInputElement)),
        why(() => find(".said", HTMLInputElement)), why(() => find(".nowhere")),
      ];
    }"""
    assert bench_page.evaluate(script) == [
        "said", "at", ".said is no HTMLInputElement.", "The HTML has no .nowhere.",
    ]  # fmt: skip


# A page's script -------------------------------------------------------------------------------------------------


HAND_ON = """async (steps) => {
  const { handOn, takeOver, release } = await import("/shell/hand-on.js");
  globalThis.betaVaeScripts = globalThis.betaVaeGlossary = undefined;
  const elements = {}, ran = [];
  const does = {
    mount: (script, name, data) => {
      elements[name] ??= document.createElement("div");
      handOn(script)({ parentElement: elements[name], data });
    },
    script: (script, version) => takeOver(script, ({ data }) => ran.push([script, version, data]))(),
    glossary: () => {
      globalThis.betaVaeGlossary = {};
      release();
    },
  };
  return steps.map(([what, ...given]) => {
    ran.length = 0;
    does[what](...given);
    return structuredClone(ran);
  });
}"""


def hand_on(page: Page, *steps: tuple[str, ...]) -> list[Any]:
    """What is run at each step, as [script, version, data]."""
    return list(page.evaluate(HAND_ON, [list(step) for step in steps]))


def test_a_mount_waits_for_its_script_and_only_the_newest_of_an_element(bench_page: Page) -> None:
    assert hand_on(
        bench_page,
        ("glossary",),
        ("mount", "one", "here", "first"),
        ("mount", "one", "here", "second"),
        ("mount", "one", "there", "third"),
        ("script", "one", "v1"),
        ("mount", "one", "here", "fourth"),
    ) == [[], [], [], [], [["one", "v1", "second"], ["one", "v1", "third"]], [["one", "v1", "fourth"]]]


def test_nothing_is_run_before_the_glossary(bench_page: Page) -> None:
    assert hand_on(
        bench_page,
        ("script", "one", "v1"),
        ("mount", "one", "here", "first"),
        ("mount", "two", "there", "second"),
        ("glossary",),
        ("script", "two", "v1"),
    ) == [[], [], [], [["one", "v1", "first"]], [["two", "v1", "second"]]]


def test_a_script_that_comes_again_changes_nothing_and_a_newer_version_has_its_own_mounts(bench_page: Page) -> None:
    assert hand_on(
        bench_page,
        ("glossary",),
        ("script", "page 1", "old"),
        ("script", "page 1", "again"),
        ("mount", "page 1", "here", "first"),
        ("mount", "page 2", "here", "second"),
        ("script", "page 2", "new"),
        ("mount", "page 1", "here", "third"),
    ) == [[], [], [], [["page 1", "old", "first"]], [], [["page 2", "new", "second"]], [["page 1", "old", "third"]]]


MOUNTING = """async () => {
  globalThis.betaVaeGlossary = { kl: "What KL is." };
  const { component } = await import("/shared/mounting.js");
  const made = [], before = [];
  class View {
    constructor(root) {
      this.root = root;
      this.received = [];
      made.push(this);
    }
    receive(data, setStateValue) {
      this.received.push(data);
      setStateValue("seen", data);
    }
  }
  const draw = component(".live", View, (data) => before.push(data));
  const parentElement = document.body.appendChild(document.createElement("div"));
  const html = '<div class="live">The [KL](#kl) and a [word](#of-a-run)</div>';
  const said = [];
  const mount = (data) => draw({ data, parentElement, setStateValue: (name, value) => said.push(value) });
  const received = () => made.map((view) => [...view.received]);
  const steps = [];
  mount(["early"]); // before its HTML
  steps.push(received());
  parentElement.innerHTML = html;
  await new Promise(requestAnimationFrame);
  steps.push(received());
  mount(["next"]);
  steps.push(received());
  parentElement.innerHTML = html; // as Streamlit does without saying so
  await new Promise(requestAnimationFrame);
  steps.push(received());
  mount(null); // while a page is taken down
  mount(["last"]);
  steps.push(received());
  const terms = Array.from(
    parentElement.querySelectorAll(".term"), (term) => [term.textContent, term.getAttribute("aria-description")],
  );
  const text = parentElement.textContent;
  parentElement.remove();
  return { steps, said, before, terms, text };
}"""


def test_a_view_is_made_for_each_html_and_sent_the_newest_data(bench_page: Page) -> None:
    found = bench_page.evaluate(MOUNTING)
    assert found["steps"] == [
        [],
        [["early"]],
        [["early", "next"]],
        [["early", "next"], ["next"]],
        [["early", "next"], ["next", "last"]],
    ]
    assert found["said"] == found["before"] == ["early", "next", "next", "last"]
    assert found["terms"] == [["KL", "What KL is."]]
    assert found["text"] == "The KL and a [word](#of-a-run)", "what a run says marks nothing"


TAKING = """async () => {
  const { taker } = await import("/store/take.js");
  const parentElement = document.createElement("div");
  parentElement.innerHTML = '<div class="store-problem"></div>';
  const taken = [];
  const take = taker("It is no use", (bytes) => {
    if (bytes[0] > 1) throw new Error("two is too much");
    return () => taken.push(bytes[0]);
  });
  const fault = taker("It is no use", () => () => { throw new Error("of a listener"); });
  for (const data of [null, Uint8Array.of(1), Uint8Array.of(2)]) take({ data, parentElement });
  let thrown = "";
  try { fault({ data: Uint8Array.of(1), parentElement }); } catch (error) { thrown = error.message; }
  return [taken, parentElement.textContent, thrown];
}"""


def test_bytes_that_are_no_use_are_told_in_a_sentence_and_faults_of_others_are_not(bench_page: Page) -> None:
    assert bench_page.evaluate(TAKING) == [[1], "It is no use: two is too much", "of a listener"]


# Words and controls ----------------------------------------------------------------------------------------------


@pytest.fixture
def words(bench: Bench) -> Page:
    """A page with a text of two explained words, and what shows their sentences."""
    bench.page.evaluate("""async () => {
      globalThis.betaVaeGlossary = { kl: "What KL is.", nats: "What nats are." };
      const { Terms, explain, unmarked } = await import("/shared/terms.js");
      Object.assign(globalThis, { explain, unmarked });
      document.body.innerHTML = '<main><p></p><a href="#term-kl" title="A link’s.">KL</a></main>';
      globalThis.said = document.querySelector("p");
      const main = document.querySelector("main");
      main.style.padding = "90vh 0 0 70vw";
      globalThis.escapes = 0;
      document.body.addEventListener("keydown", () => escapes++);
      new Terms(main, main);
      explain(said, "[KL](#kl) 1.5 [nats](#nats) of [it](#it)");
    }""")
    return bench.page


def test_a_text_that_is_said_anew_keeps_its_words_and_the_focus(words: Page) -> None:
    said = words.locator("p")
    expect(said).to_have_text("KL 1.5 nats of [it](#it)")
    expect(said.locator(".term")).to_have_text(["KL", "nats"])
    said.get_by_text("nats").focus()
    words.evaluate("explain(said, '[KL](#kl) 2.5 [nats](#nats) of [it](#it)')")
    expect(said).to_have_text("KL 2.5 nats of [it](#it)")
    expect(said.get_by_text("nats")).to_be_focused()
    words.evaluate("explain(said, '[nats](#nats), 3')")
    expect(said).to_have_text("nats, 3")
    expect(said.locator(".term:focus")).to_have_count(0)
    assert words.evaluate("unmarked('[KL](#kl) 1.5 [nats](#nats)')") == "KL 1.5 nats"


def test_a_sentence_is_shown_within_the_window_and_escape_closes_it_alone(words: Page) -> None:
    tip = words.locator(".term-tip")
    words.get_by_text("nats").focus()
    expect(tip).to_have_text("What nats are.")
    box, window = tip.bounding_box(), words.viewport_size
    assert box is not None
    assert window is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= window["width"]
    assert box["y"] + box["height"] <= window["height"]
    words.keyboard.press("Escape")
    expect(tip).to_have_count(0)
    assert words.evaluate("escapes") == 0, "what lies below would close too"
    words.keyboard.press("Escape")
    assert words.evaluate("escapes") == 1
    link = words.get_by_role("link")
    link.hover()
    expect(tip).to_have_text("A link’s.")
    expect(link).to_have_attribute("title", "")
    expect(link).to_have_attribute("aria-description", "A link’s.")
    words.mouse.move(1, 1)
    expect(tip).to_have_count(0)


def test_a_control_that_cannot_be_used_says_why_and_does_nothing(bench: Bench) -> None:
    page = bench.page
    page.evaluate("""async () => {
      const { disable } = await import("/shared/disable.js");
      document.body.innerHTML = '<label title="A box."><input type="checkbox"> Box</label><button>Go</button>';
      const [box, button] = document.querySelectorAll("input, button");
      globalThis.gone = 0;
      button.onclick = () => gone++;
      globalThis.rest = (reason) => { for (const control of [box, button]) disable(control, reason); };
      rest("Not now.");
      rest("Not now.");
    }""")
    box, button, label = page.get_by_role("checkbox"), page.get_by_role("button"), page.locator("label")
    for control in (box, button):
        control.focus()
        expect(control).to_be_focused()
        page.keyboard.press("Space")
        control.click(force=True)
        expect(control).to_have_attribute("aria-disabled", "true")
        expect(control).to_have_attribute("aria-description", "Not now.")
        assert control.get_attribute("disabled") is None
    expect(box).not_to_be_checked()
    assert page.evaluate("gone") == 0
    assert label.get_attribute("title") is None
    expect(label).to_have_attribute("aria-description", "Not now.")

    page.evaluate("rest('Nor then.')")
    expect(label).to_have_attribute("aria-description", "Nor then.")
    page.evaluate("rest('')")
    expect(label).to_have_attribute("title", "A box.")
    for control in (box, button):
        assert [control.get_attribute(name) for name in ("aria-disabled", "aria-description")] == [None, None]
        control.click()
    expect(box).to_be_checked()
    assert page.evaluate("gone") == 1


DRESSED = """async (colours) => {
  const { dress } = await import("/notebook/theme.js");
  return colours.map((colour) => {
    const around = document.body.appendChild(document.createElement("div"));
    around.style.backgroundColor = colour;
    const output = around.appendChild(document.createElement("div"));
    dress(output)();
    around.remove();
    return output.dataset.theme;
  });
}"""


def test_a_notebooks_output_is_as_dark_as_what_it_lies_on_however_its_colour_is_written(bench_page: Page) -> None:
    light = ["white", "rgb(250, 250, 240)", "color(srgb 1 1 1)", "oklch(0.95 0 0)"]
    dark = ["black", "rgb(20 20 20 / 0.9)", "color(srgb 0.1 0.1 0.12)", "oklch(0.2 0 0)"]
    found = bench_page.evaluate(DRESSED, light + dark)
    assert found == ["light"] * len(light) + ["dark"] * len(dark)


COMMAND = """async ([html, text]) => {
  const { default: command } = await import("/shell/command.js");
  const home = document.body.appendChild(document.createElement("div"));
  const parentElement = home.attachShadow({ mode: "open" });
  parentElement.innerHTML = html;
  command({ data: ["before"], parentElement });
  command({ data: [text], parentElement });
}"""


@pytest.mark.new_tab
@pytest.mark.parametrize("secure", [True, False], ids=["asked", "plain HTTP"])
def test_a_command_is_copied_as_it_stands(bench: Bench, secure: bool) -> None:
    page, text = bench.page, "python -m bvae train \\\n  --run 'a <b>'"
    page.context.grant_permissions(["clipboard-read", *(["clipboard-write"] if secure else [])])
    if not secure:
        page.evaluate("navigator.clipboard.writeText = undefined")
    page.evaluate(COMMAND, [asset("html", "command"), text])
    page.get_by_role("button", name="Copy what stands here").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == text
    expect(page.get_by_role("status")).to_have_text("")
