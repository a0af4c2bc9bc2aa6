"""Works out a run's film, frame by frame, and all that it is compared with; see film.py."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import filelock
import numpy as np

from bvae.film import KINDS, check_writable, due_epochs, finished, update_film
from bvae.layout import (
    NEIGHBOURS,
    Frame,
    Quality,
    align,
    first_frame,
    independent_layout,
    measure,
    neighbours,
    next_frame,
    principal_components,
    spurious,
    steps,
)
from bvae.runs import Film, Run, RunError, film_lock

POLL_SECONDS = 2.0
MEANS_HELD = 2**28  # bytes; the means of more epochs are read anew when they are needed
# What each part of the work takes, of one epoch, in units of a frame: an estimate for the time that is left.
_WORK = {"frame": 1.0, "reconstruction": 1.5, "quality": 1.0, "independent": 7.0}


def work(
    run: Run,
    seed: int | None = None,
    follow: bool = False,
    report: Callable[[str, float], None] | None = None,
    compare: bool = True,
    patience: float = 0.0,
) -> dict[str, Any]:
    """Work out a run's film, or what is missing of it, and all that it is compared with.

    Args:
        seed: repeats a film; by default that of the film that is there, or else 0.
        follow: wait for the epochs of a run in training, and end when it does.
        report: told what is being done, and which share of all is done.
        compare: otherwise it ends as soon as the frames are there.
        patience: seconds to wait for another process that works the film out; negative, for as long as it takes.

    Returns:
        What layout.json holds.

    Raises:
        RunError: when the run cannot be read or written, or another process works its film out.
    """
    if (about := finished(run, seed)) and not (follow and run.training):
        return about
    check_writable(run.path)
    lock = film_lock(run.path)
    try:
        lock.acquire(timeout=patience)
    except filelock.Timeout:
        raise RunError(f"Another process is working out the film of {run.path}. Wait for it, as --wait does.") from None
    except OSError as error:
        raise RunError(f"Cannot write in {run.path} ({error.strerror}), where the film would be kept.") from error
    try:
        if (about := finished(run, seed)) and not (follow and run.training):
            return about  # by the process that was waited for
        return _Worker(run, seed, report).all(follow, compare)
    except (RunError, OSError, ValueError) as error:
        with contextlib.suppress(RunError):
            update_film(run, None, state="failed", error=str(error))
        raise error if isinstance(error, RunError) else RunError(str(error)) from error
    finally:
        lock.release()


class _Worker:
    """One pass over a run: what is there is kept as far as it still fits, and what is missing is added."""

    def __init__(self, run: Run, seed: int | None, report: Callable[[str, float], None] | None) -> None:
        self.run, self.seed, self.report = run, seed or 0, report
        self.any_seed = seed is None
        self.comparing = True
        self.labels = run.probe().labels
        self.means: dict[int, np.ndarray] = {}
        self.frames: list[Frame] = []
        self.epochs: list[int] = []
        self.reconstruction: list[np.ndarray] = []
        self.independent: list[np.ndarray] = []
        self.forget()
        self.seconds = 0.0
        self.following = False
        self.began = self.credit = 0.0

    def forget(self) -> None:
        """What was measured, which is of all frames or of none."""
        self.kinds: dict[str, list[Quality]] = {kind: [] for kind in KINDS}
        self.movements: dict[str, dict[str, list[float | None]]] = {}  # by kind
        self.null_test: float | None = None

    def all(self, follow: bool, compare: bool) -> dict[str, Any]:
        self.comparing = compare
        self.say("Starting")
        self.take_up()
        while True:
            self.following = follow and self.run.training
            self.lay_out(due_epochs(self.run))
            if self.following:
                self.say("Waiting for the next epoch")
                time.sleep(POLL_SECONDS)
                continue
            self.run.snapshot()  # says so where there is none
            if not compare:
                return self.save("The frames are there", state="laid out")
            if self.compare_all(follow):
                about = self.save("Finished", state="finished")
                # Looked at once more when that is said: who resumes the run either finds it, or is found here.
                if not (follow and self.left_behind()):
                    return about

    def left_behind(self) -> bool:
        """Whether the run goes on, as one that was stopped may at any time, or has been on."""
        return self.run.training or due_epochs(self.run) != self.epochs

    def compare_all(self, follow: bool) -> bool:
        """All but the frames; False as soon as there are frames to be added, which come first."""
        self.forget()
        for stage, part in (
            ("Reconstructing every image", self.reconstruct),
            ("Comparing", self.compare),
            ("Working out an independent UMAP of each epoch, to compare with", self.lay_out_independently),
        ):
            self.save(stage)
            for _ in part():
                if follow and self.left_behind():
                    return False
                self.save(stage)
        self.null_test = self.test_null()
        return True

    def take_up(self) -> None:
        """Keep what an earlier pass left, as far as its epochs are the run's."""
        try:
            found = self.run.film()
        except RunError:
            return
        if found is None or found.kept.shape[1] != len(self.labels):
            return
        if self.any_seed:
            self.seed = found.about.get("seed", self.seed)
        if found.about.get("seed") != self.seed:
            return
        self.epochs = found.epochs
        self.frames = [Frame(*pair, None) for pair in zip(found.positions, found.kept, strict=True)]
        self.reconstruction, self.independent = list(found.reconstruction), list(found.independent)
        self.seconds = found.about.get("seconds") or 0.0

    def keep(self, epochs: list[int]) -> None:
        """Drop what begins with the first frame of another epoch than the run's."""
        pairs = zip(self.epochs, epochs, strict=False)
        fits = sum(itertools.takewhile(bool, (ours == theirs for ours, theirs in pairs)))
        for part in (self.epochs, self.frames, self.reconstruction, self.independent):
            del part[fits:]

    # What a pass adds ------------------------------------------------------------------------------------------------

    def lay_out(self, epochs: list[int]) -> None:
        """The frames that are missing."""
        self.keep(epochs)
        missing = epochs[len(self.epochs) :]
        if not missing:
            return
        self.say("Compiling")
        _warm_up()
        self.say("Laying out")
        if self.frames:  # the last one, whose neighbours are not kept
            last = self.frames[-1]
            self.frames[-1] = last._replace(neighbours=neighbours(self.mean(self.epochs[-1]), device=_device()))
        for epoch in missing:
            means = self.mean(epoch)
            began = time.perf_counter()
            place = len(self.frames)
            if place == 0:
                frame = first_frame(means, self.seed, _device())
            else:
                frame = next_frame(self.frames[-1], means, place, self.seed, _device())
                self.frames[-1] = self.frames[-1]._replace(neighbours=None)
            self.seconds += time.perf_counter() - began
            self.frames.append(frame)
            self.epochs.append(epoch)
            self.save(f"Laying out epoch {epoch}")

    def reconstruct(self) -> Iterator[None]:
        from bvae.metrics import per_image

        images = self.run.probe().images
        for epoch in self.epochs[len(self.reconstruction) :]:
            self.reconstruction.append(per_image(self.run.model(epoch), images).reconstruction)
            yield

    def compare(self) -> Iterator[None]:
        """Measure the film and its controls."""
        means = _Means(self)
        layouts = {
            "umap": [frame.positions for frame in self.frames],
            "pca_last": principal_components(means),
            "pca_each": principal_components(means, each=True),
        }
        for place in range(len(means)):
            for kind, frames in layouts.items():
                self.kinds[kind].append(measure(means[place], frames[place], self.labels, _device()))
            yield
        self.movements = {kind: self.movement(np.stack(frames)) for kind, frames in layouts.items()}

    def lay_out_independently(self) -> Iterator[None]:
        for place, epoch in enumerate(self.epochs):
            means = self.mean(epoch)
            if place == len(self.independent):
                found = independent_layout(means, self.seed, _device())
                goal = self.independent[-1] if self.independent else self.frames[0].positions
                self.independent.append(align(found, goal).astype(np.float32))
            self.kinds["independent"].append(measure(means, self.independent[place], self.labels, _device()))
            yield
        self.movements["independent"] = self.movement(np.stack(self.independent))

    def test_null(self) -> float:
        """How far the median point moves when three epochs in a row are the same, in radii of the film."""
        means = self.mean(self.epochs[-1])
        frames = [first_frame(means, self.seed, _device())]
        for place in (1, 2):
            frames.append(next_frame(frames[-1], means, place, self.seed, _device()))
        positions = np.stack([frame.positions for frame in frames])
        radius = np.sqrt(((positions - positions.mean(1, keepdims=True)) ** 2).sum(2).mean())
        moved = np.median(np.linalg.norm(positions[-1] - positions[0], axis=1))
        return float(moved / max(radius, 1e-12))

    # ------------------------------------------------------------------------------------------------------------------

    def mean(self, epoch: int) -> np.ndarray:
        if epoch not in self.means:
            mean = self.run.latents(epoch).mean
            while self.means and (len(self.means) + 1) * mean.nbytes > MEANS_HELD:
                del self.means[next(iter(self.means))]
            self.means[epoch] = mean
        return self.means[epoch]

    def movement(self, positions: np.ndarray) -> dict[str, list[float | None]]:
        kept = np.stack([frame.kept for frame in self.frames])
        stray = spurious(positions, kept).tolist()
        return {"step": steps(positions).tolist(), "spurious": [None if math.isnan(step) else step for step in stray]}

    def share(self) -> float:
        """Which share of all is done, by what each part takes."""
        epochs = max(1, len(due_epochs(self.run)))
        if not self.comparing:
            return min(1.0, len(self.frames) / epochs)
        done = (
            _WORK["frame"] * len(self.frames)
            + _WORK["reconstruction"] * len(self.reconstruction)
            + _WORK["quality"] * len(self.kinds["umap"])
            + _WORK["independent"] * len(self.kinds["independent"])
        )
        return min(1.0, done / (sum(_WORK.values()) * epochs))

    def say(self, stage: str) -> None:
        update_film(self.run, None, state="running", stage=stage, error=None, done=round(100 * self.share()))
        if self.report:
            self.report(stage, self.share())

    def save(self, stage: str, state: str = "running") -> dict[str, Any]:
        share = self.share()
        now = time.perf_counter()
        if not self.began or self.following:
            self.began, self.credit = now, share
        spent = now - self.began
        remaining = spent / (share - self.credit) * (1 - share) if share > self.credit and not self.following else None
        images = len(self.labels)
        about = {
            "state": state, "stage": stage, "done": round(100 * share), "remaining": remaining, "error": None,
            "epochs": self.epochs, "images": images, "seed": self.seed, "neighbours": NEIGHBOURS,
            "seconds": self.seconds, "null_test": self.null_test,
            "kinds": {
                kind: {name: [getattr(frame, name) for frame in frames] for name in Quality._fields}
                | self.movements.get(kind, {})
                for kind, frames in self.kinds.items() if frames
            },
        }  # fmt: skip
        film = Film(
            epochs=self.epochs,
            positions=np.stack([frame.positions for frame in self.frames]),
            kept=np.stack([frame.kept for frame in self.frames]),
            reconstruction=np.array(self.reconstruction, np.float32).reshape(-1, images),
            independent=np.array(self.independent, np.float32).reshape(-1, images, 2),
            about={},
        )
        update_film(self.run, film, **about)
        if self.report:
            self.report(stage, share)
        return about


class _Means(Sequence[np.ndarray]):
    """The means of all frames, one epoch after another in memory."""

    def __init__(self, worker: _Worker) -> None:
        self.worker = worker

    def __len__(self) -> int:
        return len(self.worker.epochs)

    def __getitem__(self, place: Any) -> Any:
        return self.worker.mean(self.worker.epochs[place])


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _warm_up() -> None:
    """Import and compile what the frames need, so that their seconds are their own."""
    points = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    next_frame(first_frame(points), points, 1)
