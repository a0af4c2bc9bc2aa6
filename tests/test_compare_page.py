"""The Compare page: what is chosen and how the address has it, the component on the bench, and one visit."""

from __future__ import annotations

import copy
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from bvae.browser.glossary import check_marks
from bvae.compared import FIGURES, NATS, Line, about, compare, line, rows, sweep_command, together
from bvae.runs import Run, read_json, write_json
from bvae.sweep import Sweep
from pages.parts import comparing
from pages.parts.comparing import ALL, Choice, from_address, look, sweeps, tell_again
from pages.parts.selection import runs_by_name
from tests.bench import Bench
from tests.browsing import expect_address, in_address, until
from tests.conftest import ROOT, serve
from tests.test_app import commands, texts

LABELS = {name: f"[{name}](#seed)" for name in FIGURES if name not in NATS}


def lines(betas: list[float], seeds: int) -> list[Line]:
    """Runs with so many seeds for each β, as if the bundled one had been trained so."""
    base, chance, found = line(Run("mnist-beta4")), random.Random(0), []
    for beta in betas:
        for seed in range(seeds):
            one = copy.deepcopy(base)
            one |= {"name": f"beta{beta:g}-seed{seed}", "weight": f"β = {beta:g}", "value": beta, "seed": seed}
            one["config"] |= {"beta": beta, "seed": seed}
            kl, above = 25 / (1 + beta) ** 0.8 + chance.gauss(0, 0.1), 20 + 9 * beta**0.7 + chance.gauss(0, 0.2)
            one["figures"] |= {"kl": kl, "reconstruction": one["floor"] + above, "bound": one["floor"] + above + kl}
            found.append(one)
    return found


def sent(comparison: dict[str, Any], here: bool = True) -> dict[str, Any]:
    """What the component is sent of a comparison."""
    head, cells = rows(comparison)
    shown = [{"name": name, "label": LABELS[name], "decimals": FIGURES[name][1]} for name in LABELS]
    more = {"shown": shown, "selected": None, "passive_below": 0.01, "about": about(comparison)}
    found = comparison | more | {"table": {"head": head, "lines": cells}}
    return found | {"runs": [one | {"here": here} for one in found["runs"]]}


# The component ---------------------------------------------------------------------------------------------------


def test_a_run_is_a_point_that_opens_by_pointer_and_keyboard(bench: Bench) -> None:
    comparison = together(lines([1, 2, 4, 8], 3))
    root = bench.mount("compare", sent(comparison))
    bench.dress("light")
    points = root.locator(".plane a.run")
    expect(points).to_have_count(12)
    assert root.locator(".plane text.weight").all_text_contents() == ["β = 1", "β = 2", "β = 4", "β = 8"]

    # Where a point stands is what its run traded: the order along both axes is that of the figures.
    boxes = [box for point in points.all() if (box := point.locator("circle").last.bounding_box())]
    kls, aboves = ([one["figures"][name] for one in comparison["runs"]] for name in ("kl", "above"))
    in_order = sorted(range(12), key=kls.__getitem__)
    assert in_order == sorted(range(12), key=lambda place: boxes[place]["x"])
    assert sorted(range(12), key=aboves.__getitem__) == sorted(range(12), key=lambda place: -boxes[place]["y"])

    box = boxes[7]
    bench.page.mouse.move(box["x"] + 3, box["y"] + 3)
    expect(root.locator(".said")).to_contain_text("β = 4, seed 1 (beta4-seed1, epoch 100)")
    bench.page.mouse.click(box["x"] + 3, box["y"] + 3)
    assert [said["name"] for said in bench.said("opened")] == ["beta4-seed1"]

    points.first.focus()
    bench.page.keyboard.press("ArrowRight")
    bench.page.keyboard.press("End")
    expect(points.last).to_be_focused()
    expect(root.locator(".said")).to_contain_text("β = 8, seed 2")
    bench.page.keyboard.press("Enter")
    assert bench.said("opened")[-1]["name"] == "beta8-seed2"
    assert points.last.get_attribute("href", timeout=1_000).endswith("/traverse?run=beta8-seed2")
    assert root.locator(".plane [tabindex='0']").count() == 1, "one stop for the Tab key, whatever the number of runs"

    # Another answer of Python's with the same figures leaves the focus where it is.
    bench.redraw(sent(comparison) | {"selected": "beta1-seed0"})
    expect(points.last).to_be_focused()
    expect(root.locator(".run.selected")).to_have_count(1)


