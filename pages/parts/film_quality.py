"""How true a film is: its figures of quality beside those of what it is compared with. Imports no torch.

pandas and Plotly are imported where they are needed: they take longer than all else of a page that is opened first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from bvae.browser.film import LiveFilm
from bvae.browser.glossary import explained, plain
from bvae.browser.quality import COLUMNS, KINDS, MEASURES, TABLE, TITLE, in_words, meanings, rows, say_size

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

OPENED = "clusters_quality"  # in the session: whether the figures are to be seen

PANEL = 150  # pixels of height


def show_quality(films: Sequence[tuple[str, LiveFilm]]) -> None:
    """Draw the figures of quality of one film or two, each under its run's name, and say what they mean.

    Folded, because it stands below a map whose height only the browser knows, and is pushed down when that comes; and
    drawn when it is unfolded, because a page without a chart opens in half the time.
    """
    folder = st.expander(TITLE, key=OPENED, on_change="rerun")
    if not folder.open:
        return
    with folder:
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
            st.markdown(explained(meanings(measured[0][1].about)))


def summary(about: dict[str, Any]) -> pd.DataFrame:
    """`rows` as a table."""
    import pandas as pd

    return pd.DataFrame.from_dict(rows(about), orient="index", columns=COLUMNS)


# Plotly takes longer to make it than all else on the page. cache_data would have it made anew of a copy.
@st.cache_resource(max_entries=4, show_spinner=False)
def _by_epoch(key: str, _about: dict[str, Any]) -> tuple[go.Figure, str]:
    return by_epoch(_about)


def by_epoch(about: dict[str, Any]) -> tuple[go.Figure, str]:
    """The figures over the epochs, in panels one above the other so that a frame is one vertical, and in words.

    Frames are evenly spaced, as on the page's scrubber, under their true epoch numbers.
    """
    from plotly.subplots import make_subplots

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
