"""Losses that backproof does not know: derived once, replayed by NumPy, held against XLA."""

from __future__ import annotations

from functools import cache
from typing import Any

import foreign
import jax
import numpy as np
import pytest
from foreign import LOSSES, Foreign

from backproof.autodiff.derive import derive
from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.xla import least_effort

BY_NAME = {case.name: case for case in LOSSES}
IN_LONGDOUBLE = [
    "attention_block",
    "lstm",
    "convolutional",
    "word_embedding",
    "gaussian_process",
    "negative_binomial",
    "bundle_adjustment",
]


@pytest.fixture(scope="module", autouse=True)
def nothing_stays():
    yield
    program.cache_clear()
    jax.clear_caches()


@cache
def program(name: str) -> DerivedProgram:
    case = BY_NAME[name]
    return derive(case.loss, case.shapes, wrt=case.wrt, constraints=case.constraints)


def by_replay(case: Foreign, sizes: dict[str, int], dtype: str) -> dict[str, Any]:
    J, values, gradients = program(case.name)(**case.arguments(sizes, dtype))
    return {"J": J, **values, **gradients}


def by_xla(case: Foreign, sizes: dict[str, int], dtype: str) -> dict[str, Any]:
    """Run the loss and its derivatives as XLA compiles them.

    A mark is the sum of itself and a perturbation that is zero, so that JAX differentiates with
    respect to marks as it does with respect to arguments. Of the replay only their shapes are used.
    """
    marks = program(case.name)(**case.arguments(sizes, dtype))[1]
    signature = program(case.name).signature
    floats = [leaf for leaf in signature.leaves if leaf.kind == "float"]
    chosen = [leaf.name for leaf in floats if case.wrt is None or leaf.name in case.wrt]

    def derived(values: dict[str, Any], zeros: dict[str, Any]) -> Any:
        def loss(some: dict[str, Any], perturbations: dict[str, Any]) -> Any:
            marked = {}

            def mark(value: Any, name: str) -> Any:
                marked[name] = value + perturbations.get(name, 0)
                return marked[name]

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(foreign, "checkpoint_name", mark)
                return case.loss(**signature.nested(values | some)), marked

        some = {name: values[name] for name in chosen}
        (J, marked), derivatives = jax.value_and_grad(loss, (0, 1), has_aux=True)(some, zeros)
        return {"J": J} | marked | {f"d{name}": d for of in derivatives for name, d in of.items()}

    cpu = jax.local_devices(backend="cpu")[0]
    with jax.enable_x64(dtype == "float64"), jax.default_device(cpu):
        values = signature.flat(case.arguments(sizes, dtype))
        zeros = {name: np.zeros_like(mark) for name, mark in marks.items()}
        results = jax.jit(derived, compiler_options=least_effort())(values, zeros)
        return {name: np.asarray(result) for name, result in results.items()}


def roundings(results: dict[str, Any], exact: dict[str, Any], dtype: str) -> dict[str, float]:
    """Return how far each result is off, in roundings of its largest entry."""

    def largest(array: Any) -> Any:
        return np.max(np.abs(array), initial=0)

    return {
        name: largest(results[name] - array) / np.finfo(dtype).eps / (largest(array) or 1)
        for name, array in exact.items()
    }


def check_close(case: Foreign, sizes: dict[str, int], dtype: str, exact: dict[str, Any]) -> None:
    """Demand that the replay is off by 16 roundings at most, or by 4 times what XLA is more.

    XLA's float32 shows what rounding alone does to a loss at these sizes.
    """
    mine = by_replay(case, sizes, dtype)
    assert mine.keys() == exact.keys()
    for name, array in mine.items():
        assert (array.dtype, array.shape) == (dtype, exact[name].shape), name
    off = roundings(mine, exact, dtype)
    if not all(many <= 16 for many in off.values()):  # nan is not, either
        in_xla = roundings(by_xla(case, sizes, "float32"), exact, "float32")
        for name, many in off.items():
            assert many <= 16 + 4 * min(in_xla[name], 64), (sizes, dtype, name)


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case.name)
def test_a_foreign_loss_agrees_with_XLA(case: Foreign) -> None:
    for sizes in case.runs:
        exact = by_xla(case, sizes, "float64")
        for dtype in ("float32", "float64"):
            check_close(case, sizes, dtype, exact)


@pytest.mark.parametrize("name", IN_LONGDOUBLE)
def test_float64_agrees_with_longdouble(name: str) -> None:
    """More digits than XLA has: what float64 rounds is all that sets the two apart."""
    case = BY_NAME[name]
    exact = by_replay(case, case.runs[1], "longdouble")
    assert {array.dtype for array in exact.values()} == {np.dtype("longdouble")}
    check_close(case, case.runs[1], "float64", exact)


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case.name)
def test_what_a_loss_needs_is_in_the_table(case: Foreign) -> None:
    by_replay(case, case.runs[1], "float64")
    assert bool(program(case.name).per_shape) == case.per_shape, program(case.name).per_shape
    assert program(case.name).through_xla == case.through_xla


def test_marks_are_returned_with_their_gradients() -> None:
    """Softmax regression by hand: dlogits = (softmax − one-hot)/m, and dW and db from it."""
    case = BY_NAME["softmax_regression"]
    arguments = case.arguments(case.runs[1], "float64")
    X, labels, W, b = arguments.values()
    _, values, gradients = program(case.name)(**arguments)
    np.testing.assert_allclose(values["logits"], X @ W + b, rtol=1e-14)
    exponentials = np.exp(values["logits"])
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    dlogits = (softmax - np.eye(len(b))[labels]) / len(X)
    np.testing.assert_allclose(gradients["dlogits"], dlogits, rtol=1e-13)
    np.testing.assert_allclose(gradients["dW"], X.T @ gradients["dlogits"], rtol=1e-13)
    np.testing.assert_allclose(gradients["db"], gradients["dlogits"].sum(axis=0), rtol=1e-13)
