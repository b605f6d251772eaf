r"""The H-score from products of samples, where they are fewer than the features.

The Gram matrix of m centred samples has the same eigenvalues as that of their k features, and its
eigenvectors are the whitened samples: time is :math:`O(m^2 k + m^3)` and memory
:math:`O(m^2)`, where :mod:`tdist.hscore.moments` takes :math:`O(m k^2 + k^3)` and :math:`O(k^2)`.
"""

import numpy as np
import torch
from scipy.linalg import eigh

from tdist.hscore import moments
from tdist.hscore.moments import EPS, TINY, add_gram, ledoit_wolf, noise_of, refuse_underflow
from tdist.hscore.whitening import shrunk
from tdist.inputs import not_finite, rounding, to_tensor


def project_samples(features, codes, shrinkage):
    """As :func:`tdist.hscore.whitening.project`, with the intensity of shrinkage that was used.

    features (m, k), codes (m,) the samples' classes, on the device to compute on.
    """
    vectors, share, a = directions(features, codes.device, shrinkage)
    codes = codes.cpu().numpy()
    sums = np.zeros((codes.max() + 1, len(share)))  # of the vectors, by class
    np.add.at(sums, codes, vectors)
    between = (sums**2 / np.bincount(codes)[:, None]).sum(0)
    return between @ share, share.sum(), len(share), a


def directions(features, device, shrinkage=0.0):
    """The whitened features over the root of m, (m, rank), in orthonormal columns of mean 0; the
    share (rank,) that shrinkage leaves of each; and the intensity of shrinkage that was used.

    features (m, k), best with m < k.
    """
    m, k = features.shape
    products, scaled, variance, noise = _grams(features, device, bool(shrinkage))
    live = variance > noise
    if not live.any():
        return np.zeros((m, 0)), np.zeros(0), 0.0
    relative = np.where(live, noise, 0) / np.where(live, variance, 1)
    values, vectors = eigh(scaled)  # of the correlation matrix; vectors (m, m) of samples
    keep = values > max(m, k) * EPS * values[-1]
    keep[: max(1, m - k)] = False  # centred samples have rank min(m - 1, k) at most
    # rounding moves no direction by more than relative.max(); those below, each by its own
    doubtful = np.flatnonzero(keep & (values <= relative.max()))
    moved = _rounding_in(features, device, vectors[:, doubtful], live, variance, relative)
    keep[doubtful] = values[doubtful] > moved / (m * values[doubtful])
    vectors = vectors[:, keep]  # (m, rank)
    share, a = np.ones(vectors.shape[1]), shrinkage
    if shrinkage == "ledoit-wolf":
        with np.errstate(over="ignore"):  # refused there
            fourth, squares = np.mean((m * products.diagonal()) ** 2), np.sum(products**2)
        a = ledoit_wolf(fourth, variance.sum(), squares, m, k)
    if a:
        values, turn = eigh(vectors.T @ products @ vectors)  # of the covariance, without rounding
        share, vectors = shrunk(values, variance[live].sum() / k, a), vectors @ turn
    vectors -= vectors.mean(0)  # of directions that hardly move, rounding moves the mean too
    return vectors, share, a


def _blocks(features, device):
    """Blocks of columns, each as centred rows (columns, m) with the place and the mean (columns,).

    Raises ValueError where they hold NaN or infinity.
    """
    m, k = features.shape
    step = max(1, moments.CHUNK // m)
    for start in range(0, k, step):
        block = to_tensor(features[:, start : start + step].T, device)
        x = torch.empty(block.shape, dtype=torch.float64, device=device).copy_(block)
        mean = x.mean(1)
        x -= mean[:, None]
        if not torch.isfinite(x.square().sum()):
            raise not_finite(to_tensor(features, device))
        yield slice(start, start + len(x)), x, mean.cpu().numpy()


def _grams(features, device, both):
    """Products of samples (m, m) over k features divided by m: of the features (if both), and of
    the features over their deviations; variance and noise (k,) of the features."""
    m, k = features.shape
    variance, noise = np.empty(k), np.empty(k)
    grams = [torch.zeros(m, m, dtype=torch.float64, device=device) for _ in range(1 + both)]
    for place, x, mean in _blocks(features, device):
        v = torch.einsum("ij,ij->i", x, x) / m
        variance[place] = v.cpu().numpy()
        small = variance[place] * m < TINY
        refuse = small & (x.abs().amax(1).cpu().numpy() > 8 * EPS * np.abs(mean))
        refuse_underflow(np.isin(np.arange(k), np.arange(k)[place][refuse]))
        noise[place] = noise_of(mean, variance[place], rounding(features))
        live = torch.from_numpy(variance[place] > noise[place]).to(device)
        x, v = x[live], v[live]
        if both:
            grams[1] = add_gram(grams[1], x)
        grams[0] = add_gram(grams[0], x / v.sqrt()[:, None])
    whole = [_whole(gram.cpu().numpy()) / m for gram in grams]
    return whole[1] if both else None, whole[0], variance, noise


def _whole(lower):
    """A symmetric matrix from its lower triangle."""
    return lower + np.tril(lower, -1).T


def _rounding_in(features, device, vectors, live, variance, relative):
    """Variance of rounding (directions,) along eigenvectors of samples (m, directions), times
    m lambda: each column's own, by its weight in the direction."""
    total = np.zeros(vectors.shape[1])
    if vectors.shape[1] == 0:
        return total
    vectors = torch.from_numpy(np.ascontiguousarray(vectors)).to(device)
    for place, x, _ in _blocks(features, device):
        here = live[place]
        weights = (x @ vectors).square().cpu().numpy()[here]  # (columns, directions)
        total += (relative[place][here] / variance[place][here]) @ weights
    return total
