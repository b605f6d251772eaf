"""What an H-score is handed out with: bound, chance level, significance, and the warnings it
needs."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import f as f_distribution

from tdist.manners import line


class HScoreResult(NamedTuple):  # torchmetrics takes a frozen dataclass apart, but no named tuple
    r"""An H-score and what it takes to read it; ``float(result)`` is the statistic.

    Attributes
    ----------
    statistic : float
        H(f), plug-in estimate, between 0 and `bound`.
    bound : int
        :math:`\min(|\mathcal Y| - 1, \text{rank})`, the largest possible value.
    chance : float
        Mean of the statistic when the labels are shuffled, :eq:`eq-chance`.
    adjusted : float
        The statistic corrected for chance, :eq:`eq-adjusted`: 0 is chance level. NaN if
        n - 1 <= rank, and where repeated rows hide that: see :func:`h_score`.
    pvalue : float
        Pillai's F test of "f and Y are unrelated", :eq:`eq-pillai`. NaN with shrinkage, if
        n - classes < rank, or where repeated rows hide that.
    rank : int
        Rank of cov(f).
    n : int
        Number of samples.
    classes : int
        Number of classes present.
    shrinkage : float
        Shrinkage intensity used; 0 for none.
    permutations : int
        Number of shuffles that `pvalue` is from; 0 for the F test.

    Examples
    --------
    >>> from tdist import h_score
    >>> result = h_score([[0], [1], [2], [3]], ["cat", "cat", "dog", "dog"])
    >>> result  # doctest: +NORMALIZE_WHITESPACE
    HScoreResult(statistic=0.8, bound=1, chance=0.3333, adjusted=0.7, pvalue=0.1056, rank=1, n=4,
                 classes=2, shrinkage=0, permutations=0)
    >>> float(result) == result.statistic
    True
    """

    statistic: float
    bound: int
    chance: float
    adjusted: float
    pvalue: float
    rank: int
    n: int
    classes: int
    shrinkage: float = 0.0
    permutations: int = 0

    def __float__(self):
        return self.statistic

    __repr__ = line

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise TypeError("an HScoreResult is no tensor: take float(result) or a field of it; "
                        'HScore(field="adjusted") computes one field as a tensor, for logging, '
                        "arithmetic and the wrappers of torchmetrics")


def assess(n, classes, statistic, effective, rank, a, repeated, stacklevel=3):
    """The HScoreResult of n samples, with the warnings that it needs; arguments as of
    :func:`judge`."""
    if n == classes:
        repeated = None
        warnings.warn("every class has one sample: no spread within classes, so H = classes - 1 "
                      "for any n - 1 independent features; add samples", stacklevel=stacklevel)
    found = judge(n, classes - 1, statistic, effective, rank, a, repeated, stacklevel + 1)
    return HScoreResult(*found, rank, n, classes, float(a))


def judge(n, top, statistic, effective, rank, a, repeated, stacklevel):
    """Statistic, bound, chance, adjusted and p value, with the warnings that they need.

    top: classes - 1, or the rank of the targets. effective: effective rank under shrinkage a.
    repeated: Repeats, or None if they do not matter.
    """
    chance, spare = effective * top / (n - 1), n - 1 - effective
    words, bound = [], min(top, rank)
    if statistic > bound * (1 + 1e-8):
        words.append(f"the score exceeded its bound {bound} by {statistic - bound:.1g}, by "
                     "rounding: some samples are too far from the others; scale the features, or "
                     "use shrinkage")
    statistic = min(statistic, bound)
    if rank == 0:
        words.append("features do not vary, and score 0: are all images the same, or the layer "
                     "dead?")
    adjusted = np.nan
    if spare > 1e-6 * n:  # or both factors are rounding
        adjusted = top - (top - statistic) * (n - 1) / spare
    pvalue = np.nan if a else pillai_pvalue(statistic, rank, top + 1, n)
    if repeated is not None and rank:
        if repeated.saturated(effective, top + 1):
            adjusted = pvalue = np.nan
        if repeated.distinct < n and (repeated.saturated(effective, top + 1) or
                                      repeated.notable(effective, n)):
            words.append(repeated.words(effective, top + 1, n))
    for text in words:
        warnings.warn(text, stacklevel=stacklevel)
    return float(statistic), bound, float(chance), float(adjusted), float(pvalue)


def pillai_pvalue(statistic, rank, classes, n):
    r"""p value of Pillai's trace by its F approximation, :eq:`eq-pillai`.

    Parameters
    ----------
    statistic : float
        The trace, which is the H-score.
    rank, classes, n : int
        As in :class:`HScoreResult`.

    Returns
    -------
    float
        NaN if n - classes < rank or rank is 0.

    Examples
    --------
    >>> round(pillai_pvalue(0.8, rank=1, classes=2, n=4), 4)
    0.1056
    """
    s = min(rank, classes - 1)
    wide, spare = (abs(rank - classes + 1) - 1) / 2, (n - classes - rank - 1) / 2
    if s == 0 or n - classes < rank:
        return np.nan
    if statistic >= s:
        return 0.0
    a, b = 2 * wide + s + 1, 2 * spare + s + 1
    return float(f_distribution.sf(b / a * statistic / (s - statistic), s * a, s * b))
