"""tdist.hscore and tdist.hscore.moments against hand sums, statsmodels, scikit-learn and the definition."""

import copy
import json
import os
import pickle
import subprocess
import sys
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import statsmodels.api as sm
import torch
from scipy.stats import kstest
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_iris, load_wine
from statsmodels.multivariate.manova import MANOVA

import tdist.hscore
from tdist import HScore, Joint, h_score, transferability
from tdist.hscore import pillai_pvalue
from tdist.hscore.moments import Moments


def data(m=80, k=5, classes=4, signal=1.0, seed=0):
    """Features whose class means differ, and labels of unequal frequency."""
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, size=m, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    y[:classes] = np.arange(classes)
    mixing = rng.standard_normal((k, k))
    return rng.standard_normal((m, k)) @ mixing + signal * rng.standard_normal((classes, k))[y], y


def by_definition(x, y, cov=None, weight=1.0):
    """tr(cov^-1 cov(E[f|Y])) with the classes weighted by their share of the samples."""
    x = np.asarray(x, dtype=float)
    mean, between = x.mean(0), 0.0
    for label in sorted(set(y)):
        d = x[y == label].mean(0) - mean
        between = between + np.mean(y == label) * np.outer(d, d)
    cov = np.cov(x.T, bias=True).reshape(x.shape[1], -1) if cov is None else cov
    return weight * np.trace(np.linalg.solve(cov, between))


def same(a, b, tolerance=1e-9):
    """Two results agree in every field."""
    assert (a.bound, a.rank, a.n, a.classes) == (b.bound, b.rank, b.n, b.classes)
    for name in ("statistic", "chance", "adjusted", "pvalue", "shrinkage"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), abs=tolerance, nan_ok=True), name


# --- values -------------------------------------------------------------------------------------------------


def test_one_column_by_hand():
    # mean 3/2, variance 5/4; class means 1/2 and 5/2 with variance 1: H = 4/5
    result = h_score([[0], [1], [2], [3]], [0, 0, 1, 1])
    assert result.statistic == pytest.approx(0.8, abs=1e-15) and float(result) == result.statistic
    assert (result.bound, result.rank, result.n, result.classes, result.shrinkage) == (1, 1, 4, 2, 0.0)
    assert result.chance == pytest.approx(1 / 3, abs=1e-15)
    assert result.adjusted == pytest.approx(1 - 0.2 * 3 / 2, abs=1e-14)
    # one feature, two classes: Pillai's F is the squared t = 2 / sqrt(1/4 + 1/4), with 2 degrees of freedom
    assert result.pvalue == pytest.approx(1 - np.sqrt(8 / 10), abs=1e-12)


def test_unequal_classes_by_hand():
    # cov = I; class 0 (three samples) has mean (2/3, 2/3), class 1 has (2, 2), all have (1, 1)
    x, y = [[0, 0], [2, 0], [0, 2], [2, 2]], [0, 0, 0, 1]
    between = 3 * Fraction(1, 4) * Fraction(1, 3) ** 2 + Fraction(1, 4)
    assert 2 * between == Fraction(2, 3)
    result = h_score(x, y)
    assert result.statistic == pytest.approx(2 / 3, abs=1e-14)
    assert result.chance == pytest.approx(2 / 3, abs=1e-14) and result.adjusted == pytest.approx(0, abs=1e-13)
    # cov_a = I for every a
    assert h_score(x, y, shrinkage=0.25).statistic == pytest.approx(0.75 * 2 / 3, abs=1e-14)


@pytest.mark.parametrize("m, k, classes", [(80, 5, 4), (40, 1, 3), (60, 2, 6), (30, 12, 2)])
def test_definition(m, k, classes):
    x, y = data(m, k, classes)
    assert h_score(x, y).statistic == pytest.approx(by_definition(x, y), abs=1e-11)
    for a in (0.1, 0.7, 1.0):
        cov = np.cov(x.T, bias=True).reshape(k, k)
        cov_a = (1 - a) * cov + a * np.trace(cov) / k * np.eye(k)
        expected = by_definition(x, y, cov_a, 1 - a)
        assert h_score(x, y, shrinkage=a).statistic == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_pillai_of_statsmodels(load):
    x, y = load(return_X_y=True)
    check_pillai(x, y)


