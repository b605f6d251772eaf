r"""From a covariance and class means to an H-score: rank, whitening, shrinkage."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh, lapack, solve_triangular

from tdist.hscore.moments import EPS

STRIP = 64  # columns that stay in the cache


@dataclass(frozen=True)
class Whitening:
    r"""A linear map x -> z, with cov(z) = I for centred x: columns over their deviations, then
    times a matrix.

    live (k,) says which columns vary, scale (live,) holds their deviations. The matrix is
    :math:`U^{-1}` with the Cholesky factor U of the correlation matrix, or, where that is singular,
    directions (live, rank): eigenvectors over the roots of their eigenvalues.
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
        if self.factor is None:
            return w @ self.directions
        return solve_triangular(self.factor, w.T, trans="T", check_finite=False).T

    def matrix(self):
        """The matrix (live, rank), for many rows."""
        return self.directions if self.factor is None else lapack.dtrtri(self.factor)[0]

    def back(self):
        """The matrix (live, rank) B with cov(x) = B B^T, of the columns that vary, where the
        correlation matrix is singular."""
        values = 1 / np.sum(self.directions**2, axis=0)  # (rank,): the vectors have length 1
        return self.scale[:, None] * self.directions * values


def whitening(cov, noise, n):
    """The Whitening of features with covariance cov (k, k), in its upper triangle, over n samples.

    noise (k,) is the variance of rounding. The rank is the number of eigenvalues of the correlation
    matrix above max(n, k) eps times the largest, and above the rounding noise in their direction.
    """
    live = cov.diagonal() > noise
    cov, noise = _restrict(cov, live), noise[live]
    variance = cov.diagonal()
    scale, noise = np.sqrt(variance), noise / variance
    if not live.any():
        return Whitening(live, scale, None, np.zeros((0, 0)))
    cut = max(n, len(live)) * EPS
    factor = _certified_cholesky(_correlation(cov, scale), cut, noise.max())
    if factor is not None:
        return Whitening(live, scale, factor, None)
    values, vectors = eigh(_correlation(cov, scale), lower=False)
    keep = values > np.maximum(cut * values[-1], noise @ vectors**2)
    keep[: max(0, len(values) - n + 1)] = False  # n centred samples have rank n - 1 at most
    return Whitening(live, scale, None, vectors[:, keep] / np.sqrt(values[keep]))


def project(cov, means, noise, n, shrinkage=0.0):
    r"""tr(cov_a^+ (1-a) M^T M), the effective rank (1-a) tr(cov_a^+ cov), and the rank of cov.

    cov (k, k) in its upper triangle, means M (C, k), noise (k,) the variance of rounding,
    a = shrinkage. The rank is that of :func:`whitening`; directions in which rounding alone moves
    the features have no part in the score, however small a is.
    """
    white = whitening(cov, noise, n)
    if not white.live.any():
        return 0.0, 0.0, 0
    if not shrinkage:
        return np.sum(white.rows(means) ** 2), float(white.rank), white.rank
    mu = cov.diagonal()[white.live].sum() / len(white.live)  # other columns have trace 0
    if white.factor is None:
        back = white.back()  # (live, rank)
        values, vectors = eigh(back.T @ back)  # those of cov that are not 0
        kept = shrunk(values, mu, shrinkage)
        return (kept @ np.sum((white.rows(means) @ vectors) ** 2, axis=0), kept.sum(), white.rank)
    cov, means = _restrict(cov, white.live), means[:, white.live]
    factor = _shrunk_cholesky(cov, len(white.live), shrinkage)
    inverse, _ = lapack.dtrtri(factor)
    half = solve_triangular(factor, means.T, trans="T")  # (live, C)
    return ((1 - shrinkage) * np.sum(half**2),
            len(cov) - shrinkage * mu * np.vdot(inverse.T, inverse.T), white.rank)


