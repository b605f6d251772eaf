"""H-score at every pixel of a task whose targets are images, for one source and for pairs.

The target of a pixel-to-pixel task is an image. Its colours are cut to a few, and each pixel
becomes a classification task of its own, :eq:`eq-pixel-h-score`. Section 5.2 and Appendix G of the
H-score paper.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from tqdm import tqdm

from tdist.inputs import check_features, encode_labels
from tdist.manners import whole
from tdist.pixelwise.palettes import palette, quantise
from tdist.pixelwise.targets import check_codes, check_images, to_numpy
from tdist.pixelwise.whitened import PixelScores, whiten


def second_order(whitened, codes, first=None, *, progress=True):
    """H-scores of all pairs of sources side by side, without a Gram matrix of both together.

    H(a, b) = H(a) + H(b given a), :eq:`eq-second-order`; see :meth:`Whitened.given`.

    Parameters
    ----------
    whitened : dict of str to Whitened
        The sources.
    codes : array_like of int, shape (m, ...)
        As in :meth:`Whitened.h_score`.
    first : dict of str to PixelScores, optional
        The scores of the single sources for these codes, where they are known.
    progress : bool
        Show a progress bar.

    Yields
    ------
    (str, str), PixelScores
        Names of a pair in the order of the dict, and its scores.

    Raises
    ------
    TypeError
        If the sources have no names.
    ValueError
        If there are fewer than two sources, or `first` is not of these codes.

    Examples
    --------
    >>> from tdist.pixelwise import second_order, whiten
    >>> sources = {"a": whiten([[0.0], [1.0], [2.0], [3.0]]), "b": whiten([[1], [0], [0], [1]])}
    >>> for names, scores in second_order(sources, [0, 0, 1, 0], progress=False):
    ...     print(names, round(float(scores), 3))
    ('a', 'b') 0.4
    """
    if not isinstance(whitened, Mapping):
        raise TypeError(f"sources must have names: pass a dict of whiten(features), not a "
                        f"{type(whitened).__name__}")
    if len(whitened) < 2:
        raise ValueError(f"there is no pair among {len(whitened)} sources; pass at least two")
    first, codes = dict(first or {}), check_codes(codes, next(iter(whitened.values())).n)
    for name, scores in first.items():
        if scores.statistic.shape != codes.shape[1:] or scores.n != len(codes):
            raise ValueError(f"the scores of {name!r} are of {scores.n} samples and shape "
                             f"{scores.statistic.shape}, and codes have shape {codes.shape}; pass "
                             "scores of these codes, or leave them out")
    for a, b in tqdm(list(combinations(whitened, 2)), desc="pairs", disable=not progress):
        if a not in first:
            first[a] = whitened[a].h_score(codes, progress=False)
        rest = whitened[b].given(whitened[a])
        scores = first[a].statistic + rest.h_score(codes, progress=False).statistic
        rank = whitened[a].rank + rest.rank
        yield (a, b), PixelScores(scores, first[a].classes, rank, rest.n,
                                  rest.saturated(codes, rank))


def pixelwise_h_score(features, maps, colours=16, *, seed=0, progress=True):
    r"""H-score of features at every pixel of a task's target images, :eq:`eq-pixel-h-score`.

    Equals :func:`tdist.h_score` of the features and the colours of the pixel. For many tasks and
    sources, whiten and quantise once: ``whiten(features).h_score(quantise(maps, palette(maps)))``.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
        As in :func:`tdist.h_score`. On a GPU the sums are taken there.
    maps : array_like
        Target images: (m, h, w, c), or (m, h, w) floats, cut to `colours` colours by
        :func:`palette`. Or codes from 0 to colours - 1: (m, h, w) integers. Or labels (m,),
        integers or strings, as one pixel.
    colours : int
    seed : int
        Of the palette.
    progress : bool
        Show a progress bar.

    Returns
    -------
    PixelScores
        `.statistic`, `.chance`, `.adjusted` and `.classes` of shape (h, w), `.rank` and `.n`;
        ``float(result)`` is the mean over the pixels.

    Raises
    ------
    TypeError
        If features or maps are not real numbers.
    ValueError
        As :func:`tdist.h_score`, :func:`palette` and :func:`quantise`; if features and maps differ
        in length; if a code is not below `colours`.

    Examples
    --------
    >>> import tdist
    >>> features = [[0.0], [1.0], [2.0], [3.0]]
    >>> maps = [[[0, 1]], [[0, 0]], [[1, 1]], [[1, 0]]]  # (m, h, w): codes of 1 x 2 pixels
    >>> scores = tdist.pixelwise_h_score(features, maps, colours=2, progress=False)
    >>> scores.statistic
    array([[0.8, 0.2]])
    >>> round(float(scores), 3)
    0.5
    """
    features, colours = check_features(features), whole("colours", colours, 1)
    labels = isinstance(maps, list | tuple) and len(maps) and np.ndim(maps[0]) == 0
    values = maps if labels else to_numpy(maps, "target images")
    if not labels and values.ndim == 0:
        raise TypeError(f"maps must be images or labels of {len(features)} samples, got one "
                        f"{type(maps).__name__}")
    if len(features) != len(values):
        raise ValueError(f"features and maps differ in length: {len(features)} rows and "
                         f"{len(values)} target images")
    if labels or values.ndim == 1:
        return whiten(features).h_score(encode_labels(maps)[0], progress)
    images = check_images(values)
    if values.ndim == 4 or images.dtype.kind == "f":
        codes = quantise(images, palette(images, colours, seed=seed))
    else:
        codes = images[..., 0]
        if codes.min() < 0 or codes.max() >= colours:
            i, y, x = np.argwhere((codes < 0) | (codes >= colours))[0]
            raise ValueError(f"maps hold the colour {codes[i, y, x]} at sample {i}, pixel ({y}, "
                             f"{x}): never seen in a palette of {colours} colours, 0 to "
                             f"{colours - 1}; pass colours={int(codes.max()) + 1}, or floats to "
                             "make a palette of them")
    return whiten(features).h_score(codes, progress)
