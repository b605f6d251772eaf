"""Distances by transfer: against closed forms, theorems and themselves; and what can go wrong."""

import copy
import inspect
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tdist import couplings, manners, transfer
from tdist.networks import CNN, SmallCNN
from tdist.tasks import Task, digits, floats
from tdist.transfer import (
    Diverged,
    FineTuning,
    Iteration,
    Settings,
    Transfer,
    coupled,
    fine_tuning,
    pretrained,
    uncoupled,
)
from tdist.transfer.blocks import Blocks
from tdist.transfer.gauges import PairGauge
from tdist.transfer.heads import Head
from tdist.transfer.randomness import PRETRAIN, stream
from tdist.transfer.roads import travel
from tdist.transfer.training import CHECK, evaluate
from tests.transfers import QUICK, halves, linear, points

pytestmark = pytest.mark.usefixtures("one_thread")
DIGITS = tuple("0123456789")
METHODS = (coupled, uncoupled, fine_tuning)


# distances

def test_certificate_and_gain_over_the_independent_coupling(digit_pair):
    *_, found = digit_pair
    assert float(found) == found.length == found.iterations[-1].length
    for road in found.iterations:
        assert 0 <= road.gap <= QUICK.tolerance
        assert road.length <= road.riemannian_length
        assert 0 < road.moved < 1
    n = QUICK.block
    assert (found.coupling.sum(1) * n - 1).abs().max() < 1e-6
    assert (found.coupling.sum(2) * n - 1).abs().max() < 1e-6
    last, blocks = found.iterations[-1], len(found.coupling)
    cost = (found.coupling * found.cost).sum().item() / blocks
    assert last.coupled_cost == pytest.approx(cost)
    assert last.independent_cost == pytest.approx(found.cost.mean().item())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_without_a_proximal_term_the_coupling_costs_no_more_than_the_independent_one(
        digit_pair, seed):
    """A theorem, up to the gap: of all couplings the independent one has the largest entropy."""
    source, target, network, _ = digit_pair
    settings = replace(QUICK, proximal=0.0)
    found = coupled(source, target, network, settings, seed=seed, progress=False)
    for road in found.iterations:
        assert road.coupled_cost <= (1 - 0.02) * road.independent_cost


def test_the_next_coupling_is_the_proximal_step(digit_pair):
    source, target, network, _ = digit_pair
    exact = replace(QUICK, tolerance=1e-8)
    one, two, grown, three = (
        coupled(source, target, network, replace(exact, **changes), progress=False)
        for changes in ({"iterations": 1}, {"iterations": 2}, {"iterations": 2, "growth": 5.0}, {}))
    for before, result, weight in ((one, two, 10), (one, grown, 50), (two, three, 10)):
        scale = result.cost.mean((1, 2), keepdim=True)  # each block's own
        expected = couplings.proximal(result.cost / scale, before.coupling, 0.05, weight, 1e-10)
        assert (result.coupling - expected.coupling).abs().max() * 25 < 1e-3
        moved = (result.coupling - before.coupling).abs().sum((1, 2)).mean().item() / 2
        assert result.iterations[-1].moved == pytest.approx(moved)


def test_each_road_is_measured_at_draws_of_its_own_and_travelled_by_the_same_ones(digit_pair):
    """A coupling is cheap at the draws it was chosen on: there the next road would look shorter
    than it is."""
    source, target, network, _ = digit_pair
    settings = replace(QUICK, iterations=2)
    found = coupled(source, target, network, settings, progress=False)
    first = coupled(source, target, network, replace(settings, iterations=1), progress=False)
    lengths, ends, orders = [], [], []
    for number in (0, 1):
        moving = pretrained(source, network, settings, classes=DIGITS, progress=False)
        blocks = Blocks(source, target, settings.block)
        blocks.coupling = first.coupling
        head = Head(source.classes, target.classes)
        road = travel([moving], [blocks], head, settings, number=number)
        lengths.append(sum(road.steps))
        ends.append(torch.cat([w.flatten() for w in moving.parameters()]))
        gauge = PairGauge(blocks, head, settings, number=number)
        orders.append(gauge.order.tolist())
        assert gauge.turn == 0  # a road that reaches all blocks begins with the first of its order
    assert torch.equal(*ends)
    assert lengths[1] == pytest.approx(found.iterations[1].length, rel=1e-6)
    assert lengths[0] < 0.99 * lengths[1]
    assert sum(road.riemannian_steps) == pytest.approx(found.riemannian_length, rel=1e-6)
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])


