"""Every item of the notes, by its number: S is what they say, N what they leave open."""

import jax
import numpy as np
import pytest

from backproof import autodiff, manual
from backproof.manual.activations import activation, leaky_relu_prime, relu_prime, sigmoid, tanh
from backproof.manual.descent import accuracy, gradient_descent, predict, update
from backproof.manual.initializers import initialize

RANDOM = np.random.default_rng(7)
START = RANDOM.bit_generator.state
X = RANDOM.normal(size=(3, 5))
Y = RANDOM.integers(0, 2, (1, 5))
SHALLOW = initialize("he", (3, 4, 1), seed=1)
DEEP = ("relu", "tanh", "sigmoid")
DEEP_PARAMETERS = initialize("he", (3, 4, 2, 1))


@pytest.fixture(autouse=True)
def the_same_numbers_whatever_ran_before():
    RANDOM.bit_generator.state = START


def test_S1_logistic_regression_computes_z_and_a_once_a_network_once_per_layer():
    assert list(manual.logistic.forward({"w": np.ones((3, 1)), "b": np.ones((1, 1))}, X)) == [
        "Z",
        "A",
    ]
    cache = manual.deep.forward(initialize("he", (3, 4, 2, 1)), X, DEEP)
    assert list(cache) == ["Z1", "A1", "Z2", "A2", "Z3", "A3"]


def test_S2_the_order_of_the_backward_pass():
    """da2, dz2 → dW2, db2 → da1, dz1 → dW1, db1; da → dz → dw, db."""
    _, _, gradients = manual.shallow.gradients(SHALLOW, X, Y, loss="naive_cross_entropy")
    assert list(gradients) == ["dA2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1"]
    unit = {"w": np.ones((3, 1)), "b": np.ones((1, 1))}
    _, _, gradients = manual.logistic.gradients(unit, X, Y, "naive_cross_entropy")
    assert list(gradients) == ["dA", "dZ", "dw", "db"]


def test_S3_X_is_the_activation_of_layer_0_and_A1_that_of_the_next():
    """Layers 2 … L alone, fed with A1, go on as the whole network does."""
    whole = manual.deep.forward(DEEP_PARAMETERS, X, DEEP)
    rest = {f"{V}{l}": DEEP_PARAMETERS[f"{V}{l + 1}"] for l in (1, 2) for V in "Wb"}
    np.testing.assert_array_equal(
        manual.deep.forward(rest, whole["A1"], DEEP[1:])["A2"], whole["A3"]
    )


def test_S4_S5_S6_layers_are_counted_without_the_input():
    """One hidden and one output layer are a 2-layer network; the hidden values are not data."""
    assert list(initialize("he", (3, 4, 1))) == ["W1", "b1", "W2", "b2"]
    cache = manual.shallow.forward(SHALLOW, X)
    assert cache["A1"].shape == (4, 5)
    assert cache["A2"].shape == Y.shape


def test_S7_the_layer_is_the_key_the_unit_the_row_the_example_the_column():
    cache = manual.shallow.forward(SHALLOW, X)
    unit, example = 2, 3
    z = SHALLOW["W1"][unit] @ X[:, example] + SHALLOW["b1"][unit, 0]
    assert cache["Z1"][unit, example] == pytest.approx(z, rel=1e-14)


def test_S8_shapes_columns_are_examples_rows_are_units():
    n = (3, 4, 2, 1)
    parameters = initialize("he", n)
    cache = manual.deep.forward(parameters, X, DEEP)
    for l in (1, 2, 3):
        assert parameters[f"W{l}"].shape == (n[l], n[l - 1])
        assert parameters[f"b{l}"].shape == (n[l], 1)
        assert cache[f"Z{l}"].shape == cache[f"A{l}"].shape == (n[l], 5)


