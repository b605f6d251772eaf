"""The published algorithm: a small road of it, pair by pair again from the weights at each look, by
an oracle that shares nothing with the package; and the oracle against hand sums and POT."""

import copy
from dataclasses import replace

import numpy as np
import ot
import pytest
import torch
from torch import nn

from tdist import couplings
from tdist.networks import PublishedCNN
from tdist.transfer import Settings, coupled, iterations, uncoupled
from tdist.transfer.blocks import Blocks
from tdist.transfer.gauges import half_beta
from tdist.transfer.heads import Head
from tdist.transfer.randomness import COSTS, stream
from tests import published
from tests.transfers import halves, points

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = Settings.published(steps=6, sgd_steps=3, batch=5, lr=0.02, pretrain_steps=30, iterations=3,
                           block=4, augment=False, tolerance=1e-12)
TASKS = points(12), points(12, ("d", "e"), seed=1, name="moved", shift=1.0)


def unit(task):
    """Features of length one, whose squared distance is 2 minus twice the cosine."""
    x = np.tanh(task.images.flatten(1).double().numpy() @ np.array([[1.0, 0.3, -0.5],
                                                                    [0.2, -0.8, 0.6]])) + 1.5
    return unit_rows(x)


def unit_rows(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def network():
    """With batch norm and dropout, which are still where lengths are measured."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(2, 6), nn.BatchNorm1d(6), nn.Tanh(),
                         nn.Dropout(0.3), nn.Linear(6, 5))


class Predict:
    """predict(weights, image): probabilities of all outputs, in float64."""

    def __init__(self):
        self.networks = {}

    def __call__(self, weights, image):
        if id(weights) not in self.networks:
            self.networks[id(weights)] = network().double().eval()
            self.networks[id(weights)].load_state_dict(weights)
        with torch.no_grad():
            return self.networks[id(weights)](torch.from_numpy(image)[None]).softmax(1)[0].numpy()


@pytest.fixture
def travelled(monkeypatch):
    """A function that runs a distance and gives it with every road's blocks, coupling and weights
    at each look."""
    def run(distance, settings, **others):
        roads = []

        def recorded(networks, parts, *rest, travel=iterations.travel):
            weights = [copy.deepcopy(networks[0].state_dict())]

            def keep(_state):
                weights.append(copy.deepcopy(networks[0].state_dict()))

            x_s, x_t = (images.double().numpy()[index.numpy()] for images, index in zip(
                parts[0].images, (parts[0].source, parts[0].target), strict=True))
            found = travel(networks, parts, *rest[:-1], keep)
            roads.append({"blocks": list(zip(x_s, x_t, strict=True)), "weights": weights,
                          "coupling": parts[0].coupling.numpy().copy(),
                          "rows": (parts[0].source, parts[0].target),
                          "cost": found.costs[0].numpy() if found.costs else None})
            return found

        monkeypatch.setattr(iterations, "travel", recorded)
        return distance(*TASKS, network(), settings, progress=False, **others), roads

    return run


def kls(road, times):
    return [published.divergences(Predict(), road["weights"], times, *block)
            for block in road["blocks"]]


def features():
    """Of each block's source and target, (blocks, n, k)."""
    blocks = Blocks(*TASKS, SMALL.block)
    return [unit(task)[index.numpy()]
            for task, index in zip(TASKS, (blocks.source, blocks.target), strict=True)]


def test_roads_have_the_oracles_numbers_and_costs_and_lead_to_its_couplings(travelled):
    source, target = features()
    mean = ((source[:, :, None] - target[:, None])**2).sum(3).mean()  # of the squared distance
    settings = replace(SMALL, start_entropy=2 * published.START_ENTROPY / mean)
    found, roads = travelled(coupled, settings, features=unit)
    for gamma, *block in zip(roads[0]["coupling"], source, target, strict=True):
        assert gamma == pytest.approx(published.start_coupling(*block), abs=1e-6)
    assert len(roads) == len(found.iterations) == 3
    following = [*(road["coupling"] for road in roads[1:]), found.coupling.numpy()]
    times = [published.clock((k + 0.5) / 6) for k in range(6)]
    for number, (road, record) in enumerate(zip(roads, found.iterations, strict=True)):
        kl, gamma = kls(road, times), road["coupling"]
        V = np.mean([published.program_number(*pair) for pair in zip(gamma, kl, strict=True)])
        assert record.readings["V"] == pytest.approx(V, abs=1e-6)
        assert record.length == pytest.approx(published.expected_length(gamma, kl), abs=1e-6)
        assert record.length == pytest.approx(np.sqrt(2) * 6 * V, rel=1e-5)
        assert record.riemannian_length == pytest.approx(
            published.riemannian_length(gamma, kl), abs=1e-6)
        weight = published.proximal_weight(number)
        for block in range(3):
            assert road["cost"][block] == pytest.approx(published.costs(kl[block]), abs=2e-6)
            expected = published.next_coupling(published.program_costs(kl[block]), gamma[block],
                                               weight)
            assert following[number][block] == pytest.approx(expected, abs=1e-6)
        assert np.abs(following[number] - gamma).max() > 1e-3
    assert found.readings["V"] == record.readings["V"] > 0.01


def test_the_preset_travels_with_its_network_on_pictures():
    """All of it at once, crops among them, but short."""
    source, target = (task.subset(8).resized(32, 3) for task in halves())
    settings = Settings.published(steps=2, sgd_steps=1, batch=4, pretrain_steps=2, iterations=2,
                                  block=4)
    assert settings.augment and settings.visits == "all"
    torch.manual_seed(0)
    found = coupled(source, target, PublishedCNN(10, width=2), settings, progress=False,
                    features=lambda task: unit_rows(task.images.flatten(1).double().numpy()))
    assert found.readings["V"] > 0
    assert found.length == pytest.approx(np.sqrt(2) * 2 * found.readings["V"])
    assert found.length == found.readings["union"][0] and len(found.iterations) == 2


def test_an_uncoupled_road_has_the_oracles_lengths(travelled):
    found, (road,) = travelled(uncoupled, SMALL)
    times = [published.clock((k + 0.5) / 6) for k in range(6)]
    ends = [np.concatenate([block[end] for block in road["blocks"]]) for end in (0, 1)]
    L, R = published.uncoupled_lengths(Predict(), road["weights"], times, *ends)
    assert (found.length, found.riemannian_length) == pytest.approx((L, R), abs=1e-6)


def test_the_first_version_has_one_share_for_all_and_reports_its_shortest_road(travelled):
    found, roads = travelled(coupled, replace(SMALL, mixing="half-beta"))
    for number, (road, record) in enumerate(zip(roads, found.iterations, strict=True)):
        shares = [published.first_share(stream(0, COSTS, 7 * number + k + 1),
                                        published.clock((k + 0.5) / 6)) for k in range(6)]
        # the package mixes with float32 shares
        kl = kls(road, np.float32(shares).astype(float))
        assert record.length == pytest.approx(
            published.expected_length(road["coupling"], kl), abs=1e-6)
    assert found.shortest == min(record.length for record in found.iterations)
    rng, tau = np.random.default_rng(0), 0.3
    drawn = np.array([half_beta(rng, tau, 4) for _ in range(20_000)])
    assert (drawn == drawn[:, :1]).all() and half_beta(rng, 1, 3).tolist() == [1, 1, 1]
    # Beta(a, b) with a + b = 1/2 has the variance tau (1 - tau) / (3 / 2)
    assert drawn[:, 0].mean() == pytest.approx(tau, abs=0.01)
    assert drawn[:, 0].var() == pytest.approx(tau * (1 - tau) / 1.5, rel=0.02)


def test_the_loss_is_that_of_a_union_with_the_targets_labels_behind():
    rng = np.random.default_rng(0)
    logits, m = rng.normal(size=(7, 5)), rng.random(7)
    y_s, y_t = rng.integers(3, size=7), rng.integers(2, size=7)
    head = Head(*(task.classes for task in TASKS), SMALL.head)
    found = head.loss(*(torch.from_numpy(part) for part in (logits, y_s, y_t, m)))
    assert found.item() == pytest.approx(published.loss(logits, y_s, y_t, m, 3))


def test_the_clock_is_slow_at_the_ends_and_fast_in_the_middle():
    ours = Settings.published()
    for k in range(101):
        assert ours.time(k) == pytest.approx(published.clock(k / 100), abs=1e-15)
    quarters = [ours.time(k) for k in (0, 25, 50, 75, 100)]
    assert quarters == pytest.approx([0, 1 / 6, 1 / 2, 5 / 6, 1])  # arcsin sqrt(1/4) = pi / 6
    assert published.clock(1e-6) == pytest.approx(2 / np.pi * 1e-6, rel=1e-4)


# the oracle itself

def test_a_mean_step_is_a_length_over_the_root_of_two_and_the_number_of_steps():
    """From (1, 1) / 2 by quarters, by hand."""
    p, q, r = np.array([0.5, 0.5]), np.array([0.75, 0.25]), np.array([0.9, 0.1])
    first = 0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)
    second = 0.75 * np.log(0.75 / 0.9) + 0.25 * np.log(0.25 / 0.1)
    kl = published.divergences(lambda weights, image: weights, [p, q, r], [0.2, 0.8], [0.0], [1.0])
    assert kl.ravel() == pytest.approx([first, second])
    one = np.ones((1, 1))
    assert published.program_number(one, kl) == pytest.approx((first**0.5 + second**0.5) / 2)
    assert published.expected_length([one], [kl]) == pytest.approx(
        published.riemannian_length([one], [kl])) == pytest.approx(
        2**0.5 * (first**0.5 + second**0.5))


