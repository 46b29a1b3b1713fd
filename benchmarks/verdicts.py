"""What becomes of planted mistakes: caught, the line named, the cause named.

Every mistake of `benchmarks.planted` is planted into every network that it applies to, each time
into one line, in ever another layer; the hand-derived side returns its intermediates. Then the
small ones: each line of each network wrong by one part in 1e9, wrong in one entry, with two
entries swapped; and every mistake once more with the cost scaled by 1e-4 and by 1e4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import Any

from backproof.compare import Pair
from backproof.compare.builtin import Network
from backproof.compare.finding import OVERWRITES, RAISES
from backproof.compare.search import search
from benchmarks.counts import Counted
from benchmarks.planted import (
    compiled,
    layer_of,
    lines,
    networks,
    planted,
    scaled,
    scaled_cost,
)
from benchmarks.planted_mistakes import MISTAKES, Mistake

SCALES = (1e-4, 1e4)
QUICK = 1  # network
Outcome = tuple[str, Counter[str], list[str]]


def counted(quick: bool) -> Counted:
    """Return the table: one row for each mistake, and for each kind of small ones."""
    chosen = list(enumerate(networks()))
    chosen = chosen[1 : 1 + QUICK] if quick else chosen
    totals: dict[str, Counter[str]] = {}
    notes: list[str] = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for outcomes in pool.map(of_network, chosen, [quick] * len(chosen)):
            for row, counts, remarks in outcomes:
                totals.setdefault(row, Counter()).update(counts)
                notes += remarks
    columns = ("planted", "caught", "line", "cause", "unnamed", "wrong cause")
    return Counted(
        title="Planted mistakes: caught, and explained",
        detail="200 examples for each; line: the first wrong line is the one that was changed",
        columns=columns,
        rows={row: [counts[column] for column in columns] for row, counts in totals.items()},
        notes=notes,
    )


def of_network(numbered: tuple[int, Network], quick: bool) -> list[Outcome]:
    """Plant everything into one network."""
    turn, network = numbered
    outcomes = []
    for i, mistake in enumerate(MISTAKES[:: 12 if quick else 1]):
        l = layer_of(mistake, network, turn + i)
        if l is not None:
            outcomes.append(_told(network, mistake, l))
            outcomes += [_scaled(network, mistake, l, scale) for scale in SCALES]
    outcomes += islice(_small(network), 6 if quick else None)
    return outcomes


def _told(network: Network, mistake: Mistake, l: int) -> Outcome:
    """Return whether a planted mistake is caught, and what is told about it."""
    name, pair = planted(network, mistake, l)
    counts = Counter({"planted": 1})
    report = search(pair)
    story = report.story
    if story is None:
        return str(mistake), counts, [f"{network.name}: {name} = {mistake.code} is not caught"]
    found = story.first.quantity == name or story.first.verdict in (RAISES, OVERWRITES)
    named = mistake.is_named_by(story)
    counts.update({"caught": 1, "line": int(found), "cause": int(named)})
    counts.update({"unnamed": int(not named and not story.causes)})
    counts.update({"wrong cause": int(not named and bool(story.causes))})
    remarks = [] if named and found else [f"{network.name}: {name} = {mistake.code}: {story.why}"]
    return str(mistake), counts, remarks


def _scaled(network: Network, mistake: Mistake, l: int, scale: float) -> Outcome:
    """Return whether a mistake is caught with the cost and all its derivatives scaled."""
    name, pair = planted(network, mistake, l)
    pair = replace(pair, hand=scaled(pair.hand, scale), loss=scaled_cost(pair.loss, scale))
    where = f"{network.name}: {name} = {mistake.code}"
    return _caught(f"cost × {scale:g}", where, pair)


def _caught(row: str, where: str, pair: Pair) -> Outcome:
    missed = search(pair).agrees
    counts = Counter({"planted": 1, "caught": int(not missed)})
    return row, counts, [f"{where}, {row}: not caught"] * missed


def _small(network: Network) -> Iterator[Outcome]:
    """Yield outcomes of the smallest mistakes, in every line."""
    right = compiled(network, lines(network))
    for name in lines(network):
        for row, change in SMALL.items():
            if name == "J" and row != "1e-9":
                continue
            hand = partial(_changed, right, name, change)
            yield _caught(row, f"{network.name}: {name}", network.pair(hand=hand))


def _changed(
    right: Callable[..., Any], name: str, change: Callable[[Any], Any], *given: Any, **named: Any
) -> dict[str, Any]:
    results: dict[str, Any] = right(*given, **named)
    return results | {name: change(results[name])}


def _one_entry(array: Any) -> Any:
    wrong = array.copy()
    wrong.flat[array.size // 2] *= array.dtype.type(1.5)
    return wrong


def _swapped(array: Any) -> Any:
    wrong = array.copy()
    wrong.flat[0], wrong.flat[-1] = array.flat[-1], array.flat[0]
    return wrong


SMALL: dict[str, Callable[[Any], Any]] = {
    "1e-9": lambda array: array * array.dtype.type(1 + 1e-9),
    "one entry": _one_entry,
    "two swapped": _swapped,
}
