"""h_score against hand sums, statsmodels, scikit-learn and the definition."""

import copy
import os
import pickle
import re
import subprocess
import sys
import warnings
from decimal import Decimal
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
from tdist.hscore import moments, pillai_pvalue, repeats
from tdist.hscore.results import judge
from tdist.hscore.score import of_moments
from tdist.hscore.whitening import project, whitening


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


def stream(x, y, batches, shrinkage=None):
    metric = HScore(shrinkage)
    for rows in batches:
        metric.update(x[rows], y[rows])
    return metric


# --- values -----------------------------------------------------------------------------------


def test_one_column_by_hand():
    # mean 3/2, variance 5/4; class means 1/2 and 5/2 with variance 1: H = 4/5
    result = h_score([[0], [1], [2], [3]], [0, 0, 1, 1])
    assert result.statistic == pytest.approx(0.8, abs=1e-15) and float(result) == result.statistic
    assert (result.bound, result.rank, result.n, result.classes) == (1, 1, 4, 2)
    assert result.shrinkage == 0.0
    assert result.chance == pytest.approx(1 / 3, abs=1e-15)
    assert result.adjusted == pytest.approx(1 - 0.2 * 3 / 2, abs=1e-14)
    # one feature, two classes: Pillai's F is the squared t = 2 / sqrt(1/4 + 1/4), with 2 degrees of
    # freedom
    assert result.pvalue == pytest.approx(1 - np.sqrt(8 / 10), abs=1e-12)


def test_unequal_classes_by_hand():
    # cov = I; class 0 (three samples) has mean (2/3, 2/3), class 1 has (2, 2), all have (1, 1)
    x, y = [[0, 0], [2, 0], [0, 2], [2, 2]], [0, 0, 0, 1]
    between = 3 * Fraction(1, 4) * Fraction(1, 3) ** 2 + Fraction(1, 4)
    assert 2 * between == Fraction(2, 3)
    result = h_score(x, y)
    assert result.statistic == pytest.approx(2 / 3, abs=1e-14)
    assert result.chance == pytest.approx(2 / 3, abs=1e-14)
    assert result.adjusted == pytest.approx(0, abs=1e-13)
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


@pytest.mark.parametrize("m, k, classes", [(60, 2, 6), (60, 6, 3), (50, 2, 2), (40, 5, 5),
                                           (14, 10, 3)])
def test_pillai_of_statsmodels_near_the_null(m, k, classes):
    check_pillai(*data(m, k, classes, signal=0.3))


def check_pillai(x, y):
    groups = np.c_[np.ones(len(y)), pd.get_dummies(y, drop_first=True, dtype=float)]
    contrast = np.eye(groups.shape[1])[1:]
    table = MANOVA(x, groups).mv_test([("classes", contrast)]).results["classes"]["stat"]
    pillai, result = table.loc["Pillai's trace"], h_score(x, y)
    assert result.statistic == pytest.approx(pillai["Value"], abs=1e-10)
    assert result.pvalue == pytest.approx(pillai["Pr > F"], rel=1e-7, abs=1e-300)


def test_pvalue_ends():
    assert pillai_pvalue(1.0, rank=1, classes=3, n=30) == 0.0
    assert np.isnan(pillai_pvalue(0.5, rank=8, classes=3, n=10))
    assert np.isnan(pillai_pvalue(0.0, 0, 3, 30))
    assert np.isfinite(pillai_pvalue(0.5, rank=7, classes=3, n=10))


def test_pvalues_are_uniform_under_the_null():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((60, 4))
    pvalues = [h_score(x, rng.permutation(np.arange(60) % 3)).pvalue for _ in range(400)]
    assert kstest(pvalues, "uniform").pvalue > 0.01


@pytest.mark.parametrize("k, shrinkage", [(5, None), (5, 0.3), (60, "ledoit-wolf"), (60, None),
                                          (5, "ledoit-wolf"), (60, 0.2)])
def test_permutations_by_scoring_them(k, shrinkage):
    """The p value is the share of shuffled labels that score as high, one by one."""
    x, y = data(40, k, 3, signal=0.3)
    found = h_score(x, y, shrinkage, permutations=50, seed=3)
    rng = np.random.default_rng(3)
    true = h_score(x, y, shrinkage)
    higher = sum(h_score(x, rng.permutation(y), shrinkage).statistic >= true.statistic - 1e-9
                 for _ in range(50))
    assert found.pvalue == (1 + higher) / 51 and found.permutations == 50
    same(found._replace(pvalue=true.pvalue), true)
    assert k < 40 or shrinkage or found.pvalue == 1  # saturated: all score alike
    assert h_score(x, y, shrinkage, permutations=50, seed=4).pvalue != found.pvalue or k == 60


@pytest.mark.slow
def test_permutations_of_rare_classes_and_skewed_features():
    """Lognormal features, nine classes of two and a common one: the F test of nominal 5% rejects
    far too often, shuffles do not."""
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(62, int), np.repeat(np.arange(1, 10), 2)]
    f_test, shuffled = [], []
    for _ in range(200):
        x, labels = np.exp(1.5 * rng.standard_normal((80, 10))), rng.permutation(y)
        f_test.append(h_score(x, labels).pvalue < 0.05)
        shuffled.append(h_score(x, labels, permutations=99, seed=int(rng.integers(1e9))).pvalue
                        <= 0.05)
    assert np.mean(f_test) > 0.15
    assert abs(np.mean(shuffled) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 200)


