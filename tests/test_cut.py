"""Programs cut at their marks: each line by itself, whatever the lines before it gave."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name

from backproof.autodiff.cut import cut
from backproof.autodiff.derive import derive
from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.result import CUT, UPSTREAM
from backproof.compare import PAIRS
from backproof.compare.builtin import Network

SIZES = {"n_x": 3, "n_1": 4, "n_2": 2, "n_y": 5, "m": 6}
SLOPE = 0.25


def deep(loss: str) -> Any:
    """Return autodiff's side of tanh, leaky ReLU, sigmoid."""
    return Network("deep", "deep", ("tanh", "leaky_relu"), "sigmoid", loss).pair().reference


def drawn(program: DerivedProgram, sizes: dict[str, int], dtype: str = "float64") -> dict[str, Any]:
    """Draw every array that a program is given: no value is what any line would give."""
    random = np.random.default_rng(0)
    signature = program.signature
    arrays: dict[str, Any] = {}
    for leaf, spec in zip(signature.leaves, signature.specs(sizes), strict=True):
        if leaf.kind == "float":
            arrays[leaf.name] = random.standard_normal(spec.shape).astype(dtype)
        else:
            arrays[leaf.name] = random.integers(0, 2, spec.shape).astype(spec.dtype)
    return signature.nested(arrays)


def run(program: DerivedProgram, given: dict[str, Any]) -> dict[str, Any]:
    J, values, gradients = program(**given)
    return {"J": J, **values, **gradients}


def on_the_board(given: dict[str, Any], loss: str) -> dict[str, Any]:
    """Every line of the deep network, each from what is given for the lines before it."""
    p, X, Y, slope = (given[name] for name in ("parameters", "X", "Y", "slope"))
    V, dV = given[CUT], given[UPSTREAM]
    m = X.shape[1]

    def sigma(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    lines = {
        "Z1": p["W1"] @ X + p["b1"],
        "A1": np.tanh(V["Z1"]),
        "Z2": p["W2"] @ V["A1"] + p["b2"],
        "A2": np.where(V["Z2"] >= 0, V["Z2"], slope * V["Z2"]),
        "Z3": p["W3"] @ V["A2"] + p["b3"],
        "A3": sigma(V["Z3"]),
        "dW3": dV["Z3"] @ V["A2"].T / m,
        "db3": dV["Z3"].sum(axis=1, keepdims=True) / m,
        "dA2": p["W3"].T @ dV["Z3"],
        "dZ2": dV["A2"] * np.where(V["Z2"] >= 0, 1, slope),
        "dW2": dV["Z2"] @ V["A1"].T / m,
        "db2": dV["Z2"].sum(axis=1, keepdims=True) / m,
        "dA1": p["W2"].T @ dV["Z2"],
        "dZ1": dV["A1"] * (1 - np.tanh(V["Z1"]) ** 2),
        "dW1": dV["Z1"] @ X.T / m,
        "db1": dV["Z1"].sum(axis=1, keepdims=True) / m,
        "dX": p["W1"].T @ dV["Z1"],
    }
    if loss == "half_squared_error":
        A = V["A3"]
        return lines | {
            "J": ((A - Y) ** 2).sum() / (2 * m),
            "dA3": A - Y,
            "dZ3": dV["A3"] * sigma(V["Z3"]) * (1 - sigma(V["Z3"])),
        }
    Z = V["Z3"]
    J = (Y * np.log1p(np.exp(-Z)) + (1 - Y) * np.log1p(np.exp(Z))).sum() / m
    return lines | {"J": J, "dZ3": sigma(Z) - Y}


@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
@pytest.mark.parametrize("loss", ["half_squared_error", "cross_entropy"])
def test_each_line_is_the_equation_on_the_board(loss: str, dtype: str) -> None:
    """On random values and random derivatives: no line can have come from the lines before."""
    reference = deep(loss)
    marks = [name for name in reference.program.marks() if loss[0] == "h" or name != "A3"]
    program = reference.cut(marks, SIZES)
    given = drawn(program, SIZES, dtype) | {"slope": np.array(SLOPE, dtype)}
    found, expected = run(program, given), on_the_board(given, loss)
    idle = {"dA3"} if loss == "cross_entropy" else set()
    assert found.keys() - expected.keys() == idle
    assert expected.keys() <= found.keys()
    eps = float(max(np.finfo(dtype).eps, 1e-17))
    for name, line in expected.items():
        assert (found[name].dtype, found[name].shape) == (np.dtype(dtype), np.shape(line)), name
        np.testing.assert_allclose(found[name], line, rtol=200 * eps, atol=20 * eps, err_msg=name)


@pytest.mark.parametrize("some", [["Z2"], ["A1", "Z3"], ["Z1", "Z2", "Z3"], []])
def test_between_cuts_the_program_goes_on_as_it_does(some: list[str]) -> None:
    """Cut where it is, with what it gives there itself, it is the program that it was."""
    reference = deep("half_squared_error")
    program, at = reference.program, reference.cut(some, SIZES)
    given = drawn(program, SIZES)
    whole = run(program, given)
    if some:
        given[CUT] = {name: whole[name] for name in some}
        given[UPSTREAM] = {name: whole[f"d{name}"] for name in some}
    found = run(at, given)
    assert found.keys() == whole.keys()
    for name, value in whole.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-15, err_msg=name)