@pytest.mark.parametrize("m, k, classes", [(60, 2, 6), (60, 6, 3), (50, 2, 2), (40, 5, 5), (14, 10, 3)])
def test_pillai_of_statsmodels_near_the_null(m, k, classes):
    check_pillai(*data(m, k, classes, signal=0.3))


def check_pillai(x, y):
    groups = np.c_[np.ones(len(y)), pd.get_dummies(y, drop_first=True, dtype=float)]
    contrast = np.eye(groups.shape[1])[1:]
    table = MANOVA(x, groups).mv_test([("classes", contrast)]).results["classes"]["stat"]
    result = h_score(x, y)
    assert result.statistic == pytest.approx(table.loc["Pillai's trace", "Value"], abs=1e-10)
    assert result.pvalue == pytest.approx(table.loc["Pillai's trace", "Pr > F"], rel=1e-7, abs=1e-300)


def test_pvalue_ends():
    assert pillai_pvalue(1.0, rank=1, classes=3, n=30) == 0.0
    assert np.isnan(pillai_pvalue(0.5, rank=8, classes=3, n=10)) and np.isnan(pillai_pvalue(0.0, 0, 3, 30))
    assert np.isfinite(pillai_pvalue(0.5, rank=7, classes=3, n=10))


def test_pvalues_are_uniform_under_the_null():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((60, 4))
    pvalues = [h_score(x, rng.permutation(np.arange(60) % 3)).pvalue for _ in range(400)]
    assert kstest(pvalues, "uniform").pvalue > 0.01


def test_chance_is_the_mean_over_all_permutations():
    x, orders = data(6, 2, 3)[0], sorted(set(permutations([0, 0, 0, 1, 1, 2])))
    for shrinkage in (None, 0.3):
        results = [h_score(x, order, shrinkage) for order in orders]
        mean = np.mean([result.statistic for result in results])
        assert mean == pytest.approx(results[0].chance, abs=1e-12)
    assert h_score(x, orders[0]).chance == pytest.approx(2 * 2 / 5)


def test_adjusted_is_a_sum_of_adjusted_r_squared():
    x, y = data(40, 3, 4)
    indicators = np.eye(4)[y]
    contrasts = np.linalg.qr(indicators - indicators.mean(0))[0][:, :3]
    fits = [sm.OLS(contrast, sm.add_constant(x)).fit() for contrast in contrasts.T]
    result = h_score(x, y)
    assert result.statistic == pytest.approx(sum(fit.rsquared for fit in fits), abs=1e-11)
    assert result.adjusted == pytest.approx(sum(fit.rsquared_adj for fit in fits), abs=1e-11)


@pytest.mark.parametrize("m, k", [(50, 4), (20, 30), (200, 1), (12, 3)])
def test_ledoit_wolf_of_scikit_learn(m, k):
    x, y = data(m, k, 3)
    x = x * np.linspace(0.5, 3, k) + 5
    reference = LedoitWolf().fit(x)
    result = h_score(x, y, shrinkage="ledoit-wolf")
    assert result.shrinkage == pytest.approx(reference.shrinkage_, abs=1e-9)
    expected = by_definition(x, y, reference.covariance_, 1 - reference.shrinkage_)
    assert result.statistic == pytest.approx(expected, abs=1e-9)
    assert np.isnan(result.pvalue) == (result.shrinkage > 0)


def test_ledoit_wolf_is_at_most_one():
    x = np.random.default_rng(1).standard_normal((50, 3))
    assert LedoitWolf().fit(x).shrinkage_ == 1
    assert h_score(x, np.arange(50) % 2, "ledoit-wolf").shrinkage == 1


