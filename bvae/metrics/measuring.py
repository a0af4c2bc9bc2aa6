"""All that is measured of a run, snapshot by snapshot, into its metrics.json; stopped and taken up without loss.

    {"format": 1, "data": hash of the images, "epochs": {"100": a record, …}}

A record has the epoch, the split and number of images it is of, the hash of the weights, and of each part how many
seconds it took (`parts`, which also tells that the part is there), and what the parts found:

    decomposition   the KL and what it is spent on (decomposition.py), `ceiling` beside them
    dimensions      a list, of each its index, KL and dimension-wise KL, regime (regimes.py), name and evidence
                    (names.py), and what it tells of each factor as a share of the factor's entropy (scores.py)
    factors         mean, standard deviation and unit of each factor over the images (bvae/factors.py)
    directions      of each factor (directions.py)
    scores          of disentanglement (scores.py), on these factors and the class, or on those that a data set knows
    representation  what the means know of the classes (representation.py)
    generation      how like the images samples are, and by which classifier (samples.py)
    likelihood      a list, the importance-weighted bound by the number of codes (likelihood.py)

A figure is an object as figures.py says; what cannot be measured is {"reason": a sentence}. The images are the test
split, or as many evenly spread over it as `MOST_IMAGES`; of a run whose images are not to be had here, its probe set.
Whether anything is missing, and how far a process is that measures, state.py tells.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import filelock
import numpy as np
import torch

from bvae import factors
from bvae.data import DataError, Dataset, load_dataset
from bvae.latent import sample_prior
from bvae.lazy import drawn
from bvae.metrics import directions, names, regimes, representation, samples, scores
from bvae.metrics.decomposition import decompose
from bvae.metrics.figures import figure, plain
from bvae.metrics.likelihood import FINEST, LEVELS, likelihood
from bvae.metrics.state import METHOD, PARTS, finest, missing, say, say_nothing_more
from bvae.numbers import turns
from bvae.runs import Run, RunError, digest, metrics_lock, write_factors, write_metrics

if TYPE_CHECKING:
    from bvae.model import BetaVAE

MOST_IMAGES = 10_000
_BATCH = 500
_FAR = 1e6  # as a run's latents are read
_CORES = os.cpu_count() or 1
_MEAN = "mean over images"

Record = dict[str, Any]
Report = Callable[[float], None]


class Step(NamedTuple):
    """How far the measuring is."""

    epoch: int
    part: str
    share: float  # of all that was to be measured when it began
    remaining: float | None  # seconds, once there is something to go by


class Images(NamedTuple):
    """What a run is measured on."""

    split: str  # test, or probe
    pixels: np.ndarray  # (N, H, W) uint8
    labels: np.ndarray  # (N,) int64
    known: dict[str, np.ndarray]  # (N,) whole numbers, of each factor whose value is known; empty without any
    dataset: Dataset | None  # None where only the probe set is there
    data: str  # the hash of the images


def images_of(run: Run, most: int = MOST_IMAGES) -> Images:
    """The images that a run is measured on, as many at most.

    Raises:
        RunError: when not even its probe set can be read.
    """
    dataset: Dataset | None = None
    with contextlib.suppress(DataError):  # neither here nor to be had
        dataset = load_dataset(run.config.dataset, limit=run.config.dataset_limit, progress=False)
    if dataset is None or dataset.image_shape != run.image_shape or run.images_hash not in (None, dataset.sha256):
        probe = run.probe()
        data = run.images_hash or digest({"images": probe.images}, {})
        return Images("probe", probe.images, probe.labels, {}, None, data)
    chosen = _spread(len(dataset.test), most)
    pixels, labels = dataset.test.pixels.numpy()[chosen], dataset.test.labels.numpy()[chosen]
    known = {name: values[chosen] for name, values in dataset.factor_classes.items()}
    return Images("test", pixels, labels, known, dataset, dataset.sha256)


def _spread(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


class _Snapshot:
    """One epoch, and what several parts need of it."""

    def __init__(self, run: Run, epoch: int, images: Images, finest: bool, seen: dict[str, Any]) -> None:
        self.run, self.epoch, self.images, self.finest = run, epoch, images, finest
        self.seen = seen  # what several epochs need, by name
        self.model: BetaVAE = run.model(epoch)
        self.mean, self.log_variance = self.encode(images.pixels)
        _check(self.mean)
        self.regimes = regimes.regimes(self.mean, self.log_variance)
        self.passive = [j for j, regime in enumerate(self.regimes) if regime.name == "passive"]
        self._measured: dict[str, np.ndarray] | None = None

    def encode(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means and log-variances (N, D) of images (N, H, W)."""
        mean, log_variance = _in_batches(self.model.posterior, pixels)
        return mean, log_variance

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Pictures (M, H, W) of codes (M, D)."""
        (pictures,) = _in_batches(lambda batch: (self.model.decode(batch),), codes)
        return pictures

    def factors(self, report: Report) -> dict[str, np.ndarray]:
        """The factors of the images, (N,) each."""
        if self._measured is None:
            self._measured = factors.measure_once(self.images.pixels, progress=_counted(report))
        return self._measured


def _check(mean: np.ndarray) -> None:
    if not (np.abs(mean) < _FAR).all():  # which of what is no number is not true either
        raise ValueError("At this epoch the encoder gives codes that are not finite numbers, or beyond all bounds.")


def _in_batches(function: Callable[[np.ndarray], Sequence[torch.Tensor]], rows: np.ndarray) -> list[np.ndarray]:
    """What a function of a model gives for rows, a batch on each core."""

    @torch.inference_mode()
    def work(first: int) -> Sequence[torch.Tensor]:
        return function(rows[first : first + _BATCH])

    with ThreadPoolExecutor(_CORES) as pool:
        found = list(pool.map(work, range(0, len(rows), _BATCH)))
    return [torch.cat(part).numpy() for part in zip(*found, strict=True)]


@contextlib.contextmanager
def _one_core_a_batch() -> Iterator[None]:
    """While this lasts, PyTorch computes with one thread: as many as there are cores, each with its own batch, take
    a third of the processor time of two that share one on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _counted(report: Report) -> Callable[[int, int], None]:
    return lambda done, of: report(done / max(1, of))


