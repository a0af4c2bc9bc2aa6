"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Each process uses one core: several tests run at once, and threads without a core to run on spin. Over a film of 120
# points, two threads that wait for each other 500 times spend twenty times what one does.
for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")


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
