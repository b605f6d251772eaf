"""The scores against refits, loops and programs that no one here wrote."""

import copy
import pickle
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from sklearn.datasets import load_iris, load_wine
from sklearn.linear_model import BayesianRidge, Ridge, RidgeCV
from sklearn.metrics import mutual_info_score
from sklearn.neighbors import NearestCentroid

import tdist
from tdist.scores import (
    SCORES,
    Accuracy,
    compare,
    held_out,
    leave_one_out,
    leep,
    logme,
    nce,
    nearest_mean,
    nearest_neighbours,
    transrate,
)
from tdist.scores.least_squares import PENALTIES, _held_out
from tdist.scores.samples import principal, standardised
from tdist.scores.source_classes import _divided
from tdist.studies.estimates import class_means

SHAPES = [(40, 5), (30, 29), (24, 60)]  # many samples, as many as features, fewer


def data(m=40, k=5, classes=4, signal=1.0, seed=0):
    """Columns of very different size and place, classes of unequal frequency."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.repeat(np.arange(classes), 3),
                        rng.choice(classes, m - 3 * classes, p=np.arange(1, classes + 1) / 10)])
    x = rng.standard_normal((m, k)) @ rng.standard_normal((k, k))
    x += 2 * signal * rng.standard_normal((classes, k))[y]
    return 10 * rng.standard_normal(k) + x * 10.0 ** rng.uniform(-2, 2, k), y


def plain(x):
    """Columns with mean 0 and variance 1."""
    return (x - x.mean(0)) / x.std(0)


def source(m=60, sources=7, seed=0):
    """Class probabilities of a source, and labels that go with them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(sources, 0.4), m)
    return p, (p.argmax(1) + (rng.random(m) < 0.3)) % 3


# --- leave-one-out least squares --------------------------------------------------------------


@pytest.mark.parametrize(("m", "k"), SHAPES)
def test_the_held_out_map_is_the_map_of_the_others(m, k):
    """Every sample left out in turn, the normal equations of the rest solved with an intercept."""
    x, y = data(m, k)
    z, one_hot = plain(x), np.eye(4)[y]
    right, error = np.zeros((len(PENALTIES), m), bool), np.zeros(len(PENALTIES))
    weighted = np.zeros(len(PENALTIES))
    for j, penalty in enumerate(PENALTIES):
        for i in range(m):
            rest = np.arange(m) != i
            a = np.column_stack([np.ones(m), z])
            ridge = np.diag([0.0] + [penalty * m] * k)
            w = np.linalg.solve(a[rest].T @ a[rest] + ridge, a[rest].T @ one_hot[rest])
            right[j, i] = (a[i] @ w).argmax() == y[i]
            error[j] += np.sum((a[i] @ w - one_hot[i]) ** 2)
            weighted[j] += np.sum((a[i] @ w - one_hot[i]) ** 2 / np.bincount(y))
    ours = _held_out(*principal(standardised(x, y)[0]), y, np.ones(4))
    np.testing.assert_allclose(ours[1].sum(1), error, rtol=1e-6)
    np.testing.assert_array_equal(ours[0], right)
    found, best = leave_one_out(x, y), error.argmin()
    assert (found.statistic, found.chosen) == (right[best].mean(), PENALTIES[best])
    np.testing.assert_array_equal(found.correct, right[best], strict=True)
    assert 0.4 < found.statistic < 1
    predictive = held_out(x, y)
    assert predictive.statistic == pytest.approx(3 - (1 - 1 / m) * weighted.min(), rel=1e-6)
    assert predictive.chosen == PENALTIES[weighted.argmin()]


def test_what_ignores_the_features_is_worth_what_it_is_worth():
    """Each class guessed by its frequency among the others: -(|Y| - 1) / (m - 1), which is what
    such guesses reach on average: the variance of the frequencies of m - 1 labels."""
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(4), [3, 9, 9, 19]))
    rest = (np.eye(4)[y].sum(0) - np.eye(4)[y]) / 39 - np.eye(4)[y]
    found = 3 - np.sum((1 - 1 / 40) * rest**2 / np.bincount(y))
    assert found == pytest.approx(-3 / 39)
    noise = np.random.default_rng(1).standard_normal((40, 30))
    assert found - 0.3 < float(held_out(noise, y)) < found + 0.3
    with pytest.warns(UserWarning, match="do not vary"):
        assert float(held_out(np.ones((40, 2)), y)) == pytest.approx(found)


