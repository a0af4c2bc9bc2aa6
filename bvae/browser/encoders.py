"""What the Draw page needs in the browser beyond the decoders: the encoders, and the probe images' codes to search."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence

import numpy as np
import safetensors.numpy

from bvae.browser.live import MAX_BYTES, short
from bvae.network import encoder_layers, parameter_shapes
from bvae.numbers import thin
from bvae.runs import Run, RunError

MOST_SEARCHED = 2_500  # probe images among which a drawing's neighbours are looked for
# Sets made as MNIST was, whose images a drawing must resemble to be understood.
CENTRED = ("mnist", "qmnist", "emnist")


def centred(run: Run) -> bool:
    """Whether the images that the run learned from were centred and scaled as MNIST's are.

    Of all others the browser measures what they are like: see assets/js/draw/form.js.
    """
    return run.config.dataset in CENTRED


def epochs_with_encoders(run: Run, epochs: Sequence[int], epoch: int) -> tuple[int, ...]:
    """Those of a run's epochs, rising, of which a browser takes the encoder; `epoch` is among them."""
    shapes = parameter_shapes(encoder_layers(run.config, run.image_shape), "encoder").values()
    each = 4 * (sum(math.prod(shape) for shape in shapes) + MOST_SEARCHED * run.config.latent_dim)
    images = MOST_SEARCHED * math.prod(run.image_shape)
    return tuple(thin(list(epochs), max(2, (MAX_BYTES - images) // each), epoch))


def pack_encoders(
    run: Run, key: str, epochs: Sequence[int], halved: Collection[int] = (), film: str | None = None
) -> bytes:
    """Safetensors; `key` is the run's as the browser has it.

    Tensors: `{epoch:04d}/encoder.{i}.weight` and `.bias`, `{epoch:04d}/mean` (S, D), `images` (S, H, W) uint8, `labels`
    and `indices` (S,) int32. The rest is JSON in the metadata. Epochs that are gone are left out.

    Args:
        halved: of these epochs the weights are in half precision.
        film: the key of a film that the browser has: the images and their means are in there, and left out here.

    Raises:
        RunError: when none can be read.
    """
    probe = run.probe()
    count = len(probe.labels)
    places = np.linspace(0, count - 1, min(count, MOST_SEARCHED)).round().astype(int)
    images = {
        "images": np.ascontiguousarray(probe.images[places]),
        "labels": probe.labels[places].astype(np.int32),
        "indices": probe.indices[places].astype(np.int32),
    }
    tensors = {} if film else images
    log_sigma: dict[int, float | None] = {}
    problem = None
    for epoch in epochs:
        try:
            weights, mean = run.weights(epoch), run.latents(epoch).mean
            if len(mean) != count:
                raise RunError(f"{run.path} has latents of {len(mean)} images, and {count} probe images.")
        except RunError as error:
            problem = error
            continue
        if not film:
            tensors[f"{epoch:04d}/mean"] = short(np.ascontiguousarray(mean[places]))
        for name in (name for name in weights if name.startswith("encoder.")):
            tensors[f"{epoch:04d}/{name}"] = short(weights[name], halve=epoch in halved)
        log_sigma[epoch] = float(weights["log_sigma"]) if "log_sigma" in weights else None
    if problem and not log_sigma:
        raise problem
    about = {
        "key": key,
        "layers": encoder_layers(run.config, run.image_shape),
        "image_shape": list(run.image_shape),
        "log_sigma": log_sigma,
    } | ({"images_of": film} if film else {})
    return safetensors.numpy.save(tensors, {"encoders": json.dumps(about)})
