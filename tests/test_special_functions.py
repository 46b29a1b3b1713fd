"""The special functions of the derived programs against mpmath at 50 digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from backproof.autodiff.bounded import Bounded
from backproof.autodiff.number_types import ByRealPart
from backproof.autodiff.operations import FUNCTIONS, special

RANDOM = np.random.default_rng(0)
TINY = 10 ** RANDOM.uniform(-30, 0, 15)
NEAR_0 = RANDOM.uniform(-0.6, 0.6, 40)
FAR = RANDOM.uniform(-7, 9, 60)
NEAR_1_AND_2 = np.repeat([1.0, 2.0], 15) + RANDOM.choice([-1, 1], 30) * 10 ** RANDOM.uniform(
    -9, -1, 30
)
POSITIVE = np.concatenate(
    [TINY, 1 / TINY[TINY > 1e-10], RANDOM.uniform(0, 3, 40), RANDOM.uniform(3, 40, 40)]
)
NEGATIVE = RANDOM.uniform(-20, 0, 60)
ALMOST_1 = 1 - 10 ** RANDOM.uniform(-7, 0, 20)

# A function, where, by how many eps it may be off, and of what: of its own size, or of a least size,
# since next to a zero at an irrational x the rounding of x itself changes all digits.
CASES = [
    ("erf", np.concatenate([NEAR_0, FAR, TINY, -TINY]), 4, 0),
    ("erfc", np.concatenate([NEAR_0, FAR, TINY, -TINY]), 4, 0),
    ("erf_inv", np.concatenate([NEAR_0, TINY / 2, -ALMOST_1, ALMOST_1]), 4, 0),
    ("lgamma", np.concatenate([POSITIVE, NEAR_1_AND_2]), 32, 0),
    ("lgamma", NEGATIVE, 8, 4),
    ("digamma", POSITIVE, 4, 1),
    ("digamma", NEGATIVE, 8, 1),
]
EXACT: dict[str, Any] = {
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erf_inv": mpmath.erfinv,
    "lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))),
    "digamma": mpmath.digamma,
}


def exactly(x: Any) -> mpmath.mpf:
    """Return a float of any precision as mpmath's number."""
    high = float(x)
    return mpmath.mpf(high) + mpmath.mpf(float(x - type(x)(high)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize(("name", "places", "ulps", "least"), CASES)
def test_it_is_right_to_a_few_roundings(
    name: str, places: Any, ulps: float, least: float, dtype: Any
) -> None:
    x = places.astype(dtype)
    x = x + x * np.finfo(dtype).eps  # with digits beyond float64
    if name == "erf_inv":
        x = x[np.abs(x) < 1]
    with np.errstate(all="ignore"):
        found = FUNCTIONS[name](x)
    assert found.dtype == dtype
    with mpmath.workdps(50):
        for at, y in zip(x, found, strict=True):
            exact = EXACT[name](exactly(at))
            scale = max(abs(exact), least, float(np.finfo(dtype).tiny))
            assert abs(exactly(y) - exact) <= ulps * float(np.finfo(dtype).eps) * scale, (at, y)


@pytest.mark.parametrize(("name", "places", "ulps", "least"), CASES)
def test_a_complex_step_gives_its_derivative(
    name: str, places: Any, ulps: float, least: float
) -> None:
    x = places[np.abs(places) > 1e-5][:40]
    with np.errstate(all="ignore"):
        found = np.imag(FUNCTIONS[name](ByRealPart(x + 1e-100j)).value) / 1e-100
    with mpmath.workdps(50):
        for at, slope in zip(x, found, strict=True):
            exact = mpmath.diff(EXACT[name], mpmath.mpf(at))
            bound = 2 * ulps * np.finfo(float).eps * max(abs(exact), least, name == "lgamma")
            assert abs(slope - exact) <= bound, at


@pytest.mark.parametrize(("name", "places", "ulps", "least"), CASES)
def test_its_rounding_error_is_bounded(name: str, places: Any, ulps: float, least: float) -> None:
    x = places[np.abs(places) < (9 if name == "erfc" else 30)].astype(np.float32)
    with np.errstate(all="ignore"):
        bounded = FUNCTIONS[name](Bounded(x))
        error = np.abs(bounded.value - FUNCTIONS[name](x.astype(float)))
    assert np.all((error <= bounded.error) | np.isnan(error))
    assert np.median(bounded.error) <= 1e-3 * np.median(np.abs(bounded.value))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize(
    ("name", "places", "values"),
    [
        ("erf", [0.0, np.inf, -np.inf, np.nan], [0, 1, -1, np.nan]),
        ("erfc", [0.0, np.inf, -np.inf, np.nan, 1e4, -1e4], [1, 0, 2, np.nan, 0, 2]),
        ("erf_inv", [0.0, 1, -1, 1.5, -1.5, np.nan], [0, np.inf, -np.inf, np.nan, np.nan, np.nan]),
        (
            "lgamma",
            [0.0, -1, -2, 1, 2, np.inf, -np.inf, np.nan],
            [np.inf] * 3 + [0, 0, np.inf, np.inf, np.nan],
        ),
        (
            "digamma",
            [0.0, -1, -2, np.inf, -np.inf, np.nan],
            [np.nan] * 3 + [np.inf, np.nan, np.nan],
        ),
    ],
)
def test_it_is_defined_at_poles_and_beyond(
    name: str, places: list[float], values: list[float], dtype: Any
) -> None:
    with np.errstate(all="ignore"):
        found = FUNCTIONS[name](np.array(places, dtype))
        alone = [FUNCTIONS[name](dtype(x)) for x in places]
    np.testing.assert_array_equal(found, np.array(values, dtype))
    np.testing.assert_array_equal(alone, np.array(values, dtype))
    assert found.dtype == alone[0].dtype == dtype
    assert FUNCTIONS[name](np.zeros((0, 3), dtype)).shape == (0, 3)


def test_the_logistic_function_is_right_where_it_is_almost_0() -> None:
    """The expression that stands for it, 1 / (1 + e^(−z)), keeps all digits."""
    for dtype, most in ((np.float32, 80), (np.float64, 700), (np.longdouble, 700)):
        z = np.linspace(-most, most, 101, dtype=dtype)
        with mpmath.workdps(50):
            for at, a in zip(z, 1 / (1 + np.exp(-z)), strict=True):
                exact = 1 / (1 + mpmath.exp(-exactly(at)))
                assert abs(exactly(a) - exact) <= 3 * float(np.finfo(dtype).eps) * exact


def test_numbers_become_integers_as_XLA_makes_them() -> None:
    x = np.array([2.9, -2.9, np.nan, np.inf, -np.inf, 1e10], np.longdouble)
    expected = [2, -2, 0, 2**31 - 1, -(2**31), 2**31 - 1]
    with np.errstate(all="ignore"):
        found = special.truncated(x, np.int32)
    assert found.tolist() == expected
    assert found.dtype == np.int32
