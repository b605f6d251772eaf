"""Regret of a choice among sources, and concordance inside ties, by hand and by SciPy."""

import pickle
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kendalltau

from tdist.selection import Concordance, concordance, regret

LOSSES = np.array([[0.3, 0.2, 0.9], [0.1, 0.6, 0.4], [0.5, 0.1, 0.8]])


def test_regret_by_hand():
    """The first target's choice is the worst, the second's a tie of two, the third's the best."""
    scores = [[0, 5, 0], [1, 5, 2], [2, 1, 1]]
    assert regret(scores, LOSSES) == pytest.approx([0.4, 0.3, 0.0])


def test_regret_without_self_by_hand():
    """Target 0 chooses among 1 and 2, and so on; the best of all is left out with itself."""
    scores = [[9, 5, 1], [1, 9, 2], [2, 6, 9]]
    assert regret(scores, LOSSES, self_pairs=False) == pytest.approx([0.4, 0.0, 0.0])
    assert regret(scores, LOSSES)[0] == pytest.approx(0.2)  # by its own source


def test_the_best_choice_has_no_regret_and_a_constant_one_that_of_a_random_source():
    assert np.all(regret(-LOSSES, LOSSES) == 0)
    expected = LOSSES.mean(0) - LOSSES.min(0)
    assert regret(np.zeros((3, 3)), LOSSES) == pytest.approx(expected)
    accuracy = 1 - LOSSES
    assert regret(np.zeros((3, 3)), -accuracy) == pytest.approx(expected)


def test_concordance_by_hand():
    """Sources 0, 1 and 2, 3 are tied; target 0 has one of two pairs right, target 1 a tie and one
    right."""
    within = [[1, 1], [1, 1], [0, 0], [0, 0]]
    scores = [[4, 1], [3, 1], [1, 2], [2, 0]]
    reference = [[9, 5], [5, 6], [3, 8], [1, 4]]
    found = concordance(scores, reference, within)
    assert (found.concordant, found.pairs) == (1 + 1.5, 4)
    assert float(found) == 2.5 / 4
    assert pickle.loads(pickle.dumps(found)) == found == Concordance(2.5, 4)


def test_concordance_without_self_by_hand():
    """Three sources of one group: of each target's two others there is one pair."""
    scores = np.array([[0, 3, 5], [2, 0, 4], [1, 2, 0]])
    reference = np.array([[0, 1, 1], [9, 0, 2], [8, 2, 0]])
    found = concordance(scores, reference, np.zeros((3, 3)), self_pairs=False)
    assert (found.concordant, found.pairs) == (1, 3)


def test_concordance_is_kendalls_tau_without_ties():
    draw = np.random.default_rng(0)
    scores, reference = draw.standard_normal((2, 9, 1))
    tau = kendalltau(scores[:, 0], reference[:, 0]).statistic
    assert float(concordance(scores, reference, np.zeros((9, 1)))) == pytest.approx((1 + tau) / 2)


def test_pairs_with_the_same_kin_status_of_eight_tasks():
    """Groups of 2, 4 and 2 tasks: 96 pairs without the target itself, of them 48 in one group."""
    group = np.array([0, 0, 1, 1, 1, 1, 2, 2])
    kin = (group[:, None] == group).astype(float)
    draw = np.random.default_rng(1)
    scores, reference = draw.standard_normal((2, 8, 8))
    right = 0
    for t in range(8):
        for a, b in combinations([s for s in range(8) if s != t], 2):
            if kin[a, t] == kin[b, t]:
                right += (scores[a, t] > scores[b, t]) == (reference[a, t] > reference[b, t])
    assert concordance(scores, reference, kin, self_pairs=False) == Concordance(right, 96)
    groups = np.repeat(group[:, None], 8, axis=1)
    assert concordance(scores, reference, groups, self_pairs=False).pairs == 48


def test_nothing_is_modified():
    scores, losses = np.arange(9.0).reshape(3, 3), LOSSES.copy()
    regret(scores, losses, self_pairs=False)
    concordance(scores, losses, np.zeros((3, 3)), self_pairs=False)
    assert np.array_equal(losses, LOSSES) and np.array_equal(scores, np.arange(9.0).reshape(3, 3))


@pytest.mark.parametrize("call, message", [
    (lambda: regret(np.zeros((2, 3)), np.zeros((3, 2))), "scores and losses differ in shape"),
    (lambda: regret(np.zeros((2, 3)), np.zeros((2, 3)), self_pairs=False), "square matrix"),
    (lambda: regret([[np.nan], [1]], [[1], [2]]), "scores must be a matrix of finite"),
    (lambda: concordance([[1], [2]], [[1], [2]], [[0], [1]]), "nothing to count"),
    (lambda: concordance([[1], [2]], [[1], [2]], [[0, 1]]), "scores and within differ"),
    (lambda: concordance([[1], [2]], [[1, 2]], [[0], [0]]), "scores and reference differ"),
])
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