def test_figures_stand_against_beta_with_what_a_mean_may_be_off_by(bench: Bench) -> None:
    comparison = together(lines([1, 2, 4, 8], 3))
    root = bench.mount("compare", sent(comparison))
    charts = root.locator(".chart svg")
    expect(charts).to_have_count(6)  # UDR is not known of them
    mig = comparison["groups"][0]["figures"]["mig"]
    said = "; ".join(f"β = {beta}: {mig['mean']:.3f} ± 0.000" for beta in (1, 2, 4, 8))
    expect(charts.nth(1)).to_have_attribute("aria-label", f"mig by β. {said}.")
    assert charts.nth(1).locator("line.sure").count() == 4
    assert charts.nth(1).locator("circle.seed").count() == 12
    strips = root.locator(".strip svg")
    expect(strips).to_have_count(12)
    kl = sorted(comparison["runs"][0]["kl_per_dimension"], reverse=True)
    said = strips.first.get_attribute("aria-label") or ""
    assert said == f"β = 1, seed 0: {', '.join(f'{nats:.2f}' for nats in kl)} nats"
    root.get_by_text("All of it as a table").click()
    assert root.locator("tbody tr, table tr").count() == 5
    # Of two seeds no interval is drawn, and of one there is none.
    for seeds in (2, 1):
        bench.redraw(sent(together(lines([1, 4], seeds))))
        expect(root.locator(".strip")).to_have_count(2 * seeds)
        assert root.locator(".sure").count() == 0


def test_figures_of_runs_that_are_not_here_say_how_to_train_them(bench: Bench) -> None:
    comparison = together(lines([1, 4], 2), command="python -m bvae sweep")
    root = bench.mount("compare", sent(comparison, here=False))
    first = root.get_by_role("button", name="β = 1, seed 0: KL")
    first.focus()
    bench.page.keyboard.press("Enter")
    expect(root.locator(".command code")).to_have_text(comparison["runs"][0]["command"])
    assert bench.said("opened") == []
    assert root.locator(".plane a").count() == 0


def test_one_run_and_runs_of_several_kinds_are_drawn(bench: Bench) -> None:
    (one,) = lines([4], 1)
    root = bench.mount("compare", sent(together([one])))
    expect(root.locator(".plane a.run")).to_have_count(1)
    expect(root.locator(".legend")).to_be_hidden()
    small = copy.deepcopy(one)
    small |= {"name": "<b>small</b>", "kl_per_dimension": one["kl_per_dimension"][:5]}
    small["config"] |= {"network": "mlp", "latent_dim": 5}
    capacity = copy.deepcopy(one) | {"name": "held", "weight": "C = 8 nats", "objective": "capacity", "value": 8.0}
    capacity["config"] = one["config"] | {"capacity": 8.0}
    bench.redraw(sent(together([one, small, capacity])))
    expect(root.locator(".plane a.run")).to_have_count(3)
    assert root.locator(".legend li").count() == 3
    assert root.locator(".strip figcaption").nth(1).get_attribute("title") == "<b>small</b>"
    assert root.locator("b").filter(has_text="small").count() == 0


def test_two_hundred_runs_are_drawn(bench: Bench) -> None:
    many = sent(together(lines([0.5 * step for step in range(1, 41)], 5)))
    root = bench.mount("compare", many)
    expect(root.locator(".plane a.run")).to_have_count(200)
    expect(root.locator(".strip")).to_have_count(200)
    labels = root.locator(".plane text.weight")
    boxes = labels.evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().toJSON())")
    assert len(boxes) > 3
    for place, one in enumerate(boxes):
        for other in boxes[:place]:
            apart = one["right"] <= other["left"] or other["right"] <= one["left"]
            assert apart or one["bottom"] <= other["top"] + 3 or other["bottom"] <= one["top"] + 3


# What is chosen --------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sweeps, of which one is here and of one the figures, and a run beside them."""
    runs = tmp_path / "runs"
    sweep = Sweep(runs / "mine", {"beta": [1.0, 10.0], "seed": [0, 1], "probe_size": [2500]})
    for member in sweep.members:
        source = Run(f"mnist-beta{member.config.beta:g}").path
        shutil.copytree(source, member.path, ignore=shutil.ignore_patterns("epochs", "state.*", "layout.*"))
        (member.path / "epochs").mkdir()
        for epoch in (0, 100):
            shutil.copy(source / f"epochs/{epoch:04}.safetensors", member.path / "epochs")
        said = read_json(member.path / "config.json")
        write_json(member.path / "config.json", said | {"config": said["config"] | {"seed": member.config.seed}})
    sweep.write()
    figures = compare([Run(member.path) for member in sweep.members], None, "told", sweep_command(sweep))
    bundled = tmp_path / "sweeps"
    bundled.mkdir()
    for name in ("told", "mine"):
        (bundled / f"{name}.json").write_text(json.dumps(figures | {"name": name}), encoding="utf-8")
    monkeypatch.setenv("BVAE_RUNS", str(runs))
    monkeypatch.setattr(comparing, "BUNDLED_SWEEPS", bundled)
    st.cache_resource.clear()
    return runs


