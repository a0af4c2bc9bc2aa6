"""What the tests of sweeps train, and how they compare what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FAST: dict[str, list[Any]] = {
    "network": ["mlp"],
    "device": ["cpu"],
    "epochs": [2],
    "latent_dim": [2],
    "probe_size": [50],
    "batch_size": [500],
}


def weights(path: Path) -> dict[str, bytes]:
    """The bytes of every snapshot of a run's weights."""
    return {file.name: file.read_bytes() for file in sorted((path / "epochs").iterdir())}
