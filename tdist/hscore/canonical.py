r"""The H-score of features for targets that are numbers: one column, several, or many labels.

.. math:: H(f, T) = \operatorname{tr}\bigl(\operatorname{cov}(f)^{+} \operatorname{cov}(f, T)
    \operatorname{cov}(T)^{+} \operatorname{cov}(T, f)\bigr)

is the sum of the squared canonical correlations of f and T. Classes are the case of one-hot T.
"""

import warnings
from typing import NamedTuple

import numpy as np
import torch

from tdist.hscore import moments as sums
from tdist.hscore import repeats
from tdist.hscore.moments import accumulate
from tdist.hscore.results import judge
from tdist.hscore.whitened import product, whitened
from tdist.hscore.whitening import whitening
from tdist.inputs import (
    check_features,
    check_lengths,
    device_of,
    not_finite,
    rounding,
    to_tensor,
)
from tdist.manners import line


class CanonicalResult(NamedTuple):  # as HScoreResult
    r"""A canonical H-score and what it takes to read it; ``float(result)`` is the statistic.

    Attributes
    ----------
    statistic : float
        Sum of the squared canonical correlations, plug-in estimate, between 0 and `bound`.
    bound : int
        :math:`\min(\text{rank}, \text{rank}_T)`, the largest possible value.
    chance : float
        rank rank_T / (n - 1): mean of the statistic when the targets are shuffled.
    adjusted : float
        :math:`r_T - (r_T - H)(n - 1)/(n - 1 - r)` with the ranks r, r_T: adjusted R² summed over
        the whitened targets. 0 is chance level. NaN if n - 1 <= rank, and where repeated rows hide
        that: see :func:`tdist.h_score`.
    pvalue : float
        Pillai's F test of "f and T are unrelated"; of one column the F test of a regression. Under
        the assumptions of :func:`tdist.hscore.pillai_pvalue`. NaN if n - 1 - rank_T < rank.
    rank : int
    rank_T : int
        Ranks of cov(f) and cov(T).
    n : int
        Number of samples.

    Examples
    --------
    >>> from tdist import canonical_h_score
    >>> result = canonical_h_score([[0], [1], [2], [3]], [0.0, 0.0, 1.0, 2.0])
    >>> result  # doctest: +NORMALIZE_WHITESPACE
    CanonicalResult(statistic=0.8909, bound=1, chance=0.3333, adjusted=0.8364, pvalue=0.05612,
                    rank=1, rank_T=1, n=4)
    """

    statistic: float
    bound: int
    chance: float
    adjusted: float
    pvalue: float
    rank: int
    rank_T: int
    n: int

    def __float__(self):
        return self.statistic

    __repr__ = line


def canonical_h_score(features, targets):
    r"""H-score of features for numeric targets: one column, several columns, or many labels.

    .. math:: H(f, T) = \operatorname{tr}\bigl(\operatorname{cov}(f)^{+} \operatorname{cov}(f, T)
        \operatorname{cov}(T)^{+} \operatorname{cov}(T, f)\bigr)

    The sum of the squared canonical correlations: of one-hot T it is :func:`tdist.h_score`, of one
    column R² of the linear regression of T on f. It is unchanged by invertible affine maps of f and
    of T, so neither a target's unit nor a linear combination of targets matters; each direction of
    T counts alike, the frequent label and the rare one. For several labels a sample pass one column
    of 0 and 1 for each.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
        As in :func:`tdist.h_score`.
    targets : array_like or torch.Tensor, shape (m, d) or (m,)
        Numbers. Whole numbers are numbers too: for classes use :func:`tdist.h_score`.

    Returns
    -------
    CanonicalResult

    Raises
    ------
    TypeError
        If features or targets are complex, sparse or not numbers.
    ValueError
        As :func:`tdist.h_score` for features; or if targets are empty, hold NaN or infinity, differ
        in length from the features or do not vary.

    Warns
    -----
    UserWarning
        If the features do not vary, the targets tell all samples apart, repeated rows matter, or
        rounding does.

    Notes
    -----
    With m >= k + d the cost is :math:`O(m (k+d)^2)` time and :math:`O((k+d)^2)` memory; with fewer
    samples the products of samples serve, :math:`O(m^2 (k + d) + m^3)` and :math:`O(m (k + m))`.
    :class:`tdist.hscore.CanonicalHScore` takes batches.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes, load_linnerud
    >>> x, progression = load_diabetes(return_X_y=True)
    >>> print(f"{canonical_h_score(x, progression).statistic:.4f}")  # R² of the regression
    0.5177
    >>> exercises, bodies = load_linnerud(return_X_y=True)  # three columns on three
    >>> result = canonical_h_score(exercises, bodies)
    >>> print(f"{result.statistic:.3f} of {result.bound}, by chance {result.chance:.3f}")
    0.678 of 3, by chance 0.474
    """
    features = check_features(features)
    targets, coarse = check_targets(targets)
    check_lengths(features, targets, "targets")
    (m, k), d = features.shape, targets.shape[1]
    if m >= k + d:
        return of_moments(sums_of(features, targets, coarse, device_of(features)), d)
    f, t = whitened(features)[0], whitened(targets)[0].to(device_of(features))
    statistic = float(product(f.T, t).square().sum()) / m**2
    numbers = repeats.fingerprints(torch.from_numpy(targets)).to(f.device)
    return _result(m, statistic, f.shape[1], t.shape[1],
                   repeats.count(repeats.rows_of(features, numbers)))


