"""The pytest plugin, in runs of pytest like those of a person who has the package installed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest

from backproof.compare.pytest_plugin import PROFILES, summary
from backproof.compare.search import EXAMPLES

pytest_plugins = ["pytester"]

PAIRS = """
    import jax
    import jax.numpy as jnp
    import numpy as np
    from backproof.compare import Pair, check, judge

    def loss(W, X, Y):
        return jnp.mean((W @ X - Y) ** 2)

    def regression(W, X, Y):
        return {"dW": 2 * (W @ X - Y) @ X.T / Y.size}

    def forgetful(W, X, Y):
        return {"dW": 2 * (W @ X - Y) @ X.T}

    SHAPES = {"W": "k, n", "X": "n, m", "Y": "k, m"}
    right = Pair(regression, loss, SHAPES, wrt="W")
    wrong = Pair(forgetful, loss, SHAPES, wrt="W")
"""
# A warning of ours would be an error of theirs.
STRICT = ("-W", "error", "-p", "no:cacheprovider")


def rows(pytester: pytest.Pytester) -> list[dict[str, Any]]:
    """Return the reports in the JSON document, without the document's frame."""
    document = json.loads((pytester.path / "out.json").read_text("utf-8"))
    assert document.keys() == {"agrees", "interrupted", "pairs"}
    assert document["agrees"] == all(row["agrees"] for row in document["pairs"])
    assert not document["interrupted"]
    return document["pairs"]


def test_the_options_are_in_the_help(pytester):
    text = pytester.runpytest_subprocess("--help").stdout.str()
    assert "--backproof-profile={quick,standard,thorough,ci}" in text
    assert "--backproof-json=FILE" in text
    assert "quick 50, standard 200, thorough 2000, ci 200" in " ".join(text.split())
    assert PROFILES["standard"] == EXAMPLES


def test_a_run_that_checks_nothing_loads_nothing_heavy_and_says_nothing(pytester):
    pytester.makepyfile("""
        import sys

        def test_nothing():
            assert "backproof.compare.pytest_plugin" in sys.modules
            heavy = ("jax", "hypothesis", "numpy", "click", "rich", "backproof.compare.search")
            assert not [name for name in heavy if name in sys.modules]
    """)
    # Another plugin of this environment loads NumPy.
    options = ("--backproof-json", "out.json", "-p", "no:jaxtyping")
    ran = pytester.runpytest_subprocess(*options, *STRICT)
    ran.assert_outcomes(passed=1)
    assert not re.search("^backproof:", ran.stdout.str(), re.M)
    assert "cannot be rewritten" not in ran.stdout.str()
    document = json.loads((pytester.path / "out.json").read_text("utf-8"))
    assert document == {"agrees": False, "interrupted": False, "pairs": []}


def test_what_an_interrupted_run_writes_is_no_agreement(pytester):
    (pytester.path / "out.json").write_text("of an earlier run", "utf-8")
    pytester.makepyfile("def test_stop(): raise KeyboardInterrupt")
    ran = pytester.runpytest_subprocess("--backproof-json", "out.json", *STRICT)
    assert ran.ret == pytest.ExitCode.INTERRUPTED
    document = json.loads((pytester.path / "out.json").read_text("utf-8"))
    assert document == {"agrees": False, "interrupted": True, "pairs": []}


