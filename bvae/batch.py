"""Several runs of a sweep as one batched model: `python -m bvae.batch FOLDER NAME NAME …`.

What goes wrong with one of them alone is told in its log, where the sweep looks for it.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bvae.cli import STOP_SIGNALS, STOPPED
from bvae.config import Config, ConfigError
from bvae.data import DataError
from bvae.runs import RunError
from bvae.sweep import Sweep
from bvae.training import StoppedError, train_runs


def work(folder: str, names: Sequence[str]) -> int:
    """Train runs of a sweep from where they are; returns the exit status."""
    asked: list[int] = []
    training = False

    def on_signal(number: int, _: object) -> None:
        asked.append(number)
        if not training:  # nobody asks `stop` yet, and loading images can take minutes
            raise KeyboardInterrupt

    def on_start(path: Path, config: Config, device: Any, epoch: int) -> None:
        nonlocal training
        training = True

    for number in STOP_SIGNALS:
        signal.signal(number, on_signal)
    sweep = Sweep.read(folder)
    members = {member.path: member for member in sweep.members if member.name in names}
    for member in members.values():
        sweep.log(member).write_bytes(b"")
    try:
        configs = [member.config for member in members.values()]
        for path, outcome in train_runs(list(members), configs, stop=lambda: bool(asked), on_start=on_start):
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
    sys.exit(work(sys.argv[1], sys.argv[2:]))
