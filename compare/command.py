"""Where the command `backproof` starts: Ctrl-C during the second of imports ends it quietly too."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from backproof.compare.cli import main
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    main()
