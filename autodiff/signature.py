"""What a derived program is given: names, shapes in JAX's symbolic grammar, kinds of dtypes.

A shape is text such as "n, m" or "2*n, 3"; `int[n]` and `bool[n]` are arrays of those, anything
else is of floats. Arguments nest: {"parameters": {"W": "k, n"}, "X": "n, m"}.
"""

from __future__ import annotations

import json
import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof.autodiff.dimensions import Size, evaluated
from backproof.autodiff.operations import FUNCTIONS
from backproof.autodiff.sizes import Sizes, expression, shape_in_words
from backproof.autodiff.writing import wrapped

KINDS = {"float": "fc", "int": "iu", "bool": "b"}
RESERVED = {"np", "dtype", "gradients", "forward", *FUNCTIONS, *keyword.kwlist}
ARITHMETIC = {"floordiv", "mod", "max", "min"}
INNER = re.compile(r"(in|out)_\d+")  # what functions within the program call theirs
DTYPES = {"float": jnp.float64, "int": jnp.int64, "bool": jnp.bool_}
Path = tuple[str | int, ...]


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
        found = list(_leaves(shapes, ()))
        try:
            scope = jax.export.SymbolicScope(constraints)
            # JAX looks at the constraints together when it first compares sizes.
            assert jax.export.symbolic_shape("size", scope=scope)[0] >= 1
        except ValueError as error:
            raise ValueError(
                f"constraints={constraints!r}: {error}; write them as 'n >= 2', 'mod(n, 2) == 0'."
            ) from None
        names = _leaf_names([path for path, _ in found])
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
            Leaf(name, path, *_parsed(path, text, scope), _place(path))
            for name, (path, text) in zip(names, found, strict=True)
        ]
        places = {leaf.place: leaf.shape for leaf in self.leaves}
        self.sizes = Sizes(places, constraints, dimensions)

        holders = list(_holders(shapes, ()))
        self._names = names
        self._build = _builder(shapes, (), {leaf.path: leaf.name for leaf in self.leaves})
        self._read = expression([leaf.place for leaf in self.leaves], *shapes)
        self._lengths = expression([f"len({_place(path)})" for path, _ in holders], *shapes)
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
            keys = _keys(shapes)
            if _keys(given).keys() != keys.keys():
                raise _wrong_keys(path, keys, given)
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


def _place(path: Path) -> str:
    return f"{path[0]}{''.join(f'[{json.dumps(key)}]' for key in path[1:])}"


def _keys(shapes: Any) -> dict[Any, None]:
    if isinstance(shapes, Mapping):
        return dict.fromkeys(shapes)
    return dict.fromkeys(range(len(shapes))) if isinstance(shapes, (list, tuple)) else {}


def _wrong_keys(path: Path, keys: Mapping[Any, None], given: Any) -> Exception:
    what = _place(path) if path else "the arguments"
    wanted = ", ".join(map(str, keys))
    if not isinstance(given, (Mapping, list, tuple)):
        return TypeError(f"{what} is a {type(given).__name__}: expected one with {wanted}.")
    missing = [str(key) for key in keys if key not in _keys(given)]
    unknown = [str(key) for key in _keys(given) if key not in keys]
    found = [f"no {', '.join(missing)}"] * bool(missing)
    found += [f"an unknown {', '.join(unknown)}"] * bool(unknown)
    return ValueError(f"{what}: there is {' and '.join(found)}; expected {wanted}.")


def _leaves(shapes: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(shapes, str):
        yield path, shapes
    elif isinstance(shapes, (Mapping, list, tuple)):
        for key in _keys(shapes):
            if type(key) not in (str, int):
                raise TypeError(f"shapes: the key {key!r} is a {type(key).__name__}: use text.")
            yield from _leaves(shapes[key], (*path, key))
    else:
        raise TypeError(
            f"shapes: {_place(path)} is {shapes!r}: expected text such as 'n, m', or a dict of it."
        )


def _holders(shapes: Any, path: Path) -> Iterator[tuple[Path, int]]:
    """Yield every dict and list among the arguments, and how many entries it has."""
    for key in _keys(shapes):
        if not isinstance(shapes[key], str):
            yield (*path, key), len(shapes[key])
            yield from _holders(shapes[key], (*path, key))


def _builder(
    shapes: Any, path: Path, names: Mapping[Path, str]
) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that nests arrays, given by their names, as `shapes` nest."""
    if isinstance(shapes, str):
        return itemgetter(names[path])
    inner = {key: _builder(shapes[key], (*path, key), names) for key in _keys(shapes)}
    if isinstance(shapes, Mapping):
        return lambda values: {key: build(values) for key, build in inner.items()}
    make = type(shapes)
    if hasattr(shapes, "_fields"):  # a named tuple takes them one by one
        return lambda values: make(*(build(values) for build in inner.values()))
    return lambda values: make(build(values) for build in inner.values())


def _leaf_names(paths: Sequence[Path]) -> list[str]:
    """Return the last key where no other leaf has it and it is a name, else all keys joined."""
    last = Counter(str(path[-1]) for path in paths)
    taken = {path[0] for path in paths if len(path) == 1} | RESERVED
    names: list[str] = []
    for path in paths:
        name = str(path[-1])
        if len(path) > 1:
            if last[name] > 1 or not name.isidentifier():
                name = re.sub(r"\W", "_", "_".join(map(str, path)))
            while name in taken:
                name += "_"
            taken.add(name)
        names.append(name)
    return names


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
                f"shapes: {_place(path)} is {text!r}: {kind!r} is no kind of number; "
                f"expected {', '.join(KINDS)}."
            )
    try:
        shape = tuple(jax.export.symbolic_shape(sizes, scope=scope))
        if any(isinstance(size, int) and size < 0 for size in shape):
            raise ValueError("a size is negative")
        return kind, shape
    except ValueError as error:
        raise ValueError(
            f"shapes: {_place(path)} is {text!r}: expected sizes such as 'n, m' or '2*n, 3' "
            f"({error})."
        ) from None
