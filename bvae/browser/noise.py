"""What the page Generate is sent of a seed: a hundred codes from N(0, I), and places in the gallery.

The browser scales the noise; it is drawn here so that one line of NumPy repeats it anywhere. An exported page draws the
same by itself, see assets/js/engine/random.js.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

COUNT = 100
MOST_SEED = 2**31 - 1


def noise_of(seed: int, latent_dim: int, gallery: int) -> dict[str, Any]:
    """The data of a seed, as JSON.

    Args:
        seed: 0 to `MOST_SEED`.
        latent_dim: D.
        gallery: images of the run's gallery.

    Returns:
        `seed`; `noise`: (COUNT, D) float32, little-endian, in base64; `around`: (COUNT,) places in the gallery.
    """
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal((COUNT, latent_dim)).astype("<f4")
    around = generator.choice(gallery, COUNT, replace=gallery < COUNT)
    return {"seed": seed, "noise": base64.b64encode(noise.tobytes()).decode(), "around": around.tolist()}