def test_the_address_says_what_is_compared_and_a_hostile_one_costs_a_sentence(folder: Path) -> None:
    names = [*runs_by_name()]
    known = sweeps(runs_by_name())
    assert {name: path.is_dir() for name, path in known.items()} == {"mine": True, "told": False}
    odd = "a,b (c)%"
    some = Choice(runs=("mine-beta1-seed0", odd))
    for choice in (Choice("told"), Choice(), Choice(at=3), some, Choice("mine", at=100)):
        assert from_address(choice.address(), known, [*names, odd]) == (choice, [])
    assert Choice().address() == {"runs": ALL}
    sweep = "There is no sweep named “xhttpevil” here. Showing the sweep “mine”."
    gone = "The address asks for runs that are not here: "
    for asked, choice, said in (
        ({"sweep": "[x](http://evil)"}, Choice("mine"), sweep),
        ({"runs": "nowhere"}, Choice("mine"), f"{gone}“nowhere”. Showing the sweep"),
        ({"runs": "mnist-beta4,gone"}, Choice(runs=("mnist-beta4",)), f"{gone}“gone”."),
        ({"runs": ",".join("x" * 500 for _ in range(3))}, Choice("mine"), gone),
        ({"runs": ALL, "at": "-1"}, Choice(), "The address asks for epoch “-1”, which is none."),
        ({"runs": ALL, "at": "9" * 5_000}, Choice(), "The address asks for epoch “9999"),
    ):
        found, problems = from_address(asked, known, names)
        assert found == choice
        assert len(problems) == 1
        assert problems[0].startswith(said)
        assert len(problems[0]) < 300


def test_what_is_looked_at_is_as_the_command_has_it(folder: Path) -> None:
    runs = runs_by_name()
    known = sweeps(runs)
    found = look(Choice("mine"), known, runs)
    assert [len(group) for group in found.waiting] == [2, 2]
    for group in found.waiting:
        tell_again(found, group)
    found = look(Choice("mine"), known, runs)
    assert found.waiting == ()
    told = look(Choice("told"), known, runs)
    assert told.runs == {}
    by_name = {one["name"]: one["figures"] for one in found.comparison["runs"]}
    assert by_name == {one["name"]: one["figures"] for one in told.comparison["runs"]}
    assert [group["figures"] for group in found.comparison["groups"]] == [
        group["figures"] for group in told.comparison["groups"]
    ]
    assert look(Choice(at=3), known, runs).comparison["runs"][0]["epoch"] == 3
    shutil.rmtree(folder / "mine/mine-beta1-seed0")
    said = look(Choice("mine"), known, runs).comparison["left_out"]
    assert said == ["Left out: mine-beta1-seed0 is not there any more."]