# Parts -----------------------------------------------------------------------------------------------------------


def _decomposition(snapshot: _Snapshot, report: Report) -> Record:
    found = decompose(snapshot.mean, snapshot.log_variance, snapshot.run.config.seed, report)
    over = f"{_MEAN} at one code each, against the mixture of all {found.images:,} posteriors"
    estimators = {
        "mutual_information": f"log q(z|x) − log q(z), {over}",
        "total_correlation": f"log q(z) − Σ log q(z_j), {over}",
        "dimension_wise_kl": f"Σ log q(z_j) − log p(z_j), {over}",
        "kl": f"log q(z|x) − log p(z), {_MEAN} at the same codes",
    }
    parts = {
        name: figure(getattr(found, name).value, getattr(found, name).standard_error, found.images, estimator)
        for name, estimator in estimators.items()
    }
    dimensions = [
        {
            "index": j, "kl": found.analytic_kl[j], "dimension_wise_kl": found.per_dimension[j], "regime": regime.name,
            "mixed_share": regime.share if regime.name == "mixed" else 0.0, "mean_variance": regime.mean_variance,
            "variance_mean": regime.variance_mean,
        }
        for j, regime in enumerate(snapshot.regimes)
    ]  # fmt: skip
    return {"decomposition": parts | {"ceiling": found.ceiling}, "dimensions": dimensions}


def _factors(snapshot: _Snapshot, report: Report) -> Record:
    measured = snapshot.factors(report)
    _keep_of_probe(snapshot.run, snapshot.images, measured)
    return {"factors": factors.summary(measured)}


def _keep_of_probe(run: Run, images: Images, measured: dict[str, np.ndarray]) -> None:
    """Keep with the run what was measured on the images that it follows: the map of its codes is coloured by it."""
    if run.factors_stamp() is not None:
        return
    probe = run.probe()
    if images.dataset is None:
        of_probe = measured
    elif len(images.pixels) == len(images.dataset.test):
        of_probe = {name: values[probe.indices] for name, values in measured.items()}
    else:
        of_probe = factors.measure_once(probe.images)
    write_factors(run.path, of_probe)


