"""Rows: arranging."""

from __future__ import annotations

from backproof.autodiff.primitives.equation import Row

ARRANGING: dict[str, Row] = {}
