"""How true a film is: its figures of quality beside those of what it is compared with. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from bvae.browser.film import LAYOUTS, LiveFilm
from bvae.browser.glossary import explained
from bvae.layout import UNCHANGED
from pages.parts.selection import plain

# Colour, dash and symbol, so that colour is never the only code.
STYLES = {
    "umap": ("#3f90da", "solid", "circle"),
    "independent": ("#e76300", "dot", "circle-open"),
    "pca_last": ("#a55bd0", "dash", "square"),
    "pca_each": ("#838790", "dashdot", "square-open"),
}
KINDS = {kind: (layout["name"], *STYLES[kind]) for kind, layout in LAYOUTS.items()}
MEASURES = {
    "trustworthiness": "Trustworthiness, 1 is best",
    "continuity": "Continuity, 1 is best",
    "accuracy": "Neighbour accuracy, share of images",
    "step": "Step, standard deviations of positions",
}
MEANINGS = """
- **Trustworthiness**: are points that are drawn near each other near in \
[latent space](#latent-space)? 1 is best.
- **Continuity**: are points that are near in latent space drawn near each other? 1 is best.
- **Neighbour accuracy**: the share of images whose class is that of most of their {neighbours} neighbours in the \
picture. More is not better: what an epoch has beyond its own, independent [UMAP](#umap) leaked in from other epochs.
- **Step**: how far the median point moves from one frame to the next, in [standard deviations](#sigma) of all \
positions. **Without reason**: the same, of the points that kept at least {unchanged:.0f} % of their \
neighbours in latent space.
"""
TABLE = (
    "Trustworthiness and continuity: the worst frame · the mean of all. Neighbour accuracy: the first frame → the "
    "last. Step and without reason: the largest · the mean of all."
)
PANEL = 150  # pixels of height


def show_quality(films: Sequence[tuple[str, LiveFilm]]) -> None:
    """Draw the figures of quality of one film or two, each under its run's name, and say what they mean.

    Folded, because it stands below a map whose height only the browser knows, and is pushed down when that comes.
    """
    with st.expander("How true the film is, epoch by epoch"):
        for name, film in films:
            if not film.about.get("kinds"):
                st.markdown(f"The figures of quality of **{plain(name)}** are measured when its film is worked out.")
        measured = [(name, film) for name, film in films if film.about.get("kinds")]
        for place, (name, film) in enumerate(measured):
            about = film.about
            st.markdown(f"**{plain(name)}**: {say_size(about)}, {about['neighbours']} neighbours. {in_words(about)}")
            figure, words = _by_epoch(film.key, about)
            options = {"displaylogo": False, "toImageButtonOptions": {"filename": f"quality-{name}", "scale": 2}}
            st.plotly_chart(figure, key=f"quality_{place}", config=options, alt=words)
            st.table(summary(about))
            st.markdown(f":small[{TABLE}]")
        if measured:
            neighbours = measured[0][1].about["neighbours"]
            st.markdown(explained(MEANINGS.format(neighbours=neighbours, unchanged=100 * UNCHANGED)))


def say_size(about: dict[str, Any]) -> str:
    """Of how many frames and images a film is."""
    frames, images = len(about.get("epochs", [])), about.get("images", 0)
    return f"{frames} {'frame' if frames == 1 else 'frames'} of {images:,} test {'image' if images == 1 else 'images'}"


def in_words(about: dict[str, Any]) -> str:
    """What the figures come to: how far the film falls short of each epoch's own UMAP, and how much it moves."""
    film, own = about["kinds"].get("umap", {}), about["kinds"].get("independent", {})
    words = []
    both = list(zip(film.get("trustworthiness", []), own.get("trustworthiness", []), strict=False))
    if both:
        worst = max(range(len(both)), key=lambda place: both[place][1] - both[place][0])
        words.append(
            f"Where the film is furthest below the epoch’s own UMAP, at epoch {about['epochs'][worst]}, its "
            f"trustworthiness is {both[worst][0]:.3f}, and that UMAP’s {both[worst][1]:.3f}."
        )
    if film.get("step"):
        step = f"In a median step half of the points move less than {np.median(film['step']):.3f} standard deviations"
        beside = f"; in independent UMAPs, {np.median(own['step']):.3f}" if own.get("step") else ""
        words.append(f"{step}{beside}.")
    if (null_test := about.get("null_test")) is not None:
        words.append(
            f"An epoch that brings nothing new moves the median point by {100 * null_test:.2g} % of the film’s radius."
        )
    return " ".join(words)


def summary(about: dict[str, Any]) -> pd.DataFrame:
    """A row for each kind of layout: how true its frames are, and how much it moves. See `TABLE`.

    Long words may be parted, so that it fits a narrow window: a table that scrolls cannot be reached by the keyboard.
    """

    def told(figures: Sequence[float | None], worst: Callable[[Sequence[float]], float]) -> str:
        values = [value for value in figures if value is not None]
        return f"{worst(values):.3f}\u00a0· {np.mean(values):.3f}" if values else "–"

    rows = {}
    for kind, (name, *_) in KINDS.items():
        if not (figures := about["kinds"].get(kind)):
            continue
        accuracy = figures.get("accuracy")
        rows[name] = {
            "Trust\u00adworthiness": told(figures.get("trustworthiness", []), min),
            "Continuity": told(figures.get("continuity", []), min),
            "Neigh\u00adbour accuracy": f"{accuracy[0]:.3f}\u00a0→ {accuracy[-1]:.3f}" if accuracy else "–",
            "Step": told(figures.get("step", []), max),
            "Without reason": told(figures.get("spurious", []), max),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


# Plotly takes longer to make it than all else on the page. cache_data would have it made anew of a copy.
@st.cache_resource(max_entries=4, show_spinner=False)
def _by_epoch(key: str, _about: dict[str, Any]) -> tuple[go.Figure, str]:
    return by_epoch(_about)


def by_epoch(about: dict[str, Any]) -> tuple[go.Figure, str]:
    """The figures over the epochs, in panels one above the other so that a frame is one vertical, and in words.

    Frames are evenly spaced, as on the page's scrubber, under their true epoch numbers.
    """
    epochs = about["epochs"]
    figure = make_subplots(
        len(MEASURES), 1, shared_xaxes=True, subplot_titles=list(MEASURES.values()), vertical_spacing=0.08
    )
    words = []
    for row, (measure, title) in enumerate(MEASURES.items(), 1):
        for kind, (name, colour, dash, symbol) in KINDS.items():
            values = about["kinds"].get(kind, {}).get(measure)
            if not values:
                continue
            first = 1 if measure == "step" else 0  # the first step is into the second frame
            places = list(range(first, first + len(values)))
            figure.add_scatter(
                x=places, y=values, name=name, row=row, col=1, mode="lines+markers", legendgroup=kind,
                showlegend=row == 1, line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": 7, "color": colour}, cliponaxis=False,
                customdata=[epochs[place] for place in places],
                hovertemplate=f"{name}, epoch %{{customdata}}: %{{y:.3f}}<extra></extra>",
            )  # fmt: skip
            words.append(f"{title}, {name}: {', '.join(f'{value:.3f}' for value in values)}")
    figure.update_layout(
        height=PANEL * len(MEASURES) + 130,
        margin={"l": 10, "r": 10, "t": 80, "b": 10},  # at the top, room for a legend of two lines
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "top", "yref": "container"},
    )
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    figure.update_xaxes(
        tickvals=list(range(len(epochs))), ticktext=list(map(str, epochs)), range=[-0.3, len(epochs) - 0.7]
    )
    figure.update_xaxes(title="Epoch", row=len(MEASURES), col=1)
    figure.update_yaxes(rangemode="tozero", row=len(MEASURES), col=1)
    return figure, f"Figures of quality at the epochs {', '.join(map(str, epochs))}. {'. '.join(words)}."
