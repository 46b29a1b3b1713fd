"""Reading and writing windows of an array, at places that other arrays hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def window_places(
    shape: Sequence[int], starts: Any, axes: Sequence[int], sizes: Sequence[int], shared: Any
) -> tuple[Any, tuple[Any, ...]]:
    """Return which windows lie inside an array of `shape`, and the index of all their entries.

    The last axis of `starts` holds where a window begins along `axes`; along the others it begins
    at 0, except where (axis of the array, axis of `starts`) is in `shared`: there it is at the
    same place in both. A window is moved inside. Results broadcast to all windows of `sizes`.
    """
    batch = starts.shape[:-1]
    mesh = np.indices((*batch, *sizes), sparse=True)
    places = list(mesh[len(batch) :])
    inside = np.ones((*batch, *[1] * len(sizes)), bool)
    for axis, axis_of_starts in shared:
        places[axis] = mesh[axis_of_starts]
    for i, axis in enumerate(axes):
        start = starts[..., i].astype(np.int64).reshape(inside.shape)
        last = shape[axis] - sizes[axis]
        inside = inside & (start >= 0) & (start <= last)
        places[axis] = places[axis] + np.clip(start, 0, last)
    return inside, tuple(places)


def gather(
    x: Any,
    starts: Any,
    axes: Sequence[int],
    sizes: Sequence[int],
    dropped: Sequence[int],
    window: Sequence[int],
    shared: Any = (),
    fill: Any = None,
) -> Any:
    """Return windows of x that begin at `starts` along `axes`, without their `dropped` axes.

    `window` says which axes of the result are those of a window; the others are those of `starts`.
    A window that is partly outside is moved inside, or, with a `fill`, filled with that.
    """
    batch = starts.ndim - 1
    inside, places = window_places(x.shape, starts, axes, sizes, shared)
    y = x[places] if fill is None else np.where(inside, x[places], fill)
    y = np.squeeze(y, axis=tuple(batch + axis for axis in dropped))
    return np.moveaxis(y, range(batch, y.ndim), window)


def scatter(
    x: Any,
    starts: Any,
    y: Any,
    axes: Sequence[int],
    dropped: Sequence[int],
    window: Sequence[int],
    shared: Any = (),
    combine: Any = None,
    clip: bool = False,
) -> Any:
    """Return x with y written, or combined by a ufunc, where `gather` would read it.

    A window that is partly outside is left out, or, with `clip`, moved inside. Of two values for
    one place the later one is written, while a ufunc combines both.
    """
    batch = starts.ndim - 1
    y = np.moveaxis(y, window, range(batch, batch + len(window)))
    y = np.expand_dims(y, tuple(batch + axis for axis in dropped))
    inside, places = window_places(x.shape, starts, axes, y.shape[batch:], shared)
    inside, *every = np.broadcast_arrays(inside | clip, 0, *places)  # 0: of an axis in front,
    at = tuple(place[inside] for place in every)  # so that x may be a single number
    result = np.where(True, x, np.zeros_like(y, shape=()))[None]  # new, of the type of x and y
    if combine is None:
        result[at] = y[inside]
    else:
        combine.at(result, at, y[inside])
    return result[0]


def dynamic_slice(x: Any, sizes: Sequence[int], *starts: Any) -> Any:
    """Return the window of x that begins at `starts`, moved inside where it is partly outside."""
    places = (
        np.clip(start.astype(np.int64), 0, length - size) + np.arange(size)
        for start, size, length in zip(starts, sizes, x.shape, strict=True)
    )
    return x[np.ix_(*places)]


def dynamic_update_slice(x: Any, y: Any, *starts: Any) -> Any:
    """Return x with the window that `dynamic_slice` reads replaced by y."""
    places = (
        np.clip(start.astype(np.int64), 0, length - size) + np.arange(size)
        for start, size, length in zip(starts, y.shape, x.shape, strict=True)
    )
    result = np.where(True, x, np.zeros_like(y, shape=()))  # new, of the type of x and y
    result[np.ix_(*places)] = y
    return result
