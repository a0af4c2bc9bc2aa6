"""The door: `streamlit run app.py`. Streamlit imports this file for its server, and runs it for every session: page
configuration, navigation, and the run that all pages look at.

Imports no torch, so that the first slider can be moved within seconds.
"""

import streamlit as st

from bvae.browser.glossary import plain
from bvae.browser.prose import COMPARE, EXPLORE, HOME, LESSONS, RUNS, Page
from bvae.runs import remove_unfinished
from pages.parts.server import MIDDLEWARE, begin, say_fault


def session() -> None:
    """One run of a session's script. Its modules keep caches, which Streamlit makes only once its server runs."""
    from bvae.runs import RunError
    from pages.parts.cursor import address_to_take_along, follow_address, go_to, open_address, write_said
    from pages.parts.lesson import follow_lesson, mount_lesson, open_step
    from pages.parts.live import mount_rests, mount_shell
    from pages.parts.rights import admitted
    from pages.parts.selection import no_run, open_run, pick_run

    def made(page: Page) -> st.Page:
        return st.Page(f"pages/{page.path}.py", title=page.title, icon=f":material/{page.icon}:")

    # The default page has the address /; the hidden one below answers to the address that its file would give it.
    home = st.Page("pages/home.py", title=HOME.title, icon=f":material/{HOME.icon}:", url_path="start", default=True)
    explore = [home, *(made(page) for page in EXPLORE if page is not HOME)]
    compare = made(COMPARE)
    lessons, runs = made(LESSONS), [made(page) for page in RUNS]
    hidden = [st.Page("pages/home.py", title=HOME.title, url_path="home", visibility="hidden")]

    st.set_page_config(page_title="β-VAE latent explorer", page_icon="assets/icon.svg", layout="wide")
    may_see = admitted()
    page = st.navigation([*explore, compare, lessons, *runs, *hidden], position="sidebar" if may_see else "hidden")
    if not may_see:
        return
    if opened := st.session_state.pop("opened_page", None):  # by its own address, see `require_app`
        for other in [*explore, compare, lessons, *runs]:
            if other.url_path == opened:
                st.switch_page(other, query_params=st.query_params.to_dict())
    open_address()
    by_name = {other.url_path or "home": other for other in [*explore, compare, *runs]}
    if asked := st.session_state.pop("asked_page", None):
        for other in [*explore, compare, lessons, *runs]:
            if other.url_path == asked:
                go_to(other, address_to_take_along())
    open_step(by_name)
    follow_address()
    run = pick_run()
    follow_lesson()
    mount_lesson({name: other.title for name, other in by_name.items()})
    live = open_run(run, exploring=page not in runs) if run else None
    with st.sidebar:
        mount_shell()
    without = page in (compare, lessons, *runs)  # it can be used without a run to look at
    if run is None and not without:
        no_run()
    elif live or without:
        st.session_state["in_app"] = True
        try:
            page.run()
            if live and page not in runs:
                mount_rests(live)
        except (RunError, OSError) as error:  # a run that is deleted or damaged while the page reads it
            st.error(plain(str(error)))
        finally:
            write_said()
            st.session_state.pop("step_opened", None)


if __name__ == "__main__":
    session()
else:
    remove_unfinished()
    app = st.App(__file__, middleware=MIDDLEWARE, lifespan=begin, on_script_error=say_fault)
