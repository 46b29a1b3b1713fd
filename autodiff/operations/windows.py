"""Operations: windows."""

from __future__ import annotations
