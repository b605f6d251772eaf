"""The bias of the adjusted score, eq-adjusted-bias, against exact expectations, and that the
jackknife takes it away."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom, ncf

from tdist import h_score
from tdist.hscore import jackknife


def expected(theta, k, n, classes):
    """Exact mean of the adjusted score of Gaussian classes of given sizes where one of k and
    |Y| - 1 is 1: H-hat / (1 - H-hat) is then noncentral F times its degrees of freedom, with
    noncentrality n theta."""
    q = classes - 1
    a, b = max(k, q), n - k - q

    def term(f):
        h = a * f / (b + a * f)
        return (q - (q - h) * (n - 1) / (n - 1 - k)) * ncf.pdf(f, a, b, n * theta)

    mean, sd = ncf.mean(a, b, n * theta), ncf.std(a, b, n * theta)
    return quad(term, 0, mean + 40 * sd, points=[mean], limit=200)[0]


@pytest.mark.parametrize(("k", "classes"), [(1, 2), (5, 2), (1, 6), (20, 2)])
@pytest.mark.parametrize("theta", [0.3, 1.5])
def test_bias_of_given_class_sizes(k, classes, theta):
    """-(u2 H + 2 u2 - u3 - u1) / m, whatever the number of features."""
    h, q, n = theta / (1 + theta), classes - 1, 2000
    u1, u2, u3 = ((q - 1) + (1 - h) ** j for j in (1, 2, 3))
    bias = expected(theta, k, n, classes) - h
    assert n * bias == pytest.approx(-(u2 * h + 2 * u2 - u3 - u1), abs=0.01)


@pytest.mark.parametrize("theta", [0.3, 1.5])
def test_bias_of_drawn_labels(theta):
    """Two classes of probability 1/2: the mean over their sizes."""
    h, n = theta / (1 + theta), 200
    w = 1 - h
    sizes = np.arange(n // 2 - 30, n // 2 + 31)
    weights = binom.pmf(sizes, n, 0.5)
    means = [expected(4 * s * (n - s) / n**2 * theta, 3, n, 2) for s in sizes]
    bias = np.array(means) @ weights / weights.sum() - h
    assert n * bias == pytest.approx(-(w * h + 3 * w**2 - 2 * w**3 - w), abs=0.02)


def test_the_jackknife_has_no_such_bias():
    """Five classes, six features, 60 drawn samples."""
    rng, runs, n, k, h = np.random.default_rng(0), 800, 60, 6, 1.6
    square = np.linalg.qr(np.eye(5) - 0.2)[0][:, :4]  # orthonormal functions of the label
    theta = (h / 4) / (1 - h / 4)
    means = np.sqrt(5 * theta) * square @ np.linalg.qr(rng.standard_normal((k, 4)))[0].T
    found = []
    for _ in range(runs):
        y = rng.integers(5, size=n)
        one = jackknife(means[y] + rng.standard_normal((n, k)), y)
        found.append([one.statistic, one.corrected])
    adjusted, corrected = np.array(found).T
    u1, u2, u3 = 4 * (1 - h / 4) ** np.arange(1, 4)
    error = corrected.std() / np.sqrt(runs)
    assert adjusted.mean() - h < -8 * error
    assert adjusted.mean() - h == pytest.approx(-(u1 * h + 3 * u2 - 2 * u3 - u1) / n, abs=4 * error)
    assert abs(corrected.mean() - h) < 4 * error


def test_corrected_is_its_definition():
    rng = np.random.default_rng(3)
    y = rng.integers(3, size=30)
    x = rng.exponential(size=(30, 4)) + y[:, None]
    without = [h_score(np.delete(x, i, 0), np.delete(y, i)).adjusted for i in range(30)]
    found = jackknife(x, y)
    assert found.corrected == pytest.approx(30 * h_score(x, y).adjusted - 29 * np.mean(without))
    assert np.isnan(jackknife(rng.standard_normal((8, 20)), y[:8]).corrected)
