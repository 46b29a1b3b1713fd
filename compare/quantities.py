"""What the hand-derived side of a pair may return, in the order of computation."""

from __future__ import annotations

from collections.abc import Mapping

from backproof.autodiff.dimensions import evaluated
from backproof.autodiff.result import UPSTREAM
from backproof.autodiff.sizes import shape_in_words
from backproof.compare.pair import Pair


class Quantities:
    """The names that a hand-derived side may use, at one shape or at all."""

    def __init__(self, pair: Pair, sizes: Mapping[str, int]) -> None:
        program = pair.reference.program
        marks = program.marks(sizes)
        self.marks = list(marks)
        shapes = {leaf.name: shape_in_words(leaf.shape) for leaf in pair.leaves} | marks
        self.shape_texts = shapes
        self._shapes = {name: f"({text},)" if text else "()" for name, text in shapes.items()}
        gradients = program.gradient_names(sizes)
        for name in [*self.marks, *(leaf.name for leaf in pair.leaves)]:
            if name == "J" or (name in self.marks and name in gradients):
                what = "the cost" if name == "J" else f"the derivative with respect to {name[1:]}"
                raise ValueError(
                    f"{name!r} names an argument or a mark of the loss, and is {what}: give that "
                    "argument or mark another name."
                )
        idle = program.idle_marks(sizes) | {n.removeprefix("d") for n in pair.reference.upstream}
        self.idle = {f"d{name}" for name in idle}
        self.live_marks = [name for name in self.marks if name not in idle]
        of_leaves = [f"d{leaf.name}" for leaf in pair.leaves]
        self.of_arguments = [name for name in of_leaves if name in gradients]
        self.of_marks = {f"d{name}": name for name in self.marks}
        cost = [] if pair.reference.upstream else ["J"]
        self.gradients = self._backward(pair, sizes)
        self.names = [*self.marks, *cost, *self.gradients]
        if not self.gradients:
            raise ValueError(
                f"wrt={pair.wrt!r}: there is no gradient to compare; differentiate an argument of "
                "floats, or mark a value."
            )
        self.ordered = [f"d{name}" for name in pair.reference.wrt]
        self.needed = self.ordered if pair.wrt is not None else []

    def shapes_at(self, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Return the shape of every quantity at these sizes."""
        shapes = {name: evaluated(text, sizes) for name, text in self._shapes.items()}
        return {"J": (), **shapes, **{f"d{name}": shape for name, shape in shapes.items()}}

    def _backward(self, pair: Pair, sizes: Mapping[str, int]) -> list[str]:
        """Return the gradients from the last mark to the first, each argument's where it is due."""
        cut = pair.reference.cut(self.live_marks, sizes)
        paths = {leaf.name: leaf.path for leaf in cut.signature.leaves}
        order = [f"d{name}" for name in reversed(self.live_marks)]
        due: dict[str, int] = {}
        for name in self.of_arguments:
            read = [paths[leaf] for leaf in cut.reads(name, sizes)]
            upstream = [order.index(f"d{path[1]}") for path in read if path[0] == UPSTREAM]
            due[name] = max(upstream, default=-1)
        of_arguments = [[n for n in self.of_arguments if due[n] == i] for i in range(len(order))]
        first = [name for name in self.of_arguments if due[name] < 0]
        return first + [n for i, dV in enumerate(order) for n in (dV, *of_arguments[i])]


def quantities(pair: Pair, sizes: Mapping[str, int]) -> Quantities:
    """Return what a pair's hand may return; the same object for the same program."""
    known = pair.reference.quantities
    key = tuple(sizes.items()) if pair.reference.program.per_shape else ()
    if key not in known:
        known[key] = Quantities(pair, sizes)
    return known[key]
