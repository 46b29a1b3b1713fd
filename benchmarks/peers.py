"""Gradient checks side by side, on the same planted mistakes, and on right gradients.

The mistakes are those of `benchmarks.planted`, each in every other one of the five networks that it
applies to, in ever another layer; the right gradients are the same networks' without any.

A peer is given one problem, drawn anew for every check: standard normal parameters and X, labels 0
or 1, n_x = 3, hidden layers of 4, n_y = 2, m = 5, slope 0.01. It gets the hand-derived J and the
gradients by parameters and X, wrapped as its library wraps a gradient of one's own, and nothing
else: no Z, no dZ. It differences the hand's own J, so that a mistake before J is seen as well. All
peers get the same problems, in float64 unless said otherwise, and run with the tolerances that they
come with:

- torch gradcheck: `torch.autograd.gradcheck(ByHand.apply, tensors)`, a `torch.autograd.Function`.
- JAX check_grads: `jax.test_util.check_grads(cost, arrays, order=1, modes=["rev"])` of a
  `jax.custom_vjp` through `jax.pure_callback`; float32, which is JAX's default, and float64 under
  `jax.enable_x64`. A derivative of one's own has neither a forward mode nor a second order.
- chex: `chex.assert_numerical_grads(cost, arrays, order=1, modes=["rev"])` of the same, float32.
- HIPS autograd: `autograd.test_util.check_grads(cost, every, modes=["rev"], order=1)(*arrays)` of
  an `autograd.extend.primitive`, for all arguments at once.
- differences, allclose: central differences in every entry, step 1e-5, `np.allclose` as it is.
- differences, norms: the check that deep learning courses teach: central differences in every
  entry, step 1e-7, ‖numeric − by hand‖ ÷ (‖numeric‖ + ‖by hand‖) at most 2e-7 over all entries.

backproof runs its search as it is, 200 examples; it draws shapes and values itself, from the same
seed. Once the hand-derived side returns every line, and once, as for the peers, J and the gradients
by the parameters and X only. To explain what it found takes time of its own.

A check that raises has caught the mistake, whoever raised. One that raises on a right gradient, or
finds fault with it, is a false alarm. The second half multiplies J and all its derivatives by 1e-4.
One mistake, float32 digits, is none to those who check in float32.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from statistics import median
from time import perf_counter
from typing import Any

from backproof.compare import Pair
from backproof.compare.builtin import Network
from backproof.compare.search import search
from benchmarks.counts import Counted, Number
from benchmarks.peer_checks import PEERS, Problem, drawn
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

NETWORKS = (
    "2-tanh-sigmoid",
    "2-relu-sigmoid",
    "3-sigmoid-identity",
    "2-leaky_relu-identity",
    "4-tanh-sigmoid",
)
SCALES = (1.0, 1e-4)
SCALED = "× 1e-4"
RIGHT = 40  # right gradients of each network, at each scale
EVERY = 8  # one in so many of them goes through backproof, which draws 200 examples for each
COLUMNS = (
    "planted",
    "caught",
    "cause",
    "right",
    "false alarms",
    "s, right",
    "s, wrong",
    "s to explain",
)


OURS = ("backproof", "backproof, gradients only")
Job = tuple[Network, int | None, int, int]


@dataclass(frozen=True)
class Case:
    """One check: by whom, at which scale, of which mistake, "" for none, and what came of it."""

    contender: str
    scale: float
    mistake: str
    where: str
    caught: bool
    seconds: float
    named: bool = False
    to_explain: float | None = None


class Compared(Counted):
    """A table whose rows are not to be added up: all contenders had the same mistakes."""

    @property
    def totals(self) -> list[Number]:
        """Nothing."""
        return []


def counted(quick: bool) -> Counted:
    """Return the table: one row for each contender and scale."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return table([case for found in pool.map(done, jobs(quick)) for case in found])


def table(cases: list[Case]) -> Counted:
    """Return the table of these cases."""
    rows: dict[str, list[Number]] = {}
    notes: list[str] = []
    for scale in SCALES:
        for contender in (*OURS, *PEERS):
            row = contender if scale == 1 else f"{contender} {SCALED}"
            own = [case for case in cases if (case.contender, case.scale) == (contender, scale)]
            rows[row] = numbers(own) if own else ["not installed", *[""] * (len(COLUMNS) - 1)]
            notes += [f"{row} {remark}" for remark in remarks(own)]
    modules = [module for module, _ in PEERS.values() if find_spec(module)]
    having = ", ".join(f"{module} {version(module)}" for module in dict.fromkeys(modules))
    return Compared(
        title="Gradient checks on the same planted mistakes",
        detail=f"{SCALED}: J and all its derivatives multiplied; s: seconds for one check, median, "
        f"while one runs on every core; {having}",
        columns=COLUMNS,
        rows=rows,
        notes=notes,
    )


