"""The page: one file, every step, every matrix; it opens on the wrong line of what fails."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

from backproof.compare import Pair
from backproof.compare.builtin import Network
from backproof.compare.cli import main
from backproof.compare.entries import made_of
from backproof.compare.mathml import mathml
from backproof.compare.page import page
from backproof.compare.search import repeat, search

FAILING = """
import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name
from backproof.compare import Pair


def loss(W, X, Y):
    Z = checkpoint_name(W @ X, "Z")
    A = checkpoint_name(jnp.tanh(Z), "A")
    return jnp.sum((A - Y) ** 2) / (2 * X.shape[1])


def by_hand(W, X, Y):
    m, Z = X.shape[1], W @ X
    dA = (np.tanh(Z) - Y) / m
    dZ = dA.copy()
    return {"Z": Z, "A": np.tanh(Z), "dA": dA, "dZ": dZ, "dW": dZ @ X.T}


pair = Pair(by_hand, loss, {"W": "k, n", "X": "n, m", "Y": "k, m"}, wrt="W")
"""


def written(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["page", *arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def shallow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "shallow.html"
    ran = written("shallow", "--shape", "n_x=3,n_h=4,n_y=2,m=5", "-o", str(file))
    assert ran.exit_code == 0, ran.stderr
    return file


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failing")
    (folder / "failing_pair.py").write_text(FAILING, "utf-8")
    ran = written(f"{folder / 'failing_pair.py'}::pair", "-o", str(folder / "page.html"))
    assert ran.exit_code == 0, ran.stderr
    return folder / "page.html"


def value_of(made: str) -> tuple[float, float]:
    """Return what an arithmetic says, evaluated, and how far its printed digits let it be off."""
    text = (
        made.rpartition(" = ")[2]
        .partition(" ≈ ")[0]
        .replace("·", "*")
        .replace("−", "-")
        .replace("²", "**2")
    )
    text = text.replace("tanh′", "slope")
    names = {
        "tanh": np.tanh,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "slope": lambda z: 1 - np.tanh(z) ** 2,
    }
    terms = [abs(float(x)) for x in re.findall(r"\d+\.?\d*(?:e[+-]\d+)?", text)]
    return eval(text, names), 1e-5 * (1 + max(terms)) ** 2


def test_the_arithmetic_of_every_entry_gives_the_entry(shallow: Path) -> None:
    found = re.findall(
        r'data-made="([^"]+)" aria-label="[^"]+: ([^"]+)"', shallow.read_text("utf-8")
    )
    names = set()
    for made, shown in found:
        made = unescape(made)
        names.add(made.partition("[")[0])
        value, off = value_of(made)
        assert value == pytest.approx(float(shown.replace("−", "-")), rel=1e-2, abs=off), made
    assert names == {"Z1", "A1", "Z2", "A2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1", "dX"}


def test_it_is_one_small_file_that_asks_for_nothing_else(shallow: Path, failing: Path) -> None:
    for file in (shallow, failing):
        text = file.read_text("utf-8")
        assert len(text) < 1_000_000
        assert not re.search(r"\b(src|href)=[\"'](?!#)|@import|url\(|https?:", text)


def test_a_large_matrix_is_summarised() -> None:
    network = Network("large", "shallow", ("tanh",))
    pair = network.pair()
    text = page(pair, pair.example("n_x=300,n_1=200,n_y=3,m=150,seed=0"), network)
    assert len(text) < 1_000_000
    assert "59936 more entries, of shape (200, 300)" in text
    assert re.search(r"= [−\d.e-]+·[−\d.e-]+ \+ .* \+ … 292 more \+ ", text)


def test_a_failing_pair_opens_on_the_wrong_line_with_its_cause(failing: Path) -> None:
    text = unescape(failing.read_text("utf-8"))
    names = re.findall(r'<section class="card" id="step-(\w+)"', text)
    start = int(re.search(r"let now = (\d+);", text)[1])  # type: ignore[index]
    assert names[start] == "dZ"
    assert (
        "<dd>the activation's derivative is missing: dZ is dA as it is (on 12 of 12 problems)</dd>"
        in text
    )
    assert "<dt>smallest</dt><dd>k=1,n=1,m=1,seed=0</dd>" in text


def last_entry(W: Any, X: Any) -> Any:
    dW = np.broadcast_to(X.sum(axis=1), W.shape).copy()
    dW[-1, -1] += W.shape[1] > 9
    return {"dW": dW}


def test_the_entry_that_differs_is_shown_and_the_cause_at_a_shape_of_ones_own() -> None:
    pair = Pair(last_entry, lambda W, X: jnp.sum(W @ X), {"W": "k, n", "X": "n, m"}, wrt="W")
    example = pair.example("k=12,n=20,m=1")
    text = page(pair, example, report=repeat(pair, example))
    assert re.search(r'<th scope="col">6</th><th scope="col">19</th></tr>', text)
    assert '<th scope="row">11</th>' in text
    assert "<dt>example</dt><dd>k=12,n=20,m=1,seed=0</dd>" in text


def test_a_right_pair_of_ones_own_has_a_page_without_a_story() -> None:
    pair = Pair(lambda x: 2 * x, lambda x: jnp.sum(x**2), {"x": "n"}, name="<mine>")
    text = page(pair, pair.example("n=2"), report=search(pair, 20))
    assert "<h1>&lt;mine&gt;</h1>" in text
    assert "What is wrong" not in text


@pytest.mark.parametrize(
    ("equation", "form"),
    [
        ("W1 @ X + b1", "<mo>&#x2062;</mo><mi>X</mi>"),
        (
            "dZ.sum(axis=1, keepdims=True) / m",
            "<mfrac><mrow><mo>∑</mo><mi>dZ</mi></mrow><mi>m</mi>",
        ),
        ("dA1 * tanh_prime(Z1, A1)", "<mi>tanh′</mi><mo>(</mo><msub><mi>Z</mi><mn>1</mn></msub>"),
        ("np.linalg.inv(W)[0]", "<mtext>np.linalg.inv(W)[0]</mtext>"),
        ("-(A - Y)", "<mo>−</mo><mrow><mo>(</mo>"),
        ("a - (b + c)", "<mi>a</mi><mo>−</mo><mrow><mo>(</mo><mrow><mi>b</mi>"),
        ("(2 * a) ** 2", "<msup><mrow><mo>(</mo><mrow><mn>2</mn>"),
        ("W.T @ (dY * S)", "<mo>&#x2062;</mo><mrow><mo>(</mo><mrow><mi>dY</mi><mo>∗</mo>"),
        ("W2.T @ dZ2", "<msubsup><mi>W</mi><mn>2</mn><mi>T</mi></msubsup>"),
        ("a * b * c", "<mrow><mrow><mi>a</mi><mo>∗</mo><mi>b</mi></mrow><mo>∗</mo><mi>c</mi>"),
        ("X.sum(axis=0) * y", "<mrow><mo>(</mo><mrow><mo>∑</mo><mi>X</mi></mrow><mo>)</mo></mrow>"),
        ("X.sum() ** 2", "<msup><mrow><mo>(</mo><mrow><mo>∑</mo>"),
        ("(a @ b).T", "<msup><mrow><mo>(</mo><mrow><mi>a</mi>"),
    ],
)
def test_an_equation_is_mathml(equation: str, form: str) -> None:
    assert form in mathml("q", equation)


@pytest.mark.parametrize(
    ("equation", "made"),
    [
        ("x / (k * m)", "3 / (2 · 5)"),
        ("(2 * x) ** 2", "(2 · 3)²"),
        ("1 - y ** 2", "1 − (−0.5)²"),
        ("c * x", "7 · 3"),
        ("W @ V.T", "1·5 + 2·6"),
        ("W.sum(axis=1, keepdims=True) / m", "(1 + 2) / 5"),
        ("np.linalg.inv(W)[0]", ""),
        ("W.sum(axis=(0, 1))", ""),
    ],
)
def test_the_arithmetic_of_an_equation(equation: str, made: str) -> None:
    arrays = {
        "x": np.array([[3.0]]),
        "y": np.array([[-0.5]]),
        "c": np.array(7.0),
        "W": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "V": np.array([[5.0, 6.0]]),
    }
    assert made_of(equation, (0, 0), arrays, {"k": 2, "m": 5}) == made


def wrong_shape(x: Any) -> Any:
    return {"dx": (2 * x).sum(axis=1, keepdims=True)}


def overwriting(x: Any) -> Any:
    x *= 2
    return {"dx": x.copy()}


def raising(x: Any) -> Any:
    raise IndexError("out of bounds")


@pytest.mark.parametrize(
    ("hand", "said"),
    [
        (wrong_shape, "wrong shape"),
        (overwriting, "overwrites: the hand-derived side wrote into it"),
        (raising, "raises: IndexError: out of bounds"),
    ],
)
def test_whatever_fails_has_a_page(hand: Any, said: str) -> None:
    pair = Pair(hand, lambda x: jnp.sum(x**2), {"x": "n, m"})
    report = search(pair, 20)
    assert report.story is not None
    text = unescape(page(pair, pair.example("n=2,m=3"), report=report))
    assert said in text
    assert "difference" not in text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere.py::pair"], "nowhere.py: there is no such file"),
        (["shallow", "--shape", "k=2"], "there is no 'k'"),
        (["shallow", "-o", "nowhere/page.html"], "-o nowhere/page.html: No such file or directory"),
    ],
)
def test_wrong_words_are_usage_errors(arguments: list[str], text: str) -> None:
    ran = written(*arguments)
    assert ran.exit_code == 2
    assert text in ran.stderr
