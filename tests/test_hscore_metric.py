"""HScore: h_score in batches, over processes, and in the ways of torchmetrics."""

import copy
import json
import os
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from torchmetrics import MetricCollection, MetricTracker
from torchmetrics.wrappers import BootStrapper, MinMaxMetric, Running

import tdist.hscore.moments
from tdist import HScore, h_score
from tdist.hscore import repeats
from tdist.hscore.moments import EPS, TINY, Moments, accumulate
from tests.test_hscore import data, same, stream


@pytest.mark.parametrize("shrinkage", [None, 0.3, "ledoit-wolf"])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_any_batching_and_order(shrinkage, offset):
    x, y = data(m=120)
    x = x + offset
    reference = h_score(x, y, shrinkage)
    rng = np.random.default_rng(2)
    everything = np.arange(120)
    for batches in ([everything], np.array_split(everything, 7), everything[:, None],
                    np.array_split(rng.permutation(120), 4),
                    np.split(rng.permutation(120), [1, 2, 50, 119]),
                    [everything[y == c] for c in (2, 0, 3, 1)],  # each batch brings a new class
                    [everything[y == c] for c in (3, 2, 1, 0)]):
        metric = stream(x, y, batches, shrinkage)
        same(metric.compute(), reference)
        same(metric.compute(), reference)


def test_labels_of_the_metric():
    x, y = data()
    reference = h_score(x, y)
    words = np.array(["cat", "dog", "émeu", "\ud800"])[y]
    for labels in (y.tolist(), y * 10**15 - 7, y.astype(float), torch.tensor(y).int(),
                   y.astype(np.uint8), y == 1, words, words.astype(object), words.tolist(),
                   pd.Series(words, index=np.arange(80)[::-1]), pd.Categorical(words),
                   [["a", b"a", 3, "3"][v] for v in y]):
        batches = [slice(0, 9), slice(9, 80)]
        metric = HScore()
        for rows in batches:
            metric.update(x[rows], labels[rows])
        same(metric.compute(), h_score(x, labels))
        if len(set(np.asarray(labels).tolist())) == 4:
            same(metric.compute(), reference)
    for labels in ([("a", 1), ("b", 2)], [np.datetime64("2020"), np.datetime64("2021")],
                   np.array(["2020", "2021"], "datetime64[ns]"), [1e300, 2.0]):
        with pytest.raises(TypeError, match=r"whole numbers or text as labels, got .*return_inver"):
            HScore().update(x[:2], labels)
    with pytest.raises(ValueError, match=r"0.5 at place 1"):
        HScore().update(x[:2], [0, 0.5])


def test_a_refused_batch_leaves_no_trace():
    x, y = data()
    metric = stream(x, y, [slice(0, 40)])
    for bad in (np.nan, np.inf, 1e200):
        batch = x[40:].copy()
        batch[7, 2] = bad
        with pytest.raises(ValueError, match=r"row 7 of this batch .*, column 2|overflow"):
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
    for shrinkage in (None, 0.3):
        metric = HScore(shrinkage)
        same(metric(x[:40], y[:40]), h_score(x[:40], y[:40], shrinkage))
        same(metric(x[40:], y[40:]), h_score(x[40:], y[40:], shrinkage))
        same(metric.compute(), h_score(x, y, shrinkage))
    same(HScore()(x, y > 1), h_score(x, y > 1))


def test_forward_on_a_batch_of_one_class_keeps_everything():
    x, y = data()
    metric = HScore()
    first = np.flatnonzero(y == y[0])
    assert metric(x[first], y[first]) is None
    assert HScore(field="adjusted")(x[first], y[first]) is None
    rest = np.flatnonzero(y != y[0])
    metric.update(x[rest], y[rest])
    same(metric.compute(), h_score(x, y))


@pytest.mark.parametrize("copy_of", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy,
                                     HScore.clone])
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


