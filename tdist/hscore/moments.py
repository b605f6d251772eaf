r"""Additive statistics of features and classes, and the linear algebra that turns them into an H-score.

Counts, class sums and the Gram matrix about a shift are sums over samples, so any batching, order or split over
processes gives the same totals. All of it is float64; extra memory is :math:`O(k^2 + |\mathcal Y| k)`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import blas, eigh, lapack, solve_triangular
from scipy.sparse import csr_array

from tdist.inputs import check_finite, rounding, to_tensor

CHUNK = 2**22  # numbers in float64 at a time: 32 MB
EPS = np.finfo(float).eps


@dataclass
class Moments:
    """Sums over samples z = x - shift; everything a tensor on one device, float64 but for the labels.

    labels (C,) int64 sorted, counts (C,), sums (C, k) = sum of z by class, gram (k, k) = sum of z z^T (lower
    triangle only), shift (k,), quartic (k + 1,) = sum of |z|^2 z and of |z|^4 (zero unless asked for), precision
    (1,) = relative rounding of the coarsest features added.
    """

    labels: torch.Tensor
    counts: torch.Tensor
    sums: torch.Tensor
    gram: torch.Tensor
    shift: torch.Tensor
    quartic: torch.Tensor
    precision: torch.Tensor

    @classmethod
    def about(cls, shift, labels):
        """No samples yet, for classes `labels`, about `shift`."""
        k, c, new = len(shift), len(labels), shift.new_zeros
        return cls(labels, new(c), new(c, k), new(k, k), shift, new(k + 1), new(1))

    @property
    def n(self):
        """Number of samples."""
        return int(self.counts.sum())

    def cover(self, labels):
        """Make room for new classes."""
        union = torch.unique(torch.cat([self.labels, labels]))
        if len(union) > len(self.labels):
            place = torch.searchsorted(union, self.labels)
            self.counts = self.counts.new_zeros(len(union)).index_add_(0, place, self.counts)
            self.sums = self.sums.new_zeros(len(union), self.sums.shape[1]).index_add_(0, place, self.sums)
            self.labels = union

    def add(self, x, y, work, quartic=False):
        """Add samples x (m, k) of any real dtype with labels y (m,) that are covered.

        work (>= m, k), float64, is overwritten: fresh memory for every chunk would cost more than the arithmetic."""
        z = work[: len(x)]
        place = torch.searchsorted(self.labels, y)
        self.counts += torch.bincount(place, minlength=len(self.labels))
        if z.device.type == "cpu":
            self._add_on_cpu(x, z.numpy(), place.numpy(), quartic)
            return
        z.copy_(x).sub_(self.shift)
        self.sums.index_add_(0, place, z)
        self.gram += torch.tril(z.T @ z)
        if quartic:
            square = torch.einsum("ij,ij->i", z, z)
            self.quartic += torch.cat([square @ z, (square @ square)[None]])

    def _add_on_cpu(self, x, z, place, quartic):
        """The same by NumPy and SciPy: torch's threads and those of BLAS would wait for each other's spinning."""
        x = x.float() if x.dtype == torch.bfloat16 else x  # which NumPy lacks
        with np.errstate(invalid="ignore"):  # infinity is found, and named, by check_finite
            np.subtract(x.numpy(), self.shift.numpy(), out=z)
        members = csr_array((np.ones(len(z)), place, np.arange(len(z) + 1)), shape=(len(z), len(self.labels)))
        sums = self.sums.numpy()
        sums += members.T @ z
        # in place, and half the work of a general product
        blas.dsyrk(1.0, z.T, beta=1.0, c=_upper(self.gram), overwrite_c=True)
        if quartic:
            square = np.einsum("ij,ij->i", z, z)
            self.quartic += torch.from_numpy(np.append(square @ z, square @ square))

    def merge(self, other):
        """Add the samples of `other`, which may have another shift and other classes."""
        self.cover(other.labels)
        d = other.shift - self.shift  # z about our shift = z about theirs + d
        total, n = other.sums.sum(0), other.counts.sum()
        place = torch.searchsorted(self.labels, other.labels)
        self.counts.index_add_(0, place, other.counts)
        self.sums.index_add_(0, place, other.sums + other.counts[:, None] * d)
        self.gram += other.gram + torch.tril(torch.outer(d, total) + torch.outer(total, d) + n * torch.outer(d, d))
        self.quartic += other.quartic_about(-d)
        self.precision = torch.maximum(self.precision, other.precision)

    def quartic_about(self, c):
        """The quartic sums of z - c, by expanding |z - c|^2 = |z|^2 - 2 z.c + |c|^2."""
        n, total, square, cc = self.counts.sum(), self.sums.sum(0), self.gram.trace(), c @ c
        gram_c = self.gram @ c + self.gram.T @ c - self.gram.diagonal() * c  # of the whole symmetric matrix
        third = self.quartic[:-1] - 2 * gram_c + cc * total - c * (square - 2 * c @ total + n * cc)
        fourth = (self.quartic[-1] + 4 * c @ gram_c + n * cc**2 - 4 * c @ self.quartic[:-1] + 2 * cc * square
                  - 4 * cc * (c @ total))
        return torch.cat([third, fourth[None]])

    def central(self):
        """cov (k, k) in its upper triangle, class means about the mean times sqrt(n_c / n) (C, k), and the variance
        (k,) that rounding alone gives the columns."""
        n, counts, sums = self.n, self.counts.cpu().numpy(), self.sums.cpu().numpy()
        d, shift = sums.sum(0) / n, self.shift.cpu().numpy()
        cov = _upper((self.gram / n).cpu())
        # of the sums here, and of the features as they came: a few units in the last place
        noise = 64 * EPS * (EPS * shift**2 + cov.diagonal())
        noise += (2 * self.precision.item()) ** 2 * (shift**2 + cov.diagonal())
        cov = blas.dsyr(-1.0, d, a=cov, overwrite_a=True)
        present = counts > 0
        means = sums[present] / counts[present, None] - d
        return cov, np.sqrt(counts[present] / n)[:, None] * means, noise

    def ledoit_wolf(self, cov):
        """Intensity of Ledoit and Wolf's shrinkage towards mu I, as scikit-learn's LedoitWolf computes it."""
        n, k, diagonal = self.n, len(cov), cov.diagonal()
        fourth = float(self.quartic_about(self.sums.sum(0) / n)[-1])
        spread = 2 * _squares(cov) - np.sum(diagonal**2)
        delta = (spread - diagonal.sum() ** 2 / k) / k
        beta = min((fourth / n - spread) / (n * k), delta)
        return max(beta / delta, 0.0) if delta > 0 else 0.0


@dataclass(frozen=True)
class Whitening:
    r"""A linear map x -> z, with cov(z) = I for centred x: columns over their deviations, then times a matrix.

    live (k,) says which columns vary, scale (live,) holds their deviations. The matrix is :math:`U^{-1}` with the
    Cholesky factor U of the correlation matrix, or, where that is singular, directions (live, rank): eigenvectors over
    the roots of their eigenvalues.
    """

    live: np.ndarray
    scale: np.ndarray
    factor: np.ndarray | None
    directions: np.ndarray | None

    @property
    def rank(self):
        """Number of columns of z."""
        return len(self.scale) if self.directions is None else self.directions.shape[1]

    def rows(self, x):
        """A few rows x (n, k) as z (n, rank)."""
        w = x[:, self.live] / self.scale
        return w @ self.directions if self.factor is None else solve_triangular(self.factor, w.T, trans="T").T

    def matrix(self):
        """The matrix (live, rank), for many rows."""
        return self.directions if self.factor is None else lapack.dtrtri(self.factor)[0]


def whitening(cov, noise, n):
    """The Whitening of features with covariance cov (k, k), in its upper triangle, over n samples.

    noise (k,) is the variance of rounding. The rank is the number of eigenvalues of the correlation matrix above
    max(n, k) eps times the largest, and above the rounding noise in their direction.
    """
    live = cov.diagonal() > noise
    cov, noise = _restrict(cov, live), noise[live]
    variance = cov.diagonal()
    scale, noise = np.sqrt(variance), noise / variance
    if not live.any():
        return Whitening(live, scale, None, np.zeros((0, 0)))
    correlation = cov / scale
    correlation /= scale[:, None]
    cut = max(n, len(live)) * EPS
    factor = _certified_cholesky(correlation, cut, noise.max())
    if factor is not None:
        return Whitening(live, scale, factor, None)
    values, vectors = eigh(correlation, lower=False)
    keep = values > np.maximum(cut * values[-1], noise @ vectors**2)
    return Whitening(live, scale, None, vectors[:, keep] / np.sqrt(values[keep]))


def project(cov, means, noise, n, shrinkage=0.0):
    r"""tr(cov_a^+ (1-a) M^T M), the effective rank (1-a) tr(cov_a^+ cov), and the rank of cov.

    cov (k, k) in its upper triangle, means M (C, k), noise (k,) the variance of rounding, a = shrinkage. The rank is
    that of :func:`whitening`.
    """
    white = whitening(cov, noise, n)
    if not white.live.any():
        return 0.0, 0.0, 0
    if shrinkage:
        cov, means = _restrict(cov, white.live), means[:, white.live]
        mu = cov.trace() / len(white.live)  # of all columns: those that do not vary have trace 0
        cov_a = (1 - shrinkage) * cov
        np.fill_diagonal(cov_a, cov_a.diagonal() + shrinkage * mu)
        factor, failed = lapack.dpotrf(cov_a, overwrite_a=1)
        if failed:
            raise ValueError(f"shrinkage {shrinkage:g} is too small to make the covariance invertible; take a larger "
                             "one, or None for the pseudo-inverse")
        inverse, _ = lapack.dtrtri(factor)
        return ((1 - shrinkage) * np.sum(solve_triangular(factor, means.T, trans="T") ** 2),
                len(cov) - shrinkage * mu * _squares(inverse), white.rank)
    return np.sum(white.rows(means) ** 2), float(white.rank), white.rank


def _restrict(cov, live):
    """The rows and columns of cov that are live, in the order of LAPACK."""
    return cov if live.all() else np.asfortranarray(cov[np.ix_(live, live)])


def _squares(triangle):
    """Sum of squares of a matrix in the order of LAPACK; its transpose is flattened without a copy."""
    return np.vdot(triangle.T, triangle.T)


def _upper(gram):
    """A lower triangle in C order, seen without a copy as an upper triangle in the order of LAPACK."""
    return gram.numpy().T


def _certified_cholesky(correlation, cut, floor):
    """The factor U, U^T U = correlation, if it proves that every eigenvalue is above cut times the largest and above
    the floor; else None."""
    factor, failed = lapack.dpotrf(correlation)
    if failed:
        return None
    size = np.abs(correlation)
    norm = (size.sum(0) + size.sum(1) - size.diagonal()).max()
    # rcond in the 1-norm is below lambda_min / lambda_max; the estimate is rarely 3 times too large
    rcond, _ = lapack.dpocon(factor, norm)
    return factor if rcond > 10 * max(cut, floor) else None


def accumulate(moments, features, labels, present, shrinkage):
    """Add features (m, k) with labels (m,) to the moments, chunk by chunk; a new Moments if there are none."""
    rows = min(len(features), max(1, CHUNK // features.shape[1]))
    work = torch.empty(rows, features.shape[1], dtype=torch.float64, device=labels.device)
    for start in range(0, len(features), rows):
        x = to_tensor(features[start : start + rows], labels.device)
        if moments is None:
            moments = Moments.about(x.mean(0, dtype=torch.float64), present)
        moments.cover(present)
        moments.add(x, labels[start : start + rows], work, quartic=shrinkage == "ledoit-wolf")
        check_finite(moments.gram.diagonal(), x, start)
    moments.precision.clamp_(min=rounding(features))
    return moments
