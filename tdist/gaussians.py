r"""Tasks of Gaussian classes in the plane, whose roads are known: at every moment the data is a
mixture of Gaussians, the best linear classifier is the minimum of a convex function, and the length
is an integral over the plane. No samples and no training: what a measured length can be held
against. Units and head as in :mod:`tdist.exact_roads`.
"""

from dataclasses import dataclass

import numpy as np

from tdist.exact_roads import follow, shares
from tdist.manners import line
from tdist.tasks import Task

# of the points of the plane, in standard deviations. Fits are sums of smooth functions, and exact
# on a coarse lattice; lengths have kinks.
COARSE, FINE, REACH = 0.3, 0.1, 5.5


@dataclass(frozen=True, eq=False, repr=False)
class GaussianTask:
    r"""A task with equally likely classes in the plane: x given y is
    :math:`N(\mu_y, \sigma^2 I)`.

    Parameters
    ----------
    means : array_like, shape (classes, 2)
    sd : float

    Raises
    ------
    ValueError
        If the means are not at least two points in the plane, or sd is not positive.

    Examples
    --------
    >>> from tdist.gaussians import GaussianTask
    >>> source = GaussianTask([[-1, 0], [1, 0]])
    >>> source.classifier()  # log-odds 2 m x of the second class, with m = (1, 0)
    array([[0., 0., 0.],
           [2., 0., 0.]])
    >>> source.sample(12, "source")
    Task(name='source', images=Tensor (12, 2), labels=Tensor (12,), classes=('0', '1'))
    """

    means: np.ndarray
    sd: float = 1.0

    __repr__ = line

    def __post_init__(self):
        means = np.array(self.means, dtype=float)
        if means.ndim != 2 or len(means) < 2 or means.shape[1] != 2 or not np.isfinite(means).all():
            raise ValueError("means must be at least two points in the plane, shape (classes, 2); "
                             f"got shape {means.shape}")
        if not 0 < self.sd < np.inf:
            raise ValueError(f"sd must be positive and finite, got {self.sd!r}")
        object.__setattr__(self, "means", means)

    @classmethod
    def two(cls, size, degrees, centre=(0, 0)):
        """Two classes at centre - m and centre + m.

        Parameters
        ----------
        size, degrees : float
            Of m.
        centre : array_like, shape (2,)

        Returns
        -------
        GaussianTask

        Examples
        --------
        >>> from tdist.gaussians import GaussianTask
        >>> GaussianTask.two(1, 90).means.round(2) + 0
        array([[ 0., -1.],
               [ 0.,  1.]])
        """
        m = polar(size, np.deg2rad(degrees))
        return cls(np.add(centre, [-m, m]))

    @classmethod
    def ring(cls, classes, size, degrees=0):
        """Classes at equal angles on a circle.

        Parameters
        ----------
        classes : int
        size, degrees : float
            The radius, and the angle of the first class.

        Returns
        -------
        GaussianTask

        Examples
        --------
        >>> from tdist.gaussians import GaussianTask
        >>> GaussianTask.ring(4, 1).means.round(2) + 0
        array([[ 1.,  0.],
               [ 0.,  1.],
               [-1.,  0.],
               [ 0., -1.]])
        """
        return cls(polar(size, np.deg2rad(degrees) + 2 * np.pi * np.arange(classes) / classes))

    def classifier(self):
        """The best linear classifier, exact: rows (w, b) of each class, those of the first 0;
        (classes, 3)."""
        w = self.means / self.sd**2
        rows = np.column_stack([w, -(w * self.means).sum(1) / 2])
        return rows - rows[0]

    def sample(self, n, name, turn=0.0):
        """A task of n vectors, equally many of each class, whose best classifier is nearer to the
        task's than that of a random sample.

        The deviations x - mean of every class are the same spread of points, as the florets of a
        sunflower, and its mirror image, with covariance sd² I. Tasks of one n and one turn have
        them in the same order: the i-th points of the two are pairs of the translation.

        Parameters
        ----------
        n : int
            A multiple of twice the number of classes, and at least six times it.
        name : str
        turn : float
            Turns the spread by so many radians, for another sample.

        Returns
        -------
        Task
            Its classes are named "0", "1", ...

        Raises
        ------
        ValueError
            If n is no such number.
        """
        classes = len(self.means)
        if n % (2 * classes) or n < 6 * classes:
            raise ValueError(f"n must be a multiple of {2 * classes}, twice the number of classes, "
                             f"and at least {6 * classes}; got {n}")
        half = n // (2 * classes)
        u = np.arange(half + 1) / half  # rings of equal probability: those of radius² -2 log u
        square = 2 * half * np.diff(u - u * np.log(u, where=u > 0, out=np.zeros_like(u)))
        z = polar(np.sqrt(square), np.pi * (np.sqrt(5) - 1) * (np.arange(half) + 0.5) + turn)
        z = np.concatenate([z, -z])
        z = np.linalg.solve(np.linalg.cholesky(z.T @ z / len(z)), z.T).T  # (n / classes, 2)
        labels = np.tile(np.arange(classes), len(z))
        x = self.means[labels] + self.sd * np.repeat(z, classes, axis=0)
        return Task(name, x, labels, [str(label) for label in range(classes)])


