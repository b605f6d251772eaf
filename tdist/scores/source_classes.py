r"""LEEP and NCE: what the source's own classes say about the labels."""

import numpy as np

from tdist.scores.samples import class_sums, samples


def leep(probabilities, labels):
    r"""LEEP, the mean log-likelihood of the labels given the source's class probabilities, in nats.

    .. math::

        \mathrm{LEEP} = \frac1m \sum_i \log \sum_z \hat P(y_i \mid z)\, \theta(x_i)_z, \qquad
        \hat P(y, z) = \frac1m \sum_{i: y_i = y} \theta(x_i)_z

    :cite:t:`nguyen2020`.

    Parameters
    ----------
    probabilities : array_like or torch.Tensor, shape (m, source classes)
        :math:`\theta(x_i)`, such as the softmax of the source's outputs; rows sum to 1.
    labels : array_like or torch.Tensor, shape (m,)
        Of the target task, as in :func:`tdist.h_score`.

    Returns
    -------
    float
        At most 0; at least minus the entropy of the labels.

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`; or if the rows are no probabilities.

    Notes
    -----
    The joint distribution streams; the mean needs the samples a second time.

    Examples
    --------
    >>> round(leep([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7]], [0, 0, 1, 1]), 4)
    -0.3426
    """
    p, codes, counts = _checked(probabilities, labels)
    joint = class_sums(p, codes, len(counts))  # (classes, source classes), times m
    given = _divided(joint, joint.sum(0))  # P(y | z)
    return float(np.mean(np.log(np.einsum("ij,ij->i", p, given[codes]))))


def nce(probabilities, labels):
    r"""NCE, minus the conditional entropy of the labels given the source's classes, in nats.

    .. math::

        \mathrm{NCE} = -H(Y \mid Z) = \sum_{y, z} \hat P(y, z) \log \hat P(y \mid z)

    where z is the class that the source finds likeliest. :cite:t:`tran2019`.

    Parameters
    ----------
    probabilities : array_like or torch.Tensor, shape (m, source classes)
        As in :func:`leep`; only the largest of each row counts.
    labels : array_like or torch.Tensor, shape (m,)
        Of the target task, as in :func:`tdist.h_score`.

    Returns
    -------
    float
        At most 0; at least minus the entropy of the labels.

    Raises
    ------
    TypeError, ValueError
        As in :func:`leep`.

    Notes
    -----
    It needs the counts of (label, source class) only, which stream. With many source classes and
    few samples it is near 0 for any labels.

    Examples
    --------
    >>> round(nce([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.7, 0.3]], [0, 0, 1, 1]), 4)
    -0.4774
    """
    p, codes, counts = _checked(probabilities, labels)
    joint = np.zeros((len(counts), p.shape[1]))
    np.add.at(joint, (codes, p.argmax(1)), 1 / len(p))
    given = _divided(joint, joint.sum(0))
    seen = joint > 0
    return float(joint[seen] @ np.log(given[seen]))


def _checked(probabilities, labels):
    p, codes, counts = samples(probabilities, labels)
    off = (p.min(1) < 0) | (np.abs(p.sum(1) - 1) > 1e-2)
    if off.any():
        row = int(off.argmax())
        raise ValueError(f"row {row} is no distribution: its least entry is {p[row].min():.4g} and "
                         f"its sum {p[row].sum():.4g}; pass class probabilities (m, source "
                         "classes), of a head's outputs their softmax")
    return p, codes, counts


def _divided(joint, marginal):
    """joint / marginal, 0 for source classes that never occur."""
    return np.divide(joint, marginal, out=np.zeros_like(joint), where=marginal > 0)
