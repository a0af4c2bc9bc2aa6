"""What a run will be trained on, and how long that takes."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from bvae.config import Config
from bvae.devices import Device, DeviceError, cores, estimate, find_devices, memory
from bvae.runs import list_runs
from pages.parts.cursor import accept_address
from pages.parts.selection import plain
from pages.parts.watch import duration

GIB = 2**30


@st.cache_resource(show_spinner=False)
def devices() -> Future[list[Device]]:
    """The devices of this machine, asked for once in the life of the server and in the background."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="devices")
    future = executor.submit(find_devices)
    executor.shutdown(wait=False)
    return future


def look_again() -> None:
    """Ask for the devices anew."""
    accept_address()
    devices.clear()


def show_device(config: Config | None) -> None:
    """What the run will be trained on, and how long that takes."""
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
    if config is None:
        return
    kind = next(iter(found)) if config.device == "auto" else config.device
    if kind not in found:
        st.warning(f"There is no {kind} device here that PyTorch can use. There is: {', '.join(found)}.")
        return
    device = found[kind]
    free, total = memory() if kind == "cpu" else (device.free, device.total)
    room = f", {free / GIB:.1f} of {total / GIB:.1f} GiB of memory free" if free and total else ""
    what = cores() if kind == "cpu" else device.name
    gpu = " PyTorch finds no GPU here, which would be faster." if set(found) == {"cpu"} else ""
    time = estimate(config, kind, list_runs())
    if time is None:
        takes = "How long it takes is known after the first epoch."
    elif time.source is None:
        takes = f"Takes roughly {duration(time.seconds)}, by what such a network took on two cores of a server."
    else:
        takes = f"Takes about {duration(time.seconds)}, by the epochs of {time.source}."
    st.markdown(f":small[**Trained on {kind}**: {plain(what)}{room}.{gpu} **{plain(takes)}**]")
