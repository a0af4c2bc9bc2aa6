"""Commands that train: train, sweep."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bvae.cli.arguments import Commands, called, config_flags, field_names, positive
from bvae.cli.signals import STOPPED, StopRequest, on_signals
from bvae.config import Config, ConfigError, flag, propose_name
from bvae.numbers import number
from bvae.processes import importing
from bvae.runs import Epoch, Run, check_new_run, own_folder


def add(commands: Commands) -> None:
    """Add these commands."""
    train = commands.add("train", _train, "train a run", run=False)
    train.add_argument(
        "--run", metavar="DIR", help="the run's folder; by default one in runs/, named after what is trained"
    )
    train.add_argument("--resume", action="store_true", help="continue the run at DIR, to more --epochs if given")
    train.add_argument("--json", action="store_true", help="print the last epoch's record as JSON, and no progress")
    config_flags(train)

    sweep = commands.add("sweep", _sweep, "train a run for every combination of values", run=False)
    sweep.add_argument("--into", metavar="DIR", required=True, help="the sweep's folder; its runs go into it")
    sweep.add_argument(
        "--at-once", type=positive, metavar="COUNT",
        help="trainers at a time, each of one run; by default one for each core, on a cluster as many as it has room "
        "for, and on a GPU one that trains up to 8 runs as one model",
    )  # fmt: skip
    sweep.add_argument(
        "--ray", metavar="ADDRESS",
        help="train on the Ray cluster at HOST:PORT, whose machines share DIR; needs the package ray",
    )  # fmt: skip
    sweep.add_argument("--print", action="store_true",
                       help="print the command that each run needs yet, a line each, and train none")  # fmt: skip
    sweep.add_argument("--json", action="store_true", help="print all last records as one JSON object, and no progress")
    config_flags(sweep, nargs="+")


def _train(options: argparse.Namespace) -> int:
    given = {name: value for name, value in vars(options).items() if name in field_names() and value is not None}
    path = own_folder() / _default_name(given) if options.run is None else Path(options.run)
    if options.resume:
        if options.run is None:
            raise ConfigError("--resume needs --run DIR, the run to continue.")
        if fixed := sorted(set(given) - {"epochs", "device"}):
            flags = ", ".join(map(flag, fixed))
            raise ConfigError(
                f"{flags} cannot change in a run that has begun. With --resume give --epochs or --device only."
            )
    config = None if options.resume else Config(**given)
    if config is not None:
        check_new_run(path)

    with importing("torch"):
        from bvae.training import StoppedError, train_run

    request = StopRequest()

    def on_start(config: Config, device: Any, epoch: int) -> None:
        request.listens = True
        bar.start(config, device, epoch)

    bar = _TrainingBar(quiet=options.json)
    record: dict[str, Any] = {}
    try:
        with on_signals(request.on_signal), contextlib.closing(bar):
            for record in train_run(
                path, config, resume=options.resume, epochs=options.epochs, device=options.device,
                stop=lambda: request.asked, report=bar.report, on_start=on_start,
            ):  # fmt: skip
                bar.record(record)
    except StoppedError:
        print(f"Stopped. Continue with: {called()} train --run {path} --resume", file=sys.stderr)
        return STOPPED
    last = Epoch(record) if record else Run(path).history()[-1]
    if options.json:
        print(json.dumps({"run": str(path), **last}))
    else:
        print(f"{path}: {_figures(last)}")
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from bvae.sweep import Stand, Sweep, failures
    from bvae.swept import Table

    sweep = Sweep(options.into, {name: given for name in field_names() if (given := getattr(options, name))})
    if options.print:
        sweep.write()
        for stand in sweep.stands():
            print("true" if stand.state == "done" else shlex.join(["python", *sweep.arguments(stand)]))
        return 0
    asked: list[int] = []
    stands: list[Stand] = []
    with (
        on_signals(lambda number, _: asked.append(number)),
        contextlib.closing(Table(quiet=options.json)) as table,
    ):
        for stands in sweep.train(options.at_once, lambda: bool(asked), options.ray):
            table.show(stands)
    failed = failures(stands)
    for sentence in failed:
        print(sentence, file=sys.stderr)
    done = sum(stand.state == "done" for stand in stands)
    if options.json:
        print(json.dumps({"sweep": str(sweep.folder), "values": sweep.values, "runs": [
            {"run": str(stand.member.path), "state": stand.state, "error": stand.error, **(stand.record or {})}
            for stand in stands
        ]}))  # fmt: skip
    else:
        print(f"{sweep.folder}: {done} of {len(stands)} runs done" + (f", {len(failed)} failed" if failed else ""))
    if asked:
        print("Stopped. The same command goes on.", file=sys.stderr)
        return STOPPED
    return 0 if done == len(stands) else 1


def _figures(record: Epoch) -> str:
    return (
        f"epoch {record.epoch}, test -ELBO {number(-record.elbo)} "
        f"= reconstruction {number(record.reconstruction)} + KL {number(record.kl)} nats an image "
        f"({record.test['images']:,} images), {record.active_units} active units"
    )


def _default_name(given: dict[str, Any]) -> str:
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    return f"{propose_name(Config(**given))}-{stamp}"


class _TrainingBar:
    """One bar for the whole run, so that the time left is the run's."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.bar: tqdm[Any] | None = None
        self.active: int | None = None

    def start(self, config: Config, device: Any, epoch: int) -> None:
        self.bar = tqdm(
            total=config.epochs, initial=epoch, unit="epoch", disable=self.quiet, dynamic_ncols=True,
            bar_format="{l_bar}{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}]{postfix}",
        )  # fmt: skip

    def report(self, progress: Any) -> None:
        if self.bar is None:
            return
        self.bar.update(progress.epoch - 1 + progress.step / progress.steps - self.bar.n)
        self._say("train", progress.loss, progress.reconstruction, progress.kl)

    def record(self, record: dict[str, Any]) -> None:
        self.active = record["active_units"]
        if self.bar is None:
            return
        self.bar.update(record["epoch"] - self.bar.n)
        test = record["test"]
        self._say("test", test["loss"], test["reconstruction"], test["kl"])

    def _say(self, split: str, loss: float, reconstruction: float, kl: float) -> None:
        assert self.bar is not None
        active = "" if self.active is None else f", {self.active} active"
        self.bar.set_postfix_str(
            f"{split} loss {number(loss)}, reconstruction {number(reconstruction)}, KL {number(kl)}{active}",
            refresh=False,
        )

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
