"""A sweep as the terminal shows it."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence

from tqdm import tqdm

from bvae.numbers import number
from bvae.sweep import Stand


class Table:
    """All runs of a sweep, drawn anew in a terminal; elsewhere a line whenever one of them changes its state."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.live = quiet, sys.stderr.isatty()
        self.started = time.monotonic()
        self.begun: float | None = None  # epochs that were done before
        self.lines = 0
        self.told: dict[str, str] = {}

    def show(self, stands: Sequence[Stand]) -> None:
        """Draw it."""
        if self.quiet:
            return
        done, total = (sum(epochs) for epochs in zip(*((s.epoch, s.member.config.epochs) for s in stands), strict=True))
        self.begun = done if self.begun is None else self.begun
        finished = sum(stand.state == "done" for stand in stands)
        spent = time.monotonic() - self.started
        left = "?" if done <= self.begun else tqdm.format_interval(spent * (total - done) / (done - self.begun))
        clock = f"[{tqdm.format_interval(spent)}<{left}]"
        head = f"{finished} of {len(stands)} runs done, {done:.1f} of {total} epochs {clock}"
        if not self.live:
            for stand in stands:
                if self.told.get(stand.member.name, "waiting") != stand.state:
                    print(f"{_line(stand)}   {head}", file=sys.stderr)
                self.told[stand.member.name] = stand.state
            return
        width, height = shutil.get_terminal_size()
        shown = [*(s for s in stands if s.state == "running"), *(s for s in stands if s.state != "running")]
        kept = {id(stand) for stand in shown[: max(1, height - 3)]}
        lines = [head, *(_line(stand) for stand in stands if id(stand) in kept)]
        self.close()
        print("\n".join(line[: width - 1] for line in lines), file=sys.stderr, flush=True)
        self.lines = len(lines)

    def close(self) -> None:
        """Take it away."""
        if self.lines and not self.quiet:
            print(f"\x1b[{self.lines}F\x1b[J", end="", file=sys.stderr)  # up as many lines, and clear from there
        self.lines = 0


def _line(stand: Stand) -> str:
    record, epochs = stand.record, stand.member.config.epochs
    figures = "" if record is None else (
        f"  -ELBO {number(-record.elbo):>8}  KL {number(record.kl):>7}  {record.active_units:>2} active"
    )  # fmt: skip
    return f"{stand.member.name}  {stand.state:<7}  {stand.epoch:>5.1f} of {epochs}{figures}"
