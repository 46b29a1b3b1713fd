"""Rows: windows."""

from __future__ import annotations

from backproof.autodiff.primitives.equation import Row

WINDOWS: dict[str, Row] = {}
