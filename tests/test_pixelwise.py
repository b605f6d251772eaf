"""tdist.pixelwise, tdist.pixelwise.palettes and tdist.pixelwise.coloursums against hand sums, scikit-learn and tdist.h_score."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

import tdist.pixelwise
import tdist.pixelwise.coloursums
import tdist.pixelwise.palettes
from tdist import h_score
from tdist.hscore.moments import EPS
from tdist.pixelwise import (
    PixelScores,
    palette,
    pixelwise_h_score,
    quantise,
    recovery_error,
    second_order,
    whiten,
)
from tdist.pixelwise.coloursums import SumsByColour, _join


def scenes(m=300, k=12, size=(4, 5), colours=6, seed=0):
    """Features, and maps of codes that vary smoothly over the pixels and depend on the features."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((m, k))
    depth = np.cumsum(np.cumsum(rng.standard_normal((m, *size)), 1), 2) + 2 * x[:, :1, None]
    return x, np.digitize(depth, np.quantile(depth, np.arange(1, colours) / colours)).astype(np.uint8)


def check(result, features, codes, tolerance=1e-9):
    """Every pixel is what h_score of the features and the pixel's codes gives, in every field."""
    assert result.shape == codes.shape[1:]
    for place in np.ndindex(result.shape):
        labels = codes[(slice(None), *place)]
        values = [array[place] for array in (result, result.chance, result.adjusted)]
        if len(set(labels.tolist())) == 1:
            assert values == [0, 0, 0] and result.classes[place] == 1
            continue
        one = h_score(features, labels)
        assert values == pytest.approx([one.statistic, one.chance, one.adjusted], abs=tolerance, nan_ok=True)
        assert (result.classes[place], result.rank, result.n) == (one.classes, one.rank, one.n)


@pytest.fixture(params=["joint colours", "indicators"])
def way(request, monkeypatch):
    """Both ways to sum: the second is a GPU's."""
    if request.param == "indicators":
        monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: False)
    return request.param


# --- palettes -----------------------------------------------------------------------------------------------


def test_palette_by_hand():
    maps = np.array([[[0.0, 1.0], [10.0, 11.0]]])
    colours = palette(maps, 2)
    assert np.allclose(colours, [[0.5], [10.5]])
    codes = quantise(maps, colours)
    assert codes.dtype == np.uint8 and codes.tolist() == [[[0, 0], [1, 1]]]
    assert recovery_error(maps, colours) == pytest.approx(0.25)
    assert np.allclose(palette(maps, 4)[:, 0], [0, 1, 10, 11]) and recovery_error(maps, palette(maps, 4)) < 1e-20


def test_palette_of_three_channels_by_hand():
    maps = np.array([[[[0, 0, 0], [0, 0, 6]], [[90, 9, 0], [90, 9, 0]]]], dtype=np.uint8)
    colours = palette(maps, 2)
    assert np.allclose(colours, [[0, 0, 3], [90, 9, 0]])
    assert np.allclose(colours[quantise(maps, colours)], [[[[0, 0, 3], [0, 0, 3]], [[90, 9, 0], [90, 9, 0]]]])
    assert recovery_error(maps, colours) == pytest.approx((9 + 9) / 12)  # of four pixels with three channels


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("colours", [2, 5, 16])
def test_nearest_colour_and_error(channels, colours, monkeypatch):
    maps = np.random.default_rng(0).gamma(1.0, size=(40, 6, 5, channels))
    centres = palette(maps, colours, seed=3)
    distance = ((maps[..., None, :] - centres) ** 2).sum(-1)
    assert (centres[:, 0] == np.sort(centres[:, 0])).all() and centres.shape == (colours, channels)
    best = KMeans(colours, n_init=5, random_state=0).fit(maps.reshape(-1, channels)).inertia_ / maps.size
    for chunk in (2**22, 37 * channels):
        monkeypatch.setattr(tdist.pixelwise.palettes, "CHUNK", chunk)
        assert (quantise(maps, centres) == distance.argmin(-1)).all()
        assert recovery_error(maps, centres) == pytest.approx(distance.min(-1).mean() / channels)
    assert best - 1e-9 <= recovery_error(maps, centres) < 1.2 * best
    shuffled = centres[np.random.default_rng(1).permutation(colours)]  # any order will do
    assert np.array_equal(shuffled[quantise(maps, shuffled)], centres[quantise(maps, centres)])