def test_the_predictive_score_is_that_of_the_fitted_map_and_nears_h():
    """Against new samples, for the maps of forty draws; and H, from 2,000 samples a feature."""
    means, rng = class_means(10, 1.5), np.random.default_rng(0)

    def draw(m):
        y = rng.integers(0, 10, m)  # of given sizes the left-out class would be short of one
        return means[y] + rng.standard_normal((m, 10)), y

    said, reached, (x_new, y_new) = [], [], draw(20_000)
    for _ in range(40):
        x, y = draw(200)
        found = held_out(x, y)
        ridge = Ridge(alpha=200 * found.chosen).fit(plain(x), np.eye(10)[y])
        rest = np.eye(10)[y_new] - ridge.predict((x_new - x.mean(0)) / x.std(0))
        said.append(float(found))
        reached.append(9 - 10 * np.mean(np.sum(rest**2, axis=1)))
    off = np.array(said) - reached
    assert abs(off.mean()) < 3 * off.std() / np.sqrt(40) + 0.03
    assert np.mean(reached) < 1.4, "H is out of reach with twenty samples a feature"
    assert abs(float(held_out(x_new, y_new)) - 1.5) < 0.03


def test_a_predictive_score_is_a_result():
    found = held_out(*data())
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert other == found
        np.testing.assert_array_equal(other.losses, found.losses)
    assert float(found) == found.statistic == pytest.approx(found.bound - found.losses.sum())
    assert found.error == pytest.approx(np.sqrt(40) * found.losses.std(ddof=1))


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_squared_errors_are_those_of_scikit_learn(load):
    x, y = load(return_X_y=True)
    ridge = RidgeCV(alphas=np.array(PENALTIES) * len(x), store_cv_results=True)
    ridge.fit(plain(x), np.eye(3)[y])
    _, ours = _held_out(*principal(standardised(x, y)[0]), y, np.ones(3))
    np.testing.assert_allclose(ours.sum(1), ridge.cv_results_.sum((0, 1)), rtol=1e-8)
    assert leave_one_out(x, y).chosen == pytest.approx(ridge.alpha_ / len(x))


def test_blocks_of_rows_change_nothing(monkeypatch):
    x, y = data(200, 12)
    whole = leave_one_out(x, y)
    monkeypatch.setattr("tdist.scores.least_squares.CHUNK", 12 * 7)
    blocks = leave_one_out(x, y)
    assert blocks == whole
    np.testing.assert_array_equal(blocks.correct, whole.correct)


