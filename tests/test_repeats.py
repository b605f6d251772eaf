"""Rows that come again, and the route over products of samples."""

import time
import warnings

import numpy as np
import pytest
import torch

import tdist.hscore.moments
from tdist import HScore, h_score
from tdist.hscore import repeats
from tdist.hscore.moments import accumulate
from tdist.hscore.samples import _blocks, directions
from tdist.hscore.whitened import whitened, whitened_by
from tdist.hscore.whitening import whitening
from tdist.pixelwise import pixelwise_h_score, second_order, whiten
from tests.test_hscore import data, same, stream


def silent(*args):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return h_score(*args)


def saturated(x, y, shrinkage=None):
    """h_score and HScore in three batches, merged into an empty one, both saturated and with
    words."""
    results = []
    parts = np.array_split(np.random.default_rng(0).permutation(len(y)), 3)
    metric = HScore(shrinkage)
    for some in (parts[:2], parts[2:]):
        metric.merge_state(stream(x, y, some, shrinkage))
    for run in (lambda: h_score(x, y, shrinkage), metric.compute):
        with pytest.warns(UserWarning, match="tell all .* distinct rows apart"):
            results.append(run())
        assert np.isnan(results[-1].adjusted) and np.isnan(results[-1].pvalue)
    same(*results)
    return results[0]


# --- saturated --------------------------------------------------------------------------------


def test_a_folder_with_copies_and_white_images():
    """Two networks that both tell 645 distinct images of 660 apart score the same to twelve
    digits, with adjusted 4.5 and p = 6e-9 from 15 copies and blanks."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 9, 660)
    y[650:] = y[:10]
    scores = []
    for seed in range(2):
        x = np.random.default_rng(seed).standard_normal((660, 700))
        x[650:] = x[:10]  # copies
        x[20:26] = x[20]  # pictures of several classes that came out white
        result = saturated(x, y)
        assert result.rank == 644 and result.n == 660
        scores.append(result.statistic)
    assert scores[0] == pytest.approx(scores[1], abs=1e-9) and scores[0] < 8


@pytest.mark.parametrize("k", [59, 60, 200])
@pytest.mark.parametrize("name", ["padding", "bootstrap", "oversampled", "epochs", "all but one"])
def test_copies_do_not_pass(name, k):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((60, k)), rng.integers(0, 3, 60)
    order = {"padding": np.r_[:60, 0], "bootstrap": rng.integers(0, 60, 60),
             "oversampled": np.r_[:60, np.flatnonzero(y == 0).repeat(40)],
             "epochs": np.tile(np.arange(60), 100), "all but one": np.r_[:60, :59]}[name]
    saturated(x[order], y[order])
    saturated(-0.0 + x[order].astype(np.float16), y[order])


def test_tiny_shrinkage_does_not_hide_it():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((60, 100)), rng.integers(0, 3, 60)
    order = np.r_[:60, :10]
    saturated(x[order], y[order], 1e-300)
    assert np.isnan(silent(x, y, 1e-20).adjusted)
    with pytest.warns(UserWarning, match="10 of 70 rows .* chance is .* and not"):
        assert np.isfinite(h_score(x[order], y[order], 0.3).adjusted)


def test_a_row_of_two_labels_beside_as_many_rows_as_classes():
    """Of four rows that are told apart any features score the same; of three, one for each class,
    they are the labels but for a sample. No row repeats another's label."""
    x = np.random.default_rng(0).standard_normal((4, 3))
    saturated(x[[0, 1, 2, 3, 3]], np.array([0, 1, 2, 1, 2]))
    assert np.isfinite(silent(x[[0, 1, 2, 2]], [0, 1, 2, 0]).adjusted)


@pytest.mark.parametrize("k", [20, 200])
def test_copies_beside_permutations(k):
    """The same words and numbers but for the p value."""
    x, y = data(60, k, 3)
    found, order = [], np.r_[:60, :20]
    for shuffles in (0, 3):
        with pytest.warns(UserWarning, match="20 of 80 rows of features repeat"):
            found.append(h_score(x[order], y[order], permutations=shuffles))
    same(found[0]._replace(pvalue=found[1].pvalue), found[1])


