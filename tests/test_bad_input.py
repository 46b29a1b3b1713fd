"""Every wrong argument gets a message that says which, what came, what was expected, what next.

One table for both wings: a row is the call and the text. Nothing that was passed in is changed.
"""

import inspect
from copy import deepcopy

import jax
import numpy as np
import pytest

from backproof import autodiff, manual
from backproof.manual.initializers import initialize

WINGS = [manual, autodiff]
X, Y = np.ones((3, 5)), np.zeros((1, 5))
P = initialize("he", (3, 4, 1))
UNIT = {"w": np.ones((3, 1)), "b": np.zeros((1, 1))}
SIGMOIDS = ("tanh", "sigmoid")


def bad(V, value):
    """Return a copy of V with one entry replaced."""
    V = V.astype(float).copy()
    V[0, 1] = value
    return V


def without(mapping, name):
    return {key: value for key, value in mapping.items() if key != name}


# fmt: off
# what is wrong: (network, parameters, X, Y, options, error, text)
NETWORKS = {
    "rank-1 X": ("shallow", P, X[:, 0], Y, {}, ValueError, r"X has shape \(3,\), rank 1: expected \(n_x, m\), rank 2; keep the axes"),
    "rank-1 X of the unit": ("logistic", UNIT, X[:, 0], Y, {}, ValueError, r"X has shape \(3,\), rank 1"),
    "rank-1 Y": ("shallow", P, X, Y[0], {}, ValueError, r"Y has shape \(5,\), rank 1: expected \(n_y=1, m=5\)"),
    "rank-1 b": ("shallow", P | {"b1": np.zeros(4)}, X, Y, {}, ValueError, r"b1 has shape \(4,\), rank 1: expected \(n_1=4, 1\)"),
    "rank-1 w": ("logistic", UNIT | {"w": np.ones(3)}, X, Y, {}, ValueError, r"w has shape \(3,\), rank 1: expected \(n_x=3, 1\)"),
    "rank-0 b": ("logistic", UNIT | {"b": np.float64(0)}, X, Y, {}, ValueError, r"b has shape \(\), rank 0: expected \(1, 1\)"),
    "rank-3 X": ("shallow", P, X[None], Y, {}, ValueError, r"X has shape \(1, 3, 5\), rank 3"),
    "b of another size": ("shallow", P | {"b1": np.zeros((1, 1))}, X, Y, {}, ValueError, r"b1 has shape \(1, 1\): expected \(n_1=4, 1\); make its n_1 4"),
    "b as a row": ("shallow", P | {"b1": np.zeros((1, 4))}, X, Y, {}, ValueError, r"b1 has shape \(1, 4\): expected \(n_1=4, 1\)"),
    "W that does not fit X": ("shallow", P, np.ones((2, 5)), Y, {}, ValueError, r"W1 has shape \(4, 3\): expected \(n_1, n_x=2\); make its n_x 2"),
    "X as rows": ("shallow", P, X.T, Y, {}, ValueError, r"W1 has shape \(4, 3\): expected \(n_1, n_x=5\).*columns are examples"),
    "W that does not fit its neighbour": ("shallow", P | {"W2": np.ones((1, 5))}, X, Y, {}, ValueError, r"W2 has shape \(1, 5\): expected \(n_2, n_1=4\)"),
    "Y of another width": ("shallow", P, X, Y[:, :4], {}, ValueError, r"Y has shape \(1, 4\): expected \(n_y=1, m=5\); make its m 5"),
    "Y of another height": ("shallow", P, X, np.zeros((2, 5)), {}, ValueError, r"Y has shape \(2, 5\): expected \(n_y=1, m=5\); make its n_y 1"),
    "m = 0": ("shallow", P, X[:, :0], Y[:, :0], {}, ValueError, r"X has shape \(3, 0\): m is 0.*pass at least one example"),
    "no features": ("shallow", P, X[:0], Y, {}, ValueError, r"X has shape \(0, 5\): n_x is 0"),
    "an empty layer": ("shallow", P | {"W1": np.ones((0, 3)), "b1": np.ones((0, 1))}, X, Y, {}, ValueError, r"W1 has shape \(0, 3\): n_1 is 0.*drop the empty layer"),
    "NaN in X": ("shallow", P, bad(X, np.nan), Y, {}, ValueError, r"X is nan at \[0, 1\]: expected finite values; clean or drop"),
    "inf in X": ("shallow", P, bad(X, -np.inf), Y, {}, ValueError, r"X is -inf at \[0, 1\]"),
    "NaN in Y": ("shallow", P, X, bad(Y, np.nan), {}, ValueError, r"Y is nan at \[0, 1\]"),
    "inf in Y": ("shallow", P, X, bad(Y, np.inf), {"output": "identity", "loss": "half_squared_error"}, ValueError, r"Y is inf at \[0, 1\]"),
    "NaN in W": ("shallow", P | {"W1": bad(P["W1"], np.nan)}, X, Y, {}, ValueError, r"W1 is nan at \[0, 1\]"),
    "inf in b": ("logistic", UNIT | {"b": np.full((1, 1), np.inf)}, X, Y, {}, ValueError, r"b is inf at \[0, 0\]"),
    "a label above 1": ("shallow", P, X, bad(Y, 1.5), {}, ValueError, r"Y is 1\.5 at \[0, 1\]: cross-entropy expects labels in \[0, 1\]; rescale"),
    "a label below 0": ("logistic", UNIT, X, bad(Y, -1), {"loss": "naive_cross_entropy"}, ValueError, r"Y is -1\.0 at \[0, 1\]"),
    "an integer label of 2": ("deep", P, X, np.full((1, 5), 2), {"activations": SIGMOIDS}, ValueError, r"Y is 2 at \[0, 0\]: cross-entropy expects"),
    "X of objects": ("shallow", P, X.astype(object), Y, {}, TypeError, r"X has dtype object: expected float32 or float64; convert it first"),
    "X of strings": ("shallow", P, X.astype(str), Y, {}, TypeError, r"X has dtype <U\d+: expected float32 or float64"),
    "complex X": ("shallow", P, X.astype(complex), Y, {}, TypeError, r"X has dtype complex128: expected float32 or float64"),
    "integer X": ("shallow", P, X.astype(int), Y, {}, TypeError, r"X has dtype int64: expected float32 or float64"),
    "Y of objects": ("shallow", P, X, Y.astype(object), {}, TypeError, r"Y has dtype object: expected float32 or float64 or bool or int8"),
    "complex Y": ("shallow", P, X, Y.astype(complex), {}, TypeError, r"Y has dtype complex128"),
    "W of strings": ("shallow", P | {"W2": P["W2"].astype(str)}, X, Y, {}, TypeError, r"W2 has dtype <U\d+"),
    "float16 X": ("shallow", P, X.astype("f2"), Y, {}, TypeError, r"X has dtype float16: expected float32 or float64"),
    "float16 Y": ("shallow", P, X, Y.astype("f2"), {}, TypeError, r"Y has dtype float16"),
    "float32 W": ("shallow", P | {"W2": P["W2"].astype("f4")}, X, Y, {}, TypeError, r"W2 has dtype float32, X has float64: expected one dtype for all; pass W2\.astype\('float64'\)"),
    "float32 b of the unit": ("logistic", UNIT | {"b": UNIT["b"].astype("f4")}, X, Y, {}, TypeError, r"b has dtype float32, X has float64"),
    "float32 Y": ("shallow", P, X, Y.astype("f4"), {}, TypeError, r"Y has dtype float32, the network float64: expected one float dtype; pass Y\.astype"),
    "a missing key": ("shallow", without(P, "b1"), X, Y, {}, ValueError, r"parameters lacks b1: expected the keys W1, b1, W2, b2\."),
    "an unknown key": ("shallow", P | {"W3": P["W2"]}, X, Y, {}, ValueError, r"parameters has unknown W3: expected the keys W1, b1, W2, b2\."),
    "a misspelt key": ("logistic", {"W": UNIT["w"], "b": UNIT["b"]}, X, Y, {}, ValueError, r"parameters lacks w and has unknown W: expected the keys w, b\."),
    "a layer too few": ("deep", P, X, Y, {"activations": ("sigmoid",)}, ValueError, r"parameters has unknown W2, b2: expected the keys W1, b1\."),
    "no dict": ("shallow", list(P.values()), X, Y, {}, TypeError, r"parameters is a list: pass a dict with keys W1, b1, W2, b2\."),
    "an unknown hidden activation": ("shallow", P, X, Y, {"hidden": "gelu"}, ValueError, r"activation: 'gelu' is unknown; choose one of identity, sigmoid, tanh, relu, leaky_relu\."),
    "an unknown output activation": ("shallow", P, X, Y, {"output": "softmax", "loss": "half_squared_error"}, ValueError, r"'softmax' is unknown"),
    "an unknown activation of a layer": ("deep", P, X, Y, {"activations": ("Tanh", "sigmoid")}, ValueError, r"activations, layer 1: 'Tanh' is unknown"),
    "an activation that is no name": ("shallow", P, X, Y, {"hidden": np.tanh}, ValueError, r"activation: <ufunc 'tanh'> is unknown"),
    "activations as one string": ("deep", P, X, Y, {"activations": "sigmoid"}, TypeError, r"activations='sigmoid' is a str: pass a tuple with one name per layer"),
    "no activations": ("deep", P, X, Y, {"activations": ()}, ValueError, r"activations is empty: pass one name per layer"),
    "an unknown loss": ("shallow", P, X, Y, {"loss": "hinge"}, ValueError, r"loss: 'hinge' is unknown; choose one of cross_entropy, naive_cross_entropy, half_squared_error\."),
    "a loss that is not the unit's": ("logistic", UNIT, X, Y, {"loss": "half_squared_error"}, ValueError, r"loss: 'half_squared_error' is unknown; choose one of cross_entropy, naive_cross_entropy\."),
    "cross-entropy of no probability": ("shallow", P, X, Y, {"output": "relu"}, ValueError, r"loss='cross_entropy' needs probabilities, the output activation is 'relu': use output 'sigmoid'"),
    "a NaN slope": ("shallow", P, X, Y, {"hidden": "leaky_relu", "slope": np.nan}, ValueError, r"slope=nan is not a finite real number"),
    "an infinite slope": ("deep", P, X, Y, {"activations": ("leaky_relu", "sigmoid"), "slope": np.inf}, ValueError, r"slope=inf is not a finite"),
    "a slope that is no number": ("shallow", P, X, Y, {"slope": "0.1"}, TypeError, r"slope='0\.1' is a str: pass a real number"),
    "a list for X": ("shallow", P, X.tolist(), Y, {}, TypeError, r"X is a list: expected an array; pass numpy\.asarray\(X, dtype=float\) with shape \(n_x, m\)"),
    "a list for Y": ("shallow", P, X, Y.tolist(), {}, TypeError, r"Y is a list: expected an array; .* with shape \(n_y=1, m=5\)"),
    "a list for W": ("shallow", P | {"W1": P["W1"].tolist()}, X, Y, {}, TypeError, r"W1 is a list: expected an array"),
    "a number for b": ("logistic", UNIT | {"b": 0.0}, X, Y, {}, TypeError, r"b is a float: expected an array"),
    "None for X": ("deep", P, None, Y, {"activations": SIGMOIDS}, TypeError, r"X is a NoneType: expected an array"),
    "a masked array": ("shallow", P, np.ma.masked_array(X), Y, {}, TypeError, r"X is a MaskedArray: expected an array"),
    "a numpy matrix": ("shallow", P, X.view(np.matrix), Y, {}, TypeError, r"X is a matrix: expected an array"),
}
# fmt: on


