"""What is measured of a trained model: each file one idea, with its formula, unit, source, and uncertainty.

Most of it is arithmetic on arrays and needs no torch; what does imports it, and `per_image` is looked up when named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bvae.metrics.bound import PerImage, per_image

__all__ = ["PerImage", "per_image"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'bvae.metrics' has no attribute {name!r}")
    from bvae.metrics import bound

    return getattr(bound, name)
