"""Palettes: the few colours that stand for all pixels of a task's target images.

A target image becomes a classification task at each pixel when its colours are cut to a few; what that costs is the
recovery error, :eq:`eq-palette`. Appendix G of the H-score paper.
"""

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import pairwise_distances_argmin

CHUNK = 2**22  # numbers at a time
SAMPLE = 2**18  # pixels that a palette is fitted to


def palette(maps, colours=16, seed=0):
    """The colours that stand for all pixels of a task's target images, by k-means.

    scikit-learn's MiniBatchKMeans on at most 262,144 pixels, drawn with the seed, and one last step to the means of
    each colour's pixels. With more colours the recovery error falls, :eq:`eq-palette`.

    Parameters
    ----------
    maps : array_like, shape (m, h, w) or (m, h, w, c)
        Images of one size; numbers of any type.
    colours : int
        Number of colours.
    seed : int

    Returns
    -------
    ndarray, shape (colours, c)
        Sorted, float64, in the maps' unit.

    Raises
    ------
    ValueError
        If the images differ in size, hold NaN or infinity, or have fewer distinct colours than asked for; if no pixel
        is nearest to some colour.
    """
    maps = check_images(maps)
    if colours < 2:
        raise ValueError(f"a palette needs at least 2 colours, got {colours}")
    count = maps[..., 0].size
    place = np.arange(count) if count <= SAMPLE else np.random.default_rng(seed).integers(count, size=SAMPLE)
    pixels = maps[np.unravel_index(place, maps.shape[:3])].astype(np.float64)  # (sample, c)
    pixels, weights = np.unique(pixels, axis=0, return_counts=True)
    if len(pixels) < colours:  # rare colours may have missed the sample
        pixels, weights = np.unique(maps.reshape(count, -1).astype(np.float64), axis=0, return_counts=True)
    if len(pixels) < colours:
        raise ValueError(f"the maps hold {len(pixels)} distinct colours, fewer than the {colours} asked for; pass "
                         f"colours={len(pixels)}" if len(pixels) > 1 else "the maps hold one colour only: no task")
    # ratio 0: a rare colour is a colour too, and moving its centre into the crowd would empty it
    means = MiniBatchKMeans(colours, batch_size=4096, n_init=3, reassignment_ratio=0.0, random_state=seed)
    near = _nearest(pixels, means.fit(pixels, sample_weight=weights).cluster_centers_)
    used = np.bincount(near, weights, minlength=colours)
    if not used.all():
        raise ValueError(f"colour {used.argmin()} of the palette is nearest to no pixel (an empty cluster); "
                         f"pass fewer than {colours} colours, or another seed")
    # a mini-batch leaves its centres near the means of their pixels, not on them
    centres = np.stack([np.bincount(near, weights * channel) / used for channel in pixels.T], 1)
    return centres[np.lexsort(centres.T[::-1])]


def quantise(maps, palette):
    """The nearest colour of each pixel: codes (m, h, w), uint8 (int32 above 256 colours); ``palette[codes]`` are the
    recovered images (m, h, w, c).

    Parameters
    ----------
    maps : array_like, shape (m, h, w) or (m, h, w, c)
    palette : array_like, shape (colours, c)
        Of :func:`palette`; a vector for one channel.

    Raises
    ------
    ValueError
        If the images differ in size, hold NaN or infinity, or have another number of channels than the palette.
    """
    maps, palette = check_images(maps), _colours(palette)
    if maps.shape[-1] != palette.shape[1]:
        raise ValueError(f"the maps have {maps.shape[-1]} channels and the palette {palette.shape[1]}; make "
                         "the palette from images of this kind")
    codes = np.empty(maps.shape[:3], np.uint8 if len(palette) <= 256 else np.int32)
    for rows in _chunks(maps):
        codes[rows] = _nearest(maps[rows].reshape(-1, maps.shape[-1]), palette).reshape(codes[rows].shape)
    return codes


def recovery_error(maps, palette):
    r"""Mean squared error of the recovered images, :eq:`eq-palette`.

    .. math:: \frac{1}{m\,h\,w\,c} \sum \bigl( \text{maps} - \text{palette}[\text{codes}] \bigr)^2

    In the square of the maps' unit; parameters and errors as in :func:`quantise`.
    """
    maps, palette = check_images(maps), _colours(palette)
    total = sum(np.sum((maps[rows] - palette[quantise(maps[rows], palette)]) ** 2) for rows in _chunks(maps))
    return float(total / maps.size)


def check_images(maps):
    """Images (m, h, w, c) of finite numbers, not copied; an error if they are not that."""
    if isinstance(maps, list | tuple):
        sizes = [tuple(np.shape(image)) for image in maps]
        for place, size in enumerate(sizes):
            if size != sizes[0]:
                raise ValueError(f"target images differ in size: image {place} has shape {size}, image 0 {sizes[0]}; "
                                 "resize them to one size")
    maps = maps.detach().cpu().numpy() if isinstance(maps, torch.Tensor) else np.asarray(maps)
    if maps.dtype.kind not in "fiub":
        raise TypeError(f"maps must be real numbers, got dtype {maps.dtype}")
    if maps.ndim not in (3, 4) or 0 in maps.shape:
        raise ValueError(f"maps must be images (m, h, w) or (m, h, w, c), none of these 0; got shape {maps.shape}")
    maps = maps[..., None] if maps.ndim == 3 else maps
    for rows in _chunks(maps) if maps.dtype.kind == "f" else ():
        if not np.isfinite(maps[rows]).all():
            i, y, x, _ = np.argwhere(~np.isfinite(maps[rows]))[0]
            raise ValueError(f"maps hold NaN or infinity at sample {rows.start + i}, pixel ({y}, {x}); fill it in, or "
                             "leave out that sample")
    return maps


def _colours(palette):
    palette = np.asarray(palette, np.float64)
    return palette[:, None] if palette.ndim == 1 else palette


def _chunks(maps):
    """Slices of samples, CHUNK numbers each."""
    rows = max(1, CHUNK // maps[0].size)
    return [slice(start, start + rows) for start in range(0, len(maps), rows)]


def _nearest(pixels, palette):
    """Index of the nearest colour of each pixel (n, c)."""
    if palette.shape[1] == 1:
        order = palette[:, 0].argsort()
        values = palette[order, 0]
        return order[np.searchsorted((values[1:] + values[:-1]) / 2, pixels[:, 0])]
    return pairwise_distances_argmin(pixels.astype(np.float64), palette)