@pytest.mark.parametrize("wing", WINGS, ids=["manual", "autodiff"])
@pytest.mark.parametrize("case", NETWORKS.values(), ids=NETWORKS)
def test_a_network_refuses(wing, case):
    network, parameters, X, Y, options, error, text = case
    before = deepcopy((parameters, X, Y))
    with jax.enable_x64(True), pytest.raises(error, match=text):
        getattr(wing, network).gradients(parameters, X, Y, **options)
    np.testing.assert_equal((parameters, X, Y), before)


BACKWARD = {
    "a missing key": (
        {"Z1": np.ones((4, 5))},
        r"cache lacks A1, Z2, A2: expected the keys",
    ),
    "another m": (
        manual.shallow.forward(P, X[:, :4]),
        r"cache\['Z1'\] has shape \(4, 4\): expected",
    ),
    "another dtype": (
        {k: v.astype("f4") for k, v in manual.shallow.forward(P, X).items()},
        r"cache\['Z1'\] has dtype float32: expected float64",
    ),
}


@pytest.mark.parametrize(("cache", "text"), BACKWARD.values(), ids=BACKWARD)
def test_a_backward_pass_refuses_a_cache_of_another_forward_pass(cache, text):
    with pytest.raises((ValueError, TypeError), match=text):
        manual.shallow.backward(P, cache, X, Y)