def test_S9_a_unit_computes_w_x_plus_b_then_g():
    """The notes' z = wᵀ + b is a slip: x belongs to it."""
    w, b, x = np.array([[2.0], [-1.0]]), np.array([[0.5]]), np.array([[3.0], [4.0]])
    cache = manual.logistic.forward({"w": w, "b": b}, x)
    assert cache["Z"].item() == 2 * 3 - 4 + 0.5
    assert cache["A"].item() == sigmoid(np.float64(2.5))


def test_S10_W_stacks_the_units_as_rows_and_their_a_stack_to_a_column():
    units = [RANDOM.normal(size=(3, 1)) for _ in range(4)]
    W, zero = np.vstack([w.T for w in units]), np.zeros((1, 1))
    layer = manual.deep.forward({"W1": W, "b1": np.zeros((4, 1))}, X[:, :1], ("sigmoid",))
    one_by_one = [manual.logistic.forward({"w": w, "b": zero}, X[:, :1])["A"] for w in units]
    np.testing.assert_allclose(layer["A1"], np.vstack(one_by_one), rtol=1e-14)


def test_S11_examples_are_joined_with_hstack_units_with_vstack():
    """hstack joins along axis 1, vstack along axis 0: the notes have them swapped."""
    columns = [X[:, [j]] for j in range(5)]
    np.testing.assert_array_equal(np.hstack(columns), X)
    np.testing.assert_array_equal(np.hstack(columns), np.concatenate(columns, axis=1))
    rows = [X[[i]] for i in range(3)]
    np.testing.assert_array_equal(np.vstack(rows), X)
    np.testing.assert_array_equal(np.vstack(rows), np.concatenate(rows, axis=0))
    halves = {
        "W1": np.vsplit(SHALLOW["W1"], 2),
        "b1": np.vsplit(SHALLOW["b1"], 2),
    }
    units = [
        manual.deep.forward({"W1": W, "b1": b}, X, ("tanh",))["A1"]
        for W, b in zip(*halves.values(), strict=True)
    ]
    together = manual.shallow.forward(SHALLOW, X)["A1"]
    np.testing.assert_allclose(np.vstack(units), together, rtol=1e-14)
    examples = [manual.shallow.forward(SHALLOW, x)["A1"] for x in columns]
    np.testing.assert_allclose(np.hstack(examples), together, rtol=1e-14)


def test_S12_S13_all_examples_at_once_give_the_columns_of_one_at_a_time():
    """W and b are shared, x, z and a carry the example's number."""
    together = manual.shallow.forward(SHALLOW, X)
    for j in range(5):
        alone = manual.shallow.forward(SHALLOW, X[:, [j]])
        for name, value in alone.items():
            np.testing.assert_allclose(together[name][:, [j]], value, rtol=1e-13)


def test_S14_every_layer_is_W_A_plus_b_and_b_broadcasts_over_columns():
    parameters = initialize("he", (3, 4, 2, 1))
    cache = manual.deep.forward(parameters, X, DEEP)
    A = X
    for l in (1, 2, 3):
        b = np.repeat(parameters[f"b{l}"], 5, axis=1)
        np.testing.assert_array_equal(cache[f"Z{l}"], parameters[f"W{l}"] @ A + b)
        A = cache[f"A{l}"]


def test_S15_the_four_activations():
    z = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(sigmoid(z), 1 / (1 + np.exp(-z)), rtol=1e-15)
    np.testing.assert_allclose(
        tanh(z), (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)), rtol=1e-15, atol=1e-16
    )
    np.testing.assert_array_equal(activation("relu")[0](z), np.maximum(0, z))
    np.testing.assert_array_equal(activation("leaky_relu")[0](z), np.maximum(0.01 * z, z))


def test_S16_tanh_is_centred_at_zero_and_sigmoid_at_one_half():
    """So tanh feeds the next layer data around 0, and its slope at 0 is four times as steep."""
    Z = RANDOM.normal(size=(4, 10_000))
    assert abs(tanh(Z).mean()) < 0.02
    assert abs(sigmoid(Z).mean() - 0.5) < 0.02
    zero = np.zeros((1, 1))
    assert activation("tanh").prime(zero, tanh(zero)) == 4 * activation("sigmoid").prime(
        zero, sigmoid(zero)
    )


