r"""What two matrices or rankings of tasks say about each other: Spearman, DCG, Mantel's test.

A matrix over tasks is (sources, targets), here as everywhere in the package: column t holds what
every source task is worth for the target t. """

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata, spearmanr

from tdist.manners import line

ALTERNATIVES = {"greater": np.positive, "less": np.negative, "two-sided": np.abs}
TIES = 1e-12  # nearer correlations of two permutations are equal but for rounding


def spearman(scores, reference, self_pairs=True):
    r"""Spearman's rank correlation of two rankings of the sources, for each target.

    Parameters
    ----------
    scores, reference : array_like, shape (sources, targets)
        Larger is better in both. Ties share their mean rank.
    self_pairs : bool
        False leaves out the diagonal, where a task is its own source; the matrices must then be
        square.

    Returns
    -------
    ndarray, shape (targets,)

    Raises
    ------
    ValueError
        If shapes differ, a number is missing, a column is constant, or fewer than 3 sources are
        compared.

    Examples
    --------
    >>> from tdist.agreement import spearman
    >>> scores = [[5, 1], [4, 2], [1, 9]]          # three sources, two targets
    >>> spearman(scores, [[9, 9], [8, 5], [7, 1]])
    array([ 1., -1.])
    """
    scores, reference = check_matrix(scores, "scores"), check_matrix(reference, "reference")
    if scores.shape != reference.shape:
        raise ValueError("scores and reference differ in shape: "
                         f"{scores.shape} and {reference.shape}")
    if not self_pairs:
        if scores.shape[0] != scores.shape[1]:
            raise ValueError("only a square matrix has a diagonal of self pairs to leave out, "
                             f"got shape {scores.shape}")
        scores, reference = without_self(scores), without_self(reference)
    if len(scores) < 3:
        raise ValueError(f"a rank correlation needs at least 3 sources, got {len(scores)}")
    for name, matrix in (("scores", scores), ("reference", reference)):
        if (constant := np.flatnonzero(np.ptp(matrix, axis=0) == 0)).size:
            raise ValueError(f"column {constant[0]} of {name} is constant: it ranks nothing")
    return np.array([spearmanr(a, b).statistic for a, b in zip(scores.T, reference.T, strict=True)])


def without_self(matrix):
    """A square matrix (n, n) over tasks without its diagonal.

    Parameters
    ----------
    matrix : array_like, shape (n, n)

    Returns
    -------
    ndarray, shape (n - 1, n)
        Column t holds the n - 1 other sources of target t, in order.

    Examples
    --------
    >>> from tdist.agreement import without_self
    >>> without_self([[0, 1, 2], [3, 0, 5], [6, 7, 0]])
    array([[3, 1, 2],
           [6, 7, 5]])
    """
    matrix = np.asarray(matrix)
    return matrix.T[~np.eye(len(matrix), dtype=bool)].reshape(len(matrix), len(matrix) - 1).T


@dataclass(frozen=True, repr=False)
class DCG:
    """Normalised discounted cumulative gain; ``float(result)`` is the statistic.

    Attributes
    ----------
    statistic : float
        1 for the order of the reference.
    chance : float
        Its exact mean over all orders of the sources.

    Examples
    --------
    >>> found = dcg([0.1, 0.3, 0.2], [1, 3, 2])
    >>> round(float(found), 3), round(found.chance, 3)
    (1.0, 0.895)
    """

    statistic: float
    chance: float

    __repr__ = line

    def __float__(self):
        return self.statistic


def dcg(scores, reference, gain="linear"):
    r"""Discounted cumulative gain of ranking s sources by `scores`, over that of the ideal order.

    .. math:: \sum_{p=1}^{s} \frac{g_{\pi(p)}}{\log_2(p + 1)}

    :eq:`eq-dcg`; :math:`\pi(p)` is the source in place p. The gain of a source follows from its
    rank r by `reference`: :math:`g = s + 1 - r` (linear) or :math:`2^{s + 1 - r} - 1`
    (exponential). A uniformly random order has the mean
    :math:`\bar g \sum_p 1/\log_2(p + 1)`, which over the same ideal is `chance`, far above 0.

    Parameters
    ----------
    scores, reference : array_like, shape (sources,)
        One column of a matrix each; larger is better in both. Sources tied in `reference` share
        their mean rank; sources tied in `scores` share the mean discount of their places, which
        gives the mean over the orders that the ties leave open.
    gain : "linear" or "exponential"

    Returns
    -------
    DCG

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than 2 sources, a number is missing, or `gain` is another
        word.

    Examples
    --------
    >>> from tdist.agreement import dcg
    >>> dcg([0.5, 0.9, 0.1], [30, 20, 10])        # first and second are exchanged
    DCG(statistic=0.9225, chance=0.895)
    """
    from sklearn.metrics import ndcg_score  # heavy, and needed here only

    scores, reference = np.asarray(scores, float), np.asarray(reference, float)
    if scores.shape != reference.shape or scores.ndim != 1 or scores.size < 2:
        raise ValueError("scores and reference must be vectors of one length of at least 2, one "
                         f"column of a matrix each; got {scores.shape} and {reference.shape}")
    if not (np.isfinite(scores).all() and np.isfinite(reference).all()):
        raise ValueError("scores or reference holds NaN or infinity")
    if gain not in ("linear", "exponential"):
        raise ValueError(f'gain must be "linear" or "exponential", got {gain!r}')
    relevance = rankdata(reference)  # s for the best
    if gain == "exponential" and len(relevance) > 1000:
        raise ValueError(f'2^{len(relevance)} overflows: above 1,000 sources take gain="linear"')
    gains = relevance if gain == "linear" else 2.0**relevance - 1
    gains = gains / gains.max()  # scikit-learn casts large ones
    discounts = 1 / np.log2(np.arange(len(gains)) + 2)
    chance = gains.mean() * discounts.sum() / (np.sort(gains)[::-1] @ discounts)
    return DCG(float(ndcg_score(gains[None], scores[None])), float(chance))


