"""Questions about a symbolic size that have no answer for all sizes must not be given one.

JAX refuses `n > 3`, but to `n == 3` it answers False, and `if n - 3` and `if n % 2` are True: right
for most sizes, and wrong for some. In a function that is traced once for all sizes, that would be
the wrong branch for those. `n in {3, 4}` asks for a hash only. A size as the key of `dict.get`
cannot be told from one that JAX itself keeps, and goes unseen.
"""

from __future__ import annotations

import dis
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from types import FrameType
from typing import Any

import jax

SYMBOLIC = type(jax.export.symbolic_shape("n")[0])
# JAX compares sizes all the time, and is right with False for "not always equal". So does the
# door of this package. One function of JAX's branches on a size as a user would: `det`, and its
# derivative at 1 × 1.
TRUSTED = tuple(
    f"{folder}{os.sep}"
    for folder in (Path(jax.__file__).parent, Path(__file__).parents[1] / "arguments")
)
BRANCHING = {"det", "_cofactor_solve"}
CLASS = RLock()  # JAX's class is changed for the time of a trace, by one thread at a time


@contextmanager
def refused() -> Iterator[None]:
    """Raise InconclusiveDimensionOperation where a function asks `n == 3` while it is traced."""
    with CLASS:
        refusing: dict[str, Any] = {
            "__eq__": _asking(SYMBOLIC.__eq__, undecided=False),
            "__ne__": _asking(SYMBOLIC.__ne__, undecided=True),
            "__hash__": _looked_up(SYMBOLIC.__hash__),
            "__bool__": _asked_for_truth,
        }
        kept = {name: vars(SYMBOLIC).get(name) for name in refusing}
        for name, method in refusing.items():
            setattr(SYMBOLIC, name, method)
        try:
            yield
        finally:
            for name, method in kept.items():
                if method is None:  # JAX has no __bool__ of its own
                    delattr(SYMBOLIC, name)
                else:
                    setattr(SYMBOLIC, name, method)


def _asking(compare: Callable[[Any, Any], bool], undecided: bool) -> Callable[[Any, Any], bool]:
    """Return the comparison, which raises where it would answer `undecided` for want of better."""

    def asked(size: Any, other: Any) -> bool:
        answer = compare(size, other)
        if answer == undecided and not _trusted(sys._getframe(1)) and not _differ(size, other):
            raise _inconclusive(f"{size} == {other}")
        return answer

    return asked


def _asked_for_truth(size: Any) -> bool:
    if not _trusted(sys._getframe(1)) and not _differ(size, 0):
        raise _inconclusive(f"{size} != 0")
    return True


def _looked_up(hashed: Callable[[Any], int]) -> Callable[[Any], int]:
    """Return the hash, which raises where `in` looks for a size among numbers."""

    def asked(size: Any) -> int:
        caller = sys._getframe(1)
        instruction = dis.opname[caller.f_code.co_code[caller.f_lasti]]
        if instruction == "CONTAINS_OP" and not _trusted(caller):
            raise _inconclusive(f"{size} in a set or dict")
        return hashed(size)

    return asked


def _trusted(caller: FrameType) -> bool:
    code = caller.f_code
    return code.co_filename.startswith(TRUSTED) and code.co_name not in BRANCHING


def _inconclusive(question: str) -> Exception:
    return jax.errors.InconclusiveDimensionOperation(
        f"Symbolic dimension comparison '{question}' is inconclusive."
    )


def _differ(size: Any, other: Any) -> bool:
    """Whether two sizes are different whatever the dimensions are."""
    if not isinstance(other, (int, SYMBOLIC)):
        return True
    # JAX's caches meet sizes of traces before this one, of the same name at that.
    if getattr(other, "scope", size.scope) is not size.scope:
        return True
    for compares in (size.__gt__, size.__lt__):
        try:
            if compares(other):
                return True
        except jax.errors.InconclusiveDimensionOperation:
            continue
    return False
