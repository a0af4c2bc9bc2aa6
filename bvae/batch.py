"""Several runs of a sweep as one batched model: `python -m bvae.batch FOLDER NAME NAME …`.

What goes wrong with one of them alone is told in its log, where the sweep looks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bvae.cli.signals import STOPPED, StopRequest, on_signals
from bvae.config import Config, ConfigError
from bvae.processes import end_at_once, importing
from bvae.runs import RunError
from bvae.sweep import Sweep

with importing("torch"):
    from bvae.data import DataError
    from bvae.training import StoppedError, train_runs


def work(folder: str, names: Sequence[str]) -> int:
    """Train runs of a sweep from where they are; returns the exit status."""
    request = StopRequest()
    with on_signals(request.on_signal):
        return _work(folder, names, request)


def _work(folder: str, names: Sequence[str], request: StopRequest) -> int:
    def on_start(path: Path, config: Config, device: Any, epoch: int) -> None:
        request.listens = True

    sweep = Sweep.read(folder)
    members = {member.path: member for member in sweep.members if member.name in names}
    for member in members.values():
        sweep.log(member).write_bytes(b"")
    try:
        configs = [member.config for member in members.values()]
        for path, outcome in train_runs(list(members), configs, stop=lambda: request.asked, on_start=on_start):
            if isinstance(outcome, Exception):
                sweep.log(members[path]).write_text(f"{outcome}\n")
    except (StoppedError, KeyboardInterrupt):
        return STOPPED
    except (ConfigError, DataError, RunError) as error:
        for member in members.values():
            sweep.log(member).write_text(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    end_at_once()
    sys.exit(work(sys.argv[1], sys.argv[2:]))