def _names(snapshot: _Snapshot, report: Report) -> Record:
    found = names.names(
        snapshot.mean, snapshot.log_variance, snapshot.decode, names.deviations(snapshot.factors(report)),
        labels=snapshot.images.labels, passive=snapshot.passive, progress=_counted(report),
    )  # fmt: skip
    return {"dimensions": [names.record(j, name, evidence) for j, (name, evidence) in enumerate(found)]}


def _directions(snapshot: _Snapshot, report: Report) -> Record:
    measured = snapshot.factors(report)
    found = directions.directions(snapshot.mean, snapshot.log_variance, measured, passive=snapshot.passive)
    return {"directions": {name: directions.record(direction) for name, direction in found.items()}}


def _scores(snapshot: _Snapshot, report: Report) -> Record:
    known = snapshot.images.known or snapshot.factors(report) | {"class": snapshot.images.labels}
    found = scores.measure(snapshot.mean, known, ("class", "shape"), seed=snapshot.run.config.seed)
    dimensions = [
        {"index": j, "mutual_information": dict(zip(found.factors, row, strict=True))}
        for j, row in enumerate(found.information)
    ]
    return {"scores": found.records, "dimensions": dimensions}


def _representation(snapshot: _Snapshot, report: Report) -> Record:
    images, dataset = snapshot.images, snapshot.images.dataset
    if dataset is None:  # every second image of each class, so that both halves have all classes
        learn = turns(images.labels) % 2 == 0
        codes, labels, held, truth = (
            snapshot.mean[learn], images.labels[learn], snapshot.mean[~learn], images.labels[~learn],
        )  # fmt: skip
        learned = f"learned on {len(labels):,} of the probe images, counted on the others"
    else:
        chosen = _spread(len(dataset.train), max(len(images.pixels), representation.NEIGHBOURS))
        codes, _ = snapshot.encode(drawn(dataset.train.pixels[torch.from_numpy(chosen)]).numpy())
        labels, held, truth = dataset.train.labels.numpy()[chosen], snapshot.mean, images.labels
        learned = f"learned on {len(labels):,} training images, counted on test images"
    report(0.3)
    _check(codes)
    near = representation.neighbours(codes, labels, held, truth)
    report(0.8)
    line = representation.linear(codes, labels, held, truth)
    return {
        "representation": {
            "neighbours": figure(*near, f"accuracy of the {representation.NEIGHBOURS} nearest means, {learned}"),
            "linear": figure(*line, f"accuracy of logistic regression on the means, {learned}"),
        }
    }


def _generation(snapshot: _Snapshot, report: Report) -> Record:
    images, dataset, seen = snapshot.images, snapshot.images.dataset, snapshot.seen
    if dataset is None:
        raise ValueError("Samples are compared with the data set's images, and these are not to be had here.")
    if not seen:
        judge = samples.classifier(dataset, lambda share: report(0.3 * share))
        chosen = torch.from_numpy(_spread(len(dataset.train), len(images.pixels)))
        features, _ = _in_batches(judge.look, drawn(dataset.train.pixels[chosen]).numpy())
        of_test, _ = _in_batches(judge.look, images.pixels)
        seen |= {"classifier": judge, "test": of_test, "floor": samples.frechet_distance(features, of_test)}
        seen["training images"] = len(chosen)
    judge = seen["classifier"]
    floor, floor_error = seen["floor"]
    report(0.3)
    codes = sample_prior(len(images.pixels), snapshot.mean.shape[1], snapshot.run.config.seed).numpy()
    pictures = snapshot.decode(codes)
    report(0.7)
    features, probabilities = _in_batches(judge.look, pictures)
    report(0.9)
    count = f"{len(pictures):,}"
    distance = f"squared Fréchet distance in the {samples.FEATURES} features of the {judge.name}"
    return {
        "generation": {
            "frechet": figure(
                *samples.frechet_distance(features, seen["test"]), len(pictures),
                f"{distance}, {count} means decoded from N(0, I) against {len(images.pixels):,} test images",
            ),
            "frechet_floor": figure(
                floor, floor_error, len(images.pixels),
                f"{distance}, {seen['training images']:,} training against {len(images.pixels):,} test images",
            ),
            "sure": figure(
                *samples.sure_share(probabilities),
                f"share of {count} means decoded from N(0, I) to which the {judge.name} gives a class with a "
                f"probability of {samples.SURE:g} or more; of test images it is {judge.sure:.3f}",
            ),
            "classifier": {"name": judge.name, "hash": judge.hash[:16], "accuracy": judge.accuracy},
        }
    }  # fmt: skip