def test_palette_is_fitted_to_a_sample(monkeypatch):
    maps = np.random.default_rng(0).random((100, 8, 8), dtype=np.float32)
    whole = recovery_error(maps, palette(maps, 4))
    monkeypatch.setattr(tdist.pixelwise.palettes, "SAMPLE", 500)
    sampled = palette(maps, 4)
    assert np.array_equal(sampled, palette(maps, 4)) and not np.array_equal(sampled, palette(maps, 4, seed=1))
    assert 0.95 * whole < recovery_error(maps, sampled) < 1.15 * whole
    maps[-5:] += 10  # the last samples count as the first
    assert palette(maps, 2).max() > 10


def test_frequent_colours_weigh_more():
    maps = np.repeat([0.0, 1.0, 100.0, 130.0], [4000, 4000, 2, 2]).reshape(1, 1, -1)
    assert np.allclose(palette(maps, 3)[:, 0], [0, 1, 115])


def test_mostly_background(monkeypatch, recwarn):
    maps = np.zeros((100, 16, 16))
    maps[:8, 3, 4] = np.arange(1, 9)
    assert np.allclose(palette(maps, 9)[:, 0], np.arange(9))
    monkeypatch.setattr(tdist.pixelwise.palettes, "SAMPLE", 200)  # which misses the rare colours
    assert np.allclose(palette(maps, 9)[:, 0], np.arange(9))
    with pytest.raises(ValueError, match="9 distinct colours, fewer than the 10 asked for; pass colours=9"):
        palette(maps, 10)
    assert len(recwarn) == 0


def test_many_colours_and_layouts():
    maps = np.random.default_rng(0).permutation(np.arange(2400.0)).reshape(24, 10, 10)
    codes = quantise(maps, np.arange(0, 2400, 8.0))  # a vector is a palette of one channel
    assert codes.dtype == np.int32 and codes.max() == 299
    colours = palette(maps, 5)
    for other in (torch.from_numpy(maps), maps.astype(np.float32), maps.astype(np.int64), list(maps), maps[..., None],
                  np.asfortranarray(maps)):
        assert np.allclose(palette(other, 5), colours) and (quantise(other, colours) == quantise(maps, colours)).all()


GOOD = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("maps, error, match", [
    ([np.zeros((4, 4)), np.zeros((4, 5))], ValueError, r"image 1 has shape \(4, 5\), image 0 \(4, 4\); resize"),
    ([torch.zeros(4, 4), torch.zeros(4, 4, 3)], ValueError, "differ in size"),
    (np.where(GOOD == 18, np.nan, GOOD), ValueError, r"NaN or infinity at sample 1, pixel \(1, 2\)"),
    (np.where(GOOD == 3, -np.inf, GOOD), ValueError, r"at sample 0, pixel \(0, 3\)"),
    (GOOD[0], ValueError, r"images \(m, h, w\) or .*got shape \(3, 4\)"),
    (GOOD[:0], ValueError, r"got shape \(0, 3, 4\)"),
    (GOOD + 0j, TypeError, "dtype complex"),
    (GOOD.astype(str), TypeError, "real numbers"),
])
def test_bad_maps(maps, error, match):
    for use in (palette, lambda maps: quantise(maps, [0.0, 1.0]), lambda maps: recovery_error(maps, [0.0, 1.0])):
        with pytest.raises(error, match=match):
            use(maps)


def test_bad_palettes(monkeypatch):
    with pytest.raises(ValueError, match="3 channels and the palette 1; make the palette from"):
        quantise(np.zeros((2, 4, 4, 3)), palette(GOOD, 2))
    with pytest.raises(ValueError, match="at least 2 colours, got 1"):
        palette(GOOD, 1)
    with pytest.raises(ValueError, match="24 distinct colours, fewer than the 25 asked for; pass colours=24"):
        palette(GOOD, 25)
    with pytest.raises(ValueError, match="one colour only"):
        palette(np.ones((2, 3, 4)))

    class Stuck(tdist.pixelwise.palettes.MiniBatchKMeans):
        def fit(self, *args, **kwargs):
            super().fit(*args, **kwargs)
            self.cluster_centers_[0] = 1e6
            return self

    monkeypatch.setattr(tdist.pixelwise.palettes, "MiniBatchKMeans", Stuck)
    with pytest.raises(ValueError, match=r"nearest to no pixel \(an empty cluster\); pass fewer than 4 colours"):
        palette(GOOD, 4)


