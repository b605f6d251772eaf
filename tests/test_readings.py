"""The readings of a road and the drift of its replicas: against formulas and simulated noise."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import t as student
from torch import nn

from tdist import fisher_rao
from tdist.networks import SmallCNN
from tdist.transfer import Settings, coupled, uncoupled
from tdist.transfer.drifts import Drift, _arc, drift, total
from tdist.transfer.heads import Head
from tdist.transfer.readings import READINGS, gate, lengths, means, totals
from tests.transfers import QUICK, halves, linear, points

pytestmark = pytest.mark.usefixtures("one_thread")
HEAD = Head(("a", "b", "c"), ("b", "c", "d"))


def logits(seed, shape=(5, 4)):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# readings

@pytest.mark.parametrize("step", ["fisher-rao", "kl"])
def test_every_reading_by_its_formula(step):
    before, after = logits(0), logits(0) + 0.2 * logits(1)
    mix, tau, turn = torch.linspace(0, 1, 5, dtype=torch.float64), 0.3, 0.4
    found = lengths(before, after, mix, tau, turn, HEAD, step)
    assert set(found) == {*READINGS, "V"}
    measure = {"fisher-rao": fisher_rao.distance, "kl": fisher_rao.root_kl}[step]
    for i in range(5):
        m, p, q = mix[i].item(), before[i], after[i]
        s, t, u = (measure(p[own].softmax(0), q[own].softmax(0)).item()
                   for own in (slice(0, 3), slice(1, 4), slice(0, 4)))
        kl = (p.softmax(0) * (p.softmax(0).log() - q.softmax(0).log())).sum().item()
        assert found["gate at tau"][i].item() == pytest.approx(math.sqrt(.7 * s**2 + .3 * t**2))
        assert found["gate at the input"][i].item() == pytest.approx(
            math.sqrt((1 - m) * s**2 + m * t**2))
        assert found["with the gate"][i].item() == pytest.approx(
            math.sqrt(.7 * s**2 + .3 * t**2 + .16))
        assert found["union"][i].item() == pytest.approx(u)
        assert found["V"][i].item() == pytest.approx(math.sqrt(kl))


def test_one_softmax_for_both_tasks_has_no_gate():
    before, after = logits(0), logits(1)
    head = Head(("a", "b", "c"), ("b", "c", "d"), "union")
    found = lengths(before, after, torch.full((5,), 0.9), 0.3, 0.0, head, "fisher-rao")
    for name in READINGS:
        assert torch.allclose(found[name], found["union"], atol=1e-12)


def test_the_gate_turns_by_pi():
    for clock in ("even", "arcsine"):
        at = [Settings(steps=7, clock=clock).time(k) for k in range(8)]
        turns = [(gate(*pair), *pair) for pair in pairwise(at)]
        assert sum(turn for turn, _, _ in turns) == pytest.approx(math.pi)
        for turn, start, end in turns:
            p, q = (np.array([1 - t, t]) for t in (start, end))
            assert turn == pytest.approx(fisher_rao.distance(p, q))


def test_means_of_both_readings_and_the_published_number():
    d = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    mean, root = means(d, torch.tensor([0.25, 0.75]))
    assert mean.item() == pytest.approx((2.5 + 2) / 2)
    assert root.item() == pytest.approx((math.sqrt(7) + 2) / 2)
    steps = [{"union": (1.0, 2.0), "V": (0.1, 9.0)}, {"union": (0.5, 1.0), "V": (0.3, 9.0)}]
    assert totals(steps) == {"union": (1.5, 3.0), "V": pytest.approx(0.2)}


@pytest.mark.parametrize("distance", [coupled, uncoupled])
def test_a_road_has_every_reading_and_its_length_is_one_of_them(distance):
    source, target = halves(100)
    torch.manual_seed(0)
    network, quick = SmallCNN(10), replace(QUICK, iterations=1)
    gated = distance(source, target, network, quick, progress=False)
    assert gated.readings["gate at tau"] == pytest.approx((gated.length,
                                                           gated.riemannian_length))
    assert gated.length == sum(gated.iterations[0].steps)
    assert gated.riemannian_length == sum(gated.iterations[0].riemannian_steps)
    # a gate adds its turn to each input's step: at most pi, by the triangle inequality
    assert gated.length < gated.readings["with the gate"][0] < gated.length + math.pi
    union = distance(source, target, network, replace(quick, head="union", step="kl"),
                     progress=False)
    assert union.readings["union"] == pytest.approx((union.length, union.riemannian_length))
    assert union.readings["V"] == pytest.approx(union.length / math.sqrt(2) / quick.steps)


def test_the_shortest_of_all_roads():
    source, target = halves(100)
    found = coupled(source, target, SmallCNN(10), QUICK, progress=False)
    assert found.shortest == min(road.length for road in found.iterations) <= found.length


# drift

def noisy(replicas, noise, trials, move=0.3, inputs=40):
    """Steps of replicas: one true move of the logits at each input, and noise that all inputs
    share, as weights have it; (trials, replicas, inputs, 4) before and after."""
    rng = torch.Generator().manual_seed(replicas)
    start, x = logits(0, (inputs, 4)), logits(1, (inputs, 3))
    way = move * logits(2, (inputs, 4))
    w = noise * torch.randn(trials, replicas, 3, 4, generator=rng, dtype=torch.float64)
    after = start + way + x @ w
    return start.expand(after.shape), after


def even(d):
    """The variance of the mean of numbers drawn independently."""
    return (d.var() / len(d)).item()


def estimates(replicas, noise, trials, tau=0.4, **shape):
    before, after = noisy(replicas, noise, trials, **shape)
    weight = torch.full((before.shape[2],), 1 / before.shape[2], dtype=torch.float64)
    return [drift(*pair, tau, weight, HEAD, lambda d: 0.0)
            for pair in zip(before, after, strict=True)]


def mean_move(noise, tau=0.4, **shape):
    """The length of the mean step of very many replicas, by its definition."""
    (before, after), square = noisy(20_000, noise, 1, **shape), 0
    for share, own in ((1 - tau, HEAD.source), (tau, HEAD.target)):
        step = 2 * (after[0][..., own].softmax(-1).sqrt().mean(0)
                    - before[0, 0][:, own].softmax(-1).sqrt())
        square = square + share * (4 * torch.asin(step.norm(dim=-1) / 4))**2
    return square.sqrt().mean().item(), square.mean().sqrt().item()


@pytest.mark.parametrize("replicas", [2, 4, 8])
def test_the_drift_is_that_of_very_many_replicas(replicas):
    noise, trials = 0.15, 400
    found, truth = estimates(replicas, noise, trials), mean_move(noise)
    naive = np.mean([HEAD.step(*pair, 0.4).mean().item()
                     for pair in zip(*noisy(1, noise, trials), strict=True)])
    assert naive > 1.2 * truth[0]
    for values, true, variances in (
            ([d.mean for d in found], truth[0], [total([d])[1]**2 for d in found]),
            ([d.root for d in found], truth[1], [total([d])[3]**2 for d in found])):
        assert np.mean(values) == pytest.approx(true, rel=0.04)
        assert np.mean(variances) == pytest.approx(np.var(values), rel=0.5)
        # one step alone: a variance from as few numbers as there are replicas
        off = np.abs(np.subtract(values, true)) / np.sqrt(variances)
        assert np.mean(off < 2) > {2: 0.65, 4: 0.85, 8: 0.9}[replicas]


def test_without_noise_the_drift_is_the_length():
    found = estimates(3, 0.0, 1)[0]
    before, after = noisy(1, 0.0, 1)
    d = HEAD.step(before[0, 0], after[0, 0], 0.4)
    assert found.mean == pytest.approx(d.mean().item(), rel=0.01)
    assert found.root == pytest.approx(d.square().mean().sqrt().item(), rel=0.01)
    assert total([found])[1::2] == pytest.approx((0, 0), abs=1e-8)


@pytest.mark.parametrize("replicas", [2, 4])
def test_noise_around_no_drift_is_no_drift(replicas):
    """Its mean is 0 over many steps, and its error covers."""
    found = estimates(replicas, 0.05, 600, move=0.0)
    values = np.array([d.mean for d in found])
    naive = np.mean([HEAD.step(*pair, 0.4).mean().item()
                     for pair in zip(*noisy(1, 0.05, 600, move=0.0), strict=True)])
    assert abs(values.mean()) < 0.12 * naive
    # roads of twelve steps
    roads, errors = np.array([total(found[i:i + 12])[:2] for i in range(0, 600, 12)]).T
    assert np.mean(np.abs(roads) < errors * student.ppf(0.975, replicas - 1)) >= (
        {2: 0.8, 4: 0.9}[replicas])
    assert errors.mean() < 1.5 * roads.std()


def by_definition(before, after, tau, weight, variance):
    """The six numbers of a Drift, replica by replica and input by input."""
    r, inputs = len(before), range(before.shape[1])
    q, lengths_ = np.zeros((r, r)), []
    for i in inputs:
        square = 0
        for share, own in ((1 - tau, HEAD.source), (tau, HEAD.target)):
            steps = [2 * (after[a, i][own].softmax(0).sqrt() - before[a, i][own].softmax(0).sqrt())
                     for a in range(r)]
            q += [[share * weight[i].item() * (a @ b).item() for b in steps] for a in steps]
            square += share * (4 * math.asin((sum(steps) / r).norm().item() / 4))**2
        lengths_.append(math.sqrt(square))
    d = torch.tensor(lengths_, dtype=torch.float64)
    c = sum(q[a, b] for a in range(r) for b in range(r) if a != b) / (r * (r - 1))
    u = [2 * (q[a].mean() - q.mean()) / math.sqrt(r * (r - 1)) for a in range(r)]
    noise = math.sqrt(sum(each**2 for each in u))
    share = q.mean()  # the squared length of the mean step
    factor = (1 + min(noise**2 / c**2, 1) / 8) * math.sqrt(abs(c) / share) * math.copysign(1, c)
    u = [each / (2 * math.sqrt(max(abs(c), 0.18 * noise) * share)) for each in u]
    mean, root = (weight @ d).item(), math.sqrt((weight @ d**2).item())
    return (factor * mean, factor * root, [each * mean for each in u], [each * root for each in u],
            factor**2 * variance(d), factor**2 * variance(d**2) / (4 * root**2))


@pytest.mark.parametrize(("move", "noise", "seed", "regime"), [
    (0.5, 0.01, 0, "clear"), (0.1, 0.2, 1, "within"), (0.0, 0.2, 0, "around"),
    (0.0, 0.2, 3, "below")])
def test_a_drift_by_its_definition(move, noise, seed, regime):
    """Where the drift is far above the noise, comparable with it, within it, and negative."""
    start, way = logits(seed, (1, 4, 4)).expand(3, 4, 4), move * logits(seed + 1, (4, 4))
    after = start + way + noise * logits(seed + 2, (3, 4, 4))
    weight = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    found = drift(start, after, 0.3, weight, HEAD, even)
    expected = by_definition(start, after, 0.3, weight, even)
    assert (found.mean, found.root) == pytest.approx(expected[:2], rel=1e-9)
    assert found.mean_noise == pytest.approx(expected[2], rel=1e-9)
    assert found.root_noise == pytest.approx(expected[3], rel=1e-9)
    assert (found.mean_inputs, found.root_inputs) == pytest.approx(expected[4:], rel=1e-9)
    error = math.hypot(*found.mean_noise)
    assert {"clear": found.mean > 9 * error > 0, "within": error < found.mean < 9 * error,
            "around": 0 < found.mean < error, "below": found.mean < 0}[regime]


def test_errors_of_steps_add_up_over_a_road():
    """Noise is added replica by replica before it is squared, the inputs' variances after it."""
    one = Drift(0.5, 0.6, (0.3, -0.1), (0.2, -0.2), 0.02, 0.03)
    two = Drift(0.7, 0.9, (-0.1, 0.3), (0.4, 0.1), 0.01, 0.05)
    assert total([one, two]) == pytest.approx(
        (1.2, math.sqrt(0.2**2 + 0.2**2 + 0.03), 1.5, math.sqrt(0.6**2 + 0.1**2 + 0.08)))


