"""Geodesics between classifiers, progress along them and distances of many, against closed forms.
"""

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from tdist.fisher_rao import distance
from tdist.geodesics import Progress, distances, geodesic, progress


def classifiers(shape, classes=4, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(classes), shape)


def test_a_geodesic_has_constant_speed_and_the_length_of_the_distance():
    p, q = classifiers(6), classifiers(6, seed=1)
    t = np.linspace(0, 1, 11)
    points = geodesic(p, q, t[:, None])  # (11, 6, 4)
    assert np.allclose(points.sum(-1), 1)
    assert np.allclose(distance(points[0], p), 0) and np.allclose(distance(points[-1], q), 0)
    assert np.allclose(distance(points[:-1], points[1:]), distance(p, q) / 10)


def test_a_geodesic_of_two_equal_distributions_stands_still():
    p = classifiers(())
    assert np.allclose(geodesic(p, p, [0, 0.3, 1]), p)
    near = p + 1e-9 * np.array([1, -1, 0, 0])
    assert np.allclose(geodesic(p, near, 0.5), p)


def test_on_the_geodesic_progress_is_linear_and_nothing_is_off():
    p, q = classifiers(20), classifiers(20, seed=1)
    t = np.linspace(0, 1, 13)
    found = progress(geodesic(p, q, t[:, None]), p, q)
    assert np.allclose(found.share, t, atol=1e-7)
    assert np.allclose(found.off, 0, atol=1e-7)
    back = progress(geodesic(p, q, t[:, None]), q, p)
    assert np.allclose(back.share, 1 - t, atol=1e-7)


def test_beside_the_geodesic_it_is_the_foot_of_the_perpendicular_on_the_sphere():
    """From corner to corner of a triangle of classes, u = sqrt p: share atan(u2 / u1) of a right
    angle, and 2 asin u3 off."""
    u = np.sqrt(classifiers(50, 3))
    found = progress(u[:, None] ** 2, [[1, 0, 0]], [[0, 1, 0]])
    assert np.allclose(found.share, np.arctan2(u[:, 1], u[:, 0]) / (np.pi / 2), atol=1e-6)
    assert np.allclose(found.off, 2 * np.arcsin(u[:, 2]), atol=1e-9)


def test_behind_the_start_and_beyond_the_end_it_is_the_end():
    start, end = [[0.6, 0.4]], [[0.4, 0.6]]
    found = progress([[[0.9, 0.1]], [[0.1, 0.9]]], start, end)
    assert found.share.tolist() == [0, 1]
    assert np.allclose(found.off, distance([[0.9, 0.1], [0.1, 0.9]], [start[0], end[0]]))


def test_over_many_inputs_one_share_for_all_is_searched():
    p, q, points = classifiers(8), classifiers(8, seed=1), classifiers((5, 8), seed=2)
    weights = np.arange(1.0, 9)
    found = progress(points, p, q, weights)
    for point, share, off in zip(points, found.share, found.off, strict=True):
        def mean_square(s, point=point):
            return np.average(distance(point, geodesic(p, q, np.full(8, s))) ** 2, weights=weights)
        best = minimize_scalar(mean_square, bounds=(0, 1), method="bounded",
                               options={"xatol": 1e-9})
        assert share == pytest.approx(best.x, abs=1e-5)
        assert off == pytest.approx(best.fun**0.5, abs=1e-9)


def test_weights_of_zero_take_an_input_out():
    p, q = classifiers(2), classifiers(2, seed=1)
    points = classifiers((3, 2), seed=2)
    whole, one = progress(points, p, q, [1, 0]), progress(points[:, :1], p[:1], q[:1])
    assert np.allclose(whole.share, one.share) and np.allclose(whole.off, one.off)


def test_distances_by_hand_and_as_a_metric():
    """One input apart by pi and one that stays: pi / sqrt 2."""
    found = distances([[[1, 0], [0.5, 0.5]], [[0, 1], [0.5, 0.5]]])
    assert np.allclose(found, [[0, np.pi / 2**0.5], [np.pi / 2**0.5, 0]])
    assert np.allclose(distances([[[1, 0], [0.5, 0.5]], [[0, 1], [0.5, 0.5]]], [3, 1])[0, 1],
                       np.pi * 0.75**0.5)
    d = distances(classifiers((9, 5)))
    assert np.allclose(d, d.T) and np.all(np.diag(d) == 0)
    assert np.all(d[:, None] <= d[:, :, None] + d[None] + 1e-12)


def test_classifiers_on_one_geodesic_lie_on_a_straight_line_of_the_map():
    from sklearn.manifold import ClassicalMDS

    p, q = classifiers(7), classifiers(7, seed=1)
    t = np.array([0, 0.1, 0.5, 0.75, 1])
    d = distances(geodesic(p, q, t[:, None]))
    xy = ClassicalMDS(n_components=2, metric="precomputed").fit_transform(d)
    assert np.allclose(np.abs(np.diff(xy[:, 0])), np.diff(t) * d[0, -1], atol=1e-9)
    assert np.allclose(xy[:, 1], 0, atol=1e-6)


def test_a_result_is_carried_and_printed():
    found = progress(classifiers((3, 4)), classifiers(4, seed=1), classifiers(4, seed=2))
    copy = pickle.loads(pickle.dumps(found))
    assert np.array_equal(copy.share, found.share) and float(found) == found.share[-1]
    assert repr(found) == "Progress(share=ndarray (3,), off=ndarray (3,))"
    assert isinstance(found, Progress)


@pytest.mark.parametrize(("call", "words"), [
    (lambda p: progress(p, p[0], p[0]), "no geodesic"),
    (lambda p: progress(p[0], p[0], p[1]), "points, inputs, classes"),
    (lambda p: progress(p, p[0], p[1, :2]), "points, inputs, classes"),
    (lambda p: progress(p, p[0], p[1], [1, 2]), "weights"),
    (lambda p: progress(p, p[0], p[1], [0, 0, 0]), "positive sum"),
    (lambda p: geodesic(p[0], p[1], 1.5), "from 0 to 1"),
    (lambda p: distances(p[0]), "points, inputs, classes"),
])
def test_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call(classifiers((2, 3)))
