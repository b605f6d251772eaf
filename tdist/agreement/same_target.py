"""Which source is the better one for a target: rank correlation within targets."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from tdist.agreement.orders import as_extreme, check_options, drawn_within, orders, parts_of
from tdist.manners import line

CHUNK = 500  # matrices at once


@dataclass(frozen=True, repr=False)
class Within:
    """Rank correlation within targets; ``float(result)`` is the statistic.

    Attributes
    ----------
    statistic : float
        Mean of `columns`.
    pvalue : float
        Share of the relabellings with a mean as large (or as small, or as large in size).
    low : float
    high : float
        Percentiles 2.5 and 97.5 of the statistic over tasks drawn with replacement.
    columns : tuple of float
        Spearman's correlation of every target.
    permutations : int
        Relabellings compared, the identity among them: the smallest possible p is one over it.
    exact : bool
        Whether these are all of them.

    Examples
    --------
    >>> found = within([[0, 1, 3], [1, 0, 2], [3, 2, 0]], [[9, 2, 6], [2, 9, 4], [6, 4, 9]])
    >>> float(found), found.columns, found.permutations
    (1.0, (1.0, 1.0, 1.0), 6)
    """

    statistic: float
    pvalue: float
    low: float
    high: float
    columns: tuple
    permutations: int
    exact: bool

    __repr__ = line

    def __float__(self):
        return self.statistic


def within(measure, truth, same_tasks=True, alternative="two-sided", permutations=9999,
           resamples=999, seed=0, groups=None):
    r"""Does a measure order the sources of a target as they should be?

    .. math:: \bar\rho = \frac1n \sum_t \rho\big(d_{\cdot t}, \ell_{\cdot t}\big)

    :eq:`eq-within`: the mean over targets of Spearman's correlation over sources, a task's own pair
    left out. What makes a target easy from everywhere moves a whole column and changes nothing.

    The p value relabels the sources of `truth`; where the targets are the same tasks, rows and
    columns go together, as in :func:`mantel`, so that own pairs stay own pairs and a source that is
    good for every target counts once. The interval draws tasks, not pairs; with five tasks it is
    rough.

    Parameters
    ----------
    measure, truth : array_like, shape (sources, targets)
        NaN leaves a pair out. Not modified.
    same_tasks : bool
        Sources and targets are the same tasks in one order, the diagonal is left out. False: they
        are different tasks, every pair counts, and rows alone are relabelled.
    alternative : "greater", "less" or "two-sided"
    permutations : int
        Random relabellings where there are more than 7 sources; up to 7 every one is tried.
    resamples : int
        Drawn sets of tasks behind `low` and `high`, which are NaN if there are none.
    seed : int
    groups : array_like, shape (sources,), optional
        Tasks are relabelled, and drawn, within their group only: for pairs that are left out by the
        groups that they join, so that every relabelling leaves out the same ones. Of the same tasks
        only.

    Returns
    -------
    Within

    Raises
    ------
    ValueError
        If shapes differ, a number is infinite, a target has fewer than 2 sources or none that
        differ, or an option is unknown or does not fit.

    Examples
    --------
    >>> from tdist.agreement import within
    >>> d = [[0, 5, 9, 2], [1, 0, 7, 3], [2, 6, 0, 1], [3, 4, 8, 0]]
    >>> hard = [[0, 50, 10, 30]]                       # for every source alike
    >>> loss = [[0, 2, 9, 2], [1, 0, 7, 3], [2, 3, 0, 4], [3, 1, 8, 0]]
    >>> within(d, loss).columns == within(d, np.add(loss, hard)).columns
    True
    >>> within(d, loss, resamples=99)
    Within(statistic=0.625, pvalue=0.1667, low=0, high=1, columns=(1, 1, 1, -0.5),
           permutations=24, exact=True)
    """
    a, b = (_checked(matrix, name, same_tasks)
            for matrix, name in ((measure, "measure"), (truth, "truth")))
    if a.shape != b.shape:
        raise ValueError(f"measure and truth differ in shape: {a.shape} and {b.shape}")
    check_options(alternative, permutations)
    if groups is not None and (not same_tasks or np.shape(groups) != a.shape[:1]):
        raise ValueError(f"groups must name a group for each of the {len(a)} tasks, which are "
                         f"sources and targets; got shape {np.shape(groups)}")
    columns = correlations(a, b)
    if (bad := np.flatnonzero(np.isnan(columns))).size:
        raise ValueError(f"target {bad[0]} has fewer than 2 sources in both matrices, or a "
                         "constant column: nothing to rank")
    tried, exact = orders(len(a), permutations, seed, groups)
    found = _means((a, b[np.ix_(order, order)] if same_tasks else b[list(order)])
                   for order in tried)
    low, high = _interval(a, b, same_tasks, resamples, seed, groups)
    return Within(float(columns.mean()), as_extreme(np.nan_to_num(found), alternative), low, high,
                  tuple(map(float, columns)), len(found), exact)


def correlations(a, b):
    """Spearman's correlation down axis -2, (..., sources, targets) to (..., targets), over what is
    finite in both; NaN where nothing can be ranked."""
    kept = np.isfinite(a) & np.isfinite(b)
    count = np.maximum(kept.sum(-2, keepdims=True), 1)
    x, y = (np.where(kept, rankdata(np.where(kept, m, np.inf), axis=-2), 0) for m in (a, b))
    x, y = (np.where(kept, m - m.sum(-2, keepdims=True) / count, 0) for m in (x, y))
    size = np.sqrt((x**2).sum(-2) * (y**2).sum(-2))
    return np.divide((x * y).sum(-2), size, out=np.full(size.shape, np.nan), where=size > 0)


def _means(pairs):
    """The statistic of every (a, b), (count,), over targets that can be ranked; NaN if none."""
    pairs, found = list(pairs), []
    for start in range(0, len(pairs), CHUNK):
        a, b = map(np.array, zip(*pairs[start:start + CHUNK], strict=True))
        columns = correlations(a, b)
        ranked = np.isfinite(columns).sum(-1)
        found.append(np.divide(np.nan_to_num(columns).sum(-1), ranked,
                               out=np.full(ranked.shape, np.nan), where=ranked > 0))
    return np.concatenate(found)


def _interval(a, b, same_tasks, resamples, seed, groups=None):
    draw = np.random.default_rng(seed)
    parts, pairs = parts_of(len(a), groups), []
    for _ in range(resamples):
        rows = drawn_within(parts, lambda part: draw.choice(part, len(part)))
        columns = rows if same_tasks else draw.integers(a.shape[1], size=a.shape[1])
        pairs.append((a[np.ix_(rows, columns)], b[np.ix_(rows, columns)]))
    found = _means(pairs) if pairs else np.array([])
    found = found[np.isfinite(found)]  # fewer than three tasks rank nothing
    return tuple(map(float, np.percentile(found, (2.5, 97.5)))) if found.size else (np.nan, np.nan)


def _checked(matrix, name, same_tasks):
    """A copy in float64, NaN where a pair is left out."""
    matrix = np.array(matrix, dtype=float)
    if matrix.ndim != 2 or (same_tasks and matrix.shape[0] != matrix.shape[1]):
        raise ValueError(f"{name} must be a matrix (sources, targets), square where they are the "
                         f"same tasks (else same_tasks=False); got shape {matrix.shape}")
    if np.isinf(matrix).any():
        raise ValueError(f"{name} holds infinity; NaN leaves a pair out")
    if same_tasks:
        np.fill_diagonal(matrix, np.nan)
    return matrix