def numbers(cases: list[Case]) -> list[Number]:
    """Return a contender's row."""
    wrong = [case for case in cases if case.mistake]
    right = [case for case in cases if not case.mistake]
    found, alarms = sum(case.caught for case in wrong), sum(case.caught for case in right)
    named = sum(case.named for case in wrong) if cases[0].scale == 1 else ""
    explained = [case.to_explain for case in wrong if case.to_explain is not None]
    seconds = [[case.seconds for case in right], [case.seconds for case in wrong], explained]
    medians = [float(f"{median(some):.3g}") if some else "" for some in seconds]
    return [len(wrong), found, named, len(right), alarms, *medians]


def remarks(cases: list[Case]) -> Iterator[str]:
    """Yield which mistakes a contender misses where J is not scaled, and its false alarms."""
    wrong = Counter(case.mistake for case in cases if case.mistake)
    missed = Counter(c.mistake for c in cases if c.mistake and not c.caught and c.scale == 1)
    if missed:
        told = [f"{mistake} ({n} of {wrong[mistake]})" for mistake, n in missed.most_common()]
        yield f"misses {'; '.join(told)}"
    alarms = [case.where for case in cases if not case.mistake and case.caught]
    if alarms:
        yield f"finds fault with right gradients: {'; '.join(alarms)}"


def jobs(quick: bool) -> Iterator[Job]:
    """Yield a network, the number of the mistake in it, if there is one, its layer, and a seed."""
    chosen = [network for network in networks() if network.name in NETWORKS]
    chosen = chosen[:1] if quick else chosen
    for i in range(0, len(MISTAKES), 20 if quick else 1):
        layers = [
            layer_of(MISTAKES[i], network, turn + i // 2) for turn, network in enumerate(chosen)
        ]
        fitting = [turn for turn, l in enumerate(layers) if l is not None]
        for turn in fitting[i % 2 :: 2] or fitting:
            yield chosen[turn], i, layers[turn] or 0, 1000 * turn + i
    for turn, network in enumerate(chosen):
        for i in range(2 if quick else RIGHT):
            yield network, None, 0, 1000 * turn + 800 + i


def done(job: Job) -> list[Case]:
    """Let every contender check one hand-derived side, which is written anew for each."""
    network, number, l, seed = job
    logging.getLogger("jax._src.callback").disabled = True  # it prints what the hand raises
    mistake = None if number is None else MISTAKES[number]
    row, where = str(mistake or ""), f"{network.name}, seed {seed}"

    def written(scale: float) -> Callable[..., Any]:
        if mistake is None:
            return scaled(compiled(network, lines(network)), scale)
        return scaled(planted(network, mistake, l)[1].hand, scale)

    cases = []
    for scale in SCALES:
        for contender, (module, check) in PEERS.items():
            if find_spec(module):
                problem = drawn(network, written(scale), seed)
                start = perf_counter()
                caught = finds_fault(check, problem)
                seconds = perf_counter() - start
                cases.append(Case(contender, scale, row, where, caught, seconds))
        for contender in OURS if mistake or seed % EVERY == 0 else ():
            hand = written(scale)
            pair = network.pair(hand=hand if contender == OURS[0] else gradients_only(hand))
            pair = replace(pair, loss=scaled_cost(pair.loss, scale))
            cases.append(
                by_backproof(pair, Case(contender, scale, row, where, False, 0), mistake, seed)
            )
    return cases


def finds_fault(check: Callable[[Problem], None], problem: Problem) -> bool:
    """Return whether a peer, or the hand-derived side in its hands, raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check(problem)
        except Exception:
            return True
    return False


def by_backproof(pair: Pair, case: Case, mistake: Mistake | None, seed: int) -> Case:
    """Return the case with what backproof says; it explains where J is not scaled."""
    start = perf_counter()
    try:
        report = search(pair, seed=seed)
    except Exception:
        return replace(case, caught=True, seconds=perf_counter() - start)
    seconds = perf_counter() - start
    case = replace(case, caught=not report.agrees, seconds=seconds)
    if report.failure is None or mistake is None or case.scale != 1:
        return case
    start = perf_counter()
    story = report.story
    assert story is not None
    named = mistake.is_named_by(story)
    return replace(case, named=named, to_explain=perf_counter() - start)


def gradients_only(hand: Callable[..., Any]) -> Callable[..., Any]:
    """Return the hand-derived side without Z, A and their derivatives."""

    def of_arguments(**named: Any) -> dict[str, Any]:
        results = hand(**named)
        names = ["J", *(f"d{name}" for name in (*named["parameters"], "X"))]
        return {name: results[name] for name in names}

    return of_arguments
