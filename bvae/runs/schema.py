"""What the JSON files of a run may say: one place that knows, asked by whoever reads one.

A run may come from elsewhere, so nothing in it is taken at its word. A table a file says which keys it has, of which
type, within which bounds; a key that no table names is left out. The bounds are those of memory and of float32, in
which the browser computes, and none is near what a trained run says. Imports only the standard library and the config.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bvae.config import DEVICES, MAX_PROBE_IMAGES, Config

STATES = ("queued", "running", "stopped", "finished", "failed")
LAYOUTS = ("umap", "independent", "pca_last", "pca_each")  # the film, and what it is compared with

# How large a run may be: what it takes in memory when it is opened, and in the browser, follows from these.
MAX_JSON = 4 * 2**20  # bytes of one JSON file, and of one line of history.jsonl
MAX_HISTORY = 40 * 2**20  # bytes of history.jsonl, which take ten times as much in memory
MAX_EPOCH = 10**6
MAX_SNAPSHOTS = 2_000
MAX_CLASSES = 1_000
MAX_PARAMETERS = 8_000_000  # of a model: 32 MB a snapshot
MAX_PROBE_BYTES = 64 * 2**20  # of all probe images
MAX_FILM_BYTES = 128 * 2**20
MAX_METRICS = 32 * 2**20  # bytes of metrics.json: 30 snapshots of a thousand dimensions
LONGEST_NAME = 40  # characters of what a person calls a dimension

_NUMBERS = frozenset((int, float))
_LARGE = 1e15  # of a number of which nothing better is known; its square is far within float32
_NATS = 1e24  # of a loss and its parts; at the least σ, an image of the largest size costs 10²³


class SchemaError(ValueError):
    """JSON that says what no run says. Its message names the place and what should stand there."""

    def __init__(self, reason: str, place: str = "") -> None:
        self.reason, self.place = reason, place
        super().__init__(f"{place or 'it'} {reason}")

    def within(self, outer: object) -> SchemaError:
        """The same, told from one level further out, by the key or the position there."""
        inner = self.place if self.place[:1] in ("", "[") else f".{self.place}"
        return SchemaError(self.reason, f"[{outer}]{inner}" if isinstance(outer, int) else f"{outer}{inner}")


Check = Callable[[Any], Any]  # of a value: the same as it may be used, or a SchemaError


# JSON ------------------------------------------------------------------------------------------------------------


def parse(text: str) -> Any:
    """Read JSON. As Python does, it takes NaN and infinity, which are within no bounds: the checks below refuse them.

    Raises:
        SchemaError: for a text that is no JSON.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise SchemaError("is nested too deeply") from None
    except ValueError as error:
        raise SchemaError(f"is no JSON: {error}") from None


def _short(value: object) -> str:
    if isinstance(value, int) and abs(value) > 2**53:  # whose digits could fill a page
        return "a whole number beyond 2^53"
    told = value if isinstance(value, str) else repr(value)
    return told if len(told) <= 40 else f"{told[:40]}…"


# Checks ----------------------------------------------------------------------------------------------------------


def number(low: float = -_LARGE, high: float = _LARGE) -> Check:
    """A finite number within bounds. True and False are none."""

    def check(value: Any) -> float:
        if type(value) not in _NUMBERS or not low <= value <= high:
            raise SchemaError(f"is {_short(value)}, and should be a number from {low:g} to {high:g}")
        return value

    return check


def numbers(count: int, low: float = -_LARGE, high: float = _LARGE) -> Check:
    """A list of so many numbers within bounds. As `list_of(number(low, high), count, count)`, and much faster."""

    def check(value: Any) -> list[float]:
        if not isinstance(value, list) or len(value) != count:
            raise SchemaError(f"should be a list of {count:,} numbers")
        try:
            finite = _NUMBERS.issuperset(map(type, value)) and all(map(math.isfinite, value))
        except OverflowError:  # a whole number that no float can hold
            finite = False
        if not finite or not low <= min(value) <= max(value) <= high:
            raise SchemaError(f"should hold numbers from {low:g} to {high:g}")
        return value

    return check


def whole(low: int = 0, high: int = MAX_EPOCH) -> Check:
    """A whole number within bounds."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise SchemaError(f"is {_short(value)}, and should be a whole number from {low:,} to {high:,}")
        return value

    return check


def text(most: int = 1_000) -> Check:
    """A text of at most so many characters, all of which can be written."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise SchemaError(f"should be a text of at most {most:,} characters")
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a pair of surrogates
            raise SchemaError("has a character that cannot be written") from None
        return value

    return check


def one_of(*choices: Any) -> Check:
    """One of a few values."""

    def check(value: Any) -> Any:
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            raise SchemaError(f"is {_short(value)}, and should be one of {', '.join(map(str, choices))}")
        return value

    return check


def or_none(inner: Check) -> Check:
    """What another check takes, or null."""
    return lambda value: None if value is None else inner(value)


