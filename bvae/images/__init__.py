"""A person's own images: a folder or zip of pictures, arrays, a table, IDX files, as one uint8 tensor of grey levels.

`sources.py` reads what is there into `Gathered`, `arrays.py` and `tables.py` the forms that hold many images in one
file, and `collection.py` makes of it what a model learns from: one size, light on dark, classes, a test split.
`brought.py` keeps files that come from elsewhere. Each step that changes something says so, and what is left out is
counted with its reason. What comes in is taken for hostile: nothing is unpickled, sizes are judged before they are
read, and memory is bounded. Imports no torch.
"""

from bvae.images.collection import Collection, collect
from bvae.images.gathered import ImageError

__all__ = ["Collection", "ImageError", "collect"]