def test_shrinkage_ends():
    x, y = data()
    same(h_score(x, y, shrinkage=0), h_score(x, y))
    assert h_score(x, y, shrinkage=1).statistic == 0
    assert h_score(x, y, shrinkage=np.float32(0.5)).shrinkage == 0.5
    assert h_score(x, y, shrinkage=0.3).statistic < h_score(x, y).statistic
    stretched = h_score(x * [1, 1, 1, 1, 9], y, shrinkage=0.3)
    assert abs(stretched.statistic - h_score(x, y, shrinkage=0.3).statistic) > 1e-3


def test_samples_of_a_joint():
    joint = Joint(np.random.default_rng(3).dirichlet(np.full(24, 0.5)).reshape(4, 6))
    f = np.random.default_rng(4).standard_normal((6, 3))
    truth = joint.h_score(f)
    raw, adjusted = [], []
    for seed in range(200):
        x, y = joint.sample(100, seed=seed)
        result = h_score(f[x], y)
        empirical = Joint.from_samples(x, y, shape=(4, 6))
        assert result.statistic == pytest.approx(empirical.h_score(f), abs=1e-10)
        raw.append(result.statistic)
        adjusted.append(result.adjusted)
    error = np.std(adjusted) / np.sqrt(len(adjusted))
    assert abs(np.mean(adjusted) - truth) < 4 * error
    assert np.mean(raw) - truth > 8 * error
    x, y = joint.sample(100_000, seed=0)
    assert h_score(f[x], y).adjusted == pytest.approx(truth, abs=0.01)


# --- rank and invariance ------------------------------------------------------------------------------------


def test_affine_maps():
    x, y = data()
    rng = np.random.default_rng(5)
    for _ in range(5):
        same(h_score(x @ rng.standard_normal((5, 5)) + 100 * rng.standard_normal(5), y), h_score(x, y))


def test_scaled_columns():
    x, y = data(k=7)
    for scale in (np.logspace(-6, 6, 7), np.full(7, 1e-6), np.full(7, 1e6), np.logspace(-100, 100, 7)):
        same(h_score(x * scale, y), h_score(x, y))


def test_constant_duplicated_and_dead_columns():
    x, y = data()
    reference = h_score(x, y)
    m = len(x)
    for extra in (np.zeros((m, 2)), np.full((m, 3), 0.1), np.full((m, 1), 1e9 / 3), x, x[:, :2] * 1e-7,
                  (x[:, 0] - 3 * x[:, 1])[:, None], np.c_[x, np.zeros(m), np.full(m, 1 / 3)]):
        wider = np.c_[x, extra]
        result = h_score(wider, y)
        assert result.rank == 5
        same(result, reference)
        same(h_score(wider[:, ::-1], y), reference)


@pytest.mark.parametrize("dtype, tolerance", [(np.float16, 1e-3), (np.float32, 1e-7), (np.float64, 1e-12)])
def test_columns_that_differ_by_rounding_alone(dtype, tolerance):
    x, y = data()
    x = (x + 30).astype(dtype)
    wider = np.c_[x, x[:, 0] + x[:, 1], x[:, 2] * dtype(3.3), np.full(80, 0.1, dtype)]
    reference, result = h_score(x, y), h_score(wider, y)
    assert wider.dtype == dtype and reference.rank == result.rank == 5
    assert result.statistic == pytest.approx(reference.statistic, abs=tolerance)
    metric = stream(wider, y, np.array_split(np.arange(80), 3))
    assert metric.compute().rank == 5


def test_no_live_column():
    result = h_score(np.full((10, 3), 0.1), np.arange(10) % 2)
    assert (result.statistic, result.rank, result.bound, result.chance, result.adjusted) == (0, 0, 0, 0, 0)
    assert np.isnan(result.pvalue)


@pytest.mark.parametrize("k", [19, 20, 50])
def test_as_many_features_as_samples(k):
    x, y = np.random.default_rng(0).standard_normal((20, k)), np.arange(20) % 4
    result = h_score(x, y)
    assert result.rank == 19 and result.statistic == pytest.approx(3, abs=1e-9)
    assert result.chance == pytest.approx(3) and np.isnan(result.adjusted) and np.isnan(result.pvalue)


