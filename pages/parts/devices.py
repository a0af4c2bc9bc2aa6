"""What a run will be trained on, and how long that takes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from bvae.browser.glossary import plain
from bvae.config import Config
from bvae.devices import Device, DeviceError, Estimate, cores, estimate, find_devices, memory, only_cpu
from bvae.runs import list_runs
from pages.parts.cursor import done_by_hand
from pages.parts.selection import history_of
from pages.parts.words import duration

GIB = 2**30


@st.cache_resource(show_spinner=False)
def devices() -> Future[list[Device]]:
    """The devices of this machine, asked for once in the life of the server and in the background."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="devices")
    future = executor.submit(find_devices)
    executor.shutdown(wait=only_cpu())  # which is told at once
    return future


def look_again() -> None:
    """Ask for the devices anew."""
    done_by_hand()
    devices.clear()


def show_device(configs: Sequence[Config]) -> None:
    """What the runs will be trained on, and how long that takes."""
    future = devices()
    if not future.done():
        st.markdown(":small[Asking PyTorch for its devices …]")
        return
    try:
        found = {device.kind: device for device in future.result()}
    except DeviceError as error:
        st.markdown(f":small[{plain(str(error))} The run is trained on the device that the trainer finds.]")
        if st.button("Look again", key="train_look_again", on_click=look_again):
            st.rerun()  # of the page, so that this part comes round until the answer is there
        return
    if not configs:
        return
    kind = next(iter(found)) if configs[0].device == "auto" else configs[0].device
    if kind not in found:
        st.warning(f"There is no {kind} device here that PyTorch can use. There is: {', '.join(found)}.")
        return
    device = found[kind]
    free, total = memory() if kind == "cpu" else (device.free, device.total)
    room = f", {free / GIB:.1f} of {total / GIB:.1f} GiB of memory free" if free and total else ""
    what = cores() if kind == "cpu" else device.name
    gpu = " PyTorch finds no GPU here, which would be faster." if set(found) == {"cpu"} else ""
    time = _estimate(configs, kind)
    if time is None:
        takes = "How long it takes is known after the first epoch."
    elif time.source is None:
        takes = f"Takes roughly {duration(time.seconds)}, by what such a network took on two cores of a server."
    else:
        takes = f"Takes about {duration(time.seconds)}, by the epochs of {time.source}."
    if len(configs) > 1:
        takes = takes.replace("Takes", f"All {len(configs)} runs take").replace("it takes", "they take")
    st.markdown(f":small[**Trained on {kind}**: {plain(what)}{room}.{gpu} **{plain(takes)}**]")


def _estimate(configs: Sequence[Config], kind: str) -> Estimate | None:
    """How long all of them take; those that are trained at once share the cores, so that it is their sum."""
    runs = list_runs()
    found: dict[tuple[object, ...], Estimate | None] = {}
    total = 0.0
    for config in configs:
        alike = (config.network, config.dataset, config.dataset_limit, config.batch_size, config.epochs)
        if alike not in found:
            found[alike] = estimate(config, kind, runs, history_of)
        if (one := found[alike]) is None:
            return None
        total += one.seconds
    return Estimate(total, next(one.source for one in found.values() if one is not None))
