"""Palettes: the few colours that stand for all pixels of a task's target images.

A target image becomes a classification task at each pixel when its colours are cut to a few; what
that costs is the recovery error, :eq:`eq-palette`. Appendix G of the H-score paper.
"""

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import pairwise_distances_argmin

from tdist.manners import whole
from tdist.pixelwise.targets import LARGEST, check_images, chunks, to_numpy

SAMPLE = 2**18  # pixels that a palette is fitted to
SMALLEST = 1e-140  # spread of values whose squares are still accurate
FAR = 1e3  # times its spread: from such an offset on, products lose differences


def palette(maps, colours=16, *, seed=0):
    """The colours that stand for all pixels of a task's target images, by k-means.

    scikit-learn's MiniBatchKMeans on at most 262,144 pixels, drawn with the seed, and one last step
    to the means of each colour's pixels. With more colours the recovery error falls,
    :eq:`eq-palette`.

    Parameters
    ----------
    maps : array_like, shape (m, h, w) or (m, h, w, c)
        Images of one size; numbers of any type.
    colours : int
        Number of colours.
    seed : int
        Draws the pixels and the first centres.

    Returns
    -------
    ndarray, shape (colours, c)
        Sorted, float64, in the maps' unit.

    Raises
    ------
    TypeError
        If the images are not real numbers.
    ValueError
        If the images differ in size, hold NaN or infinity, or have fewer distinct colours than
        asked for; if no pixel is nearest to some colour; if values are so large or so close that
        their squares leave float64.

    Examples
    --------
    >>> from tdist.pixelwise import palette, quantise
    >>> maps = [[[0, 1], [10, 11]]]  # one picture of 2 x 2 pixels
    >>> colours = palette(maps, 2)
    >>> colours
    array([[ 0.5],
           [10.5]])
    >>> quantise(maps, colours)
    array([[[0, 0],
            [1, 1]]], dtype=uint8)
    """
    maps, colours = check_images(maps), whole("colours", colours, 1)
    if colours < 2:
        raise ValueError(f"a palette needs at least 2 colours, got {colours}")
    seed, count = whole("seed", seed, 0), maps[..., 0].size
    place = np.arange(count)
    if count > SAMPLE:
        place = np.random.default_rng(seed).integers(count, size=SAMPLE)
    pixels = maps[np.unravel_index(place, maps.shape[:3])].astype(np.float64)  # (sample, c)
    pixels, weights = np.unique(pixels, axis=0, return_counts=True)
    if len(pixels) < colours:  # rare colours may have missed the sample
        pixels = maps.reshape(count, -1).astype(np.float64)
        pixels, weights = np.unique(pixels, axis=0, return_counts=True)
    if len(pixels) == 1:
        raise ValueError("the maps hold one colour only: no task")
    if len(pixels) < colours:
        raise ValueError(f"the maps hold {len(pixels)} distinct colours, fewer than the {colours} "
                         f"asked for; pass colours={len(pixels)}")
    _check_spread(pixels)
    offset = pixels.mean(0)
    offset *= np.abs(offset) > FAR * np.ptp(pixels, 0)
    # ratio 0: a rare colour is a colour too, and moving its centre into the crowd would empty it
    means = MiniBatchKMeans(colours, batch_size=4096, n_init=3, reassignment_ratio=0.0,
                            random_state=seed).fit(pixels - offset, sample_weight=weights)
    near = _nearest(pixels - offset, means.cluster_centers_)
    used = np.bincount(near, weights, minlength=colours)
    if not used.all():
        raise ValueError(f"colour {used.argmin()} of the palette is nearest to no pixel (an empty "
                         f"cluster); pass fewer than {colours} colours, or another seed")
    # a mini-batch leaves its centres near the means of their pixels, not on them
    centres = np.stack([np.bincount(near, weights * channel) / used for channel in pixels.T], 1)
    return centres[np.lexsort(centres.T[::-1])]


