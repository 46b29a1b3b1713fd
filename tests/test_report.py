"""A report as text, as JSON, as HTML: of a pair that agrees, that fails, that says little."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import jsonschema
import numpy as np
import pytest

from backproof.compare import PAIRS, GradientMismatch, Pair, check, judge
from backproof.compare.search import search

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "docs" / "report-schema.json").read_text("utf-8"))


def loss(W: Any, X: Any) -> Any:
    return jnp.sum(jnp.tanh(W @ X) ** 2) / X.shape[1]


def by_hand(W: Any, X: Any) -> dict[str, Any]:
    A = np.tanh(W @ X)
    return {"dW": (2 * A * (1 - A**2)) @ X.T / X.shape[1]}


def no_mean(W: Any, X: Any) -> dict[str, Any]:
    return {"dW": by_hand(W, X)["dW"] * X.shape[1]}


def out_of_range(W: Any, X: Any) -> dict[str, Any]:
    return {"dW": by_hand(W, X)["dW"] * np.inf * 0}


def too_flat(W: Any, X: Any) -> dict[str, Any]:
    return {"dW": by_hand(W, X)["dW"].ravel()}


SHAPES = {"W": "k, n", "X": "n, m"}
FAILING = {
    "no_mean": Pair(no_mean, loss, SHAPES),
    "out_of_range": Pair(out_of_range, loss, SHAPES),
    "too_flat": Pair(too_flat, loss, SHAPES),
}
right = Pair(by_hand, loss, SHAPES)


def validated(document: Any, definition: str = "report") -> Any:
    schema = {"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(document)
    return json.loads(json.dumps(document, allow_nan=False))


@pytest.mark.parametrize("name", FAILING)
def test_a_failure_is_data_that_the_schema_describes(name: str) -> None:
    with pytest.raises(GradientMismatch) as raised:
        check(FAILING[name])
    document = validated(raised.value.report.as_json())
    assert document["agrees"] is False
    assert document["failure"]["first_wrong"] == "dW"
    assert str(raised.value) == str(raised.value.report)


def test_an_agreement_is_data_that_the_schema_describes() -> None:
    document = validated(check(right).as_json())
    assert (document["agrees"], document["failure"]) == (True, None)
    assert document["sizes"] == ["k", "n", "m"]
    assert len(document["shapes"]) >= 100


def printed(*arguments: str) -> Any:
    command = [sys.executable, "-c", "from backproof.compare.cli import main; main()", "check"]
    ran = subprocess.run([*command, *arguments, "--json"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


def test_the_command_prints_what_the_schema_describes() -> None:
    relu = ("--pair", "shallow-relu-sigmoid-cross_entropy")
    own, shipped = printed(f"{Path(__file__)}::right"), printed(*relu, "--examples", "60")
    assert own["pairs"][0]["noted"] == []
    noted = {one["finding"]["verdict"] for one in shipped["pairs"][0]["noted"]}
    assert "imprecise" in noted


def test_and_so_it_does_of_a_training(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,y\n" + "".join(f"{i % 7},{i % 2}\n" for i in range(40)))
    data = ("--data", str(tmp_path / "d.csv"), "--label", "y")
    (row,) = printed(*data, "--pair", "logistic-cross_entropy")["pairs"]
    assert row["faults"] == []


@pytest.mark.parametrize("name", FAILING)
def test_a_report_fits_100_columns_and_has_no_colour_where_nobody_looks(name: str) -> None:
    text = str(search(FAILING[name]))
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text


def test_the_story_tells_the_line_the_cause_the_judge_the_condition_and_the_command() -> None:
    text = str(search(FAILING["no_mean"]))
    assert text.startswith("no_mean: dW is wrong.\n")
    labels = re.findall(r"^  (\w+) +\S", text, re.M)
    assert labels == ["line", "dW", "why", "lesson", "who", "loss", "when", "smallest", "again"]
    assert "dW is m times too large: the division by m is missing (on 12 of 12 problems)" in text
    assert re.search(r"^  when +m > 1$", text, re.M)
    assert re.search(r"^  smallest +k=1,n=1,m=2,seed=0$", text, re.M)
    assert re.search(r"^  again +judge\(pair, .*example\(\"k=1,n=1,m=2,seed=0\"\)\)\)$", text, re.M)


class Tags(HTMLParser):
    """Collects the tags of a document, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Note a tag that opens."""
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Demand that the tag was the last one opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the words."""
        self.words += data


