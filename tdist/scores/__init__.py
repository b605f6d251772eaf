"""Scores of features for labels through one door: the H-score and its rivals, higher is better.

Each is a function of features (m, k) and labels (m,), or of the source's class probabilities and
labels; ``float(result)`` is the score. :func:`compare` computes several. "h", "adjusted" and
"shrunk" stream, as :class:`tdist.HScore`; LogME and NCE could, from sums of the same kind; LEEP,
least squares and class means need the samples a second time, neighbours all of them at once.
"""

from tdist.scores.coding_rate import transrate
from tdist.scores.comparison import SCORES, adjusted, compare, shrunk
from tdist.scores.evidence import logme
from tdist.scores.least_squares import held_out, leave_one_out
from tdist.scores.neighbours import nearest_mean, nearest_neighbours
from tdist.scores.results import Accuracy, HeldOut
from tdist.scores.source_classes import leep, nce

__all__ = [
    "SCORES",
    "Accuracy",
    "HeldOut",
    "adjusted",
    "compare",
    "held_out",
    "leave_one_out",
    "leep",
    "logme",
    "nce",
    "nearest_mean",
    "nearest_neighbours",
    "shrunk",
    "transrate",
]