def test_S17_the_slope_of_relu_does_not_vanish_for_positive_z():
    Z = np.array([[0.5, 5.0, 50.0, 500.0]])
    np.testing.assert_array_equal(relu_prime(Z, Z), np.ones((1, 4)))
    assert activation("tanh").prime(Z, tanh(Z))[0, -1] == 0


def test_S18_S20_a_sigmoid_output_is_a_probability_and_cross_entropy_asks_for_one():
    A = manual.shallow.forward(SHALLOW, X, hidden="relu", output="sigmoid")["A2"]
    assert ((A > 0) & (A < 1)).all()
    with pytest.raises(ValueError, match="needs probabilities, the output activation is 'tanh'"):
        manual.shallow.gradients(SHALLOW, X, Y, output="tanh")


def test_S19_saturated_units_learn_slowly():
    """The further z is from 0, the smaller the step that W takes: here a hundredth."""
    steps = []
    for scale in (1, 10_000):
        _, _, gradients = manual.shallow.gradients(SHALLOW | {"W1": scale * SHALLOW["W1"]}, X, Y)
        steps.append(np.abs(gradients["dW1"]).max())
    assert steps[0] > 100 * steps[1]


def test_S21_S23_leaky_relu_keeps_a_slope_below_zero_and_it_is_a_parameter():
    """Units that ReLU leaves dead still learn; where(z ≥ 0, z, slope·z) holds for any slope."""
    dead = {name: -np.abs(V) for name, V in SHALLOW.items()}
    _, _, of_relu = manual.shallow.gradients(dead, np.abs(X), Y, hidden="relu")
    _, _, of_leaky = manual.shallow.gradients(dead, np.abs(X), Y, hidden="leaky_relu", slope=0.2)
    assert not of_relu["dW1"].any()
    assert of_leaky["dW1"].all()
    Z = np.array([[-2.0, 2.0]])
    np.testing.assert_array_equal(activation("leaky_relu", 1.5).g(Z), [[-3, 2]])
    assert (np.maximum(1.5 * Z, Z) == [[-2, 3]]).all()  # the notes' max: wrong above 1


def test_S22_hidden_and_output_activations_may_differ():
    cache = manual.shallow.forward(SHALLOW, X, hidden="relu", output="tanh")
    np.testing.assert_array_equal(cache["A1"], np.maximum(cache["Z1"], 0))
    np.testing.assert_array_equal(cache["A2"], np.tanh(cache["Z2"]))


def test_S24_without_a_non_linearity_any_depth_is_one_affine_map():
    """W' = W3 W2 W1 and b' = W3 (W2 b1 + b2) + b3."""
    p = {name: RANDOM.normal(size=V.shape) for name, V in initialize("he", (3, 4, 2, 1)).items()}
    cache = manual.deep.forward(p, X, ("identity",) * 3)
    W = p["W3"] @ p["W2"] @ p["W1"]
    b = p["W3"] @ (p["W2"] @ p["b1"] + p["b2"]) + p["b3"]
    np.testing.assert_allclose(cache["A3"], W @ X + b, rtol=1e-12)


def test_S25_a_linear_output_fits_real_values():
    """House prices are no probabilities: least squares is found by descent."""
    target = np.array([[2.0, -1.0, 0.5]]) @ X + 3

    def gradients(parameters):
        return manual.deep.gradients(parameters, X, target, ("identity",), "half_squared_error")

    end, _ = gradient_descent(gradients, initialize("zeros", (3, 1)), 0.2, 10_000)
    np.testing.assert_allclose(end["W1"], [[2, -1, 0.5]], atol=1e-6)
    np.testing.assert_allclose(end["b1"], [[3]], atol=1e-6)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "leaky_relu"])
