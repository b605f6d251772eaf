"""Pairs, gauges and roads: against hand-made steps."""

import copy
import pickle
import warnings
from dataclasses import replace
from itertools import chain, islice
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from torch import nn

from tdist import couplings, fisher_rao
from tdist.manners import Diverged
from tdist.networks import CNN, SmallCNN
from tdist.transfer import gauges
from tdist.transfer.blocks import Blocks
from tdist.transfer.gauges import (
    GAUGES,
    MixtureGauge,
    PairGauge,
    beta,
    either,
    half_beta,
    linear,
    visits,
)
from tdist.transfer.heads import Head
from tdist.transfer.randomness import COSTS, PAIRS, PROBE, stream
from tdist.transfer.readings import totals
from tdist.transfer.roads import POINTS, Traveller, travel
from tdist.transfer.settings import MIXING
from tdist.transfer.training import shown
from tests import transfers
from tests.transfers import QUICK, halves, points

pytestmark = pytest.mark.usefixtures("one_thread")


def plane(outputs=3, seed=0):
    return transfers.linear(outputs, seed)


def turned(n=8):
    """Two tasks of points whose classes are turned and share two names."""
    return points(n), points(n, classes=("b", "c"), seed=1, shift=1.0)


# pairs

def test_shares_have_the_mean_and_variance_of_beta():
    rng = np.random.default_rng(0)
    for share, variance in ((beta, 0.5), (either, 1.0), (linear, 0.0)):
        draws = share(rng, 0.3, 200_000)
        assert draws.mean() == pytest.approx(0.3, abs=0.004)
        assert draws.var() == pytest.approx(variance * 0.3 * 0.7, abs=0.003)
        assert (share(rng, 0.0, 5) == 0).all()
        assert (share(rng, 1.0, 5) == 1).all()


def test_shares_are_drawn_from_the_stream_that_is_given():
    def rng():
        return np.random.default_rng(5)

    assert np.array_equal(beta(rng(), 0.3, 4), rng().beta(0.3, 0.7, 4))
    assert np.array_equal(half_beta(rng(), 0.3, 4), np.full(4, rng().beta(0.15, 0.35)))
    assert np.array_equal(either(rng(), 0.3, 9), 1.0 * (rng().random(9) < 0.3))
    assert either(rng(), 0.3, 9).dtype == float == linear(None, 1, 2).dtype
    for share in (beta, half_beta, either, linear):  # at the ends nothing is drawn
        for end in (0, 1):
            untouched = rng()
            assert np.array_equal(share(untouched, end, 3), np.full(3, end))
            assert untouched.random() == rng().random()


def test_shares_of_a_gauge_are_of_its_seed_number_and_step(monkeypatch):
    """And the logits at them come chunk by chunk, in the order of the pairs."""
    source, target = turned(20)
    blocks, networks = Blocks(source, target, 5), [plane(), plane(seed=1)]
    gauge = PairGauge(blocks, Head(source.classes, target.classes), replace(QUICK, steps=3),
                      seed=3, number=2)
    gauge.readings, here = [{}], torch.tensor([1, 3])  # one step is done
    mix = torch.from_numpy(beta(stream(3, COSTS, 2 * 4 + 1 + 1), 0.3, 50))
    assert torch.equal(gauge._mix(here, 0.3), mix)
    inputs = blocks.mixed(blocks.pairs(here), mix.float())[0]
    monkeypatch.setattr(gauges, "CHUNK", 20)
    expected = torch.stack([network(inputs) for network in networks])
    assert torch.allclose(gauge._logits(networks, here, 0.3), expected, atol=1e-6)