def test_few_values_are_no_copies():
    """Independent samples of a feature with few values, told apart or not."""
    rng = np.random.default_rng(2)
    colour = rng.integers(0, 8, 2000)
    y = (colour + rng.integers(0, 3, 2000)) % 8
    for x in (colour[:, None], np.eye(8)[colour], (colour % 2)[:, None],
              np.random.default_rng(0).standard_normal((8, 300))[colour]):
        result = silent(x, y)
        assert np.isfinite(result.adjusted) and result.pvalue < 0.05
        metric = stream(x, y, np.array_split(np.arange(2000), 9))
        same(metric.compute(), result)
    noise = rng.integers(0, 8, 2000)
    assert abs(silent(np.eye(8)[noise], y).adjusted) < 0.02
    # one value of eight says its class for sure, as poisonous smells do
    y[colour == 0] = 5
    assert np.isfinite(silent(np.eye(8)[colour], y).adjusted)


def test_features_that_are_the_labels():
    y = np.arange(300) % 3
    for x in (np.eye(3)[y], np.eye(3)[y] @ np.random.default_rng(0).standard_normal((3, 7))):
        with pytest.warns(UserWarning, match="297 of 300 rows .* if they are copies"):
            result = h_score(x, y)
        assert result.statistic == pytest.approx(2) and result.adjusted == pytest.approx(2)
        assert result.pvalue < 1e-100


def test_rows_that_differ_in_one_place():
    x, y = data(30, 40)
    x[7], y[7] = x[3], y[3]
    x[7, 39] = np.nextafter(x[3, 39], 9)
    assert len(set(repeats.fingerprints(torch.tensor(x)).tolist())) == 30
    x[7, 39] = x[3, 39]
    assert len(set(repeats.fingerprints(torch.tensor(x)).tolist())) == 29


def test_pixels():
    """Each pixel as h_score has it, of one source and of two."""
    rng = np.random.default_rng(0)
    order = np.r_[:60, :20]
    x = rng.standard_normal((60, 70))[order]
    codes = rng.integers(0, 3, (60, 2, 3))[order]
    codes[:, 0, 0] = 1  # one colour
    codes[:, 1, 1] = rng.integers(0, 3, 80)  # samples of their own, though few
    with pytest.warns(UserWarning, match="20 of 80 rows .* NaN at 5 of 6 pixels"):
        scores = pixelwise_h_score(x, codes, 3, progress=False)
    assert scores.adjusted[0, 0] == 0 and scores.rank == 59
    for place in ((0, 1), (0, 2), (1, 0), (1, 1), (1, 2)):
        with pytest.warns(UserWarning):
            result = h_score(x, codes[(slice(None), *place)])
        assert scores.statistic[place] == pytest.approx(result.statistic)
        assert np.isnan(result.adjusted) and np.isnan(scores.adjusted[place])
    halves = {"a": whiten(x[:, :30]), "b": whiten(x[:, 30:])}
    with pytest.warns(UserWarning, match="NaN at 5 of 6"):
        (_, pair), = second_order(halves, codes, progress=False)
    assert np.array_equal(np.isnan(pair.adjusted), np.isnan(scores.adjusted))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(halves["a"].h_score(codes, progress=False).adjusted).all()
        colour = rng.integers(0, 4, 500)
        maps = (colour[:, None, None] + rng.integers(0, 2, (500, 1, 2))) % 4
        assert np.isfinite(pixelwise_h_score(np.eye(4)[colour], maps, 4,
                                             progress=False).adjusted).all()


# --- a bootstrap ------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [300, 500, 1000, 2000])
def test_a_bootstrap_of_rows_is_wrong_and_warns(m):
    """Ten Gaussian classes, 100 features: the interval does not hold the estimate."""
    rng = np.random.default_rng(0)
    y = np.arange(m) % 10
    x = 0.38 * rng.standard_normal((10, 100))[y] + rng.standard_normal((m, 100))
    estimate, resampled = silent(x, y), []
    for _ in range(20):
        rows = rng.integers(0, m, m)
        with pytest.warns(UserWarning, match="a bootstrap of rows make copies"):
            resampled.append(h_score(x[rows], y[rows]).adjusted)
    assert min(resampled) > estimate.adjusted


