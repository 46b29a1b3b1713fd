"""The benchmarks run, and leave what they promise; how fast anything is, is no test's business."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.benchmarks

ROOT = Path(__file__).parents[1]
NETWORKS = {"hand", "replay", "torch"}
CONTENDERS = {
    "unseen": NETWORKS | {"torch gradcheck", "jit per shape", "JAX check_grads"},
    "known": NETWORKS | {"matrix products", "jit", "jit on NumPy"},
    "scaling": NETWORKS | {"jit", "jit on NumPy", "numeric"},
    "check": {
        "draw only",
        "draw and check",
        "check only",
        "its arrays",
        "hand",
        "replay",
        "whole search, XLA too",
    },
    "memory": {"results", "hand", "replay"},
    "start": {"pass", "import backproof.manual", "first derive()"},
}
COUNTED = ("verdicts", "false_alarms", "peers")  # benchmarks that count, and draw nothing


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The folder that one quick run of all benchmarks fills, and what it printed."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks", "--quick", "--results", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    return folder, ran.stdout


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_contender_has_a_row_with_a_positive_median_or_a_reason_for_none(name, results):
    document = json.loads((results[0] / f"{name}.json").read_text("utf-8"))
    rows = document["rows"]
    for case in {row["case"] for row in rows}:
        assert {row["contender"] for row in rows if row["case"] == case} == CONTENDERS[name]
    for row in rows:
        if row["median"] is None:
            assert row["note"] == "torch is not installed"
            assert find_spec("torch") is None
        else:
            assert 0 < row["quartiles"][0] <= row["median"] <= row["quartiles"][1]
            assert row["rounds"] >= 1
            assert all(ratio > 0 for ratio in row["ratios"].values() if ratio is not None)


def counted(name, results):
    """Return the rows of a table, each by its columns."""
    document = json.loads((results[0] / f"{name}.json").read_text("utf-8"))
    columns = document["columns"]
    return document, {
        row: dict(zip(columns, numbers, strict=False)) for row, numbers in document["rows"].items()
    }


@pytest.mark.parametrize("name", COUNTED)
def test_every_row_has_a_number_in_every_column_or_a_reason_for_none(name, results):
    document, rows = counted(name, results)
    assert rows
    for row in rows.values():
        assert row.keys() == set(document["columns"])
        assert "not installed" in row.values() or any(type(n) is int for n in row.values())


def test_planted_mistakes_are_caught_and_none_is_explained_wrongly(results):
    _, rows = counted("verdicts", results)
    assert sum(row["planted"] for row in rows.values()) >= 15
    for row in rows.values():
        assert row["caught"] == row["planted"]
        assert row["wrong cause"] == 0


def test_no_right_gradient_is_blamed(results):
    _, rows = counted("false_alarms", results)
    assert all(row["agrees"] > 0 for row in rows.values())
    assert all(row["not finite"] == row["other"] == 0 for row in rows.values())
    _, rows = counted("peers", results)
    assert all(row["false alarms"] == 0 for name, row in rows.items() if "backproof" in name)


@pytest.mark.parametrize("name", [*CONTENDERS, *COUNTED])
def test_the_file_says_on_what_and_with_what_it_was_measured(name, results):
    document = json.loads((results[0] / f"{name}.json").read_text("utf-8"))
    assert document["machine"]["processor"]
    assert document["versions"]["numpy"]
    assert document["date"]
    assert document["quick"] is True
    assert document["command"].startswith("python -m benchmarks --quick")
    assert document["title"] in results[1]


@pytest.mark.parametrize("name", CONTENDERS)
def test_a_picture_is_drawn(name, results):
    picture = ElementTree.parse(results[0] / f"{name}.svg")
    assert picture.getroot().tag.endswith("svg")


def test_an_unknown_benchmark_is_refused_by_name():
    command = [sys.executable, "-m", "benchmarks", "unknown"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 2
    assert "unknown" in ran.stderr
