"""Special functions and integer arithmetic that NumPy lacks.

The special functions are right to a few roundings in any float dtype: nothing in them is fitted to
one precision, and what is constant in them is computed in the dtype of the operand.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def round_away_from_zero(x: Any) -> Any:
    """Return the nearest whole number, of two the one that is further from zero."""
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) < 0.5, whole, whole + np.sign(x))


def truncated(x: Any, dtype: Any) -> Any:
    """Return x without its fraction as integers: 0 for NaN, the nearest one if out of range."""
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    inside = np.where((x >= least) & (x < most), x, 0).astype(dtype)
    return np.where(x < least, least, np.where(x >= most, most, inside))


def truncated_division(x: Any, y: Any) -> Any:
    """Return x / y of integers without its fraction; all bits are set where y is 0."""
    quotient = (x - np.fmod(x, y)) // y
    return np.where(y == 0, np.invert(quotient - quotient), quotient)


def remainder(x: Any, y: Any) -> Any:
    """Return x − y ∗ (x / y without its fraction) of integers; x where y is 0."""
    return np.where(y == 0, x, np.fmod(x, y))


def shift_right(x: Any, y: Any, dtype: Any) -> Any:
    """Return x with its bits shifted to the right as `dtype` does it, signed or unsigned."""
    shifted = np.asarray(x).astype(dtype) >> np.asarray(y).astype(dtype)
    return shifted.astype(np.result_type(x, y))


def count_ones(x: Any, unsigned: Any) -> Any:
    """Return how many bits of each integer are set; `unsigned` is the dtype of its bits."""
    return np.bitwise_count(x.astype(unsigned)).astype(x.dtype)


def count_leading_zeros(x: Any, unsigned: Any) -> Any:
    """Return how many bits stand before the first that is set."""
    bits = x.astype(unsigned)
    width = 8 * bits.dtype.itemsize
    for places in (1, 2, 4, 8, 16, 32):
        bits = bits | (bits >> places)  # sets every bit after the first
    return width - np.bitwise_count(bits).astype(x.dtype)


def erf_near_zero(x: Any) -> Any:
    """Return 2/√π e^(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n + 1)), whose terms have one sign; |x| < 1/2."""
    pi = 4 * np.arctan(np.full_like(x, 1, shape=()))
    square = np.square(np.where(np.abs(x) < 0.5, x, 0))
    total = term = np.full_like(square, 1)
    for n in range(1, 17):
        term = term * square * 2 / (2 * n + 1)
        total = total + term
    return 2 / np.sqrt(pi) * x * np.exp(-square) * total


def erfc_of_positive(x: Any) -> Any:
    """Return 2/√π ∫ e^(−t²) dt from x ≥ 1/2 to ∞.

    It is x/π e^(−x²) ∫ e^(−t²) / (t² + x²) dt over the real line, by the trapezoidal rule with
    step 3/8; the residue at t = ix is what the rule leaves, while that is anything.
    """
    one = np.full_like(x, 1, shape=())
    pi = 4 * np.arctan(one)
    x = np.where(x > 110, 110, x)  # e^(−110²) is 0 in any precision
    integral = 1 / np.square(x)
    for k in range(19, 0, -1):
        t = one * k * 3 / 8
        integral = integral + 2 * np.exp(-np.square(t)) / (np.square(x) + np.square(t))
    near = (16 * x).astype(np.int16) * (one / 16)  # its square has no rounding
    power = np.exp(-np.square(near)) * np.exp(-(x - near) * (x + near))
    residue = 2 / (np.exp(16 * pi / 3 * np.where(x < 5, x, 5)) - 1)
    return x * power * integral * 3 / 8 / pi - np.where(x < 5, residue, 0)


def erf(x: Any) -> Any:
    """Return the error function, 2/√π ∫ e^(−t²) dt from 0 to x."""
    size = np.abs(x)
    far = 1 - erfc_of_positive(np.where(size < 0.5, 0.5, size))
    return np.where(size < 0.5, erf_near_zero(x), np.where(x < 0, -far, far))


def erfc(x: Any) -> Any:
    """Return 1 less the error function, with all its digits where that is near 1."""
    size = np.abs(x)
    far = erfc_of_positive(np.where(size < 0.5, 0.5, size))
    return np.where(size < 0.5, 1 - erf_near_zero(x), np.where(x < 0, 2 - far, far))


def erf_inv(y: Any) -> Any:
    """Return where the error function is y: Winitzki's estimate, then Halley's iteration."""
    pi = 4 * np.arctan(np.full_like(y, 1, shape=()))
    size = np.abs(y)
    log = np.log1p(-np.square(size))
    half = 2 / (0.147 * pi) + log / 2
    x = np.sqrt(np.sqrt(np.square(half) - log / 0.147) - half)
    for _ in range(3):
        error = np.where(size < 0.5, erf(x) - size, (1 - size) - erfc(x))
        step = error * np.sqrt(pi) / 2 * np.exp(np.square(x))
        x = x - step / (1 + x * step)
    x = np.where(size == 1, np.inf, x)
    return np.where(y < 0, -x, x)


def bernoulli_numbers() -> list[tuple[int, int]]:
    """Return B₂, B₄, …, B₁₆ as fractions: enough for Stirling's series from 16 on."""
    above, below = (1, -1, 1, -1, 5, -691, 7, -3617), (6, 30, 42, 30, 66, 2730, 6, 510)
    return list(zip(above, below, strict=True))


