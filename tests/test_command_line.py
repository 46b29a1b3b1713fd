"""`backproof check` as people and programs run it: text, JSON, exit codes, Ctrl-C."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from backproof import manual
from backproof.compare import PAIRS, console
from backproof.compare.cli import main
from backproof.compare.search import search

UNIT = ["check", "--pair", "logistic-cross_entropy", "--examples", "3"]
COMMAND = [sys.executable, "-c", "from backproof.compare.cli import main; main()"]


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture
def wrong(monkeypatch):
    """Make logistic regression forget 1/m in dw."""
    right = manual.logistic.gradients

    def gradients(parameters, X, Y, *arguments, **options):
        J, cache, d = right(parameters, X, Y, *arguments, **options)
        return J, cache, d | {"dw": d["dw"] * X.shape[1]}

    monkeypatch.setattr(manual.logistic, "gradients", gradients)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Go to a folder with a file of pairs: one right, one that forgets 1/m."""
    (tmp_path / "mine.py").write_text(MINE, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("mine", None)


MINE = """
import jax.numpy as jnp
from backproof.compare import Pair

shapes = {"W": "k, n", "X": "n, m", "Y": "k, m"}


def loss(W, X, Y):
    return jnp.sum((W @ X - Y) ** 2) / (2 * X.shape[1])


def regression(W, X, Y):
    return {"dW": (W @ X - Y) @ X.T / X.shape[1]}


def forgetful(W, X, Y):
    return {"dW": (W @ X - Y) @ X.T}


right = Pair(regression, loss, shapes, wrt="W")
wrong = Pair(forgetful, loss, shapes, wrt="W")
"""


def test_agreement_is_a_table_and_exit_status_0():
    ran = run(*UNIT)
    assert ran.exit_code == 0
    heads = "pair shapes run XLA rounding imprecise kinks verdict".replace(" ", " +")
    assert re.search(rf"^ *{heads} *$", ran.stdout, re.M)
    row = r"^ *logistic-cross_entropy +3 +replay +1 +\d+% +\d+ +0 +agrees *$"
    assert re.search(row, ran.stdout, re.M)
    assert "1 pair, 21 quantities compared: all agree" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_disagreement_is_told_and_exit_status_1(wrong):
    ran = run(*UNIT)
    assert ran.exit_code == 1
    assert re.search(r"^ *logistic-cross_entropy .* wrong *$", ran.stdout, re.M)
    assert "\nlogistic-cross_entropy: dw is wrong.\n" in ran.stdout
    assert re.search(r"^  dw \[\d, 0\] +\(1, 1\) +\S+ +\S+ +wrong *$", ran.stdout, re.M)
    assert "dw is m times too large: the division by m is missing" in ran.stdout
    assert re.search(
        r"^  again +backproof check --pair logistic-cross_entropy --example n_x=1,m=2,seed=0$",
        ran.stdout,
        re.M,
    )
    assert "1 pair, 14 quantities compared: 1 disagree" in ran.stdout


def test_the_command_that_is_printed_reproduces_the_failure(wrong):
    first = run("check", "--pair", "logistic-cross_entropy", "--dtype", "float32", "--seed", 7)
    again = re.search(r"again +backproof (.*)", first.stdout)[1].split()
    ran = run(*again)
    assert ran.exit_code == 1
    stories = []
    for text in (first.stdout, ran.stdout):
        story, _, rest = text.partition("dw is wrong")[2].partition("  again")
        assert story
        assert rest.split()[0] == "backproof"
        lines = [" ".join(line.split()) for line in story.splitlines()]
        stories.append([re.sub("^(smallest|example) ", "at ", line) for line in lines])
    assert stories[0] == stories[1]


@pytest.mark.parametrize("place", ["mine.py::wrong", "mine:wrong"])
def test_a_pair_of_ones_own_is_checked_and_the_failure_reproduced(own, place):
    ran = run("check", place, "--examples", 20)
    assert ran.exit_code == 1
    assert "\nforgetful: dW is wrong.\n" in ran.stdout
    again = re.search(r"again +backproof (check mine\.py::wrong --example \S+)$", ran.stdout, re.M)
    sys.modules.pop("mine")
    assert run(*again[1].split()).exit_code == 1
    (own / "mine.py").write_text(MINE.replace("@ X.T}", "@ X.T / X.shape[1]}"), "utf-8")
    sys.modules.pop("mine")
    assert run(*again[1].split()).exit_code == 0


def test_the_pairs_that_can_be_used_are_checked_beside_one_that_cannot(own):
    with (own / "mine.py").open("a", encoding="utf-8") as file:
        file.write('unfit = Pair(forgetful, loss, {"V": "n"})\n')
    ran = run("check", "mine.py", "--examples", 9)
    assert ran.exit_code == 2
    assert "\nforgetful: dW is wrong.\n" in ran.stdout
    assert ran.stderr.startswith("Error: mine.py: unfit: shapes: the loss has no argument 'V'")
    document = json.loads(run("check", "mine.py", "--examples", 9, "--json").stdout)
    assert [row["pair"] for row in document["pairs"]] == ["regression", "forgetful"]
    assert document["unusable"] == [ran.stderr.removeprefix("Error: ").strip()]
    assert not document["agrees"]


@pytest.mark.parametrize("name", ["wrong", "forgetful", "forget*"])
def test_a_pair_is_chosen_by_its_variable_or_by_its_own_name(own, name):
    document = json.loads(run("check", "mine.py", "--pair", name, "--examples", 9, "--json").stdout)
    assert [row["pair"] for row in document["pairs"]] == ["forgetful"]


def test_all_pairs_of_a_file_are_checked_or_those_that_are_named(own):
    document = json.loads(run("check", "mine.py", "--examples", 9, "--json").stdout)
    assert [(row["pair"], row["agrees"]) for row in document["pairs"]] == [
        ("regression", True),
        ("forgetful", False),
    ]
    assert run("check", "mine.py", "--pair", "r*", "--examples", 9).exit_code == 0
    assert run("check", "mine.py::right", "--examples", 9).exit_code == 0


def test_json_holds_all_that_the_table_does(wrong):
    ran = run(*UNIT, "--json")
    assert ran.exit_code == 1
    document = json.loads(ran.stdout)
    (row,) = document["pairs"]
    assert (document["agrees"], document["interrupted"], document["seed"]) == (False, False, 0)
    assert (row["pair"], row["agrees"], row["verdict"]) == (
        "logistic-cross_entropy",
        False,
        "wrong",
    )
    assert (row["run"], row["confirmed"], row["fault"]) == ("replay", 1, "")
    assert row["quantities"] == sum(row["verdicts"].values()) == 7 * row["examples"]
    failure = row["failure"]
    assert failure["first_wrong"] == "dw"
    assert failure["example"] == "n_x=1,m=2,seed=0"
    by_name = {finding["quantity"]: finding for finding in failure["findings"]}
    assert list(by_name)[:4] == ["Z", "A", "J", "dZ"]
    assert set(list(by_name)[4:]) == {"dw", "db", "dX"}
    dw = by_name["dw"]
    assert (dw["verdict"], dw["shape"], dw["place"]) == ("wrong", [1, 1], [0, 0])
    assert dw["hand"] == pytest.approx(2 * dw["autodiff"])
    assert {finding["verdict"] for name, finding in by_name.items() if name != "dw"} == {"agrees"}
    assert failure["causes"][0]["mistake"] == "no mean"
    assert row["sizes"] == ["n_x", "m"]
    assert all(len(shape) == 2 for shape in row["shapes"])
    assert row["again"].endswith("--example n_x=1,m=2,seed=0")


def test_the_same_seed_prints_the_same_and_another_seed_tries_other_shapes():
    one, same, other = (
        json.loads(
            run(
                "check", "--pair", "logistic-cross*", "--examples", 60, "--seed", s, "--json"
            ).stdout
        )
        for s in (0, 0, 1)
    )
    assert one == same
    assert one["pairs"][0]["shapes"] != other["pairs"][0]["shapes"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_precision_on_request(dtype, monkeypatch):
    right, seen = manual.logistic.gradients, set()

    def gradients(parameters, X, *arguments, **options):
        seen.add(str(X.dtype))
        return right(parameters, X, *arguments, **options)

    monkeypatch.setattr(manual.logistic, "gradients", gradients)
    row = json.loads(run(*UNIT, "--dtype", dtype, "--json").stdout)["pairs"][0]
    assert seen == {dtype}
    assert row["agrees"]


def test_one_example_on_request():
    text = "n_x=3,m=2,seed=7,dtype=float32,X=large"
    ran = run("check", "--pair", "logistic-cross_entropy", "--example", text, "--json")
    row = json.loads(ran.stdout)["pairs"][0]
    assert (row["shapes"], row["examples"], row["confirmed"]) == ([[3, 2]], 1, 1)
    assert ran.exit_code == 0


def test_patterns_choose_pairs():
    document = json.loads(
        run("check", "--pair", "logistic*-cross_entropy", "--examples", 1, "--json").stdout
    )
    assert [row["pair"] for row in document["pairs"]] == [
        "logistic-cross_entropy",
        "logistic_loop-cross_entropy",
    ]


USAGE = {
    "unknown pair": (["--pair", "logistik"], "no pair 'logistik'; the nearest are logistic"),
    "no examples": (["--examples", "0"], "0 is not in the range x>=1"),
    "examples that are no number": (["--examples", "many"], "'many' is not a valid integer"),
    "negative seed": (["--seed", "-1"], "-1 is not in the range x>=0"),
    "unknown dtype": (["--dtype", "float16"], "'float16' is not one of 'float32', 'float64'"),
    "label alone": (["--label", "y"], "--label goes with --data FILE.csv"),
    "data without label": (["--data", "x.csv"], "a CSV file needs --label COLUMN"),
    "no such file": (
        ["--data", "none.csv", "--label", "y"],
        "--data 'none.csv': No such file or directory; pass a CSV file, or breast-cancer",
    ),
    "a folder": (["--data", ".", "--label", "y"], "Is a directory"),
    "examples on data": (["--data", "digits", "--examples", "9"], "leave it out with --data"),
    "a pair that does not fit": (
        ["--data", "diabetes", "--pair", "logistic*"],
        "no chosen --pair fits",
    ),
    "an unknown option": (["--tolerance", "1"], "No such option"),
    "no such module": (["shallow"], "shallow: No module named 'shallow'; expected FILE.py or"),
    "no such place": (["mine.py"], "mine.py: there is no such file"),
    "two places": (["one.py", "two.py"], "unexpected extra argument"),
    "a module without pairs": (["json"], "json has no pair: write `pair = Pair(…)` at its top"),
    "a label for an example": (
        ["--example", "n_x=1,m=1", "--label", "y"],
        "--label goes with --data FILE.csv",
    ),
    "an example without a size": (
        ["--pair", "logistic-cross_entropy", "--example", "m=3"],
        "--example m=3: the size of n_x is missing; add n_x=3, or another number",
    ),
    "an example of another pair": (
        ["--pair", "logistic-cross_entropy", "--example", "n_x=1,m=1,n_1=3"],
        "there is no 'n_1'; expected some of n_x, m, seed, dtype, order",
    ),
    "an example and a seed": (
        ["--example", "n_x=1,m=1", "--seed", "3"],
        "--seed does not go with --example, which says it all",
    ),
    "an example on data": (
        ["--example", "n_x=1,m=1", "--data", "digits"],
        "--example does not go with --data",
    ),
}


@pytest.mark.parametrize(("arguments", "text"), USAGE.values(), ids=USAGE)
def test_wrong_usage_is_told_on_standard_error_with_exit_status_2(arguments, text):
    ran = run("check", *arguments)
    assert ran.exit_code == 2
    assert text in ran.stderr
    assert ran.stdout == ""


def test_real_data_is_a_table_with_scores(tmp_path):
    (tmp_path / "d.csv").write_text(
        "a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40))
    )
    ran = run("check", "--data", tmp_path / "d.csv", "--label", "y", "--pair", "shallow-tanh-sig*")
    assert ran.exit_code == 0
    assert re.search(r"^ *pair +apart, eps +accuracy +verdict", ran.stdout, re.M)
    row = json.loads(
        run(
            "check",
            "--data",
            tmp_path / "d.csv",
            "--label",
            "y",
            "--pair",
            "logistic-cr*",
            "--json",
        ).stdout
    )["pairs"][0]
    assert row["again"].startswith(f"backproof check --data {tmp_path / 'd.csv'} --label y --pair")
    assert row["steps"] == 200
    assert row["by_hand"] == row["by_autodiff"]


def test_no_name_is_folded_where_a_program_may_look_for_it(capsys):
    """Names are the widest part: with the longest, the table is a little wider than 100 columns."""
    longest = max(PAIRS.values(), key=lambda pair: len(pair.name))
    console.show([search(longest, examples=8), search(PAIRS["logistic-cross_entropy"], examples=8)])
    text = capsys.readouterr().out
    assert longest.name in text
    assert max(map(len, text.splitlines())) <= 110
    console.show([search(PAIRS["logistic-cross_entropy"], examples=8)])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def started(arguments, **streams):
    """Start the command on a pseudo-terminal; return the process and the terminal's other end."""
    here, there = pty.openpty()
    streams = {"stdout": there, "stderr": there} | streams
    screen = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen([*COMMAND, *arguments], env=screen, text=True, **streams)
    os.close(there)
    return process, here


def seen(terminal, until=b"never printed"):
    """Read what a person sees, up to the end or to some text."""
    text = b""
    while until not in text:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        text += piece
    return text


def test_on_a_terminal_there_is_a_progress_bar_and_colour():
    process, terminal = started(UNIT)
    text = seen(terminal)
    assert process.wait() == 0
    assert b"/3" in text
    assert b"\x1b[32m" in text


INTERRUPTED_IMPORT = """
import signal
import sys


class Interrupt:
    @staticmethod
    def find_spec(name, path, target=None):
        if name == "jax":
            signal.raise_signal(signal.SIGINT)


sys.meta_path.insert(0, Interrupt)
from backproof.compare.command import main

main()
"""


def test_ctrl_c_while_jax_is_imported_gives_no_traceback():
    command = [sys.executable, "-c", INTERRUPTED_IMPORT, *UNIT]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "interrupted\n")


def test_a_second_ctrl_c_does_not_wait():
    twice = INTERRUPTED_IMPORT.replace(
        "raise_signal", "raise_signal(signal.SIGINT), signal.raise_signal"
    )
    ran = subprocess.run([sys.executable, "-c", twice, *UNIT], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "interrupted\n")


SLOW = """
import time
from pathlib import Path

import jax.numpy as jnp

from backproof.compare import Pair


def by_hand(x):
    time.sleep(0.3)
    with Path("calls").open("a") as calls:
        calls.write(".")
    return {"dx": 3 * x}


pair = Pair(by_hand, lambda x: jnp.sum(x**2), {"x": "n, m"})
"""


def test_ctrl_c_ends_an_explanation_that_takes_minutes(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW, "utf-8")
    process = subprocess.Popen([*COMMAND, "check", "slow.py"], cwd=tmp_path, stderr=subprocess.PIPE)
    calls = tmp_path / "calls"
    while not calls.is_file() or len(calls.read_text("utf-8")) < 10:
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1].endswith(b"interrupted\n")
    assert process.returncode == 130


