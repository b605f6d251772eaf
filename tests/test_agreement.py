"""tdist.agreement against hand sums, listed permutations, scikit-learn, SciPy, and Table 1."""

import copy
import pickle
from importlib.resources import files
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import dcg_score

from tdist import mantel
from tdist.affinities import ahp, cluster
from tdist.agreement import dcg, spearman, without_self
from tests.table_1 import TASKS, printed

rng = np.random.default_rng(0)
H, A, H_RANK, A_RANK = map(printed, ("h_score", "affinity", "h_rank", "affinity_rank"))
MENDED = A_RANK.copy()  # 3D Edges and 3D Keypoints are swapped for Depth
MENDED[[2, 3], 5] = 4, 3

# --- Spearman -------------------------------------------------------------------------------------


def test_spearman_by_the_sum_of_squares():
    scores, reference = (rng.permuted(np.tile(np.arange(6.0), (3, 1)), axis=1).T for _ in range(2))
    moved = rankdata(scores, axis=0) - rankdata(reference, axis=0)
    expected = 1 - 6 * (moved**2).sum(0) / (6 * 35)
    assert np.allclose(spearman(scores, reference), expected, atol=1e-14)


def test_spearman_ranks_the_sources_of_each_target_and_keeps_the_sign():
    reference = rng.standard_normal((4, 4))
    assert np.allclose(spearman(np.exp(reference), reference), 1)
    assert np.allclose(spearman(-reference, reference), -1)
    assert not np.allclose(spearman(reference.T, reference), 1)
    assert spearman(rng.standard_normal((5, 3)), rng.standard_normal((5, 3))).shape == (3,)
    # one number a target that only the self pair could reveal
    scores = reference.copy()
    np.fill_diagonal(scores, 99)
    assert np.allclose(spearman(scores, reference, self_pairs=False), 1)


def test_spearman_without_the_self_pair_by_hand():
    scores, reference = rng.standard_normal((2, 5, 5))
    expected = [spearmanr(np.delete(scores[:, t], t), np.delete(reference[:, t], t)).statistic
                for t in range(5)]
    assert np.allclose(spearman(scores, reference, self_pairs=False), expected, atol=1e-14)
    for t, column in enumerate(without_self(scores).T):
        assert np.array_equal(column, np.delete(scores[:, t], t))


@pytest.mark.parametrize(
    ("scores", "reference", "options", "message"),
    [
        (np.eye(3), np.eye(4), {}, "differ in shape"),
        (np.ones((3, 3)), np.eye(3), {}, "column 0 of scores is constant"),
        (np.eye(4, 2), np.eye(4, 2), {"self_pairs": False}, "square"),
        (np.eye(2), np.eye(2), {}, "3 sources"),
        (np.full((3, 3), np.nan), np.eye(3), {}, "NaN"),
        (np.arange(4), np.arange(4), {}, r"matrix.*\(4,\)"),
    ],
)
def test_spearman_errors(scores, reference, options, message):
    with pytest.raises(ValueError, match=message):
        spearman(scores, reference, **options)


# --- DCG ------------------------------------------------------------------------------------------


def test_dcg_by_hand():
    # the reference ranks a b c; the scores say b a c
    linear = (2 / np.log2(2) + 3 / np.log2(3) + 1 / np.log2(4)) / (
        3 / np.log2(2) + 2 / np.log2(3) + 1 / np.log2(4)
    )
    exponential = (3 + 7 / np.log2(3) + 1 / 2) / (7 + 3 / np.log2(3) + 1 / 2)
    assert float(dcg([0.5, 0.9, 0.1], [30, 20, 10])) == pytest.approx(linear, abs=1e-14)
    assert float(dcg([0.5, 0.9, 0.1], [30, 20, 10], "exponential")) == pytest.approx(
        exponential, abs=1e-14
    )


@pytest.mark.parametrize("gain", ["linear", "exponential"])
def test_dcg_chance_is_the_mean_over_all_orders(gain):
    for reference in (
        rng.standard_normal(5),
        np.array([3.0, 1, 3, 2, 0]),
        np.array([1.0, 1, 1, 1, 2]),
    ):
        values = [float(dcg(order, reference, gain)) for order in permutations(range(5))]
        assert dcg(reference, reference, gain).chance == pytest.approx(np.mean(values), abs=1e-14)
        assert max(values) == pytest.approx(1, abs=1e-14) == float(dcg(reference, reference, gain))
        assert float(dcg(-reference, reference, gain)) == pytest.approx(min(values), abs=1e-14)


@pytest.mark.parametrize("gain", ["linear", "exponential"])
def test_dcg_of_ties_is_the_mean_over_the_orders_they_leave_open(gain):
    scores, reference = np.array([2.0, 5, 2, 2, 1]), rng.standard_normal(5)
    broken = []
    for order in permutations(range(3)):
        tried = scores.copy()
        tried[[0, 2, 3]] += 0.1 * np.array(order)
        broken.append(float(dcg(tried, reference, gain)))
    assert float(dcg(scores, reference, gain)) == pytest.approx(np.mean(broken), abs=1e-14)
    assert float(dcg(np.zeros(5), reference, gain)) == pytest.approx(
        dcg(scores, reference, gain).chance, abs=1e-14
    )


def test_dcg_against_scikit_learn_with_a_gain_of_its_own():
    scores, reference = rng.standard_normal((2, 30, 9))
    for s, r in zip(scores, reference, strict=True):
        gains = 2.0 ** rankdata(r) - 1
        expected = dcg_score([gains], [s]) / dcg_score([gains], [gains])
        assert float(dcg(s, r, "exponential")) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.eye(3), np.eye(3)), "one column"),
        (([1, 2], [1, 2, 3]), "one length"),
        (([1], [1]), "at least 2"),
        (([1, np.nan], [1, 2]), "or reference holds NaN"),
        (([1, 2], [1, 2], "log"), "gain must be"),
        ((range(1100), range(1100), "exponential"), "overflows"),
    ],
)
def test_dcg_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        dcg(*arguments)


