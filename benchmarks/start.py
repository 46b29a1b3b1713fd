"""What starting costs: imports and the command line, each in a fresh Python process.

Every row but the last is the whole process, `pass` being Python itself. The last is `derive` alone:
its first call in a process that has imported JAX and backproof.autodiff, traced, written and
compiled. Bytecode is there from a run before.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.report import About
from benchmarks.timing import Measure, Row, alternate, always, once, rows_of

ABOUT = About(
    title="Starting: one fresh Python process each",
    detail="the last row is the first call of derive alone, after the imports",
    axis="time from start to exit",
    bases=("import numpy", "import jax"),
)
ROUNDS = 7
DERIVE = "first derive()"
CODE = {
    name: name
    for name in (
        "pass",
        "import numpy",
        "import backproof.manual",
        "import jax",
        "import backproof.autodiff",
        "from backproof.compare import check",
    )
}
HELP = "backproof --help"
CODE[HELP] = "from backproof.compare.cli import main; main(['--help'])"
FIRST_DERIVE = """
from benchmarks.contenders import loss, SHAPES, derive
from time import perf_counter
start = perf_counter()
derive(loss, SHAPES, wrt=["parameters"])
print(perf_counter() - start)
"""


def rows(quick: bool) -> Iterator[Row]:
    """Yield one row for each thing to start."""
    names = ("pass", "import backproof.manual") if quick else tuple(CODE)
    measures: dict[str, Measure] = {name: once(fresh, CODE[name]) for name in names}
    measures[DERIVE] = first_derive
    found = alternate(always(measures), ROUNDS, quick)
    yield from rows_of("", found)


def fresh(code: str) -> str:
    """Run code in a fresh process and return what it prints."""
    # An empty value lets Python write bytecode, whatever the shell says.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    return subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, env=environment
    ).stdout


def first_derive() -> float:
    """Time `derive` in a fresh process, imports left out."""
    return float(fresh(FIRST_DERIVE))
