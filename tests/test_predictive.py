"""The study of predictive scores: what a fitted map is worth, and what is said of it."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from tdist import h_score
from tdist.studies import predictive
from tdist.studies.estimates import CLASSES, class_means, draw


def test_moments_of_gaussian_classes_are_those_of_many_samples():
    x, y = draw("", class_means(6, 1.1), 100_000, np.random.default_rng(0))
    exact = predictive.moments_of_gaussian(1.1, 6)
    assert np.abs(exact - predictive.second_moments(x, y)).max() < 0.05
    assert exact[0, -CLASSES:] == pytest.approx(1 / CLASSES)


@pytest.mark.parametrize("penalty", [0.0, 0.1])
def test_what_a_map_reaches_is_its_loss_on_new_samples(penalty):
    """Of scikit-learn's ridge regression, the new samples being the whole distribution."""
    rng = np.random.default_rng(0)
    x, y = draw("", class_means(6, 2.0), 80, rng)
    x_new, y_new = draw("", class_means(6, 2.0), 500, rng)
    ridge = Ridge(alpha=penalty * 80) if penalty else LinearRegression()
    ridge.fit((x - x.mean(0)) / x.std(0), np.eye(CLASSES)[y])
    rest = np.eye(CLASSES)[y_new] - ridge.predict((x_new - x.mean(0)) / x.std(0))
    p = np.bincount(y_new, minlength=CLASSES) / 500
    found = predictive.reached(predictive.second_moments(x_new, y_new), x, y, penalty)
    assert found == pytest.approx(CLASSES - 1 - np.mean(rest**2 @ (1 / p)), rel=1e-8)


def test_the_best_map_reaches_h():
    """Least squares fitted to the distribution itself."""
    x, y = draw("", class_means(6, 2.0), 500, np.random.default_rng(0))
    found = predictive.reached(predictive.second_moments(x, y), x, y, 0.0)
    assert found == pytest.approx(h_score(x, y).statistic, abs=1e-9)


def test_left_out_is_a_refit_without_each_sample():
    x, y = draw("", class_means(6, 2.0), 80, np.random.default_rng(0))
    counts = np.bincount(y)
    assert len(counts) == CLASSES and counts.all()
    guess = cross_val_predict(LinearRegression(), x, np.eye(CLASSES)[y], cv=LeaveOneOut())
    loss = np.sum((np.eye(CLASSES)[y] - guess) ** 2 / counts)
    assert predictive.estimates(x, y)[0]["left out"] == pytest.approx(9 - 79 / 80 * loss, rel=1e-8)


def test_the_formula_is_right_for_gaussian_features_that_know_nothing():
    """The mean over draws of what least squares is worth there, and of what the formula says."""
    rng, moments = np.random.default_rng(0), np.eye(1 + 4 + CLASSES)
    moments[0, 5:] = moments[5:, 0] = 1 / CLASSES
    moments[5:, 5:] /= CLASSES
    said, worth = [], []
    for _ in range(300):
        x, y = rng.standard_normal((60, 4)), rng.integers(0, CLASSES, 60)
        said.append(predictive.estimates(x, y)[0]["formula"])
        worth.append(predictive.reached(moments, x, y, 0.0))
    off = np.array(said) - worth
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(300)
    assert np.mean(worth) == pytest.approx(-9 * (61 * 58 / (60 * 54) - 1), abs=0.03)