def test_shuffles_are_counted_over_all_blocks(monkeypatch):
    """Twenty shuffles three at a time, and the last two, are the same twenty."""
    x, y = data(60, 5, 3, signal=0.3)
    whole = h_score(x, y, permutations=20, seed=1)
    assert 2 / 21 < whole.pvalue < 20 / 21, "neither none nor all score higher"
    monkeypatch.setattr(tdist.hscore.classsums, "NONZEROS", 3 * len(x))
    assert h_score(x, y, permutations=20, seed=1) == whole
    assert h_score(x, y, permutations=20) == h_score(x, y, permutations=20, seed=0) != whole


def test_permutations_find_what_there_is():
    x, y = data(80, 5, 4)
    assert h_score(x, y, permutations=199).pvalue == 1 / 200
    assert h_score(torch.tensor(x), y, permutations=199).pvalue == 1 / 200
    for shrinkage in (None, 0.3):
        with pytest.warns(UserWarning, match="do not vary"):
            assert h_score(np.ones((80, 2)), y, shrinkage, permutations=19).pvalue == 1
    with pytest.raises((TypeError, ValueError), match="permutations"):
        h_score(x, y, permutations=-1)


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


@pytest.mark.parametrize("m, k", [(50, 4), (20, 30), (200, 1), (12, 3), (300, 4)])
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


# --- rank and invariance ----------------------------------------------------------------------


def test_affine_maps():
    x, y = data()
    rng = np.random.default_rng(5)
    for _ in range(5):
        mapped = x @ rng.standard_normal((5, 5)) + 100 * rng.standard_normal(5)
        same(h_score(mapped, y), h_score(x, y))


def test_scaled_columns():
    x, y = data(k=7)
    for scale in (np.logspace(-6, 6, 7), np.full(7, 1e-6), np.full(7, 1e6),
                  np.logspace(-140, 140, 7)):
        same(h_score(x * scale, y), h_score(x, y))


def test_constant_duplicated_and_dead_columns():
    x, y = data()
    reference = h_score(x, y)
    m = len(x)
    for extra in (np.zeros((m, 2)), np.full((m, 3), 0.1), np.full((m, 1), 1e9 / 3), x,
                  x[:, :2] * 1e-7, (x[:, 0] - 3 * x[:, 1])[:, None],
                  np.c_[x, np.zeros(m), np.full(m, 1 / 3)]):
        wider = np.c_[x, extra]
        result = h_score(wider, y)
        assert result.rank == 5
        same(result, reference)
        same(h_score(wider[:, ::-1], y), reference)


@pytest.mark.parametrize("dtype, tolerance", [(np.float16, 1e-3), (np.float32, 1e-7),
                                              (np.float64, 1e-12)])
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
    for x in (np.full((10, 3), 0.1), np.full((10, 30), 255, np.uint8)):  # either route
        for shrinkage in (None, 0.3, "ledoit-wolf"):
            with pytest.warns(UserWarning, match="do not vary, and score 0: are all") as found:
                result = h_score(x, np.arange(10) % 2, shrinkage)
            assert len(found) == 1
            assert (result.statistic, result.rank, result.bound) == (0, 0, 0)
            assert (result.chance, result.adjusted) == (0, 0) and np.isnan(result.pvalue)


@pytest.mark.parametrize("k", [19, 20, 50])
def test_as_many_features_as_samples(k):
    x, y = np.random.default_rng(0).standard_normal((20, k)), np.arange(20) % 4
    result = h_score(x, y)
    assert result.rank == 19 and result.statistic == pytest.approx(3, abs=1e-9)
    assert result.chance == pytest.approx(3)
    assert np.isnan(result.adjusted) and np.isnan(result.pvalue)


def test_large_offsets():
    x, y = data()
    for offset in (1e3, 1e6, -1e6):
        same(h_score(x + offset, y), h_score(x, y), tolerance=1e-6)


def test_bound():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        m, k, classes = rng.integers(12, 40), rng.integers(1, 9), rng.integers(2, 6)
        x, y = data(m, k, classes, signal=3, seed=seed)
        result = h_score(x, y)
        assert result.bound == min(len(set(y)) - 1, x.shape[1])
        assert 0 <= result.statistic <= result.bound + 1e-12


# --- what may come in -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "uint64", "float16",
                                   "float32", ">f4", "longdouble", "bool"])
def test_numpy_types(dtype):
    x, y = data()
    x = (np.abs(x) * 9).astype(dtype) if dtype != "bool" else x > 0
    same(h_score(x, y), h_score(x.astype(float), y))
    assert h_score(x, y).statistic == pytest.approx(by_definition(x, y), abs=1e-10)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64,
                                   torch.int8, torch.int64, torch.uint8, torch.uint16, torch.uint32,
                                   torch.uint64, torch.float8_e4m3fn, torch.bool])