def _likelihood(snapshot: _Snapshot, report: Report) -> Record:
    pixels = torch.from_numpy(snapshot.images.pixels)
    share = min(1.0, len(pixels) / MOST_IMAGES)
    levels = [(samples, max(2, round(share * count))) for samples, count in (*LEVELS, FINEST)]
    levels = levels if snapshot.finest else levels[: len(LEVELS)]
    told = []
    for bound in likelihood(snapshot.model, pixels, levels, snapshot.run.config.seed, report, _CORES):
        estimator = (
            f"importance-weighted bound with {bound.samples:,} {'code' if bound.samples == 1 else 'codes'} an image, "
            "nats an image, on pixels made black or white once by their grey values"
        )
        if bound.samples > 1:
            estimator += f"; what so many add to a tenth as many is measured on {bound.images:,} of the images"
        told.append({"samples": bound.samples} | figure(bound.value, bound.standard_error, len(pixels), estimator))
    return {"likelihood": told}


class _Part(NamedTuple):
    measure: Callable[[_Snapshot, Report], Record]
    work: float  # seconds on two cores, about, for the time that is left


_PARTS = {
    "decomposition": _Part(_decomposition, 2.0),
    "factors": _Part(_factors, 0.3),
    "names": _Part(_names, 5.0),
    "directions": _Part(_directions, 0.3),
    "scores": _Part(_scores, 6.0),
    "representation": _Part(_representation, 2.0),
    "generation": _Part(_generation, 3.0),
    "likelihood": _Part(_likelihood, 5.0),
}
_FINEST_WORK = 8.0


# A run -----------------------------------------------------------------------------------------------------------


def measure_run(
    run: Run,
    epochs: Sequence[int] | None = None,
    parts: Collection[str] = PARTS,
    report: Callable[[Step], None] | None = None,
    patience: float = 0.0,
    most: int = MOST_IMAGES,
) -> Iterator[Step]:
    """Measure what is missing of a run, write it, part by part, and say each time how far it is.

    The last epoch comes first, and only of it the likelihood is measured with a thousand codes, too. What is there for
    the same images, weights and method is kept, so a measuring that was ended at any moment, as by an exception that
    `report` raises, goes on where it was.

    Args:
        epochs: snapshots; by default all there are.
        parts: of `PARTS`, in their order.
        report: told how far it is, a few times a second.
        patience: seconds to wait for another process that measures the run; negative, for as long as it takes.
        most: images to measure what is missing on.

    Raises:
        RunError: when the run cannot be read or written, or another process measures it.
    """
    wanted = [run.snapshot(epoch) for epoch in epochs] if epochs is not None else run.epochs()
    last = run.snapshot()
    wanted = sorted(set(wanted), key=lambda epoch: (epoch != last, epoch))
    if not _Measuring(run, wanted, parts, report).plan:
        return  # and the folder need not be one that can be written
    lock = metrics_lock(run.path)
    try:
        lock.acquire(timeout=patience)
    except filelock.Timeout:
        raise RunError(f"Another process is measuring {run.path}. Wait for it.") from None
    except OSError as error:
        raise RunError(
            f"What is measured would be kept in {run.path}, which cannot be written ({error.strerror}). Mend that, or "
            "copy the run to where it can."
        ) from error
    try:
        measuring = _Measuring(run, wanted, parts, report)  # anew, since another process may have been waited for
        if measuring.plan:
            with _one_core_a_batch():
                yield from measuring.all(images_of(run, most))
        say_nothing_more(run.path)
    except (RunError, OSError) as error:
        with contextlib.suppress(RunError):
            say(run.path, "failed", error=str(error))
        raise
    except BaseException:  # it was ended, and can go on
        say_nothing_more(run.path)
        raise
    finally:
        lock.release()


