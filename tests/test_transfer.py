"""Roads between tasks: against hand-made steps, closed forms, and themselves after a kill."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tdist import couplings, fisher_rao, transfer
from tdist.networks import CNN, SmallCNN, WideResNet
from tdist.tasks import Task, digits, floats
from tdist.transfer import coupled, fine_tuning, pretrained, uncoupled
from tdist.transfer.heads import Head
from tdist.transfer.roads import Blocks, Gauge, mixing, travel
from tdist.transfer.training import Diverged, Settings, evaluate, stream

QUICK = Settings(steps=4, sgd_steps=3, batch=16, pretrain_steps=40, fine_tune_steps=50, iterations=3, block=5)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def points(n=20, classes=("a", "b", "c"), seed=0, name="points", shift=0.0):
    """Points in the plane, one cloud a class, as a task of floats."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % len(classes)
    x = rng.normal(size=(n, 2)) + 3 * np.stack([np.cos(2 * labels + shift), np.sin(2 * labels + shift)], 1)
    return Task(name, torch.from_numpy(x[:, None, None].astype(np.float32)), torch.from_numpy(labels).long(), classes)


def linear(outputs, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(2, outputs))


def halves(size=200):
    data = digits().subset(size)
    return [data.only(tuple(names), names) for names in ("01234", "56789")]


# heads

def test_gated_head_by_hand():
    head = Head(("a", "b"), ("b", "c"))
    assert head.classes == ("a", "b", "c")
    before, after = torch.tensor([[0.3, -1.0, 2.0]]), torch.tensor([[1.0, 0.5, -0.7]])
    d_s, d_t = (fisher_rao.distance(before[:, own].softmax(1), after[:, own].softmax(1)).item()
                for own in ([0, 1], [1, 2]))
    assert head.step(before, after, 0.3).item() == pytest.approx(np.sqrt(0.7 * d_s**2 + 0.3 * d_t**2), rel=1e-5)
    kl = fisher_rao.root_kl(before[:, [0, 1]].softmax(1), after[:, [0, 1]].softmax(1))
    assert head.step(before, after, 0.0, "kl").item() == pytest.approx(kl.item(), rel=1e-5)
    # source label 1 is b, target label 1 is c
    of_source, of_target = -before[0, [0, 1]].log_softmax(0), -before[0, [1, 2]].log_softmax(0)
    one = torch.tensor([1])
    assert head.loss(before, one, one, torch.tensor([0.2])).item() == pytest.approx(
        (0.8 * of_source[1] + 0.2 * of_target[1]).item())
    assert head.target_loss(before, one).item() == pytest.approx(of_target[1].item())
    assert head.source_loss(before, torch.tensor([0])).item() == pytest.approx(of_source[0].item())


def test_one_softmax_has_the_mixed_labels_of_equation_8():
    logits, mix = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), torch.linspace(0, 1, 6)
    y_s, y_t = torch.tensor([0, 1, 0, 1, 0, 1]), torch.tensor([1, 1, 0, 0, 1, 0])
    for kind, place in (("union", 2), ("index", 0)):
        size = 4 if kind == "union" else 2
        head = Head(("a", "b"), ("c", "d"), kind)
        one_hot = torch.eye(size)
        mixed = (1 - mix)[:, None] * one_hot[y_s] + mix[:, None] * one_hot[y_t + place]
        expected = cross_entropy(logits[:, :size], mixed)
        assert head.loss(logits[:, :size], y_s, y_t, mix).item() == pytest.approx(expected.item(), rel=1e-5)


def test_union_of_disjoint_tasks_is_pi_apart():
    """A sure classifier that moves from a class of the source to one of the target."""
    head, gated = Head(("a", "b"), ("c", "d"), "union"), Head(("a", "b"), ("c", "d"))
    before, after = torch.tensor([[60.0, 0, 0, 0]]), torch.tensor([[0, 0, 60.0, 0]])
    assert head.step(before, after, 0.5).item() == pytest.approx(np.pi, abs=1e-6)
    assert gated.step(before, after, 0.5).item() == pytest.approx(np.pi / 2, abs=1e-6)  # from sure to undecided, twice


def test_correct_looks_at_the_targets_own_classes():
    logits = torch.tensor([[9.0, 0.0, 1.0], [9.0, 1.0, 0.0]])
    for kind in ("gated", "union"):
        assert Head(("a",), ("b", "c"), kind).correct(logits, torch.tensor([1, 1])).tolist() == [True, False]
    assert Head(("a",), ("b", "c"), "index").correct(logits[:, :2], torch.tensor([0, 1])).tolist() == [True, False]