def test_torch_types(dtype):
    x, y = data()
    x = torch.from_numpy(x)
    x = (x.abs() * 9).to(dtype) if dtype != torch.bool else x > 0
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


@pytest.mark.parametrize("name", [
    "strings", "bytes", "negative", "gapped", "tuples", "objects", "bool", "dates", "floats",
    "mixed", "tensors", "categorical", "series", "torch", "bfloat16", "nullable", "negated"])
def test_labels_of_any_kind(name):
    x, _ = data()
    y = np.arange(80) * 7 % 3 % 2 if name == "bool" else np.arange(80) * 7 % 3
    words = np.array(["cat", "dog", "émeu"])
    labels = {
        "strings": words[y],
        "bytes": np.char.encode(words, "utf-8")[y],
        "negative": y - 2,
        "gapped": y * 10**12 - 5,
        "tuples": [(int(v), "x") for v in y],
        "objects": words.astype(object)[y],
        "bool": y.astype(bool),
        "floats": y.astype(np.float32),
        "mixed": [["a", b"b", 3][v] for v in y],
        "tensors": [torch.tensor(int(v)) for v in y],
        "categorical": pd.Categorical(words[y]),
        "series": pd.Series(words[y], index=np.arange(80)[::-1] + 7),
        "torch": torch.tensor(y - 1, dtype=torch.int16),
        "bfloat16": torch.tensor(y, dtype=torch.bfloat16),
        "dates": np.datetime64("2020-01-01") + y,
        "nullable": pd.Series(y, dtype="Int64"),
        "negated": torch.complex(torch.zeros(80), -torch.tensor(y).float()).conj().imag,
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
    wide = np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)
    same(h_score(wide[::2, ::3], np.repeat(y, 2)[::2]), reference)
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


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux")
@pytest.mark.filterwarnings("ignore:.*repeat another row")
def test_extra_memory(monkeypatch):
    def memory(field):  # MB
        lines = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(lines.split(field + ":")[1].split()[0]) / 1024

    for part in (moments, repeats):
        monkeypatch.setattr(part, "CHUNK", 2**18)  # 2 MB
    x, y = np.ones((100_000, 64), dtype=np.float32), np.arange(100_000) % 5
    x[:, :] += y[:, None]
    h_score(x[:1000], y[:1000])
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # forget the peak
    before = memory("VmRSS")
    h_score(x, y)
    assert memory("VmHWM") - before < 20  # the features in float64 would take 51


# --- errors -----------------------------------------------------------------------------------

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
    if "empty: shape \\(0" not in match:  # an empty batch is fine
        with pytest.raises(error, match=match):
            HScore().update(features, CLASSES)


def test_what_is_not_finite_is_refused_without_a_warning(recwarn):
    """Of rows whose mean is not a number, whose sum overflows, and whose distance from their mean
    does."""
    for x, match in (([[np.inf], [-np.inf], [1.0]], "inf at row 0, column 0"),
                     (np.full((300, 1), 1e308), "overflow"),
                     (1.7e308 * np.array([[-1.0], [1], [1], [0]]), "overflow")):
        with pytest.raises(ValueError, match=match):
            h_score(x, np.arange(len(x)) % 2)
    assert len(recwarn) == 0


@pytest.mark.parametrize("labels, error, match", [
    (CLASSES[:4], ValueError, "6 rows and 4 labels"),
    (np.zeros(6, int), ValueError, "all labels are the same.*at least two"),
    (CLASSES + 0.5, ValueError, "0.5 at place 0.*np.digitize"),
    ([0.0, 1.0, 0.25, 1.0, 0.0, 1.0], ValueError, "0.25 at place 2"),
    (np.where(CLASSES, np.inf, 0), ValueError, "inf at place 3"),
    (np.array(["a", 1.5, "a", 1, 1, "b"], dtype=object), ValueError, "1.5 at place 1"),
    (CLASSES[:, None], ValueError, r"got shape \(6, 1\); pass the column alone: labels\[:, 0\]"),
    (pd.DataFrame({"label": list("aabbcc")}), ValueError, r"\(6, 1\).*labels.iloc\[:, 0\]"),
    (np.eye(2)[CLASSES], ValueError, r"\(6, 2\); one-hot labels .* labels.argmax\(axis=1\)"),
    (np.full((6, 2), 0.5), ValueError, r"probabilities labels.argmax\(axis=1\)"),
    (np.tri(6, 3), ValueError, r"\(6, 3\); several labels a sample are not one .*\[:, j\]"),
    (np.arange(12).reshape(6, 2), ValueError, r"several tasks: score each, labels\[:, j\]"),
    (np.array([["a", "b"]] * 6), ValueError, r"several tasks: score each"),
    (np.zeros((6, 2, 2)), ValueError, r"got shape \(6, 2, 2\); pass one label a sample"),
    (3, ValueError, r"got shape \(\)"),
    (None, ValueError, r"got shape \(\)"),
    ("aabbcc", ValueError, r"got shape \(\)"),
    (CLASSES + 0j, TypeError, "complex"),
    ([[0], [1], [0], [1], [0], [1]], TypeError, "hashed"),
    ([{}, {}, {}, {}, {}, {}], TypeError, "hashed"),
    ([torch.ones(2)] * 6, TypeError, "hashed"),
    ([np.ones(2)] * 6, TypeError, "hashed"),
])
def test_bad_labels(labels, error, match, recwarn):
    with pytest.raises(error, match=match):
        h_score(ROWS, labels)
    assert len(recwarn) == 0


