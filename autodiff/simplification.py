"""What an elementwise operation amounts to when it needs no arithmetic.

Every rule is exact but for the sign of a zero (x + 0 is x) and casts from one float to another,
which the working dtype replaces.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backproof.autodiff.expressions import Graph, Value, broadcast_shape

# An operation, the side of a number, and the number that changes nothing there.
NEUTRAL = {
    *(("add", side, 0) for side in (0, 1)),
    *(("add_any", side, 0) for side in (0, 1)),
    *(("mul", side, 1) for side in (0, 1)),
    ("sub", 1, 0),
    ("div", 1, 1),
}
# What Python itself computes as NumPy does, without a rounding, on whole numbers.
EXACT: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
PASSING_NAN = {"add", "sub", "mul", "div", "neg", "abs", "max", "min", "exp", "log1p"}


def _is_nan_with(x: Value, value: Value) -> bool:
    """Whether a value is sure to be NaN where x is."""
    if value is x:
        return True
    return value.operation in PASSING_NAN and any(_is_nan_with(x, one) for one in value.inputs)


def simplified(graph: Graph, name: str, inputs: list[Value], kind: str) -> Value | None:
    """Return what an elementwise operation amounts to when it needs no arithmetic, else None."""
    numbers = [value.number for value in inputs]
    if name == "convert_element_type":
        if kind == inputs[0].kind and kind in "fb":
            return inputs[0]
        if inputs[0].is_python and inputs[0].kind == "i" and kind in "if":
            return replace(inputs[0], kind=kind)
    if name == "select_n" and numbers[0] is not None:
        return inputs[1 + int(numbers[0])]
    if name == "select_n" and len(set(inputs[1:])) == 1:
        return inputs[1]
    if name == "select_n" and inputs[0].operation == "ne" and len(set(inputs[0].inputs)) == 1:
        # Where x is NaN, x ≠ x, both cases are NaN: the question need not be asked.
        (x,) = set(inputs[0].inputs)
        if all(_is_nan_with(x, case) for case in inputs[1:]):
            return inputs[1]
    if name == "neg" and inputs[0].operation == "neg":
        return inputs[0].inputs[0]
    if name == "abs" and inputs[0].operation == "neg":
        return graph.make(
            "np.abs({0})", inputs[0].inputs, shape=inputs[0].shape, kind=kind, operation="abs"
        )
    for side, number in enumerate(numbers):
        if number is not None and (name, side, number) in NEUTRAL:
            return inputs[1 - side]
    if name in ("add", "add_any"):  # x + (−y) is x − y
        for side, value in enumerate(inputs):
            if value.operation == "neg":
                terms = [inputs[1 - side], value.inputs[0]]
                shape = broadcast_shape([term.shape for term in terms])
                return graph.make("{0} - {1}", terms, shape=shape, kind=kind, operation="sub")
    known = all(number is not None for number in numbers)
    if known and name in EXACT and (kind != "f" or all(map(_is_whole, numbers))):
        number = EXACT[name](*numbers)
        return graph.number(float(number) if kind == "f" else number)
    return None


def _is_whole(number: float) -> bool:
    return float(number).is_integer()