@dataclass(frozen=True)
class Cloud:
    """Gaussians in the plane with soft labels: what the data is at one moment of a road.

    Attributes
    ----------
    shares : ndarray, shape (parts,)
        They sum to 1.
    means : ndarray, shape (parts, 2)
    sds : ndarray, shape (parts,)
    labels : ndarray, shape (parts, classes)
        The probability of each class in each part.
    """

    shares: np.ndarray
    means: np.ndarray
    sds: np.ndarray
    labels: np.ndarray

    def density(self, x):
        """Of each class with its label, at points x (n, 2): (n, classes); their sum is that of the
        points."""
        square = (x**2).sum(1)[:, None] - 2 * x @ self.means.T + (self.means**2).sum(1)
        heights = self.shares / (2 * np.pi * self.sds**2)
        return np.exp(-square / (2 * self.sds**2)) @ (heights[:, None] * self.labels)


def known_road(source, target, mixing="linear", *, flow=None, correlation=1.0, steps=24):
    r"""The road between two Gaussian tasks if the classifier is the best one at every moment.

    A pair is a point :math:`\mu_y + \sigma z` of the source and a point :math:`\mu'_{y'} + \sigma'
    z'` of the target, where :math:`z` and :math:`z'` are standard normal with a correlation. At
    time :math:`\tau` it stands at the share :math:`m` of its way, with labels :math:`y` and
    :math:`y'` in the shares :math:`1 - m` and :math:`m`, :eq:`eq-displacement`.

    Parameters
    ----------
    source, target : GaussianTask
        Of the same classes.
    mixing : str
        How m is drawn, as in :func:`tdist.exact_roads.paired_road`. "bernoulli" is the uncoupled
        road, whatever the coupling.
    flow : array_like, shape (classes, classes), optional
        The share of all pairs that go from class y to class y'; rows and columns have equal sums.
        By default every class goes to its own.
    correlation : float
        Of z and z', 0 to 1: 1 is a translation within every pair of classes, the optimal transport
        between them; for entropic transport see :func:`entropic_correlation`.
    steps : int
        An even number of steps.

    Returns
    -------
    tdist.exact_roads.ExactRoad

    Raises
    ------
    ValueError
        If the tasks differ in their number of classes, or an option is out of range.

    Examples
    --------
    Classes at distance 2 that turn by 120 degrees: the roads with linear and with Beta mixing, and
    the uncoupled one.

    >>> from tdist.gaussians import GaussianTask, known_road
    >>> tasks = GaussianTask.two(1, 0), GaussianTask.two(1, 120)
    >>> for mixing in ("linear", "beta", "bernoulli"):
    ...     print(f"{mixing:9s} {known_road(*tasks, mixing).length:.3f}")
    linear    1.083
    beta      1.194
    bernoulli 1.286
    """
    coarse, fine = (plane(source, target, spacing) for spacing in (COARSE, FINE))

    def on(x):
        return lambda tau: (x, between(source, target, tau, mixing, flow, correlation).density(x))

    return follow(on(coarse), source.classifier(), steps, on(fine))


def between(source, target, tau, mixing="linear", flow=None, correlation=1.0):
    """The data of a road at a time, as a :class:`Cloud`; see :func:`known_road`."""
    classes = len(source.means)
    if len(target.means) != classes:
        raise ValueError(f"source has {classes} classes and target {len(target.means)}; a road is "
                         "known between tasks of the same classes")
    flow = np.eye(classes) / classes if flow is None else np.array(flow, dtype=float)
    if flow.shape != (classes, classes) or (flow < 0).any() or not all(
            np.allclose(flow.sum(axis), 1 / classes) for axis in (0, 1)):
        raise ValueError(f"flow must be a matrix ({classes}, {classes}) of shares whose rows and "
                         f"columns sum to 1/{classes}")
    if not 0 <= correlation <= 1:
        raise ValueError(f"correlation must be between 0 and 1, got {correlation!r}")
    y, there = np.nonzero(flow)  # (pairs of classes,)
    m, probability = (each[:, None] for each in shares(mixing, tau))  # (nodes, 1)
    own = np.eye(classes)
    mean, label = ((1 - m)[..., None] * a[y] + m[..., None] * b[there]
                   for a, b in ((source.means, target.means), (own, own)))
    s, t = (1 - m) * source.sd, m * target.sd
    sd = np.broadcast_to(np.sqrt(s**2 + t**2 + 2 * correlation * s * t), mean.shape[:2])
    return Cloud((probability * flow[y, there]).ravel(), mean.reshape(-1, 2), sd.ravel(),
                 label.reshape(-1, classes))


def plane(source, target, spacing=FINE):
    """Points (n, 2) of a square lattice that covers what lies between two tasks. It is turned, so
    that no straight line on which a length has a kink runs along its rows."""
    means = np.concatenate([source.means, target.means])
    low, high = min(source.sd, target.sd), max(source.sd, target.sd)
    middle = means.mean(0)
    half = np.linalg.norm(means - middle, axis=1).max() + REACH * high
    axis = np.arange(-half, half, spacing * low)
    lattice = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return middle + lattice @ [[np.cos(1.1), -np.sin(1.1)], [np.sin(1.1), np.cos(1.1)]]


def entropic_correlation(entropy):
    r"""The correlation of z and z' in the entropic coupling of N(0, I) with itself, squared
    distance and weight :math:`\epsilon` of the entropy:
    :math:`\rho = \sqrt{1 + (\epsilon/4)^2} - \epsilon/4`.

    Parameters
    ----------
    entropy : float

    Returns
    -------
    float

    Examples
    --------
    >>> from tdist.gaussians import entropic_correlation
    >>> round(entropic_correlation(0.5), 4)
    0.8828
    """
    return float(np.hypot(1, entropy / 4) - entropy / 4)


def polar(size, angle):
    """Points of the plane (..., 2) by size and angle in radians."""
    return np.stack([size * np.cos(angle), size * np.sin(angle)], axis=-1)