NA, NAT = pd.NA, pd.NaT


@pytest.mark.parametrize("labels, shown", [
    (np.where(CLASSES, np.nan, 0), "nan at place 3, 3 missing of 6"),
    (torch.tensor([0, 1, np.nan, 1, 0, 1]), "nan at place 2, 1 missing"),
    ([0.0, 1.0, float("nan"), 1, 0, 1], "nan at place 2, 1 missing"),
    (["a", "b", "a", float("nan"), "a", "b"], "nan at place 3"),
    (["a", None, "a", "b", None, "b"], "None at place 1, 2 missing of 6"),
    (("a", "b", NA, "b", "a", "a"), "<NA> at place 2"),
    ([1, 2, NAT, 1, 2, 1], "NaT at place 2"),
    ([1, 2, np.datetime64("NaT"), 1, 2, 1], "NaT at place 2"),
    ([1, 2, Decimal("nan"), 1, 2, 1], "NaN at place 2"),
    ([1, 2, torch.tensor(torch.nan), 1, 2, 1], "nan at place 2"),
    ([1, 2, np.ma.masked, 1, 2, 1], "None at place 2"),
    (np.array([0, None, 1, 1, 0, 1], dtype=object), "None at place 1"),
    (np.array(["2020", "NaT", "2021", "2020", "2021", "2020"], "datetime64[D]"), "NaT at place 1"),
    (np.ma.array([0, 1, 0, 1, 0, 1], mask=[0, 0, 1, 0, 0, 1]), "masked at place 2, 2 missing of 6"),
    (pd.Series(["a", "b", "a", None, np.nan, "b"]), "nan at place 3, 2 missing"),
    (pd.Series(["a", "b", "a", None, "a", "b"], dtype="string"), "<NA> at place 3"),
    (pd.Series([True, False, None, True, True, True], dtype="boolean"), "<NA> at place 2"),
    (pd.Series([1, 2, None, 1, 2, 1], dtype="Int64"), "(nan|<NA>) at place 2"),
    (pd.Series([1, 2, None, 1, 2, 1]), "nan at place 2"),
    (pd.Series(pd.to_datetime(["2020", None, "2021"] * 2)), "NaT at place 1, 2 missing"),
    (pd.Categorical(["a", None, "b", "a", "b", "b"]), "nan at place 1"),
])
def test_missing_labels(labels, shown):
    for score in (h_score, HScore().update):
        with pytest.raises(ValueError, match=f"labels hold {shown}.*drop missing labels"):
            score(ROWS, labels)


def test_text_that_missing_labels_become():
    for labels in (np.array(["a", np.nan, "b", "a", "b", "a"]),
                   list(map(str, ["a", np.nan, "b", "a", "b", "a"]))):
        with pytest.warns(UserWarning, match="text 'nan', taken for a class"):
            assert h_score(ROWS, labels).classes == 3


def test_data_frames(recwarn):
    x, y = data()
    for kind in ("float64", "Float64", "float32", "Float32"):
        frame = pd.DataFrame(x, index=np.arange(80)[::-1]).astype(kind)
        expected = x if kind.endswith("64") else x.astype(np.float32)
        same(h_score(frame, y), h_score(expected, y))
        metric = HScore()
        metric.update(frame, y)
        same(metric.compute(), h_score(expected, y))
    whole = pd.DataFrame((9 * x).astype(int))
    mixed = whole.astype({0: "Int64", 1: "float64", 2: "Int8"})
    same(h_score(mixed, y), h_score(whole.to_numpy(), y))
    mixed.iloc[7, 0] = pd.NA
    with pytest.raises(ValueError, match="nan at row 7, column 0"):
        h_score(mixed, y)
    with pytest.raises(TypeError, match=r"features must be .* columns \['name'\] are not"):
        h_score(mixed.assign(name="a"), y)
    assert len(recwarn) == 0


def test_lists_of_tensors():
    x, y = data()
    for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
        rows = [torch.tensor(row, requires_grad=True, device=device) for row in x]
        same(h_score(rows, y), h_score(x, y))
        nested = [list(row[:2]) for row in rows[:20]]
        same(h_score(nested, y[:20]), h_score(x[:20, :2], y[:20]))
    with pytest.raises(ValueError, match="do not form a matrix"):
        h_score([torch.ones(2), torch.ones(3)], [0, 1])
    with pytest.raises(ValueError, match="do not form a matrix"):
        h_score([[1.0, 2.0], [3.0]], [0, 1])
    with pytest.raises(TypeError, match="dequantize"):
        h_score(torch.quantize_per_tensor(torch.ones(6, 2), 0.1, 0, torch.qint8), CLASSES)
    masked = np.ma.array(ROWS, mask=ROWS == ROWS[4, 1])
    with pytest.raises(ValueError, match="nan at row 4, column 1"):
        h_score(masked, CLASSES)


