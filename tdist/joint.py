r"""Joint distributions on finite alphabets: divergence transition matrix, modes, neighbourhoods, sampling.

Matrices are :math:`|\mathcal Y| \times |\mathcal X|`, one row a label; a feature is :math:`|\mathcal X| \times k`,
one row a symbol. Everything is float64 and in nats.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


# how far a sum of probabilities may be off 1: the rounding of the precision that they came in, by the
# bytes of a number
ROUNDING = {2: 1e-2, 4: 1e-5, 8: 1e-9}


def numbers(x, name):
    """x as a float64 array: NumPy, pandas, lists, or torch tensors of any device and precision.

    Raises
    ------
    TypeError
        If it is not made of real numbers.
    ValueError
        If an entry is masked, or rows differ in length.
    """
    if hasattr(x, "detach"):  # a torch tensor, without importing torch
        x = x.detach().cpu().resolve_conj().resolve_neg()
        x = x if x.dtype.is_complex else x.double().numpy()
    if np.ma.is_masked(x):
        raise ValueError(f"{name} has masked entries; fill them or leave their symbols out")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name} must be a whole array of numbers: {error}") from None
    if array.dtype.kind in "fiub":
        return array.astype(np.float64)
    try:
        if array.dtype.kind != "O":
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be made of real numbers, got {type(x).__name__} of "
                        f"{array.dtype}") from None


def probabilities(p, name, axes):
    """p, an array of so many axes, as a float64 array that sums to 1 as far as its own precision can tell, and is then divided
    by its sum if that is not float64.

    Raises
    ------
    TypeError, ValueError
        As :func:`numbers`, or if the axes are others, an entry is negative, NaN or infinite, or
        the sum is off.
    """
    array, kind = numbers(p, name), getattr(p, "dtype", None)
    size = getattr(kind, "itemsize", 8) if "float" in str(kind) else 8
    if array.ndim != axes:
        raise ValueError(f"{name} must be a {('vector (|X|,)', 'matrix (|Y|, |X|)')[axes - 1]}, got "
                         f"{array.ndim} axes of shape {array.shape}")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"{name} must hold finite non-negative numbers; count tables become "
                         f"probabilities by {name} / {name}.sum()")
    total = array.sum()
    if not abs(total - 1) <= ROUNDING.get(size, 1e-9):
        raise ValueError(f"{name} must sum to 1, got {total:.10g}; normalise it with "
                         f"{name} / {name}.sum()")
    return array if size == 8 else array / total


@dataclass(frozen=True)
class Modes:
    r"""The leading modes of a joint distribution, :eq:`eq-modes`.

    Attributes
    ----------
    f : ndarray, shape (\|X\|, k)
        Functions of x with zero mean and identity covariance.
    g : ndarray, shape (\|Y\|, k)
        Functions of y with zero mean and identity covariance.
    correlations : ndarray, shape (k,)
        :math:`\mathbb E[f_i g_i] = \sigma_i`, in descending order.
    """

    f: np.ndarray
    g: np.ndarray
    correlations: np.ndarray


class Joint:
    r"""A joint distribution :math:`P_{YX}` of a label Y and an input X on finite alphabets.

    Parameters
    ----------
    P : array_like, shape (\|Y\|, \|X\|)
        Probabilities, non-negative, with sum 1.

    Raises
    ------
    ValueError
        If P is not a matrix of finite non-negative numbers with sum 1.

    Notes
    -----
    A symbol of probability zero keeps its place; its row or column of the divergence transition matrix, and
    its value under every mode, is zero. Definition 1 of the H-score paper divides by the marginals and so
    takes them to be positive.
    """

    def __init__(self, P):
        P = probabilities(P, "P", 2)
        P.flags.writeable = False
        self.P = P

    @classmethod
    def from_conditionals(cls, py, px_given_y):
        r"""The joint of :math:`P_Y` (\|Y\|,) and the rows :math:`P_{X|Y=y}` (\|Y\|, \|X\|)."""
        return cls(np.asarray(py, float)[:, None] * np.asarray(px_given_y, float))

    @classmethod
    def from_samples(cls, x, y, shape=None):
        r"""The empirical joint of symbols x and y (m,), numbered from 0; `shape` is (\|Y\|, \|X\|)."""
        x, y = np.asarray(x), np.asarray(y)
        if x.shape != y.shape or x.ndim != 1 or x.size == 0:
            raise ValueError(f"x and y must be vectors of one length > 0, got shapes {x.shape} and {y.shape}")
        if x.dtype.kind not in "iub" or y.dtype.kind not in "iub" or min(x.min(), y.min()) < 0:
            raise ValueError("x and y must be integers numbered from 0; number other symbols by "
                             "np.unique(x, return_inverse=True)[1]")
        x, y = x.astype(int), y.astype(int)
        counts = np.zeros(shape or (y.max() + 1, x.max() + 1))
        np.add.at(counts, (y, x), 1)
        return cls(counts / len(x))

    def __repr__(self):
        return f"Joint(|Y|={self.P.shape[0]}, |X|={self.P.shape[1]}, I={self.mutual_information():.4g} nats)"

    @cached_property
    def px(self):
        r"""Marginal of X, shape (\|X\|,)."""
        return self.P.sum(axis=0)

    @cached_property
    def py(self):
        r"""Marginal of Y, shape (\|Y\|,)."""
        return self.P.sum(axis=1)

    @cached_property
    def dtm(self):
        r"""Divergence transition matrix :math:`\tilde B` (\|Y\|, \|X\|), :eq:`eq-dtm`; Definition 1 of the paper."""
        return _inverse_root(self.py)[:, None] * (self.P - np.outer(self.py, self.px)) * _inverse_root(self.px)

    @cached_property
    def singular_values(self):
        r"""Singular values of :math:`\tilde B` (K,), descending, K = min(\|X\|, \|Y\|); the last one is zero."""
        return np.linalg.svd(self.dtm, compute_uv=False)

    def modes(self, k=None):
        r"""The k strongest modes :math:`f_i^* = \phi_i/\sqrt{P_X}`, :math:`g_i^* = \psi_i/\sqrt{P_Y}`, :eq:`eq-modes`.

        Raises ValueError unless 1 <= k <= K - 1, counting symbols that occur: the K-th singular value carries no mode.
        """
        x, y = self.px > 0, self.py > 0
        k = check_modes(k, (y.sum(), x.sum()))
        root_x, root_y = np.sqrt(self.px[x]), np.sqrt(self.py[y])
        # lift the constant mode to 2, above every other, and drop it: where some sigma is 0 it would mix with theirs
        psi, sigma, phi_t = np.linalg.svd(self.dtm[np.ix_(y, x)] + 2 * np.outer(root_y, root_x), full_matrices=False)
        f, g = np.zeros((len(x), k)), np.zeros((len(y), k))
        f[x], g[y] = phi_t[1 : k + 1].T / root_x[:, None], psi[:, 1 : k + 1] / root_y[:, None]
        return Modes(f, g, sigma[1 : k + 1])

    def mutual_information(self):
        r""":math:`I(X;Y) = \sum P_{YX} \log \frac{P_{YX}}{P_Y P_X}` in nats."""
        seen = self.P > 0
        return float(np.sum(self.P[seen] * np.log(self.P[seen] / np.outer(self.py, self.px)[seen])))

    def conditional_mean(self, f):
        r""":math:`\mathbb E[f(X) \mid Y = y]`, shape (\|Y\|, k), of a feature f (\|X\|, k); zero for an unseen y."""
        return (self.P @ self._feature(f)) * _inverse_root(self.py)[:, None] ** 2

    def h_score(self, f):
        r"""H-score of a feature, :eq:`eq-h-score`.

        .. math:: H(f) = \operatorname{tr}(\operatorname{cov}(f)^+ \operatorname{cov}(\mathbb E[f|Y]))

        f has shape (\|X\|, k) or (\|X\|,), and need not be centred or whitened. The value is the squared length of
        the projection of :math:`\tilde B` on the span of :math:`\sqrt{P_X} f` (Appendix D of the H-score paper),
        which is how it is computed: an SVD of the feature, never of its covariance, whose condition is squared.
        """
        root = np.sqrt(self.px)[:, None]
        f = self._feature(f)
        xi = root * (f - self.px @ f)  # (|X|, k)
        size = np.linalg.norm(xi, axis=0)
        # a column whose spread is the rounding of its own values is a constant
        live = size > 8 * np.finfo(float).eps * np.linalg.norm(root * f, axis=0)
        basis, spread, _ = np.linalg.svd(xi[:, live] / size[live], full_matrices=False)
        if spread.size == 0:
            return 0.0
        basis = basis[:, spread > spread[0] * max(xi.shape) * np.finfo(float).eps]
        return float(np.sum((self.dtm @ basis) ** 2))

    def sample(self, m, seed=None):
        r"""m independent draws, as symbol numbers x (m,) and y (m,)."""
        draws = np.random.default_rng(seed).choice(self.P.size, size=m, p=self.P.ravel() / self.P.sum())
        y, x = np.divmod(draws, self.P.shape[1])
        return x, y

    def _feature(self, f):
        f = np.asarray(f, float)
        f = f[:, None] if f.ndim == 1 else f
        if f.ndim != 2 or f.shape[0] != self.P.shape[1]:
            raise ValueError(f"f must have shape (|X|, k) = ({self.P.shape[1]}, k), got {f.shape}")
        if not np.isfinite(f).all():
            raise ValueError("f holds NaN or infinity")
        return f


def check_modes(k, shape):
    """k, or K - 1 if k is None, where K = min(shape); ValueError unless it is between 1 and K - 1."""
    most = min(shape) - 1
    k = most if k is None else k
    if not 1 <= k <= most:
        raise ValueError(f"k must be between 1 and min(|X|, |Y|) - 1 = {most}, got {k}: "
                         "the last singular value of the divergence transition matrix is always zero")
    return k


def directions(p0, size, seed=None):
    r"""`size` random unit vectors orthogonal to :math:`\sqrt{P_0}`, shape (size, \|X\|): information vectors."""
    root = np.sqrt(np.asarray(p0, float))
    phi = np.random.default_rng(seed).standard_normal((size, root.size))
    phi -= np.outer(phi @ root, root) / (root @ root)
    return phi / np.linalg.norm(phi, axis=1, keepdims=True)


def perturb(p0, phi, epsilon):
    r"""The distribution :math:`P_0 + \epsilon \sqrt{P_0}\, \phi` of the ball :eq:`eq-neighbourhood`.

    Parameters
    ----------
    p0 : array_like, shape (\|X\|,)
        Centre :math:`P_0` of the ball, positive.
    phi : array_like, shape (..., \|X\|)
        Information vectors: orthogonal to :math:`\sqrt{P_0}`, length at most 1.
    epsilon : float
        Radius.

    Raises
    ------
    ValueError
        If phi leaves the ball, is not orthogonal to :math:`\sqrt{P_0}`, or makes a probability negative.
    """
    p0, phi = np.asarray(p0, float), np.asarray(phi, float)
    if (np.linalg.norm(phi, axis=-1) > 1 + 1e-9).any() or np.abs(phi @ np.sqrt(p0)).max() > 1e-9:
        raise ValueError("phi must have length <= 1 and be orthogonal to sqrt(p0); see tdist.joint.directions")
    p = p0 + epsilon * np.sqrt(p0) * phi
    if (p < 0).any():
        raise ValueError(f"epsilon = {epsilon:g} makes a probability negative; take a smaller one")
    return p


def _inverse_root(p):
    """1 / sqrt(p), and 0 where p is 0."""
    return np.divide(1.0, np.sqrt(p), out=np.zeros_like(p), where=p > 0)
