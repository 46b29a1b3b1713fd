"""Operations: indexing."""

from __future__ import annotations