def test_a_cut_stops_what_is_behind_it() -> None:
    """At Z2: dA1 comes from the given dZ2 alone, and Z3 from the given Z2 alone."""
    reference = deep("half_squared_error")
    at = reference.cut(["Z2"], SIZES)
    given = drawn(at, SIZES)
    before = run(at, given)
    after = run(
        at,
        given
        | {
            "Y": given["Y"] + 1,
            "parameters": given["parameters"] | {"b3": given["parameters"]["b3"] + 1},
        },
    )
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == {"Z1", "A1", "Z2", "A2", "dA1", "dZ1", "dW1", "db1", "dW2", "db2", "dX"}
    moved = run(at, given | {"X": given["X"] + 1})
    assert {name for name in before if not np.array_equal(before[name], moved[name])} == {
        "Z1", "A1", "Z2", "dZ1", "dW1", "db1", "dW2", "dX"
    }  # fmt: skip


class Layer(NamedTuple):  # noqa: D101
    W: Any
    b: Any


def nested_loss(layers: Any, data: Any) -> Any:
    A = data["X"]
    for i, layer in enumerate(layers):
        Z = checkpoint_name(layer.W @ A + layer.b[:, None], f"Z{i}")
        A = jnp.tanh(Z)
    return jnp.sum((A - data["Y"]) ** 2) / 2


def test_nested_arguments_stay_nested() -> None:
    shapes = {
        "layers": [Layer("k, n", "k"), Layer("1, k", "1")],
        "data": {"X": "n, m", "Y": "1, m"},
    }
    at = cut(derive(nested_loss, shapes, wrt="layers"), ["Z0", "Z1"])
    given = drawn(at, {"k": 3, "n": 2, "m": 4})
    assert isinstance(given["layers"][0], Layer)
    (one, two), data, V, dV = given["layers"], given["data"], given[CUT], given[UPSTREAM]
    found = run(at, given)
    A0, A1 = np.tanh(V["Z0"]), np.tanh(V["Z1"])
    expected = {
        "J": ((A1 - data["Y"]) ** 2).sum() / 2,
        "Z0": one.W @ data["X"] + one.b[:, None],
        "Z1": two.W @ A0 + two.b[:, None],
        "dZ1": (A1 - data["Y"]) * (1 - A1**2),
        "dZ0": two.W.T @ dV["Z1"] * (1 - A0**2),
        "dlayers_1_0": dV["Z1"] @ A0.T,
        "dlayers_1_1": dV["Z1"].sum(axis=1),
        "dlayers_0_0": dV["Z0"] @ data["X"].T,
        "dlayers_0_1": dV["Z0"].sum(axis=1),
    }
    assert found.keys() == expected.keys()
    for name, line in expected.items():
        np.testing.assert_allclose(found[name], line, rtol=1e-13, err_msg=name)


def branching(X: Any, i: Any, heads: Any) -> Any:
    Z = checkpoint_name(3 * X, "Z")
    A = checkpoint_name(Z[i] ** 2 if X.shape[0] > 3 else Z[i] ** 3, "A")
    return jnp.sum(jnp.where(heads, A, -A))


def test_a_loss_that_is_traced_per_shape_is_cut_per_shape() -> None:
    """Dimensions become numbers, integers and truth values stay what they are."""
    program = derive(branching, {"X": "n, m", "i": "int[k]", "heads": "bool[k, m]"})
    assert program.per_shape
    for n in (2, 5):
        sizes = {"k": 4, "m": 3, "n": n}
        at = cut(program, ["Z", "A"], sizes)
        assert [str(leaf.shape) for leaf in at.signature.leaves][:3] == [
            f"({n}, 3)", "(4,)", "(4, 3)"
        ]  # fmt: skip
        assert [leaf.kind for leaf in at.signature.leaves][:3] == ["float", "int", "bool"]
        assert not at.per_shape
        given = drawn(at, {})
        X, i, heads, V, dV = given.values()
        found = run(at, given)
        power = 2 if n > 3 else 3
        dZ = np.zeros((n, 3))
        np.add.at(dZ, i, power * V["Z"][i] ** (power - 1) * dV["A"])
        expected = {
            "J": np.where(heads, V["A"], -V["A"]).sum(),
            "Z": 3 * X,
            "A": V["Z"][i] ** power,
            "dA": np.where(heads, 1, -1),
            "dZ": dZ,
            "dX": 3 * dV["Z"],
        }
        assert found.keys() == expected.keys()
        for name, line in expected.items():
            np.testing.assert_allclose(found[name], line, rtol=1e-13, err_msg=name)


