"""Intervals of H-scores: leaving one out against doing it, and whether they hold the truth."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.datasets import load_iris

from tdist import h_score
from tdist.hscore import difference, jackknife
from tests.test_hscore import data


def one_less(x, y, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return np.array([getattr(h_score(np.delete(x, i, 0), np.delete(y, i)), name)
                         for i in range(len(x))])


@pytest.mark.parametrize("adjusted", [True, False])
@pytest.mark.parametrize("k", [1, 5, 20, 27])
def test_each_sample_left_out(k, adjusted):
    """Equal to a refit without the sample; also of a class of one, and of two."""
    x, y = data(30, k, 4)
    y[7], y[[11, 20]] = 99, 98
    found = jackknife(x, y, adjusted=adjusted)
    name = "adjusted" if adjusted else "statistic"
    expected = one_less(x, y, name)
    assert found.left_out == pytest.approx(expected, abs=1e-8)
    assert found.statistic == getattr(h_score(x, y), name) == float(found)
    # the leverage by its definition
    rest = 1 - (np.einsum("ij,jk,ik->i", c := x - x.mean(0), np.linalg.pinv(c.T @ c), c) * 30 / 29)
    assert found.error == pytest.approx(np.sqrt((rest * (expected - expected.mean())**2).sum()),
                                        rel=1e-6)
    assert (found.high - found.low) / 2 == pytest.approx(norm.ppf(0.975) * found.error)
    assert found.high + found.low == pytest.approx(2 * found.statistic)


def test_redundant_features_and_chunks(monkeypatch):
    x, y = data(40, 4, 3)
    plain = jackknife(x, y)
    assert jackknife(np.c_[x, x @ np.ones(4), np.ones(40)], y).error == pytest.approx(plain.error)
    monkeypatch.setattr("tdist.hscore.moments.CHUNK", 16)
    assert jackknife(x, y).left_out == pytest.approx(plain.left_out)


def test_a_feature_of_one_sample():
    """Without it a direction is gone; the rest of the score is as it was."""
    x, y = data(40, 3, 3)
    spike = np.zeros(40)
    spike[5] = 1
    found = jackknife(np.c_[x, spike], y, adjusted=False)
    assert found.left_out == pytest.approx(one_less(np.c_[x, spike], y, "statistic"), abs=1e-8)


def test_samples_that_alone_move_in_a_direction_have_no_part_in_the_error():
    """Their leverage is m - 1, but for rounding of either sign."""
    x, y = data(1000, 10, 3)
    x = np.c_[x, np.eye(1000, 5) + x[:, :5]]
    found = jackknife(x, y, adjusted=False)
    assert not found.deviations[:5].any() and found.deviations[5:].all()
    for i in range(5):
        less = h_score(np.delete(x, i, 0), np.delete(y, i))
        assert found.left_out[i] == pytest.approx(less.statistic, abs=1e-10)


def test_difference():
    iris, species = load_iris(return_X_y=True)
    a, b = jackknife(iris[:, 2:], species), jackknife(iris[:, :2], species)
    found = difference(iris[:, 2:], iris[:, :2], species)
    assert found.statistic == pytest.approx(a.statistic - b.statistic)
    assert found.error == pytest.approx(np.linalg.norm(a.deviations - b.deviations))
    assert found.pvalue == pytest.approx(2 * norm.cdf(-found.statistic / found.error))
    back = b.minus(a)
    assert (back.low, back.high, back.pvalue) == (-found.high, -found.low, found.pvalue)
    wide = difference(iris[:, 2:], iris[:, :2], species, confidence=0.99)
    assert wide.high - wide.low == pytest.approx((found.high - found.low)
                                                 * norm.ppf(0.995) / norm.ppf(0.975))
    assert (found.confidence, wide.confidence) == (0.95, 0.99)


def test_the_same_features_do_not_differ():
    x, y = data()
    found = difference(x, x, y)
    assert (found.statistic, found.low, found.high, found.error, found.pvalue) == (0, 0, 0, 0, 1)
    turned = difference(x, 3 * x @ np.linalg.qr(np.random.default_rng(0).random((5, 5)))[0] + 1, y)
    assert abs(turned.statistic) < 1e-12 and turned.error < 1e-12


def test_no_interval_without_spare_samples():
    x, y = data(30, 60, 3)
    for found in (jackknife(x, y), jackknife(x[:, :28], y), jackknife(x, y, adjusted=False)):
        assert np.isnan([found.error, found.low, found.high]).all()
    assert np.isnan(difference(x, x[:, :3], y).pvalue)


def test_refuses():
    x, y = data()
    for confidence in (0, 1, 1.5, 95):
        with pytest.raises(ValueError, match="between 0 and 1"):
            jackknife(x, y, confidence=confidence)
    with pytest.raises(ValueError, match="80, 4, 0"):
        jackknife(x, y).minus(jackknife(x[:70], y[:70]))
    with pytest.raises(ValueError, match="same samples in the same way"):
        jackknife(x, y).minus(jackknife(x, y, adjusted=False))
    with pytest.raises(ValueError, match="differ in length"):
        difference(x, x[:70], y)


def test_results_travel():
    x, y = data()
    for found in (jackknife(x, y), difference(x, x[:, :2], y)):
        assert "\n" not in repr(found) and len(repr(found)) < 200
        for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
            assert (other.low, other.error) == (found.low, found.error)


def means_with(h, k, classes, rng):
    """Class means of features with covariance I within classes, and H = h."""
    means = rng.standard_normal((classes, k))
    means -= means.mean(0)
    values = np.linalg.eigvalsh(means.T @ means / classes)
    return means * np.sqrt(brentq(lambda s: (s * values / (1 + s * values)).sum() - h, 0, 1e9))


@pytest.mark.slow
@pytest.mark.parametrize("m, k, a, b", [(200, 8, 1.0, 1.0), (60, 16, 1.0, 1.0), (200, 8, 2.0, 1.2)])
def test_intervals_hold_the_truth(m, k, a, b):
    """95% of them, but for three standard errors of 400 runs; and not nearly all for no effort."""
    rng = np.random.default_rng(0)
    mean_a, mean_b = means_with(a, k, 6, rng), means_with(b, k, 6, rng)
    held, widths, found = 0, [], []
    for _ in range(400):
        y = np.r_[np.arange(6), rng.integers(6, size=m - 6)]
        one = difference(mean_a[y] + rng.standard_normal((m, k)),
                         mean_b[y] + rng.standard_normal((m, k)), y)
        held += one.low <= a - b <= one.high
        widths.append(one.error)
        found.append(one.statistic)
    assert held / 400 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)
    assert np.mean(widths) < 1.35 * np.std(found)


@pytest.mark.parametrize("given", [{}, {"adjusted": False}, {"confidence": 0.8}])
def test_a_difference_is_that_of_two_jackknives(given):
    iris, species = load_iris(return_X_y=True)
    one, other = (jackknife(x, species, **given) for x in (iris[:, 2:], iris[:, :1]))
    found, plain = (difference(iris[:, 2:], iris[:, :1], species, **options)
                    for options in (given, {}))
    assert repr(found) == repr(one.minus(other))
    assert (repr(found) == repr(plain)) == (not given)
