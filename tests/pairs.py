"""Pairs that differ in their hand-derived sides only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backproof.compare import Pair


def with_hand(pair: Pair, hand: Callable[..., Any]) -> Pair:
    """Return the pair with another hand-derived side; JAX derives their loss once."""
    other = replace(pair, hand=hand)
    vars(other)["reference"] = pair.reference
    return other
