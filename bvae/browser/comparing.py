"""A comparison of runs as the browser has it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from bvae.browser.glossary import check_marks
from bvae.browser.live import PASSIVE_BELOW
from bvae.compared import FIGURES, NATS, Comparison, about, rows

LABELS = {
    "active_units": "[Active units](#active-units)",
    "mig": "[MIG](#mig)",
    "disentanglement": "[DCI disentanglement](#dci)",
    "modularity": "[Modularity](#modularity)",
    "explicitness": "[Explicitness](#explicitness)",
    "neighbours": "[Accuracy of 15 neighbours](#neighbours)",
    "udr": "[UDR](#udr)",
}
OF_TWO = "Of two seeds an [interval](#interval) is so wide that it says little: it is in the table, and is not drawn."

check_marks(json.dumps(LABELS))


def comparison_data(comparison: Comparison, here: Collection[str]) -> dict[str, Any]:
    """What the component is sent of a comparison, as JSON.

    Args:
        here: those of its runs, by name, that a person can open.
    """
    kept = ("name", "weight", "seed", "epoch", "figures", "kl_per_dimension")
    head, lines = rows(comparison)
    return {
        "floor": comparison["floor"],
        "runs": [
            {key: one[key] for key in kept}
            | ({"here": True} if one["name"] in here else {"here": False, "command": one["command"]})
            for one in comparison["runs"]
        ],
        "groups": comparison["groups"],
        "series": comparison["series"],
        "shown": [
            {"name": name, "label": LABELS[name], "decimals": decimals}
            for name, (_, decimals) in FIGURES.items()
            if name not in NATS
        ],
        "passive_below": PASSIVE_BELOW,
        "about": about(comparison),
        "table": {"head": head, "lines": lines},
    }


def has_two(comparison: Comparison) -> bool:
    """Whether `OF_TWO` is to be said: of some settings there are intervals, and of some only two seeds."""
    groups = comparison["groups"]
    return any(len(group["runs"]) > 1 for group in groups) and any(len(group["runs"]) == 2 for group in groups)