def test_sums_are_float64_and_no_inference_tensors():
    """From the start, which a process without samples shares with the others."""
    x, y = data()
    metric, merged = HScore("ledoit-wolf", field="statistic"), HScore("ledoit-wolf")
    assert metric.sums[0].shape == (0, 0) and metric.shift[0].shape == (0,)
    for inference in (True, False):
        for part in (getattr(metric, field.name)[0] for field in fields(Moments)):
            assert part.dtype == (torch.int64 if (part.ndim == 2 and part.shape[1:] == (3,)) or
                                  part is metric.labels[0] else torch.float64)
        with torch.inference_mode(inference):
            metric.update(x + 3 * inference, y)
            merged.merge_state(metric)
            found = metric.compute()
        assert found.dtype == torch.float64 and found.is_inference() is inference
        for each in (metric, merged):
            assert not any(getattr(each, field.name)[0].is_inference() for field in fields(Moments))


def test_merging_parts_of_several_batches():
    """Of a part of one batch the sum about its own mean is 0."""
    x, y = data()
    parts = [stream(x, y, [slice(0, 30), slice(30, 40)]), stream(x, y, [slice(40, 50),
                                                                        slice(50, 80)])]
    parts[0].merge_state(parts[1])
    same(parts[0].compute(), h_score(x, y))


@pytest.mark.parametrize("shrinkage", [None, 0.3, "ledoit-wolf"])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_merging_moments(shrinkage, offset):
    x, y = data(m=120)
    x = x + offset
    order = np.argsort(y, kind="stable")
    parts = [stream(x, y, [rows], shrinkage) for rows in np.split(order, [3, 50])]
    total = HScore(shrinkage)
    moments = [part._total() for part in parts]
    kept = copy.deepcopy(moments[1:])
    moments[0].merge(moments[1])
    moments[0].merge(moments[2])
    total._set(moments[0])
    total._update_count = 1
    same(total.compute(), h_score(x, y, shrinkage))
    for before, after in zip(kept, moments[1:], strict=True):
        assert all(torch.equal(getattr(before, f.name), getattr(after, f.name))
                   for f in fields(Moments))


def test_moments_are_sums():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 3)) + 2, rng.integers(0, 2, 30) * 5
    shift = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    moments = Moments.about(shift, torch.tensor([0, 5]), quartic=True)
    moments.add(torch.tensor(x), torch.tensor(y), torch.empty(30, 3, dtype=torch.float64))
    z = x - shift.numpy()
    size = (z**2).sum(1)
    assert moments.n == 30 and moments.counts.tolist() == [(y == 0).sum(), (y == 5).sum()]
    assert np.allclose(moments.sums, [z[y == 0].sum(0), z[y == 5].sum(0)], atol=1e-12)
    assert np.allclose(moments.gram, np.tril(z.T @ z), atol=1e-12)
    assert np.allclose(moments.quartic, np.r_[size @ z, size @ size], atol=1e-10)
    assert torch.equal(moments.rows, repeats.entries(torch.tensor(x), torch.tensor(y)))
    c = np.array([0.3, -0.7, 2.0])
    z = z - c
    size = (z**2).sum(1)
    expected = np.r_[size @ z, size @ size]
    assert np.allclose(moments.quartic_about(torch.tensor(c)), expected, atol=1e-9)


def test_a_gram_matrix_of_any_layout():
    """In place where BLAS can, and never lost where it cannot."""
    add_gram = tdist.hscore.moments.add_gram
    z = torch.tensor(np.random.default_rng(0).standard_normal((30, 3)))
    for gram in (torch.zeros(3, 3).double(), torch.zeros(3, 6).double()[:, ::2],
                 torch.zeros(3, 3).double().T.contiguous().T):
        found = add_gram(gram, z)
        assert np.allclose(found, torch.tril(z.T @ z))
        assert np.shares_memory(found.numpy(), gram.numpy()) is gram.is_contiguous()


def test_the_covariance_in_the_place_of_the_gram_matrix():
    """Or beside it; classes without samples have no mean."""
    x, y = data()
    moments = accumulate(None, x, torch.tensor(y), torch.arange(9))
    kept = moments.gram.clone()
    cov, means, _ = moments.central()
    assert np.allclose(cov, np.triu(np.cov(x.T, bias=True))) and torch.equal(moments.gram, kept)
    expected = [np.sqrt(np.mean(y == c)) * (x[y == c].mean(0) - x.mean(0)) for c in range(4)]
    np.testing.assert_allclose(means, expected, atol=1e-12)
    there = moments.central(overwrite=True)[0]
    assert np.array_equal(there, cov) and np.shares_memory(there, moments.gram.numpy())


