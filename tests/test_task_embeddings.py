"""Wasserstein task embeddings: exact where they are, and against POT, SciPy and OTDD elsewhere."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from tdist.rivals import TaskEmbeddings, otdd, wasserstein, wasserstein_embeddings
from tdist.rivals.embeddings import carried, labelled, scaled
from tests.test_rivals import cloud, task


def lengths(reference, z, other):
    """Squared distance of two embeddings."""
    return np.sum((carried(reference, z) - carried(reference, other)) ** 2)


def test_a_shift_is_exact_whatever_the_reference():
    z = cloud(30, 3, 0)
    for size in (1, 7, 30, 45):
        reference = cloud(size, 3, 1, shift=2.0)
        assert lengths(reference, z, z + np.array([1.0, -2, 2])) == pytest.approx(9)


def test_from_one_of_the_two_it_is_exact():
    z, other = cloud(30, 3, 2), cloud(30, 3, 3, shift=1.0)
    assert carried(z, z) == pytest.approx(0)
    assert np.sum(carried(z, other) ** 2) == pytest.approx(wasserstein(z, other))
    assert lengths(z, z[::-1], other) == pytest.approx(wasserstein(z, other))


def test_on_a_line_it_is_exact():
    z, other, reference = (cloud(20, 1, seed) for seed in (4, 5, 6))
    assert lengths(reference, z, other) == pytest.approx(wasserstein(z, other))


def test_of_one_size_it_is_never_less_and_near():
    ratios = []
    for seed in range(8):
        z, other, reference = (cloud(40, 2, 3 * seed + i) for i in range(3))
        ratios.append(lengths(reference, z, other) / wasserstein(z, other))
    assert min(ratios) > 1 - 1e-9 and np.median(ratios) < 1.5
    assert max(ratios) > 1.001


def test_coordinates_of_labels_have_the_least_stress():
    """Of many starts none ends lower by SciPy's search; and labels on a plane are found again."""
    between = cdist(*[cloud(8, 5, 7)] * 2)
    found = scaled(between, 2)

    def stress(v):
        return np.sum((cdist(*[v.reshape(8, 2)] * 2) - between) ** 2)

    least = min(minimize(stress, start, method="BFGS").fun for start in
                [found.ravel(), *np.random.default_rng(0).normal(size=(10, 16))])
    assert stress(found.ravel()) == pytest.approx(least, rel=1e-3)
    plane = cdist(*[cloud(6, 2, 8)] * 2)
    assert cdist(*[scaled(plane, 2)] * 2) == pytest.approx(plane, abs=1e-6)


def test_where_gaussians_lie_on_a_plane_the_clouds_are_as_far_as_otdd_says():
    """Of one feature they do, by mean and standard deviation."""
    tasks = [task(25, 1, 3, seed=10), task(25, 1, 2, seed=11, shift=1.0), task(25, 1, 4, seed=12)]
    found = wasserstein_embeddings(tasks, dimensions=2, references=25)
    assert float(found) == found.stress == pytest.approx(0, abs=1e-6)
    assert [z.shape for z in found.clouds] == [(25, 3)] * 3
    for i, j in ((0, 1), (0, 2), (1, 2)):
        exact = otdd(*tasks[i], *tasks[j])
        assert wasserstein(found.clouds[i], found.clouds[j]) == pytest.approx(exact**2, rel=1e-5)
        assert exact * (1 - 1e-6) < found.distances[i, j] < 1.3 * exact


def test_stress_says_what_the_coordinates_miss():
    tasks = [task(40, 6, 4, seed=13), task(40, 6, 4, seed=14)]
    stresses = [labelled(tasks, dimensions)[1] for dimensions in (1, 2, 7)]
    assert 1 > stresses[0] > stresses[1] > stresses[2] >= 0 and stresses[2] < 0.1


def test_distances_of_tasks():
    """Of several sizes and numbers of classes; names and order play no part, but for the ends."""
    tasks = [task(30, 2, 3, seed=15), task(22, 2, 2, seed=16, shift=1.0)]
    order = np.random.default_rng(0).permutation(22)
    again = (tasks[1][0][order], np.array(["b", "a"])[tasks[1][1][order]])
    found = wasserstein_embeddings([*tasks, again], references=11)
    assert found.distances.shape == (3, 3) and found.vectors.shape == (3, 11, 12)
    assert (found.distances == found.distances.T).all()
    assert found.distances[1, 2] == pytest.approx(0, abs=1e-4)
    assert found.distances[0, 1] > 1
    assert found.distances[0, 1] == pytest.approx(
        np.linalg.norm(found.vectors[0] - found.vectors[1]))
    same = wasserstein_embeddings([*tasks, again], references=11)
    assert np.array_equal(found.distances, same.distances)
    other = wasserstein_embeddings([*tasks, again], references=11, seed=1)
    assert other.distances[0, 1] != found.distances[0, 1]
    assert isinstance(found, TaskEmbeddings)
    assert repr(found).startswith("TaskEmbeddings(distances=ndarray (3, 3), ")


def test_one_class_has_one_place():
    x = cloud(10, 2, 17)
    found = wasserstein_embeddings([(x, np.zeros(10))])
    assert found.stress == 0 and not found.clouds[0][:, 2:].any()


def test_refuses():
    first, second = task(10, 2), task(10, 3)
    with pytest.raises(ValueError, match=r"one trunk, got \[2, 3\]"):
        wasserstein_embeddings([first, second])
    with pytest.raises(ValueError, match="dimensions must be a whole number"):
        wasserstein_embeddings([first], dimensions=0)
    with pytest.raises(ValueError, match="references must be a whole number"):
        wasserstein_embeddings([first], references=0)
