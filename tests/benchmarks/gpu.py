"""All that training on a GPU is measured by, in one table: `python tests/benchmarks/gpu.py`.

Takes less than four minutes on an H100: after `--budget` seconds no further row is begun, and what is compiled comes
last. A row that fails says why, and the rest goes on. Needs no network, and of the packages only those of
requirements.txt. `--device cpu --quick` tries the script itself, with a function in the place of a graph.

Seconds an epoch are of its 469 steps on MNIST in batches of 128, without the test pass (which has a row), medians of
several epochs after those in which libraries find their ways and graphs are captured. Checks compare the ways with each
other on the same device; they end in "yes" or "NO".
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from bvae import training
from bvae.arithmetic import choose_device
from bvae.captured import Capture, capture_for
from bvae.config import Config
from bvae.data import Dataset, load_dataset
from bvae.keeping import encode_probe
from bvae.model import Posterior, bounded
from bvae.objective import evaluate
from bvae.runs import Run
from bvae.stack import Stack
from bvae.together import Together
from bvae.trainer import StoppedError, Trainer
from bvae.training import train_run, train_runs

ROOT = Path(__file__).resolve().parents[2]
GOAL = -95.0  # the bound, in nats an image
Row = tuple[str, str, str]  # what, how much, and what is to be said of it


class Bench:
    """What the rows have in common: the device, the images, and how much of all is measured."""

    def __init__(self, device: torch.device, quick: bool) -> None:
        self.device, self.quick = device, quick
        self.size = 8 if quick else 128
        self.limit = 26 * 8 + 3 if quick else None  # a piece, a step and a smaller one
        self.epochs = 3 if quick else 6  # timed, the first two left out
        self.capture: Capture = capture_for(device) or (lambda run: run)
        dataset = load_dataset("mnist", limit=self.limit)
        if quick:
            test = dataclasses.replace(dataset.test, pixels=dataset.test.pixels[:500], labels=dataset.test.labels[:500])
            dataset = dataclasses.replace(dataset, test=test)
            # For runs as well, whose passes over all test images would take most of the time.
            vars(training)["load_dataset"] = lambda *_, **__: dataset
        self.dataset = _on(dataset, device)

    def config(self, network: str, **values: Any) -> Config:
        given = {"beta": 1.0, "epochs": 20, "batch_size": self.size, "dataset_limit": self.limit}
        return Config(network=network, device=self.device.type, **given | values)

    def trainer(self, config: Config, plain: bool = False, compiled: bool = False) -> Trainer:
        return Trainer(config, self.dataset, self.device, None if plain else self.capture, compiled)

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def seconds(self, function: Callable[[], object]) -> float:
        self.wait()
        start = time.perf_counter()
        function()
        self.wait()
        return time.perf_counter() - start

    def an_epoch(self, trainer: Trainer) -> list[float]:
        """Seconds of each of some epochs."""
        trainer.epoch = max(0, trainer.epoch)
        found = []
        for _ in range(self.epochs):
            found.append(self.seconds(trainer.train_epoch))
            trainer.complete_epoch()
        return found

    def peak_memory(self) -> str:
        if self.device.type != "cuda":
            return ""
        found = torch.cuda.max_memory_reserved() / 2**20
        torch.cuda.reset_peak_memory_stats()
        return f"{found:,.0f} MiB reserved at most"


def _on(dataset: Dataset, device: torch.device) -> Dataset:
    return dataclasses.replace(dataset, train=dataset.train.to(device), test=dataset.test.to(device))


# Speed -------------------------------------------------------------------------------------------------------------


def speed(bench: Bench, network: str, said: str, compiled: bool = False, plain: bool = False, **values: Any) -> Row:
    """A way to take the steps."""
    first, *found = bench.an_epoch(bench.trainer(bench.config(network, **values), plain, compiled))
    begun = f"first epoch {first:.2f} s, second {found[0]:.2f} s"
    return f"{network}, {said}", f"{statistics.median(found[1:]):.3f} s an epoch", f"{begun}; {bench.peak_memory()}"


def tuned(bench: Bench) -> Row:
    """cuDNN's own search, which is not the product's: it costs the beginning of each run."""
    torch.backends.cudnn.benchmark = True
    try:
        return speed(bench, "conv", "graph, TF32, cuDNN searches")
    finally:
        torch.backends.cudnn.benchmark = False


def passes(bench: Bench) -> Row:
    """What comes after an epoch's steps."""
    model = bench.trainer(bench.config("conv")).model
    probe = bench.dataset.test.pixels[:5_000]
    tests = [bench.seconds(lambda: evaluate(model, bench.dataset.test.pixels)) for _ in range(4)]
    probes = [bench.seconds(lambda: encode_probe(model, probe)) for _ in range(4)]
    value = f"{1000 * min(tests):.1f} ms and {1000 * min(probes):.1f} ms"
    return (
        "conv, test pass and probe's latents",
        value,
        f"the first {1000 * tests[0]:.0f} and {1000 * probes[0]:.0f} ms",
    )


