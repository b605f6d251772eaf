r"""Leave-one-out accuracy of the least-squares map from features to labels."""

import numpy as np

from tdist.hscore.moments import CHUNK
from tdist.scores.results import Accuracy
from tdist.scores.samples import class_sums, principal, standardised

PENALTIES = tuple(10.0**power for power in range(-6, 2))


def leave_one_out(features, labels):
    r"""Leave-one-out accuracy of the ridge regression from features to one-hot labels.

    The H-score is the explained part of the least-squares map :math:`\hat y(x) = a + W^\top x` from
    features to one-hot labels. Here each sample is guessed by the map that the other m - 1 give.
    With the hat values :math:`h_i` of all m that needs no refit: the map without sample i gives
    there

    .. math::

        \hat y_{-i}(x_i) = \frac{\hat y(x_i) - h_i y_i}{1 - h_i}, \qquad
        h_i = \frac1m + z_i^\top (Z^\top Z + \lambda m I)^{-1} z_i

    for columns z with mean 0 and variance 1; its largest entry is the guess. The intercept is not
    penalised, the strength :math:`\lambda` is the one of 10^-6, 10^-5, ..., 10 with the smallest
    leave-one-out squared error. Without a penalty the map is of no use where k is near m.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
    labels : array_like or torch.Tensor, shape (m,)
        As in :func:`tdist.h_score`.

    Returns
    -------
    Accuracy
        With `chosen` the strength of the penalty.

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`.

    Notes
    -----
    One eigendecomposition serves all strengths: time is :math:`O(m k \min(m, k))` and memory two
    copies of the features in float64. The columns keep the mean and the deviation of all samples
    while one is left out, and the samples are needed a second time: it does not stream. Copies of
    a sample guess each other: count them once. A class of one sample is never guessed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> leave_one_out(*load_iris(return_X_y=True))
    Accuracy(statistic=0.8267, error=0.03091, chance=0.3333, chosen=0.01, correct=ndarray (150,))
    """
    z, codes, counts = standardised(features, labels)
    p, values = principal(z)
    correct, error = _held_out(p, values, codes, counts)
    best = int(error.argmin())
    return Accuracy.of(correct[best], counts.max() / len(p), PENALTIES[best])


def _held_out(p, values, codes, counts):
    """For each penalty, which samples the maps of the others guess (penalties, m), and the squared
    error of these maps there (penalties,)."""
    m, classes = len(p), len(counts)
    weights = 1 / (values[:, None] + m * np.array(PENALTIES))  # (r, penalties)
    sums = class_sums(p, codes, classes)  # P^T Y, transposed
    correct, error = np.zeros((len(PENALTIES), m), dtype=bool), np.zeros(len(PENALTIES))
    step = max(1, CHUNK // max(p.shape[1], classes))
    for start in range(0, m, step):
        block, y = p[start : start + step], codes[start : start + step]
        rows = np.arange(len(block))
        hats = 1 / m + block**2 @ weights  # (rows, penalties)
        for i, (weight, hat) in enumerate(zip(weights.T, hats.T, strict=True)):
            rest = counts / m + block @ (sums * weight).T  # (rows, classes)
            rest[rows, y] -= 1  # of the map of all samples; 1 / (1 - h) times that of the others
            error[i] += (np.einsum("ij,ij->i", rest, rest) / (1 - hat) ** 2).sum()
            own = rest[rows, y] + (1 - hat)
            rest[rows, y] = -np.inf
            correct[i, start : start + step] = own > rest.max(1)
    return correct, error
