"""Primitives that reduce axes, and those that run along one."""

from __future__ import annotations

from collections.abc import Callable

from backproof.autodiff.primitives.equation import Equation, Row, axes_text


def _dtype(equation: Equation) -> str:
    """Return the argument that keeps a small integer, which NumPy would add up in a larger one."""
    return "" if equation.dtype() in ("dtype", "np.int64") else f", dtype={equation.dtype()}"


def _reduction(template: str, dtype: bool = False) -> Callable[[Equation], str]:
    def row(equation: Equation) -> str:
        axes = axes_text(map(int, equation.params["axes"]))
        return f"{template}axis={axes}{_dtype(equation) if dtype else ''})"

    return row


def _bitwise(of_booleans: str, of_integers: str) -> Row:
    """Return a row that reduces truth values, or the bits of integers."""
    booleans, integers = _reduction(of_booleans), _reduction(of_integers)
    return lambda equation: (booleans if equation.inputs[0].kind == "b" else integers)(equation)


def _extreme(name: str) -> Row:
    """Return a row for where an extreme is: of equal ones the first, a NaN before all."""

    def row(equation: Equation) -> str:
        template = f"np.{name}({{0}}, axis={axes_text(map(int, equation.params['axes']))})"
        cast = "" if equation.dtype() == "np.int64" else f".astype({equation.dtype()})"
        return f"{template}{cast}"

    return row


def _cumulative(template: str, dtype: bool = False) -> Row:
    """Return a row that runs along an axis, or from its end."""

    def row(equation: Equation) -> str:
        axis = int(equation.params["axis"])
        text = f"{template}, axis={axis}{_dtype(equation) if dtype else ''})"
        if not equation.params["reverse"]:
            return text
        return f"np.flip({text.format(f'np.flip({{0}}, axis={axis})')}, axis={axis})"

    return row


REDUCTIONS: dict[str, Row] = {
    "reduce_sum": _reduction("{0}.sum(", dtype=True),
    "reduce_max": _reduction("{0}.max("),
    "reduce_min": _reduction("{0}.min("),
    "reduce_prod": _reduction("{0}.prod(", dtype=True),
    "reduce_and": _bitwise("{0}.all(", "np.bitwise_and.reduce({0}, "),
    "reduce_or": _bitwise("{0}.any(", "np.bitwise_or.reduce({0}, "),
    "reduce_xor": _reduction("np.bitwise_xor.reduce({0}, "),
    "argmax": _extreme("argmax"),
    "argmin": _extreme("argmin"),
    "cumsum": _cumulative("np.cumsum({0}", dtype=True),
    "cumprod": _cumulative("np.cumprod({0}", dtype=True),
    "cummax": _cumulative("np.maximum.accumulate({0}"),
    "cummin": _cumulative("np.minimum.accumulate({0}"),
    "cumlogsumexp": _cumulative("cumulative_logsumexp({0}"),
}