def test_head_errors():
    with pytest.raises(ValueError, match="head must be one of"):
        Head(("a",), ("b",), "both")
    with pytest.raises(ValueError, match=r"no output for \['c'\]"):
        Head(("a",), ("c",), classes=("a", "b"))


# blocks and mixing

def test_mixing_has_the_mean_and_variance_of_beta():
    rng = np.random.default_rng(0)
    for kind, variance in (("beta", 0.5), ("mixture", 1.0), ("linear", 0.0)):
        draws = mixing(kind, rng, 0.3, 200_000)
        assert draws.mean() == pytest.approx(0.3, abs=0.004)
        assert draws.var() == pytest.approx(variance * 0.3 * 0.7, abs=0.003)
        assert (mixing(kind, rng, 0.0, 5) == 0).all()
        assert (mixing(kind, rng, 1.0, 5) == 1).all()


def test_blocks_use_every_image_of_the_larger_task():
    small, large = points(10), points(23, name="large")
    blocks = Blocks(small, large, 4)
    assert blocks.source.shape == blocks.target.shape == (5, 4)
    assert len(blocks.target.flatten().unique()) == 20
    assert blocks.source.flatten().bincount().tolist() == [2] * 10
    with pytest.raises(ValueError, match="a block of 11 images is more than points has"):
        Blocks(small, large, 11)


def test_pairs_are_drawn_from_the_coupling():
    blocks = Blocks(points(12), points(12, seed=1), 4)
    gamma = torch.rand(3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) ** 3
    blocks.coupling = torch.as_tensor(transfer.couplings.round_to_marginals(gamma / gamma.sum((1, 2), keepdim=True)))
    rows, columns = blocks.draw(np.random.default_rng(0), 200_000)
    found = torch.zeros(12, 12, dtype=torch.float64)
    found.index_put_((rows, columns), torch.full((200_000,), 1 / 200_000, dtype=torch.float64), accumulate=True)
    for b in range(3):
        part = found[blocks.source[b]][:, blocks.target[b]]
        assert (3 * part - blocks.coupling[b]).abs().max() < 0.004


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


# roads

def test_one_step_by_hand():
    """K = 1 with one SGD step: costs, both lengths and the loss from the formulas, pair by pair."""
    source, target = points(8, shift=0.0), points(8, classes=("b", "c"), seed=1, shift=1.0)
    settings = replace(QUICK, steps=1, sgd_steps=1, block=4, mixing="linear", lr=0.3)
    head, network = Head(source.classes, target.classes), linear(3)
    blocks = Blocks(source, target, 4, seed=3)
    blocks.start(None, 0.05, 1e-6)
    moved = copy.deepcopy(network)
    road = travel(moved, [blocks], head, settings, seed=3, kind="linear")

    again = copy.deepcopy(network)
    optimiser = torch.optim.SGD(again.parameters(), 0.3)
    _, columns = blocks.draw(stream(3, 2, 0), 16)  # at tau = 1 every pair is its target image
    loss = head.target_loss(again(target.images[columns]), target.labels[columns])
    loss.backward()
    optimiser.step()
    assert torch.allclose(again[1].weight, moved[1].weight, atol=1e-6)
    assert road.train_loss == pytest.approx([loss.item()], rel=1e-5)

    total, square = 0.0, 0.0
    for b in range(2):
        for i in range(4):
            for j in range(4):
                x = (source.images[blocks.source[b, i]] + target.images[blocks.target[b, j]])[None] / 2
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


def test_one_uncoupled_step_by_hand():
    source, target = points(8), points(8, classes=("b", "c"), seed=1, shift=1.0)
    settings = replace(QUICK, steps=1, sgd_steps=1, block=4, lr=0.3)
    head, network = Head(source.classes, target.classes), linear(3)
    moved = copy.deepcopy(network)
    road = travel(moved, [Blocks(source, target, 4)], head, settings, kind="mixture")
    d = torch.cat([head.step(network(task.images), moved(task.images), 0.5) for task in (source, target)])
    assert road.steps == pytest.approx([d.mean().item()], rel=1e-3)
    assert road.riemannian_steps == pytest.approx([(d**2).mean().sqrt().item()], rel=1e-3)


def test_uncoupled_steps_weigh_the_tasks_by_the_middle_of_the_step():
    source, target = points(8), points(8, classes=("b", "c"), seed=1, shift=1.0)
    head = Head(source.classes, target.classes)
    gauge = Gauge(Blocks(source, target, 4), head, replace(QUICK, steps=2, block=4, visits=2), 0, "mixture")
    before, after = linear(3), linear(3, seed=1)
    gauge.look(before, 0)
    gauge.measure(after, 0)
    d = [head.step(before(task.images), after(task.images), 0.25).mean().item() for task in (source, target)]
    assert gauge.lengths == pytest.approx([0.75 * d[0] + 0.25 * d[1]], rel=1e-4)
    assert abs(d[0] - d[1]) > 0.01


