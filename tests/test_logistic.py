"""The loop over examples and the vectorised form: the same numbers (S12)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof import manual
from backproof.compare import PAIRS
from backproof.manual import logistic


@pytest.mark.parametrize("loss", logistic.UNIT_LOSSES)
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_the_loop_and_the_vectorised_form_agree(loss, data):
    """Column by column, within the rounding of a sum that is added up in another order.

    That is bounded as that of autodiff's derivation is, of arguments that were rounded: a − y
    loses what a was rounded by. Where e^(−z) overflows, a is 0 in both.
    """
    pair = PAIRS[f"logistic-{loss}"]
    arguments = pair.arguments(data.draw(pair.examples()))
    parameters, X, Y = arguments.values()
    sides = []
    for run in (logistic.gradients, logistic.gradients_loop):
        J, cache, gradients = run(parameters, X, Y, loss, with_dX=True)
        sides.append({"J": J, **cache, **gradients})
    together, loop = sides
    assert together.keys() == loop.keys()
    eps, tiny = np.finfo(X.dtype).eps, np.finfo(X.dtype).tiny
    J, values, derivatives = pair.reference.program.bounded_from_rounded(
        float(eps) / 2, parameters=parameters, X=X, Y=Y.astype(X.dtype)
    )
    bounds = {"J": J, **values, **derivatives}
    for name, value in together.items():
        assert value.dtype == loop[name].dtype == X.dtype
        assert np.shape(value) == np.shape(loop[name])
        bound = bounds[name].error
        if name == "A":
            bound = np.where(bound < np.inf, bound, eps)
        assert np.all(bound < np.inf)
        difference = np.abs(value.astype(float) - loop[name].astype(float))
        assert np.all(difference <= bound + tiny), name


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
