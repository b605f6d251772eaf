"""Optimal transport of labelled clouds: against closed forms, linear programs, other programs."""

import numpy as np
import ot
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from tdist.rivals import otdd, wasserstein
from tdist.rivals.labelled import fitted, gaussian, gaussian_cost


def cloud(n, k, seed, shift=0.0):
    """Points of a Gaussian whose axes are neither equal nor its own."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)) @ rng.normal(size=(k, k)) + shift


def task(n=30, k=3, classes=3, seed=0, shift=0.0):
    """Features and labels; classes of unequal sizes and shapes."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(classes), rng.integers(classes, size=n - classes)]
    x = np.stack([rng.normal(size=k) * (1 + c) + 2 * c for c in y])
    return x + shift, y


# --- Wasserstein ---------------------------------------------------------------------------------


def test_the_earth_movers_distance():
    """On a line SciPy has it; elsewhere it is an assignment's, and at most the root of the squared
    one."""
    x, y = np.random.default_rng(0).normal(size=(2, 40, 1))
    assert wasserstein(x, y[:25], p=1) == pytest.approx(wasserstein_distance(x[:, 0], y[:25, 0]))
    x, y = cloud(40, 4, 1), cloud(40, 4, 2, shift=1.0)
    cost = cdist(x, y)
    assert wasserstein(x, y, p=1) == pytest.approx(cost[linear_sum_assignment(cost)].mean())
    assert wasserstein(x, y, p=1) < np.sqrt(wasserstein(x, y))
    assert wasserstein(x, x + 3, p=1) == pytest.approx(6)
    with pytest.raises(ValueError, match="p must be 1 or 2, got 3"):
        wasserstein(x, y, p=3)


# --- Gaussians of classes ------------------------------------------------------------------------


def test_gaussians_are_as_far_as_pot_says():
    a, b = cloud(50, 4, 3), cloud(70, 4, 4, shift=0.5)
    expected = ot.gaussian.bures_wasserstein_distance(
        a.mean(0), b.mean(0), np.cov(a.T, bias=True), np.cov(b.T, bias=True)) ** 2
    assert gaussian_cost(gaussian(a), gaussian(b)) == pytest.approx(expected)


def test_gaussians_of_one_number_differ_by_mean_and_deviation():
    a, b = cloud(9, 1, 5), cloud(6, 1, 6, shift=2.0)
    expected = (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2
    assert gaussian_cost(gaussian(a), gaussian(b)) == pytest.approx(expected)


def test_gaussians_without_an_inverse():
    """Of fewer points than features, even one: on the same line by standard deviations, on
    orthogonal lines by the traces."""
    line = np.array([[-1.0, 0, 0], [1, 0, 0]])
    assert gaussian_cost(gaussian(line), gaussian(3 * line)) == pytest.approx(4)
    assert gaussian_cost(gaussian(line), gaussian(3 * line[:, ::-1])) == pytest.approx(1 + 9)
    assert gaussian_cost(gaussian(line), gaussian(line[1:])) == pytest.approx(1 + 1)
    few, others = cloud(5, 12, 7), cloud(5, 12, 8)
    assert gaussian_cost(gaussian(few), gaussian(few)) == pytest.approx(0, abs=1e-10)
    assert gaussian_cost(gaussian(few), gaussian(others)) <= wasserstein(few, others)


def test_two_samples_of_one_gaussian_are_as_far_as_said():
    """2 k/m from the means and k (k + 1) / (2 m) from the covariances."""
    rng, k, m = np.random.default_rng(9), 20, 1000
    found = [gaussian_cost(*map(gaussian, rng.normal(size=(2, m, k)))) for _ in range(40)]
    assert np.mean(found) == pytest.approx(2 * k / m + k * (k + 1) / (2 * m), rel=0.04)


# --- OTDD ----------------------------------------------------------------------------------------


def otdd_by_hand(x, y, other_x, other_y):
    """A linear program over every pair of points, costs in loops, roots by SciPy."""
    def w2(p, q):
        s, t = np.cov(p.T, bias=True), np.cov(q.T, bias=True)
        root = sqrtm(s)
        cross = sqrtm(root @ t @ root).real
        return np.sum((p.mean(0) - q.mean(0)) ** 2) + np.trace(s + t - 2 * cross)

    n, m = len(x), len(other_x)
    costs, sums = np.zeros((n, m)), np.zeros((n + m, n, m))
    for i in range(n):
        for j in range(m):
            labels = w2(x[y == y[i]], other_x[other_y == other_y[j]])
            costs[i, j] = np.sum((x[i] - other_x[j]) ** 2) + labels
            sums[i, i, j] = sums[n + j, i, j] = 1
    weights = np.r_[np.full(n, 1 / n), np.full(m, 1 / m)]
    return np.sqrt(linprog(costs.ravel(), A_eq=sums.reshape(n + m, -1), b_eq=weights).fun)


def test_otdd_is_the_linear_program():
    (x, y), (z, w) = task(14, 2, 2, seed=1), task(11, 2, 2, seed=2, shift=1.5)
    assert min(*np.bincount(y), *np.bincount(w)) > 2  # SciPy's roots need an inverse
    assert otdd(x, y, z, w) == pytest.approx(otdd_by_hand(x, y, z, w))


def test_otdd_of_one_class_each_adds_its_gaussians_to_the_clouds():
    x, z = cloud(20, 3, 10), cloud(25, 3, 11, shift=1.0)
    squares = wasserstein(x, z) + gaussian_cost(gaussian(x), gaussian(z))
    assert otdd(x, np.zeros(20, int), z, np.zeros(25, int)) == pytest.approx(np.sqrt(squares))


def test_otdd_of_a_shift_is_its_length_twice_over():
    """Once for the points and once for the means of their classes; less is not possible, since the
    means of both have to move."""
    x, y = task()
    assert otdd(x, y, x + np.array([1.0, -2, 2]), y) == pytest.approx(np.sqrt(2 * 9))


def test_otdd_does_not_read_the_names_of_labels():
    (x, y), (z, w) = task(seed=3), task(seed=4, shift=0.5)
    order = np.random.default_rng(0).permutation(len(z))
    found = otdd(x, y, z, w)
    assert found == pytest.approx(otdd(x, y, z[order], np.array(["c", "a", "b"])[w][order]))
    assert found == pytest.approx(otdd(z, w, x, y))
    assert found == pytest.approx(otdd(3 + x, 7 - y, 3 + z, w))
    assert otdd(x, y, x[order], y[order]) == pytest.approx(0, abs=1e-6)
    assert found > np.sqrt(wasserstein(x, z))
    shuffled = np.random.default_rng(1).permutation(y)
    assert otdd(x, y, x, shuffled) > 0.1  # the points are the same, the classes are not


def test_otdd_takes_tensors_and_refuses_what_has_no_distance():
    (x, y), (z, w) = task(seed=5), task(seed=6)
    tensors = [torch.tensor(v) for v in (x, y, z, w)]
    assert otdd(tensors[0].float(), *tensors[1:]) == pytest.approx(otdd(x, y, z, w), rel=1e-5)
    with pytest.raises(ValueError, match="3 and 2 coordinates"):
        otdd(x, y, z[:, :2], w)
    with pytest.raises(ValueError, match="differ in length"):
        otdd(x, y[:-1], z, w)
    with pytest.raises(ValueError, match="NaN"):
        otdd(x, y, z * np.nan, w)


def test_fitting_leaves_its_points_as_they_are():
    x, y = task()
    before = x.copy()
    gaussians, codes = fitted(x, y)
    assert np.array_equal(x, before) and np.array_equal(codes, y) and len(gaussians) == 3
