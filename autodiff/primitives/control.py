"""Primitives that run other programs: loops and branches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backproof.autodiff.dimensions import python_text, shape_text
from backproof.autodiff.primitives.equation import Equation, Row


def _tuple(items: Sequence[Any]) -> str:
    return f"({''.join(f'{item}, ' for item in items)})"


def _places(first: int, last: int) -> str:
    """Return a tuple of operands."""
    return _tuple([f"{{{i}}}" for i in range(first, last)])


def _scan(equation: Equation) -> str:
    params, last = equation.params, len(equation.inputs)
    carry = params["num_consts"]
    sequences = carry + params["num_carry"]
    stacked = list(enumerate(equation.equation.outvars))[params["num_carry"] :]
    empty = [
        f"np.zeros({shape_text((0, *result.aval.shape[1:]))}, {equation.dtype(i)})"
        for i, result in stacked
    ]
    operands = [
        equation.function(params["jaxpr"]),
        _places(0, carry),
        _places(carry, sequences),
        _places(sequences, last),
        _tuple(empty),
        python_text(params["length"]),
        *["reverse=True"] * params["reverse"],
    ]
    return f"scan({', '.join(operands)})"


def _while(equation: Equation) -> str:
    params, last = equation.params, len(equation.inputs)
    body = params["cond_nconsts"]
    carry = body + params["body_nconsts"]
    condition = f"{equation.function(params['cond_jaxpr'])}, {_places(0, body)}"
    step = f"{equation.function(params['body_jaxpr'])}, {_places(body, carry)}"
    return f"while_loop({condition}, {step}, {_places(carry, last)})"


def _cond(equation: Equation) -> str:
    last = len(equation.inputs)
    branches = _tuple([equation.function(program) for program in equation.params["branches"]])
    dtypes = _tuple([equation.dtype(i) for i in range(len(equation.equation.outvars))])
    return f"branch({{0}}, {branches}, {_places(1, last)}, {dtypes})"


def _empty(equation: Equation) -> str:
    # Stands in a branch for what only another branch hands on to the derivative.
    return f"np.zeros({shape_text(equation.equation.outvars[0].aval.shape)}, {equation.dtype()})"


CONTROL: dict[str, Row] = {"scan": _scan, "while": _while, "cond": _cond, "empty2": _empty}
