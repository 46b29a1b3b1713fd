"""The arrays of an example: each drawn from its seed, as every precision holds it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from backproof.autodiff.signature import Leaf
from backproof.compare.example import Example
from backproof.compare.values import Draw, Values, arranged

SMALLEST = np.finfo(np.float32).tiny
HOLDS = {"float": "fiub", "int": "iu", "bool": "b"}  # what may be drawn, by the argument's kind


def drawn(
    leaf: Leaf, name: str, values: Values, example: Example, random: np.random.Generator
) -> Any:
    """Return the array of one argument, whose kinds of values are those of `name`."""
    kind = example.kinds.get(name) or next(iter(values.kinds))
    shape = leaf.shape_at(example.sizes)
    array = _array(name, values.kinds[kind], random, shape, example.sizes)
    if array.dtype.kind not in HOLDS[leaf.kind]:
        raise TypeError(
            f"values[{name!r}] drew {array.dtype} for {leaf.place}, which holds {leaf.kind}s: draw "
            f"{'numbers' if leaf.kind == 'float' else leaf.kind + 's'}."
        )
    if leaf.kind == "float" and (array.dtype.kind == "f" or kind not in ("bool", "uint8")):
        array = _in_float32(name, array).astype(example.dtype)
    return arranged(array, example.order)


def _array(
    name: str, draw: Draw, random: np.random.Generator, shape: tuple[int, ...], sizes: Any
) -> Any:
    """Return what was drawn as an array of that shape."""
    try:
        array = np.asarray(draw(random, shape, dict(sizes)))
    except Exception as error:
        error.add_note(f"while values[{name!r}] drew an array of shape {shape}")
        raise
    if array.shape != shape:
        raise ValueError(
            f"values[{name!r}] drew an array of shape {array.shape}: expected {shape}."
        )
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(
            f"values[{name!r}] drew NaN: draw numbers, of which each side knows what to make."
        )
    return array


def _in_float32(name: str, array: Any) -> Any:
    """Return what was drawn as every precision holds it: 0 for subnormals, as XLA has it."""
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float32)
    if np.any(np.isinf(narrow) != np.isinf(array)):
        raise ValueError(
            f"values[{name!r}] drew {np.max(np.abs(array)):g}, which float32 does not hold: draw "
            "smaller numbers."
        )
    return narrow * (np.abs(narrow) >= SMALLEST)


def variations(kinds: dict[str, Values]) -> list[dict[str, str]]:
    """Return kinds that differ from the first: the usual ones in turns, the rare one by one.

    A quarter have usual kinds only, one in so many has the same rare kind everywhere.
    """
    rare = {name: [*v.kinds][v.usual :] for name, v in kinds.items()}
    single = [{name: kind} for name, names in rare.items() for kind in names]
    everywhere = [
        {name: kind for name, names in rare.items() if kind in names}
        for kind in dict.fromkeys(kind for names in rare.values() for kind in names)
    ]
    chosen: list[dict[str, str]] = []
    for variation in [*single, *everywhere]:
        chosen += [variation, {}] if len(chosen) % 4 == 0 else [variation]
    several = {name: [*v.kinds][: v.usual] for name, v in kinds.items() if v.usual > 1}
    rounds = 2 * max((values.usual for values in kinds.values()), default=1) - 1
    found = []
    for turn, (place, variation) in product(range(rounds), enumerate(chosen or [{}])):
        # Each round begins with the next usual kinds, so that none stays with one rare kind.
        usual = {name: names[(place + turn) % len(names)] for name, names in several.items()}
        both = usual | variation
        found.append({n: k for n, k in both.items() if k != next(iter(kinds[n].kinds))})
    return found
