"""Moving about in latent space: codes in, codes out. Everything here is a few lines of tensor arithmetic; decode what
comes out with `BetaVAE.decode`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

METHODS = ("linear", "spherical")


def traverse(code: Tensor, dimensions: Sequence[int], values: Tensor) -> Tensor:
    """Codes that differ from `code` (D,) in one dimension at a time: (len(dimensions), len(values), D)."""
    codes = code.repeat(len(dimensions), len(values), 1)
    for row, dimension in enumerate(dimensions):
        codes[row, :, dimension] = values
    return codes


def interpolate(start: Tensor, end: Tensor, steps: int, method: str = "linear") -> Tensor:
    """Codes on the way from `start` to `end`, both (D,), the two ends exactly among them: (steps, D).

    `linear` is the straight line. `spherical` turns the direction at an even pace and takes the norm evenly from one
    norm to the other, so that it stays where N(0, I) has its mass; without a common plane (opposite or zero codes)
    it is the straight line.

    Raises:
        ValueError: for fewer than two steps or an unknown method.
    """
    if steps < 2:
        raise ValueError(f"An interpolation has two ends, so it takes 2 steps or more; got {steps}.")
    if method not in METHODS:
        raise ValueError(f"Interpolation is {' or '.join(METHODS)}; got {method!r}.")
    share = torch.linspace(0, 1, steps, dtype=start.dtype, device=start.device).unsqueeze(1)  # (steps, 1)
    path = torch.lerp(start, end, share)  # (steps, D)
    if method == "spherical":
        norms = start.norm(), end.norm()
        cosine = (start @ end / (norms[0] * norms[1])).clamp(-1, 1)
        angle = torch.acos(cosine)
        if torch.isfinite(angle) and torch.sin(angle) > 1e-6:
            directions = (
                torch.sin((1 - share) * angle) * start / norms[0] + torch.sin(share * angle) * end / norms[1]
            ) / torch.sin(angle)
            path = directions * torch.lerp(norms[0], norms[1], share)
    path[0], path[-1] = start, end
    return path


def sample_prior(count: int, latent_dim: int, seed: int, temperature: float = 1.0) -> Tensor:
    """Codes from N(0, temperature² I): (count, latent_dim). A seed repeats them on every machine's CPU."""
    generator = torch.Generator().manual_seed(seed)
    return temperature * torch.randn(count, latent_dim, generator=generator)
