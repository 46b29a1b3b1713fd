"""A pair: a hand-derived gradient and the JAX network that it claims to differentiate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
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
from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.signature import Signature
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
# A shape is run once, and compiling it is what costs: XLA is asked for its least effort.
LEAST_EFFORT = {"xla_backend_optimization_level": 0}
ACTIVATIONS = tuple(autodiff.activations.ACTIVATIONS)


@dataclass(frozen=True)
class Pair:
    """A network, an activation per layer and a loss, derived by hand and by JAX.

    `by_hand` is your own gradient, (parameters, X, Y) → dict; without it, the package's is used.
    The dict holds dV for every parameter V ("dW1", "db1", …) and whatever else you have of "J",
    "Z1", "A1", …, "dZ1", "dA1", …, "dX"; all that it holds is compared. dZ, dA and dX are per
    example, dW and db of the cost J.

    `hidden` is one name per hidden layer. Y comes in the dtype of X.

    Raises TypeError or ValueError for an unknown or unfitting network, activation or loss.
    """

    name: str
    network: str = "deep"
    hidden: tuple[str, ...] = ()
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
        """Draw examples: every side, the dtype, the slope, every kind, a seed."""
        return st.builds(
            Example,
            shape=shapes(len(self.hidden) + 1).map(self.fitted),
            hidden=st.just(self.hidden),
            slope=st.sampled_from(self.slopes),
            dtype=st.sampled_from(dtypes),
            seed=st.integers(0, 2**16 - 1),
            data=st.sampled_from(self.kinds),
            weights=st.sampled_from(self.kinds),
            labels=st.sampled_from(self.labels),
            order=st.sampled_from(ORDERS),
        )

    def members(self, seed: int, dtypes: tuple[str, ...] = FLOATS) -> list[Example]:
        """One example of every family of shapes."""
        examples = []
        for i, family in enumerate(FAMILIES.values()):
            shape = self.fitted(family.member(len(self.hidden) + 1))
            slope, dtype = self.slopes[i % len(self.slopes)], dtypes[(seed + i) % len(dtypes)]
            examples.append(Example(shape, self.hidden, slope, dtype, seed + i))
        return examples

    def fitted(self, shape: Shape) -> Shape:
        """Return the shape with the one output that logistic regression has."""
        return (shape[0], 1, shape[-1]) if self.is_logistic else shape

    def problem(self, example: Example) -> Problem:
        """Make the arrays of an example for this pair."""
        moderate = self.loss == "naive_cross_entropy"
        return problem(example, logistic=self.is_logistic, moderate=moderate)

    def derive_by_hand(self, example: Example, parameters: Any, X: Any, Y: Any) -> Any:
        """Run the hand-derived side."""
        if self.by_hand is not None:
            return self.by_hand(parameters, X, Y)
        J, values, gradients = BY_HAND[self.network](
            parameters, X, Y, **dict(self._options), **self._slope(example)
        )
        return {"J": J, **values, **gradients}

    def derive_by_replay(self, example: Example, parameters: Any, X: Any, Y: Any) -> Results:
        """Run what JAX derived once for all shapes, by NumPy, on labels cast first."""
        J, values, gradients = self.program(
            parameters=parameters, X=X, Y=Y.astype(X.dtype), **self._slope(example, X.dtype.type)
        )
        return {"J": np.asarray(J), **values, **gradients}

    def derive_by_xla(self, example: Example, parameters: Any, X: Any, Y: Any) -> Results:
        """Run JAX as people do: compiled by XLA, for each shape and dtype anew."""
        run = _compiled(self.network, self._options)
        with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
            J, values, gradients = run(
                parameters, X, Y.astype(X.dtype), **self._slope(example, X.dtype.type)
            )
        results: Results = jax.tree.map(np.asarray, {"J": J, **values, **gradients})
        return results

    @property
    def program(self) -> DerivedProgram:
        """JAX's derivation of this network, traced when it is first asked for."""
        return _program(self.network, self.hidden, self.output, self.loss)

    @property
    def _has_slope(self) -> bool:
        return "leaky_relu" in (*self.hidden, self.output)

    def _slope(self, example: Example, dtype: Callable[[float], Any] = float) -> dict[str, Any]:
        """Leaky ReLU's slope, an argument where there is a leaky ReLU."""
        return {"slope": dtype(example.slope)} if self._has_slope else {}

    @property
    def _options(self) -> tuple[tuple[str, Any], ...]:
        """What both wings' `gradients` take after (parameters, X, Y)."""
        options = {"loss": self.loss, "with_dX": True}
        if self.network == "shallow":
            options |= {"hidden": self.hidden[0], "output": self.output}
        elif self.network == "deep":
            options |= {"activations": (*self.hidden, self.output)}
        return tuple(options.items())


def network_shapes(layers: int, *, is_logistic: bool = False) -> dict[str, Any]:
    """Return the symbolic shapes of a network's parameters, X and Y."""
    if is_logistic:
        return {"parameters": {"w": "n_x, 1", "b": "1, 1"}, "X": "n_x, m", "Y": "1, m"}
    sizes = ["n_x", *(f"n_{l}" for l in range(1, layers)), "n_y"]
    parameters: dict[str, str] = {}
    for l, (before, n) in enumerate(pairwise(sizes), start=1):
        parameters |= {f"W{l}": f"{n}, {before}", f"b{l}": f"{n}, 1"}
    return {"parameters": parameters, "X": "n_x, m", "Y": "n_y, m"}


@cache
def _program(network: str, hidden: tuple[str, ...], output: str, loss: str) -> DerivedProgram:
    """Trace a network's gradients over symbolic sizes."""
    pair = Pair("", network, hidden, output, loss)
    shapes = network_shapes(len(pair.hidden) + 1, is_logistic=pair.is_logistic)
    if pair._has_slope:
        shapes["slope"] = ""
    gradients = partial(BY_AUTODIFF[pair.network], **dict(pair._options))
    return DerivedProgram(gradients, Signature(shapes))


@cache
def _compiled(network: str, options: tuple[tuple[str, Any], ...]) -> Any:
    """Return JAX's gradients, to be compiled for every shape."""
    return jax.jit(
        partial(BY_AUTODIFF[network], **dict(options)),
        compiler_options=LEAST_EFFORT,
    )
