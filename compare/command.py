"""Where the command `backproof` starts: Ctrl-C during the second of imports ends it quietly too."""

from __future__ import annotations

import sys

from backproof.compare.interrupts import STATUS, listening, stop_if_asked


def main() -> None:
    """Run the command line."""
    with listening():
        try:
            from backproof.compare.cli import main

            stop_if_asked()
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise SystemExit(STATUS) from None
        main()
