"""Pairs of sources: tdist.pixelwise.second_order and Whitened.given against tdist.h_score."""

import numpy as np
import pandas as pd
import pytest
import torch

from tdist.pixelwise import second_order, whiten
from tests.pixels import check, scenes

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("name", ["apart", "overlap", "combinations", "the same", "float32",
                                  "scaled", "dead", "one", "close", "float32 duplicates"])
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
        "float32 duplicates": (x[:, :9].astype(np.float32),
                               x[:, 2:15].astype(np.float32) * np.float32(3.3), 15),
    }[name]
    # of two columns that differ by rounding one or the other is left out
    tolerance = 1e-5 if name == "float32 duplicates" else 1e-9
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
    assert np.allclose(rest.z.T @ rest.z / 300, np.eye(8), atol=1e-10)
    assert np.allclose(a.z.T @ rest.z, 0, atol=1e-8)
    ways = [[white.h_score(maps, progress=False).statistic for white in pair]
            for pair in ((a, rest), (b, a.given(b)))]
    assert np.allclose(sum(ways[0]), sum(ways[1]), atol=1e-9)
    for nothing in (a.given(a), whiten(x[:, :3]).given(a)):
        assert nothing.rank == 0 and not nothing.h_score(maps, progress=False).statistic.any()
    dead = whiten(np.ones((300, 2)))
    assert b.given(dead).rank == 15 and dead.given(b).rank == 0
    with pytest.raises(ValueError, match="300 and of 299 samples; both sources must see the same"):
        a.given(whiten(x[1:]))


def test_given_knows_the_rounding_of_both():
    """Features in float64 beside themselves in float16: what the second does not explain of the
    first is the second's rounding, far above the first's own."""
    x, _ = scenes(k=5)
    exact, rounded = whiten(x), whiten(x.astype(np.float16))
    assert exact.given(rounded).rank == rounded.given(exact).rank == 0
    mixed = whiten(x @ RNG.standard_normal((5, 4)))
    assert mixed.given(rounded).rank == 0


def test_all_pairs():
    x, maps = scenes(k=9)
    parts = {"p": x[:, :4], "q": x[:, 3:7], "r": x[:, 6:], "s": x[:, :2]}
    whitened = {name: whiten(part) for name, part in parts.items()}
    found = dict(second_order(whitened, maps, progress=False))
    assert list(found) == [("p", "q"), ("p", "r"), ("p", "s"), ("q", "r"), ("q", "s"), ("r", "s")]
    for (a, b), scores in found.items():
        check(scores, np.c_[parts[a], parts[b]], maps)
        for name in (a, b):
            one = whitened[name].h_score(maps, progress=False)
            assert (scores.statistic > one.statistic - 1e-9).all()
    first = {name: white.h_score(maps, progress=False) for name, white in whitened.items()}
    kept = dict(first)
    del first["s"]  # some known, some not
    for pair, scores in second_order(whitened, maps, first, progress=False):
        assert np.allclose(scores, found[pair], atol=1e-12)
    assert list(first) == ["p", "q", "r"] and all(first[name] is kept[name] for name in first)


def test_what_does_not_belong_together_is_refused():
    """Scores of one pixel once spread over all pixels without a word."""
    x, maps = scenes()
    whitened = {"a": whiten(x[:, :4]), "b": whiten(x[:, 4:])}
    first = {"a": whitened["a"].h_score(maps[:, 0, 0], progress=False)}
    message = r"scores of 'a' are of 300 samples and shape \(\), and codes have shape \(300, 4, 5\)"
    with pytest.raises(ValueError, match=message):
        next(second_order(whitened, maps, first, progress=False))
    first = {"a": whitened["a"].h_score(maps, progress=False)}
    with pytest.raises(ValueError, match=r"300 rows and codes of shape \(299, 4, 5\)"):
        next(second_order(whitened, maps[1:], first, progress=False))
    few = {"a": whiten(x[1:]).h_score(maps[1:], progress=False)}
    with pytest.raises(ValueError, match=r"'a' are of 299 samples .* codes have shape \(300, 4, 5"):
        next(second_order(whitened, maps, few, progress=False))
    with pytest.raises(TypeError, match=r"given what\? Pass whiten\(features\).* got ndarray"):
        whitened["a"].given(x)
    with pytest.raises(TypeError, match=r"sources must have names: .* not a list"):
        next(second_order(list(whitened.values()), maps, progress=False))
    with pytest.raises(ValueError, match="no pair among 1 sources"):
        next(second_order({"a": whitened["a"]}, maps, progress=False))


@pytest.mark.parametrize("kind", [bool, np.uint16, torch.tensor, pd.Series, list])
def test_codes_of_every_kind(kind):
    x, maps = scenes()
    whitened = {"a": whiten(x[:, :4]), "b": whiten(x[:, 4:])}
    codes = (maps[:, 0, 0] > 2).astype(int)
    other = codes.astype(kind) if kind in (bool, np.uint16) else kind(codes)
    ((_, scores),) = second_order(whitened, other, progress=False)
    ((_, expected),) = second_order(whitened, codes, progress=False)
    assert scores.statistic == expected.statistic and scores.adjusted == expected.adjusted
