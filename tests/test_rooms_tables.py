"""The stored matrices of the rooms, the printed ones, and what is counted on them."""

import numpy as np
import pytest

from tdist.scenes import TASKS
from tdist.studies import rooms_tables
from tdist.studies.rooms_seeds import matrices


def test_tables_are_the_units():
    units = rooms_tables.runs()["paper's size"]
    seed_0, seed_1 = (rooms_tables.tables(units[seed]) for seed in (0, 1))
    edges, depth = TASKS.index("edge3d"), TASKS.index("depth")
    assert seed_0["h"][edges, depth] == units[0]["h/edge3d/depth"]["h"]
    assert seed_1["chance"][edges, depth] == units[1]["h/edge3d"]["depth"]["chance"]
    assert seed_1["loss"][edges, depth] == units[1]["transfer/depth"]["loss"][edges]
    assert seed_0["wins"][depth, 0, edges] == units[0]["transfer/depth"]["wins"][0][edges]
    other = matrices(units[1])
    assert (seed_1["adjusted"] == other["h"]).all()
    assert (seed_1["affinity"] == other["affinity"]).all()


def test_the_printed_table_by_two_entries():
    h, affinity = rooms_tables.printed()
    assert h.shape == affinity.shape == (8, 8)
    assert np.argmax(h[:, 7]) == 7 and np.argmax(affinity[:, 0]) == 0  # to itself


def test_kinship_by_hand():
    assert len({tuple(order) for order in rooms_tables.RELABELLED}) == 96
    for order in rooms_tables.RELABELLED:
        assert (rooms_tables.KIN[np.ix_(order, order)] == rooms_tables.KIN).all()
    assert rooms_tables.KIN.sum() == 4 + 16 + 4


def test_scores_that_are_the_affinities_find_every_pair():
    a = np.random.default_rng(0).random((8, 8))
    found = rooms_tables.beyond_kinship(a, a)
    assert found == {"tied by kinship": 96, "inside a group": 48, "p, one-sided": 1 / 96}
    assert rooms_tables.beyond_kinship(-a, a)["tied by kinship"] == 0
    assert rooms_tables.beyond_kinship(rooms_tables.KIN, a)["p, one-sided"] == pytest.approx(1)


def test_clusters_in_words():
    assert rooms_tables.parted(np.array([0, 0, 1, 1, 1, 1, 2, 2])) == "2D | 3D | classes"
    assert rooms_tables.parted(np.array([0, 1, 1, 1, 1, 1, 0, 0])) == (
        "2D Edges, classes | 2D Keypoints, 3D")


def test_trees_of_columns_that_are_the_groups():
    scores = 10.0 * rooms_tables.KIN + np.random.default_rng(0).random((8, 8))
    assert rooms_tables.trees(scores, 3, "2D | 3D | classes")["raw"] == 4
    assert set(rooms_tables.trees(scores, 2, "2D | 3D | classes").values()) == {0}