def test_rounding_of_tensors():
    """Columns that repeat others but for rounding, and labels that float64 would merge."""
    x, y = data()
    once = torch.tensor(x, dtype=torch.float32)
    twice = torch.cat([once, once @ torch.rand(5, 5, generator=torch.manual_seed(0))], 1)
    assert h_score(twice, y).rank == h_score(twice.numpy(), y).rank == 5
    assert h_score(twice.half(), y).rank == h_score(twice.half().numpy(), y).rank == 5
    assert h_score(once, torch.tensor(y) + 2**60).classes == 4


def test_views_that_are_negated():
    x, y = data()
    negated = torch.complex(torch.zeros(80, 5, dtype=torch.float64), torch.tensor(x)).conj().imag
    assert negated.is_neg()
    same(h_score(negated, y), h_score(-x, y))
    metric = HScore()
    metric.update(negated, y)
    same(metric.compute(), h_score(-x, y))


@pytest.mark.parametrize("shrinkage", [None, 0.3, "ledoit-wolf"])
@pytest.mark.parametrize("m, k", [(80, 5), (20, 30)])
def test_extreme_scales_are_right_or_refused(m, k, shrinkage):
    x, y = data(m, k)
    reference = h_score(x, y, shrinkage)
    for power in (-320, -308, -200, -160, -150, -100, -70, -30, 30, 70, 100, 150, 160, 200, 300):
        scaled = x * 10.0 ** (power / 2) * 10.0 ** (power / 2)
        for score in (h_score, lambda *args: one_update(*args)):
            try:
                result = score(scaled, y, shrinkage)
            except ValueError as error:
                assert abs(power) > (60 if shrinkage == "ledoit-wolf" else 140)
                assert re.search("float64.*(multiply|divide)", str(error))
            else:
                same(result, reference, 1e-8)
        one = x.copy()
        one[:, 2] = scaled[:, 2]
        if shrinkage is None:
            try:
                same(h_score(one, y), reference, 1e-8)
            except ValueError as error:
                assert abs(power) > 140 and "float64" in str(error)


def one_update(x, y, shrinkage):
    metric = HScore(shrinkage)
    metric.update(x, y)
    return metric.compute()


def test_constant_columns_of_any_size_are_no_underflow():
    x, y = data()
    for value in (1e-300, 1e-200, 1e-150, 1e-146, 5e-324, 1e150):
        same(h_score(np.c_[x, np.full(80, value)], y), h_score(x, y))
        same(h_score(np.c_[x, np.full((80, 100), value)], y), h_score(x, y))


@pytest.mark.parametrize("m, k", [(80, 5), (20, 30)])
def test_shrinkage_goes_to_the_plain_score(m, k):
    """In directions that rounding alone moves, too: the score never exceeds its bound."""
    x, y = data(m, k)
    plain = h_score(np.c_[x, x], y)
    for a in (1e-300, 1e-20, 1e-15, 1e-12):
        result = h_score(np.c_[x, x], y, shrinkage=a)
        assert result.statistic == pytest.approx(plain.statistic, abs=1e-9)
        assert result.statistic <= result.bound + 1e-12 and result.rank == plain.rank
    rounded = np.float32(1e8 + 30 * np.c_[x, x[:, ::-1]])
    for a in (1e-3, 1e-6, 1e-9):
        result = h_score(rounded, y, a)
        assert result.statistic <= result.bound + 1e-12


def test_shrinkage_lost_in_rounding_is_refused():
    """Where columns differ so much in size that rounding decides what is left of the small ones."""
    x, y = data(40, 90)
    scaled = x * np.logspace(-30, 30, 90)
    for score in (h_score, one_update):
        for a in (1e-12, 1e-300):
            with pytest.raises(ValueError, match=r"too small .* or None for the pseudo-inverse"):
                score(scaled, y, a)
        assert score(scaled, y, 1e-3).rank == 39


def test_far_samples_keep_the_bound():
    """Samples of sizes from 1e-6 to 1e6: the Gram matrix of the features loses the small ones."""
    words = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        m, k, y = 14, 41, np.arange(14) % 4
        x = rng.standard_normal((m, k)) * np.exp(5 * rng.standard_normal((m, 1)))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for score in (h_score, one_update):
                result = score(x, y, None)
                assert result.statistic <= result.bound
        words += any("by rounding" in str(w.message) for w in caught)
    assert 0 < words < 60


def test_ledoit_wolf_of_two_samples_in_any_order_of_columns():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((2, rng.integers(1, 9)))
        for order in (slice(None), slice(None, None, -1)):
            with pytest.warns(UserWarning, match="one sample"):
                result = h_score(x[:, order], [0, 1], "ledoit-wolf")
            assert result.shrinkage == 0 and result.statistic == pytest.approx(1)


def test_results_print_pickle_and_copy():
    x, y = data()
    for result in (h_score(x, y), transferability(x[:, :2], x, y)):
        assert "\n" not in repr(result) and "statistic=" in repr(result) and len(repr(result)) < 400
        for other in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
            assert other == result and type(other) is type(result)
        assert float(result) == result.statistic