# --- scores -------------------------------------------------------------------------------------------------


def test_two_pixels_by_hand(way):
    # mean 3/2, variance 5/4; class means 1/2 and 5/2: H = 4/5; 1 and 2: H = 1/5; one colour: 0
    maps = np.array([[[0, 1, 1]], [[0, 0, 1]], [[1, 1, 1]], [[1, 0, 1]]])
    result = pixelwise_h_score([[0], [1], [2], [3]], maps, progress=False)
    assert isinstance(result, np.ndarray) and result.shape == (1, 3) and (result.rank, result.n) == (1, 4)
    assert np.allclose(result, [[0.8, 0.2, 0]], atol=1e-15)
    assert np.allclose(result.chance, [[1 / 3, 1 / 3, 0]]) and result.classes.tolist() == [[2, 2, 1]]
    assert np.allclose(result.adjusted, [[1 - 0.2 * 3 / 2, 1 - 0.8 * 3 / 2, 0]], atol=1e-14)


def test_unequal_classes_by_hand(way):
    # cov = I; colour 0 (three samples) has mean (2/3, 2/3), colour 1 (2, 2), all (1, 1): 3/4 * 2/9 + 1/4 * 2 = 2/3
    result = pixelwise_h_score([[0, 0], [2, 0], [0, 2], [2, 2]], np.array([0, 0, 0, 1])[:, None, None], progress=False)
    assert result[0, 0] == pytest.approx(2 / 3, abs=1e-14) and result.adjusted[0, 0] == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("name", ["plain", "float32", "torch", "integers", "dead", "duplicates", "scaled", "offset",
                                  "float32 combinations", "wide"])
