r"""H-score of features for a classification task in one call, and transferability.

.. math::

    H(f) = \operatorname{tr}\bigl(\operatorname{cov}(f)^{-1}
    \operatorname{cov}(\mathbb E[f \mid Y])\bigr)

Definition 2 of the H-score paper, :eq:`eq-h-score` of the book.
"""

from dataclasses import dataclass

import torch

from tdist.hscore import repeats
from tdist.hscore.moments import accumulate
from tdist.hscore.results import HScoreResult, assess
from tdist.hscore.samples import project_samples
from tdist.hscore.whitening import project
from tdist.inputs import (
    check_features,
    check_lengths,
    check_shrinkage,
    device_of,
    encode_labels,
)
from tdist.manners import line


@dataclass(frozen=True, repr=False)
class Transferability:
    """Ratio of two H-scores on one target task; ``float(result)`` is the ratio.

    Attributes
    ----------
    statistic : float
        H(source features) / H(target features).
    source, target : HScoreResult

    Examples
    --------
    >>> f = [[0.0, 1], [1, 0], [2, 1], [3, 1]]
    >>> result = transferability([row[:1] for row in f], f, [0, 0, 1, 1])
    >>> float(result) == result.source.statistic / result.target.statistic
    True
    """

    statistic: float
    source: HScoreResult
    target: HScoreResult

    def __float__(self):
        return self.statistic

    __repr__ = line


def h_score(features, labels, shrinkage=None):
    r"""H-score of features for the task of predicting the labels, in one call.

    .. math::

        H(f) = \operatorname{tr}\bigl(\operatorname{cov}(f)^{+}
        \operatorname{cov}(\mathbb E[f \mid Y])\bigr)

    :eq:`eq-h-score`; Definition 2 of the H-score paper. It is unchanged by f -> fA + b with A
    invertible, and equals the Pillai-Bartlett trace of a one-way MANOVA.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
        Real numbers of any precision, or integers; a pandas data frame; on any device. Not
        modified.
    labels : array_like or torch.Tensor, shape (m,)
        The class of each sample: integers, strings, or anything hashable; none missing.
    shrinkage : None, float in [0, 1] or "ledoit-wolf"
        With intensity a, :math:`\operatorname{tr}(\operatorname{cov}_a^{-1} (1-a)
        \operatorname{cov}(\mathbb E[f|Y]))` where
        :math:`\operatorname{cov}_a = (1-a) \operatorname{cov}(f) + a \mu I`, :eq:`eq-shrinkage`.
        Not invariant under scaling of the columns: the features are taken as given.

    Returns
    -------
    HScoreResult

    Raises
    ------
    TypeError
        If features are complex, sparse or not numbers, or labels cannot be hashed.
    ValueError
        If features are empty, hold NaN or infinity, have other than two axes, or are so large or
        small that their squares leave float64; if labels are missing, fractions, of another length
        or of one class only; if the shrinkage is outside [0, 1], or too small for columns whose
        sizes differ much.

    Warns
    -----
    UserWarning
        If the features do not vary, every class has one sample, repeated rows matter, or rounding
        does.

    Notes
    -----
    Statistics accumulate in float64 in chunks. With m >= k samples the cost is :math:`O(m k^2 +
    k^3)` time and :math:`O(k^2)` memory; with m < k it is :math:`O(m^2 k + m^3)` time and
    :math:`O(m^2)` memory, from the products of samples: 100 to 2,000 samples of 25,000 features
    take a fraction of a second to some seconds.

    Every sample counts as an independent one. Copies of a sample (files that come twice,
    oversampling, a sampler's padding) push score, `adjusted` and `pvalue` the wrong way, and a
    *bootstrap* of rows is wrong for the same reason: its interval need not even hold the estimate.
    Rows that come again with their old label may be copies: where counting them once would change
    the chance level by 2% of the bound there is a warning; where features of rank d - 1 tell all d
    distinct rows apart, so that any features would reach the same score, `adjusted` and `pvalue`
    are NaN.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> iris, species = load_iris(return_X_y=True)
    >>> result = h_score(iris, species)
    >>> print(f"{result.statistic:.3f} of {result.bound}, by chance {result.chance:.3f}")
    1.192 of 2, by chance 0.054
    >>> round(h_score(iris[::10], species[::10], shrinkage="ledoit-wolf").shrinkage, 3)
    0.055
    """
    features = check_features(features)
    codes, classes = encode_labels(labels)
    check_lengths(features, codes)
    shrinkage = check_shrinkage(shrinkage)
    if classes < 2:
        raise ValueError(ONE_CLASS)
    codes = torch.from_numpy(codes).to(device_of(features))
    if len(features) < features.shape[1]:
        found = project_samples(features, codes, shrinkage)
        rows = repeats.rows_of(features, codes)
        return assess(len(features), classes, *found, repeats.count(rows))
    moments = accumulate(None, features, codes, torch.arange(classes, device=codes.device),
                         shrinkage == "ledoit-wolf")
    return of_moments(moments, shrinkage)


ONE_CLASS = "all labels are the same: the H-score compares classes and needs at least two"


def of_moments(moments, shrinkage, stacklevel=4):
    """The HScoreResult of the samples in :class:`tdist.hscore.moments.Moments`."""
    n, classes = moments.n, int((moments.counts > 0).sum())
    if classes < 2:
        raise ValueError(ONE_CLASS)
    cov, means, noise = moments.central()
    a = moments.ledoit_wolf(cov) if shrinkage == "ledoit-wolf" else shrinkage
    found = project(cov, means, noise, n, a)
    return assess(n, classes, *found, a, repeats.count(moments.rows), stacklevel)


def transferability(source_features, target_features, labels):
    r"""Transferability :math:`H_T(f_S) / H_T(f_{T\text{opt}})`, :eq:`eq-transferability`;
    Definition 3 of the paper.

    The error exponent that the source's features reach on the target task, as a fraction of the one
    that the target's own best features reach.

    Parameters
    ----------
    source_features : array_like, shape (m, k)
        Features trained on the source task, on the target's inputs.
    target_features : array_like, shape (m, j)
        Minimum-error-probability features of the target: of :func:`tdist.ace`, or trained by
        :class:`tdist.hgr.SoftHGR`.
    labels : array_like, shape (m,)
        Labels of the target task.

    Returns
    -------
    Transferability
        At most 1 for population quantities with j >= the rank of the target; estimates can exceed
        it.

    Raises
    ------
    ValueError
        As :func:`h_score`, or if the target's features score 0.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> iris, species = load_iris(return_X_y=True)
    >>> round(float(transferability(iris[:, :2], iris, species)), 3)
    0.793
    """
    source, target = h_score(source_features, labels), h_score(target_features, labels)
    if target.statistic <= 0:
        raise ValueError("the target's features have H-score 0: they say nothing about the labels")
    return Transferability(source.statistic / target.statistic, source, target)
