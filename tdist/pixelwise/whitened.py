r"""Features whitened once, and the H-score of every pixel as sums by colour.

With whitened features z (mean 0, covariance I) the H-score at a pixel is

.. math:: H = \sum_c \frac{1}{m\,n_c} \Bigl| \sum_{i:\,y_i = c} z_i \Bigr|^2

where c runs over the colours there: the features are whitened once, and each pixel costs only sums.
"""

import warnings
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from tqdm import tqdm

from tdist.hscore import repeats
from tdist.hscore.classsums import SumsByColour
from tdist.hscore.moments import accumulate
from tdist.hscore.whitened import product
from tdist.hscore.whitened import rows as samples
from tdist.hscore.whitening import matrix
from tdist.inputs import check_features, device_of
from tdist.manners import line
from tdist.pixelwise.targets import check_codes


@dataclass(frozen=True, repr=False, eq=False)
class PixelScores:
    r"""H-scores of all pixels; ``float(result)`` is their mean, :eq:`eq-pixel-h-score`.

    ``np.asarray(result)`` is the array `statistic`; compute with that. A pixel of one colour scores
    0, by chance and adjusted too.

    Attributes
    ----------
    statistic : ndarray, shape (h, w)
        H-score of each pixel, between 0 and :math:`\min(\text{classes} - 1, \text{rank})`.
    chance : ndarray, shape (h, w)
        Mean of the score when the samples' colours are shuffled, :eq:`eq-chance`:
        rank (classes - 1) / (n - 1).
    adjusted : ndarray, shape (h, w)
        The score corrected for chance, :eq:`eq-adjusted`. NaN if n - 1 <= rank, and where
        repeated rows hide that, as in :func:`tdist.h_score`.
    classes : ndarray of int, shape (h, w)
        Number of colours present at the pixel.
    rank : int
    n : int
        Rank of the features' covariance; number of samples.
    saturated : ndarray of bool, shape (h, w)
        Where the features tell all distinct rows apart, and rows that come again have their old
        colour: any such features score the same.

    Examples
    --------
    >>> from tdist import pixelwise_h_score
    >>> maps = np.array([[[0, 1]], [[1, 1]], [[0, 1]], [[1, 1]]])  # (m, 1, 2)
    >>> found = pixelwise_h_score([[0.0], [2.0], [1.0], [3.0]], maps, colours=2, progress=False)
    >>> found.statistic  # the second pixel has one colour
    array([[0.8, 0. ]])
    >>> found.classes
    array([[2, 1]])
    """

    statistic: np.ndarray
    classes: np.ndarray
    rank: int
    n: int
    saturated: np.ndarray = field(default=False, repr=False)

    @property
    def chance(self):
        return self.rank * (self.classes - 1) / max(self.n - 1, 1)

    @property
    def adjusted(self):
        top, spare = self.classes - 1, self.n - 1 - self.rank
        below = (top - self.statistic) * (self.n - 1) / spare if spare > 0 else np.nan
        return np.where(top == 0, 0.0, np.where(self.saturated, np.nan, top - below))

    def __float__(self):
        return float(self.statistic.mean())

    def __array__(self, dtype=None, copy=None):
        return np.array(self.statistic, dtype, copy=copy)

    __repr__ = line


