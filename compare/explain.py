"""A failure, explained: the smallest example, the line, the cause, who is right, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.compare import witness
from backproof.compare.another_loss import which_loss
from backproof.compare.condition import condition
from backproof.compare.diagnosis import Cause, diagnosed, told
from backproof.compare.example import Example
from backproof.compare.finding import (
    INHERITS,
    NOT_FINITE,
    RAISES,
    SHAPE,
    WRONG,
    Finding,
    Judgement,
)
from backproof.compare.judging import judged, judged_or_raised
from backproof.compare.kinks import tied
from backproof.compare.misfit import probably
from backproof.compare.pair import Pair
from backproof.compare.smallest import smallest
from backproof.compare.trial import Trial

EVIDENCE = 12  # problems on which a cause must hold
TRIES = 120


@dataclass(frozen=True)
class Story:
    """What is the matter with a pair: `judgement` is that of the smallest example that fails."""

    example: Example
    judgement: Judgement
    first: Finding
    causes: Sequence[Cause]
    why: str
    who: str
    loss: str
    when: str

    def as_json(self) -> dict[str, Any]:
        """Return plain data, as docs/report-schema.json describes it."""
        return {
            **self.judgement.as_json(),
            "first_wrong": self.first.quantity,
            "verdict": self.first.verdict,
            "why": self.why,
            "causes": [
                {
                    "quantity": cause.quantity,
                    "mistake": cause.mistake.name,
                    "says": str(cause),
                    "lesson": cause.mistake.lesson,
                    "holds_on": cause.holds_on,
                }
                for cause in self.causes
            ],
            "who": self.who,
            "loss": self.loss,
            "when": self.when,
        }


def explained(
    pair: Pair,
    failure: tuple[Judgement, Example],
    scales: Mapping[str, float],
    *,
    as_it_is: bool = False,
) -> Story:
    """Return the story of a failure: of the smallest example like it, or `as_it_is`."""
    found, example = failure
    failed = found.first_wrong
    assert failed is not None

    # What one call shows need not be called twice a hundred times.
    quick = judged_or_raised(pair, example, dict(scales), thorough=False)
    thorough = not _fails_like(failed, quick)

    def judgement_on(example: Example) -> Judgement:
        return judged_or_raised(pair, example, dict(scales), thorough=thorough)

    if not as_it_is:
        example = smallest(pair, example, lambda e: _fails_like(failed, judgement_on(e)))
    judgement = judged_or_raised(pair, example, dict(scales), thorough=thorough, in_detail=True)
    first = judgement.first_wrong or failed
    when = condition(pair, example, lambda e: not judgement_on(e).agrees)
    if example.unusual and when.endswith("that were tried"):
        when += f"; this one only with {', '.join(example.unusual)}"
    looked_for = first.verdict in (WRONG, RAISES, NOT_FINITE, SHAPE)
    evidence = _evidence(pair, example, first, scales) if looked_for else []
    problems = [trial for trial, _ in evidence]
    causes: Sequence[Cause] = ()
    who = loss = ""
    if first.verdict == SHAPE:
        what = probably(first.quantity, problems)
        why = f"{first.quantity}: {what}" if what else first.note
    elif first.note and problems and all(map(tied, problems)):
        when = f"at ties: {when}"  # which is a matter of choice there, and not of the formula
        why = f"right but at ties: {first.note}"
    else:
        causes = diagnosed(evidence)
        loss = which_loss(problems, causes)
        why = "; ".join(told(causes)) or _unrecognised(first)
    if first.verdict == WRONG:
        who = _who(Trial(pair, pair.arguments(example), thorough=False), first)
    return Story(example, judgement, first, causes, why, who, loss, when)


def _fails_like(first: Finding, judgement: Judgement) -> bool:
    found = judgement.first_wrong
    return found is not None and (found.quantity, found.verdict) == (first.quantity, first.verdict)


def _evidence(
    pair: Pair, example: Example, first: Finding, scales: Mapping[str, float]
) -> list[tuple[Trial, list[str]]]:
    """Return unrelated problems on which the same line is wrong, each with all wrong lines.

    Where the hand-derived side raises, squares may let it pass, and show the wrong line.
    """
    random = np.random.default_rng(0)
    evidence: list[tuple[Trial, list[str]]] = []
    line = "" if first.verdict == RAISES else first.quantity
    usual = pair.usual_variations
    dtype = "float64" if "float64" in pair.dtypes else pair.dtypes[0]
    for i in range(TRIES):
        top = min(5, pair.largest_side)
        sides = random.integers(min(3, top), top + 1, len(pair.size_names))
        if first.verdict == RAISES and i % 2:
            sides[:] = sides[:1]
        sizes = dict(zip(pair.size_names, sides.tolist(), strict=True))
        if not pair.allows(sizes):
            sizes = dict(pair.families[i % len(pair.families)])
        kinds = example.kinds if i % 2 else usual[i % len(usual)]
        try:
            trial = Trial(
                pair, pair.arguments(Example(sizes, i, dtype, "C", kinds)), thorough=False
            )
            findings = judged(trial, dict(scales))
        except Exception:
            continue
        verdict = SHAPE if first.verdict == SHAPE else WRONG
        wrong = [finding.quantity for finding in findings if finding.verdict == verdict]
        if wrong and not line:
            line = wrong[0]
        if line in wrong:
            evidence.append((trial, wrong))
        if len(evidence) == EVIDENCE:
            break
    return evidence


def _who(trial: Trial, first: Finding) -> str:
    """Say with whom the third witness sides, and how closely."""
    said = witness.heard(trial, first.quantity, first.place)
    if said is None:
        return ""
    if not said.right:
        return f"complex step agrees with neither: it gives {said.derivative:.6g}"
    return f"complex step agrees with {said.right} ({said.off:.0e})"


def _unrecognised(first: Finding) -> str:
    if first.verdict == WRONG and not first.note:
        return "unrecognised: none of the known mistakes gives these numbers"
    return first.note if first.verdict != INHERITS else ""
