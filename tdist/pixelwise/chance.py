r"""The chance level of classes whose samples are unlike the rest: a correction for rare colours.

With whitened features z (mean 0, covariance I) the H-score is a sum of products of pairs of samples
of one class,

.. math:: H = \frac{1}{m} \sum_c \frac{1}{n_c} \sum_{i, j \in c} z_i^\top z_j .

The products of a sample with itself, its *leverage* :math:`\ell_i = |z_i|^2`, say nothing about the
class. The mean leverage is k, the rank of the features, and the chance level :eq:`eq-chance` takes
each class to have it. A rare class of unusual samples has more. :eq:`eq-leverage` puts the
leverages that a class really has in its place.
"""

import numpy as np

from tdist.pixelwise.targets import check_codes, chunks, to_numpy
from tdist.pixelwise.whitened import PixelScores, Whitened


def leverage(*whitened):
    """Leverage of each sample, (m,) float64: its squared length in whitened features.

    Parameters
    ----------
    *whitened : tdist.pixelwise.Whitened
        One source. For two sources side by side pass ``a, b.given(a)``: their leverages add, as
        their scores do.

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    TypeError
        If there is no source, or it is not whitened.

    Examples
    --------
    >>> from tdist.pixelwise import whiten
    >>> from tdist.pixelwise.chance import leverage
    >>> leverage(whiten([[0], [1], [2], [3]]))  # (x - 3/2)^2 / (5/4)
    array([1.8, 0.2, 0.2, 1.8])
    """
    if not whitened or not all(isinstance(source, Whitened) for source in whitened):
        raise TypeError("leverage of what? Pass whiten(features), or several sources side by side")
    return sum(source.z.square().sum(1) for source in whitened).cpu().numpy()


def corrected(scores, codes, leverages):
    r"""H-score corrected for chance with the leverages of each class, :eq:`eq-leverage`.

    .. math:: H_{\text{adj}} - \frac{m - 1}{m - 1 - k} \, \frac{1}{m} \sum_c (\bar\ell_c - k)

    with :math:`\bar\ell_c` the mean leverage of class c. Equal to ``scores.adjusted`` where every
    class has mean leverage k. A pixel of one colour scores 0; NaN where m - 1 <= k.

    Parameters
    ----------
    scores : tdist.pixelwise.PixelScores
        Of these codes.
    codes : array_like of int, shape (m, ...)
        As in :meth:`tdist.pixelwise.Whitened.h_score`.
    leverages : array_like, shape (m,)
        Of :func:`leverage`.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    TypeError
        If scores are an array without chance level, or codes no integers.
    ValueError
        If codes, leverages and scores do not belong together.

    Examples
    --------
    >>> from tdist.pixelwise import whiten
    >>> from tdist.pixelwise.chance import corrected, leverage
    >>> white, labels = whiten([[0], [1], [2], [3], [9]]), [0, 0, 0, 0, 1]  # 9 is far from all
    >>> scores = white.h_score(labels, progress=False)
    >>> float(scores.adjusted.round(3)), float(corrected(scores, labels, leverage(white)).round(3))
    (0.867, 0.347)
    """
    if not isinstance(scores, PixelScores):
        raise TypeError("scores must be what whiten(features).h_score(codes) returned, got "
                        f"{type(scores).__name__}")
    codes = to_numpy(codes, "codes")
    if scores.n != len(codes) or scores.statistic.shape != codes.shape[1:]:
        raise ValueError(f"scores of {scores.n} samples and shape {scores.statistic.shape} and "
                         f"codes of shape {codes.shape} do not belong together")
    # one colour has mean leverage k: what is left is rounding
    return np.where(scores.classes == 1, 0.0,
                    scores.adjusted - excess(codes, leverages, scores.rank))


def excess(codes, leverages, rank):
    r"""By how much :eq:`eq-adjusted` is too high, :eq:`eq-leverage`; needs no scores.

    .. math:: \frac{m - 1}{m - 1 - k} \, \frac{1}{m} \sum_c (\bar\ell_c - k), \quad k = \text{rank}

    Parameters
    ----------
    codes : array_like of int, shape (m, ...)
    leverages : array_like, shape (m,)
    rank : int
        Of the features.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    TypeError
        If codes are not integers.
    ValueError
        If codes and leverages differ in length, or a leverage is NaN or infinite.

    Examples
    --------
    >>> from tdist.pixelwise.chance import excess
    >>> float(excess([0, 0, 0, 0, 1], [0.9, 0.4, 0.1, 0.0, 3.6], rank=1).round(3))
    0.52
    """
    leverages = np.asarray(leverages, np.float64)
    if leverages.ndim != 1:
        raise ValueError(f"leverages must be a vector, one a sample, got shape {leverages.shape}")
    if not np.isfinite(leverages).all():
        raise ValueError(f"the leverage of sample {np.isfinite(leverages).argmin()} is not finite")
    m, above = len(leverages), leverages - rank
    codes = to_numpy(codes, "codes")
    if codes.shape[:1] != (m,):
        raise ValueError(f"codes of shape {codes.shape} and leverages of shape {leverages.shape} "
                         "do not belong together")
    codes = check_codes(codes, m)
    shape, codes = codes.shape[1:], codes.reshape(m, -1)
    colours, mean = int(codes.max()) + 1, np.empty(codes.shape[1])
    for pixels in chunks(codes.shape[1], m):
        part = codes[:, pixels].astype(np.int64)  # (m, pixels at a time)
        cell = (part + colours * np.arange(part.shape[1])).ravel()
        count = np.bincount(cell, minlength=colours * part.shape[1])
        sums = np.bincount(cell, np.repeat(above, part.shape[1]), minlength=len(count))
        mean[pixels] = (sums / np.maximum(count, 1)).reshape(-1, colours).sum(1) / m
    return (mean * (m - 1) / (m - 1 - rank) if m - 1 > rank else mean * np.nan).reshape(shape)