def at_compare(**parameters: Any) -> AppTest:
    """The app on the page, opened by an address."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=180)
    return opened(app, **parameters)


def opened(app: AppTest, **parameters: Any) -> AppTest:
    """The page as an address opens it, of which these parameters are others than before."""
    for name, value in parameters.items():
        app.query_params[name] = value
    app.session_state["opened_page"] = "compare"
    app.run()
    assert not app.exception
    return app


def again(app: AppTest) -> AppTest:
    """The page at its next rerun; without being asked, the app goes to its first page."""
    app.session_state["asked_page"] = "compare"
    app.run()
    assert not app.exception
    return app


def test_the_page_says_what_is_missing_and_loses_nothing(folder: Path) -> None:
    app = at_compare()
    assert app.query_params["sweep"] == "mine", "also what nobody asked for: elsewhere another one may come first"
    assert app.selectbox("compare_what").value == "sweep:mine"
    app.selectbox("compare_what").select("sweep:told")
    again(app)
    assert app.query_params["sweep"] == "told"
    assert "figures of runs that are not here" in texts(app.markdown)
    assert commands(app)[0].startswith("python -m bvae sweep --into runs/mine --beta 1 10")
    app.selectbox("compare_what").select("some")
    again(app)
    app.multiselect("compare_runs").set_value(["mnist-beta4", "mine-beta1-seed1"])
    again(app)
    assert app.query_params["runs"] == "mnist-beta4,mine-beta1-seed1"
    assert "sweep" not in app.query_params
    (folder / "mine/mine-beta1-seed1/metrics.json").unlink()
    again(app)
    assert "are not measured yet of mine-beta1-seed1" in texts(app.markdown)
    assert commands(app) == ["python -m bvae metrics mine-beta1-seed1 --epoch 100"]
    assert "Measure in the background" in [button.label for button in app.button]
    shutil.rmtree(folder / "mine")
    again(app)
    assert "Not there any more: “mine-beta1-seed1”." in texts(app.warning)
    app.multiselect("compare_runs").set_value([])
    again(app)
    assert "There is nothing to compare here yet." in texts(app.info)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sweep": ["mine", "told"], "at": ["3", "x"]}, "epoch “x”, which is none."),  # of a parameter twice, the last
        ({"sweep": "min"}, "There is no sweep named “min” here."),
        ({"runs": "mnist-beta4,%"}, "runs that are not here: “”."),
        ({"runs": "a," * 30_000}, "runs that are not here: “a”, “”."),
        ({"beside": "%,," * 20_000}, "There is no run named “” to stand beside"),
        ({"beside": "mine-beta1-seed0,", "moved2": "1_" * 30_000}, "more than fits into 1,200 characters of moved2"),
    ],
)
def test_an_address_that_was_cut_doubled_or_blown_up_costs_a_sentence(
    folder: Path, asked: dict[str, Any], said: str
) -> None:
    app = at_compare(**asked)
    assert said in texts(app.warning)
    assert sum(len("".join(value)) for value in app.query_params.values()) < 2_000
    app.run()  # another page
    again(app)
    assert not app.warning


def test_what_an_address_got_wrong_is_said_as_long_as_that_address_is_there(folder: Path) -> None:
    app = at_compare(sweep="min", beside="none", moved2="1_" * 30_000)
    assert len(app.warning) == 3
    opened(app)
    assert len(app.warning) == 3, "also at a rerun that nobody asked for"
    opened(app, sweep="told", beside="mnist-beta1")  # as by Back
    assert len(app.warning) == 1
    assert "characters of moved2" in app.warning[0].value
    opened(app, moved2="1")
    assert not app.warning


def test_a_visit(folder: Path, tmp_path: Path, page: Page) -> None:
    with serve(folder, tmp_path / "streamlit.log") as address:
        page.goto(f"{address}/compare?sweep=mine&at=100")
        points = page.locator(".plane a.run")
        expect(points).to_have_count(4)
        expect(page.locator(".chart figcaption", has_text="UDR")).to_be_visible()  # it follows when it is worked out
        expect_address(page, "beside", bool)  # another part's: what is written late would end what Back and Forward do
        assert in_address(page, "at") == "100"
        page.get_by_role("combobox", name="Compare").click()
        page.get_by_role("option", name="All runs here").click()
        expect(points).to_have_count(7)
        expect_address(page, "runs", lambda text: text == ALL)
        assert in_address(page, "sweep") is None
        page.go_back()
        expect(points).to_have_count(4)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        assert (in_address(page, "sweep"), in_address(page, "at")) == ("mine", "100")
        page.go_forward()
        expect(points).to_have_count(7)
        expect_address(page, "beside", bool)  # which leaves what this part has written
        assert in_address(page, "runs") == ALL
        page.get_by_role("link", name="β = 10, seed 1: KL").press("Enter")
        expect(page.get_by_role("heading", name="Traverse")).to_be_visible()
        until(page, lambda: in_address(page, "run") == "mine-beta10-seed1", lambda: page.url)
        assert {in_address(page, name) for name in ("runs", "beside", "show", "pairs")} == {None}
        expect(page.get_by_role("combobox", name="Run")).to_have_value("mine-beta10-seed1")
        page.get_by_role("link", name="Compare").click()
        expect(points).to_have_count(7)
        expect(page.locator(".plane .selected")).to_have_attribute("href", f"{address}/traverse?run=mine-beta10-seed1")
    assert "Traceback" not in (tmp_path / "streamlit.log").read_text()


def test_other_images_are_left_out_with_a_sentence(folder: Path) -> None:
    path = folder / "mine/mine-beta10-seed1/config.json"
    said = read_json(path)
    write_json(path, said | {"config": said["config"] | {"dataset": "kmnist"}})
    app = at_compare(sweep="mine")
    assert "Left out: mine-beta10-seed1 (kmnist), whose nats are of another kind." in texts(app.warning)


def test_without_any_run_it_shows_figures_and_without_those_what_makes_some(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bvae.runs.folders.BUNDLED_RUNS", tmp_path / "none")
    shutil.rmtree(folder)
    app = at_compare()
    assert app.selectbox("compare_what").options == ["The sweep mine, its figures", "The sweep told, its figures"]
    monkeypatch.setattr(comparing, "BUNDLED_SWEEPS", tmp_path / "none")
    app = at_compare()
    assert "There is no run to show yet." in texts(app.info)


def test_the_words_that_it_marks_are_explained() -> None:
    source = (ROOT / "pages/compare.py").read_text(encoding="utf-8")
    check_marks(source)
