r"""Joint distributions on finite alphabets: divergence transition matrix, modes, sampling.

Matrices are :math:`|\mathcal Y| \times |\mathcal X|`, one row a label; a feature is
:math:`|\mathcal X| \times k`, one row a symbol. Everything is float64 and in nats.
"""

import operator
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tdist.alphabet import numbers, probabilities, symbols
from tdist.manners import line
from tdist.neighbourhoods import directions as directions
from tdist.neighbourhoods import perturb as perturb

EPS = np.finfo(float).eps


@dataclass(frozen=True, repr=False, eq=False)
class Modes:
    r"""The leading modes of a joint distribution, :eq:`eq-modes`; ``float(result)`` is the sum of
    the correlations.

    Attributes
    ----------
    f : ndarray, shape (\|X\|, k)
        Functions of x with zero mean and identity covariance.
    g : ndarray, shape (\|Y\|, k)
        Functions of y with zero mean and identity covariance.
    correlations : ndarray, shape (k,)
        :math:`\mathbb E[f_i g_i] = \sigma_i`, in descending order.

    Examples
    --------
    >>> from tdist import Joint
    >>> Joint([[0.3, 0.2, 0.0], [0.0, 0.2, 0.3]]).modes()
    Modes(f=ndarray (3, 1), g=ndarray (2, 1), correlations=ndarray (1,))
    """

    f: np.ndarray
    g: np.ndarray
    correlations: np.ndarray

    def __float__(self):
        return float(self.correlations.sum())

    __repr__ = line


