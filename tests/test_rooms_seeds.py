"""The rooms with other seeds, at equal labels, with trained pairs of sources, in few colours."""

from functools import partial

import numpy as np
import pytest
import torch

from tdist import h_score, scenes
from tdist.networks import LabelDecoder, MapDecoder
from tdist.studies import rooms, rooms_colours, rooms_seeds
from tdist.studies.rooms import Scale
from tdist.studies.rooms_paper import Run

TINY = Scale(16, 40, 1, 260, 60, 1, 20, width=2, batch=20)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    return partial(Run, TINY)


def test_decoders_take_two_codes_side_by_side():
    both = torch.randn(3, 16, 4, 4)
    assert MapDecoder(4, 16)(both).shape == (3, 16, 16)
    assert LabelDecoder(5, 4, 16)(both).shape == (3, 5)


def test_outputs_of_two_codes_see_both():
    """The answer is in the second code only; of the first alone nothing is learned."""
    scale = Scale(16, 1, 1, 1, 60, 10, 40, width=4, batch=20)
    draw = torch.Generator().manual_seed(0)
    parts = {}
    for part in ("decoder", "held_out"):
        data = rooms.rooms(scale, part)
        depth = data.maps["depth"].float()[:, None]
        answer = torch.nn.functional.pixel_unshuffle(depth, 4)[:, :8]
        parts[part] = data, torch.randn(len(data), 8, 4, 4, generator=draw), answer
    (train, noise, answer), (test, noise_test, answer_test) = parts.values()
    truth = rooms.targets("depth", test, train)

    def loss(*which):
        codes = [[(noise, answer)[i] for i in which], [(noise_test, answer_test)[i] for i in which]]
        found = rooms.outputs("depth", codes[0], train, codes[1], scale)
        return float(rooms.losses(found, truth).mean())

    alone = rooms.transfer("depth", {"a": answer}, train, {"a": answer_test}, test, scale)
    assert loss(1) == pytest.approx(float(alone.mean()), rel=1e-6)
    assert loss(0, 1) < 0.6 * loss(0)


@pytest.mark.parametrize("k", [30, 80])
def test_shrunken_scores_are_those_of_h_score(k):
    """More features than rooms, and fewer."""
    draw = np.random.default_rng(0)
    x = torch.from_numpy(draw.standard_normal((50, k)) * draw.uniform(0.1, 2, k)).float()
    classes = draw.integers(0, 4, (50, 3))
    expected = [h_score(x, y, "ledoit-wolf").adjusted for y in classes.T]
    assert rooms_seeds.shrunk_scores(x, classes) == pytest.approx(expected, abs=1e-8)


def test_shrunken_scores_where_one_direction_is_nearly_all():
    """A column of 1 or -1, a thousand times as large as the others: the intensity is small, and
    codes of rooms are like that."""
    draw = np.random.default_rng(0)
    x = draw.standard_normal((300, 80))
    x[:, 0] = np.tile([-1000, 1000], 150)
    classes = draw.integers(0, 4, (300, 2))
    found = [h_score(x, y, "ledoit-wolf") for y in classes.T]
    assert 0 < found[0].shrinkage < 1e-4
    assert rooms_seeds.shrunk_scores(torch.from_numpy(x), classes) == pytest.approx(
        [one.adjusted for one in found], abs=1e-6)


def test_means_by_hand():
    target = {"a": np.zeros((5, 1, 2)), "b": np.zeros(5), "c": np.zeros((5, 3, 1))}
    found = rooms_seeds.means(np.array([1.0, 3, 7, 1, 2, 6]), target)
    assert found == {"a": 2, "b": 7, "c": 3}


def test_another_seed_is_another_encoder_of_the_same_rooms(run):
    first, second = run(seed=1), run(seed=2)
    assert torch.equal(first.rooms("encoder").images, second.rooms("encoder").images)
    weights = [next(r.encoder("depth").parameters()) for r in (first, second, run(seed=1))]
    assert torch.equal(weights[0], weights[2]) and not torch.equal(weights[0], weights[1])