def test_what_is_not_asked_for_is_not_kept():
    """Fourth powers, rows, and room for classes that are there already."""
    x, y = data()
    y, four = torch.tensor(y), torch.arange(4)
    moments = accumulate(None, x, y, four)
    assert moments.quartic.shape == Moments.about(moments.shift, four).quartic.shape == (0,)
    assert repeats.count(moments.rows) == (80, 80, 0)
    assert repeats.many(accumulate(None, x, y, four, rows=False).rows)
    sums = moments.sums
    moments.cover(four[1:3])
    assert moments.sums is sums


def test_a_thread_beside_for_large_chunks_alone(monkeypatch):
    """Of 80 rows with 5 columns, the last two of them targets, and only if the rows are read."""
    started = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers):
            started.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(tdist.hscore.moments, "ThreadPoolExecutor", Pool)
    x, one = torch.tensor(data()[0]), torch.zeros(80, dtype=torch.int64)
    expected = repeats.entries(x[:, :3], repeats.fingerprints(x[:, 3:]))
    for large, read, threads in ((400, True, [1]), (401, True, []), (400, False, [])):
        monkeypatch.setattr(tdist.hscore.moments, "LARGE", large)
        moments = accumulate(None, x, one, one[:1], targets=2, rows=read)
        assert started == threads
        assert torch.equal(moments.rows, expected if read else repeats.unread("cpu"))
        started.clear()


def test_columns_that_underflow_are_those_that_move():
    """By more than 8 units in the last place a sample: here of four, about 1."""
    moments = Moments.about(torch.ones(1, dtype=torch.float64), torch.tensor([0]))
    moments.counts += 4
    for square, sums, fine in ((TINY, 33, True), (np.nextafter(TINY, 0), 33, False),
                               (np.nextafter(TINY, 0), 32, True)):
        moments.gram[:] = square
        if fine:
            moments._check_underflow(np.array([[sums * EPS]]), np.ones(1))
        else:
            with pytest.raises(ValueError, match="underflow float64: column 0"):
                moments._check_underflow(np.array([[sums * EPS]]), np.ones(1))


@pytest.mark.slow
def test_two_processes(tmp_path):
    """Different samples, classes and batch counts on two processes, one process with no samples,
    and copies of samples."""
    script, answers = Path(__file__).with_name("two_processes.py"), tmp_path / "answers.json"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
               "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", script, answers]
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(answers.read_text(encoding="utf-8"))
    assert len(answers) == 12
    for name, (expected, *found) in answers.items():
        assert len(found) == 2, name
        for result in found:
            assert result == pytest.approx(expected, abs=1e-9, nan_ok=True), name


# --- torchmetrics' own ways -----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:80 of 160 rows")
@pytest.mark.parametrize("shrinkage", [None, 0.3, "ledoit-wolf"])
def test_merge_state(shrinkage):
    x, y = data()
    parts = [stream(x, y, [rows], shrinkage) for rows in np.split(np.argsort(y), [5, 40])]
    kept = [part.compute() if i else None for i, part in enumerate(parts)]
    total = HScore(shrinkage)
    total.merge_state(HScore(shrinkage))  # no samples
    for i, part in enumerate(parts):
        total.merge_state(part if i else part.metric_state)
    same(total.compute(), h_score(x, y, shrinkage))
    assert total.update_count == len(parts)  # torchmetrics warns at 0
    total.update(x, y)
    same(total.compute(), h_score(np.r_[x, x[::-1]], np.r_[y, y[::-1]], shrinkage))
    for before, part in zip(kept[1:], parts[1:], strict=True):
        same(part.compute(), before)
        part.update(x[:5], y[:5])


@pytest.mark.filterwarnings("ignore:80 of 160 rows")
def test_merge_state_refuses_what_does_not_fit():
    x, y = data()
    metric = stream(x, y, [slice(0, 80)])
    with pytest.raises(ValueError, match="sums of 3 columns into sums of 5"):
        metric.merge_state(stream(x[:, :3], y, [slice(0, 80)]))
    with pytest.raises(ValueError, match='"ledoit-wolf" needs sums of fourth powers'):
        metric.merge_state(stream(x, y, [slice(0, 80)], "ledoit-wolf"))
    metric.merge_state(stream(x[::-1].copy(), y[::-1].copy(), [slice(0, 80)], 0.3))
    assert metric.compute().n == 160