class Joint:
    r"""A joint distribution :math:`P_{YX}` of a label Y and an input X on finite alphabets.

    Parameters
    ----------
    P : array_like or torch.Tensor, shape (\|Y\|, \|X\|)
        Probabilities, non-negative, with sum 1 up to the rounding of their precision: 1e-9 in
        float64, 1e-5 in float32, 1e-2 in half precision.

    Raises
    ------
    TypeError
        If P is not made of numbers.
    ValueError
        If P is not a matrix of finite non-negative numbers with sum 1.

    Notes
    -----
    A symbol of probability zero keeps its place; its row or column of the divergence transition
    matrix, and its value under every mode, is zero. Definition 1 of the H-score paper divides by
    the marginals and so takes them to be positive.

    Examples
    --------
    >>> from tdist import Joint
    >>> joint = Joint([[0.3, 0.2, 0.0], [0.0, 0.2, 0.3]])
    >>> joint
    Joint(|Y|=2, |X|=3, I=0.4159 nats)
    >>> joint.singular_values.round(4) + 0.0
    array([0.7746, 0.    ])
    >>> print(f"{joint.h_score([0, 1, 2]):.4f}")
    0.6000
    """

    def __init__(self, P):
        P = probabilities(P, "P", 2)
        P.setflags(write=False)
        self.P = P

    @classmethod
    def from_conditionals(cls, py, px_given_y):
        r"""The joint of a marginal and conditionals. Errors as :class:`Joint`.

        Parameters
        ----------
        py : array_like, shape (\|Y\|,)
        px_given_y : array_like, shape (\|Y\|, \|X\|)
            Rows :math:`P_{X|Y=y}`.

        >>> Joint.from_conditionals([0.25, 0.75], [[1, 0], [0.2, 0.8]]).P
        array([[0.25, 0.  ],
               [0.15, 0.6 ]])
        """
        py, rows = probabilities(py, "py", 1), numbers(px_given_y, "px_given_y")
        if rows.ndim != 2 or len(rows) != len(py):
            raise ValueError(f"px_given_y must have one row for each of the {len(py)} labels, got "
                             f"shape {rows.shape}")
        for y in np.flatnonzero(py):
            rows[y] = probabilities(px_given_y[y], f"row {y} of px_given_y", 1)
        return cls(py[:, None] * rows)

    @classmethod
    def from_samples(cls, x, y, shape=None):
        r"""The empirical joint of samples of symbols.

        Parameters
        ----------
        x, y : array_like or torch.Tensor of int, shape (m,)
            Symbols, numbered from 0.
        shape : (int, int), optional
            (\|Y\|, \|X\|); as many as the largest number by default.

        Raises
        ------
        TypeError
            If x or y is not made of integers. Names become numbers by
            ``np.unique(x, return_inverse=True)[1]``; measurements have to be cut into bins first,
            by ``np.digitize(x, np.quantile(x, [0.25, 0.5, 0.75]))``.
        ValueError
            If they differ in length, a number is negative or beyond the shape, or the table would
            have more than 100 million cells.

        Warns
        -----
        UserWarning
            If more than half of the samples are the only one of their symbol on average: the
            empirical correlations are then near 1, whatever the true ones are.

        Examples
        --------
        >>> Joint.from_samples([0, 0, 2, 2], [1, 1, 0, 1]).P
        array([[0.  , 0.  , 0.25],
               [0.5 , 0.  , 0.25]])
        """
        x, y = symbols(x, "x"), symbols(y, "y")
        if x.shape != y.shape or x.ndim != 1 or x.size == 0:
            raise ValueError("x and y must be vectors of one length > 0, got shapes "
                             f"{x.shape} and {y.shape}")
        for name, values in (("x", x), ("y", y)):
            if values.min() < 0:
                raise ValueError(f"{name} must be numbered from 0, got {values.min()}; number "
                                 f"symbols by np.unique({name}, return_inverse=True)[1]")
            if (kinds := len(np.unique(values))) > max(len(x) / 2, 8):
                warnings.warn(
                    f"{name} has {kinds} symbols in {len(x)} samples: where a symbol is seen once, "
                    "every dependence looks perfect, and correlations are near 1 whatever the true "
                    f"ones are. Cut {name} into bins (np.digitize with np.quantile), or train a "
                    "tdist.hgr.SoftHGR on it", stacklevel=2)
        least = int(y.max()) + 1, int(x.max()) + 1
        shape = least if shape is None else tuple(operator.index(size) for size in shape)
        if len(shape) != 2 or shape[0] < least[0] or shape[1] < least[1]:
            raise ValueError(f"shape must be (|Y|, |X|), at least {least} for these symbols, got "
                             f"{shape}")
        if shape[0] * shape[1] > 1e8:
            raise ValueError(f"a table of {shape[0]} labels and {shape[1]} symbols has more than "
                             "100 million cells; if most do not occur, number those that do by "
                             "np.unique(x, return_inverse=True)[1]")
        counts = np.zeros(shape)
        np.add.at(counts, (y, x), 1)
        return cls(counts / len(x))

    def __repr__(self):
        return (f"Joint(|Y|={self.P.shape[0]}, |X|={self.P.shape[1]}, "
                f"I={self.mutual_information():.4g} nats)")

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
        r"""Divergence transition matrix :math:`\tilde B` (\|Y\|, \|X\|), :eq:`eq-dtm`; Definition 1
        of the paper."""
        return (_inverse_root(self.py)[:, None] * (self.P - np.outer(self.py, self.px))
                * _inverse_root(self.px))

    @cached_property
    def singular_values(self):
        r"""Singular values of :math:`\tilde B` (K,), descending, K = min(\|X\|, \|Y\|); the last
        one is zero."""
        return np.linalg.svd(self.dtm, compute_uv=False)

    def modes(self, k=None):
        r"""The k strongest modes :math:`f_i^* = \phi_i/\sqrt{P_X}`,
        :math:`g_i^* = \psi_i/\sqrt{P_Y}`, :eq:`eq-modes`, as :class:`tdist.joint.Modes`.

        All of them by default. The sign of a mode, which an SVD leaves open, is the one that makes
        the largest entry of :math:`\phi_i` positive. Raises ValueError unless 1 <= k <= K - 1,
        counting symbols that occur: the K-th singular value carries no mode.
        """
        x, y = self.px > 0, self.py > 0
        k = check_modes(k, (y.sum(), x.sum()))
        root_x, root_y = np.sqrt(self.px[x]), np.sqrt(self.py[y])
        # lift the constant mode to 2, above every other, and drop it: where some sigma is 0 it
        # would mix with theirs
        lifted = self.dtm[np.ix_(y, x)] + 2 * np.outer(root_y, root_x)
        psi, sigma, phi_t = np.linalg.svd(lifted, full_matrices=False)
        phi, psi = phi_t[1 : k + 1].T, psi[:, 1 : k + 1]
        sign = signs(phi)
        f, g = np.zeros((len(x), k)), np.zeros((len(y), k))
        f[x], g[y] = sign * phi / root_x[:, None], sign * psi / root_y[:, None]
        return Modes(f, g, sigma[1 : k + 1])

    def mutual_information(self):
        r""":math:`I(X;Y) = \sum P_{YX} \log \frac{P_{YX}}{P_Y P_X}` in nats."""
        seen = self.P > 0
        y, x = np.nonzero(seen)
        # one after the other: the product of two rare marginals leaves float64
        logs = np.log(self.P[seen] / self.py[y]) - np.log(self.px[x])
        return float(np.sum(self.P[seen] * logs))

    def conditional_mean(self, f):
        r""":math:`\mathbb E[f(X) \mid Y = y]`, shape (\|Y\|, k), of a feature f (\|X\|, k) or
        (\|X\|,); zero for an unseen y."""
        return (self.P @ self._feature(f)) * _inverse_root(self.py)[:, None] ** 2

    def h_score(self, f):
        r"""H-score of a feature, :eq:`eq-h-score`.

        .. math:: H(f) = \operatorname{tr}(\operatorname{cov}(f)^+
                  \operatorname{cov}(\mathbb E[f|Y]))

        f has shape (\|X\|, k) or (\|X\|,), and need not be centred or whitened. The value is the
        squared length of the projection of :math:`\tilde B` on the span of :math:`\sqrt{P_X} f`
        (Appendix D of the H-score paper), which is how it is computed: an SVD of the feature, never
        of its covariance, whose condition is squared.
        """
        f = self._feature(f) * (self.px > 0)[:, None]
        # by powers of 2, exactly: squares of 1e200 or 1e-200 would leave float64
        f = np.ldexp(f, -np.frexp(np.abs(f).max(axis=0))[1])
        # from the most frequent symbol, so that a rare one keeps its digits
        away = (f - f[np.argmax(self.px)]) * (self.px > 0)[:, None]
        # a column whose spread is the rounding of its own values is a constant
        live = np.abs(away).max(axis=0) > 8 * EPS  # of values between 1/2 and 1
        xi = np.sqrt(self.px)[:, None] * (away - self.px @ away)  # (|X|, k)
        size = np.linalg.norm(xi, axis=0)
        basis, spread, _ = np.linalg.svd(xi[:, live] / size[live], full_matrices=False)
        if spread.size == 0:
            return 0.0
        basis = basis[:, spread > spread[0] * max(xi.shape) * EPS]
        return float(np.sum((self.dtm @ basis) ** 2))

    def sample(self, m, seed=0):
        r"""Independent draws, as symbol numbers x (m,) and y (m,).

        Parameters
        ----------
        m : int
        seed : int

        >>> x, y = Joint([[0.5, 0.0], [0.0, 0.5]]).sample(1000, seed=1)
        >>> (x == y).all(), 450 < x.sum() < 550
        (np.True_, np.True_)
        """
        if operator.index(m) < 0:
            raise ValueError(f"m, the number of draws, must be at least 0, got {m}")
        draws = np.random.default_rng(seed).choice(self.P.size, size=m, p=self.P.ravel())
        y, x = np.divmod(draws, self.P.shape[1])
        return x, y

    def _feature(self, f):
        f = numbers(f, "f")
        f = f[:, None] if f.ndim == 1 else f
        if f.ndim != 2 or f.shape[0] != self.P.shape[1]:
            raise ValueError(f"f must have shape (|X|, k) = ({self.P.shape[1]}, k), got "
                             f"{f.shape}")
        if not np.isfinite(f).all():
            raise ValueError("f holds NaN or infinity")
        return f


def check_modes(k, shape):
    """k, or K - 1 if k is None, where K = min(shape).

    Raises TypeError if k is not an integer, and ValueError unless it is between 1 and K - 1."""
    most = int(min(shape)) - 1
    try:
        k = most if k is None else operator.index(k)
    except TypeError:
        raise TypeError(f"k, the number of modes, must be an integer, got {k!r}") from None
    if not 1 <= k <= most:
        raise ValueError(f"k must be between 1 and min(|X|, |Y|) - 1 = {most}, got {k}: the last "
                         "singular value of the divergence transition matrix is always zero")
    return k


def signs(columns):
    """The signs (k,) that make the largest entry of each column positive, the first of several that
    are equal up to rounding."""
    size = np.abs(columns)
    top = np.argmax(size > (1 - 1e-9) * size.max(axis=0), axis=0)
    return np.sign(columns[top, np.arange(columns.shape[1])])


def _inverse_root(p):
    """1 / sqrt(p), and 0 where p is 0."""
    return 1 / np.where(p > 0, np.sqrt(p), np.inf)
