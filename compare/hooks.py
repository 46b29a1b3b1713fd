"""What a test runner sets and hears: light enough to be loaded where nothing is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backproof.compare.report import Report

examples: int | None = None  # tried where a call does not say how many; None: as many as ever
listeners: list[Callable[[Report], None]] = []  # called with the report of every search
