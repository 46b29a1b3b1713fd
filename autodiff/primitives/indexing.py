"""Rows: indexing."""

from __future__ import annotations

from backproof.autodiff.primitives.equation import Row

INDEXING: dict[str, Row] = {}
