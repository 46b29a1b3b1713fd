"""Equations as MathML, which browsers show without a library, and screen readers read aloud."""

from __future__ import annotations

import ast
import re
from html import escape

NUMBERED = re.compile(r"(?P<letters>[^\W\d]+?)_?(?P<number>\d+)")
T = "<mi>T</mi>"
NAMES = {"maximum": "max", "minimum": "min"}


def mathml(name: str, equation: str) -> str:
    """Return name = equation as a <math> element; its Python text where it has no other form.

    >>> mathml("y", "x / m")
    '<math display="block"><mi>y</mi><mo>=</mo><mfrac><mi>x</mi><mi>m</mi></mfrac></math>'
    """
    try:
        right = _of(ast.parse(equation, mode="eval").body)
    except (SyntaxError, KeyError):
        right = f"<mtext>{escape(equation)}</mtext>"
    return f'<math display="block">{_name(name)}<mo>=</mo>{right}</math>'


def _name(name: str) -> str:
    found = NUMBERED.fullmatch(name)
    if found is None:
        return f"<mi>{escape(name)}</mi>"
    return f"<msub><mi>{found['letters']}</mi><mn>{found['number']}</mn></msub>"


def _of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return _name(name)
        case ast.Constant(value=value):
            return f"<mn>{value!r}</mn>"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"<mrow><mo>−</mo>{_grouped(operand)}</mrow>"
        case ast.Attribute(value=ast.Name(id=name), attr="T") if NUMBERED.fullmatch(name):
            return _name(name).replace("msub>", "msubsup>").replace("</msubsup>", f"{T}</msubsup>")
        case ast.Attribute(value=inner, attr="T"):
            return f"<msup>{_base(inner)}{T}</msup>"
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"<mfrac>{_row(left)}{_row(right)}</mfrac>"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"<msup>{_base(left)}{_row(right)}</msup>"
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            sides = [_grouped(side, also=ast.Mult) for side in (left, right)]
            return f"<mrow>{sides[0]}<mo>&#x2062;</mo>{sides[1]}</mrow>"
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return f"<mrow>{_of(left)}<mo>−</mo>{_grouped(right)}</mrow>"
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return f"<mrow>{_grouped(left)}<mo>∗</mo>{_grouped(right)}</mrow>"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"<mrow>{_of(left)}<mo>+</mo>{_of(right)}</mrow>"
        case ast.Call(func=ast.Attribute(value=inner, attr="sum")) if not _is_numpy(inner):
            return f"<mrow><mo>∑</mo>{_grouped(inner)}</mrow>"
        case ast.Call(func=ast.Attribute(attr="sum"), args=[inner, *_]):
            return f"<mrow><mo>∑</mo>{_grouped(inner)}</mrow>"
        case ast.Call(func=ast.Attribute(attr="abs"), args=[inner]):
            return f"<mrow><mo>|</mo>{_of(inner)}<mo>|</mo></mrow>"
        case ast.Call(func=ast.Attribute(attr="log1p"), args=[inner]):
            return f"<mrow><mi>log</mi><mo>(</mo><mn>1</mn><mo>+</mo>{_of(inner)}<mo>)</mo></mrow>"
        case ast.Call(func=ast.Attribute(attr=function), args=arguments):
            return _call(function, arguments)
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _call(function, arguments[:1])  # g′(Z, A) is g′ at Z
    raise KeyError(type(node).__name__)


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "np"


def _call(function: str, arguments: list[ast.expr]) -> str:
    name = NAMES.get(function.removesuffix("_prime"), function.removesuffix("_prime"))
    prime = "′" if function.endswith("_prime") else ""
    given = "<mo>,</mo>".join(map(_of, arguments))
    return f"<mrow><mi>{name}{prime}</mi><mo>(</mo>{given}<mo>)</mo></mrow>"


def _base(node: ast.expr) -> str:
    """Return what has an exponent, in parentheses unless it is one thing."""
    inner = _of(node)
    if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Call)):
        return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"
    return inner


def _row(node: ast.expr) -> str:
    return f"<mrow>{_of(node)}</mrow>" if isinstance(node, ast.BinOp) else _of(node)


def _grouped(node: ast.expr, also: type[ast.operator] = ast.Add) -> str:
    """Return a factor, in parentheses where it is a sum or a difference, or what is `also` one."""
    inner = _of(node)
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, also))
    if is_sum or inner.startswith("<mrow><mo>∑"):
        return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"
    return inner
