"""`kill_rate`: what a pair's own shapes and values would let through.

The standard mistakes are planted, one at a time, into what the hand-derived side returns. One that
no example of the pair shows, though it shows at other shapes or values, would go unseen: there the
pair's shapes and values want widening.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from backproof.arguments import check_whole
from backproof.compare.diagnosis import planted
from backproof.compare.differences import allowed
from backproof.compare.example import Example, checked_at
from backproof.compare.finding import SHAPE
from backproof.compare.judging import judged
from backproof.compare.line import Line
from backproof.compare.mistakes import MISTAKES
from backproof.compare.pair import Pair, check_pair
from backproof.compare.search import members
from backproof.compare.trial import Trial
from backproof.compare.values import real, soft_labels

Planted = tuple[str, str, str]  # the mistake's name, the line, the details
GENERIC = 4  # problems of other sizes and values, on which a mistake that is one shows


@dataclass
class KillRate:
    """Which planted mistakes the pair's examples show, `caught`, and which they let through."""

    pair: str
    examples: int
    caught: set[Planted] = field(default_factory=set)
    let_through: list[Planted] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many mistakes were planted."""
        return len(self.caught) + len(self.let_through)

    @property
    def rate(self) -> float:
        """The share that is caught, 1.0 where nothing could be planted."""
        return len(self.caught) / self.count if self.count else 1.0

    def __str__(self) -> str:
        lines = [f"{self.pair}: {len(self.caught)} of {self.count} planted mistakes are caught"]
        says = {mistake.name: mistake.says for mistake in MISTAKES}
        lines += [
            f"  let through: {says[name].format(detail, q=line)}"
            for name, line, detail in self.let_through
        ]
        return "\n".join(lines)


def kill_rate(pair: Pair, examples: int = 50, seed: int = 0) -> KillRate:
    """Plant the standard mistakes into what `pair.hand` returns; say which would go unseen.

    Each is planted into each line that the hand-derived side returns, on the shapes and values
    that `check` tries first. What cannot be told from the right answer at any shape is no mistake
    here, and does not count.

    Raises what the hand-derived side raises, and ValueError for one that is wrong by itself.
    """
    check_pair(pair)
    check_whole("examples", examples, least=1)
    check_whole("seed", seed, least=0)
    possible = _visible(_generic(pair, seed))
    caught = _visible(_own(pair, examples, seed), possible)
    order = {mistake.name: i for i, mistake in enumerate(MISTAKES)}
    missed = sorted(possible - caught, key=lambda key: (order[key[0]], key))
    return KillRate(pair.title, examples, caught & possible, missed)


def _own(pair: Pair, examples: int, seed: int) -> Iterator[Trial]:
    for example in islice(members(pair, seed, tuple(pair.dtypes)), examples):
        arguments = pair.arguments(example)
        with checked_at(pair.title, example):
            trial = Trial(pair, arguments, thorough=False)
        wrong = [finding for finding in judged(trial, {}) if not finding.passes]
        if wrong:
            raise ValueError(
                f"{pair.title}: at {example}, {wrong[0]}: mistakes are planted into what is right; "
                "check the pair, and correct it first."
            )
        yield trial


def _generic(pair: Pair, seed: int) -> Iterator[Trial]:
    """Yield problems of the pair's loss at free sizes, with soft labels and real numbers."""
    values = {
        name: soft_labels()
        if {"soft", "hard"} & values.kinds.keys()
        else real("unit")
        if values.kinds.keys() & {"unit", "zeros"}
        else values
        for name, values in pair.kinds.items()
    }
    free = replace(pair, values=values, constraints=())
    random = np.random.default_rng(seed)
    for i in range(GENERIC):
        sides = random.integers(3, 6, len(free.size_names)).tolist()
        example = Example(dict(zip(free.size_names, sides, strict=True)), i, pair.dtypes[0])
        try:
            trial = Trial(free, free.arguments(example), thorough=False)
            fits = all(finding.verdict != SHAPE for finding in judged(trial, {}))
        except Exception:  # what the pair's constraints or values are for
            continue
        if fits:
            yield trial


def _visible(trials: Iterator[Trial], wanted: set[Planted] | None = None) -> set[Planted]:
    """Return the planted mistakes that some problem shows: those that are `wanted`, or all."""
    seen: set[Planted] = set()
    for trial in trials:
        bounds = trial.bounded
        for name in trial.ordered():
            line = Line(trial, name)
            for mistake in MISTAKES:
                if wanted is not None and not any(
                    key[:2] == (mistake.name, name) and key not in seen for key in wanted
                ):
                    continue
                for detail, wrong in planted(line, mistake):
                    key = (mistake.name, name, detail)
                    if key not in seen and _shows(line, wrong, bounds[name].error):
                        seen.add(key)
        if wanted is not None and wanted <= seen:
            break
    return seen


def _shows(line: Line, wrong: Any, error: Any) -> bool:
    scale = float(np.max(np.abs(line.right), initial=0))
    return bool(np.any(np.abs(wrong - line.right) > allowed(error, line.trial.eps, scale)))
