"""tdist.affinities against hand sums, power iteration, SciPy, known weights, and Table 1."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster

from tdist.affinities import LINKAGES, VECTORS, ahp, cluster, win_rates
from tests.table_1 import printed

rng = np.random.default_rng(0)
H = printed("h_score")

# --- win rates and the analytic hierarchy process -------------------------------------------------


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
    assert result.eigenvalue == pytest.approx(
        s, abs=1e-9
    ) and result.inconsistency == pytest.approx(0, abs=1e-9)


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
    assert np.allclose(
        result.weights, vector, atol=1e-12
    ) and result.weights.sum() == pytest.approx(1, abs=1e-14)
    assert result.eigenvalue == pytest.approx((ratios @ vector)[0] / vector[0], rel=1e-10)
    assert (
        result.inconsistency == pytest.approx((result.eigenvalue - 6) / 5, rel=1e-12)
        and result.inconsistency > 0.01
    )


def test_ahp_of_a_circle_is_even_and_inconsistent():
    # rock, paper, scissors: ratios 4 and 1/4 in a circle have the principal eigenvalue 1 + 4 + 1/4
    result = ahp([[0.5, 0.8, 0.2], [0.2, 0.5, 0.8], [0.8, 0.2, 0.5]])
    assert np.allclose(result.weights, 1 / 3)
    assert result.inconsistency == pytest.approx((1 + 4 + 0.25 - 3) / 2, abs=1e-12)


def test_ahp_clips_as_taskonomy_does_and_does_not_read_the_diagonal():
    for wins in ([[0, 1], [0, 0]], [[1, 0.999], [0.001, 0.3]]):
        assert np.allclose(ahp(wins).weights, [0.999, 0.001], atol=1e-12)
    assert np.allclose(ahp([[0.5, 1], [0, 0.5]], clip=0.1).weights, [0.9, 0.1], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ahp(np.ones((2, 3)) / 2), "square"),
        (lambda: ahp([[0.5, 0.7], [0.7, 0.5]]), "must be 1"),
        (lambda: ahp([[0.5, 2], [0.1, 0.5]]), "between 0 and 1"),
        (lambda: ahp([[0.5, np.nan], [0.5, 0.5]]), "NaN"),
        (lambda: ahp([[0.5, 0.8], [0.2, 0.5]], clip=0), "clip"),
        (lambda: win_rates(np.ones(4)), "losses must be a matrix"),
        (lambda: win_rates([[1, np.nan], [1, 2]]), "NaN"),
    ],
)
def test_ahp_and_win_rate_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- clustering -----------------------------------------------------------------------------------


@pytest.mark.parametrize("linkage", LINKAGES)
def test_cluster_agrees_with_scipy(linkage):
    matrix = rng.standard_normal((9, 5))
    result = cluster(matrix, "raw", linkage)
    for k in range(1, 10):
        ours, theirs = result.labels(k), fcluster(result.linkage, k, "maxclust")
        assert (
            len(set(ours)) == k and len(set(zip(ours, theirs, strict=True))) == k
        )  # one partition, two namings
        assert list(dict.fromkeys(ours.tolist())) == list(
            range(k)
        )  # numbered in order of appearance
    closest = np.linalg.norm(matrix[:, None] - matrix, axis=2)[np.triu_indices(9, 1)].min()
    assert result.linkage.shape == (8, 4) and result.linkage[0, 2] == pytest.approx(closest)


@pytest.mark.parametrize(("linkage", "last"), [
    ("single", 2), ("average", 2.5), ("complete", 3), ("ward", 2.5 * np.sqrt(2 * 2 * 1 / 3))])
def test_linkages_of_three_points_on_a_line(linkage, last):
    assert np.allclose(
        cluster([[0, 0], [0, 1], [0, 3]], "raw", linkage).linkage[:, 2], [1, last], atol=1e-14
    )


def test_vectors_are_scaled_along_rows():
    matrix = np.array([[1.0, 2, 6], [5, 5, 8], [0, -2, 4]])
    expected = {
        "raw": matrix,
        "row-max": matrix / [[6], [8], [4]],
        "rank": [[1, 2, 3], [1.5, 1.5, 3], [2, 1, 3]],
        "z": (matrix - matrix.mean(1, keepdims=True)) / matrix.std(1, keepdims=True),
    }
    for name in VECTORS:
        assert np.allclose(cluster(matrix, name).vectors, expected[name], atol=1e-14)


def test_patterns_and_sizes_give_different_trees():
    pattern = np.array([[0, 1, 2, 5.0], [5, 2, 1, 0]])
    matrix = np.vstack([pattern + 20, 10 * pattern + 300])  # two patterns, two sizes
    for vectors in ("z", "rank"):
        assert cluster(matrix, vectors).labels(2).tolist() == [0, 1, 0, 1]
    assert cluster(matrix, "raw").labels(2).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cluster(np.eye(3), "cosine"), "vectors must be"),
        (lambda: cluster(np.eye(3), linkage="centroid"), "linkage one of"),
        (lambda: cluster(np.ones((3, 2))), "constant"),
        (lambda: cluster(-np.ones((3, 2)), "row-max"), "no positive"),
        (lambda: cluster([[1, np.nan]]), "NaN"),
        (lambda: cluster(np.eye(3)).labels(4), "between 1 and"),
        (lambda: cluster(np.eye(3)).labels(0), "between 1 and"),
        (lambda: cluster([[1, 2]]), "two rows"),
    ],
)
def test_cluster_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_clusters_of_table_1():
    three = {"raw": [0, 0, 0, 0, 0, 0, 1, 2], "row-max": [0, 0, 0, 0, 1, 1, 2, 2],
             "z": [0, 0, 1, 1, 1, 1, 2, 2], "rank": [0, 0, 1, 1, 1, 1, 2, 2]}
    for vectors in VECTORS:
        for linkage in LINKAGES:
            tree = cluster(H.T, vectors, linkage)
            assert (
                tree.labels(2).tolist() == [0, 0, 0, 0, 0, 0, 1, 1]
                and tree.labels(3).tolist() == three[vectors]
            )




MIXED = np.array([[1.0, 1, 1], [1, 2, 3], [3, 2, 5]])  # the first row is constant
SUNK = np.array([[0.5, 0.0, 0.9], [-1, 0, -2]])  # the second has no positive entry


@pytest.mark.parametrize(("call", "message"), [
    (lambda: cluster(MIXED, "z"), "constant"), (lambda: cluster(SUNK, "row-max"), "no positive"),
    (lambda: cluster([[1, np.inf], [1, 2]]), "^rows must be a matrix"),
    (lambda: ahp([[0.5, np.nan], [0.2, 0.5]]), "^wins must be a matrix"),
    (lambda: ahp([[0.5, -0.1], [1.1, 0.5]]), "from -0.1 to 1.1"), (lambda: ahp([[0.5]]), "square"),
    (lambda: ahp([[0.5, 0.8], [0.2, 0.5]], clip=0.5), "0 and 1/2, got 0.5")])
def test_whole_kinds_of_input_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_can_be_clustered():
    assert cluster([[1, 2], [5, 9]]).labels(2).tolist() == [0, 1]  # two rows are enough
    assert cluster(MIXED, "raw").labels(3).tolist() == [0, 1, 2]  # constant, and not scaled
    assert cluster(np.abs(SUNK) / 10, "row-max").vectors.max() == 1  # rows of small numbers
    assert ahp([[0.5, 0.804], [0.2, 0.5]]).weights[0] == pytest.approx(0.8, abs=0.01)  # few digits
