"""Values for the arguments of a pair: kinds of numbers, and arrays of them made from a seed.

Hypothesis draws sizes, kinds and a seed; the arrays come from the seed, which is faster than
drawing them entry by entry, and prints as one line. Every float is representable in float32, so
that all precisions are given the same problem, and none is subnormal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.arguments import check_choice, check_number, check_whole

Array = NDArray[Any]
Draw = Callable[[np.random.Generator, tuple[int, ...], Mapping[str, int]], Any]

ORDERS = ("C", "F", "strided", "read_only")


@dataclass(frozen=True)
class Values:
    """Kinds of values for one argument: by name, how each is drawn from (random, shape, sizes).

    The first `usual` kinds take turns; one of the others stands in for them now and then.
    """

    kinds: Mapping[str, Draw]
    usual: int = 1

    def __post_init__(self) -> None:
        named = isinstance(self.kinds, Mapping) and all(map(callable, self.kinds.values()))
        if not named or not self.kinds:
            raise TypeError(
                f"kinds={self.kinds!r}: pass a dict of functions (random, shape, sizes) -> array, "
                "by the names of the kinds."
            )
        check_whole("usual", self.usual, least=1)


def _unit(random: np.random.Generator, shape: tuple[int, ...], sizes: Mapping[str, int]) -> Any:
    return random.standard_normal(shape)


def _one_hot(random: np.random.Generator, shape: tuple[int, ...], sizes: Mapping[str, int]) -> Any:
    """One 1 in each column: along the first axis."""
    if not shape:
        return np.ones(shape)
    ones = random.integers(shape[0], size=shape[1:])
    return np.moveaxis(ones[..., None] == np.arange(shape[0]), -1, 0).astype(float)


REAL: dict[str, Draw] = {
    "unit": _unit,
    "integers": lambda random, shape, sizes: random.integers(-3, 4, shape),
    "tiny": lambda random, shape, sizes: random.standard_normal(shape) * 2.0**-20,
    "large": lambda random, shape, sizes: random.standard_normal(shape) * 64,
    "zeros": lambda random, shape, sizes: np.zeros(shape),
    "one_hot": _one_hot,
    "mixed": lambda random, shape, sizes: (
        random.standard_normal(shape) * 2.0 ** random.integers(-8, 9, shape)
    ),
}
LABELS: dict[str, Draw] = {
    "soft": lambda random, shape, sizes: random.integers(1, 2**10, shape) / 2**10,
    "hard": lambda random, shape, sizes: random.integers(0, 2, shape).astype(float),
    "bool": lambda random, shape, sizes: random.integers(0, 2, shape).astype(bool),
    "uint8": lambda random, shape, sizes: random.integers(0, 2, shape).astype(np.uint8),
}


def real(*kinds: str, scale: float = 1.0) -> Values:
    """Real numbers, times `scale`: of all kinds, the first the usual one, unless some are named.

    unit: standard normal; integers: −3 … 3; tiny: unit × 2⁻²⁰; large: unit × 64, which saturates
    sigmoid and tanh; zeros; one_hot: one 1 in each column; mixed: unit × 2⁻⁸ … 2⁸, entry by entry.
    """
    check_number("scale", scale, positive=True)
    for kind in kinds:
        check_choice("kind", kind, REAL)
    chosen = {kind: REAL[kind] for kind in kinds or REAL}
    if scale == 1:
        return Values(chosen)

    def scaled(draw: Draw) -> Draw:
        return lambda random, shape, sizes: scale * draw(random, shape, sizes)

    return Values({kind: scaled(draw) for kind, draw in chosen.items()})


def labels(*kinds: str) -> Values:
    """Labels: soft, strictly between 0 and 1, and hard, 0.0 and 1.0, unless kinds are named.

    The hand-derived side is given "bool" and "uint8" as such; autodiff, as floats.
    """
    for kind in kinds:
        check_choice("kind", kind, LABELS)
    chosen = {kind: LABELS[kind] for kind in kinds or ("soft", "hard")}
    return Values(chosen, usual=len(chosen))


def soft_labels() -> Values:
    """Labels strictly between 0 and 1."""
    return labels("soft")


def positive() -> Values:
    """Numbers greater than 0: around 1, and now and then much smaller or larger."""

    def around(center: float) -> Draw:
        return lambda random, shape, sizes: center * np.exp(random.uniform(-1, 1, shape))

    return Values({"unit": around(1), "tiny": around(2.0**-10), "large": around(2.0**6)})


def between(low: float, high: float) -> Values:
    """Numbers from low to high."""
    check_number("low", low)
    check_number("high", high)
    if not low < high:
        raise ValueError(f"between({low}, {high}): expected the lower number first.")
    return Values({"uniform": lambda random, shape, sizes: random.uniform(low, high, shape)})


def integers(below: str | int, low: int = 0) -> Values:
    """Integers from `low` to a size or a number, which is excluded; some are often repeated."""
    check_whole("low", low, least=-(2**31))
    if not isinstance(below, str):
        check_whole("below", below, least=low + 1)

    def end(sizes: Mapping[str, int]) -> int:
        if isinstance(below, str) and below not in sizes:
            raise ValueError(
                f"integers(below={below!r}): there is no such size; "
                f"expected a number, or one of {', '.join(sizes)}."
            )
        most = sizes[below] if isinstance(below, str) else below
        if most <= low:
            raise ValueError(
                f"integers(below={below!r}, low={low}): there is none where {below} is {most}; "
                f"pass constraints=['{below} >= {low + 1}'] to the pair."
            )
        return most

    return Values(
        {
            "uniform": lambda random, shape, sizes: random.integers(low, end(sizes), shape),
            "equal": lambda random, shape, sizes: np.full(shape, random.integers(low, end(sizes))),
        }
    )


def choice(*numbers: float) -> Values:
    """One of these numbers, for every entry the same."""
    if not numbers:
        raise ValueError("choice(): expected numbers to choose from, such as choice(0.01, 0.2).")
    for number in numbers:
        check_number("choice", number)

    def of(number: float) -> Draw:
        return lambda random, shape, sizes: np.full(shape, number)

    return Values({str(number): of(number) for number in numbers}, usual=len(numbers))


MAKERS: tuple[Any, ...] = (real, labels, soft_labels, positive, between, integers, choice)
COINS = Values({"coins": lambda random, shape, sizes: random.random(shape) < 0.5})


def check_values(given: object) -> None:
    """Raise TypeError unless this is a dict of kinds of values, or of functions that draw them."""
    if not isinstance(given, Mapping):
        raise TypeError(f"values={given!r}: pass a dict such as {{'Y': labels()}}.")
    for name, values in given.items():
        if not isinstance(values, Values) and not callable(values):
            raise TypeError(
                f"values[{name!r}]={values!r} is a {type(values).__name__}: pass real(), "
                "labels(), integers(below=…), or a function (random, shape, sizes) -> array."
            )
        if values in MAKERS:
            maker = getattr(values, "__name__", "")
            raise TypeError(f"values[{name!r}] is the function {maker}: call it, {maker}(…).")


def laid_out(array: Array, model: Array) -> Array:
    """Return the same values as another array lies in memory: its order, and whether read-only."""
    order = "C" if model.flags.c_contiguous else "F" if model.flags.f_contiguous else "strided"
    array = arranged(array, order)
    array.flags.writeable = model.flags.writeable
    return array


def arranged(array: Array, order: str) -> Array:
    """Return the same values in one of the memory ORDERS."""
    if order == "strided" and array.ndim:
        wide = np.zeros((*(2 * n for n in array.shape[:-1]), 3 * array.shape[-1]), array.dtype)
        strided = wide[(*[slice(None, None, 2)] * (array.ndim - 1), slice(None, None, -3))]
        strided[...] = array
        return strided
    array = np.array(array, order="F" if order == "F" else "C")
    array.flags.writeable = order != "read_only"
    return array
