"""Home: what a β-VAE is and what β trades, in one screen, on a model that can be moved at once."""

from __future__ import annotations

import numpy as np
import streamlit as st

from bvae.browser.glossary import explained
from bvae.browser.live import LiveRun
from bvae.browser.prose import HOME, INVITED, NEXT, TAUGHT, TRADES, WAY
from bvae.lessons import FIRST
from bvae.numbers import number
from bvae.numpy_model import decode
from bvae.pictures import mosaic
from bvae.runs import Run, RunError
from pages.parts.beside import begun, view_beside
from pages.parts.compared import compared
from pages.parts.cursor import open_cursor
from pages.parts.lesson import invite
from pages.parts.live import live_component, live_view, open_live
from pages.parts.meaning import summary
from pages.parts.selection import history_of, live_run, plain

HEIGHT = 530  # pixels kept free for the live panel, so that what stands below it stays where it is when it appears
WAY_HEIGHT = 350  # likewise for the way of an image
BESIDE_HEIGHT = 780  # and for the runs beside each other


def in_nats(value: float, digits: int) -> str:
    """A figure as a metric shows it. Beside a power of ten there is no room for the unit, which the text below says."""
    text = number(value, digits)
    return text if "×" in text else f"{text} nats"


def show_objective(run: Run) -> None:
    """The objective with its two terms, and under each term what it comes to on the test set."""
    config, history = run.config, history_of(run)
    if not history:  # deleted at this moment
        return
    record = history[-1]
    used = record.active_units
    reconstruction = r"\underbrace{-\,\mathbb{E}_{q(z \mid x)} \log p(x \mid z)}_{\text{reconstruction}}"
    divergence = r"\underbrace{\mathrm{KL}\bigl(q(z \mid x) \,\|\, p(z)\bigr)}_{\text{KL}}"
    # β and C as they were at that epoch: the loss is made of these, and a run can be stopped while they grow. Braces
    # keep a term in one piece on a narrow window.
    if config.capacity is None:
        weight, at_work, planned = "[β](#beta)", record.beta, config.beta
        weight_text, term = f"{at_work:g}", rf"{{\beta \cdot {divergence}}}"
        meaning = "The weight of the second term. At 1 this is the plain VAE; above 1 every nat in the code costs more."
    else:
        weight, at_work, planned = "[γ](#gamma)", record.capacity, config.capacity
        weight_text, term = f"{config.capacity_gamma:g}", rf"{{\gamma \cdot \bigl|\,{divergence} - C\,\bigr|}}"
        meaning = f"The weight that holds the KL at the [capacity](#capacity) C = {at_work:g} nats."
    if at_work != planned:
        meaning += f" So it is at epoch {record.epoch}, on its way to {planned:g}."
    formula = rf"\mathcal{{L}} \,=\, {reconstruction} \,+\, {term}"
    # Not st.latex, whose box scrolls and cannot be reached by the keyboard.
    st.markdown(rf"$\displaystyle {formula}$", text_alignment="center")
    symbols = (
        r"$x$ is an image and $z$ its code. $q(z \mid x)$ is the [posterior](#posterior), which the [encoder](#encoder)"
        r" gives; $p(x \mid z)$ the [likelihood](#likelihood), which the [decoder](#decoder) gives; $p(z)$ the "
        r"[prior](#prior), $\mathcal{N}(0, I)$. $\mathbb{E}$ is the mean over codes drawn from the posterior."
    )
    st.markdown(explained(f":small[{symbols}]"), text_alignment="center")
    floor = run.details.get("data", {}).get("bernoulli_floor") if config.likelihood == "bernoulli" else None
    terms = [
        (
            "[Reconstruction](#reconstruction)",
            in_nats(record.reconstruction, 1),
            "How badly the image drawn from the code predicts the pixels of the original."
            + (f" It cannot fall below its [floor](#floor), {floor:.1f}." if floor else ""),
        ),
        (weight, f"× {weight_text}", meaning),
        (
            "[KL](#kl)",
            in_nats(record.kl, 2),  # to two decimals, so that the product with β is right in the first
            "How much a code tells about its image. "
            f"{used} of {config.latent_dim} dimensions are [active](#active-units)"
            + ("; the others were given up." if 0 < used < config.latent_dim else "."),
        ),
        (
            "[Loss](#loss)",
            in_nats(record.test["loss"], 1),
            f"What training lowers: the sum. All are means over the {record.test['images']:,} [test images](#test-set)"
            + ("" if run.imported else f" at epoch {record.epoch}")
            + ", one code drawn for each, in [nats](#nats).",
        ),
    ]
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


def to_see(runs: list[LiveRun]) -> list[str]:
    """What β costs and what it buys, a sentence for each run: how blurred it is, and how much an axis is one."""
    records = [history_of(Run(each.path))[-1] for each in runs]
    costs = sorted(record.reconstruction for record in records)
    sentences = []
    for each, record in zip(runs, records, strict=True):
        rank = costs.index(record.reconstruction)
        picture = "The sharpest" if rank == 0 else "The most blurred" if rank == len(costs) - 1 else "A little blurred"
        sentence = (
            f"{picture}, with a reconstruction of {record.reconstruction:.1f} nats; {record.active_units} dimensions "
            "carry something"
        )
        measured = summary(each.path)
        if measured and measured.specificity is not None:
            sentence += f", and {measured.specificity:.0%} of what a named one changes is what it is named after"
        sentences.append(f"{sentence}.")
    return sentences


run = live_run()
cursor, revision = open_cursor(run.space)

st.title(explained(HOME.heading))
st.markdown(explained(HOME.lines()))
with st.container(horizontal=True, vertical_alignment="center"):
    invite(FIRST)
    st.markdown(":small[A lesson of ten minutes, from one slider to how true a map is.]", width="content")
with st.container(horizontal=True, gap=None):
    with st.container():
        live_component("traverse", run, cursor, revision, rows=run.active, compact=True)
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
                figures = (
                    f"Reconstruction {last.reconstruction:.1f} nats, KL {last.kl:.1f} nats, "
                    f"{last.active_units} of {other.config.latent_dim} dimensions active "
                    f"(test set, {last.test['images']:,} images, after {last.epoch} epochs)."
                )
                st.markdown(f":small[{figures}]")

st.subheader(NEXT)
with st.container(horizontal=True, gap="medium"):
    for page in INVITED:
        with st.container(width=270):
            st.page_link(f"pages/{page.path}.py", label=page.title, icon=f":material/{page.icon}:")
            st.markdown(explained(f":small[{page.invitation}]"))

if len(runs) > 1:
    with side_by_side:  # the last, so that nothing on the page waits for more runs than the selected one
        if begun(run) and len(shown := opened(runs, run)) > 1:
            view_beside(shown, run, cursor, to_see(shown))
