"""The canonical H-score as a torchmetrics metric."""

import numpy as np
import torch

from tdist.hscore.canonical import (
    CanonicalResult,
    canonical_h_score,
    check_targets,
    of_moments,
    side_by_side,
)
from tdist.hscore.metric import HScore
from tdist.hscore.moments import accumulate
from tdist.inputs import check_features, check_lengths, rounding


class CanonicalHScore(HScore):
    """Canonical H-score of features and numeric targets that arrive in batches:
    :func:`tdist.canonical_h_score` as a torchmetrics metric.

    As :class:`tdist.HScore` in everything but the targets: any batching, order, or split over
    processes gives the one-call result. It holds the products of all columns, (k + d, k + d) for k
    features and d targets.

    Parameters
    ----------
    field : None or str
        A field of :class:`tdist.hscore.CanonicalResult` to hand out as a tensor ().
    **kwargs
        Of :class:`torchmetrics.Metric`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> x, progression = load_diabetes(return_X_y=True)
    >>> metric = CanonicalHScore()
    >>> for start in range(0, 442, 100):
    ...     metric.update(x[start : start + 100], progression[start : start + 100])
    >>> round(float(metric.compute()), 4)
    0.5177
    """

    # Its sums are those of features and targets side by side, in one class whose number is d: so
    # the number of targets travels with the sums, to other processes and into files.
    _result = CanonicalResult

    def __init__(self, *, field=None, **kwargs):
        super().__init__(field=field, **kwargs)

    def update(self, features, targets):
        """Add a batch.

        Parameters
        ----------
        features : array_like or torch.Tensor, shape (m, k)
        targets : array_like or torch.Tensor, shape (m, d) or (m,)
            Numbers.

        Raises
        ------
        TypeError, ValueError
            As :func:`tdist.canonical_h_score`; or if a batch has other columns than the ones
            before.
        """
        super().update(features, targets)

    def forward(self, features, targets):
        """Add a batch and return its own result, or None if its targets do not vary."""
        self._checked(features, targets)
        values = check_targets(targets, may_be_empty=True)[0]
        several = len(values) and np.ptp(values, axis=0).any()
        own = canonical_h_score(features, targets) if several else None
        self.update(features, targets)
        return None if own is None else self._handed_out(own)

    def _checked(self, features, targets):
        features = check_features(features, may_be_empty=True)
        targets, coarse = check_targets(targets, may_be_empty=True)
        check_lengths(features, targets, "targets")
        self._rounding = max(coarse, rounding(features))
        d, total = targets.shape[1], self._total()
        if total is not None and total.labels[0] != d:
            raise ValueError(f"targets have {d} columns, earlier batches had "
                             f"{int(total.labels[0])}")
        both = side_by_side(features, targets, self._home)
        return both, torch.full((len(both),), d, device=self._home)

    def _added(self, old, both, number):
        total = accumulate(old, both, number, number[:1], targets=int(number[0]))
        total.precision.clamp_(min=self._rounding)
        return total

    def _scored(self, total):
        if len(total.labels) > 1:
            raise ValueError(f"sums of {total.labels.tolist()} targets were merged; each sample "
                             "needs the same")
        return of_moments(total, int(total.labels[0]), stacklevel=6)
