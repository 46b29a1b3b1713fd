"""The arithmetic behind one entry: the multiply-adds that made it, with their numbers."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

TERMS = 8  # of a sum that are written out
Place = tuple[int, ...]


def made_of(
    equation: str, place: Place, arrays: Mapping[str, Any], sizes: Mapping[str, int]
) -> str:
    """Return an equation at one entry in numbers, "" where it is of another form than these.

    >>> arrays = {"W": np.array([[2.0, 3.0]]), "x": np.array([[4.0], [5.0]])}
    >>> made_of("W @ x / m", (0, 0), arrays, {"m": 7})
    '(2·4 + 3·5) / 7'
    """
    try:
        return _of(ast.parse(equation, mode="eval").body, place, arrays, sizes)
    except (KeyError, SyntaxError, IndexError):
        return ""


def _of(node: ast.expr, place: Place, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> str:
    def of(inner: ast.expr) -> str:
        return _of(inner, place, arrays, sizes)

    match node:
        case ast.Constant(value=value):
            return str(value)
        case ast.Name(id=name) if name in sizes:
            return str(sizes[name])
        case ast.Name() | ast.Attribute(attr="T"):
            return _number(_entry(_array(node, arrays, sizes), place))
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            row = _array(left, arrays, sizes)[place[0]]
            column = _array(right, arrays, sizes)[:, place[1]]
            return _sum([f"{_number(a)}·{_number(b)}" for a, b in zip(row, column, strict=True)])
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"{_grouped(of(left))} / {_grouped(of(right))}"
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return f"{_grouped(of(left))} · {_grouped(of(right))}"
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
            return f"{_grouped(of(left))}²"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{of(left)} + {of(right)}"
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return f"{of(left)} − {_grouped(of(right))}"
        case ast.Call(func=ast.Attribute(value=inner, attr="sum"), keywords=keywords):
            summed = _array(inner, arrays, sizes)
            given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in keywords}
            if summed.ndim != 2 or given.get("axis") not in (0, 1):
                raise KeyError("sum")
            along = np.moveaxis(summed, given["axis"], -1)
            return _sum([_number(x) for x in along[place[1 - given["axis"]]]])
        case ast.Call(func=ast.Name(id=function), args=[first, *_]):
            return f"{function.replace('_prime', '′')}({of(first)})"
    raise KeyError(type(node).__name__)


def _array(node: ast.expr, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    match node:
        case ast.Name(id=name):
            return arrays[name]
        case ast.Attribute(value=inner, attr="T"):
            return _array(inner, arrays, sizes).T
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Name(id=size)):
            return _array(left, arrays, sizes) / sizes[size]
    raise KeyError(type(node).__name__)


def _entry(array: Any, place: Place) -> float:
    """Return the entry at a place of what the array is broadcast to."""
    if array.ndim == 0:
        return float(array)
    own = [i if n > 1 else 0 for i, n in zip(place[-array.ndim :], array.shape, strict=True)]
    return float(array[tuple(own)])


def _number(value: float) -> str:
    return f"{float(value):.6g}".replace("-", "−")


def _sum(terms: list[str]) -> str:
    rest = f" + … {len(terms) - TERMS} more" if len(terms) > TERMS else ""
    return f"{' + '.join(terms[:TERMS])}{rest}"


def _grouped(text: str) -> str:
    return f"({text})" if " " in text or "·" in text or text.startswith("−") else text