def test_a_few_copies_among_many_samples_are_no_matter():
    x, y = data(2000, 5)
    silent(np.r_[x, x[:20]], np.r_[y, y[:20]])
    many = np.r_[x, np.repeat(x[:500], 60, axis=0)], np.r_[y, np.repeat(y[:500], 60)]
    silent(*many)  # 2,000 independent rows are plenty for 5 features, though n is 32,000


# --- counting ---------------------------------------------------------------------------------


def brute(x, y):
    groups = {}
    for row, label in zip(map(bytes, np.ascontiguousarray(x, float) + 0.0), y, strict=True):
        groups.setdefault(row, []).append(label)
    settled = [labels for labels in groups.values() if len(set(labels)) == 1]
    return (len(groups), len(settled),
            sum(map(len, groups.values())) - sum(map(len, settled)))


def added(rows, x, y):
    """Rows with the samples x of labels y, as a stream adds them."""
    return repeats.merge(rows, repeats.entries(x, y), x.shape[1])


@pytest.mark.parametrize("seed", range(5))
def test_counts_in_any_batches_and_parts(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (40, 30)).astype(np.float32) * rng.choice([1, 0.1, -0.0], (40, 1))
    pick = rng.integers(0, 40, 120)
    x, y = rows[pick], np.where(rng.random(120) < 0.5, pick % 4, 7)
    features, labels = torch.tensor(x), torch.tensor(y)
    expected = brute(x, y)
    found = repeats.rows_of(features, labels)
    assert repeats.count(found) == expected
    for parts in (np.array_split(rng.permutation(120), 5), np.arange(120)[:, None]):
        one, two = repeats.none("cpu"), repeats.none("cpu")
        for i, part in enumerate(parts):
            if i % 2:
                one = added(one, features[part], labels[part])
            else:
                two = added(two, features[part], labels[part])
        assert repeats.count(repeats.merge(one, two, 30)) == expected
    if torch.cuda.is_available():
        assert repeats.count(repeats.rows_of(features, labels.to("cuda"))) == expected
        assert torch.equal(repeats.fingerprints(features.to("cuda")).cpu(),
                           repeats.fingerprints(features))


@pytest.mark.parametrize("k", [1, 31, 64, 65, 200])
def test_rows_that_agree_where_they_are_read_first(k, monkeypatch):
    """Pairs that differ in one feature, in each, read in one piece and in several."""
    rng = np.random.default_rng(k)
    x = np.repeat(rng.standard_normal((k, k)).astype(np.float32), 2, axis=0)
    x[1::2][np.arange(k), np.arange(k)] += 1
    x = np.concatenate([x, x[:1], x[:1]])  # and one row three times
    y = np.zeros(len(x), int)
    y[-1] = 1
    expected = brute(x, y)
    assert expected == (2 * k, 2 * k - 1, 3)
    for chunk in (repeats.CHUNK, 7 * k):
        monkeypatch.setattr(repeats, "CHUNK", chunk)
        for features in (x, torch.tensor(x), torch.tensor(x).half(), np.asfortranarray(x)):
            assert repeats.count(repeats.rows_of(features, torch.tensor(y))) == expected
            numbers = repeats.numbers(features, torch.device("cpu"))
            assert sorted(set(numbers)) == list(range(2 * k))
            assert numbers[0] == numbers[-1] == numbers[-2] != numbers[1]


def test_rows_are_read_whole_only_where_they_agree(monkeypatch):
    """Of 64 features every second first, of 63 all; no more than CHUNK numbers, or a row, at a
    time. Seven rows, two of them copies."""
    shapes, fingerprints = [], repeats._fingerprints

    def read(x, device):
        shapes.append(x.shape)
        return fingerprints(x, device)

    monkeypatch.setattr(repeats, "_fingerprints", read)
    x = np.random.default_rng(0).standard_normal((5, 64))[[0, 1, 2, 3, 4, 0, 3]]
    for k, chunk, expected in ((64, 192, [(3, 32), (3, 32), (1, 32), (3, 64), (1, 64)]),
                               (63, 192, [(3, 63), (3, 63), (1, 63)]), (63, 9, [(1, 63)] * 7)):
        monkeypatch.setattr(repeats, "CHUNK", chunk)
        repeats.numbers(x[:, :k], torch.device("cpu"))
        assert shapes == expected
        shapes.clear()


