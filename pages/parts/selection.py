"""Which run the session looks at: picked in the sidebar, carried by the address, opened for every page."""

from __future__ import annotations

import streamlit as st

from bvae.runs import Run, RunError, list_runs
from pages.parts.live import LiveRun, open_live

TRAIN_COMMAND = "python -m bvae train --run runs/first"


def pick_run() -> Run | None:
    """Draw the run picker in the sidebar and return what is picked; None, said on the page, when there is no run."""
    problems: list[str] = []
    runs = {run.name: run for run in reversed(list_runs(problems))}  # of two runs of one name the bundled one counts
    for problem in problems:
        st.sidebar.warning(problem)
    if not runs:
        st.info("There is no run to show yet. Train one, which takes a few minutes, and reload this page:")
        st.code(TRAIN_COMMAND, language="bash")
        return None
    names = list(reversed(runs))
    if st.session_state.get("run") not in names:
        asked = st.query_params.get("run")
        if asked is not None and asked not in names:
            shown = "".join(character for character in asked[:60] if character.isalnum() or character in " .-+_=")
            st.session_state["run_problem"] = f"There is no run named “{shown}”. Showing {names[0]} instead."
        st.session_state["run"] = asked if asked in names else names[0]
    # Not bound to the address by the widget: it would leave out the default, and the default differs between machines.
    name = st.sidebar.selectbox("Run", names, key="run", persist_state="session")
    if problem := st.session_state.pop("run_problem", None):
        st.warning(problem)
    return runs[name]


def show_facts(run: Run) -> None:
    """The run in a few lines under the picker, each number with its unit and split."""
    config, history = run.config, run.history()
    objective = f"β = {config.beta:g}" if config.capacity is None else f"capacity {config.capacity:g} nats"
    lines = [
        f"{objective}, {config.latent_dim} latent dimensions",
        f"{config.network} network on {config.dataset}, {config.likelihood} likelihood",
    ]
    if history:
        test = history[-1]["test"]
        lines.append(f"epoch {history[-1]['epoch']} of {config.epochs}")
        lines.append(
            f"−ELBO {test['reconstruction'] + test['kl']:.1f} nats an image (test set, {test['images']:,} images)"
        )
    st.sidebar.caption("  \n".join(lines))


def open_run(run: Run) -> LiveRun | None:
    """Read what the browser needs of a run, for the pages of this rerun; None, said on the page, if nothing can be."""
    asked = st.query_params.get("epoch", "")
    if "cursor" not in st.session_state and asked.isdecimal():
        st.session_state["wanted_epoch"] = int(asked)
    try:
        show_facts(run)
        live = open_live(run, st.session_state.get("wanted_epoch"))
    except RunError as error:
        st.error(str(error))
        return None
    for problem in live.problems:
        st.warning(problem)
    st.session_state["live_run"] = live
    return live


def live_run() -> LiveRun:
    """The selected run, as app.py opened it for this rerun."""
    if "live_run" not in st.session_state:
        # Until app.py has run once in a server's life, Streamlit takes the folder pages/ for its older kind of pages,
        # and a page that is opened by its own address runs without app.py.
        st.switch_page("app.py", query_params=st.query_params.to_dict())
    live: LiveRun = st.session_state.pop("live_run")
    return live
