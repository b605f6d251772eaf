"""tdist.agreement.within against a loop over targets, listed relabellings, and SciPy."""

import copy
import pickle
from itertools import permutations
from math import factorial

import numpy as np
import pytest
from scipy.stats import spearmanr

from tdist.agreement import mantel, spearman, within

HARD = np.array([[1, -2, 3, 0, 5]])  # a number a target


def matrices(n, seed=0, targets=None):
    return np.random.default_rng(seed).random((2, n, targets or n))


def by_hand(a, b, same_tasks=True):
    """Spearman's correlation target by target, with SciPy."""
    found = []
    for t in range(a.shape[1]):
        kept = [s for s in range(len(a)) if not (same_tasks and s == t)
                and np.isfinite(a[s, t]) and np.isfinite(b[s, t])]
        found.append(spearmanr(a[kept, t], b[kept, t]).statistic)
    return np.array(found)


@pytest.mark.parametrize("n", [4, 5, 9])
def test_the_statistic_is_the_mean_over_targets(n):
    a, b = matrices(n)
    b = np.round(b, 1 if n > 4 else 3)  # ties
    found = within(a, b, permutations=9, resamples=9)
    assert found.columns == pytest.approx(by_hand(a, b), abs=1e-14)
    assert found.columns == pytest.approx(spearman(a, b, self_pairs=False), abs=1e-14)
    assert float(found) == found.statistic == pytest.approx(by_hand(a, b).mean(), abs=1e-14)
    assert abs(found.statistic - by_hand(a.T, b.T).mean()) > 1e-3  # sources are rows


def test_what_is_the_same_for_every_source_of_a_target_changes_nothing():
    a, b = matrices(5)
    found = within(a, b)
    assert within(a, 7 * b + 10 * HARD).columns == found.columns
    assert mantel(a, b + HARD).statistic != pytest.approx(mantel(a, b).statistic)
    assert within(a, b + HARD.T).columns != found.columns
    assert within(-a, b).statistic == pytest.approx(-found.statistic, abs=1e-14)
    assert within(a, a).statistic == pytest.approx(1)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_the_p_value_by_every_relabelling_of_the_tasks(alternative):
    a, b = matrices(5, 3)
    orders = [list(order) for order in permutations(range(5))]
    means = np.array([by_hand(a, b[order][:, order]).mean() for order in orders])
    size = {"two-sided": np.abs, "greater": np.positive, "less": np.negative}[alternative]
    found = within(a, b, alternative=alternative)
    assert found.pvalue == pytest.approx((size(means) >= size(means[0]) - 1e-12).mean())
    assert 0.02 < found.pvalue < 0.98 and found.exact and found.permutations == factorial(5)


def test_sources_that_are_not_the_targets_are_relabelled_alone():
    a, b = matrices(4, 1, targets=3)
    found = within(a, b, same_tasks=False)
    assert found.columns == pytest.approx(by_hand(a, b, False), abs=1e-14)
    means = [by_hand(a, b[list(order)], False).mean() for order in permutations(range(4))]
    assert found.pvalue == pytest.approx(np.mean(np.abs(means) >= abs(means[0]) - 1e-12))
    a, b = matrices(4, 2)  # square, and still other tasks: the diagonal counts
    assert within(a, b, same_tasks=False).columns == pytest.approx(by_hand(a, b, False))


def test_pairs_that_are_left_out():
    a, b = matrices(5, 4)
    a[0, 3], b[4, 1] = np.nan, np.nan
    found = within(a, b)
    assert found.columns == pytest.approx(by_hand(a, b), abs=1e-14)
    b[0, 3] = 99  # nobody looks
    assert within(a, b).columns == found.columns
    b[0, 3] = np.nan
    orders = [list(order) for order in permutations(range(5))]
    means = np.array([by_hand(a, b[order][:, order]).mean() for order in orders])
    assert within(a, b).pvalue == pytest.approx((np.abs(means) >= abs(means[0]) - 1e-12).mean())


def test_p_values_under_the_null_are_uniform_whatever_the_sources_and_targets():
    """A source that is good for all and a target that is hard for all, in both matrices."""
    p = []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        a, b = (2 * draw.random((4, 1)) + 2 * draw.random((1, 4)) + draw.random((4, 4))
                for _ in "ab")
        p.append(within(a, b, alternative="greater", resamples=0).pvalue)
    share = np.mean(np.array(p) <= 0.25 + 1e-9)
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 200)


