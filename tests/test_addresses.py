"""Any view in its address: what a person set on a page comes back in another browser, to the pixel.

A state of each page; `python tests/addresses.py --states 50` tries many.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from bvae.runs import Run
from tests.addresses import Where, differences
from tests.browsing import expect_address, in_address, rerun
from tests.deeds import PAGES, Visited

STATES = 1


@pytest.mark.parametrize("visited", PAGES, ids=lambda visited: visited.name)
def test_what_was_set_comes_back_in_another_browser(
    browser: Browser, app: str, trained_run: Run, visited: Visited
) -> None:
    unlike = list(differences(browser, Where(f"{app}/", trained_run.name), visited, STATES))
    assert unlike == [""] * STATES


def test_a_run_that_is_picked_where_there_is_no_cursor_stays_and_back_shows_the_one_before(
    page: Page, app: str, trained_run: Run
) -> None:
    run = page.get_by_role("combobox", name="Run", exact=True)

    def pick(name: str) -> None:
        run.click()
        page.get_by_role("option", name=name, exact=True).click()
        expect_address(page, "run", lambda text: text == name)

    def turn_to(name: str) -> None:
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()

    page.goto(f"{app}/train?run={trained_run.name}")
    expect(run).to_have_value(trained_run.name)
    pick("mnist-beta10")
    pick(trained_run.name)
    turn_to("Traverse")
    expect_address(page, "z", bool)
    page.go_back()
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
    pick("mnist-beta1")
    expect(run).to_have_value("mnist-beta1")
    turn_to("Traverse")
    expect_address(page, "z", bool)
    assert in_address(page, "run") == "mnist-beta1"
    turn_to("Train")
    pick("mnist-beta10")
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", name="Traverse", level=1)).to_be_visible()
    expect_address(page, "run", lambda text: text == "mnist-beta1")
    expect(run).to_have_value("mnist-beta1")


@pytest.mark.new_tab  # since a tab knows of fifty steps at most
def test_back_and_forward_go_through_what_was_set_and_a_hand_s_move_is_one_step(
    page: Page, app: str, trained_run: Run
) -> None:
    page.goto(f"{app}/generate?run={trained_run.name}&epoch=1")
    generate = page.locator(".generate:not([aria-busy])")
    temperature, seed = page.get_by_role("slider", name="Temperature"), page.get_by_role("spinbutton", name="Seed")
    expect(generate).to_be_visible()
    expect_address(page, "z", bool)
    steps = page.evaluate("history.length")
    temperature.fill("0.5")
    expect_address(page, "temperature", lambda text: text == "0.5")
    with rerun(page):  # until the new noise is there, image 37 is that of the other seed
        seed.fill("7")
        seed.press("Enter")
    expect_address(page, "seed", lambda text: text == "7")
    page.get_by_role("button", name="Image 37 of 100").click()
    expect_address(page, "start", lambda text: text is None)
    expect_address(page, "digit", lambda text: text is None)
    assert page.evaluate("history.length") == steps + 3

    page.go_back()
    expect(page.locator(".chosen-title")).to_have_text("The cursor")
    page.go_back()
    expect(seed).to_have_value("0")
    expect(page.locator(".hundred > .note")).to_contain_text("default_rng(0)")
    expect(temperature).to_have_value("0.5")
    page.go_back()
    expect(temperature).to_have_value("1")
    page.go_forward()
    expect(temperature).to_have_value("0.5")
    page.go_forward()
    expect(seed).to_have_value("7")
    page.go_forward()
    expect(page.locator(".chosen-title")).to_have_text("Image 37, now the cursor")
    assert page.evaluate("history.length") == steps + 3

    # Another page hears nothing of it, and this one is as it was left.
    page.get_by_role("link", name="Open in Traverse").click()
    expect(page.locator(".traverse:not([aria-busy])")).to_be_visible()
    expect_address(page, "seed", lambda text: text is None)
    page.get_by_role("link", name="Generate").click()
    expect(generate).to_be_visible()
    expect_address(page, "seed", lambda text: text == "7")
    expect(temperature).to_have_value("0.5")


def test_an_address_that_was_altered_is_followed_as_far_as_it_can_be_and_put_right(
    page: Page, app: str, trained_run: Run
) -> None:
    page.goto(f"{app}/generate?run={trained_run.name}&seed=7seven&seed=99999999999&temperature=0.5&source=nowhere")
    expect(page.get_by_role("slider", name="Temperature")).to_have_value("0.5")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("0")
    problems = page.locator(".asked-problems")
    expect(problems).to_contain_text("“99999999999” of the seed, which is a whole number from 0 to 2,147,483,647.")
    expect(problems).to_contain_text("“nowhere” of the source of the codes, which is one of prior, posterior.")
    expect_address(page, "source", lambda text: text is None)
    expect_address(page, "seed", lambda text: text is None)
    assert in_address(page, "temperature") == "0.5"


def session() -> None:
    """A script as app.py is one, with two buttons that say something of themselves in the address."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from pages.parts.cursor import open_address, say_in_address, write_said

    if st.session_state.pop("went", False):
        vars(get_script_run_ctx())["is_history_navigation"] = True  # as Streamlit has it after Back and Forward

    def tell() -> None:
        st.session_state["seed"] = st.session_state.get("seed", 6) + 1
        say_in_address(("seed",), {"seed": str(st.session_state["seed"])})

    def warm() -> None:
        say_in_address(("temperature",), {"temperature": "2"})

    open_address()
    if "begun" not in st.session_state:
        st.session_state["begun"] = True
        say_in_address(("epoch", "z"), {"epoch": "100", "z": "1,2"})
    st.button("Tell", on_click=tell)
    st.button("Warm", on_click=warm)
    if st.session_state.pop("interrupted", False):
        say_in_address(("seed",), {"seed": "9"})
        st.stop()
    write_said()


