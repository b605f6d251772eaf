"""Distances between labelled clouds: a class is a distribution of features, and labels are as far
from each other as their distributions."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from tdist.inputs import check_lengths, encode_labels
from tdist.rivals.clouds import dearness, points, together


def otdd(x, y, other_x, other_y):
    r"""Optimal transport dataset distance with Gaussian labels.

    .. math:: d^2 = \min_\Gamma \sum_{ij} \Gamma_{ij} \bigl(\lVert x_i - x'_j \rVert^2
       + W_2^2(\mathcal N_{y_i}, \mathcal N_{y'_j})\bigr), \\
       W_2^2(\mathcal N, \mathcal N') = \lVert \mu - \mu' \rVert^2
       + \operatorname{tr}\bigl(S + S' - 2 (S^{1/2} S' S^{1/2})^{1/2}\bigr)

    Alvarez-Melis and Fusi (2020), their ground cost with p = 2; the root is taken here.
    :math:`\mathcal N_y` has the mean and the covariance of class y. Both tasks have their features
    from one trunk. Symmetric; the names of the labels do not matter.

    The covariance is that of the sample, without shrinkage, divided by the number of its points m,
    so that the term of the labels is at most the squared Wasserstein distance of the two classes'
    points (Gelbrich 1990), and 0 between equal ones. It is defined too where m is at most the
    number k of features and S has no inverse, but then sees samples more than distributions: two
    samples of m from one standard Gaussian are :math:`W_2^2 \approx 2k/m + k(k+1)/(2m)` apart
    (mean, covariance) while k is far below m, and up to :math:`2k` for m far below k. Compare
    tasks with equally many points a class.

    Parameters
    ----------
    x, other_x : array_like or torch.Tensor, shapes (n, k) and (m, k)
        Features of the two tasks.
    y, other_y : array_like or torch.Tensor, shapes (n,) and (m,)
        Labels, of any kind.

    Returns
    -------
    float
        In units of the features. There is nothing beside the number.

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`; or if the numbers of columns differ.
    RuntimeError
        If the network simplex did not finish.

    Notes
    -----
    Beside :func:`tdist.baselines.wasserstein` a QR factorisation a class and a singular value
    decomposition of min(m, k) rows a pair of classes: the transport is the larger part.

    Examples
    --------
    >>> from tdist.rivals import otdd
    >>> x = [[0.0], [1.0], [5.0], [7.0]]
    >>> otdd(x, [0, 0, 1, 1], x, ["b", "b", "a", "a"])
    0.0
    >>> otdd(x, [0, 0, 1, 1], [[0.0], [1.0], [6.0], [8.0]], [0, 0, 1, 1])  # half move by 1, twice
    1.0
    """
    x, other_x = together(x, other_x)
    (gaussians, codes), (others, other_codes) = (
        fitted(x, y), fitted(other_x, other_y))
    between = gaussian_costs(gaussians, others)
    costs = cdist(x, other_x, "sqeuclidean") + between[codes][:, other_codes]
    return float(np.sqrt(dearness(costs)))


@dataclass(frozen=True)
class Gaussian:
    """A class: mean (k,), and root (r, k) with covariance = root^T root, r <= min(m, k)."""

    mean: np.ndarray
    root: np.ndarray


def fitted(x, y):
    """The Gaussian of every class, and the place (m,) of each point's class among them."""
    x = points(x)
    codes, classes = encode_labels(y)
    check_lengths(x, codes)
    return [gaussian(x[codes == c]) for c in range(classes)], codes


def gaussian(x):
    """With the mean and the covariance of the points x (m, k) themselves."""
    mean = x.mean(0)
    return Gaussian(mean, np.linalg.qr(x - mean, mode="r") / np.sqrt(len(x)))


def gaussian_costs(gaussians, others):
    """Squared Wasserstein distances (classes, other classes) of Gaussians."""
    return np.array([[gaussian_cost(a, b) for b in others] for a in gaussians])


def gaussian_cost(a, b):
    """Squared Wasserstein distance of two Gaussians, whose covariances need no inverse.

    With S = A^T A and S' = B^T B the matrix S^(1/2) S' S^(1/2) has the eigenvalues of
    (B A^T)^T B A^T: the trace of its root is the sum of the singular values of B A^T.
    """
    shared = np.linalg.svd(b.root @ a.root.T, compute_uv=False).sum()
    bures = np.sum(a.root**2) + np.sum(b.root**2) - 2 * shared
    return float(np.sum((a.mean - b.mean) ** 2) + max(bures, 0.0))  # rounding below 0
