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
    "check": {"draw only", "draw and check", "check only", "its arrays", "hand", "replay"},
    "memory": {"results", "hand", "replay"},
    "start": {"pass", "import backproof.manual", "first derive()"},
}


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


@pytest.mark.parametrize("name", CONTENDERS)
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
