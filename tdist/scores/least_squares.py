r"""The least-squares map from features to labels, each sample left out in its turn: how often it is
right, and how much it explains."""

import numpy as np

from tdist.hscore.moments import CHUNK
from tdist.scores.results import Accuracy, HeldOut
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
    correct, losses = _held_out(p, values, codes, np.ones(len(counts)))
    best = int(losses.sum(1).argmin())
    return Accuracy.of(correct[best], counts.max() / len(p), PENALTIES[best])


def held_out(features, labels):
    r"""What the least-squares map from so many samples explains of new ones: a predictive H-score.

    The H-score is the part of the labels' variance that the best linear map explains,

    .. math::

        H = |\mathcal Y| - 1 - \min_{\hat y} \sum_c \frac{1}{P_Y(c)}
            \operatorname E \bigl(1\{Y = c\} - \hat y_c(X)\bigr)^2 .

    Here the map is fitted and judged at the same number of samples, :eq:`eq-held-out`: each sample
    is guessed by the ridge regression of the other m - 1, as in :func:`leave_one_out`,

    .. math::

        \hat H_{(m)} = |\mathcal Y| - 1 - \frac{m - 1}{m} \sum_{i=1}^m \sum_c \frac{1}{n_c}
            \bigl(1\{y_i = c\} - \hat y_{-i, c}(x_i)\bigr)^2 ,

    with the strength of 10^-6, 10^-5, ..., 10 that makes it largest. It is about 0 where there is
    nothing to find and nears H from below as samples become many. (m - 1) / m is for the labels'
    variance, whose mean is not known: a map that ignores the features gets exactly what it is worth
    on average, :math:`-(|\mathcal Y| - 1) / (m - 1)`.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
    labels : array_like or torch.Tensor, shape (m,)
        As in :func:`tdist.h_score`.

    Returns
    -------
    HeldOut

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`.

    Notes
    -----
    Cost and copies of samples as for :func:`leave_one_out`. `adjusted` of :func:`tdist.h_score`
    estimates what infinitely many samples of these features would give; this, what these samples
    give. Both are about variance explained, which is not accuracy: to choose what will guess best
    take :func:`leave_one_out` (the book's page on few samples has a case where they part).
    Labels are taken as drawn with the samples: of so many samples of each class, chosen, it
    is low by about (classes - 1) / m more. A rare class weighs as much as a frequent one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> held_out(*load_iris(return_X_y=True))
    HeldOut(statistic=1.147, error=0.06811, bound=2, chosen=0.01, losses=ndarray (150,))
    """
    z, codes, counts = standardised(features, labels)
    p, values = principal(z)
    _, losses = _held_out(p, values, codes, (1 - 1 / len(p)) / counts)
    best = int(losses.sum(1).argmin())
    return HeldOut.of(losses[best], len(counts) - 1, PENALTIES[best])


def _held_out(p, values, codes, weights):
    """For each penalty and sample, whether the map of the others guesses it (penalties, m), and its
    squared error there, the classes (classes,) weighted (penalties, m)."""
    m, classes = len(p), len(weights)
    counts = np.bincount(codes)
    shares = 1 / (values[:, None] + m * np.array(PENALTIES))  # (r, penalties)
    sums = class_sums(p, codes, classes)  # P^T Y, transposed
    correct, losses = np.zeros((len(PENALTIES), m), dtype=bool), np.zeros((len(PENALTIES), m))
    step = max(1, CHUNK // max(p.shape[1], classes))
    for start in range(0, m, step):
        block, y = p[start : start + step], codes[start : start + step]
        rows = np.arange(len(block))
        hats = 1 / m + block**2 @ shares  # (rows, penalties)
        for i, (share, hat) in enumerate(zip(shares.T, hats.T, strict=True)):
            rest = counts / m + block @ (sums * share).T  # (rows, classes)
            rest[rows, y] -= 1  # of the map of all samples; 1 / (1 - h) times that of the others
            losses[i, start : start + step] = rest**2 @ weights / (1 - hat) ** 2
            own = rest[rows, y] + (1 - hat)
            rest[rows, y] = -np.inf
            correct[i, start : start + step] = own > rest.max(1)
    return correct, losses