@dataclass(frozen=True, repr=False, eq=False)
class Whitened:
    r"""Features whitened once for any number of tasks; made by :func:`whiten`.

    Attributes
    ----------
    z : torch.Tensor, shape (m, rank)
        float64, mean 0, :math:`z^T z / m = I`; on the device of the features.
    noise : ndarray, shape (rank,)
        Variance that rounding of the features gives the columns of z.
    rows : ndarray of int, shape (m,)
        A number for each row of the features, the same for equal rows.
    rank : int
    n : int

    Examples
    --------
    >>> from tdist.pixelwise import whiten
    >>> white = whiten([[0, 1], [0, 3], [0, 5], [0, 7]])
    >>> white.rank, white.n
    (1, 4)
    """

    z: torch.Tensor
    noise: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)

    __repr__ = line

    @property
    def n(self):
        return len(self.z)

    @property
    def rank(self):
        return self.z.shape[1]

    def h_score(self, codes, progress=True):
        """H-score for each of the tasks.

        Parameters
        ----------
        codes : array_like of int, shape (m, ...)
            Of :func:`quantise`; also (m,) labels, or (m, tasks, h, w) for several tasks at once.
        progress : bool
            Show a progress bar.

        Returns
        -------
        PixelScores, shape (...)

        Raises
        ------
        TypeError
            If codes are not integers.
        ValueError
            If there are not m codes a pixel, or codes are negative.

        Examples
        --------
        >>> from tdist.pixelwise import whiten
        >>> white = whiten([[0.0], [1.0], [2.0], [3.0]])
        >>> codes = [[0, 0], [0, 0], [1, 1], [1, 0]]  # two pixels of four samples
        >>> white.h_score(codes, progress=False).statistic.round(3)
        array([0.8  , 0.067])
        """
        codes = check_codes(codes, self.n)
        shape, codes = codes.shape[1:], codes.reshape(self.n, -1)
        colours, pixels = int(codes.max()) + 1, codes.shape[1]
        sums = SumsByColour(self.z, colours)
        scores, classes = np.zeros(pixels), np.zeros(pixels, int)
        with tqdm(total=pixels, desc="pixels", disable=not progress) as bar:
            for start in range(0, pixels, sums.pixels):
                # (pixels at a time, m)
                block = np.ascontiguousarray(codes[:, start : start + sums.pixels].T)
                here = slice(start, start + len(block))
                counts = np.array([np.bincount(c, minlength=colours) for c in block])
                classes[here] = (counts > 0).sum(1)
                scores[here] = (sums.squares(block) / np.maximum(counts, 1)).sum(1) / self.n
                bar.update(len(block))
        scores[classes == 1] = 0.0  # not the rounding of a sum that vanishes
        return PixelScores(scores.reshape(shape), classes.reshape(shape), self.rank, self.n,
                           self.saturated(codes).reshape(shape))

    def saturated(self, codes, rank=None):
        """Where features of this rank, by default these alone, are saturated by repeated rows:
        codes (m, ...) -> (...)."""
        flat, rank = np.reshape(codes, (self.n, -1)), self.rank if rank is None else rank
        found = repeats.saturated(self.rows, flat, rank) & (np.ptp(flat, axis=0) > 0)
        if found.any():
            warnings.warn(f"{self.n - self.rows.max() - 1} of {self.n} rows of features repeat "
                          "another, and the features tell all distinct rows apart: any that do "
                          f"reach the same score, so adjusted is NaN at {found.sum()} of "
                          f"{len(found)} pixels; score each sample once", stacklevel=3)
        return found.reshape(np.shape(codes)[1:])

    def given(self, other):
        r"""The part of these features that the other features do not explain, whitened.

        .. math:: z - z_a C, \qquad C = z_a^T z / m

        whitened again. The H-score of both sources' features side by side is the sum of two,
        :eq:`eq-second-order`: ``other.h_score(codes)`` and ``self.given(other).h_score(codes)``;
        the ranks add as well.

        Parameters
        ----------
        other : Whitened
            Features of the same samples.

        Returns
        -------
        Whitened

        Raises
        ------
        TypeError
            If the other features are not whitened.
        ValueError
            If the numbers of samples differ.

        Examples
        --------
        >>> from tdist.pixelwise import whiten
        >>> a, b = whiten([[0.0], [1.0], [2.0], [3.0]]), whiten([[0, 1], [1, 0], [2, 0], [3, 1]])
        >>> b.rank, b.given(a).rank  # the first feature of b is that of a
        (2, 1)
        """
        if not isinstance(other, Whitened):
            raise TypeError("given what? Pass whiten(features) of the same samples, got "
                            f"{type(other).__name__}")
        if self.n != other.n:
            raise ValueError(f"features of {self.n} and of {other.n} samples; both sources must "
                             "see the same images")
        # rows are equal where they are in both sources
        rows = np.unique(np.stack([self.rows, other.rows]), axis=1, return_inverse=True)[1]
        if not self.rank or not other.rank:
            return replace(self, rows=rows)
        c = product(other.z.T, self.z) / self.n  # (rank of the other, rank)
        return _whiten(self.z - product(other.z, c), rows,
                       self.noise + other.noise @ c.cpu().numpy() ** 2)


def whiten(features):
    """Whiten features (m, k) for :meth:`Whitened.h_score`.

    Columns that rounding alone moves, duplicates and combinations of others are left out, by the
    rule of :func:`tdist.h_score`. Memory is m x rank numbers in float64, twice while scoring.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
        As in :func:`tdist.h_score`.

    Returns
    -------
    Whitened

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`.

    Examples
    --------
    >>> from tdist.pixelwise import whiten
    >>> whiten([[0, 1], [0, 3], [0, 5], [0, 7]])  # the first feature says nothing
    Whitened(z=Tensor (4, 1))
    """
    features = check_features(features)
    return _whiten(features, repeats.numbers(features, device_of(features)), 0.0)


def _whiten(features, rows, noise):
    """rows (m,): as in :class:`Whitened`. noise (k,): the variance of rounding, on top of what the
    features' own size and type say."""
    m, device = len(features), device_of(features)
    one_class = torch.zeros(m, dtype=torch.int64, device=device)
    moments = accumulate(None, features, one_class, one_class[:1], rows=False)
    cov, _, rounding = moments.central()
    noise = noise + rounding
    map_ = matrix(cov, noise, m)
    z = samples(features, moments.shift + moments.sums[0] / m, map_)
    return Whitened(z, noise @ map_**2, rows)
