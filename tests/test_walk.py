"""One pass, line by line: equations, shapes as products, values, and where 1/m went."""

from __future__ import annotations

import json
from typing import Any

import jax.numpy as jnp
import pytest
from click.testing import CliRunner

from backproof.compare import Pair
from backproof.compare.builtin import Network
from backproof.compare.cli import main
from backproof.compare.derivation import equations
from backproof.compare.walk import in_shapes, walk


def steps(*arguments: str) -> dict[str, Any]:
    ran = CliRunner().invoke(main, ["walk", *arguments, "--json"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.stderr
    return {step["quantity"]: step for step in json.loads(ran.stdout)["steps"]}


def test_the_six_equations_with_their_shapes_and_where_the_mean_is_taken() -> None:
    found = steps("shallow", "--shape", "n_x = 3, n_h=4,n_y=1,m=5", "--hidden", "tanh")
    said = {name: (s["equation"], s["shapes"], s["mean"]) for name, s in found.items()}
    backward = {name: said[name] for name in said if name.startswith("d") and name != "dX"}
    assert backward == {
        "dZ2": ("A2 - Y", "(n_y, m) = (n_y, m) − (n_y, m)", "not yet"),
        "dW2": ("dZ2 @ A1.T / m", "(n_y, n_1) = (n_y, m)(m, n_1) / m", "here"),
        "db2": ("dZ2.sum(axis=1, keepdims=True) / m", "(n_y, 1) = Σ (n_y, m) / m", "here"),
        "dA1": ("W2.T @ dZ2", "(n_1, m) = (n_1, n_y)(n_y, m)", "not yet"),
        "dZ1": ("dA1 * tanh_prime(Z1, A1)", "(n_1, m) = (n_1, m) ∗ (n_1, m)", "not yet"),
        "dW1": ("dZ1 @ X.T / m", "(n_1, n_x) = (n_1, m)(m, n_x) / m", "here"),
        "db1": ("dZ1.sum(axis=1, keepdims=True) / m", "(n_1, 1) = Σ (n_1, m) / m", "here"),
    }
    assert said["Z1"][1] == "(n_1, m) = (n_1, n_x)(n_x, m) + (n_1, 1)"


@pytest.mark.parametrize("hidden", ["", "relu", "tanh,leaky_relu"])
def test_a_deep_network_has_its_layers_numbers_in_the_equations(hidden: str) -> None:
    found = steps("deep", "--hidden", hidden)
    L = len(hidden.split(",")) + 1 if hidden else 1
    before = f"A{L - 1}" if L > 1 else "X"
    assert found[f"Z{L}"]["equation"] == f"W{L} @ {before} + b{L}"
    assert found[f"dW{L}"]["equation"] == f"dZ{L} @ {before}.T / m"
    assert found[f"dZ{L}"]["equation"] == f"A{L} - Y"


def test_logistic_regression_has_one_unit() -> None:
    assert steps("logistic")["dw"]["shapes"] == "(n_x, 1) = (n_x, m)(m, 1) / m"


def test_every_equation_is_a_line_of_the_hand_derived_wing() -> None:
    network = Network("mine", "shallow", ("relu",), "identity", "half_squared_error")
    assert equations(network)["dZ2"] == "dA2 * identity_prime(Z2, A2)"
    assert equations(network)["J"] == "np.sum((A2 - Y) ** 2) / (2 * m)"


def test_a_pair_of_ones_own_has_the_equations_that_jax_derived() -> None:
    pair = Pair(lambda x: 3 * x, lambda x: jnp.sum(x**2), {"x": "n"}, name="mine")
    text = str(walk(pair, pair.example("n=2")))
    assert "mine at n=2,seed=0; equations as JAX derived them" in text
    assert "dx = 2 * x" in text
    assert "wrong" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_notebook_shows_it_as_a_table_with_a_caption() -> None:
    network = Network("mine", "logistic")
    pair = network.pair()
    html = walk(pair, "n_x=2,m=3", network)._repr_html_()
    assert html.startswith("<table><caption>mine at n_x=2,m=3,seed=0; equations by hand</caption>")
    assert "<th scope='col'>hand</th>" in html
    assert "<th scope='row'>Z [0, " in html
    assert "Z = w.T @ X + b<br>(1, m) = (1, n_x)(n_x, m) + (1, 1)" in html


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["shallow", "--shape", "n_x=3,m"], "'m': expected NAME=VALUE, each name once, such as"),
        (["shallow", "--shape", "n_h=3,n_h=3"], "'n_1=3': expected NAME=VALUE, each name once"),
        (["shallow", "--shape", "k=3"], "there is no 'k'; expected some of n_1, n_x, n_y, m"),
        (["shallow", "--hidden", "tanh,relu"], "does not fit 'shallow'"),
        (["nowhere.py"], "nowhere.py: there is no such file"),
        (["nowhere.py", "--hidden", "tanh"], "--hidden goes with logistic, shallow, deep"),
    ],
)
def test_wrong_words_are_usage_errors(arguments: list[str], text: str) -> None:
    ran = CliRunner().invoke(main, ["walk", *arguments])
    assert ran.exit_code == 2
    assert text in ran.stderr


def test_what_has_no_product_has_its_shape_alone() -> None:
    assert in_shapes("q", "np.linalg.inv(W)[0]", {"q": "(n)", "W": "(n, n)"}) == "(n)"


def test_a_factor_that_is_a_difference_stays_together() -> None:
    shapes = {"q": "(k, n)", "A": "(k, m)", "Y": "(k, m)", "X": "(n, m)"}
    assert in_shapes("q", "(A - Y) @ X.T", shapes) == "(k, n) = [(k, m) − (k, m)](m, n)"