def test_large_offsets():
    x, y = data()
    for offset in (1e3, 1e6, -1e6):
        same(h_score(x + offset, y), h_score(x, y), tolerance=1e-6)


def test_bound():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, y = data(rng.integers(12, 40), rng.integers(1, 9), rng.integers(2, 6), signal=3, seed=seed)
        result = h_score(x, y)
        assert result.bound == min(len(set(y)) - 1, x.shape[1])
        assert 0 <= result.statistic <= result.bound + 1e-12


# --- what may come in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "uint64", "float16", "float32",
                                   ">f4", "longdouble", "bool"])
def test_numpy_types(dtype):
    x, y = data()
    x = (np.abs(x) * 9).astype(dtype) if dtype != "bool" else x > 0
    same(h_score(x, y), h_score(x.astype(float), y))
    assert h_score(x, y).statistic == pytest.approx(by_definition(x, y), abs=1e-10)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8,
                                   torch.int64, torch.uint8, torch.bool])
def test_torch_types(dtype):
    x, y = data()
    x = (torch.from_numpy(x).abs() * 9).to(dtype) if dtype != torch.bool else torch.from_numpy(x > 0)
    reference = h_score(x.double().numpy(), y)
    same(h_score(x, torch.from_numpy(y)), reference)
    metric = HScore()
    metric.update(x[:33], torch.from_numpy(y[:33]))
    metric.update(x[33:], torch.from_numpy(y[33:]))
    same(metric.compute(), reference)


def test_other_containers():
    x, y = data()
    reference = h_score(x, y)
    same(h_score(x.tolist(), y.tolist()), reference)
    same(h_score(pd.DataFrame(x), pd.Series(y)), reference)
    same(h_score(torch.tensor(x, requires_grad=True), torch.tensor(y)), reference)
    same(h_score(torch.tensor(x.T).T, y.astype(np.uint8)), reference)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu():
    x, y = data(500, 40)
    for dtype in (torch.float64, torch.float32):
        there = torch.tensor(x, dtype=dtype, device="cuda")
        for shrinkage in (None, 0.3, "ledoit-wolf"):
            reference = h_score(there.cpu(), y, shrinkage)
            same(h_score(there, torch.tensor(y, device="cuda"), shrinkage), reference)
            metric = HScore(shrinkage).to("cuda")
            for rows in np.array_split(np.arange(500), 7):
                metric.update(there[rows], torch.tensor(y[rows], device="cuda"))
            same(metric.compute(), reference)


@pytest.mark.parametrize("name", ["strings", "bytes", "negative", "gapped", "tuples", "objects", "bool", "dates",
                                  "floats", "none", "tensors", "categorical", "series", "torch", "bfloat16"])
def test_labels_of_any_kind(name):
    x, _ = data()
    y = np.arange(80) * 7 % 3 % 2 if name == "bool" else np.arange(80) * 7 % 3
    words = np.array(["cat", "dog", "émeu"])
    labels = {
        "strings": words[y], "bytes": np.char.encode(words, "utf-8")[y], "negative": y - 2,
        "gapped": y * 10**12 - 5, "tuples": [(int(v), "x") for v in y], "objects": words.astype(object)[y],
        "bool": y.astype(bool), "floats": y.astype(np.float32), "none": [[None, "b", 3][v] for v in y],
        "tensors": [torch.tensor(int(v)) for v in y], "categorical": pd.Categorical(words[y]),
        "series": pd.Series(words[y]), "torch": torch.tensor(y - 1, dtype=torch.int16),
        "bfloat16": torch.tensor(y, dtype=torch.bfloat16), "dates": np.datetime64("2020-01-01") + y,
    }[name]
    same(h_score(x, labels), h_score(x, y))


def test_order_of_samples_and_names_of_classes():
    x, y = data()
    order = np.random.default_rng(0).permutation(len(y))
    same(h_score(x[order], y[order]), h_score(x, y))
    same(h_score(x, np.array([3, 0, 2, 1])[y]), h_score(x, y))


