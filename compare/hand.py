"""The hand-derived side of a pair: called, and what it returns put under names."""

from __future__ import annotations

import inspect
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
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
        gradients = program.gradient_names(sizes)
        for name in [*self.marks, *(leaf.name for leaf in pair.leaves)]:
            if name == "J" or (name in self.marks and name in gradients):
                what = "the cost" if name == "J" else f"the derivative with respect to {name[1:]}"
                raise ValueError(
                    f"{name!r} names an argument or a mark of the loss, and is {what}: give that "
                    "argument or mark another name."
                )
        idle = program.idle_marks(sizes) | {n.removeprefix("d") for n in pair.reference.upstream}
        self.idle = {f"d{name}" for name in idle}
        self.live_marks = [name for name in self.marks if name not in idle]
        of_leaves = [f"d{leaf.name}" for leaf in pair.leaves]
        self.of_arguments = [name for name in of_leaves if name in gradients]
        self.of_marks = {f"d{name}": name for name in self.marks}
        cost = [] if pair.reference.upstream else ["J"]
        self.gradients = self._backward(pair, sizes)
        self.names = [*self.marks, *cost, *self.gradients]
        if not self.gradients:
            raise ValueError(
                f"wrt={pair.wrt!r}: there is no gradient to compare; differentiate an argument of "
                "floats, or mark a value."
            )
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
    by_name = _takes_names(pair, arguments)
    with np.errstate(all="ignore"), _time_limit(pair):
        try:
            return pair.hand(**arguments) if by_name else pair.hand(*arguments.values())
        except SystemExit as error:  # which would end the check, as if all agreed
            raise RuntimeError(
                f"{pair.title} ends the program, SystemExit: {error}; return gradients instead, or "
                "raise an error."
            ) from error


def _takes_names(pair: Pair, arguments: Mapping[str, Any]) -> bool:
    """Whether the hand-derived side takes the arguments by name; TypeError if not in order either.

    In order, an argument's name at another place would be given another argument.
    """
    try:
        signature = inspect.signature(pair.hand)
    except (TypeError, ValueError):  # a function in C may not tell
        return False
    if _binds(signature, **arguments):
        return True
    misplaced = any(
        name in arguments and name != argument
        for name, argument in zip(signature.parameters, arguments, strict=False)
    )
    if misplaced or not _binds(signature, *arguments.values()):
        raise TypeError(
            f"{pair.title}{signature} is called with {', '.join(arguments)}: give it parameters of "
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


def named(pair: Pair, quantities: Quantities, returned: Any, dtype: Any) -> Results:
    """Return what the hand-derived side returned, by name, as arrays.

    Raises TypeError or ValueError for what is no gradient at all: None, no numbers, unknown names.
    """
    if not isinstance(returned, Mapping):
        returned = _by_order(pair, quantities, returned)
    returned = dict(_unnested(pair, returned))
    for name in returned:
        if name not in quantities.names and name not in quantities.idle:
            raise ValueError(f"{pair.title} returns {name!r}, {_unknown(pair, quantities, name)}")
    for name in quantities.needed:
        if name not in returned:
            raise ValueError(
                f"{pair.title} returns no {name!r}: expected {', '.join(quantities.needed)}; "
                "return it, or leave it out of wrt."
            )
    if not any(name in quantities.gradients for name in returned):
        raise ValueError(
            f"{pair.title} returns no gradient: return some of {', '.join(quantities.gradients)}."
        )
    compared = {n: v for n, v in returned.items() if n not in quantities.idle}
    return {name: _as_array(pair, name, value, dtype) for name, value in compared.items()}


def _unnested(pair: Pair, returned: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield what a dict holds by name, and arrays that are nested as an argument is by theirs."""
    for name, value in returned.items():
        nested = isinstance(value, (Mapping, tuple, list))
        leaves = [x for x in pair.leaves if nested and f"d{x.path[0]}" == name and x.path[1:]]
        if not leaves:
            yield name, value
            continue
        found = {f"d{leaf.name}": part for leaf in leaves for part in _parts(value, leaf.path[1:])}
        if len(found) != len(list(_flat(value))):
            paths = (" → ".join(map(str, leaf.path[1:])) for leaf in leaves)
            raise ValueError(
                f"{pair.title} returns {name!r}, which is not nested as {name[1:]} is: expected "
                f"{', '.join(paths)}."
            )
        yield from found.items()


def _parts(nested: Any, path: Sequence[Any]) -> Iterator[Any]:
    """Yield what is at this path, if anything is."""
    for key in path:
        try:
            nested = nested[key]
        except (LookupError, TypeError):
            return
    yield nested


def _by_order(pair: Pair, quantities: Quantities, returned: Any) -> dict[str, Any]:
    names = quantities.ordered
    what = f"{pair.title} returns a {type(returned).__name__}"
    expected = f"a dict with {', '.join(names or quantities.gradients)}"
    if names:
        many = f"{len(names)} arrays in this order" if len(names) > 1 else "that array alone"
        expected += f", or {many}"
    if isinstance(returned, (tuple, list)):
        found = list(_flat(returned))
        if len(found) != len(names):
            raise ValueError(f"{what} of {len(found)} arrays: expected {expected}.")
        return dict(zip(names, found, strict=True))
    if len(names) == 1 and (hasattr(returned, "__array__") or _is_number(returned)):
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
    kind, why = type(value).__name__, ""
    try:
        array = np.asarray(value, dtype if _is_number(value) else None)
    except Exception as error:  # a ragged list, a tensor that requires its gradient
        array, why = np.array(None), f" ({error})"
    if isinstance(value, np.ndarray) and array.dtype.kind not in "fiub":
        kind = f"dtype {array.dtype}"
    if array.dtype.kind not in "fiub" or isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(
            f"{pair.title} returns {name!r} as {kind}, which is no array of real numbers{why}; "
            "return a numpy.ndarray."
        )
    return array


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _unknown(pair: Pair, quantities: Quantities, name: object) -> str:
    """Say what is the matter with a name, and what to do."""
    if name in [f"d{leaf.name}" for leaf in pair.leaves if leaf.kind == "float"]:
        V = str(name).removeprefix("d")
        return f"and {V} is not in wrt={pair.wrt!r}: add it there, or leave {name!r} out."
    return (
        f"which is nothing that the loss has{_probably(name, quantities.names)}; it has "
        f"{', '.join(quantities.names)}: rename it, or leave it out."
    )


def _probably(name: object, names: Sequence[str]) -> str:
    """Say which name was probably meant."""
    folded = {n.lower().replace("_", ""): n for n in reversed(names)}
    plain = str(name).lower().replace("_", "")
    for guess in (plain, f"d{plain}", plain.replace("grad", "d")):
        if guess in folded:
            return f" ({folded[guess]!r} is meant?)"
    near = get_close_matches(plain, folded, n=1)
    return f" ({folded[near[0]]!r} is meant?)" if near else ""
