"""Our MLP side by side with the loop that most people write: `python tests/benchmarks/training.py`.

Ours is `bvae.training.Trainer`. The peer is the well-known PyTorch VAE example's way: `DataLoader` over
`torchvision.datasets.MNIST` with `ToTensor`, batches of 128 shuffled, the same network (784-400-20), Adam at 0.001,
binary cross-entropy plus KL summed over the batch, and a test pass in batches of 128 after every epoch. Its loader has
no worker processes, as in the example on a CPU; `--workers` gives it some, which stay up between epochs.

The two take turns, A B A B, in one process on the same threads, so that what else the machine does hits both. A time is
a whole epoch with its test pass on both sides; reading the files, building the network and epoch 0 are left out on
both. Same network and peak step size; the optimisers differ where the projects do: ours warms the step size up and has
its own β₂, the peer runs PyTorch's Adam as it comes. −ELBO is on the whole test split, one code an image, nats an
image, measured by the same function on both.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from bvae.arithmetic import choose_device, device_name
from bvae.config import Config
from bvae.data import ASSETS, Dataset, load_dataset
from bvae.model import BetaVAE
from bvae.objective import evaluate
from bvae.trainer import Trainer

Result = dict[str, Any]


def ours(config: Config, dataset: Dataset, device: torch.device) -> Result:
    """Train with this project's loop; seconds of each epoch and the bound at the end."""
    trainer = Trainer(config, dataset, device)
    records = trainer.records()
    next(records)  # epoch 0 trains nothing
    seconds, test = [], {}
    for _ in range(config.epochs):
        start = time.perf_counter()
        test = next(records)["test"]
        _wait_for(device)
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "negative_elbo": test["reconstruction"] + test["kl"]}


class PeerVAE(nn.Module):
    """784-400-20 as the example writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(784, 400)
        self.mean = nn.Linear(400, 20)
        self.log_variance = nn.Linear(400, 20)
        self.code = nn.Linear(20, 400)
        self.out = nn.Linear(400, 784)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = F.relu(self.hidden(images.view(-1, 784)))
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        code = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return torch.sigmoid(self.out(F.relu(self.code(code)))), mean, log_variance


def peer_loss(pixels: Tensor, images: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Binary cross-entropy + KL, summed over the batch."""
    cross_entropy = F.binary_cross_entropy(pixels, images.view(-1, 784), reduction="sum")
    return cross_entropy - 0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())


def peer(folder: Path, config: Config, dataset: Dataset, device: torch.device, workers: int) -> Result:
    """Train with the plain loop; the same figures."""
    torch.manual_seed(config.seed)
    to_tensor = torchvision.transforms.ToTensor()
    train_images: Any = torchvision.datasets.MNIST(str(folder), train=True, transform=to_tensor)
    test_images = torchvision.datasets.MNIST(str(folder), train=False, transform=to_tensor)
    assert torch.equal(test_images.data, dataset.test.pixels.cpu()), "the two sides must see the same images"
    if config.dataset_limit is not None:
        train_images = Subset(train_images, range(config.dataset_limit))
    loading = {"batch_size": config.batch_size, "num_workers": workers, "persistent_workers": workers > 0}
    train_loader = DataLoader(train_images, shuffle=True, pin_memory=device.type == "cuda", **loading)
    test_loader = DataLoader(test_images, shuffle=False, pin_memory=device.type == "cuda", **loading)
    model = PeerVAE().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    seconds = []
    for _ in range(config.epochs):
        start = time.perf_counter()
        model.train()
        train_loss = 0.0
        for images, _ in train_loader:
            images = images.to(device)
            optimizer.zero_grad()
            loss = peer_loss(*_with_images(images, model(images)))
            loss.backward()
            train_loss += loss.item()
            optimizer.step()
        model.eval()
        test_loss = 0.0
        with torch.no_grad():
            for images, _ in test_loader:
                images = images.to(device)
                test_loss += peer_loss(*_with_images(images, model(images))).item()
        _wait_for(device)
        seconds.append(time.perf_counter() - start)
    return {
        "seconds": seconds,
        "negative_elbo": -evaluate(_as_ours(model, config), dataset.test.pixels, config.seed).elbo,
        "own_test_loss": test_loss / len(test_images),
    }