def lgamma(x: Any) -> Any:
    """Return log |Γ(x)|, by Stirling's series for x ≥ 16, by reflection for x ≤ −1/2.

    Between, Γ(c + z) is Γ(16 + z) without the factors in between, c being 1 or 2, where log Γ is
    zero. Everything is the difference from c, so that all of it is small where z is.
    """
    pi = 4 * np.arctan(np.full_like(x, 1, shape=()))
    y = np.where(x <= -0.5, 1 - x, x)
    z = np.where(y < 0.5, y, np.where(y < 1.5, y - 1, y - 2))
    far = np.where(y < 16, 16, y)
    from_16 = (far - 0.5) * (np.log(far) - 1) + (np.log(2 * pi) - 1) / 2
    ratio = np.log1p(z / 16)
    below_16 = 15.5 * ratio + z * (np.log(16 + z) - 1)
    for k, (above, below) in enumerate(bernoulli_numbers(), 1):
        below = 2 * k * (2 * k - 1) * below
        from_16 = from_16 + above * (1 / far) ** (2 * k - 1) / below
        below_16 = below_16 + above * np.expm1((1 - 2 * k) * ratio) / (below * 16 ** (2 * k - 1))
    factors = np.zeros_like(z)  # (1 + z / 2) (1 + z / 3) … (1 + z / 15) − 1
    for j in range(2, 16):
        factors = factors + z / j * (1 + factors)
    factors = np.where(y < 1.5, factors + z * (1 + factors), factors)
    below_16 = below_16 - np.log1p(factors)
    below_16 = np.where(y < 0.5, below_16 - np.log(np.abs(y)), below_16)
    result = np.where(y < 16, below_16, from_16)
    sine = np.abs(np.sin(pi * (x - np.round(x))))
    reflected = np.where(np.isinf(x), np.inf, np.log(pi / sine) - result)
    return np.where(x <= -0.5, reflected, result)


def digamma(x: Any) -> Any:
    """Return ψ(x) = Γ′(x) / Γ(x), by its asymptotic series for x ≥ 16, by recurrence, reflected."""
    pi = 4 * np.arctan(np.full_like(x, 1, shape=()))
    y = np.where(x < 0, 1 - x, x)
    far = np.where(y < 16, y + 16, y)
    result = np.zeros_like(far)
    for k, (above, below) in reversed(list(enumerate(bernoulli_numbers(), 1))):
        result = result - above * (1 / far) ** (2 * k) / (2 * k * below)
    for k in range(15, -1, -1):
        result = result - np.where(y < 16, 1 / (y + k), 0)
    result = np.log(far) - 1 / (2 * far) + result
    result = np.where(x < 0, result - pi / np.tan(pi * (x - np.round(x))), result)
    return np.where((x == np.round(x)) & (x <= 0), np.nan, result)