def test_plot():
    matplotlib.use("agg")
    x, y = data()
    metric = stream(x, y, [slice(0, 80)])
    for val in (None, metric.compute(), 0.5, [metric.compute(), metric.compute()]):
        figure, axes = metric.plot(val)
        assert len(axes.lines)
        matplotlib.pyplot.close(figure)
    own = matplotlib.pyplot.figure().add_subplot()
    assert metric.plot([0.5, 0.25], own)[1] is own
    assert [list(line.get_ydata()) for line in own.lines] == [[0.5, 0.25]]
    assert metric.plot(0.125, own)[1] is own and list(own.lines[-1].get_ydata()) == [0.125]
    matplotlib.pyplot.close("all")


def test_a_field_as_a_tensor():
    x, y = data()
    expected = h_score(x, y)
    for name in ("statistic", "adjusted", "pvalue", "rank"):
        metric = HScore(field=name)
        value = metric(x, y)
        assert isinstance(value, torch.Tensor) and value.shape == ()
        assert value.item() == pytest.approx(getattr(expected, name))
        assert metric.compute().item() == pytest.approx(getattr(expected, name))
    with pytest.raises(ValueError, match=r"None or one of .*'adjusted'.*got 'score'"):
        HScore(field="score")


def test_arithmetic():
    x, y = data()
    twice = HScore(field="adjusted") * 2 + HScore("ledoit-wolf", field="statistic")
    twice.update(x, y)
    expected = 2 * h_score(x, y).adjusted + h_score(x, y, "ledoit-wolf").statistic
    assert twice.compute().item() == pytest.approx(expected)
    plain = HScore() * 2
    plain.update(x, y)
    with pytest.raises(TypeError, match=r'HScore\(field="adjusted"\)'):
        plain.compute()


def test_wrappers():
    x, y = data()
    first, second = h_score(x[:40], y[:40]), h_score(x, y)
    extremes = MinMaxMetric(HScore(field="adjusted"))
    extremes.update(x[:40], y[:40])
    assert extremes.compute()["raw"].item() == pytest.approx(first.adjusted)
    extremes.update(x[40:], y[40:])
    values = extremes.compute()
    assert values["raw"].item() == pytest.approx(second.adjusted)
    assert values["max"].item() == pytest.approx(max(first.adjusted, second.adjusted), rel=1e-6)

    for shrinkage in (None, "ledoit-wolf"):
        running = Running(HScore(shrinkage), window=2)
        for rows in np.split(np.arange(80), [30, 50, 55]):
            running.update(x[rows], y[rows])
            if rows[-1] == 29:
                same(running.compute(), h_score(x[:30], y[:30], shrinkage))
        same(running.compute(), h_score(x[50:], y[50:], shrinkage))

    tracker = MetricTracker(HScore(field="adjusted"))
    for end in (40, 80):
        tracker.increment()
        tracker.update(x[:end], y[:end])
    assert tracker.best_metric() == pytest.approx(max(first.adjusted, second.adjusted))

    resampled = BootStrapper(HScore(field="adjusted"), num_bootstraps=3)
    resampled.update(torch.tensor(x), torch.tensor(y))
    with pytest.warns(UserWarning, match="a bootstrap of rows make copies"):
        resampled.compute()


@pytest.mark.parametrize("first", [0, 1, 30])
def test_collections_do_not_mix_shrinkages(first):
    x, y = data()
    for x_small in (x, 1e-4 * x, 1e-20 * x):
        both = MetricCollection({"h": HScore(), "h_lw": HScore("ledoit-wolf"), "s": HScore(0.3)})
        both.update(x_small[:first], y[:first])
        both.update(x_small[first:], y[first:])
        found = both.compute()
        for name, shrinkage in (("h", None), ("h_lw", "ledoit-wolf"), ("s", 0.3)):
            same(found[name], h_score(x_small, y, shrinkage))


def test_an_empty_batch_adds_nothing():
    x, y = data()
    metric = HScore()
    metric.update(x[:0], y[:0])
    assert metric(torch.tensor(x[:0]), torch.tensor(y[:0])) is None
    metric.update(x, y)
    metric.update(x[:0], [])
    same(metric.compute(), h_score(x, y))
    with pytest.raises(ValueError, match="3 columns, earlier batches had 5"):
        metric.update(x[:0, :3], y[:0])
    with pytest.raises(ValueError, match=r"empty: shape \(3, 0\)"):
        metric.update(np.ones((3, 0)), y[:3])


