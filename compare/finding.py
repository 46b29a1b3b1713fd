"""What was found about one quantity of one example, and in what words."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

AGREES = "agrees"
IMPRECISE = "imprecise"
KINK = "kink"
BOTH_NOT_FINITE = "both not finite"
AUTODIFF_NOT_FINITE = "autodiff not finite"
AUTODIFF_WRONG = "autodiff wrong"
NOT_FINITE = "not finite"
WRONG = "wrong"
INHERITS = "inherits"
SHAPE = "wrong shape"
DTYPE = "wrong dtype"
OVERWRITES = "overwrites"
UNSTABLE = "unstable"
ALIASES = "aliases"
RAISES = "raises"

# With these the hand-derived side stands.
PASSES = (AGREES, IMPRECISE, KINK, BOTH_NOT_FINITE, AUTODIFF_NOT_FINITE, AUTODIFF_WRONG)


@dataclass(frozen=True)
class Finding:
    """The verdict on one quantity of one example.

    `place` is the entry where the two sides differ most, () for a scalar, with what each says
    there; `ulps` is their difference in units in the last place of autodiff's value, `used` the
    largest share of what rounding allows, of all entries. `note` says what the verdict does not.
    """

    quantity: str
    verdict: str
    shape: tuple[int, ...] = ()
    place: tuple[int, ...] = ()
    hand: float = float("nan")
    autodiff: float = float("nan")
    ulps: float = 0.0
    used: float = 0.0
    note: str = ""

    @property
    def passes(self) -> bool:
        """Whether the hand-derived side stands."""
        return self.verdict in PASSES

    def with_verdict(self, verdict: str, note: str = "") -> Finding:
        """Return the same finding with another verdict."""
        return replace(self, verdict=verdict, note=note)

    def as_json(self) -> dict[str, Any]:
        """Return plain data; JSON has no infinity and no NaN."""
        return {
            "quantity": self.quantity,
            "verdict": self.verdict,
            "shape": list(self.shape),
            "place": list(self.place),
            "hand": number(self.hand),
            "autodiff": number(self.autodiff),
            "ulps": number(self.ulps),
            "used": number(self.used),
            "note": self.note,
        }

    def __str__(self) -> str:
        at = f" at {list(self.place)}" if self.place else ""
        note = f": {self.note}" if self.note else ""
        return f"{self.quantity}{at} {self.verdict}{note}"


@dataclass(frozen=True, repr=False)
class Judgement:
    """All findings of one example, in the order of computation; `example` as its text."""

    example: str
    findings: Sequence[Finding]

    @property
    def agrees(self) -> bool:
        """Whether the hand-derived side stands in every quantity."""
        return all(finding.passes for finding in self.findings)

    @property
    def first_wrong(self) -> Finding | None:
        """The first finding that does not pass, and inherits nothing."""
        failures = [finding for finding in self.findings if not finding.passes]
        own = [finding for finding in failures if finding.verdict != INHERITS]
        return next(iter(own or failures), None)

    def of(self, quantity: str) -> Finding:
        """Return the finding about a quantity."""
        return next(finding for finding in self.findings if finding.quantity == quantity)

    def as_json(self) -> dict[str, Any]:
        """Return plain data, as docs/report-schema.json describes it."""
        return {"example": self.example, "findings": [f.as_json() for f in self.findings]}

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))

    def __repr__(self) -> str:
        return f"<Judgement {self.example}: {self.first_wrong or AGREES}>"

    def _repr_html_(self) -> str:
        from backproof.compare.wording import table

        return table(self.findings)


def raised(title: str, example: object, error: Exception) -> Judgement:
    """Return the judgement on a hand-derived side that raises."""
    text = str(error).strip().partition("\n")[0]
    note = f"{type(error).__name__}: {text}{_raised_at(error)}"
    return Judgement(str(example), [Finding(title, RAISES, note=note)])


def _raised_at(error: Exception) -> str:
    """Return the last line of a user's own file that an error came through, or ""."""
    installed = str(Path(__file__).parents[1]), str(Path(np.__file__).parents[1])
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(installed)]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def number(value: float) -> float | None:
    """Return a number for JSON: None for infinity and NaN."""
    return float(value) if abs(value) < float("inf") else None
