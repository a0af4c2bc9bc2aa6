"""A β-VAE on small grey images: train it, keep it, walk about in its latent space.

    import bvae

    run = bvae.Run("mnist-beta4")
    model = run.model(epoch=10)
    z = model.encode(run.probe().images)      # (2500, 20)
    pictures = model.decode(z)                # (2500, 28, 28) in [0, 1]

What needs torch is imported when it is first named, because reading a run does not need it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bvae.config import Config, ConfigError
from bvae.runs import Run, RunError, find_run, list_runs

if TYPE_CHECKING:
    from bvae.data import Dataset, load_dataset
    from bvae.factors import measure
    from bvae.latent import interpolate, sample_prior, traverse
    from bvae.model import BetaVAE
    from bvae.notebook import show
    from bvae.objective import evaluate
    from bvae.trainer import Trainer
    from bvae.training import train_run, train_runs

_HOMES = {
    "BetaVAE": "model",
    "Dataset": "data",
    "Trainer": "trainer",
    "evaluate": "objective",
    "interpolate": "latent",
    "load_dataset": "data",
    "measure": "factors",
    "sample_prior": "latent",
    "show": "notebook",
    "train_run": "training",
    "train_runs": "training",
    "traverse": "latent",
}

__version__ = "0.1.0"
__all__ = [
    "BetaVAE", "Config", "ConfigError", "Dataset", "Run", "RunError", "Trainer", "evaluate", "find_run", "interpolate",
    "list_runs", "load_dataset", "measure", "sample_prior", "show", "train_run", "train_runs",
    "traverse",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bvae' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bvae.{_HOMES[name]}"), name)
