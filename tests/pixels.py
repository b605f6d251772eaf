"""Features and maps for the tests of tdist.pixelwise, and scores held against tdist.h_score."""

import numpy as np
import pytest

from tdist import h_score


def scenes(m=300, k=12, size=(4, 5), colours=6, seed=0):
    """Features, and maps of codes that vary smoothly over the pixels and depend on the features."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((m, k))
    depth = np.cumsum(np.cumsum(rng.standard_normal((m, *size)), 1), 2) + 2 * x[:, :1, None]
    edges = np.quantile(depth, np.arange(1, colours) / colours)
    return x, np.digitize(depth, edges).astype(np.uint8)


def check(result, features, codes, tolerance=1e-9):
    """Every pixel is what h_score of the features and the pixel's codes gives, in every field."""
    assert result.statistic.shape == codes.shape[1:]
    for place in np.ndindex(result.statistic.shape):
        labels = codes[(slice(None), *place)]
        values = [array[place] for array in (result.statistic, result.chance, result.adjusted)]
        if len(set(labels.tolist())) == 1:
            assert values == [0, 0, 0] and result.classes[place] == 1
            continue
        one = h_score(features, labels)
        expected = [one.statistic, one.chance, one.adjusted]
        assert values == pytest.approx(expected, abs=tolerance, nan_ok=True)
        assert (result.classes[place], result.rank, result.n) == (one.classes, one.rank, one.n)
