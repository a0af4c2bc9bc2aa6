"""What computes a training step, and how finely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bvae.config import Config, ConfigError


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


def autocast(config: Config, device: torch.device) -> Callable[[], Any]:
    """What a step's forward pass is computed within, made anew for each."""
    bfloat16 = config.precision == "bfloat16"
    if config.precision == "auto" and device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # TF32: as fast as it gets on layers this small
        torch.backends.cudnn.allow_tf32 = True
    elif config.precision == "auto" and device.type == "cpu" and config.network == "mlp":
        # Where the processor multiplies bfloat16, matrix products take 134 µs for 472 and the step two thirds, at the
        # same loss to 0.02 nat. The conv network gains nothing: its casts cost what its products save.
        # Not a public function: a PyTorch to come may be without it.
        bfloat16 = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    # A weight is used once in a step, so a cache of what was cast has nothing to give, and a graph must not hold one.
    return lambda: torch.autocast(device.type, torch.bfloat16, enabled=bfloat16, cache_enabled=False)
