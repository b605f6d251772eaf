"""The reader of stored pairs, by hand."""

import numpy as np
import pytest

from tdist import mantel
from tdist.agreement import within
from tdist.studies import Pairs, load
from tdist.studies.experiments import EXPERIMENTS, STORED, printed
from tdist.studies.pairs import Rows, share

NAMES = ("a", "b", "c")
FIRST = [[0, 1, 2], [3, 0, 4], [5, 6, 0]]
SECOND = [[0, 3, 2], [3, 0, 8], [7, 6, 0]]
OTHER = [[0, 2, 2], [2, 0, 5], [9, 5, 0]]


def units(**matrices):
    """{"seed/source/target": {key: number}} of lists of matrices, one a seed."""
    count = len(next(iter(matrices.values())))
    return {f"{seed}/{a}/{b}": {key: found[seed][i][j] for key, found in matrices.items()}
            for seed in range(count) for i, a in enumerate(NAMES) for j, b in enumerate(NAMES)
            if i != j}


@pytest.fixture
def pairs():
    return Pairs(units(d=[FIRST, SECOND], e=[OTHER, OTHER]) | {"check": {}, "road/a/b": {}}, NAMES)


def test_matrices_are_seeds_sources_targets(pairs):
    assert np.array_equal(pairs.matrices("d"), [FIRST, SECOND])
    assert pairs.seeds == (0, 1)
    assert pairs.pairs == [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b")]
    assert pairs.runs("d").tolist() == [[1, 2, 3, 4, 5, 6], [3, 2, 3, 8, 7, 6]]
    assert np.array_equal(pairs.mean("d"), [[0, 2, 2], [3, 0, 6], [6, 6, 0]])
    assert np.allclose(pairs.spread("d"), np.array([1, 0, 0, 2, 1, 0]) * np.sqrt(2))
    assert np.isnan(Pairs(pairs.units, NAMES, seeds=[1]).spread("d")).all()


def test_a_number_may_be_a_function_of_the_unit_and_a_run_may_hold_a_list():
    found = Pairs({f"0/{a}/{b}": {"lengths": [i, i + 1.0]}
                   for i, (a, b) in enumerate((a, b) for a in NAMES for b in NAMES if a != b)},
                  NAMES)
    assert found.runs("lengths").shape == (1, 6, 2)
    assert found.runs("lengths")[0, 4].tolist() == [4, 5]
    assert found.matrices(lambda unit: unit["lengths"][-1])[0, 2, 1] == 6


def test_names_choose_tasks_and_their_order(pairs):
    two = Pairs(pairs.units, ("c", "a"))
    assert two.matrices("d").tolist() == [[[0, 5], [2, 0]], [[0, 7], [2, 0]]]


def test_only_complete_seeds_count(pairs):
    few = {key: unit for key, unit in pairs.units.items() if key != "0/b/c"}
    assert Pairs(few, NAMES).seeds == (1,)
    assert Pairs(few, ("a", "b")).seeds == (0, 1)
    assert Pairs(pairs.units, NAMES, seeds=[0, 7]).seeds == (0,)
    with pytest.raises(ValueError, match=r"no seed has all pairs.*0/b/c"):
        Pairs({key: unit for key, unit in few.items() if key[0] == "0"}, NAMES)
    with pytest.raises(ValueError, match="no seed"):
        Pairs({"check": {}}, NAMES)
    with pytest.raises(TypeError, match="'abc'"):
        Pairs(pairs.units, "abc")


def test_reliability_is_the_correlation_of_each_two_seeds(pairs):
    x, y = np.array([1, 2, 3, 4, 5, 6]), np.array([3, 2, 3, 8, 7, 6])
    assert pairs.reliability("d") == pytest.approx([np.corrcoef(x, y)[0, 1]])
    assert Pairs(pairs.units, NAMES, [0]).reliability("d") == []
    three = Pairs(units(d=[FIRST, SECOND, OTHER]), NAMES)
    z = np.array([2, 2, 2, 5, 9, 5])
    assert three.reliability("d") == pytest.approx(
        [np.corrcoef(*two)[0, 1] for two in ((x, y), (x, z), (y, z))])


def test_the_share_of_the_source_and_of_the_target(pairs):
    values = np.array([2, 2, 3, 6, 6, 6])
    assert pairs.share("d") == pytest.approx(np.var([2, 4.5, 6]) / np.var(values))
    assert pairs.share("d", "target") == pytest.approx(np.var([4.5, 4, 4]) / np.var(values))
    with pytest.raises(ValueError, match="'both'"):
        pairs.share("d", "both")


def test_agreement_is_mantels_test_of_the_means_and_of_every_seed(pairs):
    mean = [[0, 2, 2], [3, 0, 6], [6, 6, 0]]
    assert pairs.agreement("d", "e") == mantel(mean, OTHER)
    assert pairs.agreement("d", OTHER) == mantel(mean, OTHER)
    assert pairs.agreement("e", lambda unit: unit["d"] ** 2).statistic == pytest.approx(
        np.corrcoef([2, 2, 2, 5, 9, 5], [5, 4, 9, 40, 37, 36])[0, 1])
    assert pairs.by_seed("d", "e") == [mantel(FIRST, OTHER), mantel(SECOND, OTHER)]
    assert pairs.by_seed("d", OTHER) == [mantel(FIRST, OTHER), mantel(SECOND, OTHER)]
    with pytest.raises(ValueError, match=r"shape \(3, 3\), got \(2, 2\)"):
        pairs.agreement("d", np.eye(2))


def test_within_targets_what_makes_a_target_easy_is_left_out(pairs):
    four = np.random.default_rng(0).random((2, 4, 4))
    found = Pairs({f"{s}/{a}/{b}": {"d": four[s, i, j]} for s in (0, 1)
                   for i, a in enumerate("wxyz") for j, b in enumerate("wxyz") if i != j},
                  tuple("wxyz"))
    alone = within(four[0], four[1])
    assert found.reliability("d", within_targets=True) == pytest.approx([alone.statistic])
    assert found.within("d", four[1]) == within(four.mean(0), four[1])
    tied = Pairs({key: {"d": unit["d"] if not key.endswith("z") else 1.0}
                  for key, unit in found.units.items()}, tuple("wxyz"))  # nothing to rank for z
    assert tied.reliability("d", within_targets=True) == pytest.approx([sum(alone.columns[:3]) / 4])
    easy = four[1] + [[10, -20, 30, 0]]
    assert found.within("d", easy).columns == found.within("d", four[1]).columns
    assert found.agreement("d", easy).statistic != pytest.approx(
        found.agreement("d", four[1]).statistic, abs=0.1)
    assert pairs.agreement("d", "e", "two-sided").pvalue >= pairs.agreement("d", "e").pvalue


def test_the_printed_coupled_distance_within_targets():
    """Figure 3 of the paper: .65 over all pairs is mostly how hard a target is."""
    figure = printed()["fig3"]
    units = {f"0/{a}/{b}": {"coupled": figure["coupled"][i][j]}
             for i, a in enumerate(figure["tasks"]) for j, b in enumerate(figure["tasks"])}
    paper = Pairs(units, figure["tasks"])
    whole = paper.agreement("coupled", figure["fine_tuning"])
    assert whole.statistic == pytest.approx(.649, abs=6e-4)
    inside = paper.within("coupled", figure["fine_tuning"])
    assert inside.statistic == pytest.approx(.197, abs=6e-4)
    assert inside.pvalue == pytest.approx(58 / 120)


def test_longer_counts_runs(pairs):
    assert pairs.longer("d", "e").tolist() == [[False, False, True, False, False, True],
                                               [True, False, True, True, False, True]]
    assert share(pairs.longer("d", "e")) == "6 of 12"


def test_rows_keep_their_diagonals():
    stored = {f"{s}/{d}/{a}": [10.0 * s + i, 1, 2 + i] for s in (0, 1) for d in ("p", "q")
              for i, a in enumerate(NAMES)}
    rows = Rows(stored | {"check": {}}, NAMES)
    assert rows.matrices("q")[1].tolist() == [[10, 1, 2], [11, 1, 3], [12, 1, 4]]
    assert rows.runs("p")[0].tolist() == [1, 2, 1, 3, 2, 1]
    assert rows.agreement("p", "q").statistic == pytest.approx(1)
    assert Rows({key: row for key, row in stored.items() if key != "0/q/b"}, NAMES).seeds == (1,)


def test_a_reader_says_what_it_is(pairs):
    assert repr(pairs) == "Pairs of 3 tasks, seeds (0, 1)"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stored_pairs_hold_what_every_transfer_holds(name):
    pairs = Pairs(load(name)["units"], EXPERIMENTS[name].names)
    assert pairs.seeds == (0, 1, 2)
    assert not pairs.longer("coupled_cost", "independent_cost").any()
    assert not pairs.longer("coupled", "coupled_riemannian").any()
    assert pairs.runs("gap").max() <= STORED.tolerance