def test_inputs_are_left_alone():
    x, y = data()
    for dtype in (np.float64, np.float32, np.int32):
        features, labels = (x * 10).astype(dtype), y.copy()
        kept, kept_labels = features.copy(), labels.copy()
        h_score(features, labels, "ledoit-wolf")
        HScore().update(features, labels)
        assert (features == kept).all() and (labels == kept_labels).all()
        tensor = torch.tensor(kept)
        h_score(tensor, labels)
        HScore().update(tensor, torch.tensor(labels))
        assert (tensor.numpy() == kept).all()


def test_read_only_views_and_fortran_order(recwarn):
    x, y = data()
    reference = h_score(x, y)
    locked, locked_labels = x.copy(), y.copy()
    locked.flags.writeable = locked_labels.flags.writeable = False
    same(h_score(locked, locked_labels), reference)
    metric = HScore()
    metric.update(locked, locked_labels)
    same(metric.compute(), reference)
    same(h_score(np.asfortranarray(x), y), reference)
    same(h_score(np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3], np.repeat(y, 2)[::2]), reference)
    same(h_score(x[::-1].copy()[::-1], y[::-1].copy()[::-1]), reference)
    same(h_score(torch.tensor(np.repeat(x, 2, axis=1))[:, ::2], y), reference)
    assert len(recwarn) == 0


@pytest.mark.parametrize("shrinkage", [None, 0.3, "ledoit-wolf"])
def test_several_chunks(monkeypatch, shrinkage):
    x, y = data()
    reference = h_score(x, y, shrinkage)
    for chunk in (1, 5, 64, 5 * 79):
        monkeypatch.setattr(tdist.hscore.moments, "CHUNK", chunk)
        same(h_score(x, y, shrinkage), reference)
        rounded = x.astype(np.float32)
        same(h_score(rounded, y, shrinkage), h_score(rounded.astype(float), y, shrinkage))
    x[61, 3] = np.nan
    monkeypatch.setattr(tdist.hscore.moments, "CHUNK", 5 * 20)
    with pytest.raises(ValueError, match="nan at row 61, column 3"):
        h_score(x, y)


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="reads the peak from Linux")
def test_extra_memory(monkeypatch):
    def memory(field):
        return int(Path("/proc/self/status").read_text().split(field + ":")[1].split()[0]) / 1024  # MB

    monkeypatch.setattr(tdist.hscore.moments, "CHUNK", 2**18)  # 2 MB
    x, y = np.ones((100_000, 64), dtype=np.float32), np.arange(100_000) % 5
    x[:, :] += y[:, None]
    h_score(x[:1000], y[:1000])
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak
    before = memory("VmRSS")
    h_score(x, y)
    assert memory("VmHWM") - before < 20  # the features in float64 would take 51


# --- errors -------------------------------------------------------------------------------------------------

ROWS = np.arange(12.0).reshape(6, 2) ** 1.5
CLASSES = np.array([0, 0, 0, 1, 1, 1])


def broken(value, row=4, column=1):
    x = ROWS.copy()
    x[row, column] = value
    return x