def quantise(maps, palette):
    """The nearest colour of each pixel; ``palette[codes]`` are the recovered images (m, h, w, c).

    Parameters
    ----------
    maps : array_like, shape (m, h, w) or (m, h, w, c)
    palette : array_like, shape (colours, c)
        Of :func:`palette`; a vector for one channel.

    Returns
    -------
    ndarray of uint8, shape (m, h, w)
        Codes from 0 to colours - 1; int32 above 256 colours.

    Raises
    ------
    TypeError
        If the images or the palette are not real numbers.
    ValueError
        If the images differ in size or have another number of channels than the palette; if
        either holds NaN or infinity; if the palette is empty.

    Examples
    --------
    >>> from tdist.pixelwise import quantise
    >>> quantise([[[0.2, 0.9, 5.0]]], [0.0, 1.0])
    array([[[0, 1, 1]]], dtype=uint8)
    """
    maps, palette = check_images(maps), check_palette(palette)
    if maps.shape[-1] != palette.shape[1]:
        raise ValueError(f"the maps have {maps.shape[-1]} channels and the palette "
                         f"{palette.shape[1]}; make the palette from images of this kind")
    codes = np.empty(maps.shape[:3], np.uint8 if len(palette) <= 256 else np.int32)
    for rows in chunks(len(maps), maps[0].size):
        pixels = maps[rows].reshape(-1, maps.shape[-1])
        codes[rows] = _nearest(pixels, palette).reshape(codes[rows].shape)
    return codes


def recovery_error(maps, palette):
    r"""Mean squared error of the recovered images, :eq:`eq-palette`.

    .. math:: \frac{1}{m\,h\,w\,c} \sum \bigl( \text{maps} - \text{palette}[\text{codes}] \bigr)^2

    Parameters
    ----------
    maps : array_like, shape (m, h, w) or (m, h, w, c)
    palette : array_like, shape (colours, c)

    Returns
    -------
    float
        In the square of the maps' unit.

    Raises
    ------
    TypeError, ValueError
        As :func:`quantise`.

    Examples
    --------
    >>> from tdist.pixelwise import recovery_error
    >>> recovery_error([[[0.0, 1.0, 4.0]]], [0.0, 3.0])  # (0 + 1 + 1) / 3
    0.6666666666666666
    """
    maps, palette = check_images(maps), check_palette(palette)
    total = sum(np.sum((maps[rows] - palette[quantise(maps[rows], palette)]) ** 2)
                for rows in chunks(len(maps), maps[0].size))
    return float(total / maps.size)


def check_palette(palette):
    """A palette (colours, c) in float64; an error if it is not that."""
    palette = to_numpy(palette, "colours of the palette")
    if palette.dtype.kind not in "fiub":
        raise TypeError(f"a palette must be real numbers, got dtype {palette.dtype}; make one with "
                        "tdist.pixelwise.palette")
    palette = palette.astype(np.float64, copy=False)
    palette = palette[:, None] if palette.ndim == 1 else palette
    if palette.ndim != 2 or palette.size == 0:
        raise ValueError(f"a palette must be (colours, channels), or (colours,) for one channel, "
                         f"none of these 0; got shape {palette.shape}")
    fine = (np.abs(palette) < LARGEST).all(1)
    if not fine.all():
        raise ValueError(f"colour {fine.argmin()} of the palette is {palette[fine.argmin()]}: NaN "
                         "or infinity, or too large for its square; leave it out")
    _check_spread(palette)
    return palette


def _check_spread(colours):
    """Refuse colours (n, c) whose differences have squares that are lost."""
    spread = np.ptp(colours, 0).max()
    if 0 < spread < SMALLEST:
        raise ValueError(f"colours vary by {spread:.3g} only, whose square float64 cannot hold; "
                         "multiply the maps by a large number")


def _nearest(pixels, palette):
    """Index (n,) of the nearest colour (colours, c) of each pixel (n, c)."""
    if palette.shape[1] == 1:
        order = palette[:, 0].argsort()
        values = palette[order, 0]
        return order[np.searchsorted((values[1:] + values[:-1]) / 2, pixels[:, 0])]
    offset = palette.mean(0)  # or products of large numbers would lose small differences
    return pairwise_distances_argmin(pixels - offset, palette - offset)