def test_equals_h_score_pixel_by_pixel(name, way):
    x, maps = scenes()
    maps[:, 0, 0], maps[:, 1, 1] = 3, np.random.default_rng(1).integers(0, 6, len(x))
    features = {
        "plain": x, "float32": x.astype(np.float32), "torch": torch.from_numpy(x).float(),
        "integers": (9 * x).astype(np.int16), "scaled": x * np.logspace(-6, 6, 12), "offset": x + 1e6,
        "dead": np.c_[np.zeros(300), x, np.full((300, 2), 0.1), np.full(300, 1e9 / 3)],
        "duplicates": np.c_[x, x[:, :4] * 1e-7, x[:, 0] - 3 * x[:, 1]],
        "float32 combinations": np.c_[x + 30, x[:, 0] + x[:, 1] + 60, 3.3 * x[:, 2]].astype(np.float32),
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
    assert result.rank == 39 and np.isnan(result.adjusted).all() and np.allclose(result, result.classes - 1)
    assert np.array_equal(pixelwise_h_score(x, np.ones_like(maps), progress=False).adjusted, np.zeros((4, 5)))


def test_whitened():
    x, _ = scenes()
    for features, rank in ((x, 12), (np.c_[x, x[:, :3], np.ones(300)] + 50, 12), (x[:10], 9), (np.ones((300, 2)), 0)):
        white = whiten(features)
        assert white.z.dtype == torch.float64 and (white.rank, white.n) == (rank, len(features))
        assert np.allclose(white.z.T @ white.z / white.n, np.eye(rank), atol=1e-10)
        assert np.allclose(white.z.sum(0), 0, atol=1e-10)
    maps = np.zeros((300, 2, 2), int)
    maps[:9] = 1
    nothing = white.h_score(maps, progress=False)
    assert not nothing.any() and not nothing.adjusted.any() and nothing.classes.tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("pixels", [1, 2, 15, 16, 17, 50])
@pytest.mark.parametrize("kind", ["random", "smooth", "background", "one colour", "two blocks"])
def test_sums_by_colour(pixels, kind, way, monkeypatch):
    rng = np.random.default_rng(pixels)
    m, colours = 400, 5
    codes = {
        "random": lambda: rng.integers(0, colours, (pixels, m)),
        "smooth": lambda: np.clip(np.cumsum(rng.integers(-1, 2, (pixels, m)) * (rng.random((pixels, m)) < 0.2), 0)
                                  + rng.integers(0, colours, m), 0, colours - 1),
        "background": lambda: rng.integers(0, colours, (pixels, m)) * (rng.random((pixels, m)) < 0.05),
        "one colour": lambda: np.full((pixels, m), 2),
        "two blocks": lambda: np.repeat(rng.integers(0, colours, (2, m)), (pixels + 1) // 2, 0)[:pixels],
    }[kind]().astype(np.uint8)
    z = rng.standard_normal((m, 37))
    z -= z.mean(0)
    expected = [[np.sum(z[c == colour].sum(0) ** 2) for colour in range(colours)] for c in codes]
    for widest in (2**20, 30):
        monkeypatch.setattr(tdist.pixelwise.coloursums, "WIDEST", widest)
        assert np.allclose(SumsByColour(torch.from_numpy(z), colours).squares(codes), expected, atol=1e-9)


def test_neighbours_are_summed_together():
    rng = np.random.default_rng(0)
    base = rng.integers(0, 16, 5000).astype(np.uint8)
    same, free = np.stack([base] * 16), rng.integers(0, 16, (16, 5000)).astype(np.uint8)
    assert [len(_join(c, 16)) for c in (same, free)] == [1, 8]  # one group; pairs
    assert sum(g.adds for g in _join(same, 16)) < 0.08 * same.size
    assert sum(g.adds for g in _join(free, 16)) < 0.56 * free.size
    sparse = (free * (rng.random(free.shape) < 0.02)).astype(np.uint8)
    assert sum(g.adds for g in _join(sparse, 16)) < 0.025 * free.size


def test_more_joint_colours_than_two_bytes_hold():
    codes = np.random.default_rng(0).integers(0, 290, (2, 200_000)).astype(np.int16)
    (group,) = _join(codes, 290)
    assert len(group.counts) > 2**16
    assert (group.table[group.joint].T == codes).all()


def test_any_number_of_pixels_at_a_time(monkeypatch, way):
    x, maps = scenes()
    reference = pixelwise_h_score(x, maps, 6, progress=False)
    for nonzeros, table in ((1, 2**24), (300 * 5, 2**24), (300 * 19, 2**24), (2**22, 1), (2**22, 6 * 32 * 7)):
        monkeypatch.setattr(tdist.pixelwise.coloursums, "NONZEROS", nonzeros)
        monkeypatch.setattr(tdist.pixelwise.coloursums, "TABLE", table)
        assert np.allclose(pixelwise_h_score(x, maps, 6, progress=False), reference, atol=1e-12)
    monkeypatch.setattr(tdist.pixelwise.scores, "CHUNK", 100)
    assert np.allclose(pixelwise_h_score(x, maps, 6, progress=False), reference, atol=1e-12)


def test_shapes_of_codes(way):
    x, maps = scenes()
    white = whiten(x)
    stacked = np.stack([maps, 5 - maps, maps[:, ::-1]], 1)  # (m, tasks, h, w)
    scores = white.h_score(stacked, progress=False)
    check(scores, x, stacked)
    assert scores.shape == (3, 4, 5) and np.allclose(scores[2], scores[0, ::-1])
    check(white.h_score(maps[:, 0, 0], progress=False), x, maps[:, 0, 0])
    check(white.h_score(maps > 2, progress=False), x, maps > 2)
    gapped = maps.astype(np.int64) * 10**12 + 3
    assert np.allclose(white.h_score(gapped, progress=False), scores[0], atol=1e-12)
    check(white.h_score(np.arange(300) % 290, progress=False), x, np.arange(300) % 290)


def test_labels_are_one_pixel():
    x, maps = scenes()
    y = maps[:, 2, 2]
    expected = h_score(x, y)
    for labels in (y, y.tolist(), np.array(list("abcdef"))[y], torch.from_numpy(y)):
        result = pixelwise_h_score(x, labels, progress=False)
        assert result.shape == () and float(result) == pytest.approx(expected.statistic, abs=1e-12)
        assert float(result.adjusted) == pytest.approx(expected.adjusted, abs=1e-10)


def test_images_become_codes():
    x, codes = scenes()
    depth = codes + 0.1 * np.random.default_rng(0).random(codes.shape)
    expected = pixelwise_h_score(x, codes, 6, progress=False)
    for images in (depth, depth.astype(np.float32), torch.from_numpy(depth), list(depth), depth[..., None],
                   codes.astype(float), (40 * codes)[..., None], np.stack([40 * codes, codes, 200 - 40 * codes], -1)):
        result = pixelwise_h_score(x, images, 6, progress=False)
        assert np.allclose(result, expected, atol=1e-12) and np.array_equal(result.classes, expected.classes)
    fewer = pixelwise_h_score(x, depth, 3, seed=5, progress=False)
    check(fewer, x, quantise(depth, palette(depth, 3, seed=5)))


def test_scores_are_an_array():
    x, maps = scenes()
    result = pixelwise_h_score(x, maps, 6, progress=False)
    for plain in (result[1:], 2 * result, result - result.chance, np.sqrt(result), result.mean(0)):
        assert not hasattr(plain, "chance") and isinstance(plain, np.ndarray)
    assert isinstance(result[1, 2], np.float64) and isinstance(result.mean(), np.float64)
    again = pickle.loads(pickle.dumps(result))
    assert np.array_equal(again, result) and np.array_equal(again.adjusted, result.adjusted) and again.rank == 12
    assert PixelScores(np.zeros((1, 1)), [[16]], 2048, 20_000).chance[0, 0] == pytest.approx(15 * 2048 / 19_999)
    assert round(15 * 2048 / 19_999, 3) == 1.536


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
        assert np.array_equal(features, kept) and np.array_equal(maps, kept_maps) and np.array_equal(depth, kept_depth)
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


# --- pairs --------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("name", ["apart", "overlap", "combinations", "the same", "float32", "scaled", "dead", "one",
                                  "close", "float32 duplicates"])
