"""A pair: a hand-derived gradient, and the JAX loss that it claims to differentiate."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from backproof.arguments import FLOATS, check_choice
from backproof.autodiff.signature import Leaf
from backproof.compare import shapes
from backproof.compare.drawing import drawn, variations
from backproof.compare.example import WORDS, Example, parsed
from backproof.compare.hand import takes_names
from backproof.compare.layer import upstream_names
from backproof.compare.reference import Reference
from backproof.compare.values import COINS, ORDERS, Draw, Values, check_values, real

ENTRIES = 2**24  # of an array in an example that is written by hand


@dataclass(frozen=True, eq=False, repr=False)
class Pair:
    """A gradient derived by hand, and the loss in JAX whose gradient it should be.

    `hand` takes the arguments of `loss`, as NumPy arrays, and returns gradients: a dict by name,
    {"dW": …, "db": …}, nested where an argument is; or arrays in the order of `wrt`. A dict may
    hold more: the cost "J", and for every value V that the loss marks with
    `jax.ad_checkpoint.checkpoint_name`, "V" and "dV". All that it holds is judged; the more it
    holds, the finer the blame.

    `shapes`, `wrt` and `constraints` are as in `backproof.autodiff.derive.derive`. `values` says
    what to draw for an argument: `real()` unless given; `labels()`, `positive()`,
    `integers(below="n")`, or a function (random, shape, sizes) → array.

    A layer instead of a loss returns an array, Y, and `upstream="dY"` names the random upstream
    gradient that `hand` takes as one argument more; several outputs need as many names.

    `per_example="m"`: derivatives of whatever has a side m are per example, m times those of the
    mean, as the notes write dZ and dA. `dtypes` are the precisions in which `hand` runs.

    Raises TypeError or ValueError, when it is first used, for what does not fit together.
    """

    hand: Callable[..., Any]
    loss: Callable[..., Any]
    shapes: Mapping[str, Any] | None = None
    values: Mapping[str, Values | Draw] = field(default_factory=dict)
    wrt: Sequence[str] | str | None = None
    constraints: Sequence[str] = ()
    upstream: str | Sequence[str] = ()
    per_example: str = ""
    dtypes: Sequence[str] = FLOATS
    name: str = ""

    def __post_init__(self) -> None:
        for what in ("hand", "loss"):
            function = getattr(self, what)
            if not callable(function):
                raise TypeError(
                    f"{what}={function!r} is a {type(function).__name__}: pass a function."
                )
        check_values(self.values)
        if not isinstance(self.dtypes, (tuple, list)) or not self.dtypes:
            raise TypeError(f"dtypes={self.dtypes!r}: pass a tuple such as ('float64',).")
        for dtype in self.dtypes:
            check_choice("dtypes", dtype, FLOATS)
        if not isinstance(self.name, str):
            raise TypeError(f"name={self.name!r} is a {type(self.name).__name__}: pass text.")

    @classmethod
    def from_custom_vjp(
        cls, function: Callable[..., Any], reference: Callable[..., Any], **options: Any
    ) -> Pair:
        """Hold the derivative rule of a `jax.custom_vjp` function against another implementation.

        The rule is the hand-derived side: it is traced as JAX calls it, and replayed by NumPy.
        `options` are those of a Pair.
        """
        if not callable(function):
            raise TypeError(
                f"function={function!r} is a {type(function).__name__}: pass a function."
            )

        def hand(**arguments: Any) -> dict[str, Any]:
            J, values, gradients = rule.program(**arguments)
            known = {"J": J} if not upstream else {}
            named = {name.removeprefix("d") for name in upstream}
            own = {n: d for n, d in gradients.items() if n.removeprefix("d") not in values}
            return known | {n: v for n, v in values.items() if n in named} | own

        options = {"name": getattr(function, "__name__", "")} | options
        pair = cls(hand, reference, **options)
        upstream = upstream_names(pair.upstream)
        rule = replace(pair, loss=function).reference
        return pair

    @property
    def title(self) -> str:
        """The pair's name, or that of its hand-derived side."""
        title: str = self.name or getattr(self.hand, "__name__", type(self.hand).__name__)
        if title == "<lambda>":
            code = self.hand.__code__
            title = f"lambda ({Path(code.co_filename).name}, line {code.co_firstlineno})"
        return title

    def __repr__(self) -> str:
        return f"<Pair {self.title}>"

    def __str__(self) -> str:
        return self.title

    @cached_property
    def reference(self) -> Reference:
        """JAX's side, traced when it is first asked for."""
        return Reference(
            self.loss,
            self.shapes,
            self.wrt,
            self.constraints,
            upstream_names(self.upstream),
            self.per_example,
        )

    @cached_property
    def takes_names(self) -> bool:
        """Whether `hand` takes the arguments by their names, and not in their order."""
        return takes_names(self.hand, [*self.reference.program.signature.shapes], self.title)

    @property
    def leaves(self) -> list[Leaf]:
        """The arrays among the arguments."""
        return self.reference.program.signature.leaves

    @cached_property
    def size_names(self) -> list[str]:
        """The dimensions, in the order in which the shapes name them."""
        seen = [name for leaf in self.leaves for size in leaf.shape for name in _words(str(size))]
        names = self.reference.program.signature.sizes.names
        return sorted(names, key=seen.index)

    @cached_property
    def kinds(self) -> dict[str, Values]:
        """What to draw, by the arguments that share a kind."""
        found: dict[str, Values] = {}
        known = {name for leaf in self.leaves for name in (leaf.name, leaf.path[0])}
        for name in self.values:
            if name not in known:
                raise ValueError(
                    f"values: there is no argument {name!r}; expected some of "
                    f"{', '.join(leaf.name for leaf in self.leaves)}."
                )
        for leaf in self.leaves:
            name = self._kind_of(leaf)
            values = self.values.get(name)
            if values is None and leaf.kind == "int":
                raise ValueError(
                    f"values: say what {leaf.place} may hold: "
                    f"values={{{leaf.name!r}: integers(below=…)}}."
                )
            values = values or (COINS if leaf.kind == "bool" else real())
            found[name] = values if isinstance(values, Values) else Values({"own": values})
        for name in {*found, *self.size_names}:
            if name in WORDS:
                raise ValueError(f"{name!r} is a word of --example: give it another name.")
        return found

    def _kind_of(self, leaf: Leaf) -> str:
        return leaf.name if leaf.name in self.values else str(leaf.path[0])

    @cached_property
    def largest_side(self) -> int:
        """The largest size that is drawn."""
        return shapes.largest_side(max((len(leaf.shape) for leaf in self.leaves), default=0))

    def allows(self, sizes: Mapping[str, int]) -> bool:
        """Whether the constraints hold, and every side is at least 1."""
        signature = self.reference.program.signature
        sound = all(side >= 1 for leaf in self.leaves for side in leaf.shape_at(sizes))
        return sound and signature.sizes.allow(sizes)

    @cached_property
    def families(self) -> list[dict[str, int]]:
        """One member of every family of shapes, and others where constraints leave few of them."""
        found = shapes.families(self.size_names, self.allows)
        if len(found) < shapes.FEW and self.constraints:
            some = shapes.some_allowed(self.size_names, self.largest_side, self.allows)
            found += [sizes for sizes in some if sizes not in found]
        if not found:
            raise ValueError(
                f"constraints={self.constraints!r}: no sizes up to {self.largest_side} of "
                f"{', '.join(self.size_names)} satisfy them and make every side 1 or more; "
                "loosen them, or the shapes."
            )
        return found

    @cached_property
    def variations(self) -> list[dict[str, str]]:
        """Kinds of values that differ from the first, in turns."""
        return variations(self.kinds)

    @cached_property
    def usual_variations(self) -> list[dict[str, str]]:
        """The variations without their rare kinds: labels soft and hard, one number and another."""
        usual = {name: [*values.kinds][: values.usual] for name, values in self.kinds.items()}
        return [{n: k for n, k in kinds.items() if k in usual[n]} for kinds in self.variations]

    def examples(self, dtypes: Sequence[str] | None = None) -> st.SearchStrategy[Example]:
        """Draw examples for a Hypothesis test of one's own, which calls `judge` on each."""
        return st.builds(
            Example,
            sizes=shapes.drawn(self.size_names, self.largest_side, self.allows),
            seed=st.integers(0, 2**16 - 1),
            dtype=st.sampled_from(tuple(dtypes or self.dtypes)),
            order=st.sampled_from(ORDERS),
            kinds=st.sampled_from(self.variations),
        )

    def example(self, text: str) -> Example:
        """Return the example that a text such as "n=3,m=2,seed=7" names."""
        kinds = {name: values.kinds for name, values in self.kinds.items()}
        example = parsed(text, tuple(self.size_names), kinds)
        if not self.allows(example.sizes):
            raise ValueError(f"{text}: the constraints {self.constraints!r} do not hold.")
        for leaf in self.leaves:
            entries = math.prod(leaf.shape_at(example.sizes))
            if entries > ENTRIES:
                raise ValueError(
                    f"{text}: {leaf.place} would have {entries} entries: expected {ENTRIES} at "
                    "most; choose smaller sizes."
                )
        return example

    def arguments(self, example: Example) -> dict[str, Any]:
        """Make the arrays of an example, as `hand` takes them."""
        if not isinstance(example, Example):
            raise TypeError(
                f"example={example!r} is a {type(example).__name__}: pass an Example, such as "
                "pair.example('n=3,seed=7')."
            )
        if example.sizes.keys() != {*self.size_names}:
            raise ValueError(
                f"example={str(example)!r}: expected a size for each of "
                f"{', '.join(self.size_names)}, and for nothing else."
            )
        for name, kind in example.kinds.items():
            check_choice("kinds", name, self.kinds)
            check_choice(f"kinds[{name!r}]", kind, self.kinds[name].kinds)
        random = np.random.default_rng((example.seed, *example.sizes.values()))
        flat = {}
        for leaf in self.leaves:
            name = self._kind_of(leaf)
            flat[leaf.name] = drawn(leaf, name, self.kinds[name], example, random)
        return self.reference.program.signature.nested(flat)


def check_pair(pair: object) -> None:
    """Raise TypeError unless this is a Pair."""
    if not isinstance(pair, Pair):
        raise TypeError(
            f"pair={pair!r} is a {type(pair).__name__}: pass a Pair, or one of PAIRS by its name."
        )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d]\w*", text)
