"""The chance level of unequally spread classes: its definition, simulations, and that of pixels."""

import copy
import pickle

import numpy as np
import pytest

from tdist import h_score
from tdist.hscore import leverage_chance
from tdist.pixelwise import whiten
from tdist.pixelwise.chance import corrected, leverage
from tests.test_hscore import data


def test_by_hand():
    """x of mean 3 and variance 10: leverages 9, 4, 1, 0, 36 over 10; k = 1, m = 5."""
    found = leverage_chance([[0], [1], [2], [3], [9]], ["near"] * 4 + ["far"])
    assert found.leverages == pytest.approx({"near": 0.35, "far": 3.6})
    assert float(found) == pytest.approx(1 / 4 + (0.35 - 1 + 3.6 - 1) / 5)
    assert found.score == h_score([[0], [1], [2], [3], [9]], [0, 0, 0, 0, 1])
    assert found.adjusted == pytest.approx(found.score.adjusted - 1.95 / 5 * 4 / 3)


def test_by_hand_with_one_spare_sample():
    """x of mean 2 and variance 14 / 3: leverages 12, 3, 27 over 14; k = 1, m = 3."""
    found = leverage_chance([[0], [1], [5]], ["near", "near", "far"])
    assert found.leverages == pytest.approx({"near": 15 / 28, "far": 27 / 14})
    assert found.adjusted == pytest.approx(found.score.adjusted - (69 / 28 - 2) / 3 * 2)


@pytest.mark.parametrize("k", [3, 20])
def test_as_at_a_pixel(k):
    x, y = data(80, k, 4)
    white = whiten(x)
    expected = corrected(white.h_score(y, progress=False), y, leverage(white))
    assert leverage_chance(x, y).adjusted == pytest.approx(float(expected), abs=1e-10)


def test_equal_leverages_are_the_usual_chance():
    x = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]] * 3)
    found = leverage_chance(x, [0, 1, 2] * 4)
    assert float(found) == pytest.approx(found.score.chance, abs=1e-12)
    assert set(found.leverages) == {0, 1, 2}


@pytest.mark.slow
@pytest.mark.parametrize("m, k, spread", [(400, 5, 4.0), (300, 20, 2.0)])
def test_mean_of_classes_that_differ_in_spread_alone(m, k, spread):
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(200):
        y = np.r_[np.arange(4), rng.choice(4, m - 4, p=[0.7, 0.2, 0.07, 0.03])]
        x = rng.standard_normal((m, k)) * np.array([1, 1, 1, spread])[y][:, None]
        found = leverage_chance(x, y)
        rows.append([found.score.statistic, float(found), found.score.chance])
    score, ours, usual = np.mean(rows, 0)
    error = np.std([row[0] - row[1] for row in rows]) / np.sqrt(200)
    assert abs(score - ours) < 3 * error + 0.05 * (score - usual)  # to first order in k / m
    assert score - usual > 10 * error


def test_without_spare_samples():
    x, y = data(30, 60, 3)
    found = leverage_chance(x, y)
    assert np.isnan(found.adjusted) and np.isfinite(float(found))
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert float(other) == float(found) and "\n" not in repr(found)