def test_rows_are_not_read_while_one_call_sums(monkeypatch):
    """But all at once; only a stream has to. Whitening does not ask for them."""
    x, y = data()
    monkeypatch.setattr(repeats, "entries", None)
    h_score(x, y)
    whitened(x)
    with pytest.raises(TypeError):
        HScore().update(x, y)


def test_copies_are_notable_from_two_percent_on():
    """100 samples of 20 features; once: 20/99 of the bound is chance. Of 80 counted once it is
    20/79, of 91 it is 20/90 = 20/99 + .0202, of 92 it is 20/91 = 20/99 + .0178."""
    assert repeats.Repeats(80, 80, 0).notable(20, 100)
    assert repeats.Repeats(91, 91, 0).notable(20, 100)
    assert not repeats.Repeats(92, 92, 0).notable(20, 100)
    assert not repeats.Repeats(26, 26, 0).notable(1, 51)  # 1/25 - 1/50 is no more than 2%
    assert repeats.Repeats(85, 82, 9).notable(20, 100)  # once: 82 and the 9 of several labels
    assert not repeats.Repeats(85, 82, 10).notable(20, 100)
    # as many rows that may be copies as samples of the others, and one fewer
    assert repeats.Repeats(3, 2, 2).saturated(2, 2)
    assert not repeats.Repeats(3, 2, 3).saturated(2, 2)
    text = repeats.Repeats(85, 82, 9).words(20, 5, 100)
    assert text.startswith("9 of 100 rows of features repeat")
    assert f"chance is {4 * 20 / 90:.3g} and not {4 * 20 / 99:.3g}" in text
    text = repeats.Repeats(21, 21, 0).words(20, 5, 100)
    assert "79 of 100" in text and "all 21 distinct rows apart (rank 20)" in text


def test_fingerprints_tell_small_differences_and_not_signs_of_zero():
    for kind in (torch.float64, torch.float32, torch.float16):
        x = torch.tensor([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0], [6e-8, 1.0], [1.2e-7, 1.0]]).to(kind)
        found = repeats.fingerprints(x)
        assert found.dtype == torch.int64 and found[0] == found[1]
        assert len(set(found.tolist())) == 4
    for rows, shape in ((repeats.none("cpu"), (0, 3)), (repeats.unread("cpu"), (1, 3))):
        assert rows.shape == shape and rows.dtype == torch.int64


def test_fingerprints_are_those_of_saved_sums():
    """As they were when a metric was saved, here and on a GPU: bits times odd numbers, summed."""
    x, factors = [[1.5, -0.0, -2.0], [0.25, 3.0, -7.0]], np.random.PCG64(0).random_raw(3) | 1
    for kind in (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int16):
        single = kind.is_floating_point and kind != torch.float64
        values = torch.tensor(x).to(kind).double().numpy() + 0.0
        bits = values.astype(np.float32).view(np.int32) if single else values.view(np.int64)
        bits = [[int(v) if single else int(v) ^ (int(v) >> 32) % 2**32 for v in row]
                for row in bits]
        expected = [sum(v * int(f) for v, f in zip(row, factors, strict=True)) for row in bits]
        found = repeats.fingerprints(torch.tensor(x).to(kind)).tolist()
        assert [v % 2**64 for v in found] == [v % 2**64 for v in expected]


def test_fingerprints_tell_a_number_from_its_complement():
    """A number of 64 bits whose every bit is turned round: 1.5 and nearly -3."""
    x = np.random.default_rng(0).uniform(1, 2, (50, 3))
    turned = (~x.view(np.int64)).view(np.float64)
    assert np.isfinite(turned).all()
    found = repeats.fingerprints(torch.tensor(np.concatenate([x, turned])))
    assert len(set(found.tolist())) == 100