def test_noise_is_at_chance_where_raw_h_is_at_its_bound():
    """As many features as samples: any labels score the bound, and nothing is known of others."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((400, 420)), np.arange(400) % 10
    found = compare(x, y, ("h", "adjusted", "loo", "knn", "mean"))
    assert float(found["h"]) == pytest.approx(9, abs=1e-6)
    assert np.isnan(found["adjusted"])
    for name in ("loo", "knn", "mean"):
        assert float(found[name]) < 0.1 + 4 * 0.015, name
        assert found[name].chance == 0.1


def test_columns_of_noise_raise_h_and_transrate_alone():
    """Thirty columns that know nothing beside five that do."""
    rng = np.random.default_rng(0)
    x, y = data(150, 5, signal=1.5)
    x = plain(x)
    wide = np.column_stack([x, rng.standard_normal((150, 30))])
    before, after = (compare(f, y, ("h", "transrate", "adjusted", "loo", "knn", "mean"))
                     for f in (x, wide))
    for name in before:
        rises = float(after[name]) > float(before[name]) + 0.02
        assert rises == (name in ("h", "transrate")), name


# --- votes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "k"), SHAPES)
def test_neighbours_by_hand(m, k):
    x, y = data(m, k)
    apart = cdist(x, x, "cosine")
    for n in (1, 3, 20):
        guesses = []
        for i in range(m):
            others = [j for j in np.argsort(apart[i]) if j != i]
            guesses.append(np.bincount(y[others[:n]]).argmax())
        found = nearest_neighbours(x, y, n)
        np.testing.assert_array_equal(found.correct, np.array(guesses) == y)
        assert found.chosen == n


def test_few_samples_have_few_neighbours():
    assert nearest_neighbours([[0.0], [1.0], [9.0]], [0, 0, 1]).chosen == 2


@pytest.mark.parametrize(("m", "k"), SHAPES)
def test_nearest_mean_of_the_others(m, k):
    x, y = data(m, k)
    z, guesses = plain(x), []
    for i in range(m):
        rest = np.arange(m) != i
        guesses.append(NearestCentroid().fit(z[rest], y[rest]).predict(z[[i]])[0])
    found = nearest_mean(x, y)
    np.testing.assert_array_equal(found.correct, np.array(guesses) == y)
    assert 0.4 < found.statistic < 1
    assert found.chance == np.bincount(y).max() / m


def test_a_class_of_one_is_never_guessed():
    x, y = data(40, 5)
    x, y = np.vstack([x, x.mean(0)]), np.append(y, 9)
    for name in ("loo", "knn", "mean"):
        assert not SCORES[name](x, y).correct[-1], name


def test_a_class_of_two_is_guessed_by_the_other():
    assert nearest_mean([[0.0], [1], [10], [11]], [0, 0, 1, 1]).correct.all()


def test_a_tie_is_no_guess():
    """Features that say nothing: all means are as near, and of the other seven samples three are of
    class 0 and three of class 1."""
    for score in (leave_one_out, nearest_mean):
        with pytest.warns(UserWarning, match="do not vary") as seen:
            assert not score(np.ones((8, 2)), [0] * 4 + [1] * 3 + [2]).correct.any()
        assert len(seen) == 1


def test_neighbours_by_direction():
    x, y = data()
    lengths = np.random.default_rng(0).uniform(0.1, 10, (len(x), 1))
    np.testing.assert_array_equal(nearest_neighbours(lengths * x, y).correct,
                                  nearest_neighbours(x, y).correct)


@pytest.mark.parametrize("name", ["loo", "mean"])
def test_place_and_scale_of_the_columns_do_not_matter(name):
    x, y = data()
    moved = x * 10.0 ** np.arange(5) * [1, -1, 1, -1, 1] + 7
    np.testing.assert_array_equal(SCORES[name](moved, y).correct, SCORES[name](x, y).correct)


def test_accuracy_is_a_result():
    found = nearest_mean(*data())
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert other.statistic == found.statistic
        np.testing.assert_array_equal(other.correct, found.correct)
    assert float(found) == found.statistic == found.correct.mean()
    p = found.statistic
    assert found.error == pytest.approx(np.sqrt(p * (1 - p) / 40))
    assert repr(found).startswith("Accuracy(statistic=0.")


# --- evidence ---------------------------------------------------------------------------------


def evidence(f, t, a, b):
    """log density of t under N(0, f f^T / a + I / b)."""
    cov = f @ f.T / a + np.eye(len(f)) / b
    return -(np.linalg.slogdet(2 * np.pi * cov)[1] + t @ np.linalg.solve(cov, t)) / 2


@pytest.mark.parametrize(("m", "k"), SHAPES)
def test_logme_is_the_maximal_evidence(m, k):
    """By the normal density of the labels and a general optimiser, from several starts."""
    x, y = data(m, k)
    x = x / np.abs(x).max()
    total = 0
    for label in range(4):
        t = (y == label).astype(float)
        found = [minimize(lambda v, t=t: -evidence(x, t, *np.exp(v)), start, method="L-BFGS-B",
                          bounds=[(-12, 20)] * 2).fun
                 for start in ((0, 0), (-5, 3), (5, 1), (15, 2))]
        total -= min(found) / m
    assert logme(x, y) == pytest.approx(total / 4, abs=1e-4)


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_logme_is_scikit_learns_evidence(load):
    x, y = load(return_X_y=True)
    flat = {"alpha_1": 0, "alpha_2": 0, "lambda_1": 0, "lambda_2": 0, "fit_intercept": False}
    scores = [BayesianRidge(compute_score=True, max_iter=5000, tol=1e-10, **flat)
              .fit(x, (y == c).astype(float)).scores_[-1] / len(x) for c in range(3)]
    assert logme(x, y) == pytest.approx(np.mean(scores), abs=1e-6)


def test_logme_of_features_turned_and_scaled():
    """One scale for all, and a rotation, change nothing; another scale a column does."""
    x, y = data()
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    assert logme(x @ turn * 30, y) == pytest.approx(logme(x, y), abs=1e-9)
    assert logme(x * [1, 10, 100, 1, 1], y) != pytest.approx(logme(x, y), abs=1e-3)


@pytest.mark.parametrize("scale", [1e-150, 1e-6, 1e147])
def test_logme_does_not_depend_on_the_unit(scale):
    """From alpha = beta the fixed point would end elsewhere, and squares would overflow."""
    x, y = data()
    assert logme(scale * x, y) == pytest.approx(logme(x, y), abs=1e-9)


@pytest.mark.parametrize("seed", [72, 78, 90, 102, 146, 219])
def test_logme_is_the_largest_of_several_maxima(seed):
    """Of the density of the labels, at the best beta for each of 400 alpha / beta."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((30, 6)) * np.exp(3 * rng.standard_normal(6)), np.arange(30) % 3
    targets, values = np.eye(3)[y], []
    for t in np.geomspace(1e-5, 1e9, 400):
        cov = np.eye(30) + x @ x.T / t
        square = np.einsum("ic,ic->c", targets, np.linalg.solve(cov, targets)) / 30
        values.append(-(np.linalg.slogdet(cov)[1] / 30 + np.log(2 * np.pi * square) + 1) / 2)
    best = np.max(values, axis=0).mean()
    assert best - 1e-9 < logme(x, y) < best + 1e-3


