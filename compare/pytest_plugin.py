"""The pytest plugin: a disagreement is told in our words, and all checks of a run are summed up.

It is loaded in every pytest run of an environment that has this package, so nothing heavy is
imported here: JAX and Hypothesis come with the first test that checks a pair.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest

from backproof.compare import hooks

if TYPE_CHECKING:
    from backproof.compare.report import Report

PROFILES = {"quick": 50, "standard": 200, "thorough": 2000, "ci": 200}  # examples of each
# The frames of these are those of a check, among which a mistake of the test's is not.
PACKAGE = Path(__file__).parents[1]
OURS = tuple(f"{PACKAGE / name}{os.sep}" for name in ("arguments", "autodiff", "compare", "manual"))
PREFIX = "backproof-"  # of Hypothesis profiles, so that none of another name is overwritten


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this package to pytest's."""
    group = parser.getgroup("backproof", "gradients held against autodiff")
    counts = ", ".join(f"{name} {examples}" for name, examples in PROFILES.items())
    group.addoption(
        "--backproof-profile",
        choices=[*PROFILES],
        help="How many examples to try where a check, or a Hypothesis test, does not say: "
        f"{counts}. With ci, Hypothesis tests draw the same ones every time.",
    )
    group.addoption(
        "--backproof-json", metavar="FILE", help="Write the reports of all checks as JSON."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take the options, and listen until the run is over; then everything is as it was."""
    checks = Checks(config)
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setattr(hooks, "listeners", [*hooks.listeners, checks.hear])
    config.pluginmanager.register(checks, "backproof-checks")
    profile = config.getoption("backproof_profile")
    if profile is not None:
        patch.setattr(hooks, "examples", PROFILES[profile])
        _load_profile(config, profile)


def _load_profile(config: pytest.Config, profile: str) -> None:
    """Register Hypothesis profiles like ours, and load one, unless another is asked for."""
    from hypothesis import settings

    settings.register_profile(f"{PREFIX}before", settings.default)
    for name, examples in PROFILES.items():
        fixed = {"derandomize": True, "database": None} if name == "ci" else {"derandomize": False}
        settings.register_profile(PREFIX + name, max_examples=examples, deadline=None, **fixed)
    if not config.getoption("hypothesis_profile", None):
        settings.load_profile(PREFIX + profile)
        config.add_cleanup(lambda: settings.load_profile(f"{PREFIX}before"))


class Checks:
    """The checks of one run, as rows of plain data.

    A row travels with pytest's own report on the test that checked the pair. That says which test
    it was, and brings it from a process of pytest-xdist as it brings the outcome.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.rows: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []  # by the test that runs
        self.here = config.invocation_params.dir
        self.full_trace = config.getoption("fulltrace")
        self.in_full = name = config.getoption("backproof_json")
        self.file = None
        if name is not None and not hasattr(config, "workerinput"):  # a process of xdist's
            self.file = self.here / name
            try:
                self.file.write_text("", "utf-8")  # what an earlier run wrote is out of date
            except OSError as error:
                raise pytest.UsageError(
                    f"--backproof-json {name}: {error.strerror}; name a file that can be written."
                ) from None

    def hear(self, report: Report) -> None:
        """Keep what is needed of a report; all of it explains a failure, which takes seconds."""
        brief = {
            "pair": report.pair.title,
            "agrees": report.agrees,
            "shapes": [*map(list, report.shapes)],
            "confirmed": report.confirmed,
            "worst": report.worst and {"used": float(report.worst.used)},
            "vacuous": report.vacuous,
        }
        self.heard.append(report.as_json() if self.in_full else brief)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: Any) -> Generator[None, Any, Any]:
        """Complete the report on a test; of what it raised, show the frames of its author."""
        error = call.excinfo and call.excinfo.value
        while error and not self.full_trace:
            error.__traceback__ = _without_ours(error.__traceback__)
            error = error.__cause__ or error.__context__
        return self._completed((yield), call)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, Any]:
        """Complete the report on a module, which may check pairs while it is imported."""
        report = yield
        return self._completed(report, getattr(report, "call", None))

    def _completed(self, report: Any, call: Any) -> Any:
        """Return pytest's report with the checks, and with our words for a disagreement."""
        if self.heard:
            report.backproof = json.dumps(self.heard)
            self.heard = []
        checking: Any = sys.modules.get("backproof.compare.checking")  # once a test imports it
        raised = checking and call and call.excinfo
        if raised and isinstance(raised.value, checking.GradientMismatch) and not self.full_trace:
            report.longrepr = self._told(raised)
        return report

    def _told(self, raised: Any) -> Any:
        """Return the story of a disagreement, with the place of the check in one line."""
        story = "\n".join([str(raised.value), *getattr(raised.value, "__notes__", ())])
        shown = raised.getrepr(style="value", chain=False)
        entry, crash = shown.reprtraceback.reprentries[0], shown.reprcrash
        entry.lines = story.splitlines()
        if crash is not None:  # it is where every frame is hidden
            path = Path(crash.path)
            near = path.relative_to(self.here) if path.is_relative_to(self.here) else path
            entry.reprfileloc = replace(crash, path=str(near), message="GradientMismatch")
            crash.message = entry.lines[0]  # in pytest's summary
        return shown

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Gather the checks of a test, or of a module, which another process may have run."""
        for row in json.loads(getattr(report, "backproof", "[]")):
            self.rows.append({"test": report.nodeid} | row)

    pytest_collectreport = pytest_runtest_logreport

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write all reports."""
        if self.file is None:
            return
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        agree = [row["agrees"] for row in self.rows]
        document = {
            "agrees": any(agree) and all(agree) and not interrupted,
            "interrupted": interrupted,
            "pairs": sorted(self.rows, key=lambda row: row["test"]),
        }
        self.file.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", "utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say in one line what was checked; nothing where nothing was."""
        if self.rows:
            terminalreporter.write_line(summary(self.rows))


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of this package."""
    kept: list[TracebackType] = []
    while traceback:
        if not traceback.tb_frame.f_code.co_filename.startswith(OURS):
            kept.append(traceback)
        traceback = traceback.tb_next
    for frame, following in zip(kept, [*kept[1:], None], strict=True):
        frame.tb_next = following
    return kept[0] if kept else None


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """Return one line on all checks; a pair that one file checks in several tests counts once."""
    pairs = [(row["test"].partition("::")[0], row["pair"]) for row in rows]
    shapes = {(of, *sides) for of, row in zip(pairs, rows, strict=True) for sides in row["shapes"]}
    wrong = {pair for pair, row in zip(pairs, rows, strict=True) if not row["agrees"]}
    used = [row["worst"]["used"] or 0.0 for row in rows if row["worst"]]
    vacuous = sum(row["agrees"] and bool(row["vacuous"]) for row in rows)
    parts = [
        _counted(len(set(pairs)), "pair"),
        _counted(len(shapes), "distinct shape"),
        f"{sum(row['confirmed'] for row in rows)} confirmed by XLA",
    ]
    parts += [f"worst rounding {max(used):.0%} of what is allowed"] if used else []
    parts += [_counted(vacuous, "vacuous pass", "es")] if vacuous else []
    parts += [f"{len(wrong)} disagree{'s' * (len(wrong) == 1)}"] if wrong else []
    return f"backproof: {', '.join(parts)}"


def _counted(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{plural * (number != 1)}"
