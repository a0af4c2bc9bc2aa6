"""The layout of latent space: the means of an epoch in the plane, beside those of the last, and how true that is.

Every frame is a UMAP of its own epoch (McInnes et al. 2018): umap-learn's fuzzy graph, over exact neighbours, and the
same attraction and repulsion. What makes frames a film is where each begins and what holds it. A frame begins where the
last one ended, and a point is held there as far as its neighbourhood stayed the same; where its neighbourhood changed,
it is free to go. Nothing flows from a later epoch to an earlier one, so that

- epoch 0 is what UMAP alone makes of epoch 0, and no later structure shows in it,
- the frames of a run in training never move when an epoch is added, and
- an epoch that changed nothing moves nothing.

The optimiser moves all points of a round at once, from the positions of the round before, and every point draws its
random numbers from (seed, epoch's place, round, point). So a film is the same on one core and on many.

torch, numba and umap-learn are imported where they are needed, because the app's pages draw films but work none out.
No frame needs umap-learn, whose import compiles for 17 seconds on a new machine: only what the film is compared with.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bvae.processes import importing

if TYPE_CHECKING:
    import torch

NEIGHBOURS = 15  # UMAP's default, and the k of every figure of quality
MIN_DISTANCE = 0.1  # UMAP's default
_CURVE = 1.57694346, 0.89506088  # umap-learn's a and b, for this distance
# A frame that shares nothing with the last is made as UMAP makes one: full step size, enough rounds to settle. One that
# shares everything needs little. Between the two, as much as neighbourhoods changed.
ROUNDS = (100, 250)
STEP_SIZE = (0.1, 1.0)
# How strongly a point is held by its last position, each round, where half of its neighbours stayed; see `hold`.
HOLD = 0.02
UNCHANGED = 0.8  # a point that kept this share of its neighbours has no reason to move
_FEWEST = 4  # points that make a graph; fewer, or points that are all the same, are shown by their components
_CHUNK = 512  # rows of a table of distances at a time


class Neighbours(NamedTuple):
    """The nearest points of every point, itself first, exactly."""

    indices: np.ndarray  # (N, k) int64
    distances: np.ndarray  # (N, k) float32


class Frame(NamedTuple):
    """One epoch in the plane."""

    positions: np.ndarray  # (N, 2) float32
    kept: np.ndarray  # (N,) float32, the share of its neighbours that a point kept since the frame before
    neighbours: Neighbours | None  # of the means; only the last frame of a film needs them


class Quality(NamedTuple):
    """How well a frame shows its means; see `measure`."""

    trustworthiness: float
    continuity: float
    accuracy: float


# Neighbours ------------------------------------------------------------------------------------------------------


def neighbours(points: np.ndarray, count: int = NEIGHBOURS, device: str = "cpu") -> Neighbours:
    """The `count` nearest points of each of (N, D), itself among them and first, by exact Euclidean distance.

    Raises:
        ValueError: when a point is not finite.
    """
    if not np.isfinite(points).all():
        raise ValueError("The means hold values that are not finite numbers.")
    with importing("torch"):
        import torch

    count = min(count, len(points))
    indices = np.empty((len(points), count), np.int64)
    distances = np.empty((len(points), count), np.float32)
    for start, table in _distances(_on(points, device)):
        rows = torch.arange(len(table), device=table.device)
        table[rows, start + rows] = -1  # before a duplicate, whose distance is 0 too
        near, place = table.topk(count, largest=False)
        indices[start : start + len(table)] = place.cpu().numpy()
        distances[start : start + len(table)] = near.clamp_(min=0).cpu().numpy()
    return Neighbours(indices, distances)


def overlap(before: Neighbours, after: Neighbours) -> np.ndarray:
    """The share of its neighbours that each point kept, (N,) float32, itself not counted; 1 where there are none."""
    count = before.indices.shape[1] - 1
    if count < 1:
        return np.ones(len(before.indices), np.float32)
    same = before.indices[:, 1:, None] == after.indices[:, None, 1:]
    return (same.any(2).sum(1) / count).astype(np.float32)


def _on(points: np.ndarray, device: str) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.array(points, dtype=np.float32, order="C")).to(device)


def _distances(points: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """The table of distances, some rows at a time, each with the number of its first row."""
    import torch

    for start in range(0, len(points), _CHUNK):
        # Without matrix products, whose rounding would shuffle near neighbours.
        yield start, torch.cdist(points[start : start + _CHUNK], points, compute_mode="donot_use_mm_for_euclid_dist")


# Frames ----------------------------------------------------------------------------------------------------------


def first_frame(means: np.ndarray, seed: int = 0, device: str = "cpu") -> Frame:
    """Lay out the means (N, D) of a run's first epoch, from their principal components, as UMAP may.

    Raises:
        ValueError: when a mean is not finite.
    """
    near = neighbours(means, device=device)
    start = principal_components([means])[0]
    start *= 10 / max(np.abs(start).max(), 1e-12)  # the size that umap-learn begins with
    kept = np.zeros(len(means), np.float32)
    return Frame(_optimise(start, means, near, kept, np.zeros(len(means)), (seed, 0)), kept, near)


def next_frame(last: Frame, means: np.ndarray, place: int, seed: int = 0, device: str = "cpu") -> Frame:
    """Lay out the means (N, D) of the epoch after a frame, which is left as it is.

    Args:
        place: which frame of the film it is, 1 for the one after the first.

    Raises:
        ValueError: when a mean is not finite.
    """
    assert last.neighbours is not None
    near = neighbours(means, device=device)
    kept = overlap(last.neighbours, near)
    return Frame(_optimise(last.positions, means, near, kept, hold(kept), (seed, place)), kept, near)


def hold(kept: np.ndarray) -> np.ndarray:
    """How strongly a point is drawn back to its last position in each round: 0 if no neighbour stayed, 1 if all did."""
    pull = HOLD * kept**4
    return pull / (1 - kept + pull)


def _optimise(
    start: np.ndarray, means: np.ndarray, near: Neighbours, kept: np.ndarray, held: np.ndarray, seed: tuple[int, int]
) -> np.ndarray:
    if len(means) < _FEWEST or not np.ptp(means, axis=0).any():
        return align(principal_components([means])[0], start, scale=False).astype(np.float32)
    with importing("numba"):
        from bvae.compiled import rounds

    graph = fuzzy_graph(near)
    changed = 1 - float(np.median(kept))
    effort = min(1.0, 2 * changed) ** 2
    (least, most), (gentle, full) = ROUNDS, STEP_SIZE
    anchor = start.astype(np.float64)
    if np.ptp(anchor[:, 1]) < 1e-6:  # of one latent dimension: on a line, no point can get past another
        anchor[:, 1] += 0.01 * np.random.default_rng(seed).normal(size=len(anchor))
    step_size, times = gentle + (full - gentle) * effort, round(least + (most - least) * effort)
    positions = rounds(
        anchor, held, graph.pointers, graph.targets, graph.strengths / graph.strengths.max(), *_CURVE,
        step_size, times, np.uint64(seed[0] * 65_537 + seed[1]),
    )  # fmt: skip
    return np.asarray(positions, dtype=np.float32)


class Graph(NamedTuple):
    """A symmetric matrix (N, N) in sparse rows: of row i, `targets` and `strengths` from `pointers[i]` to the next."""

    pointers: np.ndarray  # (N + 1,) int64
    targets: np.ndarray  # (edges,) int64, rising in each row
    strengths: np.ndarray  # (edges,) float64 in (0, 1]


def fuzzy_graph(near: Neighbours) -> Graph:
    """UMAP's fuzzy simplicial set (McInnes et al. 2018, algorithm 2).

    An edge is as strong as exp(−(d − ρ) / σ), with ρ a point's distance to its nearest other, and σ such that its edges
    add up to log₂ of how many they are; the two ends' strengths s and t make s + t − st.
    """
    count, k = near.indices.shape
    far = near.distances.astype(np.float64)
    nearest = np.where(far > 0, far, np.inf).min(1, keepdims=True)
    nearest[np.isinf(nearest)] = 0
    beyond = np.maximum(far - nearest, 0)  # (N, k)
    sigma, low, high = np.ones((count, 1)), np.zeros((count, 1)), np.full((count, 1), np.inf)
    for _ in range(64):
        excess = np.exp(-beyond[:, 1:] / sigma).sum(1, keepdims=True) - np.log2(k)
        low, high = np.where(excess < 0, sigma, low), np.where(excess > 0, sigma, high)
        halfway = np.where(np.isinf(high), 2 * sigma, (low + high) / 2)
        sigma = np.where(np.abs(excess) < 1e-5, sigma, halfway)
    sigma = np.maximum(sigma, 1e-3 * np.where(nearest > 0, far.mean(1, keepdims=True), far.mean()))
    strengths = np.exp(-np.divide(beyond, sigma, out=np.zeros_like(beyond), where=sigma > 0))  # (N, k)
    rows = np.broadcast_to(np.arange(count)[:, None], near.indices.shape)
    there = (near.indices != rows) & (strengths > 0)
    rows, columns, one_way = rows[there], near.indices[there], strengths[there]
    edges, places = np.unique(np.concatenate([rows * count + columns, columns * count + rows]), return_inverse=True)
    both = np.zeros((2, len(edges)))  # either end's strength
    both[0, places[: len(rows)]] = both[1, places[len(rows) :]] = one_way
    pointers = np.searchsorted(edges, np.arange(count + 1) * count)
    return Graph(pointers, edges % count, both[0] + both[1] - both[0] * both[1])


def independent_layout(means: np.ndarray, seed: int = 0, device: str = "cpu") -> np.ndarray:
    """umap-learn's own layout (N, 2) float32 of one epoch's means (N, D), which knows of no other epoch."""
    if len(means) < _FEWEST or not np.ptp(means, axis=0).any():
        return principal_components([means])[0].astype(np.float32)
    from bvae.compiled import umap_learn

    count = min(NEIGHBOURS, len(means) - 1)
    # Found here, where umap-learn's own search would first be compiled, for half a minute and in each process anew.
    near = neighbours(means, count, device)
    small = "pca" if means.shape[1] > 1 else "random"  # one dimension has no two components
    start = "spectral" if len(means) > 50 else small
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed makes it run on one core, and that no other points can be added
        found = umap_learn()(
            n_neighbors=count, min_dist=MIN_DISTANCE, init=start, random_state=seed, precomputed_knn=tuple(near)
        ).fit_transform(means)
    return np.asarray(found, dtype=np.float32)


# Principal components --------------------------------------------------------------------------------------------


def principal_components(means: Sequence[np.ndarray], each: bool = False) -> list[np.ndarray]:
    """Every epoch's means (N, D) on two principal components, (N, 2) float64: linear, and the honest control.

    Args:
        each: fit them to every epoch, and turn each frame as near to the last as it goes. Otherwise those of the last
            epoch are applied to all, so that one direction of the plane means one direction of latent space throughout.
    """
    if not each:
        centre, axes = _axes(means[-1])
        return [(epoch - centre) @ axes for epoch in means]
    frames: list[np.ndarray] = []
    for epoch in means:
        centre, axes = _axes(epoch)
        frame = (epoch - centre) @ axes
        frames.append(align(frame, frames[-1], scale=False) if frames else frame)
    return frames


def _axes(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The centre (D,) and the two directions (D, 2) of the greatest variance, of fixed sign."""
    means = means.astype(np.float64)
    centre = means.mean(0)
    axes = np.zeros((means.shape[1], 2))
    # Of D × D numbers: over those of (N, D), two threads on a busy machine spend seconds waiting for each other.
    found = np.linalg.eigh((means - centre).T @ (means - centre))[1][:, ::-1][:, : min(2, len(means))]
    found *= np.sign(found[np.abs(found).argmax(0), range(found.shape[1])])
    axes[:, : found.shape[1]] = found
    return centre, axes