def test_pairs_equal_h_score_of_the_concatenation(name, way):
    x, maps = scenes(k=20)
    x = x @ RNG.standard_normal((20, 20))
    a, b, rank = {
        "apart": (x[:, :9], x[:, 9:], 20),
        "overlap": (x[:, :12], x[:, 5:], 20),
        "combinations": (x[:, :9], np.c_[x[:, :9] @ RNG.standard_normal((9, 14)), x[:, 9:11]], 11),
        "the same": (x, 3 * x[:, ::-1] - 1, 20),
        "float32": (x[:, :12].astype(np.float32), x[:, 5:].astype(np.float32), 20),
        "scaled": (x[:, :9] * np.logspace(-5, 6, 9), x[:, 7:] * 1e-4 + 10, 20),
        "dead": (np.c_[x[:, :9], np.ones((300, 2))], np.c_[np.zeros(300), x[:, 7:]], 20),
        "one": (x[:, :1], x, 20),
        "close": (x[:, :9], x[:, :9] + 0.02 * x[:, 9:18], 18),
        "float32 duplicates": (x[:, :9].astype(np.float32), x[:, 2:15].astype(np.float32) * np.float32(3.3), 15),
    }[name]
    tolerance = 1e-5 if name == "float32 duplicates" else 1e-9  # which of two that differ by rounding is left out
    whitened = {"a": whiten(a), "b": whiten(b)}
    (((first, second), pair),) = second_order(whitened, maps, progress=False)
    assert (first, second) == ("a", "b") and pair.rank == rank
    both = np.c_[a, b]
    assert both.dtype == a.dtype
    check(pair, both, maps, tolerance)
    assert pair.rank == whiten(both).rank
    ((_, swapped),) = second_order({"b": whitened["b"], "a": whitened["a"]}, maps, progress=False)
    assert swapped.rank == rank and np.allclose(swapped, pair, atol=tolerance)


def test_given():
    x, maps = scenes(k=20)
    x = x @ RNG.standard_normal((20, 20))
    a, b = whiten(x[:, :12]), whiten(x[:, 5:])
    rest = b.given(a)
    assert rest.rank == 8 and rest.n == 300
    assert np.allclose(rest.z.T @ rest.z / 300, np.eye(8), atol=1e-10) and np.allclose(a.z.T @ rest.z, 0, atol=1e-8)
    forward = a.h_score(maps, progress=False) + rest.h_score(maps, progress=False)
    backward = b.h_score(maps, progress=False) + a.given(b).h_score(maps, progress=False)
    assert np.allclose(forward, backward, atol=1e-9)
    for nothing in (a.given(a), whiten(x[:, :3]).given(a)):
        assert nothing.rank == 0 and not nothing.h_score(maps, progress=False).any()
    dead = whiten(np.ones((300, 2)))
    assert b.given(dead).rank == 15 and dead.given(b).rank == 0
    with pytest.raises(ValueError, match="300 and of 299 samples; both sources must see the same images"):
        a.given(whiten(x[1:]))


