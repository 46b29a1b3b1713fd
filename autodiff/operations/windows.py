"""Windows that slide over the last axes of an array: pooling and convolution.

Window p along an axis holds the entries p·stride + k·dilation, for k from 0 to its size. Sizes,
strides and dilations have one entry for each axis that the windows slide along.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.autodiff.operations.arranging import pad_with_gaps


def windows(
    x: Any, sizes: tuple[int, ...], strides: tuple[int, ...], dilation: tuple[int, ...]
) -> Any:
    """Return the entries of every window that fits into x: (…, *number of windows, *sizes)."""
    rank = len(sizes)
    along = zip(x.shape[x.ndim - rank :], sizes, strides, dilation, strict=True)
    starts = [np.arange(0, n - step * (size - 1), stride) for n, size, stride, step in along]
    offsets = [step * np.arange(size) for size, step in zip(sizes, dilation, strict=True)]
    mesh = np.ix_(*starts, *offsets)
    return x[(..., *(mesh[axis] + mesh[rank + axis] for axis in range(rank)))]


def convolution(
    x: Any, kernel: Any, strides: tuple[int, ...], dilation: tuple[int, ...], groups: int
) -> Any:
    """Return out[n, o, p] = Σ_c Σ_k x[n, c, p·stride + k·dilation] kernel[o, c, k].

    With groups, the inputs c and the outputs o are split into as many parts, and each part of the
    outputs sees its part of the inputs.
    """
    rank, terms = len(strides), int(np.prod(kernel.shape[1:]))
    entries = np.moveaxis(windows(x, kernel.shape[2:], strides, dilation), 1, 1 + rank)
    number = entries.shape[: 1 + rank]
    parts = zip(np.split(entries, groups, axis=1 + rank), np.split(kernel, groups), strict=True)
    out = [part.reshape(*number, terms) @ of.reshape(len(of), terms).T for part, of in parts]
    return np.moveaxis(np.concatenate(out, axis=-1), -1, 1)


def selected(x: Any, stays: Any) -> Any:
    """Return the place along the last axis that a walk along it ends at.

    It starts at 0 and goes on to the next entry unless stays(entry it is at, next): with
    np.greater_equal it ends at the first of the largest, or of the largest after the last NaN.
    """
    at, place = x[..., 0], np.zeros(x.shape[:-1], int)
    for k in range(1, x.shape[-1]):
        stay = stays(at, x[..., k])
        at, place = np.where(stay, at, x[..., k]), np.where(stay, place, k)
    return place


def places_in_windows(
    shape: tuple[int, ...],
    sizes: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Any:
    """Return where in a flat array the entries of every window are: (*number, entries)."""
    number = int(np.prod(shape))
    places = windows(np.arange(number).reshape(shape), sizes, strides, dilation)
    return places.reshape(*places.shape[: len(sizes)], int(np.prod(sizes)))


def scattered_to_selected(
    source: Any,
    x: Any,
    stays: Any,
    sizes: tuple[int, ...],
    strides: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    around: Any,
) -> Any:
    """Add each entry of `source` to the entry of x that its window selects; zero elsewhere.

    `around` is what x is padded with: what it selects there is lost.
    """
    wide = pad_with_gaps(x, around, *((low, high, 0) for low, high in padding))
    places = places_in_windows(wide.shape, sizes, strides, (1,) * x.ndim)
    place = selected(np.take(wide, places), stays)
    sums = np.zeros_like(source, shape=(wide.size,))
    np.add.at(sums, np.take_along_axis(places, place[..., None], -1)[..., 0], source)
    return pad_with_gaps(sums.reshape(wide.shape), 0, *((-low, -high, 0) for low, high in padding))


def gathered_from_selected(
    source: Any,
    x: Any,
    stays: Any,
    sizes: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
    around: Any,
) -> Any:
    """Return the entry of `source` where each window of x selects.

    The walk through a window starts before its first entry, at `around`, where `source` is 0.
    """
    places = places_in_windows(x.shape, sizes, strides, dilation)
    start = (*places.shape[:-1], 1)
    entries = np.concatenate([np.full_like(x, around, shape=start), np.take(x, places)], axis=-1)
    place = selected(entries, stays)
    values = np.concatenate([np.zeros_like(source, shape=start), np.take(source, places)], axis=-1)
    return np.take_along_axis(values, place[..., None], -1)[..., 0]


def folded_windows(
    step: Any,
    operands: list[Any],
    initial: list[Any],
    sizes: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
) -> list[Any]:
    """Fold the windows of arrays of one shape: held = step(*held, *entries), from `initial`."""
    entries = [windows(x, sizes, strides, dilation) for x in operands]
    number = entries[0].shape[: len(sizes)]
    held = [np.full_like(x, x0, shape=number) for x, x0 in zip(operands, initial, strict=True)]
    for k in np.ndindex(*sizes):
        held = list(step(*held, *(x[(..., *k)] for x in entries)))
    return held