# --- the published table --------------------------------------------------------------------------


def test_table_1_and_its_one_slip():
    assert (H_RANK == rankdata(-H, axis=0)).all()
    assert (np.sort(A_RANK, axis=0) == np.arange(1, 9)[:, None]).all()
    fits = (rankdata(-A, "min", axis=0) <= A_RANK) & (rankdata(-A, "max", axis=0) >= A_RANK)
    assert [(TASKS[s], TASKS[t]) for s, t in np.argwhere(~fits)] == [
        ("3D Edges", "Depth"), ("3D Keypoints", "Depth")]
    assert (H[:, :6].min(), H[:, :6].max()) == (1.3804, 2.2441)


def test_spearman_of_table_1():
    scores = [.381, .311, .429, .786, .810, .738, .214, .286]
    ranks = [.381, .357, .429, .786, .810, .762, .214, .286]
    others = [.071, -.036, .321, .857, .714, .607, -.179, -.071]
    assert np.allclose(spearman(H, A), scores, atol=5e-4)
    assert np.allclose(spearman(-H_RANK, -A_RANK), ranks, atol=5e-4)
    assert np.allclose(spearman(H, A, self_pairs=False), others, atol=5e-4)


def test_dcg_of_table_1():
    expected = {"linear": [.951, .951, .909, .932, .987, .986, .944, .953],
                "exponential": [.972, .969, .673, .704, .976, .992, .965, .966]}
    for gain, chance in (("linear", 0.840), ("exponential", 0.637)):
        results = [dcg(h, -a, gain) for h, a in zip(H.T, MENDED.T, strict=True)]
        assert np.allclose([float(r) for r in results], expected[gain], atol=2e-3)
        assert np.allclose([r.chance for r in results], chance, atol=1e-3)


def test_published_affinities_fit_table_1_as_source_then_target():
    published = pd.read_csv(files("tdist") / "data" / "taskonomy.csv")
    assert published.groupby("quantity").size().tolist() == [49, 64, 64]
    part = published[published["quantity"] == "all_affinities_16k"]
    right = (
        part.pivot(index="source", columns="target", values="value").loc[TASKS, TASKS].to_numpy()
    )
    residual = [np.log10(A / reading).std(axis=0) for reading in (right, right.T)]
    assert residual[0].max() < 0.33 and residual[1].min() > 0.5
    assert (spearman(A, right) > 0.93).all()
    # the two readings, over the seven other sources
    readings = spearman(right, right.T, self_pairs=False)
    assert np.allclose(readings, [-.57, .39, .75, .54, .82, .93, .36, .68], atol=5e-3)
    assert right[3, 5] > right[2, 5]  # 3D Keypoints above 3D Edges for Depth, as the printed scores


# --- whole kinds of input -------------------------------------------------------------------------

WORSE = np.array([[1.0, 2], [3, 2], [5, 2]])  # one column ranks nothing
HOLE = np.where(np.eye(3) > 0, np.nan, np.arange(9).reshape(3, 3))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: spearman(WORSE, WORSE[:, :1].repeat(2, 1)), "column 1 of scores"),
    (lambda: spearman(WORSE[:, :1].repeat(2, 1), WORSE), "column 1 of reference"),
    (lambda: spearman(HOLE, WORSE), "^scores must be a matrix of finite"),
    (lambda: spearman(WORSE, HOLE), "^reference must be a matrix of finite"),
    (lambda: spearman(np.ones((0, 3)), np.ones((0, 3))), r"^scores .* \(0, 3\)$"),
    (lambda: dcg([1, 2], [1, np.nan]), "or reference holds NaN"),
    (lambda: dcg([np.nan, 2], [1, 2]), "or reference holds NaN"),
    (lambda: mantel(HOLE[:2], WORSE), "^a must be square"),
    (lambda: mantel(H, WORSE), "^b must be"),
    (lambda: mantel(H, H, permutations=0), "at least 1"),
    (lambda: mantel(H, H, permutations=1.5), "whole number")])
def test_errors_name_what_came(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_numbers_of_any_kind_are_taken():
    """Object arrays, as pandas makes them of mixed columns, have no isfinite of their own."""
    scores, reference = H.astype(object), A.astype(object)
    assert np.array_equal(spearman(scores, reference), spearman(H, A))
    assert dcg(scores[:, 0], reference[:, 0]) == dcg(H[:, 0], A[:, 0])
    assert mantel(scores, reference, permutations=9) == mantel(H, A, permutations=9)


def test_exponential_gains_go_as_far_as_float64():
    many = np.arange(1000)
    assert float(dcg(many, many, "exponential")) == pytest.approx(1)
    with pytest.raises(ValueError, match="linear"):
        dcg(np.arange(1001), np.arange(1001), "exponential")


# --- results --------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", [
    dcg([1, 2, 3], [1, 3, 2]), ahp([[0.5, 0.8], [0.2, 0.5]]), cluster(np.eye(3)), mantel(H, A)],
    ids=lambda result: type(result).__name__)
def test_results_pickle_copy_and_print_in_a_line(result):
    for twin in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
        for name in result.__dataclass_fields__:
            assert np.array_equal(getattr(twin, name), getattr(result, name))
    assert repr(result).startswith(type(result).__name__ + "(") and "\n" not in repr(result)
    assert len(repr(result)) < 120
    if hasattr(result, "statistic"):
        assert float(result) == result.statistic