def test_one_column_is_a_column_beside_one_of_zeros_and_two_copies():
    """A copy makes a column count sqrt(2) times, and no more directions."""
    x, y = plain(data()[0])[:, :1], data()[1]
    wide = np.column_stack([x, np.zeros(40)])
    for score in (leave_one_out, held_out, logme):
        assert float(score(x, y)) == pytest.approx(float(score(wide, y)), rel=1e-12)
    assert leave_one_out(x, y).statistic > 0.3
    assert logme(np.column_stack([x, x]), y) == pytest.approx(logme(x, y), abs=1e-9)


def test_logme_of_an_exact_fit_says_so():
    x, y = data(60, 5)
    with pytest.warns(UserWarning, match="exactly"):
        assert logme(np.column_stack([np.eye(4)[y], x]), y) > 5


def test_logme_of_noise_arrives(recwarn):
    """The evidence of features that say nothing is that of y ~ N(0, mean of y^2), where the best
    w is 0; it is flat on the way."""
    y = np.arange(300) % 3
    x = np.random.default_rng(0).standard_normal((300, 40))
    x -= np.stack([x[y == c].mean(0) for c in range(3)])[y]  # no class sum but 0
    assert logme(x, y) == pytest.approx(-(np.log(2 * np.pi / 3) + 1) / 2, abs=1e-6)
    assert not recwarn.list


@pytest.mark.parametrize("off", [0.0, 2.0**-52])
def test_logme_where_the_best_map_is_0(off):
    """The class sums of a column are 0, or what rounding leaves of it."""
    x = 1e145 * np.array([[1.0], [off - 1], [1], [-1]])
    none = -(np.log(np.pi) + 1) / 2
    assert logme(x, [0, 0, 1, 1]) == pytest.approx(none, abs=1e-9)
    x = np.array([[1e-160], [0], [1], [-1]])  # a square below float64, and its reciprocal above
    assert logme(x, [0, 0, 1, 1]) == pytest.approx(none, abs=1e-9)


# --- coding rate ------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "k"), SHAPES)
def test_transrate_by_its_formula(m, k):
    x, y = data(m, k)
    z = x - x.mean(0)

    def rate(part):
        return np.linalg.slogdet(np.eye(k) + part.T @ part / (len(part) * 1e-4))[1] / 2

    expected = rate(z) - np.mean([rate(z[y == c]) for c in range(4)])
    assert transrate(x, y) == pytest.approx(expected, rel=1e-8)


def test_transrate_of_one_column_by_hand():
    """Variances 5/4 of all, 5/4 about the mean of all within each class of two."""
    found = transrate([[0.0], [1], [2], [3]], [0, 0, 1, 1], distortion=1.0)
    assert found == pytest.approx(0, abs=1e-15)
    found = transrate([[0.0], [3], [1], [2]], [0, 0, 1, 1], distortion=1.0)
    assert found == pytest.approx(np.log(9 / 4) / 2 - (np.log(13 / 4) + np.log(5 / 4)) / 4)
    with pytest.raises(ValueError, match="above 0"):
        transrate([[0.0], [3], [1], [2]], [0, 0, 1, 1], distortion=0)


