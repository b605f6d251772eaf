r"""H-score at every pixel: palettes of colours, whitening once, sums by colour, pairs of sources.

The target of a pixel-to-pixel task is an image. Its colours are cut to a few, and each pixel becomes a classification
task of its own, :eq:`eq-pixel-h-score`. With whitened features z (mean 0, covariance I) the H-score at a pixel is

.. math:: H = \sum_c \frac{1}{m\,n_c} \Bigl| \sum_{i:\,y_i = c} z_i \Bigr|^2

where c runs over the colours there: the features are whitened once, and each pixel costs only sums.
Section 5.2 and Appendix G of the H-score paper.
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import torch
from tqdm import tqdm

from tdist.hscore.moments import accumulate, whitening
from tdist.inputs import check_features, device_of, encode_labels, to_tensor
from tdist.pixelwise.coloursums import SumsByColour
from tdist.pixelwise.palettes import check_images, palette, quantise, recovery_error

__all__ = ["PixelScores", "Whitened", "palette", "pixelwise_h_score", "quantise", "recovery_error", "second_order",
           "whiten"]

CHUNK = 2**22  # numbers at a time


class PixelScores(np.ndarray):
    """H-scores of all pixels, an array (h, w); arithmetic and slices give plain arrays.

    Attributes
    ----------
    chance : ndarray, shape (h, w)
        Mean of the score when the samples' colours are shuffled, :eq:`eq-chance`: rank (classes - 1) / (n - 1).
    adjusted : ndarray, shape (h, w)
        The score corrected for chance, :eq:`eq-adjusted`. NaN if n - 1 <= rank. A pixel of one colour scores
        0, by chance and adjusted too.
    classes : ndarray of int, shape (h, w)
        Number of colours present at the pixel.
    rank, n : int
        Rank of the features' covariance; number of samples.
    """

    def __new__(cls, scores, classes, rank, n):
        self = np.array(scores, np.float64).view(cls)
        self.classes, self.rank, self.n = np.array(classes), int(rank), int(n)
        return self

    @property
    def chance(self):
        return self.rank * (self.classes - 1) / (self.n - 1)

    @property
    def adjusted(self):
        top, spare = self.classes - 1, self.n - 1 - self.rank
        corrected = top - (top - np.asarray(self)) * (self.n - 1) / spare if spare > 0 else np.nan
        return np.where(top == 0, 0.0, corrected)

    def __getitem__(self, key):
        return np.asarray(self)[key]

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)

    def __reduce__(self):
        return PixelScores, (np.asarray(self), self.classes, self.rank, self.n)


@dataclass(frozen=True)
class Whitened:
    r"""Features whitened once for any number of tasks; made by :func:`whiten`.

    Attributes
    ----------
    z : torch.Tensor, shape (m, rank)
        float64, mean 0, :math:`z^T z / m = I`; on the device of the features.
    rank, n : int
    """

    z: torch.Tensor
    noise: np.ndarray = field(repr=False)  # (rank,) the variance that rounding of the features gives the columns

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
            Of :func:`quantise`; also (m,) labels, or (m, tasks, h, w) for several tasks in one call.
        progress : bool
            Show a progress bar.

        Returns
        -------
        PixelScores, shape (...)

        Raises
        ------
        ValueError
            If there are not m codes a pixel, or codes are negative.
        """
        codes = _codes(codes, self.n)
        shape, codes = codes.shape[1:], codes.reshape(self.n, -1)
        colours, pixels = int(codes.max()) + 1, codes.shape[1]
        sums = SumsByColour(self.z, colours)
        scores, classes = np.zeros(pixels), np.zeros(pixels, int)
        with tqdm(total=pixels, desc="pixels", disable=not progress) as bar:
            for start in range(0, pixels, sums.pixels):
                block = np.ascontiguousarray(codes[:, start : start + sums.pixels].T)  # (pixels at a time, m)
                here = slice(start, start + len(block))
                counts = np.array([np.bincount(c, minlength=colours) for c in block])
                classes[here] = (counts > 0).sum(1)
                scores[here] = (sums.squares(block) / np.maximum(counts, 1)).sum(1) / self.n
                bar.update(len(block))
        scores[classes == 1] = 0.0  # not the rounding of a sum that vanishes
        return PixelScores(scores.reshape(shape), classes.reshape(shape), self.rank, self.n)

    def given(self, other):
        r"""The part of these features that the other features do not explain, whitened.

        .. math:: z - z_a C, \qquad C = z_a^T z / m

        whitened again. The H-score of both sources' features side by side is the sum of two,
        :eq:`eq-second-order`: ``other.h_score(codes) + self.given(other).h_score(codes)``; the ranks add as well.

        Raises
        ------
        ValueError
            If the numbers of samples differ.
        """
        if self.n != other.n:
            raise ValueError(f"features of {self.n} and of {other.n} samples; both sources must see the same images")
        if not self.rank or not other.rank:
            return self
        c = _product(other.z.T, self.z) / self.n
        return _whiten(self.z - _product(other.z, c), self.noise + other.noise @ c.cpu().numpy() ** 2)


def whiten(features):
    """Whiten features (m, k) for :meth:`Whitened.h_score`.

    Columns that rounding alone moves, duplicates and combinations of others are left out, by the rule of
    :func:`tdist.h_score`. Parameter and errors as there; memory is m x rank numbers in float64, twice while scoring.
    """
    return _whiten(check_features(features), 0.0)


