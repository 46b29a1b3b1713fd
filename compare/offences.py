"""What a hand-derived side does to its surroundings: whatever its numbers are, it is not right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backproof.compare.finding import ALIASES, OVERWRITES, UNSTABLE, Finding
from backproof.compare.values import Array

REORDERED = 1e3  # eps of the largest entry: sums in another order are no other answer


def overwritten(arguments: Mapping[str, Array], before: Mapping[str, bytes]) -> list[Finding]:
    """Return the arguments that are not what they were before the call."""
    return [
        Finding(name, OVERWRITES, array.shape, note="the hand-derived side wrote into it")
        for name, array in arguments.items()
        if array.tobytes() != before[name]
    ]


def aliased(results: Mapping[str, Array], arguments: Mapping[str, Array]) -> list[Finding]:
    """Return what shares memory with an argument: whoever updates one changes the other."""
    return [
        Finding(name, ALIASES, result.shape, note=f"it shares its memory with {argument}")
        for name, result in results.items()
        for argument, array in arguments.items()
        if np.may_share_memory(result, array) and np.shares_memory(result, array)
    ]


def unstable(first: Mapping[str, Array], second: Mapping[str, Array], eps: float) -> list[Finding]:
    """Return what is not the same when the hand-derived side is called again."""
    found = [
        Finding(name, UNSTABLE, array.shape, note=f"the {which} of two calls returns it alone")
        for which, one, other in (("first", first, second), ("second", second, first))
        for name, array in one.items()
        if name not in other
    ]
    note = "a second call with the same arguments gives another answer"
    return found + [
        Finding(name, UNSTABLE, array.shape, note=note)
        for name, array in first.items()
        if name in second and not _same(array, second[name], eps)
    ]


def _same(array: Array, again: Array, eps: float) -> bool:
    if array.shape != again.shape:
        return False
    if array.dtype.kind != "f":
        return np.array_equal(array, again)
    both = np.isfinite(array) & np.isfinite(again)
    first, second = np.where(both, array, 0), np.where(both, again, 0)
    apart = np.max(np.abs(first - second), initial=0)
    alike = np.array_equal(array[~both], again[~both], equal_nan=True)
    return alike and bool(apart <= REORDERED * eps * np.max(np.abs(first), initial=0))
