"""tdist.agreement against hand sums, listed permutations, scikit-learn, SciPy, weights that are known, and Table 1."""

from importlib.resources import files
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import dcg_score

from tdist.agreement import LINKAGES, VECTORS, ahp, cluster, dcg, spearman, win_rates

rng = np.random.default_rng(0)
table = pd.read_csv(files("tdist") / "data" / "table1.csv")
TASKS = list(table["target"].unique())


def printed(name):
    """An 8 x 8 matrix of Table 1, (targets, sources)."""
    return table.pivot(index="target", columns="source", values=name).loc[TASKS, TASKS].to_numpy()


H, A, H_RANK, A_RANK = (printed(name) for name in ("h_score", "affinity", "h_rank", "affinity_rank"))
MENDED = A_RANK.copy()  # 3D Edges and 3D Keypoints are swapped for Depth
MENDED[5, [2, 3]] = 4, 3

# --- Spearman -------------------------------------------------------------------------------------------------


def test_spearman_by_the_sum_of_squares():
    scores, reference = (rng.permuted(np.tile(np.arange(6.0), (3, 1)), axis=1) for _ in range(2))
    moved = rankdata(scores, axis=1) - rankdata(reference, axis=1)
    assert np.allclose(spearman(scores, reference), 1 - 6 * (moved**2).sum(1) / (6 * 35), atol=1e-14)


def test_spearman_goes_along_rows_and_keeps_the_sign():
    reference = rng.standard_normal((4, 4))
    assert np.allclose(spearman(np.exp(reference), reference), 1) and np.allclose(spearman(-reference, reference), -1)
    assert not np.allclose(spearman(reference.T, reference), 1)
    # one number a row that only the self column could reveal
    scores = reference.copy()
    np.fill_diagonal(scores, 99)
    assert np.allclose(spearman(scores, reference, self_column=False), 1)


def test_spearman_without_the_self_column_by_hand():
    scores, reference = rng.standard_normal((2, 5, 5))
    expected = [spearmanr(np.delete(scores[t], t), np.delete(reference[t], t)).statistic for t in range(5)]
    assert np.allclose(spearman(scores, reference, self_column=False), expected, atol=1e-14)


@pytest.mark.parametrize(("scores", "reference", "options", "message"), [
    (np.eye(3), np.eye(4), {}, "differ in shape"), (np.ones((3, 3)), np.eye(3), {}, "row 0 of scores is constant"),
    (np.eye(2, 4), np.eye(2, 4), {"self_column": False}, "square"), (np.eye(2), np.eye(2), {}, "3 sources"),
    (np.full((3, 3), np.nan), np.eye(3), {}, "NaN"), (np.arange(4), np.arange(4), {}, r"matrix.*\(4,\)")])
def test_spearman_errors(scores, reference, options, message):
    with pytest.raises(ValueError, match=message):
        spearman(scores, reference, **options)


# --- DCG ------------------------------------------------------------------------------------------------------


def test_dcg_by_hand():
    # the reference ranks a b c; the scores say b a c
    linear = (2 / np.log2(2) + 3 / np.log2(3) + 1 / np.log2(4)) / (3 / np.log2(2) + 2 / np.log2(3) + 1 / np.log2(4))
    exponential = (3 + 7 / np.log2(3) + 1 / 2) / (7 + 3 / np.log2(3) + 1 / 2)
    assert float(dcg([0.5, 0.9, 0.1], [30, 20, 10])) == pytest.approx(linear, abs=1e-14)
    assert float(dcg([0.5, 0.9, 0.1], [30, 20, 10], "exponential")) == pytest.approx(exponential, abs=1e-14)


@pytest.mark.parametrize("gain", ["linear", "exponential"])
def test_dcg_chance_is_the_mean_over_all_orders(gain):
    for reference in (rng.standard_normal(5), np.array([3.0, 1, 3, 2, 0]), np.array([1.0, 1, 1, 1, 2])):
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
    assert float(dcg(np.zeros(5), reference, gain)) == pytest.approx(dcg(scores, reference, gain).chance, abs=1e-14)


def test_dcg_against_scikit_learn_with_a_gain_of_its_own():
    scores, reference = rng.standard_normal((2, 30, 9))
    for s, r in zip(scores, reference, strict=True):
        gains = 2.0 ** rankdata(r) - 1
        expected = dcg_score([gains], [s]) / dcg_score([gains], [gains])
        assert float(dcg(s, r, "exponential")) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("arguments", "message"), [
    ((np.eye(3), np.eye(3)), "one row"), (([1, 2], [1, 2, 3]), "one length"), (([1], [1]), "at least 2"),
    (([1, np.nan], [1, 2]), "NaN"), (([1, 2], [1, 2], "log"), "gain must be")])
def test_dcg_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        dcg(*arguments)


# --- win rates and the analytic hierarchy process ---------------------------------------------------------------