INSTALLED = "from backproof.compare.command import main; main()"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_stream_that_has_not_all_letters_shows_the_others(encoding):
    command = [sys.executable, "-c", INSTALLED, "walk", "shallow"]
    ran = subprocess.run(
        command, capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding}
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"W1 @ X + b1" in ran.stdout


def test_a_closed_standard_output_is_no_disagreement():
    command = f"{shlex.join([sys.executable, '-c', INSTALLED, *UNIT])} >&-"
    ran = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_full_disk_is_told_in_a_line():
    with open("/dev/full", "w") as full:
        ran = subprocess.run([*COMMAND, *UNIT], stdout=full, stderr=subprocess.PIPE, text=True)
    assert ran.returncode == 2
    assert "No space left on device; make room" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_ctrl_c_while_a_file_is_imported_is_no_disagreement(own):
    (own / "mine.py").write_text("raise KeyboardInterrupt", "utf-8")
    ran = run("check", "mine.py")
    assert (ran.exit_code, ran.stderr) == (130, "interrupted\n")


def test_ctrl_c_prints_what_is_finished_and_exits_130():
    process, terminal = started(["check", "--json"], stdout=subprocess.PIPE)
    seen(terminal, until=b"logistic-naive")
    process.send_signal(signal.SIGINT)
    document = json.loads(process.communicate(timeout=60)[0])
    told = seen(terminal)
    assert process.returncode == 130
    assert document["interrupted"]
    finished = len(document["pairs"])
    assert 1 <= finished < len(PAIRS)
    assert f"interrupted: {finished} of {len(PAIRS)} pairs were checked".encode() in told
    assert b"Traceback" not in told


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"], ["--version"]])
def test_help_and_version(command):
    ran = run(*command)
    assert ran.exit_code == 0
    assert "backproof" in ran.stdout or "Usage" in ran.stdout