def test_same_seed_same_bits_and_nothing_is_touched(digit_pair):
    source, target, network, found = digit_pair
    before, images = copy.deepcopy(network.state_dict()), source.images.clone()
    torch.manual_seed(5)
    state = torch.get_rng_state()
    again = coupled(source, target, network, QUICK, progress=False)
    assert torch.equal(torch.get_rng_state(), state)
    assert again.iterations == found.iterations
    assert torch.equal(again.coupling, found.coupling)
    assert torch.equal(source.images, images)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    other = coupled(source, target, network, QUICK, seed=1, progress=False)
    assert other.length != found.length


@pytest.mark.parametrize("training", [True, False])
def test_the_callers_network_stays_in_its_mode(training):
    source, target, network = points(20), points(20, seed=1), linear(3).train(training)
    for method in METHODS:
        assert not method(source, target, network, QUICK, progress=False).network.training
        assert network.training is training and network[1].training is training
    assert not pretrained(source, network, QUICK, progress=False).training
    assert network.training is training


def test_dropout_is_seeded():
    source, target = points(20), points(20, seed=1)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 32), nn.Dropout(0.5), nn.Linear(32, 3))
    found = []
    for state in (1, 2):
        torch.manual_seed(state)
        found.append(coupled(source, target, network, QUICK, progress=False).length)
    assert found[0] == found[1]


def test_a_coupling_without_its_certificate_warns(digit_pair, monkeypatch):
    source, target, network, _ = digit_pair
    monkeypatch.setattr(couplings, "STEPS", 1)
    settings = replace(QUICK, iterations=1, tolerance=1e-9)
    with pytest.warns(RuntimeWarning, match="duality gap") as seen:
        coupled(source, target, network, settings, progress=False)
    for one, words in zip(seen, (("the first coupling has", "a larger start_entropy closes it"),
                                 ("the coupling of iteration 1 has", "a larger entropy closes it")),
                          strict=True):
        assert all(part in str(one.message) for part in words)


def test_a_block_that_no_road_reached_keeps_its_coupling_and_the_next_road_reaches_it(digit_pair):
    source, target, network, _ = digit_pair
    some = replace(QUICK, visits=2)  # of twenty blocks, eight a road
    first, third = (coupled(source, target, network, replace(some, iterations=n), progress=False)
                    for n in (1, 3))
    blocks = Blocks(source, target, QUICK.block)
    blocks.start(None, QUICK.start_entropy, QUICK.tolerance)
    unseen = first.cost.isnan().any((1, 2))
    assert unseen.sum() == len(blocks) - 8
    assert torch.equal(first.coupling[unseen], blocks.coupling[unseen])
    assert (first.coupling - blocks.coupling)[~unseen].abs().amax((1, 2)).min() > 1e-6
    cost, count = first.cost[~unseen], (~unseen).sum()
    assert first.iterations[0].independent_cost == pytest.approx(cost.mean().item())
    assert first.iterations[0].coupled_cost == pytest.approx(
        (first.coupling[~unseen] * cost).sum().item() / count.item())
    assert not third.cost.isnan().any() and all(0 < r.gap < 1e-3 for r in third.iterations)
    assert (third.coupling - blocks.coupling)[unseen].abs().amax((1, 2)).min() > 1e-6


def test_the_proximal_step_may_do_without_entropy(digit_pair):
    """As in the authors' program; the first coupling needs one, and has a weight of its own."""
    source, target, network, _ = digit_pair
    settings = replace(QUICK, iterations=1, start_entropy=0.2, entropy=0.0, proximal=1.0)
    found = coupled(source, target, network, settings, progress=False)
    blocks = Blocks(source, target, settings.block)
    blocks.start(None, 0.2, settings.tolerance)
    unit = found.cost.mean((1, 2), keepdim=True)
    best = couplings.proximal(found.cost / unit, blocks.coupling, 0.0, 1.0, 1e-9)
    # F grows by at least lambda |Gamma - best|^2 from the best
    apart = ((found.coupling - best.coupling) ** 2).sum((1, 2)).max()
    assert apart <= found.iterations[0].gap <= settings.tolerance
    assert (best.coupling < 1e-12).any()


