"""tdist.pixelwise and its sums by colour against hand sums and tdist.h_score."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch

import tdist.hscore.classsums
import tdist.pixelwise.targets
from tdist import h_score
from tdist.hscore.classsums import SumsByColour, _join, _ones
from tdist.hscore.moments import EPS
from tdist.pixelwise import (
    PixelScores,
    palette,
    pixelwise_h_score,
    quantise,
    second_order,
    whiten,
)
from tests.pixels import check, scenes

# --- by hand ------------------------------------------------------------------------------------


def test_two_pixels_by_hand(way):
    # mean 3/2, variance 5/4; class means 1/2 and 5/2: H = 4/5; 1 and 2: H = 1/5; one colour: 0
    maps = np.array([[[0, 1, 1]], [[0, 0, 1]], [[1, 1, 1]], [[1, 0, 1]]])
    result = pixelwise_h_score([[0], [1], [2], [3]], maps, progress=False)
    assert result.statistic.shape == (1, 3) and (result.rank, result.n) == (1, 4)
    assert np.allclose(result.statistic, [[0.8, 0.2, 0]], atol=1e-15)
    assert np.allclose(result.chance, [[1 / 3, 1 / 3, 0]])
    assert result.classes.tolist() == [[2, 2, 1]]
    assert np.allclose(result.adjusted, [[1 - 0.2 * 3 / 2, 1 - 0.8 * 3 / 2, 0]], atol=1e-14)


def test_unequal_classes_by_hand(way):
    # cov = I; colour 0 (three samples) has mean (2/3, 2/3), colour 1 (2, 2), all (1, 1):
    # 3/4 * 2/9 + 1/4 * 2 = 2/3
    result = pixelwise_h_score([[0, 0], [2, 0], [0, 2], [2, 2]],
                               np.array([0, 0, 0, 1])[:, None, None], progress=False)
    assert result.statistic[0, 0] == pytest.approx(2 / 3, abs=1e-14)
    assert result.adjusted[0, 0] == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("name", ["plain", "float32", "torch", "integers", "dead", "duplicates",
                                  "scaled", "offset", "float32 combinations", "wide"])
def test_equals_h_score_pixel_by_pixel(name, way):
    x, maps = scenes()
    maps[:, 0, 0], maps[:, 1, 1] = 3, np.random.default_rng(1).integers(0, 6, len(x))
    features = {
        "plain": x, "float32": x.astype(np.float32), "torch": torch.from_numpy(x).float(),
        "integers": (9 * x).astype(np.int16), "scaled": x * np.logspace(-6, 6, 12),
        "offset": x + 1e6,
        "dead": np.c_[np.zeros(300), x, np.full((300, 2), 0.1), np.full(300, 1e9 / 3)],
        "duplicates": np.c_[x, x[:, :4] * 1e-7, x[:, 0] - 3 * x[:, 1]],
        "float32 combinations":
            np.c_[x + 30, x[:, 0] + x[:, 1] + 60, 3.3 * x[:, 2]].astype(np.float32),
        "wide": np.random.default_rng(2).standard_normal((300, 290)),
    }[name]
    result = pixelwise_h_score(features, maps, 6, progress=False)
    check(result, features, maps)
    assert result.rank == (290 if name == "wide" else 12)
    check(whiten(features).h_score(torch.from_numpy(maps), progress=False), features, maps)


def test_more_features_than_samples():
    x, maps = scenes(m=40, k=60)
    result = pixelwise_h_score(x, maps, progress=False)
    check(result, x, maps)
    assert result.rank == 39 and np.isnan(result.adjusted).all()
    assert np.allclose(result.statistic, result.classes - 1)
    one_colour = pixelwise_h_score(x, np.ones_like(maps), progress=False)
    assert np.array_equal(one_colour.adjusted, np.zeros((4, 5)))


def test_whitened():
    x, _ = scenes()
    for features, rank in ((x, 12), (np.c_[x, x[:, :3], np.ones(300)] + 50, 12), (x[:10], 9),
                           (np.ones((300, 2)), 0)):
        white = whiten(features)
        assert white.z.dtype == torch.float64 and (white.rank, white.n) == (rank, len(features))
        assert np.allclose(white.z.T @ white.z / white.n, np.eye(rank), atol=1e-10)
        assert np.allclose(white.z.sum(0), 0, atol=1e-10)
    maps = np.zeros((300, 2, 2), int)
    maps[:9] = 1
    nothing = white.h_score(maps, progress=False)
    assert not nothing.statistic.any() and not nothing.adjusted.any()
    assert nothing.classes.tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("pixels", [1, 2, 15, 16, 17, 50])
@pytest.mark.parametrize("kind", ["random", "smooth", "background", "one colour", "two blocks"])
def test_sums_by_colour(pixels, kind, way, monkeypatch):
    rng = np.random.default_rng(pixels)
    m, colours = 400, 5
    codes = {
        "random": lambda: rng.integers(0, colours, (pixels, m)),
        "smooth": lambda: np.clip(np.cumsum(rng.integers(-1, 2, (pixels, m))
                                            * (rng.random((pixels, m)) < 0.2), 0)
                                  + rng.integers(0, colours, m), 0, colours - 1),
        "background":
            lambda: rng.integers(0, colours, (pixels, m)) * (rng.random((pixels, m)) < 0.05),
        "one colour": lambda: np.full((pixels, m), 2),
        "two blocks":
            lambda: np.repeat(rng.integers(0, colours, (2, m)), (pixels + 1) // 2, 0)[:pixels],
    }[kind]().astype(np.uint8)
    z = rng.standard_normal((m, 37))
    z -= z.mean(0)
    expected = [[np.sum(z[c == colour].sum(0) ** 2) for colour in range(colours)] for c in codes]
    monkeypatch.delattr(SumsByColour, "_by_indicators" if torch.backends.mkl.is_available()
                        else "_by_joint_colours")
    for widest in (2**20, 30):
        monkeypatch.setattr(tdist.hscore.classsums, "WIDEST", widest)
        sums = SumsByColour(torch.from_numpy(z), colours)
        assert np.allclose(sums.squares(codes), expected, atol=1e-9)


@pytest.mark.parametrize("nonzeros, tables, pixels", [
    (1, 1e5, 1), (300 * 5, 1e5, 5), (300 * 16, 1e5, 16), (300 * 19, 1e5, 16), (300 * 37, 1e5, 32),
    (2**22, 0.1, 1), (2**22, 7, 7), (2**22, 31, 16)])
def test_pixels_at_a_time(nonzeros, tables, pixels, way, monkeypatch):
    """Above a group of 16 whole groups; a pixel's table has 6 colours of as many numbers as a slab,
    or as samples. Slabs are made where they are read."""
    sparse = torch.backends.mkl.is_available()
    monkeypatch.setattr(tdist.hscore.classsums, "NONZEROS", nonzeros)
    monkeypatch.setattr(tdist.hscore.classsums, "TABLE", int(tables * 6 * (32 if sparse else 300)))
    sums = SumsByColour(torch.zeros(300, 37, dtype=torch.float64), 6)
    assert sums.pixels == pixels
    assert [slab.shape[1] for slab in sums.slabs] == ([32, 5] if sparse else [])


def test_a_sparse_matrix_of_ones():
    """Of short indices, which take half the memory of NumPy's own."""
    ones = _ones(np.array([2, 0, 1]), np.array([0, 3, 1]), 4)
    assert ones.to_dense().tolist() == [[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert ones.crow_indices().dtype == ones.col_indices().dtype == torch.int32


def test_neighbours_are_summed_together(monkeypatch):
    rng = np.random.default_rng(0)
    base = rng.integers(0, 16, 5000).astype(np.uint8)
    same, free = np.stack([base] * 16), rng.integers(0, 16, (16, 5000)).astype(np.uint8)
    assert [len(_join(c, 16)) for c in (same, free)] == [1, 8]  # one group; pairs
    assert sum(g.adds for g in _join(same, 16)) < 0.08 * same.size
    assert sum(g.adds for g in _join(free, 16)) < 0.56 * free.size
    sparse = (free * (rng.random(free.shape) < 0.02)).astype(np.uint8)
    assert sum(g.adds for g in _join(sparse, 16)) < 0.025 * free.size
    for widest, groups in ((16 * 16, 1), (16 * 16 - 1, 2)):  # products of colours that are tried
        monkeypatch.setattr(tdist.hscore.classsums, "WIDEST", widest)
        assert len(_join(same[:2], 16)) == groups


def test_more_joint_colours_than_two_bytes_hold():
    codes = np.random.default_rng(0).integers(0, 290, (2, 200_000)).astype(np.int16)
    (group,) = _join(codes, 290)
    assert len(group.counts) > 2**16
    assert (group.table[group.joint].T == codes).all()


def test_any_number_of_pixels_at_a_time(monkeypatch, way):
    x, maps = scenes()
    reference = pixelwise_h_score(x, maps, 6, progress=False)
    for nonzeros, table in ((1, 2**24), (300 * 5, 2**24), (300 * 19, 2**24), (2**22, 1),
                            (2**22, 6 * 32 * 7)):
        monkeypatch.setattr(tdist.hscore.classsums, "NONZEROS", nonzeros)
        monkeypatch.setattr(tdist.hscore.classsums, "TABLE", table)
        assert np.allclose(pixelwise_h_score(x, maps, 6, progress=False), reference, atol=1e-12)
    monkeypatch.setattr(tdist.pixelwise.targets, "CHUNK", 100)
    assert np.allclose(pixelwise_h_score(x, maps, 6, progress=False), reference, atol=1e-12)


def test_shapes_of_codes(way):
    x, maps = scenes()
    white = whiten(x)
    stacked = np.stack([maps, 5 - maps, maps[:, ::-1]], 1)  # (m, tasks, h, w)
    scores = white.h_score(stacked, progress=False)
    check(scores, x, stacked)
    values = scores.statistic
    assert values.shape == (3, 4, 5) and np.allclose(values[2], values[0, ::-1])
    check(white.h_score(maps[:, 0, 0], progress=False), x, maps[:, 0, 0])
    check(white.h_score(maps > 2, progress=False), x, maps > 2)
    gapped = maps.astype(np.int64) * 10**12 + 3
    assert np.allclose(white.h_score(gapped, progress=False), values[0], atol=1e-12)
    check(white.h_score(np.arange(300) % 290, progress=False), x, np.arange(300) % 290)


def test_labels_are_one_pixel():
    x, maps = scenes()
    y = maps[:, 2, 2]
    expected = h_score(x, y)
    names = np.array(list("abcdef"))[y]
    shuffled = pd.Series(names, index=np.random.default_rng(0).permutation(300) + 5)
    for labels in (y, y.tolist(), names, torch.from_numpy(y), pd.Series(y, index=range(7, 307)),
                   shuffled, shuffled.astype("category"), pd.Series(y.astype(int), dtype="Int64")):
        result = pixelwise_h_score(x, labels, progress=False)
        assert result.statistic.shape == ()
        assert float(result) == pytest.approx(expected.statistic, abs=1e-12)
        assert float(result.adjusted) == pytest.approx(expected.adjusted, abs=1e-10)


def test_images_become_codes():
    x, codes = scenes()
    depth = codes + 0.1 * np.random.default_rng(0).random(codes.shape)
    expected = pixelwise_h_score(x, codes, 6, progress=False)
    for images in (depth, depth.astype(np.float32), torch.from_numpy(depth), list(depth),
                   depth[..., None], codes.astype(float), (40 * codes)[..., None],
                   np.stack([40 * codes, codes, 200 - 40 * codes], -1),
                   pd.Series(list(depth), index=range(300, 0, -1))):
        result = pixelwise_h_score(x, images, 6, progress=False)
        assert np.allclose(result, expected, atol=1e-12)
        assert np.array_equal(result.classes, expected.classes)
    fewer = pixelwise_h_score(x, depth, 3, seed=5, progress=False)
    check(fewer, x, quantise(depth, palette(depth, 3, seed=5)))


def test_results_keep_their_fields():
    """A subclass of ndarray lost them in copy, transpose, reshape and deepcopy."""
    x, maps = scenes()
    result = pixelwise_h_score(x, maps, 6, progress=False)
    for again in (copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        for name in ("statistic", "chance", "adjusted", "classes"):
            assert np.array_equal(getattr(again, name), getattr(result, name))
        assert (again.rank, again.n) == (12, 300) and repr(again) == repr(result)
    assert repr(result) == ("PixelScores(statistic=ndarray (4, 5), classes=ndarray (4, 5), "
                            "rank=12, n=300)")
    assert float(result) == result.statistic.mean()  # over the pixels
    assert np.asarray(result) is result.statistic
    assert np.asarray(result, np.float32).dtype == np.float32
    with pytest.raises(AttributeError):
        result.rank = 3
    white = whiten(x)
    for again in (copy.deepcopy(white), pickle.loads(pickle.dumps(white))):
        assert torch.equal(again.z, white.z) and np.array_equal(again.noise, white.noise)
        assert repr(again) == "Whitened(z=Tensor (300, 12))"


def test_the_papers_chance_level():
    chance = PixelScores(np.zeros((1, 1)), np.array([[16]]), 2048, 20_000).chance[0, 0]
    assert chance == pytest.approx(15 * 2048 / 19_999) and round(chance, 3) == 1.536


def test_inputs_are_left_alone(way):
    x, maps = scenes()
    for features in (x, x.astype(np.float32), (9 * x).astype(np.int32)):
        kept, kept_maps = features.copy(), maps.copy()
        features.flags.writeable = maps.flags.writeable = False
        pixelwise_h_score(features, maps, progress=False)
        pixelwise_h_score(torch.tensor(kept), torch.tensor(maps), progress=False)
        depth = maps + 0.5
        kept_depth = depth.copy()
        pixelwise_h_score(features, depth, 4, progress=False)
        assert np.array_equal(features, kept) and np.array_equal(maps, kept_maps)
        assert np.array_equal(depth, kept_depth)
    a, b = whiten(x[:, :8]), whiten(x[:, 6:])
    kept_a, kept_b = a.z.clone(), b.z.clone()
    b.given(a).h_score(maps, progress=False)
    assert torch.equal(a.z, kept_a) and torch.equal(b.z, kept_b)


def test_quiet_on_request(capsys, recwarn):
    x, maps = scenes()
    pixelwise_h_score(x, maps, progress=False)
    _ = list(second_order({"a": whiten(x[:, :3]), "b": whiten(x)}, maps, progress=False))
    assert capsys.readouterr() == ("", "") and len(recwarn) == 0
    pixelwise_h_score(x, maps)
    assert "20/20" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu():
    x, maps = scenes()
    result = pixelwise_h_score(torch.tensor(x, device="cuda"), maps, 6, progress=False)
    check(result, x, maps)
    a, b = (whiten(torch.tensor(part, device="cuda")) for part in (x[:, :8], x[:, 6:]))
    ((_, pair),) = second_order({"a": a, "b": b}, maps, progress=False)
    check(pair, x, maps)


# --- chance -------------------------------------------------------------------------------------


def test_noise_scores_chance():
    """Features and colours that know nothing of each other: mean k (c - 1) / (m - 1)."""
    rng = np.random.default_rng(0)
    m, k, c = 2000, 100, 16
    result = pixelwise_h_score(rng.standard_normal((m, k), dtype=np.float32),
                               rng.integers(0, c, (m, 20, 20)), progress=False)
    chance, values = k * (c - 1) / (m - 1), result.statistic
    assert np.allclose(result.chance, chance)
    error = values.std() / np.sqrt(values.size)
    assert abs(values.mean() - chance) < 4 * error and abs(result.adjusted.mean()) < 5 * error
    assert values.std() == pytest.approx(np.sqrt(2 * (c - 1) * k * (1 - k / m)) / m, rel=0.15)


def test_precision_of_a_long_sum(way):
    """Features far from 0 in float32: sums in float64 of centred features."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((20_000, 3)) + 1000).astype(np.float32)
    maps = rng.integers(0, 3, (20_000, 1, 2))
    result = pixelwise_h_score(x, maps, progress=False)
    exact = x.astype(np.longdouble) - x.astype(np.longdouble).mean(0)
    cov = np.linalg.inv((exact.T @ exact / len(x)).astype(float))
    for j in range(2):
        means = np.array([exact[maps[:, 0, j] == c].mean(0) for c in range(3)], float)
        weights = np.bincount(maps[:, 0, j]) / len(x)
        expected = np.einsum("c,ci,ij,cj", weights, means, cov, means)
        assert result.statistic[0, j] == pytest.approx(expected, rel=1e4 * EPS, abs=0)


def test_shrinkage_of_features_with_a_column_that_does_not_vary():
    """project() shares its rule of rank; the target of shrinkage is all columns' mean variance."""
    x, maps = scenes()
    wider, labels = np.c_[x, np.ones((300, 4))], maps[:, 1, 1]
    cov = 0.7 * np.cov(wider.T, bias=True)
    cov += 0.3 * np.trace(cov) / 0.7 / 16 * np.eye(16)
    means = np.array([wider[labels == c].mean(0) for c in range(6)]) - wider.mean(0)
    between = (means.T * np.bincount(labels) / 300) @ means
    expected = 0.7 * np.trace(np.linalg.solve(cov, between))
    assert h_score(wider, labels, shrinkage=0.3).statistic == pytest.approx(expected, abs=1e-11)


# --- what callers hand in -----------------------------------------------------------------------


@pytest.mark.parametrize("change, error, match", [
    (lambda x, maps: (x[:-1], maps), ValueError,
     "differ in length: 299 rows and 300 target images"),
    (lambda x, maps: (x, maps[:40]), ValueError, "300 rows and 40 target images"),
    (lambda x, maps: (x, maps[:9, 0, 0]), ValueError, "300 rows and 9 target images"),
    (lambda x, maps: (x, np.where(np.arange(300) == 7, 17, maps.T).T), ValueError,
     r"colour 17 at sample 7, pixel \(0, 0\): never seen in a palette of 16 colours, 0 to 15; "
     "pass colours=18"),
    (lambda x, maps: (x, maps.astype(int) - 1), ValueError,
     r"colour -1 at sample \d+, pixel .*never seen"),
    (lambda x, maps: (x, [*maps[1:], maps[0, :, :-1]]), ValueError,
     r"image 299 has shape \(4, 4\)"),
    (lambda x, maps: (x, maps + np.nan), ValueError, "hold nan at sample 0"),
    (lambda x, maps: (x, maps.astype(float)), ValueError,
     "6 distinct colours, fewer than the 16 .*colours=6"),
    (lambda x, maps: (x, np.where(np.arange(300) == 7, np.nan, maps.T).T), ValueError,
     r"hold nan at sample 7, pixel \(0, 0\)"),
    (lambda x, maps: (x, np.ma.masked_equal(maps, 2)), ValueError, "masked values"),
    (lambda x, maps: (x, pd.Series(maps[:9, 0, 0], index=range(3, 12))), ValueError,
     "300 rows and 9 target images"),
    (lambda x, maps: (x, pd.DataFrame(maps[:, 0])), ValueError,
     r"images \(m, h, w\).*shape \(300, 5\)\. Labels are a vector .* go to whiten"),
    (lambda x, maps: (x, None), TypeError, "images or labels of 300 samples, got one NoneType"),
    (lambda x, maps: (x, 3), TypeError, "images or labels of 300 samples, got one int"),
    (lambda x, maps: (x, []), ValueError, "300 rows and 0 target images"),
    (lambda x, maps: (x, maps[:, :0]), ValueError, r"shape \(300, 0, 5\)"),
    (lambda x, maps: (x, maps[:, 0]), ValueError, r"images \(m, h, w\)"),
    (lambda x, maps: (x, maps.astype(str)), TypeError, "real numbers"),
    (lambda x, maps: (x * np.nan, maps), ValueError, "features hold nan at row 0, column 0"),
    (lambda x, maps: (x[:, 0], maps), ValueError, "features must have two axes"),
    (lambda x, maps: (x + 0j, maps), TypeError, "complex"),
])
def test_errors(change, error, match):
    features, maps = change(*scenes())
    with pytest.raises(error, match=match):
        pixelwise_h_score(features, maps, progress=False)


@pytest.mark.parametrize("codes, error, match", [
    (np.zeros((299, 2, 2), int), ValueError, r"300 rows and codes of shape \(299, 2, 2\)"),
    (np.zeros((300, 2, 2)), TypeError, "dtype float64; make them with"),
    (pd.Series([1, None] * 150), TypeError, "dtype float64.* fill in what is missing"),
    (pd.Series([1, None] * 150, dtype="Int64"), TypeError, "fill in what is missing"),
    ([1, None] * 150, TypeError, "dtype object.* fill in what is missing"),
    (np.ma.masked_equal([1, 2] * 150, 2), ValueError, "codes hold masked values"),
    (["a", "b"] * 150, TypeError, "codes must be integers, got dtype <U1"),
    ([np.zeros(2, int)] * 299 + [np.zeros(3, int)], ValueError, "codes differ in size"),
    (np.zeros((300, 0), int), ValueError, "no pixel"),
    (np.full((300, 2), -1), ValueError, "not be negative, got -1"),
    (3, ValueError, "differ in length"),
])
def test_bad_codes(codes, error, match):
    with pytest.raises(error, match=match):
        whiten(scenes()[0]).h_score(codes, progress=False)


def test_codes_of_pandas_count_by_place(way):
    """An index of their own says nothing: a table of pixels, and a column of it."""
    x, maps = scenes()
    table = pd.DataFrame(maps[:, 0], index=np.random.default_rng(0).permutation(300))
    check(whiten(x).h_score(table, progress=False), x, maps[:, 0])
    check(whiten(x).h_score(table[3], progress=False), x, maps[:, 0, 3])
    check(whiten(pd.DataFrame(x, index=table.index)).h_score(table, progress=False), x, maps[:, 0])


@pytest.mark.parametrize("dtype", "uint8 int8 uint16 int32 uint32 uint64 int64".split())
def test_codes_of_every_integer_type(dtype, way):
    x, maps = scenes()
    check(whiten(x).h_score(maps[:, 0].astype(dtype), progress=False), x, maps[:, 0])
    check(pixelwise_h_score(x, maps.astype(dtype), progress=False), x, maps)


def test_one_sample_says_nothing():
    result = pixelwise_h_score([[1.0, 2.0]], np.zeros((1, 2, 2), int), progress=False)
    assert not result.statistic.any() and not result.chance.any() and not result.adjusted.any()


def test_the_way_out_counts_beyond_the_type_of_the_codes():
    maps = np.full((6, 2, 2), 255, np.uint8)
    with pytest.raises(ValueError, match="pass colours=256"):
        pixelwise_h_score(np.random.default_rng(0).standard_normal((6, 2)), maps, colours=4)