def test_unseen_images_have_a_loss_of_their_own():
    """At tau = 1 it is the target's loss on unseen images, with the weights at the end."""
    source, target = points(20), points(20, classes=("b", "c"), seed=1)
    parts = [Blocks(source, target, 5), Blocks(source, points(20, classes=("b", "c"), seed=7, shift=2.0), 5)]
    head, network = Head(source.classes, target.classes), linear(3)
    road = travel(network, parts, head, QUICK, seed=4)
    _, columns = parts[1].draw(stream(4, 2, QUICK.steps - 1), 512)
    unseen = parts[1].tasks[1]
    expected = head.target_loss(network(unseen.images[columns]), unseen.labels[columns]).item()
    assert road.test_loss[-1] == pytest.approx(expected, rel=1e-5)


def test_weights_learn_in_training_mode_and_are_measured_in_evaluation_mode():
    source, target, modes = points(20), points(20, seed=1), []

    class Spy(nn.Sequential):
        def forward(self, x):
            modes.append((self.training, torch.is_grad_enabled()))
            return super().forward(x)

    network = Spy(*linear(3))
    travel(network, [Blocks(source, target, 5)], Head(source.classes, target.classes), QUICK)
    assert set(modes) == {(True, True), (False, False)}
    assert sum(training for training, _ in modes) == QUICK.steps * QUICK.sgd_steps


def test_dropout_is_seeded():
    source, target = points(20), points(20, seed=1)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 32), nn.Dropout(0.5), nn.Linear(32, 3))
    found = []
    for state in (1, 2):
        torch.manual_seed(state)
        found.append(coupled(source, target, network, QUICK, progress=False).length)
    assert found[0] == found[1]


def test_costs_add_up_to_the_length():
    """<Gamma, C> of the coupling that was travelled is the length, when every block is measured in every step."""
    source, target = points(20), points(20, seed=1, shift=1.0)
    settings = replace(QUICK, visits=4)
    blocks = Blocks(source, target, 5)
    road = travel(linear(3), [blocks], Head(source.classes, target.classes), settings)
    assert (blocks.coupling * road.costs[0]).sum().item() / 4 == pytest.approx(sum(road.steps), rel=1e-9)


def test_blocks_measured_in_turn_scale_up():
    """A network that moves at a constant pace: costs do not depend on how often a block was measured."""
    source, target = points(20), points(20, seed=1)

    class Drift(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(3))

        def forward(self, x):
            return self.w.expand(len(x), 3)

    settings = replace(QUICK, steps=8, sgd_steps=1, lr=0.01, batch=256, mixing="linear")
    costs = [travel(Drift(), [Blocks(source, target, 5)], Head(source.classes, target.classes),
                    replace(settings, visits=visits), kind="linear").costs[0].mean().item() for visits in (1, 4)]
    assert costs[0] == pytest.approx(costs[1], rel=0.1)


@pytest.mark.parametrize("network", [SmallCNN(10), nn.Sequential(SmallCNN(10), nn.Dropout(0.5))])
def test_weights_that_stay_are_at_distance_zero(network):
    source, target = halves(100)
    still = replace(QUICK, lr=1e-30)
    road = travel(network, [Blocks(source, target, 5)], Head(source.classes, target.classes), still)
    assert road.steps == [0.0] * 4
    assert travel(network, [Blocks(source, target, 5)], Head(source.classes, target.classes), still,
                  kind="mixture").steps == [0.0] * 4


def test_the_running_means_of_batch_norm_are_the_classifiers_movement_too():
    source, target = (task.resized(16) for task in halves(100))
    head, still = Head(source.classes, target.classes), replace(QUICK, lr=1e-30)
    network = CNN(10, 1, width=4)
    assert min(travel(copy.deepcopy(network), [Blocks(source, target, 5)], head, still).steps) > 0
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0
    assert travel(network, [Blocks(source, target, 5)], head, still).steps == [0.0] * 4


# distances