def test_pretrained_once_is_pretrained_inside(digit_pair):
    source, target, network, found = digit_pair
    start = pretrained(source, network, QUICK, classes=DIGITS, progress=False)
    again = coupled(source, target, start, replace(QUICK, pretrain_steps=0), progress=False)
    assert again.length == found.length
    # the network of the result is the road's end, and not its start
    assert not torch.equal(start[0].weight, found.network[0].weight)


def one_cycle(step, steps, lr):
    """Rate and momentum: up and down in 30% of the steps, back like a cosine in the rest."""
    peak = 0.3 * steps - 1
    if step <= peak:
        ends, share = ((lr / 25, lr), (0.95, 0.85)), step / peak
    else:
        ends, share = ((lr, lr / 25e4), (0.85, 0.95)), (step - peak) / (steps - 1 - peak)
    return (b + (a - b) / 2 * (1 + np.cos(np.pi * share)) for a, b in ends)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_pretraining_by_hand(weight_decay):
    task, steps = points(40), CHECK + 15
    settings = replace(QUICK, pretrain_steps=steps, weight_decay=weight_decay)
    found = pretrained(task, linear(3), settings, seed=2, progress=False)
    again, rng = linear(3), stream(2, PRETRAIN)
    velocity = [torch.zeros_like(weight) for weight in again.parameters()]
    for step in range(steps):
        rows = torch.from_numpy(rng.integers(len(task), size=settings.batch))
        loss = cross_entropy(again(task.images[rows]), task.labels[rows])
        gradients = torch.autograd.grad(loss, again.parameters())
        rate, momentum = one_cycle(step, steps, settings.lr)
        with torch.no_grad():
            for weight, v, g in zip(again.parameters(), velocity, gradients, strict=True):
                v.mul_(momentum).add_(g + weight_decay * weight)
                weight -= rate * v
    assert torch.allclose(found[1].weight, again[1].weight, atol=1e-5)
    assert torch.allclose(found[1].bias, again[1].bias, atol=1e-5)


@pytest.mark.slow
def test_pairs_of_digits():
    """To a subset is shorter than from it; and with trained networks every coupling costs no more
    than the independent one, which with a proximal term is seen, not proved."""
    everything = digits().subset(400)
    low, high = everything.only(tuple("01234"), "low"), everything.only(tuple("56789"), "high")
    torch.manual_seed(0)
    network = SmallCNN(10)
    settings = replace(QUICK, steps=8, sgd_steps=8, batch=32, pretrain_steps=300, iterations=2)
    tasks = everything, low, high
    found = {(source.name, target.name): coupled(source, target, network, settings,
                                                 classes=DIGITS, progress=False)
             for source in tasks for target in tasks if source is not target}
    for part in ("low", "high"):
        there, back = found[everything.name, part], found[part, everything.name]
        assert there.length < 0.8 * back.length and there.accuracy > 0.8
    for result in found.values():
        assert all(road.coupled_cost <= road.independent_cost for road in result.iterations)


def test_test_images_are_measured_and_judged():
    source, target = halves()
    unseen = [digits(train=False).only(tuple(names), names) for names in ("01234", "56789")]
    torch.manual_seed(0)
    network = SmallCNN(10)
    plain = coupled(source, target, network, QUICK, progress=False)
    found = coupled(source, target, network, QUICK, test=unseen, progress=False)
    assert [road.length for road in found.iterations] == [road.length for road in plain.iterations]
    assert len(found.iterations[0].test_loss) == QUICK.steps
    head = Head(source.classes, target.classes)
    assert (found.accuracy, found.loss) == evaluate(found.network, unseen[1], head)
    assert plain.iterations[0].test_loss == []
    labels = unseen[1].labels
    logits = found.network(floats(unseen[1].images))[:, 5:]
    assert found.accuracy == pytest.approx((logits.argmax(1) == labels).double().mean().item())
    assert found.loss == pytest.approx(cross_entropy(logits, labels).item(), rel=1e-5)


def test_uncoupled_is_one_road(digit_pair):
    source, target, network, _ = digit_pair
    found = uncoupled(source, target, network, QUICK, progress=False)
    head, blocks = Head(source.classes, target.classes), Blocks(source, target, QUICK.block)
    start = pretrained(source, network, QUICK, classes=DIGITS, progress=False)
    road = travel([start], [blocks], head, QUICK, kind="mixture")
    assert found.length == pytest.approx(sum(road.steps), rel=1e-6)
    assert found.riemannian_length == pytest.approx(sum(road.riemannian_steps), rel=1e-6)
    assert found.coupling is None
    [only] = found.iterations
    assert only.steps == pytest.approx(road.steps) and len(only.steps) == QUICK.steps
    assert only.train_loss == pytest.approx(road.train_loss) and only.test_loss == []


