r"""H-score of features for a classification task: one call, streaming, chance level, significance, transferability.

.. math:: H(f) = \operatorname{tr}\bigl(\operatorname{cov}(f)^{-1} \operatorname{cov}(\mathbb E[f \mid Y])\bigr)

Definition 2 of the H-score paper, :eq:`eq-h-score` of the book.
"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import f as f_distribution
from torchmetrics import Metric

from tdist.hscore.moments import Moments, accumulate, project
from tdist.inputs import (
    check_features,
    check_finite,
    check_shrinkage,
    device_of,
    encode_labels,
    integer_labels,
    to_tensor,
)


class HScoreResult(NamedTuple):  # torchmetrics takes a frozen dataclass apart, but not a named tuple
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
        The statistic corrected for chance, :eq:`eq-adjusted`: 0 is chance level. NaN if n - 1 <= rank.
    pvalue : float
        Pillai's F test of "f and Y are unrelated", :eq:`eq-pillai`. NaN with shrinkage or if n - classes < rank.
    rank : int
        Rank of cov(f).
    n : int
        Number of samples.
    classes : int
        Number of classes present.
    shrinkage : float
        Shrinkage intensity used; 0 for none.
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

    def __float__(self):
        return self.statistic


@dataclass(frozen=True)
class Transferability:
    """Ratio of two H-scores on one target task; ``float(result)`` is the ratio.

    Attributes
    ----------
    statistic : float
        H(source features) / H(target features).
    source, target : HScoreResult
    """

    statistic: float
    source: HScoreResult
    target: HScoreResult

    def __float__(self):
        return self.statistic


def h_score(features, labels, shrinkage=None):
    r"""H-score of features for the task of predicting the labels, in one call.

    .. math:: H(f) = \operatorname{tr}\bigl(\operatorname{cov}(f)^{+} \operatorname{cov}(\mathbb E[f \mid Y])\bigr)

    :eq:`eq-h-score`; Definition 2 of the H-score paper. It is unchanged by f -> fA + b with A invertible, and equals
    the Pillai-Bartlett trace of a one-way MANOVA. Statistics accumulate in float64 in chunks.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
        Real numbers of any precision, or integers; on any device. Not modified.
    labels : array_like or torch.Tensor, shape (m,)
        The class of each sample: integers, strings, or anything hashable.
    shrinkage : None, float in [0, 1] or "ledoit-wolf"
        With intensity a, :math:`\operatorname{tr}(\operatorname{cov}_a^{-1} (1-a) \operatorname{cov}(\mathbb E[f|Y]))`
        where :math:`\operatorname{cov}_a = (1-a) \operatorname{cov}(f) + a \mu I`, :eq:`eq-shrinkage`. Not invariant
        under scaling of the columns: the features are taken as given.

    Returns
    -------
    HScoreResult

    Raises
    ------
    TypeError
        If features are complex, sparse or not numbers, or labels cannot be hashed.
    ValueError
        If features are empty, hold NaN or infinity, or have other than two axes; if labels are fractions or of
        another length; if there is one class only; if the shrinkage is outside [0, 1].
    """
    features = check_features(features)
    codes, classes = encode_labels(labels)
    if len(codes) != len(features):
        raise ValueError(f"features and labels differ in length: {len(features)} rows and {len(codes)} labels")
    shrinkage = check_shrinkage(shrinkage)
    device = device_of(features)
    codes = torch.from_numpy(codes).to(device)
    moments = accumulate(None, features, codes, torch.arange(classes, device=device), shrinkage)
    return _result(moments, shrinkage)


class HScore(Metric):
    r"""H-score of features that arrive in batches: :func:`h_score` as a torchmetrics metric.

    Any batching, order, or split over processes gives the one-call result. Labels are integers of any value.

    Parameters
    ----------
    shrinkage : None, float in [0, 1] or "ledoit-wolf"
        As in :func:`h_score`.
    **kwargs
        Of :class:`torchmetrics.Metric`.

    Examples
    --------
    >>> metric = HScore()
    >>> for images, labels in loader:            # doctest: +SKIP
    ...     metric.update(model(images), labels)
    >>> metric.compute().adjusted                # doctest: +SKIP
    """

    is_differentiable = False
    higher_is_better = True

    def __init__(self, shrinkage=None, **kwargs):
        super().__init__(**kwargs)
        self.shrinkage = check_shrinkage(shrinkage)
        # one tensor in each list: lists may differ in shape between processes, where tensors may not
        for name in Moments.__dataclass_fields__:
            self.add_state(name, default=[], dist_reduce_fx=None)
        self.reset()

    def reset(self):
        """Forget every sample."""
        super().reset()
        self._set(Moments.about(torch.zeros(0, dtype=torch.float64, device=self.device),
                                torch.zeros(0, dtype=torch.int64, device=self.device)))

    def update(self, features, labels):
        """Add a batch: features (m, k) and integer labels (m,), as :func:`h_score` takes them."""
        features = check_features(features)
        labels = torch.from_numpy(integer_labels(labels)).to(self.device)
        if len(labels) != len(features):
            raise ValueError(f"features and labels differ in length: {len(features)} rows and {len(labels)} labels")
        old = self._parts()[0]
        if old.n and len(old.shift) != features.shape[1]:
            raise ValueError(f"features have {features.shape[1]} columns, earlier batches had {len(old.shift)}")
        # before anything is added, so that a refused batch leaves no trace
        batch = to_tensor(features, self.device)
        check_finite(torch.stack(torch.aminmax(batch)).double() ** 2, batch, 0)
        self._set(accumulate(old if old.n else None, features, labels, torch.unique(labels), self.shrinkage))

    def forward(self, features, labels):
        """Add a batch and return its own :class:`HScoreResult`, or None if it holds a single class."""
        self.update(features, labels)
        return None if len(torch.unique(torch.as_tensor(labels))) < 2 else h_score(features, labels, self.shrinkage)

    def compute(self):
        """The :class:`HScoreResult` of all samples so far, over all processes."""
        parts = [part for part in self._parts() if part.n]
        if not parts:
            raise ValueError("no samples yet: call update(features, labels) first")
        total = Moments.about(parts[0].shift, parts[0].labels)
        for part in parts:
            total.merge(part)
        return _result(total, self.shrinkage)

    def _set(self, moments):
        for name in Moments.__dataclass_fields__:
            setattr(self, name, [getattr(moments, name)])

    def _parts(self):
        return [Moments(*parts) for parts in zip(*(getattr(self, name) for name in Moments.__dataclass_fields__),
                                                 strict=True)]


def transferability(source_features, target_features, labels):
    r"""Transferability :math:`H_T(f_S) / H_T(f_{T\text{opt}})`, :eq:`eq-transferability`; Definition 3 of the paper.

    The error exponent that the source's features reach on the target task, as a fraction of the one that the
    target's own best features reach.

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
        At most 1 for population quantities with j >= the rank of the target; estimates can exceed it.

    Raises
    ------
    ValueError
        As :func:`h_score`, or if the target's features score 0.
    """
    source, target = h_score(source_features, labels), h_score(target_features, labels)
    if target.statistic <= 0:
        raise ValueError("the target's features have H-score 0: they say nothing about the labels")
    return Transferability(source.statistic / target.statistic, source, target)


def _result(moments, shrinkage):
    n, classes = moments.n, int((moments.counts > 0).sum())
    if classes < 2:
        raise ValueError("all labels are the same: the H-score compares classes and needs at least two")
    if n == classes:
        warnings.warn("every class has one sample: no spread within classes, so H = classes - 1 for any "
                      "n - 1 independent features; add samples", stacklevel=3)
    cov, means, noise = moments.central()
    a = moments.ledoit_wolf(cov) if shrinkage == "ledoit-wolf" else shrinkage
    statistic, effective, rank = project(cov, means, noise, n, a)
    chance = effective * (classes - 1) / (n - 1)
    top = classes - 1
    adjusted = top - (top - statistic) * (n - 1) / (n - 1 - effective) if n - 1 > effective else np.nan
    pvalue = np.nan if a else pillai_pvalue(statistic, rank, classes, n)
    return HScoreResult(float(statistic), min(top, rank), float(chance), float(adjusted), float(pvalue), rank, n,
                        classes, float(a))


def pillai_pvalue(statistic, rank, classes, n):
    r"""p value of Pillai's trace by its F approximation, :eq:`eq-pillai`; NaN if n - classes < rank or rank is 0."""
    s = min(rank, classes - 1)
    wide, spare = (abs(rank - classes + 1) - 1) / 2, (n - classes - rank - 1) / 2
    if s == 0 or n - classes < rank:
        return np.nan
    if statistic >= s:
        return 0.0
    a, b = 2 * wide + s + 1, 2 * spare + s + 1
    return f_distribution.sf(b / a * statistic / (s - statistic), s * a, s * b)