# --- the source's classes ---------------------------------------------------------------------


def test_a_source_class_that_never_occurs_says_nothing():
    joint, marginal = np.array([[1.0, 0, 2], [3, 0, 2]]), np.array([4.0, 0, 4])
    np.full_like(joint, np.nan)  # what memory that is free may hold
    np.testing.assert_array_equal(_divided(joint, marginal), [[0.25, 0, 0.5], [0.75, 0, 0.5]])


def test_leep_by_loops():
    p, y = source()
    m, sources = p.shape
    joint = np.zeros((3, sources))
    for i in range(m):
        for z in range(sources):
            joint[y[i], z] += p[i, z] / m
    total = 0
    for i in range(m):
        likelihood = sum(joint[y[i], z] / joint[:, z].sum() * p[i, z] for z in range(sources))
        total += np.log(likelihood) / m
    assert leep(p, y) == pytest.approx(total, rel=1e-12)


def test_nce_is_information_less_entropy():
    p, y = source()
    expected = mutual_info_score(y, p.argmax(1)) - entropy(np.bincount(y))
    assert nce(p, y) == pytest.approx(expected, rel=1e-12)


def test_a_source_that_knows_and_one_that_does_not():
    y = np.arange(60) % 3
    for score in (leep, nce):
        assert score(np.eye(3)[y], y) == pytest.approx(0, abs=1e-12)
        assert score(np.eye(5)[y], y) == pytest.approx(0, abs=1e-12)  # classes that never occur
        with pytest.warns(UserWarning, match="do not vary"):
            assert score(np.full((60, 4), 0.25), y) == pytest.approx(-np.log(3))
    assert leep(np.eye(3)[y], np.roll(y, 1)) == pytest.approx(0, abs=1e-12)  # another name for each


@pytest.mark.parametrize("score", [leep, nce])
def test_rows_that_are_no_distributions_are_refused(score):
    with pytest.raises(ValueError, match=r"row 1 is no distribution.*sum 4.*softmax"):
        score([[0.5, 0.5], [3.0, 1.0]], [0, 1])
    with pytest.raises(ValueError, match=r"row 1 .*least entry is -0\.5"):
        score([[0.5, 0.5], [1.5, -0.5]], [0, 1])
    with pytest.raises(ValueError, match=r"row 1 .*sum 1\.02"):
        score([[0.5, 0.505], [0.52, 0.5]], [0, 1])  # in half precision sums are near 1


# --- one door ---------------------------------------------------------------------------------


def test_compare_is_each_score_by_itself():
    x, y = data()
    p = np.abs(plain(x))
    p /= p.sum(1, keepdims=True)
    found = compare(x, y, SCORES, p)
    assert list(found) == list(SCORES)
    for name, score in SCORES.items():
        assert float(found[name]) == float(score(p if name in ("leep", "nce") else x, y))
    assert float(found["adjusted"]) == found["h"].adjusted == tdist.h_score(x, y).adjusted
    assert float(found["shrunk"]) == tdist.h_score(x, y, "ledoit-wolf").statistic
    assert tdist.compare is compare
    assert list(compare(x, y)) == ["h", "loo", "knn", "logme"]
    assert list(compare(x, y, "mean")) == ["mean"]


@pytest.mark.parametrize("name", SCORES)
def test_more_signal_scores_higher(name):
    """Higher is better, for each: three levels of the same noise."""
    values = []
    for signal in (0.0, 1.0, 4.0):
        x, y = data(200, 6, signal=signal)
        x = plain(x) if name not in ("leep", "nce") else (
            lambda e: e / e.sum(1, keepdims=True))(np.exp(plain(x)))
        values.append(float(SCORES[name](x, y)))
    assert values == sorted(values) and values[2] > values[0]


@pytest.mark.parametrize("name", SCORES)
def test_any_kind_of_input_and_it_is_left_alone(name):
    x, y = source() if name in ("leep", "nce") else data()
    x, score = x.astype(np.float32), SCORES[name]
    expected, before = float(score(x, y)), x.copy()
    words = np.array(["ash", "beech", "elm", "yew"])[y]
    for features, labels in ((torch.from_numpy(x), torch.from_numpy(y)), (x.tolist(), y.tolist()),
                             (pd.DataFrame(x), pd.Series(words)), (x, words)):
        assert float(score(features, labels)) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(x, before)
    doubles = x.astype(np.float64)
    score(doubles, y)
    np.testing.assert_array_equal(doubles, before)


