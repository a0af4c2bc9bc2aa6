"""What all tests of the core share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Trainings this small lose more by sharing than they gain, and the last bits of a sum depend on the number.

    Anew for each module: tests of the film, run before it, set the number of numba's threads, and with it this one.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
