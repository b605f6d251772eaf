"""tdist.pixelwise.palettes and .targets against hand sums, scikit-learn and every kind of input."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.cluster import KMeans

import tdist.pixelwise.palettes
import tdist.pixelwise.targets
from tdist.pixelwise import palette, quantise, recovery_error
from tdist.pixelwise.targets import check_codes

GOOD = np.arange(24.0).reshape(2, 3, 4)


def test_palette_by_hand():
    maps = np.array([[[0.0, 1.0], [10.0, 11.0]]])
    colours = palette(maps, 2)
    assert np.allclose(colours, [[0.5], [10.5]])
    codes = quantise(maps, colours)
    assert codes.dtype == np.uint8 and codes.tolist() == [[[0, 0], [1, 1]]]
    assert recovery_error(maps, colours) == pytest.approx(0.25)
    assert np.allclose(palette(maps, 4)[:, 0], [0, 1, 10, 11])
    assert recovery_error(maps, palette(maps, 4)) < 1e-20


def test_palette_of_three_channels_by_hand():
    maps = np.array([[[[0, 0, 0], [0, 0, 6]], [[90, 9, 0], [90, 9, 0]]]], dtype=np.uint8)
    colours = palette(maps, 2)
    assert np.allclose(colours, [[0, 0, 3], [90, 9, 0]])
    recovered = [[[[0, 0, 3], [0, 0, 3]], [[90, 9, 0], [90, 9, 0]]]]
    assert np.allclose(colours[quantise(maps, colours)], recovered)
    assert recovery_error(maps, colours) == pytest.approx((9 + 9) / 12)  # four pixels, 3 channels


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("colours", [2, 5, 16])
def test_nearest_colour_and_error(channels, colours, monkeypatch):
    maps = np.random.default_rng(0).gamma(1.0, size=(40, 6, 5, channels))
    centres = palette(maps, colours, seed=3)
    distance = ((maps[..., None, :] - centres) ** 2).sum(-1)
    assert (centres[:, 0] == np.sort(centres[:, 0])).all() and centres.shape == (colours, channels)
    pixels = maps.reshape(-1, channels)
    best = KMeans(colours, n_init=5, random_state=0).fit(pixels).inertia_ / maps.size
    for chunk in (2**22, 37 * channels):
        monkeypatch.setattr(tdist.pixelwise.targets, "CHUNK", chunk)
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
    assert np.array_equal(sampled, palette(maps, 4))
    assert not np.array_equal(sampled, palette(maps, 4, seed=1))
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
    message = "9 distinct colours, fewer than the 10 asked for; pass colours=9"
    with pytest.raises(ValueError, match=message):
        palette(maps, 10)
    assert len(recwarn) == 0


def test_many_colours_and_layouts():
    maps = np.random.default_rng(0).permutation(np.arange(2400.0)).reshape(24, 10, 10)
    codes = quantise(maps, np.arange(0, 2400, 8.0))  # a vector is a palette of one channel
    assert codes.dtype == np.int32 and codes.max() == 299
    colours = palette(maps, 5)
    series = pd.Series(list(maps), index=np.arange(24)[::-1])  # an index of its own
    for other in (torch.from_numpy(maps), maps.astype(np.float32), maps.astype(np.int64),
                  list(maps), maps[..., None], np.asfortranarray(maps), maps.tolist(),
                  [torch.tensor(image, requires_grad=True) for image in maps], series,
                  np.ma.masked_less(maps, -1), list(np.ma.masked_less(maps, -1))):
        assert np.allclose(palette(other, 5), colours)
        assert (quantise(other, colours) == quantise(maps, colours)).all()
    for other in (torch.from_numpy(colours), pd.DataFrame(colours), colours.tolist(),
                  pd.Series(colours[:, 0], index=list("vwxyz"))):
        assert (quantise(maps, other) == quantise(maps, colours)).all()
        assert recovery_error(maps, other) == recovery_error(maps, colours)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("offset, scale", [(0, 2.0**-440), (0, 2.0**440), (0, 1e-30), (1e8, 1.0),
                                           (-1e12, 1.0), (2.0**70, 2.0**30)])
def test_any_unit_and_zero(offset, scale, channels):
    """A palette moves with the maps; far from 0, and for tiny values, it was garbage in silence."""
    maps = np.random.default_rng(0).integers(0, 2**12, (50, 4, 4, channels)) / 2**12
    colours, moved = palette(maps, 5), palette(offset + scale * maps, 5)
    tolerance = 1e-9 * scale + 1e-15 * abs(offset)
    assert np.allclose(moved, offset + scale * colours, rtol=0, atol=100 * tolerance)
    codes = quantise(maps, colours)
    assert (quantise(offset + scale * maps, offset + scale * colours) == codes).mean() > 0.999
    error = recovery_error(offset + scale * maps, moved) / scale**2
    assert error == pytest.approx(recovery_error(maps, colours), rel=1e-3)


def test_values_too_close_for_their_squares():
    maps = np.random.default_rng(0).random((50, 4, 4)) * 1e-160
    with pytest.raises(ValueError, match=r"vary by 9.99e-161 only.* multiply the maps"):
        palette(maps, 5)
    with pytest.raises(ValueError, match="multiply the maps"):
        quantise(maps, [0.0, 1e-160])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e5m2])
def test_low_precision(dtype):
    maps = torch.arange(8.0).view(2, 2, 2).to(dtype)
    assert np.allclose(palette(maps, 8)[:, 0], np.arange(8))
    assert quantise(maps, [0.0, 4.0]).ravel().tolist() == [0, 0, 0, 1, 1, 1, 1, 1]


MASKED = np.ma.masked_equal(GOOD, 7)


@pytest.mark.parametrize("maps, error, match", [
    ([np.zeros((4, 4)), np.zeros((4, 5))], ValueError,
     r"image 1 has shape \(4, 5\), image 0 \(4, 4\); resize"),
    ([torch.zeros(4, 4), torch.zeros(4, 4, 3)], ValueError, "differ in size"),
    (pd.Series([np.zeros((4, 4)), np.zeros((4, 5))]), ValueError, "differ in size: image 1"),
    (np.where(GOOD == 18, np.nan, GOOD), ValueError, r"hold nan at sample 1, pixel \(1, 2\): NaN"),
    (np.where(GOOD == 3, -np.inf, GOOD), ValueError, r"hold -inf at sample 0, pixel \(0, 3\)"),
    (np.where(GOOD == 3, 1e160, GOOD), ValueError, r"1e\+160 at sample 0.* too large for its squ"),
    (MASKED, ValueError, "masked values; fill them in"),
    (list(MASKED), ValueError, "masked values; fill them in"),
    (GOOD[0], ValueError, r"images \(m, h, w\) or .*got shape \(3, 4\)"),
    (pd.DataFrame(GOOD[0]), ValueError, r"got shape \(3, 4\).* go to whiten\(features\).h_score"),
    (GOOD[:0], ValueError, r"got shape \(0, 3, 4\)"),
    ([], ValueError, r"got shape \(0,\)"),
    (GOOD + 0j, TypeError, "dtype complex"),
    (GOOD.astype(str), TypeError, "real numbers"),
    (GOOD.astype(object), TypeError, "got dtype object; convert them"),
    (np.where(GOOD == 3, None, GOOD), TypeError, "dtype object"),
    (GOOD.astype("datetime64[s]"), TypeError, "dtype datetime64"),
    (None, TypeError, "dtype object"),
    ("maps", TypeError, "real numbers"),
    (torch.zeros(2, 3, 4).to_sparse(), TypeError, r"sparse tensor; pass .*to_dense\(\)"),
])
def test_bad_maps(maps, error, match):
    for use in (palette, lambda maps: quantise(maps, [0.0, 1.0]),
                lambda maps: recovery_error(maps, [0.0, 1.0])):
        with pytest.raises(error, match=match):
            use(maps)


def test_the_bad_sample_is_named_in_every_chunk(monkeypatch):
    monkeypatch.setattr(tdist.pixelwise.targets, "CHUNK", 12)  # an image
    with pytest.raises(ValueError, match=r"nan at sample 1, pixel \(1, 2\)"):
        palette(np.where(GOOD == 18, np.nan, GOOD))


@pytest.mark.parametrize("colours, error, match", [
    ([0.0, np.nan, 2.0], ValueError, r"colour 1 of the palette is \[nan\]: NaN or infinity"),
    ([[0.0], [np.inf]], ValueError, r"colour 1 of the palette is \[inf\]"),
    ([0.0, 1e200], ValueError, "too large for its square"),
    (pd.Series([0.0, None]), ValueError, r"colour 1 of the palette is \[nan\]"),
    (np.ma.masked_equal([0, 1], 1), ValueError, "masked"),
    (["red", "blue"], TypeError, "real numbers, got dtype <U4; make one with"),
    ([0j, 1j], TypeError, "dtype complex"),
    (None, TypeError, "dtype object"),
    ([], ValueError, r"got shape \(0, 1\)"),
    (np.zeros((2, 0)), ValueError, r"got shape \(2, 0\)"),
    (3.0, ValueError, r"got shape \(\)"),
    (np.zeros((2, 1, 1)), ValueError, r"palette must be \(colours, channels\)"),
    ([[0.0, 0, 0], [1, 1, 1]], ValueError, "1 channels and the palette 3"),
])
def test_a_palette_that_is_none(colours, error, match):
    """With NaN in it every pixel went to some colour, and the error was NaN."""
    for use in (quantise, recovery_error):
        with pytest.raises(error, match=match):
            use(GOOD, colours)


def test_bad_palettes(monkeypatch):
    with pytest.raises(ValueError, match="3 channels and the palette 1; make the palette from"):
        quantise(np.zeros((2, 4, 4, 3)), palette(GOOD, 2))
    with pytest.raises(ValueError, match="at least 2 colours, got 1"):
        palette(GOOD, 1)
    for colours, error in ((2.5, ValueError), (np.nan, ValueError), ("3", TypeError)):
        with pytest.raises(error, match="colours must be a whole number"):
            palette(GOOD, colours)
    with pytest.raises(TypeError, match="seed must be a whole number, at least 0; got None"):
        palette(GOOD, 2, seed=None)
    with pytest.raises(ValueError, match=r"24 distinct colours, fewer than the 25 .* colours=24"):
        palette(GOOD, 25)
    with pytest.raises(ValueError, match="one colour only"):
        palette(np.ones((2, 3, 4)))

    class Stuck(tdist.pixelwise.palettes.MiniBatchKMeans):
        def fit(self, *args, **kwargs):
            super().fit(*args, **kwargs)
            self.cluster_centers_[0] = 1e6
            return self

    monkeypatch.setattr(tdist.pixelwise.palettes, "MiniBatchKMeans", Stuck)
    message = r"nearest to no pixel \(an empty cluster\); pass fewer than 4 colours"
    with pytest.raises(ValueError, match=message):
        palette(GOOD, 4)


@pytest.mark.parametrize("dtype", "uint8 int8 uint16 int16 uint32 int32 uint64 int64 bool".split())
def test_codes_of_every_type(dtype):
    """Small codes become bytes whatever they were; torch compares no uint16, NumPy counts no
    uint64."""
    codes = np.array([0, 1, 1, 0]).astype(dtype)
    found = check_codes(codes, 4)
    assert found.dtype == np.uint8 and found.tolist() == [0, 1, 1, 0]
    if dtype.endswith("64"):
        large = codes * (2**62 // codes.max()) + 7  # with gaps
        assert check_codes(large, 4).tolist() == [0, 1, 1, 0]


def test_codes_are_not_copied():
    codes = np.zeros((3, 2), np.uint8)
    assert check_codes(codes, 3) is codes
    many = check_codes(np.arange(300) * 5, 300)
    assert many.dtype == np.int32 and many.tolist() == list(range(300))