def test_S26_the_derivatives_are_the_slopes(name):
    """Central differences, away from 0."""
    g, g_prime = activation(name)
    Z = np.concatenate([np.linspace(-3, -0.1, 20), np.linspace(0.1, 3, 20)])[None, :]
    h = 1e-6
    np.testing.assert_allclose(g_prime(Z, g(Z)), (g(Z + h) - g(Z - h)) / (2 * h), atol=1e-9)


def test_S27_at_zero_the_derivative_is_a_choice_of_subgradient():
    """The notes choose 1; JAX's relu chooses 0 and jnp.maximum 1/2: all lie in [0, 1]."""
    zero = np.zeros((1, 1))
    assert relu_prime(zero, zero) == leaky_relu_prime(zero, zero) == 1
    assert jax.grad(autodiff.activations.relu)(0.0) == 1
    assert jax.grad(jax.nn.relu)(0.0) == 0
    assert jax.grad(lambda z: jax.numpy.maximum(z, 0.0))(0.0) == 0.5


def test_S28_every_layer_steps_against_its_gradient():
    gradients = {f"d{name}": np.ones_like(V) for name, V in DEEP_PARAMETERS.items()}
    for name, V in update(DEEP_PARAMETERS, gradients, 0.25).items():
        np.testing.assert_array_equal(V, DEEP_PARAMETERS[name] - 0.25)


def test_S29_binary_classification_is_learnt_with_a_sigmoid_and_cross_entropy():
    """XOR, which no single unit can do."""
    corners = np.array([[0.0, 0, 1, 1], [0, 1, 0, 1]])
    xor = np.array([[0, 1, 1, 0]])

    def gradients(parameters):
        return manual.shallow.gradients(parameters, corners, xor)

    end, costs = gradient_descent(gradients, initialize("xavier", (2, 4, 1), seed=3), 1.0, 2000)
    assert accuracy(manual.shallow.forward(end, corners)["A2"], xor) == 1
    assert costs[-1] < 0.05 < 0.5 < costs[0]


@pytest.mark.parametrize("name", ["zeros", "constant"])
def test_S30_S37_equal_units_of_a_layer_stay_equal_forever(name):
    """Not zero alone: any constant W is as symmetric. b2 alone learns from W = 0 and tanh."""

    def gradients(parameters):
        return manual.shallow.gradients(parameters, X, Y)

    end, _ = gradient_descent(gradients, initialize(name, (3, 4, 1)), 0.5, 200)
    for V in ("W1", "b1"):
        np.testing.assert_allclose(end[V], end[V][[0]].repeat(4, axis=0), rtol=1e-12)
    assert np.ptp(end["W2"]) < 1e-12
    if name == "zeros":
        assert not end["W1"].any()


def test_S31_a_rank_1_array_is_refused_by_name():
    """keepdims=True keeps (n, 1); (n,) would broadcast to a square."""
    _, _, gradients = manual.shallow.gradients(SHALLOW, X, Y)
    assert gradients["db1"].shape == (4, 1)
    with pytest.raises(ValueError, match=r"b1 has shape \(4,\), rank 1: .*keepdims=True"):
        manual.shallow.forward(SHALLOW | {"b1": np.zeros(4)}, X)
    assert (np.zeros((4, 1)) - np.zeros(4)).shape == (4, 4)


def test_S32_the_four_forward_equations():
    cache = manual.shallow.forward(SHALLOW, X)
    np.testing.assert_array_equal(cache["Z1"], SHALLOW["W1"] @ X + SHALLOW["b1"])
    np.testing.assert_array_equal(cache["A1"], np.tanh(cache["Z1"]))
    np.testing.assert_array_equal(cache["Z2"], SHALLOW["W2"] @ cache["A1"] + SHALLOW["b2"])
    np.testing.assert_allclose(cache["A2"], 1 / (1 + np.exp(-cache["Z2"])), rtol=1e-15)


