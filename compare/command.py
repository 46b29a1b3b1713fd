"""Where the command `backproof` starts: Ctrl-C during the second of imports ends it quietly too."""

from __future__ import annotations

import sys
from importlib import import_module
from io import StringIO, TextIOWrapper

from backproof.compare.interrupts import STATUS, listening, stop_if_asked


def main() -> None:
    """Run the command line."""
    if sys.stdout is None:  # it is closed
        sys.stdout = StringIO()
    for stream in (sys.stdout, sys.stderr):  # ′ and ᵀ where an encoding has none are "?"
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    with listening():
        try:
            from backproof.compare.cli import main

            # The demos use all that is here, so nothing here imports them by name.
            main.add_command(import_module("backproof.demos.command").demo_command)
            stop_if_asked()
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise SystemExit(STATUS) from None
        main()
