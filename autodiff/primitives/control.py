"""Rows: control."""

from __future__ import annotations

from backproof.autodiff.primitives.equation import Row

CONTROL: dict[str, Row] = {}
