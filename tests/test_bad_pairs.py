"""Every pair and argument that is wrong gets a message: which, what came, what was expected, what next.

One table: a row is a call, the error that it raises, and the text; None where nothing is raised,
and the text is what the call returns. Nothing that was passed in is changed, and nothing global.
"""

import contextlib
import signal
import sys
import warnings
from copy import deepcopy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner
from jax.ad_checkpoint import checkpoint_name

from backproof.compare import (
    Example,
    GradientMismatch,
    Pair,
    Values,
    between,
    check,
    choice,
    hand,
    integers,
    judge,
    kill_rate,
    labels,
    real,
)
from backproof.compare.cli import main

# Pairs that are right, and what spoils them.

SHAPES = {"W": "k, n", "b": "k, 1", "X": "n, m", "Y": "k, m"}
ROWS = {"x": "n"}
INDEXED = {"x": "n", "i": "int[m]"}
LAYER = {"x": "n, m", "w": "n, 1"}


def dense(W, b, X, Y):
    Z = checkpoint_name(W @ X + b, "Z")
    return jnp.sum((Z - Y) ** 2) / (2 * X.shape[1])


def by_hand(W, b, X, Y):
    Z = W @ X + b
    dZ = (Z - Y) / X.shape[1]
    return {"Z": Z, "dZ": dZ, "dW": dZ @ X.T, "db": dZ.sum(axis=1, keepdims=True)}


def pair(mine=by_hand, loss=dense, shapes=SHAPES, **options):
    return Pair(mine, loss, shapes, **{"wrt": ("W", "b")} | options)


def returning(change, **options):
    """Return a pair whose hand-derived side returns what `change` makes of what is right."""

    def mine(W, b, X, Y):
        return change(by_hand(W, b, X, Y))

    return pair(mine, **options)


def instead(name, change, **options):
    return returning(lambda d: d | {name: change(d[name])}, **options)


def checked(spoilt, examples=12, **options):
    return check(spoilt, examples, **options)


def judged(spoilt, at="k=2,n=3,m=4"):
    return judge(spoilt, **spoilt.arguments(spoilt.example(at)))


def of_loss(loss, mine=lambda x: {"dx": 2 * x}, **options):
    return checked(Pair(mine, loss, ROWS, **options))


def of_values(draw, shapes=SHAPES):
    return checked(pair(shapes=shapes, values={"X": draw}))


def indexed(values=None, **options):
    def mine(x, i):
        return {"dx": np.bincount(i, minlength=len(x)).astype(x.dtype)}

    return checked(Pair(mine, lambda x, i: jnp.sum(x[i]), INDEXED, values or {}, **options))


def scaled(x, w):
    return x * w


def scaled_by_hand(x, w, dY):
    return {"dx": dY * w, "dw": (dY * x).sum(axis=1, keepdims=True)}


def of_layer(upstream="dY", layer=scaled, mine=scaled_by_hand, shapes=LAYER, **options):
    return checked(Pair(mine, layer, shapes, upstream=upstream, **options))


def raising(error, when=lambda sizes: True):
    """Return a pair whose hand-derived side raises where (k, n, m) are so."""

    def mine(W, b, X, Y):
        if when((*W.shape, X.shape[1])):
            raise error
        return by_hand(W, b, X, Y)

    return pair(mine)


def alternating(first, second):
    """Return a pair whose hand-derived side keeps `first`, then `second` of what it has."""
    calls = []

    def mine(W, b, X, Y):
        calls.append(1)
        keys = first if len(calls) % 2 else second
        return {name: V for name, V in by_hand(W, b, X, Y).items() if name in keys}

    return judged(pair(mine))


def endless(W, b, X, Y):
    while True:
        pass


def impatient(call):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hand, "SECONDS", 1)
        return call()


def overwriting(W, b, X, Y):
    d = by_hand(W, b, X, Y)
    W *= 2
    return d


def aliasing(W, b, X, Y):
    return by_hand(W, b, X, Y) | {"dW": W.T.T}


def yielding(W, b, X, Y):
    yield from by_hand(W, b, X, Y).items()


def matrix(array):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.asmatrix(array)


class Tensor:
    """As a tensor of another library, which NumPy can read."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype)


class Graph(Tensor):
    """As a tensor that requires its gradient."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call .detach().numpy() instead")


ARRAYS = {"W": np.ones((2, 3)), "b": np.ones((2, 1)), "X": np.ones((3, 4)), "Y": np.zeros((2, 4))}
RIGHT = pair()


def given(**arrays):
    return judge(RIGHT, **ARRAYS | arrays)


# The command line.


class Usage(Exception):
    """What the command line says of wrong usage."""


FILES = {
    "mine.py": """\
import jax.numpy as jnp
from backproof.compare import Pair, integers
def loss(x): return jnp.sum(x**2)
def hand(x): return {"dx": 2 * x}
right = Pair(hand, loss, {"x": "n"}, constraints=["n >= 2"])
""",
    "none.py": "pear = 1",
    "broken.py": "def hand(:",
    "raising.py": "x = 1\nx / 0",
    "leaving.py": "import sys\nsys.exit(0)",
    "needy.py": "import a_module_that_is_not_there",
    "no_function.py": "from backproof.compare import Pair\npair = Pair(3, abs)",
    "unfit.py": "from mine import *\nright = Pair(hand, loss, {'y': 'n'})",
    "divided.py": "from mine import *\ndef loss(x):\n    return 1 / 0\nright = Pair(hand, loss, {'x': 'n'})",
    "drawn.py": "from mine import *\nright = Pair(hand, loss, {'x': 'n'}, {'x': lambda *_: 1 / 0})",
    "below.py": "from mine import *\nright = Pair(hand, loss, {'x': 'n'}, {'x': integers('q')})",
    "quitting.py": "from mine import *\ndef hand(x):\n    raise SystemExit(0)\nright = Pair(hand, loss, {'x': 'n'})",
    "failing.py": "from mine import *\ndef hand(x):\n    raise ValueError('no idea')\nleft = Pair(hand, loss, {'x': 'n'})",
    "slow.py": "from mine import *\ndef hand(x):\n    while True: pass\nright = Pair(hand, loss, {'x': 'n'})",
    "folder/__init__.py": "",
    "folder/raising.py": "1 / 0",
    "folder/leaving.py": "raise SystemExit(0)",
    "folder/needy.py": "import a_module_that_is_not_there",
    "folder/none.py": "",
}


def ran(*arguments):
    return CliRunner().invoke(main, ["check", *arguments], catch_exceptions=False)


def usage(*arguments):
    """Raise what the command says of wrong usage, and see that it says nothing else."""
    result = ran(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    raise Usage(result.stderr)


def disagreeing(*arguments):
    """Return what the command prints, and see that it does not call this right."""
    result = ran(*arguments)
    assert result.exit_code == 1
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs")
    for name, text in FILES.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text, "utf-8")
    return path


