"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Of what tests start, each process uses one core: several tests run at once, and threads without a core to run on spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Trainings this small lose more by sharing than they gain, and the last bits of a sum depend on the number.

    Anew for each module: tests of the film, run before it, set the number of numba's threads, and with it this one.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
