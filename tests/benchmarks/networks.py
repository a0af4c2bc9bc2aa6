"""How long an epoch of each network takes, and where it comes to: `python tests/benchmarks/networks.py --network conv`.

Trains on MNIST through `bvae.training.Trainer` with β = 1 unless told otherwise. The time of an epoch includes its pass
over the 10,000 test images; the untrained epoch 0 is not timed. −ELBO is on the whole test split, one code an image,
nats an image.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from bvae.arithmetic import choose_device, device_name
from bvae.config import NETWORKS, Config
from bvae.data import load_dataset
from bvae.trainer import Trainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, default="conv")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--beta", type=float, default=1.0)
    parser.add_argument("--batch-size", type=int, default=Config().batch_size)
    parser.add_argument("--learning-rate", type=float, help="by default the network's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--limit", type=int, help="training images, for a trial of this script")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    config = Config(
        network=options.network, epochs=options.epochs, beta=options.beta, batch_size=options.batch_size,
        learning_rate=options.learning_rate, seed=options.seed, dataset_limit=options.limit,
    )  # fmt: skip
    device = choose_device(options.device)
    dataset = load_dataset(config.dataset, limit=config.dataset_limit)
    trainer = Trainer(config, dataset, device)
    parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    header = {
        "network": config.network, "parameters": parameters, "device": device_name(device),
        "threads": torch.get_num_threads(), "machine": platform.machine(), "torch": torch.__version__,
        "train_images": len(dataset.train), "test_images": len(dataset.test), "batch_size": config.batch_size,
        "beta": config.beta, "learning_rate": config.peak_learning_rate, "seed": config.seed,
    }  # fmt: skip
    if not options.json:
        for name, value in header.items():
            print(f"# {name}: {value}")
        print(f"{'epoch':>5} {'seconds':>8} {'-ELBO':>8} {'recon.':>8} {'KL':>7} {'active':>6}")
    records = []
    for record in trainer.records():
        records.append(record)
        test = record["test"]
        if not options.json:
            print(
                f"{record['epoch']:5} {record['seconds']:8.3f} {test['reconstruction'] + test['kl']:8.2f} "
                f"{test['reconstruction']:8.2f} {test['kl']:7.2f} {record['active_units']:6}",
                flush=True,
            )
    seconds = statistics.median(record["seconds"] for record in records[1:])
    bound = records[-1]["test"]["reconstruction"] + records[-1]["test"]["kl"]
    if options.json:
        print(json.dumps({**header, "seconds_an_epoch": seconds, "negative_elbo": bound, "records": records}))
    else:
        print(f"{seconds:.3f} s an epoch (median of {len(records) - 1}), test -ELBO {bound:.2f} nats an image")


if __name__ == "__main__":
    main()
