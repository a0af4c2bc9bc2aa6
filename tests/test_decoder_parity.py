"""The networks in the browser give what PyTorch gives, to 1e-4: pixels of the decoder, posteriors of the encoder."""

from __future__ import annotations

import base64
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
import torch.nn.functional as F
from playwright.sync_api import Page

from bvae.config import Config
from bvae.data import bernoulli_floor, load_dataset
from bvae.model import BetaVAE, Posterior
from bvae.network import LOG_VARIANCE_BOUND, Layer, decoder_layers, encoder_layers
from bvae.numbers import number
from bvae.numpy_model import decode
from bvae.objective import kl_per_dimension, reconstruction
from bvae.runs import find_run, write_small
from pages.parts.live import open_live
from tests.browsing import numbers

TOLERANCE = 1e-4
# From the smallest images to the largest; of these a training would take longest, and tell no more.
MADE = [("random", (28, 28)), ("random", (16, 16)), ("random", (64, 64)), ("trained", (28, 28)), ("trained", (16, 16))]

DECODE = """async ([file, layers, shape, codes]) => {
  const { Decoder } = await import("/engine/networks.js");
  const { parseSafetensors } = await import("/engine/safetensors.js");
  const decoder = new Decoder(layers, parseSafetensors(fromText(file)).tensors, "decoder.", shape);
  return codes.map((code) => asText(decoder.decode(Float32Array.from(code))));
}"""


def decode_in_browser(
    page: Page, layers: list[Layer], weights: dict[str, np.ndarray], shape: tuple[int, int], codes: torch.Tensor
) -> torch.Tensor:
    file = base64.b64encode(safetensors.numpy.save(weights)).decode()
    images = page.evaluate(DECODE, [file, layers, list(shape), codes.tolist()])
    return torch.tensor(np.array([numbers(image, "<f4") for image in images])).reshape(-1, *shape)


def decoder_weights(model: BetaVAE) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in model.state_dict().items() if name.startswith("decoder.")}


def codes_to_try(latent_dim: int) -> torch.Tensor:
    """Draws from the prior, the origin, and far corners, (84, D)."""
    generator = torch.Generator().manual_seed(3)
    ordinary = torch.randn(64, latent_dim, generator=generator)
    corners = 8.0 * torch.randn(16, latent_dim, generator=generator).sign()
    return torch.cat([ordinary, corners, torch.zeros(1, latent_dim), 4 * torch.eye(latent_dim)[:3]])


def _every(shape: tuple[int, int]) -> int:
    """Of how many one is tried: large images take long to send."""
    return 6 if shape == (64, 64) else 1


def trained(model: BetaVAE, steps: int = 60) -> BetaVAE:
    """The model after a short training on MNIST, enough for weights that mean something."""
    pixels = load_dataset("mnist", limit=steps * 64).train.pixels.float() / 255  # (N, 28, 28)
    pixels = F.interpolate(pixels[:, None], size=model.image_shape)[:, 0]
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for batch in pixels.split(64):
        posterior = model.posterior(batch)
        logits = model.logits(posterior.sample(torch.randn_like(posterior.mean)))
        reconstruction = F.binary_cross_entropy_with_logits(logits, batch, reduction="sum")
        loss = (reconstruction + kl_per_dimension(posterior).sum()) / len(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@functools.cache
def made(config: Config, shape: tuple[int, int], std: float | None) -> BetaVAE:
    """A model whose weights are drawn at random with a standard deviation; trained, where none is given."""
    torch.manual_seed(7)
    model = BetaVAE(config, shape)
    if std is None:
        trained(model)
    else:
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=std)
    return model.requires_grad_(False).eval()


