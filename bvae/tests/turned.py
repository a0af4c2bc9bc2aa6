"""A run and what is the same run in all but the order and the signs of its dimensions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from bvae.runs import Run, write_json, write_tensors


def turned(run: Run, path: Path, order: np.ndarray, signs: np.ndarray) -> Run:
    """A copy whose dimension j is `signs[j]` times dimension `order[j]` of the run, in encoder, decoder and latents.

    Args:
        order, signs: (D,) a permutation, or fewer dimensions of the run, and 1 or −1 each.
    """
    shutil.copytree(run.path, path)
    count = run.config.latent_dim
    shapes = run.parameter_shapes
    into = next(name for name, shape in shapes.items() if name.startswith("decoder.") and shape[1:] == (count,))
    last = [name for name, shape in shapes.items() if name.startswith("encoder.") and shape[0] == 2 * count]
    for epoch in run.epochs():
        weights, latents = run.weights(epoch), run.latents(epoch)
        weights[into] = weights[into][:, order] * signs.astype(np.float32)
        for name in last:  # weight and bias of what gives the means, and below them the log-variances
            rows = weights[name]
            by_row = signs.astype(np.float32).reshape(-1, *[1] * (rows.ndim - 1))
            weights[name] = np.concatenate([rows[:count][order] * by_row, rows[count:][order]])
        write_tensors(path / "epochs" / f"{epoch:04d}.safetensors", weights)
        mean, log_variance = latents.mean[:, order] * signs.astype(np.float32), latents.log_variance[:, order]
        write_tensors(path / "latents" / f"{epoch:04d}.safetensors", {"mean": mean, "log_variance": log_variance})
    lines = [json.loads(line) for line in (path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line["kl_per_dimension"] = [line["kl_per_dimension"][place] for place in order]
        line["active_units"] = min(line["active_units"], len(order))
    (path / "history.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    record = run.record()
    record["config"]["latent_dim"] = len(order)
    write_json(path / "config.json", record)
    for name in ("metrics.json", "state.safetensors", "layout.json", "layout.safetensors"):
        (path / name).unlink(missing_ok=True)
    return Run(path)