@pytest.mark.parametrize("features, error, match", [
    (broken(np.nan), ValueError, "nan at row 4, column 1; drop those rows or fill them in"),
    (broken(np.inf, 2, 0), ValueError, "inf at row 2, column 0"),
    (broken(-np.inf, 0, 1), ValueError, "-inf at row 0, column 1"),
    (torch.tensor(broken(np.nan, 5, 0)).half(), ValueError, "nan at row 5, column 0"),
    (np.stack([broken(np.nan)[:, 1], broken(np.inf, 3)[:, 1]], 1), ValueError, "row 3, column 1"),
    (broken(1e200), ValueError, "overflow"),
    (np.zeros((0, 2)), ValueError, r"empty: shape \(0, 2\)"),
    (np.zeros((6, 0)), ValueError, r"empty: shape \(6, 0\)"),
    ([], ValueError, "two axes"),
    (ROWS[:, 0], ValueError, r"two axes .*got shape \(6,\).*x\[:, None\]"),
    (ROWS[:, :, None], ValueError, r"two axes .*got shape \(6, 2, 1\).*flatten"),
    (ROWS[:5], ValueError, "5 rows and 6 labels"),
    (ROWS + 0j, TypeError, "complex; stack"),
    (torch.tensor(ROWS + 0j), TypeError, "complex"),
    (scipy.sparse.csr_matrix(ROWS), TypeError, "sparse matrix; pass features.toarray"),
    (torch.tensor(ROWS).to_sparse(), TypeError, "sparse tensor; pass features.to_dense"),
    (ROWS.astype(object), TypeError, "dtype object; convert"),
    (ROWS.astype(str), TypeError, "must be numbers"),
])
def test_bad_features(features, error, match):
    with pytest.raises(error, match=match):
        h_score(features, CLASSES)
    with pytest.raises(error, match=match):
        HScore().update(features, CLASSES)


@pytest.mark.parametrize("labels, error, match", [
    (CLASSES[:4], ValueError, "6 rows and 4 labels"),
    (np.zeros(6, int), ValueError, "all labels are the same.*at least two"),
    (CLASSES + 0.5, ValueError, "0.5 at place 0.*np.digitize"),
    ([0.0, 1.0, 0.25, 1.0, 0.0, 1.0], ValueError, "0.25 at place 2"),
    (np.where(CLASSES, np.nan, 0), ValueError, "nan at place 3.*drop missing labels"),
    (np.where(CLASSES, np.inf, 0), ValueError, "inf at place 3"),
    (["a", "b", "a", float("nan"), "a", "b"], ValueError, "nan at place 3"),
    (pd.Series(["a", "b", "a", None, np.nan, "b"]), ValueError, "nan at place 3"),
    (np.array(["a", 1.5, "a", 1, 1, "b"], dtype=object), ValueError, "1.5 at place 1"),
    (CLASSES[:, None], ValueError, r"got shape \(6, 1\).*argmax"),
    (np.eye(2)[CLASSES], ValueError, r"got shape \(6, 2\).*argmax"),
    (3, ValueError, r"got shape \(\)"),
    (None, ValueError, r"got shape \(\)"),
    (CLASSES + 0j, TypeError, "complex"),
    ([[0], [1], [0], [1], [0], [1]], TypeError, "hashed"),
    ([{}, {}, {}, {}, {}, {}], TypeError, "hashed"),
    ([torch.ones(2)] * 6, TypeError, "hashed"),
])
def test_bad_labels(labels, error, match, recwarn):
    with pytest.raises(error, match=match):
        h_score(ROWS, labels)
    assert len(recwarn) == 0


@pytest.mark.parametrize("shrinkage", [-0.1, 1.01, np.nan, "oas", "0.5", [0.5], 1j])
def test_bad_shrinkage(shrinkage):
    for make in (lambda: h_score(ROWS, CLASSES, shrinkage), lambda: HScore(shrinkage)):
        with pytest.raises(ValueError, match=r'None, a number in \[0, 1\] or "ledoit-wolf", got'):
            make()


def test_shrinkage_too_small_for_a_singular_covariance():
    x, y = data()
    with pytest.raises(ValueError, match=r"too small .* or None for the pseudo-inverse"):
        h_score(np.c_[x, x], y, shrinkage=1e-20)


def test_one_sample_a_class():
    with pytest.warns(UserWarning, match="every class has one sample") as caught:
        result = h_score(ROWS, np.arange(6))
    assert Path(caught[0].filename).name == Path(__file__).name
    assert result.statistic == pytest.approx(2) and np.isnan(result.pvalue)


# --- the metric ---------------------------------------------------------------------------------------------


def stream(x, y, batches, shrinkage=None):
    metric = HScore(shrinkage)
    for rows in batches:
        metric.update(x[rows], y[rows])
    return metric


