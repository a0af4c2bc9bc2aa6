"""The form of the Train page: everything that defines a run, and what starts one."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from bvae.browser.glossary import plain
from bvae.config import Config, ConfigError, field_type, is_path, propose_name
from bvae.devices import training_images
from bvae.queue import Queue
from bvae.runs import BESIDE_APP, RunError, check_new_run, check_run_name, list_runs
from pages.parts.command import show_command
from pages.parts.cursor import done_by_hand
from pages.parts.devices import devices, show_device
from pages.parts.own_images import bring_images, show_own_images
from pages.parts.rights import check_may_queue
from pages.parts.watch import look_at

FIELDS = {item.name: item for item in dataclasses.fields(Config)}
PRESETS: dict[str, dict[str, Any]] = {
    "VAE, β = 1": {"beta": 1.0, "capacity": None},
    "β = 4": {"beta": 4.0, "capacity": None},
    "strong, β = 10": {"beta": 10.0, "capacity": None},
    "capacity, C = 25 nats": {"beta": Config().beta, "beta_warmup_steps": 0, "capacity": 25.0},
}
FIRST = ("beta", "epochs", "network", "dataset")
MORE = {
    "Model": ("latent_dim", "likelihood", "sigma"),
    "Objective": ("beta_warmup_steps", "capacity", "capacity_gamma", "capacity_steps"),
    "Optimiser": ("batch_size", "learning_rate", "learning_rate_schedule", "precision", "device"),
    "Data and record": ("dataset_limit", "seed", "probe_size"),
}
LABELS = {
    "beta": "β",
    "beta_warmup_steps": "β warm-up steps",
    "latent_dim": "Latent dimensions",
    "sigma": "σ (sigma)",
    "capacity": "Capacity C, nats",
    "capacity_gamma": "Capacity weight γ",
}
LEFT_OUT = {
    "dataset_limit": "all",
    "sigma": "learned",
    "capacity": "none: the β form",
    "learning_rate": "what suits the network",
}
STEPS = {"beta": 0.5, "sigma": 0.05, "learning_rate": 0.001}

# The form ------------------------------------------------------------------------------------------------------------


def show_form(queue: Queue) -> None:
    """Draw the form."""
    st.subheader("New run")
    begin_form()
    # Not a segmented control, whose chosen text is too faint in light; nor, below, a primary button, too faint in dark.
    st.radio(
        "Start from", list(PRESETS), key=key("preset"), on_change=choose_preset, persist_state="session",
        index=None, horizontal=True,
    )  # fmt: skip
    st.text_input(
        "Name", key="train_name", on_change=changed, persist_state="session", max_chars=100,
        placeholder=st.session_state["train_proposal"],
        help=f"Left empty, the run gets the name that is proposed. It is kept in {plain(str(queue.folder.resolve()))}.",
    )  # fmt: skip
    fields()
    bring_images(take_images)

    config, problem = None, None
    try:
        config = form_config()
    except ConfigError as error:
        problem = str(error)
    if config is not None:
        problem = show_own_images([config.dataset])
    name = run_name()
    taken = name_problem(queue, name)
    started = taken is not None and st.session_state.get("train_started") == name  # and was not deleted since
    if problem is None and not started:
        problem = taken
    if config is not None and problem is None:
        show_command(config.command(str(queue.folder / name)), "form")
    if queue.folder.resolve() != BESIDE_APP:
        st.markdown(f":small[New runs are kept in {plain(str(queue.folder.resolve()))}.]")
    for note in notes(config) if config else []:
        st.markdown(f":small[{plain(note)}]")
    st.fragment(show_device, run_every=None if devices().done() else 1)([config] if config else [])
    if shown := st.session_state.pop("train_problem", None) or problem:
        st.error(plain(shown))
    with st.container(horizontal=True, vertical_alignment="center"):
        waits = any(entry.error is None for entry in queue.entries())
        label = "Add to the queue" if waits and not started else "Start training"
        why = f"{plain(name)} was started already. Choose another name." if started else problem and plain(problem)
        st.button(label, key="train_start", on_click=start, disabled=why is not None, help=why)
        if started:
            st.markdown(f"**{plain(name)}** is in the list below. Change a setting to begin another run.")
        elif waits:
            st.markdown(":small[Runs are trained one after another.]")


def name_problem(queue: Queue, name: str) -> str | None:
    """Why a run cannot have this name."""
    try:
        check_run_name(name)
        entry = queue.find(name)
        if entry is not None and entry.error is None:
            return f"{name} is in the queue already. Choose another name."
        check_new_run(queue.folder / name)
    except (RunError, OSError) as error:
        return str(error)
    return None


# Values --------------------------------------------------------------------------------------------------------------


def key(name: str) -> str:
    """The session's key of a field. A field that is filled from here, as by a preset, gets a new one.

    A browser that has not heard yet of a value set here would send its own again, with the next round of a fragment,
    and undo it. Of a new widget it has nothing to send.
    """
    return f"train_{name}_{st.session_state.setdefault('train_filled', {}).get(name, 0)}"


def fill(name: str, value: Any) -> None:
    """Give a field a value."""
    if st.session_state.get(key(name), ...) != value:
        filled = st.session_state["train_filled"]
        filled[name] = filled.get(name, 0) + 1
        st.session_state[key(name)] = value


def form_config() -> Config:
    """What the form defines.

    Raises:
        ConfigError: when it defines no run.
    """
    values = {name: st.session_state[key(name)] for name in FIELDS}
    return Config(**values | {"dataset": resolved(values["dataset"])})


def resolved(dataset: str) -> str:
    """A data set's name, or the path of own images as it holds for the trainer, too."""
    return str(Path(dataset).expanduser().resolve()) if is_path(dataset) else dataset