@pytest.fixture
def within(folder, monkeypatch):
    """Enter the folder with FILES, and forget their modules afterwards."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


# fmt: off
# what is wrong: (call, error, text)
BAD = {
    # The hand-derived side raises, or never returns.
    "raises everywhere": (lambda: checked(raising(ZeroDivisionError("no luck"))), ZeroDivisionError, "no luck while mine was checked at k=1,n=1,m=1,seed=0,dtype=float32"),
    "raises KeyError": (lambda: checked(raising(KeyError("W1"))), KeyError, "'W1' while mine was checked at k=1"),
    "raises for some shapes": (lambda: checked(raising(ValueError("a single example only"), lambda s: s[2] > 1)), GradientMismatch, "raises: ValueError: a single example only (test_bad_pairs.py, line"),
    "raises on a condition": (lambda: checked(raising(ValueError("a single example only"), lambda s: s[2] > 1)), GradientMismatch, "when m > 1 smallest k=1,n=1,m=2"),
    "raises at the first shape, not at others": (lambda: checked(raising(ValueError("not one"), lambda s: s == (1, 1, 1))), GradientMismatch, "mine raises. line shape hand autodiff verdict mine () raises: ValueError: not one"),
    "raises in judge": (lambda: judged(raising(KeyError("Z1"))), KeyError, "'Z1'"),
    "raises in kill_rate": (lambda: kill_rate(raising(ValueError("no luck"))), ValueError, "no luck while mine was checked at k=1"),
    "ends the program": (lambda: checked(raising(SystemExit(0))), RuntimeError, "mine ends the program, SystemExit: 0; return gradients instead, or raise an error."),
    "is interrupted": (lambda: checked(raising(KeyboardInterrupt())), KeyboardInterrupt, ""),
    "never returns": (lambda: impatient(lambda: checked(pair(endless))), TimeoutError, "endless did not return within 1 s: is there a loop without an end? while endless was checked at k=1"),
    "never returns in judge": (lambda: impatient(lambda: judged(pair(endless))), TimeoutError, "endless did not return within 1 s"),

    # How it is called.
    "too few parameters": (lambda: checked(pair(lambda W, X: {})), TypeError, ")(W, X) is called with W, b, X, Y: give it parameters of these names, or of names of your own in this order."),
    "too many parameters": (lambda: checked(pair(lambda W, b, X, Y, m: {})), TypeError, ")(W, b, X, Y, m) is called with W, b, X, Y"),
    "no parameters": (lambda: checked(pair(lambda: {})), TypeError, ")() is called with W, b, X, Y"),
    "another keyword": (lambda: checked(pair(lambda W, b, X, *, y: {})), TypeError, ")(W, b, X, *, y) is called with W, b, X, Y"),
    "names at other places": (lambda: checked(pair(lambda X, W, b, y: {})), TypeError, ")(X, W, b, y) is called with W, b, X, Y: give it parameters of these names"),
    "own names": (lambda: judged(pair(lambda w, c, x, y: by_hand(w, c, x, y))), None, "dW at [0, 0] agrees"),
    "no room for the upstream gradient": (lambda: of_layer(mine=lambda x, w: {}), TypeError, ")(x, w) is called with x, w, dY"),
    "the upstream gradient comes last": (lambda: of_layer(mine=lambda a, b, c: scaled_by_hand(a, b, c)), None, "agrees with autodiff"),

    # What it returns, as a whole.
    "returns None": (lambda: checked(returning(lambda d: None)), TypeError, "mine returns a NoneType: expected a dict with dW, db, or 2 arrays in this order. while mine was checked at"),
    "returns a string": (lambda: checked(returning(lambda d: "dW")), TypeError, "mine returns a str: expected a dict with dW, db"),
    "returns a number": (lambda: checked(returning(lambda d: 1.0)), TypeError, "mine returns a float: expected a dict with dW, db"),
    "returns one array of two": (lambda: checked(returning(lambda d: d["dW"])), TypeError, "mine returns a ndarray: expected a dict with dW, db, or 2 arrays in this order"),
    "returns a set": (lambda: checked(returning(lambda d: {1, 2})), TypeError, "mine returns a set: expected a dict"),
    "returns a generator": (lambda: checked(pair(yielding)), TypeError, "yielding returns a generator: expected a dict with dW, db, or 2 arrays in this order"),
    "returns too few arrays": (lambda: checked(returning(lambda d: [d["dW"]])), ValueError, "mine returns a list of 1 arrays: expected a dict with dW, db, or 2 arrays in this order"),
    "returns too many arrays": (lambda: checked(returning(lambda d: (d["dW"], d["db"], d["dZ"]))), ValueError, "mine returns a tuple of 3 arrays: expected a dict with dW, db, or 2"),
    "returns a list where there is one": (lambda: checked(returning(lambda d: [1, 2], wrt="W")), ValueError, "mine returns a list of 2 arrays: expected a dict with dW, or that array alone"),
    "returns a tuple without wrt": (lambda: checked(returning(lambda d: (d["dW"], d["db"]), wrt=None)), ValueError, "mine returns a tuple of 2 arrays: expected a dict with dW, db, dX, dY, or 4 arrays in this order"),
    "returns an empty dict": (lambda: checked(returning(lambda d: {})), ValueError, "mine returns no 'dW': expected dW, db; return it, or leave it out of wrt."),
    "returns an empty dict without wrt": (lambda: checked(returning(lambda d: {}, wrt=None)), ValueError, "mine returns no gradient: return some of dY, dZ"),
    "returns values only": (lambda: checked(returning(lambda d: {"Z": d["Z"]}, wrt=None)), ValueError, "mine returns no gradient: return some of"),
    "returns one of two": (lambda: checked(returning(lambda d: {"dW": d["dW"]})), ValueError, "mine returns no 'db': expected dW, db; return it, or leave it out of wrt."),
    "returns more at first": (lambda: alternating(["Z", "dZ", "dW", "db"], ["dW", "db"]), None, "Z unstable: the first of two calls returns it alone dZ unstable"),
    "returns more at last": (lambda: alternating(["dW", "db"], ["dZ", "dW", "db"]), None, "dZ unstable: the second of two calls returns it alone"),

    # Names.
    "dw for dW": (lambda: checked(returning(lambda d: {"dw": d["dW"], "db": d["db"]})), ValueError, "mine returns 'dw', which is nothing that the loss has ('dW' is meant?); it has Z, J, dZ, "),
    "dw1 for dW": (lambda: checked(returning(lambda d: {"dw1": d["dW"]})), ValueError, "'dw1', which is nothing that the loss has ('dW' is meant?)"),
    "W1 for dW": (lambda: checked(returning(lambda d: {"W": d["dW"]})), ValueError, "'W', which is nothing that the loss has ('dW' is meant?)"),
    "grad_W for dW": (lambda: checked(returning(lambda d: {"grad_W": d["dW"]})), ValueError, "'grad_W', which is nothing that the loss has ('dW' is meant?)"),
    "dZ_1 for dZ": (lambda: checked(returning(lambda d: d | {"dZ_1": d["dZ"]})), ValueError, "'dZ_1', which is nothing that the loss has ('dZ' is meant?)"),
    "misspelt": (lambda: checked(returning(lambda d: d | {"dZZ": d["dZ"]})), ValueError, "'dZZ', which is nothing that the loss has ('dZ' is meant?)"),
    "a name of nothing": (lambda: checked(returning(lambda d: d | {"accuracy": 1.0})), ValueError, "'accuracy', which is nothing that the loss has; it has Z, J, dZ, dW, db: rename it, or leave it out."),
    "a name that is no text": (lambda: checked(returning(lambda d: d | {0: 1.0})), ValueError, "mine returns 0, which is nothing that the loss has; it has"),
    "not in wrt": (lambda: checked(returning(lambda d: d | {"dX": d["dZ"]})), ValueError, "mine returns 'dX', and X is not in wrt=('W', 'b'): add it there, or leave 'dX' out."),

    # What it returns, one by one.
    "objects": (lambda: checked(instead("dW", lambda V: V.astype(object))), TypeError, "mine returns 'dW' as dtype object, which is no array of real numbers; return a numpy.ndarray."),
    "no array": (lambda: checked(instead("dW", lambda V: object())), TypeError, "mine returns 'dW' as object, which is no array of real numbers"),
    "None for an array": (lambda: checked(instead("db", lambda V: None)), TypeError, "mine returns 'db' as NoneType, which is no array"),
    "strings": (lambda: checked(instead("dW", lambda V: V.astype(str))), TypeError, "mine returns 'dW' as dtype <U"),
    "a ragged list": (lambda: checked(instead("dW", lambda V: [[1.0], [1.0, 2.0]])), TypeError, "mine returns 'dW' as list, which is no array of real numbers (setting an array element with a sequence."),
    "complex numbers": (lambda: checked(instead("dW", lambda V: V + 0j)), TypeError, "mine returns 'dW' as dtype complex"),
    "a number beyond floats": (lambda: checked(instead("dW", lambda V: 10**400)), TypeError, "mine returns 'dW' as int, which is no array of real numbers (int too large to convert to float)"),
    "a masked array": (lambda: checked(instead("dW", lambda V: np.ma.masked_array(V, V > 0))), TypeError, "mine returns 'dW' as MaskedArray, which is no array of real numbers; return a numpy.ndarray."),
    "a matrix": (lambda: checked(instead("dW", matrix)), TypeError, "mine returns 'dW' as matrix, which is no array of real numbers; return a numpy.ndarray."),
    "a tensor": (lambda: judged(instead("dW", Tensor)), None, "dW at [0, 0] agrees"),
    "a tensor that requires its gradient": (lambda: checked(instead("dW", Graph)), TypeError, "mine returns 'dW' as Graph, which is no array of real numbers (call .detach().numpy() instead); return a numpy.ndarray."),
    "a JAX array": (lambda: judged(instead("dW", jnp.asarray), "k=2,n=3,m=4,dtype=float32"), None, "dW at [0, 0] agrees"),
    "a JAX array, narrowed": (lambda: judged(instead("dW", jnp.asarray)), None, "dW wrong dtype: dtype float32, expected float64"),
    "float64 for float32": (lambda: judged(instead("dW", lambda V: V.astype("f8")), "k=2,n=3,m=4,dtype=float32"), None, "dW wrong dtype: dtype float64, expected float32"),
    "longdouble": (lambda: judged(instead("dW", lambda V: V.astype(np.longdouble))), None, f"dW wrong dtype: dtype {np.dtype(np.longdouble)}, expected float64"),
    "integers": (lambda: judged(instead("dW", lambda V: V.astype(int))), None, "dW wrong dtype: dtype int64, expected float64"),
    "truth values": (lambda: judged(instead("dW", lambda V: V > 0)), None, "dW wrong dtype: dtype bool, expected float64"),
    "the wrong dtype, in a report": (lambda: checked(instead("db", lambda V: V.astype("f8"))), GradientMismatch, "mine: db is of the wrong dtype."),
    "NaN": (lambda: judged(instead("dW", lambda V: V * np.nan)), None, "dW at [0, 0] not finite: nan by hand; complex step gives"),
    "infinity": (lambda: judged(instead("db", lambda V: V + np.inf)), None, "db at [0, 0] not finite: inf by hand; complex step gives"),
    "transposed": (lambda: judged(instead("dW", np.transpose)), None, "dW wrong shape: shape (3, 2), expected (2, 3)"),
    "transposed, in a report": (lambda: checked(returning(lambda d: {"dW": d["dW"].T, "db": d["db"]}, constraints=["n >= k + 1"])), GradientMismatch, "why dW: it is transposed"),
    "keepdims missing": (lambda: judged(instead("db", lambda V: V[:, 0])), None, "db wrong shape: shape (2,), expected (2, 1); an axis of length 1 is lost, which keepdims=True keeps"),
    "not summed": (lambda: checked(returning(lambda d: d | {"db": d["dZ"]})), GradientMismatch, "why db: it is dZ, not summed over axis 1"),
    "summed over the wrong axis": (lambda: checked(returning(lambda d: d | {"db": d["dZ"].sum(axis=0, keepdims=True)}, constraints=["m >= k + 1"])), GradientMismatch, "why db: summed over axis 0, not over axis 1"),
    "a mean over examples in the place of the sum": (lambda: checked(instead("db", np.mean)), GradientMismatch, "mine: db is of the wrong shape."),
    "a number for a scalar": (lambda: judged(Pair(lambda x: 2.0 * float(x), lambda x: x**2, {"x": ""}, wrt="x"), "seed=1"), None, "dx agrees"),
    "an argument that is written into": (lambda: judged(pair(overwriting)), None, "W overwrites: the hand-derived side wrote into it"),
    "a view of an argument": (lambda: judged(pair(aliasing)), None, "dW aliases: it shares its memory with W"),

    # The loss.
    "no function by hand": (lambda: Pair(3, dense, SHAPES), TypeError, "hand=3 is a int: pass a function."),
    "no loss": (lambda: Pair(by_hand, None, SHAPES), TypeError, "loss=None is a NoneType: pass a function."),
    "float() of an array": (lambda: of_loss(lambda x: jnp.sum(x) * float(x[0])), TypeError, "JAX cannot trace the function, because it needs the numbers in an array: use jax.numpy and jax.lax.cond in it."),
    "NumPy in the loss": (lambda: of_loss(lambda x: jnp.sum(np.sin(x))), TypeError, "because it needs the numbers in an array: use jax.numpy"),
    "a branch on a number": (lambda: of_loss(lambda x: jnp.sum(x) if x[0] > 0 else -jnp.sum(x)), TypeError, "use jax.numpy and jax.lax.cond in it. JAX says: Attempted boolean conversion"),
    "returns a vector": (lambda: of_loss(lambda x: x**2), ValueError, "the loss returns an array of shape (n,) and dtype float64: expected one float; sum it, or take the mean; or pass upstream='dY', if it is a layer, which returns arrays."),
    "returns two": (lambda: of_loss(lambda x: (jnp.sum(x), x)), ValueError, "the loss returns a tuple: expected one float"),
    "returns nothing": (lambda: of_loss(lambda x: None), ValueError, "the loss returns a NoneType: expected one float"),
    "returns an integer": (lambda: of_loss(lambda x: jnp.sum(x > 0)), ValueError, "the loss returns an array of shape () and dtype int64: expected one float"),
    "returns a Python integer": (lambda: of_loss(lambda x: 3), ValueError, "the loss returns a int: expected one float"),
    "the sides exchanged": (lambda: checked(Pair(lambda x: jnp.sum(x**2), lambda x: {"dx": 2 * x}, ROWS)), ValueError, "the loss returns a dict: expected one float"),
    "the loss raises": (lambda: of_loss(lambda x: 1 / 0), ZeroDivisionError, "while JAX traced the function of x: float[n]"),
    "the loss lacks an attribute": (lambda: of_loss(lambda x: x.norm()), AttributeError, "while JAX traced the function of x: float[n]"),
    "shapes that do not go together": (lambda: checked(pair(shapes=SHAPES | {"X": "m, n"})), TypeError, "while JAX traced the function of W: float[k, n], b: float[k, 1], X: float[m, n], Y: float[k, m]"),
    "numbers that do not go together": (lambda: checked(pair(shapes=SHAPES | {"W": "2, 3", "X": "4, m"})), TypeError, "got (3,) and (4,)."),
    "complex numbers in the loss": (lambda: of_loss(lambda x: jnp.sum(jnp.abs(jnp.fft.fft(x)))), TypeError, "the function computes with complex numbers, which a derived program does not have: write it in real numbers"),
    "random numbers in the loss": (lambda: of_loss(lambda x: jnp.sum(x * jax.random.normal(jax.random.key(0), x.shape))), TypeError, "the function computes with random keys"),
    "positional parameters": (lambda: of_loss(lambda x, /: jnp.sum(x)), TypeError, "the loss takes 'x' by position: derive takes its arguments by name; wrap it"),
    "an argument that is ignored": (lambda: checked(Pair(lambda x, y: {"dx": 2 * x, "dy": 0 * y}, lambda x, y: jnp.sum(x**2), {"x": "n", "y": "m"})), None, "agrees with autodiff, vacuously, on 7 shapes, 24 quantities vacuous dy was 0 on every example"),
    "a constant loss": (lambda: of_loss(lambda x: jnp.ones(()), lambda x: {"dx": 0 * x}), None, "vacuous dx was 0 on every example"),
    "nothing to differentiate": (lambda: checked(Pair(lambda i: {}, lambda i: jnp.sum(i) * 1.0, {"i": "int[n]"}, {"i": integers(5)})), ValueError, "wrt=None: there is no gradient to compare; differentiate an argument of floats, or mark a value."),

    # Marks.
    "a mark named as an argument": (lambda: of_loss(lambda x: jnp.sum(checkpoint_name(2 * x, "x"))), ValueError, "'x' is an argument, and marks a value: give the mark its own name."),
    "two marks of one name": (lambda: of_loss(lambda x: jnp.sum(checkpoint_name(x, "z") + checkpoint_name(2 * x, "z"))), ValueError, "two values are marked 'z': give each its own name."),
    "a mark on integers": (lambda: of_loss(lambda x: jnp.sum(x * checkpoint_name(x > 0, "k"))), TypeError, "'k' marks bool, which has no derivative: mark floats."),
    "a mark that is no text": (lambda: of_loss(lambda x: jnp.sum(checkpoint_name(x, 3))), TypeError, "a value is marked 3, a int: use text."),
    "a mark named as the cost": (lambda: of_loss(lambda x: jnp.sum(checkpoint_name(2 * x, "J"))), ValueError, "'J' names an argument or a mark of the loss, and is the cost: give that argument or mark another name."),
    "a mark named as a gradient": (lambda: of_loss(lambda x: jnp.sum(checkpoint_name(2 * x, "dx"))), ValueError, "'dx' names an argument or a mark of the loss, and is the derivative with respect to x"),
    "an argument named as the cost": (lambda: checked(Pair(lambda J: {"dJ": 2 * J}, lambda J: jnp.sum(J**2), {"J": "n"})), ValueError, "'J' names an argument or a mark of the loss, and is the cost"),

    # Shapes.
    "no shapes": (lambda: checked(pair(shapes=None)), ValueError, "shapes: there is none for the argument 'W'; pass shapes={'W': 'n, m', …}, or annotate it as jaxtyping does."),
    "a shape missing": (lambda: checked(pair(shapes={"W": "k, n", "b": "k, 1", "X": "n, m"})), ValueError, "shapes: there is none for the argument 'Y'; pass shapes={'Y': 'n, m', …}"),
    "a shape too many": (lambda: checked(pair(shapes=SHAPES | {"V": "n"})), ValueError, "shapes: the loss has no argument 'V'; it takes W, b, X, Y."),
    "shapes as text": (lambda: checked(pair(shapes="k, n")), TypeError, "shapes='k, n': expected a dict such as {'W': 'k, n'}."),
    "shapes as a list": (lambda: checked(pair(shapes=["k, n"])), TypeError, "shapes=['k, n']: expected a dict"),
    "a shape of numbers": (lambda: checked(pair(shapes=SHAPES | {"W": 3})), TypeError, "shapes: W is 3: expected text such as 'n, m', or a dict of it."),
    "a shape as a tuple": (lambda: checked(pair(shapes=SHAPES | {"W": ("k", "n")})), TypeError, "while JAX traced the function of W[0]: float[k], W[1]: float[n], b: float[k, 1]"),
    "a comma missing": (lambda: checked(pair(shapes=SHAPES | {"W": "k n"})), ValueError, "shapes: W is 'k n': expected sizes such as 'n, m' or '2*n, 3'"),
    "an unknown kind": (lambda: checked(pair(shapes=SHAPES | {"W": "half[k, n]"})), ValueError, "shapes: W is 'half[k, n]': 'half' is no kind of number; expected float, int, bool."),
    "a negative side": (lambda: checked(pair(shapes=SHAPES | {"W": "-1, n"})), ValueError, "shapes: W is '-1, n': expected sizes such as 'n, m' or '2*n, 3' (a size is negative)."),
    "a side of 0": (lambda: checked(pair(shapes=SHAPES | {"W": "k, 0", "X": "0, m"})), ValueError, "no sizes up to 19 of k, m satisfy them and make every side 1 or more; loosen them, or the shapes."),
    "a size that cannot be read": (lambda: checked(Pair(lambda x: {}, lambda x: jnp.sum(x), {"x": "n + m"})), ValueError, "the size of m cannot be read from any shape: write one that is m alone."),
    "a dimension named as an argument": (lambda: checked(pair(shapes=SHAPES | {"W": "k, X", "X": "X, m"})), ValueError, "'X' is an argument and a dimension: give the dimension another name."),
    "a dimension named seed": (lambda: checked(pair(shapes=SHAPES | {"W": "k, seed", "X": "seed, m"})), ValueError, "'seed' is a word of --example: give it another name."),
    "a dimension named order": (lambda: checked(pair(shapes=SHAPES | {"W": "k, order", "X": "order, m"})), ValueError, "'order' is a word of --example: give it another name."),
    "a dimension named dtype": (lambda: checked(pair(shapes=SHAPES | {"W": "k, dtype", "X": "dtype, m"})), ValueError, "'dtype' is a word of the program that is written: give the argument or the dimension another name."),
    "an argument named seed": (lambda: checked(Pair(lambda seed: {}, lambda seed: jnp.sum(seed), {"seed": "n"})), ValueError, "'seed' is a word of --example: give it another name."),

    # Constraints.
    "a constraint on nothing": (lambda: checked(pair(constraints=["z >= 2"])), ValueError, "constraints: 'z >= 2' speaks of z, a dimension of no shape; there are k, m, n."),
    "half a constraint": (lambda: checked(pair(constraints=["n >"])), ValueError, "constraints=['n >']: Constraint parsing error"),
    "a constraint in Python": (lambda: checked(pair(constraints=["n % 2 == 0"])), ValueError, "write them as 'n >= 2', 'mod(n, 2) == 0'."),
    "constraints that contradict each other": (lambda: checked(pair(constraints=["n >= 5", "n <= 2"])), ValueError, "constraints=['n >= 5', 'n <= 2']: Unsatisfiable constraint: n <= 2"),
    "constraints beyond all sizes": (lambda: checked(pair(constraints=["n >= 100"])), ValueError, "constraints=['n >= 100']: no sizes up to 19 of k, n, m satisfy them"),
    "no list of constraints": (lambda: checked(pair(constraints=None)), TypeError, "constraints=None: expected texts such as ['n >= 2']."),
    "a constraint that is no text": (lambda: checked(pair(constraints=[3])), ValueError, "constraints=[3]: SymbolicScope constraint must be a string"),

    # Values.
    "values of nothing": (lambda: checked(pair(values={"V": real()})), ValueError, "values: there is no argument 'V'; expected some of W, b, X, Y."),
    "values as a list": (lambda: checked(pair(values=["real"])), TypeError, "values=['real']: pass a dict such as {'Y': labels()}."),
    "a number for values": (lambda: checked(pair(values={"X": 3})), TypeError, "values['X']=3 is a int: pass real(), labels(), integers(below=…), or a function (random, shape, sizes) -> array."),
    "a name for values": (lambda: checked(pair(values={"X": "real"})), TypeError, "values['X']='real' is a str: pass real()"),
    "real that is not called": (lambda: checked(pair(values={"X": real})), TypeError, "values['X'] is the function real: call it, real(…)."),
    "a draw of the wrong shape": (lambda: of_values(lambda random, shape, sizes: np.ones(3)), ValueError, "values['X'] drew an array of shape (3,): expected (1, 1). while by_hand was checked at k=1"),
    "a draw that raises": (lambda: of_values(lambda random, shape, sizes: sizes["q"]), KeyError, "'q' while values['X'] drew an array of shape (1, 1)"),
    "a draw that takes one argument": (lambda: of_values(lambda random: 1), TypeError, "while values['X'] drew an array of shape (1, 1)"),
    "a draw of nothing": (lambda: of_values(lambda random, shape, sizes: None), ValueError, "values['X'] drew an array of shape (): expected (1, 1)."),
    "a draw of strings": (lambda: of_values(lambda random, shape, sizes: np.full(shape, "a")), TypeError, "values['X'] drew <U1 for X, which holds floats: draw numbers."),
    "a draw of complex numbers": (lambda: of_values(lambda random, shape, sizes: np.full(shape, 1j)), TypeError, "values['X'] drew complex128 for X, which holds floats: draw numbers."),
    "a draw of NaN": (lambda: of_values(lambda random, shape, sizes: np.full(shape, np.nan)), ValueError, "values['X'] drew NaN: draw numbers"),
    "a draw beyond float32": (lambda: of_values(lambda random, shape, sizes: np.full(shape, -1e300)), ValueError, "values['X'] drew 1e+300, which float32 does not hold: draw smaller numbers."),
    "a ragged draw": (lambda: of_values(lambda random, shape, sizes: [[1], [1, 2]]), ValueError, "while values['X'] drew an array of shape (1, 1)"),
    "integers without values": (lambda: indexed(), ValueError, "values: say what i may hold: values={'i': integers(below=…)}."),
    "floats for integers": (lambda: indexed({"i": real()}), TypeError, "values['i'] drew float64 for i, which holds ints: draw ints."),
    "integers for truth values": (lambda: checked(Pair(lambda x, i: {}, lambda x, i: jnp.sum(jnp.where(i, x, 0)), {"x": "n", "i": "bool[n]"}, {"i": integers(3)})), TypeError, "values['i'] drew int64 for i, which holds bools: draw bools."),
    "integers below nothing": (lambda: indexed({"i": integers("q")}), ValueError, "integers(below='q'): there is no such size; expected a number, or one of n, m."),
    "integers of which there are none": (lambda: indexed({"i": integers("n", low=5)}), ValueError, "integers(below='n', low=5): there is none where n is 1; pass constraints=['n >= 6'] to the pair."),
    "integers below 0": (lambda: integers(0), ValueError, "below=0 is less than 1: pass 1 or more."),
    "integers below a float": (lambda: integers(2.5), TypeError, "below=2.5 is a float: pass a whole number."),
    "unknown labels": (lambda: labels("none"), ValueError, "kind: 'none' is unknown; choose one of soft, hard, bool, uint8."),
    "an unknown kind of number": (lambda: real("huge"), ValueError, "kind: 'huge' is unknown; choose one of unit, integers, tiny"),
    "a scale of 0": (lambda: real(scale=0), ValueError, "scale=0 is not greater than 0: pass a number such as 0.01."),
    "no choice": (lambda: choice(), ValueError, "choice(): expected numbers to choose from, such as choice(0.01, 0.2)."),
    "a choice of strings": (lambda: choice("a"), TypeError, "choice='a' is a str: pass a real number."),
    "a choice of a list": (lambda: choice([1, 2]), TypeError, "choice=[1, 2] is a list: pass a real number."),
    "between two numbers, backwards": (lambda: between(2, 1), ValueError, "between(2, 1): expected the lower number first."),
    "values without kinds": (lambda: Values({}), TypeError, "kinds={}: pass a dict of functions (random, shape, sizes) -> array, by the names of the kinds."),
    "kinds that are no functions": (lambda: Values({"one": 1}), TypeError, "kinds={'one': 1}: pass a dict of functions"),
    "no usual kind": (lambda: Values(real().kinds, usual=0), ValueError, "usual=0 is less than 1: pass 1 or more."),

    # Names of arguments, of upstream gradients, of precisions.
    "wrt nothing": (lambda: checked(pair(wrt="V")), ValueError, "wrt: there is no argument 'V'; expected some of W, b, X, Y."),
    "wrt the gradient": (lambda: checked(pair(wrt=["dW"])), ValueError, "wrt: there is no argument 'dW'; expected some of W, b, X, Y."),
    "wrt a mark": (lambda: checked(pair(wrt="Z")), ValueError, "wrt: there is no argument 'Z'"),
    "wrt a number": (lambda: checked(pair(wrt=0)), TypeError, "wrt=0: expected names, some of W, b, X, Y."),
    "wrt integers": (lambda: indexed({"i": integers("n")}, wrt="i"), TypeError, "wrt: i holds ints, which have no derivative; expected some of x."),
    "an empty wrt": (lambda: checked(pair(wrt=())), ValueError, "by_hand returns 'dW', and W is not in wrt=(): add it there, or leave 'dW' out."),
    "upstream without d": (lambda: of_layer("Y"), ValueError, "upstream='Y': expected the name of a gradient, such as 'dY'."),
    "upstream of nothing": (lambda: of_layer("d"), ValueError, "upstream='d': expected the name of a gradient, such as 'dY'."),
    "a number for upstream": (lambda: of_layer(3), TypeError, "upstream=3 is a int: pass a name such as 'dY', or a tuple of them."),
    "None for upstream": (lambda: of_layer(None), TypeError, "upstream=None is a NoneType: pass a name such as 'dY'"),
    "upstream too many": (lambda: of_layer(("dY", "dV")), ValueError, "upstream=dY, dV: the layer returns 1 array; name the upstream gradient of each, in order."),
    "upstream too few": (lambda: of_layer(layer=lambda x, w: (x * w, x + w)), ValueError, "upstream=dY: the layer returns 2 arrays; name the upstream gradient of each, in order."),
    "upstream too many, with shapes": (lambda: of_layer(("dY", "dV"), shapes=LAYER | {"dY": "n, m", "dV": "n, m"}), ValueError, "upstream=dY, dV: the layer returns 1 array"),
    "upstream twice": (lambda: of_layer(("dY", "dY")), ValueError, "upstream=('dY', 'dY'): 'dY' is there twice; give each output's gradient a name of its own."),
    "upstream of an argument": (lambda: of_layer("dx"), ValueError, "upstream='dx': x is an argument of the layer; name the gradient of what it returns, such as 'dY'."),
    "upstream as an argument": (lambda: of_layer(layer=lambda x, w, dY: x * w, shapes=LAYER | {"dY": "n, m"}), ValueError, "upstream='dY': the layer takes an argument of that name; name the gradient of what it returns"),
    "upstream of another shape": (lambda: of_layer(shapes=LAYER | {"dY": "n, 1"}), ValueError, "shapes: dY is (n, 1), what the layer returns is (n, m): expected the same; leave dY out of shapes, or correct it."),
    "upstream of a mark": (lambda: of_layer(layer=lambda x, w: checkpoint_name(x, "Y") * w), ValueError, "two values are marked 'Y': give each its own name."),
    "upstream of a loss": (lambda: of_layer(layer=lambda x, w: jnp.sum(x * w), mine=lambda x, w, dY: {"dx": dY * (w + 0 * x), "dw": dY * x.sum(axis=1, keepdims=True)}), None, "agrees with autodiff"),
    "a layer without upstream": (lambda: of_layer(()), ValueError, "the loss returns an array of shape (n, m) and dtype float64"),
    "a layer of nothing": (lambda: of_layer(layer=lambda x, w: None), ValueError, "upstream=dY: the layer returns 0 arrays"),
    "a layer of integers": (lambda: of_layer(layer=lambda x, w: x > w), TypeError, "upstream='dY': the layer returns bool there, which has no derivative; return floats."),
    "a layer that raises": (lambda: of_layer(layer=lambda x, w: 1 / 0), ValueError, "the shape of dY cannot be told for all sizes: the layer raises ZeroDivisionError: division by zero; correct it, or, if it runs at given sizes only, add dY to shapes."),
    "a layer that branches on a number": (lambda: of_layer(layer=lambda x, w: x if x[0, 0] > 0 else w), TypeError, "JAX cannot trace the function, because it needs the numbers in an array"),
    "per_example of nothing": (lambda: checked(pair(per_example="z")), ValueError, "per_example='z': no argument has such a side; expected one of k, m, n."),
    "per_example of no side": (lambda: checked(pair(shapes=SHAPES | {"X": "n, 2*m", "Y": "k, 2*m"}, per_example="m")), ValueError, "per_example='m': no argument has such a side; expected one of k, n."),
    "one name for dtypes": (lambda: pair(dtypes="float64"), TypeError, "dtypes='float64': pass a tuple such as ('float64',)."),
    "no dtypes": (lambda: pair(dtypes=()), TypeError, "dtypes=(): pass a tuple such as ('float64',)."),
    "a number for dtypes": (lambda: pair(dtypes=3), TypeError, "dtypes=3: pass a tuple such as ('float64',)."),
    "an unknown dtype of a pair": (lambda: pair(dtypes=("float16",)), ValueError, "dtypes: 'float16' is unknown; choose one of float32, float64."),
    "NumPy's float64 for a dtype": (lambda: pair(dtypes=[np.float64]), ValueError, "dtypes: <class 'numpy.float64'> is unknown; choose one of float32, float64."),
    "a number for a name": (lambda: pair(name=3), TypeError, "name=3 is a int: pass text."),
    "an unknown option": (lambda: pair(value={}), TypeError, "unexpected keyword argument 'value'"),
    "no custom_vjp": (lambda: Pair.from_custom_vjp(3, jnp.sum, shapes=ROWS), TypeError, "function=3 is a int: pass a function."),
    "no reference for a custom_vjp": (lambda: Pair.from_custom_vjp(jnp.sum, 3, shapes=ROWS), TypeError, "loss=3 is a int: pass a function."),
    "an unknown option of a custom_vjp": (lambda: Pair.from_custom_vjp(jnp.sum, jnp.sum, shape=ROWS), TypeError, "unexpected keyword argument 'shape'"),
    "a custom_vjp that is a layer": (lambda: Pair.from_custom_vjp(lambda x: 2 * x, lambda x: 2 * x, shapes=ROWS), ValueError, "or pass upstream='dY', if it is a layer, which returns arrays."),

    # check, kill_rate, examples.
    "no pair to check": (lambda: check("logistic"), TypeError, "pair='logistic' is a str: pass a Pair, or one of PAIRS by its name."),
    "a hand-derived side to check": (lambda: check(by_hand), TypeError, "is a function: pass a Pair"),
    "no pair to judge": (lambda: judge(3, x=1), TypeError, "pair=3 is a int: pass a Pair, or one of PAIRS by its name."),
    "no pair for kill_rate": (lambda: kill_rate(by_hand), TypeError, "is a function: pass a Pair, or one of PAIRS by its name."),
    "a wrong pair for kill_rate": (lambda: kill_rate(instead("dZ", lambda V: V.T)), ValueError, "mine: at k=3,n=3,m=3"),
    "what to do with a wrong pair for kill_rate": (lambda: kill_rate(instead("dW", lambda V: 2 * V)), ValueError, "wrong: mistakes are planted into what is right; check the pair, and correct it first."),
    "kill_rate on no examples": (lambda: kill_rate(RIGHT, examples=0), ValueError, "examples=0 is less than 1: pass 1 or more."),
    "no examples": (lambda: check(RIGHT, examples=0), ValueError, "examples=0 is less than 1: pass 1 or more."),
    "fewer than no examples": (lambda: check(RIGHT, examples=-1), ValueError, "examples=-1 is less than 1"),
    "half an example": (lambda: check(RIGHT, examples=1.5), TypeError, "examples=1.5 is a float: pass a whole number."),
    "True examples": (lambda: check(RIGHT, examples=True), TypeError, "examples=True is a bool: pass a whole number."),
    "a negative seed": (lambda: check(RIGHT, seed=-1), ValueError, "seed=-1 is less than 0: pass 0 or more."),
    "no seed": (lambda: check(RIGHT, seed=None), TypeError, "seed=None is a NoneType: pass a whole number."),
    "an unknown dtype": (lambda: check(RIGHT, dtype="float16"), ValueError, "dtype: 'float16' is unknown; choose one of float32, float64."),
    "an example that is no text": (lambda: RIGHT.example(None), TypeError, "example=None is a NoneType: expected text such as 'n=3,seed=7'."),
    "arrays of a text": (lambda: RIGHT.arguments("k=1,n=1,m=1"), TypeError, "example='k=1,n=1,m=1' is a str: pass an Example, such as pair.example('n=3,seed=7')."),
    "an example of another pair": (lambda: RIGHT.arguments(Example({"q": 3})), ValueError, "example='q=3,seed=0': expected a size for each of k, n, m, and for nothing else."),
    "an example with an unknown kind": (lambda: RIGHT.arguments(Example({"k": 1, "n": 1, "m": 1}, kinds={"X": "blue"})), ValueError, "kinds['X']: 'blue' is unknown; choose one of unit"),
    "an example with kinds of nothing": (lambda: RIGHT.arguments(Example({"k": 1, "n": 1, "m": 1}, kinds={"V": "unit"})), ValueError, "kinds: 'V' is unknown; choose one of W, b, X, Y."),
    "an example of no sizes": (lambda: Example("n=3"), TypeError, "sizes='n=3' is a str: pass a dict; or pass text such as 'n=3,seed=7' to pair.example."),
    "an example of size 0": (lambda: Example({"n": 0}), ValueError, "n=0 is less than 1: pass 1 or more."),
    "an example in another order": (lambda: Example({"n": 1}, order="D"), ValueError, "order: 'D' is unknown; choose one of C, F, strided, read_only."),
    "an example in float16": (lambda: Example({"n": 1}, dtype="float16"), ValueError, "dtype: 'float16' is unknown; choose one of float32, float64."),
    "an example that is too large": (lambda: RIGHT.example("k=1,n=99999999,m=1"), ValueError, "k=1,n=99999999,m=1: W would have 99999999 entries: expected 16777216 at most; choose smaller sizes."),

    # Arrays for judge.
    "an array missing": (lambda: judge(RIGHT, W=ARRAYS["W"]), ValueError, "the arguments: there is no b, X, Y; expected W, b, X, Y."),
    "an array too many": (lambda: given(V=np.ones(3)), ValueError, "the arguments: there is an unknown V; expected W, b, X, Y."),
    "an array of the wrong shape": (lambda: given(X=np.ones((4, 4))), ValueError, "X has shape (4, 4): expected (3, 4), that is (n, m) with k=2, m=4, n=3."),
    "an array of the wrong rank": (lambda: given(X=np.ones(3)), ValueError, "X has shape (3,), rank 1: expected (n, m), rank 2."),
    "an empty array": (lambda: given(X=np.ones((3, 0)), Y=np.ones((2, 0))), ValueError, "X has shape (3, 0): axis 1 is m, with m a whole number from 1."),
    "arrays of two dtypes": (lambda: given(X=np.ones((3, 4), "f")), TypeError, "X has dtype float32, W has float64: expected one for all; pass X.astype('float64')."),
    "a narrower JAX array": (lambda: given(X=jnp.ones((3, 4))), TypeError, "X has dtype float32, W has float64: expected one for all; pass X.astype('float64')."),
    "an array of strings": (lambda: given(X=np.full((3, 4), "a")), TypeError, "X has dtype <U1: expected an array of real numbers; pass a NumPy array."),
    "an array of complex numbers": (lambda: given(X=np.full((3, 4), 1j)), TypeError, "X has dtype complex128: expected an array of real numbers"),
    "an array of huge integers": (lambda: given(X=np.full((3, 4), 10**30)), TypeError, "X has dtype object: expected an array of real numbers"),
    "None for an argument": (lambda: given(X=None), TypeError, "X is a NoneType: expected an array of real numbers; pass a NumPy array."),
    "a masked argument": (lambda: given(X=np.ma.masked_array(ARRAYS["X"])), TypeError, "X is a MaskedArray: expected an array of real numbers; pass a NumPy array."),
    "a matrix for an argument": (lambda: given(X=matrix(ARRAYS["X"])), TypeError, "X is a matrix: expected an array of real numbers"),
    "a ragged argument": (lambda: given(X=[[1], [1, 2]]), TypeError, "X is a list, of which there is no array (setting an array element with a sequence."),
    "a list for an argument": (lambda: given(X=[[1.0] * 4] * 3), None, "dW at [0, 0] agrees"),
    "integers for an argument": (lambda: given(X=np.ones((3, 4), int)), None, "dW at [0, 0] agrees"),
    "NaN for an argument": (lambda: given(X=np.full((3, 4), np.nan)), None, "dW at [0, 0] both not finite: neither side is finite here"),
    "a constraint that does not hold": (lambda: judge(pair(constraints=["n >= 5"]), **ARRAYS), ValueError, "k=2, m=4, n=3: the constraint n >= 5 does not hold."),

    # The command line.
    "no such file": (lambda: usage("lost.py"), Usage, "Error: lost.py: there is no such file."),
    "a file without pairs": (lambda: usage("none.py"), Usage, "none.py has no pair: write `pair = Pair(…)` at its top level."),
    "a name in a file without pairs": (lambda: usage("none.py::pear"), Usage, "none.py has no pair 'pear': it has none at its top level."),
    "no pair of that name": (lambda: usage("mine.py::left"), Usage, "mine.py has no pair 'left': it has right."),
    "no pair of that pattern": (lambda: usage("mine.py", "--pair", "le*"), Usage, "no pair 'le*'; the nearest are right."),
    "no such module": (lambda: usage("no.such"), Usage, "no.such: No module named 'no'; expected FILE.py or package.module."),
    "no such module in a package": (lambda: usage("folder.lost"), Usage, "folder.lost: No module named 'folder.lost'; expected FILE.py or package.module."),
    "a module without pairs": (lambda: usage("folder.none:right"), Usage, "folder.none has no pair 'right': it has none at its top level."),
    "no module": (lambda: usage("."), Usage, "'.': expected FILE.py or package.module."),
    "a folder": (lambda: usage("/tmp"), Usage, "'/tmp': expected FILE.py or package.module."),
    "a syntax error": (lambda: usage("broken.py"), Usage, "invalid syntax (broken.py, line 1)"),
    "a file that raises": (lambda: usage("raising.py"), Usage, "raising.py cannot be imported: ZeroDivisionError: division by zero (line 2)"),
    "a file that ends the program": (lambda: usage("leaving.py"), Usage, "leaving.py cannot be imported: SystemExit: 0 (line 2)"),
    "a file that needs another": (lambda: usage("needy.py"), Usage, "needy.py cannot be imported: ModuleNotFoundError: No module named 'a_module_that_is_not_there' (line 1)"),
    "a file with a bad pair": (lambda: usage("no_function.py"), Usage, "no_function.py cannot be imported: TypeError: hand=3 is a int: pass a function. (line 2)"),
    "a module that raises": (lambda: usage("folder.raising"), Usage, "folder.raising cannot be imported: ZeroDivisionError: division by zero"),
    "a module that ends the program": (lambda: usage("folder.leaving"), Usage, "folder.leaving cannot be imported: SystemExit: 0"),
    "a module that needs another": (lambda: usage("folder.needy"), Usage, "folder.needy cannot be imported: ModuleNotFoundError: No module named 'a_module"),
    "a pair that does not fit": (lambda: usage("unfit.py"), Usage, "unfit.py: right: shapes: the loss has no argument 'y'; it takes x."),
    "a loss that raises": (lambda: usage("divided.py"), Usage, "divided.py: right: ZeroDivisionError: division by zero (line 3); while JAX traced the function of x: float[n]"),
    "values that raise": (lambda: usage("drawn.py"), Usage, "drawn.py: right: ZeroDivisionError: division by zero (line 2); while values['x'] drew an array of shape (1,)"),
    "values below nothing": (lambda: usage("below.py"), Usage, "below.py: right: integers(below='q'): there is no such size; expected a number, or one of n; while values['x'] drew"),
    "a malformed example": (lambda: usage("mine.py", "--example", "n"), Usage, "--example n: 'n': expected NAME=VALUE, each name once, such as n=3,seed=7."),
    "a size twice": (lambda: usage("mine.py", "--example", "n=2,n=3"), Usage, "'n=3': expected NAME=VALUE, each name once"),
    "an unknown word": (lambda: usage("mine.py", "--example", "n=3,q=2"), Usage, "there is no 'q'; expected some of n, seed, dtype, order, x."),
    "a size missing": (lambda: usage("mine.py", "--example", "seed=3"), Usage, "the size of n is missing; add n=3, or another number."),
    "size 0": (lambda: usage("mine.py", "--example", "n=0"), Usage, "--example n=0: n=0 is less than 1: pass 1 or more."),
    "a negative size": (lambda: usage("mine.py", "--example", "n=-1"), Usage, "--example n=-1: n=-1: expected a whole number."),
    "an unknown kind of values": (lambda: usage("mine.py", "--example", "n=3,x=blue"), Usage, "x: 'blue' is unknown; choose one of unit"),
    "a constraint violated": (lambda: usage("mine.py", "--example", "n=1"), Usage, "--example n=1: n=1: the constraints ['n >= 2'] do not hold."),
    "an example and examples": (lambda: usage("mine.py", "--example", "n=3", "--examples", "9"), Usage, "--examples does not go with --example, which says it all."),
    "an example and a precision": (lambda: usage("mine.py", "--example", "n=3", "--dtype", "float32"), Usage, "--dtype does not go with --example, which says it all."),
    "an example and data": (lambda: usage("mine.py", "--example", "n=3", "--data", "digits"), Usage, "--example does not go with --data."),
    "data and a place": (lambda: usage("mine.py", "--data", "digits"), Usage, "--data goes with the pairs that ship with the package."),
    "a label without data": (lambda: usage("mine.py", "--label", "y"), Usage, "--label goes with --data FILE.csv."),
    "a hand-derived side that ends the program": (lambda: disagreeing("quitting.py::right"), None, "raises: RuntimeError: hand ends the program, SystemExit: 0"),
    "a hand-derived side that ends the program, at one example": (lambda: disagreeing("quitting.py::right", "--example", "n=2"), None, "raises: RuntimeError: hand ends the program, SystemExit: 0"),
    "a hand-derived side that raises, beside others": (lambda: disagreeing("failing.py", "--examples", "9"), None, "raises: ValueError: no idea (failing.py, line 3)"),
    "a hand-derived side that raises, as JSON": (lambda: disagreeing("failing.py::left", "--json"), None, '"verdict": "raises"'),
    "a hand-derived side that never returns, at one example": (lambda: impatient(lambda: disagreeing("slow.py::right", "--example", "n=2")), None, "raises: TimeoutError: hand did not return within 1 s"),
    "a hand-derived side that never returns": (lambda: impatient(lambda: disagreeing("slow.py::right")), None, "raises: TimeoutError: hand did not return within 1 s"),
}
# fmt: on


def said(value):
    """Return a text, an error and its notes, or a report, with single spaces."""
    return " ".join("\n".join([str(value), *getattr(value, "__notes__", [])]).split())


@contextlib.contextmanager
def untouched():
    """See that nothing global changes."""

    def state():
        return (
            np.geterr(),
            jax.config.jax_enable_x64,
            signal.getsignal(signal.SIGALRM),
            signal.getitimer(signal.ITIMER_REAL),
            np.random.get_state()[1].tolist(),  # noqa: NPY002
        )

    before = state()
    yield
    assert state() == before


@pytest.mark.parametrize("what", BAD)
def test_what_is_bad_is_told(what, within):
    call, error, text = BAD[what]
    arrays, shapes = deepcopy(ARRAYS), deepcopy((SHAPES, ROWS, INDEXED, LAYER))
    with untouched():
        if error is None:
            assert text in said(call())
        else:
            with pytest.raises(error) as raised:
                call()
            assert text in said(raised.value)
    np.testing.assert_equal(ARRAYS, arrays)
    assert shapes == (SHAPES, ROWS, INDEXED, LAYER)


def test_a_test_runner_keeps_its_own_time_limit():
    before = signal.signal(signal.SIGALRM, lambda number, frame: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, 600, 7)
        judged(RIGHT)
        left, interval = signal.getitimer(signal.ITIMER_REAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 500 < left < 600
    assert interval == 7
