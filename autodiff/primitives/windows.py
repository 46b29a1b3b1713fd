"""Primitives that slide windows over an array: convolutions and pooling."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import numpy as np

from backproof.autodiff.dimensions import shape_text
from backproof.autodiff.primitives.equation import Equation, Row, axes_text


def _pairs_text(pairs: Iterable[tuple[Any, Any]]) -> str:
    return f"({' '.join(f'{shape_text(pair)},' for pair in pairs)})"


def _padded(operand: str, value: str, padding: Any, dilation: Any) -> str:
    """Return an operand with `value` between its entries and around them."""
    if all(low == high == 0 for low, high in padding) and all(step == 1 for step in dilation):
        return operand
    return f"padded({operand}, {value}, {_pairs_text(padding)}, {shape_text(dilation)})"


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
    x = _padded(x, "0", params["padding"], params["lhs_dilation"])
    steps = f"{shape_text(params['window_strides'])}, {shape_text(params['rhs_dilation'])}"
    return _transposed(f"convolution({x}, {kernel}, {steps}, {groups})", np.argsort(of_result))


def _least(equation: Equation) -> str:
    """Return what is below every number of the result's dtype."""
    dtype = equation.dtype()
    return {"dtype": "-np.inf", "np.bool": "False"}.get(dtype, f"np.iinfo({dtype}).min")


def _largest(equation: Equation) -> str:
    """Return what is above every number of the result's dtype."""
    dtype = equation.dtype()
    return {"dtype": "np.inf", "np.bool": "True"}.get(dtype, f"np.iinfo({dtype}).max")


def _sliding(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters without the first axes, as long as the windows leave them as is."""
    names = ("window_dimensions", "window_strides", "window_dilation", "base_dilation", "padding")
    rows = list(zip(*(params[name] for name in names), strict=True))
    unchanged = len(list(takewhile(lambda row: row == (1, 1, 1, 1, (0, 0)), rows)))
    return {name: params[name][unchanged:] for name in names}


def _windows_text(params: dict[str, Any]) -> str:
    """Return the sizes, strides and dilations of windows as they are written."""
    names = ("window_dimensions", "window_strides", "window_dilation")
    return ", ".join(shape_text(params[name]) for name in names)


def _pooling(reduction: str, equation: Equation, around: str) -> str:
    params = _sliding(equation.params)
    x = _padded("{0}", around, params["padding"], params["base_dilation"])
    axes = range(-len(params["padding"]), 0)
    dtype = f", dtype={equation.dtype()}" * (reduction == "sum" and equation.dtype() != "dtype")
    return f"np.{reduction}(windows({x}, {_windows_text(params)}), axis={axes_text(axes)}{dtype})"


def _fold(equation: Equation) -> str:
    params, count = equation.params, len(equation.inputs) // 2
    step = equation.function(params["jaxpr"])
    initial = [f"{{{count + i}}}" for i in range(count)]
    operands = [
        _padded(f"{{{i}}}", initial[i], params["padding"], params["base_dilation"])
        for i in range(count)
    ]
    of_each = f"[{', '.join(operands)}], [{', '.join(initial)}]"
    return f"folded_windows({step}, {of_each}, {_windows_text(params)})"


def _selection(equation: Equation) -> tuple[str, str]:
    """Return the comparison by which a window selects its entry, and what loses every one."""
    largest_wins = equation.params["select_prim"].name == "ge"
    return ("np.greater_equal", "-np.inf") if largest_wins else ("np.less_equal", "np.inf")


def _scatter(equation: Equation) -> str:
    params = equation.params
    stays, around = _selection(equation)
    steps = ", ".join(shape_text(params[f"window_{name}"]) for name in ("dimensions", "strides"))
    padding = _pairs_text(params["padding"])
    return f"scattered_to_selected({{0}}, {{1}}, {stays}, {steps}, {padding}, {around})"


def _gather(equation: Equation) -> str:
    params = equation.params
    stays, around = _selection(equation)
    spread = params["padding"], params["base_dilation"]
    operands = f"{_padded('{0}', '0', *spread)}, {_padded('{1}', around, *spread)}"
    return f"gathered_from_selected({operands}, {stays}, {_windows_text(params)}, {around})"


WINDOWS: dict[str, Row] = {
    "conv_general_dilated": _convolution,
    "reduce_window_sum": lambda equation: _pooling("sum", equation, "0"),
    "reduce_window_max": lambda equation: _pooling("max", equation, _least(equation)),
    "reduce_window_min": lambda equation: _pooling("min", equation, _largest(equation)),
    "reduce_window": _fold,
    "select_and_scatter_add": _scatter,
    "select_and_gather_add": _gather,
}
