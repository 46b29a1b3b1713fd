"""Every example that a reader may copy runs: docstrings and the README's Python blocks."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import backproof.arguments
import backproof.autodiff
import backproof.compare
import backproof.demos
import backproof.manual
from backproof.compare.cli import main
from backproof.demos import NAMES, title

ROOT = Path(__file__).parents[1]
PACKAGES = [
    backproof.arguments,
    backproof.manual,
    backproof.autodiff,
    backproof.compare,
    backproof.demos,
]
MODULES = [
    f"{package.__name__}.{module.name}"
    for package in PACKAGES
    for module in pkgutil.iter_modules(package.__path__)
] + [package.__name__ for package in PACKAGES]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_print_what_they_say(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [
        t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples
    ]
    assert len(found) >= 8


README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)


def executed(code):
    """Run a block as a module of tests: all that it defines, then every test in it."""
    scope = {}
    exec(compile(code, "README.md", "exec"), scope)
    for name, value in list(scope.items()):
        if name.startswith("test_"):
            value()


PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_one_after_another(page):
    """Without a warning that is an error, as the others: JAX is used as its users use it."""
    scope = {}
    for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S):
        exec(compile(code, str(page), "exec"), scope)


NOTES = (ROOT / "docs" / "notes.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\S.*?) \| .*? \| `(.*?)` \| `(.*?)` \| (.*?) \|$", NOTES, re.M)
ITEMS = [*(f"S{i}" for i in range(1, 41)), *(f"N{i}" for i in range(1, 10))]


def test_every_item_and_every_slip_of_the_notes_is_in_the_table():
    assert [row[0] for row in ROWS[: len(ITEMS)]] == ITEMS
    assert len(ROWS) == len(ITEMS) + 14


@pytest.mark.parametrize(("item", "code", "test", "shown"), ROWS, ids=[row[0] for row in ROWS])
def test_an_item_leads_to_code_a_test_and_a_demo(item, code, test, shown):
    module, _, name = code.rpartition(".")
    assert callable(getattr(importlib.import_module(f"backproof.{module}"), name))
    file, _, function = test.partition("::")
    text = (ROOT / "tests" / file).read_text("utf-8")
    assert f"def {function}(" in text if function else "def test_" in text
    demos, pages = re.findall(r"`(.*?)`", shown), re.findall(r"\((.*?)\)", shown)
    assert demos or pages
    assert {*demos} <= {*NAMES}
    assert all((ROOT / "docs" / page).is_file() for page in pages)


def test_the_lessons_are_the_demos():
    text = (ROOT / "docs" / "lessons.md").read_text("utf-8")
    for number, name in enumerate(NAMES, 1):
        assert f"| {number} | `{name}` | {title(name)} |" in text


@pytest.mark.parametrize("code", BLOCKS)
def test_the_blocks_of_the_readme_run(code):
    executed(code)


def test_the_readme_prints_what_a_wrong_gradient_says():
    """Leave out / m, as the README says, and compare with the text that it shows.

    In the section "Check your own": the first Python block that makes a `Pair(` and calls
    `check(pair)`, and the first block of text after it, which is how the failure's story begins.
    Where two right results are furthest apart depends on the machine.
    """
    section = re.search(r"^## Check your own\n(.*?)^## ", README, re.S | re.M)[1]
    own = next(code for code in BLOCKS if "Pair(" in code and "check(pair)" in code)
    assert own in section
    after = section.partition(own)[2]
    wrong = own.replace("dZ @ X.T / m", "dZ @ X.T")
    assert wrong != own
    with pytest.raises(backproof.compare.GradientMismatch) as raised:
        executed(wrong)

    def without_rounding(text):
        text = re.sub(r"^(  \w+).*?(\([\d, ]*\)).* agrees .*$", r"\1 \2 agrees", text, flags=re.M)
        return re.sub(r"\(\de[-+]\d+\)", "", text)

    shown = re.search(r"```text\n(.*?)```", after, re.S)[1]
    assert "why" in shown
    assert "smallest" in shown
    assert without_rounding(str(raised.value)).startswith(without_rounding(shown))


def test_the_readme_shows_the_function_that_it_derives(capsys):
    code = next(code for code in BLOCKS if "print(program.source)" in code)
    exec(compile(code, "README.md", "exec"), {})
    shown = re.search(r"```text\n(def gradients.*?)```", README, re.S)[1]
    assert shown in capsys.readouterr().out


def test_the_table_of_the_readme_is_the_one_that_the_command_prints():
    """Heads, row and columns; the digits depend on the machine's own rounding."""
    head, row = re.search(r"^ (pair .*)\n.*\n (shallow-tanh.*)$", README, re.M).groups()
    ran = CliRunner().invoke(main, ["check", "--pair", row.split()[0]])
    printed = [line.split() for line in ran.stdout.splitlines()]
    assert head.split() in printed
    (found,) = (line for line in printed if line[:1] == row.split()[:1])
    assert (found[:4], found[-1], len(found)) == (row.split()[:4], "agrees", len(row.split()))


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_says_what_it_is(name):
    module = importlib.import_module(name)
    own = [
        value
        for key, value in vars(module).items()
        if not key.startswith("_") and callable(value) and getattr(value, "__module__", "") == name
    ]
    assert module.__doc__
    assert [value.__name__ for value in own if not value.__doc__] == []
