"""Symbolic sizes as Python text: JAX writes `floordiv(n, 2)` and `n^2`, Python `n // 2`, `n ** 2`.

A size is a whole number or one of JAX's symbolic dimensions, an expression of names such as
`2*n`; `str` writes it in the grammar that `jax.export.symbolic_shape` reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

Size = Any  # int, or JAX's symbolic dimension, which has no public name
OPERATORS = {"floordiv": ast.FloorDiv, "mod": ast.Mod}


def python_text(size: Size) -> str:
    """Return a size as a Python expression of its dimensions.

    >>> python_text("floordiv(n, 2) + m^2")
    'n // 2 + m ** 2'
    """
    return _rewritten(str(size))


def shape_text(sizes: Iterable[Size]) -> str:
    """Return sizes as a Python tuple: (), (n,), (n, m)."""
    written = [python_text(size) for size in sizes]
    return f"({', '.join(written)}{',' * (len(written) == 1)})"


def names_in(text: str) -> set[str]:
    """Return the dimensions that an expression is made of.

    >>> sorted(names_in("floordiv(n, 2) >= m"))
    ['m', 'n']
    """
    tree = ast.parse(_rewritten(text), mode="eval")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names - {"max", "min"}


def evaluated(text: str, sizes: Mapping[str, int]) -> Any:
    """Return the value of an expression, or of a constraint, for these sizes.

    >>> evaluated("2*n >= m", {"n": 2, "m": 5})
    False
    """
    return eval(_compiled(text), {"max": max, "min": min}, dict(sizes))


@cache
def _compiled(text: str) -> Any:
    return compile(_rewritten(text), "<size>", "eval")


@cache
def _rewritten(text: str) -> str:
    tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
    return ast.unparse(_InPython().visit(tree))


class _InPython(ast.NodeTransformer):
    """JAX's `floordiv` and `mod` as Python's `//` and `%`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        operator = OPERATORS.get(getattr(node.func, "id", ""))
        return ast.BinOp(node.args[0], operator(), node.args[1]) if operator else node
