"""`backproof check` as people and programs run it: text, JSON, exit codes, Ctrl-C."""

import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from backproof import manual
from backproof.compare import PAIRS, console, search
from backproof.compare.cli import main

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

    monkeypatch.setitem(sys.modules["backproof.compare.pair"].BY_HAND, "logistic", gradients)


def test_agreement_is_a_table_and_exit_status_0():
    ran = run(*UNIT)
    assert ran.exit_code == 0
    assert re.search(r"^ *pair +shapes +run +XLA +worst +at +verdict", ran.stdout, re.M)
    assert re.search(
        r"logistic-cross_entropy +3 +replay +1 +[\d.]+/\d+ +\w+\S* .*agrees", ran.stdout
    )
    assert "1 pair, 147 quantities compared: all agree" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_disagreement_is_told_and_exit_status_1(wrong):
    ran = run(*UNIT)
    assert ran.exit_code == 1
    assert "disagrees" in ran.stdout
    assert re.search(r"^  dw at \[\d, 0\]: .* by hand, .* by autodiff$", ran.stdout, re.M)
    assert (
        "again: backproof check --pair logistic-cross_entropy --examples 3 --seed 0" in ran.stdout
    )
    assert "1 disagree" in ran.stdout


def test_the_command_that_is_printed_reproduces_the_failure(wrong):
    first = run("check", "--pair", "logistic-cross_entropy", "--dtype", "float32", "--seed", 7)
    again = re.search(r"again: backproof (.*)", first.stdout)[1].split()
    assert run(*again).stdout == first.stdout


def test_json_holds_all_that_the_table_does(wrong):
    ran = run(*UNIT, "--json")
    assert ran.exit_code == 1
    document = json.loads(ran.stdout)
    (row,) = document["pairs"]
    assert (document["agrees"], document["interrupted"], document["seed"]) == (False, False, 0)
    assert row["pair"] == "logistic-cross_entropy"
    assert row["failures"][0]["quantity"] == "dw"
    assert row["failures"][0]["difference_eps"] > row["failures"][0]["allowed_eps"]
    assert "n_x=" in row["failures"][0]["example"]
    assert all(len(shape) == 3 for shape in row["shapes"])


def test_the_same_seed_prints_the_same_and_another_seed_tries_other_shapes():
    one, same, other = (
        json.loads(run("check", "--pair", "logistic-cross*", "--seed", s, "--json").stdout)
        for s in (0, 0, 1)
    )
    assert one == same
    assert one["pairs"][0]["shapes"] != other["pairs"][0]["shapes"]


def test_one_precision_on_request():
    row = json.loads(run(*UNIT, "--dtype", "float32", "--json").stdout)["pairs"][0]
    assert "float32" in row["worst"]["example"]
    assert "--dtype float32" in row["again"]


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
    "an argument": (["shallow"], "unexpected extra argument"),
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
    assert re.search(r"^ *pair +worst +at +apart, eps +accuracy +verdict", ran.stdout, re.M)
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


def test_the_table_fits_100_columns_for_the_longest_name(monkeypatch, capsys):
    """Names are the widest part: they are never cut or folded."""
    monkeypatch.setattr(console, "PIPED_WIDTH", 200)
    longest = max(PAIRS.values(), key=lambda pair: len(pair.name))
    report = search(longest, examples=8)
    console.show([report])
    text = capsys.readouterr().out
    assert longest.name in text
    assert max(map(len, text.splitlines())) <= 100


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
