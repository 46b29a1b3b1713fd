"""Primitives that are applied entry by entry; NumPy may broadcast their operands."""

from __future__ import annotations

from backproof.autodiff.primitives.equation import Equation, Row


def _of_integers(floats: str, integers: str) -> Row:
    """Return a row with another form for integers."""
    return lambda equation: floats if equation.dtype() == "dtype" else integers


def _of_floats(floats: str, others: str) -> Row:
    """Return a row with another form where the operands are no floats."""
    return lambda equation: floats if equation.inputs[0].kind == "f" else others


def _pow(equation: Equation) -> str:
    exponent = equation.inputs[1].narrow or equation.inputs[1]
    # An array of integers beside one of float32 would make float64 of both.
    wide = exponent.kind != "f" and not exponent.is_python
    return "{0} ** {1}.astype(dtype)" if wide else "{0} ** {1}"


def _integer_pow(equation: Equation) -> str:
    return f"{{0}} ** {equation.params['y']}"


def _round(equation: Equation) -> str:
    to_even = int(equation.params["rounding_method"]) == 1
    return "np.round({0})" if to_even else "round_away_from_zero({0})"


def _shift_right(kind: str) -> Row:
    """Return the shift of integers as those of `kind` are shifted, "i" signed or "u" unsigned."""

    def row(equation: Equation) -> str:
        dtype = equation.equation.outvars[0].aval.dtype
        seen_as = f"np.{'u' * (kind == 'u')}int{8 * dtype.itemsize}"
        return "{0} >> {1}" if dtype.kind == kind else f"shift_right({{0}}, {{1}}, {seen_as})"

    return row


def _bits(name: str) -> Row:
    """Return the row of a function of the bits, which NumPy needs as unsigned."""
    return lambda equation: f"{name}({{0}}, np.uint{equation.dtype().strip('np.uit')})"


def _convert(equation: Equation) -> str:
    dtype = equation.dtype()
    if equation.inputs[0].kind != "f" or dtype == "dtype":
        return f"{{0}}.astype({dtype})"
    return "{0} != 0" if dtype == "np.bool" else f"truncated({{0}}, {dtype})"


def _select(equation: Equation) -> str:
    if equation.inputs[0].kind == "b":
        return "np.where({0}, {2}, {1})"
    *cases, selected = (f"{{{i}}}" for i in range(1, len(equation.inputs)))
    for i, case in reversed(list(enumerate(cases, 1))):
        selected = f"np.where({{0}} < {i}, {case}, {selected})"
    return selected


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
    "pow": _pow,
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
    "lt_to": _of_floats("less_in_total_order({0}, {1})", "{0} < {1}"),
    "le_to": _of_floats("np.invert(less_in_total_order({1}, {0}))", "{0} <= {1}"),
    "is_finite": "np.isfinite({0})",
    "and": "{0} & {1}",
    "or": "{0} | {1}",
    "xor": "{0} ^ {1}",
    "not": "np.invert({0})",
    "shift_left": "{0} << {1}",
    "shift_right_arithmetic": _shift_right("i"),
    "shift_right_logical": _shift_right("u"),
    "population_count": _bits("count_ones"),
    "clz": _bits("count_leading_zeros"),
    "nextafter": "np.nextafter({0}, {1})",
    "select_n": _select,
    "convert_element_type": _convert,
}
