"""`derive`: one trace for every shape, any precision, and clear words where it cannot be."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Array, Bool, Float, Int

from backproof.autodiff import xla
from backproof.autodiff.derive import derive
from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.undecided import refused
from backproof.compare import PAIRS
from backproof.compare.derivation import of_network

SHAPES = {"W": "k, n", "X": "n, m"}
W, X = np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(0, 2, 12).reshape(3, 4)


def loss(W: jax.Array, X: jax.Array) -> jax.Array:
    return jnp.mean(jnp.tanh(W @ X) ** 2)


def agree(program: DerivedProgram, function: Any, given: dict[str, Any], wrt: str) -> None:
    """Hold the program against `jax.grad`, in float64."""
    J, _, gradients = program(**given)
    with jax.enable_x64(True):
        expected, gradient = jax.value_and_grad(lambda V: function(**{**given, wrt: V}))(
            jnp.asarray(given[wrt])
        )
    np.testing.assert_allclose(J, expected, rtol=1e-13)
    np.testing.assert_allclose(gradients[f"d{wrt}"], gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", PAIRS)
def test_one_trace_serves_every_shape(name: str) -> None:
    right = PAIRS[name].reference.program
    traces = []

    def counted(**arguments: Any) -> Any:
        traces.append(1)
        return right.function(**arguments)

    program = DerivedProgram(counted, right.signature)
    random = np.random.default_rng(0)
    shapes: set[tuple[int, ...]] = set()
    while len(shapes) < 500:
        shape = tuple(int(n) for n in random.integers(1, 24, len(program.signature.sizes.names)))
        if shape in shapes:
            continue
        shapes.add(shape)
        sizes = dict(zip(program.signature.sizes.names, shape, strict=True))
        program(
            **program.signature.nested(
                {
                    leaf.name: random.random(spec.shape)
                    for leaf, spec in zip(
                        program.signature.leaves, program.signature.specs(sizes), strict=True
                    )
                }
            )
        )
    assert len(traces) == 1
    assert not program.per_shape
    assert not program.through_xla


def test_dtypes_are_kept() -> None:
    program = derive(loss, SHAPES)
    for dtype in (np.float32, np.float64, np.longdouble):
        J, _, gradients = program(W=W.astype(dtype), X=X.astype(dtype))
        assert {J.dtype, gradients["dW"].dtype, gradients["dX"].dtype} == {np.dtype(dtype)}


@pytest.mark.parametrize("name", PAIRS)
def test_longdouble_agrees_with_float64_to_the_rounding_of_float64(name: str) -> None:
    program = PAIRS[name].reference.program
    random = np.random.default_rng(1)
    signature = program.signature
    sizes = dict(zip(signature.sizes.names, (4, 3, 2, 5, 3, 1), strict=False))
    for _ in range(5):
        values = {
            leaf.name: random.uniform(0.1, 0.9, spec.shape)
            for leaf, spec in zip(signature.leaves, signature.specs(sizes), strict=True)
        }
        narrow = program.bounded(**signature.nested(values))
        wide = program(
            **signature.nested({name: V.astype(np.longdouble) for name, V in values.items()})
        )
        for group in (1, 2):
            for quantity, exact in wide[group].items():
                assert exact.dtype == np.longdouble
                number = narrow[group][quantity]
                assert np.all(np.abs(number.value - exact) <= number.error), quantity


def test_longdouble_agrees_with_fifty_digits() -> None:
    """The shallow network's gradient against differences of its cost, in 80 digits of mpmath."""
    random = np.random.default_rng(2)
    shapes = {"W1": (3, 2), "b1": (3, 1), "W2": (2, 3), "b2": (2, 1)}
    parameters = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    X, Y = random.standard_normal((2, 4)), random.random((2, 4))
    program = PAIRS["shallow-tanh-sigmoid-cross_entropy"].reference.program
    _, _, gradients = program(
        parameters={name: V.astype(np.longdouble) for name, V in parameters.items()},
        X=X.astype(np.longdouble),
        Y=Y.astype(np.longdouble),
    )

    def cost(V: dict[str, Any]) -> Any:
        J = mpmath.mpf(0)
        for j in range(4):
            x = mpmath.matrix(X[:, [j]].tolist())
            A1 = (V["W1"] * x + V["b1"]).apply(mpmath.tanh)
            Z2 = V["W2"] * A1 + V["b2"]
            for z, y in zip(Z2, Y[:, j], strict=True):
                a = 1 / (1 + mpmath.exp(-z))
                J -= (y * mpmath.log(a) + (1 - y) * mpmath.log(1 - a)) / 4
        return J

    eps = float(np.finfo(np.longdouble).eps)
    with mpmath.workdps(80):
        h = mpmath.mpf(10) ** -20  # the difference's error is of the order of h², 1e-40
        for name, shape in shapes.items():
            largest = float(np.max(np.abs(gradients[f"d{name}"])))
            for place in np.ndindex(shape):
                ends = []
                for step in (h, -h):
                    V = {key: mpmath.matrix(value.tolist()) for key, value in parameters.items()}
                    V[name][place] += step
                    ends.append(cost(V))
                exact = (ends[0] - ends[1]) / (2 * h)
                mine = mpmath.mpf(np.format_float_positional(gradients[f"d{name}"][place], 30))
                assert abs(mine - exact) <= 30 * eps * largest, (name, place)