def test_win_rates_by_hand():
    losses = [[1, 1, 5, 2], [2, 1, 1, 3], [9, 0, 4, 3]]  # three sources, four images
    # 0 beats 1 on images 0 and 3, ties on 1; 0 beats 2 on 0 and 3; 1 beats 2 on 0 and 2, ties on 3
    expected = [[0.5, 2.5 / 4, 2 / 4], [1.5 / 4, 0.5, 2.5 / 4], [2 / 4, 1.5 / 4, 0.5]]
    assert np.allclose(win_rates(losses), expected, atol=1e-15)


def test_win_rates_sum_to_one_and_a_small_loss_wins():
    losses = rng.integers(0, 4, (5, 200)) + np.arange(5)[:, None]  # source 0 is best
    wins = win_rates(losses)
    assert np.allclose(wins + wins.T, 1) and (wins[0, 1:] > 0.5).all() and (wins[4, :4] < 0.5).all()
    assert (np.diff(ahp(wins).weights) < 0).all()


@pytest.mark.parametrize("s", [2, 3, 8])
def test_ahp_finds_known_weights(s):
    weights = rng.dirichlet(np.ones(s)) + 0.05
    weights /= weights.sum()
    result = ahp(weights[:, None] / (weights[:, None] + weights))
    assert np.allclose(result.weights, weights, atol=1e-12)
    assert result.eigenvalue == pytest.approx(s, abs=1e-9) and result.inconsistency == pytest.approx(0, abs=1e-9)


def test_ahp_is_the_principal_eigenvector_by_power_iteration():
    wins = np.full((6, 6), 0.5)
    upper = np.triu_indices(6, 1)
    wins[upper] = rng.uniform(0.1, 0.9, 15)
    wins.T[upper] = 1 - wins[upper]
    ratios, vector = wins / (1 - wins), np.ones(6)
    for _ in range(200):
        vector = ratios @ vector
        vector /= vector.sum()
    result = ahp(wins)
    assert np.allclose(result.weights, vector, atol=1e-12) and result.weights.sum() == pytest.approx(1, abs=1e-14)
    assert result.eigenvalue == pytest.approx((ratios @ vector)[0] / vector[0], rel=1e-10)
    assert result.inconsistency == pytest.approx((result.eigenvalue - 6) / 5, rel=1e-12) and result.inconsistency > 0.01


def test_ahp_of_a_circle_is_even_and_inconsistent():
    # rock, paper, scissors: ratios 4 and 1/4 in a circle have the principal eigenvalue 1 + 4 + 1/4
    result = ahp([[0.5, 0.8, 0.2], [0.2, 0.5, 0.8], [0.8, 0.2, 0.5]])
    assert np.allclose(result.weights, 1 / 3)
    assert result.inconsistency == pytest.approx((1 + 4 + 0.25 - 3) / 2, abs=1e-12)


def test_ahp_clips_as_taskonomy_does_and_does_not_read_the_diagonal():
    for wins in ([[0, 1], [0, 0]], [[1, 0.999], [0.001, 0.3]]):
        assert np.allclose(ahp(wins).weights, [0.999, 0.001], atol=1e-12)
    assert np.allclose(ahp([[0.5, 1], [0, 0.5]], clip=0.1).weights, [0.9, 0.1], atol=1e-12)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: ahp(np.ones((2, 3)) / 2), "square"), (lambda: ahp([[0.5, 2], [0.1, 0.5]]), "between 0 and 1"),
    (lambda: ahp([[0.5, np.nan], [0.5, 0.5]]), "NaN"), (lambda: ahp(np.eye(2), clip=0), "clip"),
    (lambda: win_rates(np.ones(4)), "losses must be a matrix"), (lambda: win_rates([[1, np.nan], [1, 2]]), "NaN")])
def test_ahp_and_win_rate_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- clustering ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("linkage", LINKAGES)
def test_cluster_agrees_with_scipy(linkage):
    matrix = rng.standard_normal((9, 5))
    result = cluster(matrix, "raw", linkage)
    for k in range(1, 10):
        ours, theirs = result.labels(k), fcluster(result.linkage, k, "maxclust")
        assert len(set(ours)) == k and len(set(zip(ours, theirs, strict=True))) == k  # one partition, two namings
        assert list(dict.fromkeys(ours.tolist())) == list(range(k))  # numbered in order of appearance
    closest = np.linalg.norm(matrix[:, None] - matrix, axis=2)[np.triu_indices(9, 1)].min()
    assert result.linkage.shape == (8, 4) and result.linkage[0, 2] == pytest.approx(closest)


@pytest.mark.parametrize(("linkage", "last"), [
    ("single", 2), ("average", 2.5), ("complete", 3), ("ward", 2.5 * np.sqrt(2 * 2 * 1 / 3))])
def test_linkages_of_three_points_on_a_line(linkage, last):
    assert np.allclose(cluster([[0, 0], [0, 1], [0, 3]], "raw", linkage).linkage[:, 2], [1, last], atol=1e-14)


