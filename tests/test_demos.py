"""Every demo runs, and what it says is so in its data."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from backproof.compare.finding import PASSES
from backproof.demos import NAMES, demo, title
from backproof.demos.command import demo_command
from backproof.demos.files import notebook, page, picture


@cache
def measured(name: str) -> Any:
    return demo(name).measure()


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_says_what_it_teaches_with_numbers_and_draws_it(name: str) -> None:
    one, data = demo(name), measured(name)
    said = one.lesson(data)
    assert said.endswith(".")
    assert any(letter.isdigit() for letter in said)
    root = ElementTree.fromstring(picture(name, data, "svg"))
    assert root.tag.endswith("svg")
    assert picture(name, data, "svg") == picture(name, data, "svg")


NOTEBOOKS = Path(__file__).parents[1] / "demos" / "notebooks"


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_in_step_with_its_demo_and_runs(name: str) -> None:
    file = NOTEBOOKS / f"{name}.py"
    assert file.read_bytes() == notebook(name)
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs, definitions = module.app.run()
    assert "data" in definitions
    assert demo(name).lesson(definitions["data"])[:20] in outputs[-1].text


def test_a_page_of_a_demo_is_one_file_with_its_lesson() -> None:
    text = page("keepdims", measured("keepdims")).decode()
    assert text.count(escape(demo("keepdims").lesson(measured("keepdims")))) == 2
    assert not re.search(r"(src|href)=[\"']http", text)


def test_six_equations() -> None:
    data = measured("six_equations")
    assert set(data["verdicts"]) <= set(PASSES)
    for name, array in data["hand"].items():
        np.testing.assert_allclose(array, data["autodiff"][name], rtol=1e-9)


def test_where_the_mean_goes() -> None:
    data = measured("where_the_mean_goes")
    for name, ratios in data["ratios"].items():
        expected = 1 / np.array(data["m"]) if name[1] in "ZA" else np.ones(len(data["m"]))
        np.testing.assert_allclose(ratios, expected, rtol=1e-12)


def test_spot_the_bug() -> None:
    data = measured("spot_the_bug")
    runs = data["runs"]
    assert runs["right"]["accuracy"] == runs["wrong"]["accuracy"] == 1
    assert not np.allclose(data["right"], data["wrong"], rtol=0.1)
    assert (data["line"], data["why"]) == (
        "dZ1",
        "the activation's derivative is missing: dZ1 is dA1 as it is",
    )


def test_the_shape_that_hides_the_bug() -> None:
    rows = measured("shapes_that_hide")["mistakes"]
    assert rows["dW1: no mean"]["m = 1"] == "hidden"
    assert rows["dW1: wrong count"]["n_x = m"] == "hidden"
    assert all(row["all distinct"] != "hidden" for row in rows.values())
    for name, row in rows.items():
        assert "shown" in row.values(), name
        of_every_shape = ("dZ1: no activation derivative", "dZ2: label squared")
        assert (row["all 1"] == "shown") == (name in of_every_shape)
        same = row["0/1 labels"] == row["all distinct"]
        assert same == (name != "dZ2: label squared")


def test_relu_at_zero() -> None:
    data = measured("relu_at_zero")
    assert (data["hand"], [*data["ways"].values()]) == (1, [1, 0.5, 0])
    assert [*data["verdicts"].values()] == ["agrees", "kink", "kink"]


def test_autodiff_is_not_magic() -> None:
    data = measured("autodiff_is_not_magic")
    curves = data["curves"] | {"hand": data["hand"]}
    off = {name: np.abs(curve - data["truth"]) for name, curve in curves.items()}
    assert np.all(off["hand"] < 1e-6)
    assert np.all(off["softplus"] < 1e-6)
    assert data["z"][~(off["maximum"] < 1e-6)].tolist() == [0]
    assert not np.all(np.isfinite(data["curves"]["naive"]))
    assert np.all(data["curves"]["clipped"][data["z"] > 20] == 0)


def test_symmetry() -> None:
    starts = measured("symmetry")["starts"]
    different = [run["different"] for run in starts.values()]
    assert different == [1, 1, 4, 4, 4]
    assert starts["zeros"]["accuracy"] < starts["randn × 0.01"]["accuracy"]


def test_initial_scale() -> None:
    data = measured("initial_scale")
    assert data["slopes"] == sorted(data["slopes"], reverse=True)
    assert data["slopes"][-1] < 0.05
    ends = [costs[-1] for costs in data["costs"]]
    assert ends[2] < ends[-1] / 2


def test_linear_layers() -> None:
    data = measured("linear_layers")
    assert data["same function"] < 1e-12
    np.testing.assert_allclose(data["deep"], data["logistic"], rtol=1e-6)


def test_keepdims() -> None:
    data = measured("keepdims")
    assert data["lost"].shape == (4, 4)
    np.testing.assert_array_equal(np.diag(data["lost"]), data["kept"][:, 0])
    assert "has shape (4,), rank 1" in data["said"]


def test_differences() -> None:
    data = measured("differences")
    assert 1e-12 < min(data["central"]) < min(data["forward"]) < 1e-5
    assert max(data["tiny complex step"], data["autodiff"], data["by hand"]) < 1e-14
    assert data["forward"][-1] > 1e-3 < data["forward"][0]


def test_columns_or_rows() -> None:
    assert max(line["apart"] for line in measured("columns_or_rows")["lines"]) < 1e-15


def test_precision_ladder() -> None:
    data = measured("precision_ladder")
    for name in ("right", "poor"):
        for eps, error in zip(data["eps"], data["errors"][name], strict=True):
            assert error < 100 * eps
    assert all(5e-7 < error < 2e-6 for error in data["errors"]["wrong by 1e-6"])


def test_activation_zoo() -> None:
    found = measured("activation_zoo")["activations"]
    assert found["relu"]["ulp"] == 0
    assert all(one["ulp"] <= 8 for one in found.values())


def test_loop_or_vectorised() -> None:
    data = measured("loop_or_vectorised")
    assert max(data["apart"]) < 1e-12


def test_learning_curves() -> None:
    data = measured("learning_curves")
    ends = {name: costs[-1] for name, costs in data["costs"].items()}
    assert ends["tanh"] < data["guess"] / 4
    assert ends["relu"] < data["guess"] / 4
    assert ends["sigmoid"] > 0.9 * data["guess"]


def test_real_data() -> None:
    for one in measured("real_data").values():
        assert one["agrees"]
        assert one["scores"][0] == pytest.approx(one["scores"][1], rel=1e-9)
        np.testing.assert_allclose(*zip(*one["costs"], strict=True), rtol=1e-9)


def test_planar_data() -> None:
    found = {n_h: one["accuracy"] for n_h, one in measured("planar_data")["hidden"].items()}
    assert found[1] < 0.75
    assert found[4] > 0.9


def test_the_command_lists_the_demos_and_runs_one(tmp_path: Path) -> None:
    ran = CliRunner().invoke(demo_command, [])
    assert [line.split(maxsplit=2)[2] for line in ran.stdout.splitlines()] == [*map(title, NAMES)]
    file = tmp_path / "keepdims.svg"
    ran = CliRunner().invoke(demo_command, ["keepdims", "-o", str(file)])
    assert ran.stdout == f"{demo('keepdims').lesson(measured('keepdims'))}\n"
    assert ElementTree.parse(file).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["keepdim"], "'keepdim' is not one of"),
        (["-o", "x.svg"], "-o goes with the name of a demo"),
        (["keepdims", "-o", "x.gif"], "expected a name that ends in .svg, .png, .html, .py"),
        (["keepdims", "-o", "nowhere/x.svg"], "No such file or directory"),
    ],
)
def test_wrong_words_are_usage_errors(arguments: list[str], text: str) -> None:
    ran = CliRunner().invoke(demo_command, arguments)
    assert ran.exit_code == 2
    assert text in ran.stderr