@pytest.mark.parametrize("kind", GAUGES)
def test_a_gauge_is_of_the_first_road_unless_it_is_told(kind):
    """Roads that do not reach all blocks go on in one order."""
    source, target = points(40), points(40, seed=1)
    blocks, head = Blocks(source, target, 5), Head(source.classes, target.classes)
    for given, seed, first in (({}, 0, 0), ({"seed": 3, "number": 2}, 3, 2 * 5)):
        gauge = GAUGES[kind](blocks, head, replace(QUICK, visits=1), **given)
        assert gauge.order.tolist() == stream(seed, COSTS).permutation(8).tolist()
        assert gauge.first == first and gauge.turn == (8 if first else 0)
        gauge = GAUGES[kind](blocks, head, replace(QUICK, visits=8), **given)
        assert gauge.order.tolist() == stream(seed, COSTS, first).permutation(8).tolist()
    assert kind == "mixture" or gauge.count.dtype == gauge.total.dtype == torch.float64


@pytest.mark.parametrize("visits", [2, "all"])
def test_the_variance_of_a_step_from_the_inputs_that_were_drawn(visits):
    """Source images, with their partners; and images of either task. What a linear or a mixture
    road has measured whole has no such error."""
    source, target = turned(20)
    settings = replace(QUICK, visits=visits)
    blocks, head = Blocks(source, target, 5), Head(source.classes, target.classes)
    here = torch.arange(4 if visits == "all" else 2)
    left = 1 - len(here) / 4
    d = torch.rand(len(here) * 25, generator=torch.Generator().manual_seed(0)).double()
    weight = torch.rand(len(d), generator=torch.Generator().manual_seed(1)).double()
    rows = [(weight * d)[5 * i:5 * i + 5].sum().item() for i in range(5 * len(here))]
    pairs = np.var(rows, ddof=1) * len(rows)
    for kind, expected in (("beta", pairs), ("half-beta", pairs), ("linear", left * pairs)):
        gauge = GAUGES[kind](blocks, head, settings)
        assert gauge._variance(weight, here, 0.3, d) == pytest.approx(expected)
    d = d[:10 * len(here)]
    ends = [np.var(end, ddof=1) / len(end) for end in np.split(d.numpy(), 2)]
    assert MixtureGauge(blocks, head, settings)._variance(weight, here, 0.3, d) == pytest.approx(
        left * (0.7**2 * ends[0] + 0.3**2 * ends[1]))


def test_every_mixing_of_the_settings_has_a_gauge_and_only_the_mixture_has_no_coupling():
    assert set(GAUGES) == {*MIXING, "mixture"}
    assert [kind for kind in GAUGES if not issubclass(GAUGES[kind], PairGauge)] == ["mixture"]
    assert {kind: gauge.share for kind, gauge in GAUGES.items()} == {
        "beta": beta, "linear": linear, "half-beta": half_beta, "mixture": either}


def test_blocks_use_every_image_of_the_larger_task():
    small, large = points(10), points(23, name="large")
    blocks = Blocks(small, large, 4)
    assert blocks.source.shape == blocks.target.shape == (5, 4)
    assert len(blocks.target.flatten().unique()) == 20
    assert blocks.source.flatten().bincount().tolist() == [2] * 10
    assert torch.equal(blocks.coupling, torch.full((5, 4, 4), 1 / 16, dtype=torch.float64))
    with pytest.raises(ValueError, match="a block of 11 images is more than points has"):
        Blocks(small, large, 11)