def test_rows_are_summed_by_fingerprint_and_label():
    rows = torch.tensor([[7, 1, 1], [3, 2, 1], [7, 0, 2], [3, 2, 1], [7, 1, 4], [3, 0, 1]])
    assert repeats._summed(rows).tolist() == [[3, 0, 1], [3, 2, 2], [7, 0, 2], [7, 1, 5]]
    assert repeats.count(rows) == repeats.Repeats(2, 0, 10)
    assert repeats.count(rows[[1, 3]]) == repeats.Repeats(1, 1, 0)


def test_copies_are_forgotten_where_they_cannot_matter():
    """Of (k + 1) / 0.02 distinct rows; twice as many entries are kept before they are summed."""
    assert repeats.plenty(9) == 500
    limit = repeats.plenty(1)
    for distinct, kept in ((limit, True), (limit + 1, False)):
        x = torch.arange(float(distinct))[:, None].repeat(3, 1)
        y = torch.zeros(len(x), dtype=torch.int64)
        for rows in (added(repeats.none("cpu"), x, y), repeats.rows_of(x, y)):
            assert (repeats.count(rows) is not None) is kept
    x = torch.arange(2.0 * limit)[:, None]
    rows = added(repeats.none("cpu"), x, torch.zeros(len(x), dtype=torch.int64))
    assert repeats.count(rows).distinct == 2 * limit
    assert repeats.count(repeats.merge(rows, rows[:1] + 1, 1)) is None
    x, one = torch.arange(2.0 * limit + 1)[:, None].repeat(1, 3), torch.zeros(2 * limit + 1).long()
    rows = accumulate(None, x, one, one[:1], targets=2).rows  # of one feature, beside two targets
    assert repeats.count(rows) is None


def test_saturated_tasks_need_rows_that_come_again():
    codes = np.arange(6)[:, None] % 2
    assert not repeats.saturated(np.arange(6), codes, 5).any()
    rows = np.array([0, 1, 2, 3, 3, 4])  # the copies with one label, then with two
    assert repeats.saturated(rows, np.array([0, 1, 0, 1, 1, 0])[:, None], 4).all()
    assert not repeats.saturated(rows, np.array([0, 1, 0, 1, 1, 0])[:, None], 3).any()


def test_counting_stops_where_repeats_do_not_matter():
    rng = np.random.default_rng(0)
    limit = repeats.plenty(2)
    rows = repeats.none("cpu")
    for _ in range(30):
        x = torch.tensor(rng.standard_normal((20, 2)))
        rows = added(rows, x, torch.zeros(20, dtype=torch.int64))
        assert len(rows) <= 2 * limit + 20
    assert repeats.count(rows) is None and len(rows) == 1
    few = added(repeats.none("cpu"), x, torch.zeros(20, dtype=torch.int64))
    for both in (repeats.merge(few, rows, 2), repeats.merge(rows, few, 2),
                 repeats.merge(rows, repeats.unread("cpu"), 2)):
        assert repeats.count(both) is None
    # few rows, however often they come, are never too many
    for _ in range(60):
        few = added(few, x, torch.zeros(20, dtype=torch.int64))
    assert repeats.count(few) == (20, 20, 0) and few[:, 2].sum() == 61 * 20


def test_numbers_of_small_whole_numbers_differ():
    """Bits of whole numbers end in many zeros, on which a plain sum of products would collide."""
    for dtype, k in ((np.uint8, 12), (np.float16, 12), (np.float32, 13), (np.float64, 13)):
        x = np.random.default_rng(0).integers(0, 4, (20_000, k)).astype(dtype)
        found = repeats.fingerprints(torch.tensor(x)).numpy()
        assert len(np.unique(found)) == len(np.unique(x, axis=0))
    assert len(np.unique(repeats.fingerprints(torch.arange(100_000)[:, None]).numpy())) == 100_000


# --- products of samples ----------------------------------------------------------------------