def check_targets(targets, may_be_empty=False):
    """Numeric targets (m, d), or one column (m,), as float64 (m, d), and the relative rounding of
    their type; an error if they are no numbers, or not finite."""
    if hasattr(targets, "to_frame"):  # a pandas series
        targets = targets.to_frame()
    elif getattr(targets, "ndim", 2) == 1:
        targets = targets[:, None]
    elif isinstance(targets, list | tuple) and len(targets) and np.ndim(targets[0]) == 0:
        targets = [[value] for value in targets]
    checked = check_features(targets, may_be_empty, "targets")
    values = to_tensor(checked, torch.device("cpu")).double()
    if not torch.isfinite(values.square().sum()):
        raise not_finite(values, what="targets")
    return values.numpy(), rounding(checked)


def sums_of(features, targets, coarse, device):
    """The Moments of features (m, k) and targets (m, d), columns side by side, as samples of one
    class whose number is d.

    targets: of :func:`check_targets`, with the rounding `coarse` of their type.
    """
    total, d = None, targets.shape[1]
    step = max(1, sums.CHUNK // (features.shape[1] + d))
    for start in range(0, len(features), step):
        part = side_by_side(features[start : start + step], targets[start : start + step], device)
        number = torch.full((len(part),), d, device=device)
        total = accumulate(total, part, number, number[:1], earlier=start, targets=d)
    total.precision.clamp_(min=max(coarse, rounding(features)))
    return total


def side_by_side(features, targets, device):
    """Features (m, k) and targets (m, d) as one float64 tensor (m, k + d)."""
    return torch.cat([to_tensor(features, device).double(),
                      torch.from_numpy(targets).to(device)], 1)


def of_moments(total, d, stacklevel=4):
    """The CanonicalResult of the samples in Moments whose last d columns are the targets."""
    cov, _, noise = total.central()
    k, n = len(cov) - d, total.n
    f, t = whitening(cov[:k, :k], noise[:k], n), whitening(cov[k:, k:], noise[k:], n)
    cross = t.rows(cov[:k, k:])  # (k, rank_T)
    statistic = np.sum(f.rows(cross.T) ** 2)
    return _result(n, statistic, f.rank, t.rank, repeats.count(total.rows), stacklevel)


NO_TARGET = "the targets do not vary: there is nothing to predict"


def _result(n, statistic, rank, rank_t, repeated, stacklevel=3):
    if rank_t == 0:
        raise ValueError(NO_TARGET)
    if n == rank_t + 1:
        repeated = None
        warnings.warn("the targets tell all samples apart (their rank is n - 1), so H = rank for "
                      "any features; add samples, or take fewer targets", stacklevel=stacklevel)
    found = judge(n, rank_t, statistic, float(rank), rank, 0.0, repeated, stacklevel + 1)
    return CanonicalResult(*found, rank, rank_t, n)