@pytest.mark.parametrize("shrinkage", [None, 0.3, "ledoit-wolf"])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_any_batching_and_order(shrinkage, offset):
    x, y = data(m=120)
    x = x + offset
    reference = h_score(x, y, shrinkage)
    rng = np.random.default_rng(2)
    everything = np.arange(120)
    for batches in ([everything], np.array_split(everything, 7), everything[:, None],
                    np.array_split(rng.permutation(120), 4), np.split(rng.permutation(120), [1, 2, 50, 119]),
                    [everything[y == c] for c in (2, 0, 3, 1)],  # each batch brings a new class
                    [everything[y == c] for c in (3, 2, 1, 0)]):
        metric = stream(x, y, batches, shrinkage)
        same(metric.compute(), reference)
        same(metric.compute(), reference)


def test_labels_of_the_metric():
    x, y = data()
    reference = h_score(x, y)
    for labels in (y.tolist(), y * 10**15 - 7, y.astype(float), torch.tensor(y).int(), y.astype(np.uint8)):
        same(stream(x, np.asarray(labels), [slice(0, 9), slice(9, 80)]).compute(), reference)
    with pytest.raises(TypeError, match=r"integer labels, got dtype <U1; .*return_inverse"):
        HScore().update(x[:2], ["a", "b"])
    with pytest.raises(ValueError, match=r"0.5 at place 1"):
        HScore().update(x[:2], [0, 0.5])


def test_a_refused_batch_leaves_no_trace():
    x, y = data()
    metric = stream(x, y, [slice(0, 40)])
    for bad in (np.nan, np.inf, 1e200):
        batch = x[40:].copy()
        batch[7, 2] = bad
        with pytest.raises(ValueError, match=r"row 7, column 2|overflow"):
            metric.update(batch, y[40:])
    with pytest.raises(ValueError, match="features have 3 columns, earlier batches had 5"):
        metric.update(x[40:, :3], y[40:])
    with pytest.raises(ValueError, match="40 rows and 39 labels"):
        metric.update(x[40:], y[41:])
    metric.update(x[40:], y[40:])
    same(metric.compute(), h_score(x, y))


def test_reset_and_empty():
    x, y = data()
    metric = stream(x, y, [slice(0, 80)])
    metric.compute()
    metric.reset()
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="no samples yet"):
        metric.compute()
    metric.update(x[:, :2], y + 5)  # other columns, other classes
    same(metric.compute(), h_score(x[:, :2], y))


def test_compute_between_updates():
    x, y = data()
    metric = stream(x, y, [slice(0, 30)])
    same(metric.compute(), h_score(x[:30], y[:30]))
    metric.update(x[30:], y[30:])
    same(metric.compute(), h_score(x, y))


def test_one_class_so_far():
    x, y = data()
    order = np.argsort(y, kind="stable")
    metric = stream(x, y, [order[:5]])
    with pytest.raises(ValueError, match="all labels are the same"):
        metric.compute()
    metric.update(x[order[5:]], y[order[5:]])
    same(metric.compute(), h_score(x, y))


def test_forward():
    x, y = data()
    metric = HScore()
    same(metric(x[:40], y[:40]), h_score(x[:40], y[:40]))
    same(metric(x[40:], y[40:]), h_score(x[40:], y[40:]))
    same(metric.compute(), h_score(x, y))


def test_forward_on_a_batch_of_one_class_keeps_everything():
    x, y = data()
    metric = HScore()
    first = np.flatnonzero(y == y[0])
    assert metric(x[first], y[first]) is None
    rest = np.flatnonzero(y != y[0])
    metric.update(x[rest], y[rest])
    same(metric.compute(), h_score(x, y))


@pytest.mark.parametrize("copy_of", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy, HScore.clone])
def test_copies(copy_of):
    x, y = data()
    metric = stream(x, y, [slice(0, 50)], "ledoit-wolf")
    other = copy_of(metric)
    other.update(x[50:], y[50:])
    same(other.compute(), h_score(x, y, "ledoit-wolf"))
    same(metric.compute(), h_score(x[:50], y[:50], "ledoit-wolf"))


