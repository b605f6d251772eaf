r"""LogME: the log evidence of a Bayesian linear map from features to labels."""

import numpy as np

from tdist.hscore.moments import EPS
from tdist.scores.samples import class_sums, principal, samples


def logme(features, labels):
    r"""LogME, the maximum of the log evidence of a linear map, a sample and a class, in nats.

    For each class, :math:`y \in \{0, 1\}^m` is modelled as :math:`y = F w + e` with
    :math:`w \sim N(0, I / \alpha)` and :math:`e \sim N(0, I / \beta)`; its evidence is the density
    of y under :math:`N(0,\; F F^\top / \alpha + I / \beta)`, and

    .. math::

        \mathrm{LogME} = \frac1{|\mathcal Y|} \sum_y \max_{\alpha, \beta}
        \frac1m \log p(y \mid F, \alpha, \beta).

    :cite:t:`you2021`: the maximum is found by MacKay's fixed point, from
    :math:`\alpha = \beta`, run until it stands still. As in the paper the features are taken as
    given: not centred, not scaled, and without an intercept.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
    labels : array_like or torch.Tensor, shape (m,)
        As in :func:`tdist.h_score`.

    Returns
    -------
    float
        Any sign: densities may exceed 1.

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`; or if the features are all 0.

    Notes
    -----
    It needs :math:`F^\top F` and the class sums only, so it could stream as the H-score does. Time
    is :math:`O(m k \min(m, k))`, and :math:`O(k |\mathcal Y|)` for a step of the fixed point. With
    rank below m and an exact fit the evidence has no maximum; the value then is that at a ratio
    :math:`\alpha / \beta` of rounding.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> round(logme(*load_iris(return_X_y=True)), 4)
    -0.1601
    """
    x, codes, counts = samples(features, labels)
    m = len(x)
    p, values = principal(x)
    if not len(values):
        raise ValueError("the features are all 0; is the layer dead?")
    squares = class_sums(p, codes, len(counts)) ** 2 / values  # (classes, r) of U^T y
    outside = np.maximum(counts - squares.sum(1), EPS * counts)  # of y outside the features' span
    return float(_evidence(values, squares, outside, m).mean() / m)


def _evidence(values, squares, outside, m, steps=1000):
    """Maximal log evidence of each class (classes,), by the fixed point in t = alpha / beta.

    values (r,) are the squared singular values of F, squares (classes, r) those of y's coordinates
    along its left singular vectors, outside (classes,) what is left of |y|^2.
    """
    low, high = values.max() * EPS, values.max() / EPS
    t = np.ones((len(outside), 1))
    for _ in range(steps):
        share = values / (values + t)  # (classes, r)
        gamma = share.sum(1)  # effective number of features
        norm = (squares * share**2 / values).sum(1)  # |w|^2
        misfit = outside + (squares * (1 - share) ** 2).sum(1)  # |F w - y|^2
        with np.errstate(divide="ignore", over="ignore"):
            new = gamma * misfit / (norm * np.maximum(m - gamma, EPS))
        old, t = t, np.clip(new, low, high)[:, None]
        if np.abs(np.log(t / old)).max() < 1e-8:
            break
    # at the maximum beta = m / (|F w - y|^2 + t |w|^2)
    total = outside + (squares * t / (values + t)).sum(1)
    return (np.log(t / (values + t)).sum(1) - m * (np.log(2 * np.pi * total / m) + 1)) / 2
