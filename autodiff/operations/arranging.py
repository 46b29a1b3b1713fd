"""Operations: arranging."""

from __future__ import annotations