@pytest.fixture(scope="module")
def digit_pair():
    source, target = halves()
    torch.manual_seed(0)
    network = SmallCNN(10)
    return source, target, network, coupled(source, target, network, QUICK, progress=False)


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
    last = found.iterations[-1]
    assert last.coupled_cost == pytest.approx((found.coupling * found.cost).sum().item() / len(found.coupling))
    assert last.independent_cost == pytest.approx(found.cost.mean().item())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_without_a_proximal_term_the_coupling_costs_no_more_than_the_independent_one(digit_pair, seed):
    """A theorem, up to the gap: of all couplings the independent one has the largest entropy."""
    source, target, network, _ = digit_pair
    found = coupled(source, target, network, replace(QUICK, proximal=0.0), seed=seed, progress=False)
    assert all(road.coupled_cost <= (1 - 0.02) * road.independent_cost for road in found.iterations)


def test_the_next_coupling_is_the_proximal_step(digit_pair):
    source, target, network, _ = digit_pair
    exact = replace(QUICK, tolerance=1e-8)
    one, two, grown, three = (
        coupled(source, target, network, replace(exact, **changes), progress=False)
        for changes in ({"iterations": 1}, {"iterations": 2}, {"iterations": 2, "growth": 5.0}, {}))
    for before, result, weight in ((one, two, 10), (one, grown, 50), (two, three, 10)):
        scale = result.cost.mean().item()
        expected = transfer.couplings.proximal(result.cost, before.coupling, 0.05 * scale, weight * scale, 1e-10)
        assert (result.coupling - expected.coupling).abs().max() * 25 < 1e-3
        moved = (result.coupling - before.coupling).abs().sum((1, 2)).mean().item() / 2
        assert result.iterations[-1].moved == pytest.approx(moved)


def test_each_road_is_measured_at_draws_of_its_own_and_travelled_by_the_same_ones(digit_pair):
    """A coupling is cheap at the draws it was chosen on: there the next road would look shorter than it is."""
    source, target, network, _ = digit_pair
    settings = replace(QUICK, iterations=2)
    found = coupled(source, target, network, settings, progress=False)
    first = coupled(source, target, network, replace(settings, iterations=1), progress=False)
    lengths, ends, orders = [], [], []
    for number in (0, 1):
        moving = pretrained(source, network, settings, tuple("0123456789"))
        blocks = Blocks(source, target, settings.block)
        blocks.coupling = first.coupling
        head = Head(source.classes, target.classes)
        road = travel(moving, [blocks], head, settings, number=number)
        lengths.append(sum(road.steps))
        ends.append(torch.cat([w.flatten() for w in moving.parameters()]))
        orders.append(Gauge(blocks, head, settings, 0, "beta", number).order.tolist())
    assert torch.equal(*ends)
    assert lengths[1] == pytest.approx(found.iterations[1].length, rel=1e-6) and lengths[0] < 0.99 * lengths[1]
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
    assert coupled(source, target, network, QUICK, seed=1, progress=False).length != found.length


def test_a_killed_run_resumes_to_the_same_numbers(digit_pair, tmp_path, monkeypatch):
    source, target, network, found = digit_pair
    path, calls = tmp_path / "run.pt", []

    def dies(*arguments, **keywords):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return travel(*arguments, **keywords)

    monkeypatch.setattr(transfer.distances, "travel", dies)
    with pytest.raises(KeyboardInterrupt):
        coupled(source, target, network, QUICK, save=path, progress=False)
    resumed = coupled(source, target, network, QUICK, save=path, progress=False)
    assert len(calls) == 4  # two roads, the killed one, and only the third again
    assert resumed.iterations == found.iterations
    assert torch.equal(resumed.coupling, found.coupling)
    assert all(torch.equal(a, b) for a, b in zip(resumed.network.parameters(), found.network.parameters(), strict=True))
    assert coupled(source, target, network, QUICK, save=path, progress=False).length == found.length
    assert len(calls) == 4
    assert 0 < resumed.start_gap == found.start_gap <= QUICK.tolerance
    for what, other in (("seed", {"seed": 1}), ("settings", {"settings": replace(QUICK, lr=0.01)}),
                        ("features", {"features": lambda task: task.labels[:, None]})):
        keywords = {"settings": QUICK, "save": path, "progress": False} | other
        with pytest.raises(ValueError, match=f"belongs to another run, by its {what};"):
            coupled(source, target, network, **keywords)


