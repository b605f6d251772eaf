"""Two matrices over the same tasks: Mantel's test."""

from dataclasses import dataclass

import numpy as np

from tdist.agreement.orders import as_extreme, check_options, orders
from tdist.manners import line


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
    check_options(alternative, permutations)
    tried, exact = orders(len(a), permutations, seed)
    r = np.array([np.sum(a * b[np.ix_(order, order)]) for order in tried])  # the identity first
    return MantelResult(float(np.clip(r[0], -1, 1)), as_extreme(r, alternative), len(r), exact)


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
