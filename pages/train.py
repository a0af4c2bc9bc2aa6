"""Train: everything that defines a run as a form, the queue, the run in training, and all runs in a table."""

import streamlit as st

from bvae.browser.glossary import explained
from bvae.browser.prose import TRAIN
from bvae.queue import Queue
from pages.parts.comparing import Choice, link_to_compare
from pages.parts.rights import why_read_only
from pages.parts.selection import require_app
from pages.parts.sweep_form import several_wanted, show_sweep_form
from pages.parts.train_address import form_in_address
from pages.parts.train_form import show_form
from pages.parts.watch import busy, standings, watch

require_app()
st.title(explained(TRAIN.heading))
st.markdown(explained(TRAIN.lines()))
queue = Queue()
if reason := why_read_only():
    st.info(reason)
elif several_wanted():
    show_sweep_form(queue)
else:
    form_in_address()
    show_form(queue)
polled = busy(queue, standings(queue))
st.fragment(watch, run_every=2 if polled else None)(polled)
link_to_compare("See on Compare what all of them traded", Choice())
