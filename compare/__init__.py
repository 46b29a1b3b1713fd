"""The court: the only place that sees both wings, and holds them against each other."""

from backproof.compare.builtin import PAIRS as PAIRS
from backproof.compare.check import GradientMismatch as GradientMismatch
from backproof.compare.check import check as check
from backproof.compare.judge import Finding as Finding
from backproof.compare.judge import judge as judge
from backproof.compare.pair import Pair as Pair
from backproof.compare.report import Report as Report
from backproof.compare.search import search as search
from backproof.compare.values import Example as Example
