"""What a derived program is given and returns: (J, values, gradients), and its parts by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backproof.autodiff.bounded import Bounded, rounded_constant
from backproof.autodiff.number_types import Numbers

Result = tuple[Any, dict[str, Any], dict[str, Any]]
CUT, UPSTREAM = "cut_values", "cut_upstream"  # what a program that is cut at marks is given


def value_of(number: Any) -> Any:
    """Return a number of another type as a plain one."""
    return number.value if isinstance(number, Numbers) else number


def bounded_of(number: Any) -> Any:
    """Return a result with a bound of its error, also where it depends on no argument."""
    return number if isinstance(number, Bounded) else rounded_constant(number)


def changed(change: Callable[[Any], Any], result: Result) -> Result:
    """Return (J, values, gradients) with `change` applied to each."""
    J, values, gradients = result
    return (
        change(J),
        {name: change(value) for name, value in values.items()},
        {name: change(gradient) for name, gradient in gradients.items()},
    )


def by_name(result: Result) -> dict[str, Any]:
    """Return (J, values, gradients) as one dict."""
    J, values, gradients = result
    return {"J": J, **values, **gradients}


def with_floats(flat: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Return arrays by name with `change` applied to those of floats."""
    return {name: change(x) if x.dtype.kind == "f" else x for name, x in flat.items()}