def both_routes(x, y, shrinkage):
    """h_score over products of samples, and HScore over products of features."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return h_score(x, y, shrinkage), stream(x, y, [slice(None)], shrinkage).compute()


@pytest.mark.parametrize("shrinkage", [None, 1e-12, 1e-3, 0.3, 1.0, "ledoit-wolf"])
@pytest.mark.parametrize("name", ["plain", "float32", "float16", "offset", "dead", "copies",
                                  "dependent", "dependent halves", "scales", "integers", "two",
                                  "narrow"])
def test_both_routes_agree(name, shrinkage, monkeypatch):
    m, k = {"two": (2, 9), "narrow": (30, 31)}.get(name, (40, 90))
    rng = np.random.default_rng(5)
    y = np.r_[0, 1, rng.integers(0, 4, m - 2)] if m > 2 else np.arange(2)
    x = rng.standard_normal((4, k))[y] + rng.standard_normal((m, k)) @ rng.standard_normal((k, k))
    if name == "float32":
        x = x.astype(np.float32)
    elif name == "float16":
        x = np.c_[x, x[:, :30] + x[:, 30:60]].astype(np.float16)
    elif name == "offset":
        x = (x + 1e4).astype(np.float32)
    elif name == "dead":
        x[:, 10:] = np.maximum(x[:, 10:], 0)
        x[:, 40:60] = 0.1
    elif name == "copies":
        x[20:], y[20:] = x[:20], y[:20]
    elif name == "dependent":  # by rounding alone
        x = x[:, :12].astype(np.float32) @ rng.standard_normal((12, k)).astype(np.float32)
    elif name == "dependent halves":
        x = (x[:, :12] @ rng.standard_normal((12, k))).astype(np.float16)
    elif name == "scales":
        x *= np.logspace(-30, 30, k) if shrinkage is None else np.logspace(-1, 1, k)
    elif name == "integers":
        x = np.round(x).astype(int)
    short, long = both_routes(x, y, shrinkage)
    same(short, long, 1e-10)
    assert not name.startswith("dependent") or short.rank == 12
    monkeypatch.setattr(tdist.hscore.moments, "CHUNK", 300)
    same(short, both_routes(x, y, shrinkage)[0], 1e-10)
    if torch.cuda.is_available():
        there = torch.tensor(x, device="cuda")
        same(h_score(there, y, shrinkage), short, 1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e3])
def test_a_single_direction_of_rounding_is_left_out(scale):
    """Two directions about 100 in float32: four samples span a third, by rounding alone."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 2)) @ rng.standard_normal((2, 6)) + 100
    x = x.astype(np.float32) * np.float32(scale)
    assert directions(x, torch.device("cpu"))[0].shape == (4, 2)


@pytest.mark.parametrize("size, rank", [(1.4e-7, 1), (1.6e-7, 2)])
def test_directions_far_below_the_largest_are_left_out(size, rank):
    """100 columns that share a direction and, at the given size, one more, whose eigenvalue is
    100 size^2: kept from eps times 100, their number, times 100, the largest, on."""
    a, b = np.array([[1, 1, 1, 1, -1, -1, -1, -1], [1.0, -1, 1, -1, 1, -1, 1, -1]])
    x = a[:, None] + size * b[:, None] * np.tile([1, -1], 50)
    assert directions(x, torch.device("cpu"))[0].shape == (8, rank)
    cov = np.asfortranarray(np.cov(x.T, bias=True))
    assert whitening(cov, np.zeros(100), 8).rank == rank


