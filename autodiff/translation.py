"""From JAX's program to a graph of NumPy expressions, equation by equation, simplified on the way.

Equal expressions become one, exact operations on numbers are done at once, operations that change
nothing are dropped, and a broadcast that NumPy makes on its own is not written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.extend.core as jex
import numpy as np

from backproof.autodiff.expressions import Function, Graph, Value, broadcast_shape, kind_of
from backproof.autodiff.primitives import ELEMENTWISE, ROWS, Equation
from backproof.autodiff.shaping import SHAPING
from backproof.autodiff.simplification import EXACT, simplified
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
# Primitives whose result is their operand; a lower precision is the working one here.
UNCHANGED = {"copy", "copy_p", "name", "optimization_barrier", "reduce_precision", "stop_gradient"}


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
            self.graph.argument(name, variable.aval.shape, kind_of(variable.aval))
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
            return [self.elementwise(Equation(equation, inputs, self.nested), aval)]
        if name in SHAPING:
            return [SHAPING[name](self.graph, params, aval, *inputs)]
        inputs = [self.graph.typed(value) for value in inputs]
        described = Equation(equation, inputs, self.nested)
        row = ROWS.get(name, self.through_xla)
        try:
            template = row if isinstance(row, str) else row(described)
        except NotImplementedError:  # a parameter for which the row has no form
            template = self.through_xla(described)
        about: dict[str, Any] = {"operation": name}
        if not equation.primitive.multiple_results:
            about |= {"shape": aval.shape, "kind": kind_of(aval), "axes": params.get("axes", ())}
            return [self.graph.make(template, described.inputs, **about)]
        about |= {"kind": "tuple", "results": len(equation.outvars)}
        several = self.graph.make(template, described.inputs, **about)
        avals = [variable.aval for variable in equation.outvars]
        return [
            self.graph.make(f"{{0}}[{i}]", [several], shape=of.shape, kind=kind_of(of), axes=(i,))
            for i, of in enumerate(avals)
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
        kind = kind_of(aval)
        value = simplified(self.graph, equation.name, narrow, kind)
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
