"""Every small mistake in every line of every backward pass, planted one at a time.

    python tests/mutants.py              plant each in this process, run the comparison on it
    python tests/mutants.py --whole TEXT plant those of the functions whose name contains TEXT in
                                         a copy of the source, and run `backproof check` and the
                                         gradient suite on the copy, each in a fresh process

Exit status 1 when a mistake survives.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from test_gradients import loss_derivatives_agree

from backproof import arguments, autodiff, compare, manual
from backproof.compare import PAIRS
from backproof.compare.finding import AGREES, IMPRECISE
from backproof.compare.search import search
from backproof.manual import activations, deep, logistic, losses, shallow

# What a tired person writes for the name on the left.
CONFUSED = {
    "A1": ["X", "Z1"],
    "A2": ["Z2"],
    "A_before": ["A"],
    "A": ["Z"],
    "X": ["A1"],
    "W1": ["W2"],
    "W2": ["W1"],
    "Z1": ["A1"],
    "Z2": ["A2"],
    "dZ1": ["dA1", "dZ2"],
    "dZ2": ["A2"],
    "dA1": ["dZ2"],
    "dZ": ["A"],
    "dz": ["a"],
    "dA": ["A"],
    "da": ["a"],
    "Y": ["A2", "A"],
    "a": ["z"],
    "x": ["z"],
    "m": ["n_h", "m * m"],
}
SWAPPED = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
}
# Mistakes that are none: what they change cannot change a result.
SAME = {
    "np.ones_like(A)": "Z and A have one shape and dtype",
    "w * dZ": "(n_x, 1) ∗ (1, m) broadcasts to the product of the two",
}

RUN = "from backproof.compare.cli import main; main()"
# With these a pair here is green: another choice at a kink passes for anyone's pair, not for these.
GREEN = {AGREES, IMPRECISE}
EXAMPLES = (7, 50)  # of each pair in turn; a few are enough for most mistakes


@dataclass(frozen=True)
class Mutant:
    """One function with one mistake in one line."""

    function: Callable[..., object]
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        module = self.function.__module__.removeprefix("backproof.")
        return f"{module}.{self.function.__name__}: {self.before}  →  {self.after}"


def backward_functions() -> list[Callable[..., object]]:
    """Every function here that is a derivative, or a backward pass."""
    primes = [getattr(activations, name) for name in vars(activations) if name.endswith("_prime")]
    of_losses = [getattr(losses, name) for name in vars(losses) if name.endswith(("_dA", "_dZ"))]
    passes = [logistic.backward, logistic.backward_loop, shallow._backward, deep._backward]
    return [*primes, *of_losses, *passes]


def mutants(function: Callable[..., object]) -> Iterator[Mutant]:
    """Plant every mistake in every line of mathematics of `function`."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for i, node in enumerate(ast.walk(tree)):
        line = _mathematics(tree, node)
        if line is None:
            continue
        for replacement in _mistakes(node, names):
            changed = deepcopy(tree)
            twin = list(ast.walk(changed))[i]
            _replace(changed, twin, ast.copy_location(deepcopy(replacement), twin))
            ast.fix_missing_locations(changed)
            after = ast.unparse(_mathematics_at(changed, line.lineno))
            if after != ast.unparse(line) and not any(same in after for same in SAME):
                yield Mutant(function, ast.unparse(line), after, ast.unparse(changed))


def _mathematics(tree: ast.AST, node: ast.AST) -> ast.stmt | None:
    """Return the statement around `node` if it computes a derivative, else None."""
    for statement in ast.walk(tree):
        if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.Return)):
            continue
        if not any(inner is node for inner in ast.walk(statement)):
            continue
        computes = any(isinstance(inner, (ast.BinOp, ast.Call)) for inner in ast.walk(statement))
        if isinstance(statement, ast.Assign):
            target = ast.unparse(statement.targets[0])
            computes = computes and target.startswith(("d", "of_", "gradients['dX']"))
        return statement if computes or isinstance(statement, ast.AugAssign) else None
    return None


def _mathematics_at(tree: ast.AST, lineno: int) -> ast.stmt:
    kinds = (ast.Assign, ast.AugAssign, ast.Return)
    return next(n for n in ast.walk(tree) if isinstance(n, kinds) and n.lineno == lineno)


