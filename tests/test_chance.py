"""The correction for unequal leverages, against sums by hand and samples without signal."""

import numpy as np
import pandas as pd
import pytest

from tdist.pixelwise import whiten
from tdist.pixelwise.chance import corrected, excess, leverage


def by_hand(z, y):
    """Products of different samples of a class, less their mean under shuffling, on the scale of
    the adjusted score."""
    m, k = z.shape
    cross = sum(z[i] @ z[j] / np.sum(y == y[i])
                for i in range(m) for j in range(m) if i != j and y[i] == y[j]) / m
    mean = -k * (m - len(np.unique(y))) / (m * (m - 1))
    return (cross - mean) * (m - 1) / (m - 1 - k)


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    return rng.standard_normal((60, 5)), rng.integers(0, 4, (60, 2, 3))


def test_equals_products_of_different_samples(sample):
    x, codes = sample
    white = whiten(x)
    found = corrected(white.h_score(codes, progress=False), codes, leverage(white))
    expected = [[by_hand(white.z.numpy(), codes[:, i, j]) for j in range(3)] for i in range(2)]
    assert np.allclose(found, expected, atol=1e-12)


def test_equal_leverages_change_nothing():
    corners = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]).repeat(5, 0)
    codes = np.arange(20) % 3
    scores = whiten(corners).h_score(codes, progress=False)
    assert np.allclose(leverage(whiten(corners)), 2)
    found = corrected(scores, codes, leverage(whiten(corners)))
    assert np.isclose(found, float(scores.adjusted), atol=1e-12)


def test_two_sources_side_by_side(sample):
    x, _ = sample
    a, b = whiten(x[:, :2]), whiten(x[:, 2:])
    assert np.allclose(leverage(a, b.given(a)), leverage(whiten(x)), atol=1e-10)


def test_no_signal_scores_zero_whatever_the_spread():
    rng = np.random.default_rng(1)
    y = np.r_[np.zeros(255, int), 1 + np.arange(45) % 5]
    found = []
    for _ in range(150):
        white = whiten(rng.standard_normal((300, 40)) * np.where(y == 0, 1, 1.4)[:, None])
        scores = white.h_score(y, progress=False)
        found.append([float(scores.adjusted), float(corrected(scores, y, leverage(white)))])
    mean, error = np.mean(found, 0), np.std(found, 0) / np.sqrt(150)
    assert mean[0] > 20 * error[0]
    assert abs(mean[1]) < 4 * error[1]


def test_one_colour_and_too_few_samples(sample):
    x, codes = sample
    white = whiten(x)
    codes = np.concatenate([codes, np.zeros((60, 1, 3), int)], 1)
    assert (corrected(white.h_score(codes, progress=False), codes, leverage(white))[2] == 0).all()
    few = whiten(np.random.default_rng(2).standard_normal((6, 9)))
    y = np.arange(6) % 2
    assert np.isnan(corrected(few.h_score(y, progress=False), y, leverage(few)))


def test_what_does_not_belong_together_is_refused(sample):
    x, codes = sample
    white = whiten(x)
    with pytest.raises(ValueError, match="do not belong together"):
        corrected(white.h_score(codes, progress=False), codes[:, :1], leverage(white))
    with pytest.raises(ValueError, match="do not belong together"):
        corrected(white.h_score(codes, progress=False), codes, leverage(white)[:9])
    with pytest.raises(ValueError, match="do not belong together"):
        excess(codes[:50], leverage(white), white.rank)
    with pytest.raises(ValueError, match="the leverage of sample 3 is not finite"):
        excess(codes, np.where(np.arange(60) == 3, np.nan, leverage(white)), white.rank)
    with pytest.raises(ValueError, match=r"one a sample, got shape \(60, 1\)"):
        excess(codes, leverage(white)[:, None], white.rank)
    with pytest.raises(ValueError, match="not be negative"):
        excess(codes - 1, leverage(white), white.rank)
    for nothing in ((), (x,), (white, x)):
        with pytest.raises(TypeError, match="leverage of what"):
            leverage(*nothing)
    scores = white.h_score(codes, progress=False)
    with pytest.raises(TypeError, match=r"scores must be .* got ndarray"):
        corrected(scores.statistic, codes, leverage(white))


def test_an_index_of_pandas_says_nothing(sample):
    x, codes = sample
    white = whiten(x)
    table = pd.DataFrame(codes[:, 0], index=np.random.default_rng(0).permutation(60))
    found = excess(table, pd.Series(leverage(white), index=range(60, 120)), white.rank)
    assert np.allclose(found, excess(codes[:, 0], leverage(white), white.rank))