def else_none(inner: Check) -> Check:
    """What another check takes, or None for whatever it refuses."""

    def check(value: Any) -> Any:
        try:
            return inner(value)
        except SchemaError:
            return None

    return check


def list_of(inner: Check, most: int, least: int = 0) -> Check:
    """A list of what another check takes, between `least` and `most` of them."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise SchemaError(f"should be a list of {f'{least:,} to ' if least < most else ''}{most:,}")
        return [_inside(position, inner, each) for position, each in enumerate(value)]

    return check


def map_of(inner: Check, most: int = 100) -> Check:
    """An object of any short names, each with what another check takes."""
    name = text(100)

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > most:
            raise SchemaError(f"should be an object of at most {most} names")
        return {_inside("a name", name, key): _inside(key, inner, each) for key, each in value.items()}

    return check


def table(required: Mapping[str, Check] | None = None, optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys. Another key is left out, and an optional one may be absent."""
    required = required or {}
    checks = {**required, **(optional or {})}

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise SchemaError("should be an object")
        found = {}
        for key, each in value.items():
            if key in checks:
                try:
                    found[key] = checks[key](each)
                except SchemaError as error:
                    raise error.within(key) from None
        if len(found) < len(checks) and (missing := required.keys() - found.keys()):
            raise SchemaError("is missing", min(missing))
        return found

    return check