def begin_form() -> None:
    """Give every field that has no value yet its default, and propose a name."""
    for name, item in FIELDS.items():
        st.session_state.setdefault(key(name), item.default)
    st.session_state.setdefault(key("preset"), preset_of_form())
    if "train_proposal" not in st.session_state:
        propose()


def propose() -> None:
    """Propose a name after what the form says. It stays until something is changed: see `start`."""
    try:
        config = form_config()
    except ConfigError:
        return
    taken = [run.name for run in list_runs()] + [entry.name for entry in Queue().entries()]
    st.session_state["train_proposal"] = propose_name(config, taken)


def run_name() -> str:
    """What the person named the run, or else the proposal."""
    return str(st.session_state.get("train_name") or "").strip() or str(st.session_state["train_proposal"])


def preset_of_form() -> str | None:
    """The preset that the form's values are those of."""
    for preset, values in PRESETS.items():
        if all(st.session_state[key(name)] == value for name, value in values.items()):
            return preset
    return None


# Callbacks -----------------------------------------------------------------------------------------------------------


def changed() -> None:
    """A field was changed by hand."""
    done_by_hand()
    fill("preset", preset_of_form())
    st.session_state.pop("train_started", None)
    propose()


def take_images(path: str) -> None:
    """Images have come from the person's browser."""
    fill("dataset", path)
    changed()


def choose_preset() -> None:
    """Fill the form from the chosen preset."""
    for name, value in PRESETS.get(st.session_state[key("preset")], {}).items():
        fill(name, value)
    if st.session_state[key("capacity")] is not None:
        # C should have come to its end when half of the training is done, and then stay there.
        with contextlib.suppress(ConfigError):
            if steps := total_steps(form_config()):
                fill("capacity_steps", min(Config().capacity_steps, max(1, steps // 2)))
    changed()


def start() -> None:
    """Put what the form defines into the queue.

    The form stays as it is, so that the second click of a double one asks for the same run, which is refused.
    """
    done_by_hand()
    name = run_name()
    try:
        config = form_config()
        check_may_queue(name, datasets=[config.dataset])
        Queue().add(name, config)
    except (ConfigError, RunError, OSError) as error:
        if st.session_state.get("train_started") != name:  # the second click of a double one
            st.session_state["train_problem"] = str(error)
        return
    st.session_state["train_started"] = name
    look_at(name)


# Fields --------------------------------------------------------------------------------------------------------------


def total_steps(config: Config) -> int | None:
    """Training steps of the whole run, where it is known how many images there are."""
    images = training_images(config)
    return None if images is None else -(-images // config.batch_size) * config.epochs


def field(name: str) -> None:
    """Draw a field with the help, the choices and the type that the config gives it."""
    item, (kind, _) = FIELDS[name], field_type(name)
    common: dict[str, Any] = {**said_of(name), "key": key(name), "on_change": changed}
    if choices := item.metadata.get("choices"):
        # Of images, a path can be typed as well.
        st.selectbox(options=choices, accept_new_options=name == "dataset", **common)
    else:
        # No bounds: a value that is out of them stays as typed, and the config's own sentence says what is wrong.
        value: Any = None if item.default is None else "min"
        step: Any = 1 if kind is int else STEPS.get(name, 1.0)
        placeholder = LEFT_OUT.get(name)
        st.number_input(value=value, step=step, format=None if kind is int else "%g", placeholder=placeholder, **common)


def grid(names: tuple[str, ...], columns: int, draw: Callable[[str], None] = field) -> None:
    """Draw fields in rows of `columns`."""
    for first in range(0, len(names), columns):
        for column, name in zip(st.columns(columns), names[first : first + columns], strict=False):
            with column:
                draw(name)


def fields(first: tuple[str, ...] = FIRST, columns: int = 4, draw: Callable[[str], None] = field) -> None:
    """Draw all fields: those that come first, and the others folded away."""
    grid(first, columns, draw)
    with st.expander("More settings"):
        others = tuple(name for name in FIELDS if name not in {*FIRST, *sum(MORE.values(), ())})
        for title, names in (*MORE.items(), ("Other", others)):
            if rest := tuple(name for name in names if name not in first):
                st.markdown(f"**{title}**")
                grid(rest, 3, draw)


def said_of(name: str) -> dict[str, Any]:
    """What every widget of a field has."""
    help = FIELDS[name].metadata["help"]
    return {
        "label": LABELS.get(name, name.replace("_", " ").capitalize()),
        "help": help[0].upper() + help[1:] + ".",
        "persist_state": "session",
    }


def notes(config: Config) -> list[str]:
    """What a person should know of a run that can be trained all the same."""
    found = []
    if config.dataset == "dsprites":
        found.append(
            "The images of dsprites are read from the file that its authors publish, which has to be there: see the "
            "README. Those of sprites are drawn, and need no file."
        )
    elif config.dataset not in ("mnist", "sprites") and not is_path(config.dataset):
        found.append(f"The images of {config.dataset} are not bundled: they are downloaded once, on first use.")
    steps = total_steps(config)
    if steps is None:
        return found
    if config.capacity is not None:
        found.append("The capacity form has no β: the weight of |KL − C| is γ.")
        if (reached := config.capacity_at(steps - 1) or 0.0) < 0.95 * config.capacity:
            found.append(
                f"This run has {steps:,} steps, so C comes to {reached:.1f} of {config.capacity:g} nats only. "
                "Give fewer capacity steps, or more epochs."
            )
    elif (beta := config.beta_at(steps - 1) or 0.0) < 0.95 * config.beta:
        found.append(
            f"This run has {steps:,} steps, so β comes to {beta:.2f} of {config.beta:g} only. "
            "Give fewer warm-up steps, or more epochs."
        )
    return found
