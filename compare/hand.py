"""The hand-derived side of a pair: called, and what it returns put under names."""

from __future__ import annotations

import inspect
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import numpy as np

from backproof.autodiff.program import UPSTREAM
from backproof.compare.pair import Pair
from backproof.compare.values import Array

SECONDS = 30  # for one call; then the check says that it never returned
Results = dict[str, Array]


class Quantities:
    """What the hand-derived side of a pair may return, in the order of computation."""

    def __init__(self, pair: Pair, sizes: Mapping[str, int]) -> None:
        program = pair.reference.program
        self.marks = list(program.marks(sizes))
        gradients = list(program.gradient_names(sizes))
        idle = program.idle_marks(sizes) | {n.removeprefix("d") for n in pair.reference.upstream}
        self.idle = {f"d{name}" for name in idle}
        self.live_marks = [name for name in self.marks if name not in idle]
        self.of_arguments = [name for name in gradients if name.removeprefix("d") not in self.marks]
        self.of_marks = {f"d{name}": name for name in self.marks}
        cost = [] if pair.reference.upstream else ["J"]
        self.names = [*self.marks, *cost, *self._backward(pair, sizes)]
        self.ordered = _chosen(pair, self.of_arguments)
        self.needed = self.ordered if pair.wrt is not None else []

    def _backward(self, pair: Pair, sizes: Mapping[str, int]) -> list[str]:
        """Return the gradients from the last mark to the first, each argument's where it is due."""
        cut = pair.reference.cut(self.live_marks, sizes)
        paths = {leaf.name: leaf.path for leaf in cut.signature.leaves}
        order = [f"d{name}" for name in reversed(self.live_marks)]
        due: dict[str, int] = {}
        for name in self.of_arguments:
            read = [paths[leaf] for leaf in cut.reads(name, sizes)]
            upstream = [order.index(f"d{path[1]}") for path in read if path[0] == UPSTREAM]
            due[name] = max(upstream, default=-1)
        of_arguments = [[n for n in self.of_arguments if due[n] == i] for i in range(len(order))]
        first = [name for name in self.of_arguments if due[name] < 0]
        return first + [n for i, dV in enumerate(order) for n in (dV, *of_arguments[i])]


def _chosen(pair: Pair, of_arguments: Sequence[str]) -> list[str]:
    """Return the gradients in the order of `wrt`."""
    if pair.wrt is None:
        of_leaves = [f"d{leaf.name}" for leaf in pair.leaves]
        return [name for name in of_leaves if name in of_arguments]
    wrt = [pair.wrt] if isinstance(pair.wrt, str) else pair.wrt
    ordered = [
        f"d{leaf.name}" for name in wrt for leaf in pair.leaves if name in (leaf.name, leaf.path[0])
    ]
    return list(dict.fromkeys(ordered))


def called(pair: Pair, arguments: Mapping[str, Any]) -> Any:
    """Call the hand-derived side: by name where it has these names, else in order."""
    # Values are judged, warnings are not: some BLAS kernels read beyond a matrix, and NumPy then
    # reports an invalid value that no result holds (numpy/numpy#24067).
    with np.errstate(all="ignore"), _time_limit(pair):
        if _takes_names(pair.hand, arguments):
            return pair.hand(**arguments)
        return pair.hand(*arguments.values())


def _takes_names(hand: Callable[..., Any], names: Mapping[str, Any]) -> bool:
    try:
        parameters = inspect.signature(hand).parameters
    except (TypeError, ValueError):  # a function in C may not tell
        return False
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return True
    named = [n for n, p in parameters.items() if p.kind is not p.POSITIONAL_ONLY]
    return all(name in named for name in names)


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

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def named(pair: Pair, quantities: Quantities, returned: Any, dtype: Any) -> Results:
    """Return what the hand-derived side returned, by name, as arrays.

    Raises TypeError or ValueError for what is no gradient at all: None, no numbers, unknown names.
    """
    if not isinstance(returned, Mapping):
        returned = _by_order(pair, quantities, returned)
    for name in returned:
        if name not in quantities.names and name not in quantities.idle:
            raise ValueError(
                f"{pair.title} returns {name!r}, which is nothing that the loss has"
                f"{_probably(name, quantities.names)}; it has {', '.join(quantities.names)}."
            )
    for name in quantities.needed:
        if name not in returned:
            raise ValueError(
                f"{pair.title} returns no {name!r}: expected {', '.join(quantities.needed)}; "
                "return it, or leave it out of wrt."
            )
    if not any(name.removeprefix("d") != name for name in returned):
        raise ValueError(
            f"{pair.title} returns no gradient: expected some of "
            f"{', '.join(quantities.of_arguments)}."
        )
    compared = {n: v for n, v in returned.items() if n not in quantities.idle}
    return {name: _as_array(pair, name, value, dtype) for name, value in compared.items()}


def _by_order(pair: Pair, quantities: Quantities, returned: Any) -> dict[str, Any]:
    names = quantities.ordered
    what = f"{pair.title} returns a {type(returned).__name__}"
    expected = f"a dict with {', '.join(names)}, or {len(names)} arrays in this order"
    if isinstance(returned, (tuple, list)):
        found = list(_flat(returned))
        if len(found) != len(names):
            raise ValueError(f"{what} of {len(found)} arrays: expected {expected}.")
        return dict(zip(names, found, strict=True))
    if len(names) == 1 and hasattr(returned, "__array__"):
        return {names[0]: returned}
    raise TypeError(f"{what}: expected {expected}.")


def _flat(nested: Any) -> Iterator[Any]:
    """Yield the arrays of nested lists and dicts, in order."""
    if isinstance(nested, Mapping):
        nested = list(nested.values())
    if isinstance(nested, (tuple, list)):
        for part in nested:
            yield from _flat(part)
    else:
        yield nested


def _as_array(pair: Pair, name: str, value: Any, dtype: Any) -> Array:
    """Return an array of numbers; a Python number takes the expected dtype."""
    try:
        array = np.asarray(value, dtype if isinstance(value, (int, float)) else None)
    except (ValueError, TypeError, RuntimeError):
        array = np.array(None)
    if array.dtype.kind not in "fiub":
        kind = f"dtype {array.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(
            f"{pair.title} returns {name!r} as {kind}, which is no array of real numbers."
        )
    return array


def _probably(name: object, names: Sequence[str]) -> str:
    """Say which name was probably meant."""
    folded = {n.lower().replace("_", ""): n for n in reversed(names)}
    plain = str(name).lower().replace("_", "")
    for guess in (plain, f"d{plain}", plain.replace("grad", "d")):
        if guess in folded:
            return f": {folded[guess]!r} is meant?"
    near = get_close_matches(plain, folded, n=1)
    return f": {folded[near[0]]!r} is meant?" if near else ""