def test_vectors_are_scaled_along_rows():
    matrix = np.array([[1.0, 2, 6], [5, 5, 8], [0, -2, 4]])
    expected = {"raw": matrix, "row-max": matrix / [[6], [8], [4]], "rank": [[1, 2, 3], [1.5, 1.5, 3], [2, 1, 3]],
                "z": (matrix - matrix.mean(1, keepdims=True)) / matrix.std(1, keepdims=True)}
    for name in VECTORS:
        assert np.allclose(cluster(matrix, name).vectors, expected[name], atol=1e-14)


def test_patterns_and_sizes_give_different_trees():
    pattern = np.array([[0, 1, 2, 5.0], [5, 2, 1, 0]])
    matrix = np.vstack([pattern + 20, 10 * pattern + 300])  # two patterns, two sizes
    for vectors in ("z", "rank"):
        assert cluster(matrix, vectors).labels(2).tolist() == [0, 1, 0, 1]
    assert cluster(matrix, "raw").labels(2).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(("call", "message"), [
    (lambda: cluster(np.eye(3), "cosine"), "vectors must be"),
    (lambda: cluster(np.eye(3), linkage="centroid"), "linkage one of"),
    (lambda: cluster(np.ones((3, 2))), "constant"), (lambda: cluster(-np.ones((3, 2)), "row-max"), "no positive"),
    (lambda: cluster([[1, np.nan]]), "NaN"), (lambda: cluster(np.eye(3)).labels(4), "between 1 and"),
    (lambda: cluster(np.eye(3)).labels(0), "between 1 and")])
def test_cluster_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- the published table --------------------------------------------------------------------------------------------


def test_table_1_and_its_one_slip():
    assert (H_RANK == rankdata(-H, axis=1)).all() and (np.sort(A_RANK, axis=1) == np.arange(1, 9)).all()
    fits = (rankdata(-A, "min", axis=1) <= A_RANK) & (rankdata(-A, "max", axis=1) >= A_RANK)
    assert [(TASKS[t], TASKS[s]) for t, s in np.argwhere(~fits)] == [("Depth", "3D Edges"), ("Depth", "3D Keypoints")]
    assert (H[:6].min(), H[:6].max()) == (1.3804, 2.2441)


def test_spearman_of_table_1():
    assert np.allclose(spearman(H, A), [.381, .311, .429, .786, .810, .738, .214, .286], atol=5e-4)
    assert np.allclose(spearman(-H_RANK, -A_RANK), [.381, .357, .429, .786, .810, .762, .214, .286], atol=5e-4)
    others = spearman(H, A, self_column=False)
    assert np.allclose(others, [.071, -.036, .321, .857, .714, .607, -.179, -.071], atol=5e-4)


def test_dcg_of_table_1():
    expected = {"linear": [.951, .951, .909, .932, .987, .986, .944, .953],
                "exponential": [.972, .969, .673, .704, .976, .992, .965, .966]}
    for gain, chance in (("linear", 0.840), ("exponential", 0.637)):
        results = [dcg(h, -a, gain) for h, a in zip(H, MENDED, strict=True)]
        assert np.allclose([float(r) for r in results], expected[gain], atol=2e-3)
        assert np.allclose([r.chance for r in results], chance, atol=1e-3)


def test_clusters_of_table_1():
    three = {"raw": [0, 0, 0, 0, 0, 0, 1, 2], "row-max": [0, 0, 0, 0, 1, 1, 2, 2],
             "z": [0, 0, 1, 1, 1, 1, 2, 2], "rank": [0, 0, 1, 1, 1, 1, 2, 2]}
    for vectors in VECTORS:
        for linkage in LINKAGES:
            tree = cluster(H, vectors, linkage)
            assert tree.labels(2).tolist() == [0, 0, 0, 0, 0, 0, 1, 1] and tree.labels(3).tolist() == three[vectors]


def test_published_affinities_fit_table_1_as_source_then_target():
    published = pd.read_csv(files("tdist") / "data" / "taskonomy.csv")
    assert published.groupby("quantity").size().tolist() == [49, 64, 64]
    part = published[published["quantity"] == "all_affinities_16k"]
    right = part.pivot(index="target", columns="source", values="value").loc[TASKS, TASKS].to_numpy()
    residual = [np.log10(A / reading).std(axis=1) for reading in (right, right.T)]
    assert residual[0].max() < 0.33 and residual[1].min() > 0.5 and (spearman(A, right) > 0.93).all()
    # the two readings, over the seven other sources
    readings = spearman(right, right.T, self_column=False)
    assert np.allclose(readings, [-.57, .39, .75, .54, .82, .93, .36, .68], atol=5e-3)
    assert right[5, 3] > right[5, 2]  # 3D Keypoints above 3D Edges for Depth, as in the printed scores
