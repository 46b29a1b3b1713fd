"""A pair: a hand-derived gradient and the JAX network that it claims to differentiate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from backproof import autodiff, manual
from backproof.arguments import (
    FLOATS,
    check_activations,
    check_choice,
    check_loss,
    check_number,
)
from backproof.compare.shapes import FAMILIES, Shape, shapes
from backproof.compare.values import (
    FLOAT_LABELS,
    KINDS,
    LABELS,
    MODERATE,
    ORDERS,
    Example,
    Problem,
    problem,
)

Results = dict[str, NDArray[Any]]

BY_HAND: dict[str, Callable[..., Any]] = {
    "logistic": manual.logistic.gradients,
    "logistic_loop": manual.logistic.gradients_loop,
    "shallow": manual.shallow.gradients,
    "deep": manual.deep.gradients,
}
BY_AUTODIFF: dict[str, Callable[..., Any]] = {
    "logistic": autodiff.logistic.gradients,
    "logistic_loop": autodiff.logistic.gradients_loop,
    "shallow": autodiff.shallow.gradients,
    "deep": autodiff.deep.gradients,
}
DEEPEST = 4
ACTIVATIONS = tuple(autodiff.activations.ACTIVATIONS)


@dataclass(frozen=True)
class Pair:
    """A network, an activation per layer and a loss, derived by hand and by JAX.

    `by_hand` is your own gradient, (parameters, X, Y) → dict; without it, the package's is used.
    The dict holds dV for every parameter V ("dW1", "db1", …) and whatever else you have of "J",
    "Z1", "A1", …, "dZ1", "dA1", …, "dX"; all that it holds is compared. dZ, dA and dX are per
    example, dW and db of the cost J.

    `hidden` is one name per hidden layer; None draws depth and names anew for every example,
    which only the package's own "deep" can follow. Y comes in the dtype of X.

    Raises TypeError or ValueError for an unknown or unfitting network, activation or loss.
    """

    name: str
    network: str = "deep"
    hidden: tuple[str, ...] | None = ()
    output: str = "sigmoid"
    loss: str = "cross_entropy"
    slopes: tuple[float, ...] = (0.01,)
    by_hand: Callable[[dict[str, Any], Any, Any], Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        check_choice("network", self.network, BY_HAND)
        check_loss(self.loss, self.output)
        check_choice("output", self.output, ACTIVATIONS)
        if not isinstance(self.slopes, tuple) or not self.slopes:
            raise ValueError(f"slopes={self.slopes!r}: pass a tuple of numbers, such as (0.01,).")
        for slope in self.slopes:
            check_number("slopes", slope)
        if self.is_logistic:
            check_choice("loss", self.loss, autodiff.logistic.UNIT_LOSSES)
        if self.by_hand is not None and not callable(self.by_hand):
            raise TypeError(
                f"by_hand={self.by_hand!r} is a {type(self.by_hand).__name__}: pass a function "
                "(parameters, X, Y) -> dict."
            )
        if self.hidden is None:
            if self.network != "deep" or self.by_hand is not None:
                raise ValueError("hidden=None draws layers: give one name per hidden layer.")
            return
        layers = {"logistic": 0, "logistic_loop": 0, "shallow": 1}.get(self.network)
        if not isinstance(self.hidden, tuple) or layers not in (None, len(self.hidden)):
            many = "any number of" if layers is None else layers
            raise ValueError(
                f"hidden={self.hidden!r} does not fit {self.network!r}: expected a tuple with "
                f"{many} names; network='deep' takes any number."
            )
        check_activations((*self.hidden, self.output), ACTIVATIONS)

    @property
    def is_logistic(self) -> bool:
        """Whether the parameters are w and b, one unit without layers to number."""
        return self.network.startswith("logistic")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of values; the naive cross-entropy has no digits left where σ(z) rounds to 1."""
        return MODERATE if self.loss == "naive_cross_entropy" else KINDS

    @property
    def labels(self) -> tuple[str, ...]:
        """Kinds of labels; regression has real ones too, a gradient of one's own floats only."""
        labels = LABELS if self.by_hand is None else FLOAT_LABELS
        return ("real", *labels) if self.loss == "half_squared_error" else labels

    def examples(self, dtypes: tuple[str, ...] = FLOATS) -> st.SearchStrategy[Example]:
        """Draw examples: every side, the activations, the dtype, every kind, a seed."""
        hidden = (
            st.lists(st.sampled_from(ACTIVATIONS), max_size=DEEPEST - 1).map(tuple)
            if self.hidden is None
            else st.just(self.hidden)
        )
        return hidden.flatmap(
            lambda hidden: st.builds(
                Example,
                shape=shapes(len(hidden) + 1).map(self._one_output),
                hidden=st.just(hidden),
                slope=st.sampled_from(self.slopes),
                dtype=st.sampled_from(dtypes),
                seed=st.integers(0, 2**16 - 1),
                data=st.sampled_from(self.kinds),
                weights=st.sampled_from(self.kinds),
                labels=st.sampled_from(self.labels),
                order=st.sampled_from(ORDERS),
            )
        )

    def members(self, seed: int, dtypes: tuple[str, ...] = FLOATS) -> list[Example]:
        """One example of every family of shapes."""
        examples = []
        for i, family in enumerate(FAMILIES.values()):
            hidden = self.hidden
            if hidden is None:
                turn = (seed + i + 2 * k for k in range(i % DEEPEST))
                hidden = tuple(ACTIVATIONS[k % len(ACTIVATIONS)] for k in turn)
            shape = self._one_output(family.member(len(hidden) + 1))
            slope, dtype = self.slopes[i % len(self.slopes)], dtypes[(seed + i) % len(dtypes)]
            examples.append(Example(shape, hidden, slope, dtype, seed + i))
        return examples

    def _one_output(self, shape: Shape) -> Shape:
        return (shape[0], 1, shape[-1]) if self.is_logistic else shape

    def problem(self, example: Example) -> Problem:
        """Make the arrays of an example for this pair."""
        moderate = self.loss == "naive_cross_entropy"
        return problem(example, logistic=self.is_logistic, moderate=moderate)

    def derive_by_hand(self, example: Example, parameters: Any, X: Any, Y: Any) -> Any:
        """Run the hand-derived side."""
        if self.by_hand is not None:
            return self.by_hand(parameters, X, Y)
        options = dict(_options(self, example.hidden, example.slope))
        J, values, gradients = BY_HAND[self.network](parameters, X, Y, **options)
        return {"J": J, **values, **gradients}

    def derive_by_autodiff(self, example: Example, parameters: Any, X: Any, Y: Any) -> Results:
        """Run the autodiff side, compiled once for each shape and dtype, on labels cast first."""
        run = _compiled(BY_AUTODIFF[self.network], _options(self, example.hidden, example.slope))
        with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
            J, values, gradients = run(parameters, X, Y.astype(X.dtype))
        results: Results = jax.tree.map(np.asarray, {"J": J, **values, **gradients})
        return results


def _options(pair: Pair, hidden: tuple[str, ...], slope: float) -> tuple[tuple[str, Any], ...]:
    """What both wings' `gradients` take after (parameters, X, Y)."""
    options = {"loss": pair.loss, "with_dX": True}
    if pair.network == "shallow":
        options |= {"hidden": hidden[0], "output": pair.output, "slope": slope}
    elif pair.network == "deep":
        options |= {"activations": (*hidden, pair.output), "slope": slope}
    return tuple(options.items())


@cache
def _compiled(gradients: Callable[..., Any], options: tuple[tuple[str, Any], ...]) -> Any:
    """Compile with XLA's least effort: a shape is run a few times, compiling it is what costs."""
    return jax.jit(
        lambda parameters, X, Y: gradients(parameters, X, Y, **dict(options)),
        compiler_options={"xla_backend_optimization_level": 0},
    )