def test_sizes_within_sizes_become_numbers_too() -> None:
    """Commas of max(m, k) separate no axes."""

    def loss(X: Any, y: Any, i: Any) -> Any:
        Z = checkpoint_name(X * (2 if X.shape[0] == 2 else 5), "Z")
        return jnp.sum(Z) + jnp.sum(y) * jnp.sum(i)

    program = derive(loss, {"X": "n, max(m, k)", "y": "m", "i": "int[k, 2*n]"})
    assert program.per_shape
    at = cut(program, ["Z"], {"n": 2, "m": 4, "k": 3})
    assert at.signature.shapes == {
        "X": "2, 4",
        "y": "4",
        "i": "int[3, 4]",
        CUT: {"Z": "2, 4"},
        UPSTREAM: {"Z": "2, 4"},
    }
    assert run(at, drawn(at, {}))["dZ"].tolist() == [[1] * 4] * 2


def test_constraints_hold_for_a_program_that_is_cut() -> None:
    def loss(x: Any) -> Any:
        return jnp.sum(checkpoint_name(x[1:] - x[:-1], "d") ** 2)

    at = cut(derive(loss, {"x": "n"}, constraints=["n >= 3"]), ["d"])
    given = drawn(at, {"n": 3})
    assert given[CUT]["d"].shape == (2,)
    np.testing.assert_allclose(run(at, given)["dd"], 2 * given[CUT]["d"])
    with pytest.raises(ValueError, match="n=2: the constraint n >= 3 does not hold"):
        at(**drawn(at, {"n": 2}))
    given[UPSTREAM]["d"] = np.ones(4)
    with pytest.raises(ValueError, match=r'cut_upstream\["d"\] has shape \(4,\): expected \(2,\)'):
        at(**given)


