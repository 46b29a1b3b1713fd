"""Operations: linear_algebra."""

from __future__ import annotations