class _Measuring:
    """One pass over the epochs of a run."""

    def __init__(
        self, run: Run, epochs: list[int], parts: Collection[str], report: Callable[[Step], None] | None
    ) -> None:
        self.run, self.report = run, report
        known: dict[int, Record] = {}
        with contextlib.suppress(RunError):  # what is damaged is measured anew
            known = run.measured()
        self.plan: list[tuple[int, Record, list[str]]] = []
        for epoch in epochs:
            weights = self.hash_of(epoch)
            record = known.get(epoch, {})
            if record.get("method") != METHOD or weights is None or record.get("weights") != weights:
                record = {"method": METHOD, "weights": weights, "parts": {}}
            if left := missing(run, record, epoch, parts):
                self.plan.append((epoch, record, left))
        self.total = sum(self.work(epoch, part) for epoch, _, left in self.plan for part in left)
        self.seen: dict[str, Any] = {}
        self.done, self.said, self.began = 0.0, 0.0, time.perf_counter()

    def hash_of(self, epoch: int) -> str | None:
        """What tells the weights of an epoch; None where they cannot be read."""
        try:
            return digest(self.run.weights(epoch), {})[:16]
        except RunError:
            return None

    def work(self, epoch: int, part: str) -> float:
        return _PARTS[part].work + (_FINEST_WORK if part == "likelihood" and finest(self.run, epoch) else 0.0)

    def step(self, epoch: int, part: str, done: float) -> Step:
        """How far it is, told to whoever asked to be told, and every second to whoever reads the run."""
        now = time.perf_counter()
        share = min(1.0, done / self.total)
        step = Step(epoch, part, share, (now - self.began) / share * (1 - share) if share > 0.01 else None)
        if now - self.said > 1:
            self.said = now
            stage = f"Epoch {epoch}: {part}"
            say(self.run.path, stage=stage, done=round(100 * share), remaining=step.remaining)
        if self.report:
            self.report(step)
        return step

    def all(self, images: Images) -> Iterator[Step]:
        for epoch, record, left in self.plan:
            record |= {"epoch": epoch, "split": images.split, "images": len(images.pixels)}
            self.step(epoch, left[0], self.done)
            snapshot: _Snapshot | str
            try:
                snapshot = _Snapshot(self.run, epoch, images, finest(self.run, epoch), self.seen)
            except ValueError as error:
                snapshot = str(error)
            except RunError as error:
                snapshot = str(error).replace(f"{self.run.path}/", "")
            for part in left:
                began = time.perf_counter()
                _merge(record, plain(self.found(snapshot, epoch, part)))
                record["parts"][part] = round(time.perf_counter() - began, 2)
                record["seconds"] = round(sum(record["parts"].values()), 1)
                write_metrics(self.run, images.data, epoch, record)
                self.done += self.work(epoch, part)
                yield self.step(epoch, part, self.done)

    def found(self, snapshot: _Snapshot | str, epoch: int, part: str) -> Record:
        """What a part finds, or why it finds nothing."""
        work = self.work(epoch, part)
        self.tell(epoch, part, 0.0)
        if isinstance(snapshot, str):
            return {part: {"reason": snapshot}}
        try:
            return _PARTS[part].measure(snapshot, lambda share: self.tell(epoch, part, work * share))
        except ValueError as error:
            return {part: {"reason": str(error)}}

    def tell(self, epoch: int, part: str, more: float) -> None:
        self.step(epoch, part, self.done + more)


def _merge(record: Record, found: Record) -> None:
    """Take what a part found into a record, what it says of a dimension into what is known of that dimension."""
    dimensions = found.pop("dimensions", [])
    record |= found
    known = {one["index"]: one for one in record.get("dimensions", [])}
    for one in dimensions:
        known.setdefault(one["index"], {}).update(one)
    record["dimensions"] = [known[index] for index in sorted(known)]
