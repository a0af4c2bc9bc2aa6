"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Each process uses one core: several tests run at once, and threads without a core to run on spin. Over a film of 120
# points, two threads that wait for each other 500 times spend twenty times what one does.
for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")


# The files that take longest come first, so that no process is left with one of them when the others have ended.
LONGEST = [
    "sweep", "every_page", "train_page", "traverse_page", "load_page", "addresses", "lesson", "hostile_runs", "layout",
    "clusters_page", "disentangle_page", "draw_pictures", "starts", "server", "bounds", "interpolate_page",
    "long_names", "reconstruct_page", "sweep_ray", "beside", "clusters_save", "rights", "queue", "exported_page",
    "exported_runs", "generate_page", "draw_page", "cli", "measuring", "resume", "notebook", "compare_page", "touch",
    "archive", "clusters_runs",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those files first."""
    place = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Trainings this small lose more by sharing than they gain, and the last bits of a sum depend on the number.

    Anew for each module: a test before it may have set another number.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
