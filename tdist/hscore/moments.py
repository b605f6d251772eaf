r"""Additive statistics of features and classes.

Counts, class sums and the Gram matrix about a shift are sums over samples, so any batching, order
or split over processes gives the same totals. All of it is float64; time is :math:`O(m k^2)`, extra
memory :math:`O(k^2 + |\mathcal Y| k)`.
"""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import blas
from scipy.sparse import csr_array

from tdist.hscore import repeats
from tdist.inputs import not_finite, rounding, to_tensor

CHUNK = 2**22  # numbers in float64 at a time: 32 MB, no more than a covariance of 2,048 features
BLOCK = 2**17  # numbers at a time that stay in the cache: two threads wait less than with fewer
FIRST = 256  # samples whose mean the sums are about
LARGE = 2**18  # numbers that take longer than a thread takes to start
EPS = np.finfo(float).eps
TINY = np.finfo(float).tiny / EPS  # sums of squares below have lost digits to underflow


@dataclass
class Moments:
    """Sums over samples z = x - shift, of k features and C classes; tensors on one device.

    Attributes
    ----------
    labels : (C,) int64
        The classes, sorted.
    counts : (C,) float64, as all that follow but rows
    sums : (C, k)
        Sum of z by class.
    gram : (k, k)
        Sum of z z^T, in its lower triangle.
    shift : (k,)
    quartic : (k + 1,), or (0,) where it is not kept
        Sum of \\|z\\|^2 z, and of \\|z\\|^4.
    precision : (1,)
        Relative rounding of the coarsest features added.
    rows : (p, 3) int64
        Of :mod:`tdist.hscore.repeats`.
    """

    labels: torch.Tensor
    counts: torch.Tensor
    sums: torch.Tensor
    gram: torch.Tensor
    shift: torch.Tensor
    quartic: torch.Tensor
    precision: torch.Tensor
    rows: torch.Tensor

    @classmethod
    def about(cls, shift, labels, quartic=False, rows=True):
        """No samples yet, for classes `labels`, about `shift`."""
        k, c, new = len(shift), len(labels), shift.new_zeros
        read = repeats.none if rows else repeats.unread
        return cls(labels, new(c), new(c, k), zeros(k, k, shift.device), shift,
                   new(k + 1 if quartic else 0), new(1), read(shift.device))

    @property
    def n(self):
        """Number of samples."""
        return int(self.counts.sum())

    def cover(self, labels):
        """Make room for new classes."""
        union = torch.unique(torch.cat([self.labels, labels]))  # (C',)
        if len(union) > len(self.labels):
            place = torch.searchsorted(union, self.labels)  # (C,) of the old classes among the new
            counts = self.counts.new_zeros(len(union))
            sums = self.sums.new_zeros(len(union), self.sums.shape[1])
            self.counts = counts.index_add_(0, place, self.counts)
            self.sums = sums.index_add_(0, place, self.sums)
            self.labels = union

    def add(self, x, y, work, targets=0):
        """Add samples x (m, k) of any real dtype with labels y (m,) that are covered.

        work (>= m, k), float64, is overwritten: fresh memory for every chunk would cost more than
        the arithmetic. targets: how many of the last columns are the samples' labels, as numbers.
        """
        z = work[: len(x)]  # (m, k)
        place = _place(self.labels, y)  # (m,)
        self.counts += torch.bincount(place, minlength=len(self.labels))
        if z.device.type == "cpu" and x.numel() >= LARGE and not repeats.many(self.rows):
            with ThreadPoolExecutor(1) as beside:  # on the core that NumPy leaves idle
                rows = beside.submit(self._entries, x, y, targets)
                self._sum_on_cpu(x, z.numpy(), place.numpy())
            rows = rows.result()
        else:
            rows = self._entries(x, y, targets)
            if z.device.type == "cpu":
                self._sum_on_cpu(x, z.numpy(), place.numpy())
            else:
                z.copy_(x).sub_(self.shift)
                self.sums.index_add_(0, place, z)
        self.rows = repeats.merge(self.rows, rows, x.shape[1] - targets)
        self.gram = add_gram(self.gram, z)
        if len(self.quartic):
            square, third = _fourth(z)
            self.quartic += torch.cat([third, (square @ square)[None]])

    def _entries(self, x, y, targets):
        """What the samples add to the rows."""
        if repeats.many(self.rows):
            return self.rows
        if targets:
            x, y = x[:, :-targets], repeats.fingerprints(x[:, -targets:])
        return repeats.entries(x, y)

    def _sum_on_cpu(self, x, z, place):
        """z = x - shift and the class sums, by NumPy and SciPy: torch's threads and those of BLAS
        would wait for each other's spinning."""
        x = x.float() if x.dtype == torch.bfloat16 else x  # which NumPy lacks
        x, shift, step = x.numpy(), self.shift.numpy(), max(1, BLOCK // x.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):  # found, and named, by accumulate
            for start in range(0, len(z), step):
                block = z[start : start + step]
                block[...] = x[start : start + step]
                block -= shift
        members = csr_array((np.ones(len(z)), place, np.arange(len(z) + 1)),
                            shape=(len(z), len(self.labels)))  # row i has a 1 at its class
        sums = self.sums.numpy()
        sums += members.T @ z

    def merge(self, other):
        """Add the samples of `other`, which may have another shift and other classes."""
        self.cover(other.labels)
        d = other.shift - self.shift  # (k,): z about our shift = z about theirs + d
        total, n = other.sums.sum(0), other.counts.sum()  # (k,), ()
        place = torch.searchsorted(self.labels, other.labels)
        self.counts.index_add_(0, place, other.counts)
        self.sums.index_add_(0, place, other.sums + other.counts[:, None] * d)
        cross = torch.outer(d, total)  # sum of (z + d)(z + d)^T = gram + cross + cross^T + n d d^T
        self.gram += other.gram + torch.tril(cross + cross.T + n * torch.outer(d, d))
        if len(self.quartic):
            self.quartic += other.quartic_about(-d)
        self.precision = torch.maximum(self.precision, other.precision)
        self.rows = repeats.merge(self.rows, other.rows, len(d))

    def quartic_about(self, c):
        """The quartic sums of z - c, by expanding |z - c|^2 = |z|^2 - 2 z.c + |c|^2."""
        n, total, square, cc = self.counts.sum(), self.sums.sum(0), self.gram.trace(), c @ c
        # the whole symmetric matrix times c: both triangles, and the diagonal once
        gram_c = self.gram @ c + self.gram.T @ c - self.gram.diagonal() * c  # (k,)
        third = (self.quartic[:-1] - 2 * gram_c + cc * total
                 - c * (square - 2 * c @ total + n * cc))  # (k,)
        fourth = (self.quartic[-1] + 4 * c @ gram_c + n * cc**2 - 4 * c @ self.quartic[:-1]
                  + 2 * cc * square - 4 * cc * (c @ total))  # ()
        return torch.cat([third, fourth[None]])

    def central(self, overwrite=False):
        """cov (k, k) in its upper triangle, class means about the mean times sqrt(n_c / n) (C, k),
        and the variance (k,) that rounding alone gives the columns.

        overwrite: cov takes the memory of gram, and the Moments are spent. Fresh memory costs a
        virtual machine more than the arithmetic.
        """
        n, counts, sums = self.n, self.counts.cpu().numpy(), self.sums.cpu().numpy()
        d, shift = sums.sum(0) / n, self.shift.cpu().numpy()
        self._check_underflow(sums, shift)
        gram = _upper(self.gram.cpu())
        cov = np.divide(gram, n, out=gram if overwrite else None)  # about the shift, as yet
        noise = noise_of(shift, cov.diagonal(), self.precision.item())
        cov = blas.dsyr(-1.0, d, a=cov, overwrite_a=True)  # cov - d d^T
        present = counts > 0
        means = sums[present] / counts[present, None] - d  # (C, k)
        return cov, np.sqrt(counts[present] / n)[:, None] * means, noise

    def _check_underflow(self, sums, shift):
        """Refuse columns that move by less than the root of the smallest float64."""
        small = self.gram.diagonal().cpu().numpy() < TINY
        moved = np.abs(sums).max(0) > 8 * self.n * EPS * np.abs(shift)
        refuse_underflow(small & moved)

    def ledoit_wolf(self, cov):
        """Intensity of Ledoit and Wolf's shrinkage for features with covariance cov (k, k), in its
        upper triangle."""
        diagonal = cov.diagonal()
        with np.errstate(over="ignore", invalid="ignore"):  # refused there
            squares = 2 * np.vdot(cov.T, cov.T) - np.sum(diagonal**2)  # of the whole matrix
        fourth = float(self.quartic_about(self.sums.sum(0) / self.n)[-1])
        return ledoit_wolf(fourth / self.n, diagonal.sum(), squares, self.n, len(cov))


def ledoit_wolf(fourth, trace, squares, n, k):
    """Intensity of Ledoit and Wolf's shrinkage towards mu I, as scikit-learn's LedoitWolf has it.

    fourth: mean of |x|^4 over n centred samples of k features. trace, squares: of their covariance,
    and the sum of squares of its entries.
    """
    if trace > 0 and not TINY < fourth < np.inf:
        raise ValueError(f'the features are of size {np.sqrt(trace / k):.0e}, and "ledoit-wolf" '
                         "needs their fourth powers in float64; multiply all by one number first")
    delta = (squares - trace**2 / k) / k
    beta = (fourth - squares) / (n * k)
    if beta * n * k <= 64 * EPS * fourth or delta <= 0:  # 0, but for rounding
        return 0.0
    return min(beta / delta, 1.0)


def noise_of(shift, second, precision):
    """The variance (k,) that rounding gives columns with second moment `second` about `shift`: a
    few units in the last place of the sums here, and of the features as they came."""
    sums = 64 * EPS * (EPS * shift**2 + second)
    return sums + (2 * precision) ** 2 * (shift**2 + second)


def refuse_underflow(columns):
    """Refuse columns (k,) that are marked."""
    if columns.any():
        raise ValueError(f"squares of the features underflow float64: column {columns.argmax()} "
                         "varies by less than 1e-146; multiply the small columns by a large number")


def accumulate(moments, features, labels, present, quartic=False, earlier=0, targets=0, rows=True):
    """Add features (m, k) with labels (m,), among them `present`, to the moments, chunk by chunk.

    moments: None to begin, with the sums of fourth powers if quartic, and with the rows, if asked
    for. earlier: samples before these in a stream, for the error that names a row. targets: as in
    :meth:`Moments.add`.
    """
    m, k = features.shape
    step = min(m, max(1, CHUNK // k))
    if moments is None:
        check_room(k, labels.device)
    work = zeros(step, k, labels.device)
    for start in range(0, m, step):
        x = to_tensor(features[start : start + step], labels.device)
        if moments is None:
            moments = Moments.about(_mean(x[:FIRST]), present, quartic, rows)
        moments.cover(present)
        moments.add(x, labels[start : start + step], work, targets)
        # NaN and infinity spread to the sums of squares, which are cheaper to look at than x
        if not torch.isfinite(moments.gram.diagonal()).all():
            raise not_finite(x, start, earlier)
    moments.precision.clamp_(min=rounding(features))
    return moments


def _mean(x):
    """The mean (k,) of rows x (m, k); on the CPU by NumPy: BLAS waits for torch's threads."""
    if x.device.type != "cpu" or x.dtype == torch.bfloat16:  # which NumPy lacks
        return x.mean(0, dtype=torch.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # infinity is named by accumulate
        return torch.from_numpy(x.numpy().mean(0, dtype=np.float64))


def check_room(k, device):
    """Warn before a matrix of more than 1 GB; refuse one that the machine cannot hold."""
    size = 8 * k**2
    if size <= 1e9:
        return
    text = (f"{k:,} features a sample: their Gram matrix takes {size / 1e9:.1f} GB, and the score "
            "at the end four times as much. Average over positions first; or, where samples are "
            "fewer than features, score them in one call of h_score, which then needs (samples, "
            "samples)")
    if device.type == "cpu" and size > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
        raise MemoryError(text)
    warnings.warn(text, stacklevel=4)


def zeros(rows, columns, device):
    """A tensor (rows, columns) of float64. On the CPU of NumPy's memory, which comes in large pages
    and so costs a quarter of torch's when it is first written."""
    if device.type != "cpu":
        return torch.zeros(rows, columns, dtype=torch.float64, device=device)
    return torch.from_numpy(np.zeros((rows, columns)))


def add_gram(gram, z):
    """gram + z^T z in the lower triangle, for z (m, k) float64: in place where memory allows, with
    half the work of a general product on the CPU."""
    if z.device.type != "cpu":
        gram += torch.tril(z.T @ z)
        return gram
    total = blas.dsyrk(1.0, z.numpy().T, beta=1.0, c=_upper(gram), overwrite_c=True)
    return torch.from_numpy(total.T)  # the memory of gram, unless BLAS had to copy it


def _upper(gram):
    """A lower triangle in C order, seen without a copy as an upper triangle in the order of
    LAPACK."""
    return gram.numpy().T


def _place(labels, y):
    """Where y (m,) stand among the sorted labels; on the CPU by NumPy, as :func:`_mean`."""
    if y.device.type != "cpu":
        return torch.searchsorted(labels, y)
    return torch.from_numpy(np.searchsorted(labels.numpy(), y.numpy()))


def _fourth(z):
    """|z|^2 (m,), and the sum of |z|^2 z (k,), of rows z (m, k); on the CPU by SciPy's BLAS, whose
    threads and those of another would wait for each other."""
    if z.device.type != "cpu":
        square = torch.einsum("ij,ij->i", z, z)
        return square, square @ z
    square = np.einsum("ij,ij->i", z.numpy(), z.numpy())  # infinite ones: refused by ledoit_wolf
    return torch.from_numpy(square), torch.from_numpy(blas.dgemv(1.0, z.numpy().T, square))
