"""The training loop, and a whole run of it into a run directory.

`Trainer` yields one record an epoch, epoch 0 (untrained) first, and knows no files. `train_run` writes what it yields.

An epoch's randomness, the order of the images and the noise of the codes, is drawn at its start from the seed and the
epoch's number alone. So there is no state of a random-number generator to be saved, and a run that was stopped or
killed goes on bit for bit as if it had not been.
"""

from __future__ import annotations

import contextlib
import math
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bvae.config import Config, ConfigError
from bvae.data import Dataset, bernoulli_floor, class_balanced, load_dataset
from bvae.lazy import drawn
from bvae.model import BetaVAE, unit_pixels
from bvae.objective import Evaluation, evaluate, kl_per_dimension, objective, reconstruction
from bvae.runs import Latents, Probe, Run, RunError, RunWriter, State, check_new_run

Record = dict[str, Any]

# A look at the clock, at the stop flag and at the loss costs a synchronisation on a GPU; this often costs nothing.
STEPS_BETWEEN_LOOKS = 25
SMALL_SIGMA, LARGE_WEIGHT = 0.01, 1_000.0  # beyond these a finite loss cannot be taken for granted
_SUMS = ("loss", "reconstruction", "kl", "images")


class DivergedError(RuntimeError):
    """The loss is no longer a finite number. The message says when, and what to change."""


class StoppedError(Exception):
    """Training was asked to stop and did, after the step in hand. `Trainer.state` says where."""


@dataclass(frozen=True)
class Progress:
    """How far an epoch in training has come. Values are means over the epoch so far, in nats an image."""

    epoch: int
    step: int
    steps: int
    loss: float
    reconstruction: float
    kl: float


def history_record(
    config: Config,
    epoch: int,
    step: int,
    start: float,
    learning_rate: float,
    train: Evaluation | dict[str, float],
    test: Evaluation,
) -> Record:
    """What a run's history says of an epoch.

    Args:
        config: of the run.
        epoch: completed.
        step: of training, whose β or capacity was in force.
        start: of the epoch, by `time.perf_counter`.
        learning_rate: of that step.
        train: an evaluation, or means over the epoch as they are returned.
        test: the evaluation of the test split.

    Returns:
        `epoch`, `seconds`, `beta` or in the capacity form `capacity` in nats (the other is None), `learning_rate`,
        `train` and `test` (each `loss`, `reconstruction`, `kl` in nats an image, and `images`), and of the test split
        `kl_per_dimension` and `active_units`.
    """

    def figures(found: Evaluation) -> dict[str, float]:
        parts = torch.tensor([found.reconstruction, found.kl], dtype=torch.float64)
        loss = float(objective(config, step, parts[0], parts[1]))
        return {"loss": loss, "reconstruction": found.reconstruction, "kl": found.kl, "images": found.images}

    return {
        "epoch": epoch,
        "seconds": round(time.perf_counter() - start, 3),
        "beta": config.beta_at(step),
        "capacity": config.capacity_at(step),
        "learning_rate": learning_rate,
        "train": figures(train) if isinstance(train, Evaluation) else train,
        "test": figures(test),
        "kl_per_dimension": test.kl_per_dimension,
        "active_units": test.active_units,
    }