def gaussians(m, name, seed, n=1000):
    """Two classes N(+-m, I) in the plane."""
    rng, y = np.random.default_rng(seed), np.arange(n) % 2
    x = np.where(y[:, None] == 1, m, -m) + rng.normal(size=(n, 2))
    images = torch.from_numpy(x[:, None, None].astype(np.float32))
    return Task(name, images, torch.from_numpy(y), ("minus", "plus"))


@pytest.mark.slow
def test_the_known_lengths_of_gaussian_tasks():
    """By quadrature: classes that turn by 120 degrees, coupled class by class, where the best
    classifier is 2 m x; and, uncoupled, classes that are exchanged, where every prediction p goes
    to 1 - p."""
    m_s, m_t = np.array([1.0, 0.0]), np.array([-0.5, np.sqrt(0.75)])
    axis = np.linspace(-5, 5, 60)
    z = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    mass = np.exp(-(z**2).sum(1) / 2) / np.exp(-(z**2).sum(1) / 2).sum()

    def angle(m, x):  # of the prediction on the half circle: Fisher-Rao lengths are its differences
        return 2 * np.arctan(np.exp(x @ m))

    path = [(1 - t) * m_s + t * m_t for t in np.linspace(0, 1, 49)]
    known = sum(mass @ np.abs(angle(b, at + z) - angle(a, at + z))
                for a, at, b in zip(path[:-2:2], path[1:-1:2], path[2::2], strict=True))
    exchanged = mass @ np.abs(angle(m_s, m_s + z) - angle(-m_s, m_s + z))

    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor(np.array([-m_s, m_s])))
        network[1].bias.zero_()
    settings = Settings(steps=8, sgd_steps=200, batch=64, lr=0.05, pretrain_steps=0, iterations=1,
                        block=20, start_entropy=0.02, mixing="linear")
    source = gaussians(m_s, "source", 0)
    found = coupled(source, gaussians(m_t, "target", 1), network, settings, progress=False,
                    features=lambda task: np.column_stack([task.images.flatten(1),
                                                           6 * task.labels]))
    free = uncoupled(source, gaussians(-m_s, "target", 1), network, settings, progress=False)
    assert found.length == pytest.approx(known, rel=0.06)
    assert free.length == pytest.approx(exchanged, rel=0.06)


# results and arguments

def test_results_are_their_lengths_and_can_be_kept(digit_pair):
    source, target, network, found = digit_pair
    free = uncoupled(source, target, network, QUICK, progress=False)
    fine = fine_tuning(source, target, network, QUICK, progress=False)
    for result, kind in ((found, Transfer), (free, Transfer), (fine, FineTuning),
                         (found.iterations[0], Iteration)):
        assert isinstance(result, kind) and float(result) == result.length
        assert repr(result).startswith(f"{kind.__name__}(length={result.length:.4g}, ")
        assert "\n" not in repr(result) and len(repr(result)) < 400
        for same in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
            assert float(same) == float(result) and repr(same) == repr(result)
            if kind is not Iteration:
                assert torch.equal(same.network[0].weight, result.network[0].weight)


def test_arguments_have_one_form():
    """Data first, options by keyword, with the same defaults in every function."""
    shared = {"settings": None, "classes": None, "seed": 0, "progress": True, "test": None}
    for method in (*METHODS, pretrained):
        for name, parameter in inspect.signature(method).parameters.items():
            if name in shared:
                assert parameter.default == shared[name], (method, name)
                assert name == "settings" or parameter.kind is parameter.KEYWORD_ONLY
    assert transfer.Diverged is manners.Diverged


def test_progress_is_shown_unless_it_is_not_wanted(capsys):
    given = points(20), points(20, seed=1), linear(3)
    quick = replace(QUICK, iterations=1, fine_tune_steps=1)
    for quiet in (True, False):
        for method in METHODS:
            method(*given, quick, **({"progress": False} if quiet else {}))
        pretrained(given[0], given[2], quick, **({"progress": False} if quiet else {}))
        shown = capsys.readouterr().err
        assert (shown == "") is quiet
    assert shown.count("pretraining on points:   0%") == 4
    for what in ("points to points:", "points to points, uncoupled:",
                 "points to points, fine-tuning:"):
        assert f"{what} 100%" in shown


