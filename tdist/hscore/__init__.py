"""H-score of features for a classification task: one call, streaming, chance level, significance, transferability."""

from tdist.hscore.score import (
    HScore,
    HScoreResult,
    Transferability,
    h_score,
    pillai_pvalue,
    transferability,
)

__all__ = ["HScore", "HScoreResult", "Transferability", "h_score", "pillai_pvalue", "transferability"]
