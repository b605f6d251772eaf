r"""TransRate: the coding rate of features that their classes account for."""

import numpy as np

from tdist.scores.samples import samples


def transrate(features, labels, distortion=1e-4):
    r"""TransRate, the coding rate of the features less that within the classes, in nats.

    .. math::

        \mathrm{TrR} = R(Z) - \frac1{|\mathcal Y|} \sum_y R(Z_y), \qquad
        R(Z) = \tfrac12 \log\det\Bigl(I + \frac1{n \epsilon} Z^\top Z\Bigr)

    for n rows Z of the features less their mean over all samples. :cite:t:`huang2022`, as the
    program in the paper has it: classes count alike, whatever their size. The features are taken as
    given, and their scale matters.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
    labels : array_like or torch.Tensor, shape (m,)
        As in :func:`tdist.h_score`.
    distortion : float
        :math:`\epsilon`, above 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`; or if the distortion is not above 0.

    Notes
    -----
    Time is :math:`O(m k \min(m, k))`. To stream it would take a Gram matrix for each class. A class
    of fewer than k samples has a low rate for want of samples, so the score grows with k.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> round(transrate(*load_iris(return_X_y=True)), 3)
    0.589
    """
    if not distortion > 0:
        raise ValueError(f"distortion must be above 0, got {distortion!r}")
    x, codes, counts = samples(features, labels)
    x -= x.mean(0)
    within = [_rate(x[codes == y], distortion) for y in range(len(counts))]
    return float(_rate(x, distortion) - np.mean(within))


def _rate(z, distortion):
    """R(Z) of z (n, k), from the smaller of its two Gram matrices."""
    gram = z.T @ z if z.shape[1] <= len(z) else z @ z.T
    return np.linalg.slogdet(np.eye(len(gram)) + gram / (len(z) * distortion))[1] / 2