def test_the_shallow_source_is_short_and_says_what_it_computes() -> None:
    for hidden in ("tanh", "sigmoid", "relu", "leaky_relu", "identity"):
        (function,) = (
            node
            for node in ast.parse(of_network("shallow", hidden=hidden)).body
            if isinstance(node, ast.FunctionDef)
        )
        assert sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1 <= 30
    text = of_network("shallow", hidden="tanh")
    for line in (
        "Z1 = W1 @ X + b1  # (n_1, m)",
        "# by hand: dW2 = dZ2 @ A1.T / m",
        "dW2 = dZ2 @ A1.T  # (n_y, n_1)",
        "dA1 = W2.T @ dZ2  # (n_1, m)",
        "db1 = dZ1.sum(axis=1, keepdims=True)  # (n_1, 1)",
        "dW1 = dZ1 @ X.T  # (n_1, n_x)",
    ):
        assert f"    {line}\n" in text


def test_the_source_runs_on_its_own() -> None:
    program = derive(loss, SHAPES, wrt="W")
    scope: dict[str, Any] = {}
    exec(program.source, scope)
    J, _, gradients = scope["gradients"](W, X)
    expected = program(W=W, X=X)
    assert expected[0] == J
    np.testing.assert_array_equal(gradients["dW"], expected[2]["dW"])


def test_marks_are_returned_with_their_gradients() -> None:
    def marked(W: jax.Array, X: jax.Array) -> jax.Array:
        Z = checkpoint_name(W @ X, "Z")
        return jnp.sum(Z**2)

    _, values, gradients = derive(marked, SHAPES, wrt=[])(W=W, X=X)
    np.testing.assert_allclose(values["Z"], W @ X)
    np.testing.assert_allclose(gradients["dZ"], 2 * (W @ X))
    assert set(gradients) == {"dZ"}


def test_marks_within_a_called_function_are_seen() -> None:
    @jax.jit
    def inner(X: jax.Array) -> jax.Array:
        return checkpoint_name(3 * X, "Z")

    @jax.checkpoint
    def outer(X: jax.Array) -> jax.Array:
        return checkpoint_name(inner(X) ** 2, "A")

    _, values, gradients = derive(lambda X: jnp.sum(outer(X)), {"X": "n"})(X=np.ones(2))
    assert values["Z"].tolist() == [3, 3]
    assert values["A"].tolist() == [9, 9]
    assert gradients["dZ"].tolist() == [6, 6]
    assert gradients["dX"].tolist() == [18, 18]