def went(app: AppTest, **address: str) -> None:
    """Back or Forward to an address."""
    app.query_params.clear()
    app.query_params.update(address)
    app.session_state["went"] = True
    app.run()


def test_what_a_browser_says_before_it_has_the_last_address_takes_nothing_back() -> None:
    app = AppTest.from_function(session)
    app.query_params["epoch"] = "3"
    app.run()
    assert dict(app.query_params) == {"epoch": "100", "z": "1,2"}
    app.query_params["epoch"] = "3"  # as it was before
    del app.query_params["z"]
    app.button[0].click().run()
    assert dict(app.query_params) == {"epoch": "100", "z": "1,2", "seed": "7"}
    app.query_params["epoch"] = "3"
    del app.query_params["z"], app.query_params["seed"]
    app.run()  # nor does what comes round by itself
    assert dict(app.query_params) == {"epoch": "100", "z": "1,2", "seed": "7"}
    went(app, epoch="3", z="1,2")
    app.button[0].click().run()
    assert dict(app.query_params) == {"epoch": "3", "z": "1,2", "seed": "8"}


def test_of_two_quick_changes_the_second_takes_the_first_not_back() -> None:
    app = AppTest.from_function(session).run()
    app.button[0].click().run()
    del app.query_params["seed"]  # the second is sent before the address of the first has come
    app.button[1].click().run()
    assert dict(app.query_params) == {"epoch": "100", "z": "1,2", "seed": "7", "temperature": "2"}


def test_a_link_to_the_page_that_is_open_is_followed() -> None:
    app = AppTest.from_function(session).run()
    app.query_params["epoch"] = "5"
    app.run()
    assert dict(app.query_params) == {"epoch": "5", "z": "1,2"}


def test_what_a_rerun_could_not_write_any_more_is_written_unless_the_browser_went_elsewhere() -> None:
    app = AppTest.from_function(session).run()
    app.session_state["interrupted"] = True
    app.run()
    app.run()
    assert dict(app.query_params) == {"epoch": "100", "z": "1,2", "seed": "9"}
    app.session_state["interrupted"] = True
    went(app, epoch="100", z="1,2", seed="4")
    went(app, epoch="100", z="1,2")  # once more, before anything was written
    assert "seed" not in app.query_params
    app.run()
    assert "seed" not in app.query_params


def test_of_quick_changes_the_last_is_in_the_address_however_far_the_browser_is_behind() -> None:
    app = AppTest.from_function(session).run()
    for _ in range(3):  # a held key: each is sent before the address of the one before has come
        app.query_params.pop("seed", None)
        app.button[0].click().run()
    assert dict(app.query_params)["seed"] == "9"
    app.session_state["interrupted"] = True
    app.run()  # what it says it does not get to write
    app.query_params["seed"] = "8"  # the browser has come so far
    app.button[0].click().run()
    assert dict(app.query_params) == {"epoch": "100", "z": "1,2", "seed": "10"}


def picker() -> None:
    """A choice of a page, as in a fragment that comes round by itself."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from pages.parts.cursor import done_by_hand, open_address
    from pages.parts.view import pick_by_address

    if st.session_state.pop("went", False):
        vars(get_script_run_ctx())["is_history_navigation"] = True
    if st.session_state.pop("alone", False):
        vars(get_script_run_ctx())["fragment_ids_this_run"] = ["watch"]  # as Streamlit has it then
    else:
        open_address()
    st.session_state.setdefault("picked", "none")
    pick_by_address("with", "picked", ["none", "one"], "none")
    st.selectbox("With", ["none", "one"], key="picked", on_change=done_by_hand)


def test_what_comes_round_by_itself_before_the_browser_has_the_last_address_takes_no_choice_back() -> None:
    app = AppTest.from_function(picker).run()
    app.selectbox[0].select("one").run()
    assert dict(app.query_params) == {"with": "one"}
    del app.query_params["with"]  # as it was before
    app.session_state["alone"] = True
    app.run()
    assert app.selectbox[0].value == "one"
    assert dict(app.query_params) == {"with": "one"}
    went(app)
    assert app.selectbox[0].value == "none"
