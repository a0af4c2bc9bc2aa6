"""The door: `streamlit run app.py`. Page configuration, navigation, and the run that all pages look at.

Imports no torch, so that the first slider can be moved within seconds.
"""

import streamlit as st

from pages.parts.cursor import follow_address
from pages.parts.live import mount_store
from pages.parts.selection import open_run, pick_run

PAGES = [
    # The default page has the address /, and Streamlit says "Page not found" of the one that its file would give it.
    st.Page("pages/traverse.py", title="Traverse", icon=":material/tune:", url_path="home", default=True),
    st.Page("pages/traverse.py", title="Traverse", url_path="traverse", visibility="hidden"),
]

st.set_page_config(page_title="β-VAE latent explorer", page_icon="assets/icon.svg", layout="wide")
page = st.navigation(PAGES)
follow_address()
run = pick_run()
live = open_run(run) if run else None
if live:
    page.run()
    # Last, so that nothing on the page waits for these megabytes, and so that it takes no room above the title.
    mount_store(live)
