"""What a search over one pair has found: plain data, and as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from backproof.compare.diagnosis import told
from backproof.compare.example import Example
from backproof.compare.explain import Story, explained
from backproof.compare.finding import (
    AGREES,
    AUTODIFF_NOT_FINITE,
    AUTODIFF_WRONG,
    BOTH_NOT_FINITE,
    IMPRECISE,
    KINK,
    Finding,
    Judgement,
)
from backproof.compare.location import found_at
from backproof.compare.pair import Pair

NOTED = (AUTODIFF_WRONG, AUTODIFF_NOT_FINITE, BOTH_NOT_FINITE, KINK, IMPRECISE)


@dataclass
class Report:
    """What a search over one pair found.

    `failure` is the first example on which the hand-derived side does not stand. `noted` holds, of
    every verdict that is worth a word though it passes, the first finding and its example.
    `error` is what the hand-derived side raises, if it runs on no example or does not return.
    `scales` holds the largest magnitude of every quantity.
    """

    pair: Pair
    seed: int
    dtype: str | None = None
    of_one_example: bool = False
    examples: int = 0
    quantities: int = 0
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    verdicts: Counter[str] = field(default_factory=Counter)
    noted: dict[str, tuple[Finding, str]] = field(default_factory=dict)
    worst: Finding | None = None
    confirmed: int = 0
    fault: str = ""
    failure: tuple[Judgement, Example] | None = None
    error: Exception | None = None
    scales: dict[str, float] = field(default_factory=dict)

    @cached_property
    def story(self) -> Story | None:
        """The failure explained, when it is first asked for: that takes seconds.

        Where the replay is at fault, nothing can be said about the hand-derived side.
        """
        if self.fault:
            return None
        if self.failure and isinstance(self.error, TimeoutError):  # not to be called again
            judgement, example = self.failure
            (finding,) = judgement.findings
            return Story(example, judgement, finding, (), finding.note, "", "", "")
        if not self.failure:
            return None
        return explained(self.pair, self.failure, self.scales, as_it_is=self.of_one_example)

    @property
    def agrees(self) -> bool:
        """Whether the hand-derived side stands, and something was compared."""
        return self.quantities > 0 and self.failure is None and not self.fault

    @property
    def verdict(self) -> str:
        """One word or two for the whole pair."""
        if self.fault:
            return "replay differs from XLA"
        if self.failure:
            first = self.failure[0].first_wrong
            assert first is not None
            return first.verdict
        return AGREES if not self.vacuous else "agrees, vacuously"

    @property
    def vacuous(self) -> list[str]:
        """Why passing says little: gradients that were always 0, sizes that were always equal."""
        if not self.examples:
            return []
        found = [
            f"{name} was 0 on every example"
            for name, scale in self.scales.items()
            if name.startswith("d") and scale == 0
        ]
        fixed = self.pair.reference.program.signature.sizes.fixed
        found += [f"{name} is fixed by the constraints" for name in fixed]
        names = self.pair.size_names
        for i, name in enumerate(names):
            if self.examples > 1 and all(shape[i] == 1 for shape in self.shapes):
                found.append(f"{name} was 1 on every example")
            for j in range(i):
                if self.examples > 1 and all(shape[i] == shape[j] for shape in self.shapes):
                    found.append(f"{names[j]} and {name} were equal on every example")
        return found

    @property
    def way(self) -> str:
        """How JAX's derivation was run, besides the confirmations through XLA."""
        program = self.pair.reference.program
        if program.per_shape:
            return "per shape"
        return f"replay, XLA: {', '.join(program.through_xla)}" if program.through_xla else "replay"

    def add(self, judgement: Judgement, example: Example) -> None:
        """Count the findings of one example."""
        self.examples += 1
        self.shapes.add(tuple(example.sizes.values()))
        self.quantities += len(judgement.findings)
        for finding in judgement.findings:
            self.verdicts[finding.verdict] += 1
            if finding.verdict in NOTED and finding.verdict not in self.noted:
                self.noted[finding.verdict] = (finding, judgement.example)
            if finding.verdict == AGREES and (self.worst is None or finding.used > self.worst.used):
                self.worst = finding

    def confirm(self, fault: str) -> None:
        """Count a confirmation by XLA, whose word is the last."""
        self.confirmed += 1
        self.fault = self.fault or fault

    @property
    def again(self) -> str:
        """What repeats the failure, or else the whole search."""
        at = str(self.story.example) if self.story else ""
        place = found_at(self.pair)
        dtype = self.dtype if not at else None
        if not place:
            pair = self.pair.name if self.pair.name.isidentifier() else "pair"
            if not at:
                only = f", dtype={dtype!r}" if dtype else ""
                return f"check({pair}, examples={self.examples}, seed={self.seed}{only})"
            return f'judge({pair}, **{pair}.arguments({pair}.example("{at}")))'
        how = f"--example {at}" if at else f"--examples {self.examples} --seed {self.seed}"
        how += f" --dtype {dtype}" if dtype else ""
        return f"backproof check {place} {how}"

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What there is to say, under labels."""
        return self._remarks() if self.story is None else self._told(self.story)

    def _told(self, story: Story) -> list[tuple[str, str]]:
        """Return what there is to say about a failure."""
        rows = [("why", story.why)]
        for cause in story.causes[:1]:
            n = cause.holds_on
            rows = [("why", f"{text} (on {n} of {n} problems)") for text in told(story.causes)]
            rows.append(("lesson", cause.mistake.lesson))
        rows += [("who", story.who), ("loss", story.loss), ("when", story.when)]
        what = "example" if self.of_one_example else "smallest"
        rows += [(what, str(story.example)), ("again", self.again)]
        return [(label, text) for label, text in rows if text]

    def _remarks(self) -> list[tuple[str, str]]:
        """Return what is worth a word about a pair that agrees."""
        rows = [("vacuous", text) for text in self.vacuous]
        return rows + [
            (finding.verdict, f"{finding}, at {at}".replace(f" {finding.verdict}", "", 1))
            for finding, at in self.noted.values()
        ]

    def as_json(self) -> dict[str, Any]:
        """Return plain data, as docs/report-schema.json describes it."""
        return {
            "pair": self.pair.title,
            "agrees": self.agrees,
            "verdict": self.verdict,
            "seed": self.seed,
            "examples": self.examples,
            "quantities": self.quantities,
            "shapes": sorted(map(list, self.shapes)),
            "sizes": self.pair.size_names,
            "verdicts": dict(self.verdicts),
            "run": self.way,
            "confirmed": self.confirmed,
            "fault": self.fault,
            "worst": self.worst and self.worst.as_json(),
            "vacuous": self.vacuous,
            "noted": [
                {"finding": finding.as_json(), "example": at} for finding, at in self.noted.values()
            ],
            "failure": self.story and self.story.as_json(),
            "again": self.again,
        }

    def __str__(self) -> str:
        from backproof.compare.console import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from backproof.compare.wording import as_html

        return as_html(self)