def command(bench: Bench) -> Row:
    """From the command to the prompt."""
    network, epochs = ("mlp", 2) if bench.quick else ("conv", 100)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = ["train", "--run", str(run), "--beta", "1", "--epochs", str(epochs), "--network", network, "--json"]
        words += ["--device", bench.device.type] + (["--dataset-limit", str(bench.limit)] if bench.limit else [])
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "bvae", *words], capture_output=True, text=True, timeout=150,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        history, kept = Run(run).history(), len(Run(run).epochs())
        last = history[-1]["test"]
        bound = last["reconstruction"] + last["kl"]
        said = f"{kept} snapshots, −ELBO {bound:.2f}, " + " ".join(done.stderr.strip().splitlines()[-1:])
        return f"{network}, {epochs} epochs by `python -m bvae train`", f"{seconds:.1f} s", said.strip(", ")


def goal(bench: Bench) -> Row:
    """How long it trains to the goal; test passes are not counted."""
    trainer = bench.trainer(bench.config("conv" if not bench.quick else "mlp", epochs=10 if not bench.quick else 2))
    trainer.epoch, total, each, bound = 0, 0.0, [], float("-inf")
    while bound < GOAL and trainer.epoch < trainer.config.epochs:
        each.append(bench.seconds(trainer.train_epoch))
        trainer.complete_epoch()
        bound = evaluate(trainer.model, trainer.test.pixels, trainer.config.seed).elbo
    total = sum(each)
    without = total - sum(each[:2]) + 2 * min(each)
    said = f"{-bound:.2f} after {trainer.epoch} of 10 epochs; {without:.2f} s without warm-up and capture"
    return f"{trainer.config.network}, training to −ELBO 95", f"{total:.2f} s", said


# Batched -------------------------------------------------------------------------------------------------------------


def batched(bench: Bench, network: str, count: int, **values: Any) -> Row:
    """Models with different β and seed as one."""
    some = [bench.config(network, beta=float(1 + n % 4), seed=n, **values) for n in range(count)]
    together = Together([Trainer(config, bench.dataset, bench.device) for config in some], bench.capture)
    for trainer in together.trainers:
        trainer.epoch = 0
    found = []
    for _ in range(bench.epochs):
        found.append(bench.seconds(lambda: list(together.train_epoch())))
        for trainer in together.trainers:
            trainer.complete_epoch()
    one = statistics.median(bench.an_epoch(bench.trainer(bench.config(network, **values)))[2:])
    many = statistics.median(found[2:])
    said = f"{many / one:.2f} × one model, which takes {one:.3f} s; {bench.peak_memory()}"
    return f"{network}, {count} models batched", f"{many:.3f} s an epoch", said


class ByVmap:
    """A stack by `torch.vmap`, for comparison."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.shape, self.device, self.log_sigma = stack, stack.shape, stack.device, stack.log_sigma

    def _through(self, part: str, x: Tensor) -> Tensor:
        module = getattr(self.stack.models[0], part)
        own = {name: whole for name, whole in self.stack.parameters.items() if name.startswith(f"{part}.")}
        weights = {name.removeprefix(f"{part}."): whole for name, whole in own.items()}
        return torch.vmap(lambda given, each: torch.func.functional_call(module, given, (each,)))(weights, x)

    def posterior(self, images: Tensor) -> Posterior:
        mean, log_variance = self._through("encoder", images.unsqueeze(2)).float().chunk(2, -1)
        return Posterior(mean, bounded(log_variance))

    def logits(self, codes: Tensor) -> Tensor:
        return self._through("decoder", codes).float().squeeze(2)


class Operations(TorchDispatchMode):
    """Counts what is launched: all that is no view of what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        aliases = [argument.alias_info for argument in function._schema.arguments]
        self.count += not any(alias and not alias.is_write for alias in aliases)
        return function(*args, **kwargs or {})


