"""Mantel's test for asymmetric matrices."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest

import tdist
from tdist import mantel
from tdist.agreement.orders import orders


def matrix(n, seed=0):
    return np.random.default_rng(seed).random((n, n))


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_a_matrix_with_itself(n):
    found = mantel(matrix(n), matrix(n))
    assert found.statistic == pytest.approx(1, abs=1e-12) and float(found) == found.statistic
    assert (
        found.pvalue == pytest.approx(1 / factorial(n))
        and found.permutations == factorial(n)
        and found.exact
    )


def test_statistic_is_pearsons_off_the_diagonal():
    a, b = matrix(5), matrix(5, 1)
    off = ~np.eye(5, dtype=bool)
    assert mantel(a, b).statistic == pytest.approx(np.corrcoef(a[off], b[off])[0, 1], abs=1e-13)
    np.fill_diagonal(a, np.nan)
    assert mantel(a, b + 9 * np.eye(5)).statistic == pytest.approx(
        np.corrcoef(a[off], b[off])[0, 1], abs=1e-13
    )


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_p_value_by_brute_force(alternative):
    a, b = matrix(4, 2), matrix(4, 3)
    off = ~np.eye(4, dtype=bool)
    r = {}
    for order in permutations(range(4)):
        moved = np.array([[b[i, j] for j in order] for i in order])  # rows and columns together
        r[order] = np.corrcoef(a[off], moved[off])[0, 1]
    own = r[0, 1, 2, 3]
    hits = {
        "greater": [v >= own - 1e-12 for v in r.values()],
        "less": [v <= own + 1e-12 for v in r.values()],
        "two-sided": [abs(v) >= abs(own) - 1e-12 for v in r.values()],
    }[alternative]
    assert mantel(a, b, alternative).pvalue == pytest.approx(np.mean(hits))


def test_relabelling_both_changes_nothing_and_transposing_one_does():
    a, b = matrix(5), matrix(5, 1) + matrix(5)
    order = [3, 0, 4, 1, 2]
    moved = mantel(a[np.ix_(order, order)], b[np.ix_(order, order)])
    assert (
        moved.statistic == pytest.approx(mantel(a, b).statistic)
        and moved.pvalue == mantel(a, b).pvalue
    )
    assert mantel(a, a.T).statistic < 0.99


def test_sign_and_scale():
    a, b = matrix(5), matrix(5, 1)
    assert mantel(a, -2 * b + 3).statistic == pytest.approx(-mantel(a, b).statistic)
    assert mantel(a, -b, "less").pvalue == mantel(a, b).pvalue


def test_p_values_under_the_null_are_uniform():
    p = np.array([mantel(matrix(4, 2 * s), matrix(4, 2 * s + 1)).pvalue for s in range(400)])
    assert abs(p.mean() - (1 + 1 / 24) / 2) < 4 * np.sqrt(1 / 12 / 400)
    assert (p <= 1 / 24 + 1e-9).mean() == pytest.approx(1 / 24, abs=4 * np.sqrt(1 / 24 / 400))


def test_many_tasks_are_sampled_with_a_seed():
    a = matrix(9)
    found = mantel(a, a + 0.1 * matrix(9, 1), permutations=199)
    assert not found.exact and found.permutations == 200 and found.pvalue == pytest.approx(1 / 200)
    b = matrix(9, 5)
    assert mantel(a, b, permutations=99, seed=1) == mantel(a, b, permutations=99, seed=1)


@pytest.mark.parametrize("a, b, message", [
    (matrix(4), matrix(5), "differ in shape"),
    (matrix(4)[:, :3], matrix(4), "square"),
    (matrix(2), matrix(2), "at least 3 tasks"),
    (np.full((4, 4), 2.0), matrix(4), "constant"),
    (np.where(matrix(4) > 0.8, np.nan, 1.0), matrix(4), "NaN"),
])
def test_bad_input_is_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        mantel(a, b)
    with pytest.raises(ValueError, match="two-sided"):
        mantel(matrix(4), matrix(4), "both")
    with pytest.raises(ValueError, match="at least 1, got 0"):
        mantel(matrix(8), matrix(8), permutations=0)


def test_inputs_are_kept():
    a, b = matrix(4), matrix(4, 1)
    kept = a.copy(), b.copy()
    tdist.mantel(a, b)
    assert np.array_equal(a, kept[0]) and np.array_equal(b, kept[1])


def test_rounding_does_not_decide_between_equal_permutations():
    """The 12 symmetries of a hexagon give one correlation, but for the order of the sum."""
    i, j = np.indices((6, 6))
    around = np.minimum((i - j) % 6, (j - i) % 6) ** 1.1 / 3
    assert mantel(around, around).pvalue == pytest.approx(12 / 720)
    assert mantel(around, np.exp(-around), "less").pvalue == pytest.approx(12 / 720)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
def test_any_unit_gives_the_same_test(size):
    a, b = matrix(5), matrix(5, 1)
    found, plain = mantel(a * size, b / size), mantel(a, b)
    assert found.statistic == pytest.approx(plain.statistic, abs=1e-12)
    assert found.pvalue == plain.pvalue


def test_defaults():
    a, b = np.random.default_rng(3).random((2, 8, 8))
    assert mantel(a, b) == mantel(a, b, "greater", permutations=9999, seed=0)
    assert mantel(a, b).permutations == 10_000


def test_a_correlation_is_never_beyond_1():
    for a in np.random.default_rng(0).random((60, 3, 3)):
        assert -1 <= mantel(a, -a).statistic < -1 + 1e-12
        assert 1 - 1e-12 < mantel(3 * a, a).statistic <= 1


def test_how_many_permutations():
    assert mantel(matrix(7), matrix(7, 1)).permutations == factorial(7)
    assert mantel(matrix(7), matrix(7, 1)).exact
    assert mantel(matrix(8), matrix(8, 1)).permutations == 10_000
    few = mantel(matrix(8), matrix(8, 1), permutations=1)
    assert few.permutations == 2 and not few.exact


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
@pytest.mark.parametrize("seed", [0, 5])
def test_sampled_p_value_by_brute_force(alternative, seed):
    """The share among relabellings that the same generator draws one by one."""
    a, b = matrix(8), matrix(8, 1) + 0.2 * matrix(8)
    off, draw = ~np.eye(8, dtype=bool), np.random.default_rng(seed)
    r = [np.corrcoef(a[off], b[off])[0, 1]]
    for _ in range(300):
        order = draw.permutation(8)
        r.append(np.corrcoef(a[off], b[order][:, order][off])[0, 1])
    sizes = {"greater": np.array(r), "less": -np.array(r), "two-sided": np.abs(r)}[alternative]
    found = mantel(a, b, alternative, permutations=300, seed=seed)
    assert found.pvalue == pytest.approx(np.mean(sizes >= sizes[0] - 1e-12))
    assert 3 / 301 < found.pvalue < 1 - 3 / 301 and found.permutations == 301


def test_orders_are_of_all_tasks_or_within_groups():
    for groups in (None, [0, 1, 1, 0, 2, 1, 0, 1]):
        tried, exact = orders(8, 50, 0, groups)
        tried = np.array([list(order) for order in tried])
        assert tried.shape == (51, 8) and not exact
        assert tried[0].tolist() == list(range(8)) and (np.sort(tried, 1) == range(8)).all()
        if groups is None:
            assert all(len(np.unique(tried[:, place])) == 8 for place in range(8))
        else:
            assert (np.array(groups)[tried] == groups).all()
            assert [len(np.unique(tried[:, place])) for place in range(8)] == [3, 4, 4, 3, 1, 4, 3,
                                                                               4]