def test_pairs_are_drawn_from_the_coupling():
    blocks, count = Blocks(points(12), points(12, seed=1), 4), 200_000
    gamma = torch.rand(3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    gamma = gamma**3 / (gamma**3).sum((1, 2), keepdim=True)
    blocks.coupling = torch.as_tensor(couplings.round_to_marginals(gamma))
    rows, columns = blocks.draw(np.random.default_rng(0), count)
    found = torch.zeros(12, 12, dtype=torch.float64)
    found.index_put_((rows, columns), torch.tensor(1.0 / count, dtype=torch.float64),
                     accumulate=True)
    for b in range(3):
        part = found[blocks.source[b]][:, blocks.target[b]]
        assert (3 * part - blocks.coupling[b]).abs().max() < 0.004


def test_a_row_that_sums_to_less_than_its_share_gives_its_last_column():
    """Sums of floats may end below the largest random number."""
    blocks, rng = Blocks(points(12), points(12, seed=1), 4), Mock()
    rng.integers.return_value, rng.random.return_value = np.array([1]), np.array([1 - 2.0**-53])
    blocks.coupling *= 1 - 1e-12
    assert blocks.draw(rng, 1) == (blocks.source[1, 1], blocks.target[1, 3])


def test_blocks_start_where_features_are_near():
    source, target = points(12), points(12)
    blocks = Blocks(source, target, 4)
    blocks.start(lambda task: task.images.flatten(1), 0.01, 1e-6)
    x = source.images.flatten(1).double()
    for b in range(3):
        cost = torch.cdist(x[blocks.source[b]], x[blocks.target[b]]) ** 2
        assert (blocks.coupling[b] * cost).sum() < 0.5 * cost.mean()
    pixels = Blocks(source, target, 4)
    pixels.start(None, 0.01, 1e-6)
    assert torch.equal(pixels.coupling, blocks.coupling)
    z = torch.rand(12, 2, generator=torch.Generator().manual_seed(0))
    blocks.start(lambda task: z, 0.01, 1e-6)
    expected = couplings.from_features(z[blocks.source], z[blocks.target], 0.01, 1e-6)
    assert torch.equal(blocks.coupling, expected.coupling)


def test_the_start_hides_no_warning_but_that_of_the_gap(monkeypatch):
    def warned(*given):
        warnings.warn("a gap", couplings.GapWarning, stacklevel=2)
        warnings.warn("another", UserWarning, stacklevel=2)
        return found

    found = couplings.from_features(torch.zeros(1, 4, 2), torch.zeros(1, 4, 2), 0.1)
    monkeypatch.setattr(couplings, "from_features", warned)
    with pytest.warns(UserWarning) as seen:
        Blocks(points(4), points(4), 4).start(None, 0.1, 1e-6)
    assert [str(one.message) for one in seen] == ["another"]


# roads

def test_one_step_by_hand():
    """K = 1 with one SGD step: costs, both lengths and the loss from the formulas, pair by pair."""
    source, target = turned()
    settings = replace(QUICK, steps=1, sgd_steps=1, block=4, mixing="linear", lr=0.3)
    head, network = Head(source.classes, target.classes), plane()
    blocks = Blocks(source, target, 4, seed=3)
    blocks.start(None, 0.05, 1e-6)
    moved = copy.deepcopy(network)
    road = travel([moved], [blocks], head, settings, seed=3, kind="linear")

    again = copy.deepcopy(network)
    optimiser = torch.optim.SGD(again.parameters(), 0.3)
    _, columns = blocks.draw(stream(3, PAIRS), 16)  # at tau = 1 every pair is its target image
    loss = head.target_loss(again(target.images[columns]), target.labels[columns])
    loss.backward()
    optimiser.step()
    assert torch.allclose(again[1].weight, moved[1].weight, atol=1e-6)
    assert road.train_loss == pytest.approx([loss.item()], rel=1e-5)

    total, square = 0.0, 0.0
    for b, i, j in np.ndindex(2, 4, 4):
        ends = source.images[blocks.source[b, i]], target.images[blocks.target[b, j]]
        x = sum(ends)[None] / 2
        p, q = network(x), again(x)
        d_s = fisher_rao.distance(p.softmax(1), q.softmax(1))
        d_t = fisher_rao.distance(p[:, 1:].softmax(1), q[:, 1:].softmax(1))
        d = ((d_s**2 + d_t**2) / 2).sqrt().item()
        assert road.costs[0][b, i, j].item() == pytest.approx(d, rel=1e-3)
        total += blocks.coupling[b, i, j].item() * d / 2
        square += blocks.coupling[b, i, j].item() * d**2 / 2
    assert road.steps == pytest.approx([total], rel=1e-3)
    assert road.riemannian_steps == pytest.approx([np.sqrt(square)], rel=1e-3)
    assert total < np.sqrt(square)


@pytest.mark.parametrize(("momentum", "weight_decay", "anneal"), [
    (0.0, 0.0, False), (0.8, 0.0, False), (0.0, 0.5, False), (0.8, 0.5, False), (0.8, 0.5, True)])
def test_the_weights_of_a_road_by_hand(momentum, weight_decay, anneal):
    """SGD as it is written down, and one velocity for the whole road."""
    source, target = turned(20)
    settings = replace(QUICK, steps=2, lr=0.1, momentum=momentum, weight_decay=weight_decay,
                       anneal=anneal)
    head, blocks, moved = Head(source.classes, target.classes), Blocks(source, target, 5), plane()
    road = travel([moved], [blocks], head, settings, kind="linear")

    again, losses = plane(), []
    velocity = [torch.zeros_like(weight) for weight in again.parameters()]
    for k in range(2):
        rng, mix = stream(0, PAIRS, k), torch.full((settings.batch,), (k + 1) / 2)
        for step in range(3):
            i, j = blocks.draw(rng, settings.batch)
            rate = 0.1 * (2 * (1 - (step + 0.5) / 3) if anneal else 1)
            m = mix[:, None, None, None]
            x = (1 - m) * source.images[i] + m * target.images[j]
            loss = head.loss(again(x), source.labels[i], target.labels[j], mix)
            losses.append(loss.item())
            gradients = torch.autograd.grad(loss, again.parameters())
            with torch.no_grad():
                for weight, v, g in zip(again.parameters(), velocity, gradients, strict=True):
                    v.mul_(momentum).add_(g + weight_decay * weight)
                    weight -= rate * v
    assert torch.allclose(again[1].weight, moved[1].weight, atol=1e-5)
    assert torch.allclose(again[1].bias, moved[1].bias, atol=1e-5)
    assert road.train_loss == pytest.approx(np.reshape(losses, (2, -1)).mean(1), rel=1e-4)


def test_one_uncoupled_step_by_hand():
    source, target = turned()
    settings = replace(QUICK, steps=1, sgd_steps=1, block=4, lr=0.3)
    head, network = Head(source.classes, target.classes), plane()
    moved = copy.deepcopy(network)
    road = travel([moved], [Blocks(source, target, 4)], head, settings, kind="mixture")
    d = torch.cat([head.step(network(task.images), moved(task.images), 0.5)
                   for task in (source, target)])
    assert road.steps == pytest.approx([d.mean().item()], rel=1e-3)
    assert road.riemannian_steps == pytest.approx([(d**2).mean().sqrt().item()], rel=1e-3)
    assert road.costs == []


def test_uncoupled_steps_weigh_the_tasks_by_the_middle_of_the_step():
    source, target = turned()
    head = Head(source.classes, target.classes)
    gauge = MixtureGauge(Blocks(source, target, 4), head,
                         replace(QUICK, steps=2, block=4, visits=2))
    before, after = plane(), plane(seed=1)
    network = copy.deepcopy(before)
    with gauge.step([network]):
        network.load_state_dict(after.state_dict())
    d = [head.step(before(task.images), after(task.images), 0.25).mean().item()
         for task in (source, target)]
    assert gauge.readings[0][gauge.main][0] == pytest.approx(0.75 * d[0] + 0.25 * d[1], rel=1e-4)
    assert abs(d[0] - d[1]) > 0.01


@pytest.mark.parametrize("kind", GAUGES)
def test_a_gauge_adds_whole_steps_only(kind):
    """A step that fails leaves no half of itself, and the next one is measured as if it were first:
    a look without a measure, or a measure without a look, cannot be written."""
    source, target = turned()
    head = Head(source.classes, target.classes)
    settings, found = replace(QUICK, steps=2, block=4, visits=2), []
    for fails in (False, True):
        gauge, network = GAUGES[kind](Blocks(source, target, 4), head, settings), plane()
        if fails:
            with pytest.raises(KeyboardInterrupt), gauge.step([network]):
                network.load_state_dict(plane(seed=2).state_dict())
                raise KeyboardInterrupt
            network.load_state_dict(plane().state_dict())
        for seed in (1, 2):
            with gauge.step([network]):
                network.load_state_dict(plane(seed=seed).state_dict())
        found.append((gauge.readings, [cost.tolist() for cost in gauge.costs()]))
    assert found[0] == found[1]
    assert len(found[0][0]) == 2
    assert min(step[gauge.main][0] for step in found[0][0]) > 0


def test_unseen_images_have_a_loss_of_their_own():
    """At tau = 1 it is the target's loss on unseen images, with the weights at the end."""
    source, target = points(20), points(20, classes=("b", "c"), seed=1)
    unseen = points(20, classes=("b", "c"), seed=7, shift=2.0)
    parts = [Blocks(source, target, 5), Blocks(source, unseen, 5)]
    head, network = Head(source.classes, target.classes), plane()
    road = travel([network], parts, head, QUICK, seed=4)
    _, columns = parts[1].draw(stream(4, PAIRS, QUICK.steps - 1), POINTS)
    expected = head.target_loss(network(unseen.images[columns]), unseen.labels[columns]).item()
    assert road.test_loss[-1] == pytest.approx(expected, rel=1e-5)


def test_weights_learn_in_training_mode_and_are_measured_in_evaluation_mode():
    source, target, modes = points(20), points(20, seed=1), []

    class Spy(nn.Sequential):
        def forward(self, x):
            modes.append((self.training, torch.is_grad_enabled()))
            return super().forward(x)

    travel([Spy(*plane())], [Blocks(source, target, 5)], Head(source.classes, target.classes),
           QUICK)
    assert set(modes) == {(True, True), (False, False)}
    assert sum(training for training, _ in modes) == QUICK.steps * QUICK.sgd_steps


def test_costs_add_up_to_the_length():
    """<Gamma, C> of the coupling that was travelled is the length, when every block is measured in
    every step."""
    source, target = points(20), points(20, seed=1, shift=1.0)
    blocks = Blocks(source, target, 5)
    head = Head(source.classes, target.classes)
    road = travel([plane()], [blocks], head, replace(QUICK, visits=4))
    expected = (blocks.coupling * road.costs[0]).sum().item() / 4
    assert expected == pytest.approx(sum(road.steps), rel=1e-9)
    assert float(road) == sum(road.steps)


def test_blocks_are_measured_in_turn_each_road_in_its_own_order():
    source, target = points(23), points(20, seed=1)
    head, settings = Head(source.classes, target.classes), replace(QUICK, steps=3)
    for number in (0, 1):
        gauge = PairGauge(Blocks(source, target, 5), head, settings, number=number)
        order = stream(0, COSTS, number * (settings.steps + 1)).permutation(4)
        assert (gauge.visits, gauge.order.tolist()) == (2, order.tolist())
        for _ in range(3):
            with gauge.step([plane()]):
                pass
        assert sorted(gauge.count.tolist()) == [1, 1, 2, 2]
        assert gauge.count[gauge.order[:2]].tolist() == [2, 2]


def test_how_many_blocks_are_measured():
    settings = replace(QUICK, steps=10, sgd_steps=20, batch=50, block=10)  # 1,000 images a step
    for expected, blocks, name in ((7, 65, None), (65, 65, "all"), (5, 65, "affordable"),
                                   (4, 40, "affordable"), (3, 25, "affordable"), (2, 65, 2),
                                   (65, 65, 99)):
        assert visits(replace(settings, visits=name), blocks) == expected
    assert visits(replace(settings, visits="affordable", sgd_steps=1), 65) == 1


def test_blocks_that_a_road_does_not_reach_come_first_in_the_next():
    source, target = points(40), points(40, seed=1)
    head, settings = Head(source.classes, target.classes), replace(QUICK, steps=3, visits=1)
    seen = []
    for number in (0, 1, 2):
        gauge = PairGauge(Blocks(source, target, 5), head, settings, number=number)
        for _ in range(3):
            with gauge.step([plane()]):
                pass
        seen += gauge.count.nonzero().flatten().tolist()
        (cost,) = gauge.costs()
        assert torch.equal(cost.isnan().any((1, 2)), gauge.count == 0)
    assert len(set(seen[:6])) == 6 and len(set(seen)) == 8  # all eight in nine looks


def test_blocks_measured_in_turn_scale_up():
    """A network that moves at a constant pace: costs do not depend on how often a block was
    measured."""
    source, target = points(20), points(20, seed=1)

    class Drift(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(3))

        def forward(self, x):
            return self.w.expand(len(x), 3)

    head = Head(source.classes, target.classes)
    settings = replace(QUICK, steps=8, sgd_steps=1, lr=0.01, batch=256)
    costs = [travel([Drift()], [Blocks(source, target, 5)], head, replace(settings, visits=count),
                    kind="linear").costs[0].mean().item() for count in (1, 4)]
    assert costs[0] == pytest.approx(costs[1], rel=0.1)


@pytest.mark.parametrize("kind", GAUGES)
@pytest.mark.parametrize("network", [SmallCNN(10), nn.Sequential(SmallCNN(10), nn.Dropout(0.5))])
def test_weights_that_stay_are_at_distance_zero(network, kind):
    source, target = halves(100)
    head, still = Head(source.classes, target.classes), replace(QUICK, lr=1e-30)
    assert travel([network], [Blocks(source, target, 5)], head, still, kind=kind).steps == [0.0] * 4


def test_the_running_means_of_batch_norm_are_the_classifiers_movement_too():
    source, target = (task.resized(16) for task in halves(100))
    head, still = Head(source.classes, target.classes), replace(QUICK, lr=1e-30)
    network = CNN(10, 1, width=4)
    blocks = [Blocks(source, target, 5)]
    assert min(travel([copy.deepcopy(network)], blocks, head, still).steps) > 0
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0
    assert travel([network], blocks, head, still).steps == [0.0] * 4


def test_a_road_that_blows_up_can_be_pickled():
    source, target = turned(20)
    head, wild = Head(source.classes, target.classes), replace(QUICK, lr=3e38)
    with pytest.raises(Diverged, match=r"at tau = 0\.25, SGD step \d; the last good") as caught:
        travel([plane()], [Blocks(source, target, 5)], head, wild)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert str(copied) == str(caught.value)
    assert torch.equal(copied.network[1].weight, caught.value.network[1].weight)
    assert torch.isfinite(copied.network[1].weight).all()


def test_a_road_prints_in_one_line():
    source, target = turned(20)
    road = travel([plane()], [Blocks(source, target, 5)], Head(source.classes, target.classes),
                  QUICK)
    assert repr(road).startswith("Road(steps=[") and "\n" not in repr(road)
    again = pickle.loads(pickle.dumps(road))
    assert (again.steps, float(again)) == (road.steps, float(road))
    assert copy.deepcopy(road).train_loss == road.train_loss


@pytest.mark.parametrize(("most", "losses", "rounds"), [
    (1, [], 1), (3, [1.0, 0.5, 0.25, 0.125], 3), (9, [1.0, 0.9, 0.885], 2), (9, [1.0, 0.985], 1),
    (9, [1.0, 1.5], 1), (9, [50.0, 49.0, 48.5], 2), (9, [8.0, 7.75, 7.5, 7.4], 3),
    (2, [0.5, 0.48, 0.46], 2)])
def test_rounds_go_on_while_each_lowers_the_loss_by_a_fiftieth(most, losses, rounds):
    source, target = turned(20)
    road = Traveller([plane()], [Blocks(source, target, 5)], Head(source.classes, target.classes),
                     replace(QUICK, rounds=most, steps=2))
    road.rounds = [7]  # the second step of the road
    left, looks, given = iter(losses), [], []
    road._probe = lambda k: looks.append(k) or next(left)
    road._round = lambda draws: given.append(draws) or torch.tensor([[1.0, 2.0]]) * len(given)
    road.step()
    assert road.rounds == [7, rounds] and looks == [1] * len(losses) and next(left, None) is None
    assert road.train_loss == pytest.approx([1.5 * (rounds + 1) / 2])
    assert all(draws is given[0] for draws in given) and road.test_loss == []


def test_the_loss_that_ends_a_round_is_that_of_all_replicas_at_the_same_pairs():
    """At 512 pairs of the first part as they are stored, mixed as at the end of the step; the
    unseen loss is that of the first replica at pairs of the second part."""
    source, target = turned(20)
    head, networks = Head(source.classes, target.classes), [plane(), plane(seed=1)]
    parts = [Blocks(source, target, 5), Blocks(source, target, 5, seed=3)]
    road = Traveller(networks, parts, head, replace(QUICK, steps=4, augment=True), seed=6)
    for k in (0, 2):
        for part, purpose, moved, found in ((parts[0], PROBE, networks, road._probe(k)),
                                            (parts[1], PAIRS, networks[:1], road._unseen(k))):
            rng = stream(6, purpose, k)
            mix = torch.from_numpy(beta(rng, (k + 1) / 4, POINTS)).float()
            x, y_s, y_t = part.mixed(part.draw(rng, POINTS), mix)
            losses = [head.loss(network(x), y_s, y_t, mix).item() for network in moved]
            assert found == pytest.approx(np.mean(losses), rel=1e-6)
    assert road._probe(1) == road._probe(1)


def test_batches_of_pairs_are_shown_and_paced_as_the_settings_say():
    """Images cropped and mirrored by the stream that drew the pairs; rates that fall in a step."""
    source, target = halves(60)
    settings = replace(QUICK, augment=True, anneal=True, lr=0.4, sgd_steps=4)
    blocks, head = Blocks(source, target, 5), Head(source.classes, target.classes)
    network = nn.Sequential(nn.Flatten(), nn.Linear(source.images[0].numel(), 10))
    road, twin = Traveller([network], [blocks], head, settings, seed=2), stream(2, PAIRS, 1)
    for x, y_s, y_t, mix in islice(road._pairs(1, stream(2, PAIRS, 1)), 3):
        share = torch.from_numpy(beta(twin, 0.5, settings.batch)).float()
        rows = blocks.draw(twin, settings.batch)
        expected = blocks.mixed(rows, share, view=lambda images: shown(settings, twin, images))
        assert all(map(torch.equal, (x, y_s, y_t, mix), (*expected, share)))
    (optimiser,) = road.optimisers
    rates = [optimiser.param_groups[0]["lr"] for _ in road._losses(
        network, optimiser, road._pairs(1, stream(2, PAIRS, 1)))]
    assert rates == pytest.approx([0.7, 0.5, 0.3, 0.1])


def test_a_traveller_is_on_the_first_road_unless_it_is_told():
    source, target = points(40), points(40, seed=1)
    orders = [Traveller([plane()], [Blocks(source, target, 5)],
                        Head(source.classes, target.classes), QUICK, **given).gauges[0].order
              for given in ({}, {"number": 0, "seed": 0, "kind": "beta"},
                            {"number": 2, "seed": 3})]
    assert orders[0].tolist() == orders[1].tolist() == stream(0, COSTS).permutation(8).tolist()
    assert orders[2].tolist() == stream(3, COSTS, 2 * (QUICK.steps + 1)).permutation(8).tolist()


def test_a_road_has_draws_for_each_step_and_replica_and_counts_its_rounds():
    source, target = turned(20)
    blocks, seen = Blocks(source, target, 5), []
    road = Traveller([plane(), plane()], [blocks], Head(source.classes, target.classes),
                     replace(QUICK, steps=2), seed=4)
    plain = road._round
    road._round = lambda draws: plain([seen.append(first := next(each)) or chain([first], each)
                                       for each in draws])
    for _ in range(2):
        road.step()
    for (_, _, _, mix), (k, i) in zip(seen, np.ndindex(2, 2), strict=True):
        expected = beta(stream(4, PAIRS, k, i), (k + 1) / 2, QUICK.batch)
        assert torch.equal(mix, torch.from_numpy(expected).float())
    found = road.road()
    assert found.rounds == [1, 1] and found.readings == totals(road.gauges[0].readings)