def matrix(cov, noise, n, shrinkage=0.0):
    r"""The map W (k, rank) of centred samples to z = x W, with cov(z) = I, or with shrinkage a so
    that |z|^2 = (1-a) x^T cov_a^+ x: the score is that of :func:`project`, sum of squares of
    means @ W. For many rows; arguments as there.
    """
    white = whitening(cov, noise, n)
    full = np.zeros((len(cov), white.rank))  # what does not vary has no part in z
    if not shrinkage or not white.rank:
        full[white.live] = white.matrix() / white.scale[:, None]
    elif white.factor is None:
        mu = cov.diagonal()[white.live].sum() / len(white.live)
        values, vectors = eigh((back := white.back()).T @ back)
        vectors *= np.sqrt(shrunk(values, mu, shrinkage))
        full[white.live] = white.directions / white.scale[:, None] @ vectors
    else:
        factor = _shrunk_cholesky(_restrict(cov, white.live), len(white.live), shrinkage)
        full[white.live] = np.sqrt(1 - shrinkage) * lapack.dtrtri(factor)[0]
    return full


def _shrunk_cholesky(cov, k, shrinkage):
    """The factor U, U^T U = cov_a, of the columns that vary, of k."""
    cov_a = (1 - shrinkage) * cov
    np.fill_diagonal(cov_a, cov_a.diagonal() + shrinkage * cov.diagonal().sum() / k)
    factor, failed = lapack.dpotrf(cov_a, overwrite_a=1)
    assert not failed, "cov itself has a certified Cholesky factor"
    return factor


def shrunk(values, mu, shrinkage):
    """The share (1-a) v / (a mu + (1-a) v) that shrinkage a leaves of directions with variances v,
    in ascending order.

    Rounding moves each v by eps times the largest, and can make it negative. Raises ValueError
    where that moves a share by more than 10^-8.
    """
    values = (1 - shrinkage) * np.maximum(values, 0)
    if len(values) * EPS * values[-1] > 1e-8 * (values[0] + shrinkage * mu):
        raise ValueError(f"shrinkage {shrinkage:g} is too small for features whose variances "
                         "differ by so much; take a larger one, or None for the pseudo-inverse, or "
                         "divide each column by its deviation")
    return values / np.maximum(values + shrinkage * mu, np.finfo(float).tiny)


def _restrict(cov, live):
    """The rows and columns of cov that are live, in the order of LAPACK."""
    return cov if live.all() else np.asfortranarray(cov[np.ix_(live, live)])


def _correlation(cov, scale):
    """The correlation matrix, in its upper triangle, of cov and the columns' deviations."""
    correlation = np.zeros(cov.shape, order="F")  # LAPACK's; what is not written stays 0
    for start in range(0, len(scale), STRIP):
        strip, rows = slice(start, start + STRIP), slice(None, start + STRIP)
        np.divide(cov[rows, strip], scale[strip], out=correlation[rows, strip])
        correlation[rows, strip] /= scale[rows, None]
    return correlation


def _certified_cholesky(correlation, cut, floor):
    """The factor U, U^T U = correlation, if it proves that every eigenvalue is above cut times the
    largest and above the floor; else None. It is written over the correlation: fresh memory of that
    size may cost more than the arithmetic."""
    norm = _norm(correlation)
    factor, failed = lapack.dpotrf(correlation, overwrite_a=1)
    if failed:
        return None
    # rcond in the 1-norm is below lambda_min / lambda_max; the estimate is rarely 3 times too large
    rcond, _ = lapack.dpocon(factor, norm)
    return factor if rcond > 10 * max(cut, floor) else None


def _norm(upper):
    """The 1-norm of a symmetric matrix in its upper triangle, with no copy of it."""
    sums = -np.abs(upper.diagonal())
    for start in range(0, len(upper), STRIP):
        strip = slice(start, start + STRIP)
        size = np.abs(upper[:, strip])  # (k, columns)
        sums[strip] += size.sum(0)
        sums += size.sum(1)
    return sums.max()
