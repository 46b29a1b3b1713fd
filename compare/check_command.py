"""The command `backproof check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from backproof.arguments import FLOATS
from backproof.compare import console
from backproof.compare.assignment import loaded_as_planar
from backproof.compare.builtin import PAIRS
from backproof.compare.dataset import BUNDLED, load
from backproof.compare.interrupts import STATUS, stop_if_asked
from backproof.compare.location import described, loaded
from backproof.compare.pair import Pair
from backproof.compare.report import Report
from backproof.compare.search import EXAMPLES, begin, ready, repeat
from backproof.compare.training import STEPS, TrainingReport, fits, train

USAGE = 2  # the exit status
Start = Callable[..., Callable[[], Report | TrainingReport]]  # a run; its report when XLA is done


@click.command("check")
@click.argument("place", required=False, metavar="[FILE.py[::NAME]|package.module[:NAME]]")
@click.option(
    "--as",
    "assignment",
    type=click.Choice(["planar"]),
    help="Check the functions of the course's assignment in FILE.py.",
)
@click.option("--pair", "names", multiple=True, metavar="NAME", help="Only this pair; * matches.")
@click.option(
    "--examples",
    type=click.IntRange(1),
    default=EXAMPLES,
    show_default=True,
    help="Examples to try for each pair.",
)
@click.option("--example", metavar="TEXT", help="Only this one: n=3,m=2,seed=7.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Reproduces everything."
)
@click.option("--dtype", type=click.Choice(FLOATS), help="Only this precision.")
@click.option(
    "--data",
    metavar="SET|FILE.csv",
    help=f"Train on real data instead: {', '.join(BUNDLED)} or a CSV file.",
)
@click.option("--label", metavar="COLUMN", help="The column of the CSV file that holds Y.")
@click.option("--json", "to_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def check_command(
    context: click.Context,
    place: str | None,
    assignment: str | None,
    names: tuple[str, ...],
    examples: int,
    example: str | None,
    seed: int,
    dtype: str | None,
    data: str | None,
    label: str | None,
    to_json: bool,
) -> None:
    """Check pairs of your own, or every network × activation × loss here, by hand and by JAX.

    Over generated shapes and values, or, with --data, on real data: gradients, then the
    trajectories of 200 steps of gradient descent.

    Exit status: 0 all agree, 1 something disagrees, 2 wrong usage (pairs that can be checked are),
    130 interrupted (what was finished is printed).
    """
    if assignment is not None and place is None:
        raise click.UsageError("--as planar goes with FILE.py.")
    pairs_of = loaded if assignment is None else loaded_as_planar
    pairs, unusable = _pairs_at(place, pairs_of, names, dtype)
    given = {
        option
        for option in ("examples", "seed", "dtype")
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE
    }
    if label is not None and data is None:
        raise click.UsageError("--label goes with --data FILE.csv.")
    if example is not None:
        for option in sorted(given):
            raise click.UsageError(f"--{option} does not go with --example, which says it all.")
        if data is not None:
            raise click.UsageError("--example does not go with --data.")
        reports, interrupted = _repeated(pairs, example), False
    elif data is None:
        begun: Start = partial(begin, examples=examples, seed=seed, dtype=dtype)
        reports, interrupted = _run(pairs, begun, examples)
    else:
        if place is not None:
            raise click.UsageError("--data goes with the pairs that ship with the package.")
        if "examples" in given:
            raise click.UsageError(
                "--examples counts generated examples: leave it out with --data."
            )
        reports, interrupted = _trained(pairs, data, label, seed, dtype)
    agrees = all(report.agrees for report in reports)
    if to_json:
        document = {
            "agrees": not interrupted and not unusable and agrees,
            "interrupted": interrupted,
            "unusable": unusable,
            "seed": seed,
            "pairs": [report.as_json() for report in reports],
        }
        click.echo(json.dumps(document, indent=2, allow_nan=False))
    else:
        console.show(reports, len(unusable))
    sys.stdout.flush()  # here, where a full disk can be told
    if interrupted:
        click.echo(f"interrupted: {len(reports)} of {len(pairs)} pairs were checked", err=True)
        context.exit(STATUS)
    for text in unusable:
        click.echo(f"Error: {text}", err=True)
    context.exit(USAGE if unusable else 0 if agrees else 1)


def _pairs_at(
    place: str | None,
    pairs_of: Callable[[str], dict[str, Pair]],
    names: tuple[str, ...],
    dtype: str | None,
) -> tuple[list[Pair], list[str]]:
    """Return the pairs at a place, or those here, that are named; and why others cannot be used."""
    if place is None:
        return [*_chosen(names, PAIRS).values()], []
    try:
        pairs = _chosen(names, pairs_of(place))
    except (TypeError, ValueError, SyntaxError) as error:
        raise click.UsageError(str(error)) from None
    usable, unusable = [], []
    for name, pair in pairs.items():
        stop_if_asked()
        try:
            ready(pair, dtype)
            usable.append(pair)
        except Exception as error:
            unusable.append(f"{place}: {name}: {described(error, place)}")
    if not usable:
        raise click.UsageError("\n".join(unusable))
    return usable, unusable


def _repeated(pairs: list[Pair], text: str) -> list[Report | TrainingReport]:
    """Judge one example of every pair."""
    try:
        return [repeat(pair, pair.example(text)) for pair in pairs]
    except (TypeError, ValueError) as error:
        raise click.UsageError(f"--example {text}: {error}") from None


def _trained(
    pairs: list[Pair], data: str, label: str | None, seed: int, dtype: str | None
) -> tuple[list[Report | TrainingReport], bool]:
    """Train every pair that fits the data on it."""
    try:
        dataset = load(data, label)
    except OSError as error:
        choices = f"a CSV file, or {', '.join(BUNDLED)}"
        raise click.UsageError(f"--data {data!r}: {error.strerror}; pass {choices}.") from None
    except (ValueError, ImportError) as error:
        raise click.UsageError(str(error)) from None
    pairs = [pair for pair in pairs if fits(pair, dataset)]
    if not pairs:
        raise click.UsageError(f"no chosen --pair fits the labels of {data}.")

    def begun(pair: Pair, tick: Callable[[], None], xla: Executor) -> Callable[[], Any]:
        report = train(pair, dataset, seed, dtype or "float64", tick)
        return lambda: report

    return _run(pairs, begun, STEPS)


def _chosen(names: tuple[str, ...], pairs: Mapping[str, Pair]) -> dict[str, Pair]:
    """Return the pairs that match any of `names`, by the variable's or their own; or else all."""

    def matches(known: str, name: str) -> bool:
        return fnmatchcase(known, name) or fnmatchcase(pairs[known].title, name)

    for name in names:
        if not any(matches(known, name) for known in pairs):
            near = get_close_matches(name, pairs, n=3, cutoff=0)
            raise click.BadParameter(
                f"no pair {name!r}; the nearest are {', '.join(near)}.", param_hint="--pair"
            )
    return {
        known: pair
        for known, pair in pairs.items()
        if not names or any(matches(known, name) for name in names)
    }


def _run(
    pairs: list[Pair],
    begun: Start,
    ticks: int,
) -> tuple[list[Report | TrainingReport], bool]:
    """Run every pair under a progress bar; Ctrl-C ends it early and keeps what is finished."""
    finished: list[Callable[[], Report | TrainingReport]] = []
    interrupted = False
    with ThreadPoolExecutor(max_workers=1) as xla:
        try:
            with console.progress() as bar:
                task = bar.add_task("", total=len(pairs) * ticks)

                def tick() -> None:
                    bar.advance(task)
                    stop_if_asked()

                for done, pair in enumerate(pairs, start=1):
                    bar.update(task, description=pair.title)
                    finished.append(begun(pair, tick=tick, xla=xla))
                    bar.update(task, completed=done * ticks)
        except KeyboardInterrupt:
            interrupted = True
        return [report() for report in finished], interrupted