@pytest.mark.parametrize("shrinkage", [None, "ledoit-wolf"])
def test_inference_mode_then_outside(shrinkage):
    x, y = torch.tensor(data()[0]), torch.tensor(data()[1])
    metric = HScore(shrinkage)
    with torch.inference_mode():
        metric.update(x[:20] + 0, y[:20] + 0)
        metric.to("cpu").compute()
    metric.update(x[20:40], y[20:40])
    with torch.inference_mode():
        metric(x[40:60] + 0, y[40:60] + 0)
        for name in metric._defaults:  # as loading or moving in this mode leaves them
            setattr(metric, name, [part + 0 for part in getattr(metric, name)])
    metric.update(x[60:], y[60:])
    same(metric.compute(), h_score(x, y, shrinkage))
    with torch.inference_mode():
        merged = HScore(shrinkage)
        merged.merge_state(stream(x.numpy(), y.numpy(), [slice(0, 50)], shrinkage))
    merged.update(x[50:], y[50:])
    same(merged.compute(), h_score(x, y, shrinkage))


def test_states_do_not_share_memory():
    x, y = data()
    metric = stream(x, y, [slice(0, 60)])
    assert metric.state_dict() == {}  # as every torchmetrics metric
    metric.persistent(True)
    state = metric.state_dict()
    others = [HScore(), HScore()]
    for other in others:
        other.persistent(True)
        other.load_state_dict(state)
    others[0].update(x[60:], y[60:])
    metric.update(x[60:], y[60:])
    same(others[0].compute(), h_score(x, y))
    for other in (others[1], HScore()):
        other.persistent(True)
        other.load_state_dict(state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torchmetrics: compute before update
            same(other.compute(), h_score(x[:60], y[:60]))


def test_labels_that_are_a_series():
    """After a split of the data its index does not begin at 0."""
    x, y = data()
    series = pd.Series(y, index=np.arange(80)[::-1] + 7)
    metric = HScore()
    same(metric(x[:40], series[:40]), h_score(x[:40], y[:40]))
    metric.update(x[40:], series[40:])
    same(metric.compute(), h_score(x, y))


def test_a_refused_forward_leaves_no_trace():
    x, y = data()
    metric = HScore()
    for labels in (y[:79], [None, *y[1:]], y + 0.5, np.eye(4)[y]):
        with pytest.raises(ValueError):
            metric(x, labels)
    metric(x, y)
    assert metric.compute().n == 80


@pytest.mark.parametrize("shrinkage, size", [(None, 1.2e154), ("ledoit-wolf", 1e77)])
def test_sums_that_would_overflow_leave_no_trace(shrinkage, size):
    x, y = data()
    metric = stream(x, y, [slice(0, 50)], shrinkage)
    before = metric.compute()
    with pytest.raises(ValueError, match="overflow"):
        metric.update(np.full((30, 5), size) * np.linspace(0.9, 1, 150).reshape(30, 5), y[50:])
    same(metric.compute(), before)
    metric.update(x[50:], y[50:])
    same(metric.compute(), h_score(x, y, shrinkage))


@pytest.mark.parametrize("shrinkage, size", [(None, 1e120), ("ledoit-wolf", 1e60)])
def test_large_features_are_taken(shrinkage, size):
    """Their cubes, or fifth powers, would overflow; squares and fourth powers do not."""
    x, y = data()
    same(stream(size * x, y, [slice(0, 40), slice(40, 80)], shrinkage).compute(),
         h_score(x, y, shrinkage))


def test_far_from_the_first_batch_is_refused():
    """Each batch alone is fine; 2e153 apart, the sum of 80 squares overflows."""
    x, y = data()
    metric = stream(8e152 + 1e148 * x, y, [slice(0, 40)])
    before = metric.compute()
    with pytest.raises(ValueError, match="overflow"):
        metric.update(-1.2e153 + 1e148 * x[40:], y[40:])
    same(metric.compute(), before)


def test_features_as_large_as_float64_allows():
    """|x - shift| may be twice the largest number of a first batch: 4 size^2 is in range, and for
    "ledoit-wolf" (4 size^2 k)^2, of one row; no more."""
    HScore().update(np.full((1, 3), 6e153), [0])
    HScore("ledoit-wolf").update(np.full((1, 10), 1.8e76), [0])
    with pytest.raises(ValueError, match="overflow"):
        HScore("ledoit-wolf").update(np.full((1, 10), 1.9e76), [0])


def test_small_numbers_far_from_the_first_batch_leave_no_trace():
    metric = HScore()
    metric.update([[3e153, 3e153]], [0])  # the shift: 100 rows of 0 are 100 squares of it
    with pytest.raises(ValueError, match="overflow"):
        metric.update(np.zeros((100, 2)), np.arange(100) % 2)
    assert metric.counts[0].tolist() == [1] and not metric.gram[0].any()


def test_sums_that_overflow_on_top_of_those_before_leave_no_trace():
    """Two squares of 2.2e307, and a hundred of 1.7e306: either sum alone is in range."""
    metric = HScore()
    metric.update([[4.7e153], [-4.7e153]], [0, 1])
    before = metric.gram[0].clone()
    with pytest.raises(ValueError, match="overflow"):
        metric.update(np.tile([[1.3e153], [-1.3e153]], (50, 1)), np.arange(100) % 2)
    assert metric.counts[0].tolist() == [1, 1] and torch.equal(metric.gram[0], before)


def test_a_device_without_float64():
    """Such as Apple's; meta stands in for it here, and has no numbers at all."""
    x, y = data()
    metric = stream(x, y, [slice(0, 40)])
    metric.to("meta")
    assert metric.device.type == "meta"
    metric.update(x[40:], y[40:])
    same(metric.compute(), h_score(x, y))
    metric.reset()
    metric.update(x, y)
    same(metric.compute(), h_score(x, y))
    assert HScore(field="rank").to("meta")(x, y).dtype == torch.float32


def test_dtypes_do_not_touch_the_sums():
    x, y = data()
    metric = stream(x, y, [slice(0, 40)])
    metric.set_dtype(torch.float16)
    metric.half().update(x[40:], y[40:])
    same(metric.compute(), h_score(x, y))


def test_a_state_that_is_left_out_of_a_move():
    metric = stream(*data(), [slice(0, 80)])
    before = {name: getattr(metric, name)[0] for name in metric._defaults}
    metric._apply(torch.clone, exclude_state=["gram"])
    assert [name for name in before if getattr(metric, name)[0] is before[name]] == ["gram"]


def test_the_place_of_nan_in_a_stream(monkeypatch):
    x, y = data()
    metric = stream(x, y, [slice(0, 30), slice(30, 50)])
    x[57, 2] = np.nan
    for chunk in (2**22, 15):  # the second: three rows at a time
        monkeypatch.setattr(tdist.hscore.moments, "CHUNK", chunk)
        with pytest.raises(ValueError, match=r"row 7 of this batch \(sample 57 of all\), column 2"):
            metric.update(x[50:], y[50:])


def test_memory_is_announced(monkeypatch):
    """Before it is taken: nothing of this size is allocated here."""
    check = tdist.hscore.moments.check_room
    with pytest.warns(UserWarning, match=r"25,088 features .* 5.0 GB.*one call of h_score"):
        check(25_088, torch.device("cpu"))
    with pytest.raises(MemoryError, match=r"100,000,000 features .* 80000000.0 GB"):
        check(100_000_000, torch.device("cpu"))
    with pytest.raises(MemoryError, match="Average over positions first"):
        HScore().update(torch.zeros(1, 1).expand(2, 10_000_000), [0, 1])
    pages = {"SC_PAGE_SIZE": 8, "SC_PHYS_PAGES": 25_088**2}
    monkeypatch.setattr(os, "sysconf", pages.get)  # all of the memory
    with pytest.warns(UserWarning, match=r"25,088 features"):
        check(25_088, torch.device("cpu"))
    pages["SC_PHYS_PAGES"] -= 1
    with pytest.raises(MemoryError, match=r"25,088 features"):
        check(25_088, torch.device("cpu"))


def test_logging():
    """What Lightning's self.log and self.log_dict take."""
    x, y = data()
    result = stream(x, y, [slice(0, 80)]).compute()
    assert isinstance(float(result), float)
    assert all(isinstance(value, int | float) for value in result._asdict().values())