def test_names_that_clash_are_kept_apart() -> None:
    def loss(cut_values_z: Any, z_: Any, dz: Any, p: Any) -> Any:
        z = checkpoint_name(2 * cut_values_z + z_, "z")
        other = checkpoint_name(3 * dz + p["z"], "z.")
        return jnp.sum(z * other**2)

    shapes = {"cut_values_z": "n", "z_": "n", "dz": "n", "p": {"z": "n"}}
    with pytest.raises(ValueError, match=r"'.*' is an argument, and marks a value"):
        derive(loss, shapes | {"p": {"z": "n"}})
    shapes["p"] = {"y": "n"}

    def renamed(cut_values_z: Any, z_: Any, dz: Any, p: Any) -> Any:
        return loss(cut_values_z, z_, dz, {"z": p["y"]})

    at = cut(derive(renamed, shapes, wrt=["cut_values_z", "z_", "p"]), ["z", "z."])
    given = drawn(at, {"n": 3})
    V, dV = given[CUT], given[UPSTREAM]
    found = run(at, given)
    expected = {
        "J": (V["z"] * V["z."] ** 2).sum(),
        "z": 2 * given["cut_values_z"] + given["z_"],
        "z.": 3 * given["dz"] + given["p"]["y"],
        "dz": V["z."] ** 2,
        "dz.": 2 * V["z"] * V["z."],
        "dcut_values_z": 2 * dV["z"],
        "dz_": dV["z"],
        "dy": dV["z."],
    }
    assert found.keys() == expected.keys()
    for name, line in expected.items():
        np.testing.assert_allclose(found[name], line, rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("name", [CUT, UPSTREAM])
def test_an_argument_may_not_be_called_as_what_a_cut_is_given(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is a word of the program: give the argument"):
        derive(lambda **arguments: jnp.sum(arguments[name]), {name: "n"})


def test_a_mark_that_is_not_there_cannot_be_cut_at() -> None:
    with pytest.raises(KeyError, match="Z9"):
        cut(deep("cross_entropy").program, ["Z9"])


def marked(x: Any, w: Any, unused: Any) -> Any:
    a = checkpoint_name(w * x, "a")
    b = checkpoint_name(jnp.tanh(a), "b")
    checkpoint_name(jnp.sum(unused), "nowhere")
    stopped = jax.lax.stop_gradient(checkpoint_name(b**2, "stopped"))
    c = checkpoint_name(b @ b + jnp.sum(stopped), "c")
    return c + jnp.sum(x**2)


MARKED = derive(marked, {"x": "n", "w": "n", "unused": "n, k"})


def test_marks_come_with_their_shapes_in_the_order_of_computation() -> None:
    shapes = {"a": "n", "b": "n", "nowhere": "", "stopped": "n", "c": ""}
    assert MARKED.marks() == shapes
    order = [name for name in MARKED.marks() if name != "nowhere"]
    assert order == ["a", "b", "stopped", "c"]
    network = PAIRS["deep-3-sigmoid-cross_entropy"].reference.program
    assert network.marks() == {
        f"{V}{l}": f"{n}, m" for l, n in ((1, "n_1"), (2, "n_2"), (3, "n_y")) for V in "ZA"
    }
    assert list(network.marks()) == ["Z1", "A1", "Z2", "A2", "Z3", "A3"]
    assert derive(lambda x: jnp.sum(x), {"x": "n"}).marks() == {}


def test_marks_of_a_program_that_is_traced_per_shape_have_numbers_for_sizes() -> None:
    program = derive(branching, {"X": "n, m", "i": "int[k]", "heads": "bool[k, m]"})
    assert program.marks({"k": 4, "m": 3, "n": 2}) == {"Z": "2, 3", "A": "4, 3"}
    assert program.marks({"k": 1, "m": 1, "n": 7}) == {"Z": "7, 1", "A": "1, 1"}


def test_idle_marks_are_those_that_no_derivative_goes_through() -> None:
    """The cost is not computed from them, or their gradient is stopped."""
    assert MARKED.idle_marks() == {"nowhere", "stopped"}
    _, _, gradients = MARKED(x=np.ones(2), w=np.ones(2), unused=np.ones((2, 3)))
    zeros = {name for name, dV in gradients.items() if not np.any(dV)}
    assert zeros == {"dnowhere", "dstopped", "dunused"}
    for name, idle in {
        "deep-3-sigmoid-cross_entropy": {"A3"},
        "deep-4-sigmoid-half_squared_error": set(),
        "logistic-cross_entropy": {"A"},
        "logistic-naive_cross_entropy": set(),
    }.items():
        assert PAIRS[name].reference.program.idle_marks() == idle


def test_gradients_are_named_after_those_that_they_are_computed_from() -> None:
    names = MARKED.gradient_names()
    assert sorted(names) == sorted(
        ["dx", "dw", "dunused", "da", "db", "dc", "dnowhere", "dstopped"]
    )
    in_order = [name for name in names if name in ("dc", "db", "da", "dw")]
    assert in_order == ["dc", "db", "da", "dw"]
    assert names.index("da") < names.index("dx")


def test_a_line_reads_what_its_equation_names() -> None:
    program = deep("half_squared_error").cut(["Z1", "A1", "Z2", "A2", "Z3", "A3"], SIZES)
    V, dV = "cut_values_", "cut_upstream_"
    assert {
        name: set(program.reads(name))
        for name in ("J", *program.marks(), *program.gradient_names())
    } == {
        "Z1": {"W1", "b1", "X"},
        "A1": {f"{V}Z1"},
        "Z2": {"W2", "b2", f"{V}A1"},
        "A2": {f"{V}Z2", "slope"},
        "Z3": {"W3", "b3", f"{V}A2"},
        "A3": {f"{V}Z3"},
        "J": {f"{V}A3", "Y"},
        "dA3": {f"{V}A3", "Y"},
        "dZ3": {f"{V}Z3", f"{dV}A3"},
        "dW3": {f"{V}A2", f"{dV}Z3"},
        "db3": {f"{dV}Z3"},
        "dA2": {"W3", f"{dV}Z3"},
        "dZ2": {f"{V}Z2", f"{dV}A2", "slope"},
        "dW2": {f"{V}A1", f"{dV}Z2"},
        "db2": {f"{dV}Z2"},
        "dA1": {"W2", f"{dV}Z2"},
        "dZ1": {f"{V}Z1", f"{dV}A1"},
        "dW1": {"X", f"{dV}Z1"},
        "db1": {f"{dV}Z1"},
        "dX": {"W1", f"{dV}Z1"},
    }
    whole = deep("half_squared_error").program
    assert set(whole.reads("Z2")) == {"W1", "b1", "W2", "b2", "X"}
    assert whole.reads("dW1") == [leaf.name for leaf in whole.signature.leaves]