class Trainer:
    """Trains a β-VAE on a data set that lies whole on the device.

    Args:
        config: what to train.
        dataset: the images; its tensors are moved to `device`.
        device: from `choose_device`.

    Iterating `records(...)` trains, and yields one record an epoch; see `history_record`. Its `train` is the mean over
    the epoch, during which the network changes; at epoch 0 nothing changes, and it is evaluated as the test split is.
    """

    def __init__(self, config: Config, dataset: Dataset, device: torch.device) -> None:
        self.config = config
        self.device = device
        self.train, self.test = dataset.train.to(device), dataset.test.to(device)
        self.steps = math.ceil(len(self.train) / config.batch_size)  # an epoch
        with torch.random.fork_rng(devices=[]):
            # Drawn on the CPU, so that a seed means the same first network on every device.
            torch.manual_seed(config.seed)
            self.model = BetaVAE(config, dataset.image_shape).to(device)
        # Channels last is what convolutions compute in: on two CPU cores a step takes 18.2 ms for 19.5.
        self.model.to(memory_format=torch.channels_last)
        parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        # β₂ of 0.95 forgets the steep first steps sooner: a third of a nat after three epochs of the conv network.
        self.optimizer = torch.optim.Adam(
            parameters, lr=config.peak_learning_rate, betas=(0.9, 0.95), fused=device.type in ("cpu", "cuda")
        )
        self.epoch = -1  # completed; −1 before epoch 0 is evaluated
        self.step = 0  # of the epoch in training
        self.seconds = 0.0  # spent in it
        self.sums = torch.zeros(len(_SUMS), dtype=torch.float64, device=device if device.type != "mps" else "cpu")
        self._autocast = _precision(config, device)

    def records(
        self, stop: Callable[[], bool] = lambda: False, report: Callable[[Progress], None] = lambda progress: None
    ) -> Iterator[Record]:
        """Train to the config's last epoch, yielding a record after each.

        Args:
            stop: asked after every step; when it says True, the iteration ends with StoppedError.
            report: told now and then how the epoch goes.

        Raises:
            StoppedError: when `stop` said so.
            DivergedError: when the loss is no longer finite.
        """
        if self.epoch < 0:
            start = time.perf_counter()
            train = evaluate(self.model, self.train.pixels, self.config.seed)
            self.epoch = 0
            yield self._record(train, start)
        while self.epoch < self.config.epochs:
            start = time.perf_counter()
            self._train_epoch(stop, report, start)
            total = dict(zip(_SUMS, self.sums.tolist(), strict=True))
            images = int(total.pop("images"))
            train_means = {name: value / images for name, value in total.items()} | {"images": images}
            self.epoch, self.step = self.epoch + 1, 0
            self.sums.zero_()
            record = self._record(train_means, start)
            self.seconds = 0.0
            yield record

    def _train_epoch(self, stop: Callable[[], bool], report: Callable[[Progress], None], start: float) -> None:
        config, model, before = self.config, self.model, self.seconds
        generator = torch.Generator(self.device).manual_seed(_stream(config.seed, self.epoch + 1))
        order = torch.randperm(len(self.train), generator=generator, device=self.device)
        noise = torch.randn(len(self.train), config.latent_dim, generator=generator, device=self.device)
        # One gather an epoch costs a copy of the images; one a step costs more in all. Lazy images are not drawn yet.
        batches = list(
            zip(self.train.pixels[order].split(config.batch_size), noise.split(config.batch_size), strict=True)
        )
        model.train()
        while self.step < self.steps:
            pixels, batch_noise = batches[self.step]
            step = self.epoch * self.steps + self.step
            for group in self.optimizer.param_groups:
                group["lr"] = config.learning_rate_at(step, config.epochs * self.steps)
            images = unit_pixels(drawn(pixels))
            with self._autocast():
                posterior = model.posterior(images)
                logits = model.logits(posterior.sample(batch_noise))
            batch_reconstruction = reconstruction(logits, images, model.log_sigma).mean()
            kl = kl_per_dimension(posterior).sum(1).mean()
            loss = objective(config, step, batch_reconstruction, kl)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            count = len(images)
            means = torch.stack([loss.detach(), batch_reconstruction.detach(), kl.detach(), torch.ones_like(kl)])
            self.sums += means.to(self.sums.device).to(self.sums.dtype) * count  # mps has no float64
            self.step += 1
            if self.step % STEPS_BETWEEN_LOOKS == 0 or self.step == self.steps:
                self._look(report)
            if self.step < self.steps and stop():
                self.seconds = before + time.perf_counter() - start
                raise StoppedError
        self.seconds = before

    def _look(self, report: Callable[[Progress], None]) -> None:
        loss, reconstructed, kl, images = self.sums.tolist()
        if not math.isfinite(loss):
            raise self._diverged(f"in epoch {self.epoch + 1}, step {self.step} of {self.steps}")
        report(Progress(self.epoch + 1, self.step, self.steps, loss / images, reconstructed / images, kl / images))

    def _diverged(self, when: str) -> DivergedError:
        return DivergedError(f"The loss stopped being a finite number {when}. Begin a new run with {self._calmer()}.")

    def _calmer(self) -> str:
        """What to change for a finite loss: first the settings that are far from what works."""
        config = self.config
        advice = []
        if config.peak_learning_rate > Config(network=config.network).peak_learning_rate:
            advice.append(f"a lower learning rate (it was {config.peak_learning_rate:g})")
        if config.sigma is not None and config.sigma < SMALL_SIGMA:
            advice.append(f"a larger sigma (it was {config.sigma:g}, and one of the 255 steps of grey is 0.004)")
        weight, called = (config.beta, "β") if config.capacity is None else (config.capacity_gamma, "capacity weight γ")
        if weight > LARGE_WEIGHT:
            advice.append(f"a smaller {called} (it was {weight:g})")
        if not advice:
            advice.append(f"a lower learning rate (it was {config.peak_learning_rate:g})")
        if config.capacity is None and config.beta:
            advice.append("a longer β warm-up")
        if config.precision != "float32":
            advice.append("precision float32")
        return " or ".join(filter(None, [", ".join(advice[:-1]), advice[-1]]))

    def _record(self, train: Evaluation | dict[str, float], start: float) -> Record:
        test = evaluate(self.model.eval(), self.test.pixels, self.config.seed)
        if not math.isfinite(test.elbo):
            # The last step of an epoch can break the weights, and its loss was taken before it.
            raise self._diverged(f"on the test images after epoch {self.epoch}")
        last_step = max(0, self.epoch * self.steps - 1)
        rate = self.config.learning_rate_at(last_step, self.config.epochs * self.steps)
        return history_record(self.config, self.epoch, last_step, start - self.seconds, rate, train, test)

    def state(self, record: Record | None) -> State:
        """All that `restore` needs to continue exactly."""
        tensors = {f"weights/{name}": _array(value) for name, value in self.model.state_dict().items()}
        for name, parameter in self.model.named_parameters():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer/{name}/{key}"] = _array(value)
        tensors["sums"] = _array(self.sums)
        return State(epoch=self.epoch, step=self.step, seconds=self.seconds, tensors=tensors, record=record)

    def restore(self, state: State) -> None:
        """Continue from a state that `state` made.

        Raises:
            RunError: when it does not fit this model.
        """
        parameters = dict(self.model.named_parameters())
        try:
            weights = {
                name.removeprefix("weights/"): torch.from_numpy(array)
                for name, array in state.tensors.items()
                if name.startswith("weights/")
            }
            self.model.load_state_dict(weights, strict=True)
            for name, array in state.tensors.items():
                if name.startswith("optimizer/"):
                    _, parameter, key = name.split("/")
                    # Adam counts its steps on the CPU unless it is fused on a GPU.
                    device = self.device if key != "step" or self.device.type == "cuda" else "cpu"
                    value = torch.from_numpy(array).to(device)
                    # Laid out in memory as the parameter is: the fused step goes through both side by side.
                    like = torch.empty((), device=device) if key == "step" else torch.empty_like(parameters[parameter])
                    self.optimizer.state[parameters[parameter]][key] = like.copy_(value)
            if any(set(values) != {"step", "exp_avg", "exp_avg_sq"} for values in self.optimizer.state.values()):
                raise ValueError("of what the optimiser carries, a part is missing")
            self.sums.copy_(torch.from_numpy(state.tensors["sums"]))
        except (KeyError, ValueError, RuntimeError) as error:
            raise RunError(f"state.safetensors does not fit the run's config ({error}).") from error
        self.epoch, self.step, self.seconds = state.epoch, state.step, state.seconds