def _whiten(features, noise):
    """noise (k,): the variance of rounding, on top of what the features' own size and type say."""
    m, device = len(features), device_of(features)
    one_class = torch.zeros(m, dtype=torch.int64, device=device)
    moments = accumulate(None, features, one_class, one_class[:1], 0.0)
    cov, _, rounding = moments.central()
    noise = noise + rounding
    white = whitening(cov, noise, m)
    matrix = np.zeros((len(cov), white.rank))  # x - mean -> z; columns that do not vary have no part in z
    matrix[white.live] = white.matrix() / white.scale[:, None]
    mean, matrix = moments.shift + moments.sums[0] / m, torch.from_numpy(matrix).to(device)
    z = torch.empty(m, white.rank, dtype=torch.float64, device=device)
    rows = max(1, CHUNK // features.shape[1])
    for start in range(0, m, rows):
        x = to_tensor(features[start : start + rows], device)
        z[start : start + rows] = _product(x - mean, matrix)
    z -= z.mean(0)
    return Whitened(z, noise @ matrix.cpu().numpy() ** 2)


def _product(a, b):
    """a @ b; on the CPU by NumPy, whose threads and those of torch would wait for each other's spinning."""
    return a @ b if a.device.type != "cpu" else torch.from_numpy(a.numpy() @ b.numpy())


def second_order(whitened, codes, first=None, progress=True):
    """H-scores of all pairs of sources, side by side, without a Gram matrix of the concatenated features.

    H(a, b) = H(a) + H(b given a), :eq:`eq-second-order`; see :meth:`Whitened.given`.

    Parameters
    ----------
    whitened : dict of str to Whitened
        The sources.
    codes : array_like of int, shape (m, ...)
        As in :meth:`Whitened.h_score`.
    first : dict of str to PixelScores, optional
        The scores of the single sources, where they are known.
    progress : bool
        Show a progress bar.

    Yields
    ------
    (str, str), PixelScores
        Names of a pair in the order of the dict, and its scores.
    """
    pairs = list(combinations(whitened, 2))
    first = dict(first or {})
    for a, b in tqdm(pairs, desc="pairs", disable=not progress):
        if a not in first:
            first[a] = whitened[a].h_score(codes, progress=False)
        rest = whitened[b].given(whitened[a])
        scores = first[a] + rest.h_score(codes, progress=False)
        yield (a, b), PixelScores(scores, first[a].classes, whitened[a].rank + rest.rank, rest.n)


def pixelwise_h_score(features, maps, colours=16, seed=0, progress=True):
    r"""H-score of features at every pixel of a task's target images, :eq:`eq-pixel-h-score`.

    Equals :func:`tdist.h_score` of the features and the colours of the pixel. For many tasks and sources, whiten and
    quantise once: ``whiten(features).h_score(quantise(maps, palette(maps)))``.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
        As in :func:`tdist.h_score`. On a GPU the sums are taken there.
    maps : array_like
        Target images: (m, h, w, c), or (m, h, w) floats, cut to `colours` colours by :func:`palette`. Or codes
        from 0 to colours - 1: (m, h, w) integers. Or labels (m,), integers or strings, as one pixel.
    colours : int
    seed : int
        Of the palette.
    progress : bool
        Show a progress bar.

    Returns
    -------
    PixelScores, shape (h, w)
        An array, with `.chance`, `.adjusted`, `.classes`, `.rank` and `.n`.

    Raises
    ------
    ValueError
        As :func:`tdist.h_score`, :func:`palette` and :func:`quantise`; if features and maps differ in length; if a
        code is not below `colours`.
    """
    features = check_features(features)
    if len(features) != len(maps):
        raise ValueError(f"features and maps differ in length: {len(features)} rows and {len(maps)} target images")
    if np.ndim(maps[0]) == 0:
        return whiten(features).h_score(encode_labels(maps)[0], progress)
    images = check_images(maps)
    if np.ndim(maps) == 4 or images.dtype.kind == "f":
        codes = quantise(images, palette(images, colours, seed))
    else:
        codes = images[..., 0]
        if codes.min() < 0 or codes.max() >= colours:
            i, y, x = np.argwhere((codes < 0) | (codes >= colours))[0]
            raise ValueError(f"maps hold the colour {codes[i, y, x]} at sample {i}, pixel ({y}, {x}): never seen in a "
                             f"palette of {colours} colours, 0 to {colours - 1}; pass colours={codes.max() + 1}, or "
                             "floats to make a palette of them")
    return whiten(features).h_score(codes, progress)


def _codes(codes, n):
    """Codes (m, ...) as small non-negative integers, NumPy."""
    codes = codes.detach().cpu().numpy() if isinstance(codes, torch.Tensor) else np.asarray(codes)
    if codes.dtype.kind not in "iub":
        raise TypeError(f"codes must be integers, got dtype {codes.dtype}; make them with tdist.pixelwise.quantise")
    if codes.ndim == 0 or len(codes) != n:
        raise ValueError(f"features and maps differ in length: {n} rows and codes of shape {codes.shape}")
    if codes.size == 0:
        raise ValueError(f"there is no pixel: codes have shape {codes.shape}")
    if codes.min() < 0:
        raise ValueError(f"codes must not be negative, got {codes.min()}")
    if codes.max() > 255:  # large numbers with gaps would make large tables
        codes = np.unique(codes, return_inverse=True)[1].reshape(codes.shape)
    return codes.astype(np.uint8) if codes.dtype == bool else codes