def align(frame: np.ndarray, target: np.ndarray, scale: bool = True) -> np.ndarray:
    """A frame (N, 2) turned, mirrored, shifted and, if wanted, scaled to lie as near to another as it goes.

    Procrustes (Schönemann 1966). These movements are free: neither picture says anything by them.
    """
    centre, goal = frame.mean(0), target.mean(0)
    u, stretch, vt = np.linalg.svd((frame - centre).T @ (target - goal))
    size = stretch.sum() / max(((frame - centre) ** 2).sum(), 1e-12) if scale else 1.0
    return np.asarray((frame - centre) @ (u @ vt) * size + goal)


# Quality ---------------------------------------------------------------------------------------------------------


def compared(points: int) -> int:
    """How many neighbours of each of so many points `measure` looks at."""
    return min(NEIGHBOURS, (points - 1) // 2)


def measure(means: np.ndarray, positions: np.ndarray, labels: np.ndarray, device: str = "cpu") -> Quality:
    """How well positions (N, 2) show means (N, D), with k = 15, or fewer where there are not so many points.

    Trustworthiness and continuity are those of Venna & Kaski (2001), as scikit-learn defines the first: whether near
    points of the plane are near in latent space, and the other way round; 1 is best. Accuracy is the share of points
    whose class is the most frequent one among their neighbours in the plane.
    """
    k = compared(len(means))
    if k < 1:
        return Quality(1.0, 1.0, 1.0)
    from bvae.compiled import intruders

    near_latent = neighbours(means, k + 1, device).indices[:, 1:]
    near_plane = neighbours(positions, k + 1, device).indices[:, 1:]
    classes = np.zeros((len(labels), int(labels.max()) + 1), np.int64)
    np.add.at(classes, (np.arange(len(labels))[:, None], labels[near_plane]), 1)
    worst = len(means) * k * (2 * len(means) - 3 * k - 1) / 2
    return Quality(
        1 - intruders(np.ascontiguousarray(means, np.float32), near_latent, near_plane) / worst,
        1 - intruders(np.ascontiguousarray(positions, np.float32), near_plane, near_latent) / worst,
        float((classes.argmax(1) == labels).mean()),
    )


def steps(positions: np.ndarray) -> np.ndarray:
    """How far the median point moves from frame to frame, (E − 1,), in standard deviations of positions (E, N, 2)."""
    return _movement(positions, np.ones((len(positions), positions.shape[1]), bool))


def spurious(positions: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The same over points that kept `UNCHANGED` of their neighbours, (E − 1,); NaN where there are none.

    Args:
        kept: (E, N), see `Frame`.
    """
    return _movement(positions, kept >= UNCHANGED)


def _movement(positions: np.ndarray, among: np.ndarray) -> np.ndarray:
    size = max(float(positions.std(axis=(0, 1)).mean()), 1e-12)
    far = np.linalg.norm(np.diff(positions, axis=0), axis=2)
    return np.array(
        [np.median(row[chosen]) / size if chosen.any() else np.nan for row, chosen in zip(far, among[1:], strict=True)]
    )