def test_tasks_of_vectors_are_tasks():
    """NumPy's vectors (n, k), a network that takes vectors: the numbers of the same points as
    pictures, bit for bit."""
    pictures = points(40), points(40, classes=("b", "c", "d"), seed=1, shift=1.0)
    vectors = [Task(task.name, task.images.flatten(1).numpy(), task.labels.numpy(), task.classes)
               for task in pictures]
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4))
    for method in METHODS:
        given = {"settings": QUICK, "progress": False}
        found = method(*vectors, network, test=vectors, **given)
        same = method(*pictures, nn.Sequential(nn.Flatten(), *network), test=pictures, **given)
        assert found.length == same.length > 0
    start = pretrained(vectors[0], nn.Linear(2, 3), QUICK, progress=False)
    assert start(vectors[0].images).shape == (40, 3)
    with pytest.raises(ValueError, match="one network takes one shape: give both tasks the same"):
        coupled(vectors[0], pictures[1], network, QUICK)
    wide = Task("wide", np.zeros((40, 3)), vectors[0].labels, vectors[0].classes)
    with pytest.raises(ValueError, match=r"points torch.float32 \(2,\) and wide .* \(3,\)"):
        coupled(vectors[0], wide, network, QUICK)


# what can go wrong

def finite(network):
    return all(torch.isfinite(value).all() for value in network.state_dict().values())


def test_a_loss_that_is_not_finite_names_where_and_keeps_the_last_good_weights():
    source, target = halves(100)
    with pytest.raises(Diverged, match=r"tau = 0\.\d+, SGD step \d") as caught:
        coupled(source, target, SmallCNN(10), replace(QUICK, lr=1e12, pretrain_steps=0),
                progress=False)
    assert finite(caught.value.network)
    with pytest.raises(Diverged, match="pretraining step"):
        pretrained(source, SmallCNN(5), replace(QUICK, lr=1e30), progress=False)


@pytest.mark.parametrize(("method", "lr", "steps"), [
    (coupled, 1e6, 2), (coupled, 1e8, 2), (coupled, 1e20, 1), (uncoupled, 1e30, 1),
    (fine_tuning, 1e30, 1)])
def test_weights_that_blow_up_in_the_last_sgd_step_are_noticed(method, lr, steps):
    settings = replace(QUICK, lr=lr, pretrain_steps=0, sgd_steps=steps, fine_tune_steps=steps)
    where = "fine-tuning step 0" if method is fine_tuning else "tau ="
    with pytest.raises(Diverged, match=where) as caught:
        method(*halves(100), SmallCNN(10), settings, progress=False)
    assert finite(caught.value.network)


class Hidden(nn.Module):
    """Has a weight that only training sees, and that its first step makes NaN."""

    def __init__(self):
        super().__init__()
        self.inner, self.root = linear(3), nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.inner(x) + (self.root.sqrt() if self.training else 0)


@pytest.mark.parametrize("method", METHODS)
def test_a_weight_that_is_not_finite_is_noticed_though_no_logit_shows_it(method):
    settings = replace(QUICK, pretrain_steps=0, steps=1, sgd_steps=1, block=20, fine_tune_steps=1)
    with pytest.raises(Diverged, match="SGD step 0") as caught:
        method(points(20), points(20, seed=1), Hidden(), settings, progress=False)
    assert finite(caught.value.network)


class Brittle(nn.Module):
    """Infinite in evaluation as soon as a weight has moved."""

    def __init__(self):
        super().__init__()
        self.inner = linear(3)
        self.register_buffer("start", self.inner[1].weight.detach().clone())

    def forward(self, x):
        moved = not torch.equal(self.inner[1].weight, self.start)
        return self.inner(x) + (torch.inf if moved and not self.training else 0)


def test_pretraining_to_infinite_logits_is_noticed():
    with pytest.raises(Diverged, match="pretraining step 0") as caught:
        pretrained(points(20), Brittle(), QUICK, progress=False)
    assert torch.equal(caught.value.network.inner[1].weight, Brittle().inner[1].weight)


class Spiked(nn.Module):
    """Infinite for one image, and with a class that is never said."""

    def __init__(self, image):
        super().__init__()
        self.inner, self.image = SmallCNN(10), image

    def forward(self, x):
        hit = (x == self.image).flatten(1).all(1)
        logits = self.inner(x).masked_fill(hit[:, None], torch.inf)
        return torch.cat([logits, torch.full_like(logits[:, :1], -torch.inf)], 1)