def test_a_transfer_unit_by_hand(run):
    found = rooms_seeds.transfer_unit(run(seed=1), "scene")
    r = run(seed=1)
    train, test = r.codes("decoder"), r.codes("held_out")
    loss = rooms.transfer("scene", train, r.rooms("decoder"), test, r.rooms("held_out"), TINY,
                          seed=1)
    assert found["loss"] == pytest.approx(loss.mean(1), rel=1e-6)
    difference = loss[0] - loss[5]
    c = np.array(found["covariance"])
    assert c[0, 0] + c[5, 5] - 2 * c[0, 5] == pytest.approx(difference.var(ddof=1) / 20, rel=1e-4)
    said = rooms.outputs("scene", [train["depth"]], r.rooms("decoder"), [test["depth"]], TINY, 1)
    right = float((said.argmax(1) == r.rooms("held_out").scene).float().mean())
    assert found["accuracy"][5] == pytest.approx(right)


def test_the_budgets_count_the_decoders_rooms_first(run, monkeypatch):
    monkeypatch.setattr(rooms_seeds, "SHARES", (2,))
    r = run(seed=1)
    found = rooms_seeds.budget_unit(r, "depth")
    assert list(found) == ["60", "130", "260"] and found["60"]["raw"] is None
    white = rooms_seeds.score_unit(r, "depth")
    for task in scenes.TASKS:
        assert found["260"]["raw"][task] == pytest.approx(white[task]["adjusted"], abs=1e-9)
    by_hand = h_score(rooms_seeds.code(r, "depth", "decoder"), r.rooms("decoder").scene,
                      "ledoit-wolf").adjusted
    assert found["60"]["shrunk"]["scene"] == pytest.approx(by_hand, abs=1e-7)


@pytest.mark.slow
def test_all_units_on_tiny_rooms(run, monkeypatch):
    monkeypatch.setattr(rooms_seeds, "SHARES", (2,))
    found = {key: unit() for key, unit in rooms_seeds.units(TINY, 1).items()}
    assert len(found) == 1 + 4 * 8
    pairs = {key: unit() for key, unit in rooms_seeds.units_of_pairs(TINY, 1).items()}
    assert len(pairs) == 1 + 2 * (6 + 15) + 15
    assert len(pairs["pair/depth/edge2d+edge3d"]) == len(rooms_seeds.DECODERS)
    assert pairs["h/edge2d+edge3d"]["scene"]["h"] > found["h/edge2d"]["scene"]["h"]
    all_pairs = rooms_seeds.units_of_pairs(TINY, 1, sources=rooms_seeds.SMALL_PAIRS)
    assert len(all_pairs) == 1 + 2 * (7 + 21) + 27
    read = rooms_seeds.matrices(found)
    assert read["affinity"].sum(0) == pytest.approx(np.ones(8))
    assert read["loss"][2, 5] == found["transfer/depth"]["loss"][2]  # source 3D edges
    assert read["h"][2, 7] == found["h/edge3d"]["scene"]["adjusted"]


def test_lost_edges_by_hand():
    true, recovered = np.array([0.0, 0.2, 0.8, 1.0]), np.array([0.0, 0.05, 0.4, 0.3])
    assert rooms_colours.lost(true, recovered, true > 0) == pytest.approx(2 / 3)  # 0.4 is half


def test_a_unit_of_lost_edges_by_hand(monkeypatch):
    """Two levels: of values 0.2, 0.9 and 1 above a background of 0 the faint ones are lost."""
    maps = np.zeros((4, 4, 4), np.float32)
    maps[:, 0, 0], maps[:, 1, 1], maps[0, 2, 2] = 0.9, 1.0, 0.2
    monkeypatch.setattr(rooms_colours, "edges", lambda size: maps)
    found = rooms_colours.lost_unit(64, 2)
    assert found["lost"] == pytest.approx(1 / 9) and found["worst room"] == pytest.approx(1 / 3)
    assert rooms_colours.lost_unit(64, 4)["lost"] == 0
