"""A sweep's word with a Ray cluster: `python -m bvae.on_ray ADDRESS FOLDER`, the only process that imports Ray.

It reads names of the sweep's runs, a line each, and gives each to the cluster as a task. It prints JSON objects, one a
line: `{"joined": true}` first, `{"ended": NAME, "how": SENTENCE}` for every task, or `{"problem": SENTENCE}` and no
more. When there is no more to read, whoever asked has had enough or is gone: the tasks save where they are, and it
ends.

A task trains within the worker that Ray gave it, and not by a process of its own: a worker that is killed leaves no
trainer behind that would still write the run when the task is tried again. The run's lock holds for all others.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import re
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock

from bvae.processes import PROJECT
from bvae.runs import RunError, run_lock
from bvae.sweep import Sweep

TRIES = 5  # of a run whose worker dies
_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_SAVING_SECONDS = 60.0
# For the lock of a run whose writer was killed on another machine, which the shared folder may hold a while.
_LOCK_SECONDS = 120.0


# In a worker of the cluster ------------------------------------------------------------------------------------------


def train(folder: str, name: str, values: dict[str, Any]) -> str | None:
    """Train a run of a sweep from where it is; what keeps it from that is told in the run or its log.

    Args:
        folder: of the sweep.
        name: of the run.
        values: of the sweep, so that another folder of the same name is known for what it is.

    Returns:
        Why this worker cannot train the sweep; None where it can.
    """
    from bvae.cli import main

    try:
        sweep = Sweep.read(folder)
    except (RunError, OSError):
        sweep = None
    if sweep is None or sweep.values != values:
        return (
            f"The worker on {socket.gethostname()} does not see {folder}. Put the sweep into a folder that all "
            "machines of the cluster share."
        )
    member = next(member for member in sweep.members if member.name == name)
    if member.path.exists():
        with contextlib.suppress(OSError, filelock.Timeout), run_lock(member.path).acquire(timeout=_LOCK_SECONDS):
            pass
    stand = sweep.stand(member)
    if stand.state == "done":
        return None
    with (
        sweep.log(member).open("w") as log,
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(log),
    ):
        main([*sweep.arguments(stand)[2:], "--json"])
    return None


def _task(project: str, environment: dict[str, str]) -> Callable[[str, str, dict[str, Any]], str | None]:
    """What a worker is given: a function that travels whole, since the worker finds this project only by it."""

    def task(folder: str, name: str, values: dict[str, Any]) -> str | None:
        import os
        import socket
        import sys

        os.environ.update(environment)
        sys.path.insert(0, project)
        try:
            from bvae.on_ray import train
        except ImportError as error:
            return (
                f"The worker on {socket.gethostname()} cannot import what training needs ({error}). Install the same "
                f"packages there, and put this project where all machines of the cluster see it (it is in {project})."
            )
        return train(folder, name, values)

    return task


# In the process that speaks to the cluster ---------------------------------------------------------------------------


class Talk:
    """What whoever asked says and is told. Whatever else would be printed goes to the log."""

    def __init__(self) -> None:
        self.told = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self.names: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None: there will be no more
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self.names.put(line.strip())
        self.names.put(None)

    def say(self, **values: Any) -> None:
        """Tell something."""
        print(json.dumps(values), file=self.told, flush=True)


def join(address: str) -> Any:
    """Ray, in the cluster at an address.

    Raises:
        RunError: when there is none that can be joined, with what to do.
    """
    found = re.fullmatch(r"auto|(?:ray://)?(?:([^\s:/]+)|\[([0-9A-Fa-f:]+)\]):([0-9]{1,5})", address)
    if not found:
        raise RunError(f"{address!r} is no address of a Ray cluster. Give HOST:PORT as `ray start` prints it, or auto.")
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError:
        raise RunError('Ray is not installed here. Install it with: pip install "ray>=2.40,<3"') from None
    if found[3]:
        try:
            socket.create_connection((found[1] or found[2], int(found[3])), _ANSWER_SECONDS).close()
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RunError(
                f"Nothing answers at {address} ({reason}). Start a Ray cluster with `ray start --head`, or give the "
                "address of one that is up."
            ) from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # of many kinds, and what they say is what is known
        said = " ".join(str(error).split())
        raise RunError(f"Ray at {address} could not be joined: {said[:400].rstrip('.')}.") from None
    return ray


def work(address: str, folder: Path, talk: Talk) -> None:
    """Give runs to the cluster as they are named, until no more are.

    Raises:
        RunError: when the cluster cannot be joined, or cannot train the sweep.
    """
    sweep = Sweep.read(folder)
    ray = join(address)
    talk.say(joined=True)
    wanted = {member.config.device for member in sweep.members}
    gpus = 1 if wanted != {"cpu"} and ray.cluster_resources().get("GPU") else 0
    carried = {name: value for name, value in os.environ.items() if name.startswith("BVAE_")}
    # One thread for each: sums over other parts of a batch are not equal to the last bit.
    task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=TRIES - 1)(
        _task(str(PROJECT), carried | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
    )
    names: dict[Any, str] = {}
    try:
        while True:
            with contextlib.suppress(queue.Empty):
                if (name := talk.names.get(timeout=0 if names else _LOOK_SECONDS)) is None:
                    return
                names[task.remote(str(folder), name, sweep.values)] = name
                continue
            for reference in ray.wait(list(names), timeout=_LOOK_SECONDS)[0] if names else []:
                name, how = names.pop(reference), ""
                try:
                    if problem := ray.get(reference):
                        raise RunError(problem)
                except ray.exceptions.RayError as error:
                    how = f"Its worker died {TRIES} times ({type(error).__name__}). The same command goes on."
                talk.say(ended=name, how=how)
    finally:
        for reference in names:
            ray.cancel(reference)
        if names:
            ray.wait(list(names), num_returns=len(names), timeout=_SAVING_SECONDS)
        ray.shutdown()


if __name__ == "__main__":
    talk = Talk()
    try:
        work(sys.argv[1], Path(sys.argv[2]), talk)
    except RunError as error:
        talk.say(problem=str(error))
