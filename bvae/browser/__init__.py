"""What a browser gets of a run, as bytes, markup and prose: the app hands it to Streamlit, and an exported page holds
it.

From the ground up: bundle.py joins modules of assets/js into one script, glossary.py says what words mean, prose.py
what the pages say of themselves, components.py what a component is made of, and player.py the page that plays a film.
spread.py tells where in latent space the data are, guests.py has images beyond the gallery; live.py packs the decoders,
cursor.py says what fits them, encoders.py, chosen.py, film.py and meaning.py have what single pages need; quality.py,
facts.py, home.py and comparing.py say it in words, and beside.py how two runs are paired. frame.py, theme.py, site.py
and export.py make a page of it that stands alone, and deliveries.py chooses what of a run that holds; widget.py makes a
notebook's widget. Each imports only from those before it. Nothing here imports Streamlit, or torch before a function
needs it.
"""
