"""Mistakes planted into the source of a hand-derived network, as people make them.

The network is written out line by line, as on the board, and one line is replaced. Nothing of the
table that recognises mistakes is used here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backproof.compare import Pair
from backproof.compare.builtin import Network
from benchmarks.planted_mistakes import Mistake

FORWARD = {
    "identity": "Z",
    "tanh": "np.tanh(Z)",
    "sigmoid": "1 / (1 + np.exp(-Z))",
    "relu": "np.where(Z >= 0, Z, 0)",
    "leaky_relu": "np.where(Z >= 0, Z, slope * Z)",
}
SLOPE = {
    "identity": "np.ones_like(Z)",
    "tanh": "(1 - A**2)",
    "sigmoid": "A * (1 - A)",
    "relu": "(Z >= 0)",
    "leaky_relu": "np.where(Z >= 0, 1, slope)",
}
COST = {
    "cross_entropy": "np.sum(np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))) / m",
    "half_squared_error": "np.sum((A - Y) ** 2) / (2 * m)",
}


def networks() -> Iterator[Network]:
    """Yield every hidden activation, both outputs, one to four layers."""
    for output, loss in (("sigmoid", "cross_entropy"), ("identity", "half_squared_error")):
        yield Network(f"1-{output}", "deep", (), output, loss)
        for hidden in FORWARD:
            for layers in (2, 3, 4):
                name = f"{layers}-{hidden}-{output}"
                yield Network(name, "deep", (hidden,) * (layers - 1), output, loss)


def lines(network: Network) -> dict[str, str]:
    """Return the right line for every quantity, in the order of computation."""
    activations = (*network.hidden, network.output)
    L = len(activations)
    found: dict[str, str] = {}
    for l, activation in enumerate(activations, start=1):
        found[f"Z{l}"] = f"W{l} @ A_before + b{l}"
        found[f"A{l}"] = FORWARD[activation]
    found["J"] = COST[network.loss]
    for l in range(L, 0, -1):
        found[f"dZ{l}"] = "A - Y" if l == L else "dA * slope_of_activation"
        found[f"dW{l}"] = "dZ @ A_before.T / m"
        found[f"db{l}"] = "dZ.sum(axis=1, keepdims=True) / m"
        if l > 1:
            found[f"dA{l - 1}"] = f"W{l}.T @ dZ{l}"
    found["dX"] = "W1.T @ dZ1"
    return found


def layer_of(mistake: Mistake, network: Network, turn: int) -> int | None:
    """Return the layer into which a mistake is planted, ever another one; None if it fits none."""
    L = len(network.hidden) + 1
    if "{L}" in mistake.line or mistake.line == "J":
        return L if mistake.applies(network, L) else None
    of_hidden = mistake.line[:2] in ("dA", "A{") or mistake.line == "dZ{l}"
    layers = range(1, L if of_hidden else L + 1)
    fitting = [l for l in layers if mistake.applies(network, l)]
    return fitting[turn % len(fitting)] if fitting else None


def planted(network: Network, mistake: Mistake, l: int) -> tuple[str, Pair]:
    """Return the line that is wrong, and the network's pair with it."""
    L = len(network.hidden) + 1
    name = mistake.line.format(l=l, L=L)
    right = lines(network)
    code = mistake.code.replace("(J)", f"({right['J']})")
    wrong = right | {name: code.format(l=l, n=l + 1, m=l + 2, L=L)}
    return name, network.pair(hand=compiled(network, wrong))


def compiled(network: Network, source: dict[str, str]) -> Callable[..., Any]:
    """Return the hand-derived side that these lines are."""
    activations = (*network.hidden, network.output)
    text = ["def by_hand(parameters, X, Y, slope=None):", "    m = X.shape[1]"]
    text += ["    Y = Y if Y.dtype == X.dtype else Y.astype(X.dtype)"]
    for l in range(1, len(activations) + 1):
        text.append(f"    W{l}, b{l} = parameters['W{l}'], parameters['b{l}']")
    for name, code in source.items():
        l = int("".join(filter(str.isdigit, name)) or len(activations))
        text.append(f"    {name} = {_numbered(code, l, activations[l - 1])}")
    text += [f"    return {{{', '.join(f'{name!r}: {name}' for name in source)}}}"]
    scope: dict[str, Any] = {"np": np, "accumulated": Accumulated()}
    exec("\n".join(text), scope)
    function: Callable[..., Any] = scope["by_hand"]
    return function


def scaled(hand: Callable[..., Any], scale: float) -> Callable[..., Any]:
    """Return the hand-derived side with J and all its derivatives multiplied."""

    def scaled_hand(*given: Any, **named: Any) -> dict[str, Any]:
        results = hand(*given, **named)
        return {n: v.dtype.type(scale) * v if n[0] in "dJ" else v for n, v in results.items()}

    return scaled_hand if scale != 1 else hand


def scaled_cost(cost: Callable[..., Any], scale: float) -> Callable[..., Any]:
    """Return the cost, multiplied."""

    def scaled(**named: Any) -> Any:
        return scale * cost(**named)

    return scaled if scale != 1 else cost


class Accumulated:
    """Adds to what it was called with before: gradients that nobody sets to zero."""

    def __init__(self) -> None:
        self.total: Any = 0.0

    def __call__(self, gradient: Any) -> Any:
        """Return the sum of this gradient and those of the same shape before it."""
        same = np.shape(self.total) == gradient.shape
        self.total = self.total + gradient if same else gradient
        return self.total.astype(gradient.dtype)


def _numbered(code: str, l: int, activation: str) -> str:
    """Return a line with the layer's number at its letters."""
    code = code.replace("slope_of_activation", SLOPE[activation])
    code = code.replace("A_before", "X" if l == 1 else f"A{l - 1}")
    return re.sub(r"(?<![\w.'])(dZ|dA|Z|A)(?![\w'])", rf"\g<1>{l}", code)