def test_S33_the_six_backward_equations():
    _, cache, d = manual.shallow.gradients(SHALLOW, X, Y)
    m = 5
    np.testing.assert_array_equal(d["dZ2"], cache["A2"] - Y)
    np.testing.assert_allclose(d["dW2"], d["dZ2"] @ cache["A1"].T / m)
    np.testing.assert_allclose(d["db2"], d["dZ2"].mean(axis=1, keepdims=True))
    np.testing.assert_allclose(d["dZ1"], SHALLOW["W2"].T * d["dZ2"] * (1 - cache["A1"] ** 2))
    np.testing.assert_allclose(d["dW1"], d["dZ1"] @ X.T / m)
    np.testing.assert_allclose(d["db1"], d["dZ1"].mean(axis=1, keepdims=True))


def test_S34_logistic_regression_through_da_and_fused():
    """dw is X dZᵀ/m for w as a column and dZ Xᵀ/m as a row; the notes' dz·x has no 1/m."""
    unit = {"w": RANDOM.normal(size=(3, 1)), "b": np.ones((1, 1))}
    _, cache, through_da = manual.logistic.gradients(unit, X, Y, "naive_cross_entropy")
    _, _, fused = manual.logistic.gradients(unit, X, Y)
    np.testing.assert_allclose(through_da["dA"], np.where(Y, -1 / cache["A"], 1 / (1 - cache["A"])))
    np.testing.assert_allclose(through_da["dZ"], fused["dZ"])
    np.testing.assert_allclose(fused["dw"].T, fused["dZ"] @ X.T / 5)
    assert "dX" not in fused


def test_S35_da_and_dz_of_the_output_are_one_step():
    """dZ2 through dA2 is A2 − Y up to rounding."""
    _, _, through = manual.shallow.gradients(SHALLOW, X, Y, loss="naive_cross_entropy")
    _, _, fused = manual.shallow.gradients(SHALLOW, X, Y)
    np.testing.assert_allclose(through["dZ2"], fused["dZ2"], rtol=1e-12)


def test_S36_the_derivative_has_the_shape_of_what_it_is_derived_by():
    _, cache, gradients = manual.shallow.gradients(
        SHALLOW, X, Y, loss="naive_cross_entropy", with_dX=True
    )
    values = SHALLOW | cache | {"X": X}
    assert {f"d{name}" for name in values} == set(gradients)
    for name, value in values.items():
        assert gradients[f"d{name}"].shape == value.shape


def test_S38_S39_random_W_breaks_the_symmetry_even_with_b_zero():
    def gradients(parameters):
        return manual.shallow.gradients(parameters, X, Y)

    start = initialize("normal", (3, 4, 1), seed=0)
    assert not any(start[b].any() for b in ("b1", "b2"))
    end, _ = gradient_descent(gradients, start, 0.5, 200)
    assert np.linalg.matrix_rank(end["W1"], tol=1e-3) > 1
    assert all(abs(end["W1"][i] - end["W1"][j]).max() > 1e-3 for i in range(4) for j in range(i))


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_S40_a_large_W_saturates(name):
    """The slope gets small, not large as the notes have it."""
    g, g_prime = activation(name)
    wide = RANDOM.normal(size=(100, 50))
    slopes = {}
    for scale in (0.01, 1.0, 10.0):
        start = initialize("normal", (100, 20, 1), seed=0, scale=scale)
        Z = start["W1"] @ wide
        slopes[scale] = g_prime(Z, g(Z)).mean()
    assert slopes[0.01] > 0.9 * g_prime(np.zeros((1, 1)), g(np.zeros((1, 1)))).item()
    assert slopes[0.01] > 2 * slopes[1.0] > 10 * slopes[10.0]


def test_N1_the_loss_is_natural_log_and_the_cost_its_mean():
    A = np.array([[0.2, 0.9]])
    cost = manual.losses.naive_cross_entropy(A, np.array([[0, 1]]))
    assert cost == pytest.approx((-np.log(0.8) - np.log(0.9)) / 2)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float64"])