def test_a_killed_run_with_batch_norm_dropout_and_test_images_resumes_to_the_same_numbers(tmp_path, monkeypatch):
    source, target = (task.resized(16) for task in halves(100))
    unseen = [digits(train=False).resized(16).only(task.classes) for task in (source, target)]
    given = {"settings": replace(QUICK, iterations=2), "test": unseen, "progress": False}
    torch.manual_seed(0)
    network, path, calls = CNN(10, 1, width=4), tmp_path / "run.pt", []

    def dies(*arguments, **keywords):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return travel(*arguments, **keywords)

    whole = coupled(source, target, network, **given)
    monkeypatch.setattr(transfer.distances, "travel", dies)
    with pytest.raises(KeyboardInterrupt):
        coupled(source, target, network, save=path, **given)
    resumed = coupled(source, target, network, save=path, **given)
    assert resumed.iterations == whole.iterations
    assert (resumed.accuracy, resumed.loss) == (whole.accuracy, whole.loss)
    assert all(torch.equal(a, b) for a, b in zip(resumed.network.state_dict().values(),
                                                 whole.network.state_dict().values(), strict=True))


def test_a_finished_run_goes_on_to_more_iterations(digit_pair, tmp_path):
    source, target, network, found = digit_pair
    path = tmp_path / "run.pt"
    for iterations in (2, 3):
        last = coupled(source, target, network, replace(QUICK, iterations=iterations, fine_tune_steps=iterations),
                       save=path, progress=False)
        assert last.iterations == found.iterations[:iterations]
    assert torch.equal(last.coupling, found.coupling)
    with pytest.raises(ValueError, match="has 3 iterations, more than the 1"):
        coupled(source, target, network, replace(QUICK, iterations=1), save=path, progress=False)


def test_a_coupling_without_its_certificate_warns(digit_pair, monkeypatch):
    source, target, network, _ = digit_pair
    closing = couplings.proximal
    monkeypatch.setattr(couplings, "proximal", lambda cost, previous, entropy, proximal, tolerance, *steps:
                        closing(cost, previous, entropy, proximal, tolerance, max_steps=1, sweeps=1))
    with pytest.warns(RuntimeWarning, match="duality gap") as seen:
        coupled(source, target, network, replace(QUICK, iterations=1, tolerance=1e-9), progress=False)
    assert [str(one.message).split(" has")[0] for one in seen] == ["the first coupling", "the coupling of iteration 1"]


def test_the_proximal_step_may_do_without_entropy(digit_pair):
    """As in the authors' program; the first coupling needs one, and has a weight of its own."""
    source, target, network, _ = digit_pair
    settings = replace(QUICK, iterations=1, start_entropy=0.2, entropy=0.0, proximal=1.0)
    found = coupled(source, target, network, settings, progress=False)
    blocks = Blocks(source, target, settings.block)
    blocks.start(None, 0.2, settings.tolerance)
    scale = found.cost.mean().item()
    best = couplings.proximal(found.cost, blocks.coupling, 0.0, scale, 1e-9)
    # F grows by at least lambda |Gamma - best|^2 from the best
    assert ((found.coupling - best.coupling) ** 2).sum((1, 2)).max() <= found.iterations[0].gap
    assert (best.coupling < 1e-12).any()
    assert found.iterations[0].gap <= settings.tolerance


def test_pretrained_once_is_pretrained_inside(digit_pair):
    source, target, network, found = digit_pair
    start = pretrained(source, network, QUICK, classes=tuple("0123456789"))
    again = coupled(source, target, start, replace(QUICK, pretrain_steps=0), progress=False)
    assert again.length == found.length
    assert not torch.equal(start[0].weight, found.network[0].weight)  # the end of the road, not its start


def test_pairs_of_digits():
    """To a subset is shorter than from it; and with trained networks every coupling costs no more than the independent
    one, which with a proximal term is seen, not proved."""
    everything = digits().subset(400)
    low, high = everything.only(tuple("01234"), "low"), everything.only(tuple("56789"), "high")
    torch.manual_seed(0)
    network = SmallCNN(10)
    settings = replace(QUICK, steps=8, sgd_steps=8, batch=32, pretrain_steps=300, iterations=2)
    found = {(source.name, target.name): coupled(source, target, network, settings, progress=False,
                                                 classes=tuple("0123456789"))
             for source in (everything, low, high) for target in (everything, low, high) if source is not target}
    for part in ("low", "high"):
        there, back = found[everything.name, part], found[part, everything.name]
        assert there.length < 0.8 * back.length and there.accuracy > 0.8
    assert all(road.coupled_cost <= road.independent_cost for result in found.values() for road in result.iterations)


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
    head, blocks = Head(source.classes, target.classes), [Blocks(source, target, QUICK.block)]
    road = travel(pretrained(source, network, QUICK, tuple("0123456789")), blocks, head, QUICK, kind="mixture")
    assert found.length == pytest.approx(sum(road.steps), rel=1e-6)
    assert found.riemannian_length == pytest.approx(sum(road.riemannian_steps), rel=1e-6)
    assert found.coupling is None
    assert len(found.iterations) == 1


