"""Comparisons of a symbolic size that have no answer for all sizes must not be given one.

JAX refuses `n > 3`, but to `n == 3` it answers False: right for most sizes, and wrong for one. In
a function that is traced once for all sizes, that would be the wrong branch for that size.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax

SYMBOLIC = type(jax.export.symbolic_shape("n")[0])
# JAX compares sizes all the time, and is right with False for "not always equal". So does the
# door of this package. One function of JAX's branches on a size as a user would: `det`, and its
# derivative at 1 × 1.
TRUSTED = (str(Path(jax.__file__).parent), str(Path(__file__).parents[1] / "arguments"))
BRANCHING = {"det", "_cofactor_solve"}


@contextmanager
def refused() -> Iterator[None]:
    """Raise InconclusiveDimensionOperation where a function asks `n == 3` while it is traced."""
    kept = {name: getattr(SYMBOLIC, name) for name in ("__eq__", "__ne__")}
    for name, compare in kept.items():
        setattr(SYMBOLIC, name, _asking(compare, undecided=name == "__ne__"))
    try:
        yield
    finally:
        for name, compare in kept.items():
            setattr(SYMBOLIC, name, compare)


def _asking(compare: Callable[[Any, Any], bool], undecided: bool) -> Callable[[Any, Any], bool]:
    """Return the comparison, which raises where it would answer `undecided` for want of better."""

    def asked(size: Any, other: Any) -> bool:
        answer = compare(size, other)
        caller = sys._getframe(1).f_code
        trusted = caller.co_filename.startswith(TRUSTED) and caller.co_name not in BRANCHING
        if answer == undecided and not trusted and not _differ(size, other):
            raise jax.errors.InconclusiveDimensionOperation(
                f"Symbolic dimension comparison '{size}' == '{other}' is inconclusive."
            )
        return answer

    return asked


def _differ(size: Any, other: Any) -> bool:
    """Whether two sizes are different whatever the dimensions are."""
    if not isinstance(other, (int, SYMBOLIC)):
        return True
    for compares in (size.__gt__, size.__lt__):
        try:
            if compares(other):
                return True
        except jax.errors.InconclusiveDimensionOperation:
            continue
    return False