def test_precision_survives_half():
    x, y = data()
    model = torch.nn.ModuleDict({"metric": stream(x, y, [slice(0, 50)])})
    model.half()
    model["metric"].update(x[50:], y[50:])
    same(model["metric"].compute(), h_score(x, y))


@pytest.mark.parametrize("shrinkage", [None, 0.3, "ledoit-wolf"])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_merging_moments(shrinkage, offset):
    x, y = data(m=120)
    x = x + offset
    parts = [stream(x, y, [rows], shrinkage) for rows in np.split(np.argsort(y, kind="stable"), [3, 50])]
    total = HScore(shrinkage)
    moments = [part._parts()[0] for part in parts]
    kept = copy.deepcopy(moments[1:])
    moments[0].merge(moments[1])
    moments[0].merge(moments[2])
    total._set(moments[0])
    total._update_count = 1
    same(total.compute(), h_score(x, y, shrinkage))
    for before, after in zip(kept, moments[1:], strict=True):
        assert all(torch.equal(getattr(before, f), getattr(after, f)) for f in Moments.__dataclass_fields__)


def test_moments_are_sums():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 3)) + 2, rng.integers(0, 2, 30) * 5
    shift = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    moments = Moments.about(shift, torch.tensor([0, 5]))
    moments.add(torch.tensor(x), torch.tensor(y), torch.empty(30, 3, dtype=torch.float64), quartic=True)
    z = x - shift.numpy()
    size = (z**2).sum(1)
    assert moments.n == 30 and moments.counts.tolist() == [(y == 0).sum(), (y == 5).sum()]
    assert np.allclose(moments.sums, [z[y == 0].sum(0), z[y == 5].sum(0)], atol=1e-12)
    assert np.allclose(moments.gram, np.tril(z.T @ z), atol=1e-12)
    assert np.allclose(moments.quartic, np.r_[size @ z, size @ size], atol=1e-10)
    c = np.array([0.3, -0.7, 2.0])
    z = z - c
    size = (z**2).sum(1)
    assert np.allclose(moments.quartic_about(torch.tensor(c)), np.r_[size @ z, size @ size], atol=1e-9)


def test_two_processes(tmp_path):
    """Different samples, classes and batch counts on two processes, and one process with no samples."""
    script, answers = Path(__file__).with_name("two_processes.py"), tmp_path / "answers.json"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
               "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", str(script), str(answers)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(answers.read_text())
    assert len(answers) == 9
    for name, (expected, *found) in answers.items():
        assert len(found) == 2, name
        for result in found:
            assert result == pytest.approx(expected, abs=1e-9, nan_ok=True), name


# --- transferability ----------------------------------------------------------------------------------------


def test_transferability():
    x, y = data()
    result = transferability(x[:, :2], x, y)
    assert result.statistic == pytest.approx(by_definition(x[:, :2], y) / by_definition(x, y), abs=1e-11)
    assert float(result) == result.statistic and 0 < result.statistic < 1
    same(result.source, h_score(x[:, :2], y))
    same(result.target, h_score(x, y))
    assert float(transferability(x @ np.triu(np.ones((5, 5))), x, y)) == pytest.approx(1, abs=1e-10)


def test_transferability_errors():
    x, y = data()
    with pytest.raises(ValueError, match="target's features have H-score 0"):
        transferability(x, np.ones((80, 2)), y)
    with pytest.raises(ValueError, match="79 rows and 80 labels"):
        transferability(x, x[1:], y)


def test_the_papers_sizes_score_chance_on_noise():
    """20,000 samples of 2,048 features with 16 colours a pixel, and with 100 classes."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20_000, 2_048), dtype=np.float32)
    for classes, chance in ((16, 1.536), (100, 10.139)):
        result = h_score(x, rng.integers(0, classes, len(x)))
        sd = np.sqrt(2 * (classes - 1) * 2_048 * (1 - 2_048 / 20_000)) / 20_000
        assert abs(result.chance - chance) < 1e-3 and abs(result.statistic - chance) < 4 * sd
        assert abs(result.adjusted) < 5 * sd
