"""The step against the loop as one writes it, bit for bit, by number and by counter; and what a GPU asks of it."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from bvae.arithmetic import autocast
from bvae.captured import STEPS_BETWEEN_LOOKS, Run
from bvae.config import Config
from bvae.data import Dataset, Images, load_dataset
from bvae.lazy import Drawn, LazyPixels
from bvae.model import BetaVAE
from bvae.step import Batches, Step
from bvae.tests.reference import plain_loop
from bvae.trainer import StoppedError, Trainer, adam

CPU = torch.device("cpu")
STEPS = STEPS_BETWEEN_LOOKS + 4  # an epoch: a whole piece, some more steps, and one of fewer images
VALUES: dict[str, Any] = {"beta": 2.0, "epochs": 3, "batch_size": 8, "device": "cpu", "seed": 3, "latent_dim": 4}
VARIANTS: dict[str, dict[str, Any]] = {
    "conv": {"network": "conv"},
    "mlp": {"network": "mlp"},
    "float32": {"network": "mlp", "precision": "float32"},
    "bfloat16": {"network": "conv", "precision": "bfloat16"},
    "gaussian": {"network": "mlp", "likelihood": "gaussian"},
    "gaussian of a given sigma": {"network": "mlp", "likelihood": "gaussian", "sigma": 0.3},
    "capacity": {"network": "mlp", "capacity": 5.0, "capacity_steps": 40},
    "warm-up": {"network": "mlp", "beta_warmup_steps": 50, "learning_rate_schedule": "constant"},
    "whole batches": {"network": "mlp", "batch_size": 10},
    "one batch": {"network": "mlp", "batch_size": 1_000},
    "sprites": {"network": "mlp", "dataset": "sprites", "epochs": 2},
}


def dataset(config: Config) -> Dataset:
    """So few images that an epoch is a piece and some steps, the last of six images, or of ten where all are whole."""
    count = 8 * STEPS - 2 if config.batch_size != 10 else 10 * STEPS
    if config.dataset == "sprites":
        train: Any = LazyPixels(Drawn(), torch.arange(count) * 3_001)
        test = train[torch.arange(20) * 10].draw()
        return Dataset("sprites", Images(train, torch.arange(count)), Images(test, torch.arange(20)), (), "few")
    generator = torch.Generator().manual_seed(1)
    train, test = (torch.randint(0, 256, (n, 8, 8), generator=generator, dtype=torch.uint8) for n in (count, 20))
    return Dataset("mnist", Images(train, torch.arange(count)), Images(test, torch.arange(20)), (), "few")


def again(run: Run) -> Run:
    """In the place of a graph: what is replayed is the function."""
    return run


def carried(trainer: Trainer) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array.copy()) for name, array in trainer.state(None).tensors.items()}


def stops(config: Config) -> set[tuple[int, int]]:
    """Epochs and steps at which a trainer is stopped, within a piece."""
    return {(epoch, 7 + epoch) for epoch in range(config.epochs)}


def expected(config: Config) -> Iterator[tuple[tuple[int, int], dict[str, Tensor]]]:
    """What the plain loop carries after the step before each stop, and at the end of each epoch."""
    data = dataset(config)
    last = math.ceil(len(data.train) / config.batch_size) - 1
    for model, optimizer, sums, place in plain_loop(config, data):
        epoch, step = place
        if step != last and (epoch, step + 1) not in stops(config):
            continue
        tensors = {f"weights/{name}": value.clone() for name, value in model.state_dict().items()}
        for name, parameter in model.named_parameters():
            for key, value in optimizer.state[parameter].items():
                tensors[f"optimizer/{name}/{key}"] = value.clone()
        yield place, tensors | {"sums": sums.clone()}


def assert_equal(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    for name, tensor in wanted.items():
        assert torch.equal(found[name], tensor), name
    assert found.keys() == wanted.keys()


@pytest.mark.parametrize("variant", VARIANTS)
def test_by_number_and_by_counter_it_is_the_plain_loop_bit_for_bit(variant: str) -> None:
    """By number also when it is stopped in every epoch, within a piece, and goes on in another trainer."""
    config = Config(**VALUES | VARIANTS[variant])
    wanted = dict(expected(config))
    for capture in (None, again):
        assert_is_the_plain_loop(config, wanted, capture)


def assert_is_the_plain_loop(
    config: Config, wanted: dict[tuple[int, int], dict[str, Tensor]], capture: Callable[[Run], Run] | None
) -> None:
    data = dataset(config)
    trainer = Trainer(config, data, CPU, capture)
    steps, stopped = trainer.steps, 0
    assert steps == (1 if config.batch_size == 1_000 else STEPS)
    records = []
    ends: list[dict[str, Tensor]] = []
    stop_at = stops(config) if capture is None else set()

    def stop() -> bool:
        return (trainer.epoch, trainer.step) in stop_at

    while trainer.epoch < config.epochs:
        try:
            for record in trainer.records(stop):
                records.append(record)
                weights = {name: tensor for name, tensor in carried(trainer).items() if name != "sums"}
                if trainer.epoch:
                    last = wanted[trainer.epoch - 1, steps - 1]
                    ends.append(last)
                    assert_equal(weights, {name: tensor for name, tensor in last.items() if name != "sums"})
        except StoppedError:
            stopped += 1
            assert_equal(carried(trainer), wanted[trainer.epoch, trainer.step - 1])
            state = trainer.state(records[-1])
            trainer = Trainer(config, data, CPU, capture)
            trainer.restore(state)
            stop_at.discard((trainer.epoch, trainer.step))
    assert stopped == (config.epochs if capture is None and steps > 1 else 0)
    for record, end in zip(records[1:], ends, strict=True):
        loss, reconstruction, kl, images = end["sums"].tolist()
        means = {"loss": loss / images, "reconstruction": reconstruction / images, "kl": kl / images}
        assert record["train"] == means | {"images": images}


def test_resumed_within_a_piece_it_goes_on_by_pieces() -> None:
    """Steps are plain up to the end of the piece, and the rest is the same bits."""
    config = Config(**VALUES | VARIANTS["conv"])
    data, wanted = dataset(config), dict(expected(config))
    first = Trainer(config, data, CPU)
    with pytest.raises(StoppedError):
        list(first.records(lambda: (first.epoch, first.step) == (1, 7)))
    second = Trainer(config, data, CPU, again)
    second.restore(first.state(None))
    asked: list[int] = []

    def stop() -> bool:
        asked.append(second.step)
        return False

    list(second.records(stop))
    assert asked == [*range(8, STEPS_BETWEEN_LOOKS + 1), STEPS_BETWEEN_LOOKS]
    assert_equal(carried(second) | {"sums": first.sums}, wanted[2, STEPS - 1] | {"sums": first.sums})


def test_where_a_capture_fails_training_goes_on_and_says_so_once() -> None:
    config = Config(**VALUES | VARIANTS["mlp"])
    tried = []

    def failing(run: Run) -> Run:
        tried.append(run)
        raise RuntimeError("operation not permitted when stream is capturing\nCUDA kernel errors might be …")

    trainer = Trainer(config, dataset(config), CPU, failing)
    with pytest.warns(RuntimeWarning) as told:
        list(trainer.records())
    assert [str(warning.message) for warning in told] == [
        "The training step could not be made a CUDA graph (operation not permitted when stream is capturing), so each "
        "step is launched by itself. The run is the same and takes longer."
    ]
    assert len(tried) == 1
    wanted = dict(expected(config))[2, STEPS - 1]
    assert_equal(carried(trainer) | {"sums": wanted["sums"]}, wanted)


class Watching(TorchDispatchMode):
    """Refuses what makes a host wait for a device, or makes shapes of what the device computed; counts the rest."""

    REFUSED = ("_local_scalar_dense", "item", "is_nonzero", "nonzero", "masked_select", "equal", "_unique2",
               "repeat_interleave", "randperm", "randn", "normal_", "lift_fresh", "pin_memory")  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        assert name not in self.REFUSED, f"the step asks the device: {function}"
        for index in args[1] if name == "index" else ():
            assert index is None or index.dtype != torch.bool, "the shape is the device's to tell"
        if not any(alias.alias_info and not alias.alias_info.is_write for alias in function._schema.arguments):
            self.operations.append(name)  # a view launches nothing
        return function(*args, **kwargs or {})


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_decides_nothing_on_the_host(variant: str) -> None:
    """No number is asked of the device, no shape depends on one, and each step does what every other does."""
    config = Config(**VALUES | VARIANTS[variant])
    trainer = Trainer(config, dataset(config), CPU, again)
    step = trainer.pieces.step
    trainer.pieces.begin(0, 0)
    step(0)  # makes what the optimiser carries
    done = []
    for number in (1, 2, 20) if trainer.steps > 1 else (0, 0):
        trainer.pieces.begin(0, number)
        with Watching() as watching:
            step(number)
        done.append(watching.operations)
    assert "_fused_adam_" in done[0]
    assert all(operations == done[0] for operations in done)


@pytest.mark.filterwarnings("ignore:CUDA is not available")
@pytest.mark.parametrize("variant", ["conv", "bfloat16", "gaussian", "capacity", "sprites"])
def test_all_it_touches_lies_on_the_gpu(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PyTorch's tensors of a shape and a device alone: an answer asked of one, or a mixture of devices, is an error.

    Gradients and the fused optimiser want a driver even for these: the ones are given, and the other is asked what it
    was given.
    """
    config = Config(**VALUES | VARIANTS[variant])
    gpu = torch.device("cuda")
    data = dataset(config)
    with FakeTensorMode(allow_non_fake_inputs=True):
        with gpu:
            model = BetaVAE(config, data.image_shape)
        optimizer = adam([p for p in model.parameters() if p.requires_grad], gpu)
        pixels = data.train.pixels
        images = pixels.to(gpu) if isinstance(pixels, LazyPixels) else torch.empty_like(pixels, device=gpu)
        batches = Batches([config], images, gpu, counted=True)
        sums = torch.zeros(4, dtype=torch.float64, device=gpu)
        step = Step(model, config, optimizer, batches, autocast(config, gpu), config.capacity_gamma, sums)

        def backward(loss: Tensor, slope: Tensor) -> None:
            assert loss.device == slope.device == torch.device("cuda:0")
            assert loss.requires_grad
            for parameter in model.parameters():
                parameter.grad = torch.empty_like(parameter) if parameter.requires_grad else None

        def fused(*lists: list[Tensor], lr: Tensor, **others: Any) -> None:
            places = {tensor.device for tensors in lists for tensor in tensors} | {lr.device}
            assert places == {torch.device("cuda:0")}
            assert lr.dtype == torch.float32
            assert not any(isinstance(value, Tensor) for value in others.values())
            updates.append(len(lists[0]))

        updates: list[int] = []
        monkeypatch.setattr(torch.autograd, "backward", backward)
        monkeypatch.setattr(torch, "_fused_adam_", fused)
        for number in (0, 1, batches.steps - 1):
            step(number)
        assert updates == [len(list(model.parameters()))] * 3


def test_the_bundled_images_are_learned_from_alike() -> None:
    """MNIST in batches of 128, by number and by counter: the same loss to the last bit."""
    config = Config(network="mlp", beta=1.0, epochs=2, dataset_limit=700, device="cpu")
    data = load_dataset("mnist", limit=700)
    data = dataclasses.replace(data, test=Images(data.test.pixels[:500], data.test.labels[:500]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ends = [list(Trainer(config, data, CPU, capture).records())[-1] for capture in (None, again)]
    assert ends[0] | {"seconds": 0} == ends[1] | {"seconds": 0}