def test_fine_tuning_is_the_length_of_the_weights_path():
    source, target = points(40), points(40, classes=("b", "c", "a"), seed=1, shift=1.5)
    settings = replace(QUICK, pretrain_steps=0, fine_tune_steps=1, lr=0.1)
    network = linear(3)
    found = fine_tuning(source, target, network, settings, progress=False)
    step = torch.cat([(a - b).flatten() for a, b in zip(found.network.parameters(), network.parameters(), strict=True)])
    assert found.full_length == pytest.approx(step.norm().item(), rel=1e-5)
    three = fine_tuning(source, target, network, replace(settings, fine_tune_steps=3), progress=False)
    again, rng, path = copy.deepcopy(network), stream(0, 4), 0.0
    optimiser = torch.optim.SGD(again.parameters(), 0.1)
    for _ in range(3):
        rows = torch.from_numpy(rng.integers(40, size=16))
        optimiser.zero_grad()
        cross_entropy(again(target.images[rows])[:, [1, 2, 0]], target.labels[rows]).backward()
        path += 0.1 * torch.cat([w.grad.flatten() for w in again.parameters()]).norm().item()
        optimiser.step()
    assert three.full_length == pytest.approx(path, rel=1e-4)
    long = fine_tuning(source, target, network, replace(settings, fine_tune_steps=120), progress=False)
    assert len(long.accuracies) == len(long.losses) == 1 + 5
    first = next(i for i, a in enumerate(long.accuracies) if a >= 0.95 * long.accuracies[-1])
    assert long.stop == [0, 25, 50, 75, 100, 120][first]
    assert 0 < float(long) == long.length < long.full_length
    short = fine_tuning(source, target, network, replace(settings, fine_tune_steps=long.stop), progress=False)
    assert long.length == pytest.approx(short.full_length, rel=1e-6)
    ends = torch.cat([(a - b).flatten() for a, b in zip(long.network.parameters(), network.parameters(), strict=True)])
    assert long.full_length > ends.norm().item()
    assert fine_tuning(source, source, long.network, replace(settings, lr=1e-9), progress=False).full_length < 1e-6


def test_fine_tuning_stops_at_95_percent_of_the_last_accuracy(monkeypatch):
    given = iter([(accuracy, 1.0) for accuracy in (0.1, 0.45, 0.75, 0.77, 0.8, 0.8)])
    monkeypatch.setattr("tdist.transfer.weights.evaluate", lambda *arguments: next(given))
    settings = replace(QUICK, pretrain_steps=0, fine_tune_steps=120)
    found = fine_tuning(points(40), points(40, seed=1), linear(3), settings, progress=False)
    assert found.stop == 75  # 0.77 is the first above 0.95 * 0.8


def gaussians(m, name, seed, n=1000):
    """Two classes N(+-m, I) in the plane."""
    rng, y = np.random.default_rng(seed), np.arange(n) % 2
    x = np.where(y[:, None] == 1, m, -m) + rng.normal(size=(n, 2))
    return Task(name, torch.from_numpy(x[:, None, None].astype(np.float32)), torch.from_numpy(y), ("minus", "plus"))


def test_the_known_lengths_of_gaussian_tasks():
    """By quadrature: classes that turn by 120 degrees, coupled class by class, where the best classifier is 2 m x; and,
    uncoupled, classes that are exchanged, where every prediction p goes to 1 - p."""
    m_s, m_t = np.array([1.0, 0.0]), np.array([-0.5, np.sqrt(0.75)])
    axis = np.linspace(-5, 5, 60)
    z = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    mass = np.exp(-(z**2).sum(1) / 2) / np.exp(-(z**2).sum(1) / 2).sum()

    def angle(m, x):  # of the prediction on the half circle: Fisher-Rao lengths are its differences
        return 2 * np.arctan(np.exp(x @ m))

    path = [(1 - t) * m_s + t * m_t for t in np.linspace(0, 1, 49)]
    known = sum(mass @ np.abs(angle(b, at + z) - angle(a, at + z)) for a, at, b in zip(
        path[:-2:2], path[1:-1:2], path[2::2], strict=True))
    exchanged = mass @ np.abs(angle(m_s, m_s + z) - angle(-m_s, m_s + z))

    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor(np.array([-m_s, m_s])))
        network[1].bias.zero_()
    settings = Settings(steps=8, sgd_steps=200, batch=64, lr=0.05, pretrain_steps=0, iterations=1, block=20,
                        start_entropy=0.02, mixing="linear")
    source = gaussians(m_s, "source", 0)
    found = coupled(source, gaussians(m_t, "target", 1), network, settings, progress=False,
                    features=lambda task: np.column_stack([task.images.flatten(1), 6 * task.labels]))
    free = uncoupled(source, gaussians(-m_s, "target", 1), network, settings, progress=False)
    assert found.length == pytest.approx(known, rel=0.06)
    assert free.length == pytest.approx(exchanged, rel=0.06)


