r"""H-score of features for a classification task in one call, and transferability.

.. math::

    H(f) = \operatorname{tr}\bigl(\operatorname{cov}(f)^{-1}
    \operatorname{cov}(\mathbb E[f \mid Y])\bigr)

Definition 2 of the H-score paper, :eq:`eq-h-score` of the book.
"""

import warnings
from dataclasses import dataclass

import torch

from tdist.hscore import repeats
from tdist.hscore.classsums import permuted
from tdist.hscore.moments import accumulate
from tdist.hscore.results import HScoreResult, assess
from tdist.hscore.samples import project_samples
from tdist.hscore.whitened import whitened, whitened_by
from tdist.hscore.whitening import project
from tdist.inputs import (
    check_features,
    check_lengths,
    check_shrinkage,
    device_of,
    encode_labels,
)
from tdist.manners import line, whole


@dataclass(frozen=True, repr=False)
class Transferability:
    """Ratio of two H-scores on one target task; ``float(result)`` is the ratio.

    Attributes
    ----------
    statistic : float
        H(source features) / H(target features), of the raw scores.
    source : HScoreResult
    target : HScoreResult
    adjusted : float
        The same of the adjusted scores: raw scores contain their chance level, so with few samples
        a wide source scores high for its width. NaN where the target's adjusted score is not above
        0, or one of the two is unknown.

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
    adjusted: float

    def __float__(self):
        return self.statistic

    __repr__ = line


def h_score(features, labels, shrinkage=None, *, permutations=0, seed=0):
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
    permutations : int
        With a number, say 1,000, `pvalue` is that of shuffled labels, (1 + shuffles that score as
        high) / (1 + permutations), in place of Pillai's F test: right for features of any
        distribution and for classes of any size, and with shrinkage. It can be no smaller than
        1 / (1 + permutations).
    seed : int
        Of the shuffles.

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

    Without permutations `pvalue` is Pillai's F test, whose assumptions
    :func:`tdist.hscore.pillai_pvalue` names: with skewed or sparse features and classes of a few
    samples it is far too small. A shuffle costs a sum of the whitened features by class, O(m
    rank): 1,000 of them a second for 2,000 samples of 500 features, and a minute for 20,000 of
    2,048; with permutations memory is m x rank numbers in float64, twice.

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
    shrinkage = check_shrinkage(shrinkage)
    permutations = whole("permutations", permutations, 0)
    features, codes, classes = checked(features, labels)
    if permutations:
        result, z = _with_samples(features, codes, classes, shrinkage)
        pvalue = permuted(z, codes.cpu().numpy(), permutations, seed)
        return result._replace(pvalue=pvalue, permutations=permutations)
    if len(features) < features.shape[1]:
        found = project_samples(features, codes, shrinkage)
        rows = repeats.rows_of(features, codes)
        return assess(len(features), classes, *found, repeats.count(rows))
    sums = _sums(features, codes, classes, shrinkage)
    return of_moments(sums, shrinkage, overwrite=shrinkage != "ledoit-wolf")


def checked(features, labels):
    """Features, the labels' codes as a tensor where sums are taken, and the number of classes."""
    features = check_features(features)
    codes, classes = encode_labels(labels)
    check_lengths(features, codes)
    if classes < 2:
        raise ValueError(ONE_CLASS)
    return features, torch.from_numpy(codes).to(device_of(features)), classes


def with_samples(features, labels):
    """The HScoreResult of features for labels, the labels' codes (m,), and the whitened samples
    (m, rank)."""
    features, codes, classes = checked(features, labels)
    result, z = _with_samples(features, codes, classes, 0.0, stacklevel=5)
    return result, codes.cpu().numpy(), z


def _with_samples(features, codes, classes, shrinkage, stacklevel=4):
    m, k = features.shape
    if m < k:
        z, a = whitened(features, shrinkage)
        sums = z.new_zeros(classes, z.shape[1]).index_add_(0, codes, z)
        squares = (sums.square().sum(1) / torch.bincount(codes)).sum()
        found = squares.item() / m, z.square().sum().item() / m, z.shape[1], a
        rows = repeats.rows_of(features, codes)
        return assess(m, classes, *found, repeats.count(rows), stacklevel), z
    moments = _sums(features, codes, classes, shrinkage)
    result = of_moments(moments, shrinkage, stacklevel + 1)
    return result, whitened_by(moments, features, shrinkage)[0]


def _sums(features, codes, classes, shrinkage):
    moments = accumulate(None, features, codes, torch.arange(classes, device=codes.device),
                         shrinkage == "ledoit-wolf", rows=False)
    moments.rows = repeats.rows_of(features, codes)  # of all at once: a fraction of the time
    return moments


ONE_CLASS = "all labels are the same: the H-score compares classes and needs at least two"


def of_moments(moments, shrinkage, stacklevel=4, overwrite=False):
    """The HScoreResult of the samples in :class:`tdist.hscore.moments.Moments`; overwrite: as in
    :meth:`~tdist.hscore.moments.Moments.central`."""
    n, classes = moments.n, int((moments.counts > 0).sum())
    if classes < 2:
        raise ValueError(ONE_CLASS)
    cov, means, noise = moments.central(overwrite)
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
        it. From samples read `adjusted`, as the page on scores from samples says of H itself.

    Raises
    ------
    ValueError
        As :func:`h_score`, or if the target's features score 0.

    Warns
    -----
    UserWarning
        If the target's adjusted score is not above 0: its features are at chance level, there is
        nothing to take a fraction of, and `adjusted` is NaN. And as :func:`h_score`.

    See Also
    --------
    tdist.hscore.difference : whether two scores on the same samples differ.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> iris, species = load_iris(return_X_y=True)
    >>> found = transferability(iris[:, :2], iris, species)
    >>> print(f"{float(found):.3f}, adjusted {found.adjusted:.3f}")
    0.793, adjusted 0.796
    """
    source, target = h_score(source_features, labels), h_score(target_features, labels)
    if target.statistic <= 0:
        raise ValueError("the target's features have H-score 0: they say nothing about the labels")
    adjusted = float("nan")
    if target.adjusted > 0:
        adjusted = source.adjusted / target.adjusted
    else:
        warnings.warn(f"the target's features have adjusted H-score {target.adjusted:.3g}: at "
                      "chance level, or with too few samples to tell, so the adjusted ratio is "
                      "NaN; take more samples or better features", stacklevel=2)
    return Transferability(source.statistic / target.statistic, source, target, adjusted)
