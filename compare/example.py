"""An example: enough to make the arrays of one problem again, in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from backproof.arguments import FLOATS, check_choice
from backproof.compare.values import ORDERS

WORDS = ("seed", "dtype", "order")


@dataclass(frozen=True)
class Example:
    """Sizes, a seed, and what else is not as usual; as text: "n=3,m=2,seed=7,X=large".

    `kinds` names the kind of values of each argument that has not its first one.
    """

    sizes: Mapping[str, int]
    seed: int = 0
    dtype: str = "float64"
    order: str = "C"
    kinds: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        parts: dict[str, object] = {**self.sizes, "seed": self.seed}
        parts |= {"dtype": self.dtype} if self.dtype != "float64" else {}
        parts |= {"order": self.order} if self.order != "C" else {}
        return ",".join(f"{name}={value}" for name, value in (parts | {**self.kinds}).items())


def parsed(text: str, sizes: tuple[str, ...], kinds: Mapping[str, Mapping[str, object]]) -> Example:
    """Return the example that a text names, of a pair with these sizes and kinds of values.

    Raises ValueError for a word that the pair does not have.
    """
    given: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or name in given:
            raise ValueError(f"{part!r}: expected NAME=VALUE, each name once, such as n=3,seed=7.")
        given[name] = value
    known = (*sizes, *WORDS, *kinds)
    for name in given:
        if name not in known:
            raise ValueError(f"there is no {name!r}; expected some of {', '.join(known)}.")
    for name in sizes:
        if name not in given:
            raise ValueError(f"the size of {name} is missing; add {name}=3, or another number.")
    numbers = {name: _whole(name, given.get(name, "0")) for name in (*sizes, "seed")}
    for name in sizes:
        if numbers[name] < 1:
            raise ValueError(f"{name}={given[name]}: expected a whole number from 1.")
    dtype, order = given.get("dtype", "float64"), given.get("order", "C")
    check_choice("dtype", dtype, FLOATS)
    check_choice("order", order, ORDERS)
    for name in kinds:
        if name in given:
            check_choice(name, given[name], kinds[name])
    chosen = {name: given[name] for name in kinds if name in given}
    return Example({n: numbers[n] for n in sizes}, numbers["seed"], dtype, order, chosen)


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"\d+", text):
        raise ValueError(f"{name}={text}: expected a whole number.")
    return int(text)
