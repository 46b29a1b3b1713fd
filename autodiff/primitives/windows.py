"""Primitives that slide windows over an array: convolutions and pooling."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import numpy as np

from backproof.autodiff.dimensions import shape_text
from backproof.autodiff.primitives.equation import Equation, Row, axes_text

OF_WINDOWS = ("window_dimensions", "window_strides", "window_dilation")


def _padded(operand: str, value: str, padding: Any, dilation: Any) -> str:
    """Return an operand with `value` around it, and `dilation` − 1 times between its entries."""
    edges = [(*around, step - 1) for around, step in zip(padding, dilation, strict=True)]
    if all(edge == (0, 0, 0) for edge in edges):
        return operand
    return f"pad_with_gaps({operand}, {value}, {', '.join(map(shape_text, edges))})"


def _transposed(operand: str, permutation: Iterable[int]) -> str:
    axes = tuple(int(axis) for axis in permutation)
    return operand if axes == tuple(range(len(axes))) else f"np.transpose({operand}, {axes})"


def _convolution(equation: Equation) -> str:
    """Bring the axes in order, batch groups among the features, then convolve."""
    params = equation.params
    of_x, of_kernel, of_result = params["dimension_numbers"]
    operands = ["{0}", "{1}"]
    if equation.equation.invars[0].aval.dtype != equation.equation.outvars[0].aval.dtype:
        operands = [f"{operand}.astype({equation.dtype()})" for operand in operands]
    x, kernel = _transposed(operands[0], of_x), _transposed(operands[1], of_kernel)
    groups, parts = params["feature_group_count"], params["batch_group_count"]
    if parts > 1:
        x, groups = f"np.concatenate(np.split({x}, {parts}), axis=1)", parts
    padding = ((0, 0), (0, 0), *params["padding"])
    x = _padded(x, "0", padding, (1, 1, *params["lhs_dilation"]))
    steps = f"{shape_text(params['window_strides'])}, {shape_text(params['rhs_dilation'])}"
    return _transposed(f"convolution({x}, {kernel}, {steps}, {groups})", np.argsort(of_result))


def _limit(equation: Equation, side: str) -> str:
    """Return what no number of the result's dtype is below, or above: `side` is min or max."""
    sign, dtype = "-" * (side == "min"), equation.dtype()
    texts = {"dtype": f"{sign}np.inf", "np.bool": str(side == "max")}
    return texts.get(dtype, f"np.iinfo({dtype}).{side}")


def _pooling(reduction: str, equation: Equation, around: str) -> str:
    """Reduce windows along the axes from the first that they do not leave as it is."""
    params = equation.params
    x = _padded("{0}", around, params["padding"], params["base_dilation"])
    steps = zip(*(params[name] for name in OF_WINDOWS), strict=True)
    unchanged = len(list(takewhile(lambda step: step == (1, 1, 1), steps)))
    slid = ", ".join(shape_text(params[name][unchanged:]) for name in OF_WINDOWS)
    axes = axes_text(range(unchanged - len(params["padding"]), 0))
    dtype = f", dtype={equation.dtype()}" * (reduction == "sum" and equation.dtype() != "dtype")
    return f"np.{reduction}(windows({x}, {slid}), axis={axes}{dtype})"


def _windows_text(equation: Equation) -> str:
    return ", ".join(shape_text(equation.params[name]) for name in OF_WINDOWS)


def _fold(equation: Equation) -> str:
    params, count = equation.params, len(equation.inputs) // 2
    step = equation.function(params["jaxpr"])
    initial = [f"{{{count + i}}}" for i in range(count)]
    operands = [
        _padded(f"{{{i}}}", initial[i], params["padding"], params["base_dilation"])
        for i in range(count)
    ]
    of_each = f"[{', '.join(operands)}], [{', '.join(initial)}]"
    return f"folded_windows({step}, {of_each}, {_windows_text(equation)})"


def _selection(equation: Equation) -> tuple[str, str]:
    """Return the comparison by which a window keeps its entry, and what loses against any."""
    largest_wins = equation.params["select_prim"].name == "ge"
    return ("np.greater_equal", "-np.inf") if largest_wins else ("np.less_equal", "np.inf")


def _scatter(equation: Equation) -> str:
    params = equation.params
    stays, around = _selection(equation)
    steps = ", ".join(shape_text(params[name]) for name in OF_WINDOWS[:2])
    padding = ", ".join(map(shape_text, params["padding"]))
    return f"scattered_to_selected({{0}}, {{1}}, {stays}, {steps}, ({padding},), {around})"


def _gather(equation: Equation) -> str:
    stays, around = _selection(equation)
    spread = equation.params["padding"], equation.params["base_dilation"]
    source, x = _padded("{0}", "0", *spread), _padded("{1}", around, *spread)
    return f"gathered_from_selected({source}, {x}, {stays}, {_windows_text(equation)}, {around})"


WINDOWS: dict[str, Row] = {
    "conv_general_dilated": _convolution,
    "reduce_window_sum": lambda equation: _pooling("sum", equation, "0"),
    "reduce_window_max": lambda equation: _pooling("max", equation, _limit(equation, "min")),
    "reduce_window_min": lambda equation: _pooling("min", equation, _limit(equation, "max")),
    "reduce_window": _fold,
    "select_and_scatter_add": _scatter,
    "select_and_gather_add": _gather,
}
