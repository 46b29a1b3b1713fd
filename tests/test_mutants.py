"""No small mistake in any line of any backward pass survives the comparison."""

import pytest
from mutants import backward_functions, killer, mutants

FUNCTIONS = {f"{f.__module__[10:]}.{f.__name__}": f for f in backward_functions()}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_no_mistake_survives(function):
    planted = list(mutants(function))
    assert planted
    assert [str(mutant) for mutant in planted if not killer(mutant)] == []


def test_the_six_equations_are_attacked_with_the_classic_mistakes():
    """What is planted includes each of these, and the function is itself again afterwards."""
    changed = {mutant.after for mutant in mutants(FUNCTIONS["manual.shallow._backward"])}
    assert {
        "dZ2 = A2 + Y",
        "dW2 = dZ2 @ A1 / m",
        "dW2 = dZ2 @ A1.T",
        "dW2 = dZ2 @ X.T / m",
        "db2 = dZ2.sum(axis=0, keepdims=True) / m",
        "dA1 = W2 @ dZ2",
        "dZ1 = dA1",
        "dZ1 = dA1 * g1_prime(A1, A1)",
        "dW1 = dZ1 @ X / m",
        "dW1 = dZ1 @ X.T",
        "dW1 = dZ1 @ A1.T / m",
        "db1 = dZ1.sum(axis=1, keepdims=False) / m",
    } <= changed