def train_run(
    path: str | Path,
    config: Config | None = None,
    *,
    resume: bool = False,
    epochs: int | None = None,
    device: str | None = None,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[Progress], None] = lambda progress: None,
    on_start: Callable[[Config, torch.device, int], None] = lambda config, device, epoch: None,
) -> Iterator[Record]:
    """Train a run into its directory, yielding the record of every epoch once it is saved.

    Args:
        path: the run's folder.
        config: what to train; not with `resume`.
        resume: continue the run that is there, with the config that it has, but for
        epochs: a new last epoch, and
        device: another device to go on with.
        stop: asked after every step whether to stop; a stopped run can be resumed.
        report: told now and then how the epoch goes.
        on_start: told the config, the device and the epochs already done, before training begins.

    Raises:
        RunError, ConfigError, DataError: before anything was changed, with what to do.
        StoppedError: when `stop` said so; the state is saved.
        DivergedError: when the loss is no longer finite; the run is marked failed.
    """
    path = Path(path)
    if resume == (config is not None):
        raise ConfigError("Give either a config, to begin a run, or resume=True, to continue one.")
    if resume:
        run = Run(path)
        config = Config.from_dict(
            run.config.to_dict()
            | ({"epochs": epochs} if epochs is not None else {})
            | ({"device": device} if device is not None else {})
        )
        done = run.epochs()[-1] if run.epochs() else 0
        if config.epochs < done:
            raise ConfigError(
                f"The run is at epoch {done} already, beyond {config.epochs}. Give more epochs, or leave it out."
            )
    assert config is not None
    if not resume:
        check_new_run(path)  # before the images, which may have to be downloaded
    torch_device = choose_device(config.device)
    dataset = load_dataset(config.dataset, limit=config.dataset_limit)
    if resume and dataset.sha256 != run.details.get("data", {}).get("sha256"):
        raise RunError(
            f"The images of {config.dataset} are not the ones that {path} was trained on: their hashes differ."
        )
    trainer = Trainer(config, dataset, torch_device)
    if resume:
        writer = RunWriter.resume(path)
    else:
        writer = RunWriter.create(path, config, run_details(dataset, trainer.model), probe_set(dataset, config))
    with writer:
        yield from _train_and_write(writer, trainer, stop, report, on_start)


