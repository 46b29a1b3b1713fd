"""An example: enough to make the arrays of one problem again, in one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from backproof.arguments import FLOATS, check_choice, check_whole
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

    def __post_init__(self) -> None:
        for what in ("sizes", "kinds"):
            if not isinstance(getattr(self, what), Mapping):
                raise TypeError(
                    f"{what}={getattr(self, what)!r} is a {type(getattr(self, what)).__name__}: "
                    "pass a dict; or pass text such as 'n=3,seed=7' to pair.example."
                )
        for name, size in self.sizes.items():
            check_whole(name, size, least=1)
        check_whole("seed", self.seed, least=0)
        check_choice("dtype", self.dtype, FLOATS)
        check_choice("order", self.order, ORDERS)

    @property
    def unusual(self) -> list[str]:
        """What is not as usual, as text: dtype=float32, X=large."""
        named = {"dtype": self.dtype, "order": self.order}
        usual = {"dtype": "float64", "order": "C"}
        own = {name: value for name, value in named.items() if value != usual[name]}
        return [f"{name}={value}" for name, value in (own | {**self.kinds}).items()]

    def __str__(self) -> str:
        sizes = [f"{name}={size}" for name, size in self.sizes.items()]
        return ",".join([*sizes, f"seed={self.seed}", *self.unusual])


@contextmanager
def checked_at(title: str, example: Example) -> Iterator[None]:
    """Add to an exception at which example a pair was checked."""
    try:
        yield
    except Exception as error:
        error.add_note(f"while {title} was checked at {example}")
        raise


def parsed(text: str, sizes: tuple[str, ...], kinds: Mapping[str, Mapping[str, object]]) -> Example:
    """Return the example that a text names, of a pair with these sizes and kinds of values.

    Raises ValueError for a word that the pair does not have.
    """
    if not isinstance(text, str):
        raise TypeError(
            f"example={text!r} is a {type(text).__name__}: expected text such as 'n=3,seed=7'."
        )
    given: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (word.strip() for word in part.partition("="))
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
    dtype, order = given.get("dtype", "float64"), given.get("order", "C")
    for name in kinds:
        if name in given:
            check_choice(name, given[name], kinds[name])
    chosen = {name: given[name] for name in kinds if name in given}
    return Example({n: numbers[n] for n in sizes}, numbers["seed"], dtype, order, chosen)


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"\d+", text):
        raise ValueError(f"{name}={text}: expected a whole number.")
    return int(text)
