"""The H-score as a torchmetrics metric. In a room of its own: torchmetrics takes long to load."""

from dataclasses import fields

import numpy as np
import torch

from tdist.hscore.moments import Moments, accumulate
from tdist.hscore.results import HScoreResult
from tdist.hscore.score import h_score, of_moments
from tdist.inputs import (
    check_features,
    check_lengths,
    check_shrinkage,
    label_numbers,
    not_finite,
    to_tensor,
    with_float64,
)
from tdist.manners import need

SUMS = [field.name for field in fields(Moments)]


class HScore(need("torchmetrics").Metric):
    r"""H-score of features that arrive in batches: :func:`h_score` as a torchmetrics metric.

    Any batching, order, or split over processes gives the one-call result. It holds class sums
    :math:`(|\mathcal Y|, k)` and a Gram matrix :math:`(k, k)` in float64, and nothing that grows
    with the samples: 34 MB at k = 2,048, 5 GB at k = 25,088. With fewer samples than features
    :func:`h_score`, which needs all at once, is cheaper.

    Parameters
    ----------
    shrinkage : None, float in [0, 1] or "ledoit-wolf"
        As in :func:`h_score`.
    field : None or str
        With the name of a field of :class:`tdist.hscore.HScoreResult`, ``compute()`` and calls give
        it as a tensor () instead of the whole result. For what needs a tensor: arithmetic with
        metrics, ``MinMaxMetric``, ``MetricTracker``, Lightning's ``self.log``.
    **kwargs
        Of :class:`torchmetrics.Metric`.

    Notes
    -----
    Labels are whole numbers of any value, or text; any that stand for one class must be equal in
    every batch and process. A batch that is refused leaves no trace, an empty one adds nothing.
    Sums stay in float64, and on the CPU where the device has no float64.

    Do not put it in a ``BootStrapper``: resampled rows are copies, see :func:`h_score`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> iris, species = load_iris(return_X_y=True)
    >>> metric = HScore()
    >>> for start in range(0, 150, 50):
    ...     metric.update(iris[start : start + 50], species[start : start + 50])
    >>> round(metric.compute().adjusted, 4)
    1.1696
    >>> float(metric.compute()) - float(h_score(iris, species)) < 1e-12
    True
    """

    _result = HScoreResult
    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    plot_lower_bound = 0.0

    def __init__(self, shrinkage=None, *, field=None, **kwargs):
        super().__init__(**kwargs)
        self.shrinkage = check_shrinkage(shrinkage)
        if field is not None and field not in self._result._fields:
            raise ValueError(f"field must be None or one of {self._result._fields}, got {field!r}")
        self.field = field
        # one tensor in each list: lists may differ in shape between processes, tensors may not
        for name in SUMS:
            self.add_state(name, default=[])
        self.reset()

    @property
    def _quartic(self):
        return self.shrinkage == "ledoit-wolf"

    @property
    def _home(self):
        """Where the sums are."""
        return with_float64(self.device)

    def reset(self):
        """Forget every sample."""
        for name in SUMS:  # a wrapper may hold the lists, which torchmetrics would empty
            setattr(self, name, [])
        super().reset()
        nothing = torch.zeros(0, dtype=torch.float64, device=self._home)
        self._set(Moments.about(nothing, nothing.long(), self._quartic))

    def update(self, features, labels):
        """Add a batch.

        Parameters
        ----------
        features : array_like or torch.Tensor, shape (m, k)
        labels : array_like, shape (m,)
            Whole numbers or text.

        Raises
        ------
        TypeError, ValueError
            As :func:`h_score`; or if a batch has other columns than the ones before.
        """
        with torch.inference_mode(False):  # or sums could not be added to outside of it
            features, labels = self._checked(features, labels)
            old = self._total()
            if old is not None and len(old.shift) != features.shape[1]:
                raise ValueError(f"features have {features.shape[1]} columns, earlier batches had "
                                 f"{len(old.shift)}")
            if len(features) == 0:
                return
            # before anything is added, so that a refused batch leaves no trace
            self._check_range(to_tensor(features, self._home), old)
            self._set(self._added(old, features, labels))

    def _added(self, old, features, labels):
        """The Moments with a batch, of at least one sample."""
        return accumulate(old, features, labels, torch.unique(labels), self._quartic)

    def _scored(self, total):
        """The result of Moments, with warnings at the place that called compute()."""
        return of_moments(total, self.shrinkage, stacklevel=6)

    def forward(self, features, labels):
        """Add a batch and return its own result, or None if it holds less than two classes."""
        features, numbers = self._checked(features, labels)
        several = len(torch.unique(numbers)) > 1
        own = h_score(features, numbers, self.shrinkage) if several else None
        self.update(features, numbers)
        return None if own is None else self._handed_out(own)

    def compute(self):
        """The result, or its field, of all samples so far, over all processes."""
        with torch.inference_mode(False):
            total = self._total()
            if total is None:
                raise ValueError("no samples yet: call update(features, labels) first")
            return self._handed_out(self._scored(total))

    def merge_state(self, incoming_state):
        """Add the samples of another such metric, or of the sums in its ``metric_state``, which
        stay as they are.

        Raises
        ------
        ValueError
            If it has other columns, or, where there is shrinkage, one of the two is for
            "ledoit-wolf" and the other is not.
        """
        if isinstance(incoming_state, HScore):
            incoming_state = incoming_state.metric_state
        with torch.inference_mode(False):
            mine, theirs = self._total(), _total(incoming_state, self._home)
            if theirs is None:
                return
            if mine is None:
                mine = Moments.about(theirs.shift.clone(), theirs.labels.clone(), self._quartic)
            if len(mine.shift) != len(theirs.shift):
                raise ValueError(f"cannot merge sums of {len(theirs.shift)} columns into sums of "
                                 f"{len(mine.shift)}")
            if len(mine.quartic) != len(theirs.quartic):
                raise ValueError('cannot merge: "ledoit-wolf" needs sums of fourth powers, which '
                                 "an HScore of another shrinkage has not kept")
            mine.merge(theirs)
            self._set(mine)
        self._update_count += 1
        self._computed = None

    def plot(self, val=None, ax=None):
        """Plot one or several results, by default the current one: their statistic.

        Parameters
        ----------
        val : HScoreResult, number, or list of these, optional
        ax : matplotlib axes, optional

        Returns
        -------
        matplotlib figure, axes
        """
        val = self.compute() if val is None else val
        val = [float(v) for v in val] if isinstance(val, list) else float(val)
        return self._plot(torch.tensor(val) if isinstance(val, float) else
                          [torch.tensor(v) for v in val], ax)

    def set_dtype(self, dst_type):
        """Sums stay in float64, whatever the type."""
        return self

    def _checked(self, features, labels):
        """features (m, k) and labels (m,) as int64 where the sums are."""
        features = check_features(features, may_be_empty=True)
        labels = torch.from_numpy(label_numbers(labels)).to(self._home)
        check_lengths(features, labels)
        return features, labels

    def _check_range(self, batch, old):
        """Refuse what would not be finite in the sums; old: Moments so far, or None."""
        largest = torch.stack(torch.aminmax(batch)).double().abs().max()
        shift = old.shift.abs().max() if old else largest
        size, n = (largest + shift).item(), len(batch) + (old.n if old else 0)
        so_far = old.gram.diagonal().max().item() if old else 0.0
        with np.errstate(over="ignore"):
            squares = np.float64(size) ** 2 * n + so_far
            fine = np.isfinite(squares * squares * batch.shape[1] ** 2 if self._quartic
                               else squares)
        if not fine:
            raise not_finite(batch, 0, old.n if old else 0)

    def _handed_out(self, result):
        if self.field is None:
            return result
        here = torch.float64 if self._home == self.device else torch.float32
        return torch.tensor(getattr(result, self.field), dtype=here, device=self.device)

    def _set(self, moments):
        for name in SUMS:
            setattr(self, name, [getattr(moments, name)])

    def _total(self):
        return _total({name: getattr(self, name) for name in SUMS}, self._home)

    def _apply(self, fn, exclude_state=""):
        """To another device; the sums stay on the CPU where it has no float64."""
        there = fn(torch.zeros(1, device=self.device)).device
        if with_float64(there) != there:
            self._set_on(torch.device("cpu"))
            return super()._apply(fn, exclude_state=SUMS)
        return super()._apply(fn, exclude_state)

    def _set_on(self, device):
        for name in SUMS:
            setattr(self, name, [part.to(device) for part in getattr(self, name)])

    def _load_from_state_dict(self, *args):
        super()._load_from_state_dict(*args)
        for name in SUMS:  # sums of our own: the dict may be loaded again
            setattr(self, name, [part.to(self._home).clone() for part in getattr(self, name)])


def _total(state, device):
    """The Moments of all parts of a state, sharing its memory if it has one part; None without
    samples."""
    parts = [Moments(*(part.to(device) for part in parts))
             for parts in zip(*(state[name] for name in SUMS), strict=True)]
    parts = [part for part in parts if part.n]
    if not parts:
        return None
    if len(parts) == 1 and not any(getattr(parts[0], name).is_inference() for name in SUMS):
        return parts[0]
    total = Moments.about(parts[0].shift.clone(), parts[0].labels.clone(),
                          len(parts[0].quartic) > 0)
    for part in parts:
        total.merge(part)
    return total