@pytest.mark.parametrize("shrinkage", [0.0, 1e-3])
def test_small_directions_have_mean_0_too(shrinkage):
    """Though their rounding has not, of columns that nearly lie in three dimensions."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((14, 3)) @ rng.standard_normal((3, 41))
    vectors, _, a = directions(x + 1e-6 * rng.standard_normal((14, 41)), torch.device("cpu"),
                               shrinkage)
    assert vectors.shape == (14, 13) and a == shrinkage
    np.testing.assert_allclose(vectors.mean(0), 0, atol=1e-15)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, "ledoit-wolf"])
@pytest.mark.parametrize("m, same", [(20, 1), (2000, 1), (2000, 9)])
def test_lengths_of_whitened_samples(m, same, shrinkage):
    """|z|^2 = (1-a) x^T cov_a^+ x, where later samples have another mean than the first, one column
    does not vary, and some are the same."""
    x, y = data(m, 30)
    x[256:] += 1
    x[:, 7], x[:, 8 : 8 + same] = 3, x[:, 8:9]
    z, a = whitened(x, shrinkage)
    assert a == pytest.approx(h_score(x, y, shrinkage).shrinkage, abs=1e-12)
    centred, cov = x - x.mean(0), np.cov(x.T, bias=True)
    cov_a = (1 - a) * cov + a * np.trace(cov) / 30 * np.eye(30)
    expected = (1 - a) * np.einsum("ij,jk,ik->i", centred, np.linalg.pinv(cov_a, 1e-12), centred)
    assert z.square().sum(1).numpy() == pytest.approx(expected, rel=1e-10)


def test_whitened_samples_have_mean_0():
    """Whatever rounding the mean of the features has."""
    x = 1e6 + data(300, 5)[0]
    np.testing.assert_allclose(whitened(x)[0].mean(0), 0, atol=1e-15)
    one = torch.zeros(300, dtype=torch.int64)
    z, a = whitened_by(accumulate(None, x, one, one[:1]), x)
    assert torch.equal(z, whitened(x)[0]) and a == 0


def test_small_directions_of_exact_columns_are_kept():
    """One column's rounding is 7% of its variance. Directions of the others are far smaller, and
    are their own."""
    a, b, c, d = np.random.default_rng(0).standard_normal((4, 6))
    x = np.stack([1e6 + a, b, b + 1e-2 * c, b - 1e-2 * d, b, b, b], 1).astype(np.float32)
    vectors, share, a = directions(x, torch.device("cpu"))
    assert vectors.shape == (6, 4) and share.tolist() == [1] * 4 and a == 0


def test_containers_on_the_short_route():
    x, y = data(20, 40)
    reference = h_score(x, y)
    for other in (x.tolist(), torch.tensor(x), np.asfortranarray(x), x[:, ::-1], x[:, ::-1].copy(),
                  torch.tensor(x.T).T, torch.tensor(np.repeat(x, 2, 1))[:, ::2],
                  torch.tensor(x, requires_grad=True)):
        same(h_score(other, y), reference)
    locked = x.copy()
    locked.flags.writeable = False
    kept = x.copy()
    same(h_score(locked, y), reference)
    assert (x == kept).all()
    for bad in (np.nan, np.inf):
        x[13, 31] = bad
        for chunk in (2**22, 200):
            with pytest.MonkeyPatch.context() as patch, \
                 pytest.raises(ValueError, match=f"{bad} at row 13, column 31"):
                patch.setattr(tdist.hscore.moments, "CHUNK", chunk)
                h_score(x, y)
    x[13, 31] = 1e200
    with pytest.raises(ValueError, match="overflow"):
        h_score(x, y)


@pytest.mark.parametrize("chunk, columns", [(9, [1, 1, 1, 1, 1]), (24, [2, 2, 1])])
def test_columns_come_in_blocks(chunk, columns, monkeypatch):
    """Of no more than CHUNK numbers, or one column, at a time."""
    monkeypatch.setattr(tdist.hscore.moments, "CHUNK", chunk)
    blocks = _blocks(np.ones((10, 5)), torch.device("cpu"))
    assert [len(x) for _, x, _ in blocks] == columns


def test_constant_columns_on_the_short_route(recwarn):
    x, y = data(20, 30)
    same(h_score(np.c_[np.full((20, 5), 3.0), x, np.zeros((20, 5))], y), h_score(x, y))
    with pytest.warns(UserWarning, match="do not vary") as found:
        result = h_score(np.ones((20, 30)), y, 0.5)
    assert len(found) == 1 and tuple(result)[:3] == (0, 0, 0) and result.shrinkage == 0
    assert directions(np.ones((20, 30)), torch.device("cpu"))[0].shape == (20, 0)


@pytest.mark.parametrize("shrinkage", [None, "ledoit-wolf"])
def test_wide_features_are_quick(shrinkage):
    """A flattened convolutional map: over products of features this takes hours and 5 GB."""
    x = np.random.default_rng(0).standard_normal((100, 25_088), dtype=np.float32)
    start = time.perf_counter()
    result = h_score(x, np.arange(100) % 5, shrinkage)
    assert time.perf_counter() - start < 5 and result.rank == 99


def test_forward_of_a_small_batch_is_short():
    x, y = data(20, 600)
    same(HScore()(x, y), h_score(x, y))
