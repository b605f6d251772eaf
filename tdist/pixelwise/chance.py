r"""The chance level of classes whose samples are unlike the rest: a correction for rare colours.

With whitened features z (mean 0, covariance I) the H-score is a sum of products of pairs of samples of one class,

.. math:: H = \frac{1}{m} \sum_c \frac{1}{n_c} \sum_{i, j \in c} z_i^\top z_j .

The products of a sample with itself, its *leverage* :math:`\ell_i = |z_i|^2`, say nothing about the class. The mean
leverage is k, the rank of the features, and the chance level :eq:`eq-chance` takes each class to have it. A rare class
of unusual samples has more. :eq:`eq-leverage` puts the leverages that a class really has in its place.
"""

import numpy as np
import torch

from tdist.pixelwise.scores import CHUNK


def leverage(*whitened):
    """Leverage of each sample, (m,) float64: its squared length in whitened features.

    For two sources side by side pass ``a, b.given(a)``: their leverages add, as their scores do.
    """
    return sum(source.z.square().sum(1) for source in whitened).cpu().numpy()


def corrected(scores, codes, leverage):
    r"""H-score corrected for chance with the leverages of each class, :eq:`eq-leverage`.

    .. math:: H_{\text{adj}} - \frac{m - 1}{m - 1 - k} \, \frac{1}{m} \sum_c (\bar\ell_c - k)

    with :math:`\bar\ell_c` the mean leverage of class c. Equal to ``scores.adjusted`` where every class has mean
    leverage k. A pixel of one colour scores 0; NaN where m - 1 <= k.

    Parameters
    ----------
    scores : tdist.pixelwise.PixelScores
        Of these codes.
    codes : array_like of int, shape (m, ...)
        As in :meth:`tdist.pixelwise.Whitened.h_score`.
    leverage : array_like, shape (m,)
        Of :func:`leverage`.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        If codes, leverages and scores do not belong together.
    """
    if scores.n != len(codes) or np.shape(scores) != np.shape(codes)[1:]:
        raise ValueError(f"scores of {scores.n} samples and shape {np.shape(scores)} and codes of shape "
                         f"{np.shape(codes)} do not belong together")
    # one colour has mean leverage k: what is left is rounding
    return np.where(scores.classes == 1, 0.0, scores.adjusted - excess(codes, leverage, scores.rank))


def excess(codes, leverage, rank):
    r"""By how much :eq:`eq-adjusted` is too high, :eq:`eq-leverage`:
    :math:`\frac{m - 1}{m - 1 - k} \, \frac{1}{m} \sum_c (\bar\ell_c - k)` with k = rank.

    Parameters and errors as in :func:`corrected`; needs no scores. Returns ndarray, shape (...).
    """
    codes = codes.detach().cpu().numpy() if isinstance(codes, torch.Tensor) else np.asarray(codes)
    m, shape, above = len(codes), codes.shape[1:], np.asarray(leverage, np.float64) - rank
    if above.shape != (m,):
        raise ValueError(f"codes of shape {codes.shape} and leverages of shape {above.shape} do not belong together")
    codes = codes.reshape(m, -1)
    colours, pixels = int(codes.max()) + 1, codes.shape[1]
    mean = np.empty(pixels)
    step = max(1, CHUNK // m)
    for start in range(0, pixels, step):
        part = codes[:, start : start + step].astype(np.int64)
        cell = (part + colours * np.arange(part.shape[1])).ravel()
        count = np.bincount(cell, minlength=colours * part.shape[1])
        sums = np.bincount(cell, np.repeat(above, part.shape[1]), minlength=len(count))
        mean[start : start + step] = (sums / np.maximum(count, 1)).reshape(-1, colours).sum(1) / m
    return (mean * (m - 1) / (m - 1 - rank) if m - 1 > rank else mean * np.nan).reshape(shape)
