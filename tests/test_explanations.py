"""Of a failure: the smallest example, the condition, who is right, and which loss it is of."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name

from backproof.autodiff.derive import derive
from backproof.compare import Example, Pair, labels
from backproof.compare.another_loss import is_a_gradient, which_loss
from backproof.compare.builtin import Network
from backproof.compare.judging import judged_or_raised
from backproof.compare.search import search
from backproof.compare.shapes import smaller
from backproof.compare.trial import Trial

SHAPES = {"W1": "h, n", "b1": "h, 1", "W2": "k, h", "b2": "k, 1", "X": "n, m", "Y": "k, m"}
WRT = ["W1", "b1", "W2", "b2"]
softplus, sigmoid = jax.nn.softplus, jax.nn.sigmoid


def logits(W1, b1, W2, b2, X, g=jnp.tanh):
    A1 = checkpoint_name(g(checkpoint_name(W1 @ X + b1, "Z1")), "A1")
    return checkpoint_name(W2 @ A1 + b2, "Z2")


def cross_entropy(Z, Y):
    return Y * softplus(-Z) + (1 - Y) * softplus(Z)


def loss(W1, b1, W2, b2, X, Y):
    return jnp.sum(cross_entropy(logits(W1, b1, W2, b2, X), Y)) / X.shape[1]


def of(term: Callable[..., Any], g: Callable[..., Any] = jnp.tanh) -> Callable[..., Any]:
    """Return another loss of the same network: the mean of another term over the examples."""

    def other(W1, b1, W2, b2, X, Y):
        return jnp.sum(term(logits(W1, b1, W2, b2, X, g), Y)) / X.shape[1]

    return other


def with_added(term: Callable[..., Any]) -> Callable[..., Any]:
    """Return the loss with a term of the parameters added."""

    def other(W1, b1, W2, b2, X, Y):
        return loss(W1, b1, W2, b2, X, Y) + term(W1, b1, W2, b2, X.shape[1])

    return other


OTHER_LOSSES = {
    "sum for mean": lambda W1, b1, W2, b2, X, Y: X.shape[1] * loss(W1, b1, W2, b2, X, Y),
    "mean over outputs too": lambda W1, b1, W2, b2, X, Y: loss(W1, b1, W2, b2, X, Y) / Y.shape[0],
    "twice": lambda W1, b1, W2, b2, X, Y: 2 * loss(W1, b1, W2, b2, X, Y),
    "half": lambda W1, b1, W2, b2, X, Y: loss(W1, b1, W2, b2, X, Y) / 2,
    "negative": lambda W1, b1, W2, b2, X, Y: -loss(W1, b1, W2, b2, X, Y),
    "squared error": of(lambda Z, Y: (sigmoid(Z) - Y) ** 2 / 2),
    "squared error of the logits": of(lambda Z, Y: (Z - Y) ** 2 / 2),
    "label smoothing": of(lambda Z, Y: cross_entropy(Z, 0.9 * Y + 0.05)),
    "weighted classes": of(lambda Z, Y: 3 * Y * softplus(-Z) + (1 - Y) * softplus(Z)),
    "focal": of(lambda Z, Y: cross_entropy(Z, Y) * (1 + sigmoid(Z) ** 2)),
    "temperature": of(lambda Z, Y: cross_entropy(2 * Z, Y)),
    "log cosh": of(lambda Z, Y: jnp.log(jnp.cosh(Z - Y))),
    "squared labels": of(lambda Z, Y: cross_entropy(Z, Y**2)),
    "first term only": of(lambda Z, Y: Y * softplus(-Z)),
    "penalty on W1": with_added(lambda W1, b1, W2, b2, m: 0.05 * jnp.sum(W1**2)),
    "penalty on b": with_added(lambda W1, b1, W2, b2, m: 0.05 * jnp.sum(b1**2)),
    "penalty divided by m": with_added(lambda W1, b1, W2, b2, m: jnp.sum(W2**2) / m),
    "penalty of a product": with_added(lambda W1, b1, W2, b2, m: jnp.sum((W2 @ W1) ** 2)),
    "sine in place of tanh": of(cross_entropy, jnp.sin),
    "a scaled tanh": of(cross_entropy, lambda z: 1.7 * jnp.tanh(2 * z / 3)),
    "no activation": of(cross_entropy, lambda z: z),
    "sigmoid in place of tanh": of(cross_entropy, sigmoid),
}
SAID = {
    "sum for mean": "m times this loss",
    "mean over outputs too": "1/k times this loss",
    "twice": "2 times this loss",
    "half": "½ times this loss",
    "negative": "−1 times this loss",
}


def by_hand(W1, b1, W2, b2, X, Y, wrong="", with_values=True):
    """Derive the loss by hand; `wrong` is a line to put in place of the right one."""
    lines = {
        "Z1": "W1 @ X + b1",
        "A1": "np.tanh(Z1)",
        "Z2": "W2 @ A1 + b2",
        "A2": "1 / (1 + np.exp(-Z2))",
        "dZ2": "A2 - Y",
        "dW2": "dZ2 @ A1.T / m",
        "db2": "dZ2.sum(1, keepdims=True) / m",
        "dA1": "W2.T @ dZ2",
        "dZ1": "dA1 * (1 - A1**2)",
        "dW1": "dZ1 @ X.T / m",
        "db1": "dZ1.sum(1, keepdims=True) / m",
    }
    name, _, code = wrong.partition(" = ")
    scope = {"np": np, "W1": W1, "b1": b1, "W2": W2, "b2": b2, "X": X, "Y": Y, "m": X.shape[1]}
    for line, right in lines.items():
        scope[line] = eval(code if line == name else right, scope)
    shown = ["dW1", "db1", "dW2", "db2"] + ["dZ2", "dA1", "dZ1"] * with_values
    return {line: scope[line] for line in shown}


WRONG = [
    "dW1 = dZ1 @ X.T",
    "dW2 = dZ2 @ A1.T",
    "db1 = dZ1.sum(1, keepdims=True)",
    "dW2 = dZ2 @ A1.T / m / m",
    "dW1 = dZ1 @ X.T / len(X)",
    "dW1 = -dZ1 @ X.T / m",
    "db2 = 2 * dZ2.sum(1, keepdims=True) / m",
    "db1 = 0 * b1",
    "dA1 = (W2 - 0.1 * dW2).T @ dZ2",
    "dA1 = dW2.T @ dZ2",
    "dA1 = W2.T @ A2",
    "dA1 = W2.T @ dZ2 / m",
    "dZ1 = dA1",
    "dZ1 = dA1 * (1 - A1**2) ** 2",
    "dZ1 = dA1 * (1 - Z1**2)",
    "dZ1 = dA1 * (1 - np.tanh(A1) ** 2)",
    "dZ1 = dA1 * A1 * (1 - A1)",
    "dZ1 = dA1 * (dA1 > 0)",
    "dZ2 = (A2 - Y).sum(0, keepdims=True) + 0 * A2",
    "dW1 = (dZ1 @ X.T / m)[::-1]",
    "dW2 = dZ2[:, -1:] @ A1[:, -1:].T / m",
    "dW1 = np.clip(dZ1 @ X.T / m, -0.01, 0.01)",
]


def pair(hand: Callable[..., Any], **options: Any) -> Pair:
    return Pair(hand, loss, SHAPES, {"Y": labels()}, wrt=WRT, **options)


def wrong_pair(wrong: str) -> Pair:
    def hand(W1, b1, W2, b2, X, Y):
        return by_hand(W1, b1, W2, b2, X, Y, wrong)

    return pair(hand, per_example="m")


def problems(of: Pair) -> list[Trial]:
    examples = [Example({"h": 4, "n": 3, "k": 3, "m": 5}, seed) for seed in range(6)]
    return [Trial(of, of.arguments(example), thorough=False) for example in examples]


@pytest.mark.parametrize("name", OTHER_LOSSES)
def test_the_right_gradient_of_another_loss_is_told_as_such(name: str) -> None:
    other = derive(OTHER_LOSSES[name], SHAPES, WRT)
    evidence = problems(pair(lambda **arguments: other(**arguments)[2]))
    assert is_a_gradient(evidence) is True
    assert which_loss(evidence, []).startswith(f"the right gradient of {SAID.get(name, 'another')}")


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_derivation_is_told_from_the_gradient_of_another_loss(wrong: str) -> None:
    evidence = problems(wrong_pair(wrong))
    assert is_a_gradient(evidence) is False
    assert which_loss(evidence, []).startswith("the gradient of no loss at all")


def test_there_are_twenty_of_each() -> None:
    assert min(len(OTHER_LOSSES), len(WRONG)) >= 20


@pytest.mark.parametrize(
    ("wrong", "when"),
    [
        ("dW1 = dZ1 @ X.T", "m > 1"),
        ("dW2 = dZ2 @ A1.T / m / m", "m > 1"),
        ("dW1 = dZ1 @ X.T / len(X)", "n ≠ m"),
        ("dZ2 = (A2 - Y).sum(0, keepdims=True) + 0 * A2", "k > 1"),
        ("dZ2 = (A2 - Y) / len(Y)", "k > 1"),
        ("dZ2 = A2 * (1 - Y) - Y**2 * (1 - A2)", "soft labels (Y)"),
        ("dW2 = dZ2[:, -1:] @ A1[:, -1:].T / m", "m > 1"),
        ("dW1 = (dZ1 @ X.T / m)[::-1]", "h > 1"),
        ("dW1 = (dZ1 @ X.T / m).astype(np.float32).astype(X.dtype)", "in float64"),
        ("dZ1 = dA1", "on every example that was tried"),
    ],
)
def test_the_condition_is_right_where_it_is_stated(wrong: str, when: str) -> None:
    """Right, on examples of its own as well: it holds on exactly those that fail."""
    failing = wrong_pair(wrong)
    story = search(failing).story
    assert story is not None
    assert story.when == when
    random = np.random.default_rng(7)
    for seed in range(60):
        sizes = {name: int(random.integers(1, 7)) for name in failing.size_names}
        kinds = {"Y": "hard"} if seed % 3 == 0 else {}
        dtype = ("float64", "float32")[seed % 2]
        example = Example(sizes, seed, dtype, "C", kinds)
        holds = {
            "m > 1": sizes["m"] > 1,
            "n ≠ m": sizes["n"] != sizes["m"],
            "k > 1": sizes["k"] > 1,
            "h > 1": sizes["h"] > 1,
            "soft labels (Y)": not kinds,
            "in float64": dtype == "float64",
        }.get(when, True)
        assert judged_or_raised(failing, example, {}).agrees != holds, example


@pytest.mark.parametrize("wrong", WRONG[::3])
def test_the_smallest_example_is_minimal(wrong: str) -> None:
    """No side can shrink and still fail, in the same line, with the same seed and kinds."""
    failing = wrong_pair(wrong)
    story = search(failing).story
    assert story is not None
    for sizes in smaller(dict(story.example.sizes)):
        judgement = judged_or_raised(failing, replace(story.example, sizes=sizes), {})
        found = judgement.first_wrong
        assert found is None or found.quantity != story.first.quantity


FILE = """
import jax.numpy as jnp
from backproof.compare import Pair