def test_an_infinite_logit_at_one_test_image_is_noticed():
    source, target = halves(100)
    unseen = [digits(train=False).only(task.classes) for task in (source, target)]
    given = {"settings": replace(QUICK, pretrain_steps=0, iterations=1, steps=2),
             "classes": (*DIGITS, "none"), "progress": False}
    network = Spiked(floats(unseen[1].images[-1:]))
    # a class at -infinity does no harm
    assert np.isfinite(coupled(source, target, network, **given).length)
    for method, where in ((coupled, "end of the road"), (uncoupled, "tau ="),
                          (fine_tuning, "start of fine-tuning")):
        with pytest.raises(Diverged, match=where):
            method(source, target, network, test=unseen, **given)


def test_a_road_without_movement_keeps_its_coupling():
    still = replace(QUICK, lr=1e-30, pretrain_steps=0)
    found = coupled(*halves(100), SmallCNN(10), still, progress=False)
    assert found.length == 0
    assert [(road.gap, road.moved) for road in found.iterations] == [(0, 0)] * QUICK.iterations
    assert found.coupling.std() > 0  # that of the images, not the independent one


def flushes():
    return (torch.tensor(1e-310, dtype=torch.float64) / 2).item() == 0


def test_denormals_are_flushed_in_the_whole_of_a_transfer_and_left_to_the_caller_outside(
        monkeypatch):
    inside = []
    for name in ("proximal", "from_features"):
        solve = getattr(couplings, name)
        monkeypatch.setattr(couplings, name, lambda *args, solve=solve, **keywords:
                            inside.append(flushes()) or solve(*args, **keywords))
    for before in (False, True):
        torch.set_flush_denormal(before)
        try:
            coupled(*halves(100), SmallCNN(10), QUICK, progress=False)
            assert flushes() is before
        finally:
            torch.set_flush_denormal(False)
    assert len(inside) == 2 * (1 + QUICK.iterations) and all(inside)


def test_a_network_stays_in_the_mode_that_it_is_in():
    for mode in (True, False):
        network = linear(3).train(mode)
        pretrained(points(), network, replace(QUICK, pretrain_steps=1), progress=False)
        assert {part.training for part in network.modules()} == {mode}


def test_errors_before_a_run():
    source, target = halves(100)
    network = SmallCNN(10)
    given = {"settings": QUICK, "progress": False}
    with pytest.raises(ValueError, match=r"01234 torch.uint8 \(1, 8, 8\) and 56789 torch.uint8 "
                                         r"\(3, 16, 16\); .* task.resized\(16, channels=3\)"):
        coupled(source, target.resized(16, 3), network, **given)
    wide = replace(source, images=source.images.repeat(1, 1, 1, 2))
    for pair in ((wide, target), (source, wide)):
        with pytest.raises(ValueError, match=r"task.resized\(16, channels=1\)"):
            coupled(*pair, network, **given)
    with pytest.raises(ValueError, match=r"shape \(2, 4\) for 2 images; it needs \(2, 10\)"):
        coupled(source, target, SmallCNN(4), **given)
    with pytest.raises(ValueError, match=r"it needs \(2, 5\), one output for each of the larger"):
        uncoupled(source, target, network, replace(QUICK, head="index"), progress=False)
    with pytest.raises(ValueError, match="with classes= if there are more"):
        pretrained(source, SmallCNN(10), QUICK)
    with pytest.raises(ValueError, match="a block of 500 images"):
        coupled(source, target, network, replace(QUICK, block=500), progress=False)


def test_features_that_are_no_numbers_for_every_image_are_refused(tmp_path):
    source, target = points(20), points(20, seed=1)
    given = {"settings": QUICK, "progress": False}
    for features, kind, message in (
            (lambda task: np.zeros((3, 2)), ValueError, r"shape \(3, 2\) for the 20 images of poi"),
            (lambda task: np.arange(20), ValueError, r"shape \(20,\) .* it needs \(20, k\)"),
            (lambda task: 3.0, ValueError, r"shape \(\) for the 20 images"),
            (lambda task: np.full((20, 2), np.nan), ValueError, "features of points hold NaN"),
            (lambda task: [["edge"]] * 20, TypeError, "for points it gave list"),
            (lambda task: np.array([[object()]] * 20), TypeError, "for points it gave ndarray"),
            (lambda task: None, TypeError, "for points it gave NoneType")):
        for save in (None, tmp_path / "run.pt"):
            with pytest.raises(kind, match=message):
                coupled(source, target, linear(3), features=features, save=save, **given)
    assert not list(tmp_path.iterdir())
    pixels = coupled(source, target, linear(3), **given)
    for features in (lambda task: task.images.flatten(1).tolist(), lambda task: task.images,
                     lambda task: task.images.flatten(1).double().requires_grad_()):
        found = coupled(source, target, linear(3), features=features, **given)
        assert found.iterations == pixels.iterations