def test_light():
    """h_score does not load torchmetrics; HScore has its old addresses."""
    code = ("import sys, tdist; tdist.h_score([[0], [1], [2]], [0, 1, 1]); "
            "assert 'torchmetrics' not in sys.modules; "
            "from tdist.hscore import HScore; assert HScore is tdist.HScore; "
            "assert 'torchmetrics' in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_without_torchmetrics():
    code = ("import sys; sys.modules['torchmetrics'] = None\nimport tdist\n"
            "try: tdist.HScore\n"
            "except ModuleNotFoundError as error: assert 'pip install torchmetrics' in str(error)\n"
            "else: raise AssertionError")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("shrinkage", [-0.1, 1.01, np.nan, "oas", "0.5", [0.5], 1j])
def test_bad_shrinkage(shrinkage):
    for make in (lambda: h_score(ROWS, CLASSES, shrinkage), lambda: HScore(shrinkage)):
        with pytest.raises(ValueError, match=r'None, a number in \[0, 1\] or "ledoit-wolf", got'):
            make()


@pytest.mark.frames
def test_one_sample_a_class():
    with pytest.warns(UserWarning, match="every class has one sample") as caught:
        result = h_score(ROWS, np.arange(6))
    assert Path(caught[0].filename).name == Path(__file__).name
    assert result.statistic == pytest.approx(2) and np.isnan(result.pvalue)


# --- transferability --------------------------------------------------------------------------


def test_transferability():
    x, y = data()
    result = transferability(x[:, :2], x, y)
    expected = by_definition(x[:, :2], y) / by_definition(x, y)
    assert result.statistic == pytest.approx(expected, abs=1e-11)
    assert float(result) == result.statistic and 0 < result.statistic < 1
    same(result.source, h_score(x[:, :2], y))
    same(result.target, h_score(x, y))
    assert float(transferability(x @ np.triu(np.ones((5, 5))), x, y)) == pytest.approx(1, abs=1e-10)


def test_transferability_by_adjusted_scores():
    """Wide noise beside what counts raises the raw ratio, not the adjusted one."""
    x, y = data(300, 4, 3)
    noise = np.random.default_rng(0).standard_normal((300, 60))
    found = transferability(np.c_[x[:, :2], noise], x, y)
    assert found.adjusted == found.source.adjusted / found.target.adjusted
    plain = transferability(x[:, :2], x, y)
    assert found.statistic > plain.statistic + 0.1
    assert abs(found.adjusted - plain.adjusted) < 0.1
    with pytest.warns(UserWarning, match="at chance level"):
        found = transferability(x, noise[:, :1], np.arange(300) % 3)
    assert np.isnan(found.adjusted) and found.statistic > 0 >= found.target.adjusted
    with pytest.warns(UserWarning, match="too few samples to tell"):
        assert np.isnan(transferability(x[:30], noise[:30], y[:30]).adjusted)


def test_transferability_to_exactly_chance(monkeypatch):
    """0 is not above 0: nothing to take a fraction of."""
    x, y = data()
    chance = h_score(x, y)._replace(adjusted=0.0)
    monkeypatch.setattr("tdist.hscore.score.h_score", lambda *_: chance)
    with pytest.warns(UserWarning, match="have adjusted H-score 0: at chance level"):
        assert np.isnan(transferability(x, x, y).adjusted)


def test_results_say_what_to_do():
    x, y = data(60, 4, 3)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((60, 90))
    there, shuffled = h_score(x, y), rng.permutation(y)
    assert str(there) == (f"H-score {there.statistic:.3g} of at most 2, by chance 0.136, adjusted "
                          f"{there.adjusted:.3g}: more than chance (p = {there.pvalue:.1g}), 60 "
                          "samples of rank 4")
    assert "not told apart from chance" in str(h_score(x, shuffled))
    assert "more than these 60 samples, or fewer features than 4" in str(h_score(x, shuffled))
    for rank, end in ((1, "more than these 60 samples"), (2, "or fewer features than 2")):
        assert str(there._replace(rank=rank, pvalue=0.06)).endswith(end)
    assert "more than chance (p = 0.05)" in str(there._replace(pvalue=0.05))
    assert "60 samples are too few for features of rank 59" in str(h_score(noise, y))
    assert "permutations=1000 tells" in str(h_score(x, y, 0.1))
    assert "p = 0.1)" in str(h_score(x, y, permutations=9))
    with pytest.warns(UserWarning, match="do not vary"):
        dead = h_score(x * 0, y)
    assert "layer dead?" in str(dead)
    for result in (there, h_score(noise, y), dead):
        assert "\n" not in str(result) and len(str(result)) < 240


def test_the_f_test_and_its_permutations_agree_where_it_holds():
    x, y = data(90, 3, 3, signal=0.35, seed=4)
    y = np.random.default_rng(1).permutation(np.arange(90) % 3)
    found = h_score(x, y, permutations=2000)
    assert found.pvalue == pytest.approx(h_score(x, y).pvalue, abs=4 * np.sqrt(0.25 / 2000))


def test_transferability_errors():
    x, y = data()
    with pytest.raises(ValueError, match="have H-score 0"), pytest.warns(UserWarning):
        transferability(x, np.ones((80, 2)), y)
    with pytest.raises(ValueError, match="79 rows and 80 labels"):
        transferability(x, x[1:], y)


@pytest.mark.slow
def test_the_papers_sizes_score_chance_on_noise():
    """20,000 samples of 2,048 features with 16 colours a pixel, and with 100 classes."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20_000, 2_048), dtype=np.float32)
    for classes, chance in ((16, 1.536), (100, 10.139)):
        result = h_score(x, rng.integers(0, classes, len(x)))
        sd = np.sqrt(2 * (classes - 1) * 2_048 * (1 - 2_048 / 20_000)) / 20_000
        assert abs(result.chance - chance) < 1e-3 and abs(result.statistic - chance) < 4 * sd
        assert abs(result.adjusted) < 5 * sd


def test_features_that_do_not_vary_are_white_in_no_direction():
    white = whitening(np.zeros((2, 2)), np.zeros(2), 5)
    assert white.rank == 0 and white.rows(np.ones((3, 2))).shape == (3, 0)
    assert white.matrix().shape == (0, 0)


def test_features_of_full_rank_have_a_triangular_factor():
    """Of their correlation matrix, in its place, and no copy of the covariance."""
    x = data(80, 5)[0]
    cov = np.asfortranarray(np.cov(x.T, bias=True))
    factor = whitening(cov, np.zeros(5), 80).factor
    assert np.array_equal(factor, np.triu(factor))
    np.testing.assert_allclose(factor.T @ factor, np.corrcoef(x.T), rtol=1e-12)
    assert tdist.hscore.whitening._restrict(cov, np.full(5, True)) is cov
    over = tdist.hscore.whitening._certified_cholesky(cov, 0.0, 0.0)
    assert np.shares_memory(over, cov)


def test_the_covariance_takes_the_memory_of_the_sums(monkeypatch):
    """Of one call, unless Ledoit and Wolf's intensity still needs them."""
    seen, central = [], moments.Moments.central

    def spy(self, overwrite=False):
        seen.append(overwrite)
        return central(self, overwrite)

    monkeypatch.setattr(moments.Moments, "central", spy)
    for shrinkage in (None, 0.3, "ledoit-wolf"):
        h_score(*data(), shrinkage)
    assert seen == [True, True, False]


def test_what_counts_as_rounding():
    """A few units in the last place: of the sums, about a shift of 2 and of variance 3, and of
    features that came in another precision."""
    eps = np.finfo(float).eps
    assert moments.noise_of(2.0, 3.0, 0.0) == 64 * eps * (4 * eps + 3)
    assert moments.noise_of(2.0, 3.0, 0.5) == pytest.approx(4 + 3, rel=1e-12)


def test_ledoit_and_wolf_shrink_by_nothing_within_rounding():
    """Of 4 features: where the fourth powers exceed the squares by 50 units in the last place, by
    64 and little more, and by 100; and of no fourth powers that may have lost digits."""
    eps = np.finfo(float).eps
    assert moments.ledoit_wolf(1.0, 1.0, 1 - 50 * eps, 10, 4) == 0
    share = 100 * eps / 40 / ((1 - 0.25) / 4)
    assert moments.ledoit_wolf(1.0, 1.0, 1 - 100 * eps, 10, 4) / share == pytest.approx(1)
    assert moments.ledoit_wolf(1.0, 1.0, 1 - 64 * eps, 8, 4) == 0
    assert moments.ledoit_wolf(1.0, 1.0, 1 - 64.5 * eps, 8, 4) > 0
    assert moments.ledoit_wolf(np.nextafter(moments.TINY, 1), 1.0, 1.0, 8, 4) == 0
    with pytest.raises(ValueError, match="fourth powers in float64"):
        moments.ledoit_wolf(moments.TINY, 1.0, 1.0, 8, 4)


@pytest.mark.parametrize("n, rank", [(3, 2), (4, 3), (5, 4), (9, 4)])
def test_centred_samples_have_a_rank_below_their_number(n, rank):
    """Whatever their covariance: here of five columns, the first two of which are the same."""
    cov = np.eye(5)
    cov[0, 1] = cov[1, 0] = 1
    assert whitening(np.asfortranarray(cov), np.zeros(5), n).rank == rank


@pytest.mark.parametrize("size, fine", [(4.9e-147, False), (2.0**-486, True), (5.2e-147, True)])
@pytest.mark.parametrize("k", [1, 9])
def test_where_squares_begin_to_underflow(k, size, fine):
    """A column's sum of squares, 4 size^2, is at least the least number that has all its digits
    when it is multiplied by eps: either route, with four samples."""
    x, y = size * np.array([[1.0], [1], [-1], [-1]]).repeat(k, 1), [0, 1, 1, 2]
    if fine:
        same(h_score(x, y), h_score(x / size, y))
    else:
        with pytest.raises(ValueError, match="underflow"):
            h_score(x, y)


@pytest.mark.parametrize("units, fine", [(16, True), (17, False)])
def test_a_tiny_column_that_rounding_moves_does_not_vary(units, fine):
    """By 8 units in the last place about its mean; by more, it underflows."""
    x, y = data(4, 9, 2)
    moved = 2.0**-465 * (1 + np.finfo(float).eps * np.array([0, 0, units, units]))
    if fine:
        same(h_score(np.c_[x, moved], y), h_score(x, y))
    else:
        with pytest.raises(ValueError, match="underflow float64: column 9"):
            h_score(np.c_[x, moved], y)


def test_what_a_score_is_above_its_bound():
    """Taken off: in silence up to 1e-8 of the bound, and with a warning from there on."""
    with pytest.warns(UserWarning, match="exceeded its bound 2 by 4e-08, by rounding: some"):
        assert judge(30, 2, 2 + 4e-8, 3.0, 3, 0.0, None, 1)[0] == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert judge(30, 2, 2 + 1e-8, 3.0, 3, 0.0, None, 1)[0] == 2


def test_adjusted_is_unknown_where_what_is_left_may_be_rounding():
    """Of a million samples one, beside the effective rank; of 1.5 it is known."""
    assert np.isnan(judge(10**6, 1, 0.5, 999_998.0, 999_999, 0.1, None, 1)[3])
    known = judge(10**6, 1, 0.5, 999_997.5, 999_999, 0.1, None, 1)[3]
    assert known == pytest.approx(1 - 0.5 * 999_999 / 1.5)


def test_classes_without_samples_are_not_counted():
    x, y = data()
    sums = moments.accumulate(None, x, torch.tensor(y), torch.arange(7))
    same(of_moments(sums, 0.0), h_score(x, y))


@pytest.mark.frames
def test_warnings_name_the_callers_line():
    """One warning a call, whichever route it takes."""
    tall, wide, y, t = np.ones((10, 3)), np.ones((10, 30)), np.arange(10) % 2, np.arange(10.0)
    metric, canonical = HScore(), tdist.hscore.CanonicalHScore()
    metric.update(tall, y)
    canonical.update(tall, t)
    for call in (lambda: h_score(tall, y),
                 lambda: h_score(wide, y),
                 lambda: h_score(tall, y, permutations=3),
                 lambda: h_score(wide, y, permutations=3),
                 lambda: h_score(t[:, None], np.arange(10)),
                 lambda: tdist.hscore.jackknife(tall, y),
                 lambda: tdist.hscore.jackknife(wide, y),
                 lambda: tdist.hscore.canonical_h_score(tall, t),
                 lambda: tdist.hscore.canonical_h_score(wide, t),
                 lambda: metric.compute(),
                 lambda: canonical.compute()):
        with pytest.warns(UserWarning, match="do not vary|one sample") as found:
            call()
        assert [(w.filename, w.lineno) for w in found] == [
            (__file__, call.__code__.co_firstlineno)]


def test_the_correlation_matrix_and_its_norm_column_by_column(monkeypatch):
    """Beside NumPy's; below the diagonal there are zeros, whatever the memory held."""
    x = np.random.default_rng(0).standard_normal((300, 150)) @ np.diag(np.arange(1, 151.0))
    cov = np.asfortranarray(np.triu(np.cov(x.T)))
    for name, like in (("empty", np.zeros), ("empty_like", np.zeros_like)):
        monkeypatch.setattr(np, name, lambda *a, like=like, **kw: like(*a, **kw) + np.nan)
    found = tdist.hscore.whitening._correlation(cov, np.sqrt(cov.diagonal()))
    norm = tdist.hscore.whitening._norm(found)
    monkeypatch.undo()
    assert found.flags.f_contiguous
    whole = np.corrcoef(x.T)
    assert np.allclose(found, np.triu(whole), rtol=1e-12, atol=0)
    assert norm == pytest.approx(np.linalg.norm(whole, 1), rel=1e-12)
    for place in (0, 64, 149):
        whole = np.eye(150)
        whole[place] = whole[:, place] = 1
        assert tdist.hscore.whitening._norm(np.triu(whole)) == 150


@pytest.mark.parametrize("mixed", [np.eye(4), np.eye(4)[:, [0, 1, 2, 3, 0]]])
def test_effective_rank_of_a_shrunk_score(mixed):
    """By the inverse of the shrunk covariance, of full rank or not."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 4)) @ rng.standard_normal((4, 4)) @ mixed
    means, cov, a = rng.standard_normal((3, 40)) @ x / 40, np.cov(x.T, bias=True), 0.3
    k = len(cov)
    inverse = np.linalg.inv((1 - a) * cov + a * np.trace(cov) / k * np.eye(k))
    score, rank, whole = project(cov, means, np.full(k, 1e-32), 40, a)
    assert score == pytest.approx((1 - a) * np.trace(inverse @ means.T @ means))
    assert rank == pytest.approx((1 - a) * np.trace(inverse @ cov)) and whole == 4
    plain = np.trace(np.linalg.pinv(cov) @ means.T @ means)
    assert project(cov, means, np.full(k, 1e-32), 40) == pytest.approx((plain, 4, 4))