def _with_images(images: Tensor, output: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    pixels, mean, log_variance = output
    return pixels, images, mean, log_variance


def _as_ours(model: PeerVAE, config: Config) -> BetaVAE:
    """The peer's weights in our model, to be measured by the same function."""
    measured = BetaVAE(config, (28, 28))
    weights = {}
    for part in ("weight", "bias"):
        weights[f"encoder.1.{part}"] = getattr(model.hidden, part)
        weights[f"encoder.3.{part}"] = torch.cat([getattr(model.mean, part), getattr(model.log_variance, part)])
        weights[f"decoder.0.{part}"] = getattr(model.code, part)
        weights[f"decoder.2.{part}"] = getattr(model.out, part)
    measured.load_state_dict(weights, strict=True)
    return measured.to(next(model.parameters()).device).eval()


def lay_out_mnist(folder: Path) -> None:
    """The bundled files as torchvision wants to find them: unpacked, in MNIST/raw."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (ASSETS / "mnist").glob("*.gz"):
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=2, help="a round and side (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of ours and the peer (default 3)")
    parser.add_argument("--workers", type=int, default=0, help="loader processes of the peer (default 0)")
    parser.add_argument("--schedule", choices=("constant", "linear"), default="constant", help="of ours")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--limit", type=int, help="training images, for a trial of this script")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.epochs < 1 or options.rounds < 1:
        parser.error("--epochs and --rounds must be 1 or more")

    device = choose_device(options.device)
    dataset = load_dataset("mnist", limit=options.limit)
    header = {
        "processor": _processor(), "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "device": device_name(device), "threads": torch.get_num_threads(), "torch": torch.__version__,
        "torchvision": torchvision.__version__, "train_images": len(dataset.train), "test_images": len(dataset.test),
        "batch_size": 128, "epochs_a_round": options.epochs, "rounds": options.rounds,
        "peer_workers": options.workers, "schedule_of_ours": options.schedule,
    }  # fmt: skip
    if not options.json:
        for name, value in header.items():
            print(f"# {name}: {value}")
        print(f"{'round':>5} {'ours s':>8} {'peer s':>8} {'ratio':>6} {'ours -ELBO':>11} {'peer -ELBO':>11}")
    rounds = []
    with tempfile.TemporaryDirectory() as temporary:
        lay_out_mnist(Path(temporary))
        for number in range(options.rounds):
            config = Config(
                network="mlp", latent_dim=20, beta=1.0, batch_size=128, learning_rate=1e-3, epochs=options.epochs,
                learning_rate_schedule=options.schedule, seed=number, dataset_limit=options.limit,
            )  # fmt: skip
            a = ours(config, dataset, device)
            b = peer(Path(temporary), config, dataset, device, options.workers)
            ratio = statistics.median(b["seconds"]) / statistics.median(a["seconds"])
            rounds.append({"ours": a, "peer": b, "ratio": ratio})
            if not options.json:
                print(
                    f"{number + 1:5} {statistics.median(a['seconds']):8.3f} {statistics.median(b['seconds']):8.3f} "
                    f"{ratio:6.2f} {a['negative_elbo']:11.2f} {b['negative_elbo']:11.2f}",
                    flush=True,
                )
    summary = {
        "ours_seconds_an_epoch": statistics.median(s for pair in rounds for s in pair["ours"]["seconds"]),
        "peer_seconds_an_epoch": statistics.median(s for pair in rounds for s in pair["peer"]["seconds"]),
        "ratio": statistics.median(pair["ratio"] for pair in rounds),
        "ours_negative_elbo": statistics.median(pair["ours"]["negative_elbo"] for pair in rounds),
        "peer_negative_elbo": statistics.median(pair["peer"]["negative_elbo"] for pair in rounds),
    }
    if options.json:
        print(json.dumps({**header, **summary, "pairs": rounds}))
    else:
        print(
            f"median: ours {summary['ours_seconds_an_epoch']:.3f} s, peer {summary['peer_seconds_an_epoch']:.3f} s an "
            f"epoch with its test pass; {summary['ratio']:.2f} times as fast (median of the pairs); test -ELBO "
            f"{summary['ours_negative_elbo']:.2f} and {summary['peer_negative_elbo']:.2f} nats an image"
        )


if __name__ == "__main__":
    main()