def test_a_disagreement_is_told_by_its_story_and_the_line_of_the_check(pytester, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")  # pytest shortens its summary to what fits a terminal
    name = f"{'a_folder_of_a_long_name/' * 3}test_it.py"
    source = f"""{PAIRS}
    def helper(pair):
        check(pair, 30)  # the last line of the user's own

    def test_wrong():
        helper(wrong)

    def test_with_a_note():
        try:
            try:
                {{}}["missing"]
            except KeyError:
                check(wrong, 30)
        except AssertionError as error:
            error.add_note("in the second layer")
            raise

    def test_another_exception():
        try:
            check(wrong, 30)
        except AssertionError as error:
            raise ValueError("of the user's own") from error

    def test_right():
        check(right, 30)
    """
    pytester.makepyfile(**{name: source})
    pytester.makepyfile(test_later="import test_it\n\ntest_it.check(test_it.wrong, 10)")
    arguments = ("--backproof-json", "out.json", "--continue-on-collection-errors", *STRICT)
    ran = pytester.runpytest_subprocess(*arguments)
    ran.assert_outcomes(failed=3, passed=1, errors=1)
    sections = re.split(r"^[=_]{3,} (.+?) [=_]{3,}\n", ran.stdout.str(), flags=re.M)
    told = dict(zip(sections[1::2], sections[2::2], strict=True))

    # The story, as it is, and where the check was called: nothing else.
    lines = (pytester.path / name).read_text("utf-8").split("\n")
    number = 1 + lines.index("    check(pair, 30)  # the last line of the user's own")
    story, place = told["test_wrong"].rsplit("\n\n", 1)
    assert place == f"{name}:{number}: GradientMismatch\n"
    assert story.startswith("forgetful: dW is wrong.\n\n  line")
    last = story.split("\n")[-1]
    again = re.fullmatch(rf"  again +(backproof check {name}::wrong --example \S+)", last)
    assert again
    assert len(last) > 100  # it is copied, so it is in one line
    assert f"FAILED {name}::test_wrong - forgetful: dW is wrong." in ran.stdout.str()

    imported = told["ERROR collecting test_later.py"]
    assert imported == f"{story}\n\ntest_later.py:3: GradientMismatch\n"
    assert told["test_with_a_note"].startswith(f"{story}\nin the second layer\n\n{name}:")
    for text in (
        "    def test_another_exception():",
        "The above exception was the direct cause of the following exception",
        "E           ValueError: of the user's own",
    ):
        assert text in told["test_another_exception"]
    assert "checking.py" not in ran.stdout.str()

    counted = r"\d+ distinct shapes, \d+ confirmed by XLA, worst rounding \d+% of what is allowed"
    # A pair that two files check may be two of the same name: it counts as two.
    ran.stdout.re_match_lines([rf"backproof: 3 pairs, {counted}, 2 disagree$"])
    assert [(row["test"], row["pair"], row["agrees"]) for row in rows(pytester)] == [
        (f"{name}::test_another_exception", "forgetful", False),
        (f"{name}::test_right", "regression", True),
        (f"{name}::test_with_a_note", "forgetful", False),
        (f"{name}::test_wrong", "forgetful", False),
        ("test_later.py", "forgetful", False),
    ]
    told_by_json = rows(pytester)[-1]
    assert told_by_json["again"] == again[1]
    assert told_by_json["failure"]["first_wrong"] == "dW"

    command = [sys.executable, "-c", "from backproof.compare.cli import main; main()"]
    repeated = subprocess.run(
        [*command, *shlex.split(again[1])[1:]], capture_output=True, text=True, cwd=pytester.path
    )
    assert repeated.returncode == 1
    squeezed = [re.sub(" *\n *", "\n", re.sub(" +", " ", x)) for x in (story, repeated.stdout)]
    assert squeezed[0].replace("\nsmallest ", "\nexample ") in squeezed[1]


def test_a_profile_says_how_many_examples_where_a_call_does_not(pytester):
    """And beside modules of the user's that have the names of folders here."""
    pytester.makepyfile(compare="mine = 1", manual="mine = 2", arguments="mine = 3")
    pytester.makepyfile(f"""{PAIRS}
    import compare, manual, arguments
    from hypothesis import given, settings

    examples = []

    def test_their_own_modules():
        assert (compare.mine, manual.mine, arguments.mine) == (1, 2, 3)

    def test_the_number_of_the_profile():
        assert check(right).examples == 50

    def test_the_number_of_the_call():
        assert check(right, 60).examples == 60

    def test_always_nothing():
        constant = Pair(
            lambda X: {{"dX": np.zeros_like(X)}},
            lambda X: jnp.sum(jax.lax.stop_gradient(X)),
            {{"X": "n, m"}},
            name="constant",
        )
        assert check(constant, 20).vacuous

    @given(right.examples())
    def test_drawn(example):
        examples.append(example)
        assert judge(right, **right.arguments(example)).agrees

    def test_as_many_were_drawn():
        assert len(examples) == 50
    """)
    ran = pytester.runpytest_subprocess(
        "--backproof-profile", "quick", "--backproof-json", "out.json", *STRICT
    )
    ran.assert_outcomes(passed=6)
    assert "cannot be rewritten" not in ran.stdout.str()
    found = rows(pytester)
    assert [row["examples"] for row in found] == [20, 60, 50]
    constant, *others = found
    used = max(row["worst"]["used"] for row in found)
    both = {tuple(shape) for row in others for shape in row["shapes"]}
    confirmed = sum(row["confirmed"] for row in found)
    assert confirmed == 3
    ran.stdout.fnmatch_lines(
        [
            f"backproof: 2 pairs, {len(both) + len(constant['shapes'])} distinct shapes, "
            f"{confirmed} confirmed by XLA, worst rounding {used:.0%} of what is allowed, "
            "1 vacuous pass"
        ]
    )


def test_processes_of_xdist_send_what_they_checked(pytester):
    """Parametrised pairs, chosen by -k; then, in one process, by --lf."""
    source = f"""{PAIRS}
    import pytest

    MINE = {{pair.title: pair for pair in (right, wrong)}}

    @pytest.mark.parametrize("pair", MINE.values(), ids=str)
    def test_mine(pair):
        check(pair, 20)

    @pytest.mark.parametrize("seed", [1, 2])
    def test_seeds(seed):
        assert check(right, 5, seed=seed).seed == seed

    def test_not_chosen():
        raise NotImplementedError
    """
    pytester.makepyfile(test_it=source)
    run = ("--backproof-json", "out.json", "-W", "error")
    ran = pytester.runpytest_subprocess(*run, "-n", "2", "-k", "mine or seeds")
    ran.assert_outcomes(failed=1, passed=3)
    assert [(row["test"], row["agrees"]) for row in rows(pytester)] == [
        ("test_it.py::test_mine[forgetful]", False),
        ("test_it.py::test_mine[regression]", True),
        ("test_it.py::test_seeds[1]", True),
        ("test_it.py::test_seeds[2]", True),
    ]
    ran.stdout.re_match_lines(
        [
            r"forgetful: dW is wrong\.",
            r"test_it\.py:\d+: GradientMismatch",
            r"backproof: 2 pairs, \d+ distinct shapes, .*, 1 disagrees$",
            r"FAILED test_it\.py::test_mine\[forgetful\] - forgetful: dW is wrong\.",
        ]
    )
    assert "checking.py" not in ran.stdout.str()

    # What failed is still known by its id; and all frames are there for whoever asks for them.
    ran = pytester.runpytest_subprocess(*run, "--lf", "--full-trace")
    ran.assert_outcomes(failed=1)
    assert [row["pair"] for row in rows(pytester)] == ["forgetful"]
    ran.stdout.re_match_lines([r".*compare/checking\.py:\d+: GradientMismatch"])


def test_what_the_hand_or_the_loss_raises_is_shown_without_our_frames(pytester):
    pytester.makepyfile(
        test_it=PAIRS
        + """
    def divided(W, X, Y):
        raise ZeroDivisionError("by hand")

    def lossless(W, X, Y):
        return W.norm()

    def test_hand():
        check(Pair(divided, loss, SHAPES, wrt="W"))

    def test_loss():
        check(Pair(forgetful, lossless, SHAPES, wrt="W"))

    def test_argument():
        judge(right, W=[[1.0]])
    """
    )
    ran = pytester.runpytest_subprocess(*STRICT)
    ran.assert_outcomes(failed=3)
    text = ran.stdout.str()
    assert "def divided(W, X, Y):" in text
    assert "return W.norm()" in text
    assert "judge(right, W=[[1.0]])" in text
    assert "backproof/compare" not in text
    ran = pytester.runpytest_subprocess(*STRICT, "--full-trace")
    assert "backproof/compare" in ran.stdout.str()


def test_a_profile_is_hypothesis_own_too_for_as_long_as_a_run_lasts(pytester):
    pytester.makepyfile(
        test_it="""
        import os
        from backproof.compare import hooks
        from hypothesis import settings

        def test_state():
            state = (hooks.examples, settings.default.max_examples, settings.default.derandomize)
            assert str(state) == os.environ["EXPECTED"]
            if hooks.examples:
                assert settings.default.deadline is None
        """,
        script="""
        import os, sys
        import pytest
        from hypothesis import settings
        from backproof.compare import hooks

        settings.register_profile("theirs", max_examples=7, deadline=None, derandomize=False)
        before = settings.default  # another one where CI is set
        settings.register_profile("before", before)
        runs = [
            (["--backproof-profile", "ci"], (200, 200, True)),
            (["--backproof-profile", "thorough"], (2000, 2000, False)),
            (["--backproof-profile", "quick", "--hypothesis-profile", "theirs"], (50, 7, False)),
            ([], (None, before.max_examples, before.derandomize)),
        ]
        for options, expected in runs:
            os.environ["EXPECTED"] = str(expected)
            assert pytest.main(["test_it.py", *options, "-p", "no:cacheprovider"]) == 0
            assert hooks.examples is None and not hooks.listeners
            if "--hypothesis-profile" in options:  # which lasts
                settings.load_profile("before")
            assert settings.default == before
        print("all is as before")
        """,
    )
    ran = pytester.runpython(pytester.path / "script.py")
    assert ran.outlines[-1] == "all is as before"


USAGE = {
    "a folder": (
        ("--backproof-json", "."),
        "--backproof-json .: Is a directory; name a file that can be written.",
    ),
    "in no folder": (
        ("--backproof-json", "nowhere/out.json"),
        "--backproof-json nowhere/out.json: No such file or directory; name a file",
    ),
    "no such profile": (("--backproof-profile", "slow"), "--backproof-profile: invalid choice"),
}


@pytest.mark.parametrize(("options", "text"), USAGE.values(), ids=USAGE)
def test_wrong_usage_is_told_before_any_test_runs(pytester, options, text):
    ran = pytester.runpytest_subprocess(*options)
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert text in ran.stderr.str()
    assert not ran.stdout.lines


def test_without_jax_all_else_runs_and_a_check_says_what_to_install(pytester):
    pytester.makepyfile(
        test_plain="def test_plain(): pass",
        test_pair="from backproof.compare import check",
        script="""
        import sys

        sys.modules["jax"] = sys.modules["jaxlib"] = None  # as if they were not installed

        import pytest

        options = ["-p", "no:cacheprovider", "--continue-on-collection-errors"]
        sys.exit(pytest.main(options))
        """,
    )
    ran = pytester.runpython(pytester.path / "script.py")
    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(
        ["E   ImportError: backproof.compare needs jax, which is not installed: pip install jax"]
    )


ROW = {
    "test": "test_it.py::test_it",
    "pair": "one",
    "shapes": [[1, 2], [2, 1]],
    "confirmed": 2,
    "worst": {"used": 0.25},
    "vacuous": [],
    "agrees": True,
}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ([{}], "1 pair, 2 distinct shapes, 2 confirmed by XLA, worst rounding 25% of"),
        ([{}, {"shapes": [[1, 2], [3, 3]]}], "1 pair, 3 distinct shapes, 4 confirmed"),
        ([{}, {"test": "test_other.py::test_it"}], "2 pairs, 4 distinct shapes, 4 confirmed"),
        ([{}, {"pair": "two", "worst": {"used": 0.5}}], "worst rounding 50% of what is allowed$"),
        ([{"shapes": [[]], "worst": None}], "1 pair, 1 distinct shape, 2 confirmed by XLA$"),
        ([{"vacuous": ["dW was 0"]}] * 2, ", 2 vacuous passes$"),
        ([{"agrees": False, "vacuous": ["dW was 0"]}], "of what is allowed, 1 disagrees$"),
        ([{"agrees": False}, {}, {"agrees": False, "pair": "two"}], ", 2 disagree$"),
    ],
)
def test_the_summary_counts_each_pair_and_shape_once(changes, text):
    assert re.search(f"^backproof: .*{text}", summary([ROW | c for c in changes]))