# fmt: off
OTHERS = {
    "unknown initializer": (lambda wing: wing.initializers.initialize("kaiming", (3, 1)), ValueError, r"initializer: 'kaiming' is unknown; choose one of zeros, constant, normal, he, xavier\."),
    "a layer of size 0": (lambda wing: wing.initializers.initialize("he", (3, 0, 1)), ValueError, r"sizes\[1\]=0 is less than 1: pass 1 or more"),
    "a negative size": (lambda wing: wing.initializers.initialize("he", (3, -4, 1)), ValueError, r"sizes\[1\]=-4 is less than 1"),
    "a size that is not whole": (lambda wing: wing.initializers.initialize("he", (3, 4.0, 1)), TypeError, r"sizes\[1\]=4\.0 is a float: pass a whole number"),
    "a size that is a bool": (lambda wing: wing.initializers.initialize("he", (3, True)), TypeError, r"sizes\[1\]=True is a bool"),
    "no layer": (lambda wing: wing.initializers.initialize("he", (3,)), ValueError, r"sizes=\(3,\) has no layer: pass at least \(n_x, n_y\)"),
    "sizes that are no tuple": (lambda wing: wing.initializers.initialize("he", 3), TypeError, r"sizes=3 is a int: pass a tuple"),
    "a NaN scale": (lambda wing: wing.initializers.initialize("normal", (3, 1), scale=np.nan), ValueError, r"scale=nan is not a finite"),
    "a scale without use": (lambda wing: wing.initializers.initialize("he", (3, 1), scale=2), ValueError, r"scale=2 does nothing for 'he': leave it out"),
    "a negative seed": (lambda wing: wing.initializers.initialize("he", (3, 1), seed=-1), ValueError, r"seed=-1 is less than 0"),
    "no seed": (lambda wing: wing.initializers.initialize("he", (3, 1), seed=None), TypeError, r"seed=None is a NoneType: pass a whole number"),
    "an unknown dtype": (lambda wing: wing.initializers.initialize("he", (3, 1), dtype="float16"), ValueError, r"dtype: 'float16' is unknown; choose one of float32, float64"),
    "unknown activation": (lambda wing: wing.activations.activation("swish"), ValueError, r"activation: 'swish' is unknown"),
    "NaN slope": (lambda wing: wing.activations.leaky_relu(X, np.nan), ValueError, r"slope=nan is not a finite"),
    "a list for Z": (lambda wing: wing.losses.cross_entropy([[0.0]], np.ones((1, 1))), TypeError, r"the output is a list: expected an array"),
    "accuracy of NaN": (lambda wing: wing.descent.accuracy(np.full((1, 5), np.nan), Y), ValueError, r"the output is nan at \[0, 0\]"),
    "unknown loss": (lambda wing: wing.losses.cost("mse", X, X, X), ValueError, r"loss: 'mse' is unknown"),
    "labels outside [0, 1]": (lambda wing: wing.losses.cross_entropy(X, 2 * X), ValueError, r"Y is 2\.0 at \[0, 0\]"),
    "learning rate 0": (lambda wing: wing.descent.update(P, {}, 0.0), ValueError, r"learning_rate=0\.0 is not greater than 0: pass a number such as 0\.01"),
    "learning rate below 0": (lambda wing: wing.descent.update(P, {}, -0.1), ValueError, r"learning_rate=-0\.1 is not greater than 0"),
    "learning rate NaN": (lambda wing: wing.descent.gradient_descent(None, P, np.nan, 1), ValueError, r"learning_rate=nan is not a finite real number"),
    "learning rate inf": (lambda wing: wing.descent.gradient_descent(None, P, np.inf, 1), ValueError, r"learning_rate=inf is not a finite"),
    "learning rate complex": (lambda wing: wing.descent.update(P, {}, 1j), TypeError, r"learning_rate=1j is a complex: pass a real number"),
    "learning rate None": (lambda wing: wing.descent.update(P, {}, None), TypeError, r"learning_rate=None is a NoneType"),
    "negative steps": (lambda wing: wing.descent.gradient_descent(None, P, 0.1, -1), ValueError, r"steps=-1 is less than 0"),
    "steps that are not whole": (lambda wing: wing.descent.gradient_descent(None, P, 0.1, 1.5), TypeError, r"steps=1\.5 is a float: pass a whole number"),
    "a missing gradient": (lambda wing: wing.descent.update(P, {"dW1": X, "db1": X}, 0.1), ValueError, r"gradients lacks dW2, db2: expected the keys dW1"),
    "no gradients": (lambda wing: wing.descent.update(P, None, 0.1), TypeError, r"gradients is a NoneType: pass a dict with keys dW1"),
    "a rank-1 gradient": (lambda wing: wing.descent.update(UNIT, {"dw": X[:, :1], "db": np.zeros(1)}, 0.1), ValueError, r"gradients\['db'\] has shape \(1,\), rank 1: expected \(rows=1, columns=1\)"),
    "a transposed gradient": (lambda wing: wing.descent.update(UNIT, {"dw": X[:1, :3], "db": X[:1, :1]}, 0.1), ValueError, r"gradients\['dw'\] has shape \(1, 3\): expected"),
    "a wider gradient": (lambda wing: wing.descent.update({"b": np.zeros((1, 1), "f4")}, {"db": np.zeros((1, 1))}, 0.1), TypeError, r"gradients\['db'\] has dtype float64: expected float32; convert it first: gradients\['db'\]\.astype\('float32'\)"),
    "cost of no cache": (lambda wing: wing.shallow.cost({}, Y), ValueError, r"cache lacks Z2, A2: expected the keys"),
    "A and Y of two shapes": (lambda wing: wing.descent.accuracy(X, Y), ValueError, r"Y has shape \(1, 5\): expected \(n_y=3, m=5\)"),
    "A of no examples": (lambda wing: wing.descent.accuracy(X[:, :0], X[:, :0]), ValueError, r"the output has shape \(3, 0\): m is 0"),
    "A as a list": (lambda wing: wing.descent.accuracy([[0.5]], Y), TypeError, r"the output is a list: expected an array"),
    "loss None": (lambda wing: wing.shallow.gradients(P, X, Y, loss=None), ValueError, r"loss: None is unknown"),
}
# fmt: on


