"""Padding with gaps, sorting arrays together, the largest entries, sums that run along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np


def pad_with_gaps(x: Any, value: Any, *edges: tuple[int, int, int]) -> Any:
    """Return x with `value` around it: for each axis (before, after, between any two entries).

    A negative width cuts off that many entries, once everything else is padded.
    """
    for axis, (low, high, between) in enumerate(edges):
        x = np.moveaxis(x, axis, -1)
        *rest, size = x.shape
        gaps = np.full_like(x, value, shape=(*rest, size, between))
        x = np.concatenate([x[..., None], gaps], axis=-1)
        x = x.reshape((*rest, size * (1 + between)))[..., : max(size * (1 + between) - between, 0)]
        before = np.full_like(x, value, shape=(*rest, max(low, 0)))
        after = np.full_like(x, value, shape=(*rest, max(high, 0)))
        x = np.concatenate([before, x, after], axis=-1)
        x = x[..., max(-low, 0) : x.shape[-1] - max(-high, 0)]
        x = np.moveaxis(x, -1, axis)
    return x


def less_in_total_order(x: Any, y: Any) -> Any:
    """x < y in the order of all floats: −NaN, −inf … −0, 0 … inf, NaN."""
    x_nan, y_nan = (np.isnan(a) * np.where(np.signbit(a), -1, 1) for a in (x, y))
    of_zeros = (x == y) & np.signbit(x) & np.invert(np.signbit(y))
    return (x_nan < y_nan) | (x_nan == y_nan) & ((x < y) | of_zeros)


def sort_together(axis: int, keys: int, *arrays: Any) -> list[Any]:
    """Return all arrays in the order that sorts the first one, on ties the second, up to `keys`.

    NaN comes last; where all keys are equal the order stays.
    """
    order = np.lexsort(arrays[:keys][::-1], axis=axis)
    return [np.take_along_axis(x, order, axis) for x in arrays]


def largest(x: Any, count: int, axis: int) -> tuple[Any, Any]:
    """Return the largest entries and where they are: NaN first, of equal ones the first."""
    backwards = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    order = x.shape[axis] - 1 - np.flip(backwards, axis)
    order = np.take(order, np.arange(count), axis=axis)
    return np.take_along_axis(x, order, axis), order.astype(np.int32)


def cumulative_logsumexp(x: Any, axis: int) -> Any:
    """Return log Σ eˣ over all entries up to each one: over 1, then 2, 4, 8, … of them at once."""
    x, reach = np.moveaxis(x, axis, -1).copy(), 1
    while reach < x.shape[-1]:
        nothing = np.full_like(x, -np.inf, shape=(*x.shape[:-1], reach))
        before = np.concatenate([nothing, x[..., :-reach]], axis=-1)
        top = np.maximum(np.real(x), np.real(before))
        top = np.where(np.isfinite(top), top, 0)
        x = top + np.log(np.exp(x - top) + np.exp(before - top))
        reach *= 2
    return np.moveaxis(x, -1, axis)
