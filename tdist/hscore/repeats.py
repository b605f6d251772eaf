r"""Rows of features that come again: found in batches, and what they do to the score.

A row that comes twice with one label may be one image twice: a copy, in the folder, by
oversampling, by a sampler's padding, by a bootstrap. The corrections for chance count samples and
take copies for independent ones. Where the features tell all distinct rows apart (rank = distinct
rows - 1) they express every function of the rows, and *any* such features score the same.
But a feature with few values, such as a colour, has many samples of each, drawn
independently. The labels tell the two apart: copies agree, draws of a row mostly do not all.
"""

from typing import NamedTuple

import numpy as np
import torch

from tdist.inputs import to_tensor

CHUNK = 2**20  # numbers at a time: 8 MB
BLOCK = 2**17  # numbers hashed at a time: they stay in the cache
FEW = 32  # features, evenly spaced, that are read first
NOTICED = 0.02
LOW = 2**32 - 1


class Repeats(NamedTuple):
    """How rows repeat.

    Attributes
    ----------
    distinct : int
        Number of distinct rows.
    settled : int
        Those of them whose samples all have one label: each may be one sample and its copies.
    open : int
        Number of samples of the other rows.
    """

    distinct: int
    settled: int
    open: int

    def saturated(self, rank, classes):
        """Whether any features that tell the rows apart would reach the same score."""
        # where every class is one row, the features are the labels: no accident
        return rank >= self.distinct - 1 and self.open <= self.settled and self.distinct > classes

    def notable(self, rank, n):
        """Whether counting copies once moves the chance level by more than NOTICED of the bound."""
        once = self.settled + self.open  # samples, if copies count once
        return rank * (1 / max(once - 1, rank) - 1 / (n - 1)) > NOTICED

    def words(self, rank, classes, n):
        """What to say about them."""
        once = self.settled + self.open
        text = f"{n - once} of {n} rows of features repeat another row and its label"
        if self.saturated(rank, classes):
            text += (f", and the features tell all {self.distinct} distinct rows apart (rank "
                     f"{rank:.0f}): any features that do reach the same score, so adjusted and "
                     "pvalue are NaN")
        else:
            chance = (classes - 1) * np.array([rank / (n - 1), rank / max(once - 1, rank)])
            text += (f"; if they are copies and no samples of their own, chance is {chance[1]:.3g} "
                     f"and not {chance[0]:.3g}, and adjusted and pvalue are wrong")
        return text + (". Oversampling, a sampler's padding and a bootstrap of rows make copies: "
                       "score each sample once")


