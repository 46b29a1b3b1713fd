"""From JAX's program to a graph of NumPy expressions, equation by equation, simplified on the way.

Equal expressions become one, exact operations on numbers are done at once, operations that change
nothing are dropped, and a broadcast that NumPy makes on its own is not written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax.extend.core as jex
import numpy as np

from backproof.autodiff.dimensions import python_text
from backproof.autodiff.expressions import Function, Graph, Value, broadcast_shape
from backproof.autodiff.primitives import ELEMENTWISE, ROWS, Equation
from backproof.autodiff.primitives.equation import dtype_text
from backproof.autodiff.xla import ThroughXLA

# Primitives that only call another program, and the parameter that holds it.
CALLS = {
    "jit": "jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
}
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
UNCHANGED = {"copy", "copy_p", "name", "optimization_barrier", "reduce_precision", "stop_gradient"}
REDUCTIONS = {"reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_and", "reduce_or"}


def translated(
    program: jex.ClosedJaxpr, names: Sequence[str]
) -> tuple[Function, dict[str, ThroughXLA]]:
    """Translate a program whose arguments have these names.

    Returns it with the operations that run through XLA, by the name that the text calls them.
    """
    external: dict[str, ThroughXLA] = {}
    return _Translation(external).function(program, names), external


class _Translation:
    """Runs programs on values instead of arrays."""

    def __init__(self, external: dict[str, ThroughXLA]) -> None:
        self.graph = Graph()
        self.external = external

    def function(self, program: jex.ClosedJaxpr, names: Sequence[str]) -> Function:
        """Return a program as a function of arguments with these names."""
        arguments = [
            self.graph.argument(name, variable.aval.shape, _kind(variable.aval))
            for name, variable in zip(names, program.jaxpr.invars, strict=True)
        ]
        return Function(arguments, self.call(program, arguments))

    def call(self, called: Any, arguments: Sequence[Value]) -> list[Value]:
        """Return the results of a program, its equations written in place."""
        program, consts = called, []
        if isinstance(called, jex.ClosedJaxpr):
            program, consts = called.jaxpr, called.consts
        known: dict[Any, Value] = dict(zip(program.invars, arguments, strict=True))
        known |= zip(program.constvars, map(self.graph.constant, consts), strict=True)

        def read(atom: Any) -> Value:
            if isinstance(atom, jex.Literal):
                return self.graph.constant(np.asarray(atom.val, atom.aval.dtype))  # type: ignore[attr-defined]
            return known[atom]

        for equation in program.eqns:
            results = self.equation(equation, [read(atom) for atom in equation.invars])
            known |= zip(equation.outvars, results, strict=True)
        return [read(atom) for atom in program.outvars]

    def equation(self, equation: Any, inputs: list[Value]) -> list[Value]:
        """Return the results of one equation."""
        name, params = equation.primitive.name, equation.params
        if name in CALLS:
            return self.call(params[CALLS[name]], inputs)
        if name == "custom_linear_solve":  # holds its solver, with the constants that it needs
            lengths = params["const_lengths"]
            first = lengths.matvec + lengths.vecmat
            consts = inputs[first : first + lengths.solve]
            return self.call(params["jaxprs"].solve, [*consts, *inputs[sum(lengths) :]])
        if name in UNCHANGED:
            return inputs
        if name == "platform_index":  # which of several ways is the CPU's
            ways = [way is None or "cpu" in way for way in params["platforms"]]
            return [self.graph.number(ways.index(True))]
        if name == "cond" and inputs[0].number is not None:
            branches = params["branches"]
            taken = min(max(int(inputs[0].number), 0), len(branches) - 1)
            return self.call(branches[taken], inputs[1:])
        aval = equation.outvars[0].aval
        if name in ELEMENTWISE:
            return [self.elementwise(Equation(equation, inputs), aval)]
        if name in SHAPING:
            return [SHAPING[name](self.graph, params, aval, *inputs)]
        inputs = [self.graph.typed(value) for value in inputs]
        described = Equation(equation, inputs, self.nested)
        row = ROWS.get(name, self.through_xla)
        try:
            template = row if isinstance(row, str) else row(described)
        except NotImplementedError:  # a parameter for which the row has no form
            template = self.through_xla(described)
        make, operation = self.graph.make, name
        if not equation.primitive.multiple_results:
            about = {"shape": aval.shape, "kind": _kind(aval), "operation": operation}
            if name in REDUCTIONS:
                about["axes"] = params["axes"]
            return [make(template, described.inputs, **about)]
        count = len(equation.outvars)
        several = make(template, described.inputs, kind="tuple", operation=operation, results=count)
        return [
            make(f"{{0}}[{i}]", [several], shape=of.aval.shape, kind=_kind(of.aval), axes=(i,))
            for i, of in enumerate(equation.outvars)
        ]

    def nested(self, program: Any) -> Value:
        """Return a program as a function of its own, for loops and branches."""
        if not isinstance(program, jex.ClosedJaxpr):
            program = jex.ClosedJaxpr(program, ())
        names = [f"in_{i}" for i in range(len(program.jaxpr.invars))]
        value = self.graph.make(f"program {id(program.jaxpr)}", kind="function")
        value.function = _Translation(self.external).function(program, names)
        return value

    def through_xla(self, equation: Equation) -> str:
        """Leave an operation without a row to XLA."""
        name = f"{equation.name}_through_xla_{len(self.external) + 1}"
        operation = ThroughXLA(equation.equation)
        self.external[name] = operation
        places = [f"{{{i}}}" for i in range(len(equation.inputs))]
        sizes = [f"{size}={size}" for size in sorted(operation.dimensions)]
        return f"{name}({', '.join([*places, *sizes])})"

    def elementwise(self, equation: Equation, aval: Any) -> Value:
        """Return an elementwise operation, on narrow values where NumPy broadcasts on its own."""
        narrow = [value.narrow or value for value in equation.inputs]
        kind = _kind(aval)
        value = _simplified(self.graph, equation.name, narrow, kind)
        if value is None:
            numbers = [i for i, v in enumerate(narrow) if v.is_python]
            all_numbers = len(numbers) == len(narrow)
            in_python = equation.name in EXACT and all_numbers and kind != "f"
            has_float = any(v.kind == "f" and not v.is_python for v in narrow)
            untyped = all_numbers or (kind == "f" and not has_float)
            if numbers and untyped and not in_python:
                # One NumPy number makes the result one, of the working dtype.
                narrow[numbers[-1]] = self.graph.typed(narrow[numbers[-1]])
            template = ELEMENTWISE[equation.name]
            value = self.graph.make(
                template if isinstance(template, str) else template(equation),
                narrow,
                shape=broadcast_shape([v.shape for v in narrow]),
                kind=kind,
                operation=equation.name,
                is_python=in_python,
            )
        return self.graph.broadcast(value, aval.shape)


def _broadcast_in_dim(graph: Graph, params: Any, aval: Any, value: Value) -> Value:
    """Broadcast a value whose axes become `broadcast_dimensions`."""
    dimensions = params["broadcast_dimensions"]
    narrow = [1] * (len(aval.shape) - min(dimensions, default=len(aval.shape)))
    for axis, size in zip(dimensions, value.shape, strict=True):
        narrow[axis - len(aval.shape)] = size
    return graph.broadcast(graph.reshape(value, tuple(narrow)), aval.shape)


def _reshape(graph: Graph, params: Any, aval: Any, value: Value) -> Value:
    if params.get("dimensions") is not None:  # the order in which the axes are read
        value = graph.transpose(value, params["dimensions"])
    return graph.reshape(value, aval.shape)


def _squeeze(graph: Graph, params: Any, aval: Any, value: Value) -> Value:
    return graph.reshape(value, aval.shape)


def _transpose(graph: Graph, params: Any, aval: Any, value: Value) -> Value:
    return graph.transpose(value, params["permutation"])


def _size(graph: Graph, params: Any, aval: Any) -> Value:
    return graph.make(python_text(params["dim"]), kind="i", is_python=True)


def _dot_general(graph: Graph, params: Any, aval: Any, left: Value, right: Value) -> Value:
    """Multiply matrices as `@` where they are matrices, else name the axes to einsum."""
    if aval.dtype != "int64" and (left.kind != "f" or right.kind != "f"):
        cast = f"{{0}}.astype({dtype_text(aval.dtype)})"  # sums are in the type of the result
        left, right = (
            graph.make(cast, [graph.typed(one)], shape=one.shape, kind=_kind(aval)) for one in (left, right)
        )
    (of_left, of_right), (batch_left, batch_right) = params["dimension_numbers"]
    left, right = graph.typed(left), graph.typed(right)
    ranks = {len(left.shape), len(right.shape)}
    if ranks <= {1, 2} and len(of_left) == 1 and not batch_left:
        left = graph.transpose(left, (1, 0)) if of_left[0] < len(left.shape) - 1 else left
        right = graph.transpose(right, (1, 0)) if of_right[0] > 0 else right
        return graph.product(left, right)
    if 0 in ranks:
        about = {"shape": aval.shape, "kind": _kind(aval), "operation": "mul"}
        return graph.make("{0} * {1}", [left, right], **about)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    names = [next(letters) for _ in left.shape], [""] * len(right.shape)
    for mine, yours in zip((*batch_left, *of_left), (*batch_right, *of_right), strict=True):
        names[1][yours] = names[0][mine]
    names[1][:] = [name or next(letters) for name in names[1]]
    batch = [names[0][axis] for axis in batch_left]
    free = [
        name
        for side, used in ((0, (*batch_left, *of_left)), (1, (*batch_right, *of_right)))
        for axis, name in enumerate(names[side])
        if axis not in used
    ]
    subscripts = f"{''.join(names[0])},{''.join(names[1])}->{''.join(batch + free)}"
    template = f"np.einsum('{subscripts}', {{0}}, {{1}})"
    return graph.make(template, [left, right], shape=aval.shape, kind=_kind(aval))


# Primitives that only arrange values, simplified by the graph itself.
SHAPING: dict[str, Callable[..., Value]] = {
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": _reshape,
    "squeeze": _squeeze,
    "transpose": _transpose,
    "dim_as_value": _size,
    "dot_general": _dot_general,
}


def _kind(aval: Any) -> str:
    kind: str = getattr(aval.dtype, "kind", "key")
    if kind in ("c", "key"):
        what = "complex numbers" if kind == "c" else "random keys"
        raise TypeError(
            f"the function computes with {what}, which a derived program does not have: "
            "write it in real numbers, and pass what is random as an argument."
        )
    return "f" if kind == "V" else kind  # V: bfloat16 and its like


def _is_nan_with(x: Value, value: Value) -> bool:
    """Whether a value is sure to be NaN where x is."""
    if value is x:
        return True
    return value.operation in PASSING_NAN and any(_is_nan_with(x, one) for one in value.inputs)


def _simplified(graph: Graph, name: str, inputs: list[Value], kind: str) -> Value | None:
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
        return graph.make("np.abs({0})", inputs[0].inputs, shape=inputs[0].shape, kind=kind, operation="abs")
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
