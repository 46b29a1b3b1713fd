"""Primitives that are applied entry by entry; NumPy may broadcast their operands."""

from __future__ import annotations

from backproof.autodiff.primitives.equation import Equation, Row


def _of_integers(floats: str, integers: str) -> Row:
    """Return a row with another form for integers."""
    return lambda equation: floats if equation.dtype() == "dtype" else integers


def _integer_pow(equation: Equation) -> str:
    return f"{{0}} ** {equation.params['y']}"


def _round(equation: Equation) -> str:
    to_even = int(equation.params["rounding_method"]) == 1
    return "np.round({0})" if to_even else "round_away_from_zero({0})"


def _convert(equation: Equation) -> str:
    return f"{{0}}.astype({equation.dtype()})"


def _select(equation: Equation) -> str:
    if equation.inputs[0].kind == "b":
        return "np.where({0}, {2}, {1})"
    cases = ", ".join(f"{{{i}}}" for i in range(1, len(equation.inputs)))
    return f"np.choose({{0}}, [{cases}])"


ELEMENTWISE: dict[str, Row] = {
    "add": "{0} + {1}",
    "add_any": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": _of_integers("{0} / {1}", "truncated_division({0}, {1})"),
    "rem": _of_integers("np.fmod({0}, {1})", "remainder({0}, {1})"),
    "neg": "-{0}",
    "sign": "np.sign({0})",
    "abs": "np.abs({0})",
    "max": "np.maximum({0}, {1})",
    "min": "np.minimum({0}, {1})",
    "clamp": "np.minimum(np.maximum({1}, {0}), {2})",
    "floor": "np.floor({0})",
    "ceil": "np.ceil({0})",
    "round": _round,
    "exp": "np.exp({0})",
    "exp2": "np.exp2({0})",
    "expm1": "np.expm1({0})",
    "log": "np.log({0})",
    "log1p": "np.log1p({0})",
    "sqrt": "np.sqrt({0})",
    "rsqrt": "1 / np.sqrt({0})",
    "cbrt": "np.cbrt({0})",
    "square": "np.square({0})",
    "pow": "{0} ** {1}",
    "integer_pow": _integer_pow,
    "logistic": "1 / (1 + np.exp(-{0}))",
    "tanh": "np.tanh({0})",
    "sinh": "np.sinh({0})",
    "cosh": "np.cosh({0})",
    "asinh": "np.arcsinh({0})",
    "acosh": "np.arccosh({0})",
    "atanh": "np.arctanh({0})",
    "sin": "np.sin({0})",
    "cos": "np.cos({0})",
    "tan": "np.tan({0})",
    "asin": "np.arcsin({0})",
    "acos": "np.arccos({0})",
    "atan": "np.arctan({0})",
    "atan2": "np.arctan2({0}, {1})",
    "erf": "erf({0})",
    "erfc": "erfc({0})",
    "erf_inv": "erf_inv({0})",
    "lgamma": "lgamma({0})",
    "digamma": "digamma({0})",
    "eq": "{0} == {1}",
    "ne": "{0} != {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "is_finite": "np.isfinite({0})",
    "and": "{0} & {1}",
    "or": "{0} | {1}",
    "xor": "{0} ^ {1}",
    "not": "np.invert({0})",
    "shift_left": "shift_left({0}, {1})",
    "shift_right_arithmetic": "shift_right_arithmetic({0}, {1})",
    "shift_right_logical": "shift_right_logical({0}, {1})",
    "population_count": "np.bitwise_count({0})",
    "nextafter": "np.nextafter({0}, {1})",
    "select_n": _select,
    "convert_element_type": _convert,
}