def fingerprints(x):
    """A number (m,) int64 for each row of a tensor x (m, k): equal rows of one type, equal numbers.

    A sum of the values' bits times random odd numbers, modulo 2^64, which is exact in any order;
    two given rows that differ have the same number with probability 2^-40 or less.
    """
    m, k = x.shape
    factors = np.random.PCG64(0).random_raw(k).view(np.int64) | 1
    single = x.dtype in (torch.float16, torch.bfloat16, torch.float32)
    if x.device.type != "cpu":
        x = (x.float() if single else x.double()) + 0.0
        bits = x.view(torch.int32).long() if single else x.view(torch.int64)
        bits = bits if single else bits ^ (bits >> 32) & LOW
        return (bits * torch.from_numpy(factors).to(x.device)).sum(1)
    x = (x.float() if x.dtype == torch.bfloat16 else x).numpy()
    step = max(1, min(m, BLOCK // k))
    # memory that is used again: fresh memory for every block costs a third of the time
    values = np.empty((step, k), np.float32 if single else np.float64)
    bits = np.empty((step, k), np.int64)
    found = np.empty(m, np.int64)
    for start in range(0, m, step):
        n = len(block := x[start : start + step])
        np.add(block, 0.0, out=values[:n])  # 0.0 for -0.0
        bits[:n] = values[:n].view(np.int32 if single else np.int64)
        if not single:
            bits[:n] ^= (bits[:n] >> 32) & LOW  # the low bits of whole numbers are all 0
        found[start : start + step] = np.einsum("ij,j->i", bits[:n], factors)
    return torch.from_numpy(found)


# Sums over samples, as in Moments: rows (p, 3) int64 holds a fingerprint, a label, and how many
# samples have both. A single row of zeros says that so many rows differ that copies do not matter.


def none(device):
    """No samples yet."""
    return torch.zeros(0, 3, dtype=torch.int64, device=device)


def unread(device):
    """What is merged with any rows and stays as it is: for sums whose rows are not asked for."""
    return torch.zeros(1, 3, dtype=torch.int64, device=device)


def plenty(k):
    """With more samples than this, copies counted once, repeats move the chance level of k
    features by less than NOTICED of the bound."""
    return int((k + 1) / NOTICED)


def entries(x, y):
    """The samples x (m, k) of labels y (m,) as rows (m, 3)."""
    return torch.stack([fingerprints(x), y, torch.ones_like(y)], 1)


def merge(rows, other, k):
    """The rows of two parts of the samples, of k features."""
    if many(rows) or many(other):
        return rows if many(rows) else other
    return _within(_joined(rows, other), plenty(k))


def _joined(rows, other):
    """Both; on the CPU by NumPy, for torch's threads would wait for those of BLAS."""
    if rows.device.type != "cpu":
        return torch.cat([rows, other])
    return torch.from_numpy(np.concatenate([rows.numpy(), other.numpy()]))


def many(rows):
    """Whether so many rows differ that copies do not matter."""
    return len(rows) == 1 and not rows.any()


def _within(rows, limit):
    """The same rows, with no more than a few times `limit` entries."""
    if len(rows) > 2 * limit:
        rows = _summed(rows)
        if len(rows) > limit:
            return unread(rows.device)
    return rows


def _summed(rows):
    """Each fingerprint and label once, in order, with how many samples have them."""
    numbers = rows.cpu().numpy()
    numbers = numbers[np.lexsort((numbers[:, 1], numbers[:, 0]))]
    new = (numbers[1:, :2] != numbers[:-1, :2]).any(1)
    first = np.flatnonzero(np.concatenate([[True], new]))
    times = np.add.reduceat(numbers[:, 2], first)
    found = np.column_stack([numbers[first, :2], times])
    return torch.from_numpy(found).to(rows.device)


def count(rows):
    """The Repeats among rows, or None where so many differ that they do not matter."""
    if many(rows):
        return None
    rows = _summed(rows).cpu().numpy()
    _, start, labels = np.unique(rows[:, 0], return_index=True, return_counts=True)
    samples = np.add.reduceat(rows[:, 2], start)
    return Repeats(len(start), int((labels == 1).sum()), int(samples[labels > 1].sum()))


def numbers(features, device):
    """A number (m,) for each row of checked features, from 0, equal for equal rows."""
    return np.unique(_keys(features, device), return_inverse=True)[1]


def saturated(rows, codes, rank):
    """For which of the tasks with codes (m, tasks) features of a rank are saturated, (tasks,).

    rows (m,): of :func:`numbers`. All False where no row comes again.
    """
    distinct = rows.max() + 1
    if rank < distinct - 1 or distinct == len(rows):
        return np.zeros(codes.shape[1], bool)
    once = np.ones(len(rows), int)
    found = [count(torch.from_numpy(np.stack([rows, column, once], 1))).saturated(
        rank, len(np.unique(column))) for column in codes.T]
    return np.array(found)


def rows_of(features, labels):
    """The rows of checked features (m, k) with labels (m,), on the labels' device."""
    y = labels.cpu()
    rows = torch.stack([torch.from_numpy(_keys(features, labels.device)), y, torch.ones_like(y)], 1)
    return _within(rows, plenty(features.shape[1])).to(labels.device)


def _keys(features, device):
    """A number (m,) int64 for each row of checked features (m, k): equal rows, equal numbers.

    Rows that differ mostly differ in FEW features already; the others are read whole.
    """
    m, k = features.shape
    apart, step = max(1, k // FEW), max(1, CHUNK // k)
    keys = np.concatenate([_fingerprints(features[start : start + step, ::apart], device)
                           for start in range(0, m, step)])
    _, place, times = np.unique(keys, return_inverse=True, return_counts=True)
    again = np.flatnonzero(times[place] > 1) if apart > 1 else []
    for start in range(0, len(again), step):
        some = again[start : start + step]
        keys[some] = _fingerprints(features[some], device)
    return keys


def _fingerprints(features, device):
    return fingerprints(to_tensor(features, device)).cpu().numpy()
