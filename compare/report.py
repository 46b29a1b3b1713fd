"""What a search over one pair has found."""

from __future__ import annotations

from dataclasses import dataclass, field

from backproof.compare.judge import Finding, badness, story
from backproof.compare.pair import Pair
from backproof.compare.shapes import Shape
from backproof.compare.values import Example


@dataclass
class Report:
    """What a search over one pair found; `failures` are those of the first failing example."""

    pair: Pair
    command: str
    shapes: set[Shape] = field(default_factory=set)
    problems: int = 0
    confirmed: int = 0
    quantities: int = 0
    worst: Finding | None = None
    failures: list[Finding] = field(default_factory=list)

    @property
    def again(self) -> str:
        """What repeats the failure, or for the package's own pairs the whole search."""
        if self.pair.by_hand is None or not self.failures:
            return self.command
        return f"judge(pair, {self.failures[0].example!r})"

    @property
    def way(self) -> str:
        """How JAX's derivation was run, besides the confirmations through XLA."""
        if self.pair.program.per_shape:
            return "per shape"
        through_xla = self.pair.program.through_xla
        return f"replay, XLA: {', '.join(through_xla)}" if through_xla else "replay"

    @property
    def agrees(self) -> bool:
        """Whether something was compared, and nothing disagreed."""
        return self.quantities > 0 and not self.failures

    def add(self, findings: list[Finding], example: Example) -> None:
        """Count the findings of one problem."""
        self.shapes.add(example.shape)
        self.problems += 1
        self.quantities += len(findings)
        self._note_worst(findings)

    def confirm(self, findings: list[Finding]) -> None:
        """Count a confirmation by XLA, whose word is the last."""
        self.confirmed += 1
        self.failures = [finding for finding in findings if not finding.agrees]
        self._note_worst(findings)

    def _note_worst(self, findings: list[Finding]) -> None:
        self.worst = max([*findings, *([self.worst] if self.worst else [])], key=badness)

    def __str__(self) -> str:
        if self.agrees:
            return (
                f"{self.pair.name}: the hand-derived gradient agrees with autodiff on "
                f"{len(self.shapes)} shapes, {self.quantities} quantities"
            )
        return "\n".join([*story(self.pair, self.failures), f"  again: {self.again}"])