@pytest.mark.parametrize("wing", WINGS, ids=["manual", "autodiff"])
@pytest.mark.parametrize(("call", "error", "text"), OTHERS.values(), ids=OTHERS)
def test_a_function_refuses(wing, call, error, text):
    with jax.enable_x64(True), pytest.raises(error, match=text):
        call(wing)


@pytest.mark.parametrize(
    "call",
    [
        lambda: autodiff.shallow.gradients(P, X, Y),
        lambda: autodiff.initializers.initialize("he", (3, 1)),
    ],
)
def test_jax_does_not_narrow_float64_in_silence(call):
    """Without 64-bit types JAX would compute in float32 and say nothing."""
    with pytest.raises(TypeError, match=r"with jax\.enable_x64\(True\)"):
        call()


def frozen(V):
    V = V.copy()
    V.flags.writeable = False
    return V


@pytest.mark.parametrize(
    "arrange",
    [frozen, np.asfortranarray, lambda V: np.tile(V, (1, 2))[:, : V.shape[1]]],
    ids=["read-only", "Fortran", "strided"],
)
@pytest.mark.parametrize("dtype", ["bool", "int32", "uint8", "float64"])
@pytest.mark.parametrize("wing", WINGS, ids=["manual", "autodiff"])
def test_memory_layouts_and_dtypes_of_labels_are_no_errors(wing, arrange, dtype):
    plain = {name: V.copy() for name, V in P.items()}
    with jax.enable_x64(True):
        _, _, expected = wing.shallow.gradients(plain, X, Y)
        arranged = {name: arrange(V) for name, V in P.items()}
        _, _, found = wing.shallow.gradients(arranged, arrange(X), arrange(Y.astype(dtype)))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-13)


@pytest.mark.parametrize("row", ["m = 0", "an empty layer", "no features", "NaN in X", "inf in b"])
def test_N8_an_empty_network_or_batch_and_nan_and_inf_have_a_clear_error(row):
    """Rows of the table above, forward alone."""
    network, parameters, X, _, _, error, text = NETWORKS[row]
    with pytest.raises(error, match=text):
        getattr(manual, network).forward(parameters, X)


def test_functions_that_both_wings_have_take_the_same_arguments():
    """The wings mirror one another: same names, same order, same defaults."""
    shared = 0
    for room in ("activations", "losses", "logistic", "shallow", "deep", "initializers", "descent"):
        one, other = getattr(manual, room), getattr(autodiff, room)
        for name in {
            n for n, f in vars(one).items() if inspect.isfunction(f) and n[0] != "_"
        } & set(vars(other)):
            sides = [inspect.signature(getattr(wing, name)).parameters for wing in (one, other)]
            assert [(p.name, p.default) for p in sides[0].values()] == [
                (p.name, p.default) for p in sides[1].values()
            ], name
            shared += 1
    assert shared > 25
