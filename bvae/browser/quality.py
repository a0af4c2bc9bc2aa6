"""How true a film is, in words and in a table: its figures of quality beside those of what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bvae.browser.film import LAYOUTS
from bvae.layout import UNCHANGED

TITLE = "How true the film is, epoch by epoch"
COLUMNS = ("Trust\u00adworthiness", "Continuity", "Neigh\u00adbour accuracy", "Step", "Without reason")
# Of every kind of layout its name, and colour, dash and symbol, so that colour is never the only code.
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


def meanings(about: dict[str, Any]) -> str:
    """What the figures mean; words are marked."""
    return MEANINGS.format(neighbours=about["neighbours"], unchanged=100 * UNCHANGED)


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


def rows(about: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """A row for each kind of layout, of `COLUMNS`: how true its frames are, and how much it moves. See `TABLE`.

    Long words may be parted, so that it fits a narrow window: a table that scrolls cannot be reached by the keyboard.
    """

    def told(figures: Sequence[float | None], worst: Callable[[Sequence[float]], float]) -> str:
        values = [value for value in figures if value is not None]
        return f"{worst(values):.3f}\u00a0· {np.mean(values):.3f}" if values else "–"

    found: dict[str, tuple[str, ...]] = {}
    for kind, layout in LAYOUTS.items():
        if not (figures := about["kinds"].get(kind)):
            continue
        accuracy = figures.get("accuracy")
        found[layout["name"]] = (
            told(figures.get("trustworthiness", []), min),
            told(figures.get("continuity", []), min),
            f"{accuracy[0]:.3f}\u00a0→ {accuracy[-1]:.3f}" if accuracy else "–",
            told(figures.get("step", []), max),
            told(figures.get("spurious", []), max),
        )
    return found
