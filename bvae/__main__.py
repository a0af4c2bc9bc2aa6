"""`python -m bvae`."""

import io
import sys

from bvae.cli import main

if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")  # a β, where the terminal or the file has no such letter

sys.exit(main())
