"""Primitives that arrange values, and matrix products: written as a person would write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backproof.autodiff.dimensions import python_text
from backproof.autodiff.expressions import Graph, Value, kind_of
from backproof.autodiff.primitives.equation import dtype_text


def _broadcast_in_dim(graph: Graph, params: Any, aval: Any, value: Value) -> Value:
    """Broadcast a value whose axes become `broadcast_dimensions`."""
    dimensions = params["broadcast_dimensions"]
    narrow = [1] * (len(aval.shape) - min(dimensions, default=len(aval.shape)))
    for axis, size in zip(dimensions, value.shape, strict=True):
        narrow[axis - len(aval.shape)] = size
    return graph.broadcast(graph.reshape(value, tuple(narrow)), aval.shape)


def _reshape(graph: Graph, params: Any, aval: Any, value: Value) -> Value:
    if params.get("dimensions") is not None:  # the order in which the axes are read
        value = graph.transpose(value, params["dimensions"])
    return graph.reshape(value, aval.shape)


def _squeeze(graph: Graph, params: Any, aval: Any, value: Value) -> Value:
    return graph.reshape(value, aval.shape)


def _transpose(graph: Graph, params: Any, aval: Any, value: Value) -> Value:
    return graph.transpose(value, params["permutation"])


def _size(graph: Graph, params: Any, aval: Any) -> Value:
    return graph.make(python_text(params["dim"]), kind="i", is_python=True)


def _dot_general(graph: Graph, params: Any, aval: Any, left: Value, right: Value) -> Value:
    """Multiply matrices as `@` where they are matrices, else name the axes to einsum."""
    if aval.dtype != "int64" and (left.kind != "f" or right.kind != "f"):
        cast = f"{{0}}.astype({dtype_text(aval.dtype)})"  # sums are in the type of the result
        left, right = (
            graph.make(cast, [graph.typed(one)], shape=one.shape, kind=kind_of(aval))
            for one in (left, right)
        )
    (of_left, of_right), (batch_left, batch_right) = params["dimension_numbers"]
    left, right = graph.typed(left), graph.typed(right)
    ranks = {len(left.shape), len(right.shape)}
    if ranks <= {1, 2} and len(of_left) == 1 and not batch_left:
        left = graph.transpose(left, (1, 0)) if of_left[0] < len(left.shape) - 1 else left
        right = graph.transpose(right, (1, 0)) if of_right[0] > 0 else right
        return graph.product(left, right)
    if 0 in ranks:
        about = {"shape": aval.shape, "kind": kind_of(aval), "operation": "mul"}
        return graph.make("{0} * {1}", [left, right], **about)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    names = [next(letters) for _ in left.shape], [""] * len(right.shape)
    for mine, yours in zip((*batch_left, *of_left), (*batch_right, *of_right), strict=True):
        names[1][yours] = names[0][mine]
    names[1][:] = [name or next(letters) for name in names[1]]
    batch = [names[0][axis] for axis in batch_left]
    free = [
        name
        for side, used in ((0, (*batch_left, *of_left)), (1, (*batch_right, *of_right)))
        for axis, name in enumerate(names[side])
        if axis not in used
    ]
    subscripts = f"{''.join(names[0])},{''.join(names[1])}->{''.join(batch + free)}"
    template = f"np.einsum('{subscripts}', {{0}}, {{1}})"
    return graph.make(template, [left, right], shape=aval.shape, kind=kind_of(aval))


# Primitives that only arrange values, simplified by the graph itself.
SHAPING: dict[str, Callable[..., Value]] = {
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": _reshape,
    "squeeze": _squeeze,
    "transpose": _transpose,
    "dim_as_value": _size,
    "dot_general": _dot_general,
}