def test_one_replica_that_stays_alone_makes_a_drift_of_nothing():
    """Steps whose product is 0, to the last digit, and not their squares."""
    before = torch.randn(2, 5, 4, generator=torch.manual_seed(0), dtype=torch.float64)
    after = before.clone()
    after[0] += torch.arange(4)
    found = drift(before, after, 0.3, torch.full((5,), 0.2).double(),
                  Head(("a", "b"), ("c", "d")), lambda d: 0.0)
    assert found.mean == found.root == 0 and all(map(math.isfinite, found.mean_noise))


def test_an_arc_of_a_chord_that_is_rounded_up_is_half_a_circle():
    chord = torch.tensor([0, 4 * math.sin(0.3), 4, 4 + 1e-12], dtype=torch.float64)
    assert _arc(chord).tolist() == pytest.approx([0.0, 1.2, 2 * math.pi, 2 * math.pi])


def test_what_does_not_move_has_no_drift():
    still = logits(0, (2, 5, 4))
    found = drift(still, still, 0.5, torch.full((5,), 0.2, dtype=torch.float64), HEAD, even)
    assert total([found, found]) == (0, 0, 0, 0)


def test_the_inputs_that_happened_to_be_drawn_are_part_of_the_error():
    """Without noise all of the error is theirs: against drawing many times."""
    values, errors = [], []
    for seed in range(300):
        start, move = logits(2 * seed, (30, 4)), 0.3 * logits(2 * seed + 1, (30, 4))
        weight = torch.full((30,), 1 / 30, dtype=torch.float64)
        found = drift(start.expand(2, 30, 4), (start + move).expand(2, 30, 4), 0.4, weight, HEAD,
                      even)
        values.append((found.mean, found.root))
        errors.append((found.mean_inputs, found.root_inputs))
    assert np.mean(errors, 0) == pytest.approx(np.var(values, 0), rel=0.2)


