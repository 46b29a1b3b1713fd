"""What importing costs and changes: NumPy alone for the hand-derived wing, and nothing global."""

import os
import re
import statistics
import subprocess
import sys

import pytest


def fresh(code, *options, **environment):
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    "module", ["backproof.manual", "backproof.manual.shallow", "backproof.arguments"]
)
def test_the_hand_derived_wing_loads_numpy_and_nothing_else(module):
    code = (
        "import sys, numpy; before = set(sys.modules); "
        f"import {module}; print(sorted({{name.split('.')[0] for name in set(sys.modules) - before}}"
        " - set(sys.stdlib_module_names)))"
    )
    assert fresh(code).stdout.strip() in ("['backproof']", "['backproof', 'numpy']")


def test_importing_the_hand_derived_wing_costs_little_more_than_numpy(tmp_path):
    """At most 1.15 times `import numpy`, by -X importtime; the median of nine runs.

    Both come from bytecode that a first run leaves behind, whatever the environment says about
    writing it: otherwise ours would be compiled each time, and NumPy's would not.
    """
    bytecode = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    fresh("import numpy, backproof.manual", **bytecode)

    def ratio():
        lines = fresh("import numpy, backproof.manual", "-X", "importtime", **bytecode).stderr
        found = re.findall(r"\| +(\d+) \| (numpy|backproof\.manual)$", lines, re.M)
        cost = {name: int(microseconds) for microseconds, name in found}
        return (cost["numpy"] + cost["backproof.manual"]) / cost["numpy"]

    assert statistics.median(ratio() for _ in range(9)) <= 1.15


STATE = """
import random, sys, warnings
import numpy as np
{first}
def state():
    found = [np.geterr(), str(np.random.get_state()), random.getstate(), list(warnings.filters),
             np.get_printoptions(), sys.getrecursionlimit(), list(sys.path)]
    if "jax" in sys.modules:
        import jax
        found += [jax.config.values]
    return str(found)
before = state()
import backproof.manual, backproof.arguments
{modules}
print(before == state())
"""


@pytest.mark.parametrize(
    ("first", "modules"),
    [
        ("", ""),
        ("import jax", "import backproof.autodiff"),
        ("import jax, hypothesis, click, rich.progress", "import backproof.compare.cli"),
    ],
)
def test_importing_changes_no_global_state(first, modules):
    """x64 flag, NumPy's error state, random states, warning filters, print options, paths."""
    assert fresh(STATE.format(first=first, modules=modules)).stdout.strip() == "True"


def test_importing_the_court_loads_nothing_heavy_until_it_is_used():
    """JAX and Hypothesis take a second: a pytest plugin may not cost that in every run."""
    code = (
        "import sys, backproof.compare as compare; heavy = {'jax', 'hypothesis', 'click', 'rich'}; "
        "print(sorted(heavy & set(sys.modules))); compare.Pair; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert fresh(code).stdout.splitlines() == ["[]", "['hypothesis', 'jax']"]


def test_a_check_changes_no_global_state_either():
    check = (
        "from backproof.compare import PAIRS, check; "
        "check(PAIRS['logistic-cross_entropy'], examples=8)"
    )
    first = "import jax, hypothesis, backproof.compare"
    assert fresh(STATE.format(first=first, modules=check)).stdout.strip() == "True"
