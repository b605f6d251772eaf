"""The study of eight tasks in rendered rooms, its networks."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from tdist import h_score, scenes
from tdist.manners import Diverged
from tdist.networks import Encoder, LabelDecoder, MapDecoder
from tdist.pixelwise import palette, whiten
from tdist.studies import rooms, rooms_paper
from tdist.studies.rooms import LIVE, PAPER, Scale
from tdist.studies.rooms_paper import config, units

SMALL = Scale(16, 200, 8, 300, 60, 10, 40, width=8, batch=20)
NAMES = scenes.TASKS


@pytest.fixture(scope="module")
def data():
    return {part: rooms.rooms(SMALL, part) for part in ("encoder", "scored", "decoder", "held_out")}


def test_the_paper_scale_is_the_papers():
    assert PAPER.size == 64 and PAPER.encoder_rooms == PAPER.scored_rooms == 20_000
    code = Encoder(PAPER.width)(torch.zeros(2, 3, 64, 64))
    assert code.shape == (2, 8, 16, 16) and code[0].numel() == 2048


def test_decoders_give_maps_and_logits():
    code = torch.randn(3, 8, 8, 8)
    assert MapDecoder(4)(code).shape == (3, 32, 32)
    assert LabelDecoder(5, 4)(code).shape == (3, 5)
    assert LIVE.size % 4 == 0


def test_parts_are_disjoint_rooms(data):
    firsts = [part.images[0] for part in data.values()]
    assert [len(part) for part in data.values()] == [200, 300, 60, 40]
    assert all((a != b).any() for i, a in enumerate(firsts) for b in firsts[:i])


def test_losses_by_hand():
    maps, target = torch.zeros(2, 2, 2), torch.tensor([[[1.0, 1], [1, 1]], [[0, 0], [0, 2]]])
    assert rooms.losses(maps, target).tolist() == [1, 1]
    logits = torch.tensor([[1.0, 1.0], [3.0, 1.0]]).log()
    found = rooms.losses(logits, torch.tensor([0, 1]))
    assert torch.allclose(found, torch.tensor([2.0, 4.0]).log())


def test_map_targets_are_standardised_by_the_rooms_of_training(data):
    train = rooms.targets("depth", data["decoder"], data["decoder"])
    assert abs(train.mean()) < 1e-4 and abs(train.std() - 1) < 1e-4
    raw = data["decoder"].maps["depth"].float()
    test = rooms.targets("depth", data["held_out"], data["decoder"])
    held_out = data["held_out"].maps["depth"].float()
    assert torch.allclose(test * raw.std() + raw.mean(), held_out, atol=1e-3)
    assert torch.equal(rooms.targets("scene", data["decoder"], None), data["decoder"].scene)


def test_an_encoder_learns_its_task_and_nothing_else_is_touched(data):
    state, before = torch.random.get_rng_state(), data["encoder"].images.clone()
    network = rooms.train_encoder("depth", data["encoder"], SMALL)
    again = rooms.train_encoder("depth", data["encoder"], SMALL)
    pairs = zip(network.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(before, data["encoder"].images)
    assert not network.training
    loss = rooms.own_loss(network, "depth", data["held_out"], data["encoder"])
    target = rooms.targets("depth", data["held_out"], data["encoder"])
    with torch.no_grad():
        by_hand = (network(rooms.pictures(data["held_out"].images)) - target).square().mean()
    assert loss == pytest.approx(by_hand.item(), rel=1e-4)
    assert loss < 0.7 * target.square().mean()  # of the mean map


def test_transfer_prefers_a_code_that_holds_the_answer(data):
    """A code that holds the target itself beats one of noise, and the same code twice gives the
    same losses."""
    def cheat(part):
        depth = data[part].maps["depth"].float()[:, None]
        return torch.nn.functional.pixel_unshuffle(depth, 4)[:, :8]

    noise = {part: torch.randn(len(data[part]), 8, 4, 4, generator=torch.Generator().manual_seed(0))
             for part in ("decoder", "held_out")}
    train = {"answer": cheat("decoder"), "noise": noise["decoder"],
             "answer again": cheat("decoder")}
    test = {"answer": cheat("held_out"), "noise": noise["held_out"],
            "answer again": cheat("held_out")}
    loss = rooms.transfer("depth", train, data["decoder"], test, data["held_out"], SMALL)
    assert loss.shape == (3, 40) and np.array_equal(loss[0], loss[2])
    assert loss[0].mean() < 0.5 * loss[1].mean()
    weights = rooms.affinity(loss)
    assert weights[0] == pytest.approx(weights[2]) and weights[0] > 5 * weights[1]
    assert weights.sum() == pytest.approx(1)


def test_codes_are_those_of_the_encoder(data):
    encoder = rooms.seeded(lambda: Encoder(4)).eval()
    images = data["scored"].images
    found = rooms.codes(encoder, images)
    with torch.no_grad():
        expected = encoder(images[260:262].float() / 127.5 - 1)
    assert found.shape == (300, 8, 4, 4) and torch.allclose(found[260:262], expected, atol=1e-5)


def test_quantised_targets_are_palettes_of_each_task(data):
    few = scenes.render(50, 16)
    target = rooms.quantised(few, 4)
    assert list(target) == list(NAMES)
    assert target["depth"].shape == (50, 16, 16) and set(np.unique(target["depth"])) == {0, 1, 2, 3}
    depth = few.maps["depth"].float().numpy()
    means = [depth[target["depth"] == c].mean() for c in range(4)]
    assert means == sorted(means)  # a palette of one channel is in order
    assert np.array_equal(target["object"], few.object.numpy())


def test_pair_units_hold_every_task(data):
    encoders = {name: rooms.seeded(lambda: Encoder(2), seed).eval()
                for seed, name in enumerate("ab")}
    code = {name: rooms.codes(encoder, data["scored"].images).flatten(1)[:, :10]
            for name, encoder in encoders.items()}
    white = {name: whiten(x) for name, x in code.items()}
    target = rooms.quantised(data["scored"], 3)
    coarse = {task: rooms_paper.grid(target[task], task) for task in ("edge2d", "depth", "scene")}
    assert [x.shape[1:] for x in coarse.values()] == [(2, 2), (4, 4), ()]
    assert np.array_equal(coarse["depth"][:, 1, 2], target["depth"][:, 4, 8])
    first = {name: w.h_score(rooms_paper.columns(coarse), progress=False)
             for name, w in white.items()}
    single = rooms_paper.by_task(first["b"], coarse)
    pair = rooms_paper.pair_unit(white, coarse, first)
    both = torch.cat([code["a"], code["b"]], 1)
    for found, features in ((single, code["b"]), (pair, both)):
        by_hand = float(h_score(features, target["scene"]))
        assert found["scene"]["h"] == pytest.approx(by_hand, abs=1e-9)
    edges = [h_score(both, coarse["edge2d"][:, i, j]).adjusted for i in range(2) for j in range(2)]
    assert pair["edge2d"]["adjusted"] == pytest.approx(np.mean(edges), abs=1e-9)
    of_pixel = h_score(both, coarse["depth"][:, 3, 1]).adjusted
    assert pair["depth"]["map"][3][1] == pytest.approx(of_pixel, abs=6e-4)


def test_colour_unit_by_hand(data):
    encoder = rooms.seeded(lambda: Encoder(2)).eval()
    white = whiten(rooms.codes(encoder, data["scored"].images).flatten(1)[:, :10])
    maps = data["scored"].maps["depth"].float().numpy()
    found = rooms_paper.colour_unit(3, maps, white)
    centres = palette(maps, 3)
    nearest = np.abs(maps[..., None] - centres[:, 0]).argmin(-1)
    error = np.mean((maps - centres[nearest, 0]) ** 2) / maps.var()
    assert found["error"] == pytest.approx(error, rel=1e-5)
    corners = [float(h_score(white.z, nearest[:, i, j])) for i in (0, 8) for j in (0, 8)]
    assert found["h"] == pytest.approx(np.mean(corners), abs=1e-9)


@pytest.mark.slow
def test_the_units_at_the_papers_size_on_tiny_rooms(tmp_path, monkeypatch):
    """The whole study; rooms and encoders are kept, so a second start does not make them again."""
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    tiny = Scale(16, 40, 1, 260, 30, 1, 20, width=2, batch=20)
    monkeypatch.setattr(rooms_paper, "PALETTES", (2, 4))
    first = {key: unit() for key, unit in units(tiny).items() if key == "transfer/depth"}
    for made_once in ("train_encoder", "rooms"):
        monkeypatch.setattr(rooms_paper, made_once, None if made_once == "train_encoder" else
                            partial(no_other_rooms, allowed="scored"))
    jobs = units(tiny)
    assert set(units(PAPER)) == set(jobs)
    found = {key: unit() for key, unit in jobs.items() if not key.startswith("check")}
    assert found["transfer/depth"] == first["transfer/depth"]
    kinds = [key.split("/")[0] for key in found]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "encoder": 8, "transfer": 8, "h": 64, "leverage": 8, "pairs": 8 + 28, "colours": 2}
    assert np.shape(found["h/edge2d/depth"]["map"]) == (16, 16)
    single = found["h/edge2d/scene"]["h"]
    assert found["pairs/edge2d"]["scene"]["h"] == pytest.approx(single, abs=1e-9)
    assert found["pairs/edge2d+depth"]["scene"]["h"] > single


def no_other_rooms(scale, part, progress, allowed):
    assert part == allowed, f"{part} is made again"
    return rooms.rooms(scale, part, progress)


def test_the_scale_is_part_of_the_configuration():
    assert config(PAPER) != config(replace(PAPER, decoder_rooms=999))


def test_training_that_diverges_gives_the_weights_of_before(data):
    """A wild rate: the error names the pass and holds finite weights; NaN rooms at once."""
    inputs = data["decoder"].images.float()
    target = rooms.targets("depth", data["decoder"], data["decoder"])
    with pytest.raises(Diverged, match="pass 0 of 10") as caught:
        network = rooms.seeded(lambda: torch.nn.Sequential(Encoder(2), MapDecoder(2)))
        rooms.train(network, inputs * torch.nan, target, 10, SMALL)
    weights = rooms.seeded(lambda: torch.nn.Sequential(Encoder(2), MapDecoder(2))).parameters()
    pairs = zip(caught.value.network.parameters(), weights, strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
