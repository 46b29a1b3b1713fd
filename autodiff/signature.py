"""What a derived program is given: names, shapes in JAX's symbolic grammar, kinds of dtypes.

A shape is text such as "n, m" or "2*n, 3"; `int[n]` and `bool[n]` are arrays of those, anything
else is of floats. Arguments nest: {"parameters": {"W": "k, n"}, "X": "n, m"}.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof.autodiff.dimensions import Size, evaluated
from backproof.autodiff.nesting import (
    Path,
    builder_of,
    holders_of,
    keys_of,
    leaf_names,
    leaves_of,
    place_of,
    wrong_keys,
)
from backproof.autodiff.operations import FUNCTIONS
from backproof.autodiff.sizes import Sizes, expression, shape_in_words
from backproof.autodiff.writing import wrapped

KINDS = {"float": "fc", "int": "iu", "bool": "b"}
RESERVED = {"np", "dtype", "gradients", "forward", *FUNCTIONS, *keyword.kwlist}
ARITHMETIC = {"floordiv", "mod", "max", "min"}
INNER = re.compile(r"(in|out)_\d+")  # what functions within the program call theirs
DTYPES = {"float": jnp.float64, "int": jnp.int64, "bool": jnp.bool_}


@dataclass(frozen=True)
class Leaf:
    """One array among the arguments: the keys that lead to it, its kind and its shape."""

    name: str
    path: Path
    kind: str
    shape: tuple[Size, ...]
    place: str  # how Python reaches it: parameters["W"]

    def shape_at(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Return the shape for these sizes."""
        shape: tuple[int, ...] = evaluated(self._text, sizes)
        return shape

    @cached_property
    def _text(self) -> str:
        return f"({shape_in_words(self.shape)},)" if self.shape else "()"


