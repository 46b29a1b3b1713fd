"""Primitives that arrange entries: join, pad, reverse, cut, count, sort."""

from __future__ import annotations

from collections.abc import Sequence

from backproof.autodiff.dimensions import Size, python_text, shape_text
from backproof.autodiff.primitives.equation import Equation, Row, axes_text


def index_text(
    shape: Sequence[Size],
    starts: Sequence[Size],
    stops: Sequence[Size],
    steps: Sequence[Size] | None = None,
) -> str:
    """Return the index "start:stop:step, …", without what a slice has on its own."""
    index = []
    for size, start, stop, step in zip(
        shape, starts, stops, steps or [1] * len(shape), strict=True
    ):
        first = "" if start == 0 else python_text(start)
        last = "" if stop == size else python_text(stop)
        index.append(f"{first}:{last}" if step == 1 else f"{first}:{last}:{python_text(step)}")
    while len(index) > 1 and index[-1] == ":":
        index.pop()
    return ", ".join(index) or "..."


def _operands(equation: Equation) -> str:
    return ", ".join(f"{{{i}}}" for i in range(len(equation.inputs)))


def _concatenate(equation: Equation) -> str:
    return f"np.concatenate([{_operands(equation)}], axis={equation.params['dimension']})"


def _stack(equation: Equation) -> str:
    return f"np.stack([{_operands(equation)}], axis={equation.params['axis']})"


def _tile(equation: Equation) -> str:
    return f"np.tile({{0}}, {shape_text(equation.params['reps'])})"


def _unstack(equation: Equation) -> str:
    return f"[part.copy() for part in np.moveaxis({{0}}, {equation.params['axis']}, 0)]"


def _split(equation: Equation) -> str:
    sizes = equation.params["sizes"]
    ends = shape_text(sum(sizes[:i]) for i in range(1, len(sizes)))
    parts = f"np.split({{0}}, {ends}, axis={equation.params['axis']})"
    return f"[part.copy() for part in {parts}]"


def _pad(equation: Equation) -> str:
    """Write numpy.pad where it can do it: no gaps, and widths that are known not to be negative."""
    edges = equation.params["padding_config"]
    if not edges:
        return "{0}.copy()"
    if all(f"{low}{high}".isdigit() and between == 0 for low, high, between in edges):
        widths = ", ".join(f"({low}, {high})" for low, high, _ in edges)
        number = getattr(equation.equation.invars[1], "val", None)
        value = "" if str(number) in ("0", "0.0") else ", constant_values={1}"
        return f"np.pad({{0}}, ({widths},){value})"
    return f"pad_with_gaps({{0}}, {{1}}, {', '.join(map(shape_text, edges))})"


def _rev(equation: Equation) -> str:
    return f"np.flip({{0}}, axis={axes_text(map(int, equation.params['dimensions']))})"


def _slice(equation: Equation) -> str:
    params = equation.params
    starts, stops = params["start_indices"], params["limit_indices"]
    return f"{{0}}[{index_text(equation.inputs[0].shape, starts, stops, params['strides'])}]"


def _iota(equation: Equation) -> str:
    """Count along one axis, in a new array that may be written to."""
    shape, axis = equation.params["shape"], equation.params["dimension"]
    dtype = "" if equation.dtype() == "np.int64" else f", dtype={equation.dtype()}"
    count = f"np.arange({python_text(shape[axis])}{dtype})"
    if len(shape) == 1:
        return count
    behind = len(shape) - 1 - axis
    column = f"{count}[{', '.join([':', *['None'] * behind])}]" if behind else count
    return f"np.full({shape_text(shape)}, {column})"


def _sort(equation: Equation) -> str:
    axis, keys = equation.params["dimension"], equation.params["num_keys"]
    if len(equation.inputs) == 1:
        return f'[np.sort({{0}}, axis={axis}, kind="stable")]'
    return f"sort_together({axis}, {keys}, {_operands(equation)})"


def _top_k(equation: Equation) -> str:
    axis = equation.params.get("axis", -1)
    return f"largest({{0}}, {python_text(equation.params['k'])}, {axis})"


ARRANGING: dict[str, Row] = {
    "concatenate": _concatenate,
    "stack": _stack,
    "unstack": _unstack,
    "tile": _tile,
    "split": _split,
    "pad": _pad,
    "rev": _rev,
    "slice": _slice,
    "iota": _iota,
    "sort": _sort,
    "top_k": _top_k,
}