def test_a_wrong_kind_of_argument_is_a_type_error():
    source, target = halves(100)
    plain = {"source": source, "target": target, "network": SmallCNN(10), "settings": QUICK,
             "progress": False}
    for wrong, message in (
            ({"source": source.images}, "a task must be a tdist.Task, got Tensor"),
            ({"target": None}, "a task must be a tdist.Task, got NoneType"),
            ({"network": lambda x: x}, "network must be a torch.nn.Module, got function"),
            ({"settings": {"lr": 0.1}}, r"settings must be a tdist.transfer.Settings, got \{'lr'"),
            ({"settings": {}}, "settings must be a tdist.transfer.Settings"),
            ({"classes": "0123456789"}, r"the string '0123456789'; .* tuple\('0123456789'\)"),
            ({"seed": None}, "seed must be a whole number, at least 0; got None"),
            ({"seed": "0"}, "seed must be a whole number, at least 0; got '0'"),
            ({"test": target}, "test must be a pair, .* got Task"),
            ({"test": (source.images, target.images)}, "a task must be a tdist.Task, got Tensor")):
        for method in METHODS:
            with pytest.raises(TypeError, match=message):
                method(**plain | wrong)
    with pytest.raises(TypeError, match="features must be a function from a Task"):
        coupled(**plain, features=np.zeros((100, 3)))
    for method in METHODS:
        with pytest.raises(ValueError, match="seed must be a whole number, at least 0; got -1"):
            method(**plain, seed=-1)


def test_errors_about_test_images():
    source, target = halves(100)
    unseen = digits(train=False)
    for test, message in (((source, unseen), "take test.only"),
                          ((source, target.only(target.classes[::-1])), "take test.only"),
                          ((source, target.resized(16)), "images differ"),
                          ([source], "must be a pair, .* got 1 of them")):
        for method in METHODS:
            with pytest.raises(ValueError, match=message):
                method(source, target, SmallCNN(10), QUICK, test=test, progress=False)


def test_errors_about_networks_and_tasks():
    source, target = halves(100)
    small = SmallCNN(10)
    hot, frozen = copy.deepcopy(small), copy.deepcopy(small).requires_grad_(False)
    hot[0].weight.data.fill_(float("inf"))
    for network, message in ((nn.Flatten(), "no weights that could move$"),
                             (frozen, r"could move: all are frozen; network.requires_grad_\(\)"),
                             (nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), "send it a batch"),
                             (CNN(10, channels=3), "does not turn images"),
                             (nn.LSTM(8, 10), "does not turn images"),
                             (nn.Sequential(nn.Flatten(), nn.LSTM(64, 10)), "does not turn images"),
                             (hot, "not finite before")):
        for method in METHODS:
            with pytest.raises(ValueError, match=message):
                method(source, target, network, QUICK, progress=False)
    one = source, target.only(("5",)), SmallCNN(6)
    with pytest.raises(ValueError, match="has the one class 5"):
        coupled(*one, QUICK, progress=False)
    assert coupled(*one, replace(QUICK, head="union"), progress=False).length > 0
    with pytest.raises(ValueError, match="both as uint8"):
        coupled(source, replace(target, images=target.images.float()), small, QUICK)
    four = replace(target, images=target.images.expand(-1, 4, -1, -1))
    with pytest.raises(ValueError, match=r"same channels$"):
        coupled(source.resized(8, 3), four, small, QUICK)


def test_a_partly_frozen_network_moves_the_rest():
    source, target = points(20), points(20, seed=1, shift=1.0)
    network = linear(3)
    network[1].bias.requires_grad_(False)
    for method in METHODS:
        found = method(source, target, network, QUICK, progress=False)
        assert torch.equal(found.network[1].bias, network[1].bias)
        assert found.length > 0
