"""Primitives that read and write at places which other arrays hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from jax.lax import GatherScatterMode

from backproof.autodiff.dimensions import shape_text
from backproof.autodiff.expressions import Value
from backproof.autodiff.primitives.arranging import index_text
from backproof.autodiff.primitives.equation import Equation, Row


def _without_last_axis(starts: Value) -> Value | None:
    """Return the value that `starts` is with a last axis of length 1, if there is one."""
    before = [starts.narrow, *starts.inputs[: starts.operation == "reshape"]]
    wanted = starts.shape[:-1]
    return next((value for value in before if value and value.shape == wanted), None)


def _axes(axes: Iterable[int]) -> str:
    """Return axes as a tuple; JAX's may be NumPy's integers."""
    return shape_text(map(int, axes))


def _shared(of_operand: Iterable[int], of_starts: Iterable[int]) -> str:
    pairs = [_axes(pair) for pair in zip(of_operand, of_starts, strict=True)]
    return f", shared=({', '.join(pairs)},)" if pairs else ""


def _fill(value: Any, dtype: str) -> str:
    """Return what is read outside, as it is written."""
    if dtype == "dtype":
        return re.sub("inf|nan", r"np.\g<0>", repr(float(value)))
    return f"{dtype}({int(value)})"


def _take(equation: Equation) -> str:
    """Write a lookup of whole rows, or whole columns, as numpy.take; "" if it is something else."""
    x, starts = equation.inputs
    numbers, sizes = equation.params["dimension_numbers"], equation.params["slice_sizes"]
    start, axes = _without_last_axis(starts), tuple(numbers.start_index_map)
    rest = [axis for axis in range(len(x.shape)) if axis not in axes]
    moved = [axis if axis < axes[0] else axis + len(starts.shape) - 2 for axis in rest if axes]
    if (
        start is None
        or start.kind != "i"
        or equation.params["mode"] == GatherScatterMode.FILL_OR_DROP
        or (numbers.collapsed_slice_dims, len(axes)) != (axes, 1)
        or numbers.operand_batching_dims
        or list(numbers.offset_dims) != moved
        or any(sizes[axis] != x.shape[axis] for axis in rest)
    ):
        return ""
    equation.inputs[1] = start
    return f'np.take({{0}}, {{1}}, axis={int(axes[0])}, mode="clip")'


def _fixed_window(equation: Equation) -> str:
    """Write a window at a place that is a number as a slice; "" if it is something else."""
    x, starts = equation.inputs
    numbers, sizes = equation.params["dimension_numbers"], equation.params["slice_sizes"]
    start = _without_last_axis(starts)
    if (
        start is None
        or start.number is None
        or equation.params["mode"] != GatherScatterMode.PROMISE_IN_BOUNDS
        or numbers.collapsed_slice_dims
        or numbers.operand_batching_dims
    ):
        return ""
    first = [start.number * (axis in numbers.start_index_map) for axis in range(len(x.shape))]
    ends = [number + size for number, size in zip(first, sizes, strict=True)]
    equation.inputs[1:] = []
    return f"{{0}}[{index_text(x.shape, first, ends)}].copy()"


def _windows(equation: Equation) -> str:
    params, numbers = equation.params, equation.params["dimension_numbers"]
    axes, sizes = _axes(numbers.start_index_map), shape_text(params["slice_sizes"])
    dropped = _axes(sorted((*numbers.collapsed_slice_dims, *numbers.operand_batching_dims)))
    shared = _shared(numbers.operand_batching_dims, numbers.start_indices_batching_dims)
    fills = params["mode"] == GatherScatterMode.FILL_OR_DROP
    fill = f", fill={_fill(params['fill_value'], equation.dtype())}" if fills else ""
    return (
        f"gather({{0}}, {{1}}, axes={axes}, sizes={sizes}, dropped={dropped}, "
        f"window={_axes(numbers.offset_dims)}{shared}{fill})"
    )


def _gather(equation: Equation) -> str:
    return _take(equation) or _fixed_window(equation) or _windows(equation)


def _scatter(ufunc: str = "") -> Row:
    """Return a row that writes, or combines by a ufunc."""

    def row(equation: Equation) -> str:
        params, numbers = equation.params, equation.params["dimension_numbers"]
        update = params["update_jaxpr"]
        if not ufunc and update is not None and update.outvars != update.invars[1:]:
            raise NotImplementedError("x.at[...].apply has no NumPy form: compute what it writes.")
        dropped = sorted((*numbers.inserted_window_dims, *numbers.operand_batching_dims))
        shared = _shared(numbers.operand_batching_dims, numbers.scatter_indices_batching_dims)
        combine = f", combine=np.{ufunc}" if ufunc else ""
        clip = ", clip=True" if params["mode"] == GatherScatterMode.CLIP else ""
        return (
            f"scatter({{0}}, {{1}}, {{2}}, axes={_axes(numbers.scatter_dims_to_operand_dims)}, "
            f"dropped={_axes(dropped)}, window={_axes(numbers.update_window_dims)}"
            f"{shared}{combine}{clip})"
        )

    return row


def _starts(equation: Equation, first: int) -> str:
    return ", ".join(f"{{{i}}}" for i in range(first, len(equation.inputs)))


def _dynamic_slice(equation: Equation) -> str:
    sizes = shape_text(equation.params["slice_sizes"])
    return f"dynamic_slice({{0}}, {sizes}, {_starts(equation, 1)})"


def _dynamic_update_slice(equation: Equation) -> str:
    return f"dynamic_update_slice({{0}}, {{1}}, {_starts(equation, 2)})"


INDEXING: dict[str, Row] = {
    "gather": _gather,
    "scatter": _scatter(),
    "scatter-add": _scatter("add"),
    "scatter-sub": _scatter("subtract"),
    "scatter-mul": _scatter("multiply"),
    "scatter-min": _scatter("minimum"),
    "scatter-max": _scatter("maximum"),
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
}
