"""Primitives that reduce axes, and those that run along one."""

from __future__ import annotations

from backproof.autodiff.primitives.equation import Row, axes_text


def _reduction(name: str) -> Row:
    return lambda equation: f"np.{name}({{0}}, axis={axes_text(equation.params['axes'])})"


REDUCTIONS: dict[str, Row] = {
    "reduce_sum": _reduction("sum"),
    "reduce_max": _reduction("max"),
    "reduce_min": _reduction("min"),
    "reduce_prod": _reduction("prod"),
    "reduce_and": _reduction("all"),
    "reduce_or": _reduction("any"),
}