# what can go wrong

def test_a_loss_that_is_not_finite_names_where_and_keeps_the_last_good_weights():
    source, target = halves(100)
    with pytest.raises(Diverged, match=r"tau = 0\.\d+, SGD step \d") as caught:
        coupled(source, target, SmallCNN(10), replace(QUICK, lr=1e12, pretrain_steps=0), progress=False)
    assert all(torch.isfinite(value).all() for value in caught.value.network.state_dict().values())
    with pytest.raises(Diverged, match="pretraining step"):
        pretrained(source, SmallCNN(5), replace(QUICK, lr=1e30))


@pytest.mark.parametrize(("method", "lr", "steps"), [
    (coupled, 1e6, 2), (coupled, 1e8, 2), (coupled, 1e20, 1), (uncoupled, 1e30, 1), (fine_tuning, 1e30, 1)])
def test_weights_that_blow_up_in_the_last_sgd_step_are_noticed(method, lr, steps):
    settings = replace(QUICK, lr=lr, pretrain_steps=0, sgd_steps=steps, fine_tune_steps=steps)
    with pytest.raises(Diverged, match="fine-tuning step 0" if method is fine_tuning else "tau =") as caught:
        method(*halves(100), SmallCNN(10), settings, progress=False)
    assert all(torch.isfinite(value).all() for value in caught.value.network.state_dict().values())


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
    settings, classes = replace(QUICK, pretrain_steps=0, iterations=1, steps=2), (*"0123456789", "none")
    given = {"settings": settings, "classes": classes, "progress": False}
    network = Spiked(floats(unseen[1].images[-1:]))
    assert np.isfinite(coupled(source, target, network, **given).length)  # a class at -infinity does no harm
    for method, where in ((coupled, "end of the road"), (uncoupled, "tau ="), (fine_tuning, "start of fine-tuning")):
        with pytest.raises(Diverged, match=where):
            method(source, target, network, test=unseen, **given)


def test_a_road_without_movement_keeps_its_coupling():
    found = coupled(*halves(100), SmallCNN(10), replace(QUICK, lr=1e-30, pretrain_steps=0), progress=False)
    assert found.length == 0
    assert [(road.gap, road.moved) for road in found.iterations] == [(0, 0)] * QUICK.iterations
    assert found.coupling.std() > 0  # that of the images, not the independent one


def flushes():
    return (torch.tensor(1e-310, dtype=torch.float64) / 2).item() == 0


def test_denormals_are_flushed_in_the_whole_of_a_transfer_and_left_to_the_caller_outside(monkeypatch):
    inside, proximal = [], couplings.proximal
    monkeypatch.setattr(couplings, "proximal", lambda *args: inside.append(flushes()) or proximal(*args))
    for before in (False, True):
        torch.set_flush_denormal(before)
        try:
            coupled(*halves(100), SmallCNN(10), QUICK, progress=False)
            assert flushes() is before
        finally:
            torch.set_flush_denormal(False)
    assert len(inside) == 2 * (1 + QUICK.iterations) and all(inside)


