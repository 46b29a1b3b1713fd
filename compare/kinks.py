"""Kinks: where a program compares equals, its derivative is a matter of choice.

Both answers may stand if they are between the one-sided derivatives, or are what choices at
several ties make of them. Where the one-sided derivatives are one and the same, the point is
smooth after all, and whoever differs is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from backproof.compare import ladder
from backproof.compare.finding import AUTODIFF_WRONG, KINK, WRONG
from backproof.compare.nearby import STEP, jumps, moved_at, one_sided, settled
from backproof.compare.trial import EITHER_SIDE, Trial

DIRECTIONS = 24
FEW = 6  # directions, which show whether there is a need for more
SMOOTH = 1e-6  # derivatives this close to one another, relative to the largest, are the same
ROUNDINGS = 64  # or this close, where there are few digits
OFF = 1e-4  # by so much both sides are wrong, or it is not told
ENTRIES = 32  # that are moved one by one
TWO_TIES = 3  # steps between what two ties make of an entry
SPANNED = 2**12  # entries, of which it is asked whether choices give them all at once

Seen = Sequence[Any]  # one derivative, in several directions or with several choices


def looked_at(
    trial: Trial, name: str, outside: Any, place: tuple[int, ...]
) -> tuple[str, str] | None:
    """Return *kink*, *wrong* or *autodiff wrong*, and why; None where no tie is the reason.

    `outside` are the entries of `name` that do not agree; `place` is the one to speak of.
    """
    if not name.startswith("d") or not tied(trial):
        return None
    near = [gradients[name] for _, _, gradients in one_sided(trial, DIRECTIONS)]
    if not near:
        return None
    slack = _slack(trial, name, near)
    low, high, smooth = _from_both_sides(trial, name, near, outside, slack)
    hand, autodiff = _both(trial, name)
    same, lowest, highest, seen = _same(low, high), low, high, near
    within = [(low - slack <= x) & (x <= high + slack) for x in (hand, autodiff)]
    if not np.all(np.logical_and(*within)[outside]) or not _spanned(
        hand, near, outside & ~smooth, slack
    ):
        chosen = list(settled(trial, name))
        lowest, highest = _widened(trial, name, [low, high, *chosen], slack)
        seen = [*near, *chosen]
    of_autodiff = smooth & (np.abs(autodiff - low) <= same)
    of_hand = smooth & (np.abs(hand - low) <= slack)
    of_choice = (lowest - slack <= hand) & (hand <= highest + slack)
    elsewhere = of_autodiff & ~(of_choice & (highest - lowest > same))
    if np.any(elsewhere) and not ladder.falls(trial, name, only=elsewhere):
        return None  # whatever is wrong there, no tie is the reason
    rest = outside & ~of_hand & ~elsewhere
    wrong = rest & ~of_choice
    if np.any(wrong & smooth):
        return WRONG, _smooth_point(low, wrong & smooth, place)
    if np.any(wrong):
        at = _first(wrong, place)
        ends = (low, high) if high[at] - low[at] > same[at] else (lowest, highest)
        return WRONG, _said(at, place, ends, {"hand": hand})
    if _spanned(hand, seen, rest & ~smooth, slack) is False:
        at = _first(rest & ~smooth, place)
        return WRONG, _said(at, place, (low, high), {}) + ", each for itself, not all at once"
    if np.any(rest):
        at, both = _first(rest, place), {"hand": hand, "autodiff": autodiff}
        narrow = all(low[at] - slack <= side[at] <= high[at] + slack for side in both.values())
        ends = (low, high) if narrow else (lowest, highest)
        return KINK, _said(at, place, ends, both, by_choice=not narrow)
    off = smooth & ~of_autodiff
    return (AUTODIFF_WRONG, _smooth_point(low, off, place)) if np.any(off) else None


def overlooked(trial: Trial, names: Iterable[str]) -> dict[str, tuple[Any, str]]:
    """Return the lines among `names` where both sides agree on what is wrong: entries, and why.

    At a smooth point that a program reaches by a tie, as max(z, 0) − zy + log(1 + e^−|z|) does at
    0, its derivative may be no derivative at all, and the hand-derived side have copied it.
    """
    if not tied(trial):
        return {}
    around = [one for one in one_sided(trial, FEW) if not jumps(trial, one)]
    bounds = trial.bounded
    found = {}
    for name in names if len(around) == FEW else ():
        if not name.startswith("d"):
            continue
        near = [gradients[name] for _, _, gradients in around]
        (low, high), size = _ends(near), np.max(np.abs(near), initial=0)
        rounding = EITHER_SIDE * bounds[name].error
        off = np.abs(trial.hand[name] - low) > np.maximum(OFF * size, rounding)
        suspect = (high - low <= SMOOTH * size) & off
        if np.any(suspect):
            verdict = looked_at(trial, name, suspect, _first(suspect))
            if verdict is not None and verdict[0] == WRONG:
                found[name] = suspect, f"{verdict[1]}, and autodiff is wrong in the same way"
    return found


def tied(trial: Trial) -> bool:
    """Whether the program compares equals: False where it runs through XLA, and is not watched."""
    try:
        return bool(trial.program.ties(**trial.inputs(np.longdouble)))
    except Exception:
        return False


def _from_both_sides(
    trial: Trial, name: str, near: list[Any], outside: Any, slack: float
) -> tuple[Any, Any, Any]:
    """Return the ends of a derivative near the point, and where among `outside` it is smooth.

    One of many equals is the largest in few directions only, so an entry that was not seen to
    change is moved by itself: first those in which the hand-derived side differs. Where they are
    too many, and some do change, the others are not taken for smooth.
    """
    (low, high), (hand, autodiff) = _ends(near), _both(trial, name)
    same = _same(low, high)
    hand_off = np.abs(hand - low) > slack
    smooth = outside & (high - low <= same)
    disputed = smooth & (hand_off | (np.abs(autodiff - low) > same))
    places = sorted(map(tuple, np.argwhere(disputed)), key=lambda at: not hand_off[at])
    for at in places[:ENTRIES]:
        for _, _, gradients in moved_at(trial, name, at):
            near.append(gradients[name])
            low[at], high[at] = min(low[at], near[-1][at]), max(high[at], near[-1][at])
        smooth[at] = high[at] - low[at] <= same[at]
    if not all(smooth[at] for at in places[:ENTRIES]):
        for at in places[ENTRIES:]:
            smooth[at] = False
    return low, high, smooth


def _said(
    at: tuple[int, ...],
    place: tuple[int, ...],
    ends: tuple[Any, Any],
    sides: Mapping[str, Any],
    by_choice: bool = False,
) -> str:
    """Say what a derivative is on either side of an entry, and what was chosen between the two."""
    none = SMOOTH * max(abs(end[at]) for end in ends)
    low, high = (0.0 if abs(end[at]) <= none else float(end[at]) for end in ends)
    where = "" if at == place else f" at {[*at]}"
    what = "choices at the ties give" if by_choice else "one-sided derivatives"
    chosen = [
        f"{float(side[at]):.4g} by {who}, {_share(float(side[at]), low, high)}"
        for who, side in sides.items()
    ]
    return f"{what}{where} {low:.4g} and {high:.4g}{': ' if chosen else ''}{'; '.join(chosen)}"


def _share(value: float, low: float, high: float) -> str:
    """Say which of the derivatives between two ends was chosen: the usual conventions by name."""
    share = (value - low) / (high - low) if low < high else np.inf
    for words, usual in (("the lower", 0), ("half-way", 0.5), ("the upper", 1)):
        if abs(share - usual) < 10 * SMOOTH:
            return words
    return f"{share:.2f} of the way up" if 0 < share < 1 else "not between them"


def _smooth_point(low: Any, entries: Any, place: tuple[int, ...]) -> str:
    derivative = low[_first(entries, place)] + 0.0  # −0 is 0
    return f"a smooth point: the derivative from every side is {derivative:.4g}"


def _first(entries: Any, place: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """Return `place` if it is among the entries, else the first of them."""
    if place is not None and entries[place]:
        return place
    return tuple(int(i) for i in np.argwhere(entries)[0])


def _both(trial: Trial, name: str) -> tuple[Any, Any]:
    return np.asarray(trial.hand[name], float), np.asarray(trial.truth[name], float)


def _ends(near: Seen) -> tuple[Any, Any]:
    return np.min(near, axis=0), np.max(near, axis=0)


def _same(low: Any, high: Any) -> Any:
    """Return how far apart derivatives near a smooth point may be, for each entry by its size."""
    sizes = np.maximum(np.abs(low), np.abs(high))
    return SMOOTH * sizes + 4 * STEP * np.max(sizes, initial=0)


def _slack(trial: Trial, name: str, near: Seen) -> float:
    """Return how far off the hand-derived side may be, with its roundings, where it is right."""
    share = max(SMOOTH, ROUNDINGS * trial.eps)
    sizes = [float(np.max(np.abs(x), initial=0)) for x in (near, trial.hand[name])]
    return share * max(*sizes, np.finfo(float).tiny)


def _widened(trial: Trial, name: str, seen: Seen, slack: float) -> tuple[Any, Any]:
    """Return the ends of what was seen; of entries with several ties, of all that there may be.

    Whether there are several is not known where no choices were seen, only two ends.
    """
    low, high = _ends(seen)
    steps = np.diff(np.sort(seen, axis=0), axis=0) > slack
    with_several = (len(seen) == 2) | (np.sum(steps, axis=0) > TWO_TIES)
    try:
        hull = trial.expected("hull", dtype=np.longdouble)[name]
    except Exception:  # an operation without a rule
        return low, high
    error = np.where(with_several & np.isfinite(hull.error), hull.error, 0).astype(float)
    value = np.where(with_several, hull.value, low).astype(float)
    return np.minimum(low, value - error), np.maximum(high, value + error)


def _spanned(hand: Any, seen: Seen, kinked: Any, slack: float) -> bool | None:
    """Whether some mixture of what was seen gives all entries; None where too little was seen."""
    if not np.any(kinked):
        return True
    rows = np.asarray(seen)[:, kinked][:, :SPANNED]
    _, sizes, directions = np.linalg.svd(rows - rows[0], full_matrices=False)
    spanned = directions[sizes > slack]
    if 2 * len(spanned) >= len(rows):
        return None
    off = hand[kinked][:SPANNED] - rows[0]
    return bool(np.all(np.abs(off - spanned.T @ (spanned @ off)) <= 4 * slack))