def operations(bench: Bench, network: str) -> Row:
    """How many operations a step launches, alone and batched in either way."""

    def counted(trainer: Trainer | Together) -> int:
        step = trainer.pieces.step
        trainer.pieces.begin(0, 0)
        step(0)
        with Operations() as seen:
            step(1)
        return seen.count

    config = bench.config(network)
    alone = counted(bench.trainer(config))
    both = []
    for by_vmap in (False, True):
        some = [dataclasses.replace(config, seed=seed) for seed in range(8)]
        together = Together([Trainer(one, bench.dataset, bench.device) for one in some], bench.capture)
        if by_vmap:
            together.pieces.step.network = ByVmap(together.network)
        both.append(counted(together))
    value = f"{alone} alone, {both[0]} for eight batched"
    return f"{network}, operations a step", value, f"{both[1]} by `torch.vmap` over `functional_call`"


# Checks --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def exact() -> Iterator[None]:
    """Float32 throughout, so that ways that are equal look equal."""
    kept = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(kept[0])
        torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic = kept[1], False


def few(bench: Bench, **values: Any) -> tuple[Config, Dataset]:
    """Two pieces and a smaller one an epoch, three epochs; fewer to try the script."""
    count = bench.limit or 8 * 54 + 3
    dataset = bench.dataset
    train = dataclasses.replace(dataset.train, pixels=dataset.train.pixels[:count], labels=dataset.train.labels[:count])
    network = values.pop("network", "conv")
    config = bench.config(network, batch_size=8, epochs=3, dataset_limit=count, precision="float32", probe_size=50)
    return dataclasses.replace(config, **values), dataclasses.replace(dataset, train=train)


def difference(one: Trainer, other: Trainer) -> float:
    """The largest of all weights' differences."""
    theirs = other.model.state_dict()
    return max(float((value - theirs[name]).abs().max()) for name, value in one.model.state_dict().items())


def verdict(found: float, most: float) -> str:
    return f"{found:.1e}: {'yes' if found <= most else 'NO'}"


def equal(bench: Bench, network: str) -> Row:
    """The captured way against the plain one."""
    config, dataset = few(bench, network=network)
    with exact():
        trainers = [Trainer(config, dataset, bench.device, capture) for capture in (None, bench.capture)]
        losses = [[record["train"]["loss"] for record in trainer.records()] for trainer in trainers]
    apart = max(abs(a - b) / abs(a) for a, b in zip(*losses, strict=True))
    said = f"at most 1e-3 of the losses of three epochs; weights {difference(*trainers):.1e}"
    return f"{network}, graph equals plain", verdict(apart, 1e-3), said


def resumed(bench: Bench) -> Row:
    """Stopped within the second epoch and resumed, through a run directory."""
    network = "mlp" if bench.quick else "conv"
    config, dataset = few(bench, network=network)
    asked = iter(range(10**9))
    # Asked after each piece or step but an epoch's last, and after each epoch.
    often = len(dataset.train) // (8 * 25 if bench.device.type == "cuda" else 8)
    stop = iter(lambda: next(asked) >= often + 2, None).__next__
    with tempfile.TemporaryDirectory() as folder, exact():
        whole, parts = Path(folder) / "whole", Path(folder) / "parts"
        list(train_run(whole, config))
        with contextlib.suppress(StoppedError):
            list(train_run(parts, config, stop=stop))
        status = Run(parts).status()
        list(train_run(parts, resume=True))
        ends = [[record["train"]["loss"] for record in Run(path).history()] for path in (whole, parts)]
    apart = max(abs(a - b) / abs(a) for a, b in zip(*ends, strict=True))
    said = f"{status['state']} in epoch {status['epoch'] + 1} after step {status['step']} of {status['steps']}"
    return f"{network}, resumed within an epoch equals whole", verdict(apart, 1e-3), said


def within_a_piece(bench: Bench) -> Row:
    """Stopped by the plain way where no piece ends, and resumed by the captured one."""
    config, dataset = few(bench, network="mlp" if bench.quick else "conv")
    with exact():
        whole, first, second = (
            Trainer(config, dataset, bench.device, capture) for capture in (None, None, bench.capture)
        )
        ends = [[record["train"]["loss"] for record in whole.records()]]
        with contextlib.suppress(StoppedError):
            list(first.records(lambda: (first.epoch, first.step) == (1, 7)))
        second.restore(first.state(None))
        ends.append([record["train"]["loss"] for record in second.records()])
    apart = max(abs(a - b) / abs(a) for a, b in zip(ends[0][-2:], ends[1], strict=True))
    said = f"after step 7 of {whole.steps} of epoch 2; weights {difference(whole, second):.1e}"
    return f"{config.network}, resumed within a piece equals whole", verdict(apart, 1e-3), said


