"""Load: all runs in a table, one of them to be looked at or taken away, and a door for runs from elsewhere."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from typing import Any

import streamlit as st

from bvae.archive import CONVERT, PickleError, TakenIn, import_run, import_weights, pack_run, spoken_size
from bvae.browser.glossary import explained, plain
from bvae.browser.prose import LOAD
from bvae.runs import Run, RunError, own_folder
from pages.parts.command import show_command
from pages.parts.cursor import done_by_hand, open_cursor, say_problems_of_cursor
from pages.parts.live import mount_uploads
from pages.parts.page_file import offer_page
from pages.parts.rights import MAX_UPLOAD, check_may_bring, drop_upload, offer_upload, why_read_only
from pages.parts.run_table import disk_size, run_table
from pages.parts.selection import live_run_if_any, runs_by_name


def page() -> None:
    """Draw the page, which can be used without a run to look at."""
    live = live_run_if_any()
    if live:
        open_cursor(live.space)
        say_problems_of_cursor()
    st.title(explained(LOAD.heading))
    st.markdown(explained(LOAD.lines()))
    runs = runs_by_name()
    selected = st.session_state.get("run")
    if runs:
        run_table(runs, selected)
    else:
        st.info("There is no run yet. Train one, or bring one here.")
    if selected in runs:
        take_along(selected, runs[selected], can_be_seen=live is not None)
        if live is not None:
            offer_page(selected, runs)
    st.header("Bring a run")
    if reason := why_read_only():
        st.info(reason)
        return
    if reason := offer_upload():
        st.warning(reason)
        return
    mount_uploads()
    left, right = st.columns(2, gap="large")
    with left:
        zip_door()
    with right:
        weights_door()


def take_along(name: str, run: Run, can_be_seen: bool) -> None:
    """What can be done with the selected run: look at it, or download it."""
    if can_be_seen:
        st.page_link("pages/traverse.py", label=f"Explore {plain(name)} in Traverse", icon=":material/tune:")
    # In columns, which on a phone stand one below the other from the first frame on: a row wraps once all is there.
    left, right = st.columns([5, 6], vertical_alignment="center")
    # Without a rerun after the click, which would ask the browser for nothing but the page again.
    resumable = st.session_state.get("load_resumable", True)
    left.download_button(
        "Download it as a zip file", functools.partial(packed, run, resumable), f"{run.name}.zip",
        "application/zip", key="load_download", on_click="ignore", icon=":material/download:",
    )  # fmt: skip
    if (size := run.state_bytes) is not None:
        right.checkbox(
            f"with what resuming needs, {spoken_size(size)}", value=True, key="load_resumable",
            on_change=done_by_hand, persist_state="session",
        )  # fmt: skip


def packed(run: Run, resumable: bool) -> bytes:
    """A run as a zip file, built when it is asked for."""
    with tempfile.TemporaryFile() as file:  # so that while it grows it is not held in memory as well
        pack_run(run, file, resumable=resumable)
        file.seek(0)
        return file.read()


def zip_door() -> None:
    """The uploader of a zip file, which is taken in as soon as it is there."""
    st.subheader("A run, as one zip file")
    st.markdown("As it is downloaded above, or a run’s folder that was zipped by hand, within other folders too.")
    file = st.file_uploader(
        "Zip file of a run", key=door_key("zip"), max_upload_size=MAX_UPLOAD, on_change=done_by_hand
    )
    outcome = st.session_state.get("load_zip", {})
    if file is not None and outcome.get("of") != file.file_id:
        with st.spinner("Reading every file of the run …"):
            outcome = bring("zip", file.file_id, lambda: import_run(file, file.name))
    show(outcome, file.file_id if file is not None else None)


def weights_door() -> None:
    """The uploaders of weights and of their config, which a button makes a run of."""
    st.subheader("Weights with their config")
    st.markdown(
        explained(
            "[Weights](#weights), in a [safetensors](#safetensors) file, make a run of one [snapshot](#snapshot), to "
            "be looked at. It cannot be trained further. Weights of the public PyTorch VAE example need no more of a "
            'config than `{"network": "mlp"}`.'
        )
    )
    weights = st.file_uploader(
        "Weights, a safetensors file", key=door_key("weights"), max_upload_size=MAX_UPLOAD, on_change=done_by_hand
    )
    config = st.file_uploader(
        "Config, a run’s config.json or its settings alone", key=door_key("config", "weights"), max_upload_size=1,
        on_change=done_by_hand,
    )  # fmt: skip
    outcome = st.session_state.get("load_weights", {})
    files = None if weights is None or config is None else f"{weights.file_id} {config.file_id}"
    why = "It takes both files. Choose the weights and their config." if files is None else None
    asked = st.button("Make a run of them", key="load_make", disabled=files is None, help=why, on_click=done_by_hand)
    if asked and weights is not None and config is not None:
        with st.spinner("Measuring the weights on the test images, which can take half a minute …"):
            outcome = bring("weights", files, lambda: import_weights(weights, weights.name, config, config.name))
    show(outcome, files)


def door_key(widget: str, door: str | None = None) -> str:
    """The key of an uploader; another one after each run that came in, which empties it."""
    return f"load_{widget}_{st.session_state.get(f'load_{door or widget}', {}).get('turn', 0)}"


def bring(door: str, of: str | None, take_in: Callable[[], TakenIn]) -> dict[str, Any]:
    """Take in what was uploaded, and remember for the next reruns what came of it: `of` tells the files."""
    turn = st.session_state.get(f"load_{door}", {}).get("turn", 0)
    outcome: dict[str, Any] = {"of": of, "turn": turn}
    try:
        check_may_bring(own_folder())
        taken = take_in()
        run = taken.run
        changes = run.details.get("changes", []) if door == "weights" else []
        said = plain(" ".join(filter(None, [taken.renaming(), *changes])))
        done = f"{plain(run.name)} has come in and is now the selected run. {said}"
        outcome = {"turn": turn + 1, "done": done}
        st.session_state["wanted_run"] = run.name
        st.session_state["brought"] = st.session_state.get("brought", 0) + disk_size(run)
        for file_id in (of or "").split():
            drop_upload(file_id)
    except RunError as error:
        outcome |= {"problem": str(error), "code": CONVERT if isinstance(error, PickleError) else None}
    st.session_state[f"load_{door}"] = outcome
    if "done" in outcome:
        done_by_hand()
        st.rerun()  # the picker above and the table are drawn already
    return outcome


def show(outcome: dict[str, Any], of: str | None) -> None:
    """Say what came of an upload, as long as its files are there."""
    if "done" in outcome:
        st.success(outcome["done"])
    elif outcome and outcome["of"] == of:
        st.error(plain(outcome["problem"]))
        if outcome["code"]:
            show_command(outcome["code"], "load")


page()
