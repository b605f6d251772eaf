"""What the studies of estimates and of sample needs compute, against other programs."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma
from scipy.stats import norm
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from tdist import h_score
from tdist.studies import estimates, sample_needs


@pytest.mark.parametrize("m", [30, 100, 400])
def test_neighbours_are_those_of_scikit_learn(m):
    """And of the definition; with classes of 7 scikit-learn's distances round."""
    rng = np.random.default_rng(m)
    y = rng.integers(3, size=m)
    x = rng.standard_normal((m, 1)) + y[:, None]
    found, away, n = sample_needs.nearest(x, y), np.abs(x - x.T), np.bincount(y)[y]
    radius = np.array([np.sort(row[y == c])[3] for row, c in zip(away, y, strict=True)])
    within = (away < radius[:, None]).sum(1)  # and itself
    assert found == pytest.approx(digamma(m) + digamma(3) - digamma(n).mean()
                                  - digamma(within).mean())
    if m > 30:
        expected = mutual_info_classif(x, y, n_neighbors=3, random_state=0)[0]
        assert found == pytest.approx(expected, abs=1e-9)


def test_neighbours_of_two_features_find_a_known_information():
    rng, found = np.random.default_rng(0), []
    means = sample_needs.four_classes(1.0, 2)
    for _ in range(5):
        y = rng.integers(4, size=4000)
        found.append(sample_needs.nearest(means[y] + rng.standard_normal((4000, 2)), y))
    assert np.mean(found) == pytest.approx(sample_needs.true_information(means, 100_000)[0],
                                           abs=0.02)


def test_bins_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    y, x = rng.integers(3, size=200), rng.standard_normal((200, 2))
    cells = [np.digitize(c, np.quantile(c, [0.25, 0.5, 0.75]), right=True) for c in x.T]
    assert sample_needs.binned(x, y, 4) == pytest.approx(
        mutual_info_score(cells[0] * 4 + cells[1], y))


@pytest.mark.parametrize(("h", "k"), [(0.5, 1), (1.0, 3)])
def test_four_classes_have_their_score(h, k):
    means = sample_needs.four_classes(h, k)
    between = means.T @ means / 4
    assert np.trace(np.linalg.solve(np.eye(k) + between, between)) == pytest.approx(h)


def test_true_information_by_quadrature():
    means = sample_needs.four_classes(0.5, 1)

    def density(x):
        return norm.pdf(x - means[:, 0]).mean()

    entropy = quad(lambda x: -density(x) * np.log(density(x)), -12, 12, limit=200)[0]
    found, error = sample_needs.true_information(means, 200_000)
    assert found == pytest.approx(entropy - 0.5 * np.log(2 * np.pi * np.e), abs=4 * error)


def test_classes_have_their_score_and_sizes():
    means = estimates.class_means(5, 1.1)
    spread = np.cov(means.T, bias=True)
    assert np.trace(np.linalg.solve(np.eye(5) + spread, spread)) == pytest.approx(1.1)
    rng = np.random.default_rng(0)
    y = estimates.draw("long tail", means, 20_000, rng)[1]
    assert np.bincount(y)[0] / np.bincount(y)[9] == pytest.approx(10, rel=0.15)
    assert np.bincount(estimates.draw("", means, 40, rng, given=True)[1]).tolist() == [4] * 10


def test_split_is_right_on_average():
    """Of Gaussian noise in one covariance, whose inverse is scaled exactly; and near the truth
    where there is something to find."""
    rng = np.random.default_rng(0)
    noise = [estimates.split(rng.standard_normal((40, 3)), rng.integers(3, size=40))
             for _ in range(600)]
    assert abs(np.mean(noise)) < 4 * np.std(noise) / np.sqrt(600)
    means = estimates.class_means(4, 1.5)
    found = [estimates.split(*estimates.draw("", means, 2000, rng)) for _ in range(20)]
    assert np.mean(found) == pytest.approx(1.5, abs=0.06)
    assert np.isnan(estimates.split(np.ones((10, 5)), np.arange(10) % 2))


def test_the_gaussian_correction_takes_off_the_bias_of_drawn_labels():
    rng, y = np.random.default_rng(0), np.arange(60) % 5
    result = h_score(rng.standard_normal((60, 6)) + 2 * np.eye(5, 6)[y], y)
    a = result.adjusted
    u1, u2, u3 = 4 * (1 - a / 4) ** np.arange(1, 4)
    assert estimates.gaussian(result) == pytest.approx(a + (u1 * a + 3 * u2 - 2 * u3 - u1) / 60)