def test_noise_that_the_next_step_undoes_is_no_error_of_the_road():
    """Replicas around a straight way: each step carries its own noise on and the last one's back.
    """
    rng, steps, trials = torch.Generator().manual_seed(0), 12, 150
    start, way = logits(0, (30, 4)), 0.1 * logits(2, (30, 4))
    x, weight = logits(1, (30, 3)), torch.full((30,), 1 / 30, dtype=torch.float64)
    roads, apart = [], []
    for _ in range(trials):
        w = 0.002 * torch.randn(steps + 1, 4, 3, 4, generator=rng, dtype=torch.float64)
        w[0] = 0
        at = [start + k * way + x @ w[k] for k in range(steps + 1)]  # (replicas, inputs, 4) each
        found = [drift(*pair, 0.4, weight, HEAD, lambda d: 0.0) for pair in pairwise(at)]
        roads.append(total(found)[:2])
        apart.append(math.sqrt(sum(total([step])[1]**2 for step in found)))
    (values, errors), still = np.array(roads).T, [start + k * way for k in range(steps + 1)]
    truth = sum(HEAD.step(*pair, 0.4).mean().item() for pair in pairwise(still))
    assert values.mean() == pytest.approx(truth, rel=0.01)
    assert values.std() < 0.6 * np.mean(apart)
    assert 0.7 * values.std() < np.sqrt(np.mean(errors**2)) < 1.5 * values.std()
    assert np.mean(np.abs(values - truth) < errors * student.ppf(0.975, 3)) > 0.9