@pytest.mark.parametrize("n", [2, 5, 25])
def test_the_next_coupling_satisfies_its_conditions_of_optimality(n):
    rng = np.random.default_rng(n)
    previous = published.start_coupling(*rng.normal(size=(2, n, 4)), entropy=0.1)
    for number in range(4):
        cost, weight = rng.gamma(4, 0.05, (n, n)), published.proximal_weight(number)
        found = published.next_coupling(cost, previous, weight)
        assert found.min() >= 0 and np.abs(found.sum(0) - 1 / n).max() < 1e-12
        assert np.abs(found.sum(1) - 1 / n).max() < 1e-12
        # no coupling is better, to first order: the best against the gradient is found by ot.emd,
        # and the problem is convex
        even, gradient = np.full(n, 1 / n), cost + weight * (found - previous)
        best = ot.emd(even, even, gradient)
        assert (gradient * (found - best)).sum() == pytest.approx(0, abs=1e-12)
        # the program's own answer comes near, from above: its conditional gradients stop early
        theirs = published.program_step(cost, previous, weight)
        excess = (published.objective(theirs, cost, previous, weight)
                  - published.objective(found, cost, previous, weight))
        assert -1e-12 < excess < 0.01 * cost.mean()
        ours = couplings.proximal(cost[None], previous[None], 0, weight / 2, tolerance=1e-12)
        assert ours.coupling[0] == pytest.approx(found, abs=1e-6)


def test_the_first_coupling_is_sinkhorns():
    """At an entropy at which Sinkhorn's algorithm arrives; and where the program's is so small
    that it is nearly the cheapest coupling of all."""
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 8, 5))
    even, cost = np.full(8, 1 / 8), -unit_rows(x) @ unit_rows(y).T
    assert published.start_coupling(x, y, entropy=0.05) == pytest.approx(
        ot.sinkhorn(even, even, cost, 0.05, stopThr=1e-14), abs=1e-12)
    found, least = published.start_coupling(x, y), ot.emd2(even, even, cost)
    assert least <= (found * cost).sum() <= least + published.START_ENTROPY * np.log(64)
