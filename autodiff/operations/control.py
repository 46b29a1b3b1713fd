"""Loops and branches over functions that take arrays one by one and return a tuple."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def as_arrays(results: Sequence[Any], dtypes: Sequence[Any]) -> list[Any]:
    """Return results, the Python numbers among them as numbers of their dtype."""
    return [
        result if hasattr(result, "dtype") else np.dtype(dtype).type(result)
        for result, dtype in zip(results, dtypes, strict=True)
    ]


def scan(
    step: Callable[..., Any],
    constants: Sequence[Any],
    carry: Sequence[Any],
    sequences: Sequence[Any],
    empty: Sequence[Any],
    length: int,
    reverse: bool = False,
) -> tuple[Any, ...]:
    """Return what step(*constants, *carry, *entries) carries on, then all else that it returns.

    `entries` are those of the sequences at 0, 1, …, or from the last to the first. What else a
    step returns is stacked in the order of the sequences, on `empty` arrays for their dtypes.
    """
    dtypes = [x.dtype for x in (*carry, *empty)]
    carry, rows = [x.copy() for x in carry], []  # without a step, they are what is returned
    for i in range(length)[::-1] if reverse else range(length):
        entries = [sequence[i] for sequence in sequences]
        results = as_arrays(step(*constants, *carry, *entries), dtypes)
        carry = results[: len(carry)]
        rows.append(results[len(carry) :])
    rows = rows[::-1] if reverse else rows
    return (*carry, *(map(np.stack, zip(*rows, strict=True)) if rows else empty))


def while_loop(
    condition: Callable[..., Any],
    of_condition: Sequence[Any],
    body: Callable[..., Any],
    of_body: Sequence[Any],
    carry: Sequence[Any],
) -> Sequence[Any]:
    """Return what body(*of_body, *carry) carries on while condition(*of_condition, *carry).

    Where the condition is an array (JAX makes one loop of many), each of its entries ends the
    loop for its part of the leading axes.
    """
    dtypes = [x.dtype for x in carry]
    carry = [x.copy() for x in carry]  # without a step, they are what is returned
    while np.any(goes_on := condition(*of_condition, *carry)[0]):
        before, carry = carry, as_arrays(body(*of_body, *carry), dtypes)
        if np.ndim(goes_on):
            carry = [
                np.where(
                    goes_on.reshape(goes_on.shape + (1,) * (new.ndim - goes_on.ndim)), new, old
                )
                for new, old in zip(carry, before, strict=True)
            ]
    return carry


def branch(
    index: Any,
    branches: Sequence[Callable[..., Any]],
    operands: Sequence[Any],
    dtypes: Sequence[Any],
) -> list[Any]:
    """Return what the branch with this index returns."""
    return as_arrays(branches[int(index)](*operands), dtypes)