def test_the_interval_draws_tasks():
    """By a loop over the same draws, duplicates of a target being no source of it."""
    a, b = matrices(6, 7)
    draw = np.random.default_rng(5)
    means = []
    for _ in range(199):
        tasks = draw.integers(6, size=6)
        columns = []
        for t in tasks:
            kept = [s for s in tasks if s != t]
            if len({a[s, t] for s in kept}) > 1:
                columns.append(spearmanr(a[kept, t], b[kept, t]).statistic)
        means += [np.mean(columns)] if columns else []  # two tasks rank nothing
    found = within(a, b, resamples=199, seed=5)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(means, (2.5, 97.5))))
    none = within(a, b, resamples=0)
    assert np.isnan([none.low, none.high]).all() and none.pvalue == found.pvalue
    near = within(a, a + 0.1 * b)
    assert near.low < near.statistic < near.high <= 1


def test_many_tasks_are_sampled_with_a_seed():
    a, b = matrices(9)
    found = within(a, a + 0.1 * b, permutations=199)
    assert not found.exact and found.permutations == 200 and found.pvalue == pytest.approx(1 / 200)
    assert within(a, b, permutations=99, seed=1) == within(a, b, permutations=99, seed=1)
    assert within(a, b, permutations=99) != within(a, b, permutations=99, seed=1)


@pytest.mark.parametrize(("a", "b", "options", "message"), [
    (np.eye(4), np.eye(5), {}, "differ in shape"),
    (np.ones((4, 3)), np.ones((4, 3)), {}, "same_tasks=False"),
    (np.ones(4), np.ones(4), {}, "matrix"),
    (np.full((4, 4), np.inf), np.eye(4), {}, "infinity"),
    (np.ones((4, 4)), matrices(4)[0], {}, "target 0 .* constant"),
    (np.where(np.eye(4)[[3, 2, 1, 0]] + np.eye(4)[[1, 2, 3, 0]] > 0, np.nan, matrices(4)[0]),
     matrices(4)[0], {}, "fewer than 2 sources"),
    (*matrices(4), {"alternative": "both"}, "two-sided"),
    (*matrices(4), {"permutations": 0}, "at least 1, got 0"),
])
def test_bad_input_is_refused(a, b, options, message):
    with pytest.raises(ValueError, match=message):
        within(a, b, **options)


def test_manners():
    a, b = matrices(5)
    kept = a.copy(), b.copy()
    found = within(a, b)
    assert np.array_equal(a, kept[0]) and np.array_equal(b, kept[1])
    assert pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == found
    assert "\n" not in repr(found)


def test_groups_keep_their_places():
    """Two groups of three, the pairs of the first among themselves left out: the p of every order
    within groups, listed, and each of them leaves out as many pairs."""
    a, b = matrices(6, 4)
    groups = [0, 1, 0, 1, 0, 1]
    out = np.outer(*[np.equal(groups, 0)] * 2)
    a[out], b[out] = np.nan, np.nan
    orders = []
    for first in permutations((0, 2, 4)):
        for second in permutations((1, 3, 5)):
            order = np.empty(6, dtype=int)
            order[[0, 2, 4]], order[[1, 3, 5]] = first, second
            assert (np.isnan(b[order][:, order]) == np.isnan(b)).all()
            orders.append(order)
    means = np.array([by_hand(a, b[order][:, order]).mean() for order in orders])
    exact = (np.abs(means) >= abs(means[0]) - 1e-12).mean()
    found = within(a, b, groups=groups, permutations=2000, resamples=99)
    assert found.pvalue == pytest.approx(exact, abs=0.04) and 0.1 < exact < 0.9
    assert not found.exact and found.statistic == pytest.approx(by_hand(a, b).mean())
    assert found.pvalue != within(a, b, permutations=2000, resamples=99).pvalue
    with pytest.raises(ValueError, match="groups must name a group for each of the 6 tasks"):
        within(a, b, groups=[0, 1])


def test_groups_hold_in_the_interval_too():
    """Each task a group of its own: every draw is the tasks themselves."""
    a, b = matrices(6)
    found = within(a, b, permutations=9, resamples=99, groups=np.arange(6))
    assert found.low == found.high == pytest.approx(found.statistic, abs=1e-14)
    free = within(a, b, permutations=9, resamples=99)
    assert free.low < free.statistic - 0.05 < free.statistic + 0.05 < free.high


def test_one_target_has_a_p_value():
    column = np.arange(5.0)[:, None]
    found = within(column, column, same_tasks=False, alternative="greater", resamples=9)
    assert found.pvalue == pytest.approx(1 / factorial(5))


def test_whole_numbers_and_what_is_taken_where_nothing_is_said():
    a, b = (np.argsort(np.argsort(m, axis=None)).reshape(m.shape) for m in matrices(9))
    found = within(a, b)
    assert found == within(a.astype(float), b.astype(float), permutations=9999, resamples=999)
    assert found.permutations == 10_000  # and the order itself
    with pytest.raises(ValueError, match="measure must be a matrix"):
        within(a[0], b)