@pytest.mark.parametrize(("weights", "shape"), MADE, ids=str)
@pytest.mark.parametrize("network", ["conv", "mlp"])
def test_browser_decodes_as_pytorch(bench_page: Page, network: str, weights: str, shape: tuple[int, int]) -> None:
    config = Config(network=network)
    model = made(config, shape, std=0.15 if weights == "random" else None)
    codes = codes_to_try(config.latent_dim)[:: _every(shape)]

    images = decode_in_browser(bench_page, decoder_layers(config, shape), decoder_weights(model), shape, codes)

    expected = model.decode(codes)
    assert expected.std() > 0.05, "the network draws nothing, so agreement would prove nothing"
    assert (images - expected).abs().max() < TOLERANCE


def test_every_kind_of_layer_decodes_as_pytorch(bench_page: Page) -> None:
    """Layers, strides and paddings that the two networks do not have, odd sizes included."""
    torch.manual_seed(1)
    layers = [
        {"kind": "linear", "inputs": 5, "outputs": 3 * 4 * 5},
        {"kind": "reshape", "shape": [3, 4, 5]},
        {"kind": "conv_transpose", "inputs": 3, "outputs": 6, "kernel": 3, "stride": 3, "padding": 0}
        | {"output_padding": 2},
        {"kind": "silu"},
        {"kind": "conv", "inputs": 6, "outputs": 5, "kernel": 3, "stride": 2, "padding": 1},
        {"kind": "relu"},
        {"kind": "conv", "inputs": 5, "outputs": 2, "kernel": 2, "stride": 1, "padding": 0},
        {"kind": "flatten"},
        {"kind": "linear", "inputs": 2 * 6 * 8, "outputs": 6 * 7},
        {"kind": "reshape", "shape": [1, 6, 7]},
    ]
    modules = torch.nn.Sequential(
        torch.nn.Linear(5, 60),
        torch.nn.Unflatten(1, (3, 4, 5)),
        torch.nn.ConvTranspose2d(3, 6, 3, 3, 0, 2),
        torch.nn.SiLU(),
        torch.nn.Conv2d(6, 5, 3, 2, 1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(5, 2, 2, 1, 0),
        torch.nn.Flatten(),
        torch.nn.Linear(96, 42),
        torch.nn.Unflatten(1, (1, 6, 7)),
    )
    codes = torch.randn(64, 5)
    with torch.no_grad():
        expected = modules(codes)[:, 0].sigmoid()
    weights = {f"decoder.{name}": value.numpy() for name, value in modules.state_dict().items()}

    images = decode_in_browser(bench_page, layers, weights, (6, 7), codes)

    assert (images - expected).abs().max() < TOLERANCE


ENCODE = """async ([file, layers, shape, images]) => {
  const { Encoder } = await import("/engine/networks.js");
  const { parseSafetensors } = await import("/engine/safetensors.js");
  const encoder = new Encoder(layers, parseSafetensors(fromText(file)).tensors, "encoder.", shape);
  return images.map((image) => {
    const { mean, logVariance } = encoder.encode(fromText(image));
    return [Array.from(mean), Array.from(logVariance)];
  });
}"""

MEASURE = """async ([logits, images, means, logVariances, logSigma]) => {
  const { floorNats, klNats, reconstructionNats } = await import("/engine/bound.js");
  return images.map((image, n) => {
    const bytes = fromText(image);
    const given = new Float32Array(fromText(logits[n]).buffer);
    const figures = [reconstructionNats(given, bytes, logSigma), klNats(means[n], logVariances[n])];
    return [...figures, floorNats(bytes)];
  });
}"""


def as_texts(arrays: torch.Tensor) -> list[str]:
    """Each of the arrays (N, …) as the browser takes it."""
    return [base64.b64encode(array.numpy().tobytes()).decode() for array in arrays]


def images_to_try(shape: tuple[int, int]) -> torch.Tensor:
    """Digits, noise, a black and a white field, (66, H, W) uint8."""
    generator = torch.Generator().manual_seed(5)
    digits = load_dataset("mnist", limit=1).test.pixels[:48]
    digits = F.interpolate(digits[:, None].float(), size=shape, mode="area")[:, 0].byte()
    noise = torch.randint(256, (16, *shape), generator=generator, dtype=torch.uint8)
    black = torch.zeros(1, *shape, dtype=torch.uint8)
    return torch.cat([digits, noise, black, black + 255])


@pytest.mark.parametrize(("weights", "shape"), MADE, ids=str)
@pytest.mark.parametrize("network", ["conv", "mlp"])
def test_browser_encodes_as_pytorch(bench_page: Page, network: str, weights: str, shape: tuple[int, int]) -> None:
    config = Config(network=network)
    model = made(config, shape, std=0.1 if weights == "random" else None)
    images = images_to_try(shape)[:: _every(shape)]
    parameters = {name: value.numpy() for name, value in model.state_dict().items() if name.startswith("encoder.")}

    file = base64.b64encode(safetensors.numpy.save(parameters)).decode()
    layers = encoder_layers(config, shape)
    found = torch.tensor(bench_page.evaluate(ENCODE, [file, layers, shape, as_texts(images)]))

    mean, log_variance = model.posterior(images)
    assert mean.std() > 0.1, "the network tells nothing apart, so agreement would prove nothing"
    assert (found[:, 0] - mean).abs().max() < TOLERANCE
    assert (found[:, 1] - log_variance).abs().max() < TOLERANCE


def test_log_variance_is_bounded_in_the_browser_as_in_the_model(bench_page: Page) -> None:
    layers = [{"kind": "flatten"}, {"kind": "linear", "inputs": 4, "outputs": 4}]
    weights = {
        "encoder.1.weight": np.zeros((4, 4), np.float32),
        "encoder.1.bias": np.array([99, -99, 99, -99], np.float32),
    }
    file = base64.b64encode(safetensors.numpy.save(weights)).decode()
    image = torch.arange(4, dtype=torch.uint8).reshape(1, 2, 2)
    found = bench_page.evaluate(ENCODE, [file, layers, [2, 2], as_texts(image)])
    assert found == [[[99, -99], [LOG_VARIANCE_BOUND, -LOG_VARIANCE_BOUND]]]


def test_numbers_are_written_in_the_browser_as_in_python(bench_page: Page) -> None:
    values = [0, -0.001, 97.2345, -1203.36, 99_999.4, 912_209_608.4, -9.25e13, 1e300]
    write = """async (values) => {
      const { number } = await import("/engine/numbers.js");
      return values.map((value) => number(value, 1));
    }"""
    assert bench_page.evaluate(write, values) == [number(value, 1) for value in values]
    assert bench_page.evaluate(write.replace("(value, 1)", "(undefined)"), [0]) == [number(float("nan"))]


@pytest.mark.parametrize("log_sigma", [None, -1.7], ids=["bernoulli", "gaussian"])
def test_browser_measures_reconstruction_and_kl_as_pytorch(bench_page: Page, log_sigma: float | None) -> None:
    generator = torch.Generator().manual_seed(11)
    images = images_to_try((28, 28))
    logits = 8 * torch.randn(images.shape, generator=generator)
    logits[0] = torch.where(images[0] > 127, 60.0, -60.0)  # where float32 has long rounded the mean to 0 or 1
    posterior = Posterior(*torch.randn(2, len(images), 20, generator=generator))

    arguments = [posterior.mean.tolist(), posterior.log_variance.tolist(), log_sigma]
    found = torch.tensor(bench_page.evaluate(MEASURE, [as_texts(logits), as_texts(images), *arguments]))

    sigma = None if log_sigma is None else torch.tensor(log_sigma, dtype=torch.float64)
    expected = reconstruction(logits.double(), images.double() / 255, sigma)
    assert torch.allclose(found[:, 0].double(), expected, rtol=1e-5)
    assert torch.allclose(found[:, 1], kl_per_dimension(posterior).sum(1), rtol=1e-5)
    assert torch.allclose(found[:, 2].mean(), torch.tensor(bernoulli_floor(images)), rtol=1e-5)


def safetensors_file(header: dict[str, Any] | bytes, body: bytes = bytes(8)) -> str:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return base64.b64encode(len(text).to_bytes(8, "little") + text + body).decode()


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (base64.b64encode(b"abc").decode(), "at least 8 bytes"),
        (base64.b64encode((99).to_bytes(8, "little") + b"{}").decode(), "claims 99 bytes"),
        (safetensors_file(b"not json"), "not JSON"),
        (safetensors_file({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}), "a spans bytes 0 to 12"),
        (safetensors_file({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}}), "not 4 bytes"),
        (safetensors_file({"a": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}), "dtype BF16"),
        (safetensors_file({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}), "no valid shape"),
    ],
)
def test_damaged_weights_are_refused_with_a_reason(bench_page: Page, file: str, message: str) -> None:
    found = bench_page.evaluate(
        """async ([file]) => {
          const { parseSafetensors } = await import("/engine/safetensors.js");
          try { parseSafetensors(fromText(file)); return "nothing refused"; }
          catch (error) { return error.message; }
        }""",
        [file],
    )
    assert message in found


