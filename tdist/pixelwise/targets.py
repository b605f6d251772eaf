"""What callers hand in as targets of pixels: images, codes of colours or labels.

From NumPy, torch, pandas or lists, checked, or refused with the way out. A sample is counted by its
place, never by an index of pandas.
"""

import numpy as np
import torch

from tdist.hscore.moments import CHUNK

LARGEST = np.float64(1e150)  # its square is finite, and so are sums of such squares


def to_numpy(values, what):
    """Numbers as an array that shares their memory where it can; `what` names them in errors."""
    if isinstance(values, torch.Tensor):
        if values.layout != torch.strided:
            raise TypeError(f"{what} are a sparse tensor; pass {what}.to_dense()")
        if values.is_floating_point() and values.dtype.itemsize <= 2:
            values = values.float()  # NumPy has no bfloat16, and no float of one byte
        return values.numpy(force=True)
    if np.ma.is_masked(values):
        raise ValueError(f"{what} hold masked values; fill them in, or leave out those samples")
    if not isinstance(values, list | tuple):
        values = np.asarray(values)
        if values.dtype != object or values.ndim != 1 or not any(np.ndim(one) for one in values):
            return values
    values = [to_numpy(one, what) if isinstance(one, torch.Tensor | np.ndarray) else one
              for one in values]
    sizes = [np.shape(one) for one in values]
    for place, size in enumerate(sizes):
        if size != sizes[0]:
            raise ValueError(f"{what} differ in size: image {place} has shape {size}, image 0 "
                             f"{sizes[0]}; resize them to one size")
    return np.asarray(values)


def chunks(count, size):
    """Slices of `count` rows of `size` numbers, CHUNK numbers at a time."""
    rows = max(1, CHUNK // size)
    return [slice(start, start + rows) for start in range(0, count, rows)]


def check_images(maps):
    """Images (m, h, w, c) of finite numbers, not copied; an error if they are not that."""
    maps = to_numpy(maps, "target images")
    if maps.dtype.kind not in "fiub":
        raise TypeError(f"maps must be real numbers, got dtype {maps.dtype}; convert them with "
                        "np.asarray(maps, float)")
    if maps.ndim not in (3, 4) or 0 in maps.shape:
        raise ValueError(f"maps must be images (m, h, w) or (m, h, w, c), none of these 0; got "
                         f"shape {maps.shape}. Labels are a vector (m,), and codes of any other "
                         "shape go to whiten(features).h_score(codes)")
    maps = maps[..., None] if maps.ndim == 3 else maps
    for rows in chunks(len(maps), maps[0].size) if maps.dtype.kind == "f" else ():
        fine = np.abs(maps[rows]) < LARGEST
        if not fine.all():
            i, y, x, c = np.argwhere(~fine)[0]
            raise ValueError(f"maps hold {maps[rows][i, y, x, c]} at sample {rows.start + i}, "
                             f"pixel ({y}, {x}): NaN or infinity, or too large for its square; "
                             "fill it in, or leave out that sample")
    return maps


def check_codes(codes, n):
    """Codes (m, ...) of n samples as small non-negative integers."""
    codes = to_numpy(codes, "codes")
    if codes.dtype.kind not in "iub":
        raise TypeError(f"codes must be integers, got dtype {codes.dtype}; make them with "
                        "tdist.pixelwise.quantise, or fill in what is missing and convert them "
                        "with .astype(int)")
    if codes.ndim == 0 or len(codes) != n:
        raise ValueError(f"features and maps differ in length: {n} rows and codes of shape "
                         f"{codes.shape}")
    if codes.size == 0:
        raise ValueError(f"there is no pixel: codes have shape {codes.shape}")
    if codes.min() < 0:
        raise ValueError(f"codes must not be negative, got {codes.min()}; leave out samples "
                         "without a colour, or give them one of their own")
    if codes.max() > 255:  # large numbers with gaps would make large tables
        codes = np.unique(codes, return_inverse=True)[1].reshape(codes.shape)
    return codes.astype(np.uint8 if codes.max() <= 255 else np.int32, copy=False)
