"""The course's function names: ours are right, and a learner's own are judged line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from backproof.compare.assignment import loaded_as_planar
from backproof.compare.cli import main
from backproof.compare.search import search
from backproof.manual import planar, shallow
from backproof.manual.descent import accuracy

LEARNER = """
import numpy as np


def forward_propagation(X, parameters):
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = 1 / (1 + np.exp(-Z2))
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def compute_cost(A2, Y):
    m = Y.shape[1]
    logprobs = np.multiply(np.log(A2), Y) + np.multiply(np.log(1 - A2), 1 - Y)
    return float(np.squeeze(-np.sum(logprobs) / m))


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    W1, W2 = parameters["W1"], parameters["W2"]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.multiply(np.dot(W2.T, dZ2), 1 - np.power(A1, 2))
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
# What stands in place of what, the line that is named first, and what is said of it.
MISTAKES = {
    "no mean": (
        "dW2 = np.dot(dZ2, A1.T) / m",
        "dW2 = np.dot(dZ2, A1.T)",
        "dW2",
        "dW2 is m times too large: the division by m is missing",
    ),
    "the sign of dZ2": ("dZ2 = A2 - Y", "dZ2 = Y - A2", "dW2", "dZ2 has the wrong sign"),
    "no activation derivative": (
        "np.multiply(np.dot(W2.T, dZ2), 1 - np.power(A1, 2))",
        "np.dot(W2.T, dZ2)",
        "dW1",
        "the activation's derivative is missing: dZ1 is dA1 as it is",
    ),
    "the square forgotten": (
        "np.power(A1, 2)",
        "np.power(A1, 1)",
        "dW1",
        "dZ1 is multiplied with 1 − A1, which is not the derivative here",
    ),
    "sigmoid's derivative for tanh's": (
        "1 - np.power(A1, 2)",
        "A1 * (1 - A1)",
        "dW1",
        "dZ1 is multiplied with A1(1 − A1), which is not the derivative here",
    ),
    "sigmoid's derivative at the output": (
        "dZ2 = A2 - Y",
        "dZ2 = (A2 - Y) * A2 * (1 - A2)",
        "dW2",
        "dZ2 is multiplied with A2(1 − A2), which has cancelled on paper",
    ),
    "rank-1 db1": (
        "db1 = np.sum(dZ1, axis=1, keepdims=True) / m",
        "db1 = np.sum(dZ1, axis=1) / m",
        "db1",
        "db1: an axis of length 1 is lost, which keepdims=True keeps",
    ),
    "rank-1 db2": (
        "db2 = np.sum(dZ2, axis=1, keepdims=True) / m",
        "db2 = np.sum(dZ2) / m",
        "db2",
        "db2: an axis of length 1 is lost, which keepdims=True keeps",
    ),
    "the sum over the wrong axis": (
        "db1 = np.sum(dZ1, axis=1, keepdims=True) / m",
        "db1 = np.sum(dZ1, axis=0, keepdims=True) / m",
        "db1",
        "db1: summed over axis 0, not over axis 1",
    ),
    "divided by n_x": (
        "dW1 = np.dot(dZ1, X.T) / m",
        "dW1 = np.dot(dZ1, X.T) / X.shape[0]",
        "dW1",
        "dW1 is divided by the wrong size: n_x in place of m",
    ),
    "the updated W2": (
        "dZ1 = np.multiply(np.dot(W2.T, dZ2)",
        "dZ1 = np.multiply(np.dot((W2 - 1.2 * dW2).T, dZ2)",
        "dW1",
        "dA1 is computed from an updated parameter: W2 − 1.2 dW2 in place of W2",
    ),
    "the bias forgotten": ("np.dot(W1, X) + b1", "np.dot(W1, X)", "Z1", "Z1 ignores b1"),
    "no mean in the hidden layer": (
        "dot(dZ1, X.T) / m\n    db1 = np.sum(dZ1, axis=1, keepdims=True) / m",
        "dot(dZ1, X.T)\n    db1 = np.sum(dZ1, axis=1, keepdims=True)",
        "dW1",
        "dW1 is m times too large: the division by m is missing; likewise db1",
    ),
    "no mean anywhere": (
        "def backward_propagation(parameters, cache, X, Y):\n    m = X.shape[1]",
        "def backward_propagation(parameters, cache, X, Y):\n    m = 1",
        "dW2",
        "dW2 is m times too large: the division by m is missing; likewise db2, dW1, db1",
    ),
    "m is the number of features": (
        "def backward_propagation(parameters, cache, X, Y):\n    m = X.shape[1]",
        "def backward_propagation(parameters, cache, X, Y):\n    m = X.shape[0]",
        "dW2",
        "dW2 is divided by the wrong size: n_x in place of m; likewise db2, dW1, db1",
    ),
    "a cost that is a matrix": (
        "float(np.squeeze(-np.sum(logprobs) / m))",
        "-(np.dot(Y, np.log(A2).T) + np.dot(1 - Y, np.log(1 - A2).T)) / m",
        "J",
        "J: the right number in an array: return float(…)",
    ),
    "the output's sum over the wrong axis": (
        "db2 = np.sum(dZ2, axis=1, keepdims=True) / m",
        "db2 = np.sum(dZ2, axis=0, keepdims=True) / m",
        "db2",
        "db2: it is dZ2, not summed over axis 1",
    ),
    "tanh at the output": (
        "A2 = 1 / (1 + np.exp(-Z2))",
        "A2 = np.tanh(Z2)",
        "A2",
        "A2 is the tanh of Z2",
    ),
    "the cost without its mean": (
        "-np.sum(logprobs) / m",
        "-np.sum(logprobs)",
        "J",
        "J is m times",
    ),
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> str:
        (tmp_path / "assignment_of_mine.py").write_text(text, "utf-8")
        return "assignment_of_mine.py"

    return written


@pytest.fixture
def data() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    X = random.standard_normal((2, 60))
    return X, (X[:1] * X[1:] > 0).astype(np.uint8)


def test_a_right_assignment_agrees(write: Any) -> None:
    (pair,) = loaded_as_planar(write(LEARNER)).values()
    assert search(pair).agrees


@pytest.mark.parametrize(("right", "wrong", "line", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_one_is_told_the_line_and_the_cause(
    right: str, wrong: str, line: str, said: str, write: Any
) -> None:
    assert right in LEARNER
    (pair,) = loaded_as_planar(write(LEARNER.replace(right, wrong))).values()
    story = search(pair).story
    assert story is not None
    assert (story.first.quantity, said in story.why) == (line, True), story.why


def test_what_follows_from_a_wrong_output_is_not_blamed(write: Any) -> None:
    wrong = LEARNER.replace("np.exp(-Z2)", "np.exp(Z2)")
    (pair,) = loaded_as_planar(write(wrong)).values()
    story = search(pair).story
    assert story is not None
    assert [f.quantity for f in story.judgement.findings if not f.passes] == ["A2"]


def test_a_misspelt_function_is_not_taken_for_a_missing_one(write: Any) -> None:
    place = write(LEARNER.replace("def backward_propagation", "def backward_propogation"))
    with pytest.raises(ValueError, match=r"backward_propogation: backward_propagation is meant\?"):
        loaded_as_planar(place)


def test_the_command_prints_what_repeats_the_failure(write: Any) -> None:
    place = write(LEARNER.replace("dZ2 = A2 - Y", "dZ2 = Y - A2"))
    ran = CliRunner().invoke(main, ["check", place, "--as", "planar", "--json"])
    again = json.loads(ran.stdout)["pairs"][0]["again"]
    assert again == f"backproof check {place} --as planar --example n_h=1,n_x=1,m=1,seed=0"
    assert CliRunner().invoke(main, again.split()[1:]).exit_code == ran.exit_code == 1


RIGHT = {
    "a cache that holds more": ('"A2": A2}', '"A2": A2, "W2": W2}'),
    "a cost with an option": ("def compute_cost(A2, Y):", "def compute_cost(A2, Y, eps=0.0):"),
    "backward that works in place": ("dZ2 = A2 - Y", "dZ2 = A2\n    dZ2 -= Y"),
}


@pytest.mark.parametrize(("right", "other"), RIGHT.values(), ids=RIGHT)
def test_what_is_written_otherwise_and_right_agrees(right: str, other: str, write: Any) -> None:
    assert right in LEARNER
    (pair,) = loaded_as_planar(write(LEARNER.replace(right, other))).values()
    assert search(pair, 60).agrees


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def compute_cost(A2, Y): A2.sum()", "returns 'J' as NoneType"),
        ("def forward_propagation(X, p): return X, (X,)", "returns a tuple of ndarray, tuple"),
        ("x = 1", "has none of forward_propagation, compute_cost, backward_propagation"),
        ("def forward_propagation(X, p): return X", "returns a ndarray: expected (A2, cache)"),
        ("def backward_propagation(p, c, X, Y): return 3", "returns a int: expected a dict with"),
    ],
)
def test_what_is_no_assignment_is_refused(text: str, said: str, write: Any) -> None:
    ran = CliRunner().invoke(main, ["check", write(text), "--as", "planar"])
    assert ran.exit_code in (1, 2)
    assert said in " ".join((ran.stdout + ran.stderr).split())


def test_the_names_of_the_course_do_what_the_network_does(data: tuple[Any, Any]) -> None:
    X, Y = data
    parameters = planar.initialize_parameters(*planar.layer_sizes(X, Y))
    A2, cache = planar.forward_propagation(X, parameters)
    J, right, of_cost = shallow.gradients(parameters, X, Y)
    grads = planar.backward_propagation(parameters, {"A1": cache["A1"], "A2": A2}, X, Y > 0)
    assert type(planar.compute_cost(A2, Y)) is float
    assert planar.compute_cost(A2, Y, parameters) == pytest.approx(float(J), rel=1e-12)
    assert right.keys() == cache.keys()
    for name, gradient in grads.items():
        np.testing.assert_allclose(gradient, of_cost[name], rtol=1e-12)


def test_training_learns_and_changes_nothing_that_was_passed_in(
    data: tuple[Any, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    X, Y = data
    before = X.copy(), Y.copy()
    parameters = planar.nn_model(X, Y, n_h=4, num_iterations=2001, print_cost=True)
    assert accuracy(planar.predict(parameters, X).astype(float), Y.astype(float)) > 0.9
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"Cost after iteration {i}" for i in (0, 1000, 2000)
    ]
    assert np.array_equal(before[0], X)
    assert np.array_equal(before[1], Y)


def test_a_cost_at_saturated_outputs_is_finite_where_they_are_right() -> None:
    A2, Y = np.array([[0.0, 1.0, 0.5]]), np.array([[0, 1, 1]])
    assert planar.compute_cost(A2, Y) == pytest.approx(np.log(2) / 3)
    assert planar.compute_cost(1 - A2, Y) == np.inf