@dataclass(frozen=True, repr=False)
class MantelResult:
    """Mantel's test; ``float(result)`` is the statistic.

    Attributes
    ----------
    statistic : float
        Correlation r of the off-diagonal entries.
    pvalue : float
        Share of the permutations with a correlation at least as large (small, or large in size);
        never below 1 / `permutations`.
    permutations : int
        Number compared, the identity among them: n! if `exact`. The smallest possible p is
        1 / permutations.
    exact : bool
        Whether these are all permutations.

    Examples
    --------
    >>> found = mantel([[0, 1, 3], [1, 0, 2], [3, 2, 0]], [[0, 2, 6], [2, 0, 4], [6, 4, 0]])
    >>> round(float(found), 3), found.permutations  # too few for a small p
    (1.0, 6)
    """

    statistic: float
    pvalue: float
    permutations: int
    exact: bool

    __repr__ = line

    def __float__(self):
        return self.statistic


def mantel(a, b, alternative="greater", permutations=9999, seed=0):
    r"""Mantel's test of two matrices over the same tasks, which need not be symmetric.

    r is Pearson's correlation over the n(n-1) entries off the diagonal, :eq:`eq-five-mantel`. Under
    the null hypothesis the tasks of b carry no relation to those of a: rows and columns of b are
    permuted together. Section 5.2 of the coupled-transfer paper.

    Parameters
    ----------
    a, b : array_like, shape (n, n)
        (sources, targets), n >= 3. Diagonals are ignored. Not modified.
    alternative : "greater", "less" or "two-sided"
    permutations : int
        Random permutations where n > 7; up to n = 7 every one of the n! is tried.
    seed : int

    Returns
    -------
    MantelResult

    Raises
    ------
    ValueError
        If shapes differ or are not square, n < 3, a number off the diagonal is missing, a matrix is
        constant there, the alternative is unknown, or no permutation is asked for.

    Examples
    --------
    >>> import tdist
    >>> a = [[0, 1, 2, 3], [2, 0, 4, 5], [5, 6, 0, 9], [1, 8, 3, 0]]
    >>> b = [[0, 2, 3, 3], [1, 0, 4, 6], [4, 6, 0, 8], [2, 7, 5, 0]]
    >>> tdist.mantel(a, b)
    MantelResult(statistic=0.923, pvalue=0.04167, permutations=24, exact=True)
    """
    a, b = (_off_diagonal(np.array(matrix, dtype=float), name)
            for matrix, name in ((a, "a"), (b, "b")))
    if a.shape != b.shape:
        raise ValueError(f"a and b differ in shape: {a.shape} and {b.shape}")
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative must be one of {tuple(ALTERNATIVES)}, got {alternative!r}")
    if permutations != int(permutations) or permutations < 1:
        raise ValueError(f"permutations must be a whole number of at least 1, got {permutations!r}")
    n = len(a)
    exact = n <= 7
    draw = np.random.default_rng(seed)
    if exact:
        orders = itertools.permutations(range(n))
    else:
        drawn = (draw.permutation(n) for _ in range(int(permutations)))
        orders = itertools.chain([range(n)], drawn)
    # the first order is the identity
    r = np.array([np.sum(a * b[np.ix_(order, order)]) for order in orders])
    extreme = ALTERNATIVES[alternative](r) >= ALTERNATIVES[alternative](r[0]) - TIES
    return MantelResult(float(np.clip(r[0], -1, 1)), float(extreme.mean()), len(r), exact)


def _off_diagonal(matrix, name):
    """Entries off the diagonal with mean 0 and sum of squares 1; the diagonal 0."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 3:
        raise ValueError(f"{name} must be square, over at least 3 tasks; got shape {matrix.shape}")
    off = ~np.eye(len(matrix), dtype=bool)
    if not np.isfinite(matrix[off]).all():
        raise ValueError(f"{name} has NaN or infinity off its diagonal")
    size = np.abs(matrix[off]).max()
    # to size 1 by a power of two, which is exact: squares of 1e200 or 1e-200 leave float64
    values = np.ldexp(matrix[off], -int(np.frexp(size)[1]))
    values -= values.mean()
    spread = np.linalg.norm(values)
    if spread <= 1e-12:
        raise ValueError(f"{name} is constant off its diagonal: nothing to correlate")
    matrix[off], matrix[~off] = values / spread, 0.0
    return matrix


def check_matrix(values, name):
    """A float64 matrix without missing numbers."""
    values = np.asarray(values, float)
    if values.ndim != 2 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a matrix of finite numbers, got shape {values.shape}"
                         f"{'' if np.isfinite(values).all() else ' with NaN or infinity'}")
    return values