def test_N2_labels_of_any_dtype_are_cast_at_the_door(dtype):
    """uint8 arithmetic would wrap: −1 is 255."""
    assert np.negative(np.ones(1, np.uint8)) == 255
    _, _, of_floats = manual.shallow.gradients(SHALLOW, X, Y.astype("float64"))
    _, _, gradients = manual.shallow.gradients(SHALLOW, X, Y.astype(dtype))
    with jax.enable_x64(True):
        _, _, derived = autodiff.shallow.gradients(SHALLOW, X, Y.astype(dtype))
    for name, value in of_floats.items():
        np.testing.assert_array_equal(gradients[name], value)
        np.testing.assert_allclose(derived[name], value, rtol=1e-12, atol=1e-16)


def test_N3_a_prediction_is_a_greater_than_one_half():
    np.testing.assert_array_equal(
        predict(np.array([[0.4, 0.5, 0.6]])), np.array([[False, False, True]])
    )
    assert accuracy(np.array([[0.4, 0.5, 0.6]]), np.array([[0, 1, 1]])) == pytest.approx(2 / 3)
    ten = np.eye(10)[:, [3, 5]]
    assert accuracy(ten, np.eye(10)[:, [3, 4]]) == 0.5
    assert autodiff.descent.accuracy(ten, np.eye(10)[:, [3, 4]]) == 0.5


def test_N4_a_linear_output_with_half_the_squared_error_gives_dZ2_A2_minus_Y():
    _, cache, gradients = manual.shallow.gradients(
        SHALLOW, X, Y, "tanh", "identity", "half_squared_error"
    )
    np.testing.assert_array_equal(gradients["dZ2"], cache["A2"] - Y)


def test_N5_several_outputs_are_summed_and_the_sum_is_divided_by_m_alone():
    parameters = initialize("he", (3, 4, 2), seed=4)
    both = RANDOM.integers(0, 2, (2, 5))
    J, cache, _ = manual.shallow.gradients(parameters, X, both)
    one_by_one = sum(manual.losses.cross_entropy(cache["Z2"][[i]], both[[i]]) for i in (0, 1))
    assert pytest.approx(one_by_one, rel=1e-14) == J


def test_N6_any_number_of_layers_and_two_of_them_are_the_shallow_network():
    J, cache, gradients = manual.shallow.gradients(SHALLOW, X, Y, "relu", with_dX=True)
    J_deep, deep_cache, deep = manual.deep.gradients(
        SHALLOW, X, Y, ("relu", "sigmoid"), with_dX=True
    )
    assert J_deep == J
    for name, value in (cache | gradients).items():
        np.testing.assert_array_equal((deep_cache | deep)[name], value)
    nine = initialize("he", (3, *[4] * 9, 1))
    _, _, gradients = manual.deep.gradients(nine, X, Y, ("tanh",) * 9 + ("sigmoid",))
    assert gradients["dW1"].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_N7_nothing_overflows_and_the_dtype_stays(dtype):
    """Warnings are errors here: an overflow would fail the test."""
    parameters = {name: V.astype(dtype) * 1000 for name, V in SHALLOW.items()}
    J, cache, gradients = manual.shallow.gradients(parameters, X.astype(dtype), Y, with_dX=True)
    assert np.isfinite(J)
    for value in [J, *cache.values(), *gradients.values()]:
        assert value.dtype == dtype
        assert np.isfinite(value).all()
    np.testing.assert_array_equal(sigmoid(np.array([-1e4, 1e4], dtype)), [0, 1])


def test_N9_dX_is_returned_on_request_and_is_per_example():
    _, _, without = manual.shallow.gradients(SHALLOW, X, Y)
    _, _, gradients = manual.shallow.gradients(SHALLOW, X, Y, with_dX=True)
    assert "dX" not in without
    h = 1e-6
    for j in range(5):
        up, down = X[:, [j]].copy(), X[:, [j]].copy()
        up[1], down[1] = up[1] + h, down[1] - h
        costs = [manual.shallow.gradients(SHALLOW, x, Y[:, [j]])[0] for x in (up, down)]
        assert gradients["dX"][1, j] == pytest.approx((costs[0] - costs[1]) / (2 * h), rel=1e-6)