def test_arguments_nest() -> None:
    def nested(layers: list[dict[str, jax.Array]], X: jax.Array) -> jax.Array:
        for layer in layers:
            X = jnp.tanh(layer["W"] @ X + layer["b"][:, None])
        return jnp.sum(X)

    shapes = {"layers": [{"W": "k, n", "b": "k"}, {"W": "1, k", "b": "1"}], "X": "n, m"}
    program = derive(nested, shapes, wrt="layers")
    layers = [{"W": W, "b": np.ones(2)}, {"W": np.ones((1, 2)), "b": np.zeros(1)}]
    _, _, gradients = program(layers=layers, X=X)
    assert set(gradients) == {"dlayers_0_W", "dlayers_0_b", "dlayers_1_W", "dlayers_1_b"}
    assert gradients["dlayers_0_W"].shape == (2, 3)


def test_shapes_are_read_from_annotations() -> None:
    def annotated(
        W: Float[Array, "k n"],
        y: Int[Array, " m"],
        mask: Bool[Array, " m"],
        X: Float[Array, "n m"],
        scale: float = 2.0,
    ) -> jax.Array:
        Z = W @ X
        return scale * jnp.sum(jnp.where(mask, Z[y, jnp.arange(Z.shape[1])], 0))

    program = derive(annotated, wrt=["W"])
    given = {
        "W": W,
        "y": np.array([0, 1, 1, 0]),
        "mask": np.array([True, True, False, True]),
        "X": X,
    }
    agree(program, annotated, given, "W")