def alike(bench: Bench, network: str) -> Row:
    """Runs trained as one against each alone."""
    config, _ = few(bench, network=network)
    some = [dataclasses.replace(config, seed=seed, beta=float(1 + seed)) for seed in range(2 if bench.quick else 3)]
    apart = 0.0
    with tempfile.TemporaryDirectory() as folder, exact():
        paths = [Path(folder) / f"run{config.seed}" for config in some]
        failed = [found for _, found in train_runs(paths, some) if isinstance(found, Exception)]
        if failed:
            raise failed[0]
        for path, config in zip(paths, some, strict=True):
            list(train_run(path.with_name(f"{path.name}-alone"), config))
            ends = [Run(path).history(), Run(path.with_name(f"{path.name}-alone")).history()]
            for one, other in zip(*ends, strict=True):
                apart = max(apart, abs(one["test"]["loss"] / other["test"]["loss"] - 1))
    return f"{network}, batched equals alone", verdict(apart, 1e-3), "at most 1e-3 of the test losses of three epochs"


def captured(bench: Bench) -> Row:
    """What goes by graphs, and what falls back."""
    plain, tried = [], []
    variants: list[dict[str, Any]] = [
        {"network": "conv", "precision": "auto"}, {"network": "mlp", "precision": "auto"}, {"precision": "bfloat16"},
        {"network": "mlp", "precision": "bfloat16"}, {"likelihood": "gaussian"}, {"capacity": 5.0},
        {"beta_warmup_steps": 60}, {"learning_rate_schedule": "constant"}, {"batch_size": 435}, {"latent_dim": 2},
    ]  # fmt: skip
    for values in variants[: 3 if bench.quick else None]:
        config, dataset = few(bench, **values)
        tried.append(" ".join(map(str, values.values())))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            list(Trainer(config, dataset, bench.device, bench.capture).records())
        plain += [f"{tried[-1]} ({warning.message})" for warning in told if "CUDA graph" in str(warning.message)]
    said = "; ".join(plain) or ", ".join(tried)
    return "goes by graphs", f"{len(tried) - len(plain)} of {len(tried)}: {'NO' if plain else 'yes'}", said


# All -----------------------------------------------------------------------------------------------------------------


def rows(bench: Bench) -> Iterator[tuple[str, Callable[[], Row]]]:
    """The rows, what matters most first, with a name each for where it fails."""
    networks = ("mlp",) if bench.quick else ("mlp", "conv")
    for network in networks:
        yield f"{network}, plain", lambda n=network: speed(bench, n, "plain, TF32", plain=True)
        yield f"{network}, graph", lambda n=network: speed(bench, n, "graph, TF32")
        yield f"{network}, equal", lambda n=network: equal(bench, n)
    yield "goal", lambda: goal(bench)
    yield "command", lambda: command(bench)
    yield "resumed", lambda: resumed(bench)
    yield "within a piece", lambda: within_a_piece(bench)
    for network in networks:
        yield f"{network}, alike", lambda n=network: alike(bench, n)
        for count in (2,) if bench.quick else (8, 4, 2):
            yield f"{network}, {count} batched", lambda n=network, c=count: batched(bench, n, c)
    yield "captured", lambda: captured(bench)
    yield "passes", lambda: passes(bench)
    for network in networks:
        yield f"{network}, bfloat16", lambda n=network: speed(bench, n, "graph, bfloat16", precision="bfloat16")
        yield f"{network}, operations", lambda n=network: operations(bench, n)
    if bench.quick:
        return
    yield "conv, 8 batched in bfloat16", lambda: batched(bench, "conv", 8, precision="bfloat16")
    yield "tuned", lambda: tuned(bench)
    for network in ("conv", "mlp"):
        yield f"{network}, compiled", lambda n=network: speed(bench, n, "graph, TF32, compiled", compiled=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--quick", action="store_true", help="few images, to try the script")
    parser.add_argument("--budget", type=float, default=200.0, help="seconds after which no row is begun (default 200)")
    parser.add_argument("--only", metavar="TEXT", help="rows whose name contains it")
    options = parser.parse_args()
    start = time.perf_counter()
    device = choose_device(options.device)
    card = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"{card}; PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}\n")
    print("| what | how much | |\n| --- | ---: | --- |", flush=True)
    bench = Bench(device, options.quick)
    for name, row in rows(bench):
        if options.only and options.only not in name:
            continue
        if time.perf_counter() - start > options.budget:
            print(f"| {name} | left out | the budget of {options.budget:.0f} s is spent |", flush=True)
            continue
        try:
            what, value, said = row()
        except Exception as error:
            reason = " ".join(str(error).split())[:300].replace("|", "/")
            what, value, said = name, "failed", f"{type(error).__name__}: {reason}"
        print(f"| {what} | {value} | {said.strip('; ')} |", flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
