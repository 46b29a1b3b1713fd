"""The court: the only place that sees both wings, and holds them against each other.

What is named here is imported when it is first used: JAX and Hypothesis take a second to load.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.compare.builtin import PAIRS as PAIRS
    from backproof.compare.checking import GradientMismatch as GradientMismatch
    from backproof.compare.checking import check as check
    from backproof.compare.example import Example as Example
    from backproof.compare.finding import Finding as Finding
    from backproof.compare.finding import Judgement as Judgement
    from backproof.compare.judging import judge as judge
    from backproof.compare.kill import kill_rate as kill_rate
    from backproof.compare.pair import Pair as Pair
    from backproof.compare.report import Report as Report
    from backproof.compare.values import Values as Values
    from backproof.compare.values import between as between
    from backproof.compare.values import choice as choice
    from backproof.compare.values import integers as integers
    from backproof.compare.values import labels as labels
    from backproof.compare.values import positive as positive
    from backproof.compare.values import real as real
    from backproof.compare.values import soft_labels as soft_labels

HOMES = {
    "builtin": ("PAIRS",),
    "checking": ("GradientMismatch", "check"),
    "example": ("Example",),
    "finding": ("Finding", "Judgement"),
    "judging": ("judge",),
    "kill": ("kill_rate",),
    "pair": ("Pair",),
    "report": ("Report",),
    "values": (
        "Values",
        "between",
        "choice",
        "integers",
        "labels",
        "positive",
        "real",
        "soft_labels",
    ),
}


def __getattr__(name: str) -> Any:
    for home, names in HOMES.items():
        if name in names:
            value = getattr(_imported(f"backproof.compare.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'backproof.compare' has no attribute {name!r}")


def _imported(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing == "backproof":
            raise
        raise ImportError(
            f"backproof.compare needs {missing}, which is not installed: pip install {missing}"
        ) from error
