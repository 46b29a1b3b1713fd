"""Rows: linear_algebra."""

from __future__ import annotations

from backproof.autodiff.primitives.equation import Row

LINEAR_ALGEBRA: dict[str, Row] = {}
