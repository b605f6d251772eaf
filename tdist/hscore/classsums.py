"""Sums of whitened features by class, for many tasks at once: the colour of each pixel, or labels
shuffled many times.

Neighbouring pixels have their colours in common. So a group of pixels is summed by *joint* colour,
once over all samples; the few joint sums then add up to each pixel's own. The commonest joint
colour of a group is not summed at all: the features have mean 0, so its sum is minus that of the
others. Maps that are mostly background cost little.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import torch

NONZEROS = 2**22  # samples times pixels at a time
TABLE = 2**24  # sums at a time
SLAB = 32  # columns of z summed together: 20,000 rows of them stay in the cache
BLOCK = 16  # at most so many pixels in a group
WIDEST = 2**20  # products of colours larger than this are not tried as joint colours


@dataclass
class _Group:
    """Pixels that are summed together."""

    joint: np.ndarray  # (m,) each sample's joint colour
    counts: np.ndarray  # (joint colours,) samples that have it
    table: np.ndarray  # (joint colours, pixels) the colour of each pixel in it

    @property
    def adds(self):
        """Additions a column of z."""
        return self.counts.sum() - self.counts.max() + self.table.size


class SumsByColour:
    """Squared sums by colour of features z (m, rank) with mean 0, on any device.

    At most `pixels` pixels at a time. On a CPU with MKL the sums are sparse products; elsewhere
    products with indicators, which on a GPU are as fast.
    """

    def __init__(self, z, colours):
        self.z, self.colours = z, colours
        self.sparse = z.device.type == "cpu" and torch.backends.mkl.is_available()
        self.slabs = [slab.contiguous() for slab in z.split(SLAB, 1)] if self.sparse else []
        wide = TABLE // (colours * (SLAB if self.sparse else max(z.shape)))
        self.pixels = max(1, min(NONZEROS // len(z), wide))
        if self.pixels > BLOCK:
            self.pixels -= self.pixels % BLOCK

    def squares(self, codes):
        """Squared length of the sum of z over the samples of each colour, (pixels, colours), of
        codes (pixels, m)."""
        return self._by_joint_colours(codes) if self.sparse else self._by_indicators(codes)

    def _by_indicators(self, codes):
        codes = torch.tensor(codes, device=self.z.device)
        # (pixels, colours, m)
        indicators = codes[:, None] == torch.arange(self.colours, device=self.z.device)[:, None]
        return (indicators.to(self.z.dtype) @ self.z).square().sum(2).cpu().numpy()

    def _by_joint_colours(self, codes):
        groups = [group for start in range(0, len(codes), BLOCK)
                  for group in _join(codes[start : start + BLOCK], self.colours)]
        to_joint, to_pixels, left_out = _matrices(groups, self.colours, codes.shape[1])
        pixels = torch.arange(len(codes))
        squares = torch.zeros(len(codes), self.colours, dtype=torch.float64)
        for slab in self.slabs:  # (m, columns)
            # (pixels, colours, columns)
            sums = (to_pixels @ (to_joint @ slab)).view(len(codes), self.colours, -1)
            sums[pixels, left_out] = -sums.sum(1)
            squares += sums.square_().sum(2)
        return squares.numpy()


def permuted(z, codes, permutations, seed):
    """The p value of the H-score of whitened samples z (m, rank) for codes (m,), among labels that
    are shuffled."""
    rng, counts = np.random.default_rng(seed), np.bincount(codes)
    sums, small = SumsByColour(z, len(counts)), codes.astype(np.min_scalar_type(len(counts)))
    true = (sums.squares(small[None]) / counts).sum()
    higher = 0
    for start in range(0, permutations, sums.pixels):
        some = min(sums.pixels, permutations - start)
        shuffled = np.stack([rng.permutation(small) for _ in range(some)])
        scores = (sums.squares(shuffled) / counts).sum(1)
        higher += int((scores >= true * (1 - 1e-9)).sum())  # equal but for rounding is equal
    return (1 + higher) / (1 + permutations)


def _join(codes, colours):
    """Groups of the pixels of codes (pixels, m): two become one where that saves additions."""
    if len(codes) == 1:
        counts = np.bincount(codes[0], minlength=colours)
        return [_Group(codes[0], counts, np.arange(colours)[:, None])]
    half = len(codes) // 2
    parts = _join(codes[:half], colours) + _join(codes[half:], colours)
    if len(parts) > 2 or len(parts[0].counts) * len(parts[1].counts) > WIDEST:
        return parts
    a, b = parts
    joint = a.joint.astype(np.intp) * len(b.counts) + b.joint
    counts = np.bincount(joint)
    seen = np.flatnonzero(counts)
    both = _Group(joint, counts[seen], np.hstack([a.table[seen // len(b.counts)],
                                                  b.table[seen % len(b.counts)]]))
    if both.adds >= a.adds + b.adds:
        return parts
    rank = np.zeros(len(counts), np.min_scalar_type(len(seen)))  # NumPy sorts small integers faster
    rank[seen] = np.arange(len(seen))
    both.joint = rank[joint]
    return [both]


def _matrices(groups, colours, m):
    """Sparse matrices of ones, (joint colours, m) and (pixels * colours, joint colours), and the
    colour of each pixel (pixels,) that they do not sum: that in the commonest joint colour of its
    group."""
    samples, sizes, rows, columns, left_out = [], [], [], [], []
    pixel = joint = 0
    for group in groups:
        top = group.counts.argmax()
        order = np.argsort(group.joint, kind="stable")
        before = group.counts[:top].sum()
        samples += [order[:before], order[before + group.counts[top] :]]
        sizes.append(np.delete(group.counts, top))
        table = np.delete(group.table, top, 0)  # (joint, pixels)
        place, own = np.nonzero(table != group.table[top])
        rows.append((pixel + own) * colours + table[place, own])
        columns.append(joint + place)
        left_out.append(group.table[top])
        pixel, joint = pixel + group.table.shape[1], joint + len(table)
    rows, columns, sizes = np.concatenate(rows), np.concatenate(columns), np.concatenate(sizes)
    by_row = np.argsort(rows, kind="stable")
    return (_ones(sizes, np.concatenate(samples), m),
            _ones(np.bincount(rows, minlength=pixel * colours), columns[by_row], joint),
            torch.from_numpy(np.concatenate(left_out)))


def _ones(sizes, columns, width):
    """A sparse matrix with `sizes` ones in its rows, in the columns given row by row."""
    ends = torch.from_numpy(np.r_[0, np.cumsum(sizes)].astype(np.int32))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse")  # in beta, says torch
        return torch.sparse_csr_tensor(ends, torch.from_numpy(columns.astype(np.int32)),
                                       torch.ones(len(columns), dtype=torch.float64),
                                       (len(sizes), width))
