"""A run in a few lines, each number with its unit and split, as they stand beside the pages."""

from __future__ import annotations

from collections.abc import Mapping

from bvae.browser.glossary import plain
from bvae.numbers import number
from bvae.runs import Epoch, Run


def about_run(run: Run, records: Mapping[int, Epoch]) -> list[str]:
    """What a run is, and how far its training has come; words are marked.

    Args:
        records: what is known of its epochs, by their numbers.
    """
    config = run.config
    weight = config.weight.replace("β", "[β](#beta)").replace("C", "[capacity](#capacity) C")
    lines = [
        f"{weight}, {config.latent_dim} [latent dimensions](#latent-dimension)",
        f"{config.network} [network](#network) on {plain(config.dataset_name)}, "
        f"{config.likelihood} [likelihood](#likelihood)",
    ]
    done = f"{max(records, default=0)} of {config.epochs} [epochs](#epoch)"
    standing = {
        "queued": "Waiting to train",
        "running": f"Training: {done} done",
        "stopped": f"Stopped after {done}",
        "failed": f"Failed after {done}",
    }
    if run.imported:
        lines.append("[Weights](#weights) that came in without their training")
    else:
        lines.append(standing.get(run.status_or_finished()["state"], f"Trained for {done}"))
    return lines


def about_epoch(run: Run, record: Epoch) -> str:
    """What a run scores at an epoch; words are marked."""
    elbo = (
        f"[−ELBO](#elbo) {number(-record.elbo, 1)} [nats](#nats) an image "
        f"([test set](#test-set), {record.test['images']:,} images)"
    )
    return elbo if run.imported else f"At epoch {record.epoch}: {elbo}"