@pytest.mark.parametrize("name", SCORES)
def test_bad_input_is_refused(name):
    x, y = source() if name in ("leep", "nce") else data()
    score, hole = SCORES[name], x.copy()
    hole[3, 1] = np.nan
    for features, labels, error, words in (
            (hole, y, ValueError, "nan at row 3, column 1"),
            (x, y[:-1], ValueError, "differ in length"), (x[:, 0], y, ValueError, "two axes"),
            (x, np.zeros(len(x)), ValueError, "at least two"), (x * 1j, y, TypeError, "complex"),
            (x, y + 0.5, ValueError, "fractions")):
        with pytest.raises(error, match=words):
            score(features, labels)


def test_compare_refuses():
    x, y = data()
    with pytest.raises(ValueError, match=r"'logm'.*these are: h, adjusted, shrunk, loo"):
        compare(x, y, ("h", "logm"))
    with pytest.raises(ValueError, match="not known"):
        compare(x, y, ())
    with pytest.raises(ValueError, match=r"leep and nce .*pass probabilities="):
        compare(x, y, ("h", "leep", "nce"))
    with pytest.raises(ValueError, match="neighbours"):
        nearest_neighbours(x, y, 0)


def test_dead_columns_count_for_nothing_and_dead_features_warn():
    x, y = data()
    padded = np.column_stack([x, np.full(len(x), 0.1), np.zeros(len(x))]).astype(np.float32)
    for name in ("loo", "mean"):
        np.testing.assert_array_equal(SCORES[name](padded, y).correct,
                                      SCORES[name](x.astype(np.float32), y).correct)
    for name in ("h", "loo", "knn", "mean", "logme", "transrate"):
        with pytest.warns(UserWarning, match="do not vary"):
            SCORES[name](np.ones((40, 2)), y)
    with pytest.warns(UserWarning, match="do not vary"):
        assert isinstance(leave_one_out(0.1 + 1e-18 * x, y), Accuracy)
    with pytest.raises(ValueError, match="all 0"), pytest.warns(UserWarning):
        logme(np.zeros((40, 2)), y)
    with pytest.raises(ValueError, match="underflow"):
        nearest_mean(x * 1e-200, y)


def test_columns_that_only_rounding_moves_become_0():
    x, y = data()
    padded = np.column_stack([x, np.full(len(x), 0.1), np.zeros(len(x))])
    np.full(7, np.nan)  # what memory that is free may hold
    z = standardised(padded, y)[0]
    np.testing.assert_allclose(z[:, :5], plain(x), atol=1e-12)
    np.testing.assert_array_equal(z[:, 5:], 0)


def test_small_columns_are_scored_down_to_underflow(recwarn):
    """Of sums of squares from 1e-292 on."""
    x, y = data()
    np.testing.assert_allclose(standardised(3e-146 * plain(x), y)[0], plain(x), atol=1e-12)
    assert not recwarn.list


# --- tables that come with the package --------------------------------------------------------


def test_the_published_tables_are_whole():
    """Each 8 x 10, and the correlations that one of them prints are those of its columns."""
    for name, columns in (("tmlr", ["frozen_accuracy", "shrunk_h_score"]), ("tllib", ["logme"])):
        table = pd.read_csv(files("tdist") / "data" / f"benchmark_{name}.csv")
        common = ["dataset", "classes", "n_train", "model", "width", "imagenet_top1", "accuracy",
                  "h_score"]
        assert sorted(table) == sorted(common + columns)
        assert not table.isna().any(axis=None)
        assert set(table.groupby("dataset").size()) == {10} and table["dataset"].nunique() == 8
        assert (table.groupby("model")[["width", "imagenet_top1"]].nunique() == 1).all(axis=None)
    printed = {"Caltech101": 0.748, "CIFAR10": 0.839, "CIFAR100": 0.815, "DTD": 0.532,
               "Cars": 0.503, "SUN397": 0.913}
    for name, r in printed.items():
        part = table[table["dataset"] == name]
        assert np.corrcoef(part["h_score"], part["accuracy"])[0, 1] == pytest.approx(r, abs=6e-4)
