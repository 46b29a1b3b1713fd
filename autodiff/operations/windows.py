"""Windows that slide over the last axes of an array: pooling and convolution.

Window p along an axis holds the entries p·stride + k·dilation, for k from 0 to its size. Sizes,
strides, dilations and paddings have one entry for each axis that the windows slide along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def padded(
    x: Any, value: Any, padding: Sequence[tuple[int, int]], dilation: Sequence[int]
) -> Any:
    """Return x with `dilation` − 1 times `value` between entries, and (low, high) times around.

    A negative number of times takes entries away.
    """
    leading = x.shape[: x.ndim - len(padding)]
    sizes = x.shape[x.ndim - len(padding) :]
    spread = [max(0, (size - 1) * step + 1) for size, step in zip(sizes, dilation, strict=True)]
    wide = np.full_like(x, value, shape=(*leading, *spread))
    wide[(..., *(slice(None, None, step) for step in dilation))] = x
    around = [(max(0, low), max(0, high)) for low, high in padding]
    wide = np.pad(wide, [(0, 0)] * len(leading) + around, constant_values=value)
    inner = wide.shape[len(leading) :]
    return wide[
        (
            ...,
            *(
                slice(max(0, -low), max(0, size + min(0, high)))
                for size, (low, high) in zip(inner, padding, strict=True)
            ),
        )
    ]


def windows(x: Any, sizes: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Any:
    """Return the entries of every window that fits into x: (…, *number of windows, *sizes)."""
    rank = len(sizes)
    along = zip(x.shape[x.ndim - rank :], sizes, strides, dilation, strict=True)
    starts = [np.arange(0, n - step * (size - 1), stride) for n, size, stride, step in along]
    offsets = [step * np.arange(size) for size, step in zip(sizes, dilation, strict=True)]
    mesh = np.ix_(*starts, *offsets)
    return x[(..., *(mesh[axis] + mesh[rank + axis] for axis in range(rank)))]


def convolution(
    x: Any, kernel: Any, strides: Sequence[int], dilation: Sequence[int], groups: int
) -> Any:
    """Return out[n, o, p] = Σ_c Σ_k x[n, c, p·stride + k·dilation] kernel[o, c, k].

    With groups, the inputs c and the outputs o are split into as many parts, and each part of the
    outputs sees its part of the inputs.
    """
    rank = len(strides)
    entries = np.split(windows(x, kernel.shape[2:], strides, dilation), groups, axis=1)
    summed = [1, *range(2 + rank, 2 + 2 * rank)], [1, *range(2, 2 + rank)]
    parts = zip(entries, np.split(kernel, groups), strict=True)
    out = np.concatenate([np.tensordot(part, of, summed) for part, of in parts], axis=-1)
    return np.moveaxis(out, -1, 1)


def selected(x: Any, stays: Callable[[Any, Any], Any]) -> Any:
    """Return the place along the last axis that a walk along it ends at.

    It starts at 0 and goes on to the next entry unless stays(entry it is at, next): with
    `greater_equal` it ends at the first of the largest, or after the last NaN at the first of the
    largest from there.
    """
    at, place = x[..., 0], np.zeros_like(x, shape=x.shape[:-1], dtype=int)
    for k in range(1, x.shape[-1]):
        stay = stays(at, x[..., k])
        at, place = np.where(stay, at, x[..., k]), np.where(stay, place, k)
    return place


def places_in_windows(
    shape: Sequence[int], sizes: Sequence[int], strides: Sequence[int], dilation: Sequence[int]
) -> Any:
    """Return where the entries of every window are in a flat array: (*number, entries)."""
    number = int(np.prod(shape))
    places = windows(np.arange(number).reshape(shape), sizes, strides, dilation)
    return places.reshape(*places.shape[: len(sizes)], int(np.prod(sizes)))


def scattered_to_selected(
    source: Any,
    x: Any,
    stays: Callable[[Any, Any], Any],
    sizes: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    around: Any,
) -> Any:
    """Add each entry of `source` to the entry of x that its window selects; zero elsewhere.

    `around` is what x is padded with: what it selects there is lost.
    """
    ones = [1] * x.ndim
    wide = padded(x, around, padding, ones)
    places = places_in_windows(wide.shape, sizes, strides, ones)
    place = selected(np.take(wide, places), stays)
    sums = np.zeros_like(source, shape=(wide.size,))
    np.add.at(sums, np.take_along_axis(places, place[..., None], -1)[..., 0], source)
    return padded(sums.reshape(wide.shape), 0, [(-low, -high) for low, high in padding], ones)


def gathered_from_selected(
    source: Any,
    x: Any,
    stays: Callable[[Any, Any], Any],
    sizes: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    around: Any,
) -> Any:
    """Return the entry of `source` where each window of x selects; 0 if it never stays.

    The walk through a window starts before its first entry, at `around`.
    """
    places = places_in_windows(x.shape, sizes, strides, dilation)
    before = [(0, 0)] * x.ndim + [(1, 0)]
    ones = [1] * (x.ndim + 1)
    place = selected(padded(np.take(x, places), around, before, ones), stays)
    gathered = padded(np.take(source, places), 0, before, ones)
    return np.take_along_axis(gathered, place[..., None], -1)[..., 0]


def folded_windows(
    step: Callable[..., Sequence[Any]],
    operands: Sequence[Any],
    initial: Sequence[Any],
    sizes: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
) -> list[Any]:
    """Fold the windows of arrays of one shape: held = step(*held, *next entries), from `initial`."""
    entries = [windows(x, sizes, strides, dilation) for x in operands]
    number = entries[0].shape[: entries[0].ndim - len(sizes)]
    held = [np.full_like(x, x0, shape=number) for x, x0 in zip(operands, initial, strict=True)]
    for k in np.ndindex(*sizes):
        held = list(step(*held, *(x[(..., *k)] for x in entries)))
    return held
