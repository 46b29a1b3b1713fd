"""One row for each JAX primitive: the NumPy expression that computes it.

A row is a template, or a function that makes one from an equation's parameters. `{0}`, `{1}`, …
stand for the operands, `dtype` for the working float; names other than `np` are functions of
`backproof.autodiff.operations`, which has a module for every module here.
"""

from backproof.autodiff.primitives.arranging import ARRANGING
from backproof.autodiff.primitives.control import CONTROL
from backproof.autodiff.primitives.elementwise import ELEMENTWISE
from backproof.autodiff.primitives.equation import Equation, Row
from backproof.autodiff.primitives.indexing import INDEXING
from backproof.autodiff.primitives.linear_algebra import LINEAR_ALGEBRA
from backproof.autodiff.primitives.reductions import REDUCTIONS
from backproof.autodiff.primitives.windows import WINDOWS

ROWS: dict[str, Row] = {
    **REDUCTIONS,
    **ARRANGING,
    **INDEXING,
    **WINDOWS,
    **CONTROL,
    **LINEAR_ALGEBRA,
}

__all__ = ["ELEMENTWISE", "ROWS", "Equation", "Row"]
