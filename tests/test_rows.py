"""The table of primitives and the cases that test its rows: neither has what the other lacks."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from backproof.autodiff.operations import FUNCTIONS, MODULES
from backproof.autodiff.primitives import ELEMENTWISE, ROWS
from backproof.autodiff.shaping import SHAPING
from backproof.autodiff.translation import UNCHANGED

FILES = sorted(file.stem for file in Path(__file__).parent.glob("test_*_rows.py"))
CASES = [case for file in FILES for case in import_module(file).CASES]
TABLE = {*ELEMENTWISE, *ROWS, *SHAPING}


def test_every_row_has_a_case() -> None:
    tested = {name for case in CASES for name in case.row.split("|")}
    assert TABLE - tested == set()


@pytest.mark.parametrize("row", sorted({case.row for case in CASES}))
def test_every_case_is_of_a_row(row: str) -> None:
    """A primitive that goes by another name in another JAX has both: "gather|slice"."""
    assert TABLE.union(UNCHANGED).intersection(row.split("|"))


def test_every_operation_has_a_name_of_its_own() -> None:
    modules = [import_module(f"backproof.autodiff.operations.{name}") for name in MODULES]
    owners = [
        name
        for module in modules
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__
    ]
    assert len(owners) == len(set(owners)) == len(FUNCTIONS)