def test_errors_before_a_run():
    source, target = halves(100)
    network = SmallCNN(10)
    with pytest.raises(ValueError, match=r"resized\(16, channels=3\)"):
        coupled(source, target.resized(16, 3), network, QUICK, progress=False)
    with pytest.raises(ValueError, match=r"shape \(2, 4\) for 2 images; it needs \(2, 10\)"):
        coupled(source, target, SmallCNN(4), QUICK, progress=False)
    with pytest.raises(ValueError, match=r"it needs \(2, 5\)"):
        uncoupled(source, target, network, replace(QUICK, head="index"), progress=False)
    with pytest.raises(ValueError, match="with classes= if there are more"):
        pretrained(source, SmallCNN(10), QUICK)
    with pytest.raises(ValueError, match="features gave 3 rows for the"):
        coupled(source, target, network, QUICK, features=lambda task: np.zeros((3, 2)), progress=False)
    with pytest.raises(ValueError, match="a block of 500 images"):
        coupled(source, target, network, replace(QUICK, block=500), progress=False)
    with pytest.raises(ValueError, match="set visits to at least"):
        coupled(source, target, network, replace(QUICK, visits=1, steps=1), progress=False)
    for wrong in ({"lr": 0}, {"steps": 0}, {"block": 1}, {"mixing": "none"}, {"step": "l2"}, {"momentum": -1},
                  {"head": "two"}, {"visits": 0}, {"entropy": float("nan")}, {"lr": float("inf")}, {"steps": 4.0},
                  {"visits": 2.5}, {"momentum": 1}, {"start_entropy": 0}, {"entropy": 0, "proximal": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Settings(**wrong)


def test_errors_about_test_images():
    source, target = halves(100)
    unseen = digits(train=False)
    for test, message in (((source, unseen), "take test.only"),
                          ((source, target.only(target.classes[::-1])), "take test.only"),
                          ((source, target.resized(16)), "images differ"),
                          (target, "must be a pair"), ([source], "must be a pair")):
        for method in (coupled, uncoupled, fine_tuning):
            with pytest.raises(ValueError, match=message):
                method(source, target, SmallCNN(10), QUICK, test=test, progress=False)


def test_errors_about_networks_and_tasks():
    source, target = halves(100)
    small = SmallCNN(10)
    hot = copy.deepcopy(small)
    hot[0].weight.data.fill_(float("inf"))
    for network, message in ((nn.Flatten(), "no weights"), (CNN(10, channels=3), "does not turn images"),
                             (nn.LSTM(8, 10), "does not turn images"),
                             (nn.Sequential(nn.Flatten(), nn.LSTM(64, 10)), "does not turn images"),
                             (hot, "not finite before")):
        with pytest.raises(ValueError, match=message):
            coupled(source, target, network, QUICK, progress=False)
    with pytest.raises(ValueError, match="has the one class 5"):
        coupled(source, target.only("5"), SmallCNN(6), QUICK, progress=False)
    assert coupled(source, target.only("5"), SmallCNN(6), replace(QUICK, head="union"), progress=False).length > 0
    with pytest.raises(ValueError, match="both as uint8"):
        coupled(source, replace(target, images=target.images.float()), small, QUICK, progress=False)
    with pytest.raises(ValueError, match=r"same channels$"):
        coupled(source.resized(8, 3), replace(target, images=target.images.expand(-1, 4, -1, -1)), small, QUICK)


def test_errors_about_saved_states(tmp_path):
    source, target = halves(100)
    with pytest.raises(FileNotFoundError, match="create it first"):
        coupled(source, target, SmallCNN(10), QUICK, save=tmp_path / "none" / "pair", progress=False)
    (tmp_path / "text").write_text("edges and corners")
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pt")
    for name in ("text", "other.pt"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(ValueError, match="not the state of a transfer"):
            coupled(source, target, SmallCNN(10), QUICK, save=tmp_path / name, progress=False)
        assert (tmp_path / name).read_bytes() == before
    other = tmp_path / "pair.lr0.unfinished"  # of a run beside this one, into pair.lr0
    other.write_text("half a state")
    path = tmp_path / "pair.lr0.1"
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    coupled(source, target, network, QUICK, save=path, progress=False)
    assert other.read_text() == "half a state"
    network[2] = nn.Tanh()  # the same weights in another network
    with pytest.raises(ValueError, match="by its network;"):
        coupled(source, target, network, QUICK, save=path, progress=False)
    network[3] = nn.Linear(16, 10)
    with pytest.raises(ValueError, match=r"network, weights of the network; .* torch\.manual_seed"):
        coupled(source, target, network, QUICK, save=path, progress=False)


# networks

def test_the_papers_networks():
    cnn = CNN(7, channels=1, width=4)
    assert cnn(torch.zeros(2, 1, 32, 32)).shape == (2, 7)
    kinds = [type(module) for module in cnn.modules()]
    assert (kinds.count(nn.Conv2d), kinds.count(nn.Linear), kinds.count(nn.Dropout)) == (7, 1, 1)
    wide = WideResNet(10)
    assert sum(w.numel() for w in wide.parameters()) == 2_748_890  # WRN-16-4 of the authors, 2.7 million
    kinds = [type(module) for module in wide.modules()]
    assert kinds.count(nn.Conv2d) == 16 - 4 + 1 + 3  # 12 in blocks, the first, and 3 that widen the short cut
    assert WideResNet(5, channels=1, depth=10, factor=1)(torch.zeros(2, 1, 8, 8)).shape == (2, 5)
    with pytest.raises(ValueError, match="depth must be"):
        WideResNet(5, depth=12)
    assert SmallCNN(3, channels=2, size=9)(torch.zeros(2, 2, 9, 9)).shape == (2, 3)