def test_sizes_are_solved_from_expressions() -> None:
    def halves(X: jax.Array) -> jax.Array:
        return jnp.sum(X[: X.shape[0] // 2] * X[X.shape[0] // 2 :])

    program = derive(halves, {"X": "2*n, m"})
    agree(program, halves, {"X": np.arange(8.0).reshape(4, 2)}, "X")
    with pytest.raises(ValueError, match=r"X has shape \(3, 2\): axis 0 is 2\*n, with n a whole"):
        program(X=np.ones((3, 2)))


def test_a_branch_on_a_size_is_traced_per_shape() -> None:
    traces = []

    def branching(X: jax.Array) -> jax.Array:
        traces.append(X.shape)
        return jnp.sum(X**2) if X.shape[0] > 3 else jnp.sum(X)

    program = derive(branching, {"X": "n"})
    assert "comparison 'n' > '3' is inconclusive" in program.per_shape
    before = len(traces)
    agree_at = {n: program(X=np.full(n, 3.0))[2]["dX"].tolist() for n in (2, 5, 2, 5)}
    assert agree_at == {2: [1, 1], 5: [6] * 5}
    assert len(traces) == before + 2
    with pytest.raises(ValueError, match="traced once for every shape"):
        _ = program.source


class Layer(NamedTuple):  # noqa: D101
    W: Any
    b: Any


def test_sizes_of_two_traces_differ_without_a_question() -> None:
    """JAX's caches compare them, now and then, while a function is traced."""
    one, other = (jax.export.symbolic_shape("n")[0] for _ in range(2))
    with refused():
        assert one != other
        assert (one == other) is False


BRANCHES = {
    "==": lambda X: jnp.sum(X) if X.shape[0] == 1 else jnp.sum(X**2),
    "!=": lambda X: jnp.sum(X) if X.shape[0] != 3 else jnp.sum(X**2),
    "in": lambda X: jnp.sum(X) if X.shape[0] in (1, 2) else jnp.sum(X**2),
    "two sizes": lambda X: jnp.sum(X) if X.shape[0] == X.shape[1] else jnp.sum(X**2),
    "shapes": lambda X: jnp.sum(X) if X.shape == (2, 2) else jnp.sum(X**2),
    "truth": lambda X: jnp.sum(X) if X.shape[0] - 1 else jnp.sum(X**2),
    "not": lambda X: jnp.sum(X) if not X.shape[0] % 2 else jnp.sum(X**2),
    "or": lambda X: jnp.sum(X**2) / ((X.shape[0] - 2) or 1),
    "in a set": lambda X: jnp.sum(X) if X.shape[0] in {1, 2} else jnp.sum(X**2),
}


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch_on_equal_sizes_is_traced_per_shape(branch: str) -> None:
    """JAX answers False to n == 3 while n is any size: no branch may be taken on that."""
    program = derive(BRANCHES[branch], {"X": "n, m"})
    assert "is inconclusive" in program.per_shape
    for shape in ((1, 1), (2, 2), (3, 2), (1, 3)):
        agree(program, BRANCHES[branch], {"X": np.full(shape, 3.0)}, "X")


def test_a_comparison_that_has_an_answer_for_all_sizes_is_no_branch() -> None:
    for asked in (lambda n: n != 0, lambda n: n, lambda n: n + 1):
        program = derive(
            lambda X, asked=asked: jnp.sum(X) if asked(X.shape[0]) else jnp.sum(X**2), {"X": "n"}
        )
        assert program.per_shape == ""
        assert program(X=np.full(3, 3.0))[0] == 9


def test_sizes_are_asked_by_one_thread_at_a_time() -> None:
    """JAX's class of sizes is changed for the time of a trace, and then as it was."""
    entered, may_leave = Event(), Event()

    def waiting(X: jax.Array) -> jax.Array:
        entered.set()
        may_leave.wait(10)
        return jnp.sum(X)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(derive, waiting, {"X": "n"})
        entered.wait(10)
        second = pool.submit(derive, BRANCHES["=="], {"X": "n, m"})
        may_leave.set()
        assert first.result().per_shape == ""
        assert "is inconclusive" in second.result().per_shape
    n, _ = jax.export.symbolic_shape("n, m")
    assert (n == 3, bool(n)) == (False, True)


def test_a_library_whose_name_begins_with_jax_is_not_jax() -> None:
    """Code in site-packages/jaxopt asks about sizes as a user's code does."""
    scope: dict[str, Any] = {"jnp": jnp}
    text = "def loss(X):\n    return jnp.sum(X) if X.shape[0] == 1 else jnp.sum(X**2)"
    exec(compile(text, f"{Path(jax.__file__).parent}opt/objective.py", "exec"), scope)
    assert "is inconclusive" in derive(scope["loss"], {"X": "n, m"}).per_shape


def test_the_determinant_of_one_entry() -> None:
    program = derive(lambda X: jnp.linalg.det(X), {"X": "n, n"})
    assert program(X=np.array([[3.0]]))[2]["dX"].tolist() == [[1]]


def test_named_tuples_are_arguments() -> None:
    program = derive(lambda layer: jnp.sum(layer.W @ layer.b), {"layer": Layer("k, n", "n")})
    _, _, gradients = program(layer=Layer(np.ones((2, 3)), np.ones(3)))
    assert gradients["dlayer_1"].tolist() == [2, 2, 2]


def test_arrays_of_one_name_are_kept_apart() -> None:
    shapes = {"p": ["n"], "p_0": "n", "a": {"w.1": "n", "w-1": "n"}}

    def loss(p: Any, p_0: Any, a: Any) -> jax.Array:
        return jnp.sum(p[0] ** 2) + jnp.sum(p_0**3) + jnp.sum(a["w.1"] * a["w-1"] ** 2)

    one, two = np.array([1.0, 2]), np.array([3.0, 4])
    J, _, gradients = derive(loss, shapes)(p=[one], p_0=two, a={"w.1": one, "w-1": two})
    assert J == 5 + 91 + 41
    assert len(gradients) == 4
    assert sorted(gradient.tolist() for gradient in gradients.values()) == [
        [2, 4], [6, 16], [9, 16], [27, 48]
    ]  # fmt: skip


def test_an_array_may_have_the_name_of_what_holds_it() -> None:
    shapes = {"W": {"W": "n, m"}, "b": {"c": "m", "d": "m", "e": "m", "f": "m", "W": "m"}}
    program = derive(lambda W, b: jnp.mean(W["W"]) + jnp.sum(b["W"] ** 2 * b["c"]), shapes)
    vectors = dict.fromkeys("cdef", np.ones(3)) | {"W": np.ones(3)}
    assert program(W={"W": np.ones((2, 3))}, b=vectors)[0] == 4


def test_captured_arrays_may_hold_what_is_not_finite() -> None:
    limits = np.array([1.0, np.inf, -np.inf, np.nan])
    program = derive(lambda x: jnp.sum(jnp.where(jnp.isfinite(limits), x, limits)[:2]), {"x": "4"})
    assert program(x=np.ones(4))[0] == np.inf
    scope: dict[str, Any] = {}
    exec(program.source, scope)
    assert scope["gradients"](np.ones(4))[0] == np.inf


def test_arrays_of_JAX_are_taken_as_they_are() -> None:
    with jax.enable_x64(True):
        given = {"W": jnp.asarray(W), "X": jnp.asarray(X)}
    J, _, gradients = derive(loss, SHAPES)(**given)
    assert type(gradients["dW"]) is np.ndarray
    assert derive(loss, SHAPES)(W=W, X=X)[0] == J


def test_without_a_gradient_there_are_three_results_all_the_same() -> None:
    assert derive(lambda y: jnp.sum(y) * 1.0, {"y": "int[n]"})(y=np.ones(2, "u1")) == (2, {}, {})


def test_a_constraint_may_be_an_equation() -> None:
    program = derive(loss, {"W": "k, n", "X": "j, m"}, constraints="n == j")
    assert program(W=W, X=X)[0] == derive(loss, SHAPES)(W=W, X=X)[0]
    with pytest.raises(ValueError, match="X has shape"):
        program(W=W, X=X[:2])


def test_marks_of_any_name_are_returned() -> None:
    for name in ('a"b', "x\n", "a\\", "1", "gradients", "np", "t1", "J", "dX"):

        def marked(X: jax.Array, name: str = name) -> jax.Array:
            return jnp.sum(checkpoint_name(2 * X, name) ** 2)

        _, values, gradients = derive(marked, {"X": "n"})(X=np.ones(2))
        assert values[name].tolist() == [2, 2]
        assert gradients[f"d{name}"].tolist() == [4, 4]


def test_marks_in_a_function_with_captured_arrays_are_seen() -> None:
    factor = jnp.arange(3.0)
    inner = jax.jit(lambda X: checkpoint_name(X * factor, "Z"))
    _, values, gradients = derive(lambda X: jnp.sum(inner(X) ** 2), {"X": "3"})(X=np.ones(3))
    assert values["Z"].tolist() == [0, 1, 2]
    assert gradients["dZ"].tolist() == [0, 2, 4]


def test_what_has_no_row_runs_through_XLA_and_is_listed() -> None:
    def eigenvalues(X: jax.Array) -> jax.Array:
        return jnp.sum(jnp.linalg.eigvalsh(X @ X.T) ** 2)

    program = derive(eigenvalues, {"X": "n, m"})
    assert program.through_xla == ("eigh",)
    for dtype, rtol in (("float32", 1e-4), ("float64", 1e-12)):
        given = X.astype(dtype)
        J, _, gradients = program(X=given)
        assert J.dtype == gradients["dX"].dtype == given.dtype
        np.testing.assert_allclose(J, np.sum((X @ X.T) ** 2), rtol=rtol)
        np.testing.assert_allclose(gradients["dX"], 4 * X @ X.T @ X, rtol=rtol, atol=rtol)
    with pytest.raises(TypeError, match=r"eigh has no NumPy form and runs through XLA"):
        program(X=X.astype(np.longdouble))


def test_an_option_that_xla_does_not_know_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xla, "LEAST_EFFORT", {"xla_backend_optimization_level": 0})
    assert xla.least_effort.__wrapped__() == {"xla_backend_optimization_level": 0}
    monkeypatch.setattr(xla, "LEAST_EFFORT", {"xla_no_such_option": 0})
    assert xla.least_effort.__wrapped__() == {}


def test_arguments_are_neither_changed_nor_handed_out() -> None:
    program = derive(lambda X, Y: jnp.sum(X * Y) + jnp.sum(X), {"X": "n", "Y": "n"})
    X, Y = np.ones(3), np.arange(3.0)
    X.flags.writeable = Y.flags.writeable = False
    _, _, gradients = program(X=X, Y=Y)
    for gradient in gradients.values():
        assert not np.shares_memory(gradient, X)
        assert not np.shares_memory(gradient, Y)
        gradient += 1


def of_value(X: jax.Array) -> jax.Array:
    return jnp.sum(X) if float(jnp.sum(X)) > 0 else -jnp.sum(X)


BAD = {
    "untraceable": (lambda: derive(of_value, {"X": "n"}), TypeError, "cannot trace the function, because it needs the numbers"),
    "not a function": (lambda: derive(3, {"X": "n"}), TypeError, "loss=3 is a int: expected a function"),
    "no scalar": (lambda: derive(lambda x: jnp.tanh(x), {"x": "n"}), ValueError, r"the loss returns an array of shape \(n,\).*take the mean"),
    "an integer loss": (lambda: derive(lambda a: jnp.argmax(a), {"a": "n"}), ValueError, "dtype int64: expected one float"),
    "no shapes": (lambda: derive(loss), ValueError, "there is none for the argument 'W'"),
    "unknown argument in shapes": (lambda: derive(loss, {**SHAPES, "V": "n"}), ValueError, "the loss has no argument 'V'; it takes W, X"),
    "shape that does not parse": (lambda: derive(loss, {"W": "k n", "X": "n, m"}), ValueError, "shapes: W is 'k n': expected sizes such as 'n, m'"),
    "shape that is no text": (lambda: derive(loss, {"W": 3, "X": "n, m"}), TypeError, "shapes: W is 3: expected text"),
    "unknown kind": (lambda: derive(loss, {"W": "half[k, n]", "X": "n, m"}), ValueError, "'half' is no kind of number; expected float, int, bool"),
    "dimension named as an argument": (lambda: derive(loss, {"W": "k, X", "X": "X, m"}), ValueError, "'X' is an argument and a dimension"),
    "size that cannot be read": (lambda: derive(jnp.sum, {"a": "n + m"}), ValueError, "the size of m cannot be read from any shape"),
    "constraint on nothing": (lambda: derive(loss, SHAPES, constraints=["z >= 2"]), ValueError, "'z >= 2' speaks of z, a dimension of no shape; there are k, m, n"),
    "constraint that does not parse": (lambda: derive(loss, SHAPES, constraints=["n >"]), ValueError, "constraint"),
    "constraints that contradict each other": (lambda: derive(loss, SHAPES, constraints=["n >= 5", "n <= 2"]), ValueError, r"constraints=\['n >= 5', 'n <= 2'\]: Unsatisfiable"),
    "no constraints": (lambda: derive(loss, SHAPES, constraints=None), TypeError, r"constraints=None: expected texts such as \['n >= 2'\]"),
    "a negative size": (lambda: derive(loss, {"W": "-1, n", "X": "n, m"}), ValueError, "shapes: W is '-1, n': .*a size is negative"),
    "unknown wrt": (lambda: derive(loss, SHAPES, wrt="b"), ValueError, "wrt: there is no argument 'b'; expected some of W, X"),
    "integer wrt": (lambda: derive(lambda y: jnp.sum(y) * 1.0, {"y": "int[n]"}, wrt="y"), TypeError, "wrt: y holds ints, which have no derivative"),
    "a mark named as an argument": (lambda: derive(lambda x: jnp.sum(checkpoint_name(2 * x, "x")), {"x": "n"}), ValueError, "'x' is an argument, and marks a value"),
    "a mark that is no text": (lambda: derive(lambda x: jnp.sum(checkpoint_name(2 * x, 1)), {"x": "n"}), TypeError, "a value is marked 1, a int: use text"),
    "a mark on integers": (lambda: derive(lambda x: jnp.sum(x * checkpoint_name(x > 0, "k")), {"x": "n"}), TypeError, "'k' marks bool, which has no derivative"),
    "an argument called np": (lambda: derive(lambda np: jnp.sum(np), {"np": "n"}), ValueError, "'np' is a word of the program"),
    "a dimension called in": (lambda: derive(loss, {"W": "out, in", "X": "in, m"}), ValueError, "'in' is a word of the program"),
    "a dimension called scan": (lambda: derive(loss, {"W": "k, scan", "X": "scan, m"}), ValueError, "'scan' is a word of the program"),
    "shapes as text": (lambda: derive(loss, "k, n"), TypeError, "shapes='k, n': expected a dict"),
    "a key that is no text": (lambda: derive(lambda a: jnp.sum(a[True]), {"a": {True: "n"}}), TypeError, "the key True is a bool"),
    "wrt of a number": (lambda: derive(loss, SHAPES, wrt=0), TypeError, "wrt=0: expected names"),
    "positional-only": (lambda: derive(lambda x, /: jnp.sum(x), {"x": "n"}), TypeError, "takes its arguments by name"),
    "complex numbers inside": (lambda: derive(lambda x: jnp.sum(jnp.abs(jnp.fft.rfft(x))), {"x": "4"}), TypeError, "computes with complex numbers"),
    "random keys inside": (lambda: derive(lambda x: jnp.sum(x * jax.random.normal(jax.random.key(0), x.shape)), {"x": "4"}), TypeError, "computes with random keys"),
    "sizes that contradict each other": (lambda: derive(loss, {"W": "k, n", "X": "m, n"}), TypeError, "dot_general"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_derived_is_refused(what: str) -> None:
    attempt, error, message = BAD[what]
    with pytest.raises(error, match=message):
        attempt()


class OfAnotherLibrary:  # noqa: D101
    shape, dtype = (2, 3), "its own float"


CALLS = {
    "missing": (lambda p: p(W=W), ValueError, "the arguments: there is no X; expected W, X"),
    "unknown": (lambda p: p(W=W, X=X, b=X), ValueError, "an unknown b; expected W, X"),
    "a list": (lambda p: p(W=W.tolist(), X=X), TypeError, "W is a list: expected an array; pass numpy.asarray"),
    "integers": (lambda p: p(W=W, X=X.astype(int)), TypeError, "X has dtype int64: expected float"),
    "two dtypes": (lambda p: p(W=W, X=X.astype("f")), TypeError, r"X has dtype float32, W has float64: .* X.astype\('float64'\)"),
    "rank": (lambda p: p(W=W, X=X[0]), ValueError, r"X has shape \(4,\), rank 1: expected \(n, m\), rank 2"),
    "contradiction": (lambda p: p(W=W, X=X.T), ValueError, r"X has shape \(4, 3\): expected \(3, 3\), that is \(n, m\) with k=2, m=3, n=3"),
    "empty": (lambda p: p(W=W, X=X[:, :0]), ValueError, "m a whole number from 1"),
    "constraint": (lambda p: p(W=W[:, :2], X=X[:2]), ValueError, "k=2, m=4, n=2: the constraint n >= 3 does not hold"),
    "a masked array": (lambda p: p(W=np.ma.masked_array(W), X=X), TypeError, "W is a MaskedArray"),
    "complex gradient": (lambda p: p(W=W + 0j, X=X), TypeError, "only the forward pass"),
    "complex bounds": (lambda p: p.bounded(W=W + 0j, X=X), TypeError, "only the forward pass"),
    "complex ties": (lambda p: p.ties(W=W + 0j, X=X), TypeError, "only the forward pass"),
    "truth values": (lambda p: p(W=W > 0, X=X), TypeError, r"W has dtype bool: expected float; convert it, or declare it as 'bool\[k, n\]'"),
    "bfloat16": (lambda p: p(W=jnp.ones((2, 3), jnp.bfloat16), X=X), TypeError, r"W has dtype bfloat16: expected float; convert it\."),
    "an array of another library": (lambda p: p(W=OfAnotherLibrary(), X=X), TypeError, "W is a OfAnotherLibrary: expected an array; pass numpy.asarray"),
}  # fmt: skip


@pytest.mark.parametrize("what", CALLS)
def test_arguments_that_do_not_fit_are_refused(what: str) -> None:
    attempt, error, message = CALLS[what]
    program = derive(loss, SHAPES, constraints=["n >= 3"])
    with pytest.raises(error, match=message):
        attempt(program)
