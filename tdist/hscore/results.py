"""What an H-score is handed out with: bound, chance level, significance, and the warnings it
needs."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import f as f_distribution

from tdist.manners import line


class HScoreResult(NamedTuple):  # torchmetrics takes a frozen dataclass apart, but no named tuple
    r"""An H-score and what it takes to read it; ``float(result)`` is the statistic.

    ``print(result)`` says in words what was found, and what to do where it says nothing.

    Attributes
    ----------
    statistic : float
        H(f), plug-in estimate, between 0 and `bound`.
    bound : int
        :math:`\min(|\mathcal Y| - 1, \text{rank})`, the largest possible value.
    chance : float
        Mean of the statistic when the labels are shuffled, :eq:`eq-chance`.
    adjusted : float
        The statistic corrected for chance, :eq:`eq-adjusted`: 0 is chance level. It estimates H at
        infinitely many images, without bias where there is nothing to find; elsewhere it is low by
        some percent with few samples: see :func:`tdist.hscore.jackknife`. NaN if n - 1 <= rank, and
        where repeated rows hide that: see :func:`h_score`.
    pvalue : float
        Of "f and Y are unrelated". Pillai's F test, :eq:`eq-pillai`, which is for features that are
        normal within classes, with one covariance, and classes of more than a few samples: see
        :func:`pillai_pvalue`. NaN with shrinkage, if n - classes < rank, or where repeated rows
        hide that. With permutations the share of shuffled labels that score as high, which needs
        none of this.
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
    >>> print(h_score([[0], [1], [3], [5]], [1, 1, 2, 2]))  # doctest: +NORMALIZE_WHITESPACE
    H-score 0.831 of at most 1, by chance 0.333, adjusted 0.746: not told apart from chance
    (p = 0.089); take more than these 4 samples
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

    def __str__(self):
        return _words(self)

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise TypeError("an HScoreResult is no tensor: take float(result) or a field of it; "
                        'HScore(field="adjusted") computes one field as a tensor, for logging, '
                        "arithmetic and the wrappers of torchmetrics")


def _words(result):
    """An HScoreResult for a person, in one line."""
    n, rank, p = result.n, result.rank, result.pvalue
    found = f"H-score {result.statistic:.3g} of at most {result.bound}"
    if rank == 0:
        return f"{found}: the features do not vary; are all images the same, or the layer dead?"
    if n == result.classes or (np.isnan(result.adjusted) and not result.shrinkage):
        return (f"{found} says nothing: {n} samples are too few for features of rank {rank} and "
                f"{result.classes} classes; take more distinct samples (5 a feature is a start), "
                'fewer features, or shrinkage="ledoit-wolf"')
    found += f", by chance {result.chance:.3g}, adjusted {result.adjusted:.3g}"
    if np.isnan(p):
        return f"{found}; permutations=1000 tells whether that is more than chance"
    if p > NOTABLE:
        return (f"{found}: not told apart from chance (p = {p:.2g}); take more than these {n} "
                f"samples" + (f", or fewer features than {rank}" if rank > 1 else ""))
    return f"{found}: more than chance (p = {p:.1g}), {n} samples of rank {rank}"


NOTABLE = 0.05


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

    It supposes features that are normal within each class, with the same covariance in all, and no
    tiny classes. Far from that, small p values come too often: of 1,000 tables of 40 lognormal
    features without any information, with nine classes of two samples among 300, 25% were below
    0.05 and 17% below 0.01; with Gaussian features and balanced classes 5.3% and 1.0% (the study
    "estimates"). ``h_score(..., permutations=1000)`` supposes none of it.

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
