"""What the page Home says of a run: the objective with its figures, and what β costs and buys beside others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bvae.browser.meaning import Summary
from bvae.numbers import number
from bvae.runs import Epoch, Run


class Objective(NamedTuple):
    """The objective in words that are marked."""

    formula: str  # TeX
    symbols: str  # what its letters are
    terms: list[tuple[str, str, str]]  # of each its name, what it comes to on the test set, and what that says


def in_nats(value: float, digits: int) -> str:
    """A figure as a metric shows it. Beside a power of ten there is no room for the unit, which the text below says."""
    text = number(value, digits)
    return text if "×" in text else f"{text} nats"


def objective(run: Run, record: Epoch) -> Objective:
    """The objective with its two terms, and under each term what it comes to on the test set at an epoch."""
    config = run.config
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
    symbols = (
        r"$x$ is an image and $z$ its code. $q(z \mid x)$ is the [posterior](#posterior), which the [encoder](#encoder)"
        r" gives; $p(x \mid z)$ the [likelihood](#likelihood), which the [decoder](#decoder) gives; $p(z)$ the "
        r"[prior](#prior), $\mathcal{N}(0, I)$. $\mathbb{E}$ is the mean over codes drawn from the posterior."
    )
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
    return Objective(formula, symbols, terms)


def figures_line(run: Run, record: Epoch) -> str:
    """What a run comes to at its last epoch, in a sentence."""
    return (
        f"Reconstruction {record.reconstruction:.1f} nats, KL {record.kl:.1f} nats, "
        f"{record.active_units} of {run.config.latent_dim} dimensions active "
        f"(test set, {record.test['images']:,} images, after {record.epoch} epochs)."
    )


def to_see(runs: Sequence[tuple[Epoch, Summary | None]]) -> list[str]:
    """What β costs and what it buys, a sentence for each run: how blurred it is, and how much an axis is one.

    Args:
        runs: of each its last epoch, and what was measured of it.
    """
    records = [record for record, _ in runs]
    costs = sorted(record.reconstruction for record in records)
    sentences = []
    for record, measured in runs:
        rank = costs.index(record.reconstruction)
        picture = "The sharpest" if rank == 0 else "The most blurred" if rank == len(costs) - 1 else "A little blurred"
        sentence = (
            f"{picture}, with a reconstruction of {record.reconstruction:.1f} nats; {record.active_units} dimensions "
            "carry something"
        )
        if measured and measured.specificity is not None:
            sentence += f", and {measured.specificity:.0%} of what a named one changes is what it is named after"
        sentences.append(f"{sentence}.")
    return sentences
