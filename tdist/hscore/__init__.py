"""H-score of features for a classification task: one call, streaming, chance level, significance,
intervals, transferability, and the score of targets that are numbers."""

from tdist.hscore.canonical import CanonicalResult, canonical_h_score
from tdist.hscore.intervals import Difference, Jackknife, difference, jackknife
from tdist.hscore.leverages import LeverageChance, leverage_chance
from tdist.hscore.results import HScoreResult, pillai_pvalue
from tdist.hscore.score import Transferability, h_score, transferability

__all__ = [
    "CanonicalHScore",
    "CanonicalResult",
    "Difference",
    "HScore",
    "HScoreResult",
    "Jackknife",
    "LeverageChance",
    "Transferability",
    "canonical_h_score",
    "difference",
    "h_score",
    "jackknife",
    "leverage_chance",
    "pillai_pvalue",
    "transferability",
]


def __getattr__(name):
    if name == "HScore":  # when it is first used: torchmetrics takes three seconds to load
        from tdist.hscore.metric import HScore

        return HScore
    if name == "CanonicalHScore":
        from tdist.hscore.canonical_metric import CanonicalHScore

        return CanonicalHScore
    raise AttributeError(f"module 'tdist.hscore' has no attribute {name!r}")


def __dir__():
    return __all__