def test_tensors_are_read_at_any_alignment(bench_page: Page) -> None:
    tensors = {"a": np.array([1.5, -2.0], np.float32), "b": np.array([7, 9], np.int64), "c": np.array([3], np.uint8)}
    file = base64.b64encode(b"\0" * 3 + safetensors.numpy.save(tensors, {"key": "value"})).decode()
    found = bench_page.evaluate(
        """async ([file]) => {
          const { parseSafetensors } = await import("/engine/safetensors.js");
          const bytes = fromText(file).subarray(3);
          const { metadata, tensors } = parseSafetensors(bytes);
          return [metadata, ...["a", "b", "c"].map((name) => Array.from(tensors.get(name).data, Number))];
        }""",
        [file],
    )
    assert found == [{"key": "value"}, [1.5, -2.0], [7, 9], [3]]


def test_float16_is_read_as_the_same_float32(bench_page: Page) -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    finite = bits[(bits >> 10) & 31 != 31].view(np.float16)
    file = base64.b64encode(safetensors.numpy.save({"a": finite, "b": np.ones(1, np.uint8)})).decode()
    found = bench_page.evaluate(
        """async ([file]) => {
          const { parseSafetensors, tensorOf } = await import("/engine/safetensors.js");
          const { tensors } = parseSafetensors(fromText(file));
          return asText(tensorOf(tensors, "a", "F32").data);
        }""",
        [file],
    )
    assert np.array_equal(numbers(found, "<f4"), finite.astype(np.float32))


def test_a_run_in_float16_travels_as_it_is_kept_and_is_decoded_as_in_numpy(bench_page: Page, tmp_path: Path) -> None:
    run = write_small(find_run("mnist-beta10"), tmp_path / "less", [0])
    whole, small = open_live(find_run("mnist-beta10"), "whole"), open_live(run, "less")
    assert len(small.rest) < 0.51 * len(whole.rest)
    files = [base64.b64encode(content).decode() for content in (small.head, small.rest)]
    found = bench_page.evaluate(
        """async (files) => {
          const { LiveRun } = await import("/engine/run.js");
          const [head, rest] = files.map(fromText);
          const run = new LiveRun(head);
          run.complete(rest);
          return run.epochs.map((epoch) => Array.from(run.decoder(epoch).decode(run.mean(epoch, 3))));
        }""",
        files,
    )
    for epoch, picture in zip(run.epochs(), found, strict=True):
        expected = decode(*run.decoder(epoch), np.asarray(small.space.means[epoch][3:4]))
        assert np.abs(np.array(picture).reshape(28, 28) - expected[0]).max() < TOLERANCE
