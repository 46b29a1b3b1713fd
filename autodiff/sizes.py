"""The sizes that go with symbolic names: solved from the shapes of arrays, and checked.

"2*n, m" against (6, 4) says n = 3, m = 4. Every other occurrence of n and m, and every constraint,
must then hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backproof.autodiff.dimensions import Size, evaluated, names_in, shape_text


@dataclass(frozen=True)
class _Source:
    """An axis of an array, of size factor * n + offset, from which n is read."""

    place: str
    axis: int
    factor: int
    offset: int
    text: str


class Sizes:
    """The dimensions of several shapes: `names`, and how to find the size of each."""

    def __init__(
        self,
        shapes: Mapping[str, tuple[Size, ...]],
        constraints: Sequence[str],
        declared: Collection[str],
    ) -> None:
        self.shapes = shapes
        texts = [str(size) for shape in shapes.values() for size in shape]
        self.names = sorted(set().union(*map(names_in, texts)))
        for constraint in constraints:
            for name in sorted(names_in(constraint) - {*declared}):
                raise ValueError(
                    f"constraints: {constraint!r} speaks of {name}, a dimension of no shape; "
                    f"there are {', '.join(sorted(declared)) or 'none'}."
                )
        self.fixed = sorted({*declared} - {*self.names})
        # JAX has put "n == m" into the shapes: n is in none of them any more.
        self.constraints = [text for text in constraints if names_in(text) <= {*self.names}]
        self._sources = {name: self._source(name) for name in self.names}
        self._read = expression(self._source_texts("shapes[{i}][{axis}]"), "shapes")
        self._expected = expression([shape_text(shape) for shape in shapes.values()], *self.names)

    def _source(self, name: str) -> _Source:
        """Return where to read a size: alone if it can be, else from a multiple, a sum."""
        sources = []
        for place, shape in self.shapes.items():
            for axis, size in enumerate(shape):
                if names_in(str(size)) == {name}:
                    offset, *values = (evaluated(str(size), {name: n}) for n in range(4))
                    factor = values[0] - offset
                    if factor > 0 and values == [offset + factor * n for n in (1, 2, 3)]:
                        sources.append(_Source(place, axis, factor, offset, str(size)))
        if not sources:
            raise ValueError(
                f"the size of {name} cannot be read from any shape: write one that is {name} alone."
            )
        return min(sources, key=lambda source: (source.factor, abs(source.offset)))

    def solve(self, shapes: tuple[tuple[int, ...], ...]) -> dict[str, int]:
        """Return the size of every dimension for these shapes, given in order.

        Raises ValueError where a shape or a constraint does not hold.
        """
        try:
            sizes = dict(zip(self.names, self._read(shapes), strict=True))
        except IndexError:
            sizes = {}
        if len(sizes) < len(self.names) or self._expected(*sizes.values()) != shapes:
            raise self._refused(shapes)
        if min(sizes.values(), default=1) < 1:
            raise self._refused(shapes)
        for constraint in self.constraints:
            if not evaluated(constraint, sizes):
                raise ValueError(f"{_known(sizes)}: the constraint {constraint} does not hold.")
        return sizes

    def allow(self, sizes: Mapping[str, int]) -> bool:
        """Whether all constraints hold for these sizes."""
        return all(evaluated(constraint, sizes) for constraint in self.constraints)

    def _refused(self, shapes: Sequence[tuple[int, ...]]) -> ValueError:
        """Return the error for shapes that do not fit: rank first, then sizes."""
        given = dict(zip(self.shapes, shapes, strict=True))
        for place, shape in given.items():
            if len(shape) != len(self.shapes[place]):
                return ValueError(
                    f"{place} has shape {shape}, rank {len(shape)}: expected "
                    f"({shape_in_words(self.shapes[place])}), rank {len(self.shapes[place])}."
                )
        sizes: dict[str, int] = {}
        for name, source in self._sources.items():
            size, rest = divmod(given[source.place][source.axis] - source.offset, source.factor)
            if rest or size < 1:
                return ValueError(
                    f"{source.place} has shape {given[source.place]}: axis {source.axis} is "
                    f"{source.text}, with {name} a whole number from 1."
                )
            sizes[name] = size
        for place, shape in given.items():
            expected = tuple(evaluated(str(size), sizes) for size in self.shapes[place])
            if shape != expected:
                words = shape_in_words(self.shapes[place])
                why = f", that is ({words}) with {_known(sizes)}" if sizes else ""
                return ValueError(f"{place} has shape {shape}: expected {expected}{why}.")
        raise AssertionError(f"shapes {shapes} were refused without a reason")

    def python_texts(self, names: Sequence[str]) -> list[str]:
        """Return sizes as expressions of the arrays: X.shape[1]."""
        texts = self._source_texts("{place}.shape[{axis}]")
        return [texts[self.names.index(name)] for name in names]

    def _source_texts(self, axis: str) -> list[str]:
        places = list(self.shapes)
        texts = []
        for source in self._sources.values():
            i = places.index(source.place)
            text = axis.format(place=source.place, i=i, axis=source.axis)
            if source.offset:
                text = f"({text} - {source.offset})"
            texts.append(text if source.factor == 1 else f"{text} // {source.factor}")
        return texts


def expression(parts: Sequence[str], *names: str) -> Callable[..., Any]:
    """Return a function of `names` that makes a tuple of these expressions: a fast check."""
    tuple_text = "".join(f"{part}, " for part in parts)
    function: Callable[..., Any] = eval(f"lambda {', '.join(names)}: ({tuple_text})")
    return function


def _known(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={size}" for name, size in sizes.items())


def shape_in_words(shape: Sequence[Size]) -> str:
    """Return a shape as it was declared."""
    return ", ".join(map(str, shape))
