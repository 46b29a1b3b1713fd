"""Mistakes planted into the source of a hand-derived network, as people make them.

The network is written out line by line, as on the board, and one line is replaced. Nothing of the
table that recognises mistakes is used here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.compare import Pair
from backproof.compare.builtin import Network

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


@dataclass(frozen=True)
class Mistake:
    """One line, and what stands there in place of the right one.

    In `line` and `code`, {l} is the layer, {n} the next, {L} the last; A, Z, dA stand for those of
    the layer, A_before for what goes into it. `causes` are the names under which it may be told,
    or else the words that must be among those that are.
    """

    causes: tuple[str, ...]
    line: str
    code: str
    applies: Callable[[Network, int], bool] = lambda network, l: True

    def __str__(self) -> str:
        return f"{self.line.replace('{l}', '').replace('{L}', '')} = {self.code}"


def _activation(*names: str) -> Callable[[Network, int], bool]:
    return lambda network, l: l <= len(network.hidden) and network.hidden[l - 1] in names


def _sigmoid_output(network: Network, l: int) -> bool:
    return network.output == "sigmoid"


def _three_layers(network: Network, l: int) -> bool:
    return l + 2 <= len(network.hidden) + 1


MISTAKES = [
    Mistake(("no mean",), "dW{l}", "dZ @ A_before.T"),
    Mistake(("divided twice",), "dW{l}", "dZ @ A_before.T / m / m"),
    Mistake(("wrong count",), "dW{l}", "dZ @ A_before.T / X.shape[0]"),
    Mistake(("sign",), "dW{l}", "-dZ @ A_before.T / m"),
    Mistake(("constant factor",), "dW{l}", "0.3 * dZ @ A_before.T / m"),
    Mistake(("n − 1",), "dW{l}", "dZ @ A_before.T / (m - 1)"),
    Mistake(
        ("elementwise product",),
        "dW{l}",
        "dZ * A_before.T / m",
    ),
    Mistake(("transpose",), "dW{l}", "(dZ @ A_before.T).T / m"),
    Mistake(
        ("wrong array",),
        "dW{l}",
        "dZ @ A.T / m",
        _activation("tanh", "sigmoid", "relu", "leaky_relu"),
    ),
    Mistake(("one step only",), "dW{l}", "dZ[:, -1:] @ A_before[:, -1:].T / m"),
    Mistake(("one step only",), "dW{l}", "dZ[:, :1] @ A_before[:, :1].T / m"),
    Mistake(("part zero",), "dW{l}", "np.vstack([dZ[:-1] @ A_before.T / m, 0 * W{l}[-1:]])"),
    Mistake(("reordered",), "dW{l}", "(dZ @ A_before.T / m)[::-1]"),
    Mistake(
        ("float32 digits",), "dW{l}", "(dZ @ A_before.T / m).astype(np.float32).astype(X.dtype)"
    ),
    Mistake(("clipped",), "dW{l}", "np.clip(dZ @ A_before.T / m, -0.01, 0.01)"),
    Mistake(("penalty added",), "dW{l}", "dZ @ A_before.T / m + 0.1 * W{l}"),
    Mistake(("penalty added",), "dW{l}", "(dZ @ A_before.T + 0.5 * W{l}) / m"),
    Mistake(("zeros",), "dW{l}", "np.zeros_like(W{l})"),
    Mistake(("no mean",), "db{l}", "dZ.sum(axis=1, keepdims=True)"),
    Mistake(("divided twice",), "db{l}", "dZ.mean(axis=1, keepdims=True) / m"),
    Mistake(
        ("summed over axis 0, not over axis 1",),
        "db{l}",
        "dZ.sum(axis=0, keepdims=True) / m",
    ),
    Mistake(("not summed over axis 1",), "db{l}", "dZ / m"),
    Mistake(("keepdims=True",), "db{l}", "dZ.sum(axis=1) / m"),
    Mistake(("summed over all axes",), "db{l}", "dZ.sum() / m"),
    Mistake(("zeros",), "db{l}", "np.zeros_like(b{l})"),
    Mistake(("penalty added",), "db{l}", "dZ.sum(axis=1, keepdims=True) / m + 0.1 * b{l}"),
    Mistake(("summed too much",), "db{l}", "np.full_like(b{l}, dZ.sum() / m)"),
    Mistake(("transpose",), "dA{l}", "W{n} @ dZ{n}"),
    Mistake(("updated parameter",), "dA{l}", "(W{n} - 0.1 * dW{n}).T @ dZ{n}"),
    Mistake(("wrong array",), "dA{l}", "dW{n}.T @ dZ{n}"),
    Mistake(("wrong array",), "dA{l}", "W{n}.T @ A{n}"),
    Mistake(("wrong array",), "dA{l}", "W{m}.T @ dZ{n}", _three_layers),
    Mistake(("divided twice",), "dA{l}", "W{n}.T @ dZ{n} / m"),
    Mistake(
        ("no activation derivative",),
        "dZ{l}",
        "dA",
        _activation("tanh", "sigmoid", "relu", "leaky_relu"),
    ),
    Mistake(
        ("activation derivative twice",),
        "dZ{l}",
        "dA * slope_of_activation * slope_of_activation",
        _activation("tanh", "sigmoid", "leaky_relu"),
    ),
    Mistake(("wrong array",), "dZ{l}", "dA * (1 - np.tanh(A) ** 2)", _activation("tanh")),
    Mistake(
        ("wrong array",),
        "dZ{l}",
        "dA * (1 / (1 + np.exp(-A))) * (1 - 1 / (1 + np.exp(-A)))",
        _activation("sigmoid"),
    ),
    Mistake(("wrong activation derivative",), "dZ{l}", "dA * (1 - Z**2)", _activation("tanh")),
    Mistake(("wrong activation derivative",), "dZ{l}", "dA * Z * (1 - Z)", _activation("sigmoid")),
    Mistake(
        ("wrong activation derivative",), "dZ{l}", "dA * A * (1 - A)", _activation("tanh", "relu")
    ),
    Mistake(("no activation derivative",), "dZ{l}", "dA * (A >= 0)", _activation("relu")),
    Mistake(("mask of the upstream gradient",), "dZ{l}", "dA * (dA > 0)", _activation("relu")),
    Mistake(("slope assigned",), "dZ{l}", "np.where(Z >= 0, dA, slope)", _activation("leaky_relu")),
    Mistake(("sign",), "dZ{L}", "Y - A"),
    Mistake(("factor 2",), "dZ{L}", "2 * (A - Y)"),
    Mistake(("factor 2",), "dZ{L}", "(A - Y) / 2"),
    Mistake(("divided twice",), "dZ{L}", "(A - Y) / m"),
    Mistake(("divided twice",), "dZ{L}", "(A - Y) / A.shape[0]"),
    Mistake(("summed too much",), "dZ{L}", "0 * A + (A - Y).sum(axis=0)"),
    Mistake(("cancelled derivative",), "dZ{L}", "(A - Y) * A * (1 - A)", _sigmoid_output),
    Mistake(
        ("sign within",), "dZ{L}", "-(Y / A + (1 - Y) / (1 - A)) * A * (1 - A)", _sigmoid_output
    ),
    Mistake(
        ("label squared",),
        "dZ{L}",
        "(-(Y / A) * Y + (1 - Y) / (1 - A)) * A * (1 - A)",
        _sigmoid_output,
    ),
    Mistake(("wrong term",), "dZ{L}", "Z - Y", _sigmoid_output),
    Mistake(("term ignored",), "Z{l}", "W{l} @ A_before"),
    Mistake(
        ("other activation",), "A{l}", "np.tanh(Z)", _activation("sigmoid", "relu", "identity")
    ),
    Mistake(("no mean",), "J", "m * (J)"),
    Mistake(("wrote into",), "dZ{L}", "-np.subtract(Y, A, out=Y)"),
    Mistake(("second call",), "dW{l}", "accumulated(dZ @ A_before.T / m)"),
]


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