# replicas of a road

def test_the_first_replica_is_the_road_without_others_and_has_no_drift():
    source, target = halves(100)
    torch.manual_seed(0)
    network = SmallCNN(10)
    quick = replace(QUICK, iterations=1, sgd_steps=10, pretrain_steps=100)
    one, three = (coupled(source, target, network, quick, replicas=r, progress=False)
                  for r in (1, 3))
    assert math.isnan(one.drift) and math.isnan(one.riemannian_drift_error)
    assert one.accuracy == three.accuracy
    for a, b in zip(one.network.parameters(), three.network.parameters(), strict=True):
        assert torch.equal(a, b)
    assert 0 < three.drift < three.length and 0 < three.drift_error < three.drift
    assert three.drift < three.riemannian_drift
    assert len(three.iterations[0].drifts) == quick.steps


def test_the_drift_does_not_see_the_rate_where_the_length_does():
    """Points on which SGD has long arrived: noise alone, over and over."""
    source = points(40)
    labels = torch.from_numpy(np.random.default_rng(0).permutation(source.labels.numpy()))
    source = replace(source, labels=torch.where(torch.arange(40) % 3 == 0, labels, source.labels))
    noise = Settings(steps=6, sgd_steps=40, batch=4, pretrain_steps=0, iterations=1, block=5)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 3))
    start = uncoupled(source, source, network, replace(noise, lr=0.02, steps=20, sgd_steps=200,
                                                       batch=40), progress=False).network
    found = [uncoupled(source, source, start, replace(noise, lr=lr), replicas=6, progress=False)
             for lr in (0.02, 0.08)]
    assert found[1].length > 1.6 * found[0].length
    for road in found:
        assert abs(road.drift) < 3 * road.drift_error < road.length


