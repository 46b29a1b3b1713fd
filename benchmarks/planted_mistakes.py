"""The mistakes that people make in the lines of a hand-derived network.

Nothing of the table that recognises mistakes is used here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backproof.compare.builtin import Network
from backproof.compare.explain import Story


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

    def is_named_by(self, story: Story) -> bool:
        """Whether the cause that is told first, or else what is said of a failure, is this one."""
        told = [cause.mistake.name for cause in story.causes]
        if told:
            return told[0] in self.causes
        return any(cause in story.why for cause in self.causes)

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
