"""H-score of features for a classification task: one call, streaming, chance level, significance,
transferability."""

from tdist.hscore.results import HScoreResult, pillai_pvalue
from tdist.hscore.score import Transferability, h_score, transferability

__all__ = [
    "HScore",
    "HScoreResult",
    "Transferability",
    "h_score",
    "pillai_pvalue",
    "transferability",
]


def __getattr__(name):
    if name == "HScore":  # when it is first used: torchmetrics takes three seconds to load
        from tdist.hscore.metric import HScore

        return HScore
    raise AttributeError(f"module 'tdist.hscore' has no attribute {name!r}")


def __dir__():
    return __all__
