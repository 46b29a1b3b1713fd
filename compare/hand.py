"""The hand-derived side of a pair, called: by name or in order, and not without end."""

from __future__ import annotations

import inspect
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from backproof.compare.interrupts import stop_if_asked

if TYPE_CHECKING:
    from backproof.compare.pair import Pair

SECONDS = 30  # for one call; then the check says that it never returned


def called(pair: Pair, arguments: Mapping[str, Any]) -> Any:
    """Call the hand-derived side: by name where it has these names, else in order."""
    stop_if_asked()  # each call may take long
    by_name = pair.takes_names  # before the clock starts: the first call traces the loss
    # Values are judged, warnings are not: some BLAS kernels read beyond a matrix, and NumPy then
    # reports an invalid value that no result holds (numpy/numpy#24067).
    with np.errstate(all="ignore"), _time_limit(pair):
        try:
            return pair.hand(**arguments) if by_name else pair.hand(*arguments.values())
        except SystemExit as error:  # which would end the check, as if all agreed
            raise RuntimeError(
                f"{pair.title} ends the program, SystemExit: {error}; return gradients instead, or "
                "raise an error."
            ) from error


def takes_names(function: Callable[..., Any], arguments: Sequence[str], title: str) -> bool:
    """Whether a function takes these arguments by name; TypeError if not in order either.

    In order, an argument's name at another place would be given another argument.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a function in C may not tell
        return False
    if _binds(signature, **dict.fromkeys(arguments)):
        return True
    misplaced = any(
        name in arguments and name != argument
        for name, argument in zip(signature.parameters, arguments, strict=False)
    )
    if misplaced or not _binds(signature, *arguments):
        raise TypeError(
            f"{title}{signature} is called with {', '.join(arguments)}: give it parameters of "
            "these names, or of names of your own in this order."
        )
    return False


def _binds(signature: inspect.Signature, *values: Any, **named: Any) -> bool:
    try:
        signature.bind(*values, **named)
    except TypeError:
        return False
    return True


@contextmanager
def _time_limit(pair: Pair) -> Iterator[None]:
    """Raise TimeoutError after SECONDS, where signals can do that: in the main thread of a Unix."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise TimeoutError(
            f"{pair.title} did not return within {SECONDS} s: is there a loop without an end?"
        )

    before, begun = signal.signal(signal.SIGALRM, ring), time.monotonic()
    due, interval = signal.setitimer(signal.ITIMER_REAL, SECONDS)  # a test runner's, perhaps
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if due:
            left = max(due - (time.monotonic() - begun), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, interval)
