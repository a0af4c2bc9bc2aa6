"""Many training steps as one CUDA graph, so that a processor that launches a hundred kernels a step is not waited for.

**The rule.** On cuda an epoch is cut into pieces of `STEPS_BETWEEN_LOOKS` steps, the last of what is left, the smaller
batch included. The first time that a piece of its kind comes, its steps are taken plainly, on a stream of their own, by
which libraries find their ways; they are training like any other. The second time it is captured, and from then on
replayed. Plain are also the steps from which a run is resumed in the middle of a piece, up to its end. All networks,
sizes, objectives and precisions go this way, and sprites too, which are drawn by index. On a CPU, on mps, and where a
capture fails for whatever reason, all steps are plain, which is the same function.

A capture computes nothing, so that one that failed has changed nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch

from bvae.step import Step

# A look at the clock, at the stop flag and at the loss costs a synchronisation on a GPU; this often costs nothing.
STEPS_BETWEEN_LOOKS = 25

Run = Callable[[], None]
Capture = Callable[[Run], Run]


class Pieces:
    """Takes the steps of an epoch: by pieces where they can be captured, one by one otherwise.

    Args:
        step: what is done.
        capture: makes of a function one that does the same, without running it; None to take all steps plainly.
    """

    def __init__(self, step: Step, capture: Capture | None) -> None:
        self.step = step
        self._capture = capture
        self._replays: dict[tuple[int, bool], Run | None] = {}

    def begin(self, epoch: int, number: int) -> None:
        """Begin at a step of the epoch that follows `epoch` completed ones."""
        self.step.batches.begin(epoch, number)

    def advance(self, number: int) -> int:
        """Take the step of that number, or the piece that begins with it; the number that comes next."""
        if self._capture is None or number % STEPS_BETWEEN_LOOKS:
            self.step(number)
            return number + 1
        batches = self.step.batches
        end = min(number + STEPS_BETWEEN_LOOKS, batches.steps)
        kind = end - number, batches.is_short(end - 1)

        def run() -> None:
            for one in range(number, end):
                self.step(one)

        if kind not in self._replays:
            self._replays[kind] = None
            _aside(run, self.step.sums.device)
            return end
        replay = self._replays[kind] or self._captured(run)
        if replay is None:
            run()
        else:
            self._replays[kind] = replay
            replay()
        return end

    def _captured(self, run: Run) -> Run | None:
        assert self._capture is not None
        self.step.optimizer.zero_grad()  # so that gradients lie in the graph's own memory
        try:
            return self._capture(run)
        except RuntimeError as error:  # torch.OutOfMemoryError is one, too
            self._capture = None
            self._replays.clear()
            self.step.optimizer.zero_grad()
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            warnings.warn(
                f"The training step could not be made a CUDA graph ({reason}), so each step is launched by itself. "
                "The run is the same and takes longer.",
                RuntimeWarning,
                stacklevel=2,
            )
            return None


def capture_for(device: torch.device) -> Capture | None:
    """What captures steps on a device; None where they are taken plainly."""
    return cuda_graph() if device.type == "cuda" else None


def cuda_graph() -> Capture:
    """What makes a function's work on the GPU a graph.

    The graphs share one pool of memory: what lies there between two of them is gradients, which nobody reads.
    """
    pool: list[Any] = []

    def capture(run: Run) -> Run:
        stream = torch.cuda.current_stream()
        graph = torch.cuda.CUDAGraph()
        pool[:] = pool or [torch.cuda.graph_pool_handle()]
        try:
            # Of this thread alone: another one may be writing a snapshot.
            with torch.cuda.graph(graph, pool=pool[0], capture_error_mode="thread_local"):
                run()
        finally:
            torch.cuda.set_stream(stream)  # where a failed capture leaves its own
        return graph.replay

    return capture


def _aside(run: Run, device: torch.device) -> None:
    """Run on a stream of its own where there are streams, as PyTorch asks for before a capture."""
    if device.type != "cuda":
        run()
        return
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        run()
    torch.cuda.current_stream().wait_stream(stream)