class Signature:
    """The arguments of a derived program, how they nest, and what shapes they have together."""

    def __init__(self, shapes: Mapping[str, Any], constraints: Sequence[str] = ()) -> None:
        if isinstance(constraints, str):
            constraints = (constraints,)
        if not isinstance(constraints, Sequence):
            raise TypeError(f"constraints={constraints!r}: expected texts such as ['n >= 2'].")
        self.shapes, self.constraints = shapes, constraints
        found = list(leaves_of(shapes, ()))
        try:
            scope = jax.export.SymbolicScope(constraints)
            # JAX looks at the constraints together when it first compares sizes.
            assert jax.export.symbolic_shape("size", scope=scope)[0] >= 1
        except ValueError as error:
            raise ValueError(
                f"constraints={constraints!r}: {error}; write them as 'n >= 2', 'mod(n, 2) == 0'."
            ) from None
        names = leaf_names([path for path, _ in found], RESERVED)
        dimensions = {word for _, text in found for word in _words(text)}
        for clash in {*shapes, *names} & dimensions:
            raise ValueError(
                f"{clash!r} is an argument and a dimension: give the dimension another name."
            )
        for name in sorted({*shapes, *names} | dimensions):
            if name in RESERVED or not name.isidentifier() or INNER.fullmatch(name):
                raise ValueError(
                    f"{name!r} is a word of the program that is written: give the argument or the "
                    "dimension another name."
                )
        self.leaves = [
            Leaf(name, path, *_parsed(path, text, scope), place_of(path))
            for name, (path, text) in zip(names, found, strict=True)
        ]
        places = {leaf.place: leaf.shape for leaf in self.leaves}
        self.sizes = Sizes(places, constraints, dimensions)

        holders = list(holders_of(shapes, ()))
        self._names = names
        self._build = builder_of(shapes, (), {leaf.path: leaf.name for leaf in self.leaves})
        self._read = expression([leaf.place for leaf in self.leaves], *shapes)
        self._lengths = expression([f"len({place_of(path)})" for path, _ in holders], *shapes)
        self._expected = tuple(length for _, length in holders)
        self._sound: set[tuple[Any, ...]] = set()  # dtypes of all arguments that were checked

    def specs(self, sizes: Mapping[str, int] | None = None) -> list[jax.ShapeDtypeStruct]:
        """Return what JAX traces with: the symbolic shapes, or those for `sizes`."""
        return [
            jax.ShapeDtypeStruct(
                leaf.shape if sizes is None else leaf.shape_at(sizes), DTYPES[leaf.kind]
            )
            for leaf in self.leaves
        ]

    def flat(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return every array by its name, after checking the keys."""
        try:
            if self._lengths(**arguments) == self._expected:
                return dict(zip(self._names, self._read(**arguments), strict=True))
        except (TypeError, LookupError):
            pass  # the walk below says what is wrong
        values: dict[str, Any] = {}

        def walk(shapes: Any, given: Any, path: Path) -> None:
            if isinstance(shapes, str):
                values[by_path[path]] = given
                return
            keys = keys_of(shapes)
            if keys_of(given).keys() != keys.keys():
                raise wrong_keys(path, keys, given)
            for key in keys:
                walk(shapes[key], given[key], (*path, key))

        by_path = {leaf.path: leaf.name for leaf in self.leaves}
        walk(self.shapes, arguments, ())
        return values

    def nested(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as they nest, from every array by its name."""
        arguments: dict[str, Any] = self._build(values)
        return arguments

    def check(self, values: Mapping[str, Any]) -> dict[str, int]:
        """Return the size of every dimension, after checking dtypes and shapes."""
        dtypes = tuple([getattr(value, "dtype", None) for value in values.values()])
        if dtypes not in self._sound:
            self._check_dtypes(values)
            self._sound.add(dtypes)
        return self.sizes.solve(tuple([value.shape for value in values.values()]))

    def _check_dtypes(self, values: Mapping[str, Any]) -> None:
        first: tuple[str, Any] | None = None
        for leaf in self.leaves:
            dtype = getattr(values[leaf.name], "dtype", None)
            if not isinstance(dtype, np.dtype):
                raise TypeError(
                    f"{leaf.place} is a {type(values[leaf.name]).__name__}: expected an array; "
                    f"pass numpy.asarray({leaf.place}, dtype=float)."
                )
            if dtype.kind not in KINDS[leaf.kind]:
                kinds = [kind for kind, letters in KINDS.items() if dtype.kind in letters]
                declare = "".join(
                    f", or declare it as '{kind}[{shape_in_words(leaf.shape)}]'" for kind in kinds
                )
                raise TypeError(
                    f"{leaf.place} has dtype {dtype}: expected {leaf.kind}; convert it{declare}."
                )
            if leaf.kind == "float":
                if dtype.kind == "c":  # may stand beside real numbers of its precision
                    dtype = dtype.type(0).real.dtype
                first = first or (leaf.place, dtype)
                if dtype != first[1]:
                    raise TypeError(
                        f"{leaf.place} has dtype {dtype}, {first[0]} has {first[1]}: expected one "
                        f"for all; pass {leaf.place}.astype('{first[1]}')."
                    )

    def header(self, used: set[str]) -> list[str]:
        """Return the lines that give a written function its arrays, sizes and dtype by name."""
        lines = []
        sizes = [name for name in self.sizes.names if name in used]
        if sizes:
            lines.append(f"{', '.join(sizes)} = {', '.join(self.sizes.python_texts(sizes))}")
        if "dtype" in used:
            floats = [f"{leaf.place}.dtype.type" for leaf in self.leaves if leaf.kind == "float"]
            lines.append(f"dtype = {[*floats, 'np.float64'][0]}")
        nested = [leaf for leaf in self.leaves if len(leaf.path) > 1 and leaf.name in used]
        if nested:  # last, and all at once: an array may have the name of the dict that holds it
            names = ", ".join(leaf.name for leaf in nested)
            lines += wrapped(f"{names} = ", ", ".join(leaf.place for leaf in nested))
        return lines


def _words(text: str) -> list[str]:
    """Return the dimensions that a shape names."""
    sizes = text.partition("[")[2] if "[" in text else text
    return [word for word in re.findall(r"[^\W\d]\w*", sizes) if word not in ARITHMETIC]


def _parsed(path: Path, text: str, scope: Any) -> tuple[str, tuple[Size, ...]]:
    """Return the kind and the sizes of "n, m" or "int[n, m]"."""
    kind, sizes = "float", text.strip()
    declared = re.fullmatch(r"(\w+)\s*\[(.*)\]", sizes)
    if declared:
        kind, sizes = declared.groups()
        if kind not in KINDS:
            raise ValueError(
                f"shapes: {place_of(path)} is {text!r}: {kind!r} is no kind of number; "
                f"expected {', '.join(KINDS)}."
            )
    try:
        shape = tuple(jax.export.symbolic_shape(sizes, scope=scope))
        if any(isinstance(size, int) and size < 0 for size in shape):
            raise ValueError("a size is negative")
        return kind, shape
    except ValueError as error:
        raise ValueError(
            f"shapes: {place_of(path)} is {text!r}: expected sizes such as 'n, m' or '2*n, 3' "
            f"({error})."
        ) from None
