"""NumPy expressions as a graph: a `Value` for everything that is computed, made only once.

JAX traced in float64; the expressions are meant for any precision. So every float of the trace is
a float of the *working* dtype, called `dtype` in the text, and numbers stay Python numbers, which
NumPy adapts to the array beside them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.autodiff.dimensions import Size, shape_text

Shape = tuple[Size, ...]


@dataclass(eq=False)
class Value:
    """One value: a template such as "{0} @ {1}", and the values that go into it.

    `kind` is NumPy's letter for its dtype (f, c, i, u, b), "tuple" for several results, or
    "function". `is_python`: a number that is written out, or made of sizes. `operation` names the
    JAX primitive where somebody asks, with its parameters. `narrow` is the value that this one is
    a broadcast of. `order` counts values as they were made.
    """

    template: str
    inputs: tuple[Value, ...] = ()
    shape: Shape = ()
    kind: str = "f"
    is_python: bool = False
    number: Any = None
    operation: str = ""
    axes: tuple[int, ...] = ()
    results: int = 1
    narrow: Value | None = None
    function: Function | None = None
    order: int = 0

    @property
    def of_tuple(self) -> bool:
        """Whether this is one of several results: axes[0] says which."""
        return bool(self.inputs) and self.inputs[0].kind == "tuple"


@dataclass(eq=False)
class Function:
    """A function to be written: its arguments and its results."""

    arguments: list[Value]
    results: list[Value]


class Graph:
    """All values of one function."""

    def __init__(self) -> None:
        self.values: dict[tuple[Any, ...], Value] = {}

    def make(self, template: str, inputs: Sequence[Value] = (), **about: Any) -> Value:
        """Return the value of an expression: the one that is there, or a new one."""
        key = (template, about.get("kind"), *map(id, inputs))
        if key not in self.values:
            self.values[key] = Value(template, tuple(inputs), order=len(self.values), **about)
        return self.values[key]

    def argument(self, name: str, shape: Shape, kind: str) -> Value:
        """Return an argument of the function, or a size, by its name."""
        return self.make(name, shape=shape, kind=kind, operation="argument")

    def number(self, number: bool | int | float) -> Value:
        """Return a number as it is written; a float without a fraction as an integer."""
        kind = {bool: "b", int: "i", float: "f"}[type(number)]
        written = repr(number)
        if kind == "f" and not math.isfinite(number):
            written = "np.nan" if math.isnan(number) else "np.inf" if number > 0 else "-np.inf"
        elif kind == "f" and number == int(number) and abs(number) < 2**53 and written != "-0.0":
            written = str(int(number))
        return self.make(written, kind=kind, is_python=True, number=number)

    def constant(self, array: Any) -> Value:
        """Return an array that the program has captured; a scalar as a number."""
        array = np.asarray(array)
        kind = "f" if array.dtype.kind == "V" else array.dtype.kind  # V: bfloat16 and its like
        if not array.shape:
            if kind in "iu" and array.dtype != np.int64:
                return self.make(f"np.{array.dtype.name}({array})", kind=kind)
            return self.number({"f": float, "b": bool}.get(kind, int)(array))
        cast = "dtype" if kind == "f" else f"np.{array.dtype.name}"
        written = re.sub(r"\b(nan|inf)\b", r"np.\1", str(array.tolist()))
        return self.make(f"np.array({written}, {cast})", shape=array.shape, kind=kind)

    def typed(self, value: Value) -> Value:
        """Return a Python number as a NumPy scalar, everything else as it is."""
        if not value.is_python:
            return value
        return self.make(f"{cast_text(value.kind)}({{0}})", [value], kind=value.kind)

    def broadcast(self, value: Value, shape: Shape) -> Value:
        """Return `value`, repeated to `shape` as NumPy broadcasts it."""
        if value.shape == shape:
            return value
        sides = shape_text(shape)
        if value.is_python:
            template = f"np.full({sides}, {{0}}, {cast_text(value.kind)})"
        else:
            template = f"np.broadcast_to({{0}}, {sides})"
        about = {"operation": "broadcast_in_dim", "narrow": value}
        return self.make(template, [value], shape=shape, kind=value.kind, **about)

    def reshape(self, value: Value, shape: Shape) -> Value:
        """Return `value` in another shape, as a person would write it."""
        if value.shape == shape:
            return value
        about: dict[str, Any] = {"shape": shape, "kind": value.kind, "operation": "reshape"}
        if value.operation.startswith("reduce_") and value.axes:
            kept = tuple(
                1 if axis in value.axes else size for axis, size in enumerate(value.inputs[0].shape)
            )
            if kept == shape:
                about |= {"operation": value.operation}
                return self.make(value.template[:-1] + ", keepdims=True)", value.inputs, **about)
        if value.operation == "reshape" and value.template.startswith("{0}.reshape"):
            return self.reshape(value.inputs[0], shape)
        index = _inserting(value.shape, shape)
        template = f"{{0}}[{index}]" if index else f"{{0}}.reshape({shape_text(shape)})"
        return self.make(template, [self.typed(value)], **about)

    def transpose(self, value: Value, permutation: Sequence[int]) -> Value:
        """Return the transpose: of a product of matrices, the product of their transposes."""
        permutation = tuple(permutation)
        if permutation == tuple(range(len(permutation))):
            return value
        if value.operation == "transpose":
            inner = tuple(value.axes[axis] for axis in permutation)
            return self.transpose(value.inputs[0], inner)
        shape = tuple(value.shape[axis] for axis in permutation)
        if value.operation == "matrix product" and permutation == (1, 0):
            left, right = (self.transpose(factor, (1, 0)) for factor in reversed(value.inputs))
            return self.product(left, right)
        template = "{0}.T" if permutation == (1, 0) else f"np.transpose({{0}}, {permutation})"
        about = {"operation": "transpose", "axes": permutation, "kind": value.kind}
        return self.make(template, [value], shape=shape, **about)

    def product(self, left: Value, right: Value) -> Value:
        """Return the product of two matrices, or of a matrix and a vector."""
        shape = (*left.shape[:-1], *right.shape[1:])
        about = {"operation": "matrix product", "kind": left.kind}
        return self.make("{0} @ {1}", [left, right], shape=shape, **about)


def _inserting(shape: Shape, wanted: Shape) -> str:
    """Return the index that turns `shape` into `wanted` by axes of length 1: ":, None"; or ""."""
    index, rest = [], list(shape)
    for size in wanted:
        if rest and rest[0] == size:
            index.append(":")
            rest.pop(0)
        elif size == 1:
            index.append("None")
        else:
            return ""
    return "" if rest else ", ".join(index)


def broadcast_shape(shapes: Sequence[Shape]) -> Shape:
    """Return the shape that NumPy broadcasts these to."""
    rank = max(map(len, shapes), default=0)
    aligned = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(
        next((size for size in sizes if not (isinstance(size, int) and size == 1)), 1)
        for sizes in zip(*aligned, strict=True)
    )


def cast_text(kind: str) -> str:
    """Return the NumPy type that a Python number of this kind becomes."""
    return {"f": "dtype", "b": "np.bool_"}.get(kind, "np.int64")


def kind_of(aval: Any) -> str:
    """Return the kind of a JAX value; TypeError for what a derived program does not have."""
    kind: str = getattr(aval.dtype, "kind", "key")
    if kind in ("c", "key"):
        what = "complex numbers" if kind == "c" else "random keys"
        raise TypeError(
            f"the function computes with {what}, which a derived program does not have: "
            "write it in real numbers, and pass what is random as an argument."
        )
    return "f" if kind == "V" else kind  # V: bfloat16 and its like