def test_all_pairs():
    x, maps = scenes(k=9)
    parts = {"p": x[:, :4], "q": x[:, 3:7], "r": x[:, 6:], "s": x[:, :2]}
    whitened = {name: whiten(part) for name, part in parts.items()}
    found = dict(second_order(whitened, maps, progress=False))
    assert list(found) == [("p", "q"), ("p", "r"), ("p", "s"), ("q", "r"), ("q", "s"), ("r", "s")]
    for (a, b), scores in found.items():
        check(scores, np.c_[parts[a], parts[b]], maps)
        assert (scores > np.maximum(*(whitened[name].h_score(maps, progress=False) for name in (a, b))) - 1e-9).all()
    first = {name: white.h_score(maps, progress=False) for name, white in whitened.items()}
    kept = dict(first)
    del first["s"]  # some known, some not
    for pair, scores in second_order(whitened, maps, first, progress=False):
        assert np.allclose(scores, found[pair], atol=1e-12)
    assert list(first) == ["p", "q", "r"] and all(np.array_equal(first[name], kept[name]) for name in first)


# --- chance -------------------------------------------------------------------------------------------------


def test_noise_scores_chance():
    """Features and colours that know nothing of each other: mean k (c - 1) / (m - 1) over the pixels."""
    rng = np.random.default_rng(0)
    m, k, c = 2000, 100, 16
    result = pixelwise_h_score(rng.standard_normal((m, k), dtype=np.float32), rng.integers(0, c, (m, 20, 20)),
                               progress=False)
    chance = k * (c - 1) / (m - 1)
    assert np.allclose(result.chance, chance)
    error = result.std() / np.sqrt(result.size)
    assert abs(result.mean() - chance) < 4 * error and abs(result.adjusted.mean()) < 5 * error
    assert result.std() == pytest.approx(np.sqrt(2 * (c - 1) * k * (1 - k / m)) / m, rel=0.15)


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
        assert result[0, j] == pytest.approx(np.einsum("c,ci,ij,cj", weights, means, cov, means), rel=1e4 * EPS, abs=0)


def test_shrinkage_of_features_with_a_column_that_does_not_vary():
    """project() shares its rule of rank; the target of shrinkage is the mean variance of all columns."""
    x, maps = scenes()
    wider, labels = np.c_[x, np.ones((300, 4))], maps[:, 1, 1]
    cov = 0.7 * np.cov(wider.T, bias=True)
    cov += 0.3 * np.trace(cov) / 0.7 / 16 * np.eye(16)
    means = np.array([wider[labels == c].mean(0) for c in range(6)]) - wider.mean(0)
    between = (means.T * np.bincount(labels) / 300) @ means
    expected = 0.7 * np.trace(np.linalg.solve(cov, between))
    assert h_score(wider, labels, shrinkage=0.3).statistic == pytest.approx(expected, abs=1e-11)


# --- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, error, match", [
    (lambda x, maps: (x[:-1], maps), ValueError, "differ in length: 299 rows and 300 target images"),
    (lambda x, maps: (x, maps[:40]), ValueError, "300 rows and 40 target images"),
    (lambda x, maps: (x, maps[:9, 0, 0]), ValueError, "300 rows and 9 target images"),
    (lambda x, maps: (x, np.where(np.arange(300) == 7, 17, maps.T).T), ValueError,
     r"colour 17 at sample 7, pixel \(0, 0\): never seen in a palette of 16 colours, 0 to 15; pass colours=18"),
    (lambda x, maps: (x, maps.astype(int) - 1), ValueError, r"colour -1 at sample \d+, pixel .*never seen"),
    (lambda x, maps: (x, [*maps[1:], maps[0, :, :-1]]), ValueError, r"image 299 has shape \(4, 4\)"),
    (lambda x, maps: (x, maps + np.nan), ValueError, "NaN or infinity at sample 0"),
    (lambda x, maps: (x, maps.astype(float)), ValueError, "6 distinct colours, fewer than the 16 .*colours=6"),
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
    (np.zeros((300, 0), int), ValueError, "no pixel"),
    (np.full((300, 2), -1), ValueError, "not be negative, got -1"),
    (3, ValueError, "differ in length"),
])
def test_bad_codes(codes, error, match):
    with pytest.raises(error, match=match):
        whiten(scenes()[0]).h_score(codes, progress=False)
