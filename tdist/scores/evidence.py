r"""LogME: the log evidence of a Bayesian linear map from features to labels."""

import warnings

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

    :cite:t:`you2021`: the maximum is found by MacKay's fixed point, run until it stands still. The
    paper starts it at :math:`\alpha = \beta`, from where it can end at a lesser maximum; here it
    starts at the best of one :math:`\alpha / \beta` in each decade. As in the paper the features
    are taken as given: not centred, not scaled, and without an intercept.

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

    Warns
    -----
    UserWarning
        If the features fit a class exactly with fewer than m directions, so that the evidence has
        no maximum.

    Notes
    -----
    It needs :math:`F^\top F` and the class sums only, so it could stream as the H-score does. Time
    is :math:`O(m k \min(m, k))`, and :math:`O(k |\mathcal Y|)` for a step of the fixed point.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> round(logme(*load_iris(return_X_y=True)), 4)
    -0.1601
    """
    x, codes, counts = samples(features, labels)
    m = len(x)
    # by a power of 2, so that squares stay within float64; no scale changes the evidence
    p, values = principal(np.ldexp(x, -np.frexp(np.abs(x).max())[1]))
    if not len(values):
        raise ValueError("the features are all 0; is the layer dead?")
    squares = class_sums(p, codes, len(counts)) ** 2 / values  # (classes, r) of U^T y
    outside = np.maximum(counts - squares.sum(1), EPS * counts)  # of y outside the features' span
    return float(_evidence(values, squares, outside, m).mean() / m)


def _evidence(values, squares, outside, m, steps=10_000):
    """Maximal log evidence of each class (classes,), by the fixed point in t = alpha / beta, from
    the best of one t a decade: there can be several maxima.

    values (r,) are the squared singular values of F, squares (classes, r) those of y's coordinates
    along its left singular vectors, outside (classes,) what is left of |y|^2.
    """
    low, high = values.max() * EPS, values.max() / EPS
    starts = np.geomspace(low, high, 33)
    tried = [_at(np.full((len(outside), 1), t), values, squares, outside, m)[0] for t in starts]
    t, found = starts[np.argmax(tried, axis=0), None], -np.inf
    for _ in range(steps):
        before, (found, ratio) = found, _at(t, values, squares, outside, m)
        if np.abs(found - before).max() < 1e-10 * m:
            break
        t = np.clip(ratio, low, high)[:, None]
    else:
        warnings.warn(f"LogME's fixed point did not arrive in {steps} steps; its last step moved "
                      f"it by {np.abs(found - before).max() / m:.1g}", stacklevel=3)
    if (t == low).any():
        warnings.warn("the features fit the labels of a class exactly, and the evidence grows "
                      "without end; LogME stops at rounding, and compares with no other",
                      stacklevel=3)
    return found


def _at(t, values, squares, outside, m):
    """Log evidence (classes,) of t (classes, 1) at its best beta, and the fixed point's next t."""
    share, rest = values / (values + t), t / (values + t)  # (classes, r)
    gamma = share.sum(1)  # effective number of features
    norm = (squares * share**2 / values).sum(1)  # |w|^2
    misfit = outside + (squares * rest**2).sum(1)  # |F w - y|^2
    # at the best beta for this t, m / (|F w - y|^2 + t |w|^2)
    total = 2 * np.pi * (misfit + t[:, 0] * norm) / m
    with np.errstate(divide="ignore", over="ignore"):
        following = gamma * misfit / (norm * np.maximum(m - gamma, EPS))
    return (np.log(rest).sum(1) - m * (np.log(total) + 1)) / 2, following
