"""The table of runs: native radio buttons in a real table, because Streamlit's own grid is drawn on a canvas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from bvae.archive import spoken_size
from bvae.browser.glossary import explained
from bvae.numbers import number
from bvae.runs import BUNDLED_RUNS, Run, RunError, run_files
from pages.parts.cursor import done_by_hand
from pages.parts.live import component
from pages.parts.selection import history_of

# Pixels, as in run_table.css. With more runs than these the table scrolls.
HEAD, LINE, LINES = 40, 53, 10

STATES = {
    "queued": "waiting",
    "running": "in training",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
}


def run_table(runs: Mapping[str, Run], selected: str | None) -> None:
    """Draw the table. The run that is picked becomes the session's at the next rerun, which follows at once.

    Args:
        runs: by the names that the sidebar calls them.
    """

    def pick() -> None:
        done_by_hand()
        picked = st.session_state["run_table"].get("picked") or {}
        st.session_state["wanted_run"] = picked.get("name")

    rows = [row(name, run) for name, run in runs.items()]
    counts = {row["images"] for row in rows} - {None}
    images = f" ({counts.pop():,} images)" if len(counts) == 1 else ""
    note = (
        f"−ELBO in [nats](#nats) an image at the last epoch, on the whole [test set](#test-set){images}, with one code "
        "drawn for each image. A [seed](#seed) repeats a run. Size is what the run takes on disk."
    )
    component("run_table")(
        key="run_table", data={"rows": rows, "selected": selected}, on_picked_change=pick, script_in=st.sidebar,
        height=HEAD + LINE * min(len(rows), LINES),
    )  # fmt: skip
    st.markdown(explained(f":small[{note}]"))


def about(run: Run) -> str:
    """Whose the run is, and what was trained on what; of weights alone nobody knows on how many images."""
    images = "" if run.imported or not run.train_images else f"{run.train_images:,} of "
    seed = "" if run.imported else f" · seed {run.config.seed}"
    whose = "bundled" if run.path.parent == BUNDLED_RUNS else "yours"
    return f"{whose} · {run.config.network} on {images}{run.config.dataset_name}{seed}"


def row(name: str, run: Run) -> dict[str, Any]:
    """What the table says of a run. What cannot be read of it is left empty, and said as its state."""
    config = run.config
    told: dict[str, Any] = {
        "name": name,
        "about": about(run),
        "beta": config.short_weight,
        "dimensions": config.latent_dim,
        "size": spoken_size(disk_size(run)),
        "epochs": "weights only" if run.imported else f"0 of {config.epochs}",
        "elbo": None,
        "images": None,
    }
    try:
        if history := history_of(run):
            told |= {"elbo": number(-history[-1].elbo, 1), "images": history[-1].test["images"]}
            if not run.imported:
                told["epochs"] = f"{history[-1].epoch} of {config.epochs}"
    except RunError:  # picking it says what is wrong
        return told | {"state": "damaged"}
    return told | {"state": STATES[run.status_or_finished()["state"]]}


def disk_size(run: Run) -> int:
    """Bytes of the run's files."""
    sizes = 0
    for file in run_files(run.path):
        try:
            sizes += file.stat().st_size
        except OSError:  # deleted at this moment
            continue
    return sizes
