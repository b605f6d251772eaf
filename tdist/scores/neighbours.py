"""Leave-one-out accuracy of the nearest neighbours, and of the nearest class mean."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize

from tdist.manners import whole
from tdist.scores.results import Accuracy
from tdist.scores.samples import class_sums, samples, standardised

NEIGHBOURS = 20


def nearest_neighbours(features, labels, neighbours=NEIGHBOURS):
    """Leave-one-out accuracy of a vote among the nearest other samples.

    The nearest are those with the largest cosine, of the features as they are given: chosen over
    the Euclidean distance of standardised columns after a look at the layers of EfficientNet-Lite0
    on Fashion-MNIST and CIFAR-100, where more labels of the deep ones are guessed. Columns in
    several units standardise first.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
    labels : array_like or torch.Tensor, shape (m,)
        As in :func:`tdist.h_score`.
    neighbours : int
        How many vote; m - 1 at most.

    Returns
    -------
    Accuracy
        With `chosen` the number of neighbours.

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`; or if `neighbours` is no whole number above 0.

    Notes
    -----
    Time is :math:`O(m^2 k)`: the score that is dearest for many samples. Copies of a sample vote
    for each other: count them once.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> nearest_neighbours(*load_iris(return_X_y=True))
    Accuracy(statistic=0.98, error=0.01143, chance=0.3333, chosen=20, correct=ndarray (150,))
    """
    neighbours = whole("neighbours", neighbours, least=1)
    x, codes, counts = samples(features, labels)
    neighbours = min(neighbours, len(x) - 1)
    # of rows of length 1 the nearest are those with the largest cosine
    vote = KNeighborsClassifier(neighbours, algorithm="brute").fit(normalize(x, copy=False), codes)
    guesses = vote.predict(None)  # of each sample by the others
    return Accuracy.of(guesses == codes, counts.max() / len(x), neighbours)


def nearest_mean(features, labels):
    r"""Leave-one-out accuracy of the nearest class mean.

    Distances are Euclidean between features whose columns have mean 0 and variance 1. Without
    sample i the mean of its class lies :math:`n_y / (n_y - 1)` times as far from it.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
    labels : array_like or torch.Tensor, shape (m,)
        As in :func:`tdist.h_score`.

    Returns
    -------
    Accuracy

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`.

    Notes
    -----
    Time is :math:`O(m k |\mathcal Y|)`, the cheapest score here. A class of one sample is never
    guessed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> print(f"{nearest_mean(*load_iris(return_X_y=True)).statistic:.4f}")
    0.8533
    """
    z, codes, counts = standardised(features, labels)
    means = class_sums(z, codes, len(counts)) / counts[:, None]  # (classes, k)
    # |z - mean|^2 without |z|^2, which all classes share
    apart = np.sum(means**2, axis=1) - 2 * z @ means.T  # (m, classes)
    rows, size = np.arange(len(z)), np.einsum("ij,ij->i", z, z)
    own = np.full(len(z), np.inf)
    several = counts[codes] > 1
    n = counts[codes][several]
    own[several] = ((n / (n - 1)) ** 2 * (apart[rows, codes] + size)[several]) - size[several]
    apart[rows, codes] = np.inf
    return Accuracy.of(own < apart.min(1), counts.max() / len(z))
