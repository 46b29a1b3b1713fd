"""Demos: each one lesson, one picture; the numbers first, the drawing second.

Every demo is a module with `measure()`, which returns plain data, `lesson(data)`, the sentence that
it teaches with the numbers that were measured, and `draw(data, figure)`, the picture.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

NAMES = (
    "six_equations",
    "where_the_mean_goes",
    "spot_the_bug",
    "shapes_that_hide",
    "relu_at_zero",
    "autodiff_is_not_magic",
    "symmetry",
    "initial_scale",
    "linear_layers",
    "keepdims",
    "differences",
    "columns_or_rows",
    "precision_ladder",
    "activation_zoo",
    "loop_or_vectorised",
    "learning_curves",
    "real_data",
    "planar_data",
)


class Demo(Protocol):
    """What every module here has; its docstring's first line is its title."""

    __doc__: str

    @staticmethod
    def measure() -> Any:
        """Return plain data."""

    @staticmethod
    def lesson(data: Any) -> str:
        """Return the sentence that the demo teaches, with the numbers that were measured."""

    @staticmethod
    def draw(data: Any, figure: Any) -> None:
        """Draw the data into a matplotlib figure."""


def demo(name: str) -> Demo:
    """Return a demo by its name."""
    module: Any = import_module(f"backproof.demos.{name}")
    return module


def title(name: str) -> str:
    """Return a demo's title."""
    return demo(name).__doc__.partition("\n")[0].rstrip(".")
