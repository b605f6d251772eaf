"""Whether a road arrived: the target's loss at its end and after SGD on the target alone, by hand,
and what is made of the two."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tdist.manners import Diverged
from tdist.tasks import floats
from tdist.transfer import coupled, iterations, training
from tdist.transfer.augmenting import augmented
from tdist.transfer.heads import Head
from tdist.transfer.randomness import PRETRAIN, SETTLE, stream
from tdist.transfer.training import guarded, predict, pretrain, settling, sgd
from tests.transfers import QUICK, halves, linear, points

SETTINGS = replace(QUICK, steps=4, sgd_steps=8, batch=6, lr=0.05, momentum=0.6, weight_decay=0.1)


@pytest.mark.parametrize("anneal", [False, True])
def test_settling_by_hand(anneal, monkeypatch):
    """A tenth of the road's 32 steps are 4; losses are over the target's own classes."""
    monkeypatch.setattr(training, "SETTLING", 9)
    task = points(40, classes=("b", "c"), seed=1)
    head, network = Head(("a", "b"), task.classes), linear(3)
    kept = copy.deepcopy(network.state_dict())
    found = settling(network, task, head, replace(SETTINGS, anneal=anneal), seed=5)
    assert all(torch.equal(kept[name], value) for name, value in network.state_dict().items())

    judged, again, rng = task.subset(9, 5), copy.deepcopy(network), stream(5, SETTLE)

    def loss(part):
        return cross_entropy(again(part.images)[:, 1:], part.labels)

    expected = [loss(judged).item()]
    velocity = [torch.zeros_like(weight) for weight in again.parameters()]
    for j in range(4):
        rows = torch.from_numpy(rng.integers(40, size=6))
        step = cross_entropy(again(task.images[rows])[:, 1:], task.labels[rows])
        rate = 0.05 * (2 * (1 - (j + 0.5) / 4) if anneal else 1)
        gradients = torch.autograd.grad(step, again.parameters())
        with torch.no_grad():
            for weight, v, g in zip(again.parameters(), velocity, gradients, strict=True):
                v.mul_(0.6).add_(g + 0.1 * weight)
                weight -= rate * v
    expected.append(loss(judged).item())
    assert found == pytest.approx(expected, rel=1e-5) and abs(found[0] - found[1]) > 1e-3
    assert settling(network, task, head, SETTINGS) == settling(network, task, head, SETTINGS, 0)


def test_settling_shows_what_the_road_showed():
    """Images moved and mirrored by draws of its own, if the settings say so."""
    task, _ = halves(40)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(task.images[0].numel(), 5))
    plain, moved, again = (settling(network, task, Head(task.classes, task.classes),
                                    replace(SETTINGS, augment=augment))
                           for augment in (False, True, True))
    assert plain[0] == moved[0] and plain[1] != moved[1] and moved == again


def test_pretraining_shows_moved_images_and_a_bar_if_it_is_asked(capsys):
    """By draws of the stream that picks the images."""
    task, _ = halves(40)
    settings, rng = replace(SETTINGS, augment=True, pretrain_steps=2), stream(3, PRETRAIN)
    seen = []

    class Spy(nn.Sequential):
        def forward(self, x):
            seen.extend([x] if self.training else [])
            return super().forward(x)

    network = Spy(nn.Flatten(), nn.Linear(task.images[0].numel(), 5))
    pretrain(task, network, Head(task.classes, task.classes), settings, 3)
    for x in seen:
        rows = torch.from_numpy(rng.integers(len(task), size=6))
        assert torch.equal(x, floats(augmented(rng, task.images[rows])))
    assert len(seen) == 2 and "pretraining on 01234: 100%" in capsys.readouterr().err


def test_settling_without_an_end_is_not_known():
    task, network = points(12), linear(3)
    now, later = settling(network, task, Head(task.classes, task.classes),
                          replace(SETTINGS, lr=3e38))
    assert math.isfinite(now) and math.isnan(later)
    assert torch.isfinite(network[1].weight).all()


@pytest.mark.parametrize("frozen", [False, True])
def test_settling_keeps_the_running_means_if_the_road_does(frozen):
    task = points(30, shift=1.0)
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(2), nn.Linear(2, 3))
    head = Head(task.classes, task.classes)
    later = [settling(copy.deepcopy(network), task, head,
                      replace(SETTINGS, lr=rate, frozen_norm=frozen)) for rate in (1e-30, 0.05)]
    assert (later[0][0] == later[0][1]) == frozen  # nothing else moves at a rate of 1e-30
    assert later[1][0] != later[1][1]


@pytest.mark.parametrize(("now", "later", "settled"), [
    (1.0, 0.96, True), (1.0, 0.94, False), (0.1, 0.0905, True), (0.1, 0.089, False),
    (4.0, 3.81, True), (4.0, 3.79, False), (0.01, 0.0, True), (1.0, 1.5, True),
    (1.0, math.nan, False)])
def test_a_road_arrived_where_the_loss_falls_by_little(now, later, settled, monkeypatch):
    """By a twentieth of itself or a hundredth of a nat."""
    seen = []
    monkeypatch.setattr(iterations, "settling", lambda network, task, *rest:
                        seen.append((task.name, rest[-1])) or (now, later))
    found = coupled(points(10), points(10, seed=1, name="there"), linear(3),
                    replace(QUICK, iterations=1, steps=1, pretrain_steps=1), seed=3, progress=False)
    assert found.settled == settled and seen == [("there", 3)]
    assert found.falling == pytest.approx(now - later, nan_ok=True)


def test_sgd_calls_back_after_each_step_and_leaves_evaluation_mode():
    network, rates = linear(3), []
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    losses = (network(points(6).images).square().mean() for _ in range(3))
    found = sgd(network, optimiser, losses, after=lambda: rates.append(network[1].bias[0].item()))
    assert found.shape == (3,) and found.dtype == torch.float64 and not found.requires_grad
    assert len(set(rates)) == 3 and not network.training


@pytest.mark.parametrize("given", [{}, {"frozen_norm": True}])
def test_sgd_trains_and_batch_norm_keeps_its_running_means_if_asked(given):
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(2), nn.Linear(2, 3))
    modes, images = [], points(6).images

    def losses():
        for _ in range(2):
            modes.append([part.training for part in (network, network[1], network[2])])
            yield network(images).square().mean()

    sgd(network, torch.optim.SGD(network.parameters(), 0.1), losses(), **given)
    assert modes == [[True, not given, True]] * 2
    assert (network[1].running_mean == 0).all() == bool(given)
    assert network[1].num_batches_tracked == 2 * (not given)


def test_the_first_loss_that_is_not_finite_is_named():
    network = linear(3)
    optimiser, values = torch.optim.SGD(network.parameters(), 0.0), iter([1.0, 2.0, math.inf, 1.0])
    start = copy.deepcopy(network.state_dict())
    losses = (network(points(6).images).square().mean() * value for value in values)
    with (pytest.raises(Diverged, match="here, SGD step 2; the last good"),
          guarded(network, "here")):
        sgd(network, optimiser, losses)
    assert all(torch.equal(start[name], value) for name, value in network.state_dict().items())


def test_logits_come_in_evaluation_mode_in_chunks(monkeypatch):
    monkeypatch.setattr(training, "CHUNK", 4)
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append((len(x), self.training, torch.is_inference_mode_enabled()))
            return x.flatten(1)

    task = points(10)
    assert torch.equal(predict(Spy().train(), task.images), task.images.flatten(1))
    assert seen == [(4, False, True), (4, False, True), (2, False, True)]
