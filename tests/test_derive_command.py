"""`backproof derive`: what it prints, what it writes, what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from backproof.compare.cli import main

LOSS = """
import jax
import jax.numpy as jnp


def loss(W, X):
    return jnp.mean(jnp.tanh(W @ X) ** 2)


def nested(layer, X, y):
    Z = layer["W"] @ X + layer["b"][:, None]
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(Z, axis=0), y[None, :], axis=0))


def looped(X):
    total, _ = jax.lax.scan(lambda c, x: (jnp.tanh(c + x), None), jnp.zeros(X.shape[1]), X)
    return jnp.sum(total)


def values(X):
    return X


def spectrum(X):
    return jnp.sum(jnp.linalg.eigvalsh(X @ X.T) ** 2)


def sized(X):
    return jnp.sum(X) if X.shape[0] > 3 else jnp.sum(X**2)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(LOSS, "utf-8")
    (tmp_path / "broken.py").write_text("def loss(:\n", "utf-8")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("mine", None)


def run(*arguments):
    return CliRunner().invoke(main, ["derive", *arguments])


def test_a_network_is_printed_beside_the_hand_derived_equations():
    ran = run("shallow", "--hidden", "tanh")
    assert ran.exit_code == 0
    for text in ("# by hand: dZ2 = A2 - Y\n", "# by hand: dZ1 = dA1 * tanh_prime(Z1, A1)\n"):
        assert text in ran.stdout
    assert "by hand: dA2" not in ran.stdout
    assert "by hand: dZ1 = A2" not in ran.stdout
    squared = run("shallow", "--loss", "half_squared_error", "--output", "tanh").stdout
    assert "# by hand: dZ2 = dA2 * tanh_prime(Z2, A2)\n" in squared
    assert "# by hand: Z3 = W3 @ A2 + b3\n" in run("deep", "--hidden", "relu,tanh").stdout
    assert "# by hand: dw = X @ dZ.T / m\n" in run("logistic").stdout


USE = """
import sys
sys.modules["jax"] = sys.modules["scipy"] = sys.modules["backproof"] = None
import numpy as np
import derived
{call}
found = [name for name, module in sys.modules.items() if module is not None]
assert not [name for name in found if name.startswith(("jax", "backproof", "scipy"))]
"""


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (
            ["mine.py:loss", "--shapes", "W: k, n; X: n, m", "--wrt", "W"],
            "print(derived.gradients(np.ones((2, 3)), np.ones((3, 4)))[2]['dW'].shape)",
        ),
        (
            ["mine.py:nested", "--shapes", "layer.W: k, n; layer.b: k; X: n, m; y: int[m]"],
            "layer = {'W': np.ones((2, 3), 'f'), 'b': np.ones(2, 'f')}\n"
            "print(derived.gradients(layer, np.ones((3, 4), 'f'), np.zeros(4, int))[2]['dW'].shape)",
        ),
        (
            ["mine.py:looped", "--shapes", "X: n, m"],
            "print(derived.gradients(np.ones((2, 3)))[2]['dX'].shape)",
        ),
    ],
)
def test_the_module_that_is_written_needs_numpy_alone(folder, arguments, call):
    ran = run(*arguments, "-o", "derived.py")
    assert (ran.exit_code, ran.output) == (0, "")
    used = subprocess.run(
        [sys.executable, "-c", USE.format(call=call)], capture_output=True, text=True, cwd=folder
    )
    assert (used.stdout.strip(), used.stderr) == ("(2, 3)", "")


def test_a_constraint_is_told_to_jax(folder):
    halves = ["mine.py:sized", "--shapes", "X: n"]
    assert "inconclusive" in run(*halves).stderr
    assert run(*halves, "--constraint", "n >= 4").exit_code == 0


def test_numbers_for_sizes_are_traced_as_they_are(folder):
    ran = run("mine.py:sized", "--shapes", "X: 3")
    assert ran.exit_code == 0
    assert "X ** 2" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "'nothing': expected FILE.py:function, or one of logistic, shallow, deep"),
        (["nofile.py:loss"], "nofile.py: there is no such file"),
        (["no.such.module:loss"], "No module named 'no'"),
        (["broken.py:loss"], "broken.py, line 1"),
        (["mine.py:lost"], "mine.py has no function 'lost'; it has loss, nested"),
        (["mine.py:loss"], "there is none for the argument 'W'"),
        (["mine.py:loss", "--shapes", "W k, n"], "'W k, n': expected NAME: SIZES"),
        (["mine.py:loss", "--shapes", "W: k; W: n"], "W is given twice"),
        (["mine.py:loss", "--shapes", "W: k n; X: n, m"], "shapes: W is 'k n': expected sizes"),
        (["mine.py:loss", "--shapes", "W: k, n; X: n, m", "--wrt", "b"], "wrt: there is no argument 'b'"),
        (["mine.py:values", "--shapes", "X: n"], "the loss returns an array of shape (n,)"),
        (["mine.py:loss", "--hidden", "tanh"], "--hidden goes with logistic, shallow, deep"),
        (["mine.py:spectrum", "--shapes", "X: n, m", "-o", "x.py"], "eigh has no NumPy form"),
        (["mine.py:sized", "--shapes", "X: n"], "derive it with numbers for sizes"),
        (["shallow", "--wrt", "W1"], "--wrt goes with a function"),
        (["shallow", "--hidden", "relu,tanh"], "does not fit 'shallow'"),
        (["deep", "--hidden", "gelu"], "'gelu' is unknown"),
        (["shallow", "--output", "tanh"], "loss='cross_entropy' needs probabilities"),
        (["mine.py:loss", "--shapes", "W: k, n; X: n, m", "-o", "./mine.py"], "-o mine.py is the file that the function is in"),
        (["leaves.py:loss"], "leaves.py cannot be imported: SystemExit: 3"),
        (["/tmp:loss"], "'/tmp': expected FILE.py or package.module"),
        (["shallow", "-o", "no/such/folder.py"], "no/such/folder.py"),
    ],
)  # fmt: skip
def test_wrong_usage_has_exit_status_2(folder, arguments, message):
    ran = run(*arguments)
    assert ran.exit_code == 2
    assert message in ran.stderr
    assert ran.stdout == ""
    assert not Path("x.py").exists()
