"""Tasks as vectors: every task's labelled cloud carried from one reference, so that a transport a
task serves all pairs."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.manifold import smacof

from tdist.manners import line, whole
from tdist.rivals.clouds import cheapest, points
from tdist.rivals.labelled import fitted, gaussian_cost


@dataclass(frozen=True, repr=False)
class TaskEmbeddings:
    """What :func:`wasserstein_embeddings` found; ``float(result)`` is `stress`.

    Attributes
    ----------
    distances : ndarray, shape (tasks, tasks)
        Of the vectors, in units of the features; symmetric.
    vectors : ndarray, shape (tasks, references, k + dimensions)
    clouds : list of ndarray, shapes (m, k + dimensions)
        Each task's features, followed by the coordinates of their labels; their Wasserstein
        distances are what `distances` stands for.
    stress : float
        What the coordinates of the labels miss: root of the sum of squares of the errors of their
        distances over that of the distances (Kruskal's stress-1). 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from tdist.rivals import TaskEmbeddings
    >>> TaskEmbeddings(np.zeros((1, 1)), np.zeros((1, 4, 3)), [np.zeros((5, 3))], 0.125)
    TaskEmbeddings(distances=ndarray (1, 1), vectors=ndarray (1, 4, 3), clouds=[ndarray (5, 3)], \
stress=0.125)
    """

    distances: np.ndarray
    vectors: np.ndarray
    clouds: list
    stress: float

    def __float__(self):
        return self.stress

    __repr__ = line


def wasserstein_embeddings(tasks, *, dimensions=10, references=500, seed=0):
    r"""Wasserstein task embeddings of several tasks, and the distances between them.

    .. math:: \psi = \arg\min \sum_{y < y'} \bigl(\lVert \psi_y - \psi_{y'} \rVert
       - W_2(\mathcal N_y, \mathcal N_{y'})\bigr)^2, \qquad z_i = (x_i, \psi_{y_i}), \\
       v_r = \frac{1}{\sqrt R} \Bigl(R \sum_i \Gamma_{ri} z_i - z^0_r\Bigr), \qquad
       d(v, v') = \lVert v - v' \rVert

    Liu et al. (2022, 2025). Labels get coordinates by metric multidimensional scaling of the
    distances between the Gaussians of all classes of all tasks, those of
    :func:`tdist.rivals.otdd`; :math:`\Gamma` is the cheapest coupling of a fixed cloud
    :math:`z^0` of R references with the task's z. Then :math:`d^2` stands for the squared
    Wasserstein distance of two clouds z, which stands for OTDD's square. It is that distance
    exactly where z' is z shifted, and where one of the two is the reference and both have as many
    points. With as many references as points it is never less, since the way through the
    reference couples the two, if not in the cheapest way; with fewer it may be less, since points
    are averaged.

    Here the references are drawn from the points of all tasks, without putting any back, and the
    scaling starts from the classical one (Torgerson), so that it has no chance in it.

    Parameters
    ----------
    tasks : sequence of (features, labels)
        Each as for :func:`tdist.rivals.otdd`; features of one trunk.
    dimensions : int
        Coordinates of a label; see `stress`.
    references : int
        R; all points of all tasks if there are fewer. More take more time and see finer.
    seed : int
        Of the references.

    Returns
    -------
    TaskEmbeddings

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.rivals.otdd`; or if `dimensions` or `references` is no whole number above 0.
    RuntimeError
        If the network simplex did not finish.

    Notes
    -----
    A transport a task, where all pairs of T tasks have T (T - 1) / 2 of them; and a pair of classes
    as in OTDD, of all tasks together.

    Examples
    --------
    >>> import numpy as np
    >>> from tdist.rivals import wasserstein_embeddings
    >>> x, y = np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 2.0], [7.0, 2.0]]), [0, 0, 1, 1]
    >>> found = wasserstein_embeddings([(x, y), (x + 1, y)], references=4)
    >>> found.distances.round(3)  # root of 2, for the points and for the labels: 2
    array([[0., 2.],
           [2., 0.]])
    """
    dimensions = whole("dimensions", dimensions, least=1)
    references = whole("references", references, least=1)
    clouds, stress = labelled(tasks, dimensions)
    everything = np.concatenate(clouds)
    drawn = np.random.default_rng(seed).permutation(len(everything))[:references]
    vectors = np.stack([carried(everything[drawn], z) for z in clouds])
    flat = vectors.reshape(len(vectors), -1)
    return TaskEmbeddings(cdist(flat, flat), vectors, clouds, stress)


def labelled(tasks, dimensions):
    """Clouds of features and label coordinates, one (m, k + dimensions) a task, and the stress."""
    x = [points(features) for features, _ in tasks]
    if len({each.shape[1] for each in x}) != 1:
        raise ValueError("tasks must have features of one trunk, got "
                         f"{[each.shape[1] for each in x]} columns")
    classes, codes = zip(*(fitted(features, labels) for features, labels in tasks), strict=True)
    every = [gaussian for each in classes for gaussian in each]
    between = np.zeros((len(every), len(every)))
    for i, j in zip(*np.tril_indices(len(every), -1), strict=True):
        between[i, j] = between[j, i] = np.sqrt(gaussian_cost(every[i], every[j]))
    psi = scaled(between, dimensions)
    starts = np.cumsum([0, *map(len, classes)])
    clouds = [np.hstack([features, psi[start + code]])
              for features, start, code in zip(x, starts[:-1], codes, strict=True)]
    total = np.sum(between**2)
    missed = np.sum((cdist(psi, psi) - between) ** 2)
    return clouds, float(np.sqrt(missed / total)) if total else 0.0


def scaled(between, dimensions):
    """Coordinates (classes, dimensions) whose distances come nearest to these, by SMACOF from the
    classical scaling on."""
    if not between.any():  # one class, or one again and again
        return np.zeros((len(between), dimensions))
    centring = np.eye(len(between)) - 1 / len(between)
    values, vectors = np.linalg.eigh(-centring @ between**2 @ centring / 2)
    first = vectors[:, ::-1] * np.sqrt(values[::-1].clip(0))
    start = np.zeros((len(between), dimensions))
    start[:, :first.shape[1]] = first[:, :dimensions]
    return smacof(between, n_components=dimensions, init=start, n_init=1, max_iter=10_000,
                  eps=1e-9, normalized_stress=False)[0]


def carried(reference, cloud):
    """Where each of the R references goes on the whole, less where it was, over root R."""
    gamma = cheapest(cdist(reference, cloud, "sqeuclidean"))  # (R, m)
    R = len(reference)
    return (R * gamma @ cloud - reference) / np.sqrt(R)
