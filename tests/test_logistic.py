"""The loop over examples and the vectorised form: the same numbers (S12)."""

import numpy as np
import pytest
from hypothesis import given, settings

from backproof import manual
from backproof.compare import PAIRS
from backproof.manual import logistic


@pytest.mark.parametrize("loss", logistic.LOSSES)
@given(PAIRS["logistic-naive_cross_entropy"].examples())
@settings(max_examples=100, deadline=None)
def test_the_loop_and_the_vectorised_form_agree(loss, example):
    """Column by column, up to the order in which a sum is added up."""
    parameters, X, Y = PAIRS["logistic-naive_cross_entropy"].problem(example)
    J, cache, gradients = logistic.gradients(parameters, X, Y, loss, with_dX=True)
    J_loop, cache_loop, gradients_loop = logistic.gradients_loop(
        parameters, X, Y, loss, with_dX=True
    )
    assert cache.keys() == cache_loop.keys()
    assert gradients.keys() == gradients_loop.keys()
    # Z sums n_x products, dw and db sum m; what Z differs by reaches dA divided by a(1 − a).
    A = cache["A"].astype(np.float64)
    condition = (1 / (A * (1 - A)) ** 2).max() if loss == "naive_cross_entropy" else 1
    size = 1 + np.abs(parameters["w"]).T @ np.abs(X) + np.abs(parameters["b"])
    bound = 16 * (X.size + 4) * np.finfo(X.dtype).eps * float(size.max()) ** 2 * condition
    ours, loops = {"J": J, **cache, **gradients}, {"J": J_loop, **cache_loop, **gradients_loop}
    for name, value in ours.items():
        assert value.dtype == loops[name].dtype == X.dtype
        assert np.shape(value) == np.shape(loops[name])
        assert np.abs(value - loops[name]).max() <= bound


def test_one_layer_of_the_deep_network_is_logistic_regression():
    """S1: (z, a) is computed once; a network with one layer is this unit, transposed."""
    random = np.random.default_rng(0)
    w, b = random.normal(size=(3, 1)), random.normal(size=(1, 1))
    X, Y = random.normal(size=(3, 5)), random.integers(0, 2, (1, 5))
    _, cache, gradients = logistic.gradients({"w": w, "b": b}, X, Y)
    _, one_layer, of_layer = manual.deep.gradients({"W1": w.T, "b1": b}, X, Y, ("sigmoid",))
    np.testing.assert_array_equal(cache["A"], one_layer["A1"])
    np.testing.assert_allclose(gradients["dw"], of_layer["dW1"].T, rtol=1e-14)
    np.testing.assert_allclose(gradients["db"], of_layer["db1"], rtol=1e-14)
