"""The door: `streamlit run app.py`. Page configuration, navigation, and the run that all pages look at.

Imports no torch, so that the first slider can be moved within seconds.
"""

import streamlit as st

from pages.parts.live import mount_store
from pages.parts.selection import open_run, pick_run

PAGES = [
    st.Page("pages/traverse.py", title="Traverse", icon=":material/tune:", default=True),
]

st.set_page_config(page_title="β-VAE latent explorer", page_icon="assets/icon.svg", layout="wide")
page = st.navigation(PAGES)
run = pick_run()
live = open_run(run) if run else None
if live:
    page.run()
    # Last, so that nothing on the page waits for these megabytes, and so that it takes no room above the title.
    mount_store(live)