def test_rounds_follow_the_task_until_its_loss_stops_falling():
    source, target = points(40), points(40, seed=1, shift=1.5)
    given = {"progress": False, "seed": 0}
    lazy = replace(QUICK, iterations=1, sgd_steps=5, batch=40, lr=0.02, pretrain_steps=200)
    short, long = (uncoupled(source, target, linear(3), replace(lazy, rounds=r), **given)
                   for r in (1, 60))
    assert short.iterations[0].rounds == [1] * 4
    assert max(long.iterations[0].rounds) > 3 and max(long.iterations[0].rounds) <= 60
    assert not short.settled and short.falling > 0.01
    assert long.loss < 0.8 * short.loss and long.falling < 0.3 * short.falling
    assert long.settled


def test_frozen_statistics_of_batch_norm_stay(monkeypatch):
    source, target = halves(100)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(),
                            nn.Linear(144, 10))
    quick = replace(QUICK, iterations=1, pretrain_steps=0)
    for frozen in (True, False):
        found = coupled(source, target, network, replace(quick, frozen_norm=frozen),
                        progress=False).network
        assert torch.equal(found[1].running_mean, network[1].running_mean) == frozen
        assert not torch.equal(found[1].weight, network[1].weight)


def test_pictures_are_cropped_and_flipped_for_sgd_alone():
    source, target = halves(100)
    torch.manual_seed(0)
    network, quick = SmallCNN(10), replace(QUICK, iterations=1, pretrain_steps=0, lr=1e-12)
    plain, moved = (coupled(source, target, network, replace(quick, augment=augment),
                            progress=False) for augment in (False, True))
    assert plain.iterations[0].train_loss != moved.iterations[0].train_loss
    assert plain.accuracy == moved.accuracy


def test_a_road_that_arrived_is_kept_though_more_steps_diverge(monkeypatch):
    """The road itself is whole; only the question whether it settled has no answer."""
    source, target = halves(100)
    torch.manual_seed(0)
    quick = replace(QUICK, iterations=1)
    rows = []

    def wild(settings, optimiser, j, size):
        if size != quick.sgd_steps:  # the steps after the road
            rows.append(j)
            for group in optimiser.param_groups:
                group["lr"] = 1e30

    monkeypatch.setattr(Settings, "pace", wild)
    found = coupled(source, target, SmallCNN(10), quick, progress=False)
    assert rows and found.length > 0 and math.isnan(found.falling) and not found.settled
