"""What an exported page holds of a run: as much of it as fits a number of bytes, in parts that are packed for the way.

Weights are in half precision where the pictures stay the same to the eye of an 8-bit screen. The film, the encoders and
what is known of each image are of the same images, each sent once.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import safetensors.numpy

from bvae.browser.chosen import in_turn
from bvae.browser.encoders import pack_encoders
from bvae.browser.film import LiveFilm, film_stamp, pack_film
from bvae.browser.live import LiveRun, chosen_epochs, gallery, pack, short
from bvae.browser.meaning import Told, pack_figures, pack_meaning
from bvae.network import encoder_layers
from bvae.numbers import thin
from bvae.numpy_model import decode, encode
from bvae.runs import Run, RunError

PARTS = (
    "head",
    "meaning",
    "rest",
    "film",
    "posteriors",
    "figures",
    "encoders",
)  # in the order in which they are needed
SAME = 0.5 / 255  # pictures that differ by no more than this are the same on a screen
TRIED = 40  # codes on which that is tried, as many of images as drawn at random
MANY, FEWEST_IMAGES = 1_000, 200  # test images that a page holds at least, and where room for that is lacking


@dataclass(frozen=True)
class Plan:
    """How much of a run is exported."""

    epochs: tuple[int, ...]
    halved: frozenset[int]  # of these the weights are in half precision
    encoders: tuple[int, ...]  # epochs of which there is an encoder, so that a drawing has a code
    images: int  # test images


@dataclass(frozen=True)
class Exported:
    """A run as an exported page has it."""

    run: Run
    plan: Plan
    live: LiveRun
    film: LiveFilm
    meaning: Told
    figures: Told
    contents: dict[str, bytes]  # by the names of `PARTS`, those that there are
    texts: dict[str, str]  # the same packed

    def said(self) -> list[str]:
        """A sentence for all that was left out for its size."""
        plan, run = self.plan, self.run
        every, images = run.epochs(), len(run.probe().labels)
        sentences = []
        if len(plan.epochs) < len(every):
            epochs = ", ".join(map(str, plan.epochs))
            sentences.append(f"Of {run.name} this page holds {len(plan.epochs)} of {len(every)} epochs: {epochs}.")
        if plan.images < images:
            sentences.append(f"It holds {plan.images:,} of the {images:,} test images of {run.name}.")
        if len(plan.encoders) < len(plan.epochs):
            epochs = ", ".join(map(str, plan.encoders))
            which = f"the encoder at epoch {epochs}" if len(plan.encoders) == 1 else f"the encoders at epochs {epochs}"
            sentences.append(f"What is drawn is encoded by {which} of {run.name}; at other epochs by the nearest.")
        return sentences


def packed(content: bytes) -> str:
    """Bytes as a script carries them: raw deflate in base64."""
    return base64.b64encode(_deflated(content)).decode()


def _deflated(content: bytes) -> bytes:
    # Level 9 takes three times as long, for a 600th less.
    compressor = zlib.compressobj(7, zlib.DEFLATED, -15)
    return compressor.compress(content) + compressor.flush()


def export_run(run: Run, name: str, room: int) -> Exported:
    """Gather of a run what an exported page holds.

    Args:
        run: the run.
        name: what the address calls it.
        room: bytes that all of it should take, packed; the last epoch and a few images are there in any case.

    Raises:
        RunError: when nothing of it can be read.
    """
    plan = choose(run, room)
    while True:
        made = _made(run, name, plan)
        size = sum(map(len, made.texts.values()))
        smaller = _smaller(plan)
        if size <= room or smaller is None:
            return made
        plan = smaller  # what was reckoned was too little


def _made(run: Run, name: str, plan: Plan) -> Exported:
    live = pack(run, name, plan.epochs, plan.halved)
    epochs = live.space.epochs
    probe = run.probe()
    places = in_turn(probe.labels, probe.indices)[: plan.images]
    film = pack_film(live, film_stamp(live), np.sort(places))
    meaning, figures = pack_meaning(run), pack_figures(run)
    encoders = [epoch for epoch in plan.encoders if epoch in epochs]
    contents = {
        "head": live.head,
        "meaning": meaning.content,
        "rest": live.rest if len(epochs) > 1 else b"",
        "film": film.content,
        "posteriors": pack_posteriors(run, film, np.sort(places)),
        "figures": figures.content,
        "encoders": pack_encoders(run, live.key, encoders, plan.halved, film.key),
    }
    plan = replace(plan, epochs=epochs, encoders=tuple(encoders))
    contents = {name: content for name, content in contents.items() if content}
    texts = {name: packed(content) for name, content in contents.items()}
    return Exported(run, plan, live, film, meaning, figures, contents, texts)


def pack_posteriors(run: Run, film: LiveFilm, places: np.ndarray) -> bytes:
    """What the film does not hold of its images' posteriors, as safetensors: `log_variance` (E, P, D) float16.

    The rest is JSON in the metadata: the film's key, and log_sigma (E,) of a gaussian likelihood or None.

    Args:
        places: positions of the film's images among the probe images, (P,).
    """
    variances = np.stack([run.latents(epoch).log_variance[places] for epoch in film.epochs])
    log_sigma = None
    if run.config.likelihood == "gaussian":
        log_sigma = [float(run.weights(epoch)["log_sigma"]) for epoch in film.epochs]
    about = {"key": film.key, "log_sigma": log_sigma}
    # To a 64th, which is a hundredth of a standard deviation and packs better.
    tensors = {"log_variance": (np.rint(variances * 64) / 64).astype(np.float16)}
    return safetensors.numpy.save(tensors, {"posteriors": json.dumps(about)})


# How much ---------------------------------------------------------------------------------------------------------


def choose(run: Run, room: int) -> Plan:
    """How much of a run fits so many bytes: reckoned from what one epoch and one image take.

    First come `MANY` images and the last encoder, then epochs, then more encoders and images.

    Raises:
        RunError: when the run has no snapshot yet, or the last cannot be read.
    """
    every, probe = chosen_epochs(run), run.probe()
    last = _last_readable(run, every)
    every, damaged = every[: every.index(last) + 1], every[every.index(last) + 1 :]
    images, dimensions = len(probe.labels), run.config.latent_dim
    halve = holds_in_half(run, last)

    def size(network: str) -> float:
        weights = {name: short(array, halve) for name, array in run.weights(last).items() if name.startswith(network)}
        return len(packed(safetensors.numpy.save(weights)))

    starts = gallery(probe.labels)
    pixels = len(packed(probe.images[starts].tobytes())) / len(starts)
    decoder, encoder = size("decoder.") + 1.3 * len(starts) * 6 * dimensions, size("encoder.")
    told = sum(len(packed(each.content)) for each in (pack_meaning(run), pack_figures(run)))
    left = room - told - len(starts) * pixels

    def of_images(epochs: int) -> float:  # at an epoch: mean and variance, four layouts, three figures
        return pixels + 0.9 * (4 * dimensions + 4 * 8 + 3 * 4) * epochs

    def most(value: float, least: int, all_of_them: int) -> int:
        return int(min(all_of_them, max(least, value)))

    few = most(images, 1, MANY)
    if left < 3 * (decoder + few * of_images(1)) + encoder:
        few = most(images, 1, FEWEST_IMAGES)
    count = most((left - encoder - few * pixels) // (decoder + few * (of_images(1) - pixels)), 1, len(every))
    left -= count * decoder + few * of_images(count) + encoder
    encoders = most(1 + left / 2 // encoder, 1, count)
    left -= (encoders - 1) * encoder
    shown = most(few + left // of_images(count), few, images)
    left -= (shown - few) * of_images(count)
    encoders = most(encoders + left // encoder, encoders, count)
    epochs = _thinned(every, count)
    halved = frozenset(epoch for epoch in epochs if (halve if epoch == last else holds_in_half(run, epoch)))
    shown = shown if shown == images else max(few, shown // 100 * 100)
    return Plan((*epochs, *damaged), halved, _thinned(epochs, encoders), shown)


def _last_readable(run: Run, epochs: Sequence[int]) -> int:
    problem = None
    for epoch in reversed(epochs):
        try:
            run.weights(epoch)
        except RunError as error:
            problem = problem or error
        else:
            return epoch
    assert problem is not None
    raise problem


def _thinned(epochs: Sequence[int], count: int) -> tuple[int, ...]:
    return tuple(thin(list(epochs), count)) if count > 1 else (epochs[-1],)


def _smaller(plan: Plan) -> Plan | None:
    """A plan that takes less, None where there is none."""
    if len(plan.encoders) > 1:
        return replace(plan, encoders=_thinned(plan.epochs, len(plan.encoders) - 1))
    if plan.images > MANY:
        return replace(plan, images=max(MANY, plan.images - 100))
    if len(plan.epochs) > 2:
        epochs = _thinned(plan.epochs, len(plan.epochs) - 1)
        return replace(plan, epochs=epochs, encoders=(epochs[-1],))
    if plan.images > FEWEST_IMAGES:
        return replace(plan, images=max(FEWEST_IMAGES, plan.images // 2))
    return replace(plan, epochs=plan.epochs[-1:]) if len(plan.epochs) > 1 else None


def holds_in_half(run: Run, epoch: int) -> bool:
    """Whether the networks of an epoch make the same pictures with their weights in half precision; see `SAME`. Of one
    that cannot be read they do not."""
    try:
        weights = run.weights(epoch)
    except RunError:
        return False
    halves = {name: short(array, halve=True) for name, array in weights.items()}
    if all(array.dtype != np.float16 for array in halves.values()):
        return False
    halves = {name: array.astype(np.float32) for name, array in halves.items()}
    layers, encoder = run.decoder_layers, encoder_layers(run.config, run.image_shape)
    probe = run.probe()
    images = probe.images[np.linspace(0, len(probe.images) - 1, min(len(probe.images), TRIED)).astype(int)]
    with np.errstate(all="ignore"):
        codes, near = (encode(encoder, each, images)[0] for each in (weights, halves))
        noise = np.random.default_rng(0).standard_normal((TRIED, run.config.latent_dim)).astype(np.float32)
        drawn = [
            decode(layers, _of_decoder(each), of)
            for each, of in ((weights, codes), (halves, codes), (weights, near), (weights, noise), (halves, noise))
        ]
    pairs = ((drawn[0], drawn[1]), (drawn[0], drawn[2]), (drawn[3], drawn[4]))
    return all(bool((np.abs(one - other) <= SAME).all()) for one, other in pairs)


def _of_decoder(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array for name, array in weights.items() if name.startswith("decoder.")}