def _inside(place: object, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except SchemaError as error:
        raise error.within(place) from None


# What each file says ---------------------------------------------------------------------------------------------

_NAME = text(200)
_PROCESS = whole(-(2**31), 2**31)
_TIME = number(0, 1e11)  # seconds since 1970

image_shape = list_of(whole(1, 512), 2, 2)

_RESUMABLE = {"epochs": whole(1), "device": one_of(*DEVICES)}
_DETAILS = table(
    {
        "image_shape": image_shape,
        "class_names": list_of(text(), MAX_CLASSES, 1),
    },
    {
        "parameters": whole(0, MAX_PARAMETERS),
        "data": table(
            optional={
                "name": _NAME, "sha256": _NAME, "train_images": whole(0, 10**9), "test_images": whole(0, 10**9),
                "bernoulli_floor": or_none(number(0, _NATS)),
            }
        ),
        "versions": map_of(_NAME),
        "imported": one_of(True, False),
        "changes": list_of(text(), 20),
        "begun": table(optional=_RESUMABLE),
        "resumed": list_of(table(optional=_RESUMABLE), 1_000),
    },
)  # fmt: skip

# Of its writer, nonsense says as much as nothing: that nobody lives who could be asked.
_WRITER = {"pid": else_none(_PROCESS), "host": else_none(_NAME), "heartbeat": else_none(_TIME)}
_STATUS = table(
    {"state": one_of(*STATES)},
    {
        "epoch": whole(-1), "epochs": whole(), "step": whole(0, 10**9), "steps": whole(0, 10**9), "device": _NAME,
        "error": or_none(text(10_000)), **_WRITER,
    },
)  # fmt: skip

_FIGURES = table(
    {name: number(-_NATS, _NATS) for name in ("loss", "reconstruction", "kl")} | {"images": whole(1, 10**9)}
)


def _record(config: Config) -> Check:
    (weight,) = config.objective
    (other,) = {"beta", "capacity"} - {weight}
    return table(
        {
            "epoch": whole(), weight: number(0, _NATS), "train": _FIGURES, "test": _FIGURES,
            "kl_per_dimension": numbers(config.latent_dim, -_NATS, _NATS),
            "active_units": whole(0, config.latent_dim),
        },
        {
            "seconds": number(0, 1e9), other: or_none(number(0, _NATS)),
            "learning_rate": or_none(number(0, 1e308)),
        },
    )  # fmt: skip


_PER_FRAME = else_none(list_of(or_none(number()), MAX_SNAPSHOTS))
_QUALITY = dict.fromkeys(("trustworthiness", "continuity", "accuracy", "step", "spurious"), _PER_FRAME)
_FILM = table(
    {"state": one_of("running", "laid out", "finished", "failed")},
    {
        "format": whole(), "error": or_none(text(10_000)),
        "stage": else_none(text()), "done": else_none(number(0, 100)),
        "epochs": list_of(whole(), MAX_SNAPSHOTS), "images": whole(1, MAX_PROBE_IMAGES), "seed": whole(0, 2**31),
        # A film can be shown without what was measured of it.
        "remaining": else_none(number(0, 1e9)), "seconds": else_none(number(0, 1e9)), "null_test": else_none(number()),
        "neighbours": else_none(whole(1, 1_000)),
        "kinds": else_none(table(optional=dict.fromkeys(LAYOUTS, else_none(table(optional=_QUALITY))))), **_WRITER,
    },
)  # fmt: skip


_MEASURING = table(
    {"state": one_of("running", "failed")},
    {
        "error": or_none(text(10_000)), "stage": else_none(text()), "done": else_none(number(0, 100)),
        "remaining": else_none(number(0, 1e9)), **_WRITER,
    },
)  # fmt: skip


def dimension_name(value: Any) -> str:
    """What a person calls a latent dimension: 1 to 40 characters, all of which can be seen, on one line."""
    name: str = text(LONGEST_NAME)(value)
    if not name.isprintable() or name != name.strip() or not name:
        raise SchemaError(f"should be a name of 1 to {LONGEST_NAME} visible characters")
    return name


UNNAMED = ("mixed", "nothing that is measured", "carries nothing")  # measured names that say that there is none


def measured_names(value: Any, epoch: int, dimensions: int) -> dict[int, str]:
    """What metrics.json calls the dimensions at an epoch, by their numbers; what is no name of one is left out."""
    each = else_none(table({"index": whole(0, dimensions - 1), "name": text(100)}))
    of_epoch = else_none(table(optional={"dimensions": list_of(each, dimensions)}))
    record = else_none(table(optional={"epochs": table(optional={str(epoch): of_epoch})}))(value) or {}
    told = (record.get("epochs", {}).get(str(epoch)) or {}).get("dimensions", [])
    return {one["index"]: one["name"] for one in told if one and one["name"] not in UNNAMED}


def metrics(value: Any) -> dict[str, Any]:
    """metrics.json, as far as it is this program's: the hash of the images, and the record of each epoch by its number.

    What another program keeps there stays unread; what a record holds is checked by whoever shows it.
    """
    check = table(
        optional={"format": whole(), "data": or_none(_NAME), "epochs": map_of(lambda record: record, MAX_SNAPSHOTS)}
    )
    found: dict[str, Any] = check(value)
    epochs = {
        int(key): record for key, record in found.get("epochs", {}).items() if re.fullmatch("0|[1-9][0-9]{0,6}", key)
    }
    for epoch, record in epochs.items():
        _inside(f"epochs.{epoch}", map_of(lambda each: each), record)
    return found | {"epochs": epochs}


def measuring(value: Any) -> dict[str, Any]:
    """measuring.json: how far the process is that measures a run."""
    return _MEASURING(value)


def names(value: Any, dimensions: int) -> dict[int, str]:
    """names.json: what a person calls the dimensions, by their numbers."""
    numbers = {str(dimension): dimension for dimension in range(dimensions)}
    check = table({"names": map_of(dimension_name, dimensions)}, {"format": whole()})
    found: dict[str, str] = check(value)["names"]
    if other := found.keys() - numbers.keys():
        raise SchemaError("is the number of no dimension of this run", f"names.{_short(min(other))}")
    return {numbers[key]: name for key, name in found.items()}


def _plain(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool | None):
        raise SchemaError(f"is {_short(value)}, and should be a text, a number or nothing")
    return value


_QUEUE_ENTRY = table(
    {"name": _NAME, "config": or_none(map_of(lambda value: value))},
    {
        "epochs": or_none(whole(1)), "pid": or_none(_PROCESS), "host": or_none(_NAME), "error": or_none(text(10_000)),
        "values": or_none(map_of(list_of(_plain, 1_000))),
    },
)  # fmt: skip


def details(value: Any) -> dict[str, Any]:
    """What config.json says beside its config: the images, the classes, the versions, how the run was resumed."""
    return _DETAILS(value)


def status(value: Any) -> dict[str, Any]:
    """status.json."""
    return _STATUS(value)


def history(lines: Iterable[str], config: Config) -> list[dict[str, Any]]:
    """The lines of history.jsonl: the record of each epoch from 0 on."""
    check = _record(config)
    return [_line(line, epoch, check) for epoch, line in enumerate(lines)]


def history_line(line: str, epoch: int, config: Config) -> dict[str, Any]:
    """The line of history.jsonl that is an epoch's."""
    return _line(line, epoch, _record(config))


def _line(line: str, epoch: int, check: Check) -> dict[str, Any]:
    if len(line) > MAX_JSON:
        raise SchemaError("is too long", f"line {epoch + 1}")
    try:
        record: dict[str, Any] = check(parse(line))
    except SchemaError as error:
        raise error.within(f"line {epoch + 1}") from None
    if record["epoch"] != epoch:
        raise SchemaError(f"is not the record of epoch {epoch}", f"line {epoch + 1}")
    return record


def film(value: Any) -> dict[str, Any]:
    """layout.json."""
    return _FILM(value)


def queue_entry(value: Any) -> dict[str, Any]:
    """A file of the queue. Its config, where it has one, can be trained.

    Raises:
        SchemaError, ConfigError: as everywhere.
    """
    found: dict[str, Any] = _QUEUE_ENTRY(value)
    if found["config"] is not None:
        found["config"] = Config.from_dict(found["config"]).to_dict()
    return found


def progress(value: Any, config: Config) -> dict[str, Any]:
    """How far a state is, which stands in the metadata of state.safetensors."""
    check = table(
        {
            "epoch": whole(-1), "step": whole(0, 10**9), "seconds": number(0, 1e9),
            "record": or_none(_record(config)),
        }
    )  # fmt: skip
    return check(value)
