"""`python -m bvae`, and the command `bvae`."""

import io
import sys

from bvae.cli import main
from bvae.processes import end_at_once


def run() -> int:
    """Run the command line; returns the exit status."""
    end_at_once()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a β, where the terminal or the file has no such letter
    return main()


if __name__ == "__main__":
    sys.exit(run())