def loss(W, X):
    return jnp.sum((W @ X) ** 2) / X.shape[1]

def hand(W, X):
    return {"dW": 2 * (W @ X) @ X.T}

mine = Pair(hand, loss, {"W": "k, n", "X": "n, m"})
"""


def test_the_command_reproduces_the_failure_in_a_fresh_process(tmp_path: Path) -> None:
    Path(tmp_path, "mine.py").write_text(FILE)
    backproof = [sys.executable, "-c", "from backproof.compare.cli import main; main()"]
    run: dict[str, Any] = {"capture_output": True, "text": True, "cwd": tmp_path}
    first = subprocess.run([*backproof, "check", "mine.py"], **run)
    assert first.returncode == 1, first.stderr
    again = re.search(r"again +backproof (.*)", first.stdout)
    assert again is not None
    assert again[1] == "check mine.py::mine --example k=1,n=1,m=2,seed=0"
    second = subprocess.run([*backproof, *shlex.split(again[1])], **run)
    assert second.returncode == 1
    table = re.compile(r"^  line.*?\n\n", re.M | re.S)
    assert table.search(second.stdout)[0] == table.search(first.stdout)[0]  # type: ignore[index]


def test_who_is_right_is_told_by_complex_step() -> None:
    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda x, dx: (x[0] ** 3, 2 * x[0] ** 2 * dx[0]))  # should be 3x²
    right = Pair(lambda x: {"dx": 3 * x**2}, lambda x: jnp.sum(cube(x)), {"x": "n"})
    report = search(right)
    assert report.agrees
    assert (
        "complex step agrees with the hand-derived side" in report.noted["autodiff wrong"][0].note
    )
    wrong = Pair(lambda x: {"dx": 4 * x**2}, lambda x: jnp.sum(x**3), {"x": "n"})
    story = search(wrong).story
    assert story is not None
    assert story.who.startswith("complex step agrees with autodiff")
    neither = Pair(lambda x: {"dx": 4 * x**2}, lambda x: jnp.sum(cube(x)), {"x": "n"})
    story = search(neither).story
    assert story is not None
    assert story.who.startswith("complex step agrees with neither: it gives ")


def test_a_network_that_ships_is_explained_too() -> None:
    network = Network("mine", "shallow", ("tanh",))

    def hand(**arguments: Any) -> dict[str, Any]:
        results = network.by_hand(**arguments)
        return results | {"db1": results["db1"][:, 0]}

    report = search(network.pair(hand=hand))
    assert report.story is not None
    assert report.story.first.verdict == "wrong shape"
    assert "an axis of length 1 is lost, which keepdims=True keeps" in report.story.why


def test_what_depends_on_the_memory_order_is_told_by_its_condition() -> None:
    def hand(W: Any, X: Any) -> dict[str, Any]:
        as_it_lies = X.ravel(order="K").reshape(X.shape)
        return {"dW": 2 * (W @ X) @ as_it_lies.T}

    def squares(W: Any, X: Any) -> Any:
        return jnp.sum((W @ X) ** 2)

    story = search(Pair(hand, squares, {"W": "k, n", "X": "n, m"}, wrt="W")).story
    assert story is not None
    assert story.first.quantity == "dW"
    assert story.when.endswith("; this one only with order=F")
