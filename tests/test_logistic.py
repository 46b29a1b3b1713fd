"""The loop over examples and the vectorised form: the same numbers (S12)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof import manual
from backproof.compare import PAIRS
from backproof.compare.rounding import allowances
from backproof.manual import logistic


@pytest.mark.parametrize("loss", logistic.UNIT_LOSSES)
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_the_loop_and_the_vectorised_form_agree(loss, data):
    """Column by column, within the rounding of a sum that is added up in another order."""
    pair = PAIRS[f"logistic-{loss}"]
    example = data.draw(pair.examples())
    parameters, X, Y = arrays = pair.problem(example)
    sides = []
    for run in (logistic.gradients, logistic.gradients_loop):
        J, cache, gradients = run(parameters, X, Y, loss, with_dX=True)
        sides.append({"J": J, **cache, **gradients})
    together, loop = sides
    assert together.keys() == loop.keys()
    for name, allowed in allowances(pair, example, arrays, together, loop).items():
        assert together[name].dtype == loop[name].dtype == X.dtype
        assert np.shape(together[name]) == np.shape(loop[name])
        difference = np.abs(together[name].astype(float) - loop[name].astype(float))
        np.testing.assert_array_equal(allowed.error, difference)
        own = (difference - allowed.inherited).max()
        assert own <= allowed.roundings * np.finfo(X.dtype).eps * allowed.scale, name


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
