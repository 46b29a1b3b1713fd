"""A learner's own functions in the place of those of `manual.planar`, judged line by line.

The functions are called as the course's assignment calls them: forward_propagation, compute_cost
and backward_propagation, each on what the one before returned. Those that are missing are ours.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from backproof.compare.builtin import Network
from backproof.compare.location import module_at
from backproof.compare.pair import Pair
from backproof.compare.values import labels, real
from backproof.manual import planar
from backproof.manual.activations import sigmoid

FUNCTIONS = ("forward_propagation", "compute_cost", "backward_propagation")
VALUES = ("Z1", "A1", "Z2", "A2")
SHAPES = {
    "parameters": {"W1": "n_h, n_x", "b1": "n_h, 1", "W2": "1, n_h", "b2": "1, 1"},
    "X": "n_x, m",
    "Y": "1, m",
}


class Assignment:
    """The hand-derived side that a learner's functions are together; `place` is where they are."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]], place: str) -> None:
        self.place = place
        self.forward, self.cost, self.backward = (
            functions.get(name, getattr(planar, name)) for name in FUNCTIONS
        )

    def __call__(self, parameters: dict[str, Any], X: Any, Y: Any) -> dict[str, Any]:
        """Return the cache, the cost and the gradients.

        Raises TypeError for what is no pair (A2, cache), or no dict.
        """
        found = self.forward(X, dict(parameters))
        if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[1], Mapping):
            of = [type(part).__name__ for part in found] if isinstance(found, tuple) else []
            came = f"a tuple of {', '.join(of)}" if of else f"a {type(found).__name__}"
            raise TypeError(
                f"forward_propagation returns {came}: expected (A2, cache), the cache a dict with "
                "Z1, A1, Z2 and A2."
            )
        A2, cache = found
        # What backward does to the arrays is its own affair, and no mistake of forward's.
        own = {name: np.array(cache[name]) for name in VALUES if name in cache}
        own["A2"] = np.array(A2)
        # Autodiff's derivatives do not read A2, so a wrong one is no excuse for what follows from
        # it: the cost and backward are called on a right one.
        Z2 = own.get("Z2")
        if Z2 is not None and Z2.dtype.kind == "f" and Z2.shape == own["A2"].shape:
            A2 = sigmoid(Z2)
            cache = {**cache, "A2": A2}
        asked = inspect.signature(self.cost).parameters.values()
        needed = [parameter for parameter in asked if parameter.default is parameter.empty]
        J = self.cost(A2, Y, dict(parameters)) if len(needed) > 2 else self.cost(A2, Y)
        grads = self.backward(dict(parameters), dict(cache), X, Y)
        if not isinstance(grads, Mapping):
            raise TypeError(
                f"backward_propagation returns a {type(grads).__name__}: expected a dict with dW1, "
                "db1, dW2 and db2."
            )
        return {**own, "J": J, **grads}


def loaded_as_planar(place: str) -> dict[str, Pair]:
    """Return the pair that the functions at FILE.py or package.module are.

    Raises ValueError where there are none of them.
    """
    module = module_at(place)
    functions = {name: vars(module)[name] for name in FUNCTIONS if name in vars(module)}
    for name in FUNCTIONS:
        near = get_close_matches(name, vars(module), n=1, cutoff=0.85)
        if near and name not in functions:
            raise ValueError(f"{place} has {near[0]}: {name} is meant? Rename it.")
    if not functions:
        raise ValueError(
            f"{place} has none of {', '.join(FUNCTIONS)}: define one, by the assignment's name."
        )
    network = Network("planar", "shallow", ("tanh",), "sigmoid", "cross_entropy")
    # Moderate numbers: log a and log(1 − a) have no digits left where a rounds to 0 or 1.
    usual, small = real("unit", "integers", "tiny", "one_hot"), real("unit", "tiny", scale=0.5)
    whose = ", ".join(functions)
    name = "planar" if len(functions) == len(FUNCTIONS) else f"planar with your {whose}"
    pair = Pair(
        Assignment(functions, place),
        network.cost,
        SHAPES,
        {"Y": labels(), "parameters": small, "X": usual},
        wrt="parameters",
        per_example="m",
        dtypes=("float64",),
        name=name,
    )
    return {"planar": pair}
