"""Numbers computed with pencil and paper."""

import numpy as np
import pytest

from backproof import autodiff, manual

# One unit, w = 1, b = 0, x = 2: z = 2. With y = 0 everything is a function of σ(2).
SIGMA_2 = 1 / (1 + np.exp(-2.0))


@pytest.mark.parametrize("run", [manual.logistic.gradients, manual.logistic.gradients_loop])
def test_logistic_regression_of_one_example(run):
    """dz = a − y, dw = x dz, db = dz."""
    parameters = {"w": np.array([[1.0]]), "b": np.array([[0.0]])}
    J, cache, gradients = run(parameters, np.array([[2.0]]), np.array([[0]]), with_dX=True)
    assert cache["Z"].item() == 2
    assert pytest.approx(2.1269280110429727) == J  # log(1 + e²)
    assert gradients["dZ"].item() == pytest.approx(SIGMA_2)
    assert gradients["dw"].item() == pytest.approx(2 * SIGMA_2)
    assert gradients["db"].item() == pytest.approx(SIGMA_2)
    assert gradients["dX"].item() == pytest.approx(SIGMA_2)


def test_logistic_regression_at_the_start():
    """At w = 0 every a is 1/2 and J = log 2; dw averages x (1/2 − y), db averages 1/2 − y."""
    X, Y = np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[0, 0, 0, 1]])
    parameters = {"w": np.zeros((1, 1)), "b": np.zeros((1, 1))}
    J, _, gradients = manual.logistic.gradients(parameters, X, Y)
    assert pytest.approx(0.6931471805599453) == J
    np.testing.assert_array_equal(gradients["dZ"], [[0.5, 0.5, 0.5, -0.5]])
    assert gradients["dw"].item() == (1 + 2 + 3 - 4) / 2 / 4
    assert gradients["db"].item() == 0.25


def test_the_six_equations_on_whole_numbers():
    """ReLU hidden, linear output, squared error: integers in, integers and halves out.

    W1 = [1 −1; 2 0], b1 = [0; 1], X = [1 3; 2 1], W2 = [1 2], b2 = [−1], Y = [4 10]:
    Z1 = [−1 2; 3 7], A1 = [0 2; 3 7], Z2 = A2 = [5 15], J = (1 + 25)/4.
    """
    parameters = {
        "W1": np.array([[1.0, -1.0], [2.0, 0.0]]),
        "b1": np.array([[0.0], [1.0]]),
        "W2": np.array([[1.0, 2.0]]),
        "b2": np.array([[-1.0]]),
    }
    X, Y = np.array([[1.0, 3.0], [2.0, 1.0]]), np.array([[4.0, 10.0]])
    J, cache, gradients = manual.shallow.gradients(
        parameters, X, Y, "relu", "identity", "half_squared_error", with_dX=True
    )
    assert J == 6.5
    expected = {
        "Z1": [[-1, 2], [3, 7]],
        "A1": [[0, 2], [3, 7]],
        "Z2": [[5, 15]],
        "A2": [[5, 15]],
        "dA2": [[1, 5]],
        "dZ2": [[1, 5]],
        "dW2": [[5, 19]],  # ([0 + 10], [3 + 35]) / 2
        "db2": [[3]],
        "dA1": [[1, 5], [2, 10]],
        "dZ1": [[0, 5], [2, 10]],
        "dW1": [[7.5, 2.5], [16, 7]],  # [0 + 15, 0 + 5; 2 + 30, 4 + 10] / 2
        "db1": [[2.5], [6]],
        "dX": [[4, 25], [0, -5]],
    }
    found = cache | gradients
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.parametrize(
    ("name", "g", "g_prime"),
    [
        ("identity", [-2, 0, 2], [1, 1, 1]),
        ("relu", [0, 0, 2], [0, 1, 1]),
        ("leaky_relu", [-0.02, 0, 2], [0.01, 1, 1]),
        ("tanh", [-0.9640275800758169, 0, 0.9640275800758169], [0.07065082485316447, 1] * 2),
        (
            "sigmoid",
            [0.11920292202211755, 0.5, 0.8807970779778823],
            [0.10499358540350662, 0.25] * 2,
        ),
    ],
)
def test_activations_at_minus_two_zero_and_two(name, g, g_prime):
    """At 0: ReLU' = leaky' = 1, tanh' = 1, sigmoid' = 1/4 (S26, S27)."""
    Z = np.array([[-2.0, 0.0, 2.0]])
    by_hand, prime = manual.activations.activation(name)
    np.testing.assert_allclose(by_hand(Z), [g], rtol=1e-15)
    np.testing.assert_allclose(prime(Z, by_hand(Z)), [g_prime[:3]], rtol=1e-14)
    np.testing.assert_allclose(autodiff.activations.activation(name)(Z), [g], rtol=1e-6)


def test_costs_of_one_example_with_two_outputs():
    """Sum over outputs, mean over examples: −log 1/2 − log 3/4, and (1/4 + 1/16)/2."""
    A, Y = np.array([[0.5], [0.25]]), np.array([[1], [0]])
    Z = np.log(A / (1 - A))
    expected = 0.6931471805599453 + 0.2876820724517809
    assert manual.losses.naive_cross_entropy(A, Y) == pytest.approx(expected, rel=1e-15)
    assert manual.losses.cross_entropy(Z, Y) == pytest.approx(expected, rel=1e-15)
    assert manual.losses.half_squared_error(A, Y) == (0.25 + 0.0625) / 2