def _mistakes(node: ast.AST, names: set[str]) -> Iterator[ast.AST]:
    """Yield what could stand for `node` by mistake."""
    if isinstance(node, ast.BinOp):
        for operator in SWAPPED.get(type(node.op), []):
            yield ast.BinOp(node.left, operator(), node.right)
        yield node.left
        if not isinstance(node.op, ast.Div):
            yield node.right
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield ast.AugAssign(node.target, ast.Sub(), node.value)
        yield ast.Assign([node.target], node.value)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for operator in SWAPPED.get(type(node.ops[0]), []):
            yield ast.Compare(node.left, [operator()], node.comparators)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Attribute) and node.attr == "ones_like":
        yield ast.Attribute(node.value, "zeros_like", ast.Load())
    elif isinstance(node, ast.keyword) and node.arg == "axis":
        yield ast.keyword("axis", ast.Constant(0))
    elif isinstance(node, ast.keyword) and node.arg == "keepdims":
        yield ast.keyword("keepdims", ast.Constant(False))
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for other in CONFUSED.get(node.id, []):
            if set(other.split(" * ")) <= names:
                yield ast.parse(other, mode="eval").body
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("prime"):
        yield ast.Constant(1)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(parent, name, [new if item is old else item for item in value])


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Give the function the mutant's code, everywhere it is used, and take it back."""
    function = mutant.function
    scope = dict(vars(sys.modules[function.__module__]))
    exec(compile(mutant.source, f"<{mutant}>", "exec"), scope)
    right = function.__code__
    function.__code__ = scope[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = right


def killer(mutant: Mutant) -> str:
    """Return what turned red under the mutant, or "" if it survived."""
    with planted(mutant):
        for examples, name in product(EXAMPLES, _suspects(mutant)):
            pair = PAIRS[name]
            try:
                report = search(pair, examples)
                if not (report.agrees and report.verdicts.keys() <= GREEN):
                    return pair.name
            except Exception as error:  # a mistake may also crash: that is red too
                return f"{pair.name}: {type(error).__name__}"
        for loss in arguments.LOSSES:
            try:
                loss_derivatives_agree(loss)
            except Exception as error:
                return f"{loss}: {type(error).__name__}"
    return ""


def _suspects(mutant: Mutant) -> list[str]:
    """Return the pairs that run the mutant's function, the likeliest first."""
    name = mutant.function.__name__
    if mutant.function.__module__.endswith("activations"):
        name = name.removesuffix("_prime")
        return [pair for pair in PAIRS if f"-{name}-" in pair and "naive" not in pair][:6]
    if mutant.function.__module__.endswith("losses"):
        if name == "cross_entropy_dA" or name.endswith("_dZ"):
            return []  # no network goes through it
        return [pair for pair in PAIRS if pair.startswith("shallow-tanh-sigmoid-")]
    network = mutant.function.__module__.rsplit(".", 1)[1]
    network += "_loop" * name.endswith("_loop")
    found = [pair for pair in PAIRS if pair.startswith(f"{network}-")]
    return sorted(found, key=lambda pair: "identity" in pair)


def green_on_a_copy(mutant: Mutant | None) -> list[str]:
    """Plant the mutant in a copy of the source; return the commands that are green on it."""
    with tempfile.TemporaryDirectory() as folder:
        for package in (arguments, autodiff, compare, manual):
            home = Path(package.__file__).parent
            for file in home.rglob("*.py"):
                text = file.read_text("utf-8")
                if mutant and file.samefile(sys.modules[mutant.function.__module__].__file__):
                    text = text.replace(inspect.getsource(mutant.function), mutant.source + "\n")
                copy = Path(folder, "backproof", home.name, file.relative_to(home))
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(text, "utf-8")
        pairs = [f"--pair={pair}" for pair in _suspects(mutant)] if mutant else []
        suite = Path(__file__).with_name("test_gradients.py")
        commands = {
            "backproof check": ["-c", RUN, "check", "--json", *pairs],
            "the suite": ["-m", "pytest", "-n0", "-xqp", "no:cacheprovider", str(suite)],
        }
        if mutant and not pairs:
            del commands["backproof check"]
        path = os.environ | {"PYTHONPATH": folder}
        green = []
        for name, command in commands.items():
            ran = subprocess.run(
                [sys.executable, *command], env=path, capture_output=True, text=True
            )
            if ran.returncode not in (0, 1):
                raise RuntimeError(f"{name} could not run:\n{ran.stderr}")
            is_green = ran.returncode == 0
            if is_green and name == "backproof check":
                reports = json.loads(ran.stdout)["pairs"]
                is_green = all(report["verdicts"].keys() <= GREEN for report in reports)
            green += [name] * is_green
        return green


def main(arguments: list[str]) -> int:
    """Print what turns red on every mutant; return 1 when one survives."""
    whole, text = "--whole" in arguments, arguments[-1] if arguments else ""
    if whole and len(green_on_a_copy(None)) < 2:
        print("the copy is red without a mistake in it: nothing can be learnt from it")
        return 1
    survivors = 0
    for function in backward_functions():
        if whole and text not in f"{function.__module__}.{function.__name__}":
            continue
        for mutant in mutants(function):
            if whole:
                green = green_on_a_copy(mutant)
                red = "" if green else "backproof check, the suite"
            else:
                red = killer(mutant)
            survivors += not red
            print(f"{mutant}\n    {red or 'SURVIVES'}", flush=True)
    print(f"{survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