def _train_and_write(
    writer: RunWriter,
    trainer: Trainer,
    stop: Callable[[], bool],
    report: Callable[[Progress], None],
    on_start: Callable[[Config, torch.device, int], None],
) -> Iterator[Record]:
    config = trainer.config
    record: Record | None = None
    if (state := writer.load_state()) is not None:
        trainer.restore(state)
        record = state.record
    writer.extend(config)
    probe = torch.from_numpy(Run(writer.path).probe().images)
    keep = config.snapshot_epochs()
    writer.thin(trainer.epoch, keep)
    totals = {"epochs": config.epochs, "steps": trainer.steps, "device": device_name(trainer.device)}

    def told(progress: Progress) -> None:
        writer.beat(epoch=trainer.epoch, step=progress.step)
        report(progress)

    def failed(reason: str) -> None:
        # The disk that could not take the epoch may not take this either; readers see that the process is gone.
        with contextlib.suppress(RunError):
            writer.status("failed", epoch=max(0, trainer.epoch), step=trainer.step, error=reason, **totals)

    on_start(config, trainer.device, max(0, trainer.epoch))
    try:
        writer.status("running", epoch=max(0, trainer.epoch), step=trainer.step, **totals)
        for record in trainer.records(stop, told):
            weights = {name: _array(value) for name, value in trainer.model.state_dict().items()}
            writer.save_epoch(trainer.state(record), weights, encode_probe(trainer.model, probe), keep)
            writer.status("running", epoch=trainer.epoch, step=0, **totals)
            yield record
            if stop() and trainer.epoch < config.epochs:
                raise StoppedError
        writer.status("finished", epoch=trainer.epoch, step=0, **totals)
    except StoppedError:
        try:
            writer.save_state(trainer.state(record))
            writer.status("stopped", epoch=max(0, trainer.epoch), step=trainer.step, **totals)
        except RunError as error:
            failed(str(error))
            raise
        raise
    except GeneratorExit:
        # Whoever iterates has had enough. They stand behind an epoch that is saved.
        with contextlib.suppress(RunError):
            end = "stopped" if trainer.epoch < config.epochs else "finished"
            writer.status(end, epoch=trainer.epoch, step=0, **totals)
        raise
    except Exception as error:
        reason = _reason(error)
        failed(reason)
        if reason != str(error):
            raise RunError(reason) from error
        raise
    except BaseException:
        failed(f"The training was interrupted. Resume with: python -m bvae train --run {writer.path} --resume")
        raise


