"""One problem: what the hand-derived side makes of it, and what each of its lines should be.

Autodiff's program is cut at every value V whose dV the hand-derived side returns, and given the
hand's own numbers: so each line is expected to be what follows from the lines before it, whoever
is right about those.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof.autodiff.bounded import Bounded
from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.result import CUT, UPSTREAM, by_name, with_floats
from backproof.compare.hand import called
from backproof.compare.offences import aliased, overwritten, unstable
from backproof.compare.pair import Pair
from backproof.compare.quantities import quantities
from backproof.compare.returned import Results, named
from backproof.compare.values import laid_out

Expected = dict[str, Any]
EITHER_SIDE = 2  # a bound holds for autodiff's rounding; the hand's may be as large


class Trial:
    """The arrays of one problem, and what the hand-derived side returns for them.

    Raises whatever the hand-derived side raises, TypeError or ValueError for what is no gradient.
    """

    def __init__(self, pair: Pair, arguments: Mapping[str, Any], *, thorough: bool = True) -> None:
        self.pair, self.given, self.thorough = pair, arguments, thorough
        signature = pair.reference.program.signature
        flat = signature.flat(arguments)
        floats = [leaf.name for leaf in signature.leaves if leaf.kind == "float"]
        dtypes = (flat[name].dtype for name in floats)
        self.dtype = next((dtype for dtype in dtypes if dtype.kind == "f"), np.dtype("float64"))
        self.flat = {
            name: array.astype(self.dtype)
            if name in floats and array.dtype.kind in "biu"
            else array
            for name, array in flat.items()
        }
        self.arguments = signature.nested(self.flat)
        self.sizes = signature.check(self.flat)
        self.quantities = quantities(pair, self.sizes)
        before = {name: array.tobytes() for name, array in flat.items()}
        self.hand = self._called()
        self.offences = overwritten(flat, before)
        if thorough and not self.offences:
            first = {name: array.copy() for name, array in self.hand.items()}
            self.offences = aliased(self.hand, flat) + unstable(first, self._called(), self.eps)

    def _called(self) -> Results:
        returned = called(self.pair, self.given)
        return named(self.pair, self.quantities, returned, self.dtype)

    @cached_property
    def cuts(self) -> list[str]:
        """The marks at which the program is cut: those whose derivative is returned."""
        of_marks = self.quantities.of_marks
        return [of_marks[name] for name in self.hand if name in of_marks]

    @property
    def eps(self) -> float:
        """The distance of 1 from the next number, in the precision of the trial."""
        return float(np.finfo(self.dtype).eps)

    @property
    def program(self) -> DerivedProgram:
        """Autodiff's program, cut at these marks."""
        return self.pair.reference.cut(self.cuts, self.sizes)

    def cast(self, dtype: Any) -> Trial:
        """Return the same problem in another precision."""
        signature = self.pair.reference.program.signature
        flat = signature.flat(self.given)
        wider = with_floats(flat, lambda array: laid_out(array.astype(dtype), array))
        return Trial(self.pair, signature.nested(wider), thorough=False)

    def inputs(
        self, dtype: Any = None, replaced: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        """Return what the cut program is given: the arguments, and the hand's own V and dV.

        `replaced` puts other arrays in the place of arguments, and of "V" and "dV".
        """
        dtype = dtype or self.dtype
        flat = with_floats(self.flat, lambda array: array.astype(dtype, copy=False))
        flat |= {name: array for name, array in replaced.items() if name in flat}
        inputs: dict[str, Any] = self.pair.reference.program.signature.nested(flat)
        if self.cuts:
            values, derivatives = {}, {}
            for V in self.cuts:
                values[V] = np.asarray(replaced.get(V, self.values_read[V]), dtype)
                derivatives[V] = np.asarray(replaced.get(f"d{V}", self.hand[f"d{V}"]), dtype)
            inputs |= {CUT: values, UPSTREAM: derivatives}
        return inputs

    @cached_property
    def _forward(self) -> dict[str, Any]:
        return self.pair.reference.program.forward(**self.arguments)[1]

    def expected(
        self,
        how: str = "__call__",
        dtype: Any = None,
        replaced: Mapping[str, Any] = MappingProxyType({}),
    ) -> Expected:
        """Return what each line should be, given the hand's own numbers for the others.

        `how` is a way to run the program: "__call__", "bounded", "hull".
        """
        return by_name(getattr(self.program, how)(**self.inputs(dtype, replaced)))

    @cached_property
    def plain(self) -> Expected:
        """What each line should be, in the precision of the trial."""
        return self.expected()

    @cached_property
    def values_read(self) -> Results:
        """The values at which the program is cut: the hand's own, autodiff's where it has none."""
        return {
            V: self.hand[V] if V in self.hand else np.asarray(self._forward[V]) for V in self.cuts
        }

    def complete(self) -> Trial:
        """Return the same problem with a hand-derived side that shows every line.

        The lines that it does not show are as they should be, given those before them.
        """
        right = by_name(self.pair.reference.program(**self.arguments))
        own = {name: np.asarray(right[name]) for name in self.quantities.names}
        twin = self.with_results(own | self.hand)
        for name in self.quantities.names:
            if name not in self.hand:
                twin = twin.with_results(twin.hand | {name: np.asarray(twin.plain[name])})
        return twin

    def with_results(self, results: Results) -> Trial:
        """Return the same problem with other results of the hand-derived side."""
        twin = copy(self)
        for name in ("cuts", "of_rounded", "plain", "truth", "values_read", "bounded"):
            vars(twin).pop(name, None)
        twin.hand = results
        return twin

    @cached_property
    def bounded(self) -> Expected:
        """What each line should be, with bounds of its rounding error.

        Where an operation has no rule for them, as those that run through XLA, the bound is 0.
        """
        try:
            return self.expected("bounded")
        except TypeError:
            return {name: Bounded(array) for name, array in self.expected().items()}

    @cached_property
    def of_rounded(self) -> Expected:
        """What each line should be, with bounds of what rounding its inputs alone makes of it."""
        try:
            inputs = self.inputs(np.longdouble)
            return by_name(self.program.bounded_from_rounded(self.eps / 2, **inputs))
        except TypeError:  # what runs through XLA has no bounds
            return {name: Bounded(array) for name, array in self.truth.items()}

    @cached_property
    def truth(self) -> Expected:
        """What each line should be, in the widest precision in which the program runs."""
        try:
            return self.expected(dtype=np.longdouble)
        except TypeError:  # what runs through XLA has float64 at most
            return self.expected(dtype=np.float64)

    def ordered(self) -> list[str]:
        """Return the names of what the hand returned, in the order of computation."""
        return [name for name in self.quantities.names if name in self.hand]
