"""What a matrix over tasks must be, (sources, targets)."""

import numpy as np


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


def check_matrix(values, name):
    """A float64 matrix without missing numbers."""
    values = np.asarray(values, float)
    if values.ndim != 2 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a matrix of finite numbers, got shape {values.shape}"
                         f"{'' if np.isfinite(values).all() else ' with NaN or infinity'}")
    return values