def _reason(error: BaseException) -> str:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return "There is not enough memory on the device. Choose a smaller batch size, or the cpu."
    return str(error) or type(error).__name__


@torch.inference_mode()
def encode_probe(model: BetaVAE, images: Tensor, batch_size: int = 1_000) -> Latents:
    """Mean and log-variance of images (P, H, W) uint8."""
    parts = [model.posterior(batch) for batch in images.split(batch_size)]
    return Latents(
        _array(torch.cat([part.mean for part in parts])), _array(torch.cat([part.log_variance for part in parts]))
    )


def choose_device(name: str) -> torch.device:
    """The device of a name; `auto` takes cuda, then mps, then the CPU.

    Raises:
        ConfigError: when this machine has no such device.
    """
    available = [name for name in ("cuda", "mps") if getattr(torch, name).is_available()] + ["cpu"]
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise ConfigError(
            f"There is no {name} device here, or PyTorch cannot use it. There is: {', '.join(available)}."
        )
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """A device as a person knows it: "cuda (NVIDIA H100)", "cpu (2 threads)"."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return f"cpu ({torch.get_num_threads()} threads)" if device.type == "cpu" else device.type


def _precision(config: Config, device: torch.device) -> Callable[[], Any]:
    bfloat16 = config.precision == "bfloat16"
    if config.precision == "auto" and device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # TF32: as fast as it gets on layers this small
        torch.backends.cudnn.allow_tf32 = True
    elif config.precision == "auto" and device.type == "cpu" and config.network == "mlp":
        # Where the processor multiplies bfloat16, matrix products take 134 µs for 472 and the step two thirds, at the
        # same loss to 0.02 nat. The conv network gains nothing: its casts cost what its products save.
        # Not a public function: a PyTorch to come may be without it.
        bfloat16 = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    return lambda: torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)


def _stream(seed: int, epoch: int) -> int:
    # Epoch numbers of neighbouring seeds must not meet: no run has a million epochs.
    return seed * 1_000_000 + epoch


def probe_set(dataset: Dataset, config: Config) -> Probe:
    """The test images that a run follows through its epochs: `config.probe_size` of them, every class as often."""
    indices = class_balanced(dataset.test.labels, config.probe_size)
    return Probe(_array(dataset.test.pixels[indices]), _array(dataset.test.labels[indices]), _array(indices))


def run_details(dataset: Dataset, model: BetaVAE) -> dict[str, Any]:
    """What a run's config.json says beside its config: its images, its classes, the versions that made it."""
    return {
        "image_shape": list(dataset.image_shape),
        "class_names": list(dataset.class_names),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data": {
            "name": dataset.name,
            "sha256": dataset.sha256,
            "train_images": len(dataset.train),
            "test_images": len(dataset.test),
            "bernoulli_floor": bernoulli_floor(dataset.test.pixels),
        },
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
    }


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
