"""Ctrl-C, taken at safe places: one that strikes anywhere may leave a lock taken, or be lost.

Python raises KeyboardInterrupt between any two steps, also in a callback of JAX's, which swallows
it, or while a module in C is being imported, which may crash. Nothing heavy is imported here.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STATUS = 130  # of a command that Ctrl-C ends
_asked: list[bool] = []  # one for each `listening` that goes on: whether it was asked to stop


@contextmanager
def listening() -> Iterator[None]:
    """Note the first Ctrl-C, for `stop_if_asked`; the second strikes at once."""

    def ask(number: int, frame: object) -> None:
        if _asked[-1]:
            raise KeyboardInterrupt
        _asked[-1] = True

    before = signal.signal(signal.SIGINT, ask)
    _asked.append(bool(_asked and _asked[-1]))
    try:
        yield
    finally:
        asked = _asked.pop()
        signal.signal(signal.SIGINT, before)
        if _asked:
            _asked[-1] = asked


def stop_if_asked() -> None:
    """Raise KeyboardInterrupt after a Ctrl-C."""
    if _asked and _asked[-1]:
        raise KeyboardInterrupt