@pytest.mark.parametrize("make", [lambda: search(FAILING["no_mean"]), lambda: search(right)])
def test_a_notebook_gets_well_formed_tables(make: Callable[[], Any]) -> None:
    report = make()
    tags = Tags()
    tags.feed(report._repr_html_())
    assert tags.open == []
    if not report.agrees:
        assert {"table", "thead", "th", "tbody", "td"} <= set(tags.seen)
        assert "dW is m times too large" in tags.words


def test_names_are_escaped_in_html() -> None:
    report = search(Pair(by_hand, loss, SHAPES, name="<script>alert(1)</script>"), examples=3)
    assert "<script>" not in report._repr_html_()


def test_a_terminal_gets_colours() -> None:
    code = (
        "import test_report; from backproof.compare import console; "
        "from backproof.compare.search import search; "
        "console.show([search(test_report.FAILING['too_flat'])])"
    )
    parent, child = pty.openpty()
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "TERM": "xterm-256color"}
    env.pop("NO_COLOR", None)
    ran = subprocess.Popen([sys.executable, "-c", code], stdout=child, env=env)
    os.close(child)
    shown = b""
    while True:
        try:
            shown += os.read(parent, 4096)
        except OSError:
            break
        if ran.poll() is not None and b"disagree" in shown:
            break
    ran.wait(timeout=60)
    os.close(parent)
    assert b"\x1b[" in shown
    assert b"wrong shape" in shown


def test_passing_on_zeros_alone_is_called_vacuous() -> None:
    pair = Pair(
        lambda x, y: {"dx": np.zeros_like(x), "dy": np.cos(y)},
        lambda x, y: jnp.sum(jnp.sin(y)) + 0 * jnp.sum(x),
        {"x": "n", "y": "n"},
    )
    report = check(pair)
    assert report.verdict == "agrees, vacuously"
    assert report.vacuous == ["dx was 0 on every example"]
    assert "vacuous" in str(report)


def test_sizes_that_were_never_told_apart_are_called_vacuous() -> None:
    pair = Pair(by_hand, loss, SHAPES, constraints=["m <= 1"])
    assert "m was 1 on every example" in check(pair).vacuous
    pair = Pair(by_hand, loss, SHAPES, constraints=["n >= m", "m >= n"])
    assert "n and m were equal on every example" in check(pair).vacuous


def test_one_judgement_is_data_and_text_too() -> None:
    judgement = judge(FAILING["no_mean"], W=np.ones((2, 3)), X=np.ones((3, 4)))
    assert not judgement.agrees
    (finding,) = judgement.as_json()["findings"]
    validated(finding, "finding")
    assert str(judgement).startswith("dW at [0, 0] wrong")
    assert judge(right, W=np.ones((2, 3)), X=np.ones((3, 4))).agrees


def test_the_arrays_that_are_judged_stay_as_they_were() -> None:
    def careless(x: Any) -> Any:
        x *= 2
        return {"dx": x.copy()}

    pair, x = Pair(careless, lambda x: jnp.sum(x**2), {"x": "n"}), np.ones(3)
    assert judge(pair, x=x).first_wrong.verdict == "overwrites"  # type: ignore[union-attr]
    assert x.tolist() == [1, 1, 1]


def test_the_seed_reproduces_the_whole_report() -> None:
    pair = PAIRS["logistic-cross_entropy"]
    one, same, other = (search(pair, examples=30, seed=seed).as_json() for seed in (3, 3, 4))
    assert one == same != other
