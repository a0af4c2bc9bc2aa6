"""Home: what a β-VAE is and what β trades, in one screen, on a model that can be moved at once."""

from __future__ import annotations

import numpy as np
import streamlit as st

from bvae.browser.glossary import explained, plain
from bvae.browser.home import figures_line, objective, to_see
from bvae.browser.live import LiveRun
from bvae.browser.prose import HOME, INVITED, NEXT, TAUGHT, TEN_MINUTES, TRADES, WAY
from bvae.lessons import FIRST
from bvae.numpy_model import decode
from bvae.pictures import mosaic
from bvae.runs import Run, RunError
from pages.parts.beside import begun, view_beside
from pages.parts.compared import compared
from pages.parts.cursor import open_cursor
from pages.parts.lesson import invite
from pages.parts.live import live_component, live_view, open_live
from pages.parts.meaning import summary
from pages.parts.selection import history_of, live_run
from pages.parts.view import OF_TRAVERSE, open_view

HEIGHT = 530  # pixels kept free for the live panel, so that what stands below it stays where it is when it appears
WAY_HEIGHT = 350  # likewise for the way of an image
BESIDE_HEIGHT = 780  # and for the runs beside each other


def show_objective(run: Run) -> None:
    """The objective with its two terms, and under each term what it comes to on the test set."""
    if not (history := history_of(run)):  # deleted at this moment
        return
    formula, symbols, terms = objective(run, history[-1])
    # Not st.latex, whose box scrolls and cannot be reached by the keyboard.
    st.markdown(rf"$\displaystyle {formula}$", text_alignment="center")
    st.markdown(explained(f":small[{symbols}]"), text_alignment="center")
    # Rows of a given width wrap on a narrow window, where columns would cut the figures.
    with st.container(horizontal=True, gap="medium"):
        for label, value, text in terms:
            with st.container(width=200):
                st.metric(explained(label), value)
                st.markdown(explained(f":small[{text}]"))


@st.cache_data(max_entries=8, show_spinner=False)
def redrawn(path: str, version: str) -> np.ndarray:
    """The first test image of every class above its reconstruction at the last epoch, (H, W) uint8.

    In NumPy, because this page must not wait for torch. `version` tells an altered run.
    """
    run = Run(path)
    probe, epoch = run.probe(), run.snapshot()
    places = np.unique(probe.labels, return_index=True)[1]
    images = decode(*run.decoder(epoch), run.latents(epoch).mean[places])
    sheet = mosaic(np.concatenate([probe.images[places] / 255, images]), columns=len(places))
    return np.kron(sheet, np.ones((4, 4), np.uint8))  # the browser would blur it


def opened(runs: list[Run], selected: LiveRun) -> list[LiveRun]:
    """Those of the runs that can be drawn; the selected one is not opened twice."""
    found = []
    for other in runs:
        try:
            own = other.path.resolve() == selected.path.resolve()
            found.append(selected if own else open_live(other, other.name))
        except (RunError, OSError) as error:
            st.warning(plain(str(error)))
    return found


def to_see_of(runs: list[LiveRun]) -> list[str]:
    """`to_see` of runs that are open."""
    return to_see([(history_of(Run(each.path))[-1], summary(each.path)) for each in runs])


run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(HOME.heading))
st.markdown(explained(HOME.lines()))
with st.container(horizontal=True, vertical_alignment="center"):
    invite(FIRST)
    st.markdown(f":small[{TEN_MINUTES}]", width="content")
with st.container(horizontal=True, gap=None):
    with st.container():
        view = open_view("traverse", OF_TRAVERSE)
        live_component("traverse", run, cursor, revision, shows=view, rows=run.active, compact=True)
    with st.container(width=1):
        st.space(HEIGHT)

st.subheader(WAY)
with st.container(horizontal=True, gap=None):
    with st.container():
        live_view("way", run, cursor, revision)
    with st.container(width=1):
        st.space(WAY_HEIGHT)

st.subheader(TAUGHT)
show_objective(Run(run.path))

if len(runs := compared()) > 1:
    heading, lines = TRADES
    st.subheader(heading)
    st.markdown(explained(lines))
    with st.container(horizontal=True, gap=None):
        side_by_side = st.container()
        with st.container(width=1):
            st.space(BESIDE_HEIGHT)
    with st.container(horizontal=True, gap="medium"):
        for other in runs:
            last = history_of(other)[-1]
            with st.container(width=270):
                st.markdown(f"**{other.config.weight}**")
                st.image(
                    redrawn(str(other.path), other.version()),
                    width="stretch",
                    alt=f"Ten test images above their reconstructions by the model with {other.config.weight}",
                )
                st.markdown(f":small[{figures_line(other, last)}]")

st.subheader(NEXT)
with st.container(horizontal=True, gap="medium"):
    for page in INVITED:
        with st.container(width=270):
            st.page_link(f"pages/{page.path}.py", label=page.title, icon=f":material/{page.icon}:")
            st.markdown(explained(f":small[{page.invitation}]"))

if len(runs) > 1:
    with side_by_side:  # the last, so that nothing on the page waits for more runs than the selected one
        if begun(run) and len(shown := opened(runs, run)) > 1:
            view_beside(shown, run, cursor, to_see_of(shown))
