"""Weights as other programs write them come in as what they are: only their form is changed, and that is told."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from bvae import archive
from bvae.archive import import_run, import_weights, pack_run
from bvae.cli import main
from bvae.config import Config
from bvae.model import BetaVAE
from bvae.runs import Run, RunError
from bvae.tests.fewer import load_fewer

State = dict[str, Tensor]


class Example(nn.Module):
    """The network of the public PyTorch VAE example, by its names."""

    def __init__(self, latent_dim: int = 20, hidden: int = 400) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, hidden)
        self.fc21 = nn.Linear(hidden, latent_dim)
        self.fc22 = nn.Linear(hidden, latent_dim)
        self.fc3 = nn.Linear(latent_dim, hidden)
        self.fc4 = nn.Linear(hidden, 784)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.fc1(images.reshape(-1, 784)).relu()
        return self.fc21(hidden), self.fc22(hidden)

    def decode(self, codes: Tensor) -> Tensor:
        return self.fc4(self.fc3(codes).relu()).sigmoid().reshape(-1, 28, 28)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that runs come into, empty; few images are looked at with their weights."""
    monkeypatch.setattr("bvae.data.load_dataset", load_fewer)
    monkeypatch.setenv("BVAE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return make().requires_grad_(False)


def bring(state: State, config: dict[str, object], name: str = "theirs.safetensors") -> Run:
    content = safetensors.torch.save({part: value.contiguous() for part, value in state.items()})
    return import_weights(io.BytesIO(content), name, io.BytesIO(json.dumps(config).encode()), "config.json").run


def changes(run: Run) -> list[str]:
    return list(run.details.get("changes", []))


@pytest.mark.parametrize("latent_dim", [20, 2])
def test_the_public_example_encodes_and_decodes_as_it_did(runs: Path, latent_dim: int) -> None:
    network = seeded(lambda: Example(latent_dim))
    assert isinstance(network, Example)
    run = bring(network.state_dict(), {"network": "mlp"})
    assert (run.config.latent_dim, run.config.beta) == (latent_dim, 1.0)
    images = torch.from_numpy(run.probe().images[:200]).float() / 255
    mean, log_variance = network.encode(images)
    found = run.model().posterior(images)
    assert torch.allclose(found.mean, mean, atol=1e-5)
    assert torch.allclose(found.log_variance, log_variance, atol=1e-5)
    assert np.allclose(run.latents().mean[:200], mean, atol=1e-5)
    codes = torch.randn(50, latent_dim, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(run.model().decode(codes), network.decode(codes), atol=1e-5)
    said = changes(run)
    assert said[0] == "The layers fc1 to fc4 of the public VAE example got the names that they have here."
    assert ("latent_dim is 2, by the size of the weights." in said) == (latent_dim == 2)
    assert "β is taken to be 1, as in that example; weights alone do not tell." in said
    # What was changed stays with the run.
    packed = io.BytesIO()
    pack_run(run, packed)
    assert changes(import_run(packed, "x.zip").run) == said


def own_model() -> BetaVAE:
    return BetaVAE(Config(network="mlp", latent_dim=3, likelihood="gaussian"), (28, 28))


def compiled(module: nn.Module) -> nn.Module:
    """Nothing is compiled before the first call, and the names are what it is about."""
    wrapped = torch.compile(module)
    assert isinstance(wrapped, nn.Module)
    return wrapped


WRAPPED: dict[str, tuple[Callable[[], nn.Module], list[str]]] = {
    "compiled": (lambda: compiled(own_model()), ["Names lost the prefix “_orig_mod.”."]),
    "parallel": (lambda: nn.DataParallel(own_model()), ["Names lost the prefix “module.”."]),
    "both": (lambda: nn.DataParallel(compiled(own_model())), ["Names lost the prefix “module._orig_mod.”."]),
    "part of a model": (lambda: nn.ModuleDict({"model": own_model()}), ["Names lost the prefix “model.”."]),
    "compiled in part": (
        lambda: nn.ModuleDict({"encoder": compiled(own_model().encoder), "decoder": own_model().decoder}),
        ["Names lost the part “_orig_mod.”."],
    ),
    "parallel example": (
        lambda: nn.DataParallel(Example(3)),
        [
            "Names lost the prefix “module.”.",
            "The layers fc1 to fc4 of the public VAE example got the names that they have here.",
        ],
    ),
}


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_the_recipe_for_a_pickle_leads_to_a_run_whatever_wrapped_the_model(
    runs: Path, tmp_path: Path, wrapper: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make, said = WRAPPED[wrapper]
    wrapped = seeded(make)
    torch.save(wrapped.state_dict(), tmp_path / "model.pt")
    exec(archive.CONVERT.replace('"model', f'"{tmp_path}/model'), {})
    (tmp_path / "config.json").write_text('{"probe_size": 20}')
    assert main(["import", str(tmp_path / "model.safetensors"), "--config", str(tmp_path / "config.json")]) == 0
    printed = capsys.readouterr()
    run = Run(printed.out.strip())
    assert changes(run)[: len(said)] == said
    assert printed.err.splitlines() == changes(run)
    assert run.config.network == "mlp", "the weights tell"
    assert run.config.latent_dim == 3
    assert run.config.likelihood == ("gaussian" if "log_sigma" in str([*wrapped.state_dict()]) else "bernoulli")
    theirs, ours = (np.sort(np.concatenate([np.ravel(value) for value in weights.values()])) for weights in (
        wrapped.state_dict(), run.weights()
    ))  # fmt: skip
    assert np.array_equal(theirs, ours), "not a number is lost or altered"


@pytest.mark.parametrize(
    ("dtype", "said"),
    [
        (torch.float16, "float16 was widened to float32."),
        (torch.bfloat16, "bfloat16 was widened to float32."),
        (torch.float64, "float64 was narrowed to float32."),
    ],
)
def test_other_floating_point_types_become_float32(runs: Path, dtype: torch.dtype, said: str) -> None:
    state = {name: value.to(dtype) for name, value in seeded(own_model).state_dict().items()}
    run = bring(state, Config(network="mlp", latent_dim=3, likelihood="gaussian", probe_size=20).to_dict())
    assert changes(run) == [said]
    for name, value in state.items():
        assert np.array_equal(run.weights()[name], value.float().numpy())


def test_what_fits_as_it_is_is_not_said_to_be_changed(runs: Path) -> None:
    run = bring(seeded(own_model).state_dict(), {"network": "mlp", "latent_dim": 3, "likelihood": "gaussian"})
    assert "changes" not in run.details


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (
            nn.Sequential(*(nn.Linear(2, 2) for _ in range(4))).state_dict(),
            "It holds 0.bias, 0.weight, 1.bias, 1.weight, 2.bias, 2.weight and 2 more; the mlp network has "
            "decoder.0.bias, decoder.0.weight, decoder.2.bias, decoder.2.weight, encoder.1.bias, encoder.1.weight and "
            "2 more.",
        ),
        (nn.DataParallel(nn.Linear(2, 2)).state_dict(), "It holds module.bias, module.weight; the mlp network has"),
        (Example(20, 512).state_dict(), "fc3.bias (here decoder.0.bias) is (512,), and should be (400,)."),
        (
            Example(20).state_dict() | {"fc22.weight": torch.zeros(10, 400)},
            "fc21.weight is (20, 400) and fc22.weight is (10, 400), and mean and log-variance have the same size.",
        ),
        (own_model().decoder.state_dict(prefix="decoder."), "encoder.1.bias is missing. It holds decoder.0.bias,"),
        ({"": torch.zeros(2), ".": torch.zeros(2)}, "does not fit the run's config"),
        ({"fc1.weight": torch.zeros(2, dtype=torch.int32)}, "holds fc1.weight as I32"),
    ],
)  # fmt: skip
def test_names_that_do_not_fit_are_shown_beside_those_that_would(runs: Path, state: State, sentence: str) -> None:
    with pytest.raises(RunError) as caught:
        bring(state, {"network": "mlp"})
    assert str(caught.value).startswith("theirs.safetensors ")
    assert sentence in str(caught.value)
    assert "opy it again" not in str(caught.value)
    assert list(runs.iterdir()) == []


def test_names_that_would_meet_are_left_as_they_are(runs: Path) -> None:
    state = seeded(own_model).state_dict()
    with pytest.raises(RunError, match=r"does not fit the run's config"):
        bring(state | {"module.log_sigma": torch.zeros(())}, {"network": "mlp"})
