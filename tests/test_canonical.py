"""canonical_h_score against the H-score, regression of statsmodels and canonical correlations."""

import copy
import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from scipy.stats import kstest
from sklearn.cross_decomposition import CCA
from sklearn.datasets import load_diabetes, load_linnerud
from statsmodels.multivariate.cancorr import CanCorr

from tdist import canonical_h_score, h_score
from tdist.hscore import CanonicalHScore, HScore
from tests.test_hscore import data


def related(m=60, k=5, d=3, seed=0):
    """Features and numeric targets that are correlated, in odd units."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((m, k)) @ rng.standard_normal((k, k)) + 3
    t = x @ rng.standard_normal((k, d)) + 2 * rng.standard_normal((m, d))
    return x, t * np.array([1e-3, 1, 1e4, 5])[:d]


def by_definition(x, t):
    cov = np.cov(np.hstack([x, t]).T)
    k = x.shape[1]
    return np.trace(np.linalg.pinv(cov[:k, :k]) @ cov[:k, k:]
                    @ np.linalg.pinv(cov[k:, k:]) @ cov[k:, :k])


def same(a, b, tolerance=1e-10):
    assert (a.bound, a.rank, a.n) == (b.bound, b.rank, b.n)
    for name in ("statistic", "chance", "adjusted", "pvalue"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), abs=tolerance, nan_ok=True), name


# --- identities -----------------------------------------------------------------------------------


# more samples than columns, fewer samples than both together, and more features than samples
@pytest.mark.parametrize("m, k, classes", [(80, 5, 4), (24, 21, 4), (40, 60, 3), (30, 8, 2)])
def test_one_hot_targets_are_classes(m, k, classes):
    x, y = data(m, k, classes)
    found, expected = canonical_h_score(x, np.eye(classes)[y]), h_score(x, y)
    same(found, expected)
    assert found.rank_T == classes - 1 and found.chance == pytest.approx(
        found.rank * found.rank_T / (m - 1))


@pytest.mark.parametrize("k", [1, 4])
def test_one_column_is_r_squared_and_its_f_test(k):
    x, t = related(k=k, d=1)
    fit = sm.OLS(t[:, 0], sm.add_constant(x)).fit()
    for target in (t, t[:, 0], t[:, 0].tolist(), torch.tensor(t[:, 0]), pd.Series(t[:, 0])):
        found = canonical_h_score(x, target)
        assert found.statistic == pytest.approx(fit.rsquared, abs=1e-12)
        assert found.adjusted == pytest.approx(fit.rsquared_adj, abs=1e-12)
        assert found.pvalue == pytest.approx(fit.f_pvalue, rel=1e-9)
        assert (found.bound, found.rank_T) == (1, 1)


@pytest.mark.parametrize("m, k, d", [(60, 5, 3), (40, 2, 4), (21, 3, 3)])
def test_canonical_correlations_of_statsmodels(m, k, d):
    x, t = related(m, k, d)
    their = CanCorr(t, x)
    found = canonical_h_score(x, t)
    assert found.statistic == pytest.approx(np.sum(their.cancorr**2), abs=1e-10)
    stats = their.corr_test().stats_mv
    trace = stats.loc["Pillai's trace"]
    assert found.statistic == pytest.approx(trace["Value"], abs=1e-10)
    assert found.pvalue == pytest.approx(trace["Pr > F"], rel=1e-8)


def test_canonical_correlations_of_scikit_learn():
    x, t = load_linnerud(return_X_y=True)
    model = CCA(3, max_iter=5000, tol=1e-12).fit(x, t)
    a, b = model.transform(x, t)
    correlations = [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(3)]
    assert canonical_h_score(x, t).statistic == pytest.approx(np.sum(np.square(correlations)),
                                                              abs=1e-6)


def test_variability_collapse_index():
    """Xu and Liu, 2023: 1 - tr(S_T^+ S_B) / rank, with classes that weigh alike. For balanced
    classes that is 1 - H / (|Y| - 1); for others it is not."""
    def vci(x, y):
        means = np.stack([x[y == c].mean(0) for c in np.unique(y)])
        between = np.cov(means.T, bias=True)
        within = np.mean([np.cov(x[y == c].T, bias=True) for c in np.unique(y)], 0)
        return 1 - np.trace(np.linalg.pinv(within + between) @ between) / np.linalg.matrix_rank(
            between)

    x, y = data(90, 6, 3)
    order = np.arange(90) % 3
    assert vci(x, order) == pytest.approx(1 - h_score(x, order).statistic / 2, abs=1e-12)
    assert abs(vci(x, y) - (1 - h_score(x, y).statistic / 2)) > 1e-3


@pytest.mark.parametrize("m, k, d", [(60, 5, 3), (12, 7, 8), (20, 40, 3), (20, 4, 30)])
def test_definition_and_symmetry(m, k, d):
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((m, k)), rng.standard_normal((m, d))
    t[:, 0] += x[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # 30 targets of 20 samples
        found, other = canonical_h_score(x, t), canonical_h_score(t, x)
    assert found.statistic == pytest.approx(by_definition(x, t), abs=1e-9)
    assert found.statistic == pytest.approx(other.statistic, abs=1e-10)
    assert (found.rank, found.rank_T) == (min(k, m - 1), min(d, m - 1))


def test_affine_maps_and_redundant_targets():
    x, t = related()
    rng = np.random.default_rng(2)
    plain = canonical_h_score(x, t)
    a, b = rng.standard_normal((5, 5)), rng.standard_normal((3, 3))
    same(canonical_h_score(x @ a - 7, t / t.std(0) @ b + 9), plain)
    wide = np.c_[t, t[:, :2] @ [2e3, 1], np.full(60, 4.0)]  # a combination and a constant
    same(canonical_h_score(x, wide), plain)
    order = rng.permutation(60)
    same(canonical_h_score(x[order], t[order]), plain)


# --- chance and significance ----------------------------------------------------------------------


def test_chance_is_the_mean_over_all_permutations():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((6, 2)), rng.standard_normal((6, 3))
    orders = list(itertools.permutations(range(6)))
    found = [canonical_h_score(x, t[list(order)]) for order in orders]
    assert np.mean([one.statistic for one in found]) == pytest.approx(2 * 3 / 5, abs=1e-12)
    assert np.mean([one.adjusted for one in found]) == pytest.approx(0, abs=1e-11)
    assert found[0].chance == pytest.approx(2 * 3 / 5)


def test_pvalues_are_uniform_under_the_null():
    rng = np.random.default_rng(3)
    found = [canonical_h_score(rng.standard_normal((30, 4)), rng.standard_normal((30, 3))).pvalue
             for _ in range(400)]
    assert kstest(found, "uniform").pvalue > 0.01


def test_many_labels():
    """0/1 columns of which several hold for a sample, some of them rare."""
    rng = np.random.default_rng(4)
    labels = rng.random((200, 6)) < [0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
    x = labels @ rng.standard_normal((6, 8)) + rng.standard_normal((200, 8))
    found = canonical_h_score(x, labels)
    assert found.rank_T == 6 and found.statistic == pytest.approx(
        by_definition(x, labels.astype(float)), abs=1e-10)
    same(canonical_h_score(x, pd.DataFrame(labels.astype(int))), found)
    with pytest.raises(ValueError, match="canonical_h_score"):
        h_score(x, labels)


# --- what comes in --------------------------------------------------------------------------------


@pytest.mark.parametrize("targets, error, match", [
    (np.ones(60), ValueError, "targets do not vary"),
    (np.ones(59), ValueError, "60 rows and 59 targets"),
    (np.full(60, np.nan), ValueError, "targets hold nan at row 0, column 0"),
    (np.r_[np.inf, np.ones(59)], ValueError, "targets hold inf at row 0"),
    (np.r_[1e200, np.ones(59)], ValueError, "squares of the targets overflow"),
    (["a", "b"] * 30, TypeError, "targets must be numbers"),
    (np.ones((60, 2, 2)), ValueError, "targets must have two axes"),
    (np.ones(60) * 1j, TypeError, "targets are complex"),
    (np.ones((60, 0)), ValueError, "targets are empty"),
    (np.ones((0, 2)), ValueError, "targets are empty"),
])
def test_bad_targets(targets, error, match):
    with pytest.raises(error, match=match):
        canonical_h_score(related()[0], targets)


def test_bad_features():
    x, t = related()
    x[3, 1] = np.nan
    with pytest.raises(ValueError, match="features hold nan at row 3, column 1"):
        canonical_h_score(x, t)


def test_one_sample_has_nothing_to_predict():
    with pytest.raises(ValueError, match="targets do not vary"):
        canonical_h_score([[1.0]], [2.0])


def test_features_that_do_not_vary():
    with pytest.warns(UserWarning, match="features do not vary"):
        found = canonical_h_score(np.ones((10, 2)), np.arange(10.0))
    assert (found.statistic, found.rank, found.bound) == (0, 0, 0) and np.isnan(found.pvalue)


def test_targets_that_tell_all_samples_apart():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((8, 3)), rng.standard_normal((8, 9))
    with pytest.warns(UserWarning, match="tell all samples apart"):
        found = canonical_h_score(x, t)
    assert found.statistic == pytest.approx(3) and found.rank_T == 7


def test_copies_are_noticed_as_in_h_score():
    x, y = data(40, 12, 3)
    rows = np.r_[np.arange(40), np.arange(30)]
    with pytest.warns(UserWarning, match="30 of 70 rows of features repeat"):
        found = canonical_h_score(x[rows], np.eye(3)[y[rows]])
    with pytest.warns(UserWarning, match="30 of 70 rows of features repeat"):
        same(found, h_score(x[rows], y[rows]))


def test_copies_are_noticed_with_few_samples():
    x, y = data(20, 40, 3)
    t = np.eye(3)[y]
    with pytest.warns(UserWarning, match="5 of 25 rows of features repeat"):
        assert np.isnan(canonical_h_score(np.r_[x, x[:5]], np.r_[t, t[:5]]).adjusted)


def test_rows_that_repeat_are_of_features_and_copies_have_one_target():
    """Three rows with a target each, and a fourth with two: four rows are told apart, not five."""
    x = np.eye(4)[[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]][:, :3]
    t = np.array([1.0, 1, 1, 2, 2, 2, 5, 5, 5, 0, 1])
    for score in (lambda: canonical_h_score(x, t), stream(x, t, [1, 5, 10]).compute):
        with pytest.warns(UserWarning, match="tell all 4 distinct rows apart"):
            assert np.isnan(score().adjusted)


def test_chunks_change_nothing(monkeypatch):
    x, t = related()
    whole = canonical_h_score(x, t)
    monkeypatch.setattr("tdist.hscore.moments.CHUNK", 40)  # five rows of 5 + 3 columns
    same(canonical_h_score(x, t), whole)
    same(canonical_h_score(x.tolist(), t.tolist()), whole)
    x[52, 1] = np.nan
    with pytest.raises(ValueError, match=r"\(sample 52 of all\), column 1"):
        canonical_h_score(x, t)


@pytest.mark.parametrize("m, spent", [(8, "whitened"), (7, "sums_of")])
def test_products_of_samples_serve_where_they_are_fewer_than_columns(m, spent, monkeypatch):
    x, t = related(m)
    monkeypatch.delattr(f"tdist.hscore.canonical.{spent}")
    assert canonical_h_score(x, t).statistic == pytest.approx(by_definition(x, t), abs=1e-9)


def test_inputs_are_left_alone_and_results_travel():
    x, t = related()
    before = x.copy(), t.copy()
    found = canonical_h_score(x, t)
    assert np.array_equal(x, before[0]) and np.array_equal(t, before[1])
    assert "\n" not in repr(found) and float(found) == found.statistic
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert other == found and type(other) is type(found)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int64])
def test_coarse_types_of_targets(dtype):
    """A column that only rounding tells from another adds no rank."""
    x, t = load_diabetes(return_X_y=True)
    found = canonical_h_score(torch.tensor(x, dtype=torch.float32), torch.tensor(t).to(dtype))
    expected = canonical_h_score(x.astype(np.float32), torch.tensor(t).to(dtype).double().numpy())
    same(found, expected)


# --- streaming ------------------------------------------------------------------------------------


def stream(x, t, cuts):
    metric = CanonicalHScore()
    for rows in np.split(np.arange(len(x)), cuts):
        metric.update(x[rows], t[rows])
    return metric


@pytest.mark.parametrize("cuts", [[], [1], [7, 8, 8, 40]])
def test_batches(cuts):
    x, t = related()
    same(stream(x, t, cuts).compute(), canonical_h_score(x, t))
    same(stream(x + 1e5, t, cuts).compute(), canonical_h_score(x, t), 1e-8)


def test_merging():
    x, t = related()
    total = CanonicalHScore()
    for rows in np.split(np.arange(60), [5, 40]):
        total.merge_state(stream(x[rows], t[rows], []))
    same(total.compute(), canonical_h_score(x, t))
    other = CanonicalHScore()
    other.merge_state(total.metric_state)
    same(pickle.loads(pickle.dumps(other)).compute(), canonical_h_score(x, t))
    total.reset()
    with pytest.raises(ValueError, match="no samples yet"):
        total.compute()


@pytest.mark.frames
def test_copies_in_a_stream():
    x, y = data(40, 12, 3)
    t = np.eye(3)[y]
    metric = stream(x, t, [10])
    metric.update(x[:30], t[:30])
    with pytest.warns(UserWarning, match="30 of 70 rows of features repeat") as record:
        found = metric.compute()
    assert record[0].filename == __file__
    with pytest.warns(UserWarning) as record:
        same(found, canonical_h_score(np.r_[x, x[:30]], np.r_[t, t[:30]]))
    assert record[0].filename == __file__


def test_a_batch_that_is_refused_leaves_no_trace():
    x, t = related()
    metric = stream(x, t, [20])
    for bad in ((x[:5], t[:4]), (x[:5], t[:5, :2]), (x[:5, :3], t[:5]), (x[:5] * np.nan, t[:5]),
                (np.c_[x[:5], x[:5, 0]], t[:5, :2])):
        with pytest.raises(ValueError, match=r"targets|features"):
            metric.update(*bad)
    same(metric.compute(), canonical_h_score(x, t))


def test_forward_and_a_field():
    x, t = related()
    metric = CanonicalHScore(field="adjusted")
    own = metric(x[:30], t[:30])
    assert own.item() == pytest.approx(canonical_h_score(x[:30], t[:30]).adjusted)
    assert metric(x[30:31], t[30:31]) is None
    metric.update(x[31:], t[31:])
    assert metric.compute().item() == pytest.approx(canonical_h_score(x, t).adjusted)
    with pytest.raises(ValueError, match="field must be"):
        CanonicalHScore(field="classes")
    assert not CanonicalHScore(sync_on_compute=False).sync_on_compute


def test_other_targets_and_classes_do_not_mix_in():
    """Though they have as many columns in all."""
    x, t = related()
    labels = HScore()
    labels.update(np.c_[x, t], np.arange(60) % 3)
    for other in (labels, stream(np.c_[x, t[:, 0]], t[:, 1:], [])):
        metric = stream(x, t, [])
        metric.merge_state(other)
        with pytest.raises(ValueError, match="were merged"):
            metric.compute()


def test_an_empty_batch_and_one_with_a_hole_in_it():
    """The first has no result of its own and adds nothing; the second is told by its place."""
    rng, metric = np.random.default_rng(0), CanonicalHScore()
    x, t = rng.standard_normal((9, 2)), rng.standard_normal((9, 1))
    metric.update(x, t)
    before = metric.compute()
    assert metric(np.zeros((0, 2)), np.zeros((0, 1))) is None and metric.compute() == before
    x[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"nan at row 3 of this batch \(sample 12 of all\)"):
        metric.update(x, t)
    with pytest.raises(ValueError, match="nan at row 3, column 1"):
        CanonicalHScore().update(x, t)
